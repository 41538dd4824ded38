//! A difference of access, for a terminal, for programs, and for a pull request.

use crate::policy::{Access, request_json};
use crate::question::difference::{Difference, Except, Region};
use anstyle::{AnsiColor, Style};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

const ADDED: Style = AnsiColor::Red.on_default().bold();
const REMOVED: Style = AnsiColor::Green.on_default().bold();

/// What is said in one sentence.
fn message(difference: &Difference) -> String {
    match (difference.added.len(), difference.removed.len(), &difference.unknown) {
        (_, _, Some(why)) => format!("The difference is unknown: {why}."),
        (0, 0, None) => "Both grant the same access.".to_owned(),
        (added, removed, None) => format!("Access added in {added} regions, removed in {removed}."),
    }
}

/// The statement as written, by its elements.
fn written(access: &Access, number: usize) -> Map<String, Value> {
    let Some((member, statement)) = access.statement(number) else { return Map::new() };
    let text = member.policy.source.text.get(statement.span.start..statement.span.end).unwrap_or_default();
    serde_json::from_str(text).unwrap_or_default()
}

fn name(access: &Access, number: usize) -> String {
    let Some((member, statement)) = access.statement(number) else { return String::new() };
    let of = if access.is_alone() { String::new() } else { format!(" of {}", member.name) };
    match &statement.sid {
        Some(sid) => format!("{:?} statement {} ({sid}){of}", statement.effect, statement.index),
        None => format!("{:?} statement {}{of}", statement.effect, statement.index),
    }
}

/// Who grants a region.
fn by(access: &Access, region: &Region) -> String {
    region
        .statement
        .map_or_else(|| "the account's root, which needs no identity policy".to_owned(), |number| name(access, number))
}

/// What is left out, in words.
fn except(region: &Region, grants: &Access, unless: &Access, other: &str) -> Vec<String> {
    let word = |one: &Except| {
        if !one.other {
            return format!("what {} covers", name(grants, one.number));
        }
        let verb = if unless.grants(one.number) { "grants" } else { "limits" };
        format!("what {} of the {other} policy {verb}", name(unless, one.number))
    };
    region.except.iter().map(word).collect()
}

/// Resources, principals and conditions of a region, each as `(element, JSON)`.
fn elements(access: &Access, region: &Region) -> Vec<(&'static str, Value)> {
    let statement = region.statement.map(|number| written(access, number)).unwrap_or_default();
    let names = ["Principal", "NotPrincipal", "Resource", "NotResource", "Condition"];
    names.into_iter().filter_map(|name| Some((name, statement.get(name)?.clone()))).collect()
}

/// For a terminal.
pub fn text(difference: &Difference, old: &Access, new: &Access) -> String {
    let mut out = format!("{}\n", message(difference));
    let sides = [(ADDED, "+", &difference.added, new, old, "old"), (REMOVED, "-", &difference.removed, old, new, "new")];
    for (style, sign, regions, grants, unless, other) in sides {
        for region in regions {
            let future = if region.exists { "" } else { " (does not exist today)" };
            let _ = writeln!(out, "\n{style}{sign} {}{style:#}{future}", region.actions.join(", "));
            for (element, value) in elements(grants, region) {
                let _ = writeln!(out, "    {element}: {value}");
            }
            let _ = writeln!(out, "    by {}", by(grants, region));
            for left_out in except(region, grants, unless, other) {
                let _ = writeln!(out, "    except {left_out}");
            }
        }
    }
    out
}

/// For a pull request.
pub fn markdown(difference: &Difference, old: &Access, new: &Access) -> String {
    let mut out = format!("### Access difference\n\n{}\n", message(difference));
    let sides = [("Added", &difference.added, new, old, "old"), ("Removed", &difference.removed, old, new, "new")];
    for (title, regions, grants, unless, other) in sides {
        if regions.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n#### {title}\n\n| actions | where | by | except |\n|---|---|---|---|");
        for region in regions {
            let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
            let actions: Vec<String> = region.actions.iter().map(|action| format!("`{action}`")).collect();
            let elements = elements(grants, region);
            let place: Vec<String> =
                elements.iter().map(|(name, value)| format!("{name} `{}`", cell(&value.to_string()))).collect();
            let left_out = except(region, grants, unless, other).join("; ");
            let by = by(grants, region);
            let _ = writeln!(out, "| {} | {} | {} | {} |", actions.join(" "), place.join("; "), cell(&by), cell(&left_out));
        }
    }
    out
}

/// For programs.
pub fn json(difference: &Difference, old: &Access, new: &Access) -> Value {
    let region = |region: &Region, grants: &Access, unless: &Access| {
        let mut out = json!({"actions": region.actions, "exist": region.exists});
        let place = |access: &Access, number: usize| {
            let Some((member, statement)) = access.statement(number) else { return json!({}) };
            let mut out = json!({"statementIndex": statement.index, "effect": format!("{:?}", statement.effect)});
            if let Some(object) = out.as_object_mut() {
                if !access.is_alone() {
                    object.insert("policy".to_owned(), json!(member.name));
                }
                if let Some(sid) = &statement.sid {
                    object.insert("statementId".to_owned(), json!(sid));
                }
            }
            out
        };
        if let Some(object) = out.as_object_mut() {
            object.extend(elements(grants, region).into_iter().map(|(name, value)| (name.to_owned(), value)));
            let root = || json!({"principal": "root"});
            object.insert("by".to_owned(), region.statement.map_or_else(root, |number| place(grants, number)));
            let left_out = |one: &Except| {
                let mut out = if one.other { place(unless, one.number) } else { place(grants, one.number) };
                if let Some(object) = out.as_object_mut() {
                    object.insert("side".to_owned(), json!(if one.other { "other" } else { "same" }));
                }
                out
            };
            object.insert("except".to_owned(), Value::Array(region.except.iter().map(left_out).collect()));
            if let Some(witness) = &region.witness {
                object.insert("witness".to_owned(), request_json::to_json(witness));
            }
        }
        out
    };
    let result = match (&difference.unknown, difference.added.is_empty() && difference.removed.is_empty()) {
        (Some(_), _) => "UNKNOWN",
        (None, true) => "PASS",
        (None, false) => "FAIL",
    };
    let added: Vec<Value> = difference.added.iter().map(|one| region(one, new, old)).collect();
    let removed: Vec<Value> = difference.removed.iter().map(|one| region(one, old, new)).collect();
    let proof = &difference.proof;
    json!({
        "check": "diff",
        "result": result,
        "message": message(difference),
        "added": added,
        "removed": removed,
        "proof": super::json::proof(proof.engine, proof.obligations, proof.milliseconds),
    })
}
