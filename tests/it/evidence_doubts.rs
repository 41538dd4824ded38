//! Every doubt keeps a permission: whatever the order of records, whatever breaks off, whatever names a principal, what some
//! record shows as used is used; and logs that do not reach into the window show nothing.

use crate::support::leastwise_in;
use leastwise::evidence::{Evidence, Kind, Settings, Who, read};
use serde_json::{Value, json};
use std::io::Write as _;

fn id(number: u32) -> String {
    format!("00000000-0000-0000-0000-{number:012}")
}

fn record(event: &str, number: u32, more: &[(&str, Value)]) -> Value {
    let issuer = json!({"type": "Role", "arn": "arn:aws:iam::111122223333:role/Deploy", "accountId": "111122223333"});
    let mut one = json!({
        "eventVersion": "1.11", "eventTime": "2026-05-01T10:00:00Z", "eventSource": "sqs.amazonaws.com", "eventName": event,
        "recipientAccountId": "111122223333", "eventID": id(number), "eventCategory": "Management",
        "userIdentity": {"type": "AssumedRole", "accountId": "111122223333", "sessionContext": {"sessionIssuer": issuer}},
    });
    more.iter().for_each(|(name, value)| one[*name] = value.clone());
    one
}

fn gather(files: &[(&str, Vec<u8>)], settings: &Settings) -> Evidence {
    let folder = tempfile::tempdir().unwrap();
    files.iter().for_each(|(name, bytes)| std::fs::write(folder.path().join(name), bytes).unwrap());
    read(&[folder.path().to_owned()], settings).unwrap()
}

fn lines(records: &[&Value]) -> Vec<u8> {
    records.iter().map(|one| format!("{one}\n")).collect::<String>().into_bytes()
}

/// What a principal used, by event name, with the count.
fn used(evidence: &Evidence, kind: Kind, name: &str) -> Vec<(String, u64)> {
    let activity = evidence.activity.get(&Who::new("111122223333", kind, name));
    let all = activity.into_iter().flat_map(|activity| &activity.uses);
    all.map(|((_, name), used)| (name.to_string(), used.count)).collect()
}

#[test]
fn a_correction_is_use_if_either_record_is_in_every_order() {
    let corrects = |number: u32| ("addendum", json!({"reason": "UPDATED_DATA", "originalEventID": id(number)}));
    let denied = || ("errorCode", json!("AccessDenied"));
    let shared = || ("sharedEventID", json!("99999999-0000-0000-0000-000000000001"));
    for (first_fails, second_fails, is_shared) in (0..8_u8).map(|mask| (mask & 1 > 0, mask & 2 > 0, mask & 4 > 0)) {
        let with = |fails: bool, more: Vec<(&'static str, Value)>| {
            let of = more.into_iter().chain(fails.then(denied)).chain(is_shared.then(shared));
            of.collect::<Vec<_>>()
        };
        let original = record("CreateQueue", 1, &with(first_fails, Vec::new()));
        let correction = record("CreateQueue", 2, &with(second_fails, vec![corrects(1)]));
        let other = record("DeleteQueue", 3, &[]);
        for order in [[&original, &correction, &other], [&correction, &other, &original], [&other, &correction, &original]] {
            let evidence = gather(&[("a.json", lines(&order))], &Settings::default());
            let expected = match first_fails && second_fails {
                true => vec![("DeleteQueue".to_owned(), 1)],
                false => vec![("CreateQueue".to_owned(), 1), ("DeleteQueue".to_owned(), 1)],
            };
            let counts = &evidence.counts;
            let said = format!("{first_fails} {second_fails} {is_shared} {counts:?}");
            assert_eq!(used(&evidence, Kind::Role, "Deploy").len(), expected.len(), "{said}");
            assert!(used(&evidence, Kind::Role, "Deploy").iter().all(|(_, count)| *count <= 2), "{said}");
            assert_eq!((counts.read, counts.duplicate, counts.mapped + counts.denied), (3, 1, 2), "{said}");
        }
    }
}

#[test]
fn a_packed_file_that_breaks_off_is_used_as_far_as_it_goes_and_told() {
    let records: Vec<Value> = (0..40).map(|number| record(&format!("Event{number}"), number, &[])).collect();
    let text = json!({"Records": records}).to_string();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    packer.write_all(text.as_bytes()).unwrap();
    let whole = packer.finish().unwrap();
    for cut in (200..whole.len()).step_by(701) {
        let evidence = gather(&[("a.json.gz", whole[..cut].to_vec())], &Settings::default());
        // All but the part that breaks off: its head is a few bytes, its records as long as in the text.
        let fewest = records.iter().scan(12, |at, one| {
            *at += one.to_string().len() + 1;
            Some(*at)
        });
        let fewest = fewest.filter(|end| *end + 64 < cut).count() as u64;
        assert!(evidence.counts.unmapped >= fewest, "{cut}: {:?}, not {fewest}", evidence.counts);
        assert!(evidence.counts.failures() > 0 && !evidence.troubles.is_empty(), "{cut}: it breaks off in silence");
    }
}

#[test]
fn a_principal_is_known_by_its_unique_id_where_nothing_else_names_it() {
    let ids = [("AROAEXAMPLEDEPLOY", Kind::Role, "deploy"), ("AIDAEXAMPLEBOB", Kind::User, "bob")];
    let ids = ids.into_iter().map(|(id, kind, name)| (id.to_owned(), Who::new("111122223333", kind, name))).collect();
    let settings = Settings { ids, ..Settings::default() };
    for (identity, kind, name, expected) in [
        (json!({"type": "AssumedRole", "principalId": "AROAEXAMPLEDEPLOY:s"}), Kind::Role, "deploy", 1),
        (
            json!({"type": "AWSAccount", "principalId": "AROAEXAMPLEDEPLOY:s", "accountId": "111122223333"}),
            Kind::Role,
            "deploy",
            1,
        ),
        (json!({"type": "AWSAccount", "principalId": "AIDAEXAMPLEBOB"}), Kind::User, "bob", 1),
        (json!({"type": "IAMUser", "principalId": "AIDAEXAMPLEBOB"}), Kind::User, "bob", 1),
        (
            json!({"type": "FederatedUser", "principalId": "111122223333:fed",
                   "sessionContext": {"sessionIssuer": {"type": "IAMUser", "principalId": "AIDAEXAMPLEBOB"}}}),
            Kind::User,
            "bob",
            1,
        ),
        (json!({"type": "AWSAccount", "principalId": "AROAANOTHERONE:s"}), Kind::Role, "deploy", 0),
        (json!({"type": "AssumedRole", "principalId": "AROAEXAMPLEDEPLOYX:s"}), Kind::Role, "deploy", 0),
        // A name counts before an id.
        (
            json!({"type": "IAMUser", "principalId": "AIDAEXAMPLEBOB", "arn": "arn:aws:iam::111122223333:user/eve"}),
            Kind::User,
            "bob",
            0,
        ),
    ] {
        let one = record("CreateQueue", 1, &[("userIdentity", identity.clone()), ("recipientAccountId", json!("444455556666"))]);
        let evidence = gather(&[("a.json", lines(&[&one]))], &settings);
        assert_eq!(used(&evidence, kind, name).len(), expected, "{identity}");
    }
}

/// `findings` over two sources of one account: what is said of the role at each day on which the logs may end.
#[test]
fn logs_that_end_before_the_window_show_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let statement = json!({"Effect": "Allow", "Action": ["sqs:CreateQueue", "sqs:DeleteQueue"], "Resource": "*"});
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    let role = json!({"Path": "/", "RoleName": "Deploy", "RoleId": "AROAEXAMPLEDEPLOY", "CreateDate": "2020-01-01T00:00:00Z",
        "Arn": "arn:aws:iam::111122223333:role/Deploy", "AssumeRolePolicyDocument": trust, "InstanceProfileList": [],
        "AttachedManagedPolicies": [], "Tags": [],
        "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}]});
    let account = json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [role], "Policies": []});
    std::fs::write(folder.path().join("account.json"), account.to_string()).unwrap();
    for (day, is_within) in [("2026-01-01", false), ("2026-02-01", false), ("2026-02-02", true), ("2026-04-30", true)] {
        let first = record("CreateQueue", 1, &[("eventTime", json!("2025-12-01T00:00:00Z"))]);
        let last = record("CreateQueue", 2, &[("eventTime", json!(format!("{day}T12:00:00Z")))]);
        std::fs::write(folder.path().join("log.json"), lines(&[&first, &last])).unwrap();
        let asked =
            ["findings", "--account", "account.json", "--evidence", "log.json", "--as-of", "2026-05-02", "--format", "json"];
        let (code, said, _) = leastwise_in(folder.path(), &asked, "");
        let unused = said.contains("\"UnusedIAMRole\",\"") || said.contains("\"UnusedPermission\",\"");
        assert_eq!(unused, is_within, "{day}: {said}");
        assert_eq!(said.contains("it shows nothing of it"), !is_within, "{day}: {said}");
        assert_eq!(code, i32::from(is_within), "{day}: {said}");
    }
}
