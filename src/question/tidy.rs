//! How does a witness become readable?
//!
//! A model's request is right but may be ugly: keys that do not matter, characters nobody types. Each step proposes a
//! plainer request and keeps it only if it still shows the same thing when replayed, so tidying can never be wrong.

use super::actions::Group;
use super::ask::Ask;
use super::{actions, realistic};
use crate::catalog::{Catalog, Service};
use crate::policy::{Principal, Request, ResourcePattern};
use crate::value::arn;

/// A plainer request for which `shows` still holds.
pub(super) fn tidy(request: Request, ask: &Ask<'_>, shows: &dyn Fn(&Request) -> bool) -> Request {
    let mut best = request;
    try_one(&mut best, shows, |request| {
        request.resource = plain_text(&request.resource);
        for values in request.context.values_mut() {
            values.iter_mut().for_each(|value| *value = plain_text(value));
        }
    });
    if ask.within.is_some() {
        // Of those outside, anybody says more than somebody.
        try_one(&mut best, shows, |request| {
            request.principal = Principal::Anonymous;
            request.context.retain(|key, _| !key.starts_with("aws:principal") && key != "aws:username");
        });
    }
    for (at, plain) in [(1, "aws"), (3, "us-east-1"), (3, ""), (4, "111122223333"), (4, ""), (5, "example")] {
        try_one(&mut best, shows, |request| {
            if let Some(mut parts) = arn::split(&request.resource) {
                if let Some(part) = parts.get_mut(at) {
                    *part = plain;
                }
                move_to(request, parts.join(":"));
            }
        });
    }
    realize(&mut best, ask, shows);
    let keys: Vec<String> = best.context.keys().cloned().collect();
    for key in keys {
        // What follows from the principal or the resource belongs to the request whether it matters or not.
        let own = Request::new(best.principal.clone(), "a:b", &best.resource, Default::default());
        if own.context.contains_key(&key) {
            continue;
        }
        try_one(&mut best, shows, |request| _ = request.context.remove(&key));
        if let Some(value) = realistic::value(&key) {
            let plain = |values: &Vec<String>| values.iter().any(|value| value == "example" || value == "x");
            if best.context.get(&key).is_some_and(plain) {
                try_one(&mut best, shows, |request| _ = request.context.insert(key, vec![value.to_owned()]));
            }
        }
    }
    best
}

/// Another resource, and with it the account that follows from it.
fn move_to(request: &mut Request, resource: String) {
    let follows = arn::split(&request.resource).map(|[_, _, _, _, account, _]| account.to_owned());
    if request.resource_account() == follows.as_deref() {
        request.context.remove("aws:resourceaccount");
    }
    request.resource = resource;
}

fn try_one(best: &mut Request, shows: &dyn Fn(&Request) -> bool, change: impl FnOnce(&mut Request)) {
    let mut candidate = best.clone();
    change(&mut candidate);
    let candidate = Request::new(candidate.principal, &candidate.action, &candidate.resource, candidate.context);
    if candidate != *best && shows(&candidate) {
        *best = candidate;
    }
}

/// An action that exists, to which the same statements apply, on a resource that it takes; those first that carry the
/// request's condition keys.
fn realize(best: &mut Request, ask: &Ask<'_>, shows: &dyn Fn(&Request) -> bool) {
    let wanted = actions::group_of(ask, &best.action);
    let granting = wanted.grants.iter().filter(|number| ask.grants.grants(**number));
    let statements = granting.filter_map(|number| ask.grants.statement(*number));
    let named = statements.filter_map(|(_, statement)| statement.resource.as_ref()).filter(|resource| !resource.negated);
    let patterns: Vec<&ResourcePattern> =
        ask.resources.iter().flatten().chain(named.flat_map(|resource| &resource.patterns)).collect();
    let mut first = None;
    for action in alike(best, ask, &wanted) {
        let takes = realistic::takes(&action, &best.resource);
        if takes && action == best.action {
            return;
        }
        let others = realistic::resources(&action, &patterns);
        for resource in takes.then(|| best.resource.clone()).into_iter().chain(others) {
            let before = best.clone();
            try_one(best, shows, |request| {
                request.action.clone_from(&action);
                move_to(request, resource);
            });
            if *best != before {
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
/// condition keys, and among them the request's own.
fn alike(request: &Request, ask: &Ask<'_>, wanted: &Group) -> Vec<String> {
    let catalog = Catalog::latest();
    let is_alike = |action: &String| in_scope(ask, action) && wanted.holds(ask, action);
    let own = request.action.split(':').next().unwrap_or("").to_ascii_lowercase();
    let of = |prefix: &str, service: &Service| -> Vec<String> {
        service.actions().map(|action| format!("{prefix}:{}", action.name)).collect()
    };
    let carried = |action: &String| request.context.keys().all(|key| catalog.carries(action, key));
    let mut out: Vec<String> = catalog.canonical_action(&request.action).filter(carried).into_iter().collect();
    match catalog.service(&own) {
        Some(service) => {
            let (fitting, others): (Vec<String>, Vec<String>) = of(&own, service).into_iter().partition(carried);
            let own = catalog.canonical_action(&request.action);
            out.extend(fitting.into_iter().filter(is_alike).take(MOST));
            out.extend(own.into_iter().chain(others.into_iter().filter(is_alike)).take(MOST));
        }
        None => {
            for (prefix, service) in catalog.services() {
                let missing = MOST.saturating_sub(out.len());
                out.extend(of(prefix, service).into_iter().filter(is_alike).take(missing));
                if out.len() >= MOST {
                    break;
                }
            }
        }
    }
    out
}

/// The most actions that are tried.
const MOST: usize = 12;

fn in_scope(ask: &Ask<'_>, action: &str) -> bool {
    match &ask.actions {
        super::ask::ActionScope::All => true,
        super::ask::ActionScope::Matching(globs) => globs.iter().any(|glob| glob.matches(&action.to_ascii_lowercase())),
        super::ask::ActionScope::Listed(_) => false,
    }
}

/// The text with every character that is hard to read replaced by a letter, different ones by different letters.
fn plain_text(text: &str) -> String {
    let mut replaced: Vec<char> = Vec::new();
    let mut letters = "xyzwvutsrqponmlkjihgfedcba".chars().filter(|c| !text.contains(*c)).collect::<Vec<_>>().into_iter();
    let mut spare = Vec::new();
    text.chars()
        .map(|c| {
            if c.is_ascii_graphic() || c == ' ' {
                return c;
            }
            if let Some(at) = replaced.iter().position(|known| *known == c) {
                return spare.get(at).copied().unwrap_or(c);
            }
            let letter = letters.next().unwrap_or('x');
            replaced.push(c);
            spare.push(letter);
            letter
        })
        .collect()
}
