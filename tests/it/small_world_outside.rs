//! Who is public, who is outside: against brute force over a small world (see `small_world`).
//!
//! What "public" and "outside" mean is written down here once more, from their definitions and for these alphabets only.

use crate::agreement::Random;
use crate::small_world::{OWN, Seen, World, allows, cases, document, seed, settings, used};
use crate::support::policy;
use leastwise::eval;
use leastwise::policy::Access;
use leastwise::question::no_public_access::{ResourceType, no_public_access};
use leastwise::question::outside_access::{Zone, outside_access};
use leastwise::request::{Principal, Request};
use leastwise::smt;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The account of a principal in the text of a policy.
fn account(text: &str) -> Option<&str> {
    let parts: Vec<&str> = text.split(':').collect();
    let account = if parts.len() > 4 { parts[4] } else { text };
    (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())).then_some(account)
}

/// Everything that a policy lists as a principal, with its kind.
fn listed(document: &Value) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for statement in document["Statement"].as_array().unwrap() {
        for name in ["Principal", "NotPrincipal"] {
            for (kind, values) in statement.get(name).and_then(Value::as_object).into_iter().flatten() {
                let values = values.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned());
                out.extend(values.map(|value| (kind.clone(), value)));
            }
        }
    }
    out
}

/// What a policy compares a key with: operator and value.
fn compared(document: &Value, key: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for statement in document["Statement"].as_array().unwrap() {
        for (operator, keys) in statement["Condition"].as_object().unwrap() {
            for value in keys.get(key).and_then(Value::as_array).into_iter().flatten() {
                out.push((operator.clone(), value.as_str().unwrap().to_owned()));
            }
        }
    }
    out
}

/// Whether a request carries something fixed that the policy names.
fn is_pinned(document: &Value, request: &Request) -> bool {
    let named = listed(document);
    let value = |key: &str| request.context.get(key).and_then(|values| values.first()).cloned();
    let by_name = match &request.principal {
        Principal::Aws(arn) => named.iter().any(|(kind, text)| kind == "AWS" && account(text) == account(arn)),
        Principal::Service(name) => named.iter().any(|(kind, text)| kind == "Service" && text == name),
        Principal::CanonicalUser(id) => named.iter().any(|(kind, text)| kind == "CanonicalUser" && text == id),
        // The one provider of the alphabet that policies name is shared by all of the world.
        Principal::Federated(_) | Principal::Anonymous => false,
    };
    let is_literal = |operator: &str, text: &str| !operator.contains("Like") || !text.contains('*');
    let by_text = |key: &str| {
        let own = value(&key.to_ascii_lowercase());
        let mut fixed =
            compared(document, key).into_iter().filter(|(operator, text)| operator != "Null" && is_literal(operator, text));
        own.is_some_and(|own| fixed.any(|(_, text)| text == own))
    };
    let blocks: Vec<String> = compared(document, "aws:SourceIp")
        .into_iter()
        .filter(|(operator, _)| operator != "Null")
        .map(|(_, block)| block)
        .collect();
    let by_address = value("aws:sourceip").is_some_and(|own| {
        let private = !blocks.is_empty() && own.starts_with("10.");
        private || (own == "2001:db8::1" && blocks.iter().any(|block| block == "2001:db8::/32"))
    });
    by_name || by_text("aws:SourceVpc") || by_text("aws:SourceAccount") || by_address
}

#[test]
fn public_is_as_brute_force_says() {
    let mut random = Random::new(seed(12));
    let mut seen = Seen::default();
    for _ in 0..cases(160) {
        let used = used(&mut random, &[1, 3, 5, 7, 7, 8]);
        let written = document(&mut random, true, &used);
        let access = policy("p", &written);
        let world = World::new(&[&access], &used, true);
        for (name, prefixes) in [("AWS::S3::Bucket", "s3:"), ("AWS::IAM::AssumeRolePolicyDocument", "sts:")] {
            let of = ResourceType::parse(name).unwrap();
            let verdict = smt::in_fresh_context(|| no_public_access(&access, of, &settings())).unwrap().verdict;
            let is_public = |request: &Request| {
                request.action.starts_with(prefixes) && allows(&access, request) && !is_pinned(&written, request)
            };
            seen.compare(&world, &verdict, world.find(is_public), || format!("{name} {written}"));
        }
    }
    println!("{seen:?}");
    assert!(seen.passed * 4 > cases(160) && seen.failed * 4 > cases(160) && seen.open * 40 < cases(160), "{seen:?}");
}

/// A zone of one account.
#[derive(Clone, Copy)]
struct Rule {
    trusts_services: bool,
}

impl Rule {
    fn is_outside(self, access: &Access, request: &Request) -> bool {
        let own = request.context.get("aws:sourceaccount").and_then(|values| values.first()).is_some_and(|value| value == OWN);
        match &request.principal {
            Principal::Aws(arn) => account(arn) != Some(OWN),
            Principal::Service(name) => {
                let passed = request.action.starts_with("sts:") && name == "lambda.amazonaws.com";
                let mut plain = request.clone();
                plain.context.remove("aws:sourceaccount");
                !(own || passed || self.trusts_services && allows(access, &plain))
            }
            Principal::Anonymous | Principal::Federated(_) | Principal::CanonicalUser(_) => true,
        }
    }

    /// The findings by brute force: statement, entry, whether only services get in, and the actions through which.
    fn findings(self, world: &World, written: &Value) -> BTreeSet<(usize, String, bool, Vec<String>)> {
        let access = policy("p", written);
        let outside: Vec<&Request> =
            world.requests.iter().filter(|one| allows(&access, one) && self.is_outside(&access, one)).collect();
        let mut out = BTreeSet::new();
        for (number, statement) in written["Statement"].as_array().unwrap().iter().enumerate() {
            if statement["Effect"] != "Allow" {
                continue;
            }
            let mut entries: Vec<(String, Value)> = Vec::new();
            match statement.get("Principal") {
                None => entries.push(("*".to_owned(), statement.clone())),
                Some(map) => {
                    for (kind, values) in map.as_object().unwrap() {
                        for value in values.as_array().unwrap() {
                            let mut one = statement.clone();
                            one["Principal"] = json!({ kind: [value] });
                            entries.push((value.as_str().unwrap().to_owned(), one));
                        }
                    }
                }
            }
            for (shown, mut one) in entries {
                let through = |one: &Value| -> Vec<&&Request> {
                    let alone = policy("one", &json!({"Version": "2012-10-17", "Statement": [one]}));
                    let (_, _, only) = alone.statements().next().unwrap();
                    outside.iter().filter(|request| eval::applies(only, request)).collect()
                };
                let getting_in = through(&one);
                if getting_in.is_empty() {
                    continue;
                }
                let service = getting_in.iter().all(|request| matches!(request.principal, Principal::Service(_)));
                let name = if one.get("Action").is_some() { "Action" } else { "NotAction" };
                let patterns: Vec<String> =
                    one[name].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect();
                let reaching = patterns.into_iter().filter(|pattern| {
                    if name == "Action" {
                        one["Action"] = json!([pattern]);
                    }
                    !through(&one).is_empty()
                });
                out.insert((number, shown, service, reaching.collect()));
            }
        }
        out
    }
}

#[test]
fn findings_are_those_of_brute_force() {
    let mut random = Random::new(seed(13));
    let (mut with, mut without, mut open) = (0, 0, 0);
    for _ in 0..cases(100) {
        let used = used(&mut random, &[1, 3, 5, 8, 8]);
        let written = document(&mut random, true, &used);
        let access = policy("p", &written);
        let world = World::new(&[&access], &used, true);
        for trusts_services in [false, true] {
            let mut zone = Zone::default();
            zone.trust(OWN).unwrap();
            zone.trusts_services = trusts_services;
            let outside = smt::in_fresh_context(|| outside_access(&access, &zone, &settings())).unwrap();
            if outside.unknown.is_some() {
                open += 1;
                continue;
            }
            let found = outside.findings.iter();
            let found: BTreeSet<_> = found
                .map(|one| {
                    (one.number, one.principal.1.replace("arn:*:iam::", "arn:aws:iam::"), one.service, one.actions.clone())
                })
                .collect();
            let mut expected = Rule { trusts_services }.findings(&world, &written);
            expected = expected
                .into_iter()
                .map(|(number, entry, service, actions)| {
                    let shown = match entry.strip_suffix(":root").and_then(account) {
                        Some(account) => account.to_owned(),
                        None => entry,
                    };
                    (number, shown, service, actions)
                })
                .collect();
            assert_eq!(found, expected, "trusts services: {trusts_services}\n{written}");
            if found.is_empty() { without += 1 } else { with += 1 }
        }
    }
    println!("{with} with findings, {without} without, {open} open");
    assert!(with * 4 > cases(100) && without * 4 > cases(100) && open * 40 < cases(100), "{with} {without} {open}");
}
