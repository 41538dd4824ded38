//! Under which values of what a template leaves open does something hold?
//!
//! A condition of a template is a formula over a few facts: that a text which stays open is a certain one, or something that
//! is not looked into. Two revisions of a template share these facts, not the names of their conditions: so what a name stands
//! for is its formula.
//!
//! Invariant: [`can_hold`] says no only where no values make all of it true. A text that is one value is no other; nothing
//! else relates facts, so it says yes rather too often.

use crate::diag::deadline;
use std::collections::{BTreeMap, BTreeSet};

/// A formula over what a template leaves open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// Always, or never.
    Known(bool),
    /// An open text has this value; the text has its constants as `${Name}`.
    Equals {
        /// The text.
        subject: String,
        /// Its value.
        value: String,
    },
    /// Something that is not looked into.
    Holds(String),
    /// The opposite.
    Not(Box<When>),
    /// Every one of these.
    All(Vec<When>),
    /// One of these at least.
    Any(Vec<When>),
}

/// How many steps a search for values takes at most; after that they are taken to exist.
const MOST_STEPS: usize = 20_000;

impl When {
    /// This, or its opposite.
    #[must_use]
    pub fn is(self, answer: bool) -> Self {
        match self {
            Self::Known(known) => Self::Known(known == answer),
            other if answer => other,
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    /// How many parts it has.
    pub fn size(&self) -> usize {
        match self {
            Self::Known(_) | Self::Equals { .. } | Self::Holds(_) => 1,
            Self::Not(inner) => 1 + inner.size(),
            Self::All(all) | Self::Any(all) => 1 + all.iter().map(Self::size).sum::<usize>(),
        }
    }

    /// The same where these parameters have these values.
    #[must_use]
    pub fn fixed(&self, values: &BTreeMap<String, String>) -> Self {
        match self {
            Self::Equals { subject, value } => {
                let filled = put(subject, values);
                if filled.contains("${") {
                    Self::Equals { subject: filled, value: value.clone() }
                } else {
                    Self::Known(filled == *value)
                }
            }
            Self::Not(inner) => inner.fixed(values).is(false),
            Self::All(all) => Self::All(all.iter().map(|one| one.fixed(values)).collect()),
            Self::Any(all) => Self::Any(all.iter().map(|one| one.fixed(values)).collect()),
            Self::Known(_) | Self::Holds(_) => self.clone(),
        }
    }

    /// The texts that it looks at, each with the values that it compares them with.
    pub fn subjects<'w>(&'w self, out: &mut BTreeMap<&'w str, BTreeSet<&'w str>>) {
        match self {
            Self::Equals { subject, value } => _ = out.entry(subject).or_default().insert(value),
            Self::Not(inner) => inner.subjects(out),
            Self::All(all) | Self::Any(all) => all.iter().for_each(|one| one.subjects(out)),
            Self::Known(_) | Self::Holds(_) => {}
        }
    }
}

/// A text with the values of these parameters in place of `${Name}`.
pub fn put(text: &str, values: &BTreeMap<String, String>) -> String {
    values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("${{{name}}}"), value))
}

/// Whether some values make all of these true.
pub fn can_hold(all: &[When]) -> bool {
    let mut values = BTreeMap::new();
    all.iter().for_each(|one| one.subjects(&mut values));
    let mut search = Search { all, values, texts: BTreeMap::new(), flags: BTreeMap::new(), steps: 0 };
    search.can_hold()
}

/// What a formula depends on.
enum Fact<'w> {
    Text(&'w str),
    Flag(&'w str),
}

struct Search<'w> {
    all: &'w [When],
    values: BTreeMap<&'w str, BTreeSet<&'w str>>,
    /// The values that texts have; `None` for one that nothing compares them with.
    texts: BTreeMap<&'w str, Option<&'w str>>,
    flags: BTreeMap<&'w str, bool>,
    steps: usize,
}

impl<'w> Search<'w> {
    fn can_hold(&mut self) -> bool {
        self.steps += 1;
        deadline::spend(1);
        if self.steps > MOST_STEPS {
            return true;
        }
        let mut open = None;
        let all: &'w [When] = self.all;
        for one in all {
            match self.value(one) {
                Ok(true) => {}
                Ok(false) => return false,
                Err(fact) => _ = open.get_or_insert(fact),
            }
        }
        match open {
            None => true,
            Some(Fact::Flag(name)) => {
                let found = [true, false].into_iter().any(|flag| {
                    self.flags.insert(name, flag);
                    self.can_hold()
                });
                self.flags.remove(name);
                found
            }
            Some(Fact::Text(name)) => {
                let values: Vec<&str> = self.values.get(name).into_iter().flatten().copied().collect();
                let found = values.into_iter().map(Some).chain([None]).any(|value| {
                    self.texts.insert(name, value);
                    self.can_hold()
                });
                self.texts.remove(name);
                found
            }
        }
    }

    /// Whether it holds as far as is known; else the first fact that it depends on.
    fn value(&self, when: &'w When) -> Result<bool, Fact<'w>> {
        match when {
            When::Known(known) => Ok(*known),
            When::Equals { subject, value } => match self.texts.get(subject.as_str()) {
                Some(is) => Ok(*is == Some(value.as_str())),
                None => Err(Fact::Text(subject)),
            },
            When::Holds(name) => self.flags.get(name.as_str()).copied().ok_or(Fact::Flag(name)),
            When::Not(inner) => self.value(inner).map(|is| !is),
            When::All(all) => self.every(all, true),
            When::Any(all) => self.every(all, false).map(|none| !none),
        }
    }

    fn every(&self, all: &'w [When], wanted: bool) -> Result<bool, Fact<'w>> {
        let mut open = None;
        for one in all {
            match self.value(one) {
                Ok(answer) if answer != wanted => return Ok(false),
                Ok(_) => {}
                Err(fact) => _ = open.get_or_insert(fact),
            }
        }
        open.map_or(Ok(true), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn equals(subject: &str, value: &str) -> When {
        When::Equals { subject: subject.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn a_text_has_one_value_and_facts_are_shared() {
        let (prod, dev, flag) = (equals("${Env}", "prod"), equals("${Env}", "dev"), When::Holds("x".to_owned()));
        let not = |one: &When| one.clone().is(false);
        assert!(can_hold(&[]) && can_hold(&[not(&prod), not(&dev), flag.clone()]));
        assert!(!can_hold(&[prod.clone(), dev.clone()]) && !can_hold(&[prod.clone(), not(&prod)]));
        assert!(!can_hold(&[When::Any(vec![prod.clone(), dev.clone()]), not(&prod), not(&dev)]));
        assert!(!can_hold(&[When::All(vec![flag.clone(), prod.clone()]), not(&flag)]));
        assert!(can_hold(&[When::All(vec![flag, prod.clone()]).is(false), prod.clone()]));
        let dev = BTreeMap::from([("Env".to_owned(), "dev".to_owned())]);
        assert_eq!(prod.fixed(&dev), When::Known(false));
        assert_eq!(equals("${Env}-${X}", "a").fixed(&dev), equals("dev-${X}", "a"));
        assert_eq!(When::Known(false).is(false), When::Known(true));
    }

    /// Whatever the formula, the search agrees with trying all values.
    #[test]
    fn the_search_agrees_with_all_values() {
        fn formula(random: &mut impl FnMut(usize) -> usize, depth: usize) -> When {
            let all = |random: &mut _, count: usize| (0..count).map(|_| formula(random, depth + 1)).collect();
            match random(if depth > 3 { 3 } else { 6 }) {
                0 => When::Known(random(2) == 0),
                1 => equals(["${A}", "${B}"][random(2)], ["x", "y"][random(2)]),
                2 => When::Holds(["p", "q"][random(2)].to_owned()),
                3 => formula(random, depth + 1).is(false),
                4 => When::All(all(random, 3)),
                _ => When::Any(all(random, 3)),
            }
        }
        fn holds(when: &When, a: &str, b: &str, p: bool, q: bool) -> bool {
            match when {
                When::Known(known) => *known,
                When::Equals { subject, value } => (if subject == "${A}" { a } else { b }) == value,
                When::Holds(name) => [q, p][usize::from(name == "p")],
                When::Not(inner) => !holds(inner, a, b, p, q),
                When::All(all) => all.iter().all(|one| holds(one, a, b, p, q)),
                When::Any(all) => all.iter().any(|one| holds(one, a, b, p, q)),
            }
        }
        let mut state = 7_u64;
        let mut random = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % below
        };
        let mut counts = [0, 0];
        for _ in 0..500 {
            let all: Vec<When> = (0..3).map(|_| formula(&mut random, 0)).collect();
            let values = ["x", "y", "z"];
            let expected = values.iter().any(|a| {
                values.iter().any(|b| {
                    [(true, true), (true, false), (false, true), (false, false)]
                        .iter()
                        .any(|(p, q)| all.iter().all(|one| holds(one, a, b, *p, *q)))
                })
            });
            assert_eq!(can_hold(&all), expected, "{all:?}");
            counts[usize::from(expected)] += 1;
        }
        assert!(counts[0] > 50 && counts[1] > 50, "{counts:?}");
    }
}
