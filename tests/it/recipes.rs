//! What the pages tell people to put into a pipeline is run as a pipeline would: the steps of workflows in a git repository
//! with a base branch, the configuration of `check`, and its comments.

use crate::support::root;
use std::path::Path;
use std::process::{Command, Output};

fn page(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap()
}

/// The blocks of one language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let open = format!("```{language}\n");
    text.split(open.as_str()).skip(1).map(|block| block.split("\n```").next().unwrap().to_owned()).collect()
}

/// The commands of a workflow's `run:` lines, in order.
fn steps(text: &str) -> Vec<String> {
    let workflows = blocks(text, "yaml");
    let lines = workflows.iter().flat_map(|block| block.lines());
    lines.filter_map(|line| line.trim_start().strip_prefix("- run: ").map(str::to_owned)).collect()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A step as a runner runs it: bash, which stops at the first failure.
fn run(folder: &Path, step: &str) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_leastwise")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    Command::new("bash")
        .args(["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step])
        .current_dir(folder)
        .env("PATH", path)
        .env("GITHUB_BASE_REF", "main")
        .env("GITHUB_STEP_SUMMARY", "summary.md")
        .output()
        .unwrap()
}

fn git(folder: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"];
    let output = Command::new("git").current_dir(folder).args(identity).args(arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", said(&output));
}

/// A checkout of a pull request that changes `policy.json`.
fn pull_request(before: &str, after: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |from: &str| std::fs::copy(root().join(from), folder.path().join("policy.json")).unwrap();
    git(folder.path(), &["init", "-q"]);
    write(before);
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "-q", "-m", "before"]);
    git(folder.path(), &["update-ref", "refs/remotes/origin/main", "HEAD"]);
    write(after);
    git(folder.path(), &["commit", "-q", "-a", "--allow-empty", "-m", "after"]);
    folder
}

#[test]
fn the_workflow_of_the_readme_fails_exactly_where_a_change_grants_something_new() {
    let steps = steps(&page("README.md"));
    assert_eq!(steps.len(), 3, "{steps:?}");
    let (old, new) = ("fixtures/examples/old.json", "fixtures/examples/new.json");
    for (before, after, code) in [(old, new, 1), (new, old, 0), (old, old, 0)] {
        let folder = pull_request(before, after);
        let (last, first) = steps.split_last().unwrap();
        for step in first {
            let output = run(folder.path(), step);
            assert!(output.status.success(), "{step}: {}", said(&output));
        }
        assert_eq!(run(folder.path(), last).status.code(), Some(code), "{before} {after}");
        let summary = std::fs::read_to_string(folder.path().join("summary.md")).unwrap();
        assert!(summary.starts_with("### Access difference"), "{summary}");
    }
}

#[test]
fn the_pipeline_of_check_writes_a_log_and_fails_on_new_access() {
    let steps = steps(&page("docs/check.md"));
    assert_eq!(steps.len(), 1, "{steps:?}");
    let (old, new) = ("fixtures/examples/old.json", "fixtures/examples/new.json");
    for (before, after, code) in [(old, new, 1), (new, old, 0)] {
        let folder = pull_request(before, after);
        let output = run(folder.path(), &steps[0]);
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        let log = std::fs::read(folder.path().join("leastwise.sarif")).unwrap();
        let log: serde_json::Value = serde_json::from_slice(&log).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap();
        assert_eq!(results.iter().any(|result| result["ruleId"] == "new-access"), code == 1, "{log}");
    }
}

#[test]
fn the_configuration_of_the_book_is_one_and_its_comment_approves() {
    let text = page("docs/check.md");
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("leastwise.toml", &blocks(&text, "toml")[0]);
    let policy = |statement: &str| format!(r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", {statement}}}]}}"#);
    write("policies/most.json", &policy(r#""Action": "s3:Get*", "Resource": "*""#));
    write("policies/admin.json", &policy(r#""Action": "*", "Resource": "*""#));
    write("teams/a.json", &policy(r#""Action": "s3:PutObject", "Resource": "*""#));
    write("x/generated/b.json", "{ this is not read: \"Statement\" \"Effect\"");
    let check = |arguments: &str| run(folder.path(), &format!("leastwise check --as-of 2026-11-29 {arguments}"));
    let output = check(".");
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let said_of = said(&output);
    for part in ["error[exceeds-reference]", "approved warning[administrator]", "approved: break-glass role"] {
        assert!(said_of.contains(part), "{part}\n{said_of}");
    }
    assert!(!said_of.contains("generated"), "{said_of}");
    // The comment of the book, in a policy.
    let comment = blocks(&text, "yaml")[0].lines().map(|line| format!("    {line}\n")).collect::<String>();
    let open = "Version: \"2012-10-17\"\nStatement:\n  - Effect: Allow\n    Principal: \"*\"\n";
    for (name, own) in [("site/with.yaml", comment.as_str()), ("site/without.yaml", "    Action: s3:GetObject\n")] {
        write(name, &format!("{open}{own}    Resource: arn:aws:s3:::site/*\n"));
    }
    assert_eq!(check("site/with.yaml --select public-access").status.code(), Some(0));
    assert_eq!(check("site/without.yaml --select public-access").status.code(), Some(1));
}
