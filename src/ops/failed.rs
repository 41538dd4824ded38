//! Why is there no report?
//!
//! Input that cannot be used, a defect, something outside the input, or two engines that contradict each other. A door
//! makes an exit code, a line or a status of it; what the words are is said here once.

use crate::diag::{Diagnostic, Diagnostics};
use crate::question::InternalError;
use crate::refine;
use serde_json::Value;
use std::fmt;

/// Why an operation has no report.
#[non_exhaustive]
pub enum Failed {
    /// The input cannot be used.
    Input(Diagnostics),
    /// A defect: a witness did not replay, or two meanings disagree.
    Internal(InternalError),
    /// Something outside the input: a file that cannot be written.
    Other(String),
    /// The engines contradict each other.
    Disagree(Box<Disagreement>),
}

/// Two answers of which one is wrong, with what is needed to look into it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Disagreement {
    /// The answers, of the engine that was asked and of the other one.
    pub answers: [Value; 2],
    /// The policies, by what they are called.
    pub inputs: Vec<Value>,
}

impl Disagreement {
    /// Everything that is needed to look into it, as JSON.
    pub fn bundle(&self) -> Value {
        serde_json::json!({
            "leastwise": env!("CARGO_PKG_VERSION"),
            "z3": crate::smt::version(),
            "inputs": self.inputs,
            "answers": self.answers,
        })
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(found) => found.fmt(f),
            Self::Internal(error) => error.fmt(f),
            Self::Other(message) => f.write_str(message),
            Self::Disagree(disagreement) => {
                let said = disagreement.answers.each_ref().map(|answer| {
                    let text = |member: &Value| member.as_str().unwrap_or_default().to_owned();
                    let engine = answer.pointer("/proof/engine").map(text).unwrap_or_default();
                    (engine, answer.get("message").or_else(|| answer.get("result")).map(text).unwrap_or_default())
                });
                let [(one, says), (other, contradicts)] = said;
                write!(f, "the engines disagree: {one} says \"{says}\", {other} says \"{contradicts}\"")
            }
        }
    }
}

/// As it is said: `fn main() -> Result<(), Box<dyn Error>>` prints an error this way.
impl fmt::Debug for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Failed {}

impl From<Diagnostic> for Failed {
    fn from(found: Diagnostic) -> Self {
        Self::Input(found.into())
    }
}

impl From<Diagnostics> for Failed {
    fn from(found: Diagnostics) -> Self {
        Self::Input(found)
    }
}

impl From<InternalError> for Failed {
    fn from(error: InternalError) -> Self {
        Self::Internal(error)
    }
}

impl From<refine::Error> for Failed {
    fn from(error: refine::Error) -> Self {
        match error {
            refine::Error::Policy(found) => Self::Input(found),
            refine::Error::Internal(error) => Self::Internal(error),
        }
    }
}
