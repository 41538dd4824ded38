//! `who-can`: every principal of an account, and who outside.

use super::switches::{Format, MatchingName, Unknowns, duration};
use super::{Exit, Trouble, input, print, progress};
use crate::account::{self, who_can as question};
use crate::diag::{Budget, escape};
use crate::ops::listed::Listed;
use crate::policy::ArnMatching;
use crate::question::Settings;
use crate::report::who_can as report;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Args)]
pub(crate) struct WhoCanArgs {
    /// Actions, with wildcards as in a policy and commas between them
    #[arg(required = true, value_name = "ACTION")]
    pub(crate) action: Vec<String>,
    /// Resource ARNs, with wildcards as in a policy and commas between them; may be given several times
    #[arg(long, value_name = "ARN")]
    pub(crate) resource: Vec<String>,
    /// The output of get-account-authorization-details, or a folder of such files or as iam-collect lays it out
    #[arg(long, value_name = "PATH")]
    pub(crate) account: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,
    /// How far wildcards reach in resource ARNs
    #[arg(long, value_enum, default_value = "segment")]
    pub(crate) arn_matching: MatchingName,
    /// How long the question about one principal may take: seconds, or a duration such as 500ms or 2m
    #[arg(long, default_value = "30", value_parser = duration, value_name = "DURATION")]
    pub(crate) timeout: Duration,
    #[command(flatten)]
    pub(crate) unknowns: Unknowns,
}

/// `leastwise who-can`
pub(crate) fn who_can(args: &WhoCanArgs) -> Result<Exit, Trouble> {
    let (access, notes) = Listed::arguments(&args.action, &args.resource).check(args.unknowns.allow_unknown)?;
    let accounts = account::read(&args.account)?;
    input::warn(&accounts.notes);
    let matching = match args.arn_matching {
        MatchingName::Segment => ArnMatching::Segment,
        MatchingName::Greedy => ArnMatching::Greedy,
    };
    let budget = Budget { timeout: args.timeout, ..Budget::default() };
    let settings = Settings { matching, budget, ..Settings::default() };
    let asked = question::Asked { actions: access.actions, resources: access.resources };
    let spinner = progress::spinner("asking about every principal");
    let (mut lines, summary) = question::who_can(&accounts, &asked, &settings)?;
    drop(spinner);
    lines.iter_mut().for_each(|line| line.notes.extend(notes.iter().cloned()));
    match args.format {
        Format::Json => {
            let shown = report::json(&lines, &summary);
            let shown: String = shown.iter().map(|line| format!("{}\n", escape::json(&line.to_string()))).collect();
            print(&shown)?;
        }
        Format::Text => print(&report::text(&lines, &summary))?,
    }
    Ok(Exit::Holds)
}
