//! Which switch does which command take? A switch that does nothing for a command is refused by it.

use crate::support::leastwise;
use serde_json::{Value, json};

/// A switch, with a value if it takes one, and the commands that take it.
const SWITCHES: [(&[&str], &str); 33] = [
    (
        &["--format", "json"],
        "refine verify no-new-access access-not-granted no-public-access outside-access equivalent diff simulate",
    ),
    (&["--format", "markdown"], "no-new-access access-not-granted no-public-access outside-access equivalent diff"),
    (&["--format", "sarif"], "no-new-access access-not-granted no-public-access outside-access equivalent"),
    (&["--engine", "strings"], QUESTIONS),
    (&["--cross-check"], QUESTIONS),
    (&["--timeout", "500ms"], QUESTIONS),
    (&["--arn-matching", "greedy"], READERS),
    (&["--not-principal", "list"], READERS),
    (&["--unqualified", "all"], READERS),
    (&["--any-if-exists", "fails"], READERS),
    (&["--emit-smt2", "@smt2"], QUESTIONS),
    (&["--proof", "@proof"], "refine verify no-new-access access-not-granted no-public-access outside-access equivalent batch"),
    (&["--prove", "z3"], "no-new-access access-not-granted no-public-access outside-access equivalent batch"),
    (&["--explain"], VERDICTS),
    (&["--actions", "catalog"], "no-new-access access-not-granted no-public-access equivalent outside-access batch"),
    (&["--realistic=false"], "verify no-new-access access-not-granted no-public-access equivalent outside-access batch"),
    (&["--allow-unknown"], "refine verify access-not-granted simulate batch"),
    (&["--unused", "@unused.json"], "refine verify"),
    (&["--catalog", "2024-06"], "refine verify"),
    (&["-o", "@out.json"], "refine"),
    (&["--policy-type", "resource"], "no-new-access access-not-granted"),
    (&["--principal", "111122223333"], "simulate"),
    (&["--action", "s3:GetObject"], "access-not-granted simulate"),
    (&["--resource", "arn:aws:s3:::b/*"], "refine verify access-not-granted simulate"),
    (&["--resource-account", "111122223333"], "simulate"),
    (&["--context", "aws:SourceIp=192.0.2.1"], "simulate"),
    (&["--access", "@access.json"], "access-not-granted"),
    (&["--resource-type", "AWS::S3::Bucket"], "no-public-access"),
    (&["--trusted", "111122223333"], "outside-access"),
    (&["--trust-services"], "outside-access"),
    (&["--jobs", "1"], "batch"),
    (&["--remarks"], "batch"),
    (&["--no-such-switch"], ""),
];

const VERDICTS: &str = "no-new-access access-not-granted no-public-access equivalent batch";
const QUESTIONS: &str = "refine verify no-new-access access-not-granted no-public-access outside-access equivalent diff batch";
const READERS: &str =
    "refine verify no-new-access access-not-granted no-public-access outside-access equivalent diff simulate batch";

/// Each command with what it needs.
const COMMANDS: [(&str, &[&str]); 10] = [
    ("refine", &["@p.json", "--unused", "@unused.json"]),
    ("verify", &["@p.json", "@p.json", "--unused", "@unused.json"]),
    ("no-new-access", &["@p.json", "@p.json"]),
    ("access-not-granted", &["@p.json", "--action", "s3:PutObject"]),
    ("no-public-access", &["@p.json", "--resource-type", "AWS::S3::Bucket"]),
    ("outside-access", &["@p.json", "--trusted", "111122223333"]),
    ("equivalent", &["@p.json", "@p.json"]),
    ("diff", &["@p.json", "@p.json"]),
    ("simulate", &["@p.json", "--principal", "anonymous", "--action", "s3:GetObject", "--resource", "arn:aws:s3:::b/k"]),
    ("batch", &["@lines.jsonl"]),
];

#[test]
fn a_command_takes_the_switches_that_do_something_for_it_and_refuses_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "111122223333"},
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}]});
    write("p.json", policy.to_string());
    write("unused.json", json!([{"serviceNamespace": "sqs"}]).to_string());
    write("access.json", json!([{"actions": ["s3:DeleteObject"]}]).to_string());
    write("lines.jsonl", json!({"check": "equivalent", "a": policy, "b": policy}).to_string());
    let path = |word: &&str| match word.strip_prefix('@') {
        Some(name) => folder.path().join(name).display().to_string(),
        None => (*word).to_owned(),
    };
    for (command, needs) in COMMANDS {
        let (_, help, _) = leastwise(&[command, "--help"], "");
        // What a command needs it has already.
        for (switch, takers) in SWITCHES.into_iter().filter(|(switch, _)| !needs.contains(&switch[0])) {
            let words: Vec<String> = [&[command], needs, switch].concat().iter().map(path).collect();
            let (code, out, err) = leastwise(&words.iter().map(String::as_str).collect::<Vec<_>>(), "");
            let name = switch[0].split('=').next().unwrap();
            if takers.split(' ').any(|taker| taker == command) {
                assert!(code != 2 && help.contains(name), "{command} {switch:?} {code}: {out}{err}");
                let written = |folder_name: &str| {
                    let written =
                        std::fs::read_dir(folder.path().join(folder_name)).is_ok_and(|mut files| files.next().is_some());
                    let _ = std::fs::remove_dir_all(folder.path().join(folder_name));
                    written
                };
                assert!(name != "--emit-smt2" || written("smt2"), "{command}");
                assert!(name != "--proof" || written("proof"), "{command}");
            } else {
                let refused = ["unexpected argument", "invalid value", "needs --account"].iter().any(|part| err.contains(part));
                // Under `--format json` an error is JSON too.
                assert!(
                    code == 2 && (out.is_empty() || switch.contains(&"json")) && refused,
                    "{command} {switch:?} {code}: {out}{err}"
                );
            }
        }
        // Every switch of the help stands in the table above.
        let named =
            help.split_whitespace().filter(|word| word.starts_with("--")).map(|word| word.trim_end_matches([',', '.', ']']));
        // What picks out of templates is refused where there is none (`gate`).
        // An account goes with a principal only (`accounts`).
        let other = ["--help", "--output", "--policy", "--parameter", "--account-id", "--region", "--account"];
        for name in named.filter(|name| !other.contains(name)) {
            let name = name.split(['=', '[']).next().unwrap();
            assert!(SWITCHES.iter().any(|(switch, _)| switch[0].split('=').next() == Some(name)), "{command} {name}");
        }
    }
}

#[test]
fn switches_that_exclude_each_other_are_refused() {
    for (switches, part) in [
        (&["--engine", "strings", "--prove", "z3"][..], "--engine strings asks Z3 itself"),
        (&["--engine", "strings", "--proof", "x"], "--engine strings asks Z3 itself"),
        (&["--prove", "automata", "--proof", "x"], "does not go with --prove automata"),
        (&["--timeout", "0"], "expected seconds or a duration"),
        (&["--timeout", "soon"], "expected seconds or a duration"),
    ] {
        let (code, out, err) = leastwise(&[&["equivalent", "a", "b"], switches].concat(), "");
        assert!(code == 2 && out.is_empty() && err.contains(part), "{switches:?}: {err}");
    }
}

#[test]
fn a_batch_takes_every_switch_of_a_question() {
    let policy =
        |action: &str| json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]});
    let folder = tempfile::tempdir().unwrap();
    let (smt2, proof) = (folder.path().join("smt2"), folder.path().join("proof"));
    let lines = [
        json!({"check": "no-new-access", "existing": policy("s3:*"), "new": policy("s3:Get*")}),
        json!({"check": "no-new-access", "existing": policy("s3:Get*"), "new": policy("s3:*")}),
        json!({"check": "diff", "old": policy("s3:Get*"), "new": policy("s3:*")}),
        json!({"check": "refine", "policy": policy("s3:Get*"), "unused": [{"serviceNamespace": "s3", "actions": ["GetObject"]}]}),
        json!({"check": "no-new-access", "existing": policy("s3:*"), "new": policy("s3:Get*")}),
    ];
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let ask = |switches: &[&str]| -> Vec<Value> {
        let (code, out, err) = leastwise(&[&["batch"], switches].concat(), &input);
        assert_eq!(code, 0, "{out}{err}");
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let [smt2_name, proof_name] = [&smt2, &proof].map(|path| path.display().to_string());
    let answers = ask(&["--explain", "--prove", "z3", "--proof", &proof_name, "--emit-smt2", &smt2_name, "--cross-check"]);
    let results: Vec<&str> =
        answers.iter().map(|answer| answer["result"].as_str().unwrap_or_else(|| panic!("{answer}"))).collect();
    assert_eq!(results, ["PASS", "FAIL", "FAIL", "PASS", "PASS"]);
    assert!(answers[0]["proof"]["checkedByZ3"].is_object() && answers[1]["explanation"].is_array(), "{answers:?}");
    for (line, file) in
        [(1, "no-new-access.smt2"), (2, "no-new-access.smt2"), (3, "added.smt2"), (4, "O3.smt2"), (5, "no-new-access.smt2")]
    {
        assert!(smt2.join(format!("line-{line}")).join(file).exists(), "{line} {file}");
    }
    for line in [1, 4, 5] {
        assert!(proof.join(format!("line-{line}/index.json")).exists(), "{line}");
    }
    // What is new is an action that does not exist: none in the closed world. A refinement is about all actions.
    let closed = ask(&["--actions", "catalog"]);
    assert_eq!((&closed[1]["result"], &closed[3]["error"]["code"]), (&json!("FAIL"), &json!("bad-request")));
    assert!(closed[3]["error"]["message"].as_str().unwrap().contains("proved for all actions"), "{closed:?}");
    let strings = ask(&["--engine", "strings", "--timeout", "20s"]);
    assert_eq!(strings[0]["proof"]["engine"], "z3-strings");
}
