//! Who outside a zone of trust gets which access?

use super::line::Line;
use super::question::{read_as, write_smt2};
use super::written::{Access, Id, OneOrList, PolicyType};
use super::{Failed, Options, crossed, fitting};
use crate::diag::Diagnostic;
use crate::policy;
use crate::question::Settings;
use crate::question::outside_access::{Zone, outside_access, searches, without_sources};
use crate::report::{Found, Report, proof};
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

/// Who outside a zone of trust gets which access?
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
    /// Whom to trust: account ids, organization ids, ARNs, canonical user ids, domains of identity providers.
    pub trusted: OneOrList<String>,
    /// Whether services that nothing pins to a source count as inside.
    pub trust_services: Option<bool>,
    /// Of which type the policies are.
    pub policy_type: Option<PolicyType>,
}

/// The question's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "names")]
pub enum Check {
    #[serde(rename = "outside-access")]
    Own,
}

/// The question, read.
#[derive(Debug, Clone)]
pub struct OutsideAccess {
    policy: Arc<policy::Access>,
    zone: Zone,
}

impl OutsideAccess {
    /// Of a resource's policy, or a stack with it, and a zone of trust.
    ///
    /// # Errors
    /// The policy names no principals.
    pub fn new(policy: Arc<policy::Access>, zone: Zone) -> Result<Self, Diagnostic> {
        fitting::check_resource_side(&policy)?;
        Ok(Self { policy, zone })
    }

    /// Answers it.
    ///
    /// # Errors
    /// A defect, a contradiction between the engines, or files that cannot be written.
    pub fn answer(&self, options: &Options) -> Result<Report, Failed> {
        let access = read_as(&self.policy, options.settings.readings);
        if options.emit_smt2.is_some() {
            let pinned = without_sources(&access, &self.zone);
            let names = ["people-from-outside.smt2", "services.smt2", "services-in-trust-policies.smt2"];
            let searches: Vec<_> = names.into_iter().zip(searches(&access, pinned.as_ref(), &self.zone)).collect();
            write_smt2(&searches, options)?;
        }
        let ask = |settings: &Settings| -> Result<Report, Failed> {
            let outside = outside_access(&access, &self.zone, settings)?;
            Ok(Found::Outside { access: access.clone(), outside: Box::new(outside) }.report())
        };
        let inputs = || crossed::texts(&[("policy", &self.policy)]);
        let report = crossed::check(ask(&options.settings)?, options, inputs, ask)?;
        if let Found::Outside { outside, .. } = &report.found
            && let Some(checked) = &outside.checked
        {
            options.write_proof(|| proof::files(&[("outside-access", &checked.obligations)]))?;
        }
        Ok(report)
    }
}

/// Answers a line of `batch`.
pub(super) fn of_line(line: &Line<'_>, options: &Options) -> Result<Report, Failed> {
    let policy = line.access("policy")?;
    fitting::check_resource_side(&policy)?;
    OutsideAccess::new(policy, line.zone()?)?.answer(options)
}
