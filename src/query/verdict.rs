//! What is answered to a question: the verdict, what is to blame, and what the answer rests on.
//!
//! The wording follows IAM Access Analyzer's custom policy checks.

use super::{Certificate, SearchResult, Settings, Unknown};
use crate::diag::{Source, Span};
use crate::request::Request;
use std::time::Instant;

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
    Unknown(Unknown),
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
    pub checked: Option<Certificate>,
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
    /// Whether something was left open that Z3, had it been asked ([`Settings::z3`]), could have decided.
    pub needs_z3: bool,
}

/// Something that must not happen: two meanings disagree. Never a verdict.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("internal error: {0}; please report it with the input")]
pub struct InternalError(pub String);

impl Proof {
    /// What these searches rest on, begun at this time.
    pub fn since<'f>(started: Instant, settings: &Settings, found: impl IntoIterator<Item = &'f SearchResult>) -> Self {
        let milliseconds = (started.elapsed().as_secs_f64() * 1e6).round() / 1e3;
        let (mut queries, mut decided, mut needs_z3) = (0, 0, false);
        for found in found {
            queries += found.queries;
            decided += found.decided;
            needs_z3 |= found.needs_z3 || found.unknown.as_ref().is_some_and(Unknown::is_for_z3);
        }
        // Without a query, the automata decided.
        let engine = if queries == 0 { "automata" } else { settings.engine.name() };
        Self { engine, obligations: queries + decided, milliseconds, needs_z3 }
    }
}
