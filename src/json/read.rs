//! Reading: from a text to a [`Value`], or to the first thing that is wrong with it.

use super::{Kind, Member, Value};
use crate::diag::{Budget, Diagnostic, Source, Span};
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

/// Reads one JSON document.
///
/// Errors name the place: a syntax error, a key that stands twice, a text longer than `budget.input_bytes` bytes or
/// nested deeper than `budget.depth`.
pub fn read(source: &Source, budget: &Budget) -> Result<Value, Diagnostic> {
    let text: &str = &source.text;
    if text.len() > budget.input_bytes {
        let message = format!("the document has {} bytes; the limit is {} bytes", text.len(), budget.input_bytes);
        return Err(Diagnostic::error("input-too-large", source, Span::default(), message, "split the document"));
    }
    check_depth(source, budget)?;
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        let at = offset(text, error.line(), error.column());
        return Err(syntax(source, Span::new(at, at), &plain(&error.to_string())));
    }
    let parsed = jsonc_parser::parse_to_ast(text, &CollectOptions::default(), &STRICT).map_err(|error| {
        let range = error.range();
        syntax(source, Span::new(range.start, range.end), &error.kind().to_string().to_lowercase())
    })?;
    let Some(value) = parsed.value else {
        return Err(syntax(source, Span::default(), "the document is empty"));
    };
    convert(source, value)
}

fn syntax(source: &Source, span: Span, what: &str) -> Diagnostic {
    let message = format!("this is not JSON: {what}");
    Diagnostic::error("json-syntax", source, span, message, "write the document as JSON (RFC 8259)")
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

/// Counts brackets outside strings, so that the parsers below never recurse deeper than the budget allows.
fn check_depth(source: &Source, budget: &Budget) -> Result<(), Diagnostic> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (at, byte) in source.text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                if depth > budget.depth {
                    let message = format!("the document is nested deeper than {} levels", budget.depth);
                    let help = "a policy needs no more than six levels: check the brackets";
                    return Err(Diagnostic::error("nesting-too-deep", source, Span::new(at, at + 1), message, help));
                }
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

fn convert(source: &Source, value: ast::Value<'_>) -> Result<Value, Diagnostic> {
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
            Kind::Array(array.elements.into_iter().map(|element| convert(source, element)).collect::<Result<_, _>>()?)
        }
        ast::Value::Object(object) => Kind::Object(members(source, object)?),
    };
    Ok(Value { span: Span::new(range.start, range.end), kind })
}

fn members(source: &Source, object: ast::Object<'_>) -> Result<Vec<Member>, Diagnostic> {
    let mut seen: HashMap<String, Span> = HashMap::new();
    let mut members = Vec::with_capacity(object.properties.len());
    for property in object.properties {
        let range = match &property.name {
            ast::ObjectPropName::String(literal) => literal.range,
            ast::ObjectPropName::Word(literal) => literal.range,
        };
        let key_span = Span::new(range.start, range.end);
        let key = property.name.into_string();
        if let Some(first) = seen.insert(key.clone(), key_span) {
            let message = format!("the key `{key}` stands twice in this object");
            let line = source.line_column(first.start).line;
            let help = format!("it stands first in line {line}; keep one, or give it a list of values");
            return Err(Diagnostic::error("duplicate-key", source, key_span, message, help));
        }
        members.push(Member { key, key_span, value: convert(source, property.value)? });
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
            ("[1,]", "t:1:4: this is not JSON"),
            ("[1 2]", "t:1:4: this is not JSON"),
            ("[01]", "t:1:3: this is not JSON"),
            ("[1.]", "t:1:4: this is not JSON"),
            ("[+1]", "t:1:2: this is not JSON"),
            ("[0x1]", "t:1:3: this is not JSON"),
            ("[NaN]", "t:1:2: this is not JSON"),
            ("[\"a\u{1}\"]", "t:1:3: this is not JSON"),
            ("['a']", "t:1:2: this is not JSON"),
            ("[\"\\ud800\"]", "t:1:3: this is not JSON"),
            ("[\"\\x41\"]", "t:1:4: this is not JSON"),
            ("/* c */ []", "t:1:1: this is not JSON"),
            ("\u{a0}[]", "t:1:1: this is not JSON"),
            ("{a: 1}", "t:1:2: this is not JSON"),
            ("{\"a\": 1,\n \"\\u0061\": 2}", "t:2:2: the key `a` stands twice in this object; it stands first in line 1"),
        ] {
            let said = trouble(text);
            assert!(said.starts_with(start), "{text:?} gave: {said}");
        }
    }

    #[test]
    fn depth_and_size_are_limited() {
        let deep = "[".repeat(100_000);
        assert!(trouble(&deep).contains("nested deeper than 64 levels"));
        assert!(!trouble(&format!("\"{deep}\"")).contains("nested"));
        let budget = Budget { input_bytes: 3, ..Budget::default() };
        let error = read(&Source::new("t", "[1, 2]"), &budget).unwrap_err();
        assert_eq!(error.message, "the document has 6 bytes; the limit is 3 bytes");
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
