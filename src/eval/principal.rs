//! Does a principal list apply to who makes the request, and through which of its entries?

use crate::glob::Glob;
use crate::policy::compose::Through;
use crate::policy::{PrincipalMatch, PrincipalPattern};
use crate::request::{Principal, Request};
use crate::value::arn;

/// Whether the list, or its complement under `NotPrincipal`, applies through these entries.
pub(super) fn applies(principal: &PrincipalMatch, request: &Request, through: Through) -> bool {
    let through_any = || principal.lists().all(|list| list.iter().any(|pattern| matches(pattern, request)));
    let through_some =
        |wanted: Through| !principal.negated && principal.patterns.iter().any(|pattern| entry(pattern, request) == Some(wanted));
    match through {
        Through::Any => through_any() != principal.negated,
        Through::Anyone if principal.negated => !through_any(),
        Through::Anyone | Through::Account | Through::Role | Through::Own => through_some(through),
        Through::AnyOrBounded => through_any() != principal.negated || is_user_or_role(request),
    }
}

/// Which kind of entry the pattern is for this request, if it matches.
fn entry(pattern: &PrincipalPattern, request: &Request) -> Option<Through> {
    let through = match pattern {
        PrincipalPattern::Everyone => Through::Anyone,
        PrincipalPattern::Account(_) => Through::Account,
        PrincipalPattern::Arn(parts) => {
            // A session that its own ARN names is named itself, whatever else matches.
            let text = if let Principal::Aws(text) = &request.principal { text.as_str() } else { "" };
            if !is_role(text) && by_parts(parts, text) { Through::Own } else { Through::Role }
        }
        PrincipalPattern::Service(_)
        | PrincipalPattern::Federated(_)
        | PrincipalPattern::CanonicalUser(_)
        | PrincipalPattern::Nobody(_) => Through::Own,
    };
    matches(pattern, request).then_some(through)
}

fn matches(pattern: &PrincipalPattern, request: &Request) -> bool {
    match (pattern, &request.principal) {
        (PrincipalPattern::Everyone, _) => true,
        (PrincipalPattern::Account(account), principal @ Principal::Aws(_)) => principal.account() == Some(account),
        // A session is known by its own ARN and by its role's.
        (PrincipalPattern::Arn(parts), Principal::Aws(text)) => {
            by_parts(parts, text) || (is_session(text) && request.principal_arn().is_some_and(|role| by_parts(parts, role)))
        }
        (PrincipalPattern::Service(glob), Principal::Service(name)) => glob.matches(name),
        (PrincipalPattern::Federated(glob), Principal::Federated(id)) => glob.matches(id),
        (PrincipalPattern::CanonicalUser(wanted), Principal::CanonicalUser(id)) => wanted == id,
        (
            PrincipalPattern::Account(_)
            | PrincipalPattern::Arn(_)
            | PrincipalPattern::Service(_)
            | PrincipalPattern::Federated(_)
            | PrincipalPattern::CanonicalUser(_)
            | PrincipalPattern::Nobody(_),
            _,
        ) => false,
    }
}

fn is_role(text: &str) -> bool {
    arn::split(text).is_some_and(|[_, _, service, _, _, rest]| service == "iam" && rest.starts_with("role/"))
}

fn is_session(text: &str) -> bool {
    arn::split(text).is_some_and(|[_, _, service, _, _, rest]| service == "sts" && rest.starts_with("assumed-role/"))
}

fn is_user_or_role(request: &Request) -> bool {
    let Principal::Aws(text) = &request.principal else { return false };
    let is_user = arn::split(text).is_some_and(|[_, _, service, _, _, rest]| service == "iam" && rest.starts_with("user/"));
    is_user || is_role(text) || is_session(text)
}

fn by_parts(parts: &[Glob; 6], text: &str) -> bool {
    arn::split(text).is_some_and(|texts| parts.iter().zip(texts).all(|(glob, text)| glob.matches(text)))
}
