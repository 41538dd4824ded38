//! Where in which text: named sources, byte spans, and their lines and columns.
//!
//! A text of many errors is asked for many places, so the first question makes a table: where lines start, and how many
//! characters stand before each block of the text.

use super::origin::{Encoding, Origin};
use std::sync::{Arc, OnceLock};

/// A half-open range of byte offsets into a source text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// A span from `start` to `end` (exclusive).
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

/// A line and a column, both from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineColumn {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// A named text. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file's name as the user gave it, or `<stdin>`, or what the text is (`policy` of a batch line).
    pub name: Arc<str>,
    /// The whole text.
    pub text: Arc<Text>,
    /// Where the text stands encoded, if it was taken out of another.
    origin: Option<Arc<Origin>>,
}

/// A text with the table of its places, once somebody has asked for one.
#[derive(Debug)]
pub struct Text {
    text: Arc<str>,
    places: OnceLock<Places>,
}

impl std::ops::Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && (Arc::ptr_eq(&self.text, &other.text) || **self.text == **other.text)
    }
}

impl Eq for Source {}

/// The table of a text's places.
#[derive(Debug)]
struct Places {
    /// Where lines start, but for the first.
    lines: Vec<usize>,
    /// Characters that start before each block of [`BLOCK`] bytes.
    characters: Vec<usize>,
}

/// Bytes that are counted anew for each place.
const BLOCK: usize = 512;

/// How many characters start in these bytes of a UTF-8 text.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

impl Places {
    fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let lines = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
        let mut before = 0;
        let count = |block: &[u8]| {
            let own = before;
            before += characters(block);
            own
        };
        Self { lines, characters: bytes.chunks(BLOCK).map(count).collect() }
    }

    /// How many characters start before a byte.
    fn characters_before(&self, text: &str, at: usize) -> usize {
        // At the very end of a text of whole blocks there is no further block.
        let block = (at / BLOCK).min(self.characters.len().saturating_sub(1));
        let counted = self.characters.get(block).copied().unwrap_or(0);
        counted + characters(text.as_bytes().get(block * BLOCK..at).unwrap_or_default())
    }
}

impl Source {
    /// A source with a name and a text.
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Self::with(name.into(), text.into(), None)
    }

    fn with(name: Arc<str>, text: Arc<str>, origin: Option<Arc<Origin>>) -> Self {
        Self { name, text: Arc::new(Text { text, places: OnceLock::new() }), origin }
    }

    /// The same text under another name.
    #[must_use]
    pub fn named(&self, name: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), ..self.clone() }
    }

    /// The text that stands encoded in a part of this one; `None` if that part is not written so. Its places are told in
    /// this text.
    pub fn decoded(&self, span: Span, encoding: Encoding) -> Option<Self> {
        let text = encoding.decode(self.text.get(span.start..span.end)?)?;
        let origin = Origin::new(self.clone(), span, encoding);
        Some(Self::with(self.name.clone(), text.into(), Some(Arc::new(origin))))
    }

    /// A text that was made of a part of this one, such as a scalar of YAML or an expression of a template. Its places are told
    /// in this text: exactly where its lines stand there indented, else as the whole part.
    pub fn taken(&self, span: Span, text: &str) -> Self {
        self.block(span, text).unwrap_or_else(|| {
            let origin = Origin::new(self.clone(), span, Encoding::Whole);
            Self::with(self.name.clone(), text.into(), Some(Arc::new(origin)))
        })
    }

    fn block(&self, span: Span, text: &str) -> Option<Self> {
        let part = self.text.get(span.start..span.end)?;
        let first = text.lines().next().filter(|line| !line.is_empty())?;
        let at = span.start + part.find(first)?;
        let line = self.text.get(..at)?.rfind('\n')? + 1;
        if !self.text.get(line..at)?.bytes().all(|byte| byte == b' ') {
            return None;
        }
        let decoded = self.decoded(Span::new(at, span.end), Encoding::Block(at - line))?;
        (decoded.text.trim_end() == text.trim_end()).then_some(decoded)
    }

    /// The text that the user gave, and where in it a part of this text stands.
    pub fn place(&self, span: Span) -> (Self, Span) {
        match &self.origin {
            Some(origin) => origin.place(span),
            None => (self.clone(), span),
        }
    }

    /// How many characters start before a byte offset of this text.
    pub fn characters_before(&self, offset: usize) -> usize {
        let places = self.text.places.get_or_init(|| Places::of(&self.text));
        places.characters_before(&self.text, offset.min(self.text.len()))
    }

    /// Line and column of a byte offset; an offset past the end, or inside a character, counts as the nearest before. Of a
    /// decoded text they are those in the text that the user gave.
    pub fn line_column(&self, offset: usize) -> LineColumn {
        if let Some(origin) = &self.origin {
            return origin.line_column(offset);
        }
        let mut end = offset.min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let places = self.text.places.get_or_init(|| Places::of(&self.text));
        let line = places.lines.partition_point(|start| *start <= end);
        let start = line.checked_sub(1).and_then(|last| places.lines.get(last)).copied().unwrap_or(0);
        let column = places.characters_before(&self.text, end) - places.characters_before(&self.text, start) + 1;
        LineColumn { line: line + 1, column }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let source = Source::new("a.json", "{\n  \"é\": 1\n}");
        assert_eq!(source.line_column(0), LineColumn { line: 1, column: 1 });
        assert_eq!(source.line_column(4), LineColumn { line: 2, column: 3 });
        assert_eq!(source.line_column(6), LineColumn { line: 2, column: 4 }, "inside é");
        assert_eq!(source.line_column(7), LineColumn { line: 2, column: 5 }, "after é");
        assert_eq!(source.line_column(999), LineColumn { line: 3, column: 2 });
    }

    /// Counted from the start of the text each time.
    fn counted(text: &str, offset: usize) -> LineColumn {
        let mut end = offset.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let before = &text[..end];
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        LineColumn { line: before.matches('\n').count() + 1, column }
    }

    #[test]
    fn the_table_says_what_counting_from_the_start_says() {
        let pieces = ["a", "é", "\n", "\u{10348}", "\r\n", "xyz"];
        let mixed: String = (0..2_000).map(|at| pieces[(at * at + at / 7) % pieces.len()]).collect();
        for text in [String::new(), "\n".repeat(BLOCK), "é".repeat(BLOCK), "a".repeat(2 * BLOCK), mixed] {
            let source = Source::new("t", text.as_str());
            for offset in 0..text.len() + 3 {
                assert_eq!(source.line_column(offset), counted(&text, offset), "{offset} of {} bytes", text.len());
            }
        }
    }
}
