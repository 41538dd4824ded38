//! What is asked of policies, and what is answered: the types that every meaning and every question share.
//!
//! Every question is a property over all requests, and comes down to one [`Query`]: is there a request that one access
//! definition allows, another does not, within a scope of actions and resources? What a search finds is a [`SearchResult`];
//! what a question makes of it is an [`Outcome`] with a [`Verdict`]. Nothing here searches.
//!
//! Invariants: FAIL carries a witness that the evaluator has replayed; why a query was left open is an [`Unknown`], which
//! says its kind by type and its reason in words.

mod certificate;
mod result;
mod settings;
mod unknown;
mod verdict;

pub use certificate::{Certificate, Confirmed, Obligation, ObligationKind};
pub use result::SearchResult;
pub use settings::{Engine, Settings};
pub use unknown::Unknown;
pub use verdict::{InternalError, Lifted, Outcome, Proof, Reason, Verdict};

use crate::catalog::KeyBase;
use crate::glob::Glob;
use crate::policy::predicate::not_service_linked;
use crate::policy::{Access, Policy, ResourcePattern};
use crate::wellformed::{self, Ties, named};
use std::collections::BTreeSet;

/// Which actions a query is about.
#[derive(Debug, Clone)]
pub enum ActionScope {
    /// Every action, also those that do not exist.
    All,
    /// The actions that one of these patterns, in lower case, matches.
    Matching(Vec<Glob>),
    /// These actions, in any case.
    Listed(Vec<String>),
}

/// A query: is there a request that `grants` allows and `unless` does not?
#[derive(Debug, Clone)]
pub struct Query<'p> {
    /// The access definition that must allow it.
    pub grants: &'p Access,
    /// The one that must not; `None` denies everything.
    pub unless: Option<&'p Access>,
    /// Which actions count.
    pub actions: ActionScope,
    /// Of these, which do not: those that one of these patterns, in lower case, matches.
    pub except: Vec<Glob>,
    /// Which resources count; `None` for all.
    pub resources: Option<Vec<ResourcePattern>>,
    /// Which requests count: those to which every statement of this policy applies, whatever the action.
    pub within: Option<Policy>,
    /// The statement of `grants` that must apply, if it is one in particular.
    pub by: Option<usize>,
    /// Keys that the policies name and every request carries.
    pub always: Vec<&'static str>,
    /// Keys that the policies name and whose values are all of a type.
    pub typed: Vec<(String, KeyBase)>,
    /// Keys that may carry several values, by what the policies and the ties say of them.
    pub several: BTreeSet<String>,
    /// What no request is, of the keys that the policies name.
    pub ties: Option<Ties>,
}

impl<'p> Query<'p> {
    /// A query about all requests; but for service-linked roles, where a stack has control policies.
    pub fn new(grants: &'p Access, unless: Option<&'p Access>) -> Self {
        let within = within([grants].into_iter().chain(unless));
        let policies = || grants.policies().chain(unless.into_iter().flat_map(Access::policies));
        let (always, typed) = (named::always(policies()), named::typed(policies()));
        let ties = wellformed::ties(policies());
        let several = several(policies(), ties.as_ref());
        let (actions, except) = (ActionScope::All, Vec::new());
        Self { grants, unless, actions, except, resources: None, within, by: None, always, typed, several, ties }
    }

    /// The same query about other access definitions: what it says of keys and scope stays.
    #[must_use]
    pub fn between<'s>(&self, grants: &'s Access, unless: Option<&'s Access>) -> Query<'s> {
        let policies = grants.policies().chain(unless.into_iter().flat_map(Access::policies));
        Query {
            grants,
            unless,
            actions: self.actions.clone(),
            except: self.except.clone(),
            resources: self.resources.clone(),
            within: self.within.clone(),
            by: self.by,
            always: self.always.clone(),
            typed: self.typed.clone(),
            several: several(policies, self.ties.as_ref()),
            ties: self.ties.clone(),
        }
    }

    /// The access definitions that it is about.
    pub fn sides(&self) -> impl Iterator<Item = &'p Access> + Clone + use<'p> {
        std::iter::once(self.grants).chain(self.unless)
    }
}

/// The keys that may carry several values in a question about these policies.
fn several<'p>(policies: impl Iterator<Item = &'p Policy>, ties: Option<&'p Ties>) -> BTreeSet<String> {
    named::multivalued(policies.chain(ties.map(|ties| &ties.plain)))
}

/// The requests that count: those that the access definitions are asked about, if they say so; else all but those of
/// service-linked roles, where a stack has control policies.
fn within<'a>(accesses: impl Iterator<Item = &'a Access> + Clone) -> Option<Policy> {
    let mut only = accesses.clone().filter_map(Access::only);
    let Some(first) = only.next() else { return not_service_linked(accesses) };
    let mut within = first.clone();
    within.statements.extend(only.flat_map(|other| other.statements.iter().cloned()));
    Some(within)
}
