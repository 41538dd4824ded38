//! How are results worded and written? Views only: nothing here calls a solver or knows a command line.
//!
//! [`Report`] is what an operation found; [`json::report`] and [`text::report`] show any. What is about many things at
//! once (findings in files, principals of an account) has views of its own.

pub mod answered;
pub mod dashboard;
pub mod difference;
pub mod explain;
pub mod findings;
mod found;
pub mod gate;
pub mod github;
pub mod html;
pub mod json;
pub mod listing;
pub mod proof;
pub mod recommended;
pub mod regions;
pub mod sarif;
pub mod text;
pub mod unused;
pub mod warnings;
pub mod who_can;
mod words;

pub use found::{Explained, Found, Report, Standing, Under};
