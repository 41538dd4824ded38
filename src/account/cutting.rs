//! How is a policy that is longer than a managed policy may be cut into several?
//!
//! Statements grant and deny together wherever they stand, so a statement is its pieces if its actions, or its resources, are
//! dealt out to them, under Allow and Deny alike. A `NotAction` names what is left out, so each piece of it leaves out its own
//! share of the list, and all that begins like the others' shares:
//!
//! ```text
//! NotAction [s3:Get*, ec2:Run*]   is   NotAction [s3:Get*, ec2:*]   or   NotAction [s3:*, ec2:Run*]
//! ```
//!
//! Shares go by service, and within one that is too long by the letter at which its entries part. No two begin alike, so what
//! the list does not name is not left out by the piece that has its own share, nor by any if it has none. An entry with a
//! wildcard before that place stands in every piece.
//!
//! Nothing here is proved: who cuts proves that the parts are the same access.

use crate::diag::deadline;
use crate::json::{Kind, Value};
use crate::refine::candidate::MANAGED_POLICY_LIMIT;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Characters that count: white space does not.
pub(super) fn size(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

/// The documents that stand for one, each within the limit; `None` if a statement is too long to be cut.
pub(super) fn cut(document: &Value) -> Option<Vec<Value>> {
    let Kind::Object(members) = &document.kind else { return None };
    let statements = match &members.iter().find(|member| member.key == "Statement")?.value.kind {
        Kind::Array(statements) => statements.clone(),
        _ => vec![members.iter().find(|member| member.key == "Statement")?.value.clone()],
    };
    let with = |statements: Vec<Value>| {
        let mut out = document.clone();
        if let Kind::Object(members) = &mut out.kind {
            for member in members.iter_mut().filter(|member| member.key == "Statement") {
                member.value.kind = Kind::Array(statements.clone());
            }
        }
        out
    };
    let room = MANAGED_POLICY_LIMIT.checked_sub(size(&with(Vec::new()).to_string()))?;
    let mut parts: Vec<(Vec<Value>, usize)> = vec![(Vec::new(), 0)];
    for statement in &statements {
        for piece in pieces(statement, room)? {
            // One more for the comma.
            let own = size(&piece.to_string()) + 1;
            match parts.iter_mut().find(|(_, used)| used + own <= room) {
                Some((statements, used)) => {
                    *used += own;
                    statements.push(piece);
                }
                None => parts.push((vec![piece], own)),
            }
        }
    }
    let parts = parts.into_iter().filter(|(statements, _)| !statements.is_empty());
    Some(parts.map(|(statements, _)| with(distinct(statements))).collect())
}

/// Sids are unique in a policy: pieces of one statement that meet in a part keep the first one's.
fn distinct(mut statements: Vec<Value>) -> Vec<Value> {
    let mut met = BTreeSet::new();
    for statement in &mut statements {
        let Kind::Object(members) = &mut statement.kind else { continue };
        members.retain(|member| member.key != "Sid" || met.insert(member.value.as_str().unwrap_or_default().to_owned()));
    }
    statements
}

/// A statement in pieces that each have room; `None` if that cannot be.
fn pieces(statement: &Value, room: usize) -> Option<Vec<Value>> {
    if size(&statement.to_string()) < room {
        return Some(vec![statement.clone()]);
    }
    // The longer list first; if one entry of it is still too much, the other one is cut as well.
    let length = |key: &str| {
        statement.get(key).and_then(Value::elements).map_or(0, |list| list.iter().map(|one| size(&one.to_string())).sum())
    };
    let mut keys = ["Action", "NotAction", "Resource"].map(|key| (length(key), key));
    keys.sort_by_key(|(length, _)| Reverse(*length));
    let long = |key: &&str| statement.get(key).and_then(Value::elements).is_some_and(|list| list.len() > 1);
    let key = keys.into_iter().map(|(_, key)| key).find(long)?;
    let list = statement.get(key).and_then(Value::elements)?;
    let with = |part: Vec<Value>| {
        let mut out = statement.clone();
        if let Kind::Object(members) = &mut out.kind {
            for member in members.iter_mut().filter(|member| member.key == key) {
                member.value.kind = Kind::Array(part.clone());
            }
        }
        out
    };
    let space = room.saturating_sub(size(&with(Vec::new()).to_string()));
    let parts = if key == "NotAction" { exceptions(list, space)? } else { dealt(list, space) };
    if parts.len() < 2 {
        return None;
    }
    parts.into_iter().map(|part| pieces(&with(part), room)).collect::<Option<Vec<_>>>().map(|all| all.concat())
}

/// The entries of a list in their order, each part within the space if one entry alone is.
fn dealt(list: &[Value], space: usize) -> Vec<Vec<Value>> {
    let (mut out, mut part, mut used): (Vec<Vec<Value>>, Vec<Value>, usize) = (Vec::new(), Vec::new(), 0);
    for one in list {
        let own = length(one);
        if !part.is_empty() && used + own >= space {
            out.push(std::mem::take(&mut part));
            used = 0;
        }
        used += own;
        part.push(one.clone());
    }
    out.push(part);
    out
}

/// Characters of an entry of a list, with its comma.
fn length(entry: &Value) -> usize {
    size(&entry.to_string()) + 1
}

/// Characters of entries with their commas.
fn total(entries: &[Value]) -> usize {
    entries.iter().map(length).sum()
}

/// Exceptions that begin alike, without case.
#[derive(Debug)]
struct Share {
    entries: Vec<Value>,
    /// How they begin, and a `*`: `s3:*`, `s3:Get*`.
    cover: Value,
    /// What it takes more to name the entries than what covers them.
    extra: usize,
}

impl Share {
    fn new(prefix: &str, entries: Vec<Value>) -> Self {
        let span = entries.first().map(|one| one.span).unwrap_or_default();
        let cover = Value { span, kind: Kind::String(format!("{prefix}*")) };
        let extra = total(&entries).saturating_sub(length(&cover));
        Self { entries, cover, extra }
    }

    /// How far all entries are the same, without case.
    fn common(&self) -> usize {
        let texts = || self.entries.iter().filter_map(Value::as_str);
        let first = texts().next().unwrap_or_default();
        let same = |text: &str| {
            let differ = first.char_indices().zip(text.chars()).find(|((_, one), other)| !one.eq_ignore_ascii_case(other));
            differ.map_or(first.len().min(text.len()), |((at, _), _)| at)
        };
        texts().map(same).min().unwrap_or(0)
    }
}

/// The lists of exceptions whose statements together are that of the whole list, each within the space; `None` if there are none.
fn exceptions(list: &[Value], space: usize) -> Option<Vec<Vec<Value>>> {
    let service = |text: &str| text.find(':').map(|colon| colon + 1);
    let (mut everywhere, mut shares) = shared(list, service);
    loop {
        deadline::look();
        let common = total(&everywhere) + shares.iter().map(|share| length(&share.cover)).sum::<usize>();
        let free = space.checked_sub(common + 1)?;
        let Some(long) = shares.iter().position(|share| share.extra > free) else {
            return Some(binned(&everywhere, &shares, free));
        };
        // By the letter at which they part, so each turn parts some.
        let long = shares.swap_remove(long);
        let end = long.common();
        let next = |text: &str| text.get(end..)?.chars().next().map(|c| end + c.len_utf8());
        let (more, finer) = shared(&long.entries, next);
        everywhere.extend(more);
        shares.extend(finer);
    }
}

/// Entries by how they begin, up to a place; and those without that place, or with a wildcard before it.
fn shared(list: &[Value], end: impl Fn(&str) -> Option<usize>) -> (Vec<Value>, Vec<Share>) {
    let (mut everywhere, mut shares) = (Vec::new(), BTreeMap::<String, (&str, Vec<Value>)>::new());
    for entry in list {
        let text = entry.as_str().unwrap_or_default();
        match end(text).and_then(|end| text.get(..end)).filter(|prefix| !prefix.contains(['*', '?'])) {
            Some(prefix) => {
                shares.entry(prefix.to_ascii_lowercase()).or_insert((prefix, Vec::new())).1.push(entry.clone());
            }
            None => everywhere.push(entry.clone()),
        }
    }
    (everywhere, shares.into_values().map(|(prefix, entries)| Share::new(prefix, entries)).collect())
}

/// Shares in as few lists as they come to, each with what covers the others.
fn binned(everywhere: &[Value], shares: &[Share], free: usize) -> Vec<Vec<Value>> {
    let mut bins = vec![(BTreeSet::new(), 0)];
    let mut order: Vec<(usize, &Share)> = shares.iter().enumerate().collect();
    order.sort_by_key(|(_, share)| Reverse(share.extra));
    for (at, share) in order {
        match bins.iter_mut().find(|(_, used)| used + share.extra <= free) {
            Some((bin, used)) => {
                *used += share.extra;
                bin.insert(at);
            }
            None => bins.push((BTreeSet::from([at]), share.extra)),
        }
    }
    let list = |(bin, _): &(BTreeSet<usize>, usize)| {
        let of = |(at, share): (usize, &Share)| if bin.contains(&at) { share.entries.clone() } else { vec![share.cover.clone()] };
        everywhere.iter().cloned().chain(shares.iter().enumerate().flat_map(of)).collect()
    };
    bins.iter().map(list).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Budget, Source};
    use crate::glob::Glob;
    use proptest::prelude::*;

    fn value(text: &str) -> Value {
        crate::json::read(&Source::new("p", text), &Budget::default()).unwrap()
    }

    #[test]
    fn long_lists_are_cut_where_they_can_be() {
        let names: Vec<String> = (0..700).map(|at| format!("\"s3:Get{at:08}\"")).collect();
        let text = |key: &str| format!(r#"{{"Statement":[{{"Effect":"Allow","{key}":[{}]}}]}}"#, names.join(","));
        let parts = |key: &str| cut(&value(&text(key))).map(|parts| parts.len());
        assert_eq!(parts("NotResource"), None);
        // 700 names of 17 characters with their quotes and comma: 11,900 of the 12,288 that two policies hold.
        assert_eq!(parts("Action"), Some(2));
        assert_eq!(parts("NotAction"), Some(3));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_parts_fit_and_hold_every_action_on_every_resource_once(
            statements in prop::collection::vec((1..600_usize, 1..300_usize, any::<bool>()), 1..5)
        ) {
            let list = |prefix: &str, count: usize| (0..count).map(|at| format!("\"{prefix}{at:05}\"")).collect::<Vec<_>>().join(",");
            let written = statements.iter().enumerate().map(|(at, (actions, resources, deny))| format!(
                r#"{{"Sid":"S{at}","Effect":"{}","Action":[{}],"Resource":[{}]}}"#,
                if *deny { "Deny" } else { "Allow" }, list(&format!("s{at}:A"), *actions), list("arn:aws:s3:::b", *resources),
            ));
            let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, written.collect::<Vec<_>>().join(","));
            let parts = cut(&value(&text)).unwrap();
            let mut met = std::collections::BTreeMap::new();
            for part in &parts {
                prop_assert!(size(&part.to_string()) <= MANAGED_POLICY_LIMIT);
                let mut sids = std::collections::BTreeSet::new();
                for statement in part.get("Statement").unwrap().elements().unwrap() {
                    prop_assert!(statement.get("Sid").is_none_or(|sid| sids.insert(sid.to_string())));
                    let effect = statement.get("Effect").unwrap().to_string();
                    for action in statement.get("Action").unwrap().elements().unwrap() {
                        *met.entry((effect.clone(), action.to_string())).or_insert(0) += statement.get("Resource").unwrap().elements().unwrap().len();
                    }
                }
            }
            prop_assert_eq!(met.len(), statements.iter().map(|(actions, _, _)| actions).sum::<usize>());
            for ((_, action), pairs) in met {
                let at: usize = action[2..3].parse().unwrap();
                prop_assert_eq!(pairs, statements[at].1);
            }
        }

        #[test]
        fn an_action_is_left_out_by_all_lists_of_exceptions_if_the_whole_leaves_it_out(
            names in prop::collection::vec("(a|b|cc|B|c\\*|\\*):[aAb]{0,3}[*?]?[ab]{0,2}", 1..30),
            asked in prop::collection::vec("(a|b|cc|c|d):[aAb]{0,6}", 1..30),
            space in 20..400_usize,
        ) {
            let list: Vec<Value> = names.iter().map(|name| value(&format!("{name:?}"))).collect();
            if let Some(parts) = exceptions(&list, space) {
                let named = |list: &[Value], action: &str| {
                    list.iter().any(|one| Glob::parse(one.as_str().unwrap()).to_ascii_lowercase().matches(&action.to_ascii_lowercase()))
                };
                for part in &parts {
                    prop_assert!(total(part) < space);
                }
                for action in &asked {
                    prop_assert_eq!(parts.iter().all(|part| named(part, action)), named(&list, action), "{} {:?}", action, parts);
                }
            }
        }
    }
}
