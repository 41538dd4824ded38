//! What is one concrete access?
//!
//! A principal, an action, a resource and a context. Some context keys follow from the principal (`aws:PrincipalArn`,
//! `aws:username`, ...): [`Request::new`] fills them in where the caller did not give them, so that no request
//! contradicts itself. `aws:ResourceAccount` follows from a resource ARN that names its account; an ARN with another number in
//! that place is not of a resource whose owner is known. A key's values are a set;
//! an empty list is an absent key, and an empty text is no value of a multivalued one.
//!
//! Sources: IAM User Guide, "AWS global condition context keys", properties of the principal; "Set operators for
//! multivalued context keys" (an empty text is a null dataset).

use super::keys::is_multivalued;
use crate::value::arn;
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
        for (key, value) in derived(&principal) {
            context.entry(key.to_owned()).or_insert_with(|| vec![value]);
        }
        if let Some([_, _, _, _, account, _]) = arn::split(resource)
            && arn::is_account(account)
        {
            context.entry("aws:resourceaccount".to_owned()).or_insert_with(|| vec![account.to_owned()]);
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
    /// is an ARN if it starts like one. What else requests are not depends on the question: [`super::ties`].
    pub fn is_consistent(&self) -> bool {
        let follows = derived(&self.principal);
        let as_follows = |key: &str| {
            let given = self.context.get(key).map(Vec::as_slice).unwrap_or_default();
            match (follows.iter().find(|(own, _)| *own == key), given) {
                (Some((_, value)), [one]) if key == "aws:principalarn" => {
                    // A session's own ARN leaves its role's path away.
                    let last = |text: &str| text.rsplit('/').next().map(str::to_owned);
                    one == value || (matches!(&self.principal, Principal::Aws(own) if own != value) && last(one) == last(value))
                }
                (Some((_, value)), [one]) => value == one,
                (None, []) => true,
                (Some(_), _) | (None, _) => false,
            }
        };
        // A text that starts like an ARN and is none is no resource.
        if self.resource.starts_with("arn:") && arn::split(&self.resource).is_none() {
            return false;
        }
        let owner = arn::split(&self.resource).map(|[_, _, _, _, account, _]| account).filter(|account| arn::is_account(account));
        if !self.resource_account().is_none_or(arn::is_account) {
            return false;
        }
        // What stands for the account of a resource whose owner is known is no other number.
        let of_arn = arn::split(&self.resource).map(|[_, _, _, _, account, _]| account);
        let is_numbered = of_arn.is_some_and(|account| account.contains(|c: char| c.is_ascii_digit()));
        if is_numbered && owner.is_none() && self.resource_account().is_some() {
            return false;
        }
        DERIVED.into_iter().all(as_follows)
            && (owner.is_none() || owner == self.resource_account())
            && !super::ties::contradicts(self)
    }

    /// The account that owns the resource, if it is known.
    pub fn resource_account(&self) -> Option<&str> {
        self.context.get("aws:resourceaccount").and_then(|values| values.first()).map(String::as_str)
    }

    /// The ARN under which identity-based rules know the principal: a session's is its role's.
    pub fn principal_arn(&self) -> Option<&str> {
        self.context.get("aws:principalarn").and_then(|values| values.first()).map(String::as_str)
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

/// The keys that may follow from a principal.
pub const DERIVED: [&str; 6] = [
    "aws:principalarn",
    "aws:principalaccount",
    "aws:username",
    "aws:principaltype",
    "aws:principalisawsservice",
    "aws:principalservicename",
];

/// The keys that follow from a principal.
fn derived(principal: &Principal) -> Vec<(&'static str, String)> {
    let is_service = |flag: bool| ("aws:principalisawsservice", flag.to_string());
    match principal {
        Principal::Anonymous => {
            ["aws:principaltype", "aws:principalaccount"].into_iter().zip(["Anonymous", ANONYMOUS].map(str::to_owned)).collect()
        }
        Principal::Service(name) => vec![is_service(true), ("aws:principalservicename", name.clone())],
        Principal::Federated(_) | Principal::CanonicalUser(_) => vec![],
        Principal::Aws(text) => {
            let Some([_, partition, service, _, account, rest]) = arn::split(text) else { return vec![is_service(false)] };
            let (kind, tail) = rest.split_once('/').unwrap_or((rest, ""));
            let mut out = vec![is_service(false), ("aws:principalaccount", account.to_owned())];
            let (own, kind) = match (service, kind) {
                ("sts", "assumed-role") => {
                    let role = tail.split_once('/').map_or(tail, |(role, _)| role);
                    (format!("arn:{partition}:iam::{account}:role/{role}"), "AssumedRole")
                }
                ("sts", "federated-user") => (text.clone(), "FederatedUser"),
                (_, "role") => (text.clone(), "AssumedRole"),
                (_, "user") => (text.clone(), "User"),
                _ => (text.clone(), "Account"),
            };
            out.extend([("aws:principalarn", own), ("aws:principaltype", kind.to_owned())]);
            if kind == "User" {
                out.push(("aws:username", tail.rsplit('/').next().unwrap_or(tail).to_owned()));
            }
            out
        }
    }
}

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
