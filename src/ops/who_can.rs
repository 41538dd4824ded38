//! Which principals of an account can do something, and who outside?

use super::Failed;
use super::listed::Listed;
use crate::account::who_can::{self, Asked, Line, Summary};
use crate::account::{self, Accounts};
use crate::diag::Diagnostic;
use crate::question::Settings;
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::PathBuf;

/// Which principals of an account can do something, and who outside?
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// The path of the account: the output of get-account-authorization-details, or a folder of such files or as iam-collect
    /// lays it out.
    pub account: PathBuf,
    /// Actions, with wildcards as in a policy.
    pub actions: Vec<String>,
    /// Resource ARNs, with wildcards as in a policy; any resource if there are none.
    #[serde(default)]
    pub resources: Vec<String>,
    /// Whether to take names that the catalog does not know all the same.
    #[serde(default)]
    pub allow_unknown: bool,
}

/// The question, with its account read.
#[derive(Debug)]
pub struct Read {
    accounts: Accounts,
    asked: Asked,
    notes: Vec<String>,
}

/// A line a principal, those of outsiders last, and their sum.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Answer {
    /// The lines.
    pub lines: Vec<Line>,
    /// Their sum.
    pub summary: Summary,
}

impl Request {
    /// Checks the names, and reads the account.
    ///
    /// # Errors
    /// A name that the catalog does not know, or an account that cannot be read.
    pub fn read(&self) -> Result<Read, Failed> {
        let (access, notes) = Listed::arguments(&self.actions, &self.resources).check(self.allow_unknown)?;
        let asked = Asked { actions: access.actions, resources: access.resources };
        Ok(Read { accounts: account::read(&self.account)?, asked, notes })
    }
}

impl Read {
    /// What is worth knowing about the account.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.accounts.notes
    }

    /// Asks about every principal; each question by itself is decided by these settings.
    ///
    /// # Errors
    /// A defect: a witness that does not replay.
    pub fn answer(&self, settings: &Settings) -> Result<Answer, Failed> {
        let mut answer = answer(&self.accounts, &self.asked, settings)?;
        answer.lines.iter_mut().for_each(|line| line.notes.extend(self.notes.iter().cloned()));
        Ok(answer)
    }
}

/// Asks about every principal of an account that was read.
///
/// # Errors
/// A defect: a witness that does not replay.
pub fn answer(accounts: &Accounts, asked: &Asked, settings: &Settings) -> Result<Answer, Failed> {
    let (lines, summary) = who_can::who_can(accounts, asked, settings)?;
    Ok(Answer { lines, summary })
}
