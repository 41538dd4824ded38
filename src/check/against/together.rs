//! Does a user, a role or a group have more by all its policies together than it had?
//!
//! Its policies add up: a statement that goes from one to another is no change, and a Deny of one takes away what another
//! grants. So the policies are written as one document, now and before, and compared as one (`no-new-access`); which statement
//! is to blame tells which policy, and what is said of it. Where the template chooses, every combination of answers that the
//! policies tell apart is asked.
//!
//! Policies that are attached and not in the file are the same on both sides: they can only add to both. What they may grant
//! where a Deny is gone is `lost-deny`.

use super::compare::{beside_everything, denying};
use super::gone::denied;
use super::pairing::content;
use crate::check::Options;
use crate::check::ask::{Answer, Ended, Read, Shown, Subject, Wanted, search};
use crate::check::config::Config;
use crate::check::rules::{self, LOST, NEW};
use crate::diag::{Finding, Source, Span, deadline};
use crate::document;
use crate::json::{Kind as JsonKind, Member, Value};
use crate::policy::open::renamed;
use crate::query::{InternalError, Query, Settings};
use crate::question::no_new_access;
use crate::request::request_json;
use crate::sources::holders::Holder;
use crate::sources::{Located, Open, Version};
use std::collections::{BTreeMap, BTreeSet};

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
        let Some(choices) = self.choices() else {
            let why = format!("the conditions of its policies have more than {MOST_CHOICES} combinations of answers");
            return Ok((vec![self.open(&why, config)], false));
        };
        let (mut out, mut is_kept): (Vec<Finding>, bool) = (Vec::new(), true);
        let loses = self.lost_somewhere();
        for (new, old) in &choices {
            deadline::check();
            let (mut found, mut is_same) = self.asked(new, old, NEW, options)?;
            // What grew is said already.
            if is_same && loses {
                (found, is_same) = self.asked(new, old, LOST, options)?;
            }
            is_kept &= is_same;
            for one in found {
                let same = |other: &Finding| {
                    (&other.rule, &other.message, other.span, &other.subject) == (&one.rule, &one.message, one.span, &one.subject)
                };
                if !out.iter().any(same) {
                    out.push(one);
                }
            }
        }
        // Where the conditions are others than before, nobody knows how they go together.
        if self.chooses_otherwise() && out.iter().any(|one| one.rule == NEW) {
            out.retain(|one| one.rule != NEW);
            out.push(self.open("the template chooses by other conditions than before", config));
        }
        out.retain(|one| ![NEW, LOST].contains(&one.rule.as_str()) || config.asks(&one.rule));
        Ok((out, is_kept))
    }

    fn names(policies: &[&Located]) -> BTreeSet<String> {
        let all = policies.iter().flat_map(|one| &one.versions).flat_map(|version| &version.under);
        all.map(|(name, _)| name.clone()).collect()
    }

    fn chooses_otherwise(&self) -> bool {
        let new: Vec<&Located> = self.new.iter().map(|part| part.located).collect();
        let (new, old) = (Self::names(&new), Self::names(&self.old));
        !new.is_subset(&old) && !old.is_subset(&new)
    }

    /// Whether a Deny that was there is not, as it is written.
    fn lost_somewhere(&self) -> bool {
        let now: BTreeSet<String> = self.new.iter().flat_map(|part| denied(part.located)).collect();
        !self.old.iter().flat_map(|old| denied(old)).collect::<BTreeSet<_>>().is_subset(&now)
    }

    /// The versions of the policies that go together, now and before; `None` if there are too many combinations.
    fn choices(&self) -> Option<Vec<(Chosen<'_>, Chosen<'_>)>> {
        let new: Vec<&Located> = self.new.iter().map(|part| part.located).collect();
        let names: Vec<String> = Self::names(&new).union(&Self::names(&self.old)).cloned().collect();
        let many =
            u32::try_from(names.len()).ok().and_then(|many| 2_usize.checked_pow(many)).filter(|many| *many <= MOST_CHOICES)?;
        let mut seen = BTreeSet::new();
        let mut out = Vec::new();
        for answers in 0..many {
            let holds = |(name, answer): &(String, bool)| {
                names.iter().position(|known| known == name).is_some_and(|at| (answers >> at & 1 == 1) == *answer)
            };
            let chosen = |all: &[&Located]| -> Vec<(usize, usize)> {
                let version = |one: &Located| one.versions.iter().position(|version| version.under.iter().all(&holds));
                all.iter().enumerate().filter_map(|(at, one)| Some((at, version(one)?))).collect()
            };
            let (now, before) = (chosen(&new), chosen(&self.old));
            if seen.insert((now.clone(), before.clone())) {
                out.push((with_versions(&new, &now), with_versions(&self.old, &before)));
            }
        }
        Some(out)
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
        let located = |at: &usize| self.new.get(*at).map(|part| part.located);
        // What a policy cannot mean is said already; an old one that nobody can read granted nothing that is known.
        let new_ones = new.iter().filter_map(|(at, version)| Some((located(at)?, *version)));
        let new_ones: Vec<(&Located, &Version)> = new_ones.filter(|(located, version)| reads(located, version)).collect();
        let old_ones = old.iter().filter_map(|(at, version)| Some((*self.old.get(*at)?, *version)));
        let old_ones: Vec<(&Located, &Version)> = old_ones.filter(|(located, version)| reads(located, version)).collect();
        let (Some(now), Some(before)) = (merged(&new_ones, &mut open), merged(&old_ones, &mut open)) else {
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
            source: self.source.clone(),
            value: now,
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

fn with_versions<'c>(all: &[&'c Located], chosen: &[(usize, usize)]) -> Chosen<'c> {
    chosen.iter().filter_map(|(at, version)| Some((*at, all.get(*at)?.versions.get(*version)?))).collect()
}

/// Whether a policy can be read.
fn reads(located: &Located, version: &Version) -> bool {
    let none = |_: &BTreeMap<usize, String>| Vec::new();
    Subject::new(&located.open, vec![(version.source.clone(), version.value.clone())], Vec::new(), &none).is_ok()
}

/// One document with the statements of all, in order; `None` where no version means the same for each.
fn merged(all: &[(&Located, &Version)], open: &mut Vec<Open>) -> Option<Value> {
    const CURRENT: &str = "2012-10-17";
    let is_current = |value: &Value| value.get("Version").and_then(Value::as_str) == Some(CURRENT);
    let some = all.iter().any(|(_, version)| is_current(&version.value));
    let has_variables = |value: &Value| !is_current(value) && value.to_string().contains("${");
    if some && all.iter().any(|(_, version)| has_variables(&version.value)) {
        return None;
    }
    let mut statements = Vec::new();
    for (located, version) in all {
        let value = renamed(&version.value, open, &located.open);
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
