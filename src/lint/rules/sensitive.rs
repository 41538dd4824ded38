//! Are the values of keys that say where a request comes from exact, and of the shape that the key has?
//!
//! Source: AWS's checks of the same names, and their published results; IAM User Guide, "AWS global condition context keys".

use crate::catalog::is_region;
use crate::lint::registry::Emit;
use crate::lint::view::{Condition, Policy, Text};
use crate::policy::BaseOperator;

/// Keys whose values name one account, organization, network or endpoint.
const EXACT: [&str; 10] = [
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:resourceaccount",
    "aws:resourceorgid",
    "aws:sourceaccount",
    "aws:sourceorgid",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:vpceaccount",
    "aws:vpceorgid",
];

fn is_exact(base: BaseOperator) -> bool {
    use BaseOperator::{StringEquals, StringEqualsIgnoreCase, StringNotEquals, StringNotEqualsIgnoreCase};
    matches!(base, StringEquals | StringEqualsIgnoreCase | StringNotEquals | StringNotEqualsIgnoreCase)
}

fn is_like(base: BaseOperator) -> bool {
    matches!(base, BaseOperator::StringLike | BaseOperator::StringNotLike)
}

fn is_text(one: &Condition<'_>) -> bool {
    one.operator.is_some_and(|operator| is_exact(operator.base) || is_like(operator.base))
}

/// Whether a text is one variable and nothing else.
fn is_whole_variable(text: &str) -> bool {
    text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).is_some_and(|inner| !inner.contains('}'))
}

/// `INVALID_REGION`
pub(crate) fn invalid_region(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for (one, value) in policy.condition_values().filter(|(one, _)| one.lower == "aws:requestedregion") {
        let is_exact = one.operator.is_some_and(|operator| is_exact(operator.base));
        if is_exact && !is_region(value.text) && !value.is_wild() {
            emit.at(&value.at, format!("there is no Region `{}`: name one as in eu-central-1", value.text));
        }
    }
}

/// `INVALID_SERVICE_PRINCIPAL_FORMAT`
pub(crate) fn invalid_service_principal_format(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for (one, value) in policy.condition_values().filter(|(one, value)| is_text(one) && !value.text.contains("${")) {
        let labels: Vec<&str> = value.text.trim_end_matches(".cn").split('.').collect();
        let is_plain = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
        let ends = |labels: &[&str]| matches!(labels, [.., "amazonaws", "com"]);
        let shape = match one.lower.as_str() {
            "aws:calledvia" | "aws:calledviafirst" | "aws:calledvialast" => {
                if value.is_wild() || (ends(&labels) && labels.len() == 3 && labels.iter().all(|label| is_plain(label))) {
                    continue;
                }
                "service.amazonaws.com"
            }
            "iam:passedtoservice" | "iam:awsservicename" => {
                if value.is_wild() || (ends(&labels) && labels.len() >= 3 && labels.iter().all(|label| is_plain(label))) {
                    continue;
                }
                "service.amazonaws.com"
            }
            "kms:viaservice" => {
                if value.is_wild() || (ends(&labels) && labels.len() >= 4 && labels.iter().all(|label| is_plain(label))) {
                    continue;
                }
                "service.region.amazonaws.com"
            }
            _ => continue,
        };
        emit.at(&value.at, format!("`{}` is not a service principal of the form {shape}", value.text));
    }
}

/// `INVALID_VPC_FORMAT`, `INVALID_VPCE_FORMAT`
pub(crate) fn invalid_vpc_format(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for (one, value) in policy.condition_values().filter(|(one, _)| is_text(one)) {
        let (code, start) = match one.lower.as_str() {
            "aws:sourcevpc" => ("INVALID_VPC_FORMAT", "vpc-"),
            "aws:sourcevpce" => ("INVALID_VPCE_FORMAT", "vpce-"),
            _ => continue,
        };
        let id = value.text.strip_prefix(start);
        let fits = |id: &str| matches!(id.len(), 8 | 17) && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if code == emit.code() && !id.is_some_and(fits) && !value.is_wild() && !value.text.contains("${") {
            emit.at(&value.at, format!("`{}` is not an id: write {start} and 8 or 17 letters and digits", value.text));
        }
    }
}

/// `INVALID_KMS_KEY_VALUE`
pub(crate) fn invalid_kms_key_value(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for (one, value) in policy.condition_values() {
        let name = one.lower.split_once(':').map_or("", |(_, name)| name).replace(['-', '_'], "");
        let is_arn = || super::keys::kind(policy, one).is_some_and(|kind| kind.base == crate::catalog::KeyBase::Arn);
        let holds_key = name.ends_with("kmskeyid") || name.ends_with("kmskeyarn");
        if !holds_key || one.operator.is_none_or(|it| it.base == BaseOperator::Null) || !is_arn() {
            continue;
        }
        let is_open = value.text.starts_with(['*', '$']);
        let is_key = value.text.starts_with("arn:") && value.text.contains(":kms:");
        if !is_open && !is_key {
            emit.at(&value.at, format!("`{}` holds the ARN of a KMS key, and `{}` is not one", one.key, value.text));
        }
    }
}

/// `VARIABLE_USAGE_TOO_PERMISSIVE`, `WILDCARD_USAGE_TOO_PERMISSIVE`
pub(crate) fn too_permissive(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    let is_variable = emit.code() == "VARIABLE_USAGE_TOO_PERMISSIVE";
    for (one, value) in policy.condition_values().filter(|(one, _)| is_text(one)) {
        let Some(at) = found(one, value, is_variable) else { continue };
        let is_exact = EXACT.contains(&one.lower.as_str());
        // Left of the colon stands a whole id, or nothing but the wildcard.
        let left = value.text.split(':').next().unwrap_or("");
        let is_alone = value.text.contains(':') && (matches!(left, "*" | "?") || is_whole_variable(value.text));
        let is_open_id = one.lower == "aws:userid" && at < left.len() && !is_alone && !(is_variable && left.starts_with("${"));
        if is_exact || is_open_id {
            let what = if is_variable { "variable" } else { "wildcard" };
            emit.at(
                &value.at,
                format!("a {what} lets others in than those that `{}` is to name: write the whole value", one.key),
            );
        }
    }
}

/// Where the variable or wildcard stands that may be too much.
fn found(one: &Condition<'_>, value: &Text<'_>, is_variable: bool) -> Option<usize> {
    match is_variable {
        true if is_whole_variable(value.text) => None,
        true => value.text.find("${"),
        false => value.text.find(['*', '?']).filter(|_| one.operator.is_some_and(|operator| is_like(operator.base))),
    }
}
