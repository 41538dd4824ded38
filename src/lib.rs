//! Leastwise
pub mod diag;
pub mod document;
pub mod glob;
pub mod json;
pub mod policy;
pub mod value;
