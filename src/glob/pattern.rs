//! What is one glob, and does it match one string?
//!
//! A glob is a sequence of tokens: a character, `?` (exactly one character) or `*` (any run, also none). Matching is
//! the usual two-pointer walk with one saved star, O(pattern x text) and without recursion, so no input can make it hang.
//!
//! Invariant: tokens are normalized. Within a run of wildcards the `?`s come first and at most one `*` follows
//! (`*?*` is `?*`), so two globs that differ in wildcard spelling only are equal.

use crate::diag::deadline;
use std::fmt;
use std::hash::{Hash, Hasher};

/// One position of a glob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Token {
    /// This character.
    Char(char),
    /// `?`: exactly one character.
    One,
    /// `*`: any run of characters.
    Many,
}

/// A glob pattern.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Glob {
    tokens: Vec<Token>,
}

impl Glob {
    /// Reads a pattern: every `*` and `?` is a wildcard, all else stands for itself.
    pub fn parse(text: &str) -> Self {
        let tokens = text.chars().map(|c| match c {
            '*' => Token::Many,
            '?' => Token::One,
            other => Token::Char(other),
        });
        Self::normalized(tokens, text.len())
    }

    /// The glob that matches exactly this text, wildcard characters included.
    pub fn literal(text: &str) -> Self {
        Self { tokens: text.chars().map(Token::Char).collect() }
    }

    /// A glob of these tokens, normalized.
    pub fn from_tokens(tokens: impl IntoIterator<Item = Token>) -> Self {
        let tokens = tokens.into_iter();
        let about = tokens.size_hint().0;
        Self::normalized(tokens, about)
    }

    /// The same, with room for so many tokens from the start.
    fn normalized(tokens: impl Iterator<Item = Token>, about: usize) -> Self {
        let mut out = Vec::with_capacity(about);
        let mut pending_star = false;
        for token in tokens {
            match token {
                Token::Many => pending_star = true,
                Token::One => out.push(Token::One),
                Token::Char(_) => {
                    if std::mem::take(&mut pending_star) {
                        out.push(Token::Many);
                    }
                    out.push(token);
                }
            }
        }
        if pending_star {
            out.push(Token::Many);
        }
        deadline::spend(1 + out.len() / 32);
        Self { tokens: out }
    }

    /// The normalized tokens.
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// The text, if the glob has no wildcard.
    pub fn as_literal(&self) -> Option<String> {
        deadline::spend(1 + self.tokens.len() / 32);
        (!self.has_wildcard()).then(|| self.literal_prefix())
    }

    /// Whether it matches every string.
    pub fn is_everything(&self) -> bool {
        self.tokens == [Token::Many]
    }

    /// Whether it has a wildcard.
    pub fn has_wildcard(&self) -> bool {
        self.tokens.iter().any(|token| !matches!(token, Token::Char(_)))
    }

    /// The same glob with ASCII letters in lower case.
    pub fn to_ascii_lowercase(&self) -> Self {
        self.clone().into_ascii_lowercase()
    }

    /// The same of a glob that nobody needs as it is.
    pub fn into_ascii_lowercase(mut self) -> Self {
        deadline::spend(1 + self.tokens.len() / 32);
        for token in &mut self.tokens {
            if let Token::Char(c) = token {
                c.make_ascii_lowercase();
            }
        }
        self
    }

    /// The characters before the first wildcard.
    pub fn literal_prefix(&self) -> String {
        let mut out = String::new();
        self.write_literal_prefix(&mut out);
        out
    }

    /// Puts the characters before the first wildcard in place of a text, whose room is used again.
    pub fn write_literal_prefix(&self, out: &mut String) {
        deadline::check();
        out.clear();
        out.reserve(self.tokens.len());
        // Letter by letter costs a test of room each; almost all patterns are ASCII.
        let mut room = [0; 64];
        for (number, tokens) in self.tokens.chunks(room.len()).enumerate() {
            let mut ascii = 0;
            for (token, letter) in tokens.iter().zip(&mut room) {
                let Token::Char(c) = token else { break };
                let Some(byte) = u8::try_from(*c).ok().filter(u8::is_ascii) else { break };
                *letter = byte;
                ascii += 1;
            }
            out.push_str(std::str::from_utf8(&room[..ascii]).unwrap_or_default());
            if ascii < tokens.len() {
                let rest = self.tokens[number * room.len() + ascii..].iter();
                out.extend(rest.map_while(|token| if let Token::Char(c) = token { Some(*c) } else { None }));
                break;
            }
        }
    }

    /// Whether the two differ in a character before the first wildcard of either: then no text matches both.
    pub fn begins_apart(&self, other: &Self) -> bool {
        deadline::check();
        let mut pairs = self.tokens.iter().zip(&other.tokens);
        let differing = pairs.find(|(one, two)| !matches!((one, two), (Token::Char(a), Token::Char(b)) if a == b));
        matches!(differing, Some((Token::Char(_), Token::Char(_))))
    }

    /// Whether some text may match both; said unless it is plain that none does.
    ///
    /// Exact if one of them has no wildcard; of two that have, what stands before the wildcards is compared.
    pub fn may_meet(&self, other: &Self) -> bool {
        if self.begins_apart(other) {
            return false;
        }
        let char_of = |tokens: &[Token], at: usize| match tokens.get(at) {
            Some(Token::Char(c)) => Some(*c),
            Some(Token::One | Token::Many) | None => None,
        };
        match (self.has_wildcard(), other.has_wildcard()) {
            (_, false) => self.walk(other.tokens.len(), |at| char_of(&other.tokens, at)),
            (false, true) => other.walk(self.tokens.len(), |at| char_of(&self.tokens, at)),
            (true, true) => true,
        }
    }

    /// The text before the first such character, if no wildcard stands in it: an action pattern's service, before a colon.
    pub fn literal_before(&self, stop: char) -> Option<String> {
        let end = self.tokens.iter().position(|token| *token == Token::Char(stop))?;
        Self { tokens: self.tokens.get(..end)?.to_vec() }.as_literal()
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        deadline::check();
        // Most globs differ in a first character: told without looking at the rest.
        if let (Some(Token::Char(first)), start) = (self.tokens.first(), text.chars().next())
            && start != Some(*first)
        {
            return false;
        }
        if text.is_ascii() {
            let bytes = text.as_bytes();
            return self.walk(bytes.len(), |position| bytes.get(position).map(|byte| char::from(*byte)));
        }
        let text: Vec<char> = text.chars().collect();
        self.walk(text.len(), |position| text.get(position).copied())
    }

    /// The two-pointer walk over a text of so many characters.
    fn walk(&self, length: usize, char_at: impl Fn(usize) -> Option<char>) -> bool {
        let (mut at, mut position) = (0, 0);
        // The last star seen: the token after it, and the text position it has swallowed up to.
        let mut star: Option<(usize, usize)> = None;
        while position < length {
            match self.tokens.get(at) {
                Some(Token::Many) => {
                    star = Some((at + 1, position));
                    at += 1;
                    // Nothing behind it: whatever follows matches.
                    if at == self.tokens.len() {
                        return true;
                    }
                    continue;
                }
                Some(Token::One) => {
                    at += 1;
                    position += 1;
                    continue;
                }
                Some(Token::Char(expected)) if char_at(position) == Some(*expected) => {
                    at += 1;
                    position += 1;
                    continue;
                }
                Some(Token::Char(_)) | None => {}
            }
            let Some((after, swallowed)) = star else { return false };
            deadline::spend(1 + (position - swallowed) / 16);
            star = Some((after, swallowed + 1));
            at = after;
            position = swallowed + 1;
        }
        self.tokens.get(at..).unwrap_or(&[]).iter().all(|token| *token == Token::Many)
    }
}

/// One word a token, where the derived code takes two: lists of thousands of patterns are compared by hash.
impl Hash for Glob {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let number = |token: &Token| match token {
            Token::Char(c) => u64::from(u32::from(*c)),
            Token::One => u64::from(u32::MAX - 1),
            Token::Many => u64::from(u32::MAX),
        };
        state.write_usize(self.tokens.len());
        // Two at once: long lists of names are filed by their hashes.
        let (pairs, rest) = self.tokens.as_chunks::<2>();
        pairs.iter().for_each(|[one, other]| state.write_u64(number(one) << 32 | number(other)));
        rest.iter().for_each(|token| state.write_u64(number(token)));
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for token in &self.tokens {
            match token {
                Token::Char(c) => write!(f, "{c}")?,
                Token::One => write!(f, "?")?,
                Token::Many => write!(f, "*")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, word by word: exponential, and hard to get wrong.
    fn naive(tokens: &[Token], text: &[char]) -> bool {
        match (tokens.split_first(), text.split_first()) {
            (None, None) => true,
            (None, Some(_)) => false,
            (Some((Token::Many, rest)), None) => naive(rest, text),
            (Some((Token::Many, rest)), Some((_, tail))) => naive(rest, text) || naive(tokens, tail),
            (Some(_), None) => false,
            (Some((Token::One, rest)), Some((_, tail))) => naive(rest, tail),
            (Some((Token::Char(c), rest)), Some((d, tail))) => c == d && naive(rest, tail),
        }
    }

    #[test]
    fn wildcards_normalize() {
        for (written, normal) in [("**", "*"), ("*?*", "?*"), ("a*?b", "a?*b"), ("*??", "??*"), ("", "")] {
            assert_eq!(Glob::parse(written).to_string(), normal);
        }
    }

    #[test]
    fn a_long_pattern_of_stars_does_not_hang() {
        let glob = Glob::parse(&"*a".repeat(2_000));
        assert!(!glob.matches(&"a".repeat(1_999)));
        assert!(glob.matches(&"a".repeat(2_000)));
    }

    proptest::proptest! {
        #[test]
        fn the_literal_prefix_ends_at_the_first_wildcard(text in "(a{60,70})?[a-cé𝄞]{0,6}[*?]?[a-cé]{0,70}[*?]?") {
            let prefix: String = text.chars().take_while(|c| !matches!(c, '*' | '?')).collect();
            proptest::prop_assert_eq!(Glob::parse(&text).literal_prefix(), prefix);
        }

        #[test]
        fn matching_is_the_definition(pattern in "[ab*?]{0,7}", text in "[abc]{0,7}") {
            let raw: Vec<Token> = pattern.chars().map(|c| match c { '*' => Token::Many, '?' => Token::One, c => Token::Char(c) }).collect();
            let chars: Vec<char> = text.chars().collect();
            proptest::prop_assert_eq!(Glob::parse(&pattern).matches(&text), naive(&raw, &chars));
        }

        #[test]
        fn globs_that_both_match_a_text_may_meet(one in "[ab*?]{0,5}", two in "[ab*?]{0,5}", text in "[abc]{0,5}") {
            let (one, two) = (Glob::parse(&one), Glob::parse(&two));
            proptest::prop_assert!(one.may_meet(&two) || !(one.matches(&text) && two.matches(&text)));
            proptest::prop_assert!(!(one.begins_apart(&two) && one.matches(&text) && two.matches(&text)));
            // A literal is told exactly.
            proptest::prop_assert_eq!(one.may_meet(&Glob::literal(&text)), one.matches(&text));
            proptest::prop_assert_eq!(Glob::literal(&text).may_meet(&one), one.matches(&text));
        }
    }
}
