//! `explain`: every code that the program can give is explained, and its example gives it.

use crate::support::{leastwise, root};
use leastwise::diag::codes::{self, Example};
use leastwise::ops::named;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// Every code in an answer: of its error, of further errors and of its warnings.
fn given(answer: &Value) -> BTreeSet<String> {
    let error = &answer["error"];
    let listed = [&answer["warnings"], &error["more"]].into_iter().filter_map(Value::as_array).flatten();
    listed.chain([error]).filter_map(|one| Some(one["code"].as_str()?.to_owned())).collect()
}

#[test]
fn every_example_gives_its_code() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.json").display().to_string();
    let mut ran = 0;
    for code in codes::all() {
        let (out, err) = match code.example {
            Example::Policy(text) => {
                std::fs::write(&policy, text).unwrap();
                let (_, out, err) = leastwise(&["equivalent", &policy, &policy, "--format", "json"], "");
                (out, err)
            }
            Example::Line(line) => {
                let (_, out, err) = leastwise(&["batch"], line);
                (out, err)
            }
            Example::Arguments(arguments) => {
                let arguments: Vec<&str> = arguments.split(' ').chain(["--format", "json"]).collect();
                let (_, out, err) = leastwise(&arguments, "");
                (out, err)
            }
            Example::Words(_) => continue,
        };
        let answer: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{}: {out}{err}", code.code));
        assert!(given(&answer).contains(code.code), "{}: {out}", code.code);
        assert_eq!(answer["error"]["code"] == code.code, code.is_error, "{}: {out}", code.code);
        ran += 1;
    }
    assert!(ran > 50, "{ran}");
}

/// The codes that the source gives to diagnostics: a text in kebab case, as an argument of its own.
#[test]
fn every_code_of_the_source_is_explained() {
    fn files(folder: &Path, out: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != "codes") {
                files(&path, out);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                out.push(text.split("#[cfg(test)]").next().unwrap().to_owned());
            }
        }
    }
    let mut texts = Vec::new();
    files(&root().join("src"), &mut texts);
    let makers = [
        "Diagnostic::error(",
        "Diagnostic::warning(",
        "Diagnostic::bare(",
        ".error(",
        ".warn(",
        "refuse(entry,",
        "wrong(",
        "whole(",
        "code: ",
    ];
    let mut found = BTreeSet::new();
    for text in &texts {
        for maker in makers {
            for (at, _) in text.match_indices(maker) {
                let rest = text[at + maker.len()..].trim_start();
                let Some(code) = rest.strip_prefix('"').and_then(|rest| rest.split('"').next()) else { continue };
                if code.contains('-') && !code.starts_with('-') && code.chars().all(|one| one.is_ascii_lowercase() || one == '-')
                {
                    found.insert(code.to_owned());
                }
            }
        }
    }
    assert!(found.len() > 40, "{found:?}");
    let unexplained: Vec<&String> = found.iter().filter(|code| codes::find(code).is_none()).collect();
    assert!(unexplained.is_empty(), "no entry in src/diag/codes: {unexplained:?}");
}

#[test]
fn a_code_is_explained_and_an_unknown_one_is_an_error() {
    let (code, out, _) = leastwise(&["explain", "duplicate-key"], "");
    assert!(code == 0 && out.starts_with("duplicate-key (error)\n\nA JSON object has the same key twice."), "{out}");
    let (code, out, _) = leastwise(&["explain"], "");
    assert!(code == 0 && out.lines().count() == codes::all().count() + named::names().count(), "{out}");
    for name in named::names() {
        let (code, out, err) = leastwise(&["explain", name], "");
        assert!(code == 0 && out.contains(&format!("{name} (a ")), "{name}: {out}{err}");
    }
    let (_, out, _) = leastwise(&["explain", "wrong-policy-type"], "");
    assert!(out.contains("wrong-policy-type (error)") && out.contains("wrong-policy-type (a rule of `check`: error)"), "{out}");
    let (code, _, err) = leastwise(&["explain", "duplicate-keys"], "");
    assert!(code == 2 && err.contains("did you mean duplicate-key?"), "{err}");
}
