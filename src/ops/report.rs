//! What does the page about an account show? Who can do what, and with evidence what is unused and what is recommended.

use super::grounds::{Grounds, Read};
use super::{Failed, findings, recommend, who_can};
use crate::account::who_can::Asked;
use crate::question::Settings;
use crate::report::dashboard::{self, Beside};
use crate::report::{json, recommended, unused};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// What does the page about an account show?
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// The account, and evidence: with an empty list of it the page shows who can do what, and nothing of use.
    pub grounds: Grounds,
    /// The command that makes the page, as the page is to show it.
    #[serde(default)]
    pub command: String,
}

impl Request {
    /// Reads what the page rests on.
    ///
    /// # Errors
    /// A member that cannot be meant, or files that cannot be read.
    pub fn read(&self) -> Result<Read, Failed> {
        self.grounds.read()
    }

    /// The data of the page; each question by itself is decided by these settings.
    ///
    /// # Errors
    /// Evidence is asked for and there is none, or it gives no window; a defect.
    pub fn answer(&self, read: &Read, settings: &Settings) -> Result<Value, Failed> {
        let account = self.grounds.account.display().to_string();
        let mut beside = Beside { account, command: self.command.clone(), ..Beside::default() };
        if !self.grounds.evidence.is_empty() {
            self.add_use(read, settings, &mut beside)?;
        }
        let asked = dashboard::questions().map(|actions| Asked { actions, resources: Vec::new() });
        let answers = asked.map(|asked| Ok(who_can::answer(&read.accounts, &asked, settings)?.lines));
        Ok(dashboard::data(&read.accounts, beside, &answers.collect::<Result<Vec<_>, Failed>>()?))
    }

    /// Adds what is unused, what is recommended, and what both rest on.
    fn add_use(&self, read: &Read, settings: &Settings, beside: &mut Beside) -> Result<(), Failed> {
        let request = findings::Request { grounds: self.grounds.clone(), fail_on: findings::FailOn::default() };
        let found = request.answer(read)?.found;
        beside.findings = Some(found.findings.iter().map(|one| unused::json::finding(one, found.window)).collect());
        let mut lines: Vec<String> = unused::read(&read.evidence).lines().map(str::to_owned).collect();
        lines.extend(found.notes.iter().cloned());
        let excluded = |(reason, many): (&String, &usize)| {
            format!("{} excluded: {reason}", crate::diag::count(*many, "finding is", "findings are"))
        };
        lines.extend(found.excluded.iter().map(excluded));
        beside.evidence = Some(lines);
        let request = recommend::Request { grounds: self.grounds.clone(), how: recommend::How::default() };
        let all = request.answer(read, settings)?.all;
        let summary = |one| json::value(&recommended::json::summary(one, &read.evidence.counts));
        beside.recommendations = Some(all.iter().map(summary).collect());
        Ok(())
    }
}
