//! Do two policies grant the same access?

use super::written::{Access, Id, PolicyType};
use schemars::JsonSchema;
use serde::Deserialize;

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
