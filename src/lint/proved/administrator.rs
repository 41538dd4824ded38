//! Does a policy allow everything?
//!
//! A wildcard says so openly; `NotAction` with names that do not exist, or several statements together, do not. The
//! question is about every action of the catalog on every resource, Deny statements included.

use super::edit::object;
use super::{proved_of_catalog, within};
use crate::document::Effect;
use crate::json::Value;
use crate::lint::finding::Place;
use crate::lint::registry::Emit;
use crate::lint::view::{Policy, Statement};

fn is_wide(statement: &Statement<'_>) -> bool {
    let all_actions = statement.not_action.is_some() || statement.actions().iter().any(|action| action.text.starts_with('*'));
    let all_resources = statement.not_resource.is_some() || statement.resources().iter().any(|value| value.text == "*");
    statement.effect == Some(Effect::Allow) && all_actions && all_resources
}

/// `FULL_ADMINISTRATOR`
pub(crate) fn check(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    let wide: Vec<Place> = policy.statements.iter().filter(|one| is_wide(one)).map(|one| one.at.clone()).collect();
    let Some(first) = wide.first().cloned() else { return };
    within(policy, emit, |prover, emit| {
        let text = |name: &str, value: &str| (name.to_owned(), Value::string(value));
        let everything = object([text("Effect", "Allow"), text("Action", "*"), text("Resource", "*")]);
        let all: Vec<Value> = policy.statements.iter().map(|statement| statement.value.clone()).collect();
        if prover.of_catalog().is_included(&[everything], &all) {
            let details = "this policy allows every action that there is, on every resource: list what is needed";
            emit.proved(&first, details, proved_of_catalog("every action of the catalog is allowed on every resource"));
        }
    });
}
