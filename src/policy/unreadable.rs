//! What if a value means something that no documentation tells?
//!
//! `"NumericLessThan": {"k": ".5"}` or a date with a blank in place of its `T`: AWS does not document what its parser makes
//! of them. So such a value may match any values of its key, the same for every request. A condition then lies between two
//! readings: [`Bound::Least`] and [`Bound::Most`] of what the access definition could allow, which are a test of presence or
//! nothing in place of the value. An access definition allows more the more of its Allow statements and the fewer of its Deny
//! statements apply, so what the least of it allows it allows however the values are read, and what the most of it
//! does not allow it does not.
//!
//! Where two policies share a condition, each side's own bound forgets that it means the same on both. For that there is
//! [`Bound::Opaque`]: a key of its own takes the condition's place, so that it holds or not as any request has it.
//!
//! What is documented to match nothing stays so: an operator whose values the key's type does not have (service reference:
//! "the match always fails").
//!
//! Sources: IAM User Guide, "IAM JSON policy elements: Condition operators" (which values each operator takes).

use super::condition::{Condition, Quantifier, Test};
use super::operator::BaseOperator;
use super::{Access, Policy, Statement};
use crate::catalog::KeyBase;
use crate::diag::Span;
use crate::document::Effect;
use crate::request::keys;
use std::fmt::Write as _;

/// What starts the keys that take a condition's place.
pub const OPAQUE: &str = "unreadable:";

/// A value that no documentation can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The value.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// How values are read that no documentation can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// So that the least is allowed.
    Least,
    /// So that the most is allowed.
    Most,
    /// By a key of its own in the condition's place.
    Opaque,
}

impl Access {
    /// The access definition with such values read so; `None` if it has none.
    pub fn bounded(&self, bound: Bound) -> Option<Self> {
        self.unreadable().next()?;
        Some(self.rewritten(|policy: &Policy| {
            let mut statements = policy.statements.clone();
            for statement in &mut statements {
                let more = (statement.effect == Effect::Allow) == (bound == Bound::Most);
                for condition in statement.conditions.iter_mut().filter(|condition| !condition.unreadable.is_empty()) {
                    *condition = match bound {
                        Bound::Opaque => opaque(condition),
                        Bound::Least | Bound::Most => condition.at(more),
                    };
                }
            }
            Policy { statements, ..policy.clone() }
        }))
    }

    /// The conditions with such values, each with its statement's number and its policy.
    pub fn unreadable(&self) -> impl Iterator<Item = (usize, &Policy, &Statement, &Condition)> {
        self.statements().flat_map(|(number, member, statement)| {
            let own = statement.conditions.iter().filter(|condition| !condition.unreadable.is_empty());
            own.map(move |condition| (number, &member.policy, statement, condition))
        })
    }
}

impl Condition {
    /// The condition where it holds most often, or least often, however its values are read.
    #[must_use]
    pub fn at(&self, most: bool) -> Self {
        let read = Self { unreadable: Vec::new(), ..self.clone() };
        if self.unreadable.is_empty() || never_matches(self) {
            return read;
        }
        match (self.operator.base, self.negated, most) {
            // "true" is about absence, "false" about presence.
            (BaseOperator::Null, _, true) => Self { when_absent: true, test: Test::Present, ..read },
            // As if the value were not there: it adds to what matches, or to what must not.
            (BaseOperator::Null, _, false) | (_, false, false) | (_, true, true) => read,
            (_, false, true) => Self { test: Test::Present, ..read },
            (_, true, false) => Self { test: Test::Absent, negated: false, ..read },
        }
    }
}

/// A condition whose key has a type that no value of its operator has.
pub fn never_matches(condition: &Condition) -> bool {
    let Some(own) = keys::type_of(&condition.key) else { return false };
    match &condition.test {
        Test::Number(..) | Test::Date(..) => matches!(own, KeyBase::Bool | KeyBase::IpAddress),
        Test::Ip(_) => own != KeyBase::IpAddress,
        Test::Text(..) => condition.operator.base == BaseOperator::Bool && own != KeyBase::Bool,
        Test::Present | Test::Absent => false,
    }
}

/// A condition's first such value, with its place.
pub fn named(policy: &Policy, condition: &Condition) -> String {
    let Some(value) = condition.unreadable.first() else { return String::new() };
    let (source, span) = policy.source.place(value.span);
    let at = source.line_column(span.start);
    format!(
        "no documentation says how AWS reads the value `{}` of `{}` ({}:{}:{}), and the answer hangs on it",
        value.text, condition.operator, source.name, at.line, at.column
    )
}

/// A test of a key of its own, the same for conditions that are written alike.
fn opaque(condition: &Condition) -> Condition {
    if never_matches(condition) {
        return Condition { unreadable: Vec::new(), ..condition.clone() };
    }
    let mut key = String::from(OPAQUE);
    let texts: Vec<&str> = condition.unreadable.iter().map(|one| one.text.as_str()).collect();
    let written = format!("{} {} {:?} {texts:?}", condition.operator, condition.key, condition.test);
    for byte in written.bytes() {
        _ = write!(key, "{byte:02x}");
    }
    Condition {
        key_written: key.clone(),
        key,
        when_absent: false,
        quantifier: Quantifier::Any,
        negated: false,
        test: Test::Present,
        unreadable: Vec::new(),
        ..condition.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Budget, Source};

    fn conditions(text: &str, bound: Bound) -> Option<Vec<(String, Test, bool, bool)>> {
        let text = format!(r#"{{"Statement":{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{text}}}}}"#);
        let access: Access = Policy::read(&Source::new("p", text), &Budget::default()).unwrap().into();
        let bounded = access.bounded(bound)?;
        let of = |one: &Condition| (one.key.clone(), one.test.clone(), one.negated, one.when_absent);
        Some(bounded.statements().flat_map(|(_, _, statement)| statement.conditions.iter().map(of)).collect())
    }

    #[test]
    fn a_value_adds_to_what_matches_or_to_what_must_not() {
        let k = |test: Test, negated: bool, absent: bool| Some(vec![("k".to_owned(), test, negated, absent)]);
        let none = || Test::Number(super::super::Order::Less, Vec::new());
        assert_eq!(conditions(r#"{"NumericLessThan":{"k":".5"}}"#, Bound::Least), k(none(), false, false));
        assert_eq!(conditions(r#"{"NumericLessThan":{"k":".5"}}"#, Bound::Most), k(Test::Present, false, false));
        assert_eq!(conditions(r#"{"NotIpAddress":{"k":"x"}}"#, Bound::Most), k(Test::Ip(Vec::new()), true, true));
        assert_eq!(conditions(r#"{"NotIpAddress":{"k":"x"}}"#, Bound::Least), k(Test::Absent, false, true));
        assert_eq!(conditions(r#"{"Null":{"k":"no"}}"#, Bound::Most), k(Test::Present, false, true));
        assert_eq!(conditions(r#"{"Null":{"k":"no"}}"#, Bound::Least), k(Test::Absent, false, false));
        assert_eq!(conditions(r#"{"Null":{"k":"true"},"StringEquals":{"k":"x"}}"#, Bound::Most), None);
        // Documented to match nothing, whatever the value.
        let never = conditions(r#"{"NumericLessThan":{"aws:SourceIp":".5"}}"#, Bound::Most);
        assert_eq!(never.map(|all| all.into_iter().map(|one| one.1).collect::<Vec<_>>()), Some(vec![none()]));
    }

    #[test]
    fn alike_is_what_is_written_alike() {
        let key = |text: &str| conditions(text, Bound::Opaque).and_then(|all| all.first().map(|one| one.0.clone())).unwrap();
        let one = key(r#"{"NumericLessThan":{"K":"1e100"}}"#);
        assert_eq!(one, key(r#"{"NumericLessThan":{"k":["1e100"]}}"#));
        for other in [
            r#"{"NumericLessThan":{"k":"2e100"}}"#,
            r#"{"NumericLessThan":{"k":"1E100"}}"#,
            r#"{"NumericLessThanEquals":{"k":"1e100"}}"#,
            r#"{"NumericLessThanIfExists":{"k":"1e100"}}"#,
            r#"{"NumericLessThan":{"j":"1e100"}}"#,
            r#"{"NumericLessThan":{"k":["1e100", "5"]}}"#,
        ] {
            assert_ne!(one, key(other), "{other}");
        }
        assert_eq!(one, one.to_ascii_lowercase());
    }
}
