//! Proofs for a second solver: what of the tests' refinements is kept, and does `scripts/recheck` tell the answers apart?
//!
//! With `LEASTWISE_PROOFS=DIR` every refinement that the tests prove is written there, a folder each, as `--proof` writes
//! it; `scripts/recheck-tests` does so and has cvc5 check them all.

use crate::support::root;
use leastwise::query::Certificate;
use leastwise::refine::obligations::Obligation;
use leastwise::report::proof;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

fn folder(name: &str) -> Option<PathBuf> {
    std::env::var_os("LEASTWISE_PROOFS").map(|all| PathBuf::from(all).join(name))
}

/// Keeps the proof of a refinement under its name, if proofs are kept.
pub(crate) fn keep(name: &str, proved: &[Obligation]) {
    keep_checked(name, &proved.iter().map(|one| (one.id.name(), &one.checked)).collect::<Vec<_>>());
}

/// Keeps what Z3 checked, part by part, if proofs are kept.
pub(crate) fn keep_checked(name: &str, proved: &[(&str, &Certificate)]) {
    let Some(folder) = folder(name) else { return };
    std::fs::create_dir_all(&folder).unwrap();
    let parts: Vec<_> = proved.iter().map(|(part, checked)| (*part, checked.obligations.as_slice())).collect();
    for (name, text) in proof::files(&parts) {
        std::fs::write(folder.join(name), text).unwrap();
    }
}

/// What the program is told in addition, so that it keeps the proof of a refinement, if proofs are kept.
pub(crate) fn kept_by_program(arguments: &[&str]) -> Vec<String> {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    let refines = matches!(arguments.first(), Some(&"refine" | &"verify"));
    if !refines || arguments.contains(&"--proof") || arguments.contains(&"--help") {
        return Vec::new();
    }
    let name = format!("program-{:03}", RUNS.fetch_add(1, Ordering::Relaxed));
    folder(&name).into_iter().flat_map(|folder| ["--proof".to_owned(), folder.display().to_string()]).collect()
}

fn recheck(folder: &Path) -> Output {
    Command::new("python3").args(["-B", "scripts/recheck", "--seconds", "2"]).arg(folder).current_dir(root()).output().unwrap()
}

#[test]
fn the_second_solver_tells_what_is_unsat_from_what_is_not() {
    if !root().join("third_party/cvc5").is_dir() {
        eprintln!("SKIPPED the_second_solver_tells_what_is_unsat_from_what_is_not: no cvc5 (run scripts/recheck once)");
        return;
    }
    let header = "; is it so?\n(set-info :smt-lib-version 2.6)\n(set-info :status unsat)\n(set-logic ALL)\n";
    let asks = |assertion: &str| format!("{header}(declare-const x String)\n(assert {assertion})\n(check-sat)\n");
    let no = asks(r#"(and (= x "a") (str.in_re x (str.to_re "b")))"#);
    let yes = asks(r#"(str.in_re x (re.+ (str.to_re "a")))"#);
    // Two languages without a common text, which cvc5 1.4 does not see within seconds.
    let parts = |id: &str| {
        let any = "(re.* (re.diff re.allchar (str.to_re \":\")))";
        format!("(str.in_re x (re.++ (str.to_re \"a:\") {any} (str.to_re \":\") {any} (str.to_re \":{id}/\") re.all))")
    };
    let hard = format!("(and {} {})", parts("b"), parts("c"));
    for (files, code, said) in [
        (vec![no.clone(), no.clone()], 0, "2 unsat, 0 unknown, 0 sat (1 different)"),
        // As the expected answer is written in the file, this must not come out as an error of cvc5's.
        (vec![no.clone(), yes], 1, "1 unsat, 0 unknown, 1 sat"),
        (vec![no.clone(), asks(&hard)], 3, "1 unsat, 1 unknown, 0 sat"),
        (vec![no.clone(), asks("oops")], 2, "oops"),
        (vec![header.to_owned()], 2, "asks nothing"),
        (vec![no.replace("(set-logic ALL)\n", "")], 2, "no SMT-LIB file of leastwise"),
        (vec![], 2, "no file that must be unsat"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for (at, text) in files.iter().enumerate() {
            std::fs::write(folder.path().join(format!("{at}.smt2")), text).unwrap();
        }
        let output = recheck(folder.path());
        let all = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        assert_eq!(output.status.code(), Some(code), "{files:?}: {all}");
        assert!(all.contains(said), "{files:?}: {all}");
    }
}

#[test]
fn the_second_solver_confirms_what_the_program_has_proved() {
    if !root().join("third_party/cvc5").is_dir() {
        eprintln!("SKIPPED the_second_solver_confirms_what_the_program_has_proved: no cvc5 (run scripts/recheck once)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let proof = folder.path().display().to_string();
    let published = |file: &str| format!("fixtures/published/{file}");
    let (policy, unused) = (published("unused-permissions-policy.json"), published("unused-permissions-unused.json"));
    let (code, _, err) = crate::support::leastwise(&["refine", &policy, "--unused", &unused, "--proof", &proof], "");
    assert_eq!(code, 0, "{err}");
    let output = recheck(folder.path());
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && said.contains(" 0 unknown, 0 sat") && !said.contains(" 0 unsat"), "{said}");
}

/// A test that does not matter, here a list of many resources beside two that exclude each other, keeps Z3 from coming back.
#[test]
fn a_lemma_names_only_the_tests_that_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    let proof = folder.path().join("proof");
    let allow = |resources: Vec<String>| serde_json::json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": resources});
    let all = allow(vec!["arn:aws:s3:::*".to_owned()]);
    let with = |operator: &str| {
        let mut all = all.clone();
        all["Condition"] = serde_json::json!({operator: {"s3:ExistingObjectTag/team": "true"}});
        all
    };
    let many = allow((0..40).map(|at| format!("arn:aws:s3:::many-{at}-{}/*", at * at)).collect());
    let stack = serde_json::json!({"identityPolicies": [{"Version": "2012-10-17",
        "Statement": [with("StringEqualsIgnoreCase"), with("StringEquals"), many]}]});
    let path = folder.path().join("stack.json");
    std::fs::write(&path, stack.to_string()).unwrap();
    let (path, proof) = (path.display().to_string(), proof.display().to_string());
    let (code, out, err) = crate::support::leastwise(&["no-new-access", &path, &path, "--proof", &proof], "");
    assert_eq!(code, 0, "{out} {err}");
    let lemmas: Vec<String> = std::fs::read_dir(&proof)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.display().to_string().contains("lemma"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    assert!(!lemmas.is_empty() && lemmas.iter().all(|lemma| !lemma.contains("many-")), "{lemmas:#?}");
}

/// Every managed policy, as all that a principal has, grants what it grants: Z3 confirms that of each that is asked about.
#[test]
fn z3_confirms_what_the_automata_prove_of_stacks() {
    let Some(folder) = crate::support::corpus("z3_confirms_what_the_automata_prove_of_stacks") else { return };
    let policies = crate::support::lines(&folder.join("managed-policies.jsonl.zst"));
    let stack = |at: usize| serde_json::json!({"identityPolicies": [policies[at]["document"], policies[(at + 7) % policies.len()]["document"]]});
    let asked: String = (0..policies.len())
        .step_by(19)
        .map(|at| {
            let line = serde_json::json!({"id": at, "check": "no-new-access", "existing": stack(at), "new": stack(at)});
            format!("{line}\n")
        })
        .collect();
    let (code, out, err) = crate::support::leastwise(&["batch", "-", "--prove", "z3", "--timeout", "60"], &asked);
    assert_eq!(code, 0, "{err}");
    for line in out.lines() {
        let answer: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(answer["result"] == "PASS" && answer["proof"]["checkedByZ3"].is_object(), "{line}");
    }
    assert!(out.lines().count() > 50);
}
