//! Which line of `batch` is answered: its `id`, as it was written (what nobody would see is escaped).
//!
//! An id is the asker's own: it comes back as its text, so that no number is rounded. It also comes back with an error
//! about the rest of the line (a key that appears twice, a policy that is none), as far as the line is a JSON object.

use crate::diag::{Budget, Source, escape};
use crate::json::{self, Kind, Value};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The text of a line's id; `null` without one. `value` is the line as it was read, if it could be.
pub(super) fn of_line(text: &str, value: Option<&Value>) -> String {
    let id = match value {
        Some(value) => value.get("id").map(|id| written(text, id)),
        None => of_unread(text),
    };
    id.unwrap_or_else(|| "null".to_owned())
}

/// A number or a string as it stands there; what holds white space is written anew.
fn written(text: &str, id: &Value) -> String {
    match &id.kind {
        Kind::Number(_) | Kind::String(_) => text.get(id.span.start..id.span.end).map_or_else(|| id.to_string(), str::to_owned),
        Kind::Null | Kind::Bool(_) | Kind::Array(_) | Kind::Object(_) => id.to_string(),
    }
}

/// The id of a line that the strict reader refuses.
fn of_unread(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Line<'t> {
        #[serde(borrow)]
        id: Option<&'t RawValue>,
    }
    // From an array the first element would be taken.
    let object = text.trim_start().starts_with('{').then_some(text)?;
    let id = serde_json::from_str::<Line<'_>>(object).ok()?.id?.get();
    let value = json::read(&Source::new("id", id), &Budget::default()).ok()?;
    Some(written(id, &value))
}

/// An answer as a line that begins with the id.
pub(super) fn with(id: &str, answer: &serde_json::Value) -> String {
    let text = answer.to_string();
    let line = match text.strip_prefix('{') {
        Some("}") => format!("{{\"id\":{id}}}"),
        Some(members) => format!("{{\"id\":{id},{members}"),
        None => format!("{{\"id\":{id},\"result\":{text}}}"),
    };
    match escape::json(&line) {
        Cow::Borrowed(_) => line,
        Cow::Owned(escaped) => escaped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_comes_back_as_it_was_written() {
        for (line, expected) in [
            (r#"{"id": 1000000000000000000000000000001, "check": "x"}"#, "1000000000000000000000000000001"),
            (r#"{"id": 1.50e+2}"#, "1.50e+2"),
            (r#"{"id": "\u0041é\/"}"#, r#""\u0041é\/""#),
            (r#"{"id": [ 1.0, {"a" : null}]}"#, r#"[1.0,{"a":null}]"#),
            (r#"{"check": "x"}"#, "null"),
            // With an error elsewhere in the line.
            (r#"{"id": 0.10, "policy": {"a": 1, "a": 2}}"#, "0.10"),
            (r#"{"id": 1, "id": 2}"#, "null"),
            (r#"{"id": 1, "policy": {"a"}"#, "null"),
            ("[1, 2]", "null"),
        ] {
            let source = Source::new("line", line);
            let value = json::read(&source, &Budget::default());
            assert_eq!(of_line(line, value.as_ref().ok()), expected, "{line}");
        }
    }

    #[test]
    fn an_answer_begins_with_the_id() {
        assert_eq!(with("7", &serde_json::json!({"a": 1})), r#"{"id":7,"a":1}"#);
        assert_eq!(with("7", &serde_json::json!({})), r#"{"id":7}"#);
        assert_eq!(with("7", &serde_json::json!(null)), r#"{"id":7,"result":null}"#);
    }
}
