//! Who can do what, as text and as JSON Lines.

use super::json::{SCHEMA, versions};
use crate::account::who_can::{Grant, Line, Summary};
use crate::catalog::Catalog;
use crate::diag::escape;
use crate::policy::request_json;
use serde_json::{Value, json};

/// One line of JSON a principal, the summary last.
pub fn json(lines: &[Line], summary: &Summary) -> Vec<Value> {
    let mut out: Vec<Value> = lines.iter().map(line).collect();
    out.push(json!({"schema": SCHEMA, "summary": {
        "principals": summary.principals,
        "can": summary.can,
        "cannot": summary.cannot,
        "unknown": summary.unknown,
        "roots": summary.roots,
        "outside": summary.outside,
        "milliseconds": summary.milliseconds,
    }, "proof": versions(Catalog::LATEST)}));
    out
}

fn grant(grant: &Grant) -> Value {
    let mut out = json!({"policy": grant.policy, "statementIndex": grant.statement_index});
    if let (Some(sid), Some(object)) = (&grant.statement_id, out.as_object_mut()) {
        object.insert("statementId".to_owned(), json!(sid));
    }
    out
}

/// One line of JSON.
pub(super) fn line(line: &Line) -> Value {
    let mut out = json!({
        "schema": SCHEMA,
        "principal": line.principal,
        "verdict": line.verdict.name(),
        "actions": line.actions,
        "resources": line.resources,
    });
    let Some(object) = out.as_object_mut() else { return out };
    if line.outside {
        object.insert("outside".to_owned(), json!(true));
    }
    if let Some(witness) = &line.witness {
        object.insert("witness".to_owned(), request_json::to_json(witness));
        object.insert("grants".to_owned(), line.grants.iter().map(grant).collect());
    }
    object.insert("notes".to_owned(), json!(line.notes));
    if !line.answers.is_empty() {
        let answers = line.answers.iter().map(|answer| {
            let mut out = json!({"action": answer.action, "verdict": answer.verdict.name()});
            if let Some(object) = out.as_object_mut() {
                if let Some(resource) = &answer.resource {
                    object.insert("resource".to_owned(), json!(resource));
                }
                if let Some(witness) = &answer.witness {
                    object.insert("witness".to_owned(), request_json::to_json(witness));
                }
            }
            out
        });
        object.insert("answers".to_owned(), answers.collect());
    }
    out
}

/// For people: who can, with what grants it; who cannot in one line each.
pub fn text(lines: &[Line], summary: &Summary) -> String {
    let mut out = String::new();
    let mut say = |text: String| {
        out.push_str(&escape::text(&text));
        out.push('\n');
    };
    for line in lines {
        let outside = if line.outside { " (outside)" } else { "" };
        say(format!("{:<7} {}{outside}", line.verdict.name(), line.principal));
        if let Some(witness) = &line.witness {
            say(format!("        {} on {}", witness.action, witness.resource));
        }
        for grant in &line.grants {
            let sid = grant.statement_id.as_ref().map(|sid| format!(" ({sid})")).unwrap_or_default();
            say(format!("        by {} statement {}{sid}", grant.policy, grant.statement_index));
        }
        if line.answers.len() > 1 && line.witness.is_some() {
            say(format!("        of what was asked: {}", line.actions.join(", ")));
        }
        for note in &line.notes {
            say(format!("        note: {note}"));
        }
    }
    let Summary { principals, can, cannot, unknown, roots, outside, milliseconds } = summary;
    let roots = if *roots == 1 { "the account's root".to_owned() } else { format!("{roots} account roots") };
    say(format!(
        "{principals} principals, {roots} among them: {can} can, {cannot} cannot (proved), {unknown} unknown; {outside} outside; {milliseconds} ms"
    ));
    out
}
