//! `findings`: what is unused in an account, from evidence.

use super::switches::FindingFormat;
use super::{Exit, Trouble, input, json_lines, listing, print, progress, say, text_lines};
use crate::diag::{Level, escape, shown_path};
use crate::ops::findings::{self, Request};
use crate::ops::grounds::{Exclusions, Grounds, Read};
use crate::report::gate::Findings;
use crate::report::unused;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// What findings and recommendations rest on.
#[derive(Debug, Args)]
pub(crate) struct Resting {
    /// The account: the output of get-account-authorization-details, or a folder as iam-collect writes it
    #[arg(long, value_name = "PATH")]
    pub(crate) account: PathBuf,
    /// Evidence of use: files and folders of CloudTrail, last-accessed details, credential report, findings, reduced usage
    #[arg(long, required = true, num_args = 1.., value_name = "PATH")]
    pub(crate) evidence: Vec<PathBuf>,
    /// Days in which use is looked for
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub(crate) days: u32,
    /// The last day of the window; by default the newest moment of the evidence
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<String>,
    /// Services whose data events the logs hold, also where there are none
    #[arg(long, num_args = 1.., value_name = "SERVICE")]
    pub(crate) data_events: Vec<String>,
    /// What is not to be seen, with reason and expiry: a file in TOML
    #[arg(long, value_name = "FILE")]
    pub(crate) exclude: Vec<PathBuf>,
    /// Stop at the first file or record that cannot be read
    #[arg(long)]
    pub(crate) strict: bool,
}

#[derive(Debug, Args)]
pub(crate) struct FindingsArgs {
    #[command(flatten)]
    pub(crate) resting: Resting,
    /// Which findings make the exit code 1
    #[arg(long, value_enum, default_value = "any")]
    pub(crate) fail_on: FailOn,
    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: FindingFormat,
}

/// Which findings count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Any finding
    Any,
    /// Unused keys, passwords and roles
    Credentials,
    /// Unused roles
    Role,
    /// None
    None,
}

impl FailOn {
    fn said(self) -> findings::FailOn {
        match self {
            Self::Any => findings::FailOn::Any,
            Self::Credentials => findings::FailOn::Credentials,
            Self::Role => findings::FailOn::Role,
            Self::None => findings::FailOn::None,
        }
    }
}

impl Resting {
    /// The same as operations take it; files of exclusions are read.
    pub(crate) fn grounds(&self) -> Result<Grounds, Trouble> {
        let mut exclude = Vec::new();
        for path in &self.exclude {
            let source = input::source(path)?;
            exclude.extend(Exclusions::read(&source.name, &source.text)?.exclude);
        }
        Ok(Grounds {
            account: self.account.clone(),
            evidence: self.evidence.clone(),
            days: self.days,
            as_of: self.as_of.clone(),
            data_events: self.data_events.clone(),
            exclude,
            strict: self.strict,
        })
    }
}

/// Reads an account and its evidence; what is worth knowing about them goes to standard error.
pub(crate) fn read(grounds: &Grounds) -> Result<Read, Trouble> {
    let spinner = progress::spinner("reading the account and the evidence");
    let read = grounds.read()?;
    drop(spinner);
    input::warn(read.warnings());
    Ok(read)
}

/// `leastwise findings`
pub(crate) fn findings(args: &FindingsArgs) -> Result<Exit, Trouble> {
    let request = Request { grounds: args.resting.grounds()?, fail_on: args.fail_on.said() };
    let read = read(&request.grounds)?;
    let answer = request.answer(&read)?;
    let found = &answer.found;
    match args.format {
        FindingFormat::Json => print(&json_lines(&unused::json::lines(found, &read.evidence)))?,
        FindingFormat::Text => {
            print(&text_lines(&unused::text(found, &read.evidence)))?;
            for note in &found.notes {
                say(&format!("note: {}\n", escape::text(note)));
            }
        }
        _ => {
            let mut all = unused::findings(found);
            let mut counted = answer.counted.clone();
            if !found.notes.is_empty() {
                all.push(unused::notes(found, &shown_path(&args.resting.account)));
                counted.push(false);
            }
            let headline = unused::total(found);
            let (rules, files, fail_on) = (&unused::RULES, read.evidence.files.len() + 1, Level::Warning);
            let (counted, headline) = (Some(&counted[..]), Some(headline.as_str()));
            let shown =
                Findings { check: "findings", all: &all, rules, files, policies: found.entities, fail_on, counted, headline };
            listing::list(&shown, args.format)?;
        }
    }
    Ok(answer.standing().into())
}
