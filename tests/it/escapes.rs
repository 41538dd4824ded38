//! Nothing that a policy says can draw on a terminal, begin a line of ours, hide, or be Markdown.
//!
//! One payload stands in each place of a policy where somebody can write, and in the names of files; every command runs in
//! every format over it, once as into a pipe and once as on a terminal. What comes out holds no hidden character but the
//! program's own styles and line breaks.

use leastwise::diag::escape;
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Stdio};

/// Escape sequences, a line break before a forged verdict, C1, DEL, bidi, zero width, separators, Markdown and HTML.
const PAYLOAD: &str = "x\u{1b}[2J\u{1b}[H\u{1b}[32mPASS forged\u{1b}[0m\u{1b}]0;t\u{7}\r\nPASS forged\n\n# PASS forged\n\
    \u{9b}2J\u{85}\u{7f}\u{202e}\u{2066}\u{200b}\u{200f}\u{feff}\u{2028}\u{e0041}`</details><img src=http://e/>|@everyone [a](b)\t";

/// The program on a pipe, or as on a terminal: exit code, standard output, standard error.
fn run(folder: &Path, arguments: &[&str], terminal: bool, input: &str) -> (Option<i32>, String, String) {
    use std::io::Write as _;
    let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
    command.args(arguments).current_dir(folder).env("RUST_BACKTRACE", "0").env_remove("NO_COLOR");
    command.env(if terminal { "CLICOLOR_FORCE" } else { "NO_COLOR" }, "1");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || _ = stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// The text without the program's own styles.
fn unstyled(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (style, rest) = part.split_once('m').unwrap_or_else(|| panic!("{text:?}"));
        assert!(style.chars().all(|one| one.is_ascii_digit() || one == ';'), "{text:?}");
        out.push_str(rest);
    }
    out
}

fn check(what: &str, shown: &str) {
    assert!(!shown.contains("\u{1b}[32mPASS forged"), "{what}: {shown:?}");
    let shown = unstyled(shown);
    let hidden = shown.chars().find(|one| *one != '\n' && escape::is_hidden(*one));
    assert_eq!(hidden, None, "{what}: {shown:?}");
    let forged = shown.lines().find(|line| line.trim_start_matches(['#', '|', ' ']).starts_with("PASS forged"));
    assert_eq!(forged, None, "{what}: {shown}");
}

/// Policies with the payload in one place each.
fn policies() -> Vec<(&'static str, Value)> {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut statement = json!({"Sid": "A", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": "arn:aws:s3:::b/*"});
        change(&mut statement);
        json!({"Version": "2012-10-17", "Statement": [statement]})
    };
    let principal = |value: Value| with(&move |statement| statement["Principal"] = value.clone());
    vec![
        ("sid", with(&|statement| statement["Sid"] = json!(PAYLOAD))),
        ("action", with(&|statement| statement["Action"] = json!([format!("s3:Get{PAYLOAD}"), "s3:GetObject"]))),
        ("service", with(&|statement| statement["Action"] = json!([format!("{PAYLOAD}:Get"), "s3:GetObject"]))),
        ("resource", with(&|statement| statement["Resource"] = json!(format!("arn:aws:s3:::b/{PAYLOAD}")))),
        ("no ARN", with(&|statement| statement["Resource"] = json!(PAYLOAD))),
        (
            "not resource",
            with(&|statement| {
                statement["NotResource"] = json!(format!("arn:aws:s3:::{PAYLOAD}"));
                statement.as_object_mut().unwrap().remove("Resource");
            }),
        ),
        ("key", with(&|statement| statement["Condition"] = json!({"StringLike": {format!("aws:PrincipalTag/{PAYLOAD}"): "a"}}))),
        ("value", with(&|statement| statement["Condition"] = json!({"StringEquals": {"aws:PrincipalTag/a": [PAYLOAD, "b"]}}))),
        ("typed value", with(&|statement| statement["Condition"] = json!({"IpAddress": {"aws:SourceIp": PAYLOAD}}))),
        ("variable", with(&|statement| statement["Resource"] = json!(format!("arn:aws:s3:::b/${{{PAYLOAD}}}")))),
        ("operator", with(&|statement| statement["Condition"] = json!({PAYLOAD: {"aws:SourceIp": "10.0.0.0/8"}}))),
        ("element", with(&|statement| statement[PAYLOAD] = json!("x"))),
        ("effect", with(&|statement| statement["Effect"] = json!(PAYLOAD))),
        ("principal", principal(json!({"AWS": format!("arn:aws:iam::444455556666:user/{PAYLOAD}")}))),
        ("canonical", principal(json!({"CanonicalUser": PAYLOAD}))),
        ("provider", principal(json!({"Federated": PAYLOAD}))),
        ("service principal", principal(json!({"Service": format!("{PAYLOAD}.amazonaws.com")}))),
        ("kind of principal", principal(json!({PAYLOAD: "*"}))),
    ]
}

/// All commands and formats over a policy `hostile`, beside a harmless `plain` one; `{}` in an argument is the file's name.
const COMMANDS: &[&[&str]] = &[
    &["no-new-access", "plain", "{}", "--explain"],
    &["no-new-access", "{}", "plain", "--cross-check", "--timeout", "5"],
    &["no-new-access", "plain", "{}", "--format", "json", "--explain"],
    &["no-new-access", "{}", "{}", "--proof", "proof", "--emit-smt2", "smt"],
    &["access-not-granted", "{}", "--action", "s3:GetObject", "--explain"],
    &["access-not-granted", "{}", "--action", "s3:GetObject", "--format", "json"],
    &["no-public-access", "{}", "--resource-type", "AWS::S3::Bucket"],
    &["no-public-access", "{}", "--resource-type", "AWS::S3::Bucket", "--format", "json"],
    &["outside-access", "{}", "--trusted", "111122223333"],
    &["outside-access", "{}", "--trusted", "111122223333", "--format", "json"],
    &["equivalent", "{}", "plain", "--explain"],
    &["diff", "plain", "{}"],
    &["diff", "{}", "plain", "--format", "json"],
    &["diff", "plain", "{}", "--format", "markdown"],
    &["diff", "{}", "plain", "--format", "markdown"],
    &["refine", "{}", "--unused", "unused"],
    &["refine", "{}", "--unused", "unused", "--format", "json"],
    &["verify", "{}", "plain", "--unused", "unused"],
    &["verify", "{}", "plain", "--unused", "unused", "--format", "json"],
    &["simulate", "simulation"],
    &["simulate", "simulation", "--format", "json"],
];

fn plain() -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/k"}]})
}

#[test]
fn every_view_escapes_what_a_policy_says() {
    let mut codes = std::collections::BTreeMap::<Option<i32>, usize>::new();
    for (at, (place, policy)) in policies().into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
        let mut other = plain();
        if policy["Statement"][0].get("Principal").is_some() {
            other["Statement"][0]["Principal"] = json!({"AWS": "arn:aws:iam::111122223333:user/a"});
        }
        write("plain", other.to_string());
        write("hostile", if at % 2 == 0 { format!("{policy:#}") } else { policy.to_string() });
        write("unused", json!([{"serviceNamespace": "s3", "actions": ["PutObject"]}]).to_string());
        let request = json!({"principal": "arn:aws:iam::111122223333:user/a", "action": format!("s3:Get{PAYLOAD}"),
            "resource": format!("arn:aws:s3:::b/{PAYLOAD}"), "context": {PAYLOAD: PAYLOAD, "aws:SourceIp": PAYLOAD}});
        let simulation = json!({"request": request, "identityPolicies": [policy], "resourcePolicy": policy});
        write("simulation", format!("{simulation:#}"));
        for arguments in COMMANDS {
            let arguments: Vec<&str> = arguments.iter().map(|one| if *one == "{}" { "hostile" } else { *one }).collect();
            let terminal = !(at + arguments.len()).is_multiple_of(3);
            let (code, out, err) = run(folder.path(), &arguments, terminal, "");
            let what = format!("{place}: {arguments:?}");
            assert!(matches!(code, Some(0..=3)), "{what}: {code:?} {err}");
            *codes.entry(code).or_default() += 1;
            check(&what, &out);
            check(&what, &err);
            if arguments.contains(&"json") && code != Some(2) {
                serde_json::from_str::<Value>(out.lines().next().unwrap())
                    .unwrap_or_else(|error| panic!("{what}: {error} {out}"));
            }
            if arguments.contains(&"markdown") {
                check_markdown(&what, &out);
            }
        }
        for inner in ["proof", "smt"] {
            for entry in std::fs::read_dir(folder.path().join(inner)).into_iter().flatten() {
                let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
                check(&format!("{place}: a file of {inner}"), &text);
            }
        }
        let line = |check: Value| check.to_string() + "\n";
        let input = [
            line(json!({"id": PAYLOAD, "check": "no-new-access", "existing": other, "new": policy})),
            line(json!({"id": [PAYLOAD], "check": "diff", "old": other, "new": policy})),
            line(json!({"id": 1, "check": "outside-access", "policy": policy, "trusted": [PAYLOAD]})),
            line(json!({"id": 2, "check": PAYLOAD, PAYLOAD: PAYLOAD})),
            line(json!({"id": 3, "check": "refine", "policy": policy, "unused": [{"serviceNamespace": PAYLOAD}]})),
            line(json!({"id": 4, "check": "simulate", "request": request, "identityPolicies": [policy]})),
            format!("{{\"id\":{}, \"a\": \u{202e}\u{9b}\n", json!(PAYLOAD)),
        ];
        let (code, out, err) = run(folder.path(), &["batch"], true, &input.concat());
        assert_eq!((code, out.lines().count()), (Some(0), input.len()), "{place}: {err}");
        check(place, &out);
        let first: Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
        assert_eq!(first["id"], PAYLOAD, "escaped, an id is still the same JSON");
    }
    // The runs are not all errors, or all verdicts.
    assert!([0, 1, 2].iter().all(|code| codes.get(&Some(*code)).is_some_and(|count| *count > 20)), "{codes:?}");
}

/// Foreign text stands in code spans only, in cells that it does not end.
fn check_markdown(what: &str, out: &str) {
    let text = unstyled(out);
    for line in text.lines() {
        let outside: String = line.split('`').step_by(2).collect();
        assert_eq!(line.matches('`').count() % 2, 0, "{what}: {line}");
        assert!(!outside.contains(['<', '>', '@', '[', '\\']) && !outside.contains("forged"), "{what}: {line}");
        if line.starts_with('|') {
            assert_eq!((line.matches('|').count(), outside.matches('|').count()), (5, 5), "{what}: {line}");
        }
    }
}

#[test]
fn names_of_files_and_arguments_are_escaped_too() {
    let folder = tempfile::tempdir().unwrap();
    let name = PAYLOAD.replace('/', "_");
    let (good, bad) = (format!("{name}.json"), format!("{name}.bad"));
    let hostile =
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*", "s3:Getx"], "Resource": "*"}]});
    std::fs::write(folder.path().join("plain"), plain().to_string()).unwrap();
    std::fs::write(folder.path().join(&good), format!("{hostile:#}")).unwrap();
    std::fs::write(folder.path().join(&bad), "{\"Statement\":\n[1,\u{202e} ]}").unwrap();
    for arguments in [
        &["no-new-access", "plain", &good, "--explain"][..],
        &["no-new-access", &bad, &good],
        &["no-new-access", "missing", &format!("{name}.missing")],
        &["no-new-access", &format!("{name}.missing"), "plain"],
        &["access-not-granted", "plain", "--action", &format!("s3:{name}"), "--resource", &name],
        &["access-not-granted", "plain", "--action", &name],
        &["outside-access", "plain", "--trusted", &name],
        &["no-public-access", "plain", "--resource-type", &name],
        &["refine", "plain", "--unused", &bad, "--catalog", &name],
        &["refine", "plain", "--unused", "plain", "-o", &format!("none/{name}")],
        &["no-new-access", "plain", "plain", "--emit-smt2", &format!("plain/{name}")],
        &["no-new-access", "plain", &good, &name],
        &["no-new-access", "--engine", &name, "plain", &good],
        &["batch", &format!("{name}.missing")],
        &[&name],
    ] {
        for terminal in [false, true] {
            let (code, out, err) = run(folder.path(), arguments, terminal, "");
            assert!(matches!(code, Some(0..=3)), "{arguments:?}: {code:?} {err}");
            assert!(!out.is_empty() || !err.is_empty(), "{arguments:?}");
            check(&format!("{arguments:?}"), &out);
            check(&format!("{arguments:?}"), &err);
        }
    }
}

/// What is not hostile looks as it always did: letters of all scripts, and a document with Windows' line breaks.
#[test]
fn ordinary_text_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("plain"), plain().to_string()).unwrap();
    let text = "{\r\n\t\"Statement\": [{\r\n\t\t\"Sid\": \"Zugänge 日本語 🙂\",\r\n\t\t\"Effect\": \"Allow\",\r\n\t\t\"Action\": \"s3:*\",\r\n\t\t\"Resource\": \"*\"\r\n\t}]\r\n}\r\n";
    std::fs::write(folder.path().join("new"), text).unwrap();
    let (code, out, err) = run(folder.path(), &["no-new-access", "plain", "new"], false, "");
    assert!(code == Some(1) && out.contains("with sid: Zugänge 日本語 🙂."), "{out}{err}");
    assert!(!out.contains("\\r") && !out.contains('\r'), "{out:?}");
    std::fs::write(folder.path().join("bad"), text.replace("Allow", "Grant")).unwrap();
    let (code, _, err) = run(folder.path(), &["no-new-access", "plain", "bad"], false, "");
    assert!(code == Some(2) && err.contains("bad:4:") && err.contains("\"Effect\": \"Grant\""), "{err}");
    assert!(!err.contains("\\r") && !err.contains("\\t"), "{err:?}");
}
