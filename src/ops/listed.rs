//! Which access is asked about? From arguments and from JSON, each entry with its place.
//!
//! A question about what does not exist is answered PASS by every policy, so what nobody can have meant is refused: an
//! action that the catalog does not know, a pattern that matches none, two names in one text, a resource that is not an
//! ARN. In arguments commas split a list, as in other tools, and blanks around an entry are dropped; in JSON a list is
//! written as one. `--allow-unknown` (`"allowUnknown": true` in `batch`) asks about unknown names all the same, and says so.

use super::line::bad;
use crate::catalog::{Names, PARTITIONS, Unknown, nearest};
use crate::diag::{Diagnostic, Diagnostics, Source, Span};
use crate::glob::Glob;
use crate::json::Value;
use crate::policy::ResourcePattern;
use crate::question::access_not_granted::Access;

/// One action or resource, as written.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The text, without the blanks around it.
    pub text: String,
    /// Where it was written.
    pub source: Source,
    /// Its place there.
    pub span: Span,
}

/// The access that is asked about.
#[derive(Debug, Clone, Default)]
pub struct Listed {
    actions: Vec<Entry>,
    resources: Vec<Entry>,
    /// Where a list without entries stands.
    at: Option<(Source, Span)>,
}

impl Listed {
    /// From `--action` and `--resource`.
    pub fn arguments(actions: &[String], resources: &[String]) -> Self {
        // A comma may stand in a resource's name: only before another ARN it ends one.
        let ends = |rest: &str| rest.trim().is_empty() || rest.trim_start().starts_with("arn:") || rest.trim() == "*";
        Self {
            actions: actions.iter().flat_map(|text| split("--action", text, |_| true)).collect(),
            resources: resources.iter().flat_map(|text| split("--resource", text, ends)).collect(),
            at: None,
        }
    }

    /// Adds the access of AWS's API: a list of at most one object, or the object.
    pub fn add_json(&mut self, source: &Source, value: &Value) -> Result<(), Diagnostic> {
        let help = "write [{\"actions\": [..], \"resources\": [..]}], one object, as AWS's API takes it";
        let object = match value.elements() {
            Some([one]) => one,
            Some(_) => return Err(bad(source, value.span, "`access` must have exactly one element", help)),
            None => value,
        };
        let Some(members) = object.members() else {
            return Err(bad(source, object.span, format!("`access` holds {}, not an object", object.kind_name()), help));
        };
        self.at = Some((source.clone(), object.span));
        for member in members {
            let list = match member.key.as_str() {
                "actions" => &mut self.actions,
                "resources" => &mut self.resources,
                other => return Err(bad(source, member.key_span, format!("unknown member `{other}` of `access`"), help)),
            };
            for element in member.value.items() {
                let Some(text) = element.as_str() else {
                    return Err(bad(source, element.span, format!("expected a string, not {}", element.kind_name()), help));
                };
                list.push(Entry { text: text.to_owned(), source: source.clone(), span: element.span });
            }
        }
        Ok(())
    }

    /// The access, if it means something, and notes about names that nobody knows, where these are allowed.
    pub fn check(self, allow_unknown: bool) -> Result<(Access, Vec<String>), Diagnostics> {
        if self.actions.is_empty() && self.resources.is_empty() {
            let help = "give --action, --resource or --access (in batch, `access` with actions or resources)";
            let none = Diagnostic::bare("no-access", "no access is listed", help);
            return Err(self
                .at
                .map_or(none, |(source, span)| Diagnostic::error("no-access", &source, span, "no access is listed", help))
                .into());
        }
        let mut names = Names::default();
        let mut found = Found { allow_unknown, errors: Vec::new(), notes: Vec::new() };
        for entry in &self.actions {
            found.action(entry, &mut names);
        }
        for entry in &self.resources {
            found.resource(entry);
        }
        if names.is_spent() {
            found.notes.push("not every action was looked up in the catalog: there are too many".to_owned());
        }
        if !found.errors.is_empty() {
            return Err(Diagnostics(found.errors));
        }
        let texts = |entries: Vec<Entry>| entries.into_iter().map(|entry| entry.text).collect();
        Ok((Access { actions: texts(self.actions), resources: texts(self.resources) }, found.notes))
    }
}

/// The entries of one argument: cut at commas, where `ends` says so of what follows, without the blanks around them.
pub fn split(name: &str, text: &str, ends: impl Fn(&str) -> bool) -> Vec<Entry> {
    let source = Source::new(name, text);
    let mut entries = Vec::new();
    let mut start = 0;
    let cuts = text.match_indices(',').map(|(at, _)| at).filter(|at| ends(text.get(at + 1..).unwrap_or("")));
    for end in cuts.chain([text.len()]) {
        let piece = text.get(start..end).unwrap_or("");
        let from = start + (piece.len() - piece.trim_start().len());
        let trimmed = piece.trim();
        entries.push(Entry { text: trimmed.to_owned(), source: source.clone(), span: Span::new(from, from + trimmed.len()) });
        start = end + 1;
    }
    entries
}

struct Found {
    allow_unknown: bool,
    errors: Vec<Diagnostic>,
    notes: Vec<String>,
}

/// How to ask about a name all the same.
pub(super) const ALLOW: &str = "--allow-unknown (\"allowUnknown\": true) asks anyway";

/// What is wrong, and how to go on in spite of it.
pub(super) fn refused(unknown: &Unknown, source: &Source, span: Span) -> Diagnostic {
    let help = if unknown.help.is_empty() { ALLOW.to_owned() } else { format!("{} {ALLOW}", unknown.help) };
    Diagnostic::error(unknown.code, source, span, unknown.message.as_str(), help)
}

impl Found {
    fn refuse(&mut self, entry: &Entry, code: &'static str, message: String, help: impl Into<String>) {
        self.errors.push(Diagnostic::error(code, &entry.source, entry.span, message, help));
    }

    /// An error, or where unknown names are allowed a note.
    fn unknown(&mut self, entry: &Entry, unknown: Option<Unknown>) {
        match unknown {
            Some(unknown) if self.allow_unknown => self.notes.push(unknown.message),
            Some(unknown) => self.errors.push(refused(&unknown, &entry.source, entry.span)),
            None => {}
        }
    }

    fn action(&mut self, entry: &Entry, names: &mut Names) {
        let text = entry.text.as_str();
        if text.is_empty() {
            return self.refuse(entry, "empty-name", "an action is empty".to_owned(), "write it as service:Name");
        }
        if text.contains(|c: char| c == ',' || c.is_whitespace() || c.is_control()) {
            let message = format!("`{text}` is not one action: a name has neither blanks nor commas");
            return self.refuse(entry, "malformed-action", message, "list actions one by one");
        }
        if Glob::parse(text).is_everything() {
            return;
        }
        if !text.contains(':') {
            let help = "write it as service:Name, such as s3:DeleteBucket";
            return self.refuse(entry, "action-without-service", format!("the action `{text}` has no service"), help);
        }
        let unknown = names.action(text);
        self.unknown(entry, unknown);
    }

    fn resource(&mut self, entry: &Entry) {
        let text = entry.text.as_str();
        let pattern = ResourcePattern::parse(text, entry.span, false);
        if pattern.is_everything() {
            return;
        }
        // `arn:aws:s3:*` says of the parts that it leaves out that they may be anything.
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let is_arn = parts.len() == 6 || (parts.len() > 1 && parts.last() == Some(&"*"));
        let matches = |at: usize, name: &str| parts.get(at).is_some_and(|part| Glob::parse(part).matches(name));
        // API Gateway's shorthand for the ARN of an API.
        let is_shorthand = text.starts_with("execute-api:/");
        if !is_shorthand && (!is_arn || !matches(0, "arn")) || text.contains(char::is_control) {
            let message = format!("the resource `{text}` is not an ARN");
            let help = match text.strip_prefix("s3://") {
                Some(rest) => format!("did you mean arn:aws:s3:::{rest}?"),
                None => {
                    "write an ARN, arn:partition:service:region:account:resource, with wildcards as in a policy, or *".to_owned()
                }
            };
            return self.refuse(entry, "not-an-arn", message, help);
        }
        if is_shorthand {
            return;
        }
        let partition = parts.get(1).copied().unwrap_or("*");
        if !PARTITIONS.iter().any(|known| matches(1, known.name)) {
            let help = nearest::first(partition, PARTITIONS.iter().map(|known| known.name));
            let message = format!("there is no partition `{partition}`");
            let help = help.map_or_else(String::new, |near| format!("did you mean {near}?"));
            self.unknown(entry, Some(Unknown { code: "unknown-partition", message, help }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(actions: &[&str], resources: &[&str]) -> Result<(Vec<String>, Vec<String>), String> {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let checked = Listed::arguments(&owned(actions), &owned(resources)).check(false);
        checked.map(|(access, _)| (access.actions, access.resources)).map_err(|found| found.to_string())
    }

    #[test]
    fn commas_split_and_blanks_are_dropped() {
        let (actions, _) = said(&["s3:GetObject, s3:PutObject ,s3:Get*", " iam:PassRole"], &[]).unwrap();
        assert_eq!(actions, ["s3:GetObject", "s3:PutObject", "s3:Get*", "iam:PassRole"]);
        let (_, resources) = said(&[], &["arn:aws:s3:::a,b/*, arn:aws:s3:::c", "*", "arn:aws:s3:*"]).unwrap();
        assert_eq!(resources, ["arn:aws:s3:::a,b/*", "arn:aws:s3:::c", "*", "arn:aws:s3:*"]);
    }

    #[test]
    fn what_nobody_can_have_meant_is_refused_with_its_place() {
        for (action, part) in [
            (
                "s3:GetObject,s3:DeleteBuckets",
                "--action:1:14: the catalog (2026-10-27) has no action `s3:DeleteBuckets`; did you mean s3:DeleteBucket?",
            ),
            ("s3:Get Object", "--action:1:1: `s3:Get Object` is not one action"),
            ("s3:GetObject,", "--action:1:14: an action is empty"),
            ("DeleteBucket", "the action `DeleteBucket` has no service; write it as"),
            ("s3:Gett*", "did you mean s3:Get*?"),
        ] {
            let said = said(&[action], &[]).unwrap_err();
            assert!(said.contains(part), "{action}: {said}");
        }
        for (resource, part) in [
            ("prod-bucket", "--resource:1:1: the resource `prod-bucket` is not an ARN"),
            ("s3://b/k", "did you mean arn:aws:s3:::b/k?"),
            ("arn:aws:s3:bucket", "is not an ARN"),
            ("arn:awss:s3:::b", "there is no partition `awss`; did you mean aws?"),
            ("", "is not an ARN"),
        ] {
            let said = said(&[], &[resource]).unwrap_err();
            assert!(said.contains(part), "{resource}: {said}");
        }
        assert!(said(&[], &[]).unwrap_err().contains("no access is listed"));
    }

    #[test]
    fn unknown_names_may_be_allowed_and_are_notes_then() {
        let asked = Listed::arguments(&["s3:DeleteBuckets".to_owned()], &["arn:awss:s3:::b".to_owned()]);
        let (access, notes) = asked.check(true).unwrap();
        assert_eq!((access.actions.len(), access.resources.len()), (1, 1));
        assert_eq!(notes, ["the catalog (2026-10-27) has no action `s3:DeleteBuckets`", "there is no partition `awss`"]);
    }
}
