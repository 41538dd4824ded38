//! One trouble, as data: code, severity, message, place, help.

use super::{LineColumn, Source, Span};
use std::fmt;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; the work goes on.
    Warning,
    /// The input cannot be used.
    Error,
}

/// One trouble with an input, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// A stable kebab-case code, e.g. `duplicate-key`.
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// The text it is about; absent when it is about no text (a missing file).
    pub source: Option<Source>,
    /// Where in that text.
    pub span: Span,
    /// What was expected and what to do; may be empty.
    pub help: String,
}

impl Diagnostic {
    /// An error at a place in a source.
    pub fn error(code: &'static str, source: &Source, span: Span, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code, severity: Severity::Error, message: message.into(), source: Some(source.clone()), span, help: help.into() }
    }

    /// A warning at a place in a source.
    pub fn warning(code: &'static str, source: &Source, span: Span, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, source, span, message, help) }
    }

    /// An error that is about no text.
    pub fn bare(code: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code, severity: Severity::Error, message: message.into(), source: None, span: Span::default(), help: help.into() }
    }

    /// Line and column where it starts, if it is about a text.
    pub fn line_column(&self) -> Option<LineColumn> {
        self.source.as_ref().map(|source| source.line_column(self.span.start))
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(source), Some(at)) = (&self.source, self.line_column()) {
            write!(f, "{}:{}:{}: ", source.name, at.line, at.column)?;
        }
        write!(f, "{}", self.message)?;
        if !self.help.is_empty() {
            write!(f, "; {}", self.help)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostic {}

/// Several troubles of one input, in the order of the text. As an error value it holds at least one error.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// Whether any of them is an error.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

/// As they are said: `fn main() -> Result<(), Box<dyn Error>>` prints an error this way.
impl fmt::Debug for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
