//! The policies that decide about a principal of an account, as a stack.

use super::resource_control;
use super::scope::Who;
use super::{Accounts, Attached, Controls, Entity, PolicyText};
use crate::diag::{Diagnostic, Diagnostics};
use crate::policy::{Policy, ResourcePolicy, Stack};

/// Who a principal of an input is, and everything that is known to decide about it.
#[derive(Debug, Clone)]
pub struct Found<'a> {
    /// The user or role.
    pub entity: &'a Entity,
    /// Its stack. Of the resource nothing is said.
    pub stack: Stack,
    /// What its identity policies are called, in their order: ARNs, or names of inline ones.
    pub labels: Vec<String>,
}

impl Accounts {
    /// A principal by its ARN; of a role session by its role's. An error says what is there instead, or what is missing.
    pub fn principal(&self, arn: &str) -> Result<Found<'_>, Diagnostics> {
        let Some(entity) = self.entities.get(arn).or_else(|| self.role_of_session(arn)) else {
            let near = crate::catalog::nearest::first(arn, self.principals().map(|entity| entity.arn.as_str()));
            let help = near.map_or_else(
                || format!("the input has {} users and roles", self.principals().count()),
                |near| format!("did you mean {near}?"),
            );
            return Err(Diagnostic::bare("unknown-principal", format!("the input has no user or role `{arn}`"), help).into());
        };
        if entity.kind == super::EntityKind::Group {
            let help = "a group makes no requests: ask about one of its users";
            return Err(Diagnostic::bare("unknown-principal", format!("`{arn}` is a group"), help).into());
        }
        let mut labels = Vec::new();
        let mut identity = Vec::new();
        for (_, attached) in self.identity(entity) {
            labels.push(attached.label().to_owned());
            identity.push(policy(attached)?);
        }
        let boundaries = entity.boundary.as_ref().map(|boundary| Ok::<_, Diagnostics>(vec![policy(boundary)?])).transpose()?;
        let mut stack = Stack { identity: Some(identity), boundaries, resource: ResourcePolicy::Unknown, ..Stack::default() };
        if let Some(controls) = self.controls.get(&entity.account) {
            stack.service_control = levels(controls.service_control.as_deref())?;
            stack.management_account = controls.management_account.clone();
        }
        let bound = resource_control::bound(self, &entity.account);
        if let Some(why) = bound.unread.into_values().next() {
            return Err(why);
        }
        stack.resource_control = bound.levels;
        Ok(Found { entity, stack, labels })
    }

    /// What the input says of a resource's own policy: of a role, for an `sts` action, its trust policy.
    pub fn own_policy(&self, resource: &str, action: &str) -> Result<ResourcePolicy, Diagnostics> {
        let is_sts = action.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("sts:"));
        let text = match self.entities.get(resource).filter(|_| is_sts) {
            Some(role) => role.trust.as_ref(),
            None => {
                let is_below = |arn: &str| {
                    let rest = resource.strip_prefix(arn);
                    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':']))
                };
                match self.resources.iter().find(|known| is_below(&known.arn)) {
                    Some(known) => known.policy.as_ref(),
                    None => return Ok(ResourcePolicy::Unknown),
                }
            }
        };
        let Some(text) = text else { return Ok(ResourcePolicy::Absent) };
        text.read().map(|lowered| ResourcePolicy::Given(lowered.policy.clone())).map_err(Clone::clone)
    }

    /// `arn:aws:sts::A:assumed-role/R/S` has lost the role's path; names of roles are unique in an account.
    fn role_of_session(&self, arn: &str) -> Option<&Entity> {
        let [_, _, "sts", _, account, rest] = crate::value::arn::split(arn)? else { return None };
        let (name, _) = rest.strip_prefix("assumed-role/")?.split_once('/')?;
        self.entities.values().find(|one| one.kind == super::EntityKind::Role && one.account == account && one.name == name)
    }

    /// What an organization imposes on the account of a principal.
    pub fn controls_of(&self, who: Who<'_>) -> Option<&Controls> {
        self.controls.get(who.account()).map(AsRef::as_ref)
    }
}

fn levels(levels: Option<&[Vec<Attached>]>) -> Result<Option<Vec<Vec<Policy>>>, Diagnostics> {
    let level = |level: &Vec<Attached>| level.iter().map(policy).collect::<Result<Vec<_>, _>>();
    levels.map(|levels| levels.iter().map(level).collect()).transpose()
}

fn policy(attached: &Attached) -> Result<Policy, Diagnostics> {
    let text: &PolicyText = attached.text.as_ref().map_err(|missing| {
        // Here it is no matter of one answer among many.
        let mut missing = missing.clone();
        missing.severity = crate::diag::Severity::Error;
        Diagnostics::from(missing)
    })?;
    text.read().map(|lowered| lowered.policy.clone()).map_err(Clone::clone)
}
