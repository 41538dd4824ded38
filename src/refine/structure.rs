//! Is the refined policy still the same policy, statement by statement? (The structure in O4.)
//!
//! Statements of the refined policy are those of the original, in order, and only their actions may differ; what must hold
//! of the actions says `least`. A statement of the original may be missing if nothing of it is in use. Which
//! statement stands for which is not written down, and statements without Sid look alike. So all ways to align them are
//! followed at once: statement by statement of the original, the set of how many refined ones may be accounted for. It
//! grows only where a statement may be missing, each pair is looked at once, and if some way holds, it is found.

use super::least;
use super::obligations::Question;
use crate::document::Statement;
use crate::glob::Glob;
use crate::smt::Formula;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What Z3 is to confirm: closed formulas, each of which must be true.
pub(super) fn claims(question: &Question<'_>) -> Result<Vec<Formula>, String> {
    let (originals, refined) = (&question.original.statements, &question.refined.statements);
    let mut walk = Walk { question, pairs: HashMap::new() };
    // For each count of originals that are accounted for: the counts of refined ones, and whether the last original went.
    let mut reached: Vec<BTreeMap<usize, bool>> = vec![BTreeMap::from([(0, false)])];
    for (at, original) in originals.iter().enumerate() {
        let mut next = BTreeMap::new();
        let may_go = least::may_go(question, original).is_ok();
        for count in reached.get(at).into_iter().flat_map(BTreeMap::keys) {
            if may_go {
                next.entry(*count).or_insert(true);
            }
            if walk.pair(at, *count).is_some_and(|pair| pair.is_ok()) {
                next.insert(count + 1, false);
            }
        }
        reached.push(next);
    }
    let mut count = refined.len();
    if !reached.last().is_some_and(|last| last.contains_key(&count)) {
        return Err(walk.failure(&reached));
    }
    let (mut claims, mut seen) = (Vec::new(), HashSet::new());
    for at in (0..originals.len()).rev() {
        if reached.get(at + 1).and_then(|after| after.get(&count)) == Some(&false) {
            count -= 1;
            let pair = walk.pairs.remove(&(at, count)).and_then(Result::ok);
            claims.extend(pair.into_iter().flatten().filter(|claim| seen.insert(claim.clone())));
        }
    }
    Ok(claims)
}

struct Walk<'q> {
    question: &'q Question<'q>,
    pairs: HashMap<(usize, usize), Result<Vec<Formula>, String>>,
}

impl Walk<'_> {
    /// What is claimed if this refined statement stands for this original; `None` if it cannot, whatever its actions.
    fn pair(&mut self, original: usize, refined: usize) -> Option<&Result<Vec<Formula>, String>> {
        let before = self.question.original.statements.get(original)?;
        let after = self.question.refined.statements.get(refined)?;
        if !same_but_actions(before, after) {
            return None;
        }
        let claims = || least::claims(self.question, refined, before, after);
        Some(self.pairs.entry((original, refined)).or_insert_with(claims))
    }

    /// Why no way holds: the first refined statement that no way accounts for, against the original it looks most like.
    fn failure(&mut self, reached: &[BTreeMap<usize, bool>]) -> String {
        let (originals, refined) = (&self.question.original.statements, &self.question.refined.statements);
        let furthest = reached.iter().flat_map(BTreeMap::keys).max().copied().unwrap_or(0);
        let at = |from: usize| reached.get(from).is_some_and(|counts| counts.contains_key(&furthest));
        // The last place where it was still all right: what comes next may not go.
        let stopped = (0..=originals.len()).rev().find(|from| at(*from)).unwrap_or(0);
        let missing = || {
            let original = originals.get(stopped)?;
            let why = least::may_go(self.question, original).err()?;
            Some(format!("the statement with index {stopped} of the original is missing: {why}"))
        };
        let changed = || {
            format!(
                "the statement with index {furthest} of the refined policy is not a statement of the original with other actions: the structure changed"
            )
        };
        let Some(next) = refined.get(furthest) else { return missing().unwrap_or_else(changed) };
        let first = (0..originals.len()).find(|from| at(*from)).unwrap_or(0);
        let like = |from: &usize| originals.get(*from).filter(|original| same_but_actions(original, next));
        let rank = |from: &usize| like(from).map(|original| (likeness(original, next), at(*from), std::cmp::Reverse(*from)));
        let best = (first..originals.len()).filter(|from| like(from).is_some()).max_by_key(rank);
        match best {
            None => changed(),
            Some(best) if !at(best) => missing().unwrap_or_else(changed),
            Some(best) => match self.pair(best, furthest) {
                Some(Err(why)) => why.clone(),
                Some(Ok(_)) | None => changed(),
            },
        }
    }
}

/// 2 if the actions are the same, 1 if every pattern lies under one of the original: for the message only.
fn likeness(original: &Statement, refined: &Statement) -> u8 {
    if original.action.items == refined.action.items {
        return 2;
    }
    let globs: Vec<Glob> = original.action.items.iter().map(|item| Glob::parse(&item.value).to_ascii_lowercase()).collect();
    // A pattern is also a text, and where a pattern matches it as one, it contains it.
    let under = |text: &str| globs.iter().any(|glob| glob.matches(&text.to_ascii_lowercase()));
    u8::from(refined.action.items.iter().all(|item| under(&item.value)))
}

fn same_but_actions(original: &Statement, refined: &Statement) -> bool {
    original.sid == refined.sid
        && original.effect == refined.effect
        && original.principal == refined.principal
        && original.condition == refined.condition
        && original.action.negated == refined.action.negated
        && match (&original.resource, &refined.resource) {
            (Some(a), Some(b)) => a.negated == b.negated && a.items == b.items,
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        }
}
