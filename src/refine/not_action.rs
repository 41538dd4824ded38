//! Can an Allow with `NotAction` be written as a list of actions, and what is lost by that?
//!
//! To take unused actions from `NotAction` exactly means to list them, thousands of them; a person would list what is kept.
//! So the statement becomes one with `Action`: `service:*` for each service of the catalog that the list does not touch, and
//! for the others the names that it leaves. Over the catalog that grants the same; what is lost are services and actions
//! that the catalog does not know. Both are proved before the list is used.

use crate::catalog::Catalog;
use crate::diag::{Diagnostics, Source};
use crate::document::{self, Document, Effect};
use crate::glob::Glob;
use crate::json::{Kind, Value};
use crate::policy::normalize;
use crate::question::no_new_access::no_new_access;
use crate::question::{Outcome, Settings, Verdict};

use super::Error;
use super::generalize::within;

/// Whether a document has an Allow statement with `NotAction`.
pub fn is_in(document: &Document) -> bool {
    document.statements.iter().any(|statement| statement.effect.value == Effect::Allow && statement.action.negated)
}

/// The proofs that the second document grants nothing that the first does not, and over the catalog nothing less; `None` if one
/// of them is not proved.
pub fn grants_the_same(original: &Document, made: &Document, settings: &Settings) -> Result<Option<[Outcome; 2]>, Error> {
    let (before, after) = (normalize(original)?.into(), normalize(made)?.into());
    let settings = Settings { prove: true, ..*settings };
    let nothing_new = no_new_access(&before, &after, &settings)?;
    if nothing_new.verdict != Verdict::Pass {
        return Ok(None);
    }
    let nothing_less = no_new_access(&after, &before, &Settings { catalog_actions: true, ..settings })?;
    Ok((nothing_less.verdict == Verdict::Pass).then_some([nothing_new, nothing_less]))
}

/// The document with lists of actions in place of `NotAction` in its Allow statements.
pub fn rewritten(original: &Document, catalog: &Catalog) -> Result<Document, Diagnostics> {
    let mut json = original.json.clone();
    let written = document::statements(&mut json).into_iter().zip(&original.statements);
    for (value, statement) in written.filter(|(_, statement)| statement.effect.value == Effect::Allow && statement.action.negated)
    {
        let listed: Vec<Glob> = statement.action.items.iter().map(|item| Glob::parse(&item.value).to_ascii_lowercase()).collect();
        let Kind::Object(parts) = &mut value.kind else { continue };
        for part in parts.iter_mut().filter(|part| part.key == "NotAction") {
            "Action".clone_into(&mut part.key);
            part.value.kind = Kind::Array(actions(&listed, catalog).into_iter().map(Value::string).collect());
        }
    }
    let source = Source::new("policy with its actions listed", json.to_pretty());
    let value = crate::json::read(&source, &crate::diag::Budget::default())?;
    document::read_value(&source, value)
}

/// What a list of excluded actions leaves, service by service.
fn actions(excluded: &[Glob], catalog: &Catalog) -> Vec<String> {
    let mut out = Vec::new();
    for prefix in catalog.prefixes() {
        let touched = excluded.iter().any(|glob| !within(glob, prefix).is_empty());
        if !touched {
            out.push(format!("{prefix}:*"));
            continue;
        }
        let left = catalog.names(prefix).iter().filter(|name| !excluded.iter().any(|glob| glob.matches(&name.lower)));
        out.extend(left.map(|name| name.spelled.to_string()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Budget;

    #[test]
    fn a_list_grants_the_same_over_the_catalog() {
        let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":["iam:*","s3:Delete*"],"Resource":"*"},{"Effect":"Deny","NotAction":"x:*","Resource":"*"}]}"#;
        let original = document::read(&Source::new("p", text), &Budget::default()).unwrap();
        assert!(is_in(&original));
        let made = rewritten(&original, Catalog::latest()).unwrap();
        assert!(grants_the_same(&original, &made, &Settings::default()).unwrap().is_some());
        let actions: Vec<&str> = made.statements[0].action.items.iter().map(|item| item.value.as_str()).collect();
        assert!(actions.contains(&"ec2:*") && actions.contains(&"s3:GetObject"));
        assert!(!actions.iter().any(|action| action.starts_with("iam:") || action.starts_with("s3:Delete") || *action == "s3:*"));
        assert!(made.statements[1].action.negated, "a Deny stays as it is");
    }
}
