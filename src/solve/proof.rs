//! What a refutation rests on, for Z3 to judge: lemmas about single attributes, and one propositional formula.
//!
//! A lemma says that some tests of one attribute, signed so, have no common value. Each is a small query of string theory
//! (or of numbers, or of bits); the formula with all its lemmas as clauses is a propositional one. If Z3 says `unsat` to
//! all of them, the refutation needs no automaton.

use super::search::{Lemma, Node};

/// A refuted formula with the lemmas that refute it.
#[derive(Debug, Clone)]
pub struct Refutation {
    pub(super) formula: Node,
    pub(super) lemmas: Vec<Lemma>,
}
