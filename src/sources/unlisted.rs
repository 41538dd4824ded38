//! Which policies does a resource of Terraform have where no table says that there are any?
//!
//! Whatever reads like one, and what is known only after the apply under the name of a policy, if somebody writes it.

use super::Wanted;
use super::inside::{everything, unquoted};
use super::located::{Located, PolicyType as P};
use super::template::is_policy_text;
use super::terraform::{POLICIES, Resource, UNKNOWN_AFTER, Written, owned, read};
use crate::diag::{Diagnostic, Source};
use crate::json::{Kind, Value};
use std::collections::BTreeSet;

/// Policies where no table says that there are any: whatever reads like one, and what is not known yet under such a name.
pub(super) fn others(source: &Source, one: &Resource<'_>, seen: &mut BTreeSet<usize>, written: Option<&Written>) -> Vec<Located> {
    let mut found = Vec::new();
    documents(one.values, one.address.clone(), &mut found);
    // A template of CloudFormation is a policy of nobody: `beside` tells it.
    found.retain(|(name, _)| !name.ends_with(".template_body"));
    let fresh = found.into_iter().filter(|(_, value)| seen.insert(value.span.start));
    let mut out: Vec<Located> = fresh.flat_map(|(name, value)| within(source, name, value)).collect();
    out = out.into_iter().map(|located| owned(located, one)).collect();
    let mut unknown = Vec::new();
    one.unknown.into_iter().for_each(|all| unknown_policies(all, String::new(), &mut unknown));
    for place in unknown {
        let top = place.split(['.', '[']).next().unwrap_or_default();
        let is_listed = POLICIES.iter().any(|(of, path, ..)| *of == one.of && path.split(['.', '[']).next() == Some(top));
        let is_written = place != top || written.is_some_and(|written| written.sets(&one.address, top));
        // Rules about how long images are kept are not about access.
        if !is_listed && is_written && !one.of.contains("lifecycle") {
            let name = format!("{}.{place}", one.address);
            let message = format!("`{name}`, which may be a policy, is known only after the apply");
            let help = "it depends on what does not exist yet: give the policy's document without it";
            let trouble = Diagnostic::error(UNKNOWN_AFTER, source, one.at.span, message, help);
            out.push(owned(Located::unreadable(name, P::Unknown, (source, one.at.span), trouble), one));
        }
    }
    out
}

/// The policy in an attribute, or those inside what its text holds: an interface's description, a call of an API.
fn within(source: &Source, name: String, value: &Value) -> Vec<Located> {
    match unquoted(source, value, Wanted::Policy) {
        Ok(Some((inner, document))) if document.get("Statement").is_none() => {
            let found = everything(&inner, &document).into_iter();
            found.map(|one| Located { name: format!("{name}.{}", one.name), ..one }).collect()
        }
        _ => read(source, name, P::Unknown, value).into_iter().collect(),
    }
}

/// The places of what is known only after the apply under the name of a policy: deeper than at the top a name must be plain.
fn unknown_policies(value: &Value, at: String, out: &mut Vec<String>) {
    let dot = if at.is_empty() { "" } else { "." };
    for one in value.members().unwrap_or_default() {
        let key = one.key.as_str();
        let is_policy = key == "policy" || key.ends_with("policy_document") || (at.is_empty() && key.ends_with("_policy"));
        if one.value.kind == Kind::Bool(true) && is_policy {
            out.push(format!("{at}{dot}{key}"));
        }
        unknown_policies(&one.value, format!("{at}{dot}{key}"), out);
    }
    for (index, one) in value.elements().unwrap_or_default().iter().enumerate() {
        unknown_policies(one, format!("{at}[{index}]"), out);
    }
}

/// Everything in an attribute that reads like a policy document.
fn documents<'v>(value: &'v Value, at: String, out: &mut Vec<(String, &'v Value)>) {
    match &value.kind {
        Kind::String(text) => {
            out.extend(is_policy_text(text).then_some((at, value)));
        }
        Kind::Object(_) if value.get("Statement").is_some_and(has_effect) => out.push((at, value)),
        Kind::Object(members) => members.iter().for_each(|one| documents(&one.value, format!("{at}.{}", one.key), out)),
        Kind::Array(all) => all.iter().enumerate().for_each(|(index, one)| documents(one, format!("{at}[{index}]"), out)),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) => {}
    }
}

/// Whether these are statements of a policy.
fn has_effect(statements: &Value) -> bool {
    statements.items().iter().any(|one| one.get("Effect").is_some())
}
