//! Parts of an export, by name: texts, lists, dates, tags, with an error that names the place where one is not as it must be.

use crate::diag::{Diagnostic, Source};
use crate::json::{Kind, Value};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The code of an export that is not as AWS writes it.
pub(super) const BAD: &str = "bad-account-details";

const HELP: &str =
    "give the output of `aws iam get-account-authorization-details` as it is, or a folder as iam-collect lays it out";

/// An error at a value.
pub(super) fn bad(source: &Source, value: &Value, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(BAD, source, value.span, message, HELP)
}

/// A member that must be a text.
pub(super) fn text<'v>(source: &Source, object: &'v Value, name: &str) -> Result<&'v str, Diagnostic> {
    match object.get(name) {
        None => Err(bad(source, object, format!("`{name}` is missing"))),
        Some(value) => {
            value.as_str().ok_or_else(|| bad(source, value, format!("`{name}` must be a string, not {}", value.kind_name())))
        }
    }
}

/// A member that may be a text.
pub(super) fn maybe_text<'v>(source: &Source, object: &'v Value, name: &str) -> Result<Option<&'v str>, Diagnostic> {
    match object.get(name) {
        None | Some(Value { kind: Kind::Null, .. }) => Ok(None),
        Some(_) => text(source, object, name).map(Some),
    }
}

/// A member that may be a list; absent is empty.
pub(super) fn list<'v>(source: &Source, object: &'v Value, name: &str) -> Result<&'v [Value], Diagnostic> {
    match object.get(name) {
        None | Some(Value { kind: Kind::Null, .. }) => Ok(&[]),
        Some(value) => {
            value.elements().ok_or_else(|| bad(source, value, format!("`{name}` must be a list, not {}", value.kind_name())))
        }
    }
}

/// A member that may be a date: ISO 8601 as the AWS CLI prints it, with `T` or a blank, or seconds since 1970.
pub(super) fn date(source: &Source, object: &Value, name: &str) -> Result<Option<Timestamp>, Diagnostic> {
    let Some(value) = object.get(name) else { return Ok(None) };
    let written = match &value.kind {
        Kind::Null => return Ok(None),
        Kind::String(text) | Kind::Number(text) => text,
        Kind::Bool(_) | Kind::Array(_) | Kind::Object(_) => {
            return Err(bad(source, value, format!("`{name}` must be a date, not {}", value.kind_name())));
        }
    };
    timestamp(written).map(Some).ok_or_else(|| bad(source, value, format!("`{name}` is `{written}`, which is not a date")))
}

fn timestamp(text: &str) -> Option<Timestamp> {
    if let Ok(seconds) = text.parse::<f64>() {
        // Whole seconds are enough for what was made and used when.
        let whole = seconds.trunc();
        return (whole.abs() < 1e12)
            .then(|| format!("{whole:.0}").parse().ok())
            .flatten()
            .and_then(|s| Timestamp::from_second(s).ok());
    }
    text.parse().ok().or_else(|| {
        // Without an offset it is UTC, as AWS's own dates are.
        let civil: jiff::civil::DateTime = text.parse().ok()?;
        civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })
}

/// Tags: `[{"Key": .., "Value": ..}]`, or an object.
pub(super) fn tags(source: &Source, object: &Value, name: &str) -> Result<BTreeMap<String, String>, Diagnostic> {
    let Some(value) = object.get(name) else { return Ok(BTreeMap::new()) };
    tags_of(source, value)
}

/// The tags that a value holds.
pub(super) fn tags_of(source: &Source, value: &Value) -> Result<BTreeMap<String, String>, Diagnostic> {
    let one = |value: &Value| {
        let text = value.as_str().map(str::to_owned);
        text.ok_or_else(|| bad(source, value, format!("a tag's value must be a string, not {}", value.kind_name())))
    };
    match &value.kind {
        Kind::Null => Ok(BTreeMap::new()),
        Kind::Object(members) => members.iter().map(|member| Ok((member.key.clone(), one(&member.value)?))).collect(),
        Kind::Array(elements) => {
            let each = |tag: &Value| Ok((text(source, tag, "Key")?.to_owned(), text(source, tag, "Value")?.to_owned()));
            elements.iter().map(each).collect()
        }
        Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => {
            Err(bad(source, value, format!("tags must be a list, not {}", value.kind_name())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_the_cli_and_the_api_write_them() {
        for text in [
            "2023-03-09T10:41:45Z",
            "2023-03-09 10:41:45+00:00",
            "2023-03-09T12:41:45+02:00",
            "1678358505",
            "2023-03-09T10:41:45",
        ] {
            assert_eq!(timestamp(text).map(|at| at.to_string()).as_deref(), Some("2023-03-09T10:41:45Z"), "{text}");
        }
        assert_eq!((timestamp("soon"), timestamp("1e300"), timestamp("NaN")), (None, None, None));
    }
}
