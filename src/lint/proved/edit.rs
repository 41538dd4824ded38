//! How is a statement changed for a question about a part of it?

use crate::diag::Span;
use crate::json::{Kind, Member, Value};

/// An object that stands nowhere.
pub(crate) fn object(members: impl IntoIterator<Item = (String, Value)>) -> Value {
    let member = |(key, value)| Member { key, key_span: Span::default(), value };
    Value { span: Span::default(), kind: Kind::Object(members.into_iter().map(member).collect()) }
}

/// A list that stands nowhere.
pub(crate) fn list(values: impl IntoIterator<Item = Value>) -> Value {
    Value { span: Span::default(), kind: Kind::Array(values.into_iter().collect()) }
}

/// A policy of these statements.
pub(crate) fn document(version: Option<&Value>, statements: &[Value]) -> Value {
    let version = version.map(|version| ("Version".to_owned(), version.clone()));
    object(version.into_iter().chain([("Statement".to_owned(), list(statements.iter().cloned()))]))
}

/// The value with a member set, or added at the end.
pub(crate) fn with(value: &Value, name: &str, to: Value) -> Value {
    let mut out = without(value, name);
    if let Kind::Object(members) = &mut out.kind {
        members.push(Member { key: name.to_owned(), key_span: Span::default(), value: to });
    }
    out
}

/// The value without a member.
pub(crate) fn without(value: &Value, name: &str) -> Value {
    let mut out = value.clone();
    if let Kind::Object(members) = &mut out.kind {
        members.retain(|member| member.key != name);
    }
    out
}

/// The statement as one that allows, without its Sid.
pub(crate) fn allowing(statement: &Value) -> Value {
    with(&without(statement, "Sid"), "Effect", Value::string("Allow"))
}

/// The statement without one key under one operator.
pub(crate) fn without_condition(statement: &Value, operator: &str, key: &str) -> Value {
    let Some(conditions) = statement.get("Condition") else { return statement.clone() };
    let block = conditions.get(operator).map(|block| without(block, key));
    let rest = match block {
        Some(block) if block.members().is_some_and(|members| !members.is_empty()) => with(conditions, operator, block),
        _ => without(conditions, operator),
    };
    match rest.members().is_some_and(|members| !members.is_empty()) {
        true => with(statement, "Condition", rest),
        false => without(statement, "Condition"),
    }
}

/// The statement with one more condition.
pub(crate) fn with_condition(statement: &Value, operator: &str, key: &str, value: Value) -> Value {
    let none = object([]);
    let conditions = statement.get("Condition").unwrap_or(&none);
    let block = conditions.get(operator).unwrap_or(&none);
    // The same key under the same operator would be another question.
    let block = with(block, key, value);
    with(statement, "Condition", with(conditions, operator, block))
}

/// A statement that denies all requests, to principals and resources as another statement has them.
pub(crate) fn denying_all(like: &Value) -> Value {
    let text = |name: &str, value: &str| (name.to_owned(), Value::string(value));
    let has = |name: &str, negated: &str| like.get(name).is_some() || like.get(negated).is_some();
    let principal = has("Principal", "NotPrincipal").then(|| text("Principal", "*"));
    let resource = has("Resource", "NotResource").then(|| text("Resource", "*"));
    object([text("Effect", "Deny"), text("Action", "*")].into_iter().chain(principal).chain(resource))
}
