//! Does a policy grant none of the listed access?

use super::line::Line;
use super::opened::Opened;
use super::question::{self, Question};
use super::written::{Access, Id, OneOrList, PolicyType};
use super::{Failed, Options, listed};
use crate::diag::Diagnostics;
use crate::policy;
use crate::query::Query;
use crate::question::access_not_granted::{self as asked, access_not_granted, search};
use crate::question::{InternalError, Outcome, Settings};
use crate::report::Report;
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

/// Does a policy grant none of the listed access?
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// What identifies the line: it comes back as it was written.
    #[serde(default)]
    pub id: Id,
    /// The question.
    pub check: Check,
    /// The policy, or stack.
    pub policy: Access,
    /// What it must not grant.
    pub access: OneOrList<Listed>,
    /// Of which type the policies are.
    pub policy_type: Option<PolicyType>,
    /// Whether to ask about names that the catalog does not know all the same.
    pub allow_unknown: Option<bool>,
}

/// The question's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "names")]
pub enum Check {
    #[serde(rename = "access-not-granted")]
    Own,
    #[serde(rename = "check-access-not-granted")]
    Alias,
}

/// Access that must not be granted: actions alone mean on any resource, resources alone mean any action.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Listed {
    /// Actions, with wildcards as in a policy.
    pub actions: OneOrList<String>,
    /// Resource ARNs, with wildcards as in a policy.
    pub resources: OneOrList<String>,
}

/// The question, read.
#[derive(Debug, Clone)]
pub struct AccessNotGranted {
    policy: Arc<policy::Access>,
    access: asked::Access,
    /// Of names that nobody knows.
    notes: Vec<String>,
}

impl AccessNotGranted {
    /// Of a policy, or stack, and the access that it must not grant.
    ///
    /// # Errors
    /// The access means nothing, or names what nobody knows and that is not allowed.
    pub fn new(policy: Arc<policy::Access>, access: listed::Listed, allow_unknown: bool) -> Result<Self, Diagnostics> {
        let (access, notes) = access.check(allow_unknown)?;
        Ok(Self { policy, access, notes })
    }

    /// The resources that are asked about, as written.
    pub fn resources(&self) -> &[String] {
        &self.access.resources
    }
}

/// Answers a line of `batch`.
pub(super) fn of_line(line: &Line<'_>, options: &Options) -> Result<Report, Failed> {
    let policy = line.access("policy")?;
    let mut access = listed::Listed::default();
    access.add_json(line.source, line.member("access")?)?;
    let asked = AccessNotGranted::new(policy, access, line.allows_unknown(options.allow_unknown)?)?;
    question::answer(&asked, &Opened::none(), options)
}

impl Question for AccessNotGranted {
    fn sides(&self) -> Vec<(&'static str, &Arc<policy::Access>)> {
        vec![("policy", &self.policy)]
    }

    fn about(&self, mut other: impl FnMut(&Arc<policy::Access>) -> Arc<policy::Access>) -> Self {
        Self { policy: other(&self.policy), ..self.clone() }
    }

    fn searches(&self, settings: &Settings) -> Vec<(&'static str, Query<'_>)> {
        vec![("access-not-granted.smt2", search(&self.policy, &self.access, settings))]
    }

    fn ask(&self, settings: &Settings) -> Result<Outcome, InternalError> {
        let mut outcome = access_not_granted(&self.policy, &self.access, settings)?;
        outcome.notes.extend(self.notes.iter().cloned());
        Ok(outcome)
    }
}
