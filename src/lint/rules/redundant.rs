//! Does one value of a list say what another one says already?
//!
//! AWS compares the values of one list pairwise, as texts with wildcards: actions without case, resources with. One finding
//! a value that nothing else covers, with all that it covers. Statements are compared as a whole.
//!
//! Source: AWS's published results, which this rule reproduces.

use super::cover::{Glob, covers};
use crate::json::Value;
use crate::lint::registry::Emit;
use crate::lint::view::{Element, Policy};
use std::collections::BTreeMap;

/// `REDUNDANT_ACTION`, `REDUNDANT_RESOURCE`
pub(crate) fn values(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    let is_action = emit.code() == "REDUNDANT_ACTION";
    for statement in &policy.statements {
        let elements = match is_action {
            true => [&statement.action, &statement.not_action],
            false => [&statement.resource, &statement.not_resource],
        };
        for element in elements.into_iter().flatten() {
            for group in groups(element, is_action) {
                let places: Vec<_> = group.iter().filter_map(|at| element.items.get(*at)).map(|value| value.at.clone()).collect();
                let first = group.first().and_then(|at| element.items.get(*at)).map_or("", |value| value.text);
                let details = match places.len() {
                    2 => format!("one of these two values says what the other says too (`{first}`): keep the wider one"),
                    more => format!("one of these {more} values says what the others say too: keep the widest one"),
                };
                emit.places(places, details);
            }
        }
    }
}

/// Each value that no other covers, with those that it covers, in the list's order; where it covers any.
fn groups(element: &Element<'_>, is_action: bool) -> Vec<Vec<usize>> {
    let globs: Vec<Glob> = element
        .items
        .iter()
        .map(|value| if is_action { Glob::parse(&value.text.to_ascii_lowercase()) } else { Glob::parse(value.text) })
        .collect();
    // Only a pattern covers what is written otherwise, so literals are looked up.
    let mut same: BTreeMap<&Glob, Vec<usize>> = BTreeMap::new();
    for (at, glob) in globs.iter().enumerate() {
        same.entry(glob).or_default().push(at);
    }
    let wild: Vec<&Glob> = same.keys().copied().filter(|glob| glob.has_wildcard()).collect();
    let is_covered = |inner: &Glob| wild.iter().any(|outer| *outer != inner && covers(outer, inner) && !covers(inner, outer));
    let mut out = Vec::new();
    for (outer, own) in &same {
        let mut group = own.clone();
        if outer.has_wildcard() {
            group.extend(same.iter().filter(|(inner, _)| *inner != outer && covers(outer, inner)).flat_map(|(_, all)| all));
        }
        if group.len() > 1 && !is_covered(outer) {
            group.sort_unstable();
            out.push(group);
        }
    }
    out.sort();
    out
}

/// `REDUNDANT_STATEMENT`
pub(crate) fn statement(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    let mut same: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, statement) in policy.statements.iter().enumerate() {
        same.entry(plain(statement.value)).or_default().push(at);
    }
    for all in same.into_values().filter(|all| all.len() > 1) {
        let places = all.iter().filter_map(|at| policy.statements.get(*at)).map(|statement| statement.at.clone()).collect();
        emit.places(places, "these statements say the same: keep one");
    }
}

/// A statement without its Sid, lists sorted and a lone value as a list of one.
fn plain(value: &Value) -> String {
    fn sorted(value: &Value, depth: usize) -> String {
        if let Some(members) = value.members() {
            let mut all: Vec<String> = members
                .iter()
                .filter(|member| depth > 0 || member.key != "Sid")
                .map(|member| {
                    let is_action = depth == 0 && matches!(member.key.as_str(), "Action" | "NotAction");
                    let text = sorted(&member.value, depth + 1);
                    format!("{}:{}", member.key, if is_action { text.to_ascii_lowercase() } else { text })
                })
                .collect();
            all.sort();
            return format!("{{{}}}", all.join(","));
        }
        let mut all: Vec<String> = value.items().iter().map(Value::to_string).collect();
        all.sort();
        all.dedup();
        format!("[{}]", all.join(","))
    }
    sorted(value, 0)
}
