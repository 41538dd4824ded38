//! What is known or approved hides nothing else: for every way in which a policy can come to grant more, a baseline and an
//! approval of what it granted before let the new access count.

use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

const NAME: &str = "policy.json";

fn check(folder: &Path, args: &[&str]) -> (i32, String) {
    let ran = Command::new(env!("CARGO_BIN_EXE_leastwise")).current_dir(folder).arg("check").args(args).output().unwrap();
    (ran.status.code().unwrap(), String::from_utf8(ran.stdout).unwrap() + &String::from_utf8(ran.stderr).unwrap())
}

fn policy(statements: &[Value]) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

/// Whether a change of a policy counts, where what it was before is the baseline.
fn counts(before: &[Value], after: &[Value]) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let write = |statements: &[Value]| std::fs::write(folder.path().join(NAME), policy(statements)).unwrap();
    let config = "[trusted]\naccounts = [\"111122223333\"]\n[[critical]]\nname = \"deleting\"\nactions = [\"s3:DeleteBucket\"]\n\
                  [wildcards]\nactions = \"service\"\n";
    std::fs::write(folder.path().join("leastwise.toml"), config).unwrap();
    write(before);
    let (code, said) = check(folder.path(), &[NAME, "--write-baseline", "b.json"]);
    assert_eq!(code, 0, "{said}");
    let known = [NAME, "--baseline", "b.json", "--fail-on", "warning"];
    let (code, said) = check(folder.path(), &known);
    assert_eq!(code, 0, "the same policy counts: {said}");
    // Order and white space are not access.
    let turned: Vec<Value> = before.iter().rev().cloned().collect();
    std::fs::write(folder.path().join(NAME), format!("\n\n{}", policy(&turned).replace(",\"", ",\n  \""))).unwrap();
    let (code, said) = check(folder.path(), &known);
    assert_eq!(code, 0, "the same policy, written otherwise, counts: {said}");
    write(after);
    let (code, said) = check(folder.path(), &known);
    (code == 1, said)
}

#[test]
fn a_baseline_hides_nothing_that_a_policy_comes_to_grant() {
    let open = |actions: Value, more: &[(&str, Value)]| {
        let mut one = json!({"Effect": "Allow", "Principal": "*", "Action": actions, "Resource": "arn:aws:s3:::b/*"});
        more.iter().for_each(|(name, value)| one[*name] = value.clone());
        one
    };
    let to = |account: &str| open(json!("s3:GetObject"), &[("Principal", json!({"AWS": account}))]);
    let of = |actions: Value, more: &[(&str, Value)]| {
        let mut one = json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
        more.iter().for_each(|(name, value)| one[*name] = value.clone());
        one
    };
    let get = || open(json!("s3:GetObject"), &[]);
    let deny = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::b/secret/*"});
    let mfa = ("Condition", json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}));
    let limited = of(json!(["iam:PassRole", "iam:CreatePolicyVersion"]), &[mfa]);
    let grown: Vec<(&str, Vec<Value>, Vec<Value>)> = vec![
        ("a second public statement", vec![get()], vec![get(), open(json!("s3:PutObject"), &[])]),
        ("a wider action", vec![get()], vec![open(json!("s3:*"), &[])]),
        ("one more action", vec![get()], vec![open(json!(["s3:GetObject", "s3:PutObject"]), &[])]),
        ("a wider resource", vec![get()], vec![open(json!("s3:GetObject"), &[("Resource", json!("*"))])]),
        ("a Deny less", vec![get(), deny], vec![get()]),
        ("another account", vec![get(), to("444455556666")], vec![get(), to("444455556666"), to("777788889999")]),
        ("an account beside what is public", vec![get()], vec![get(), to("444455556666")]),
        ("a condition less", vec![limited], vec![of(json!(["iam:PassRole", "iam:CreatePolicyVersion"]), &[])]),
        (
            "another statement that is critical",
            vec![of(json!("s3:DeleteBucket"), &[("Resource", json!("arn:aws:s3:::a"))])],
            vec![
                of(json!("s3:DeleteBucket"), &[("Resource", json!("arn:aws:s3:::a"))]),
                of(json!("s3:DeleteBucket"), &[("Resource", json!("arn:aws:s3:::z"))]),
            ],
        ),
        (
            "the same wildcard on more",
            vec![of(json!("sqs:*"), &[("Resource", json!("arn:aws:sqs:*:*:a"))])],
            vec![of(json!("sqs:*"), &[("Resource", json!("arn:aws:sqs:*:*:*"))])],
        ),
    ];
    for (what, before, after) in grown {
        let (does, said) = counts(&before, &after);
        assert!(does, "the baseline hides {what}: {said}");
    }
}

/// Every subset of three statements is approved by comments; each of the others counts, at its own line.
#[test]
fn an_approval_on_a_line_approves_that_statement_alone() {
    let comment = "    # leastwise: allow RULE: known\n";
    let template = |approved: &[bool; 3], principal: &str, rule: &str| {
        let mut text = "Version: \"2012-10-17\"\nStatement:\n".to_owned();
        for (at, action) in ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"].iter().enumerate() {
            text += &format!("  - Effect: Allow\n    Principal: {principal}\n    Resource: arn:aws:s3:::b/*\n");
            text += &if approved[at] { comment.replace("RULE", rule) } else { String::new() };
            text += &format!("    Action: {action}\n");
        }
        text
    };
    let folder = tempfile::tempdir().unwrap();
    let config = "[trusted]\naccounts = [\"111122223333\"]\n";
    std::fs::write(folder.path().join("leastwise.toml"), config).unwrap();
    for (rule, principal) in [("public-access", "\"*\""), ("outside-access", "{AWS: \"444455556666\"}")] {
        for mask in 0..8_u8 {
            let approved = [mask & 1 != 0, mask & 2 != 0, mask & 4 != 0];
            let text = template(&approved, principal, rule);
            std::fs::write(folder.path().join("p.yaml"), &text).unwrap();
            let (code, said) = check(folder.path(), &["p.yaml"]);
            assert_eq!(code, i32::from(mask != 7), "{mask} {said}");
            for (at, action) in ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"].iter().enumerate() {
                let line = text.lines().position(|line| line.contains(action)).unwrap() + 1;
                let word = if approved[at] { "approved error" } else { "error" };
                assert!(said.contains(&format!("p.yaml:{line}:13: {word}[{rule}]")), "{mask} {line} {said}");
            }
        }
    }
}

#[test]
fn what_is_public_and_approved_hides_nobody_from_outside() {
    let folder = tempfile::tempdir().unwrap();
    let text = policy(&[
        json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}),
        json!({"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*"}),
    ]);
    std::fs::write(folder.path().join(NAME), text).unwrap();
    let config = "[trusted]\naccounts = [\"111122223333\"]\n[[allow]]\nrule = \"public-access\"\nreason = \"a site\"\n";
    std::fs::write(folder.path().join("leastwise.toml"), config).unwrap();
    let (code, said) = check(folder.path(), &[NAME]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("error[outside-access]") && said.contains("444455556666"), "{said}");
    assert_eq!(said.matches("outside-access").count(), 1, "who is public is said once: {said}");
}

/// What `check --against` finds when a file of one policy becomes another.
fn against(name: &str, before: &str, after: &str) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    let git = |args: &[&str]| {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"];
        assert!(Command::new("git").current_dir(folder.path()).args(identity).args(args).output().unwrap().status.success());
    };
    std::fs::write(folder.path().join(name), before).unwrap();
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "before"]);
    let same = check(folder.path(), &[name, "--against", "HEAD", "--select", "new-access"]);
    assert_eq!(same.0, 0, "{before}: {}", same.1);
    std::fs::write(folder.path().join(name), after).unwrap();
    check(folder.path(), &[name, "--against", "HEAD", "--select", "new-access"])
}

/// Each of several documents of a file grows in turn, whatever the others grant.
#[test]
fn each_document_of_a_file_is_compared_with_its_own() {
    let document =
        |action: &str| format!("Version: '2012-10-17'\nStatement: [{{Effect: Allow, Action: '{action}', Resource: '*'}}]\n");
    let narrow = ["s3:ListBucket", "*", "sqs:SendMessage"];
    for grown in 0..3 {
        for wider in ["sns:Publish", "*"] {
            let file = |at: Option<usize>| {
                let of = |(number, action): (usize, &&str)| document(if at == Some(number) { wider } else { action });
                narrow.iter().enumerate().map(of).collect::<Vec<_>>().join("---\n")
            };
            let (code, said) = against("all.yaml", &file(None), &file(Some(grown)));
            assert_eq!(code, i32::from(grown != 1), "{grown} {wider}: {said}");
        }
    }
}

#[test]
fn what_a_control_policy_no_longer_takes_away_is_new_access() {
    let deny = |action: &str| json!({"Effect": "Deny", "Action": action, "Resource": "*"});
    let allow = |action: &str| json!({"Effect": "Allow", "Action": action, "Resource": "*"});
    let limited = json!({"Effect": "Deny", "Action": "s3:*", "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}});
    let template = |of: &str, statements: &[Value]| {
        let content = json!({"Version": "2012-10-17", "Statement": statements});
        json!({"Resources": {"P": {"Type": "AWS::Organizations::Policy", "Properties": {"Type": of, "Name": "n", "Content": content}}}})
            .to_string()
    };
    let scp = "SERVICE_CONTROL_POLICY";
    for (before, after, is_new) in [
        (vec![deny("s3:*"), deny("iam:*")], vec![deny("s3:*")], true),
        (vec![deny("s3:*")], vec![deny("s3:*"), deny("iam:*")], false),
        (vec![deny("s3:*")], vec![deny("s3:Delete*")], true),
        (vec![deny("s3:*")], vec![limited.clone()], true),
        (vec![limited], vec![deny("s3:*")], false),
        (vec![allow("*"), deny("iam:*")], vec![allow("*")], true),
        (vec![allow("s3:*")], vec![allow("s3:*"), allow("sqs:*")], true),
        (vec![allow("s3:*"), allow("sqs:*")], vec![allow("s3:*")], false),
        (vec![deny("iam:*")], vec![allow("s3:*")], true),
    ] {
        let (code, said) = against("t.json", &template(scp, &before), &template(scp, &after));
        assert_eq!(code, i32::from(is_new), "{before:?} {after:?}: {said}");
    }
    let everybody = |statement: Value| {
        let mut one = statement;
        one["Principal"] = json!("*");
        one
    };
    let rcp = |statements: &[Value]| template("RESOURCE_CONTROL_POLICY", statements);
    let (two, one) = (vec![everybody(deny("s3:*")), everybody(deny("sqs:*"))], vec![everybody(deny("s3:*"))]);
    assert_eq!(against("t.json", &rcp(&two), &rcp(&one)).0, 1);
    assert_eq!(against("t.json", &rcp(&one), &rcp(&two)).0, 0);
}

/// Every file of a folder that may hold a policy is read, or said.
#[test]
fn no_file_of_a_folder_is_left_out_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let text = policy(&[json!({"Effect": "Allow", "Action": "*", "Resource": "*"})]);
    std::fs::create_dir(root.join("d")).unwrap();
    std::fs::write(root.join("d/UPPER.JSON"), &text).unwrap();
    std::fs::write(root.join("d/seen.json"), &text).unwrap();
    std::fs::write(root.join("d/binary.template"), b"\xff\x00\x80\x81").unwrap();
    let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.bytes().flat_map(|byte| [byte, 0])).collect();
    std::fs::write(root.join("d/wide.json"), wide).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("seen.json", root.join("d/link.json")).unwrap();
    let (code, said) = check(root, &["d"]);
    assert_eq!(code, 1, "{said}");
    for part in [
        "d/UPPER.JSON:1:38: error[administrator]",
        "d/seen.json:1:38: error[administrator]",
        "d/wide.json:1:1: error[unreadable-policy]",
        "1 binary file was not read",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(cfg!(not(unix)) || said.contains("1 linked file was not read"), "{said}");
}
