//! From a text to a [`Document`]: the top level of the grammar, and how its errors are said.

use super::{Document, Spanned, Version, functions, statement};
use crate::diag::{Budget, Diagnostic, Diagnostics, Source};
use crate::json::{self, Kind, Member, Value};
use std::collections::BTreeMap;

/// Reads a policy document.
///
/// Returns every error that was found, not only the first, and at least one. Warnings go with the document.
pub fn read(source: &Source, budget: &Budget) -> Result<Document, Diagnostics> {
    let value = json::read(source, budget)?;
    read_value(source, value)
}

impl Document {
    /// Reads a policy document.
    ///
    /// # Errors
    /// It is not one: every trouble with its line, column and what to do.
    pub fn read(source: &Source, budget: &Budget) -> Result<Self, Diagnostics> {
        read(source, budget)
    }
}

/// Reads a policy document from JSON that was parsed already; spans must be of `source`.
pub fn read_value(source: &Source, value: Value) -> Result<Document, Diagnostics> {
    let mut reader = Reader { source, found: Vec::new() };
    let document = reader.document(&value);
    let found = Diagnostics(reader.found);
    match document {
        Some(document) if !found.has_errors() => Ok(Document { warnings: found.0, json: value, ..document }),
        _ => Err(functions::unfilled(source, &value).map_or(found, Diagnostics::from)),
    }
}

/// What to do about a value that is no string.
fn remedy(value: &Value) -> &'static str {
    match value.kind {
        Kind::Null => "write the value, or remove it: a value that a template or script did not find becomes null",
        Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => "put it in double quotes",
        Kind::Array(_) => "write one list of strings, without a list inside it",
        Kind::Object(_) => "write a string in double quotes in its place",
    }
}

/// Collects what is wrong while the parts are read.
pub(super) struct Reader<'a> {
    pub(super) source: &'a Source,
    pub(super) found: Vec<Diagnostic>,
}

impl Reader<'_> {
    pub(super) fn error(&mut self, code: &'static str, span: crate::diag::Span, message: String, help: &str) {
        self.found.push(Diagnostic::error(code, self.source, span, message, help));
    }

    pub(super) fn warn(&mut self, code: &'static str, span: crate::diag::Span, message: String, help: &str) {
        self.found.push(Diagnostic::warning(code, self.source, span, message, help));
    }

    /// The members of an object, or an error that says what stands there instead.
    pub(super) fn object<'v>(&mut self, value: &'v Value, what: &str) -> Option<&'v [Member]> {
        if value.members().is_none() {
            let message = format!("{what} must be an object, not {}", value.kind_name());
            self.error("wrong-type", value.span, message, "write it as `{ ... }`");
        }
        value.members()
    }

    /// A string, or an error.
    pub(super) fn string(&mut self, value: &Value, what: &str) -> Option<Spanned<String>> {
        let Some(text) = value.as_str() else {
            let message = format!("{what} must be a string, not {}", value.kind_name());
            self.error("wrong-type", value.span, message, remedy(value));
            return None;
        };
        Some(Spanned { value: text.to_owned(), span: value.span })
    }

    /// One string or a list of strings; `scalars` also takes unquoted booleans and numbers, as condition values do.
    pub(super) fn strings(&mut self, value: &Value, what: &str, scalars: bool) -> Vec<Spanned<String>> {
        let elements = value.items();
        let mut out = Vec::with_capacity(elements.len());
        for element in elements {
            let text = match &element.kind {
                Kind::String(text) => text.clone(),
                Kind::Bool(flag) if scalars => flag.to_string(),
                Kind::Number(text) if scalars => text.clone(),
                Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Array(_) | Kind::Object(_) => {
                    let message = format!("{what} must be a string or a list of strings, not {}", element.kind_name());
                    self.error("wrong-type", element.span, message, remedy(element));
                    continue;
                }
            };
            out.push(Spanned { value: text, span: element.span });
        }
        out
    }

    /// The document, but for its JSON.
    fn document(&mut self, value: &Value) -> Option<Document> {
        let members = self.object(value, "a policy document")?;
        let mut version = Version::default();
        let (mut id, mut statements, mut single_statement, mut has_statement) = (None, Vec::new(), false, false);
        for member in members {
            match member.key.as_str() {
                "Version" => version = self.version(&member.value),
                "Id" => id = self.string(&member.value, "`Id`"),
                "Statement" => {
                    has_statement = true;
                    single_statement = member.value.elements().is_none();
                    let list = member.value.items();
                    for (index, value) in list.iter().enumerate() {
                        statements.extend(statement::read(self, value, index));
                    }
                }
                other => {
                    let message = format!("unknown element `{other}` in the policy document");
                    let help = "a policy has the elements Version, Id and Statement, spelled exactly so";
                    self.error("unknown-element", member.key_span, message, help);
                }
            }
        }
        if !has_statement {
            let help = "add `\"Statement\": [ ... ]`";
            self.error("missing-element", value.span, "the policy has no `Statement`".to_owned(), help);
        }
        self.duplicate_sids(&statements);
        let source = self.source.clone();
        let json = Value { span: value.span, kind: Kind::Null };
        Some(Document { source, json, version, id, statements, single_statement, warnings: Vec::new() })
    }

    fn version(&mut self, value: &Value) -> Version {
        match value.as_str() {
            Some("2012-10-17") => Version::V2012,
            Some("2008-10-17") => Version::V2008,
            _ => {
                let message = format!("`Version` is {value}, which is not a version of the policy language");
                self.error("unknown-version", value.span, message, "write \"2012-10-17\" (or \"2008-10-17\")");
                Version::default()
            }
        }
    }

    fn duplicate_sids(&mut self, statements: &[super::Statement]) {
        let mut seen = BTreeMap::new();
        for sid in statements.iter().filter_map(|statement| statement.sid.as_ref()) {
            if sid.value.is_empty() {
                continue;
            }
            if let Some(first) = seen.insert(sid.value.as_str(), sid.span.start) {
                let line = self.source.line_column(first).line;
                let message = format!("the Sid `{}` appears twice, first in line {line}", sid.value);
                self.warn("duplicate-sid", sid.span, message, "IAM refuses it: give each statement its own Sid");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        match read(&Source::new("p.json", text), &Budget::default()) {
            Ok(document) => format!("ok {}", Diagnostics(document.warnings)),
            Err(found) => found.to_string(),
        }
    }

    #[test]
    fn the_grammar_s_errors_name_place_expectation_and_remedy() {
        let statement = |inner: &str| format!("{{\"Statement\":[{{{inner}}}]}}");
        let ok = "\"Effect\":\"Allow\",\"Action\":\"s3:Get*\",\"Resource\":\"*\"";
        for (text, expected) in [
            ("[]".to_owned(), "p.json:1:1: a policy document must be an object, not an array"),
            ("{}".to_owned(), "p.json:1:1: the policy has no `Statement`; add"),
            ("{\"Version\":\"2012-10-18\",\"Statement\":[]}".to_owned(), "p.json:1:12: `Version` is \"2012-10-18\""),
            ("{\"statement\":[]}".to_owned(), "p.json:1:2: unknown element `statement`"),
            (statement("\"Effect\":\"allow\",\"Action\":\"*\",\"Resource\":\"*\""), "p.json:1:25: `Effect` is \"allow\""),
            (statement(&format!("{ok},\"Resources\":\"*\"")), "p.json:1:67: unknown element `Resources`"),
            (statement(&format!("{ok},\"NotAction\":\"s3:*\"")), "p.json:1:67: both `Action` and `NotAction`"),
            (statement("\"Effect\":\"Allow\",\"Resource\":\"*\""), "p.json:1:15: the statement has no `Action`"),
            (statement("\"Effect\":\"Allow\",\"Action\":\"*\""), "p.json:1:15: the statement has no `Resource`"),
            (statement("\"Effect\":\"Allow\",\"Action\":7,\"Resource\":\"*\""), "p.json:1:42: `Action` must be a string"),
            (statement(&format!("{ok},\"Principal\":\"me\"")), "p.json:1:79: `Principal` is \"me\""),
            (statement(&format!("{ok},\"Principal\":{{\"aws\":\"1\"}}")), "p.json:1:80: unknown principal type `aws`"),
            (statement(&format!("{ok},\"Condition\":[]")), "p.json:1:79: `Condition` must be an object"),
            (statement(&format!("{ok},\"Condition\":{{\"Bool\":{{\"k\":null}}}}")), "p.json:1:92: the condition values must"),
        ] {
            let said = said(&text);
            assert!(said.starts_with(expected), "{text}\n  gave {said}");
        }
    }

    #[test]
    fn scalars_stand_for_lists_and_unquoted_values_are_taken() {
        let scalar =
            said(r#"{"Statement":{"Effect":"Allow","Action":"a:b","Resource":"*","Condition":{"Bool":{"k":true,"l":5}}}}"#);
        assert_eq!(scalar, "ok ");
    }

    #[test]
    fn repeated_sids_are_a_warning() {
        let one = r#"{"Sid":"A","Effect":"Allow","Action":"a:b","Resource":"*"}"#;
        let said = said(&format!("{{\"Statement\":[{one},\n{one}]}}"));
        assert!(said.starts_with("ok p.json:2:8: the Sid `A` appears twice, first in line 1"), "{said}");
    }
}
