//! The other readings: of `NotPrincipal`, and of multivalued keys without a set operator.

use crate::agreement::generator;
use crate::support::{leastwise, policy};
use leastwise::eval;
use leastwise::policy::readings::{AnyIfExists, NotPrincipal, READINGS, Unqualified};
use leastwise::policy::{Access, ArnMatching, Readings};
use leastwise::question::no_new_access::no_new_access;
use leastwise::question::{Engine, Settings, Verdict};
use leastwise::request::{Context, Principal, Request};
use leastwise::smt;
use serde_json::{Value, json};

const PLAIN: Readings = Readings {
    arn_matching: ArnMatching::Segment,
    not_principal: NotPrincipal::Membership,
    unqualified: Unqualified::Any,
    any_if_exists: AnyIfExists::Holds,
};
const BY_LIST: Readings = Readings { not_principal: NotPrincipal::List, ..PLAIN };
const FOR_ALL: Readings = Readings { unqualified: Unqualified::All, ..PLAIN };

fn spares(listed: Value) -> Access {
    let allow = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"});
    let deny = json!({"Effect": "Deny", "NotPrincipal": {"AWS": listed}, "Action": "s3:*", "Resource": "*"});
    policy("p", &json!({"Version": "2012-10-17", "Statement": [allow, deny]}))
}

fn is_allowed(access: &Access, who: &str) -> bool {
    let request = Request::new(Principal::Aws(who.to_owned()), "s3:GetObject", "arn:aws:s3:::b/k", Context::new());
    eval::allows(access, &request)
}

/// Who is allowed by membership, and who by list.
fn both(listed: Value, who: &str) -> (bool, bool) {
    let access = spares(listed);
    let by_list = access.read_as(BY_LIST).unwrap_or_else(|| panic!("read alike"));
    (is_allowed(&access, who), is_allowed(&by_list, who))
}

#[test]
fn by_list_every_arn_of_a_principal_must_be_listed() {
    let (bob, alice) = ("arn:aws:iam::444455556666:user/Bob", "arn:aws:iam::444455556666:user/Alice");
    let (root, other) = ("arn:aws:iam::444455556666:root", "arn:aws:iam::999999999999:user/Bob");
    let (role, session) = ("arn:aws:iam::444455556666:role/R", "arn:aws:sts::444455556666:assumed-role/R/S");
    let federated = "arn:aws:sts::444455556666:federated-user/F";
    // AWS's page: Bob and his account's root.
    let listed = || json!([bob, root]);
    assert_eq!(both(listed(), bob), (true, true));
    assert_eq!(both(listed(), root), (true, true));
    assert_eq!(both(listed(), alice), (true, false));
    assert_eq!(both(listed(), session), (true, false));
    assert_eq!(both(listed(), other), (false, false));
    // Without the account the user may be denied.
    assert_eq!(both(json!([bob]), bob), (true, false));
    // An account alone is all of its principals, as Zelkova's authors have it.
    for who in [bob, root, role, session, federated] {
        assert_eq!(both(json!("444455556666"), who), (true, true), "{who}");
    }
    assert_eq!(both(json!("444455556666"), other), (false, false));
    // A session is known by account, role and session.
    assert_eq!(both(json!([root, role]), session), (true, false));
    assert_eq!(both(json!([root, role, session]), session), (true, true));
    assert_eq!(both(json!([root, session]), session), (true, false));
    assert_eq!(both(json!([root, federated]), federated), (true, true));
    assert_eq!(both(json!(["444455556666", bob, "999999999999"]), other), (true, true));
    // Wildcards, which AWS does not take there, belong to a level as literals do.
    assert_eq!(both(json!(["444455556666", "arn:aws:iam::444455556666:role/*"]), session), (true, false));
    assert_eq!(both(json!(["444455556666", "arn:aws:sts::444455556666:assumed-role/R/*"]), session), (true, false));
    assert_eq!(both(json!(["444455556666", "arn:aws:iam::*:role/R"]), alice), (true, false));
    // CloudFront's identities have no account.
    let cloudfront = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1";
    assert_eq!(both(json!([cloudfront]), cloudfront), (true, true));
    assert!(policy("p", &json!({"Statement": []})).read_as(BY_LIST).is_none());
}

#[test]
fn every_engine_reads_alike() {
    let lists = [
        json!(["arn:aws:iam::444455556666:user/Bob", "444455556666"]),
        json!(["arn:aws:iam::444455556666:role/R", "arn:aws:sts::444455556666:assumed-role/R/S", "444455556666"]),
        json!(["arn:aws:iam::444455556666:role/R"]),
    ];
    for listed in lists {
        let access = spares(listed.clone());
        let by_list = access.read_as(BY_LIST).unwrap_or_else(|| panic!("{listed} reads alike"));
        for engine in [Engine::Auto, Engine::Strings] {
            let settings = Settings { engine, ..Settings::default() };
            let ask = |a, b| smt::in_fresh_context(|| no_new_access(a, b, &settings)).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(ask(&access, &by_list).verdict, Verdict::Pass, "{listed}");
            let Verdict::Fail { witness, reasons } = ask(&by_list, &access).verdict else { panic!("{listed}") };
            assert!(eval::allows(&access, &witness), "{witness:?}");
            assert!(!eval::allows(&by_list, &witness), "{witness:?}");
            assert_eq!(reasons.len(), 1);
            // A statement stays one statement.
            assert_eq!(by_list.len(), access.len());
        }
    }
}

#[test]
fn a_set_without_an_operator_passes_by_some_or_by_all_values() {
    let allowed = |operator: &str, values: &[&str]| {
        let access = policy(
            "p",
            &json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {operator: {"aws:TagKeys": "a"}}}}),
        );
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        let context = Context::from([("aws:tagkeys".to_owned(), values)]);
        let who = Principal::Aws("arn:aws:iam::111122223333:root".to_owned());
        let request = Request::new(who, "ec2:CreateTags", "*", context);
        let other = access.read_as(FOR_ALL).unwrap_or_else(|| panic!("read alike"));
        (eval::allows(&access, &request), eval::allows(&other, &request))
    };
    assert_eq!(allowed("StringEquals", &["a"]), (true, true));
    assert_eq!(allowed("StringEquals", &["a", "b"]), (true, false));
    assert_eq!(allowed("StringEquals", &["b"]), (false, false));
    assert_eq!(allowed("StringEquals", &[]), (false, false));
    assert_eq!(allowed("StringNotEquals", &["a", "b"]), (false, true));
    assert_eq!(allowed("StringNotEquals", &["a"]), (false, false));
    assert_eq!(allowed("StringNotEquals", &[]), (true, true));
    let set = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": {"ForAnyValue:StringEquals": {"aws:TagKeys": "a"}, "StringEquals": {"aws:username": "a"}, "Null": {"aws:TagKeys": "false"}}}});
    assert!(policy("p", &set).read_as(FOR_ALL).is_none());
}

#[test]
fn a_verdict_that_would_differ_says_so_and_the_other_reading_can_be_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, value: &Value| {
        let path = folder.path().join(name);
        std::fs::write(&path, value.to_string()).unwrap();
        path.to_string_lossy().into_owned()
    };
    let allow =
        json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Action": "s3:*", "Resource": "*"});
    let listed = json!({"AWS": ["arn:aws:iam::444455556666:user/Bob", "arn:aws:iam::444455556666:root"]});
    let deny = json!({"Effect": "Deny", "NotPrincipal": listed, "Action": "s3:*", "Resource": "*"});
    let only = |who: &str| json!({"Effect": "Allow", "Principal": {"AWS": who}, "Action": "s3:*", "Resource": "*"});
    let new = write("new.json", &json!({"Statement": [allow, deny]}));
    let statements = [only("arn:aws:iam::444455556666:user/Bob"), only("arn:aws:iam::444455556666:root")];
    let old = write("old.json", &json!({"Statement": &statements[..1]}));
    let (code, out, _) = leastwise(&["no-new-access", &old, &new], "");
    assert_eq!(code, 1, "{out}");
    assert!(!out.contains("--not-principal"), "the root gets in either way: {out}");
    // Root and Bob alone are what the list leaves; a root's permissions need a condition, as its entry is its account's.
    let mut root = statements[1].clone();
    root["Condition"] = json!({"StringEquals": {"aws:PrincipalType": "Account"}});
    let old = write("old.json", &json!({"Statement": [statements[0], root]}));
    let (code, out, _) = leastwise(&["no-new-access", &old, &new], "");
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("under --not-principal list the verdict is PASS"), "{out}");
    let (code, out, _) = leastwise(&["no-new-access", &old, &new, "--not-principal", "list"], "");
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("under --not-principal membership the verdict is FAIL"), "{out}");
    let read = |path: &str| std::fs::read_to_string(path).unwrap();
    let line = format!(r#"{{"check":"no-new-access","existing":{},"new":{}}}"#, read(&old), read(&new));
    let (_, out, _) = leastwise(&["batch", "--remarks"], &line);
    assert!(out.contains("\"FAIL\"") && out.contains("under --not-principal list the verdict is PASS"), "{out}");
    let (_, out, _) = leastwise(&["batch", "--not-principal", "list"], &line);
    assert!(out.contains("\"PASS\"") && !out.contains("under --"), "{out}");
    let tags = json!({"Statement": {"Effect": "Allow", "Action": "ec2:*", "Resource": "*", "Condition": {"StringEquals": {"aws:TagKeys": "a"}}}});
    let each = json!({"Statement": {"Effect": "Allow", "Action": "ec2:*", "Resource": "*", "Condition": {
        "ForAllValues:StringEquals": {"aws:TagKeys": "a"}, "Null": {"aws:TagKeys": "false"}}}});
    let (tags, each) = (write("tags.json", &tags), write("each.json", &each));
    let (code, out, _) = leastwise(&["no-new-access", &each, &tags], "");
    assert!(code == 1 && out.contains("under --unqualified all the verdict is PASS"), "{out}");
    assert_eq!(leastwise(&["no-new-access", &each, &tags, "--unqualified", "all"], "").0, 0);
}

/// Each row of the table: a policy that it decides about, and one that it says nothing of.
#[test]
fn every_reading_of_the_table_turns_a_decision() {
    let everybody = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"});
    let on = |operator: &str, key: &str| {
        let condition = json!({operator: {key: "a"}});
        json!({"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": condition})
    };
    let bob = "arn:aws:iam::444455556666:user/Bob";
    for reading in &READINGS {
        let (statements, context) = match reading.flag {
            "arn-matching" => {
                let deny = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:*:*:k"});
                (vec![everybody.clone(), deny], Context::new())
            }
            "not-principal" => {
                let deny = json!({"Effect": "Deny", "NotPrincipal": {"AWS": bob}, "Action": "s3:*", "Resource": "*"});
                (vec![everybody.clone(), deny], Context::new())
            }
            "unqualified" => {
                let values = vec!["a".to_owned(), "b".to_owned()];
                (vec![on("StringEquals", "aws:TagKeys")], Context::from([("aws:tagkeys".to_owned(), values)]))
            }
            "any-if-exists" => (vec![on("ForAnyValue:StringEqualsIfExists", "aws:TagKeys")], Context::new()),
            other => panic!("no case of --{other}"),
        };
        let access = policy("p", &json!({"Version": "2012-10-17", "Statement": statements}));
        let plain = policy("p", &json!({"Version": "2012-10-17", "Statement": [everybody]}));
        let [default, other] = reading.values;
        let (turned, named) = reading.turned(PLAIN);
        assert_eq!(
            (named, reading.turned(turned)),
            (format!("--{} {other}", reading.flag), (PLAIN, format!("--{} {default}", reading.flag)))
        );
        assert!(reading.matters(&access) && !reading.matters(&plain), "--{}", reading.flag);
        assert!(plain.read_as(turned).is_none() && access.read_as(PLAIN).is_none(), "--{}", reading.flag);
        let request = Request::new(Principal::Aws(bob.to_owned()), "s3:GetObject", "arn:aws:s3:::b:k", context);
        let decide = |access: &Access| eval::allows(access, &request);
        assert_eq!((decide(&access), decide(&access.read_as(turned).unwrap())), (true, false), "--{}", reading.flag);
    }
}

/// Written anew once, twice, or one reading after the other: the same.
#[test]
fn readings_are_read_once_and_in_any_order() {
    let mut differ = 0;
    for seed in 0..300 {
        let access = policy("p", &generator(seed).policy(true));
        let mut all = PLAIN;
        let mut by_one = access.clone();
        for reading in READINGS.iter().rev() {
            all = reading.turned(all).0;
            by_one = by_one.read_as(reading.turned(PLAIN).0).unwrap_or(by_one);
            assert!(!reading.matters(&access) || !access.is_read_as(reading.turned(PLAIN).0));
        }
        let read = access.read_as(all);
        differ += usize::from(read.is_some());
        let read = read.unwrap_or(access);
        assert!(read.is_read_as(all) && by_one.is_read_as(all) && read.read_as(all).is_none());
        let statements = |access: &Access| format!("{:?}", access.statements().map(|(.., one)| one).collect::<Vec<_>>());
        assert_eq!(statements(&read), statements(&by_one));
    }
    assert!(differ > 50, "{differ}");
}
