//! Which policies does a CloudFormation template hold?
//!
//! Templates as people write them and as CDK synthesizes them, in JSON or YAML. Every property that is known to hold a
//! policy (`resources`) is read with its functions resolved (`functions`, `scope`); in other properties whatever has
//! a `Statement` is a policy whose type its principals tell. A policy that cannot be read stays in the list with the
//! reason: none is dropped.

mod functions;
pub mod globals;
mod identities;
mod permissions;
mod resources;
mod scope;

pub use identities::identities;
pub use scope::UNRESOLVED;

use crate::diag::{Diagnostic, Source, Span};
use crate::json::{Kind, Member, Value};
use crate::sources::lasting;
use crate::sources::located::{Located, PolicyType, Version};
use crate::sources::permission::Permission;
use functions::{Stop, resolve};
use resources::Holder;
use scope::{Constants, Scope};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// What is known beside a template.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    /// Values of parameters, by name.
    pub parameters: BTreeMap<String, String>,
    /// The account that it is deployed in.
    pub account: Option<String>,
    /// The region that it is deployed in.
    pub region: Option<String>,
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
}

impl<'t> Sections<'t> {
    fn of(template: &'t Value) -> Self {
        Self {
            parameters: template.get("Parameters"),
            mappings: template.get("Mappings"),
            conditions: template.get("Conditions"),
            resources: template.get("Resources"),
        }
    }
}

/// How many versions of one policy the open choices of a template may make.
const MOST_VERSIONS: usize = 16;

/// The policies of a template, in its order.
pub fn policies(source: &Source, template: &Value, given: &Given) -> Vec<Located> {
    let sections = Sections::of(template);
    let constants = RefCell::new(Constants::default());
    let reader = Reader { source, sections: &sections, given, constants: &constants };
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

/// The permission that a resource is or makes, with its properties.
fn permission(name: &str, resource: &Value) -> Option<(Permission, Value)> {
    let of = resource.get("Type").and_then(Value::as_str)?;
    let properties = resource.get("Properties");
    if let Some(permission) = Permission::of(of) {
        // Without properties it is one that cannot be read.
        let none = || Value { span: resource.span, kind: Kind::Object(Vec::new()) };
        return Some((permission, properties.cloned().unwrap_or_else(none)));
    }
    // SAM lets everybody in where a URL asks for no credentials.
    let url = properties.filter(|_| of == "AWS::Serverless::Function")?.get("FunctionUrlConfig")?;
    let auth = url.get("AuthType").cloned().unwrap_or(Value { span: url.span, kind: Kind::Null });
    let string = |text: &str| Value { span: url.span, kind: Kind::String(text.to_owned()) };
    let member = |key: &str, value| Member { key: key.to_owned(), key_span: url.span, value };
    let own = Value { span: url.span, kind: Kind::Object(vec![member("Ref", string(name))]) };
    let members = vec![member("FunctionName", own), member("AuthType", auth)];
    Some((Permission::Url, Value { span: url.span, kind: Kind::Object(members) }))
}

/// The stacks that a template makes of other templates, in words: their policies are not in it.
pub fn nested(template: &Value) -> Vec<String> {
    let mut out = Vec::new();
    for resource in template.get("Resources").and_then(Value::members).unwrap_or_default() {
        let of = resource.value.get("Type").and_then(Value::as_str).unwrap_or_default();
        if matches!(of, "AWS::CloudFormation::Stack" | "AWS::CloudFormation::StackSet" | "AWS::Serverless::Application") {
            out.push(format!(
                "the policies of the stack {} are in another template, which is not looked at for it",
                resource.key
            ));
        }
    }
    out
}

struct Reader<'t> {
    source: &'t Source,
    sections: &'t Sections<'t>,
    given: &'t Given,
    constants: &'t RefCell<Constants>,
}

impl Reader<'_> {
    /// Where a value is resolved, under these answers to conditions.
    fn scope(&self, assumed: BTreeMap<String, bool>) -> Scope<'_> {
        let Self { source, sections, given, constants } = *self;
        Scope { source, sections, given, assumed, constants, notes: RefCell::default() }
    }

    fn resource(&self, name: &str, resource: &Value, out: &mut Vec<Located>) {
        // `Fn::ForEach::Loop` makes resources, and `Fn::Transform` takes them from elsewhere: only CloudFormation knows them.
        if name.starts_with("Fn::") {
            let what = name.split("::").take(2).collect::<Vec<_>>().join("::");
            let may_hold = what == "Fn::Transform" || mentions_policies(resource);
            return out.extend(may_hold.then(|| self.unexpanded(name, resource.span, &what)));
        }
        let Some(of) = resource.get("Type").and_then(Value::as_str) else { return };
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
            walk(properties, holder.path, String::new(), &mut found);
            for (path, value) in found {
                // A list of SAM's has names of policies among its documents.
                if !can_be_policy(value) || !seen.insert(value.span.start) {
                    continue;
                }
                let holder = Holder { policy_type: control(holder, properties), ..*holder };
                out.push(self.policy(&format!("{name}.{path}"), value, &holder, resource));
            }
        }
        let covered: Vec<Span> = out.iter().map(|located| located.span).collect();
        let mut others = Vec::new();
        statements(properties, String::new(), &mut others);
        for (path, value) in others {
            if !covered.iter().any(|span| span.start <= value.span.start && value.span.end <= span.end) {
                let holder = Holder { of: "", path: "", policy_type: PolicyType::Unknown, resource_type: None };
                out.push(self.policy(&format!("{name}.{path}"), value, &holder, resource));
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

    /// One policy, in all its versions.
    // Long: one policy under every choice of its conditions; the choices share a budget and what stays open.
    fn policy(&self, name: &str, value: &Value, holder: &Holder, resource: &Value) -> Located {
        let owner = name.split('.').next().unwrap_or_default().to_owned();
        let place = name.get(owner.len()..).unwrap_or_default();
        let properties = resource.get("Properties").unwrap_or(resource);
        let mut located = Located {
            name: name.to_owned(),
            key: format!("{owner}.{}", lasting::key(properties, place.strip_prefix('.').unwrap_or(place))),
            owner,
            document: String::new(),
            policy_type: holder.policy_type,
            resource_type: holder.resource_type,
            source: self.source.clone(),
            span: value.span,
            versions: Vec::new(),
            open: Vec::new(),
            notes: Vec::new(),
            is_planned: false,
            trouble: None,
        };
        let own = resource.get("Condition").and_then(Value::as_str).map(|own| (own.to_owned(), true));
        let mut notes = BTreeSet::new();
        let mut left = vec![own.into_iter().collect::<BTreeMap<_, _>>()];
        while let Some(assumed) = left.pop() {
            let scope = self.scope(assumed);
            let resolved = resolve(&scope, value, 0);
            notes.append(&mut scope.notes.borrow_mut());
            match resolved {
                // No policy under these answers.
                Ok(None) => {}
                Ok(Some(value)) => match self.document(value) {
                    Ok((source, value)) => {
                        let under = scope.assumed.into_iter().collect();
                        located.versions.push(Version { under, source, value });
                    }
                    Err(trouble) => return Located { trouble: Some(*trouble), ..located },
                },
                Err(Stop::Needs(condition)) if left.len() + located.versions.len() + 2 <= MOST_VERSIONS => {
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
                    located.trouble = Some(Diagnostic::error(scope::UNRESOLVED, self.source, value.span, message, help));
                    return located;
                }
                Err(Stop::Trouble(trouble)) => return Located { trouble: Some(*trouble), ..located },
            }
        }
        located.notes = notes.into_iter().collect();
        if located.versions.is_empty() {
            let message = "the template gives no value here under any condition".to_owned();
            located.trouble = Some(Diagnostic::error(scope::UNRESOLVED, self.source, value.span, message, "remove it"));
        }
        located
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
        Ok((inner, read))
    }
}

/// A statement where a document is wanted.
fn statement_alone(value: Value) -> Value {
    let alone = value.get("Effect").is_some() && value.get("Statement").is_none();
    if !alone {
        return value;
    }
    let span = value.span;
    let member = |key: &str, value| crate::json::Member { key: key.to_owned(), key_span: span, value };
    let version = member("Version", Value::string("2012-10-17"));
    Value { span, kind: Kind::Object(vec![version, member("Statement", value)]) }
}

/// Organizations' policies say in a property what they are.
fn control(holder: &Holder, properties: &Value) -> PolicyType {
    match (holder.of, properties.get("Type").and_then(Value::as_str)) {
        ("AWS::Organizations::Policy", Some("RESOURCE_CONTROL_POLICY")) => PolicyType::ResourceControl,
        ("AWS::Organizations::Policy", Some("SERVICE_CONTROL_POLICY")) => PolicyType::ServiceControl,
        ("AWS::Organizations::Policy", _) => PolicyType::Unknown,
        _ => holder.policy_type,
    }
}

/// Whether a value can be a policy: a document, a text that holds one, or a call that gives one.
fn can_be_policy(value: &Value) -> bool {
    match &value.kind {
        Kind::Object(members) => {
            value.get("Statement").is_some()
                || value.get("Effect").is_some()
                || matches!(members.as_slice(), [only] if functions::is_function(only))
        }
        Kind::String(text) => text.contains("Statement"),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Array(_) => false,
    }
}

/// What stands at a path of properties; both branches of a choice.
fn walk<'v>(value: &'v Value, path: &str, at: String, out: &mut Vec<(String, &'v Value)>) {
    if let Some([only]) = value.members()
        && only.key == "Fn::If"
        && !path.is_empty()
        && let Some([_, then, otherwise]) = only.value.elements()
    {
        walk(then, path, format!("{at}<then>"), out);
        return walk(otherwise, path, format!("{at}<else>"), out);
    }
    if path.is_empty() {
        return out.push((at, value));
    }
    if let Some(rest) = path.strip_prefix("[]") {
        let rest = rest.trim_start_matches('.');
        for (index, element) in value.elements().unwrap_or_default().iter().enumerate() {
            walk(element, rest, format!("{at}[{index}]"), out);
        }
        return;
    }
    let end = path.find(['.', '[']).unwrap_or(path.len());
    let (key, rest) = path.split_at(end);
    let dot = if at.is_empty() { "" } else { "." };
    if let Some(inner) = value.get(key) {
        walk(inner, rest.strip_prefix('.').unwrap_or(rest), format!("{at}{dot}{key}"), out);
    }
}

/// Everything that has statements.
fn statements<'v>(value: &'v Value, at: String, out: &mut Vec<(String, &'v Value)>) {
    match &value.kind {
        Kind::Object(_) if value.get("Statement").is_some_and(has_effect) => out.push((at, value)),
        // A call whose text may become a policy.
        Kind::Object(members) if matches!(members.as_slice(), [only] if functions::is_function(only) && has_policy_text(&only.value)) =>
        {
            out.push((at, value));
        }
        Kind::String(text) if is_policy_text(text) => out.push((at, value)),
        Kind::Object(members) => {
            let dot = if at.is_empty() { "" } else { "." };
            members.iter().for_each(|member| statements(&member.value, format!("{at}{dot}{}", member.key), out));
        }
        Kind::Array(elements) => {
            elements.iter().enumerate().for_each(|(index, element)| statements(element, format!("{at}[{index}]"), out));
        }
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => {}
    }
}

/// Whether a text holds a policy document.
fn is_policy_text(text: &str) -> bool {
    text.trim_start().starts_with('{') && text.contains("\"Statement\"") && text.contains("\"Effect\"")
}

/// Whether a text in a value, alone or among arguments, holds a policy document.
fn has_policy_text(value: &Value) -> bool {
    value.as_str().is_some_and(is_policy_text) || value.elements().is_some_and(|all| all.iter().any(has_policy_text))
}

/// Whether a part of a template has anything to do with policies.
fn mentions_policies(value: &Value) -> bool {
    const WORDS: [&str; 5] = ["Policy", "Policies", "Statement", "Permission", "FunctionUrlConfig"];
    let is_one = |text: &str| {
        WORDS.iter().any(|word| text.contains(word)) || ["AWS::IAM::", "AWS::Serverless::"].iter().any(|of| text.starts_with(of))
    };
    match &value.kind {
        Kind::String(text) => is_one(text),
        Kind::Array(elements) => elements.iter().any(mentions_policies),
        Kind::Object(members) => members.iter().any(|one| is_one(&one.key) || mentions_policies(&one.value)),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) => false,
    }
}

/// Whether these are statements of a policy; other languages have a `Statement` too.
fn has_effect(value: &Value) -> bool {
    let all = value.elements().unwrap_or(std::slice::from_ref(value));
    all.iter().any(|one| one.get("Effect").is_some() || one.members().is_some_and(|of| of.len() == 1))
}

#[cfg(test)]
mod tests;
