//! Does a resource policy grant nothing to the public?

use super::written::{Access, Id, PolicyType};
use schemars::JsonSchema;
use serde::Deserialize;

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
