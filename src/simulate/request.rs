//! Is it a request that somebody can make?
//!
//! What a request says of its principal, action and resource is taken as it is, so a slip there answers another question: a
//! group's ARN, a bucket's name, a misspelled action match nothing. Arguments of the command line are refused for it; of
//! requests in files it is a note.
//!
//! Sources: IAM User Guide, "AWS JSON policy elements: Principal" (who can be one), "IAM identifiers" (the ARNs).

use crate::catalog::Names;
use crate::request::{CLOUDFRONT, Principal, Request};
use crate::value::arn;

/// Something of a request that nobody can have meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oddity {
    /// What is odd.
    pub message: String,
    /// What to write.
    pub help: String,
}

fn odd(message: String, help: &str) -> Option<Oddity> {
    Some(Oddity { message, help: help.to_owned() })
}

/// What is odd about who makes a request.
pub fn principal(principal: &Principal) -> Option<Oddity> {
    let help = "write the ARN of a user, a role, a role session (arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION), a federated \
                user or an account's root, a service name, or anonymous";
    let Principal::Aws(text) = principal else { return None };
    let Some([_, _, service, region, account, rest]) = arn::split(text) else {
        return odd(format!("`{text}` is not an ARN"), help);
    };
    let (kind, name) = rest.split_once('/').unwrap_or((rest, ""));
    let is_account = arn::is_account(account) || account == CLOUDFRONT;
    match (service, kind) {
        _ if text.contains(['*', '?']) => odd(format!("`{text}` names several principals, and a request has one"), help),
        ("iam" | "sts", _) if !region.is_empty() || !is_account => {
            odd(format!("`{text}` is not the ARN of a principal: it needs an account id of 12 digits, and no Region"), help)
        }
        ("iam", "root") if name.is_empty() => None,
        ("iam", "user" | "role") if !name.is_empty() => None,
        ("sts", "federated-user") if !name.is_empty() => None,
        ("sts", "assumed-role")
            if name.split_once('/').is_some_and(|(role, session)| !role.is_empty() && !session.is_empty()) =>
        {
            None
        }
        ("sts", "assumed-role") => odd(
            format!("`{text}` is not the ARN of a session"),
            "name the role and its session: arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION",
        ),
        ("iam", "group") => odd(
            format!("`{text}` is a group: groups make no requests"),
            "write the ARN of a user, and put the group's policies into `identityPolicies`",
        ),
        _ => odd(format!("`{text}` is not the ARN of a principal"), help),
    }
}

/// What is odd about what a request does.
pub fn action(text: &str) -> Option<Oddity> {
    if text.contains(['*', '?', ',']) || text.contains(char::is_whitespace) {
        return odd(format!("`{text}` is not one action"), "a request has one action, such as s3:GetObject");
    }
    let unknown = Names::default().action(text)?;
    Some(Oddity { message: unknown.message, help: unknown.help })
}

/// What is odd about what a request is about.
pub fn resource(text: &str) -> Option<Oddity> {
    let help = "write an ARN, such as arn:aws:s3:::bucket/key, or * for an action without a resource";
    let is_arn = arn::split(text).is_some_and(|[_, partition, service, ..]| !partition.is_empty() && !service.is_empty());
    (text != "*" && !is_arn).then(|| Oddity { message: format!("`{text}` is not an ARN"), help: help.to_owned() })
}

/// What is odd about a key of a request's context.
pub fn key(text: &str) -> Option<Oddity> {
    let unknown = Names::default().key(text)?;
    Some(Oddity { message: unknown.message, help: unknown.help })
}

/// What is odd about a request, in sentences.
pub(super) fn oddities(request: &Request) -> Vec<String> {
    let keys = request.context.keys().filter_map(|name| key(name));
    let own = [principal(&request.principal), action(&request.action), resource(&request.resource)];
    own.into_iter().flatten().chain(keys).map(|one| one.to_string()).collect()
}

impl std::fmt::Display for Oddity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the request is odd: {}", self.message)?;
        if self.help.is_empty() { Ok(()) } else { write!(f, " ({})", self.help) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_can_make_a_request() {
        let of = |text: &str| principal(&Principal::Aws(text.to_owned())).map(|odd| odd.message);
        for text in [
            "arn:aws:iam::111122223333:root",
            "arn:aws:iam::111122223333:user/path/ana",
            "arn:aws-cn:iam::111122223333:role/r",
            "arn:aws:sts::111122223333:assumed-role/r/s",
            "arn:aws:sts::111122223333:federated-user/f",
            "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
        for (text, part) in [
            ("ana", "is not an ARN"),
            ("arn:aws:iam::111122223333:user/*", "several principals"),
            ("arn:aws:iam::1234:user/ana", "12 digits"),
            ("arn:aws:iam:us-east-1:111122223333:user/ana", "no Region"),
            ("arn:aws:iam::111122223333:group/g", "is a group"),
            ("arn:aws:iam::111122223333:user/", "not the ARN of a principal"),
            ("arn:aws:iam::111122223333:policy/p", "not the ARN of a principal"),
            ("arn:aws:sts::111122223333:assumed-role/r", "not the ARN of a session"),
            ("arn:aws:s3:::b", "not the ARN of a principal"),
        ] {
            assert!(of(text).is_some_and(|message| message.contains(part)), "{text}: {:?}", of(text));
        }
    }

    #[test]
    fn what_can_be_done_to_what() {
        assert_eq!((action("s3:GetObject"), resource("*"), resource("arn:aws:s3:::b/*")), (None, None, None));
        assert!(action("s3:Get*").is_some_and(|odd| odd.message.contains("not one action")));
        assert!(action("s3:GetObjct").is_some_and(|odd| odd.help.contains("s3:GetObject")));
        assert!(resource("my-bucket").is_some() && resource("arn:aws:s3").is_some() && resource("").is_some());
        assert!(key("aws:SourceIp").is_none() && key("aws:SourceIpp").is_some_and(|odd| odd.help.contains("aws:SourceIp")));
    }
}
