//! The semantics cases, each run through the evaluator, the encoding with the request fixed, and the command line.

use crate::support::{leastwise, root};
use leastwise::diag::{Budget, Source};
use leastwise::document::Effect;
use leastwise::encode;
use leastwise::eval::{self, Decision};
use leastwise::policy::{ArnMatching, Policy, request_json};
use leastwise::smt;
use serde_json::{Value, json};
use std::collections::BTreeSet;

struct Case {
    name: String,
    policy: String,
    request: Value,
    is_resource: bool,
    decision: String,
}

fn cases() -> Vec<Case> {
    let mut files: Vec<_> =
        std::fs::read_dir(root().join("fixtures/semantics")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut out = Vec::new();
    for path in files {
        let file: toml::Table = std::fs::read_to_string(&path).unwrap().parse().unwrap();
        for case in file["case"].as_array().unwrap() {
            let text = |key: &str| case[key].as_str().unwrap().to_owned();
            assert!(!text("source").is_empty());
            let request = serde_json::from_str(&text("request")).unwrap();
            let is_resource = text("type") == "resource";
            out.push(Case { name: text("name"), policy: text("policy"), request, is_resource, decision: text("decision") });
        }
    }
    let names: BTreeSet<&str> = out.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), out.len(), "names are unique");
    assert!(out.len() >= 150, "only {} cases", out.len());
    out
}

#[test]
fn evaluator() {
    for case in cases() {
        let policy = Policy::read(&Source::new(&*case.name, case.policy.as_str()), &Budget::default()).unwrap();
        let request = request_json::from_json(&case.request).unwrap();
        let decision = eval::evaluate(&policy, &request, ArnMatching::Segment).decision;
        assert_eq!(decision.name(), case.decision, "{}", case.name);
    }
}

#[test]
fn encoding_with_the_request_fixed() {
    for case in cases() {
        let policy = Policy::read(&Source::new(&*case.name, case.policy.as_str()), &Budget::default()).unwrap();
        let request = request_json::from_json(&case.request).unwrap();
        let allows = |policy: &Policy| {
            smt::in_fresh_context(|| encode::allows(policy, &request, ArnMatching::Segment, &Budget::default()))
        };
        let allowed = allows(&policy).unwrap().unwrap_or_else(|| panic!("{} is not representable", case.name));
        assert_eq!(allowed, case.decision == Decision::Allowed.name(), "{}", case.name);
        // An explicit Deny is told from an implicit one by the Deny statements turned into Allows.
        let mut denies = policy.clone();
        denies.statements.retain(|statement| statement.effect == Effect::Deny);
        denies.statements.iter_mut().for_each(|statement| statement.effect = Effect::Allow);
        let denied = allows(&denies).unwrap() == Some(true);
        assert_eq!(denied, case.decision == Decision::ExplicitlyDenied.name(), "{}", case.name);
    }
}

#[test]
fn command_line() {
    let mut input = String::new();
    let cases = cases();
    for case in &cases {
        let policy: Value = serde_json::from_str(&case.policy).unwrap();
        let (key, policy) = if case.is_resource { ("resourcePolicy", policy) } else { ("identityPolicies", json!([policy])) };
        let line = json!({"id": case.name, "check": "simulate", "request": case.request, key: policy});
        input.push_str(&format!("{line}\n"));
    }
    let (code, out, _) = leastwise(&["batch"], &input);
    assert_eq!(code, 0);
    let answers: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), cases.len());
    for (case, answer) in cases.iter().zip(answers) {
        assert_eq!((&answer["id"], &answer["decision"]), (&json!(case.name), &json!(case.decision)), "{answer}");
    }
}
