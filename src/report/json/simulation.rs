//! The decision about one request.

use super::{Result, Schema, Versions, Warning, versions};
use crate::catalog::Catalog;
use crate::eval::Decision;
use crate::simulate::Simulation;
use schemars::JsonSchema;
use serde::Serialize;

/// The answer to `simulate`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SimulateAnswer {
    schema: Schema,
    #[schemars(extend("const" = "simulate"))]
    check: &'static str,
    /// `UNKNOWN` where the decision hangs on a value that no documentation can read; it is then the one that allows least.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Result>,
    decision: Decided,
    /// The statements that decide.
    decided_by: Vec<DecidedBy>,
    /// Of an implicit deny: what does not allow it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_allowed_by: Vec<String>,
    /// The keys that the request does not give, and that could change the decision.
    #[serde(rename = "missingContextValues", skip_serializing_if = "Vec::is_empty")]
    missing: Vec<String>,
    /// What is odd about the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    proof: Versions,
    /// What is worth knowing about the policies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[allow(missing_docs, reason = "AWS's names")]
pub enum Decided {
    Allowed,
    ImplicitlyDenied,
    ExplicitlyDenied,
}

/// A statement that decides.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecidedBy {
    /// The policy, by its name in the stack.
    policy: String,
    /// The statement's place in it, from 0.
    statement_index: usize,
}

/// A simulation.
pub fn simulation(simulation: &Simulation) -> SimulateAnswer {
    let by = |(policy, index): &(String, usize)| DecidedBy { policy: policy.clone(), statement_index: *index };
    SimulateAnswer {
        schema: Schema::THIS,
        check: "simulate",
        result: simulation.is_unknown.then_some(Result::Unknown),
        decision: match simulation.decision {
            Decision::Allowed => Decided::Allowed,
            Decision::ImplicitlyDenied => Decided::ImplicitlyDenied,
            Decision::ExplicitlyDenied => Decided::ExplicitlyDenied,
        },
        decided_by: simulation.decided_by.iter().map(by).collect(),
        not_allowed_by: simulation.not_allowed_by.clone(),
        missing: simulation.missing.clone(),
        notes: simulation.notes.clone(),
        proof: versions(Catalog::LATEST),
        warnings: Vec::new(),
    }
}
