//! Does Z3 confirm what the automata found? Every lemma, the propositional part, and that the groups of actions are all.

use super::actions::{self, Group};
use super::ask::Search;
use crate::smt::{self, Formula};
use crate::solve::proof::Obligation;

/// Z3's resource limit for the completeness of the groups of actions.
const CLASSES: u32 = 2_000_000;

/// What Z3 checked of the automata's proofs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Checked {
    /// Lemmas about single attributes, equal ones once.
    pub lemmas: usize,
    /// Propositional formulas.
    pub propositional: usize,
    /// Whether Z3 also confirmed that the groups of actions are all; it is an automaton's word otherwise.
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
        let plain = actions::completeness(self.ask, groups, false);
        let shaped = actions::completeness(self.ask, groups, true);
        for ((service, plain), (_, shaped)) in plain.into_iter().flatten().zip(shaped.iter().flatten()) {
            let refuted = [&plain, shaped].into_iter().find(|formula| {
                self.found.queries += 1;
                if **formula == Formula::False {
                    return true;
                }
                self.solver().push();
                self.solver().assert(formula);
                let answer = self.solver().check_within(CLASSES);
                self.solver().pop();
                matches!(answer, smt::Answer::Unsat)
            });
            let Some(formula) = refuted else { return };
            let about = format!("every action of {service} is of one of {} groups", groups.len());
            let obligation = Obligation { kind: "classes", about, formula: formula.clone() };
            self.found.checked.obligations.push(Confirmed::from(&obligation));
        }
        self.found.checked.classes = shaped.is_some();
    }
}
