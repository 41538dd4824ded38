//! Which user, role, group or permission set of a file has which policies of the same file?
//!
//! By its own list (`ManagedPolicyArns`), by the policy's (`Roles`), or by a resource that attaches one to the other. What is
//! named but not made by the file is listed too, as it is written, so that who compares two files sees that it got something.
//! Where a choice of the template, or several instances in Terraform, leave open whether it has it, that is said.
//!
//! Sources: AWS CloudFormation, AWS::IAM::* (read 2026-11); AWS provider of Terraform, aws_iam_* and aws_ssoadmin_*.

use super::attached::{Identity, Who};
use super::terraform::{self, Resource, Written};
use super::{Kind, kind};
use crate::diag::Span;
use crate::json::{Kind as JsonKind, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Somebody who has policies of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its logical id or address; of one that the file does not make, what it is and how it is written: `role "r"`.
    pub id: String,
    /// What it is.
    pub who: Who,
    /// Whether the file makes it.
    pub is_made: bool,
    /// Its name, if the file says it.
    pub name: Option<String>,
    /// Where it stands.
    pub span: Span,
    /// The policies that it has, beside those that are written inside it.
    pub has: Vec<Has>,
    /// The groups that it is in, by logical id or address, or as they are written.
    pub groups: BTreeSet<String>,
}

/// That somebody has a policy of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Has {
    /// The logical id or address of the policy.
    pub policy: String,
    /// Whether the policy is nobody's but that of those whom it names: an inline policy that is a resource of its own.
    pub is_inline: bool,
    /// Whether it has it under every choice.
    pub is_sure: bool,
    /// What says so, where it is not sure.
    pub written: String,
    /// Where that stands.
    pub span: Span,
}

/// The holders of a document; `identities` are its users and roles.
pub fn holders(document: &Value, identities: &[Identity]) -> Vec<Holder> {
    let all = match kind::recognize(document) {
        Some(Kind::Template) => of_template(document, identities),
        Some(Kind::Plan | Kind::State) => of_terraform(document),
        Some(Kind::AccountDetails) => All(super::account::holders(document, identities)),
        _ => All::default(),
    };
    all.0
}

#[derive(Default)]
struct All(Vec<Holder>);

impl All {
    /// The holder that a text names: one that the file makes, or one of its own.
    fn named(&mut self, who: Who, text: &str, span: Span) -> Option<&mut Holder> {
        let made = self.0.iter().position(|one| one.is_made && one.who == who && one.name.as_deref() == Some(text));
        let id = format!("{} {text:?}", called(who));
        let at = made.or_else(|| self.0.iter().position(|one| one.id == id)).unwrap_or_else(|| {
            let (has, groups) = (Vec::new(), BTreeSet::new());
            self.0.push(Holder { id, who, is_made: false, name: Some(text.to_owned()), span, has, groups });
            self.0.len() - 1
        });
        self.0.get_mut(at)
    }

    fn made(&mut self, id: &str) -> Option<&mut Holder> {
        self.0.iter_mut().find(|one| one.is_made && one.id == id)
    }

    /// That these have a policy.
    fn give(&mut self, to: &[Target], (policy, is_inline): (&str, bool), is_sure: bool, span: Span) {
        for one in to {
            let is_sure = is_sure && one.is_sure;
            let holder = if one.is_made { self.made(&one.text) } else { self.named(one.who, &one.text, span) };
            let Some(holder) = holder else { continue };
            let written = if is_sure { String::new() } else { one.written.clone() };
            let has = Has { policy: policy.to_owned(), is_inline, is_sure, written, span };
            match holder.has.iter_mut().find(|known| known.policy == policy) {
                Some(known) => known.is_sure |= is_sure,
                None => holder.has.push(has),
            }
        }
    }

    fn join(&mut self, users: &[Target], group: &str, span: Span) {
        for one in users {
            let holder = if one.is_made { self.made(&one.text) } else { self.named(one.who, &one.text, span) };
            holder.into_iter().for_each(|holder| _ = holder.groups.insert(group.to_owned()));
        }
    }
}

/// Who is meant by a value.
struct Target {
    who: Who,
    /// The id of one that the file makes, or what is written.
    text: String,
    is_made: bool,
    is_sure: bool,
    /// What says so.
    written: String,
}

fn called(who: Who) -> &'static str {
    match who {
        Who::Role => "role",
        Who::User => "user",
        Who::Group => "group",
        Who::Set => "permission set",
        Who::Attachment => "attachment",
    }
}

/// Properties and attributes that name roles, users or groups.
const NAMING: [(&str, Who); 15] = [
    ("Roles", Who::Role),
    ("RoleName", Who::Role),
    ("Users", Who::User),
    ("UserName", Who::User),
    ("Groups", Who::Group),
    ("GroupName", Who::Group),
    ("role", Who::Role),
    ("roles", Who::Role),
    ("role_name", Who::Role),
    ("user", Who::User),
    ("users", Who::User),
    ("user_name", Who::User),
    ("group", Who::Group),
    ("groups", Who::Group),
    ("group_name", Who::Group),
];

/// Policies that are resources of their own: whether each is an inline policy of those whom it names.
const POLICIES: [(&str, bool); 5] = [
    ("AWS::IAM::Policy", true),
    ("AWS::IAM::RolePolicy", true),
    ("AWS::IAM::UserPolicy", true),
    ("AWS::IAM::GroupPolicy", true),
    ("AWS::IAM::ManagedPolicy", false),
];

fn of_template(template: &Value, identities: &[Identity]) -> All {
    let resources = template.get("Resources").and_then(Value::members).unwrap_or_default();
    let mut out = All::default();
    let property = |name: &str, of: &str| {
        let one = resources.iter().find(|one| one.key == name)?;
        one.value.get("Properties")?.get(of).cloned()
    };
    for one in identities.iter().filter(|one| one.who != Who::Attachment) {
        let name =
            ["RoleName", "UserName", "GroupName"].iter().find_map(|of| property(&one.name, of)?.as_str().map(str::to_owned));
        let has = one.own.iter().map(|(policy, is_sure)| {
            let (is_inline, is_sure, span) = (false, *is_sure, one.span);
            let lists = ["ManagedPolicyArns", "ManagedPolicies", "Policies"].iter().filter_map(|of| property(&one.name, of));
            // What of a list names it; all of one that does so in another way.
            let naming = |list: Value| {
                let names = |value: &&Value| {
                    let mut found = Vec::new();
                    super::owners::references(value, &mut found);
                    found.contains(policy)
                };
                let all: Vec<String> =
                    list.elements().unwrap_or_default().iter().filter(names).map(|one| one.sorted().to_string()).collect();
                if all.is_empty() { list.sorted().to_string() } else { all.join(" ") }
            };
            let written = if is_sure { String::new() } else { lists.map(naming).collect() };
            Has { policy: policy.clone(), is_inline, is_sure, written, span }
        });
        let (id, has) = (one.name.clone(), has.collect());
        out.0.push(Holder { id, who: one.who, is_made: true, name, span: one.span, has, groups: BTreeSet::new() });
    }
    let ids: BTreeMap<String, Who> = out.0.iter().map(|one| (one.id.clone(), one.who)).collect();
    for one in resources {
        let of = one.value.get("Type").and_then(Value::as_str).unwrap_or_default();
        let properties = one.value.get("Properties").and_then(Value::members).unwrap_or_default();
        let naming = |wanted: &[Who]| -> Vec<Target> {
            let named = properties.iter().filter_map(|one| {
                let (_, who) = NAMING.iter().find(|(name, who)| *name == one.key && wanted.contains(who))?;
                Some((*who, &one.value))
            });
            named.flat_map(|(who, value)| targets(template, value, who, &ids)).collect()
        };
        if let Some((_, is_inline)) = POLICIES.iter().find(|(policy, _)| *policy == of) {
            out.give(&naming(&[Who::Role, Who::User, Who::Group]), (&one.key, *is_inline), true, one.key_span);
        }
        match of {
            "AWS::IAM::User" => {
                let (text, written) = (one.key.clone(), String::new());
                let me = Target { who: Who::User, text, is_made: true, is_sure: true, written };
                naming(&[Who::Group]).iter().for_each(|group| out.join(std::slice::from_ref(&me), &group.text, one.key_span));
            }
            "AWS::IAM::UserToGroupAddition" => {
                naming(&[Who::Group]).iter().for_each(|group| out.join(&naming(&[Who::User]), &group.text, one.key_span));
            }
            _ => {}
        }
    }
    out
}

/// Whom a value of a template names: the element of a list, or the whole.
fn targets(template: &Value, value: &Value, who: Who, ids: &BTreeMap<String, Who>) -> Vec<Target> {
    let mut out = Vec::new();
    for one in value.items().iter().filter(|one| one.kind != JsonKind::Null) {
        let sub = || one.get("Fn::Sub").and_then(Value::as_str)?.strip_prefix("${")?.strip_suffix('}');
        let plain = one.get("Ref").and_then(Value::as_str).or_else(sub).filter(|name| ids.contains_key(*name));
        let mut inside = Vec::new();
        super::owners::references(one, &mut inside);
        let text = one.as_str().map_or_else(|| one.sorted().to_string(), str::to_owned);
        match plain {
            Some(id) => out.push(Target { who, text: id.to_owned(), is_made: true, is_sure: true, written: String::new() }),
            None => {
                let perhaps = inside.into_iter().filter(|name| ids.contains_key(name));
                // With what it depends on: a condition may be another one.
                let written = super::template::depends(template, one);
                let perhaps = perhaps.map(|id| Target { who, text: id, is_made: true, is_sure: false, written: written.clone() });
                let perhaps: Vec<Target> = perhaps.collect();
                let is_nobody = perhaps.is_empty();
                out.extend(perhaps);
                out.extend(is_nobody.then_some(Target { who, text, is_made: false, is_sure: true, written: String::new() }));
            }
        }
    }
    out
}

/// Resources of Terraform that give policies: the type, and the attributes with the policies, none of one that is itself a policy.
const GIVING: [(&str, &[&str]); 12] = [
    ("aws_iam_role_policy", &[]),
    ("aws_iam_user_policy", &[]),
    ("aws_iam_group_policy", &[]),
    ("aws_ssoadmin_permission_set_inline_policy", &[]),
    ("aws_iam_policy_attachment", &["policy_arn"]),
    ("aws_iam_role_policy_attachment", &["policy_arn"]),
    ("aws_iam_user_policy_attachment", &["policy_arn"]),
    ("aws_iam_group_policy_attachment", &["policy_arn"]),
    ("aws_iam_role_policy_attachments_exclusive", &["policy_arns"]),
    ("aws_iam_user_policy_attachments_exclusive", &["policy_arns"]),
    ("aws_iam_group_policy_attachments_exclusive", &["policy_arns"]),
    ("aws_iam_role", &["managed_policy_arns"]),
];

/// Resources of Terraform that others name by their name or ARN.
const MADE: [(&str, Who, &[&str]); 4] = [
    ("aws_iam_role", Who::Role, &["name", "id"]),
    ("aws_iam_user", Who::User, &["name", "id"]),
    ("aws_iam_group", Who::Group, &["name", "id"]),
    ("aws_ssoadmin_permission_set", Who::Set, &["arn", "id"]),
];

fn of_terraform(document: &Value) -> All {
    let resources = terraform::resources(document);
    let plan = Plan { resources: &resources, written: document.get("configuration").map(Written::of) };
    let mut out = All::default();
    for one in resources.iter().filter(|one| !one.is_data) {
        let Some((_, who, names)) = MADE.iter().find(|(of, ..)| *of == one.of) else { continue };
        let name = names.iter().find_map(|name| one.values.get(name)).and_then(Value::as_str).map(str::to_owned);
        let (id, has) = (one.address.clone(), Vec::new());
        out.0.push(Holder { id, who: *who, is_made: true, name, span: one.at.span, has, groups: BTreeSet::new() });
    }
    let naming = |one: &Resource<'_>| -> Vec<Target> {
        let of_sets = ("permission_set_arn", Who::Set);
        let all = NAMING.iter().copied().chain([of_sets]);
        all.flat_map(|(attribute, who)| plan.who(one, attribute, who)).collect()
    };
    for one in resources.iter().filter(|one| !one.is_data) {
        let span = one.at.span;
        if let Some((_, attributes)) = GIVING.iter().find(|(of, _)| *of == one.of) {
            let to = match MADE.iter().find(|(of, ..)| *of == one.of) {
                Some((_, who, _)) => {
                    vec![Target { who: *who, text: one.address.clone(), is_made: true, is_sure: true, written: String::new() }]
                }
                None => naming(one),
            };
            if attributes.is_empty() {
                out.give(&to, (&one.address, true), true, span);
            }
            for (policy, is_sure) in attributes.iter().flat_map(|attribute| plan.policies(one, attribute)) {
                out.give(&to, (&policy, false), is_sure, span);
            }
        }
        if matches!(one.of, "aws_iam_group_membership" | "aws_iam_user_group_membership") {
            let (groups, users): (Vec<Target>, Vec<Target>) = naming(one).into_iter().partition(|one| one.who == Who::Group);
            groups.iter().for_each(|group| out.join(&users, &group.text, span));
        }
    }
    out
}

struct Plan<'p> {
    resources: &'p [Resource<'p>],
    written: Option<Written>,
}

impl Plan<'_> {
    /// The texts of an attribute, and how many of its values are known only after the apply.
    fn texts(&self, one: &Resource<'_>, attribute: &str) -> (Vec<String>, usize) {
        let written = one.values.get(attribute);
        let all = written.map(Value::items).unwrap_or_default();
        let texts = all.iter().filter_map(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned).collect();
        let is_unknown = |flag: &Value| flag.kind == JsonKind::Bool(true);
        let unknown = one.unknown.and_then(|all| all.get(attribute));
        let unknown = unknown.map_or(0, |flags| match flags.elements() {
            Some(all) => all.iter().filter(|one| is_unknown(one)).count(),
            None => usize::from(is_unknown(flags)),
        });
        (texts, unknown)
    }

    /// The resources of these types that an attribute refers to, each with whether it is this one for sure.
    fn referred(&self, one: &Resource<'_>, attribute: &str, of: &[&str], most: usize) -> Vec<(String, bool)> {
        let all = self.written.as_ref().map(|written| written.references(&one.address, attribute)).unwrap_or_default();
        let refers = |address: &str| {
            let plain = terraform::plain(address);
            let rest = |text: &String| {
                text.strip_prefix(plain.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
            };
            all.iter().any(rest)
        };
        let fits = |other: &&Resource<'_>| !other.is_data && of.contains(&other.of) && refers(&other.address);
        let found: Vec<&Resource<'_>> = self.resources.iter().filter(fits).collect();
        let key = |address: &str| address.strip_suffix(']').and_then(|rest| rest.rsplit_once('[')).map(|(_, key)| key.to_owned());
        // Of several instances the one with the same key.
        let same: Vec<&&Resource<'_>> =
            found.iter().filter(|other| key(&other.address).is_some() && key(&other.address) == key(&one.address)).collect();
        let addresses: BTreeSet<String> = found.iter().map(|other| terraform::plain(&other.address)).collect();
        if same.len() == 1 && addresses.len() == 1 {
            return same.iter().map(|other| (other.address.clone(), true)).collect();
        }
        let is_sure = found.len() <= most;
        found.iter().map(|other| (other.address.clone(), is_sure)).collect()
    }

    /// Whom an attribute names.
    fn who(&self, one: &Resource<'_>, attribute: &str, who: Who) -> Vec<Target> {
        let (texts, unknown) = self.texts(one, attribute);
        let Some((of, _, names)) = MADE.iter().find(|(_, made, _)| *made == who) else { return Vec::new() };
        let made = |text: &String| {
            let mut all = self.resources.iter().filter(|other| !other.is_data && other.of == *of);
            let is_it =
                |other: &Resource<'_>| names.iter().any(|name| other.values.get(name).and_then(Value::as_str) == Some(text));
            all.find(|other| is_it(other)).map(|other| other.address.clone())
        };
        let mut out: Vec<Target> = Vec::new();
        for text in texts {
            let id = made(&text);
            out.push(Target { who, is_made: id.is_some(), text: id.unwrap_or(text), is_sure: true, written: String::new() });
        }
        if unknown > 0 {
            let found = self.referred(one, attribute, &[of], unknown);
            let all = self.written.as_ref().map(|written| written.references(&one.address, attribute)).unwrap_or_default();
            if found.is_empty() {
                out.push(Target { who, text: all.join(" or "), is_made: false, is_sure: true, written: String::new() });
            }
            out.extend(found.into_iter().map(|(text, is_sure)| Target {
                who,
                text,
                is_made: true,
                is_sure,
                written: all.join(" "),
            }));
        }
        out
    }

    /// The policies of the file that an attribute names.
    fn policies(&self, one: &Resource<'_>, attribute: &str) -> Vec<(String, bool)> {
        let (texts, unknown) = self.texts(one, attribute);
        let own = |text: &String| {
            let is_it = |other: &&Resource<'_>| {
                !other.is_data && other.of == "aws_iam_policy" && other.values.get("arn").and_then(Value::as_str) == Some(text)
            };
            self.resources.iter().find(is_it).map(|other| (other.address.clone(), true))
        };
        let mut out: Vec<(String, bool)> = texts.iter().filter_map(own).collect();
        if unknown > 0 {
            out.extend(self.referred(one, attribute, &["aws_iam_policy"], unknown));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Budget, Source};
    use crate::sources::attached;
    use crate::sources::template::Given;

    fn shown(text: &str) -> Vec<String> {
        let source = Source::new("t", text);
        let value = crate::json::read(&source, &Budget::default()).unwrap();
        let identities = attached::identities(&source, &value, &Given::default());
        let has =
            |one: &Has| format!("{}{}{}", one.policy, if one.is_inline { "!" } else { "" }, if one.is_sure { "" } else { "?" });
        let line = |one: &Holder| {
            let has: Vec<String> = one.has.iter().map(has).chain(one.groups.iter().map(|group| format!("in {group}"))).collect();
            format!("{}: {}", one.id, has.join(" "))
        };
        holders(&value, &identities).iter().map(line).collect()
    }

    #[test]
    fn templates_say_who_has_which_of_their_policies() {
        let text = r#"{"Conditions": {"C": {"Fn::Equals": [{"Ref": "AWS::Region"}, "x"]}}, "Resources": {
            "R": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "r", "ManagedPolicyArns": [{"Ref": "M"}, {"Fn::If": ["C", {"Ref": "N"}, {"Ref": "AWS::NoValue"}]}]}},
            "U": {"Type": "AWS::IAM::User", "Properties": {"Groups": [{"Ref": "G"}, "other"]}},
            "G": {"Type": "AWS::IAM::Group"},
            "F": {"Type": "AWS::Serverless::Function", "Properties": {"Policies": [{"Ref": "M"}]}},
            "M": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"Users": [{"Ref": "U"}, "x"]}},
            "N": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"ManagedPolicyName": "n", "Roles": ["r"]}},
            "P": {"Type": "AWS::IAM::Policy", "Properties": {"Roles": [{"Fn::Sub": "${R}"}], "Groups": [{"Fn::If": ["C", {"Ref": "G"}, "z"]}]}}}}"#;
        assert_eq!(shown(text), ["R: M N P!", "U: M in G in other", "G: P!?", "F: M", "user \"x\": M",]);
    }

    #[test]
    fn plans_say_it_by_names_arns_and_references() {
        let change = |address: &str, after: &str, unknown: &str| {
            let of = address.split(['.', '[']).next().unwrap();
            format!(
                r#"{{"address":{address:?},"mode":"managed","type":"{of}","change":{{"after":{after},"after_unknown":{unknown}}}}}"#
            )
        };
        let changes = [
            change("aws_iam_role.r", r#"{"name": "r"}"#, "{}"),
            change("aws_iam_role.s", "{}", r#"{"name": true}"#),
            change("aws_iam_policy.p", r#"{"arn": "arn:aws:iam::111122223333:policy/p"}"#, "{}"),
            change("aws_iam_policy.q[\"a\"]", "{}", r#"{"arn": true}"#),
            change("aws_iam_policy.q[\"b\"]", "{}", r#"{"arn": true}"#),
            change("aws_iam_role_policy.i", r#"{"role": "r"}"#, "{}"),
            change(
                "aws_iam_role_policy_attachment.a",
                r#"{"role": "r", "policy_arn": "arn:aws:iam::111122223333:policy/p"}"#,
                "{}",
            ),
            change("aws_iam_role_policy_attachment.b[\"b\"]", "{}", r#"{"role": true, "policy_arn": true}"#),
            change("aws_iam_role_policy_attachment.c", r#"{"role": "elsewhere"}"#, r#"{"policy_arn": true}"#),
            change("aws_iam_user_group_membership.m", r#"{"user": "u", "groups": ["g"]}"#, "{}"),
        ];
        let expression = |address: &str, all: &str| format!(r#"{{"address":"{address}","expressions":{{{all}}}}}"#);
        let configuration = [
            expression(
                "aws_iam_role_policy_attachment.b",
                r#""role": {"references": ["aws_iam_role.s.name", "aws_iam_role.s"]}, "policy_arn": {"references": ["aws_iam_policy.q", "each.key"]}"#,
            ),
            expression("aws_iam_role_policy_attachment.c", r#""policy_arn": {"references": ["aws_iam_policy.q"]}"#),
        ];
        let text = format!(
            r#"{{"format_version":"1.2","resource_changes":[{}],"configuration":{{"root_module":{{"resources":[{}]}}}}}}"#,
            changes.join(","),
            configuration.join(",")
        );
        assert_eq!(
            shown(&text),
            [
                "aws_iam_role.r: aws_iam_role_policy.i! aws_iam_policy.p",
                "aws_iam_role.s: aws_iam_policy.q[\"b\"]",
                "role \"elsewhere\": aws_iam_policy.q[\"a\"]? aws_iam_policy.q[\"b\"]?",
                "user \"u\": in g",
            ]
        );
    }
}
