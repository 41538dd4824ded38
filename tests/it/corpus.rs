//! Real policies: every managed policy, their versions, AWS's own labelled samples.

use crate::proofs;
use crate::support::{corpus, lines, policy, steps};
use leastwise::catalog::Catalog;
use leastwise::diag::{Budget, Severity, Source};
use leastwise::document::{self, Document};
use leastwise::glob::Glob;
use leastwise::policy::normalize;
use leastwise::question::equivalent::equivalent;
use leastwise::question::no_new_access::no_new_access;
use leastwise::question::{Settings, Verdict};
use leastwise::refine::{Outcome, refine};
use leastwise::smt;
use leastwise::usage::UnusedPermissions;
use rayon::prelude::*;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

fn settings() -> Settings {
    Settings { budget: steps(20_000_000), ..Settings::default() }
}

fn name(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "PASS",
        Verdict::Fail { .. } => "FAIL",
        Verdict::Unknown(_) => "UNKNOWN",
    }
}

#[test]
fn aws_labelled_samples() {
    let Some(folder) = corpus("aws_labelled_samples") else { return };
    let mut wrong = Vec::new();
    for line in lines(&folder.join("aws-no-new-access-samples.jsonl.zst")) {
        let (existing, new) = (policy("existing", &line["existing"]), policy("new", &line["new"]));
        let outcome = smt::in_fresh_context(|| no_new_access(&existing, &new, &settings()).unwrap());
        if name(&outcome.verdict) != line["expect"].as_str().unwrap() {
            wrong.push(format!("{}: {} not {}: {:?}", line["id"], name(&outcome.verdict), line["expect"], outcome.verdict));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn version_pairs() {
    let Some(folder) = corpus("version_pairs") else { return };
    let answers: Vec<(String, &'static str, String, Duration)> = lines(&folder.join("version-pairs.jsonl.zst"))
        .par_iter()
        .map(|line| {
            let id = format!("{} {} {}", line["policy"], line["old_version"], line["new_version"]);
            let (old, new) = (policy("old", &line["old"]), policy("new", &line["new"]));
            let started = Instant::now();
            // An error here is a witness that does not replay.
            let outcome = smt::in_fresh_context(|| no_new_access(&old, &new, &settings())).unwrap();
            (id, name(&outcome.verdict), line["expect"].as_str().unwrap().to_owned(), started.elapsed())
        })
        .collect();
    let mut times: Vec<Duration> = answers.iter().map(|answer| answer.3).collect();
    times.sort();
    let at = |share: usize| times[(times.len() - 1) * share / 1_000];
    eprintln!("version pairs: median {:?}, p99 {:?}, max {:?}", at(500), at(990), at(1_000));
    let wrong: Vec<_> =
        answers.iter().filter(|(_, got, expect, _)| expect != "?" && got != expect && *got != "UNKNOWN").collect();
    assert!(wrong.is_empty(), "{} contradict: {wrong:?}", wrong.len());
    let unknown = |side: &str| answers.iter().filter(|(_, got, expect, _)| expect == side && *got == "UNKNOWN").count();
    let all = |side: &str| answers.iter().filter(|(_, _, expect, _)| expect == side).count();
    eprintln!(
        "UNKNOWN: {} of {} PASS, {} of {} FAIL, {} of {} open",
        unknown("PASS"),
        all("PASS"),
        unknown("FAIL"),
        all("FAIL"),
        unknown("?"),
        all("?")
    );
    assert!(unknown("PASS") == 0 && unknown("FAIL") * 200 <= all("FAIL"));
}

fn managed(folder: &Path) -> Vec<(String, Document)> {
    let read = |line: &Value| {
        let name = line["policy"].as_str().unwrap().to_owned();
        let document = document::read(&Source::new(name.as_str(), line["document"].to_string()), &Budget::default());
        (name.clone(), document.unwrap_or_else(|found| panic!("{name}: {found}")))
    };
    lines(&folder.join("managed-policies.jsonl.zst")).iter().map(read).collect()
}

#[test]
fn every_managed_policy_reads_prints_and_reads_back_equal() {
    let Some(folder) = corpus("every_managed_policy_reads_prints_and_reads_back_equal") else { return };
    let documents = managed(&folder);
    assert_eq!(documents.len(), 1_582);
    for (name, document) in documents {
        for printed in [document.json.to_pretty(), document.json.to_string()] {
            let again = document::read(&Source::new("printed", printed), &Budget::default()).unwrap();
            assert_eq!(again, document, "{name}");
        }
        normalize(&document).unwrap_or_else(|found| panic!("{name}: {found}"));
    }
}

/// The sample policies that the grammar refuses, each with its reason.
///
/// The five for Azure and the three of Quacky's study have a Principal that IAM's grammar does not know: a name, or a list.
const REFUSED: [(&str, &str); 8] = [
    ("samples/azure/policies/compute_admin_login.json", "wrong-principal"),
    ("samples/azure/policies/compute_user_login.json", "wrong-principal"),
    ("samples/azure/policies/storage_data_contributor.json", "wrong-principal"),
    ("samples/azure/policies/storage_data_owner.json", "wrong-principal"),
    ("samples/azure/policies/storage_data_reader.json", "wrong-principal"),
    ("samples/manual_s3/exp_single/s3_allow_notprincipal/policy.json", "wrong-type"),
    ("samples/manual_s3/exp_single/s3_allow_principals/policy.json", "wrong-type"),
    ("samples/manual_s3/exp_single/s3_allow_pstar/policy.json", "wrong-type"),
];

#[test]
fn every_sample_policy_is_read_or_listed_with_its_reason() {
    let Some(folder) = corpus("every_sample_policy_is_read_or_listed_with_its_reason") else { return };
    let mut refused = Vec::new();
    for line in lines(&folder.join("sample-policies.jsonl.zst")) {
        let path = line["path"].as_str().unwrap().to_owned();
        let source = Source::new(path.as_str(), line["policy"].to_string());
        let read = document::read(&source, &Budget::default()).and_then(|document| normalize(&document));
        if let Err(found) = read {
            let codes: Vec<&str> =
                found.0.iter().filter(|found| found.severity == Severity::Error).map(|found| found.code).collect();
            refused.push((path, codes.join(" ")));
        }
    }
    let expected: Vec<(String, String)> = REFUSED.iter().map(|(path, code)| ((*path).to_owned(), (*code).to_owned())).collect();
    assert_eq!(refused, expected);
}

/// The policy with its statements reversed and every action of the first list in a statement of its own.
fn shuffled_and_split(document: &Value) -> Value {
    let mut out = document.clone();
    let statements = document["Statement"].as_array().cloned().unwrap_or_else(|| vec![document["Statement"].clone()]);
    let mut split = Vec::new();
    for statement in statements.iter().rev() {
        match statement["Action"].as_array() {
            Some(actions) if actions.len() > 1 => {
                for half in [&actions[actions.len() / 2..], &actions[..actions.len() / 2]] {
                    let mut part = statement.clone();
                    part["Action"] = Value::Array(half.to_vec());
                    part.as_object_mut().unwrap().remove("Sid");
                    split.push(part);
                }
            }
            _ => split.push(statement.clone()),
        }
    }
    out["Statement"] = Value::Array(split);
    out
}

/// The policy without the first action of its first Allow list of several, if no other statement or pattern grants it.
fn one_action_removed(document: &Value) -> Option<Value> {
    let mut out = document.clone();
    let statements = out["Statement"].as_array_mut()?;
    let has_deny = statements.iter().any(|statement| statement["Effect"] == "Deny");
    let patterns: Vec<Glob> = statements
        .iter()
        .flat_map(|statement| statement["Action"].as_array().cloned().unwrap_or_else(|| vec![statement["Action"].clone()]))
        .filter_map(|action| action.as_str().map(|text| Glob::parse(text).to_ascii_lowercase()))
        .collect();
    let not_action = statements.iter().any(|statement| statement.get("NotAction").is_some());
    let list = statements
        .iter_mut()
        .find(|statement| statement["Effect"] == "Allow" && statement["Action"].as_array().is_some_and(|list| list.len() > 1))?;
    let actions = list["Action"].as_array_mut()?;
    let gone = actions.remove(0).as_str()?.to_ascii_lowercase();
    let alone = patterns.iter().filter(|pattern| pattern.matches(&gone)).count() == 1;
    (alone && !has_deny && !not_action && !gone.contains(['*', '?'])).then_some(out)
}

#[test]
fn every_managed_policy_equals_its_shuffled_copy_and_exceeds_a_copy_without_one_action() {
    let Some(folder) = corpus("every_managed_policy_equals_its_shuffled_copy") else { return };
    let all = lines(&folder.join("managed-policies.jsonl.zst"));
    let answers: Vec<(String, &'static str, Option<&'static str>, Duration)> = all
        .par_iter()
        .map(|line| {
            let original = policy("original", &line["document"]);
            let copy = policy("copy", &shuffled_and_split(&line["document"]));
            let started = Instant::now();
            let same = smt::in_fresh_context(|| equivalent(&original, &copy, &settings()).unwrap());
            let took = started.elapsed();
            let less = one_action_removed(&line["document"]).map(|less| {
                let less = policy("less", &less);
                name(&smt::in_fresh_context(|| no_new_access(&less, &original, &settings()).unwrap()).verdict)
            });
            (line["policy"].to_string(), name(&same.verdict), less, took)
        })
        .collect();
    let mut times: Vec<Duration> = answers.iter().map(|answer| answer.3).collect();
    times.sort();
    eprintln!("equivalent: median {:?}, max {:?}", times[times.len() / 2], times[times.len() - 1]);
    let not_same: Vec<_> = answers.iter().filter(|answer| answer.1 != "PASS").collect();
    assert!(not_same.is_empty(), "{not_same:?}");
    let removed: Vec<_> = answers.iter().filter_map(|answer| answer.2.map(|less| (&answer.0, less))).collect();
    assert!(removed.len() > 1_000, "only {} policies have an action to remove", removed.len());
    let not_failed: Vec<_> = removed.iter().filter(|(_, less)| *less != "FAIL").collect();
    eprintln!("one action removed: {} policies, {} not FAIL", removed.len(), not_failed.len());
    assert!(not_failed.iter().all(|(_, less)| *less == "UNKNOWN") && not_failed.len() * 200 <= removed.len(), "{not_failed:?}");
}

/// Random refinements: a service, a pattern and an unused set; the obligations are proved, and expanding over the
/// catalog, by plain matching, gives the original minus the unused actions.
#[test]
fn random_refinements_are_proved_and_expand_to_the_difference() {
    let catalog = Catalog::june_2024();
    let services: Vec<(&str, Vec<String>)> = catalog
        .services()
        .map(|(prefix, service)| (prefix, service.actions().map(|action| action.name.clone()).collect::<Vec<_>>()))
        .filter(|(_, names)| names.len() > 5)
        .collect();
    let mut seed = 7_usize;
    let mut random = move |most: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % most
    };
    let mut replaced = 0;
    for case in 0..120 {
        let (prefix, names) = &services[random(services.len())];
        let name = &names[random(names.len())];
        let start: String = name.chars().take(1 + random(6)).collect();
        let end: String = name.chars().skip(name.chars().count().saturating_sub(1 + random(5))).collect();
        let pattern = match random(5) {
            0 => "*".to_owned(),
            1 | 2 => format!("{start}*"),
            3 => format!("*{end}"),
            _ => format!("{start}*{end}"),
        };
        let mut unused: Vec<&String> = (0..1 + random(6)).map(|_| &names[random(names.len())]).collect();
        unused.sort();
        unused.dedup();
        let document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": [format!("{prefix}:{pattern}")], "Resource": "*"}]});
        let original = document::read(&Source::new("random", document.to_string()), &Budget::default()).unwrap();
        let mut permissions = UnusedPermissions::default();
        unused.iter().for_each(|name| permissions.add_action(prefix, name));
        let outcome = smt::in_fresh_context(|| refine(&original, &permissions, catalog, &settings()).unwrap());
        let Outcome::Proved(refined) = outcome else { panic!("{document} {unused:?}: {outcome:?}") };
        proofs::keep(&format!("service-{case:03}"), &refined.obligations);
        replaced += usize::from(!refined.changes.is_empty());
        let refined: Value = serde_json::from_str(&refined.policy.to_string()).unwrap();
        let patterns: Vec<Glob> = refined["Statement"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|statement| statement["Action"].as_array().unwrap())
            .map(|action| Glob::parse(action.as_str().unwrap().split_once(':').unwrap().1).to_ascii_lowercase())
            .collect();
        let whole = Glob::parse(&pattern).to_ascii_lowercase();
        for name in names {
            let lower = name.to_ascii_lowercase();
            let expected = whole.matches(&lower) && !unused.contains(&name);
            assert_eq!(
                patterns.iter().any(|pattern| pattern.matches(&lower)),
                expected,
                "{prefix}:{name} of {document} without {unused:?}: {refined}"
            );
        }
    }
    assert!(replaced > 25, "only {replaced} runs changed anything");
}
