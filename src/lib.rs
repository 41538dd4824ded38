//! Leastwise
pub mod catalog;
pub mod cli;
pub mod diag;
pub mod document;
pub mod encode;
pub mod eval;
pub mod glob;
pub mod json;
pub mod policy;
pub mod question;
pub mod refine;
pub mod report;
pub mod smt;
pub mod usage;
pub mod value;
