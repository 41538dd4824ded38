//! Where are the documents of a text that has several, one after another?
//!
//! JSON Lines, and the pages that a tool printed one after another. Brackets are counted outside strings; whether the
//! parts are JSON is for the reader to say.

use crate::diag::{Source, Span};

/// The documents of a text, in order: each ends where its first bracket is closed, or with the text. What stands between
/// them, other than white space, belongs to the document that follows. A text without a bracket is one document.
pub fn parts(source: &Source) -> Vec<Span> {
    let text: &str = &source.text;
    let (mut out, mut start, mut depth, mut in_string, mut escaped) = (Vec::new(), 0, 0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    out.push(Span::new(start, at + 1));
                    start = at + 1;
                }
            }
            _ => {}
        }
    }
    let rest = text.get(start..).unwrap_or_default();
    let is_blank = rest.trim_matches([' ', '\t', '\r', '\n']).is_empty();
    match out.last_mut() {
        Some(last) if is_blank => last.end = text.len(),
        _ => out.push(Span::new(start, text.len())),
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Budget;
    use crate::json::{read, read_part};

    #[test]
    fn documents_are_told_apart_and_keep_their_places() {
        let source = Source::new("f", "{\"a\": \"}\\\"{\"}\n[1, [2]]{}\n \n");
        let texts: Vec<&str> = parts(&source).iter().map(|part| &source.text[part.start..part.end]).collect();
        assert_eq!(texts, ["{\"a\": \"}\\\"{\"}", "\n[1, [2]]", "{}\n \n"]);
        let second = read_part(&source, parts(&source)[1], &Budget::default()).unwrap();
        let place = source.line_column(second.elements().unwrap()[1].span.start);
        assert_eq!((place.line, place.column), (2, 5));
        let broken = Source::new("f", "{}\n{\"a\": 1,}\n");
        let said = read_part(&broken, parts(&broken)[1], &Budget::default()).unwrap_err().to_string();
        assert!(said.starts_with("f:2:8: this is not JSON"), "{said}");
        let doubled = Source::new("f", "{}\n{\"a\": 1, \"a\": 2}");
        let said = read_part(&doubled, parts(&doubled)[1], &Budget::default()).unwrap_err().to_string();
        assert!(said.starts_with("f:2:10: the key `a` appears twice"), "{said}");
    }

    #[test]
    fn one_document_is_the_whole_text() {
        for text in ["", " ", "{}", " {\"a\": [1]} \n", "1", "\"[\"", "{", "]"] {
            let source = Source::new("f", text);
            assert_eq!(parts(&source), [Span::new(0, text.len())], "{text:?}");
        }
        assert!(read(&Source::new("f", "{} {}"), &Budget::default()).is_err());
    }
}
