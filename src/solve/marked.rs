//! How are claims about texts with policy variables written for a string solver?
//!
//! A claim of [`super::letters`] is about words over a larger alphabet: characters, and letters or marks. Here those are
//! characters of a private range of Unicode that no test in the claim names; every class of characters is written without
//! them. A text that holds such a character itself is not lost: tests that do not name it take it for any other character
//! that they do not name. So each claim is a query of plain regular expressions over one text, the word, without any
//! equation between texts: `unsat` is expected. It is one membership of one expression, intersections and complements
//! within it: Z3 takes milliseconds for that and seconds for the same as several memberships (measured: 3 ms and 2.5 s). What it says of requests is the theorem in `letters`.

use super::atoms::{Atoms, Attribute};
use super::intersect::Compiled;
use super::language::{Class, Few, Letter, Step, Test};
use super::letters::Values;
use super::proof;
use super::refute::Claim;
use super::shape::{Asks, shape};
use crate::policy::spelling::spelling;
use crate::query::{Obligation, ObligationKind};
use crate::request::keys::type_of;
use crate::smt::{self, Formula, Regex, Text};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The obligation of a claim about an attribute.
pub(super) fn obligation(atoms: &Atoms, place: usize, name: &str, claim: &Claim) -> Obligation {
    let all_principals = atoms.all_principals();
    let attribute = atoms.attributes.get(place);
    let key = |variable: &usize| atoms.variables.get(*variable).map(ToString::to_string).unwrap_or_default();
    let text = Text::var("value");
    let (about, formula) = match claim {
        Claim::Only { variable, values, among } => {
            let none = among.iter().map(|value| Formula::equal(&text, &Text::constant(value)).not());
            let known = tests(&text, &values.accept, &values.refuse);
            let parts = std::iter::once(typed(&key(variable), &text)).chain(known).chain(none).collect::<Vec<_>>();
            (format!("the policy variable {} has one of {} values", key(variable), among.len()), Formula::and(parts))
        }
        Claim::Plain { in_domain, accept, refuse } => {
            let own = attribute.filter(|_| *in_domain);
            let own = own.map(|attribute| shape(attribute, all_principals, &|asks| proof::of_text(&text, asks)));
            let parts = own.into_iter().chain(tests(&text, accept, refuse)).collect::<Vec<_>>();
            (
                format!("no value of {name} passes and fails these {} tests as signed", accept.len() + refuse.len()),
                Formula::and(parts),
            )
        }
        Claim::Unseen { main, refuse } => {
            let letters: BTreeSet<Letter> = main.test.letters().copied().collect();
            let words = Words::new(letters.into_iter().map(Sign::Letter), std::iter::once(main).chain(refuse));
            let refused = refuse.iter().map(|test| words.test(&test.test, Reading::Loose).complement());
            let parts = std::iter::once(words.test(&main.test, Reading::Strict)).chain(refused);
            let about =
                format!("what one test of {name} accepts, {} others accept, for all values of policy variables", refuse.len());
            (about, matches(&text, Regex::intersection(parts.collect::<Vec<_>>())))
        }
        Claim::Letters { in_domain, main, accept, refuse, values } => {
            let marks: BTreeSet<Sign> = main.test.letters().map(|letter| Sign::Open(letter.variable, letter.folded)).collect();
            let known = values.values().flat_map(|values| values.accept.iter().chain(&values.refuse));
            let all = std::iter::once(main).chain(accept).chain(refuse).chain(known);
            let words = Words::new(marks.into_iter().chain([Sign::Close]), all);
            let mut parts = vec![words.test(&main.test, Reading::Strict)];
            parts.extend(accept.iter().map(|test| words.test(&test.test, Reading::Loose)));
            parts.extend(refuse.iter().map(|test| words.test(&test.test, Reading::Loose).complement()));
            for (variable, values) in values {
                parts.extend(words.values(*variable, &key(variable), values));
            }
            let shaped = attribute.filter(|_| *in_domain);
            let shaped = shaped.map(|attribute| shape(attribute, all_principals, &|asks| words.loosely(&text, asks)));
            let whole = matches(&text, Regex::intersection(parts));
            let about = format!("no value of {name} passes and fails these tests, for all values of policy variables");
            (about, Formula::and(std::iter::once(whole).chain(shaped).collect::<Vec<_>>()))
        }
    };
    Obligation { kind: ObligationKind::Lemma, about, formula }
}

fn matches(text: &Text, expression: Regex) -> Formula {
    Formula::atom(smt::Atom::Matches(text.clone(), expression.into()))
}

fn tests(text: &Text, accept: &[Rc<Compiled>], refuse: &[Rc<Compiled>]) -> Vec<Formula> {
    let passes = accept.iter().map(|test| proof::accepted(text, &test.test));
    passes.chain(refuse.iter().map(|test| proof::accepted(text, &test.test).not())).collect()
}

/// A text is of the type of a key.
fn typed(key: &str, text: &Text) -> Formula {
    let of_key = Attribute::Key(key.into());
    if type_of(key).is_none() {
        return Formula::True;
    }
    shape(&of_key, false, &|asks| proof::of_text(text, asks))
}

/// What is beside the characters of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sign {
    Letter(Letter),
    Open(usize, bool),
    Close,
}

/// How a test reads a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Strict,
    Loose,
}

/// Signs as characters that no test names.
struct Words {
    signs: BTreeMap<Sign, char>,
    chars: Vec<char>,
}

impl Words {
    fn new<'t>(signs: impl Iterator<Item = Sign>, tests: impl Iterator<Item = &'t Rc<Compiled>>) -> Self {
        let mut named = BTreeSet::new();
        for step in tests.flat_map(|test| test.test.patterns.iter().flatten()) {
            match step {
                Step::One(class) | Step::Run(class) => match class {
                    Class::Char(c) => _ = named.insert(*c),
                    Class::Either(a, b) => named.extend([*a, *b]),
                    Class::Any | Class::But(_) | Class::Digit | Class::Range(..) => {}
                },
                Step::Value(_) => {}
            }
        }
        let free = ('\u{e000}'..'\u{f8ff}').filter(|c| !named.contains(c));
        let signs: BTreeMap<Sign, char> = signs.zip(free).collect();
        let chars = signs.values().copied().collect();
        Self { signs, chars }
    }

    fn sign(&self, sign: Sign) -> Regex {
        self.signs.get(&sign).map_or_else(|| Regex::union([]), |c| Regex::literal(&c.to_string()))
    }

    /// These signs, any number of them.
    fn any_of(&self, counts: impl Fn(&Sign) -> bool) -> Vec<Regex> {
        self.signs.iter().filter(|(sign, _)| counts(sign)).map(|(_, c)| Regex::literal(&c.to_string())).collect()
    }

    /// Marks, any number of them, which a loose reading does not see.
    fn unseen(&self, reading: Reading) -> Vec<Regex> {
        let marks = self.any_of(|sign| !matches!(sign, Sign::Letter(_)));
        if reading == Reading::Strict || marks.is_empty() { Vec::new() } else { vec![Regex::union(marks).star()] }
    }

    /// A character of a class, none of the signs.
    fn character(&self, class: Class) -> Regex {
        let without = |excluded: Few| Regex::none_of(&excluded.chars().chain(self.chars.iter().copied()).collect::<Vec<_>>());
        match class {
            Class::Char(c) => Regex::literal(&c.to_string()),
            Class::Either(a, b) => Regex::union([a, b].map(|c| Regex::literal(&c.to_string()))),
            Class::Any => without(Few::of(&[])),
            Class::But(excluded) => without(excluded),
            Class::Digit => Regex::OneOf([('0', '9')].into()),
            Class::Range(first, last) if first > last => Regex::union([]),
            Class::Range(first, last) => Regex::OneOf([(first, last)].into()),
        }
    }

    fn test(&self, test: &Test, reading: Reading) -> Regex {
        Regex::union(test.patterns.iter().map(|steps| self.regex(steps, reading)).collect::<Vec<_>>())
    }

    fn regex(&self, steps: &[Step], reading: Reading) -> Regex {
        let unseen = self.unseen(reading);
        let mut parts: Vec<Regex> = unseen.clone();
        let mut literal = String::new();
        for step in steps {
            if let (Step::One(Class::Char(c)), true) = (step, unseen.is_empty()) {
                literal.push(*c);
                continue;
            }
            if !literal.is_empty() {
                parts.push(Regex::literal(&std::mem::take(&mut literal)));
            }
            match step {
                Step::One(class) => parts.push(self.character(*class)),
                Step::Run(Class::Any) if reading == Reading::Loose => parts.push(Regex::AnyText),
                Step::Run(class) => {
                    let over = |sign: &Sign| match sign {
                        Sign::Letter(letter) => reading == Reading::Loose && class.includes(letter.class),
                        Sign::Open(..) | Sign::Close => reading == Reading::Loose,
                    };
                    let one = std::iter::once(self.character(*class)).chain(self.any_of(over));
                    parts.push(Regex::union(one.collect::<Vec<_>>()).star());
                }
                Step::Value(own) => parts.push(self.value(own)),
            }
            parts.extend(unseen.clone());
        }
        if !literal.is_empty() {
            parts.push(Regex::literal(&literal));
        }
        Regex::concat(parts)
    }

    /// The place of a variable.
    fn value(&self, own: &Letter) -> Regex {
        let mut ways = Vec::new();
        for (sign, c) in &self.signs {
            let c = Regex::literal(&c.to_string());
            match sign {
                Sign::Letter(letter) if own.reads(letter) => ways.push(c),
                Sign::Open(variable, folded) if *variable == own.variable && (own.folded || !folded) => {
                    ways.push(Regex::concat([c, self.character(own.class).star(), self.sign(Sign::Close)]));
                }
                Sign::Letter(_) | Sign::Open(..) | Sign::Close => {}
            }
        }
        Regex::union(ways)
    }

    /// What stands between the marks of a variable is one of its values.
    fn values(&self, variable: usize, key: &str, values: &Values) -> Vec<Regex> {
        let open = self.sign(Sign::Open(variable, false));
        if !self.signs.contains_key(&Sign::Open(variable, false)) {
            return Vec::new();
        }
        let own_mark = self.signs.get(&Sign::Open(variable, false)).copied().into_iter().collect::<Vec<_>>();
        let every = |own: Regex| {
            let value = Regex::concat([open.clone(), own, self.sign(Sign::Close)]);
            Regex::union([Regex::none_of(&own_mark), value]).star()
        };
        let some = |own: Regex| Regex::concat([Regex::AnyText, open.clone(), own, self.sign(Sign::Close), Regex::AnyText]);
        let typed = type_of(key).and_then(spelling).map(&every);
        let passed = values.accept.iter().map(|test| every(self.test(&test.test, Reading::Strict)));
        let failed = values.refuse.iter().map(|test| some(self.test(&test.test, Reading::Strict)).complement());
        typed.into_iter().chain(passed).chain(failed).collect()
    }

    /// What is asked of a text, asked of a word whose marks are not seen.
    fn loosely(&self, text: &Text, asks: Asks) -> Formula {
        let expression = match asks {
            Asks::Equals(other) => Regex::literal(other),
            Asks::Matches(expression) => expression,
        };
        let whole = self.unseen(Reading::Loose).into_iter().chain([self.loose(&expression)]);
        matches(text, Regex::concat(whole.collect::<Vec<_>>()))
    }

    fn loose(&self, expression: &Regex) -> Regex {
        let then_unseen = |one: Regex| Regex::concat(std::iter::once(one).chain(self.unseen(Reading::Loose)).collect::<Vec<_>>());
        match expression {
            Regex::Literal(text) => {
                Regex::concat(text.chars().map(|c| then_unseen(Regex::literal(&c.to_string()))).collect::<Vec<_>>())
            }
            Regex::AnyChar => then_unseen(self.character(Class::Any)),
            Regex::AnyText => Regex::AnyText,
            Regex::NoneOf(excluded) => {
                let excluded: Vec<char> = excluded.iter().chain(&self.chars).copied().collect();
                then_unseen(Regex::none_of(&excluded))
            }
            Regex::OneOf(ranges) => then_unseen(Regex::OneOf(ranges.clone())),
            Regex::Concat(parts) => Regex::concat(parts.iter().map(|part| self.loose(part)).collect::<Vec<_>>()),
            Regex::Union(parts) => Regex::union(parts.iter().map(|part| self.loose(part)).collect::<Vec<_>>()),
            Regex::Star(part) => self.loose(part).star(),
            // No shape has them; any word would do.
            Regex::Intersection(_) | Regex::Complement(_) => Regex::AnyText,
        }
    }
}
