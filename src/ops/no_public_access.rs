//! Does a resource policy grant nothing to the public?

use super::line::Line;
use super::opened::Opened;
use super::question::{self, Question};
use super::written::{Access, Id, PolicyType};
use super::{Failed, Options, fitting};
use crate::diag::{Diagnostic, Source, Span};
use crate::policy;
use crate::query::Query;
use crate::question::no_public_access::{ResourceType, no_public_access, search};
use crate::question::{InternalError, Outcome, Settings};
use crate::report::Report;
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

/// Does a resource policy grant nothing to the public?
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// What identifies the line: it comes back as it was written.
    #[serde(default)]
    pub id: Id,
    /// The question.
    pub check: Check,
    /// The policy of the resource, or a stack with it.
    pub policy: Access,
    /// Of which type the resource is, such as `AWS::S3::Bucket`.
    pub resource_type: String,
    /// Of which type the policies are.
    pub policy_type: Option<PolicyType>,
}

/// The question's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "names")]
pub enum Check {
    #[serde(rename = "no-public-access")]
    Own,
    #[serde(rename = "check-no-public-access")]
    Alias,
}

/// The question, read.
#[derive(Debug, Clone)]
pub struct NoPublicAccess {
    policy: Arc<policy::Access>,
    of: ResourceType,
}

impl NoPublicAccess {
    /// Of a resource's policy, or a stack with it, and the type of the resource, which stands there.
    ///
    /// # Errors
    /// The policy names no principals, or there is no such type.
    pub fn new(policy: Arc<policy::Access>, of: &str, place: (&Source, Span)) -> Result<Self, Diagnostic> {
        fitting::check_resource_side(&policy)?;
        Ok(Self { policy, of: fitting::resource_type(of, place)? })
    }
}

/// Answers a line of `batch`.
pub(super) fn of_line(line: &Line<'_>, options: &Options) -> Result<Report, Failed> {
    let (policy, of) = (line.access("policy")?, line.member("resourceType"));
    fitting::check_resource_side(&policy)?;
    let of = of?;
    let asked = NoPublicAccess::new(policy, of.as_str().unwrap_or_default(), (line.source, of.span))?;
    question::answer(&asked, &Opened::none(), options)
}

impl Question for NoPublicAccess {
    fn sides(&self) -> Vec<(&'static str, &Arc<policy::Access>)> {
        vec![("policy", &self.policy)]
    }

    fn about(&self, mut other: impl FnMut(&Arc<policy::Access>) -> Arc<policy::Access>) -> Self {
        Self { policy: other(&self.policy), of: self.of }
    }

    fn searches(&self, _: &Settings) -> Vec<(&'static str, Query<'_>)> {
        vec![("no-public-access.smt2", search(&self.policy, Some(self.of)))]
    }

    fn ask(&self, settings: &Settings) -> Result<Outcome, InternalError> {
        no_public_access(&self.policy, self.of, settings)
    }
}
