//! `simulate`: what a decision rests on is said in every format, and a request may stand in arguments.

use crate::agreement::{generator, is_typed};
use crate::support::{leastwise, try_stack};
use leastwise::eval::{self, Decision};
use leastwise::policy::Access;
use leastwise::request::Request;
use serde_json::{Value, json};

const USER: &str = "arn:aws:iam::111122223333:user/ana";

fn statement(members: Value) -> Value {
    let mut statement = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    statement.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    statement
}

fn policy(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// The answer in JSON; text, JSON and `batch` say the same.
fn simulate(stack: &Value) -> Value {
    let (_, text, _) = leastwise(&["simulate", "-"], &stack.to_string());
    let (_, out, err) = leastwise(&["simulate", "-", "--format", "json"], &stack.to_string());
    let answer: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{stack}: {out}{err}"));
    let mut line = stack.clone();
    line["check"] = json!("simulate");
    let (_, out, _) = leastwise(&["batch"], &line.to_string());
    let mut in_batch: Value = serde_json::from_str(&out).unwrap();
    in_batch.as_object_mut().unwrap().remove("id");
    assert_eq!((&answer["decision"], &answer["notes"]), (&in_batch["decision"], &in_batch["notes"]), "{stack}");
    let said: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("note: ")).collect();
    assert_eq!(json!(said), answer.get("notes").cloned().unwrap_or_else(|| json!([])), "{text}");
    assert!(text.starts_with(answer["decision"].as_str().unwrap()), "{text}");
    answer
}

fn notes(answer: &Value) -> Vec<&str> {
    answer["notes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// A stack around a request of a user for an instance.
fn asked(context: Value, more: Value) -> Value {
    let request = json!({"principal": USER, "action": "ec2:RunInstances",
        "resource": {"arn": "arn:aws:ec2:us-east-1:111122223333:instance/*", "accountId": "111122223333"}, "context": context});
    let mut stack = json!({"request": request, "identityPolicies": [policy(&[statement(json!({}))])]});
    stack.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    stack
}

#[test]
fn a_key_that_is_not_given_is_told_where_it_could_decide() {
    let deny = |condition: Value| statement(json!({"Effect": "Deny", "Condition": condition}));
    let scp = |condition: Value| json!({"serviceControlPolicies": [[policy(&[statement(json!({})), deny(condition)])]]});
    let missing = |context: Value, more: Value| simulate(&asked(context, more))["missingContextValues"].clone();
    let region = json!({"StringEquals": {"aws:RequestedRegion": "us-east-1"}});
    assert_eq!(missing(json!({}), scp(region.clone())), json!(["aws:RequestedRegion"]));
    let answer = simulate(&asked(json!({}), scp(region.clone())));
    assert_eq!(answer["decision"], json!("Allowed"));
    let [note] = notes(&answer)[..] else { panic!("{answer}") };
    assert!(note.contains("aws:RequestedRegion = \"us-east-1\" it is ExplicitlyDenied"), "{note}");
    assert!(note.contains("serviceControlPolicies[0][0] statement 1"), "{note}");
    // Given, or unable to change anything, it is not.
    assert_eq!(missing(json!({"aws:requestedregion": "eu-west-1"}), scp(region.clone())), Value::Null);
    let elsewhere = json!({"Effect": "Deny", "Action": "s3:*", "Condition": region});
    for other in [elsewhere, json!({"Effect": "Deny", "Resource": "arn:aws:ec2:*:999999999999:*", "Condition": region})] {
        let more = json!({"serviceControlPolicies": [[policy(&[statement(json!({})), statement(other)])]]});
        assert_eq!(missing(json!({}), more), Value::Null);
    }
    let denied = json!({"permissionBoundaries": [policy(&[statement(json!({"Effect": "Deny"})), deny(region)])]});
    assert_eq!(missing(json!({}), denied), Value::Null, "it is denied all the same");
    let held = json!({"StringEquals": {"aws:RequestedRegion": "us-east-1", "aws:SourceVpc": "vpc-1"}});
    assert_eq!(missing(json!({"aws:SourceVpc": "vpc-2"}), scp(held.clone())), Value::Null, "the other key spares it");
    assert_eq!(missing(json!({"aws:SourceVpc": "vpc-1"}), scp(held.clone())), json!(["aws:RequestedRegion"]));
    // Two keys that only together deny are both told.
    assert_eq!(missing(json!({}), scp(held)), json!(["aws:RequestedRegion", "aws:SourceVpc"]));
    // Absence that denies, numbers, sets, and what follows from the principal.
    assert_eq!(missing(json!({}), scp(json!({"Null": {"aws:ViaAWSService": "true"}}))), json!(["aws:ViaAWSService"]));
    assert_eq!(missing(json!({}), scp(json!({"NumericLessThan": {"ec2:VolumeSize": "100"}}))), json!(["ec2:VolumeSize"]));
    assert_eq!(missing(json!({}), scp(json!({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}))), json!(["aws:SourceIp"]));
    let tags = json!({"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["team"]}});
    assert_eq!(missing(json!({}), scp(tags)), json!(["aws:TagKeys"]));
    assert_eq!(missing(json!({}), scp(json!({"StringEquals": {"aws:PrincipalServiceName": "x"}}))), Value::Null);
}

#[test]
fn a_policy_variable_that_is_not_given_is_told_where_it_could_decide() {
    let of = |context: Value, resource: &str| {
        let request = json!({"principal": USER, "action": "s3:GetObject",
            "resource": {"arn": resource, "accountId": "111122223333"}, "context": context});
        let own = statement(json!({"Resource": "arn:aws:s3:::home/${aws:PrincipalTag/team}/*"}));
        simulate(&json!({"request": request, "identityPolicies": [policy(&[own])]}))["missingContextValues"].clone()
    };
    assert_eq!(of(json!({}), "arn:aws:s3:::home/red/x"), json!(["aws:principaltag/team"]));
    assert_eq!(of(json!({"aws:PrincipalTag/team": "blue"}), "arn:aws:s3:::home/red/x"), Value::Null);
    assert_eq!(of(json!({}), "arn:aws:s3:::other/red/x"), Value::Null);
    let same = statement(json!({"Condition": {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}}));
    let missing = |context: Value| {
        let mut stack = asked(context, json!({}));
        stack["identityPolicies"] = json!([policy(std::slice::from_ref(&same))]);
        simulate(&stack)["missingContextValues"].clone()
    };
    assert_eq!(missing(json!({})), json!(["aws:principaltag/team", "aws:ResourceTag/team"]));
    assert_eq!(missing(json!({"aws:PrincipalTag/team": "red"})), json!(["aws:ResourceTag/team"]));
    assert_eq!(missing(json!({"aws:ResourceTag/team": "red"})), json!(["aws:principaltag/team"]));
    assert_eq!(missing(json!({"aws:ResourceTag/team": "red", "aws:PrincipalTag/team": "blue"})), Value::Null);
}

/// What is told of a missing key is so; and what is not told of, no value of the generator's refutes.
#[test]
fn every_key_that_is_told_decides_and_no_other_does() {
    let mut generator = generator(77);
    let mut counts = [0usize; 2];
    for _ in 0..2_000 {
        let stack = generator.stack();
        let Some(access) = try_stack("s", &stack) else { continue };
        let request = generator.stack_request();
        let told = missing(&access, &request, &mut counts);
        for (key, values) in pool(&stack) {
            let mut there = request.clone();
            if told.contains(&key) || there.context.contains_key(&key) || leastwise::request::DERIVED.contains(&key.as_str()) {
                continue;
            }
            there.context.insert(key.clone(), values);
            if !is_typed(&there) {
                continue;
            }
            let decisions = [&request, &there].map(|request| eval::decision(&access, request));
            counts[1] += 1;
            assert_eq!(decisions[0], decisions[1], "{key} in {stack}\n{request:?}\n{there:?}");
        }
    }
    assert!(counts[0] > 40 && counts[1] > 200, "{counts:?}");
}

/// The missing keys, each shown to decide.
fn missing(access: &Access, request: &Request, counts: &mut [usize; 2]) -> Vec<String> {
    let decide = |request: &Request| eval::decision(access, request);
    let base = decide(request);
    let found = eval::missing::missing(access, request);
    for one in &found {
        let Some(then) = one.then else { continue };
        let mut there = request.clone();
        there.context.extend(one.with.iter().map(|(key, values)| (key.to_ascii_lowercase(), values.clone())));
        assert!(decide(&there) == then && then != base, "{one:?} {request:?}");
        there.context.remove(&one.key.to_ascii_lowercase());
        assert!(decide(&there) != then, "{one:?} {request:?}");
        assert!(!request.context.contains_key(&one.key.to_ascii_lowercase()) && !one.asked_by.is_empty());
        counts[0] += 1;
    }
    found.into_iter().map(|one| one.key.to_ascii_lowercase()).collect()
}

/// Each key of the stack's conditions with each plain value that stands there.
fn pool(stack: &Value) -> Vec<(String, Vec<String>)> {
    let mut out = Vec::new();
    match stack {
        Value::Object(members) => {
            for (name, value) in members {
                if name == "Condition" {
                    let blocks = value.as_object().into_iter().flatten().filter(|(operator, _)| *operator != "Null");
                    for (key, values) in blocks.filter_map(|(_, block)| block.as_object()).flatten() {
                        let values = values.as_array().map_or(std::slice::from_ref(values), Vec::as_slice);
                        let texts = values.iter().filter_map(Value::as_str).filter(|text| !text.contains(['*', '?', '$', '/']));
                        out.extend(texts.map(|text| (key.to_ascii_lowercase(), vec![text.to_owned()])));
                    }
                } else {
                    out.extend(pool(value));
                }
            }
        }
        Value::Array(elements) => out.extend(elements.iter().flat_map(pool)),
        _ => {}
    }
    out
}

#[test]
fn readings_under_which_the_decision_is_another_are_told() {
    let session = "arn:aws:sts::111122223333:assumed-role/app/s1";
    let listed = json!({"AWS": ["arn:aws:iam::111122223333:role/app", "arn:aws:iam::111122223333:root"]});
    let deny = json!({"Effect": "Deny", "NotPrincipal": listed, "Action": "s3:*", "Resource": "*"});
    let request = json!({"principal": session, "action": "s3:GetObject",
        "resource": {"arn": "arn:aws:s3:::acme-data/k", "accountId": "111122223333"}, "context": {}});
    let stack =
        json!({"request": request, "identityPolicies": [policy(&[statement(json!({}))])], "resourcePolicy": policy(&[deny])});
    let answer = simulate(&stack);
    let expected = (&json!("Allowed"), vec!["under --not-principal list the decision is ExplicitlyDenied"]);
    assert_eq!((&answer["decision"], notes(&answer)), expected);
    let (code, out, _) = leastwise(&["simulate", "-", "--not-principal", "list"], &stack.to_string());
    assert!(code == 1 && out.contains("under --not-principal membership the decision is Allowed"), "{out}");
    let any = statement(json!({"Condition": {"ForAnyValue:StringNotEqualsIfExists": {"aws:TagKeys": ["team"]}}}));
    let stack = |context: Value| {
        let mut stack = asked(context, json!({}));
        stack["identityPolicies"] = json!([policy(std::slice::from_ref(&any))]);
        stack
    };
    let other = "under --any-if-exists fails the decision is ImplicitlyDenied";
    let answer = simulate(&stack(json!({})));
    assert!(answer["decision"] == "Allowed" && notes(&answer).contains(&other), "{answer}");
    let answer = simulate(&stack(json!({"aws:TagKeys": ["x"]})));
    assert!(answer["decision"] == "Allowed" && notes(&answer).is_empty(), "{answer}");
    let (code, out, _) = leastwise(&["simulate", "-", "--any-if-exists", "fails"], &stack(json!({})).to_string());
    assert!(code == 1 && out.contains("under --any-if-exists holds the decision is Allowed"), "{out}");
    let part = statement(json!({"Resource": "arn:aws:ec2:*:instance/*"}));
    let mut crossing = asked(json!({}), json!({}));
    crossing["identityPolicies"] = json!([policy(&[statement(json!({"Resource": "arn:aws:ec2:*:*:*stance/*"})), part])]);
    assert_eq!(simulate(&crossing)["decision"], "Allowed");
}

/// A verdict says as well that it hangs on what an absent key means to `ForAnyValue:..IfExists`.
#[test]
fn a_verdict_that_hangs_on_an_absent_key_of_any_if_exists_says_so() {
    let of = |operator: &str| {
        policy(&[statement(json!({"Action": "ec2:CreateTags", "Condition": {operator: {"aws:TagKeys": ["team"]}}}))])
    };
    let (old, new) = (of("ForAnyValue:StringEquals"), of("ForAnyValue:StringEqualsIfExists"));
    let line = json!({"check": "no-new-access", "existing": old, "new": new}).to_string();
    let ask = |switches: &[&str]| {
        let (_, out, _) = leastwise(&[&["batch"], switches].concat(), &line);
        let answer: Value = serde_json::from_str(&out).unwrap();
        (answer["result"].as_str().unwrap().to_owned(), answer["notes"].to_string())
    };
    let (result, said) = ask(&["--remarks"]);
    assert!(result == "FAIL" && said.contains("under --any-if-exists fails the verdict is PASS"), "{said}");
    assert_eq!(ask(&["--any-if-exists", "fails", "--cross-check"]).0, "PASS");
}

#[test]
fn a_policy_that_is_not_given_is_told_where_it_decides() {
    let all = policy(&[statement(json!({}))]);
    let named = |who: &str| policy(&[statement(json!({"Principal": {"AWS": who}}))]);
    let ask = |action: &str, arn: &str, members: Value| {
        let mut stack = json!({"request": {"principal": USER, "action": action, "resource": arn}});
        stack.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let answer = simulate(&stack);
        (answer["decision"].as_str().unwrap().to_owned(), notes(&answer).join("; "))
    };
    let key = "arn:aws:kms:us-east-1:111122223333:key/k";
    for (action, arn, part) in [
        ("kms:Decrypt", key, "no key policy is given"),
        ("sts:AssumeRole", "arn:aws:iam::111122223333:role/r", "no trust policy is given"),
        ("sqs:SendMessage", "arn:aws:sqs:us-east-1:999999999999:q", "the resource is of another account"),
    ] {
        let (decision, said) = ask(action, arn, json!({"identityPolicies": [all]}));
        assert!(decision == "ImplicitlyDenied" && said.contains(part), "{action}: {decision} {said}");
        let (decision, said) = ask(action, arn, json!({"identityPolicies": [all], "resourcePolicy": null}));
        assert_eq!((decision.as_str(), said.as_str()), ("ImplicitlyDenied", ""), "{action}");
        let (decision, said) = ask(action, arn, json!({"identityPolicies": [all], "resourcePolicy": named("111122223333")}));
        assert_eq!((decision.as_str(), said.as_str()), ("Allowed", ""), "{action}");
    }
    // Of the principal's side nothing is given, or no identity policies are.
    let (decision, said) = ask("kms:Decrypt", key, json!({"resourcePolicy": named("111122223333")}));
    assert!(decision == "Allowed" && said.contains("the resource's side was asked alone"), "{decision} {said}");
    let (decision, said) = ask("kms:Decrypt", key, json!({"resourcePolicy": named(USER)}));
    assert_eq!((decision.as_str(), said.as_str()), ("Allowed", ""), "it names the user, who needs no more");
    let (decision, said) = ask("sqs:SendMessage", "arn:aws:sqs:us-east-1:111122223333:q", json!({"permissionBoundaries": [all]}));
    assert!(decision == "ImplicitlyDenied" && said.contains("no `identityPolicies` are given"), "{decision} {said}");
    // Whose the bucket is nobody says.
    let (decision, said) = ask("s3:GetObject", "arn:aws:s3:::b/k", json!({"identityPolicies": [all]}));
    assert!(decision == "Allowed" && said.contains("the account of the resource is not given"), "{decision} {said}");
    let (_, said) = ask("s3:ListAllMyBuckets", "*", json!({"identityPolicies": [all]}));
    assert_eq!(said, "");
}

/// Arguments and a file with the same request have the same answer.
#[test]
fn a_request_may_stand_in_arguments() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, value: &Value| {
        let path = folder.path().join(name);
        std::fs::write(&path, value.to_string()).unwrap();
        path.display().to_string()
    };
    let identity = policy(&[statement(json!({"Action": "s3:*", "Condition": {
        "ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}, "StringEquals": {"aws:ResourceAccount": "111122223333"}}}))]);
    let resource = policy(&[statement(json!({"Principal": {"AWS": "111122223333"}, "Action": "s3:*"}))]);
    let stack = json!({"identityPolicies": [identity], "serviceControlPolicies": [[policy(&[statement(json!({}))])]]});
    let arguments = ["--principal", USER, "--action", "s3:PutObject", "--resource", "arn:aws:s3:::b/k"];
    let more = ["--resource-account", "111122223333", "--context", "aws:TagKeys=a", "--context", "aws:tagkeys=b"];
    let request = json!({"principal": USER, "action": "s3:PutObject",
        "resource": {"arn": "arn:aws:s3:::b/k", "accountId": "111122223333"}, "context": {"aws:TagKeys": ["a", "b"]}});
    for (name, given, members) in [
        ("identity.json", &identity, json!({"identityPolicies": [identity]})),
        ("resource.json", &resource, json!({"resourcePolicy": resource})),
        ("stack.json", &stack, stack.clone()),
    ] {
        let path = write(name, given);
        let (code, out, err) = leastwise(&[&["simulate", &path, "--format", "json"], &arguments[..], &more[..]].concat(), "");
        let mut file = members;
        file["request"] = request.clone();
        let (expected_code, expected, _) = leastwise(&["simulate", "-", "--format", "json"], &file.to_string());
        assert_eq!((code, &out), (expected_code, &expected), "{name}: {err}");
        assert!(code == 0 && out.contains("\"Allowed\""), "{name}: {out}");
    }
    // Three values are not all among a and b.
    let path = write("identity.json", &identity);
    let third = [&["simulate", &path], &arguments[..], &more[..], &["--context", "aws:TagKeys=c"]].concat();
    assert_eq!(leastwise(&third, "").0, 1);
    let federated = r#"{"type": "Federated", "id": "cognito-identity.amazonaws.com"}"#;
    for who in ["anonymous", "lambda.amazonaws.com", "111122223333", federated, "arn:aws:iam::111122223333:saml-provider/p"] {
        let (code, out, err) = leastwise(&[&["simulate", &path, "--principal", who], &arguments[2..]].concat(), "");
        assert!(code < 2, "{who}: {out}{err}");
    }
    for (switch, text, part) in [
        ("--principal", "ana", "is not a principal"),
        ("--principal", "arn:aws:iam::111122223333:group/g", "groups make no requests"),
        ("--principal", "arn:aws:iam::111122223333:user/*", "several principals"),
        ("--principal", "arn:aws:s3:::b", "not the ARN of a principal"),
        ("--action", "GetObject", "is not an action"),
        ("--action", "s3:Get*", "is not one action"),
        ("--action", "s3:GetObjct", "did you mean s3:GetObject"),
        ("--resource", "my-bucket", "is not an ARN"),
        ("--resource-account", "1234", "is not an account id"),
        ("--context", "aws:SourceIp", "is not a key and a value"),
        ("--context", "aws:SourceIpp=192.0.2.1", "did you mean aws:SourceIp"),
    ] {
        let mut words: Vec<&str> = [&["simulate", &path], &arguments[..]].concat();
        match words.iter().position(|word| *word == switch) {
            Some(at) => words[at + 1] = text,
            None => words.extend([switch, text]),
        }
        let (code, out, err) = leastwise(&words, "");
        assert!(code == 2 && out.is_empty() && err.contains(part), "{switch} {text}: {out}{err}");
        let allowed = text.contains("Objct") || text.contains("Ipp");
        let (code, out, err) = leastwise(&[&words[..], &["--allow-unknown"]].concat(), "");
        assert_eq!(code < 2, allowed, "{switch} {text}: {out}{err}");
        assert!(!allowed || out.contains("the request is odd"), "{out}");
    }
    let other =
        [&["simulate", &path], &arguments[..4], &["--resource", "arn:aws:sqs:us-east-1:999999999999:q"], &more[..2]].concat();
    assert!(leastwise(&other, "").2.contains("the resource is of another account"));
    // Half a request is none, and neither are two.
    for words in [&arguments[..2], &arguments[2..4], &more[..2], &more[2..4], &["--allow-unknown"]] {
        let (code, _, err) = leastwise(&[&["simulate", &path], words].concat(), "");
        assert!(code == 2 && err.contains("required arguments were not provided"), "{words:?}: {err}");
    }
    let both = write("both.json", &json!({"request": request, "identityPolicies": [identity]}));
    let (code, _, err) = leastwise(&[&["simulate", &both], &arguments[..]].concat(), "");
    assert!(code == 2 && err.contains("in the file and in the arguments"), "{err}");
    let (code, _, err) = leastwise(&["simulate", &path], "");
    assert!(code == 2 && err.contains("--principal"), "{err}");
}

#[test]
fn what_is_odd_about_a_request_in_a_file_is_a_note() {
    let of = |members: Value| {
        let mut stack = asked(json!({}), json!({}));
        stack["request"].as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        notes(&simulate(&stack)).join("; ")
    };
    assert_eq!(of(json!({})), "");
    for (members, part) in [
        (json!({"principal": "arn:aws:iam::111122223333:group/g"}), "groups make no requests"),
        (json!({"action": "ec2:RunInstance"}), "ec2:RunInstances"),
        (json!({"resource": "i-1"}), "`i-1` is not an ARN"),
        (json!({"context": {"aws:SourceIpp": "192.0.2.1"}}), "aws:SourceIp"),
    ] {
        let said = of(members);
        assert!(said.contains("the request is odd") && said.contains(part), "{said}");
    }
}

#[test]
fn decisions_without_who_made_them_are_the_same() {
    let mut generator = generator(78);
    let mut counts = std::collections::BTreeMap::<Decision, usize>::new();
    for _ in 0..300 {
        let Some(access) = try_stack("s", &generator.stack()) else { continue };
        let request = generator.stack_request();
        let decision = eval::decision(&access, &request);
        assert_eq!(decision, eval::evaluate(&access, &request).decision);
        *counts.entry(decision).or_default() += 1;
    }
    assert_eq!(counts.len(), 3, "{counts:?}");
}

/// A member of a stack, or of a line, that is nearly spelled like one is an error with the right name.
#[test]
fn misspelled_members_are_errors_with_the_nearest_name() {
    let own = policy(&[statement(json!({}))]);
    let request = json!({"principal": USER, "action": "s3:GetObject", "resource": "*"});
    for (member, meant) in [
        ("identityPolicy", "identityPolicies"),
        ("identitypolicies", "identityPolicies"),
        ("IdentityPolicies", "identityPolicies"),
        ("resourcepolicies", "resourcePolicy"),
        ("permissionsBoundary", "permissionBoundaries"),
        ("sessionPolicy", "sessionPolicies"),
        ("serviceControlPolicy", "serviceControlPolicies"),
        ("resourceControlpolicies", "resourceControlPolicies"),
        ("endpointPolicys", "endpointPolicies"),
    ] {
        let said = format!("did you mean `{meant}`?");
        let alone = json!({member: [own]});
        let beside = json!({member: [own], "identityPolicies": [own]});
        for stack in [&alone, &beside] {
            let (code, out, err) = leastwise(&["access-not-granted", "-", "--action", "s3:GetObject"], &stack.to_string());
            assert!(code == 2 && err.contains(&said), "{stack}: {out}{err}");
            let line = json!({"check": "access-not-granted", "policy": stack, "access": [{"actions": ["s3:GetObject"]}]});
            let (_, out, _) = leastwise(&["batch"], &line.to_string());
            assert!(out.contains("\"error\"") && out.contains(&said), "{line}: {out}");
            let mut simulation = stack.clone();
            simulation["request"] = request.clone();
            let (code, out, err) = leastwise(&["simulate", "-"], &simulation.to_string());
            assert!(code == 2 && err.contains(&said), "{simulation}: {out}{err}");
        }
    }
    for (line, said) in [
        (json!({"check": "equivalent", "A": own, "b": own}), "did you mean `a`?"),
        (json!({"check": "no-new-access", "exsting": own, "new": own}), "did you mean `existing`?"),
        (json!({"check": "no-new-access", "existing": own, "New": own}), "did you mean `new`?"),
        (json!({"chek": "equivalent", "a": own, "b": own}), "did you mean `check`?"),
        (json!({"Check": "equivalent", "a": own, "b": own}), "did you mean `check`?"),
        (json!({"check": "simulate", "requst": request, "identityPolicies": [own]}), "did you mean `request`?"),
    ] {
        let (_, out, _) = leastwise(&["batch"], &line.to_string());
        assert!(out.contains("\"error\"") && out.contains(said), "{line}: {out}");
    }
}

/// Nothing can be attached to a root: it has full access in its account, but for control policies and where the resource's own
/// policy must allow explicitly.
#[test]
fn a_root_has_no_identity_policies_and_needs_none() {
    let decided = |action: &str, resource: Value, more: Value| {
        let mut asked =
            json!({"request": {"principal": "arn:aws:iam::111122223333:root", "action": action, "resource": resource}});
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        simulate(&asked)
    };
    let bucket = |account: &str| json!({"arn": "arn:aws:s3:::b/k", "accountId": account});
    let deny = policy(&[statement(json!({"Effect": "Deny"}))]);
    let everything = policy(&[statement(json!({}))]);
    let trust = policy(&[statement(json!({"Principal": {"AWS": "111122223333"}}))]);
    let (own, other) = (bucket("111122223333"), bucket("999999999999"));
    let key = json!({"arn": "arn:aws:kms:us-east-1:111122223333:key/k", "accountId": "111122223333"});
    for (action, resource, more, decision, is_noted) in [
        ("s3:GetObject", &own, json!({"identityPolicies": []}), "Allowed", false),
        ("s3:GetObject", &own, json!({"identityPolicies": [deny]}), "Allowed", true),
        (
            "s3:GetObject",
            &own,
            json!({"identityPolicies": [], "serviceControlPolicies": [[everything, deny]]}),
            "ExplicitlyDenied",
            false,
        ),
        ("s3:GetObject", &own, json!({"identityPolicies": [], "sessionPolicies": [deny]}), "ExplicitlyDenied", false),
        ("s3:GetObject", &other, json!({"identityPolicies": [everything], "resourcePolicy": null}), "ImplicitlyDenied", true),
        ("s3:GetObject", &other, json!({"identityPolicies": [], "resourcePolicy": trust}), "Allowed", false),
        ("kms:Decrypt", &key, json!({"identityPolicies": [everything], "resourcePolicy": null}), "ImplicitlyDenied", true),
        ("kms:Decrypt", &key, json!({"identityPolicies": [], "resourcePolicy": trust}), "Allowed", false),
    ] {
        let answer = decided(action, resource.clone(), more.clone());
        assert_eq!(answer["decision"], decision, "{action} {resource} {more}: {answer}");
        let noted = notes(&answer).iter().any(|note| note.contains("`identityPolicies` are left out"));
        assert_eq!(noted, is_noted, "{more}: {answer}");
    }
}
