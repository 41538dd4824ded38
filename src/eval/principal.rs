//! Does a principal list apply to who makes the request?

use crate::glob::Glob;
use crate::policy::{Principal, PrincipalMatch, PrincipalPattern, Request};
use crate::value::arn;

/// Whether the list, or its complement under `NotPrincipal`, applies.
pub(super) fn applies(principal: &PrincipalMatch, request: &Request) -> bool {
    principal.patterns.iter().any(|pattern| matches(pattern, request)) != principal.negated
}

fn matches(pattern: &PrincipalPattern, request: &Request) -> bool {
    match (pattern, &request.principal) {
        (PrincipalPattern::Everyone, _) => true,
        (PrincipalPattern::Account { partition, account }, Principal::Aws(text)) => {
            arn::split(text).is_some_and(|[_, own, _, _, id, _]| partition.matches(own) && id == account)
        }
        // A session is known by its own ARN and by its role's.
        (PrincipalPattern::Arn(parts), Principal::Aws(text)) => {
            by_parts(parts, text) || (is_session(text) && request.principal_arn().is_some_and(|role| by_parts(parts, role)))
        }
        (PrincipalPattern::Service(glob), Principal::Service(name)) => glob.matches(name),
        (PrincipalPattern::Federated(glob), Principal::Federated(id)) => glob.matches(id),
        (PrincipalPattern::CanonicalUser(wanted), Principal::CanonicalUser(id)) => wanted == id,
        (
            PrincipalPattern::Account { .. }
            | PrincipalPattern::Arn(_)
            | PrincipalPattern::Service(_)
            | PrincipalPattern::Federated(_)
            | PrincipalPattern::CanonicalUser(_)
            | PrincipalPattern::Nobody(_),
            _,
        ) => false,
    }
}

fn is_session(text: &str) -> bool {
    arn::split(text).is_some_and(|[_, _, service, _, _, rest]| service == "sts" && rest.starts_with("assumed-role/"))
}

fn by_parts(parts: &[Glob; 6], text: &str) -> bool {
    arn::split(text).is_some_and(|texts| parts.iter().zip(texts).all(|(glob, text)| glob.matches(text)))
}
