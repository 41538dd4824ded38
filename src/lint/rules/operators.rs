//! Are a condition's operators and its lists of values well formed?
//!
//! Source: IAM User Guide, "IAM JSON policy elements: Condition operators".

use crate::json::{Kind, Value};
use crate::lint::finding::Place;
use crate::lint::registry::Emit;
use crate::lint::view::{Policy, places};
use crate::policy::{BaseOperator, Operator, operator::SetOperator};
use std::collections::BTreeMap;

/// `INVALID_CONDITION_OPERATOR`, `NULL_WITH_IF_EXISTS`
pub(crate) fn invalid_condition_operator(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for condition in policy.statements.iter().filter_map(|statement| statement.member("Condition")) {
        for block in condition.value.members().unwrap_or_default() {
            if Operator::parse(&block.key).is_some() {
                continue;
            }
            let plain = block.key.rsplit(':').next().unwrap_or("");
            let is_null = plain.eq_ignore_ascii_case("NullIfExists");
            let code = if is_null { "NULL_WITH_IF_EXISTS" } else { "INVALID_CONDITION_OPERATOR" };
            if code == emit.code() {
                let details = match is_null {
                    true => "Null asks whether the key exists itself: leave IfExists out".to_owned(),
                    false => format!("`{}` is not a condition operator: look for a misspelling", block.key),
                };
                emit.at(&places(block, &condition.at).0, details);
            }
        }
    }
}

/// `NULL_WITH_QUALIFIER`
pub(crate) fn null_with_qualifier(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for (_, one) in policy.conditions() {
        let Some(Operator { base: BaseOperator::Null, set: Some(set), .. }) = one.operator else { continue };
        let always = if set == SetOperator::ForAllValues { "true" } else { "false" };
        emit.at(&one.key_at, format!("Null with a set operator is always {always}: write Null alone"));
    }
}

/// `DUPLICATE_KEYS_WITH_DIFFERENT_CASE`
pub(crate) fn duplicate_keys(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for statement in &policy.statements {
        let mut same: BTreeMap<(&str, &str), Vec<Place>> = BTreeMap::new();
        for one in &statement.conditions {
            same.entry((one.operator_name, &one.lower)).or_default().push(one.key_at.clone());
        }
        for ((_, key), places) in same.into_iter().filter(|(_, places)| places.len() > 1) {
            emit.places(places, format!("the condition key `{key}` stands here several times, in different cases: keep one"));
        }
    }
}

/// `EMPTY_ARRAY_CONDITION`, and with `_FORALLVALUES`, `_FORANYVALUE`, `_IFEXISTS`
pub(crate) fn empty_array(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for (_, one) in policy.conditions().filter(|(_, one)| one.value.elements().is_some_and(<[Value]>::is_empty)) {
        let Some(operator) = one.operator else { continue };
        let (code, means) = match operator {
            Operator { set: Some(SetOperator::ForAllValues), .. } => {
                ("EMPTY_ARRAY_CONDITION_FORALLVALUES", "is true only where the key is absent or empty: use Null")
            }
            Operator { set: Some(SetOperator::ForAnyValue), .. } => ("EMPTY_ARRAY_CONDITION_FORANYVALUE", "is never true"),
            Operator { if_exists: true, .. } => {
                ("EMPTY_ARRAY_CONDITION_IFEXISTS", "is true only where the key is absent: use Null")
            }
            _ => ("EMPTY_ARRAY_CONDITION", "matches nothing"),
        };
        if code == emit.code() {
            emit.at(&one.at, format!("`{}` has no values: the condition {means}", one.key));
        }
    }
}

/// `INVALID_CONDITION_DATA_TYPE`
pub(crate) fn invalid_condition_data_type(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    let kind = |value: &Value| match value.kind {
        Kind::String(_) => Some("texts"),
        Kind::Number(_) => Some("numbers"),
        Kind::Bool(_) => Some("truth values"),
        Kind::Null | Kind::Array(_) | Kind::Object(_) => None,
    };
    for (_, one) in policy.conditions() {
        let mut kinds: Vec<&str> = one.value.elements().unwrap_or_default().iter().filter_map(kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        if kinds.len() > 1 {
            emit.at(&one.at, format!("the values of `{}` are {}: write all alike", one.key, kinds.join(" and ")));
        }
    }
}

/// `REDUNDANT_CONDITION_VALUE_NUM`
pub(crate) fn redundant_condition_value_num(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    use BaseOperator::{NumericGreaterThan, NumericGreaterThanEquals, NumericLessThan, NumericLessThanEquals};
    for (_, one) in policy.conditions().filter(|(_, one)| one.values.len() > 1) {
        let Some(operator) = one.operator else { continue };
        let keep = match operator.base {
            NumericLessThan | NumericLessThanEquals => "largest",
            NumericGreaterThan | NumericGreaterThanEquals => "smallest",
            _ => continue,
        };
        emit.at(&one.at, format!("of several values under {} only the {keep} one counts: keep that one", one.operator_name));
    }
}
