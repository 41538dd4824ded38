//! How does a witness become readable?
//!
//! A model's request is right but may be ugly: keys that do not matter, characters nobody types. Each step proposes a
//! plainer request and keeps it only if it still shows the same thing when replayed, so tidying can never be wrong.

use super::actions;
use super::ask::Ask;
use crate::catalog::Catalog;
use crate::policy::Request;
use crate::value::arn;

/// A plainer request for which `shows` still holds.
pub(super) fn tidy(request: Request, ask: &Ask<'_>, shows: &dyn Fn(&Request) -> bool) -> Request {
    let mut best = request;
    if let Some(action) = real_action(&best, ask) {
        try_one(&mut best, shows, |request| request.action = action);
    }
    try_one(&mut best, shows, |request| {
        request.resource = plain_text(&request.resource);
        for values in request.context.values_mut() {
            values.iter_mut().for_each(|value| *value = plain_text(value));
        }
    });
    for (at, plain) in [(1, "aws"), (3, "us-east-1"), (3, ""), (4, "111122223333"), (4, ""), (5, "example")] {
        try_one(&mut best, shows, |request| {
            if let Some(mut parts) = arn::split(&request.resource) {
                if let Some(part) = parts.get_mut(at) {
                    *part = plain;
                }
                request.resource = parts.join(":");
            }
        });
    }
    let keys: Vec<String> = best.context.keys().cloned().collect();
    for key in keys {
        // What follows from the principal belongs to the request whether it matters or not.
        if !Request::new(best.principal.clone(), "a:b", &best.resource, Default::default()).context.contains_key(&key) {
            try_one(&mut best, shows, |request| _ = request.context.remove(&key));
        }
    }
    best
}

fn try_one(best: &mut Request, shows: &dyn Fn(&Request) -> bool, change: impl FnOnce(&mut Request)) {
    let mut candidate = best.clone();
    change(&mut candidate);
    let candidate = Request::new(candidate.principal, &candidate.action, &candidate.resource, candidate.context);
    if candidate != *best && shows(&candidate) {
        *best = candidate;
    }
}

/// An action that exists, to which the same statements apply; its name in AWS's spelling.
fn real_action(request: &Request, ask: &Ask<'_>) -> Option<String> {
    let catalog = Catalog::latest();
    if let Some(name) = catalog.canonical_action(&request.action) {
        return Some(name);
    }
    let wanted = actions::group_of(ask, &request.action);
    let alike = |action: &str| {
        let group = actions::group_of(ask, action);
        group.grants == wanted.grants && group.unless == wanted.unless && in_scope(ask, action)
    };
    let service = request.action.split(':').next().unwrap_or("");
    let own = catalog.services().filter(|(prefix, _)| *prefix == service);
    let others = catalog.services().filter(|(prefix, _)| *prefix != service);
    own.chain(others)
        .flat_map(|(prefix, service)| service.actions().map(move |action| format!("{prefix}:{}", action.name)))
        .find(|action| alike(action))
}

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
