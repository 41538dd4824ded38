//! Which texts does one test accept? Tests are regular languages, kept as small automata.
//!
//! A wildcard here says which characters it runs over: any, all but the colon (in the first parts of an ARN), a path
//! segment's. That is all that ARN matching, principals and their derived keys need, so each of them is a language of one
//! text and sets of tests have exact intersections and complements (see [`super::intersect`]).
//!
//! An automaton has no empty moves: the positions behind a run are reached together with the run.
//!
//! A policy variable is a step of its own, [`Step::Value`]. A text alone does not say whether it stands there;
//! [`super::letters`] reads texts in which values are marked.

use crate::diag::deadline;
use std::borrow::Cow;
use std::hash::Hash;

/// A set of characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Class {
    /// This one.
    Char(char),
    /// One of these two: a letter without case.
    Either(char, char),
    /// Any.
    Any,
    /// Any but these.
    But(Few),
    /// A decimal digit.
    Digit,
    /// From the first to the last of a few, both included.
    Range(char, char),
}

/// Some of the few characters that a class can leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Few(u16);

/// The characters that a class can leave out: ends of what stands in an ARN, digits, and what an ARN starts with.
const LEFT_OUT: [char; 16] = [':', '/', '|', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'r', 'n'];

impl Few {
    /// These of [`LEFT_OUT`].
    pub(super) const fn of(chars: &[char]) -> Self {
        let (mut bits, mut rest) = (0, chars);
        while let [first, behind @ ..] = rest {
            assert!(Self::bit(*first) != 0, "no bit stands for this character");
            bits |= Self::bit(*first);
            rest = behind;
        }
        Self(bits)
    }

    const fn bit(c: char) -> u16 {
        match c {
            ':' => 1,
            '/' => 1 << 1,
            '|' => 1 << 2,
            '0'..='9' => 1 << (3 + c as u32 - '0' as u32),
            'a' => 1 << 13,
            'r' => 1 << 14,
            'n' => 1 << 15,
            _ => 0,
        }
    }

    fn contains(self, c: char) -> bool {
        self.0 & Self::bit(c) != 0
    }

    /// The characters, in the order of [`LEFT_OUT`].
    pub(super) fn chars(self) -> impl Iterator<Item = char> {
        LEFT_OUT.into_iter().filter(move |c| self.contains(*c))
    }
}

/// All but what ends a part of an ARN, or a principal (see [`super::principal`]).
pub(super) const NO_COLON: Class = Class::But(Few::of(&[':']));
/// All but the colon and digits: of what an ARN has in the place of an account that is not one.
pub(super) const NO_DIGIT: Class = Class::But(Few::of(&[':', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']));
/// All but the bar that stands before a session's name.
pub(super) const NO_BAR: Class = Class::But(Few::of(&['|']));
/// A principal ARN's part.
pub(super) const PART: Class = Class::But(Few::of(&[':', '|']));
/// A segment of a path in a principal ARN.
pub(super) const SEGMENT: Class = Class::But(Few::of(&['/', ':', '|']));

/// Characters that some class tells apart from others, but for digits.
pub(super) const TOLD_APART: [char; 3] = ['/', ':', '|'];

impl Class {
    pub(super) fn contains(self, c: char) -> bool {
        match self {
            Self::Char(own) => own == c,
            Self::Either(a, b) => a == c || b == c,
            Self::Any => true,
            Self::But(excluded) => !excluded.contains(c),
            Self::Digit => c.is_ascii_digit(),
            Self::Range(first, last) => (first..=last).contains(&c),
        }
    }
}

impl Class {
    /// Whether all characters of another class are of this one; said only where it is plain.
    pub(super) fn includes(self, other: Self) -> bool {
        match (self, other) {
            (Self::Any, _) => true,
            (Self::But(own), Self::But(others)) => own.chars().all(|c| others.contains(c)),
            (own, other) => own == other,
        }
    }
}

/// A policy variable in a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Letter {
    /// The variable's number.
    pub(super) variable: usize,
    /// What its value may hold where it stands: no colon in the first parts of an ARN.
    pub(super) class: Class,
    /// Whether the value is compared without case.
    pub(super) folded: bool,
}

/// One step of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Step {
    /// One character of the class.
    One(Class),
    /// Any number of characters of the class.
    Run(Class),
    /// The value of a policy variable.
    Value(Letter),
}

/// A pattern: steps one after the other.
pub(super) type Steps = Vec<Step>;

/// The steps of a plain text.
pub(super) fn literal(text: &str) -> Steps {
    text.chars().map(|c| Step::One(Class::Char(c))).collect()
}

/// A test: the text is accepted by one of the patterns.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Test {
    pub(super) patterns: Vec<Steps>,
}

impl Test {
    /// The texts, if every pattern is a plain text.
    pub(super) fn literals(&self) -> Option<Vec<String>> {
        let plain = |steps: &Steps| -> Option<String> {
            steps.iter().map(|step| if let Step::One(Class::Char(c)) = step { Some(*c) } else { None }).collect()
        };
        self.patterns.iter().map(plain).collect()
    }

    /// Whether it accepts every text.
    pub(super) fn is_everything(&self) -> bool {
        self.patterns.iter().any(|steps| steps.as_slice() == [Step::Run(Class::Any)])
    }

    /// Whether it accepts the text. Patterns with policy variables do not: a text does not say what their values are.
    pub(super) fn accepts(&self, text: &str) -> bool {
        self.patterns.iter().any(|steps| {
            deadline::check();
            accepts(steps, text)
        })
    }

    /// The policy variables in it.
    pub(super) fn letters(&self) -> impl Iterator<Item = &Letter> {
        self.patterns.iter().flatten().filter_map(|step| if let Step::Value(letter) = step { Some(letter) } else { None })
    }

    /// Whether there is a policy variable in it.
    pub(super) fn has_letters(&self) -> bool {
        self.letters().next().is_some()
    }
}

/// Whether one pattern accepts a text: positions run together, as in the automaton.
fn accepts(steps: &[Step], text: &str) -> bool {
    // Most patterns differ early: told without any allocation.
    let (mut rest, mut chars) = (steps, text.chars());
    while let [Step::One(class), behind @ ..] = rest {
        if !chars.next().is_some_and(|c| class.contains(c)) {
            return false;
        }
        rest = behind;
    }
    if rest.is_empty() {
        return chars.next().is_none();
    }
    if rest.iter().any(|step| matches!(step, Step::Value(_))) {
        return false;
    }
    if let [Step::Run(class)] = rest {
        return chars.all(|c| class.contains(c));
    }
    // Most of the others end apart.
    if let (Some(Step::One(class)), Some(last)) = (rest.last(), chars.as_str().chars().next_back())
        && !class.contains(last)
    {
        return false;
    }
    // The live positions; each is noted once for a character, with those behind its runs.
    let (mut live, mut next) = (Vec::new(), Vec::new());
    let mut noted = vec![0; rest.len() + 1];
    let mut reach = |into: &mut Vec<usize>, read: usize, position: usize| {
        for position in position..=rest.len() {
            match noted.get_mut(position).filter(|noted| **noted <= read) {
                Some(noted) => *noted = read + 1,
                None => break,
            }
            into.push(position);
            if !matches!(rest.get(position), Some(Step::Run(_))) {
                break;
            }
        }
    };
    reach(&mut live, 0, 0);
    for (read, c) in chars.enumerate() {
        deadline::spend(1 + live.len() / 16);
        next.clear();
        for position in live.iter().copied() {
            match rest.get(position) {
                Some(Step::One(class)) if class.contains(c) => reach(&mut next, read + 1, position + 1),
                Some(Step::Run(class)) if class.contains(c) => reach(&mut next, read + 1, position),
                Some(Step::One(_) | Step::Run(_) | Step::Value(_)) | None => {}
            }
        }
        if next.is_empty() {
            return false;
        }
        std::mem::swap(&mut live, &mut next);
    }
    live.contains(&rest.len())
}

/// Whether two steps are the same run.
fn is_doubled(pair: &[Step]) -> bool {
    matches!(pair, [before @ Step::Run(_), behind] if before == behind)
}

/// An automaton without empty moves.
#[derive(Debug, Clone, Default)]
pub(super) struct Nfa {
    pub(super) start: Vec<u32>,
    pub(super) moves: Vec<Vec<(Class, u32)>>,
    pub(super) accepting: Vec<bool>,
    /// States from which every text is accepted.
    pub(super) universal: Vec<bool>,
    /// Where a state leads at the mark before a variable's value: into a state that reads the value. By state.
    pub(super) opens: Vec<(u32, Letter, u32)>,
    /// Where a state that reads a value leads at the mark behind it. By state.
    pub(super) closes: Vec<(u32, u32)>,
}

impl Nfa {
    /// The automaton of a test.
    pub(super) fn of(test: &Test) -> Self {
        let mut out = Self::default();
        for steps in &test.patterns {
            deadline::spend(1 + steps.len() / 8);
            // A run behind the same run says nothing new, and every position leads over all runs behind it.
            let mut steps = Cow::Borrowed(steps.as_slice());
            if steps.windows(2).any(is_doubled) {
                steps.to_mut().dedup_by(|behind, before| is_doubled(&[*before, *behind]));
            }
            let base = out.moves.len();
            let state = |position: usize| u32::try_from(base + position).unwrap_or(u32::MAX);
            // Where a position leads without reading: over the runs behind it.
            let reached = |position: usize| {
                let runs = steps.iter().skip(position).take_while(|step| matches!(step, Step::Run(_))).count();
                deadline::spend(1 + runs / 8);
                (position..=position + runs).map(state)
            };
            out.start.extend(reached(0));
            for (position, step) in steps.iter().enumerate() {
                out.moves.push(match step {
                    Step::One(class) => reached(position + 1).map(|target| (*class, target)).collect(),
                    Step::Run(class) => vec![(*class, state(position))],
                    Step::Value(_) => Vec::new(),
                });
            }
            out.moves.push(Vec::new());
            // A run reaches what is behind it as well.
            for (position, step) in steps.iter().enumerate() {
                if let (Step::Run(class), Some(moves)) = (step, out.moves.get_mut(base + position)) {
                    moves.extend(reached(position + 1).map(|target| (*class, target)));
                }
            }
            for position in 0..=steps.len() {
                out.accepting.push(position == steps.len());
                out.universal.push(position + 1 == steps.len() && steps.last() == Some(&Step::Run(Class::Any)));
            }
            // The states that read values come behind the positions.
            for (position, step) in steps.iter().enumerate() {
                let Step::Value(letter) = step else { continue };
                let inside = u32::try_from(out.moves.len()).unwrap_or(u32::MAX);
                out.moves.push(vec![(letter.class, inside)]);
                out.accepting.push(false);
                out.universal.push(false);
                out.opens.push((state(position), *letter, inside));
                out.closes.extend(reached(position + 1).map(|target| (inside, target)));
            }
        }
        out
    }

    /// An automaton from states that each list their moves, with those that accept; state 0 is the start.
    pub(super) fn from_moves(moves: Vec<Vec<(Class, u32)>>, accepting: &[u32]) -> Self {
        let accepts = |state: usize| accepting.iter().any(|own| *own as usize == state);
        let accepting = (0..moves.len()).map(accepts).collect();
        Self { start: vec![0], universal: vec![false; moves.len()], moves, accepting, ..Self::default() }
    }

    /// The states after one more character.
    pub(super) fn step(&self, states: &[u32], c: char, into: &mut Vec<u32>) {
        into.clear();
        for state in states {
            if self.universal.get(*state as usize) == Some(&true) {
                into.clear();
                into.push(*state);
                return;
            }
            for (class, target) in self.moves.get(*state as usize).into_iter().flatten() {
                if class.contains(c) {
                    into.push(*target);
                }
            }
        }
        into.sort_unstable();
        into.dedup();
    }

    pub(super) fn accepts_at(&self, states: &[u32]) -> bool {
        states
            .iter()
            .any(|state| self.accepting.get(*state as usize) == Some(&true) || self.universal.get(*state as usize) == Some(&true))
    }

    pub(super) fn is_universal_at(&self, states: &[u32]) -> bool {
        states.iter().any(|state| self.universal.get(*state as usize) == Some(&true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pattern(text: &str) -> Vec<Step> {
        let step = |c| match c {
            '*' => Step::Run(Class::Any),
            '#' => Step::Run(NO_COLON),
            other => Step::One(Class::Char(other)),
        };
        text.chars().map(step).collect()
    }

    proptest! {
        #[test]
        fn an_automaton_reads_what_its_patterns_accept(one in "[ab*#]{0,8}", two in "[ab:*#]{0,8}", text in "[ab:]{0,8}") {
            let test = Test { patterns: vec![pattern(&one), pattern(&two)] };
            let nfa = Nfa::of(&test);
            let (mut states, mut next) = (nfa.start.clone(), Vec::new());
            for c in text.chars() {
                nfa.step(&states, c, &mut next);
                std::mem::swap(&mut states, &mut next);
            }
            prop_assert_eq!(nfa.accepts_at(&states), test.accepts(&text));
        }
    }

    #[test]
    fn runs_upon_runs_are_no_work() {
        let test = Test { patterns: vec![pattern(&"*".repeat(10_000))] };
        let steps = deadline::steps_of(|| _ = Nfa::of(&test));
        assert!(steps < 10_000, "{steps}");
        assert_eq!(Nfa::of(&test).moves.len(), 2);
    }
}
