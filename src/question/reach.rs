//! Is some request of a search allowed, and what does the answer rest on?
//!
//! The search of `access-not-granted`, for callers that ask thousands of them and word the answers themselves: without what
//! is to blame, and with the two ways told apart in which an answer can rest on a resource's policy that is not known.

use super::{InternalError, Settings, unknown_policy};
use crate::query::{Query, Unknown};
use crate::request::Request;
use crate::search::replay;
use crate::witness::find;

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Reached {
    /// A request that is allowed, replayed.
    pub witness: Option<Request>,
    /// The numbers of the statements that grant the witness.
    pub granting: Vec<usize>,
    /// Whether the resource's own policy, which is not known, must consent to the witness, and to every other one.
    pub needs_consent: bool,
    /// Where nothing was found: whether a policy of the resource, which is not known, could grant something by itself.
    pub could_be_granted: bool,
    /// Why something was left open, if nothing was found.
    pub unknown: Option<Unknown>,
    /// Why AWS could not receive the witness today, if it could not.
    pub doubt: Option<String>,
}

/// Searches; an error is an internal one.
pub fn reach(search: &Query<'_>, settings: &Settings) -> Result<Reached, InternalError> {
    let mut found = find(search, settings)?;
    let is_unknown = search.grants.resource_policy_is_unknown();
    let consents = |request: &Option<Request>| request.as_ref().is_some_and(|one| unknown_policy::needs_consent(search, one));
    let mut needs_consent = is_unknown && consents(&found.witness);
    if needs_consent {
        // Perhaps another one needs none.
        found = unknown_policy::settled(search, settings)?;
        needs_consent = consents(&found.witness);
    }
    let nothing = found.is_empty();
    let could_be_granted = nothing && is_unknown && unknown_policy::of_pass(search, settings, &mut found)?.is_some();
    let granting = found.witness.as_ref().and_then(|request| shows(search, request)).unwrap_or_default();
    let unknown = found.unknown.filter(|_| found.witness.is_none());
    Ok(Reached { witness: found.witness, granting, needs_consent, could_be_granted, unknown, doubt: found.doubt })
}

/// The statements that grant a request, if it is one that is searched for: the evaluator's word.
pub fn shows(search: &Query<'_>, request: &Request) -> Option<Vec<usize>> {
    replay::violates(search, request)
}

/// A request, with what it must carry beside, if it is one that is searched for.
pub fn replayed(search: &Query<'_>, request: Request) -> Option<Request> {
    replay::replayed(search, request)
}

/// Whether the resource's own policy, where it is not known, must consent to a request that is searched for.
pub fn needs_consent(search: &Query<'_>, request: &Request) -> bool {
    search.grants.resource_policy_is_unknown() && unknown_policy::needs_consent(search, request)
}
