//! `check --against` on account details: what a user, role or group has is compared as a whole, by random moves of statements
//! between its inline policies, managed policies of the account and new ones. The truth is a set of actions, computed here.

use crate::gate_against::{allow, change, file, rules};
use crate::support::Numbers;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const ACTIONS: [&str; 6] =
    ["s3:PutObject", "sqs:SendMessage", "sns:Publish", "kms:Decrypt", "ec2:RunInstances", "iam:CreateUser"];

/// Where each action is: nowhere, in one of two inline policies, or in one of two managed policies that are attached.
type Places = [usize; 6];

fn arn(kind: &str, name: &str) -> String {
    format!("arn:aws:iam::111122223333:{kind}/{name}")
}

fn document(places: &Places, at: usize) -> Option<Value> {
    let all: Vec<&str> = ACTIONS.iter().zip(places).filter(|(_, place)| **place == at).map(|(action, _)| *action).collect();
    let statement = json!({"Effect": "Allow", "Action": all, "Resource": "*"});
    (!all.is_empty()).then(|| json!({"Version": "2012-10-17", "Statement": [statement]}))
}

/// An account with one entity, whose list is one of three; the managed policies have their documents with them.
fn account(list: usize, places: &Places) -> Value {
    let (all, prefix, kind) =
        [("UserDetailList", "User", "user"), ("RoleDetailList", "Role", "role"), ("GroupDetailList", "Group", "group")][list];
    let inline: Vec<Value> =
        (1..3).filter_map(|at| Some(json!({"PolicyName": format!("i{at}"), "PolicyDocument": document(places, at)?}))).collect();
    let managed: Vec<(String, Value)> = (3..5).filter_map(|at| Some((format!("m{at}"), document(places, at)?))).collect();
    let attached: Vec<Value> =
        managed.iter().map(|(name, _)| json!({"PolicyName": name, "PolicyArn": arn("policy", name)})).collect();
    let policies: Vec<Value> = managed
        .iter()
        .map(|(name, document)| {
            json!({"PolicyName": name, "Arn": arn("policy", name), "DefaultVersionId": "v1", "AttachmentCount": 1,
                "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": true, "Document": document}]})
        })
        .collect();
    let mut entity = json!({"Path": "/", "Arn": arn(kind, "x"), "AttachedManagedPolicies": attached});
    entity[format!("{prefix}Name")] = json!("x");
    entity[format!("{prefix}PolicyList")] = json!(inline);
    if prefix == "Role" {
        entity["AssumeRolePolicyDocument"] = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    }
    let mut out = json!({"UserDetailList": [], "RoleDetailList": [], "GroupDetailList": [], "Policies": policies});
    out[all] = json!([entity]);
    out
}

#[test]
fn what_an_entity_has_is_compared_as_a_whole() {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let mut counts = [0, 0];
    for round in 0..36 {
        let before: Places = std::array::from_fn(|_| numbers.below(5));
        let mut after = before;
        for _ in 0..=numbers.below(4) {
            after[numbers.below(6)] = numbers.below(5);
        }
        let set = |places: &Places| -> BTreeSet<usize> { (0..6).filter(|at| places[*at] > 0).collect() };
        let grows = !set(&after).is_subset(&set(&before));
        // What a managed policy grants is new by itself, whoever has it: that may be told too.
        let may_tell = (3..5).any(|at| {
            let of = |places: &Places| -> BTreeSet<usize> { (0..6).filter(|one| places[*one] == at).collect() };
            !of(&after).is_subset(&of(&before))
        });
        let list = round % 3;
        let (code, found) =
            change(&vec![file("a.json", &account(list, &before))], &vec![file("a.json", &account(list, &after))], true);
        let told = rules(&found).contains(&"new-access");
        assert!(told || !grows, "growth is not told: {before:?} {after:?} {found:#?}");
        assert!(!told || grows || may_tell, "no growth is told: {before:?} {after:?} {found:#?}");
        assert_eq!(code, i32::from(told), "{found:#?}");
        counts[usize::from(grows)] += 1;
    }
    assert!(counts.iter().all(|count| *count > 5), "{counts:?}");
}

/// A policy whose document is in the file is looked at; the user that is gone takes its Deny along.
#[test]
fn attached_policies_are_looked_at_and_users_go_with_theirs() {
    let places = [3, 1, 0, 0, 0, 0];
    let (_, found) = change(&vec![], &vec![file("a.json", &account(0, &places))], true);
    assert!(found.iter().all(|one| !one["message"].as_str().unwrap().contains("not looked at")), "{found:#?}");
    let mut denying = account(0, &places);
    let mut deny = allow("s3:*");
    deny["Statement"][0]["Effect"] = json!("Deny");
    denying["UserDetailList"][0]["UserPolicyList"][0]["PolicyDocument"] = deny;
    let (code, found) = change(&vec![file("a.json", &denying)], &vec![file("a.json", &account(1, &places))], true);
    let of_user = |one: &&Value| one["policy"].as_str().is_some_and(|name| name.starts_with("UserDetailList"));
    assert!(found.iter().filter(of_user).all(|one| one["rule"] == "gone-policy"), "{code} {found:#?}");
    let mut without = denying.clone();
    without["UserDetailList"][0]["UserPolicyList"] = json!([]);
    let (code, found) = change(&vec![file("a.json", &denying)], &vec![file("a.json", &without)], true);
    assert_eq!(code, 1, "{found:#?}");
}
