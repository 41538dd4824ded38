//! A search as an SMT-LIB file, so that another solver can check it: `unsat` means that no such request exists.

use super::ask::Ask;
use super::strings;
use crate::encode::Unsupported;
use crate::policy::ArnMatching;
use crate::smt::smtlib;

/// The search as one self-contained script, its question as a comment.
pub fn script(question: &str, ask: &Ask<'_>, matching: ArnMatching) -> Result<String, Unsupported> {
    let formulas = strings::formula(ask, matching)?;
    Ok(smtlib::script(question, "unknown", &formulas))
}
