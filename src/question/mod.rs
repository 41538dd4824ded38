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
mod blame;
mod causes;
mod closed;
mod completeness;
pub mod confirm;
pub mod difference;
pub mod emit;
pub mod equivalent;
mod formula;
mod lifted;
pub mod no_new_access;
pub mod no_public_access;
pub mod outside_access;
mod partitions;
mod propose;
pub mod reach;
mod realistic;
mod regexes;
mod region_actions;
mod replay;
mod shared_providers;
mod strings;
mod tidy;
pub mod unknown_policy;
pub mod unreadable;
mod untrusted;
mod worlds;
mod z3;
mod zone;

pub use blame::place;

use crate::diag::{Budget, Source, Span};
use crate::policy::{ArnMatching, Readings, Request};
use std::time::Instant;

/// How a question is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Engine {
    /// Split by action; automata decide resources, principals and conditions, Z3's string theory what they leave open.
    #[default]
    Auto,
    /// One whole formula for Z3's string theory, the action in it: the plain encoding of the papers.
    Strings,
    /// The same with one regular expression for each list of patterns, asked once: the baseline of the benchmarks. A FAIL
    /// names the statements that grant its witness only.
    Regexes,
}

/// What every question takes beside its policies.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How to decide.
    pub engine: Engine,
    /// How far wildcards reach in ARNs.
    pub matching: ArnMatching,
    /// How policies are read that a question reads by itself: those of a refinement. Others come as they are read.
    pub readings: Readings,
    /// What it may cost.
    pub budget: Budget,
    /// Whether only actions of the catalog count: the closed-world question.
    pub catalog_actions: bool,
    /// Whether Z3 checks every lemma that the automata's proof rests on, and the propositional part.
    pub prove: bool,
    /// Whether Z3 may be asked; if not, what the automata leave open is unknown.
    pub z3: bool,
    /// Whether to look for a witness that AWS could receive today, if the first one is none.
    pub realistic: bool,
}

impl Settings {
    /// The same question for the other engine, to compare the verdicts; its witness is not shown.
    #[must_use]
    pub fn crossed(&self) -> Self {
        let engine = if self.engine == Engine::Auto { Engine::Strings } else { Engine::Auto };
        Self { engine, prove: false, realistic: false, ..*self }
    }
}

impl Default for Settings {
    fn default() -> Self {
        let (engine, matching, budget) = (Engine::default(), ArnMatching::default(), Budget::default());
        let readings = Readings::default();
        Self { engine, matching, readings, budget, catalog_actions: false, prove: false, z3: true, realistic: true }
    }
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
#[non_exhaustive]
pub struct Reason {
    /// In AWS's words.
    pub description: String,
    /// The policy of the stack that it stands in; `None` for a policy alone.
    pub policy: Option<String>,
    /// The text and the place in it.
    pub source: Source,
    /// The action pattern that matches the witness's action, or else the first that is to blame; of a `NotAction` all.
    pub span: Span,
    /// The statement's place in its policy, from 0.
    pub statement_index: usize,
    /// Its Sid, if it has one.
    pub statement_id: Option<String>,
    /// Every action pattern of it through which there is such a request, as written; of a `NotAction` the whole list.
    pub actions: Vec<String>,
    /// Whether they stand under `NotAction`.
    pub not_action: bool,
    /// Every principal that it lists and through which there is such a request, as kind and text.
    pub principals: Vec<(&'static str, String)>,
    /// What of the other side does not allow some such request.
    pub lifted: Vec<Lifted>,
}

/// A Deny, a boundary or a level of control policies of the other side that does not allow what is found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lifted {
    /// In words.
    pub description: String,
    /// The policy of the stack; `None` for a policy alone.
    pub policy: Option<String>,
    /// The place of the Deny statement in its policy, from 0, if it is one.
    pub statement_index: Option<usize>,
    /// Its Sid, if it has one.
    pub statement_id: Option<String>,
}

/// A verdict with how it came about.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Outcome {
    /// Which question, by its command's name.
    pub check: &'static str,
    /// The verdict.
    pub verdict: Verdict,
    /// The verdict in a sentence, in AWS's words where AWS has them.
    pub message: String,
    /// What it rests on.
    pub proof: Proof,
    /// What Z3 checked of it, under [`Settings::prove`].
    pub checked: Option<confirm::Checked>,
    /// What is worth knowing beside it.
    pub notes: Vec<String>,
}

/// What a verdict rests on.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Proof {
    /// `automata` (no query was needed), `z3` (automata, and Z3's string theory for what they left open) or `z3-strings`
    /// (whole formula; `z3-regexes`: the baseline).
    pub engine: &'static str,
    /// How many groups of actions the automata decided, and queries Z3 answered.
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
            Self::Regexes => "z3-regexes",
        }
    }
}

impl Proof {
    fn since<'f>(started: Instant, settings: &Settings, found: impl IntoIterator<Item = &'f ask::Found>) -> Self {
        let milliseconds = (started.elapsed().as_secs_f64() * 1e6).round() / 1e3;
        let (mut queries, mut decided) = (0, 0);
        for found in found {
            queries += found.queries;
            decided += found.decided;
        }
        // Without a query, the automata decided.
        let engine = if queries == 0 { "automata" } else { settings.engine.name() };
        Self { engine, obligations: queries + decided, milliseconds }
    }
}
