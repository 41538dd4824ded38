//! The closed-world question: the same search among the actions that exist today.

use crate::catalog::Catalog;
use crate::glob::Glob;
use crate::glob::index::Index;
use crate::policy::ActionMatch;
use crate::query::{ActionScope, Query};
use std::collections::BTreeSet;

/// The search among the catalog's actions, if it is not one among listed actions anyway.
pub(crate) fn in_catalog<'p>(query: &Query<'p>) -> Option<Query<'p>> {
    let scope = match &query.actions {
        ActionScope::Listed(_) => return None,
        ActionScope::All => None,
        ActionScope::Matching(globs) => Some(Index::new(globs)),
    };
    // Only what is granted at all can be found.
    let granting = || query.grants.statements().filter(|(number, ..)| query.grants.grants(*number));
    let actions = || granting().map(|(_, _, statement)| &statement.action);
    let negated: Vec<&ActionMatch> = actions().filter(|action| action.negated).collect();
    let patterns: BTreeSet<&Glob> = actions().filter(|action| !action.negated).flat_map(ActionMatch::patterns).collect();
    let everything = query.grants.grants_without_statement();
    // The services that the patterns name, if they all name one: no other is read from the catalog.
    let named: Option<BTreeSet<String>> = patterns.iter().map(|glob| glob.literal_before(':')).collect();
    let named = named.filter(|_| negated.is_empty() && !everything);
    let listed = Index::new(patterns);
    let granted = |lower: &str| everything || listed.matches(lower) || negated.iter().any(|action| action.applies(lower));
    let excepted = Index::new(&query.except);
    let in_scope = |lower: &str| scope.as_ref().is_none_or(|scope| scope.matches(lower)) && !excepted.matches(lower);
    let counts = |lower: &str| in_scope(lower) && granted(lower);
    let catalog = Catalog::latest();
    let of = |prefix: &str| catalog.names(prefix).iter().filter(|name| counts(&name.lower)).map(|name| name.spelled.to_string());
    let found = match named {
        Some(named) => named.iter().flat_map(|prefix| of(prefix)).collect(),
        None => catalog.prefixes().flat_map(of).collect(),
    };
    Some(Query { actions: ActionScope::Listed(found), ..query.clone() })
}
