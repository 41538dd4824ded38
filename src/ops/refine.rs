//! Which policy is the original without the unused permissions?

use super::written::{CatalogName, Id, Policy};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// Which policy is the original without the unused permissions?
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
    /// The unused permissions: a list of services with their actions, or findings as AWS returns them.
    pub unused: Value,
    /// Of findings about several roles or users, the ARN of the one that counts.
    pub resource: Option<String>,
    /// Which catalog of actions counts; the newest by default.
    pub catalog: Option<CatalogName>,
    /// Whether to take names that the catalog does not know all the same.
    pub allow_unknown: Option<bool>,
}

/// The question's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "names")]
pub enum Check {
    #[serde(rename = "refine")]
    Own,
}
