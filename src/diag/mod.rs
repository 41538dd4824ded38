//! What went wrong, and where: spans, sources, diagnostics and budgets.
//!
//! Everything a user may have to mend is a [`Diagnostic`]: one value with a stable code, a message, a place in a named
//! source and a help line that says what to do. It is data; `report/` words it for people, JSON and SARIF.
//!
//! Invariants: positions are byte offsets into the source text and become line and column (both from 1, columns counted
//! in Unicode scalar values) only when shown. A [`Budget`] comes from the top and is named in every refusal;
//! its time and memory are kept by [`deadline`].

mod budget;
pub mod codes;
pub mod deadline;
mod diagnostic;
pub mod escape;
mod finding;
mod origin;
mod path;
mod plural;
mod source;

pub use budget::{Budget, STACK};
pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use finding::{Finding, Level, Rule, rule};
pub use origin::Encoding;
pub use path::shown_path;
pub use plural::count;
pub use source::{LineColumn, Source, Span};
