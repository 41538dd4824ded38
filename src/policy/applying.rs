//! Which statements of an access definition are about an action?
//!
//! The answer is the same as that of asking each statement ([`ActionMatch::applies`](super::ActionMatch::applies)), but
//! all patterns of all statements are filed once, by prefix, and an action is looked up among them: searches over the
//! catalog ask about thousands of actions. A negated list applies unless one of its patterns matches. Filing pays from a
//! few actions on; the first ones are asked of each statement.

use super::Access;
use crate::glob::index::Index;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Up to so many patterns it is quicker to ask each.
const FEW: usize = 12;

/// So many actions are asked of each statement before its patterns are filed.
const FIRST: usize = 6;

/// The patterns of all statements, filed once that pays.
#[derive(Debug, Default)]
pub(super) struct Applying {
    asked: AtomicUsize,
    /// `None` if there are only a few.
    filed: OnceLock<Option<Box<Filed>>>,
}

impl Clone for Applying {
    /// What was filed is filed again when that pays: a clone is mostly changed.
    fn clone(&self) -> Self {
        Self::default()
    }
}

#[derive(Debug, Clone)]
struct Filed {
    index: Index,
    /// For each pattern, the statement that lists it.
    owners: Vec<usize>,
    /// The statements with `NotAction`, rising.
    negated: Vec<usize>,
}

impl Filed {
    fn new(access: &Access) -> Option<Box<Self>> {
        let patterns: usize = access.statements().map(|(_, _, statement)| statement.action.patterns().len()).sum();
        if patterns <= FEW {
            return None;
        }
        let (mut listed, mut owners, mut negated) = (Vec::with_capacity(patterns), Vec::with_capacity(patterns), Vec::new());
        for (number, _, statement) in access.statements() {
            if statement.action.negated {
                negated.push(number);
            }
            listed.extend(statement.action.patterns());
            owners.resize(listed.len(), number);
        }
        Some(Box::new(Self { index: Index::new(listed), owners, negated }))
    }
}

impl Applying {
    /// The numbers of the statements about an action in lower case, rising.
    pub(super) fn to(&self, access: &Access, action: &str) -> Vec<usize> {
        let pays = self.asked.fetch_add(1, Ordering::Relaxed) >= FIRST;
        let Some(filed) = pays.then(|| self.filed.get_or_init(|| Filed::new(access)).as_ref()).flatten() else {
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
            actions in prop::collection::vec("s[3q]:[ab]{1,3}", 1..10),
        ) {
            let written = |(negated, patterns): &(bool, Vec<String>)| {
                json!({"Effect": "Allow", if *negated { "NotAction" } else { "Action" }: patterns, "Resource": "*"})
            };
            let text = json!({"Statement": statements.iter().map(written).collect::<Vec<_>>()}).to_string();
            let access: Access = Policy::read(&Source::new("p", text), &Budget::default()).unwrap().into();
            for action in &actions {
                let each = access.statements().filter(|(_, _, statement)| statement.action.applies(action));
                prop_assert_eq!(access.about(action), each.map(|(number, ..)| number).collect::<Vec<_>>());
            }
        }
    }
}
