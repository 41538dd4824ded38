//! How does a witness become readable?
//!
//! A model's request is right but may be ugly: keys that do not matter, characters nobody types. Each step proposes a
//! plainer request and keeps it only if it still shows the same thing when replayed, so tidying can never be wrong.

use super::plausible::Fit;
use super::{partitions, plausible, usual_values};
use crate::catalog::{Catalog, Name, PARTITIONS, Partition};
use crate::policy::{Policy, ResourcePattern};
use crate::query::{ActionScope, Query};
use crate::request::{DERIVED, Principal, Request};
use crate::search::partition::{self, Group};
use crate::search::replay;
use crate::value::arn;
use std::collections::BTreeSet;

/// A plainer request for which `shows` still holds.
// Long: a list of simplifications, tried in order; each is a few lines.
pub(crate) fn simplify(request: Request, query: &Query<'_>, shows: &dyn Fn(&Request) -> bool) -> Request {
    let mut best = request;
    // The same letters everywhere: a text may have to stand in another one.
    let letters = Letters::of(&best);
    try_one(&mut best, shows, |request| {
        request.resource = letters.plain(&request.resource);
        for values in request.context.values_mut() {
            values.iter_mut().for_each(|value| *value = letters.plain(value));
        }
        if let Principal::Aws(own) = &request.principal
            && letters.plain(own) != *own
            && let Some(mut parts) = arn::split(own)
        {
            if let Some(partition) = parts.get_mut(1).filter(|partition| letters.plain(partition) != **partition) {
                *partition = "aws";
            }
            request.principal = Principal::Aws(letters.plain(&parts.join(":")));
            request.context.retain(|key, _| !DERIVED.contains(&key.as_str()));
        }
    });
    if query.within.as_ref().is_some_and(Policy::has_principals) {
        // Of those outside, anybody says more than somebody.
        try_one(&mut best, shows, |request| {
            request.principal = Principal::Anonymous;
            request.context.retain(|key, _| !key.starts_with("aws:principal") && key != "aws:username");
        });
    }
    partitions::settle(&mut best, shows);
    let region = partition(&best).region;
    for (at, plain) in [(3, region), (4, "111122223333"), (5, "example"), (3, ""), (4, "")] {
        // Without a region or an account only where the action's resources have none.
        if plain.is_empty() && plausible::takes(&best.action, &best.resource, Fit::Usual) {
            continue;
        }
        try_one(&mut best, shows, |request| {
            if let Some(mut parts) = arn::split(&request.resource) {
                if let Some(part) = parts.get_mut(at) {
                    *part = plain;
                }
                move_to(request, parts.join(":"));
            }
        });
    }
    realize(&mut best, query, shows);
    in_an_account(&mut best, shows);
    partitions::settle(&mut best, shows);
    let keys: Vec<String> = best.context.keys().cloned().collect();
    for key in keys {
        // What follows from the principal or the resource belongs to the request whether it matters or not.
        let own = Request::new(best.principal.clone(), "a:b", &best.resource, Default::default());
        if own.context.contains_key(&key) {
            continue;
        }
        try_one(&mut best, shows, |request| _ = request.context.remove(&key));
        if let Some(value) = plausible::value(&key) {
            let plain = |values: &Vec<String>| values.iter().any(|value| value == "example" || value == "x");
            if best.context.get(&key).is_some_and(plain) {
                try_one(&mut best, shows, |request| _ = request.context.insert(key.clone(), vec![value.to_owned()]));
            }
        }
        let odd = best.context.get(&key).into_iter().flatten().flat_map(|value| usual_values::others(&key, value));
        for usual in odd.collect::<Vec<_>>() {
            if try_one(&mut best, shows, |request| _ = request.context.insert(key.clone(), vec![usual])) {
                break;
            }
        }
        let service = key.split(':').next().unwrap_or("s3").to_owned();
        for (at, plain) in [(1, "aws"), (2, service.as_str())] {
            try_one(&mut best, shows, |request| {
                for value in request.context.get_mut(&key).into_iter().flatten() {
                    if let Some(mut parts) = arn::split(value).filter(|parts| parts.get(at) == Some(&"x")) {
                        parts.get_mut(at).into_iter().for_each(|part| *part = plain);
                        *value = parts.join(":");
                    }
                }
            });
        }
    }
    best
}

/// A resource of an account, where such ones are: of another than the usual one, where that one's do not show it.
fn in_an_account(best: &mut Request, shows: &dyn Fn(&Request) -> bool) {
    for id in ["111122223333", "444455556666", "777788889999"] {
        let Some(mut parts) = arn::split(&best.resource).filter(|[_, _, _, _, account, _]| !arn::is_account(account)) else {
            return;
        };
        parts[plausible::ACCOUNT] = id;
        let resource = parts.join(":");
        if plausible::takes(&best.action, &resource, Fit::Usual) {
            try_one(best, shows, |request| move_to(request, resource));
        }
    }
}

/// The partition of the resource.
fn partition(request: &Request) -> Partition {
    let name = arn::split(&request.resource).map(|[_, partition, ..]| partition);
    name.and_then(Partition::named).unwrap_or(PARTITIONS[0])
}

/// Another resource, and with it the account that follows from it.
fn move_to(request: &mut Request, resource: String) {
    let follows = arn::split(&request.resource).map(|[_, _, _, _, account, _]| account.to_owned());
    if request.resource_account() == follows.as_deref() {
        request.context.remove("aws:resourceaccount");
    }
    request.resource = resource;
}

/// Keeps a change if it is one and still shows the same; returns whether it was kept.
fn try_one(best: &mut Request, shows: &dyn Fn(&Request) -> bool, change: impl FnOnce(&mut Request)) -> bool {
    let mut candidate = best.clone();
    change(&mut candidate);
    let candidate = Request::new(candidate.principal, &candidate.action, &candidate.resource, candidate.context);
    let kept = candidate != *best && shows(&candidate);
    if kept {
        *best = candidate;
    }
    kept
}

/// An action that exists, to which the same statements apply, on a resource that it takes; those first that carry the
/// request's condition keys.
fn realize(best: &mut Request, query: &Query<'_>, shows: &dyn Fn(&Request) -> bool) {
    let wanted = partition::group_of(query, &best.action);
    let granting = wanted.grants.iter().filter(|number| query.grants.grants(**number));
    let statements = granting.filter_map(|number| query.grants.statement(*number));
    let named = statements.filter_map(|(_, statement)| statement.resource.as_ref()).filter(|resource| !resource.negated);
    let patterns: Vec<&ResourcePattern> =
        query.resources.iter().flatten().chain(named.flat_map(|resource| &resource.patterns)).collect();
    let mut first = None;
    for action in alike(&best.clone(), query, &wanted) {
        let takes = plausible::takes(&action, &best.resource, Fit::Usual);
        let plain = takes && plausible::is_plain(&action, &best.resource);
        if plain && action == best.action {
            return;
        }
        let others = plausible::resources(&action, &patterns, partition(best));
        let own = || best.resource.clone();
        let (before, behind) = (plain.then(own), (takes && !plain).then(own));
        for resource in before.into_iter().chain(others).chain(behind) {
            // What there is already is no other request.
            if action == best.action && resource == best.resource {
                return;
            }
            let moved = |request: &mut Request| {
                request.action.clone_from(&action);
                move_to(request, resource);
            };
            if try_one(best, shows, moved) {
                return;
            }
        }
        first.get_or_insert(action);
    }
    // At least a name that exists.
    if let Some(action) = first {
        try_one(best, shows, |request| request.action = action);
    }
}

/// Actions that exist, to which the same statements apply, in AWS's spelling; those first that carry the request's
/// condition keys, and among them the request's own. Looked for one by one: mostly the first will do.
fn alike<'a>(request: &'a Request, query: &'a Query<'_>, wanted: &'a Group) -> Box<dyn Iterator<Item = String> + 'a> {
    let catalog = Catalog::latest();
    let is_alike = |action: &String| in_scope(query, action) && wanted.holds(query, action);
    let spelled = |name: &Name| name.spelled.to_string();
    let prefix = request.action.split(':').next().unwrap_or("").to_ascii_lowercase();
    let names = catalog.names(&prefix);
    if names.is_empty() {
        return Box::new(catalog.all_names().map(spelled).filter(is_alike).take(MOST));
    }
    // Keys of other services say nothing about its actions.
    let mut keys: Vec<&String> = request.context.keys().collect();
    keys.retain(|key| key.split(':').next().is_some_and(|owner| owner.eq_ignore_ascii_case(&prefix)));
    let carried = move |action: &String| keys.iter().all(|key| catalog.carries(action, key));
    let own = catalog.canonical_action(&request.action).map(str::to_owned);
    let fitting = names.iter().map(spelled).filter(carried.clone()).filter(is_alike).take(MOST);
    let others = names.iter().map(spelled).filter({
        let carried = carried.clone();
        move |action| !carried(action)
    });
    let others = own.clone().into_iter().chain(others.filter(is_alike)).take(MOST);
    Box::new(own.into_iter().filter(carried).chain(fitting).chain(others))
}

/// The most actions that are tried.
const MOST: usize = 12;

fn in_scope(query: &Query<'_>, action: &str) -> bool {
    !matches!(query.actions, ActionScope::Listed(_)) && replay::in_scope(query, action)
}

/// A letter for every character of a request that is hard to read, different ones for different characters.
struct Letters(Vec<(char, char)>);

impl Letters {
    fn of(request: &Request) -> Self {
        let principal = if let Principal::Aws(own) = &request.principal { own.as_str() } else { "" };
        let values = request.context.values().flatten().map(String::as_str);
        let texts: Vec<&str> = values.chain([request.resource.as_str(), principal]).collect();
        let ugly = |c: &char| !c.is_ascii_graphic() && *c != ' ';
        let ugly: BTreeSet<char> = texts.iter().flat_map(|text| text.chars()).filter(ugly).collect();
        // Letters that stand nowhere yet; when they run out, one that may.
        let free = "xyzwvutsrqponmlkjihgfedcba".chars().filter(|c| !texts.iter().any(|text| text.contains(*c)));
        Self(ugly.into_iter().zip(free.chain(std::iter::repeat('x'))).collect())
    }

    fn plain(&self, text: &str) -> String {
        let letter = |c: char| self.0.iter().find(|(ugly, _)| *ugly == c).map_or(c, |(_, letter)| *letter);
        text.chars().map(letter).collect()
    }
}
