//! Which policies of a repository break which rules?

use super::{Failed, baseline};
use crate::check::config::Config;
use crate::check::files;
use crate::check::rules::{self, RULES};
use crate::check::values;
use crate::check::{self, Checked, Options, Stopped};
use crate::diag::{Diagnostic, Level, Source, Span};
use crate::question::Settings;
use crate::report::Standing;
use crate::report::gate::{self, Findings};
use crate::sources::template::Given;
use crate::value::arn;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Which policies of a repository break which rules?
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// Files and folders.
    pub paths: Vec<PathBuf>,
    /// The configuration; by default the `leastwise.toml` that is found upwards from the first path, if there is one.
    #[serde(default)]
    pub rules: Option<PathBuf>,
    /// The only rules that are asked, in place of those of the configuration.
    #[serde(default)]
    pub select: Vec<String>,
    /// Rules that are not asked, beside those of the configuration.
    #[serde(default)]
    pub ignore: Vec<String>,
    /// The level from which findings count; by default that of the configuration, or `error`.
    #[serde(default)]
    pub fail_on: Option<Least>,
    /// The git revision to compare with.
    #[serde(default)]
    pub against: Option<String>,
    /// The day that approvals are measured by, `YYYY-MM-DD`.
    pub as_of: String,
    /// The account that templates are deployed in.
    #[serde(default)]
    pub account_id: Option<String>,
    /// The region that templates are deployed in.
    #[serde(default)]
    pub region: Option<String>,
    /// Values of the parameters of templates.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// Fingerprints of findings that are known: they do not count.
    #[serde(default)]
    pub baseline: Vec<String>,
    /// The file that these stand in: with `against`, what the revision's file does not know is told, or counts.
    #[serde(default)]
    pub baseline_path: Option<PathBuf>,
}

/// A level from which findings count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the levels of findings")]
pub enum Least {
    Error,
    Warning,
    Note,
}

impl From<Least> for Level {
    fn from(least: Least) -> Self {
        match least {
            Least::Error => Self::Error,
            Least::Warning => Self::Warning,
            Least::Note => Self::Note,
        }
    }
}

/// What was found, and from which level on it counts.
#[derive(Debug)]
#[non_exhaustive]
pub struct Answer {
    /// What was found.
    pub checked: Checked,
    /// The level from which findings count.
    pub fail_on: Level,
}

impl Answer {
    /// As every format of findings takes it.
    pub fn findings(&self) -> Findings<'_> {
        let Checked { findings: all, files, policies, .. } = &self.checked;
        let (files, policies, fail_on) = (*files, *policies, self.fail_on);
        Findings { check: "check", all, rules: &RULES, files, policies, fail_on, counted: None, headline: None }
    }

    /// The fingerprints of all findings that are not approved: a baseline.
    pub fn fingerprints(&self) -> Vec<String> {
        self.checked.findings.iter().filter(|one| one.suppressed.is_none()).map(gate::fingerprint).collect()
    }

    /// Whether a finding counts; not known where none does and a rule stayed open.
    pub fn standing(&self) -> Standing {
        self.findings().standing()
    }
}

impl Request {
    /// Asks every rule of every policy, on so many threads; each question by itself is decided by these settings.
    ///
    /// # Errors
    /// A member that cannot be meant, or files that cannot be read; a defect.
    pub fn answer(&self, settings: &Settings, jobs: usize) -> Result<Answer, Failed> {
        let paths: Vec<PathBuf> = self.paths.iter().map(|path| files::plain(path)).collect();
        let config = self.config(&paths)?;
        let fail_on = self.fail_on.map(Level::from).or_else(|| config.fail_on.as_deref().and_then(Level::parse));
        let options = Options {
            paths,
            is_configuration_named: self.rules.is_some(),
            selected: self.select.clone(),
            ignored: self.ignore.clone(),
            given: self.given()?,
            against: self.against.clone(),
            today: self.as_of.clone(),
            config,
            settings: *settings,
            jobs,
        };
        let mut checked = check::check(&options).map_err(|stopped| match stopped {
            Stopped::Input(found) => Failed::from(*found),
            Stopped::Internal(internal) => Failed::from(internal),
        })?;
        baseline::apply(&mut checked, self, &options.config, &options.ignored)?;
        Ok(Answer { checked, fail_on: fail_on.unwrap_or(Level::Error) })
    }

    /// The configuration that is found, with what the request says otherwise.
    fn config(&self, paths: &[PathBuf]) -> Result<Config, Failed> {
        let from = paths.first().map_or(Path::new("."), PathBuf::as_path);
        let rules = self.rules.as_deref().map(files::plain);
        let mut config = Config::find(rules.as_deref(), from)?;
        for (flag, names) in [("--select", &self.select), ("--ignore", &self.ignore)] {
            for name in names {
                let source = Source::new(flag, name.as_str());
                let bad =
                    |why| Diagnostic::error("unknown-rule", &source, Span::new(0, name.len()), why, "see leastwise check --help");
                rules::known(name).map_err(bad)?;
            }
        }
        if !self.select.is_empty() {
            config.select.clone_from(&self.select);
        }
        config.ignore.extend(self.ignore.iter().cloned());
        if !RULES.iter().any(|rule| config.asks(rule.id)) {
            return Err(Failed::Other("no rule is left: every one that is selected is ignored".to_owned()));
        }
        Ok(config)
    }

    /// What is known of templates.
    fn given(&self) -> Result<Given, Diagnostic> {
        if !values::is_day(&self.as_of) {
            return Err(Diagnostic::bare("bad-date", format!("`{}` is not a date", self.as_of), "write YYYY-MM-DD"));
        }
        if let Some(account) = self.account_id.as_ref().filter(|account| !arn::is_account(account)) {
            return Err(Diagnostic::bare("bad-account", format!("`{account}` is not an account id"), "write its 12 digits"));
        }
        let (account, region) = (self.account_id.clone(), self.region.clone());
        Ok(Given { account, region, parameters: self.parameters.clone(), every_value: self.against.is_some() })
    }
}
