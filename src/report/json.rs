//! Results as JSON: the contract that scripts depend on. Members stand in a fixed order.

use crate::catalog::Catalog;
use crate::diag::Diagnostic;
use crate::diag::deadline::Expired;
use crate::policy::{Access, request_json};
use crate::question::confirm::Checked;
use crate::question::outside_access::{Finding, Outside};
use crate::question::{Engine, Lifted, Outcome, Reason, Settings, Verdict};
use crate::refine::Refinement;
use crate::refine::obligations::{Failure, Obligation};
use crate::smt;
use serde_json::{Map, Value, json};

/// The version of the form of answers and errors: their first member, after the `id` of a line. It changes when a member
/// goes or means something else, not when one comes.
pub const SCHEMA: u32 = 1;

/// The program and its version.
pub const TOOL: &str = concat!("leastwise ", env!("CARGO_PKG_VERSION"));

/// A verdict.
pub fn outcome(outcome: &Outcome) -> Value {
    let mut out = Map::new();
    out.insert("schema".to_owned(), json!(SCHEMA));
    out.insert("check".to_owned(), json!(outcome.check));
    let result = match &outcome.verdict {
        Verdict::Pass => "PASS",
        Verdict::Fail { .. } => "FAIL",
        Verdict::Unknown(_) => "UNKNOWN",
    };
    out.insert("result".to_owned(), json!(result));
    out.insert("message".to_owned(), json!(outcome.message));
    if let Verdict::Fail { reasons, witness } = &outcome.verdict {
        let reasons: Vec<Value> = reasons
            .iter()
            .map(|reason| {
                let mut out = json!({"description": reason.description, "statementIndex": reason.statement_index});
                if let (Some(policy), Some(object)) = (&reason.policy, out.as_object_mut()) {
                    object.insert("policy".to_owned(), json!(policy));
                }
                if let (Some(sid), Some(object)) = (&reason.statement_id, out.as_object_mut()) {
                    object.insert("statementId".to_owned(), json!(sid));
                }
                if let Some(object) = out.as_object_mut() {
                    details(object, reason);
                }
                out
            })
            .collect();
        out.insert("reasons".to_owned(), Value::Array(reasons));
        out.insert("witness".to_owned(), request_json::to_json(witness));
    }
    if !outcome.notes.is_empty() {
        out.insert("notes".to_owned(), json!(outcome.notes));
    }
    let proof = &outcome.proof;
    let mut shown = self::proof(proof.engine, proof.obligations, proof.milliseconds, Catalog::LATEST);
    if let (Some(checked), Verdict::Pass, Some(object)) = (&outcome.checked, &outcome.verdict, shown.as_object_mut()) {
        object.insert("checkedByZ3".to_owned(), self::checked(checked));
    }
    out.insert("proof".to_owned(), shown);
    Value::Object(out)
}

/// What of a statement is to blame, and what no longer keeps it away.
fn details(out: &mut Map<String, Value>, reason: &Reason) {
    if !reason.actions.is_empty() {
        out.insert(if reason.not_action { "notActions" } else { "actions" }.to_owned(), json!(reason.actions));
    }
    if !reason.principals.is_empty() {
        let principals = reason.principals.iter().map(|(kind, who)| json!({*kind: who}));
        out.insert("principals".to_owned(), Value::Array(principals.collect()));
    }
    let lifted = |lifted: &Lifted| {
        let mut out = Map::new();
        out.insert("description".to_owned(), json!(lifted.description));
        out.extend(lifted.policy.as_ref().map(|policy| ("policy".to_owned(), json!(policy))));
        out.extend(lifted.statement_index.map(|index| ("statementIndex".to_owned(), json!(index))));
        out.extend(lifted.statement_id.as_ref().map(|sid| ("statementId".to_owned(), json!(sid))));
        Value::Object(out)
    };
    if !reason.lifted.is_empty() {
        out.insert("lifted".to_owned(), Value::Array(reason.lifted.iter().map(lifted).collect()));
    }
}

/// What Z3 checked: how many lemmas and propositional formulas, and whether it confirmed the groups of actions.
fn checked(checked: &Checked) -> Value {
    json!({"lemmas": checked.lemmas, "propositional": checked.propositional, "actionGroups": checked.classes})
}

/// The code of what has no verdict and was not done within its budget.
pub const OUT_OF_BUDGET: &str = "out-of-budget";

/// The verdict of a check that was left before it came to one; `None` for what has no verdict.
pub fn out_of_budget(check: &str, expired: &Expired) -> Option<Value> {
    let check = check.strip_prefix("check-").unwrap_or(check);
    let known = CHECKS.contains(&check);
    known.then(|| {
        let message = format!("The answer is unknown: {expired}.");
        json!({"schema": SCHEMA, "check": check, "result": "UNKNOWN", "message": message, "proof": versions(Catalog::LATEST)})
    })
}

/// The checks that end in a verdict.
const CHECKS: [&str; 8] =
    ["no-new-access", "access-not-granted", "no-public-access", "outside-access", "equivalent", "diff", "refine", "verify"];

/// Who outside a zone of trust gets access.
pub fn outside(access: &Access, outside: &Outside) -> Value {
    let (result, message) = match (outside.findings.is_empty(), &outside.unknown) {
        (true, None) => ("PASS", "Nobody outside the zone of trust gets access.".to_owned()),
        (true, Some(why)) => ("UNKNOWN", format!("Whether somebody outside gets access is unknown: {why}.")),
        (false, _) => ("FAIL", "Somebody outside the zone of trust gets access.".to_owned()),
    };
    let finding = |finding: &Finding| {
        let (kind, who) = &finding.principal;
        let mut out = json!({"principal": {*kind: who}, "isPublic": finding.is_public, "service": finding.service});
        if let (Some((member, statement)), Some(object)) = (access.statement(finding.number), out.as_object_mut()) {
            let action = if statement.action.negated { "notAction" } else { "action" };
            object.insert(action.to_owned(), json!(finding.actions));
            let source = &member.policy.source;
            let written = source.text.get(statement.span.start..statement.span.end).unwrap_or_default();
            let written: Value = serde_json::from_str(written).unwrap_or_default();
            object.insert("condition".to_owned(), written.get("Condition").cloned().unwrap_or_else(|| json!({})));
            if !access.is_alone() {
                object.insert("policy".to_owned(), json!(member.name));
            }
            object.insert("statementIndex".to_owned(), json!(statement.index));
            if let Some(sid) = &statement.sid {
                object.insert("statementId".to_owned(), json!(sid));
            }
        }
        if let Some(object) = out.as_object_mut() {
            object.insert("witness".to_owned(), request_json::to_json(&finding.witness));
            if !finding.notes.is_empty() {
                object.insert("notes".to_owned(), json!(finding.notes));
            }
        }
        out
    };
    let findings: Vec<Value> = outside.findings.iter().map(finding).collect();
    let mut out =
        json!({"schema": SCHEMA, "check": "outside-access", "result": result, "message": message, "findings": findings});
    if let Some(object) = out.as_object_mut() {
        let more = outside.unknown.iter().filter(|_| !outside.findings.is_empty());
        let more = more.map(|why| format!("there may be more findings, something is unknown: {why}"));
        let notes: Vec<String> = outside.notes.iter().cloned().chain(more).collect();
        if !notes.is_empty() {
            object.insert("notes".to_owned(), json!(notes));
        }
        let proof = &outside.proof;
        let mut shown = self::proof(proof.engine, proof.obligations, proof.milliseconds, Catalog::LATEST);
        if let (Some(checked), Some(shown)) = (&outside.checked, shown.as_object_mut()) {
            shown.insert("checkedByZ3".to_owned(), self::checked(checked));
        }
        object.insert("proof".to_owned(), shown);
    }
    out
}

/// What a verdict rests on; the catalog by its date.
pub(super) fn proof(engine: &str, obligations: usize, milliseconds: f64, catalog: &str) -> Value {
    let mut out = json!({"engine": engine, "obligations": obligations, "z3": smt::version(), "milliseconds": milliseconds});
    if let (Some(object), Value::Object(versions)) = (out.as_object_mut(), versions(catalog)) {
        object.extend(versions);
    }
    out
}

/// What made an answer; the catalog by its date.
pub fn versions(catalog: &str) -> Value {
    json!({"z3": smt::version(), "tool": TOOL, "catalog": catalog})
}

fn proved(obligations: &[Obligation], settings: &Settings, catalog: &Catalog) -> Value {
    let queries = obligations.iter().map(|obligation| obligation.queries).sum();
    let milliseconds: f64 = obligations.iter().map(|obligation| obligation.milliseconds).sum();
    let mut out = proof(
        if settings.engine == Engine::Auto { "z3" } else { settings.engine.name() },
        queries,
        (milliseconds * 1e3).round() / 1e3,
        &catalog.date,
    );
    let each: Vec<Value> = obligations
        .iter()
        .map(|proved| {
            let mut out = json!({"id": proved.id, "statement": proved.statement, "queries": proved.queries});
            if let Some(object) = out.as_object_mut() {
                if proved.id != "O4" {
                    object.insert("checkedByZ3".to_owned(), self::checked(&proved.checked));
                }
                object.insert("milliseconds".to_owned(), json!(proved.milliseconds));
            }
            out
        })
        .collect();
    if let Some(object) = out.as_object_mut() {
        object.insert("proved".to_owned(), Value::Array(each));
    }
    out
}

fn catalog_value(catalog: &Catalog) -> Value {
    json!({"name": catalog.name, "date": catalog.date})
}

/// A refined policy with its proof.
pub fn refinement(refinement: &Refinement, catalog: &Catalog, settings: &Settings) -> Value {
    let changes: Vec<Value> = refinement
        .changes
        .iter()
        .map(|change| {
            json!({"statementIndex": change.statement_index, "pattern": change.pattern, "replacedBy": change.replaced_by})
        })
        .collect();
    let policy: Value = serde_json::from_str(&refinement.policy.to_string()).unwrap_or(Value::Null);
    json!({
        "schema": SCHEMA,
        "check": "refine",
        "result": "PASS",
        "message": if refinement.is_empty { EMPTY } else { REFINED },
        "policy": policy,
        "recommendedAction": if refinement.is_empty { "DETACH_POLICY" } else { "CREATE_POLICY" },
        "changes": changes,
        "notes": refinement.notes,
        "catalog": catalog_value(catalog),
        "proof": proved(&refinement.obligations, settings, catalog),
    })
}

/// What is said of a refined policy that grants something.
pub const REFINED: &str = "The refined policy is the original without the unused permissions.";
/// What is said of one that grants nothing any more.
pub const EMPTY: &str = "Nothing that the policy grants is in use: detach it.";
/// What is said of a verified policy.
pub const VERIFIED: &str = "The refined policy is the original without the unused permissions, and least general.";

/// A refined policy from anywhere that was proved.
pub fn verified(obligations: &[Obligation], catalog: &Catalog, settings: &Settings) -> Value {
    json!({
        "schema": SCHEMA,
        "check": "verify",
        "result": "PASS",
        "message": VERIFIED,
        "catalog": catalog_value(catalog),
        "proof": proved(obligations, settings, catalog),
    })
}

/// An obligation that was refuted or left open.
pub fn failure(check: &str, failure: &Failure, catalog: &Catalog) -> Value {
    let mut out = json!({
        "schema": SCHEMA,
        "check": check,
        "result": if failure.unknown { "UNKNOWN" } else { "FAIL" },
        "message": failure.message,
        "failedObligation": failure.id,
    });
    if let Some(object) = out.as_object_mut() {
        if let Some(witness) = &failure.witness {
            object.insert("witness".to_owned(), request_json::to_json(witness));
        }
        object.insert("catalog".to_owned(), catalog_value(catalog));
        object.insert("proof".to_owned(), versions(&catalog.date));
    }
    out
}

/// An error: the first diagnostic, with those after it in `more`.
pub fn errors(found: &[Diagnostic]) -> Value {
    let mut each = found.iter().map(diagnostic);
    let mut first = each.next().unwrap_or_else(|| json!({"code": "bad-input", "message": "the input cannot be used"}));
    let more: Vec<Value> = each.collect();
    if let (Some(object), false) = (first.as_object_mut(), more.is_empty()) {
        object.insert("more".to_owned(), Value::Array(more));
    }
    error(first)
}

/// An error, by its members.
pub fn error(members: Value) -> Value {
    json!({"schema": SCHEMA, "error": members})
}

/// A diagnostic.
pub fn diagnostic(diagnostic: &Diagnostic) -> Value {
    let mut out = json!({"code": diagnostic.code, "message": diagnostic.message, "help": diagnostic.help});
    if let (Some(at), Some(source), Some(object)) = (diagnostic.line_column(), &diagnostic.source, out.as_object_mut()) {
        object.insert("file".to_owned(), json!(&*source.name));
        object.insert("line".to_owned(), json!(at.line));
        object.insert("column".to_owned(), json!(at.column));
    }
    out
}
