//! ARNs as texts: `arn:partition:service:region:account:resource`.
//!
//! Source: AWS General Reference, "Amazon Resource Names (ARNs)".

/// The six parts of an ARN; the last may hold colons. `None` unless it starts with `arn:` and has six parts of which
/// partition, service and resource are not empty.
pub fn split(text: &str) -> Option<[&str; 6]> {
    let mut parts = text.splitn(6, ':');
    let parts = [parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    let [arn, partition, service, _, _, resource] = parts;
    (arn == "arn" && !partition.is_empty() && !service.is_empty() && !resource.is_empty()).then_some(parts)
}

/// Whether the text is a 12-digit account id.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
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
    }
}
