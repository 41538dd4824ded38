//! `check --against`: what a user, role or group has by all its policies together, who got a policy that was there before, and
//! who lost a boundary.

use crate::gate_against::{Files, allow, change, file, policy, rules, statement, template};
use serde_json::{Value, json};

/// The rules of a change of one template, and the exit code.
fn changed(before: &[(&str, Value)], after: &[(&str, Value)]) -> (i32, Vec<String>, String) {
    told(&vec![file("t.json", &template(before))], &vec![file("t.json", &template(after))])
}

fn told(before: &Files, after: &Files) -> (i32, Vec<String>, String) {
    let (code, found) = change(before, after, true);
    (code, rules(&found).into_iter().map(str::to_owned).collect(), format!("{found:#?}"))
}

fn trust() -> Value {
    json!({"Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
}

fn role(policies: &[(&str, Value)], more: &[(&str, Value)]) -> Value {
    let all: Vec<Value> =
        policies.iter().map(|(name, document)| json!({"PolicyName": name, "PolicyDocument": document})).collect();
    let mut own = json!({"AssumeRolePolicyDocument": trust(), "Policies": all});
    more.iter().for_each(|(name, value)| own[*name] = value.clone());
    json!({"Type": "AWS::IAM::Role", "Properties": own})
}

fn managed(document: &Value, more: &[(&str, Value)]) -> Value {
    let mut own = json!({"PolicyDocument": document});
    more.iter().for_each(|(name, value)| own[*name] = value.clone());
    json!({"Type": "AWS::IAM::ManagedPolicy", "Properties": own})
}

fn by(name: &str) -> Value {
    json!({"Ref": name})
}

/// The exit code where this rule is told first.
fn exit_code(rule: &str) -> i32 {
    match rule {
        "new-access" => 1,
        "undecided" => 3,
        _ => 0,
    }
}

/// A managed policy of the same template that somebody gets, in each way that a template can say it.
#[test]
fn who_gets_a_policy_that_was_there_is_told() {
    let arns = |all: &[&str]| ("ManagedPolicyArns", json!(all.iter().map(|one| by(one)).collect::<Vec<_>>()));
    let inline = ("a", allow("s3:GetObject"));
    let with = |r: Value, p: Value| [("R", r), ("P", p)];
    let plain = || role(std::slice::from_ref(&inline), &[]);
    let p = || managed(&allow("iam:*"), &[]);
    for (what, before, after, expected) in [
        ("its own list", with(plain(), p()), with(role(std::slice::from_ref(&inline), &[arns(&["P"])]), p()), "new-access"),
        (
            "the policy's list",
            with(plain(), p()),
            with(plain(), managed(&allow("iam:*"), &[("Roles", json!([by("R")]))])),
            "new-access",
        ),
        ("by name", with(plain(), p()), with(plain(), managed(&allow("iam:*"), &[("Roles", json!(["other"]))])), "undecided"),
        ("it had it", with(role(&[], &[arns(&["P"])]), p()), with(role(&[], &[arns(&["P"])]), p()), ""),
        (
            "the other list",
            with(role(&[], &[arns(&["P"])]), p()),
            with(role(&[], &[]), managed(&allow("iam:*"), &[("Roles", json!([by("R")]))])),
            "",
        ),
        // It had all of that, by another policy.
        (
            "no more",
            with(role(&[("a", allow("iam:*"))], &[]), p()),
            with(role(&[("a", allow("iam:*"))], &[arns(&["P"])]), p()),
            "",
        ),
        ("in its place", with(role(&[("a", allow("iam:*"))], &[]), p()), with(role(&[], &[arns(&["P"])]), p()), "gone-policy"),
        (
            "under a choice",
            with(plain(), p()),
            with(
                role(
                    std::slice::from_ref(&inline),
                    &[("ManagedPolicyArns", json!([{"Fn::If": ["C", by("P"), by("AWS::NoValue")]}]))],
                ),
                p(),
            ),
            "undecided",
        ),
    ] {
        let conditioned = |all: &[(&str, Value)]| {
            let mut one = template(all);
            one["Parameters"] = json!({"E": {"Type": "String"}});
            one["Conditions"] = json!({"C": {"Fn::Equals": [{"Ref": "E"}, "x"]}});
            vec![file("t.json", &one)]
        };
        let (code, found, said) = told(&conditioned(&before), &conditioned(&after));
        let found: Vec<&str> = found.iter().map(String::as_str).filter(|rule| *rule != "assumption").collect();
        assert_eq!(found, if expected.is_empty() { vec![] } else { vec![expected] }, "{what}: {said}");
        assert_eq!(code, exit_code(expected), "{what}");
        if what == "its own list" {
            assert!(said.contains("The policy P is newly attached to this") && said.contains("\"R\""), "{said}");
        }
    }
    // One that has grown and is newly attached is both: who approves the one has not approved the other.
    let (_, found, said) = changed(
        &with(role(&[], &[]), managed(&allow("s3:*"), &[])),
        &with(role(&[], &[arns(&["P"])]), managed(&allow("s*:*"), &[])),
    );
    assert_eq!(found, ["new-access", "new-access"], "{said}");
    // A role that is new, and has what was there for others.
    let (code, found, said) = changed(
        &[("P", p())],
        &[("P", p()), ("U", json!({"Type": "AWS::IAM::User", "Properties": {"ManagedPolicyArns": [by("P")]}}))],
    );
    assert_eq!((code, found), (1, vec!["new-access".to_owned()]), "{said}");
    // And a user that is in a group now.
    let group = |users: Value| {
        [
            ("U", json!({"Type": "AWS::IAM::User", "Properties": users})),
            (
                "G",
                json!({"Type": "AWS::IAM::Group", "Properties": {"Policies": [{"PolicyName": "p", "PolicyDocument": allow("iam:*")}]}}),
            ),
        ]
    };
    let (code, found, said) = changed(&group(json!({"Path": "/"})), &group(json!({"Path": "/", "Groups": [by("G")]})));
    assert_eq!((code, found), (3, vec!["undecided".to_owned()]), "{said}");
}

/// The same in a plan, by names, ARNs and references.
#[test]
fn who_gets_a_policy_in_a_plan_is_told() {
    let change_of = |address: &str, after: Value, unknown: Value| {
        let of = address.split(['.', '[']).next().unwrap();
        json!({"address": address, "mode": "managed", "type": of, "name": "x",
            "change": {"actions": ["create"], "before": null, "after": after, "after_unknown": unknown}})
    };
    let plan = |more: &[Value], configuration: &[Value]| {
        let mut all = vec![
            change_of("aws_iam_role.r", json!({"name": "r", "assume_role_policy": trust().to_string()}), json!({"arn": true})),
            change_of("aws_iam_role.s", json!({"name": "s", "assume_role_policy": trust().to_string()}), json!({"arn": true})),
            change_of("aws_iam_policy.p", json!({"name": "p", "policy": allow("iam:*").to_string()}), json!({"arn": true})),
            change_of(
                "aws_iam_policy.k",
                json!({"name": "k", "policy": allow("sqs:*").to_string(), "arn": "arn:aws:iam::111122223333:policy/k"}),
                json!({}),
            ),
        ];
        all.extend(more.iter().cloned());
        let text = json!({"format_version": "1.2", "resource_changes": all, "configuration": {"root_module": {"resources": configuration}}});
        vec![("plan.json".to_owned(), text.to_string())]
    };
    let attach = |to: &str| change_of("aws_iam_role_policy_attachment.a", json!({"role": to}), json!({"policy_arn": true}));
    let written = |attribute: &str, of: &str| json!({"address": "aws_iam_role_policy_attachment.a", "expressions": {attribute: {"references": [format!("{of}.arn"), of]}}});
    let known = |to: &str| {
        change_of(
            "aws_iam_role_policy_attachment.b",
            json!({"role": to, "policy_arn": "arn:aws:iam::111122223333:policy/k"}),
            json!({}),
        )
    };
    let inline =
        |to: &str| change_of("aws_iam_role_policy.i", json!({"role": to, "policy": allow("sns:*").to_string()}), json!({}));
    let p = written("policy_arn", "aws_iam_policy.p");
    for (what, before, after, expected) in [
        ("an attachment", plan(&[], &[]), plan(&[attach("r")], std::slice::from_ref(&p)), "new-access"),
        ("by its ARN", plan(&[], &[]), plan(&[known("r")], &[]), "new-access"),
        ("to another", plan(&[], &[]), plan(&[known("elsewhere")], &[]), "undecided"),
        ("to another role", plan(&[known("r")], &[]), plan(&[known("s")], &[]), "new-access"),
        ("from there to there", plan(&[known("else")], &[]), plan(&[known("where")], &[]), "undecided"),
        ("an inline policy to another", plan(&[inline("r")], &[]), plan(&[inline("s")], &[]), "new-access"),
        (
            "nothing",
            plan(&[attach("r"), known("s")], std::slice::from_ref(&p)),
            plan(&[attach("r"), known("s")], std::slice::from_ref(&p)),
            "",
        ),
    ] {
        let (code, found, said) = told(&before, &after);
        assert_eq!(found.first().map_or("", String::as_str), expected, "{what}: {said}");
        assert_eq!(code, exit_code(expected), "{what}: {said}");
    }
}

/// Statements that go from one policy of a role to another are no change; what all of them allow more is, and what none denies.
#[test]
fn the_policies_of_a_role_add_up() {
    let both = |statements: &[Value]| policy(statements);
    let (s3, sqs, sns) = (statement("Allow", "s3:*"), statement("Allow", "sqs:*"), statement("Allow", "sns:*"));
    let (no_s3, no_iam) = (statement("Deny", "s3:Delete*"), statement("Deny", "iam:*"));
    let of = |policies: &[(&str, Vec<Value>)]| {
        let all: Vec<(&str, Value)> = policies.iter().map(|(name, statements)| (*name, both(statements))).collect();
        vec![("R", role(&all, &[]))]
    };
    for (what, before, after, expected) in [
        (
            "a swap",
            of(&[("a", vec![s3.clone(), sns.clone()]), ("b", vec![sqs.clone()])]),
            of(&[("a", vec![s3.clone(), sqs.clone()]), ("b", vec![sns.clone()])]),
            vec![],
        ),
        (
            "merged",
            of(&[("a", vec![s3.clone()]), ("b", vec![sqs.clone()])]),
            of(&[("c", vec![sqs.clone(), s3.clone()])]),
            vec!["gone-policy"],
        ),
        ("split", of(&[("c", vec![sqs.clone(), s3.clone()])]), of(&[("a", vec![s3.clone()]), ("b", vec![sqs.clone()])]), vec![]),
        (
            "a Deny that another had need of",
            of(&[("a", vec![s3.clone()]), ("b", vec![sqs.clone(), no_s3.clone()])]),
            of(&[("a", vec![s3.clone()]), ("b", vec![sqs.clone()])]),
            vec!["new-access"],
        ),
        (
            "a Deny that went to another",
            of(&[("a", vec![s3.clone()]), ("b", vec![sqs.clone(), no_s3.clone()])]),
            of(&[("a", vec![s3.clone(), no_s3.clone()]), ("b", vec![sqs.clone()])]),
            vec![],
        ),
        (
            "a Deny of what none grants",
            of(&[("a", vec![s3.clone()]), ("b", vec![sqs.clone(), no_iam.clone()])]),
            of(&[("a", vec![s3.clone()]), ("b", vec![sqs.clone()])]),
            vec!["lost-deny"],
        ),
        (
            "a Deny that is gone",
            of(&[("a", vec![s3.clone()]), ("b", vec![no_iam.clone()])]),
            of(&[("a", vec![s3.clone()])]),
            vec!["new-access"],
        ),
        (
            "more",
            of(&[("a", vec![s3.clone()]), ("b", vec![sqs.clone()])]),
            of(&[("a", vec![s3.clone()]), ("b", vec![sqs, sns])]),
            vec!["new-access"],
        ),
    ] {
        let (_, found, said) = changed(&before, &after);
        assert_eq!(found, expected, "{what}: {said}");
        let place = format!("\"policy\": String(\"R.Policies[{}].PolicyDocument\")", if what == "more" { 1 } else { 0 });
        assert!(!["more", "a Deny that another had need of"].contains(&what) || said.contains(&place), "{what}: {said}");
    }
    // An inline policy that is a resource of its own is one of the role's.
    let own = |document: &Value| json!({"Type": "AWS::IAM::Policy", "Properties": {"PolicyName": "n", "PolicyDocument": document, "Roles": [by("R")]}});
    let (s3, sqs) = (allow("s3:*"), allow("sqs:*"));
    let before = [("R", role(&[("a", s3.clone())], &[])), ("P", own(&sqs))];
    let after = [("R", role(&[("a", sqs)], &[])), ("P", own(&s3))];
    let (code, found, said) = changed(&before, &after);
    assert_eq!((code, found), (0, vec![]), "{said}");
    let more = [("R", role(&[("a", allow("sqs:*"))], &[])), ("P", own(&allow("s*:*")))];
    assert_eq!(changed(&before, &more).0, 1);
}

/// A policy under a condition counts where it holds.
#[test]
fn a_policy_under_a_condition_adds_up_where_it_holds() {
    let s3 = allow("s3:*");
    // Under a condition that is not always met.
    let conditioned = |policies: Value| {
        let mut one = template(&[(
            "R",
            json!({"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust(), "Policies": policies}}),
        )]);
        one["Parameters"] = json!({"E": {"Type": "String"}});
        one["Conditions"] = json!({"C": {"Fn::Equals": [{"Ref": "E"}, "x"]}});
        vec![file("t.json", &one)]
    };
    let inline = |name: &str, document: &Value| json!({"PolicyName": name, "PolicyDocument": document});
    let under = |value: &Value| json!({"Fn::If": ["C", value, by("AWS::NoValue")]});
    let sqs = allow("sqs:*");
    let before = conditioned(json!([inline("a", &s3), under(&inline("b", &sqs))]));
    for (after, expected) in [
        (json!([inline("b", &s3), under(&inline("a", &sqs))]), 0),
        (json!([inline("a", &s3), inline("b", &sqs)]), 1),
        (json!([under(&inline("a", &s3)), under(&inline("b", &sqs))]), 0),
        (json!([under(&inline("a", &s3)), inline("b", &sqs)]), 1),
    ] {
        let (code, _, said) = told(&before, &conditioned(after.clone()));
        assert_eq!(code, expected, "{after}: {said}");
    }
}

/// Who loses a boundary loses it wherever it stands and whatever it is called.
#[test]
fn a_boundary_is_not_lost_on_the_way() {
    let bounded = |name: &str| ("PermissionsBoundary", json!(format!("arn:aws:iam::111122223333:policy/{name}")));
    let inline = [("a", allow("s3:GetObject"))];
    let one = |more: &[(&str, Value)]| role(&inline, more);
    let keep = || ("K", json!({"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "k"}}));
    let named = || ("RoleName", json!("app"));
    let user = |name: &'static str, more: Value| (name, json!({"Type": "AWS::IAM::User", "Properties": more}));
    // To another file, and under another logical id.
    let files = |a: &[(&str, Value)], b: &[(&str, Value)]| vec![file("a.json", &template(a)), file("b.json", &template(b))];
    for (what, before, after, expected) in [
        (
            "moved",
            files(&[keep(), ("R", one(&[bounded("b")]))], &[keep()]),
            files(&[keep()], &[keep(), ("R", one(&[bounded("b")]))]),
            None,
        ),
        (
            "moved without",
            files(&[keep(), ("R", one(&[bounded("b")]))], &[keep()]),
            files(&[keep()], &[keep(), ("R", one(&[]))]),
            Some("new-access"),
        ),
        (
            "a user that moved",
            files(&[keep(), user("U", json!({"PermissionsBoundary": "arn:aws:iam::111122223333:policy/b"}))], &[keep()]),
            files(&[keep()], &[keep(), user("U", json!({"Path": "/"}))]),
            Some("new-access"),
        ),
        (
            "a user of another id",
            files(&[user("U", json!({"UserName": "u", "PermissionsBoundary": "arn:aws:iam::111122223333:policy/b"}))], &[keep()]),
            files(&[user("V", json!({"UserName": "u"}))], &[keep()]),
            Some("new-access"),
        ),
        (
            "a user that may be it",
            files(&[user("U", json!({"PermissionsBoundary": "arn:aws:iam::111122223333:policy/b"}))], &[keep()]),
            files(&[user("V", json!({"Path": "/"}))], &[keep()]),
            Some("undecided"),
        ),
        (
            "a user that is bounded too",
            files(&[user("U", json!({"PermissionsBoundary": "arn:aws:iam::111122223333:policy/b"}))], &[keep()]),
            files(&[user("V", json!({"PermissionsBoundary": "arn:aws:iam::111122223333:policy/b"}))], &[keep()]),
            None,
        ),
    ] {
        let (_, found, said) = told(&before, &after);
        let first = found.iter().find(|rule| *rule != "assumption" && *rule != "gone-policy");
        assert_eq!(first.map(String::as_str), expected, "{what}: {said}");
    }
    let (_, _, said) = changed(&[("R", one(&[named(), bounded("b")]))], &[("S", one(&[named()]))]);
    assert!(said.contains("This has no permissions boundary, and R, which it was, had one."), "{said}");
    // Under conditions.
    let conditioned = |value: Value| {
        let mut all = template(&[("R", one(&[("PermissionsBoundary", value)]))]);
        all["Parameters"] = json!({"E": {"Type": "String"}});
        all["Conditions"] = json!({"C": {"Fn::Equals": [{"Ref": "E"}, "x"]}});
        vec![file("t.json", &all)]
    };
    let choice = |then: Value, otherwise: Value| json!({"Fn::If": ["C", then, otherwise]});
    let (a, b, none) =
        (json!("arn:aws:iam::111122223333:policy/a"), json!("arn:aws:iam::111122223333:policy/b"), by("AWS::NoValue"));
    for (before, after, expected) in [
        (choice(a.clone(), none.clone()), choice(a.clone(), none.clone()), 0),
        (choice(a.clone(), none.clone()), none.clone(), 1),
        (choice(a.clone(), none.clone()), choice(none.clone(), a.clone()), 3),
        (choice(a.clone(), b.clone()), choice(b.clone(), a.clone()), 3),
        (choice(a.clone(), b.clone()), choice(a.clone(), none.clone()), 1),
        (choice(a.clone(), none.clone()), a.clone(), 0),
        (a.clone(), choice(a.clone(), none.clone()), 1),
        (a.clone(), choice(a.clone(), a.clone()), 0),
        (none.clone(), choice(a, none), 0),
    ] {
        let (code, _, said) = told(&conditioned(before.clone()), &conditioned(after.clone()));
        assert_eq!(code, expected, "{before} {after}: {said}");
    }
    // Permission sets, in both languages.
    let set =
        |more: Value| vec![file("t.json", &template(&[("S", json!({"Type": "AWS::SSO::PermissionSet", "Properties": more}))]))];
    let own =
        |name: &str| json!({"Name": "s", "PermissionsBoundary": {"CustomerManagedPolicyReference": {"Name": name, "Path": "/"}}});
    let by_arn =
        |name: &str| json!({"Name": "s", "PermissionsBoundary": {"ManagedPolicyArn": format!("arn:aws:iam::aws:policy/{name}")}});
    for (before, after, expected) in [
        (own("b"), own("b"), 0),
        (own("b"), json!({"Name": "s"}), 1),
        (own("b"), own("c"), 3),
        (by_arn("b"), by_arn("c"), 3),
        (by_arn("b"), json!({"Name": "s"}), 1),
    ] {
        let (code, _, said) = told(&set(before.clone()), &set(after.clone()));
        assert_eq!(code, expected, "{before} {after}: {said}");
    }
    let plan = |bound: &[&str]| {
        let set = json!({"address": "aws_ssoadmin_permission_set.s", "mode": "managed", "type": "aws_ssoadmin_permission_set", "name": "s",
            "change": {"actions": ["create"], "before": null, "after": {"name": "s"}, "after_unknown": {"arn": true}}});
        let boundary = |name: &&str| {
            json!({"address": "aws_ssoadmin_permissions_boundary_attachment.b", "mode": "managed",
            "type": "aws_ssoadmin_permissions_boundary_attachment", "name": "b", "change": {"actions": ["create"], "before": null,
            "after": {"permissions_boundary": [{"managed_policy_arn": null, "customer_managed_policy_reference": [{"name": name, "path": "/"}]}]}, "after_unknown": {"permission_set_arn": true}}})
        };
        let all: Vec<Value> = std::iter::once(set).chain(bound.iter().map(boundary)).collect();
        vec![("plan.json".to_owned(), json!({"format_version": "1.2", "resource_changes": all}).to_string())]
    };
    for (before, after, expected) in
        [(vec!["b"], vec!["b"], 0), (vec!["b"], vec![], 1), (vec!["b"], vec!["c"], 3), (vec![], vec!["b"], 0)]
    {
        let (code, _, said) = told(&plan(&before), &plan(&after));
        assert_eq!(code, expected, "{before:?} {after:?}: {said}");
    }
}
