//! Which of many globs match one text, without asking each of them?
//!
//! A glob can only match a text that begins with its literal prefix (`s3:Get` of `s3:Get*Acl`). So globs are filed under
//! that prefix, and a text is looked up once for each prefix length in use: `s3:GetObject` under ``, `s3:`, `s3:Get`, ..
//! A glob without wildcards is filed under its whole text; `prefix*` needs no further look; the few that are left are
//! asked. A list of two thousand action patterns is answered in about twenty look-ups.
//!
//! Invariant: the answer is that of asking each glob, which the tests hold it against.

use super::{Glob, Token};
use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry;

/// Globs filed by what every text that they match begins with.
#[derive(Debug, Clone, Default)]
pub struct Index {
    /// The places of globs without wildcards.
    literal: FxHashMap<Box<str>, Places>,
    /// Those with wildcards.
    wild: FxHashMap<Box<str>, Vec<Filed>>,
    /// The lengths of their prefixes in bytes, rising.
    lengths: Vec<usize>,
}

/// The place of a glob, and those of its doubles, which are rare.
#[derive(Debug, Clone)]
struct Places {
    first: usize,
    others: Vec<usize>,
}

#[derive(Debug, Clone)]
struct Filed {
    place: usize,
    /// What is still to be asked; `None` of `prefix*`.
    ask: Option<Glob>,
}

impl Index {
    /// Files globs under their places in the list.
    pub fn new<'g>(globs: impl IntoIterator<Item = &'g Glob>) -> Self {
        let globs = globs.into_iter();
        let mut index = Self::default();
        index.literal.reserve(globs.size_hint().0);
        let mut prefix = String::new();
        for (place, glob) in globs.enumerate() {
            glob.write_literal_prefix(&mut prefix);
            if glob.has_wildcard() {
                let is_prefix = glob.tokens().split_last().is_some_and(|(last, before)| {
                    *last == Token::Many && before.iter().all(|token| matches!(token, Token::Char(_)))
                });
                let ask = (!is_prefix).then(|| glob.clone());
                index.lengths.push(prefix.len());
                index.wild.entry(prefix.as_str().into()).or_default().push(Filed { place, ask });
            } else {
                match index.literal.entry(prefix.as_str().into()) {
                    Entry::Occupied(mut known) => known.get_mut().others.push(place),
                    Entry::Vacant(free) => _ = free.insert(Places { first: place, others: Vec::new() }),
                }
            }
        }
        index.lengths.sort_unstable();
        index.lengths.dedup();
        index
    }

    /// The places of the globs that match, in no particular order.
    pub fn matching<'a>(&'a self, text: &'a str) -> impl Iterator<Item = usize> + 'a {
        let literal = self.literal.get(text).into_iter();
        let literal = literal.flat_map(|places| std::iter::once(places.first).chain(places.others.iter().copied()));
        let starts = self.lengths.iter().map_while(|length| (*length <= text.len()).then(|| text.get(..*length)));
        let filed = starts.flatten().filter_map(|start| self.wild.get(start)).flatten();
        let wild = filed.filter(|one| one.ask.as_ref().is_none_or(|glob| glob.matches(text))).map(|one| one.place);
        literal.chain(wild)
    }

    /// Whether some glob matches.
    pub fn matches(&self, text: &str) -> bool {
        self.matching(text).next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_index_answers_as_its_globs_do(
            globs in prop::collection::vec("[ab:é]{0,3}[*?]{0,2}[ab:*?é]{0,3}", 0..12),
            text in "[ab:é]{0,7}",
        ) {
            let globs: Vec<Glob> = globs.iter().map(|glob| Glob::parse(glob)).collect();
            let index = Index::new(&globs);
            let mut found: Vec<usize> = index.matching(&text).collect();
            found.sort_unstable();
            let expected: Vec<usize> = (0..globs.len()).filter(|at| globs[*at].matches(&text)).collect();
            prop_assert_eq!(index.matches(&text), !expected.is_empty());
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn each_kind_of_glob_is_found() {
        let globs = ["s3:Get*", "s3:GetObject", "*", "s3:*Acl", "s3:Get?bject", "S3:*", "s3:GetObject"].map(Glob::parse);
        let index = Index::new(&globs);
        let found = |text: &str| {
            let mut found: Vec<usize> = index.matching(text).collect();
            found.sort_unstable();
            found
        };
        assert_eq!(found("s3:GetObject"), [0, 1, 2, 4, 6]);
        assert_eq!(found("s3:PutObjectAcl"), [2, 3]);
        assert_eq!(found(""), [2]);
    }
}
