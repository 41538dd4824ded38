//! What do the variables of a configuration of the Serverless Framework stand for?
//!
//! They are resolved before the deployment. What the file itself says (`${self:custom.actions}`) stands in a variable's place, a
//! whole list too; where only the deployment knows which of several (`${self:custom.${opt:stage}.actions}`), all of them under
//! conditions. Every other variable is a parameter of the template, by its text, with what it is otherwise as its default: equal
//! texts are equal values. What another file says is not known where it may be a list or have a wildcard.
//!
//! Invariants: a variable never becomes a policy variable of IAM; values that repeat each other end in time, as so much is read
//! and no more.
//!
//! Source: Serverless Framework documentation, "Variables".

use super::look::{DEPTH, Look, literal, split};
use super::{member, text};
use crate::diag::Span;
use crate::json::{Kind, Member, Value};
use crate::sources::template::ELSEWHERE;
use std::collections::BTreeMap;

/// How many values and letters of texts are read for variables.
const MOST_READ: usize = 2_000_000;

/// What one of several values costs of that: each may be several others again.
const CHOICE: usize = 1_000;

/// The members of statements that may be lists, or have wildcards.
const PARTS: [&str; 6] = ["Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal"];

/// What the variables of a configuration stand for.
pub(super) struct Reading<'c> {
    pub(super) configuration: &'c Value,
    /// The parameters of those that are not known here, by variable, each with its default.
    names: BTreeMap<String, (String, Option<String>)>,
    /// The conditions under which one of several values is there.
    conditions: BTreeMap<String, Value>,
    /// Values and letters that may still be read for variables: each may stand in many places, and hold others.
    pub(super) left: usize,
}

impl<'c> Reading<'c> {
    pub(super) fn of(configuration: &'c Value) -> Self {
        Self { configuration, names: BTreeMap::new(), conditions: BTreeMap::new(), left: MOST_READ }
    }

    /// The parameters of the variables that were read and are not known here, and the conditions of others.
    pub(super) fn sections(self, span: Span) -> (Vec<Member>, Vec<Member>) {
        let parameter = |(name, default): (String, Option<String>)| {
            let default = default.map(|default| member("Default", text(&default, span)));
            let kind = Kind::Object(std::iter::once(member("Type", text("String", span))).chain(default).collect());
            Member { key: name, key_span: span, value: Value { span, kind } }
        };
        let parameters = self.names.into_values().map(parameter).collect();
        (parameters, self.conditions.into_iter().map(|(name, value)| member(&name, value)).collect())
    }

    /// What a call stands for that a variable became: its text.
    pub(super) fn variable(&self, value: &Value) -> Option<String> {
        let [only] = value.members()? else { return None };
        let name = only.value.as_str().filter(|_| only.key == "Ref");
        let known =
            name.and_then(|name| self.names.iter().find(|(_, (own, _))| own == name)).map(|(variable, _)| variable.clone());
        known
            .map(|variable| format!("${{{variable}}}"))
            .or_else(|| only.key.strip_prefix('!').filter(|text| text.starts_with("${")).map(str::to_owned))
    }

    /// A value with what its variables stand for, or references to parameters, in their place.
    pub(super) fn opened(&mut self, value: &Value) -> Value {
        self.at(value, 0, false)
    }

    /// The text that variables make, if the file says it.
    pub(super) fn known(&mut self, written: &str, depth: usize) -> Option<String> {
        self.at(&text(written, Span::default()), depth, false).as_str().map(str::to_owned)
    }

    /// `is_part`: whether a list may stand here, or a wildcard.
    fn at(&mut self, value: &Value, depth: usize, is_part: bool) -> Value {
        let span = value.span;
        let kind = match &value.kind {
            Kind::String(written) if has_variable(written) => {
                if let [(variable, true)] = parts(written).as_slice() {
                    return self.stands_for(variable, span, depth, is_part);
                }
                let mut all = Vec::new();
                self.add_parts(written, span, depth, &mut all);
                return joined(all, span);
            }
            Kind::Array(all) => Kind::Array(all.iter().map(|one| self.within(one, depth, is_part)).collect()),
            Kind::Object(members) => {
                let mut one = |one: &Member| {
                    let value = match one.key.as_str() {
                        "Fn::Sub" => self.in_sub(&one.value, depth),
                        key => self.within(&one.value, depth, PARTS.contains(&key) || (is_part && !key.starts_with("Fn::"))),
                    };
                    Member { value, ..one.clone() }
                };
                Kind::Object(members.iter().map(&mut one).collect())
            }
            other => other.clone(),
        };
        Value { span, kind }
    }

    /// A part of a value; what a variable stands for is counted, as another may repeat it.
    fn within(&mut self, value: &Value, depth: usize, is_part: bool) -> Value {
        if depth > 0 {
            self.left = self.left.saturating_sub(size(value));
        }
        self.at(value, depth, is_part)
    }

    /// What stands in the place of a variable.
    fn stands_for(&mut self, variable: &str, span: Span, depth: usize, is_part: bool) -> Value {
        let (mut before, mut is_elsewhere) = (false, false);
        let sources: Vec<&str> = split(variable, ',').into_iter().map(str::trim).collect();
        let mut choices: Vec<(String, Vec<(String, Look<'c>)>)> = Vec::new();
        let mut last = None;
        for source in &sources {
            let known = literal(source).map(|known| text(&known, span));
            let look = if known.is_some() { Look::Missing } else { self.source(source, depth) };
            match (known, look) {
                (Some(known), _) => last = Some(known),
                (None, Look::Found(found)) => last = Some(self.found(found, depth, is_part)),
                (None, Look::Missing) => continue,
                (None, Look::ByKey(by, all)) => {
                    choices.push((by, all));
                    continue;
                }
                (None, look) => {
                    before = true;
                    is_elsewhere |= matches!(look, Look::Elsewhere);
                    continue;
                }
            }
            break;
        }
        let mut out = match last {
            // What the deployment gives, or else this text.
            Some(Value { kind: Kind::String(default), .. }) if before && !is_elsewhere => {
                Some(reference(&self.named(variable, Some(default)), span))
            }
            Some(known) if before => {
                let open = self.open(variable, span, is_part && is_elsewhere);
                let given = format!("{variable} is given");
                let own = reference(&self.named(variable, None), span);
                let empty = call("Fn::Equals", vec![own, text("", span)], span);
                self.conditions.entry(given.clone()).or_insert_with(|| call("Fn::Not", vec![empty], span));
                Some(call("Fn::If", vec![text(&given, span), open, known], span))
            }
            other => other,
        };
        if out.is_none() && (before || choices.is_empty()) {
            out = Some(self.open(variable, span, is_part && is_elsewhere));
        }
        for (by, all) in choices.into_iter().rev() {
            out = self.chosen(&by, all, out, span, depth, is_part);
        }
        out.unwrap_or_else(|| text("", span))
    }

    /// One of several values, by the text that leads to it; `otherwise` where it is none of these.
    fn chosen(
        &mut self,
        by: &str,
        all: Vec<(String, Look<'c>)>,
        otherwise: Option<Value>,
        span: Span,
        depth: usize,
        is_part: bool,
    ) -> Option<Value> {
        let operand = self.at(&text(by, span), depth + 1, false);
        let mut out = otherwise.clone();
        for (key, look) in all.into_iter().rev() {
            self.left = self.left.saturating_sub(CHOICE);
            let value = match look {
                Look::Found(found) => self.found(found, depth, is_part),
                Look::ByKey(by, all) => self.chosen(&by, all, otherwise.clone(), span, depth + 1, is_part)?,
                Look::Missing => continue,
                Look::Elsewhere | Look::Open => self.open(&format!("{by}.{key}"), span, is_part),
            };
            out = Some(match out {
                // Nothing else can stand there.
                None => value,
                Some(other) if other.as_str().is_some() && other.as_str() == value.as_str() => other,
                Some(other) => {
                    let name = format!("{by} is {key}");
                    let equals = call("Fn::Equals", vec![operand.clone(), text(&key, span)], span);
                    self.conditions.entry(name.clone()).or_insert(equals);
                    call("Fn::If", vec![text(&name, span), value, other], span)
                }
            });
        }
        out
    }

    /// What the file says, opened.
    fn found(&mut self, found: &'c Value, depth: usize, is_part: bool) -> Value {
        self.left = self.left.saturating_sub(size(found));
        if depth >= DEPTH || self.left == 0 {
            return reference(&self.named("self:..", None), found.span);
        }
        self.at(found, depth + 1, is_part)
    }

    /// What nobody knows here: a parameter, or what another file says.
    fn open(&mut self, variable: &str, span: Span, is_elsewhere: bool) -> Value {
        if is_elsewhere {
            return call(&format!("{ELSEWHERE}{variable}}}"), Vec::new(), span);
        }
        reference(&self.named(variable, None), span)
    }

    /// The text of a `Fn::Sub`, whose own references stay.
    fn in_sub(&mut self, value: &Value, depth: usize) -> Value {
        let span = value.span;
        let (written, own) = match &value.kind {
            Kind::String(written) => (written, &[][..]),
            Kind::Array(all) => match all.split_first() {
                Some((Value { kind: Kind::String(written), .. }, own)) => (written, own),
                _ => return self.at(value, depth, false),
            },
            _ => return self.at(value, depth, false),
        };
        let mut all = Vec::new();
        self.add_parts(written, span, depth, &mut all);
        let (mut out, mut calls) = (String::new(), Vec::new());
        for one in all {
            match (&one.kind, referred(&one)) {
                (Kind::String(known), _) => out.push_str(known),
                (_, Some(name)) => out.push_str(&format!("${{{name}}}")),
                _ => {
                    let name = format!("variable{}", calls.len());
                    out.push_str(&format!("${{{name}}}"));
                    calls.push(member(&name, one));
                }
            }
        }
        let out = text(&out, span);
        let mut own: Vec<Value> = own.iter().map(|one| self.within(one, depth, false)).collect();
        if calls.is_empty() && own.is_empty() {
            return out;
        }
        match own.first_mut().map(|one| &mut one.kind) {
            Some(Kind::Object(members)) => members.extend(calls),
            _ => own = vec![Value { span, kind: Kind::Object(calls) }],
        }
        Value { span, kind: Kind::Array(std::iter::once(out).chain(own).collect()) }
    }

    /// The parts of a text, with those of the texts that its variables stand for.
    fn add_parts(&mut self, written: &str, span: Span, depth: usize, out: &mut Vec<Value>) {
        for (part, is_variable) in parts(written) {
            if !is_variable {
                out.push(text(part, span));
                continue;
            }
            let value = self.stands_for(part, span, depth, false);
            let joined =
                value.members().filter(|all| all.len() == 1).and_then(|_| value.get("Fn::Join")).and_then(Value::elements);
            match (&value.kind, joined) {
                (Kind::String(_), _) => out.push(value),
                (Kind::Number(known), _) => out.push(text(known, span)),
                (Kind::Bool(known), _) => out.push(text(&known.to_string(), span)),
                (_, Some([_, Value { kind: Kind::Array(all), .. }])) => out.extend(all.iter().cloned()),
                (Kind::Object(members), _) if members.len() == 1 => out.push(value),
                // A list is no part of a text.
                _ => out.push(reference(&self.named(part, None), span)),
            }
        }
    }

    /// The parameter of a variable: its text, without what `Fn::Sub` reads in a name.
    fn named(&mut self, variable: &str, default: Option<String>) -> String {
        match variable {
            "aws:accountId" => return "AWS::AccountId".to_owned(),
            "aws:region" => return "AWS::Region".to_owned(),
            _ => {}
        }
        // What it is otherwise is its default: another one is another value of the same parameter.
        let sources = split(variable, ',');
        let own = sources.first().filter(|_| default.is_some() && sources.len() == 2).map_or(variable, |first| first.trim());
        let plain = |text: &str| text.replace(['.', '{', '}', '$', '!'], "_");
        // Two variables must not become one.
        let taken = |name: &str| self.names.iter().any(|(other, (known, _))| other != variable && known == name);
        let fresh = [plain(own), plain(variable)].into_iter().find(|name| !taken(name));
        let fresh = fresh.unwrap_or_else(|| format!("{}_{}", plain(variable), self.names.len()));
        self.names.entry(variable.to_owned()).or_insert((fresh, default)).0.clone()
    }
}

/// How much there is to copy of a value, without what stands in it.
fn size(value: &Value) -> usize {
    1 + value.as_str().map_or(0, str::len)
}

fn reference(name: &str, span: Span) -> Value {
    Value { span, kind: Kind::Object(vec![member("Ref", text(name, span))]) }
}

/// A call of a function.
fn call(name: &str, arguments: Vec<Value>, span: Span) -> Value {
    Value { span, kind: Kind::Object(vec![member(name, Value { span, kind: Kind::Array(arguments) })]) }
}

/// What a reference refers to.
fn referred(value: &Value) -> Option<&str> {
    value.get("Ref").filter(|_| value.members().is_some_and(|all| all.len() == 1)).and_then(Value::as_str)
}

/// A text of parts.
fn joined(parts: Vec<Value>, span: Span) -> Value {
    if parts.iter().all(|one| one.as_str().is_some()) {
        return text(&parts.iter().filter_map(Value::as_str).collect::<String>(), span);
    }
    match parts.as_slice() {
        [only] => only.clone(),
        _ => call("Fn::Join", vec![text("", span), Value { span, kind: Kind::Array(parts) }], span),
    }
}

fn has_variable(written: &str) -> bool {
    parts(written).iter().any(|(_, is_variable)| *is_variable)
}

/// A text in parts, each with whether it is a variable; variables may stand in each other.
pub(super) fn parts(written: &str) -> Vec<(&str, bool)> {
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
pub(super) fn closing(written: &str, at: usize) -> Option<usize> {
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
