//! A witness is a request that AWS could receive today whenever there is one: by known answers, and by random policies
//! against random requests that are made of the catalog's actions, resources and keys.
//!
//! What AWS could receive is written down here a second time: an action that exists, on a resource of a type that it takes,
//! with keys that it carries, ARNs where a key's values are ARNs.

use crate::agreement::Random;
use crate::support::policy;
use leastwise::catalog::{Catalog, KeyBase};
use leastwise::eval;
use leastwise::glob::Glob;
use leastwise::question::access_not_granted;
use leastwise::question::no_new_access::no_new_access;
use leastwise::question::{Settings, Verdict};
use leastwise::request::{Context, Principal, Request};
use leastwise::smt;
use serde_json::{Value, json};

const NONE_TODAY: &str = "AWS could not receive such a request today";

/// What is wrong with a request, if AWS could not receive it.
fn wrong(request: &Request) -> Option<String> {
    let (catalog, action) = (Catalog::latest(), request.action.as_str());
    if catalog.canonical_action(action).is_none() {
        return Some(format!("no action {action}"));
    }
    // Parts may be empty, and no resource in particular is named where none is required.
    let fits = |arn: &&str| {
        let (own, text): (Vec<&str>, Vec<&str>) = (arn.splitn(6, ':').collect(), request.resource.splitn(6, ':').collect());
        own.len() == text.len() && own.iter().zip(&text).all(|(own, text)| Glob::parse(own).matches(text))
    };
    let nowhere = request.resource == "*" && catalog.may_lack_resource(action);
    match catalog.resource_arns(action) {
        Some(arns) if arns.is_empty() && request.resource != "*" => return Some(format!("{action} takes no resource")),
        Some(arns) if !arns.is_empty() && !nowhere && !arns.iter().any(fits) => {
            return Some(format!("{action} on {}", request.resource));
        }
        Some(_) | None => {}
    }
    if matches!(&request.principal, Principal::Aws(own) if !own.chars().all(|c| c.is_ascii_graphic())) {
        return Some(format!("{:?}", request.principal));
    }
    let service = action.split(':').next().unwrap_or_default();
    request.context.iter().find_map(|(key, values)| {
        if key.starts_with("aws:") {
            return None;
        }
        let own = catalog.own_key_type(key).map(|own| own.base);
        let is_arn = |text: &String| text.starts_with("arn:") && text.split(':').count() >= 6;
        if key.starts_with(&format!("{service}:")) && !catalog.carries(action, key) {
            return Some(format!("{action} carries no {key}"));
        }
        (own == Some(KeyBase::Arn) && !values.iter().all(is_arn)).then(|| format!("{key}: {values:?}"))
    })
}

fn ask(old: &Value, new: &Value) -> (Verdict, Vec<String>) {
    let (existing, newer) = (policy("old", old), policy("new", new));
    let outcome = smt::in_fresh_context(|| no_new_access(&existing, &newer, &Settings::default()));
    let outcome = outcome.unwrap_or_else(|error| panic!("{error}\n{old}\n{new}"));
    (outcome.verdict, outcome.notes)
}

fn document(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

#[test]
fn a_witness_is_one_that_aws_could_receive_or_says_that_there_is_none() {
    let image = "arn:aws:ec2:us-east-1::image/ami-1";
    for (action, resource, condition, real) in [
        ("ec2:DescribeInstances", "arn:aws:ec2:*:*:instance/*", json!({}), false),
        ("ec2:*", "arn:aws:ec2:*:*:instance/*", json!({}), true),
        ("ec2:RunInstances", image, json!({}), true),
        ("ssm:GetDocument", "arn:aws:ssm:*::document/AWS-RunShellScript", json!({}), true),
        ("sns:Publish", "*", json!({}), true),
        ("s3:GetObject", "arn:aws:s3:::b/*", json!({"StringEquals": {"s3:prefix": "x"}}), false),
        ("s3:*", "arn:aws:s3:::b*", json!({"StringEquals": {"s3:prefix": "x"}}), true),
        ("iam:*", "*", json!({"StringLike": {"iam:PolicyARN": "*b*"}}), true),
        ("iam:*", "*", json!({"StringLike": {"iam:PolicyARN": "b*"}}), false),
        ("iam:*", "*", json!({"StringNotEquals": {"iam:PolicyARN": "x"}, "Null": {"iam:PolicyARN": "false"}}), true),
        ("secretsmanager:*", "*", json!({"StringEquals": {"secretsmanager:ResourceTag/team": "x"}}), true),
        ("s3:Get*", "arn:aws:s3:::${aws:username}/*", json!({"Null": {"s3:max-keys": "false"}}), false),
        ("logs:DescribeLogGroups", "*", json!({"StringEquals": {"aws:ResourceTag/a": "b"}}), true),
        ("execute-api:Invoke", "arn:aws:execute-api:us-east-1:111122223333:abc/prod/GET/", json!({}), true),
        ("braket:GetDevice", "arn:aws:braket:::device/quantum-simulator/amazon/sv1", json!({}), true),
        ("cloudwatch:PutMetricData", "*", json!({}), true),
        ("ec2:*", "arn:aws:ec2:*:*:nosuch/*", json!({}), false),
    ] {
        let statement = json!({"Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition});
        let (verdict, notes) = ask(&document(&[]), &document(std::slice::from_ref(&statement)));
        let Verdict::Fail { witness, .. } = verdict else { panic!("{statement}: {verdict:?}") };
        assert_eq!(wrong(&witness).is_none(), real, "{statement}\n{witness:?}\n{notes:?}");
        // Of many worlds not all are searched.
        assert_eq!(notes.iter().any(|note| note.contains("AWS could")), !real, "{statement}\n{notes:?}");
    }
    // What is left of an Allow is a call on no resource in particular.
    let allow = json!({"Effect": "Allow", "Action": "comprehend:DetectEntities", "Resource": "*"});
    let deny = json!({"Effect": "Deny", "Action": "*", "Resource": "arn:*:comprehend:*:*:*"});
    let (verdict, notes) = ask(&document(&[]), &document(&[allow, deny]));
    let Verdict::Fail { witness, .. } = verdict else { panic!("{verdict:?}") };
    assert_eq!((witness.resource.as_str(), notes.len()), ("*", 0));
}

#[test]
fn a_witness_reads_well() {
    let allow = |action: &str, resource: &str| document(&[json!({"Effect": "Allow", "Action": action, "Resource": resource})]);
    let queue = "arn:aws:sqs:us-east-1:111122223333:q";
    let stack = json!({"identityPolicies": [allow("sqs:SendMessage", "*")], "serviceControlPolicies": [[allow("*", queue)]]});
    let settings = Settings::default();
    let access = crate::support::stack("stack", &stack);
    let scope = access_not_granted::Access { actions: vec!["sqs:SendMessage".to_owned()], resources: Vec::new() };
    let outcome = smt::in_fresh_context(|| access_not_granted::access_not_granted(&access, &scope, &settings));
    let Verdict::Fail { witness, .. } = outcome.unwrap().verdict else { panic!("it is granted") };
    assert_eq!((wrong(&witness), witness.resource.as_str()), (None, queue), "{witness:?}");
}

const ACTIONS: [&str; 14] = [
    "sns:*",
    "sns:Publish",
    "sns:List*",
    "sqs:Send*",
    "sqs:*",
    "iam:PassRole",
    "iam:Attach*",
    "iam:List*",
    "iam:Get*",
    "ssm:Get*",
    "ssm:*Parameter*",
    "dynamodb:Get*",
    "dynamodb:*",
    "dynamodb:List*",
];
const RESOURCES: [&str; 12] = [
    "*",
    "*",
    "arn:aws:sns:*:*:a*",
    "arn:aws:sqs:*:*:*",
    "arn:aws:iam::*:role/*",
    "arn:aws:iam::*:policy/a",
    "arn:aws:ssm:*::document/*",
    "arn:aws:ssm:*:*:parameter/a*",
    "arn:aws:dynamodb:*:*:table/*",
    "arn:aws:dynamodb:*:*:table/*/index/*",
    "arn:aws:s3:::a",
    "arn:aws:iam:*:*:user/${aws:username}",
];
const KEYS: [&str; 9] = [
    "iam:PassedToService",
    "iam:PolicyARN",
    "iam:AssociatedResourceArn",
    "sns:Protocol",
    "ssm:Overwrite",
    "dynamodb:Attributes",
    "dynamodb:LeadingKeys",
    "aws:RequestedRegion",
    "iam:ResourceTag/a",
];
const TEXTS: [&str; 5] = ["a", "a*", "arn:aws:sns:*:*:a", "*:a", "arn:aws:iam::aws:policy/a"];

fn statement(random: &mut Random, deny: bool) -> Value {
    let mut out = json!({"Effect": if deny { "Deny" } else { "Allow" }, "Action": random.some(&ACTIONS, 2),
        "Resource": random.some(&RESOURCES, 2)});
    if random.chance(50) {
        let key = random.pick(&KEYS);
        let sets = ["dynamodb:Attributes", "dynamodb:LeadingKeys"].contains(&key);
        let operator = match (sets, random.below(3)) {
            (true, _) => random.pick(&["ForAnyValue:StringLike", "ForAllValues:StringNotLike"]),
            (false, 0) => "StringNotLike",
            (false, _) => "StringLike",
        };
        out["Condition"] = json!({operator: {key: random.pick(&TEXTS)}});
    }
    out
}

/// A request that AWS could receive.
fn real(random: &mut Random) -> Request {
    let catalog = Catalog::latest();
    let prefix = random.pick(&["sns", "sqs", "iam", "ssm", "dynamodb"]);
    let names: Vec<String> =
        catalog.service(prefix).unwrap().actions().map(|action| format!("{prefix}:{}", action.name)).collect();
    let action = random.of(&names);
    let arns: Vec<String> = catalog.resource_arns(action).into_iter().flatten().map(str::to_owned).collect();
    let resource = if arns.is_empty() { "*".to_owned() } else { random.of(&arns).to_owned() };
    let account = random.pick(&["111122223333", "111122223333", ""]);
    let plain = ["arn", "aws", prefix, "us-east-1", account];
    let part = |random: &mut Random, at: usize, part: &str| match plain.get(at) {
        Some(plain) if part == "*" => (*plain).to_owned(),
        _ => part.replace('*', random.pick(&["a", "b", "a/a"])),
    };
    let parts: Vec<String> = resource.splitn(6, ':').enumerate().map(|(at, text)| part(random, at, text)).collect();
    let resource = if resource == "*" { resource } else { parts.join(":") };
    let mut context = Context::new();
    for key in KEYS {
        if random.chance(50)
            && (key.starts_with("aws:") || key.starts_with(&format!("{prefix}:")))
            && catalog.carries(action, key)
        {
            let value = match catalog.own_key_type(key).map(|own| own.base) {
                Some(KeyBase::Arn) => {
                    random.pick(&["arn:aws:sns:us-east-1:111122223333:a", "arn:aws:iam::aws:policy/a", "arn:aws:s3:::b"])
                }
                _ if key == "ssm:Overwrite" => "true",
                _ => random.pick(&["a", "b", "ab"]),
            };
            context.insert(key.to_ascii_lowercase(), vec![value.to_owned()]);
        }
    }
    Request::new(Principal::Aws("arn:aws:iam::111122223333:user/a".to_owned()), action, &resource, context)
}

#[test]
fn where_none_is_found_no_random_request_is_one() {
    let (mut random, mut requests) = (Random::new(5), Random::new(6));
    let cases = std::env::var("LEASTWISE_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(200);
    let (mut found, mut none) = (0, 0);
    for _ in 0..cases {
        let mut statements: Vec<Value> = (0..1 + random.below(2)).map(|_| statement(&mut random, false)).collect();
        if random.chance(40) {
            statements.push(statement(&mut random, true));
        }
        let old = document(&[statement(&mut random, false)]);
        let new = document(&statements);
        let (verdict, notes) = ask(&old, &new);
        let Verdict::Fail { witness, .. } = verdict else { continue };
        if !notes.iter().any(|note| note.contains(NONE_TODAY)) {
            assert_eq!(wrong(&witness), None, "{old}\n{new}\n{witness:?}\n{notes:?}");
            found += 1;
            continue;
        }
        none += 1;
        let (existing, newer) = (policy("old", &old), policy("new", &new));
        for _ in 0..3_000 {
            let request = real(&mut requests);
            assert_eq!(wrong(&request), None, "{request:?}");
            let allows = |access| eval::allows(access, &request);
            assert!(allows(&existing) || !allows(&newer), "{old}\n{new}\n{request:?}\n{notes:?}");
        }
    }
    eprintln!("{cases} questions: {found} witnesses that AWS could receive, {none} without");
    assert!(found * 4 > cases && none * 50 > cases, "{found} found, {none} without, of {cases}");
}

/// Of a key whose values AWS documents the form of, a witness has such a value, or a note says that none was found.
#[test]
fn a_value_has_the_form_that_aws_documents_or_a_note_says_so() {
    let send = |condition: Value| {
        document(&[json!({"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
            "Resource": "arn:aws:sqs:us-east-1:111122223333:q", "Condition": condition})])
    };
    let deny = json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"});
    for (operator, key, value, shown, is_noted) in [
        ("StringEquals", "aws:SourceAccount", "9*", "9*", true),
        ("StringEquals", "aws:SourceAccount", "x", "x", true),
        ("StringEquals", "aws:SourceAccount", "222233334444", "222233334444", false),
        ("StringLike", "aws:SourceAccount", "9*", "999999999999", false),
        ("StringLike", "aws:SourceAccount", "*77", "111111111177", false),
        ("StringLike", "aws:SourceOrgID", "o-*", "o-example", false),
        ("StringNotEquals", "aws:SourceOrgID", "o-example", "", false),
        ("StringLike", "aws:SourceVpce", "9*", "9example", true),
    ] {
        let (verdict, notes) = ask(&document(std::slice::from_ref(&deny)), &send(json!({operator: {key: value}})));
        let Verdict::Fail { witness, .. } = verdict else { panic!("{operator} {key} {value}: {verdict:?}") };
        let values = witness.context.get(&key.to_ascii_lowercase()).cloned().unwrap_or_default();
        assert_eq!(values.concat(), shown, "{operator} {key} {value}");
        assert_eq!(notes.iter().any(|note| note.contains("as the values of")), is_noted, "{operator} {key} {value}: {notes:?}");
    }
}
