//! `check --against`: a policy that is attached, or a group that a user is in, under a condition which is defined otherwise. Every
//! pair of conditions over one parameter, in every way that a template can tie them: what applies for more values is told, a
//! Deny that applies for fewer is told, and what is as it was is left alone.

use crate::gate_against::{allow, change, file, rules};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const VALUES: [&str; 2] = ["a", "b"];

/// Conditions over `Env`, each with the values for which it holds (`c` stands for all others).
fn conditions() -> Vec<(Value, BTreeSet<&'static str>)> {
    let is = |value: &str| json!({"Fn::Equals": [{"Ref": "Env"}, value]});
    vec![
        (is("a"), BTreeSet::from(["a"])),
        (json!({"Fn::Or": [is("a"), is("b")]}), BTreeSet::from(VALUES)),
        (json!({"Fn::Not": [is("a")]}), BTreeSet::from(["b", "c"])),
        (json!({"Fn::Not": [json!({"Fn::Not": [is("a")]})]}), BTreeSet::from(["a"])),
    ]
}

/// How a user is tied to what allows or denies.
const WAYS: [&str; 6] = ["its list", "its whole list", "the policy's list", "the user", "its groups", "an addition to a group"];

fn template(way: &str, condition: &Value, policy: &Value) -> Value {
    let by = |name: &str| json!({"Ref": name});
    let perhaps = |value: Value| json!({"Fn::If": ["C", value, {"Ref": "AWS::NoValue"}]});
    let (mut user, mut managed) = (json!({"Path": "/"}), json!({"PolicyDocument": policy}));
    let mut resources = json!({});
    match way {
        "its list" => user["ManagedPolicyArns"] = json!([perhaps(by("P"))]),
        "its whole list" => user["ManagedPolicyArns"] = perhaps(json!([by("P")])),
        "the policy's list" => managed["Users"] = json!([perhaps(by("U")), "other"]),
        "the user" => user["ManagedPolicyArns"] = json!([by("P")]),
        "its groups" => user["Groups"] = json!([perhaps(by("G"))]),
        _ => {
            let properties = json!({"GroupName": by("G"), "Users": [by("U")]});
            resources["A"] = json!({"Type": "AWS::IAM::UserToGroupAddition", "Condition": "C", "Properties": properties});
        }
    }
    resources["U"] = json!({"Type": "AWS::IAM::User", "Properties": user});
    if way == "the user" {
        resources["U"]["Condition"] = json!("C");
    }
    resources["P"] = json!({"Type": "AWS::IAM::ManagedPolicy", "Properties": managed});
    let inline = json!([{"PolicyName": "g", "PolicyDocument": policy}]);
    resources["G"] = json!({"Type": "AWS::IAM::Group", "Properties": {"Policies": inline}});
    json!({"AWSTemplateFormatVersion": "2010-09-09", "Parameters": {"Env": {"Type": "String"}}, "Conditions": {"C": condition},
        "Resources": resources})
}

#[test]
fn what_applies_under_another_condition_is_told() {
    let deny = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "iam:*", "Resource": "*"}]});
    let all = conditions();
    for way in WAYS {
        for (policy, denies) in [(allow("sqs:SendMessage"), false), (deny.clone(), true)] {
            for (before, was) in &all {
                for (after, is) in &all {
                    // Half of the pairs are enough for the second kind.
                    if denies && was.len() == is.len() {
                        continue;
                    }
                    let old = vec![file("t.json", &template(way, before, &policy))];
                    let (code, found) = change(&old, &vec![file("t.json", &template(way, after, &policy))], true);
                    let must = if denies { !was.is_subset(is) } else { !is.is_subset(was) };
                    let told = rules(&found).iter().any(|rule| ["new-access", "undecided"].contains(rule));
                    // A user that is gone has nothing left to be denied.
                    let must = must && !(denies && way == "the user");
                    assert!(told || !must, "{way} {denies}: {before} {after}: {found:#?}");
                    // The policy's own list is compared as it is written.
                    let may = was != is || (way == "the policy's list" && before != after);
                    assert!(!told || may, "{way} {denies}: {before} {after}: {found:#?}");
                    assert_eq!(code != 0, told, "{found:#?}");
                }
            }
        }
    }
}
