//! What `findings` and `recommend` make of two accounts with everything that is to be told apart: the four kinds of unused
//! access, roles that are not the account's own, exclusions of each kind, evidence that is older than the window, files that
//! break off.

use crate::support::leastwise_in;
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::Path;

const ONE: &str = "111122223333";
const TWO: &str = "444455556666";

fn policy(actions: &[&str]) -> Value {
    json!([{"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}}])
}

fn role(account: &str, path: &str, name: &str, service: &str) -> Value {
    json!({"Path": path, "RoleName": name, "RoleId": format!("AROA{account}{name}"), "Arn": format!("arn:aws:iam::{account}:role{path}{name}"),
        "CreateDate": "2020-01-01T00:00:00Z", "AttachedManagedPolicies": [], "InstanceProfileList": [],
        "RolePolicyList": policy(&["sqs:CreateQueue", "sqs:DeleteQueue", "sns:CreateTopic", "s3:GetObject"]),
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]}})
}

fn user(account: &str, name: &str, tags: &Value) -> Value {
    json!({"Path": "/staff/", "UserName": name, "UserId": format!("AIDA{account}{name}"), "Arn": format!("arn:aws:iam::{account}:user/staff/{name}"),
        "CreateDate": "2020-01-01T00:00:00Z", "GroupList": [], "AttachedManagedPolicies": [], "Tags": tags, "UserPolicyList": policy(&["sqs:CreateQueue", "kms:Encrypt"])})
}

fn details(users: &[Value], roles: &[Value]) -> String {
    json!({"UserDetailList": users, "GroupDetailList": [], "RoleDetailList": roles, "Policies": []}).to_string()
}

fn record(number: usize, account: &str, arn: &str, day: &str) -> Value {
    let kind = if arn.contains(":role/") { "Role" } else { "IAMUser" };
    json!({"eventVersion": "1.11", "eventTime": format!("{day}T10:00:00Z"), "eventSource": "sqs.amazonaws.com", "eventName": "CreateQueue",
        "eventID": format!("00000000-0000-4000-8000-{number:012}"), "recipientAccountId": account, "eventCategory": "Management", "awsRegion": "us-east-1",
        "userIdentity": {"type": kind, "arn": arn, "accountId": account}})
}

/// Two accounts, their logs and a credential report.
fn accounts(folder: &Path) {
    let tags = json!([{"Key": "keep", "Value": "yes"}]);
    let ec2 = "ec2.amazonaws.com";
    let roles = [
        role(ONE, "/", "live", ec2),
        role(ONE, "/batch/", "dead", ec2),
        role(ONE, "/aws-service-role/x.amazonaws.com/", "AWSServiceRoleForX", "x.amazonaws.com"),
        role(ONE, "/aws-reserved/sso.amazonaws.com/", "AWSReservedSSO_Admin_1", ec2),
        role(ONE, "/", "outside", "account-access.amazonaws.com"),
    ];
    std::fs::create_dir_all(folder.join("accounts")).unwrap();
    std::fs::write(folder.join("accounts/one.json"), details(&[user(ONE, "ann", &json!([])), user(ONE, "ben", &tags)], &roles))
        .unwrap();
    std::fs::write(folder.join("accounts/two.json"), details(&[user(TWO, "ann", &json!([]))], &[role(TWO, "/", "live", ec2)]))
        .unwrap();
    let live = |account: &str, who: &str| format!("arn:aws:iam::{account}:{who}");
    let seen = [
        (ONE, live(ONE, "role/live")),
        (ONE, live(ONE, "role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_1")),
        (ONE, live(ONE, "role/outside")),
        (ONE, live(ONE, "user/staff/ben")),
        (TWO, live(TWO, "role/live")),
        (TWO, live(TWO, "user/staff/ann")),
    ];
    let records: Vec<Value> =
        seen.iter().enumerate().map(|(at, (account, arn))| record(at, account, arn, "2026-04-20")).collect();
    std::fs::create_dir_all(folder.join("evidence")).unwrap();
    std::fs::write(folder.join("evidence/log.json"), json!({"Records": records}).to_string()).unwrap();
    let mut report = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date\n".to_owned();
    for (name, password, key) in
        [("ann", "2025-01-01T00:00:00+00:00", "2026-04-30T00:00:00+00:00"), ("ben", "2026-04-30T00:00:00+00:00", "N/A")]
    {
        report += &format!(
            "{name},arn:aws:iam::{ONE}:user/staff/{name},2020-01-01T00:00:00+00:00,true,{password},2020-01-01T00:00:00+00:00,true,2020-01-01T00:00:00+00:00,{key},false,N/A,N/A\n"
        );
    }
    std::fs::write(folder.join("evidence/report.csv"), report).unwrap();
}

fn run(folder: &Path, command: &str, more: &[&str]) -> (i32, Vec<Value>, String) {
    let grounds = [command, "--account", "accounts", "--evidence", "evidence", "--as-of", "2026-05-01", "--format", "json"];
    let (code, out, said) = leastwise_in(folder, &[&grounds[..], more].concat(), "");
    (code, out.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), said)
}

/// Each finding as its type and the end of its ARN.
fn brief(lines: &[Value]) -> Vec<String> {
    let of = |line: &Value| {
        let arn = line["resource"].as_str().unwrap();
        let mut parts = arn.splitn(6, ':').skip(4);
        let (account, rest) = (parts.next().unwrap(), parts.next().unwrap());
        format!("{} {}/{}", line["findingType"].as_str().unwrap(), &account[..1], rest.rsplit('/').next().unwrap())
    };
    let findings = lines.iter().filter(|line| line["id"] != "summary");
    let mut out: Vec<String> = findings.map(of).collect();
    out.sort();
    out
}

#[test]
fn every_kind_is_found_in_its_account_and_roles_of_others_stay_apart() {
    let folder = tempfile::tempdir().unwrap();
    accounts(folder.path());
    let (code, lines, _) = run(folder.path(), "findings", &[]);
    assert_eq!(code, 1);
    assert_eq!(
        brief(&lines),
        [
            "UnusedIAMRole 1/dead",
            "UnusedIAMUserAccessKey 1/ben",
            "UnusedIAMUserPassword 1/ann",
            "UnusedPermission 1/AWSReservedSSO_Admin_1",
            "UnusedPermission 1/ann",
            "UnusedPermission 1/ben",
            "UnusedPermission 1/live",
            "UnusedPermission 1/outside",
            "UnusedPermission 4/ann",
            "UnusedPermission 4/live"
        ]
    );
    let of = |name: &str, kind: &str| {
        lines.iter().find(|line| line["resource"].as_str().unwrap().ends_with(name) && line["findingType"] == kind).unwrap()
    };
    // With its window, the date of the last use, and its account.
    let password = of("user/staff/ann", "UnusedIAMUserPassword");
    assert_eq!((&password["window"]["days"], &password["resourceOwnerAccount"]), (&json!(90), &json!(ONE)));
    assert!(password["findingDetails"][0].to_string().contains("2025-01-01"), "{password}");
    // What nothing would show is apart.
    assert!(
        lines
            .iter()
            .filter(|line| line["findingType"] == "UnusedPermission")
            .all(|line| !line["findingDetails"].to_string().contains("GetObject"))
    );
    assert_eq!(of("role/live", "UnusedPermission")["notObservable"], json!(["s3:GetObject"]));
    assert!(of("AWSReservedSSO_Admin_1", "UnusedPermission")["notes"].to_string().contains("permission set"));
    assert!(of("role/outside", "UnusedPermission")["notes"].to_string().contains("decided outside IAM"));
    let summary = &lines.last().unwrap()["summary"];
    assert_eq!((&summary["serviceLinkedRoles"], &summary["entities"]), (&json!(1), &json!(8)), "{summary}");
    let (code, lines, _) = run(folder.path(), "recommend", &["-o", "out"]);
    assert_eq!((code, lines.len()), (0, 8), "the service-linked role is not among them: {lines:?}");
    assert!(
        folder.path().join(format!("out/{ONE}/role/live")).is_dir()
            && folder.path().join(format!("out/{TWO}/role/live")).is_dir()
    );
}

#[test]
fn exclusions_hold_by_tag_path_name_account_and_type_until_they_expire_and_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    accounts(folder.path());
    let all = brief(&run(folder.path(), "findings", &[]).1);
    for (about, gone) in [
        ("tag = \"keep\"", vec!["UnusedIAMUserAccessKey 1/ben", "UnusedPermission 1/ben"]),
        ("tag = \"keep=yes\"\nfindings = [\"UnusedPermission\"]", vec!["UnusedPermission 1/ben"]),
        ("tag = \"keep=no\"", vec![]),
        ("path = \"/batch/*\"", vec!["UnusedIAMRole 1/dead"]),
        ("name = \"liv?\"\naccount = \"4*\"", vec!["UnusedPermission 4/live"]),
        ("account = \"444455556666\"", vec!["UnusedPermission 4/ann", "UnusedPermission 4/live"]),
        (
            "resource = \"arn:aws:iam::111122223333:user/staff/ann\"",
            vec!["UnusedIAMUserPassword 1/ann", "UnusedPermission 1/ann"],
        ),
    ] {
        for (expires, holds) in [("", true), ("expires = \"2026-05-01\"", true), ("expires = \"2026-04-30\"", false)] {
            std::fs::write(folder.path().join("exclude.toml"), format!("[[exclude]]\nreason = \"known\"\n{about}\n{expires}\n"))
                .unwrap();
            let (_, lines, said) = run(folder.path(), "findings", &["--exclude", "exclude.toml"]);
            let left: Vec<&String> = all.iter().filter(|one| !holds || !gone.contains(&one.as_str())).collect();
            assert_eq!(brief(&lines).iter().collect::<Vec<_>>(), left, "{about} {expires} {said}");
            let summary = &lines.last().unwrap()["summary"];
            let counted = if holds && !gone.is_empty() { json!({"known": gone.len()}) } else { json!({}) };
            assert_eq!(summary["excluded"], counted, "{about} {expires}");
            let told = summary["notes"].to_string();
            assert_eq!(told.contains("has expired"), !holds, "{about} {expires}: {told}");
            assert_eq!(told.contains("fits no finding"), holds && gone.is_empty(), "{about} {expires}: {told}");
            // What is excluded keeps its policies, and that is said.
            let (_, lines, said) = run(folder.path(), "recommend", &["--exclude", "exclude.toml"]);
            let kept = gone.iter().filter(|_| holds).filter(|one| one.starts_with("UnusedPermission")).count();
            assert!(lines.iter().filter(|line| line["notes"].to_string().contains("it is excluded")).count() >= kept, "{about}");
            assert!(kept == 0 || said.contains("excluded: known"), "{about} {expires}: {said}");
            assert_eq!(said.contains("has expired"), !holds, "{about} {expires}: {said}");
        }
    }
    for bad in
        ["findings = [\"UnusedPermision\"]", "reason = \"\"\nname = \"x\"", "expires = \"soon\"\nname = \"x\"", "nam = \"x\"", ""]
    {
        let reason = if bad.contains("reason") { "" } else { "reason = \"r\"\n" };
        std::fs::write(folder.path().join("exclude.toml"), format!("[[exclude]]\n{reason}{bad}\n")).unwrap();
        let (code, _, said) = run(folder.path(), "findings", &["--exclude", "exclude.toml"]);
        assert!(code == 2, "{bad}: {said}");
    }
}

/// What was made before the window shows uses, and not that something was not used since.
#[test]
fn evidence_that_is_older_than_the_window_shows_no_want_of_use() {
    for (made, used, observes, told) in [
        ("2026-01-10", "2026-01-05", false, "before the window begins"),
        ("2026-03-10", "2026-03-05", true, "made within the window"),
        ("2026-05-01", "2026-04-20", true, ""),
    ] {
        let folder = tempfile::tempdir().unwrap();
        accounts(folder.path());
        std::fs::remove_dir_all(folder.path().join("evidence")).unwrap();
        std::fs::create_dir_all(folder.path().join("evidence")).unwrap();
        let arn = format!("arn:aws:iam::{ONE}:role/live");
        let last_accessed = json!({"Arn": arn, "JobStatus": "COMPLETED", "JobCompletionDate": format!("{made}T00:00:00Z"),
            "ServicesLastAccessed": [{"ServiceNamespace": "sns", "ServiceName": "SNS"}, {"ServiceNamespace": "sqs", "ServiceName": "SQS", "LastAuthenticated": format!("{used}T00:00:00Z")}]});
        let finding = json!({"findings": [{"id": "1", "findingType": "UnusedPermission", "status": "ACTIVE", "resource": arn, "resourceType": "AWS::IAM::Role",
            "analyzedAt": format!("{made}T00:00:00Z"), "findingDetails": [{"unusedPermissionDetails": {"serviceNamespace": "sns"}}]}]});
        let organization = json!({"JobStatus": "COMPLETED", "JobCompletionDate": format!("{made}T00:00:00Z"), "AccessDetails": [
            {"ServiceName": "SNS", "ServiceNamespace": "sns", "EntityPath": format!("o-1/r-1/{ONE}/"), "TotalAuthenticatedEntities": 0}]});
        for (name, source) in [("last.json", last_accessed), ("findings.json", finding), ("organization.json", organization)] {
            let path = folder.path().join("evidence").join(name);
            std::fs::write(&path, source.to_string()).unwrap();
            let (_, lines, said) = run(folder.path(), "findings", &[]);
            let found =
                lines.iter().any(|line| line["resource"] == json!(arn) && line["findingDetails"].to_string().contains("\"sns\""));
            assert_eq!(found, observes, "{name} of {made}: {lines:?} {said}");
            let notes = lines.last().unwrap()["summary"]["notes"].to_string();
            assert!(notes.contains(told), "{name} of {made}: {notes}");
            let (_, lines, _) = run(folder.path(), "recommend", &[]);
            let own = lines.iter().find(|line| line["resource"] == json!(arn)).unwrap();
            assert_eq!(own["policies"].to_string().contains("sns:CreateTopic"), !observes, "{name} of {made}: {own}");
            std::fs::remove_file(path).unwrap();
        }
    }
}

#[test]
fn files_that_break_off_are_told_with_their_place_and_stop_a_strict_run() {
    let folder = tempfile::tempdir().unwrap();
    accounts(folder.path());
    let arn = format!("arn:aws:iam::{ONE}:role/live");
    let lines: Vec<String> = (100..2_000).map(|at| record(at, ONE, &arn, "2026-04-21").to_string()).collect();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(lines.join("\n").as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let whole = json!({"Records": [record(9_000, ONE, &arn, "2026-04-22")]}).to_string();
    for (name, bytes, told) in [
        ("cut.json.gz", packed[..packed.len() / 2].to_vec(), "evidence/cut.json.gz:"),
        ("cut.json", whole.as_bytes()[..whole.len() - 20].to_vec(), "evidence/cut.json:1: record 1: the file breaks off"),
        (
            "odd.json",
            format!("{whole}\n{{\"eventVersion\":\"1.11\",\"eventName\":\"X\"}}").into_bytes(),
            "evidence/odd.json:2: record 2 cannot be used: without eventSource",
        ),
        (
            "report.csv",
            b"user,arn,user_creation_time,password_enabled\nx,y,z,true\n".to_vec(),
            "evidence/report.csv:2: `arn` is `y`",
        ),
    ] {
        let path = folder.path().join("evidence").join(name);
        let before = std::fs::read(&path).ok();
        std::fs::write(&path, bytes).unwrap();
        let (code, found, said) = run(folder.path(), "findings", &[]);
        assert!(code == 1 && said.contains(told), "{name}: {said}");
        assert!(
            found.last().unwrap()["summary"]["evidence"]["counts"]["failed"]
                .as_object()
                .unwrap()
                .values()
                .any(|count| *count != json!(0))
        );
        for command in ["findings", "recommend"] {
            let (code, _, said) = run(folder.path(), command, &["--strict"]);
            assert!(code == 2 && said.contains(name), "{name} {command}: {said}");
        }
        match before {
            Some(bytes) => std::fs::write(&path, bytes).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
    }
}
