//! Which policies do the permissions of a template make?
//!
//! Each permission is read as any policy is, under every choice that the template leaves open; those of one function, layer
//! version or event bus that depend on the same choices are one policy.
//!
//! A URL of a SAM function is one where it asks for no credentials; where the template leaves open whether it does, it is one
//! for the values that say so.
//!
//! Invariant: a policy of several permissions has, for comparisons, a version for each way in which they are there together.

use super::resources::Holder;
use super::{Located, PolicyType, Reader, Version};
use crate::diag::{Diagnostic, Span};
use crate::json::{Kind, Member, Value};
use crate::sources::Free;
use crate::sources::choice::{When, can_hold};
use crate::sources::lasting::element;
use crate::sources::located::is_open;
use crate::sources::permission::{Permission, asks_nobody, document};
use std::collections::BTreeMap;

/// By what permissions are one policy: what they are about, which, and under which choices.
type Together = (Permission, String, Vec<(String, bool)>);

/// How many versions the permissions of one resource make together at most.
const MOST_TOGETHER: usize = 64;

/// The permission that a resource is or makes, with its properties.
pub(super) fn permission(name: &str, resource: &Value) -> Option<(Permission, Value)> {
    let of = resource.get("Type").and_then(Value::as_str)?;
    let properties = resource.get("Properties");
    if let Some(permission) = Permission::of(of) {
        // Without properties it is one that cannot be read.
        let none = || Value { span: resource.span, kind: Kind::Object(Vec::new()) };
        return Some((permission, properties.cloned().unwrap_or_else(none)));
    }
    // SAM lets everybody in where a URL asks for no credentials.
    let url = properties.filter(|_| of == "AWS::Serverless::Function")?.get(URL)?;
    let own = Value { span: url.span, kind: Kind::Object(vec![member("Ref", Value { span: url.span, ..Value::string(name) })]) };
    let members = vec![member("FunctionName", own), member(URL, url.clone())];
    Some((Permission::Url, Value { span: url.span, kind: Kind::Object(members) }))
}

/// The property of a SAM function that gives it a URL.
const URL: &str = "FunctionUrlConfig";

fn member(key: &str, value: Value) -> Member {
    Member { key: key.to_owned(), key_span: value.span, value }
}

impl Reader<'_> {
    /// The policies of these permissions: the name and the resource of each, and its properties.
    pub(super) fn permissions(&self, all: &[(Permission, &str, &Value, Value)]) -> Vec<Located> {
        let mut out: Vec<Located> = Vec::new();
        let mut known: BTreeMap<Together, usize> = BTreeMap::new();
        for (permission, name, resource, properties) in all {
            let written = document(properties.span, vec![properties.clone()]);
            let holder =
                Holder { of: "", path: "", policy_type: PolicyType::Resource, resource_type: permission.resource_type() };
            let Some(mut located) = self.policy(name, &written, &holder, resource, &Vec::new()) else { continue };
            located = located.owned(name, (*name).to_owned());
            located.example = Some(permission.example().to_owned());
            let targets = self.made(*permission, &mut located);
            let is_never = located.free.as_ref().is_none_or(|free| free.versions.is_empty() && free.trouble.is_none());
            if located.versions.is_empty() && located.trouble.is_none() && is_never {
                continue;
            }
            let ([version], [target]) = (located.versions.as_slice(), targets.as_slice()) else {
                out.push(located);
                continue;
            };
            let together = (*permission, target.clone(), version.under.clone());
            if let Some(first) = known.get(&together).and_then(|at| out.get_mut(*at)) {
                join(first, located);
                continue;
            }
            known.insert(together, out.len());
            let shown = self.scope(BTreeMap::new(), false).named(target);
            let owner = shown.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).unwrap_or(&shown).to_owned();
            let under = version.under.iter().map(|(name, answer)| format!(" {name}={answer}")).collect::<String>();
            let name = format!("{owner}.permissions");
            // What only its name says may be another one in another stack.
            let id = if is_open(target) { owner.as_str() } else { "" };
            out.push(Located { name: name.clone(), ..located.owned(id, format!("{name}{under}")) });
        }
        // Two policies of one name, under different choices, are told apart by their keys; one by itself is not.
        let all: Vec<String> = out.iter().map(|one| one.name.clone()).collect();
        for one in &mut out {
            if one.key.starts_with(&format!("{} ", one.name)) && all.iter().filter(|name| **name == one.name).count() == 1 {
                one.key.clone_from(&one.name);
            }
        }
        let names: Vec<String> = out.iter().map(|one| one.key.clone()).collect();
        for (at, one) in out.iter_mut().enumerate() {
            if names.iter().take(at).any(|name| *name == one.key) {
                one.key = format!("{}{}", one.key, element(None, at));
            }
        }
        out
    }

    /// Makes statements of the properties in each version; which resources they are about. Versions without any go.
    fn made(&self, permission: Permission, located: &mut Located) -> Vec<String> {
        let mut targets = Vec::new();
        let mut wrong = None;
        let mut make = |version: Version, targets: &mut Vec<String>| {
            let version = if permission == Permission::Url { self.without_credentials(version)? } else { version };
            let properties = version.value.get("Statement").and_then(Value::elements).and_then(<[Value]>::first)?;
            let target = permission.target(properties);
            match permission.statement(properties, properties.span) {
                Ok(statement) => {
                    let value = document(properties.span, vec![statement?]);
                    targets.extend(target);
                    Some(Version { value, ..version })
                }
                Err(why) => {
                    targets.extend(target);
                    wrong = wrong.take().or(Some((properties.span, why)));
                    None
                }
            }
        };
        let mut all = |versions: &mut Vec<Version>, targets: &mut Vec<String>| {
            *versions = std::mem::take(versions).into_iter().filter_map(|version| make(version, targets)).collect();
        };
        all(&mut located.versions, &mut targets);
        if let Some(free) = &mut located.free {
            all(&mut free.versions, &mut Vec::new());
        }
        if let Some((span, why)) = wrong {
            let message = format!("the permission is not one: {why}");
            let help = "write it as the template reference has it";
            located.trouble = Some(Diagnostic::error("bad-permission", self.source, span, message, help));
            located.versions.clear();
        }
        targets
    }

    /// The properties of a URL's permission in a version; `None` if there is no URL, or it asks for credentials whatever is open.
    fn without_credentials(&self, mut version: Version) -> Option<Version> {
        let properties = version.value.get("Statement").and_then(Value::elements).and_then(<[Value]>::first)?.clone();
        let url = properties.get(URL).filter(|url| url.kind != Kind::Null)?;
        let mut auth = url.get("AuthType").cloned().unwrap_or(Value { span: url.span, kind: Kind::Null });
        if let Some(text) = auth.as_str().filter(|text| is_open(text)) {
            let scope = self.scope(BTreeMap::new(), true);
            let constants = self.constants.borrow();
            let whole = text.chars().next().and_then(crate::sources::located::marked).filter(|_| text.chars().count() == 1);
            let may = whole.and_then(|at| constants.open.get(at)).map(|open| open.may.values().cloned().collect::<Vec<_>>());
            let may = may.unwrap_or_default();
            drop(constants);
            if !may.is_empty() && !may.iter().any(|text| asks_nobody(text)) {
                return None;
            }
            version.under.push((format!("{} = NONE", scope.named(text)), true));
            version.when = When::All(vec![version.when, scope.equal(text, "NONE")]);
            version.within = When::All(vec![version.within, scope.within(&version.when)]);
            auth = Value { span: auth.span, ..Value::string("NONE") };
        }
        let mut members = properties.members().unwrap_or_default().to_vec();
        members.retain(|one| one.key != URL);
        members.push(member("AuthType", auth));
        let value = document(properties.span, vec![Value { span: properties.span, kind: Kind::Object(members) }]);
        Some(Version { value, ..version })
    }
}

/// Adds the statements of another permission.
fn join(first: &mut Located, other: Located) {
    let is_read_twice = first.free.is_some() || other.free.is_some();
    let free = is_read_twice.then(|| both(first, &other));
    let Some(version) = first.versions.first_mut() else { return };
    other.versions.iter().for_each(|one| version.value = together(&version.value, &one.value));
    first.free = free;
    first.notes.extend(other.notes);
    first.notes.sort();
    first.notes.dedup();
}

/// A document with the statements of another one too.
fn together(first: &Value, other: &Value) -> Value {
    let all = |of: &Value| of.get("Statement").and_then(Value::elements).unwrap_or_default().to_vec();
    let mut out = first.clone();
    if let Kind::Object(members) = &mut out.kind
        && let Some(Member { value: Value { kind: Kind::Array(own), .. }, .. }) =
            members.iter_mut().find(|member| member.key == "Statement")
    {
        own.extend(all(other));
    }
    out
}

/// Two permissions as they are together, whatever the defaults.
fn both(first: &Located, other: &Located) -> Free {
    let (a, b) = (every(first), every(other));
    let text = |all: &[Version]| all.iter().map(|one| format!("{:?} {}", one.when, one.value)).collect::<Vec<_>>().join("; ");
    let trouble = [first, other].into_iter().find_map(|one| one.free.as_ref()?.trouble.clone());
    if let Some((why, closure)) = trouble {
        return Free { versions: Vec::new(), trouble: Some((why, format!("{closure}; {}; {}", text(&a), text(&b)))) };
    }
    let mut versions = Vec::new();
    for (a, b) in a.iter().flat_map(|a| b.iter().map(move |b| (a, b))) {
        let when = When::All(vec![a.when.clone(), b.when.clone()]);
        if !can_hold(std::slice::from_ref(&when)) {
            continue;
        }
        if versions.len() == MOST_TOGETHER {
            let why = format!("the permissions are there together in more than {MOST_TOGETHER} ways");
            return Free { versions: Vec::new(), trouble: Some((why, format!("{versions:?}"))) };
        }
        let mut under = a.under.clone();
        under.extend(b.under.iter().filter(|one| !a.under.contains(one)).cloned());
        let within = When::All(vec![a.within.clone(), b.within.clone()]);
        versions.push(Version { under, when, within, source: a.source.clone(), value: together(&a.value, &b.value) });
    }
    Free { versions, trouble: None }
}

/// The versions of a permission, and the one in which it is not there.
fn every(of: &Located) -> Vec<Version> {
    let mut all = of.free.as_ref().map_or_else(|| of.versions.clone(), |free| free.versions.clone());
    let none = When::All(all.iter().map(|one| one.when.clone().is(false)).collect());
    if can_hold(std::slice::from_ref(&none)) {
        let span = Span::new(of.span.start, of.span.start);
        all.push(Version { when: none, ..Version::only(of.source.clone(), document(span, Vec::new())) });
    }
    all
}
