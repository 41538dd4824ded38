//! Who may know whom: a module imports from lower layers only, and `z3::` stands in `smt/` only.

use crate::support::root;
use std::path::{Path, PathBuf};

const LAYERS: [(&str, u8); 23] = [
    ("diag", 0),
    ("json", 1),
    ("glob", 1),
    ("value", 1),
    ("smt", 1),
    ("catalog", 2),
    ("document", 3),
    ("sources", 4),
    ("evidence", 4),
    ("usage", 5),
    ("policy", 5),
    ("eval", 6),
    ("encode", 6),
    ("solve", 6),
    ("question", 7),
    ("simulate", 7),
    ("refine", 8),
    ("account", 9),
    ("check", 9),
    ("lint", 9),
    ("report", 10),
    ("ops", 11),
    ("server", 12),
];

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

#[test]
fn modules_import_from_lower_layers_only() {
    let layer = |name: &str| LAYERS.iter().find(|(known, _)| *known == name).map_or(13, |(_, layer)| *layer);
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    assert!(files.len() > 60);
    for path in files {
        let relative = path.strip_prefix(root().join("src")).unwrap();
        let Some(own) = relative.parent().and_then(|parent| parent.iter().next()).and_then(|part| part.to_str()) else {
            continue;
        };
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(own == "smt" || !text.contains("z3::"), "{} names z3", relative.display());
        for (at, _) in text.match_indices("crate::") {
            let name: String = text[at + "crate::".len()..].chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            if name.is_empty() || name == own {
                continue;
            }
            assert!(layer(&name) < layer(own), "{} imports from {name}", relative.display());
        }
    }
}

#[test]
fn files_stay_short() {
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    for path in files {
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= 500, "{} has {lines} lines: does it hold one concept?", path.display());
    }
}
