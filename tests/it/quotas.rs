//! Recommended policies within IAM's quotas: cut where they outgrow them, proved to be the same, refused where that cannot be.

use leastwise::account::recommend::{Options, Recommendation, Recommender, Result as Outcome};
use leastwise::account::{self, findings, planned, quota};
use leastwise::catalog::Catalog;
use leastwise::evidence::{self, When};
use leastwise::report::recommended;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const ACCOUNT: &str = "111122223333";

/// Every other action of a service: so no wildcard holds, and the list is long.
fn every_other(service: &str) -> Vec<String> {
    Catalog::latest().names(service).iter().step_by(2).map(|name| name.spelled.to_string()).collect()
}

/// An account of a role, a user and a group, who have the same document, and used every other action of it.
fn folder(document: &Value, service: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let inline = json!([{"PolicyName": "wide", "PolicyDocument": document}]);
    let details = json!({
        "UserDetailList": [{"Path": "/", "UserName": "alice", "UserId": "AIDA1", "Arn": format!("arn:aws:iam::{ACCOUNT}:user/alice"),
            "CreateDate": "2020-01-01T00:00:00Z", "GroupList": [], "UserPolicyList": inline, "AttachedManagedPolicies": []}],
        "GroupDetailList": [],
        "RoleDetailList": [{"Path": "/", "RoleName": "deploy", "RoleId": "AROA1", "Arn": format!("arn:aws:iam::{ACCOUNT}:role/deploy"),
            "CreateDate": "2020-01-01T00:00:00Z", "InstanceProfileList": [], "RolePolicyList": [],
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
            "AttachedManagedPolicies": [{"PolicyName": "Wide", "PolicyArn": format!("arn:aws:iam::{ACCOUNT}:policy/Wide")}]}],
        "Policies": [{"PolicyName": "Wide", "PolicyId": "ANPA1", "Arn": format!("arn:aws:iam::{ACCOUNT}:policy/Wide"), "Path": "/",
            "DefaultVersionId": "v1", "PolicyVersionList": [{"Document": document, "VersionId": "v1", "IsDefaultVersion": true}]}],
    });
    std::fs::write(folder.path().join("account.json"), details.to_string()).unwrap();
    let mut usage = "account,principal,event_category,event_source,event_name,resources,first,last,count\n".to_owned();
    for action in every_other(service) {
        for who in ["role/deploy", "user/alice"] {
            let name = action.split_once(':').unwrap().1;
            let queue = format!("arn:aws:sqs:eu-west-1:{ACCOUNT}:a-queue-with-a-long-name-{:040}", 0);
            usage += &format!(
                "{ACCOUNT},arn:aws:iam::{ACCOUNT}:{who},Management,{service}.amazonaws.com,{name},{queue},2026-04-01T00:00:00Z,2026-04-02T00:00:00Z,1\n"
            );
        }
    }
    std::fs::write(folder.path().join("usage.csv"), usage).unwrap();
    folder
}

fn with(folder: &tempfile::TempDir, attachments: usize, look: impl Fn(&str, &Recommendation<'_>)) {
    let accounts = account::read(&folder.path().join("account.json")).unwrap();
    let evidence = evidence::read(&[folder.path().join("usage.csv")], &evidence::Settings::default()).unwrap();
    let find = findings::Options { days: 90, as_of: When::parse_end("2026-05-01"), ..findings::Options::default() };
    let options = Options { find, attachments, ..Options::default() };
    let recommender = Recommender::new(&accounts, &evidence, &options).unwrap();
    for entity in recommender.entities() {
        let one = recommender.recommend(entity).unwrap();
        look(&entity.name, &one);
    }
}

fn size(value: &Value) -> usize {
    value.to_string().chars().filter(|c| !c.is_whitespace()).count()
}

#[test]
fn a_policy_that_outgrows_its_limit_is_cut_and_proved_to_be_the_same() {
    // SQS has few actions; the long names of resources make the statements long.
    let resources: Vec<String> =
        (0..40).map(|at| format!("arn:aws:sqs:eu-west-1:{ACCOUNT}:a-queue-with-a-long-name-{at:040}")).collect();
    let document = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "First", "Effect": "Allow", "Action": "sqs:*", "Resource": resources},
        {"Sid": "Second", "Effect": "Allow", "Action": "sqs:*", "Resource": resources, "Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {"Effect": "Deny", "Action": "sqs:PurgeQueue", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    ]});
    let folder = folder(&document, "sqs");
    with(&folder, quota::ATTACHED, |name, one| {
        assert_eq!(one.result, Outcome::Proved, "{:?}", one.notes);
        let planned: Vec<_> = planned::planned(one).into_iter().map(|(_, planned)| planned).collect();
        assert!(planned.len() > 1, "{name}");
        let mut granted = BTreeSet::new();
        for policy in &planned {
            let document: Value = serde_json::from_str(&policy.text.value().to_string()).unwrap();
            assert!(policy.managed && policy.changed && policy.arn.is_none() && size(&document) <= 6_144);
            assert!(policy.name.contains(&format!("-{name}-")) && policy.name.len() <= 128, "{}", policy.name);
            for statement in document["Statement"].as_array().unwrap().iter().filter(|one| one["Effect"] == "Allow") {
                granted.extend(statement["Action"].as_array().unwrap().iter().map(|action| action.as_str().unwrap().to_owned()));
            }
        }
        // What was used stays, by its name or by a pattern of the refinement.
        let stays = |action: &String| {
            granted.iter().any(|pattern| pattern.strip_suffix('*').map_or(pattern == action, |prefix| action.starts_with(prefix)))
        };
        assert!(every_other("sqs").iter().all(stays), "{granted:?}");
        let refined = one.policies[0].refined.as_ref().unwrap();
        assert!(refined.obligations.iter().any(|one| one.id == "S1" && one.queries > 0), "{:?}", refined.obligations);
        assert!(one.replayed > 0);
        assert!(refined.notes.iter().any(|note| note.contains("managed policies: its refinement has")), "{:?}", refined.notes);
        let files = recommended::Layout::new(std::slice::from_ref(one)).files(0, findings_window());
        let terraform = files.iter().find(|(path, _)| path.ends_with("main.tf.json")).map(|(_, text)| text.clone()).unwrap();
        let terraform: Value = serde_json::from_str(&terraform).unwrap();
        assert_eq!(terraform["resource"]["aws_iam_policy"].as_object().unwrap().len(), planned.len());
        assert_eq!(files.iter().filter(|(path, _)| path.contains("/after/")).count(), planned.len());
    });
    // Where less may be attached than is needed nothing is recommended, and the reason is said.
    with(&folder, 1, |name, one| {
        assert_eq!(one.result, Outcome::Unknown, "{name}");
        assert!(one.policies.iter().all(|policy| policy.refined.is_none() && policy.parts.is_empty()));
        assert!(one.notes.iter().any(|note| note.contains("stays as it is: it would need")), "{:?}", one.notes);
    });
}

fn findings_window() -> leastwise::account::observe::Window {
    leastwise::account::observe::Window { from: When(0), to: When(1), days: 1 }
}

#[test]
fn inline_policies_that_outgrow_their_sum_become_managed_ones() {
    // 2,048 characters of a user: what is left of `sqs:*` and its resources does not fit, but does into one managed policy.
    let resources: Vec<String> =
        (0..18).map(|at| format!("arn:aws:sqs:eu-west-1:{ACCOUNT}:a-queue-with-a-long-name-{at:040}")).collect();
    let document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": resources}]});
    with(&folder(&document, "sqs"), quota::ATTACHED, |name, one| {
        assert_eq!(one.result, Outcome::Proved, "{:?}", one.notes);
        let planned = planned::planned(one).into_iter().map(|(_, planned)| planned).collect::<Vec<_>>();
        assert_eq!((planned.len(), planned[0].managed), (1, true), "{name}");
        if name == "alice" {
            assert_eq!(planned[0].replaces, Some("wide"));
            assert!(one.notes.iter().any(|note| note.starts_with("wide becomes a managed policy")), "{:?}", one.notes);
        }
    });
}

#[test]
fn a_deny_with_many_exceptions_is_cut_into_several_with_their_own() {
    // As AWS's boundaries of SageMaker have it: everything is denied but a long list.
    let mut exceptions = every_other("sqs");
    for service in ["ec2", "s3", "lambda", "ecs", "glue"] {
        exceptions.extend(Catalog::latest().names(service).iter().step_by(3).take(80).map(|name| name.spelled.to_string()));
    }
    let document = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["sqs:*", "s3:Get*"], "Resource": "*"},
        {"Sid": "Rest", "Effect": "Deny", "NotAction": exceptions, "Resource": "*"},
    ]});
    assert!(size(&document["Statement"][1]) > 6_144);
    with(&folder(&document, "sqs"), quota::ATTACHED, |name, one| {
        assert_eq!(one.result, Outcome::Proved, "{name}: {:?}", one.notes);
        let (mut denied, mut rest) = (0, 0);
        for (_, planned) in planned::planned(one).iter().filter(|(_, planned)| planned.managed) {
            let document: Value = serde_json::from_str(&planned.text.value().to_string()).unwrap();
            assert!(size(&document) <= 6_144, "{name}");
            for statement in document["Statement"].as_array().unwrap().iter().filter(|one| one["Effect"] == "Deny") {
                denied += 1;
                rest +=
                    statement["NotAction"].as_array().unwrap().iter().filter(|one| one.as_str().unwrap().ends_with(":*")).count();
            }
        }
        assert!(denied > 1 && rest > 0, "{name}: {denied} {rest}");
        assert!(one.policies[0].refined.as_ref().unwrap().obligations.iter().any(|one| one.id == "S1" && one.queries > 0));
    });
}
