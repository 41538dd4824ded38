//! What does a YAML text say, as JSON has it, and where does each part of it stand?
//!
//! Policies live in YAML templates. The events of a YAML 1.2 parser become the same [`Value`]s that JSON gives, with spans
//! into the file. CloudFormation's short forms (`!Ref`, `!GetAtt A.B`, `!Sub ..`) become the objects that they stand for.
//!
//! Invariants: a key stands once; merge keys (`<<`) are refused, as templates have none; aliases are copies, counted
//! against the same number of values as everything else, so a text cannot unfold beyond the budget. The parser is asked
//! event by event and never recurses.
//!
//! Sources: YAML 1.2.2, core schema; AWS CloudFormation User Guide, "Intrinsic function reference".

use crate::diag::{Budget, Diagnostic, Source, Span, deadline};
use crate::json::{Kind, Member, Value};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};
use std::collections::{BTreeMap, BTreeSet};

/// The code of a text that is not YAML.
pub const SYNTAX: &str = "yaml-syntax";

/// The longest YAML text that is read, in bytes: its places are counted character by character.
const MOST_BYTES: usize = 16 << 20;

/// The functions that have a short form, without their `Fn::`.
const FUNCTIONS: [&str; 19] = [
    "And",
    "Base64",
    "Cidr",
    "Equals",
    "FindInMap",
    "ForEach",
    "GetAtt",
    "GetAZs",
    "If",
    "ImportValue",
    "Join",
    "Length",
    "Not",
    "Or",
    "Select",
    "Split",
    "Sub",
    "ToJsonString",
    "Transform",
];

/// The documents of a YAML text.
///
/// Errors name the place: a syntax error, a key that stands twice, a merge key, a text beyond the budget's limits.
pub fn read(source: &Source, budget: &Budget) -> Result<Vec<Value>, Diagnostic> {
    let text: &str = &source.text;
    let limit = budget.input_bytes.min(MOST_BYTES);
    if text.len() > limit {
        let message = format!("the document has {} bytes; the limit for YAML is {limit} bytes", text.len());
        return Err(Diagnostic::error("input-too-large", source, Span::default(), message, "split the document"));
    }
    let mut reader = Reader { source, budget, offsets: offsets(text), values: 0, open: Vec::new(), anchors: BTreeMap::new() };
    let mut documents = Vec::new();
    for event in Parser::new_from_str(text) {
        deadline::spend(1);
        let (event, span) = event.map_err(|error| {
            let at = reader.at(*error.marker());
            let message = format!("this is not YAML: {}", error.info());
            Diagnostic::error(
                SYNTAX,
                source,
                Span::new(at, at),
                message,
                "indent with spaces, and quote texts with `{`, `*`, `&`",
            )
        })?;
        let span = Span::new(reader.at(span.start), reader.at(span.end));
        documents.extend(reader.event(event, span)?);
    }
    Ok(documents)
}

/// Where each character of a text starts; empty if every character is one byte.
fn offsets(text: &str) -> Vec<usize> {
    if text.is_ascii() { Vec::new() } else { text.char_indices().map(|(at, _)| at).collect() }
}

/// A collection that is not closed yet.
struct Open {
    start: usize,
    end: usize,
    anchor: usize,
    function: Option<String>,
    kind: OpenKind,
}

enum OpenKind {
    List(Vec<Value>),
    Map { members: Vec<Member>, keys: BTreeSet<String>, key: Option<(String, Span)> },
}

struct Reader<'s> {
    source: &'s Source,
    budget: &'s Budget,
    offsets: Vec<usize>,
    values: usize,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Value>,
}

impl Reader<'_> {
    fn at(&self, marker: Marker) -> usize {
        let end = self.source.text.len();
        if self.offsets.is_empty() { marker.index().min(end) } else { self.offsets.get(marker.index()).copied().unwrap_or(end) }
    }

    fn error(&self, span: Span, message: String, help: &str) -> Diagnostic {
        Diagnostic::error(SYNTAX, self.source, span, message, help)
    }

    fn count(&mut self, more: usize, span: Span) -> Result<(), Diagnostic> {
        self.values = self.values.saturating_add(more);
        if self.values > self.budget.values {
            let message = format!("the document has more than {} values, aliases unfolded", self.budget.values);
            return Err(Diagnostic::error("input-too-large", self.source, span, message, "split the document"));
        }
        Ok(())
    }

    /// The document that an event completes, if it does.
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<Option<Value>, Diagnostic> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.as_deref();
                let value = Value { span, kind: scalar(&text, style, tag) };
                self.done(wrapped(function(tag), value), anchor)
            }
            Event::Alias(anchor) => {
                let Some(value) = self.anchors.get(&anchor).cloned() else {
                    return Err(self.error(span, "the alias stands inside its own anchor".to_owned(), "write the value out"));
                };
                self.count(size(&value), span)?;
                self.done(value, 0)
            }
            Event::SequenceStart(anchor, tag) => self.start(span, anchor, tag.as_deref(), OpenKind::List(Vec::new())),
            Event::MappingStart(anchor, tag) => {
                let kind = OpenKind::Map { members: Vec::new(), keys: BTreeSet::new(), key: None };
                self.start(span, anchor, tag.as_deref(), kind)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(Open { start, end, anchor, function, kind }) = self.open.pop() else { return Ok(None) };
                // A block ends with its last part; a flow collection at its bracket.
                let bracket = self.source.text.get(span.start..span.end).is_some_and(|text| matches!(text, "]" | "}"));
                let span = Span::new(start, if bracket { span.end } else { end.max(start) });
                let kind = match kind {
                    OpenKind::List(elements) => Kind::Array(elements),
                    OpenKind::Map { members, .. } => Kind::Object(members),
                };
                self.done(wrapped(function, Value { span, kind }), anchor)
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => Ok(None),
        }
    }

    fn start(&mut self, span: Span, anchor: usize, tag: Option<&Tag>, kind: OpenKind) -> Result<Option<Value>, Diagnostic> {
        if self.open.len() >= self.budget.depth {
            let message = format!("the document is nested deeper than {} levels", self.budget.depth);
            return Err(Diagnostic::error("nested-too-deep", self.source, span, message, "flatten it"));
        }
        self.open.push(Open { start: span.start, end: span.end, anchor, function: function(tag), kind });
        Ok(None)
    }

    /// Puts a finished value where it belongs.
    fn done(&mut self, value: Value, anchor: usize) -> Result<Option<Value>, Diagnostic> {
        self.count(1, value.span)?;
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
        let Some(parent) = self.open.last_mut() else { return Ok(Some(value)) };
        parent.end = parent.end.max(value.span.end);
        match &mut parent.kind {
            OpenKind::List(elements) => elements.push(value),
            OpenKind::Map { members, keys, key } => match key.take() {
                Some((key, key_span)) => members.push(Member { key, key_span, value }),
                None => {
                    let name = match value.kind {
                        Kind::String(text) | Kind::Number(text) => text,
                        Kind::Bool(flag) => flag.to_string(),
                        Kind::Null => "null".to_owned(),
                        Kind::Array(_) | Kind::Object(_) => {
                            return Err(self.error(value.span, "a key must be a text".to_owned(), "quote it"));
                        }
                    };
                    if name == "<<" {
                        let message = "the merge key `<<` is not part of YAML 1.2, and templates have none".to_owned();
                        return Err(self.error(value.span, message, "write the members out"));
                    }
                    if !keys.insert(name.clone()) {
                        let message = format!("the key `{name}` stands twice in this mapping");
                        return Err(Diagnostic::error("duplicate-key", self.source, value.span, message, "remove one of them"));
                    }
                    *key = Some((name, value.span));
                }
            },
        }
        Ok(None)
    }
}

fn size(value: &Value) -> usize {
    match &value.kind {
        Kind::Array(elements) => 1 + elements.iter().map(size).sum::<usize>(),
        Kind::Object(members) => 1 + members.iter().map(|member| size(&member.value)).sum::<usize>(),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => 1,
    }
}

/// What a scalar is in the core schema; quoted ones, and those with a tag of their own, are texts.
fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Kind {
    let is_text = tag.is_some_and(|tag| !tag.is_yaml_core_schema() || tag.suffix == "str");
    if style != ScalarStyle::Plain || is_text {
        return Kind::String(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" => Kind::Bool(true),
        "false" | "False" | "FALSE" => Kind::Bool(false),
        number if is_number(number) => Kind::Number(number.to_owned()),
        _ => Kind::String(text.to_owned()),
    }
}

/// Whether it is a number that JSON can have too; an id with a leading zero is a text.
fn is_number(text: &str) -> bool {
    let starts = text.strip_prefix('-').unwrap_or(text).starts_with(|c: char| c.is_ascii_digit());
    starts && serde_json::from_str::<serde_json::Number>(text).is_ok()
}

/// The function that a short form stands for.
fn function(tag: Option<&Tag>) -> Option<String> {
    let tag = tag.filter(|tag| !tag.is_yaml_core_schema() && !tag.suffix.is_empty())?;
    Some(match tag.suffix.as_str() {
        name @ ("Ref" | "Condition") => name.to_owned(),
        name if FUNCTIONS.contains(&name) => format!("Fn::{name}"),
        // Nobody knows it, and the name says so wherever it stands.
        other => format!("!{other}"),
    })
}

/// The object of one member that a short form stands for.
fn wrapped(function: Option<String>, value: Value) -> Value {
    let Some(key) = function else { return value };
    let span = value.span;
    let value = match &value.kind {
        Kind::String(text) if key == "Fn::GetAtt" => {
            let (resource, attribute) = text.split_once('.').unwrap_or((text, ""));
            let part = |text: &str| Value { span, kind: Kind::String(text.to_owned()) };
            Value { span, kind: Kind::Array(vec![part(resource), part(attribute)]) }
        }
        _ => value,
    };
    Value { span, kind: Kind::Object(vec![Member { key, key_span: span, value }]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> String {
        match read(&Source::new("t.yaml", text), &Budget::default()) {
            Ok(documents) => documents.iter().map(Value::to_string).collect::<Vec<_>>().join(" "),
            Err(found) => found.to_string(),
        }
    }

    #[test]
    fn values_are_those_of_the_core_schema() {
        assert_eq!(
            json("a: [1, -2.5, 007, true, no, ~, 'x', \"y\\n\", 2012-10-17]"),
            "{\"a\":[1,-2.5,\"007\",true,\"no\",null,\"x\",\"y\\n\",\"2012-10-17\"]}"
        );
        assert_eq!(json("a: |\n  one\n  two\nb:\n"), "{\"a\":\"one\\ntwo\\n\",\"b\":null}");
        assert_eq!(json("a: 1\n---\nb: 2\n"), "{\"a\":1} {\"b\":2}");
        assert_eq!(json("x: &a [1]\ny: *a\n"), "{\"x\":[1],\"y\":[1]}");
    }

    #[test]
    fn short_forms_are_the_functions_that_they_stand_for() {
        for (short, long) in [
            ("!Ref A", "{\"Ref\":\"A\"}"),
            ("!GetAtt A.B.C", "{\"Fn::GetAtt\":[\"A\",\"B.C\"]}"),
            ("!GetAtt [A, B]", "{\"Fn::GetAtt\":[\"A\",\"B\"]}"),
            ("!Sub 'x${A}'", "{\"Fn::Sub\":\"x${A}\"}"),
            ("!Join ['', [!Ref A, b]]", "{\"Fn::Join\":[\"\",[{\"Ref\":\"A\"},\"b\"]]}"),
            ("!If [C, 1, 2]", "{\"Fn::If\":[\"C\",1,2]}"),
            ("!Condition C", "{\"Condition\":\"C\"}"),
            ("!Other C", "{\"!Other\":\"C\"}"),
            ("!!str 1", "\"1\""),
        ] {
            assert_eq!(json(&format!("v: {short}\n")), format!("{{\"v\":{long}}}"), "{short}");
        }
    }

    #[test]
    fn places_are_those_of_the_file() {
        let text = "é: 1\nlist:\n  - Effect: Allow\n    Action: 's3:*'\n  - [a, b]\nnext: x\n";
        let source = Source::new("t", text);
        let value = read(&source, &Budget::default()).unwrap().remove(0);
        let written = |value: &Value| source.text.get(value.span.start..value.span.end).unwrap().to_owned();
        let list = value.get("list").unwrap();
        assert_eq!(written(list), "- Effect: Allow\n    Action: 's3:*'\n  - [a, b]");
        let [first, second] = list.elements().unwrap() else { panic!() };
        assert_eq!((written(first).as_str(), written(second).as_str()), ("Effect: Allow\n    Action: 's3:*'", "[a, b]"));
        assert_eq!(written(first.get("Action").unwrap()), "'s3:*'");
        let key = value.members().unwrap()[2].key_span;
        assert_eq!(source.text.get(key.start..key.end), Some("next"));
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_place() {
        for (text, part) in [
            ("a: 1\na: 2\n", "t.yaml:2:1: the key `a` stands twice"),
            ("a: {<<: 1}\n", "t.yaml:1:5: the merge key"),
            ("a: [1\nb: 2\n", "t.yaml:2:"),
            ("? [a]\n: b\n", "a key must be a text"),
            ("InvalidFile:\n  NotValid: {{bad_value}}\n", "a key must be a text"),
        ] {
            assert!(json(text).contains(part), "{text}: {}", json(text));
        }
        let deep = "[".repeat(100);
        assert!(json(&deep).contains("nested deeper than 64"), "{}", json(&deep));
        // Each line unfolds the one before ten times.
        let bomb: String =
            (1..12).map(|at| format!("k{at}: &a{at} [{}]\n", vec![format!("*a{}", at - 1); 10].join(","))).collect();
        let bomb = format!("k0: &a0 x\n{bomb}");
        assert!(json(&bomb).contains("more than 1000000 values"), "{}", json(&bomb).len());
    }
}
