//! What is a text that is not JSON?
//!
//! A percent-encoded document is decoded. Of other formats the first lines are enough: each has a start that JSON cannot
//! have. What starts like JSON keeps the error that says where it stops to be JSON.

use super::{Kind, WRONG_DOCUMENT, Wanted, wrong};
use crate::diag::{Budget, Diagnostic, Encoding, Source, Span};
use crate::json::{self, Value};

/// Reads one JSON document, percent-encoded or not; the source is that of the document's places.
pub fn read(source: &Source, budget: &Budget, wanted: Wanted) -> Result<(Source, Value), Diagnostic> {
    let source = percent_encoded(source, Span::new(0, source.text.len()))?.unwrap_or_else(|| source.clone());
    match json::read(&source, budget) {
        Ok(value) => Ok((source, value)),
        Err(found) if found.code == json::SYNTAX => Err(recognize(&source.text).map_or(found, |kind| {
            let start = source.text.len() - source.text.trim_start().len();
            wrong(&source, Span::new(start, start), kind, wanted)
        })),
        Err(found) => Err(found),
    }
}

/// The document of a percent-encoded part of a text; `None` if it does not start like one.
///
/// The IAM API encodes as RFC 3986 says, where a plus is written `%2B`; form encoders write a space as a plus. So a plus is
/// refused: nobody knows which of the two it is.
pub(super) fn percent_encoded(source: &Source, span: Span) -> Result<Option<Source>, Diagnostic> {
    let part = source.text.get(span.start..span.end).unwrap_or_default();
    let starts = |code: &str| part.trim_start().get(..3).is_some_and(|start| start.eq_ignore_ascii_case(code));
    let code = ["%7B", "%22", "%5B", "%20", "%0A", "%0D", "%09"].into_iter().any(starts);
    let inside = part.trim_start().strip_prefix('{').and_then(|rest| rest.get(..3));
    if !code && !inside.is_some_and(|code| ["%22", "%20", "%0A", "%0D", "%09"].contains(&code.to_ascii_uppercase().as_str())) {
        return Ok(None);
    }
    let start = span.start + (part.len() - part.trim_start().len());
    let trimmed = Span::new(start, start + part.trim().len());
    let Some(inner) = source.decoded(trimmed, Encoding::Percent) else {
        let help = "each `%` of it must be followed by two hexadecimal digits, and all of it must be UTF-8";
        return Err(Diagnostic::error("bad-percent-encoding", source, trimmed, "this is not percent-encoded text", help));
    };
    if let Some(plus) = part.find('+') {
        let at = Span::new(span.start + plus, span.start + plus + 1);
        let help = "a plus may stand for a space or for itself: decode the document first";
        return Err(Diagnostic::error("bad-percent-encoding", source, at, "the percent-encoded text has a `+`", help));
    }
    Ok(Some(inner))
}

/// The text of a file, without a byte order mark; the error says what it is if it is no UTF-8 text.
pub fn decode(name: &str, bytes: Vec<u8>) -> Result<String, Diagnostic> {
    // Plain letters in UTF-16 are UTF-8 too, with NUL between them.
    if matches!(bytes.as_slice(), [_, 0, _, 0, ..] | [0, _, 0, _, ..]) {
        return Err(not_text(name, &bytes));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
        Err(error) => Err(not_text(name, error.as_bytes())),
    }
}

fn not_text(name: &str, bytes: &[u8]) -> Diagnostic {
    let (what, help) = match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [_, 0, _, 0, ..] | [0, _, 0, _, ..] => (
            "is UTF-16 text",
            "save it as UTF-8; in PowerShell: Get-Content FILE | Set-Content -Encoding utf8 NEW, elsewhere: iconv -f utf-16 -t utf-8",
        ),
        [0x1f, 0x8b, ..] => ("is compressed with gzip", "decompress it first: gunzip"),
        [b'P', b'K', 3, 4, ..] => ("is a ZIP archive", "unpack it first; of a saved Terraform plan: terraform show -json FILE"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => ("is compressed with Zstandard", "decompress it first: zstd -d"),
        [b'%', b'P', b'D', b'F', ..] => ("is a PDF document", "save the document itself, as JSON"),
        _ => ("is not UTF-8 text", "save it as UTF-8"),
    };
    let at = std::str::from_utf8(bytes).err().map_or(0, |error| error.valid_up_to());
    let place = if what == "is not UTF-8 text" { format!(": byte {at} cannot be read") } else { String::new() };
    Diagnostic::bare(WRONG_DOCUMENT, format!("{name} {what}{place}"), help)
}

/// What a text is that is not JSON, if it does not start like JSON.
pub(super) fn recognize(text: &str) -> Option<Kind> {
    let trimmed = text.trim_start();
    let starts = |start: &str| trimmed.get(..start.len()).is_some_and(|own| own.eq_ignore_ascii_case(start));
    let mut lines = trimmed.lines().map(str::trim_end).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    Some(if trimmed.is_empty() {
        Kind::Empty
    } else if starts("<!doctype html") || starts("<html") {
        Kind::Html
    } else if starts("<") {
        Kind::Xml
    } else if first.starts_with(['{', '[']) {
        let is_json = |line: &str| serde_json::from_str::<serde::de::IgnoredAny>(line).is_ok();
        let next = lines.next().is_some_and(|next| next.starts_with(['{', '[']));
        return (next && is_json(first)).then_some(Kind::JsonLines);
    } else if starts("user,arn,user_creation_time") {
        Kind::CredentialReport
    } else if starts("An error occurred (") || starts("Unable to locate credentials") || starts("aws: error") {
        Kind::CliError
    } else if first.len() > 8 && first.trim_matches(['-', '+', '|']).is_empty() {
        Kind::CliTable
    } else if starts("arn:") && first.split(':').count() >= 6 {
        Kind::Arn
    } else if first.starts_with("eyJ") && first.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=-_".contains(&byte)) {
        Kind::Base64
    } else {
        return blocks(text);
    })
}

/// Terraform's blocks, or YAML's keys and lists, by the first line that is neither empty nor a comment.
fn blocks(text: &str) -> Option<Kind> {
    let comment = |line: &&str| line.starts_with('#') || line.starts_with("//") || *line == "---" || line.starts_with("%YAML");
    let first = text.lines().map(str::trim).filter(|line| !line.is_empty()).find(|line| !comment(line))?;
    let block = ["resource \"", "data \"", "module \"", "variable \"", "provider \"", "output \"", "terraform {", "locals {"];
    if block.iter().any(|start| first.starts_with(start)) {
        return Some(Kind::Hcl);
    }
    let name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ' ' | '"' | '\'');
    let key = first
        .split_once(':')
        .is_some_and(|(key, rest)| !key.is_empty() && key.chars().all(name) && (rest.is_empty() || rest.starts_with(' ')));
    if !key && !first.starts_with("- ") {
        return None;
    }
    let has = |key: &str| {
        text.lines().any(|line| {
            line.trim_start()
                .trim_start_matches("- ")
                .trim_matches(['"', '\''])
                .strip_prefix(key)
                .is_some_and(|rest| rest.trim_start_matches(['"', '\'']).starts_with(':'))
        })
    };
    Some(if has("AWSTemplateFormatVersion") || (has("Resources") && text.contains("AWS::")) {
        Kind::YamlTemplate
    } else if has("Statement") {
        Kind::YamlPolicy
    } else {
        Kind::Yaml
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_is_told_by_its_start_and_what_starts_like_json_is_left_alone() {
        for (text, expected) in [
            ("", Some(Kind::Empty)),
            (" \n\t", Some(Kind::Empty)),
            ("<!DOCTYPE html>\n<p>", Some(Kind::Html)),
            ("\n<html lang=\"en\">", Some(Kind::Html)),
            ("<?xml version=\"1.0\"?><GetPolicyVersionResponse/>", Some(Kind::Xml)),
            ("{\"a\":1}\n{\"a\":2}\n", Some(Kind::JsonLines)),
            ("[1]\n\n[2]", Some(Kind::JsonLines)),
            ("{\"a\":\n1}\n{}", None),
            ("{\"a\":1,}\n", None),
            ("// policy\n{\"a\": 1}", None),
            ("# policy\n{\"a\": 1}", None),
            ("AWSTemplateFormatVersion: '2010-09-09'\nResources: {}\n", Some(Kind::YamlTemplate)),
            (
                "# stack\n---\nParameters:\n  A:\n    Type: String\nResources:\n  P:\n    Type: AWS::IAM::Policy\n",
                Some(Kind::YamlTemplate),
            ),
            ("Version: '2012-10-17'\nStatement:\n- Effect: Allow\n", Some(Kind::YamlPolicy)),
            ("\"Version\": \"2012-10-17\"\n\"Statement\":\n  - Effect: Allow\n", Some(Kind::YamlPolicy)),
            ("- serviceNamespace: s3\n  actions: [GetObject]\n", Some(Kind::Yaml)),
            ("# main\nresource \"aws_iam_policy\" \"p\" {\n", Some(Kind::Hcl)),
            ("data \"aws_iam_policy_document\" \"p\" {\n", Some(Kind::Hcl)),
            ("user,arn,user_creation_time,password_enabled\n", Some(Kind::CredentialReport)),
            ("------------------------\n|  GetPolicyVersion  |\n", Some(Kind::CliTable)),
            ("\nAn error occurred (NoSuchEntity) when calling the GetPolicy operation: x", Some(Kind::CliError)),
            ("arn:aws:iam::aws:policy/ReadOnlyAccess\n", Some(Kind::Arn)),
            ("eyJWZXJzaW9uIjoiMjAxMi0xMC0xNyJ9", Some(Kind::Base64)),
            ("Version", None),
            ("s3:GetObject", None),
            ("hello, world", None),
        ] {
            assert_eq!(recognize(text), expected, "{text:?}");
        }
    }

    #[test]
    fn percent_encoded_documents_are_read_at_their_places() {
        let read = |text: &str| super::read(&Source::new("f", text), &Budget::default(), Wanted::Policy);
        let (source, value) = read("\n%7B%22a%22%3A%20[1,%22b%2Bc%22]%7d\n").unwrap();
        assert_eq!(value.to_string(), "{\"a\":[1,\"b+c\"]}");
        let place = source.line_column(value.get("a").unwrap().span.start);
        assert_eq!((place.line, place.column), (2, 17));
        for (text, message) in [
            ("%7B%22a%22:+1%7D", "f:1:12: the percent-encoded text has a `+`"),
            ("%7B%2", "f:1:1: this is not percent-encoded text"),
            ("%7B%22a%22%7D", "f:1:11: this is not JSON: a colon is missing"),
            ("%PDF-1.4", "f:1:1: this is not JSON"),
        ] {
            let said = read(text).unwrap_err().to_string();
            assert!(said.starts_with(message), "{text}: {said}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_named() {
        for (bytes, part) in [
            (&b"\xff\xfe{\0}\0"[..], "f is UTF-16 text; save it as UTF-8"),
            (b"\xfe\xff\0{\0}", "f is UTF-16 text"),
            (b"{\0\"\0\xe9\0", "f is UTF-16 text"),
            (b"{\0\"\0", "f is UTF-16 text"),
            (b"\x1f\x8b\x08", "f is compressed with gzip"),
            (b"PK\x03\x04\xff", "f is a ZIP archive"),
            (b"{\"\xe9\"}", "f is not UTF-8 text: byte 2 cannot be read"),
        ] {
            let said = decode("f", bytes.to_vec()).unwrap_err().to_string();
            assert!(said.starts_with(part), "{said}");
        }
        assert_eq!(decode("f", b"\xef\xbb\xbf{}".to_vec()).unwrap(), "{}");
    }
}
