//! Which permissions were never used? From the forms in which findings come.
//!
//! The published simple form `[{"serviceNamespace": "s3", "actions": ["GetBucketAcl"]}]`, and documents of the shape of
//! GetFindingV2 and ListFindingsV2, whose `unusedPermissionDetails` say the same. A namespace without `actions` means
//! that the whole service is unused. Several files together say what all of them say. An empty list says that nothing is.
//!
//! An explicit empty list of actions is refused: it may mean "none" or "all", and the wrong guess removes permissions.
//! So are findings about several roles or users, in one document or in several: what one does not use another may; whoever
//! means one of them names it. Findings that are `RESOLVED` are left out, because what they named was used since, or is no
//! longer granted.
//!
//! Source: IAM Access Analyzer API, GetFindingV2, ListFindingsV2, UnusedPermissionDetails.

mod read;

pub use read::{SEVERAL, SEVERAL_HELP, from_json_value, read, read_about};

use std::collections::{BTreeMap, BTreeSet};

/// What of one service is unused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unused {
    /// All of it, also actions that do not exist yet.
    WholeService,
    /// These actions, as spelled, without the service.
    Actions(BTreeSet<String>),
}

/// Unused permissions by service namespace, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UnusedPermissions {
    services: BTreeMap<String, Unused>,
    /// The role or user that the findings are about, where they say so.
    resource: Option<String>,
}

impl UnusedPermissions {
    /// The services and what of them is unused.
    pub fn services(&self) -> impl Iterator<Item = (&str, &Unused)> {
        self.services.iter().map(|(namespace, unused)| (namespace.as_str(), unused))
    }

    /// Adds that the whole service is unused.
    pub fn add_service(&mut self, namespace: &str) {
        self.services.insert(namespace.to_ascii_lowercase(), Unused::WholeService);
    }

    /// Adds that an action is unused.
    pub fn add_action(&mut self, namespace: &str, action: &str) {
        let entry = self.services.entry(namespace.to_ascii_lowercase());
        if let Unused::Actions(actions) = entry.or_insert_with(|| Unused::Actions(BTreeSet::new())) {
            actions.insert(action.to_owned());
        }
    }

    /// The role or user that the findings are about, where they say so.
    pub fn resource(&self) -> Option<&str> {
        self.resource.as_deref()
    }

    /// Adds everything of another list, about the same role or user.
    pub fn merge(&mut self, other: &Self) {
        self.resource = self.resource.take().or_else(|| other.resource.clone());
        for (namespace, unused) in &other.services {
            match unused {
                Unused::WholeService => self.add_service(namespace),
                Unused::Actions(actions) => actions.iter().for_each(|action| self.add_action(namespace, action)),
            }
        }
    }

    /// Whether nothing is unused.
    pub fn is_empty(&self) -> bool {
        self.services.is_empty()
    }
}
