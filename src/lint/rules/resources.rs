//! Are the resources written as ARNs that their services have?
//!
//! Each part is looked at by itself, and what has a wildcard or a variable counts as right where it could be. Of a service
//! whose formats the catalog does not list nothing is said of region, account and the rest.
//!
//! Sources: AWS General Reference, "Amazon Resource Names (ARNs)"; the catalog; the Regions of AWS's SDKs.

use super::cover::{Glob, meet};
use crate::catalog::{Format, Partition, formats, is_region};
use crate::lint::arn::{Arn, is_open, opened, parts};
use crate::lint::registry::Emit;
use crate::lint::view::{Policy, Text};

/// Every value of `Resource` and `NotResource`.
pub(crate) fn all<'p, 'a>(policy: &'p Policy<'a>) -> impl Iterator<Item = &'p Text<'a>> {
    let elements = policy.statements.iter().flat_map(|one| one.resource.iter().chain(&one.not_resource));
    elements.flat_map(|element| &element.items)
}

/// The codes about an ARN's parts.
pub(crate) fn check(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for value in all(policy) {
        if let Some((code, details)) = trouble(policy, value.text)
            && code == emit.code()
        {
            emit.at(&value.at, details);
        }
    }
}

/// The first thing that is wrong with a resource, in the order of its parts.
fn trouble(policy: &Policy<'_>, text: &str) -> Option<(&'static str, String)> {
    if text == "*" || text.starts_with("${") || text.starts_with("execute-api:/") {
        return None;
    }
    let Some(_) = text.strip_prefix("arn:") else {
        return Some(("INVALID_ARN_PREFIX", format!("`{text}` is neither `*` nor an ARN: an ARN starts with arn:")));
    };
    let arn = match parts(text) {
        Ok(arn) => arn,
        Err(count) => {
            let details = format!("`{text}` has {count} of an ARN's six parts: arn:partition:service:region:account:resource");
            return Some(("MISSING_ARN_FIELD", details));
        }
    };
    if !is_open(arn.partition) && Partition::named(arn.partition).is_none() {
        return Some((
            "INVALID_PARTITION",
            format!("there is no partition `{}`: write aws, aws-cn or aws-us-gov", arn.partition),
        ));
    }
    if arn.service.contains(['*', '?']) {
        let details = format!("`{}` may mean services that you do not think of: name the service", arn.service);
        return Some(("WILDCARD_IN_SERVICE_NAME", details));
    }
    if is_open(arn.service) {
        return None;
    }
    let lower = arn.service.to_ascii_lowercase();
    let formats = formats(&lower);
    if lower != arn.service && (policy.catalog.service(&lower).is_some() || !formats.is_empty()) {
        return Some(("INVALID_ARN_SERVICE_CASE", format!("`{}` must be in lower case: {lower}", arn.service)));
    }
    if formats.is_empty() {
        let is_known = policy.catalog.service(&lower).is_some();
        return (!is_known)
            .then(|| ("INVALID_SERVICE", format!("there is no service `{}`: look for a misspelling", arn.service)));
    }
    place(&arn, formats)
}

/// Services that have resources of AWS's own, whose ARNs name no account, beside those of customers.
const OWNED_BY_AWS: [&str; 2] = ["resource-explorer-2", "ssm"];

/// What is wrong with region, account and resource.
fn place(arn: &Arn<'_>, formats: &[Format]) -> Option<(&'static str, String)> {
    let rest = Glob::parse(&opened(arn.rest));
    let fitting: Vec<&Format> = formats.iter().filter(|format| meet(&rest, &format.rest)).collect();
    if fitting.is_empty() {
        // What a wildcard may stand for is not judged: AWS's results have no finding for such a resource.
        if is_open(arn.region) || is_open(arn.account) || is_open(arn.rest) {
            return None;
        }
        let known: Vec<String> = formats.iter().take(4).map(|format| format.rest.to_string()).collect();
        let details = format!("{} has no resources `{}`: known are {}", arn.service, arn.rest, known.join(", "));
        return Some(("INVALID_ARN_RESOURCE", details));
    }
    if arn.region.is_empty() && fitting.iter().all(|format| format.needs_region) {
        return Some(("MISSING_ARN_REGION", format!("ARNs of these {} resources name a Region: add it, or *", arn.service)));
    }
    if !arn.region.is_empty() && !is_open(arn.region) {
        if !fitting.iter().any(|format| format.needs_region) {
            let details = format!("ARNs of these {} resources have no Region: leave `{}` out", arn.service, arn.region);
            return Some(("ARN_REGION_NOT_ALLOWED", details));
        }
        if !is_region(arn.region) {
            return Some(("INVALID_ARN_REGION", format!("there is no Region `{}`", arn.region)));
        }
    }
    let needs_account = |format: &&Format| format.account.is_some_and(str::is_empty);
    if arn.account.is_empty() && !OWNED_BY_AWS.contains(&arn.service) && fitting.iter().all(needs_account) {
        return Some(("MISSING_ARN_ACCOUNT", format!("ARNs of these {} resources name an account: add it, or *", arn.service)));
    }
    if !arn.account.is_empty() && !is_open(arn.account) {
        let is_fixed = fitting.iter().any(|format| format.account == Some(arn.account));
        if fitting.iter().all(|format| format.account.is_none()) {
            let details = format!("ARNs of these {} resources have no account: leave `{}` out", arn.service, arn.account);
            return Some(("ARN_ACCOUNT_NOT_ALLOWED", details));
        }
        if !is_fixed && arn.account != "aws" && !crate::value::arn::is_account(arn.account) {
            return Some(("INVALID_ARN_ACCOUNT", format!("`{}` is not an account: write 12 digits", arn.account)));
        }
    }
    None
}

/// `WILDCARD_IN_SERVICE_NAME` of an action.
pub(crate) fn wildcard_in_service_name(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    check(policy, emit);
    for action in super::actions::all(policy) {
        let prefix = action.text.split_once(':').map_or("", |(prefix, _)| prefix);
        if prefix.contains(['*', '?']) && prefix != "*" {
            emit.at(&action.at, format!("`{prefix}` may mean services that you do not think of: name the service"));
        }
    }
}
