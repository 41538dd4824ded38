//! From JSON to a [`Catalog`]: the embedded files, and a user's own.

use super::key::{KeyType, Keys};
use super::{Action, Catalog, Service};
use crate::diag::{Budget, Diagnostic, Source, Span};
use crate::json::{self, Value};
use std::collections::{BTreeMap, HashMap};
use std::io::Read as _;

/// A member of an embedded catalog; what is not needed is skipped unread.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Packed<'t> {
    /// The member `date`.
    Date(&'t str),
    Names(#[serde(borrow)] Vec<&'t str>),
    Full {
        name: Option<&'t str>,
        #[serde(borrow)]
        actions: HashMap<&'t str, PackedAction<'t>>,
        #[serde(default)]
        conditions: HashMap<&'t str, &'t str>,
    },
}

#[derive(serde::Deserialize)]
struct PackedAction<'t> {
    #[serde(borrow)]
    l: Option<&'t str>,
}

/// An embedded catalog. The files are part of the program and tested to be whole; a broken one is empty.
pub(super) fn embedded(name: &str, date: &str, packed: &[u8]) -> Catalog {
    let (mut date, mut services, mut keys) = (date.to_owned(), BTreeMap::new(), Keys::default());
    let mut text = Vec::new();
    let unpacked =
        ruzstd::decoding::StreamingDecoder::new(packed).is_ok_and(|mut decoder| decoder.read_to_end(&mut text).is_ok());
    // The product's own file: serde_json is enough, and faster than the reader that keeps spans.
    if unpacked && let Ok(all) = serde_json::from_slice::<BTreeMap<String, Packed<'_>>>(&text) {
        for (prefix, service) in all {
            let (mut title, mut actions) = (None, BTreeMap::new());
            let mut add = |name: &str, access_level: Option<&str>| {
                let access_level = access_level.map(str::to_owned);
                actions.insert(name.to_ascii_lowercase(), Action { name: name.to_owned(), access_level });
            };
            match service {
                Packed::Date(day) => {
                    day.clone_into(&mut date);
                    continue;
                }
                Packed::Names(names) => names.into_iter().for_each(|name| add(name, None)),
                Packed::Full { name, actions, conditions } => {
                    title = name.map(str::to_owned);
                    actions.into_iter().for_each(|(name, action)| add(name, action.l));
                    for (key, kind) in conditions {
                        if let Some(kind) = KeyType::parse(kind) {
                            keys.add(key, kind);
                        }
                    }
                }
            }
            services.insert(prefix.to_ascii_lowercase(), Service { title, actions });
        }
    }
    keys.add_global();
    Catalog { name: name.to_owned(), date, services, keys }
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
    let mut keys = Keys::default();
    keys.add_global();
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
        for condition in member.value.get("conditions").and_then(Value::members).unwrap_or(&[]) {
            let Some(kind) = condition.value.as_str().and_then(KeyType::parse) else {
                return fail(condition.value.span, format!("the condition key `{}` has an unknown type", condition.key));
            };
            keys.add(&condition.key, kind);
        }
        let service = services.entry(member.key.to_ascii_lowercase()).or_default();
        service.title = member.value.get("name").and_then(Value::as_str).map(str::to_owned);
        for (name, span, access_level) in names {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.';
            if name.is_empty() || !name.chars().all(plain) {
                return fail(span, format!("`{name}` is no action name"));
            }
            service.actions.insert(name.to_ascii_lowercase(), Action { name: name.to_owned(), access_level });
        }
    }
    let catalog = Catalog { name: source.name.to_string(), date, services, keys };
    if catalog.action_count() == 0 {
        return fail(value.span, "the catalog lists no action".to_owned());
    }
    Ok(catalog)
}
