//! What would AWS, and a prover, say about a policy?

use super::written::{Id, OneOrList, Policy};
use schemars::JsonSchema;
use serde::Deserialize;

/// What would AWS, and a prover, say about a policy?
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// What identifies the line: it comes back as it was written.
    #[serde(default)]
    pub id: Id,
    /// The question.
    pub check: Check,
    /// The policy.
    pub policy: Policy,
    /// Of which type the policy is.
    pub policy_type: Option<PolicyType>,
    /// Of which type the resource is, such as `AWS::S3::Bucket`.
    pub resource_type: Option<String>,
    /// From which level on a finding is a FAIL: `error`, `security-warning`, `warning`, `suggestion` or `never`.
    pub fail_on: Option<String>,
    /// The codes that count; all by default.
    pub select: Option<OneOrList<String>>,
    /// Codes that do not count.
    pub ignore: Option<OneOrList<String>>,
    /// Whether only AWS's own codes count.
    pub aws_only: Option<bool>,
}

/// The question's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "names")]
pub enum Check {
    #[serde(rename = "validate")]
    Own,
}

/// A type of policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs, reason = "AWS's names")]
pub enum PolicyType {
    IdentityPolicy,
    ResourcePolicy,
    ServiceControlPolicy,
    ResourceControlPolicy,
}
