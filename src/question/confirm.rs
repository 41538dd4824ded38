//! Does Z3 confirm what the automata found? Every lemma, the propositional part, and that the groups of actions cover every action.

use super::actions::Group;
use super::ask::Search;
use super::completeness::completeness;
use crate::smt::{self, Formula};
use crate::solve::proof::Obligation;
use std::collections::HashSet;

/// Z3's resource limit for the completeness of the groups of actions.
const CLASSES: u32 = 2_000_000;

/// What Z3 checked of the automata's proofs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Checked {
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
    /// `lemma`, `propositional`, `classes` or `O4`.
    pub kind: &'static str,
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
        Self { kind, about: about.clone(), script }
    }
}

impl Checked {
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
        let count = |kind: &str| out.obligations.iter().filter(|obligation| obligation.kind == kind).count();
        (out.lemmas, out.propositional) = (count("lemma"), count("propositional"));
        out
    }
}

impl Search<'_, '_> {
    /// Whether Z3 confirms what the automata have just refuted, if it is to.
    pub(super) fn confirmed(&mut self) -> bool {
        if !self.settings.prove {
            return true;
        }
        for obligation in self.decider.obligations() {
            let lemma = obligation.kind == "lemma";
            if lemma && !self.lemmas.insert(obligation.formula.clone()) {
                continue;
            }
            self.found.queries += 1;
            self.solver().push();
            self.solver().assert(&obligation.formula);
            let answer = self.solver().check();
            self.solver().pop();
            if !matches!(answer, smt::Answer::Unsat) {
                self.lemmas.remove(&obligation.formula);
                return false;
            }
            if lemma {
                self.found.checked.lemmas += 1
            } else {
                self.found.checked.propositional += 1
            }
            self.found.checked.obligations.push(Confirmed::from(&obligation));
        }
        true
    }

    /// Whether Z3 confirms that every action is of one of the groups, or of none that is granted anything.
    pub(super) fn confirm_classes(&mut self, groups: &[Group]) {
        let Some(plain) = completeness(self.ask, groups, false) else { return };
        // The harder question, only if some easier one is not answered.
        let mut shaped = None;
        for (at, (service, plain)) in plain.into_iter().enumerate() {
            let mut formula = plain;
            if !self.refuted(&formula) {
                let shaped = shaped.get_or_insert_with(|| completeness(self.ask, groups, true).unwrap_or_default());
                let Some((_, harder)) = shaped.get(at) else { return };
                formula = harder.clone();
                if !self.refuted(&formula) {
                    return;
                }
            }
            let about = format!("every action of {service} is of one of {} groups", groups.len());
            let obligation = Obligation { kind: "classes", about, formula };
            self.found.checked.obligations.push(Confirmed::from(&obligation));
        }
        self.found.checked.classes = true;
    }

    /// Whether Z3 refutes a formula within the limit of these queries.
    fn refuted(&mut self, formula: &Formula) -> bool {
        self.found.queries += 1;
        if *formula == Formula::False {
            return true;
        }
        self.solver().push();
        self.solver().assert(formula);
        let answer = self.solver().check_within(CLASSES);
        self.solver().pop();
        matches!(answer, smt::Answer::Unsat)
    }
}
