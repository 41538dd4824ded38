//! Whose is each policy of account details, and who has which?
//!
//! `get-account-authorization-details` lists users, roles and groups with their inline policies, and the managed policies with
//! their documents. What stands inside an entity is its own; a managed policy is had by those that list its ARN. So what an
//! entity has together can be compared, as that of a template's roles is.
//!
//! Source: IAM API Reference, GetAccountAuthorizationDetails (UserDetail, RoleDetail, GroupDetail, ManagedPolicyDetail).

use super::attached::{Identity, Who};
use super::holders::{Has, Holder};
use super::located::Located;
use super::owners::Owner;
use crate::json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The lists of entities, each with the member that names one and its type in templates.
const ENTITIES: [(&str, &str, &str); 3] = [
    ("UserDetailList", "UserName", "AWS::IAM::User"),
    ("RoleDetailList", "RoleName", "AWS::IAM::Role"),
    ("GroupDetailList", "GroupName", "AWS::IAM::Group"),
];

fn list<'v>(of: &'v Value, name: &str) -> &'v [Value] {
    of.get(name).and_then(Value::elements).unwrap_or_default()
}

fn text<'v>(of: &'v Value, name: &str) -> Option<&'v str> {
    of.get(name).and_then(Value::as_str)
}

/// What everything of the account belongs to: its ARN, or its name, with its type and its description.
fn entities(details: &Value) -> impl Iterator<Item = (&str, &'static str, &Value)> {
    let of = |(all, name, of): (&'static str, &'static str, &'static str)| {
        let id = move |one| text(one, "Arn").or_else(|| text(one, name)).map(|id| (id, of, one));
        list(details, all).iter().filter_map(id)
    };
    let managed = list(details, "Policies").iter();
    let managed = managed.filter_map(|one| text(one, "Arn").map(|id| (id, "AWS::IAM::ManagedPolicy", one)));
    ENTITIES.into_iter().flat_map(of).chain(managed)
}

/// The policies, each with what it belongs to.
pub(super) fn owned(details: &Value, mut policies: Vec<Located>) -> Vec<Located> {
    let by_start: BTreeMap<usize, (&str, &Value)> = entities(details).map(|(id, _, one)| (one.span.start, (id, one))).collect();
    for located in &mut policies {
        let around = by_start.range(..=located.span.start).next_back().map(|(_, found)| found);
        if let Some((id, _)) = around.filter(|(_, one)| located.span.end <= one.span.end) {
            (*id).clone_into(&mut located.owner);
            // Entities of two accounts may have one name.
            located.key = format!("{id} {}", located.key);
        }
    }
    policies
}

/// The managed policies whose documents are among the details, by their ARNs.
pub(super) fn read(details: &Value) -> BTreeSet<&str> {
    let has_document = |one: &&Value| list(one, "PolicyVersionList").iter().any(|one| one.get("Document").is_some());
    list(details, "Policies").iter().filter(has_document).filter_map(|one| text(one, "Arn")).collect()
}

/// Who has which policies; `identities` are the users, roles and groups that can be changed.
pub(super) fn holders(details: &Value, identities: &[Identity]) -> Vec<Holder> {
    let read = read(details);
    let group = |name: &str| {
        let groups = list(details, "GroupDetailList").iter();
        let mut all = groups.filter(|one| text(one, "GroupName") == Some(name)).filter_map(|one| text(one, "Arn"));
        all.next().unwrap_or(name).to_owned()
    };
    let by_id: BTreeMap<&str, &Value> = entities(details).map(|(id, _, one)| (id, one)).collect();
    let holder = |one: &Identity| {
        let details = by_id.get(one.name.as_str())?;
        let attached = list(details, "AttachedManagedPolicies").iter();
        let attached = attached.filter_map(|one| Some((text(one, "PolicyArn").filter(|arn| read.contains(arn))?, one.span)));
        let has = attached.map(|(policy, span)| {
            let (policy, is_inline, is_sure, written) = (policy.to_owned(), false, true, String::new());
            Has { policy, is_inline, is_sure, written, span }
        });
        let name = ENTITIES.iter().find_map(|(_, name, _)| text(details, name)).map(str::to_owned);
        let groups = list(details, "GroupList").iter().filter_map(Value::as_str).map(group).collect();
        let (id, who, span, has) = (one.name.clone(), one.who, one.span, has.collect());
        Some(Holder { id, who, is_made: true, name, span, has, groups })
    };
    identities.iter().filter(|one| one.who != Who::Attachment).filter_map(holder).collect()
}

/// What the account has, and what that belongs to.
pub(super) fn owners(details: &Value) -> Vec<Owner> {
    let owner = |(id, of, one): (&str, &str, &Value)| Owner {
        id: id.to_owned(),
        of: of.to_owned(),
        policy_name: text(one, "PolicyName").map(str::to_owned),
        to: Vec::new(),
        names_others: true,
        targets: BTreeMap::new(),
        span: one.span,
    };
    entities(details).map(owner).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Budget, Source};
    use crate::sources::{attached, policies, template::Given};

    #[test]
    fn policies_belong_to_entities_and_entities_have_policies() {
        let document = r#"{"Statement": []}"#;
        let source = Source::new(
            "t",
            format!(
                r#"{{"UserDetailList": [{{"UserName": "u", "Arn": "arn:aws:iam::111122223333:user/u", "GroupList": ["g", "h"],
                "UserPolicyList": [{{"PolicyName": "i", "PolicyDocument": {document}}}],
                "AttachedManagedPolicies": [{{"PolicyArn": "arn:aws:iam::111122223333:policy/m"}},
                {{"PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}}]}}],
                "GroupDetailList": [{{"GroupName": "g", "Arn": "arn:aws:iam::111122223333:group/g"}}], "RoleDetailList": [],
                "Policies": [{{"PolicyName": "m", "Arn": "arn:aws:iam::111122223333:policy/m",
                "PolicyVersionList": [{{"VersionId": "v1", "IsDefaultVersion": true, "Document": {document}}}]}}]}}"#
            ),
        );
        let value = crate::json::read(&source, &Budget::default()).unwrap();
        let all: Vec<String> =
            policies(&source, &value, &Given::default()).iter().map(|one| format!("{} of {}", one.name, one.owner)).collect();
        assert_eq!(
            all,
            [
                "UserDetailList[u].UserPolicyList[i].PolicyDocument of arn:aws:iam::111122223333:user/u",
                "Policies[m].PolicyVersionList[v1].Document of arn:aws:iam::111122223333:policy/m"
            ]
        );
        let identities = attached::identities(&source, &value, &Given::default());
        assert_eq!(identities[0].managed, ["arn:aws:iam::aws:policy/ReadOnlyAccess"]);
        let holders = holders(&value, &identities);
        let has: Vec<&str> = holders[0].has.iter().map(|one| one.policy.as_str()).collect();
        assert_eq!(has, ["arn:aws:iam::111122223333:policy/m"]);
        let groups: Vec<&str> = holders[0].groups.iter().map(String::as_str).collect();
        assert_eq!(groups, ["arn:aws:iam::111122223333:group/g", "h"]);
        assert_eq!(owners(&value).len(), 3);
    }
}
