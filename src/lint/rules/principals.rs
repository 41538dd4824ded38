//! Can the principals of a resource's policy be whom they say?
//!
//! Source: IAM User Guide, "AWS JSON policy elements: Principal"; AWS's checks of the same names.

use crate::document::Effect;
use crate::lint::registry::Emit;
use crate::lint::view::{Element, Policy, Text};

/// The kinds that a map of principals may have.
const KINDS: [&str; 4] = ["AWS", "CanonicalUser", "Federated", "Service"];

/// Every value of one kind, in `Principal` and `NotPrincipal`.
fn of<'p, 'a>(policy: &'p Policy<'a>, kind: &'p str) -> impl Iterator<Item = &'p Text<'a>> {
    kinds(policy).filter(move |element| element.name == kind).flat_map(|element| &element.items)
}

fn kinds<'p, 'a>(policy: &'p Policy<'a>) -> impl Iterator<Item = &'p Element<'a>> {
    policy.statements.iter().flat_map(|statement| statement.principals()).flat_map(|principal| &principal.kinds)
}

/// `INVALID_PRINCIPAL_FORMAT`
pub(crate) fn invalid_principal_format(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for principal in policy.statements.iter().flat_map(|statement| statement.principals()) {
        if principal.element.value.elements().is_some_and(|list| !list.is_empty()) {
            emit.at(&principal.element.at, "a list stands where the kinds of principals must: write {\"AWS\": [..]}");
        }
        if let Some(text) = principal.element.value.as_str().filter(|text| *text != "*") {
            let details = format!("`{text}` stands alone: write \"*\", or the kind of principal as in {{\"AWS\": \"{text}\"}}");
            emit.at(&principal.element.at, details);
        }
    }
}

/// `INVALID_PRINCIPAL_KEY`
pub(crate) fn invalid_principal_key(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for element in kinds(policy).filter(|element| !KINDS.contains(&element.name)) {
        emit.at(&element.key, format!("`{}` is not a kind of principal: write {}", element.name, KINDS.join(", ")));
    }
}

/// `UNSUPPORTED_WILDCARD_IN_PRINCIPAL`
pub(crate) fn unsupported_wildcard(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for element in kinds(policy).filter(|element| KINDS.contains(&element.name)) {
        for value in element.items.iter().filter(|value| value.is_wild()) {
            if value.text != "*" || element.name != "AWS" {
                emit.at(&value.at, format!("`{}` is not matched as a pattern: name the whole principal", value.text));
            }
        }
    }
}

/// `FEDERATED_PRINCIPAL_NOT_SUPPORTED`
pub(crate) fn federated_not_supported(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for element in kinds(policy).filter(|element| element.name == "Federated") {
        emit.at(&element.at, "only a role's trust policy names an identity provider: name the role instead");
    }
}

/// `INVALID_ROLE_REFERENCE`, `INVALID_USER_REFERENCE`
pub(crate) fn unique_ids(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    let (start, what) = if emit.code() == "INVALID_ROLE_REFERENCE" { ("AROA", "role") } else { ("AIDA", "user") };
    for value in of(policy, "AWS").filter(|value| value.text.starts_with(start)) {
        let details = format!("`{}` is the id of a {what} that was perhaps deleted: write its ARN", value.text);
        emit.at(&value.at, details);
    }
}

/// `ALLOW_WITH_NOT_PRINCIPAL`
pub(crate) fn allow_with_not_principal(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for statement in policy.statements.iter().filter(|statement| statement.effect == Some(Effect::Allow)) {
        if let Some(principal) = &statement.not_principal {
            let details = "Allow with NotPrincipal lets everybody else in, without credentials too: name whom you mean";
            emit.at(&principal.element.key, details);
        }
    }
}
