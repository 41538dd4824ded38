//! Can the values of conditions be what their operators compare?
//!
//! A value with a variable is looked at by the rules about variables alone.
//!
//! Source: IAM User Guide, "IAM JSON policy elements: Condition operators".

use super::keys::{family, kind};
use crate::catalog::KeyBase;
use crate::lint::registry::Emit;
use crate::lint::view::{Condition, Policy, Text};
use crate::policy::BaseOperator;
use crate::value::{base64, date, ip, number};

fn is_variable(value: &Text<'_>) -> bool {
    value.text.contains("${")
}

/// Every value without variables under an operator that compares such values.
fn compared<'p, 'a>(
    policy: &'p Policy<'a>,
    base: KeyBase,
) -> impl Iterator<Item = (&'p Condition<'a>, &'p Text<'a>)> + use<'p, 'a> {
    let own = move |one: &Condition<'_>| one.operator.is_some_and(|operator| family(operator.base) == Some(base));
    policy.condition_values().filter(move |(one, value)| own(one) && !is_variable(value))
}

/// `TYPE_MISMATCH_NUMBER`
pub(crate) fn type_mismatch_number(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for (one, value) in compared(policy, KeyBase::Numeric).filter(|(_, value)| number::parse(value.text).is_none()) {
        emit.at(&value.at, format!("{} compares numbers, and `{}` is not a number", one.operator_name, value.text));
    }
}

/// `INVALID_DATE_VALUE`, `TYPE_MISMATCH_DATE`
pub(crate) fn dates(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for (one, value) in compared(policy, KeyBase::Date) {
        let is_number = number::parse(value.text).is_some();
        let code = match (is_number, date::parse(value.text)) {
            (true, _) => "INVALID_DATE_VALUE",
            (false, None) => "TYPE_MISMATCH_DATE",
            (false, Some(_)) => continue,
        };
        if code == emit.code() {
            let what = if is_number { "is read as seconds since 1970" } else { "is not a date" };
            emit.at(&value.at, format!("{}: `{}` {what}; write it as 2026-01-31T00:00:00Z", one.operator_name, value.text));
        }
    }
}

/// `TYPE_MISMATCH_BOOLEAN`
pub(crate) fn type_mismatch_boolean(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for (one, value) in policy.condition_values() {
        let is_boolean = one.operator.is_some_and(|it| matches!(it.base, BaseOperator::Bool | BaseOperator::Null));
        let fits = ["true", "false"].iter().any(|word| value.text.eq_ignore_ascii_case(word));
        if is_boolean && !fits && !is_variable(value) {
            emit.at(&value.at, format!("{} takes true or false, not `{}`", one.operator_name, value.text));
        }
    }
}

/// `TYPE_MISMATCH_STRING`
pub(crate) fn type_mismatch_string(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for (one, value) in compared(policy, KeyBase::Binary).filter(|(_, value)| !base64::is_canonical(value.text)) {
        emit.at(&value.at, format!("{} compares bytes, and `{}` is not Base64", one.operator_name, value.text));
    }
}

/// `TYPE_MISMATCH_IP_RANGE`
pub(crate) fn type_mismatch_ip_range(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for (one, value) in compared(policy, KeyBase::IpAddress).filter(|(_, value)| ip::parse_block(value.text).is_none()) {
        emit.at(
            &value.at,
            format!("{}: `{}` is not an address or a range such as 203.0.113.0/24", one.operator_name, value.text),
        );
    }
}

/// `IMPROVE_IP_RANGE`
pub(crate) fn improve_ip_range(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for (_, value) in compared(policy, KeyBase::IpAddress) {
        let Ok(block) = value.text.parse::<ip::IpNet>() else { continue };
        if block.addr() != block.network() {
            emit.at(&value.at, format!("the bits of `{}` after its prefix do not count: write {}", value.text, block.trunc()));
        }
    }
}

/// Ranges that never reach AWS from the internet: RFC 1918, RFC 4193, loopback and link-local.
const PRIVATE: [&str; 8] =
    ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "fc00::/7", "fe80::/10", "::1/128"];

fn is_private(value: &str) -> Option<bool> {
    let block = ip::parse_block(value)?;
    Some(PRIVATE.iter().filter_map(|text| text.parse::<ip::IpNet>().ok()).any(|range| range.contains(&block)))
}

/// `PRIVATE_IP_ADDRESS`, `PRIVATE_NOT_IP_ADDRESS`, and both with `_SUBSET`
pub(crate) fn private_ip(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for (_, one) in policy.conditions().filter(|(_, one)| one.lower == "aws:sourceip") {
        let (all, subset) = match one.operator.map(|operator| operator.base) {
            Some(BaseOperator::IpAddress) => ("PRIVATE_IP_ADDRESS", "PRIVATE_IP_ADDRESS_SUBSET"),
            Some(BaseOperator::NotIpAddress) => ("PRIVATE_NOT_IP_ADDRESS", "PRIVATE_NOT_IP_ADDRESS_SUBSET"),
            _ => continue,
        };
        let private: Vec<&Text<'_>> = one.values.iter().filter(|value| is_private(value.text) == Some(true)).collect();
        let is_all = private.len() == one.values.len();
        if emit.code() != if is_all { all } else { subset } {
            continue;
        }
        for value in private {
            let details = format!("`{}` is private, and aws:SourceIp is public: in a VPC use aws:VpcSourceIp", value.text);
            emit.at(&value.at, details);
        }
    }
}

/// `INVALID_CONDITION_MULTIPLE_BOOLEAN`
pub(crate) fn invalid_condition_multiple_boolean(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for (_, one) in policy.conditions().filter(|(_, one)| one.values.len() > 1) {
        let is_bool = one.operator.is_some_and(|operator| operator.base == BaseOperator::Bool);
        if is_bool && kind(policy, one).is_some_and(|kind| kind.base == KeyBase::Bool && !kind.multivalued) {
            emit.at(&one.at, format!("`{}` is true or false, and has several values here: keep one", one.key));
        }
    }
}

/// `WILDCARD_WITHOUT_LIKE_OPERATOR`
pub(crate) fn wildcard_without_like_operator(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    use BaseOperator::{StringEquals, StringEqualsIgnoreCase, StringNotEquals, StringNotEqualsIgnoreCase};
    for (one, value) in policy.condition_values() {
        let is_exact = one.operator.is_some_and(|operator| {
            matches!(operator.base, StringEquals | StringEqualsIgnoreCase | StringNotEquals | StringNotEqualsIgnoreCase)
        });
        // Without what stands in variables.
        let plain: String = value.text.split("${").map(|part| part.split_once('}').map_or(part, |(_, rest)| rest)).collect();
        if is_exact && plain.contains(['*', '?']) {
            let details =
                format!("under {} the wildcard in `{}` is a plain character: use StringLike", one.operator_name, value.text);
            emit.at(&value.at, details);
        }
    }
}
