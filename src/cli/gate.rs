//! `leastwise check`: every policy found in files and folders, every rule.

use super::args::{CheckArgs, LevelName};
use super::{Exit, Trouble, listing, progress, save, say};
use crate::diag::{count, escape};
use crate::ops::check::{Least, Request};
use crate::sources::template::Given;
use crate::value::arn;
use anyhow::anyhow;
use std::path::{Path, PathBuf};
use std::thread;

/// `leastwise check`
pub(crate) fn check(args: &CheckArgs) -> Result<Exit, Trouble> {
    let paths: Vec<PathBuf> = if args.paths.is_empty() { vec![PathBuf::from(".")] } else { args.paths.clone() };
    let jobs = args.jobs.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from)).clamp(1, 64);
    crate::smt::limit_memory(super::MEMORY * jobs);
    let as_of = match &args.as_of {
        Some(day) => day.clone(),
        None => jiff::Timestamp::now().to_string().chars().take(10).collect(),
    };
    let Given { parameters, account: account_id, region, .. } = args.template.given()?;
    let request = Request {
        paths,
        rules: args.rules.clone(),
        select: args.select.clone(),
        ignore: args.ignore.clone(),
        fail_on: args.fail_on.map(LevelName::said),
        against: args.against.clone(),
        as_of,
        account_id,
        region,
        parameters,
        baseline: args.baseline.as_deref().map(baseline).transpose()?.unwrap_or_default(),
        baseline_path: args.baseline.clone().filter(|path| path != Path::new("-")),
    };
    args.write_baseline.as_deref().map(replaceable).transpose()?;
    let spinner = progress::spinner("checking policies");
    let answer = request.answer(&args.deciding.settings(), jobs);
    drop(spinner);
    let answer = answer?;
    if let Some(path) = &args.write_baseline {
        let prints = answer.fingerprints();
        save::write(path, &format!("{:#}\n", serde_json::json!({"schema": 1, "fingerprints": prints})))?;
        let said = count(prints.len(), "finding is", "findings are");
        say(&format!("{said} the baseline in {}\n", escape::text(&path.display().to_string())));
        return Ok(Exit::Holds);
    }
    listing::list(&answer.findings(), args.format)?;
    Ok(answer.standing().into())
}

impl LevelName {
    /// As requests have it.
    fn said(self) -> Least {
        match self {
            Self::Note => Least::Note,
            Self::Warning => Least::Warning,
            Self::Error => Least::Error,
        }
    }
}

/// Whether a baseline may be written there: over another one, or where there is nothing yet.
fn replaceable(path: &Path) -> Result<(), Trouble> {
    let is_something = path.metadata().is_ok_and(|found| found.is_file() && found.len() > 0);
    if is_something && path != Path::new("-") && baseline(path).is_err() {
        let shown = path.display().to_string();
        let shown = escape::text(&shown);
        return Err(anyhow!("--write-baseline {shown} would replace a file that is not a baseline: give another path").into());
    }
    Ok(())
}

/// The fingerprints of a baseline.
fn baseline(path: &Path) -> Result<Vec<String>, Trouble> {
    let (source, value) = super::input::json(path, crate::sources::Wanted::Other)?;
    Ok(crate::ops::baseline::fingerprints(&source, &value)?)
}

impl super::args::TemplateArgs {
    /// What the arguments say of templates.
    pub(crate) fn given(&self) -> Result<Given, Trouble> {
        let mut given = Given { account: self.account_id.clone(), region: self.region.clone(), ..Given::default() };
        if let Some(account) = self.account_id.as_ref().filter(|account| !arn::is_account(account)) {
            return Err(anyhow!("--account-id {account} is not an account id: it has 12 digits").into());
        }
        for written in &self.parameter {
            let Some((name, value)) = written.split_once('=') else {
                return Err(anyhow!("--parameter {written} has no `=`: write NAME=VALUE").into());
            };
            given.parameters.insert(name.to_owned(), value.to_owned());
        }
        Ok(given)
    }
}
