//! What do findings and recommendations rest on? An account, evidence of use, and the days in which use is looked for.

use super::Failed;
use crate::account::{self, Accounts, findings, observe};
use crate::catalog::Catalog;
use crate::diag::Diagnostic;
use crate::evidence::{self, Evidence, When};
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::PathBuf;

pub use crate::account::exclusions::{Exclusion, Exclusions};

/// The days of a window: at least, by default, at most.
pub const DAYS: [u32; 3] = [1, 90, 3_650];

/// What findings and recommendations rest on.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Grounds {
    /// The path of the account: the output of get-account-authorization-details, or a folder of such files or as iam-collect
    /// lays it out.
    pub account: PathBuf,
    /// Paths of evidence of use: files and folders of CloudTrail, last-accessed details, credential reports, findings, reduced
    /// usage.
    pub evidence: Vec<PathBuf>,
    /// In how many days use is looked for, 1 to 3650; 90 by default.
    #[serde(default = "default_days")]
    #[schemars(range(min = DAYS[0], max = DAYS[2]))]
    pub days: u32,
    /// The last day of the window, `YYYY-MM-DD`; by default the newest moment of the evidence.
    #[serde(default)]
    pub as_of: Option<String>,
    /// Prefixes of services whose data events the logs hold, also where there are none.
    #[serde(default)]
    pub data_events: Vec<String>,
    /// What is not to be seen, with reason and expiry.
    #[serde(default)]
    pub exclude: Vec<Exclusion>,
    /// Whether to stop at the first file or record that cannot be read.
    #[serde(default)]
    pub strict: bool,
}

fn default_days() -> u32 {
    DAYS[1]
}

/// The same, read.
#[derive(Debug)]
pub struct Read {
    /// The account.
    pub accounts: Accounts,
    /// The evidence.
    pub evidence: Evidence,
    /// What findings are made by.
    pub options: findings::Options,
}

impl Grounds {
    /// Reads the account and the evidence.
    ///
    /// # Errors
    /// A day, a service or an exclusion that cannot be meant, or files that cannot be read.
    pub fn read(&self) -> Result<Read, Failed> {
        if !(DAYS[0]..=DAYS[2]).contains(&self.days) {
            let message = format!("a window of {} days is not one of {} to {}", self.days, DAYS[0], DAYS[2]);
            return Err(Diagnostic::bare("bad-days", message, "give another number of days").into());
        }
        let day = |text: &String| {
            let bad = || Diagnostic::bare("bad-date", format!("`{text}` is not a date"), "write YYYY-MM-DD");
            When::parse_end(text).ok_or_else(bad)
        };
        let as_of = self.as_of.as_ref().map(day).transpose()?;
        let exclusions = Exclusions::checked("exclude", self.exclude.clone())?;
        let mut options = findings::Options { days: self.days, as_of, exclusions, ..findings::Options::default() };
        for service in &self.data_events {
            let prefix = service.to_ascii_lowercase();
            if Catalog::latest().service(&prefix).is_none() {
                let message = format!("there is no service `{service}`");
                return Err(Diagnostic::bare("unknown-service", message, "give its prefix, such as s3").into());
            }
            options.data_events.insert(prefix);
        }
        let accounts = account::read(&self.account)?;
        let ids = observe::unique_ids(&accounts);
        let settings = evidence::Settings { strict: self.strict, data_events: options.data_events.clone(), ids };
        Ok(Read { accounts, evidence: evidence::read(&self.evidence, &settings)?, options })
    }
}

impl Read {
    /// What is worth knowing about the evidence and the account.
    pub fn warnings(&self) -> impl Iterator<Item = &Diagnostic> {
        self.evidence.troubles.iter().chain(&self.accounts.notes)
    }

    /// Whether there is evidence at all: without, everything would look unused.
    pub(super) fn check(&self) -> Result<(), Diagnostic> {
        match self.evidence.files.is_empty() {
            true => Err(Diagnostic::bare("no-evidence", "there is no evidence in what was given", "give files of evidence")),
            false => Ok(()),
        }
    }
}
