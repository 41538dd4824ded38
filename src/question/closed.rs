//! The closed-world question: the same search among the actions that exist today.

use super::ask::{ActionScope, Ask};
use crate::catalog::Catalog;
use crate::glob::Glob;
use crate::policy::ActionMatch;
use std::collections::BTreeSet;

/// The search among the catalog's actions, if it is not one among listed actions anyway.
pub(super) fn closed_world<'p>(ask: &Ask<'p>) -> Option<Ask<'p>> {
    let scope = match &ask.actions {
        ActionScope::Listed(_) => return None,
        ActionScope::All => None,
        ActionScope::Matching(globs) => Some(globs),
    };
    // Only what is granted at all can be found: the services that the granting statements name, if they name them.
    let mut granting: Vec<&ActionMatch> = Vec::new();
    for (number, _, statement) in ask.grants.statements() {
        if ask.grants.grants(number) && !granting.contains(&&statement.action) {
            granting.push(&statement.action);
        }
    }
    let rules = ask.grants.grants_without_statement();
    let prefixes = |globs: &[Glob]| -> Option<Vec<String>> {
        globs.iter().map(|glob| glob.literal_prefix().split_once(':').map(|(service, _)| service.to_owned())).collect()
    };
    let of = |action: &&ActionMatch| if action.negated { None } else { prefixes(&action.patterns) };
    let services: Option<Vec<Vec<String>>> = if rules { None } else { granting.iter().map(of).collect() };
    let services: Option<BTreeSet<String>> = services.map(|services| services.into_iter().flatten().collect());
    let wanted = |prefix: &str| services.as_ref().is_none_or(|services| services.contains(prefix));
    let mut actions = Vec::new();
    for (lower, name) in Catalog::latest_actions().iter().filter(|(lower, _)| wanted(lower.split(':').next().unwrap_or(""))) {
        let in_scope = scope.is_none_or(|globs| globs.iter().any(|glob| glob.matches(lower)));
        if in_scope && (rules || granting.iter().any(|action| action.applies(lower))) {
            actions.push(name.clone());
        }
    }
    Some(Ask { actions: ActionScope::Listed(actions), ..ask.clone() })
}
