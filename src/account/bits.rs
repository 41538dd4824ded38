//! Sets of the catalog's actions, one bit an action: thousands of entities grant thousands of actions each.

use crate::catalog::{Catalog, Name};
use crate::glob::Glob;
use rustc_hash::FxHashMap;
use std::ops::Range;
use std::sync::OnceLock;

/// The catalog's actions in their order, each with a number.
#[derive(Debug)]
pub struct Universe {
    names: Vec<&'static Name>,
    numbers: FxHashMap<&'static str, usize>,
    services: Vec<(&'static str, Range<usize>)>,
}

impl Universe {
    /// That of the newest catalog.
    pub fn latest() -> &'static Self {
        static UNIVERSE: OnceLock<Universe> = OnceLock::new();
        UNIVERSE.get_or_init(|| {
            let (mut names, mut services) = (Vec::new(), Vec::new());
            for prefix in Catalog::latest().prefixes() {
                let start = names.len();
                names.extend(Catalog::latest().names(prefix));
                services.push((prefix, start..names.len()));
            }
            let numbers = names.iter().enumerate().map(|(at, name)| (&*name.lower, at)).collect();
            Self { names, numbers, services }
        })
    }

    /// How many actions there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The number of an action in lower case.
    pub fn number(&self, action: &str) -> Option<usize> {
        self.numbers.get(action).copied()
    }

    /// An action by its number.
    pub fn name(&self, number: usize) -> Option<&'static Name> {
        self.names.get(number).copied()
    }

    /// Each service with the numbers of its actions.
    pub fn services(&self) -> impl Iterator<Item = (&'static str, Range<usize>)> {
        self.services.iter().map(|(prefix, range)| (*prefix, range.clone()))
    }

    /// The numbers of one service's actions.
    pub fn service(&self, prefix: &str) -> Range<usize> {
        let found = self.services.binary_search_by(|(own, _)| (*own).cmp(prefix)).ok();
        found.and_then(|at| self.services.get(at)).map_or(0..0, |(_, range)| range.clone())
    }

    /// The actions that one of these patterns, in lower case, matches.
    pub fn matching(&self, patterns: &[Glob]) -> Bits {
        let mut out = Bits::none();
        for pattern in patterns {
            crate::diag::deadline::spend(16);
            if pattern.to_string() == "*" {
                return Bits::all();
            }
            for name in Catalog::latest().matching(pattern) {
                if let Some(number) = self.number(&name.lower) {
                    out.insert(number);
                }
            }
        }
        out
    }
}

/// A set of actions, by their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bits(Vec<u64>);

impl Bits {
    /// The empty set.
    pub fn none() -> Self {
        Self(vec![0; Universe::latest().len().div_ceil(64)])
    }

    /// Every action.
    pub fn all() -> Self {
        let mut out = Self::none();
        (0..Universe::latest().len()).for_each(|number| out.insert(number));
        out
    }

    /// Adds an action.
    pub fn insert(&mut self, number: usize) {
        if let Some(word) = self.0.get_mut(number / 64) {
            *word |= 1 << (number % 64);
        }
    }

    /// Whether an action is in it.
    pub fn contains(&self, number: usize) -> bool {
        self.0.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    /// Adds another set.
    pub fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(own, other)| *own |= other);
    }

    /// Keeps what is in another set too.
    pub fn keep(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(own, other)| *own &= other);
    }

    /// Takes another set away.
    pub fn remove(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(own, other)| *own &= !other);
    }

    /// How many actions are in it.
    pub fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// The numbers in it, rising.
    pub fn numbers(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().filter(|(_, word)| **word != 0).flat_map(|(at, word)| {
            let word = *word;
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| at * 64 + bit)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_actions() {
        let universe = Universe::latest();
        let get = universe.matching(&[Glob::parse("s3:getobject"), Glob::parse("sqs:*")]);
        let number = universe.number("s3:getobject").unwrap();
        assert!(get.contains(number) && get.count() == 1 + universe.service("sqs").len());
        let mut rest = Bits::all();
        rest.remove(&get);
        assert_eq!(rest.count() + get.count(), universe.len());
        rest.keep(&get);
        assert!(rest.is_empty());
        rest.add(&get);
        assert_eq!(rest, get);
        assert_eq!(
            rest.numbers().next().and_then(|number| universe.name(number)).map(|name| &*name.spelled),
            Some("s3:GetObject")
        );
        assert_eq!(universe.matching(&[Glob::parse("*")]).count(), universe.len());
    }
}
