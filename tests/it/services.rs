//! AWS services in `outside-access`: judged by the access, not by how the principal is written.

use crate::agreement::{Random, generator};
use crate::support::{corpus, leastwise, lines, policy, steps};
use leastwise::diag::Budget;
use leastwise::eval;
use leastwise::policy::Access;
use leastwise::question::equivalent::equivalent;
use leastwise::question::no_public_access;
use leastwise::question::outside_access::{Outside, Zone, outside_access};
use leastwise::question::{Settings, Verdict};
use leastwise::request::Principal;
use leastwise::smt;
use leastwise::witness::find;
use serde_json::{Value, json};

const OWN: &str = "111122223333";
const ORGANIZATION: &str = "o-a1b2c3d4e5";

fn zone(trusted: &[&str]) -> Zone {
    let mut zone = Zone::default();
    trusted.iter().for_each(|text| zone.trust(text).unwrap());
    zone
}

fn asked(access: &Access, zone: &Zone) -> Outside {
    let settings = Settings { budget: steps(20_000_000), ..Settings::default() };
    let outside = smt::in_fresh_context(|| outside_access(access, zone, &settings)).unwrap();
    for finding in &outside.findings {
        assert!(eval::allows(access, &finding.witness), "{finding:?}");
        assert_eq!(finding.service, matches!(finding.witness.principal, Principal::Service(_)), "{finding:?}");
    }
    outside
}

/// One letter an answer: nobody, a service, somebody else, or open.
fn letter(outside: &Outside) -> char {
    match (outside.findings.iter().find(|finding| !finding.service), outside.findings.first(), &outside.unknown) {
        (Some(_), ..) => 'X',
        (None, Some(_), _) => 'S',
        (None, None, Some(_)) => '?',
        (None, None, None) => '-',
    }
}

fn statement(principal: &Value, action: &str, condition: &Value) -> Value {
    let mut out = json!({"Effect": "Allow", "Principal": principal, "Action": action, "Condition": condition});
    if !action.starts_with("sts:") {
        out["Resource"] = json!("arn:aws:s3:::b/*");
    }
    out
}

fn document(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// A service by its name: as `Service`, by its key with everybody, or left over by a Deny.
fn spellings(service: &str, action: &str, condition: &Value) -> Vec<Value> {
    let mut named = condition.clone();
    let equals = named.as_object_mut().unwrap().entry("StringEquals").or_insert_with(|| json!({}));
    equals["aws:PrincipalServiceName"] = json!(service);
    let deny = |condition: Value| {
        let mut out = statement(&json!("*"), action, &condition);
        out["Effect"] = json!("Deny");
        out
    };
    let others = deny(json!({"StringNotEquals": {"aws:PrincipalServiceName": service}}));
    let no_service = deny(json!({"Bool": {"aws:PrincipalIsAWSService": "false"}}));
    vec![
        document(&[statement(&json!({"Service": service}), action, condition)]),
        document(&[statement(&json!("*"), action, &named)]),
        document(&[statement(&json!({"AWS": "*"}), action, condition), others]),
        document(&[statement(&json!({"Service": ["sqs.amazonaws.com", service]}), action, &named), no_service]),
    ]
}

/// Every spelling gets one answer, without `--trust-services` and with it.
fn judged(service: &str, action: &str, condition: &Value) -> String {
    let spelled = spellings(service, action, condition);
    let accesses: Vec<Access> = spelled.iter().map(|document| policy("p", document)).collect();
    let mut answers: Vec<String> = accesses
        .iter()
        .map(|access| {
            let (strict, mut lax) = (zone(&[OWN, ORGANIZATION]), zone(&[OWN, ORGANIZATION]));
            lax.trusts_services = true;
            [strict, lax].iter().map(|zone| letter(&asked(access, zone))).collect()
        })
        .collect();
    for other in &accesses[1..] {
        let same = smt::in_fresh_context(|| equivalent(&accesses[0], other, &Settings::default())).unwrap();
        assert_eq!(same.verdict, Verdict::Pass, "{spelled:?}");
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?} {spelled:#?}");
    answers.remove(0)
}

#[test]
fn a_service_is_inside_where_its_source_is() {
    let one = |operator: &str, key: &str, value: &str| json!({operator: {key: value}});
    for (condition, expected) in [
        (json!({}), "S-"),
        (one("StringEquals", "aws:SourceAccount", OWN), "--"),
        (one("StringEquals", "aws:SourceAccount", "999999999999"), "SS"),
        (one("StringLike", "aws:SourceAccount", "*"), "SS"),
        (one("StringEquals", "aws:SourceOwner", OWN), "--"),
        (one("StringEquals", "aws:SourceOwner", "999999999999"), "SS"),
        (one("StringNotEquals", "aws:SourceAccount", OWN), "S-"),
        (one("StringEqualsIfExists", "aws:SourceAccount", OWN), "S-"),
        (one("StringEqualsIfExists", "aws:SourceAccount", "999999999999"), "S-"),
        (one("Null", "aws:SourceAccount", "true"), "S-"),
        (one("Null", "aws:SourceArn", "false"), "SS"),
        (one("StringEquals", "aws:SourceOrgID", ORGANIZATION), "--"),
        (one("StringEquals", "aws:SourceOrgID", "o-zzzzzzzzzz"), "SS"),
        (one("ForAnyValue:StringLike", "aws:SourceOrgPaths", "o-a1b2c3d4e5/r-1/*"), "--"),
        (one("ForAllValues:StringLike", "aws:SourceOrgPaths", "o-a1b2c3d4e5/r-1/*"), "S-"),
        (one("ArnLike", "aws:SourceArn", "arn:aws:sns:*:111122223333:*"), "--"),
        (one("ArnLike", "aws:SourceArn", "arn:aws:sns:*:999999999999:*"), "SS"),
        // A bucket's ARN names no account.
        (one("ArnLike", "aws:SourceArn", "arn:aws:s3:::mine"), "SS"),
        (json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::mine"}, "StringEquals": {"aws:SourceAccount": OWN}}), "--"),
        (json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::mine"}, "StringEquals": {"aws:SourceAccount": "999999999999"}}), "SS"),
        (one("Bool", "aws:SecureTransport", "true"), "S-"),
    ] {
        assert_eq!(judged("sns.amazonaws.com", "s3:GetObject", &condition), expected, "{condition}");
        // It gets roles, but this is none.
        assert_eq!(judged("lambda.amazonaws.com", "s3:GetObject", &condition), expected, "{condition}");
    }
}

/// What Amazon SNS gives a topic that is made without a policy.
#[test]
fn the_default_policy_of_a_topic_lets_in_its_owner_alone() {
    let topic = |owner: &str| {
        let owner = json!({"StringEquals": {"AWS:SourceOwner": owner}});
        policy("topic", &document(&[statement(&json!({"AWS": "*"}), "SNS:Publish", &owner)]))
    };
    assert_eq!(letter(&asked(&topic(OWN), &zone(&[OWN]))), '-');
    assert_eq!(letter(&asked(&topic("999999999999"), &zone(&[OWN]))), 'X');
}

#[test]
fn in_a_trust_policy_a_service_that_gets_roles_passed_is_inside() {
    let other = json!({"StringEquals": {"aws:SourceAccount": "999999999999"}});
    let own = json!({"StringEquals": {"aws:SourceAccount": OWN}});
    for (service, condition, expected) in [
        ("ec2.amazonaws.com", json!({}), "--"),
        ("ecs-tasks.amazonaws.com", json!({}), "--"),
        ("lambda.amazonaws.com", other.clone(), "--"),
        ("states.eu-west-1.amazonaws.com", json!({}), "--"),
        ("nobody-knows-it.amazonaws.com", json!({}), "S-"),
        ("nobody-knows-it.amazonaws.com", own, "--"),
        ("nobody-knows-it.amazonaws.com", other, "SS"),
    ] {
        for action in ["sts:AssumeRole", "sts:*"] {
            assert_eq!(judged(service, action, &condition), expected, "{service} {action} {condition}");
        }
    }
    // What a PASS rests on is said.
    let trust = document(&[statement(&json!({"Service": "ec2.amazonaws.com"}), "sts:AssumeRole", &json!({}))]);
    let outside = asked(&policy("trust", &trust), &zone(&[OWN]));
    assert!(outside.notes.iter().any(|note| note.contains("iam:PassRole")), "{:?}", outside.notes);
    // Every service is more than those, and what is no trust policy is judged by the source.
    for principal in [json!({"Service": "*"}), json!({"Service": "ec2*"})] {
        let trust = document(&[statement(&principal, "sts:AssumeRole", &json!({}))]);
        assert_eq!(letter(&asked(&policy("trust", &trust), &zone(&[OWN]))), 'S', "{principal}");
    }
    let all = document(&[statement(&json!({"Service": "ec2.amazonaws.com"}), "*", &json!({}))]);
    let outside = asked(&policy("all", &all), &zone(&[OWN]));
    assert_eq!(letter(&outside), 'S');
    assert!(!outside.findings[0].witness.action.to_ascii_lowercase().starts_with("sts:"), "{outside:?}");
}

#[test]
fn findings_name_every_action_that_lets_somebody_in() {
    let mut bucket = statement(&json!("*"), "s3:GetObject", &json!({}));
    bucket["Action"] = json!(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]);
    let deny = |action: &str, condition: Value| {
        let mut out = statement(&json!("*"), action, &condition);
        out["Effect"] = json!("Deny");
        out
    };
    let services_only = deny("s3:PutObject", json!({"Bool": {"aws:PrincipalIsAWSService": "false"}}));
    let anonymous = deny("s3:PutObject", json!({"Null": {"aws:PrincipalIsAWSService": "true"}}));
    let access = policy("bucket", &document(&[bucket, services_only, anonymous, deny("s3:DeleteObject", json!({}))]));
    let outside = asked(&access, &zone(&[OWN]));
    assert_eq!(letter(&outside), 'X');
    assert_eq!(outside.findings[0].actions, ["s3:GetObject", "s3:PutObject"]);
}

#[test]
fn a_service_or_a_source_can_be_trusted_by_name() {
    let sns = document(&[statement(&json!({"Service": "sns.amazonaws.com"}), "s3:GetObject", &json!({}))]);
    let source = json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::mine"}});
    let of_bucket = document(&[statement(&json!({"Service": "sns.amazonaws.com"}), "s3:GetObject", &source)]);
    for (document, trusted, expected) in [
        (&sns, "sns.amazonaws.com", '-'),
        (&sns, "sqs.amazonaws.com", 'S'),
        (&sns, "arn:aws:s3:::mine", 'S'),
        (&of_bucket, "arn:aws:s3:::mine", '-'),
        (&of_bucket, "arn:aws:s3:::other", 'S'),
    ] {
        assert_eq!(letter(&asked(&policy("p", document), &zone(&[trusted]))), expected, "{trusted} {document}");
    }
    // A key that only a variable names.
    let mut written = statement(&json!("*"), "s3:GetObject", &json!({"Bool": {"aws:PrincipalIsAWSService": "true"}}));
    written["Resource"] = json!("arn:aws:s3:::b/${aws:SourceAccount}/*");
    let access = policy("bucket", &document(&[written.clone()]));
    let mut lax = zone(&[OWN]);
    lax.trusts_services = true;
    // Without the key nothing matches, so what is left is for somebody in particular.
    assert_eq!([letter(&asked(&access, &zone(&[OWN]))), letter(&asked(&access, &lax))], ['S', 'S']);
    written["Resource"] = json!("arn:aws:s3:::b/${aws:SourceAccount, 'all'}/*");
    let access = policy("bucket", &document(&[written]));
    let outside = asked(&access, &lax);
    assert_eq!(letter(&outside), 'S');
    assert!(outside.findings[0].witness.context.contains_key("aws:sourceaccount"), "{outside:?}");
}

#[test]
fn the_program_and_batch_say_it() {
    let sns = document(&[statement(&json!({"Service": "sns.amazonaws.com"}), "s3:GetObject", &json!({}))]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.json");
    std::fs::write(&path, sns.to_string()).unwrap();
    let path = path.to_str().unwrap();
    let (code, text, _) = leastwise(&["outside-access", path, "--trusted", OWN], "");
    assert!(code == 1 && text.contains("Service sns.amazonaws.com, service: s3:GetObject"), "{text}");
    let (code, text, _) = leastwise(&["outside-access", path, "--trusted", OWN, "--trust-services"], "");
    assert!(code == 0 && text.contains("note: services count as inside"), "{text}");
    let line = |more: Value| {
        let mut line = json!({"id": 1, "check": "outside-access", "policy": sns, "trusted": [OWN]});
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (_, out, _) = leastwise(&["batch"], &format!("{line}\n"));
        serde_json::from_str::<Value>(&out).unwrap()
    };
    let strict = line(json!({}));
    assert_eq!((&strict["result"], &strict["findings"][0]["service"]), (&json!("FAIL"), &json!(true)), "{strict}");
    assert_eq!(line(json!({"trustServices": true}))["result"], json!("PASS"));
    assert_eq!(line(json!({"trustServices": false}))["result"], json!("FAIL"));
    assert_eq!(line(json!({"trustServices": "yes"}))["error"]["code"], json!("bad-request"));
    assert!(line(json!({"trustService": true})).to_string().contains("did you mean"));
}

/// A zone that covers nothing which any policy of the tests names.
fn nowhere() -> Zone {
    zone(&["424242424242", "o-nobodyofthem"])
}

fn quick() -> Settings {
    Settings { budget: steps(2_000_000), realistic: false, ..Settings::default() }
}

/// How many policies were public, and how many of these were found open to somebody outside.
#[derive(Debug, Default)]
struct Law {
    public: usize,
    private: usize,
    open: usize,
}

impl Law {
    /// What is public is open to somebody outside.
    fn holds_of(&mut self, access: &Access, shown: &str) {
        let public = smt::in_fresh_context(|| find(&no_public_access::search(access, None), &quick())).unwrap();
        let Some(witness) = public.witness else {
            self.private += 1;
            return;
        };
        let outside = smt::in_fresh_context(|| outside_access(access, &nowhere(), &quick())).unwrap();
        match (outside.findings.is_empty(), &outside.unknown) {
            (false, _) => self.public += 1,
            (true, Some(_)) => self.open += 1,
            (true, None) => panic!("public, but nobody outside gets in: {shown}\n{witness:?}"),
        }
    }
}

#[test]
fn what_is_public_is_open_to_somebody_outside() {
    let (mut generator, mut law) = (generator(2027), Law::default());
    let mut random = Random::new(77);
    for _ in 0..120 {
        let mut written = generator.policy(true);
        written["Statement"].as_array_mut().unwrap().iter_mut().for_each(|one| with_services(&mut random, one));
        law.holds_of(&policy("random", &written), &written.to_string());
    }
    assert!(law.public > 20 && law.private > 20 && law.open < 10, "{law:?}");
}

#[test]
fn real_policies_that_are_public_are_open_to_somebody_outside() {
    let Some(folder) = corpus("real_policies_that_are_public_are_open_to_somebody_outside") else { return };
    let mut law = Law::default();
    for line in lines(&folder.join("sample-policies.jsonl.zst")) {
        let text = line["policy"].to_string();
        let source = leastwise::diag::Source::new("sample", text.clone());
        let Ok(read) = leastwise::policy::Policy::read(&source, &Budget::default()) else { continue };
        if read.has_principals() && read.statements.iter().all(|statement| statement.principal.is_some()) {
            law.holds_of(&read.into(), &text);
        }
    }
    assert!(law.public > 50 && law.private > 50 && law.open < 5, "{law:?}");
}

/// Puts services, and keys about them, into a statement.
fn with_services(random: &mut Random, statement: &mut Value) {
    let entry = if statement.get("Principal").is_some() { "Principal" } else { "NotPrincipal" };
    if random.chance(50) {
        let services = ["*", "ec2.amazonaws.com", "sns.amazonaws.com", "s?s.amazonaws.com", "*.amazonaws.com"];
        statement[entry] = json!({"Service": random.some(&services, 2)});
    }
    if random.chance(30) {
        statement["Action"] = json!(random.pick(&["sts:AssumeRole", "sts:*", "*"]));
        statement.as_object_mut().unwrap().remove("NotAction");
    }
    if random.chance(40) {
        let operators = ["StringEquals", "StringNotEquals", "StringLike", "StringEqualsIfExists", "Null"];
        let operator = random.pick(&operators);
        let (key, values): (&str, &[&str]) = match random.below(4) {
            0 => ("aws:SourceAccount", &["999999999999", "*", "5555*"]),
            1 => ("aws:SourceOrgID", &["o-zzzzzzzzzz", "*"]),
            2 => ("aws:PrincipalServiceName", &["ec2.amazonaws.com", "sns.amazonaws.com", "*"]),
            _ => ("aws:PrincipalIsAWSService", &["true", "false"]),
        };
        let value = if operator == "Null" { random.pick(&["true", "false"]) } else { random.pick(values) };
        statement["Condition"][operator][key] = json!(value);
    }
}

/// A statement that names services, written with everybody and the key that names the service.
fn respelled(random: &mut Random, statement: &Value) -> Option<Value> {
    let services = statement.get("Principal")?.get("Service")?.clone();
    let mut out = statement.clone();
    out["Principal"] = json!("*");
    let names: Vec<&str> = services.as_array()?.iter().filter_map(Value::as_str).collect();
    let wild = names.iter().any(|name| name.contains(['*', '?']));
    let (operator, key, value) = match (names.contains(&"*"), wild) {
        (true, _) if random.chance(50) => ("Bool", "aws:PrincipalIsAWSService", json!("true")),
        (true, _) => ("Null", "aws:PrincipalServiceName", json!("false")),
        (false, true) => ("StringLike", "aws:PrincipalServiceName", services),
        (false, false) => ("ForAnyValue:StringEquals", "aws:PrincipalServiceName", services),
    };
    if !out["Condition"][operator][key].is_null() {
        return None;
    }
    out["Condition"][operator][key] = value;
    Some(out)
}

#[test]
fn equivalent_policies_get_one_answer_about_services() {
    let (mut generator, mut random) = (generator(31), Random::new(3));
    let (mut seen, mut open) = ([0, 0, 0], 0);
    let (mut lax, strict) = (zone(&[OWN, ORGANIZATION]), zone(&[OWN, ORGANIZATION]));
    lax.trusts_services = true;
    for _ in 0..100 {
        let mut one = generator.small_policy(true);
        one["Statement"].as_array_mut().unwrap().iter_mut().for_each(|one| with_services(&mut random, one));
        let mut other = one.clone();
        let mut changed = 0;
        for statement in other["Statement"].as_array_mut().unwrap() {
            if let Some(new) = respelled(&mut random, statement) {
                *statement = new;
                changed += 1;
            }
        }
        if changed == 0 {
            continue;
        }
        let (a, b) = (policy("one", &one), policy("other", &other));
        let same = smt::in_fresh_context(|| equivalent(&a, &b, &quick())).unwrap().verdict;
        assert!(!matches!(same, Verdict::Fail { .. }), "{one}\n{other}\n{same:?}");
        for zone in [&strict, &lax] {
            let answers =
                [&a, &b].map(|access| letter(&smt::in_fresh_context(|| outside_access(access, zone, &quick())).unwrap()));
            match answers {
                ['?', _] | [_, '?'] => open += 1,
                [x, y] => {
                    // Which findings there are depends on the entries, whether there are any does not.
                    assert_eq!(x, y, "{one}\n{other}");
                    seen["-SX".find(x).unwrap()] += 1;
                }
            }
        }
    }
    assert!(seen.iter().all(|count| *count > 5) && open < 10, "{seen:?} {open} open");
}
