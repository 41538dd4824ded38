//! The command line: arguments, input and output, exit codes. One file a subcommand.
//!
//! Exit codes: 0 the property holds, 1 it does not, 2 bad input or could not run, 3 unknown. Data goes to standard
//! output, talk to standard error, and the exit code is the same whatever becomes of either's reader (`out`).

mod args;
mod batch;
mod check;
mod difference;
mod errors;
mod explain;
mod findings;
mod gate;
mod generate;
#[cfg(feature = "server")]
mod holding;
mod input;
mod limits;
mod lines;
mod listing;
mod out;
mod outside;
mod progress;
mod question_args;
mod recommend;
mod refine;
mod report;
mod save;
#[cfg(feature = "server")]
mod serve;
mod signals;
mod simulate;
mod switches;
mod validate;
mod who_can;
mod whose;

pub use args::Cli;
pub(crate) use out::{json_lines, print, print_json, say, text_lines};

use crate::diag::{Diagnostic, deadline, escape, shown_path};
use crate::ops::Failed;
use crate::report::answered::Answered;
use crate::report::{Report, Standing, json, text};
use args::Command;
use std::path::Path;
use std::process::ExitCode;
use switches::{FindingFormat, Format};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Holds = 0,
    DoesNotHold = 1,
    Unknown = 3,
}

/// Why a command could not run: exit code 2.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Input that cannot be used.
    Input(crate::diag::Diagnostics),
    /// Anything else.
    Other(anyhow::Error),
}

impl From<crate::diag::Diagnostics> for Trouble {
    fn from(found: crate::diag::Diagnostics) -> Self {
        Self::Input(found)
    }
}

impl From<crate::diag::Diagnostic> for Trouble {
    fn from(found: crate::diag::Diagnostic) -> Self {
        Self::Input(found.into())
    }
}

impl From<anyhow::Error> for Trouble {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

impl From<crate::question::InternalError> for Trouble {
    fn from(error: crate::question::InternalError) -> Self {
        Self::Other(error.into())
    }
}

impl From<Failed> for Trouble {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Input(found) => Self::Input(found),
            Failed::Internal(error) => Self::Other(error.into()),
            Failed::Other(message) => Self::Other(anyhow::Error::msg(message)),
            Failed::Disagree(ref found) => {
                let path = Path::new(DISAGREEMENT);
                let bundle = format!("{:#}\n", found.bundle());
                match save::write(path, &escape::json(&bundle)) {
                    Ok(()) => anyhow::anyhow!("{failed}; please report it with the file {DISAGREEMENT}").into(),
                    Err(trouble) => trouble,
                }
            }
        }
    }
}

/// Where everything is written that is needed to look into a disagreement.
const DISAGREEMENT: &str = "leastwise-disagreement.json";

impl From<Standing> for Exit {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Holds => Self::Holds,
            Standing::DoesNotHold => Self::DoesNotHold,
            Standing::Unknown => Self::Unknown,
        }
    }
}

/// Shows a report.
fn show(report: &Report, format: Format) -> Result<Exit, Trouble> {
    match format {
        Format::Json => print_json(&json::answer(report))?,
        Format::Text => print(&text::report(report))?,
    }
    Ok(report.standing().into())
}

/// Shows the answer to a question about files, the first of which is the one that is asked about.
fn show_answer(report: &Report, warnings: &[Diagnostic], files: &[&Path], format: FindingFormat) -> Result<Exit, Trouble> {
    match format {
        FindingFormat::Text => return show(report, Format::Text),
        FindingFormat::Json => return show(report, Format::Json),
        _ => {}
    }
    let files: Vec<String> = files.iter().map(|path| shown_path(path)).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    listing::list(&Answered::of(report, warnings, &files).findings(), format)?;
    Ok(report.standing().into())
}

/// Megabytes that Z3 may take for one question: with what the program itself takes less than 1 GiB.
pub(crate) const MEMORY: usize = 400;

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = match Cli::of_process() {
        Ok(cli) => cli,
        Err(error) => return errors::usage(&error),
    };
    crate::smt::limit_memory(MEMORY);
    let result = match limits::of(&cli.command) {
        // Lines have limits of their own.
        None => run(&cli.command),
        Some(asked) => deadline::question(&asked.budget, || run(&cli.command)).unwrap_or_else(|expired| asked.unknown(&expired)),
    };
    match result {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(trouble) => errors::troubled(&trouble),
    }
}

fn run(command: &Command) -> Result<Exit, Trouble> {
    match command {
        Command::NoNewAccess(args) => check::no_new_access(args),
        Command::AccessNotGranted(args) => check::access_not_granted(args),
        Command::NoPublicAccess(args) => check::no_public_access(args),
        Command::OutsideAccess(args) => outside::outside_access(args),
        Command::Equivalent(args) => check::equivalent(args),
        Command::Diff(args) => difference::diff(args),
        Command::Refine(args) => refine::refine(args),
        Command::Verify(args) => refine::verify(args),
        Command::Simulate(args) => simulate::simulate(args),
        Command::Report(args) => report::report(args),
        Command::WhoCan(args) => who_can::who_can(args),
        Command::Findings(args) => findings::findings(args),
        Command::Recommend(args) => recommend::recommend(args),
        Command::Validate(args) => validate::validate(args),
        Command::Batch(args) => batch::batch(args),
        #[cfg(feature = "server")]
        Command::Serve(args) => serve::serve(args),
        Command::Check(args) => gate::check(args),
        Command::Explain(args) => explain::explain(args),
        Command::Completions(args) => generate::completions(args),
        Command::Man(args) => generate::man(args),
    }
}
