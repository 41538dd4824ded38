//! Every sample policy is asked every question that fits it: service and resource control policies, data perimeters, the
//! AWS documentation's examples, Quacky's study, and others. An UNKNOWN is a defect; each is listed with its reason.

use crate::support::{corpus, lines};
use leastwise::diag::{Budget, Source};
use leastwise::policy::{Access, Policy};
use leastwise::question::access_not_granted::{Access as Listed, access_not_granted};
use leastwise::question::equivalent::equivalent;
use leastwise::question::no_new_access::no_new_access;
use leastwise::question::no_public_access::{RESOURCE_TYPES, ResourceType, no_public_access};
use leastwise::question::outside_access::{Zone, outside_access};
use leastwise::question::{Settings, Verdict};
use leastwise::smt;
use rayon::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn read(name: &str, value: &Value) -> Option<Access> {
    Policy::read(&Source::new(name, value.to_string()), &Budget::default()).ok().map(Access::from)
}

fn settings() -> Settings {
    Settings { budget: crate::support::steps(20_000_000), ..Settings::default() }
}

/// The policy in the stack where its kind stands, with what else is needed for anything to be allowed.
fn in_a_stack(kind: &str, policy: &Value, is_resource: bool) -> Option<Value> {
    let full = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
    let full_for_all = json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}});
    Some(match (kind, is_resource) {
        ("scp", false) => json!({"identityPolicies": [full], "serviceControlPolicies": [[full, policy]]}),
        ("rcp", true) => json!({"identityPolicies": [full], "resourceControlPolicies": [[full_for_all, policy]]}),
        ("vpc-endpoint", true) => json!({"identityPolicies": [full], "endpointPolicies": [policy]}),
        (_, true) => json!({"identityPolicies": [full], "resourcePolicy": policy}),
        (_, false) => json!({"identityPolicies": [full], "permissionBoundaries": [policy]}),
    })
}

fn resource_type(policy: &Access) -> ResourceType {
    let actions = policy.statements().flat_map(|(_, _, statement)| statement.action.patterns().iter().map(ToString::to_string));
    let service = actions.filter_map(|action| action.split_once(':').map(|(service, _)| service.to_owned())).next();
    let by_service = [("kms", "AWS::KMS::Key"), ("sqs", "AWS::SQS::Queue"), ("sns", "AWS::SNS::Topic")];
    let name = match service.as_deref() {
        Some("sts") => "AWS::IAM::AssumeRolePolicyDocument",
        Some(service) => by_service.iter().find(|(known, _)| *known == service).map_or("AWS::S3::Bucket", |(_, name)| name),
        None => "AWS::S3::Bucket",
    };
    RESOURCE_TYPES.into_iter().find(|of| of.name == name).unwrap()
}

/// The answers to every question about one policy.
fn answers(line: &Value) -> Vec<(String, Verdict)> {
    let (path, kind) = (line["path"].as_str().unwrap(), line["class"].as_str().unwrap());
    let kind = if path.contains("vpc_endpoint") { "vpc-endpoint" } else { kind };
    let Some(policy) = read(path, &line["policy"]) else { return Vec::new() };
    let is_resource = policy.has_principals();
    let mut out = Vec::new();
    let mut add = |question: &str, verdict: Verdict| out.push((format!("{path}: {question}"), verdict));
    let settings = settings();
    let fresh = |ask: &(dyn Fn() -> Verdict + Sync)| smt::in_fresh_context(ask);
    add("equivalent to itself", fresh(&|| equivalent(&policy, &policy, &settings).unwrap().verdict));
    let nothing = read("nothing", &json!({"Statement": []})).unwrap();
    add("no new access over nothing", fresh(&|| no_new_access(&nothing, &policy, &settings).unwrap().verdict));
    let critical = Listed { actions: vec!["s3:DeleteBucket".into(), "iam:*".into()], resources: Vec::new() };
    add("critical actions", fresh(&|| access_not_granted(&policy, &critical, &settings).unwrap().verdict));
    let bucket = Listed { actions: Vec::new(), resources: vec!["arn:aws:s3:::prod-*".into()] };
    add("a critical bucket", fresh(&|| access_not_granted(&policy, &bucket, &settings).unwrap().verdict));
    if is_resource {
        let of = resource_type(&policy);
        add("no public access", fresh(&|| no_public_access(&policy, of, &settings).unwrap().verdict));
        let mut zone = Zone::default();
        zone.trust("111122223333").unwrap();
        zone.trust("o-a1b2c3d4e5").unwrap();
        let outside = smt::in_fresh_context(|| outside_access(&policy, &zone, &settings).unwrap());
        add("outside access", outside.unknown.map_or(Verdict::Pass, Verdict::Unknown));
    }
    if let Some(stack) = in_a_stack(kind, &line["policy"], is_resource) {
        let stack = crate::support::try_stack(path, &stack);
        if let Some(stack) = stack {
            add("a stack equivalent to itself", fresh(&|| equivalent(&stack, &stack, &settings).unwrap().verdict));
            add("critical actions of a stack", fresh(&|| access_not_granted(&stack, &critical, &settings).unwrap().verdict));
        }
    }
    out
}

#[test]
fn every_question_of_every_sample_policy() {
    let Some(folder) = corpus("every_question_of_every_sample_policy") else { return };
    let all = lines(&folder.join("sample-policies.jsonl.zst"));
    let answers: Vec<(String, Verdict)> = all.par_iter().flat_map_iter(answers).collect();
    let mut reasons: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (question, verdict) in &answers {
        if let Verdict::Unknown(why) = verdict {
            reasons.entry(why.to_string()).or_default().push(question);
        }
        if question.ends_with("itself") {
            assert!(!matches!(verdict, Verdict::Fail { .. }), "{question}: {verdict:?}");
        }
    }
    let unknown: usize = reasons.values().map(Vec::len).sum();
    eprintln!("sample policies: {} questions, {unknown} UNKNOWN", answers.len());
    for (why, questions) in &reasons {
        eprintln!("  {} x {why}: {}", questions.len(), questions[0]);
    }
    assert!(answers.len() > 3_000, "only {} questions", answers.len());
    assert_eq!(unknown, 0, "{reasons:#?}");
}
