//! Which limits hold for a whole command, and what it says where one was hit.
//!
//! A question answers UNKNOWN by itself where its search does not end. What is left is everything around it: reading,
//! and writing the report.

use super::args::{Command, DiffFormat};
use super::switches::Format;
use super::{Exit, Trouble, errors, print_json};
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
    let of = |check, budget, format: Format| Some(Asked { budget, check, json: format == Format::Json });
    match command {
        Command::NoNewAccess(args) => of("no-new-access", args.asking.settings().budget, args.viewing.format),
        Command::AccessNotGranted(args) => of("access-not-granted", args.asking.settings().budget, args.viewing.format),
        Command::NoPublicAccess(args) => of("no-public-access", args.asking.settings().budget, args.viewing.format),
        Command::OutsideAccess(args) => of("outside-access", args.settings().budget, args.viewing.format),
        Command::Equivalent(args) => of("equivalent", args.asking.settings().budget, args.viewing.format),
        Command::Refine(args) => of("refine", args.of.deciding.settings().budget, args.of.format),
        Command::Verify(args) => of("verify", args.of.deciding.settings().budget, args.of.format),
        Command::Diff(args) => {
            Some(Asked { budget: args.deciding.settings().budget, check: "diff", json: args.format == DiffFormat::Json })
        }
        Command::Simulate(args) => of("simulate", Budget::default(), args.format),
        Command::Validate(args) => of("validate", Budget::default(), args.format.budgeted()),
        #[cfg(feature = "server")]
        Command::Serve(_) => None,
        Command::Check(_)
        | Command::WhoCan(_)
        | Command::Report(_)
        | Command::Findings(_)
        | Command::Recommend(_)
        | Command::Batch(_)
        | Command::Explain(_)
        | Command::Completions(_)
        | Command::Man(_) => None,
    }
}

impl Asked {
    /// Says that there is no answer, and why.
    pub(super) fn unknown(&self, expired: &Expired) -> Result<Exit, Trouble> {
        let verdict = json::out_of_budget(self.check, expired).filter(|_| self.json);
        let Some(verdict) = verdict else { return errors::out_of_budget(&expired.to_string(), self.json) };
        print_json(&verdict)?;
        Ok(Exit::Unknown)
    }
}
