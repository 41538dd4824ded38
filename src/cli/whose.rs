//! `--account PATH --principal ARN`: the policies of one principal of an account, in place of a stack.

use super::Trouble;
use crate::ops::principal::{self, Principal};
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
        Ok(Some(principal::Whose { account: path.clone(), principal: arn.clone() }.read()?))
    }
}
