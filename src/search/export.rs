//! A search as an SMT-LIB file, so that another solver can check it: `unsat` means that no such request exists.

use super::{unreadable, whole};
use crate::encode::Unsupported;
use crate::query::Query;
use crate::smt::{Formula, smtlib};

/// The search as one self-contained script, its question as a comment; `expected` is `unsat` where that was proved, else
/// `unknown`.
pub fn script(question: &str, expected: &str, query: &Query<'_>) -> Result<String, Unsupported> {
    Ok(smtlib::script(question, expected, &formulas(query)?))
}

/// The search as one whole formula: a list of assertions.
pub fn formulas(query: &Query<'_>) -> Result<Vec<Formula>, Unsupported> {
    // Of values that no documentation can read, the reading that finds most.
    match unreadable::concerns(query) {
        true => whole::formula(&unreadable::Sides::widest(query).search(query)),
        false => whole::formula(query),
    }
}
