//! What can be true of a request that no test of one attribute's value says?
//!
//! Such an atom has no attribute: it may be true or false whatever the others are, unless a clause or a replay says
//! otherwise. Soundness rests on equal relations meaning the same, so a relation carries everything that it is about.

use crate::glob::Glob;
use crate::policy::compose::Through;
use crate::policy::{Quantifier, Template, Test, TextMode};
use std::rc::Rc;

/// What an atom without an attribute says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Relation {
    /// The key has a value.
    Present(Rc<str>),
    /// The multivalued key has one value.
    Single(Rc<str>),
    /// Principal and resource are of one account.
    SameAccount,
    /// The resource matches this template, whose variables are not modelled; part by part, or as one text.
    Resource(Template, bool),
    /// An entry of a principal list that is not modelled applies through this.
    Principal(Box<[Glob; 6]>, Through),
    /// The value of the key matches this template, whose variables are not modelled.
    Matches(Rc<str>, TextMode, Template),
    /// The value of the key, which follows from the principal, matches the default of a variable.
    IsDefault(Rc<str>, TextMode, String),
    /// The values of the key pass a test whose variables are not modelled.
    Passes(Rc<str>, Quantifier, bool, Test),
    /// The value of the key, which follows from the principal, passes a test of numbers, dates or addresses.
    Derived(Rc<str>, bool, Test),
}

impl Relation {
    /// The key has a value.
    pub(super) fn present(key: &str) -> Self {
        Self::Present(key.into())
    }

    /// The multivalued key has one value.
    pub(super) fn single(key: &str) -> Self {
        Self::Single(key.into())
    }
}
