//! What is the whole difference of access between two versions?

use super::line::Line;
use super::question::{read_as, write_smt2};
use super::written::{Access, Id, PolicyType};
use super::{Failed, Options, crossed, fitting};
use crate::diag::Diagnostic;
use crate::policy;
use crate::question::difference::difference;
use crate::question::no_new_access::{no_new_access, search};
use crate::question::{Settings, Verdict};
use crate::report::{Found, Report};
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

/// What is the whole difference of access between two versions?
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// What identifies the line: it comes back as it was written.
    #[serde(default)]
    pub id: Id,
    /// The question.
    pub check: Check,
    /// The policy, or stack, as it was.
    pub old: Access,
    /// As it is.
    pub new: Access,
    /// Of which type the policies are.
    pub policy_type: Option<PolicyType>,
}

/// The question's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "names")]
pub enum Check {
    #[serde(rename = "diff")]
    Own,
}

/// The question, read.
#[derive(Debug, Clone)]
pub struct Diff {
    old: Arc<policy::Access>,
    new: Arc<policy::Access>,
}

impl Diff {
    /// Of two versions.
    ///
    /// # Errors
    /// They cannot be compared: a resource policy with an identity policy, a stack that says less than the other.
    pub fn new(old: Arc<policy::Access>, new: Arc<policy::Access>) -> Result<Self, Diagnostic> {
        fitting::check_alike(&old, &new)?;
        Ok(Self { old, new })
    }

    /// Answers it.
    ///
    /// # Errors
    /// A defect, a contradiction between the engines, or files that cannot be written.
    pub fn answer(&self, options: &Options) -> Result<Report, Failed> {
        let [old, new] = [&self.old, &self.new].map(|access| read_as(access, options.settings.readings));
        write_smt2(&[("added.smt2", search(&old, &new)), ("removed.smt2", search(&new, &old))], options)?;
        let difference = Box::new(difference(&old, &new, &options.settings)?);
        let report = Found::Difference { old: old.clone(), new: new.clone(), difference }.report();
        let inputs = || crossed::texts(&[("old", &self.old), ("new", &self.new)]);
        crossed::check(report, options, inputs, |settings| is_none(&old, &new, settings))
    }
}

/// Whether there is no difference, asked as two questions: the first that says more than PASS.
fn is_none(old: &policy::Access, new: &policy::Access, settings: &Settings) -> Result<Report, Failed> {
    let (added, removed) = (no_new_access(old, new, settings)?, no_new_access(new, old, settings)?);
    let outcome = match (&added.verdict, &removed.verdict) {
        (Verdict::Fail { .. }, _) | (Verdict::Unknown(_), Verdict::Pass | Verdict::Unknown(_)) => added,
        (_, Verdict::Fail { .. }) | (Verdict::Pass, _) => removed,
    };
    Ok(Found::Verdict { outcome: Box::new(outcome), explained: None }.report())
}

/// Answers a line of `batch`.
pub(super) fn of_line(line: &Line<'_>, options: &Options) -> Result<Report, Failed> {
    Diff::new(line.access("old")?, line.access("new")?)?.answer(options)
}
