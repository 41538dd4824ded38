//! A policy, or a stack, from its text: `text.parse::<Policy>()`.
//!
//! What a text is called is said by [`Policy::read`]; here it is `policy`, and limits are those of [`Budget::default`].

use super::{Access, Policy, access_json};
use crate::diag::{Budget, Diagnostics, Source};
use crate::json;
use std::str::FromStr;

impl FromStr for Policy {
    type Err = Diagnostics;

    /// # Errors
    /// It is not a policy: every trouble with its line, column and what to do.
    fn from_str(text: &str) -> Result<Self, Diagnostics> {
        Self::read(&Source::new("policy", text), &Budget::default())
    }
}

impl FromStr for Access {
    type Err = Diagnostics;

    /// One policy document, or a stack of them: an object with members such as `identityPolicies`.
    ///
    /// # Errors
    /// It is neither: every trouble with its line, column and what to do.
    fn from_str(text: &str) -> Result<Self, Diagnostics> {
        let source = Source::new("policy", text);
        access_json::read(&source, &json::read(&source, &Budget::default())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_policies_or_stacks_and_errors_have_their_place() {
        let text = r#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}"#;
        assert_eq!(text.parse::<Policy>().unwrap().statements.len(), 1);
        assert!(text.parse::<Access>().unwrap().is_alone());
        assert!(!format!(r#"{{"identityPolicies": [{text}]}}"#).parse::<Access>().unwrap().is_alone());
        let error = "{\n\"Statement\": 1}".parse::<Policy>().unwrap_err();
        assert!(error.to_string().starts_with("policy:2:14: "), "{error}");
        assert_eq!(format!("{error:?}"), error.to_string());
    }
}
