//! Who outside a zone of trust gets in.

use super::{Check, CheckedByZ3, Proof, Result, Schema, Warning, proof};
use crate::catalog::Catalog;
use crate::policy::Access;
use crate::question;
use crate::question::outside_access::Outside;
use crate::request::request_json::{self, Written};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The answer to `outside-access`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct OutsideAnswer {
    schema: Schema,
    check: Check,
    result: Result,
    /// The result in a sentence.
    message: String,
    /// Each entry of a principal list that lets somebody from outside in; complete unless a note says otherwise.
    findings: Vec<Finding>,
    /// What is worth knowing beside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    proof: Proof,
    /// What is worth knowing about the policies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

/// An entry that lets somebody from outside in.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Finding {
    /// The entry: kind and text.
    principal: BTreeMap<&'static str, String>,
    /// Whether nothing pins who can use it.
    is_public: bool,
    /// Whether only services get in through it, for somebody outside or for nobody that is known.
    service: bool,
    /// The statement's action patterns that reach somebody outside, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<Vec<String>>,
    /// Its NotAction, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_action: Option<Vec<String>>,
    /// The statement's Condition, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<Value>,
    /// The policy's name in the stack; absent of a policy alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    /// The statement's place in its policy, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    statement_index: Option<usize>,
    /// Its Sid, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    statement_id: Option<String>,
    /// A request that shows it, replayed.
    witness: Written,
    /// What is worth knowing about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

impl Finding {
    fn of(access: &Access, finding: &question::outside_access::Finding) -> Self {
        let (kind, who) = &finding.principal;
        let mut out = Self {
            principal: BTreeMap::from([(*kind, who.clone())]),
            is_public: finding.is_public,
            service: finding.service,
            action: None,
            not_action: None,
            condition: None,
            policy: None,
            statement_index: None,
            statement_id: None,
            witness: request_json::written(&finding.witness),
            notes: finding.notes.clone(),
        };
        if let Some((member, statement)) = access.statement(finding.number) {
            let listed = Some(finding.actions.clone());
            (out.action, out.not_action) = if statement.action.negated { (None, listed) } else { (listed, None) };
            let text = member.policy.source.text.get(statement.span.start..statement.span.end).unwrap_or_default();
            let written: Value = serde_json::from_str(text).unwrap_or_default();
            out.condition = Some(written.get("Condition").cloned().unwrap_or_else(|| json!({})));
            out.policy = (!access.is_alone()).then(|| member.name.clone());
            out.statement_index = Some(statement.index);
            out.statement_id = statement.sid.clone();
        }
        out
    }
}

/// Who outside a zone of trust gets access.
pub fn outside(access: &Access, outside: &Outside) -> OutsideAnswer {
    let (result, message) = match (outside.findings.is_empty(), &outside.unknown) {
        (true, None) => (Result::Pass, "Nobody outside the zone of trust gets access.".to_owned()),
        (true, Some(why)) => (Result::Unknown, format!("Whether somebody outside gets access is unknown: {why}.")),
        (false, _) => (Result::Fail, "Somebody outside the zone of trust gets access.".to_owned()),
    };
    let more = outside.unknown.as_ref().filter(|_| result == Result::Fail);
    let more = more.map(|why| format!("there may be more findings, something is unknown: {why}"));
    let checked = outside.checked.as_ref().map(CheckedByZ3::from);
    let question::Proof { engine, obligations, milliseconds, .. } = outside.proof;
    OutsideAnswer {
        schema: Schema::THIS,
        check: Check::OutsideAccess,
        result,
        message,
        findings: outside.findings.iter().map(|finding| Finding::of(access, finding)).collect(),
        notes: outside.notes.iter().cloned().chain(more).collect(),
        proof: Proof { checked, ..proof(engine, obligations, milliseconds, Catalog::LATEST) },
        warnings: Vec::new(),
    }
}
