//! Policies as files hold them: wherever a policy is embedded its findings stand in the file, whatever a mapping may give
//! counts, and a policy that is attached by name is found or named.

use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

pub(crate) const ADMIN: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// The exit code, and the findings as JSON.
pub(crate) fn check(name: &str, text: &str) -> (i32, Vec<Value>) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), text).unwrap();
    check_in(folder.path(), name)
}

/// The same of what stands in a folder.
pub(crate) fn check_in(folder: &Path, path: &str) -> (i32, Vec<Value>) {
    let ran = Command::new(env!("CARGO_BIN_EXE_leastwise"))
        .current_dir(folder)
        .args(["check", path, "--format", "json"])
        .output()
        .unwrap();
    let value: Value =
        serde_json::from_slice(&ran.stdout).unwrap_or_else(|_| panic!("{path}: {}", String::from_utf8_lossy(&ran.stderr)));
    (ran.status.code().unwrap(), value["findings"].as_array().unwrap().clone())
}

/// What stands in a text at a finding's place.
fn at(text: &str, finding: &Value) -> String {
    let number = |end: &str, of: &str| usize::try_from(finding["span"][end][of].as_u64().unwrap()).unwrap();
    let offset = |end: &str| {
        let before: usize = text.lines().take(number(end, "line") - 1).map(|line| line.len() + 1).sum();
        before + number(end, "column") - 1
    };
    text[offset("start")..offset("end")].to_owned()
}

#[test]
fn what_is_found_in_an_embedded_policy_stands_in_its_file() {
    let pretty = serde_json::to_string_pretty(&serde_json::from_str::<Value>(ADMIN).unwrap()).unwrap();
    let indented = |by: usize| pretty.lines().map(|line| format!("{}{line}\n", " ".repeat(by))).collect::<String>();
    let template = |document: Value| {
        json!({"Resources": {"P": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}}}}).to_string()
    };
    let yaml = |written: &str| {
        format!("Resources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument: {written}\n")
    };
    // Where the file has the very text of the policy, the place is that of the statement; else it is all of the text.
    for (name, text, is_exact) in [
        ("plain.json", ADMIN.to_owned(), true),
        ("text.json", json!({"spec": {"policyDocument": ADMIN}}).to_string(), true),
        ("template.json", template(json!(pretty)), false),
        ("sub.json", template(json!({"Fn::Sub": pretty})), false),
        ("literal.yaml", yaml(&format!("|\n{}", indented(8))), true),
        ("deeper.yaml", yaml(&format!("|2\n{}", indented(12))), false),
        ("kept.yaml", yaml(&format!("|+\n{}\n\n", indented(10))), true),
        ("folded.yaml", yaml(&format!(">\n{}", indented(8))), false),
        ("double.yaml", yaml(&json!(ADMIN).to_string()), false),
        ("single.yaml", yaml(&format!("'{ADMIN}'")), false),
        ("called.yaml", yaml(&format!("!Sub |\n{}", indented(8))), true),
        ("operator.yaml", format!("kind: Policy\nspec:\n  name: p\n  policyDocument: |\n{}", indented(4)), true),
        ("operator2.yaml", format!("kind: Policy\nspec:\n  policyDocument: '{ADMIN}'\n"), true),
    ] {
        let (code, findings) = check(name, &text);
        assert_eq!(code, 1, "{name}: {findings:?}");
        let found = findings.iter().find(|one| one["rule"] == "administrator").unwrap_or_else(|| panic!("{name}: {findings:?}"));
        assert_eq!(found["path"], name, "{found}");
        let place = at(&text, found);
        assert!(place.contains("Action") && place.contains('*'), "{name}: {place}");
        let is_statement = place.starts_with('{') && !place.contains("Version");
        assert!(is_statement || !is_exact, "{name}: {place}");
    }
}

#[test]
fn whatever_a_mapping_or_a_parameter_may_give_counts() {
    let template = |leaves: [&str; 2], key: &str, principal: &str| {
        format!(
            "Parameters: {{Stage: {{Type: String}}, Who: {{Type: String, AllowedValues: ['{}', '{}']}}}}\n\
             Mappings: {{Map: {{dev: {{who: '{}'}}, prod: {{who: '{}', other: '*'}}}}}}\n\
             Resources:\n  P:\n    Type: AWS::S3::BucketPolicy\n    Properties:\n      Bucket: b\n      PolicyDocument:\n        \
             Version: '2012-10-17'\n        Statement:\n          - {{Effect: Allow, Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/*', \
             Principal: {{AWS: {principal}}}}}\n# {key}\n",
            leaves[0], leaves[1], leaves[0], leaves[1]
        )
    };
    let (a, b) = ("111122223333", "444455556666");
    for (leaves, principal, expected) in [
        ([a, b], "!FindInMap [Map, !Ref Stage, who]", 0),
        ([a, "*"], "!FindInMap [Map, !Ref Stage, who]", 3),
        (["*", b], "!FindInMap [Map, !Ref 'AWS::Region', who]", 3),
        ([a, b], "!FindInMap [Map, prod, who]", 0),
        ([a, "*"], "!FindInMap [Map, prod, who]", 1),
        ([a, "*"], "!FindInMap [Map, dev, who]", 0),
        ([a, b], "!FindInMap [Map, prod, !Ref Stage]", 3),
        ([a, b], "!Ref Who", 0),
        ([a, "*"], "!Ref Who", 3),
    ] {
        let text = template(leaves, "", principal);
        let (code, findings) = check("t.yaml", &text);
        assert_eq!(code, expected, "{principal} of {leaves:?}: {findings:?}");
    }
}

#[test]
fn a_policy_that_is_attached_by_name_is_found_or_named() {
    let arn = "arn:aws:iam::aws:policy/AdministratorAccess";
    let of = |kind: &str, properties: Value| {
        json!({"Parameters": {"Q": {"Type": "String"}}, "Conditions": {"C": {"Fn::Equals": [{"Ref": "Q"}, "x"]}},
               "Resources": {"R": {"Type": kind, "Properties": properties}}})
        .to_string()
    };
    let chosen = json!({"Fn::If": ["C", [arn], {"Ref": "AWS::NoValue"}]});
    let plan = |kind: &str, after: Value| {
        json!({"format_version": "1.2", "resource_changes": [
            {"address": format!("{kind}.x"), "mode": "managed", "type": kind, "name": "x",
             "change": {"actions": ["create"], "after": after, "after_unknown": {}}}]})
        .to_string()
    };
    for text in [
        of("AWS::IAM::Role", json!({"ManagedPolicyArns": [arn]})),
        of("AWS::IAM::Role", json!({"ManagedPolicyArns": chosen})),
        of("AWS::IAM::Role", json!({"ManagedPolicyArns": [{"Fn::If": ["C", arn, {"Ref": "AWS::NoValue"}]}]})),
        of(
            "AWS::IAM::User",
            json!({"ManagedPolicyArns": [{"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/AdministratorAccess"}]}),
        ),
        of("AWS::IAM::Group", json!({"ManagedPolicyArns": [arn]})),
        of("AWS::SSO::PermissionSet", json!({"ManagedPolicies": [arn]})),
        of("AWS::Serverless::Function", json!({"Policies": "AdministratorAccess"})),
        of("AWS::Serverless::Function", json!({"Policies": ["AdministratorAccess", {"S3ReadPolicy": {"BucketName": "b"}}]})),
        plan("aws_iam_role_policy_attachment", json!({"role": "r", "policy_arn": arn})),
        plan("aws_iam_policy_attachment", json!({"name": "n", "roles": ["r"], "policy_arn": arn})),
        plan("aws_ssoadmin_managed_policy_attachment", json!({"managed_policy_arn": arn, "permission_set_arn": "p"})),
    ] {
        let (code, findings) = check("f.json", &text);
        assert_eq!(code, 1, "{text}: {findings:?}");
        assert!(findings.iter().any(|one| one["rule"] == "administrator"), "{text}: {findings:?}");
    }
    for (text, named) in [
        (of("AWS::Serverless::Function", json!({"Policies": [{"S3ReadPolicy": {"BucketName": "b"}}]})), "S3ReadPolicy"),
        (of("AWS::Serverless::Function", json!({"Policies": ["AmazonS3FullAccess"]})), "AmazonS3FullAccess"),
        (of("AWS::CloudFormation::Stack", json!({"TemplateURL": "https://example.com/t.yaml"})), "the stack R"),
    ] {
        let (_, findings) = check("f.json", &text);
        let told = |one: &Value| one["notes"].to_string().contains(named) || one["message"].to_string().contains(named);
        assert!(findings.iter().any(told), "{text}: {findings:?}");
    }
    // A plan that lists fewer changes than values, and keys with brackets.
    let policy = json!({"address": "aws_iam_policy.p[\"a]b\"]", "mode": "managed", "type": "aws_iam_policy", "name": "p"});
    let with = |more: Value| {
        let mut one = policy.clone();
        more.as_object().unwrap().iter().for_each(|(name, value)| one[name] = value.clone());
        one
    };
    let other = json!({"address": "aws_s3_bucket.b", "mode": "managed", "type": "aws_s3_bucket", "name": "b",
                       "change": {"actions": ["create"], "after": {"bucket": "b"}, "after_unknown": {}}});
    let values = json!({"format_version": "1.2", "resource_changes": [other],
        "planned_values": {"root_module": {"resources": [with(json!({"values": {"policy": ADMIN}}))]}}});
    let (code, findings) = check("plan.json", &values.to_string());
    assert_eq!(code, 1, "{findings:?}");
    let unknown = json!({"format_version": "1.2",
        "resource_changes": [with(json!({"change": {"actions": ["create"], "after": {"name": "p"}, "after_unknown": {"policy": true}}}))],
        "configuration": {"root_module": {"resources": [
            {"address": "aws_iam_policy.p", "type": "aws_iam_policy", "name": "p", "expressions": {"policy": {"references": ["x"]}}}]}}});
    let (code, findings) = check("plan.json", &unknown.to_string());
    assert_eq!(code, 3, "{findings:?}");
}

/// Every place where the Serverless Framework's configuration gives something: growth there is told, and what is the same is not;
/// a variable is a text that stays open, and no policy variable of IAM.
#[test]
fn lists_of_statements_of_the_serverless_framework_are_policies() {
    use crate::gate_against::{change, rules};
    let list = |action: &str, resource: &str| format!("[{{Effect: Allow, Action: '{action}', Resource: '{resource}'}}]");
    let places = [
        "provider:\n  name: aws\n  iamRoleStatements: LIST\n",
        "provider:\n  name: aws\n  iam:\n    role:\n      statements: LIST\n",
        "provider: {name: aws}\nfunctions:\n  f:\n    iamRoleStatements: LIST\n",
        "provider: {name: aws}\nresources:\n  Resources:\n    P: {Type: 'AWS::IAM::ManagedPolicy', Properties: {PolicyDocument: {Statement: LIST}}}\n",
        "provider: {name: aws}\nresources:\n  - Resources:\n      P: {Type: 'AWS::IAM::ManagedPolicy', Properties: {PolicyDocument: {Statement: LIST}}}\n  - ${file(r.yml)}\n",
    ];
    let bucket = "arn:aws:s3:::${self:custom.bucket}/*";
    for place in places {
        let with = |action: &str, resource: &str| {
            vec![("serverless.yml".to_owned(), format!("service: x\n{}", place.replace("LIST", &list(action, resource))))]
        };
        let (code, found) = change(&with("s3:GetObject", bucket), &with("s3:GetObject", bucket), true);
        assert_eq!(code, 0, "{place} {found:#?}");
        for (action, resource) in
            [("s3:*", bucket), ("s3:GetObject", "arn:aws:s3:::${self:custom.other}/*"), ("s3:GetObject", "*")]
        {
            let (code, found) = change(&with("s3:GetObject", bucket), &with(action, resource), true);
            assert!(code == 1 && rules(&found).contains(&"new-access"), "{place} {action} {resource} {found:#?}");
        }
        // A list that stands elsewhere is not made up.
        let elsewhere = vec![("serverless.yml".to_owned(), format!("service: x\n{}", place.replace("LIST", "'${file(s.yml)}'")))];
        let (code, found) = change(&with("s3:GetObject", bucket), &elsewhere, true);
        assert_ne!(code, 0, "{place} {found:#?}");
    }
}

/// What else stands in such a file is a policy as in any other file; and one whose members have another case is not passed over.
#[test]
fn policies_elsewhere_in_a_configuration_and_misspelled_ones_are_found() {
    let rest = [
        format!("custom:\n  policies: {ADMIN}\n"),
        format!("resources:\n  extensions:\n    X: {{Properties: {{PolicyDocument: {ADMIN}}}}}\n"),
        format!("resources:\n  - ${{file(a.yml)}}\n  - Outputs: {{X: {ADMIN}}}\n"),
        format!("functions:\n  f:\n    events: [{{x: {ADMIN}}}]\n"),
    ];
    for part in rest {
        let (code, found) = check("serverless.yml", &format!("service: x\nprovider: {{name: aws}}\n{part}"));
        assert!(code == 1 && found.iter().any(|one| one["rule"] == "administrator"), "{part} {found:#?}");
    }
    for text in [ADMIN.to_lowercase(), ADMIN.replace("Statement", "statement"), ADMIN.to_uppercase()] {
        let (code, found) = check("p.json", &text);
        assert!(code == 1 && found.iter().all(|one| one["rule"] == "unreadable-policy"), "{text} {found:#?}");
    }
}

/// What the file itself says stands in a variable's place, so growth there is told, and a list is read with its wildcards.
#[test]
fn what_a_variable_of_a_serverless_configuration_stands_for_is_read() {
    use crate::gate_against::{change, rules};
    let with = |custom: &str| {
        let provider = "provider:\n  name: aws\n  iam: {role: {statements: [{Effect: Allow, Action: '${self:custom.a}', Resource: '${self:custom.r}'}]}}";
        vec![("serverless.yml".to_owned(), format!("service: x\n{provider}\ncustom: {custom}\n"))]
    };
    let before = with("{a: [sqs:SendMessage, sns:Publish], r: 'arn:aws:s3:::${opt:stage}/*'}");
    let (code, found) = change(&before, &before, true);
    assert_eq!(code, 0, "{found:#?}");
    let (code, found) = change(&before, &with("{a: [sns:Publish], r: 'arn:aws:s3:::${opt:stage}/*', b: 1}"), true);
    assert_eq!(code, 0, "{found:#?}");
    for custom in [
        "{a: [sqs:SendMessage, sns:Publish, kms:Decrypt], r: 'arn:aws:s3:::${opt:stage}/*'}",
        "{a: [sqs:*, sns:Publish], r: 'arn:aws:s3:::${opt:stage}/*'}",
        "{a: [sqs:SendMessage, sns:Publish], r: '*'}",
    ] {
        let (code, found) = change(&before, &with(custom), true);
        assert!(code == 1 && rules(&found).contains(&"new-access"), "{custom} {found:#?}");
    }
    let (code, found) = change(&Vec::new(), &with("{a: ['iam:*'], r: '*'}"), true);
    assert!(code == 1 && found[0]["witness"]["action"].as_str().unwrap().starts_with("iam:"), "{found:#?}");
    assert_eq!(found[0]["span"]["start"]["line"], 5, "where the action is written");
}
