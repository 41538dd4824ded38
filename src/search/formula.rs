//! A search as a formula for Z3: the statements of a group of actions, both sides, and the scope.

use super::partition::Group;
use crate::encode::{Encoder, ResourceShape, Unsupported};
use crate::glob::Glob;
use crate::policy::{Access, Policy, ResourcePattern, Statement};
use crate::query::{ActionScope, Query};
use crate::request::keys::USER_ID;
use crate::smt::Formula;
use crate::wellformed::Keys;

/// The statements that a query about a group asks about.
fn asked<'s>(query: &'s Query<'_>, group: &Group) -> Vec<&'s Statement> {
    let pick = |access: &'s Access, numbers: &[usize]| -> Vec<&'s Statement> {
        numbers.iter().filter_map(|number| access.statement(*number)).map(|(_, statement)| statement).collect()
    };
    let mut out = pick(query.grants, &group.grants);
    if let Some(access) = query.unless {
        out.extend(pick(access, &group.unless));
    }
    out.extend(query.within.iter().flat_map(|policy| &policy.statements));
    out
}

/// What requests are not, as far as those statements name its keys.
fn ties<'s>(query: &'s Query<'_>, group: &Group) -> impl Iterator<Item = (&'s Policy, &'s Statement)> {
    let named = Keys::of_statements(asked(query, group));
    query.ties.iter().flat_map(move |ties| ties.about(named))
}

/// The statements that a query about a group is over.
fn statements<'s>(query: &'s Query<'_>, group: &Group) -> Vec<&'s Statement> {
    asked(query, group).into_iter().chain(ties(query, group).map(|(_, statement)| statement)).collect()
}

pub(super) fn encoder(query: &Query<'_>, group: &Group, shape: ResourceShape) -> Encoder {
    let policies = query.grants.policies().chain(query.unless.into_iter().flat_map(Access::policies)).chain(&query.within);
    let never = query.ties.iter().flat_map(|ties| [&ties.plain, &ties.relating]);
    let policies: Vec<&Policy> = policies.chain(never).collect();
    Encoder::new(policies, &statements(query, group), shape).about([query.grants].into_iter().chain(query.unless))
}

/// The shapes of resources that need a query: if nothing names a resource, one stands for the other.
pub(super) fn shapes(query: &Query<'_>, group: &Group) -> Vec<ResourceShape> {
    let statements = statements(query, group);
    let named = statements.iter().filter_map(|statement| statement.resource.as_ref());
    let mut patterns = named.flat_map(|resource| &resource.patterns).chain(query.resources.iter().flatten());
    if query.grants.is_alone() && query.unless.is_none_or(Access::is_alone) && patterns.all(ResourcePattern::is_everything) {
        vec![ResourceShape::Arn]
    } else {
        vec![ResourceShape::Arn, ResourceShape::Other]
    }
}

/// The formula of a search, and each granting statement's own.
pub(super) struct Violation {
    pub(super) formula: Formula,
    pub(super) grants: Vec<(usize, Formula)>,
}

/// Builds the formula over a group's statements; `whole` leaves the action open and puts the actions into it.
pub(super) fn violation(query: &Query<'_>, encoder: &mut Encoder, group: &Group, whole: bool) -> Result<Violation, Unsupported> {
    let granted = encoder.allowed(query.grants, &group.grants, whole)?;
    let kept = match query.unless {
        Some(access) => encoder.allowed(access, &group.unless, whole)?.formula,
        None => Formula::False,
    };
    let mut parts = vec![granted.formula, kept.not()];
    if let Some(by) = query.by {
        parts.push(Formula::or(granted.grants.iter().filter(|(number, _)| *number == by).map(|(_, formula)| formula.clone())));
    }
    match &query.actions {
        _ if !whole => {}
        ActionScope::All => {}
        ActionScope::Matching(globs) => parts.push(encoder.action_patterns(globs)),
        ActionScope::Listed(actions) => {
            let literals: Vec<Glob> = actions.iter().map(|action| Glob::literal(&action.to_ascii_lowercase())).collect();
            parts.push(encoder.action_patterns(&literals));
        }
    }
    if whole && !query.except.is_empty() {
        parts.push(encoder.action_patterns(&query.except).not());
    }
    if let Some(patterns) = &query.resources {
        parts.push(encoder.resources(patterns)?);
    }
    for (policy, statement) in query.within.iter().flat_map(|policy| policy.statements.iter().map(move |one| (policy, one))) {
        parts.push(encoder.statement(policy, statement)?);
    }
    let of_id = |statement: &Statement| Keys::of_statements([statement]).has(USER_ID);
    let tied = ties(query, group).any(|(_, statement)| of_id(statement));
    for (policy, statement) in ties(query, group).filter(|(_, statement)| !(tied && of_id(statement))) {
        // A tie that has no encoding is left out: what is found is held to it when it is replayed.
        parts.extend(encoder.statement(policy, statement).map(Formula::not));
    }
    parts.push(encoder.ties(tied));
    parts.push(encoder.typed());
    parts.extend(query.always.iter().map(|key| encoder.present(key)));
    Ok(Violation { formula: Formula::and(parts), grants: granted.grants })
}
