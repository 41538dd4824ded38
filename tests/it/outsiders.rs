//! Who is public, who is outside: documented cases, and no random outside request that refutes a PASS.

use crate::agreement::{dated, generator, is_typed};
use crate::support::{policy, steps};
use leastwise::eval;
use leastwise::question::no_public_access::{RESOURCE_TYPES, ResourceType, no_public_access};
use leastwise::question::outside_access::{Zone, outside_access};
use leastwise::question::{Settings, Verdict};
use leastwise::request::{Principal, Request};
use leastwise::smt;
use serde_json::{Value, json};

fn statement(principal: &Value, condition: &Value) -> Value {
    json!({"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*", "Condition": condition})
}

fn is_public(name: &str, document: &Value, of: &str) -> Option<bool> {
    let access = policy(name, document);
    let outcome = no_public_access(&access, ResourceType::parse(of).unwrap(), &Settings::default()).unwrap();
    match outcome.verdict {
        Verdict::Pass => Some(false),
        Verdict::Fail { .. } => Some(true),
        Verdict::Unknown(why) => panic!("{name}: {why}"),
    }
}

/// The examples of the Amazon S3 User Guide's section on the meaning of "public", and its relatives.
#[test]
fn public_as_block_public_access_has_it() {
    let everyone = json!("*");
    let equals = |key: &str, value: &str| json!({"StringEquals": {key: value}});
    let like = |key: &str, value: &str| json!({"StringLike": {key: value}});
    let ip = |block: &str| json!({"IpAddress": {"aws:SourceIp": block}});
    let cases = [
        ("everyone", everyone.clone(), json!({}), true),
        ("everyone of AWS", json!({"AWS": "*"}), json!({}), true),
        ("an account", json!({"AWS": "111122223333"}), json!({}), false),
        ("a role", json!({"AWS": "arn:aws:iam::111122223333:role/r"}), json!({}), false),
        ("a role of any account", json!({"AWS": "arn:aws:iam::*:role/r"}), json!({}), true),
        ("a service", json!({"Service": "cloudtrail.amazonaws.com"}), json!({}), false),
        ("a web identity provider", json!({"Federated": "graph.facebook.com"}), json!({}), true),
        ("a fixed VPC", everyone.clone(), equals("aws:SourceVpc", "vpc-91237329"), false),
        ("any VPC", everyone.clone(), like("aws:SourceVpc", "vpc-*"), true),
        ("not a VPC", everyone.clone(), json!({"StringNotEquals": {"aws:SourceVpc": "vpc-91237329"}}), true),
        ("a fixed endpoint", everyone.clone(), equals("aws:SourceVpce", "vpce-1"), false),
        ("an organization", everyone.clone(), equals("aws:PrincipalOrgID", "o-a1b2c3d4e5"), false),
        ("any organization", everyone.clone(), like("aws:PrincipalOrgID", "o-*"), true),
        ("an organization, if it exists", everyone.clone(), json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a"}}), true),
        (
            "an organization's path",
            everyone.clone(),
            json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2/r-1/*"}}),
            false,
        ),
        (
            "all paths of an organization",
            everyone.clone(),
            json!({"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2/r-1/*"}}),
            true,
        ),
        ("a principal's account", everyone.clone(), equals("aws:PrincipalAccount", "111122223333"), false),
        (
            "roles of an account",
            everyone.clone(),
            json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}}),
            false,
        ),
        ("a tag", everyone.clone(), equals("aws:PrincipalTag/team", "red"), true),
        ("an address", everyone.clone(), ip("203.0.113.7"), false),
        ("a /8", everyone.clone(), ip("54.0.0.0/8"), false),
        ("a /7", everyone.clone(), ip("54.0.0.0/7"), true),
        ("private addresses", everyone.clone(), ip("10.0.0.0/8"), false),
        ("all addresses", everyone.clone(), ip("0.0.0.0/0"), true),
        ("an IPv6 /32", everyone.clone(), ip("2001:db8::/32"), false),
        ("an IPv6 /31", everyone.clone(), ip("2600::/31"), true),
        ("a source account", everyone.clone(), equals("aws:SourceAccount", "111122223333"), false),
        ("a source ARN", everyone.clone(), json!({"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::mine"}}), false),
        ("a source ARN with a wildcard", everyone.clone(), json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}}), true),
        ("a source ARN from a variable", everyone.clone(), like("aws:SourceArn", "arn:aws:s3:::${aws:referer}"), true),
        ("a user id", everyone.clone(), equals("aws:userid", "AIDAEXAMPLE"), false),
        ("sessions of a role id", everyone.clone(), like("aws:userid", "AROAEXAMPLE:*"), true),
        ("an access point's account", everyone.clone(), equals("s3:DataAccessPointAccount", "111122223333"), false),
        (
            "any access point of an account",
            everyone.clone(),
            like("s3:DataAccessPointArn", "arn:aws:s3:us-east-1:111122223333:accesspoint/*"),
            false,
        ),
        (
            "an access point of any account",
            everyone.clone(),
            like("s3:DataAccessPointArn", "arn:aws:s3:us-east-1:*:accesspoint/*"),
            true,
        ),
        ("only with TLS", everyone.clone(), json!({"Bool": {"aws:SecureTransport": "true"}}), true),
    ];
    for (name, principal, condition, expected) in cases {
        let document = json!({"Version": "2012-10-17", "Statement": [statement(&principal, &condition)]});
        assert_eq!(is_public(name, &document, "AWS::S3::Bucket"), Some(expected), "{name}");
    }
}

#[test]
fn a_deny_that_pins_makes_a_policy_private() {
    let allow = statement(&json!("*"), &json!({}));
    let deny = |more: Value| {
        let mut out = json!({"Effect": "Deny", "Action": "s3:*", "Resource": "*"});
        out.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"Version": "2012-10-17", "Statement": [allow.clone(), out]})
    };
    let outside_vpc = json!({"Principal": "*", "Condition": {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}});
    let outside_org = json!({"Principal": "*", "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}});
    let other_address = json!({"Principal": "*", "Condition": {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}});
    let without_tls = json!({"Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}});
    for (more, expected) in [
        (json!({"NotPrincipal": {"AWS": "123456789012"}}), false),
        (outside_vpc, false),
        (outside_org, false),
        (other_address, false),
        (without_tls, true),
    ] {
        assert_eq!(is_public("deny", &deny(more.clone()), "AWS::S3::Bucket"), Some(expected), "{more}");
    }
}

#[test]
fn trust_policies_and_other_types() {
    let github = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
    let trust = |principal: Value, action: &str, condition: Value| json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": principal, "Action": action, "Condition": condition}});
    let web = "sts:AssumeRoleWithWebIdentity";
    let sub = |pattern: &str| json!({"StringLike": {"token.actions.githubusercontent.com:sub": pattern}});
    for (document, expected) in [
        (trust(json!({"AWS": "*"}), "sts:AssumeRole", json!({})), true),
        (trust(json!({"AWS": "*"}), "sts:AssumeRole", json!({"StringEquals": {"sts:ExternalId": "x"}})), true),
        (trust(json!({"AWS": "111122223333"}), "sts:AssumeRole", json!({})), false),
        (trust(json!({"Service": "ec2.amazonaws.com"}), "sts:AssumeRole", json!({})), false),
        (trust(json!({"Federated": github}), web, json!({})), true),
        (trust(json!({"Federated": github}), web, sub("repo:*")), true),
        (trust(json!({"Federated": github}), web, sub("repo:mine/app:*")), false),
        (trust(json!({"Federated": "arn:aws:iam::111122223333:saml-provider/corp"}), "sts:AssumeRoleWithSAML", json!({})), false),
    ] {
        assert_eq!(is_public("trust", &document, "AWS::IAM::AssumeRolePolicyDocument"), Some(expected), "{document}");
    }
    // A policy that says nothing of the type's service passes, with a note.
    let access = policy("sqs", &json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}}));
    for of in RESOURCE_TYPES {
        let outcome = no_public_access(&access, of, &Settings::default()).unwrap();
        assert_eq!(matches!(outcome.verdict, Verdict::Fail { .. }), of.name == "AWS::SQS::Queue", "{}", of.name);
        assert_eq!(outcome.notes.is_empty(), of.name == "AWS::SQS::Queue", "{}", of.name);
    }
}

fn trust(principal: &Value, condition: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": principal, "Action": "sts:*", "Condition": condition}
    ]})
}

fn is_public_trust(document: &Value) -> Option<bool> {
    is_public("trust", document, "AWS::IAM::AssumeRolePolicyDocument")
}

fn oidc(url: &str) -> Value {
    json!({"Federated": format!("arn:aws:iam::111122223333:oidc-provider/{url}")})
}

/// The table of the IAM User Guide's "Identity-provider controls for shared OIDC providers": the claim that each requires.
#[test]
fn a_shared_provider_is_public_without_the_claim_that_aws_requires() {
    let turbonomic = "rh-oidc.s3.us-east-1.amazonaws.com/22ejnvnnturfmt6km08idd0nt4hekbn7";
    for (url, claim, customer) in [
        ("token.actions.githubusercontent.com", "sub", "repo:mine/app:ref:refs/heads/main"),
        ("vstoken.actions.githubusercontent.com", "sub", "repo:mine/app:ref:refs/heads/main"),
        ("oidc-configuration.audit-log.githubusercontent.com", "sub", "https://github.com/mine"),
        ("gitlab.com", "sub", "project_path:mine/app:ref_type:branch:ref:main"),
        ("app.terraform.io", "sub", "organization:mine:project:p:workspace:w:run_phase:apply"),
        ("agent.buildkite.com", "sub", "organization:mine:pipeline:p:ref:refs/heads/main:commit:c:step:s"),
        ("oidc.codefresh.io", "sub", "account:628a80b693a15c0f9c13ab75:pipeline:p:initiator:x"),
        ("studio.datachain.ai/api", "sub", "credentials:mine/p"),
        ("scalr.io", "sub", "account:mine:environment:e:workspace:w"),
        ("tokens.cloud.shisho.dev", "sub", "job:mine:workflow"),
        ("proidc.upbound.io", "sub", "mcp:mine/plane:provider:provider-aws"),
        (turbonomic, "sub", "system:serviceaccount:mine:t8c"),
        ("api.pulumi.com/oidc", "aud", "aws:mine"),
        ("sandboxes.cloud", "aud", "mine"),
        ("oidc.vercel.com", "aud", "https://vercel.com/mine"),
        ("accounts.google.com", "aud", "66677788899900pro0"),
        ("cognito-identity.amazonaws.com", "aud", "us-east-2:12345678-abcd-abcd-abcd-123456"),
        ("graph.facebook.com", "app_id", "111222333444555"),
        ("www.amazon.com", "app_id", "amzn1.application-oa2-client.example"),
    ] {
        let principals = [oidc(url), oidc(&url.to_uppercase()), json!({"Federated": url}), json!({"Federated": "*"}), json!("*")];
        for principal in principals {
            assert_eq!(is_public_trust(&trust(&principal, &json!({}))), Some(true), "{principal}");
        }
        let with = |operator: &str, claim: &str, value: &str| {
            let condition = json!({operator: {format!("{url}:{claim}"): value}});
            is_public_trust(&trust(&oidc(url), &condition))
        };
        assert_eq!(with("StringEquals", claim, customer), Some(false), "{url}");
        assert_eq!(with("StringLike", claim, customer), Some(false), "{url}");
        assert_eq!(with("ForAnyValue:StringEquals", claim, customer), Some(false), "{url}");
        // Not by an operator that lets in tokens without the claim or of other customers.
        for operator in ["StringNotEquals", "StringEqualsIfExists", "StringLikeIfExists", "ForAllValues:StringEquals"] {
            assert_eq!(with(operator, claim, customer), Some(true), "{url} {operator}");
        }
        let present = json!({"Null": {format!("{url}:{claim}"): "false"}});
        assert_eq!(is_public_trust(&trust(&oidc(url), &present)), Some(true), "{url}");
        // Not by another claim, nor by what is the same for everybody.
        for other in ["aud", "sub", "app_id", "user_id", "id", "amr", "actor"].iter().filter(|other| **other != claim) {
            assert_eq!(with("StringEquals", other, customer), Some(true), "{url} {other}");
        }
        assert_eq!(with("StringEquals", claim, "sts.amazonaws.com"), Some(true), "{url}");
        // Not by a pattern that ends within a customer's name, or before it.
        let end = customer.find("mine").map_or(0, |at| at + 2);
        for pattern in ["*", "?*", "*mine*", &format!("{}*", &customer[..end]), &format!("{}*", &customer[..end.max(2) - 2])] {
            assert_eq!(with("StringLike", claim, pattern), Some(true), "{url} {pattern}");
        }
    }
}

#[test]
fn a_pattern_pins_a_subject_from_the_customer_on() {
    for (url, pattern, expected) in [
        ("token.actions.githubusercontent.com", "repo:mine/*", false),
        ("token.actions.githubusercontent.com", "repo:mine/app:*", false),
        ("token.actions.githubusercontent.com", "repo:mine*", true),
        ("token.actions.githubusercontent.com", "repo:*/app:ref:refs/heads/main", true),
        ("token.actions.githubusercontent.com", "repo:/*", true),
        // Anybody can have subjects start with the environment.
        ("token.actions.githubusercontent.com", "environment:prod:*", true),
        ("token.actions.githubusercontent.com", "environment:prod", true),
        ("app.terraform.io", "organization:mine:*", false),
        ("app.terraform.io", "organization:*:project:p", true),
        ("gitlab.com", "project_path:mine/*", false),
        ("scalr.io", "account:mine:*", false),
        ("proidc.upbound.io", "mcp:mine/*", false),
    ] {
        let condition = json!({"StringLike": {format!("{url}:sub"): pattern}});
        assert_eq!(is_public_trust(&trust(&oidc(url), &condition)), Some(expected), "{url} {pattern}");
        assert_eq!(is_public_trust(&trust(&json!("*"), &condition)), Some(expected), "{url} {pattern}");
        // One value that pins does not save another that does not.
        let either = json!({"StringLike": {format!("{url}:sub"): [pattern, "*"]}});
        assert_eq!(is_public_trust(&trust(&oidc(url), &either)), Some(true), "{url} {pattern}");
    }
}

#[test]
fn providers_pin_by_their_account_where_only_its_people_use_them() {
    let github = "token.actions.githubusercontent.com:sub";
    let any = "arn:aws:iam::111122223333:oidc-provider/*";
    let sentinel = "sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/";
    for (principal, condition, expected) in [
        (oidc("login.example.com"), json!({}), false),
        (oidc("oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"), json!({}), false),
        // A customer's own issuer at a host that has a shared one, too.
        (oidc("oidc.vercel.com/mine"), json!({}), false),
        (json!({"Federated": any}), json!({}), true),
        (json!({"Federated": any}), json!({"StringLike": {github: "repo:mine/*"}}), false),
        (json!({"Federated": "arn:aws:iam::111122223333:oidc-provider/t*"}), json!({}), true),
        (json!({"Federated": "arn:aws:iam::111122223333:oidc-provider/login.example.co?"}), json!({}), true),
        (json!({"Federated": "arn:aws:iam::111122223333:*"}), json!({}), true),
        (json!({"Federated": "arn:aws:iam::*:saml-provider/corp"}), json!({}), true),
        (json!({"Federated": "arn:aws:iam::111122223333:saml-provider/*"}), json!({}), false),
        // The session name that is the control of Microsoft Sentinel's provider is free for everybody else.
        (oidc(sentinel), json!({"StringEquals": {"sts:RoleSessionName": "MicrosoftSentinel_1"}}), true),
        (json!("*"), json!({"StringEquals": {"sts:RoleSessionName": "MicrosoftSentinel_1"}}), true),
    ] {
        assert_eq!(is_public_trust(&trust(&principal, &condition)), Some(expected), "{principal} {condition}");
    }
}

#[test]
fn of_saml_only_the_account_of_the_provider_pins() {
    let anybody = json!({"Federated": "*"});
    for (operator, key, value, expected) in [
        ("StringEquals", "SAML:aud", "https://signin.aws.amazon.com/saml", true),
        ("StringEquals", "SAML:sub", "_cbb88bf52c2510eabe00c1642d4643f41430fe25e3", true),
        ("StringEquals", "SAML:iss", "https://idp.example.com", true),
        ("StringEquals", "SAML:namequalifier", "YWJj", true),
        ("StringEquals", "SAML:doc", "111122223333/corp", false),
        ("StringLike", "SAML:doc", "111122223333/*", false),
        ("StringLike", "SAML:doc", "1111*", true),
        ("StringLike", "SAML:doc", "*/corp", true),
        ("StringEquals", "SAML:doc", "corp", true),
    ] {
        let document = trust(&anybody, &json!({operator: {key: value}}));
        assert_eq!(is_public_trust(&document), Some(expected), "{key} {value}");
    }
}

/// Values that fix nothing, of keys that pin.
#[test]
fn a_value_that_anybody_has_does_not_pin() {
    let mount = "elasticfilesystem:AccessedViaMountTarget";
    for (operator, key, value, expected) in [
        ("Bool", mount, json!("true"), false),
        ("Bool", mount, json!("false"), true),
        ("Bool", mount, json!(["true", "false"]), true),
        ("BoolIfExists", mount, json!("true"), true),
        ("StringEquals", mount, json!("false"), true),
        ("Null", mount, json!("false"), true),
        // Anonymous callers have this id, and this account.
        ("StringEquals", "aws:userid", json!("anonymous"), true),
        ("StringEqualsIgnoreCase", "aws:userid", json!("Anonymous"), true),
        ("StringEquals", "aws:PrincipalAccount", json!("anonymous"), true),
        // A token that the caller supplies, as an external id is.
        ("StringEquals", "lambda:EventSourceToken", json!("amzn1.ask.skill.example"), true),
        // A star that is a character, beside one that is not.
        ("StringLike", "aws:PrincipalOrgPaths", json!(["o-${*}/r-1/*", "o-*/r-1/*"]), true),
    ] {
        let statement = json!({
            "Effect": "Allow", "Principal": "*", "Action": ["elasticfilesystem:ClientMount", "s3:GetObject", "lambda:InvokeFunction"],
            "Resource": "*", "Condition": {operator: {key: value}},
        });
        let document = json!({"Version": "2012-10-17", "Statement": [statement]});
        let public =
            ["AWS::EFS::FileSystem", "AWS::S3::Bucket", "AWS::Lambda::Function"].map(|of| is_public(key, &document, of).unwrap());
        assert_eq!(public, [expected; 3], "{document}");
    }
    for (id, expected) in [("65a011a29cdf8ec533ec3d1ccaae921c".to_owned(), true), ("a1".repeat(32), false)] {
        let document = json!({"Version": "2012-10-17", "Statement": [statement(&json!({"CanonicalUser": id}), &json!({}))]});
        assert_eq!(is_public("canonical user", &document, "AWS::S3::Bucket"), Some(expected), "{id}");
    }
}

#[test]
fn findings_are_complete_and_each_has_a_witness_from_outside() {
    let document = json!({"Version": "2012-10-17", "Statement": [
        statement(&json!({"AWS": ["111122223333", "999999999999", "arn:aws:iam::888888888888:role/r"], "Service": "ec2.amazonaws.com"}), &json!({})),
        statement(&json!("*"), &json!({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})),
        statement(&json!("*"), &json!({"StringEquals": {"aws:PrincipalOrgID": "o-zzzzzzzzzz"}})),
        {"Effect": "Deny", "Principal": {"AWS": "888888888888"}, "Action": "*", "Resource": "*"},
    ]});
    let access = policy("bucket", &document);
    let mut zone = Zone::default();
    zone.trust("111122223333").unwrap();
    zone.trust("o-a1b2c3d4e5").unwrap();
    let outside = outside_access(&access, &zone, &Settings::default()).unwrap();
    let found: Vec<(usize, &str)> =
        outside.findings.iter().map(|finding| (finding.number, finding.principal.1.as_str())).collect();
    assert_eq!(found, [(0, "999999999999"), (0, "ec2.amazonaws.com"), (2, "*")]);
    assert!(outside.findings.iter().all(|finding| !finding.is_public && finding.actions == ["s3:GetObject"]));
    for finding in &outside.findings {
        assert!(eval::allows(&access, &finding.witness));
        assert_ne!(finding.witness.principal.account(), Some("111122223333"));
    }
    assert!(zone.trust("somebody").is_err());
}

/// PASS means that random requests from principals that the policy does not name are denied.
#[test]
fn no_random_outside_request_refutes_a_pass() {
    let mut generator = generator(7);
    let settings = Settings { budget: steps(1_000_000), ..Settings::default() };
    let (mut passed, mut failed) = (0, 0);
    for _ in 0..400 {
        let written = generator.policy(true);
        let access = policy("random", &written);
        for of in ["AWS::S3::Bucket", "AWS::SNS::Topic"].map(|name| ResourceType::parse(name).unwrap()) {
            let prefix = if of.name.contains("S3") { "s3:" } else { "sns:" };
            let verdict = smt::in_fresh_context(|| no_public_access(&access, of, &settings)).unwrap().verdict;
            match verdict {
                Verdict::Fail { .. } => failed += 1,
                Verdict::Unknown(_) => {}
                Verdict::Pass => {
                    passed += 1;
                    for _ in 0..60 {
                        let request = dated(generator.request(true));
                        if !is_typed(&request) {
                            continue;
                        }
                        let outsiders =
                            [Principal::Anonymous, Principal::Aws("arn:aws:iam::555555555555:role/stranger".to_owned())];
                        for principal in outsiders {
                            let mut context = request.context.clone();
                            context.retain(|key, _| {
                                !key.starts_with("aws:principal") && key != "aws:username" && key != "aws:sourceip"
                            });
                            let request = Request::new(principal, &request.action, &request.resource, context);
                            let named = request.context.values().any(|values| values.len() > 1);
                            if request.action.to_ascii_lowercase().starts_with(prefix) && !named {
                                assert!(!eval::allows(&access, &request), "{written}\n{request:?}");
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(passed > 100 && failed > 50, "the generator reaches both: {passed} PASS, {failed} FAIL");
}
