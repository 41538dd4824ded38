//! What does a policy grant that its predecessor did not, and what does it no longer deny?
//!
//! One without predecessor is compared with nothing, so whatever it grants is new. Constants of the same name are the same on
//! both sides: the stack that is deployed is the one that was.
//!
//! A control policy grants nothing, but what it no longer takes away is new as well. Where it only denies, another one allows
//! everything beside it, as `FullAWSAccess` does: both sides are compared beside such a statement. Other policies are compared
//! that way too where a Deny is not there any more, as it may have limited what other policies grant ([`rules::LOST`]).

use super::Before;
use super::gone::denied;
use crate::check::Options;
use crate::check::ask::{Answer, Read, Shown, Subject, Wanted, search};
use crate::check::rules::{self, finding};
use crate::diag::{Finding, Source};
use crate::document;
use crate::json::{Kind, Member, Value};
use crate::policy::open::renamed;
use crate::query::Query;
use crate::question::{InternalError, Settings, no_new_access};
use crate::request::request_json;
use crate::sources::{Located, Open, PolicyType, Version};
use std::collections::BTreeMap;

/// What a policy grants that its predecessor did not, and what of a Deny it lost.
// Long: each version of the policy beside its predecessor: what grew, what was lost, and what stays open.
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
    let mut out: Vec<Finding> = Vec::new();
    let mut succeeded: Vec<&[(String, bool)]> = Vec::new();
    let other_choices = || rules::undecided(new, rules::NEW, "the template chooses by other conditions than before", config);
    for version in &new.versions {
        let before = match old {
            None => None,
            Some(old) => {
                let same = old.versions.iter().find(|one| one.under == version.under);
                // The only one before will do where it was wherever this one is; and, if it limited, the other way around.
                let within = |one: &Version, other: &Version| one.under.iter().all(|choice| other.under.contains(choice));
                let stood = |one: &&Version| within(one, version) && (!limits || within(version, one));
                let alone = old.versions.first().filter(|_| old.versions.len() == 1).filter(stood);
                let Some(before) = same.or(alone) else {
                    out.push(other_choices());
                    continue;
                };
                succeeded.push(&before.under);
                Some((old, before))
            }
        };
        let mut open = new.open.clone();
        let mut documents = vec![(version.source.clone(), version.value.clone())];
        if let Some((old, before)) = before {
            let value = renamed(&before.value, &mut open, &old.open);
            if value == version.value {
                continue;
            }
            documents.push((before.source.clone(), value));
        }
        if is_control && documents.iter().any(|(_, value)| !allows(value)) {
            let names = documents.iter().any(|(_, value)| has_principals(value));
            documents = documents.into_iter().map(|(source, value)| (source, beside_everything(value, names))).collect();
        }
        if config.asks(rules::NEW) {
            let had = if before.is_some() { Had::Policy } else { Had::of(was) };
            out.extend(asked(new, version, (&open, documents.clone()), (rules::NEW, had), options)?);
        }
        // What grew is said already.
        let lost = before.filter(|(old, _)| out.is_empty() && !is_limit && !denied(old).is_subset(&denied(new)));
        if lost.is_some() && config.asks(rules::LOST) {
            let names = documents.iter().any(|(_, value)| has_principals(value));
            let alone = |(source, value)| (source, beside_everything(denying(value), names));
            let alone = documents.into_iter().map(alone).collect();
            out.extend(asked(new, version, (&open, alone), (rules::LOST, Had::Policy), options)?);
        }
    }
    // What limited under conditions that nothing has now.
    let is_left = |old: &Located| old.versions.iter().any(|one| !succeeded.contains(&one.under.as_slice()));
    if limits && out.is_empty() && old.is_some_and(is_left) {
        out.push(other_choices());
    }
    out.dedup_by(|a, b| (&a.message, a.span) == (&b.message, b.span));
    Ok(out)
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
    // What the new policy cannot mean is said already.
    let Ok(subject) = Subject::new(open, documents, Vec::new(), &values) else { return Ok(Vec::new()) };
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
    found
}
