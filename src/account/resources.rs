//! On which resources were a statement's actions used, and which shorter list of resources covers them?
//!
//! Only where the evidence is whole: every action of an Allow statement was used within the window, every record of it names
//! its resources, and each of them is of a type that the action takes. The list has the ARNs that were seen; where one place
//! of the path (or the region) has at least [`FLOOR`] values, they become a wildcard, so that no wildcard rests on less. An
//! account is never one. Less than that keeps a statement as it is.
//!
//! What this takes away is not proved unused: it is a proposal, marked as such. That it adds nothing is proved, and every
//! logged call is replayed.

use super::observe::Window;
use super::proposal::{self, Proposal};
use crate::catalog::{Catalog, operations};
use crate::document::{self, Document, Effect, Statement};
use crate::evidence::Activity;
use crate::glob::Glob;
use crate::json::{Kind, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Values of one place of an ARN that make a wildcard.
pub(super) const FLOOR: usize = 4;

/// The longest list that is worth it.
const MOST: usize = 20;

/// The resources of one action.
#[derive(Debug, Default)]
pub(super) struct Seen {
    arns: BTreeSet<String>,
    incomplete: bool,
}

/// On what each action was used, in lower case.
pub(super) fn seen(activity: &Activity, window: Window) -> BTreeMap<String, Seen> {
    let mut out: BTreeMap<String, Seen> = BTreeMap::new();
    for ((source, name), used) in activity.uses.iter().filter(|(_, used)| used.last >= window.from) {
        for action in operations::actions_of(source, name).unwrap_or_default() {
            let entry = out.entry(action.to_ascii_lowercase()).or_default();
            entry.arns.extend(used.resources.iter().cloned());
            entry.incomplete |= used.without_resource > 0 || used.more_resources;
        }
    }
    out
}

/// The document with shorter lists of resources, and these; `None` if nothing can be narrowed.
pub(super) fn narrowed(document: &Document, seen: &BTreeMap<String, Seen>) -> Option<(Value, Vec<Proposal>)> {
    let mut json = document.json.clone();
    let mut all = Vec::new();
    for (statement_index, (value, statement)) in document::statements(&mut json).into_iter().zip(&document.statements).enumerate()
    {
        let Some((list, seen)) = resources(statement, seen) else { continue };
        let Kind::Object(parts) = &mut value.kind else { continue };
        for part in parts.iter_mut().filter(|part| part.key == "Resource") {
            let resources = list.clone();
            all.push(Proposal::Resources(proposal::Resources { statement_index, resources, seen }));
            part.value.kind = Kind::Array(list.iter().map(Value::string).collect());
        }
    }
    (!all.is_empty()).then_some((json, all))
}

/// The shorter list of a statement, and from how many resources.
fn resources(statement: &Statement, seen: &BTreeMap<String, Seen>) -> Option<(Vec<String>, usize)> {
    let listed = statement.resource.as_ref().filter(|listed| !listed.negated)?;
    let is_wide = listed.items.iter().any(|item| Glob::parse(&item.value).has_wildcard());
    if statement.effect.value != Effect::Allow || statement.action.negated || !is_wide {
        return None;
    }
    let catalog = Catalog::latest();
    let mut arns: BTreeSet<&str> = BTreeSet::new();
    for item in &statement.action.items {
        let glob = Glob::parse(&item.value).to_ascii_lowercase();
        let actions: Vec<String> = match glob.as_literal() {
            Some(one) => vec![one],
            None => catalog.matching(&glob).map(|name| name.lower.to_string()).collect(),
        };
        for action in actions {
            let known = seen.get(&action).filter(|known| !known.incomplete && !known.arns.is_empty())?;
            let types: Vec<Glob> = catalog.resource_arns(&action)?.iter().map(|arn| Glob::parse(arn)).collect();
            let own = known.arns.iter().filter(|arn| types.iter().any(|of| of.matches(arn)));
            let before = arns.len();
            let mut any = false;
            for arn in own {
                any = true;
                arns.insert(arn);
            }
            if !any && before == arns.len() {
                return None;
            }
        }
    }
    if arns.is_empty() || arns.iter().any(|arn| arn.contains(['*', '?', '$'])) {
        return None;
    }
    let count = arns.len();
    let list = generalized(&arns)?;
    (list.len() <= MOST).then_some((list, count))
}

/// The regions of a group of ARNs, and the parts of their paths.
type Group<'a> = (BTreeSet<&'a str>, Vec<Vec<&'a str>>);

/// The least general list of patterns, by the floor.
fn generalized(arns: &BTreeSet<&str>) -> Option<Vec<String>> {
    // By everything but the region: partition, service, account.
    let mut groups: BTreeMap<[&str; 3], Group<'_>> = BTreeMap::new();
    for arn in arns {
        let [_, partition, service, region, account, rest] = crate::value::arn::split(arn)?;
        let entry = groups.entry([partition, service, account]).or_default();
        entry.0.insert(region);
        entry.1.push(rest.split('/').collect());
    }
    let mut out = BTreeSet::new();
    for ([partition, service, account], (regions, paths)) in groups {
        let regions: Vec<&str> = if regions.len() >= FLOOR { vec!["*"] } else { regions.into_iter().collect() };
        let mut patterns = BTreeSet::new();
        cover(&paths, String::new(), &mut patterns);
        for (region, pattern) in regions.iter().flat_map(|region| patterns.iter().map(move |pattern| (region, pattern))) {
            out.insert(format!("arn:{partition}:{service}:{region}:{account}:{pattern}"));
        }
    }
    Some(out.into_iter().collect())
}

fn cover(paths: &[Vec<&str>], before: String, out: &mut BTreeSet<String>) {
    let mut by_first: BTreeMap<&str, Vec<Vec<&str>>> = BTreeMap::new();
    for path in paths {
        if let Some((first, rest)) = path.split_first() {
            by_first.entry(first).or_default().push(rest.to_vec());
        }
    }
    if by_first.len() >= FLOOR {
        let rest: Vec<Vec<&str>> = by_first.into_values().flatten().collect();
        return ended(&rest, before + "*", out);
    }
    for (first, rest) in by_first {
        ended(&rest, format!("{before}{first}"), out);
    }
}

/// What follows one place: nothing for some, more for others.
fn ended(rest: &[Vec<&str>], before: String, out: &mut BTreeSet<String>) {
    if rest.iter().any(Vec::is_empty) {
        out.insert(before.clone());
    }
    let more: Vec<Vec<&str>> = rest.iter().filter(|path| !path.is_empty()).cloned().collect();
    if !more.is_empty() {
        cover(&more, before + "/", out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_stands_only_where_enough_was_seen() {
        let of = |arns: &[&str]| generalized(&arns.iter().copied().collect()).unwrap().join(" ");
        assert_eq!(of(&["arn:aws:s3:::b/x/1", "arn:aws:s3:::b/x/2"]), "arn:aws:s3:::b/x/1 arn:aws:s3:::b/x/2");
        assert_eq!(
            of(&["arn:aws:s3:::b/x/1", "arn:aws:s3:::b/x/2", "arn:aws:s3:::b/x/3", "arn:aws:s3:::b/x/4"]),
            "arn:aws:s3:::b/x/*"
        );
        assert_eq!(
            of(&[
                "arn:aws:sqs:r1:111122223333:q",
                "arn:aws:sqs:r2:111122223333:q",
                "arn:aws:sqs:r3:111122223333:q",
                "arn:aws:sqs:r4:111122223333:q"
            ]),
            "arn:aws:sqs:*:111122223333:q"
        );
        assert_eq!(of(&["arn:aws:s3:::b"]), "arn:aws:s3:::b");
    }
}
