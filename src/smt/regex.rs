//! Regular expressions, as SMT-LIB has them.

use std::rc::Rc;

/// A regular expression over code points.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Regex {
    /// Exactly this text.
    Literal(Rc<str>),
    /// Any one character.
    AnyChar,
    /// Any text.
    AnyText,
    /// Any one character but these.
    NoneOf(Rc<[char]>),
    /// One character of these ranges of printable ASCII, both ends included.
    OneOf(Rc<[(char, char)]>),
    /// One after the other.
    Concat(Rc<[Regex]>),
    /// Any of these; of none, nothing matches.
    Union(Rc<[Regex]>),
    /// Any number of repetitions.
    Star(Rc<Regex>),
    /// All of these.
    Intersection(Rc<[Regex]>),
    /// Any text that does not match.
    Complement(Rc<Regex>),
}

impl Regex {
    /// Exactly this text.
    pub fn literal(text: &str) -> Self {
        Self::Literal(text.into())
    }

    /// One after the other.
    pub fn concat(parts: impl IntoIterator<Item = Regex>) -> Self {
        let mut parts: Vec<Regex> = parts.into_iter().collect();
        if parts.len() == 1 { parts.remove(0) } else { Self::Concat(parts.into()) }
    }

    /// Any of these.
    pub fn union(parts: impl IntoIterator<Item = Regex>) -> Self {
        let mut parts: Vec<Regex> = parts.into_iter().collect();
        if parts.len() == 1 { parts.remove(0) } else { Self::Union(parts.into()) }
    }

    /// All of these; at least one.
    pub fn intersection(parts: impl IntoIterator<Item = Regex>) -> Self {
        let mut parts: Vec<Regex> = parts.into_iter().collect();
        if parts.len() == 1 { parts.remove(0) } else { Self::Intersection(parts.into()) }
    }

    /// Any text that does not match.
    pub fn complement(self) -> Self {
        Self::Complement(Rc::new(self))
    }

    /// Any number of repetitions.
    pub fn star(self) -> Self {
        Self::Star(Rc::new(self))
    }

    /// One or more repetitions.
    pub fn plus(self) -> Self {
        Self::concat([self.clone(), self.star()])
    }

    /// Exactly `count` repetitions.
    pub fn times(self, count: usize) -> Self {
        Self::concat(std::iter::repeat_n(self, count))
    }

    /// Any one character but these.
    pub fn none_of(excluded: &[char]) -> Self {
        Self::NoneOf(excluded.into())
    }
}
