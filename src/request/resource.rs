//! What may the resource of a request look like, and whose is it?
//!
//! An ARN of six parts, or a text that does not start like one (`*` for actions without a resource). An ARN that names an account
//! is of that account's resource, and `aws:ResourceAccount` says so. An ARN with another number in that place is not of a resource
//! whose owner is known. The encoding and the automata say the same for themselves (`encode/resource.rs`, `solve/owners.rs`).
//!
//! Sources: IAM User Guide, "Amazon Resource Names (ARNs)", "AWS global condition context keys" (`aws:ResourceAccount`).

use crate::value::arn;

/// The key that holds the account that owns the resource.
pub const RESOURCE_ACCOUNT: &str = "aws:resourceaccount";

/// The account that the resource's ARN names.
pub fn owner(resource: &str) -> Option<&str> {
    account_part(resource).filter(|account| arn::is_account(account))
}

/// What stands for an account in the resource's ARN.
fn account_part(resource: &str) -> Option<&str> {
    arn::split(resource).map(|[_, _, _, _, account, _]| account)
}

/// Whether some request has this resource: a text that starts like an ARN and is none is not a resource.
pub fn may_be(resource: &str) -> bool {
    !resource.starts_with("arn:") || arn::split(resource).is_some()
}

/// Whether the resource can be of this account, or of one that is not known.
pub fn may_be_of(resource: &str, account: Option<&str>) -> bool {
    let is_numbered = account_part(resource).is_some_and(|part| part.contains(|c: char| c.is_ascii_digit()));
    match (owner(resource), account) {
        (Some(own), known) => known == Some(own),
        (None, None) => true,
        (None, Some(known)) => arn::is_account(known) && !is_numbered,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_says_whose_it_is_or_cannot_be() {
        let topic = |account: &str| format!("arn:aws:sns:us-east-1:{account}:t");
        let own = topic("111122223333");
        assert_eq!((owner(&own), owner(&topic("")), owner(&topic("aws")), owner("*")), (Some("111122223333"), None, None, None));
        assert!(may_be(&own) && may_be("*") && may_be("other") && !may_be("arn:aws:s3"));
        assert!(may_be_of(&own, Some("111122223333")) && !may_be_of(&own, Some("999999999999")) && !may_be_of(&own, None));
        for open in [topic(""), topic("aws"), "*".to_owned()] {
            assert!(may_be_of(&open, None) && may_be_of(&open, Some("999999999999")) && !may_be_of(&open, Some("x")), "{open}");
        }
        let numbered = topic("1111222233334");
        assert!(may_be_of(&numbered, None) && !may_be_of(&numbered, Some("111122223333")));
    }
}
