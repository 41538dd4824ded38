//! Do the policies fit the question? A policy of the wrong type, or a side that says less than the other, would be answered
//! with PASS or FAIL for a reason that nobody asked about: it is refused.

use super::written::PolicyType;
use crate::catalog::nearest;
use crate::diag::{Diagnostic, Source, Span};
use crate::policy::{self, access};
use crate::question::no_public_access::{RESOURCE_TYPES, ResourceType};
use crate::question::unknown_policy;

/// A resource type by its name, which stands there.
pub fn resource_type(name: &str, (source, span): (&Source, Span)) -> Result<ResourceType, Diagnostic> {
    let unknown = || {
        let names = || RESOURCE_TYPES.iter().map(|of| of.name);
        let meant = nearest::first(name, names()).map(|near| format!("did you mean {near}? "));
        let help = format!("{}write one of {}", meant.unwrap_or_default(), names().collect::<Vec<_>>().join(", "));
        Diagnostic::error("unknown-resource-type", source, span, format!("unknown resource type `{name}`"), help)
    };
    ResourceType::parse(name).ok_or_else(unknown)
}

/// A question about outsiders needs a policy that names principals.
pub fn check_resource_side(access: &policy::Access) -> Result<(), Diagnostic> {
    if !access.is_alone() {
        return Ok(());
    }
    check_type(access, Some(PolicyType::ResourcePolicy))
}

/// A policy of the type it is said to be.
pub fn check_type(access: &policy::Access, said: Option<PolicyType>) -> Result<(), Diagnostic> {
    // The members of a stack are of the type that their place says.
    let [access::Member { place: access::Place::Alone, policy, .. }] = access.members() else { return Ok(()) };
    let statement = match said {
        Some(PolicyType::IdentityPolicy) => policy.statements.iter().find(|statement| statement.principal.is_some()),
        Some(PolicyType::ResourcePolicy) => policy.statements.iter().find(|statement| statement.principal.is_none()),
        None => None,
    };
    let Some(statement) = statement else { return Ok(()) };
    let (what, help) = if statement.principal.is_some() {
        (
            "a statement of an identity policy names principals",
            "remove Principal, or say --policy-type resource (RESOURCE_POLICY)",
        )
    } else {
        ("a statement of a resource policy names no principal", "add Principal, or say --policy-type identity (IDENTITY_POLICY)")
    };
    Err(Diagnostic::error("wrong-policy-type", &policy.source, statement.span, what, help))
}

/// Two policies of one kind, if both stand alone: what one says of principals the other must say too. Two stacks both say
/// something of the resource's policy, or neither does.
pub fn check_alike(a: &policy::Access, b: &policy::Access) -> Result<(), Diagnostic> {
    if let Some(why) = unknown_policy::incomparable(a, b) {
        let help = "give `resourcePolicy` on both sides (null where the resource has none), or on neither: then it is the same \
                    unknown policy";
        return Err(Diagnostic::bare("resource-policy-on-one-side", why.to_string(), help));
    }
    let names_principals = |access: &policy::Access| (access.is_alone() && !access.is_empty()).then(|| access.has_principals());
    match (names_principals(a), names_principals(b)) {
        (Some(own), Some(other)) if own != other => {
            let resource = if own { a } else { b };
            let Some(access::Member { policy, .. }) = resource.members().first() else { return Ok(()) };
            let span = policy.statements.first().map(|statement| statement.span).unwrap_or_default();
            let message = "a resource policy is compared with an identity policy: this statement names principals";
            let help = "compare policies of one type, or put both into stacks (identityPolicies, resourcePolicy)";
            Err(Diagnostic::error("wrong-policy-type", &policy.source, span, message, help))
        }
        _ => Ok(()),
    }
}
