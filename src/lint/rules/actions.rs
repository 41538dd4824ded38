//! Does AWS have the services and actions that a policy names?
//!
//! Source: the catalog, whose date the details name.

use crate::catalog::Names;
use crate::lint::registry::Emit;
use crate::lint::view::{Policy, Text};

/// Every value of `Action` and `NotAction`.
pub(crate) fn all<'p, 'a>(policy: &'p Policy<'a>) -> impl Iterator<Item = &'p Text<'a>> {
    let elements = policy.statements.iter().flat_map(|one| one.action.iter().chain(&one.not_action));
    elements.flat_map(|element| &element.items)
}

/// `INVALID_ACTION`, `INVALID_SERVICE_IN_ACTION`
pub(crate) fn invalid_action(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    let mut names = Names::default();
    for action in all(policy) {
        // What holds a variable is told by another rule.
        if action.text == "*" || action.text.contains("${") {
            continue;
        }
        let Some((prefix, _)) = action.text.split_once(':') else {
            if emit.code() == "INVALID_ACTION" {
                emit.at(&action.at, format!("`{}` names no service: write service:Action", action.text));
            }
            continue;
        };
        // A pattern of services is told by another rule.
        if prefix.contains(['*', '?']) {
            continue;
        }
        let Some(unknown) = names.action(action.text) else { continue };
        let code = match unknown.code {
            "unknown-service" | "retired-service" => "INVALID_SERVICE_IN_ACTION",
            _ => "INVALID_ACTION",
        };
        if code == emit.code() {
            let end = if unknown.help.is_empty() { String::new() } else { format!("; {}", unknown.help) };
            emit.at(&action.at, format!("{}{end}", unknown.message));
        }
    }
}
