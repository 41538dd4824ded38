//! A recommendation as Terraform and CloudFormation: what changes of an entity's own, or one policy for all that have it.

use super::json::document;
use crate::account::planned;
use crate::account::recommend::Recommendation;
use crate::account::{EntityKind, PolicyText};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What an entity is called in names and members.
pub(super) fn owner(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::User => "user",
        EntityKind::Role => "role",
        EntityKind::Group => "group",
    }
}

/// The same in CloudFormation's lists.
fn owners(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::User => "Users",
        EntityKind::Role => "Roles",
        EntityKind::Group => "Groups",
    }
}

/// One new policy of an account with its attachments, in Terraform and in CloudFormation.
pub(super) fn shared(account: &str, name: &str, text: &PolicyText, having: &[(EntityKind, &str)]) -> [Value; 2] {
    let id = format!("{}_{}", identifier("shared", name), tag(&format!("{account} {name}")));
    let mut kinds: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let mut properties = json!({"ManagedPolicyName": name, "PolicyDocument": document(text)});
    let policy = json!({"name": template(name), "policy": template(&document(text).to_string())});
    kinds.entry("aws_iam_policy".to_owned()).or_default().insert(id.clone(), policy);
    for (kind, entity) in having {
        let of = owner(*kind);
        let attachment = json!({of: template(entity), "policy_arn": format!("${{aws_iam_policy.{id}.arn}}")});
        let own = format!("{id}_{}_{}", identifier(of, entity), tag(entity));
        kinds.entry(format!("aws_iam_{of}_policy_attachment")).or_default().insert(own, attachment);
        match &mut properties[owners(*kind)] {
            Value::Array(all) => all.push(json!(entity)),
            other => *other = json!([entity]),
        }
    }
    let stack = json!({"AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {"Policy": {"Type": "AWS::IAM::ManagedPolicy", "Properties": properties}}});
    [json!({"resource": kinds}), stack]
}

/// A name that Terraform takes; two names can become one, so a tag stands beside it.
fn identifier(kind: &str, name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    format!("{kind}_{plain}")
}

/// Some digits that tell a text from others.
fn tag(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{:08x}", hash >> 32)
}

/// A text as Terraform's JSON has it.
fn template(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}

/// Terraform in its JSON form. `${` is a template there, so it is written `$${`.
pub(super) fn terraform(one: &Recommendation<'_>) -> Value {
    let owner = owner(one.entity.kind);
    let mut kinds: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    // Who puts the resources of all entities together has no address twice.
    let who = format!("{}_{}", identifier(owner, &one.entity.name), tag(&one.entity.arn));
    for (at, planned) in own(one).enumerate() {
        let id = format!("{who}_p{at}_{}", identifier("policy", &planned.name));
        let text = template(&planned.text.value().to_string());
        if planned.managed {
            let policy = json!({"name": template(&planned.name), "policy": text});
            let attachment = json!({owner: template(&one.entity.name), "policy_arn": format!("${{aws_iam_policy.{id}.arn}}")});
            kinds.entry("aws_iam_policy".to_owned()).or_default().insert(id.clone(), policy);
            kinds.entry(format!("aws_iam_{owner}_policy_attachment")).or_default().insert(id, attachment);
        } else {
            let policy = json!({"name": template(&planned.name), owner: template(&one.entity.name), "policy": text});
            kinds.entry(format!("aws_iam_{owner}_policy")).or_default().insert(id, policy);
        }
    }
    json!({"resource": kinds})
}

/// What changes of an entity's own; what others have too stands once, in a folder of its own ([`super::common`]).
fn own<'p>(one: &'p Recommendation<'_>) -> impl Iterator<Item = planned::Planned<'p>> {
    let all = planned::planned(one).into_iter().map(|(_, planned)| planned);
    all.filter(|planned| planned.changed && !planned.shared)
}

/// CloudFormation; `None` if there is nothing to make: a template without resources is not one.
pub(super) fn cloudformation(one: &Recommendation<'_>) -> Option<Value> {
    let owner = owners(one.entity.kind);
    let mut resources = Map::new();
    for (at, planned) in own(one).enumerate() {
        let (kind, name) =
            if planned.managed { ("AWS::IAM::ManagedPolicy", "ManagedPolicyName") } else { ("AWS::IAM::Policy", "PolicyName") };
        let properties = json!({name: planned.name, "PolicyDocument": document(planned.text), owner: [one.entity.name]});
        resources.insert(format!("Policy{at}"), json!({"Type": kind, "Properties": properties}));
    }
    (!resources.is_empty()).then(|| json!({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}))
}
