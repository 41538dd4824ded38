//! Findings and recommendations as the page holds them: what the answers of `findings` and `recommend` say, without what stands on
//! the page already, their names as steps ([`super::pack`]).

use super::Documents;
use super::pack::Words;
use crate::account::EntityKind;
use crate::account::findings::{Finding, Service, Unused};
use crate::account::planned::planned;
use crate::account::recommend::Recommendation;
use serde_json::{Map, Value, json};

/// What a principal used last: the event, when, how often, and a record of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// `source name`.
    pub event: String,
    /// When, RFC 3339.
    pub last: String,
    /// How often.
    pub count: u64,
    /// The file of a record.
    pub file: String,
    /// Its line.
    pub line: u64,
}

impl Used {
    pub(super) fn add_to(&self, words: &mut Words) {
        words.add(&self.event);
        words.add(&self.file);
    }

    pub(super) fn packed(&self, words: &Words) -> Value {
        json!([words.number(&self.event), self.last, self.count, words.number(&self.file), self.line])
    }
}

fn services<'f>(finding: &'f Finding<'_>) -> &'f [Service] {
    if let Unused::Permissions(services) = &finding.unused { services } else { &[] }
}

/// The unused actions of a finding with the last use that is known of each.
fn actions<'f>(finding: &'f Finding<'_>) -> impl Iterator<Item = (String, Option<String>)> + 'f {
    let of = |service: &'f Service| {
        let named = service.actions.iter().flatten();
        named.map(move |(name, last)| (format!("{}:{name}", service.namespace), last.map(|at| at.to_string())))
    };
    services(finding).iter().flat_map(of)
}

fn whole<'f>(finding: &'f Finding<'_>) -> impl Iterator<Item = &'f Service> {
    services(finding).iter().filter(|service| service.actions.is_none())
}

pub(super) fn add_finding(finding: &Finding<'_>, words: &mut Words) {
    actions(finding).for_each(|(action, _)| words.add(&action));
    whole(finding).for_each(|service| words.add(&service.namespace));
    finding.not_observable.iter().for_each(|action| words.add(action));
    finding.notes.iter().for_each(|note| words.add(note));
}

/// A finding of the page.
pub(super) fn finding(finding: &Finding<'_>, words: &Words) -> Value {
    let mut out = Map::new();
    let mut add = |key: &str, value: Value| out.insert(key.to_owned(), value);
    add("findingType", json!(finding.unused.name()));
    add("resource", json!(finding.entity.arn));
    let named: Vec<(String, Option<String>)> = actions(finding).collect();
    let unused = named.len() + whole(finding).count();
    if unused > 0 {
        add("unused", json!(unused));
        add("actions", json!(words.steps(named.iter().map(|(action, _)| action.as_str()))));
        add("services", json!(words.steps(whole(finding).map(|service| service.namespace.as_str()))));
    }
    let of_services = whole(finding).filter_map(|service| Some((service.namespace.clone(), json!(service.last?.to_string()))));
    let of_actions = named.iter().filter_map(|(action, last)| Some((action.clone(), json!(last.as_ref()?))));
    let last: Map<String, Value> = of_services.chain(of_actions).collect();
    if !last.is_empty() {
        add("last", last.into());
    }
    match &finding.unused {
        Unused::Role { last } | Unused::Password { last } => add("lastUsed", json!(last.map(|at| at.to_string()))),
        Unused::AccessKey { key, last } => {
            add("key", json!(key));
            add("lastUsed", json!(last.map(|at| at.to_string())))
        }
        Unused::Permissions(_) | Unused::NotObservable => None,
    };
    if !finding.not_observable.is_empty() {
        add("notObservable", json!(words.steps(finding.not_observable.iter().copied())));
    }
    if !finding.notes.is_empty() {
        add("notes", json!(words.steps(finding.notes.iter().map(String::as_str))));
    }
    out.into()
}

/// A recommendation's notes, and the policies that change with what becomes of them: the name, if it is a new one, and the number
/// of the document.
#[derive(Debug)]
pub(super) struct Advice<'r> {
    one: &'r Recommendation<'r>,
    notes: Vec<String>,
    becomes: Vec<(usize, Vec<(String, usize)>)>,
}

impl<'r> Advice<'r> {
    pub(super) fn new(one: &'r Recommendation<'r>, documents: &mut Documents) -> Self {
        let mut becomes: Vec<(usize, Vec<(String, usize)>)> = Vec::new();
        // Groups are counted, and have no row of their own.
        if one.entity.kind != EntityKind::Group {
            let changed = one.policies.iter().enumerate().filter(|(_, policy)| policy.refined.is_some());
            becomes = changed.map(|(at, _)| (at, Vec::new())).collect();
            for (at, new) in planned(one) {
                let Some((_, parts)) = becomes.iter_mut().find(|(own, _)| *own == at) else { continue };
                let name = if new.replaces.is_some() { new.name } else { String::new() };
                parts.push((name, documents.number(new.text)));
            }
        }
        let of_policies = one.policies.iter().filter_map(|policy| policy.refined.as_ref()).flat_map(|refined| &refined.notes);
        let told = one.proposals().map(|(_, proposal)| proposal.to_string());
        Self { one, notes: one.notes.iter().chain(of_policies).cloned().chain(told).collect(), becomes }
    }

    pub(super) fn add_to(&self, words: &mut Words) {
        self.notes.iter().for_each(|note| words.add(note));
    }

    pub(super) fn packed(&self, words: &Words) -> Value {
        json!({
            "resource": self.one.entity.arn,
            "result": self.one.result.name(),
            "removedActions": self.one.removed,
            "obligations": self.one.obligations(),
            "replayed": self.one.replayed,
            "notes": words.steps(self.notes.iter().map(String::as_str)),
            "becomes": self.becomes,
        })
    }
}
