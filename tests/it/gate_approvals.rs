//! `check --against`: what the change itself approves is told in every format, and a baseline that grows with the change hides
//! nothing that the change brings.

use crate::gate_against::git;
use std::path::Path;
use std::process::Command;

const FORMATS: [&str; 6] = ["text", "json", "sarif", "github", "markdown", "junit"];

fn check(folder: &Path, args: &[&str]) -> (i32, String) {
    let ran = Command::new(env!("CARGO_BIN_EXE_leastwise")).current_dir(folder).arg("check").args(args).output().unwrap();
    (ran.status.code().unwrap(), String::from_utf8(ran.stdout).unwrap() + &String::from_utf8(ran.stderr).unwrap())
}

/// How many new approvals are told, which must be the same in every format; and the exit code.
fn told(folder: &Path, args: &[&str]) -> (i32, usize) {
    let mut all = Vec::new();
    for format in FORMATS {
        let (code, said) = check(folder, &[args, &["--format", format]].concat());

        // JUnit has the message as an attribute, too.
        let many = said.matches("The change itself ").count() / if format == "junit" { 2 } else { 1 };
        all.push((code, many));
    }
    all.dedup();
    assert_eq!(all.len(), 1, "the formats differ: {all:?}");
    all[0]
}

fn commit(folder: &Path) {
    git(folder, &["add", "-A", "."]);
    git(folder, &["commit", "-q", "--allow-empty", "-m", "x"]);
}

fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "-q"]);
    folder
}

fn policy(comment: &str, actions: &str) -> String {
    format!("Version: \"2012-10-17\"\nStatement:\n  - Effect: Allow\n    Resource: \"*\"\n{comment}    Action: {actions}\n")
}

const COMMENT: &str = "    # leastwise: allow new-access, privilege-escalation: wanted\n";
const ALLOW: &str = "[[allow]]\nrule = \"new-access\"\nreason = \"wanted\"\n";

/// A comment and an approval of the configuration, each in the revision, in the change, in both, and in neither.
#[test]
fn approvals_of_the_change_are_told_and_those_before_it_are_not() {
    for (what, before, after, expected) in [
        ("nothing", ("", ""), ("", ""), (1, 0)),
        ("a new comment", ("", ""), (COMMENT, ""), (0, 1)),
        ("a comment beside what it was not written for", (COMMENT, ""), (COMMENT, ""), (0, 1)),
        ("a new approval of the configuration", ("", ""), ("", ALLOW), (0, 1)),
        ("one that was there", ("", ALLOW), ("", ALLOW), (0, 0)),
        ("one that was there beside a new comment", ("", ALLOW), (COMMENT, ALLOW), (0, 0)),
    ] {
        let folder = repository();
        let write = |(comment, config): (&str, &str), actions: &str| {
            std::fs::write(folder.path().join("p.yaml"), policy(comment, actions)).unwrap();
            std::fs::write(folder.path().join("leastwise.toml"), config).unwrap();
        };
        write(before, "sqs:SendMessage");
        commit(folder.path());
        write(after, "sqs:*");
        let args = ["p.yaml", "--against", "HEAD", "--select", "new-access"];
        assert_eq!(told(folder.path(), &args), expected, "{what}");
        // The command alone leaves it out; the configuration does not.
        let (_, said) = check(folder.path(), &[&args[..], &["--ignore", "new-approval"]].concat());
        assert!(!said.contains("new-approval"), "{what}: {said}");
        std::fs::write(folder.path().join("leastwise.toml"), format!("ignore = [\"new-approval\"]\n{}", after.1)).unwrap();
        let (_, said) = check(folder.path(), &args);
        assert_eq!(said.matches("The change itself ").count(), expected.1, "{what}: {said}");
        // Without a revision nothing is a change.
        let (_, said) = check(folder.path(), &["p.yaml"]);
        assert!(!said.contains("new-approval"), "{what}: {said}");
    }
}

/// A comment that moves with its statement, in its file and to another path, is the same comment.
#[test]
fn an_approval_moves_with_what_it_approves() {
    let folder = repository();
    let path = |name: &str| folder.path().join(name);
    let approved = policy("    # leastwise: allow privilege-escalation: known\n", "iam:CreateAccessKey");
    std::fs::write(path("p.yaml"), &approved).unwrap();
    commit(folder.path());
    let args = [".", "--against", "HEAD", "--select", "privilege-escalation"];
    std::fs::write(path("p.yaml"), format!("# a line\n# another\n{approved}")).unwrap();
    assert_eq!(told(folder.path(), &args), (0, 0));
    std::fs::create_dir(path("d")).unwrap();
    std::fs::rename(path("p.yaml"), path("d/p.yaml")).unwrap();
    assert_eq!(told(folder.path(), &args), (0, 0));
    std::fs::write(path("d/p.yaml"), approved.replace(": known", ": known, and more")).unwrap();
    assert_eq!(told(folder.path(), &args), (0, 1));
}

/// A baseline that is part of the change knows of growth only what that of the revision knew.
#[test]
fn a_baseline_that_grows_with_the_change_hides_no_growth() {
    let folder = repository();
    let path = |name: &str| folder.path().join(name);
    let write = |actions: &str| std::fs::write(path("p.yaml"), policy("", actions)).unwrap();
    let baseline = |args: &[&str]| {
        let (code, said) = check(folder.path(), &[&["p.yaml", "--write-baseline", "b.json"], args].concat());
        assert_eq!(code, 0, "{said}");
    };
    write("sqs:SendMessage");
    commit(folder.path());
    let against = ["--against", "HEAD", "--select", "new-access,privilege-escalation"];
    let known = [&["p.yaml", "--baseline", "b.json"], &against[..]].concat();
    write("[\"sqs:SendMessage\", \"iam:CreateAccessKey\"]");
    baseline(&against);
    // git has no such baseline: it is no part of the change.
    assert_eq!(told(folder.path(), &known), (0, 0));
    git(folder.path(), &["add", "b.json"]);
    let (code, said) = check(folder.path(), &known);
    // What the change brings counts; what else it adds is hidden, and told.
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("the change itself adds this to the baseline"), "{said}");
    assert!(said.contains("approved error[privilege-escalation]"), "{said}");
    assert!(said.contains("b.json:5:6: note[new-approval] The change itself adds 1 finding to the baseline."), "{said}");
    assert_eq!(told(folder.path(), &known), (1, 1));
    // In the revision it is known.
    let now = std::fs::read(path("p.yaml")).unwrap();
    write("sqs:SendMessage");
    commit(folder.path());
    std::fs::write(path("p.yaml"), now).unwrap();
    assert_eq!(told(folder.path(), &known), (0, 0));
    // A baseline that cannot be read in the revision knew nothing.
    let listed = std::fs::read(path("b.json")).unwrap();
    std::fs::write(path("b.json"), "{").unwrap();
    write("sqs:SendMessage");
    commit(folder.path());
    std::fs::write(path("b.json"), listed).unwrap();
    write("[\"sqs:SendMessage\", \"iam:CreateAccessKey\"]");
    assert_eq!(told(folder.path(), &known), (1, 1));
}

/// What a baseline knows of a file it knows of the file under another name, and at another line.
#[test]
fn a_baseline_knows_a_file_that_moved() {
    let folder = repository();
    let path = |name: &str| folder.path().join(name);
    let text = policy("", "iam:CreateAccessKey");
    std::fs::write(path("p.yaml"), &text).unwrap();
    let (code, said) = check(folder.path(), &[".", "--write-baseline", "b.json"]);
    assert_eq!(code, 0, "{said}");
    commit(folder.path());
    std::fs::create_dir(path("d")).unwrap();
    std::fs::rename(path("p.yaml"), path("d/q.yaml")).unwrap();
    git(folder.path(), &["add", "-A", "."]);
    let known = [".", "--baseline", "b.json", "--against", "HEAD"];
    assert_eq!(told(folder.path(), &known), (0, 0));
    std::fs::write(path("d/q.yaml"), format!("# moved\n{text}")).unwrap();
    assert_eq!(told(folder.path(), &known), (0, 0));
    // Another finding is not known.
    std::fs::write(path("d/q.yaml"), policy("", "'*'")).unwrap();
    assert_eq!(told(folder.path(), &known).0, 1);
}
