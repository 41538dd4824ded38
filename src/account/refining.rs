//! One policy without what is unused, in the form that a person would apply.
//!
//! What goes is what can ([`super::fitting`]): an Allow with `NotAction` becomes a list of actions where that is shorter, and of a
//! policy that could not be attached some services stay. Whatever the form, its obligations are proved ([`mod@crate::refine`]).

use super::PolicyText;
use super::fitting::{self, Found};
use super::proposal::Proposal;
use super::proved::Proved;
use super::recommend::{NotAction, Options};
use crate::catalog::Catalog;
use crate::diag::{Diagnostics, Source};
use crate::document::Document;
use crate::json::Value;
use crate::question::{InternalError, Settings};
use crate::refine::candidate;
use crate::refine::{self, Outcome, not_action};
use crate::usage::UnusedPermissions;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Services that a note names.
const NAMED: usize = 8;

/// A proved refinement of one policy.
#[derive(Debug, Clone)]
pub struct Refined {
    /// The new document.
    pub text: Arc<PolicyText>,
    /// The document that O1 to O4 are about; `None` if there is no refinement, only a proposal.
    pub refinement: Option<Arc<PolicyText>>,
    /// What they compare it with, if that is not the policy as it stands: its `NotAction` as a list of actions (N1, N2).
    pub listed: Option<Arc<PolicyText>>,
    /// Whether it allows nothing more.
    pub is_empty: bool,
    /// What was proved, each with the number of queries.
    pub obligations: Vec<Proved>,
    /// Services that stay as they are, though some of them is unused: the policy could not be attached without.
    pub kept: BTreeSet<String>,
    /// What is taken away beyond what is unused, because it was not seen.
    pub proposals: Vec<Proposal>,
    /// What is worth knowing.
    pub notes: Vec<String>,
    /// What whoever applies it must know: what else it no longer grants, what it still does.
    pub losses: Vec<String>,
}

impl Refined {
    /// A policy that is only narrowed.
    pub(super) fn narrowed(text: Arc<PolicyText>) -> Self {
        let (refinement, listed, is_empty, kept) = (None, None, false, BTreeSet::new());
        let (obligations, proposals, notes, losses) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { text, refinement, listed, is_empty, obligations, kept, proposals, notes, losses }
    }
}

/// What one refinement came to.
pub(super) type Attempt = Result<Option<Arc<Refined>>, NotRefined>;

/// Why a policy was not refined.
#[derive(Debug, Clone)]
pub(super) enum NotRefined {
    /// It was not proved.
    Open(String),
    /// Two meanings disagree.
    Defect(InternalError),
}

impl From<refine::Error> for NotRefined {
    fn from(error: refine::Error) -> Self {
        match error {
            refine::Error::Internal(defect) => Self::Defect(defect),
            error => Self::Open(error.to_string()),
        }
    }
}

impl From<Diagnostics> for NotRefined {
    fn from(error: Diagnostics) -> Self {
        Self::Open(error.to_string())
    }
}

impl From<InternalError> for NotRefined {
    fn from(defect: InternalError) -> Self {
        Self::Defect(defect)
    }
}

/// Refined so that it can be attached, as at most so many managed policies: if what is left is too long for that, some services
/// stay as they are.
pub(super) fn refined(document: &Document, found: Found<'_>, options: &Options, room: usize) -> Attempt {
    let fit = fitting::fit(document, found, options, room)?;
    let attempt = match &fit.listed {
        None => proved(document, &fit.unused, options),
        Some(made) => match listed(document, made, &fit.unused, options) {
            Err(NotRefined::Open(why)) if options.not_action == NotAction::Auto => {
                let kept = Options { not_action: NotAction::Keep, ..options.clone() };
                return refined(document, found, &kept, room).map_err(|_| NotRefined::Open(why));
            }
            other => other,
        },
    };
    let Ok(Some(whole)) = &attempt else { return attempt };
    if fit.kept.is_empty() {
        return attempt;
    }
    let mut out = whole.as_ref().clone();
    let policies = crate::diag::count(room, "managed policy", "managed policies");
    let stay = crate::diag::count(fit.stay, "unused action stays", "unused actions stay");
    let services = crate::diag::count(fit.kept.len(), "service", "services");
    let mut named = fit.kept.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if fit.kept.len() > NAMED {
        named += ", ..";
    }
    out.losses.push(format!("{stay}, of {services} ({named}): without each of them the policy would not fit into {policies}"));
    out.kept = fit.kept.into_iter().collect();
    Ok(Some(Arc::new(out)))
}

/// A document whose `NotAction` is a list of actions, refined.
fn listed(document: &Document, made: &Document, unused: &UnusedPermissions, options: &Options) -> Attempt {
    let Some([nothing_new, nothing_less]) = not_action::grants_the_same(document, made, &options.proving.settings)? else {
        return Err(NotRefined::Open("that a list of actions grants what NotAction does was not proved".to_owned()));
    };
    let Some(refined) = proved(made, unused, options)? else { return Ok(None) };
    let mut out = refined.as_ref().clone();
    let note = "NotAction became a list of actions: it grants what it granted of the catalog's actions, and no longer actions and services that AWS adds later";
    out.losses.insert(0, note.to_owned());
    let keep = options.proving.keep;
    let about = "nothing new: the list of actions grants nothing that NotAction did not grant".to_owned();
    let less = "nothing less: NotAction granted no action of the catalog that the list does not grant".to_owned();
    let same = [Proved::passed("N1", about, vec![nothing_new], keep), Proved::passed("N2", less, vec![nothing_less], keep)];
    out.obligations.splice(0..0, same);
    out.listed = Some(text(&made.json, "policy with its actions listed", options)?);
    Ok(Some(Arc::new(out)))
}

/// A document as a policy of its own.
fn text(json: &Value, name: &str, options: &Options) -> Result<Arc<PolicyText>, Diagnostics> {
    let source = Source::new(name, json.to_pretty());
    let value = crate::json::read(&source, &options.proving.settings.budget)?;
    Ok(Arc::new(PolicyText::new(&source, value)))
}

/// Refines a document and proves it.
fn proved(document: &Document, unused: &UnusedPermissions, options: &Options) -> Attempt {
    let proving = &options.proving;
    let ask = |settings: &Settings| refine::refine(document, unused, Catalog::latest(), settings);
    let outcome = ask(&proving.settings)?;
    if proving.cross_check {
        let said = |outcome: &Outcome| match outcome {
            Outcome::Proved(_) => Some(true),
            Outcome::NotProved(failure) => (!failure.unknown).then_some(false),
        };
        let other = ask(&proving.settings.crossed())?;
        proving.agree([said(&outcome), said(&other)])?;
    }
    let refinement = match outcome {
        Outcome::Proved(refinement) => refinement,
        Outcome::NotProved(failure) => return Err(NotRefined::Open(failure.message)),
    };
    if refinement.changes.is_empty() {
        return Ok(None);
    }
    let text = text(&refinement.policy, "refined policy", options)?;
    // Denies of it stay in force.
    let has_deny = text.read().is_ok_and(|lowered| !lowered.document.statements.is_empty());
    let obligations = refinement.obligations.iter().map(|one| Proved::of(one, proving.keep)).collect();
    // How it is split is said where it is.
    let long = candidate::too_long(&refinement.policy);
    let notes = refinement.notes.into_iter().filter(|note| Some(note) != long.as_ref()).collect();
    let (is_empty, refinement) = (refinement.is_empty && !has_deny, Some(text.clone()));
    let (listed, kept, proposals, losses) = (None, BTreeSet::new(), Vec::new(), Vec::new());
    Ok(Some(Arc::new(Refined { text, refinement, listed, is_empty, obligations, kept, proposals, notes, losses })))
}
