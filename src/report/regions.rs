//! A difference of access, for programs.
//!
//! A region can be read back from its members alone. A request is in it if and only if
//!
//! - its action is of `actions`, and the statement `by` matches it;
//! - the statement `deniedBy` matches it, where there is one;
//! - of each entry of `within` some statement of `anyOf` matches it;
//! - no statement of `except` matches it.
//!
//! Statements are given with their elements as written, those of a document of another version than 2012-10-17 (whose
//! `${..}` are texts) with their `Version`. For policies that stand alone that is all; the members of stacks
//! count under the rules of stacks. With `"exist": false` the action stands for actions that do not exist today.

use super::difference::{message, written};
use crate::catalog::Catalog;
use crate::policy::{Access, Policy, request_json};
use crate::question::difference::{Cause, Difference, Region};
use serde_json::{Map, Value, json};

/// The elements of a statement, in AWS's order.
const ELEMENTS: [&str; 7] = ["Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/// The version of documents whose statements have policy variables.
const VARIABLES: &str = "2012-10-17";

/// Whether the statements of a policy have policy variables, as its document's version says.
fn has_variables(policy: &Policy) -> bool {
    let text = policy.source.text.get(policy.span.start..policy.span.end).unwrap_or_default();
    let document: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
    document.get("Version").is_some_and(|version| version == VARIABLES)
}

/// A statement: where it stands, and its elements as written.
fn statement(access: &Access, number: usize) -> Map<String, Value> {
    let mut out = Map::new();
    let Some((member, statement)) = access.statement(number) else { return out };
    out.insert("statementIndex".to_owned(), json!(statement.index));
    out.insert("effect".to_owned(), json!(format!("{:?}", statement.effect)));
    if !access.is_alone() {
        out.insert("policy".to_owned(), json!(member.name));
    }
    if let Some(sid) = &statement.sid {
        out.insert("statementId".to_owned(), json!(sid));
    }
    let written = written(access, number);
    if !has_variables(&member.policy) {
        out.insert("Version".to_owned(), json!("2008-10-17"));
    }
    let elements = ELEMENTS.into_iter().filter_map(|name| Some((name.to_owned(), written.get(name)?.clone())));
    out.extend(elements);
    out
}

fn region(region: &Region, grants: &Access, unless: &Access) -> Value {
    let bounds = &region.bounds;
    let of_side = |other: bool| if other { unless } else { grants };
    let sided = |other: bool, number: usize| {
        let mut out = statement(of_side(other), number);
        out.insert("side".to_owned(), json!(if other { "other" } else { "same" }));
        Value::Object(out)
    };
    let mut out = Map::new();
    out.insert("actions".to_owned(), json!(region.actions));
    out.insert("exist".to_owned(), json!(region.exists));
    let by = bounds.statement.map(|number| statement(grants, number));
    let shown = |(name, _): &(&String, &Value)| ELEMENTS.contains(&name.as_str()) && !name.ends_with("Action");
    out.extend(by.iter().flatten().filter(shown).map(|(name, value)| (name.clone(), value.clone())));
    out.insert("by".to_owned(), by.map_or_else(|| json!({"principal": "root"}), Value::Object));
    match &bounds.cause {
        Cause::NotGranted => {}
        Cause::Denied(deny) => _ = out.insert("deniedBy".to_owned(), sided(true, *deny)),
        Cause::Closed(member) => {
            out.insert("notAllowedBy".to_owned(), json!({"side": "other", "policy": member}));
        }
    }
    if !bounds.within.is_empty() {
        let within = bounds.within.iter().map(|one| {
            let statements = one.statements.iter().map(|number| Value::Object(statement(of_side(one.other), *number)));
            let side = if one.other { "other" } else { "same" };
            json!({"side": side, "policy": one.name, "anyOf": statements.collect::<Vec<_>>()})
        });
        out.insert("within".to_owned(), Value::Array(within.collect()));
    }
    let except = bounds.except.iter().map(|one| sided(one.other, one.number));
    out.insert("except".to_owned(), Value::Array(except.collect()));
    if let Some(witness) = &region.witness {
        out.insert("witness".to_owned(), request_json::to_json(witness));
    }
    Value::Object(out)
}

/// For programs.
pub fn json(difference: &Difference, old: &Access, new: &Access) -> Value {
    let result = match (&difference.unknown, difference.added.is_empty() && difference.removed.is_empty()) {
        (Some(_), _) => "UNKNOWN",
        (None, true) => "PASS",
        (None, false) => "FAIL",
    };
    let added: Vec<Value> = difference.added.iter().map(|one| region(one, new, old)).collect();
    let removed: Vec<Value> = difference.removed.iter().map(|one| region(one, old, new)).collect();
    let proof = &difference.proof;
    let mut out = json!({
        "schema": super::json::SCHEMA,
        "check": "diff",
        "result": result,
        "message": message(difference, str::to_owned),
        "added": added,
        "removed": removed,
        "proof": super::json::proof(proof.engine, proof.obligations, proof.milliseconds, Catalog::LATEST),
    });
    if let (false, Some(object)) = (difference.notes.is_empty(), out.as_object_mut()) {
        object.insert("notes".to_owned(), json!(difference.notes));
    }
    out
}
