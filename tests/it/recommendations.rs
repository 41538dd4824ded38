//! From evidence to smaller accounts: generated accounts and logs with a known truth, laws, the samples.

use crate::support::{corpus, leastwise};
use leastwise::account::findings::{self, Unused};
use leastwise::account::recommend::{Options, Recommender, Result as Outcome, after};
use leastwise::account::{self, recommend_all};
use leastwise::evidence::{self, When};
use leastwise::question::Settings;
use leastwise::report;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;

const ACCOUNT: &str = "111122223333";

/// Actions that a management event of one name shows, and no other: event source, event name, action.
const SEEN: [(&str, &str, &str); 9] = [
    ("ec2", "TerminateInstances", "ec2:TerminateInstances"),
    ("ec2", "DescribeInstances", "ec2:DescribeInstances"),
    ("s3", "DeleteBucket", "s3:DeleteBucket"),
    ("kms", "Decrypt", "kms:Decrypt"),
    ("kms", "Encrypt", "kms:Encrypt"),
    ("sqs", "DeleteQueue", "sqs:DeleteQueue"),
    ("iam", "DeleteUser", "iam:DeleteUser"),
    ("sns", "DeleteTopic", "sns:DeleteTopic"),
    ("lambda", "DeleteFunction20150331", "lambda:DeleteFunction"),
];

/// Actions that management events never show.
const UNSEEN: [&str; 6] =
    ["s3:GetObject", "dynamodb:GetItem", "iam:PassRole", "rds-db:connect", "lambda:InvokeFunction", "sns:Publish"];

struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }

    fn some<T: Copy>(&mut self, of: &[T]) -> Vec<T> {
        of.iter().copied().filter(|_| self.below(2) == 0).collect()
    }
}

/// What a generated role was granted and what it used.
#[derive(Debug, Default, Clone)]
struct Truth {
    granted: BTreeSet<String>,
    used: BTreeSet<String>,
    policies: Vec<Value>,
}

impl Truth {
    /// Granted, would have been seen, was not used.
    fn loses(&self) -> BTreeSet<String> {
        let seen = |action: &&String| SEEN.iter().any(|(_, _, own)| own == action);
        self.granted.iter().filter(seen).filter(|action| !self.used.contains(*action)).cloned().collect()
    }

    fn keeps(&self) -> BTreeSet<String> {
        self.granted.difference(&self.loses()).cloned().collect()
    }

    fn not_observable(&self) -> BTreeSet<String> {
        self.granted.iter().filter(|action| UNSEEN.contains(&action.as_str())).cloned().collect()
    }
}

fn record(number: usize, role: &str, (source, name): (&str, &str), at: &str, error: Option<&str>) -> Value {
    let mut out = json!({
        "eventVersion": "1.11", "eventTime": at, "eventSource": format!("{source}.amazonaws.com"), "eventName": name,
        "eventID": format!("00000000-0000-0000-0000-{number:012}"), "eventCategory": "Management", "recipientAccountId": ACCOUNT,
        "userIdentity": {"type": "AssumedRole", "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/s"), "accountId": ACCOUNT,
            "sessionContext": {"sessionIssuer": {"type": "Role", "arn": format!("arn:aws:iam::{ACCOUNT}:role/app/{role}")}}},
    });
    if let Some(error) = error {
        out["errorCode"] = json!(error);
    }
    out
}

/// An account of some roles, the records of what they did, and the truth.
fn generated(seed: u64) -> (Value, Vec<Value>, BTreeMap<String, Truth>) {
    let mut random = Random(seed.wrapping_mul(2_654_435_761) + 1);
    let (mut roles, mut records, mut truths) = (Vec::new(), Vec::new(), BTreeMap::new());
    for at in 0..6 {
        let name = format!("role{at}");
        let mut truth = Truth::default();
        let mut granted: Vec<&str> = random.some(&SEEN).into_iter().map(|(_, _, action)| action).collect();
        granted.extend(random.some(&UNSEEN));
        let (first, second) = granted.split_at(random.below(granted.len() + 1));
        for part in [first, second].into_iter().filter(|part| !part.is_empty()) {
            let allow = json!({"Sid": "A", "Effect": "Allow", "Action": part, "Resource": "*"});
            let deny = json!({"Effect": "Deny", "Action": "ec2:Stop*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}});
            truth.policies.push(json!({"Version": "2012-10-17", "Statement": [allow, deny]}));
        }
        truth.granted = granted.iter().map(|action| (*action).to_owned()).collect();
        for (source, event, action) in SEEN {
            let number = records.len();
            match random.below(5) {
                0 => {
                    records.push(record(number, &name, (source, event), "2026-04-20T08:00:00Z", None));
                    truth.used.insert(action.to_owned());
                }
                1 => {
                    records.push(record(number, &name, (source, event), "2026-04-21T08:00:00Z", Some("ThrottlingException")));
                    truth.used.insert(action.to_owned());
                }
                2 => records.push(record(number, &name, (source, event), "2026-04-22T08:00:00Z", Some("AccessDenied"))),
                3 => records.push(record(number, &name, (source, event), "2025-01-01T08:00:00Z", None)),
                _ => {}
            }
        }
        // A sign of life, so that the role is not unused as a whole.
        records.push(record(records.len(), &name, ("sts", "GetCallerIdentity"), "2026-04-30T08:00:00Z", None));
        let inline = truth.policies.iter().enumerate();
        let inline: Vec<Value> =
            inline.map(|(at, policy)| json!({"PolicyName": format!("p{at}"), "PolicyDocument": policy})).collect();
        roles.push(json!({
            "Path": "/app/", "RoleName": name, "RoleId": format!("AROA{at}"), "Arn": format!("arn:aws:iam::{ACCOUNT}:role/app/{name}"),
            "CreateDate": "2020-01-01T00:00:00Z", "AttachedManagedPolicies": [], "RolePolicyList": inline, "InstanceProfileList": [],
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
        }));
        truths.insert(format!("arn:aws:iam::{ACCOUNT}:role/app/{name}"), truth);
    }
    let account =
        json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": roles, "Policies": [], "IsTruncated": false});
    (account, records, truths)
}

/// Writes an account and its logs, these in several files and spellings.
fn written(account: &Value, records: &[Value], files: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("account.json"), account.to_string()).unwrap();
    let logs = folder.path().join("logs/AWSLogs").join(ACCOUNT);
    std::fs::create_dir_all(&logs).unwrap();
    for (at, part) in records.chunks(records.len().div_ceil(files).max(1)).enumerate() {
        let lines: Vec<String> = part.iter().map(ToString::to_string).collect();
        let path = logs.join(format!("{at}.log"));
        match at % 3 {
            0 => std::fs::write(path, format!("{{\"Records\":[{}]}}", lines.join(","))).unwrap(),
            1 => std::fs::write(path, lines.join("\n")).unwrap(),
            _ => {
                let mut out = flate2::write::GzEncoder::new(std::fs::File::create(path).unwrap(), flate2::Compression::fast());
                out.write_all(format!("[{}]", lines.join(",\n")).as_bytes()).unwrap();
                out.finish().unwrap();
            }
        }
    }
    folder
}

fn options() -> Options {
    let find = findings::Options { days: 90, as_of: When::parse_end("2026-05-01"), ..findings::Options::default() };
    Options { find, ..Options::default() }
}

/// What each role has afterwards, what its findings name, and what they say is not observable.
struct Answer {
    kept: BTreeMap<String, BTreeSet<String>>,
    found: BTreeMap<String, Value>,
    results: BTreeMap<String, Outcome>,
    summaries: Vec<Value>,
}

fn listed(statements: &[Value]) -> BTreeSet<String> {
    let allows = statements.iter().filter(|statement| statement["Effect"] == "Allow");
    let actions = |statement: &Value| match &statement["Action"] {
        Value::String(one) => vec![one.clone()],
        many => many.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect(),
    };
    allows.flat_map(actions).collect()
}

fn answer(folder: &Path, options: &Options) -> Answer {
    let accounts = account::read(&folder.join("account.json")).unwrap();
    let evidence = evidence::read(&[folder.join("logs")], &evidence::Settings { strict: true, ..Default::default() }).unwrap();
    let recommender = Recommender::new(&accounts, &evidence, options).unwrap();
    let all = recommend_all::all(&recommender, &recommender.entities()).unwrap();
    let (mut kept, mut results, mut summaries) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    for one in &all {
        let texts = one.policies.iter().filter_map(after);
        let documents = texts.map(|text| serde_json::from_str::<Value>(&text.value().to_string()).unwrap());
        let actions = documents.flat_map(|document| listed(document["Statement"].as_array().unwrap())).collect();
        kept.insert(one.entity.arn.clone(), actions);
        results.insert(one.entity.arn.clone(), one.result);
        summaries.push(report::json::value(&report::recommended::json::summary(one, &evidence.counts)));
    }
    let found = findings::find(&accounts, &evidence, &options.find).unwrap();
    let shown = |finding: &findings::Finding<'_>| {
        let value = report::unused::json::finding(finding, found.window);
        matches!(finding.unused, Unused::Permissions(_) | Unused::NotObservable).then(|| (finding.entity.arn.clone(), value))
    };
    Answer { kept, found: found.findings.iter().filter_map(shown).collect(), results, summaries }
}

#[test]
fn the_truth_of_generated_accounts_is_recovered_exactly() {
    for seed in 0..6 {
        let (account, records, truths) = generated(seed);
        let folder = written(&account, &records, 4);
        let answer = answer(folder.path(), &options());
        for (arn, truth) in &truths {
            let context = format!("seed {seed}, {arn}: {truth:?}");
            assert_eq!(answer.kept[arn], truth.keeps(), "{context}");
            let expected = match (truth.loses().is_empty(), truth.keeps().is_empty()) {
                (true, _) => Outcome::Unchanged,
                // Deny statements stay.
                (false, _) => Outcome::Proved,
            };
            assert_eq!(answer.results[arn], expected, "{context}");
            let finding = answer.found.get(arn).cloned().unwrap_or_else(|| json!({"findingDetails": [], "notObservable": []}));
            let mut named = BTreeSet::new();
            for detail in finding["findingDetails"].as_array().unwrap() {
                let details = &detail["unusedPermissionDetails"];
                let prefix = format!("{}:", details["serviceNamespace"].as_str().unwrap());
                match details["actions"].as_array() {
                    Some(actions) => named.extend(actions.iter().map(|one| prefix.clone() + one["action"].as_str().unwrap())),
                    None => named.extend(truth.granted.iter().filter(|action| action.starts_with(&prefix)).cloned()),
                }
            }
            assert_eq!(named, truth.loses(), "{context}");
            let blind: BTreeSet<String> =
                finding["notObservable"].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect();
            assert_eq!(blind, truth.not_observable(), "{context}");
        }
        // What has nothing to lose stays as it was written.
        for summary in &answer.summaries {
            let truth = &truths[summary["resource"].as_str().unwrap()];
            if summary["result"] == "UNCHANGED" {
                let documents: Vec<&Value> =
                    summary["policies"].as_array().unwrap().iter().map(|policy| &policy["document"]).collect();
                assert_eq!(documents, truth.policies.iter().collect::<Vec<_>>());
            } else {
                assert!(summary["obligations"].as_u64().unwrap() >= 4 && summary["removedActions"] == truth.loses().len());
            }
        }
    }
}

#[test]
fn more_use_never_removes_more_and_the_order_of_files_is_irrelevant() {
    for seed in 20..23 {
        let (account, mut records, _) = generated(seed);
        let before = answer(written(&account, &records, 3).path(), &options());
        records.reverse();
        let turned = answer(written(&account, &records, 5).path(), &options());
        assert_eq!((&before.kept, &before.found), (&turned.kept, &turned.found), "seed {seed}");
        let mut random = Random(seed);
        for _ in 0..3 {
            let (source, event, _) = SEEN[random.below(SEEN.len())];
            let role = format!("role{}", random.below(6));
            records.push(record(records.len(), &role, (source, event), "2026-04-29T00:00:00Z", None));
        }
        let more = answer(written(&account, &records, 3).path(), &options());
        for (arn, kept) in &before.kept {
            assert!(kept.is_subset(&more.kept[arn]), "seed {seed}, {arn}");
        }
    }
}

#[test]
fn data_events_are_observable_where_the_logs_have_them_or_somebody_says_so() {
    let (account, mut records, truths) = generated(3);
    let said = Options { find: findings::Options { data_events: ["s3".to_owned()].into(), ..options().find }, ..options() };
    let told = answer(written(&account, &records, 1).path(), &said);
    let mut data = record(records.len(), "role0", ("s3", "PutObject"), "2026-04-29T00:00:00Z", None);
    data["eventCategory"] = json!("Data");
    records.push(data);
    let shown = answer(written(&account, &records, 1).path(), &options());
    for (arn, truth) in &truths {
        let mut keeps = truth.keeps();
        keeps.remove("s3:GetObject");
        assert_eq!((&told.kept[arn], &shown.kept[arn]), (&keeps, &keeps), "{arn}");
    }
}

#[test]
fn the_commands_say_what_they_found_and_what_they_rest_on() {
    let account = ["--account", "fixtures/usage/account.json", "--evidence", "fixtures/usage"];
    let all = |command: &str, more: &[&str]| {
        let args: Vec<&str> = [command].into_iter().chain(account).chain(more.iter().copied()).collect();
        let (code, out, err) = leastwise(&args, "");
        let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (code, lines, err)
    };
    let (code, lines, _) = all("findings", &["--as-of", "2026-05-02", "--format", "json"]);
    let kinds: Vec<&str> = lines.iter().map(|line| line["findingType"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["UnusedPermission", "UnusedIAMRole", "UnusedIAMUserPassword", "UnusedPermission", "Summary"]);
    assert_eq!((code, lines[0]["notObservable"].clone()), (1, json!(["iam:PassRole", "s3:GetObject"])));
    let counts = &lines[4]["summary"]["evidence"]["counts"];
    assert_eq!((&counts["read"], &counts["denied"], &counts["unmapped"]), (&json!(9), &json!(1), &json!(0)));
    let (code, lines, _) = all("findings", &["--as-of", "2026-05-02", "--format", "json", "--fail-on", "none"]);
    assert_eq!((code, lines.len()), (0, 5));
    let exclusions = tempfile::tempdir().unwrap();
    let file = exclusions.path().join("exclude.toml");
    std::fs::write(
        &file,
        "[[exclude]]\nname = \"night*\"\nreason = \"runs at the end of the month\"\nexpires = \"2026-12-31\"\n[[exclude]]\naccount = \"111122223333\"\nreason = \"old\"\nexpires = \"2020-01-01\"\n",
    )
    .unwrap();
    let (_, lines, _) = all("findings", &["--as-of", "2026-05-02", "--format", "json", "--exclude", file.to_str().unwrap()]);
    assert_eq!(lines.last().unwrap()["summary"]["excluded"], json!({"runs at the end of the month": 1}));
    assert!(lines.last().unwrap()["summary"]["notes"].to_string().contains("has expired"));
    let out = exclusions.path().join("out");
    let (code, lines, err) = all("recommend", &["--as-of", "2026-05-02", "--format", "json", "-o", out.to_str().unwrap()]);
    let results: Vec<&str> = lines.iter().map(|line| line["result"].as_str().unwrap()).collect();
    assert_eq!((code, results), (0, vec!["PROVED", "EMPTY", "PROVED"]), "{err}");
    let deploy = listed(lines[0]["policies"][0]["document"]["Statement"].as_array().unwrap());
    assert!(deploy.contains("iam:PassRole") && deploy.contains("s3:GetObject") && deploy.contains("sns:ListTopics"));
    assert!(!deploy.contains("ec2:TerminateInstances"));
    for file in [
        "before/deploy.json",
        "after/deploy.json",
        "steps.json",
        "unused.json",
        "proof.json",
        "main.tf.json",
        "cloudformation.json",
    ] {
        assert!(out.join("111122223333/role/deploy").join(file).is_file(), "{file}");
    }
    assert_eq!(std::fs::read_to_string(out.join("summary.jsonl")).unwrap().lines().count(), 3);
    // What was recommended can be verified by itself.
    let folder = out.join("111122223333/role/deploy");
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (code, _, err) =
        leastwise(&["verify", &path("before/deploy.json"), &path("after/deploy.json"), "--unused", &path("unused.json")], "");
    assert_eq!(code, 0, "{err}");
    for (args, part) in
        [(vec!["--as-of", "soon"], "`soon` is not a date"), (vec!["--data-events", "nosuch"], "there is no service `nosuch`")]
    {
        let (code, _, err) = all("findings", &args);
        assert!(code == 2 && err.contains(part), "{err}");
    }
}

#[test]
fn resources_are_narrowed_to_those_that_were_seen_where_the_evidence_is_whole() {
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/app/role0");
    let (mut account, mut records, _) = generated(1);
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sqs:DeleteQueue", "Resource": "*"},
        {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}]});
    account["RoleDetailList"][0]["RolePolicyList"] = json!([{"PolicyName": "p", "PolicyDocument": policy}]);
    records.retain(|record| !record.to_string().contains("/role0/"));
    for at in 0..5 {
        let mut one = record(1_000 + at, "role0", ("sqs", "DeleteQueue"), "2026-04-29T00:00:00Z", None);
        one["resources"] = json!([{"ARN": format!("arn:aws:sqs:eu-west-1:{ACCOUNT}:q{}", at % 2)}]);
        records.push(one);
    }
    records.push(record(2_000, "role0", ("kms", "Decrypt"), "2026-04-29T00:00:00Z", None));
    let folder = written(&account, &records, 2);
    let resources = |narrow: bool| {
        let answer = answer(folder.path(), &Options { resources: narrow, ..options() });
        let one = answer.summaries.into_iter().find(|one| one["resource"] == arn.as_str()).unwrap();
        let statements = one["policies"][0]["document"]["Statement"].as_array().unwrap().clone();
        (one["result"].clone(), statements.iter().map(|statement| statement["Resource"].clone()).collect::<Vec<_>>())
    };
    let queues = json!([format!("arn:aws:sqs:eu-west-1:{ACCOUNT}:q0"), format!("arn:aws:sqs:eu-west-1:{ACCOUNT}:q1")]);
    assert_eq!(resources(true), (json!("PROVED"), vec![queues, json!("*")]));
    assert_eq!(resources(false), (json!("UNCHANGED"), vec![json!("*"), json!("*")]));
}

/// Condition keys as a generated role's records have them: the values of each, and how often in a hundred records the key is
/// there.
const CONTEXT: [(&str, &[&str], usize); 9] = [
    ("aws:SourceVpce", &["vpce-1a", "vpce-2b"], 100),
    ("aws:RequestedRegion", &["eu-west-1"], 100),
    ("aws:SecureTransport", &["true"], 100),
    ("aws:SourceIp", &["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5"], 100),
    ("aws:ViaAWSService", &["false"], 100),
    ("aws:userid", &["AROA:s"], 100),
    ("aws:SourceVpc", &["vpc-1"], 60),
    ("aws:ResourceTag/team", &["a", "b*"], 100),
    ("sqs:Colour", &["red"], 100),
];

/// A condition rests on whole evidence alone, says what was seen and no more, and keeps each logged call.
#[test]
fn conditions_are_proposed_where_the_evidence_is_whole_and_every_logged_call_stays() {
    let (mut account, _, _) = generated(1);
    let mut random = Random(7);
    let (mut records, mut truth) = (Vec::new(), BTreeMap::new());
    for role in 0..6 {
        let name = format!("role{role}");
        // Of three roles one has no record without a context, enough records, and no condition on the key before.
        let (count, whole) = (if role % 4 == 1 { 3 } else { 24 }, role % 4 != 2);
        let before = if role % 4 == 3 { json!({"StringLike": {"AWS:sourcevpce": "vpce-*"}}) } else { json!({}) };
        let policy = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["sqs:DeleteQueue", "kms:Decrypt"], "Resource": "*", "Condition": before},
            {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}]});
        account["RoleDetailList"][role]["RolePolicyList"] = json!([{"PolicyName": "p", "PolicyDocument": policy}]);
        let mut seen: BTreeMap<String, (usize, BTreeSet<String>)> = BTreeMap::new();
        for at in 0..2 * count {
            let (source, event) = if at % 2 == 0 { ("sqs", "DeleteQueue") } else { ("kms", "Decrypt") };
            let mut one = record(role * 1_000 + at, &name, (source, event), "2026-04-29T00:00:00Z", None);
            let mut context = serde_json::Map::new();
            for (key, values, share) in CONTEXT {
                if random.below(100) < share {
                    let value = values[random.below(values.len())];
                    context.insert(key.to_owned(), json!(value));
                    let known = seen.entry(key.to_owned()).or_default();
                    known.0 += 1;
                    known.1.insert(value.to_owned());
                }
            }
            if whole || at != 4 {
                one["eventContext"] = json!({"requestContext": context});
            }
            records.push(one);
        }
        let everywhere = |key: &str| seen.get(key).filter(|known| known.0 == 2 * count).map(|known| known.1.clone());
        let mut expected = BTreeMap::new();
        if whole && count == 24 {
            for (operator, key) in
                [("StringEquals", "aws:SourceVpce"), ("StringEquals", "aws:RequestedRegion"), ("Bool", "aws:SecureTransport")]
            {
                if let Some(values) = everywhere(key).filter(|_| !(role % 4 == 3 && key == "aws:SourceVpce")) {
                    expected.insert((operator.to_owned(), key.to_owned()), values);
                }
            }
        }
        truth.insert(format!("arn:aws:iam::{ACCOUNT}:role/app/{name}"), expected);
    }
    assert!(truth.values().filter(|expected| expected.len() == 3).count() >= 2);
    let folder = written(&account, &records, 3);
    let without = answer(folder.path(), &options());
    assert!(without.summaries.iter().all(|one| one.get("proposals").is_none()), "never without being asked for");
    let with = answer(folder.path(), &Options { conditions: true, ..options() });
    for one in &with.summaries {
        let expected = &truth[one["resource"].as_str().unwrap()];
        let mut found = BTreeMap::new();
        for proposal in one["proposals"].as_array().into_iter().flatten() {
            let text = |name: &str| proposal[name].as_str().unwrap().to_owned();
            let values = proposal["values"].as_array().unwrap().iter().map(|value| value.as_str().unwrap().to_owned());
            found.insert((text("operator"), text("key")), values.collect::<BTreeSet<_>>());
            assert_eq!((&proposal["statementIndex"], &proposal["evidence"]["records"]), (&json!(0), &json!(48)), "{proposal}");
        }
        assert_eq!(&found, expected, "{one}");
        assert_eq!(one["result"], if expected.is_empty() { "UNCHANGED" } else { "PROVED" }, "{one}");
        let notes = one["notes"].as_array().unwrap().iter().filter(|note| note.as_str().unwrap().starts_with("a proposal: "));
        assert_eq!(notes.count(), expected.len());
        let statement = &one["policies"][0]["document"]["Statement"][0];
        for ((operator, key), values) in expected {
            let written = &statement["Condition"][operator][key];
            let written: BTreeSet<String> = match written {
                Value::String(one) => BTreeSet::from([one.clone()]),
                many => many.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect(),
            };
            assert_eq!(&written, values, "{statement}");
        }
        // Each record, as it was evaluated, and one that nobody has seen.
        let simulate = |record: &Value, changed: Option<(&str, &str)>| {
            let mut context = record["eventContext"]["requestContext"].clone();
            if let Some((key, value)) = changed {
                context[key] = json!(value);
            }
            let source = record["eventSource"].as_str().unwrap().split('.').next().unwrap();
            let action = format!("{source}:{}", record["eventName"].as_str().unwrap());
            let request = json!({"principal": one["resource"], "action": action,
                "resource": {"arn": "arn:aws:sqs:eu-west-1:111122223333:q", "accountId": ACCOUNT}, "context": context});
            let line = json!({"check": "simulate", "request": request, "identityPolicies": [one["policies"][0]["document"]]});
            let answered = leastwise::ops::line::answer_line(&line.to_string(), &Settings::default());
            serde_json::from_str::<Value>(&answered).unwrap()["decision"] == "Allowed"
        };
        let role = one["resource"].as_str().unwrap().rsplit('/').next().unwrap();
        let own = |record: &&Value| record["eventContext"].is_object() && record.to_string().contains(&format!("/{role}/s"));
        for record in records.iter().filter(own).take(8) {
            assert!(simulate(record, None), "{record}");
            let free = !expected.contains_key(&("StringEquals".to_owned(), "aws:SourceVpce".to_owned()));
            assert_eq!(simulate(record, Some(("aws:SourceVpce", "vpce-9c"))), free, "{record}");
        }
    }
}

#[test]
fn a_not_action_becomes_a_list_where_that_is_shorter() {
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "NotAction": ["iam:*", "s3:Delete*"], "Resource": "*"}]});
    let original =
        leastwise::document::read(&leastwise::diag::Source::new("p", policy.to_string()), &Default::default()).unwrap();
    assert!(leastwise::refine::not_action::is_in(&original));
    let made = leastwise::refine::not_action::rewritten(&original, leastwise::catalog::Catalog::latest()).unwrap();
    let actions = listed(&[serde_json::from_str::<Value>(&made.json.to_string()).unwrap()["Statement"][0].clone()]);
    assert!(actions.contains("ec2:*") && actions.contains("s3:GetObject") && !actions.contains("s3:*"));
}

#[test]
fn the_sample_accounts_and_logs_run_end_to_end() {
    let Some(corpus) = corpus("the_sample_accounts_and_logs_run_end_to_end") else { return };
    let Some(folder) = crate::evidence::unpacked(&corpus.join("usage.tar.zst")) else { return };
    let at = |name: &str| folder.path().join("usage").join(name).to_str().unwrap().to_owned();
    for name in ["cloudsplaining-example.json", "cloudsplaining-example-v2.json"] {
        let (account, logs) = (at(&format!("account/{name}")), at("cloudtrail"));
        let args = ["findings", "--account", &account, "--evidence", &logs, "--as-of", "2023-07-11", "--format", "json"];
        let (code, out, err) = leastwise(&args, "");
        assert!(code < 2, "{err}");
        let last: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
        assert_eq!(last["summary"]["evidence"]["counts"]["read"], 2_900);
        for line in out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
            assert!(!line["findingDetails"].to_string().contains("PassRole"), "{line}");
        }
    }
}

#[test]
fn both_engines_say_the_same_of_recommendations() {
    let grounds = ["--account", "fixtures/usage/account.json", "--evidence", "fixtures/usage", "--as-of", "2026-05-02"];
    let ask = |more: &[&str]| {
        let (code, out, err) = leastwise(&[&["recommend", "--format", "json"], &grounds[..], more].concat(), "");
        (code, out.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>(), err)
    };
    let (one, crossed, strings) = (ask(&[]), ask(&["--cross-check"]), ask(&["--engine", "strings", "--timeout", "60"]));
    assert_eq!((one.0, one.1.len()), (0, 3), "{}", one.2);
    assert_eq!(one, crossed);
    // The plain encoding by itself recommends the same, or leaves it open.
    for (other, one) in strings.1.iter().zip(&one.1) {
        assert!(other["result"] == "UNKNOWN" || other["policies"] == one["policies"], "{other}");
    }
    assert!(strings.1.iter().any(|line| line["result"] == "PROVED"), "{strings:?}");
    // What the two may not disagree about is a defect, not an answer.
    let proving = leastwise::account::proved::Proving::default();
    assert!(proving.agree([Some(true), Some(false)]).is_err() && proving.agree([Some(false), Some(true)]).is_err());
    assert!(proving.agree([Some(true), None]).is_ok() && proving.agree([None, Some(false)]).is_ok());
    assert!(proving.agree([Some(true), Some(true)]).is_ok());
}

#[test]
fn a_page_is_compared_with_a_page_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let report = |out: &str, baseline: Option<&str>| {
        let (own, other) = (path(out), baseline.map(path));
        let mut args = vec!["report", "--account", "fixtures/accounts/small.json", "-o", &own];
        other.iter().for_each(|other| args.extend(["--baseline", other]));
        leastwise(&args, "")
    };
    assert_eq!(report("first.html", None).0, 0);
    let page = std::fs::read_to_string(path("first.html")).unwrap();
    for (name, text) in [
        ("empty", String::new()),
        ("text", "no page".to_owned()),
        ("html", "<html><script type=\"application/json\" id=\"data\">{}</script></html>".to_owned()),
        ("short", page[..page.find("\"questions\"").unwrap()].to_owned()),
    ] {
        std::fs::write(path(name), text).unwrap();
        let (code, out, err) = report("second.html", Some(name));
        assert_eq!((code, out.as_str()), (2, ""), "{name}: {err}");
        assert!(err.contains("error[not-a-page]") && err.contains("give a page that"), "{name}: {err}");
        assert!(!std::path::Path::new(&path("second.html")).exists(), "{name}: nothing is written");
    }
    let (code, _, err) = report("second.html", Some("missing"));
    assert!(code == 2 && err.contains("error[not-a-page]") && err.contains("missing"), "{err}");
    let (code, _, err) = report("second.html", Some("first.html"));
    assert_eq!(code, 0, "{err}");
    // What it was compared with is a point of its trend.
    let second = std::fs::read_to_string(path("second.html")).unwrap();
    let points = |page: &str| leastwise::report::html::trend_of(page).unwrap().len();
    assert_eq!((points(&page), points(&second)), (1, 2));
}
