//! `findings`: what is unused in an account, from evidence.

use super::switches::FindingFormat;
use super::{Exit, Trouble, input, listing, print, progress, say};
use crate::account::exclusions::Exclusions;
use crate::account::findings::{self, Options, Unused};
use crate::account::observe;
use crate::account::{self, Accounts, findings_json, findings_listed, findings_text};
use crate::catalog::Catalog;
use crate::check::shown_path;
use crate::diag::{Diagnostic, Level, escape};
use crate::evidence::{self, Evidence, When};
use crate::report::gate::Findings;
use crate::report::text;
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

/// From the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
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
    fn of(unused: &Unused) -> Option<Self> {
        match unused {
            Unused::Role { .. } => Some(Self::Role),
            Unused::AccessKey { .. } | Unused::Password { .. } => Some(Self::Credentials),
            Unused::Permissions(_) => Some(Self::Any),
            Unused::NotObservable => None,
        }
    }
}

impl Resting {
    /// The account, the evidence, and what findings are made by.
    pub(crate) fn read(&self) -> Result<(Accounts, Evidence, Options), Trouble> {
        let bad = |code, message: String, help: &str| Trouble::from(Diagnostic::bare(code, message, help));
        let as_of = match self.as_of.as_deref() {
            None => None,
            Some(text) => {
                let read = When::parse_end(text);
                Some(read.ok_or_else(|| bad("bad-date", format!("`{text}` is not a date"), "write YYYY-MM-DD"))?)
            }
        };
        let mut options = Options { days: self.days, as_of, ..Options::default() };
        for service in &self.data_events {
            let prefix = service.to_ascii_lowercase();
            if Catalog::latest().service(&prefix).is_none() {
                return Err(bad("unknown-service", format!("there is no service `{service}`"), "give its prefix, such as s3"));
            }
            options.data_events.insert(prefix);
        }
        for path in &self.exclude {
            let source = input::source(path)?;
            options.exclusions.exclude.extend(Exclusions::read(&source.name, &source.text)?.exclude);
        }
        let spinner = progress::spinner("reading the account and the evidence");
        let accounts = account::read(&self.account)?;
        let ids = observe::unique_ids(&accounts);
        let settings = evidence::Settings { strict: self.strict, data_events: options.data_events.clone(), ids };
        let read = evidence::read(&self.evidence, &settings)?;
        drop(spinner);
        for trouble in &read.troubles {
            say(&format!("{}\n", text::diagnostic(trouble)));
        }
        input::warn(&accounts.notes);
        if read.files.is_empty() {
            return Err(bad("no-evidence", "there is no evidence in what was given".to_owned(), "give files of evidence"));
        }
        Ok((accounts, read, options))
    }
}

/// `leastwise findings`
pub(crate) fn findings(args: &FindingsArgs) -> Result<Exit, Trouble> {
    let (accounts, evidence, options) = args.resting.read()?;
    let found = findings::find(&accounts, &evidence, &options)?;
    let counts = |unused: &Unused| FailOn::of(unused).is_some_and(|kind| kind >= args.fail_on);
    match args.format {
        FindingFormat::Json => {
            let mut out = String::new();
            let lines = found.findings.iter().map(|finding| findings_json::finding(finding, found.window));
            for line in lines.chain([findings_json::summary(&found, &evidence)]) {
                out.push_str(&escape::json(&line.to_string()));
                out.push('\n');
            }
            print(&out)?;
        }
        FindingFormat::Text => {
            let shown = findings_text::findings(&found, &evidence);
            print(&shown.lines().map(|line| format!("{}\n", escape::text(line))).collect::<String>())?;
            for note in &found.notes {
                say(&format!("note: {}\n", escape::text(note)));
            }
        }
        _ => {
            let mut all = findings_listed::findings(&found);
            let mut counted: Vec<bool> = found.findings.iter().map(|one| counts(&one.unused)).collect();
            if !found.notes.is_empty() {
                all.push(findings_listed::notes(&found, &shown_path(&args.resting.account)));
                counted.push(false);
            }
            let headline = findings_text::total(&found);
            let (rules, files, fail_on) = (&findings_listed::RULES, evidence.files.len() + 1, Level::Warning);
            let (counted, headline) = (Some(&counted[..]), Some(headline.as_str()));
            let shown =
                Findings { check: "findings", all: &all, rules, files, policies: found.entities, fail_on, counted, headline };
            listing::list(&shown, args.format)?;
        }
    }
    Ok(if found.findings.iter().any(|one| counts(&one.unused)) { Exit::DoesNotHold } else { Exit::Holds })
}
