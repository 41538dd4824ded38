//! Which actions is a region about? Those of its groups, as few patterns over the catalog as say so.

use crate::catalog::Catalog;
use crate::glob::trie::{Cover, cover};
use crate::query::Query;
use crate::search::partition::{self, Group};
use std::collections::{BTreeMap, BTreeSet};

pub(super) type Signature = (Vec<usize>, Vec<usize>);

/// The catalog's actions of each of these groups.
pub(super) fn catalog_actions<'g>(
    search: &Query<'_>,
    groups: impl Iterator<Item = &'g Group>,
) -> BTreeMap<Signature, Vec<&'static str>> {
    let wanted: BTreeSet<Signature> = groups.map(|group| (group.grants.clone(), group.unless.clone())).collect();
    let mut out: BTreeMap<Signature, Vec<&'static str>> = BTreeMap::new();
    if wanted.is_empty() {
        return out;
    }
    for name in Catalog::latest().all_names() {
        let name = &*name.spelled;
        let group = partition::group_of(search, name);
        let signature = (group.grants, group.unless);
        if wanted.contains(&signature) {
            out.entry(signature).or_default().push(name);
        }
    }
    out
}

/// The least-general patterns over the catalog for the actions of these groups, and whether there are any.
pub(super) fn patterns(groups: &[Group], known: &BTreeMap<Signature, Vec<&'static str>>) -> (Vec<String>, bool) {
    let mut wanted: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for group in groups {
        for action in known.get(&(group.grants.clone(), group.unless.clone())).into_iter().flatten() {
            if let Some((service, name)) = action.split_once(':') {
                wanted.entry(service).or_default().push(name);
            }
        }
    }
    if wanted.is_empty() {
        return (groups.iter().map(|group| group.action.clone()).collect(), false);
    }
    if wanted.values().map(Vec::len).sum::<usize>() == Catalog::latest().action_count() {
        return (vec!["*".to_owned()], true);
    }
    let mut out = Vec::new();
    for (service, names) in wanted {
        let of_service = Catalog::latest().service(service);
        let all = of_service.iter().flat_map(|service| service.actions()).map(|action| action.name.as_str());
        let others: Vec<&str> = all.filter(|name| !names.contains(name)).collect();
        let pieces = cover(&names, &others);
        let prefixes: Vec<&String> = pieces
            .iter()
            .filter_map(|piece| if let Cover::Prefix { prefix, .. } = piece { Some(prefix) } else { None })
            .collect();
        for piece in &pieces {
            match piece {
                // `DescribeStack*` reaches `DescribeStacks`, though that is another word.
                Cover::Name(name) if prefixes.iter().any(|prefix| name.starts_with(prefix.as_str())) => {}
                Cover::Name(name) => out.push(format!("{service}:{name}")),
                Cover::Prefix { prefix, .. } => out.push(format!("{service}:{prefix}*")),
            }
        }
    }
    (out, true)
}
