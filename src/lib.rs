//! Leastwise
pub mod diag;
pub mod glob;
pub mod json;
pub mod document;
pub mod value;
