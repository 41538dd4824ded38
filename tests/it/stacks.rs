//! What questions find in stacks that no statement grants.

use crate::support::{policy, stack};
use leastwise::eval;
use leastwise::question::no_new_access::no_new_access;
use leastwise::question::{Engine, Settings, Verdict};
use leastwise::request::{Principal, Request};
use leastwise::smt;
use serde_json::{Value, json};

/// An account's root needs no identity policy where none are given: no statement grants, and yet there is access.
#[test]
fn the_root_of_an_account_is_found_where_no_statement_grants() {
    let all = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
    let nobody = stack("nobody", &json!({"identityPolicies": []}));
    let settings = Settings::default();
    for open in ["serviceControlPolicies", "permissionBoundaries", "sessionPolicies"] {
        let policies = if open == "serviceControlPolicies" { json!([[all]]) } else { json!([all]) };
        let new = stack("new", &json!({open: policies}));
        match no_new_access(&nobody, &new, &settings).unwrap().verdict {
            Verdict::Fail { witness, .. } => {
                assert!(eval::allows(&new, &witness));
                let Principal::Aws(arn) = &witness.principal else { panic!("{open}: {witness:?}") };
                assert!(arn.ends_with(":root"), "{open}: {witness:?}");
            }
            other => panic!("{open}: {other:?}"),
        }
        assert!(matches!(no_new_access(&new, &nobody, &settings).unwrap().verdict, Verdict::Pass), "{open}");
    }
}

/// A KMS key and a role to assume trust explicitly: identity policies alone grant nothing of them, other things they do.
#[test]
fn explicit_trust_is_of_the_action_that_is_asked_about() {
    let nobody = stack("nobody", &json!({"identityPolicies": [], "resourcePolicy": null}));
    for engine in [Engine::Auto, Engine::Strings] {
        let settings = Settings { engine, ..Settings::default() };
        for (action, resource, passes) in [
            ("sts:AssumeRole", "arn:aws:iam::111122223333:role/r", true),
            ("kms:Decrypt", "arn:aws:kms:us-east-1:111122223333:key/k", true),
            ("iam:PassRole", "arn:aws:iam::111122223333:role/r", false),
            ("kms:ListAliases", "arn:aws:kms:us-east-1:111122223333:alias/k", false),
        ] {
            let allow = json!({"Statement": {"Effect": "Allow", "Action": action, "Resource": resource}});
            let new = stack("new", &json!({"identityPolicies": [allow], "resourcePolicy": null}));
            let verdict = smt::in_fresh_context(|| no_new_access(&nobody, &new, &settings)).unwrap().verdict;
            match verdict {
                Verdict::Pass => assert!(passes, "{engine:?} {action}"),
                Verdict::Fail { .. } => assert!(!passes, "{engine:?} {action}"),
                Verdict::Unknown(why) => panic!("{engine:?} {action}: {why}"),
            }
        }
    }
}

/// Whose a resource is follows from its ARN: automata decide that without Z3, whoever the owner, the asker and the rest.
#[test]
fn automata_know_the_owner_of_a_resource_by_its_arn() {
    let settings = Settings { z3: false, ..Settings::default() };
    let denied = json!({"Statement": {"Effect": "Deny", "Action": "*", "Resource": "arn:aws:*:*:999999999999:*"}});
    for (action, resource) in [
        ("s3:DeleteBucket", json!("arn:aws:s3:eu-west-1:111122223333:app/*")),
        ("s3:*", json!(["arn:aws:s3:::app", "arn:aws:s3:eu-west-1:111122223333:accesspoint/app"])),
        ("sqs:SendMessage", json!("arn:aws:sqs:eu-west-1:111122223333:app")),
        ("sqs:SendMessage", json!(["arn:aws:sqs:*:111122223333:app*", "arn:aws:sqs:eu-west-1:444455556666:app?"])),
        ("lambda:InvokeFunction", json!("arn:aws:lambda:*:999999999999:function:*")),
        ("iam:PassRole", json!("arn:aws:iam::111122223333:role/app/*")),
        ("dynamodb:*", json!("arn:aws-cn:dynamodb:cn-north-1:111122223333:table/app")),
    ] {
        let allow = json!({"Statement": {"Effect": "Allow", "Action": action, "Resource": resource}});
        for (resource_policy, control) in [(None, false), (Some(json!(null)), false), (None, true), (Some(json!(null)), true)] {
            let (mut before, mut members) = (json!({"identityPolicies": []}), json!({"identityPolicies": [allow]}));
            if let Some(policy) = resource_policy {
                before["resourcePolicy"] = policy.clone();
                members["resourcePolicy"] = policy;
            }
            let nobody = stack("nobody", &before);
            if control {
                let all = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
                members["serviceControlPolicies"] = json!([[all], [all, denied]]);
            }
            let new = stack("new", &members);
            let is_denied = control && resource.to_string().contains("999999999999");
            match no_new_access(&nobody, &new, &settings).unwrap().verdict {
                Verdict::Fail { witness, .. } => {
                    assert!(!is_denied && eval::allows(&new, &witness), "{members}: {witness:?}");
                }
                Verdict::Pass => assert!(is_denied, "{members}"),
                Verdict::Unknown(why) => panic!("{members}: {why}"),
            }
        }
    }
}

/// What is said of owners holds of every request: a PASS is refuted by none on texts that are ARNs, or only look like them,
/// whether an owner is known or not.
#[test]
fn no_request_on_an_arn_or_another_text_refutes_a_pass() {
    let settings = Settings { z3: false, ..Settings::default() };
    let none = stack("none", &json!({"identityPolicies": [], "resourcePolicy": null}));
    let (own, other) = ("111122223333", "999999999999");
    let conditions = [
        json!({}),
        json!({"Null": {"aws:ResourceAccount": "true"}}),
        json!({"Null": {"aws:ResourceAccount": "false"}}),
        json!({"StringEquals": {"aws:ResourceAccount": own}}),
        json!({"StringNotEquals": {"aws:ResourceAccount": own}}),
        json!({"StringEquals": {"aws:PrincipalAccount": other}}),
    ];
    let starts = ["arn:aws", "*:aws", "ar?:aws", "x:aws", "arn:*", "arn:", "a*:*"];
    let mut requests = Vec::new();
    for (start, account, owner) in starts.iter().flat_map(|start| {
        let start = start.replace('*', "x").replace('?', "n");
        let owners = [None, Some(own), Some(other)];
        [own, other, ""].into_iter().flat_map(move |account| owners.map(|owner| (start.clone(), account, owner)))
    }) {
        for principal in [own, other] {
            let context = owner.map(|owner| ("aws:resourceaccount".to_owned(), vec![owner.to_owned()])).into_iter().collect();
            let principal = Principal::Aws(format!("arn:aws:iam::{principal}:role/example"));
            let resource = format!("{start}:sqs:us-east-1:{account}:app");
            let request = Request::new(principal, "sqs:SendMessage", &resource, context);
            requests.extend(request.is_consistent().then_some(request));
        }
    }
    assert!(requests.len() > 60);
    let mut passes = 0;
    for (start, condition) in starts.iter().flat_map(|start| conditions.iter().map(move |condition| (start, condition))) {
        let allow = json!({"Statement": {"Effect": "Allow", "Action": "sqs:*", "Condition": condition,
            "Resource": format!("{start}:sqs:us-east-1:{own}:app")}});
        let new = stack("new", &json!({"identityPolicies": [allow], "resourcePolicy": null}));
        match no_new_access(&none, &new, &settings).unwrap().verdict {
            Verdict::Fail { witness, .. } => assert!(eval::allows(&new, &witness)),
            Verdict::Unknown(_) => {}
            Verdict::Pass => {
                passes += 1;
                let refuted = requests.iter().find(|request| eval::allows(&new, request));
                assert!(refuted.is_none(), "{start} {condition}: {refuted:?}");
            }
        }
    }
    assert!(passes > 3, "{passes}");
}

/// What is said of owners by `aws:ResourceAccount` alone holds of every request, and is enough: all of it is decided without
/// Z3, no request refutes a PASS, and some request shows what is not one.
#[test]
fn no_owner_refutes_a_pass() {
    let settings = Settings { z3: false, ..Settings::default() };
    // Two that no policy names: a principal's and another resource's.
    let accounts = ["111122223333", "444455556666", "999999999999", "222233334444", "555566667777"];
    let [own, other, third, ..] = accounts;
    let lists = [json!([own]), json!([own, other]), json!([third])];
    let with = |key: &str, operators: [&str; 3]| -> Vec<Value> {
        let of_list = |list: &Value| operators.map(|operator| json!({operator: {key: list}}));
        std::iter::once(json!({})).chain(lists.iter().flat_map(of_list)).collect()
    };
    let owners = with("aws:ResourceAccount", ["StringEquals", "StringNotEquals", "StringEqualsIfExists"]);
    let principals = with("aws:PrincipalAccount", ["StringEquals", "StringNotEquals", "StringEqualsIfExists"]);
    let same = [("aws:ResourceAccount", "${aws:PrincipalAccount}"), ("aws:PrincipalAccount", "${aws:ResourceAccount}")];
    let relations: Vec<Value> = same
        .iter()
        .flat_map(|(key, value)| ["StringLike", "StringNotLike", "StringEqualsIgnoreCase"].map(|one| json!({one: {*key: value}})))
        .collect();
    let whose = accounts.map(|account| format!("arn:aws:iam::{account}:role/example")).map(Principal::Aws);
    let roots = accounts.map(|account| format!("arn:aws:iam::{account}:root")).map(Principal::Aws);
    let others = [Principal::Anonymous, Principal::Service("sns.amazonaws.com".to_owned())];
    let mut requests = Vec::new();
    for principal in whose.into_iter().chain(roots).chain(others) {
        for owner in [None].into_iter().chain(accounts.map(Some)) {
            let context = owner.map(|owner| ("aws:resourceaccount".to_owned(), vec![owner.to_owned()])).into_iter().collect();
            let request = Request::new(principal.clone(), "s3:ListBucket", "arn:aws:s3:::example", context);
            requests.extend(request.is_consistent().then_some(request));
        }
    }
    let nothing = policy("old", &json!({"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*", "Principal": "*"}}));
    let mut counts = [0, 0];
    for owner in &owners {
        for principal in &principals {
            for relation in &relations {
                let mut condition = serde_json::Map::new();
                for (operator, keys) in [owner, principal, relation].into_iter().filter_map(Value::as_object).flatten() {
                    let known = condition.entry(operator.clone()).or_insert_with(|| json!({}));
                    known.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
                }
                let document = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*",
                    "Action": "s3:ListBucket", "Resource": "*", "Condition": condition}});
                let new = policy("new", &document);
                let shown = requests.iter().find(|request| eval::allows(&new, request));
                match no_new_access(&nothing, &new, &settings).unwrap().verdict {
                    Verdict::Pass => assert!(shown.is_none(), "{document}: {shown:?}"),
                    Verdict::Fail { witness, .. } => assert!(eval::allows(&new, &witness) && shown.is_some(), "{document}"),
                    Verdict::Unknown(why) => panic!("{document}: {why}"),
                }
                counts[usize::from(shown.is_some())] += 1;
            }
        }
    }
    assert!(counts[0] > 60 && counts[1] > 200, "{counts:?}");
}
