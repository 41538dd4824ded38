//! Into which groups do the policies at hand cut all actions?
//!
//! Actions to which the same statements apply need one query, not one each. The groups are exact: the glob automaton
//! finds every class of actions, with a shortest action each (see [`crate::glob::classes`]).

use crate::glob::Glob;
use crate::glob::classes::{Class, Domain, Member, classes};
use crate::glob::index::Index;
use crate::policy::Access;
use crate::policy::compose::ACTIONS_TOLD_APART;
use crate::query::{ActionScope, Query};
use crate::solve::Actions;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;

/// Actions: `service:name` in lower case, printable ASCII without wildcards; as `encode/action` has them.
pub(crate) const ACTIONS: Domain = Domain {
    start: 0,
    step: |state, c| match (state, c) {
        (1, ':') => Some(2),
        (_, ':') => None,
        (0 | 1, _) => Some(1),
        _ => Some(3),
    },
    accepts: |state| state == 3,
    alphabet: "abcdefghijklmnopqrstuvwxyz0123456789-_.:!\"#$%&'()+,/;<=>@[\\]^`{|}~",
};

/// The actions to which the same statements apply.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    /// Statements of the granting side that apply, by number.
    pub(crate) grants: Vec<usize>,
    /// Statements of the other side that apply, by number.
    pub(crate) unless: Vec<usize>,
    /// An action of the group, in lower case unless the scope lists it.
    pub(crate) action: String,
}

/// The groups of a question's scope in which the granting policy grants anything; `None` if there are too many states.
pub(crate) fn groups(query: &Query<'_>, most_states: usize) -> Option<Vec<Group>> {
    split(query, &told_apart(query), most_states)
}

/// The groups of a question's scope in which these patterns match some action, those apart that different ones match.
pub(crate) fn told_apart_by(query: &Query<'_>, patterns: &[Glob], most_states: usize) -> Option<Vec<Group>> {
    let apart: Vec<Glob> = told_apart(query).into_iter().chain(patterns.iter().cloned()).collect();
    match query.actions {
        ActionScope::All => {
            split(&Query { actions: ActionScope::Matching(patterns.to_vec()), ..query.clone() }, &apart, most_states)
        }
        ActionScope::Matching(_) | ActionScope::Listed(_) => split(query, &apart, most_states),
    }
}

/// What the rules of stacks tell apart of an action.
pub(crate) fn facts(query: &Query<'_>, action: &str) -> Vec<usize> {
    matching(&told_apart(query), action)
}

/// The groups of a question's scope, those apart that different ones of these patterns match.
fn split(query: &Query<'_>, told_apart: &[Glob], most_states: usize) -> Option<Vec<Group>> {
    let mut seen: FxHashSet<(Vec<usize>, Vec<usize>, Vec<usize>)> = FxHashSet::default();
    let mut out = Vec::new();
    let mut add = |group: Group| {
        if !matching(&query.except, &group.action).is_empty() {
            return;
        }
        let grants_any =
            query.grants.grants_without_statement() || group.grants.iter().any(|number| query.grants.grants(*number));
        let facts = matching(told_apart, &group.action);
        if grants_any && seen.insert((group.grants.clone(), group.unless.clone(), facts)) {
            out.push(group);
        }
    };
    if let ActionScope::Listed(actions) = &query.actions {
        for action in actions {
            add(group_of(query, action));
        }
        return Some(out);
    }
    let scope: &[Glob] = if let ActionScope::Matching(globs) = &query.actions { globs } else { &[] };
    if !scope.is_empty() && !scope.iter().any(Glob::has_wildcard) {
        scope.iter().map(Glob::literal_prefix).filter(|text| is_action(text)).for_each(|action| add(group_of(query, &action)));
        return Some(out);
    }
    let table = Table::new(query, scope, told_apart);
    let others = table.classes(most_states)?;
    // What the same globs match is of one group: looked at once.
    let mut owned: FxHashSet<Vec<u32>> = FxHashSet::default();
    let mut look = |action: &str, owners: &[u32]| {
        if !owned.contains(owners) {
            owned.insert(owners.to_vec());
            table.group(action, owners).into_iter().for_each(&mut add);
        }
    };
    // A literal is a class of its own, or shares one.
    let wild = Index::new(table.wild.iter().map(|member| &member.glob));
    let mut owners = Vec::new();
    for (text, own) in table.literal.iter().filter(|(text, _)| is_action(text)) {
        table.owners(text, own, &wild, &mut owners);
        look(text, &owners);
    }
    others.iter().for_each(|class| look(&class.witness, &class.groups));
    Some(out)
}

/// What a stack's rules and the scope's exceptions tell apart, whatever the statements say.
pub(crate) fn told_apart(query: &Query<'_>) -> Vec<Glob> {
    let is_stack = !query.grants.is_alone() || !query.unless.is_none_or(Access::is_alone);
    let rules: Vec<Glob> = if is_stack { ACTIONS_TOLD_APART.map(Glob::parse).into() } else { Vec::new() };
    rules.into_iter().chain(query.except.iter().cloned()).collect()
}

/// The places of the globs that match an action.
pub(crate) fn matching(globs: &[Glob], action: &str) -> Vec<usize> {
    let lower = action.to_ascii_lowercase();
    globs.iter().enumerate().filter(|(_, glob)| glob.matches(&lower)).map(|(at, _)| at).collect()
}

/// Whether a text is an action, as [`ACTIONS`] has them.
fn is_action(text: &str) -> bool {
    let step = |state, c| (ACTIONS.step)(state, c).filter(|_| is_of_actions(c));
    text.chars().try_fold(ACTIONS.start, step).is_some_and(ACTIONS.accepts)
}

/// Whether a character is of [`ACTIONS`]' alphabet.
fn is_of_actions(c: char) -> bool {
    c.is_ascii_graphic() && !c.is_ascii_uppercase() && !matches!(c, '*' | '?')
}

/// The distinct globs of a question, each with whose they are. Statements of the granting side are numbered from 0, those
/// of the other side behind them, then come the scope and what the rules of stacks tell apart.
struct Table<'a, 'p> {
    query: &'a Query<'p>,
    scoped: bool,
    wild: Vec<Member>,
    /// The globs without wildcards, in order.
    literal: Vec<(String, Vec<u32>)>,
    /// The first number of the other side, that of the scope, and the first behind those of the rules.
    unless: u32,
    scope: u32,
    own: u32,
}

impl<'a, 'p: 'a> Table<'a, 'p> {
    fn new(query: &'a Query<'p>, scope: &'a [Glob], told_apart: &'a [Glob]) -> Self {
        let count = |access: &Access| u32::try_from(access.len()).unwrap_or(u32::MAX - 40);
        let unless = count(query.grants);
        let end = unless.saturating_add(query.unless.map_or(0, count));
        let scoped = matches!(query.actions, ActionScope::Matching(_));
        let behind = end.saturating_add(1 + u32::try_from(told_apart.len()).unwrap_or(0));
        let mut table = Self { query, scoped, wild: Vec::new(), literal: Vec::new(), unless, scope: end, own: behind };
        let mut literal: FxHashMap<String, Vec<u32>> = FxHashMap::default();
        let mut text = String::new();
        let mut known: FxHashMap<&'a Glob, usize> = FxHashMap::default();
        // Patterns that meet nothing in scope tell no actions in scope apart.
        let counts = |glob: &Glob| scope.is_empty() || scope.iter().any(|wanted| wanted.may_meet(glob));
        let mut add = |glob: &'a Glob, owner: u32| match glob.has_wildcard() {
            _ if !counts(glob) => {}
            false => {
                glob.write_literal_prefix(&mut text);
                match literal.get_mut(&text) {
                    Some(owners) => owners.push(owner),
                    None => _ = literal.insert(text.clone(), vec![owner]),
                }
            }
            true => {
                let at = *known.entry(glob).or_insert_with(|| {
                    table.wild.push(Member { glob: glob.clone(), groups: Vec::new() });
                    table.wild.len() - 1
                });
                table.wild.get_mut(at).into_iter().for_each(|member| member.groups.push(owner));
            }
        };
        let mut side = |access: &'a Access, first: u32| {
            for (number, _, statement) in access.statements() {
                let owner = first.saturating_add(u32::try_from(number).unwrap_or(u32::MAX));
                statement.action.patterns().iter().for_each(|glob| add(glob, owner));
            }
        };
        side(query.grants, 0);
        if let Some(access) = query.unless {
            side(access, unless);
        }
        scope.iter().for_each(|glob| add(glob, end));
        (1..).zip(told_apart).for_each(|(at, glob)| add(glob, end.saturating_add(at)));
        table.literal = literal.into_iter().collect();
        table.literal.sort_unstable();
        for member in &mut table.wild {
            member.groups.sort_unstable();
            member.groups.dedup();
        }
        table
    }

    /// The classes of the globs with wildcards, as long as the action that stands for such a class is no literal itself. Where
    /// it is one, that literal runs along, so that the class shows another action, if it has one.
    fn classes(&self, most_states: usize) -> Option<Vec<Class>> {
        let mut globs = self.wild.clone();
        let mut separate: BTreeSet<String> = BTreeSet::new();
        let mut found = loop {
            let found = classes(&globs, &ACTIONS, most_states)?;
            let clash = |class: &&Class| self.has_literal(&class.witness) && !separate.contains(&class.witness);
            let clashing: Vec<String> = found.iter().filter(clash).map(|class| class.witness.clone()).collect();
            if clashing.is_empty() {
                break found;
            }
            // A group of its own, so that the literal is told apart from all others.
            for text in &clashing {
                let group = self.own.saturating_add(u32::try_from(separate.len()).unwrap_or(0));
                separate.insert(text.clone());
                globs.push(Member { glob: Glob::literal(text), groups: vec![group] });
            }
        };
        found.retain(|class| !self.has_literal(&class.witness));
        Some(found)
    }

    fn has_literal(&self, text: &str) -> bool {
        self.literal.binary_search_by(|(known, _)| known.as_str().cmp(text)).is_ok()
    }

    /// Puts into `owners` whose globs match a text that is a literal of these owners.
    fn owners(&self, text: &str, own: &[u32], wild: &Index, owners: &mut Vec<u32>) {
        owners.clear();
        owners.extend_from_slice(own);
        for member in wild.matching(text).filter_map(|place| self.wild.get(place)) {
            owners.extend(&member.groups);
        }
        owners.sort_unstable();
        owners.dedup();
    }

    /// The group of a class, if it is in scope.
    fn group(&self, action: &str, owners: &[u32]) -> Option<Group> {
        if self.scoped && owners.binary_search(&self.scope).is_err() {
            return None;
        }
        let applying = |access: &Access, first: u32| -> Vec<usize> {
            let owned = |number: usize| owners.binary_search(&(first + u32::try_from(number).unwrap_or(0))).is_ok();
            let statements = access.statements();
            let applying = statements.filter(|(number, _, statement)| owned(*number) != statement.action.negated);
            applying.map(|(number, ..)| number).collect()
        };
        let unless = self.query.unless.map(|access| applying(access, self.unless)).unwrap_or_default();
        Some(Group { grants: applying(self.query.grants, 0), unless, action: action.to_owned() })
    }
}

impl Group {
    /// The same for the automata.
    pub(crate) fn actions(&self) -> Actions<'_> {
        Actions { grants: &self.grants, unless: &self.unless, action: &self.action }
    }

    /// Whether an action is of this group, as far as statements go.
    pub(crate) fn holds(&self, query: &Query<'_>, action: &str) -> bool {
        let lower = action.to_ascii_lowercase();
        query.grants.about(&lower) == self.grants && query.unless.is_none_or(|access| access.about(&lower) == self.unless)
    }
}

/// The group of one action.
pub(crate) fn group_of(query: &Query<'_>, action: &str) -> Group {
    let lower = action.to_ascii_lowercase();
    let unless = query.unless.map(|access| access.about(&lower)).unwrap_or_default();
    Group { grants: query.grants.about(&lower), unless, action: action.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alphabet_is_told_quickly_and_rightly() {
        for c in (0..=0x2ff).filter_map(char::from_u32) {
            assert_eq!(is_of_actions(c), ACTIONS.alphabet.contains(c), "{c:?}");
        }
    }
}
