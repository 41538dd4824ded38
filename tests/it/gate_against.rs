//! `check --against`: moving, turning, inserting and renaming policies is no change; whatever grows is found all the same, and
//! what is gone is said with what it means.

use crate::gate_sources::check_in;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// The files of a repository, by their paths.
pub(crate) type Files = Vec<(String, String)>;

pub(crate) fn git(folder: &Path, args: &[&str]) {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"];
    assert!(Command::new("git").current_dir(folder).args(identity).args(args).output().unwrap().status.success(), "{args:?}");
}

/// The exit code and the findings of a change; `tracked` if the change is committed too.
pub(crate) fn change(before: &Files, after: &Files, tracked: bool) -> (i32, Vec<Value>) {
    let folder = tempfile::tempdir().unwrap();
    let write = |files: &Files| {
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    };
    write(before);
    git(folder.path(), &["init", "-q"]);
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "-q", "--allow-empty", "-m", "before"]);
    git(folder.path(), &["tag", "before"]);
    before.iter().for_each(|(path, _)| std::fs::remove_file(folder.path().join(path)).unwrap());
    write(after);
    if tracked {
        git(folder.path(), &["add", "-A", "."]);
        git(folder.path(), &["commit", "-q", "--allow-empty", "-m", "after"]);
    }
    let ran = Command::new(env!("CARGO_BIN_EXE_leastwise"))
        .current_dir(folder.path())
        .args(["check", ".", "--against", "before", "--format", "json", "--select"])
        .arg("new-access,lost-deny,gone-policy,assumption,undecided,unreadable-policy")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    let value: Value = serde_json::from_slice(&ran.stdout).unwrap_or_else(|_| panic!("{said}"));
    (ran.status.code().unwrap(), value["findings"].as_array().unwrap().clone())
}

pub(crate) fn rules(findings: &[Value]) -> Vec<&str> {
    let mut all: Vec<&str> = findings.iter().map(|one| one["rule"].as_str().unwrap()).collect();
    all.sort_unstable();
    all
}

pub(crate) fn statement(effect: &str, action: &str) -> Value {
    json!({"Effect": effect, "Action": action, "Resource": "*"})
}

pub(crate) fn policy(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

pub(crate) fn allow(action: &str) -> Value {
    policy(&[statement("Allow", action)])
}

pub(crate) fn file(path: &str, value: &Value) -> (String, String) {
    (path.to_owned(), format!("{value:#}\n"))
}

/// A role with inline policies; a policy without a name is SAM's.
fn role(policies: &[(&str, &str)]) -> Value {
    let all: Vec<Value> =
        policies.iter().map(|(name, action)| json!({"PolicyName": name, "PolicyDocument": allow(action)})).collect();
    let trust =
        json!({"Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    json!({"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust, "Policies": all}})
}

pub(crate) fn template(resources: &[(&str, Value)]) -> Value {
    let all: serde_json::Map<String, Value> = resources.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    json!({"AWSTemplateFormatVersion": "2010-09-09", "Resources": all})
}

/// Every kind of file with three policies, whose order can be turned and in front of which one can be inserted.
fn kinds(actions: &[&str]) -> Vec<(&'static str, String)> {
    let names = ["a", "b", "c", "d"];
    let named: Vec<(&str, &str)> = names.iter().copied().zip(actions.iter().copied()).collect();
    vec![
        ("one role", template(&[("R", role(&named))]).to_string()),
        (
            "one function",
            template(&[(
                "F",
                json!({"Type": "AWS::Serverless::Function", "Properties": {"Policies": actions.iter().map(|one| allow(one)).collect::<Vec<_>>()}}),
            )])
            .to_string(),
        ),
        ("a plan", plan(&named)),
    ]
}

fn plan(policies: &[(&str, &str)]) -> String {
    let inline: Vec<Value> =
        policies.iter().map(|(name, action)| json!({"name": name, "policy": allow(action).to_string()})).collect();
    let trust =
        json!({"Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    json!({"format_version": "1.2", "resource_changes": [{"address": "aws_iam_role.r", "mode": "managed", "type": "aws_iam_role",
        "name": "r", "change": {"actions": ["create"], "after_unknown": {},
        "after": {"assume_role_policy": trust.to_string(), "inline_policy": inline}}}]})
    .to_string()
}

/// Turning three policies in every way, and inserting one that grants nothing new, is no new access; growing one is, wherever it
/// stands.
#[test]
fn order_is_not_access_and_hides_none() {
    let turns = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let actions = ["s3:GetObject", "sqs:SendMessage", "sns:Publish"];
    for at in 0..3 {
        let (what, before) = kinds(&actions).swap_remove(at);
        let before = vec![("f.json".to_owned(), before)];
        for (number, turn) in turns.iter().enumerate() {
            let turned: Vec<&str> = turn.iter().map(|at| actions[*at]).collect();
            // Names stay with the place here, as if every policy were rewritten: together they are what they were.
            let after = vec![("f.json".to_owned(), kinds(&turned).swap_remove(at).1)];
            let (code, found) = change(&before, &after, false);
            let is_by_name = what != "one function" && number > 0;
            assert!(code == 0 || is_by_name, "{what} {turn:?}: {found:?}");
            let mut grown = turned.clone();
            grown[number % 3] = "iam:CreateUser";
            let after = vec![("f.json".to_owned(), kinds(&grown).swap_remove(at).1)];
            assert_eq!(change(&before, &after, false).0, 1, "{what} {turn:?}");
        }
        let more = [&["iam:CreateUser"], actions.as_slice()].concat();
        let after = vec![("f.json".to_owned(), kinds(&more).swap_remove(at).1)];
        assert_eq!(change(&before, &after, false).0, 1, "{what}");
    }
    // Turned with their names.
    let named = [("a", "s3:GetObject"), ("b", "sqs:SendMessage"), ("c", "sns:Publish")];
    for turn in turns {
        let turned: Vec<(&str, &str)> = turn.iter().map(|at| named[*at]).collect();
        for (before, after) in [
            (template(&[("R", role(&named))]).to_string(), template(&[("R", role(&turned))]).to_string()),
            (plan(&named), plan(&turned)),
        ] {
            let (code, found) = change(&vec![("f.json".to_owned(), before)], &vec![("f.json".to_owned(), after)], false);
            assert_eq!((code, rules(&found)), (0, vec![]), "{turn:?}: {found:?}");
        }
    }
}

/// Documents of one file: whichever two of three become other ones, one of which has what a third granted, the growth is found.
#[test]
fn documents_of_a_file_pass_no_growth_to_each_other() {
    let document = |action: &&str| format!("Version: '2012-10-17'\nStatement: {}\n", json!([statement("Allow", action)]));
    let text = |actions: &[&str]| actions.iter().map(document).collect::<Vec<_>>().join("---\n");
    let file = |actions: &[&str]| vec![("all.yaml".to_owned(), text(actions))];
    for (before, after, expected) in [
        (vec!["s3:*", "sqs:*"], vec!["sqs:*", "s3:*"], 0),
        (vec!["s3:*", "sqs:*"], vec!["s3:*", "sqs:SendMessage"], 0),
        (vec!["s3:*", "sqs:*"], vec!["sqs:SendMessage", "s3:*"], 0),
        (vec!["s3:*", "sqs:*"], vec!["sns:*", "s3:*", "sqs:*"], 1),
        (vec!["s3:*", "sqs:*"], vec!["sqs:*"], 0),
        // Nobody can tell which was which, and by place each would pass.
        (vec!["*", "sqs:*"], vec!["sqs:*", "iam:*"], 0),
        (vec!["*", "sqs:*"], vec!["iam:*", "sns:*"], 1),
        (vec!["s3:*", "sqs:*"], vec!["iam:*"], 1),
    ] {
        let (code, found) = change(&file(&before), &file(&after), false);
        assert_eq!(code, expected, "{before:?} {after:?}: {found:?}");
    }
}

#[test]
fn a_file_that_moved_is_compared_with_what_it_was() {
    let wide =
        policy(&[statement("Allow", "s3:GetObject"), statement("Allow", "sqs:SendMessage"), statement("Allow", "sns:Publish")]);
    let wider = policy(&[statement("Allow", "s3:GetObject"), statement("Allow", "sqs:*"), statement("Allow", "sns:Publish")]);
    for tracked in [true, false] {
        for (path, after, expected) in [
            ("old/p.json", &wide, 0),
            ("new/p.json", &wide, 0),
            ("new/q.json", &wide, 0),
            ("new/p.json", &wider, 1),
            ("new/p.json", &allow("s3:GetObject"), 0),
        ] {
            let (code, found) = change(&vec![file("old/p.json", &wide)], &vec![file(path, after)], tracked);
            assert_eq!(code, expected, "{path} {tracked}: {found:?}");
            let told = found.iter().any(|one| one["notes"].to_string().contains("compared with those of old/p.json"));
            assert_eq!(told, path != "old/p.json", "{path} {tracked}: {found:?}");
            if expected == 1 {
                assert!(found.iter().any(|one| one["message"] == "This policy grants new access."), "{found:?}");
            }
        }
        // A copy is not a move: somebody more may have it.
        let both = vec![file("old/p.json", &wide), file("new/p.json", &wide)];
        assert_eq!(change(&vec![file("old/p.json", &wide)], &both, tracked).0, 1);
    }
    // A resource in another template is compared with what it was; of two with its name none is.
    let (one, two) = (template(&[("R", role(&[("a", "s3:*")]))]), template(&[("S", role(&[("a", "sqs:*")]))]));
    let both = template(&[("R", role(&[("a", "s3:*")])), ("S", role(&[("a", "sqs:*")]))]);
    let before = vec![file("a.json", &one), file("b.json", &two)];
    let after = vec![file("a.json", &template(&[])), file("b.json", &both)];
    let (code, found) = change(&before, &after, false);
    assert_eq!((code, rules(&found)), (0, vec!["assumption"]), "{found:?}");
    let grown = template(&[("R", role(&[("a", "*")])), ("S", role(&[("a", "sqs:*")]))]);
    assert_eq!(change(&before, &vec![file("a.json", &template(&[])), file("b.json", &grown)], false).0, 1);
    // Another role with what a role had is new access, though the content is known.
    let other = template(&[("Other", role(&[("a", "s3:*")]))]);
    assert_eq!(change(&vec![file("a.json", &one)], &vec![file("a.json", &other)], false).0, 1);
}

/// Every kind of policy that can be gone, and what that means.
#[test]
fn what_is_gone_is_never_silent() {
    let deny = || statement("Deny", "iam:*");
    let anybody = |mut one: Value| {
        one["Principal"] = json!("*");
        one
    };
    let control = |of: &str| json!({"Type": "AWS::Organizations::Policy", "Properties": {"Type": of, "Name": "n", "Content": policy(&[deny()])}});
    let bucket = |statements: &[Value]| json!({"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": {"Ref": "B"}, "PolicyDocument": policy(statements)}});
    let b = || ("B", json!({"Type": "AWS::S3::Bucket"}));
    let keep = || ("K", json!({"Type": "AWS::S3::Bucket"}));
    let of_topic = |statements: &[Value]| json!({"Type": "AWS::SNS::TopicPolicy", "Properties": {"Topics": ["t"], "PolicyDocument": policy(statements)}});
    let managed =
        |statements: &[Value]| json!({"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": policy(statements)}});
    let endpoint = json!({"Type": "AWS::EC2::VPCEndpoint", "Properties": {"PolicyDocument": policy(&[anybody(statement("Allow", "s3:*"))])}});
    let api = |with: bool| {
        let document = policy(&[anybody(statement("Allow", "execute-api:Invoke"))]);
        let own = if with { json!({"Policy": document}) } else { json!({"Name": "n"}) };
        json!({"Type": "AWS::ApiGateway::RestApi", "Properties": own})
    };
    for (what, before, after, expected) in [
        ("an SCP", vec![keep(), ("P", control("SERVICE_CONTROL_POLICY"))], vec![keep()], "new-access"),
        ("an RCP", vec![keep(), ("P", control("RESOURCE_CONTROL_POLICY"))], vec![keep()], "new-access"),
        (
            "an endpoint's policy",
            vec![("E", endpoint.clone())],
            vec![("E", json!({"Type": "AWS::EC2::VPCEndpoint", "Properties": {"VpcId": "v"}}))],
            "new-access",
        ),
        ("an endpoint", vec![keep(), ("E", endpoint)], vec![keep()], "gone-policy"),
        ("the policy of an API", vec![("A", api(true))], vec![("A", api(false))], "new-access"),
        ("an API", vec![keep(), ("A", api(true))], vec![keep()], "gone-policy"),
        ("a bucket's Deny", vec![b(), ("P", bucket(&[anybody(deny())]))], vec![b()], "new-access"),
        ("a bucket with its Deny", vec![b(), keep(), ("P", bucket(&[anybody(deny())]))], vec![keep()], "gone-policy"),
        ("a bucket's Allow", vec![b(), ("P", bucket(&[anybody(statement("Allow", "s3:*"))]))], vec![b()], "gone-policy"),
        ("a topic's Deny", vec![keep(), ("P", of_topic(&[anybody(deny())]))], vec![keep()], "new-access"),
        ("a managed policy", vec![keep(), ("P", managed(&[statement("Allow", "s3:*")]))], vec![keep()], "gone-policy"),
        ("a managed Deny", vec![keep(), ("P", managed(&[statement("Allow", "s3:*"), deny()]))], vec![keep()], "new-access"),
    ] {
        let (code, found) = change(&vec![file("t.json", &template(&before))], &vec![file("t.json", &template(&after))], false);
        assert_eq!((code, rules(&found)), (i32::from(expected == "new-access"), vec![expected]), "{what}: {found:?}");
        assert_eq!(found[0]["path"], "t.json", "{what}: {found:?}");
    }
    for (document, expected) in [(allow("s3:*"), "gone-policy"), (policy(&[deny()]), "new-access")] {
        let (code, found) = change(&vec![file("p.json", &document)], &vec![file("other.txt", &json!(1))], false);
        assert_eq!((code, rules(&found)), (i32::from(expected == "new-access"), vec![expected]), "{found:?}");
        assert_eq!(found[0]["path"], "p.json", "{found:?}");
    }
}

/// A boundary that goes, changes or comes, and policies that are attached by name.
#[test]
fn boundaries_and_attachments_are_compared_too() {
    let user = |more: Value| template(&[("U", json!({"Type": "AWS::IAM::User", "Properties": more}))]);
    let bounded = |name: &str| json!({"PermissionsBoundary": format!("arn:aws:iam::111122223333:policy/{name}")});
    let attached = |names: &[&str]| json!({"ManagedPolicyArns": names.iter().map(|name| format!("arn:aws:iam::aws:policy/{name}")).collect::<Vec<_>>()});
    for (before, after, expected) in [
        (bounded("a"), bounded("a"), vec![]),
        (bounded("a"), json!({}), vec!["new-access"]),
        (bounded("a"), bounded("b"), vec!["undecided"]),
        (json!({}), bounded("b"), vec![]),
        (attached(&["ReadOnlyAccess"]), attached(&["ReadOnlyAccess"]), vec![]),
        (attached(&["ReadOnlyAccess"]), attached(&["PowerUserAccess", "ReadOnlyAccess"]), vec!["undecided"]),
        (attached(&["ReadOnlyAccess"]), attached(&[]), vec![]),
    ] {
        let (code, found) =
            change(&vec![file("t.json", &user(before.clone()))], &vec![file("t.json", &user(after.clone()))], false);
        assert_eq!(rules(&found), expected, "{before} {after}: {found:?}");
        let code_of = |rule: &str| if rule == "new-access" { 1 } else { 3 };
        assert_eq!(code, expected.first().map_or(0, |rule| code_of(rule)), "{before} {after}");
    }
}

/// A Deny that goes while its policy stays: what the policy grants itself counts, what others may grant is a warning.
#[test]
fn a_deny_that_a_policy_loses_is_told() {
    let both = |action: &str, denied: &str| policy(&[statement("Allow", action), statement("Deny", denied)]);
    for (before, after, expected) in [
        (both("s3:*", "iam:*"), allow("s3:*"), vec!["lost-deny"]),
        (both("s3:*", "iam:*"), both("s3:*", "iam:Create*"), vec!["lost-deny"]),
        (both("s3:*", "iam:Create*"), both("s3:*", "iam:*"), vec![]),
        (both("s3:*", "s3:DeleteBucket"), allow("s3:*"), vec!["new-access"]),
        (both("s3:*", "iam:*"), policy(&[statement("Deny", "iam:*"), statement("Allow", "s3:*")]), vec![]),
        (both("s3:*", "iam:*"), policy(&[statement("Deny", "iam:*"), statement("Deny", "sqs:*")]), vec![]),
    ] {
        let (code, found) = change(&vec![file("p.json", &before)], &vec![file("p.json", &after)], false);
        assert_eq!(rules(&found), expected, "{before} {after}: {found:?}");
        assert_eq!(code, i32::from(expected == ["new-access"]), "{before} {after}");
    }
}

/// A policy under a condition that was not there, or not under it any more: what it grants, or limits, may be new.
#[test]
fn conditions_of_a_template_are_compared_too() {
    let with = |condition: Option<&str>, value: &Value| {
        let mut one = json!({"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": value}});
        if let Some(name) = condition {
            one["Condition"] = json!(name);
        }
        let mut all = template(&[("P", one)]);
        all["Parameters"] = json!({"E": {"Type": "String"}});
        all["Conditions"] = json!({"Dev": {"Fn::Equals": [{"Ref": "E"}, "dev"]}, "Prod": {"Fn::Equals": [{"Ref": "E"}, "prod"]}});
        all
    };
    let grants = allow("s3:*");
    let limits = policy(&[statement("Allow", "s3:*"), statement("Deny", "s3:Delete*")]);
    for (value, before, after, told) in [
        (&grants, Some("Dev"), Some("Dev"), false),
        (&grants, None, None, false),
        // It was there whenever it is.
        (&grants, None, Some("Dev"), false),
        (&grants, Some("Dev"), None, true),
        (&grants, Some("Dev"), Some("Prod"), true),
        (&limits, None, Some("Dev"), true),
        (&limits, Some("Dev"), Some("Dev"), false),
    ] {
        let (code, found) = change(&vec![file("t.json", &with(before, value))], &vec![file("t.json", &with(after, value))], true);
        let is_told = rules(&found).iter().any(|rule| ["undecided", "new-access"].contains(rule));
        assert_eq!((is_told, code != 0), (told, told), "{before:?} {after:?} {value}: {found:?}");
    }
}

/// What is gone stands nowhere: no comment approves it, and no module's name makes it a data source.
#[test]
fn neither_a_comment_nor_a_name_hides_what_is_gone() {
    let scp = |name: &str| {
        let own = json!({"Type": "AWS::Organizations::Policy", "Properties": {"Name": name, "Type": "SERVICE_CONTROL_POLICY", "Content": policy(&[statement("Deny", "s3:*")]), "TargetIds": ["ou-1"]}});
        own
    };
    let text = |resources: &[(&str, Value)]| format!("# leastwise: allow new-access: reviewed\n{:#}\n", template(resources));
    let keep = ("R", role(&[("p", "s3:GetObject")]));
    let before = vec![("t.yaml".to_owned(), text(&[("S", scp("s")), keep.clone()]))];
    let (code, found) = change(&before, &vec![("t.yaml".to_owned(), text(&[keep]))], true);
    assert!(code == 1 && rules(&found).contains(&"new-access"), "{found:?}");
    let plan = |scps: &[&str]| {
        let one = |address: &&str| {
            let content = policy(&[statement("Deny", "s3:*")]).to_string();
            let after = json!({"name": "s", "type": "SERVICE_CONTROL_POLICY", "content": content});
            json!({"address": address, "mode": "managed", "type": "aws_organizations_policy", "name": "s",
                "change": {"actions": ["create"], "before": null, "after": after, "after_unknown": {}}})
        };
        json!({"format_version": "1.2", "resource_changes": scps.iter().map(one).collect::<Vec<_>>()}).to_string()
    };
    for module in ["module.x", "module.data", "module.a[\"b.c\"].module.data"] {
        let address = format!("{module}.aws_organizations_policy.s");
        let before = vec![("plan.json".to_owned(), plan(&[&address, "aws_organizations_policy.t"]))];
        let (code, found) = change(&before, &vec![("plan.json".to_owned(), plan(&["aws_organizations_policy.t"]))], true);
        assert!(code == 1 && rules(&found).contains(&"new-access"), "{module}: {found:?}");
    }
}

/// What only CloudFormation can make of a template is said, whatever it may make; files that other tools pass over are read.
#[test]
fn what_is_made_elsewhere_and_what_others_ignore_is_looked_at() {
    let found = |path: &str, text: &str, more: &[(&str, &str)]| -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(path), text).unwrap();
        more.iter().for_each(|(path, text)| std::fs::write(folder.path().join(path), text).unwrap());
        rules(&check_in(folder.path(), ".").1).into_iter().map(str::to_owned).collect()
    };
    let each = |resource: Value| template(&[("Fn::ForEach::L", json!(["I", ["a", "b"], {"P${I}": resource}]))]).to_string();
    let permission = json!({"Type": "AWS::Lambda::Permission", "Properties": {"Action": "lambda:InvokeFunction", "FunctionName": "f", "Principal": "*"}});
    let function = json!({"Type": "AWS::Serverless::Function", "Properties": {"FunctionUrlConfig": {"AuthType": "NONE"}}});
    let include = json!({"Name": "AWS::Include", "Parameters": {"Location": "s3://b/k"}});
    let bucket = json!({"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": "b", "Fn::Transform": include}});
    for text in [
        each(permission),
        each(function),
        template(&[("Fn::Transform", include)]).to_string(),
        template(&[("B", bucket)]).to_string(),
    ] {
        assert!(found("t.json", &text, &[]).contains(&"unresolved-policy".to_owned()), "{text}");
    }
    let plain = template(&[("Fn::ForEach::L", json!(["I", ["a"], {"T${I}": {"Type": "AWS::SNS::Topic", "Properties": {}}}]))]);
    assert!(!found("t.json", &plain.to_string(), &[]).contains(&"unresolved-policy".to_owned()));
    let public = policy(&[json!({"Effect": "Allow", "Action": "*", "Resource": "*"})]).to_string();
    assert!(found("b.json", &public, &[(".ignore", "b.json\n")]).contains(&"administrator".to_owned()));
}

/// A policy that says the same grants more to whom it is attached newly, and limits less whom it is not attached to any more.
#[test]
fn to_whom_a_policy_applies_is_compared_too() {
    let managed = |roles: &[&str]| {
        let own = json!({"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": allow("s3:*"), "Roles": roles}});
        template(&[("P", own)])
    };
    let control = |targets: &[&str]| {
        let content = policy(&[statement("Deny", "s3:*")]);
        let own = json!({"Name": "s", "Type": "SERVICE_CONTROL_POLICY", "Content": content, "TargetIds": targets});
        template(&[("S", json!({"Type": "AWS::Organizations::Policy", "Properties": own}))])
    };
    for (before, after, rule) in [
        (managed(&["a"]), managed(&["a", "b"]), Some("undecided")),
        (managed(&["a", "b"]), managed(&["b", "a"]), None),
        (managed(&["a", "b"]), managed(&["a"]), None),
        (control(&["ou-1", "ou-2"]), control(&["ou-1"]), Some("new-access")),
        (control(&["ou-1"]), control(&["ou-1", "ou-2"]), None),
    ] {
        let (code, found) = change(&vec![file("t.json", &before)], &vec![file("t.json", &after)], true);
        assert_eq!(rules(&found).first().copied(), rule, "{before} {after}: {found:?}");
        assert_eq!(code != 0, rule.is_some(), "{found:?}");
    }
}

/// What SAM's globals say of functions counts for each.
#[test]
fn the_globals_of_a_template_count() {
    let with = |globals: Value| {
        let mut all = template(&[("F", json!({"Type": "AWS::Serverless::Function", "Properties": {"Handler": "h"}}))]);
        all["Globals"] = json!({"Function": globals});
        all["Transform"] = json!("AWS::Serverless-2016-10-31");
        all
    };
    let bounded = with(json!({"PermissionsBoundary": "arn:aws:iam::111122223333:policy/b"}));
    let (code, found) = change(&vec![file("t.json", &bounded)], &vec![file("t.json", &with(json!({})))], true);
    assert!(code == 1 && rules(&found) == ["new-access"], "{found:?}");
    let open = with(json!({"FunctionUrlConfig": {"AuthType": "NONE"}}));
    let (code, found) = change(&vec![file("t.json", &with(json!({})))], &vec![file("t.json", &open)], true);
    assert!(code == 1 && rules(&found).contains(&"new-access"), "{found:?}");
}

/// A revision of which git lacks a file, as a partial clone does, is not one that had no such file.
#[test]
fn a_file_that_git_lacks_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("p.json"), policy(&[statement("Deny", "s3:*")]).to_string()).unwrap();
    git(folder.path(), &["init", "-q"]);
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "-q", "-m", "before"]);
    let id = Command::new("git").current_dir(folder.path()).args(["rev-parse", "HEAD:p.json"]).output().unwrap().stdout;
    let id = String::from_utf8(id).unwrap();
    let (start, rest) = id.trim().split_at(2);
    std::fs::remove_file(folder.path().join(".git/objects").join(start).join(rest)).unwrap();
    std::fs::remove_file(folder.path().join("p.json")).unwrap();
    let ran = Command::new(env!("CARGO_BIN_EXE_leastwise"))
        .current_dir(folder.path())
        .args(["check", ".", "--against", "HEAD"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(ran.status.code() == Some(2) && said.contains("git does not give what it holds"), "{said}");
}
