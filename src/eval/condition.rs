//! Does one condition hold for a request?

use super::text;
use crate::diag::deadline;
use crate::policy::{Condition, Quantifier, Test};
use crate::request::Request;
use crate::value::{date, ip, number};

/// Whether the condition holds: its answer for an absent key, or its quantifier over the key's values.
pub(super) fn holds(condition: &Condition, request: &Request) -> bool {
    let Some(values) = request.context.get(&condition.key).filter(|values| !values.is_empty()) else {
        return condition.when_absent;
    };
    let passes = |value: &String| passes(&condition.test, condition.negated, value, request);
    match condition.quantifier {
        Quantifier::Any => values.iter().any(passes),
        Quantifier::All => values.iter().all(passes),
    }
}

/// Whether one value passes. A value of the wrong type passes neither the test nor its negation.
fn passes(test: &Test, negated: bool, value: &str, request: &Request) -> bool {
    let listed = match test {
        Test::Number(_, bounds) | Test::Date(_, bounds) => bounds.len(),
        Test::Ip(blocks) => blocks.len(),
        Test::Text(..) | Test::Present | Test::Absent => 0,
    };
    deadline::spend(1 + listed / 8);
    let matched = match test {
        Test::Text(mode, templates) => Some(templates.iter().any(|template| text::matches(template, *mode, value, request))),
        Test::Number(order, bounds) => number::parse(value).map(|value| bounds.iter().any(|bound| order.holds(&value, bound))),
        Test::Date(order, bounds) => date::parse(value).map(|value| bounds.iter().any(|bound| order.holds(&value, bound))),
        Test::Ip(blocks) => ip::parse_address(value).map(|address| blocks.iter().any(|block| block.contains(&address))),
        Test::Present => Some(true),
        Test::Absent => Some(false),
    };
    matched.is_some_and(|matched| matched != negated)
}
