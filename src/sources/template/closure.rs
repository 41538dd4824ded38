//! What does a part of a template say, with all that it refers to?
//!
//! Where a part cannot be read, two revisions mean the same by it if they say the same there and in everything that it names:
//! parameters, mappings, conditions, and the resources' properties that their names are made of.

use super::Sections;
use super::resources;
use crate::json::{Kind, Value};
use std::collections::BTreeSet;

/// What a part of a template says, with the conditions, parameters and mappings that it depends on.
pub fn depends(template: &Value, value: &Value) -> String {
    closure(&Sections { resources: None, ..Sections::of(template) }, value)
}

/// The text of a part, and that of what it refers to.
pub(super) fn closure(sections: &Sections<'_>, value: &Value) -> String {
    let mut seen = BTreeSet::new();
    let mut out = value.sorted().to_string();
    let mut left: Vec<Value> = vec![value.clone()];
    while let Some(value) = left.pop() {
        crate::diag::deadline::spend(1);
        let mut names = BTreeSet::new();
        names_of(&value, &mut names);
        for name in names {
            if !seen.insert(name.clone()) {
                continue;
            }
            for part in parts(sections, &name) {
                out.push_str(&format!("; {name}: {}", part.sorted()));
                left.push(part);
            }
        }
    }
    out
}

/// What a name of a template stands for, of every kind.
fn parts(sections: &Sections<'_>, name: &str) -> Vec<Value> {
    let found = |of: Option<&Value>| of.and_then(|all| all.get(name)).cloned();
    let mut out: Vec<Value> = [sections.mappings, sections.conditions].into_iter().filter_map(found).collect();
    // What a parameter is described by is not what it may be.
    out.extend(found(sections.parameters).map(|mut parameter| {
        if let Kind::Object(members) = &mut parameter.kind {
            members.retain(|one| ["Type", "Default", "AllowedValues"].contains(&one.key.as_str()));
        }
        parameter
    }));
    let Some(resource) = sections.resources.and_then(|all| all.get(name)) else { return out };
    let of = resource.get("Type").and_then(Value::as_str).unwrap_or_default();
    out.push(Value::string(of));
    let properties = resource.get("Properties");
    if is_made_elsewhere(of) {
        out.extend(properties.cloned());
    } else {
        out.extend(resources::naming(of).filter_map(|name| properties?.get(name)).cloned());
    }
    out
}

/// Whether attributes of such a resource are whatever its properties make them.
pub(super) fn is_made_elsewhere(of: &str) -> bool {
    of.starts_with("Custom::")
        || ["AWS::CloudFormation::CustomResource", "AWS::CloudFormation::Stack", "AWS::Serverless::Application"].contains(&of)
}

/// Every name that a part may refer to.
fn names_of(value: &Value, out: &mut BTreeSet<String>) {
    match &value.kind {
        Kind::Array(all) => all.iter().for_each(|one| names_of(one, out)),
        Kind::Object(members) => {
            for member in members {
                let text = member.value.as_str();
                let first = member.value.elements().and_then(<[Value]>::first).and_then(Value::as_str);
                match member.key.as_str() {
                    "Ref" | "Condition" => out.extend(text.map(str::to_owned)),
                    "Fn::GetAtt" => {
                        let name = first.or_else(|| text.and_then(|text| text.split('.').next()));
                        out.extend(name.map(str::to_owned));
                    }
                    "Fn::If" | "Fn::FindInMap" => out.extend(first.map(str::to_owned)),
                    "Fn::Sub" => {
                        let written = text.or(first).unwrap_or_default();
                        let inner = written.split("${").skip(1).filter_map(|part| part.split('}').next());
                        out.extend(inner.filter_map(|name| name.trim().split('.').next()).map(str::to_owned));
                    }
                    _ => {}
                }
                names_of(&member.value, out);
            }
        }
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => {}
    }
}
