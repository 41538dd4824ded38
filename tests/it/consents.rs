//! A witness that needs the consent of a policy that is not known: an honest one, before one that AWS could never receive.

use crate::odd::Random;
use crate::support::stack;
use leastwise::account;
use leastwise::account::who_can::{Asked, Line, Verdict, who_can};
use leastwise::catalog::Catalog;
use leastwise::question::access_not_granted::{Access, access_not_granted};
use leastwise::question::{self, Settings};
use leastwise::request::Request;
use leastwise::smt;
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";
const OTHER: &str = "444455556666";

/// Users with one inline policy each, and roles that only a service may assume.
fn lines(policies: &[Value], action: &str) -> Vec<Line> {
    let user = |(at, document): (usize, &Value)| {
        json!({"Path": "/", "UserName": format!("u{at}"), "UserId": format!("AIDAEXAMPLE{at}"),
            "Arn": format!("arn:aws:iam::{ACCOUNT}:user/u{at}"), "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": document}]})
    };
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    let role = json!({"Path": "/", "RoleName": "r", "RoleId": "AROAEXAMPLE", "Arn": format!("arn:aws:iam::{ACCOUNT}:role/r"),
        "AssumeRolePolicyDocument": trust});
    let users: Vec<Value> = policies.iter().enumerate().map(user).collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), json!({"UserDetailList": users, "RoleDetailList": [role]}).to_string()).unwrap();
    let asked = Asked { actions: vec![action.to_owned()], resources: Vec::new() };
    let lines = who_can(&account::read(file.path()).unwrap(), &asked, &Settings::default()).unwrap().0;
    lines.into_iter().filter(|line| line.principal.contains(":user/")).collect()
}

fn allow(actions: &[&str], resources: &[&str]) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resources}]})
}

/// Whether the action takes a resource of this service, as the catalog has it.
fn is_taken(witness: &Request) -> bool {
    let service = |arn: &str| arn.split(':').nth(2).map(str::to_owned);
    let arns = Catalog::latest().resource_arns(&witness.action).unwrap();
    arns.iter().any(|arn| service(arn) == service(&witness.resource))
}

#[test]
fn a_key_and_a_role_are_asked_for_consent_and_no_bucket_in_their_place() {
    for (action, start) in [
        ("kms:Decrypt", format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/")),
        ("sts:AssumeRole", format!("arn:aws:iam::{OTHER}:role/")),
    ] {
        let lines = lines(&[allow(&[action], &["*"]), allow(&["s3:*"], &["*"])], action);
        assert_eq!(lines.iter().map(|line| line.verdict).collect::<Vec<_>>(), [Verdict::Can, Verdict::Cannot]);
        let witness = lines[0].witness.as_ref().unwrap();
        assert!(witness.resource.starts_with(&start), "{witness:?}");
        assert!(lines[0].notes.iter().any(|note| note.contains("needs the consent")), "{:?}", lines[0].notes);
        assert_eq!(
            lines[0].grants.iter().map(|grant| (grant.policy.as_str(), grant.statement_index)).collect::<Vec<_>>(),
            [("own", 0)]
        );
        // The same of a stack.
        let listed = Access { actions: vec![action.to_owned()], resources: Vec::new() };
        let written = json!({"identityPolicies": [allow(&[action], &["*"])]});
        let found = smt::in_fresh_context(|| access_not_granted(&stack("s", &written), &listed, &Settings::default())).unwrap();
        let question::Verdict::Fail { witness, .. } = &found.verdict else { panic!("{:?}", found.verdict) };
        assert!(is_taken(witness), "{witness:?}");
        assert!(found.notes.iter().any(|note| note.contains("needs the consent")), "{:?}", found.notes);
    }
}

/// Whoever can is told by what, and a request that AWS could not receive is said to be one.
#[test]
fn every_can_has_its_grants_and_a_witness_as_aws_receives_it_or_a_note() {
    let actions = ["kms:Decrypt", "sts:AssumeRole", "sqs:SendMessage", "secretsmanager:GetSecretValue", "s3:GetObject"];
    let resources = [
        "*".to_owned(),
        format!("arn:aws:kms:*:{OTHER}:key/*"),
        format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/*"),
        format!("arn:aws:sqs:*:{OTHER}:*"),
        format!("arn:aws:iam::{OTHER}:role/x"),
        format!("arn:aws:iam::{ACCOUNT}:role/*"),
        "arn:aws:secretsmanager:*:*:secret:*".to_owned(),
        "arn:aws:s3:::b/*".to_owned(),
    ];
    let mut random = Random::new(5);
    let (mut cans, mut consents) = (0, 0);
    for _ in 0..12 {
        let policies: Vec<Value> = (0..4)
            .map(|_| {
                let of = |random: &mut Random| resources[random.below(resources.len())].clone();
                let mut document =
                    allow(&[actions[random.below(5)], actions[random.below(5)]], &[&of(&mut random), &of(&mut random)]);
                if random.below(3) == 0 {
                    let denied = json!({"Effect": "Deny", "Action": "*", "Resource": of(&mut random)});
                    document["Statement"].as_array_mut().unwrap().push(denied);
                }
                document
            })
            .collect();
        for action in actions {
            for line in lines(&policies, action) {
                let Some(witness) = &line.witness else { continue };
                cans += 1;
                let context = format!("{action} {policies:?}\n{line:?}");
                assert_eq!(line.grants.iter().map(|grant| grant.statement_index).collect::<Vec<_>>(), [0], "{context}");
                assert!(is_taken(witness) || line.notes.iter().any(|note| note.contains("AWS could not receive")), "{context}");
                let is_explicit = action.starts_with("kms:") || action.starts_with("sts:");
                let consent = line.notes.iter().any(|note| note.contains("needs the consent"));
                assert!(consent || !(is_explicit && is_taken(witness)), "{context}");
                consents += usize::from(consent);
            }
        }
    }
    assert!(cans > 30 && consents > 10, "{cans} {consents}");
}
