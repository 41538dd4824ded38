//! The newer commands and switches from outside: stacks, public and outside access, diff, explain, proofs, closed world.

use crate::support::leastwise;
use serde_json::{Value, json};

fn folder(files: &[(&str, Value)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, value) in files {
        std::fs::write(folder.path().join(name), value.to_string()).unwrap();
    }
    folder
}

fn run(folder: &tempfile::TempDir, command: &str) -> (i32, String, String) {
    let path = |word: &str| match word.strip_prefix('@') {
        Some(name) => folder.path().join(name).display().to_string(),
        None => word.to_owned(),
    };
    let arguments: Vec<String> = command.split(' ').map(path).collect();
    leastwise(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), "")
}

fn statement(more: Value) -> Value {
    let mut out = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"});
    out.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"Version": "2012-10-17", "Statement": [out]})
}

#[test]
fn questions_take_stacks_and_reasons_name_the_policy() {
    let all = statement(json!({"Action": "*"}));
    let deny = statement(json!({"Effect": "Deny", "Action": "s3:DeleteBucket"}));
    let stack = |levels: Value| json!({"identityPolicies": [statement(json!({}))], "permissionBoundaries": [all], "serviceControlPolicies": levels});
    let folder = folder(&[
        ("open.json", stack(json!([[all]]))),
        ("closed.json", stack(json!([[all, deny]]))),
        ("bad.json", json!({"identityPolicies": [statement(json!({"Principal": "*"}))]})),
    ]);
    let (code, out, _) = run(&folder, "access-not-granted @closed.json --action s3:DeleteBucket");
    assert_eq!(code, 0, "{out}");
    let (code, out, _) = run(&folder, "access-not-granted @open.json --action s3:DeleteBucket --format json");
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &answer["reasons"][0]["policy"]), (1, &json!("identityPolicies[0]")), "{out}");
    let (code, out, _) = run(&folder, "no-new-access @closed.json @open.json --explain");
    assert_eq!(code, 1);
    assert!(out.contains("existing policy serviceControlPolicies[0][1], statement 0: applies and denies"), "{out}");
    let (code, ..) = run(&folder, "no-new-access @open.json @closed.json --cross-check");
    assert_eq!(code, 0);
    let (code, _, err) = run(&folder, "equivalent @bad.json @open.json");
    assert!(code == 2 && err.contains("identityPolicies[0]"), "{err}");
}

#[test]
fn simulate_says_who_decided_and_who_did_not_allow() {
    let request = json!({"principal": "arn:aws:iam::111122223333:user/a", "action": "s3:GetObject",
        "resource": {"arn": "arn:aws:s3:::b/k", "accountId": "111122223333"}});
    let member =
        |scp: Value| json!({"request": request, "identityPolicies": [statement(json!({}))], "serviceControlPolicies": [[scp]]});
    let folder = folder(&[
        ("allowed.json", member(statement(json!({"Action": "*"})))),
        ("silent.json", member(statement(json!({"Action": "ec2:*"})))),
        ("denied.json", member(statement(json!({"Effect": "Deny"})))),
        ("unknown.json", json!({"request": request, "identityPolicy": []})),
    ]);
    let (code, out, _) = run(&folder, "simulate @allowed.json --format json");
    let mut answer: Value = serde_json::from_str(&out).unwrap();
    assert!(answer.as_object_mut().unwrap().shift_remove("proof").is_some_and(|proof| proof["tool"].is_string()));
    let by = json!([{"policy": "identityPolicies[0]", "statementIndex": 0}]);
    let expected = json!({"schema": 1, "check": "simulate", "decision": "Allowed", "decidedBy": by});
    assert_eq!((code, answer), (0, expected));
    let (code, out, _) = run(&folder, "simulate @silent.json --format json");
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, &answer["decision"], &answer["notAllowedBy"]),
        (1, &json!("ImplicitlyDenied"), &json!(["serviceControlPolicies[0]"]))
    );
    let (_, out, _) = run(&folder, "simulate @denied.json --format json");
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(answer["decidedBy"], json!([{"policy": "serviceControlPolicies[0][0]", "statementIndex": 0}]));
    let (code, _, err) = run(&folder, "simulate @unknown.json");
    assert!(code == 2 && err.contains("did you mean `identityPolicies`?"), "{err}");
}

#[test]
fn public_and_outside_access_have_their_exit_codes_and_findings() {
    let folder = folder(&[
        ("public.json", statement(json!({"Principal": "*", "Sid": "Open"}))),
        ("partner.json", statement(json!({"Principal": {"AWS": "999999999999"}}))),
        ("identity.json", statement(json!({}))),
        (
            "never.json",
            statement(json!({"Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*",
            "Condition": {"StringEquals": {"s3:prefix": "x"}}})),
        ),
    ]);
    let (code, out, _) = run(&folder, "no-public-access @public.json --resource-type AWS::S3::Bucket --format json");
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &answer["witness"]["principal"]), (1, &json!("anonymous")), "{out}");
    assert_eq!(answer["reasons"][0]["description"], json!("Public access granted in the following statement with sid: Open."));
    let (code, ..) = run(&folder, "check-no-public-access @partner.json --resource-type AWS::S3::Bucket");
    assert_eq!(code, 0);
    let (code, _, err) = run(&folder, "no-public-access @partner.json --resource-type AWS::S3::Bukket");
    assert!(code == 2 && err.contains("AWS::S3::Bucket"), "{err}");
    let (code, _, err) = run(&folder, "no-public-access @identity.json --resource-type AWS::S3::Bucket");
    assert!(code == 2 && err.contains("names no principal"), "{err}");
    let (code, out, _) = run(&folder, "outside-access @partner.json --trusted 111122223333 --format json");
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, &answer["findings"][0]["principal"], &answer["findings"][0]["isPublic"]),
        (1, &json!({"AWS": "999999999999"}), &json!(false))
    );
    let never = "AWS could not receive such a request today";
    for (format, notes) in [("json", 1), ("text", 1)] {
        let (code, out, _) = run(&folder, &format!("outside-access @never.json --trusted 111122223333 --format {format}"));
        assert_eq!((code, out.matches(never).count()), (1, notes), "{out}");
    }
    let (code, ..) = run(&folder, "outside-access @partner.json --trusted 999999999999");
    assert_eq!(code, 0);
    let line = json!({"id": 1, "check": "no-public-access", "policy": statement(json!({"Principal": "*"})), "resourceType": "AWS::S3::Bucket"});
    let (_, out, _) = leastwise(&["batch"], &format!("{line}\n"));
    assert!(out.contains("\"result\":\"FAIL\""), "{out}");
}

#[test]
fn a_new_action_that_does_not_exist_is_said_and_the_closed_world_passes() {
    let folder = folder(&[
        ("all.json", statement(json!({"Action": "s3:ListAllMy*"}))),
        ("today.json", statement(json!({"Action": ["s3:ListAllMyBuckets", "s3:ListAllMyDirectoryBuckets"]}))),
    ]);
    let (code, out, _) = run(&folder, "no-new-access @today.json @all.json");
    assert!(code == 1 && out.contains("only actions that do not exist yet: s3:"), "{out}");
    let (code, out, _) = run(&folder, "no-new-access @today.json @all.json --actions catalog");
    assert_eq!(code, 0, "{out}");
}

/// Whatever way a statement names its actions, those that exist and are new are found in the closed world, too.
#[test]
fn an_action_that_exists_is_found_in_the_closed_world() {
    let folder = folder(&[
        ("one.json", statement(json!({"Action": "s3:GetObject"}))),
        ("listed.json", statement(json!({"Action": ["s3:GetObject", "s3:PutObject"]}))),
        ("wild.json", statement(json!({"Action": "s3:*Object"}))),
        ("negated.json", json!({"Statement": {"Effect": "Allow", "NotAction": "s3:GetObject", "Resource": "*"}})),
    ]);
    for new in ["listed", "wild", "negated"] {
        let (code, out, _) = run(&folder, &format!("no-new-access @one.json @{new}.json --actions catalog"));
        assert_eq!(code, 1, "{new}: {out}");
        let (code, out, _) = run(&folder, &format!("no-new-access @{new}.json @{new}.json --actions catalog"));
        assert_eq!(code, 0, "{new}: {out}");
    }
    let (code, out, _) = run(&folder, "access-not-granted @wild.json --action s3:PutObject --actions catalog");
    assert_eq!(code, 1, "{out}");
}

#[test]
fn witnesses_are_requests_that_aws_could_receive() {
    let condition = json!({"StringLike": {"s3:prefix": "home/*"}});
    let folder = folder(&[("p.json", statement(json!({"Resource": "arn:aws:s3:::b*", "Condition": condition})))]);
    let (_, out, _) = run(&folder, "access-not-granted @p.json --action s3:* --format json");
    let answer: Value = serde_json::from_str(&out).unwrap();
    let action = answer["witness"]["action"].as_str().unwrap();
    assert!(["s3:ListBucket", "s3:ListBucketVersions"].contains(&action), "{out}");
    assert!(!answer["witness"]["resource"].as_str().unwrap().contains('/'), "{out}");
    assert_eq!(answer.get("notes"), None, "{out}");
}

#[test]
fn a_verdict_that_hangs_on_the_reach_of_wildcards_says_so() {
    let folder = folder(&[
        ("old.json", statement(json!({"Action": "sns:*", "Resource": "arn:aws:sns:*:*:t"}))),
        ("new.json", statement(json!({"Action": "sns:*", "Resource": "arn:aws:sns:*:1:x:t"}))),
    ]);
    let (code, out, _) = run(&folder, "no-new-access @old.json @new.json");
    assert!(code == 1 && out.contains("under --arn-matching greedy the verdict is PASS"), "{out}");
}

#[test]
fn diff_lists_both_ways_in_three_forms() {
    let folder = folder(&[
        ("old.json", statement(json!({"Action": ["s3:GetObject", "s3:ListBucket"]}))),
        ("new.json", statement(json!({"Action": ["s3:GetObject", "s3:PutObject"]}))),
    ]);
    let (code, out, _) = run(&folder, "diff @old.json @new.json");
    assert_eq!(code, 1);
    assert!(out.contains("+ s3:PutObject") && out.contains("- s3:ListBucket"), "{out}");
    let (_, out, _) = run(&folder, "diff @old.json @new.json --format json");
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&answer["added"][0]["actions"], &answer["removed"][0]["actions"]),
        (&json!(["s3:PutObject"]), &json!(["s3:ListBucket"]))
    );
    let (_, out, _) = run(&folder, "diff @old.json @new.json --format markdown");
    assert!(out.contains("| `s3:PutObject` | Resource `\"*\"` | Allow statement 0 |"), "{out}");
    let (code, ..) = run(&folder, "diff @old.json @old.json");
    assert_eq!(code, 0);
}

#[test]
fn a_proof_is_checked_by_z3_and_written_for_another_solver() {
    let folder = folder(&[
        ("old.json", statement(json!({"Action": "s3:*", "Resource": ["arn:aws:s3:::a*", "arn:aws:s3:::b*"]}))),
        ("new.json", statement(json!({"Action": "s3:Get*", "Resource": "arn:aws:s3:::ab*"}))),
    ]);
    let (code, out, _) = run(&folder, "no-new-access @old.json @new.json --prove z3 --format json --proof @proof");
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &answer["proof"]["checkedByZ3"]["actionGroups"]), (0, &json!(true)), "{out}");
    assert!(answer["proof"]["checkedByZ3"]["lemmas"].as_u64() >= Some(1), "{out}");
    let index: Value = serde_json::from_str(&std::fs::read_to_string(folder.path().join("proof/index.json")).unwrap()).unwrap();
    let obligations = index["obligations"].as_array().unwrap();
    assert!(obligations.len() >= 3);
    for one in obligations {
        let text = std::fs::read_to_string(folder.path().join("proof").join(one["file"].as_str().unwrap())).unwrap();
        assert!(text.contains("(set-info :status unsat)") && text.ends_with("(check-sat)\n"));
    }
    let (code, _, err) = leastwise(
        &[
            "refine",
            "fixtures/published/unused-permissions-policy.json",
            "--unused",
            "fixtures/published/unused-permissions-unused.json",
            "--proof",
            &folder.path().join("refine").display().to_string(),
        ],
        "",
    );
    assert!(code == 0 && err.contains("the groups cover every action"), "{err}");
    assert!(folder.path().join("refine/index.json").exists());
}
