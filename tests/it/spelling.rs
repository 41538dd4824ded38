//! A verdict follows from the access, not from its spelling: policies that grant the same get the same answer to every
//! question.
//!
//! Policies, random and real, are spelled anew without a change of access: an account by its id or its root ARN, a principal
//! bare or in a map, one value or a list, actions in another case, lists and statements in another order, split or doubled.
//! Others get a statement more that grants nothing which they do not grant. The two must be equivalent, and every question
//! must answer them alike. How services are spelled is varied beside it (`services`).

use crate::agreement::{Random, generator};
use crate::support::{corpus, lines, policy};
use leastwise::catalog::PARTITIONS;
use leastwise::policy::Access;
use leastwise::question::access_not_granted::{self, access_not_granted};
use leastwise::question::difference::difference;
use leastwise::question::equivalent::equivalent;
use leastwise::question::no_new_access::no_new_access;
use leastwise::question::no_public_access::{ResourceType, no_public_access};
use leastwise::question::outside_access::{Zone, outside_access};
use leastwise::question::{Outcome, Settings, Verdict};
use leastwise::smt;
use serde_json::{Map, Value, json};

/// Steps end a question; the clock is there for a machine that hangs.
fn settings() -> Settings {
    let budget = crate::support::steps(2_000_000);
    Settings { budget, realistic: false, ..Settings::default() }
}

/// How many random policies are tried; the counts below are of this many.
fn cases(usual: usize) -> usize {
    std::env::var("LEASTWISE_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}

fn shuffle(random: &mut Random, items: &mut [Value]) {
    for at in (1..items.len()).rev() {
        items.swap(at, random.below(at + 1));
    }
}

/// An entry, or two that say the same.
fn aws_entry(random: &mut Random, text: &str) -> Vec<Value> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let is_account = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    let account = match parts.as_slice() {
        [one] if is_account(one) => one,
        ["arn", _, "iam", "", account, "root"] if is_account(account) => account,
        _ => return vec![json!(text)],
    };
    let mut spelled = || match random.chance(40) {
        true => json!(account),
        false => json!(format!("arn:{}:iam::{account}:root", PARTITIONS[random.below(PARTITIONS.len())].name)),
    };
    let mut out = vec![spelled(), spelled()];
    out.truncate(1 + random.below(2));
    out
}

/// One value or a list, in another order.
fn respelled_list(random: &mut Random, mut items: Vec<Value>) -> Value {
    shuffle(random, &mut items);
    if random.chance(20)
        && let Some(first) = items.first().cloned()
    {
        items.push(first);
    }
    match items.as_slice() {
        [one] if random.chance(50) => one.clone(),
        _ => json!(items),
    }
}

fn respelled_principal(random: &mut Random, element: &Value) -> Value {
    let Some(map) = element.as_object() else {
        return match element.as_str() {
            Some("*") if random.chance(50) => json!({"AWS": respelled_list(random, vec![json!("*")])}),
            Some("*") | None => element.clone(),
            Some(text) => json!({"AWS": text}),
        };
    };
    let mut out = Map::new();
    for (kind, value) in map.iter().rev() {
        let mut items = Vec::new();
        for item in list(value) {
            match item.as_str().filter(|_| kind == "AWS") {
                Some(text) => items.extend(aws_entry(random, text)),
                None => items.push(item),
            }
        }
        out.insert(kind.clone(), respelled_list(random, items));
    }
    match (out.len(), out.get("AWS").and_then(Value::as_str)) {
        (1, Some(one)) if random.chance(50) && (one == "*" || one.starts_with("arn:") || one.len() == 12) => json!(one),
        _ => Value::Object(out),
    }
}

fn flipped(random: &mut Random, text: &str) -> Value {
    let flip = |c: char| if random.chance(50) { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
    json!(text.chars().map(flip).collect::<String>())
}

fn respelled_statement(random: &mut Random, statement: &Value) -> Value {
    let mut out = Map::new();
    for (name, value) in statement.as_object().unwrap() {
        let spelled = match name.as_str() {
            "Principal" | "NotPrincipal" => respelled_principal(random, value),
            "Action" | "NotAction" => {
                let items = list(value).iter().map(|item| flipped(random, item.as_str().unwrap())).collect();
                respelled_list(random, items)
            }
            "Resource" | "NotResource" => respelled_list(random, list(value)),
            "Condition" => {
                let mut operators = Map::new();
                for (operator, keys) in value.as_object().unwrap() {
                    let mut spelled = Map::new();
                    for (key, values) in keys.as_object().unwrap() {
                        let key = flipped(random, key).as_str().unwrap().to_owned();
                        spelled.insert(key, respelled_list(random, list(values)));
                    }
                    operators.insert(operator.clone(), Value::Object(spelled));
                }
                Value::Object(operators)
            }
            _ => value.clone(),
        };
        out.insert(name.clone(), spelled);
    }
    Value::Object(out)
}

/// The statement in two, by a list of it that says "one of these".
fn split(random: &mut Random, statement: &Value) -> Vec<Value> {
    let name = random.pick(&["Action", "Resource"]);
    let items = statement.get(name).map(list).unwrap_or_default();
    if items.len() < 2 || !random.chance(60) {
        return vec![statement.clone()];
    }
    let (first, second) = items.split_at(1 + random.below(items.len() - 1));
    [first, second].map(|half| Value::Object(with(statement, name, json!(half)))).to_vec()
}

fn with(statement: &Value, name: &str, value: Value) -> Map<String, Value> {
    let mut out = statement.as_object().unwrap().clone();
    out.remove("Sid");
    out.insert(name.to_owned(), value);
    out
}

/// The same access in other words.
fn respelled(random: &mut Random, document: &Value) -> Value {
    let mut statements = Vec::new();
    for statement in list(&document["Statement"]) {
        for part in split(random, &statement) {
            statements.push(respelled_statement(random, &part));
            if random.chance(15) {
                statements.push(Value::Object(with(&part, "Effect", part["Effect"].clone())));
            }
        }
    }
    shuffle(random, &mut statements);
    let mut out = document.clone();
    out["Statement"] = respelled_list(random, statements);
    out
}

/// The policy with an Allow more that some Allow of it contains, and that names what pins a principal.
fn with_more_said(random: &mut Random, document: &Value) -> Option<Value> {
    let statements = list(&document["Statement"]);
    let contains = |statement: &&Value| statement["Effect"] == "Allow" && statement.get("NotPrincipal").is_none();
    let allows: Vec<&Value> = statements.iter().filter(contains).collect();
    let wide = *allows.get(random.below(allows.len().max(1)))?;
    let key = random.pick(&["aws:SourceVpc", "aws:SourceAccount", "aws:PrincipalOrgID", "aws:SourceIp", "aws:PrincipalArn"]);
    let (operator, value) = match key {
        "aws:SourceIp" => ("IpAddress", random.pick(&["203.0.113.0/24", "0.0.0.0/0", "198.51.100.7"])),
        "aws:PrincipalArn" => (
            "ArnLike",
            random.pick(&[
                "arn:aws:iam::111122223333:role/r",
                "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1",
                "arn:*:iam::*:role/*",
            ]),
        ),
        "aws:PrincipalOrgID" => ("StringEquals", "o-a1b2c3d4e5"),
        _ => ("StringLike", random.pick(&["111122223333", "vpc-1", "vpc-*"])),
    };
    let mut condition = wide.get("Condition").and_then(Value::as_object).cloned().unwrap_or_default();
    if condition.contains_key(operator) {
        return None;
    }
    condition.insert(operator.to_owned(), json!({ key: value }));
    let mut narrow = with(wide, "Condition", Value::Object(condition));
    if wide["Principal"] == "*" && random.chance(70) {
        let named = [
            json!({"AWS": "111122223333"}),
            json!({"CanonicalUser": "a1".repeat(32)}),
            json!({"AWS": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"}),
            json!({"Federated": "arn:aws:iam::111122223333:saml-provider/p"}),
        ];
        narrow.insert("Principal".to_owned(), named[random.below(4)].clone());
    }
    let mut out = document.clone();
    let mut statements = statements.clone();
    statements.push(Value::Object(narrow));
    out["Statement"] = json!(statements);
    Some(out)
}

fn letter(outcome: &Outcome) -> char {
    match outcome.verdict {
        Verdict::Pass => 'P',
        Verdict::Fail { .. } => 'F',
        Verdict::Unknown(_) => '?',
    }
}

/// What the questions about one policy say of it, a letter each.
fn answers(access: &Access) -> String {
    let settings = settings();
    let granted = |actions: &[&str], resources: &[&str]| {
        let list = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
        let scope = access_not_granted::Access { actions: list(actions), resources: list(resources) };
        letter(&access_not_granted(access, &scope, &settings).unwrap())
    };
    let mut out = String::new();
    out.extend([granted(&["s3:GetObject"], &[]), granted(&["sns:*", "kms:*"], &[]), granted(&[], &["arn:aws:s3:::b/k"])]);
    for name in ["AWS::S3::Bucket", "AWS::SNS::Topic", "AWS::IAM::AssumeRolePolicyDocument"] {
        out.push(letter(&no_public_access(access, ResourceType::parse(name).unwrap(), &settings).unwrap()));
    }
    for trusted in ["111122223333", "o-a1b2c3d4e5"] {
        let mut zone = Zone::default();
        zone.trust(trusted).unwrap();
        let outside = outside_access(access, &zone, &settings).unwrap();
        out.push(match (outside.findings.is_empty(), &outside.unknown) {
            (false, _) => 'F',
            (true, Some(_)) => '?',
            (true, None) => 'P',
        });
    }
    out
}

/// How often each answer was given, and how much was left open.
#[derive(Debug, Default)]
struct Seen {
    passed: usize,
    failed: usize,
    open: usize,
}

/// Two policies that grant the same: every question says so, and answers them alike.
fn are_alike(seen: &mut Seen, one: &Value, other: &Value) {
    let told = || format!("{one}\n{other}");
    let (a, b) = (policy("one", one), policy("other", other));
    smt::in_fresh_context(|| {
        let both = [
            equivalent(&a, &b, &settings()).unwrap(),
            no_new_access(&a, &b, &settings()).unwrap(),
            no_new_access(&b, &a, &settings()).unwrap(),
        ];
        if both.iter().any(|outcome| matches!(outcome.verdict, Verdict::Unknown(_))) {
            seen.open += 1;
            return;
        }
        assert!(both.iter().all(|outcome| outcome.verdict == Verdict::Pass), "{both:?}\n{}", told());
        let difference = difference(&a, &b, &settings()).unwrap();
        if difference.unknown.is_none() {
            assert!(difference.added.is_empty() && difference.removed.is_empty(), "{difference:?}\n{}", told());
        }
        let (first, second) = (answers(&a), answers(&b));
        for (at, (first, second)) in first.chars().zip(second.chars()).enumerate() {
            match (first, second) {
                ('?', _) | (_, '?') => seen.open += 1,
                _ => assert_eq!(first, second, "question {at}: {}", told()),
            }
            seen.passed += usize::from(first == 'P');
            seen.failed += usize::from(first == 'F');
        }
    });
}

#[test]
fn random_policies_spelled_anew_get_the_same_answers() {
    let (mut generator, mut random, mut seen) = (generator(21), Random::new(22), Seen::default());
    let cases = cases(220);
    for _ in 0..cases {
        let one = generator.small_policy(true);
        let other = respelled(&mut random, &one);
        are_alike(&mut seen, &one, &other);
    }
    assert!(seen.passed > cases && seen.failed > cases && seen.open < cases / 4, "{seen:?}");
}

#[test]
fn random_policies_with_more_said_get_the_same_answers() {
    let (mut generator, mut random, mut seen) = (generator(23), Random::new(24), Seen::default());
    let (cases, mut tried) = (cases(160), 0);
    while tried < cases {
        let one = generator.small_policy(true);
        let Some(other) = with_more_said(&mut random, &one) else { continue };
        tried += 1;
        are_alike(&mut seen, &one, &other);
    }
    assert!(seen.passed * 2 > cases && seen.failed > cases && seen.open < cases / 4, "{seen:?}");
}

/// Values of a key that has two, and of a switch.
#[test]
fn a_value_is_fixed_whichever_way_it_is_said() {
    let mount = "elasticfilesystem:AccessedViaMountTarget";
    let allow = |condition: Value| json!({"Effect": "Allow", "Principal": "*", "Action": ["elasticfilesystem:*", "s3:GetObject"], "Resource": "*", "Condition": condition});
    let deny =
        json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {"Bool": {mount: "false"}}});
    let one = json!({"Version": "2012-10-17", "Statement": allow(json!({"Bool": {mount: "true"}}))});
    let other = json!({"Version": "2012-10-17", "Statement": [allow(json!({"Null": {mount: "false"}})), deny]});
    let mut seen = Seen::default();
    are_alike(&mut seen, &one, &other);
    assert!(answers(&policy("one", &one)).ends_with("PPPFF") && seen.open == 0, "{seen:?}");
    let topic = json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": "*",
        "Condition": {"StringEquals": {"kms:CallerAccount": "111122223333"}}}});
    for trusted in ["111122223333", "arn:aws:iam::111122223333:root", "arn:aws-cn:iam::111122223333:root"] {
        let mut zone = Zone::default();
        zone.trust(trusted).unwrap();
        let outside = outside_access(&policy("topic", &topic), &zone, &settings()).unwrap();
        assert!(outside.findings.is_empty() && outside.unknown.is_none(), "{trusted}");
    }
}

#[test]
fn real_policies_spelled_anew_get_the_same_answers() {
    let Some(folder) = corpus("real_policies_spelled_anew_get_the_same_answers") else { return };
    let (mut random, mut seen, mut tried) = (Random::new(25), Seen::default(), 0);
    for line in lines(&folder.join("sample-policies.jsonl.zst")) {
        let one = &line["policy"];
        let statements = list(&one["Statement"]);
        let is_resource_policy = statements.iter().any(|one| one.get("Principal").is_some_and(|named| !named.is_array()));
        let is_refused = line["path"].as_str().unwrap().contains("/azure/");
        if !is_resource_policy || is_refused {
            continue;
        }
        tried += 1;
        let other = respelled(&mut random, one);
        are_alike(&mut seen, one, &other);
        if let Some(other) = with_more_said(&mut random, one) {
            are_alike(&mut seen, one, &other);
        }
    }
    assert!(tried > 100 && seen.passed > 200 && seen.failed > 200 && seen.open < 20, "{tried} {seen:?}");
}
