//! Inputs on which verdicts were wrong, refused or endless once: each is decided as it should be, by both engines where
//! strings can tell.

use crate::support::{leastwise, policy, stack};
use leastwise::policy::Access;
use leastwise::question::difference::difference;
use leastwise::question::no_new_access::no_new_access;
use leastwise::question::{Engine, Settings, Verdict};
use leastwise::smt;
use serde_json::{Value, json};

fn access(value: &Value) -> Access {
    if value.get("Statement").is_some() { policy("policy", value) } else { stack("stack", value) }
}

fn allow(resource: &str, condition: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement":
        [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource, "Condition": condition}]})
}

fn allow_to(principal: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement":
        [{"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}]})
}

fn verdict(old: &Value, new: &Value, engine: Engine) -> &'static str {
    let budget = crate::support::steps(20_000_000);
    let settings = Settings { engine, budget, ..Settings::default() };
    let outcome = smt::in_fresh_context(|| no_new_access(&access(old), &access(new), &settings));
    match outcome.unwrap_or_else(|error| panic!("{error}\n{old}\n{new}")).verdict {
        Verdict::Pass => "PASS",
        Verdict::Fail { .. } => "FAIL",
        Verdict::Unknown(_) => "UNKNOWN",
    }
}

#[test]
fn verdicts_that_were_wrong_once() {
    let nothing = json!({"Version": "2012-10-17", "Statement": []});
    let origin = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity EH1HDMB1FH2TC";
    let instance = "arn:aws:sts::111122223333:assumed-role/aws:ec2-instance/i-0123456789abcdef0";
    let secure = json!({"Bool": {"aws:SecureTransport": "true"}});
    let mut deny_insecure = allow("*", json!({}));
    deny_insecure["Statement"].as_array_mut().unwrap().push(json!({"Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}}}));
    let mut before_or_after = allow("*", json!({"DateLessThan": {"aws:CurrentTime": "2024-01-01T00:00:00Z"}}));
    before_or_after["Statement"].as_array_mut().unwrap().push(json!({"Effect": "Allow", "Action": "s3:GetObject",
        "Resource": "*", "Condition": {"DateGreaterThanEquals": {"aws:CurrentTime": "2024-01-01T00:00:00Z"}}}));
    let mut second = allow("*", json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}));
    second["Statement"].as_array_mut().unwrap().push(json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}));
    for (old, new, expected) in [
        // Between the bounds of two conditions.
        (
            allow("*", json!({"NumericLessThanEquals": {"aws:MultiFactorAuthAge": "3600"}})),
            allow("*", json!({"NumericLessThan": {"aws:MultiFactorAuthAge": "3601"}})),
            "FAIL",
        ),
        (nothing.clone(), allow("*", json!({"NumericGreaterThan": {"k:n": "5"}, "NumericLessThan": {"k:n": "6"}})), "FAIL"),
        (nothing.clone(), allow("*", json!({"NumericNotEquals": {"k:n": []}, "Null": {"k:n": "false"}})), "FAIL"),
        // Principals that are of no customer, or of none with a plain name.
        (allow_to(json!({"AWS": "arn:aws:iam::111122223333:user/a"})), allow_to(json!({"AWS": origin})), "FAIL"),
        (allow_to(json!({"AWS": origin})), allow_to(json!({"AWS": origin})), "PASS"),
        (nothing.clone(), allow_to(json!({"AWS": instance})), "FAIL"),
        // A key that is named as a variable of the encoding.
        (
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject",
                "Resource": ["arn:aws:s3:::b/example*", "arn:aws:s3:::b/x*"]}]}),
            allow("arn:aws:s3:::b/${resource.id}", json!({})),
            "FAIL",
        ),
        (
            allow("*", json!({"StringNotEquals": {"aws:PrincipalTag/acct": "example"}})),
            allow("*", json!({"StringEquals": {"aws:PrincipalTag/acct": "${aws:ResourceAccount}"}})),
            "PASS",
        ),
        // Every request says when and over what it came.
        (allow("*", secure), deny_insecure, "PASS"),
        (before_or_after, allow("*", json!({})), "PASS"),
        (second, allow("*", json!({})), "PASS"),
    ] {
        assert_eq!(verdict(&old, &new, Engine::Auto), expected, "{old}\n{new}");
        let strings = verdict(&old, &new, Engine::Strings);
        assert!(strings == expected || strings == "UNKNOWN", "{strings}: {old}\n{new}");
    }
}

#[test]
fn names_that_z3_does_not_take_are_keys_like_any_other() {
    for key in ["", "\u{0}", "a\u{0}b", "x Present", "Action"] {
        let old = allow("*", json!({"StringLike": {key: "a*"}}));
        let new = allow(&format!("arn:aws:s3:::b/${{{key}}}"), json!({"StringEquals": {key: "ab"}}));
        assert_eq!(verdict(&old, &new, Engine::Auto), "PASS", "{key:?}");
        assert_eq!(verdict(&new, &old, Engine::Auto), "FAIL", "{key:?}");
    }
}

#[test]
fn diff_says_what_a_root_gains_and_nothing_that_cannot_be_shown() {
    let level =
        |effect: &str| json!({"serviceControlPolicies": [[{"Statement": {"Effect": effect, "Action": "*", "Resource": "*"}}]]});
    let found = difference(&access(&level("Deny")), &access(&level("Allow")), &Settings::default()).unwrap();
    assert!(found.added.len() == 1 && found.added[0].bounds.statement.is_none() && found.added[0].witness.is_some(), "{found:?}");
    let old = allow("arn:aws:s3:::home/*", json!({}));
    let mut new = old.clone();
    new["Statement"]
        .as_array_mut()
        .unwrap()
        .push(allow("arn:aws:s3:::home/${aws:username}/*", json!({}))["Statement"][0].clone());
    let found = difference(&access(&old), &access(&new), &Settings::default()).unwrap();
    assert!(found.added.is_empty() && found.removed.is_empty() && found.unknown.is_none(), "{found:?}");
}

#[test]
fn policies_of_two_types_are_not_compared() {
    let (identity, resource) = (allow("arn:aws:s3:::b/*", json!({})), allow_to(json!("*")));
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, value: &Value| {
        let path = folder.path().join(name);
        std::fs::write(&path, value.to_string()).unwrap();
        path.display().to_string()
    };
    let (a, b) = (path("a.json", &identity), path("b.json", &resource));
    for command in ["no-new-access", "equivalent", "diff"] {
        let (code, _, err) = leastwise(&[command, &a, &b], "");
        assert!(code == 2 && err.contains("wrong-policy-type"), "{command}: {err}");
    }
    let line = json!({"id": 1, "check": "no-new-access", "existing": identity, "new": resource});
    let (_, out, _) = leastwise(&["batch"], &line.to_string());
    assert!(out.contains("wrong-policy-type"), "{out}");
}

/// Within their limits, whatever the verdict: what took all memory, or all time, names the limit.
#[test]
fn inputs_that_were_endless_once() {
    let variables: String = (0..40).map(|at| format!("${{k:v{at}, 'd'}}-")).collect();
    let stars = |letter: &str| json!({"Statement": [{"Effect": "Allow", "Action": format!("s3:{}*", format!("*{letter}").repeat(1000)), "Resource": "*"}]});
    for (old, new) in [
        (allow("arn:aws:s3:::b/x", json!({})), allow(&format!("arn:aws:s3:::b/{variables}"), json!({}))),
        (stars("a"), stars("b")),
    ] {
        let found = verdict(&old, &new, Engine::Auto);
        assert!(["FAIL", "UNKNOWN"].contains(&found), "{found}");
    }
}
