//! Which policies do the permissions of a template make?
//!
//! Each permission is read as any policy is, under every choice that the template leaves open; those of one function, layer
//! version or event bus that depend on the same choices are one policy.

use super::resources::Holder;
use super::{Located, PolicyType, Reader, Version};
use crate::diag::Diagnostic;
use crate::json::{Kind, Member, Value};
use crate::sources::lasting::element;
use crate::sources::permission::{Permission, document};
use std::collections::BTreeMap;

/// By what permissions are one policy: what they are about, which, and under which choices.
type Together = (Permission, String, Vec<(String, bool)>);

impl Reader<'_> {
    /// The policies of these permissions: the name and the resource of each, and its properties.
    pub(super) fn permissions(&self, all: &[(Permission, &str, &Value, Value)]) -> Vec<Located> {
        let mut out: Vec<Located> = Vec::new();
        let mut known: BTreeMap<Together, usize> = BTreeMap::new();
        for (permission, name, resource, properties) in all {
            let written = document(properties.span, vec![properties.clone()]);
            let holder =
                Holder { of: "", path: "", policy_type: PolicyType::Resource, resource_type: permission.resource_type() };
            let mut located = self.policy(name, &written, &holder, resource);
            located = located.owned(name, (*name).to_owned());
            let targets = self.made(*permission, &mut located);
            if located.versions.is_empty() && located.trouble.is_none() {
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
            let shown = self.named(target);
            let owner = shown.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).unwrap_or(&shown).to_owned();
            let under = version.under.iter().map(|(name, answer)| format!(" {name}={answer}")).collect::<String>();
            let name = format!("{owner}.permissions");
            out.push(Located { name: name.clone(), ..located.owned(&owner, format!("{name}{under}")) });
        }
        // Two policies of one name, under different choices, are told apart by their keys.
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
        let make = |version: Version| {
            let properties = version.value.get("Statement").and_then(Value::elements).and_then(<[Value]>::first)?;
            targets.extend(permission.target(properties));
            match permission.statement(properties, properties.span) {
                Ok(statement) => Some(Version { value: document(properties.span, vec![statement?]), ..version }),
                Err(why) => {
                    wrong = wrong.take().or(Some((properties.span, why)));
                    None
                }
            }
        };
        located.versions = std::mem::take(&mut located.versions).into_iter().filter_map(make).collect();
        if let Some((span, why)) = wrong {
            let message = format!("the permission is not one: {why}");
            let help = "write it as the template reference has it";
            located.trouble = Some(Diagnostic::error("bad-permission", self.source, span, message, help));
            located.versions.clear();
        }
        targets
    }
}

/// Adds the statements of another permission.
fn join(first: &mut Located, other: Located) {
    let Some(version) = first.versions.first_mut() else { return };
    let more = other.versions.iter().filter_map(|one| one.value.get("Statement")).filter_map(Value::elements).flatten();
    if let Kind::Object(members) = &mut version.value.kind
        && let Some(Member { value: Value { kind: Kind::Array(all), .. }, .. }) =
            members.iter_mut().find(|member| member.key == "Statement")
    {
        all.extend(more.cloned());
    }
    first.notes.extend(other.notes);
    first.notes.sort();
    first.notes.dedup();
}
