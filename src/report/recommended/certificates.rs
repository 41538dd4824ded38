//! What the proofs of recommendations rest on, as SMT-LIB files for another solver (`--proof`): a folder a policy, one for
//! each entity as a whole, each with an index.

use super::layout::{Layout, is_changed};
use crate::account::proved::Proved;
use crate::query::Confirmed;
use crate::report::proof;

/// A folder, and its files with their names.
type Folder = (String, Vec<(String, String)>);

impl Layout<'_> {
    /// The proofs of the entity with this number.
    pub fn certificates(&self, number: usize) -> Vec<Folder> {
        let Some((one, folder)) = self.all.get(number).zip(self.folders.get(number)) else { return Vec::new() };
        if !is_changed(one) {
            return Vec::new();
        }
        let own = self.places(one).into_iter().filter(|place| place.policy.by.is_none());
        let policy = |place: super::layout::Place<'_>| {
            let refined = place.policy.refined.as_ref()?;
            Some((format!("{folder}/policies/{}", place.stem), files(&refined.obligations)))
        };
        // Nothing is to be proved of an entity that may do nothing any more.
        let whole = one
            .whole
            .iter()
            .filter(|whole| !whole.checked.is_empty())
            .map(|whole| (format!("{folder}/stack"), files(std::slice::from_ref(whole))));
        own.filter_map(policy).chain(whole).collect()
    }

    /// The proofs of the policies that stand for all.
    pub fn shared_certificates(&self) -> Vec<Folder> {
        let first = self.common.values().filter(|common| self.certified(common) == Some(&common.folder));
        let of = |common: &super::layout::Common<'_>| {
            Some((common.folder.clone(), files(&common.policy.refined.as_ref()?.obligations)))
        };
        first.filter_map(of).collect()
    }
}

fn files(proved: &[Proved]) -> Vec<(String, String)> {
    let parts: Vec<(&str, &[Confirmed])> = proved.iter().map(|one| (one.id, one.checked.as_slice())).collect();
    proof::files(&parts)
}
