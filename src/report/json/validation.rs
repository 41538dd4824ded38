//! What `validate` finds in a policy.

use super::{Result, Schema, Versions, Warning, versions};
use crate::catalog::Catalog;
use crate::diag::Source;
use crate::lint::Finding;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

/// The answer to `validate`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ValidateAnswer {
    schema: Schema,
    #[schemars(extend("const" = "validate"))]
    check: &'static str,
    result: Result,
    /// As AWS's ValidatePolicy has them, each with its `source` (`aws` or `leastwise`), ours with `evidence`.
    findings: Vec<Map<String, Value>>,
    proof: Versions,
    /// What is worth knowing about the policy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    /// The file, where there may be several.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
}

impl ValidateAnswer {
    /// The same, of this file.
    #[must_use]
    pub fn of_file(self, name: String) -> Self {
        Self { file: Some(name), ..self }
    }
}

/// Findings; `source` is the text of the policy.
pub fn validation(source: &Source, findings: &[Finding], fails: bool) -> ValidateAnswer {
    let shown = findings.iter().map(|finding| match finding.json(source) {
        Value::Object(members) => members,
        other => Map::from_iter([("finding".to_owned(), other)]),
    });
    ValidateAnswer {
        schema: Schema::THIS,
        check: "validate",
        result: if fails { Result::Fail } else { Result::Pass },
        findings: shown.collect(),
        proof: versions(Catalog::LATEST),
        warnings: Vec::new(),
        file: None,
    }
}
