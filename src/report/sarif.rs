//! A listing as SARIF 2.1.0, which code-scanning services and editors read.
//!
//! One run; a rule for each code that occurs; columns from 1 in Unicode code points; paths relative to the folder that the
//! program runs in.
//!
//! Source: OASIS Standard "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".

use super::listing::{Item, Listing};
use crate::diag::Span;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The listing as one SARIF document.
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
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "leastwise",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": described,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }]
    })
}

fn rule(item: &Item) -> Value {
    let words = item.rule.to_ascii_lowercase().replace('_', " ");
    let security = if item.kind == "SECURITY_WARNING" { json!(["security", item.origin]) } else { json!([item.origin]) };
    json!({
        "id": item.rule,
        "shortDescription": {"text": words},
        "helpUri": item.link,
        "defaultConfiguration": {"level": item.level.name()},
        "properties": {"tags": security, "findingType": item.kind},
    })
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
    if let (false, Some(object)) = (related.is_empty(), out.as_object_mut()) {
        object.insert("relatedLocations".to_owned(), Value::Array(related));
    }
    out
}

fn place(item: &Item, span: Span) -> Value {
    let (start, end) = item.region(span);
    json!({
        "artifactLocation": {"uri": encoded(&item.uri())},
        "region": {"startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column},
    })
}

/// A path as a URI reference: what is not unreserved or a slash is percent-encoded (RFC 3986).
pub(super) fn encoded(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Level, Source};

    #[test]
    fn columns_count_code_points_and_uris_are_encoded() {
        let source = Source::new("a b/ü.json", "{\"é\": \"𐍈x\"}");
        let spans = vec![Span::new(7, 14)];
        let item = Item {
            rule: "R",
            level: Level::Error,
            kind: "ERROR",
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
}
