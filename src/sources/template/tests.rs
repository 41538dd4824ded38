//! Templates as people write them, and what each policy of them comes out as.

use super::*;
use crate::diag::Budget;
use crate::sources::located::{filled, marked};

/// Each policy by name, constants in angle brackets.
fn read(text: &str, given: &Given) -> Vec<String> {
    let source = Source::new("t", text);
    let template = crate::sources::yaml::read(&source, &Budget::default()).unwrap().remove(0);
    let shown = |located: &Located| {
        let name = |index: usize| format!("<{}>", located.open[index].name);
        let versions = located.versions.iter().map(|version| {
            let under: Vec<String> = version.under.iter().map(|(name, answer)| format!("{name}={answer} ")).collect();
            format!("{}{}", under.concat(), filled(&version.value, &name))
        });
        let trouble = located.trouble.iter().map(|found| format!("! {}", found.message));
        format!("{} {:?}: {}", located.name, located.policy_type, versions.chain(trouble).collect::<Vec<_>>().join(" | "))
    };
    policies(&source, &template, given).iter().map(shown).collect()
}

/// The resource of the one statement of the one policy, under an expression.
fn resource(expression: &str) -> String {
    let text = format!(
        "Parameters: {{Name: {{Type: String}}, Env: {{Type: String, Default: dev}}, List: {{Type: CommaDelimitedList, Default: 'a, b'}}}}\n\
         Mappings: {{M: {{dev: {{k: found}}}}}}\n\
         Resources:\n  B: {{Type: AWS::S3::Bucket}}\n  Q: {{Type: AWS::SQS::Queue, Properties: {{QueueName: fixed}}}}\n  O: {{Type: AWS::X::Y}}\n  \
         P:\n    Type: AWS::IAM::Policy\n    Properties:\n      PolicyDocument: {{Statement: [{{Effect: Allow, Action: '*', Resource: {expression}}}]}}\n"
    );
    let all = read(&text, &Given::default());
    let [one] = all.as_slice() else { panic!("{all:?}") };
    let start = one.find("\"Resource\":").map_or(0, |at| at + "\"Resource\":".len());
    one[start..].trim_end_matches("}]}").to_owned()
}

#[test]
fn expressions_give_what_the_template_says_and_stay_constants_else() {
    for (written, expected) in [
        ("!Ref Name", "\"<Name>\""),
        ("!Ref Env", "\"dev\""),
        ("!Ref List", "[\"a\",\"b\"]"),
        ("!Ref B", "\"<B>\""),
        ("!GetAtt B.Arn", "\"arn:aws:s3:::<B>\""),
        ("!Sub '${B.Arn}/*'", "\"arn:aws:s3:::<B>/*\""),
        ("!GetAtt Q.Arn", "\"arn:aws:sqs:<AWS::Region>:<AWS::AccountId>:fixed\""),
        ("!GetAtt O.Thing", "\"<O.Thing>\""),
        ("!Sub 'a${!aws:username}${Env}'", "\"a${aws:username}dev\""),
        ("!Sub ['${X}-${Env}', {X: !Ref Name}]", "\"<Name>-dev\""),
        ("!Join ['-', [a, !Ref Name, !Ref Env]]", "\"a-<Name>-dev\""),
        ("!FindInMap [M, !Ref Env, k]", "\"found\""),
        ("!Select [1, !Ref List]", "\"b\""),
        ("!Select [0, !Split ['/', 'x/y']]", "\"x\""),
        ("!ImportValue shared", "\"<Fn::ImportValue(shared)>\""),
        ("[!Ref 'AWS::NoValue', x]", "[\"x\"]"),
        ("!Sub 'arn:${AWS::Partition}:s3:::x'", "\"arn:aws:s3:::x\""),
        ("!Sub '${Unknown}'", "P.PolicyDocument Identity: ! the template has no parameter and no resource `Unknown`"),
        ("!FindInMap [M, prod, k]", "P.PolicyDocument Identity: ! no mapping has `M.prod.k`"),
    ] {
        assert_eq!(resource(written), expected, "{written}");
    }
    let cut = resource("!Select [0, !Split ['/', !Ref Name]]");
    assert!(cut.contains("Fn::Select"), "{cut}");
}

#[test]
fn choices_that_are_not_known_make_versions() {
    let text = "Parameters: {Env: {Type: String}, Set: {Type: String, Default: x}}\n\
        Conditions: {Prod: !Equals [!Ref Env, prod], IsX: !Equals [!Ref Set, x], Both: !And [!Condition Prod, !Condition IsX]}\n\
        Resources:\n  R:\n    Type: AWS::IAM::Role\n    Condition: Prod\n    Properties:\n      \
        AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Principal: !If [Prod, a, b], Action: x}]}\n      \
        Policies:\n        - PolicyName: p\n          PolicyDocument: {Statement: [{Effect: !If [Both, Allow, Deny], Action: !If [IsX, y, z]}]}\n";
    let all = read(text, &Given::default());
    assert_eq!(all.len(), 2);
    // The role's own condition is taken to hold, and so `Both` is known too.
    assert!(
        all[0].starts_with("R.AssumeRolePolicyDocument Trust: Prod=true") && all[0].contains("\"Principal\":\"a\""),
        "{all:?}"
    );
    assert!(all[1].contains("\"Effect\":\"Allow\",\"Action\":\"y\"") && !all[1].contains(" | "), "{all:?}");
    let free = read(&text.replace("    Condition: Prod\n", ""), &Given::default());
    assert!(free[0].contains("Prod=true") && free[0].contains(" | Prod=false"), "{free:?}");
    let given = Given { parameters: BTreeMap::from([("Env".to_owned(), "dev".to_owned())]), ..Given::default() };
    let known = read(&text.replace("    Condition: Prod\n", ""), &given);
    assert!(known[0].contains("\"Principal\":\"b\"") && !known[0].contains('|'), "{known:?}");
}

#[test]
fn types_come_from_the_place_and_what_is_not_in_the_table_is_found_too() {
    let text = "Resources:\n  K: {Type: AWS::KMS::Key, Properties: {KeyPolicy: {Statement: []}}}\n  \
        L: {Type: AWS::Logs::ResourcePolicy, Properties: {PolicyDocument: '{\"Statement\": []}'}}\n  \
        X: {Type: Custom::Thing, Properties: {Deep: [{Doc: {Statement: [{Effect: Allow}]}}]}}\n  \
        F: {Type: AWS::Serverless::Function, Properties: {Policies: [AWSLambdaExecute, {Statement: [{Effect: Allow}]}]}}\n  \
        O: {Type: AWS::Organizations::Policy, Properties: {Type: RESOURCE_CONTROL_POLICY, Content: {Statement: []}}}\n";
    let names: Vec<String> =
        read(text, &Given::default()).iter().map(|shown| shown.split(':').next().unwrap_or_default().to_owned()).collect();
    assert_eq!(
        names,
        [
            "K.KeyPolicy Resource",
            "L.PolicyDocument Resource",
            "X.Deep[0].Doc Unknown",
            "F.Policies[1] Identity",
            "O.Content ResourceControl"
        ]
    );
}

#[test]
fn names_of_policies_among_those_of_sam_are_no_documents() {
    let text = "Parameters: {Arn: {Type: String}, All: {Type: CommaDelimitedList, Default: 'a,b'}}\n\
        Conditions: {C: !Equals [!Ref 'AWS::Region', x]}\nResources:\n  \
        P: {Type: AWS::IAM::ManagedPolicy, Properties: {PolicyDocument: {Statement: []}}}\n  \
        A: {Type: AWS::Serverless::Function, Properties: {Policies: [!Ref P, !Ref Arn, !Sub 'arn:${AWS::Partition}:iam::aws:policy/X']}}\n  \
        B: {Type: AWS::Serverless::Function, Properties: {Policies: !Ref P}}\n  \
        D: {Type: AWS::Serverless::StateMachine, Properties: {Policies: [!If [C, !Ref P, {Statement: [{Effect: Deny}]}]]}}\n  \
        E: {Type: AWS::Serverless::Function, Properties: {Policies: [!If [C, {S3ReadPolicy: {BucketName: b}}, !Ref 'AWS::NoValue']]}}\n  \
        F: {Type: AWS::Serverless::Function, Properties: {Policies: !Ref All}}\n  \
        G: {Type: AWS::Serverless::Function, Properties: {Policies: [!Sub '{\"Statement\": [] }', !Sub '{\"Statement\": ${All}']}}\n";
    let all = read(text, &Given::default());
    let names: Vec<&str> = all.iter().map(|shown| shown.split(':').next().unwrap_or_default()).collect();
    assert_eq!(
        names,
        ["P.PolicyDocument Identity", "D.Policies[0] Identity", "G.Policies[0] Identity", "G.Policies[1] Identity"],
        "{all:?}"
    );
    assert!(all[1].contains("C=false") && !all[1].contains("C=true"), "{all:?}");
}

#[test]
fn equal_expressions_are_one_constant_and_samples_stand_nowhere_else() {
    let text = "Resources:\n  A: {Type: AWS::S3::Bucket}\n  P: {Type: AWS::IAM::ManagedPolicy, Properties: {PolicyDocument: {Statement: [\
        {Effect: Allow, Resource: [!GetAtt A.Arn, !Sub 'arn:aws:s3:::${A}', 'arn:aws:s3:::example-a', !Sub '${AWS::AccountId}', '111122223333']}]}}}\n";
    let source = Source::new("t", text);
    let template = crate::sources::yaml::read(&source, &Budget::default()).unwrap().remove(0);
    let located = policies(&source, &template, &Given::default()).remove(0);
    let samples: Vec<&str> = located.open.iter().map(|open| open.sample.as_str()).collect();
    assert_eq!(samples, ["example-a1", "444455556666"]);
    let resources = located.versions[0].value.get("Statement").unwrap().elements().unwrap()[0].get("Resource").unwrap();
    let [first, second, ..] = resources.elements().unwrap() else { panic!() };
    assert_eq!(first.as_str(), second.as_str());
    assert!(first.as_str().unwrap().chars().any(|c| marked(c) == Some(0)));
}
