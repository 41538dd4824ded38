//! Are policy variables well formed, and do they stand where they are filled in?
//!
//! Source: IAM User Guide, "IAM policy elements: Variables and tags".

use crate::lint::registry::Emit;
use crate::lint::view::{Policy, Text};
use crate::policy::BaseOperator;

/// One `${..}` of a text.
struct Variable<'t> {
    /// Where `$` stands, in bytes.
    start: usize,
    /// Bytes from `$` to `}`, or to the end of the text.
    length: usize,
    /// What stands in the braces; `None` if they are never closed.
    inner: Option<&'t str>,
}

fn variables(text: &str) -> Vec<Variable<'_>> {
    let mut out = Vec::new();
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| rest.find("${")) {
        let start = from + found;
        let after = text.get(start + 2..).unwrap_or("");
        let Some(end) = after.find('}') else {
            out.push(Variable { start, length: text.len() - start, inner: None });
            break;
        };
        out.push(Variable { start, length: end + 3, inner: after.get(..end) });
        from = start + 3 + end;
    }
    out
}

/// Where variables are filled in: resources and values of conditions.
fn filled<'p, 'a>(policy: &'p Policy<'a>) -> impl Iterator<Item = &'p Text<'a>> {
    super::resources::all(policy).chain(policy.condition_values().map(|(_, value)| value))
}

/// `MISSING_BRACE_IN_VARIABLE`, `EMPTY_VARIABLE`, `UNSUPPORTED_SPACE_IN_VARIABLE`, `MISSING_QUOTE_IN_VARIABLE`
pub(crate) fn malformed(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for value in filled(policy) {
        for variable in variables(value.text) {
            let Some((code, details)) = trouble(variable.inner) else { continue };
            if code == emit.code() {
                emit.at(&value.part(variable.start, variable.length), details);
            }
        }
    }
}

fn trouble(inner: Option<&str>) -> Option<(&'static str, &'static str)> {
    let Some(inner) = inner else {
        return Some(("MISSING_BRACE_IN_VARIABLE", "the variable is not closed: add }"));
    };
    if inner.is_empty() {
        return Some(("EMPTY_VARIABLE", "the variable names no key: write ${aws:username}, or ${$} for a dollar"));
    }
    let (name, default) = inner.split_once(',').map_or((inner, None), |(name, default)| (name, Some(default.trim())));
    if name.contains(' ') {
        return Some(("UNSUPPORTED_SPACE_IN_VARIABLE", "a blank stands in the variable: remove it"));
    }
    let is_quoted = |text: &str| text.len() >= 2 && text.starts_with('\'') && text.ends_with('\'');
    if default.is_some_and(|text| !is_quoted(text)) {
        return Some(("MISSING_QUOTE_IN_VARIABLE", "put the default value in single quotes: ${aws:username, 'nobody'}"));
    }
    None
}

/// `VARIABLE_UNSUPPORTED_IN_ELEMENT`
pub(crate) fn unsupported_in_element(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    let principals = policy.statements.iter().flat_map(|one| one.principals());
    let principals = principals.flat_map(|one| one.kinds.iter().chain([&one.element])).flat_map(|element| &element.items);
    let sids = policy.statements.iter().filter_map(|one| one.sid.as_ref());
    for value in super::actions::all(policy).chain(principals).chain(sids).filter(|value| value.text.contains("${")) {
        emit.at(&value.at, format!("a variable is not filled in here: `{}`; name the value", value.text));
    }
}

/// `VARIABLE_UNSUPPORTED_IN_VERSION`
pub(crate) fn unsupported_in_version(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    if policy.json.get("Version").is_some() && policy.version() != Some("2008-10-17") {
        return;
    }
    for value in filled(policy).filter(|value| value.text.contains("${")) {
        emit.at(&value.at, "before version 2012-10-17 this is a plain text and not a variable: write that Version");
    }
}

/// `INVALID_VARIABLE_FOR_OPERATOR`
pub(crate) fn invalid_for_operator(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for (one, value) in policy.condition_values().filter(|(_, value)| value.text.contains("${")) {
        let takes = |base: BaseOperator| {
            use crate::catalog::KeyBase::{Arn, String};
            matches!(super::keys::family(base), Some(Arn | String))
        };
        if one.operator.is_some_and(|operator| !takes(operator.base)) {
            emit.at(&value.at, format!("{} takes no variables: String and Arn operators do", one.operator_name));
        }
    }
}
