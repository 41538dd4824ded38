//! What `recommend` writes for one entity: whatever names its policies have, each has its file, and no two new policies have one
//! name, as IAM tells names apart without case.

use crate::support::leastwise_in;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const KINDS: [&str; 3] = ["inline", "111122223333", "aws"];

fn document(first: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": [first, "ec2:DescribeVpcs"], "Resource": "*"}]})
}

#[test]
fn policies_of_one_name_stay_apart() {
    // Every choice of three of these; an entity cannot have two policies of one kind and name.
    let names = ["p", "P", "q"];
    let all: Vec<(&str, &str)> = KINDS.iter().flat_map(|kind| names.iter().map(move |name| (*kind, *name))).collect();
    let actions = ["sqs:CreateQueue", "sns:CreateTopic", "kms:CreateKey"];
    let of = |at: usize, kind: &str| kind == KINDS[at];
    for (round, start) in (0..all.len()).flat_map(|round| (1..4).map(move |step| (round, step))) {
        let chosen: Vec<(&str, &str)> = (0..3).map(|at| all[(round + at * start) % all.len()]).collect();
        let folder = tempfile::tempdir().unwrap();
        let arn = |kind: &str, name: &str| format!("arn:aws:iam::{kind}:policy/{name}");
        let each = || chosen.iter().zip(actions);
        let inline: Vec<Value> = each()
            .filter(|((kind, _), _)| of(0, kind))
            .map(|((_, name), action)| json!({"PolicyName": name, "PolicyDocument": document(action)}))
            .collect();
        let attached: Vec<Value> = each()
            .filter(|((kind, _), _)| !of(0, kind))
            .map(|((kind, name), _)| json!({"PolicyName": name, "PolicyArn": arn(kind, name)}))
            .collect();
        let managed: Vec<Value> = each()
            .filter(|((kind, _), _)| !of(0, kind))
            .map(|((kind, name), action)| {
                let versions = json!([{"VersionId": "v1", "IsDefaultVersion": true, "Document": document(action)}]);
                json!({"PolicyName": name, "Arn": arn(kind, name), "DefaultVersionId": "v1", "PolicyVersionList": versions})
            })
            .collect();
        let user = json!({"Path": "/", "UserName": "bob", "UserId": "AIDAEXAMPLEBOB", "Arn": "arn:aws:iam::111122223333:user/bob",
            "CreateDate": "2020-01-01T00:00:00Z", "GroupList": [], "UserPolicyList": inline, "AttachedManagedPolicies": attached});
        let account = json!({"UserDetailList": [user], "GroupDetailList": [], "RoleDetailList": [], "Policies": managed});
        std::fs::write(folder.path().join("account.json"), account.to_string()).unwrap();
        let record = json!({"eventVersion": "1.11", "eventTime": "2026-05-01T10:00:00Z", "eventSource": "ec2.amazonaws.com",
            "eventName": "DescribeVpcs", "recipientAccountId": "111122223333", "eventCategory": "Management",
            "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/bob"}});
        std::fs::write(folder.path().join("log.json"), record.to_string()).unwrap();
        let evidence = ["--account", "account.json", "--evidence", "log.json", "--as-of", "2026-05-02"];
        let asked = [&["recommend"][..], &evidence, &["--format", "json", "-o", "out"]].concat();
        let (code, out, said) = leastwise_in(folder.path(), &asked, "");
        assert_eq!(code, 0, "{said}");
        let summary: Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
        assert_eq!(summary["result"], "PROVED", "{summary}");
        let user = folder.path().join("out/111122223333/user/bob");
        for (part, many) in [("before", chosen.len()), ("after", chosen.len())] {
            let files = std::fs::read_dir(user.join(part)).unwrap().map(|file| file.unwrap());
            let files: BTreeSet<String> = files.map(|file| file.file_name().to_string_lossy().to_ascii_lowercase()).collect();
            assert_eq!(files.len(), many, "{chosen:?} {part} {files:?}");
        }
        let new = summary["policies"].as_array().unwrap().iter().filter(|policy| policy["replaces"].is_string());
        let new: Vec<String> = new.map(|policy| policy["name"].as_str().unwrap().to_ascii_lowercase()).collect();
        assert_eq!(new.iter().collect::<BTreeSet<_>>().len(), new.len(), "{chosen:?} {new:?}");
        let texts: BTreeSet<String> =
            chosen.iter().zip(actions).map(|(_, action)| action.split(':').next().unwrap().to_owned()).collect();
        let before: Vec<String> = std::fs::read_dir(user.join("before"))
            .unwrap()
            .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
            .collect();
        assert!(texts.iter().all(|service| before.iter().any(|text| text.contains(service))), "{chosen:?}");
    }
}

/// Entities whose names read alike, with policies of one name: all files of all entities together have no path, no address of
/// Terraform and no name of a new policy twice, and every name has one document.
#[test]
fn entities_stay_apart() {
    let folder = tempfile::tempdir().unwrap();
    let arn = |account: &str, name: &str| format!("arn:aws:iam::{account}:policy/{name}");
    let (aws, own, taken) = (arn("aws", "Deploy"), arn("111122223333", "Deploy"), arn("111122223333", "Deploy-used"));
    let attached = |arns: &[&String]| -> Vec<Value> {
        arns.iter().map(|arn| json!({"PolicyName": arn.rsplit('/').next().unwrap(), "PolicyArn": arn})).collect()
    };
    let policy = |arn: &String, action: &str| {
        let versions = json!([{"VersionId": "v1", "IsDefaultVersion": true, "Document": document(action)}]);
        json!({"PolicyName": arn.rsplit('/').next().unwrap(), "Arn": arn, "DefaultVersionId": "v1", "PolicyVersionList": versions})
    };
    let users = ["app", "app-2", "app.2", "app_2", "APP-used"];
    let user = |name: &&str| {
        json!({"Path": "/", "UserName": name, "UserId": format!("AIDA{name}"), "Arn": format!("arn:aws:iam::111122223333:user/{name}"),
            "CreateDate": "2020-01-01T00:00:00Z", "GroupList": [], "AttachedManagedPolicies": attached(&[&aws, &own]),
            "UserPolicyList": [{"PolicyName": "Deploy", "PolicyDocument": document("kms:CreateKey")}]})
    };
    let account = json!({"UserDetailList": users.iter().map(user).collect::<Vec<_>>(), "GroupDetailList": [], "RoleDetailList": [],
        "Policies": [policy(&aws, "sqs:CreateQueue"), policy(&own, "sns:CreateTopic"), policy(&taken, "ec2:RunInstances")]});
    std::fs::write(folder.path().join("account.json"), account.to_string()).unwrap();
    let record = |(at, name): (usize, &&str)| {
        json!({"eventVersion": "1.11", "eventTime": "2026-05-01T10:00:00Z", "eventSource": "ec2.amazonaws.com", "eventID": format!("{at}"),
            "eventName": "DescribeVpcs", "recipientAccountId": "111122223333", "eventCategory": "Management",
            "userIdentity": {"type": "IAMUser", "arn": format!("arn:aws:iam::111122223333:user/{name}")}})
    };
    let records: Vec<Value> = users.iter().enumerate().map(record).collect();
    std::fs::write(folder.path().join("log.json"), json!({"Records": records}).to_string()).unwrap();
    for (out, shared) in [("own", false), ("shared", true)] {
        let evidence = ["--account", "account.json", "--evidence", "log.json", "--as-of", "2026-05-02"];
        let mut asked = [&["recommend"][..], &evidence, &["--format", "json", "-o", out]].concat();
        asked.extend(shared.then_some("--shared"));
        let (code, text, said) = leastwise_in(folder.path(), &asked, "");
        assert_eq!(code, 0, "{said}");
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(lines.iter().all(|line| line["result"] == "PROVED"), "{text}");
        let mut documents: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut new = 0;
        for policy in lines.iter().flat_map(|line| line["policies"].as_array().unwrap()).filter(|one| one["replaces"].is_string())
        {
            new += 1;
            let name = policy["name"].as_str().unwrap().to_lowercase();
            assert_ne!(name, "deploy-used", "a policy that is there has this name");
            documents.entry(name).or_default().insert(policy["document"].to_string());
        }
        assert_eq!((new, documents.len()), (2 * users.len(), if shared { 2 } else { 2 * users.len() }), "{documents:?}");
        assert!(documents.values().all(|all| all.len() == 1), "{documents:?}");
        let mut addresses = BTreeSet::new();
        let mut names = BTreeSet::new();
        let mut attachments = 0;
        let mut paths = vec![folder.path().join(out)];
        while let Some(path) = paths.pop() {
            if path.is_dir() {
                paths.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
                continue;
            }
            if path.file_name().unwrap() != "main.tf.json" {
                continue;
            }
            let text: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            for (of, all) in text["resource"].as_object().unwrap() {
                for (id, one) in all.as_object().unwrap() {
                    assert!(addresses.insert(format!("{of}.{id}")), "{of}.{id} stands twice");
                    attachments += usize::from(of == "aws_iam_user_policy_attachment");
                    if of == "aws_iam_policy" {
                        assert!(names.insert(one["name"].as_str().unwrap().to_lowercase()), "{one}");
                    }
                }
            }
        }
        assert_eq!((names, attachments), (documents.into_keys().collect(), 2 * users.len()), "{out}");
    }
}
