//! What did a rule find, as data: rule, level, place, what shows it?
//!
//! Commands that find something (`check`, and others that look at many policies) give these; every format of `report/`
//! prints the same ones.

use super::{Source, Span};

/// How much a finding weighs. The order is that of `--fail-on`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Worth knowing.
    Note,
    /// Should be looked at.
    Warning,
    /// Must not stay.
    Error,
}

impl Level {
    /// Its name, as SARIF and GitHub's annotations have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// A level by its name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Note, Self::Warning, Self::Error].into_iter().find(|level| level.name() == name)
    }
}

/// Something that a rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule, in kebab case.
    pub rule: String,
    /// How much it weighs.
    pub level: Level,
    /// What is found, a sentence.
    pub message: String,
    /// The policy, by the name of its place; empty for a whole file.
    pub subject: String,
    /// The text and the place in it.
    pub source: Source,
    /// See `source`.
    pub span: Span,
    /// What of a policy it rests on, as a text: where that changes it is another finding. Empty if the message says it all.
    pub basis: String,
    /// A request that shows it, replayed, as JSON.
    pub witness: Option<serde_json::Value>,
    /// What is worth knowing beside it: values of a template's parameters, assumptions.
    pub notes: Vec<String>,
    /// Why it does not count, if somebody approved it.
    pub suppressed: Option<String>,
}

/// What a rule looks for, for reports that list the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Its name, in kebab case.
    pub id: &'static str,
    /// What it weighs if nobody says otherwise.
    pub level: Level,
    /// What it looks for, a sentence.
    pub about: &'static str,
}

/// A rule by its name, its weight and what it looks for, for tables of rules.
pub const fn rule(id: &'static str, level: Level, about: &'static str) -> Rule {
    Rule { id, level, about }
}
