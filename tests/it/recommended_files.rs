//! What `recommend` writes for one entity: whatever names its policies have, each has its file, and no two new policies have one
//! name, as IAM tells names apart without case.

use crate::support::leastwise_in;
use serde_json::{Value, json};
use std::collections::BTreeSet;

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
