//! Keys of a type have values of that type only, and one where AWS says so, whatever a policy compares them with: by known
//! answers, and by random policies, whose witnesses must keep to the types and whose PASS no request of the right types may
//! refute.

use crate::agreement::Random;
use crate::support::{policy, steps};
use leastwise::catalog::KeyBase;
use leastwise::diag::Budget;
use leastwise::eval;
use leastwise::question::no_new_access::no_new_access;
use leastwise::question::{Engine, Settings, Verdict};
use leastwise::request::{Context, Principal, Request, keys};
use leastwise::smt;
use serde_json::{Map, Value, json};

const KEYS: [&str; 6] =
    ["s3:max-keys", "aws:sourceip", "aws:currenttime", "aws:epochtime", "aws:securetransport", "aws:multifactorauthage"];

/// Values that requests may carry, the odd spellings among them.
fn values(key: &str) -> &'static [&'static str] {
    match keys::type_of(key) {
        Some(KeyBase::Bool) => &["true", "false"],
        Some(KeyBase::Numeric) => &["1", "10", "-1", "1.0", "+10", "007", "2026"],
        Some(KeyBase::Date) => {
            &["2026", "2026-02-28", "2024-02-29", "2026-01-01T00:00:00Z", "2026-01-01t01:00+01:00", "1767225600", "-5", "2026.0"]
        }
        Some(KeyBase::IpAddress) => &["10.0.0.1", "192.0.2.1", "::1", "2001:DB8::7", "::ffff:10.0.0.1", "10.1.2.3"],
        Some(KeyBase::String | KeyBase::Arn | KeyBase::Binary) | None => &["x"],
    }
}

/// What is compared with them as a text.
const TEXTS: [&str; 16] = [
    "*",
    "1*",
    "10.*",
    "*.*.*.*",
    "*:*",
    "20??",
    "????-02-*",
    "abc",
    "tr*",
    "*e",
    "2026-02-30",
    "10.0.0.300",
    "1.0",
    "::1",
    "+*",
    "*T*Z",
];

fn condition(random: &mut Random, into: &mut Map<String, Value>) {
    let key = random.pick(&KEYS);
    let texts = |random: &mut Random| json!(random.some(&TEXTS, 2));
    let (operator, value) = match random.below(9) {
        0..4 => {
            let operators = [
                "StringLike",
                "StringNotLike",
                "StringEquals",
                "StringEqualsIgnoreCase",
                "ForAnyValue:StringLike",
                "ForAllValues:StringLike",
            ];
            (random.pick(&operators), texts(random))
        }
        4 => (
            random.pick(&["NumericEquals", "NumericLessThan", "NumericNotEquals"]),
            json!(random.pick(&["1", "10", "2026", "1767225600"])),
        ),
        5 => (
            random.pick(&["DateEquals", "DateGreaterThan", "DateNotEquals"]),
            json!(random.pick(&["2026", "2026-01-01T00:00:00Z"])),
        ),
        6 => (random.pick(&["IpAddress", "NotIpAddress"]), json!(random.pick(&["10.0.0.0/8", "2001:db8::/32"]))),
        7 => {
            let variable = format!("{}${{{key}}}{}", random.pick(&["", "1", "x"]), random.pick(&["", "*", ".1"]));
            into.insert(random.pick(&["StringEquals", "StringLike"]).to_owned(), json!({"k:x": variable}));
            return;
        }
        _ => ("Null", json!(random.pick(&["true", "false"]))),
    };
    let entry = into.entry(operator).or_insert_with(|| json!({}));
    entry[key] = value;
}

fn statement(random: &mut Random) -> Value {
    let mut conditions = Map::new();
    for _ in 0..1 + random.below(3) {
        condition(random, &mut conditions);
    }
    let effect = if random.chance(75) { "Allow" } else { "Deny" };
    let key = random.pick(&KEYS);
    let resource = match random.below(6) {
        0 => format!("arn:aws:s3:::b/${{{key}}}"),
        1 => "arn:aws:s3:::b/1*".to_owned(),
        _ => "*".to_owned(),
    };
    json!({"Effect": effect, "Action": "s3:*", "Resource": resource, "Condition": conditions})
}

fn request(random: &mut Random) -> Request {
    let mut context = Context::new();
    let texts = ["10.0.0.1", "1", "x1", "1.1", "10.1", "x2026", "abc"];
    for key in KEYS {
        let always = keys::ALWAYS.contains(&key);
        if always || random.chance(70) {
            context.insert(key.to_owned(), vec![random.pick(values(key)).to_owned()]);
        }
    }
    context.insert("k:x".to_owned(), vec![random.pick(&texts).to_owned()]);
    let tail = random.pick(&["1", "10", "10.0.0.1", "true", "2026", "abc"]);
    let principal = Principal::Aws("arn:aws:iam::111122223333:user/a".to_owned());
    Request::new(principal, "s3:ListBucket", &format!("arn:aws:s3:::b/{tail}"), context)
}

/// The first value that its key cannot have.
fn mistyped(request: &Request) -> Option<String> {
    let wrong = |(key, values): (&String, &Vec<String>)| {
        let own = keys::type_of(key)?;
        Some(format!("{key}: {}", values.iter().find(|value| !own.holds(value))?))
    };
    request.context.iter().find_map(wrong)
}

#[test]
fn no_witness_has_a_value_of_a_wrong_type_and_no_typed_request_refutes_a_pass() {
    let (mut random, mut requests) = (Random::new(91), Random::new(92));
    let cases = std::env::var("LEASTWISE_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(500);
    let (mut passed, mut failed, mut compared, mut open) = (0, 0, 0, Vec::new());
    for case in 0..cases {
        let document = |statements: &[Value]| json!({"Version": "2012-10-17", "Statement": statements});
        let mut statements: Vec<Value> = (0..1 + random.below(3)).map(|_| statement(&mut random)).collect();
        let old = document(&statements);
        if random.chance(50) && statements.len() > 1 {
            statements.remove(0);
        }
        if random.chance(80) {
            statements.push(statement(&mut random));
        }
        let new = document(&statements);
        let (existing, newer) = (policy("old", &old), policy("new", &new));
        let ask = |settings: &Settings| {
            let outcome = smt::in_fresh_context(|| no_new_access(&existing, &newer, settings));
            outcome.unwrap_or_else(|error| panic!("{error}\n{old}\n{new}")).verdict
        };
        let budget = crate::support::steps(3_000_000);
        let prove = case % 5 == 0;
        let verdict = ask(&Settings { budget, prove, ..Settings::default() });
        match &verdict {
            Verdict::Pass => {
                passed += 1;
                for _ in 0..150 {
                    let request = request(&mut requests);
                    assert_eq!(mistyped(&request), None);
                    let allows = |access| eval::allows(access, &request);
                    assert!(allows(&existing) || !allows(&newer), "{old}\n{new}\n{request:?}");
                }
            }
            Verdict::Fail { witness, .. } => {
                failed += 1;
                assert_eq!(mistyped(witness), None, "{old}\n{new}\n{witness:?}");
            }
            Verdict::Unknown(why) => open.push(format!("{why}\n{old}\n{new}")),
        }
        if case % 2 == 0 {
            let budget = Budget { rlimit: 300_000, ..budget };
            let other = ask(&Settings { engine: Engine::Strings, realistic: false, budget, ..Settings::default() });
            match (&verdict, &other) {
                (Verdict::Unknown(_), _) | (_, Verdict::Unknown(_)) => {}
                (Verdict::Pass, Verdict::Pass) | (Verdict::Fail { .. }, Verdict::Fail { .. }) => compared += 1,
                (found, other) => panic!("automata {found:?}, strings {other:?}\n{old}\n{new}"),
            }
        }
    }
    eprintln!("{cases} questions: {passed} PASS, {failed} FAIL, {} UNKNOWN; {compared} compared with strings", open.len());
    eprintln!("{}", open.join("\n"));
    assert!(passed * 10 > cases && failed * 10 > cases && compared * 10 > cases);
}

/// Of a statement with a condition: whether there is a request that it allows.
#[test]
fn a_typed_key_is_compared_as_what_it_is() {
    let one = |operator: &str, key: &str, value: &str| json!({operator: {key: value}});
    let cases = [
        (one("StringEquals", "s3:max-keys", "abc"), false),
        (one("StringEquals", "s3:max-keys", "10"), true),
        (one("StringLike", "s3:max-keys", "*e*"), false),
        (one("StringNotEquals", "s3:max-keys", "abc"), true),
        (one("ArnLike", "s3:max-keys", "arn:aws:s3:::b"), false),
        (one("ForAnyValue:StringLike", "s3:max-keys", "1*a"), false),
        (one("ForAllValues:StringLike", "s3:max-keys", "1*a"), true),
        (one("StringLike", "aws:SourceIp", "10.*"), true),
        (one("StringEquals", "aws:SourceIp", "10.0.0.300"), false),
        (one("StringLike", "aws:SourceIp", "*.*.*.*.*"), false),
        (one("StringLike", "aws:SourceIp", "*:*"), true),
        (one("StringLike", "aws:SourceIp", "*/*"), false),
        (one("StringEquals", "aws:CurrentTime", "2026-02-29"), false),
        (one("StringEquals", "aws:CurrentTime", "2024-02-29"), true),
        (one("StringLike", "aws:CurrentTime", "????-13-*"), false),
        (one("StringEquals", "aws:SecureTransport", "True"), false),
        (one("StringLike", "aws:SecureTransport", "t*"), true),
        (one("NumericEquals", "aws:SourceIp", "1"), false),
        (one("NumericNotEquals", "aws:SourceIp", "1"), true),
        (json!({"NumericNotEquals": {"aws:SourceIp": "1"}, "Null": {"aws:SourceIp": "false"}}), false),
        (json!({"DateEquals": {"aws:SecureTransport": "2026"}, "StringLike": {"aws:SecureTransport": "*"}}), false),
        (one("IpAddress", "s3:max-keys", "10.0.0.0/8"), false),
        (one("DateGreaterThan", "s3:max-keys", "1970-01-02"), true),
        (one("DateLessThan", "aws:SecureTransport", "2026"), false),
        (one("NumericGreaterThan", "aws:CurrentTime", "5"), true),
        (
            json!({"ForAnyValue:StringEquals": {"aws:RequestTag/a": "x"}, "ForAnyValue:StringLike": {"aws:RequestTag/a": "y"}}),
            false,
        ),
        (json!({"ForAnyValue:StringEquals": {"s3:RequestTag/a": "x"}, "ForAnyValue:StringLike": {"s3:RequestTag/a": "y"}}), true),
        (one("DateLessThan", "aws:EpochTime", "2026-01-01"), true),
        (
            json!({"NumericLessThan": {"aws:EpochTime": "1767225600"}, "DateGreaterThanEquals": {"aws:EpochTime": "2026-01-01"}}),
            false,
        ),
        (
            json!({"NumericLessThan": {"aws:EpochTime": "1767225601"}, "DateGreaterThanEquals": {"aws:EpochTime": "2026-01-01"}}),
            true,
        ),
        (json!({"StringLike": {"aws:SourceIp": "10.*"}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}), true),
        (json!({"StringEquals": {"k:x": "${s3:max-keys}"}, "StringLike": {"k:x": "abc"}}), false),
        (json!({"StringEquals": {"k:x": "${s3:max-keys}"}, "StringLike": {"k:x": "1*"}}), true),
        (json!({"StringEquals": {"k:x": "x${aws:SourceIp}"}, "StringNotLike": {"k:x": ["*.*", "*:*"]}}), false),
        (json!({"StringNotEquals": {"s3:max-keys": "${s3:max-keys}"}, "Null": {"s3:max-keys": "false"}}), false),
    ];
    let nothing = policy("nothing", &json!({"Version": "2012-10-17", "Statement": []}));
    let mut open = Vec::new();
    for (condition, expected) in cases {
        let statement = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": condition});
        let newer = policy("new", &json!({"Version": "2012-10-17", "Statement": [statement]}));
        for engine in [Engine::Auto, Engine::Strings] {
            // Steps bound it, not the clock of a busy machine.
            let settings = Settings { engine, budget: steps(Budget::DEFAULT.rlimit), ..Settings::default() };
            let outcome = smt::in_fresh_context(|| no_new_access(&nothing, &newer, &settings));
            match outcome.unwrap_or_else(|error| panic!("{error}\n{condition}")).verdict {
                Verdict::Pass => assert!(!expected, "{engine:?}: {condition}"),
                Verdict::Fail { witness, .. } => {
                    assert!(expected, "{engine:?}: {condition}\n{witness:?}");
                    assert_eq!(mistyped(&witness), None);
                }
                Verdict::Unknown(why) => open.push(format!("{engine:?} {condition}: {why}")),
            }
        }
    }
    // A text and an address at once: the automata have a guess, one formula cannot say it.
    assert!(matches!(open.as_slice(), [one] if one.starts_with("Strings") && one.contains("different types")), "{open:?}");
}

/// Keys that every request carries, and keys that have no other values than those of two statements together.
#[test]
fn nothing_is_left_beside_all_values_of_a_key() {
    let allow = |resource: Value, condition: Value| json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource, "Condition": condition});
    let everything = || allow(json!("*"), json!({}));
    let split = |parts: &[Value]| parts.iter().map(|part| allow(json!("*"), part.clone())).collect::<Vec<Value>>();
    let of = |operator: &str, key: &str, value: Value| json!({operator: {key: value}});
    let (v4, ipv4) = (json!(["0.0.0.0/0", "::/0"]), "aws:Ec2InstanceSourcePrivateIPv4");
    let (truth, root) = (|text: &str| json!(text), "aws:AssumedRoot");
    for (old, new) in [
        (split(&[of("IpAddress", ipv4, v4), of("Null", ipv4, truth("true"))]), everything()),
        (
            split(&[of("Bool", root, truth("true")), of("Bool", root, truth("false")), of("Null", root, truth("true"))]),
            everything(),
        ),
        (
            split(&[
                of("NumericLessThan", "aws:EpochTime", json!("100")),
                of("NumericGreaterThanEquals", "aws:EpochTime", json!("100")),
            ]),
            everything(),
        ),
        (
            vec![allow(json!(["arn:aws:s3:::b/true", "arn:aws:s3:::b/false"]), json!({}))],
            allow(json!("arn:aws:s3:::b/${aws:SecureTransport, 'none'}"), json!({})),
        ),
    ] {
        let document = |statements: Vec<Value>| json!({"Version": "2012-10-17", "Statement": statements});
        let (existing, newer) = (policy("old", &document(old)), policy("new", &document(vec![new.clone()])));
        for engine in [Engine::Auto, Engine::Strings] {
            let settings = Settings { engine, ..Settings::default() };
            let outcome = smt::in_fresh_context(|| no_new_access(&existing, &newer, &settings));
            assert_eq!(outcome.unwrap().verdict, Verdict::Pass, "{engine:?} {new}");
        }
    }
}
