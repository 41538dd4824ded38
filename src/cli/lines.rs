//! How are the lines of `batch` read, whatever they hold, in bounded memory?
//!
//! A line is read as far as a document may be long; what is longer is skipped, not kept. A line that is too long or is not
//! UTF-8 is an error of its own, with the byte where it fails, and the next line is read as ever. Blank lines count but
//! are passed over. A byte order mark at the start of a line is no part of it (files that were put together have several).

use std::io::{self, BufRead, Read as _};

/// One line that is not blank.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Its place in the input, from 1.
    pub(super) number: usize,
    /// Its text without the line break, or why there is none.
    pub(super) text: Result<String, String>,
}

impl Line {
    /// Bytes that it holds.
    pub(super) fn bytes(&self) -> usize {
        self.text.as_ref().map_or(0, String::len)
    }
}

/// The lines of an input.
pub(super) struct Lines<R> {
    input: R,
    most: usize,
    number: usize,
    /// Bytes before the line that is read next.
    before: u64,
}

impl<R: BufRead> Lines<R> {
    /// Lines of at most so many bytes.
    pub(super) fn new(input: R, most: usize) -> Self {
        Self { input, most, number: 0, before: 0 }
    }

    fn line(&mut self) -> io::Result<Option<Result<String, String>>> {
        let mut bytes = Vec::new();
        let limit = u64::try_from(self.most).unwrap_or(u64::MAX).saturating_add(1);
        let read = (&mut self.input).take(limit).read_until(b'\n', &mut bytes)?;
        if read == 0 {
            return Ok(None);
        }
        let (number, start) = (self.number + 1, self.before);
        self.number = number;
        self.before += u64::try_from(read).unwrap_or(u64::MAX);
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
        } else if bytes.len() > self.most {
            drop(bytes);
            self.before += skip_line(&mut self.input)?;
            let most = self.most;
            return Ok(Some(Err(format!(
                "the line, which begins at byte {start} of the input, has more than {most} bytes, the most that a line may \
                 have; split its documents"
            ))));
        }
        if bytes.starts_with("\u{feff}".as_bytes()) {
            bytes.drain(.."\u{feff}".len());
        }
        Ok(Some(String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let of_input = start + u64::try_from(at).unwrap_or(u64::MAX);
            format!("the line is not UTF-8 text: byte {at} of it (byte {of_input} of the input) cannot be read; save it as UTF-8")
        })))
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.line() {
                Err(error) => return Some(Err(error)),
                Ok(None) => return None,
                Ok(Some(Ok(text))) if text.trim().is_empty() => {}
                Ok(Some(text)) => return Some(Ok(Line { number: self.number, text })),
            }
        }
    }
}

/// Passes over the rest of a line; how many bytes that were.
fn skip_line(input: &mut impl BufRead) -> io::Result<u64> {
    let mut skipped = 0;
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(skipped);
        }
        let (used, done) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), false),
        };
        input.consume(used);
        skipped += u64::try_from(used).unwrap_or(u64::MAX);
        if done {
            return Ok(skipped);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    fn read(input: &[u8], most: usize) -> Vec<(usize, Result<String, String>)> {
        let lines = Lines::new(BufReader::with_capacity(3, input), most);
        lines.map(|line| line.map(|line| (line.number, line.text)).unwrap()).collect()
    }

    #[test]
    fn lines_keep_their_numbers_and_lose_breaks_and_marks() {
        let input = "\u{feff}a\n\n  \r\nb \u{feff}\r\n\u{feff}c".as_bytes();
        let texts = [(1, "a"), (4, "b \u{feff}\r"), (5, "c")];
        assert_eq!(read(input, 8), texts.map(|(number, text)| (number, Ok(text.to_owned()))));
    }

    #[test]
    fn a_line_that_cannot_be_read_is_an_error_of_its_own_with_its_byte() {
        let lines = read(b"12345\n123456\nx\xff\n\nlonger than any\nend", 5);
        assert_eq!(lines.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 2, 3, 5, 6]);
        assert_eq!(lines[0].1, Ok("12345".to_owned()));
        assert!(
            lines[1].1.as_ref().unwrap_err().starts_with("the line, which begins at byte 6 of the input, has more than 5 bytes")
        );
        assert!(lines[2].1.as_ref().unwrap_err().contains("byte 1 of it (byte 14 of the input)"), "{lines:?}");
        assert!(lines[3].1.as_ref().unwrap_err().contains("begins at byte 17 "), "{lines:?}");
        assert_eq!(lines[4].1, Ok("end".to_owned()));
    }

    /// A line without end takes no more memory than a line may have: 16 TiB would not fit.
    #[test]
    fn a_line_is_not_kept_beyond_its_limit() {
        struct Endless(u64);
        impl io::Read for Endless {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                buffer.fill(b'x');
                self.0 = self.0.saturating_sub(1);
                Ok(if self.0 == 0 { 0 } else { buffer.len() })
            }
        }
        let mut line = Vec::new();
        let mut lines = Lines::new(BufReader::with_capacity(1 << 16, Endless(4_000)), 10);
        line.extend(lines.next());
        assert!(matches!(&line[..], [Ok(Line { number: 1, text: Err(why) })] if why.contains("more than 10 bytes")));
        assert!(lines.next().is_none());
    }
}
