//! What if AWS means it the other way?
//!
//! Where AWS's pages allow two readings, one is the default and the other can be chosen; a verdict that differs under the
//! other says so. The readings, the rows of [`READINGS`], change no rule of evaluation: they write a policy anew, for
//! evaluator, automata and encoding alike, when a question is made of it (`Settings::read`, which every question calls). No
//! meaning knows of them, and a search of policies that are not read as its settings say is refused as a defect.
//!
//! **How far a wildcard reaches in a resource's ARN.** Part by part (the default), or over colons: then the whole ARN is one
//! text, and a pattern has no parts ([`ResourcePattern::as_one_text`]). So it is for patterns that a question lists.
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
//! Sources: IAM User Guide, "IAM JSON policy elements: Resource", "AWS JSON policy elements: NotPrincipal"; Zelkova's published example of a Deny with
//! `NotPrincipal` an account (Backes et al., FMCAD 2018); "Set operators for multivalued context keys".

use super::operator::SetOperator;
use super::{Access, Condition, Policy, PrincipalMatch, PrincipalPattern, Quantifier, ResourcePattern, Statement, Test};
use crate::glob::Glob;
use crate::request::keys::is_multivalued;
use crate::value::arn;

/// How far a wildcard reaches in an ARN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ArnMatching {
    /// Part by part: the default.
    #[default]
    Segment,
    /// Over colons too: the whole ARN is one text.
    Greedy,
}

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
    /// Of wildcards in resource ARNs.
    pub arn_matching: ArnMatching,
    /// Of `NotPrincipal`.
    pub not_principal: NotPrincipal,
    /// Of conditions without a set operator.
    pub unqualified: Unqualified,
    /// Of `ForAnyValue:..IfExists`.
    pub any_if_exists: AnyIfExists,
}

/// A place where AWS's pages allow two readings.
#[derive(Debug)]
pub struct Reading {
    /// Its switch, without the dashes.
    pub flag: &'static str,
    /// What the switch takes: the default, and the other one.
    pub values: [&'static str; 2],
    /// Whether the other one is chosen.
    is_other: fn(&Readings) -> bool,
    /// Chooses the other one, or the default.
    choose: fn(&mut Readings, bool),
    /// Whether the other one means something else of a statement.
    differs: fn(&Statement) -> bool,
    /// Writes a statement as the other one means it.
    rewrite: fn(&mut Statement),
}

/// All of them: another reading is a row, a field of [`Readings`] and a switch.
pub static READINGS: [Reading; 4] = [
    Reading {
        flag: "arn-matching",
        values: ["segment", "greedy"],
        is_other: |readings| readings.arn_matching == ArnMatching::Greedy,
        choose: |readings, other| {
            readings.arn_matching = if other { ArnMatching::Greedy } else { ArnMatching::Segment };
        },
        differs: |statement| {
            statement.resource.as_ref().is_some_and(|listed| listed.patterns.iter().any(ResourcePattern::can_reach))
        },
        rewrite: |statement| {
            for pattern in statement.resource.iter_mut().flat_map(|listed| &mut listed.patterns) {
                *pattern = pattern.clone().as_one_text();
            }
        },
    },
    Reading {
        flag: "not-principal",
        values: ["membership", "list"],
        is_other: |readings| readings.not_principal == NotPrincipal::List,
        choose: |readings, other| {
            readings.not_principal = if other { NotPrincipal::List } else { NotPrincipal::Membership };
        },
        differs: |statement| statement.principal.as_ref().is_some_and(|list| list.negated),
        rewrite: |statement| {
            statement.principal.iter_mut().filter(|list| list.negated).for_each(|list| list.levels = levels(list));
        },
    },
    Reading {
        flag: "unqualified",
        values: ["any", "all"],
        is_other: |readings| readings.unqualified == Unqualified::All,
        choose: |readings, other| readings.unqualified = if other { Unqualified::All } else { Unqualified::Any },
        differs: |statement| statement.conditions.iter().any(is_unqualified),
        rewrite: |statement| {
            for condition in statement.conditions.iter_mut().filter(|condition| is_unqualified(condition)) {
                condition.quantifier = if condition.negated { Quantifier::Any } else { Quantifier::All };
            }
        },
    },
    Reading {
        flag: "any-if-exists",
        values: ["holds", "fails"],
        is_other: |readings| readings.any_if_exists == AnyIfExists::Fails,
        choose: |readings, other| {
            readings.any_if_exists = if other { AnyIfExists::Fails } else { AnyIfExists::Holds };
        },
        differs: |statement| statement.conditions.iter().any(is_any_if_exists),
        rewrite: |statement| {
            for condition in statement.conditions.iter_mut().filter(|condition| is_any_if_exists(condition)) {
                condition.when_absent = false;
            }
        },
    },
];

impl Reading {
    /// Whether it matters which one of the two an access definition is read by.
    pub fn matters(&self, access: &Access) -> bool {
        access.statements().any(|(_, _, statement)| (self.differs)(statement))
    }

    /// The same readings but for this one, and the argument that asks for them.
    pub fn turned(&self, mut readings: Readings) -> (Readings, String) {
        let other = !(self.is_other)(&readings);
        (self.choose)(&mut readings, other);
        let [default, second] = self.values;
        (readings, format!("--{} {}", self.flag, if other { second } else { default }))
    }
}

impl Readings {
    /// The readings of an access definition that it still has to be written anew for.
    fn left(self, access: &Access) -> impl Iterator<Item = &'static Reading> {
        let (plain, done) = (self == Self::default(), access.readings());
        READINGS.iter().filter(move |row| !plain && (row.is_other)(&self) && !(row.is_other)(&done) && row.matters(access))
    }

    /// A resource pattern that a question lists, as it is read; those of policies are read with them.
    pub fn pattern(self, listed: ResourcePattern) -> ResourcePattern {
        match self.arn_matching {
            ArnMatching::Segment => listed,
            ArnMatching::Greedy => listed.as_one_text(),
        }
    }
}

impl Access {
    /// The access definition as read so; `None` if that changes nothing about it. What was read the other way already stays
    /// so: a definition is read once, from the policies as they are written.
    pub fn read_as(&self, readings: Readings) -> Option<Self> {
        let left: Vec<&Reading> = readings.left(self).collect();
        if left.is_empty() {
            return None;
        }
        let rewritten = self.rewritten(|policy: &Policy| {
            let mut statements = policy.statements.clone();
            for statement in &mut statements {
                left.iter().for_each(|row| (row.rewrite)(statement));
            }
            Policy { statements, ..policy.clone() }
        });
        let mut done = self.readings();
        left.iter().for_each(|row| (row.choose)(&mut done, true));
        Some(rewritten.with_readings(done))
    }

    /// Whether it is read so: [`Access::read_as`] would change nothing.
    pub fn is_read_as(&self, readings: Readings) -> bool {
        readings.left(self).next().is_none()
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
