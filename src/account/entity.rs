//! One user, group or role of an account.

use super::PolicyText;
use crate::diag::{Diagnostic, Source, Span};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What an entity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntityKind {
    /// An IAM user.
    User,
    /// An IAM group: no principal, its policies are its users'.
    Group,
    /// An IAM role.
    Role,
}

/// When a role was last used, as IAM says; it looks back 400 days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LastUsed {
    /// The input does not say.
    Unknown,
    /// Not in the time that IAM looks back on.
    Never,
    /// Then, and in that region.
    At(Timestamp, Option<String>),
}

/// A user, group or role.
#[derive(Debug, Clone)]
pub struct Entity {
    /// Which of them.
    pub kind: EntityKind,
    /// Its name, without its path.
    pub name: String,
    /// Its path, `/` if it has none.
    pub path: String,
    /// Its ARN.
    pub arn: String,
    /// The 12 digits of its account.
    pub account: String,
    /// Its unique id (`AIDA..`, `AROA..`, `AGPA..`), if the input has it.
    pub id: Option<String>,
    /// When it was made, if the input says so.
    pub created: Option<Timestamp>,
    /// When a role was last used; of others not known here.
    pub last_used: LastUsed,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The ARNs of a user's groups, in order.
    pub groups: Vec<String>,
    /// The policies that are attached to it or embedded in it, in the input's order: inline ones first.
    pub policies: Vec<Attached>,
    /// Its permissions boundary.
    pub boundary: Option<Attached>,
    /// Who may assume a role.
    pub trust: Option<Arc<PolicyText>>,
    /// Where the input describes it.
    pub place: (Source, Span),
}

/// A policy of an entity.
#[derive(Debug, Clone)]
pub struct Attached {
    /// Its name.
    pub name: String,
    /// The ARN of a managed policy; an inline policy has none.
    pub arn: Option<String>,
    /// Its document; a managed policy's may be missing from the input, with the note that says so.
    pub text: Result<Arc<PolicyText>, Diagnostic>,
}

impl Entity {
    /// Whether AWS made it for a service, which alone can change it (path `/aws-service-role/`).
    pub fn is_service_linked(&self) -> bool {
        self.path.starts_with("/aws-service-role/")
    }

    /// Whether IAM Identity Center or another service of AWS keeps it (path `/aws-reserved/`).
    pub fn is_reserved(&self) -> bool {
        self.path.starts_with("/aws-reserved/")
    }
}

impl Attached {
    /// What it is called in results: the ARN of a managed policy, the name of an inline one.
    pub fn label(&self) -> &str {
        self.arn.as_deref().unwrap_or(&self.name)
    }
}
