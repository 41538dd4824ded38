//! Does a request show the violation that a search is after?
//!
//! It must be one that there can be (keys that every request has, values of their types, nothing that contradicts itself:
//! [`ties`]), in the scope of the question, allowed by the one side and not by the other, as the evaluator says. A guess
//! that falls short in its ties alone is mended first. Nothing is a witness that has not passed here.

use crate::catalog::KeyBase;
use crate::eval;
use crate::policy::{Policy, ResourcePattern};
use crate::query::{ActionScope, Query};
use crate::request::{Request, contradicts, keys};
use crate::wellformed::{self, Ties};

impl Query<'_> {
    /// Whether the request has the keys that every request has, and no value of a wrong type.
    pub(crate) fn could_carry(&self, request: &Request) -> bool {
        let is_typed = |(key, own): &(String, KeyBase)| {
            request.context.get(key).is_none_or(|values| values.iter().all(|value| own.holds(value)))
        };
        self.always.iter().all(|key| request.context.contains_key(*key)) && self.typed.iter().all(is_typed)
    }

    /// Whether the request's keys contradict each other.
    pub(crate) fn is_impossible(&self, request: &Request) -> bool {
        let breaks = |ties: &Ties| {
            let mut statements = ties.statements();
            statements.any(|(_, statement)| eval::applies_beyond_action(statement, request))
        };
        contradicts(request) || self.ties.as_ref().is_some_and(breaks)
    }

    /// The request with the keys that every request carries; where a query left one out, it does not matter there.
    pub(crate) fn completed(&self, mut request: Request) -> Request {
        for key in &self.always {
            request.context.entry((*key).to_owned()).or_insert_with(|| vec![keys::plain(key).to_owned()]);
        }
        match &self.ties {
            Some(ties) => ties.completed(request),
            None => request,
        }
    }
}

/// The request, or it mended, if it shows the violation.
pub(crate) fn replayed(query: &Query<'_>, request: Request) -> Option<Request> {
    let request = query.completed(request);
    if violates(query, &request).is_some() {
        return Some(request);
    }
    query.ties.as_ref()?;
    let others = std::iter::once(wellformed::mended(&request)).chain(wellformed::by_id(&request));
    others.into_iter().find(|other| violates(query, other).is_some())
}

/// The Allow statements of `grants` that allow the request, if `unless` does not and it is within the scope.
pub(crate) fn violates(query: &Query<'_>, request: &Request) -> Option<Vec<usize>> {
    if !in_scope(query, &request.action) || !query.could_carry(request) || !request.is_consistent() || !counts(query, request) {
        return None;
    }
    let granted = eval::evaluate(query.grants, request);
    let kept = query.unless.is_some_and(|access| eval::allows(access, request));
    let by = query.by.is_none_or(|by| granted.decided_by.contains(&by));
    (granted.decision == eval::Decision::Allowed && !kept && by).then_some(granted.decided_by)
}

/// Whether a question is about an action.
pub(crate) fn in_scope(query: &Query<'_>, action: &str) -> bool {
    let lower = action.to_ascii_lowercase();
    let counts = match &query.actions {
        ActionScope::All => true,
        ActionScope::Matching(globs) => globs.iter().any(|glob| glob.matches(&lower)),
        ActionScope::Listed(actions) => actions.iter().any(|listed| listed.eq_ignore_ascii_case(action)),
    };
    counts && !query.except.iter().any(|glob| glob.matches(&lower))
}

/// Whether a request is of the resources and circumstances that count, and one that there can be.
pub(crate) fn counts(query: &Query<'_>, request: &Request) -> bool {
    let resource_counts = |patterns: &Vec<ResourcePattern>| eval::resource_matches(patterns, request);
    let within = |policy: &Policy| policy.statements.iter().all(|statement| eval::applies_beyond_action(statement, request));
    query.resources.as_ref().is_none_or(resource_counts)
        && query.within.as_ref().is_none_or(within)
        && !query.is_impossible(request)
}
