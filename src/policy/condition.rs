//! What does one condition ask of its key?
//!
//! Every operator comes down to four things: the answer when the key is absent, a quantifier over the key's values, a test
//! of one value against the policy's values, and whether the test is negated (no policy value matches). So
//! `StringNotEquals` is "absent: true; all values; none equal", `ForAnyValue:StringLike` is "absent: false; some value;
//! one matches". A key without a set operator that has several values is read existentially for positive operators and
//! as the complement for negated ones (this project's decision: AWS leaves it open).
//!
//! A text that is no number under a Numeric operator (no date, no address) passes neither the operator nor its negation:
//! the operator does not apply to it (this project's decision, after the service reference's note on wrong types).
//!
//! Sources: IAM User Guide, "Condition operators", "Set operators for multivalued context keys", "Logic for multiple
//! context keys or values".

use super::operator::{BaseOperator, Kind, Operator, Order, SetOperator, TextMode};
use super::own_account;
use super::template::{Template, Variable};
use super::unreadable::Unreadable;
use crate::catalog::KeyBase;
use crate::diag::{Span, deadline};
use crate::request::derived::{ValueForm, form_of};
use crate::request::keys::type_of;
use crate::value::{date, fold, ip, number};
use bigdecimal::BigDecimal;

/// Over which values of the key the test runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Quantifier {
    /// Some value must pass.
    Any,
    /// Every value must pass.
    All,
}

/// The test of one value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Test {
    /// The text matches one of the templates.
    Text(TextMode, Vec<Template>),
    /// The number stands so to one of the bounds.
    Number(Order, Vec<BigDecimal>),
    /// The date stands so to one of the bounds, in seconds since 1970.
    Date(Order, Vec<BigDecimal>),
    /// The address lies in one of the blocks.
    Ip(Vec<ip::IpNet>),
    /// Any value passes: `Null` with "false".
    Present,
    /// No value passes: `Null` with "true" only.
    Absent,
}

/// One condition: an operator on a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The operator as it was understood.
    pub operator: Operator,
    /// The key in lower case.
    pub key: String,
    /// The key as written.
    pub key_written: String,
    /// Where it stands.
    pub span: Span,
    /// The answer when the key is absent (or an empty list).
    pub when_absent: bool,
    /// Over which values.
    pub quantifier: Quantifier,
    /// Whether a value passes when no policy value matches.
    pub negated: bool,
    /// The test.
    pub test: Test,
    /// Its values that no documentation can read, which are not in the test ([`super::unreadable`]).
    pub unreadable: Vec<Unreadable>,
}

impl Condition {
    /// The policy variables in its values.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        let templates: &[Template] = if let Test::Text(_, own) = &self.test { own } else { &[] };
        templates.iter().flat_map(Template::variables)
    }

    /// Whether it asks the same as another, wherever they stand.
    pub fn is_alike(&self, other: &Self) -> bool {
        let texts = |one: &Self| one.unreadable.iter().map(|value| value.text.clone()).collect::<Vec<_>>();
        (&self.key, self.when_absent, self.quantifier, self.negated, &self.test)
            == (&other.key, other.when_absent, other.quantifier, other.negated, &other.test)
            && texts(self) == texts(other)
    }

    /// Builds the condition of an operator on a key; the second value lists the values that no documentation can read.
    pub fn new<'v>(operator: Operator, key: &str, span: Span, values: &[&'v str], variables: bool) -> (Self, Vec<&'v str>) {
        let negated = operator.base.is_negated();
        let (test, invalid) = test(operator.base, values, variables);
        let (quantifier, when_absent) = match operator.set {
            Some(SetOperator::ForAllValues) => (Quantifier::All, true),
            Some(SetOperator::ForAnyValue) => (Quantifier::Any, operator.if_exists),
            None if negated => (Quantifier::All, true),
            None => (Quantifier::Any, operator.if_exists),
        };
        let when_absent = if operator.base == BaseOperator::Null { wants(values, "true") } else { when_absent };
        let (key, key_written) = (key.to_ascii_lowercase(), key.to_owned());
        let test = match test {
            test if form_of(&key) == Some(ValueForm::Arn) => without_own_account(test),
            // A number that is compared as a date is seconds, `aws:EpochTime` above all; it has no other spellings.
            Test::Date(order, bounds) if type_of(&key) == Some(KeyBase::Numeric) => Test::Number(order, bounds),
            test => test,
        };
        let unreadable = invalid.iter().map(|text| Unreadable { text: (*text).to_owned(), span }).collect();
        (Self { operator, key, key_written, span, when_absent, quantifier, negated, test, unreadable }, invalid)
    }
}

/// A test of the principal's ARN without the principal's own account, where it says the same.
fn without_own_account(test: Test) -> Test {
    let Test::Text(mode, templates) = test else { return test };
    let parts = if mode == TextMode::IgnoreCase { None } else { own_account::by_parts(&templates, mode == TextMode::Exact) };
    match (mode, parts) {
        (_, Some(parts)) => Test::Text(TextMode::Arn, parts),
        (TextMode::Arn, None) => Test::Text(mode, templates),
        (_, None) => Test::Text(mode, templates.iter().flat_map(own_account::spelled).collect()),
    }
}

fn wants(values: &[&str], word: &str) -> bool {
    values.iter().any(|value| value.eq_ignore_ascii_case(word))
}

fn test<'v>(base: BaseOperator, values: &[&'v str], variables: bool) -> (Test, Vec<&'v str>) {
    let mut invalid = Vec::new();
    let texts = |wildcards: bool| values.iter().map(|value| Template::parse(value, wildcards, variables)).collect();
    // Bool, Binary: plain texts of which only some spellings mean anything.
    let plain = |valid: &dyn Fn(&str) -> bool, invalid: &mut Vec<&'v str>| -> Vec<Template> {
        let (good, bad): (Vec<&str>, Vec<&'v str>) = (
            values.iter().copied().filter(|value| valid(value)).collect(),
            values.iter().copied().filter(|value| !valid(value)).collect(),
        );
        invalid.extend(bad);
        good.into_iter().map(|value| Template::parse(value, false, variables)).collect()
    };
    let test = match base.kind() {
        Kind::Text(mode) => Test::Text(mode, texts(false)),
        Kind::Like => Test::Text(TextMode::Exact, texts(true)),
        Kind::Arn => Test::Text(TextMode::Arn, texts(true)),
        Kind::Bool => {
            let valid =
                |value: &str| matches!(fold::lower_text(value).as_str(), "true" | "false") || (variables && value.contains("${"));
            Test::Text(TextMode::IgnoreCase, plain(&valid, &mut invalid))
        }
        Kind::Binary => Test::Text(TextMode::Exact, plain(&crate::value::base64::is_canonical, &mut invalid)),
        Kind::Number(order) => Test::Number(order, read(values, number::parse, &mut invalid)),
        Kind::Date(order) => Test::Date(order, read(values, date::parse, &mut invalid)),
        Kind::Address => Test::Ip(read(values, ip::parse_block, &mut invalid)),
        Kind::Presence => {
            invalid.extend(values.iter().copied().filter(|value| !wants(&[value], "true") && !wants(&[value], "false")));
            if wants(values, "false") { Test::Present } else { Test::Absent }
        }
    };
    (test, invalid)
}

fn read<'v, T>(values: &[&'v str], parse: impl Fn(&str) -> Option<T>, invalid: &mut Vec<&'v str>) -> Vec<T> {
    let mut out = Vec::new();
    for value in values {
        deadline::check();
        match parse(value) {
            Some(read) => out.push(read),
            None => invalid.push(value),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition<'v>(operator: &str, key: &str, values: &[&'v str]) -> (Condition, Vec<&'v str>) {
        let (operator, _) = Operator::parse(operator).unwrap();
        Condition::new(operator, key, Span { start: 0, end: 0 }, values, true)
    }

    #[test]
    fn values_of_the_wrong_type_are_told() {
        for (operator, values, wrong) in [
            ("Bool", &["true", "False", "yes", "${aws:x}"][..], &["yes"][..]),
            ("BinaryEquals", &["QQ==", "QQ"], &["QQ"]),
            ("NumericLessThan", &["5", "x", "-1.5"], &["x"]),
            ("DateEquals", &["2024-01-01", "soon"], &["soon"]),
            ("NotIpAddress", &["10.0.0.0/8", "10.0.0.0/33"], &["10.0.0.0/33"]),
            ("Null", &["true", "FALSE", "no"], &["no"]),
            ("StringLike", &["5", ""], &[]),
            ("ArnLike", &["x"], &[]),
        ] {
            assert_eq!(condition(operator, "k", values).1, wrong, "{operator}");
        }
        // Without variables `${` is text, and no truth.
        let (operator, _) = Operator::parse("Bool").unwrap();
        assert_eq!(Condition::new(operator, "k", Span { start: 0, end: 0 }, &["${aws:x}"], false).1, ["${aws:x}"]);
    }
}
