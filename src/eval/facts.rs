//! Does a fact hold of a concrete request? What each says: [`Fact`].

use crate::glob::Glob;
use crate::policy::compose::Fact;
use crate::request::{CLOUDFRONT, Principal, Request};
use crate::value::arn;

/// Whether the fact holds.
pub(super) fn holds(fact: &Fact, request: &Request) -> bool {
    match fact {
        Fact::Identity => own(request).is_some_and(|[_, _, _, _, account, _]| account != CLOUDFRONT),
        Fact::User => own(request).is_some_and(|[_, _, service, _, _, rest]| service == "iam" && rest.starts_with("user/")),
        Fact::Root => request.principal.is_root(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Context;

    #[test]
    fn who_is_what_by_service_and_path() {
        let of = |principal: &str| {
            let request = Request::new(Principal::Aws(principal.to_owned()), "s3:GetObject", "arn:aws:s3:::b/k", Context::new());
            let facts =
                [Fact::Identity, Fact::User, Fact::Root, Fact::ServiceLinked, Fact::PrincipalOf("111122223333".to_owned())];
            facts.map(|fact| u8::from(holds(&fact, &request)))
        };
        assert_eq!(of("arn:aws:iam::111122223333:root"), [1, 0, 1, 0, 1]);
        assert_eq!(of("arn:aws:iam::111122223333:user/root"), [1, 1, 0, 0, 1]);
        assert_eq!(of("arn:aws:iam::999999999999:role/user/x"), [1, 0, 0, 0, 0]);
        assert_eq!(of("arn:aws:iam::111122223333:role/aws-service-role/x/R"), [1, 0, 0, 1, 1]);
        assert_eq!(of("arn:aws:iam::111122223333:user/aws-service-role/x/R"), [1, 1, 0, 0, 1]);
        // The words alone make nothing of another service's principals.
        assert_eq!(of("arn:aws:sts::111122223333:user/x"), [1, 0, 0, 0, 1]);
        assert_eq!(of("arn:aws:sts::111122223333:root"), [1, 0, 0, 0, 1]);
        assert_eq!(of("arn:aws:sts::111122223333:role/aws-service-role/x/R"), [1, 0, 0, 0, 1]);
        let anonymous = Request::new(Principal::Anonymous, "s3:GetObject", "*", Context::new());
        assert!([Fact::Identity, Fact::User, Fact::Root, Fact::ServiceLinked].iter().all(|fact| !holds(fact, &anonymous)));
    }

    #[test]
    fn actions_and_resources_are_told_apart() {
        let of = |fact: Fact, action: &str, resource: &str| {
            let principal = Principal::Aws("arn:aws:iam::111122223333:root".to_owned());
            holds(&fact, &Request::new(principal, action, resource, Context::new()))
        };
        let key = || Fact::Resource("kms", "key/");
        assert!(of(key(), "kms:Decrypt", "arn:aws:kms:us-east-1:111122223333:key/k"));
        assert!(!of(key(), "kms:Decrypt", "arn:aws:kms:us-east-1:111122223333:alias/k"));
        assert!(!of(key(), "s3:GetObject", "arn:aws:s3:::key/k"));
        assert!(!of(key(), "s3:GetObject", "key/k"));
        assert!(of(Fact::Action("sts:*"), "STS:AssumeRole", "*"));
        assert!(!of(Fact::Action("sts:*"), "iam:PassRole", "*"));
    }
}
