//! Leastwise
pub mod diag;
pub mod glob;
