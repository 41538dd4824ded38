//! Errors and warnings.

use super::{Schema, value};
use crate::diag::{Diagnostic, Diagnostics};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// Why there is no answer.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ErrorAnswer {
    schema: Schema,
    error: Error,
}

/// Where something is worth knowing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Place {
    /// The file or the argument; of a warning, the policy's name in a line of `batch`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line, from 1: of the file, or of `batch`'s input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The column, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
}

/// What went wrong, where, and what to do.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct Error {
    /// A stable name: `leastwise explain CODE` says more.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// What was expected, and what to do; empty where the message says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Where.
    #[serde(flatten)]
    pub at: Place,
    /// Further errors.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<Warning>,
    /// Where the engines disagree: of which versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versions: Option<Value>,
    /// Where the engines disagree: what they answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Value>,
}

impl Error {
    /// An error without a place.
    pub fn bare(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), ..Self::default() }
    }
}

/// What is worth knowing about an input, or a further error.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Warning {
    /// A stable name: `leastwise explain CODE` says more.
    pub code: &'static str,
    /// What is odd.
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
    /// Where.
    #[serde(flatten)]
    pub at: Place,
}

/// An error as an answer.
pub fn error(error: Error) -> Value {
    value(&ErrorAnswer { schema: Schema::THIS, error })
}

/// An error: the first diagnostic, with those after it in `more`.
pub fn errors(found: &Diagnostics) -> Value {
    let mut each = found.0.iter().map(diagnostic);
    let Some(first) = each.next() else {
        return error(Error { code: "bad-input".to_owned(), message: "the input cannot be used".to_owned(), ..Error::default() });
    };
    let Warning { code, message, help, at } = first;
    let more = each.collect();
    error(Error { code: code.to_owned(), message, help: Some(help), at, more, ..Error::default() })
}

/// A diagnostic.
pub fn diagnostic(diagnostic: &Diagnostic) -> Warning {
    let Diagnostic { code, message, help, source, .. } = diagnostic;
    let at = diagnostic.line_column();
    Warning {
        code,
        message: message.clone(),
        help: help.clone(),
        at: Place {
            file: source.as_ref().map(|source| source.name.to_string()),
            line: at.map(|at| at.line),
            column: at.map(|at| at.column),
        },
    }
}
