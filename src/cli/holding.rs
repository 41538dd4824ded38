//! The account that `serve` has findings about: arguments in, what the server holds out.

use super::Trouble;
use super::findings::{self, Resting};
use crate::server::Held;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Holding {
    /// An account to have findings about: the output of get-account-authorization-details, or a folder of iam-collect
    #[arg(long, value_name = "PATH")]
    account: Option<PathBuf>,
    /// Evidence of use in that account, for findings about unused access and recommendations
    #[arg(long, num_args = 1.., value_name = "PATH", requires = "account")]
    evidence: Vec<PathBuf>,
    /// Days in which use is looked for
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=3650), requires = "evidence")]
    days: u32,
    /// The last day of the window; by default the newest moment of the evidence
    #[arg(long, value_name = "DATE", requires = "evidence")]
    as_of: Option<String>,
    /// Services whose data events the logs hold, also where there are none
    #[arg(long, num_args = 1.., value_name = "SERVICE", requires = "evidence")]
    data_events: Vec<String>,
    /// What is not to be seen, with reason and expiry: a file in TOML
    #[arg(long, value_name = "FILE", requires = "evidence")]
    exclude: Vec<PathBuf>,
}

impl Holding {
    /// Reads the account and the evidence; `None` if no account is given.
    pub(super) fn read(&self) -> Result<Option<Held>, Trouble> {
        let Some(path) = &self.account else { return Ok(None) };
        let resting = Resting {
            account: path.clone(),
            evidence: self.evidence.clone(),
            days: self.days,
            as_of: self.as_of.clone(),
            data_events: self.data_events.clone(),
            exclude: self.exclude.clone(),
            strict: false,
        };
        let grounds = resting.grounds()?;
        let read = findings::read(&grounds)?;
        Ok(Some(Held::new(grounds, read)?))
    }
}
