//! The semantics cases, each run through the evaluator, the encoding with the request fixed, and the command line.

use crate::support::{leastwise, root, stack, steps};
use leastwise::diag::{Budget, Source};
use leastwise::document::Effect;
use leastwise::encode::{self, Form};
use leastwise::eval::{self, Decision};
use leastwise::policy::{Access, BaseOperator, Policy};
use leastwise::request::request_json;
use leastwise::smt;
use leastwise::sources::STACK_MEMBERS;
use serde_json::{Value, json};
use std::collections::BTreeSet;

struct Case {
    name: String,
    /// A policy alone, or a stack.
    policy: Result<String, Value>,
    request: Value,
    is_resource: bool,
    decision: String,
}

impl Case {
    /// The policy or the stack, as JSON.
    fn text(&self) -> String {
        match &self.policy {
            Ok(text) => text.clone(),
            Err(stack) => stack.to_string(),
        }
    }

    fn access(&self) -> Access {
        match &self.policy {
            Ok(text) => Policy::read(&Source::new(&*self.name, text.as_str()), &Budget::default()).unwrap().into(),
            Err(members) => {
                // What applies to a request is given: a policy of the resource that is not given is none.
                let mut members = members.clone();
                let given = members.as_object_mut().expect("a stack is an object");
                given.entry("resourcePolicy").or_insert(serde_json::Value::Null);
                stack(&self.name, &members)
            }
        }
    }
}

fn cases() -> Vec<Case> {
    let mut files: Vec<_> =
        std::fs::read_dir(root().join("fixtures/semantics")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut out = Vec::new();
    for path in files {
        let file: toml::Table = std::fs::read_to_string(&path).unwrap().parse().unwrap();
        for case in file["case"].as_array().unwrap() {
            let text = |key: &str| case[key].as_str().unwrap_or_else(|| panic!("{case} lacks {key}")).to_owned();
            assert!(!text("source").is_empty());
            let json = |key: &str| -> Value {
                serde_json::from_str(&text(key)).unwrap_or_else(|error| panic!("{}: {error}", text("name")))
            };
            let request = json("request");
            let (policy, is_resource) = match case.get("stack") {
                Some(_) => (Err(json("stack")), false),
                None => (Ok(text("policy")), text("type") == "resource"),
            };
            out.push(Case { name: text("name"), policy, request, is_resource, decision: text("decision") });
        }
    }
    let names: BTreeSet<&str> = out.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), out.len(), "names are unique");
    assert!(out.len() >= 300, "only {} cases", out.len());
    out
}

#[test]
fn evaluator() {
    let mut wrong = Vec::new();
    for case in cases() {
        let request = request_json::from_json(&case.request).unwrap();
        let evaluation = eval::evaluate(&case.access(), &request);
        if evaluation.decision.name() != case.decision {
            wrong.push(format!("{}: {evaluation:?} not {}", case.name, case.decision));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn encoding_with_the_request_fixed() {
    // Z3's steps bound it: on a busy machine the clock would end what it has not decided.
    let budget = steps(Budget::DEFAULT.rlimit);
    for case in cases() {
        let request = request_json::from_json(&case.request).unwrap();
        let in_form = |form: Form, access: &Access| smt::in_fresh_context(|| encode::allows_in(form, access, &request, &budget));
        let allows = |access: &Access| in_form(Form::Tests, access);
        let allowed = allows(&case.access()).unwrap().unwrap_or_else(|| panic!("{} is not representable", case.name));
        assert_eq!(allowed, case.decision == Decision::Allowed.name(), "{}", case.name);
        assert_eq!(in_form(Form::Regexes, &case.access()), Ok(Some(allowed)), "{} by regular expressions", case.name);
        // An explicit Deny of a policy alone is told from an implicit one by the Deny statements turned into Allows.
        let Ok(text) = &case.policy else { continue };
        let mut denies = Policy::read(&Source::new(&*case.name, text.as_str()), &Budget::default()).unwrap();
        denies.statements.retain(|statement| statement.effect == Effect::Deny);
        denies.statements.iter_mut().for_each(|statement| statement.effect = Effect::Allow);
        let denied = allows(&denies.into()).unwrap() == Some(true);
        assert_eq!(denied, case.decision == Decision::ExplicitlyDenied.name(), "{}", case.name);
    }
}

#[test]
fn command_line() {
    let mut input = String::new();
    let cases = cases();
    for case in &cases {
        let mut line = json!({"id": case.name, "check": "simulate", "request": case.request});
        match &case.policy {
            Err(members) => line.as_object_mut().unwrap().extend(members.as_object().unwrap().clone()),
            Ok(text) => {
                let policy: Value = serde_json::from_str(text).unwrap();
                let members = if case.is_resource { ("resourcePolicy", policy) } else { ("identityPolicies", json!([policy])) };
                line[members.0] = members.1;
            }
        }
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

/// What decisions the cases have that speak of something.
fn decisions(cases: &[Case], is_about: &dyn Fn(&str) -> bool) -> BTreeSet<bool> {
    cases.iter().filter(|case| is_about(&case.text())).map(|case| case.decision == Decision::Allowed.name()).collect()
}

/// `NotIpAddress` is `not-ip-address`.
fn words(name: &str) -> String {
    let letters = name.chars().enumerate();
    let word =
        |(at, letter): (usize, char)| if at > 0 && letter.is_uppercase() { format!("-{letter}") } else { letter.to_string() };
    letters.map(word).collect::<String>().to_lowercase()
}

/// Each row of the table of operators has a sourced case of its name, and cases in which it lets a request through and in which
/// it does not.
#[test]
fn every_operator_has_a_case_of_its_name_and_cases_of_both_decisions() {
    let cases = cases();
    for (name, _) in BaseOperator::ALL {
        let starts = [format!("\"{name}"), format!(":{name}")];
        let ends = ["\"", "IfExists\""];
        let named = |text: &str| starts.iter().any(|start| ends.iter().any(|end| text.contains(&format!("{start}{end}"))));
        let own = cases.iter().find(|case| case.name == words(name));
        assert!(own.is_some_and(|case| named(&case.text())), "no case is named {}", words(name));
        assert_eq!(decisions(&cases, &named), BTreeSet::from([false, true]), "{name}");
    }
}

/// Each place of a stack has sourced cases in which a stack with it lets a request through, and in which it does not.
#[test]
fn every_place_of_a_stack_has_cases_of_both_decisions() {
    let cases = cases();
    for member in STACK_MEMBERS {
        let named = |text: &str| text.contains(&format!("\"{member}\""));
        assert_eq!(decisions(&cases, &named), BTreeSet::from([false, true]), "{member}");
    }
}
