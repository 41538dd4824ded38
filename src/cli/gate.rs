//! `leastwise check`: every policy found in files and folders, every rule.

use super::args::CheckArgs;
use super::{Exit, Trouble, listing, progress, save, say};
use crate::check::config::Config;
use crate::check::rules::{self, RULES};
use crate::check::{self, Options, Stopped};
use crate::diag::{Diagnostic, Level, Source, Span, escape};
use crate::report::gate::{self as findings, Findings};
use crate::sources::template::Given;
use crate::value::arn;
use anyhow::anyhow;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::thread;

/// `leastwise check`
pub(crate) fn check(args: &CheckArgs) -> Result<Exit, Trouble> {
    let paths: Vec<PathBuf> = if args.paths.is_empty() { vec![PathBuf::from(".")] } else { args.paths.clone() };
    let config = config(args, &paths)?;
    let fail_on = args.fail_on.map(|level| level.level()).or_else(|| config.fail_on.as_deref().and_then(Level::parse));
    let fail_on = fail_on.unwrap_or(Level::Error);
    let jobs = args.jobs.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from)).clamp(1, 64);
    crate::smt::limit_memory(super::MEMORY * jobs);
    let today = match &args.as_of {
        Some(day) => day.clone(),
        None => jiff::Timestamp::now().to_string().chars().take(10).collect(),
    };
    let given = args.template.given()?;
    let options =
        Options { paths, config, given, against: args.against.clone(), today, settings: args.deciding.settings(), jobs };
    let spinner = progress::spinner("checking policies");
    let checked = check::check(&options);
    drop(spinner);
    let mut checked = checked.map_err(|stopped| match stopped {
        Stopped::Input(found) => Trouble::from(*found),
        Stopped::Internal(internal) => Trouble::from(internal),
    })?;
    if let Some(path) = &args.write_baseline {
        let prints: Vec<_> = checked.findings.iter().filter(|one| one.suppressed.is_none()).map(findings::fingerprint).collect();
        save::write(path, &format!("{:#}\n", serde_json::json!({"schema": 1, "fingerprints": prints})))?;
        say(&format!("{} findings are the baseline in {}\n", prints.len(), escape::text(&path.display().to_string())));
        return Ok(Exit::Holds);
    }
    if let Some(path) = &args.baseline {
        let known = baseline(path)?;
        for finding in checked.findings.iter_mut().filter(|finding| finding.suppressed.is_none()) {
            if known.contains(&findings::fingerprint(finding)) {
                finding.suppressed = Some("it is in the baseline".to_owned());
            }
        }
    }
    let (all, files, policies) = (checked.findings.as_slice(), checked.files, checked.policies);
    let shown = Findings { check: "check", all, rules: &RULES, files, policies, fail_on, counted: None, headline: None };
    listing::list(&shown, args.format)?;
    Ok(match shown.result() {
        "FAIL" => Exit::DoesNotHold,
        "UNKNOWN" => Exit::Unknown,
        _ => Exit::Holds,
    })
}

/// The configuration that is found, with what the arguments say otherwise.
fn config(args: &CheckArgs, paths: &[PathBuf]) -> Result<Config, Trouble> {
    let from = paths.first().map_or(Path::new("."), PathBuf::as_path);
    let mut config = Config::find(args.rules.as_deref(), from)?;
    for (flag, names) in [("--select", &args.select), ("--ignore", &args.ignore)] {
        for name in names {
            let source = Source::new(flag, name.as_str());
            let bad =
                |why| Diagnostic::error("unknown-rule", &source, Span::new(0, name.len()), why, "see leastwise check --help");
            rules::known(name).map_err(bad)?;
        }
    }
    if !args.select.is_empty() {
        config.select.clone_from(&args.select);
    }
    config.ignore.extend(args.ignore.iter().cloned());
    if !RULES.iter().any(|rule| config.asks(rule.id)) {
        return Err(anyhow!("no rule is left: every one that is selected is ignored").into());
    }
    Ok(config)
}

/// The fingerprints of a baseline.
fn baseline(path: &Path) -> Result<BTreeSet<String>, Trouble> {
    let (source, value) = super::input::json(path, crate::sources::Wanted::Other)?;
    let list = value.get("fingerprints").and_then(crate::json::Value::elements);
    let bad = || {
        let message = "this is not a baseline: it has no `fingerprints`";
        Diagnostic::error("bad-baseline", &source, value.span, message, "write one with --write-baseline")
    };
    let list = list.ok_or_else(bad)?;
    let print = |one: &crate::json::Value| {
        let message = "this is not the fingerprint of a finding";
        let bad = || Diagnostic::error("bad-baseline", &source, one.span, message, "write one with --write-baseline").into();
        one.as_str().map(str::to_owned).ok_or_else(bad)
    };
    list.iter().map(print).collect()
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
