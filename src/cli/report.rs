//! `report`: the page about an account, with what is unused and what is recommended where evidence is given.

use super::findings::{self, Resting};
use super::switches::duration;
use super::{Exit, Trouble, progress, save};
use crate::diag::Budget;
use crate::ops::recommend;
use crate::ops::report::Request;
use crate::question::Settings;
use crate::report::html;
use clap::Args;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The output of get-account-authorization-details, or a folder of such files or as iam-collect lays it out
    #[arg(long, value_name = "PATH")]
    pub(crate) account: PathBuf,
    /// Evidence of use, as `findings` takes it: the page then shows what is unused, and proved policies
    #[arg(long, num_args = 1.., value_name = "PATH")]
    pub(crate) evidence: Vec<PathBuf>,
    /// Days in which use is looked for
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=3650), requires = "evidence")]
    pub(crate) days: u32,
    /// The last day of the window; by default the newest moment of the evidence
    #[arg(long, value_name = "DATE", requires = "evidence")]
    pub(crate) as_of: Option<String>,
    /// Services whose data events the logs hold, also where there are none
    #[arg(long, num_args = 1.., value_name = "SERVICE", requires = "evidence")]
    pub(crate) data_events: Vec<String>,
    /// What is not to be seen, with reason and expiry: a file in TOML
    #[arg(long, value_name = "FILE", requires = "evidence")]
    pub(crate) exclude: Vec<PathBuf>,
    /// Stop at the first file or record of evidence that cannot be read
    #[arg(long, requires = "evidence")]
    pub(crate) strict: bool,
    /// An earlier page: the new one shows what changed since, and remembers the pages before it
    #[arg(long, value_name = "PAGE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Write the page here
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// How long the question about one principal may take: seconds, or a duration such as 500ms or 2m
    #[arg(long, default_value = "30", value_parser = duration, value_name = "DURATION")]
    pub(crate) timeout: Duration,
}

/// `leastwise report`
pub(crate) fn report(args: &ReportArgs) -> Result<Exit, Trouble> {
    let settings = Settings { budget: Budget { timeout: args.timeout, ..Budget::default() }, ..Settings::default() };
    let resting = Resting {
        account: args.account.clone(),
        evidence: args.evidence.clone(),
        days: args.days,
        as_of: args.as_of.clone(),
        data_events: args.data_events.clone(),
        exclude: args.exclude.clone(),
        strict: args.strict,
    };
    let recommend = (!args.evidence.is_empty()).then(|| command(args, "recommend", "-o recommendations --proof proofs"));
    let own = format!("-o {}", quoted(&args.output));
    let baseline = args.baseline.as_ref().map(|page| format!("--baseline {} ", quoted(page))).unwrap_or_default();
    let command = command(args, "report", &format!("{baseline}{own}"));
    let request = Request { grounds: resting.grounds()?, command, recommend, baseline: args.baseline.clone() };
    let read = findings::read(&request.grounds)?;
    let spinner = progress::spinner("asking about every principal");
    if !args.evidence.is_empty() {
        crate::smt::limit_memory(super::MEMORY * recommend::threads());
    }
    let data = request.answer(&read, &settings)?;
    drop(spinner);
    save::write(&args.output, &html::page(&data))?;
    Ok(Exit::Holds)
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    if text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// A command on the same grounds, to be copied into a shell.
fn command(args: &ReportArgs, name: &str, end: &str) -> String {
    let mut out = format!("leastwise {name} --account {}", quoted(&args.account));
    if !args.evidence.is_empty() {
        let paths: Vec<String> = args.evidence.iter().map(|path| quoted(path)).collect();
        let _ = write!(out, " --evidence {} --days {}", paths.join(" "), args.days);
        args.as_of.iter().for_each(|date| _ = write!(out, " --as-of {date}"));
        if !args.data_events.is_empty() {
            let _ = write!(out, " --data-events {}", args.data_events.join(" "));
        }
        if args.strict {
            out.push_str(" --strict");
        }
        args.exclude.iter().for_each(|file| _ = write!(out, " --exclude {}", quoted(file)));
    }
    out + " " + end
}
