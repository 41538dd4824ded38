//! What is one concrete access, and what does every one look like?
//!
//! A principal, an action, a resource and a context. Some context keys follow from the principal ([`derived`]): [`Request::new`]
//! fills them in where the caller did not give them, so that no request contradicts itself. So it does with the account of a
//! resource that names it ([`resource`]). Which keys every request carries, which types they have and which hold several values
//! is in [`keys`]; what two ways of naming one session or account have to do with each other in [`contradictions`]. What
//! AWS never sends beyond that is written as a policy, a layer higher ([`crate::wellformed`]).
//!
//! A key's values are a set; an empty list is an absent key, and an empty text is no value of a multivalued one.
//!
//! Sources: IAM User Guide, "AWS global condition context keys", properties of the principal; "Set operators for
//! multivalued context keys" (an empty text is a null dataset).

pub mod contradictions;
pub mod derived;
pub mod keys;
pub mod request_json;
pub mod resource;

pub use contradictions::contradicts;
pub use derived::{DERIVED, Derived, ValueForm};
pub use resource::RESOURCE_ACCOUNT;

use crate::value::arn;
use keys::is_multivalued;
use std::collections::BTreeMap;

/// Who makes the request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Principal {
    /// A request without credentials.
    Anonymous,
    /// An account root, user, role, role session or federated user session, by its ARN. A role's own ARN is some
    /// session of that role.
    Aws(String),
    /// An AWS service, such as `lambda.amazonaws.com`.
    Service(String),
    /// An identity from a SAML or OIDC provider, by the provider.
    Federated(String),
    /// An S3 canonical user, by its id.
    CanonicalUser(String),
}

/// Keys in lower case, each with its values.
pub type Context = BTreeMap<String, Vec<String>>;

/// One concrete access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who.
    pub principal: Principal,
    /// Does what: `service:Name`.
    pub action: String,
    /// To what: an ARN, or `*` for an action without a resource.
    pub resource: String,
    /// Under which circumstances.
    pub context: Context,
}

impl Request {
    /// A request, with the keys that follow from the principal filled in where they are not given.
    pub fn new(principal: Principal, action: &str, resource: &str, given: Context) -> Self {
        let mut context: Context = given.into_iter().map(|(key, values)| (key.to_ascii_lowercase(), values)).collect();
        for key in Derived::ALL {
            if let Some(value) = key.value(&principal) {
                context.entry(key.key().to_owned()).or_insert_with(|| vec![value]);
            }
        }
        if let Some(account) = resource::owner(resource) {
            context.entry(RESOURCE_ACCOUNT.to_owned()).or_insert_with(|| vec![account.to_owned()]);
        }
        for (key, values) in &mut context {
            if is_multivalued(key) {
                values.retain(|value| !value.is_empty());
            }
        }
        context.retain(|_, values| !values.is_empty());
        Self { principal, action: action.to_owned(), resource: resource.to_owned(), context }
    }

    /// Whether what follows from the principal and the resource is as it follows, no key says otherwise, and the resource
    /// is an ARN if it starts like one. What else requests are not depends on the question: [`crate::wellformed`].
    pub fn is_consistent(&self) -> bool {
        Derived::ALL.into_iter().all(|key| self.follows(key))
            && resource::may_be(&self.resource)
            && resource::may_be_of(&self.resource, self.resource_account())
            && !contradicts(self)
    }

    /// Whether a key that follows from the principal is as it follows.
    fn follows(&self, key: Derived) -> bool {
        let given = self.context.get(key.key()).map(Vec::as_slice).unwrap_or_default();
        match (key.value(&self.principal), given) {
            (Some(value), [one]) if key == Derived::Arn => {
                // A session's own ARN leaves its role's path away.
                let last = |text: &str| text.rsplit('/').next().map(str::to_owned);
                *one == value || (matches!(&self.principal, Principal::Aws(own) if *own != value) && last(one) == last(&value))
            }
            (Some(value), [one]) => value == *one,
            (None, []) => true,
            (Some(_), _) | (None, _) => false,
        }
    }

    /// The account that owns the resource, if it is known.
    pub fn resource_account(&self) -> Option<&str> {
        self.context.get(RESOURCE_ACCOUNT).and_then(|values| values.first()).map(String::as_str)
    }

    /// The ARN under which identity-based rules know the principal: a session's is its role's.
    pub fn principal_arn(&self) -> Option<&str> {
        self.context.get(Derived::Arn.key()).and_then(|values| values.first()).map(String::as_str)
    }
}

impl Principal {
    /// The principal's account, if it is an AWS identity.
    pub fn account(&self) -> Option<&str> {
        let Self::Aws(text) = self else { return None };
        arn::split(text).map(|[_, _, _, _, account, _]| account)
    }

    /// Whether it is an account's root.
    pub fn is_root(&self) -> bool {
        let Self::Aws(text) = self else { return false };
        arn::split(text).is_some_and(|[_, _, service, _, _, rest]| service == "iam" && rest == "root")
    }
}

/// The value of `aws:PrincipalAccount` for a request without credentials.
pub const ANONYMOUS: &str = "anonymous";

/// What stands for an account in the ARNs of CloudFront's origin access identities: `user/CloudFront Origin Access
/// Identity E...`, principals of bucket policies that are of no customer's account.
pub const CLOUDFRONT: &str = "cloudfront";

/// What starts the names, with a colon, of AWS's own roles in an account: `aws:ec2-instance` behind the identity of an EC2
/// instance, `aws:ec2-infrastructure` which decrypts its volumes (KMS Developer Guide, "How Amazon EBS uses AWS KMS").
/// Their sessions are named as instances, and their ids are `account:role name:session`.
pub const OWN_ROLE: &str = "aws:";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_from_the_principal_is_filled_in_unless_given() {
        let session = Principal::Aws("arn:aws:sts::111122223333:assumed-role/R/S".to_owned());
        let request = Request::new(session.clone(), "a:B", "*", Context::new());
        assert_eq!(request.principal_arn(), Some("arn:aws:iam::111122223333:role/R"));
        let given = Context::from([("aws:PrincipalArn".to_owned(), vec!["arn:aws:iam::111122223333:role/p/R".to_owned()])]);
        assert_eq!(Request::new(session, "a:B", "*", given).principal_arn(), Some("arn:aws:iam::111122223333:role/p/R"));
        let user = Principal::Aws("arn:aws:iam::111122223333:user/p/n".to_owned());
        assert_eq!(Request::new(user, "a:B", "*", Context::new()).context["aws:username"], ["n"]);
        assert!(Request::new(Principal::Anonymous, "a:B", "arn:aws:sns::111122223333:t", Context::new()).is_consistent());
        for (key, value) in [("aws:username", "n"), ("aws:resourceaccount", "999999999999"), ("aws:principaltype", "User")] {
            let given = Context::from([(key.to_owned(), vec![value.to_owned()])]);
            assert!(!Request::new(Principal::Anonymous, "a:B", "arn:aws:sns::111122223333:t", given).is_consistent(), "{key}");
        }
        let empty = Context::from([("k".to_owned(), vec![])]);
        assert!(!Request::new(Principal::Anonymous, "a:B", "*", empty).context.contains_key("k"));
    }

    #[test]
    fn keys_follow_from_every_kind_of_principal() {
        let keys = |principal: Principal| {
            let request = Request::new(principal, "a:B", "*", Context::new());
            assert!(request.is_consistent());
            let shown =
                |(key, values): (&String, &Vec<String>)| format!("{}={}", key.trim_start_matches("aws:"), values.join(","));
            request.context.iter().map(shown).collect::<Vec<_>>().join(" ")
        };
        let aws = |text: &str| keys(Principal::Aws(text.to_owned()));
        let of = |arn: &str, kind: &str| {
            format!("principalaccount=111122223333 principalarn={arn} principalisawsservice=false principaltype={kind}")
        };
        for (arn, kind) in [
            ("arn:aws:iam::111122223333:root", "Account"),
            ("arn:aws:iam::111122223333:role/p/r", "AssumedRole"),
            ("arn:aws:sts::111122223333:federated-user/f", "FederatedUser"),
        ] {
            assert_eq!(aws(arn), of(arn, kind));
        }
        let user = "arn:aws:iam::111122223333:user/p/n";
        assert_eq!(aws(user), of(user, "User") + " username=n");
        assert_eq!(
            aws("arn:aws-cn:sts::111122223333:assumed-role/r/s"),
            of("arn:aws-cn:iam::111122223333:role/r", "AssumedRole")
        );
        assert_eq!(aws("AROAEXAMPLE"), "principalisawsservice=false");
        assert_eq!(
            keys(Principal::Service("ec2.amazonaws.com".to_owned())),
            "principalisawsservice=true principalservicename=ec2.amazonaws.com"
        );
        assert_eq!(keys(Principal::Anonymous), "principalaccount=anonymous principaltype=Anonymous");
        assert_eq!(keys(Principal::Federated("f".to_owned())) + &keys(Principal::CanonicalUser("c".to_owned())), "");
    }

    #[test]
    fn a_request_may_not_contradict_itself() {
        let (role, session) = ("arn:aws:iam::111122223333:role/R", "arn:aws:sts::111122223333:assumed-role/R/S");
        let with = |principal: &str, resource: &str, key: &str, value: &str| {
            let given = Context::from([(key.to_owned(), vec![value.to_owned()])]);
            Request::new(Principal::Aws(principal.to_owned()), "a:B", resource, given).is_consistent()
        };
        let arn = "aws:principalarn";
        assert!(with(session, "*", arn, role) && with(session, "*", arn, "arn:aws:iam::111122223333:role/p/q/R"));
        assert!(!with(session, "*", arn, "arn:aws:iam::111122223333:role/p/X"));
        assert!(!with(session, "*", "aws:principaltype", "x/AssumedRole"));
        // Only a session's own ARN leaves the path away.
        assert!(!with(role, "*", arn, "arn:aws:iam::111122223333:role/p/R"));
        assert!(!with("arn:aws:iam::111122223333:user/n", "*", arn, "arn:aws:iam::111122223333:user/p/n"));
        assert!(!with(role, "*", "aws:principalaccount", "999999999999") && !with(role, "*", "aws:principaltype", "User"));
        assert!(!with(role, "*", "aws:username", "n") && !with(role, "*", "aws:principalservicename", "ec2.amazonaws.com"));
        assert!(!with(role, "*", "aws:principalisawsservice", "true"));
        // A text that starts like an ARN and is none is no resource; an ARN says whose it is.
        assert!(!with(role, "arn:aws:s3", "k", "v") && with(role, "other", "k", "v") && with(role, "arn:aws:s3:::b", "k", "v"));
        let topic = "arn:aws:sns:us-east-1:111122223333:t";
        assert!(with(role, topic, "aws:resourceaccount", "111122223333"));
        assert!(!with(role, topic, "aws:resourceaccount", "999999999999"));
        assert!(with(role, "arn:aws:sns:us-east-1::t", "aws:resourceaccount", "999999999999"));
        assert!(with(role, "arn:aws:iam::aws:policy/p", "aws:resourceaccount", "999999999999"));
        assert!(!with(role, "arn:aws:sns:us-east-1:1111222233334:t", "aws:resourceaccount", "111122223333"));
        assert!(with(role, "arn:aws:sns:us-east-1:1111222233334:t", "k", "v"));
        let whole = Request::new(Principal::Aws(role.to_owned()), "a:B", topic, Context::new());
        assert_eq!((whole.resource_account(), whole.principal.account()), (Some("111122223333"), Some("111122223333")));
        assert_eq!(Principal::Anonymous.account(), None);
        for key in ["aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:resourceaccount"] {
            let mut request = whole.clone();
            request.context.remove(key);
            assert!(!request.is_consistent(), "{key} is missing");
            request.context.insert(key.to_owned(), vec!["a".to_owned(), "b".to_owned()]);
            assert!(!request.is_consistent(), "{key} has two values");
        }
        assert!(whole.is_consistent());
    }
}
