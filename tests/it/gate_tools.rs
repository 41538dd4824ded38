//! Policies as other tools write them: lists of statements without a policy, places that something fills in, variables, what
//! another file has, and what plans and states say of them. None is passed over in silence.

use crate::gate_against::{change, rules};
use crate::gate_sources::{ADMIN, check, check_in};
use serde_json::{Value, json};

const STATEMENT: &str = r#"{"Effect":"Allow","Action":"ACTION","Resource":"*"}"#;

fn has(found: &[Value], rule: &str) -> bool {
    found.iter().any(|one| one["rule"] == rule)
}

/// Growth of a file is told, and what is the same is not.
fn grows(name: &str, with: &dyn Fn(&str) -> String) {
    let of = |action: &str| vec![(name.to_owned(), with(action))];
    let (code, found) = change(&of("s3:GetObject"), &of("s3:GetObject"), true);
    assert_eq!(code, 0, "{name} {} {found:#?}", with("s3:GetObject"));
    let (code, found) = change(&of("s3:GetObject"), &of("s3:*"), true);
    assert!(code == 1 && rules(&found).contains(&"new-access"), "{name} {} {found:#?}", with("s3:*"));
    let (code, found) = change(&of("s3:*"), &of("s3:GetObject"), true);
    assert_eq!(code, 0, "{name} {found:#?}");
}

#[test]
fn statements_without_a_policy_are_policies() {
    let yaml = |indent: usize, action: &str| {
        let pad = " ".repeat(indent);
        format!("{pad}- Effect: Allow\n{pad}  Action: [\"{action}\"]\n{pad}  Resource: \"*\"\n")
    };
    let json = |action: &str| STATEMENT.replace("ACTION", action);
    let kops = |action: &str| {
        format!(
            "apiVersion: kops.k8s.io/v1alpha2\nkind: Cluster\nmetadata: {{name: c}}\nspec:\n  additionalPolicies:\n    node: |\n      [\n        {}\n      ]\n",
            json(action)
        )
    };
    grows("kops.yaml", &kops);
    grows("zappa_settings.json", &|action| format!(r#"{{"dev":{{"extra_permissions":[{}]}}}}"#, json(action)));
    grows("values.yaml", &|action| format!("iam:\n  statements:\n{}", yaml(4, action)));
    grows("list.yml", &|action| yaml(0, action));
    grows("one.json", &json);
    grows("functions.yml", &|action| format!("hello:\n  handler: h\n  iamRoleStatements:\n{}", yaml(4, action)));
    grows("custom-policies.json", &|action| format!(r#"[{{"Action":["{action}"],"Resource":["*"]}}]"#));
    grows("map.yaml", &|action| {
        format!("kind: ConfigMap\nmetadata: {{name: m}}\ndata:\n  p.yaml: |\n    Statement:\n{}", yaml(4, action))
    });
    grows("steps.yml", &|action| {
        format!(
            "service: x\nprovider: {{name: aws}}\nstepFunctions:\n  stateMachines:\n    m:\n      iamRoleStatements:\n{}",
            yaml(8, action)
        )
    });
    let custom = |action: &str| {
        let of =
            json!({"Type": "Custom::X", "Properties": {"Statements": [serde_json::from_str::<Value>(&json(action)).unwrap()]}});
        json!({"Resources": {"C": of}}).to_string()
    };
    grows("custom.json", &custom);
    // A call of an API that a custom resource makes, as CDK writes it.
    let call = |action: &str| {
        let policy = json!({"Statement": [serde_json::from_str::<Value>(&json(action)).unwrap()]}).to_string();
        let create = json!({"service": "IAM", "action": "putRolePolicy", "parameters": {"PolicyDocument": policy}}).to_string();
        json!({"Resources": {"C": {"Type": "Custom::AWS", "Properties": {"Create": create}}}}).to_string()
    };
    grows("call.json", &call);
    // In another form than IAM's: told, not read.
    for text in [
        "kind: BucketPolicy\nspec: {policy: {statements: [{effect: Allow, principal: {allowAnon: true}, action: ['s3:GetObject']}]}}\n",
        "policy:\n  statement:\n    - {effect: allow, action: '*', resource: '*'}\n",
    ] {
        let (code, found) = check("p.yaml", text);
        assert!(code == 3 && has(&found, "unresolved-policy"), "{text} {found:#?}");
    }
    // What has some of the names alone is none.
    let firewall = json!([{"Name": "r", "Action": {"Block": {}}, "Statement": {"RateBasedStatement": {"Limit": 100}}}]);
    let acl = json!({"Resources": {"W": {"Type": "AWS::WAFv2::WebACL", "Properties": {"Rules": firewall}}}});
    for text in [json!({"Rules": firewall}), acl] {
        let (code, found) = check("waf.json", &text.to_string());
        assert!(code == 0 && rules(&found) == ["no-policy"], "{text} {found:#?}");
    }
    for text in
        ["taints: [{Effect: NoSchedule, Key: a}]\n", "rules: [{effect: allow, actions: [read], resources: ['articles:1']}]\n"]
    {
        let (code, found) = check("p.yaml", text);
        assert!(code == 0 && !has(&found, "unresolved-policy"), "{text} {found:#?}");
    }
}

#[test]
fn a_place_that_is_not_filled_in_is_told() {
    let identity = |action: &str, resource: &str| {
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]}).to_string()
    };
    let trust = |principal: &str| {
        let statement = json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": principal}});
        json!({"Version": "2012-10-17", "Statement": statement}).to_string()
    };
    for text in [
        identity("${actions}", "*"),
        identity("{{ action }}", "*"),
        identity("__ACTION__", "*"),
        identity("${service}:*", "*"),
        identity("s3:GetObject", "{{ resource }}"),
        identity("s3:GetObject", "<RESOURCE>"),
        trust("${principal}"),
        trust("{{ role_arn }}"),
    ] {
        let (code, found) = check("p.json", &text);
        assert!(code == 3 && rules(&found) == ["unresolved-policy"], "{text} {found:#?}");
    }
    for text in [
        identity("sqs:*", "arn:aws:sqs:*:*:${aws:username}"),
        identity("new-service:Something", "*"),
        trust("arn:aws:iam::111122223333:role/${aws:username}x").replace("${aws:username}", "a_b"),
    ] {
        let (code, found) = check("p.json", &text);
        assert_eq!(code, 0, "{text} {found:#?}");
    }
    // A part of a configuration that another file has, with its variables.
    let part = "Resources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument: {Statement: [{Effect: Allow, Action: '${self:custom.actions}', Resource: '*'}]}\n";
    let (code, found) = check("part.yml", part);
    assert!(code == 3 && has(&found, "unresolved-policy"), "{found:#?}");
}

#[test]
fn variables_of_the_serverless_framework_are_followed() {
    let with = |action: &str, custom: &str| {
        format!(
            "service: x\nprovider:\n  name: aws\n  stage: ${{opt:stage, 'dev'}}\n  iamRoleStatements: [{{Effect: Allow, Action: {action}, Resource: '*'}}]\ncustom: {custom}\n"
        )
    };
    let by_stage = "'${self:custom.a.${self:provider.stage}}'";
    // The stage that is not the default's counts, too, as do those that a key leads to without one.
    grows("serverless.yml", &|action| with(by_stage, &format!("{{a: {{dev: [s3:GetObject], prod: ['{action}']}}}}")));
    grows("serverless.yml", &|action| with(by_stage, &format!("{{a: {{dev: ['{action}'], prod: [s3:GetObject]}}}}")));
    grows("serverless.yml", &|action| with("'${self:custom.a.${sls:stage}}'", &format!("{{a: {{dev: a:b, prod: '{action}'}}}}")));
    grows("serverless.yml", &|action| {
        with("'s3:${self:custom.a.${sls:stage}}'", &format!("{{a: {{dev: List*, prod: '{}'}}}}", &action[3..]))
    });
    let given = |action: &str| vec![("serverless.yml".to_owned(), with(&format!("\"${{env:ACTIONS, '{action}'}}\""), "{}"))];
    let (code, found) = change(&given("s3:GetObject"), &given("s3:*"), true);
    assert!(code == 1 && rules(&found).contains(&"new-access"), "{found:#?}");
    assert_eq!(change(&given("s3:*"), &given("s3:*"), true).0, 0);
    grows("serverless.yml", &|action| with(&format!("\"${{self:custom.b, '{action}'}}\""), "{}"));
    grows("serverless.yml", &|action| {
        with("'${self:custom.a.${opt:stage}, self:custom.b}'", &format!("{{a: {{dev: [a:b]}}, b: ['{action}']}}"))
    });
    for part in ["iam: '${self:custom.iam}'", "iam: {role: '${self:custom.iam.role}'}"] {
        grows("serverless.yml", &|action| {
            let role = format!("{{role: {{statements: [{}]}}}}", STATEMENT.replace("ACTION", action));
            format!("service: x\nprovider:\n  name: aws\n  {part}\ncustom:\n  iam: {role}\n")
        });
    }
    for functions in ["functions: ['${file(a.yml)}', {f: '${self:custom.f}'}]", "functions: {f: '${self:custom.f}'}"] {
        grows("serverless.yml", &|action| {
            let list = STATEMENT.replace("ACTION", action);
            format!(
                "service: x\nprovider: {{name: aws}}\n{functions}\ncustom: {{f: {{handler: h, iamRoleStatements: [{list}]}}}}\n"
            )
        });
    }
    // Once, wherever the list is written.
    let role = format!(
        "service: x\nprovider: {{name: aws, iamRoleStatements: '${{self:custom.all}}'}}\ncustom: {{all: [{}]}}\n",
        STATEMENT.replace("ACTION", "*")
    );
    let (code, found) = check("serverless.yml", &role);
    assert!(code == 1 && rules(&found) == ["administrator"], "{found:#?}");
    // A list that another file has may be anything.
    for (action, custom) in [
        ("'${file(a.yml):b}'", "{}"),
        ("'${self:custom.b}'", "'${file(a.yml)}'"),
        ("['${self:custom.a.b}']", "{a: '${file(a.yml)}'}"),
    ] {
        let (code, found) = check("serverless.yml", &with(action, custom));
        assert!(code == 3 && has(&found, "unresolved-policy"), "{action} {custom} {found:#?}");
    }
    // What stands elsewhere is named, and `undecided` where it is new.
    let plain = with("s3:ListBucket", "{}");
    for part in [
        "functions: ${file(f.yml)}\n",
        "functions: {f: '${file(f.yml):f}'}\n",
        "resources: ${file(r.yml)}\n",
        "resources: ['${file(r.yml)}']\n",
        "resources: {Resources: '${file(r.yml)}'}\n",
        "resources: {Resources: {R: '${file(r.yml)}'}}\n",
    ] {
        let (code, found) = check("serverless.yml", &format!("{plain}{part}"));
        assert!(code == 0 && has(&found, "assumption"), "{part} {found:#?}");
        let of = |text: &str| vec![("serverless.yml".to_owned(), text.to_owned())];
        let (code, found) = change(&of(&plain), &of(&format!("{plain}{part}")), true);
        assert!(code == 3 && has(&found, "undecided"), "{part} {found:#?}");
        let (code, found) = change(&of(&format!("{plain}{part}")), &of(&format!("{plain}{part}")), true);
        assert_eq!(code, 0, "{part} {found:#?}");
    }
}

#[test]
fn what_a_template_takes_from_elsewhere_is_told() {
    let trust =
        json!({"Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}});
    let include = json!({"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "s3://b/p.yaml"}}});
    let role = |policies: &Value| json!({"Resources": {"R": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust, "Policies": policies}}}});
    for policies in [json!([include]), include.clone()] {
        let (code, found) = check("t.json", &role(&policies).to_string());
        assert!(code == 3 && has(&found, "unresolved-policy"), "{policies} {found:#?}");
    }
    let (code, found) = check("t.json", &role(&json!([{"Ref": "AWS::NoValue"}])).to_string());
    assert_eq!((code, found.len()), (0, 0), "{found:#?}");
    let resource = |of: &str, properties: Value| json!({"Resources": {"R": {"Type": of, "Properties": properties}}});
    let mut top = resource("AWS::S3::Bucket", json!({}));
    top["Fn::Transform"] = include["Fn::Transform"].clone();
    for template in [
        top,
        resource("Acme::Security::Role::MODULE", json!({})),
        resource("AWS::OpenSearchServerless::AccessPolicy", json!({"Policy": "[]"})),
        resource("AWS::ServiceCatalog::CloudFormationProvisionedProduct", json!({})),
    ] {
        let (code, found) = check("t.json", &template.to_string());
        assert!(code == 0 && has(&found, "assumption"), "{template} {found:#?}");
        let of = |template: &Value| vec![("t.json".to_owned(), template.to_string())];
        let (code, found) = change(&of(&resource("AWS::S3::Bucket", json!({}))), &of(&template), true);
        assert!(code == 3 && has(&found, "undecided"), "{template} {found:#?}");
    }
    let statement = json!({"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"});
    for (statements, many) in [(statement.clone(), 1), (json!([statement]), 1)] {
        let auth = json!({"Auth": {"ResourcePolicy": {"CustomStatements": statements}}});
        let (code, found) = check("t.json", &resource("AWS::Serverless::Api", auth).to_string());
        assert!(code == 1 && rules(&found).iter().filter(|rule| **rule == "public-access").count() == many, "{found:#?}");
    }
    // A template inside what the AWS CLI prints and takes.
    let body = "Resources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument: {Statement: {Effect: Allow, Action: !Join ['', ['*']], Resource: '*'}}\n";
    let statement = json!({"Effect": "Allow", "Action": {"Fn::Join": ["", ["*"]]}, "Resource": "*"});
    let object = resource("AWS::IAM::ManagedPolicy", json!({"PolicyDocument": {"Statement": statement}}));
    for body in [json!(body), json!(object.to_string()), object] {
        let (code, found) = check("t.json", &json!({"TemplateBody": body, "StagesAvailable": ["Original"]}).to_string());
        assert!(code == 1 && rules(&found) == ["administrator"], "{body} {found:#?}");
    }
}

#[test]
fn plans_and_states_tell_what_they_used_to_pass_over() {
    let resource = |of: &str, after: Value, unknown: Value| {
        let change = json!({"actions": ["create"], "before": null, "after": after, "after_unknown": unknown});
        json!({"address": format!("{of}.r"), "mode": "managed", "type": of, "name": "r", "change": change})
    };
    let plan = |one: Value| {
        json!({"format_version": "1.2", "resource_changes": [one], "configuration": {"root_module": {}}}).to_string()
    };
    // A configuration does not show `dynamic` blocks.
    for (of, after, unknown) in [
        ("aws_iam_role", json!({"inline_policy": [{"name": "a"}]}), json!({"inline_policy": [{"policy": true}]})),
        ("awscc_iam_role", json!({"policies": [{"policy_name": "a"}]}), json!({"policies": [{"policy_document": true}]})),
        ("awscc_x_y", json!({"rules": [{}]}), json!({"rules": [{"policy_document": true}]})),
    ] {
        let (code, found) = check("plan.json", &plan(resource(of, after, unknown)));
        assert!(code == 3 && rules(&found) == ["unresolved-policy"], "{of} {found:#?}");
    }
    let (code, found) = check("plan.json", &plan(resource("aws_iam_role", json!({}), json!({"inline_policy": true}))));
    assert!(code == 0 && !has(&found, "unresolved-policy"), "{found:#?}");
    for (of, after, rule) in [
        ("awscc_iam_role", json!({"managed_policy_arns": ["arn:aws:iam::aws:policy/AdministratorAccess"]}), "administrator"),
        (
            "awscc_sso_permission_set",
            json!({"managed_policies": ["arn:aws:iam::aws:policy/AdministratorAccess"]}),
            "administrator",
        ),
        (
            "awscc_lambda_permission",
            json!({"action": "lambda:InvokeFunction", "function_name": "f", "principal": "*"}),
            "public-access",
        ),
        ("awscc_lambda_url", json!({"auth_type": "NONE", "target_function_arn": "f"}), "public-access"),
        ("terraform_data", json!({"input": serde_json::from_str::<Value>(ADMIN).unwrap()}), "administrator"),
    ] {
        let (code, found) = check("plan.json", &plan(resource(of, after, json!({}))));
        assert!(code == 1 && has(&found, rule), "{of} {found:#?}");
    }
    let scp = resource("awscc_organizations_policy", json!({"type": "SERVICE_CONTROL_POLICY", "content": ADMIN}), json!({}));
    let (code, found) = check("plan.json", &plan(scp));
    assert_eq!((code, found.len()), (0, 0), "{found:#?}");
    for (of, after) in [
        ("aws_cloudformation_stack", json!({"template_body": format!("{{\"Resources\": {{\"P\": {ADMIN}}}}}")})),
        ("aws_opensearchserverless_access_policy", json!({"policy": "[]"})),
    ] {
        let (code, found) = check("plan.json", &plan(resource(of, after, json!({}))));
        assert!(code == 0 && has(&found, "assumption"), "{of} {found:#?}");
    }
    let old = json!({"version": 3, "terraform_version": "0.11.7", "serial": 1, "modules": [{"path": ["root", "m"], "resources":
        {"aws_iam_policy.p": {"type": "aws_iam_policy", "primary": {"attributes": {"policy": ADMIN}}}}}]});
    let (code, found) = check("terraform.tfstate", &old.to_string());
    assert!(code == 1 && found[0]["policy"] == "module.m.aws_iam_policy.p.policy", "{found:#?}");
    let blocks = json!({"data": {"aws_iam_policy_document": {"d": {"statement": [{"actions": ["*"], "resources": ["*"]}]}}}});
    let (code, found) = check("cdk.json", &blocks.to_string());
    assert!(code == 0 && has(&found, "assumption"), "{found:#?}");
}

#[test]
fn what_other_tools_attach_is_told() {
    let arn = "arn:aws:iam::aws:policy/AdministratorAccess";
    for text in [
        format!(
            "apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\nmanagedNodeGroups: [{{name: x, iam: {{attachPolicyARNs: ['{arn}']}}}}]\n"
        ),
        format!("apiVersion: kops.k8s.io/v1alpha2\nkind: Cluster\nspec: {{externalPolicies: {{node: ['{arn}']}}}}\n"),
        format!("- hosts: a\n  tasks: [{{amazon.aws.iam_role: {{name: r, managed_policies: ['{arn}']}}}}]\n"),
    ] {
        let (code, found) = check("c.yaml", &text);
        assert!(code == 1 && has(&found, "administrator"), "{text} {found:#?}");
        let other = text.replace("AdministratorAccess", "PowerUserAccess");
        let of = |text: &str| vec![("c.yaml".to_owned(), text.to_owned())];
        let (code, found) = change(&of(&text.replace(arn, "arn:aws:iam::aws:policy/ReadOnlyAccess")), &of(&other), true);
        assert!(code == 3 && has(&found, "undecided"), "{text} {found:#?}");
        assert_eq!(change(&of(&other), &of(&other), true).0, 0, "{text}");
    }
    // What the AWS CLI says a policy is.
    let scp = json!({"Policy": {"PolicySummary": {"Type": "SERVICE_CONTROL_POLICY"}, "Content": ADMIN}});
    let endpoint = ADMIN.replace("\"Action\"", "\"Principal\":\"*\",\"Action\"");
    for text in [scp, json!({"VpcEndpoints": [{"VpcEndpointId": "vpce-1", "PolicyDocument": endpoint}]})] {
        let (code, found) = check("p.json", &text.to_string());
        assert_eq!((code, found.len()), (0, 0), "{found:#?}");
    }
}

#[test]
fn files_that_something_fills_in_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let not_read = || -> String {
        let (_, found) = check_in(folder.path(), ".");
        found.iter().filter(|one| one["rule"] == "not-read").map(|one| one["notes"].to_string()).collect()
    };
    write("_helpers.tpl", "{{- define \"name\" -}}x{{- end }}");
    write("index.ts", "export {}");
    assert_eq!(not_read(), "");
    write("p.json.tpl", "{\"Statement\": [{\"Effect\": \"Allow\", \"Action\": ${actions}}]}");
    write("p.jsonnet", "{Statement: [{Effect: 'Allow', Action: 's3:*'}]}");
    write("serverless.ts", "export default {}");
    let said = not_read();
    assert!(["p.json.tpl", "p.jsonnet", "serverless.ts"].iter().all(|name| said.contains(name)), "{said}");
    assert!(!said.contains("helpers") && !said.contains("index"), "{said}");
}

/// A sample of an action says nothing of what it may be.
#[test]
fn an_action_that_a_template_leaves_open_is_no_pass() {
    let with = |head: &str, statements: &str| {
        format!(
            "{head}\nResources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument: {{Version: '2012-10-17', Statement: [{statements}]}}\n"
        )
    };
    let allow = |action: &str| format!("{{Effect: Allow, Action: {action}, Resource: '*'}}");
    let mapping = "Parameters: {E: {Type: String}}\nMappings: {M: {dev: {a: 'iam:CreateAccessKey'}, prod: {a: 's3:ListBucket'}}}";
    let listed = "Parameters: {A: {Type: String, AllowedValues: ['iam:CreateAccessKey', 's3:ListBucket']}}";
    for (head, action) in [(mapping, "[!FindInMap [M, !Ref E, a]]"), (listed, "!Ref A")] {
        let (code, found) = check("t.yaml", &with(head, &allow(action)));
        assert!(code == 1 && has(&found, "privilege-escalation") && !has(&found, "undecided"), "{action} {found:#?}");
        let (code, found) = check("t.yaml", &with(&head.replace("iam:CreateAccessKey", "sqs:SendMessage"), &allow(action)));
        assert_eq!((code, found.len()), (0, 0), "{action} {found:#?}");
    }
    let free = "Parameters: {A: {Type: String}}";
    for action in ["!Ref A", "!Sub '${A}:*'", "['s3:ListBucket', !Ref A]", "'{{resolve:ssm:/actions}}'"] {
        let (code, found) = check("t.yaml", &with(free, &allow(action)));
        assert!(code == 3 && has(&found, "undecided"), "{action} {found:#?}");
    }
    // Where it only adds, or takes away, what is said of the rest holds.
    let (code, found) = check("t.yaml", &with(free, &format!("{}, {}", allow("'*'"), allow("!Ref A"))));
    assert!(code == 1 && has(&found, "administrator"), "{found:#?}");
    let (code, found) =
        check("t.yaml", &with(free, &format!("{}, {{Effect: Deny, Action: !Ref A, Resource: '*'}}", allow("'*'"))));
    assert!(code == 1 && !has(&found, "administrator") && has(&found, "privilege-escalation"), "{found:#?}");
    // The lists of a choice.
    let choice = "Transform: AWS::Serverless-2016-10-31\nParameters: {E: {Type: String}}\nConditions: {D: !Equals [!Ref E, dev]}\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Handler: h\n      Policies: !If [D, [{Statement: [{Effect: Allow, Action: '*', Resource: '*'}]}], []]\n";
    let (code, found) = check("t.yaml", choice);
    assert!(code == 1 && rules(&found) == ["administrator"], "{found:#?}");
}

/// A resource alone, or several by name, is what configurations include (`${file(role.yml)}`): it is read as a template of these.
#[test]
fn resources_without_a_template_are_read_like_those_of_one() {
    let role = |managed: &str, action: &str| {
        json!({"Type": "AWS::IAM::Role", "Properties": {"ManagedPolicyArns": [managed], "Policies": [{"PolicyName": "p",
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action,
                "Resource": {"Fn::Sub": "arn:aws:s3:::${AWS::AccountId}/*"}}]}}]}})
    };
    let administrator = "arn:aws:iam::aws:policy/AdministratorAccess";
    let permission = json!({"Type": "AWS::Lambda::Permission",
        "Properties": {"Action": "lambda:InvokeFunction", "FunctionName": "f", "Principal": "*"}});
    for named in [false, true] {
        let file = |one: &Value| if named { json!({"One": one, "Two": {"Type": "AWS::SQS::Queue"}}) } else { one.clone() };
        let (code, found) = check("role.yml", &file(&role(administrator, "s3:GetObject")).to_string());
        assert!(code == 1 && has(&found, "administrator"), "{found:#?}");
        let (code, found) = check("permission.json", &file(&permission).to_string());
        assert!(code == 1 && has(&found, "public-access"), "{found:#?}");
        let read = "arn:aws:iam::aws:policy/ReadOnlyAccess";
        grows("role.json", &|action| file(&role(read, action)).to_string());
        let of = |managed: &str| vec![("role.json".to_owned(), file(&role(managed, "s3:GetObject")).to_string())];
        let (code, found) = change(&of(read), &of("arn:aws:iam::aws:policy/job-function/Billing"), true);
        assert!(code != 0 && !found.is_empty(), "{found:#?}");
    }
    // What only has such a member is searched as before.
    let (code, found) =
        check("some.json", &json!({"One": permission, "policy": serde_json::from_str::<Value>(ADMIN).unwrap()}).to_string());
    assert!(code == 1 && has(&found, "administrator"), "{found:#?}");
}
