//! A refined policy with its proof, a policy that was verified to be one, or the obligation that failed.

use super::{Check, CheckedByZ3, Proof, Result, Schema, Versions, Warning, proof, versions};
use crate::catalog::Catalog;
use crate::question::{Engine, Settings};
use crate::refine::Refinement;
use crate::refine::obligations::{Failure, Obligation, ObligationId};
use crate::request::request_json::{self, Written};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// The answer to `refine`, where all obligations were proved.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefineAnswer {
    schema: Schema,
    check: Check,
    result: Result,
    /// The result in a sentence.
    message: &'static str,
    /// The refined policy.
    policy: Value,
    /// `DETACH_POLICY` where the refined policy grants nothing any more, else `CREATE_POLICY`.
    recommended_action: &'static str,
    /// What changed.
    changes: Vec<Change>,
    /// What is worth knowing beside it.
    notes: Vec<String>,
    catalog: CatalogName,
    proof: Proof,
    /// What is worth knowing about the policy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

/// What became of one action pattern.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Change {
    /// The statement's place in the original, from 0.
    statement_index: usize,
    /// The pattern as it stood; `NotAction` for entries that were added.
    pattern: String,
    /// What stands instead; nothing if it went.
    replaced_by: Vec<String>,
}

/// Which catalog counts.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct CatalogName {
    /// `latest`, `2024-06`, or a file's name.
    name: String,
    /// The day that it describes, `YYYY-MM-DD`; `unknown` if a file does not say.
    date: String,
}

/// An obligation that was proved.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Proved {
    /// `O1` to `O4`.
    id: &'static str,
    /// What was proved, in a sentence.
    statement: &'static str,
    /// How many queries Z3 answered with `unsat`.
    queries: usize,
    /// What Z3 checked of the automata's part.
    #[serde(rename = "checkedByZ3", skip_serializing_if = "Option::is_none")]
    checked: Option<CheckedByZ3>,
    /// Wall-clock time.
    milliseconds: f64,
}

/// The answer to `verify`, where all obligations were proved.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct VerifyAnswer {
    schema: Schema,
    check: Check,
    result: Result,
    /// The result in a sentence.
    message: &'static str,
    catalog: CatalogName,
    /// What is worth knowing beside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    proof: Proof,
    /// What is worth knowing about the policies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

/// The answer to `refine` or `verify`, where an obligation was refuted (FAIL) or left open (UNKNOWN).
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnprovedAnswer {
    schema: Schema,
    check: Check,
    result: Result,
    /// What went wrong, in a sentence.
    message: String,
    /// `O1` to `O4`.
    failed_obligation: &'static str,
    /// A request that shows it, replayed; absent for O4 and where it was left open.
    #[serde(skip_serializing_if = "Option::is_none")]
    witness: Option<Written>,
    catalog: CatalogName,
    /// What is worth knowing beside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    proof: Versions,
    /// What is worth knowing about the policies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

/// What is said of a refined policy that grants something.
pub const REFINED: &str = "The refined policy is the original without the unused permissions.";
/// What is said of one that grants nothing any more.
pub const EMPTY: &str = "Nothing that the policy grants is in use: detach it.";
/// What is said of a verified policy.
pub const VERIFIED: &str = "The refined policy is the original without the unused permissions, and least general.";

fn proved(obligations: &[Obligation], settings: &Settings, catalog: &Catalog) -> Proof {
    let queries = obligations.iter().map(|obligation| obligation.queries).sum();
    let milliseconds: f64 = obligations.iter().map(|obligation| obligation.milliseconds).sum();
    let engine = if settings.engine == Engine::Auto { "z3" } else { settings.engine.name() };
    let each = obligations.iter().map(|proved| Proved {
        id: proved.id.name(),
        statement: proved.statement,
        queries: proved.queries,
        checked: (proved.id != ObligationId::O4).then(|| CheckedByZ3::from(&proved.checked)),
        milliseconds: proved.milliseconds,
    });
    Proof { proved: Some(each.collect()), ..proof(engine, queries, (milliseconds * 1e3).round() / 1e3, &catalog.date) }
}

fn name(catalog: &Catalog) -> CatalogName {
    CatalogName { name: catalog.name.clone(), date: catalog.date.clone() }
}

/// A refined policy with its proof.
pub fn refinement(refinement: &Refinement, catalog: &Catalog, settings: &Settings) -> RefineAnswer {
    let changes = refinement.changes.iter().map(|change| Change {
        statement_index: change.statement_index,
        pattern: change.pattern.clone(),
        replaced_by: change.replaced_by.clone(),
    });
    RefineAnswer {
        schema: Schema::THIS,
        check: Check::Refine,
        result: Result::Pass,
        message: if refinement.is_empty { EMPTY } else { REFINED },
        policy: serde_json::from_str(&refinement.policy.to_string()).expect("a printed policy is JSON"),
        recommended_action: if refinement.is_empty { "DETACH_POLICY" } else { "CREATE_POLICY" },
        changes: changes.collect(),
        notes: refinement.notes.clone(),
        catalog: name(catalog),
        proof: proved(&refinement.obligations, settings, catalog),
        warnings: Vec::new(),
    }
}

/// A refined policy from anywhere that was proved, with notes.
pub fn verified(obligations: &[Obligation], catalog: &Catalog, settings: &Settings, notes: Vec<String>) -> VerifyAnswer {
    VerifyAnswer {
        schema: Schema::THIS,
        check: Check::Verify,
        result: Result::Pass,
        message: VERIFIED,
        catalog: name(catalog),
        notes,
        proof: proved(obligations, settings, catalog),
        warnings: Vec::new(),
    }
}

/// An obligation that was refuted or left open, with notes.
pub fn failure(check: Check, failure: &Failure, catalog: &Catalog, notes: Vec<String>) -> UnprovedAnswer {
    UnprovedAnswer {
        schema: Schema::THIS,
        check,
        result: if failure.unknown { Result::Unknown } else { Result::Fail },
        message: failure.message.clone(),
        failed_obligation: failure.id.name(),
        witness: failure.witness.as_ref().map(request_json::written),
        catalog: name(catalog),
        notes,
        proof: versions(&catalog.date),
        warnings: Vec::new(),
    }
}
