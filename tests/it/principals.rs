//! Whom principals name, and where their requests stand: by known answers, and by random policies over partitions.
//!
//! Sources: IAM User Guide, "AWS JSON policy elements: Principal"; S3 User Guide, "The meaning of public"; API Gateway
//! Developer Guide, "API Gateway resource policy examples"; AWS Fault Isolation Boundaries, "Partitions".

use crate::agreement::Random;
use crate::support::{leastwise, policy};
use leastwise::catalog::{PARTITIONS, Partition};
use leastwise::diag::{Budget, Source};
use leastwise::eval;
use leastwise::policy::Policy;
use leastwise::question::no_new_access::no_new_access;
use leastwise::question::no_public_access::{ResourceType, no_public_access};
use leastwise::question::{Settings, Verdict};
use leastwise::request::{Context, Principal, Request};
use leastwise::smt;
use leastwise::value::arn;
use serde_json::{Value, json};

/// Asks with a file of `fixtures/principals` for each name that ends so; the exit code, what was answered, what was said.
fn asked(arguments: &str) -> (i32, String, String) {
    let path = |word: &str| match word.ends_with(".json") {
        true => format!("fixtures/principals/{word}"),
        false => word.to_owned(),
    };
    let arguments: Vec<String> = arguments.split(' ').map(path).collect();
    leastwise(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), "")
}

#[test]
fn an_account_id_and_its_root_arn_are_one_principal() {
    for arguments in [
        "equivalent id.json root.json",
        "no-new-access root.json id.json",
        "no-new-access id.json root.json",
        "diff root.json id.json",
    ] {
        let (code, out, err) = asked(arguments);
        assert_eq!((code, err.as_str()), (0, ""), "{arguments}: {out}");
    }
}

#[test]
fn a_witness_stands_in_a_partition_that_exists_or_a_note_says_that_none_does() {
    let (code, out, _) = asked("no-new-access one-partition.json any-partition.json");
    assert!(code == 1 && out.contains("\"arn:aws-cn:s3:::acme-data/example\"") && !out.contains("note:"), "{out}");
    assert!(out.contains("\"principal\": \"arn:aws-cn:iam::111122223333:role/example\""), "{out}");
    let (code, out, _) = asked("no-new-access every-partition.json any-partition.json");
    let note = "note: AWS could not receive such a request today, as far as the catalog tells: no partition is named example";
    assert!(code == 1 && out.contains(note), "{out}");
}

#[test]
fn an_origin_access_identity_is_one_fixed_user() {
    let (code, out, _) = asked("no-public-access origin-access-identity.json --resource-type AWS::S3::Bucket");
    assert_eq!(code, 0, "{out}");
    let (code, out, _) = asked("outside-access origin-access-identity.json --trusted 111122223333");
    assert!(code == 1 && !out.contains("public"), "{out}");
    let identity = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1EXAMPLE2OAI3";
    let is_public = |principal: Value, condition: Value| {
        let statement =
            json!({"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "*", "Condition": condition});
        let access = policy("bucket", &json!({"Version": "2012-10-17", "Statement": statement}));
        let of = ResourceType::parse("AWS::S3::Bucket").unwrap();
        let outcome = smt::in_fresh_context(|| no_public_access(&access, of, &Settings::default())).unwrap();
        outcome.verdict != Verdict::Pass
    };
    let compared = |operator: &str, key: &str, value: &str| is_public(json!("*"), json!({operator: {key: value}}));
    assert!(!compared("StringEquals", "aws:PrincipalArn", identity) && !compared("ArnLike", "aws:PrincipalArn", identity));
    assert!(!compared("StringEqualsIgnoreCase", "aws:PrincipalArn", &identity.to_ascii_uppercase()));
    assert!(!compared("ArnLike", "aws:PrincipalArn", &identity.replace(":aws:", ":*:")));
    // Anybody makes one of these for a distribution of their own.
    assert!(is_public(json!({"AWS": "arn:aws:iam::cloudfront:user/*"}), json!({})));
    assert!(is_public(json!({"AWS": identity.replace("E1EXAMPLE2OAI3", "*")}), json!({})));
    assert!(compared("StringLike", "aws:PrincipalArn", "arn:aws:iam::cloudfront:user/CloudFront*"));
    assert!(compared("StringEquals", "aws:PrincipalAccount", "cloudfront"));
}

#[test]
fn the_shorthand_of_api_gateway_is_the_arn_it_stands_for() {
    let invoke = "--action execute-api:Invoke --resource";
    let api = "arn:aws:execute-api:us-east-1:111122223333:abc123";
    for (arguments, expected) in [
        (format!("access-not-granted api-shorthand.json {invoke} {api}/prod/GET/pets"), 1),
        (format!("access-not-granted api-shorthand-denied.json {invoke} {api}/prod/GET/pets"), 0),
        ("no-public-access api-shorthand-denied.json --resource-type AWS::ApiGateway::RestApi".to_owned(), 0),
        ("no-public-access api-shorthand.json --resource-type AWS::ApiGateway::RestApi".to_owned(), 1),
        ("no-new-access api-shorthand.json api.json".to_owned(), 0),
        ("access-not-granted api.json --resource execute-api:/prod/GET/pets".to_owned(), 1),
    ] {
        let (code, out, err) = asked(&arguments);
        assert_eq!((code, err.as_str()), (expected, ""), "{arguments}: {out}");
        assert!(!out.contains("could receive"), "{arguments}: {out}");
    }
    // An identity policy has no API whose shorthand it could be.
    let short = json!({"Statement": {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}});
    let read = Policy::read(&Source::new("identity", short.to_string()), &Budget::default()).unwrap();
    assert_eq!(read.warnings.iter().map(|warning| warning.code).collect::<Vec<_>>(), ["short-arn"]);
}

#[test]
fn principals_that_aws_refuses_are_told_at_their_place() {
    for (file, place, part) in [
        ("wildcard.json", "7:12", "warning[principal-wildcard]"),
        ("hyphens.json", "7:12", "warning[principal-account]"),
        ("group.json", "7:12", "warning[principal-group]"),
        ("../published/checks-not-public.json", "14:23", "warning[bare-principal]"),
    ] {
        let (code, out, err) = asked(&format!("no-public-access {file} --resource-type AWS::S3::Bucket"));
        assert!(code == 0 && err.contains(part) && err.contains(&format!("{file}:{place}")), "{file}: {out}{err}");
    }
    let (code, _, err) = asked("no-public-access list.json --resource-type AWS::S3::Bucket");
    assert!(code == 2 && err.contains("write \"*\" or {\"AWS\": \"*\"} for everyone"), "{err}");
    let said = |principal: Value, name: &str| {
        let statement = json!({"Effect": "Allow", name: principal, "Action": "s3:GetObject", "Resource": "*"});
        let source = Source::new("p", json!({"Statement": statement}).to_string());
        match Policy::read(&source, &Budget::default()) {
            Ok(policy) => policy.warnings.iter().map(|warning| warning.code).collect::<Vec<_>>().join(" "),
            Err(found) => found.to_string(),
        }
    };
    assert_eq!(said(json!({"AWS": "111122223333"}), "NotPrincipal"), "not-principal-allow");
    assert_eq!(said(json!({"AWS": "*"}), "NotPrincipal"), "not-principal-everyone");
    assert_eq!(said(json!({"AWS": []}), "Principal") + &said(json!({}), "Principal"), "principal-emptyprincipal-empty");
    assert_eq!(said(json!("arn:aws:iam::111122223333:root"), "Principal"), "bare-principal");
    assert_eq!(said(json!("1111-2222-3333"), "Principal"), "bare-principal principal-account");
    assert!(said(json!("lambda.amazonaws.com"), "Principal").contains("write a map: {\"Service\": \"lambda.amazonaws.com\"}"));
    assert!(said(json!(["111122223333"]), "Principal").contains("{\"AWS\": [ ... ]}"));
}

const NAMED: [&str; 8] = ["aws", "aws-cn", "aws-us-gov", "*", "aws*", "aws-*", "a?s", "aws-iso-?"];

/// A policy of a few statements whose patterns tell partitions apart.
fn over_partitions(random: &mut Random, with_principals: bool) -> Value {
    let mut statements = Vec::new();
    for _ in 0..=random.below(3) {
        let resource: Vec<String> = (0..=random.below(3))
            .map(|_| format!("arn:{}:s3:::{}/*", random.pick(&NAMED), random.pick(&["b", "c", "?"])))
            .collect();
        let mut statement = json!({"Effect": if random.chance(75) { "Allow" } else { "Deny" }, "Action": "s3:GetObject"});
        statement[if random.chance(15) { "NotResource" } else { "Resource" }] = json!(resource);
        if with_principals {
            let role = format!("arn:{}:iam::111122223333:role/example", random.pick(&NAMED));
            let principal = [json!("*"), json!({"AWS": "111122223333"}), json!({"AWS": role})];
            statement["Principal"] = principal[random.below(3)].clone();
        }
        if random.chance(25) {
            let value = format!("arn:{}:iam::*:role/*", random.pick(&NAMED));
            let operator = random.pick(&["ArnLike", "ArnNotLike", "StringLike"]);
            statement["Condition"] = json!({operator: {"aws:PrincipalArn": value}});
        }
        statements.push(statement);
    }
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// If some partition that exists has a violation, the witness stands in one, its principal and its resource in the same;
/// else a note says so.
#[test]
fn witnesses_stand_in_partitions_that_exist_wherever_they_can() {
    let mut random = Random::new(31);
    let (mut real, mut none) = (0, 0);
    for case in 0..500 {
        let with_principals = case % 2 == 0;
        let (old, new) = (over_partitions(&mut random, with_principals), over_partitions(&mut random, with_principals));
        let (existing, newer) = (policy("old", &old), policy("new", &new));
        let settings = Settings::default();
        let outcome = smt::in_fresh_context(|| no_new_access(&existing, &newer, &settings)).unwrap();
        let Verdict::Fail { witness, .. } = outcome.verdict else { continue };
        let requests = PARTITIONS.iter().flat_map(|Partition { name, .. }| {
            let resources = ["b/k", "c/k", "d/k"].map(|path| format!("arn:{name}:s3:::{path}"));
            let role = |account: &str| Principal::Aws(format!("arn:{name}:iam::{account}:role/example"));
            let mut who = vec![role("111122223333"), role("999999999999")];
            who.push(Principal::Aws(format!("arn:{name}:iam::111122223333:user/example")));
            if with_principals {
                who.push(Principal::Anonymous);
            }
            let one =
                move |who: Principal| resources.clone().map(|on| Request::new(who.clone(), "s3:GetObject", &on, Context::new()));
            who.into_iter().flat_map(one).collect::<Vec<_>>()
        });
        let shows = |request: &Request| eval::allows(&newer, request) && !eval::allows(&existing, request);
        let exists = requests.into_iter().any(|request| shows(&request));
        let told = format!("{old}\n{new}\n{witness:?}\n{:?}", outcome.notes);
        let partition = |text: &str| arn::split(text).map(|[_, partition, ..]| partition.to_owned());
        let own = if let Principal::Aws(own) = &witness.principal { partition(own) } else { None };
        let resource = partition(&witness.resource);
        let all_exist = own.iter().chain(&resource).all(|name| Partition::named(name).is_some());
        let stands = all_exist && (own.is_none() || resource.is_none() || own == resource);
        let noted = outcome.notes.iter().any(|note| note.contains("could not receive such a request"));
        if exists {
            real += 1;
            assert!(stands, "{told}");
        }
        assert_ne!(stands, noted, "{told}");
        none += usize::from(!stands);
    }
    assert!(real > 150 && none > 3, "both are reached: {real} {none}");
}
