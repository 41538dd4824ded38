//! Numbers of the Numeric operators: integers and decimals, compared exactly.
//!
//! Source: IAM User Guide, "IAM JSON policy elements: Condition operators", numeric condition operators.

use bigdecimal::BigDecimal;
use std::str::FromStr;

/// The most characters a number may have; longer texts are no numbers, so that no input costs unbounded work.
pub const MOST_CHARACTERS: usize = 100;

/// Reads an integer or a decimal such as `-12.50`; no exponent, no white space, no sign but a leading minus or plus.
pub fn parse(text: &str) -> Option<BigDecimal> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if text.len() > MOST_CHARACTERS || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    BigDecimal::from_str(text).ok().map(|number| number.normalized())
}

/// The number as a plain decimal, which [`parse`] reads back.
pub fn to_text(number: &BigDecimal) -> String {
    number.normalized().to_plain_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_and_everything_else_is_no_number() {
        assert_eq!(parse("5"), parse("5.0"));
        assert_eq!(parse("+05.50"), parse("5.5"));
        assert!(parse("0.1000000000000000000000000001") > parse("0.1"));
        for text in ["", "-", ".5", "5.", "1e3", "0x5", " 5", "5 ", "NaN", "1,5", "--5", "٣"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
        assert_eq!(parse(&"9".repeat(101)), None);
        assert_eq!(to_text(&parse("-100").unwrap()), "-100");
    }
}
