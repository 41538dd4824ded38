//! Results as JSON: the contract that scripts depend on. Members stand in a fixed order.
//!
//! Each answer is a type, so that its schema (`docs/schema/answer.json`) comes from what is written. One file a kind of
//! answer; [`Answer`] is any of them. A member is left out where there is nothing to say, never null.

mod error;
mod outside;
mod refinement;
mod simulation;
mod validation;
mod verdict;

pub use error::{Error, ErrorAnswer, Place, Warning, diagnostic, error, errors};
pub use outside::{OutsideAnswer, outside};
pub use refinement::{
    EMPTY, Proved, REFINED, RefineAnswer, UnprovedAnswer, VERIFIED, VerifyAnswer, failure, refinement, verified,
};
pub use simulation::{Decided, DecidedBy, SimulateAnswer, simulation};
pub use validation::{ValidateAnswer, validation};
pub use verdict::{Element, Explained, VerdictAnswer, outcome};

use super::regions::{self, DiffAnswer};
use super::{Found, Report, explain};
use crate::catalog::Catalog;
use crate::diag::deadline::Expired;
use crate::query::Certificate;
use crate::question::Verdict;
use crate::smt;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// The version of the form of answers and errors: their first member, after the `id` of a line. It changes when a member
/// goes or means something else, not when one comes.
pub const SCHEMA: u32 = 1;

/// The program and its version.
pub const TOOL: &str = concat!("leastwise ", env!("CARGO_PKG_VERSION"));

/// Any answer: to a command under `--format json`, and to a line of `batch` (where the line's `id` stands before it).
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Answer {
    /// PASS, FAIL or UNKNOWN.
    Verdict(VerdictAnswer),
    /// Who outside a zone of trust gets in.
    Outside(OutsideAnswer),
    /// The difference of access between two versions.
    Diff(DiffAnswer),
    /// A refined policy with its proof.
    Refine(RefineAnswer),
    /// A policy that is proved to be a refinement.
    Verify(VerifyAnswer),
    /// An obligation of `refine` or `verify` that was refuted or left open.
    Unproved(UnprovedAnswer),
    /// The decision about one request.
    Simulate(SimulateAnswer),
    /// What `validate` finds in a policy.
    Validate(ValidateAnswer),
    /// A question that was left before it came to a verdict.
    Open(OpenAnswer),
    /// Why there is no answer.
    Error(ErrorAnswer),
}

macro_rules! beside {
    ($($answer:ty),*) => {$(
        impl $answer {
            /// The answer with what is worth knowing about its policies.
            #[must_use]
            pub fn beside(mut self, warnings: Vec<Warning>) -> Self {
                self.warnings = warnings;
                self
            }
        }
    )*};
}

beside!(VerdictAnswer, OutsideAnswer, DiffAnswer, RefineAnswer, VerifyAnswer, UnprovedAnswer, SimulateAnswer, ValidateAnswer);

/// A report as an answer.
pub fn answer(report: &Report) -> Answer {
    let warnings = report.warnings.clone();
    match &report.found {
        Found::Verdict { outcome, explained } => {
            let mut shown = self::outcome(outcome).beside(warnings);
            if let (Some(explained), Verdict::Fail { witness, .. }) = (explained, &outcome.verdict) {
                shown.explanation = Some(explain::json(&explained.named(), witness));
            }
            Answer::Verdict(shown)
        }
        Found::Outside { access, outside } => Answer::Outside(self::outside(access, outside).beside(warnings)),
        Found::Difference { old, new, difference } => Answer::Diff(regions::json(difference, old, new).beside(warnings)),
        Found::Refined { refinement, under } => {
            Answer::Refine(self::refinement(refinement, &under.catalog, &under.settings).beside(warnings))
        }
        Found::Verified { obligations, notes, under } => {
            Answer::Verify(verified(obligations, &under.catalog, &under.settings, notes.clone()).beside(warnings))
        }
        Found::Unproved { verifies, failure, notes, under } => {
            let check = if *verifies { Check::Verify } else { Check::Refine };
            Answer::Unproved(self::failure(check, failure, &under.catalog, notes.clone()).beside(warnings))
        }
        Found::Simulated(simulation) => Answer::Simulate(self::simulation(simulation).beside(warnings)),
        Found::Validated { source, findings, fails } => Answer::Validate(validation(source, findings, *fails).beside(warnings)),
    }
}

/// A report as JSON.
pub fn report(report: &Report) -> Value {
    value(&answer(report))
}

/// An answer as JSON.
pub fn value(answer: &impl Serialize) -> Value {
    serde_json::to_value(answer).expect("keys are strings, numbers are finite")
}

/// A check that ends in a verdict of one property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names of the commands")]
pub enum Check {
    NoNewAccess,
    AccessNotGranted,
    NoPublicAccess,
    Equivalent,
    OutsideAccess,
    Diff,
    Refine,
    Verify,
}

impl Check {
    /// Of its name, or of the alias with `check-` before it.
    pub fn of(name: &str) -> Option<Self> {
        Some(match name.strip_prefix("check-").unwrap_or(name) {
            "no-new-access" => Self::NoNewAccess,
            "access-not-granted" => Self::AccessNotGranted,
            "no-public-access" => Self::NoPublicAccess,
            "equivalent" => Self::Equivalent,
            "outside-access" => Self::OutsideAccess,
            "diff" => Self::Diff,
            "refine" => Self::Refine,
            "verify" => Self::Verify,
            _ => return None,
        })
    }
}

/// What an answer says of its property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Result {
    /// It holds: proved.
    Pass,
    /// It does not: shown by a request that was replayed.
    Fail,
    /// Not decided; `message` says why.
    Unknown,
}

/// What made an answer.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Versions {
    /// The version of Z3.
    pub z3: String,
    /// The program and its version, such as `leastwise 0.1.0`.
    pub tool: &'static str,
    /// The day that the catalog of actions describes, `YYYY-MM-DD`.
    pub catalog: String,
}

/// What a verdict rests on.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Proof {
    /// `automata`: no query was needed; `z3`: automata, and Z3 for what they left open; `z3-strings`: Z3, whole formula.
    pub engine: &'static str,
    /// How many groups of actions the automata decided, and queries Z3 answered.
    pub obligations: usize,
    /// The version of Z3.
    pub z3: String,
    /// Wall-clock time.
    pub milliseconds: f64,
    /// The program and its version, such as `leastwise 0.1.0`.
    pub tool: &'static str,
    /// The day that the catalog of actions describes, `YYYY-MM-DD`.
    pub catalog: String,
    /// What Z3 checked of a PASS, where it was asked to.
    #[serde(rename = "checkedByZ3", skip_serializing_if = "Option::is_none")]
    pub checked: Option<CheckedByZ3>,
    /// Of a refinement, each obligation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proved: Option<Vec<Proved>>,
}

/// What Z3 checked of the automata's proof.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckedByZ3 {
    /// How many lemmas: these patterns with these signs have no common text.
    pub lemmas: usize,
    /// How many propositional formulas over them.
    pub propositional: usize,
    /// Whether it confirmed that the groups of actions cover every action.
    pub action_groups: bool,
}

impl From<&Certificate> for CheckedByZ3 {
    fn from(checked: &Certificate) -> Self {
        Self { lemmas: checked.lemmas, propositional: checked.propositional, action_groups: checked.classes }
    }
}

/// What a verdict rests on; the catalog by its date.
pub(super) fn proof(engine: &'static str, obligations: usize, milliseconds: f64, catalog: &str) -> Proof {
    let Versions { z3, tool, catalog } = versions(catalog);
    Proof { engine, obligations, z3, milliseconds, tool, catalog, checked: None, proved: None }
}

/// What made an answer; the catalog by its date.
pub fn versions(catalog: &str) -> Versions {
    Versions { z3: smt::version(), tool: TOOL, catalog: catalog.to_owned() }
}

/// A question that was left, at a limit, before it came to a verdict.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct OpenAnswer {
    schema: Schema,
    check: Check,
    result: Result,
    message: String,
    proof: Versions,
}

/// The version of the form of answers: 1.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[schemars(extend("const" = SCHEMA))]
pub struct Schema(u32);

impl Schema {
    /// That of this program.
    pub const THIS: Self = Self(SCHEMA);
}

/// The code of what has no verdict and was not done within its budget.
pub const OUT_OF_BUDGET: &str = "out-of-budget";

/// The verdict of a check that was left before it came to one; `None` for what has no verdict.
pub fn out_of_budget(check: &str, expired: &Expired) -> Option<Value> {
    let message = format!("The answer is unknown: {expired}.");
    let open =
        |check| OpenAnswer { schema: Schema::THIS, check, result: Result::Unknown, message, proof: versions(Catalog::LATEST) };
    Check::of(check).map(|check| value(&open(check)))
}
