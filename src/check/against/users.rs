//! Are users, roles and permission sets bounded as they were, and what was attached to them that was not?
//!
//! Boundaries and attached policies are named by ARNs, whose documents stand elsewhere. A boundary that is gone lets more
//! through; whether another one does, or what an attached policy grants, is not known here: that is undecided, not a pass.
//!
//! A user is the one of its name in the file that its file was, else the only one of its name that went from another file. One
//! that is new and not bounded may be one that is gone and was, under another name: the one that had the same name in AWS or
//! the same policies is, and where another is gone from the same file nobody knows.

use super::holders::{At, said};
use super::{Compared, Now, Old, pairing, ties};
use crate::check::config::Config;
use crate::check::files::Held;
use crate::check::rules::NEW;
use crate::diag::Finding;
use crate::sources::attached::{Boundary, Identity, Who};
use std::collections::{BTreeMap, BTreeSet};

impl Compared {
    /// What became of the users and roles.
    pub(super) fn users(&self, now: &[Now<'_>], config: &Config) -> Vec<Finding> {
        let mut out = Vec::new();
        if !config.asks(NEW) {
            return out;
        }
        let pairs = self.identities(now);
        let taken: BTreeSet<At> = pairs.values().copied().collect();
        let gone: Vec<(At, &Old, &Identity)> = self
            .old
            .iter()
            .enumerate()
            .flat_map(|(was, old)| {
                let left = old.held.identities.iter().enumerate().filter(|(number, _)| !taken.contains(&(was, *number)));
                left.map(|(number, one)| ((was, number), old, one)).collect::<Vec<_>>()
            })
            .collect();
        for (at, held) in now.iter().enumerate().filter_map(|(at, one)| Some((at, one.held?))) {
            let old_file = self.files.get(&at).and_then(|was| self.old.get(*was));
            for (number, one) in held.identities.iter().enumerate() {
                let pair = pairs.get(&(at, number)).and_then(|(was, number)| Some((self.old.get(*was)?, *number)));
                let was = pair.and_then(|(old, number)| old.held.identities.get(number));
                match was {
                    Some(was) => {
                        let told = bounds(was, one, config);
                        let denied = |what: &str| pair.is_some_and(|(old, _)| denies(&old.held, what));
                        for (rule, message) in ties::judge(one, was, told.is_some(), &denied) {
                            let mut found = said(&one.source, (&one.name, one.span), message, config);
                            (found.rule, found.level) = (rule.to_owned(), config.level(rule));
                            out.push(found);
                        }
                        out.extend(told);
                    }
                    None => out.extend(self.renamed((at, held), one, &gone, config)),
                }
                let had = |name: &String| {
                    let same = |other: &&Identity| target(other).is_some() && target(other) == target(one);
                    let others = old_file.iter().flat_map(|old| &old.held.identities).filter(same);
                    was.into_iter().chain(others).any(|was| was.managed.contains(name))
                };
                for name in one.managed.iter().filter(|name| !had(name)) {
                    let message = format!(
                        "Whether this grants new access is unknown: the policy {name}, whose document is not in this file, is newly attached."
                    );
                    out.push(said(&one.source, (&one.name, one.span), message, config));
                }
            }
        }
        out.extend(self.unbound(now, &gone, config));
        let mut seen = BTreeSet::new();
        out.retain(|one| seen.insert((one.source.name.to_string(), one.subject.clone(), one.message.clone())));
        out
    }

    /// The users and roles, each with what it was.
    fn identities(&self, now: &[Now<'_>]) -> BTreeMap<At, At> {
        let mut out: BTreeMap<At, At> = BTreeMap::new();
        let all = || now.iter().enumerate().filter_map(|(at, one)| Some((at, one.held?)));
        for (at, held) in all() {
            let Some((was, old)) = self.files.get(&at).and_then(|was| Some((*was, self.old.get(*was)?))) else { continue };
            for (number, one) in held.identities.iter().enumerate() {
                let is_it = |was: &Identity| {
                    was.name == one.name || (target(one).is_some() && target(was) == target(one) && one.who == Who::Set)
                };
                out.extend(old.held.identities.iter().position(is_it).map(|found| ((at, number), (was, found))));
            }
        }
        let mut new: BTreeMap<(String, Who), Vec<At>> = BTreeMap::new();
        let mut went: BTreeMap<(String, Who), Vec<At>> = BTreeMap::new();
        for (at, held) in all() {
            for (number, one) in held.identities.iter().enumerate().filter(|(number, _)| !out.contains_key(&(at, *number))) {
                new.entry((one.name.clone(), one.who)).or_default().push((at, number));
            }
        }
        let taken: BTreeSet<At> = out.values().copied().collect();
        for (was, old) in self.old.iter().enumerate() {
            for (number, one) in old.held.identities.iter().enumerate().filter(|(number, _)| !taken.contains(&(was, *number))) {
                went.entry((one.name.clone(), one.who)).or_default().push((was, number));
            }
        }
        for (name, new) in new {
            if let ([one], Some([was])) = (new.as_slice(), went.get(&name).map(Vec::as_slice)) {
                out.insert(*one, *was);
            }
        }
        out
    }

    /// Whether one that is new and may do without a boundary is one that is gone and was bounded.
    fn renamed(
        &self,
        (at, held): (usize, &Held),
        one: &Identity,
        gone: &[(At, &Old, &Identity)],
        config: &Config,
    ) -> Option<Finding> {
        if !one.boundaries.contains(&Boundary::None) {
            return None;
        }
        let candidates =
            || gone.iter().filter(|(.., was)| was.who == one.who && was.boundaries.iter().any(|bound| *bound != Boundary::None));
        let name = |held: &Held, of: &Identity| {
            held.holders
                .iter()
                .find(|(_, holder)| holder.is_made && holder.id == of.name)
                .and_then(|(_, holder)| holder.name.clone())
        };
        let policies = |held: &Held, of: &Identity| -> Vec<String> {
            let mut all: Vec<String> =
                held.policies.iter().filter(|policy| policy.owner == of.name).filter_map(pairing::content).collect();
            all.extend(of.managed.iter().cloned());
            all.sort_unstable();
            all
        };
        let mine = policies(held, one);
        let by_name = candidates().find(|(_, old, was)| name(held, one).is_some() && name(&old.held, was) == name(held, one));
        let by_policies = || {
            let mut same = candidates().filter(|(_, old, was)| !mine.is_empty() && policies(&old.held, was) == mine);
            same.next().filter(|_| same.next().is_none())
        };
        if let Some((.., was)) = by_name.or_else(by_policies) {
            let message = format!("This has no permissions boundary, and {}, which it was, had one.", was.name);
            let mut found = said(&one.source, (&one.name, one.span), message, config);
            (found.rule, found.level) = (NEW.to_owned(), config.level(NEW));
            return Some(found);
        }
        let near = candidates().find(|((was, _), ..)| self.files.get(&at) == Some(was))?;
        let message = format!(
            "Whether this has new access is unknown: it has no permissions boundary, and may be {} under another name, which had one.",
            near.2.name
        );
        Some(said(&one.source, (&one.name, one.span), message, config))
    }

    /// Boundaries of permission sets that are resources of their own, and gone though there are permission sets.
    fn unbound(&self, now: &[Now<'_>], gone: &[(At, &Old, &Identity)], config: &Config) -> Vec<Finding> {
        let mut out = Vec::new();
        let successors = self.successors();
        for ((was, _), old, one) in gone.iter().filter(|(.., one)| one.who == Who::Set && one.name.contains(" (")) {
            let Some(at) = successors.get(was).and_then(|at| now.get(*at)) else { continue };
            let sets = |held: &Held| held.holders.iter().any(|(_, holder)| holder.is_made && holder.who == Who::Set);
            if at.held.is_some_and(|held| sets(held) || !sets(&old.held)) {
                let message = "This is gone, and the permission set has no permissions boundary any more.".to_owned();
                let mut found = said(&at.file.source, (&one.name, crate::diag::Span::default()), message, config);
                (found.rule, found.level) = (NEW.to_owned(), config.level(NEW));
                out.push(found);
            }
        }
        out
    }
}

/// Whether a policy of a file denies something, or one that a group has: `GROUP`, or `USER in GROUP`.
fn denies(held: &Held, what: &str) -> bool {
    let name = what.rsplit_once(" in ").map_or(what, |(_, group)| group);
    let name = name.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).unwrap_or(name);
    let group = held
        .holders
        .iter()
        .map(|(_, holder)| holder)
        .find(|holder| holder.who == Who::Group && (holder.id == name || holder.name.as_deref() == Some(name)));
    let has =
        |owner: &str| owner == name || group.is_some_and(|one| one.id == owner || one.has.iter().any(|has| has.policy == owner));
    held.policies.iter().filter(|one| has(&one.owner)).any(|one| !super::gone::denied(one).is_empty())
}

/// To whom something attaches that is a resource of its own: `address (role r)`.
fn target(one: &Identity) -> Option<&str> {
    let (_, rest) = one.name.split_once(" (")?;
    let to = rest.strip_suffix(')')?;
    (!to.ends_with(' ')).then_some(to)
}

/// What became of the boundary of a user or role.
fn bounds(was: &Identity, now: &Identity, config: &Config) -> Option<Finding> {
    if (&was.boundaries, &was.bounded_by) == (&now.boundaries, &now.bounded_by) {
        return None;
    }
    let free = |of: &Identity| of.boundaries.contains(&Boundary::None);
    let bound = |of: &Identity| of.boundaries.iter().any(|one| *one != Boundary::None);
    if !bound(was) {
        return None;
    }
    let message = |found: Result<&str, String>| {
        let (text, is_new) = match found {
            Ok(text) => (text.to_owned(), true),
            Err(why) => (format!("Whether this has new access is unknown: {why}."), false),
        };
        let mut found = said(&now.source, (&now.name, now.span), text, config);
        if is_new {
            (found.rule, found.level) = (NEW.to_owned(), config.level(NEW));
        }
        found.basis.clone_from(&now.bounded_by);
        Some(found)
    };
    if !bound(now) {
        return message(Ok("This has no permissions boundary any more."));
    }
    if free(now) && !free(was) {
        return message(Ok("This has no permissions boundary any more under some condition."));
    }
    let other = now.boundaries.iter().find(|one| **one != Boundary::None && !was.boundaries.contains(one));
    match other {
        Some(Boundary::Policy(arn)) => return message(Err(format!("{arn} bounds it now, which did not"))),
        Some(Boundary::Unknown(_)) => return message(Err("its permissions boundary is not known".to_owned())),
        _ => {}
    }
    let unknown = now.boundaries.iter().any(|one| matches!(one, Boundary::Unknown(_)));
    let rest: BTreeSet<&str> =
        was.boundaries.iter().filter_map(|one| if let Boundary::Policy(arn) = one { Some(arn.as_str()) } else { None }).collect();
    let is_narrower = !unknown && rest.len() == 1 && !free(now);
    if is_narrower {
        return None;
    }
    message(Err("its permissions boundary is written otherwise, and was not known or was chosen by conditions".to_owned()))
}
