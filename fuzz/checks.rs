//! What must hold of every input, whatever it is?
//!
//! One check for each reader, and one for a line of `batch`. Beyond "no panic": an error names a place inside the text and
//! says something; a value's place lies within its parent's; what is printed reads back the same; an answer is one line of
//! JSON with a verdict or an error that is not the program's own fault, and comes within the budget.
//!
//! The fuzz targets of this folder call these on any bytes; the tests of the package call them on `seeds/` (tests/it/fuzz.rs),
//! so they hold on stable Rust too. A check panics where something does not hold.

use leastwise::diag::{Budget, Diagnostic, Diagnostics, Source, Span, deadline};
use leastwise::document;
use leastwise::glob::Glob;
use leastwise::json::{self, Kind, Value};
use leastwise::ops::line;
use leastwise::policy::{Policy, access_json};
use leastwise::question::Settings;
use leastwise::request::request_json;
use leastwise::sources::{self, Wanted};
use leastwise::usage::{self, Unused};
use leastwise::value::{arn, date, ip, number};
use std::time::Duration;

/// One check, by its target's name.
pub type Check = (&'static str, fn(&[u8]));

/// All checks.
pub const CHECKS: [Check; 9] = [
    ("json", json),
    ("policy", policy),
    ("wrapped", wrapped),
    ("stack", stack),
    ("request", request),
    ("unused", unused),
    ("access", access),
    ("values", values),
    ("batch", batch),
];

/// Runs the check of a name.
pub fn check(name: &str, data: &[u8]) {
    let (_, check) = CHECKS.iter().find(|(own, _)| *own == name).expect("every target has a check");
    check(data);
}

/// Processor time that an answer may take, with what a slower build of the program needs beside the budget.
pub const MOST: Duration = Duration::from_secs(4);

fn budget() -> Budget {
    Budget { timeout: Duration::from_secs(1), input_bytes: 1 << 20, rlimit: 4_000_000, ..Budget::default() }
}

/// Runs work as a question does: what is left for want of time is no fault.
fn within(work: impl FnOnce()) {
    let _ = deadline::question(&budget(), work);
}

/// The text, as a file of these bytes is read; what is no text is said at no place.
fn text(data: &[u8]) -> Option<Source> {
    match sources::decode("input", data.to_vec()) {
        Ok(text) => Some(Source::new("input", text)),
        Err(error) => {
            assert!(!error.message.is_empty(), "{error:?}");
            None
        }
    }
}

/// A place lies in the text that the user gave, on the boundaries of characters.
fn inside(given: &Source, source: &Source, span: Span) {
    let (outer, span) = source.place(span);
    assert_eq!(&**outer.text, &**given.text, "a place in another text");
    assert!(span.start <= span.end && given.text.get(span.start..span.end).is_some(), "{span:?} of {} bytes", given.text.len());
    let at = source.line_column(span.start);
    assert!(at.line >= 1 && at.column >= 1 && at.line <= given.text.len() + 1, "{at:?}");
}

fn told(given: &Source, found: &Diagnostic) {
    assert!(!found.message.is_empty() && !found.code.is_empty() && !found.to_string().is_empty(), "{found:?}");
    assert!(found.code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-' || byte.is_ascii_digit()), "{}", found.code);
    if let Some(source) = &found.source {
        inside(given, source, found.span);
    }
}

fn all_told(given: &Source, found: &Diagnostics) {
    assert!(found.has_errors(), "an error without one: {found:?}");
    found.0.iter().for_each(|one| told(given, one));
}

/// Every value lies within its parent.
fn nested(source: &Source, value: &Value, parent: Span) {
    assert!(parent.start <= value.span.start && value.span.end <= parent.end, "{:?} in {parent:?}", value.span);
    inside(source, source, value.span);
    match &value.kind {
        Kind::Array(elements) => elements.iter().for_each(|element| nested(source, element, value.span)),
        Kind::Object(members) => members.iter().for_each(|member| {
            assert!(value.span.start <= member.key_span.start && member.key_span.end <= member.value.span.start, "{member:?}");
            nested(source, &member.value, value.span);
        }),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => {}
    }
}

fn reread(text: String) -> Value {
    json::read(&Source::new("printed", text), &budget()).expect("what is printed can be read")
}

/// Any JSON: places are right, printing keeps everything.
fn json(data: &[u8]) {
    let Some(source) = text(data) else { return };
    within(|| match json::read(&source, &budget()) {
        Ok(value) => {
            nested(&source, &value, Span::new(0, source.text.len()));
            let place = source.text.get(value.span.start..value.span.end).expect("it is inside");
            assert_eq!(reread(place.to_owned()), value, "the text at its place");
            assert_eq!(reread(value.to_string()), value);
            assert_eq!(reread(value.to_pretty()), value);
        }
        Err(error) => told(&source, &error),
    });
}

/// A policy document: a document without edits is what was written, and means the same when it is read again.
fn policy(data: &[u8]) {
    let Some(source) = text(data) else { return };
    within(|| match document::read(&source, &budget()) {
        Ok(read) => {
            read.warnings.iter().for_each(|one| told(&source, one));
            read.statements.iter().for_each(|statement| inside(&source, &source, statement.span.span));
            let printed = document::apply(&read, &[]);
            let again = Source::new("printed", printed.to_pretty());
            let second = document::read(&again, &budget()).expect("what is printed can be read");
            assert_eq!(document::apply(&second, &[]), printed);
            match (Policy::read(&source, &budget()), Policy::read(&again, &budget())) {
                (Ok(first), Ok(second)) => {
                    let sides = [first, second].map(|policy| policy.into());
                    assert_eq!(sides.each_ref().map(leastwise::policy::Access::len), [read.statements.len(); 2]);
                }
                (Err(found), Err(_)) => all_told(&source, &found),
                (first, second) => panic!("read once and not again: {} {}", first.is_ok(), second.is_ok()),
            }
        }
        Err(found) => all_told(&source, &found),
    });
}

/// A policy in whatever a tool prints around it: places are those of the given text.
fn wrapped(data: &[u8]) {
    let Some(source) = text(data) else { return };
    within(|| {
        for wanted in [Wanted::Policy, Wanted::Unused, Wanted::Simulation] {
            match sources::read(&source, &budget(), wanted) {
                Ok((inner, value)) => match access_json::document(&inner, &value, wanted) {
                    Ok(document) => document.warnings.iter().for_each(|one| told(&source, one)),
                    Err(found) => all_told(&source, &found),
                },
                Err(error) => told(&source, &error),
            }
        }
    });
}

/// A policy or a stack of them.
fn stack(data: &[u8]) {
    let Some(source) = text(data) else { return };
    within(|| {
        let Ok(value) = json::read(&source, &budget()) else { return };
        match access_json::read(&source, &value) {
            Ok(access) => {
                assert_eq!(access.len(), access.statements().count());
                assert_eq!(access.is_alone(), !sources::is_stack(&value) && !is_quoted_stack(&source, &value));
                assert!((0..access.len()).all(|number| access.statement(number).is_some()));
                (0..access.len()).filter_map(|number| access.statement(number)).for_each(|(member, statement)| {
                    inside(&source, &member.policy.source, statement.span);
                });
            }
            Err(found) => all_told(&source, &found),
        }
    });
}

fn is_quoted_stack(source: &Source, value: &Value) -> bool {
    matches!(sources::unquoted(source, value, Wanted::Access), Ok(Some((_, inner))) if sources::is_stack(&inner))
}

/// A request: what is written reads back.
fn request(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(data) else { return };
    within(|| match request_json::from_json(&value) {
        Ok(request) => assert_eq!(request_json::from_json(&request_json::to_json(&request)).as_ref(), Ok(&request)),
        Err(message) => assert!(!message.is_empty()),
    });
}

/// Unused permissions: the plain form of what was read says the same; merged with itself it stays.
fn unused(data: &[u8]) {
    let Some(source) = text(data) else { return };
    within(|| match usage::read(&source, &budget()) {
        Ok(found) => {
            let plain = found.services().map(|(namespace, unused)| match unused {
                Unused::WholeService => serde_json::json!({"serviceNamespace": namespace}),
                Unused::Actions(names) => serde_json::json!({"serviceNamespace": namespace, "actions": names}),
            });
            let plain = serde_json::Value::Array(plain.collect()).to_string();
            let again = usage::read(&Source::new("plain", plain), &budget()).expect("the plain form can be read");
            assert!(again.services().eq(found.services()), "{found:?} {again:?}");
            let mut merged = found.clone();
            merged.merge(&found);
            assert_eq!(merged, found);
        }
        Err(error) => told(&source, &error),
    });
}

/// What is asked for in a file of access: an error with a place in it, or a verdict.
fn access(data: &[u8]) {
    let Ok(access) = serde_json::from_slice::<serde_json::Value>(data) else { return };
    let policy =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:Get*","iam:*"],"Resource":"arn:aws:s3:::b/*"}}"#;
    for unknown in [false, true] {
        let line =
            format!(r#"{{"id":1,"check":"access-not-granted","allowUnknown":{unknown},"policy":{policy},"access":{access}}}"#);
        batch(line.as_bytes());
    }
}

/// Values: ARNs, numbers, dates, addresses, patterns.
fn values(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(parts) = arn::split(text) {
        assert_eq!(parts.join(":"), text);
        assert!(parts.iter().take(5).all(|part| !part.contains(':')));
    }
    if let Some(read) = number::parse(text) {
        assert_eq!(number::parse(&number::to_text(&read)).as_ref(), Some(&read), "{text}");
    }
    if let Some(read) = date::parse(text) {
        assert_eq!(date::parse(&date::to_text(&read)).as_ref(), Some(&read), "{text}");
    }
    if let Some(address) = ip::parse_address(text) {
        assert!(ip::parse_block(text).is_some_and(|block| block.contains(&address)), "{text}");
    }
    if let Some(block) = ip::parse_block(text) {
        assert_eq!(ip::parse_block(&block.to_string()), Some(block));
        assert!(block.contains(&block.network()) && block.contains(&block.broadcast()));
    }
    within(|| {
        let glob = Glob::parse(text);
        assert_eq!(Glob::parse(&glob.to_string()), glob);
        assert!(glob.matches(&text.replace(['*', '?'], "x")), "{text}");
    });
}

/// A line of `batch`: one line of JSON in time, with the line's id, and a verdict or an error of the input.
fn batch(data: &[u8]) {
    let Some(source) = text(data) else { return };
    let line: &str = &source.text;
    if line.contains(['\n', '\r']) {
        return;
    }
    let answer = line::answer_line(line, &Settings { budget: budget(), ..Settings::default() });
    assert!(!answer.contains(['\n', '\r']), "more than one line: {answer}");
    let read: serde_json::Value = serde_json::from_str(&answer).expect("an answer is JSON");
    let members = read.as_object().expect("an answer is an object");
    assert_eq!(members.keys().next().map(String::as_str), Some("id"), "{answer}");
    if let Ok(given) = serde_json::from_str::<serde_json::Value>(line)
        && let Some(id) = given.get("id")
        && members.get("error").is_none()
    {
        assert_eq!(members.get("id"), Some(id), "{answer}");
    }
    if let Some(error) = members.get("error") {
        let code = error.get("code").and_then(serde_json::Value::as_str).expect("an error has a code");
        assert!(!["internal-error", "engines-disagree"].contains(&code), "{answer}\n{line}");
        assert!(error.get("message").is_some_and(|message| message.as_str().is_some_and(|message| !message.is_empty())));
        return;
    }
    let verdict = ["result", "decision"].into_iter().find_map(|name| members.get(name)).and_then(serde_json::Value::as_str);
    let known = ["PASS", "FAIL", "UNKNOWN", "Allowed", "ImplicitlyDenied", "ExplicitlyDenied"];
    assert!(verdict.is_some_and(|verdict| known.contains(&verdict)), "{answer}");
    let has_witness = answer.contains("\"witness\"");
    assert!(!has_witness || verdict != Some("PASS"), "a witness of a PASS: {answer}");
}
