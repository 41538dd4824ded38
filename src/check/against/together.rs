//! Does a user, a role or a group have more by all its policies together than it had?
//!
//! Its policies add up: a statement that goes from one to another is no change, and a Deny of one takes away what another
//! grants. So the policies are written as one document, now and before, and compared as one (`no-new-access`); which statement
//! is to blame tells which policy, and what is said of it. Where the template chooses, every combination of answers that the
//! policies tell apart is asked.
//!
//! Policies that are attached and not in the file are the same on both sides: they can only add to both. What they may grant
//! where a Deny is gone is `lost-deny`.

use super::beside::with;
use super::compare::{beside_everything, denying};
use super::gone::{denied, denied_in};
use super::pairing::content;
use super::ties::new_defaults;
use crate::check::Options;
use crate::check::ask::{Answer, Ended, Read, Shown, Subject, Wanted, search};
use crate::check::config::Config;
use crate::check::rules::{self, LOST, NEW};
use crate::diag::{Finding, Source, Span, deadline};
use crate::document;
use crate::json::{Kind as JsonKind, Member, Value};
use crate::policy::open::{numbered, renamed};
use crate::query::{InternalError, Query, Settings};
use crate::question::no_new_access;
use crate::request::request_json;
use crate::sources::choice::{When, can_hold};
use crate::sources::holders::Holder;
use crate::sources::located::constants;
use crate::sources::{Located, Open, Version};
use std::collections::{BTreeMap, BTreeSet};

/// The versions of policies that go together for some values of the parameters, now and before: of each policy one, or none;
/// `None` if there are too many combinations.
fn choices<'v>(new: &'v [Vec<Version>], old: &'v [Vec<Version>]) -> Option<Vec<(Chosen<'v>, Chosen<'v>)>> {
    let mut out: Vec<(Vec<When>, Chosen<'v>)> = vec![(Vec::new(), Vec::new())];
    for (at, versions) in new.iter().chain(old).enumerate() {
        let mut more = Vec::new();
        for (whens, chosen) in &out {
            let none = (When::All(versions.iter().map(|one| one.when.clone().is(false)).collect()), None);
            let each = versions.iter().map(|one| (one.when.clone(), Some(one))).chain([none]);
            for (when, version) in each {
                let mut whens = whens.clone();
                whens.push(when);
                if !can_hold(&whens) {
                    continue;
                }
                let mut chosen = chosen.clone();
                chosen.extend(version.map(|version| (at, version)));
                more.push((whens, chosen));
            }
        }
        if more.len() > MOST_CHOICES {
            return None;
        }
        out = more;
    }
    let split = |chosen: Chosen<'v>| {
        let (now, before): (Chosen<'v>, Chosen<'v>) = chosen.into_iter().partition(|(at, _)| *at < new.len());
        (now, before.into_iter().map(|(at, version)| (at - new.len(), version)).collect())
    };
    Some(out.into_iter().map(|(_, chosen)| split(chosen)).collect())
}

/// One policy of a holder.
pub(super) struct Part<'c> {
    pub(super) located: &'c Located,
    pub(super) kind: Kind,
}

/// How a holder has a policy, and so what is said of one that is to blame.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It is its own.
    Inline {
        /// Whether nothing of its name was there.
        is_new: bool,
    },
    /// It was not attached; where that stands.
    Newly(Span),
    /// It was attached.
    Kept,
    /// It is new, or has grown: that is said where it stands.
    Told,
}

/// One holder with its policies, now and before.
pub(in crate::check) struct Together<'c> {
    /// The holder's number in its file.
    pub(super) number: usize,
    pub(super) holder: &'c Holder,
    pub(super) source: &'c Source,
    pub(super) new: Vec<Part<'c>>,
    pub(super) old: Vec<&'c Located>,
    /// Which of the old ones are gone.
    pub(super) is_gone: Vec<bool>,
    /// Whether the holder was there.
    pub(super) was: bool,
}

/// How many combinations of answers to conditions are asked about.
const MOST_CHOICES: usize = 64;

/// Policies with their versions under some answers.
type Chosen<'c> = Vec<(usize, &'c Version)>;

impl Together<'_> {
    /// What its policies together grant that they did not, and whether it is proved that there is nothing, and that nothing is
    /// denied less.
    pub(in crate::check) fn judge(&self, options: &Options) -> Result<(Vec<Finding>, bool), InternalError> {
        let config = &options.config;
        let says = |of: &Located| content(of).filter(|_| !of.versions.is_empty());
        let mut now: Vec<String> = self.new.iter().filter_map(|part| says(part.located)).collect();
        let mut before: Vec<String> = self.old.iter().filter_map(|old| says(old)).collect();
        now.sort_unstable();
        before.sort_unstable();
        if now == before {
            return Ok((Vec::new(), true));
        }
        let (mut out, mut is_kept): (Vec<Finding>, bool) = (Vec::new(), true);
        // For the defaults of parameters, then whatever they are.
        for is_free in [false, true] {
            let all = || self.new.iter().map(|part| part.located).chain(self.old.iter().copied());
            if is_free && all().all(|one| one.free.is_none()) {
                break;
            }
            if let Some((why, _)) = all().filter(|_| is_free).find_map(|one| one.free.as_ref()?.trouble.as_ref()) {
                let why = format!("its policies are compared for the defaults of parameters alone, as for other values {why}");
                out.push(self.open(&why, config));
                is_kept = false;
                break;
            }
            let (new, old) = self.versions(is_free);
            let Some(choices) = choices(&new, &old) else {
                let why = format!("the conditions of its policies have more than {MOST_CHOICES} combinations of answers");
                out.push(self.open(&why, config));
                is_kept = false;
                break;
            };
            for (new, old) in &choices {
                deadline::check();
                let (mut found, mut is_same) = self.asked(new, old, NEW, options)?;
                // What grew is said already.
                if is_same && self.loses(new, old) {
                    (found, is_same) = self.asked(new, old, LOST, options)?;
                }
                is_kept &= is_same;
                for one in found {
                    let same = |other: &Finding| {
                        (&other.rule, &other.message, other.span, &other.subject)
                            == (&one.rule, &one.message, one.span, &one.subject)
                    };
                    if !out.iter().any(same) {
                        out.push(one);
                    }
                }
            }
        }
        out.retain(|one| ![NEW, LOST].contains(&one.rule.as_str()) || config.asks(&one.rule));
        Ok((out, is_kept))
    }

    /// The versions of its policies, now and before, each with when it is there; a parameter that is new has its default.
    fn versions(&self, is_free: bool) -> (Vec<Vec<Version>>, Vec<Vec<Version>>) {
        let of = |one: &Located| match one.free.as_ref().filter(|_| is_free) {
            Some(free) => free.versions.clone(),
            None => one.versions.clone(),
        };
        let known = self.old.iter().find(|one| !one.parameters.is_empty());
        let fixed = |one: &Located| match known.filter(|_| is_free) {
            Some(old) => new_defaults(&one.parameters, &old.parameters),
            None => BTreeMap::new(),
        };
        let now = |one: &Located| {
            let (mut all, fixed) = (of(one), fixed(one));
            for version in &mut all {
                version.when = When::All(vec![version.when.fixed(&fixed), version.within.fixed(&fixed)]);
                for (at, open) in one.open.iter().enumerate() {
                    if let Some(default) = fixed.get(&open.name) {
                        version.value = with(&version.value, at, default);
                    }
                }
            }
            all
        };
        (self.new.iter().map(|part| now(part.located)).collect(), self.old.iter().map(|one| of(one)).collect())
    }

    /// Whether a Deny that was there is not, as it is written.
    fn loses(&self, new: &Chosen<'_>, old: &Chosen<'_>) -> bool {
        let of = |located: Option<&Located>, version: &Version| {
            located.map(|located| denied_in(&version.value, &located.open)).unwrap_or_default()
        };
        let now: BTreeSet<String> =
            new.iter().flat_map(|(at, version)| of(self.new.get(*at).map(|part| part.located), version)).collect();
        !old.iter().flat_map(|(at, version)| of(self.old.get(*at).copied(), version)).all(|one| now.contains(&one))
    }

    /// Asks whether the new ones together grant more, or deny less; what is found, and whether it is proved that they do not.
    fn asked(
        &self,
        new: &Chosen<'_>,
        old: &Chosen<'_>,
        rule: &'static str,
        options: &Options,
    ) -> Result<(Vec<Finding>, bool), InternalError> {
        let config = &options.config;
        let mut open: Vec<Open> = Vec::new();
        let is_one = |one: &Open, other: &Open| one.was(other) && other.was(one);
        let located = |at: &usize| self.new.get(*at).map(|part| part.located);
        // What a policy cannot mean is said already; an old one that nobody can read granted nothing that is known.
        let new_ones = new.iter().filter_map(|(at, version)| Some((located(at)?, *version)));
        let new_ones: Vec<(&Located, &Version)> = new_ones.filter(|(located, version)| reads(located, version)).collect();
        let old_ones = old.iter().filter_map(|(at, version)| Some((*self.old.get(*at)?, *version)));
        let old_ones: Vec<(&Located, &Version)> = old_ones.filter(|(located, version)| reads(located, version)).collect();
        let (Some(now), Some(before)) =
            (merged(&new_ones, &mut open, &is_one), merged(&old_ones, &mut open, &|now, was| now.was(was)))
        else {
            let why = "its policies have different versions, and `${` means a variable in some of them only";
            return Ok((vec![self.open(why, config)], false));
        };
        let mut documents = vec![now.clone(), before];
        if rule == LOST {
            documents = documents.into_iter().map(|one| beside_everything(denying(one), false)).collect();
        }
        let documents: Vec<(Source, Value)> = documents.into_iter().map(|one| (self.source.clone(), one)).collect();
        let under: Vec<(String, bool)> = new_ones.iter().flat_map(|(_, version)| version.under.iter().cloned()).collect();
        let version = Version {
            under: under.into_iter().collect::<BTreeSet<_>>().into_iter().collect(),
            ..Version::only(self.source.clone(), now)
        };
        // Nothing grants nothing; and where there is nothing to be denied, a Deny that is gone limits what is attached beside it.
        let Some((first, _)) = new_ones.first().or(old_ones.first()) else { return Ok((Vec::new(), true)) };
        let all = Located { open: open.clone(), ..(*first).clone() };
        let values = |given: &BTreeMap<usize, String>| crate::policy::open::values(&all, &version, given);
        let subject = match Subject::new(&open, documents, Vec::new(), &values) {
            Ok(subject) => subject,
            Err(found) => return Ok((vec![self.open(&found.to_string(), config)], false)),
        };
        let question = |read: &Read, settings: &Settings| match read.all.as_slice() {
            [now, _] if old_ones.is_empty() && rule == NEW => search(&Query::new(now, None), settings),
            [now, before] => search(&no_new_access::search(before, now), settings),
            _ => Ok(Answer::default()),
        };
        let ended = subject.ask(&options.settings, Wanted::All, &question)?;
        let is_same = ended.breaks.is_empty() && ended.open.is_none();
        Ok((self.told(&new_ones, ended, rule, config), is_same))
    }

    fn told(&self, new: &[(&Located, &Version)], ended: Ended, rule: &'static str, config: &Config) -> Vec<Finding> {
        let mut out: Vec<Finding> = Vec::new();
        for (shown, values) in &ended.breaks {
            let found = if rule == LOST { self.lost(config) } else { self.grown(new, shown, config) };
            let Some(mut found) = found else { continue };
            found.witness = shown.witness.as_ref().map(request_json::to_json);
            if !values.is_empty() {
                found.notes.push(format!("found where {}", values.join(", ")));
            }
            // What it rests on is what the others deny, too.
            found.basis = std::iter::once(found.basis)
                .chain(new.iter().flat_map(|(located, _)| denied(located)))
                .collect::<Vec<_>>()
                .join("\n");
            out.push(found);
        }
        out.extend(ended.open.map(|why| self.open(&why, config)));
        out
    }

    /// What is said of the statement that is to blame.
    fn grown(&self, new: &[(&Located, &Version)], shown: &Shown, config: &Config) -> Option<Finding> {
        let mut left = shown.number;
        let (located, version) = new.iter().find(|(_, version)| {
            let own = document::listed(&version.value).len();
            let is_here = left < own;
            left = left.saturating_sub(if is_here { 0 } else { own });
            is_here
        })?;
        let part = self.new.iter().find(|part| std::ptr::eq(part.located, *located))?;
        let about = |message: String, span: Span| {
            let mut found = super::holders::said(self.source, (&self.holder.id, span), message, config);
            (found.rule, found.level) = (NEW.to_owned(), config.level(NEW));
            found.basis = content(located).unwrap_or_default();
            Some(found)
        };
        match part.kind {
            Kind::Told => None,
            Kind::Inline { is_new } => {
                let message = if is_new { "This policy is new, and grants access." } else { "This policy grants new access." };
                let mut found = rules::finding(NEW, message.to_owned(), located, (&version.source, shown.span), config);
                found.notes.extend((located.owner != self.holder.id).then(|| format!("{} has it", self.holder.id)));
                Some(found)
            }
            Kind::Newly(span) => {
                let message = match self.was {
                    true => {
                        format!("The policy {} is newly attached to this, and grants it what it did not have.", located.owner)
                    }
                    false => format!("This is new, and the policy {} grants it access.", located.owner),
                };
                about(message, span)
            }
            Kind::Kept => {
                let message = format!("The policy {} grants this now what a Deny kept from it.", located.owner);
                about(message, self.holder.span)
            }
        }
    }

    /// A Deny that its policies had together; nothing where the policy that had it is gone, which says so.
    fn lost(&self, config: &Config) -> Option<Finding> {
        let now: BTreeSet<String> = self.new.iter().flat_map(|part| denied(part.located)).collect();
        let lost = |old: &Located| !denied(old).is_subset(&now);
        if self.old.iter().zip(&self.is_gone).any(|(old, is_gone)| *is_gone && lost(old)) {
            return None;
        }
        let message = "The policies of this no longer deny what they did: where another policy grants it, that is new access.";
        let loser = self.old.iter().find(|old| lost(old));
        let same = loser.and_then(|old| self.new.iter().find(|part| part.located.key == old.key));
        Some(match same {
            Some(part) => {
                let message = "This policy no longer denies what it did: where another policy grants it, that is new access.";
                let at = (&part.located.source, part.located.span);
                rules::finding(LOST, message.to_owned(), part.located, at, config)
            }
            None => {
                let mut found =
                    super::holders::said(self.source, (&self.holder.id, self.holder.span), message.to_owned(), config);
                (found.rule, found.level) = (LOST.to_owned(), config.level(LOST));
                found
            }
        })
    }

    /// The holder's number in its file.
    pub(in crate::check) fn number(&self) -> usize {
        self.number
    }

    /// What is said where the answer is not known.
    pub(in crate::check) fn open(&self, why: &str, config: &Config) -> Finding {
        let message = format!("Whether this has new access is unknown: {why}.");
        let mut found = super::holders::said(self.source, (&self.holder.id, self.holder.span), message, config);
        found.basis = self.new.iter().filter_map(|part| content(part.located)).collect::<Vec<_>>().join("\n");
        found
    }
}

/// Whether a policy can be read.
fn reads(located: &Located, version: &Version) -> bool {
    let none = |_: &BTreeMap<usize, String>| Vec::new();
    Subject::new(&located.open, vec![(version.source.clone(), version.value.clone())], Vec::new(), &none).is_ok()
}

/// One document with the statements of all, in order; `None` where no version means the same for each.
fn merged(all: &[(&Located, &Version)], open: &mut Vec<Open>, is_same: &dyn Fn(&Open, &Open) -> bool) -> Option<Value> {
    const CURRENT: &str = "2012-10-17";
    let is_current = |value: &Value| value.get("Version").and_then(Value::as_str) == Some(CURRENT);
    let some = all.iter().any(|(_, version)| is_current(&version.value));
    let has_variables = |value: &Value| !is_current(value) && value.to_string().contains("${");
    if some && all.iter().any(|(_, version)| has_variables(&version.value)) {
        return None;
    }
    let mut statements = Vec::new();
    for (located, version) in all {
        let mut used = BTreeSet::new();
        constants(&version.value, &mut used);
        let value = renamed(&version.value, &numbered(&used, open, &located.open, is_same));
        statements.extend(document::listed(&value).iter().cloned());
    }
    let span = all.first().map_or_else(Span::default, |(_, version)| version.value.span);
    let member = |key: &str, value: Value| Member { key: key.to_owned(), key_span: span, value };
    let version = Value { span, kind: JsonKind::String(CURRENT.to_owned()) };
    let mut members: Vec<Member> = Vec::new();
    members.extend(some.then(|| member("Version", version)));
    members.push(member("Statement", Value { span, kind: JsonKind::Array(statements) }));
    Some(Value { span, kind: JsonKind::Object(members) })
}
