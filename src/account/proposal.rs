//! What is proposed beyond what is proved unused, and what does it rest on?
//!
//! A recommendation takes away what the evidence shows to be unused. Shorter lists of resources and conditions take away what
//! was merely not seen: they are asked for (`--resources`, `--conditions`), and each of them is told with its evidence, in
//! every format.

use schemars::JsonSchema;
use serde::Serialize;
use std::fmt;

/// One proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Proposal {
    /// A shorter list of resources.
    Resources(Resources),
    /// A condition.
    Condition(Condition),
}

/// A shorter list of resources for a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Resources {
    /// The statement's place in the policy as it would be, from 0.
    pub statement_index: usize,
    /// The list.
    pub resources: Vec<String>,
    /// How many resources were seen.
    pub seen: usize,
}

/// A condition for a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// The statement's place in the policy as it would be, from 0.
    pub statement_index: usize,
    /// The operator.
    pub operator: &'static str,
    /// The condition key.
    pub key: String,
    /// Every value that was seen.
    pub values: Vec<String>,
    /// The records behind it.
    pub evidence: Evidence,
}

/// The records that a condition rests on: those of the statement's actions. Each of them says which value the key had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// How many.
    pub records: u64,
    /// The time of the first, in ISO 8601.
    pub first: String,
    /// The time of the last.
    pub last: String,
}

impl fmt::Display for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resources(Resources { statement_index, resources, seen }) => write!(
                f,
                "a proposal: the resources of the statement with index {statement_index} are narrowed to {} from {seen} that were \
                 seen",
                resources.len()
            ),
            Self::Condition(Condition { statement_index, operator, key, values, evidence }) => write!(
                f,
                "a proposal: the statement with index {statement_index} gets the condition {operator} {key} {}, from {} records, {} \
                 to {}; a call with another value, or without the key, is not allowed then",
                values.join(", "),
                evidence.records,
                evidence.first,
                evidence.last
            ),
        }
    }
}
