//! A recommendation as files that are ready to apply: policies before and after, the steps, the proof, Terraform and
//! CloudFormation.

use super::json::{document, proof, steps};
use crate::account::EntityKind;
use crate::account::PolicyText;
use crate::account::findings::{Finding, Service, Unused};
use crate::account::observe::Window;
use crate::account::planned;
use crate::account::recommend::{Recommendation, Result};
use crate::report::unused;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The folder of each entity: names that differ in case alone, or in what a path cannot have, do not share one.
pub fn folders(all: &[Recommendation<'_>]) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let folder = |one: &Recommendation<'_>| {
        let base = format!("{}/{}/{}", plain(&one.entity.account), owner(one.entity.kind), plain(&one.entity.name));
        let mut all = (1_usize..).map(|at| if at == 1 { base.clone() } else { format!("{base}-{at}") });
        all.find(|path| taken.insert(path.to_ascii_lowercase())).unwrap_or_default()
    };
    all.iter().map(folder).collect()
}

fn owner(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::User => "user",
        EntityKind::Role => "role",
        EntityKind::Group => "group",
    }
}

/// The files of one entity in its folder, with their paths below the output folder. None if nothing changes.
pub fn files(one: &Recommendation<'_>, folder: &str, window: Window) -> Vec<(String, String)> {
    if !matches!(one.result, Result::Proved | Result::Empty) {
        return Vec::new();
    }
    let mut out = Vec::new();
    for policy in &one.policies {
        if let Ok(text) = &policy.attached.text {
            let path = fresh(&out, &format!("{folder}/before"), &policy.attached.name);
            out.push((path, written(text)));
        }
    }
    for planned in planned::planned(one) {
        let path = fresh(&out, &format!("{folder}/after"), &planned.name);
        out.push((path, written(planned.text)));
    }
    let pretty = |value: &Value| serde_json::to_string_pretty(value).map_or_else(|_| value.to_string(), |text| text + "\n");
    out.push((format!("{folder}/steps.json"), pretty(&steps(one))));
    out.push((format!("{folder}/unused.json"), pretty(&removed(one, window, one.unused.clone()))));
    if one.policies.iter().any(|policy| policy.refined.as_ref().is_some_and(|refined| refined.by_service)) {
        let services = one.unused.iter().filter(|service| service.actions.is_none()).cloned().collect();
        out.push((format!("{folder}/unused-services.json"), pretty(&removed(one, window, services))));
    }
    out.push((format!("{folder}/proof.json"), pretty(&proof(one))));
    out.push((format!("{folder}/main.tf.json"), pretty(&terraform(one))));
    // A template without resources is not one.
    if own(one).next().is_some() {
        out.push((format!("{folder}/cloudformation.json"), pretty(&cloudformation(one))));
    }
    out
}

/// The path of a file that no other has: an inline policy may have a managed one's name, and names may differ in case alone.
fn fresh(files: &[(String, String)], folder: &str, name: &str) -> String {
    let paths = (1..).map(|at| {
        let number = if at == 1 { String::new() } else { format!("-{at}") };
        format!("{folder}/{}{number}.json", plain(name))
    });
    let is_fresh = |path: &String| !files.iter().any(|(other, _)| other.eq_ignore_ascii_case(path));
    let mut fresh = paths.filter(is_fresh);
    fresh.next().unwrap_or_default()
}

/// A policy as it stands in the export, byte for byte; one that stands there as a text is printed anew.
fn written(text: &PolicyText) -> String {
    let (source, span) = (text.source(), text.span());
    match (text.value().as_str(), source.text.get(span.start..span.end)) {
        (None, Some(raw)) => format!("{raw}\n"),
        _ => text.read().map_or_else(|_| text.value().to_pretty(), |lowered| lowered.document.json.to_pretty()),
    }
}

/// A name that is safe in a path.
fn plain(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '=' | ',' | '@') { c } else { '_' };
    let text: String = name.chars().map(safe).collect();
    if text.trim_matches('.').is_empty() { format!("_{text}") } else { text }
}

/// The findings that a refinement removes: what `refine --unused` and `verify --unused` take.
fn removed(one: &Recommendation<'_>, window: Window, services: Vec<Service>) -> Value {
    let finding = Finding {
        entity: one.entity,
        unused: Unused::Permissions(services),
        not_observable: one.not_observable.clone(),
        notes: Vec::new(),
    };
    unused::json::finding(&finding, window)
}

/// A policy that several entities have: its text, its document, and whose it is.
type Shared<'r> = (String, Value, Vec<(EntityKind, &'r str)>);

/// The files of the policies that several entities have (`--shared`): each policy is one resource, with all its attachments.
pub fn shared(all: &[Recommendation<'_>]) -> Vec<(String, String)> {
    let mut by_name: BTreeMap<(String, String), Shared<'_>> = BTreeMap::new();
    for one in all.iter().filter(|one| matches!(one.result, Result::Proved | Result::Empty)) {
        for new in planned::planned(one).into_iter().filter(|new| new.shared) {
            let text = || (new.text.value().to_string(), document(new.text), Vec::new());
            let entry = by_name.entry((one.entity.account.clone(), new.name)).or_insert_with(text);
            entry.2.push((one.entity.kind, &one.entity.name));
        }
    }
    let mut out: Vec<(String, String)> = Vec::new();
    for ((account, name), (text, document, owners)) in by_name {
        let mut folders = (1_usize..).map(|at| {
            let number = if at == 1 { String::new() } else { format!("-{at}") };
            format!("{}/policy/{}{number}", plain(&account), plain(&name))
        });
        let is_fresh =
            |folder: &String| !out.iter().any(|(path, _)| path.eq_ignore_ascii_case(&format!("{folder}/main.tf.json")));
        let folder = folders.find(is_fresh).unwrap_or_default();
        let id = format!("{}_{}", identifier("shared", &name), tag(&format!("{account} {name}")));
        let mut kinds: BTreeMap<String, serde_json::Map<String, Value>> = BTreeMap::new();
        let mut properties = json!({"ManagedPolicyName": name, "PolicyDocument": document});
        kinds
            .entry("aws_iam_policy".to_owned())
            .or_default()
            .insert(id.clone(), json!({"name": name, "policy": template(&text)}));
        for (kind, entity) in owners {
            let of = owner(kind);
            let attachment = json!({of: entity, "policy_arn": format!("${{aws_iam_policy.{id}.arn}}")});
            let own = format!("{id}_{}_{}", identifier(of, entity), tag(entity));
            kinds.entry(format!("aws_iam_{of}_policy_attachment")).or_default().insert(own, attachment);
            let list = match kind {
                EntityKind::User => "Users",
                EntityKind::Role => "Roles",
                EntityKind::Group => "Groups",
            };
            match &mut properties[list] {
                Value::Array(all) => all.push(json!(entity)),
                other => *other = json!([entity]),
            }
        }
        let stack = json!({"AWSTemplateFormatVersion": "2010-09-09",
            "Resources": {"Policy": {"Type": "AWS::IAM::ManagedPolicy", "Properties": properties}}});
        let pretty = |value: &Value| serde_json::to_string_pretty(value).map_or_else(|_| value.to_string(), |text| text + "\n");
        out.push((format!("{folder}/policy.json"), pretty(&document)));
        out.push((format!("{folder}/main.tf.json"), pretty(&json!({"resource": kinds}))));
        out.push((format!("{folder}/cloudformation.json"), pretty(&stack)));
    }
    out
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
fn terraform(one: &Recommendation<'_>) -> Value {
    let owner = owner(one.entity.kind);
    let mut kinds: BTreeMap<String, serde_json::Map<String, Value>> = BTreeMap::new();
    // Who puts the resources of all entities together has no address twice.
    let who = format!("{}_{}", identifier(owner, &one.entity.name), tag(&one.entity.arn));
    for (at, planned) in own(one).enumerate() {
        let id = format!("{who}_p{at}_{}", identifier("policy", &planned.name));
        let text = template(&planned.text.value().to_string());
        if planned.managed {
            let policy = json!({"name": planned.name, "policy": text});
            let attachment = json!({owner: one.entity.name, "policy_arn": format!("${{aws_iam_policy.{id}.arn}}")});
            kinds.entry("aws_iam_policy".to_owned()).or_default().insert(id.clone(), policy);
            kinds.entry(format!("aws_iam_{owner}_policy_attachment")).or_default().insert(id, attachment);
        } else {
            let policy = json!({"name": planned.name, owner: one.entity.name, "policy": text});
            kinds.entry(format!("aws_iam_{owner}_policy")).or_default().insert(id, policy);
        }
    }
    json!({"resource": kinds})
}

/// What changes of an entity's own; what others have too stands once, in a folder of its own ([`shared`]).
fn own<'p>(one: &'p Recommendation<'_>) -> impl Iterator<Item = planned::Planned<'p>> {
    planned::planned(one).into_iter().filter(|planned| planned.changed && !planned.shared)
}

fn cloudformation(one: &Recommendation<'_>) -> Value {
    let owner = match one.entity.kind {
        EntityKind::User => "Users",
        EntityKind::Role => "Roles",
        EntityKind::Group => "Groups",
    };
    let mut resources = serde_json::Map::new();
    for (at, planned) in own(one).enumerate() {
        let (kind, name) =
            if planned.managed { ("AWS::IAM::ManagedPolicy", "ManagedPolicyName") } else { ("AWS::IAM::Policy", "PolicyName") };
        let properties = json!({name: planned.name, "PolicyDocument": document(planned.text), owner: [one.entity.name]});
        resources.insert(format!("Policy{at}"), json!({"Type": kind, "Properties": properties}));
    }
    json!({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources})
}
