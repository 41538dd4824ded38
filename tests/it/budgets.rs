//! Laws of budgets: less of one turns a verdict into UNKNOWN and into nothing else, more of one never changes a verdict.
//!
//! Budgets here are steps, the same on every machine: Z3's, and the automata's states. Time is one too, where there is none.

use crate::agreement::Random;
use crate::small_world::{OWN, cases, changed, document, used};
use crate::support::{policy, root, steps};
use leastwise::diag::Budget;
use leastwise::policy::Access;
use leastwise::question::access_not_granted::{self, access_not_granted};
use leastwise::question::equivalent::equivalent;
use leastwise::question::no_new_access::no_new_access;
use leastwise::question::no_public_access::{ResourceType, no_public_access};
use leastwise::question::outside_access::{Zone, outside_access};
use leastwise::question::{Engine, Settings, Verdict};
use leastwise::smt;
use serde_json::Value;
use std::time::Duration;

fn letter(verdict: &Verdict) -> char {
    match verdict {
        Verdict::Pass => 'P',
        Verdict::Fail { .. } => 'F',
        Verdict::Unknown(_) => '?',
    }
}

/// What the questions say of two policies, a letter each.
fn answers(old: &Access, new: &Access, budget: Budget, engine: Engine, z3: bool) -> String {
    let settings = Settings { budget, engine, z3, realistic: false, ..Settings::default() };
    smt::in_fresh_context(|| {
        let mut out = String::new();
        let listed = access_not_granted::Access { actions: vec!["s3:GetObject".to_owned()], resources: Vec::new() };
        out.push(letter(&no_new_access(old, new, &settings).unwrap().verdict));
        out.push(letter(&equivalent(old, new, &settings).unwrap().verdict));
        out.push(letter(&access_not_granted(new, &listed, &settings).unwrap().verdict));
        if new.has_principals() {
            let bucket = ResourceType::parse("AWS::S3::Bucket").unwrap();
            out.push(letter(&no_public_access(new, bucket, &settings).unwrap().verdict));
            let mut zone = Zone::default();
            zone.trust(OWN).unwrap();
            let outside = outside_access(new, &zone, &settings).unwrap();
            out.push(match (outside.findings.is_empty(), outside.unknown) {
                (false, _) => 'F',
                (true, None) => 'P',
                (true, Some(_)) => '?',
            });
        }
        out
    })
}

/// How often a smaller budget left something open that a larger one decides.
#[derive(Debug, Default)]
struct Tally {
    decided: usize,
    lost: usize,
}

impl Tally {
    /// From the smallest budget to the largest: what is decided stays so.
    fn rising(&mut self, answers: &[String], shown: impl Fn() -> String) {
        for pair in answers.windows(2) {
            for (less, more) in pair[0].chars().zip(pair[1].chars()) {
                assert!(less == '?' || less == more, "{answers:?}\n{}", shown());
                self.lost += usize::from(less != more);
                self.decided += usize::from(more != '?');
            }
        }
    }
}

fn law(old: &Value, new: &Value, largest: u32, tallies: &mut [Tally; 3]) {
    let (a, b) = (policy("old", old), policy("new", new));
    let shown = || format!("{old}\n{new}");
    // Z3's steps: of the plain encoding, which asks Z3 everything.
    let rising = [1, 2_000, largest / 8, largest];
    let of_steps = |engine| rising.map(|rlimit| answers(&a, &b, steps(rlimit), engine, true));
    tallies[0].rising(&of_steps(Engine::Strings), shown);
    tallies[1].rising(&of_steps(Engine::Auto), shown);
    // Without Z3, and with it.
    let alone = answers(&a, &b, steps(largest), Engine::Auto, false);
    tallies[1].rising(&[alone.clone(), answers(&a, &b, steps(largest), Engine::Auto, true)], shown);
    // States: of automata alone.
    let states = |states| answers(&a, &b, Budget { states, ..steps(largest) }, Engine::Auto, false);
    tallies[2].rising(&[states(0), states(3), states(30), states(300), alone], shown);
    // No time at all.
    let none = Budget { timeout: Duration::ZERO, ..steps(largest) };
    assert!(answers(&a, &b, none, Engine::Auto, true).chars().all(|letter| letter == '?'), "{}", shown());
}

#[test]
fn less_of_a_budget_is_unknown_and_nothing_else() {
    let mut random = Random::new(55);
    let mut tallies: [Tally; 3] = Default::default();
    for case in 0..cases(16) {
        let with_principals = case % 2 == 0;
        let used = used(&mut random, &[0, 1, 2, 3, 4, 5, 6, 7]);
        let old = document(&mut random, with_principals, &used);
        let new = changed(&mut random, &old, with_principals, &used);
        law(&old, &new, 400_000, &mut tallies);
    }
    let text = std::fs::read_to_string(root().join("fixtures/policy-variables/pairs.jsonl")).unwrap();
    for line in text.lines().take(cases(6)) {
        let pair: Value = serde_json::from_str(line).unwrap();
        law(&pair["existing"], &pair["new"], 400_000, &mut tallies);
    }
    println!("{tallies:?}");
    assert!(tallies.iter().all(|tally| tally.decided > 20) && tallies[0].lost > 5 && tallies[2].lost > 5, "{tallies:?}");
}

/// Nothing that nests as deep as its input is long: a stack overflow kills the whole program, whatever the budget.
#[test]
fn long_patterns_use_no_stack() {
    let text = |unit: &str, count: usize| format!("arn:aws:s3:::{}", unit.repeat(count));
    for unit in ["${aws:username}/*", "${aws:username}", "${aws:username}?", "*a", "?*", "a", "*"] {
        let document = |count: usize| {
            let statement = serde_json::json!({"Effect": "Allow", "Action": "s3:*", "Resource": text(unit, count)});
            serde_json::json!({"Version": "2012-10-17", "Statement": [statement]})
        };
        let (old, new) = (policy("old", &document(3_000)), policy("new", &document(3_001)));
        for engine in [Engine::Auto, Engine::Strings, Engine::Regexes] {
            let budget = Budget { timeout: Duration::from_secs(2), ..steps(1_000_000) };
            let settings = Settings { budget, engine, realistic: false, ..Settings::default() };
            // Whatever it says, it says something.
            let _ = smt::in_fresh_context(|| no_new_access(&old, &new, &settings)).unwrap();
        }
    }
}

/// What Z3 would not come back from is left open, with its size, and what is as long and plain is answered.
#[test]
fn lists_that_are_too_long_for_one_formula_are_left_open() {
    let listed = |count: usize, end: &str| -> Vec<String> { (0..count).map(|at| format!("v{at}{end}")).collect() };
    let document = |operator: &str, values: Vec<String>| {
        let condition = serde_json::json!({operator: {"aws:PrincipalTag/x": values}});
        let statement = serde_json::json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": condition});
        policy("listed", &serde_json::json!({"Version": "2012-10-17", "Statement": [statement]}))
    };
    let ask = |operator: &str, count: usize, end: &str, engine: Engine| {
        let (old, new) = (document(operator, listed(count, end)), document(operator, listed(count, &format!("?{end}"))));
        let settings = Settings { budget: steps(1_000_000), engine, realistic: false, ..Settings::default() };
        smt::in_fresh_context(|| no_new_access(&old, &new, &settings)).unwrap().verdict
    };
    for engine in [Engine::Strings, Engine::Regexes] {
        let Verdict::Unknown(why) = ask("StringLike", 10_000, "*", engine) else { panic!("{engine:?} answered") };
        assert_eq!(why.to_string(), "a list has 10000 patterns; Z3 is asked about 1000 at once at most");
        assert!(matches!(ask("StringEqualsIgnoreCase", 10_000, "", engine), Verdict::Unknown(_)), "{engine:?}");
        assert!(matches!(ask("StringLike", 10, "*", engine), Verdict::Pass), "{engine:?}");
    }
    assert!(matches!(ask("StringLike", 10_000, "*", Engine::Auto), Verdict::Pass));
}
