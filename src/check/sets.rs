//! Which actions are dangerous together, or alone, on every resource?
//!
//! The table is `data/exposure.txt`, dated, with its sources. An action counts if it is allowed on a resource that nobody
//! has named: the table has such resources for the services whose policies usually name some.

use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The table.
pub(super) const TABLE: &str = include_str!("../../data/exposure.txt");

/// The sets.
#[derive(Debug, Default)]
pub(super) struct Sets {
    /// Ways to more permissions: name, and the actions that it takes.
    pub(super) escalations: Vec<(&'static str, Vec<&'static str>)>,
    /// Actions that return credentials.
    pub(super) credentials: Vec<&'static str>,
    /// Actions that read data.
    pub(super) data: Vec<&'static str>,
    anywhere: BTreeMap<&'static str, Vec<&'static str>>,
}

impl Sets {
    /// The sets of the table.
    pub(super) fn get() -> &'static Self {
        static SETS: OnceLock<Sets> = OnceLock::new();
        SETS.get_or_init(|| {
            let (mut sets, mut section) = (Self::default(), "");
            for line in TABLE.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
                let mut words = line.split_whitespace();
                let Some(first) = words.next() else { continue };
                match section {
                    _ if first.starts_with('[') => section = first,
                    "[privilege-escalation]" => sets.escalations.push((first, words.collect())),
                    "[credentials-exposure]" => sets.credentials.push(first),
                    "[data-exposure]" => sets.data.push(first),
                    _ => _ = sets.anywhere.insert(first, words.collect()),
                }
            }
            sets
        })
    }

    /// Resources of an action's service that nobody has named; `None` if any resource counts.
    pub(super) fn anywhere(&self, action: &str) -> Vec<String> {
        let service = action.split(':').next().unwrap_or_default();
        self.anywhere.get(service).map(|all| all.iter().map(|one| (*one).to_owned()).collect()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn the_table_names_actions_of_the_catalog() {
        let sets = Sets::get();
        assert!(sets.escalations.len() > 40 && sets.credentials.len() > 40 && sets.data.len() == 5);
        let listed = sets.escalations.iter().flat_map(|(_, actions)| actions).chain(&sets.credentials).chain(&sets.data);
        let unknown: Vec<&&str> = listed.filter(|action| Catalog::latest().canonical_action(action).is_none()).collect();
        assert!(unknown.len() < 8, "{unknown:?}");
        assert_eq!(sets.anywhere("s3:GetObject"), ["arn:aws:s3:::any-leastwise-name/any-leastwise-name"]);
        assert!(sets.anywhere("ec2:RunInstances").is_empty());
    }
}
