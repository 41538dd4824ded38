//! Whose permissions were used?
//!
//! A session of a role uses the role's permissions, a federated user those of the user that made the session. Names are
//! unique in an account without case and whatever the path, and an STS ARN has lost the path: so principals are known by
//! account, kind and name in lower case.
//!
//! Sources: CloudTrail User Guide, "userIdentity element"; IAM User Guide, "IAM identifiers" (names are unique without case).

use std::fmt;

/// What kind of principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// An IAM user.
    User,
    /// An IAM role.
    Role,
    /// The root of an account.
    Root,
}

/// A principal of an account.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Who {
    /// The account's number.
    pub account: String,
    /// What it is.
    pub kind: Kind,
    /// Its name in lower case, without path; empty for the root.
    pub name: String,
}

impl Who {
    /// A principal by its parts.
    pub fn new(account: &str, kind: Kind, name: &str) -> Self {
        let name = if kind == Kind::Root { String::new() } else { name.to_ascii_lowercase() };
        Self { account: account.to_owned(), kind, name }
    }

    /// Whom an ARN means: a user, a role, a session of a role, a root; `None` for federated users and anything else.
    pub fn of_arn(arn: &str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':');
        let (head, _, service, _, account, rest) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        if head != "arn" || !is_account {
            return None;
        }
        let last = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
        let (kind, name) = match (service, rest.split_once('/')) {
            ("iam" | "sts", None) if rest == "root" => (Kind::Root, String::new()),
            ("iam", Some(("user", path))) => (Kind::User, last(path)),
            ("iam", Some(("role", path))) => (Kind::Role, last(path)),
            ("sts", Some(("assumed-role", session))) => (Kind::Role, session.split('/').next().unwrap_or(session).to_owned()),
            _ => return None,
        };
        // An instance that calls as itself, `aws:ec2-instance`, has no role.
        let is_name = kind == Kind::Root || (!name.is_empty() && !name.contains(':'));
        is_name.then(|| Self::new(account, kind, &name))
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::User => write!(f, "user {} of {}", self.name, self.account),
            Kind::Role => write!(f, "role {} of {}", self.name, self.account),
            Kind::Root => write!(f, "root of {}", self.account),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_mean_principals() {
        for (arn, shown) in [
            ("arn:aws:iam::111122223333:user/Alice", "user alice of 111122223333"),
            ("arn:aws:iam::111122223333:user/a/b/Alice", "user alice of 111122223333"),
            ("arn:aws-cn:iam::111122223333:role/x/Deploy", "role deploy of 111122223333"),
            ("arn:aws:sts::111122223333:assumed-role/Deploy/session", "role deploy of 111122223333"),
            ("arn:aws:sts::111122223333:assumed-role/tester", "role tester of 111122223333"),
            ("arn:aws:iam::111122223333:root", "root of 111122223333"),
        ] {
            assert_eq!(Who::of_arn(arn).map(|who| who.to_string()).as_deref(), Some(shown), "{arn}");
        }
        for arn in [
            "arn:aws:sts::111122223333:assumed-role/aws:ec2-instance/i-1",
            "arn:aws:sts::111122223333:federated-user/alice",
            "arn:aws:iam::aws:policy/ReadOnlyAccess",
            "arn:aws:iam::111122223333:role/",
            "alice",
            "",
        ] {
            assert_eq!(Who::of_arn(arn), None, "{arn}");
        }
    }
}
