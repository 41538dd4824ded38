//! Who is in an account, and what is attached to whom?
//!
//! An export of an account becomes [`Accounts`]: users, groups and roles with everything that decides about them, shared
//! managed policies once. Policies keep their places in the files. What an export does not hold is said, never taken for
//! empty: an attached policy whose document is missing makes its principals' answers unknown ([`Attached`]).
//!
//! Sources: IAM API Reference, GetAccountAuthorizationDetails and its data types.

pub mod bits;
mod collect;
mod conditions;
mod cutting;
mod details;
mod entity;
pub mod exclusions;
mod files;
pub mod findings;
mod fitting;
mod gather;
pub mod granted;
pub mod observe;
mod organization;
mod part;
pub mod planned;
pub mod proposal;
pub mod proved;
pub mod prune;
pub mod quota;
pub mod recommend;
pub mod recommend_all;
pub mod refining;
mod replay;
mod resource_control;
mod resources;
pub mod scope;
pub mod shared;
mod stack;
mod text;
pub mod who_can;
mod whole;

pub use entity::{Attached, Entity, EntityKind, LastUsed};
pub use files::read;
pub use stack::Found;
pub use text::{Lowered, PolicyText};

use crate::diag::{Diagnostic, Source, Span};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What an input says of one account or several.
#[derive(Debug, Clone, Default)]
pub struct Accounts {
    /// Users, groups and roles, by ARN.
    pub entities: BTreeMap<String, Entity>,
    /// Managed policies, AWS's and the customer's, by ARN.
    pub managed: BTreeMap<String, Managed>,
    /// Resources whose own policy is known, in order; roles with their trust policies are not among them.
    pub resources: Vec<Known>,
    /// What an organization imposes on an account, by the account's id.
    pub controls: BTreeMap<String, Arc<Controls>>,
    /// What is worth knowing about the input, beside the policies' own warnings.
    pub notes: Vec<Diagnostic>,
}

/// A resource of which it is known what its own policy says.
#[derive(Debug, Clone)]
pub struct Known {
    /// Its ARN.
    pub arn: String,
    /// The account that owns it.
    pub account: String,
    /// Its policy; `None` if it has none.
    pub policy: Option<Arc<PolicyText>>,
}

/// What an organization imposes on one of its accounts.
#[derive(Debug, Clone, Default)]
pub struct Controls {
    /// Service control policies, level by level from the root down; `None` if they are not known.
    pub service_control: Option<Vec<Vec<Attached>>>,
    /// Resource control policies, level by level; `None` if they are not known.
    pub resource_control: Option<Vec<Vec<Attached>>>,
    /// The organization's management account, if it is known.
    pub management_account: Option<String>,
    /// The organization's id, `o-..`.
    pub organization: Option<String>,
    /// The account's path in it, `o-../r-../ou-../`.
    pub path: Option<String>,
}

/// A managed policy.
#[derive(Debug, Clone)]
pub struct Managed {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Its path.
    pub path: String,
    /// The version that is in force, such as `v3`, if the input names it.
    pub version: Option<String>,
    /// Its document in that version.
    pub text: Arc<PolicyText>,
    /// Where the input describes it.
    pub place: (Source, Span),
}

impl Managed {
    /// Whether AWS wrote it: nobody else can change it.
    pub fn is_of_aws(&self) -> bool {
        self.arn.split(':').nth(4) == Some("aws")
    }
}

impl Accounts {
    /// The ids of the accounts that the input describes, in order.
    pub fn ids(&self) -> BTreeSet<&str> {
        self.entities.values().map(|entity| entity.account.as_str()).collect()
    }

    /// Users and roles: those that can act.
    pub fn principals(&self) -> impl Iterator<Item = &Entity> {
        self.entities.values().filter(|entity| entity.kind != EntityKind::Group)
    }

    /// Everything that grants to an entity by itself: its own policies, and of a user those of its groups, each with the
    /// entity that it is attached to.
    pub fn identity<'a>(&'a self, entity: &'a Entity) -> impl Iterator<Item = (&'a Entity, &'a Attached)> {
        let groups = entity.groups.iter().filter_map(|arn| self.entities.get(arn));
        std::iter::once(entity).chain(groups).flat_map(|owner| owner.policies.iter().map(move |attached| (owner, attached)))
    }

    /// The users of a group, in order.
    pub fn members_of<'a>(&'a self, group: &'a Entity) -> impl Iterator<Item = &'a Entity> {
        self.entities.values().filter(|entity| entity.groups.contains(&group.arn))
    }

    /// How many entities a managed policy is attached to, in this input.
    pub fn attachments(&self, arn: &str) -> usize {
        let attached = |entity: &&Entity| entity.policies.iter().any(|policy| policy.arn.as_deref() == Some(arn));
        self.entities.values().filter(attached).count()
    }
}
