//! Which limits hold for a whole command, and what it says where one was hit.
//!
//! A question answers UNKNOWN by itself where its search does not end. What is left is everything around it: reading,
//! and writing the report.

use super::args::{Asking, Command, DiffFormat, Format};
use super::{Exit, Trouble, print};
use crate::diag::Budget;
use crate::diag::deadline::Expired;
use crate::report::json;

/// A command that must end in time.
pub(super) struct Asked {
    pub(super) budget: Budget,
    check: &'static str,
    json: bool,
}

/// The limits of a command; `None` of one that sets them by itself, or needs none.
pub(super) fn of(command: &Command) -> Option<Asked> {
    let asking =
        |check, asking: &Asking| Some(Asked { budget: asking.settings().budget, check, json: asking.format == Format::Json });
    match command {
        Command::NoNewAccess(args) => asking("no-new-access", &args.asking),
        Command::AccessNotGranted(args) => asking("access-not-granted", &args.asking),
        Command::NoPublicAccess(args) => asking("no-public-access", &args.asking),
        Command::OutsideAccess(args) => asking("outside-access", &args.asking),
        Command::Equivalent(args) => asking("equivalent", &args.asking),
        Command::Refine(args) => asking("refine", &args.asking),
        Command::Verify(args) => asking("verify", &args.asking),
        Command::Diff(args) => {
            Some(Asked { budget: args.settings().budget, check: "diff", json: args.format == DiffFormat::Json })
        }
        Command::Simulate(args) => {
            Some(Asked { budget: Budget::default(), check: "simulate", json: args.format == Format::Json })
        }
        Command::Batch(_) | Command::Completions(_) | Command::Man => None,
    }
}

impl Asked {
    /// Says that there is no answer, and why.
    pub(super) fn unknown(&self, expired: &Expired) -> Result<Exit, Trouble> {
        match json::out_of_budget(self.check, expired).filter(|_| self.json) {
            Some(shown) => print(&format!("{shown}\n"))?,
            None => print(&format!("UNKNOWN: {expired}\n"))?,
        }
        Ok(Exit::Unknown)
    }
}
