//! ARNs as texts: `arn:partition:service:region:account:resource`.
//!
//! Source: AWS General Reference, "Amazon Resource Names (ARNs)".

/// The six parts of an ARN; the last may hold colons. `None` unless it starts with `arn:` and has six parts of which
/// partition, service and resource are not empty.
pub fn split(text: &str) -> Option<[&str; 6]> {
    let (partition, rest) = split_at_colon(text.strip_prefix("arn:")?)?;
    let (service, rest) = split_at_colon(rest)?;
    let (region, rest) = split_at_colon(rest)?;
    let (account, resource) = split_at_colon(rest)?;
    let is_whole = !partition.is_empty() && !service.is_empty() && !resource.is_empty();
    is_whole.then_some(["arn", partition, service, region, account, resource])
}

/// What stands before the first colon and after it. It does what `split_once` does, which costs more than a walk over texts
/// that are as short as services and regions.
pub fn split_at_colon(text: &str) -> Option<(&str, &str)> {
    let at = text.bytes().position(|byte| byte == b':')?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// Whether the text is a 12-digit account id.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether the text is the id of an organization: `o-` and 10 to 32 lower-case letters or digits.
///
/// Source: AWS Organizations API Reference, "Organization", `Id`.
pub fn is_organization(text: &str) -> bool {
    let id = text.strip_prefix("o-").unwrap_or_default();
    (10..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_parts_the_last_with_colons() {
        assert_eq!(split("arn:aws:sns:::a:b:c"), Some(["arn", "aws", "sns", "", "", "a:b:c"]));
        for text in ["*", "arn:aws:s3:::", "arn:aws:s3::b", "ARN:aws:s3:::b", "arn::s3:::b"] {
            assert_eq!(split(text), None, "{text}");
        }
        assert!(is_account("111122223333") && !is_account("11112222333") && !is_account("11112222333a"));
        assert!(is_organization("o-a1b2c3d4e5") && is_organization(&format!("o-{}", "a".repeat(32))));
        for text in ["o-a", "o-a1b2c3d4e", "o-A1B2C3D4E5", "o-a1b2c3d4e-", "a1b2c3d4e5", "", &format!("o-{}", "a".repeat(33))] {
            assert!(!is_organization(text), "{text}");
        }
    }
}
