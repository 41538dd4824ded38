//! Does a fact hold of a concrete request? What each says: [`Fact`].

use crate::glob::Glob;
use crate::policy::compose::Fact;
use crate::policy::request::CLOUDFRONT;
use crate::policy::{Principal, Request};
use crate::value::arn;

/// Whether the fact holds.
pub(super) fn holds(fact: &Fact, request: &Request) -> bool {
    match fact {
        Fact::Identity => own(request).is_some_and(|[_, _, _, _, account, _]| account != CLOUDFRONT),
        Fact::User => own(request).is_some_and(|[_, _, service, _, _, rest]| service == "iam" && rest.starts_with("user/")),
        Fact::Root => own(request).is_some_and(|[_, _, service, _, _, rest]| service == "iam" && rest == "root"),
        Fact::ServiceLinked => {
            let role = request.principal_arn().and_then(arn::split);
            matches!(request.principal, Principal::Aws(_))
                && role.is_some_and(|[_, _, service, _, _, rest]| service == "iam" && rest.starts_with("role/aws-service-role/"))
        }
        Fact::SameAccount => match (request.principal.account(), request.resource_account()) {
            (Some(own), Some(owner)) => own == owner,
            (_, None) => true,
            (None, Some(_)) => false,
        },
        Fact::PrincipalOf(account) => request.principal.account() == Some(account),
        Fact::ResourceOf(account) => request.resource_account() == Some(account),
        Fact::Action(pattern) => Glob::parse(pattern).matches(&request.action.to_ascii_lowercase()),
        Fact::Resource(service, start) => {
            arn::split(&request.resource).is_some_and(|[_, _, own, _, _, rest]| own == *service && rest.starts_with(start))
        }
    }
}

fn own(request: &Request) -> Option<[&str; 6]> {
    if let Principal::Aws(text) = &request.principal { arn::split(text) } else { None }
}
