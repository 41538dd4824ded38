//! What gives access that is not read, and did not stand there in the revision?
//!
//! A grant, a share, a nested stack, a connector of SAM's: what they give is not known here. One that is new, says something else
//! than before, or is there under other conditions may give more: that is undecided, not a pass. So is one that limited others
//! and is gone.

use crate::check::config::Config;
use crate::check::rules::{self, NEW, UNDECIDED};
use crate::diag::{Finding, Source};
use crate::sources::beside::Unread;
use crate::sources::choice::{When, can_hold};

/// What became of what is not read in a file; `old` is what it had, if it was there.
pub(super) fn judge(source: &Source, new: &[Unread], old: Option<&[Unread]>, config: &Config) -> Vec<Finding> {
    let mut out = Vec::new();
    if !config.asks(NEW) {
        return out;
    }
    let mut say = |why: String, one: &Unread, is_there: bool| {
        let mut found = rules::empty(source, config);
        (found.rule, found.level) = (UNDECIDED.to_owned(), config.level(UNDECIDED));
        found.message = format!("Whether this keeps to {NEW} is unknown: {why}.");
        found.subject.clone_from(&one.subject);
        if is_there {
            found.span = one.span;
        }
        out.push(found);
    };
    let old = old.unwrap_or_default();
    // Whether something of one list is there for values for which nothing of the other is the same.
    let is_more = |one: &Unread, others: &[Unread]| {
        let same = others.iter().filter(|other| other.subject == one.subject && other.definition == one.definition);
        let mut all: Vec<When> = same.map(|other| other.when.clone().is(false)).collect();
        all.push(one.when.clone());
        can_hold(&all)
    };
    for one in new.iter().filter(|one| is_more(one, old)) {
        let is_known = old.iter().any(|was| was.subject == one.subject);
        let how = if is_known { "which was otherwise" } else { "which is new" };
        say(format!("{}, {how}", one.what), one, true);
    }
    let is_left = |was: &&Unread| !new.iter().any(|one| one.subject == was.subject);
    for was in old.iter().filter(|was| was.limits && is_more(was, new)).filter(is_left) {
        say(format!("{}, and does not any more", was.what), was, false);
    }
    out
}
