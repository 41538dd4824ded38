//! Does a resource list apply to a request's resource?

use super::text;
use crate::policy::{ResourceMatch, ResourcePattern};
use crate::request::Request;

/// Whether the list, or its complement under `NotResource`, applies.
pub(super) fn applies(resource: &ResourceMatch, request: &Request) -> bool {
    resource.patterns.iter().any(|pattern| matches(pattern, request)) != resource.negated
}

/// Whether one pattern matches the request's resource.
pub(super) fn matches(pattern: &ResourcePattern, request: &Request) -> bool {
    if let (Some(parts), Some(path)) = (&pattern.parts, &pattern.path) {
        // The API's id ends at the first slash.
        let behind = request.resource.splitn(6, ':').nth(5).and_then(|last| last.split_once('/')).map(|(_, behind)| behind);
        return text::by_parts(parts, &request.resource, request).unwrap_or(false)
            && behind.is_some_and(|behind| text::resolve(path, request).is_some_and(|glob| glob.matches(behind)));
    }
    match &pattern.parts {
        Some(parts) => text::by_parts(parts, &request.resource, request).unwrap_or(false),
        None => text::resolve(&pattern.whole, request).is_some_and(|glob| glob.matches(&request.resource)),
    }
}
