//! Which is the least-general policy that keeps everything but the unused permissions, and is it proved to be that?
//!
//! [`generalize`] re-cuts one action pattern, [`candidate`] applies it to a policy and leaves the rest as written,
//! [`obligations`] proves the result before anyone sees it:
//!
//! - O1, no new access: whatever the refined policy allows, the original allows (all requests, all texts);
//! - O2, unused gone: the refined policy allows no unused action;
//! - O3, nothing else lost: every other action of the catalog is allowed as before, on all resources and contexts;
//! - O4, least general: every wildcard that was introduced is a shortest safe prefix, no introduced pattern is redundant,
//!   and each statement is the original one without what is unused ([`structure`]).
//!
//! O1 to O3 together say that, over the catalog, the refined policy is exactly the original minus the unused permissions.
//!
//! Invariant: a policy is returned for printing only if all four were proved by Z3.

pub mod candidate;
pub mod generalize;
mod least;
pub mod not_action;
pub mod obligations;
mod peers;
pub mod structure;
pub mod unused;

use crate::catalog::Catalog;
use crate::diag::{Diagnostics, Source, deadline};
use crate::document::Document;
use crate::json::Value;
use crate::question::{InternalError, Settings};
use crate::usage::UnusedPermissions;
use candidate::{Candidate, Change};
use obligations::{Failure, Obligation, ObligationId};
use unused::UnusedActions;

/// A refined policy with its proof.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Refinement {
    /// The refined document.
    pub policy: Value,
    /// What changed, statement by statement.
    pub changes: Vec<Change>,
    /// Whether no statement is left: the policy should be detached.
    pub is_empty: bool,
    /// The obligations, all proved.
    pub obligations: Vec<Obligation>,
    /// What is worth knowing: unused actions the policy never granted, patterns that no longer grant future actions.
    pub notes: Vec<String>,
}

/// What became of a refinement.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Refined and proved.
    Proved(Box<Refinement>),
    /// An obligation was refuted or left open: nothing may be printed but this.
    NotProved(Failure),
}

/// Why a refinement could not be tried.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The policy is not one.
    #[error(transparent)]
    Policy(#[from] Diagnostics),
    /// Two meanings disagree.
    #[error(transparent)]
    Internal(#[from] InternalError),
}

/// As it is said: `fn main() -> Result<(), Box<dyn Error>>` prints an error this way.
impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// Refines a policy: removes the unused permissions and proves that nothing else changed.
pub fn refine(original: &Document, unused: &UnusedPermissions, catalog: &Catalog, settings: &Settings) -> Result<Outcome, Error> {
    deadline::question(&settings.budget, || refine_within(original, unused, catalog, settings))
        .unwrap_or_else(|expired| Ok(Outcome::NotProved(Failure::open(ObligationId::O1, &expired))))
}

fn refine_within(
    original: &Document,
    unused: &UnusedPermissions,
    catalog: &Catalog,
    settings: &Settings,
) -> Result<Outcome, Error> {
    let unused = UnusedActions::new(unused, catalog);
    let made = || {
        let made = candidate::candidate(original, &unused, catalog);
        let source = Source::new("refined policy", made.json.to_pretty());
        crate::document::read_value(&source, made.json.clone()).map(|refined| (made, refined))
    };
    let (Candidate { json, changes, notes, is_empty }, refined) = match deadline::search(made) {
        Ok(made) => made?,
        Err(expired) => return Ok(Outcome::NotProved(Failure::open(ObligationId::O1, &expired))),
    };
    let question = obligations::Question { original, refined: &refined, unused: &unused, catalog };
    Ok(match obligations::prove(&question, settings)? {
        Ok(obligations) => Outcome::Proved(Box::new(Refinement { policy: json, changes, is_empty, obligations, notes })),
        Err(failure) => Outcome::NotProved(failure),
    })
}

/// Proves or refutes that `refined` is `original` without the unused permissions, wherever it came from.
pub fn verify(
    original: &Document,
    refined: &Document,
    unused: &UnusedPermissions,
    catalog: &Catalog,
    settings: &Settings,
) -> Result<Result<Vec<Obligation>, Failure>, Error> {
    let prove = || {
        let unused = UnusedActions::new(unused, catalog);
        obligations::prove(&obligations::Question { original, refined, unused: &unused, catalog }, settings)
    };
    deadline::question(&settings.budget, prove).unwrap_or_else(|expired| Ok(Err(Failure::open(ObligationId::O1, &expired))))
}
