//! What is asked of policies, and what is answered.
//!
//! Every question is a property over all requests, and comes down to one search: is there a request that one policy
//! allows, another does not, within a scope of actions and resources ([`ask`])? None: PASS. Some: FAIL, with every
//! statement that is to blame and a witness. Not decided within the budget: UNKNOWN, with the limit or the construct.
//!
//! Invariants: FAIL only with a witness that the evaluator has replayed; PASS only if every query was `unsat`. A witness
//! that does not replay is [`InternalError`], never a verdict.
//!
//! The wording follows IAM Access Analyzer's custom policy checks.

pub mod access_not_granted;
mod actions;
pub mod ask;
pub mod emit;
pub mod equivalent;
pub mod no_new_access;
mod propose;
mod strings;
mod tidy;

use crate::diag::Budget;
use crate::policy::{ArnMatching, Policy, Request};
use std::time::Instant;

/// How a question is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Engine {
    /// Split by action, then ask Z3's string theory about resources, principals and conditions.
    #[default]
    Auto,
    /// One whole formula for Z3's string theory, the action in it: the plain encoding of the papers.
    Strings,
}

/// What every question takes beside its policies.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings {
    /// How to decide.
    pub engine: Engine,
    /// How far wildcards reach in ARNs.
    pub matching: ArnMatching,
    /// What it may cost.
    pub budget: Budget,
}

/// PASS, FAIL or UNKNOWN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The property holds: proved.
    Pass,
    /// It does not: shown by a request.
    Fail {
        /// Every statement that is to blame, in order.
        reasons: Vec<Reason>,
        /// A request that shows it.
        witness: Box<Request>,
    },
    /// Not decided: why.
    Unknown(String),
}

/// One statement that is to blame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// In AWS's words.
    pub description: String,
    /// The statement's place, from 0.
    pub statement_index: usize,
    /// Its Sid, if it has one.
    pub statement_id: Option<String>,
}

/// A verdict with how it came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Which question, by its command's name.
    pub check: &'static str,
    /// The verdict.
    pub verdict: Verdict,
    /// The verdict in a sentence, in AWS's words where AWS has them.
    pub message: String,
    /// What it rests on.
    pub proof: Proof,
    /// What is worth knowing beside it.
    pub notes: Vec<String>,
}

/// What a verdict rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    /// `automata` (the classes of actions alone, or a replayed guess), `z3` (split by action, then strings) or
    /// `z3-strings` (whole formula).
    pub engine: &'static str,
    /// How many queries Z3 answered.
    pub obligations: usize,
    /// Wall-clock time.
    pub milliseconds: f64,
}

/// Something that must not happen: two meanings disagree. Never a verdict.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("internal error: {0}; please report it with the input")]
pub struct InternalError(pub String);

impl Engine {
    /// Its name in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "z3",
            Self::Strings => "z3-strings",
        }
    }
}

impl Proof {
    fn since(started: Instant, settings: &Settings, obligations: usize) -> Self {
        let milliseconds = (started.elapsed().as_secs_f64() * 1e6).round() / 1e3;
        // Without a query, the actions' classes or a replayed guess decided.
        let engine = if obligations == 0 { "automata" } else { settings.engine.name() };
        Self { engine, obligations, milliseconds }
    }
}

/// The reasons for the statements of these indexes; `words` says what a statement does, up to "in the statement".
fn reasons(policy: &Policy, statements: &[usize], words: &str) -> Vec<Reason> {
    let mut out = Vec::new();
    for index in statements {
        let Some(statement) = policy.statements.get(*index) else { continue };
        let description = match &statement.sid {
            Some(sid) => format!("{words} in the statement with sid: {sid}."),
            None => format!("{words} in the statement with index: {index}."),
        };
        out.push(Reason { description, statement_index: *index, statement_id: statement.sid.clone() });
    }
    out
}
