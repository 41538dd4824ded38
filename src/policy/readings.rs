//! What if AWS means it the other way?
//!
//! Where AWS's pages allow two readings, one is the default and the other can be chosen; a verdict that differs under the
//! other says so. How far wildcards reach in ARNs is [`super::ArnMatching`]. The two readings here change no rule of
//! evaluation: they write a policy anew, so evaluator, automata and encoding know nothing of them.
//!
//! **`NotPrincipal`.** By membership (the default) an entry spares everybody it names as a `Principal`: an account all of
//! its principals, a role all of its sessions. By list, AWS "might validate the account first", then the user or role,
//! then the session: a principal is spared only if each of its ARNs is listed. An account that is listed with no other
//! ARN of it is all of its principals in both readings. "Not in all of these lists" is "not in the one, or not in the
//! other", so such a statement becomes one for each level.
//!
//! **A multivalued key without `ForAnyValue` or `ForAllValues`.** Any (the default): a positive operator holds if some
//! value matches, a negated one if none does. All: if all values match, or not all of them.
//!
//! Sources: IAM User Guide, "AWS JSON policy elements: NotPrincipal"; Zelkova's published example of a Deny with
//! `NotPrincipal` an account (Backes et al., FMCAD 2018); "Set operators for multivalued context keys".

use super::keys::is_multivalued;
use super::{Access, Policy, PrincipalMatch, PrincipalPattern, Quantifier, Statement};
use crate::glob::Glob;
use crate::policy::Test;

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

/// One reading of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Readings {
    /// Of `NotPrincipal`.
    pub not_principal: NotPrincipal,
    /// Of conditions without a set operator.
    pub unqualified: Unqualified,
}

impl Access {
    /// The access definition as read so; `None` if these readings change nothing about it.
    pub fn read_as(&self, readings: Readings) -> Option<Self> {
        let by_list = |statement: &Statement| {
            readings.not_principal == NotPrincipal::List && statement.principal.as_ref().is_some_and(|list| list.negated)
        };
        let for_all = |statement: &Statement| readings.unqualified == Unqualified::All && is_unqualified(statement);
        if !self.statements().any(|(_, _, statement)| by_list(statement) || for_all(statement)) {
            return None;
        }
        Some(self.rewritten(|policy: &Policy| {
            let mut statements: Vec<Statement> = Vec::new();
            for statement in &policy.statements {
                let mut statement = statement.clone();
                if for_all(&statement) {
                    all_values(&mut statement);
                }
                match statement.principal.clone().filter(|_| by_list(&statement)) {
                    Some(list) => statements
                        .extend(levels(&list).into_iter().map(|level| Statement { principal: Some(level), ..statement.clone() })),
                    None => statements.push(statement),
                }
            }
            Policy { statements, ..policy.clone() }
        }))
    }
}

/// Whether it asks for a key that may have several values without saying how.
fn is_unqualified(statement: &Statement) -> bool {
    statement.conditions.iter().any(|condition| {
        let compares = !matches!(condition.test, Test::Present | Test::Absent);
        compares && condition.operator.set.is_none() && is_multivalued(&condition.key)
    })
}

fn all_values(statement: &mut Statement) {
    for condition in &mut statement.conditions {
        let compares = !matches!(condition.test, Test::Present | Test::Absent);
        if compares && condition.operator.set.is_none() && is_multivalued(&condition.key) {
            condition.quantifier = if condition.negated { Quantifier::Any } else { Quantifier::All };
        }
    }
}

/// The lists of one level each, all of which must name a principal for it to be spared.
fn levels(list: &PrincipalMatch) -> Vec<PrincipalMatch> {
    let literal = |parts: &[Glob; 6], at: usize| parts.get(at).and_then(Glob::as_literal);
    let account_of = |pattern: &PrincipalPattern| match pattern {
        PrincipalPattern::Arn(parts) => literal(parts, 4),
        _ => None,
    };
    let is_session = |parts: &[Glob; 6]| literal(parts, 5).is_some_and(|rest| rest.starts_with("assumed-role/"));
    let is_role = |parts: &[Glob; 6]| literal(parts, 5).is_some_and(|rest| rest.starts_with("role/"));
    // CloudFront's identities have no account to be listed.
    let has_account =
        |pattern: &PrincipalPattern| account_of(pattern).is_none_or(|account| crate::value::arn::is_account(&account));
    let listed_inside: Vec<String> = list.patterns.iter().filter_map(account_of).collect();
    let root = |partition: &Glob, account: &str| {
        let text = |text: &str| Glob::literal(text);
        let parts = [text("arn"), partition.clone(), text("iam"), text(""), text(account), text("root")];
        PrincipalPattern::Arn(Box::new(parts))
    };
    let level = |keep: &dyn Fn(&PrincipalPattern) -> bool, accounts: bool| PrincipalMatch {
        negated: true,
        patterns: list
            .patterns
            .iter()
            .filter_map(|pattern| match pattern {
                PrincipalPattern::Account { partition, account } if !accounts && listed_inside.contains(account) => {
                    Some(root(partition, account))
                }
                PrincipalPattern::Arn(_) => keep(pattern).then(|| pattern.clone()),
                _ => Some(pattern.clone()),
            })
            .collect(),
    };
    let arn = |wanted: &dyn Fn(&[Glob; 6]) -> bool, pattern: &PrincipalPattern| match pattern {
        PrincipalPattern::Arn(parts) => wanted(parts),
        _ => true,
    };
    vec![
        level(&|pattern| !has_account(pattern), true),
        level(&|pattern| arn(&|parts| !is_session(parts), pattern), false),
        level(&|pattern| arn(&|parts| !is_role(parts), pattern), false),
    ]
}
