//! `validate` says what AWS's ValidatePolicy says: measured on AWS's own findings, where the corpus is, place and span
//! included, and on small policies with the codes that they must get.

use crate::support::{corpus, lines};
use leastwise::diag::{Budget, Source};
use leastwise::lint::{Finding, Origin, PolicyType, RULES, ResourceType, Selection, validate};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// JSON as Python's `json.dumps` writes it, which AWS's spans are of.
fn dumps(value: &Value) -> String {
    match value {
        Value::Array(list) => format!("[{}]", list.iter().map(dumps).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let member = |(key, value): (&String, &Value)| format!("{}: {}", Value::from(key.as_str()), dumps(value));
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(", "))
        }
        Value::String(text) => {
            let mut out = String::new();
            for c in Value::from(text.as_str()).to_string().chars() {
                if c.is_ascii() {
                    out.push(c);
                    continue;
                }
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}").unwrap();
                }
            }
            out
        }
        other => other.to_string(),
    }
}

fn of_aws() -> Selection {
    Selection { aws_only: true, ..Selection::default() }
}

fn findings(source: &Source, kind: PolicyType, of: Option<ResourceType>) -> Vec<Finding> {
    validate(source, &Budget::default(), kind, of, &of_aws()).unwrap()
}

/// Codes that say what AWS's catalog of one week had.
const DATED: [&str; 6] = [
    "INVALID_ACTION",
    "INVALID_SERVICE_IN_ACTION",
    "INVALID_SERVICE",
    "INVALID_SERVICE_CONDITION_KEY",
    "INVALID_GLOBAL_CONDITION_KEY",
    "INVALID_ARN_RESOURCE",
];

/// Type, code and places of findings, as lines that can be compared.
fn shown<'v>(all: impl IntoIterator<Item = &'v Value>) -> BTreeSet<String> {
    let one = |finding: &Value| {
        format!(
            "{} {} {}",
            finding["findingType"].as_str().unwrap(),
            finding["issueCode"].as_str().unwrap(),
            finding["locations"]
        )
    };
    all.into_iter().map(one).collect()
}

fn undated(lines: &BTreeSet<String>) -> BTreeSet<&String> {
    lines.iter().filter(|line| !DATED.contains(&line.split(' ').nth(1).unwrap())).collect()
}

#[test]
fn agreement_with_the_findings_that_aws_published() {
    let Some(folder) = corpus("agreement_with_the_findings_that_aws_published") else { return };
    let all = lines(&folder.join("validate-findings.jsonl.zst"));
    let (mut exact, mut but_dated, mut differences) = (0, 0, BTreeMap::<String, usize>::new());
    let mut listed = String::new();
    for line in &all {
        let source = Source::new("policy", dumps(&line["document"]));
        let own: Vec<Value> = findings(&source, PolicyType::Identity, None).iter().map(|finding| finding.json(&source)).collect();
        let (own, expected) = (shown(&own), shown(line["findings"].as_array().unwrap()));
        exact += usize::from(own == expected);
        but_dated += usize::from(undated(&own) == undated(&expected));
        for (sign, line_of) in
            own.difference(&expected).map(|it| ("extra", it)).chain(expected.difference(&own).map(|it| ("missing", it)))
        {
            *differences.entry(format!("{sign} {}", line_of.split(' ').nth(1).unwrap())).or_default() += 1;
            writeln!(listed, "{sign} {} {}", line["policy"].as_str().unwrap(), line_of.chars().take(230).collect::<String>())
                .unwrap();
        }
    }
    let count = all.len();
    eprintln!("{listed}");
    for (what, times) in &differences {
        eprintln!("{times:5} {what}");
    }
    eprintln!("{exact} of {count} policies exactly, {but_dated} but for codes that depend on the catalog's date");
    assert!(but_dated * 1000 >= count * 990, "{but_dated} of {count}");
    assert!(exact * 100 >= count * 97, "{exact} of {count}");
}

/// The small policies of the corpus: exactly the codes that they are written for.
#[test]
fn the_cases_of_the_corpus() {
    let Some(folder) = corpus("the_cases_of_the_corpus") else { return };
    let text = std::fs::read_to_string(folder.join("validate_cases.jsonl")).unwrap();
    let mut wrong = Vec::new();
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let text = case["policy"].as_str().map_or_else(|| dumps(&case["policy"]), str::to_owned);
        let source = Source::new("policy", text);
        let kind = PolicyType::named(case["policyType"].as_str().unwrap()).unwrap();
        let of = case["resourceType"].as_str().map(|name| ResourceType::named(name).unwrap());
        let codes: BTreeSet<&str> = findings(&source, kind, of).iter().map(|finding| finding.code).collect();
        let expected: BTreeSet<&str> = case["expect"].as_array().unwrap().iter().map(|code| code.as_str().unwrap()).collect();
        if codes != expected {
            wrong.push(json!([case["id"], codes, expected]));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The text at a span.
fn at(source: &Source, span: leastwise::diag::Span) -> &str {
    &source.text[span.start..span.end]
}

/// One policy a code that gets it, at these places, and one that does not.
#[test]
fn every_code_is_found_where_it_must_and_is_silent_where_it_must() {
    let text = include_str!("../../fixtures/validate/rules.jsonl");
    let mut seen = BTreeSet::new();
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let code = case["code"].as_str().unwrap();
        let kind = PolicyType::named(case["policyType"].as_str().unwrap()).unwrap();
        let of = case["resourceType"].as_str().map(|name| ResourceType::named(name).unwrap());
        let selection = Selection { select: vec![code.to_owned()], ..of_aws() };
        let find = |policy: &Value| {
            let source = Source::new("policy", policy.as_str().map_or_else(|| dumps(policy), str::to_owned));
            (validate(&source, &Budget::default(), kind, of, &selection).unwrap(), source)
        };
        let (found, source) = find(&case["policy"]);
        let [one] = found.as_slice() else { panic!("{code}: {found:?}") };
        if let Some(expected) = case["at"].as_array() {
            let texts: Vec<&str> = one.locations.iter().map(|place| at(&source, place.span)).collect();
            assert_eq!(texts, expected.iter().map(|text| text.as_str().unwrap()).collect::<Vec<_>>(), "{code}");
        }
        assert!(find(&case["silent"]).0.is_empty(), "{code}: {:?}", find(&case["silent"]).0);
        seen.insert(code.to_owned());
    }
    let table = std::fs::read_to_string(crate::support::root().join("docs/validate.md")).unwrap();
    for row in RULES.iter().filter(|row| row.origin == Origin::Aws) {
        assert!(seen.contains(row.code), "{} has no case", row.code);
        assert!(table.contains(&format!("| {} | {} |", row.code, row.kind.name())), "{} is not documented", row.code);
    }
    assert_eq!(seen.len(), 153);
}

#[test]
fn the_command_says_it_in_every_format_and_by_its_exit_code() {
    let run = |more: &[&str]| {
        let arguments: Vec<&str> = ["validate", "fixtures/validate/example.json"].iter().chain(more).copied().collect();
        crate::support::leastwise(&arguments, "")
    };
    let (exit, out, err) = run(&["--aws-only"]);
    assert_eq!(exit, 1, "{out}{err}");
    assert!(out.starts_with("fixtures/validate/example.json:"), "{out}");
    for (level, exit) in [("error", 0), ("security-warning", 1), ("warning", 1), ("suggestion", 1), ("never", 0)] {
        assert_eq!(run(&["--aws-only", "--fail-on", level]).0, exit, "{level}");
    }
    let (_, out, _) = run(&["--aws-only", "--format", "json"]);
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&answer["check"], &answer["result"]), (&json!("validate"), &json!("FAIL")));
    let first = &answer["findings"][0];
    assert!(first["learnMoreLink"].as_str().unwrap().contains("#access-analyzer-reference-policy-checks-"));
    assert_eq!(first["source"], "aws");
    let (_, out, _) = run(&["--aws-only", "--format", "sarif"]);
    let sarif: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), answer["findings"].as_array().unwrap().len());
    assert_eq!(results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "fixtures/validate/example.json");
    let (_, out, _) = run(&["--aws-only", "--format", "github"]);
    assert!(out.starts_with("::"), "{out}");
    assert_eq!(run(&["--select", "NO_SUCH_CODE"]).0, 2);
    assert_eq!(run(&["--policy-type", "IDENTITY_POLICY", "--resource-type", "AWS::S3::Bucket"]).0, 2);
    let broken = crate::support::leastwise(&["validate", "-", "--format", "json"], "{\"Version\": }");
    let broken: Value = serde_json::from_str(&broken.1).unwrap();
    assert_eq!(broken["findings"][0]["issueCode"], "JSON_SYNTAX_ERROR");
}

/// What is proved beyond AWS's checks, each with its evidence.
#[test]
fn every_code_of_ours_is_proved_where_it_must_be_and_silent_where_it_must_be() {
    let text = include_str!("../../fixtures/validate/proved.jsonl");
    let mut seen = BTreeSet::new();
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let code = case["code"].as_str().unwrap();
        let kind = PolicyType::named(case["policyType"].as_str().unwrap()).unwrap();
        let selection = Selection { select: vec![code.to_owned()], ..Selection::default() };
        let find = |policy: &Value| {
            let source = Source::new("policy", dumps(policy));
            (validate(&source, &Budget::default(), kind, None, &selection).unwrap(), source)
        };
        let (found, source) = find(&case["policy"]);
        let [one] = found.as_slice() else { panic!("{code}: {found:?}") };
        let texts: Vec<&str> = one.locations.iter().map(|place| at(&source, place.span)).collect();
        assert_eq!(json!(texts), case["at"], "{code}");
        assert!(one.evidence.is_some(), "{code} has no evidence");
        assert!(find(&case["silent"]).0.is_empty(), "{code}: {:?}", find(&case["silent"]).0);
        seen.insert(code.to_owned());
    }
    let table = std::fs::read_to_string(crate::support::root().join("docs/validate.md")).unwrap();
    for row in RULES.iter().filter(|row| row.origin == Origin::Leastwise) {
        assert!(seen.contains(row.code), "{} has no case", row.code);
        assert!(table.contains(&format!("### {}", row.code)), "{} is not documented", row.code);
    }
}

#[test]
fn a_fix_cuts_what_is_redundant_and_is_proved_equivalent() {
    let before = std::fs::read_to_string(crate::support::root().join("fixtures/validate/redundant.json")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.json");
    std::fs::write(&path, &before).unwrap();
    let path_text = path.to_str().unwrap();
    let (_, diff, said) = crate::support::leastwise(&["validate", path_text, "--fix", "--diff"], "");
    assert!(said.contains("proved equivalent"), "{said}");
    assert!(diff.contains("-        \"s3:GetObject\","), "{diff}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), before, "--diff leaves the file alone");
    let (exit, left, _) = crate::support::leastwise(&["validate", path_text, "--fix", "--fail-on", "suggestion"], "");
    assert_eq!((exit, left.as_str()), (0, ""), "nothing is left to find");
    let after = std::fs::read_to_string(&path).unwrap();
    let expected: Value = json!({
        "Version": "2012-10-17",
        "Statement": [{"Sid": "Objects", "Effect": "Allow", "Action": ["s3:Get*", "s3:PutObject"],
            "Resource": "arn:aws:s3:::example-bucket/*"}],
    });
    assert_eq!(serde_json::from_str::<Value>(&after).unwrap(), expected, "{after}");
    let (exit, ..) = crate::support::leastwise(&["equivalent", "fixtures/validate/redundant.json", path_text], "");
    assert_eq!(exit, 0);
}
