//! How is a text shown that somebody else wrote, so that it can be nothing but that text?
//!
//! A policy is another's work: a Sid may hold an escape sequence that draws a verdict of its own on a terminal, a line break
//! that begins a line of ours, characters that turn the reading direction or that nobody sees, or Markdown. Every view
//! escapes what it shows: with [`text`] in a line of text, with [`json`] in JSON (the same value, spelled otherwise), with
//! [`code`] in Markdown, where all foreign text stands in code spans. [`stray`] is the net under them all.
//!
//! Sources: Unicode's `Default_Ignorable_Code_Point`, `Bidi_Control` (UAX #9) and general category Cc; ECMA-48 for `SGR`;
//! RFC 8259 section 7 for escapes in JSON.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character is not seen as itself: a control, a change of direction, a line separator, or nothing at all.
pub fn is_hidden(one: char) -> bool {
    match one {
        '\u{0}'..='\u{7e}' => one < ' ',
        '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' => true,
        '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => true,
        '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' => true,
        '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}' => true,
        _ => false,
    }
}

/// The text with what `hidden` names written by `write`.
fn escaped(text: &str, hidden: impl Fn(char) -> bool, write: impl Fn(char, &mut String)) -> Cow<'_, str> {
    let Some(first) = text.find(&hidden) else { return Cow::Borrowed(text) };
    let (plain, rest) = text.split_at(first);
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(plain);
    for one in rest.chars() {
        if hidden(one) { write(one, &mut out) } else { out.push(one) }
    }
    Cow::Owned(out)
}

/// `\n`, or `\u{1b}`.
fn in_text(one: char, out: &mut String) {
    // Writing to a String cannot fail.
    let _ = match one {
        '\n' | '\r' | '\t' => write!(out, "{}", one.escape_default()),
        _ => write!(out, "\\u{{{:x}}}", u32::from(one)),
    };
}

/// `\u001b`, in halves where it needs two.
fn in_json(one: char, out: &mut String) {
    for unit in one.encode_utf16(&mut [0; 2]) {
        let _ = write!(out, "\\u{unit:04x}");
    }
}

/// For one line of text.
pub fn text(text: &str) -> Cow<'_, str> {
    escaped(text, is_hidden, in_text)
}

/// For JSON that is already written, on one line or indented: the same document. Raw controls stand in no string of it.
pub fn json(written: &str) -> Cow<'_, str> {
    escaped(written, |one| one != '\n' && is_hidden(one), in_json)
}

/// What could end a code span, a cell of a table, or begin HTML.
fn is_markdown(one: char) -> bool {
    is_hidden(one) || matches!(one, '`' | '|' | '<' | '>')
}

/// A code span of Markdown, also in a cell of a table. In code nothing is a mention, a link or HTML, and no dialect needs
/// to know what escapes a backtick or a bar: neither stands in it.
pub fn code(text: &str) -> String {
    span(&escaped(text, is_markdown, in_text))
}

/// A code span with JSON that stays the same document.
pub fn json_code(written: &str) -> String {
    span(&escaped(written, is_markdown, in_json))
}

fn span(inner: &str) -> String {
    // Between spaces a span of nothing is one.
    format!("`{}`", if inner.trim().is_empty() { "\u{20}" } else { inner })
}

/// Lines as the program prints them: styles (`SGR`), line breaks and tabs stay, all else that is hidden is escaped. What
/// comes here is escaped already; this is for what was forgotten.
pub fn stray(lines: &str) -> Cow<'_, str> {
    if !lines.contains(|one| is_hidden(one) && !matches!(one, '\n' | '\t')) {
        return Cow::Borrowed(lines);
    }
    let (mut out, mut rest) = (String::with_capacity(lines.len() + 16), lines);
    while let Some(one) = rest.chars().next() {
        let style = style_length(rest);
        let length = if style > 0 { style } else { one.len_utf8() };
        let (head, tail) = rest.split_at(length);
        rest = tail;
        if style > 0 || matches!(one, '\n' | '\t') || !is_hidden(one) { out.push_str(head) } else { in_text(one, &mut out) }
    }
    Cow::Owned(out)
}

/// Bytes of the style that the text begins with: ESC `[` digits and semicolons `m`.
fn style_length(text: &str) -> usize {
    let Some(parameters) = text.strip_prefix("\u{1b}[") else { return 0 };
    let end = parameters.find(|one: char| !one.is_ascii_digit() && one != ';');
    end.filter(|end| parameters[*end..].starts_with('m')).map_or(0, |end| 2 + end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "a\u{1b}[2J\r\n\t\u{9b}1m\u{7f}\u{202e}\u{2066}\u{200b}\u{feff}\u{2028}\u{e0041}é`|<b>";

    #[test]
    fn what_is_hidden_is_shown_by_its_number() {
        let shown = r"a\u{1b}[2J\r\n\t\u{9b}1m\u{7f}\u{202e}\u{2066}\u{200b}\u{feff}\u{2028}\u{e0041}é`|<b>";
        assert_eq!(text(HOSTILE), shown);
        assert!(matches!(text("plain é 日本"), Cow::Borrowed(_)));
        let hidden: Vec<char> = ('\0'..=char::MAX).filter(|one| is_hidden(*one)).collect();
        assert!(hidden.iter().filter(|one| one.is_ascii()).all(|one| one.is_ascii_control()));
        assert!(('\0'..=char::MAX).filter(|one| one.is_control()).all(is_hidden));
        // Rust's own table prints none of them as itself but the fillers of Hangul, which are letters that nobody sees.
        let printed: Vec<char> = hidden.iter().copied().filter(|one| one.escape_debug().len() == 1).collect();
        assert_eq!(printed, ['\u{115f}', '\u{1160}', '\u{3164}', '\u{ffa0}']);
    }

    #[test]
    fn json_stays_the_same_document() {
        let value = serde_json::json!({HOSTILE: [HOSTILE, "\u{1f600}"]});
        for written in [value.to_string(), format!("{value:#}")] {
            for shown in [json(&written).into_owned(), json_code(&written).trim_matches('`').to_owned()] {
                assert_eq!(serde_json::from_str::<serde_json::Value>(&shown.replace("\\u000a", "\n")).unwrap(), value, "{shown}");
                assert!(!shown.replace('\n', "").contains(is_hidden), "{shown}");
            }
        }
    }

    #[test]
    fn a_code_span_holds_nothing_that_ends_it() {
        for one in [code(HOSTILE), json_code(&serde_json::json!(HOSTILE).to_string())] {
            let inner = one.strip_prefix('`').and_then(|one| one.strip_suffix('`')).unwrap();
            assert!(!inner.contains(['`', '|', '<', '>', '\n', '\r']), "{inner}");
        }
        assert_eq!(code(""), "` `");
    }

    #[test]
    fn only_styles_and_breaks_pass_the_net() {
        let own = "\u{1b}[1m\u{1b}[32mPASS\u{1b}[0m text\n\tmore\u{1b}[38;5;12mé\u{1b}[m\n";
        assert_eq!(stray(own), own);
        assert_eq!(
            stray("\u{1b}[2J\u{1b}[\u{1b}]0;x\u{7}\r\u{9b}m\u{202e}"),
            r"\u{1b}[2J\u{1b}[\u{1b}]0;x\u{7}\r\u{9b}m\u{202e}"
        );
    }
}
