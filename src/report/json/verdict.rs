//! A verdict: PASS, FAIL with the statements to blame and a witness, or UNKNOWN.

use super::{Check, CheckedByZ3, Proof, Result, Schema, Warning, proof};
use crate::catalog::Catalog;
use crate::question::{self, Outcome, Verdict};
use crate::request::request_json::{self, Written};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// The answer to `no-new-access`, `access-not-granted`, `no-public-access` and `equivalent`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct VerdictAnswer {
    schema: Schema,
    check: Check,
    result: Result,
    /// The result in a sentence.
    message: String,
    /// Of a FAIL: every statement to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    reasons: Option<Vec<Reason>>,
    /// Of a FAIL: a request that shows it, replayed.
    #[serde(skip_serializing_if = "Option::is_none")]
    witness: Option<Written>,
    /// What is worth knowing beside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    proof: Proof,
    /// Of a FAIL under `--explain`: statement by statement, what matches the witness.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Vec<Explained>>,
    /// What is worth knowing about the policies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

/// A statement that is to blame.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Reason {
    /// In a sentence.
    description: String,
    /// Its place in its policy, from 0.
    statement_index: usize,
    /// The policy's name in the stack; absent of a policy alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    /// Its Sid, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    statement_id: Option<String>,
    /// The action patterns of it that are to blame, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    actions: Option<Vec<String>>,
    /// Its NotAction, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_actions: Option<Vec<String>>,
    /// The principals of it that are to blame: kind and text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    principals: Vec<BTreeMap<&'static str, String>>,
    /// What of the other side did not allow it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lifted: Vec<Lifted>,
}

/// A Deny, a boundary or a level of control policies that does not hold the access off any more.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Lifted {
    /// In words.
    description: String,
    /// The policy's name in the stack; absent of a policy alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    /// The Deny statement's place in its policy, from 0, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    statement_index: Option<usize>,
    /// Its Sid, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    statement_id: Option<String>,
}

/// A statement, held against the witness.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Explained {
    /// Which policy it stands in.
    pub policy: String,
    /// Its place in its policy, from 0.
    pub statement_index: usize,
    /// `Allow` or `Deny`.
    pub effect: String,
    /// Whether it applies: every element matches.
    pub applies: bool,
    /// Its elements.
    pub elements: Vec<Element>,
}

/// An element of a statement, held against the witness.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Element {
    /// The element, and of a condition its operator and key.
    pub element: String,
    /// Whether it matches.
    pub matched: bool,
    /// Where it stands, from 1.
    pub line: usize,
    /// Where it stands, from 1.
    pub column: usize,
    /// What the request has there; empty where the key is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<String>>,
}

/// A verdict.
pub fn outcome(outcome: &Outcome) -> VerdictAnswer {
    let result = match &outcome.verdict {
        Verdict::Pass => Result::Pass,
        Verdict::Fail { .. } => Result::Fail,
        Verdict::Unknown(_) => Result::Unknown,
    };
    let (reasons, witness) = match &outcome.verdict {
        Verdict::Fail { reasons, witness } => {
            (Some(reasons.iter().map(Reason::from).collect()), Some(request_json::written(witness)))
        }
        Verdict::Pass | Verdict::Unknown(_) => (None, None),
    };
    let question::Proof { engine, obligations, milliseconds, .. } = outcome.proof;
    let checked = outcome.checked.as_ref().filter(|_| result == Result::Pass).map(CheckedByZ3::from);
    VerdictAnswer {
        schema: Schema::THIS,
        check: Check::of(outcome.check).expect("every question is a check"),
        result,
        message: outcome.message.clone(),
        reasons,
        witness,
        notes: outcome.notes.clone(),
        proof: Proof { checked, ..proof(engine, obligations, milliseconds, Catalog::LATEST) },
        explanation: None,
        warnings: Vec::new(),
    }
}

impl From<&question::Reason> for Reason {
    fn from(reason: &question::Reason) -> Self {
        let listed = (!reason.actions.is_empty()).then(|| reason.actions.clone());
        let (actions, not_actions) = if reason.not_action { (None, listed) } else { (listed, None) };
        Self {
            description: reason.description.clone(),
            statement_index: reason.statement_index,
            policy: reason.policy.clone(),
            statement_id: reason.statement_id.clone(),
            actions,
            not_actions,
            principals: reason.principals.iter().map(|(kind, who)| BTreeMap::from([(*kind, who.clone())])).collect(),
            lifted: reason.lifted.iter().map(Lifted::from).collect(),
        }
    }
}

impl From<&question::Lifted> for Lifted {
    fn from(lifted: &question::Lifted) -> Self {
        let question::Lifted { description, policy, statement_index, statement_id } = lifted.clone();
        Self { description, policy, statement_index, statement_id }
    }
}
