//! What is unused in an account, in each format: a line of JSON a finding, text for people, and findings in files for the
//! formats that are about files.

pub mod json;
mod listed;
mod text;

pub use listed::{RULES, findings, notes};
pub use text::{findings as text, read, total};
