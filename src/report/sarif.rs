//! Findings as SARIF 2.1.0, which code-scanning services and editors read: those of `validate` ([`sarif`]), and all others
//! ([`gate`]).
//!
//! One run; columns from 1 in Unicode code points; paths relative to the folder that the program runs in; fingerprints that
//! stay the same while a policy moves in its file.
//!
//! Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0"; GitHub, "SARIF support for code
//! scanning".

use super::gate::{Findings, Place, fingerprint, place as place_of};
use super::listing::{Item, Listing};
use crate::diag::{Finding, Rule, Span};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Where the documentation of this version is.
const DOCS: &str = concat!("https://docs.rs/crate/leastwise/", env!("CARGO_PKG_VERSION"), "/source/docs");

/// What `validate` finds: a rule for each code that occurs.
pub fn sarif(listing: &Listing) -> Value {
    let mut rules: BTreeMap<&str, &Item> = BTreeMap::new();
    for item in &listing.items {
        rules.entry(item.rule).or_insert(item);
    }
    let numbers: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(number, rule)| (*rule, number)).collect();
    let described: Vec<Value> = rules.values().map(|item| rule(item)).collect();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let results: Vec<Value> = listing
        .items
        .iter()
        .map(|item| {
            let count = seen.entry(item.fingerprint(0)).or_default();
            let print = item.fingerprint(*count);
            *count += 1;
            result(item, numbers.get(item.rule).copied().unwrap_or_default(), &print)
        })
        .collect();
    log(described, results, &[])
}

fn rule(item: &Item) -> Value {
    let words = item.rule.to_ascii_lowercase().replace('_', " ");
    let security = if item.kind() == "SECURITY_WARNING" { json!(["security", item.origin]) } else { json!([item.origin]) };
    let (kind, from) = (item.kind(), if item.origin == "aws" { "AWS's ValidatePolicy" } else { "Leastwise, which proves it" });
    let about = format!("A finding of the type {kind}, by a check of {from}: {words}.");
    let help = format!("{about} The message of each finding says what is wrong and what to do. See {}.", item.link);
    let markdown = format!("{about} The message of each finding says what is wrong and what to do: [more]({}).", item.link);
    json!({
        "id": item.rule,
        "name": camel(item.rule),
        "shortDescription": {"text": words},
        "fullDescription": {"text": about},
        "help": {"text": help, "markdown": markdown},
        "helpUri": item.link,
        "defaultConfiguration": {"level": item.level.name()},
        "properties": {"tags": security, "findingType": kind, "precision": "very-high"},
    })
}

/// A name in Pascal case, as SARIF's advice for rules has it.
fn camel(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters.map(|letter| letter.to_ascii_lowercase())).collect::<String>()
    };
    // One word is a name that has its capitals already.
    if name.contains(['-', '_']) { name.split(['-', '_']).map(word).collect() } else { name.to_owned() }
}

fn result(item: &Item, rule: usize, print: &str) -> Value {
    let mut out = json!({
        "ruleId": item.rule,
        "ruleIndex": rule,
        "level": item.level.name(),
        "message": {"text": item.message},
        "locations": [{"physicalLocation": place(item, item.span())}],
        "partialFingerprints": {"leastwise/v1": print},
    });
    let related = item.spans.get(1..).unwrap_or_default().iter().enumerate();
    let related: Vec<Value> =
        related.map(|(number, span)| json!({"id": number, "physicalLocation": place(item, *span)})).collect();
    extend(&mut out, (!related.is_empty()).then(|| ("relatedLocations", Value::Array(related))));
    out
}

fn place(item: &Item, span: Span) -> Value {
    let (start, end) = item.region(span);
    physical(&item.uri(), [(start.line, start.column), (end.line, end.column)])
}

/// What `check` finds: every rule; approved findings are results with an accepted suppression.
pub fn gate(findings: &Findings<'_>) -> Value {
    let rules: Vec<Value> = findings.rules.iter().map(|rule| gate_rule(rule, findings.check)).collect();
    let results: Vec<Value> = findings.all.iter().map(|finding| gate_result(finding, findings.rules)).collect();
    let base = json!({"SRCROOT": {"description": {"text": "the folder that leastwise ran in"}}});
    log(rules, results, &[("originalUriBaseIds", base), ("properties", json!({"summary": findings.summary()}))])
}

fn gate_rule(rule: &Rule, check: &str) -> Value {
    let page = if check == "check" {
        "check.md"
    } else if check == "findings" {
        "account.md"
    } else {
        "gate.md"
    };
    let link = format!("{DOCS}/{page}");
    let what = match check {
        "check" => format!("An approval with a reason, in leastwise.toml or as a comment, keeps it from counting. See {link}."),
        "findings" => format!("An exclusion with a reason, in a file for --exclude, leaves it out. See {link}."),
        _ => format!("The finding has a request that shows it. See {link}."),
    };
    json!({
        "id": rule.id,
        "name": camel(rule.id),
        "shortDescription": {"text": rule.about},
        "fullDescription": {"text": format!("{} An answer is proved, or shown by a request that was replayed; what stays open is said.", rule.about)},
        "defaultConfiguration": {"level": rule.level.name()},
        "help": {"text": format!("{} {what}", rule.about)},
        "helpUri": link,
        "properties": {"tags": ["security", "iam"], "precision": "very-high"},
    })
}

fn gate_result(finding: &Finding, rules: &[Rule]) -> Value {
    let Place { path, start, end } = place_of(finding);
    let mut text = finding.message.clone();
    for note in &finding.notes {
        text.push_str(&format!(" Note: {}.", note.trim_end_matches('.')));
    }
    let mut physical = physical(&path, [start, end]);
    physical["artifactLocation"]["uriBaseId"] = json!("SRCROOT");
    let mut location = json!({"physicalLocation": physical});
    let logical = json!([{"fullyQualifiedName": finding.subject, "kind": "resource"}]);
    extend(&mut location, (!finding.subject.is_empty()).then_some(("logicalLocations", logical)));
    let mut out = json!({
        "ruleId": finding.rule,
        "level": finding.level.name(),
        "message": {"text": text},
        "locations": [location],
        "partialFingerprints": {"leastwise/v1": fingerprint(finding)},
    });
    let index = rules.iter().position(|rule| rule.id == finding.rule).map(|index| ("ruleIndex", json!(index)));
    let witness = finding.witness.as_ref().map(|witness| ("properties", json!({"request": witness})));
    let accepted = |reason: &String| json!([{"kind": "external", "status": "accepted", "justification": reason}]);
    let suppressed = finding.suppressed.as_ref().map(|reason| ("suppressions", accepted(reason)));
    extend(&mut out, index.into_iter().chain(witness).chain(suppressed));
    out
}

/// One run: what describes the rules, what was found, and what else is said of the run.
fn log(rules: Vec<Value>, results: Vec<Value>, more: &[(&str, Value)]) -> Value {
    let mut run = json!({
        "tool": {"driver": {
            "name": "leastwise",
            "informationUri": "https://docs.rs/crate/leastwise",
            "version": env!("CARGO_PKG_VERSION"),
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "rules": rules,
        }},
        "columnKind": "unicodeCodePoints",
        "results": results,
    });
    extend(&mut run, more.iter().cloned());
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    })
}

/// Adds members to an object.
fn extend<'n>(object: &mut Value, more: impl IntoIterator<Item = (&'n str, Value)>) {
    if let Some(object) = object.as_object_mut() {
        object.extend(more.into_iter().map(|(name, value)| (name.to_owned(), value)));
    }
}

/// A place in a file, lines and columns from 1.
fn physical(path: &str, [start, end]: [(usize, usize); 2]) -> Value {
    json!({
        "artifactLocation": {"uri": encoded(path)},
        "region": {"startLine": start.0, "startColumn": start.1, "endLine": end.0, "endColumn": end.1},
    })
}

/// A path as a URI reference: what is not unreserved or a slash is percent-encoded (RFC 3986).
fn encoded(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Level, Source};
    use crate::lint::FindingType;

    #[test]
    fn columns_count_code_points_and_uris_are_encoded() {
        let source = Source::new("a b/ü.json", "{\"é\": \"𐍈x\"}");
        let spans = vec![Span::new(7, 14)];
        let item = Item {
            rule: "R",
            level: Level::Error,
            of: FindingType::Error,
            message: "m".into(),
            link: String::new(),
            origin: "aws",
            source,
            spans,
        };
        let shown = sarif(&Listing { items: vec![item.clone(), item] });
        let result = &shown["runs"][0]["results"][0];
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "a%20b/%C3%BC.json");
        assert_eq!(place["region"]["startColumn"], 7);
        assert_eq!(place["region"]["endColumn"], 11);
        let other = &shown["runs"][0]["results"][1];
        assert_ne!(result["partialFingerprints"], other["partialFingerprints"]);
        assert_eq!(shown["runs"][0]["tool"]["driver"]["rules"].as_array().map(Vec::len), Some(1));
    }

    #[test]
    fn places_and_uris_are_those_of_the_standard() {
        let finding = Finding {
            rule: "r".to_owned(),
            level: Level::Warning,
            message: "m".to_owned(),
            subject: "S".to_owned(),
            source: Source::new("a b/é.json", "é😀x"),
            span: Span::new(6, 7),
            basis: String::new(),
            witness: None,
            notes: vec!["n".to_owned()],
            suppressed: Some("why".to_owned()),
        };
        let rules = [Rule { id: "r", level: Level::Error, about: "About." }];
        let all = [finding];
        let log = gate(&Findings {
            check: "check",
            all: &all,
            rules: &rules,
            files: 1,
            policies: 1,
            fail_on: Level::Error,
            counted: None,
            headline: None,
        });
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
