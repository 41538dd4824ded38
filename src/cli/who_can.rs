//! `who-can`: every principal of an account, and who outside.

use super::switches::{Format, ReadingArgs, Unknowns, duration};
use super::{Exit, Trouble, input, json_lines, print, progress};
use crate::diag::Budget;
use crate::ops::who_can;
use crate::query::Settings;
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
    /// How long the question about one principal may take: seconds, or a duration such as 500ms or 2m
    #[arg(long, default_value = "30", value_parser = duration, value_name = "DURATION")]
    pub(crate) timeout: Duration,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
    #[command(flatten)]
    pub(crate) unknowns: Unknowns,
}

/// `leastwise who-can`
pub(crate) fn who_can(args: &WhoCanArgs) -> Result<Exit, Trouble> {
    let request = who_can::Request {
        account: args.account.clone(),
        actions: args.action.clone(),
        resources: args.resource.clone(),
        allow_unknown: args.unknowns.allow_unknown,
    };
    let read = request.read()?;
    input::warn(read.warnings());
    let budget = Budget { timeout: args.timeout, ..Budget::default() };
    let settings = Settings { readings: args.reading.readings(), budget, ..Settings::default() };
    let spinner = progress::spinner("asking about every principal");
    let answer = read.answer(&settings)?;
    drop(spinner);
    match args.format {
        Format::Json => print(&json_lines(&report::json(&answer.lines, &answer.summary)))?,
        Format::Text => print(&report::text(&answer.lines, &answer.summary))?,
    }
    Ok(Exit::Holds)
}
