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
use std::collections::BTreeMap;

/// The files of one entity, with their paths below the output folder. None if nothing changes.
pub fn files(one: &Recommendation<'_>, window: Window) -> Vec<(String, String)> {
    if !matches!(one.result, Result::Proved | Result::Empty) {
        return Vec::new();
    }
    let kind = match one.entity.kind {
        EntityKind::User => "user",
        EntityKind::Role => "role",
        EntityKind::Group => "group",
    };
    let folder = format!("{}/{kind}/{}", plain(&one.entity.account), plain(&one.entity.name));
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
    out.push((format!("{folder}/cloudformation.json"), pretty(&cloudformation(one))));
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

/// Terraform in its JSON form. `${` is a template there, so it is written `$${`.
fn terraform(one: &Recommendation<'_>) -> Value {
    let owner = match one.entity.kind {
        EntityKind::User => "user",
        EntityKind::Role => "role",
        EntityKind::Group => "group",
    };
    let mut kinds: BTreeMap<String, serde_json::Map<String, Value>> = BTreeMap::new();
    for (at, planned) in planned::planned(one).into_iter().filter(|planned| planned.changed).enumerate() {
        let name: String = planned.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        // Two names can become one.
        let id = format!("p{at}_{name}");
        let text = planned.text.value().to_string().replace("${", "$${").replace("%{", "%%{");
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

fn cloudformation(one: &Recommendation<'_>) -> Value {
    let owner = match one.entity.kind {
        EntityKind::User => "Users",
        EntityKind::Role => "Roles",
        EntityKind::Group => "Groups",
    };
    let mut resources = serde_json::Map::new();
    for (at, planned) in planned::planned(one).into_iter().filter(|planned| planned.changed).enumerate() {
        let (kind, name) =
            if planned.managed { ("AWS::IAM::ManagedPolicy", "ManagedPolicyName") } else { ("AWS::IAM::Policy", "PolicyName") };
        let properties = json!({name: planned.name, "PolicyDocument": document(planned.text), owner: [one.entity.name]});
        resources.insert(format!("Policy{at}"), json!({"Type": kind, "Properties": properties}));
    }
    json!({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources})
}
