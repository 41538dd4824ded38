//! Why was a query left open?
//!
//! The kind is a type, so that callers decide by it; the words are for people, and name the limit or the construct with its
//! place.

use crate::diag::deadline::Expired;
use std::fmt;

/// Why a query was left open. [`fmt::Display`] says it in words.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unknown {
    /// A limit was hit: which one with its value, and at which construct if that is known.
    Limit {
        /// The limit in words.
        limit: String,
        /// What was looked at.
        at: Option<String>,
    },
    /// What Z3 was not to be asked about ([`super::Settings::z3`]).
    NotAsked {
        /// What the automata left open, if it is known.
        at: Option<String>,
    },
    /// A construct that has no encoding, with its place.
    Construct(String),
    /// A value that no documentation can read, with its place.
    Unreadable(String),
    /// Only requests that contradict themselves were found.
    Contradictory {
        /// What was looked at.
        at: Option<String>,
    },
    /// The two sides cannot be compared: why.
    Incomparable(&'static str),
    /// The input leaves a value open that the answer depends on, or with which it cannot be read: why.
    OpenInput(String),
    /// A difference was neither shown by a request nor refuted.
    NotShown,
}

impl Unknown {
    /// A limit, in words.
    pub fn limit(limit: impl Into<String>) -> Self {
        Self::Limit { limit: limit.into(), at: None }
    }

    /// The same with the construct that was looked at, if it names none yet.
    #[must_use]
    pub fn about(mut self, construct: impl FnOnce() -> String) -> Self {
        match &mut self {
            Self::Limit { at, .. } | Self::NotAsked { at } | Self::Contradictory { at } => _ = at.get_or_insert_with(construct),
            Self::Construct(_) | Self::Unreadable(_) | Self::OpenInput(_) | Self::Incomparable(_) | Self::NotShown => {}
        }
        self
    }

    /// Whether Z3 could have said more, had it been asked.
    pub fn is_for_z3(&self) -> bool {
        matches!(self, Self::NotAsked { .. })
    }
}

impl From<Expired> for Unknown {
    fn from(expired: Expired) -> Self {
        Self::limit(expired.to_string())
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, at) = match self {
            Self::Limit { limit, at } => (limit.as_str(), at.as_ref()),
            Self::NotAsked { at } => ("Z3 was not to be asked", at.as_ref()),
            Self::Contradictory { at } => ("only requests that contradict themselves were found", at.as_ref()),
            Self::Construct(what) | Self::Unreadable(what) | Self::OpenInput(what) => (what.as_str(), None),
            Self::Incomparable(what) => (*what, None),
            Self::NotShown => ("no request was found that shows it, and it was not refuted", None),
        };
        f.write_str(what)?;
        at.map_or(Ok(()), |at| write!(f, ": {at}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_construct_stays_and_what_names_one_takes_no_other() {
        let open = Unknown::limit("so much").about(|| "here".to_owned()).about(|| "there".to_owned());
        assert_eq!(open.to_string(), "so much: here");
        let named = Unknown::Construct("a construct (p:1:2)".to_owned()).about(|| "there".to_owned());
        assert_eq!(named.to_string(), "a construct (p:1:2)");
        assert!(Unknown::NotAsked { at: None }.is_for_z3() && !open.is_for_z3());
    }
}
