//! Findings as SARIF 2.1.0, for code scanning.
//!
//! Columns count Unicode code points from 1 (`columnKind`), URIs are relative to the checked-out root, and fingerprints
//! stay the same while a policy moves in its file. Approved findings are results with an accepted suppression.
//!
//! Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0"; GitHub, "SARIF support for code
//! scanning".

use super::gate::{Findings, Place, fingerprint, place};
use super::sarif::encoded;
use crate::diag::{Finding, Rule};
use serde_json::{Value, json};

/// The log of one run.
pub fn log(findings: &Findings<'_>) -> Value {
    let rules: Vec<Value> = findings.rules.iter().map(rule).collect();
    let results: Vec<Value> = findings.all.iter().map(|finding| result(finding, findings.rules)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "leastwise",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {"SRCROOT": {"description": {"text": "the folder that leastwise ran in"}}},
            "results": results,
            "properties": {"summary": findings.summary()},
        }],
    })
}

fn rule(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "name": rule.id,
        "shortDescription": {"text": rule.about},
        "fullDescription": {"text": rule.about},
        "defaultConfiguration": {"level": rule.level.name()},
        "help": {"text": rule.about},
    })
}

fn result(finding: &Finding, rules: &[Rule]) -> Value {
    let Place { path, start, end } = place(finding);
    let mut text = finding.message.clone();
    for note in &finding.notes {
        text.push_str(&format!(" Note: {note}."));
    }
    let location = json!({
        "physicalLocation": {
            "artifactLocation": {"uri": encoded(&path), "uriBaseId": "SRCROOT"},
            "region": {"startLine": start.0, "startColumn": start.1, "endLine": end.0, "endColumn": end.1},
        },
        "logicalLocations": [{"fullyQualifiedName": finding.subject, "kind": "resource"}],
    });
    let mut out = json!({
        "ruleId": finding.rule,
        "level": finding.level.name(),
        "message": {"text": text},
        "locations": [location],
        "partialFingerprints": {"leastwise/v1": fingerprint(finding)},
    });
    if let Some(object) = out.as_object_mut() {
        if let Some(index) = rules.iter().position(|rule| rule.id == finding.rule) {
            object.insert("ruleIndex".to_owned(), json!(index));
        }
        if let Some(witness) = &finding.witness {
            object.insert("properties".to_owned(), json!({"request": witness}));
        }
        if let Some(reason) = &finding.suppressed {
            let kind = json!([{"kind": "external", "status": "accepted", "justification": reason}]);
            object.insert("suppressions".to_owned(), kind);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Level, Source, Span};

    #[test]
    fn places_and_uris_are_those_of_the_standard() {
        let finding = Finding {
            rule: "r".to_owned(),
            level: Level::Warning,
            message: "m".to_owned(),
            subject: "S".to_owned(),
            source: Source::new("a b/é.json", "é😀x"),
            span: Span::new(6, 7),
            witness: None,
            notes: vec!["n".to_owned()],
            suppressed: Some("why".to_owned()),
        };
        let rules = [Rule { id: "r", level: Level::Error, about: "About." }];
        let all = [finding];
        let log = log(&Findings { check: "check", all: &all, rules: &rules, files: 1, policies: 1, fail_on: Level::Error });
        let run = &log["runs"][0];
        assert_eq!(run["columnKind"], "unicodeCodePoints");
        let result = &run["results"][0];
        let location = &result["locations"][0]["physicalLocation"];
        assert_eq!(location["artifactLocation"]["uri"], "a%20b/%C3%A9.json");
        assert_eq!(location["region"], json!({"startLine": 1, "startColumn": 3, "endLine": 1, "endColumn": 4}));
        assert_eq!((&result["ruleIndex"], &result["level"]), (&json!(0), &json!("warning")));
        assert_eq!(result["suppressions"][0]["justification"], "why");
        assert_eq!(result["message"]["text"], "m Note: n.");
    }
}
