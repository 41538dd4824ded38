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
    let prefixes = |globs: &[Glob]| -> Option<Vec<String>> { globs.iter().map(|glob| glob.literal_before(':')).collect() };
    let of = |action: &&ActionMatch| if action.negated { None } else { prefixes(&action.patterns) };
    let services: Option<Vec<Vec<String>>> = if rules { None } else { granting.iter().map(of).collect() };
    let services: Option<BTreeSet<String>> = services.map(|services| services.into_iter().flatten().collect());
    let counts = |lower: &str| {
        let in_scope = scope.is_none_or(|globs| globs.iter().any(|glob| glob.matches(lower)));
        in_scope && (rules || granting.iter().any(|action| action.applies(lower)))
    };
    let actions: Vec<String> = match services {
        // Only what is named is read from the catalog.
        Some(named) => {
            let known = named.iter().filter_map(|prefix| Some((prefix, Catalog::latest().service(prefix)?)));
            let names = known.flat_map(|(prefix, service)| service.actions().map(move |one| format!("{prefix}:{}", one.name)));
            names.filter(|name| counts(&name.to_ascii_lowercase())).collect()
        }
        None => Catalog::latest_actions().iter().filter(|(lower, _)| counts(lower)).map(|(_, name)| name.clone()).collect(),
    };
    Some(Ask { actions: ActionScope::Listed(actions), ..ask.clone() })
}
