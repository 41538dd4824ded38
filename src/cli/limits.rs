//! Which limits hold for a whole command, and what it says where one was hit.
//!
//! A question answers UNKNOWN by itself where its search does not end. What is left is everything around it: reading,
//! and writing the report.

use super::args::{Command, DiffFormat};
use super::switches::{Asking, FindingFormat, Format};
use super::{Exit, Trouble, errors, listing, print_json};
use crate::diag::deadline::Expired;
use crate::diag::{Budget, shown_path};
use crate::report::answered::Answered;
use crate::report::json;
use std::path::{Path, PathBuf};

/// A command that must end in time.
pub(super) struct Asked {
    pub(super) budget: Budget,
    check: &'static str,
    format: FindingFormat,
    /// What it is about.
    files: Vec<String>,
}

/// The limits of a command; `None` of one that sets them by itself, or needs none.
pub(super) fn of(command: &Command) -> Option<Asked> {
    let json = |is_json| if is_json { FindingFormat::Json } else { FindingFormat::Text };
    let of = |check, budget, is_json| Some(Asked { budget, check, format: json(is_json), files: Vec::new() });
    let about = |check, budget, format, files: &[&Path]| {
        Some(Asked { budget, check, format, files: files.iter().map(|path| shown_path(path)).collect() })
    };
    let settings = |asking: &Asking| asking.settings().budget;
    match command {
        Command::NoNewAccess(args) => about("no-new-access", settings(&args.asking), args.viewing.format, &args.files()),
        Command::AccessNotGranted(args) => {
            about("access-not-granted", settings(&args.asking), args.viewing.format, &args.files())
        }
        Command::NoPublicAccess(args) => about("no-public-access", settings(&args.asking), args.viewing.format, &[&args.policy]),
        Command::OutsideAccess(args) => about("outside-access", args.settings().budget, args.viewing.format, &[&args.policy]),
        Command::Equivalent(args) => about("equivalent", settings(&args.asking), args.viewing.format, &[&args.a, &args.b]),
        Command::Refine(args) => of("refine", args.of.deciding.settings().budget, args.of.format == Format::Json),
        Command::Verify(args) => of("verify", args.of.deciding.settings().budget, args.of.format == Format::Json),
        Command::Diff(args) => of("diff", args.deciding.settings().budget, args.format == DiffFormat::Json),
        Command::Simulate(args) => of("simulate", Budget::default(), args.format == Format::Json),
        Command::Validate(args) => {
            let files: Vec<&Path> = args.policies.iter().map(PathBuf::as_path).collect();
            about("validate", Budget::default(), args.format, &files)
        }
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
        match self.format {
            FindingFormat::Json => match json::out_of_budget(self.check, expired) {
                Some(verdict) => print_json(&verdict)?,
                None => return errors::out_of_budget(&expired.to_string(), true),
            },
            FindingFormat::Text => return errors::out_of_budget(&expired.to_string(), false),
            _ => {
                let files: Vec<&str> = self.files.iter().map(String::as_str).collect();
                listing::list(&Answered::open(self.check, &expired.to_string(), &files).findings(), self.format)?;
            }
        }
        Ok(Exit::Unknown)
    }
}
