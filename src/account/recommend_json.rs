//! A recommendation as JSON, and as files that are ready to apply.
//!
//! `steps.json` has the shape of GetFindingRecommendation. A policy that stays has no step. One that AWS wrote, or that others
//! share, cannot be changed for one entity: the step is a new policy in its place.
//!
//! Source: IAM Access Analyzer API, GetFindingRecommendation, RecommendedStep.

use super::findings::{Service, Unused};
use super::recommend::{Recommendation, Recommended, Result, after};
use super::{EntityKind, findings_json};
use crate::catalog::Catalog;
use crate::evidence::Counts;
use serde_json::{Value, json};

/// What the refined policy is called.
fn name(policy: &Recommended<'_>) -> String {
    let stays = policy.refined.is_none() || policy.attached.arn.is_none();
    if stays { policy.attached.name.clone() } else { format!("{}-used", policy.attached.name) }
}

fn document(text: &super::PolicyText) -> Value {
    let value = text.value();
    // An export may hold a document as a text.
    let written = text.read().map_or_else(|_| value.to_string(), |lowered| lowered.document.json.to_string());
    serde_json::from_str(&written).unwrap_or(Value::Null)
}

/// One line of the summary.
pub fn summary(one: &Recommendation<'_>, counts: &Counts) -> Value {
    let policy = |policy: &Recommended<'_>| {
        let text = after(policy)?;
        let mut out = json!({"name": name(policy), "arn": policy.attached.arn, "document": document(text)});
        match (&policy.refined, &policy.attached.arn) {
            (Some(_), Some(arn)) => {
                out["arn"] = Value::Null;
                out["replaces"] = json!(arn);
                out["changed"] = json!(true);
            }
            (Some(_), None) => out["changed"] = json!(true),
            (None, _) => {}
        }
        Some(out)
    };
    let notes: Vec<&String> = one
        .notes
        .iter()
        .chain(one.policies.iter().filter_map(|policy| policy.refined.as_ref()).flat_map(|refined| &refined.notes))
        .collect();
    json!({
        "schema": 1,
        "resource": one.entity.arn,
        "resourceType": match one.entity.kind {
            EntityKind::User => "AWS::IAM::User",
            EntityKind::Role => "AWS::IAM::Role",
            EntityKind::Group => "AWS::IAM::Group",
        },
        "result": one.result.name(),
        "removedActions": one.removed,
        "policies": one.policies.iter().filter_map(policy).collect::<Vec<_>>(),
        "groups": one.entity.groups,
        "obligations": one.obligations(),
        "replayed": one.replayed,
        "notObservable": one.not_observable.len(),
        "notes": notes,
        "evidence": counts,
        "proof": {
            "tool": concat!("leastwise ", env!("CARGO_PKG_VERSION")),
            "z3": crate::smt::version(),
            "catalog": Catalog::latest().date,
        },
    })
}

/// The files of one entity, with their paths below the output folder. None if nothing changes.
pub fn files(one: &Recommendation<'_>, window: super::observe::Window) -> Vec<(String, String)> {
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
            out.push((format!("{folder}/before/{}.json", plain(&policy.attached.name)), written(text)));
        }
        if let Some(text) = after(policy) {
            out.push((format!("{folder}/after/{}.json", plain(&name(policy))), written(text)));
        }
    }
    let pretty = |value: &Value| serde_json::to_string_pretty(value).map_or_else(|_| value.to_string(), |text| text + "\n");
    out.push((format!("{folder}/steps.json"), pretty(&steps(one))));
    out.push((format!("{folder}/unused.json"), pretty(&unused(one, window))));
    out.push((format!("{folder}/proof.json"), pretty(&proof(one))));
    out.push((format!("{folder}/main.tf.json"), pretty(&terraform(one))));
    out.push((format!("{folder}/cloudformation.json"), pretty(&cloudformation(one))));
    out
}

/// A policy as it stands in the export, byte for byte; one that stands there as a text is printed anew.
fn written(text: &super::PolicyText) -> String {
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

/// What is to be done, in the shape of GetFindingRecommendation.
pub fn steps(one: &Recommendation<'_>) -> Value {
    let mut steps = Vec::new();
    for policy in &one.policies {
        let Some(refined) = &policy.refined else { continue };
        let id = policy.attached.label();
        if !refined.is_empty {
            steps.push(json!({"unusedPermissionsRecommendedStep": {
                "recommendedAction": "CREATE_POLICY",
                "recommendedPolicy": refined.text.value().to_string(),
                "existingPolicyId": id,
            }}));
        }
        if refined.is_empty || policy.attached.arn.is_some() {
            steps.push(
                json!({"unusedPermissionsRecommendedStep": {"recommendedAction": "DETACH_POLICY", "existingPolicyId": id}}),
            );
        }
    }
    json!({
        "recommendationType": "UnusedPermissionRecommendation",
        "resourceArn": one.entity.arn,
        "status": "SUCCEEDED",
        "recommendedSteps": steps,
    })
}

/// The findings that the recommendation removes: what `refine --unused` and `verify --unused` take.
fn unused(one: &Recommendation<'_>, window: super::observe::Window) -> Value {
    let services: Vec<Service> = one.unused.clone();
    let finding = super::findings::Finding {
        entity: one.entity,
        unused: Unused::Permissions(services),
        not_observable: one.not_observable.clone(),
        notes: Vec::new(),
    };
    findings_json::finding(&finding, window)
}

/// What was proved of it.
pub fn proof(one: &Recommendation<'_>) -> Value {
    let policy = |policy: &Recommended<'_>| {
        let refined = policy.refined.as_ref()?;
        let obligations: Vec<Value> = refined
            .obligations
            .iter()
            .map(|(id, statement, queries, milliseconds)| json!({"id": id, "statement": statement, "queries": queries, "milliseconds": milliseconds}))
            .collect();
        Some(json!({"policy": policy.attached.label(), "obligations": obligations, "notes": refined.notes}))
    };
    json!({
        "resource": one.entity.arn,
        "result": one.result.name(),
        "policies": one.policies.iter().filter_map(policy).collect::<Vec<_>>(),
        "stack": "no-new-access from the old stack to the new one: PASS",
        "replayed": one.replayed,
        "z3": crate::smt::version(),
        "catalog": Catalog::latest().date,
    })
}

/// Terraform in its JSON form. `${` is a template there, so it is written `$${`.
fn terraform(one: &Recommendation<'_>) -> Value {
    let (kind, owner) = match one.entity.kind {
        EntityKind::User => ("aws_iam_user_policy", "user"),
        EntityKind::Role => ("aws_iam_role_policy", "role"),
        EntityKind::Group => ("aws_iam_group_policy", "group"),
    };
    let mut resources = serde_json::Map::new();
    for policy in &one.policies {
        let Some(refined) = policy.refined.as_ref().filter(|refined| !refined.is_empty) else { continue };
        let id: String = name(policy).chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let text = refined.text.value().to_string().replace("${", "$${").replace("%{", "%%{");
        resources.insert(format!("p_{id}"), json!({"name": name(policy), owner: one.entity.name, "policy": text}));
    }
    json!({"resource": {kind: resources}})
}

fn cloudformation(one: &Recommendation<'_>) -> Value {
    let owner = match one.entity.kind {
        EntityKind::User => "Users",
        EntityKind::Role => "Roles",
        EntityKind::Group => "Groups",
    };
    let mut resources = serde_json::Map::new();
    for (at, policy) in one.policies.iter().enumerate() {
        let Some(refined) = policy.refined.as_ref().filter(|refined| !refined.is_empty) else { continue };
        let document = document(&refined.text);
        let properties = json!({"PolicyName": name(policy), "PolicyDocument": document, owner: [one.entity.name]});
        resources.insert(format!("Policy{at}"), json!({"Type": "AWS::IAM::Policy", "Properties": properties}));
    }
    json!({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources})
}
