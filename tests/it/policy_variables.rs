//! Real policies with policy variables, changed a little: every question about the two is decided, and rightly.
//!
//! A mutant drops, widens, narrows or splits a statement or a pattern, swaps a variable for `*`, renames one, adds a Deny or
//! changes an operator; it is compared with the original in both directions. Requests on the edges of both try to refute
//! every PASS, every witness is evaluated again, and the strings engine must agree where it has an answer. `LEASTWISE_CASES`
//! makes the run longer, and takes policies from the corpus too, where there is one (README, "Measured").

use crate::adversarial::{Tally, asked, cases, within};
use crate::agreement::Random;
use crate::proofs;
use crate::support::{self, corpus, lines, policy};
use leastwise::diag::Budget;
use leastwise::policy::{ArnMatching, Policy};
use leastwise::question::no_new_access::no_new_access;
use leastwise::question::{Engine, Settings, Verdict};
use leastwise::smt;
use serde_json::{Value, json};
use std::time::Duration;

fn built_in() -> Vec<Value> {
    let text = std::fs::read_to_string(support::root().join("fixtures/policy-variables/policies.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The policies of the corpus that name variables and can be read.
fn of_corpus() -> Vec<Value> {
    let Some(folder) = corpus("policy variables") else { return Vec::new() };
    let mut out: Vec<Value> = Vec::new();
    for (file, members) in [
        ("managed-policies.jsonl.zst", &["document"][..]),
        ("sample-policies.jsonl.zst", &["policy"]),
        ("version-pairs.jsonl.zst", &["old", "new"]),
    ] {
        for line in lines(&folder.join(file)) {
            out.extend(members.iter().map(|member| line[*member].clone()));
        }
    }
    out.retain(|document| {
        let text = document.to_string();
        let reads = || Policy::read(&leastwise::diag::Source::new("p", text.clone()), &Budget::default()).is_ok();
        text.contains("${") && text.len() < 60_000 && reads()
    });
    out.sort_by_key(Value::to_string);
    out.dedup();
    out
}

/// The places of texts that may be patterns: resources, and values of conditions.
fn patterns(document: &Value) -> Vec<String> {
    fn walk(value: &Value, at: String, under: bool, out: &mut Vec<String>) {
        match value {
            Value::String(_) if under => out.push(at),
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(index, item)| walk(item, format!("{at}/{index}"), under, out))
            }
            Value::Object(members) => members.iter().for_each(|(name, member)| {
                let counts = under || matches!(name.as_str(), "Resource" | "NotResource" | "Condition");
                walk(member, format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), counts, out);
            }),
            _ => {}
        }
    }
    let mut out = Vec::new();
    walk(&document["Statement"], "/Statement".to_owned(), false, &mut out);
    out
}

/// A text a little different.
fn changed_text(text: &str, random: &mut Random) -> String {
    let variable = text.find("${").and_then(|from| Some((from, from + text[from..].find('}')? + 1)));
    match (random.below(12), variable) {
        (0, Some((from, to))) => format!("{}*{}", &text[..from], &text[to..]),
        (1, Some((from, to))) => format!("{}${{aws:PrincipalTag/other}}{}", &text[..from], &text[to..]),
        (2, Some((_, to))) => format!("{}*{}", &text[..to], &text[to..]),
        (3, Some((_, to))) => format!("{}?{}", &text[..to], &text[to..]),
        (4, Some((from, to))) => format!("{}{}{}", &text[..from], random.pick(&["x", "", "111122223333", "a/b"]), &text[to..]),
        (5, Some((from, to))) => format!("{}{}{}", &text[..to], &text[from..to], &text[to..]),
        (6, Some((from, to))) if !text[from..to].contains(',') => format!("{}, 'x'}}{}", &text[..to - 1], &text[to..]),
        (7, _) => format!("{text}*"),
        (8, _) => text.replacen('*', "?", 1),
        (9, _) => text.replacen('*', "x", 1),
        (10, _) if text.len() > 1 && text.is_char_boundary(text.len() - 1) => text[..text.len() - 1].to_owned(),
        _ => format!("{text}/${{aws:PrincipalTag/other}}"),
    }
}

/// The policy a little different.
fn mutant(document: &Value, random: &mut Random) -> Value {
    let mut new = document.clone();
    if !new["Statement"].is_array() {
        new["Statement"] = json!([new["Statement"]]);
    }
    if new["Statement"] == json!([]) {
        return new;
    }
    let at = random.below(new["Statement"].as_array().unwrap().len());
    let places = patterns(&new);
    let named: Vec<&String> =
        places.iter().filter(|at| new.pointer(at).and_then(Value::as_str).is_some_and(|text| text.contains("${"))).collect();
    match random.below(10) {
        0 => _ = new["Statement"].as_array_mut().unwrap().remove(at),
        1 => {
            // Split: the same in two statements, one of them changed.
            let copy = new["Statement"][at].clone();
            new["Statement"].as_array_mut().unwrap().push(copy);
            return mutant_text(new, random);
        }
        2 => {
            let mut deny = new["Statement"][at].clone();
            deny["Effect"] = json!(if deny["Effect"] == "Deny" { "Allow" } else { "Deny" });
            deny.as_object_mut().unwrap().remove("Sid");
            new["Statement"].as_array_mut().unwrap().push(deny);
            return mutant_text(new, random);
        }
        3 => _ = new["Statement"][at].as_object_mut().unwrap().remove("Condition"),
        4 => {
            let text = new.to_string();
            let (from, to) = *[
                ("\"StringEquals\"", "\"StringLike\""),
                ("\"StringEquals\"", "\"StringEqualsIgnoreCase\""),
                ("\"StringLike\"", "\"StringEquals\""),
                ("\"StringEquals\"", "\"StringNotEquals\""),
                ("\"StringEquals\"", "\"StringEqualsIfExists\""),
                ("\"ForAllValues:", "\"ForAnyValue:"),
                ("\"StringLike\"", "\"ForAnyValue:StringLike\""),
                ("\"ArnLike\"", "\"StringLike\""),
            ]
            .get(random.below(8))
            .unwrap();
            new = serde_json::from_str(&text.replacen(from, to, 1)).unwrap();
        }
        5 if !named.is_empty() => {
            let place = named[random.below(named.len())].clone();
            let text = new.pointer(&place).and_then(Value::as_str).unwrap().to_owned();
            *new.pointer_mut(&place).unwrap() = json!(changed_text(&text, random));
        }
        _ => return mutant_text(new, random),
    }
    new
}

fn mutant_text(mut new: Value, random: &mut Random) -> Value {
    let mut places = patterns(&new);
    let is_named = |at: &String| new.pointer(at).and_then(Value::as_str).is_some_and(|text| text.contains("${"));
    if random.chance(80) && places.iter().any(is_named) {
        places.retain(is_named);
    }
    if let Some(place) = (!places.is_empty()).then(|| places.swap_remove(random.below(places.len()))) {
        let text = new.pointer(&place).and_then(Value::as_str).unwrap().to_owned();
        *new.pointer_mut(&place).unwrap() = json!(changed_text(&text, random));
    }
    new
}

/// The CPU time of this thread so far.
fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0))
}

#[test]
fn every_question_about_changed_policies_is_decided() {
    let long = std::env::var_os("LEASTWISE_CASES").is_some();
    let mut all = built_in();
    if long {
        all.extend(of_corpus());
    }
    let mut random = Random::new(2_026);
    let (mut tally, mut strings) = (Tally::default(), Tally::default());
    let mut times = Vec::new();
    let cases = cases(150);
    let mut open = Vec::new();
    for case in 0..cases {
        let old = &all[if long { random.below(all.len()) } else { case % all.len() }];
        let mut new = mutant(old, &mut random);
        if random.chance(30) {
            new = mutant(&new, &mut random);
        }
        let text = new.to_string();
        if Policy::read(&leastwise::diag::Source::new("p", text), &Budget::default()).is_err() {
            continue;
        }
        let matching = if case % 11 == 10 { ArnMatching::Greedy } else { ArnMatching::Segment };
        for (existing, newer) in [(old, &new), (&new, old)] {
            let readings = support::reach(matching);
            let settings = Settings { readings, ..within(20_000_000) };
            let before = tally.open.len();
            let (read_old, read_new) = (policy("old", existing), policy("new", newer));
            let started = cpu();
            smt::in_fresh_context(|| no_new_access(&read_old, &read_new, &settings)).unwrap();
            times.push(cpu() - started);
            let verdict = asked(existing, newer, &settings, &mut random, &mut tally);
            if tally.open.len() > before {
                open.push(format!("{verdict:?}\n{existing}\n{newer}"));
            }
            if case % 10 == 0 {
                let budget = support::steps(40_000);
                let whole = Settings { engine: Engine::Strings, realistic: false, readings, budget, ..Settings::default() };
                let other = asked(existing, newer, &whole, &mut random, &mut strings);
                match (&verdict, &other) {
                    (Verdict::Unknown(_), _) | (_, Verdict::Unknown(_)) => {}
                    (Verdict::Pass, Verdict::Pass) | (Verdict::Fail { .. }, Verdict::Fail { .. }) => {}
                    (found, other) => panic!("automata {found:?}, strings {other:?}\n{existing}\n{newer}"),
                }
            }
        }
    }
    times.sort();
    let at = |share: usize| times.get((times.len().max(1) - 1) * share / 1_000).copied().unwrap_or_default();
    eprintln!(
        "{} questions about {} policies: {} PASS, {} FAIL, {} UNKNOWN; strings decided {} of {}; CPU median {:?}, p99 {:?}, max {:?}",
        times.len(),
        all.len(),
        tally.passed,
        tally.failed,
        open.len(),
        strings.passed + strings.failed,
        strings.passed + strings.failed + strings.open.len(),
        at(500),
        at(990),
        at(1_000)
    );
    assert!(open.is_empty(), "{} open:\n{}", open.len(), open.join("\n\n"));
    assert!(tally.passed * 8 > cases && tally.failed * 8 > cases, "{tally:?}");
}

/// Pairs that a reader decides, each with the reason: the verdict is right, and Z3 confirms every PASS.
#[test]
fn what_a_reader_decides_is_decided() {
    let text = std::fs::read_to_string(support::root().join("fixtures/policy-variables/pairs.jsonl")).unwrap();
    let mut wrong = Vec::new();
    let mut random = Random::new(6);
    for line in text.lines() {
        let pair: Value = serde_json::from_str(line).unwrap();
        for prove in [false, true] {
            let settings = Settings { prove, z3: prove, ..Settings::default() };
            let (old, new) = (policy("old", &pair["existing"]), policy("new", &pair["new"]));
            let outcome = smt::in_fresh_context(|| no_new_access(&old, &new, &settings)).unwrap();
            let verdict = match &outcome.verdict {
                Verdict::Pass => "PASS",
                Verdict::Fail { .. } => "FAIL",
                Verdict::Unknown(why) => &why.to_string(),
            };
            if pair["expect"] != verdict {
                wrong.push(format!("{} (prove: {prove}): {verdict}, not {}: {}", pair["id"], pair["expect"], pair["why"]));
            }
            if prove && verdict == "PASS" {
                let checked = outcome.checked.unwrap();
                assert!(!checked.obligations.is_empty(), "{}", pair["id"]);
                let name = format!("variables-{}", pair["id"].as_str().unwrap().replace([' ', '?'], "-"));
                proofs::keep_checked(&name, &[("question", &checked)]);
            }
        }
        asked(&pair["existing"], &pair["new"], &within(20_000_000), &mut random, &mut Tally::default());
        let budget = support::steps(400_000);
        let whole = Settings { engine: Engine::Strings, realistic: false, budget, ..Settings::default() };
        match asked(&pair["existing"], &pair["new"], &whole, &mut random, &mut Tally::default()) {
            Verdict::Pass => assert_eq!(pair["expect"], "PASS", "strings: {}", pair["id"]),
            Verdict::Fail { .. } => assert_eq!(pair["expect"], "FAIL", "strings: {}", pair["id"]),
            Verdict::Unknown(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
