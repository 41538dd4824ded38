//! How much of what is unused can go from a policy, so that what is left can be attached?
//!
//! What is left of a wide policy can be a list that is longer than IAM lets anyone attach. Then some services stay as they are:
//! those for which the list spends most characters an action that it takes away. What is left of an Allow with `NotAction` is the
//! exact list of exceptions or a list of actions ([`crate::refine::not_action`]), whichever takes more away, then the shorter.
//!
//! The order of the services is that of an entity which used nothing, so that it does not hang on what was used: another record
//! of use makes the list longer, and takes less away.
//!
//! Nothing here is proved: it says only what is to be refined, by what.

use super::cutting::size;
use super::quota;
use super::recommend::{NotAction, Options};
use crate::catalog::Catalog;
use crate::diag::{Diagnostics, deadline};
use crate::document::{self, Document};
use crate::json::Value;
use crate::refine::candidate::{MANAGED_POLICY_LIMIT, candidate};
use crate::refine::not_action;
use crate::refine::unused::UnusedActions;
use crate::usage::{Unused, UnusedPermissions};
use std::collections::{BTreeMap, BTreeSet};

/// What is taken from a policy.
#[derive(Debug, Clone)]
pub(super) struct Fit {
    /// The policy with its `NotAction` as a list of actions; `None` as it is written.
    pub(super) listed: Option<Document>,
    /// What of the unused permissions goes.
    pub(super) unused: UnusedPermissions,
    /// The services that stay as they are, though some of them is unused.
    pub(super) kept: Vec<String>,
    /// How many unused actions stay with them.
    pub(super) stay: usize,
    /// How long it would be.
    size: usize,
}

/// What is unused of a policy.
#[derive(Clone, Copy)]
pub(super) struct Found<'u> {
    /// What is unused.
    pub(super) unused: &'u UnusedPermissions,
    /// What would be, had nothing been used: all that would have been seen.
    pub(super) observable: &'u dyn Fn() -> UnusedPermissions,
}

/// What goes of a policy which may become at most `room` managed ones. If nothing that fits is found, all of it: what cannot be
/// attached is said where it is cut.
pub(super) fn fit(document: &Document, found: Found<'_>, options: &Options, room: usize) -> Result<Fit, Diagnostics> {
    let lists = not_action::is_in(document) && options.not_action != NotAction::Keep;
    let listed = if lists { Some(not_action::rewritten(document, Catalog::latest())?) } else { None };
    let mut forms = vec![listed];
    if lists && options.not_action == NotAction::Auto {
        forms.insert(0, None);
    }
    let fits: Vec<(bool, Fit)> = forms.into_iter().map(|listed| most(document, listed, found, room)).collect();
    let best = fits.into_iter().min_by_key(|(fits, fit)| (!fits, fit.stay, fit.size));
    let nothing = || Fit { listed: None, unused: found.unused.clone(), kept: Vec::new(), stay: 0, size: 0 };
    Ok(best.map_or_else(nothing, |(_, fit)| fit))
}

/// The most that can go of one form, and whether that fits.
fn most(document: &Document, listed: Option<Document>, found: Found<'_>, room: usize) -> (bool, Fit) {
    let form = listed.as_ref().unwrap_or(document);
    let whole = left(form, found.unused);
    let own = size(&whole.to_string());
    let all = |listed| Fit { listed, unused: found.unused.clone(), kept: Vec::new(), stay: 0, size: own };
    if fits(&whole, room) {
        return (true, all(listed));
    }
    let (order, free) = order(form, &(found.observable)());
    let goes = |count: usize| order.iter().take(count).map(String::as_str).collect::<BTreeSet<_>>();
    let first = |count: usize| {
        let (goes, mut out) = (goes(count), UnusedPermissions::default());
        for (service, unused) in found.unused.services().filter(|(service, _)| goes.contains(service)) {
            match unused {
                Unused::WholeService => out.add_service(service),
                Unused::Actions(names) => names.iter().for_each(|name| out.add_action(service, name)),
            }
        }
        out
    };
    // What makes it shorter goes in any case; then between a count that fits and one that does not.
    let (mut good, mut bad) = ((free, left(form, &first(free))), order.len());
    if !fits(&good.1, room) {
        return (false, all(listed));
    }
    while bad - good.0 > 1 {
        deadline::look();
        let next = good.0 + (bad - good.0) / 2;
        let json = left(form, &first(next));
        if fits(&json, room) {
            good = (next, json);
        } else {
            bad = next;
        }
    }
    let (count, json) = good;
    if count == 0 {
        return (false, all(listed));
    }
    let (unused, goes) = (first(count), goes(count));
    let stays = found.unused.services().map(|(service, _)| service).filter(|service| !goes.contains(service));
    let kept: Vec<String> = stays.map(str::to_owned).collect();
    let stay = kept.iter().map(|service| gone(found.unused, service)).sum();
    (true, Fit { listed, unused, kept, stay, size: size(&json.to_string()) })
}

/// What a refinement leaves, unproved.
fn left(form: &Document, unused: &UnusedPermissions) -> Value {
    let catalog = Catalog::latest();
    candidate(form, &UnusedActions::new(unused, catalog), catalog).json
}

/// Whether it does. A `NotAction` that grants could be cut as well, but nobody reads in nine lists of exceptions what they grant
/// together: less goes instead.
fn fits(json: &Value, room: usize) -> bool {
    let grants = |statement: &Value| statement.get("Effect").and_then(Value::as_str) == Some("Allow");
    let long = |statement: &&Value| statement.get("NotAction").is_some() && size(&statement.to_string()) > MANAGED_POLICY_LIMIT;
    !document::listed(json).iter().filter(long).any(grants) && quota::needed(json).is_some_and(|needed| needed <= room)
}

/// How many actions of a service go.
fn gone(unused: &UnusedPermissions, service: &str) -> usize {
    let of = unused.services().find(|(own, _)| *own == service).map(|(_, unused)| unused);
    match of {
        Some(Unused::Actions(names)) => names.len(),
        Some(Unused::WholeService) => Catalog::latest().names(service).len(),
        None => 0,
    }
}

/// The services of which anything would be unused, those first for which the fewest characters are spent an action, and of how many
/// no character is.
fn order(form: &Document, observable: &UnusedPermissions) -> (Vec<String>, usize) {
    let (before, after) = (characters(&form.json), characters(&left(form, observable)));
    let everywhere = before.keys().any(|service| service.contains(['*', '?']));
    let spent = |service: &str| {
        // A pattern over all services would stay as one of each.
        let own = before.get(service).copied().unwrap_or(if everywhere { service.len() + 5 } else { 0 });
        let new = after.get(service).copied().unwrap_or(0);
        (new as f64 - own as f64) / gone(observable, service).max(1) as f64
    };
    let mut all: Vec<(f64, &str)> = observable.services().map(|(service, _)| (spent(service), service)).collect();
    all.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(other.1)));
    let free = all.iter().filter(|(spent, _)| *spent <= 0.0).count();
    (all.into_iter().map(|(_, service)| service.to_owned()).collect(), free)
}

/// How many characters the patterns of each service take in a document's Allow statements.
fn characters(json: &Value) -> BTreeMap<String, usize> {
    let mut out: BTreeMap<String, usize> = BTreeMap::new();
    for statement in document::listed(json) {
        if statement.get("Effect").and_then(Value::as_str) != Some("Allow") {
            continue;
        }
        for list in ["Action", "NotAction"].into_iter().filter_map(|key| statement.get(key)) {
            for pattern in list.items().iter().filter_map(Value::as_str) {
                let service = pattern.split_once(':').map_or("*", |(service, _)| service).to_ascii_lowercase();
                // Two quotes and a comma.
                *out.entry(service).or_default() += pattern.len() + 3;
            }
        }
    }
    out
}
