//! Are users and roles bounded as they were, and what was attached to them that was not?
//!
//! Boundaries and attached policies are named by ARNs, whose documents stand elsewhere. A boundary that is gone lets more
//! through; whether another one does, or what an attached policy grants, is not known here: that is undecided, not a pass.

use crate::check::config::Config;
use crate::check::rules::{self, NEW, UNDECIDED};
use crate::diag::Finding;
use crate::sources::attached::{Boundary, Identity};

/// What became of the users and roles of a file; `old` are those that it had, if it was there.
pub(super) fn judge(new: &[Identity], old: Option<&[Identity]>, config: &Config) -> Vec<Finding> {
    let mut out = Vec::new();
    if !config.asks(NEW) {
        return out;
    }
    let found = |rule: &str, message: String, one: &Identity| {
        let mut found = rules::empty(&one.source, config);
        (found.rule, found.level, found.message, found.span) = (rule.to_owned(), config.level(rule), message, one.span);
        found.subject.clone_from(&one.name);
        found
    };
    for one in new {
        let before = old.and_then(|old| old.iter().find(|was| was.name == one.name));
        let bounded = |of: &Identity| !of.boundaries.is_empty() && !of.boundaries.contains(&Boundary::None);
        if let Some(was) = before.filter(|was| bounded(was)) {
            if one.boundaries.contains(&Boundary::None) {
                out.push(found(NEW, "This has no permissions boundary any more.".to_owned(), one));
            } else if let Some(other) = one.boundaries.iter().find(|now| !was.boundaries.contains(now)) {
                let other = match other {
                    Boundary::Policy(arn) => format!("{arn} bounds it now, which did not"),
                    _ => "its permissions boundary is not known".to_owned(),
                };
                out.push(found(UNDECIDED, format!("Whether this keeps to {NEW} is unknown: {other}."), one));
            }
        }
        let is_new = |name: &&String| before.is_none_or(|was| !was.managed.contains(name));
        for name in one.managed.iter().filter(is_new) {
            let message = format!(
                "Whether this keeps to {NEW} is unknown: the policy {name}, whose document is not looked at, is newly attached."
            );
            out.push(found(UNDECIDED, message, one));
        }
    }
    out
}
