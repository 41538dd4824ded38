//! Where in a document is the one policy?
//!
//! A document with a `Statement` is a policy. Any other is searched for policies: objects with a `Statement`, and texts
//! that hold one, escaped or percent-encoded. The one policy is taken if it stands under a name that AWS uses for policies;
//! of several none is chosen, and the error says how to take one out.

use super::every::type_by_name;
use super::located::{Located, PolicyType};
use super::{Kind, WRONG_DOCUMENT, Wanted, alone, kind, lasting, read, wrong, yaml};
use crate::diag::{Budget, Diagnostic, Encoding, Source, Span};
use crate::json::{Kind as JsonKind, Value};

/// A policy, and where it was.
#[derive(Debug, Clone)]
pub struct Found {
    /// The text that its places are in.
    pub source: Source,
    /// The policy document; what the grammar says of it is not known yet.
    pub value: Value,
    /// Says which member it was read from, if it was not the whole document.
    pub note: Option<Diagnostic>,
}

/// The members under which AWS's APIs and tools give one policy: IAM's `Document`, `PolicyDocument` and
/// `AssumeRolePolicyDocument`; `Policy` of S3, KMS, Lambda, SNS, SQS and others; `AccessPolicies` of OpenSearch domains,
/// `policyText` of ECR, `PolicyInJson` of Glue, `Content` of Organizations, `InlinePolicy` of IAM Identity Center,
/// `sessionPolicy` of Cognito and S3 Access Grants.
const NAMES: [&str; 16] = [
    "document",
    "policydocument",
    "assumerolepolicydocument",
    "policy",
    "policytext",
    "policyinjson",
    "resourcepolicy",
    "accesspolicies",
    "content",
    "inlinepolicy",
    "sessionpolicy",
    "permissionsboundary",
    "recommendedpolicy",
    "policyjson",
    "policy_json",
    "json",
];

/// The members whose own members or elements are policies, whatever they are called: `Policies` of SES (by name) and RAM (a
/// list), the `Options` of OpenSearch's `AccessPolicies`.
const NAMES_OF_MANY: [&str; 2] = ["policies", "accesspolicies"];

/// How many texts may stand inside each other.
const MOST_TEXTS: usize = 4;

/// How many policies of a document are named where none is chosen.
const MOST_NAMED: usize = 3;

/// The policy document of a value: itself, or the one that it holds. A value that neither is nor holds a policy comes back
/// as it is, for the grammar's errors.
pub fn policy(source: &Source, value: &Value, wanted: Wanted) -> Result<Found, Diagnostic> {
    let inner = unquoted(source, value, wanted)?;
    let (source, value) = inner.as_ref().map_or((source, value), |(source, value)| (source, value));
    let itself = |value: &Value| Ok(Found { source: source.clone(), value: value.clone(), note: None });
    let misspelled = value.members().unwrap_or_default().iter().any(|member| member.key.eq_ignore_ascii_case("Statement"));
    if misspelled {
        return itself(value);
    }
    let recognized = kind::recognize(value);
    let mut candidates = Vec::new();
    search(source, value, &mut Vec::new(), Way::Policies, &mut candidates);
    match (recognized, candidates.as_slice()) {
        (None, []) => itself(value),
        (Some(kind), []) => Err(wrong(source, start(value), kind, wanted)),
        (None | Some(Kind::PolicyMetadata), [one]) if one.has_known_name() => one.clone().found(),
        (kind, many) => Err(not_chosen(source, value, kind, many, wanted)),
    }
}

/// Every policy inside a document, or statements without one, by its path; of the versions of a managed policy the default one.
pub(super) fn everything(source: &Source, value: &Value) -> Vec<Located> {
    let mut candidates = Vec::new();
    candidate(source, value, &mut Vec::new(), Way::Everything(MOST_TEXTS), &mut candidates);
    let current = |one: &&Candidate| match one.path.as_slice() {
        [before @ .., Step::Member(document)] if document == "Document" => {
            let is_default = standing(value, before).and_then(|version| version.get("IsDefaultVersion"));
            is_default.is_none_or(|flag| flag.kind == JsonKind::Bool(true))
        }
        _ => true,
    };
    let located = |one: &Candidate| {
        let name = named(value, &one.path);
        let (mut policy_type, resource_type) = type_by_name(&name);
        if let [around @ .., Step::Member(_)] = one.path.as_slice()
            && let Some(of) = standing(value, around).and_then(type_beside)
        {
            policy_type = of;
        }
        let outer = (&one.outer, one.written);
        if let Some(trouble) = &one.trouble {
            return Located::unreadable(name, policy_type, outer, trouble.clone()).owned("", key(value, &one.path));
        }
        match unquoted(&one.source, &one.value, Wanted::Policy) {
            Ok(Some((source, value))) => Located::known(name, policy_type, outer, source, value),
            Ok(None) => Located::known(name, policy_type, outer, one.source.clone(), one.value.clone()),
            Err(trouble) => Located::unreadable(name, policy_type, outer, trouble),
        }
        .of(resource_type)
        .owned("", key(value, &one.path))
    };
    // CloudFormation's stack policies are about updates of a stack, not about access.
    let of_stack = |one: &&Candidate| matches!(one.path.last(), Some(Step::Member(name)) if name == "StackPolicy");
    candidates.iter().filter(current).filter(|one| !of_stack(one)).map(located).collect()
}

/// What stands at the end of a path.
fn standing<'v>(value: &'v Value, path: &[Step]) -> Option<&'v Value> {
    path.iter().try_fold(value, |at, step| match step {
        Step::Member(name) => at.get(name),
        Step::Element(index) => at.elements()?.get(*index),
    })
}

/// What the members beside a policy say that it is, in what AWS prints: Organizations' `Content`, a VPC endpoint's policy.
fn type_beside(around: &Value) -> Option<PolicyType> {
    let of = around.get("PolicySummary").and_then(|of| of.get("Type")).and_then(Value::as_str);
    match of {
        Some("SERVICE_CONTROL_POLICY") => Some(PolicyType::ServiceControl),
        Some("RESOURCE_CONTROL_POLICY") => Some(PolicyType::ResourceControl),
        Some(_) => None,
        None => around.get("VpcEndpointId").map(|_| PolicyType::Endpoint),
    }
}

/// A path in words, elements by the name that they give themselves.
fn named(value: &Value, steps: &[Step]) -> String {
    spelled(value, steps, |at, index| {
        let names = ["UserName", "RoleName", "GroupName", "PolicyName", "VersionId"];
        let own = names.iter().find_map(|name| at.and_then(|at| at.get(name)).and_then(Value::as_str));
        own.map_or_else(|| format!("[{index}]"), |own| format!("[{own}]"))
    })
}

/// By what such a policy is known in another revision: a managed policy by its name, whichever its current version is.
fn key(value: &Value, steps: &[Step]) -> String {
    spelled(value, steps, |at, index| match at.is_none_or(|at| at.get("VersionId").is_none()) {
        true => lasting::element(at, index),
        false => String::new(),
    })
}

/// A path in words; `element` says how an element of a list is called.
fn spelled(value: &Value, steps: &[Step], element: impl Fn(Option<&Value>, usize) -> String) -> String {
    let (mut out, mut at) = (String::new(), Some(value));
    for step in steps {
        match step {
            Step::Member(name) => {
                at = at.and_then(|at| at.get(name));
                out.push_str(if out.is_empty() { "" } else { "." });
                out.push_str(name);
            }
            Step::Element(index) => {
                at = at.and_then(Value::elements).and_then(|all| all.get(*index));
                out.push_str(&element(at, *index));
            }
        }
    }
    out
}

/// A policy inside a document.
#[derive(Debug, Clone)]
struct Candidate {
    path: Vec<Step>,
    source: Source,
    value: Value,
    /// Whether it stands there as a text, and where.
    written: Span,
    outer: Source,
    /// Why it is not read, where something else than a policy stands there.
    trouble: Option<Diagnostic>,
}

/// What is searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Policy documents.
    Policies,
    /// Statements alone, too, in whatever text of JSON or YAML they stand; in so many texts inside each other.
    Everything(usize),
}

/// One step of the way to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    Element(usize),
}

impl Candidate {
    fn has_known_name(&self) -> bool {
        let lower = |step: &Step| if let Step::Member(name) = step { Some(name.to_ascii_lowercase()) } else { None };
        // A list of one policy has no name to go by, and nothing else in it.
        let Some(last) = self.path.iter().rev().find_map(lower) else { return true };
        let around = self.path.iter().rev().nth(1).and_then(lower);
        let is_of = |names: &[&str], name: &str| names.contains(&name);
        is_of(&NAMES, &last) || is_of(&NAMES_OF_MANY, &last) || around.is_some_and(|name| is_of(&NAMES_OF_MANY, &name))
    }

    fn found(self) -> Result<Found, Diagnostic> {
        // A text that holds a text, and so on.
        let inner = unquoted(&self.source, &self.value, Wanted::Policy)?;
        let (source, value) = inner.unwrap_or((self.source, self.value));
        let message = format!("the policy is read from `{}`", path(&self.path));
        let note = Diagnostic::warning("policy-inside", &self.outer, self.written, message, "");
        Ok(Found { source, value, note: Some(note) })
    }
}

/// The document that a text holds, however often it was quoted; `None` of a value that is no text.
pub fn unquoted(source: &Source, value: &Value, wanted: Wanted) -> Result<Option<(Source, Value)>, Diagnostic> {
    let mut inner: Option<(Source, Value)> = None;
    for _ in 0..MOST_TEXTS {
        let (source, value) = inner.as_ref().map_or((source, value), |(source, value)| (source, value));
        let Some(text) = value.as_str() else { break };
        inner = Some(read(&inner_text(source, value.span, text), &Budget::default(), wanted)?);
    }
    Ok(inner)
}

/// The text that a string holds, with its places.
pub(super) fn inner_text(source: &Source, written: Span, text: &str) -> Source {
    let span = Span::new(written.start + 1, written.end.saturating_sub(1));
    let decoded = source.decoded(span, Encoding::Escapes).filter(|inner| **inner.text == *text);
    let inner = decoded.unwrap_or_else(|| source.taken(written, text));
    // API Gateway gives a policy with its escapes: {\"Version\": ..}.
    let escaped = text.trim_start().strip_prefix(['{', '[']).is_some_and(|rest| rest.trim_start().starts_with("\\\""));
    let unescaped = || inner.decoded(Span::new(0, inner.text.len()), Encoding::Escapes);
    escaped.then(unescaped).flatten().unwrap_or(inner)
}

/// Collects the policies inside a value, which is not a policy itself.
fn search(source: &Source, value: &Value, at: &mut Vec<Step>, way: Way, out: &mut Vec<Candidate>) {
    match &value.kind {
        JsonKind::Object(members) => {
            for member in members {
                at.push(Step::Member(member.key.clone()));
                candidate(source, &member.value, at, way, out);
                at.pop();
            }
        }
        JsonKind::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                at.push(Step::Element(index));
                candidate(source, element, at, way, out);
                at.pop();
            }
        }
        JsonKind::Null | JsonKind::Bool(_) | JsonKind::Number(_) | JsonKind::String(_) => {}
    }
}

fn candidate(source: &Source, value: &Value, at: &mut Vec<Step>, way: Way, out: &mut Vec<Candidate>) {
    let mut take = |inner: &Source, policy: Value, trouble: Option<Diagnostic>| {
        let (path, written, outer) = (at.clone(), value.span, source.clone());
        out.push(Candidate { path, source: inner.clone(), value: policy, written, outer, trouble });
    };
    let is_all = way != Way::Policies;
    let inner_way = match way {
        Way::Everything(left) if left > 0 => Some(Way::Everything(left - 1)),
        _ => None,
    };
    match &value.kind {
        JsonKind::Object(_) if value.get("Statement").is_some_and(|of| !alone::is_firewall(of)) => {
            take(source, value.clone(), None)
        }
        _ if is_all && alone::is_alone(value) => take(source, alone::document(value), None),
        JsonKind::Object(_) if is_all && let Some(trouble) = alone::foreign(source, value) => {
            take(source, value.clone(), Some(trouble));
        }
        JsonKind::String(text) if text.contains("Statement") || (is_all && may_be_statements(text)) => {
            // What cannot be read is a policy with an error, if its name says that it is a policy.
            match unquoted(source, value, Wanted::Policy) {
                Ok(Some((inner, policy))) if policy.get("Statement").is_some() => take(&inner, policy, None),
                Ok(Some((inner, other))) if is_all && other.as_str().is_none() => match inner_way {
                    Some(way) => candidate(&inner, &other, at, way, out),
                    None => take(source, value.clone(), None),
                },
                Ok(_) => {}
                Err(_) if text.trim_start().starts_with(['{', '%', '"']) || may_be_statements(text) => {
                    take(source, value.clone(), None);
                }
                Err(_) if is_all && text.contains('\n') && text.contains("Effect") => {
                    let Some(way) = inner_way else { return take(source, value.clone(), None) };
                    let inner = inner_text(source, value.span, text);
                    let all = yaml::read(&inner, &Budget::default()).unwrap_or_default();
                    // Prose is a text again.
                    all.iter().filter(|one| one.as_str().is_none()).for_each(|one| candidate(&inner, one, at, way, out));
                }
                Err(_) => {}
            }
        }
        _ => search(source, value, at, way, out),
    }
}

/// Whether a text may be a list of statements.
fn may_be_statements(text: &str) -> bool {
    text.trim_start().starts_with('[') && text.contains("\"Effect\"") && text.contains("Action\"")
}

fn start(value: &Value) -> Span {
    Span::new(value.span.start, value.span.start)
}

/// The error for a document whose policies cannot be told apart, or that is known to be something else.
fn not_chosen(source: &Source, value: &Value, kind: Option<Kind>, many: &[Candidate], wanted: Wanted) -> Diagnostic {
    let what = kind.map_or("the document", Kind::name);
    let is = if kind.is_some() { "this is" } else { "it is" };
    let taken: Vec<String> = match versions(many) {
        Some(list) => vec![jq(&list, "[] | select(.IsDefaultVersion).Document")],
        None => many.iter().take(MOST_NAMED).map(|one| jq(&one.path, "")).collect(),
    };
    let more = if many.len() > taken.len() && taken.len() > 1 { ", .." } else { "" };
    let take = format!("take one out with jq: {}{more}", taken.join(", "));
    let (message, help) = match (many, kind) {
        ([_], Some(kind)) => {
            (format!("this is {}, not {}", kind.name(), wanted.name()), format!("{}; {take}", kind.advice(wanted)))
        }
        ([one], None) => (format!("the document holds a policy in `{}`, but is not one", path(&one.path)), take),
        (_, Some(_)) => (format!("{is} {what}, which holds {} policies; one is wanted", many.len()), take),
        (_, None) => (format!("{what} holds {} policies; one is wanted", many.len()), take),
    };
    Diagnostic::error(if kind.is_some() { WRONG_DOCUMENT } else { "several-policies" }, source, start(value), message, help)
}

/// The list of which all of them are versions of one managed policy.
fn versions(many: &[Candidate]) -> Option<Vec<Step>> {
    let list = |one: &Candidate| match one.path.as_slice() {
        [before @ .., Step::Element(_), Step::Member(document)] if document == "Document" => Some(before.to_vec()),
        _ => None,
    };
    let first = list(many.first()?)?;
    let of_versions = matches!(first.last(), Some(Step::Member(name)) if name == "PolicyVersionList");
    (of_versions && many.iter().all(|one| list(one).as_ref() == Some(&first))).then_some(first)
}

/// The line of jq that prints what stands at a path; `-r` prints a text without its quotes.
fn jq(path: &[Step], more: &str) -> String {
    let digit = |c: char| c.is_ascii_digit();
    let plain =
        |name: &str| !name.is_empty() && !name.starts_with(digit) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let mut out = String::new();
    for step in path {
        let dot = if out.is_empty() { "." } else { "" };
        out.push_str(&match step {
            Step::Member(name) if plain(name) => format!(".{name}"),
            Step::Member(name) => format!("{dot}[{}]", Value::string(name.as_str())),
            Step::Element(index) => format!("{dot}[{index}]"),
        });
    }
    format!("jq -r '{}{more}'", out.replace('\'', "'\\''"))
}

/// The path in words: `PolicyVersion.Document`.
fn path(steps: &[Step]) -> String {
    let mut out = String::new();
    for step in steps {
        match step {
            Step::Member(name) => {
                out.push_str(if out.is_empty() { "" } else { "." });
                out.push_str(name);
            }
            Step::Element(index) => out.push_str(&format!("[{index}]")),
        }
    }
    out
}
