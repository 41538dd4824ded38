//! Is the refined policy least general, and is it still the same policy in everything else? (O4)
//!
//! Statements of the refined policy are those of the original, in order, some missing, and only their actions may differ.
//! Every pattern that was introduced must stand for something: a wildcard's prefix ends at a word of an action it covers,
//! covers two actions or more, and its parent prefix would reach an unused action, which is named; some action of the
//! catalog is matched by this pattern alone, which is named too. The names found here are what Z3 then confirms.

use super::candidate::matched;
use super::obligations::Question;
use crate::document::{Effect, Statement};
use crate::encode;
use crate::glob::Glob;
use crate::glob::trie::words;
use crate::smt::{Atom, Formula, Text};
use std::collections::{HashMap, HashSet};

/// What Z3 is to confirm: closed formulas, each of which must be true.
pub(super) fn claims(question: &Question<'_>) -> Result<Vec<Formula>, String> {
    let mut claims = Vec::new();
    let mut originals = question.original.statements.iter().enumerate();
    for (index, refined) in question.refined.statements.iter().enumerate() {
        let alike = originals.find(|(_, original)| same_but_actions(original, refined));
        let Some((_, original)) = alike else {
            return Err(format!(
                "the statement with index {index} of the refined policy is no statement of the original with other actions: the structure changed"
            ));
        };
        statement(question, index, original, refined, &mut claims)?;
    }
    Ok(claims)
}

fn same_but_actions(original: &Statement, refined: &Statement) -> bool {
    original.sid == refined.sid
        && original.effect == refined.effect
        && original.principal == refined.principal
        && original.condition == refined.condition
        && original.action.negated == refined.action.negated
        && match (&original.resource, &refined.resource) {
            (Some(a), Some(b)) => a.negated == b.negated && a.items == b.items,
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        }
}

fn statement(
    question: &Question<'_>,
    index: usize,
    original: &Statement,
    refined: &Statement,
    claims: &mut Vec<Formula>,
) -> Result<(), String> {
    let globs = |statement: &Statement| -> Vec<Glob> {
        statement.action.items.iter().map(|item| Glob::parse(&item.value).to_ascii_lowercase()).collect()
    };
    let (before, after) = (globs(original), globs(refined));
    if refined.effect.value == Effect::Deny {
        if original.action.items != refined.action.items {
            return Err(format!("the Deny statement with index {index} changed: only Allow statements are refined"));
        }
        return Ok(());
    }
    let peers = Peers::new(&after);
    let (mut seen, written) = (HashSet::new(), before.iter().collect::<HashSet<_>>());
    for (at, (glob, item)) in after.iter().zip(&refined.action.items).enumerate() {
        let introduced = !written.contains(glob);
        if !seen.insert(glob) && before.iter().filter(|b| *b == glob).count() < 2 {
            return Err(format!(
                "the pattern `{}` in the statement with index {index} is redundant: it stands twice",
                item.value
            ));
        }
        if !introduced {
            continue;
        }
        let others = peers.of(glob, at);
        claims.push(not_redundant(question, index, glob, &item.value, &others, refined.action.negated)?);
        if glob.has_wildcard() && !refined.action.negated {
            claims.push(shortest(question, index, glob, &item.value, &before)?);
        }
    }
    Ok(())
}

/// The patterns of a list by their service: those of two services have no common action, as the text before the first
/// colon differs. So a pattern has only to be told from its peers, and a list of thousands is no matter of millions.
struct Peers<'a> {
    of_service: HashMap<String, Vec<(usize, &'a Glob)>>,
    of_any: Vec<(usize, &'a Glob)>,
}

impl<'a> Peers<'a> {
    fn new(globs: &'a [Glob]) -> Self {
        let (mut of_service, mut of_any) = (HashMap::<_, Vec<_>>::new(), Vec::new());
        for (at, glob) in globs.iter().enumerate() {
            match service(glob) {
                Some(service) => of_service.entry(service).or_default().push((at, glob)),
                None => of_any.push((at, glob)),
            }
        }
        Self { of_service, of_any }
    }

    /// The others that may match an action that the pattern at this place matches.
    fn of(&self, glob: &Glob, at: usize) -> Vec<&'a Glob> {
        let same: Vec<&(usize, &Glob)> = match service(glob) {
            Some(service) => self.of_service.get(&service).into_iter().flatten().collect(),
            None => self.of_service.values().flatten().collect(),
        };
        same.into_iter().chain(&self.of_any).filter(|(other, _)| *other != at).map(|(_, glob)| *glob).collect()
    }
}

/// The text before the first colon, if no wildcard stands in it.
fn service(glob: &Glob) -> Option<String> {
    glob.literal_prefix().split_once(':').map(|(service, _)| service.to_owned())
}

/// Some action is matched by this pattern and by no other of the list.
fn not_redundant(
    question: &Question<'_>,
    index: usize,
    glob: &Glob,
    text: &str,
    others: &[&Glob],
    negated: bool,
) -> Result<Formula, String> {
    let mut matched = matched(glob, question.catalog);
    // An entry that was added to NotAction may name an action that the catalog lacks.
    if negated {
        matched.extend(glob.as_literal());
    }
    let only_here = matched.iter().find(|action| !others.iter().any(|other| other.matches(action)));
    let Some(action) = only_here else {
        return Err(format!(
            "the pattern `{text}` in the statement with index {index} is redundant: other patterns of the statement match every action it matches"
        ));
    };
    let action = Text::constant(action);
    let alone = others.iter().map(|other| encode::matches_glob(&action, other).not());
    Ok(Formula::and(std::iter::once(encode::matches_glob(&action, glob)).chain(alone)))
}

/// The wildcard's parent prefix reaches an unused action that the original pattern grants.
fn shortest(question: &Question<'_>, index: usize, glob: &Glob, text: &str, before: &[Glob]) -> Result<Formula, String> {
    let lower = glob.literal_prefix();
    let Some((service, prefix)) = lower.split_once(':') else {
        return Err(format!("the pattern `{text}` in the statement with index {index} has a wildcard in its service"));
    };
    let unused: Vec<String> = question
        .unused
        .names(service)
        .map(|name| format!("{service}:{name}"))
        .filter(|action| before.iter().any(|pattern| pattern.matches(action)))
        .collect();
    let broken = |why: String| {
        Err(format!("the wildcard `{text}` in the statement with index {index} is not a shortest safe prefix: {why}"))
    };
    // A whole service under a pattern over all services: there is no shorter prefix within the service.
    if prefix.is_empty() {
        return Ok(Formula::True);
    }
    let covered = matched(glob, question.catalog);
    if let [one] = covered.as_slice() {
        let name = question.catalog.canonical_action(one).unwrap_or_else(|| one.clone());
        return broken(format!("it covers one action only, {name}: name it"));
    }
    // The prefix ends where a word of some covered action ends; its parent is one word shorter.
    let parents = covered.iter().filter_map(|action| {
        let spelled = question.catalog.canonical_action(action)?;
        let (_, name) = spelled.split_once(':')?;
        let mut ends = 0;
        for word in words(name) {
            if ends + word.len() == prefix.len() {
                return prefix.get(..ends).map(str::to_owned);
            }
            ends += word.len();
        }
        None
    });
    let parents: Vec<String> = parents.collect();
    if parents.is_empty() {
        return broken("it does not end at a word of an action name".to_owned());
    }
    for parent in &parents {
        let parent = format!("{service}:{parent}");
        if let Some(reached) = unused.iter().find(|action| action.starts_with(&parent)) {
            return Ok(Formula::atom(Atom::Prefix(Text::constant(&parent), Text::constant(reached))));
        }
    }
    // An original pattern that is itself this narrow needs no shorter prefix.
    let parent = parents.first().map_or("", String::as_str);
    broken(format!("`{service}:{parent}*` reaches no unused action that the statement granted"))
}
