//! Do policies apply to those that they applied to?
//!
//! A policy that says the same grants more once it is attached to somebody else, and a control policy limits less once it is
//! not attached to somebody any more. What the new ones had before is not known here: that is undecided, not a pass.

use crate::check::config::Config;
use crate::check::rules::{self, NEW, UNDECIDED};
use crate::diag::{Finding, Source};
use crate::sources::owners::Owner;

/// What became of the targets of a file's policies; `old` are the resources that it had, if it was there.
pub(super) fn judge(source: &Source, new: &[Owner], old: Option<&[Owner]>, config: &Config) -> Vec<Finding> {
    let Some(old) = old.filter(|_| config.asks(NEW)) else { return Vec::new() };
    let found = |rule: &str, message: String, one: &Owner, span| {
        let mut found = rules::empty(source, config);
        (found.rule, found.level, found.message, found.span) = (rule.to_owned(), config.level(rule), message, span);
        found.subject.clone_from(&one.id);
        found
    };
    let mut out = Vec::new();
    for one in new {
        // All of a new policy is new already.
        let Some(was) = old.iter().find(|was| was.id == one.id) else { continue };
        let more: Vec<&str> = beyond(one, was);
        let less: Vec<&str> = beyond(was, one);
        if !more.is_empty() && !is_control(one) {
            let message =
                format!("Whether this grants new access is unknown: it applies to {} now, which it did not.", more.join(" and "));
            out.push(found(UNDECIDED, message, one, one.span));
        }
        if !less.is_empty() && is_control(one) {
            let message = format!("This control policy does not apply to {} any more.", less.join(" and "));
            out.push(found(NEW, message, one, one.span));
        }
    }
    let is_gone = |was: &&Owner| was.of == ATTACHMENT && !new.iter().any(|one| one.id == was.id);
    for was in old.iter().filter(is_gone) {
        let message = "This attachment of a control policy is gone: what it took away is not taken away any more.".to_owned();
        out.push(found(NEW, message, was, Default::default()));
    }
    out
}

/// The targets of one that another does not have, as they are written.
fn beyond<'o>(one: &'o Owner, other: &Owner) -> Vec<&'o str> {
    one.targets.iter().filter(|(says, _)| !other.targets.contains_key(*says)).map(|(_, shown)| shown.as_str()).collect()
}

/// The attachment of a control policy in Terraform.
const ATTACHMENT: &str = "aws_organizations_policy_attachment";

fn is_control(one: &Owner) -> bool {
    one.of == "AWS::Organizations::Policy" || one.of == ATTACHMENT
}
