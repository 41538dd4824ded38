//! Into which groups do the policies at hand cut all actions?
//!
//! Actions to which the same statements apply need one query, not one each. The groups are exact: the glob automaton
//! finds every class of actions, with a shortest action each (see [`crate::glob::classes`]).

use super::ask::{ActionScope, Ask};
use crate::glob::Glob;
use crate::glob::classes::{Class, Domain, classes};
use crate::policy::Access;
use crate::policy::compose::TRUST_ACTIONS;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Actions: `service:name` in lower case, printable ASCII without wildcards; as `encode/action` has them.
pub(super) const ACTIONS: Domain = Domain {
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
pub(super) struct Group {
    /// Statements of the granting side that apply, by number.
    pub(super) grants: Vec<usize>,
    /// Statements of the other side that apply, by number.
    pub(super) unless: Vec<usize>,
    /// An action of the group, in lower case unless the scope lists it.
    pub(super) action: String,
}

/// The groups of a question's scope in which the granting policy grants anything; `None` if there are too many states.
pub(super) fn groups(ask: &Ask<'_>, most_states: usize) -> Option<Vec<Group>> {
    let is_stack = !ask.grants.is_alone() || !ask.unless.is_none_or(Access::is_alone);
    // A stack's rules tell these actions apart, whatever the statements say.
    let trust = is_stack.then(|| Glob::parse(TRUST_ACTIONS));
    let mut seen: HashMap<(Vec<usize>, Vec<usize>, bool), ()> = HashMap::new();
    let mut out = Vec::new();
    let mut add = |group: Group| {
        let grants_any =
            ask.grants.grants_without_statement() || group.grants.iter().any(|number| ask.grants.grants(*number));
        let trust = trust.as_ref().is_some_and(|glob| glob.matches(&group.action.to_ascii_lowercase()));
        if grants_any && seen.insert((group.grants.clone(), group.unless.clone(), trust), ()).is_none() {
            out.push(group);
        }
    };
    if let ActionScope::Listed(actions) = &ask.actions {
        for action in actions {
            add(group_of(ask, action));
        }
        return Some(out);
    }
    let scope: &[Glob] = if let ActionScope::Matching(globs) = &ask.actions { globs } else { &[] };
    let table = Table::new(ask, scope, trust.as_ref());
    for class in table.classes(most_states)? {
        if let Some(group) = table.group(class) {
            add(group);
        }
    }
    Some(out)
}

/// Whose pattern a glob is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Grants(usize),
    Unless(usize),
    Scope,
    Trust,
}

/// The distinct globs of a question, with whose they are.
struct Table<'a, 'p> {
    ask: &'a Ask<'p>,
    scoped: bool,
    wild: Vec<(&'a Glob, Vec<Owner>)>,
    literal: BTreeMap<String, Vec<Owner>>,
}

impl<'a, 'p: 'a> Table<'a, 'p> {
    fn new(ask: &'a Ask<'p>, scope: &'a [Glob], trust: Option<&'a Glob>) -> Self {
        let mut table =
            Self { ask, scoped: matches!(ask.actions, ActionScope::Matching(_)), wild: Vec::new(), literal: BTreeMap::new() };
        let mut known: HashMap<&'a Glob, usize> = HashMap::new();
        let mut add = |glob: &'a Glob, owner: Owner| match glob.as_literal() {
            Some(text) => table.literal.entry(text).or_default().push(owner),
            None => {
                let at = *known.entry(glob).or_insert_with(|| {
                    table.wild.push((glob, Vec::new()));
                    table.wild.len() - 1
                });
                table.wild.get_mut(at).into_iter().for_each(|(_, owners)| owners.push(owner));
            }
        };
        let mut side = |access: &'a Access, owner: fn(usize) -> Owner| {
            for (number, _, statement) in access.statements() {
                statement.action.patterns.iter().for_each(|glob| add(glob, owner(number)));
            }
        };
        side(ask.grants, Owner::Grants);
        if let Some(access) = ask.unless {
            side(access, Owner::Unless);
        }
        scope.iter().for_each(|glob| add(glob, Owner::Scope));
        trust.into_iter().for_each(|glob| add(glob, Owner::Trust));
        table
    }

    /// One action of every class, with the owners of the globs that match it.
    ///
    /// A literal is a class of its own (or shares one); the other classes are those of the globs with wildcards, as long
    /// as the action that stands for such a class is no literal itself. Where it is one, that literal runs along, so that
    /// the class shows another action, if it has one.
    fn classes(&self, most_states: usize) -> Option<Vec<(String, Vec<Owner>)>> {
        let mut globs: Vec<Glob> = self.wild.iter().map(|(glob, _)| (*glob).clone()).collect();
        let mut separate: BTreeSet<String> = BTreeSet::new();
        let found = loop {
            let found = classes(&globs, &ACTIONS, most_states)?;
            let clash = |class: &&Class| self.literal.contains_key(&class.witness) && !separate.contains(&class.witness);
            let clashing: Vec<String> = found.iter().filter(clash).map(|class| class.witness.clone()).collect();
            if clashing.is_empty() {
                break found;
            }
            globs.extend(clashing.iter().map(|text| Glob::literal(text)));
            separate.extend(clashing);
        };
        let others = found.into_iter().map(|class| class.witness).filter(|text| !self.literal.contains_key(text));
        let is_action = |text: &&String| {
            let end = text
                .chars()
                .try_fold(ACTIONS.start, |state, c| (ACTIONS.step)(state, c).filter(|_| ACTIONS.alphabet.contains(c)));
            end.is_some_and(ACTIONS.accepts)
        };
        let texts = self.literal.keys().filter(is_action).cloned().chain(others);
        Some(texts.map(|text| self.owners(text)).collect())
    }

    fn owners(&self, text: String) -> (String, Vec<Owner>) {
        let mut owners: Vec<Owner> = self.literal.get(&text).cloned().unwrap_or_default();
        for (_, more) in self.wild.iter().filter(|(glob, _)| glob.matches(&text)) {
            owners.extend(more);
        }
        (text, owners)
    }

    /// The group of a class, if it is in scope.
    fn group(&self, (action, owners): (String, Vec<Owner>)) -> Option<Group> {
        if self.scoped && !owners.contains(&Owner::Scope) {
            return None;
        }
        let applying = |access: &Access, owner: fn(usize) -> Owner| -> Vec<usize> {
            let applies = |number: usize, negated: bool| owners.contains(&owner(number)) != negated;
            let statements = access.statements();
            let applying = statements.filter(|(number, _, statement)| applies(*number, statement.action.negated));
            applying.map(|(number, ..)| number).collect()
        };
        let unless = self.ask.unless.map(|access| applying(access, Owner::Unless)).unwrap_or_default();
        Some(Group { grants: applying(self.ask.grants, Owner::Grants), unless, action })
    }
}

/// The group of one action.
pub(super) fn group_of(ask: &Ask<'_>, action: &str) -> Group {
    let lower = action.to_ascii_lowercase();
    let applying = |access: &Access| -> Vec<usize> {
        let statements = access.statements().filter(|(_, _, statement)| statement.action.applies(&lower));
        statements.map(|(number, ..)| number).collect()
    };
    Group { grants: applying(ask.grants), unless: ask.unless.map(applying).unwrap_or_default(), action: action.to_owned() }
}
