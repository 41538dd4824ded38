//! Which users, roles and groups were which, and which policies of the files did each have?
//!
//! A holder is the one of its name in the file that its file was; else the only one of its name that went from another file.
//! What it has are the policies inside it, the inline policies that are resources of their own, and the managed policies of
//! its file that are attached to it. Those that are nobody else's are compared together (`together`), as they add up for one
//! principal: what one of them lost another may have got. Managed policies are compared each by itself, and, where one is
//! newly attached, with what its holder had.
//!
//! Invariant: a policy that is left to its holders has some, and each of them is asked about it.

use super::together::{Kind, Part, Together};
use super::{Before, Compared, Now, Old};
use crate::check::config::Config;
use crate::check::files::Held;
use crate::check::rules::{self, NEW, UNDECIDED};
use crate::diag::{Finding, Source, Span};
use crate::sources::holders::{Has, Holder};
use crate::sources::{Located, PolicyType};
use std::collections::{BTreeMap, BTreeSet};

/// A holder by the numbers of its file and of itself.
pub(in crate::check) type At = (usize, usize);

/// What the new holders were.
pub(super) fn pair(now: &[Now<'_>], old: &[Old], files: &BTreeMap<usize, usize>) -> BTreeMap<At, At> {
    let mut out: BTreeMap<At, At> = BTreeMap::new();
    for (at, one) in now.iter().enumerate() {
        let (Some(held), Some(was)) = (one.held, files.get(&at)) else { continue };
        let Some(before) = old.get(*was) else { continue };
        let several = held.documents > 1 || before.held.documents > 1;
        for (number, (document, holder)) in held.holders.iter().enumerate() {
            let is_it = |(other, was): &(String, Holder)| {
                (&was.id, was.who) == (&holder.id, holder.who) && (!several || other == document)
            };
            out.extend(before.held.holders.iter().position(is_it).map(|found| ((at, number), (*was, found))));
        }
    }
    // Only those that files make can have moved to another.
    let name = |holder: &Holder| (holder.id.clone(), holder.who);
    let mut new: BTreeMap<_, Vec<At>> = BTreeMap::new();
    for (at, held) in now.iter().enumerate().filter_map(|(at, one)| Some((at, one.held?))) {
        let made =
            held.holders.iter().enumerate().filter(|(number, (_, holder))| holder.is_made && !out.contains_key(&(at, *number)));
        made.for_each(|(number, (_, holder))| new.entry(name(holder)).or_default().push((at, number)));
    }
    let taken: BTreeSet<At> = out.values().copied().collect();
    let mut went: BTreeMap<_, Vec<At>> = BTreeMap::new();
    for (was, old) in old.iter().enumerate() {
        let made = old
            .held
            .holders
            .iter()
            .enumerate()
            .filter(|(number, (_, holder))| holder.is_made && !taken.contains(&(was, *number)));
        made.for_each(|(number, (_, holder))| went.entry(name(holder)).or_default().push((was, number)));
    }
    for (name, new) in new {
        if let ([one], Some([was])) = (new.as_slice(), went.get(&name).map(Vec::as_slice)) {
            out.insert(*one, *was);
        }
    }
    out
}

/// How a holder has a policy, if it has: `None` inside of one that stands in it.
fn link<'h>((document, holder): &'h (String, Holder), located: &Located) -> Option<Option<&'h Has>> {
    let may_have = located.policy_type == PolicyType::Identity && !located.owner.is_empty() && *document == located.document;
    if !may_have {
        return None;
    }
    if holder.is_made && holder.id == located.owner {
        return Some(None);
    }
    holder.has.iter().find(|has| has.policy == located.owner).map(Some)
}

/// The holders of a policy, each with how it has it.
fn links<'h>(held: &'h Held, located: &Located) -> Vec<(usize, &'h Holder, Option<&'h Has>)> {
    let one = |(number, holder): (usize, &'h (String, Holder))| Some((number, &holder.1, link(holder, located)?));
    held.holders.iter().enumerate().filter_map(one).collect()
}

/// Whether a policy is left to its holders: it is an inline policy, and all of them are known.
pub(super) fn is_left(held: &Held, located: &Located) -> bool {
    let all = links(held, located);
    let is_theirs =
        |(_, holder, has): &(usize, &Holder, Option<&Has>)| holder.is_made && has.is_none_or(|has| has.is_inline && has.is_sure);
    !all.is_empty() && all.iter().all(is_theirs)
}

/// The holders of a policy, by number.
pub(super) fn of(held: &Held, located: &Located) -> Vec<usize> {
    links(held, located).into_iter().map(|(number, ..)| number).collect()
}

/// The policies that one holder has for sure, by their numbers.
fn sure(held: &Held, holder: usize) -> Vec<(usize, &Located, Option<&Has>)> {
    let Some(holder) = held.holders.get(holder) else { return Vec::new() };
    let one = |(number, located)| {
        let has = link(holder, located)?;
        has.is_none_or(|has| has.is_sure).then_some((number, located, has))
    };
    held.policies.iter().enumerate().filter_map(one).collect()
}

impl Compared {
    /// The users, roles and groups whose policies are compared together: the number of the file of each. `grown` are the
    /// policies that were found to have grown by themselves.
    pub(in crate::check) fn together<'c>(&'c self, now: &'c [Now<'_>], grown: &BTreeSet<At>) -> Vec<(usize, Together<'c>)> {
        let mut out = Vec::new();
        for (at, held) in now.iter().enumerate().filter_map(|(at, one)| Some((at, one.held?))) {
            for (number, (_, holder)) in held.holders.iter().enumerate().filter(|(_, (_, holder))| holder.is_made) {
                let was = self.holders.get(&(at, number)).copied();
                let before = was.and_then(|(file, holder)| Some((self.old.get(file)?, holder)));
                let old: Vec<(usize, &Located, Option<&Has>)> =
                    before.map(|(old, holder)| sure(&old.held, holder)).unwrap_or_default();
                let had = |policy: usize| match self.was.get(&(at, policy)) {
                    Some(Some((file, one))) => {
                        was.is_some_and(|(own, _)| own == *file) && old.iter().any(|(known, ..)| known == one)
                    }
                    _ => false,
                };
                let part = |(policy, located, has): (usize, &'c Located, Option<&'c Has>)| {
                    let kind = match has {
                        _ if is_left(held, located) => {
                            Kind::Inline { is_new: matches!(self.before(at, policy), Before::Nothing) }
                        }
                        // All that it grants is told where it stands.
                        _ if !matches!(self.before(at, policy), Before::Policy(_)) => Kind::Told,
                        Some(has) if !had(policy) => Kind::Newly(has.span),
                        _ if grown.contains(&(at, policy)) => Kind::Told,
                        _ => Kind::Kept,
                    };
                    Part { located, kind }
                };
                let new: Vec<Part<'c>> = sure(held, number).into_iter().map(part).collect();
                let old: Vec<&Located> = old.into_iter().map(|(_, located, _)| located).collect();
                let old_file = before.map(|(old, _)| old);
                let gone = |located: &Located| old_file.is_some_and(|old| self.is_gone(was.map(|(file, _)| file), old, located));
                let is_gone: Vec<bool> = old.iter().map(|located| gone(located)).collect();
                let source = now.get(at).map(|one| &one.file.source);
                out.extend(source.map(|source| (at, Together { number, holder, source, new, old, is_gone, was: was.is_some() })));
            }
        }
        out
    }

    fn is_gone(&self, was: Option<usize>, old: &Old, located: &Located) -> bool {
        let number = old.held.policies.iter().position(|one| std::ptr::eq(one, located));
        let at = was.zip(number);
        !self.was.values().any(|one| one.is_some() && *one == at)
    }

    /// What stays open of who has which policies: who is not made by the file, or has one under some choice alone.
    pub(super) fn unsure(&self, now: &[Now<'_>], config: &Config) -> Vec<Finding> {
        let mut out = Vec::new();
        if !config.asks(NEW) {
            return out;
        }
        for (at, one) in now.iter().enumerate() {
            let Some(held) = one.held else { continue };
            for (number, (document, holder)) in held.holders.iter().enumerate() {
                let was = self
                    .holders
                    .get(&(at, number))
                    .and_then(|(file, holder)| Some((*file, self.old.get(*file)?.held.holders.get(*holder)?)));
                let say = |why: String, span| {
                    said(
                        &one.file.source,
                        (&holder.id, span),
                        format!("Whether this grants new access is unknown: {why}."),
                        config,
                    )
                };
                let who = if holder.is_made { "this" } else { holder.id.as_str() };
                for has in holder.has.iter().filter(|has| !(holder.is_made && has.is_sure)) {
                    let is_it = |(_, located): &(usize, &Located)| located.owner == has.policy && located.document == *document;
                    let policies = held.policies.iter().enumerate().filter(is_it);
                    let mut before = policies.filter_map(|(policy, _)| self.was.get(&(at, policy)).copied().flatten());
                    let is_new = |(file, policy): (usize, usize)| {
                        let owner = self.old.get(file).and_then(|old| old.held.policies.get(policy)).map(|old| &old.owner);
                        let link = was
                            .filter(|(own, _)| *own == file)
                            .and_then(|(_, (_, old))| old.has.iter().find(|old| Some(&old.policy) == owner));
                        !link.is_some_and(|link| link.is_sure || (!has.is_sure && link.written == has.written))
                    };
                    if before.any(is_new) {
                        let perhaps = if has.is_sure { "applies" } else { "may apply" };
                        out.push(say(format!("the policy {} {perhaps} to {who} now, which it did not", has.policy), has.span));
                    }
                }
                let new_groups =
                    holder.groups.iter().filter(|group| !was.is_some_and(|(_, (_, was))| was.groups.contains(*group)));
                out.extend(
                    new_groups.map(|group| say(format!("{who} is in the group {group} now, which it was not"), holder.span)),
                );
            }
        }
        out.extend(self.lost(now, config));
        out
    }

    /// Policies that deny, and do not apply any more to somebody of whom no more is known.
    fn lost(&self, now: &[Now<'_>], config: &Config) -> Vec<Finding> {
        let mut out = Vec::new();
        let successors = self.successors();
        for (file, old) in self.old.iter().enumerate() {
            let Some((at, held)) = successors.get(&file).and_then(|at| Some((*at, now.get(*at)?.held?))) else { continue };
            for (number, (document, holder)) in old.held.holders.iter().enumerate() {
                let is = self.holders.iter().find(|((own, _), was)| *own == at && **was == (file, number));
                let is = is.and_then(|((_, holder), _)| held.holders.get(*holder)).map(|(_, holder)| holder);
                // A user or role that is gone has nothing left; of one that is named nobody knows.
                if holder.is_made && is.is_none() {
                    continue;
                }
                for has in holder.has.iter().filter(|has| !(holder.is_made && has.is_sure)) {
                    let is_it = |(_, located): &(usize, &Located)| located.owner == has.policy && located.document == *document;
                    let denying =
                        old.held.policies.iter().enumerate().filter(is_it).filter(|(_, of)| !super::gone::denied(of).is_empty());
                    let left =
                        |policy: usize| self.was.iter().find(|((own, _), was)| *own == at && **was == Some((file, policy)));
                    let owner = |policy: usize| {
                        left(policy).and_then(|((_, policy), _)| held.policies.get(*policy)).map(|one| &one.owner)
                    };
                    let is_lost = denying.filter_map(|(policy, _)| owner(policy)).any(|owner| {
                        let applies =
                            |one: &Has| one.policy == *owner && (one.is_sure || !has.is_sure && one.written == has.written);
                        !is.is_some_and(|holder| holder.has.iter().any(applies))
                    });
                    if is_lost && let Some(one) = now.get(at) {
                        let who = &holder.id;
                        let message = format!(
                            "Whether this grants new access is unknown: the policy {}, which denies, does not apply to {who} for sure any more.",
                            has.policy
                        );
                        out.push(said(&one.file.source, (&has.policy, Span::default()), message, config));
                    }
                }
            }
        }
        out
    }
}

/// An open question about somebody.
pub(super) fn said(source: &Source, (subject, span): (&str, Span), message: String, config: &Config) -> Finding {
    let mut found = rules::empty(source, config);
    (found.rule, found.level, found.message, found.span) = (UNDECIDED.to_owned(), config.level(UNDECIDED), message, span);
    subject.clone_into(&mut found.subject);
    found
}
