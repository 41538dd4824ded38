//! Reading: from a text to a [`Value`], or to the first thing that is wrong with it.

use super::syntax::{Fault, fault};
use super::{Kind, Member, Value};
use crate::diag::{Budget, Diagnostic, Source, Span, deadline};
use jsonc_parser::{CollectOptions, ParseOptions, ast};
use std::collections::HashMap;

const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// The code of a text that is not JSON.
pub const SYNTAX: &str = "json-syntax";

/// Reads one JSON document.
///
/// Errors name the place: a syntax error, a key that appears twice, a text longer than `budget.input_bytes` bytes or
/// nested deeper than `budget.depth`, or of more than `budget.values` values: said before a tree is made.
pub fn read(source: &Source, budget: &Budget) -> Result<Value, Diagnostic> {
    read_part(source, Span::new(0, source.text.len()), budget)
}

/// Reads one JSON document that is a part of a text, with its places in the text; the errors are those of [`read`].
pub fn read_part(source: &Source, part: Span, budget: &Budget) -> Result<Value, Diagnostic> {
    let text = source.text.get(part.start..part.end).unwrap_or_default();
    if text.len() > budget.input_bytes {
        let message = format!("the document has {} bytes; the limit is {} bytes", text.len(), budget.input_bytes);
        return Err(Diagnostic::error("input-too-large", source, Span::default(), message, "split the document"));
    }
    check_shape(source, part, budget)?;
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        let at = offset(text, error.line(), error.column());
        return Err(syntax(source, part, Span::new(at, at), &plain(&error.to_string())));
    }
    let parsed = jsonc_parser::parse_to_ast(text, &CollectOptions::default(), &STRICT).map_err(|error| {
        let range = error.range();
        syntax(source, part, Span::new(range.start, range.end), &error.kind().to_string().to_lowercase())
    })?;
    let Some(value) = parsed.value else {
        return Err(syntax(source, part, Span::default(), "the document is empty"));
    };
    convert(source, part.start, value)
}

/// What is wrong, by its name if it has one, else in the parser's words.
fn syntax(source: &Source, part: Span, span: Span, what: &str) -> Diagnostic {
    let parser = Fault { span, what: what.to_owned(), help: "write the document as JSON (RFC 8259)" };
    let text = source.text.get(part.start..part.end).unwrap_or_default();
    let Fault { span, what, help } = fault(text).unwrap_or(parser);
    let span = Span::new(part.start + span.start, part.start + span.end);
    Diagnostic::error(SYNTAX, source, span, format!("this is not JSON: {what}"), help)
}

/// `serde_json`'s message without its own " at line 1 column 2".
fn plain(message: &str) -> String {
    message.split(" at line ").next().unwrap_or(message).to_lowercase()
}

/// The byte offset of a line and column (both from 1, the column in bytes) as `serde_json` gives them.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let mut at = (start + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Counts brackets outside strings, so that the parsers below never recurse deeper than the budget allows, and what stands
/// between them, so that their trees never have more nodes: every value but the last of its list ends at a comma, and the
/// last one is its list's.
fn check_shape(source: &Source, part: Span, budget: &Budget) -> Result<(), Diagnostic> {
    let (mut depth, mut values, mut next) = (0_usize, 0_usize, 0_usize);
    let bytes = source.text.get(part.start..part.end).unwrap_or_default().as_bytes();
    while let Some(byte) = bytes.get(next).copied() {
        let at = part.start + next;
        next += 1;
        match byte {
            b'"' => next = behind_string(bytes, next),
            b',' | b'{' | b'[' => {
                values += 1;
                if values > budget.values {
                    let message = format!("the document has more than {} JSON values", budget.values);
                    return Err(Diagnostic::error(
                        "too-many-values",
                        source,
                        Span::new(at, at + 1),
                        message,
                        "split the document",
                    ));
                }
                if byte == b',' {
                    continue;
                }
                depth += 1;
                if depth > budget.depth {
                    let message = format!("the document is nested deeper than {} levels", budget.depth);
                    let help = "a policy needs no more than six levels: check the brackets";
                    return Err(Diagnostic::error("nesting-too-deep", source, Span::new(at, at + 1), message, help));
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// Where a string that starts here is over, behind its closing quote if it has one.
fn behind_string(bytes: &[u8], start: usize) -> usize {
    let mut next = start;
    while let Some(found) = bytes.get(next..).and_then(|rest| rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))) {
        let at = next + found;
        if bytes.get(at) == Some(&b'"') {
            return at + 1;
        }
        next = at + 2;
    }
    bytes.len()
}

fn convert(source: &Source, from: usize, value: ast::Value<'_>) -> Result<Value, Diagnostic> {
    deadline::check();
    let range = match &value {
        ast::Value::StringLit(literal) => literal.range,
        ast::Value::NumberLit(literal) => literal.range,
        ast::Value::BooleanLit(literal) => literal.range,
        ast::Value::Object(object) => object.range,
        ast::Value::Array(array) => array.range,
        ast::Value::NullKeyword(keyword) => keyword.range,
    };
    let kind = match value {
        ast::Value::StringLit(literal) => Kind::String(literal.value.into_owned()),
        ast::Value::NumberLit(literal) => Kind::Number(literal.value.to_owned()),
        ast::Value::BooleanLit(literal) => Kind::Bool(literal.value),
        ast::Value::NullKeyword(_) => Kind::Null,
        ast::Value::Array(array) => {
            Kind::Array(array.elements.into_iter().map(|element| convert(source, from, element)).collect::<Result<_, _>>()?)
        }
        ast::Value::Object(object) => Kind::Object(members(source, from, object)?),
    };
    Ok(Value { span: Span::new(from + range.start, from + range.end), kind })
}

/// Up to so many members an object is small.
const SMALL: usize = 16;

fn members(source: &Source, from: usize, object: ast::Object<'_>) -> Result<Vec<Member>, Diagnostic> {
    let mut members: Vec<Member> = Vec::with_capacity(object.properties.len());
    // Keys of small objects are compared one by one: most objects have a handful.
    let is_small = object.properties.len() <= SMALL;
    let mut seen: HashMap<String, Span> = HashMap::new();
    for property in object.properties {
        let range = match &property.name {
            ast::ObjectPropName::String(literal) => literal.range,
            ast::ObjectPropName::Word(literal) => literal.range,
        };
        let key_span = Span::new(from + range.start, from + range.end);
        let key = property.name.into_string();
        let first = match is_small {
            true => members.iter().find(|member| member.key == key).map(|member| member.key_span),
            false => seen.insert(key.clone(), key_span),
        };
        if let Some(first) = first {
            let message = format!("the key `{key}` appears twice in this object");
            let line = source.line_column(first.start).line;
            let help = format!("it appears first in line {line}; keep one, or give it a list of values");
            return Err(Diagnostic::error("duplicate-key", source, key_span, message, help));
        }
        members.push(Member { key, key_span, value: convert(source, from, property.value)? });
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble(text: &str) -> String {
        match read(&Source::new("t", text), &Budget::default()) {
            Ok(value) => format!("accepted: {value:?}"),
            Err(diagnostic) => diagnostic.to_string(),
        }
    }

    #[test]
    fn what_is_not_strict_json_is_refused_with_its_place() {
        for (text, start) in [
            ("", "t:1:1: this is not JSON"),
            ("{", "t:1:1: this is not JSON"),
            ("{}\n x", "t:2:2: this is not JSON"),
            ("[1,]", "t:1:3: this is not JSON: a comma stands before `]`; remove the comma"),
            ("{\"é\": [1,\n ]}", "t:1:9: this is not JSON: a comma stands before `]`"),
            ("{\"a\": 1, }", "t:1:8: this is not JSON: a comma stands before `}`"),
            ("[1 2]", "t:1:4: this is not JSON: a comma is missing before this"),
            ("{\"a\": 1\n\"b\": 2}", "t:2:1: this is not JSON: a comma is missing before this"),
            ("[1,,2]", "t:1:4: this is not JSON: a comma stands where a value or a key must"),
            ("[01]", "t:1:2: this is not JSON: the number `01` starts with 0"),
            ("[1.]", "t:1:2: this is not JSON: `1.` is not a number"),
            ("[+1]", "t:1:2: this is not JSON: `+1` stands without quotes"),
            ("[0x1]", "t:1:2: this is not JSON: `0x1` is not a number"),
            ("[NaN]", "t:1:2: this is not JSON: `NaN` is not a JSON value"),
            ("[-Infinity]", "t:1:2: this is not JSON: `-Infinity` is not a JSON number"),
            ("[True]", "t:1:2: this is not JSON: `True` is Python's word"),
            ("[\"a\u{1}\"]", "t:1:4: this is not JSON: a control character (U+0001) stands inside a text"),
            ("[\"a\tb\"]", "t:1:4: this is not JSON: a tab stands inside a text"),
            ("[\"a\n\"]", "t:1:4: this is not JSON: a line break stands inside a text"),
            ("[\"a", "t:1:2: this is not JSON: the text that starts here is never closed"),
            ("['a']", "t:1:2: this is not JSON: single quotes are used"),
            ("{\"a\": “b”}", "t:1:7: this is not JSON: a typographic quote `“` (U+201C) stands where JSON has `\"`"),
            ("[\"\\ud800\"]", "t:1:3: this is not JSON: half a surrogate pair stands alone"),
            ("[\"\\x41\"]", "t:1:3: this is not JSON: `\\x` is not an escape of JSON"),
            ("/* c */ []", "t:1:1: this is not JSON: a comment stands here"),
            ("[1, // one\n 2]", "t:1:5: this is not JSON: a comment stands here"),
            ("[\n# one\n 2]", "t:2:1: this is not JSON: a comment stands here"),
            ("\u{a0}[]", "t:1:1: this is not JSON: a no-break space (U+00A0) stands here"),
            ("{\"é\":\u{200b}1}", "t:1:6: this is not JSON: a zero-width space (U+200B) stands here"),
            ("[]\u{feff}", "t:1:3: this is not JSON: a byte order mark (U+FEFF) stands here"),
            ("[]\u{0}", "t:1:3: this is not JSON: a NUL character (U+0000) stands here"),
            ("{a: 1}", "t:1:2: this is not JSON: the key `a` stands without quotes"),
            ("[s3:GetObject]", "t:1:2: this is not JSON: `s3` stands without quotes"),
            ("{\"a\" = 1}", "t:1:6: this is not JSON: `=` stands where JSON has `:`"),
            ("{\"a\" 1}", "t:1:6: this is not JSON: a colon is missing before this"),
            ("{\"a\": }", "t:1:7: this is not JSON: a value is missing before this `}`"),
            ("{\"a\": [1}", "t:1:9: this is not JSON: `}` stands where the `[` before it is still open"),
            ("{{ policy }}", "t:1:2: this is not JSON: `{` stands where a key must; the text is a template"),
            ("{}]", "t:1:3: this is not JSON: `]` stands after the end of the document"),
            ("{}\n{}", "t:2:1: this is not JSON: a second JSON document stands after the first"),
            ("  ", "t:1:3: this is not JSON: the document is empty"),
            ("{\"a\": 1,\n \"\\u0061\": 2}", "t:2:2: the key `a` appears twice in this object; it appears first in line 1"),
        ] {
            let said = trouble(text);
            assert!(said.starts_with(start), "{text:?} gave: {said}");
        }
    }

    #[test]
    fn only_what_the_parsers_refuse_has_a_fault() {
        for text in [
            "{}",
            "[]",
            "\"\\ud83d\\ude00\\n\"",
            " [1, -0.5e+3, 0, true, false, null, {\"a\": [[]], \"b\": {}}]\r\n",
            "-1",
            "\"“’\u{a0}\"",
        ] {
            assert_eq!(fault(text), None, "{text}");
            assert!(read(&Source::new("t", text), &Budget::default()).is_ok(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_fault_is_found_exactly_where_the_parsers_refuse(
            pieces in proptest::collection::vec(proptest::sample::select(vec![
                "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\\n\"", "1", "-2.5e3", "01", "true", "null", " ", "\n", "x", "'", "//", "\u{a0}", "\\", "\"",
            ]), 0..12)
        ) {
            let text = pieces.concat();
            let refused = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_err();
            proptest::prop_assert_eq!(fault(&text).is_some(), refused, "{}", text);
            if let Some(fault) = fault(&text) {
                let inside = fault.span.start <= fault.span.end && fault.span.end <= text.len();
                proptest::prop_assert!(inside && text.is_char_boundary(fault.span.start) && text.is_char_boundary(fault.span.end), "{}", text);
            }
        }
    }

    #[test]
    fn depth_and_size_are_limited() {
        let deep = "[".repeat(100_000);
        assert!(trouble(&deep).contains("nested deeper than 64 levels"));
        assert!(!trouble(&format!("\"{deep}\"")).contains("nested"));
        let refused = |text: &str, budget: Budget| read(&Source::new("t", text), &budget).map_err(|error| error.message);
        let budget = Budget { input_bytes: 3, ..Budget::default() };
        assert_eq!(refused("[1, 2]", budget).unwrap_err(), "the document has 6 bytes; the limit is 3 bytes");
        let budget = Budget { values: 3, ..Budget::default() };
        for (text, fits) in
            [("[1, 2, 3]", true), ("[1, 2, 3, 4]", false), ("[[[]]]", true), ("[[[[]]]]", false), ("\",,,,[[[[\"", true)]
        {
            let said = refused(text, budget).err();
            assert_eq!(said, (!fits).then(|| "the document has more than 3 JSON values".to_owned()), "{text}");
        }
    }

    #[test]
    fn values_keep_spelling_order_and_place() {
        let source = Source::new("t", r#"{"b": 1.50, "a": ["x\n", true, null]}"#);
        let value = read(&source, &Budget::default()).unwrap();
        let members = value.members().unwrap();
        assert_eq!(members[0].value.kind, Kind::Number("1.50".to_owned()));
        assert_eq!(members[0].key_span, Span::new(1, 4));
        assert_eq!(value.get("a").unwrap().elements().unwrap()[0].as_str(), Some("x\n"));
    }
}
