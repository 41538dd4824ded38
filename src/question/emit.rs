//! A search as an SMT-LIB file, so that another solver can check it: `unsat` means that no such request exists.

use super::ask::Ask;
use super::{strings, unreadable};
use crate::encode::Unsupported;
use crate::policy::ArnMatching;
use crate::smt::{Formula, smtlib};

/// The search as one self-contained script, its question as a comment; `expected` is `unsat` where that was proved, else
/// `unknown`.
pub fn script(question: &str, expected: &str, ask: &Ask<'_>, matching: ArnMatching) -> Result<String, Unsupported> {
    Ok(smtlib::script(question, expected, &formulas(ask, matching)?))
}

/// The search as one whole formula: a list of assertions.
pub fn formulas(ask: &Ask<'_>, matching: ArnMatching) -> Result<Vec<Formula>, Unsupported> {
    // Of values that no documentation can read, the reading that finds most.
    match unreadable::concerns(ask) {
        true => strings::formula(&unreadable::Sides::widest(ask).search(ask), matching),
        false => strings::formula(ask, matching),
    }
}
