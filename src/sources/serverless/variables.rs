//! What do the variables of a configuration of the Serverless Framework stand for?
//!
//! They are resolved before the deployment. What the file itself says (`${self:custom.actions}`) stands in a variable's place, a
//! whole list too. Every other variable is a parameter of the template, by its text: equal texts are equal values.
//!
//! Invariants: a variable never becomes a policy variable of IAM; values that repeat each other end in time, as so much is read
//! and no more.
//!
//! Source: Serverless Framework documentation, "Variables".

use super::{member, text};
use crate::diag::Span;
use crate::json::{Kind, Member, Value};
use std::collections::BTreeMap;

/// How deep variables may stand in what others stand for, and how many values and letters of texts are read for them.
const DEPTH: usize = 16;
const MOST_READ: usize = 2_000_000;

/// What the variables of a configuration stand for.
pub(super) struct Reading<'c> {
    configuration: &'c Value,
    /// The parameters of those that are not known here, by variable.
    names: BTreeMap<String, String>,
    /// Values and letters that may still be read for variables: each may stand in many places, and hold others.
    left: usize,
}

impl<'c> Reading<'c> {
    pub(super) fn of(configuration: &'c Value) -> Self {
        Self { configuration, names: BTreeMap::new(), left: MOST_READ }
    }

    /// The parameters of the variables that were read and are not known here.
    pub(super) fn parameters(self) -> impl Iterator<Item = String> {
        self.names.into_values()
    }

    /// A value with what its variables stand for, or references to parameters, in their place.
    pub(super) fn opened(&mut self, value: &Value) -> Value {
        self.at(value, 0)
    }

    fn at(&mut self, value: &Value, depth: usize) -> Value {
        let span = value.span;
        let kind = match &value.kind {
            Kind::String(written) if has_variable(written) => {
                if let [(variable, true)] = parts(written).as_slice()
                    && let Some(own) = self.own(variable, depth)
                {
                    return self.at(own, depth + 1);
                }
                let mut texts = Vec::new();
                self.add_parts(written, depth, &mut texts);
                let parts: Vec<Value> = texts
                    .into_iter()
                    .map(|part| match part {
                        Text::Known(known) => text(&known, span),
                        Text::Open(name) => reference(&name, span),
                    })
                    .collect();
                match parts.as_slice() {
                    [only] => return only.clone(),
                    _ => {
                        let list = Value { span, kind: Kind::Array(parts) };
                        let arguments = Value { span, kind: Kind::Array(vec![text("", span), list]) };
                        Kind::Object(vec![member("Fn::Join", arguments)])
                    }
                }
            }
            Kind::Array(all) => Kind::Array(all.iter().map(|one| self.within(one, depth)).collect()),
            Kind::Object(members) => {
                let mut one = |one: &Member| {
                    let is_sub = one.key == "Fn::Sub";
                    let value = if is_sub { self.in_sub(&one.value, depth) } else { self.within(&one.value, depth) };
                    Member { value, ..one.clone() }
                };
                Kind::Object(members.iter().map(&mut one).collect())
            }
            other => other.clone(),
        };
        Value { span, kind }
    }

    /// A part of a value; what a variable stands for is counted, as another may repeat it.
    fn within(&mut self, value: &Value, depth: usize) -> Value {
        if depth > 0 {
            self.left = self.left.saturating_sub(size(value));
        }
        self.at(value, depth)
    }

    /// The text of a `Fn::Sub`, whose own references stay.
    fn in_sub(&mut self, value: &Value, depth: usize) -> Value {
        match &value.kind {
            Kind::String(written) => {
                let mut texts = Vec::new();
                self.add_parts(written, depth, &mut texts);
                let part = |part: Text| match part {
                    Text::Known(known) => known,
                    Text::Open(name) => format!("${{{name}}}"),
                };
                text(&texts.into_iter().map(part).collect::<String>(), value.span)
            }
            Kind::Array(all) => {
                let each = all.iter().enumerate();
                let each = each.map(|(at, one)| if at == 0 { self.in_sub(one, depth) } else { self.within(one, depth) });
                Value { span: value.span, kind: Kind::Array(each.collect()) }
            }
            _ => self.at(value, depth),
        }
    }

    /// The parts of a text, with those of the texts that its variables stand for.
    fn add_parts(&mut self, written: &str, depth: usize, out: &mut Vec<Text>) {
        for (part, is_variable) in parts(written) {
            if !is_variable {
                out.push(Text::Known(part.to_owned()));
                continue;
            }
            match self.own(part, depth).map(|own| &own.kind) {
                Some(Kind::String(own)) => self.add_parts(own, depth + 1, out),
                Some(Kind::Number(own)) => out.push(Text::Known(own.clone())),
                Some(Kind::Bool(own)) => out.push(Text::Known(own.to_string())),
                _ => out.push(Text::Open(self.named(part))),
            }
        }
    }

    /// What a variable of the configuration itself stands for: `self:custom.actions`. `None` where only the
    /// deployment knows, so also if a default behind a comma is what counts.
    fn own(&mut self, variable: &str, depth: usize) -> Option<&'c Value> {
        let path = variable.split(',').next()?.trim().strip_prefix("self:")?;
        if depth >= DEPTH || self.left == 0 || path.contains(['$', '{', '(']) {
            return None;
        }
        let step = |at: &'c Value, name: &str| match &at.kind {
            Kind::Array(all) => all.get(name.parse::<usize>().ok()?),
            _ => at.get(name),
        };
        let found = path.split('.').try_fold(self.configuration, step)?;
        self.left = self.left.saturating_sub(size(found));
        Some(found)
    }

    /// The parameter of a variable: its text, without what `Fn::Sub` reads in a name.
    fn named(&mut self, variable: &str) -> String {
        match variable {
            "aws:accountId" => return "AWS::AccountId".to_owned(),
            "aws:region" => return "AWS::Region".to_owned(),
            _ => {}
        }
        let plain = || variable.replace(['.', '{', '}', '$', '!'], "_");
        let taken = self.names.values().any(|name| *name == plain());
        // Two variables must not become one.
        let fresh = if taken { format!("{}_{}", plain(), self.names.len()) } else { plain() };
        self.names.entry(variable.to_owned()).or_insert(fresh).clone()
    }
}

/// How much there is to copy of a value, without what stands in it.
fn size(value: &Value) -> usize {
    1 + value.as_str().map_or(0, str::len)
}

/// A part of a text: as it is, or the name of a parameter.
enum Text {
    Known(String),
    Open(String),
}

fn reference(name: &str, span: Span) -> Value {
    Value { span, kind: Kind::Object(vec![member("Ref", text(name, span))]) }
}

fn has_variable(written: &str) -> bool {
    parts(written).iter().any(|(_, is_variable)| *is_variable)
}

/// A text in parts, each with whether it is a variable; variables may stand in each other.
fn parts(written: &str) -> Vec<(&str, bool)> {
    let (mut out, mut start, mut from) = (Vec::new(), 0, 0);
    while let Some(at) = written.get(from..).and_then(|rest| rest.find("${")).map(|at| at + from) {
        let Some(end) = closing(written, at) else { break };
        let inner = written.get(at + 2..end).unwrap_or_default();
        from = end + 1;
        if is_variable(inner) {
            out.extend(written.get(start..at).filter(|text| !text.is_empty()).map(|text| (text, false)));
            out.push((inner, true));
            start = from;
        }
    }
    out.extend(written.get(start..).filter(|text| !text.is_empty()).map(|text| (text, false)));
    out
}

/// Where the variable ends that begins at a place.
fn closing(written: &str, at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, c) in written.get(at + 1..)?.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return Some(at + 1 + offset),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Whether the framework resolves it: `source:address` or `source(parameters):address`, not `AWS::Region` or `Resource.Arn`.
fn is_variable(inner: &str) -> bool {
    let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').unwrap_or(inner.len());
    let rest = inner.get(end..).unwrap_or_default();
    end > 0 && (rest.starts_with('(') || (rest.starts_with(':') && !rest.starts_with("::")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_told_from_what_cloudformation_reads() {
        let shown = |written: &str| -> Vec<String> {
            parts(written).iter().map(|(part, is)| if *is { format!("<{part}>") } else { (*part).to_owned() }).collect()
        };
        assert_eq!(shown("a-${self:custom.x}-b"), ["a-", "<self:custom.x>", "-b"]);
        assert_eq!(shown("${AWS::Region}${Table.Arn}/${!x}"), ["${AWS::Region}${Table.Arn}/${!x}"]);
        assert_eq!(shown("${file(a.yml):b}"), ["<file(a.yml):b>"]);
        assert_eq!(shown("${self:custom.${opt:stage, 'dev'}.x}é"), ["<self:custom.${opt:stage, 'dev'}.x>", "é"]);
        assert_eq!(shown("${self:x"), ["${self:x"]);
    }
}
