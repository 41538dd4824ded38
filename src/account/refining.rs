//! One policy without what is unused, in the form that a person would apply.
//!
//! An Allow with `NotAction` becomes a list of actions where that is shorter, a policy that could not be attached loses whole
//! services alone; whatever the form, its obligations are proved ([`mod@crate::refine`]).

use super::proposal::Proposal;
use super::recommend::{NotAction, Options};
use super::{PolicyText, quota};
use crate::catalog::Catalog;
use crate::diag::Source;
use crate::document::Document;
use crate::question::Settings;
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
    /// Whether it allows nothing more.
    pub is_empty: bool,
    /// What was proved, each with the number of queries.
    pub obligations: Vec<(String, String, usize, f64)>,
    /// Whether only services went of which nothing is used.
    pub by_service: bool,
    /// What is taken away beyond what is unused, because it was not seen.
    pub proposals: Vec<Proposal>,
    /// What is worth knowing.
    pub notes: Vec<String>,
}

/// What one refinement came to.
pub(super) type Attempt = Result<Option<Arc<Refined>>, String>;

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
    let (settings, catalog) = (&options.settings, Catalog::latest());
    if !not_action::is_in(document) || options.not_action == NotAction::Keep {
        return proved(document, unused, settings, None);
    }
    let made = not_action::rewritten(document, catalog).map_err(|error| error.to_string())?;
    if options.not_action == NotAction::Auto {
        let removed = UnusedActions::new(unused, catalog);
        let size = |document| candidate(document, &removed, catalog).json.to_string().len();
        if size(document) <= size(&made) {
            return proved(document, unused, settings, None);
        }
    }
    if !not_action::grants_the_same(document, &made, settings).map_err(|error| error.to_string())? {
        return Err("that a list of actions grants what NotAction does was not proved".to_owned());
    }
    let note = "NotAction became a list of actions: it grants what it granted of the catalog's actions, and no longer actions and services that AWS adds later";
    match proved(&made, unused, settings, Some(note)) {
        Err(why) if options.not_action == NotAction::Auto => proved(document, unused, settings, None).map_err(|_| why),
        listed => listed,
    }
}

/// Refines a document and proves it.
fn proved(document: &Document, unused: &UnusedPermissions, settings: &Settings, note: Option<&str>) -> Attempt {
    let refinement = match refine::refine(document, unused, Catalog::latest(), settings).map_err(|error| error.to_string())? {
        Outcome::Proved(refinement) => refinement,
        Outcome::NotProved(failure) => return Err(failure.message),
    };
    if refinement.changes.is_empty() {
        return Ok(None);
    }
    let source = Source::new("refined policy", refinement.policy.to_pretty());
    let value = crate::json::read(&source, &settings.budget).map_err(|error| error.to_string())?;
    let text = Arc::new(PolicyText::new(&source, value));
    // Denies of it stay in force.
    let has_deny = text.read().is_ok_and(|lowered| !lowered.document.statements.is_empty());
    let obligations = refinement.obligations.iter();
    let obligations =
        obligations.map(|one| (one.id.name().to_owned(), one.statement.to_owned(), one.queries, one.milliseconds)).collect();
    // How it is split is said where it is.
    let long = candidate::too_long(&refinement.policy);
    let own = refinement.notes.into_iter().filter(|note| Some(note) != long.as_ref());
    let notes = note.into_iter().map(str::to_owned).chain(own).collect();
    let is_empty = refinement.is_empty && !has_deny;
    Ok(Some(Arc::new(Refined { text, is_empty, obligations, by_service: false, proposals: Vec::new(), notes })))
}
