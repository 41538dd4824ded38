//! Do two policies grant the same access?

use super::line::Line;
use super::opened::Opened;
use super::question::{self, Question};
use super::written::{Access, Id, PolicyType};
use super::{Failed, Options, fitting};
use crate::diag::Diagnostic;
use crate::policy;
use crate::query::Query;
use crate::question::equivalent::equivalent;
use crate::question::no_new_access::search;
use crate::question::{InternalError, Outcome, Settings};
use crate::report::Report;
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

/// Do two policies grant the same access?
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// What identifies the line: it comes back as it was written.
    #[serde(default)]
    pub id: Id,
    /// The question.
    pub check: Check,
    /// One policy, or stack.
    pub a: Access,
    /// The other.
    pub b: Access,
    /// Of which type the policies are.
    pub policy_type: Option<PolicyType>,
}

/// The question's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "names")]
pub enum Check {
    #[serde(rename = "equivalent")]
    Own,
}

/// The question, read.
#[derive(Debug, Clone)]
pub struct Equivalent {
    a: Arc<policy::Access>,
    b: Arc<policy::Access>,
}

impl Equivalent {
    /// Of two policies, or stacks.
    ///
    /// # Errors
    /// They cannot be compared: a resource policy with an identity policy, a stack that says less than the other.
    pub fn new(a: Arc<policy::Access>, b: Arc<policy::Access>) -> Result<Self, Diagnostic> {
        fitting::check_alike(&a, &b)?;
        Ok(Self { a, b })
    }
}

/// Answers a line of `batch`.
pub(super) fn of_line(line: &Line<'_>, options: &Options) -> Result<Report, Failed> {
    let asked = Equivalent::new(line.access("a")?, line.access("b")?)?;
    question::answer(&asked, &Opened::none(), options)
}

impl Question for Equivalent {
    fn sides(&self) -> Vec<(&'static str, &Arc<policy::Access>)> {
        vec![("first policy", &self.a), ("second policy", &self.b)]
    }

    fn about(&self, mut other: impl FnMut(&Arc<policy::Access>) -> Arc<policy::Access>) -> Self {
        let a = other(&self.a);
        Self { a, b: other(&self.b) }
    }

    fn searches(&self, _: &Settings) -> Vec<(&'static str, Query<'_>)> {
        let (only_b, only_a) = (search(&self.a, &self.b), search(&self.b, &self.a));
        vec![("only-the-second-grants.smt2", only_b), ("only-the-first-grants.smt2", only_a)]
    }

    fn ask(&self, settings: &Settings) -> Result<Outcome, InternalError> {
        equivalent(&self.a, &self.b, settings)
    }
}
