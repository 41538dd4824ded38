//! What became of every record that was read?

use std::collections::BTreeMap;

/// Counts of records, of one file or of all. `read` is the sum of `mapped`, `unmapped`, `denied`, `duplicate`, `skipped` and
/// `failed`.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Records that were read.
    pub read: u64,
    /// Those that show the use of a known action by a role, a user or a root.
    pub mapped: u64,
    /// Those of which nobody knows an action that authorizes them.
    pub unmapped: u64,
    /// Those that were denied: no use.
    pub denied: u64,
    /// Those that say again what another record said.
    pub duplicate: u64,
    /// Those that are no use of an entity's permissions, by reason.
    pub skipped: BTreeMap<&'static str, u64>,
    /// Those that could not be read, by reason.
    pub failed: BTreeMap<&'static str, u64>,
}

impl Counts {
    /// Counts a record that is no use.
    pub fn skip(&mut self, reason: &'static str) {
        *self.skipped.entry(reason).or_default() += 1;
    }

    /// Counts so many records that are no use.
    pub(super) fn skip_many(&mut self, reason: &'static str, count: u64) {
        if count > 0 {
            *self.skipped.entry(reason).or_default() += count;
        }
    }

    /// Counts a record that could not be read.
    pub fn fail(&mut self, reason: &'static str) {
        *self.failed.entry(reason).or_default() += 1;
    }

    /// Adds the counts of another file.
    pub fn add(&mut self, other: &Self) {
        self.read += other.read;
        self.mapped += other.mapped;
        self.unmapped += other.unmapped;
        self.denied += other.denied;
        self.duplicate += other.duplicate;
        other.skipped.iter().for_each(|(reason, count)| *self.skipped.entry(reason).or_default() += count);
        other.failed.iter().for_each(|(reason, count)| *self.failed.entry(reason).or_default() += count);
    }

    /// Records that could not be read.
    pub fn failures(&self) -> u64 {
        self.failed.values().sum()
    }
}
