//! What is read of an account's export, in whatever form it comes.

use crate::support::root;
use leastwise::account::{self, Accounts, EntityKind, LastUsed};
use serde_json::{Value, json};

fn small() -> Value {
    serde_json::from_str(&std::fs::read_to_string(root().join("fixtures/accounts/small.json")).unwrap()).unwrap()
}

/// Everything that was read, as text that two readings can be compared by.
fn shown(accounts: &Accounts) -> String {
    let policy = |policy: &account::Attached| {
        let text = policy.text.as_ref().map(|text| text.read().unwrap().document.json.to_string());
        format!("{} {}", policy.label(), text.unwrap_or_else(|missing| missing.message.clone()))
    };
    let mut lines = Vec::new();
    for entity in accounts.entities.values() {
        lines.push(format!(
            "{:?} {} {} {} {:?} {:?} {:?} {:?}",
            entity.kind, entity.arn, entity.path, entity.name, entity.id, entity.tags, entity.groups, entity.last_used
        ));
        lines.extend(entity.policies.iter().map(policy));
        lines.extend(entity.boundary.iter().map(policy));
        lines.extend(entity.trust.iter().map(|trust| trust.read().unwrap().document.json.to_string()));
    }
    lines.join("\n")
}

fn read(text: &str) -> Accounts {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    account::read(file.path()).unwrap()
}

fn refused(text: &str) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    account::read(file.path()).unwrap_err().to_string()
}

#[test]
fn everything_that_decides_is_read() {
    let accounts = read(&small().to_string());
    assert!(accounts.notes.is_empty(), "{:?}", accounts.notes);
    assert_eq!(accounts.ids().into_iter().collect::<Vec<_>>(), ["111122223333"]);
    let entity = |name: &str| &accounts.entities[&format!("arn:aws:iam::111122223333:{name}")];
    let (alice, bob, build, worker) = (entity("user/alice"), entity("user/ops/bob"), entity("role/build"), entity("role/worker"));
    assert_eq!(accounts.principals().count(), 4);
    let labels: Vec<_> = accounts.identity(alice).map(|(owner, attached)| (owner.kind, attached.label())).collect();
    assert_eq!(labels, [(EntityKind::User, "own-home"), (EntityKind::Group, "arn:aws:iam::111122223333:policy/by-team")]);
    assert_eq!((bob.path.as_str(), bob.boundary.as_ref().unwrap().name.as_str()), ("/ops/", "no-delete"));
    // The default version counts.
    let storage = bob.policies[0].text.as_ref().unwrap().read().unwrap();
    assert_eq!(storage.document.json.to_string(), small()["Policies"][0]["PolicyVersionList"][0]["Document"].to_string());
    assert!(
        matches!(&build.last_used, LastUsed::At(at, Some(region)) if at.to_string() == "2026-10-01T08:00:00Z" && region == "eu-west-1")
    );
    assert_eq!((&worker.last_used, worker.tags["team"].as_str()), (&LastUsed::Never, "red"));
    // A percent-encoded document, at its place in the file.
    let trust = worker.trust.as_ref().unwrap().read().unwrap();
    assert_eq!(
        trust.document.json.to_string(),
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#
    );
    assert_eq!(accounts.attachments("arn:aws:iam::111122223333:policy/by-team"), 3);
    // A shared policy is one.
    let text = |entity: &account::Entity| entity.policies[0].text.clone().unwrap();
    assert!(std::sync::Arc::ptr_eq(&text(build), &text(worker)));
}

#[test]
fn pages_lists_and_folders_say_the_same_in_any_order() {
    let (whole, value) = (shown(&read(&small().to_string())), small());
    let page = |names: &[&str]| {
        json!(names.iter().map(|name| ((*name).to_owned(), value[*name].clone())).collect::<serde_json::Map<_, _>>())
    };
    let mut pages = Vec::new();
    for name in ["UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"] {
        for one in value[name].as_array().unwrap() {
            pages.push(json!({name: [one], "IsTruncated": true, "Marker": "m"}));
        }
    }
    pages.reverse();
    let lines: Vec<String> = pages.iter().map(Value::to_string).collect();
    assert_eq!(shown(&read(&lines.join("\n"))), whole);
    assert_eq!(shown(&read(&lines.concat())), whole);
    assert_eq!(shown(&read(&json!(pages).to_string())), whole);
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("more")).unwrap();
    std::fs::write(folder.path().join("users.json"), page(&["UserDetailList", "GroupDetailList"]).to_string()).unwrap();
    std::fs::write(folder.path().join("more/rest.json"), page(&["RoleDetailList", "Policies"]).to_string()).unwrap();
    std::fs::write(folder.path().join("other.json"), "{\"a\": 1}").unwrap();
    let accounts = account::read(folder.path()).unwrap();
    assert_eq!(shown(&accounts), whole);
    let notes: Vec<String> = accounts.notes.iter().map(ToString::to_string).collect();
    assert!(
        notes.len() == 1 && notes[0].ends_with("other.json:1:1: this is not the account details of IAM; it is left out"),
        "{notes:?}"
    );
}

#[test]
fn what_is_missing_is_said_and_never_empty() {
    let mut value = small();
    value["Policies"].as_array_mut().unwrap().retain(|policy| policy["PolicyName"] != "storage");
    value["GroupDetailList"] = json!([]);
    let accounts = read(&value.to_string());
    let notes: Vec<&str> = accounts.notes.iter().map(|note| note.message.as_str()).collect();
    assert_eq!(
        notes,
        [
            "the policy `arn:aws:iam::111122223333:policy/storage` of `arn:aws:iam::111122223333:user/ops/bob` is not in the input",
            "the group `readers` of `arn:aws:iam::111122223333:user/alice` is not in the input",
        ]
    );
    assert!(accounts.entities["arn:aws:iam::111122223333:user/alice"].policies.iter().any(|policy| policy.text.is_err()));
    assert!(accounts.entities["arn:aws:iam::111122223333:user/ops/bob"].policies[0].text.is_err());
}

#[test]
fn what_is_no_export_is_refused_with_its_place() {
    let twice = format!("{}\n{}", small(), small());
    for (text, part) in [
        ("{\"Version\": \"2012-10-17\", \"Statement\": []}".to_owned(), ":1:1: this is a policy, not the account details of IAM"),
        ("{\"a\": 1}".to_owned(), ":1:1: this is not the account details of IAM; give the output"),
        (twice, ":2:20: `arn:aws:iam::111122223333:user/alice` is described a second time; it stands first in"),
        ("{\"RoleDetailList\": [{\"Arn\": \"x\"}]}".to_owned(), ":1:21: `x` is not the ARN of a user, group or role"),
        ("{\"RoleDetailList\": {}}".to_owned(), ":1:20: `RoleDetailList` must be a list, not an object"),
        ("{\"UserDetailList\": [{\"Arn\": \"arn:aws:iam::111122223333:user/a\"}]}".to_owned(), ":1:21: `UserName` is missing"),
        ("{\"UserDetailList\": [,]}".to_owned(), ":1:21: this is not JSON"),
        ("{\"UserDetailList\": []}\n{\"RoleDetailList\": [}".to_owned(), ":2:21: this is not JSON"),
    ] {
        let said = refused(&text);
        assert!(said.contains(part), "{part}\n{said}");
    }
}
