//! `check` over a repository of templates, plans and policies, as a pipeline runs it.

use crate::support::root;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn run(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_leastwise")).current_dir(folder).args(args).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn git(folder: &Path, args: &[&str]) {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"];
    let output = Command::new("git").current_dir(folder).args(identity).args(args).output().unwrap();
    assert!(output.status.success(), "git {args:?}: {}", said(&output));
}

/// A copy of the repository under git: only there its `.gitignore` counts.
fn repository() -> tempfile::TempDir {
    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
            if path.is_dir() { copy(&path, &to.join(name)) } else { std::fs::copy(&path, to.join(name)).map(|_| ()).unwrap() }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    copy(&root().join("fixtures/gate"), folder.path());
    // Ignored here as it is there, so the checkout may lack it.
    let ignored = folder.path().join("node_modules/x");
    std::fs::create_dir_all(&ignored).unwrap();
    std::fs::copy(folder.path().join("policies/admin.json"), ignored.join("policy.json")).unwrap();
    git(folder.path(), &["init", "-q"]);
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "-q", "-m", "all"]);
    folder
}

fn findings(output: &Output) -> Vec<(String, String, String)> {
    let value: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(output)));
    let name = |one: &Value, key: &str| one[key].as_str().unwrap().to_owned();
    let all = value["findings"].as_array().unwrap();
    all.iter().map(|one| (name(one, "path"), name(one, "policy"), name(one, "rule"))).collect()
}

#[test]
fn a_repository_is_checked_with_and_without_its_configuration() {
    let folder = repository();
    let output = run(folder.path(), &["check", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let expected = [
        ("cloudformation/roles.json", "", "assumption"),
        ("cloudformation/roles.json", "Worker.Policies[1].PolicyDocument", "credentials-exposure"),
        ("cloudformation/roles.json", "Worker.Policies[1].PolicyDocument", "privilege-escalation"),
        ("cloudformation/site.yaml", "", "assumption"),
        ("cloudformation/site.yaml", "SitePolicy.PolicyDocument", "public-access"),
        ("policies/admin.json", "", "administrator"),
        ("policies/admin.json", "", "critical-access"),
        ("policies/operator.yaml", "", "data-exposure"),
        ("terraform/plan.json", "aws_kms_key.data.policy", "unresolved-policy"),
        ("terraform/plan.json", "aws_sqs_queue_policy.jobs.policy", "outside-access"),
    ];
    let mut found = findings(&output);
    found.sort();
    let found: Vec<(&str, &str, &str)> = found.iter().map(|(a, b, c)| (a.as_str(), b.as_str(), c.as_str())).collect();
    assert_eq!(found, expected, "{}", text(&output));
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    let of = |rule: &str| value["findings"].as_array().unwrap().iter().find(|one| one["rule"] == rule).unwrap();
    assert_eq!(of("public-access")["approved"], "the website is public");
    assert_eq!(of("administrator")["approved"], "break-glass role, reviewed each quarter");
    assert_eq!(of("privilege-escalation")["notes"][0].as_str().unwrap().split(',').next(), Some("found where IsDev is true"));
    assert_eq!(of("outside-access")["witness"]["action"], "sqs:SendMessage");
    assert_eq!(value["summary"]["policies"], 11);
    // Without the configuration nobody is trusted, nothing critical, nothing approved in it.
    let empty = folder.path().join("empty.toml");
    std::fs::write(&empty, "").unwrap();
    let output = run(folder.path(), &["check", ".", "--rules", "empty.toml", "--format", "json"]);
    let found = findings(&output);
    assert!(found.iter().all(|(_, _, rule)| rule != "critical-access" && rule != "outside-access"), "{found:?}");
    let summary = said(&output);
    assert!(summary.contains("11 policies in 5 files: 2 errors, 3 warnings, 2 notes, 1 approved"), "{summary}");
}

#[test]
fn values_that_are_given_decide_what_was_open() {
    let folder = repository();
    let with = |stage: &str| {
        let output = run(folder.path(), &["check", "cloudformation/roles.json", "--parameter", stage, "--format", "json"]);
        (output.status.code(), findings(&output).len())
    };
    assert_eq!(with("Stage=prod"), (Some(0), 1));
    assert_eq!(with("Stage=dev"), (Some(1), 3));
    let output = run(folder.path(), &["check", "cloudformation", "--parameter", "Stag=dev"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("no template here has a parameter `Stag`"), "{}", said(&output));
    let output = run(folder.path(), &["check", "cloudformation", "--account-id", "12"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("--account-id 12 is not an account id"));
}

#[test]
fn rules_levels_and_baselines_choose_what_counts() {
    let folder = repository();
    let code = |args: &[&str]| run(folder.path(), &[&["check"], args].concat()).status.code();
    assert_eq!(code(&["policies", "--select", "data-exposure"]), Some(0));
    assert_eq!(code(&["policies", "--select", "data-exposure", "--fail-on", "warning"]), Some(1));
    assert_eq!(code(&["policies", "--ignore", "critical-access"]), Some(0));
    assert_eq!(code(&["policies", "--ignore", "critical-acess"]), Some(2));
    assert_eq!(code(&["--write-baseline", "baseline.json"]), Some(0));
    assert_eq!(code(&["--baseline", "baseline.json"]), Some(0));
    assert_eq!(code(&["no-such-folder"]), Some(2));
    let overdue = run(folder.path(), &["check", "policies", "--ignore", "critical-access", "--as-of", "2100-01-01"]);
    assert_eq!(overdue.status.code(), Some(1));
    assert!(text(&overdue).contains("note: it was approved until 2099-01-31: break-glass role"), "{}", text(&overdue));
}

#[test]
fn new_access_of_a_change_is_found_and_approved_in_words() {
    let folder = repository();
    let path = folder.path().join("cloudformation/roles.json");
    let ask = ["check", "--against", "HEAD", "--select", "new-access", "--ignore", "unresolved-policy"];
    let against = |more: &[&str]| run(folder.path(), &[&ask, more].concat());
    assert_eq!(against(&[]).status.code(), Some(0), "{}", text(&against(&[])));
    let before = std::fs::read_to_string(&path).unwrap();
    // Another order, and the same access.
    let same = before.replace(r#"["sqs:ReceiveMessage", "sqs:DeleteMessage"]"#, r#"["sqs:DeleteMessage", "sqs:ReceiveMessage"]"#);
    assert_ne!(before, same);
    std::fs::write(&path, same).unwrap();
    assert_eq!(against(&[]).status.code(), Some(0));
    std::fs::write(&path, before.replace("\"sqs:ReceiveMessage\",", "\"sqs:SendMessage\", \"sqs:ReceiveMessage\",")).unwrap();
    let output = against(&[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output).contains("error[new-access] Worker.Policies[0].PolicyDocument: This policy grants new access."),
        "{}",
        text(&output)
    );
    assert!(text(&output).contains("sqs:SendMessage"), "{}", text(&output));
    let rules = folder.path().join("leastwise.toml");
    let allow = "\n[[allow]]\nrule = \"new-access\"\npolicy = \"Worker.*\"\nreason = \"the worker answers\"\n";
    std::fs::write(&rules, std::fs::read_to_string(&rules).unwrap() + allow).unwrap();
    let output = against(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(text(&output).contains("approved: the worker answers"), "{}", text(&output));
    assert_eq!(run(folder.path(), &["check", "--against", "no-such-branch"]).status.code(), Some(2));
}

/// Each rule finds what it is about, and is silent about a policy that keeps it: policies in one folder, each rule alone.
#[test]
fn every_rule_finds_what_it_is_about() {
    let identity = |statement: &str| format!(r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", {statement}}}]}}"#);
    let bucket = r#""Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*""#;
    let template = |properties: &str| {
        format!(
            r#"{{"AWSTemplateFormatVersion": "2010-09-09", "Resources": {{"R": {{"Type": "AWS::IAM::Role", "Properties": {{{properties}
            "AssumeRolePolicyDocument": {{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Principal": {{"Service": "ec2.amazonaws.com"}}, "Action": "sts:AssumeRole"}}]}}}}}}}}}}"#
        )
    };
    let unknown = r#"{"format_version": "1.2", "resource_changes": [{"address": "aws_kms_key.k", "mode": "managed", "type": "aws_kms_key", "change": {"after": {}, "after_unknown": {"policy": true}}}]}"#;
    let rules = r#"
        [trusted]
        accounts = ["111122223333"]
        [[critical]]
        name = "deleting"
        actions = ["s3:DeleteBucket"]
        [[reference]]
        policy = "most.json"
        paths = ["*bad*", "*good*"]
        [[boundary]]
        policies = ["arn:aws:iam::*:policy/limits"]
        [wildcards]
        actions = "service"
        "#;
    let cases: Vec<(&str, String, String)> = vec![
        (
            "public-access",
            identity(&format!(r#""Principal": "*", {bucket}"#)),
            identity(&format!(r#""Principal": {{"AWS": "111122223333"}}, {bucket}"#)),
        ),
        (
            "outside-access",
            identity(&format!(r#""Principal": {{"AWS": "444455556666"}}, {bucket}"#)),
            identity(&format!(r#""Principal": {{"AWS": "111122223333"}}, {bucket}"#)),
        ),
        (
            "administrator",
            identity(r#""Action": ["s3:*", "*"], "Resource": "*""#),
            identity(r#""NotAction": "iam:*", "Resource": "*""#),
        ),
        (
            "privilege-escalation",
            identity(r#""Action": "iam:CreateAccessKey", "Resource": "*""#),
            identity(r#""Action": "iam:CreateAccessKey", "Resource": "arn:aws:iam::111122223333:user/a""#),
        ),
        ("credentials-exposure", identity(r#""Action": "iam:CreateAccessKey", "Resource": "*""#), identity(bucket)),
        ("data-exposure", identity(r#""Action": "s3:GetObject", "Resource": "*""#), identity(bucket)),
        ("critical-access", identity(r#""Action": "s3:Delete*", "Resource": "*""#), identity(bucket)),
        ("exceeds-reference", identity(r#""Action": "s3:PutObject", "Resource": "*""#), identity(bucket)),
        (
            "missing-boundary",
            template(""),
            template(r#""PermissionsBoundary": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:policy/limits"},"#),
        ),
        (
            "wildcard-action",
            identity(r#""Action": "s3:*", "Resource": "*""#),
            identity(r#""Action": "s3:Get*", "Resource": "*""#),
        ),
        ("unreadable-policy", identity(r#""Action": 7, "Resource": "*""#), identity(bucket)),
        ("unresolved-policy", unknown.to_owned(), identity(bucket)),
        (
            "wrong-policy-type",
            template(
                r#""Policies": [{"PolicyName": "p", "PolicyDocument": {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}]}}],"#,
            ),
            template(""),
        ),
        ("no-policy", r#"{"a": 1}"#.to_owned(), identity(bucket)),
        ("unused-approval", String::new(), String::new()),
        (
            "assumption",
            template("").replace(r#""Resources": {"#, r#""Resources": {"S": {"Type": "AWS::RAM::ResourceShare"}, "#),
            identity(bucket),
        ),
        ("unread-attachment", template(r#""ManagedPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],"#), identity(bucket)),
    ];
    let elsewhere = ["new-access", "undecided", "not-read", "lost-deny", "gone-policy", "new-approval"];
    let tested: Vec<&str> = cases.iter().map(|(rule, ..)| *rule).chain(elsewhere).collect();
    for rule in leastwise::check::rules::RULES {
        assert!(tested.contains(&rule.id), "{} is not tested", rule.id);
    }
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("most.json", &identity(r#""Action": "s3:Get*", "Resource": "*""#));
    for (rule, bad, good) in &cases {
        let approval = "[[allow]]\nrule = \"public-access\"\nreason = \"nothing\"\n";
        let own = if *rule == "unused-approval" { approval } else { "" };
        write("leastwise.toml", &format!("{rules}\n{own}"));
        write("bad.json", if bad.is_empty() { good_policy() } else { bad });
        write("good.json", if good.is_empty() { good_policy() } else { good });
        let found = |file: &str| {
            let output = run(folder.path(), &["check", file, "--format", "json"]);
            findings(&output).into_iter().any(|(_, _, found)| found == *rule)
        };
        if *rule == "unused-approval" {
            // Only where the whole repository is looked at is an approval of nothing told.
            assert!(found(".") && !found("good.json"));
            continue;
        }
        assert!(found("bad.json"), "{rule}: {}", text(&run(folder.path(), &["check", "bad.json"])));
        assert!(!found("good.json"), "{rule}: {}", text(&run(folder.path(), &["check", "good.json"])));
    }
}

fn good_policy() -> &'static str {
    r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}]}"#
}

/// Unknown is not a pass: where nothing fails and something stayed open the exit code says so, unless that is ignored by name.
#[test]
fn what_stays_open_is_not_a_pass() {
    let folder = tempfile::tempdir().unwrap();
    let plan = |of: &str, attribute: &str| {
        let configuration =
            format!(r#"{{"root_module": {{"resources": [{{"address": "{of}.k", "expressions": {{"{attribute}": {{}}}}}}]}}}}"#);
        let change = format!(
            r#"{{"address": "{of}.k", "mode": "managed", "type": "{of}", "change": {{"after": {{}}, "after_unknown": {{"{attribute}": true}}}}}}"#
        );
        let text = format!(r#"{{"format_version": "1.2", "resource_changes": [{change}], "configuration": {configuration}}}"#);
        std::fs::write(folder.path().join("plan.json"), text).unwrap();
        let output = run(folder.path(), &["check", "plan.json", "--format", "json"]);
        let value: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), value["result"].as_str().unwrap().to_owned())
    };
    let unknown = (Some(3), "UNKNOWN".to_owned());
    assert_eq!(plan("aws_kms_key", "policy"), unknown);
    assert_eq!(run(folder.path(), &["check", "plan.json", "--ignore", "unresolved-policy"]).status.code(), Some(0));
    assert_eq!(run(folder.path(), &["check", "plan.json", "--fail-on", "warning"]).status.code(), Some(1));
    // A type that no table knows, under a name that says what it is.
    assert_eq!(plan("aws_something_new", "resource_policy"), unknown);
    assert_eq!(plan("aws_ecr_lifecycle_policy", "policy"), (Some(0), "PASS".to_owned()));
}

/// Policies stand where no table says so, and are not passed over.
#[test]
fn policies_of_unknown_resource_types_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let public = r#"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"s3:GetObject\",\"Resource\":\"*\"}]}"#;
    let rule_of = |text: &str| {
        std::fs::write(folder.path().join("file.json"), text).unwrap();
        let mut found: Vec<String> = findings(&run(folder.path(), &["check", "file.json", "--format", "json"]))
            .into_iter()
            .map(|(_, name, rule)| format!("{name} {rule}"))
            .filter(|one| !one.ends_with("assumption"))
            .collect();
        found.sort();
        found
    };
    let plan = format!(
        r#"{{"format_version": "1.2", "resource_changes": [{{"address": "aws_new.x", "mode": "managed", "type": "aws_new", "change": {{"after": {{"deep": [{{"rules": "{public}"}}]}}, "after_unknown": {{}}}}}}]}}"#
    );
    assert_eq!(rule_of(&plan), ["aws_new.x.deep[0].rules public-access"]);
    let template = |resources: &str| format!(r#"{{"AWSTemplateFormatVersion": "2010-09-09", "Resources": {{{resources}}}}}"#);
    let text = template(&format!(r#""N": {{"Type": "AWS::New::Thing", "Properties": {{"Rules": "{public}"}}}}"#));
    assert_eq!(rule_of(&text), ["N.Rules public-access"]);
    let call = template(&format!(r#""N": {{"Type": "AWS::New::Thing", "Properties": {{"Rules": {{"Fn::Sub": "{public}"}}}}}}"#));
    assert_eq!(rule_of(&call), ["N.Rules public-access"]);
    let each =
        template(r#""Fn::ForEach::Roles": ["Name", ["a", "b"], {"Role${Name}": {"Type": "AWS::IAM::Role", "Properties": {}}}]"#);
    assert_eq!(rule_of(&each), ["Fn::ForEach::Roles unresolved-policy"]);
    let include = template(r#""P": {"Type": "AWS::IAM::Policy", "Properties": {"Fn::Transform": {"Name": "AWS::Include"}}}"#);
    assert_eq!(rule_of(&include), ["P unresolved-policy"]);
    let attached = template(
        r#""R": {"Type": "AWS::IAM::User", "Properties": {"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]}}"#,
    );
    assert_eq!(rule_of(&attached), ["R administrator"]);
}

#[test]
fn every_format_tells_the_same_findings() {
    let folder = repository();
    let formatted = |format: &str| run(folder.path(), &["check", "--format", format]);
    let sarif: Value = serde_json::from_slice(&formatted("sarif").stdout).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 10);
    for result in results {
        let region = &result["locations"][0]["physicalLocation"]["region"];
        assert!(region["startLine"].as_u64() >= Some(1) && region["startColumn"].as_u64() >= Some(1), "{result}");
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(sarif["runs"][0]["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
    }
    let github = text(&formatted("github"));
    assert!(github.contains("::error file=terraform/plan.json,line="), "{github}");
    assert_eq!(github.lines().count(), 9, "eight findings that are not approved, and the summary: {github}");
    let markdown = text(&formatted("markdown"));
    assert!(
        markdown.contains("| error | `outside-access` | `aws_sqs_queue_policy.jobs.policy`<br>`terraform/plan.json:"),
        "{markdown}"
    );
    assert!(markdown.contains("Approved:"), "{markdown}");
    let junit = text(&formatted("junit"));
    assert!(junit.contains("failures=\"3\""), "{junit}");
    assert_eq!(
        text(&formatted("text")).lines().last(),
        Some("11 policies in 5 files: 3 errors, 3 warnings, 2 notes, 2 approved")
    );
}

/// Questions take a policy out of a template, for all values of what it leaves open.
#[test]
fn questions_read_templates_and_plans() {
    let folder = repository();
    let ask = |args: &[&str]| {
        let output = run(folder.path(), args);
        (output.status.code(), text(&output) + &said(&output))
    };
    let bucket = ["--resource-type", "AWS::S3::Bucket"];
    let of = |policy| [&["no-public-access", "cloudformation/site.yaml", "--policy", policy], &bucket[..]].concat();
    let (code, told) = ask(&of("SitePolicy"));
    assert!(code == Some(1) && told.contains("note: found where Site is `example-site`"), "{told}");
    let (code, told) = ask(&of("LogsPolicy"));
    assert!(code == Some(0) && told.contains("it holds whatever the values are of"), "{told}");
    let (code, told) = ask(&["no-public-access", "cloudformation/site.yaml", "--resource-type", "AWS::S3::Bucket"]);
    assert!(
        code == Some(2) && told.contains("holds 2 policies; one is wanted") && told.contains("`LogsPolicy.PolicyDocument`"),
        "{told}"
    );
    let plan = "terraform/plan.json";
    let (code, told) = ask(&["access-not-granted", plan, "--policy", "aws_iam_policy.reader", "--action", "s3:GetObject"]);
    assert!(code == Some(1), "{told}");
    let (code, told) = ask(&["access-not-granted", plan, "--policy", "aws_kms_key.data", "--action", "s3:GetObject"]);
    assert!(code == Some(2) && told.contains("known only after the apply"), "{told}");
    let (code, told) = ask(&["access-not-granted", plan, "--policy", "aws_iam_policy.writer", "--action", "s3:GetObject"]);
    assert!(code == Some(2) && told.contains("the file has no policy `aws_iam_policy.writer`"), "{told}");
    let (code, told) = ask(&["access-not-granted", "policies/admin.json", "--action", "s3:GetObject", "--region", "eu-west-1"]);
    assert!(code == Some(2) && told.contains("no template is given"), "{told}");
    let (code, told) = ask(&["equivalent", "policies/operator.yaml", "policies/operator.yaml"]);
    assert!(code == Some(0), "{told}");
}

/// The plan that AWS's validator for Terraform tests itself with: public are the policies that AWS says are.
#[test]
fn public_policies_of_a_plan_are_those_that_aws_finds() {
    let folder = root().join("fixtures/clients/tf/public_access");
    let output = run(&folder, &["check", "test_plan.json", "--select", "public-access", "--format", "json"]);
    let found = findings(&output);
    let mut found: Vec<&str> = found.iter().map(|(_, name, _)| name.as_str()).filter(|name| !name.starts_with("data.")).collect();
    let expected: Value = serde_json::from_slice(&std::fs::read(folder.join("public_access_findings.json")).unwrap()).unwrap();
    let mut expected: Vec<&str> =
        expected["BlockingFindings"].as_array().unwrap().iter().map(|one| one["policyName"].as_str().unwrap()).collect();
    let resource = |name: &&str| name.rsplit_once('.').map_or("", |(resource, _)| resource).to_owned();
    // AWS's validator reads documents alone, not the permission that lets everybody call a function.
    let all = found.len();
    found.retain(|name| !name.starts_with("lambda_called_from_sns"));
    assert_eq!(found.len() + 1, all);
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found.iter().map(resource).collect::<Vec<_>>(), expected);
}

/// The templates of AWS's validator for CloudFormation: every policy of them is found, and none is lost without a word.
#[test]
fn templates_of_the_validators_are_read() {
    let folder = root().join("fixtures/clients/cfn");
    for (file, policies) in
        [("test_file_2.json", 14), ("bad_template.json", 3), ("public-bucket.yaml", 1), ("check_access_not_granted_test.yaml", 2)]
    {
        let output = run(&folder, &["check", file, "--format", "json"]);
        let value: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(value["summary"]["policies"], policies, "{file}");
        assert!(findings(&output).iter().all(|(_, _, rule)| rule != "unreadable-policy" && rule != "undecided"), "{file}");
    }
}

#[test]
fn files_of_languages_that_are_not_read_are_told_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "resource \"aws_iam_policy\" \"p\" {}\n").unwrap();
    };
    (0..12).for_each(|at| write(&format!("modules/m{at:02}/main.tf")));
    ["terragrunt.hcl", "main.bicep", ".terraform.lock.json"].iter().for_each(|name| write(name));
    let told = [
        "12 Terraform source files were not read: give the output of",
        "1 HCL source file was not read: give the output of",
        "1 Bicep source file was not read: give the JSON that",
        "modules/m09/main.tf",
        "and 2 more",
    ];
    for format in ["text", "json", "sarif", "github", "markdown", "junit"] {
        let output = run(folder.path(), &["check", "--format", format]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        for part in told {
            assert!(text(&output).contains(part), "{format}: {part}\n{}", text(&output));
        }
        assert!(!text(&output).contains("modules/m10"), "{format}");
    }
    // It is a rule like the others: it can weigh more, be left out, and what is excluded is not told.
    assert_eq!(run(folder.path(), &["check", "--fail-on", "note"]).status.code(), Some(1));
    assert_eq!(run(folder.path(), &["check", "--fail-on", "note", "--ignore", "not-read"]).status.code(), Some(0));
    std::fs::write(folder.path().join("leastwise.toml"), "exclude = [\"modules/**\", \"*.hcl\", \"*.bicep\"]\n").unwrap();
    let output = run(folder.path(), &["check", "--fail-on", "note"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}
