//! What did Z3 check of a proof?
//!
//! The automata's proofs come apart into obligations, formulas that cannot be true; a certificate lists those that Z3
//! refuted, each with its text for another solver.

use crate::smt::{self, Formula};
use std::collections::HashSet;
use std::fmt;

/// What an obligation says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ObligationKind {
    /// Tests of one attribute, signed so, have no common value.
    Lemma,
    /// With the lemmas, the statements cannot be as the query needs them.
    Propositional,
    /// The groups of actions cover every action.
    Classes,
    /// A refinement is least general.
    LeastGeneral,
}

impl ObligationKind {
    /// Its name in proofs and file names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lemma => "lemma",
            Self::Propositional => "propositional",
            Self::Classes => "classes",
            Self::LeastGeneral => "O4",
        }
    }
}

impl fmt::Display for ObligationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Something for Z3 to refute: `unsat` is expected.
#[derive(Debug, Clone, PartialEq)]
pub struct Obligation {
    /// What kind of thing it is.
    pub kind: ObligationKind,
    /// What it says, in a sentence.
    pub about: String,
    /// The formula that cannot be true.
    pub formula: Formula,
}

/// What Z3 checked of the automata's proofs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Certificate {
    /// Lemmas about single attributes, equal ones once.
    pub lemmas: usize,
    /// Propositional formulas.
    pub propositional: usize,
    /// Whether Z3 also confirmed that the groups of actions cover every action; it is an automaton's word otherwise.
    pub classes: bool,
    /// Everything that was checked, `unsat` each.
    pub obligations: Vec<Confirmed>,
}

/// One thing that Z3 refuted, as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmed {
    /// What kind of thing it is.
    pub kind: ObligationKind,
    /// What it says, in a sentence.
    pub about: String,
    /// The question as an SMT-LIB 2.6 file.
    pub script: String,
}

impl From<&Obligation> for Confirmed {
    fn from(obligation: &Obligation) -> Self {
        let Obligation { kind, about, formula } = obligation;
        let question = format!("{kind}: {about}. unsat: it is so.");
        let script = smt::smtlib::script(&question, "unsat", std::slice::from_ref(formula));
        Self { kind: *kind, about: about.clone(), script }
    }
}

impl Certificate {
    /// What was checked in both of two searches.
    pub fn and(mut self, other: Self) -> Self {
        self.lemmas += other.lemmas;
        self.propositional += other.propositional;
        self.classes &= other.classes;
        self.obligations.extend(other.obligations);
        self
    }

    /// What was checked in all of these searches, equal obligations once.
    pub fn together(all: impl IntoIterator<Item = Self>) -> Self {
        let empty = Self { classes: true, ..Self::default() };
        let mut out = all.into_iter().fold(empty, Self::and);
        let mut seen = HashSet::new();
        out.obligations.retain(|obligation| seen.insert(obligation.script.clone()));
        let count = |kind: ObligationKind| out.obligations.iter().filter(|obligation| obligation.kind == kind).count();
        (out.lemmas, out.propositional) = (count(ObligationKind::Lemma), count(ObligationKind::Propositional));
        out
    }
}
