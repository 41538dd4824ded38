//! Do the published examples come out as published, and what does a newer catalog add?

use crate::support::{leastwise, root};
use serde_json::Value;
use std::collections::BTreeSet;

fn at(file: &str) -> String {
    format!("fixtures/{file}")
}

fn read(file: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(root().join(at(file))).unwrap()).unwrap()
}

/// Policy, unused permissions and published result of each refinement.
const REFINEMENTS: [[&str; 3]; 2] = [
    [
        "published/unused-permissions-policy.json",
        "published/unused-permissions-unused.json",
        "published/unused-permissions-refined.json",
    ],
    ["security-blog/policy.json", "security-blog/unused.json", "security-blog/expected.json"],
];

fn refined([policy, unused, _]: [&str; 3], catalog: &str) -> Value {
    let (code, out, err) = leastwise(&["refine", &at(policy), "--unused", &at(unused), "--catalog", catalog], "");
    assert_eq!(code, 0, "{policy}: {err}");
    serde_json::from_str(&out).unwrap()
}

fn actions(policy: &Value) -> BTreeSet<String> {
    let lists = policy["Statement"].as_array().into_iter().flatten().filter_map(|statement| statement["Action"].as_array());
    lists.flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[test]
fn with_the_catalog_of_june_2024_the_examples_come_out_exactly() {
    for example in REFINEMENTS {
        assert_eq!(refined(example, "2024-06"), read(example[2]), "{example:?}");
    }
}

#[test]
fn with_a_newer_catalog_only_newer_actions_come_in_addition() {
    let (old, new) = (actions(&read(REFINEMENTS[0][2])), actions(&refined(REFINEMENTS[0], "latest")));
    let added: Vec<&str> = new.difference(&old).map(String::as_str).collect();
    assert_eq!(added, ["s3:GetBucketAbac", "s3:GetBucketMetadataTableConfiguration"]);
    assert!(old.is_subset(&new));
}

/// What the articles ask of the policies for custom checks, and what they answer: 1 is "no" (it is public, it is granted).
#[test]
fn the_checks_answer_as_published() {
    let public = "published/checks-public.json";
    let (not_public, one_account) = ("published/checks-not-public.json", "published/checks-one-account.json");
    let identity = "published/checks-identity.json";
    let bucket = ["--resource-type", "AWS::S3::Bucket"];
    let critical = ["--action", "s3:DeleteBucket"];
    let asked: [(&[&str], &[&str], i32); 7] = [
        (&["no-public-access", public], &bucket, 1),
        (&["outside-access", public], &["--trusted", "123456789012"], 1),
        (&["no-public-access", not_public], &bucket, 0),
        (&["outside-access", not_public], &["--trusted", "123456789012"], 0),
        (&["no-new-access", public, one_account], &["--policy-type", "resource"], 1),
        (&["access-not-granted", one_account], &critical, 1),
        (&["access-not-granted", identity], &critical, 1),
    ];
    for (question, switches, expected) in asked {
        let files: Vec<String> = question.iter().skip(1).map(|file| at(file)).collect();
        let mut arguments: Vec<&str> = vec![question[0]];
        arguments.extend(files.iter().map(String::as_str));
        arguments.extend(switches);
        let (code, out, err) = leastwise(&arguments, "");
        assert_eq!(code, expected, "{arguments:?}: {out}{err}");
    }
}
