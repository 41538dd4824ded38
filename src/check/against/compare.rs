//! What do policies grant that they did not grant in a git revision?
//!
//! Each file is read as it was in the revision, by `git show`. A policy is compared with the one of its name; one without
//! predecessor is compared with nothing, so whatever it grants is new. Constants of the same name are the same on both
//! sides: the stack that is deployed is the one that was.
//!
//! A control policy grants nothing, but what it no longer takes away is new as well. Where it only denies, another one allows
//! everything beside it, as `FullAWSAccess` does: both sides are compared beside such a statement.

use super::ask::{Answer, Read, Shown, Subject, Wanted, search};
use super::rules::{self, finding};
use super::{Options, files};
use crate::diag::{Budget, Diagnostic, Finding, Source};
use crate::json::{Kind, Member, Value};
use crate::policy::open::renamed;
use crate::query::Query;
use crate::question::{InternalError, Settings, no_new_access};
use crate::request::request_json;
use crate::sources::template::Given;
use crate::sources::{self, Located, PolicyType};
use std::collections::BTreeMap;
use std::process::Command;

/// A revision of a git repository.
#[derive(Debug)]
pub struct Revision {
    commit: String,
}

impl Revision {
    /// The revision of a name; an error if git does not know it.
    pub fn open(name: &str) -> Result<Self, Diagnostic> {
        let help = "run this inside a git repository, and give a branch, tag or commit that it has (fetch it first)";
        let bad = |why: String| Diagnostic::bare("unknown-revision", format!("cannot compare with `{name}`: {why}"), help);
        if name.starts_with('-') {
            return Err(bad("this is not a revision".to_owned()));
        }
        let asked = Command::new("git").args(["rev-parse", "--verify", "--quiet", &format!("{name}^{{commit}}")]).output();
        let asked = asked.map_err(|error| bad(format!("git cannot be run: {error}")))?;
        if !asked.status.success() {
            return Err(bad("git does not know it".to_owned()));
        }
        Ok(Self { commit: String::from_utf8_lossy(&asked.stdout).trim().to_owned() })
    }

    /// The policies of a file as it was; none if it was not there.
    pub(super) fn policies(&self, file: &files::File, given: &Given) -> Result<Vec<Located>, Diagnostic> {
        // Relative to the working folder, as git has it with `./`.
        let spec = format!("{}:./{}", self.commit, file.path);
        let shown = Command::new("git").args(["show", &spec]).output();
        let shown = shown.map_err(|error| Diagnostic::bare("unknown-revision", format!("git cannot be run: {error}"), ""))?;
        if !shown.status.success() {
            return Ok(Vec::new());
        }
        let name = format!("{}:{}", self.commit.get(..12).unwrap_or(&self.commit), file.path);
        let text = sources::decode(&name, shown.stdout)?;
        let source = Source::new(name, text);
        if source.text.len() > Budget::default().input_bytes {
            return Err(Diagnostic::bare("input-too-large", "the file was too large in that revision", ""));
        }
        // What could not be read then granted nothing that anyone here knows of.
        Ok(files::held(&source, given).unwrap_or_default().policies)
    }
}

/// What a policy grants that its predecessor did not.
pub(super) fn compare(new: &Located, old: Option<&Located>, options: &Options) -> Result<Vec<Finding>, InternalError> {
    let config = &options.config;
    let is_control = matches!(new.policy_type, PolicyType::ServiceControl | PolicyType::ResourceControl);
    // A new one can only take away, and what an endpoint without a policy of its own lets pass is everything.
    if old.is_none() && (is_control || new.policy_type == PolicyType::Endpoint) {
        return Ok(Vec::new());
    }
    let old = old.filter(|old| old.trouble.is_none());
    let mut out: Vec<Finding> = Vec::new();
    for version in &new.versions {
        let before = match old {
            None => None,
            Some(old) => {
                let same = old.versions.iter().find(|one| one.under == version.under);
                let alone = old.versions.first().filter(|_| old.versions.len() == 1);
                let Some(before) = same.or(alone) else {
                    let why = "the template chooses by other conditions than before";
                    out.push(rules::undecided(new, rules::NEW, why, config));
                    continue;
                };
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
            documents = documents.into_iter().map(|(source, value)| (source, beside_everything(value))).collect();
        }
        let values = |given: &BTreeMap<usize, String>| crate::policy::open::values(new, version, given);
        let subject = match Subject::new(&open, documents, Vec::new(), &values) {
            Ok(subject) => subject,
            // What the new policy cannot mean is said already.
            Err(_) => continue,
        };
        let question = |read: &Read, settings: &Settings| match read.all.as_slice() {
            [new] => search(&Query::new(new, None), settings),
            [new, old] => search(&no_new_access::search(old, new), settings),
            _ => Ok(Answer::default()),
        };
        let ended = subject.ask(&options.settings, Wanted::All, &question)?;
        out.extend(ended.breaks.iter().map(|(shown, values)| found(new, shown, values, before.is_some(), options)));
        out.extend(ended.open.map(|why| rules::undecided(new, rules::NEW, &why, config)));
    }
    out.dedup_by(|a, b| (&a.message, a.span) == (&b.message, b.span));
    Ok(out)
}

/// The statements of a document.
fn statements(document: &Value) -> &[Value] {
    let written = document.get("Statement");
    written.map(|value| value.elements().unwrap_or(std::slice::from_ref(value))).unwrap_or_default()
}

/// Whether a document has a statement that allows.
fn allows(document: &Value) -> bool {
    statements(document).iter().any(|one| one.get("Effect").and_then(Value::as_str) == Some("Allow"))
}

/// A control policy with a statement more, which allows everything.
fn beside_everything(document: Value) -> Value {
    let span = document.span;
    let text = |text: &str| Value { span, kind: Kind::String(text.to_owned()) };
    let member = |key: &str, value: Value| Member { key: key.to_owned(), key_span: span, value };
    let names = statements(&document).iter().any(|one| one.get("Principal").is_some());
    let mut every = vec![member("Effect", text("Allow")), member("Action", text("*")), member("Resource", text("*"))];
    every.extend(names.then(|| member("Principal", text("*"))));
    let mut all = statements(&document).to_vec();
    all.push(Value { span, kind: Kind::Object(every) });
    let mut members = document.members().unwrap_or_default().to_vec();
    members.retain(|member| member.key != "Statement");
    members.push(member("Statement", Value { span, kind: Kind::Array(all) }));
    Value { span, kind: Kind::Object(members) }
}

fn found(located: &Located, shown: &Shown, values: &[String], had: bool, options: &Options) -> Finding {
    let is_limit = matches!(located.policy_type, PolicyType::ServiceControl | PolicyType::ResourceControl | PolicyType::Endpoint);
    let message = if is_limit {
        "This policy no longer takes away what it did."
    } else if had {
        "This policy grants new access."
    } else {
        "This policy is new, and grants access."
    };
    let mut found = finding(rules::NEW, message.to_owned(), located, (&shown.source, shown.span), &options.config);
    found.witness = shown.witness.as_ref().map(request_json::to_json);
    if !values.is_empty() {
        found.notes.push(format!("found where {}", values.join(", ")));
    }
    found
}
