//! Which statements of an access definition are about an action?
//!
//! The answer is the same as that of asking each statement ([`ActionMatch::applies`](super::ActionMatch::applies)), but
//! all patterns of all statements are filed once, by prefix, and an action is looked up among them: searches over the
//! catalog ask about thousands of actions. A negated list applies unless one of its patterns matches.

use super::Access;
use crate::glob::index::Index;

/// Up to so many patterns it is quicker to ask each.
const FEW: usize = 12;

/// The patterns of all statements, filed.
#[derive(Debug, Clone)]
pub(super) struct Applying {
    /// `None` if there are only a few.
    filed: Option<Filed>,
}

#[derive(Debug, Clone)]
struct Filed {
    index: Index,
    /// For each pattern, the statement that lists it.
    owners: Vec<usize>,
    /// The statements with `NotAction`, rising.
    negated: Vec<usize>,
}

impl Applying {
    pub(super) fn new(access: &Access) -> Self {
        let patterns: usize = access.statements().map(|(_, _, statement)| statement.action.patterns().len()).sum();
        if patterns <= FEW {
            return Self { filed: None };
        }
        let (mut listed, mut owners, mut negated) = (Vec::with_capacity(patterns), Vec::with_capacity(patterns), Vec::new());
        for (number, _, statement) in access.statements() {
            if statement.action.negated {
                negated.push(number);
            }
            listed.extend(statement.action.patterns());
            owners.resize(listed.len(), number);
        }
        Self { filed: Some(Filed { index: Index::new(listed), owners, negated }) }
    }

    /// The numbers of the statements about an action in lower case, rising.
    pub(super) fn to(&self, access: &Access, action: &str) -> Vec<usize> {
        let Some(filed) = &self.filed else {
            let statements = access.statements().filter(|(_, _, statement)| statement.action.applies(action));
            return statements.map(|(number, ..)| number).collect();
        };
        let mut listed: Vec<usize> = filed.index.matching(action).filter_map(|place| filed.owners.get(place).copied()).collect();
        listed.sort_unstable();
        listed.dedup();
        if filed.negated.is_empty() {
            return listed;
        }
        let excluded = |number: &usize| listed.binary_search(number).is_ok();
        let mut out: Vec<usize> = filed.negated.iter().copied().filter(|number| !excluded(number)).collect();
        out.extend(listed.iter().copied().filter(|number| filed.negated.binary_search(number).is_err()));
        out.sort_unstable();
        out
    }
}

#[cfg(test)]
mod tests {
    use crate::diag::{Budget, Source};
    use crate::policy::{Access, Policy};
    use proptest::prelude::*;
    use serde_json::json;

    proptest! {
        #[test]
        fn the_filed_patterns_say_what_each_statement_says(
            statements in prop::collection::vec((any::<bool>(), prop::collection::vec("s[3q]:[ab*?]{0,3}|[*]", 1..6)), 1..8),
            action in "s[3q]:[ab]{1,3}",
        ) {
            let written = |(negated, patterns): &(bool, Vec<String>)| {
                json!({"Effect": "Allow", if *negated { "NotAction" } else { "Action" }: patterns, "Resource": "*"})
            };
            let text = json!({"Statement": statements.iter().map(written).collect::<Vec<_>>()}).to_string();
            let access: Access = Policy::read(&Source::new("p", text), &Budget::default()).unwrap().into();
            let each = access.statements().filter(|(_, _, statement)| statement.action.applies(&action));
            prop_assert_eq!(access.about(&action), each.map(|(number, ..)| number).collect::<Vec<_>>());
        }
    }
}
