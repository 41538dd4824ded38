//! Which keys of a request follow from its principal?
//!
//! The one table of them: a row a key, with what its values are ([`ValueForm`]). Whatever depends on that alone asks for the form, not
//! for the key. What each holds for which principal is said three times, by evaluator, automata and encoding, each for itself:
//! they match on [`Derived`] without a catch-all, so a key that is added breaks the build wherever its meaning is missing. What
//! the evaluator makes of them is here ([`Derived::value`]), since no request can be made without it.
//!
//! Sources: IAM User Guide, "AWS global condition context keys", properties of the principal; "Variables and tags", principal key
//! values.

use super::{ANONYMOUS, Context, Principal};
use crate::value::arn;

/// What the values of a key are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueForm {
    /// The ARN of an identity, in which its account stands.
    Arn,
    /// An account's id, or a word in place of one.
    Account,
    /// A name without a path.
    Name,
    /// The name of a service.
    Service,
    /// One of these words.
    Word(&'static [&'static str]),
}

/// Makes the enum and its names of the rows.
macro_rules! derived {
    ($($(#[$what:meta])* $name:ident: $key:literal, $form:expr;)*) => {
        /// A key that follows from the principal.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Derived {
            $($(#[$what])* $name,)*
        }

        impl Derived {
            /// All of them.
            pub const ALL: [Self; DERIVED.len()] = [$(Self::$name),*];

            /// The key's name, in lower case.
            pub const fn key(self) -> &'static str {
                match self {
                    $(Self::$name => $key,)*
                }
            }

            /// What its values are.
            pub const fn form(self) -> ValueForm {
                match self {
                    $(Self::$name => $form,)*
                }
            }

            /// Which of them a key in lower case is.
            pub fn of(key: &str) -> Option<Self> {
                match key {
                    $($key => Some(Self::$name),)*
                    _ => None,
                }
            }
        }

        /// The names of all, in lower case.
        pub const DERIVED: [&str; [$($key),*].len()] = [$($key),*];
    };
}

derived! {
    /// The ARN of the root, user, role or federated user; a session's is its role's.
    Arn: "aws:principalarn", ValueForm::Arn;
    /// Its account.
    Account: "aws:principalaccount", ValueForm::Account;
    /// A user's name, without the path.
    UserName: "aws:username", ValueForm::Name;
    /// Which kind of principal it is.
    Type: "aws:principaltype", ValueForm::Word(&["User", "AssumedRole", "Account", "FederatedUser", "Anonymous"]);
    /// Whether a service calls for itself.
    IsService: "aws:principalisawsservice", ValueForm::Word(&["true", "false"]);
    /// The name of that service.
    ServiceName: "aws:principalservicename", ValueForm::Service;
}

/// What the values of a key in lower case are, if it follows from the principal.
pub fn form_of(key: &str) -> Option<ValueForm> {
    Derived::of(key).map(Derived::form)
}

/// Says in a context of which role a session is, whose own ARN leaves the role's path away.
pub fn with_role(context: &mut Context, role: String) {
    context.insert(Derived::Arn.key().to_owned(), vec![role]);
}

impl Derived {
    /// What the key holds in requests of this principal; `None` if they do not carry it.
    pub fn value(self, principal: &Principal) -> Option<String> {
        let text = match (self, principal) {
            (Self::Type, Principal::Anonymous) => return Some("Anonymous".to_owned()),
            (Self::Account, Principal::Anonymous) => return Some(ANONYMOUS.to_owned()),
            (Self::IsService, Principal::Service(_)) => return Some("true".to_owned()),
            (Self::ServiceName, Principal::Service(name)) => return Some(name.clone()),
            (Self::IsService, Principal::Aws(_)) => return Some("false".to_owned()),
            (_, Principal::Aws(text)) => text,
            (_, Principal::Anonymous | Principal::Service(_) | Principal::Federated(_) | Principal::CanonicalUser(_)) => {
                return None;
            }
        };
        let [_, partition, service, _, account, rest] = arn::split(text)?;
        let (kind, tail) = rest.split_once('/').unwrap_or((rest, ""));
        match (self, service, kind) {
            (Self::Account, ..) => Some(account.to_owned()),
            (Self::Arn, "sts", "assumed-role") => {
                let role = tail.split_once('/').map_or(tail, |(role, _)| role);
                Some(format!("arn:{partition}:iam::{account}:role/{role}"))
            }
            (Self::Arn, ..) => Some(text.clone()),
            (Self::Type, "sts", "assumed-role") | (Self::Type, _, "role") => Some("AssumedRole".to_owned()),
            (Self::Type, "sts", "federated-user") => Some("FederatedUser".to_owned()),
            (Self::Type, _, "user") => Some("User".to_owned()),
            (Self::Type, ..) => Some("Account".to_owned()),
            (Self::UserName, _, "user") => Some(tail.rsplit('/').next().unwrap_or(tail).to_owned()),
            (Self::UserName | Self::IsService | Self::ServiceName, ..) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row by itself: its name is found again, some principal has a value of it, and some has none.
    #[test]
    fn every_key_is_found_by_its_name_and_follows_for_some_principals_alone() {
        let aws = |own: &str| Principal::Aws(format!("arn:aws:{own}"));
        let principals = [
            Principal::Anonymous,
            Principal::Service("ec2.amazonaws.com".to_owned()),
            Principal::Federated("f".to_owned()),
            Principal::CanonicalUser("c".to_owned()),
            aws("iam::111122223333:root"),
            aws("iam::111122223333:user/p/n"),
            aws("sts::111122223333:assumed-role/r/s"),
        ];
        for (derived, key) in Derived::ALL.into_iter().zip(DERIVED) {
            assert_eq!((derived.key(), Derived::of(key)), (key, Some(derived)));
            let values: Vec<_> = principals.iter().map(|principal| derived.value(principal)).collect();
            assert!(values.iter().any(Option::is_some) && values.iter().any(Option::is_none), "{key}: {values:?}");
            assert_eq!(form_of(key), Some(derived.form()));
            for value in values.iter().flatten() {
                let is_of_form = match derived.form() {
                    ValueForm::Arn => arn::split(value).is_some(),
                    ValueForm::Account => arn::is_account(value) || value == ANONYMOUS,
                    ValueForm::Name => !value.is_empty() && !value.contains(['/', ':']),
                    ValueForm::Service => value.ends_with(".amazonaws.com"),
                    ValueForm::Word(words) => words.contains(&value.as_str()),
                };
                assert!(is_of_form, "{key}: {value}");
            }
            if let ValueForm::Word(words) = derived.form() {
                // Every word is that of some principal, but for federated users, who are not among these.
                let said = |word: &&&str| values.iter().flatten().any(|value| value == **word);
                assert_eq!(words.iter().filter(said).count(), words.len() - usize::from(derived == Derived::Type), "{key}");
            }
        }
        assert_eq!(Derived::of("aws:PrincipalArn"), None, "names come in lower case");
    }
}
