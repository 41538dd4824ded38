//! Does a condition on multi-factor authentication hold what it promises?
//!
//! Requests with long-term keys do not carry `aws:MultiFactorAuthPresent` at all. So an Allow under `BoolIfExists` lets them
//! through, and a Deny under `Bool` does not see them.
//!
//! Source: IAM User Guide, "AWS global condition context keys", aws:MultiFactorAuthPresent.

use super::edit::{allowing, denying_all, with_condition, without_condition};
use super::{Answer, within};
use crate::document::Effect;
use crate::json::Value;
use crate::lint::registry::Emit;
use crate::lint::view::{Condition, Policy};
use crate::policy::BaseOperator;

const KEY: &str = "aws:MultiFactorAuthPresent";

fn says(one: &Condition<'_>, value: &str) -> bool {
    let is_bool = one.operator.is_some_and(|operator| operator.base == BaseOperator::Bool);
    let all = one.values.iter().all(|it| it.text.eq_ignore_ascii_case(value));
    one.lower == KEY.to_ascii_lowercase() && is_bool && all && !one.values.is_empty()
}

/// `MFA_NOT_ENFORCED`
pub(crate) fn check(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    if !policy.conditions().any(|(_, one)| one.lower == KEY.to_ascii_lowercase()) {
        return;
    }
    within(policy, emit, |prover, emit| {
        for statement in &policy.statements {
            for one in &statement.conditions {
                let (answer, details) = match statement.effect {
                    Some(Effect::Allow) if says(one, "true") => {
                        let with_mfa = with_condition(&denying_all(statement.value), "Bool", KEY, Value::string("true"));
                        let answer = prover.included(&[statement.value.clone(), with_mfa], &[]);
                        (answer, "a request without the key, as long-term keys make it, is allowed: write Bool, not BoolIfExists")
                    }
                    Some(Effect::Deny) if says(one, "false") => {
                        let whole = allowing(statement.value);
                        let without = without_condition(&whole, one.operator_name, one.key);
                        let absent = with_condition(&without, "Null", KEY, Value::string("true"));
                        let answer = prover.included(&[absent], &[whole]);
                        (answer, "a request without the key, as long-term keys make it, is not denied: write BoolIfExists")
                    }
                    _ => continue,
                };
                if let Answer::No(witness) = answer {
                    emit.proved(&one.key_at, details, witness);
                }
            }
        }
    });
}
