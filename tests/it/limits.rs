//! A policy of 1 MB with 10,000 statements: a verdict or UNKNOWN within the budget, in less than 1 GiB.
//!
//! The built program runs with a limit on its address space, which its memory cannot exceed; an allocation over it aborts
//! the process, and that is no exit code of a verdict. Nothing here depends on how fast the machine is.

use crate::support::root;
use leastwise::diag::Budget;
use leastwise::question::no_new_access::no_new_access;
use leastwise::question::{Settings, Verdict};
use serde_json::{Value, json};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// After so long a budget of seconds was surely not kept.
const FAR_TOO_LONG: Duration = Duration::from_secs(180);

/// The exit code of a run within so many KiB of address space, if it had one, and its standard output.
fn run(kilobytes: u32, arguments: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out");
    let limited = format!("ulimit -v {kilobytes} && exec \"$@\"");
    let mut child = Command::new("sh")
        .args(["-c", &limited, "sh", env!("CARGO_BIN_EXE_leastwise")])
        .args(arguments)
        .current_dir(root())
        .env("NO_COLOR", "1")
        .env("RUST_BACKTRACE", "0")
        .stdout(std::fs::File::create(&path).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if started.elapsed() > FAR_TOO_LONG {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{arguments:?} has not ended after {FAR_TOO_LONG:?}");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    (status.code(), std::fs::read_to_string(&path).unwrap())
}

/// 10,000 statements; of the hard kind each second one is about all services, so that the actions cannot be cut into groups
/// within the budget, and some have conditions or deny.
fn policy(hard: bool, changed: Option<usize>) -> Value {
    let statement = |at: usize| {
        let action = if hard && at.is_multiple_of(2) { format!("s{}*:*Thing{at}*", at % 40) } else { format!("s3:Get{at}*") };
        let resource = if changed == Some(at) { "*".to_owned() } else { format!("arn:aws:s3:::bucket-{at:05}-*/*") };
        let effect = if hard && at % 50 == 49 { "Deny" } else { "Allow" };
        let mut out = json!({"Sid": format!("Statement{at}"), "Effect": effect, "Action": action, "Resource": resource});
        if hard && at.is_multiple_of(5) {
            out["Condition"] = json!({"StringLike": {"aws:PrincipalTag/team": format!("t{at}*")}});
        }
        out
    };
    json!({"Version": "2012-10-17", "Statement": (0..10_000).map(statement).collect::<Vec<_>>()})
}

/// The automata alone, too, mind the time.
#[test]
fn no_time_is_unknown_by_name() {
    let statement = |action: &str| json!({"Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}});
    let access = |action: &str| crate::support::policy("p", &statement(action));
    for z3 in [false, true] {
        let budget = Budget { timeout: Duration::ZERO, ..Budget::default() };
        let settings = Settings { budget, z3, ..Settings::default() };
        for (old, new) in [("s3:Get*", "s3:GetObject"), ("s3:GetObject", "s3:Get*")] {
            let outcome = no_new_access(&access(old), &access(new), &settings).unwrap();
            let Verdict::Unknown(why) = outcome.verdict else { panic!("{:?}", outcome.verdict) };
            assert_eq!(why.to_string(), "the time budget of 0ns is used up");
        }
    }
}

#[test]
fn ten_thousand_statements_are_decided_or_unknown_in_less_than_one_gibibyte() {
    if !cfg!(target_os = "linux") {
        eprintln!("SKIPPED ten_thousand_statements_...: this system does not limit a process's address space");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let written = |name: &str, policy: &Value| {
        let (path, text) = (folder.path().join(name).display().to_string(), policy.to_string());
        assert!(text.len() >= 1_000_000, "{name} has {} bytes", text.len());
        std::fs::write(&path, text).unwrap();
        path
    };
    let (plain, changed) = (written("plain", &policy(false, None)), written("changed", &policy(false, Some(5_001))));
    let hard = [written("hard", &policy(true, None)), written("harder", &policy(true, Some(5_001)))];
    const GIBIBYTE: u32 = 1 << 20;
    for (arguments, codes, said) in [
        (&["no-new-access", &plain, &changed], &[1, 3][..], &["FAIL", "UNKNOWN"][..]),
        (&["no-new-access", &changed, &plain], &[0, 3], &["PASS", "UNKNOWN"]),
        (&["no-new-access", &hard[0], &hard[1]], &[1, 3], &["FAIL", "UNKNOWN"]),
    ] {
        let (code, out) = run(GIBIBYTE, &[arguments.as_slice(), &["--timeout", "4"]].concat());
        let known = code.is_some_and(|code| codes.contains(&code)) && said.iter().any(|said| out.starts_with(said));
        assert!(known, "{:?}: {code:?}, {out}", arguments);
        eprintln!("{}", out.lines().last().unwrap_or_default());
    }
    // The limit is one: with an eighth of it the program cannot do this, however long it has.
    let (code, _) = run(GIBIBYTE / 8, &["no-new-access", &hard[0], &hard[1], "--timeout", "300"]);
    assert!(!matches!(code, Some(0 | 1 | 3)), "{code:?}");
}
