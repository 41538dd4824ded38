//! How a text becomes a string literal, and a model's string a text.
//!
//! Z3's strings are sequences of code points up to U+2FFFF. The `z3` crate passes bytes and Z3 reads `\u{...}` escapes,
//! so printable ASCII other than the backslash goes as it is and all else as `\u{hex}`; models come back escaped.
//!
//! Source: SMT-LIB 2.6, theory of Unicode strings.

/// The largest code point of SMT-LIB strings.
pub const MOST: u32 = 0x2_FFFF;

/// The first character that SMT-LIB strings cannot hold, if the text has one.
pub fn too_wide(text: &str) -> Option<char> {
    text.chars().find(|c| *c as u32 > MOST)
}

/// The text in the spelling that Z3 reads.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' '..='~' if c != '\\' => out.push(c),
            _ => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
        }
    }
    out
}

/// The text that a model's string spells. Code points that are no Unicode scalar values become U+FFFD.
pub fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let escaped = rest.strip_prefix("\\u{").and_then(|tail| {
            let (hex, after) = tail.split_once('}')?;
            let short = (1..=5).contains(&hex.len());
            let code = u32::from_str_radix(hex, 16).ok().filter(|_| short)?;
            Some((char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), after))
        });
        match escaped {
            Some((c, after)) => {
                out.push(c);
                rest = after;
            }
            None => {
                out.push(c);
                rest = rest.get(c.len_utf8()..).unwrap_or("");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_escaped_reads_back() {
        for text in ["plain", "back\\slash", "\\u{41}", "é\0\n\t", "\u{2ffff}", "\"quoted\"", ""] {
            assert_eq!(unescape(&escape(text)), text);
        }
        assert_eq!(escape("\\u{41}"), "\\u{5c}u{41}");
        assert_eq!(too_wide("a\u{30000}"), Some('\u{30000}'));
    }
}
