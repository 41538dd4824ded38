//! Letters without case: the fold of the IgnoreCase operators.
//!
//! Policies may hold U+0020 to U+00FF (IAM User Guide, grammar), so the fold covers the letters of that range that have
//! a partner in it: ASCII, and U+00C0..U+00DE but for U+00D7. One character folds to one character, both ways.

/// The character in lower case, within the range above.
pub fn lower(c: char) -> char {
    match c {
        'A'..='Z' => c.to_ascii_lowercase(),
        '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{de}' => char::from_u32(c as u32 + 0x20).unwrap_or(c),
        _ => c,
    }
}

/// The character in upper case: [`lower`] the other way.
pub fn upper(c: char) -> char {
    match c {
        'a'..='z' => c.to_ascii_uppercase(),
        '\u{e0}'..='\u{f6}' | '\u{f8}'..='\u{fe}' => char::from_u32(c as u32 - 0x20).unwrap_or(c),
        _ => c,
    }
}

/// The text in lower case.
pub fn lower_text(text: &str) -> String {
    text.chars().map(lower).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_is_one_to_one_both_ways() {
        for c in (0..0x3000_u32).filter_map(char::from_u32) {
            assert_eq!(lower(upper(c)), lower(c), "{c:?}");
            let partners: Vec<char> = (0..0x3000_u32).filter_map(char::from_u32).filter(|d| lower(*d) == lower(c)).collect();
            assert!(partners.iter().all(|d| *d == lower(c) || *d == upper(c)), "{c:?}: {partners:?}");
            if c as u32 > 0x100 {
                break;
            }
        }
    }
}
