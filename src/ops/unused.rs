//! Does anybody know the permissions that are said to be unused?
//!
//! To remove what does not exist changes nothing, and what was meant stays. So a service or an action that neither the
//! chosen catalog nor the newest knows is refused, with the name that was probably meant; `--allow-unknown` takes it all
//! the same, and says so. What AWS once had and has no more is only said: findings are older than catalogs.

use super::listed::refused;
use crate::catalog::{Catalog, Names, Unknown};
use crate::diag::{Diagnostics, Source, Span};
use crate::json::{Kind, Value};
use crate::usage::{Unused, UnusedPermissions};

/// What is worth knowing about the names of a document of unused permissions; `value` is the document, for the places.
pub fn check(
    unused: &UnusedPermissions,
    (source, value): (&Source, &Value),
    catalog: &Catalog,
    allow_unknown: bool,
) -> Result<Vec<String>, Diagnostics> {
    let mut names = Names::default();
    let (mut errors, mut notes) = (Vec::new(), Vec::new());
    let mut told = |unknown: Unknown, texts: [&str; 2]| match unknown.code.starts_with("retired") || allow_unknown {
        true => notes.push(unknown.message),
        false => errors.push(refused(&unknown, source, place(value, texts).unwrap_or(value.span))),
    };
    for (prefix, unused) in unused.services() {
        if let (true, Some(unknown)) = (catalog.names(prefix).is_empty(), names.service(prefix)) {
            told(unknown, [prefix, prefix]);
            continue;
        }
        let Unused::Actions(listed) = unused else { continue };
        for name in listed {
            let action = format!("{prefix}:{name}");
            if let (None, Some(unknown)) = (catalog.canonical_action(&action), names.action(&action)) {
                told(unknown, [name, &action]);
            }
        }
    }
    if names.is_spent() {
        notes.push("not every unused action was looked up in the catalog: there are too many".to_owned());
    }
    if errors.is_empty() { Ok(notes) } else { Err(Diagnostics(errors)) }
}

/// Where one of these texts stands, in any case.
fn place(value: &Value, texts: [&str; 2]) -> Option<Span> {
    match &value.kind {
        Kind::String(text) => texts.iter().any(|one| one.eq_ignore_ascii_case(text)).then_some(value.span),
        Kind::Array(elements) => elements.iter().find_map(|element| place(element, texts)),
        Kind::Object(members) => members.iter().find_map(|member| place(&member.value, texts)),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) => None,
    }
}
