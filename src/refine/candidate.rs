//! Which policy does the refinement rule propose? Before anything is proved of it.
//!
//! Allow statements lose what is unused, statement by statement: each action pattern is re-cut within its service
//! ([`super::generalize`]), patterns over all services go service by service, `NotAction` grows by the unused actions.
//! Everything else stays as written: order, Sids, resources, conditions, Deny statements. A statement left without
//! actions goes.

use super::generalize::{Recut, contains, recut, within};
use super::unused::UnusedActions;
use crate::catalog::{Catalog, Name};
use crate::document::{Document, Edit, Effect, Statement, apply};
use crate::glob::Glob;
use crate::json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// IAM's limit for a managed policy, in characters without white space.
pub const MANAGED_POLICY_LIMIT: usize = 6_144;

/// A proposed policy.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The document.
    pub json: Value,
    /// What changed.
    pub changes: Vec<Change>,
    /// What is worth knowing.
    pub notes: Vec<String>,
    /// Whether no Allow statement is left.
    pub is_empty: bool,
}

/// What became of one pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The statement's place in the original, from 0.
    pub statement_index: usize,
    /// Its Sid.
    pub statement_id: Option<String>,
    /// The pattern as it stood; `NotAction` for entries that were added.
    pub pattern: String,
    /// What stands instead; nothing if it went.
    pub replaced_by: Vec<String>,
}

/// Proposes the refined policy.
pub fn candidate(original: &Document, unused: &UnusedActions, catalog: &Catalog) -> Candidate {
    let mut changes = Vec::new();
    let edits: Vec<Edit> = original
        .statements
        .iter()
        .enumerate()
        .map(|(index, statement)| match (statement.effect.value, statement.action.negated) {
            (Effect::Deny, _) => Edit::Keep,
            (Effect::Allow, false) => actions(index, statement, unused, catalog, &mut changes),
            (Effect::Allow, true) => not_actions(index, statement, unused, catalog, &mut changes),
        })
        .collect();
    let json = apply(original, &edits);
    let kept = original.statements.iter().zip(&edits).filter(|(_, edit)| **edit != Edit::Remove);
    let is_empty = !kept.map(|(statement, _)| statement.effect.value).any(|effect| effect == Effect::Allow);
    let mut notes = notes(&json, &changes, catalog);
    if changes.is_empty() {
        let why =
            if unused.is_empty() { "no permission is listed as unused" } else { "the policy grants nothing that is unused" };
        notes.insert(0, format!("there was nothing to remove: {why}"));
    }
    Candidate { json, changes, notes, is_empty }
}

/// What is to be said of a policy that outgrows a managed policy; `None` of others.
pub fn too_long(json: &Value) -> Option<String> {
    let size = json.to_string().chars().filter(|c| !c.is_whitespace()).count();
    (size > MANAGED_POLICY_LIMIT).then(|| {
        format!(
            "the refined policy has {size} characters without white space; a managed policy may have {MANAGED_POLICY_LIMIT}: split it"
        )
    })
}

fn notes(json: &Value, changes: &[Change], catalog: &Catalog) -> Vec<String> {
    let mut notes: Vec<String> = too_long(json).into_iter().collect();
    let future = |change: &&Change| Glob::parse(&change.pattern).has_wildcard();
    let patterns: Vec<&str> = changes.iter().filter(future).map(|change| change.pattern.as_str()).collect();
    if !patterns.is_empty() {
        notes.push(format!(
            "actions that AWS adds after the catalog's date ({}) under {} are granted only where a new pattern matches them",
            catalog.date,
            patterns.join(", ")
        ));
    }
    notes
}

/// A pattern of the new list: as written, or introduced.
struct Entry {
    text: String,
    introduced: bool,
}

fn actions(index: usize, statement: &Statement, unused: &UnusedActions, catalog: &Catalog, changes: &mut Vec<Change>) -> Edit {
    let mut cuts: Vec<(String, Option<Vec<String>>)> = Vec::new();
    for item in &statement.action.items {
        cuts.push((item.value.clone(), new_patterns(&item.value, unused, catalog)));
    }
    if cuts.iter().all(|(_, new)| new.is_none()) {
        return Edit::Keep;
    }
    let mut entries: Vec<Entry> = Vec::new();
    for (text, new) in &cuts {
        match new {
            None => entries.push(Entry { text: text.clone(), introduced: false }),
            Some(new) => entries.extend(new.iter().map(|text| Entry { text: text.clone(), introduced: true })),
        }
    }
    drop_redundant(&mut entries, catalog);
    for (pattern, new) in cuts {
        let Some(new) = new else { continue };
        let stands = |text: &String| entries.iter().any(|entry| entry.introduced && entry.text == *text);
        let statement_id = statement.sid.as_ref().map(|sid| sid.value.clone());
        let replaced_by = new.into_iter().filter(stands).collect();
        changes.push(Change { statement_index: index, statement_id, pattern, replaced_by });
    }
    if entries.is_empty() { Edit::Remove } else { Edit::Actions(entries.into_iter().map(|entry| entry.text).collect()) }
}

/// The patterns that replace one; `None` if it stays as written, because nothing under it is unused.
fn new_patterns(text: &str, unused: &UnusedActions, catalog: &Catalog) -> Option<Vec<String>> {
    let glob = Glob::parse(text);
    unused.reached_by(&glob)?;
    // A service is spelled as the pattern spells it, or as the catalog does.
    let written = text.split_once(':').map(|(service, _)| service).filter(|service| !Glob::parse(service).has_wildcard());
    let services: Vec<&str> = match written {
        Some(service) => vec![service],
        None => catalog.prefixes().collect(),
    };
    Some(services.into_iter().flat_map(|service| within_service(&glob, service, unused, catalog)).collect())
}

/// What replaces a pattern within one service.
fn within_service(glob: &Glob, service: &str, unused: &UnusedActions, catalog: &Catalog) -> Vec<String> {
    let (parts, lower) = (within(glob, service), service.to_ascii_lowercase());
    if unused.is_whole(&lower) || parts.is_empty() {
        return Vec::new();
    }
    let actions = catalog.service(&lower).into_iter().flat_map(|service| service.actions());
    let names: Vec<&str> = actions.map(|action| action.name.as_str()).collect();
    let gone: Vec<&str> = unused.names(&lower).collect();
    match recut(&parts, &names, &gone) {
        Recut::AsWritten => {
            let reaches = |part: &Glob| names.iter().any(|name| part.matches(&name.to_ascii_lowercase()));
            parts.iter().filter(|part| reaches(&part.to_ascii_lowercase())).map(|part| format!("{service}:{part}")).collect()
        }
        Recut::Gone => Vec::new(),
        Recut::Replaced(patterns) => patterns.into_iter().map(|pattern| format!("{service}:{pattern}")).collect(),
    }
}

/// Drops introduced entries that other entries make superfluous over the catalog, literals and narrow ones first.
fn drop_redundant(entries: &mut Vec<Entry>, catalog: &Catalog) {
    let mut order: Vec<usize> = (0..entries.len()).filter(|at| entries.get(*at).is_some_and(|entry| entry.introduced)).collect();
    order.sort_by_key(|at| {
        entries.get(*at).map(|entry| (Glob::parse(&entry.text).has_wildcard(), std::cmp::Reverse(entry.text.len())))
    });
    let globs: Vec<Glob> = entries.iter().map(|entry| Glob::parse(&entry.text).to_ascii_lowercase()).collect();
    // Only patterns of the same service, or of several, can match the same actions.
    let service = |glob: &Glob| {
        let text = glob.to_string();
        text.split_once(':').map_or_else(|| "*".to_owned(), |(service, _)| service.to_owned())
    };
    let services: Vec<String> = globs.iter().map(service).collect();
    let mut by_service: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, service) in services.iter().enumerate() {
        by_service.entry(if service.contains(['*', '?']) { "*" } else { service }).or_default().push(at);
    }
    let mut dropped: BTreeSet<usize> = BTreeSet::new();
    for at in order {
        let (Some(own), Some(service)) = (globs.get(at), services.get(at)) else { continue };
        let alike: Vec<usize> = if service.contains(['*', '?']) {
            (0..globs.len()).collect()
        } else {
            [service.as_str(), "*"].into_iter().filter_map(|name| by_service.get(name)).flatten().copied().collect()
        };
        let others: Vec<&Glob> = alike
            .into_iter()
            .filter(|other| *other != at && !dropped.contains(other))
            .filter_map(|other| globs.get(other))
            .collect();
        let only_here = |action: &Name| !others.iter().any(|other| other.matches(&action.lower));
        if !catalog.matching(own).any(only_here) {
            dropped.insert(at);
        }
    }
    let mut at = 0;
    entries.retain(|_| {
        at += 1;
        !dropped.contains(&(at - 1))
    });
}

/// Whether one of the patterns matches every action of a service.
pub(super) fn excludes_all(listed: &[Glob], service: &str) -> bool {
    listed.iter().flat_map(|glob| within(glob, service)).any(|name| contains(&name, &Glob::parse("?*")))
}

fn not_actions(
    index: usize,
    statement: &Statement,
    unused: &UnusedActions,
    catalog: &Catalog,
    changes: &mut Vec<Change>,
) -> Edit {
    let listed: Vec<Glob> = statement.action.items.iter().map(|item| Glob::parse(&item.value).to_ascii_lowercase()).collect();
    let mut added: Vec<String> = Vec::new();
    for service in unused.services() {
        if unused.is_whole(service) {
            if !excludes_all(&listed, service) {
                added.push(format!("{service}:*"));
            }
            continue;
        }
        for name in unused.names(service) {
            let action = format!("{service}:{name}");
            if !listed.iter().any(|glob| glob.matches(&action)) {
                added.push(catalog.canonical_action(&action).map_or(action.clone(), str::to_owned));
            }
        }
    }
    if added.is_empty() {
        return Edit::Keep;
    }
    added.sort_unstable();
    let statement_id = statement.sid.as_ref().map(|sid| sid.value.clone());
    changes.push(Change { statement_index: index, statement_id, pattern: "NotAction".to_owned(), replaced_by: added.clone() });
    Edit::Actions(statement.action.items.iter().map(|item| item.value.clone()).chain(added).collect())
}
