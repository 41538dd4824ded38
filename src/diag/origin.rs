//! Where does a decoded text stand in the text that it was taken from?
//!
//! A policy inside a JSON string, or percent-encoded as the IAM API returns it, is read from the decoded text; its troubles
//! are told at their place in the file. Nothing is kept for that but where the encoded text starts, so texts without trouble
//! cost nothing. The first place that is asked for makes a table of some places; others are found from there by decoding
//! once more, as a text of many errors is asked for many places.

use super::{LineColumn, Source, Span, deadline};
use std::sync::OnceLock;

/// How a text is written inside another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// With the escapes of a JSON string, without its quotes.
    Escapes,
    /// Percent-encoded (RFC 3986, section 2.1).
    Percent,
    /// With so many blanks before each line but the first, as in a block of YAML.
    Block(usize),
    /// In some other way: each place of the text is the whole part that it was made of.
    Whole,
}

/// Where an encoded text stands.
#[derive(Debug)]
pub(super) struct Origin {
    source: Source,
    span: Span,
    encoding: Encoding,
    /// Offsets, decoded and encoded, of some steps in order; made when the first place is asked for.
    marks: OnceLock<Vec<(usize, usize)>>,
}

/// Decoded bytes from one mark to the next, at least.
const BLOCK: usize = 512;

/// What one step of decoding gives.
struct Step {
    bytes: [u8; 4],
    decoded: usize,
    encoded: usize,
}

impl Encoding {
    /// The decoded text; `None` if it is not written so.
    pub fn decode(self, encoded: &str) -> Option<String> {
        let mut rest = encoded.as_bytes();
        let mut out = Vec::with_capacity(rest.len());
        while !rest.is_empty() {
            let step = self.step(rest)?;
            out.extend_from_slice(step.bytes.get(..step.decoded)?);
            rest = rest.get(step.encoded..)?;
        }
        String::from_utf8(out).ok()
    }

    fn step(self, rest: &[u8]) -> Option<Step> {
        let one = |byte: u8, encoded: usize| Some(Step { bytes: [byte, 0, 0, 0], decoded: 1, encoded });
        match (self, rest) {
            (Self::Percent, [b'%', high, low, ..]) => one(u8::try_from(hex(&[*high, *low])?).ok()?, 3),
            (Self::Escapes, [b'\\', b'u', ..]) => {
                let unit = |from: usize| rest.get(from..from + 4).and_then(hex);
                let first = unit(2)?;
                let (code, encoded) = match first {
                    0xD800..0xDC00 if rest.get(6..8) == Some(b"\\u") => {
                        let second = unit(8)?.checked_sub(0xDC00).filter(|low| *low < 0x400)?;
                        (0x10000 + ((first - 0xD800) << 10) + second, 12)
                    }
                    _ => (first, 6),
                };
                let mut bytes = [0; 4];
                let decoded = char::from_u32(code)?.encode_utf8(&mut bytes).len();
                Some(Step { bytes, decoded, encoded })
            }
            (Self::Escapes, [b'\\', escape, ..]) => {
                let byte = match escape {
                    b'"' | b'\\' | b'/' => *escape,
                    b'b' => 8,
                    b'f' => 12,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    _ => return None,
                };
                one(byte, 2)
            }
            (Self::Block(indent), [b'\n', line @ ..]) => {
                let blanks = line.iter().take(indent).take_while(|byte| **byte == b' ').count();
                one(b'\n', 1 + blanks)
            }
            (Self::Percent, [b'%', ..]) | (Self::Escapes, [b'\\']) | (Self::Whole, _) => None,
            (_, [byte, ..]) => one(*byte, 1),
            (_, []) => None,
        }
    }
}

fn hex(digits: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u32::from_str_radix(text, 16).ok()
}

impl Origin {
    pub(super) fn new(source: Source, span: Span, encoding: Encoding) -> Self {
        Self { source, span, encoding, marks: OnceLock::new() }
    }

    /// The text outside, and the place in it of a part of the decoded text.
    pub(super) fn place(&self, inner: Span) -> (Source, Span) {
        if self.encoding == Encoding::Whole {
            return self.source.place(self.span);
        }
        self.source.place(Span::new(self.offset(inner.start), self.offset(inner.end)))
    }

    /// Line and column, in the text outside, of an offset of the decoded text.
    pub(super) fn line_column(&self, inner: usize) -> LineColumn {
        self.source.line_column(self.offset(inner))
    }

    /// The place, in the text outside, of an offset of the decoded text.
    fn offset(&self, inner: usize) -> usize {
        if self.encoding == Encoding::Whole {
            return self.span.start;
        }
        let marks = self.marks.get_or_init(|| self.marks());
        let mark = marks.partition_point(|(decoded, _)| *decoded <= inner).checked_sub(1);
        let (decoded, encoded) = mark.and_then(|mark| marks.get(mark)).copied().unwrap_or((0, 0));
        self.steps(decoded, encoded).take_while(|(decoded, _)| *decoded <= inner).last().map_or(0, |(_, encoded)| encoded)
            + self.span.start
    }

    fn marks(&self) -> Vec<(usize, usize)> {
        let mut out: Vec<(usize, usize)> = Vec::new();
        for step in self.steps(0, 0) {
            if out.last().is_none_or(|last| step.0 >= last.0 + BLOCK) {
                out.push(step);
            }
        }
        out
    }

    /// The offsets, decoded and encoded, of this step and those behind it, and of the end.
    fn steps(&self, decoded: usize, encoded: usize) -> impl Iterator<Item = (usize, usize)> {
        let text = self.source.text.as_bytes().get(self.span.start..self.span.end).unwrap_or_default();
        std::iter::successors(Some((decoded, encoded)), move |(decoded, encoded)| {
            deadline::check();
            let step = self.encoding.step(text.get(*encoded..)?)?;
            Some((decoded + step.decoded, encoded + step.encoded))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without any table.
    fn counted(encoding: Encoding, encoded: &str, inner: usize) -> usize {
        let (mut at, mut decoded) = (0, 0);
        while let Some(step) = encoding.step(&encoded.as_bytes()[at..]).filter(|step| decoded + step.decoded <= inner) {
            (at, decoded) = (at + step.encoded, decoded + step.decoded);
        }
        at
    }

    #[test]
    fn the_table_says_what_decoding_from_the_start_says() {
        for (encoding, pieces) in [
            (Encoding::Escapes, ["a", "\\n", "\\u00e9", "\\ud83d\\ude00", "é"]),
            (Encoding::Percent, ["a", "%22", "%C3%A9", "xyz", "é"]),
            (Encoding::Block(2), ["a", "\n  ", "\n    b", "\n \n  ", "é"]),
        ] {
            let encoded: String = (0..3 * BLOCK).map(|at| pieces[(at * at + at / 7) % pieces.len()]).collect();
            let outer = Source::new("f", format!("__{encoded}"));
            let inner = outer.decoded(Span::new(2, outer.text.len()), encoding).expect("it is escaped so");
            for at in 0..inner.text.len() + 2 {
                let (_, span) = inner.place(Span::new(at, at));
                assert_eq!(span.start, 2 + counted(encoding, &encoded, at), "{at}");
            }
        }
    }

    #[test]
    fn a_text_that_was_made_of_another_stands_where_that_does() {
        let outer = Source::new("f", "a: |\n    {\"b\":\n      1}\nc: >\n  {\"d\":\n  2}\n");
        let block = outer.taken(Span::new(3, 24), "{\"b\":\n  1}\n");
        let (_, span) = block.place(Span::new(8, 9));
        assert_eq!(&outer.text[span.start..span.end], "1");
        let folded = outer.taken(Span::new(28, 42), "{\"d\": 2}\n");
        assert_eq!((&**folded.text, folded.line_column(6).line), ("{\"d\": 2}\n", 4));
        assert_eq!(folded.place(Span::new(6, 7)).1, Span::new(28, 42));
    }

    #[test]
    fn many_places_take_steps_as_the_text_and_they_are_many_and_no_more() {
        let (lines, length) = (20_000, 60_000);
        let outer = Source::new("f", "a\\n".repeat(lines));
        assert_eq!(outer.text.len(), length);
        let inner = outer.decoded(Span::new(0, length), Encoding::Escapes).expect("it is escaped so");
        let steps = deadline::steps_of(|| (0..inner.text.len()).for_each(|at| _ = inner.line_column(at)));
        assert!(steps < length + inner.text.len() * 2 * BLOCK, "{steps}");
    }

    #[test]
    fn texts_are_decoded_and_their_places_found_again() {
        let outer = Source::new("f", "{\"P\":\n \"{\\\"a\\\":\\u00e9\\ud83d\\ude00\\n%22}\"}");
        let span = Span::new(8, outer.text.len() - 2);
        let inner = outer.decoded(span, Encoding::Escapes).expect("it is escaped so");
        assert_eq!(&**inner.text, "{\"a\":é😀\n%22}");
        for (part, column) in [("{", 3), ("a", 6), ("é", 10), ("😀", 16), ("\n", 28), ("%22", 30), ("}", 33)] {
            let at = inner.line_column(inner.text.find(part).expect("it is there"));
            assert_eq!((at.line, at.column), (2, column), "{part}");
        }
        let whole = inner.text.len();
        let twice = inner.decoded(Span::new(whole - 4, whole), Encoding::Percent).expect("it is encoded so");
        assert_eq!((&**twice.text, twice.line_column(1).column), ("\"}", 33));
        let (source, span) = twice.place(Span::new(0, 1));
        assert_eq!((&**source.text, source.text.get(span.start..span.end)), (&**outer.text, Some("%22")));
        for (encoding, text) in [
            (Encoding::Percent, "%4"),
            (Encoding::Percent, "%zz"),
            (Encoding::Percent, "%ff"),
            (Encoding::Percent, "%+1"),
            (Encoding::Escapes, "\\x"),
            (Encoding::Escapes, "\\"),
            (Encoding::Escapes, "\\ud800"),
            (Encoding::Escapes, "\\u12"),
        ] {
            assert_eq!(encoding.decode(text), None, "{text}");
        }
    }
}
