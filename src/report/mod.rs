//! How are results worded and written? Views only: nothing here calls a solver or knows a command line.

pub mod dashboard;
pub mod difference;
pub mod explain;
pub mod findings;
pub mod gate;
pub mod gate_sarif;
pub mod github;
pub mod html;
pub mod json;
pub mod listing;
pub mod proof;
pub mod regions;
pub mod sarif;
pub mod text;
pub mod warnings;
pub mod who_can;
mod words;
