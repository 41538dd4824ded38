//! One policy without what is unused, in the form that a person would apply.
//!
//! An Allow with `NotAction` becomes a list of actions where that is shorter, a policy that could not be attached loses whole
//! services alone; whatever the form, its obligations are proved ([`mod@crate::refine`]).

use super::proposal::Proposal;
use super::proved::Proved;
use super::recommend::{NotAction, Options};
use super::{PolicyText, quota};
use crate::catalog::Catalog;
use crate::diag::{Diagnostics, Source};
use crate::document::Document;
use crate::json::Value;
use crate::question::{InternalError, Settings};
use crate::refine::candidate::{self, candidate};
use crate::refine::unused::UnusedActions;
use crate::refine::{self, Outcome, not_action};
use crate::usage::{Unused, UnusedPermissions};
use std::sync::Arc;

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
    /// Whether only services went of which nothing is used.
    pub by_service: bool,
    /// What is taken away beyond what is unused, because it was not seen.
    pub proposals: Vec<Proposal>,
    /// What is worth knowing.
    pub notes: Vec<String>,
}

impl Refined {
    /// A policy that is only narrowed.
    pub(super) fn narrowed(text: Arc<PolicyText>) -> Self {
        let (refinement, listed, is_empty, by_service) = (None, None, false, false);
        let (obligations, proposals, notes) = (Vec::new(), Vec::new(), Vec::new());
        Self { text, refinement, listed, is_empty, obligations, by_service, proposals, notes }
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

/// Refined so that it can be attached: if the list of what is left is too long for that, by whole services alone.
pub(super) fn fitting(document: &Document, unused: &UnusedPermissions, options: &Options) -> Attempt {
    let whole = attempt(document, unused, options);
    let Ok(Some(refined)) = &whole else { return whole };
    if quota::needed(&refined.text).is_some_and(|needed| needed <= options.attachments) {
        return whole;
    }
    let mut services = UnusedPermissions::default();
    unused
        .services()
        .filter(|(_, actions)| **actions == Unused::WholeService)
        .for_each(|(service, _)| services.add_service(service));
    if services.is_empty() {
        return whole;
    }
    match attempt(document, &services, options) {
        Ok(Some(coarse)) if quota::needed(&coarse.text).is_some_and(|needed| needed <= options.attachments) => {
            let mut coarse = coarse.as_ref().clone();
            let note = "only services of which nothing is used are taken away: without each unused action the policy would be longer than what can be attached";
            coarse.by_service = true;
            coarse.notes.push(note.to_owned());
            Ok(Some(Arc::new(coarse)))
        }
        _ => whole,
    }
}

fn attempt(document: &Document, unused: &UnusedPermissions, options: &Options) -> Attempt {
    let (settings, catalog) = (&options.proving.settings, Catalog::latest());
    if !not_action::is_in(document) || options.not_action == NotAction::Keep {
        return proved(document, unused, options);
    }
    let made = not_action::rewritten(document, catalog)?;
    if options.not_action == NotAction::Auto {
        let removed = UnusedActions::new(unused, catalog);
        let size = |document| candidate(document, &removed, catalog).json.to_string().len();
        if size(document) <= size(&made) {
            return proved(document, unused, options);
        }
    }
    let Some([nothing_new, nothing_less]) = not_action::grants_the_same(document, &made, settings)? else {
        return Err(NotRefined::Open("that a list of actions grants what NotAction does was not proved".to_owned()));
    };
    let listed = match proved(&made, unused, options) {
        Err(why @ NotRefined::Open(_)) if options.not_action == NotAction::Auto => {
            return proved(document, unused, options).map_err(|_| why);
        }
        Ok(Some(listed)) => listed,
        other => return other,
    };
    let mut listed = listed.as_ref().clone();
    let note = "NotAction became a list of actions: it grants what it granted of the catalog's actions, and no longer actions and services that AWS adds later";
    listed.notes.insert(0, note.to_owned());
    let keep = options.proving.keep;
    let about = "nothing new: the list of actions grants nothing that NotAction did not grant".to_owned();
    let less = "nothing less: NotAction granted no action of the catalog that the list does not grant".to_owned();
    let same = [Proved::passed("N1", about, vec![nothing_new], keep), Proved::passed("N2", less, vec![nothing_less], keep)];
    listed.obligations.splice(0..0, same);
    listed.listed = Some(text(&made.json, "policy with its actions listed", options)?);
    Ok(Some(Arc::new(listed)))
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
    let (listed, by_service, proposals) = (None, false, Vec::new());
    Ok(Some(Arc::new(Refined { text, refinement, listed, is_empty, obligations, by_service, proposals, notes })))
}
