//! Real policies: every managed policy, their versions, AWS's own labelled samples.

use crate::support::{corpus, lines, policy};
use leastwise::diag::Budget;
use leastwise::question::no_new_access::no_new_access;
use leastwise::question::{Settings, Verdict};
use leastwise::smt;
use std::time::{Duration, Instant};

fn settings() -> Settings {
    Settings { budget: Budget { timeout: Duration::from_secs(5), ..Budget::default() }, ..Settings::default() }
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
    let mut wrong = Vec::new();
    let mut times = Vec::new();
    for line in lines(&folder.join("version-pairs.jsonl.zst")) {
        let id = format!("{} {} {}", line["policy"], line["old_version"], line["new_version"]);
        let (old, new) = (policy("old", &line["old"]), policy("new", &line["new"]));
        let started = Instant::now();
        let outcome = smt::in_fresh_context(|| no_new_access(&old, &new, &settings()));
        let outcome = match outcome {
            Ok(o) => o,
            Err(e) => {
                wrong.push(format!("{id} {e}"));
                continue;
            }
        };
        times.push((started.elapsed(), id.clone()));
        let (got, expect) = (name(&outcome.verdict), line["expect"].as_str().unwrap());
        if got == "UNKNOWN" || (expect != "?" && got != expect) {
            wrong.push(format!("{id}: {got} not {expect}: {:?}", outcome.message));
        }
    }
    times.sort();
    let at = |q: f64| times[((times.len() - 1) as f64 * q) as usize].clone();
    eprintln!("median {:?} p90 {:?} p99 {:?} max {:?}", at(0.5), at(0.9), at(0.99), at(1.0));
    assert!(wrong.is_empty(), "{} wrong: {}", wrong.len(), wrong.join("\n"));
}
