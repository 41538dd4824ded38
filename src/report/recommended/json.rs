//! A recommendation as JSON: its summary on one line, and its steps in the shape of GetFindingRecommendation.
//!
//! A policy that stays has no step. One that AWS wrote, or that others share, cannot be changed for one entity: the step is
//! a new policy in its place.
//!
//! Source: IAM Access Analyzer API, GetFindingRecommendation, RecommendedStep.

use crate::account::planned::{self, Planned};
use crate::account::proposal::Proposal;
use crate::account::proved::Proved;
use crate::account::recommend::{Recommendation, Recommended, Result};
use crate::account::refining::Refined;
use crate::account::{EntityKind, PolicyText};
use crate::catalog::Catalog;
use crate::evidence::Counts;
use crate::report::json::{Schema, TOOL};
use crate::smt;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

/// What is recommended for one entity: one line of an answer to `recommend`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecommendAnswer {
    schema: Schema,
    /// The ARN of the user, role or group.
    resource: String,
    /// `AWS::IAM::User`, `AWS::IAM::Role` or `AWS::IAM::Group`.
    resource_type: &'static str,
    result: Became,
    /// How many of the catalog's actions it loses.
    removed_actions: usize,
    /// What it would have of its own.
    policies: Vec<PlannedAnswer>,
    /// The groups that it is in.
    groups: Vec<String>,
    /// How many obligations were proved.
    obligations: usize,
    /// How many logged calls were replayed.
    replayed: usize,
    /// How many granted actions no given evidence would show.
    not_observable: usize,
    /// What is worth knowing.
    notes: Vec<String>,
    /// What became of the records of evidence.
    evidence: Counts,
    proof: Made,
    /// What is proposed beside what is proved.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    proposals: Vec<Proposed>,
}

/// A proposal, with the policy that it is about.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Proposed {
    /// What the policy is called.
    policy: String,
    #[serde(flatten)]
    proposal: Proposal,
}

/// What became of an entity.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Became {
    /// Refined and proved.
    Proved,
    /// Nothing to remove.
    Unchanged,
    /// Not proved, or not looked at: nothing is recommended.
    Unknown,
    /// Refined and proved, and nothing is left that grants anything.
    Empty,
}

impl From<Result> for Became {
    fn from(result: Result) -> Self {
        match result {
            Result::Proved => Self::Proved,
            Result::Unchanged => Self::Unchanged,
            Result::Unknown => Self::Unknown,
            Result::Empty => Self::Empty,
        }
    }
}

/// A policy that an entity would have.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct PlannedAnswer {
    /// Its name.
    name: String,
    /// The ARN of a managed policy that stays; null of any other.
    arn: Option<String>,
    /// Its document.
    document: Value,
    /// What it stands in place of, if it is new: the ARN of a managed policy, the name of an inline one.
    #[serde(skip_serializing_if = "Option::is_none")]
    replaces: Option<String>,
    /// True if its document is another one than before.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    changed: bool,
}

/// What made it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Made {
    /// The program and its version, such as `leastwise 0.1.0`.
    tool: &'static str,
    /// The version of Z3.
    z3: String,
    /// The day that the catalog of actions describes, `YYYY-MM-DD`.
    catalog: String,
}

pub(super) fn document(text: &PolicyText) -> Value {
    let value = text.value();
    // An export may hold a document as a text.
    let written = text.read().map_or_else(|_| value.to_string(), |lowered| lowered.document.json.to_string());
    serde_json::from_str(&written).unwrap_or(Value::Null)
}

/// One line of the summary.
pub fn summary(one: &Recommendation<'_>, counts: &Counts) -> RecommendAnswer {
    let policy = |planned: Planned<'_>| PlannedAnswer {
        name: planned.name,
        arn: planned.arn.map(str::to_owned),
        document: document(planned.text),
        replaces: planned.replaces.map(str::to_owned),
        changed: planned.changed,
    };
    let of_policies = one.policies.iter().filter_map(|policy| policy.refined.as_ref()).flat_map(|refined| &refined.notes);
    let told = one.proposals().map(|(_, proposal)| proposal.to_string());
    let proposed = |(policy, proposal): (&str, &Proposal)| Proposed { policy: policy.to_owned(), proposal: proposal.clone() };
    RecommendAnswer {
        schema: Schema::THIS,
        resource: one.entity.arn.clone(),
        resource_type: match one.entity.kind {
            EntityKind::User => "AWS::IAM::User",
            EntityKind::Role => "AWS::IAM::Role",
            EntityKind::Group => "AWS::IAM::Group",
        },
        result: one.result.into(),
        removed_actions: one.removed,
        policies: planned::planned(one).into_iter().map(|(_, planned)| policy(planned)).collect(),
        groups: one.entity.groups.clone(),
        obligations: one.obligations(),
        replayed: one.replayed,
        not_observable: one.not_observable.len(),
        notes: one.notes.iter().chain(of_policies).cloned().chain(told).collect(),
        evidence: counts.clone(),
        proof: Made { tool: TOOL, z3: smt::version(), catalog: Catalog::latest().date.clone() },
        proposals: one.proposals().map(proposed).collect(),
    }
}

/// What is to be done, in the shape of GetFindingRecommendation. What stands for all that have a policy is made once, by the
/// steps beside it.
pub fn steps(one: &Recommendation<'_>) -> Value {
    let mut steps = Vec::new();
    for policy in &one.policies {
        let Some(refined) = &policy.refined else { continue };
        let id = policy.attached.label();
        let new = planned::of(one, policy);
        let is_new = new.iter().any(|planned| planned.replaces.is_some());
        steps.extend(new.iter().filter(|planned| !planned.shared).map(|planned| create(planned, id)));
        if refined.is_empty || is_new {
            steps.push(step("DETACH_POLICY", id, None));
        }
    }
    steps_of(&one.entity.arn, steps)
}

/// These steps about a resource.
pub(super) fn steps_of(resource: &str, steps: Vec<Value>) -> Value {
    json!({
        "recommendationType": "UnusedPermissionRecommendation",
        "resourceArn": resource,
        "status": "SUCCEEDED",
        "recommendedSteps": steps,
    })
}

/// The step that makes a policy.
pub(super) fn create(planned: &Planned<'_>, existing: &str) -> Value {
    step("CREATE_POLICY", existing, Some(planned.text.value().to_string()))
}

fn step(action: &str, existing: &str, policy: Option<String>) -> Value {
    let mut own = serde_json::Map::new();
    own.insert("recommendedAction".to_owned(), json!(action));
    policy.into_iter().for_each(|policy| _ = own.insert("recommendedPolicy".to_owned(), json!(policy)));
    own.insert("existingPolicyId".to_owned(), json!(existing));
    json!({"unusedPermissionsRecommendedStep": own})
}

/// What was proved of it; `place` says what is to be added of the policy with a number.
pub fn proof(one: &Recommendation<'_>, place: impl Fn(usize) -> serde_json::Map<String, Value>) -> Value {
    let policy = |(at, policy): (usize, &Recommended<'_>)| {
        let refined = policy.refined.as_ref()?;
        let (label, proposals) = (policy.attached.label(), &refined.proposals);
        let mut out = json!({"policy": label, "obligations": obligations(refined), "notes": notes(refined)});
        if !proposals.is_empty() {
            out["proposals"] = json!(proposals);
        }
        out.as_object_mut().into_iter().for_each(|members| members.extend(place(at)));
        Some(out)
    };
    json!({
        "resource": one.entity.arn,
        "result": one.result.name(),
        "policies": one.policies.iter().enumerate().filter_map(policy).collect::<Vec<_>>(),
        "stack": one.whole.as_ref().map(obligation),
        "replayed": one.replayed,
        "z3": smt::version(),
        "catalog": Catalog::latest().date,
    })
}

/// What is worth knowing of one policy, and what whoever applies it must know.
pub(super) fn notes(refined: &Refined) -> Vec<&String> {
    refined.losses.iter().chain(&refined.notes).collect()
}

/// What was proved of one policy.
pub(super) fn obligations(refined: &Refined) -> Vec<Value> {
    refined.obligations.iter().map(obligation).collect()
}

fn obligation(one: &Proved) -> Value {
    let Proved { id, statement, queries, milliseconds, .. } = one;
    json!({"id": id, "statement": statement, "queries": queries, "milliseconds": milliseconds})
}
