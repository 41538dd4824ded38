//! Into which classes do several groups of globs cut all strings, and what is a shortest string of each class?
//!
//! A group matches a string if one of its globs does. Two strings are of one class if the same groups match them. The
//! globs are run together as one automaton, built state by state: a state is the set of positions that some prefix leads
//! to. Where a glob has come to its last star its groups match whatever follows, so all that is kept of it are the groups,
//! and other globs of those groups alone are dropped: many patterns `*X*` of one group do not multiply. Breadth first, so
//! the first string found for a class is a shortest one. Only characters that some live position waits for are told
//! apart; one more stands for all others.
//!
//! The strings may be limited to a [`Domain`], a small automaton of its own (an action is `service:name`).
//!
//! Invariant: the classes are exactly the non-empty ones, or the answer is `None` because there were too many states.
//! Source: subset construction (Rabin and Scott, 1959), as product of the globs' position automata.

use super::{Glob, Token};
use crate::diag::deadline;
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;

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

impl Domain {
    /// How many states one character leads to.
    fn nexts(&self, state: u8) -> usize {
        self.alphabet.chars().filter_map(|c| (self.step)(state, c)).collect::<FxHashSet<u8>>().len()
    }
}

/// One class of strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// The groups that match the strings of this class, in order.
    pub groups: Vec<u32>,
    /// A shortest string of the class.
    pub witness: String,
}

/// A glob with the groups it belongs to, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The glob.
    pub glob: Glob,
    /// Its groups.
    pub groups: Vec<u32>,
}

/// A live position: which glob, and how many of its tokens have been read. A star is a position that stays. A group that
/// matches whatever follows is the position `(MATCHED, group)`.
type Position = (u32, u32);

const MATCHED: u32 = u32::MAX;

/// A state: that of the domain, the live positions, its parent and the character that led from there.
type Reached = (u8, Rc<Vec<Position>>, usize, char);

/// Positions that all states together may hold.
const STORED: usize = 30_000_000;

/// The classes of a domain's strings under these globs, in a fixed order; `None` if more than `most_states` are needed.
pub fn classes(members: &[Member], domain: &Domain, most_states: usize) -> Option<Vec<Class>> {
    let start: Vec<Position> = (0..members.len()).filter_map(|glob| u32::try_from(glob).ok()).map(|glob| (glob, 0)).collect();
    let start = Rc::new(closed(members, start));
    // Every state with its parent and the character that led from there.
    let mut states: Vec<Reached> = vec![(domain.start, start.clone(), 0, ' ')];
    let mut known: FxHashSet<(u8, Rc<Vec<Position>>)> = FxHashSet::from_iter([(domain.start, start)]);
    let mut found: FxHashSet<Vec<u32>> = FxHashSet::default();
    let mut out = Vec::new();
    let (mut at, mut waited, mut stored) = (0, Vec::new(), 0);
    let mut nexts: FxHashMap<u8, usize> = FxHashMap::default();
    while let Some((shape, positions, _, _)) = states.get(at).cloned() {
        if (domain.accepts)(shape) {
            let groups = ended(members, &positions);
            if found.insert(groups.clone()) {
                out.push(Class { groups, witness: spell(&states, at) });
            }
        }
        waited.clear();
        waited.extend(positions.iter().filter_map(|position| waits_for(members, *position)));
        waited.sort_unstable();
        waited.dedup();
        // Of the characters that nobody waits for, one stands for all that lead the domain to the same state.
        let mut others: Vec<(u8, char)> = Vec::new();
        let most_others = *nexts.entry(shape).or_insert_with(|| domain.nexts(shape));
        for c in domain.alphabet.chars().filter(|c| waited.binary_search(c).is_err()) {
            if others.len() == most_others {
                break;
            }
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
            deadline::spend(1 + positions.len() / 16);
            let key = (shape, Rc::new(step(members, &positions, c)));
            if !known.insert(key.clone()) {
                continue;
            }
            stored += key.1.len();
            if states.len() >= most_states || stored > STORED {
                return None;
            }
            states.push((key.0, key.1, at, c));
        }
        at += 1;
    }
    Some(out)
}

fn token(members: &[Member], (glob, read): Position) -> Option<Token> {
    members.get(glob as usize)?.glob.tokens().get(read as usize).copied()
}

/// The character a position waits for, through the star it may stand on.
fn waits_for(members: &[Member], position: Position) -> Option<char> {
    match token(members, position) {
        Some(Token::Char(c)) => Some(c),
        Some(Token::One | Token::Many) | None => None,
    }
}

/// Adds the positions behind stars, which need no character, and settles the groups that match whatever follows.
fn closed(members: &[Member], mut positions: Vec<Position>) -> Vec<Position> {
    let mut at = 0;
    let mut settles = false;
    while let Some(position) = positions.get(at).copied() {
        if position.0 != MATCHED && token(members, position) == Some(Token::Many) {
            positions.push((position.0, position.1 + 1));
            let length = members.get(position.0 as usize).map_or(0, |member| member.glob.tokens().len());
            if position.1 as usize + 1 == length {
                settles = true;
                let groups = members.get(position.0 as usize).map(|member| member.groups.as_slice()).unwrap_or_default();
                positions.extend(groups.iter().map(|group| (MATCHED, *group)));
            }
        }
        at += 1;
    }
    positions.sort_unstable();
    positions.dedup();
    if settles || positions.last().is_some_and(|position| position.0 == MATCHED) {
        let first = positions.partition_point(|position| position.0 != MATCHED);
        let matched: Vec<u32> = positions.get(first..).unwrap_or(&[]).iter().map(|position| position.1).collect();
        // What belongs to settled groups alone can tell nothing new.
        let settled = |glob: u32| {
            let groups = members.get(glob as usize).map(|member| member.groups.as_slice()).unwrap_or_default();
            groups.iter().all(|group| matched.binary_search(group).is_ok())
        };
        positions.retain(|position| position.0 == MATCHED || !settled(position.0));
    }
    positions
}

fn step(members: &[Member], positions: &[Position], c: char) -> Vec<Position> {
    let mut next = Vec::with_capacity(positions.len());
    for position in positions {
        if position.0 == MATCHED {
            next.push(*position);
            continue;
        }
        match token(members, *position) {
            Some(Token::Char(expected)) if expected == c => next.push((position.0, position.1 + 1)),
            Some(Token::One) => next.push((position.0, position.1 + 1)),
            Some(Token::Many) => next.push(*position),
            Some(Token::Char(_)) | None => {}
        }
    }
    closed(members, next)
}

/// The groups that match where a string ends here.
fn ended(members: &[Member], positions: &[Position]) -> Vec<u32> {
    let mut out = Vec::new();
    for position in positions {
        if position.0 == MATCHED {
            out.push(position.1);
        } else if token(members, *position).is_none() {
            out.extend(members.get(position.0 as usize).into_iter().flat_map(|member| member.groups.iter().copied()));
        }
    }
    out.sort_unstable();
    out.dedup();
    out
}

fn spell(states: &[Reached], at: usize) -> String {
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

    /// Every glob a group of its own, and the first two together in one more.
    fn members(globs: &[Glob]) -> Vec<Member> {
        let groups = |at: usize| [Some(at as u32), (at < 2).then_some(100)].into_iter().flatten().collect();
        globs.iter().enumerate().map(|(at, glob)| Member { glob: glob.clone(), groups: groups(at) }).collect()
    }

    fn matching(members: &[Member], text: &str) -> Vec<u32> {
        let matching = members.iter().filter(|member| member.glob.matches(text));
        let groups: std::collections::BTreeSet<u32> = matching.flat_map(|member| member.groups.clone()).collect();
        groups.into_iter().collect()
    }

    #[test]
    fn literal_prefix_and_inner_stars() {
        let members = members(&["ab", "a*", "*b", "?"].map(Glob::parse));
        let found = classes(&members, &ALL, 1_000).unwrap();
        for class in &found {
            assert_eq!(class.groups, matching(&members, &class.witness), "{}", class.witness);
        }
        assert_eq!(found.len(), 8, "{found:?}");
        assert_eq!(classes(&members, &ALL, 2), None);
    }

    #[test]
    fn many_inner_stars_of_one_group_do_not_multiply() {
        let globs = ["*ab*", "*ba*", "*xy*", "*yx*", "*za*", "*az*", "*bx*", "*xb*", "*yz*", "*zy*", "*cc*"].map(Glob::parse);
        let members: Vec<Member> = globs.iter().map(|glob| Member { glob: glob.clone(), groups: vec![0] }).collect();
        assert_eq!(classes(&members, &ALL, 60).unwrap().len(), 2);
    }

    fn agree(globs: &[Glob], domain: &Domain, most: usize) {
        let members = members(globs);
        let found = classes(&members, domain, 100_000).unwrap();
        let mut expected: BTreeMap<Vec<u32>, usize> = BTreeMap::new();
        for text in all_strings(domain.alphabet, most) {
            let end = text.chars().try_fold(domain.start, |state, c| (domain.step)(state, c));
            if end.is_some_and(|state| (domain.accepts)(state)) {
                expected.entry(matching(&members, &text)).or_insert(text.len());
            }
        }
        for class in &found {
            assert_eq!(class.groups, matching(&members, &class.witness), "{}", class.witness);
            if let Some(shortest) = expected.remove(&class.groups) {
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
