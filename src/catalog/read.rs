//! From JSON to a [`Catalog`]: the embedded files, and a user's own.

use super::key::{KeyType, Keys};
use super::{Action, Catalog, Name, Resource, Service, Slot};
use crate::diag::{Budget, Diagnostic, Source, Span};
use crate::json::{self, Value};
use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// An embedded service; what is not needed is skipped unread.
#[derive(serde::Deserialize)]
struct Packed<'t> {
    name: Option<&'t str>,
    #[serde(borrow)]
    actions: FxHashMap<&'t str, PackedAction<'t>>,
    #[serde(default)]
    resources: FxHashMap<&'t str, PackedResource<'t>>,
    #[serde(default)]
    conditions: FxHashMap<&'t str, &'t str>,
}

#[derive(serde::Deserialize)]
struct PackedAction<'t> {
    #[serde(borrow)]
    l: Option<&'t str>,
    #[serde(default)]
    r: Vec<PackedUse<'t>>,
    #[serde(default)]
    c: Vec<&'t str>,
    #[serde(default)]
    la: u8,
    #[serde(default)]
    pg: u8,
}

#[derive(serde::Deserialize)]
struct PackedUse<'t> {
    t: &'t str,
    #[serde(default)]
    q: u8,
    #[serde(default)]
    #[serde(borrow)]
    c: Vec<&'t str>,
}

#[derive(serde::Deserialize)]
struct PackedResource<'t> {
    #[serde(default)]
    arn: &'t str,
    #[serde(default)]
    #[serde(borrow)]
    c: Vec<&'t str>,
}

/// An embedded catalog, as `build.rs` unpacks it: where each service ends in the two texts, and these.
pub(super) struct Unpacked {
    pub(super) index: &'static str,
    pub(super) services: &'static str,
    pub(super) names: &'static str,
}

/// An embedded catalog: its services are read when they are asked for.
pub(super) fn embedded(name: &str, date: &str, unpacked: &Unpacked) -> Catalog {
    let (mut date, mut start, mut names_start) = (date.to_owned(), 0, 0);
    let mut services: Vec<(Cow<'static, str>, Slot)> = Vec::with_capacity(512);
    for line in unpacked.index.lines() {
        let mut fields = line.split(' ');
        let prefix = fields.next().unwrap_or("");
        let mut until = |text: &'static str, start: &mut usize| {
            let end = fields.next().and_then(|end| end.parse().ok()).expect("build.rs writes both ends");
            text.get(std::mem::replace(start, end)..end).expect("build.rs writes places in the text")
        };
        let (text, names_text) = (until(unpacked.services, &mut start), until(unpacked.names, &mut names_start));
        if prefix == "date" && text.starts_with('"') {
            text.trim_matches('"').clone_into(&mut date);
            continue;
        }
        services.push((
            prefix.into(),
            Slot { text, read: OnceLock::new(), names_text, names: OnceLock::new(), places: OnceLock::new() },
        ));
    }
    Catalog { name: name.to_owned(), date, services: services.into_iter().collect(), keys: OnceLock::new() }
}

/// The names of an embedded service's actions.
pub(super) fn names(text: &'static str) -> Vec<Name> {
    let lines = text.lines().filter_map(|line| line.split_once(' '));
    lines.map(|(lower, spelled)| Name { lower: lower.into(), spelled: spelled.into() }).collect()
}

/// One embedded service. The texts are the product's own and tested to be whole; a broken one is empty.
pub(super) fn service(text: &str) -> Service {
    let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let mut out = Service::default();
    // Told apart here: serde would read either form into a tree of its own first.
    if text.starts_with('[') {
        for name in serde_json::from_str::<Vec<&str>>(text).unwrap_or_default() {
            out.actions.insert(name.to_ascii_lowercase(), Action { name: name.to_owned(), ..Action::default() });
        }
        return out;
    }
    let Ok(Packed { name, actions, resources, conditions }) = serde_json::from_str(text) else { return out };
    out.title = name.map(str::to_owned);
    for (name, packed) in actions {
        let mut keys = packed.c;
        keys.extend(packed.r.iter().flat_map(|used| used.c.iter().copied()));
        let action = Action {
            name: name.to_owned(),
            access_level: packed.l.map(str::to_owned),
            resources: packed.r.iter().map(|used| used.t.to_owned()).collect(),
            needs_resource: packed.r.iter().any(|used| used.q > 0),
            keys: owned(keys),
            last_accessed: packed.la > 0,
            policy_generation: packed.pg > 0,
        };
        out.actions.insert(name.to_ascii_lowercase(), action);
    }
    for (name, packed) in resources {
        let patterns = packed.arn.split(", ").filter(|arn| !arn.is_empty()).map(super::without_placeholders).collect();
        out.resources.insert(name.to_owned(), Resource { arn: packed.arn.to_owned(), patterns, keys: owned(packed.c) });
    }
    out.conditions.extend(conditions.iter().filter_map(|(key, kind)| Some(((*key).to_owned(), KeyType::parse(kind)?))));
    out
}

/// An action of a user's catalog: name, place, access level.
type Listed<'v> = (&'v str, Span, Option<String>);

/// The actions of a service in a user's catalog. The error has its place.
fn listed_names<'v>(service: &str, value: &'v Value) -> Result<Vec<Listed<'v>>, (Span, String)> {
    match (value.elements(), value.get("actions")) {
        (Some(elements), _) => {
            let name = |element: &'v Value| match element.as_str() {
                Some(name) => Ok((name, element.span, None)),
                None => Err((element.span, format!("an action name must be a string, not {}", element.kind_name()))),
            };
            elements.iter().map(name).collect()
        }
        (None, Some(actions)) => {
            let level = |value: &Value| value.get("l").and_then(Value::as_str).map(str::to_owned);
            let listed = actions.members().unwrap_or(&[]).iter();
            Ok(listed.map(|action| (action.key.as_str(), action.key_span, level(&action.value))).collect())
        }
        (None, None) => Err((value.span, format!("the service `{service}` has no list of actions"))),
    }
}

/// A user's catalog.
pub(super) fn read(source: &Source) -> Result<Catalog, Diagnostic> {
    let value = json::read(source, &Budget::default())?;
    let bad = |span: Span, message: String| {
        let help = "write {\"prefix\": [\"ActionName\", ...], ...}, or the format of data/catalog-latest.json";
        Diagnostic::error("bad-catalog", source, span, message, help)
    };
    let fail = |span: Span, message: String| Err(bad(span, message));
    let Some(members) = value.members() else {
        return fail(value.span, format!("a catalog must be an object, not {}", value.kind_name()));
    };
    let mut date = "unknown".to_owned();
    let mut services: BTreeMap<String, Service> = BTreeMap::new();
    let mut keys = Keys::default();
    keys.add_global(|_| true);
    for member in members {
        if member.key == "date"
            && let Some(text) = member.value.as_str()
        {
            text.clone_into(&mut date);
            continue;
        }
        let names = listed_names(&member.key, &member.value).map_err(|(span, message)| bad(span, message))?;
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
                return fail(span, format!("`{name}` is not an action name"));
            }
            let action = Action { name: name.to_owned(), access_level, ..Action::default() };
            service.actions.insert(name.to_ascii_lowercase(), action);
        }
    }
    let slot = |(prefix, service): (String, Service)| {
        let name = |(lower, action): (&String, &Action)| Name {
            lower: format!("{prefix}:{lower}").into(),
            spelled: format!("{prefix}:{}", action.name).into(),
        };
        let names: Vec<Name> = service.actions.iter().map(name).collect();
        (
            prefix.into(),
            Slot { text: "", read: Box::new(service).into(), names_text: "", names: names.into(), places: OnceLock::new() },
        )
    };
    let services = services.into_iter().map(slot).collect();
    let catalog = Catalog { name: source.name.to_string(), date, services, keys: keys.into() };
    if catalog.action_count() == 0 {
        return fail(value.span, "the catalog lists no action".to_owned());
    }
    Ok(catalog)
}
