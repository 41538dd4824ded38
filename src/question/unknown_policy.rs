//! What does a verdict owe to a policy of the resource that a stack does not give?
//!
//! Such a policy is taken to consent where that is needed and to grant nothing alone ([`crate::policy::resource_policy`]).
//! A FAIL owes something to that if its witness needs the consent: then one that needs none is looked for, and the lack of
//! one is noted. A PASS does if another policy could make it a FAIL: one that grants alone (of both sides the same, in a
//! comparison). Both are asked, not guessed, so a verdict that stands whatever the policy says has no note.

use super::{InternalError, Settings};
use crate::diag::Budget;
use crate::glob::Glob;
use crate::policy::access::Place;
use crate::policy::{Access, Assumed, ResourcePattern, Template};
use crate::query::{ActionScope, Query, SearchResult, Unknown};
use crate::request::Request;
use crate::search::replay::violates;
use crate::witness::find;
use std::collections::BTreeSet;
use std::time::Instant;

/// Z3's resource limit for a query about what another policy would do.
const OTHERWISE: u32 = 2_000_000;

/// Why two access definitions cannot be compared, if they cannot: one has a policy of the resource, or none, and the other
/// says nothing of it. (A policy that stands alone without principals says nothing of it either way.)
pub fn incomparable(a: &Access, b: &Access) -> Option<Unknown> {
    let says_something =
        |access: &Access| !access.resource_policy_is_unknown() && (!access.is_alone() || access.has_principals());
    // Without anything on the principal's side the resource's side is asked alone, where to name the account is to grant: no
    // policy that is not known means the same on both sides then.
    let sided = |access: &Access| access.is_alone() || access.has_principal_side();
    if (a.resource_policy_is_unknown() || b.resource_policy_is_unknown()) && sided(a) != sided(b) {
        return Some(Unknown::Incomparable("one side says nothing of the principal, and the resource's policy is not known"));
    }
    let differ = |one: &Access, other: &Access| one.resource_policy_is_unknown() && says_something(other);
    (differ(a, b) || differ(b, a))
        .then_some(Unknown::Incomparable("the resource's policy is given on one side and not known on the other"))
}

/// A search, and what is worth knowing about it where the resource's policy is not known.
pub(super) fn settled(search: &Query<'_>, settings: &Settings) -> Result<SearchResult, InternalError> {
    let started = Instant::now();
    let mut found = find(search, settings)?;
    if let Some(why) = search.unless.and_then(|unless| incomparable(search.grants, unless)) {
        return Ok(SearchResult { unknown: Some(why), witness: None, ..found });
    }
    if !search.grants.resource_policy_is_unknown() {
        return Ok(found);
    }
    let timeout = settings.budget.timeout.saturating_sub(started.elapsed());
    let budget = Budget { timeout, rlimit: settings.budget.rlimit.min(OTHERWISE), ..settings.budget };
    let quick = Settings { budget, prove: false, ..*settings };
    if let Some(witness) = found.witness.clone() {
        if !needs_consent(search, &witness) {
            return Ok(found);
        }
        let without = Sides::of(search, Assumed::Nothing);
        let other = find(&without.search(search), &quick)?;
        found.count(&other);
        // One that AWS could not receive shows less: a key is not decrypted with by asking about a bucket.
        let is_worse = other.doubt.is_some() && found.doubt.is_none();
        match other.witness.filter(|_| !is_worse) {
            Some(witness) => {
                found.witness = Some(witness);
                (found.notes, found.doubt) = (other.notes, other.doubt);
            }
            None => found.notes.push(of_witness(&witness)),
        }
    } else if found.unknown.is_none() {
        let owed = of_pass(search, &quick, &mut found)?;
        found.notes.extend(owed);
    }
    Ok(found)
}

/// Whether a request shows what is searched for only if the resource's policy consents.
pub(super) fn needs_consent(search: &Query<'_>, witness: &Request) -> bool {
    let without = Sides::of(search, Assumed::Nothing);
    violates(&without.search(search), witness).is_none()
}

/// What is said of a witness that needs the consent.
pub(super) fn of_witness(witness: &Request) -> String {
    let service = witness.action.split(':').next().unwrap_or_default();
    format!(
        "the witness needs the consent of the resource's own policy, which is not known ({service}): give `resourcePolicy`, or \
         null if there is none"
    )
}

/// What is said of a search that found nothing, its `answer`, if another policy of the resource could change that.
pub(super) fn of_pass(
    search: &Query<'_>,
    settings: &Settings,
    answer: &mut SearchResult,
) -> Result<Option<String>, InternalError> {
    let quick = Settings { realistic: false, ..*settings };
    // A policy that stands alone says as little of the resource's.
    if search.unless.is_some_and(|unless| !unless.resource_policy_is_unknown()) {
        return Ok(None);
    }
    let bounded = |access: &Access| access.members().iter().any(|member| member.place == Place::Boundary);
    for assumed in Assumed::ALONE {
        let matters = match (assumed, search.unless) {
            // Of one side alone nothing grants more than what grants everybody everything.
            (Assumed::GrantsAnyone, _) => true,
            (_, None) => false,
            (Assumed::DeniesBounded, Some(unless)) => bounded(unless),
            (_, Some(_)) => true,
        };
        if !matters {
            continue;
        }
        let otherwise = Sides::of(search, assumed);
        let found = find(&otherwise.search(search), &quick)?;
        answer.rests_on(&found);
        let services = match (&found.witness, &found.unknown) {
            (Some(witness), _) => services(search, witness),
            (None, Some(why)) => format!("perhaps: {why}"),
            (None, None) => continue,
        };
        let what = match assumed {
            Assumed::DeniesBounded => "not to deny, by NotPrincipal, who has a permissions boundary",
            _ => "to grant nothing by itself",
        };
        return Ok(Some(format!(
            "this rests on the resource's own policy, which is not known: it is taken {what} ({services}); give \
             `resourcePolicy`, or null if there is none"
        )));
    }
    Ok(None)
}

/// Both sides of a search, with another policy of the resource.
struct Sides {
    grants: Access,
    unless: Option<Access>,
}

impl Sides {
    fn of(search: &Query<'_>, assumed: Assumed) -> Self {
        Self { grants: search.grants.assuming(assumed), unless: search.unless.map(|unless| unless.assuming(assumed)) }
    }

    fn search<'s>(&'s self, search: &Query<'_>) -> Query<'s> {
        search.between(&self.grants, self.unless.as_ref())
    }
}

/// The services that a search is about, or else that of a request that shows what could be.
fn services(search: &Query<'_>, shown: &Request) -> String {
    let of_action = |glob: &Glob| glob.literal_before(':');
    let named: Option<BTreeSet<String>> = match &search.actions {
        ActionScope::Matching(globs) => globs.iter().map(of_action).collect(),
        ActionScope::Listed(actions) => {
            actions.iter().map(|action| action.split_once(':').map(|(service, _)| service.to_owned())).collect()
        }
        ActionScope::All => search.resources.as_deref().and_then(|patterns| patterns.iter().map(of_resource).collect()),
    };
    match named {
        Some(named) => named.into_iter().collect::<Vec<_>>().join(", "),
        None => format!("{}, for one", shown.action.split(':').next().unwrap_or_default()),
    }
}

fn of_resource(pattern: &ResourcePattern) -> Option<String> {
    pattern.parts.as_ref()?.get(2).and_then(Template::as_glob)?.as_literal()
}
