//! Does a resource list apply to a request's resource?

use super::text;
use crate::policy::{ArnMatching, Request, ResourceMatch, ResourcePattern};

/// Whether the list, or its complement under `NotResource`, applies.
pub(super) fn applies(resource: &ResourceMatch, request: &Request, matching: ArnMatching) -> bool {
    resource.patterns.iter().any(|pattern| matches(pattern, request, matching)) != resource.negated
}

/// Whether one pattern matches the request's resource.
pub(super) fn matches(pattern: &ResourcePattern, request: &Request, matching: ArnMatching) -> bool {
    match (&pattern.parts, matching) {
        (Some(parts), ArnMatching::Segment) => text::by_parts(parts, &request.resource, request).unwrap_or(false),
        (Some(_), ArnMatching::Greedy) | (None, _) => {
            text::resolve(&pattern.whole, request).is_some_and(|glob| glob.matches(&request.resource))
        }
    }
}
