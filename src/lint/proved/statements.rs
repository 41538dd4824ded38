//! Which statements say nothing, or only what others say?
//!
//! Statements of one effect are compared as sets of requests: a statement that matches none is dead, one that the union of
//! the others covers is not needed. What an Allow allows may all be denied below it.

use super::edit::allowing;
use super::{MOST_STATEMENTS, Prover, proved, within};
use crate::document::Effect;
use crate::json::Value;
use crate::lint::registry::Emit;
use crate::lint::rules::cover::{Glob, meet};
use crate::lint::view::{Policy, Statement};

/// `DEAD_STATEMENT`
pub(crate) fn dead(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    within(policy, emit, |prover, emit| {
        for statement in &policy.statements {
            if is_dead(prover, statement) {
                let details = "no request matches this statement, whatever its values: its conditions exclude each other";
                emit.proved(&statement.at, details, proved("no request matches the statement"));
            }
        }
    });
}

/// Whether no request matches. Without a condition some does, but for empty lists, which AWS's codes name.
fn is_dead(prover: &Prover, statement: &Statement<'_>) -> bool {
    !statement.conditions.is_empty() && prover.is_included(&[allowing(statement.value)], &[])
}

/// Statements of one effect that may match a request that this one matches.
fn others<'p>(policy: &'p Policy<'_>, at: usize, effect: Effect) -> Vec<&'p Value> {
    let Some(own) = policy.statements.get(at) else { return Vec::new() };
    let same = policy.statements.iter().enumerate().filter(|(other, one)| *other != at && one.effect == Some(effect));
    same.filter(|(_, one)| may_share(own, one)).map(|(_, one)| one.value).collect()
}

/// Whether two statements may be about one action.
fn may_share(one: &Statement<'_>, other: &Statement<'_>) -> bool {
    if one.not_action.is_some() || other.not_action.is_some() {
        return true;
    }
    let globs = |of: &Statement<'_>| -> Vec<Glob> {
        of.actions().iter().map(|action| Glob::parse(&action.text.to_ascii_lowercase())).collect()
    };
    let theirs = globs(other);
    globs(one).iter().any(|glob| theirs.iter().any(|their| meet(glob, their)))
}

/// `STATEMENT_COVERED_BY_OTHERS`
pub(crate) fn covered(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    if policy.statements.len() > MOST_STATEMENTS {
        return emit.open(&policy.whole(), format!("statements are compared up to {MOST_STATEMENTS} of them"));
    }
    within(policy, emit, |prover, emit| {
        // One of two that say the same stays: what is not needed is taken out before the next is asked about.
        let mut dropped: Vec<usize> = Vec::new();
        for (at, statement) in policy.statements.iter().enumerate().rev() {
            let Some(effect) = statement.effect else { continue };
            let left: Vec<Value> = others(policy, at, effect)
                .into_iter()
                .filter(|one| {
                    !dropped.iter().any(|gone| policy.statements.get(*gone).is_some_and(|it| std::ptr::eq(it.value, *one)))
                })
                .map(allowing)
                .collect();
            if !left.is_empty() && prover.is_included(&[allowing(statement.value)], &left) && !is_dead(prover, statement) {
                dropped.push(at);
                let word = if effect == Effect::Allow { "allows" } else { "denies" };
                let details = format!("other statements together have all that this one {word}: remove it");
                emit.proved(&statement.at, details, proved("every request that it matches, another statement matches"));
            }
        }
    });
}

/// `ALLOW_DENIED_BY_OTHERS`
pub(crate) fn denied(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    if policy.statements.len() > MOST_STATEMENTS {
        return emit.open(&policy.whole(), format!("statements are compared up to {MOST_STATEMENTS} of them"));
    }
    within(policy, emit, |prover, emit| {
        for (at, statement) in policy.statements.iter().enumerate().filter(|(_, one)| one.effect == Some(Effect::Allow)) {
            let denies: Vec<Value> = others(policy, at, Effect::Deny).into_iter().cloned().collect();
            let with_denies: Vec<Value> = [statement.value.clone()].into_iter().chain(denies).collect();
            if with_denies.len() > 1 && prover.is_included(&with_denies, &[]) && !is_dead(prover, statement) {
                let details = "all that this statement allows is denied by this policy: remove it, or mend the Deny";
                emit.proved(&statement.at, details, proved("every request that it allows is denied"));
            }
        }
    });
}

/// `DENY_WITHOUT_ALLOW`: in a policy that allows something, a Deny that takes nothing of it away.
pub(crate) fn denies_nothing(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    let allows = policy.statements.iter().any(|statement| statement.effect == Some(Effect::Allow));
    if !allows || policy.statements.len() > MOST_STATEMENTS {
        return;
    }
    within(policy, emit, |prover, emit| {
        for (at, statement) in policy.statements.iter().enumerate().filter(|(_, one)| one.effect == Some(Effect::Deny)) {
            let allowed: Vec<Value> = others(policy, at, Effect::Allow).into_iter().cloned().collect();
            let with_deny: Vec<Value> = allowed.iter().cloned().chain([statement.value.clone()]).collect();
            if (allowed.is_empty() || prover.is_included(&allowed, &with_deny)) && !is_dead(prover, statement) {
                let details = "this policy allows nothing that this Deny takes away: it matters only beside other policies";
                emit.proved(&statement.at, details, proved("no request that the policy allows is denied by it"));
            }
        }
    });
}
