//! What the AWS CLI prints around a policy gets the same answer to every question as the bare policy.
//!
//! Every shape that a command prints one policy in (AWS CLI Command Reference, the commands' output), the policy in it as an
//! object, as a text, percent-encoded or with its escapes, around published, random and real policies; every check of
//! `batch`, in every member that takes a policy. Answers must be equal but for the note that says where the policy was.

use crate::agreement::{Random, generator};
use crate::support::{corpus, leastwise, lines};
use serde_json::{Map, Value, json};

/// Every byte but letters and digits, as IAM's API writes policies (RFC 3986).
fn percent_encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// What commands print, by what they print it of. `text` is the policy as they give it.
fn printed(policy: &Value, text: &str) -> Vec<(&'static str, Value)> {
    let arn = "arn:aws:iam::111122223333:role/r";
    let role = |document: Value| {
        let boundary =
            json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": "arn:aws:iam::111122223333:policy/b"});
        json!({"Path": "/", "RoleName": "r", "RoleId": "AROAEXAMPLE", "Arn": arn, "CreateDate": "2026-01-01T00:00:00+00:00",
            "AssumeRolePolicyDocument": document, "Description": "The Statement of who comes in", "MaxSessionDuration": 3600,
            "PermissionsBoundary": boundary, "Tags": [{"Key": "Policy", "Value": "Statement"}]})
    };
    let version = |document: Value| json!({"Document": document, "VersionId": "v3", "IsDefaultVersion": true, "CreateDate": "2026-01-01T00:00:00+00:00"});
    let summary = json!({"Id": "p-1", "Arn": "arn:aws:organizations::1:policy/o-1/service_control_policy/p-1", "Name": "n",
        "Description": "", "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": false});
    let encoded = json!(percent_encoded(text));
    vec![
        ("a text", json!(text)),
        ("a text in a text", json!(json!(text).to_string())),
        ("a percent-encoded text", encoded.clone()),
        ("iam get-policy-version", json!({"PolicyVersion": version(policy.clone())})),
        ("iam GetPolicyVersion", json!({"PolicyVersion": version(encoded.clone())})),
        ("iam get-role-policy", json!({"RoleName": "r", "PolicyName": "p", "PolicyDocument": policy})),
        ("iam GetUserPolicy", json!({"UserName": "u", "PolicyName": "p", "PolicyDocument": encoded})),
        ("iam get-group-policy", json!({"GroupName": "g", "PolicyName": "p", "PolicyDocument": policy})),
        ("iam get-role", json!({"Role": role(policy.clone())})),
        ("iam GetRole", json!({"Role": role(encoded)})),
        ("iam list-roles", json!({"Roles": [role(policy.clone())]})),
        ("s3api get-bucket-policy", json!({"Policy": text})),
        ("kms get-key-policy", json!({"Policy": format!("{policy:#}"), "PolicyName": "default"})),
        ("lambda get-policy", json!({"Policy": text, "RevisionId": "7b6a3b1e"})),
        (
            "sns get-topic-attributes",
            json!({"Attributes": {"Policy": text, "Owner": "111122223333", "SubscriptionsPending": "0",
                "EffectiveDeliveryPolicy": "{\"http\":{\"defaultHealthyRetryPolicy\":{\"numRetries\":3}}}"}}),
        ),
        (
            "sqs get-queue-attributes",
            json!({"Attributes": {"QueueArn": "arn:aws:sqs:us-east-1:111122223333:q", "Policy": text,
                "RedrivePolicy": "{\"maxReceiveCount\":5}"}}),
        ),
        ("secretsmanager get-resource-policy", json!({"ARN": "arn:aws:secretsmanager:x", "Name": "n", "ResourcePolicy": text})),
        ("ecr get-repository-policy", json!({"registryId": "111122223333", "repositoryName": "r", "policyText": text})),
        ("glue get-resource-policy", json!({"PolicyInJson": text, "PolicyHash": "h", "CreateTime": 1, "UpdateTime": 2})),
        ("organizations describe-policy", json!({"Policy": {"PolicySummary": summary, "Content": text}})),
        ("opensearch describe-domain", json!({"DomainStatus": {"DomainName": "d", "AccessPolicies": text}})),
        (
            "opensearch describe-domain-config",
            json!({"DomainConfig": {"AccessPolicies": {"Options": text, "Status": {"State": "Active"}}}}),
        ),
        ("sso-admin get-inline-policy-for-permission-set", json!({"InlinePolicy": text})),
        ("apigateway get-rest-api", json!({"id": "a1", "name": "n", "policy": text.replace('\\', "\\\\").replace('"', "\\\"")})),
        ("ec2 describe-vpc-endpoints", json!({"VpcEndpoints": [{"VpcEndpointId": "vpce-1", "PolicyDocument": text}]})),
        ("efs describe-file-system-policy", json!({"FileSystemId": "fs-1", "Policy": text})),
        (
            "codeartifact get-domain-permissions-policy",
            json!({"policy": {"resourceArn": "a", "revision": "r", "document": text}}),
        ),
        ("events describe-event-bus", json!({"Name": "b", "Arn": "arn:aws:events:x", "Policy": text})),
        ("logs describe-resource-policies", json!({"resourcePolicies": [{"policyName": "n", "policyDocument": text}]})),
        ("ssm get-resource-policies", json!({"Policies": [{"PolicyId": "i", "PolicyHash": "h", "Policy": text}]})),
        ("glacier get-vault-access-policy", json!({"policy": {"Policy": text}})),
        ("ses get-identity-policies", json!({"Policies": {"MyPolicy": text}})),
        ("ram get-resource-policies", json!({"policies": [text]})),
        ("redshift get-resource-policy", json!({"ResourcePolicy": {"ResourceArn": "a", "Policy": text}})),
        ("vpc-lattice get-auth-policy", json!({"policy": text, "state": "Active"})),
        ("cloudtrail get-resource-policy", json!({"ResourceArn": "arn:aws:cloudtrail:x", "ResourcePolicy": text})),
        ("rekognition list-project-policies", json!({"ProjectPolicies": [{"ProjectArn": "a", "PolicyDocument": text}]})),
        ("transfer describe-user", json!({"ServerId": "s", "User": {"Arn": "a", "Policy": text}})),
        ("iot get-policy", json!({"policyName": "n", "policyArn": "a", "policyDocument": text, "defaultVersionId": "1"})),
        (
            "accessanalyzer get-generated-policy",
            json!({"jobDetails": {"jobId": "1"}, "generatedPolicyResult": {"generatedPolicies": [{"policy": text}]}}),
        ),
    ]
}

/// Every question that takes a policy, with `null` where it stands and the bare policy beside it.
fn questions(bare: &Value, of_resource: bool) -> Vec<Value> {
    let (hole, statements) = (json!("HOLE"), json!([{"actions": ["s3:GetObject", "sqs:SendMessage"]}]));
    let request = json!({"principal": "arn:aws:iam::111122223333:user/a", "action": "s3:GetObject",
        "resource": {"arn": "arn:aws:s3:::b/k", "accountId": "111122223333"}});
    let kind = if of_resource { "RESOURCE_POLICY" } else { "IDENTITY_POLICY" };
    let mut out = vec![
        json!({"check": "no-new-access", "existing": hole, "new": bare}),
        json!({"check": "no-new-access", "existing": bare, "new": hole}),
        json!({"check": "access-not-granted", "policy": hole, "access": statements}),
        json!({"check": "equivalent", "a": hole, "b": bare}),
        json!({"check": "diff", "old": bare, "new": hole}),
        json!({"check": "validate", "policy": hole}),
    ];
    if of_resource {
        out.extend([
            json!({"check": "no-public-access", "policy": hole, "resourceType": "AWS::S3::Bucket"}),
            json!({"check": "outside-access", "policy": hole, "trusted": ["111122223333"]}),
            json!({"check": "access-not-granted", "policy": {"resourcePolicy": hole}, "access": statements}),
            json!({"check": "simulate", "request": request, "resourcePolicy": hole}),
        ]);
    } else {
        let unused = json!([{"serviceNamespace": "s3", "actions": ["GetObject"]}]);
        out.extend([
            json!({"check": "refine", "policy": hole, "unused": unused}),
            json!({"check": "verify", "original": hole, "refined": bare, "unused": []}),
            json!({"check": "verify", "original": bare, "refined": hole, "unused": []}),
            json!({"check": "access-not-granted", "policy": {"identityPolicies": [hole], "resourcePolicy": null}, "access": statements}),
            json!({"check": "simulate", "request": request, "identityPolicies": [hole], "permissionBoundaries": [hole]}),
        ]);
    }
    // A member that a check does not read would be told.
    for line in out.iter_mut().filter(|line| ["no-new-access", "validate"].contains(&line["check"].as_str().unwrap())) {
        line["policyType"] = json!(kind);
    }
    out
}

fn filled(line: &Value, with: &Value) -> Value {
    match line {
        Value::String(text) if text == "HOLE" => with.clone(),
        Value::Array(all) => Value::Array(all.iter().map(|one| filled(one, with)).collect()),
        Value::Object(all) => Value::Object(all.iter().map(|(name, one)| (name.clone(), filled(one, with))).collect()),
        other => other.clone(),
    }
}

/// A value without any member that tells a time, and without the places that messages name: `line 3:1:80`.
fn timeless(value: &Value) -> Value {
    match value {
        Value::String(text) if text.contains("line ") => {
            let number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains(':');
            json!(text.split(' ').filter(|word| !number(word.trim_start_matches('('))).collect::<Vec<_>>().join(" "))
        }
        Value::Array(all) => Value::Array(all.iter().map(timeless).collect()),
        Value::Object(all) => {
            let kept = all.iter().filter(|(name, _)| *name != "milliseconds");
            Value::Object(kept.map(|(name, one)| (name.clone(), timeless(one))).collect())
        }
        other => other.clone(),
    }
}

/// An answer without its id and times, and without the note that says where the policy was.
fn essence(answer: &Value) -> Value {
    let mut members: Map<String, Value> = timeless(answer).as_object().unwrap().clone();
    members.remove("id");
    if let Some(warnings) = members.get_mut("warnings").and_then(Value::as_array_mut) {
        warnings.retain(|one| one["code"] != "policy-inside");
        // A place is in the text that the policy stands in.
        for one in warnings.iter_mut().filter_map(Value::as_object_mut) {
            one.retain(|name, _| name != "line" && name != "column");
        }
        if warnings.is_empty() {
            members.remove("warnings");
        }
    }
    // The places of findings are those of the text as it is written, which kms prints with line breaks.
    for finding in members.get_mut("findings").and_then(Value::as_array_mut).into_iter().flatten() {
        for place in finding.get_mut("locations").and_then(Value::as_array_mut).into_iter().flatten() {
            place.as_object_mut().into_iter().for_each(|place| _ = place.remove("span"));
        }
    }
    Value::Object(members)
}

/// Asks about each policy bare and wrapped; of each only some shapes, so many in all that each comes often.
fn law(policies: &[Value], shapes_each: usize, random: &mut Random) {
    let (mut asked, mut what) = (String::new(), Vec::new());
    for policy in policies {
        let text = policy.to_string();
        let of_resource = text.contains("\"Principal\"") || text.contains("\"NotPrincipal\"");
        let mut shapes = printed(policy, &text);
        while shapes.len() > shapes_each {
            shapes.swap_remove(random.below(shapes.len()));
        }
        for question in questions(policy, of_resource) {
            for (name, wrapped) in std::iter::once(("bare", policy.clone())).chain(shapes.iter().cloned()) {
                asked.push_str(&format!("{}\n", filled(&question, &wrapped)));
                what.push((name, question["check"].clone()));
            }
        }
    }
    let (code, out, err) = leastwise(&["batch"], &asked);
    assert_eq!(code, 0, "{err}");
    let answers: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), what.len());
    let (mut bare, mut noted) = (Value::Null, 0);
    for ((name, check), (answer, line)) in what.iter().zip(answers.iter().zip(asked.lines())) {
        if *name == "bare" {
            bare = essence(answer);
            continue;
        }
        // What is refused is refused for the same reason, at another place.
        if let Some(code) = bare.pointer("/error/code") {
            assert_eq!(answer.pointer("/error/code"), Some(code), "{check} of what {name} prints: {line}\n{bare}");
            continue;
        }
        assert_eq!(essence(answer), bare, "{check} of what {name} prints: {line}");
        noted += usize::from(answer.to_string().contains("policy-inside"));
    }
    assert!(noted * 3 > what.len(), "{noted} notes in {} answers", what.len());
}

fn published(name: &str) -> Value {
    let path = crate::support::root().join("fixtures/published").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn every_shape_around_published_policies_gets_the_answers_of_the_bare_policy() {
    let policies = ["checks-one-account.json", "checks-identity.json"].map(published);
    law(&policies, usize::MAX, &mut Random::new(31));
}

#[test]
fn shapes_around_random_policies_get_the_answers_of_the_bare_policy() {
    let (mut generator, mut random) = (generator(32), Random::new(33));
    let policies: Vec<Value> = (0..12).map(|at| generator.small_policy(at % 2 == 0)).collect();
    law(&policies, 4, &mut random);
}

#[test]
fn shapes_around_real_policies_get_the_answers_of_the_bare_policy() {
    let Some(folder) = corpus("shapes_around_real_policies_get_the_answers_of_the_bare_policy") else { return };
    let mut random = Random::new(34);
    let all = lines(&folder.join("sample-policies.jsonl.zst"));
    let usable = |line: &&Value| {
        let text = line["policy"].to_string();
        !line["path"].as_str().unwrap().contains("/azure/") && text.contains("\"Resource\"") && text.len() < 2_000
    };
    let policies: Vec<Value> = all.iter().filter(usable).step_by(12).map(|line| line["policy"].clone()).collect();
    assert!(policies.len() > 20, "{}", policies.len());
    law(&policies, 3, &mut random);
}
