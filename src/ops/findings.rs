//! What is unused in an account?

use super::Failed;
use super::grounds::{Grounds, Read};
use crate::account::findings::{self, Findings, Unused};
use crate::report::Standing;
use schemars::JsonSchema;
use serde::Deserialize;

/// What is unused in an account?
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// What the findings rest on.
    pub grounds: Grounds,
    /// Which findings count; any by default.
    #[serde(default)]
    pub fail_on: FailOn,
}

/// Which findings count, from the most to none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FailOn {
    /// Any finding.
    #[default]
    Any,
    /// Unused keys, passwords and roles.
    Credentials,
    /// Unused roles.
    Role,
    /// None.
    None,
}

impl FailOn {
    /// Whether a finding counts.
    pub fn counts(self, unused: &Unused) -> bool {
        let least = match unused {
            Unused::Role { .. } => Self::Role,
            Unused::AccessKey { .. } | Unused::Password { .. } => Self::Credentials,
            Unused::Permissions(_) => Self::Any,
            Unused::NotObservable => return false,
        };
        least >= self
    }
}

/// The findings, and which of them count.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Answer<'r> {
    /// The findings.
    pub found: Findings<'r>,
    /// Whether each of them counts, in their order.
    pub counted: Vec<bool>,
}

impl Answer<'_> {
    /// Whether some finding counts.
    pub fn standing(&self) -> Standing {
        if self.counted.contains(&true) { Standing::DoesNotHold } else { Standing::Holds }
    }
}

impl Request {
    /// Reads what the findings rest on.
    ///
    /// # Errors
    /// A member that cannot be meant, or files that cannot be read.
    pub fn read(&self) -> Result<Read, Failed> {
        self.grounds.read()
    }

    /// Finds what is unused in what was read.
    ///
    /// # Errors
    /// There is no evidence, or it gives no window.
    pub fn answer<'r>(&self, read: &'r Read) -> Result<Answer<'r>, Failed> {
        read.check()?;
        let found = findings::find(&read.accounts, &read.evidence, &read.options)?;
        let counted = found.findings.iter().map(|one| self.fail_on.counts(&one.unused)).collect();
        Ok(Answer { found, counted })
    }
}
