//! The language of formulas: Booleans over texts, integers, decimals and bit vectors.
//!
//! Constructors fold what is plainly true or false, so that a question which needs no solver never reaches one.
//!
//! Invariant: a variable's name has one sort. Shared parts are shared (`Rc`), so a formula is a graph, not a tree.

use super::Regex;
use crate::diag::deadline;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// The sort of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sort {
    /// true or false
    Bool,
    /// a sequence of code points
    Text,
    /// an integer
    Int,
    /// a real number
    Real,
    /// a bit vector of this many bits
    Bits(u32),
}

/// A text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Text {
    /// This text.
    Const(Rc<str>),
    /// A variable.
    Var(Rc<str>),
    /// One after the other.
    Concat(Rc<[Text]>),
    /// The characters of a text from an offset on, so many of them.
    Part(Rc<Text>, Rc<Int>, Rc<Int>),
}

impl Text {
    /// A variable.
    pub fn var(name: &str) -> Self {
        Self::Var(name.into())
    }

    /// A constant.
    pub fn constant(text: &str) -> Self {
        Self::Const(text.into())
    }

    /// One after the other, neighboring constants joined.
    pub fn concat(parts: impl IntoIterator<Item = Text>) -> Self {
        let mut out: Vec<Text> = Vec::new();
        for part in parts {
            match (out.last_mut(), &part) {
                (_, Text::Const(empty)) if empty.is_empty() => {}
                (Some(Text::Const(last)), Text::Const(next)) => *last = format!("{last}{next}").into(),
                _ => out.push(part),
            }
        }
        match out.len() {
            0 => Self::constant(""),
            1 => out.remove(0),
            _ => Self::Concat(out.into()),
        }
    }
}

/// An integer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Int {
    /// This integer.
    Const(i64),
    /// A variable.
    Var(Rc<str>),
    /// The length of a text.
    Len(Text),
    /// A sum.
    Sum(Rc<[Int]>),
    /// A difference.
    Minus(Rc<Int>, Rc<Int>),
}

/// How two numbers stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Cmp {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What is asked of texts and numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Atom {
    /// Both texts are the same.
    Equal(Text, Text),
    /// The first is a prefix of the second.
    Prefix(Text, Text),
    /// The first is a suffix of the second.
    Suffix(Text, Text),
    /// The first contains the second.
    Contains(Text, Text),
    /// The text matches the expression.
    Matches(Text, Rc<Regex>),
    /// The integers stand so.
    Ints(Cmp, Int, Int),
    /// The real variable stands so to a decimal (its plain spelling).
    Real(Rc<str>, Cmp, Rc<str>),
    /// The bits of the variable under the mask are the value.
    Masked {
        /// The variable.
        var: Rc<str>,
        /// How many bits it has.
        width: u32,
        /// Which bits count.
        mask: u128,
        /// What they must be.
        value: u128,
    },
}

/// A formula.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Formula {
    /// true
    True,
    /// false
    False,
    /// A Boolean variable.
    Var(Rc<str>),
    /// An atom.
    Atom(Rc<Atom>),
    /// Not.
    Not(Rc<Formula>),
    /// All of them.
    And(Rc<[Formula]>),
    /// Any of them.
    Or(Rc<[Formula]>),
}

impl From<bool> for Formula {
    fn from(truth: bool) -> Self {
        if truth { Self::True } else { Self::False }
    }
}

impl Formula {
    /// A Boolean variable.
    pub fn var(name: &str) -> Self {
        Self::Var(name.into())
    }

    /// An atom.
    pub fn atom(atom: Atom) -> Self {
        match &atom {
            Atom::Equal(Text::Const(a), Text::Const(b)) => Self::from(a == b),
            Atom::Equal(a, b) if a == b => Self::True,
            Atom::Prefix(Text::Const(a), _) | Atom::Suffix(Text::Const(a), _) if a.is_empty() => Self::True,
            Atom::Masked { mask: 0, value, .. } => Self::from(*value == 0),
            _ => Self::Atom(Rc::new(atom)),
        }
    }

    /// Both texts are the same.
    pub fn equal(a: &Text, b: &Text) -> Self {
        Self::atom(Atom::Equal(a.clone(), b.clone()))
    }

    /// Not.
    #[expect(clippy::should_implement_trait, reason = "it is a constructor beside `and` and `or`")]
    pub fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Not(inner) => inner.as_ref().clone(),
            other => Self::Not(Rc::new(other)),
        }
    }

    /// All of them.
    pub fn and(parts: impl IntoIterator<Item = Formula>) -> Self {
        let mut out = Vec::new();
        for part in parts {
            deadline::check();
            match part {
                Self::True => {}
                Self::False => return Self::False,
                Self::And(inner) => out.extend(inner.iter().cloned()),
                // Equal parts once, as long as looking is cheap.
                other if out.len() < 32 && out.contains(&other) => {}
                other => out.push(other),
            }
        }
        match out.len() {
            0 => Self::True,
            1 => out.remove(0),
            _ => Self::And(out.into()),
        }
    }

    /// Any of them.
    pub fn or(parts: impl IntoIterator<Item = Formula>) -> Self {
        let mut out = Vec::new();
        for part in parts {
            deadline::check();
            match part {
                Self::False => {}
                Self::True => return Self::True,
                Self::Or(inner) => out.extend(inner.iter().cloned()),
                other => out.push(other),
            }
        }
        match out.len() {
            0 => Self::False,
            1 => out.remove(0),
            _ => Self::Or(out.into()),
        }
    }

    /// If the first then the second.
    pub fn implies(self, then: Formula) -> Self {
        Self::or([self.not(), then])
    }

    /// Both or neither.
    pub fn iff(self, other: Formula) -> Self {
        Self::and([self.clone().implies(other.clone()), other.implies(self)])
    }

    /// The propositional skeleton: every atom a Boolean of its own, equal atoms the same one (named in `names`).
    ///
    /// It is implied by the formula, so if the skeleton cannot be true, neither can the formula.
    pub fn skeleton(&self, names: &mut HashMap<Rc<Atom>, Rc<str>>) -> Self {
        match self {
            Self::True | Self::False | Self::Var(_) => self.clone(),
            Self::Not(inner) => inner.skeleton(names).not(),
            Self::And(parts) => Self::and(parts.iter().map(|part| part.skeleton(names)).collect::<Vec<_>>()),
            Self::Or(parts) => Self::or(parts.iter().map(|part| part.skeleton(names)).collect::<Vec<_>>()),
            Self::Atom(atom) => {
                let next = names.len();
                Self::Var(names.entry(atom.clone()).or_insert_with(|| format!("atom {next}").into()).clone())
            }
        }
    }

    /// Collects the variables with their sorts.
    pub fn variables(&self, into: &mut BTreeMap<Rc<str>, Sort>) {
        match self {
            Self::True | Self::False => {}
            Self::Var(name) => {
                into.insert(name.clone(), Sort::Bool);
            }
            Self::Not(inner) => inner.variables(into),
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.variables(into)),
            Self::Atom(atom) => match atom.as_ref() {
                Atom::Equal(a, b) | Atom::Prefix(a, b) | Atom::Suffix(a, b) | Atom::Contains(a, b) => {
                    text_variables(a, into);
                    text_variables(b, into);
                }
                Atom::Matches(text, _) => text_variables(text, into),
                Atom::Ints(_, a, b) => {
                    int_variables(a, into);
                    int_variables(b, into);
                }
                Atom::Real(name, ..) => {
                    into.insert(name.clone(), Sort::Real);
                }
                Atom::Masked { var, width, .. } => {
                    into.insert(var.clone(), Sort::Bits(*width));
                }
            },
        }
    }
}

fn text_variables(text: &Text, into: &mut BTreeMap<Rc<str>, Sort>) {
    match text {
        Text::Const(_) => {}
        Text::Var(name) => {
            into.insert(name.clone(), Sort::Text);
        }
        Text::Concat(parts) => parts.iter().for_each(|part| text_variables(part, into)),
        Text::Part(of, from, count) => {
            text_variables(of, into);
            int_variables(from, into);
            int_variables(count, into);
        }
    }
}

fn int_variables(int: &Int, into: &mut BTreeMap<Rc<str>, Sort>) {
    match int {
        Int::Const(_) => {}
        Int::Var(name) => {
            into.insert(name.clone(), Sort::Int);
        }
        Int::Len(text) => text_variables(text, into),
        Int::Sum(parts) => parts.iter().for_each(|part| int_variables(part, into)),
        Int::Minus(a, b) => {
            int_variables(a, into);
            int_variables(b, into);
        }
    }
}
