//! What is known of the values of policy variables?
//!
//! A variable stands for its key's value. What conditions ask of that key, its type, and what follows from the principal
//! are tests of the value.
//!
//! Invariant: an atom about a template says what it says for the values of all its variables, whether the keys are present
//! or not: a key that is absent has some value that nobody sees. That the keys are present is an atom of its own
//! (`build`). So what is known of a value may be used wherever the atoms it comes from are signed so.

use super::atoms::{Asked, Atoms, Attribute, Element};
use super::build::{PRINCIPAL_ACCOUNT, RESOURCE_ACCOUNT};
use super::domain;
use super::intersect::{Compiled, Limit};
use super::language::{Class, Step, Test};
use super::letters::Values;
use super::refute::{Claim, Refuter};
use super::relation::Relation;
use super::values;
use crate::request::keys::{is_multivalued, type_of};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// What an atom about the principal says of a key that follows from it.
#[derive(Debug, Clone)]
pub(super) struct Says {
    pub(super) variable: usize,
    pub(super) test: Rc<Compiled>,
    /// The atom that says whether the key is there; where it is, the opposite says the opposite. `None` if the opposite
    /// says nothing.
    pub(super) where_present: Option<usize>,
}

/// Two lists of tests of one text: what must pass, and what must not.
pub(super) type Lists = (Vec<Element>, Vec<Element>);

impl Atoms {
    /// The number of a variable, by its key.
    pub(super) fn variable(&mut self, key: &str) -> usize {
        match self.variables.iter().position(|known| **known == *key) {
            Some(number) => number,
            None => {
                self.variables.push(key.into());
                self.variables.len() - 1
            }
        }
    }

    /// The tests of one text of an attribute, as these atoms have them; of a set, of every element that it needs.
    pub(super) fn lists(&self, place: usize, literals: &[(usize, bool)]) -> Vec<Lists> {
        let mut every: Lists = Default::default();
        let mut wanted: Vec<Option<(Element, bool)>> = Vec::new();
        let is_set = matches!(self.attributes.get(place), Some(Attribute::Set(_)));
        for (number, sign) in literals {
            match self.atoms.get(*number).filter(|atom| atom.attribute == place).map(|atom| &atom.asked) {
                Some(Asked::NotEmpty) if *sign => wanted.push(None),
                Some(Asked::Passes(element, fails)) if is_set && *sign => wanted.push(Some((element.clone(), !fails))),
                Some(Asked::Passes(element, fails)) => {
                    let accepts = if is_set { *fails } else { *sign };
                    if accepts { every.0.push(element.clone()) } else { every.1.push(element.clone()) }
                }
                Some(Asked::NotEmpty | Asked::Relation(_)) | None => {}
            }
        }
        if !is_set {
            return vec![every];
        }
        if wanted.iter().any(Option::is_some) {
            wanted.retain(Option::is_some);
        }
        let with = |own: Option<(Element, bool)>| {
            let mut lists = every.clone();
            match own {
                Some((element, true)) => lists.0.push(element),
                Some((element, false)) => lists.1.push(element),
                None => {}
            }
            lists
        };
        wanted.into_iter().map(with).collect()
    }

    /// Why these atoms leave an attribute without a value, whatever the values of policy variables are; `None` if no test
    /// of it names one, or they do not.
    pub(super) fn claims(&mut self, place: usize, literals: &[(usize, bool)]) -> Option<Vec<Claim>> {
        let used = self.variables_of(place, literals);
        if used.is_empty() {
            return None;
        }
        let values = self.values_known(used, literals);
        let domain = self.domain(place);
        let texts = |elements: Vec<Element>| -> Vec<Rc<Compiled>> {
            elements.into_iter().filter_map(|one| if let Element::Text(test) = one { Some(test) } else { None }).collect()
        };
        for (accept, refuse) in self.lists(place, literals) {
            let mut limit = Limit { states: self.limit.states, ..Limit::default() };
            let mut refuter = Refuter::new(&domain, values.clone(), &mut limit);
            if refuter.refute(&texts(accept), &texts(refuse)) {
                return Some(refuter.claims);
            }
        }
        None
    }

    /// Whether an atom relates attributes: by policy variables, or in a way that is left open.
    pub(super) fn relates(&self, number: usize) -> bool {
        let by_variables = match self.atoms.get(number).map(|atom| &atom.asked) {
            Some(Asked::Passes(Element::Text(test), _)) => test.test.has_letters(),
            Some(Asked::Relation(relation)) => **relation == Relation::SameAccount,
            Some(Asked::Passes(..) | Asked::NotEmpty) | None => false,
        };
        by_variables || self.wishes.contains_key(&number)
    }

    /// What these signed atoms say of the values of these variables.
    pub(super) fn values_known(&mut self, of: BTreeSet<usize>, literals: &[(usize, bool)]) -> BTreeMap<usize, Values> {
        of.into_iter().map(|variable| (variable, self.values_of(variable, literals))).collect()
    }

    fn values_of(&mut self, variable: usize, literals: &[(usize, bool)]) -> Values {
        let Some(key) = self.variables.get(variable).cloned() else { return Values::default() };
        let mut out = Values::default();
        let own = values::own_values(&key, self.all_principals());
        out.accept.extend(own.map(|test| self.compiled(test)));
        if is_multivalued(&key) {
            let filled = vec![Step::One(Class::Any), Step::Run(Class::Any)];
            out.accept.push(self.compiled(Test { patterns: vec![filled] }));
        }
        if type_of(&key).is_some() {
            out.typed = Some(Rc::new(domain::of_key(&key)));
        }
        let holds = |relation: &Relation| {
            let is = |number: usize| self.relation(number) == Some(relation);
            literals.iter().any(|(number, sign)| *sign && is(*number))
        };
        let one_account = holds(&Relation::SameAccount);
        let is_one = holds(&Relation::Single(key.clone()));
        let same = |other: &str| {
            *other == *key
                || (one_account
                    && [(RESOURCE_ACCOUNT, PRINCIPAL_ACCOUNT), (PRINCIPAL_ACCOUNT, RESOURCE_ACCOUNT)].contains(&(other, &*key)))
        };
        let mut found: Vec<(Rc<Compiled>, bool)> = Vec::new();
        for (number, sign) in literals {
            let Some(atom) = self.atoms.get(*number) else { continue };
            match (self.attributes.get(atom.attribute), &atom.asked) {
                (Some(Attribute::Key(other)), Asked::Passes(Element::Text(test), _)) if same(other) => {
                    found.push((test.clone(), *sign))
                }
                (Some(Attribute::Set(other)), Asked::Passes(Element::Text(test), fails)) if **other == *key && is_one => {
                    found.push((test.clone(), sign != fails));
                }
                (Some(Attribute::Principal), _) => {
                    for says in self.says.get(number).into_iter().flatten() {
                        let of = self.variables.get(says.variable).is_some_and(|other| same(other));
                        let counts = *sign || says.where_present.is_some_and(|present| literals.contains(&(present, true)));
                        if of && counts {
                            found.push((says.test.clone(), *sign));
                        }
                    }
                }
                _ => {}
            }
        }
        if one_account && [RESOURCE_ACCOUNT, PRINCIPAL_ACCOUNT].contains(&&*key) {
            let accounts = values::account_ids();
            found.push((self.compiled(accounts), true));
        }
        for (test, passes) in found.into_iter().filter(|(test, _)| !test.test.has_letters()) {
            if passes { out.accept.push(test) } else { out.refuse.push(test) }
        }
        out
    }

    /// What an atom without an attribute says.
    fn relation(&self, number: usize) -> Option<&Relation> {
        match self.atoms.get(number).map(|atom| &atom.asked) {
            Some(Asked::Relation(relation)) => Some(relation),
            _ => None,
        }
    }

    /// Those of the assigned atoms that say something of these variables' values, by attribute.
    pub(super) fn about(&self, of: &BTreeSet<usize>, by_attribute: &[Vec<(usize, bool)>]) -> Vec<(usize, bool)> {
        let keys: Vec<&str> = of.iter().filter_map(|variable| self.variables.get(*variable)).map(|key| &**key).collect();
        let accounts = keys.iter().any(|key| [RESOURCE_ACCOUNT, PRINCIPAL_ACCOUNT].contains(key));
        let mut out = Vec::new();
        for (place, own) in by_attribute.iter().enumerate() {
            let counts: Box<dyn Fn(usize) -> bool> = match self.attributes.get(place) {
                Some(Attribute::Key(key) | Attribute::Set(key)) => {
                    let counts = keys.contains(&&**key) || (accounts && &**key == RESOURCE_ACCOUNT);
                    Box::new(move |_| counts)
                }
                Some(Attribute::Principal) => {
                    Box::new(|number| self.says.contains_key(&number) || self.presences.contains(&number))
                }
                Some(Attribute::Free) => Box::new(|number| match self.relation(number) {
                    Some(Relation::Single(key)) => keys.contains(&&**key),
                    Some(Relation::SameAccount) => accounts,
                    _ => false,
                }),
                Some(Attribute::Resource) | None => continue,
            };
            out.extend(own.iter().filter(|(number, _)| counts(*number)).copied());
        }
        out.sort_unstable();
        out
    }
}
