//! What does an expression of a template give, as far as the template says?
//!
//! `Ref`, `Fn::Sub`, `Fn::Join`, `Fn::GetAtt`, `Fn::If`, `Fn::FindInMap`, `Fn::Select`, `Fn::Split`, `Fn::ImportValue` and
//! the pseudo parameters. What stays open is one constant under the name of the expression with its arguments as far as they are
//! known, so equal expressions are equal constants. `Fn::If` under a condition that is not known stops the reading ([`Stop::Needs`]); the caller reads again
//! under both answers.
//!
//! Source: AWS CloudFormation User Guide, "Intrinsic function reference", "Pseudo parameters reference".

use super::closure::closure;
use super::scope::Scope;
use crate::diag::{Diagnostic, Span};
use crate::json::{Kind, Member, Value};
use crate::sources::located::{OpenKind, is_open};
use std::collections::BTreeMap;

/// Why an expression gave nothing.
pub(super) enum Stop {
    /// A condition decides that is not known.
    Needs(String),
    /// It cannot be read.
    Trouble(Box<Diagnostic>),
}

/// How the name of a call begins that stands for what another file says; the rest is the variable that leads there.
pub(in crate::sources) const ELSEWHERE: &str = "!${";

/// How deep expressions may refer to each other.
const DEEPEST: usize = 64;

/// What a value gives; `None` is `AWS::NoValue`.
pub(super) fn resolve(scope: &Scope<'_>, value: &Value, depth: usize) -> Result<Option<Value>, Stop> {
    if depth > DEEPEST {
        return Err(scope.trouble(value.span, format!("expressions refer to each other more than {DEEPEST} deep")));
    }
    crate::diag::deadline::spend(1);
    let kind = match &value.kind {
        Kind::Object(members) => match members.as_slice() {
            [only] if is_function(only) => return call(scope, only, value, depth + 1),
            members => {
                let mut out = Vec::with_capacity(members.len());
                for member in members {
                    let Some(inner) = resolve(scope, &member.value, depth + 1)? else { continue };
                    out.push(Member { key: member.key.clone(), key_span: member.key_span, value: inner });
                }
                Kind::Object(out)
            }
        },
        Kind::Array(elements) => {
            let mut out = Vec::with_capacity(elements.len());
            for element in elements {
                // A list parameter among other elements is not one element more, but a list inside the list.
                out.extend(resolve(scope, element, depth + 1)?);
            }
            Kind::Array(out)
        }
        other => other.clone(),
    };
    Ok(Some(Value { span: value.span, kind }))
}

/// Whether an object of this one member is a call.
pub(super) fn is_function(member: &Member) -> bool {
    member.key.starts_with("Fn::") || member.key.starts_with('!') || (member.key == "Ref" && member.value.as_str().is_some())
}

// Long: a table of intrinsic functions, one arm each.
fn call(scope: &Scope<'_>, member: &Member, whole: &Value, depth: usize) -> Result<Option<Value>, Stop> {
    let span = whole.span;
    let text = |text: String| Ok(Some(Value { span, kind: Kind::String(text) }));
    let arguments = || member.value.elements().unwrap_or_default();
    match (member.key.as_str(), arguments()) {
        ("Ref", _) => match member.value.as_str() {
            Some("AWS::NoValue") => Ok(None),
            Some(name) => scope.reference(name, span, depth).map(|kind| Some(Value { span, kind })),
            None => Err(scope.trouble(span, "`Ref` takes a name".to_owned())),
        },
        ("Fn::GetAtt", [resource, attribute]) => {
            let attribute = resolve(scope, attribute, depth)?.as_ref().and_then(as_text);
            match (resource.as_str(), attribute) {
                (Some(resource), Some(attribute)) => text(scope.attribute(resource, &attribute, span, depth)?),
                _ => Err(scope.trouble(span, "`Fn::GetAtt` takes a resource and an attribute".to_owned())),
            }
        }
        ("Fn::GetAtt", []) => match member.value.as_str().and_then(|written| written.split_once('.')) {
            Some((resource, attribute)) => text(scope.attribute(resource, attribute, span, depth)?),
            None => Err(scope.trouble(span, "`Fn::GetAtt` takes a resource and an attribute".to_owned())),
        },
        ("Fn::Sub", []) => match member.value.as_str() {
            Some(written) => text(substitute(scope, written, &[], span, depth)?),
            None => Err(scope.trouble(span, "`Fn::Sub` takes a text".to_owned())),
        },
        ("Fn::Sub", [written, variables]) => {
            let mut own = Vec::new();
            for variable in variables.members().unwrap_or_default() {
                let given = resolve(scope, &variable.value, depth)?.as_ref().and_then(as_text);
                let unreadable = || scope.trouble(variable.value.span, "a variable of `Fn::Sub` must be a text".to_owned());
                own.push((variable.key.as_str(), given.ok_or_else(unreadable)?));
            }
            match written.as_str() {
                Some(written) => text(substitute(scope, written, &own, span, depth)?),
                None => Err(scope.trouble(span, "`Fn::Sub` takes a text".to_owned())),
            }
        }
        ("Fn::Join", [delimiter, list]) => {
            let (Some(delimiter), Some(list)) = (delimiter.as_str(), resolve(scope, list, depth)?) else {
                return Err(scope.trouble(span, "`Fn::Join` takes a delimiter and a list".to_owned()));
            };
            let parts: Option<Vec<String>> = list.elements().map(|list| list.iter().map(as_text).collect()).unwrap_or_default();
            match parts {
                Some(parts) => text(parts.join(delimiter)),
                None => text(stays_open(scope, member, whole, depth)?),
            }
        }
        ("Fn::If", [condition, then, otherwise]) => {
            let Some(name) = condition.as_str() else {
                return Err(scope.trouble(span, "`Fn::If` takes the name of a condition".to_owned()));
            };
            match scope.condition(name, depth) {
                Some(answer) => resolve(scope, if answer { then } else { otherwise }, depth),
                None => Err(Stop::Needs(name.to_owned())),
            }
        }
        ("Fn::FindInMap", [map, first, second, more @ ..]) => {
            let mut keys = Vec::new();
            for key in [map, first, second] {
                keys.push(resolve(scope, key, depth)?.as_ref().and_then(as_text).unwrap_or_default());
            }
            // What it gives where the mapping has nothing.
            let default = more.first().and_then(|more| more.get("DefaultValue"));
            let default = default.map(|value| resolve(scope, value, depth)).transpose()?.flatten();
            if !keys.iter().any(|key| is_open(key)) {
                return match (scope.mapping(&keys), default) {
                    (Some(found), _) => resolve(scope, found, depth),
                    (None, Some(default)) => Ok(Some(default)),
                    (None, None) => Err(scope.trouble(span, format!("no mapping has `{}`", keys.join(".")))),
                };
            }
            // Whatever the keys are, it is one of the texts of the mapping.
            let mut all = scope.mappings(&keys);
            all.extend(default.as_ref().map(|value| ("(the default)".to_owned(), value)));
            let is_plain = |one: &Value| as_text(one).is_some_and(|text| !text.contains(['*', '?', '$']) && !is_open(&text));
            match all.iter().map(|(_, one)| *one).find(|one| !is_plain(one)) {
                Some(other) => {
                    let shown = as_text(other).map_or_else(|| "a list".to_owned(), |text| format!("`{}`", scope.named(&text)));
                    Err(scope.trouble(span, format!("the keys of `Fn::FindInMap` are not known, and it may give {shown}")))
                }
                None if all.is_empty() => text(stays_open(scope, member, whole, depth)?),
                None => {
                    let may = all.into_iter().filter_map(|(path, one)| Some((path, as_text(one)?))).collect();
                    let name = Value { span, kind: Kind::Array(keys.iter().map(Value::string).collect()) };
                    text(scope.of_mapping(&scope.named(&format!("{{\"Fn::FindInMap\":{name}}}")), may))
                }
            }
        }
        ("Fn::Select", [index, list]) => {
            let index = resolve(scope, index, depth)?.as_ref().and_then(as_text).and_then(|index| index.parse::<usize>().ok());
            let list = resolve(scope, list, depth)?;
            match (index, list.as_ref().and_then(Value::elements)) {
                (Some(index), Some(list)) => match list.get(index) {
                    Some(one) => Ok(Some(Value { span, kind: one.kind.clone() })),
                    None => Err(scope.trouble(span, format!("the list of `Fn::Select` has no element {index}"))),
                },
                _ => text(stays_open(scope, member, whole, depth)?),
            }
        }
        ("Fn::Split", [delimiter, written]) => {
            let (delimiter, written) = (delimiter.as_str(), resolve(scope, written, depth)?.as_ref().and_then(as_text));
            match (delimiter, written) {
                // A constant may hold the delimiter too.
                (Some(delimiter), Some(written)) if !is_open(&written) && !delimiter.is_empty() => {
                    let part = |part: &str| Value { span, kind: Kind::String(part.to_owned()) };
                    Ok(Some(Value { span, kind: Kind::Array(written.split(delimiter).map(part).collect()) }))
                }
                _ => text(stays_open(scope, member, whole, depth)?),
            }
        }
        ("Fn::Transform" | "Fn::ForEach", _) => {
            Err(scope.trouble(span, format!("`{}` gives what only CloudFormation knows", member.key)))
        }
        ("Fn::ImportValue" | "Fn::Base64" | "Fn::Cidr" | "Fn::GetAZs" | "Fn::Length" | "Fn::ToJsonString", _) => {
            text(stays_open(scope, member, whole, depth)?)
        }
        (other, _) if other.starts_with(ELSEWHERE) => {
            Err(scope.trouble(span, format!("`{}` is what another file says", other.trim_start_matches('!'))))
        }
        (other, _) => Err(scope.trouble(span, format!("`{other}` is not a function that is known, or has other arguments"))),
    }
}

/// `Fn::Sub`: `${Name}`, `${Name.Attribute}`, and `${!Text}` for the text `${Text}` itself.
fn substitute(scope: &Scope<'_>, written: &str, own: &[(&str, String)], span: Span, depth: usize) -> Result<String, Stop> {
    let (mut out, mut rest) = (String::new(), written);
    while let Some(at) = rest.find("${") {
        let (before, tail) = rest.split_at(at);
        out.push_str(before);
        let Some((name, after)) = tail.get(2..).and_then(|tail| tail.split_once('}')) else {
            out.push_str(tail);
            return Ok(out);
        };
        rest = after;
        if let Some(literal) = name.strip_prefix('!') {
            out.push_str(&format!("${{{literal}}}"));
            continue;
        }
        let name = name.trim();
        if let Some((_, given)) = own.iter().find(|(own, _)| *own == name) {
            out.push_str(given);
        } else if let Some((resource, attribute)) = name.split_once('.').filter(|_| !name.starts_with("AWS::")) {
            out.push_str(&scope.attribute(resource, attribute, span, depth)?);
        } else {
            let value = Value { span, kind: scope.reference(name, span, depth)? };
            let unreadable = || scope.trouble(span, format!("`${{{name}}}` is a list, and a text is wanted"));
            out.push_str(&as_text(&value).ok_or_else(unreadable)?);
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// The text of a scalar.
pub(super) fn as_text(value: &Value) -> Option<String> {
    match &value.kind {
        Kind::String(text) | Kind::Number(text) => Some(text.clone()),
        Kind::Bool(flag) => Some(flag.to_string()),
        Kind::Null | Kind::Array(_) | Kind::Object(_) => None,
    }
}

/// The mark of an expression that stays open, named by its arguments as far as they are known.
fn stays_open(scope: &Scope<'_>, member: &Member, whole: &Value, depth: usize) -> Result<String, Stop> {
    let (name, definition) = match resolve(scope, &member.value, depth) {
        Ok(Some(arguments)) => match arguments.as_str() {
            Some(text) => (format!("{}({text})", member.key), scope.definitions(text)),
            None => {
                let text = arguments.to_string();
                let definitions = scope.definitions(&text);
                (format!("{{\"{}\":{text}}}", member.key), definitions)
            }
        },
        Err(Stop::Needs(condition)) => return Err(Stop::Needs(condition)),
        Ok(None) | Err(Stop::Trouble(_)) => (whole.to_string(), closure(scope.sections, whole)),
    };
    Ok(scope.define(&scope.named(&name), OpenKind::Any, definition, BTreeMap::new()))
}
