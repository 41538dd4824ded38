//! Does a policy grant none of the listed access?

use super::written::{Access, Id, OneOrList, PolicyType};
use schemars::JsonSchema;
use serde::Deserialize;

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
