//! `check --against`: growth inside the machinery of a template. What a condition stands for, which branch a policy stands in, what
//! a mapping or a parameter gives, what SAM makes of a property: a change of any of these that grants more is found, and one that
//! only writes the same otherwise is not.

use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

fn git(folder: &Path, args: &[&str]) {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"];
    assert!(Command::new("git").current_dir(folder).args(identity).args(args).output().unwrap().status.success(), "{args:?}");
}

/// The exit code of a change of one file, and what is said of it.
fn change(before: &str, after: &str) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    let write = |text: &str| std::fs::write(folder.path().join("t.yaml"), text).unwrap();
    write(before);
    git(folder.path(), &["init", "-q"]);
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "-q", "-m", "before"]);
    write(after);
    let ran = Command::new(env!("CARGO_BIN_EXE_leastwise"))
        .current_dir(folder.path())
        .args(["check", ".", "--against", "HEAD", "--ignore", "credentials-exposure,data-exposure,privilege-escalation"])
        .args(["--ignore", "administrator,public-access,unread-attachment"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr);
    (ran.status.code().unwrap(), said)
}

/// A template with more before its resources; `{n}` of these is a policy that allows an action.
fn template(head: &str, resources: &str) -> String {
    let mut resources = resources.to_owned();
    for action in ["s3:GetObject", "s3:*", "sqs:SendMessage", "*"] {
        let document = format!("{{Version: '2012-10-17', Statement: [{{Effect: Allow, Action: '{action}', Resource: '*'}}]}}");
        resources = resources.replace(&format!("[{action}]"), &document);
    }
    format!("AWSTemplateFormatVersion: '2010-09-09'\n{head}\nResources:\n  Q: {{Type: AWS::SQS::Queue}}\n{resources}")
}

/// What is changed, the declarations and policies before and after, and the exit code.
type Change<'t> = (&'t str, (&'t str, &'t str), (&'t str, &'t str), i32);

/// Each change, and the exit code: 1 for growth, 3 for what may be growth, 0 for none.
fn all(changes: &[Change<'_>]) {
    for (what, before, after, expected) in changes {
        let (code, said) = change(&template(before.0, before.1), &template(after.0, after.1));
        assert_eq!(code, *expected, "{what}: {said}");
    }
}

const PARAMETERS: &str = "Parameters: {Env: {Type: String}, Other: {Type: String}}\n";

#[test]
fn a_condition_is_what_it_stands_for() {
    let head = |conditions: &str| format!("{PARAMETERS}Conditions: {{{conditions}}}");
    let conditional = "  P: {Type: AWS::IAM::ManagedPolicy, Condition: IsProd, Properties: {PolicyDocument: [*]}}\n";
    let renamed = conditional.replace("IsProd", "Live");
    let is_prod = head("IsProd: !Equals [!Ref Env, prod]");
    for (definition, expected) in [
        ("IsProd: !Equals [!Ref Env, prod]", 0),
        ("IsProd: !Equals [prod, !Ref Env]", 0),
        ("IsProd: !Not [!Not [!Equals [!Ref Env, prod]]]", 0),
        ("IsProd: !And [!Equals [!Ref Env, prod], !Equals [!Ref Other, x]]", 0),
        ("Deep: !Equals [!Ref Env, prod], IsProd: !Or [!Condition Deep, !Condition Deep]", 0),
        ("IsProd: !Equals [!Ref Env, !Ref Env]", 1),
        ("IsProd: !Not [!Equals [!Ref Env, prod]]", 1),
        ("IsProd: !Equals [!Ref Other, prod]", 1),
        ("IsProd: !Equals [!Ref Env, dev]", 1),
        ("IsProd: !Or [!Equals [!Ref Env, prod], !Equals [!Ref Env, dev]]", 1),
        ("Deep: !Equals [!Ref Env, dev], IsProd: !Not [!Condition Deep]", 1),
    ] {
        let (code, said) = change(&template(&is_prod, conditional), &template(&head(definition), conditional));
        assert_eq!(code, expected, "{definition}: {said}");
        // The name says nothing.
        let other = head(&definition.replace("IsProd", "Live"));
        let (code, said) = change(&template(&is_prod, conditional), &template(&other, &renamed));
        assert_eq!(code, expected, "{definition}: {said}");
    }
    let unconditional = conditional.replace(" Condition: IsProd,", "");
    let head = is_prod.as_str();
    all(&[
        ("a condition less", (head, conditional), (head, &unconditional), 1),
        ("a condition more", (head, &unconditional), (head, conditional), 0),
    ]);
    // A Deny that is there less often than it was limits less.
    let deny = conditional.replace("[*]", "{Version: '2012-10-17', Statement: [{Effect: Deny, Action: '*', Resource: '*'}]}");
    let free = deny.replace(" Condition: IsProd,", "");
    all(&[("a Deny under a condition", (head, &free), (head, &deny), 3), ("a Deny always", (head, &deny), (head, &free), 0)]);
}

#[test]
fn a_branch_is_what_leads_to_it() {
    let head = format!(
        "{PARAMETERS}Conditions: {{A: !Equals [!Ref Env, prod], NotA: !Not [!Condition A], B: !Equals [!Ref Other, x], D: !Equals [!Ref Env, dev]}}"
    );
    let head = head.as_str();
    let inside = |choice: &str| format!("  P: {{Type: AWS::IAM::ManagedPolicy, Properties: {{PolicyDocument: {choice}}}}}\n");
    let role = |policies: &str| {
        format!(
            "  R: {{Type: AWS::IAM::Role, Properties: {{AssumeRolePolicyDocument: {{Statement: []}}, Policies: {policies}}}}}\n"
        )
    };
    let deny = "{Version: '2012-10-17', Statement: [{Effect: Allow, Action: 's3:*', Resource: '*'}, {Effect: Deny, Action: 's3:Put*', Resource: '*'}]}";
    for (before, after, expected) in [
        ("!If [A, [s3:*], [s3:GetObject]]", "!If [A, [s3:*], [s3:GetObject]]", 0),
        ("!If [A, [s3:*], [s3:GetObject]]", "!If [A, [s3:GetObject], [s3:*]]", 1),
        ("!If [A, [s3:*], [s3:GetObject]]", "!If [NotA, [s3:GetObject], [s3:*]]", 0),
        ("!If [A, [s3:*], [s3:GetObject]]", "!If [NotA, [s3:*], [s3:GetObject]]", 1),
        ("!If [A, [s3:*], [s3:GetObject]]", "!If [B, [s3:*], [s3:GetObject]]", 1),
        ("!If [A, [s3:*], [s3:GetObject]]", "[s3:GetObject]", 0),
        ("!If [A, [s3:*], [s3:GetObject]]", "[s3:*]", 1),
        ("[s3:*]", "!If [A, [s3:*], [s3:GetObject]]", 0),
        ("[s3:GetObject]", "!If [A, [s3:*], [s3:GetObject]]", 1),
        ("!If [A, [s3:*], !Ref 'AWS::NoValue']", "!If [A, !Ref 'AWS::NoValue', [s3:*]]", 1),
        ("!If [A, [s3:*], !If [D, [s3:*], [s3:GetObject]]]", "!If [D, [s3:*], !If [A, [s3:*], [s3:GetObject]]]", 0),
        ("!If [A, [s3:*], !If [D, [s3:*], [s3:GetObject]]]", "!If [D, [s3:*], !If [A, [s3:GetObject], [s3:*]]]", 1),
    ] {
        let (code, said) = change(&template(head, &inside(before)), &template(head, &inside(after)));
        assert_eq!(code, expected, "{before} {after}: {said}");
    }
    // A Deny that changes its branch is lost where it was.
    let (code, said) = change(
        &template(head, &inside(&format!("!If [A, {deny}, [sqs:SendMessage]]"))),
        &template(
            head,
            &inside(
                "!If [A, [s3:GetObject], {Version: '2012-10-17', Statement: [{Effect: Allow, Action: 'sqs:SendMessage', Resource: '*'}, {Effect: Deny, Action: 's3:Put*', Resource: '*'}]}]",
            ),
        ),
    );
    assert!(said.contains("lost-deny") && code == 0, "{code} {said}");
    // Lists of policies, and statements and values inside one.
    let one = |action: &str| format!("{{PolicyName: p, PolicyDocument: [{action}]}}");
    let (wide, narrow) = (one("s3:*"), one("s3:GetObject"));
    let either = |a: &str, b: &str| role(&format!("!If [A, [{a}], [{b}]]"));
    let element = |a: &str, b: &str| role(&format!("[!If [A, {a}, {b}]]"));
    let value = |a: &str, b: &str| {
        inside(&format!("{{Version: '2012-10-17', Statement: [{{Effect: Allow, Action: !If [A, {a}, {b}], Resource: '*'}}]}}"))
    };
    let unknown = |a: &str, b: &str| {
        format!("  X: {{Type: Custom::Thing, Properties: {{Deep: !If [A, {{Doc: [{a}]}}, {{Doc: [{b}]}}]}}}}\n")
    };
    all(&[
        ("lists", (head, &either(&wide, &narrow)), (head, &either(&narrow, &wide)), 1),
        ("the same lists", (head, &either(&wide, &narrow)), (head, &either(&wide, &narrow)), 0),
        ("a narrower list", (head, &either(&wide, &narrow)), (head, &either(&narrow, &narrow)), 0),
        ("elements", (head, &element(&wide, &narrow)), (head, &element(&narrow, &wide)), 1),
        ("values", (head, &value("'s3:*'", "'s3:Get*'")), (head, &value("'s3:Get*'", "'s3:*'")), 1),
        ("no table", (head, &unknown("s3:*", "s3:GetObject")), (head, &unknown("s3:GetObject", "s3:*")), 1),
        ("no table, narrower", (head, &unknown("s3:*", "s3:GetObject")), (head, &unknown("s3:GetObject", "s3:GetObject")), 0),
    ]);
}

#[test]
fn a_constant_is_what_it_is_defined_by() {
    let resource = |expression: &str| {
        format!(
            "  P: {{Type: AWS::IAM::ManagedPolicy, Properties: {{PolicyDocument: {{Version: '2012-10-17', Statement: [{{Effect: Allow, Action: 's3:*', Resource: {expression}}}]}}}}}}\n"
        )
    };
    let map = |leaves: &str| format!("{PARAMETERS}Mappings: {{M: {{{leaves}}}}}");
    let found = resource("!FindInMap [M, !Ref 'AWS::Region', b]");
    let two = map("us-east-1: {b: 'arn:aws:s3:::x'}, eu-west-1: {b: 'arn:aws:s3:::y'}");
    for (what, leaves, expected) in [
        ("the same", "eu-west-1: {b: 'arn:aws:s3:::y'}, us-east-1: {b: 'arn:aws:s3:::x'}", 0),
        ("a key less", "us-east-1: {b: 'arn:aws:s3:::x'}", 0),
        ("another leaf beside it", "us-east-1: {b: 'arn:aws:s3:::x', c: z}, eu-west-1: {b: 'arn:aws:s3:::y'}", 0),
        ("another value", "us-east-1: {b: 'arn:aws:s3:::z'}, eu-west-1: {b: 'arn:aws:s3:::y'}", 1),
        ("turned", "us-east-1: {b: 'arn:aws:s3:::y'}, eu-west-1: {b: 'arn:aws:s3:::x'}", 1),
        ("a key more", "us-east-1: {b: 'arn:aws:s3:::x'}, eu-west-1: {b: 'arn:aws:s3:::y'}, us-west-2: {b: 'arn:aws:s3:::z'}", 3),
    ] {
        let (code, said) = change(&template(&two, &found), &template(&map(leaves), &found));
        assert_eq!(code, expected, "{what}: {said}");
    }
    let with_default =
        |value: &str| resource(&format!("!FindInMap [M, !Ref 'AWS::Region', b, {{DefaultValue: 'arn:aws:s3:::{value}'}}]"));
    for (before, after, expected) in [("x", "x", 0), ("x", "y", 1)] {
        let (code, said) = change(&template(&two, &with_default(before)), &template(&two, &with_default(after)));
        assert_eq!(code, expected, "{before} {after}: {said}");
    }
    let one = resource("!Sub 'arn:aws:s3:::${Env}'");
    let with = |more: &str| format!("Parameters: {{Env: {{Type: String{more}}}, Other: {{Type: String}}}}");
    let stored = |path: &str| format!("Parameters: {{Env: {{Type: 'AWS::SSM::Parameter::Value<String>', Default: {path}}}}}");
    let custom = |url: &str| {
        format!("{}  C: {{Type: Custom::Thing, Properties: {{ServiceToken: t, Url: {url}}}}}\n", resource("!GetAtt C.Bucket"))
    };
    let bucket = resource("'arn:aws:s3:::a'");
    let conditional = "  P: {Type: AWS::IAM::ManagedPolicy, Condition: IsProd, Properties: {PolicyDocument: [*]}}\n";
    let with_condition = |more: &str| with(more) + "\nConditions: {IsProd: !Equals [!Ref Env, prod]}";
    let branches = |more: &str| with(more) + "\nConditions: {IsDev: !Equals [!Ref Env, dev]}";
    let choice = "  P: {Type: AWS::IAM::ManagedPolicy, Properties: {PolicyDocument: !If [IsDev, [s3:GetObject], [s3:*]]}}\n";
    all(&[
        ("any value", (&with(""), &one), (&with(""), &one), 0),
        ("fewer values", (&with(""), &one), (&with(", AllowedValues: [a, b]"), &one), 0),
        ("more values", (&with(", AllowedValues: [a]"), &one), (&with(", AllowedValues: [a, b]"), &one), 3),
        ("all values", (&with(", AllowedValues: [a]"), &one), (&with(""), &one), 3),
        ("another default", (&with(", Default: a"), &one), (&with(", Default: b"), &one), 1),
        ("a default in place of none", (&with(""), &one), (&with(", Default: b"), &one), 1),
        ("the same default", (&with(", Default: a"), &one), (&with(", Default: a"), &one), 0),
        ("the value of a default, written out", (&with(", Default: a"), &one), (&with(", Default: a"), &bucket), 1),
        ("a text, by a parameter that was there", (&with(", Default: a"), &bucket), (&with(", Default: a"), &one), 1),
        (
            "a text, by a new parameter",
            (PARAMETERS, &bucket.replace("Env", "New")),
            (
                "Parameters: {New: {Type: String, Default: a}, Env: {Type: String}, Other: {Type: String}}",
                &one.replace("Env", "New"),
            ),
            0,
        ),
        ("the same place in the store", (&stored("/a"), &one), (&stored("/a"), &one), 0),
        ("another place in the store", (&stored("/a"), &one), (&stored("/b"), &one), 3),
        ("a custom resource", (PARAMETERS, &custom("a")), (PARAMETERS, &custom("a")), 0),
        ("another custom resource", (PARAMETERS, &custom("a")), (PARAMETERS, &custom("b")), 3),
        (
            "a condition that could not be",
            (&with_condition(", AllowedValues: [dev]"), conditional),
            (&with_condition(", AllowedValues: [dev, prod]"), conditional),
            3,
        ),
        (
            "a value more, with what others have",
            (&branches(", AllowedValues: [dev, prod]"), choice),
            (&branches(", AllowedValues: [dev, test, prod]"), choice),
            0,
        ),
        ("a reference", (PARAMETERS, &resource("'{{resolve:ssm:/a}}'")), (PARAMETERS, &resource("'{{resolve:ssm:/a}}'")), 0),
        (
            "another reference",
            (PARAMETERS, &resource("'{{resolve:ssm:/a}}'")),
            (PARAMETERS, &resource("'{{resolve:ssm:/b}}'")),
            1,
        ),
    ]);
}

/// What holds for the default of a parameter need not hold for another value.
#[test]
fn defaults_hide_no_growth() {
    let head = |more: &str| {
        format!("Parameters: {{Env: {{Type: String, Default: dev}}}}\nConditions: {{IsProd: !Equals [!Ref Env, prod]{more}}}")
    };
    let head = |more: &str| head(more);
    let plain = head("");
    let choice = |then: &str, otherwise: &str| {
        format!("  P: {{Type: AWS::IAM::ManagedPolicy, Properties: {{PolicyDocument: !If [IsProd, [{then}], [{otherwise}]]}}}}\n")
    };
    let conditional = |action: &str| {
        format!("  P: {{Type: AWS::IAM::ManagedPolicy, Condition: IsProd, Properties: {{PolicyDocument: [{action}]}}}}\n")
    };
    let turned = "Parameters: {Env: {Type: String, Default: prod}}\nConditions: {IsProd: !Equals [!Ref Env, prod]}";
    all(&[
        ("the same", (&plain, &choice("s3:*", "s3:GetObject")), (&plain, &choice("s3:*", "s3:GetObject")), 0),
        ("another branch grows", (&plain, &choice("s3:GetObject", "s3:GetObject")), (&plain, &choice("s3:*", "s3:GetObject")), 1),
        (
            "another branch shrinks",
            (&plain, &choice("s3:*", "s3:GetObject")),
            (&plain, &choice("s3:GetObject", "s3:GetObject")),
            0,
        ),
        ("the default and a branch", (&plain, &choice("s3:GetObject", "s3:*")), (turned, &choice("s3:*", "s3:*")), 1),
        ("a policy that the default does not have", (&plain, &conditional("s3:GetObject")), (&plain, &conditional("s3:*")), 1),
        (
            "a policy under another value",
            (&plain, &conditional("s3:*")),
            (&plain.replace("!Ref Env, prod", "!Ref Env, live"), &conditional("s3:*")),
            1,
        ),
    ]);
}

#[test]
fn boundaries_and_attachments_hang_on_what_conditions_stand_for() {
    let head = |definition: &str| format!("{PARAMETERS}Conditions: {{C: {definition}}}");
    let (was, same, other) =
        (head("!Equals [!Ref Env, prod]"), head("!Equals [prod, !Ref Env]"), head("!Equals [!Ref Env, dev]"));
    let user = |more: &str| format!("  U: {{Type: AWS::IAM::User, Properties: {{{more}}}}}\n");
    let bounded = user("PermissionsBoundary: !If [C, 'arn:aws:iam::111122223333:policy/a', !Ref 'AWS::NoValue']");
    let turned = user("PermissionsBoundary: !If [C, !Ref 'AWS::NoValue', 'arn:aws:iam::111122223333:policy/a']");
    let attached = user("ManagedPolicyArns: !If [C, ['arn:aws:iam::aws:policy/A'], ['arn:aws:iam::aws:policy/B']]");
    let swapped = user("ManagedPolicyArns: !If [C, ['arn:aws:iam::aws:policy/B'], ['arn:aws:iam::aws:policy/A']]");
    let fewer = user("ManagedPolicyArns: !If [C, ['arn:aws:iam::aws:policy/A'], []]");
    let group = "  G: {Type: AWS::IAM::UserToGroupAddition, Properties: {GroupName: g, Users: !If [C, [a], [b]]}}\n";
    let group_turned = group.replace("[a], [b]", "[b], [a]");
    all(&[
        ("a boundary", (&was, &bounded), (&same, &bounded), 0),
        ("a boundary elsewhere", (&was, &bounded), (&other, &bounded), 1),
        ("a boundary in the other branch", (&was, &bounded), (&was, &turned), 3),
        ("attached", (&was, &attached), (&same, &attached), 0),
        ("attached elsewhere", (&was, &attached), (&other, &attached), 3),
        ("attached in the other branch", (&was, &attached), (&was, &swapped), 3),
        ("attached less", (&was, &attached), (&was, &fewer), 0),
        ("a user", (&was, &user("UserName: u")), (&was, &user("UserName: u, Groups: [g]")), 3),
        ("a user of a group", (&was, &user("Groups: [g]")), (&was, &user("Groups: [g]")), 0),
        ("members", (&was, group), (&was, group), 0),
        ("members in the other branch", (&was, group), (&was, &group_turned), 3),
    ]);
}

#[test]
fn what_sam_makes_is_told_where_it_changes() {
    let sam = "Transform: AWS::Serverless-2016-10-31\nParameters: {P: {Type: String}}";
    let function = |more: &str| {
        format!(
            "  F: {{Type: AWS::Serverless::Function, Properties: {{Handler: h, {more}}}}}\n  T: {{Type: AWS::Serverless::SimpleTable}}\n"
        )
    };
    let (one, other) =
        (function("Policies: [S3ReadPolicy: {BucketName: a}]"), function("Policies: [S3ReadPolicy: {BucketName: b}]"));
    let crud = function("Policies: [S3CrudPolicy: {BucketName: a}]");
    let connector = |how: &str| {
        format!(
            "{}  C: {{Type: AWS::Serverless::Connector, Properties: {{Source: {{Id: F}}, Destination: {{Id: T}}, Permissions: [{how}]}}}}\n",
            function("Timeout: 3")
        )
    };
    let embedded = |how: &str| {
        format!(
            "  F:\n    Type: AWS::Serverless::Function\n    Properties: {{Handler: h}}\n    Connectors: {{C: {{Properties: {{Destination: {{Id: T}}, Permissions: [{how}]}}}}}}\n  T: {{Type: AWS::Serverless::SimpleTable}}\n"
        )
    };
    let api = |lists: &str| {
        format!("  A: {{Type: AWS::Serverless::Api, Properties: {{StageName: s, Auth: {{ResourcePolicy: {{{lists}}}}}}}}}\n")
    };
    let api_auth = |lists: &str| {
        format!(
            "  A: {{Type: AWS::Serverless::Api, Properties: {{StageName: s, Auth: !If [C, {{ResourcePolicy: {{{lists}}}}}, {{}}]}}}}\n"
        )
    };
    let event = |account: &str| {
        function(&format!(
            "Events: {{E: {{Type: Api, Properties: {{Path: /, Method: get, Auth: {{ResourcePolicy: {{CustomStatements: [{account}]}}}}}}}}}}"
        ))
    };
    let url = |config: &str| function(&format!("FunctionUrlConfig: {config}"));
    let nested = |value: &str| {
        format!("  N: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: u, Parameters: {{Wide: {value}}}}}}}\n")
    };
    let macros = "Transform: [AWS::Serverless-2016-10-31, MyMacro]\nParameters: {P: {Type: String}}";
    let plain = function("Timeout: 3");
    let c = format!("{sam}\nConditions: {{C: !Equals [!Ref P, x]}}");
    all(&[
        ("a template of SAM", (sam, &one), (sam, &one), 0),
        ("other arguments", (sam, &one), (sam, &other), 3),
        ("another template", (sam, &one), (sam, &crud), 3),
        ("a template more", (sam, &plain), (sam, &one), 3),
        ("a template less", (sam, &one), (sam, &plain), 0),
        ("a connector", (sam, &connector("Read")), (sam, &connector("Read")), 0),
        ("a wider connector", (sam, &connector("Read")), (sam, &connector("Read, Write")), 3),
        ("a new connector", (sam, &plain), (sam, &connector("Read")), 3),
        ("an embedded connector", (sam, &embedded("Read")), (sam, &embedded("Read")), 0),
        ("a wider embedded connector", (sam, &embedded("Read")), (sam, &embedded("Write")), 3),
        ("lists of an API", (sam, &api("IpRangeBlacklist: [1.2.3.4]")), (sam, &api("IpRangeBlacklist: [1.2.3.4]")), 0),
        ("other lists of an API", (sam, &api("IpRangeWhitelist: [1.2.3.4]")), (sam, &api("IpRangeWhitelist: [1.2.3.0/24]")), 3),
        ("no lists any more", (sam, &api("IpRangeBlacklist: [1.2.3.4]")), (sam, &api("")), 3),
        (
            "lists under a condition",
            (sam, &api_auth("IpRangeWhitelist: [1.2.3.4]")),
            (sam, &api_auth("IpRangeWhitelist: [1.2.3.5]")),
            3,
        ),
        ("lists of an event", (sam, &event("a")), (sam, &event("b")), 3),
        ("the same lists of an event", (sam, &event("a")), (sam, &event("a")), 0),
        ("a nested stack", (sam, &nested("no")), (sam, &nested("no")), 0),
        ("what a nested stack is given", (sam, &nested("no")), (sam, &nested("yes")), 3),
        ("a macro", (sam, &plain), (macros, &plain), 3),
        ("a URL", (sam, &url("{AuthType: AWS_IAM}")), (sam, &url("{AuthType: NONE}")), 1),
        ("the same URL", (sam, &url("{AuthType: NONE}")), (sam, &url("{AuthType: NONE}")), 0),
        ("a URL in small letters", (sam, &url("{AuthType: AWS_IAM}")), (sam, &url("{AuthType: none}")), 1),
        ("a URL by a parameter", (sam, &url("{AuthType: AWS_IAM}")), (sam, &url("{AuthType: !Ref P}")), 1),
        ("the same URL by a parameter", (sam, &url("{AuthType: !Ref P}")), (sam, &url("{AuthType: !Ref P}")), 0),
        (
            "a URL under a condition",
            (sam, &plain),
            (&format!("{sam}\nConditions: {{C: !Equals [!Ref P, x]}}"), &url("!If [C, {AuthType: NONE}, !Ref 'AWS::NoValue']")),
            1,
        ),
        (
            "no URL under a condition",
            (&format!("{sam}\nConditions: {{C: !Equals [!Ref P, x]}}"), &url("{AuthType: NONE}")),
            (&format!("{sam}\nConditions: {{C: !Equals [!Ref P, x]}}"), &url("!If [C, {AuthType: NONE}, !Ref 'AWS::NoValue']")),
            0,
        ),
        (
            "a URL that comes under a condition",
            (&c, &url("{AuthType: NONE}")),
            (&c, &url("!If [C, {AuthType: NONE}, {AuthType: AWS_IAM}]")),
            0,
        ),
        ("an odd URL", (sam, &plain), (sam, &url("{AuthType: sometimes}")), 1),
    ]);
}

/// Two buses of one name, in modules, by providers or in regions of their own, lend each other nothing.
#[test]
fn permissions_of_one_name_elsewhere_are_others() {
    let permission = |module: &str, name: &str, principal: &str, region: &str| {
        json!({"address": format!("{module}aws_cloudwatch_event_permission.{name}"), "mode": "managed", "name": name,
               "type": "aws_cloudwatch_event_permission", "change": {"actions": ["create"], "after_unknown": {},
               "after": {"principal": principal, "statement_id": name, "event_bus_name": "default", "region": region}}})
    };
    let configured = |name: &str, provider: &str| json!({"address": format!("aws_cloudwatch_event_permission.{name}"), "provider_config_key": provider, "expressions": {}});
    let plan = |changes: &[Value]| {
        let all = [configured("a", "aws"), configured("b", "aws.west"), configured("c", "aws.west")];
        json!({"format_version": "1.2", "resource_changes": changes, "configuration": {"root_module": {"resources": all}}})
            .to_string()
    };
    let (x, y) = ("111122223333", "444455556666");
    for (what, before, after, expected) in [
        ("one bus", vec![("", "a", x, ""), ("", "d", y, "")], vec![("", "a", x, ""), ("", "d", x, ""), ("", "e", y, "")], 0),
        (
            "modules",
            vec![("module.m.", "a", x, ""), ("module.n.", "b", y, "")],
            vec![("module.m.", "a", x, ""), ("module.n.", "b", x, "")],
            1,
        ),
        ("providers", vec![("", "a", x, ""), ("", "b", y, "")], vec![("", "a", x, ""), ("", "b", x, "")], 1),
        ("one provider", vec![("", "b", x, ""), ("", "c", y, "")], vec![("", "b", y, ""), ("", "c", x, "")], 0),
        (
            "regions",
            vec![("", "a", x, "us-east-1"), ("", "d", y, "us-west-2")],
            vec![("", "a", x, "us-east-1"), ("", "d", x, "us-west-2")],
            1,
        ),
    ] {
        let of =
            |all: &[(&str, &str, &str, &str)]| plan(&all.iter().map(|(m, n, p, r)| permission(m, n, p, r)).collect::<Vec<_>>());
        let (code, said) = change(&of(&before), &of(&after));
        assert_eq!(code, expected, "{what}: {said}");
    }
    // In two stacks the default bus is not one bus either.
    let stack = |with: bool| {
        let bus = "  E: {Type: AWS::Events::EventBusPolicy, Properties: {StatementId: s, Action: 'events:PutEvents', Principal: '111122223333'}}\n";
        template("", if with { bus } else { "" })
    };
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, with: bool| std::fs::write(folder.path().join(name), stack(with)).unwrap();
    write("a.yaml", true);
    write("b.yaml", false);
    git(folder.path(), &["init", "-q"]);
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "-q", "-m", "before"]);
    write("a.yaml", false);
    write("b.yaml", true);
    let check = |args: &[&str]| {
        let ran =
            Command::new(env!("CARGO_BIN_EXE_leastwise")).current_dir(folder.path()).arg("check").args(args).output().unwrap();
        (ran.status.code().unwrap(), String::from_utf8_lossy(&ran.stdout).into_owned())
    };
    let (code, said) = check(&[".", "--against", "HEAD"]);
    assert!(code == 1 && said.contains("is new, and grants access") && said.contains("are examples"), "{said}");
    // What of a condition is known only after the apply is said to be that.
    let unknown = |known: Value, unknown: Value| {
        let mut one = permission("", "a", "*", "");
        (one["change"]["after"]["condition"], one["change"]["after_unknown"]["condition"]) = (known, unknown);
        std::fs::write(folder.path().join("plan.json"), plan(&[one])).unwrap();
        check(&["plan.json"])
    };
    let (_, said) = unknown(json!([{"type": "StringEquals", "key": "aws:PrincipalOrgID"}]), json!([{"value": true}]));
    assert!(!said.contains("has no `Value`") && said.contains("aws_cloudwatch_event_permission.a.condition.value"), "{said}");
    let (code, said) = unknown(json!(null), json!(true));
    assert!(code == 3 && said.contains("its condition is not known"), "{said}");
}
