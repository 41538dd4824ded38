//! Is what a template with policy variables accepts accepted by other tests too, whatever the values are?
//!
//! A *marked text* is a text in which the values of some variables stand between marks: `home/⟨u:ann⟩/x`. Without its marks
//! it is a text again. A test reads marked texts in one of two ways:
//!
//! - *strictly*: marks stand where its variables are, and nowhere else; what is between the marks of a variable is a value
//!   that the variable can have.
//! - *loosely*: marks are not seen, but that the place of a variable `u` reads `⟨u:..⟩` whole, and nothing else. Wildcards
//!   run over values, and into them.
//!
//! **Theorem.** Fix the values of all variables. (1) Every text that a test accepts is a marked text without its marks that
//! the test reads strictly, in which every variable has its own value. (2) If a test reads such a marked text loosely, it
//! accepts the text without marks. *Proof.* (1) Put marks around what the variables stood for. (2) What is read at the place
//! of `u` is the value of `u`; wildcards and characters read the rest as it stands. ∎
//!
//! So if no marked text is read strictly by one test that must accept ([`Asked::main`]), loosely by the others and by the
//! domain, and loosely by none of those that must refuse, then no text fits, for any values. The search takes every
//! occurrence of a variable to have a value of its own, which only adds marked texts.
//!
//! Of further templates that must accept, the variables are taken for wildcards ([`relaxed`]), but where both templates begin
//! or end alike: that `${a}` and `${b}` are different texts is never concluded. A variable that is compared without case has marks of its own: a place of `u` in
//! such a test reads both, a place of `u` in a test that minds case reads only marks of the same kind. What is known of the
//! values is then not carried over, since it is known of the value itself and not of its other spellings.
//!
//! Most containments need no values: each variable is one letter ([`search_unseen`]). A wildcard runs over a letter if it
//! runs over all that the value may hold where it stands; `?` and characters do not match it. A word of letters stands for
//! all marked texts with values in place of its letters, and is read loosely only if all of them are. This is tried first,
//! it is quicker, and a string solver can judge it: the words are a regular language over a larger alphabet.

use super::intersect::{Compiled, Limit};
use super::language::{Class, Letter, Nfa, Step, TOLD_APART, Test};
use crate::diag::deadline;
use rustc_hash::FxHashSet;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A character of a marked text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Symbol {
    /// A character of the text.
    Char(char),
    /// The value of a variable begins; whether it is compared without case.
    Open(usize, bool),
    /// It ends.
    Close,
    /// A value that is not seen.
    Letter(Letter),
}

/// Which values a variable can have, as far as they are known; tests without variables.
#[derive(Debug, Clone, Default)]
pub(super) struct Values {
    /// The values of its type, if it has one.
    pub(super) typed: Option<Rc<super::intersect::Domain>>,
    /// The value passes all of these.
    pub(super) accept: Vec<Rc<Compiled>>,
    /// It passes none of these.
    pub(super) refuse: Vec<Rc<Compiled>>,
}

/// What is searched for.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    /// The texts that count; `None` for all.
    pub(super) domain: Option<&'a Nfa>,
    /// The test that is read strictly.
    pub(super) main: &'a Compiled,
    /// Tests that must accept.
    pub(super) accept: &'a [Rc<Compiled>],
    /// Tests that must refuse.
    pub(super) refuse: &'a [Rc<Compiled>],
    /// What is known of values.
    pub(super) values: &'a BTreeMap<usize, Values>,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// A marked text, a shortest one.
    Word(Vec<Symbol>),
    /// There is none.
    Nothing,
    /// More states than the budget allows.
    TooMany,
}

/// The test with wildcards in place of its variables; but for variables that stand at a place that `main` has too.
///
/// Two patterns that match one text and begin with as many characters, and the same variables, stand side by side as far as
/// that; so do their ends.
pub(super) fn relaxed(test: &Test, main: Option<&Test>) -> Test {
    let main = main.and_then(|main| if let [steps] = main.patterns.as_slice() { Some(steps.as_slice()) } else { None });
    let main = main.unwrap_or(&[]);
    let beside = |(own, other): &(&Step, &Step)| match (own, other) {
        (Step::One(_), Step::One(_)) => true,
        (Step::Value(own), Step::Value(other)) => own.reads(other),
        _ => false,
    };
    let pattern = |steps: &Vec<Step>| -> Vec<Step> {
        let first = steps.iter().zip(main).take_while(beside).count();
        // A place of `main` is taken for one of the two: `xxx` and `x` match the same text where `x` is empty.
        let last = steps.iter().rev().zip(main.iter().skip(first).rev()).take_while(beside).count();
        let step = |(at, step): (usize, &Step)| match step {
            Step::Value(letter) if at >= first && at + last < steps.len() => Step::Run(letter.class),
            step => *step,
        };
        steps.iter().enumerate().map(step).collect()
    };
    Test { patterns: test.patterns.iter().map(pattern).collect() }
}

/// The text without marks, and the values in it, in order.
pub(super) fn without_marks(word: &[Symbol]) -> (String, Vec<(usize, String)>) {
    let (mut text, mut values, mut open) = (String::new(), Vec::new(), None);
    for symbol in word {
        match symbol {
            Symbol::Char(c) => text.push(*c),
            Symbol::Letter(_) => {}
            Symbol::Open(variable, _) => open = Some((*variable, text.len())),
            Symbol::Close => {
                if let Some((variable, from)) = open.take() {
                    values.push((variable, text.get(from..).unwrap_or("").to_owned()));
                }
            }
        }
    }
    (text, values)
}

/// How an automaton takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Strict,
    /// Loosely, and must accept or must not.
    Loose(bool),
    /// Reads the values of a variable, each by itself, and must accept them or must not.
    Value(usize, bool),
}

type State = Vec<Vec<u32>>;

/// Searches for a marked text.
pub(super) fn search(asked: &Asked<'_>, limit: &mut Limit) -> Found {
    let mut automata: Vec<(Part, &Nfa)> = vec![(Part::Strict, asked.main.nfa())];
    automata.extend(asked.domain.map(|domain| (Part::Loose(true), domain)));
    automata.extend(asked.accept.iter().map(|test| (Part::Loose(true), test.nfa())));
    automata.extend(asked.refuse.iter().map(|test| (Part::Loose(false), test.nfa())));
    let mut marked: Vec<(usize, bool)> = asked.main.test.letters().map(|letter| (letter.variable, letter.folded)).collect();
    marked.sort_unstable();
    marked.dedup();
    for (variable, _) in marked.iter().filter(|(_, folded)| !folded) {
        let Some(values) = asked.values.get(variable) else { continue };
        let typed = values.typed.as_ref().and_then(|domain| domain.nfa.as_ref());
        automata.extend(typed.map(|nfa| (Part::Value(*variable, true), nfa)));
        automata.extend(values.accept.iter().map(|test| (Part::Value(*variable, true), test.nfa())));
        automata.extend(values.refuse.iter().map(|test| (Part::Value(*variable, false), test.nfa())));
    }
    let symbols = marked.into_iter().map(|(variable, folded)| Symbol::Open(variable, folded)).collect::<Vec<_>>();
    run(&automata, &symbols, limit)
}

/// Searches for a word that the one test reads strictly, its variables being letters, and none of the others loosely.
pub(super) fn search_unseen(main: &Compiled, refuse: &[Rc<Compiled>], limit: &mut Limit) -> Found {
    let others = refuse.iter().map(|test| (Part::Loose(false), test.nfa()));
    let automata: Vec<(Part, &Nfa)> = std::iter::once((Part::Strict, main.nfa())).chain(others).collect();
    let mut letters: Vec<Letter> = main.test.letters().copied().collect();
    letters.sort_unstable();
    letters.dedup();
    run(&automata, &letters.into_iter().map(Symbol::Letter).collect::<Vec<_>>(), limit)
}

/// Runs automata together over words of characters and of these symbols, breadth first.
fn run(automata: &[(Part, &Nfa)], letters: &[Symbol], limit: &mut Limit) -> Found {
    // The last list says which variable's value is being read: its place among the letters.
    let start: State = automata
        .iter()
        .map(|(part, nfa)| if matches!(part, Part::Value(..)) { Vec::new() } else { nfa.start.clone() })
        .chain([Vec::new()])
        .collect();
    let mut states: Vec<(State, usize, Symbol)> = vec![(start.clone(), 0, Symbol::Close)];
    let mut known: FxHashSet<State> = FxHashSet::from_iter([start]);
    let mut at = 0;
    while let Some((state, _, _)) = states.get(at) {
        let state = state.clone();
        let open = match state.last().and_then(|open| open.first()).and_then(|place| letters.get(*place as usize)) {
            Some(Symbol::Open(variable, folded)) => Some((*variable, *folded)),
            Some(Symbol::Char(_) | Symbol::Close | Symbol::Letter(_)) | None => None,
        };
        let fits = automata.iter().zip(&state).all(|((part, nfa), states)| match part {
            Part::Strict | Part::Loose(true) => nfa.accepts_at(states),
            Part::Loose(false) => !nfa.accepts_at(states),
            Part::Value(..) => true,
        });
        if open.is_none() && fits {
            return Found::Word(spell(&states, at));
        }
        let reading = state.iter().map(|states| states.len() + 6).sum::<usize>();
        for symbol in symbols(automata, &state, open.is_some(), letters) {
            deadline::spend(1 + reading / 16);
            match limit.work.checked_sub(reading) {
                Some(left) => limit.work = left,
                None => return Found::TooMany,
            }
            let Some(next) = after(automata, &state, symbol, open, letters) else { continue };
            if known.contains(&next) {
                continue;
            }
            if states.len() >= limit.states {
                return Found::TooMany;
            }
            known.insert(next.clone());
            states.push((next, at, symbol));
        }
        at += 1;
    }
    Found::Nothing
}

/// What may come next: marks, characters that some automaton waits for, and one that stands for all others.
fn symbols(automata: &[(Part, &Nfa)], state: &State, is_open: bool, letters: &[Symbol]) -> Vec<Symbol> {
    let mut waited: Vec<char> = TOLD_APART.to_vec();
    for ((_, nfa), states) in automata.iter().zip(state) {
        for (class, _) in states.iter().filter_map(|state| nfa.moves.get(*state as usize)).flatten() {
            match class {
                Class::Char(c) => waited.push(*c),
                Class::Either(a, b) => waited.extend([*a, *b]),
                Class::Range(first, last) => waited.extend(*first..=*last),
                Class::But(excluded) => waited.extend(excluded.chars()),
                Class::Any | Class::Digit => {}
            }
        }
    }
    waited.sort_unstable();
    waited.dedup();
    let other = "xyzabcdefghijklmnopqrstuvw-_".chars().chain('\u{100}'..).find(|c| waited.binary_search(c).is_err());
    let digit = ('0'..='9').find(|c| waited.binary_search(c).is_err());
    let marks: Vec<Symbol> = if is_open { vec![Symbol::Close] } else { letters.to_vec() };
    let characters = other.into_iter().chain(digit).chain(waited).map(Symbol::Char);
    marks.into_iter().chain(characters).collect()
}

/// The state after one more symbol; `None` if nothing can follow.
fn after(
    automata: &[(Part, &Nfa)],
    state: &State,
    symbol: Symbol,
    open: Option<(usize, bool)>,
    letters: &[Symbol],
) -> Option<State> {
    let mut next: State = Vec::with_capacity(state.len());
    for ((part, nfa), states) in automata.iter().zip(state) {
        let mut into = Vec::new();
        match part {
            Part::Strict | Part::Loose(_) => match symbol {
                Symbol::Char(c) => nfa.step(states, c, &mut into),
                mark => nfa.mark(states, mark, *part != Part::Strict, &mut into),
            },
            Part::Value(own, must) => match symbol {
                Symbol::Open(variable, false) if variable == *own => into = nfa.start.clone(),
                Symbol::Open(..) => {}
                Symbol::Char(c) if open == Some((*own, false)) => {
                    nfa.step(states, c, &mut into);
                    if *must && into.is_empty() {
                        return None;
                    }
                }
                Symbol::Char(_) => {}
                Symbol::Close if open == Some((*own, false)) && nfa.accepts_at(states) != *must => return None,
                Symbol::Close | Symbol::Letter(_) => {}
            },
        }
        let dead = match part {
            Part::Strict | Part::Loose(true) => into.is_empty(),
            Part::Loose(false) => nfa.is_universal_at(&into),
            Part::Value(..) => false,
        };
        if dead {
            return None;
        }
        next.push(into);
    }
    next.push(match symbol {
        Symbol::Open(..) => {
            letters.iter().position(|own| *own == symbol).and_then(|at| u32::try_from(at).ok()).into_iter().collect()
        }
        Symbol::Char(_) | Symbol::Letter(_) => state.last().cloned().unwrap_or_default(),
        Symbol::Close => Vec::new(),
    });
    Some(next)
}

fn spell(states: &[(State, usize, Symbol)], at: usize) -> Vec<Symbol> {
    let (mut out, mut at) = (Vec::new(), at);
    while at != 0 {
        let Some((_, parent, symbol)) = states.get(at) else { break };
        out.push(*symbol);
        at = *parent;
    }
    out.reverse();
    out
}

impl Letter {
    /// Whether the place of this variable reads another letter.
    pub(super) fn reads(&self, other: &Letter) -> bool {
        self.variable == other.variable && (self.folded || !other.folded) && self.class.includes(other.class)
    }
}

impl Nfa {
    /// The variable that stands behind a state, and the state that reads its value.
    fn opened(&self, state: u32) -> Option<(Letter, u32)> {
        let at = self.opens.binary_search_by_key(&state, |(from, ..)| *from).ok()?;
        self.opens.get(at).map(|(_, own, inside)| (*own, *inside))
    }

    /// Where a state that reads a value leads behind it; nowhere, if it reads none.
    fn closed(&self, state: u32) -> impl Iterator<Item = u32> {
        let first = self.closes.partition_point(|(inside, _)| *inside < state);
        self.closes.iter().skip(first).take_while(move |(inside, _)| *inside == state).map(|(_, to)| *to)
    }

    /// The states after a mark or a letter; read loosely, what is not at a variable's place does not see marks, and
    /// wildcards run over letters.
    fn mark(&self, states: &[u32], mark: Symbol, loosely: bool, into: &mut Vec<u32>) {
        into.clear();
        for state in states {
            match mark {
                Symbol::Open(variable, folded) => {
                    let reads = |own: &Letter| own.variable == variable && (own.folded || !folded);
                    into.extend(self.opened(*state).filter(|(own, _)| reads(own)).map(|(_, inside)| inside));
                }
                Symbol::Close => into.extend(self.closed(*state)),
                Symbol::Letter(letter) => {
                    let here = self.opened(*state).filter(|(own, _)| own.reads(&letter));
                    into.extend(here.into_iter().flat_map(|(_, inside)| self.closed(inside)));
                }
                Symbol::Char(_) => {}
            }
        }
        for state in states.iter().filter(|_| loosely) {
            let moves = || self.moves.get(*state as usize).into_iter().flatten();
            match mark {
                // A run, and what is behind it.
                Symbol::Letter(letter) if moves().any(|(own, to)| to == state && own.includes(letter.class)) => {
                    into.extend(moves().map(|(_, to)| *to));
                }
                Symbol::Letter(_) => {}
                Symbol::Open(..) | Symbol::Close | Symbol::Char(_) => {
                    let reads_value = self.closed(*state).next().is_some();
                    into.extend((!reads_value).then_some(*state));
                }
            }
        }
        into.sort_unstable();
        into.dedup();
    }
}
