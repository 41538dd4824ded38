//! How a document is changed while everything else stays as written: new action lists, statements that go.

use super::Document;
use crate::json::{Kind, Value};

/// What becomes of one statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// It stays as written.
    Keep,
    /// It goes.
    Remove,
    /// Its `Action` or `NotAction` becomes this list.
    Actions(Vec<String>),
}

/// The document's JSON with one edit a statement, in the statements' order; members, order and spelling of all else stay.
///
/// A list of one stays a scalar where it was one.
pub fn apply(document: &Document, edits: &[Edit]) -> Value {
    let mut json = document.json.clone();
    if let Kind::Object(members) = &mut json.kind {
        for member in members.iter_mut().filter(|member| member.key == "Statement") {
            match &mut member.value.kind {
                Kind::Array(statements) => {
                    let mut edits = edits.iter();
                    statements.retain_mut(|statement| keep(statement, edits.next().unwrap_or(&Edit::Keep)));
                }
                Kind::Object(_) => {
                    if !keep(&mut member.value, edits.first().unwrap_or(&Edit::Keep)) {
                        member.value.kind = Kind::Array(Vec::new());
                    }
                }
                Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => {}
            }
        }
    }
    json
}

/// The statements of a document's JSON, in order; none of what is no document.
pub fn listed(json: &Value) -> &[Value] {
    let Some(all) = json.get("Statement") else { return &[] };
    all.items()
}

/// The statements of a document's JSON, in order, to be changed; none of what is no document.
pub fn statements(json: &mut Value) -> Vec<&mut Value> {
    let Kind::Object(members) = &mut json.kind else { return Vec::new() };
    let mut out = Vec::new();
    for member in members.iter_mut().filter(|member| member.key == "Statement") {
        let value = &mut member.value;
        if value.elements().is_none() {
            out.push(value);
        } else if let Kind::Array(listed) = &mut value.kind {
            out.extend(listed);
        }
    }
    out
}

fn keep(statement: &mut Value, edit: &Edit) -> bool {
    let actions = match edit {
        Edit::Keep => return true,
        Edit::Remove => return false,
        Edit::Actions(actions) => actions,
    };
    if let Kind::Object(members) = &mut statement.kind {
        for member in members.iter_mut().filter(|member| matches!(member.key.as_str(), "Action" | "NotAction")) {
            let scalar = member.value.elements().is_none();
            member.value.kind = match actions.as_slice() {
                [one] if scalar => Kind::String(one.clone()),
                many => Kind::Array(many.iter().map(Value::string).collect()),
            };
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Budget, Source};

    #[test]
    fn only_what_is_edited_changes() {
        let text = r#"{"Id":"x","Statement":[{"Action":"a:*","Effect":"Allow","Resource":"*"},{"Sid":"B","Effect":"Deny","NotAction":["a:b"],"Resource":"*"},{"Effect":"Allow","Action":"c:d","Resource":["*"]}]}"#;
        let document = super::super::read(&Source::new("t", text), &Budget::default()).unwrap();
        let edits = [Edit::Actions(vec!["a:b".into(), "a:c".into()]), Edit::Keep, Edit::Remove];
        assert_eq!(
            apply(&document, &edits).to_string(),
            r#"{"Id":"x","Statement":[{"Action":["a:b","a:c"],"Effect":"Allow","Resource":"*"},{"Sid":"B","Effect":"Deny","NotAction":["a:b"],"Resource":"*"}]}"#
        );
        let edits = [Edit::Actions(vec!["a:b".into()]), Edit::Keep, Edit::Keep];
        assert!(apply(&document, &edits).to_string().starts_with(r#"{"Id":"x","Statement":[{"Action":"a:b","#));
    }
}
