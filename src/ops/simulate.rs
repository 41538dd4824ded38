//! What becomes of one request under a policy or a stack of policies?

use super::written::{Id, OneOrList, Stack};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What becomes of one request under a policy or a stack of policies?
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// What identifies the line: it comes back as it was written.
    #[serde(default)]
    pub id: Id,
    /// The question.
    pub check: Check,
    /// The request to decide.
    pub request: Asked,
    /// The policies that apply; an absent one does not.
    #[serde(flatten)]
    pub stack: Stack,
}

/// The question's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "names")]
pub enum Check {
    #[serde(rename = "simulate")]
    Own,
}

/// A request to an AWS API.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct Asked {
    /// Who asks.
    pub principal: Principal,
    /// `service:Name`.
    pub action: String,
    /// On what; `*` by default.
    pub resource: Option<Resource>,
    /// Condition keys with their values; what follows from the principal and the resource may be left out.
    #[serde(default)]
    pub context: BTreeMap<String, OneOrList<Scalar>>,
}

/// Who asks: an ARN, an account id, a service's name, `anonymous`, or a kind with an id.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Principal {
    /// An ARN, an account id, a service's name, or `anonymous`.
    Name(String),
    /// A kind with an id.
    Of {
        /// Which kind.
        #[serde(rename = "type")]
        kind: Kind,
        /// Its name.
        id: String,
    },
}

/// A kind of principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "AWS's names")]
pub enum Kind {
    #[serde(rename = "AWS")]
    Aws,
    Service,
    Federated,
    CanonicalUser,
}

/// On what: an ARN, or one with the account that owns it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Resource {
    /// An ARN, or `*` for an action without a resource.
    Arn(String),
    /// With its owner.
    Owned {
        /// The ARN.
        arn: String,
        /// The account that owns it.
        #[serde(rename = "accountId")]
        account_id: Option<String>,
    },
}

/// A value of a condition key.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Scalar {
    /// A text.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(serde_json::Number),
}
