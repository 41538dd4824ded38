//! Which values of a list, and which conditions, change nothing?
//!
//! AWS compares values pairwise; here a value goes if the others together cover it.

use super::edit::{allowing, list, with, without_condition};
use super::{proved, within};
use crate::json::Value;
use crate::lint::registry::Emit;
use crate::lint::rules::cover::{Glob, covers, meet};
use crate::lint::view::{Element, Policy, Statement};

/// Values of a list up to which they are compared.
const MOST_VALUES: usize = 200;

/// Values that several others may cover together, and none alone.
fn candidates(element: &Element<'_>, folds: bool) -> Vec<usize> {
    let fold = |text: &str| if folds { text.to_ascii_lowercase() } else { text.to_owned() };
    let globs: Vec<Glob> = element.items.iter().map(|item| Glob::parse(&fold(item.text))).collect();
    let is_one = |at: usize, glob: &Glob| {
        let others = || globs.iter().enumerate().filter(move |(other, _)| *other != at).map(|(_, other)| other);
        let meeting = others().filter(|other| other.has_wildcard() && meet(other, glob)).count();
        // Where one covers the other, AWS's code says it.
        let is_told = || others().any(|other| covers(other, glob) || covers(glob, other));
        glob.has_wildcard() && meeting > 1 && !is_told()
    };
    globs.iter().enumerate().filter(|(at, glob)| is_one(*at, glob)).map(|(at, _)| at).collect()
}

/// `VALUE_COVERED_BY_OTHERS`
pub(crate) fn covered(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    within(policy, emit, |prover, emit| {
        for statement in &policy.statements {
            let lists = [(&statement.action, true), (&statement.resource, false)];
            for (element, folds) in lists.into_iter().filter_map(|(it, folds)| Some((it.as_ref()?, folds))) {
                if element.items.len() > MOST_VALUES {
                    emit.open(&element.at, format!("values are compared up to {MOST_VALUES} of them"));
                    continue;
                }
                for at in candidates(element, folds) {
                    let text = |item: &crate::lint::view::Text<'_>| Value::string(item.text);
                    let (own, others): (Vec<_>, Vec<_>) = element.items.iter().enumerate().partition(|(other, _)| *other == at);
                    let part = |items: Vec<(usize, &crate::lint::view::Text<'_>)>| {
                        with(&allowing(statement.value), element.name, list(items.into_iter().map(|(_, item)| text(item))))
                    };
                    let Some((_, item)) = own.first().copied() else { continue };
                    if prover.is_included(&[part(own)], &[part(others)]) {
                        let details = format!("the other values together say what `{}` says: remove it", item.text);
                        emit.proved(&item.at, details, proved("what it matches, the others match"));
                    }
                }
            }
        }
    });
}

/// `CONDITION_ALWAYS_TRUE`
pub(crate) fn always_true(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    within(policy, emit, |prover, emit| {
        for statement in &policy.statements {
            for one in &statement.conditions {
                // What a lone `*` or an empty list means, AWS's codes say.
                let is_told = one.values.iter().any(|value| value.text == "*") || one.values.is_empty();
                let whole = allowing(statement.value);
                let without = without_condition(&whole, one.operator_name, one.key);
                if !is_told && one.operator.is_some() && prover.is_included(&[without], &[whole]) && lives(prover, statement) {
                    let details = format!("this condition on `{}` limits nothing: remove it", one.key);
                    emit.proved(&one.key_at, details, proved("the statement matches the same requests without it"));
                }
            }
        }
    });
}

fn lives(prover: &super::Prover, statement: &Statement<'_>) -> bool {
    !prover.is_included(&[allowing(statement.value)], &[])
}
