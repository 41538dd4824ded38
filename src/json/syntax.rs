//! Which thing makes a text no JSON, and where exactly does it stand?
//!
//! Parsers say what they expected ("key must be a string"); people want to know what they typed: a no-break space from a
//! web page, a comment, a comma before `]`, typographic quotes. This scanner walks a text that the parsers refused and
//! names the first thing that RFC 8259 does not allow. It decides nothing: a text that it finds no fault with is told in
//! the parser's words. One pass, no recursion.

use crate::diag::Span;

/// The first thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) span: Span,
    /// What it is: lower case, no full stop.
    pub(super) what: String,
    /// What to do about it.
    pub(super) help: &'static str,
}

/// What may stand next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// A value; `closes` after `[`, where the list may end too.
    Value {
        closes: bool,
    },
    /// A key; `closes` after `{`, where the object may end too.
    Key {
        closes: bool,
    },
    Colon,
    /// A comma or the closing bracket; nothing at the top.
    After,
}

/// The first fault of a text; `None` if there is none to be seen.
// Long: one state machine over a text: its states are only clear side by side.
pub(super) fn fault(text: &str) -> Option<Fault> {
    let mut scanner = Scanner { text, at: 0 };
    let (mut open, mut next, mut comma): (Vec<(usize, char)>, Next, Option<usize>) =
        (Vec::new(), Next::Value { closes: false }, None);
    loop {
        scanner.skip_space();
        let start = scanner.at;
        let Some(c) = scanner.peek() else {
            return match (open.last(), next) {
                (Some((at, bracket)), _) => {
                    let help = "add the closing bracket, or look for one that is missing further in";
                    Some(Fault { span: Span::new(*at, at + 1), what: format!("this `{bracket}` is never closed"), help })
                }
                (None, Next::Value { .. }) => Some(scanner.fault(0, "the document is empty", "give a JSON document")),
                (None, _) => None,
            };
        };
        if let Some(fault) = scanner.never_allowed(c) {
            return Some(fault);
        }
        let in_object = matches!(open.last(), Some((_, '{')));
        match (next, c) {
            (Next::Value { .. }, '{' | '[') => {
                open.push((start, c));
                scanner.at += 1;
                comma = None;
                next = if c == '{' { Next::Key { closes: true } } else { Next::Value { closes: true } };
                continue;
            }
            (Next::Value { .. }, '"') | (Next::Key { .. }, '"') => {
                if let Some(fault) = scanner.string() {
                    return Some(fault);
                }
                next = if matches!(next, Next::Key { .. }) { Next::Colon } else { Next::After };
                comma = None;
                continue;
            }
            (Next::Value { closes: true }, ']') | (Next::Key { closes: true }, '}') => {}
            (Next::After, ']' | '}') if !open.is_empty() => {
                if in_object != (c == '}') {
                    let (_, bracket) = open.last().copied().unwrap_or((0, ' '));
                    let what = format!("`{c}` stands where the `{bracket}` before it is still open");
                    return Some(scanner.fault(1, &what, "close the brackets in the order in which they were opened"));
                }
            }
            (Next::After, ',') if !open.is_empty() => {
                comma = Some(start);
                scanner.at += 1;
                next = if in_object { Next::Key { closes: false } } else { Next::Value { closes: false } };
                continue;
            }
            (Next::Colon, ':') => {
                scanner.at += 1;
                next = Next::Value { closes: false };
                continue;
            }
            (Next::Value { .. }, '-' | '0'..='9') => {
                if let Some(fault) = scanner.number() {
                    return Some(fault);
                }
                next = Next::After;
                continue;
            }
            (Next::Value { .. }, _) if scanner.literal() => {
                next = Next::After;
                continue;
            }
            _ => return Some(scanner.misplaced(next, c, comma, open.is_empty())),
        }
        // A closing bracket that fits.
        open.pop();
        scanner.at += 1;
        next = Next::After;
    }
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    /// A fault of so many bytes from here.
    fn fault(&self, length: usize, what: &str, help: &'static str) -> Fault {
        Fault { span: Span::new(self.at, (self.at + length).min(self.text.len())), what: what.to_owned(), help }
    }

    /// The letters, digits and `_ $ . -` from here.
    fn word(&self) -> &str {
        let end = self.rest().find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | '-' | '+')));
        self.rest().get(..end.unwrap_or(self.rest().len())).unwrap_or("")
    }

    /// What may stand nowhere outside a text: invisible characters, comments, other quotes.
    fn never_allowed(&self, c: char) -> Option<Fault> {
        let size = c.len_utf8();
        if let Some(name) = invisible(c) {
            let help = "remove it or type a plain space; text copied from web pages and editors may hold such characters";
            return Some(self.fault(size, &format!("{name} ({}) stands here", code_point(c)), help));
        }
        if self.rest().starts_with("//") || self.rest().starts_with("/*") || c == '#' {
            let length = self.rest().find('\n').unwrap_or(self.rest().len());
            return Some(self.fault(length, "a comment stands here", "JSON has no comments: remove it"));
        }
        if matches!(c, '“' | '”' | '„' | '‟' | '«' | '»' | '‘' | '’' | '‚' | '‹' | '›' | '″' | '′' | '＂')
        {
            let what = format!("a typographic quote `{c}` ({}) stands where JSON has `\"`", code_point(c));
            return Some(self.fault(size, &what, "write the plain double quote; word processors replace it"));
        }
        match c {
            '\'' => Some(self.fault(size, "single quotes are used", "put keys and values in double quotes")),
            '`' => Some(self.fault(size, "backquotes are used", "put keys and values in double quotes")),
            _ => None,
        }
    }

    /// Reads `true`, `false` or `null`.
    fn literal(&mut self) -> bool {
        let word = self.word();
        let known = matches!(word, "true" | "false" | "null");
        self.at += if known { word.len() } else { 0 };
        known
    }

    fn number(&mut self) -> Option<Fault> {
        let word = self.word().to_owned();
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let body = word.strip_prefix('-').unwrap_or(&word);
        let (mantissa, exponent) = body.split_once(['e', 'E']).map_or((body, None), |(mantissa, rest)| (mantissa, Some(rest)));
        let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(whole, rest)| (whole, Some(rest)));
        let exponent_is_fine = exponent.is_none_or(|text| digits(text.strip_prefix(['+', '-']).unwrap_or(text)));
        let what =
            if digits(whole) && whole.len() > 1 && whole.starts_with('0') && fraction.is_none_or(digits) && exponent_is_fine {
                format!("the number `{word}` starts with 0")
            } else if body == "Infinity" || body == "NaN" {
                format!("`{word}` is not a JSON number")
            } else if !digits(whole) || !fraction.is_none_or(digits) || !exponent_is_fine {
                format!("`{word}` is not a number")
            } else {
                self.at += word.len();
                return None;
            };
        Some(self.fault(word.len(), &what, "write a decimal number, or put the text in double quotes"))
    }

    /// Reads a text in double quotes.
    fn string(&mut self) -> Option<Fault> {
        let opening = self.at;
        let closing_quote = "close the text with a double quote, or write \\n for a line break inside it";
        self.at += 1;
        loop {
            let rest = self.rest();
            let Some(found) = rest.find(|c: char| c == '"' || c == '\\' || c < ' ') else {
                self.at = opening;
                return Some(self.fault(1, "the text that starts here is never closed", closing_quote));
            };
            self.at += found;
            match self.peek() {
                Some('"') => {
                    self.at += 1;
                    return None;
                }
                Some('\\') => {
                    if let Some(fault) = self.escape() {
                        return Some(fault);
                    }
                }
                Some('\n' | '\r') => return Some(self.fault(0, "a line break stands inside a text", closing_quote)),
                Some('\t') => return Some(self.fault(1, "a tab stands inside a text", "write \\t")),
                Some(c) => {
                    let what = format!("a control character ({}) stands inside a text", code_point(c));
                    return Some(self.fault(1, &what, "remove it, or write it as \\u and four digits"));
                }
                None => return None,
            }
        }
    }

    fn escape(&mut self) -> Option<Fault> {
        let mut following = self.rest().chars().skip(1);
        let Some(c) = following.next() else {
            return Some(self.fault(1, "the text ends with a backslash", "write \\\\ for a backslash"));
        };
        if c != 'u' {
            if !matches!(c, '"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') {
                let what = format!("`\\{}` is not an escape of JSON", c.escape_debug());
                return Some(self.fault(
                    1 + c.len_utf8(),
                    &what,
                    "write \\\\ for a backslash, \\u and four digits for a character",
                ));
            }
            self.at += 2;
            return None;
        }
        let unit = |from: usize| u32::from_str_radix(self.rest().get(from..from + 4).filter(|text| hex(text))?, 16).ok();
        let Some(first) = unit(2) else {
            return Some(self.fault(2, "`\\u` has no four hexadecimal digits", "write \\u and four digits for a character"));
        };
        let low = |unit: &u32| (0xDC00..0xE000).contains(unit);
        if (0xD800..0xDC00).contains(&first) {
            let second = self.rest().get(6..8).filter(|text| *text == "\\u").and_then(|_| unit(8));
            if second.filter(low).is_none() {
                return Some(self.fault(6, "half a surrogate pair stands alone", "write both halves, or the character itself"));
            }
            self.at += 12;
        } else if low(&first) {
            return Some(self.fault(6, "half a surrogate pair stands alone", "write both halves, or the character itself"));
        } else {
            self.at += 6;
        }
        None
    }

    /// What stands where something else must.
    fn misplaced(&self, next: Next, c: char, comma: Option<usize>, at_top: bool) -> Fault {
        let size = c.len_utf8();
        let word = self.word();
        let before_closing = |what: String| comma.map(|at| Fault { span: Span::new(at, at + 1), what, help: "remove the comma" });
        match next {
            Next::Key { closes: false } | Next::Value { closes: false } if matches!(c, ']' | '}') => {
                let missing =
                    || self.fault(size, &format!("a value is missing before this `{c}`"), "add the value, or remove its key");
                before_closing(format!("a comma stands before `{c}`")).unwrap_or_else(missing)
            }
            Next::Key { .. } | Next::Value { .. } if c == ',' => {
                self.fault(size, "a comma stands where a value or a key must", "remove it, or add what is missing before it")
            }
            Next::Key { .. } if matches!(c, '{' | '%') => {
                let help = "the text is a template that was not filled in yet: give the finished document";
                self.fault(size, &format!("`{c}` stands where a key must"), help)
            }
            Next::Key { .. } if !word.is_empty() => {
                self.fault(word.len(), &format!("the key `{word}` stands without quotes"), "put it in double quotes")
            }
            Next::Value { .. } if matches!(word, "True" | "False" | "None") => {
                let what = format!("`{word}` is Python's word");
                self.fault(word.len(), &what, "write true, false or null; in Python, json.dumps writes JSON")
            }
            Next::Value { .. } if matches!(word, "NaN" | "Infinity" | "undefined") => self.fault(
                word.len(),
                &format!("`{word}` is not a JSON value"),
                "write null, a number, or a text in double quotes",
            ),
            Next::Value { .. } if !word.is_empty() => {
                self.fault(word.len(), &format!("`{word}` stands without quotes"), "put it in double quotes")
            }
            Next::Key { .. } => self.fault(size, &format!("`{c}` stands where a key must"), "put the key in double quotes"),
            Next::Value { .. } => self.fault(size, &format!("`{c}` stands where a value must"), "put the value in double quotes"),
            Next::Colon if c == '=' => self.fault(size, "`=` stands where JSON has `:`", "write `:` between key and value"),
            Next::Colon => self.fault(size, "a colon is missing before this", "write `:` between key and value"),
            Next::After if at_top => self.after_the_end(c),
            Next::After if matches!(c, ':' | '=' | ';' | ')' | '+') => self.fault(
                size,
                &format!("`{c}` stands where a comma or the closing bracket must"),
                "remove it, or look for a missing quote",
            ),
            Next::After => self.fault(size, "a comma is missing before this", "write a comma between elements"),
        }
    }

    fn after_the_end(&self, c: char) -> Fault {
        if matches!(c, '{' | '[') {
            let help = "give one JSON document; of JSON Lines or several documents give one at a time, or list them in `[ ]`";
            return self.fault(1, "a second JSON document stands after the first", help);
        }
        let what = format!("`{c}` stands after the end of the document");
        self.fault(c.len_utf8(), &what, "remove it, or look for a bracket that was closed too early")
    }
}

fn hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn code_point(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

/// The name of a character that people do not see and that JSON does not take for white space.
fn invisible(c: char) -> Option<&'static str> {
    Some(match c {
        '\u{a0}' => "a no-break space",
        '\u{202f}' => "a narrow no-break space",
        '\u{3000}' => "an ideographic space",
        '\u{feff}' => "a byte order mark",
        '\u{200b}' => "a zero-width space",
        '\u{200c}' | '\u{200d}' => "a zero-width joiner",
        '\u{2060}' => "a word joiner",
        '\u{ad}' => "a soft hyphen",
        '\u{2028}' => "a line separator",
        '\u{2029}' => "a paragraph separator",
        '\u{85}' => "a next-line character",
        '\u{0}' => "a NUL character",
        '\u{b}' => "a vertical tab",
        '\u{c}' => "a form feed",
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => "a character of text direction",
        '\u{fffd}' => "a replacement character",
        _ if c.is_control() => "a control character",
        _ if c.is_whitespace() => "a space that is not plain",
        _ => return None,
    })
}
