//! What does a policy grant that its predecessor did not, and what does it no longer deny?
//!
//! One without predecessor is compared with nothing, so whatever it grants is new. A version of a template's policy is compared
//! with each that it was for some values of the parameters, and with nothing where there was none: what a condition stands for
//! counts, not its name. Then the same for all values of parameters that have defaults. Constants that are defined as they were
//! are the same on both sides (`beside`): the stack that is deployed is the one that was.
//!
//! A control policy grants nothing, but what it no longer takes away is new as well. Where it only denies, another one allows
//! everything beside it, as `FullAWSAccess` does: both sides are compared beside such a statement. Other policies are compared
//! that way too where a Deny is not there any more, as it may have limited what other policies grant ([`rules::LOST`]).

use super::Before;
use super::beside::{Beside, besides, with};
use super::gone::{denied, denied_in};
use super::ties::new_defaults;
use crate::check::Options;
use crate::check::ask::{Answer, Read, Shown, Subject, Wanted, search};
use crate::check::rules::{self, finding};
use crate::diag::{Finding, Source};
use crate::document;
use crate::json::{Kind, Member, Value};
use crate::query::Query;
use crate::question::{InternalError, Settings, no_new_access};
use crate::request::request_json;
use crate::sources::choice::{When, can_hold, put};
use crate::sources::{Free, Located, Open, PolicyType, Version};
use std::collections::{BTreeMap, BTreeSet};

/// What a policy grants that its predecessor did not, and what of a Deny it lost.
pub(in crate::check) fn compare(new: &Located, was: Before<'_>, options: &Options) -> Result<Vec<Finding>, InternalError> {
    let config = &options.config;
    let is_control = matches!(new.policy_type, PolicyType::ServiceControl | PolicyType::ResourceControl);
    let old = if let Before::Policy(old) = was { Some(old) } else { None };
    // A new one can only take away, and what an endpoint without a policy of its own lets pass is everything. One that may have
    // been another one before is not new.
    let is_limit = is_control || new.policy_type == PolicyType::Endpoint;
    if is_limit && matches!(was, Before::Nothing) {
        return Ok(Vec::new());
    }
    if is_limit && matches!(was, Before::Unsure) {
        let why = "it may have been any of several, as nothing names it but its place";
        return Ok(vec![rules::undecided(new, rules::NEW, why, config)]);
    }
    let old = old.filter(|old| old.trouble.is_none());
    let limits = is_limit || old.is_some_and(|old| !denied(old).is_empty());
    let pass = |fixed| Pass { new, old, had: Had::of(was), is_limit, limits, fixed, options };
    let old_versions = old.map(|old| old.versions.as_slice()).unwrap_or_default();
    let mut out = pass(BTreeMap::new()).all(&new.versions, old_versions)?;
    // Once more whatever the defaults of parameters are; one that is new has its default.
    let free = |of: Option<&Located>| of.and_then(|of| of.free.clone());
    let (now, before) = (free(Some(new)), free(old));
    if now.is_some() || before.is_some() {
        let trouble = |of: &Option<Free>| of.as_ref().and_then(|of| of.trouble.clone());
        match (trouble(&now), trouble(&before)) {
            (None, None) => {
                let fixed = old.map(|old| new_defaults(&new.parameters, &old.parameters)).unwrap_or_default();
                let now = now.map_or_else(|| new.versions.clone(), |free| free.versions);
                let before = before.map_or_else(|| old_versions.to_vec(), |free| free.versions);
                out.extend(pass(fixed).all(&now, &before)?);
            }
            // The same is written there.
            (Some((_, now)), Some((_, before))) if now == before => {}
            (Some((why, _)), _) | (_, Some((why, _))) if old.is_some() || out.is_empty() => {
                let why = format!("it is compared for the defaults of parameters alone, as for other values {why}");
                out.push(rules::undecided(new, rules::NEW, &why, config));
            }
            _ => {}
        }
    }
    let mut seen = BTreeSet::new();
    out.retain(|one| seen.insert((one.rule.clone(), one.message.clone(), one.source.name.to_string(), one.span.start)));
    Ok(out)
}

/// The comparison of a policy's versions with those before.
struct Pass<'p> {
    new: &'p Located,
    old: Option<&'p Located>,
    had: Had,
    is_limit: bool,
    /// Whether the policy before limited others.
    limits: bool,
    /// The values of parameters that were not there before.
    fixed: BTreeMap<String, String>,
    options: &'p Options,
}

impl Pass<'_> {
    /// Every version beside those that it was for some values of the parameters, and beside nothing where there was none.
    fn all(&self, new: &[Version], old: &[Version]) -> Result<Vec<Finding>, InternalError> {
        let (mut out, config) = (Vec::new(), &self.options.config);
        let whole = |one: &Version| When::All(vec![one.when.clone(), one.within.clone()]);
        let opposite = |one: When| one.is(false);
        let mut now: Vec<When> = Vec::new();
        for version in new {
            let when = whole(version).fixed(&self.fixed);
            if self.old.is_none() {
                out.extend(self.beside(version, None)?);
                continue;
            }
            for before in old.iter().filter(|before| can_hold(&[when.clone(), whole(before)])) {
                out.extend(self.beside(version, Some(before))?);
            }
            let mut left: Vec<When> = old.iter().map(|one| opposite(one.when.clone())).collect();
            left.push(when.clone());
            let mut new_values: Vec<When> = old.iter().map(|one| opposite(whole(one))).collect();
            new_values.push(when.clone());
            now.push(when);
            if self.is_limit {
                continue;
            }
            if can_hold(&left) {
                out.extend(self.beside(version, None)?);
            } else if can_hold(&new_values) && !self.is_known(version, old)? {
                let why = "parameters can have values that they could not have before, and it grants more for these";
                out.push(rules::undecided(self.new, rules::NEW, why, config));
            }
        }
        // What limited under conditions that nothing has now.
        let is_left = |was: &Version| {
            let mut all: Vec<When> = now.iter().cloned().map(opposite).collect();
            all.push(whole(was));
            can_hold(&all)
        };
        if self.limits && out.is_empty() && self.old.is_some() && old.iter().any(is_left) {
            let why = "the template chooses by other conditions than before";
            out.push(rules::undecided(self.new, rules::NEW, why, config));
        }
        Ok(out)
    }

    /// Whether what a version grants was granted for some values of the parameters.
    fn is_known(&self, version: &Version, old: &[Version]) -> Result<bool, InternalError> {
        for before in old.iter().filter(|one| can_hold(&[one.when.clone(), one.within.clone()])) {
            if self.beside(version, Some(before))?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A version beside one that it was, or beside nothing.
    fn beside(&self, version: &Version, before: Option<&Version>) -> Result<Vec<Finding>, InternalError> {
        let config = &self.options.config;
        let mut open = self.new.open.clone();
        open.iter_mut().for_each(|one| one.name = put(&one.name, &self.fixed));
        let mut version = version.clone();
        for (at, one) in self.new.open.iter().enumerate() {
            if let Some(default) = self.fixed.get(&one.name) {
                version.value = with(&version.value, at, default);
            }
        }
        let (Some(old), Some(before)) = (self.old, before) else {
            let had = if self.had == Had::Unsure { Had::Unsure } else { Had::Nothing };
            let documents = vec![(version.source.clone(), version.value.clone())];
            let asks = config.asks(rules::NEW);
            return if asks {
                asked(self.new, &version, (&open, documents), (rules::NEW, had), self.options)
            } else {
                Ok(Vec::new())
            };
        };
        let mut out = Vec::new();
        for Beside { open, new, old, names } in besides(open, &version.value, old, &before.value) {
            if new == old {
                continue;
            }
            let version = Version { value: new.clone(), ..version.clone() };
            let documents = vec![(version.source.clone(), new), (before.source.clone(), old)];
            let mut found = self.asked(&version, &open, documents)?;
            if !names.is_empty() && !found.is_empty() {
                let why = format!("{} may be something else than before", names.join(" and "));
                found = vec![rules::undecided(self.new, rules::NEW, &why, config)];
            }
            out.extend(found);
        }
        Ok(out)
    }

    /// Two documents that share their constants.
    fn asked(&self, version: &Version, open: &[Open], documents: Vec<(Source, Value)>) -> Result<Vec<Finding>, InternalError> {
        let (config, new) = (&self.options.config, self.new);
        let mut out = Vec::new();
        let mut documents = documents;
        let denied: Vec<BTreeSet<String>> = documents.iter().map(|(_, value)| denied_in(value, open)).collect();
        let is_control = matches!(new.policy_type, PolicyType::ServiceControl | PolicyType::ResourceControl);
        if is_control && documents.iter().any(|(_, value)| !allows(value)) {
            let names = documents.iter().any(|(_, value)| has_principals(value));
            documents = documents.into_iter().map(|(source, value)| (source, beside_everything(value, names))).collect();
        }
        if config.asks(rules::NEW) {
            out.extend(asked(new, version, (open, documents.clone()), (rules::NEW, Had::Policy), self.options)?);
        }
        // What grew is said already.
        let is_lost = matches!(denied.as_slice(), [now, before] if !before.is_subset(now));
        if is_lost && out.is_empty() && !self.is_limit && config.asks(rules::LOST) {
            let names = documents.iter().any(|(_, value)| has_principals(value));
            let alone = |(source, value)| (source, beside_everything(denying(value), names));
            let alone = documents.into_iter().map(alone).collect();
            out.extend(asked(new, version, (open, alone), (rules::LOST, Had::Policy), self.options)?);
        }
        Ok(out)
    }
}

/// What there was before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Had {
    Policy,
    Nothing,
    Unsure,
}

impl Had {
    fn of(was: Before<'_>) -> Self {
        match was {
            Before::Policy(_) => Self::Policy,
            Before::Nothing => Self::Nothing,
            Before::Unsure => Self::Unsure,
        }
    }
}

/// Asks what the first document grants that the second, if there is one, does not.
fn asked(
    new: &Located,
    version: &Version,
    (open, documents): (&[Open], Vec<(Source, Value)>),
    (rule, had): (&'static str, Had),
    options: &Options,
) -> Result<Vec<Finding>, InternalError> {
    let config = &options.config;
    let values = |given: &BTreeMap<usize, String>| crate::policy::open::values(new, version, given);
    let alone = documents.first().cloned();
    let subject = match (Subject::new(open, documents, Vec::new(), &values), alone) {
        (Ok(subject), _) => subject,
        (Err(why), Some(alone)) => match Subject::new(open, vec![alone.clone()], Vec::new(), &values) {
            // What cannot be read granted nothing that anyone here knows of.
            Ok(_) if rule == rules::LOST => return Ok(Vec::new()),
            Ok(_) => return asked(new, version, (open, vec![alone]), (rule, Had::Nothing), options),
            // What the new policy cannot mean is said already, but not what it cannot mean for other values.
            Err(_) if new.versions.iter().any(|one| one.value == alone.1) => return Ok(Vec::new()),
            Err(_) => {
                let why = why.0.first().map_or("it cannot be read", |one| one.message.as_str());
                return Ok(vec![rules::undecided(new, rule, &format!("for some values {why}"), config)]);
            }
        },
        (Err(_), None) => return Ok(Vec::new()),
    };
    let question = |read: &Read, settings: &Settings| match read.all.as_slice() {
        [new] => search(&Query::new(new, None), settings),
        [new, old] => search(&no_new_access::search(old, new), settings),
        _ => Ok(Answer::default()),
    };
    let ended = subject.ask(&options.settings, Wanted::All, &question)?;
    let mut out: Vec<Finding> =
        ended.breaks.iter().map(|(shown, values)| found(new, shown, values, (rule, had), options)).collect();
    out.extend(ended.open.map(|why| rules::undecided(new, rule, &why, config)));
    Ok(out)
}

/// Whether a statement denies; what has another effect that is not known may.
pub(super) fn denies(statement: &Value) -> bool {
    statement.get("Effect").and_then(Value::as_str) != Some("Allow")
}

/// A document with its Deny statements alone.
pub(super) fn denying(document: Value) -> Value {
    let all: Vec<Value> = document::listed(&document).iter().filter(|one| denies(one)).cloned().collect();
    with_statements(document, all)
}

fn with_statements(document: Value, all: Vec<Value>) -> Value {
    let span = document.span;
    let mut members = document.members().unwrap_or_default().to_vec();
    members.retain(|member| member.key != "Statement");
    let value = Value { span, kind: Kind::Array(all) };
    members.push(Member { key: "Statement".to_owned(), key_span: span, value });
    Value { span, kind: Kind::Object(members) }
}

/// Whether a document has a statement that allows.
fn allows(document: &Value) -> bool {
    document::listed(document).iter().any(|one| one.get("Effect").and_then(Value::as_str) == Some("Allow"))
}

fn has_principals(document: &Value) -> bool {
    document::listed(document).iter().any(|one| one.get("Principal").is_some() || one.get("NotPrincipal").is_some())
}

/// A control policy with a statement more, which allows everything.
pub(super) fn beside_everything(document: Value, names: bool) -> Value {
    let span = document.span;
    let text = |text: &str| Value { span, kind: Kind::String(text.to_owned()) };
    let member = |key: &str, value: Value| Member { key: key.to_owned(), key_span: span, value };
    let mut every = vec![member("Effect", text("Allow")), member("Action", text("*")), member("Resource", text("*"))];
    every.extend(names.then(|| member("Principal", text("*"))));
    let mut all = document::listed(&document).to_vec();
    all.push(Value { span, kind: Kind::Object(every) });
    with_statements(document, all)
}

fn found(located: &Located, shown: &Shown, values: &[String], (rule, had): (&str, Had), options: &Options) -> Finding {
    let is_limit = matches!(located.policy_type, PolicyType::ServiceControl | PolicyType::ResourceControl | PolicyType::Endpoint);
    let message = if rule == rules::LOST {
        "This policy no longer denies what it did: where another policy grants it, that is new access."
    } else if is_limit {
        "This policy no longer takes away what it did."
    } else if had == Had::Policy {
        "This policy grants new access."
    } else {
        "This policy is new, and grants access."
    };
    let mut found = finding(rule, message.to_owned(), located, (&shown.source, shown.span), &options.config);
    if had == Had::Unsure {
        found
            .notes
            .push("it may have been any of several policies, as nothing names it but its place: all of it counts".to_owned());
    }
    found.witness = shown.witness.as_ref().map(request_json::to_json);
    if !values.is_empty() {
        found.notes.push(format!("found where {}", values.join(", ")));
    }
    found.notes.extend(located.example.clone().filter(|_| found.witness.is_some()));
    found
}
