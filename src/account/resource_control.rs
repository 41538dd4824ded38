//! Which resource control policies bind a request? Those of the account that owns its resource.
//!
//! The levels of a stack bind whatever the resource. What a principal asks for may be anybody's, so every account's policies are
//! said to bind where `aws:ResourceAccount` is that account; those of the principal's own account also where nothing says whose
//! the resource is. An Allow of everything is left as it is, and where an account is bound by narrower ones, all that is not its
//! own is allowed beside them. What accounts impose that the input does not hold is not known.
//!
//! Invariant: of a request about a resource of an account the levels say what that account's own levels say.
//! Source: AWS Organizations User Guide, "Resource control policies (RCPs)" and "RCP evaluation".

use super::{Accounts, Attached, Controls};
use crate::diag::{Diagnostics, Severity, Span};
use crate::document::Effect;
use crate::glob::Glob;
use crate::policy::predicate;
use crate::policy::{BaseOperator, Condition, Operator, Policy, PrincipalPattern, ResourcePattern, Statement};
use crate::request::RESOURCE_ACCOUNT;
use std::collections::{BTreeMap, HashMap};

/// What binds the requests of one account's principals.
#[derive(Debug, Clone, Default)]
pub(super) struct Bound {
    /// The levels; `None` if nothing is known.
    pub(super) levels: Option<Vec<Vec<Policy>>>,
    /// Of the accounts whose policies cannot be read: why.
    pub(super) unread: BTreeMap<String, Diagnostics>,
}

/// What binds the requests of principals of an account, by whose the resource is.
pub(super) fn bound(accounts: &Accounts, own: &str) -> Bound {
    let mut out = Bound::default();
    let controls = accounts.controls.get(own).and_then(|controls| controls.resource_control.as_ref());
    let own_levels = controls.map(|levels| {
        let level = |level: &Vec<Attached>| -> Vec<Policy> {
            read_all(level, own, &mut out.unread).map(|level| limited(&level, &[own], true)).unwrap_or_default()
        };
        levels.iter().map(level).collect::<Vec<_>>()
    });
    let mut levels = own_levels.clone().unwrap_or_default();
    // A document that binds many accounts is one policy about all of them, in the order of the input.
    let mut denies: Vec<(&Policy, Vec<&str>)> = Vec::new();
    let mut places: HashMap<*const Policy, usize> = HashMap::new();
    for (account, controls) in accounts.controls.iter().filter(|(account, _)| *account != own) {
        for level in controls.resource_control.iter().flatten() {
            let Some(read) = read_all(level, account, &mut out.unread) else { continue };
            if gates(&read) {
                levels.push(limited(&read, &[account], false));
                continue;
            }
            let denying = |policy: &&Policy| policy.statements.iter().any(|one| one.effect == Effect::Deny);
            for policy in read.into_iter().filter(denying) {
                let place = *places.entry(std::ptr::from_ref(policy)).or_insert_with(|| {
                    denies.push((policy, Vec::new()));
                    denies.len() - 1
                });
                denies.get_mut(place).into_iter().for_each(|(_, accounts)| accounts.push(account));
            }
        }
    }
    let of_others: Vec<Policy> = denies
        .into_iter()
        .map(|(policy, accounts)| {
            let mut denying = policy.clone();
            denying.statements.retain(|statement| statement.effect == Effect::Deny);
            let limit = |one: &mut Statement| one.conditions.push(owned_by(&accounts, false, one.span));
            denying.statements.iter_mut().for_each(limit);
            denying
        })
        .collect();
    if !of_others.is_empty() {
        levels.push(of_others);
    }
    out.levels = (own_levels.is_some() || !levels.is_empty()).then_some(levels);
    out
}

/// The levels of one account, as they stand: for requests about its resources alone.
pub(super) fn of_owner(controls: &Controls, account: &str) -> Bound {
    let mut unread = BTreeMap::new();
    let levels = controls.resource_control.as_ref();
    let mut level = |level: &Vec<Attached>| -> Option<Vec<Policy>> {
        Some(read_all(level, account, &mut unread)?.into_iter().cloned().collect())
    };
    let levels = levels.map(|levels| levels.iter().filter_map(&mut level).collect());
    Bound { levels, unread }
}

/// The policies of a level; `None`, and why, if one cannot be read.
fn read_all<'a>(level: &'a [Attached], account: &str, unread: &mut BTreeMap<String, Diagnostics>) -> Option<Vec<&'a Policy>> {
    let mut out = Vec::new();
    for attached in level {
        let read = match &attached.text {
            Ok(text) => text.read().map_err(Clone::clone),
            Err(missing) => {
                // Here it is no matter of one answer among many.
                let mut missing = missing.clone();
                missing.severity = Severity::Error;
                Err(missing.into())
            }
        };
        match read {
            Ok(lowered) => out.push(&lowered.policy),
            Err(why) => {
                unread.entry(account.to_owned()).or_insert(why);
                return None;
            }
        }
    }
    Some(out)
}

/// Whether a level lets through only some requests: it has Allows, and none of everything.
fn gates(level: &[&Policy]) -> bool {
    let mut allows = level.iter().flat_map(|policy| &policy.statements).filter(|one| one.effect == Effect::Allow).peekable();
    allows.peek().is_some() && !allows.any(allows_everything)
}

fn allows_everything(statement: &Statement) -> bool {
    let action = &statement.action;
    let every_action = match action.negated {
        true => action.patterns().is_empty(),
        false => action.patterns().iter().any(Glob::is_everything),
    };
    let every_resource = statement
        .resource
        .as_ref()
        .is_none_or(|resource| !resource.negated && resource.patterns.iter().any(ResourcePattern::is_everything));
    let everybody = statement.principal.as_ref().is_none_or(|principal| {
        !principal.negated && principal.levels.is_empty() && principal.patterns.contains(&PrincipalPattern::Everyone)
    });
    statement.effect == Effect::Allow && statement.conditions.is_empty() && every_action && every_resource && everybody
}

/// A level that binds only the resources of these accounts.
fn limited(level: &[&Policy], accounts: &[&str], is_own: bool) -> Vec<Policy> {
    let limit = |statement: &Statement| {
        let mut statement = statement.clone();
        if !allows_everything(&statement) {
            let span = statement.span;
            statement.conditions.push(owned_by(accounts, is_own, span));
        }
        statement
    };
    let limit = |policy: &&Policy| Policy { statements: policy.statements.iter().map(limit).collect(), ..(*policy).clone() };
    let mut out: Vec<Policy> = level.iter().map(limit).collect();
    if gates(level) {
        out.push(of_others(accounts, is_own));
    }
    out
}

/// The resource is one of these accounts'.
fn owned_by(accounts: &[&str], is_own: bool, span: Span) -> Condition {
    condition(BaseOperator::StringEquals, is_own, accounts, span)
}

fn condition(base: BaseOperator, if_exists: bool, values: &[&str], span: Span) -> Condition {
    Condition::new(Operator { base, set: None, if_exists }, RESOURCE_ACCOUNT, span, values, false).0
}

/// Everything is allowed on what is not these accounts'.
fn of_others(accounts: &[&str], is_own: bool) -> Policy {
    let mut conditions = vec![condition(BaseOperator::StringNotEquals, false, accounts, Span::default())];
    if is_own {
        conditions.push(condition(BaseOperator::Null, false, &["false"], Span::default()));
    }
    predicate::statement(None, None, conditions)
}
