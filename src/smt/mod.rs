//! The only place that names `z3::`: formulas over strings, numbers and bits, and what Z3 says of them.
//!
//! [`term`] is a small language of formulas of our own, so that one and the same formula can be asked of Z3
//! ([`Solver`]), written as SMT-LIB 2.6 for another solver ([`smtlib`]), and read in a test. Nothing here knows of IAM.
//!
//! Invariants: string literals reach Z3 through [`literal::escape`] only, and models come back through
//! [`literal::unescape`]. An answer is `Unsat` only if Z3 said `unsat`; a limit that was hit is named.

pub mod literal;
mod regex;
pub mod smtlib;
mod solver;
pub mod term;

pub use regex::Regex;
pub use solver::{Answer, Model, Solver, in_fresh_context, limit_memory, version};
pub use term::{Atom, Formula, Int, Sort, Text};
