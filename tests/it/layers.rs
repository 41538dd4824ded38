//! Who may know whom: a module imports from lower layers only, `z3::` stands in `smt/` only, and nothing grows too long.

use crate::source::{functions, module, named, tokens};
use crate::support::root;
use std::path::{Path, PathBuf};

/// Each folder of `src/` with its layer; a folder that is not listed has none, which is an error.
const LAYERS: [(&str, u8); 30] = [
    ("cli", 18),
    ("server", 17),
    ("ops", 16),
    ("report", 15),
    ("account", 14),
    ("check", 14),
    ("lint", 14),
    ("refine", 13),
    ("question", 12),
    ("simulate", 12),
    ("witness", 11),
    ("search", 10),
    ("encode", 9),
    ("eval", 9),
    ("solve", 9),
    ("query", 8),
    ("wellformed", 7),
    ("policy", 6),
    ("request", 5),
    ("usage", 5),
    ("evidence", 4),
    ("sources", 4),
    ("document", 3),
    ("catalog", 2),
    ("smt", 2),
    ("glob", 1),
    ("json", 1),
    ("logic", 1),
    ("value", 1),
    ("diag", 0),
];

/// The most lines of a file, of the search's main flow, and of a function without a reason.
const FILE: usize = 500;
const PIPELINE: usize = 150;
const FUNCTION: usize = 60;

/// How a comment begins that says why a function is longer.
const REASON: &str = "// Long: ";

fn sources(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            out.push(path);
        }
    }
}

/// Every file below `src/`, by its path there, with its text.
fn files() -> Vec<(PathBuf, String)> {
    let source = root().join("src");
    let mut paths = Vec::new();
    sources(&source, &mut paths);
    assert!(paths.len() > 60);
    let read = |path: PathBuf| (path.strip_prefix(&source).unwrap().to_owned(), std::fs::read_to_string(&path).unwrap());
    paths.into_iter().map(read).collect()
}

fn layer(name: &str) -> Option<u8> {
    LAYERS.iter().find(|(known, _)| *known == name).map(|(_, layer)| *layer)
}

#[test]
fn modules_import_from_lower_layers_only() {
    let mut wrong = Vec::new();
    for (path, text) in files() {
        let shown = path.display();
        let own = module(&path);
        let Some(folder) = own.first().filter(|_| path.components().count() > 1) else { continue };
        let Some(above) = layer(folder) else {
            wrong.push(format!("{shown}: the folder {folder} has no layer: add it to the table"));
            continue;
        };
        if folder != "smt" && tokens(&text).windows(2).any(|pair| pair[0].text == "z3" && pair[1].text == "::") {
            wrong.push(format!("{shown} names z3"));
        }
        for (name, line) in named(&own, &text).into_iter().filter(|(name, _)| name != folder) {
            match layer(&name) {
                Some(below) if below < above => {}
                Some(_) => wrong.push(format!("{shown}:{line}: {folder} imports from {name}, which is not below it")),
                None => wrong.push(format!("{shown}:{line}: {name} is not a layer; name the module that has it")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a door would decide something with: it asks `ops/` instead.
const BELOW_OPERATIONS: [&str; 10] =
    ["account", "check", "encode", "eval", "refine", "search", "solve", "usage", "wellformed", "witness"];

/// What a door names of them all the same: types without a decision.
const NAMED_BY_DOORS: [(&str, &str); 2] = [
    ("cli/input.rs", "usage"),
    // Entities, resources and kinds of findings, to be shown in the API's shape.
    ("server/held.rs", "account"),
];

#[test]
fn doors_ask_operations_only() {
    let mut wrong = Vec::new();
    let mut met = std::collections::BTreeSet::new();
    for (path, text) in files() {
        let own = module(&path);
        if !own.first().is_some_and(|folder| folder == "cli" || folder == "server") {
            continue;
        }
        let shown = path.display().to_string();
        for (name, line) in named(&own, &text).into_iter().filter(|(name, _)| BELOW_OPERATIONS.contains(&name.as_str())) {
            match NAMED_BY_DOORS.iter().find(|(of, folder)| *of == shown && *folder == name) {
                Some(known) => _ = met.insert(*known),
                None => wrong.push(format!("{shown}:{line}: a door names {name}: ask an operation of ops/ instead")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(met.len(), NAMED_BY_DOORS.len(), "an exception that nothing needs");
}

#[test]
fn files_stay_short() {
    for (path, text) in files() {
        let (lines, path) = (text.lines().count(), path.display().to_string());
        let most = if path == "search/pipeline.rs" { PIPELINE } else { FILE };
        assert!(lines <= most, "{path} has {lines} lines, {most} are the most: does it hold one concept?");
    }
}

/// A function that does not fit on a screen says why, in a comment on it or at the beginning of its body.
#[test]
fn long_functions_say_why() {
    let mut wrong = Vec::new();
    for (path, text) in files() {
        let lines: Vec<&str> = text.lines().collect();
        for (name, start, length) in functions(&text).into_iter().filter(|(_, _, length)| *length > FUNCTION) {
            let near = lines.iter().take(start + 10).skip(start.saturating_sub(6));
            let reason = near.clone().find_map(|line| line.trim_start().strip_prefix(REASON));
            if reason.is_none_or(|reason| reason.len() < 15) {
                wrong
                    .push(format!("{}:{start}: {name} has {length} lines: split it, or say why with `{REASON}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
