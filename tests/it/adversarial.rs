//! Policies made to be hard: many stars, inner wildcards that overlap, hundreds of values, negations inside negations.
//!
//! Each question is asked of the automata; requests on the policies' edges then try to refute every PASS, and every
//! witness is evaluated again. What the automata leave open goes to Z3 within its budget, so a hard question ends as
//! PASS, FAIL or UNKNOWN, never wrong. And three meanings on small random policies: evaluator, automata, strings.
//! `LEASTWISE_CASES` makes the runs longer (README, "Measured").

use crate::agreement::{Generator, Random, generator, is_typed};
use crate::boundary::Boundary;
use crate::support::{policy, reach, stack, steps};
use leastwise::eval;
use leastwise::policy::{Access, ArnMatching};
use leastwise::query::Unknown;
use leastwise::question::no_new_access::no_new_access;
use leastwise::question::{Engine, Settings, Verdict};
use leastwise::smt;
use serde_json::{Map, Value, json};

pub(crate) fn cases(otherwise: usize) -> usize {
    std::env::var("LEASTWISE_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Counts of verdicts.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) open: Vec<String>,
}

/// Asks, and holds the answer against the evaluator; the verdict.
pub(crate) fn asked(old: &Value, new: &Value, settings: &Settings, random: &mut Random, tally: &mut Tally) -> Verdict {
    let read = |name: &str, value: &Value| -> Access {
        settings.read_own(if value.get("Statement").is_some() { policy(name, value) } else { stack(name, value) })
    };
    let (existing, newer) = (read("old", old), read("new", new));
    let outcome = smt::in_fresh_context(|| no_new_access(&existing, &newer, settings)).unwrap();
    let adds = |request: &_| eval::allows(&newer, request) && !eval::allows(&existing, request);
    match &outcome.verdict {
        Verdict::Pass => {
            tally.passed += 1;
            let edges = Boundary::of(&[old, new]);
            for _ in 0..200 {
                let request = edges.request(random);
                // Questions about stacks leave service-linked roles out.
                let linked = request.principal_arn().is_some_and(|arn| arn.contains("aws-service-role"));
                let there_is = request.is_consistent() && is_typed(&request);
                assert!(linked || !there_is || !adds(&request), "{old}\n{new}\n{request:?}");
            }
        }
        Verdict::Fail { witness, .. } => {
            tally.failed += 1;
            assert!(adds(witness), "{old}\n{new}\n{witness:?}");
        }
        // Nobody can know what such a value means (`unreadable`).
        Verdict::Unknown(Unknown::Unreadable(_)) => {}
        Verdict::Unknown(why) => tally.open.push(why.to_string()),
    }
    outcome.verdict
}

pub(crate) fn within(rlimit: u32) -> Settings {
    Settings { budget: steps(rlimit), ..Settings::default() }
}

/// A family of policies: one of them at random, and a change that makes a new version of it.
struct Family {
    name: &'static str,
    policy: fn(&mut Random) -> Value,
    /// How many are tried, unless said otherwise; every question of them must be decided.
    cases: usize,
}

fn document(statements: Vec<Value>) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn starry(random: &mut Random, letters: &[&str], stars: usize) -> String {
    (0..stars).map(|_| format!("*{}", random.pick(letters))).collect::<String>() + "*"
}

fn many_stars(random: &mut Random) -> Value {
    let statements = (0..3).map(|at| {
        let resources: Vec<String> =
            (0..2).map(|_| format!("arn:aws:s3:::{}", starry(random, &["a", "b", "ab", "/"], 5))).collect();
        let effect = if at == 2 { "Deny" } else { "Allow" };
        json!({"Effect": effect, "Action": "s3:GetObject", "Resource": resources})
    });
    document(statements.collect())
}

fn inner_wildcards(random: &mut Random) -> Value {
    let words = ["Get", "Put", "Object", "Acl", "Tag", "t", "e", "Bucket"];
    let statements = (0..4).map(|at| {
        let actions: Vec<String> = (0..3)
            .map(|_| format!("{}:{}", random.pick(&["s3", "s*", "*"]), starry(random, &words, 1 + random_small(at))))
            .collect();
        let effect = if at % 3 == 2 { "Deny" } else { "Allow" };
        json!({"Effect": effect, "Action": actions, "Resource": "*"})
    });
    document(statements.collect())
}

fn random_small(at: usize) -> usize {
    at % 3
}

fn many_values(random: &mut Random) -> Value {
    let spread = 3 + random.below(5);
    let values = |make: &dyn Fn(usize) -> Value| -> Vec<Value> { (0..200).map(|at| make(at * spread % 211)).collect() };
    let (operator, key, list) = match random.below(5) {
        0 => ("StringLike", "s3:prefix", values(&|at| json!(format!("p{at}/*")))),
        1 => ("StringNotLike", "s3:prefix", values(&|at| json!(format!("*{at}x")))),
        2 => ("NumericEquals", "s3:max-keys", values(&|at| json!(at))),
        3 => ("IpAddress", "aws:SourceIp", values(&|at| json!(format!("10.{at}.0.0/16")))),
        _ => ("ForAnyValue:StringLike", "aws:TagKeys", values(&|at| json!(format!("t{at}*")))),
    };
    document(vec![json!({
        "Effect": if random.chance(80) { "Allow" } else { "Deny" },
        "Action": "s3:*", "Resource": "*", "Condition": {operator: {key: list}}
    })])
}

fn nested_negations(random: &mut Random) -> Value {
    let actions = ["s3:*", "s3:Get*", "iam:*", "*:Get*", "s3:GetObject", "*"];
    let resources = ["*", "arn:aws:s3:::a*", "arn:aws:s3:::ab/*", "arn:aws:s3:::*/b", "arn:aws:iam::111122223333:role/*"];
    let statements = (0..12).map(|at| {
        let mut out = Map::new();
        out.insert("Effect".to_owned(), json!(if at % 2 == 0 { "Allow" } else { "Deny" }));
        let not = |random: &mut Random, name: &str| if random.chance(70) { format!("Not{name}") } else { name.to_owned() };
        out.insert(not(random, "Action"), json!(random.some(&actions, 3)));
        out.insert(not(random, "Resource"), json!(random.some(&resources, 3)));
        Value::Object(out)
    });
    document(statements.collect())
}

fn negated_sets(random: &mut Random) -> Value {
    let mut condition = Map::new();
    for (name, qualifier, percent) in [("StringNotLike", "ForAllValues", 100), ("StringNotEquals", "ForAnyValue", 30)] {
        let mut keys = Map::new();
        for at in 0..100 {
            if random.chance(percent) {
                keys.insert(format!("k:{at}"), json!([format!("v{}*", random.below(3)), "x"]));
            }
        }
        condition.insert(format!("{qualifier}:{name}"), Value::Object(keys));
    }
    let deny = json!({"Effect": "Deny", "Action": "s3:Put*", "Resource": "*", "Condition": condition});
    document(vec![json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": condition}), deny])
}

fn many_denies(random: &mut Random) -> Value {
    let mut statements = vec![json!({"Effect": "Allow", "Action": "*", "Resource": "*"})];
    for at in 0..60 {
        let (key, operator) = (format!("k:{}", at % 20), random.pick(&["StringEquals", "StringNotEqualsIfExists", "Null"]));
        let value = if operator == "Null" { "true" } else { random.pick(&["a", "b", "c"]) };
        let action = random.pick(&["s3:*", "s3:Get*", "*", "ec2:*"]);
        statements.push(json!({"Effect": "Deny", "Action": action, "Resource": "*", "Condition": {operator: {key: value}}}));
    }
    document(statements)
}

fn close_bounds(random: &mut Random) -> Value {
    let numeric = ["NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericGreaterThan", "NumericGreaterThanEquals"];
    let numbers = ["5", "5.5", "5.25", "6", "1e1", "many"];
    let dates = ["2024-01-01T00:00:00Z", "2024-01-01T00:00:01Z", "2024-01-01T00:00:00.5Z", "soon"];
    let mut statements = Vec::new();
    for _ in 0..3 {
        let mut condition = Map::new();
        for _ in 0..3 {
            let qualifier = random.pick(&["", "ForAnyValue:", "ForAllValues:"]);
            if random.chance(70) {
                let keys = json!({"s3:max-keys": random.some(&numbers, 2)});
                condition.insert(format!("{qualifier}{}", random.pick(&numeric)), keys);
            } else {
                let operator = random.pick(&["DateLessThan", "DateGreaterThan", "DateNotEquals"]);
                condition.insert(format!("{qualifier}{operator}"), json!({"aws:CurrentTime": random.some(&dates, 2)}));
            }
        }
        let effect = if random.chance(70) { "Allow" } else { "Deny" };
        statements.push(json!({"Effect": effect, "Action": "s3:*", "Resource": "*", "Condition": condition}));
    }
    document(statements)
}

const FAMILIES: [Family; 7] = [
    Family { name: "close bounds", policy: close_bounds, cases: 400 },
    Family { name: "many stars", policy: many_stars, cases: 24 },
    Family { name: "inner wildcards", policy: inner_wildcards, cases: 24 },
    Family { name: "many values", policy: many_values, cases: 24 },
    Family { name: "nested negations", policy: nested_negations, cases: 60 },
    Family { name: "negated sets", policy: negated_sets, cases: 24 },
    Family { name: "many denies", policy: many_denies, cases: 24 },
];

/// A statement fewer, in another order, or with a narrower resource; or another policy of the family.
fn changed(policy: &Value, family: &Family, random: &mut Random) -> Value {
    let mut new = policy.clone();
    let Some(statements) = new["Statement"].as_array_mut() else { return new };
    match random.below(4) {
        0 => return (family.policy)(random),
        1 => statements.reverse(),
        2 => _ = statements.remove(random.below(statements.len())),
        _ => {
            let at = random.below(statements.len());
            if statements[at].get("Resource").is_some() {
                statements[at]["Resource"] = json!("arn:aws:s3:::ab/b");
            }
        }
    }
    new
}

#[test]
fn hard_families_are_never_wrong() {
    for (seed, family) in FAMILIES.iter().enumerate() {
        let mut random = Random::new(100 + seed as u64);
        let mut tally = Tally::default();
        for _ in 0..cases(family.cases) {
            let old = (family.policy)(&mut random);
            let new = changed(&old, family, &mut random);
            asked(&old, &new, &within(8_000_000), &mut random, &mut tally);
            asked(&new, &old, &within(8_000_000), &mut random, &mut tally);
        }
        eprintln!("{}: {} PASS, {} FAIL, {} UNKNOWN", family.name, tally.passed, tally.failed, tally.open.len());
        assert!(tally.open.is_empty(), "{}: {:?}", family.name, tally.open);
        assert!(tally.passed > 0 && tally.failed > 0, "{}: {tally:?}", family.name);
    }
}

/// Two versions of a small random policy, or two random stacks.
pub(crate) fn versions(generator: &mut Generator, case: usize) -> (Value, Value) {
    if case % 5 == 4 {
        return (generator.stack(), generator.stack());
    }
    let with_principals = case.is_multiple_of(2);
    let old = generator.small_policy(with_principals);
    let mut new = old.clone();
    let Some(statements) = new["Statement"].as_array_mut() else { return (old, new) };
    match case % 3 {
        0 => statements.reverse(),
        1 => statements.push(generator.statement(with_principals)),
        _ => statements[0] = generator.statement(with_principals),
    }
    (old, new)
}

/// Evaluator on boundary requests, automata, and strings: no two differ where both have an answer.
#[test]
fn three_meanings_agree() {
    let mut generator = generator(7);
    let mut random = Random::new(8);
    let (mut auto, mut strings) = (Tally::default(), Tally::default());
    let cases = cases(400);
    for case in 0..cases {
        let (old, new) = versions(&mut generator, case);
        let matching = if case.is_multiple_of(7) { ArnMatching::Greedy } else { ArnMatching::Segment };
        let readings = reach(matching);
        let alone = Settings { z3: false, readings, ..Settings::default() };
        let found = asked(&old, &new, &alone, &mut random, &mut auto);
        // Z3's own measure of work, so that what is compared does not hang on the machine.
        let budget = steps(40_000);
        let whole = Settings { engine: Engine::Strings, realistic: false, readings, budget, ..Settings::default() };
        let other = asked(&old, &new, &whole, &mut random, &mut strings);
        match (&found, &other) {
            (Verdict::Unknown(_), _) | (_, Verdict::Unknown(_)) => {}
            (Verdict::Pass, Verdict::Pass) | (Verdict::Fail { .. }, Verdict::Fail { .. }) => {}
            (found, other) => panic!("automata {found:?}, strings {other:?}\n{old}\n{new}"),
        }
    }
    let told = |tally: &Tally| format!("{} PASS, {} FAIL, {} left open", tally.passed, tally.failed, tally.open.len());
    eprintln!("{cases} questions: automata alone {}; strings within 40,000 steps {}", told(&auto), told(&strings));
    assert!(auto.passed * 10 > cases && auto.failed * 10 > cases && auto.open.len() * 5 < cases, "{}", told(&auto));
    assert!(strings.open.len() * 2 < cases, "{}", told(&strings));
}
