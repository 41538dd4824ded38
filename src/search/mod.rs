//! The one search behind every question: is there a request that one access definition allows and another does not?
//!
//! [`pipeline`] is the whole flow, from top to bottom; each other file is one of its steps. What comes out is right but may
//! be ugly: `witness` makes it plain.

mod baseline;
mod beyond;
pub(crate) mod catalog_scope;
mod certify;
mod completeness;
pub mod export;
mod formula;
pub(crate) mod guess;
mod left_open;
pub(crate) mod partition;
mod pipeline;
pub(crate) mod replay;
mod state;
pub(crate) mod unreadable;
mod whole;

pub(crate) use pipeline::{automata_question, search};
