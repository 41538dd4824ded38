//! What does the page about an account show? Who can do what, and with evidence what is unused and what is recommended.

use super::grounds::{Grounds, Read};
use super::recommend::Proving;
use super::{Failed, findings, recommend, who_can};
use crate::account::findings::Findings;
use crate::account::observe::known_as;
use crate::account::who_can::Asked;
use crate::diag::Diagnostic;
use crate::question::Settings;
use crate::report::dashboard::{self, Beside, Point, Used};
use crate::report::{html, unused};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

/// Bytes that are read of an earlier page.
const MOST_PAGE: u64 = 256 << 20;

/// What does the page about an account show?
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// The account, and evidence: with an empty list of it the page shows who can do what, and nothing of use.
    pub grounds: Grounds,
    /// The command that makes the page, as the page is to show it.
    #[serde(default)]
    pub command: String,
    /// The command that writes what is recommended, as the page is to show it.
    #[serde(default)]
    pub recommend: Option<String>,
    /// An earlier page, to compare with.
    #[serde(default)]
    pub baseline: Option<PathBuf>,
}

/// Uses that a page shows of one principal, and of all.
const MOST_USES: [usize; 2] = [8, 20_000];

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
        let (command, recommend) = (self.command.clone(), self.recommend.clone());
        let mut beside = Beside { account, command, recommend, earlier: self.earlier()?, ..Beside::default() };
        let (found, recommended);
        if !self.grounds.evidence.is_empty() {
            let request = findings::Request { grounds: self.grounds.clone(), fail_on: findings::FailOn::default() };
            found = request.answer(read)?.found;
            let request = recommend::Request { grounds: self.grounds.clone(), how: recommend::How::default() };
            recommended = request.answer(read, &Proving { settings: *settings, ..Proving::default() })?;
            beside.evidence = Some(evidence(read, &found));
            beside.until = Some(found.window.to.to_string());
            beside.uses = uses(read);
            (beside.findings, beside.recommendations) = (Some(&found), Some(recommended.all.as_slice()));
        }
        let asked = dashboard::questions().map(|actions| Asked { actions, resources: Vec::new() });
        let answers = asked.map(|asked| Ok(who_can::answer(&read.accounts, &asked, settings)?.lines));
        Ok(dashboard::data(&read.accounts, beside, &answers.collect::<Result<Vec<_>, Failed>>()?))
    }

    /// What the earlier page and those before it counted.
    fn earlier(&self) -> Result<Vec<Point>, Failed> {
        let Some(path) = &self.baseline else { return Ok(Vec::new()) };
        let bad = |message: String| Diagnostic::bare("not-a-page", message, "give a page that `leastwise report` wrote");
        let mut text = String::new();
        let read = File::open(path).and_then(|file| file.take(MOST_PAGE).read_to_string(&mut text));
        read.map_err(|error| bad(format!("cannot read {}: {error}", path.display())))?;
        html::trend_of(&text).ok_or_else(|| bad(format!("{} is not a page of this program", path.display())).into())
    }
}

/// What is said of the evidence: its sources, window, gaps, and what was excluded.
fn evidence(read: &Read, found: &Findings<'_>) -> Vec<String> {
    let mut lines: Vec<String> = unused::read(&read.evidence).lines().map(str::to_owned).collect();
    lines.extend(found.notes.iter().cloned());
    let until = |reason: &String| {
        let expires = read.options.exclusions.exclude.iter().find(|one| one.reason == *reason)?.expires.as_ref()?;
        Some(format!(" (until {expires})"))
    };
    let excluded = |(reason, many): (&String, &usize)| {
        let many = crate::diag::count(*many, "finding is", "findings are");
        format!("{many} excluded: {reason}{}", until(reason).unwrap_or_default())
    };
    lines.extend(found.excluded.iter().map(excluded));
    lines
}

/// What each principal used last.
fn uses(read: &Read) -> BTreeMap<String, Vec<Used>> {
    let [of_one, mut left] = MOST_USES;
    // Each has some, whoever comes first.
    let of_one = of_one.min((left / read.accounts.principals().count().max(1)).max(1));
    let mut out = BTreeMap::new();
    for entity in read.accounts.principals() {
        let Some(activity) = known_as(entity).and_then(|who| read.evidence.activity.get(&who)) else { continue };
        let mut all: Vec<_> = activity.uses.iter().collect();
        all.sort_by_key(|(event, used)| (std::cmp::Reverse(used.last), *event));
        let shown: Vec<Used> = all
            .into_iter()
            .take(of_one.min(left))
            .map(|((source, name), used)| {
                let (event, last) = (format!("{source} {name}"), used.last.to_string());
                Used { event, last, count: used.count, file: used.place.file.to_string(), line: used.place.line }
            })
            .collect();
        left -= shown.len();
        out.insert(entity.arn.clone(), shown);
    }
    out
}
