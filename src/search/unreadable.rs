//! Does an answer hold however the values are read that no documentation can read?
//!
//! PASS, if the most that the one side could allow is within the least of the other, or if it is with one reading for both
//! sides whatever that is. FAIL, if the least that the one side allows is not within the most of the other: a request that
//! shows it shows it under every reading, and is replayed against the policies as they stand. Else UNKNOWN, which names a
//! value that the answer hangs on, with its place.

use super::replay::violates;
use crate::diag::Budget;
use crate::eval;
use crate::policy::Access;
use crate::policy::unreadable::{Bound, named};
use crate::query::{InternalError, Query, SearchResult, Settings, Unknown};
use crate::request::Request;
use std::time::Instant;

/// A search that asks about policies whose values can all be read.
type Readable<'f> = &'f dyn Fn(&Query<'_>, &Settings) -> Result<SearchResult, InternalError>;

/// Whether a search is about values that no documentation can read.
pub(crate) fn concerns(search: &Query<'_>) -> bool {
    std::iter::once(search.grants).chain(search.unless).any(|access| access.unreadable().next().is_some())
}

/// The answer of a search, whatever such values mean.
pub(crate) fn ask(search: &Query<'_>, settings: &Settings, readable: Readable<'_>) -> Result<SearchResult, InternalError> {
    let started = Instant::now();
    let left = || {
        let timeout = settings.budget.timeout.saturating_sub(started.elapsed());
        Settings { budget: Budget { timeout, ..settings.budget }, ..*settings }
    };
    let most = readable(&Sides::widest(search).search(search), settings)?;
    if most.is_empty() {
        return Ok(most);
    }
    let shared = search.unless.is_some_and(|unless| unless.unreadable().next().is_some());
    if shared && search.grants.unreadable().next().is_some() {
        let same = Sides::of(search, Bound::Opaque, Bound::Opaque);
        let found = readable(&same.search(search), &Settings { realistic: false, ..left() })?;
        if found.is_empty() {
            return Ok(found);
        }
    }
    let mut least = readable(&Sides::of(search, Bound::Least, Bound::Most).search(search), &left())?;
    match &least.witness {
        Some(witness) if violates(search, witness).is_some() => return Ok(least),
        Some(_) => return Err(InternalError("a request shows a violation under one reading of a value only".to_owned())),
        None => {}
    }
    let why = most.witness.as_ref().and_then(|witness| hangs_on(search, witness)).or_else(|| first(search));
    least.unknown = why.map(Unknown::Unreadable).or(least.unknown).or(most.unknown);
    least.notes.clear();
    Ok(least)
}

/// Both sides of the search that finds most.
pub(super) struct Sides {
    grants: Access,
    unless: Option<Access>,
}

impl Sides {
    fn of(search: &Query<'_>, grants: Bound, unless: Bound) -> Self {
        let read = |access: &Access, bound: Bound| access.bounded(bound).unwrap_or_else(|| access.clone());
        Self { grants: read(search.grants, grants), unless: search.unless.map(|access| read(access, unless)) }
    }

    /// The most of what is allowed, and the least of what allows it already.
    pub(crate) fn widest(search: &Query<'_>) -> Self {
        Self::of(search, Bound::Most, Bound::Least)
    }

    /// The search between them.
    pub(crate) fn search<'s>(&'s self, search: &Query<'_>) -> Query<'s> {
        search.between(&self.grants, self.unless.as_ref())
    }
}

/// What the answer to a request hangs on: a condition that holds or not as its values are read.
fn hangs_on(search: &Query<'_>, request: &Request) -> Option<String> {
    let action = request.action.to_ascii_lowercase();
    let mut all = std::iter::once(search.grants).chain(search.unless).flat_map(Access::unreadable);
    let open = all.find(|(_, _, statement, condition)| {
        let [least, most] = [false, true].map(|most| eval::condition_holds(&condition.at(most), request));
        least != most && statement.action.applies(&action)
    });
    open.map(|(_, policy, _, condition)| named(policy, condition))
}

/// The first of such values.
fn first(search: &Query<'_>) -> Option<String> {
    let mut all = std::iter::once(search.grants).chain(search.unless).flat_map(Access::unreadable);
    all.next().map(|(_, policy, _, condition)| named(policy, condition))
}
