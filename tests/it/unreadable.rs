//! Values that no documentation can read: an answer holds whatever AWS makes of them, or is unknown by their name and line.

use crate::agreement::Random;
use crate::support::{leastwise, policy as read};
use leastwise::eval;
use leastwise::policy::Access;
use leastwise::question::access_not_granted::{Access as Listed, access_not_granted};
use leastwise::question::equivalent::equivalent;
use leastwise::question::no_new_access::no_new_access;
use leastwise::question::{Engine, Outcome, Settings, Verdict};
use leastwise::smt;
use serde_json::{Map, Value, json};

fn statement(effect: &str, action: &str, condition: &Value) -> Value {
    json!({"Effect": effect, "Action": action, "Resource": "*", "Condition": condition})
}

fn policy(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// The answer of the command line in JSON, with its exit code; text and `batch` answer alike.
fn ask(check: &str, policies: &[(&str, &Value)], more: Value, switches: &[&str]) -> (i32, Value) {
    let folder = tempfile::tempdir().unwrap();
    let mut words = vec![check.to_owned()];
    for (name, policy) in policies {
        let path = folder.path().join(format!("{name}.json"));
        std::fs::write(&path, serde_json::to_string_pretty(policy).unwrap()).unwrap();
        words.push(path.display().to_string());
    }
    words.extend(switches.iter().map(|word| (*word).to_owned()));
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (text_code, text, _) = leastwise(&words, "");
    words.extend(["--format", "json"]);
    let (code, out, err) = leastwise(&words, "");
    let answer: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
    assert_eq!(code, text_code, "{text}");
    let mut line = json!({"check": check});
    let members = line.as_object_mut().unwrap();
    members.extend(policies.iter().map(|(name, policy)| ((*name).to_owned(), (*policy).clone())));
    members.extend(more.as_object().unwrap().clone());
    let (_, out, _) = leastwise(&["batch"], &line.to_string());
    let in_batch: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(in_batch["result"], answer["result"], "{line}");
    assert!(in_batch["warnings"].to_string().contains("wrong-value-type"), "{in_batch}");
    assert!(answer["warnings"].to_string().contains("wrong-value-type"), "{answer}");
    (code, answer)
}

fn granted(condition: &Value) -> (i32, Value) {
    let policy = policy(&[statement("Allow", "s3:GetObject", condition)]);
    ask(
        "access-not-granted",
        &[("policy", &policy)],
        json!({"access": [{"actions": ["s3:GetObject"]}]}),
        &["--action", "s3:GetObject"],
    )
}

#[test]
fn an_answer_that_hangs_on_such_a_value_is_unknown_by_its_name_and_line() {
    for (condition, value, operator) in [
        (json!({"DateGreaterThan": {"aws:CurrentTime": "2024-01-01 00:00:00Z"}}), "2024-01-01 00:00:00Z", "DateGreaterThan"),
        (json!({"DateGreaterThan": {"aws:CurrentTime": "20240101T000000Z"}}), "20240101T000000Z", "DateGreaterThan"),
        (json!({"NumericLessThan": {"foo:n": ".5"}}), ".5", "NumericLessThan"),
        (json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/33"}}), "10.0.0.0/33", "IpAddress"),
        (json!({"Bool": {"aws:SecureTransport": "yes"}}), "yes", "Bool"),
        (json!({"BinaryEquals": {"foo:b": "QQ"}}), "QQ", "BinaryEquals"),
        (json!({"Null": {"foo:n": "maybe"}}), "maybe", "Null"),
    ] {
        let (code, answer) = granted(&condition);
        let said = answer["message"].as_str().unwrap();
        assert!(code == 3 && answer["result"] == "UNKNOWN", "{answer}");
        assert!(said.contains(&format!("the value `{value}` of `{operator}`")) && said.contains("policy.json:"), "{said}");
        let line: usize = said.split("policy.json:").nth(1).and_then(|rest| rest.split(':').next()).unwrap().parse().unwrap();
        let text = serde_json::to_string_pretty(&policy(&[statement("Allow", "s3:GetObject", &condition)])).unwrap();
        assert!(text.lines().nth(line - 1).unwrap().contains(value), "{said}\n{text}");
    }
    let of = |text: &str| policy(&[statement("Allow", "s3:*", &json!({"NumericLessThan": {"s3:max-keys": text}}))]);
    let compare = |old: &Value, new: &Value| {
        let alone = ask("no-new-access", &[("existing", old), ("new", new)], json!({}), &[]);
        let crossed = ask("no-new-access", &[("existing", old), ("new", new)], json!({}), &["--cross-check"]);
        assert_eq!(alone.1["result"], crossed.1["result"]);
        alone
    };
    let (code, answer) = compare(&of("1e100"), &of("2e100"));
    assert!(code == 3 && answer["message"].as_str().unwrap().contains("2e100"), "{answer}");
    // What is written alike means the same, whatever that is.
    assert_eq!(compare(&of("1e100"), &of("1e100")).0, 0);
    for check in ["equivalent", "diff"] {
        let names = if check == "diff" { ["old", "new"] } else { ["a", "b"] };
        let of_both = |one: &Value, other: &Value| ask(check, &[(names[0], one), (names[1], other)], json!({}), &[]);
        assert_eq!(of_both(&of("1e100"), &of("1e100")).0, 0, "{check}");
        let (code, answer) = of_both(&of("1e100"), &of("2e100"));
        assert!(code == 3 && answer.to_string().contains("no documentation says"), "{check}: {answer}");
    }
}

#[test]
fn an_answer_that_does_not_hang_on_such_a_value_stays_decided() {
    // The key may be absent, other values grant, nothing of it is asked about, or a Deny takes all.
    assert_eq!(granted(&json!({"NotIpAddress": {"aws:SourceIp": "x"}})).0, 1);
    assert_eq!(granted(&json!({"NumericEquals": {"foo:n": ["5", "x"]}})).0, 1);
    assert_eq!(granted(&json!({"NumericEquals": {"foo:n": "x"}, "Null": {"foo:n": "true"}})).0, 0);
    // The service reference: such a match always fails.
    assert_eq!(granted(&json!({"NumericLessThan": {"aws:SourceIp": "x"}})).0, 0);
    let open = |effect: &str, condition: Value| {
        let policy = policy(&[statement("Allow", "*", &json!({})), statement(effect, "s3:*", &condition)]);
        let listed = |action: &str| {
            let access = json!({"access": [{"actions": [action]}]});
            ask("access-not-granted", &[("policy", &policy)], access, &["--action", action]).1["result"].clone()
        };
        (listed("s3:GetObject"), listed("sqs:SendMessage"))
    };
    assert_eq!(open("Deny", json!({"NumericLessThan": {"foo:n": "x"}})), (json!("FAIL"), json!("FAIL")));
    let never_there = json!({"NumericLessThanIfExists": {"foo:n": "x"}});
    assert_eq!(open("Deny", never_there.clone()), (json!("UNKNOWN"), json!("FAIL")));
    assert_eq!(open("Allow", never_there), (json!("FAIL"), json!("FAIL")));
    // A resource policy: the value is the only pin, or another pin holds.
    let public = |condition: Value| {
        let mut one = statement("Allow", "s3:GetObject", &condition);
        one["Principal"] = json!("*");
        let policy = policy(&[one]);
        let of =
            |check: &str, more: Value, switches: &[&str]| ask(check, &[("policy", &policy)], more, switches).1["result"].clone();
        let kind = "AWS::S3::Bucket";
        let public = of("no-public-access", json!({"resourceType": kind}), &["--resource-type", kind]);
        (public, of("outside-access", json!({"trusted": ["111122223333"]}), &["--trusted", "111122223333"]))
    };
    let pin = json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/33"}});
    assert_eq!(public(pin.clone()), (json!("UNKNOWN"), json!("UNKNOWN")));
    let mut both = pin;
    both["StringEquals"] = json!({"aws:PrincipalAccount": "111122223333"});
    assert_eq!(public(both), (json!("PASS"), json!("PASS")));
}

#[test]
fn refinements_hold_whatever_such_a_value_means() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, value: &Value| {
        let path = folder.path().join(name);
        std::fs::write(&path, value.to_string()).unwrap();
        path.display().to_string()
    };
    let of =
        |action: &str, value: &str| policy(&[statement("Allow", action, &json!({"NumericLessThan": {"s3:max-keys": value}}))]);
    let unused = write("unused.json", &json!([{"serviceNamespace": "s3", "actions": ["DeleteBucket"]}]));
    let original = write("p.json", &of("s3:DeleteBucket*", ".5"));
    let (code, out, err) = leastwise(&["refine", &original, "--unused", &unused], "");
    assert!(code == 0 && out.contains(".5") && !out.contains("\"s3:DeleteBucket\""), "{out}{err}");
    let refined = write("r.json", &serde_json::from_str(&out).unwrap());
    assert_eq!(leastwise(&["verify", &original, &refined, "--unused", &unused], "").0, 0);
    // A statement that may never match may match as well: what is unused is still there, or the value is another.
    for other in [of("s3:DeleteBucket*", ".5"), of("s3:DeleteBucketPolicy", ".6")] {
        let (code, out, _) = leastwise(&["verify", &original, &write("o.json", &other), "--unused", &unused], "");
        assert!(code == 3 && out.contains("no documentation says"), "{code} {out}");
    }
}

#[test]
fn a_simulation_is_decided_only_if_every_reading_says_so() {
    let simulate = |effect: &str, condition: Value, context: Value| {
        let request = json!({"principal": "arn:aws:iam::111122223333:user/a", "action": "s3:GetObject",
            "resource": {"arn": "arn:aws:s3:::b/k", "accountId": "111122223333"}, "context": context});
        let own = policy(&[statement("Allow", "sqs:*", &json!({})), statement(effect, "s3:*", &condition)]);
        let mut stack = json!({"request": request, "identityPolicies": [own]});
        if effect == "Deny" {
            stack["identityPolicies"].as_array_mut().unwrap().push(policy(&[statement("Allow", "*", &json!({}))]));
        }
        let (code, text, _) = leastwise(&["simulate", "-"], &stack.to_string());
        let (json_code, out, err) = leastwise(&["simulate", "-", "--format", "json"], &stack.to_string());
        stack["check"] = json!("simulate");
        let (_, in_batch, _) = leastwise(&["batch"], &stack.to_string());
        let [answer, in_batch]: [Value; 2] =
            [out, in_batch].map(|out| serde_json::from_str(&out).unwrap_or_else(|_| panic!("{err}")));
        assert_eq!((code, &answer["decision"], &answer["result"]), (json_code, &in_batch["decision"], &in_batch["result"]));
        assert_eq!(text.starts_with("UNKNOWN"), code == 3, "{text}");
        let said = [&text, &answer["notes"].to_string(), &in_batch["notes"].to_string()]
            .map(|out| out.contains("no documentation says"));
        assert_eq!(said, [code == 3; 3], "{text}");
        assert_eq!(answer["result"] == "UNKNOWN", code == 3);
        (code, answer["decision"].as_str().unwrap().to_owned())
    };
    let less = |value: &str| json!({"NumericLessThan": {"s3:max-keys": value}});
    let is = |code: i32, decision: &str| (code, decision.to_owned());
    assert_eq!(simulate("Allow", less(".5"), json!({"s3:max-keys": "1"})), is(3, "ImplicitlyDenied"));
    assert_eq!(simulate("Deny", less(".5"), json!({"s3:max-keys": "1"})), is(3, "ExplicitlyDenied"));
    assert_eq!(simulate("Allow", less(".5"), json!({})), is(1, "ImplicitlyDenied"));
    assert_eq!(simulate("Deny", less(".5"), json!({})), is(0, "Allowed"));
    let either = json!({"NumericLessThan": {"s3:max-keys": ["10", ".5"]}});
    assert_eq!(simulate("Allow", either.clone(), json!({"s3:max-keys": "1"})), is(0, "Allowed"));
    assert_eq!(simulate("Deny", either, json!({"s3:max-keys": "1"})), is(1, "ExplicitlyDenied"));
}

/// Operators with a key, values that can be read, and some that cannot.
const KINDS: [(&str, &str, &[&str], &[&str]); 7] = [
    ("NumericLessThan", "foo:n", &["1", "5", "9"], &["x", ".5"]),
    ("NumericNotEquals", "foo:n", &["1", "5", "9"], &["x", ".5"]),
    ("DateGreaterThan", "foo:d", &["2024-01-01", "2025-01-01T00:00:00Z"], &["soon", "2024-01-01 00:00"]),
    ("IpAddress", "aws:SourceIp", &["10.0.0.0/8", "10.1.0.0/16", "192.0.2.1"], &["10.0.0.0/33", "local"]),
    ("NotIpAddress", "aws:SourceIp", &["10.0.0.0/8", "10.1.0.0/16", "192.0.2.1"], &["10.0.0.0/33", "local"]),
    ("Bool", "foo:b", &["true", "false"], &["yes"]),
    ("Null", "foo:n", &["true", "false"], &["maybe"]),
];

/// A condition; what it holds that cannot be read stands as `!kind:text`.
fn condition(random: &mut Random) -> Value {
    let mut out = Map::new();
    for _ in 0..random.below(3) {
        let kind = random.below(KINDS.len());
        let (operator, key, plain, odd) = KINDS[kind];
        let mut values: Vec<String> = Vec::new();
        if random.chance(40) {
            values.push(random.pick(plain).to_owned());
        }
        if values.is_empty() || random.chance(60) {
            values.push(format!("!{kind}:{}", random.pick(odd)));
        }
        let suffix = if operator != "Null" && random.chance(20) { "IfExists" } else { "" };
        let prefix = if operator != "Null" && random.chance(15) { "ForAllValues:" } else { "" };
        out.insert(format!("{prefix}{operator}{suffix}"), json!({key: values}));
    }
    Value::Object(out)
}

fn random_policy(random: &mut Random) -> Value {
    let statements = (0..=random.below(2)).map(|_| {
        let effect = if random.chance(75) { "Allow" } else { "Deny" };
        statement(effect, random.pick(&["s3:*", "s3:Get*", "s3:GetObject", "*"]), &condition(random))
    });
    policy(&statements.collect::<Vec<_>>())
}

/// The value with each text that cannot be read in place of `!kind:text`, or what is given for it.
fn filled(value: &Value, given: &dyn Fn(usize, &str) -> Option<String>) -> Value {
    match value {
        Value::String(text) => match text.strip_prefix('!').and_then(|rest| rest.split_once(':')) {
            Some((kind, own)) => json!(given(kind.parse().unwrap(), own).unwrap_or_else(|| own.to_owned())),
            None => value.clone(),
        },
        Value::Array(elements) => elements.iter().map(|element| filled(element, given)).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, own)| (name.clone(), filled(own, given))).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome.verdict {
        Verdict::Pass => "PASS",
        Verdict::Fail { .. } => "FAIL",
        Verdict::Unknown(_) => "UNKNOWN",
    }
}

/// Whatever readable values stand in the place of those that are not, no verdict is contradicted.
#[test]
fn no_reading_of_a_value_contradicts_a_verdict() {
    let mut random = Random::new(505);
    let mut counts = [[0usize; 3]; 3];
    for case in 0..crate::adversarial::cases(150) {
        let settings = Settings {
            engine: if case % 10 == 9 { Engine::Strings } else { Engine::Auto },
            realistic: false,
            ..Settings::default()
        };
        let old = random_policy(&mut random);
        let new = if random.chance(30) { old.clone() } else { random_policy(&mut random) };
        let listed = Listed { actions: vec!["s3:GetObject".to_owned()], resources: Vec::new() };
        let questions = |old: &Access, new: &Access| -> [Outcome; 3] {
            smt::in_fresh_context(|| {
                [
                    no_new_access(old, new, &settings).unwrap(),
                    access_not_granted(new, &listed, &settings).unwrap(),
                    equivalent(old, new, &settings).unwrap(),
                ]
            })
        };
        let as_written = |value: &Value| read("p", &filled(value, &|_, _| None));
        let told = questions(&as_written(&old), &as_written(&new));
        for _ in 0..4 {
            let salt = random.below(1 << 20);
            let give = |kind: usize, own: &str| {
                let (_, _, plain, _) = KINDS[kind];
                let at = own.bytes().fold(salt + kind, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
                Some(plain[at % plain.len()].to_owned())
            };
            let [one, other] = [&old, &new].map(|value| read("p", &filled(value, &give)));
            for (at, (told, then)) in told.iter().zip(questions(&one, &other)).enumerate() {
                let contradicts = matches!((word(told), word(&then)), ("PASS", "FAIL") | ("FAIL", "PASS"));
                assert!(!contradicts, "{at} {} {}\n{old}\n{new}", word(told), word(&then));
                if let (Verdict::Fail { witness, .. }, 1) = (&told.verdict, at) {
                    assert!(eval::allows(&other, witness), "{old}\n{new}\n{witness:?}");
                }
            }
        }
        for (at, told) in told.iter().enumerate() {
            counts[at][["PASS", "FAIL", "UNKNOWN"].iter().position(|one| *one == word(told)).unwrap()] += 1;
        }
    }
    assert!(counts.iter().flatten().all(|count| *count > 3), "{counts:?}");
}
