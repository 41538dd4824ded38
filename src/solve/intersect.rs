//! Is there a text of a domain that all of these tests accept and none of those?
//!
//! All automata run together over one text that is found character by character, breadth first, so the first one found is
//! a shortest one. A branch ends where a test that must accept has no state left, or one that must not accepts everything
//! from here on. Of the characters that no live move names one stands for all, so the search is finite and complete; it is
//! given up when it has seen more states than the budget allows.
//!
//! Plain ways come first: texts that the caller proposes, and if some test accepts finitely many texts, each of those.

use super::known;
use super::language::{Class, Nfa, TOLD_APART, Test};
use crate::catalog::KeyBase;
use crate::diag::deadline;
use rustc_hash::FxHashSet;
use std::rc::Rc;

/// A test with its automaton.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) test: Test,
    pub(super) literals: Option<Vec<String>>,
    nfa: std::cell::OnceCell<Nfa>,
}

impl Compiled {
    pub(super) fn new(test: Test) -> Self {
        let literals = test.literals();
        Self { test, literals, nfa: std::cell::OnceCell::new() }
    }

    pub(super) fn nfa(&self) -> &Nfa {
        self.nfa.get_or_init(|| Nfa::of(&self.test))
    }
}

/// The sorts of texts that there are; one automaton each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Shape {
    /// Every text.
    Any,
    /// Texts of resources.
    Resource,
    /// Principals; all, or identities of accounts alone.
    Principal(bool),
    /// Account ids.
    Account,
    /// Values of a type.
    Typed(KeyBase),
    /// Texts of at least one character.
    NotEmpty,
}

/// The texts that count.
#[derive(Debug)]
pub(super) struct Domain {
    /// Their sort.
    pub(super) shape: Shape,
    /// Their automaton; `None` for all texts.
    pub(super) nfa: Option<Nfa>,
    /// Texts that read well, tried first.
    pub(super) plain: Vec<String>,
}

impl Domain {
    /// Every text counts.
    pub(super) fn any(plain: Vec<String>) -> Self {
        Self { shape: Shape::Any, nfa: None, plain }
    }

    pub(super) fn contains(&self, text: &str) -> bool {
        let Some(nfa) = &self.nfa else { return true };
        let (mut states, mut next) = (nfa.start.clone(), Vec::new());
        for c in text.chars() {
            nfa.step(&states, c, &mut next);
            std::mem::swap(&mut states, &mut next);
        }
        nfa.accepts_at(&states)
    }
}

/// What a search found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Common {
    /// Such a text.
    Text(Rc<str>),
    /// There is none.
    Nothing,
    /// More states than the budget allows.
    TooMany,
}

/// Searches for a text of the domain that all of `accept` accept and none of `refuse` does.
pub(super) fn common(domain: &Domain, accept: &[&Compiled], refuse: &[&Compiled], limit: &mut Limit) -> Common {
    let fits = |text: &str| {
        accept.iter().all(|test| test.test.accepts(text))
            && !refuse.iter().any(|test| test.test.accepts(text))
            && domain.contains(text)
    };
    let finite = accept.iter().filter_map(|test| test.literals.as_ref()).min_by_key(|literals| literals.len());
    if let Some(literals) = finite {
        return literals.iter().find(|text| fits(text)).map_or(Common::Nothing, |text| Common::Text(text.as_str().into()));
    }
    if let Some(text) = domain.plain.iter().find(|text| fits(text)) {
        return Common::Text(text.as_str().into());
    }
    for filled in accept.iter().flat_map(|test| test.test.patterns.iter().take(8)).flat_map(|steps| filled(steps)) {
        if fits(&filled) {
            return Common::Text(filled.into());
        }
    }
    let tests = |compiled: &'_ [&'_ Compiled]| compiled.iter().map(|one| one.test.clone()).collect::<Vec<Test>>();
    let (accepting, refusing) = (tests(accept), tests(refuse));
    known::or_search(domain.shape, accepting, refusing, limit, |limit| search(domain, accept, refuse, limit))
}

/// A pattern with its runs filled, in a few ways that read well.
fn filled(steps: &[super::language::Step]) -> Vec<String> {
    use super::language::Step;
    let fill = |word: &str| -> String {
        let mut out = String::new();
        for (at, step) in steps.iter().enumerate() {
            match step {
                Step::One(Class::Char(c) | Class::Either(c, _) | Class::Range(c, _)) => out.push(*c),
                Step::One(Class::Digit) => out.push('1'),
                // A word stands for the character before its run too.
                Step::One(class) if !word.is_empty() && steps.get(at + 1) == Some(&Step::Run(*class)) => {}
                Step::One(Class::Any | Class::But(_)) => out.push('x'),
                Step::Run(Class::Digit) => out.push_str("111122223333"),
                Step::Run(_) => out.push_str(word),
                Step::Value(_) => {}
            }
        }
        out
    };
    vec![fill("example"), fill("")]
}

/// How much searches may take; the work is shared by all searches of a question. Deterministic, unlike time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    /// States of one search.
    pub(super) states: usize,
    /// Positions read, over all searches.
    pub(super) work: usize,
}

impl Default for Limit {
    fn default() -> Self {
        Self { states: 20_000, work: 60_000_000 }
    }
}

/// Positions that one search may hold, with an empty list counted as some of them.
const STORED: usize = 8_000_000;
const LIST: usize = 6;

/// One state of the search: the states of every automaton, the domain's first.
type State = Vec<Vec<u32>>;

// Long: one breadth-first search over a product of automata, with its limits where they are hit.
fn search(domain: &Domain, accept: &[&Compiled], refuse: &[&Compiled], limit: &mut Limit) -> Common {
    let all_texts = Nfa::of(&Test { patterns: vec![vec![super::language::Step::Run(Class::Any)]] });
    let first = domain.nfa.as_ref().unwrap_or(&all_texts);
    let automata: Vec<&Nfa> = std::iter::once(first).chain(accept.iter().chain(refuse).map(|test| test.nfa())).collect();
    let must = accept.len() + 1;
    let start: State = automata.iter().map(|nfa| nfa.start.clone()).collect();
    // Every state with its parent and the character that led from there.
    let mut states: Vec<(State, usize, char)> = vec![(start.clone(), 0, ' ')];
    let mut known: FxHashSet<State> = FxHashSet::from_iter([start]);
    let mut at = 0;
    let mut waited: Vec<char> = Vec::new();
    let cost = |state: &State| state.len() * LIST + state.iter().map(Vec::len).sum::<usize>();
    let mut stored = 0;
    while let Some((state, _, _)) = states.get(at) {
        let accepted = |(nfa, states): (&&Nfa, &Vec<u32>)| nfa.accepts_at(states);
        let mut pairs = automata.iter().zip(state);
        if pairs.by_ref().take(must).all(accepted) && !pairs.any(accepted) {
            return Common::Text(spell(&states, at).into());
        }
        let state = state.clone();
        let reading = cost(&state);
        waited.clear();
        waited.extend(TOLD_APART);
        for (nfa, states) in automata.iter().zip(&state) {
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
        // One character stands for all that nobody waits for, and one digit for all digits.
        let other = "xyzabcdefghijklmnopqrstuvw-_".chars().chain('\u{100}'..).find(|c| waited.binary_search(c).is_err());
        let digit = ('0'..='9').find(|c| waited.binary_search(c).is_err());
        for c in other.into_iter().chain(digit).chain(waited.iter().copied()) {
            deadline::spend(1 + reading / 16);
            match limit.work.checked_sub(reading) {
                Some(left) => limit.work = left,
                None => return Common::TooMany,
            }
            let mut next: State = Vec::with_capacity(automata.len());
            let mut lives = true;
            for (place, (nfa, states)) in automata.iter().zip(&state).enumerate() {
                let mut into = Vec::new();
                nfa.step(states, c, &mut into);
                if (place < must && into.is_empty()) || (place >= must && nfa.is_universal_at(&into)) {
                    lives = false;
                    break;
                }
                next.push(into);
            }
            if !lives || known.contains(&next) {
                continue;
            }
            stored += cost(&next);
            if states.len() >= limit.states || stored > STORED {
                return Common::TooMany;
            }
            known.insert(next.clone());
            states.push((next, at, c));
        }
        at += 1;
    }
    Common::Nothing
}

fn spell(states: &[(State, usize, char)], at: usize) -> String {
    let mut letters = Vec::new();
    let mut at = at;
    while at != 0 {
        let Some((_, parent, c)) = states.get(at) else { break };
        letters.push(*c);
        at = *parent;
    }
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::super::language::{NO_COLON, Step};
    use super::*;

    fn compiled(pattern: &str, colons: bool) -> Compiled {
        let run = if colons { Class::Any } else { NO_COLON };
        let step = |c| match c {
            '*' => Step::Run(run),
            '?' => Step::One(run),
            c => Step::One(Class::Char(c)),
        };
        Compiled::new(Test { patterns: pattern.split(',').map(|one| one.chars().map(step).collect()).collect() })
    }

    fn all_texts(most: usize) -> Vec<String> {
        let mut out = vec![String::new()];
        let mut last = out.clone();
        for _ in 0..most {
            last = last.iter().flat_map(|head| "ab:x".chars().map(move |c| format!("{head}{c}"))).collect();
            out.extend(last.iter().cloned());
        }
        out
    }

    proptest::proptest! {
        #[test]
        fn found_texts_fit_and_nothing_means_that_no_short_text_does(
            accept in proptest::collection::vec(("[ab:*?]{0,5}(,[ab*]{0,4})?", proptest::bool::ANY), 0..3),
            refuse in proptest::collection::vec(("[ab:*?]{0,4}(,[ab*]{0,4})?", proptest::bool::ANY), 0..4),
        ) {
            let compile = |all: &[(String, bool)]| -> Vec<Compiled> { all.iter().map(|(text, colons)| compiled(text, *colons)).collect() };
            let (accept, refuse) = (compile(&accept), compile(&refuse));
            let fits = |text: &str| accept.iter().all(|t| t.test.accepts(text)) && !refuse.iter().any(|t| t.test.accepts(text));
            let domain = Domain::any(Vec::new());
            let mut limit = Limit { states: 50_000, ..Limit::default() };
            match common(&domain, &accept.iter().collect::<Vec<_>>(), &refuse.iter().collect::<Vec<_>>(), &mut limit) {
                Common::Text(text) => proptest::prop_assert!(fits(&text), "{}", text),
                Common::Nothing => proptest::prop_assert!(!all_texts(5).iter().any(|text| fits(text))),
                Common::TooMany => {}
            }
        }

        #[test]
        fn a_pattern_accepts_as_its_automaton_does(pattern in "[ab:*?]{0,6}", colons in proptest::bool::ANY, text in "[ab:x]{0,6}") {
            let test = compiled(&pattern, colons);
            let nfa = test.nfa();
            let (mut states, mut next) = (nfa.start.clone(), Vec::new());
            for c in text.chars() {
                nfa.step(&states, c, &mut next);
                std::mem::swap(&mut states, &mut next);
            }
            proptest::prop_assert_eq!(test.test.accepts(&text), nfa.accepts_at(&states));
            if colons && pattern.chars().all(|c| c != '?') {
                proptest::prop_assert_eq!(test.test.accepts(&text), crate::glob::Glob::parse(&pattern).matches(&text));
            }
        }
    }
}
