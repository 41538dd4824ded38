//! What is one policy of a template, under every choice that the template leaves open?
//!
//! The policy is read under no answers; where a condition decides that is not known, it is read again under both. Each version
//! says for which values of the parameters it is there. For comparisons the same is done once more with the parameters open
//! that have defaults ([`Free`]): a deployment may have given them other values.

use super::closure::closure;
use super::find::Choices;
use super::functions::{Stop, resolve};
use super::resources::Holder;
use super::scope::UNRESOLVED;
use super::{MOST_VERSIONS, Reader};
use crate::diag::{Diagnostic, Source};
use crate::json::{Kind, Value};
use crate::sources::choice::When;
use crate::sources::located::{Free, Located, PolicyType, Version};
use crate::sources::{alone, inside, lasting};
use std::collections::{BTreeMap, BTreeSet};

/// What a value gives under one choice.
pub(super) struct Given {
    pub(super) under: BTreeMap<String, bool>,
    pub(super) when: When,
    pub(super) within: When,
    /// `None` where it gives nothing.
    pub(super) value: Option<Value>,
}

/// What a value gives under every choice.
pub(super) struct Reading {
    pub(super) given: Result<Vec<Given>, Box<Diagnostic>>,
    pub(super) notes: BTreeSet<String>,
    /// Whether defaults of parameters went into it.
    pub(super) relies: bool,
}

impl Reader<'_> {
    /// What a value gives under every choice that these answers leave open; with `free` whatever the defaults are.
    pub(super) fn read(&self, value: &Value, start: &BTreeMap<String, bool>, free: bool) -> Reading {
        let mut out = Reading { given: Ok(Vec::new()), notes: BTreeSet::new(), relies: false };
        let (mut all, mut left) = (Vec::new(), vec![start.clone()]);
        while let Some(assumed) = left.pop() {
            let scope = self.scope(assumed, free);
            let resolved = resolve(&scope, value, 0);
            out.notes.append(&mut scope.notes.borrow_mut());
            out.relies |= scope.relies.get();
            match resolved {
                Ok(value) => {
                    let when = scope.when();
                    let within = scope.within(&when);
                    let value = value.map(|value| scope.dynamic(value));
                    all.push(Given { under: scope.assumed, when, within, value });
                }
                Err(Stop::Needs(condition)) if left.len() + all.len() + 2 <= MOST_VERSIONS => {
                    for answer in [false, true] {
                        let mut more = scope.assumed.clone();
                        more.insert(condition.clone(), answer);
                        left.push(more);
                    }
                }
                Err(Stop::Needs(condition)) => {
                    let message = format!(
                        "the conditions that nobody knows here make more than {MOST_VERSIONS} versions of this policy; \
                         `{condition}` is one of them"
                    );
                    let help = "give the parameters that they depend on with --parameter NAME=VALUE";
                    out.given = Err(Box::new(Diagnostic::error(UNRESOLVED, self.source, value.span, message, help)));
                    return out;
                }
                Err(Stop::Trouble(trouble)) => {
                    out.given = Err(trouble);
                    return out;
                }
            }
        }
        out.given = Ok(all);
        out
    }

    /// One policy, in all its versions; these choices lead to its place. `None` where only names of policies stand there.
    pub(super) fn policy(
        &self,
        name: &str,
        value: &Value,
        holder: &Holder,
        resource: &Value,
        chosen: &Choices,
    ) -> Option<Located> {
        let owner = name.split('.').next().unwrap_or_default().to_owned();
        let place = name.get(owner.len()..).unwrap_or_default();
        let properties = resource.get("Properties").unwrap_or(resource);
        let mut located = Located {
            key: format!("{owner}.{}", lasting::key(properties, place.strip_prefix('.').unwrap_or(place))),
            parameters: self.parameters.clone(),
            ..Located::empty(name.to_owned(), holder.policy_type, (self.source, value.span))
        }
        .of(holder.resource_type);
        located.owner = owner;
        let start = start(resource, chosen);
        let reading = self.read(value, &start, false);
        let mut notes = reading.notes;
        let lists_names = holder.of.starts_with("AWS::Serverless::") && holder.path.starts_with("Policies");
        // What stands in the lists of a choice is read by itself.
        let is_choice = value.get("Fn::If").is_some();
        let is_list = |value: &Value| is_choice && value.elements().is_some();
        let is_document = |one: &Given| !lists_names || one.value.as_ref().is_none_or(|value| !is_name(value) && !is_list(value));
        let documents = |given: Vec<Given>| self.documents(given.into_iter().filter(is_document).collect());
        let names_alone = |given: &Vec<Given>| given.iter().all(|one| one.value.is_none() || !is_document(one));
        if reading.given.as_ref().is_ok_and(|given| names_alone(given) && !given.iter().all(is_document)) {
            return None;
        }
        match reading.given.and_then(documents) {
            Ok(versions) if versions.is_empty() => {
                let message = "the template gives no value here under any condition".to_owned();
                located.trouble = Some(Diagnostic::error(UNRESOLVED, self.source, value.span, message, "remove it"));
            }
            Ok(versions) => located.versions = versions,
            Err(trouble) => located.trouble = Some(*trouble),
        }
        if self.given.every_value && reading.relies {
            let reading = self.read(value, &start, true);
            notes.extend(reading.notes);
            let (versions, trouble) = match reading.given.and_then(documents) {
                Ok(versions) => (versions, None),
                Err(trouble) => {
                    let conditions =
                        start.iter().map(|(name, answer)| match self.sections.conditions.and_then(|all| all.get(name)) {
                            Some(written) => format!("; {name} is {answer}: {}", closure(self.sections, written)),
                            None => format!("; {name} is {answer}"),
                        });
                    let text = closure(self.sections, value) + &conditions.collect::<String>();
                    (Vec::new(), Some((trouble.message.clone(), text)))
                }
            };
            located.free = Some(Free { versions, trouble });
        }
        located.notes = notes.into_iter().collect();
        Some(located)
    }

    /// The versions that are there.
    fn documents(&self, given: Vec<Given>) -> Result<Vec<Version>, Box<Diagnostic>> {
        let version = |one: Given| {
            let (source, value) = match self.document(one.value?) {
                Ok(read) => read,
                Err(trouble) => return Some(Err(trouble)),
            };
            Some(Ok(Version { under: one.under.into_iter().collect(), when: one.when, within: one.within, source, value }))
        };
        given.into_iter().filter_map(version).collect()
    }

    /// The document itself, or the one that a text holds.
    fn document(&self, value: Value) -> Result<(Source, Value), Box<Diagnostic>> {
        let Some(text) = value.as_str() else { return Ok((self.source.clone(), statement_alone(value))) };
        let inner = self.source.taken(value.span, text);
        let read = crate::json::read(&inner, &crate::diag::Budget::default());
        let read = read.map_err(|found| {
            let message = format!("the policy is a text that cannot be read: {}", found.message);
            Box::new(Diagnostic::error(found.code, self.source, value.span, message, found.help))
        })?;
        // A call of an API as a text, as custom resources of CDK make it, has the policy inside.
        let within = if read.get("Statement").is_some() { Vec::new() } else { inside::everything(&inner, &read) };
        if let [only] = within.as_slice()
            && let Some(version) = only.versions.first()
        {
            return Ok((version.source.clone(), version.value.clone()));
        }
        Ok((inner, read))
    }
}

/// Whether an element of a list of SAM's, or the list, is no document: the ARN or name of a managed policy, or a template of SAM.
/// Who has it is asked elsewhere (`identities`).
fn is_name(value: &Value) -> bool {
    match &value.kind {
        Kind::String(text) => !text.trim_start().starts_with(['{', '[', '"']),
        Kind::Array(all) => all.iter().all(is_name),
        Kind::Object(members) => matches!(members.as_slice(), [only] if !["Statement", "Effect"].contains(&only.key.as_str())),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) => false,
    }
}

/// A statement, or a list of them, where a document is wanted.
fn statement_alone(value: Value) -> Value {
    let alone = alone::is_alone(&value) || (value.get("Effect").is_some() && value.get("Statement").is_none());
    if alone { alone::document(&value) } else { value }
}

/// Organizations' policies say in a property what they are.
pub(super) fn control(holder: &Holder, properties: &Value) -> PolicyType {
    match (holder.of, properties.get("Type").and_then(Value::as_str)) {
        ("AWS::Organizations::Policy", Some("RESOURCE_CONTROL_POLICY")) => PolicyType::ResourceControl,
        ("AWS::Organizations::Policy", Some("SERVICE_CONTROL_POLICY")) => PolicyType::ServiceControl,
        ("AWS::Organizations::Policy", _) => PolicyType::Unknown,
        _ => holder.policy_type,
    }
}

/// What is assumed where a place is looked at: a resource's own condition holds, and so do the choices that lead there.
pub(super) fn start(resource: &Value, chosen: &Choices) -> BTreeMap<String, bool> {
    let own = resource.get("Condition").and_then(Value::as_str).map(|own| (own.to_owned(), true));
    own.into_iter().chain(chosen.iter().cloned()).collect()
}

/// Whether no deployment has what stands there: two choices that lead there exclude each other.
pub(super) fn is_dead(resource: &Value, chosen: &Choices) -> bool {
    let start = start(resource, &Vec::new());
    let all = || start.iter().chain(chosen.iter().map(|(name, answer)| (name, answer)));
    all().any(|(name, answer)| all().any(|(other, opposite)| other == name && answer != opposite))
}
