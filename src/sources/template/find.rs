//! Where in the properties of a resource may a policy stand?
//!
//! At the places that a table names, and wherever something reads like a policy. A place behind `Fn::If` comes with the
//! choices that lead to it: what stands there is deployed under them alone.

use super::functions;
use crate::json::{Kind, Value};
use crate::sources::alone::is_alone;

/// The conditions that a place stands under, with the answers that lead to it.
pub(super) type Choices = Vec<(String, bool)>;

/// A value at a place.
pub(super) struct Place<'v> {
    pub(super) path: String,
    pub(super) value: &'v Value,
    pub(super) under: Choices,
}

/// The condition and both branches of a choice.
fn choice(value: &Value) -> Option<(&str, &Value, &Value)> {
    match value.members()? {
        [only] if only.key == "Fn::If" => match only.value.elements()? {
            [condition, then, otherwise] => Some((condition.as_str()?, then, otherwise)),
            _ => None,
        },
        _ => None,
    }
}

fn with(under: &Choices, condition: &str, answer: bool) -> Choices {
    let mut out = under.clone();
    out.push((condition.to_owned(), answer));
    out
}

/// What stands at a path of properties; both branches of a choice.
pub(super) fn walk<'v>(value: &'v Value, path: &str, at: String, under: &Choices, out: &mut Vec<Place<'v>>) {
    if let Some((condition, then, otherwise)) = choice(value).filter(|_| !path.is_empty()) {
        walk(then, path, format!("{at}<then>"), &with(under, condition, true), out);
        return walk(otherwise, path, format!("{at}<else>"), &with(under, condition, false), out);
    }
    if path.is_empty() {
        return out.push(Place { path: at, value, under: under.clone() });
    }
    if let Some(rest) = path.strip_prefix("[]") {
        let rest = rest.trim_start_matches('.');
        // One thing may stand where a list of them may.
        let only = value.members().filter(|_| !rest.is_empty() && !is_call(value)).map(|_| std::slice::from_ref(value));
        for (index, element) in value.elements().or(only).unwrap_or_default().iter().enumerate() {
            walk(element, rest, format!("{at}[{index}]"), under, out);
        }
    }
    if is_call(value) {
        // What a call gives may hold the policies; nothing at all is none.
        let is_nothing = value.get("Ref").and_then(Value::as_str) == Some("AWS::NoValue");
        out.extend((!is_nothing).then(|| Place { path: at, value, under: under.clone() }));
        return;
    }
    if path.starts_with("[]") {
        return;
    }
    let end = path.find(['.', '[']).unwrap_or(path.len());
    let (key, rest) = path.split_at(end);
    let dot = if at.is_empty() { "" } else { "." };
    if let Some(inner) = value.get(key) {
        walk(inner, rest.strip_prefix('.').unwrap_or(rest), format!("{at}{dot}{key}"), under, out);
    }
}

/// Whether a value is a call of a function.
fn is_call(value: &Value) -> bool {
    matches!(value.members(), Some([only]) if functions::is_function(only))
}

/// Everything that has statements.
pub(super) fn statements<'v>(value: &'v Value, at: String, under: &Choices, out: &mut Vec<Place<'v>>) {
    let dot = if at.is_empty() { "" } else { "." };
    if let Some((condition, then, otherwise)) = choice(value).filter(|_| !has_policy_text(value)) {
        for (index, branch, answer) in [(1, then, true), (2, otherwise, false)] {
            statements(branch, format!("{at}{dot}Fn::If[{index}]"), &with(under, condition, answer), out);
        }
        return;
    }
    match &value.kind {
        Kind::Object(_) if value.get("Statement").is_some_and(has_effect) => {
            out.push(Place { path: at, value, under: under.clone() });
        }
        // A call whose text may become a policy.
        Kind::Object(members) if matches!(members.as_slice(), [only] if functions::is_function(only) && has_policy_text(&only.value)) =>
        {
            out.push(Place { path: at, value, under: under.clone() });
        }
        _ if is_alone(value) => out.push(Place { path: at, value, under: under.clone() }),
        Kind::String(text) if is_policy_text(text) => out.push(Place { path: at, value, under: under.clone() }),
        Kind::Object(members) => {
            members.iter().for_each(|member| statements(&member.value, format!("{at}{dot}{}", member.key), under, out));
        }
        Kind::Array(elements) => {
            let all = elements.iter().enumerate();
            all.for_each(|(index, element)| statements(element, format!("{at}[{index}]"), under, out));
        }
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => {}
    }
}

/// Whether a value can be a policy: a document, a text that holds one, or a call that gives one.
pub(super) fn can_be_policy(value: &Value) -> bool {
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

/// Whether a text holds a policy document.
pub(in crate::sources) fn is_policy_text(text: &str) -> bool {
    let has = |word: &str| text.contains(&format!("\"{word}\"")) || text.contains(&format!("\\\"{word}\\\""));
    text.trim_start().starts_with('{') && has("Statement") && has("Effect")
}

/// Whether a text in a value, alone or among arguments, holds a policy document.
fn has_policy_text(value: &Value) -> bool {
    value.as_str().is_some_and(is_policy_text) || value.elements().is_some_and(|all| all.iter().any(has_policy_text))
}

/// Whether a part of a template has anything to do with policies.
pub(super) fn mentions_policies(value: &Value) -> bool {
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
    value.items().iter().any(|one| one.get("Effect").is_some() || is_call(one))
}
