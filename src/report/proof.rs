//! What a proof rests on, as SMT-LIB files with an index, for another solver to check.

use crate::diag::escape;
use crate::query::Confirmed;
use crate::smt;
use serde_json::json;

/// The files of a proof: each obligation of its named parts, then `index.json`, which lists them; name and text.
///
/// Every listed file must come out `unsat`; `scripts/recheck` has cvc5 check a folder that holds them.
pub fn files(parts: &[(&str, &[Confirmed])]) -> Vec<(String, String)> {
    let (mut files, mut index) = (Vec::new(), Vec::new());
    for (part, obligations) in parts {
        for (at, obligation) in obligations.iter().enumerate() {
            let name = format!("{part}-{:04}-{}.smt2", at + 1, obligation.kind);
            files.push((name.clone(), obligation.script.clone()));
            index.push(json!({"file": name, "kind": obligation.kind.name(), "about": obligation.about, "expected": "unsat"}));
        }
    }
    let index = json!({"leastwise": env!("CARGO_PKG_VERSION"), "z3": smt::version(), "obligations": index});
    files.push(("index.json".to_owned(), format!("{}\n", escape::json(&format!("{index:#}")))));
    files
}
