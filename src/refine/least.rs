//! Is a refined statement the original statement without what is unused, and least general? (The patterns in O4.)
//!
//! - No pattern reaches an unused action; a pattern that reached none stays; no action in use is lost.
//! - Every pattern that was introduced stands for something: some action is matched by it alone, which is named.
//! - A literal that was introduced is granted by the original statement.
//! - A wildcard that was introduced is a prefix followed by what is left of a pattern of the original after reading it. The
//!   prefix ends at a word, covers two actions in use or more and no unused one; one word shorter it would reach an unused
//!   action of that pattern, which is named. Of a pattern over several services, `service:` followed by all that is left
//!   stands for a service in which nothing is unused: anything shorter would match what the pattern does not.
//! - `NotAction` keeps its entries and has the unused actions in addition, nothing else.
//!
//! The names found here are what Z3 then confirms.

use super::candidate::excludes_all;
use super::generalize::{residuals, within};
use super::obligations::Question;
use super::peers::Peers;
use crate::catalog::Name;
use crate::document::{Effect, Statement};
use crate::encode;
use crate::glob::Glob;
use crate::glob::trie::words;
use crate::smt::{Atom, Formula, Text};
use std::collections::HashSet;

/// Why this statement of the original may not be missing.
pub(super) fn may_go(question: &Question<'_>, original: &Statement) -> Result<(), String> {
    if original.effect.value == Effect::Deny || original.action.negated || original.action.items.is_empty() {
        return Err("only Allow statements without an action in use go".to_owned());
    }
    for item in &original.action.items {
        let glob = Glob::parse(&item.value).to_ascii_lowercase();
        if question.unused.reached_by(&glob).is_none() {
            return Err(format!("nothing that `{}` matches is unused", item.value));
        }
        if let Some(action) = question.catalog.matching(&glob).find(|action| !question.unused.contains(&action.lower)) {
            return Err(format!("{} is in use", action.spelled));
        }
    }
    Ok(())
}

/// What Z3 is to confirm of a refined statement (with this index) that stands for this original.
// Long: the parts of O4 for one statement, each a claim or the reason why there is none.
pub(super) fn claims(
    question: &Question<'_>,
    index: usize,
    original: &Statement,
    refined: &Statement,
) -> Result<Vec<Formula>, String> {
    if refined.effect.value == Effect::Deny {
        if original.action.items != refined.action.items {
            return Err(format!("the Deny statement with index {index} changed: only Allow statements are refined"));
        }
        return Ok(Vec::new());
    }
    let globs = |statement: &Statement| -> Vec<Glob> {
        statement.action.items.iter().map(|item| Glob::parse(&item.value).to_ascii_lowercase()).collect()
    };
    let (before, after) = (globs(original), globs(refined));
    let (was, is) = (before.iter().collect::<HashSet<_>>(), after.iter().collect::<HashSet<_>>());
    let (mut seen, mut claims) = (HashSet::new(), Vec::new());
    let peers = Peers::new(&after);
    let recut: Vec<(&Glob, String)> = before.iter().filter_map(|glob| Some((glob, question.unused.reached_by(glob)?))).collect();
    let of = |text: &str, why: &str| format!("the pattern `{text}` in the statement with index {index} {why}");
    for (at, (glob, item)) in after.iter().zip(&refined.action.items).enumerate() {
        let text = &item.value;
        if !seen.insert(glob) && before.iter().filter(|b| *b == glob).count() < 2 {
            return Err(of(text, "is redundant: it appears twice"));
        }
        if !refined.action.negated
            && let Some(unused) = question.unused.reached_by(glob)
        {
            return Err(of(text, &format!("still matches {}, which is unused", spelled(question, &unused))));
        }
        if was.contains(glob) {
            continue;
        }
        let others = peers.of(glob, at);
        let Some(action) = alone(question, glob, &others, refined.action.negated) else {
            return Err(of(text, "is redundant: other patterns of the statement match every action it matches"));
        };
        let action = Text::constant(&action);
        let not_theirs = others.iter().map(|other| encode::matches_glob(&action, other).not());
        claims.push(Formula::and(std::iter::once(encode::matches_glob(&action, glob)).chain(not_theirs)));
        if refined.action.negated {
            if !excludes_unused(question, glob) {
                return Err(of(text, "was added to NotAction and is not an unused action"));
            }
        } else if glob.has_wildcard() {
            let broken =
                |why| format!("the wildcard `{text}` in the statement with index {index} is not a shortest safe prefix: {why}");
            claims.push(shortest(question, glob, &recut).map_err(broken)?);
        } else if !before.iter().any(|pattern| glob.as_literal().is_some_and(|action| pattern.matches(&action))) {
            return Err(of(text, "is not granted by that statement of the original"));
        }
    }
    let stays = |glob: &Glob| is.contains(glob) || (!refined.action.negated && recut.iter().any(|(cut, _)| *cut == glob));
    if let Some((_, item)) = before.iter().zip(&original.action.items).find(|(glob, _)| !stays(glob)) {
        return Err(format!("the statement with index {index} lacks `{}` of the original, where nothing is unused", item.value));
    }
    if refined.action.negated {
        return all_unused_excluded(question, index, &after).map(|()| claims);
    }
    for (glob, _) in recut {
        let lost = |action: &&Name| !question.unused.contains(&action.lower) && !peers.match_action(&action.lower);
        if let Some(action) = question.catalog.matching(glob).find(lost) {
            return Err(format!("the statement with index {index} loses {}, which is in use", action.spelled));
        }
    }
    Ok(claims)
}

fn spelled(question: &Question<'_>, action: &str) -> String {
    question.catalog.canonical_action(action).unwrap_or(action).to_owned()
}

/// Whether an entry of a `NotAction` list names an unused action, or a service all of which is unused.
fn excludes_unused(question: &Question<'_>, glob: &Glob) -> bool {
    match glob.as_literal() {
        Some(action) => question.unused.contains(&action),
        None => glob.to_string().strip_suffix(":*").is_some_and(|service| question.unused.is_whole(service)),
    }
}

fn all_unused_excluded(question: &Question<'_>, index: usize, listed: &[Glob]) -> Result<(), String> {
    for service in question.unused.services() {
        let left = if question.unused.is_whole(service) {
            (!excludes_all(listed, service)).then(|| format!("{service}:*"))
        } else {
            let mut actions = question.unused.names(service).map(|name| format!("{service}:{name}"));
            actions.find(|action| !listed.iter().any(|glob| glob.matches(action)))
        };
        if let Some(left) = left {
            return Err(format!("the NotAction list in the statement with index {index} lacks {}", spelled(question, &left)));
        }
    }
    Ok(())
}

/// An action that is matched by this pattern and by no other of the list.
fn alone(question: &Question<'_>, glob: &Glob, others: &[&Glob], negated: bool) -> Option<String> {
    let only_here = |action: &str| !others.iter().any(|other| other.matches(action));
    let mut of_catalog = question.catalog.matching(glob).map(|name| &*name.lower);
    let of_catalog = of_catalog.find(|action| only_here(action)).map(str::to_owned);
    // What was added to NotAction may be an action, or a service, that the catalog lacks.
    let unlisted = || {
        let literal = glob.as_literal().filter(|action| only_here(action));
        let text = glob.to_string();
        let service = text.strip_suffix(":*").filter(|_| glob.has_wildcard());
        literal.or_else(|| super::generalize::name_outside(service?, others))
    };
    of_catalog.or_else(|| if negated { unlisted() } else { None })
}

/// A wildcard (in lower case) as a shortest safe prefix of one of the patterns that were re-cut, or why it is none.
fn shortest(question: &Question<'_>, glob: &Glob, recut: &[(&Glob, String)]) -> Result<Formula, String> {
    let literal = glob.literal_prefix();
    let Some((service, start)) = literal.split_once(':') else {
        return Err("it has a wildcard in its service".to_owned());
    };
    let rest = |prefix: &str| Glob::from_tokens(glob.tokens().iter().skip(service.len() + 1 + prefix.len()).copied());
    let mut broken = (
        0,
        "it is not a prefix that ends at a word of an action in use, followed by the rest of the pattern that it replaces"
            .to_owned(),
    );
    let mut because = |rank: u8, why: String| {
        if rank > broken.0 {
            broken = (rank, why);
        }
    };
    for (pattern, reached) in recut.iter().filter(|(pattern, _)| pattern.has_wildcard()) {
        let parts = within(pattern, service);
        // All that the pattern matches of this service, of several: the pattern itself reaches an unused action.
        if parts.contains(&rest("")) {
            return Ok(encode::matches_glob(&Text::constant(reached), pattern));
        }
        let is_under = |name: &&str| parts.iter().any(|part| part.matches(&name.to_ascii_lowercase()));
        let unused: Vec<&str> = question.unused.names(service).filter(is_under).collect();
        let listed = question.catalog.service(service).into_iter().flat_map(|service| service.actions());
        let names = listed.map(|action| action.name.as_str()).filter(is_under);
        let used: Vec<&str> = names.filter(|name| !unused.contains(&name.to_ascii_lowercase().as_str())).collect();
        let mut tried: HashSet<(&str, &str)> = HashSet::new();
        for (parent, prefix) in used.iter().flat_map(|name| prefixes(name, start)) {
            if !tried.insert((parent, prefix)) || !residuals(&parts, prefix).contains(&rest(prefix)) {
                continue;
            }
            let covered: Vec<&&str> = used.iter().filter(|name| starts(name, prefix)).collect();
            if let [one] = covered.as_slice() {
                because(1, format!("it covers one action only, {service}:{one}: name it"));
                continue;
            }
            if let Some(name) = unused.iter().find(|name| starts(name, prefix)) {
                because(2, format!("`{service}:{prefix}*` reaches {service}:{name}, which is unused"));
                continue;
            }
            let shorter = format!("{service}:{}", parent.to_ascii_lowercase());
            match unused.iter().find(|name| starts(name, parent)) {
                Some(name) => {
                    let named = Text::constant(&format!("{service}:{name}"));
                    let matched = encode::matches_glob(&named, pattern);
                    return Ok(Formula::and([Formula::atom(Atom::Prefix(Text::constant(&shorter), named)), matched]));
                }
                None => because(3, format!("`{service}:{parent}*` reaches no unused action that the statement granted")),
            }
        }
    }
    Err(broken.1)
}

/// The prefixes of a name that end at a word, and that the start (in lower case) goes on from: each after its parent.
fn prefixes<'n>(name: &'n str, start: &str) -> Vec<(&'n str, &'n str)> {
    let mut ends = vec![0];
    for word in words(name) {
        ends.push(ends.last().unwrap_or(&0) + word.len());
    }
    let pairs = ends.windows(2).filter_map(|pair| match pair {
        [parent, end] => Some((name.get(..*parent)?, name.get(..*end)?)),
        _ => None,
    });
    pairs.filter(|(_, prefix)| starts(start, prefix)).collect()
}

/// Whether a text starts with another, without case.
fn starts(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
