//! Does Z3 confirm what the automata found? Every lemma, the propositional part, and that the groups of actions cover every
//! action.

use super::completeness::completeness;
use super::partition::Group;
use super::state::Search;
use crate::query::{Confirmed, Obligation, ObligationKind};
use crate::smt::{Answer, Formula};

/// Z3's resource limit for the completeness of the groups of actions.
const CLASSES: u32 = 200_000;

/// Whether Z3 confirms what the automata have just refuted, if it is to.
pub(super) fn confirm_refutation(search: &mut Search<'_, '_>) -> bool {
    if !search.settings.prove {
        return true;
    }
    for obligation in search.decider.obligations() {
        let is_lemma = obligation.kind == ObligationKind::Lemma;
        if is_lemma && !search.lemmas.insert(obligation.formula.clone()) {
            continue;
        }
        search.found.queries += 1;
        search.solver().push();
        search.solver().assert(&obligation.formula);
        let answer = search.solver().check();
        search.solver().pop();
        if !matches!(answer, Answer::Unsat) {
            search.lemmas.remove(&obligation.formula);
            return false;
        }
        let checked = &mut search.found.checked;
        *(if is_lemma { &mut checked.lemmas } else { &mut checked.propositional }) += 1;
        checked.obligations.push(Confirmed::from(&obligation));
    }
    true
}

/// Has Z3 confirm that every action is of one of the groups, or of none that is granted anything; the certificate says so
/// if it does.
pub(super) fn confirm_groups(search: &mut Search<'_, '_>, groups: &[Group]) {
    let Some(plain) = completeness(search.query, groups, false) else { return };
    // The harder question, only if some easier one is not answered.
    let mut shaped = None;
    for (at, (service, plain)) in plain.into_iter().enumerate() {
        let mut formula = plain;
        if !refutes(search, &formula) {
            let shaped = shaped.get_or_insert_with(|| completeness(search.query, groups, true).unwrap_or_default());
            let Some((_, harder)) = shaped.get(at) else { return };
            formula = harder.clone();
            if !refutes(search, &formula) {
                return;
            }
        }
        let about = format!("every action of {service} is of one of {} groups", groups.len());
        let obligation = Obligation { kind: ObligationKind::Classes, about, formula };
        search.found.checked.obligations.push(Confirmed::from(&obligation));
    }
    search.found.checked.classes = true;
}

/// Whether Z3 refutes a formula within the limit of these queries.
fn refutes(search: &mut Search<'_, '_>, formula: &Formula) -> bool {
    search.found.queries += 1;
    if *formula == Formula::False {
        return true;
    }
    search.solver().push();
    search.solver().assert(formula);
    let answer = search.solver().check_within(CLASSES);
    search.solver().pop();
    matches!(answer, Answer::Unsat)
}
