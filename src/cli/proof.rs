//! `--proof DIR`: what a proof rests on, as SMT-LIB files with an index, for another solver to check.

use super::{Trouble, input};
use crate::question::confirm::Confirmed;
use crate::smt;
use serde_json::json;
use std::path::Path;

/// Writes the obligations of named parts, and an index that lists them.
pub(crate) fn write(folder: &Path, parts: &[(&str, &[Confirmed])]) -> Result<(), Trouble> {
    let (mut files, mut index) = (Vec::new(), Vec::new());
    for (part, obligations) in parts {
        for (at, obligation) in obligations.iter().enumerate() {
            let name = format!("{part}-{:04}-{}.smt2", at + 1, obligation.kind);
            files.push((name.clone(), obligation.script.clone()));
            index.push(json!({"file": name, "kind": obligation.kind, "about": obligation.about, "expected": "unsat"}));
        }
    }
    let index = json!({"leastwise": env!("CARGO_PKG_VERSION"), "z3": smt::version(), "obligations": index});
    files.push(("index.json".to_owned(), format!("{index:#}\n")));
    input::write_all(folder, &files)
}
