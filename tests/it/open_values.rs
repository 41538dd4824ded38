//! Policies of templates: what is proved for all values holds for each, and what is found is found for the values named.

use leastwise::diag::{Budget, Source};
use leastwise::json::Value;
use leastwise::policy::{Access, normalize, open};
use leastwise::question::access_not_granted::{Access as Asked, access_not_granted};
use leastwise::question::no_public_access::{ResourceType, no_public_access};
use leastwise::question::{Settings, Verdict};
use leastwise::sources::template::Given;
use leastwise::sources::{self, Located};

fn located(text: &str, given: &Given) -> Located {
    let source = Source::new("t.yaml", text);
    let (source, value) = sources::documents(&source, &Budget::default()).unwrap().remove(0);
    sources::policies(&source, &value, given).remove(0)
}

fn access(source: &Source, value: Value) -> Access {
    normalize(&leastwise::document::read_value(source, value).unwrap()).unwrap().into()
}

/// Whether the answer is PASS for all values, FAIL for some of the cases, or not known.
fn for_all(located: &Located, named: &[&str], question: &dyn Fn(&Access) -> Verdict) -> &'static str {
    let version = &located.versions[0];
    let Ok(cases) = open::cases(&located.open, &[&version.value], named) else { return "UNKNOWN" };
    assert!(!cases.is_empty());
    let verdicts = cases.into_iter().map(|mut case| question(&access(&version.source, case.documents.remove(0))));
    let mut worst = "PASS";
    for verdict in verdicts {
        match verdict {
            Verdict::Pass => {}
            Verdict::Fail { .. } => return "FAIL",
            Verdict::Unknown(_) => worst = "UNKNOWN",
        }
    }
    worst
}

fn template(statement: &str) -> String {
    format!(
        "Parameters: {{Who: {{Type: String}}, Name: {{Type: String}}}}\nResources:\n  R: {{Type: AWS::IAM::Role}}\n  \
         P:\n    Type: AWS::S3::BucketPolicy\n    Properties:\n      PolicyDocument: {{Version: '2012-10-17', Statement: [{statement}]}}\n"
    )
}

/// Values that a template may be deployed with: accounts, names and principals that the policies and questions name too.
fn deployments() -> Vec<Given> {
    let mut out = Vec::new();
    for account in ["111122223333", "999988887777", "123412341234"] {
        for name in ["", "prod", "other", "logs/prod"] {
            for who in [
                "555566667777",
                "arn:aws:iam::999988887777:root",
                "arn:aws:iam::999988887777:role/admin",
                "arn:aws:iam::1:user/u",
            ] {
                let parameters = [("Who", who), ("Name", name)].map(|(key, value)| (key.to_owned(), value.to_owned()));
                out.push(Given {
                    every_value: false,
                    parameters: parameters.into_iter().collect(),
                    account: Some(account.to_owned()),
                    region: Some("eu-west-1".to_owned()),
                });
            }
        }
    }
    out
}

const STATEMENTS: [(&str, &str, &str); 13] = [
    (
        "{Effect: Allow, Principal: {AWS: !Ref AWS::AccountId}, Action: 's3:*', Resource: !Sub 'arn:aws:s3:::${Name}/*'}",
        "PASS",
        "FAIL",
    ),
    ("{Effect: Allow, Principal: {AWS: !GetAtt R.Arn}, Action: 's3:Get*', Resource: 'arn:aws:s3:::prod/*'}", "PASS", "PASS"),
    ("{Effect: Allow, Principal: {AWS: !Ref Who}, Action: 's3:PutObject', Resource: 'arn:aws:s3:::x/*'}", "PASS", "PASS"),
    (
        "{Effect: Allow, Principal: '*', Action: 's3:*', Resource: 'arn:aws:s3:::x/*'}, {Effect: Deny, Principal: '*', Action: 's3:*', Resource: !Sub 'arn:aws:s3:::${Name}/*'}",
        "FAIL",
        "PASS",
    ),
    (
        "{Effect: Allow, Principal: '*', Action: 's3:DeleteObject', Resource: !Sub 'arn:aws:s3:::${Name}/*', Condition: {StringEquals: {'aws:SourceAccount': !Ref AWS::AccountId}}}",
        "PASS",
        "FAIL",
    ),
    (
        "{Effect: Allow, Principal: '*', Action: 's3:*', Resource: 'arn:aws:s3:::x/*', Condition: {StringEquals: {'aws:SourceVpce': !Ref Name}}}",
        "PASS",
        "PASS",
    ),
    (
        "{Effect: Allow, Principal: '*', Action: 's3:*', Resource: 'arn:aws:s3:::x/*', Condition: {StringNotEquals: {'aws:SourceVpce': !Ref Name}}}",
        "FAIL",
        "PASS",
    ),
    (
        "{Effect: Allow, Principal: '*', Action: 's3:*', Resource: 'arn:aws:s3:::b-1*', Condition: {StringEquals: {'aws:SourceAccount': !Ref AWS::AccountId}}}",
        "UNKNOWN",
        "UNKNOWN",
    ),
    (
        "{Effect: Allow, Principal: {AWS: !Ref Who}, Action: 's3:*', Resource: '*', Condition: {ArnLike: {'aws:PrincipalArn': 'arn:aws:iam::*:role/admin*'}}}",
        "UNKNOWN",
        "UNKNOWN",
    ),
    ("{Effect: Allow, Principal: '*', Action: !Ref Name, Resource: '*'}", "UNKNOWN", "UNKNOWN"),
    (
        "{Effect: Allow, Principal: '*', Action: 's3:*', Resource: '*', Condition: {IpAddress: {'aws:SourceIp': !Ref Name}}}",
        "UNKNOWN",
        "UNKNOWN",
    ),
    (
        "{Effect: Allow, Principal: {AWS: !Ref Who}, Action: 's3:Delete*', Resource: 'arn:aws:s3:::prod/*'}, {Effect: Deny, Principal: {AWS: '999988887777'}, Action: 's3:*', Resource: '*'}",
        "PASS",
        "FAIL",
    ),
    (
        "{Effect: Allow, Principal: {AWS: '999988887777'}, Action: 's3:Delete*', Resource: 'arn:aws:s3:::prod/*'}, {Effect: Deny, Principal: {AWS: !Ref AWS::AccountId}, Action: 's3:*', Resource: '*'}",
        "PASS",
        "FAIL",
    ),
];

#[test]
fn what_is_proved_for_all_values_holds_for_each() {
    let settings = Settings { realistic: false, ..Settings::default() };
    let bucket = ResourceType::parse("AWS::S3::Bucket").unwrap();
    let public = |access: &Access| no_public_access(access, bucket, &settings).unwrap().verdict;
    let asked = Asked { actions: vec!["s3:DeleteObject".into()], resources: vec!["arn:aws:s3:::prod/*".into()] };
    let deletes = |access: &Access| access_not_granted(access, &asked, &settings).unwrap().verdict;
    let questions: [&dyn Fn(&Access) -> Verdict; 2] = [&public, &deletes];
    let mut compared = 0;
    for (statement, expected_public, expected_deletes) in STATEMENTS {
        let text = template(statement);
        let open = located(&text, &Given::default());
        for (question, expected) in questions.iter().zip([expected_public, expected_deletes]) {
            let answer = for_all(&open, &[], question);
            // One that is decided for all values may not be so for some: never the other way.
            assert_eq!(answer, expected, "{statement}");
            for given in deployments() {
                let known = located(&text, &given);
                let version = &known.versions[0];
                let concrete = question(&access(&version.source, version.value.clone()));
                assert!(answer != "PASS" || concrete == Verdict::Pass, "{statement} under {given:?}: {concrete:?}");
                compared += 1;
            }
        }
    }
    assert!(compared > 1_000);
}

/// Account ids that only the question names are values like any other.
#[test]
fn accounts_of_the_question_count() {
    let settings = Settings { realistic: false, ..Settings::default() };
    let text =
        template("{Effect: Allow, Principal: '*', Action: 'sqs:*', Resource: !Sub 'arn:aws:sqs:eu-west-1:${AWS::AccountId}:q'}");
    let open = located(&text, &Given::default());
    let of = |account: &str| {
        let resource = format!("arn:aws:sqs:*:{account}:*");
        let asked = Asked { actions: vec!["sqs:SendMessage".into()], resources: vec![resource.clone()] };
        for_all(&open, &[&resource], &|access| access_not_granted(access, &asked, &settings).unwrap().verdict)
    };
    let sample = open.open.iter().find(|one| one.name == "AWS::AccountId").unwrap().sample.clone();
    assert_eq!((of("999988887777"), of(&sample)), ("FAIL", "FAIL"));
}
