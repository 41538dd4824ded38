//! Which resources does a file make, and to which of them do others belong?
//!
//! Of templates, plans and states. A policy that is a resource of its own (`AWS::S3::BucketPolicy`) belongs to those that its
//! other properties refer to; one that is a property belongs to its resource.

use super::{Kind, kind, template, terraform};
use crate::diag::Span;
use crate::json::{Kind as JsonKind, Member, Value};
use std::collections::BTreeMap;

/// A resource of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Its logical id or address.
    pub id: String,
    /// Its type.
    pub of: String,
    /// The name of a managed policy, if the file says it.
    pub policy_name: Option<String>,
    /// Of a policy: the resources of the template that it is about.
    pub to: Vec<String>,
    /// Of a policy: whether it is about others too, as far as its properties say.
    pub names_others: bool,
    /// Of a policy or an attachment: to whom or what it says that it applies, each as it is written, in order.
    /// By that with what it depends on in a template.
    pub targets: BTreeMap<String, String>,
    /// Where it stands.
    pub span: Span,
}

/// Properties and attributes that say to whom or what a policy, or its attachment, applies.
const TARGETS: [&str; 25] = [
    "SecretId",
    "Queue",
    "TopicArn",
    "ResourceArn",
    "ResourceARN",
    "ResourceIdentifier",
    "TableBucketARN",
    "TableARN",
    "secret_arn",
    "resource_arn",
    "resource_identifier",
    "repository",
    "repository_name",
    "backup_vault_name",
    "file_system_id",
    "key_id",
    "event_bus_name",
    "TargetIds",
    "Queues",
    "Topics",
    "Bucket",
    "target_id",
    "bucket",
    "queue_url",
    "topic_arn",
];

/// What the properties of a policy say of whom or what it applies to.
fn targets(of: &str, properties: &[Member], says: &dyn Fn(&Value) -> String) -> BTreeMap<String, String> {
    let last = of.rsplit("::").next().unwrap_or_default().to_ascii_lowercase();
    // Who has policies of IAM is asked of users, roles and groups (`holders`).
    if !last.contains("policy") || of.starts_with("AWS::IAM::") || of.starts_with("aws_iam_") {
        return BTreeMap::new();
    }
    let written = properties.iter().filter(|one| TARGETS.contains(&one.key.as_str()));
    let all = written.flat_map(|one| one.value.items());
    all.filter(|value| value.kind != JsonKind::Null).map(|value| (says(value), value.to_string())).collect()
}

impl Owner {
    /// Whether it is itself a policy, or an attachment of one, to something else.
    pub fn is_policy(&self) -> bool {
        let last = self.of.rsplit("::").next().unwrap_or_default().to_ascii_lowercase();
        last.contains("policy") || last.contains("permission")
    }
}

/// The resources of a document, in its order.
pub fn owners(document: &Value) -> Vec<Owner> {
    match kind::recognize(document) {
        Some(Kind::Template) => of_template(document),
        Some(Kind::Plan | Kind::State) => {
            let all = terraform::resources(document);
            let text = |value: &Value| value.as_str().map(str::to_owned);
            let owner = |one: &terraform::Resource<'_>| Owner {
                id: one.address.clone(),
                of: one.of.to_owned(),
                policy_name: one.values.get("name").and_then(text),
                to: Vec::new(),
                names_others: true,
                targets: targets(one.of, one.values.members().unwrap_or_default(), &ToString::to_string),
                span: one.at.span,
            };
            all.iter().filter(|one| !one.is_data).map(owner).collect()
        }
        Some(Kind::AccountDetails) => super::account::owners(document),
        _ => Vec::new(),
    }
}

fn of_template(template: &Value) -> Vec<Owner> {
    let all = template.get("Resources").and_then(Value::members).unwrap_or_default();
    let ids: Vec<&str> = all.iter().map(|one| one.key.as_str()).collect();
    let owner = |one: &crate::json::Member| {
        let properties = one.value.get("Properties");
        let of = one.value.get("Type").and_then(Value::as_str).unwrap_or_default();
        let written = properties.and_then(Value::members).unwrap_or_default();
        let (to, names_others) = about(written, &ids);
        Owner {
            id: one.key.clone(),
            of: of.to_owned(),
            policy_name: properties.and_then(|all| all.get("ManagedPolicyName")).and_then(Value::as_str).map(str::to_owned),
            to,
            names_others,
            targets: targets(of, written, &|value| template::depends(template, value)),
            span: one.key_span,
        }
    };
    all.iter().map(owner).collect()
}

/// Properties of policies that say what they are, not what they are about.
const OF_ITSELF: [&str; 15] = [
    "Type",
    "Name",
    "Description",
    "Tags",
    "ManagedPolicyName",
    "PolicyName",
    "Path",
    "Content",
    "Policy",
    "KeyPolicy",
    "ResourcePolicy",
    "PolicyText",
    "PolicyInJson",
    "BlockPublicPolicy",
    "Id",
];

/// What the properties of a policy say that it is about: resources of the template, and whether there is anything else.
fn about(properties: &[Member], ids: &[&str]) -> (Vec<String>, bool) {
    let (mut to, mut names_others) = (Vec::new(), false);
    let said = properties.iter().filter(|one| !one.key.ends_with("Document") && !OF_ITSELF.contains(&one.key.as_str()));
    for value in said.flat_map(|one| one.value.items()) {
        let mut found = Vec::new();
        references(value, &mut found);
        let is_plain = value.get("Ref").is_some() || value.get("Fn::GetAtt").is_some();
        match found.as_slice() {
            [only] if is_plain && ids.contains(&only.as_str()) => to.push(only.clone()),
            _ => names_others |= !matches!(value.kind, JsonKind::Bool(_) | JsonKind::Null),
        }
    }
    (to, names_others)
}

/// The names that `Ref`, `Fn::GetAtt` and `Fn::Sub` refer to.
pub(super) fn references(value: &Value, out: &mut Vec<String>) {
    match &value.kind {
        JsonKind::Object(members) => {
            for member in members {
                match (member.key.as_str(), &member.value) {
                    ("Ref", name) => out.extend(name.as_str().map(str::to_owned)),
                    ("Fn::GetAtt", of) => {
                        let first = of.elements().and_then(<[Value]>::first).and_then(Value::as_str);
                        let name = first.or_else(|| of.as_str().and_then(|text| text.split('.').next()));
                        out.extend(name.map(str::to_owned));
                    }
                    ("Fn::Sub", of) => {
                        let text = of.as_str().or_else(|| of.elements().and_then(<[Value]>::first).and_then(Value::as_str));
                        let parts = text.unwrap_or_default().split("${").skip(1);
                        out.extend(parts.filter_map(|part| part.split(['}', '.']).next()).map(str::to_owned));
                        references(of, out);
                    }
                    (_, inner) => references(inner, out),
                }
            }
        }
        JsonKind::Array(all) => all.iter().for_each(|one| references(one, out)),
        JsonKind::Null | JsonKind::Bool(_) | JsonKind::Number(_) | JsonKind::String(_) => {}
    }
}
