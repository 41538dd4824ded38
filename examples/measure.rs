//! Scratch.
#![allow(missing_docs, clippy::unwrap_used, reason = "scratch")]
use leastwise::diag::{Budget, Source};
use leastwise::policy::Policy;
use leastwise::question::{Settings, Verdict, no_new_access::no_new_access};
use std::time::{Duration, Instant};
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let (skip, take): (usize, usize) = (args[2].parse().unwrap(), args[3].parse().unwrap());
    let text = std::fs::read_to_string(&args[1]).unwrap();
    let settings = Settings { budget: Budget { timeout: Duration::from_secs(2), ..Budget::default() }, ..Settings::default() };
    for (i, line) in text.lines().enumerate().skip(skip).take(take) {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let p = |k: &str, k2: &str| {
            Policy::read(&Source::new(k, line.get(k).or(line.get(k2)).unwrap().to_string()), &Budget::default()).unwrap()
        };
        let (old, new) = (p("old", "existing"), p("new", "new"));
        let t = Instant::now();
        let o = leastwise::smt::in_fresh_context(|| no_new_access(&old, &new, &settings));
        let t = t.elapsed();
        let (v, n, w) = match &o {
            Ok(o) => (
                match &o.verdict {
                    Verdict::Pass => "PASS".to_owned(),
                    Verdict::Fail { .. } => "FAIL".to_owned(),
                    Verdict::Unknown(w) => w.clone(),
                },
                o.proof.obligations,
                o.message.clone(),
            ),
            Err(e) => ("ERR".to_owned(), 0, e.0.clone()),
        };
        if t > Duration::from_millis(100) || (v != line["expect"].as_str().unwrap() && line["expect"] != "?") {
            println!(
                "{i} {} {:?} {v} {} n={n} {}",
                line.get("policy").or(line.get("id")).unwrap(),
                t,
                line["expect"],
                w.chars().take(1500).collect::<String>()
            );
        }
    }
}
