//! From which other patterns of a list must one be told apart?
//!
//! Patterns of two services have no common action, as the text before the first colon differs; nor have two that differ in
//! a character before their first wildcards. So a pattern has only to be told from its peers, and a list of thousands is
//! not a matter of millions.

use crate::glob::Glob;
use std::collections::HashMap;

/// A list of patterns, in lower case, with their places.
pub(super) struct Peers<'a> {
    of_service: HashMap<String, Vec<(usize, &'a Glob)>>,
    of_any: Vec<(usize, &'a Glob)>,
}

impl<'a> Peers<'a> {
    pub(super) fn new(globs: &'a [Glob]) -> Self {
        let (mut of_service, mut of_any) = (HashMap::<_, Vec<_>>::new(), Vec::new());
        for (at, glob) in globs.iter().enumerate() {
            match glob.literal_before(':') {
                Some(service) => of_service.entry(service).or_default().push((at, glob)),
                None => of_any.push((at, glob)),
            }
        }
        Self { of_service, of_any }
    }

    /// The others that may match an action that the pattern at this place matches.
    pub(super) fn of(&self, glob: &Glob, at: usize) -> Vec<&'a Glob> {
        let same: Vec<&(usize, &Glob)> = match glob.literal_before(':') {
            Some(service) => self.of_service.get(&service).into_iter().flatten().collect(),
            None => self.of_service.values().flatten().collect(),
        };
        same.into_iter()
            .chain(&self.of_any)
            .filter(|(other, peer)| *other != at && !peer.begins_apart(glob))
            .map(|(_, peer)| *peer)
            .collect()
    }

    /// Whether one of them matches an action, in lower case.
    pub(super) fn match_action(&self, action: &str) -> bool {
        let service = action.split_once(':').map_or("", |(service, _)| service);
        let same = self.of_service.get(service).into_iter().flatten();
        same.chain(&self.of_any).any(|(_, glob)| glob.matches(action))
    }
}
