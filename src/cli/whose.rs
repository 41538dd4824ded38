//! `--account PATH --principal ARN`: the policies of one principal of an account, in place of a stack.

use super::{Trouble, input};
use crate::account::scope::{self, Who};
use crate::account::{self, Accounts};
use crate::policy::{Access, Policy};
use clap::Args;
use std::path::PathBuf;

/// Whose access is asked about, in place of a policy.
#[derive(Debug, Clone, Args)]
pub(crate) struct Whose {
    /// An account's export (get-account-authorization-details, or iam-collect's folder), in place of a policy
    #[arg(long, value_name = "PATH", requires = "principal")]
    pub(crate) account: Option<PathBuf>,
    /// The user or role of the account that is asked about, with its groups, boundary, tags and organization
    #[arg(long, value_name = "ARN", requires = "account")]
    pub(crate) principal: Option<String>,
}

/// A principal of an account that was read.
pub(crate) struct Principal {
    accounts: Accounts,
    arn: String,
}

impl Whose {
    /// The principal, if one is asked about.
    pub(crate) fn read(&self) -> Result<Option<Principal>, Trouble> {
        // The parser of arguments does not ask for both where either stands in place of a policy.
        let (path, arn) = match (&self.account, &self.principal) {
            (Some(path), Some(arn)) => (path, arn),
            (None, None) => return Ok(None),
            (None, Some(_)) => return Err(anyhow::anyhow!("--principal needs --account PATH, which has its policies").into()),
            (Some(_), None) => {
                return Err(anyhow::anyhow!("--account needs --principal ARN: whose access is asked about?").into());
            }
        };
        let accounts = account::read(path)?;
        // What is missing of it is an error, what is missing of others no matter.
        Ok(Some(Principal { accounts, arn: arn.clone() }))
    }
}

impl Principal {
    /// Everything that decides about it, asked about its own requests; its identity policies replaced by another, if one is
    /// given.
    pub(crate) fn access(&self, instead: Option<Policy>) -> Result<Access, Trouble> {
        let found = self.accounts.principal(&self.arn)?;
        let (mut stack, labels) = (found.stack, if instead.is_some() { Vec::new() } else { found.labels });
        if let Some(policy) = instead {
            stack.identity = Some(vec![policy]);
        }
        let access = Access::from(stack).with_names(&labels);
        input::warn(access.warnings());
        self.asked(access)
    }

    /// An access definition, asked about this principal's requests.
    pub(crate) fn asked(&self, access: Access) -> Result<Access, Trouble> {
        let found = self.accounts.principal(&self.arn)?;
        let who = Who::Entity(found.entity);
        let only = scope::requests(who, &access, self.accounts.controls_of(who), None);
        Ok(access.asked_about(only))
    }
}
