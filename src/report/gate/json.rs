//! For programs: one object.

use super::{Findings, Place, fingerprint, place};
use crate::catalog::Catalog;
use crate::diag::{Finding, Level};
use crate::report::json::{SCHEMA, versions};
use serde_json::{Value, json};

/// The findings as JSON.
pub fn json(findings: &Findings<'_>) -> Value {
    let one = |finding: &Finding| {
        let Place { path, start, end } = place(finding);
        let mut out = json!({
            "rule": finding.rule,
            "level": finding.level.name(),
            "message": finding.message,
            "policy": finding.subject,
            "path": path,
            "span": {"start": {"line": start.0, "column": start.1}, "end": {"line": end.0, "column": end.1}},
            "fingerprint": fingerprint(finding),
        });
        if let Some(object) = out.as_object_mut() {
            let mut put = |key: &str, value: Option<Value>| value.map(|value| object.insert(key.to_owned(), value));
            put("witness", finding.witness.clone());
            put("notes", (!finding.notes.is_empty()).then(|| json!(finding.notes)));
            put("approved", finding.suppressed.as_ref().map(|reason| json!(reason)));
        }
        out
    };
    json!({
        "schema": SCHEMA,
        "check": findings.check,
        "result": findings.result(),
        "findings": findings.all.iter().map(one).collect::<Vec<_>>(),
        "summary": {
            "files": findings.files,
            "policies": findings.policies,
            "errors": findings.of(Level::Error),
            "warnings": findings.of(Level::Warning),
            "notes": findings.of(Level::Note),
            "approved": findings.approved(),
        },
        "proof": versions(Catalog::LATEST),
    })
}
