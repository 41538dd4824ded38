//! A recommendation as JSON, and as files that are ready to apply.
//!
//! `steps.json` has the shape of GetFindingRecommendation. A policy that stays has no step. One that AWS wrote, or that others
//! share, cannot be changed for one entity: the step is a new policy in its place.
//!
//! Source: IAM Access Analyzer API, GetFindingRecommendation, RecommendedStep.

use super::findings::{Service, Unused};
use super::planned::{self, Planned};
use super::proposal::Proposal;
use super::recommend::{Recommendation, Recommended, Result};
use super::{EntityKind, findings_json};
use crate::catalog::Catalog;
use crate::evidence::Counts;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn document(text: &super::PolicyText) -> Value {
    let value = text.value();
    // An export may hold a document as a text.
    let written = text.read().map_or_else(|_| value.to_string(), |lowered| lowered.document.json.to_string());
    serde_json::from_str(&written).unwrap_or(Value::Null)
}

/// One line of the summary.
pub fn summary(one: &Recommendation<'_>, counts: &Counts) -> Value {
    let policy = |planned: Planned<'_>| {
        let mut out = json!({"name": planned.name, "arn": planned.arn, "document": document(planned.text)});
        planned.replaces.iter().for_each(|replaced| out["replaces"] = json!(replaced));
        if planned.changed {
            out["changed"] = json!(true);
        }
        out
    };
    let refined = one.policies.iter().filter_map(|policy| policy.refined.as_ref());
    let notes = one.notes.iter().chain(refined.flat_map(|refined| &refined.notes)).cloned();
    let notes: Vec<String> = notes.chain(one.proposals().map(|(_, proposal)| proposal.to_string())).collect();
    let mut out = json!({
        "schema": 1,
        "resource": one.entity.arn,
        "resourceType": match one.entity.kind {
            EntityKind::User => "AWS::IAM::User",
            EntityKind::Role => "AWS::IAM::Role",
            EntityKind::Group => "AWS::IAM::Group",
        },
        "result": one.result.name(),
        "removedActions": one.removed,
        "policies": planned::planned(one).into_iter().map(policy).collect::<Vec<_>>(),
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
    });
    let proposals: Vec<Value> = one.proposals().map(|(policy, proposal)| proposed(policy, proposal)).collect();
    if !proposals.is_empty() {
        out["proposals"] = json!(proposals);
    }
    out
}

/// A proposal, with the policy that it is about.
fn proposed(policy: &str, proposal: &Proposal) -> Value {
    let mut out = json!({"policy": policy});
    if let (Some(out), Ok(Value::Object(members))) = (out.as_object_mut(), serde_json::to_value(proposal)) {
        out.extend(members);
    }
    out
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
    out.push((format!("{folder}/unused.json"), pretty(&unused(one, window, one.unused.clone()))));
    if one.policies.iter().any(|policy| policy.refined.as_ref().is_some_and(|refined| refined.by_service)) {
        let services = one.unused.iter().filter(|service| service.actions.is_none()).cloned().collect();
        out.push((format!("{folder}/unused-services.json"), pretty(&unused(one, window, services))));
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
        let new = planned::of(one, policy);
        let is_new = new.iter().any(|planned| planned.replaces.is_some());
        for planned in new {
            steps.push(json!({"unusedPermissionsRecommendedStep": {
                "recommendedAction": "CREATE_POLICY",
                "recommendedPolicy": planned.text.value().to_string(),
                "existingPolicyId": id,
            }}));
        }
        if refined.is_empty || is_new {
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

/// The findings that a refinement removes: what `refine --unused` and `verify --unused` take.
fn unused(one: &Recommendation<'_>, window: super::observe::Window, services: Vec<Service>) -> Value {
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
        let unused = if refined.by_service { "unused-services.json" } else { "unused.json" };
        let (label, proposals) = (policy.attached.label(), &refined.proposals);
        let mut out = json!({"policy": label, "unused": unused, "obligations": obligations, "notes": refined.notes});
        if !proposals.is_empty() {
            out["proposals"] = json!(proposals);
        }
        Some(out)
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
