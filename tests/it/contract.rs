//! What every answer as JSON has in common: it begins with `schema` (after the `id` of a line), names what made it in
//! `proof`, and an error is one object too.

use crate::support::{leastwise, root};
use serde_json::{Value, json};

const POLICY: &str = "fixtures/examples/new.json";
const BUCKET: &str = "fixtures/examples/pinned-bucket.json";
const UNUSED: &str = "fixtures/published/unused-permissions-unused.json";
const SIMULATION: &str = r#"{"request": {"principal": "arn:aws:iam::111122223333:user/a", "action": "s3:GetObject",
    "resource": "arn:aws:s3:::b/k"}, "identityPolicies": []}"#;

/// Every command that answers in JSON, with arguments that it answers.
const COMMANDS: [&[&str]; 9] = [
    &["no-new-access", "fixtures/examples/old.json", POLICY],
    &["access-not-granted", POLICY, "--action", "s3:GetObject"],
    &["no-public-access", BUCKET, "--resource-type", "AWS::S3::Bucket"],
    &["outside-access", BUCKET, "--trusted", "111122223333"],
    &["equivalent", POLICY, POLICY],
    &["diff", "fixtures/examples/old.json", POLICY],
    &["refine", "fixtures/published/unused-permissions-policy.json", "--unused", UNUSED, "--catalog", "2024-06"],
    &["verify", POLICY, "fixtures/examples/old.json", "--unused", UNUSED],
    &["simulate", "-"],
];

fn keys(answer: &Value) -> Vec<&str> {
    answer.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn answers_begin_with_the_schema_and_name_what_made_them() {
    for command in COMMANDS {
        let (code, out, err) = leastwise(&[command, &["--format", "json"]].concat(), SIMULATION);
        let answer: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{code} {out}{err}"));
        assert_eq!(keys(&answer)[..2], ["schema", "check"], "{answer}");
        assert_eq!(answer["schema"], 1, "{answer}");
        let catalog = if command[0] == "refine" { "2024-06-28" } else { "2026-10-27" };
        let (tool, z3) = (concat!("leastwise ", env!("CARGO_PKG_VERSION")), leastwise::smt::version());
        let proof = &answer["proof"];
        assert_eq!([&proof["tool"], &proof["z3"], &proof["catalog"]], [&json!(tool), &json!(z3), &json!(catalog)], "{answer}");
    }
}

#[test]
fn lines_begin_with_the_id_and_the_schema() {
    let policy: Value = serde_json::from_str(&std::fs::read_to_string(root().join(POLICY)).unwrap()).unwrap();
    let line = json!({"check": "equivalent", "a": policy, "b": policy, "id": "x"});
    let lines = [line.to_string(), r#"{"id": 2, "check": "nothing"}"#.to_owned(), "not JSON".to_owned()];
    let (code, out, err) = leastwise(&["batch"], &lines.join("\n"));
    assert_eq!(code, 0, "{err}");
    let answers: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), 3);
    assert_eq!(keys(&answers[0])[..3], ["id", "schema", "check"], "{out}");
    assert_eq!(answers[0]["proof"]["catalog"], "2026-10-27");
    answers[1..].iter().for_each(|answer| assert_eq!(keys(answer), ["id", "schema", "error"], "{answer}"));
}

/// Whatever goes wrong, under `--format json` standard output has one object that says so.
#[test]
fn errors_are_json_for_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.json").display().to_string();
    std::fs::write(&broken, "{\n  \"Statement\": [,]\n}").unwrap();
    let refused = |arguments: &[&str]| {
        let (code, out, err) = leastwise(arguments, "");
        let answer: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{arguments:?}: {out}"));
        assert_eq!((code, keys(&answer)), (2, vec!["schema", "error"]), "{arguments:?}: {out}");
        let error = answer["error"].clone();
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{error}");
        assert!(err.contains("error"), "{err}");
        error
    };
    for command in COMMANDS {
        let file_at = 1;
        // Its first file is broken, is missing; a switch does not exist; an argument is missing.
        let mut arguments = [command, &["--format", "json"]].concat();
        arguments[file_at] = &broken;
        let error = refused(&arguments);
        assert_eq!((&error["file"], &error["line"], &error["column"]), (&json!(broken), &json!(2), &json!(17)), "{error}");
        arguments[file_at] = "no-such-file.json";
        assert_eq!(refused(&arguments)["code"], "unreadable-input");
        let error = refused(&[&arguments[..], &["--no-such-switch"]].concat());
        assert_eq!(error["code"], "usage");
        assert!(error["message"].as_str().unwrap().contains("--no-such-switch"), "{error}");
        assert_eq!(refused(&[command[0], "--format=json"])["code"], "usage");
    }
    assert_eq!(refused(&["no-such-command", "--format", "json"])["code"], "usage");
    // Several diagnostics are one object too.
    let actions = ["access-not-granted", POLICY, "--action", "s3:NoSuchAction,s3:AlsoNone", "--format", "json"];
    let error = refused(&actions);
    assert_eq!((&error["file"], error["more"].as_array().map(Vec::len)), (&json!("--action"), Some(1)), "{error}");
}
