//! What is the whole difference of access between two versions?

use super::written::{Access, Id, PolicyType};
use schemars::JsonSchema;
use serde::Deserialize;

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
