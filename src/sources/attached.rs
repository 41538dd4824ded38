//! Which users and roles does a file make, what bounds them, and which managed policies are attached to them?
//!
//! Of templates, plans, states and account details. A permissions boundary and an attached managed policy are named by
//! their ARNs, whose documents stand elsewhere: so this is about names, and policies are [`super::policies`]. A part of an
//! ARN that the file leaves open is written as `${Name}`; so no pattern fits it but a wildcard.
//!
//! Sources: AWS CloudFormation, AWS::IAM::Role and AWS::IAM::User; AWS provider of Terraform, aws_iam_role, aws_iam_user and
//! their attachments; IAM API Reference, UserDetail and RoleDetail.

use super::choice::When;
use super::template::{self, Given};
use super::{Kind, kind, terraform};
use crate::diag::{Source, Span};
use crate::json::{Kind as JsonKind, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What has a boundary, or policies attached to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// A role, or what SAM makes one for.
    Role,
    /// A user.
    User,
    /// A group, which nothing can bound.
    Group,
    /// A permission set of IAM Identity Center.
    Set,
    /// A resource that attaches to one of these.
    Attachment,
}

/// A user or a role of a file.
#[derive(Debug, Clone)]
pub struct Identity {
    /// What the file calls it.
    pub name: String,
    /// What it is.
    pub who: Who,
    /// The file.
    pub source: Source,
    /// Where it stands.
    pub span: Span,
    /// What bounds it: one for each choice that a template leaves open.
    pub boundaries: Vec<Boundary>,
    /// What bounds it, as it is written; empty where nothing is.
    pub bounded_by: String,
    /// ARNs of managed policies that are attached to it.
    pub managed: Vec<String>,
    /// The managed policies of the same template that are attached to it, by logical id, each with whether it is under every
    /// choice.
    pub own: Vec<(String, bool)>,
    /// What bounds it and what is attached to it with the values of parameters that each is there for, as two revisions of a
    /// template are compared: for the defaults of parameters, and, where it is asked for and they matter, for all values.
    pub ties: Vec<Ties>,
    /// The parameters of its template, with their defaults.
    pub parameters: Arc<BTreeMap<String, Option<String>>>,
}

/// What bounds a user or role, and what is attached to it.
#[derive(Debug, Clone, Default)]
pub struct Ties {
    /// What bounds it.
    pub boundaries: Vec<Tie<Boundary>>,
    /// ARNs of managed policies, or what SAM's templates are called.
    pub managed: Vec<Tie<String>>,
    /// The managed policies of the same template, by logical id.
    pub own: Vec<Tie<String>>,
    /// The groups of the same template that it is in, by logical id, and others by what they are called.
    pub groups: Vec<Tie<String>>,
}

/// One of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tie<T> {
    /// What it is.
    pub what: T,
    /// What defines the names in it, beyond themselves.
    pub definition: String,
    /// For which values of the parameters it is there.
    pub when: When,
}

/// What bounds a user or a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Boundary {
    /// Nothing.
    None,
    /// The managed policy of this ARN.
    Policy(String),
    /// Nobody knows before it is deployed, for this reason.
    Unknown(String),
}

/// The users and roles of a document, in its order.
pub fn identities(source: &Source, value: &Value, given: &Given) -> Vec<Identity> {
    match kind::recognize(value) {
        Some(Kind::Template) => template::identities(source, value, given),
        Some(Kind::Plan | Kind::State) => of_terraform(source, value),
        Some(Kind::AccountDetails) => of_account(source, value),
        None | Some(Kind::Kubernetes) => super::anywhere::attached(source, value),
        _ => Vec::new(),
    }
}

// Long: two tables of resource types, users and roles first, then attachments, each with its attributes.
fn of_terraform(source: &Source, document: &Value) -> Vec<Identity> {
    let resources = terraform::resources(document);
    let looked_at = LookedAt::of(document, &resources);
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let mut out = Vec::new();
    for one in resources.iter().filter(|one| !one.is_data) {
        let who = match one.of {
            "aws_iam_role" | "awscc_iam_role" => Who::Role,
            "aws_iam_user" | "awscc_iam_user" => Who::User,
            _ => continue,
        };
        let after = one.unknown.and_then(|unknown| unknown.get("permissions_boundary"));
        let boundary = match one.values.get("permissions_boundary").and_then(text) {
            Some(arn) => Boundary::Policy(arn),
            None if after.is_some_and(|after| after.kind == JsonKind::Bool(true)) => {
                Boundary::Unknown("it is known only after the apply".to_owned())
            }
            None => Boundary::None,
        };
        let listed = one.values.get("managed_policy_arns").and_then(Value::elements).unwrap_or_default();
        let mut managed: Vec<String> = listed.iter().filter_map(text).collect();
        managed.retain(|arn| !looked_at.arns.contains(arn));
        if one.unknown.is_some_and(|all| all.get("managed_policy_arns").is_some_and(is_unknown)) {
            managed.extend(looked_at.unknown(one, "managed_policy_arns"));
        }
        out.push(Identity {
            name: one.address.clone(),
            who,
            source: source.clone(),
            span: one.at.span,
            boundaries: vec![boundary],
            bounded_by: looked_at.references(one, "permissions_boundary"),
            managed,
            own: Vec::new(),
            ties: Vec::new(),
            parameters: Arc::default(),
        });
    }
    out.extend(resources.iter().filter(|one| !one.is_data && one.of == SET_BOUNDARY).map(|one| of_set(source, one)));
    // Attachments are resources of their own, and name a role by its name.
    for one in resources.iter().filter(|one| !one.is_data) {
        let to = match one.of {
            "aws_iam_role_policy_attachment" => "role",
            "aws_iam_user_policy_attachment" => "user",
            "aws_iam_group_policy_attachment" => "group",
            "aws_iam_policy_attachment" => "name",
            "aws_ssoadmin_managed_policy_attachment" | "aws_ssoadmin_customer_managed_policy_attachment" => "permission_set_arn",
            "aws_iam_role_policy_attachments_exclusive" => "role_name",
            "aws_iam_user_policy_attachments_exclusive" => "user_name",
            "aws_iam_group_policy_attachments_exclusive" => "group_name",
            "awscc_iam_group" => "group_name",
            "awscc_sso_permission_set" => "name",
            _ => continue,
        };
        let mut managed: Vec<String> = Vec::new();
        for attribute in [
            "policy_arn",
            "managed_policy_arn",
            "policy_arns",
            "customer_managed_policy_reference",
            "managed_policy_arns",
            "managed_policies",
            "customer_managed_policy_references",
        ] {
            let written = one.values.get(attribute);
            for value in written.map(Value::items).unwrap_or_default() {
                let by_name =
                    || value.get("name").and_then(text).map(|name| format!("{name} (of the account that it is assigned to)"));
                managed.extend(text(value).or_else(by_name).filter(|arn| !looked_at.arns.contains(arn)));
            }
            if one.unknown.is_some_and(|all| all.get(attribute).is_some_and(is_unknown)) {
                managed.extend(looked_at.unknown(one, attribute));
            }
        }
        if !managed.is_empty() {
            let named = one.values.get(to).and_then(text).unwrap_or_default();
            let (name, source, span) = (format!("{} ({to} {named})", one.address), source.clone(), one.at.span);
            let (who, bounded_by, own) = (Who::Attachment, String::new(), Vec::new());
            let (ties, parameters) = (Vec::new(), Arc::default());
            out.push(Identity { name, who, source, span, boundaries: Vec::new(), bounded_by, managed, own, ties, parameters });
        }
    }
    out
}

/// What bounds a permission set in Terraform is a resource of its own.
const SET_BOUNDARY: &str = "aws_ssoadmin_permissions_boundary_attachment";

/// The permission set that such a resource bounds.
fn of_set(source: &Source, one: &terraform::Resource<'_>) -> Identity {
    let bound = one.values.get("permissions_boundary");
    let bound = bound.map(|bound| bound.elements().and_then(<[Value]>::first).unwrap_or(bound));
    let boundary = bound.and_then(set_boundary).map(Boundary::Policy);
    let unknown = || Boundary::Unknown("it is known only after the apply".to_owned());
    let to = one.values.get("permission_set_arn").and_then(Value::as_str).unwrap_or_default();
    Identity {
        name: format!("{} (permission_set_arn {to})", one.address),
        who: Who::Set,
        source: source.clone(),
        span: one.at.span,
        boundaries: vec![boundary.unwrap_or_else(unknown)],
        bounded_by: bound.map(ToString::to_string).unwrap_or_default(),
        managed: Vec::new(),
        own: Vec::new(),
        ties: Vec::new(),
        parameters: Arc::default(),
    }
}

/// The policy that bounds a permission set, in CloudFormation's and Terraform's words: one by its ARN, or one of the account that
/// the set is assigned to, by its name.
pub(super) fn set_boundary(written: &Value) -> Option<String> {
    let text = |of: &Value, names: [&str; 2]| {
        let value = names.iter().find_map(|name| of.get(name)).and_then(Value::as_str);
        value.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    if let Some(arn) = text(written, ["ManagedPolicyArn", "managed_policy_arn"]) {
        return Some(arn);
    }
    let by_name = ["CustomerManagedPolicyReference", "customer_managed_policy_reference"];
    let by_name = by_name.iter().find_map(|name| written.get(name))?;
    let by_name = by_name.elements().and_then(<[Value]>::first).unwrap_or(by_name);
    let name = text(by_name, ["Name", "name"])?;
    let path = text(by_name, ["Path", "path"]).unwrap_or_else(|| "/".to_owned());
    Some(format!("{path}{name} (of the account that it is assigned to)"))
}

/// Whether a value, or a part of it, is known only after the apply.
fn is_unknown(flags: &Value) -> bool {
    match &flags.kind {
        JsonKind::Bool(flag) => *flag,
        JsonKind::Array(all) => all.iter().any(is_unknown),
        JsonKind::Object(members) => members.iter().any(|one| is_unknown(&one.value)),
        JsonKind::Null | JsonKind::Number(_) | JsonKind::String(_) => false,
    }
}

/// The managed policies of a plan or state itself: they are looked at where they stand.
struct LookedAt {
    arns: BTreeSet<String>,
    addresses: BTreeSet<String>,
    written: Option<terraform::Written>,
}

impl LookedAt {
    fn of(document: &Value, resources: &[terraform::Resource<'_>]) -> Self {
        let own = || resources.iter().filter(|one| !one.is_data && one.of == "aws_iam_policy");
        let arn = |one: &terraform::Resource<'_>| one.values.get("arn").and_then(Value::as_str).map(str::to_owned);
        Self {
            arns: own().filter_map(arn).collect(),
            addresses: own().map(|one| terraform::plain(&one.address)).collect(),
            written: document.get("configuration").map(terraform::Written::of),
        }
    }

    /// What an attribute refers to, where its value is known only after the apply.
    fn references(&self, one: &terraform::Resource<'_>, attribute: &str) -> String {
        let is_open = one.unknown.is_some_and(|all| all.get(attribute).is_some_and(is_unknown));
        let all = self.written.as_ref().map(|written| written.references(&one.address, attribute)).unwrap_or_default();
        if is_open { all.join(" ") } else { String::new() }
    }

    /// What is attached by an ARN that nobody knows yet; nothing if the plan's configuration refers to its own policies alone.
    fn unknown(&self, one: &terraform::Resource<'_>, attribute: &str) -> Option<String> {
        let all = self.written.as_ref().map(|written| written.references(&one.address, attribute)).unwrap_or_default();
        // `aws_iam_policy.p.arn` and `aws_iam_policy.p`: a reference is listed with what it begins with.
        let is_own = |text: &String| {
            self.addresses.iter().any(|own| {
                let rest = text.strip_prefix(own.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
            })
        };
        if !all.is_empty() && all.iter().all(is_own) {
            return None;
        }
        let to = if all.is_empty() { String::new() } else { format!(", of {}", all.join(", ")) };
        Some(format!("(known only after the apply{to})"))
    }
}

fn of_account(source: &Source, details: &Value) -> Vec<Identity> {
    let list = |of: &Value, name: &str| of.get(name).and_then(Value::elements).unwrap_or_default().to_vec();
    let text = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).map(str::to_owned);
    let mut out = Vec::new();
    // Policies whose documents are here are looked at; that of an administrator is named all the same.
    let read = super::account::read(details);
    let is_elsewhere = |arn: &String| !read.contains(arn.as_str()) || arn.ends_with(":aws:policy/AdministratorAccess");
    for (all, name) in [("UserDetailList", "UserName"), ("RoleDetailList", "RoleName"), ("GroupDetailList", "GroupName")] {
        for one in list(details, all) {
            // Only its service can change it.
            if text(&one, "Path").is_some_and(|path| path.starts_with("/aws-service-role/")) {
                continue;
            }
            let bounded = one.get("PermissionsBoundary").and_then(|of| text(of, "PermissionsBoundaryArn"));
            let arns = list(&one, "AttachedManagedPolicies");
            out.push(Identity {
                name: text(&one, "Arn").or_else(|| text(&one, name)).unwrap_or_default(),
                who: match all {
                    "UserDetailList" => Who::User,
                    "RoleDetailList" => Who::Role,
                    _ => Who::Group,
                },
                bounded_by: String::new(),
                own: Vec::new(),
                ties: Vec::new(),
                parameters: Arc::default(),
                source: source.clone(),
                span: one.span,
                // Nothing can bound a group.
                boundaries: if all == "GroupDetailList" {
                    Vec::new()
                } else {
                    vec![bounded.map_or(Boundary::None, Boundary::Policy)]
                },
                managed: arns.iter().filter_map(|one| text(one, "PolicyArn")).filter(is_elsewhere).collect(),
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Budget;

    fn shown(text: &str) -> Vec<String> {
        let source = Source::new("t", text);
        let value = crate::json::read(&source, &Budget::default()).unwrap();
        let one = |of: &Identity| format!("{} {:?} {}", of.name, of.boundaries, of.managed.join(" "));
        identities(&source, &value, &Given::default()).iter().map(one).collect()
    }

    #[test]
    fn templates_say_what_bounds_whom() {
        let template = r#"{"Parameters": {"Wide": {"Type": "String"}}, "Conditions": {"C": {"Fn::Equals": [{"Ref": "Wide"}, "x"]}},
            "Resources": {
            "A": {"Type": "AWS::IAM::Role", "Properties": {"PermissionsBoundary": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:policy/limits"}}},
            "B": {"Type": "AWS::IAM::User"},
            "C": {"Type": "AWS::IAM::Role", "Properties": {"PermissionsBoundary": {"Fn::If": ["C", "arn:aws:iam::111122223333:policy/limits", {"Ref": "AWS::NoValue"}]}, "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]}},
            "D": {"Type": "AWS::S3::Bucket"}}}"#;
        assert_eq!(
            shown(template),
            [
                r#"A [Policy("arn:aws:iam::${AWS::AccountId}:policy/limits")] "#,
                "B [None] ",
                r#"C [Policy("arn:aws:iam::111122223333:policy/limits"), None] arn:aws:iam::aws:policy/AdministratorAccess"#,
            ]
        );
    }

    #[test]
    fn plans_say_what_is_known_after_the_apply() {
        let change = |name: &str, of: &str, after: &str, unknown: &str| {
            format!(
                r#"{{"address":"{of}.{name}","mode":"managed","type":"{of}","change":{{"after":{after},"after_unknown":{unknown}}}}}"#
            )
        };
        let changes = [
            change("a", "aws_iam_role", r#"{"permissions_boundary":"arn:aws:iam::111122223333:policy/limits"}"#, "{}"),
            change("b", "aws_iam_role", r#"{"permissions_boundary":null}"#, "{}"),
            change("c", "aws_iam_user", "{}", r#"{"permissions_boundary":true}"#),
            change(
                "d",
                "aws_iam_role_policy_attachment",
                r#"{"role":"r","policy_arn":"arn:aws:iam::aws:policy/ReadOnlyAccess"}"#,
                "{}",
            ),
        ];
        assert_eq!(
            shown(&format!(r#"{{"format_version":"1.2","resource_changes":[{}]}}"#, changes.join(","))),
            [
                r#"aws_iam_role.a [Policy("arn:aws:iam::111122223333:policy/limits")] "#,
                "aws_iam_role.b [None] ",
                r#"aws_iam_user.c [Unknown("it is known only after the apply")] "#,
                "aws_iam_role_policy_attachment.d (role r) [] arn:aws:iam::aws:policy/ReadOnlyAccess",
            ]
        );
    }

    #[test]
    fn account_details_name_boundaries() {
        let account = r#"{"UserDetailList": [{"UserName": "u", "Arn": "arn:aws:iam::111122223333:user/u",
            "PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": "arn:aws:iam::111122223333:policy/b"}}],
            "GroupDetailList": [], "Policies": [],
            "RoleDetailList": [{"RoleName": "r", "Path": "/", "Arn": "arn:aws:iam::111122223333:role/r"},
            {"RoleName": "s", "Path": "/aws-service-role/x/", "Arn": "arn:aws:iam::111122223333:role/s"}]}"#;
        assert_eq!(
            shown(account),
            [
                r#"arn:aws:iam::111122223333:user/u [Policy("arn:aws:iam::111122223333:policy/b")] "#,
                "arn:aws:iam::111122223333:role/r [None] ",
            ]
        );
    }
}
