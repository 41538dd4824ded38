//! How are policies, stacks and names written in a request?

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

/// A policy document: JSON, or a text that holds JSON. What the AWS CLI prints around one is read too.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Policy {
    /// As JSON.
    Document(Map<String, Value>),
    /// As a text that holds JSON, percent-encoded or not.
    Text(String),
}

/// A policy document, or a stack of them: an object with the members of a stack.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Access {
    /// One policy, or a stack, as JSON.
    Document(Box<StackOrPolicy>),
    /// As a text that holds JSON.
    Text(String),
}

/// A stack has at least one of the members named here; any other object is one policy document.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct StackOrPolicy {
    /// The policies of the stack.
    #[serde(flatten)]
    pub stack: Stack,
    /// The elements of a policy.
    #[serde(flatten)]
    pub document: Map<String, Value>,
}

/// The policies that decide together. What is absent does not apply, but for `resourcePolicy`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Stack {
    /// The principal's own policies.
    pub identity_policies: Option<Vec<Policy>>,
    /// The resource's policy. In a question an absent one is not known, and null says that there is none.
    pub resource_policy: Option<Policy>,
    /// The principal's permissions boundary; every one of them must allow.
    pub permission_boundaries: Option<Vec<Policy>>,
    /// The policies of the session.
    pub session_policies: Option<Vec<Policy>>,
    /// Levels of service control policies, from the organization's root down; every level must allow.
    pub service_control_policies: Option<Vec<Vec<Policy>>>,
    /// Levels of resource control policies, from the organization's root down; every level must allow.
    pub resource_control_policies: Option<Vec<Vec<Policy>>>,
    /// The policies of VPC endpoints on the way.
    pub endpoint_policies: Option<Vec<Policy>>,
    /// The id of the organization's management account, which service control policies do not bind.
    pub management_account: Option<String>,
}

/// What identifies a line: it comes back as it was written.
pub type Id = Value;

/// Of which type a policy is; by default, one that names principals is a resource policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs, reason = "AWS's names")]
pub enum PolicyType {
    IdentityPolicy,
    ResourcePolicy,
}

/// Which catalog of actions counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "their names")]
pub enum CatalogName {
    #[serde(rename = "latest")]
    Latest,
    #[serde(rename = "2024-06")]
    June2024,
}

/// A list, or its one element alone.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrList<T> {
    /// The one element.
    One(T),
    /// A list.
    List(Vec<T>),
}

impl<T> Default for OneOrList<T> {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::fields;
    use crate::sources::STACK_MEMBERS;

    /// The schema's stack has the members that are read: those of the table of places.
    #[test]
    fn a_stack_has_the_members_that_are_read() {
        assert_eq!(fields::of::<Stack>(), STACK_MEMBERS);
    }
}
