//! What is asked of one attribute of a request, and can these answers be given together?
//!
//! An attribute is a part of a request that has one value of its own: the resource, the principal, the value of a context
//! key, the set of values of a multivalued key. Atoms of different attributes have nothing to do with each other; atoms of
//! one attribute can be true together only if some value makes them so ([`Atoms::value`]).
//!
//! A set enters as "some element passes this test": for every such atom that is true some element must pass it, and every
//! element must fail all those that are false. That is exact, whatever the size of the set.
//!
//! A test may name policy variables, which stand for values of other attributes: then the atoms about those attributes are
//! looked at too ([`super::variables`]).
//!
//! What else relates two attributes (two accounts that are the same) is an atom without an attribute: it may be true or
//! false. So a question can only seem to have an answer that it has not, never the other way round, and
//! an answer is replayed before anyone believes it.

use super::bounds::{Blocks, Bounds};
use super::domain;
use super::intersect::{Common, Compiled, Domain, Limit, common};
use super::language::Test;
use super::letters::Values;
use super::refute::{Refuter, variables};
use super::relation::Relation;
use super::variables::Says;
use crate::catalog::KeyBase;
use crate::diag::deadline;
use crate::policy::Template;
use crate::request::keys::{is_multivalued, type_of};
use crate::value::{date, ip, number};
use bigdecimal::BigDecimal;
use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A part of a request with a value of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Attribute {
    /// The resource.
    Resource,
    /// The principal, as in [`super::principal`].
    Principal,
    /// The value of a key.
    Key(Rc<str>),
    /// The values of a multivalued key.
    Set(Rc<str>),
    /// None: the atom may be true or false.
    Free,
}

/// A test of one value.
#[derive(Debug, Clone)]
pub(super) enum Element {
    Text(Rc<Compiled>),
    /// The number stands so to one of the bounds, or to none of them.
    Number(Rc<Bounds>, bool),
    Date(Rc<Bounds>, bool),
    /// The address is in one of the blocks, or in none of them.
    Address(Rc<Blocks>, bool),
}

impl Element {
    pub(super) fn passes(&self, value: &str) -> bool {
        deadline::check();
        match self {
            Self::Text(test) => test.test.accepts(value),
            Self::Number(bounds, negated) => number::parse(value).is_some_and(|value| bounds.contain(&value) != *negated),
            Self::Date(bounds, negated) => date::parse(value).is_some_and(|value| bounds.contain(&value) != *negated),
            Self::Address(blocks, negated) => ip::parse_address(value).is_some_and(|address| blocks.contain(address) != *negated),
        }
    }

    /// Values of every class that these tests of one kind tell apart together; none for texts. Bounds of different tests
    /// lie between each other, so they are put in one row first. What is none of the kind comes last, for a typed key as a
    /// plain value of its type.
    fn candidates(tests: &[&Self], own_type: Option<KeyBase>) -> Vec<String> {
        let mut bounds: BTreeSet<&BigDecimal> = BTreeSet::new();
        let mut out = vec!["192.0.2.1".to_owned(), "2001:db8::1".to_owned(), "0.0.0.0".to_owned(), "::".to_owned()];
        for test in tests {
            match test {
                Self::Text(_) => {}
                Self::Number(own, _) | Self::Date(own, _) => bounds.extend(&own.sorted),
                Self::Address(blocks, _) => {
                    for block in &blocks.blocks {
                        deadline::check();
                        out.push(block.network().to_string());
                        // The first address behind the block.
                        out.extend(match block.broadcast() {
                            ip::IpAddr::V4(last) => {
                                u32::from(last).checked_add(1).map(|next| std::net::Ipv4Addr::from(next).to_string())
                            }
                            ip::IpAddr::V6(last) => {
                                u128::from(last).checked_add(1).map(|next| std::net::Ipv6Addr::from(next).to_string())
                            }
                        });
                    }
                }
            }
        }
        let none = |other: &str| [own_type.and_then(KeyBase::plain).unwrap_or(other).to_owned()];
        match tests.first() {
            None | Some(Self::Text(_)) => Vec::new(),
            Some(Self::Number(..)) => row(&bounds).iter().map(number::to_text).chain(none("not-a-number")).collect(),
            Some(Self::Date(..)) => row(&bounds).iter().map(date::to_text).chain(none("not-a-date")).collect(),
            Some(Self::Address(..)) => out.into_iter().chain(none("not-an-address")).collect(),
        }
    }

    /// Which kind of values it is about; 0 for texts.
    fn kind(&self) -> u8 {
        match self {
            Self::Text(_) => 0,
            Self::Number(..) => 1,
            Self::Date(..) => 2,
            Self::Address(..) => 3,
        }
    }

    /// Equal tests have equal keys, and different ones different keys.
    fn key(&self, fails: bool) -> AtomKey {
        match self {
            Self::Text(test) => AtomKey::Text(Rc::as_ptr(test) as usize, fails),
            Self::Number(bounds, negated) => AtomKey::Number(bounds.clone(), *negated, fails),
            Self::Date(bounds, negated) => AtomKey::Date(bounds.clone(), *negated, fails),
            Self::Address(blocks, negated) => AtomKey::Address(blocks.clone(), *negated, fails),
        }
    }
}

/// Numbers of every class that bounds cut: the bounds, one between any two, one on each side; any, if there are none.
fn row(bounds: &BTreeSet<&BigDecimal>) -> Vec<BigDecimal> {
    let sorted: Vec<&BigDecimal> = bounds.iter().copied().collect();
    // Multiplication is exact, division is not.
    let (one, half) = (BigDecimal::from(1), BigDecimal::new(5.into(), 1));
    let mut out: Vec<BigDecimal> = sorted.iter().map(|bound| (*bound).clone()).collect();
    match (sorted.first(), sorted.last()) {
        (Some(first), Some(last)) => out.extend([*first - &one, *last + &one]),
        _ => out.push(one),
    }
    out.extend(sorted.windows(2).filter_map(|pair| Some((*pair.first()? + *pair.get(1)?) * &half)));
    out
}

/// What is asked.
#[derive(Debug, Clone)]
pub(super) enum Asked {
    /// The value passes; for a set: some element passes the test, or fails it.
    Passes(Element, bool),
    /// The set is not empty.
    NotEmpty,
    /// Anything that has no attribute.
    Relation(Rc<Relation>),
}

/// What a request must look like for an atom that relates attributes to be true: good for a guess.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    /// The key whose value is to match.
    pub(super) key: Rc<str>,
    /// What it is to match.
    pub(super) template: Template,
    /// Or is not to match.
    pub(super) negated: bool,
}

/// What makes an atom of an attribute the same as another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum AtomKey {
    /// Texts are compiled once each, so the place in memory is enough.
    Text(usize, bool),
    Number(Rc<Bounds>, bool, bool),
    Date(Rc<Bounds>, bool, bool),
    Address(Rc<Blocks>, bool, bool),
    NotEmpty,
    Relation(Rc<Relation>),
}

/// One atom.
#[derive(Debug, Clone)]
pub(super) struct Atom {
    pub(super) attribute: usize,
    pub(super) asked: Asked,
}

/// A value that makes signed atoms of one attribute true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// This one; of a set, these.
    Some(Vec<Rc<str>>),
    /// There is none.
    None,
    /// Not decided: taken for possible.
    Unclear,
}

/// All atoms of a question, equal ones once.
#[derive(Debug, Default)]
pub(super) struct Atoms {
    pub(super) attributes: Vec<Attribute>,
    pub(super) atoms: Vec<Atom>,
    domains: Vec<Option<Rc<Domain>>>,
    of_attribute: FxHashMap<Attribute, usize>,
    known: FxHashMap<(usize, AtomKey), usize>,
    /// What is known of the variables in the tests that are looked at.
    known_values: BTreeMap<usize, Values>,
    tests: FxHashMap<Test, Rc<Compiled>>,
    values: FxHashMap<(usize, Vec<(usize, bool)>), Value>,
    /// The keys of policy variables, by number.
    pub(super) variables: Vec<Rc<str>>,
    /// What atoms about the principal say of keys that follow from it.
    pub(super) says: FxHashMap<usize, Vec<Says>>,
    /// Atoms that say that a key that follows from the principal is there.
    pub(super) presences: BTreeSet<usize>,
    /// Attributes with tests that name policy variables.
    pub(super) with_letters: BTreeSet<usize>,
    pub(super) wishes: FxHashMap<usize, Wish>,
    all_principals: bool,
    pub(super) limit: Limit,
    /// Steps that propositional searches have taken.
    pub(super) steps: usize,
}

impl Atoms {
    pub(super) fn new(all_principals: bool, most_states: usize) -> Self {
        let limit = Limit::default();
        let limit = Limit { states: limit.states.min(most_states), ..limit };
        Self { all_principals, limit, ..Self::default() }
    }

    pub(super) fn all_principals(&self) -> bool {
        self.all_principals
    }

    /// Whether some test of an attribute names a policy variable.
    pub(super) fn names_variables(&self, attribute: &Attribute) -> bool {
        self.of_attribute.get(attribute).is_some_and(|place| self.with_letters.contains(place))
    }

    /// Whether there is an atom of this relation.
    pub(super) fn is_asked(&self, relation: Relation) -> bool {
        let free = self.of_attribute.get(&Attribute::Free);
        free.is_some_and(|place| self.known.contains_key(&(*place, AtomKey::Relation(relation.into()))))
    }

    /// Whether something is asked of an attribute.
    pub(super) fn has(&self, attribute: &Attribute) -> bool {
        self.of_attribute.contains_key(attribute)
    }

    /// The atoms of an attribute, with their numbers.
    pub(super) fn of(&self, attribute: &Attribute) -> impl Iterator<Item = (usize, &Atom)> {
        let place = self.of_attribute.get(attribute).copied();
        self.atoms.iter().enumerate().filter(move |(_, atom)| Some(atom.attribute) == place)
    }

    /// Whether a key has a set of values.
    pub(super) fn is_set(&self, key: &str) -> bool {
        self.attributes.iter().any(|attribute| matches!(attribute, Attribute::Set(own) if **own == *key))
    }

    pub(super) fn compiled(&mut self, test: Test) -> Rc<Compiled> {
        match self.tests.entry(test) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(place) => {
                let compiled = Rc::new(Compiled::new(place.key().clone()));
                place.insert(compiled).clone()
            }
        }
    }

    /// The number of an atom.
    pub(super) fn atom(&mut self, attribute: Attribute, asked: Asked) -> usize {
        let next = self.attributes.len();
        let place = *self.of_attribute.entry(attribute.clone()).or_insert(next);
        if place == next {
            self.attributes.push(attribute);
            self.domains.push(None);
        }
        let key = match &asked {
            Asked::Passes(element, fails) => element.key(*fails),
            Asked::NotEmpty => AtomKey::NotEmpty,
            Asked::Relation(relation) => AtomKey::Relation(relation.clone()),
        };
        let next = self.atoms.len();
        let number = *self.known.entry((place, key)).or_insert(next);
        if number == next {
            if let Asked::Passes(Element::Text(test), _) = &asked
                && test.test.has_letters()
            {
                self.with_letters.insert(place);
            }
            self.atoms.push(Atom { attribute: place, asked });
        }
        number
    }

    /// The policy variables that tests of an attribute, among these atoms, name.
    pub(super) fn variables_of(&self, place: usize, literals: &[(usize, bool)]) -> BTreeSet<usize> {
        let own = literals.iter().filter_map(|(number, _)| self.atoms.get(*number)).filter(|atom| atom.attribute == place);
        let tests =
            own.filter_map(|atom| if let Asked::Passes(Element::Text(test), _) = &atom.asked { Some(test) } else { None });
        variables(tests)
    }

    pub(super) fn domain(&mut self, place: usize) -> Rc<Domain> {
        if let Some(Some(known)) = self.domains.get(place) {
            return known.clone();
        }
        let domain = match self.attributes.get(place) {
            Some(Attribute::Principal) => super::principal::domain(self.all_principals),
            Some(Attribute::Resource) => domain::resources(),
            Some(Attribute::Key(key)) if &**key == "aws:resourceaccount" => domain::accounts(),
            Some(Attribute::Set(key)) if is_multivalued(key) => domain::not_empty(),
            Some(Attribute::Key(key) | Attribute::Set(key)) => domain::of_key(key),
            Some(Attribute::Free) | None => Domain::any(vec!["example".to_owned(), "x".to_owned()]),
        };
        let domain = Rc::new(domain);
        self.domains.get_mut(place).into_iter().for_each(|slot| *slot = Some(domain.clone()));
        domain
    }

    /// A value of the attribute for which these atoms are as signed; those of other attributes count as far as they say
    /// something of policy variables. `literals` must be sorted.
    pub(super) fn value(&mut self, place: usize, literals: &[(usize, bool)]) -> Value {
        let key = (place, literals.to_vec());
        if let Some(known) = self.values.get(&key) {
            return known.clone();
        }
        let is_own = |(number, _): &&(usize, bool)| self.atoms.get(*number).is_some_and(|atom| atom.attribute == place);
        let (given, literals) = (literals, literals.iter().filter(is_own).copied().collect::<Vec<_>>());
        let (literals, used) = (literals.as_slice(), self.variables_of(place, &literals));
        self.known_values = self.values_known(used, given);
        let value = match self.attributes.get(place) {
            Some(Attribute::Free) | None => Value::Unclear,
            Some(Attribute::Set(_)) => self.set(place, literals),
            Some(Attribute::Resource | Attribute::Principal | Attribute::Key(_)) => {
                let (mut accept, mut refuse) = (Vec::new(), Vec::new());
                for (number, sign) in literals {
                    if let Some(Atom { asked: Asked::Passes(element, _), .. }) = self.atoms.get(*number) {
                        if *sign { accept.push(element.clone()) } else { refuse.push(element.clone()) }
                    }
                }
                self.element(place, &accept, &refuse)
            }
        };
        self.values.insert(key, value.clone());
        value
    }

    /// Elements of a set: one for every true atom, each failing all false ones.
    fn set(&mut self, place: usize, literals: &[(usize, bool)]) -> Value {
        let asked = |number: usize| self.atoms.get(number).map(|atom| atom.asked.clone());
        let (mut wanted, mut accept, mut refuse, mut present) = (Vec::new(), Vec::new(), Vec::new(), None);
        for (number, sign) in literals {
            match (asked(*number), sign) {
                (Some(Asked::NotEmpty), sign) => present = Some(*sign),
                (Some(Asked::Passes(element, fails)), true) => wanted.push((element, fails)),
                // No element passes: each fails.
                (Some(Asked::Passes(element, false)), false) => refuse.push(element),
                (Some(Asked::Passes(element, true)), false) => accept.push(element),
                (Some(Asked::Relation(_)) | None, _) => {}
            }
        }
        if present == Some(false) {
            return if wanted.is_empty() { Value::Some(Vec::new()) } else { Value::None };
        }
        if wanted.is_empty() {
            return if present == Some(true) { self.element(place, &accept, &refuse) } else { Value::Some(Vec::new()) };
        }
        let mut out: Vec<Rc<str>> = Vec::new();
        let mut unclear = false;
        for (element, fails) in wanted {
            let (mut accept, mut refuse) = (accept.clone(), refuse.clone());
            if fails {
                refuse.push(element)
            } else {
                accept.push(element)
            }
            match self.element(place, &accept, &refuse) {
                Value::Some(values) => out.extend(values),
                Value::None => return Value::None,
                Value::Unclear => unclear = true,
            }
        }
        out.sort();
        out.dedup();
        if unclear { Value::Unclear } else { Value::Some(out) }
    }

    /// One value that all of `accept` accept and none of `refuse`.
    pub(super) fn element(&mut self, place: usize, accept: &[Element], refuse: &[Element]) -> Value {
        let text = |elements: &[Element]| -> Vec<Rc<Compiled>> {
            let texts =
                elements.iter().filter_map(|element| if let Element::Text(test) = element { Some(test.clone()) } else { None });
            texts.collect()
        };
        let (accept_texts, refuse_texts) = (text(accept), text(refuse));
        let all = || accept.iter().chain(refuse);
        let kinds: BTreeSet<u8> = all().map(Element::kind).filter(|kind| *kind != 0).collect();
        let own_type = match self.attributes.get(place) {
            Some(Attribute::Key(key) | Attribute::Set(key)) => type_of(key),
            Some(Attribute::Resource | Attribute::Principal | Attribute::Free) | None => None,
        };
        // Of a typed key only what is of its type; the candidates tell all of that apart.
        let of_kind = |kind: u8| {
            let mut found = Element::candidates(&all().filter(|element| element.kind() == kind).collect::<Vec<_>>(), own_type);
            found.retain(|value| own_type.is_none_or(|own| own.holds(value)));
            found
        };
        let candidates: Vec<String> = kinds.iter().flat_map(|kind| of_kind(*kind)).collect();
        let fits = |value: &String, counts: &dyn Fn(&&Element) -> bool| {
            accept.iter().filter(counts).all(|element| element.passes(value))
                && !refuse.iter().filter(counts).any(|element| element.passes(value))
        };
        if let Some(value) = candidates.iter().find(|value| fits(value, &|_| true)) {
            return Value::Some(vec![value.as_str().into()]);
        }
        // Each kind of value by itself: the candidates are complete for their own kind only.
        let only_texts = candidates.is_empty();
        for kind in kinds {
            if !of_kind(kind).iter().any(|value| fits(value, &|element| element.kind() == kind)) {
                return Value::None;
            }
        }
        let refs = |tests: &[Rc<Compiled>]| -> Vec<Rc<Compiled>> { tests.to_vec() };
        let (accept, refuse) = (refs(&accept_texts), refs(&refuse_texts));
        let (accept, refuse): (Vec<&Compiled>, Vec<&Compiled>) =
            (accept.iter().map(Rc::as_ref).collect(), refuse.iter().map(Rc::as_ref).collect());
        let domain = self.domain(place);
        if accept_texts.iter().chain(&refuse_texts).any(|test| test.test.has_letters()) {
            let mut limit = self.limit;
            let mut refuter = Refuter::new(&domain, self.known_values.clone(), &mut limit);
            let refuted = refuter.refute(&accept_texts, &refuse_texts);
            self.limit = limit;
            return if refuted { Value::None } else { Value::Unclear };
        }
        match common(&domain, &accept, &refuse, &mut self.limit) {
            Common::Nothing => Value::None,
            Common::TooMany => Value::Unclear,
            Common::Text(text) if only_texts => Value::Some(vec![text]),
            Common::Text(text) if fits(&text.to_string(), &|_| true) => Value::Some(vec![text]),
            // A text for the texts and another for the numbers: whether one does for both is left to others.
            Common::Text(_) => Value::Unclear,
        }
    }
}
