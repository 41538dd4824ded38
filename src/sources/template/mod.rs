//! Which policies does a CloudFormation template hold?
//!
//! Templates as people write them and as CDK synthesizes them, in JSON or YAML. Every property that is known to hold a
//! policy (`resources`) is read with its functions resolved (`functions`, `scope`); in other properties whatever has
//! a `Statement` is a policy whose type its principals tell. A policy that cannot be read stays in the list with the
//! reason: none is dropped.

mod closure;
mod conditions;
mod find;
mod functions;
pub mod globals;
mod identities;
mod permissions;
mod resources;
mod scope;
mod ties;
mod unread;
mod versions;

pub use closure::depends;
pub(in crate::sources) use find::is_policy_text;
pub(in crate::sources) use functions::ELSEWHERE;
pub use identities::identities;
pub use scope::UNRESOLVED;
pub(in crate::sources) use unread::MADE;
pub use unread::unread;

use crate::diag::{Diagnostic, Source, Span};
use crate::json::{Member, Value};
use crate::sources::located::{Located, PolicyType, Version};
use crate::sources::permission::Permission;
use find::{can_be_policy, mentions_policies, statements, walk};
use functions::as_text;
use permissions::permission;
use resources::Holder;
use scope::{Constants, Scope};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use versions::{control, is_dead};

/// What is known beside a template.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    /// Values of parameters, by name.
    pub parameters: BTreeMap<String, String>,
    /// The account that it is deployed in.
    pub account: Option<String>,
    /// The region that it is deployed in.
    pub region: Option<String>,
    /// Whether policies are also read for every other value of parameters that have defaults: two revisions are compared so.
    pub every_value: bool,
}

/// The names of a template's parameters.
pub fn parameters(template: &Value) -> impl Iterator<Item = &str> {
    let all = template.get("Parameters").and_then(Value::members).unwrap_or_default();
    all.iter().map(|member| member.key.as_str())
}

/// The error for values of parameters that no template has.
pub fn unknown_parameter(given: &Given, known: &BTreeSet<String>) -> Option<Diagnostic> {
    let unknown = given.parameters.keys().find(|name| !known.contains(*name))?;
    let names = known.iter().map(String::as_str);
    let meant = crate::catalog::nearest::first(unknown, names).map(|near| format!("did you mean {near}? "));
    let message = format!("no template here has a parameter `{unknown}`");
    let help = format!("{}give values of parameters that a template has", meant.unwrap_or_default());
    Some(Diagnostic::bare("unknown-parameter", message, help))
}

/// The parts of a template that names are looked up in.
struct Sections<'t> {
    parameters: Option<&'t Value>,
    mappings: Option<&'t Value>,
    conditions: Option<&'t Value>,
    resources: Option<&'t Value>,
    transform: Option<&'t Value>,
}

impl<'t> Sections<'t> {
    fn of(template: &'t Value) -> Self {
        Self {
            parameters: template.get("Parameters"),
            mappings: template.get("Mappings"),
            conditions: template.get("Conditions"),
            resources: template.get("Resources"),
            transform: template.get("Transform"),
        }
    }
}

/// How many versions of one policy the open choices of a template may make.
const MOST_VERSIONS: usize = 16;

/// The policies of a template, in its order.
pub fn policies(source: &Source, template: &Value, given: &Given) -> Vec<Located> {
    let sections = Sections::of(template);
    let constants = RefCell::new(Constants::default());
    let reader = Reader::of(source, &sections, given, &constants);
    let mut out = Vec::new();
    let mut permissions = Vec::new();
    for resource in sections.resources.and_then(Value::members).unwrap_or_default() {
        if let Some((permission, properties)) = permission(&resource.key, &resource.value) {
            permissions.push((permission, resource.key.as_str(), &resource.value, properties));
        }
        reader.resource(&resource.key, &resource.value, &mut out);
    }
    out.append(&mut reader.permissions(&permissions));
    let open = constants.into_inner().open;
    out.iter_mut().for_each(|located| located.open.clone_from(&open));
    out
}

struct Reader<'t> {
    source: &'t Source,
    sections: &'t Sections<'t>,
    given: &'t Given,
    constants: &'t RefCell<Constants>,
    parameters: Arc<BTreeMap<String, Option<String>>>,
}

impl<'t> Reader<'t> {
    fn of(source: &'t Source, sections: &'t Sections<'t>, given: &'t Given, constants: &'t RefCell<Constants>) -> Self {
        let all = sections.parameters.and_then(Value::members).unwrap_or_default();
        let default = |one: &Member| one.value.get("Default").and_then(as_text);
        let parameters = Arc::new(all.iter().map(|one| (one.key.clone(), default(one))).collect());
        Self { source, sections, given, constants, parameters }
    }

    /// Where a value is resolved, under these answers to conditions; with `free` whatever the defaults of parameters.
    fn scope(&self, assumed: BTreeMap<String, bool>, free: bool) -> Scope<'_> {
        Scope::new(self.source, self.sections, self.given, self.constants, assumed, free)
    }

    fn resource(&self, name: &str, resource: &Value, out: &mut Vec<Located>) {
        // `Fn::ForEach::Loop` makes resources, and `Fn::Transform` takes them from elsewhere: only CloudFormation knows them.
        if name.starts_with("Fn::") {
            let what = name.split("::").take(2).collect::<Vec<_>>().join("::");
            let may_hold = what == "Fn::Transform" || mentions_policies(resource);
            return out.extend(may_hold.then(|| self.unexpanded(name, resource.span, &what)));
        }
        let Some(of) = resource.get("Type").and_then(Value::as_str) else {
            // A resource that is included, or made by another tool.
            let call =
                resource.members().unwrap_or_default().iter().find(|one| one.key == "Fn::Transform" || one.key.starts_with('!'));
            return out.extend(call.map(|call| self.unexpanded(name, resource.span, &call.key)));
        };
        let Some(properties) = resource.get("Properties") else { return };
        if let Some([only]) = properties.members()
            && only.key.starts_with("Fn::")
            && resources::holders(of).next().is_some()
        {
            return out.push(self.unexpanded(name, properties.span, &only.key));
        }
        let is_held = Permission::of(of).is_some() || resources::holders(of).next().is_some();
        let transform = properties.members().unwrap_or_default().iter().find(|one| one.key == "Fn::Transform");
        if let Some(transform) = transform.filter(|_| is_held) {
            out.push(self.unexpanded(name, transform.key_span, &transform.key));
        }
        if Permission::of(of).is_some() {
            return;
        }
        let mut seen = BTreeSet::new();
        for holder in resources::holders(of) {
            let mut found = Vec::new();
            walk(properties, holder.path, String::new(), &Vec::new(), &mut found);
            for find::Place { path, value, under } in found {
                // A list of SAM's has names of policies among its documents.
                if !can_be_policy(value) || is_dead(resource, &under) || !seen.insert(value.span.start) {
                    continue;
                }
                let holder = Holder { policy_type: control(holder, properties), ..*holder };
                out.extend(self.policy(&format!("{name}.{path}"), value, &holder, resource, &under));
            }
        }
        let covered: Vec<Span> = out.iter().map(|located| located.span).collect();
        let mut others = Vec::new();
        statements(properties, String::new(), &Vec::new(), &mut others);
        // Of a list of statements each may be read already.
        let is_covered = |one: &Value| covered.iter().any(|span| span.start <= one.span.start && one.span.end <= span.end);
        let is_read = |one: &Value| is_covered(one) || one.elements().is_some_and(|all| all.iter().all(is_covered));
        for find::Place { path, value, under } in others.into_iter().filter(|one| !is_dead(resource, &one.under)) {
            if !is_read(value) {
                let holder = Holder { of: "", path: "", policy_type: PolicyType::Unknown, resource_type: None };
                out.extend(self.policy(&format!("{name}.{path}"), value, &holder, resource, &under));
            }
        }
    }

    /// A place whose policies only CloudFormation knows.
    fn unexpanded(&self, name: &str, span: Span, what: &str) -> Located {
        let message = format!("`{what}` gives what only CloudFormation knows, and it may hold policies");
        let help = "give the template as it is processed: aws cloudformation get-template --template-stage Processed";
        let trouble = Diagnostic::error(scope::UNRESOLVED, self.source, span, message, help);
        Located::unreadable(name.to_owned(), PolicyType::Unknown, (self.source, span), trouble).owned(name, name.to_owned())
    }
}

#[cfg(test)]
mod tests;
