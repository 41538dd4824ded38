//! Where does each record of a stream begin and end? Without reading what is in it.
//!
//! A top-level value is a record, or a list of records, or an object whose first member `Records` is one; any number of them
//! may follow one another. Only braces, brackets and quotes are looked at; strings are jumped over. Where the first line is
//! a whole record, every line is one, and a broken line costs itself alone.
//!
//! Invariant: no more than one record and one block of the input is in memory.

use memchr::{memchr, memchr_iter, memchr2};
use std::io::{self, Read};

/// Bytes that are read at once.
const BLOCK: usize = 256 << 10;

/// Bytes of the longest record; CloudTrail's own are at most 256 KB.
pub(super) const LONGEST: usize = 64 << 20;

/// Where the reader stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between top-level values.
    Top,
    /// In a list of records; whether an object is around it.
    List {
        wrapped: bool,
    },
    /// After the list, in the object around it.
    Tail,
    /// Every line is a record.
    Lines,
    Done,
}

/// One record, or what stands in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    /// These bytes of [`Splitter::bytes`].
    Record(usize, usize),
    /// Something that is not a record and was jumped over.
    Stray,
    /// The input ends in a record.
    Truncated,
    /// A record that is longer than [`LONGEST`].
    TooLong,
}

/// Splits a stream into records.
pub(super) struct Splitter<R> {
    input: R,
    buffer: Vec<u8>,
    /// Where the next piece begins.
    at: usize,
    /// Lines before `counted`.
    lines: u64,
    counted: usize,
    ended: bool,
    /// Why the input ended early, where that was found while its head was read.
    broken: Option<io::Error>,
    state: State,
}

impl<R: Read> Splitter<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, buffer: Vec::new(), at: 0, lines: 0, counted: 0, ended: false, broken: None, state: State::Top }
    }

    /// Bytes of a record.
    pub(super) fn bytes(&self, from: usize, to: usize) -> &[u8] {
        self.buffer.get(from..to).unwrap_or_default()
    }

    /// The line on which a byte of the buffer stands, from 1; asked in rising order.
    pub(super) fn line(&mut self, at: usize) -> u64 {
        let passed = self.buffer.get(self.counted..at).unwrap_or_default();
        self.lines += memchr_iter(b'\n', passed).count() as u64;
        self.counted = self.counted.max(at);
        self.lines + 1
    }

    /// Where the reader stands in the buffer.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// The first bytes of the input, as many as are there or fit; an error only if there are none.
    pub(super) fn head(&mut self, length: usize) -> io::Result<&[u8]> {
        while self.buffer.len() < length && !self.ended {
            match self.fill() {
                Err(error) if self.buffer.is_empty() => return Err(error),
                outcome => self.broken = outcome.err(),
            }
        }
        if self.at == 0 && self.buffer.starts_with(b"\xef\xbb\xbf") {
            self.at = 3;
        }
        let end = self.buffer.len().min(length);
        Ok(self.buffer.get(self.at..end).unwrap_or_default())
    }

    /// Why the input ended within its head, if it did; told once.
    pub(super) fn broken(&mut self) -> Option<io::Error> {
        self.broken.take()
    }

    /// Everything, if it is no more than so many bytes.
    pub(super) fn whole(mut self, most: usize) -> io::Result<Option<Vec<u8>>> {
        if let Some(error) = self.broken() {
            return Err(error);
        }
        while !self.ended && self.buffer.len() <= most {
            self.fill()?;
        }
        let fits = self.buffer.len() <= most;
        Ok(fits.then(|| self.buffer.split_off(self.at)))
    }

    /// Says that every line is a record.
    pub(super) fn by_lines(&mut self) {
        self.state = State::Lines;
    }

    /// Reads another block; what was passed is dropped.
    fn fill(&mut self) -> io::Result<()> {
        if self.at > BLOCK {
            let at = self.at;
            self.line(at);
            self.buffer.drain(..at);
            self.counted -= at;
            self.at = 0;
        }
        let before = self.buffer.len();
        self.buffer.resize(before + BLOCK, 0);
        let mut filled = before;
        let outcome = loop {
            let Some(room) = self.buffer.get_mut(filled..).filter(|room| !room.is_empty()) else { break Ok(()) };
            match self.input.read(room) {
                Ok(0) => {
                    self.ended = true;
                    break Ok(());
                }
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.ended = true;
                    break Err(error);
                }
            }
        };
        self.buffer.truncate(filled);
        outcome
    }

    /// The next byte that is not white space, or one of these; its place is where the reader then stands.
    fn peek(&mut self, also: &[u8]) -> io::Result<Option<u8>> {
        loop {
            while let Some(byte) = self.buffer.get(self.at) {
                if !byte.is_ascii_whitespace() && !also.contains(byte) {
                    return Ok(Some(*byte));
                }
                self.at += 1;
            }
            if self.ended {
                return Ok(None);
            }
            self.fill()?;
        }
    }

    /// The next piece; `None` at the end. An error of the input is returned once, then what was read of it goes on.
    pub(super) fn next_piece(&mut self) -> io::Result<Option<Piece>> {
        loop {
            match self.state {
                State::Done => return Ok(None),
                State::Lines => return self.next_line(),
                State::Top => match self.peek(b",")? {
                    None => self.state = State::Done,
                    Some(b'[') => {
                        self.at += 1;
                        self.state = State::List { wrapped: false };
                    }
                    Some(b'{') => {
                        if self.begins_records()? {
                            self.state = State::List { wrapped: true };
                        } else {
                            return self.value().map(Some);
                        }
                    }
                    Some(_) => return self.stray().map(Some),
                },
                State::List { wrapped } => match self.peek(b",")? {
                    None => {
                        self.state = State::Done;
                        return Ok(Some(Piece::Truncated));
                    }
                    Some(b']') => {
                        self.at += 1;
                        self.state = if wrapped { State::Tail } else { State::Top };
                    }
                    Some(b'{') => return self.value().map(Some),
                    Some(_) => return self.stray().map(Some),
                },
                State::Tail => match self.peek(b",")? {
                    None => {
                        self.state = State::Done;
                        return Ok(Some(Piece::Truncated));
                    }
                    Some(b'}') => {
                        self.at += 1;
                        self.state = State::Top;
                    }
                    Some(b'"') => {
                        // Another member of the object around the records.
                        let Some(end) = self.end_of_value()? else {
                            self.state = State::Done;
                            return Ok(Some(Piece::Truncated));
                        };
                        self.at = end;
                    }
                    Some(b':') => self.at += 1,
                    Some(b'{' | b'[') => match self.value()? {
                        Piece::Record(..) => {}
                        other => return Ok(Some(other)),
                    },
                    Some(_) => self.at += 1,
                },
            }
        }
    }

    /// Whether the object here begins with the member `Records`, whose value is a list; if so it stands in the list then.
    fn begins_records(&mut self) -> io::Result<bool> {
        const NEEDED: usize = 64;
        while self.buffer.len() < self.at + NEEDED && !self.ended {
            self.fill()?;
        }
        let mut at = self.at + 1;
        let skip = |buffer: &[u8], at: &mut usize| {
            while buffer.get(*at).is_some_and(u8::is_ascii_whitespace) {
                *at += 1;
            }
        };
        skip(&self.buffer, &mut at);
        if !self.buffer.get(at..at + 9).is_some_and(|key| key.eq_ignore_ascii_case(b"\"Records\"")) {
            return Ok(false);
        }
        at += 9;
        skip(&self.buffer, &mut at);
        if self.buffer.get(at) != Some(&b':') {
            return Ok(false);
        }
        at += 1;
        skip(&self.buffer, &mut at);
        let is_list = self.buffer.get(at) == Some(&b'[');
        if is_list {
            self.at = at + 1;
        }
        Ok(is_list)
    }

    /// The object or list that begins here.
    fn value(&mut self) -> io::Result<Piece> {
        let Some(end) = self.end_of_value()? else {
            let too_long = self.buffer.len() - self.at > LONGEST;
            self.state = State::Done;
            return Ok(if too_long { Piece::TooLong } else { Piece::Truncated });
        };
        // The buffer may have moved meanwhile, and the place with it.
        let start = self.at;
        self.at = end;
        Ok(Piece::Record(start, end))
    }

    /// The end of the value at the reader's place: a string, an object or a list. The place may move with the buffer.
    fn end_of_value(&mut self) -> io::Result<Option<usize>> {
        let (mut passed, mut depth, mut in_string) = (0, 0_usize, false);
        loop {
            let rest = self.buffer.get(self.at + passed..).unwrap_or_default();
            let mut at = 0;
            while let Some(tail) = rest.get(at..).filter(|tail| !tail.is_empty()) {
                if in_string {
                    match memchr2(b'"', b'\\', tail) {
                        None => at = rest.len(),
                        Some(found) if tail.get(found) == Some(&b'"') => {
                            in_string = false;
                            at += found + 1;
                            if depth == 0 {
                                return Ok(Some(self.at + passed + at));
                            }
                        }
                        // What a backslash escapes may come with the next block.
                        Some(found) if found + 1 < tail.len() => at += found + 2,
                        Some(found) => {
                            at += found;
                            break;
                        }
                    }
                    continue;
                }
                for byte in tail {
                    at += 1;
                    match byte {
                        b'"' => {
                            in_string = true;
                            break;
                        }
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' => {
                            depth = depth.saturating_sub(1);
                            if depth == 0 {
                                return Ok(Some(self.at + passed + at));
                            }
                        }
                        _ => {}
                    }
                }
            }
            passed += at;
            if self.ended || passed > LONGEST {
                return Ok(None);
            }
            self.fill()?;
        }
    }

    /// Jumps over what cannot begin a record, to the next line or the next record.
    fn stray(&mut self) -> io::Result<Piece> {
        let mut at = self.at + 1;
        while let Some(byte) = self.buffer.get(at)
            && !matches!(byte, b'\n' | b'{' | b']')
        {
            at += 1;
        }
        self.at = at;
        Ok(Piece::Stray)
    }

    fn next_line(&mut self) -> io::Result<Option<Piece>> {
        if self.peek(b",")?.is_none() {
            return Ok(None);
        }
        let mut passed = 0;
        loop {
            let rest = self.buffer.get(self.at + passed..).unwrap_or_default();
            if let Some(found) = memchr(b'\n', rest) {
                let (start, end) = (self.at, self.at + passed + found);
                self.at = end;
                return Ok(Some(Piece::Record(start, end)));
            }
            passed += rest.len();
            if passed > LONGEST {
                self.state = State::Done;
                return Ok(Some(Piece::TooLong));
            }
            if self.ended {
                let (start, end) = (self.at, self.buffer.len());
                self.at = end;
                return Ok(Some(Piece::Record(start, end)));
            }
            self.fill()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a few bytes at a time.
    struct Drip<'t>(&'t [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(out.len());
            let (now, later) = self.0.split_at(count);
            out[..count].copy_from_slice(now);
            self.0 = later;
            Ok(count)
        }
    }

    fn pieces(text: &str, lines: bool) -> String {
        let mut splitter = Splitter::new(Drip(text.as_bytes(), 3));
        if lines {
            splitter.by_lines();
        }
        let mut out = Vec::new();
        while let Some(piece) = splitter.next_piece().unwrap() {
            out.push(match piece {
                Piece::Record(from, to) => {
                    let line = splitter.line(from);
                    format!("{line}:{}", String::from_utf8_lossy(splitter.bytes(from, to)))
                }
                other => format!("{other:?}"),
            });
            assert!(out.len() < 100);
        }
        out.join(" ")
    }

    #[test]
    fn records_are_found_in_every_wrapping() {
        assert_eq!(pieces(r#"{"Records":[{"a":"]}\""},{"b":[{}]}]}"#, false), r#"1:{"a":"]}\""} 1:{"b":[{}]}"#);
        assert_eq!(
            pieces("{ \"records\" : [\n{\"a\":1},\n{\"b\":2}\n], \"x\": {\"y\":[1]}, \"z\": \"q\", \"n\": 7}\n[{}]", false),
            "2:{\"a\":1} 3:{\"b\":2} 5:{}"
        );
        assert_eq!(pieces("[{\"a\":1},{\"b\":2}]", false), "1:{\"a\":1} 1:{\"b\":2}");
        assert_eq!(pieces("{\"a\":1}\n{\n\"b\":2}{\"Records\":[{}]}", false), "1:{\"a\":1} 2:{\n\"b\":2} 3:{}");
        assert_eq!(pieces("{\"a\":1}\n\n{\"b\":\n{\"c\":3}", true), "1:{\"a\":1} 3:{\"b\": 4:{\"c\":3}");
        assert_eq!(pieces("", false), "");
    }

    #[test]
    fn what_is_broken_is_told_and_costs_itself() {
        assert_eq!(pieces(r#"{"Records":[{"a":1},{"b":"x"#, false), r#"1:{"a":1} Truncated"#);
        assert_eq!(pieces(r#"{"Records":[{"a":1}"#, false), r#"1:{"a":1} Truncated"#);
        assert_eq!(pieces(r#"{"Records":[7,{"a":1},null]}"#, false), r#"Stray 1:{"a":1} Stray"#);
        assert_eq!(pieces("xyz\n{\"a\":1}", false), r#"Stray 2:{"a":1}"#);
    }

    #[test]
    fn memory_stays_small_however_long_the_input_is() {
        let mut text = String::from("{\"Records\":[");
        for number in 0..60_000 {
            text += &format!("{}{{\"n\":{number},\"pad\":\"{}\"}}", if number > 0 { "," } else { "" }, "x".repeat(40));
        }
        text += "]}";
        let mut splitter = Splitter::new(text.as_bytes());
        let mut count = 0;
        while let Some(piece) = splitter.next_piece().unwrap() {
            let Piece::Record(from, to) = piece else { panic!("{piece:?}") };
            assert!(splitter.bytes(from, to).starts_with(format!("{{\"n\":{count},").as_bytes()));
            count += 1;
            assert!(splitter.buffer.len() <= 4 * BLOCK);
        }
        assert_eq!(count, 60_000);
    }
}
