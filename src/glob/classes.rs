//! Into which classes do several globs cut all strings, and what is a shortest string of each class?
//!
//! Two strings are of one class if the same globs match them. The globs are run together as one automaton, built state
//! by state: a state is the set of positions that some prefix leads to, a class is the set of globs that are at their end.
//! Breadth first, so the first string found for a class is a shortest one. Only characters that some live position waits
//! for are told apart; one more stands for all others.
//!
//! The strings may be limited to a [`Domain`], a small automaton of its own (an action is `service:name`).
//!
//! Invariant: the classes are exactly the non-empty ones, or the answer is `None` because there were too many states.
//! Source: subset construction (Rabin and Scott, 1959), as product of the globs' position automata.

use super::{Glob, Token};
use rustc_hash::FxHashSet;

/// The strings that count: a deterministic automaton over a finite alphabet.
#[derive(Debug, Clone, Copy)]
pub struct Domain {
    /// The state before the first character.
    pub start: u8,
    /// The state after a character; `None` if no string goes on so.
    pub step: fn(u8, char) -> Option<u8>,
    /// Whether a string may end here.
    pub accepts: fn(u8) -> bool,
    /// Every character, those that read best first.
    pub alphabet: &'static str,
}

/// One class of strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// For each glob, in order, whether it matches the strings of this class.
    pub matched: Vec<bool>,
    /// A shortest string of the class.
    pub witness: String,
}

/// A live position: which glob, and how many of its tokens have been read. A star is a position that stays.
type Position = (u32, u32);

/// The classes of a domain's strings under these globs, in a fixed order; `None` if more than `most_states` are needed.
pub fn classes(globs: &[Glob], domain: &Domain, most_states: usize) -> Option<Vec<Class>> {
    let start: Vec<Position> = (0..globs.len()).filter_map(|glob| u32::try_from(glob).ok()).map(|glob| (glob, 0)).collect();
    let start = closed(globs, start);
    // Every state with its parent and the character that led from there.
    let mut states: Vec<(u8, Vec<Position>, usize, char)> = vec![(domain.start, start.clone(), 0, ' ')];
    let mut known: FxHashSet<(u8, Vec<Position>)> = FxHashSet::from_iter([(domain.start, start)]);
    let mut found: FxHashSet<Vec<u32>> = FxHashSet::default();
    let mut out = Vec::new();
    let mut at = 0;
    while let Some((shape, positions, _, _)) = states.get(at).cloned() {
        if (domain.accepts)(shape) {
            let ended: Vec<u32> =
                positions.iter().filter(|position| token(globs, **position).is_none()).map(|position| position.0).collect();
            if found.insert(ended.clone()) {
                out.push(Class { matched: matched(globs, &ended), witness: spell(&states, at) });
            }
        }
        let mut waited: Vec<char> = positions.iter().filter_map(|position| waits_for(globs, *position)).collect();
        waited.sort_unstable();
        waited.dedup();
        // Of the characters that nobody waits for, one stands for all that lead the domain to the same state.
        let mut others: Vec<(u8, char)> = Vec::new();
        for c in domain.alphabet.chars().filter(|c| waited.binary_search(c).is_err()) {
            if let Some(next) = (domain.step)(shape, c)
                && !others.iter().any(|(known, _)| *known == next)
            {
                others.push((next, c));
            }
        }
        for c in waited.iter().copied().chain(others.into_iter().map(|(_, c)| c)) {
            if !domain.alphabet.contains(c) {
                continue;
            }
            let Some(shape) = (domain.step)(shape, c) else { continue };
            let next = step(globs, &positions, c);
            let key = (shape, next);
            if known.contains(&key) {
                continue;
            }
            if states.len() >= most_states {
                return None;
            }
            known.insert(key.clone());
            states.push((key.0, key.1, at, c));
        }
        at += 1;
    }
    Some(out)
}

fn token(globs: &[Glob], (glob, read): Position) -> Option<Token> {
    globs.get(glob as usize)?.tokens().get(read as usize).copied()
}

/// The character a position waits for, through the star it may stand on.
fn waits_for(globs: &[Glob], position: Position) -> Option<char> {
    match token(globs, position) {
        Some(Token::Char(c)) => Some(c),
        Some(Token::One | Token::Many) | None => None,
    }
}

/// Adds the positions behind stars, which need no character.
fn closed(globs: &[Glob], mut positions: Vec<Position>) -> Vec<Position> {
    let mut at = 0;
    while let Some(position) = positions.get(at).copied() {
        if token(globs, position) == Some(Token::Many) {
            positions.push((position.0, position.1 + 1));
        }
        at += 1;
    }
    positions.sort_unstable();
    positions.dedup();
    // A star at the end has matched whatever comes: the positions before it in the same glob do not matter any more.
    let finished: Vec<u32> = positions
        .iter()
        .filter(|position| {
            let last = globs.get(position.0 as usize).map_or(0, |glob| glob.tokens().len());
            token(globs, **position) == Some(Token::Many) && position.1 as usize + 1 == last
        })
        .map(|position| position.0)
        .collect();
    positions.retain(|position| {
        finished.binary_search(&position.0).is_err()
            || globs.get(position.0 as usize).is_some_and(|glob| position.1 as usize + 1 >= glob.tokens().len())
    });
    positions
}

fn step(globs: &[Glob], positions: &[Position], c: char) -> Vec<Position> {
    let mut next = Vec::new();
    for position in positions {
        match token(globs, *position) {
            Some(Token::Char(expected)) if expected == c => next.push((position.0, position.1 + 1)),
            Some(Token::One) => next.push((position.0, position.1 + 1)),
            Some(Token::Many) => next.push(*position),
            Some(Token::Char(_)) | None => {}
        }
    }
    next.sort_unstable();
    next.dedup();
    closed(globs, next)
}

/// The globs that have ended, as a flag for each glob.
fn matched(globs: &[Glob], ended: &[u32]) -> Vec<bool> {
    let mut out = vec![false; globs.len()];
    for glob in ended {
        out.get_mut(*glob as usize).into_iter().for_each(|slot| *slot = true);
    }
    out
}

fn spell(states: &[(u8, Vec<Position>, usize, char)], at: usize) -> String {
    let mut letters = Vec::new();
    let mut at = at;
    while at != 0 {
        let Some((_, _, parent, c)) = states.get(at) else { break };
        letters.push(*c);
        at = *parent;
    }
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    const ALL: Domain = Domain { start: 0, step: |_, _| Some(0), accepts: |_| true, alphabet: "abcxyz" };
    const PAIRS: Domain = Domain {
        start: 0,
        step: |state, c| match (state, c) {
            (0, ':') => None,
            (0 | 1, c) if c != ':' => Some(1),
            (1, ':') => Some(2),
            (2 | 3, c) if c != ':' => Some(3),
            _ => None,
        },
        accepts: |state| state == 3,
        alphabet: "axyb:",
    };

    fn all_strings(alphabet: &str, most: usize) -> Vec<String> {
        let mut out = vec![String::new()];
        let mut last = out.clone();
        for _ in 0..most {
            last = last.iter().flat_map(|head| alphabet.chars().map(move |c| format!("{head}{c}"))).collect();
            out.extend(last.iter().cloned());
        }
        out
    }

    #[test]
    fn literal_prefix_and_inner_stars() {
        let globs = ["ab", "a*", "*b", "?"].map(Glob::parse);
        let found = classes(&globs, &ALL, 1_000).unwrap();
        for class in &found {
            let expected: Vec<bool> = globs.iter().map(|glob| glob.matches(&class.witness)).collect();
            assert_eq!(class.matched, expected, "{}", class.witness);
        }
        assert_eq!(found.len(), 8, "{found:?}");
        assert_eq!(classes(&globs, &ALL, 2), None);
    }

    fn agree(globs: &[Glob], domain: &Domain, most: usize) {
        let found = classes(globs, domain, 100_000).unwrap();
        let mut expected: BTreeMap<Vec<bool>, usize> = BTreeMap::new();
        for text in all_strings(domain.alphabet, most) {
            let end = text.chars().try_fold(domain.start, |state, c| (domain.step)(state, c));
            if end.is_some_and(|state| (domain.accepts)(state)) {
                expected.entry(globs.iter().map(|glob| glob.matches(&text)).collect()).or_insert(text.len());
            }
        }
        for class in &found {
            let matched: Vec<bool> = globs.iter().map(|glob| glob.matches(&class.witness)).collect();
            assert_eq!(class.matched, matched, "{}", class.witness);
            if let Some(shortest) = expected.remove(&class.matched) {
                assert_eq!(class.witness.len(), shortest, "{}", class.witness);
            } else {
                assert!(class.witness.len() > most, "{} is not among the short strings", class.witness);
            }
        }
        assert!(expected.is_empty(), "missed {expected:?}");
    }

    proptest::proptest! {
        #[test]
        fn exactly_the_classes_of_all_strings(patterns in proptest::collection::vec("[abx*?]{0,4}", 1..4)) {
            let globs: Vec<Glob> = patterns.iter().map(|pattern| Glob::parse(pattern)).collect();
            agree(&globs, &ALL, 5);
        }

        #[test]
        fn exactly_the_classes_of_a_domain(patterns in proptest::collection::vec("([ab*?]{0,2}:)?[ab*?]{0,3}", 1..4)) {
            let globs: Vec<Glob> = patterns.iter().map(|pattern| Glob::parse(pattern)).collect();
            agree(&globs, &PAIRS, 6);
        }
    }
}
