//! Does one policy allow one concrete request?
//!
//! The first of the independent meanings: plain evaluation, statement by statement, over concrete values. An explicit
//! Deny wins, then an Allow, else the request is implicitly denied. Every witness that a question reports was replayed
//! here first. Nothing is shared with `encode/` but the IR.
//!
//! Source: IAM User Guide, "How AWS enforcement code logic evaluates requests to allow or deny access".

mod condition;
mod principal;
mod resource;
mod text;

use crate::document::Effect;
use crate::policy::{ArnMatching, Policy, Request, Statement};

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Decision {
    /// Some Allow applies and no Deny.
    Allowed,
    /// No statement applies.
    ImplicitlyDenied,
    /// Some Deny applies.
    ExplicitlyDenied,
}

impl Decision {
    /// AWS's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allowed => "Allowed",
            Self::ImplicitlyDenied => "ImplicitlyDenied",
            Self::ExplicitlyDenied => "ExplicitlyDenied",
        }
    }
}

/// A decision and the statements that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// The decision.
    pub decision: Decision,
    /// Indexes of the Deny statements that apply, or else of the Allow statements that apply.
    pub decided_by: Vec<usize>,
}

/// Decides one request under one policy.
pub fn evaluate(policy: &Policy, request: &Request, matching: ArnMatching) -> Evaluation {
    let applying = |effect: Effect| -> Vec<usize> {
        let of_effect = policy.statements.iter().filter(|statement| statement.effect == effect);
        of_effect.filter(|statement| applies(statement, request, matching)).map(|statement| statement.index).collect()
    };
    let denies = applying(Effect::Deny);
    if !denies.is_empty() {
        return Evaluation { decision: Decision::ExplicitlyDenied, decided_by: denies };
    }
    let allows = applying(Effect::Allow);
    let decision = if allows.is_empty() { Decision::ImplicitlyDenied } else { Decision::Allowed };
    Evaluation { decision, decided_by: allows }
}

/// Whether a policy allows a request.
pub fn allows(policy: &Policy, request: &Request, matching: ArnMatching) -> bool {
    evaluate(policy, request, matching).decision == Decision::Allowed
}

/// Whether a statement applies to a request: principal, action, resource and every condition match.
pub fn applies(statement: &Statement, request: &Request, matching: ArnMatching) -> bool {
    statement.action.applies(&request.action.to_ascii_lowercase()) && applies_beyond_action(statement, request, matching)
}

/// Whether principal, resource and every condition of a statement match; for callers that know that its action does.
pub fn applies_beyond_action(statement: &Statement, request: &Request, matching: ArnMatching) -> bool {
    statement.principal.as_ref().is_none_or(|principal| principal::applies(principal, request))
        && statement.resource.as_ref().is_none_or(|resource| resource::applies(resource, request, matching))
        && statement.conditions.iter().all(|condition| condition::holds(condition, request))
}

/// Whether one condition holds for a request.
pub fn condition_holds(condition: &crate::policy::Condition, request: &Request) -> bool {
    condition::holds(condition, request)
}

/// Whether one of these resource patterns, written as in a policy without variables, matches a resource.
pub fn resource_matches(patterns: &[crate::policy::ResourcePattern], request: &Request, matching: ArnMatching) -> bool {
    patterns.iter().any(|pattern| resource::matches(pattern, request, matching))
}
