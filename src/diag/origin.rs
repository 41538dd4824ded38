//! Where does a decoded text stand in the text that it was taken from?
//!
//! A policy inside a JSON string, or percent-encoded as the IAM API returns it, is read from the decoded text; its troubles
//! are told at their place in the file. Nothing is kept for that but where the encoded text starts: a place is found by
//! decoding once more up to it, so texts without trouble cost nothing.

use super::{Source, Span};

/// How a text is written inside another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// With the escapes of a JSON string, without its quotes.
    Escapes,
    /// Percent-encoded (RFC 3986, section 2.1).
    Percent,
}

/// Where an encoded text stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) source: Source,
    pub(super) span: Span,
    pub(super) encoding: Encoding,
}

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
            (Self::Percent, [b'%', ..]) | (Self::Escapes, [b'\\']) => None,
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
    /// The place, in the text outside, of an offset of the decoded text.
    pub(super) fn offset(&self, inner: usize) -> usize {
        let mut rest = self.source.text.as_bytes().get(self.span.start..self.span.end).unwrap_or_default();
        let (mut decoded, mut at) = (0, self.span.start);
        while decoded < inner {
            let Some(step) = self.encoding.step(rest) else { break };
            decoded += step.decoded;
            if decoded > inner {
                break;
            }
            at += step.encoded;
            rest = rest.get(step.encoded..).unwrap_or_default();
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
