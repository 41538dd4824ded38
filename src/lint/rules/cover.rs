//! Does one pattern match whatever another one matches?
//!
//! Two patterns are compared as texts with wildcards, not through what they mean: that is how AWS's results come out.

use crate::diag::deadline;
pub(crate) use crate::glob::Glob;
use crate::glob::Token;

/// Whether a pattern in lower case matches a text in lower case.
pub(crate) fn matches_lower(glob: &Glob, text: &str) -> bool {
    glob.matches(text)
}

/// Whether everything that `inner` matches is matched by `outer`.
///
/// Sure when it says yes. The walk of a glob over the other's tokens: a star takes any tokens, a `?` one character or `?`.
pub(crate) fn covers(outer: &Glob, inner: &Glob) -> bool {
    let (outer, inner) = (outer.tokens(), inner.tokens());
    let (mut at, mut position) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(token) = inner.get(position) {
        deadline::spend(1);
        match outer.get(at) {
            Some(Token::Many) => {
                star = Some((at + 1, position));
                at += 1;
                continue;
            }
            Some(Token::One) if *token != Token::Many => {
                at += 1;
                position += 1;
                continue;
            }
            Some(Token::Char(_)) if outer.get(at) == Some(token) => {
                at += 1;
                position += 1;
                continue;
            }
            Some(Token::One | Token::Char(_)) | None => {}
        }
        let Some((after, swallowed)) = star else { return false };
        star = Some((after, swallowed + 1));
        at = after;
        position = swallowed + 1;
    }
    outer.get(at..).unwrap_or(&[]).iter().all(|token| *token == Token::Many)
}

/// Whether some text matches both.
pub(crate) fn meet(a: &Glob, b: &Glob) -> bool {
    let (a, b) = (a.tokens(), b.tokens());
    // Pairs of positions that are reached, a row at a time.
    let mut row = vec![false; b.len() + 1];
    if let Some(first) = row.first_mut() {
        *first = true;
    }
    for at in 0..=a.len() {
        deadline::spend(1 + b.len() / 16);
        let mut next = vec![false; b.len() + 1];
        for other in 0..=b.len() {
            if !row.get(other).copied().unwrap_or(false) {
                continue;
            }
            let (one, two) = (a.get(at), b.get(other));
            if one == Some(&Token::Many) {
                set(&mut next, other);
            }
            if two == Some(&Token::Many) {
                set(&mut row, other + 1);
            }
            match (one, two) {
                // A star takes what the other waits for.
                (Some(Token::Many), Some(Token::Char(_) | Token::One)) => set(&mut row, other + 1),
                (Some(Token::Char(_) | Token::One), Some(Token::Many)) => set(&mut next, other),
                (Some(Token::Char(one)), Some(Token::Char(two))) if one != two => {}
                (Some(Token::Char(_) | Token::One), Some(Token::Char(_) | Token::One)) => set(&mut next, other + 1),
                _ => {}
            }
        }
        if at < a.len() {
            row = next;
        }
    }
    row.last().copied().unwrap_or(false)
}

fn set(row: &mut [bool], at: usize) {
    if let Some(cell) = row.get_mut(at) {
        *cell = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings() -> Vec<String> {
        let mut out = vec![String::new()];
        let mut last = out.clone();
        for _ in 0..6 {
            last = last.iter().flat_map(|head| ["a", "b"].map(|c| format!("{head}{c}"))).collect();
            out.extend(last.iter().cloned());
        }
        out
    }

    proptest::proptest! {
        #[test]
        fn covering_and_meeting_are_what_the_strings_say(a in "[ab*?]{0,4}", b in "[ab*?]{0,4}") {
            let (a, b) = (Glob::parse(&a), Glob::parse(&b));
            let all = strings();
            let meeting = all.iter().any(|text| a.matches(text) && b.matches(text));
            proptest::prop_assert_eq!(meet(&a, &b), meeting);
            if covers(&a, &b) {
                proptest::prop_assert!(all.iter().all(|text| a.matches(text) || !b.matches(text)));
            }
        }
    }
}
