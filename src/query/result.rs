//! What did a search find?

use super::{Certificate, Unknown};
use crate::request::Request;
use std::collections::{BTreeMap, BTreeSet};

/// What a search found.
#[derive(Debug, Clone, Default)]
pub struct SearchResult {
    /// A request, replayed.
    pub witness: Option<Request>,
    /// The numbers of the Allow statements of `grants` that allow some such request, in order.
    pub statements: BTreeSet<usize>,
    /// For each of these a request that it allows.
    pub shown: BTreeMap<usize, Request>,
    /// Why something was left open, if it was.
    pub unknown: Option<Unknown>,
    /// How many queries Z3 answered.
    pub queries: usize,
    /// How many groups of actions the automata decided.
    pub decided: usize,
    /// What they did for it: the same on every machine.
    pub work: usize,
    /// What Z3 checked, under [`super::Settings::prove`].
    pub checked: Certificate,
    /// What is worth knowing beside it.
    pub notes: Vec<String>,
    /// The one of the notes that says that the witness is not a request of today.
    pub doubt: Option<String>,
    /// Whether Z3, had it been asked, could have said more.
    pub needs_z3: bool,
}

impl SearchResult {
    /// Nothing was found, and the search did not end.
    pub fn left_open(why: impl Into<Unknown>) -> Self {
        Self { unknown: Some(why.into()), ..Self::default() }
    }

    /// Whether it is proved that there is no such request.
    pub fn is_empty(&self) -> bool {
        self.witness.is_none() && self.unknown.is_none()
    }

    /// Remembers why something was left open; the first reason stays.
    pub fn open(&mut self, why: impl Into<Unknown>) {
        self.unknown.get_or_insert_with(|| why.into());
    }

    /// Adds what another search cost.
    pub fn count(&mut self, other: &Self) {
        self.queries += other.queries;
        self.decided += other.decided;
    }

    /// Remembers whether Z3 could have said more of another search, on which the answer rests too.
    pub fn rests_on(&mut self, other: &Self) {
        self.needs_z3 |= other.needs_z3 || other.unknown.as_ref().is_some_and(Unknown::is_for_z3);
    }

    /// Notes why the witness is not a request of today.
    pub fn doubted(&mut self, doubt: String) {
        self.notes.push(doubt.clone());
        self.doubt = Some(doubt);
    }
}
