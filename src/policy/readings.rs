//! What if AWS means it the other way?
//!
//! Where AWS's pages allow two readings, one is the default and the other can be chosen; a verdict that differs under the
//! other says so. How far wildcards reach in ARNs is [`super::ArnMatching`]. The readings here change no rule of
//! evaluation: they write a policy anew, for evaluator, automata and encoding alike.
//!
//! **`NotPrincipal`.** By membership (the default) an entry spares everybody it names as a `Principal`: an account all of
//! its principals, a role all of its sessions. By list, AWS "might validate the account first", then the user or role,
//! then the session: a principal is spared only if each of its ARNs is listed. An account that is listed with no other
//! ARN of it is all of its principals in both readings. So the list becomes one for each level, all of which must name a
//! principal ([`PrincipalMatch::levels`]).
//!
//! **A multivalued key without `ForAnyValue` or `ForAllValues`.** Any (the default): a positive operator holds if some
//! value matches, a negated one if none does. All: if all values match, or not all of them.
//!
//! **`ForAnyValue:..IfExists` on an absent key.** Holds (the default): "if the key is not present, evaluate the condition
//! element as true". Fails: "the condition returns false if there are no keys in the request".
//!
//! Sources: IAM User Guide, "AWS JSON policy elements: NotPrincipal"; Zelkova's published example of a Deny with
//! `NotPrincipal` an account (Backes et al., FMCAD 2018); "Set operators for multivalued context keys".

use super::keys::is_multivalued;
use super::operator::SetOperator;
use super::{Access, Condition, Policy, PrincipalMatch, PrincipalPattern, Quantifier, Statement, Test};
use crate::glob::Glob;
use crate::value::arn;

/// Whom `NotPrincipal` spares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum NotPrincipal {
    /// Whom its entries name.
    #[default]
    Membership,
    /// Whose ARNs are all listed.
    List,
}

/// When a condition without a set operator holds for several values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Unqualified {
    /// Some value matches; negated: none does.
    #[default]
    Any,
    /// All values match; negated: not all do.
    All,
}

/// What `ForAnyValue:..IfExists` says of an absent key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AnyIfExists {
    /// It holds: `IfExists` says so of every operator.
    #[default]
    Holds,
    /// It fails: `ForAnyValue` says so, and `IfExists` changes nothing.
    Fails,
}

/// One reading of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Readings {
    /// Of `NotPrincipal`.
    pub not_principal: NotPrincipal,
    /// Of conditions without a set operator.
    pub unqualified: Unqualified,
    /// Of `ForAnyValue:..IfExists`.
    pub any_if_exists: AnyIfExists,
}

impl Access {
    /// The access definition as read so; `None` if these readings change nothing about it.
    pub fn read_as(&self, readings: Readings) -> Option<Self> {
        let by_list = |statement: &Statement| {
            readings.not_principal == NotPrincipal::List && statement.principal.as_ref().is_some_and(|list| list.negated)
        };
        let for_all = |condition: &Condition| readings.unqualified == Unqualified::All && is_unqualified(condition);
        let fails = |condition: &Condition| readings.any_if_exists == AnyIfExists::Fails && is_any_if_exists(condition);
        let reads = |condition: &Condition| for_all(condition) || fails(condition);
        let differs = |statement: &Statement| by_list(statement) || statement.conditions.iter().any(reads);
        if !self.statements().any(|(_, _, statement)| differs(statement)) {
            return None;
        }
        Some(self.rewritten(|policy: &Policy| {
            let mut statements = policy.statements.clone();
            for statement in &mut statements {
                for condition in statement.conditions.iter_mut().filter(|condition| for_all(condition)) {
                    condition.quantifier = if condition.negated { Quantifier::Any } else { Quantifier::All };
                }
                for condition in statement.conditions.iter_mut().filter(|condition| fails(condition)) {
                    condition.when_absent = false;
                }
                if by_list(statement) {
                    statement.principal.iter_mut().for_each(|list| list.levels = levels(list));
                }
            }
            Policy { statements, ..policy.clone() }
        }))
    }
}

/// Whether it asks for a key that may have several values without saying how.
fn is_unqualified(condition: &Condition) -> bool {
    let compares = !matches!(condition.test, Test::Present | Test::Absent);
    compares && condition.operator.set.is_none() && is_multivalued(&condition.key)
}

/// Whether it is a `ForAnyValue:..IfExists`.
fn is_any_if_exists(condition: &Condition) -> bool {
    condition.operator.set == Some(SetOperator::ForAnyValue) && condition.operator.if_exists
}

/// The lists of one level each, all of which must name a principal for it to be spared.
fn levels(list: &PrincipalMatch) -> Vec<Vec<PrincipalPattern>> {
    let part = |pattern: &PrincipalPattern, at: usize| match pattern {
        PrincipalPattern::Arn(parts) => parts.get(at).cloned(),
        _ => None,
    };
    let starts =
        |pattern: &PrincipalPattern, start: &str| part(pattern, 5).is_some_and(|rest| rest.literal_prefix().starts_with(start));
    // CloudFront's identities have no account to be listed.
    let of_no_account = |pattern: &PrincipalPattern| {
        part(pattern, 4).and_then(|account| account.as_literal()).is_some_and(|account| !arn::is_account(&account))
    };
    let listed_inside =
        |account: &str| list.patterns.iter().any(|pattern| part(pattern, 4).is_some_and(|inside| inside.matches(account)));
    let root = |account: &str| {
        let text = |text: &str| Glob::literal(text);
        let parts = [text("arn"), Glob::parse("*"), text("iam"), text(""), text(account), text("root")];
        PrincipalPattern::Arn(Box::new(parts))
    };
    let own = |keeps: &dyn Fn(&PrincipalPattern) -> bool| -> Vec<PrincipalPattern> {
        let of = |pattern: &PrincipalPattern| match pattern {
            // Beside ARNs of its principals an account is its root.
            PrincipalPattern::Account(account) if listed_inside(account) => Some(root(account)),
            PrincipalPattern::Arn(_) if !keeps(pattern) => None,
            _ => Some(pattern.clone()),
        };
        list.patterns.iter().filter_map(of).collect()
    };
    let counts = |pattern: &&PrincipalPattern| !matches!(pattern, PrincipalPattern::Arn(_)) || of_no_account(pattern);
    let accounts = list.patterns.iter().filter(counts).cloned().collect();
    vec![accounts, own(&|pattern| !starts(pattern, "assumed-role/")), own(&|pattern| !starts(pattern, "role/"))]
}
