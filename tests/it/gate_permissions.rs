//! Permissions that stand beside policies: each combination of who may, under which conditions, in every kind of file, gets the
//! same answer as the policy that AWS makes of it.

use serde_json::{Value, json};
use std::process::Command;

const CONFIG: &str = "[trusted]\naccounts = [\"111122223333\"]\norganizations = [\"o-a1b2c3d4e5\"]\n";

/// The findings of a file, as rules, and the whole.
fn check(text: &str, more: &[&str]) -> (i32, Vec<String>, Value) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("leastwise.toml"), CONFIG).unwrap();
    std::fs::write(folder.path().join("f.json"), text).unwrap();
    let args = [&["check", "f.json", "--format", "json", "--account-id", "111122223333"], more].concat();
    let ran = Command::new(env!("CARGO_BIN_EXE_leastwise")).current_dir(folder.path()).args(args).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    let value: Value = serde_json::from_slice(&ran.stdout).unwrap_or_else(|_| panic!("{text}: {said}"));
    let all = value["findings"].as_array().unwrap();
    let mut rules: Vec<String> =
        all.iter().map(|one| one["rule"].as_str().unwrap().to_owned()).filter(|one| one != "assumption").collect();
    rules.sort();
    (ran.status.code().unwrap(), rules, value)
}

fn template(resources: Value) -> String {
    json!({"AWSTemplateFormatVersion": "2010-09-09", "Parameters": {"Who": {"Type": "String"}, "Stage": {"Type": "String"}},
        "Conditions": {"C": {"Fn::Equals": [{"Ref": "Stage"}, "x"]}}, "Resources": resources})
    .to_string()
}

fn plan(resources: &[(&str, &str, Value, Value)]) -> String {
    let change = |(name, of, after, unknown): &(&str, &str, Value, Value)| {
        json!({"address": format!("{of}.{name}"), "mode": "managed", "type": of, "name": name,
            "change": {"actions": ["create"], "after": after, "after_unknown": unknown}})
    };
    json!({"format_version": "1.2", "resource_changes": resources.iter().map(change).collect::<Vec<_>>()}).to_string()
}

fn state(of: &str, attributes: &Value) -> String {
    json!({"version": 4, "terraform_version": "1.9", "serial": 1, "lineage": "l", "resources": [
        {"mode": "managed", "type": of, "name": "p", "instances": [{"attributes": attributes}]}]})
    .to_string()
}

/// Who may, with what else, and what is found.
type Case = (&'static str, Vec<(&'static str, &'static str)>, &'static str);

fn cases() -> Vec<Case> {
    let none = Vec::new;
    vec![
        ("*", none(), "public-access"),
        ("*", vec![("PrincipalOrgID", "o-a1b2c3d4e5")], ""),
        ("*", vec![("PrincipalOrgID", "o-zzzzzzzzzz")], "outside-access"),
        ("*", vec![("SourceAccount", "111122223333")], ""),
        ("*", vec![("FunctionUrlAuthType", "NONE")], "public-access"),
        ("*", vec![("FunctionUrlAuthType", "AWS_IAM")], "public-access"),
        ("111122223333", none(), ""),
        ("444455556666", none(), "outside-access"),
        ("arn:aws:iam::444455556666:role/r", none(), "outside-access"),
        ("arn:aws:iam::111122223333:role/r", none(), ""),
        ("sns.amazonaws.com", none(), "outside-access"),
        ("sns.amazonaws.com", vec![("SourceArn", "arn:aws:sns:us-east-1:111122223333:t")], ""),
        ("sns.amazonaws.com", vec![("SourceArn", "arn:aws:sns:us-east-1:444455556666:t")], "outside-access"),
        ("s3.amazonaws.com", vec![("SourceArn", "arn:aws:s3:::b"), ("SourceAccount", "111122223333")], ""),
    ]
}

#[test]
fn a_permission_means_the_policy_that_aws_makes_of_it() {
    for (principal, more, expected) in cases() {
        let mut properties = json!({"Action": "lambda:InvokeFunction", "FunctionName": "f", "Principal": principal});
        more.iter().for_each(|(name, value)| properties[*name] = json!(value));
        let snake = |name: &str| match name {
            "PrincipalOrgID" => "principal_org_id".to_owned(),
            other => other.chars().enumerate().fold(String::new(), |out, (at, c)| {
                if c.is_ascii_uppercase() && at > 0 {
                    format!("{out}_{}", c.to_ascii_lowercase())
                } else {
                    format!("{out}{}", c.to_ascii_lowercase())
                }
            }),
        };
        let attributes: serde_json::Map<String, Value> =
            properties.as_object().unwrap().iter().map(|(name, value)| (snake(name), value.clone())).collect();
        let attributes = Value::Object(attributes);
        for text in [
            template(json!({"P": {"Type": "AWS::Lambda::Permission", "Properties": properties}})),
            plan(&[("p", "aws_lambda_permission", attributes.clone(), json!({}))]),
            state("aws_lambda_permission", &attributes),
        ] {
            let (code, rules, found) = check(&text, &[]);
            assert_eq!(rules.join(" "), expected, "{principal} {more:?}: {found}");
            assert_eq!(code, i32::from(!expected.is_empty()), "{found}");
        }
    }
}

#[test]
fn layers_buses_and_urls_are_permissions_too() {
    let layer = |more: Value| {
        let mut one = json!({"Action": "lambda:GetLayerVersion", "LayerVersionArn": "arn:aws:lambda:us-east-1:111122223333:layer:l:1", "Principal": "*"});
        more.as_object().unwrap().iter().for_each(|(name, value)| one[name] = value.clone());
        template(json!({"L": {"Type": "AWS::Lambda::LayerVersionPermission", "Properties": one}}))
    };
    let bus = |properties: Value| template(json!({"E": {"Type": "AWS::Events::EventBusPolicy", "Properties": properties}}));
    let organization = json!({"Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": "o-a1b2c3d4e5"});
    let whole = |principal: &str| json!({"StatementId": "s", "Statement": {"Effect": "Allow", "Principal": principal, "Action": "events:PutEvents", "Resource": "arn:aws:events:us-east-1:111122223333:event-bus/default"}});
    let url = |auth: Value| {
        template(json!({"F": {"Type": "AWS::Serverless::Function", "Properties": {"FunctionUrlConfig": {"AuthType": auth}}}}))
    };
    let bus_of = |more: Value| plan(&[("e", "aws_cloudwatch_event_permission", more, json!({}))]);
    for (text, expected) in [
        (layer(json!({})), "public-access"),
        (layer(json!({"OrganizationId": "o-a1b2c3d4e5"})), ""),
        (layer(json!({"Principal": "444455556666"})), "outside-access"),
        (bus(json!({"StatementId": "s", "Action": "events:PutEvents", "Principal": "*"})), "public-access"),
        (bus(json!({"StatementId": "s", "Action": "events:PutEvents", "Principal": "*", "Condition": organization})), ""),
        (bus(json!({"StatementId": "s", "Action": "events:PutEvents", "Principal": "444455556666"})), "outside-access"),
        (bus(whole("*")), "public-access"),
        (bus(json!({"StatementId": "s", "Statement": whole("*")["Statement"].to_string()})), "public-access"),
        (url(json!("NONE")), "public-access"),
        (url(json!("AWS_IAM")), ""),
        (bus_of(json!({"principal": "*", "statement_id": "s"})), "public-access"),
        (
            bus_of(
                json!({"principal": "*", "statement_id": "s", "condition": [{"type": "StringEquals", "key": "aws:PrincipalOrgID", "value": "o-a1b2c3d4e5"}]}),
            ),
            "",
        ),
        (bus_of(json!({"principal": "111122223333", "statement_id": "s", "condition": []})), ""),
        (
            plan(&[("u", "aws_lambda_function_url", json!({"function_name": "f", "authorization_type": "NONE"}), json!({}))]),
            "public-access",
        ),
        (
            plan(&[("u", "aws_lambda_function_url", json!({"function_name": "f", "authorization_type": "AWS_IAM"}), json!({}))]),
            "no-policy",
        ),
        (
            plan(&[(
                "l",
                "aws_lambda_layer_version_permission",
                json!({"layer_name": "l", "version_number": 1, "principal": "*", "action": "lambda:GetLayerVersion", "statement_id": "s"}),
                json!({}),
            )]),
            "public-access",
        ),
        // Attachments of policies to queues, topics and buses.
        (
            template(
                json!({"Q": {"Type": "AWS::SQS::QueueInlinePolicy", "Properties": {"Queue": "q", "PolicyDocument": {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}]}}}}),
            ),
            "public-access",
        ),
        (
            template(
                json!({"T": {"Type": "AWS::SNS::TopicInlinePolicy", "Properties": {"TopicArn": "t", "PolicyDocument": {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": "*"}]}}}}),
            ),
            "public-access",
        ),
        (
            template(
                json!({"R": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryPolicyText": {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}]}}}}),
            ),
            "public-access",
        ),
    ] {
        let (_, rules, found) = check(&text, &[]);
        assert_eq!(rules.join(" "), expected, "{text}: {found}");
    }
}

/// Odd ones: nothing is read as less than it is, and nothing goes without a word.
#[test]
fn odd_permissions_are_read_or_told() {
    let of = |properties: Value| template(json!({"P": {"Type": "AWS::Lambda::Permission", "Properties": properties}}));
    let with =
        |principal: Value| of(json!({"Action": "lambda:InvokeFunction", "FunctionName": {"Ref": "Who"}, "Principal": principal}));
    let both = json!({"Fn::If": ["C", "*", "111122223333"]});
    for (text, expected) in [
        (of(json!({})), "unreadable-policy"),
        (template(json!({"P": {"Type": "AWS::Lambda::Permission"}})), "unreadable-policy"),
        (of(json!({"Action": "lambda:InvokeFunction", "FunctionName": "f"})), "unreadable-policy"),
        (of(json!({"Action": "lambda:InvokeFunction", "Principal": "*"})), "unreadable-policy"),
        (of(json!({"FunctionName": "f", "Principal": "*"})), "unreadable-policy"),
        (with(json!("nobody")), "unreadable-policy"),
        (with(json!({"AWS": "*"})), "unreadable-policy"),
        (with(json!(["*"])), "unreadable-policy"),
        (with(json!({"Fn::GetAtt": ["None", "Arn"]})), "unresolved-policy"),
        (with(json!({"Ref": "Who"})), "undecided"),
        (with(json!({"Ref": "AWS::AccountId"})), ""),
        (with(json!({"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"})), ""),
        (with(both.clone()), "public-access"),
        (with(json!({"Fn::If": ["C", {"Ref": "AWS::NoValue"}, "*"]})), "unreadable-policy"),
    ] {
        let (_, rules, found) = check(&text, &[]);
        assert_eq!(rules.join(" "), expected, "{text}: {found}");
    }
    // Under conditions, several together, by name and by ARN: each stands at its own place.
    let one = |name: Value, principal: &str| json!({"Type": "AWS::Lambda::Permission", "Properties": {"Action": "lambda:InvokeFunction", "FunctionName": name, "Principal": principal}});
    let function = json!({"Type": "AWS::Lambda::Function", "Properties": {"Role": "r"}});
    let mut conditional = one(json!({"Ref": "F"}), "*");
    conditional["Condition"] = json!("C");
    let text = template(
        json!({"F": function, "A": one(json!({"Ref": "F"}), "444455556666"), "B": one(json!({"Fn::GetAtt": ["F", "Arn"]}), "777788889999"), "D": conditional}),
    );
    let (_, rules, found) = check(&text, &[]);
    assert_eq!(rules, ["outside-access", "outside-access", "public-access"], "{found}");
    let policies: Vec<&str> = found["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["policy"].as_str().unwrap())
        .filter(|one| !one.is_empty())
        .collect();
    assert_eq!(policies, ["F.permissions"; 3], "{found}");
    assert_eq!(found["summary"]["policies"], 2, "{found}");
    // What is known only after the apply: whatever it is, nobody is let in but a service; or it is not known.
    let p = |after: Value, unknown: Value| plan(&[("p", "aws_lambda_permission", after, unknown)]);
    let own = json!({"action": "lambda:InvokeFunction", "principal": "sns.amazonaws.com", "source_account": "111122223333"});
    for (text, expected) in [
        (
            p(
                json!({"action": "lambda:InvokeFunction", "function_name": "f", "principal": "apigateway.amazonaws.com"}),
                json!({"source_arn": true}),
            ),
            "undecided",
        ),
        (p(own, json!({"function_name": true, "source_arn": true})), ""),
        (
            p(json!({"action": "lambda:InvokeFunction", "principal": "*", "function_name": "f", "source_arn": null}), json!({})),
            "public-access",
        ),
        (p(json!({"action": "lambda:InvokeFunction", "principal": "*"}), json!({"function_name": true})), "public-access"),
        (p(json!({"action": "lambda:InvokeFunction", "function_name": "f"}), json!({"principal": true})), "undecided"),
        (
            plan(&[("u", "aws_lambda_function_url", json!({"function_name": "f"}), json!({"authorization_type": true}))]),
            "unresolved-policy",
        ),
        (p(json!(null), json!({})), "no-policy"),
    ] {
        let (_, rules, found) = check(&text, &[]);
        assert_eq!(rules.join(" "), expected, "{text}: {found}");
    }
}

/// Access that no policy gives is told, and policies that are attached by an ARN that nobody knows.
#[test]
fn access_without_a_policy_is_told() {
    let notes = |text: &str| {
        let (_, _, found) = check(text, &[]);
        let all = found["findings"].as_array().unwrap().iter();
        all.map(|one| format!("{} {} {}", one["rule"], one["message"], one["notes"])).collect::<String>()
    };
    let planned = |of: &str, after: Value| plan(&[("x", of, after, json!({}))]);
    for (text, part) in [
        (
            template(json!({"B": {"Type": "AWS::S3::Bucket", "Properties": {"AccessControl": "PublicRead"}}})),
            "B has the ACL `PublicRead`",
        ),
        (planned("aws_s3_bucket_acl", json!({"bucket": "b", "acl": "public-read"})), "has the ACL `public-read`"),
        (planned("aws_s3_bucket_acl", json!({"bucket": "b", "access_control_policy": [{"grant": []}]})), "has the ACL"),
        (planned("aws_kms_grant", json!({"key_id": "k", "grantee_principal": "p"})), "a grant of KMS, which is not read"),
        (template(json!({"S": {"Type": "AWS::RAM::ResourceShare", "Properties": {"Name": "n"}}})), "a share of RAM"),
    ] {
        assert!(notes(&text).contains(part), "{text}: {}", notes(&text));
    }
    for text in [
        template(json!({"B": {"Type": "AWS::S3::Bucket", "Properties": {"AccessControl": "Private"}}})),
        planned("aws_s3_bucket_acl", json!({"bucket": "b", "acl": "private", "access_control_policy": []})),
        planned("aws_s3_bucket", json!({"bucket": "b", "acl": null, "grant": []})),
    ] {
        assert!(!notes(&text).contains("ACL"), "{text}: {}", notes(&text));
    }
    // Attached by ARN.
    let attach = |after: Value, unknown: Value, references: Value| {
        let mut plan: Value = serde_json::from_str(&plan(&[
            ("a", "aws_iam_role_policy_attachment", after, unknown),
            (
                "p",
                "aws_iam_policy",
                json!({"name": "p", "policy": "{\"Version\":\"2012-10-17\",\"Statement\":[]}"}),
                json!({"arn": true}),
            ),
        ]))
        .unwrap();
        plan["configuration"] = json!({"root_module": {"resources": [{"address": "aws_iam_role_policy_attachment.a", "expressions": {"policy_arn": {"references": references}}}]}});
        plan.to_string()
    };
    for (text, part) in [
        (
            attach(json!({"role": "r", "policy_arn": "arn:aws:iam::aws:policy/PowerUserAccess"}), json!({}), json!([])),
            "arn:aws:iam::aws:policy/PowerUserAccess is not looked at",
        ),
        (
            attach(json!({"role": "r"}), json!({"policy_arn": true}), json!(["module.m.arn", "module.m"])),
            "known only after the apply, of module.m.arn",
        ),
        (attach(json!({"role": "r"}), json!({"policy_arn": true}), json!(["each.value"])), "known only after the apply"),
        (attach(json!({"role": "r"}), json!({"policy_arn": true}), json!(["aws_iam_policy.p.arn", "aws_iam_policy.p"])), ""),
        (
            attach(json!({"role": "r"}), json!({"policy_arn": true}), json!(["aws_iam_policy.other.arn"])),
            "known only after the apply",
        ),
        (
            template(
                json!({"P": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": {"Version": "2012-10-17", "Statement": []}}}, "R": {"Type": "AWS::IAM::User", "Properties": {"ManagedPolicyArns": [{"Ref": "P"}]}}}),
            ),
            "",
        ),
        (
            template(json!({"R": {"Type": "AWS::IAM::User", "Properties": {"ManagedPolicyArns": [{"Ref": "Who"}]}}})),
            "The attached policy ${Who} is not looked at",
        ),
        (
            template(json!({"R": {"Type": "AWS::IAM::User", "Properties": {"ManagedPolicyArns": {"Ref": "Who"}}}})),
            "The attached policy ${Who} is not looked at",
        ),
        (
            template(
                json!({"R": {"Type": "AWS::SSO::PermissionSet", "Properties": {"CustomerManagedPolicyReferences": [{"Name": "own"}]}}}),
            ),
            "The attached policy own (of the account",
        ),
    ] {
        let said = notes(&text);
        assert_eq!(said.contains("unread-attachment"), !part.is_empty(), "{text}: {said}");
        assert!(said.contains(part), "{text}: {said}");
    }
    // A configuration that asks for a proof has them count.
    let text = template(json!({"R": {"Type": "AWS::IAM::User", "Properties": {"ManagedPolicyArns": [{"Ref": "Who"}]}}}));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("leastwise.toml"), "[severity]\nunread-attachment = \"error\"\n").unwrap();
    std::fs::write(folder.path().join("f.json"), text).unwrap();
    let ran =
        Command::new(env!("CARGO_BIN_EXE_leastwise")).current_dir(folder.path()).args(["check", "f.json"]).output().unwrap();
    assert_eq!(ran.status.code(), Some(1));
}
