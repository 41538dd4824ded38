//! Writing: a [`Value`] as indented JSON, members and number spellings as they were read, what nobody
//! would see escaped.

use super::{Kind, Value};
use crate::diag::escape;
use std::fmt::{self, Write as _};

impl Value {
    /// The document with two spaces of indentation and a final line break.
    pub fn to_pretty(&self) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = pretty(self, 0, &mut out);
        out.push('\n');
        out
    }
}

impl fmt::Display for Value {
    /// The document on one line, without white space.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Array(elements) => {
                f.write_char('[')?;
                for (index, element) in elements.iter().enumerate() {
                    write!(f, "{}{element}", if index > 0 { "," } else { "" })?;
                }
                f.write_char(']')
            }
            Kind::Object(members) => {
                f.write_char('{')?;
                for (index, member) in members.iter().enumerate() {
                    let comma = if index > 0 { "," } else { "" };
                    write!(f, "{comma}{}:{}", quoted(&member.key), member.value)?;
                }
                f.write_char('}')
            }
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => f.write_str(&scalar(&self.kind)),
        }
    }
}

fn quoted(text: &str) -> String {
    escape::json(&serde_json::Value::from(text).to_string()).into_owned()
}

fn scalar(kind: &Kind) -> String {
    match kind {
        Kind::Null => "null".to_owned(),
        Kind::Bool(flag) => flag.to_string(),
        Kind::Number(text) => text.clone(),
        Kind::String(text) => quoted(text),
        Kind::Array(_) => "[]".to_owned(),
        Kind::Object(_) => "{}".to_owned(),
    }
}

fn pretty(value: &Value, depth: usize, out: &mut String) -> fmt::Result {
    let (inner, outer) = ("  ".repeat(depth + 1), "  ".repeat(depth));
    match &value.kind {
        Kind::Array(elements) if !elements.is_empty() => {
            out.push_str("[\n");
            for (index, element) in elements.iter().enumerate() {
                out.push_str(&inner);
                pretty(element, depth + 1, out)?;
                out.push_str(if index + 1 < elements.len() { ",\n" } else { "\n" });
            }
            write!(out, "{outer}]")
        }
        Kind::Object(members) if !members.is_empty() => {
            out.push_str("{\n");
            for (index, member) in members.iter().enumerate() {
                write!(out, "{inner}{}: ", quoted(&member.key))?;
                pretty(&member.value, depth + 1, out)?;
                out.push_str(if index + 1 < members.len() { ",\n" } else { "\n" });
            }
            write!(out, "{outer}}}")
        }
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Array(_) | Kind::Object(_) => {
            out.push_str(&scalar(&value.kind));
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::diag::{Budget, Source};
    use crate::json::read;

    #[test]
    fn what_is_printed_reads_back_equal() {
        let text = r#"{"a":[1.50,"q\"\\\u0001é",{}],"b":{"c":null,"d":[]},"e":true}"#;
        let value = read(&Source::new("t", text), &Budget::default()).unwrap();
        for printed in [value.to_pretty(), value.to_string()] {
            assert_eq!(read(&Source::new("t", printed.as_str()), &Budget::default()).unwrap(), value, "{printed}");
        }
    }
}
