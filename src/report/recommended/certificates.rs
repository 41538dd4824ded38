//! What the proofs of recommendations rest on, as SMT-LIB files for another solver (`--proof`): a folder a policy, one for
//! each entity as a whole, each with an index.
//!
//! Thousands of entities rest on the same questions. Each of them stands once, in `questions/`, under a name made from its content;
//! the indexes name it by its path from there.

use super::layout::{Layout, is_changed};
use crate::account::proved::Proved;
use crate::diag::escape;
use crate::smt;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// A folder of a proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate<'r> {
    /// The path of its index.
    pub index: String,
    /// The index.
    pub text: String,
    /// The questions that it names: path, which says what is asked, and text. Of texts that ask the same any one will do.
    pub questions: Vec<(String, &'r str)>,
}

impl<'r> Layout<'r> {
    /// The proofs of the entity with this number.
    pub fn certificates(&self, number: usize) -> Vec<Certificate<'r>> {
        let Some((one, folder)) = self.all.get(number).zip(self.folders.get(number)) else { return Vec::new() };
        if !is_changed(one) {
            return Vec::new();
        }
        let own = self.places(one).into_iter().filter(|place| place.policy.by.is_none());
        let policy = |place: super::layout::Place<'r>| {
            let refined = place.policy.refined.as_ref()?;
            Some(certificate(&format!("{folder}/policies/{}", place.stem), &refined.obligations))
        };
        // Nothing is to be proved of an entity that may do nothing any more.
        let whole = one
            .whole
            .iter()
            .filter(|whole| !whole.checked.is_empty())
            .map(|whole| certificate(&format!("{folder}/stack"), std::slice::from_ref(whole)));
        own.filter_map(policy).chain(whole).collect()
    }

    /// The proofs of the policies that stand for all.
    pub fn shared_certificates(&self) -> Vec<Certificate<'r>> {
        let first = self.common.values().filter(|common| self.certified(common) == Some(&common.folder));
        let of =
            |common: &super::layout::Common<'r>| Some(certificate(&common.folder, &common.policy.refined.as_ref()?.obligations));
        first.filter_map(of).collect()
    }
}

fn certificate<'r>(folder: &str, proved: &'r [Proved]) -> Certificate<'r> {
    let up = "../".repeat(folder.split('/').count());
    let (mut questions, mut index) = (Vec::new(), Vec::new());
    for part in proved {
        for (at, one) in part.checked.iter().enumerate() {
            let path = place_of(&one.script);
            let name = format!("{}-{:04}-{}", part.id, at + 1, one.kind);
            let about = &*one.about;
            index.push(json!({"name": name, "file": format!("{up}{path}"), "kind": one.kind.name(), "about": about, "expected": "unsat"}));
            questions.push((path, &*one.script));
        }
    }
    let index = json!({"leastwise": env!("CARGO_PKG_VERSION"), "z3": smt::version(), "obligations": index});
    Certificate { index: format!("{folder}/index.json"), text: format!("{}\n", escape::json(&format!("{index:#}"))), questions }
}

/// Where a question stands. Its comments, which say what it is about, are not part of what is asked.
fn place_of(script: &str) -> String {
    let asked = script.find("\n(set-logic ").and_then(|at| script.get(at..)).unwrap_or(script);
    let hash = Sha256::digest(asked.as_bytes());
    let mut name = String::new();
    for byte in hash.iter().take(16) {
        let _ = write!(name, "{byte:02x}");
    }
    format!("questions/{}/{name}.smt2", name.get(..2).unwrap_or_default())
}
