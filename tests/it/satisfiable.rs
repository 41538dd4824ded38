//! Can a policy allow anything at all? The encoding with nothing fixed, and the requests that its models stand for.

use crate::support::{policy, reaching, stack};
use leastwise::diag::Budget;
use leastwise::encode::{self, Encoder, ResourceShape};
use leastwise::policy::{Access, ArnMatching, Statement};
use leastwise::request::{Context, Principal, Request};
use leastwise::smt::{Answer, Formula, Solver};
use leastwise::{eval, smt};
use serde_json::{Value, json};
use std::time::Instant;

/// A request that the access definition allows, or `None` if the encoding says that there is none.
fn allowed(access: &Access, shape: ResourceShape) -> Option<Request> {
    let statements: Vec<&Statement> = access.statements().map(|(_, _, statement)| statement).collect();
    smt::in_fresh_context(|| {
        let mut encoder = Encoder::new(access.policies(), &statements, shape).about([access]);
        let all: Vec<usize> = (0..access.len()).collect();
        let allowed = encoder.allowed(access, &all, true).unwrap().formula;
        // Steps bound it; the clock is for what hangs.
        let budget = Budget { timeout: std::time::Duration::from_secs(900), ..Budget::default() };
        let mut solver = Solver::new(&budget, Instant::now() + budget.timeout);
        solver.assert(&Formula::and([encoder.constraints(), allowed]));
        match solver.check() {
            Answer::Sat(model) => Some(encoder.decode(&model, &encoder.decode_action(&model))),
            Answer::Unsat => None,
            Answer::Unknown(why) => panic!("{why}"),
        }
    })
}

fn check(name: &str, access: &Access, expected: bool) {
    let found = allowed(access, ResourceShape::Arn);
    assert_eq!(found.is_some(), expected, "{name}: {found:?}");
    if let Some(request) = found {
        assert!(request.is_consistent() && eval::allows(access, &request), "{name}: {request:?}");
    }
}

/// Of a principal element and conditions: whether some principal is of it.
#[test]
fn what_follows_from_a_principal_is_tied_to_it() {
    let user = json!({"AWS": "arn:aws:iam::111122223333:user/p/alice"});
    let role = json!({"AWS": "arn:aws:iam::111122223333:role/p/dev"});
    let session = json!({"AWS": "arn:aws:sts::111122223333:assumed-role/dev/s1"});
    let service = json!({"Service": "lambda.amazonaws.com"});
    let is = |key: &str, value: &str| json!({"StringEquals": {key: value}});
    let aws = |arn: &str| json!({"AWS": arn});
    let arn = "aws:PrincipalArn";
    let cases = [
        (&user, is("aws:username", "alice"), true),
        (&user, is("aws:username", "bob"), false),
        (&user, json!({"ForAnyValue:StringEquals": {"aws:username": "alice"}}), true),
        (&user, json!({"ForAnyValue:StringEquals": {"aws:username": "bob"}}), false),
        (&user, is("aws:PrincipalAccount", "111122223333"), true),
        (&user, is("aws:PrincipalAccount", "999999999999"), false),
        (&user, is("aws:PrincipalType", "User"), true),
        (&user, is("aws:PrincipalType", "AssumedRole"), false),
        (&user, json!({"Null": {"aws:username": "true"}}), false),
        (&role, json!({"Null": {"aws:username": "false"}}), false),
        (&role, is("aws:PrincipalType", "AssumedRole"), true),
        (&role, is("aws:PrincipalType", "User"), false),
        (&role, is(arn, "arn:aws:iam::111122223333:role/p/dev"), true),
        (&role, is(arn, "arn:aws:iam::111122223333:role/dev"), false),
        (&role, json!({"StringEqualsIgnoreCase": {arn: "ARN:aws:iam::111122223333:role/P/dev"}}), true),
        (&role, json!({"StringEqualsIgnoreCase": {arn: "arn:aws:iam::111122223333:role/q/dev"}}), false),
        (&session, is(arn, "arn:aws:iam::111122223333:role/q/dev"), true),
        (&session, is(arn, "arn:aws:iam::111122223333:role/q/prod"), false),
        (&session, is(arn, "arn:aws:sts::111122223333:assumed-role/dev/s1"), false),
        (&session, json!({"ArnNotLike": {arn: "*:role/*dev"}}), false),
        (&service, is("aws:PrincipalServiceName", "lambda.amazonaws.com"), true),
        (&service, is("aws:PrincipalServiceName", "ec2.amazonaws.com"), false),
        (&service, is("aws:PrincipalIsAWSService", "true"), true),
        (&service, is("aws:PrincipalIsAWSService", "false"), false),
        (&service, json!({"Null": {arn: "false"}}), false),
        (&user, is("aws:PrincipalIsAWSService", "true"), false),
        (&json!("*"), is("aws:PrincipalType", "Anonymous"), true),
        (&json!("*"), is("aws:PrincipalType", "Somebody"), false),
        (&json!({"AWS": "111122223333"}), is("aws:PrincipalType", "Anonymous"), false),
        (&aws("arn:aws:iam::111122223333:root"), is("aws:PrincipalType", "Account"), true),
        (&aws("arn:aws:sts::111122223333:federated-user/f"), is("aws:PrincipalType", "FederatedUser"), true),
        (&aws("arn:aws:sts::111122223333:federated-user/f"), is("aws:PrincipalType", "User"), false),
        // No name holds a colon or an empty part, and a federated user's has no path.
        (&aws("arn:aws:iam::111122223333:user/a:b"), json!({}), false),
        (&aws("arn:aws:iam::111122223333:user/a//b"), json!({}), false),
        (&aws("arn:aws:iam::111122223333:user/a/*/b"), json!({}), true),
        (&aws("arn:aws:sts::111122223333:federated-user/p/f"), json!({}), false),
        (&aws("arn:aws:sts::111122223333:assumed-role/p/dev/s1"), json!({}), false),
        (&aws("arn:aws:iam:us-east-1:111122223333:role/r"), json!({}), false),
        (&aws("arn:aws:iam::1234:role/r"), json!({}), false),
        (&aws("arn:aws:iam::*:role/r"), is("aws:PrincipalAccount", "999999999999"), true),
    ];
    for (principal, condition, expected) in cases {
        let statement =
            json!({"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "*", "Condition": condition});
        check(
            &format!("{principal} {condition}"),
            &policy("p", &json!({"Version": "2012-10-17", "Statement": statement})),
            expected,
        );
    }
    // An identity policy is of identities of an account only.
    for (condition, expected) in [
        (json!({"Null": {arn: "false"}}), true),
        (json!({"Null": {arn: "true"}}), false),
        (is("aws:PrincipalIsAWSService", "true"), false),
        (is("aws:username", "alice"), true),
    ] {
        let statement = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": condition});
        check(&condition.to_string(), &policy("p", &json!({"Version": "2012-10-17", "Statement": statement})), expected);
    }
}

/// A key has one value and a type, a resource its account, an action its form.
#[test]
fn what_a_request_is() {
    let allow = |resource: &str, condition: Value| {
        policy(
            "p",
            &json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": resource, "Condition": condition}}),
        )
    };
    for (resource, condition, expected) in [
        ("*", json!({"StringLike": {"k": "a*"}, "StringNotLike": {"k": "*"}}), false),
        ("*", json!({"StringLike": {"k": "a*"}, "StringNotLike": {"k": "ab*"}}), true),
        ("*", json!({"NumericLessThan": {"k": "5"}, "NumericGreaterThan": {"k": "4.9"}}), true),
        ("*", json!({"NumericLessThan": {"k": "5"}, "NumericGreaterThanEquals": {"k": "5"}}), false),
        ("*", json!({"NumericEquals": {"k": "5"}, "NumericNotEquals": {"k": "5.0"}}), false),
        ("*", json!({"NumericLessThan": {"k": "5"}, "Null": {"k": "true"}}), false),
        ("*", json!({"IpAddress": {"k": "10.0.0.0/8"}, "NotIpAddress": {"k": ["10.0.0.0/9", "10.128.0.0/9"]}}), false),
        ("*", json!({"IpAddress": {"k": "10.0.0.0/8"}, "NotIpAddress": {"k": "10.0.0.0/9"}}), true),
        ("*", json!({"IpAddress": {"k": "::/0"}, "NotIpAddress": {"k": "8000::/1"}}), true),
        ("*", json!({"DateLessThan": {"k": "2024-01-01"}, "DateGreaterThan": {"k": "2023-12-31T23:59:59Z"}}), true),
        ("*", json!({"StringEqualsIfExists": {"k": "a"}, "StringNotEquals": {"k": "a"}}), true),
        ("*", json!({"ForAnyValue:StringEquals": {"k": "a"}, "ForAllValues:StringEquals": {"k": "b"}}), false),
        ("*", json!({"ForAnyValue:StringEquals": {"k": "a"}, "ForAnyValue:StringLike": {"k": "b"}}), true),
        (
            "*",
            json!({"ForAllValues:StringEquals": {"k": "a"}, "ForAllValues:StringNotEquals": {"k": "a"}, "Null": {"k": "false"}}),
            false,
        ),
        ("arn:aws:sns:*:111122223333:t", json!({"StringEquals": {"aws:ResourceAccount": "111122223333"}}), true),
        ("arn:aws:sns:*:111122223333:t", json!({"StringEquals": {"aws:ResourceAccount": "999999999999"}}), false),
        ("arn:aws:sns:*:111122223333:t", json!({"Null": {"aws:ResourceAccount": "true"}}), false),
        ("arn:aws:s3:::b", json!({"StringEquals": {"aws:ResourceAccount": "999999999999"}}), true),
        ("arn:aws:s3:::b", json!({"StringEquals": {"aws:ResourceAccount": "somebody"}}), false),
        ("arn:aws:s3:::b", json!({"Null": {"aws:ResourceAccount": "true"}}), true),
        ("arn:aws:s3:a:b:c:d", json!({}), true),
        ("arn:aws:s3:::", json!({}), false),
        ("arn::s3:::b", json!({}), false),
        ("arn:aws::::b", json!({}), false),
        ("other", json!({}), false),
    ] {
        check(&format!("{resource} {condition}"), &allow(resource, condition), expected);
    }
    let other = |resource: &str, matching: ArnMatching| {
        let found = allowed(&reaching(allow(resource, json!({})), matching), ResourceShape::Other);
        found.map(|request| request.resource)
    };
    for matching in [ArnMatching::Segment, ArnMatching::Greedy] {
        assert_eq!(other("other", matching).as_deref(), Some("other"));
        assert_eq!(other("arn:aws:s3:::b", matching), None);
        assert!(
            other("a?n:aws:s3:::b", matching).is_some_and(|text| !text.starts_with("arn:") && text.ends_with("n:aws:s3:::b"))
        );
    }
    for (action, expected) in [
        ("s3:Get*", true),
        ("s3", false),
        ("s3:a:b", false),
        (":x", false),
        ("s3:", false),
        ("s3:Größe", false),
        ("s3:a b", false),
    ] {
        let statement = json!({"Effect": "Allow", "Action": action, "Resource": "*"});
        check(action, &policy("p", &json!({"Statement": statement})), expected);
    }
}

/// Rules of stacks, with nothing fixed.
#[test]
fn what_a_stack_can_allow() {
    let all = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
    let only =
        |condition: Value| json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}});
    let named = |principal: Value, condition: Value| json!({"Statement": {"Effect": "Allow", "Principal": principal, "Action": "s3:*", "Resource": "arn:aws:s3:::b/*", "Condition": condition}});
    let user = json!({"AWS": "arn:aws:iam::111122223333:user/alice"});
    let not_own = json!({"StringNotEquals": {"aws:PrincipalAccount": "111122223333"}});
    let cases = [
        (json!({"identityPolicies": []}), false),
        (json!({"identityPolicies": [all]}), true),
        (json!({"identityPolicies": [], "resourcePolicy": named(user.clone(), json!({}))}), true),
        (json!({"identityPolicies": [], "resourcePolicy": named(user.clone(), not_own.clone())}), false),
        (json!({"identityPolicies": [], "resourcePolicy": named(json!({"AWS": "111122223333"}), json!({}))}), false),
        (json!({"identityPolicies": [], "resourcePolicy": named(json!({"Service": "s3.amazonaws.com"}), json!({}))}), true),
        (json!({"identityPolicies": [all], "permissionBoundaries": []}), true),
        (json!({"identityPolicies": [all], "sessionPolicies": []}), false),
        (json!({"identityPolicies": [all], "serviceControlPolicies": [[]]}), true),
        (
            json!({"identityPolicies": [only(json!({"StringNotLike": {"aws:PrincipalArn": "*:role/*"}}))], "serviceControlPolicies": [[]]}),
            false,
        ),
        (
            json!({"identityPolicies": [only(not_own.clone())], "serviceControlPolicies": [[]], "managementAccount": "111122223333"}),
            true,
        ),
        (json!({"serviceControlPolicies": [[only(json!({"StringEquals": {"aws:PrincipalType": "User"}}))]]}), false),
        (json!({"serviceControlPolicies": [[all]]}), true),
    ];
    // A session that an IAM pattern matches is its role, which the boundary limits; its own ARN is not of IAM.
    let sessions = json!({"Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:*"}, "Action": "s3:*", "Resource": "*",
         "Condition": {"StringEquals": {"aws:PrincipalType": "AssumedRole"}}},
        {"Effect": "Deny", "Principal": {"AWS": "arn:aws:sts::999999999999:assumed-role/x/y"}, "Action": "s3:*", "Resource": "*"}]});
    let silent = json!({"Statement": {"Effect": "Allow", "Action": "sns:*", "Resource": "*"}});
    let limited = json!({"identityPolicies": [], "permissionBoundaries": [silent], "resourcePolicy": sessions});
    check("a boundary limits sessions", &stack("s", &limited), false);
    // The rules of service control policies look at names, so a user's name is tied to its ARN.
    let alice = only(json!({"StringEquals": {"aws:username": "alice"}}));
    let stacked = stack("s", &json!({"identityPolicies": [alice], "serviceControlPolicies": [[all]]}));
    check("a user's name beside service control policies", &stacked, true);
    // Nothing but a service-linked role gets past this level: the session's role has its name and the path.
    let linked = named(json!({"AWS": "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForX/s"}), json!({}));
    check(
        "a service-linked role's session",
        &stack("s", &json!({"identityPolicies": [], "resourcePolicy": linked, "serviceControlPolicies": [[]]})),
        true,
    );
    for (written, expected) in cases {
        check(&written.to_string(), &stack("s", &written), expected);
    }
}

/// What has no encoding is named with its place, never left out.
#[test]
fn what_has_no_encoding_is_named() {
    let request = Request::new(Principal::Anonymous, "s3:GetObject", "other", Context::new());
    let said = |resource: &str, condition: Value, request: &Request| {
        let statement = json!({"Effect": "Allow", "Action": "*", "Resource": resource, "Condition": condition});
        let access = policy("p", &json!({"Version": "2012-10-17", "Statement": statement}));
        let access = reaching(access, ArnMatching::Greedy);
        let found = smt::in_fresh_context(|| encode::allows(&access, request, &Budget::default()));
        found.err().map_or_else(String::new, |unsupported| unsupported.to_string())
    };
    let arn = Request { resource: "arn:aws:s3:::b".to_owned(), ..request.clone() };
    for (resource, condition, part) in [
        (
            "*",
            json!({"StringEquals": {"k": "5"}, "NumericEquals": {"k": "5"}}),
            "`k` compared as values of different types (p:1:",
        ),
        ("*", json!({"NumericEquals": {"k": "5"}, "StringLike": {"x": "${k}*"}}), "`k` compared as values of different types"),
        (
            "*",
            json!({"StringLike": {"x": "${aws:TagKeys}"}, "ForAnyValue:StringLike": {"aws:TagKeys": "a"}}),
            "of a multivalued key (p:1:",
        ),
        ("*", json!({"StringLike": {"x": "*${k}?*"}}), "a `?` wildcard beside a policy variable, between two stars"),
        ("*", json!({"StringEqualsIgnoreCase": {"x": "${k}"}}), "a policy variable under an operator that ignores case"),
        ("*", json!({"ArnLike": {"x": "arn:aws:${k, 'a:b'}:::b"}}), "default that holds a colon, inside an ARN"),
        ("arn:aws:${k}:::b", json!({}), "a policy variable in an ARN that is matched as one text"),
        ("x*𰀀", json!({}), "a character beyond U+2FFFF"),
    ] {
        let found = said(resource, condition.clone(), &arn);
        assert!(found.contains(part), "{resource} {condition}: {found}");
    }
    // Several values of a key that the query takes for single-valued stand for no request of it.
    let several = Context::from([("k".to_owned(), vec!["a".to_owned(), "b".to_owned()])]);
    let several = Request { context: several, ..arn.clone() };
    let fixed = |condition: Value| {
        let statement = json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": condition});
        let access = policy("p", &json!({"Statement": statement}));
        smt::in_fresh_context(|| encode::allows(&access, &several, &Budget::default()))
    };
    assert_eq!(fixed(json!({"StringEquals": {"k": "a"}})), Ok(None));
    assert_eq!(fixed(json!({"ForAnyValue:StringEquals": {"k": "b"}})), Ok(Some(true)));
    // The last character that has one.
    assert_eq!(said("*", json!({"StringLike": {"x": "${k}\u{2FFFF}"}}), &arn), "");
    assert_eq!(said("*", json!({"StringEquals": {"k": "5"}, "StringLike": {"k": "*"}, "Null": {"k": "true"}}), &arn), "");
}

/// Templates of a character, both wildcards and a variable in every order: the encoding says what the evaluator says.
#[test]
fn a_question_mark_beside_a_variable_is_one_character() {
    let letters = ["a", "?", "*", "${k}"];
    let values = ["", "a", "b", "aa", "ab", "ba", "aba", "bab"];
    let (mut decided, mut allowed, mut open) = (0, 0, 0);
    for number in 0..4_usize.pow(4) {
        let template: String = (0..4).map(|at| letters[number / 4_usize.pow(at) % 4]).collect();
        if !template.contains("${k}") || !template.contains('?') {
            continue;
        }
        let operator = if number % 2 == 0 { "StringLike" } else { "StringNotLike" };
        let statement = json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {operator: {"x": template}}});
        let access = policy("p", &json!({"Version": "2012-10-17", "Statement": statement}));
        for asked in 0..3 {
            let (x, k) = (values[(number + 3 * asked) % 8], values[(number / 5 + asked) % 4]);
            let context = Context::from([("x".to_owned(), vec![x.to_owned()]), ("k".to_owned(), vec![k.to_owned()])]);
            let request = Request::new(Principal::Anonymous, "s3:GetObject", "arn:aws:s3:::b/k", context);
            let evaluated = eval::allows(&access, &request);
            match smt::in_fresh_context(|| encode::allows(&access, &request, &Budget::default())) {
                Ok(encoded) => {
                    assert_eq!(encoded, Some(evaluated), "{operator} {template}: x {x}, k {k}");
                    decided += 1;
                    allowed += usize::from(evaluated);
                }
                Err(unsupported) => {
                    assert!(unsupported.construct.contains("between two stars"), "{template}: {unsupported}");
                    open += 1;
                }
            }
        }
    }
    assert!(decided > 8 * open && allowed > 60 && decided - allowed > 60, "{decided} {allowed} {open}");
}

/// What has no encoding may be left open: then equal constructs are equal, and different ones are not.
#[test]
fn what_has_no_encoding_cancels_out_where_it_is_the_same() {
    let hard = json!({"StringLike": {"x": "*${k}?*"}});
    let statement =
        |effect: &str, condition: &Value| json!({"Effect": effect, "Action": "*", "Resource": "*", "Condition": condition});
    for (deny, expected) in [
        (hard.clone(), false),
        (json!({"StringLike": {"y": "*${k}?*"}}), true),
        (json!({"StringNotLike": {"x": "*${k}?*"}}), true),
        (json!({"StringLikeIfExists": {"x": "*${k}?*"}}), true),
        (json!({"StringLike": {"x": "*${k}??*"}}), true),
    ] {
        let statements = json!([statement("Allow", &hard), statement("Deny", &deny)]);
        let access = policy("p", &json!({"Version": "2012-10-17", "Statement": statements}));
        let numbered: Vec<&Statement> = access.statements().map(|(_, _, statement)| statement).collect();
        smt::in_fresh_context(|| {
            let new = || Encoder::new(access.policies(), &numbered, ResourceShape::Arn).about([&access]);
            assert!(new().allowed(&access, &[0, 1], true).is_err());
            let mut encoder = new().with_opaque_constructs();
            let formula = encoder.allowed(&access, &[0, 1], true).unwrap().formula;
            let budget = Budget::default();
            let mut solver = Solver::new(&budget, Instant::now() + budget.timeout);
            solver.assert(&Formula::and([encoder.constraints(), formula]));
            assert_eq!(matches!(solver.check(), Answer::Sat(_)), expected, "{deny}");
        });
    }
}
