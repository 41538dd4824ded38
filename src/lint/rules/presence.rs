//! Does a wildcard make a condition say only whether a key is there, or nothing at all?
//!
//! A lone `*` matches every value, so the operator is about presence: of a key that every request has it is about nothing.
//!
//! Source: AWS's checks of the same names, and their published results; IAM User Guide, "AWS global condition context keys"
//! (Availability).

use crate::lint::registry::Emit;
use crate::lint::view::{Condition, Policy, Text};
use crate::policy::{BaseOperator, operator::SetOperator};

/// Keys with texts that every request has.
const ALWAYS: [&str; 5] = ["aws:useragent", "aws:requestedregion", "aws:userid", "aws:principaltype", "aws:viaawsservice"];

/// `EQUIVALENT_TO_NULL_FALSE`, `EQUIVALENT_TO_NULL_TRUE`, `REDUNDANT_KEY_DUE_TO_WILDCARD_IN_CONDITION`,
/// `REDUNDANT_STATEMENT_DUE_TO_WILDCARD_IN_CONDITION`
pub(crate) fn check(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for (one, value) in policy.condition_values().filter(|(_, value)| value.text == "*") {
        if let Some((code, details)) = meaning(one, value)
            && code == emit.code()
        {
            emit.at(&value.at, details);
        }
    }
}

fn meaning(one: &Condition<'_>, _: &Text<'_>) -> Option<(&'static str, String)> {
    let operator = one.operator?;
    let is_negated = match operator.base {
        BaseOperator::StringLike | BaseOperator::ArnLike | BaseOperator::ArnEquals => false,
        BaseOperator::StringNotLike | BaseOperator::ArnNotLike | BaseOperator::ArnNotEquals => true,
        _ => return None,
    };
    let (key, is_always) = (one.key, ALWAYS.contains(&one.lower.as_str()));
    let holds_if_absent = match operator.set {
        Some(SetOperator::ForAllValues) => true,
        Some(SetOperator::ForAnyValue) => operator.if_exists,
        None => is_negated || operator.if_exists,
    };
    Some(match (is_negated, holds_if_absent) {
        (false, true) => {
            ("REDUNDANT_KEY_DUE_TO_WILDCARD_IN_CONDITION", format!("`{key}` may have any value or none: leave it out"))
        }
        (false, false) if is_always => {
            ("REDUNDANT_KEY_DUE_TO_WILDCARD_IN_CONDITION", format!("every request has `{key}`, with any value: leave it out"))
        }
        (false, false) => (
            "EQUIVALENT_TO_NULL_FALSE",
            format!("this only asks that `{key}` is there: write \"Null\": {{\"{key}\": \"false\"}}"),
        ),
        (true, false) => (
            "REDUNDANT_STATEMENT_DUE_TO_WILDCARD_IN_CONDITION",
            format!("no value of `{key}` passes: the statement does nothing"),
        ),
        (true, true) if is_always => {
            ("REDUNDANT_STATEMENT_DUE_TO_WILDCARD_IN_CONDITION", format!("every request has `{key}`: the statement does nothing"))
        }
        (true, true) => {
            ("EQUIVALENT_TO_NULL_TRUE", format!("this only asks that `{key}` is absent: write \"Null\": {{\"{key}\": \"true\"}}"))
        }
    })
}
