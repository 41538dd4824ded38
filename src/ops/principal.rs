//! Whose access is asked about, where it is a principal's of an account: the policies of its stack, and its own requests.

use super::Failed;
use crate::account::scope::{self, Who};
use crate::account::{self, Accounts};
use crate::diag::Diagnostics;
use crate::policy::{Access, Policy, Stack};
use crate::request::Request;
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::PathBuf;

/// A principal of an account, in place of a policy.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Whose {
    /// The path of the account: the output of get-account-authorization-details, or a folder of such files or as iam-collect
    /// lays it out.
    pub account: PathBuf,
    /// The ARN of a user or role of it.
    pub principal: String,
}

/// The same, with the account read.
#[derive(Debug)]
pub struct Principal {
    accounts: Accounts,
    arn: String,
}

impl Whose {
    /// Reads the account.
    ///
    /// # Errors
    /// It cannot be read. What is missing of the principal is an error of what is asked then, what is missing of others no
    /// matter.
    pub fn read(&self) -> Result<Principal, Failed> {
        Ok(Principal { accounts: account::read(&self.account)?, arn: self.principal.clone() })
    }
}

impl Principal {
    /// Everything that decides about it, asked about its own requests; its identity policies replaced by another, if one is
    /// given.
    ///
    /// # Errors
    /// The account has no such principal, or a policy of it is missing or cannot be read.
    pub fn access(&self, instead: Option<Policy>) -> Result<Access, Diagnostics> {
        let found = self.accounts.principal(&self.arn)?;
        let (mut stack, labels) = (found.stack, if instead.is_some() { Vec::new() } else { found.labels });
        if let Some(policy) = instead {
            stack.identity = Some(vec![policy]);
        }
        self.asked(Access::from(stack).with_names(&labels))
    }

    /// An access definition, asked about this principal's requests.
    ///
    /// # Errors
    /// As of [`Principal::access`].
    pub fn asked(&self, access: Access) -> Result<Access, Diagnostics> {
        let found = self.accounts.principal(&self.arn)?;
        let who = Who::Entity(found.entity);
        let only = scope::requests(who, &access, self.accounts.controls_of(who), None);
        Ok(access.asked_about(only))
    }

    /// Its stack with the own policy of a request's resource, where the account has it, and the request with what is known of
    /// the principal.
    ///
    /// # Errors
    /// As of [`Principal::access`]; or the policy of the resource cannot be read.
    pub fn deciding(&self, request: Request) -> Result<(Stack, Request), Diagnostics> {
        let found = self.accounts.principal(&self.arn)?;
        let who = Who::Entity(found.entity);
        let mut stack = found.stack;
        stack.resource = self.accounts.own_policy(&request.resource, &request.action)?;
        Ok((stack, scope::dressed(who, self.accounts.controls_of(who), request)))
    }
}
