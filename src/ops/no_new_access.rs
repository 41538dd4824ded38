//! Does a new version of a policy grant nothing new?

use super::line::Line;
use super::opened::Opened;
use super::question::{self, Question};
use super::written::{Access, Id, PolicyType};
use super::{Failed, Options, fitting};
use crate::diag::Diagnostic;
use crate::policy;
use crate::query::Query;
use crate::question::no_new_access::{no_new_access, search};
use crate::question::{InternalError, Outcome, Settings};
use crate::report::Report;
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

/// Does a new version of a policy grant nothing new?
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// What identifies the line: it comes back as it was written.
    #[serde(default)]
    pub id: Id,
    /// The question.
    pub check: Check,
    /// The policy, or stack, as it is.
    pub existing: Access,
    /// The policy, or stack, as it would be.
    pub new: Access,
    /// Of which type the policies are.
    pub policy_type: Option<PolicyType>,
}

/// The question's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "names")]
pub enum Check {
    #[serde(rename = "no-new-access")]
    Own,
    #[serde(rename = "check-no-new-access")]
    Alias,
}

/// The question, read.
#[derive(Debug, Clone)]
pub struct NoNewAccess {
    existing: Arc<policy::Access>,
    new: Arc<policy::Access>,
}

impl NoNewAccess {
    /// Of two versions.
    ///
    /// # Errors
    /// They cannot be compared: a resource policy with an identity policy, a stack that says less than the other.
    pub fn new(existing: Arc<policy::Access>, new: Arc<policy::Access>) -> Result<Self, Diagnostic> {
        fitting::check_alike(&existing, &new)?;
        Ok(Self { existing, new })
    }
}

/// Answers a line of `batch`.
pub(super) fn of_line(line: &Line<'_>, options: &Options) -> Result<Report, Failed> {
    let asked = NoNewAccess::new(line.access("existing")?, line.access("new")?)?;
    question::answer(&asked, &Opened::none(), options)
}

impl Question for NoNewAccess {
    fn sides(&self) -> Vec<(&'static str, &Arc<policy::Access>)> {
        vec![("new policy", &self.new), ("existing policy", &self.existing)]
    }

    fn about(&self, mut other: impl FnMut(&Arc<policy::Access>) -> Arc<policy::Access>) -> Self {
        let new = other(&self.new);
        Self { existing: other(&self.existing), new }
    }

    fn searches(&self, _: &Settings) -> Vec<(&'static str, Query<'_>)> {
        vec![("no-new-access.smt2", search(&self.existing, &self.new))]
    }

    fn ask(&self, settings: &Settings) -> Result<Outcome, InternalError> {
        no_new_access(&self.existing, &self.new, settings)
    }
}
