//! Who outside a zone of trust gets which access?

use super::written::{Access, Id, OneOrList, PolicyType};
use schemars::JsonSchema;
use serde::Deserialize;

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
