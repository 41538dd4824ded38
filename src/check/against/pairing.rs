//! Which policy of a file was which before?
//!
//! By what names it: logical id and property, address and attribute, the policy's own name (`sources::lasting`). What is known
//! by nothing but its place is the one with the same content; of those that are left, one pairs with one. More than one on a
//! side could be each other, and a wrong pair would hide what a policy came to grant, so none is paired: then they are new.
//! The identity policies inside one user, role or group are the exception: they add up for one principal, so whatever each of
//! them is compared with was granted to that principal.
//!
//! Invariants: an old policy has one successor at most; policies of different types are never paired.

use crate::check::files::NAMED;
use crate::document;
use crate::json::Value;
use crate::sources::lasting::PLACED;
use crate::sources::located::filled;
use crate::sources::{Located, PolicyType};
use std::cell::OnceCell;
use std::collections::BTreeMap;

/// What a new policy was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Was {
    /// This one of the old ones.
    One(usize),
    /// Nothing that has its name.
    New,
    /// Perhaps one of several.
    Unsure,
}

/// What each new policy was; with `several` the documents of the file are told apart.
pub(super) fn pair(new: &[&Located], old: &[&Located], several: bool) -> Vec<Was> {
    let mut out = vec![Was::New; new.len()];
    let mut pools: BTreeMap<(String, PolicyType), (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    let key = |of: &Located| {
        let document = if several || of.document.starts_with(NAMED) { of.document.as_str() } else { "" };
        (format!("{document}{}", of.key), of.policy_type)
    };
    for (at, located) in new.iter().enumerate() {
        pools.entry(key(located)).or_default().0.push(at);
    }
    for (at, located) in old.iter().enumerate() {
        pools.entry(key(located)).or_default().1.push(at);
    }
    // Names that stand twice, and places, go by what else there is to tell.
    let mut placed: BTreeMap<(String, PolicyType), (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for ((key, of), (new, old)) in pools {
        match (new.as_slice(), old.as_slice()) {
            ([one], [was]) if !key.contains(PLACED) => {
                out.iter_mut().skip(*one).take(1).for_each(|slot| *slot = Was::One(*was));
            }
            _ => {
                let pool = placed.entry((without_places(&key), of)).or_default();
                pool.0.extend(new);
                pool.1.extend(old);
            }
        }
    }
    let (contents, old_contents) = (Contents::of(new), Contents::of(old));
    for (mut now, mut before) in placed.into_values() {
        by_content(&mut now, &mut before, &contents, &old_contents, &mut out);
        if let ([one], [was]) = (now.as_slice(), before.as_slice()) {
            out.iter_mut().skip(*one).take(1).for_each(|slot| *slot = Was::One(*was));
        } else if !before.is_empty() {
            by_statement_ids(&mut now, &mut before, new, old, &mut out);
            let left = if before.is_empty() { Was::New } else { Was::Unsure };
            now.iter().for_each(|one| out.iter_mut().skip(*one).take(1).for_each(|slot| *slot = left));
        }
    }
    of_one_principal((new, &contents), (old, &old_contents), &mut out);
    out
}

/// What policies say, each read when it is asked for.
struct Contents<'l> {
    all: &'l [&'l Located],
    known: Vec<OnceCell<Option<String>>>,
}

impl<'l> Contents<'l> {
    fn of(all: &'l [&'l Located]) -> Self {
        Self { all, known: all.iter().map(|_| OnceCell::new()).collect() }
    }

    fn get(&self, at: usize) -> Option<&str> {
        let (of, known) = (self.all.get(at)?, self.known.get(at)?);
        known.get_or_init(|| content(of)).as_deref()
    }
}

/// Pairs what is left inside one user, role or group: a policy that got another name stands in place of one that went.
fn of_one_principal((new, mine): (&[&Located], &Contents<'_>), (old, theirs): (&[&Located], &Contents<'_>), out: &mut [Was]) {
    let inside = |of: &Located| {
        let is_inside = of.policy_type == PolicyType::Identity && !of.owner.is_empty() && of.key.contains('[');
        is_inside.then(|| format!("{} {}", of.document, of.owner))
    };
    let mut before: Vec<usize> = (0..old.len()).filter(|was| !out.contains(&Was::One(*was))).collect();
    let mut now: Vec<usize> = (0..new.len()).filter(|one| !matches!(out.get(*one), Some(Was::One(_)))).collect();
    now.retain(|one| new.get(*one).is_some_and(|of| inside(of).is_some()));
    before.retain(|was| old.get(*was).is_some_and(|of| inside(of).is_some()));
    let owner = |one: usize| new.get(one).and_then(|of| inside(of));
    for by_content in [true, false] {
        now.retain(|one| {
            let fits = |was: &usize| {
                let is_same = mine.get(*one).is_some() && theirs.get(*was) == mine.get(*one);
                old.get(*was).and_then(|of| inside(of)) == owner(*one) && (is_same || !by_content)
            };
            let (Some(at), Some(slot)) = (before.iter().position(fits), out.get_mut(*one)) else { return true };
            *slot = Was::One(before.remove(at));
            false
        });
    }
}

/// A key without the numbers of elements.
fn without_places(key: &str) -> String {
    let mut out = String::with_capacity(key.len());
    let mut rest = key;
    while let Some((before, after)) = rest.split_once(PLACED) {
        out.push_str(before);
        out.push_str(PLACED);
        rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    out + rest
}

fn by_content(now: &mut Vec<usize>, before: &mut Vec<usize>, new: &Contents<'_>, old: &Contents<'_>, out: &mut [Was]) {
    now.retain(|one| {
        let Some(mine) = new.get(*one) else { return true };
        let same = before.iter().position(|was| old.get(*was) == Some(mine));
        let (Some(at), Some(slot)) = (same, out.get_mut(*one)) else { return true };
        *slot = Was::One(before.remove(at));
        false
    });
}

/// Pairs what shares ids of statements with one on the other side, and with no other.
fn by_statement_ids(now: &mut Vec<usize>, before: &mut Vec<usize>, new: &[&Located], old: &[&Located], out: &mut [Was]) {
    let share = |one: usize, was: usize| {
        let (Some(one), Some(was)) = (new.get(one), old.get(was)) else { return false };
        let other = statement_ids(was);
        statement_ids(one).iter().any(|id| other.contains(id))
    };
    let all = before.clone();
    let others = now.clone();
    now.retain(|one| {
        let mut mates = all.iter().filter(|was| share(*one, **was));
        let (Some(mate), None, Some(slot)) = (mates.next(), mates.next(), out.get_mut(*one)) else { return true };
        if others.iter().filter(|other| share(**other, *mate)).count() > 1 {
            return true;
        }
        *slot = Was::One(*mate);
        before.retain(|was| was != mate);
        false
    });
}

fn statement_ids(of: &Located) -> Vec<&str> {
    let all = of.versions.iter().flat_map(|version| document::listed(&version.value));
    all.filter_map(|one| one.get("Sid").and_then(Value::as_str)).filter(|sid| !sid.is_empty()).collect()
}

/// What a policy says, whatever the order of its members; `None` of one that cannot be read.
pub(super) fn content(of: &Located) -> Option<String> {
    if of.trouble.is_some() {
        return None;
    }
    let name = |index: usize| {
        of.open.get(index).map_or_else(String::new, |open| match (open.definition.as_str(), open.may.is_empty()) {
            ("", true) => format!("<{}>", open.name),
            (definition, _) => format!("<{} of {definition} {:?}>", open.name, open.may),
        })
    };
    // What conditions stand for, not their names.
    let version = |version: &crate::sources::Version| {
        format!("{:?} {:?} {}", version.when, version.within, filled(&version.value, &name).sorted())
    };
    let free = of
        .free
        .iter()
        .flat_map(|free| free.versions.iter().map(version).chain(free.trouble.iter().map(|(_, text)| text.clone())));
    Some(of.versions.iter().map(version).chain(free).collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Budget, Source};

    fn located(name: &str, owner: &str, document: &str, of: PolicyType, text: &str) -> Located {
        let source = Source::new("t", text);
        let value = crate::json::read(&source, &Budget::default()).unwrap();
        let one = Located::known(name.to_owned(), of, (&source, value.span), source.clone(), value);
        Located { document: document.to_owned(), ..one.owned(owner, name.to_owned()) }
    }

    fn paired(new: &[Located], old: &[Located], several: bool) -> String {
        let (new, old): (Vec<&Located>, Vec<&Located>) = (new.iter().collect(), old.iter().collect());
        let shown = |was: Was| match was {
            Was::One(at) => at.to_string(),
            Was::New => "new".to_owned(),
            Was::Unsure => "unsure".to_owned(),
        };
        pair(&new, &old, several).into_iter().map(shown).collect::<Vec<_>>().join(" ")
    }

    fn allow(action: &str, sid: &str) -> String {
        format!(r#"{{"Statement": [{{"Sid": "{sid}", "Effect": "Allow", "Action": "{action}", "Resource": "*"}}]}}"#)
    }

    #[test]
    fn a_policy_is_what_its_name_its_content_or_its_statements_say() {
        let one = |document: &str, action: &str, sid: &str| located("", "", document, PolicyType::Unknown, &allow(action, sid));
        let (a, b) = (|at: &str| one(at, "s3:*", ""), |at: &str| one(at, "sqs:*", ""));
        let whole = |action: &str| one("[#0]", action, "");
        for (new, old, expected) in [
            (vec![whole("s3:*")], vec![whole("sqs:*")], "0"),
            // Something stands in front.
            (vec![one("[#0]", "*", ""), a("[#1]"), b("[#2]")], vec![a("[#0]"), b("[#1]")], "new 0 1"),
            // Turned.
            (vec![b("[#0]"), a("[#1]")], vec![a("[#0]"), b("[#1]")], "1 0"),
            // One of them is another one now.
            (vec![one("[#0]", "*", ""), b("[#1]")], vec![a("[#0]"), b("[#1]")], "0 1"),
            // Both are: nobody knows which was which.
            (vec![one("[#0]", "*", ""), one("[#1]", "sns:*", "")], vec![a("[#0]"), b("[#1]")], "unsure unsure"),
            (
                vec![one("[#0]", "*", "b"), one("[#1]", "sns:*", "a")],
                vec![one("[#0]", "s3:*", "a"), one("[#1]", "sqs:*", "b")],
                "1 0",
            ),
            // An id that two have tells nothing.
            (
                vec![one("[#0]", "*", "a"), one("[#1]", "sns:*", "a")],
                vec![one("[#0]", "s3:*", "a"), one("[#1]", "sqs:*", "b")],
                "unsure unsure",
            ),
            (vec![one("[#0]", "*", ""), one("[x]", "sns:*", "")], vec![one("[x]", "s3:*", ""), b("[#1]")], "1 0"),
        ] {
            let several = new.len() > 1 || old.len() > 1;
            assert_eq!(paired(&new, &old, several), expected);
        }
    }

    #[test]
    fn policies_of_one_principal_stand_in_for_each_other_and_for_no_others() {
        let one = |key: &str, owner: &str, action: &str| located(key, owner, "[#0]", PolicyType::Identity, &allow(action, ""));
        let old = [one("R.Policies[a]", "R", "s3:*"), one("R.Policies[b]", "R", "sqs:*"), one("S.Policies[a]", "S", "*")];
        let new = [
            one("R.Policies[#0]", "R", "sqs:*"),
            one("R.Policies[c]", "R", "*"),
            one("R.Policies[d]", "R", "*"),
            one("T.Policies[a]", "T", "*"),
        ];
        assert_eq!(paired(&new, &old, false), "1 0 new new");
        let turned = [one("R.Policies[b]", "R", "sqs:*"), one("R.Policies[a]", "R", "s3:Get*")];
        assert_eq!(paired(&turned, &old, false), "1 0");
        // Of another type it is another policy.
        let other = [located("S.Policies[a]", "S", "[#0]", PolicyType::Resource, &allow("*", ""))];
        assert_eq!(paired(&other, &old, false), "new");
    }
}
