//! What did an operation find? One type for all of them: `ops/` makes it, the views beside this file show it.
//!
//! A report holds what was found, not how it is shown, so that every format says the same. [`Standing`] is what an exit
//! code, or a status, comes from.

use super::json::Warning;
use crate::catalog::Catalog;
use crate::diag::Source;
use crate::eval::Decision;
use crate::lint::Finding;
use crate::policy::Access;
use crate::question::difference::Difference;
use crate::question::outside_access::Outside;
use crate::question::{Outcome, Settings, Verdict};
use crate::refine::Refinement;
use crate::refine::obligations::{Failure, Obligation};
use crate::simulate::Simulation;
use std::borrow::Cow;
use std::sync::Arc;

/// The answer of an operation.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// What was found.
    pub found: Found,
    /// What is worth knowing about the policies that were given.
    pub warnings: Vec<Warning>,
}

/// What an operation found, by its kind.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Found {
    /// A question with a verdict: `no-new-access`, `access-not-granted`, `no-public-access`, `equivalent`.
    Verdict {
        /// The verdict with what it rests on.
        outcome: Box<Outcome>,
        /// The sides that a FAIL is explained on, if that was asked for.
        explained: Option<Explained>,
    },
    /// Who outside a zone of trust gets in.
    Outside {
        /// The policy, or stack, as it was read.
        access: Arc<Access>,
        /// The findings.
        outside: Box<Outside>,
    },
    /// The difference of access between two versions.
    Difference {
        /// The first version, as it was read.
        old: Arc<Access>,
        /// The second.
        new: Arc<Access>,
        /// The regions.
        difference: Box<Difference>,
    },
    /// A refined policy that was proved.
    Refined {
        /// The policy with its proof.
        refinement: Box<Refinement>,
        /// What the proof counts on.
        under: Under,
    },
    /// A policy from anywhere that was proved to be the refined one.
    Verified {
        /// The obligations, all proved.
        obligations: Vec<Obligation>,
        /// What is worth knowing about the names of the unused permissions.
        notes: Vec<String>,
        /// What the proof counts on.
        under: Under,
    },
    /// An obligation of a refinement that was refuted or left open.
    Unproved {
        /// Whether the policy came from elsewhere (`verify`) or was to be made (`refine`).
        verifies: bool,
        /// What went wrong.
        failure: Box<Failure>,
        /// What is worth knowing about the names of the unused permissions.
        notes: Vec<String>,
        /// What the proof would have counted on.
        under: Under,
    },
    /// The decision about one request.
    Simulated(Box<Simulation>),
    /// What `validate` finds in one policy.
    Validated {
        /// The text of the policy.
        source: Source,
        /// The findings, in its order.
        findings: Vec<Finding>,
        /// Whether one of them makes it a FAIL.
        fails: bool,
    },
}

/// What a proof of a refinement counts on beside the policies.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Under {
    /// The catalog of actions.
    pub catalog: Cow<'static, Catalog>,
    /// How it was decided.
    pub settings: Settings,
}

/// What an explanation of a FAIL needs.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Explained {
    /// The access definitions as they were read, each with what it is called.
    pub sides: Vec<(&'static str, Arc<Access>)>,
}

impl Explained {
    /// The access definitions with what they are called.
    pub(super) fn named(&self) -> Vec<(&str, &Access)> {
        self.sides.iter().map(|(name, access)| (*name, &**access)).collect()
    }
}

/// How a report stands, whatever it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The property holds; the request is allowed; there is no finding.
    Holds,
    /// It does not.
    DoesNotHold,
    /// It is not known.
    Unknown,
}

impl Found {
    /// As a report without warnings.
    pub(crate) fn report(self) -> Report {
        Report { found: self, warnings: Vec::new() }
    }
}

impl Report {
    /// Whether something was left open that Z3, had it been asked, could have decided.
    pub fn needs_z3(&self) -> bool {
        match &self.found {
            Found::Verdict { outcome, .. } => outcome.proof.needs_z3,
            Found::Outside { outside, .. } => outside.proof.needs_z3,
            Found::Difference { difference, .. } => difference.proof.needs_z3,
            Found::Refined { .. } | Found::Verified { .. } | Found::Unproved { .. } => false,
            Found::Simulated(_) | Found::Validated { .. } => false,
        }
    }

    /// How it stands.
    pub fn standing(&self) -> Standing {
        match &self.found {
            Found::Verdict { outcome, .. } => match outcome.verdict {
                Verdict::Pass => Standing::Holds,
                Verdict::Fail { .. } => Standing::DoesNotHold,
                Verdict::Unknown(_) => Standing::Unknown,
            },
            Found::Outside { outside, .. } => match (outside.findings.is_empty(), &outside.unknown) {
                (true, None) => Standing::Holds,
                (true, Some(_)) => Standing::Unknown,
                (false, _) => Standing::DoesNotHold,
            },
            Found::Difference { difference, .. } => {
                match (&difference.unknown, difference.added.is_empty() && difference.removed.is_empty()) {
                    (Some(_), _) => Standing::Unknown,
                    (None, true) => Standing::Holds,
                    (None, false) => Standing::DoesNotHold,
                }
            }
            Found::Refined { .. } | Found::Verified { .. } => Standing::Holds,
            Found::Unproved { failure, .. } if failure.unknown => Standing::Unknown,
            Found::Unproved { .. } => Standing::DoesNotHold,
            Found::Simulated(simulation) if simulation.is_unknown => Standing::Unknown,
            Found::Simulated(simulation) => match simulation.decision {
                Decision::Allowed => Standing::Holds,
                Decision::ImplicitlyDenied | Decision::ExplicitlyDenied => Standing::DoesNotHold,
            },
            Found::Validated { fails: true, .. } => Standing::DoesNotHold,
            Found::Validated { fails: false, .. } => Standing::Holds,
        }
    }

    /// The same with what is worth knowing about the policies.
    #[must_use]
    pub fn beside(mut self, warnings: Vec<Warning>) -> Self {
        self.warnings = warnings;
        self
    }

    /// Adds a note; where a kind of report has none, nothing happens.
    pub(crate) fn note(&mut self, note: String) {
        match &mut self.found {
            Found::Verdict { outcome, .. } => outcome.notes.push(note),
            Found::Outside { outside, .. } => outside.notes.push(note),
            Found::Difference { difference, .. } => difference.notes.push(note),
            Found::Refined { refinement, .. } => refinement.notes.push(note),
            Found::Verified { notes, .. } | Found::Unproved { notes, .. } => notes.push(note),
            Found::Simulated(simulation) => simulation.notes.push(note),
            Found::Validated { .. } => {}
        }
    }

    /// Why it is not known, if it is not.
    pub(crate) fn unknown(&self) -> Option<String> {
        match &self.found {
            Found::Verdict { outcome, .. } => match &outcome.verdict {
                Verdict::Unknown(why) => Some(why.to_string()),
                Verdict::Pass | Verdict::Fail { .. } => None,
            },
            Found::Outside { outside, .. } => outside.unknown.as_ref().map(ToString::to_string),
            Found::Difference { difference, .. } => difference.unknown.as_ref().map(ToString::to_string),
            Found::Unproved { failure, .. } if failure.unknown => Some(failure.message.clone()),
            _ => None,
        }
    }

    /// Whether two engines agree: on the standing, and of outsiders on each finding but for its request.
    pub(crate) fn agrees_with(&self, other: &Self) -> bool {
        let (Found::Outside { outside: own, .. }, Found::Outside { outside: other, .. }) = (&self.found, &other.found) else {
            return self.standing() == other.standing();
        };
        let shown = |outside: &Outside| -> Vec<_> {
            let all = outside.findings.iter();
            all.map(|one| (one.number, one.principal.clone(), one.actions.clone(), one.is_public, one.service)).collect()
        };
        // Where one left something open, the other may have found more.
        own.unknown.is_some() || other.unknown.is_some() || shown(own) == shown(other)
    }
}
