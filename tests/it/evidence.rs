//! Evidence of every kind and spelling: who used what, what was denied, what could not be read and where.

use crate::support::corpus;
use leastwise::evidence::{Evidence, Kind, Settings, When, Who, read};
use std::io::Write as _;
use std::path::{Path, PathBuf};

fn record(event: &str, role: &str, extra: &str) -> String {
    let (source, name) = event.split_once(':').unwrap();
    format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/{role}/s","accountId":"111122223333","sessionContext":{{"sessionIssuer":{{"type":"Role","arn":"arn:aws:iam::111122223333:role/path/{role}","accountId":"111122223333","userName":"{role}"}}}}}},"eventTime":"2026-05-01T10:00:00Z","eventSource":"{source}.amazonaws.com","eventName":"{name}","awsRegion":"eu-west-1","recipientAccountId":"111122223333"{extra}}}"#
    )
}

fn id(number: u32) -> String {
    format!(r#","eventID":"00000000-0000-0000-0000-{number:012}""#)
}

fn gather(files: &[(&str, Vec<u8>)], strict: bool) -> Result<Evidence, String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let settings = Settings { strict, ..Settings::default() };
    read(&[folder.path().to_owned()], &settings).map_err(|found| found.to_string())
}

fn packed(text: &str) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(text.as_bytes()).unwrap();
    out.finish().unwrap()
}

fn role(name: &str) -> Who {
    Who::new("111122223333", Kind::Role, name)
}

/// What each principal used, as `name source:Event count`.
fn uses(evidence: &Evidence) -> Vec<String> {
    let of = |(who, activity): (&Who, &leastwise::evidence::Activity)| {
        let one = |((source, name), used): (&(std::sync::Arc<str>, std::sync::Arc<str>), &leastwise::evidence::Use)| {
            format!("{} {}:{name} {}", who.name, source.trim_end_matches(".amazonaws.com"), used.count)
        };
        activity.uses.iter().map(one).collect::<Vec<_>>()
    };
    evidence.activity.iter().flat_map(of).collect()
}

#[test]
fn every_wrapping_of_cloudtrail_says_the_same() {
    let (a, b) = (record("ec2:RunInstances", "Deploy", &id(1)), record("s3:CreateBucket", "Deploy", &id(2)));
    let lower = |text: &str| {
        let names = [
            "eventVersion",
            "userIdentity",
            "eventTime",
            "eventSource",
            "eventName",
            "eventID",
            "sessionContext",
            "sessionIssuer",
        ];
        names
            .iter()
            .fold(text.to_owned(), |text, name| text.replace(&format!("\"{name}\""), &format!("\"{}\"", name.to_lowercase())))
    };
    let wrapped = format!(r#"{{"Records":[{a},{b}]}}"#);
    let pretty = serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(&wrapped).unwrap()).unwrap();
    let events = serde_json::json!({"Events": [{"EventName": "x", "CloudTrailEvent": a}, {"CloudTrailEvent": b}]}).to_string();
    let bus = format!("{{\"version\":\"0\",\"detail-type\":\"AWS API Call via CloudTrail\",\"detail\":{a}}}\n{{\"detail\":{b}}}");
    for (spelling, bytes) in [
        ("records", wrapped.clone().into_bytes()),
        ("pretty", pretty.into_bytes()),
        ("array", format!("[{a},{b}]").into_bytes()),
        ("lines", format!("{a}\n{b}\n").into_bytes()),
        ("lower lines", lower(&format!("{a}\n{b}")).into_bytes()),
        ("lower", lower(&wrapped).into_bytes()),
        ("gzip", packed(&wrapped)),
        ("two members", [packed(&format!("{a}\n")), packed(&b)].concat()),
        ("two documents", format!(r#"{{"Records":[{a}]}}{{"Records":[{b}]}}"#).into_bytes()),
        ("mark", format!("\u{feff}{wrapped}").into_bytes()),
        ("LookupEvents", events.into_bytes()),
        ("EventBridge", bus.into_bytes()),
    ] {
        let evidence =
            gather(&[("AWSLogs/111122223333/CloudTrail/log", bytes)], true).unwrap_or_else(|error| panic!("{spelling}: {error}"));
        assert_eq!(uses(&evidence), ["deploy ec2:RunInstances 1", "deploy s3:CreateBucket 1"], "{spelling}");
        assert_eq!((evidence.counts.read, evidence.counts.mapped), (2, 2), "{spelling}");
        assert_eq!(evidence.newest, When::parse("2026-05-01T10:00:00Z"));
    }
}

#[test]
fn records_are_counted_by_what_becomes_of_them() {
    let records = [
        record("ec2:RunInstances", "a", &id(1)),
        record("ec2:RunInstances", "a", &id(1)),
        record("ec2:DescribeVpcs", "a", &format!(r#"{},"errorCode":"Client.UnauthorizedOperation""#, id(2))),
        record("ec2:DescribeSubnets", "a", &format!(r#"{},"errorCode":"ThrottlingException""#, id(3))),
        record("nosuch:DoThing", "a", &id(4)),
        record("cloudhsm:CreateHapg", "a", &id(5)),
        record("ec2:RunInstances", "a", &format!(r#"{},"eventCategory":"Insight""#, id(6))),
        record("ec2:RunInstances", "a", &id(7)).replace("\"1.11\"", "\"2.0\""),
        record("ec2:RunInstances", "a", &id(8)).replace("2026-05-01T10:00:00Z", "never"),
        r#"{"eventVersion":"1.08","userIdentity":{"type":"AWSService","invokedBy":"x"},"eventTime":"2026-05-01T10:00:00Z","eventSource":"sts.amazonaws.com","eventName":"AssumeRole","requestParameters":{"roleArn":"arn:aws:iam::111122223333:role/p/Nightly"},"recipientAccountId":"111122223333"}"#.to_owned(),
        "{\"eventName\":".to_owned(),
    ];
    let evidence = gather(&[("log.json", records.join("\n").into_bytes())], false).unwrap();
    let counts = &evidence.counts;
    assert_eq!((counts.read, counts.mapped, counts.unmapped, counts.denied, counts.duplicate), (11, 2, 1, 1, 1));
    assert_eq!((counts.skipped.values().sum::<u64>(), counts.failures()), (3, 3));
    assert_eq!(uses(&evidence), ["a ec2:DescribeSubnets 1", "a ec2:RunInstances 1"]);
    let activity = &evidence.activity[&role("a")];
    assert_eq!((activity.denied.len(), activity.unmapped.len()), (1, 1));
    assert!(evidence.activity[&role("nightly")].last_seen.is_some(), "a service assumed it");
    let troubles: Vec<String> = evidence.troubles.iter().map(ToString::to_string).collect();
    assert!(
        troubles.iter().any(|said| said.contains("log.json:8: record 8 cannot be used: another major version")),
        "{troubles:?}"
    );
    assert!(troubles.iter().any(|said| said.contains("log.json:11: record 11 is not JSON")), "{troubles:?}");
    assert!(gather(&[("log.json", records.join("\n").into_bytes())], true).unwrap_err().contains("record 8"));
}

#[test]
fn the_same_event_counts_once_on_each_side_whatever_file_holds_it() {
    let shared = r#","sharedEventID":"99999999-0000-0000-0000-000000000001""#;
    let own = record("kms:Decrypt", "a", &(id(1) + shared));
    let other = record("kms:Decrypt", "a", &(id(2) + shared))
        .replace(r#""recipientAccountId":"111122223333""#, r#""recipientAccountId":"444455556666""#);
    let again = record("kms:Decrypt", "a", &(id(3) + shared));
    let late = record(
        "kms:Decrypt",
        "a",
        &(id(4) + r#","addendum":{"reason":"UPDATED_DATA","originalEventID":"00000000-0000-0000-0000-000000000001"}"#),
    );
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("1.json", own.into_bytes()),
        ("2.json", other.into_bytes()),
        ("3.json", again.into_bytes()),
        ("4.json", late.into_bytes()),
    ];
    let evidence = gather(&files, true).unwrap();
    assert_eq!((evidence.counts.mapped, evidence.counts.duplicate), (2, 2));
    assert_eq!(evidence.coverage.len(), 2);
}

#[test]
fn principals_are_whose_permissions_were_used() {
    let with = |identity: &str| {
        format!(
            r#"{{"eventTime":"2026-05-01T10:00:00Z","eventSource":"ec2.amazonaws.com","eventName":"DescribeVpcs","userIdentity":{identity}}}"#
        )
    };
    for (identity, expected) in [
        (r#"{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/p/Bob"}"#, Some("user bob of 111122223333")),
        (r#"{"type":"IAMUser","accountId":"111122223333","userName":"Bob"}"#, Some("user bob of 111122223333")),
        (r#"{"type":"Root","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333"}"#, Some("root of 111122223333")),
        (r#"{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/R/s"}"#, Some("role r of 111122223333")),
        (
            r#"{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/R/s","sessionContext":{}}"#,
            Some("role r of 111122223333"),
        ),
        (r#"{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/aws:ec2-instance/i-1"}"#, None),
        (
            r#"{"type":"IdentityCenterUser","arn":"arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/R"}"#,
            Some("role r of 111122223333"),
        ),
        (
            r#"{"type":"FederatedUser","arn":"arn:aws:sts::111122223333:federated-user/x","sessionContext":{"sessionIssuer":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/Bob"}}}"#,
            Some("user bob of 111122223333"),
        ),
        (
            r#"{"type":"FederatedUser","sessionContext":{"sessionIssuer":{"type":"Root","arn":"arn:aws:iam::111122223333:root"}}}"#,
            Some("root of 111122223333"),
        ),
        (r#"{"type":"AWSAccount","accountId":"444455556666","principalId":"x"}"#, None),
        (r#"{"type":"SAMLUser","userName":"x"}"#, None),
        (r#"{"invokedBy":"ec2.amazonaws.com"}"#, None),
        ("null", None),
    ] {
        let evidence = gather(&[("log", with(identity).into_bytes())], true).unwrap();
        let found: Vec<String> = evidence.activity.keys().map(ToString::to_string).collect();
        assert_eq!(found, expected.map(str::to_owned).into_iter().collect::<Vec<_>>(), "{identity}");
        assert_eq!(evidence.counts.mapped + evidence.counts.skipped.values().sum::<u64>(), 1);
    }
}

#[test]
fn a_broken_gzip_file_gives_what_stands_before_and_says_where_it_breaks() {
    let many: Vec<String> = (0..4_000).map(|at| record("ec2:RunInstances", "a", &id(at))).collect();
    let mut bytes = packed(&format!(r#"{{"Records":[{}]}}"#, many.join(",")));
    bytes.truncate(bytes.len() / 2);
    let evidence = gather(&[("log.json.gz", bytes.clone())], false).unwrap();
    assert!(evidence.counts.mapped > 500 && evidence.counts.failures() >= 1, "{:?}", evidence.counts);
    assert!(evidence.troubles.iter().any(|said| said.to_string().contains("breaks off")), "{:?}", evidence.troubles);
    assert!(gather(&[("log.json.gz", bytes)], true).is_err());
}

#[test]
fn the_other_sources_are_read() {
    let files = vec![
        ("last.json", br#"{"Arn":"arn:aws:iam::111122223333:role/A","JobStatus":"COMPLETED","JobCompletionDate":"2026-05-02T00:00:00Z","ServicesLastAccessed":[
            {"ServiceName":"S3","ServiceNamespace":"s3","LastAuthenticated":"2026-04-30T00:00:00Z","TrackedActionsLastAccessed":[{"ActionName":"CreateBucket","LastAccessedTime":"2026-04-30T00:00:00Z"},{"ActionName":"DeleteBucket"}]},
            {"ServiceName":"EC2","ServiceNamespace":"ec2"}]}"#.to_vec()),
        ("report.csv", b"user,arn,user_creation_time,password_enabled,password_last_used,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date\n<root_account>,arn:aws:iam::111122223333:root,2020-01-01T00:00:00+00:00,not_supported,no_information,false,N/A,N/A,false,N/A,N/A\nbob,arn:aws:iam::111122223333:user/bob,2020-01-01T00:00:00+00:00,true,2026-01-01T00:00:00+00:00,true,2020-01-01T00:00:00+00:00,N/A,false,N/A,N/A\n".to_vec()),
        ("findings.json", br#"{"findings":[{"id":"1","findingType":"UnusedPermission","status":"ACTIVE","resource":"arn:aws:iam::111122223333:role/A","analyzedAt":"2026-05-01T00:00:00Z","findingDetails":[{"unusedPermissionDetails":{"serviceNamespace":"sqs","actions":[{"action":"SendMessage"}]}},{"unusedPermissionDetails":{"serviceNamespace":"sns"}}]},{"id":"2","findingType":"ExternalAccess","resource":"arn:aws:iam::111122223333:role/A","status":"ACTIVE"},{"id":"3","findingType":"UnusedIAMRole","status":"RESOLVED","resource":"arn:aws:iam::111122223333:role/A"}]}"#.to_vec()),
        ("account.json", br#"{"RoleDetailList":[{"Arn":"arn:aws:iam::111122223333:role/A","RoleLastUsed":{"LastUsedDate":"2026-03-01T00:00:00Z","Region":"eu-west-1"}},{"Arn":"arn:aws:iam::111122223333:role/B","RoleLastUsed":{}},{"Arn":"arn:aws:iam::111122223333:role/C"}]}"#.to_vec()),
        ("organization.json", br#"{"JobStatus":"COMPLETED","AccessDetails":[{"ServiceName":"X","ServiceNamespace":"glue","EntityPath":"o-1/r-1/ou-1/111122223333/","TotalAuthenticatedEntities":0},{"ServiceName":"Y","ServiceNamespace":"kms","EntityPath":"o-1/r-1/111122223333/","LastAuthenticatedTime":"2026-04-01T00:00:00Z","TotalAuthenticatedEntities":1}]}"#.to_vec()),
        ("usage.csv", b"account,principal,invoked_by,event_category,event_source,event_name,resources,error_class,first,last,count\n111122223333,arn:aws:sts::111122223333:assumed-role/D/s,,Management,ec2.amazonaws.com,RunInstances,\"[\"\"arn:aws:ec2:eu-west-1:111122223333:instance/i-1\"\"]\",,2026-04-01T00:00:00Z,2026-04-02T00:00:00Z,7\n111122223333,arn:aws:iam::111122223333:role/D,,Management,ec2.amazonaws.com,DescribeVpcs,,AccessDenied,2026-04-01T00:00:00Z,2026-04-02T00:00:00Z,1\n".to_vec()),
        ("usage.jsonl", b"{\"account\":\"111122223333\",\"principal\":\"arn:aws:iam::111122223333:role/D\",\"event_category\":\"Data\",\"event_source\":\"s3.amazonaws.com\",\"event_name\":\"GetObject\",\"resources\":[\"arn:aws:s3:::b/k\"],\"first\":\"2026-04-01T00:00:00Z\",\"last\":\"2026-04-02T00:00:00Z\",\"count\":3}\n".to_vec()),
        ("readme.txt", b"not evidence".to_vec()),
    ];
    let evidence = gather(&files, true).unwrap();
    let a = &evidence.activity[&role("a")];
    let s3 = a.services["s3"].actions.as_ref().unwrap();
    assert_eq!((s3["createbucket"].is_some(), s3["deletebucket"], a.services["ec2"].service), (true, None, None));
    assert_eq!(a.role_last_used.flatten(), When::parse("2026-03-01"));
    assert_eq!(evidence.activity[&role("b")].role_last_used, Some(None));
    assert!(!evidence.activity.contains_key(&role("c")));
    let bob = &evidence.credentials[&Who::new("111122223333", Kind::User, "Bob")];
    assert_eq!(
        (bob.password, bob.password_used, bob.keys.len(), bob.keys[0].last_used),
        (Some(true), When::parse("2026-01-01"), 1, None)
    );
    assert_eq!((evidence.findings.len(), evidence.findings[0].services.len()), (1, 2));
    assert_eq!((evidence.organization["111122223333"]["glue"], evidence.organization["111122223333"].len()), (None, 2));
    assert_eq!(uses(&evidence), ["d ec2:RunInstances 7", "d s3:GetObject 3"]);
    assert!(evidence.coverage["111122223333"].data_events.contains("s3"));
    assert!(evidence.notes.iter().any(|note| note.contains("readme.txt")));
}

#[test]
fn the_order_of_files_and_records_changes_nothing() {
    let events = ["ec2:RunInstances", "s3:CreateBucket", "kms:Decrypt", "nosuch:Thing", "ec2:RunInstances"];
    let mut records: Vec<String> =
        (0..33).map(|at| record(events[at as usize % 5], ["a", "b"][at as usize % 2], &id(at))).collect();
    records.extend_from_within(3..10);
    let files = |records: &[String]| -> Vec<(&'static str, Vec<u8>)> {
        records.chunks(10).zip(["1", "2", "3", "4"]).map(|(part, name)| (name, part.join("\n").into_bytes())).collect()
    };
    let first = gather(&files(&records), true).unwrap();
    records.reverse();
    let second = gather(&files(&records), true).unwrap();
    assert_eq!((uses(&first), &first.counts, &first.coverage), (uses(&second), &second.counts, &second.coverage));
}

#[test]
fn the_sample_logs_are_read_whole() {
    let Some(corpus) = corpus("the_sample_logs_are_read_whole") else { return };
    let Some(folder) = unpacked(&corpus.join("usage.tar.zst")) else { return };
    let evidence = read(&[folder.path().join("usage/cloudtrail")], &Settings { strict: true, ..Settings::default() }).unwrap();
    let counts = &evidence.counts;
    assert_eq!((counts.read, evidence.files.len(), counts.duplicate, counts.denied), (2_900, 55, 0, 60));
    assert_eq!(counts.mapped + counts.unmapped + counts.denied + counts.skipped.values().sum::<u64>(), 2_900, "{counts:?}");
    assert!(counts.unmapped < 20, "{counts:?}");
}

/// The folder of an archive, where `tar` and `zstd` are there.
pub(crate) fn unpacked(archive: &Path) -> Option<tempfile::TempDir> {
    let folder = tempfile::tempdir().unwrap();
    let packed = std::fs::read(archive).ok()?;
    let mut decoder = ruzstd::decoding::StreamingDecoder::new(packed.as_slice()).ok()?;
    let tar: PathBuf = folder.path().join("usage.tar");
    std::io::copy(&mut decoder, &mut std::fs::File::create(&tar).unwrap()).unwrap();
    let done = std::process::Command::new("tar").arg("xf").arg(&tar).arg("-C").arg(folder.path()).status();
    done.is_ok_and(|status| status.success()).then_some(folder)
}
