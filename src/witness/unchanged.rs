//! What of a policy stands in the other one as well?
//!
//! Two versions of a policy mostly share their statements. Where an Allow statement of the other side asks the same of
//! principal, resource and conditions, lists the same pattern, and no Deny of the other side is missing on this one, what
//! this statement allows through that pattern the other side allows: nothing need be searched for. It is said of policies
//! that stand alone only; in stacks other members decide as well.

use crate::document::Effect;
use crate::glob::Glob;
use crate::policy::{Access, Statement};
use rustc_hash::FxHashSet;

/// The action patterns of a statement of `grants` through which it allows nothing that `unless` does not allow.
pub(super) fn unchanged<'p>(grants: &'p Access, unless: Option<&'p Access>, statement: &'p Statement) -> FxHashSet<&'p Glob> {
    let Some(unless) = unless.filter(|unless| unless.is_alone() && grants.is_alone()) else { return FxHashSet::default() };
    let mut denies = unless.statements().filter(|(_, _, other)| other.effect == Effect::Deny);
    if !denies.all(|(deny, ..)| is_kept(unless, deny, grants)) {
        return FxHashSet::default();
    }
    let grants_alike = |other: &&Statement| other.effect == Effect::Allow && !other.action.negated && are_alike(statement, other);
    let statements = unless.statements().map(|(_, _, other)| other).filter(grants_alike);
    statements.flat_map(|other| other.action.patterns()).collect()
}

/// Whether the granting side has the same Deny, so that it keeps away what it kept away.
pub(crate) fn is_kept(unless: &Access, deny: usize, grants: &Access) -> bool {
    let Some((place, deny)) = unless.statement(deny) else { return false };
    let same = |statement: &Statement| {
        statement.effect == Effect::Deny
            && statement.action.negated == deny.action.negated
            && statement.action.patterns() == deny.action.patterns()
            && are_alike(statement, deny)
    };
    grants.statements().any(|(_, member, statement)| member.place == place.place && same(statement))
}

/// Whether two statements ask the same of principal, resource and conditions.
fn are_alike(one: &Statement, other: &Statement) -> bool {
    one.principal == other.principal
        && one.resource == other.resource
        && one.conditions.len() == other.conditions.len()
        && one.conditions.iter().zip(&other.conditions).all(|(a, b)| a.is_alike(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Budget, Source};
    use crate::policy::Policy;

    fn access(text: &str) -> Access {
        Policy::read(&Source::new("p", text.replace('\'', "\"")), &Budget::default()).unwrap().into()
    }

    /// The patterns of the first statement of the new policy that stand in the old one.
    fn kept(old: &str, new: &str) -> Vec<String> {
        let (old, new) = (access(old), access(new));
        let statement = new.statements().next().unwrap().2;
        let found = unchanged(&new, Some(&old), statement);
        statement.action.patterns().iter().filter(|glob| found.contains(glob)).map(Glob::to_string).collect()
    }

    #[test]
    fn only_what_is_asked_alike_and_no_less_denied_is_unchanged() {
        let old = "{'Statement':[{'Effect':'Allow','Action':['s3:Get*','s3:Put*'],'Resource':'*'}]}";
        let new = "{'Statement':[{'Effect':'Allow','Action':['s3:Get*','s3:*'],'Resource':'*'}]}";
        assert_eq!(kept(old, new), ["s3:get*"]);
        let elsewhere = new.replace("'*'}", "'arn:aws:s3:::a'}");
        assert!(kept(old, &elsewhere).is_empty() && kept(&elsewhere, new).is_empty());
        let condition = "'Resource':'*','Condition':{'Bool':{'aws:SecureTransport':'true'}}";
        assert!(kept(&old.replace("'Resource':'*'", condition), new).is_empty());
        let denied = |text: &str| text.replace("'}]}", "'},{'Effect':'Deny','Action':'s3:GetObject','Resource':'*'}]}");
        assert!(kept(&denied(old), new).is_empty());
        assert_eq!(kept(&denied(old), &denied(new)), ["s3:get*"]);
        assert!(kept(&old.replace("Allow", "Deny"), new).is_empty());
        assert!(kept(&old.replace("Action", "NotAction"), new).is_empty());
    }
}
