//! Keys that speak of each other: no witness contradicts itself, and no request that AWS could send refutes a PASS.
//!
//! Requests are drawn from a small world (two accounts, one in an organization, roles with sessions, services that call
//! for resources), so that their keys fit by construction. What fits is written down here a second time, on its own.

use crate::agreement::Random;
use crate::support::policy;
use leastwise::diag::Budget;
use leastwise::eval;
use leastwise::question::no_new_access::no_new_access;
use leastwise::question::{Engine, Settings, Verdict};
use leastwise::request::{Context, Principal, Request};
use leastwise::smt;
use serde_json::{Map, Value, json};

const ACCOUNTS: [&str; 2] = ["111122223333", "999999999999"];

fn org(account: &str) -> Option<&'static str> {
    (account == ACCOUNTS[0]).then_some("o-a")
}

/// A request of the world.
fn real(random: &mut Random, with_principals: bool) -> Request {
    let account = random.pick(&ACCOUNTS);
    let mut context: Vec<(&str, String)> = Vec::new();
    let name = random.pick(&["a", "b"]);
    let kind = random.below(if with_principals { 6 } else { 4 });
    let principal = match kind {
        0 => (format!("arn:aws:iam::{account}:root"), account.to_owned()),
        1 => (format!("arn:aws:iam::{account}:user/{name}"), random.pick(&["AIDA1", "AIDA2"]).to_owned()),
        2 => {
            let role = random.pick(&["R", "Q", "aws:ec2-instance", "aws:ec2-infrastructure"]);
            // AWS's own roles are known by their account and name.
            let id = if role.len() > 1 { format!("{account}:{role}:{name}") } else { format!("AROA{role}:{name}") };
            (format!("arn:aws:sts::{account}:assumed-role/{role}/{name}"), id)
        }
        3 => (format!("arn:aws:sts::{account}:federated-user/{name}"), format!("{account}:{name}")),
        _ => Default::default(),
    };
    let principal = match kind {
        4 => {
            if random.chance(70) {
                let source = random.pick(&ACCOUNTS);
                let arn = if random.chance(80) { format!("arn:aws:sns:us-east-1:{source}:t") } else { "arn:aws:s3:::b".into() };
                context.extend([("aws:SourceArn", arn)].into_iter().filter(|_| random.chance(80)));
                context.push(("aws:SourceAccount", source.to_owned()));
            }
            Principal::Service("sns.amazonaws.com".to_owned())
        }
        5 => {
            context.extend([("aws:userid", "anonymous".to_owned())].into_iter().filter(|_| random.chance(50)));
            Principal::Anonymous
        }
        _ => {
            context.push(("aws:userid", principal.1));
            if let Some(org) = org(account) {
                context.push(("aws:PrincipalOrgID", org.to_owned()));
                context.push(("aws:PrincipalOrgPaths", format!("{org}/r-1/")));
            }
            Principal::Aws(principal.0)
        }
    };
    let owner = random.pick(&ACCOUNTS);
    context.extend(org(owner).map(|org| ("aws:ResourceOrgID", org.to_owned())));
    match random.below(3) {
        0 => context.extend([("aws:CalledVia", "x".to_owned()), ("aws:ViaAWSService", "true".to_owned())]),
        1 => context.push(("aws:ViaAWSService", "false".to_owned())),
        _ => {}
    }
    match random.below(3) {
        0 => context.extend([("aws:MultiFactorAuthAge", "5".to_owned()), ("aws:MultiFactorAuthPresent", "true".to_owned())]),
        1 => context.push(("aws:MultiFactorAuthPresent", "false".to_owned())),
        _ => {}
    }
    let context: Context = context.into_iter().map(|(key, value)| (key.to_owned(), vec![value])).collect();
    Request::new(principal, "sqs:SendMessage", &format!("arn:aws:sqs:us-east-1:{owner}:q"), context)
}

/// What is wrong with a request's keys.
fn contradiction(request: &Request) -> Option<&'static str> {
    let one = |key: &str| request.context.get(key).and_then(|values| values.first()).map(String::as_str);
    let has = |key: &str| one(key).is_some();
    let own = if let Principal::Aws(own) = &request.principal { own.as_str() } else { "" };
    let tail = own.rsplit(['/', ':']).next().unwrap_or("");
    let account = request.principal.account().unwrap_or("");
    if let Some(id) = one("aws:userid") {
        let parts: Vec<&str> = id.split(':').collect();
        let fits = match &request.principal {
            Principal::Anonymous => id == "anonymous",
            Principal::Aws(_) if own.ends_with(":root") => id == account,
            Principal::Aws(_) if own.contains(":cloudfront:") => true,
            Principal::Aws(_) if own.contains(":user/") => id.starts_with("AIDA") && parts.len() == 1,
            Principal::Aws(_) if own.contains(":federated-user/") => parts == [account, tail],
            Principal::Aws(_) if own.contains(":assumed-role/") => parts.last() == Some(&tail) && parts.len() >= 2,
            Principal::Aws(_) if own.contains(":role/") && own.contains("/aws:") => id.contains(":aws:") && parts.len() >= 4,
            Principal::Aws(_) => id.starts_with("AROA") && parts.len() == 2,
            Principal::Service(_) | Principal::Federated(_) | Principal::CanonicalUser(_) => true,
        };
        if !fits {
            return Some("the id of another principal");
        }
    }
    let is_service = matches!(request.principal, Principal::Service(_));
    let of_source = one("aws:sourcearn").and_then(|arn| arn.split(':').nth(4)).filter(|account| account.len() == 12);
    let same_account = request.principal.account().is_some() && request.principal.account() == request.resource_account();
    let orgs = (one("aws:principalorgid"), one("aws:resourceorgid"));
    // A key that no statement names may be left out of a witness.
    let mfa = one("aws:multifactorauthpresent").or(Some("true"));
    let inside = |org: &str| one("aws:principalorgpaths").is_none_or(|path| path.starts_with(&format!("{org}/")));
    [
        ((has("aws:sourcearn") || has("aws:sourceaccount")) && !is_service, "a source without a service"),
        (of_source.is_some_and(|of| one("aws:sourceaccount").is_some_and(|own| own != of)), "a source of two accounts"),
        (orgs.0.is_some() && !matches!(request.principal, Principal::Aws(_)), "an organization of nobody"),
        (orgs.0.is_some_and(|org| !inside(org)), "a path of another organization"),
        (same_account && matches!(orgs, (Some(own), Some(owner)) if own != owner), "an account in two organizations"),
        (has("aws:calledvia") && one("aws:viaawsservice") == Some("false"), "called by a service and not"),
        (has("aws:multifactorauthage") && mfa != Some("true"), "the age of nothing"),
    ]
    .into_iter()
    .find_map(|(is_wrong, what)| is_wrong.then_some(what))
}

/// A statement with conditions on tied keys.
fn statement(random: &mut Random, with_principals: bool) -> Value {
    let mut conditions: Map<String, Value> = Map::new();
    for _ in 0..1 + random.below(3) {
        let (key, values): (&str, &[&str]) = match random.below(10) {
            0 | 1 => (
                "aws:userid",
                &[
                    "AROAR:a",
                    "AROAR:*",
                    "*:b",
                    "AIDA1",
                    "111122223333",
                    "111122223333:*",
                    "*",
                    "anonymous",
                    "*:aws:ec2-infrastructure:*",
                ],
            ),
            2 => ("aws:SourceAccount", &ACCOUNTS),
            3 => ("aws:SourceArn", &["arn:aws:sns:*:111122223333:*", "arn:aws:sns:*:999999999999:t", "arn:aws:s3:::b", "*"]),
            4 => ("aws:PrincipalOrgID", &["o-a", "o-b", "${aws:ResourceOrgID}"]),
            5 => ("aws:ResourceOrgID", &["o-a", "${aws:PrincipalOrgID}"]),
            6 => ("aws:PrincipalAccount", &["111122223333", "${aws:ResourceAccount}"]),
            7 => ("aws:ResourceAccount", &ACCOUNTS),
            8 => ("aws:PrincipalOrgPaths", &["o-a/*", "o-b/r-1/"]),
            _ => ("aws:PrincipalType", &["User", "AssumedRole", "Account", "FederatedUser"]),
        };
        let operator = match key {
            "aws:PrincipalOrgPaths" => random.pick(&["ForAnyValue:StringLike", "ForAllValues:StringNotLike"]),
            _ => random.pick(&["StringLike", "StringNotLike", "StringEquals", "StringNotEquals", "StringLikeIfExists"]),
        };
        let entry = conditions.entry(operator).or_insert_with(|| json!({}));
        entry[key] = json!(random.some(values, 2));
        if random.chance(15) {
            conditions.insert("Null".to_owned(), json!({key: random.pick(&["true", "false"])}));
        }
        match random.below(12) {
            0 => _ = conditions.insert("Bool".to_owned(), json!({"aws:ViaAWSService": "false"})),
            1 => _ = conditions.insert("Null".to_owned(), json!({"aws:CalledVia": "false"})),
            2 => _ = conditions.insert("Bool".to_owned(), json!({"aws:MultiFactorAuthPresent": "false"})),
            3 => _ = conditions.insert("NumericLessThan".to_owned(), json!({"aws:MultiFactorAuthAge": "60"})),
            _ => {}
        }
    }
    let effect = if random.chance(65) { "Allow" } else { "Deny" };
    let resource = if random.chance(15) { "arn:aws:sqs:*:*:${aws:userid}" } else { "*" };
    let mut out = json!({"Effect": effect, "Action": "sqs:*", "Resource": resource, "Condition": conditions});
    if with_principals {
        let sessions = json!({"AWS": ["arn:aws:sts::111122223333:assumed-role/R/a", "arn:aws:iam::999999999999:user/b"]});
        out["Principal"] = if random.chance(70) { json!("*") } else { sessions };
    }
    out
}

fn document(random: &mut Random, with_principals: bool) -> Value {
    let count = 1 + random.below(3);
    let statements: Vec<Value> = (0..count).map(|_| statement(random, with_principals)).collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

#[test]
fn no_witness_contradicts_itself_and_no_real_request_refutes_a_pass() {
    let (mut random, mut requests) = (Random::new(77), Random::new(78));
    let cases = std::env::var("LEASTWISE_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(600);
    let (mut passed, mut failed, mut open, mut compared) = (0, 0, Vec::new(), 0);
    for case in 0..cases {
        let with_principals = case % 3 > 0;
        let old = document(&mut random, with_principals);
        let mut new = old.clone();
        if let Some(statements) = new["Statement"].as_array_mut() {
            if random.chance(50) && statements.len() > 1 {
                statements.remove(0);
            }
            if random.chance(70) {
                statements.push(statement(&mut random, with_principals));
            }
        }
        let (existing, newer) = (policy("old", &old), policy("new", &new));
        let ask = |settings: &Settings| {
            let outcome = smt::in_fresh_context(|| no_new_access(&existing, &newer, settings));
            outcome.unwrap_or_else(|error| panic!("{error}\n{old}\n{new}")).verdict
        };
        let budget = crate::support::steps(3_000_000);
        let verdict = ask(&Settings { budget, ..Settings::default() });
        match &verdict {
            Verdict::Pass => {
                passed += 1;
                for _ in 0..150 {
                    let request = real(&mut requests, with_principals);
                    assert_eq!(contradiction(&request), None, "{request:?}");
                    let allows = |access| eval::allows(access, &request);
                    assert!(allows(&existing) || !allows(&newer), "{old}\n{new}\n{request:?}");
                }
            }
            Verdict::Fail { witness, .. } => {
                failed += 1;
                assert_eq!(contradiction(witness), None, "{old}\n{new}\n{witness:?}");
            }
            Verdict::Unknown(why) => open.push(format!("{why}\n{old}\n{new}")),
        }
        if case % 4 == 0 {
            let budget = Budget { rlimit: 60_000, ..budget };
            let other = ask(&Settings { engine: Engine::Strings, realistic: false, budget, ..Settings::default() });
            match (&verdict, &other) {
                (Verdict::Unknown(_), _) | (_, Verdict::Unknown(_)) => {}
                (Verdict::Pass, Verdict::Pass) => compared += 1,
                (Verdict::Fail { .. }, Verdict::Fail { witness, .. }) => {
                    compared += 1;
                    assert_eq!(contradiction(witness), None, "strings: {old}\n{new}\n{witness:?}");
                }
                (found, other) => panic!("automata {found:?}, strings {other:?}\n{old}\n{new}"),
            }
        }
    }
    eprintln!("{cases} questions: {passed} PASS, {failed} FAIL, {} UNKNOWN; {compared} compared with strings", open.len());
    assert!(passed * 10 > cases && failed * 10 > cases, "{passed} PASS, {failed} FAIL of {cases}");
    assert!(open.len() * 50 < cases, "{} of {cases} are open:\n{}", open.len(), open.join("\n"));
    eprintln!("{}", open.join("\n"));
    assert!(compared * 10 > cases, "{compared} compared");
}

fn access_to(principal: Value, condition: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sqs:*", "Resource": "*",
        "Condition": condition}]})
}

/// Of one statement: whether it grants anything, by both engines.
fn grants(policy_text: &Value) -> Vec<&'static str> {
    let nothing = access_to(json!("*"), json!({"StringEquals": {"k:x": []}}));
    let (existing, newer) = (policy("nothing", &nothing), policy("new", policy_text));
    let budget = crate::support::steps(3_000_000);
    let ask = |engine| {
        let settings = Settings { engine, budget, ..Settings::default() };
        let outcome = smt::in_fresh_context(|| no_new_access(&existing, &newer, &settings));
        match outcome.unwrap_or_else(|error| panic!("{error}\n{policy_text}")).verdict {
            Verdict::Pass => "PASS",
            Verdict::Fail { witness, .. } => {
                assert_eq!(contradiction(&witness), None, "{policy_text}\n{witness:?}");
                "FAIL"
            }
            Verdict::Unknown(_) => "UNKNOWN",
        }
    };
    [Engine::Auto, Engine::Strings].map(ask).into()
}

/// Principals and ids that AWS's pages show, and questions that ended in an error once.
#[test]
fn what_there_is_counts_and_what_contradicts_itself_does_not() {
    let decrypts = "arn:aws:sts::111122223333:assumed-role/aws:ec2-infrastructure/i-81e2f56c";
    let origin = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1";
    let any = || json!("*");
    let id = "111122223333:aws:ec2-infrastructure:i-81e2f56c";
    for (statement, expected) in [
        (access_to(json!({"AWS": decrypts}), json!({})), "FAIL"),
        (access_to(any(), json!({"StringEquals": {"aws:PrincipalType": "AssumedRole", "aws:userid": id}})), "FAIL"),
        (access_to(any(), json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/aws:ec2-infrastructure"}})), "FAIL"),
        (access_to(json!({"AWS": "arn:aws:iam::111122223333:role/aws:ec2-infrastructure/i-1"}), json!({})), "FAIL"),
        // An id of AWS's own role is of no other.
        (access_to(json!({"AWS": "arn:aws:iam::111122223333:role/R"}), json!({"StringEquals": {"aws:userid": id}})), "PASS"),
        (access_to(json!({"AWS": decrypts}), json!({"StringLike": {"aws:userid": "AROA*"}})), "PASS"),
        (
            access_to(json!({"AWS": decrypts}), json!({"StringLike": {"aws:userid": "999999999999:aws:ec2-infrastructure:*"}})),
            "PASS",
        ),
        (
            access_to(json!({"AWS": decrypts}), json!({"StringLike": {"aws:userid": "111122223333:aws:ec2-infrastructure:*"}})),
            "FAIL",
        ),
        // CloudFront's identities have a word for an account, and nobody says what ids.
        (access_to(any(), json!({"StringEquals": {"aws:PrincipalAccount": "cloudfront"}})), "FAIL"),
        (access_to(any(), json!({"StringLike": {"aws:PrincipalAccount": "c*"}})), "FAIL"),
        (access_to(json!({"AWS": origin}), json!({"Null": {"aws:userid": "true"}})), "FAIL"),
        (access_to(json!({"AWS": origin}), json!({"StringNotLike": {"aws:userid": "AIDA*"}})), "FAIL"),
        // A name that is an id.
        (access_to(any(), json!({"StringEquals": {"aws:username": "${aws:userid}"}})), "FAIL"),
        (access_to(any(), json!({"StringLike": {"aws:username": "a*", "aws:userid": "AIDA*"}})), "FAIL"),
        // Ages come with MFA, organizations with identities of accounts.
        (access_to(any(), json!({"Null": {"aws:MultiFactorAuthAge": "false"}})), "FAIL"),
        (
            access_to(
                any(),
                json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}, "NumericLessThan": {"aws:MultiFactorAuthAge": "9"}}),
            ),
            "PASS",
        ),
        (access_to(json!({"Federated": "accounts.google.com"}), json!({"StringEquals": {"aws:PrincipalOrgID": "o-a"}})), "PASS"),
        // What is compared as what it is not has no verdict, or this one.
        (access_to(json!({"AWS": decrypts}), json!({"NumericEquals": {"aws:userid": "5"}})), "UNKNOWN"),
        (access_to(any(), json!({"NumericEquals": {"aws:PrincipalAccount": "111122223333"}})), "FAIL"),
        (access_to(any(), json!({"NumericEquals": {"aws:username": "9"}})), "UNKNOWN"),
    ] {
        let found = grants(&statement);
        let [auto, strings] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(*auto, expected, "{statement}");
        assert!(*strings == expected || *strings == "UNKNOWN", "strings {strings}: {statement}");
    }
}

/// A key that the service reference types has values of its type, where any would do.
#[test]
fn a_witness_gives_a_typed_key_a_value_of_its_type() {
    for (resource, condition, key) in [
        ("*", json!({"StringNotEquals": {"s3:max-keys": "abc"}, "Null": {"s3:max-keys": "false"}}), "s3:max-keys"),
        ("arn:aws:s3:::b/${aws:SourceIp}", json!({}), "aws:sourceip"),
    ] {
        let statement = json!({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": resource, "Condition": condition});
        let newer = policy("new", &json!({"Version": "2012-10-17", "Statement": [statement]}));
        let existing = policy("old", &json!({"Version": "2012-10-17", "Statement": []}));
        let outcome = smt::in_fresh_context(|| no_new_access(&existing, &newer, &Settings::default())).unwrap();
        let Verdict::Fail { witness, .. } = outcome.verdict else { panic!("{:?}", outcome.verdict) };
        let own = leastwise::request::keys::type_of(key).unwrap();
        assert!(witness.context[key].iter().all(|value| own.holds(value)), "{witness:?}");
    }
}

/// What one statement names and another does not: an answer, and the right one, all the same.
#[test]
fn keys_that_another_statement_names_do_not_stand_in_the_way() {
    let statement =
        |action: &str, condition: Value| json!({"Effect": "Allow", "Action": action, "Resource": "*", "Condition": condition});
    let other = || {
        statement("s3:PutObject", json!({"StringEquals": {"aws:PrincipalOrgID": []}, "Null": {"aws:PrincipalOrgID": "false"}}))
    };
    for (condition, expected) in [
        (json!({"Null": {"aws:PrincipalOrgPaths": "false"}}), "FAIL"),
        (json!({"ForAnyValue:StringNotLike": {"aws:PrincipalOrgPaths": "o-a/*"}}), "FAIL"),
        (json!({"ForAnyValue:StringEquals": {"aws:PrincipalOrgPaths": "abc"}}), "PASS"),
        (json!({"Null": {"aws:MultiFactorAuthAge": "false"}}), "FAIL"),
    ] {
        let document = json!({"Version": "2012-10-17", "Statement": [statement("s3:GetObject", condition.clone()), other()]});
        let found = grants(&document);
        assert_eq!(found.first(), Some(&expected), "{condition}");
    }
}

/// What the ties alone decide: PASS by automata without Z3 where constants are compared, by one formula in any case.
#[test]
fn ties_refute_by_themselves() {
    let one = |operator: &str, key: &str, value: &str| json!({operator: {key: value}});
    let any = "ForAnyValue:StringLike";
    let is = "StringEquals";
    let sns = json!({"Service": "sns.amazonaws.com"});
    for (principal, old, new, automata) in [
        (json!("*"), one(is, "aws:PrincipalOrgID", "o-a"), one(any, "aws:PrincipalOrgPaths", "o-a/*"), true),
        (json!("*"), one(any, "aws:PrincipalOrgPaths", "o-a/*"), one(is, "aws:PrincipalOrgID", "o-a"), true),
        (
            json!("*"),
            one(is, "aws:ResourceOrgID", "o-a"),
            json!({any: {"aws:ResourceOrgPaths": "o-a/r-1/*"}, "Null": {"aws:ResourceOrgID": "false"}}),
            true,
        ),
        (
            sns.clone(),
            one(is, "aws:SourceAccount", "111122223333"),
            json!({is: {"aws:SourceArn": "arn:aws:sns:us-east-1:111122223333:t"}, "Null": {"aws:SourceAccount": "false"}}),
            true,
        ),
        (
            sns.clone(),
            one(is, "aws:SourceAccount", "${aws:ResourceAccount}"),
            json!({"StringLike": {"aws:SourceArn": "arn:aws:sns:us-east-1:${aws:ResourceAccount}:t*"}, "Null": {"aws:SourceAccount": "false"}}),
            false,
        ),
        (
            sns.clone(),
            one(is, "aws:SourceAccount", "${aws:ResourceAccount}"),
            json!({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:${aws:ResourceAccount}:t*"}, "Null": {"aws:SourceAccount": "false"}}),
            false,
        ),
        // An id as one of several values is no id.
        (json!("*"), json!({is: {"k:x": []}}), json!({any: {"aws:userid": "x*"}, is: {"aws:PrincipalType": "Account"}}), false),
    ] {
        let (existing, newer) =
            (policy("old", &access_to(principal.clone(), old)), policy("new", &access_to(principal, new.clone())));
        let budget = crate::support::steps(3_000_000);
        for (engine, z3) in [(Engine::Auto, !automata), (Engine::Strings, true)] {
            let settings = Settings { engine, z3, budget, ..Settings::default() };
            let outcome = smt::in_fresh_context(|| no_new_access(&existing, &newer, &settings));
            let verdict = outcome.unwrap_or_else(|error| panic!("{error}\n{new}")).verdict;
            assert_eq!(verdict, Verdict::Pass, "{engine:?} {new}");
        }
    }
}
