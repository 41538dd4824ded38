//! From JSON to a [`Catalog`]: the embedded files, and a user's own.

use super::{Action, Catalog, Service};
use crate::diag::{Budget, Diagnostic, Source, Span};
use crate::json::{self, Value};
use std::collections::{BTreeMap, HashMap};
use std::io::Read as _;

/// A service in an embedded catalog; what is not needed is skipped unread.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Packed<'t> {
    Names(#[serde(borrow)] Vec<&'t str>),
    Full {
        #[serde(borrow)]
        actions: HashMap<&'t str, PackedAction<'t>>,
    },
}

#[derive(serde::Deserialize)]
struct PackedAction<'t> {
    #[serde(borrow)]
    l: Option<&'t str>,
}

/// An embedded catalog. The files are part of the program and tested to be whole; a broken one is empty.
pub(super) fn embedded(name: &str, date: &str, packed: &[u8]) -> Catalog {
    let mut services = BTreeMap::new();
    let mut text = Vec::new();
    let unpacked =
        ruzstd::decoding::StreamingDecoder::new(packed).is_ok_and(|mut decoder| decoder.read_to_end(&mut text).is_ok());
    // The product's own file: serde_json is enough, and faster than the reader that keeps spans.
    if unpacked && let Ok(all) = serde_json::from_slice::<BTreeMap<String, Packed<'_>>>(&text) {
        for (prefix, service) in all {
            let mut actions = BTreeMap::new();
            let mut add = |name: &str, access_level: Option<&str>| {
                let access_level = access_level.map(str::to_owned);
                actions.insert(name.to_ascii_lowercase(), Action { name: name.to_owned(), access_level });
            };
            match service {
                Packed::Names(names) => names.into_iter().for_each(|name| add(name, None)),
                Packed::Full { actions } => actions.into_iter().for_each(|(name, action)| add(name, action.l)),
            }
            services.insert(prefix.to_ascii_lowercase(), Service { actions });
        }
    }
    Catalog { name: name.to_owned(), date: date.to_owned(), services }
}

/// A user's catalog.
pub(super) fn read(source: &Source) -> Result<Catalog, Diagnostic> {
    let value = json::read(source, &Budget::default())?;
    let fail = |span: Span, message: String| {
        let help = "write {\"prefix\": [\"ActionName\", ...], ...}, or the format of data/catalog-latest.json";
        Err(Diagnostic::error("bad-catalog", source, span, message, help))
    };
    let Some(members) = value.members() else {
        return fail(value.span, format!("a catalog must be an object, not {}", value.kind_name()));
    };
    let mut date = "unknown".to_owned();
    let mut services: BTreeMap<String, Service> = BTreeMap::new();
    for member in members {
        if member.key == "date"
            && let Some(text) = member.value.as_str()
        {
            text.clone_into(&mut date);
            continue;
        }
        let names: Vec<(&str, Span, Option<String>)> = match (member.value.elements(), member.value.get("actions")) {
            (Some(elements), _) => {
                let mut names = Vec::new();
                for element in elements {
                    let Some(name) = element.as_str() else {
                        return fail(element.span, format!("an action name must be a string, not {}", element.kind_name()));
                    };
                    names.push((name, element.span, None));
                }
                names
            }
            (None, Some(actions)) => {
                let level = |value: &Value| value.get("l").and_then(Value::as_str).map(str::to_owned);
                let listed = actions.members().unwrap_or(&[]).iter();
                listed.map(|action| (action.key.as_str(), action.key_span, level(&action.value))).collect()
            }
            (None, None) => return fail(member.value.span, format!("the service `{}` has no list of actions", member.key)),
        };
        let service = services.entry(member.key.to_ascii_lowercase()).or_default();
        for (name, span, access_level) in names {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.';
            if name.is_empty() || !name.chars().all(plain) {
                return fail(span, format!("`{name}` is no action name"));
            }
            service.actions.insert(name.to_ascii_lowercase(), Action { name: name.to_owned(), access_level });
        }
    }
    let catalog = Catalog { name: source.name.to_string(), date, services };
    if catalog.action_count() == 0 {
        return fail(value.span, "the catalog lists no action".to_owned());
    }
    Ok(catalog)
}
