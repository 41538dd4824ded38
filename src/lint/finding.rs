//! What does a rule say, and about which place?
//!
//! The shape is AWS's: a type, a code, details, and locations that are a path into the document with a span of its text.
//! Spans are byte ranges here; lines, columns and offsets are made where a finding is shown.
//!
//! Source: IAM Access Analyzer API Reference, ValidatePolicyFinding, Location, PathElement, Span.

use crate::diag::{Source, Span};
use serde_json::{Value, json};

/// How bad a finding is, in AWS's words; the worst one is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FindingType {
    /// The policy could be better.
    Suggestion,
    /// The policy does not follow a recommendation.
    Warning,
    /// The policy grants what is risky.
    SecurityWarning,
    /// The policy does not work.
    Error,
}

impl FindingType {
    /// AWS's spelling.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::SecurityWarning => "SECURITY_WARNING",
            Self::Warning => "WARNING",
            Self::Suggestion => "SUGGESTION",
        }
    }

    /// As the anchors of AWS's page begin.
    fn anchor(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::SecurityWarning => "security-warning",
            Self::Warning => "general-warning",
            Self::Suggestion => "suggestion",
        }
    }
}

/// Whose check it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// One of AWS's, under its code.
    Aws,
    /// One of ours.
    Leastwise,
}

impl Origin {
    /// As it is shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Leastwise => "leastwise",
        }
    }
}

/// One step of a path into a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Step {
    /// To the value of this member.
    Value(String),
    /// To this element of a list.
    Index(usize),
    /// To the name of this member.
    Key(String),
    /// To a part of a text: characters from its start, and how many.
    Substring(usize, usize),
}

/// A place in a document.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Place {
    /// The way to it; empty for the whole document.
    pub path: Vec<Step>,
    /// Bytes of the text, with the quotes of a string.
    pub span: Span,
}

impl Place {
    /// The place one step further.
    pub(crate) fn then(&self, step: Step, span: Span) -> Self {
        Self { path: self.path.iter().cloned().chain([step]).collect(), span }
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// How bad it is.
    pub kind: FindingType,
    /// The issue code.
    pub code: &'static str,
    /// What is wrong and what to do, in plain words.
    pub details: String,
    /// Where; the first is the main one.
    pub locations: Vec<Place>,
    /// Whose check it is.
    pub origin: Origin,
    /// What shows it: a request, or what was proved.
    pub evidence: Option<Value>,
}

/// Where AWS describes its codes.
const PAGE: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html";

/// Where our codes are described.
const OWN_PAGE: &str = "https://docs.rs/crate/leastwise/latest/source/docs/validate.md";

impl Finding {
    /// Where the code is described.
    pub fn link(&self) -> String {
        match self.origin {
            Origin::Aws => {
                let code = self.code.to_ascii_lowercase().replace('_', "-");
                format!("{PAGE}#access-analyzer-reference-policy-checks-{}-{code}", self.kind.anchor())
            }
            Origin::Leastwise => format!("{OWN_PAGE}#{}", self.code.to_ascii_lowercase()),
        }
    }

    /// As AWS's API gives it, with its origin and evidence; `source` is the text of the policy.
    pub fn json(&self, source: &Source) -> Value {
        let locations: Vec<Value> = self.locations.iter().map(|place| location(place, source)).collect();
        let mut out = json!({
            "findingType": self.kind.name(),
            "issueCode": self.code,
            "findingDetails": self.details,
            "learnMoreLink": self.link(),
            "locations": locations,
            "source": self.origin.name(),
        });
        if let (Some(evidence), Some(object)) = (&self.evidence, out.as_object_mut()) {
            object.insert("evidence".to_owned(), evidence.clone());
        }
        out
    }
}

fn location(place: &Place, source: &Source) -> Value {
    let path = place.path.iter().map(|step| match step {
        Step::Value(name) => json!({"value": name}),
        Step::Index(index) => json!({"index": index}),
        Step::Key(name) => json!({"key": name}),
        Step::Substring(start, length) => json!({"substring": {"start": start, "length": length}}),
    });
    let path: Vec<Value> = path.collect();
    let position = |at: usize| {
        let place = source.line_column(at);
        json!({"line": place.line, "column": place.column - 1, "offset": source.characters_before(at)})
    };
    json!({"path": path, "span": {"start": position(place.span.start), "end": position(place.span.end)}})
}
