//! Which values do keys have that AWS documents the form of?
//!
//! Account ids have twelve digits, ids of organizations, VPCs and endpoints begin as they do. A witness with another value is
//! right about the policy, but no request carries it: one is tried that it could carry, and where none shows the same a note
//! says so. No verdict depends on it.
//!
//! Sources: IAM User Guide, "AWS global condition context keys"; AWS Organizations API Reference, `Organization`; the keys of
//! S3, KMS and SNS in the Service Authorization Reference.

use crate::request::Request;
use crate::value::arn;

/// What the values of a key look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Twelve digits.
    Account,
    /// This, and more behind it.
    Starts(&'static str, &'static str),
}

/// Keys, in lower case, whose values have a documented form, and an example of one.
const KEYS: [(&str, Form, &str); 18] = [
    ("aws:sourceaccount", Form::Account, "111122223333"),
    ("aws:sourceowner", Form::Account, "111122223333"),
    ("aws:vpceaccount", Form::Account, "111122223333"),
    ("kms:calleraccount", Form::Account, "111122223333"),
    ("s3:resourceaccount", Form::Account, "111122223333"),
    ("s3:dataaccesspointaccount", Form::Account, "111122223333"),
    ("aws:principalorgid", ORG, "o-a1b2c3d4e5"),
    ("aws:resourceorgid", ORG, "o-a1b2c3d4e5"),
    ("aws:sourceorgid", ORG, "o-a1b2c3d4e5"),
    ("aws:vpceorgid", ORG, "o-a1b2c3d4e5"),
    ("aws:principalorgpaths", PATH, "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/"),
    ("aws:resourceorgpaths", PATH, "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/"),
    ("aws:sourceorgpaths", PATH, "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/"),
    ("aws:vpceorgpaths", PATH, "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/"),
    ("aws:sourcevpc", Form::Starts("vpc-", "the id of a VPC"), "vpc-1a2b3c4d"),
    ("aws:sourcevpce", Form::Starts("vpce-", "the id of a VPC endpoint"), "vpce-1a2b3c4d"),
    ("aws:ec2instancesourcevpc", Form::Starts("vpc-", "the id of a VPC"), "vpc-1a2b3c4d"),
    ("aws:sourcevpcarn", Form::Starts("arn:", "the ARN of a VPC"), "arn:aws:ec2:us-east-1:111122223333:vpc/vpc-1a2b3c4d"),
];

const ORG: Form = Form::Starts("o-", "the id of an organization");
const PATH: Form = Form::Starts("o-", "a path of an organization");

impl Form {
    fn holds(self, value: &str) -> bool {
        match self {
            Self::Account => arn::is_account(value),
            Self::Starts(start, _) => {
                value.strip_prefix(start).is_some_and(|rest| !rest.is_empty() && !rest.contains(['*', '?']))
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Account => "an account id",
            Self::Starts(_, name) => name,
        }
    }
}

fn form(key: &str) -> Option<(Form, &'static str)> {
    KEYS.iter().find(|(own, ..)| *own == key).map(|(_, form, example)| (*form, *example))
}

/// The first value of a request that its key's values do not look like, in words.
pub(super) fn doubt(request: &Request) -> Option<String> {
    let wrong = |(key, values): (&String, &Vec<String>)| {
        let (form, _) = form(key)?;
        let value = values.iter().find(|value| !form.holds(value))?;
        Some(format!("`{value}` is not {}, as the values of {key} are", form.name()))
    };
    request.context.iter().find_map(wrong)
}

/// Values that a key could have in place of one that it could not; none of others.
pub(super) fn others(key: &str, value: &str) -> Vec<String> {
    let Some((form, example)) = form(key).filter(|(form, _)| !form.holds(value)) else { return Vec::new() };
    let mut out = vec![example.to_owned()];
    if form == Form::Account {
        // What a pattern names of an id stands at its ends.
        let digits = |c: &char| c.is_ascii_digit();
        let start: String = value.chars().take_while(digits).collect();
        let end: String = value.chars().rev().take_while(digits).collect::<Vec<_>>().into_iter().rev().collect();
        out.push("999999999999".to_owned());
        for between in ["1", "9"] {
            let missing = 12_usize.saturating_sub(start.len() + end.len());
            out.push(format!("{start}{}{end}", between.repeat(missing)));
        }
    } else if let Form::Starts(start, _) = form {
        out.push(format!("{start}{value}"));
    }
    out.retain(|other| form.holds(other));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_form_of_their_keys_and_others_are_offered() {
        for (key, form, example) in KEYS {
            assert!(form.holds(example) && key == key.to_ascii_lowercase(), "{key}");
            assert!(others(key, example).is_empty(), "{key}");
            for wrong in ["", "*", "x", "9example"] {
                assert!(!form.holds(wrong) && others(key, wrong).iter().all(|other| form.holds(other)), "{key} {wrong}");
                assert!(others(key, wrong).contains(&example.to_owned()), "{key} {wrong}");
            }
        }
        assert!(others("aws:sourceaccount", "9example").contains(&"911111111111".to_owned()));
        assert!(others("aws:sourceaccount", "example77").contains(&"111111111177".to_owned()));
        assert!(others("aws:username", "x").is_empty());
    }
}
