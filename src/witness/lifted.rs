//! What of the other side does not allow what a search found?
//!
//! A Deny statement, a boundary, session policies, a level of control policies: whatever of it does not allow some request
//! that a statement to blame allows. A request that was found may tell; else one is searched for.

use super::causes::{self, Because, Cause};
use super::explain::{Telling, Words};
use super::unchanged::is_kept;
use crate::eval;
use crate::policy::Access;
use crate::query::{Lifted, Query};
use crate::request::Request;
use crate::search::partition::{self, Group};
use crate::search::replay;
use crate::solve::Decided;

impl Telling<'_, '_> {
    /// What of the other side does not allow some request that this statement allows.
    pub(crate) fn lifted(&mut self, number: usize, shown: &[Request], words: Words) -> Vec<Lifted> {
        let Some(unless) = self.search.unless else { return Vec::new() };
        let mut out = Vec::new();
        for because in causes::causes(unless) {
            let is_same = |deny: usize| is_kept(unless, deny, self.search.grants);
            match because.cause {
                Cause::NotGranted => continue,
                Cause::Denied(deny) if is_same(deny) => continue,
                Cause::Denied(_) | Cause::Closed(_) => {}
            }
            let is = |request: &Request| is_lifted(self.search, unless, &because, request);
            if shown.iter().any(is) || self.finds_lifted(unless, &because, number) {
                out.push(lifted(unless, &because.cause, words));
            }
        }
        out
    }

    fn finds_lifted(&mut self, unless: &Access, because: &Because, number: usize) -> bool {
        let (search, settings) = (self.search, self.settings);
        let groups = match self.groups.take() {
            Some(groups) => groups,
            None => partition::groups(search, settings.budget.states).unwrap_or_default(),
        };
        let about = |group: &&Group| match because.cause {
            Cause::Denied(deny) => group.unless.binary_search(&deny).is_ok(),
            Cause::Closed(_) | Cause::NotGranted => true,
        };
        let lifted = |request: &Request| is_lifted(search, unless, because, request);
        let replay = |request: Request| replay::replayed(search, request).filter(lifted);
        let mut is = false;
        for group in groups.iter().filter(|group| group.grants.binary_search(&number).is_ok()).filter(about) {
            let signed = [(&because.rule, true)];
            is = !self.is_late()
                && matches!(self.decider.decide_part(group.actions(), Some(number), &[], &signed, &replay), Decided::Shown(_));
            if is {
                break;
            }
        }
        self.groups = Some(groups);
        is
    }
}

/// Whether this keeps a request away on the other side, and not on the side that allows it.
fn is_lifted(search: &Query<'_>, unless: &Access, because: &Because, request: &Request) -> bool {
    let still = match &because.cause {
        Cause::Closed(kind) => {
            causes::limit(search.grants, *kind).is_some_and(|rule| !eval::rule_holds(search.grants, rule, request))
        }
        Cause::Denied(_) | Cause::NotGranted => false,
    };
    !still && eval::rule_holds(unless, &because.rule, request)
}

/// What no longer keeps a request away, in words.
fn lifted(unless: &Access, cause: &Cause, words: Words) -> Lifted {
    let Words { denied, closed, other, .. } = words;
    match cause {
        Cause::Denied(deny) => {
            let found = unless.statement(*deny);
            let policy = found.filter(|_| !unless.is_alone()).map(|(member, _)| member.name.clone());
            let index = found.map(|(_, statement)| statement.index);
            let sid = found.and_then(|(_, statement)| statement.sid.clone());
            let shown = index.map(|index| index.to_string()).unwrap_or_default();
            let named = sid.as_ref().map(|sid| format!(" ({sid})")).unwrap_or_default();
            let of = policy.as_ref().map(|policy| format!("{policy} of ")).unwrap_or_default();
            let description = format!("{denied} by Deny statement {shown}{named} of {of}{other}");
            Lifted { description, policy, statement_index: index, statement_id: sid }
        }
        Cause::Closed(kind) => {
            let description = format!("{closed} by {kind} of {other}");
            Lifted { description, policy: Some(kind.to_string()), statement_index: None, statement_id: None }
        }
        Cause::NotGranted => Lifted { description: String::new(), policy: None, statement_index: None, statement_id: None },
    }
}
