//! Which services and actions does AWS have, and since when do we know?
//!
//! A catalog is a dated list. Two are embedded: the latest, and that of June 2024, with which the published refinement
//! examples come out as published. A user's file may replace them. Action names match without case and are printed in the
//! catalog's spelling.
//!
//! A service is read when it is asked for, once: code that needs no catalog pays nothing.
//!
//! Sources: see `data/README.md`; `scripts/update-catalog` makes a newer one from AWS's service reference.

mod formats;
mod key;
mod lines;
pub mod names;
pub mod nearest;
pub mod operations;
mod partition;
mod passed;
mod read;
mod services;

pub use formats::{Format, formats, is_region};
pub use key::{KeyBase, KeyType, global_keys, global_type, spelled};
pub use names::{Names, Unknown};
pub use partition::{PARTITIONS, Partition};
pub use passed::{PASSED_DATE, passed_services};

use crate::diag::{Diagnostic, Source};
use crate::glob::Glob;
use crate::value::arn;
use rustc_hash::FxHashMap;
use services::Services;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;

macro_rules! unpacked {
    ($name:literal, $ending:literal) => {
        include_str!(concat!(env!("OUT_DIR"), "/", $name, $ending))
    };
}

/// A dated list of services and their actions.
#[derive(Debug, Clone)]
pub struct Catalog {
    /// What it is called: `latest`, `2024-06`, or a file's name.
    pub name: String,
    /// The day it describes, `YYYY-MM-DD`; `unknown` if a file does not say.
    pub date: String,
    services: Services,
    keys: OnceLock<key::Keys>,
}

/// A service that is read when it is asked for.
#[derive(Debug, Clone)]
struct Slot {
    text: &'static str,
    /// Boxed: hundreds of these are made, few are read.
    read: OnceLock<Box<Service>>,
    names_text: &'static str,
    names: OnceLock<Vec<Name>>,
    /// The place of each name, by its lower case: policies list thousands of actions, and each is looked up.
    places: OnceLock<FxHashMap<Cow<'static, str>, usize>>,
}

impl Slot {
    fn get(&self) -> &Service {
        self.read.get_or_init(|| Box::new(read::service(self.text)))
    }

    fn names(&self) -> &[Name] {
        self.names.get_or_init(|| read::names(self.names_text))
    }

    /// The name that is this action in lower case.
    fn named(&self, lower: &str) -> Option<&Name> {
        let each = || self.names().iter().enumerate().map(|(at, name)| (name.lower.clone(), at)).collect();
        self.names().get(*self.places.get_or_init(each).get(lower)?)
    }
}

/// The name of an action, with its service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// In lower case, as actions are compared.
    pub lower: Cow<'static, str>,
    /// In AWS's spelling.
    pub spelled: Cow<'static, str>,
}

/// One service.
#[derive(Debug, Clone, Default)]
pub struct Service {
    /// AWS's name for people, such as `Amazon S3`, where the catalog knows.
    pub title: Option<String>,
    /// By name in lower case.
    actions: BTreeMap<String, Action>,
    /// By type.
    resources: BTreeMap<String, Resource>,
    /// Types of condition keys.
    conditions: Vec<(String, KeyType)>,
}

/// A type of resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Resource {
    /// Its ARN with placeholders: `arn:${Partition}:s3:::${BucketName}`.
    arn: String,
    /// The same with `*` for each placeholder; several where the catalog has several with commas between them.
    patterns: Vec<String>,
    /// Condition keys that a request about one can carry.
    keys: Vec<String>,
}

/// One action.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Action {
    /// In AWS's spelling, without the service.
    pub name: String,
    /// `Read`, `List`, `Write`, `Permissions management`, `Tagging`, or several, where the catalog knows.
    pub access_level: Option<String>,
    /// The types of resources it takes.
    resources: Vec<String>,
    /// Whether one of these types is required.
    needs_resource: bool,
    /// Condition keys that a request for it can carry.
    keys: Vec<String>,
    /// Whether AWS's "action last accessed" data tracks it.
    pub last_accessed: bool,
    /// Whether AWS's policy generation sees it in CloudTrail's management events.
    pub policy_generation: bool,
}

impl Catalog {
    /// The day that the newest embedded catalog describes.
    pub const LATEST: &str = "2026-10-27";

    /// The newest embedded catalog.
    pub fn latest() -> &'static Self {
        static CATALOG: OnceLock<Catalog> = OnceLock::new();
        CATALOG.get_or_init(|| {
            read::embedded(
                "latest",
                Self::LATEST,
                &read::Unpacked {
                    index: unpacked!("catalog-latest", ".index"),
                    services: unpacked!("catalog-latest", ".txt"),
                    names: unpacked!("catalog-latest", ".names"),
                },
            )
        })
    }

    /// The catalog of June 2024.
    pub fn june_2024() -> &'static Self {
        static CATALOG: OnceLock<Catalog> = OnceLock::new();
        CATALOG.get_or_init(|| {
            read::embedded(
                "2024-06",
                "2024-06-28",
                &read::Unpacked {
                    index: unpacked!("catalog-2024-06", ".index"),
                    services: unpacked!("catalog-2024-06", ".txt"),
                    names: unpacked!("catalog-2024-06", ".names"),
                },
            )
        })
    }

    /// A catalog from a user's file: `{"prefix": ["Name", ...]}` or `{"prefix": {"actions": {"Name": {...}}}}`, with an
    /// optional member `"date": "YYYY-MM-DD"`: `date` with a string is the day, with anything else a service.
    pub fn read(source: &Source) -> Result<Self, Diagnostic> {
        read::read(source)
    }

    /// All services with their prefixes, sorted.
    pub fn services(&self) -> impl Iterator<Item = (&str, &Service)> {
        self.services.iter().map(|(prefix, service)| (&**prefix, service.get()))
    }

    /// A service by its prefix, in any case.
    pub fn service(&self, prefix: &str) -> Option<&Service> {
        self.services.get(prefix.to_ascii_lowercase().as_str()).map(Slot::get)
    }

    /// The prefixes of all services, sorted.
    pub fn prefixes(&self) -> impl Iterator<Item = &str> {
        self.services.iter().map(|(prefix, _)| &**prefix)
    }

    /// The names of a service's actions, sorted; none of a service that it does not list. The prefix is in lower case.
    pub fn names(&self, prefix: &str) -> &[Name] {
        self.services.get(prefix).map_or(&[], Slot::names)
    }

    /// The names of all actions, sorted by service.
    pub fn all_names(&self) -> impl Iterator<Item = &Name> {
        self.services.iter().flat_map(|(_, slot)| slot.names())
    }

    /// The actions that a pattern in lower case matches, sorted by service. Only those are looked at that begin as the
    /// pattern does.
    pub fn matching<'a>(&'a self, pattern: &'a Glob) -> impl Iterator<Item = &'a Name> + 'a {
        let start = pattern.literal_prefix();
        let slots: Vec<&Slot> = match start.split_once(':') {
            Some((prefix, _)) => self.services.get(prefix).into_iter().collect(),
            None => self.services.iter().filter(|(prefix, _)| prefix.starts_with(&start)).map(|(_, slot)| slot).collect(),
        };
        slots.into_iter().flat_map(move |slot| {
            let names = slot.names();
            let from = names.partition_point(|name| *name.lower < *start);
            let begin = names.iter().skip(from).take_while(|name| name.lower.starts_with(start.as_str())).count();
            names.iter().skip(from).take(begin).filter(|name| pattern.matches(&name.lower))
        })
    }

    /// `service:Name` in the catalog's spelling, for an action in any case.
    pub fn canonical_action(&self, action: &str) -> Option<&str> {
        let lower = action.to_ascii_lowercase();
        Some(&*self.services.get(arn::split_at_colon(&lower)?.0)?.named(&lower)?.spelled)
    }

    /// The type of a condition key, in any case, where it is known: a global key, a key of any service, or an instance
    /// of a key with a placeholder, such as `aws:ResourceTag/team`.
    pub fn condition_key_type(&self, key: &str) -> Option<KeyType> {
        self.keys().get(key)
    }

    /// As [`Self::condition_key_type`], but only the global keys and the key's own service are looked at.
    pub fn own_key_type(&self, key: &str) -> Option<KeyType> {
        let mut keys = key::Keys::default();
        let lower = key.to_ascii_lowercase();
        keys.add_global(|known| key::fits(known, &lower));
        let own = key.split(':').next().and_then(|prefix| self.service(prefix));
        let conditions = own.iter().flat_map(|service| &service.conditions);
        for (known, kind) in conditions.filter(|(known, _)| key::fits(known, &lower)) {
            keys.add(known, *kind);
        }
        keys.get(key)
    }

    fn keys(&self) -> &key::Keys {
        self.keys.get_or_init(|| {
            let mut keys = key::Keys::default();
            for (key, kind) in self.services().flat_map(|(_, service)| &service.conditions) {
                keys.add(key, *kind);
            }
            keys.add_global(|_| true);
            keys
        })
    }

    /// The types of resources that an action takes; `None` if the catalog does not know it.
    pub fn resource_types(&self, action: &str) -> Option<&[String]> {
        let (prefix, name) = action.split_once(':')?;
        Some(&self.service(prefix)?.action(name)?.resources)
    }

    /// The ARN patterns of the resources that an action takes, each placeholder as `*`; empty if it takes none, so that
    /// its resource is `*`. `None` if the catalog does not know.
    pub fn resource_arns(&self, action: &str) -> Option<Vec<&str>> {
        let (prefix, name) = action.split_once(':')?;
        let service = self.service(prefix)?;
        let action = service.action(name)?;
        if service.resources.is_empty() && !action.resources.is_empty() {
            return None;
        }
        let named = action.resources.iter().filter_map(|of| service.resources.get(of));
        Some(named.flat_map(|resource| &resource.patterns).map(String::as_str).collect())
    }

    /// Whether an action may be called on no resource in particular, `*`: it requires none of the types that it takes.
    /// That is not sure: of `s3:GetObject`'s types, too, none is required by itself.
    pub fn may_lack_resource(&self, action: &str) -> bool {
        let own = action.split_once(':').and_then(|(prefix, name)| self.service(prefix)?.action(name));
        own.is_none_or(|action| !action.needs_resource)
    }

    /// Whether a request for an action can carry a condition key, both in any case. Global keys count for every action;
    /// so do keys of other services than the action's, which the catalog does not list with it.
    pub fn carries(&self, action: &str, key: &str) -> bool {
        let key = key.to_ascii_lowercase();
        let (Some((prefix, name)), Some((owner, _))) = (action.split_once(':'), key.split_once(':')) else { return true };
        if owner == "aws" || !owner.eq_ignore_ascii_case(prefix) {
            return true;
        }
        let Some(service) = self.service(prefix) else { return true };
        let Some(action) = service.action(name) else { return true };
        let of_resources = action.resources.iter().filter_map(|of| service.resources.get(of)).flat_map(|of| &of.keys);
        action.keys.iter().chain(of_resources).any(|known| key::fits(known, &key))
    }

    /// How many actions it lists.
    pub fn action_count(&self) -> usize {
        self.services.iter().map(|(_, slot)| slot.names().len()).sum()
    }
}

impl Service {
    /// Its actions, sorted by name in lower case.
    pub fn actions(&self) -> impl Iterator<Item = &Action> {
        self.actions.values()
    }

    /// An action by its name in any case.
    pub fn action(&self, name: &str) -> Option<&Action> {
        self.actions.get(&name.to_ascii_lowercase())
    }
}

/// An ARN pattern whose placeholders are wildcards.
fn without_placeholders(arn: &str) -> String {
    let mut out = String::new();
    let mut rest = arn;
    while let Some((before, tail)) = rest.split_once("${") {
        out.push_str(before);
        out.push('*');
        rest = tail.split_once('}').map_or("", |(_, after)| after);
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_catalogs_are_whole() {
        assert_eq!((Catalog::latest().services.iter().count(), Catalog::latest().action_count()), (457, 22_321));
        assert_eq!((Catalog::june_2024().services.iter().count(), Catalog::june_2024().action_count()), (399, 16_934));
        assert_eq!(Catalog::latest().canonical_action("S3:getobject"), Some("s3:GetObject"));
        assert_eq!(Catalog::latest().canonical_action("s3:NoSuchAction"), None);
        let level = Catalog::latest().service("S3").and_then(|s3| s3.action("getobject")).and_then(|a| a.access_level.clone());
        assert_eq!(level.as_deref(), Some("Read"));
    }

    #[test]
    fn names_are_those_of_the_services_and_a_pattern_finds_its_own() {
        for catalog in [Catalog::latest(), Catalog::june_2024()] {
            for (prefix, service) in catalog.services() {
                let names: Vec<String> = catalog.names(prefix).iter().map(|name| name.spelled.to_string()).collect();
                let read: Vec<String> = service.actions().map(|action| format!("{prefix}:{}", action.name)).collect();
                assert_eq!(names, read, "{prefix}");
            }
        }
        let latest = Catalog::latest();
        for pattern in
            ["*", "s3:*", "s3:getobj*", "s3:*acl", "s3*:get*", "*:*tag?", "s3:getobject", "s3:nothing", "s?s:*", "s", "x*y:z"]
        {
            let glob = Glob::parse(pattern);
            let found: Vec<&str> = latest.matching(&glob).map(|name| &*name.lower).collect();
            let each: Vec<&str> = latest.all_names().map(|name| &*name.lower).filter(|name| glob.matches(name)).collect();
            assert_eq!(found, each, "{pattern}");
        }
    }

    #[test]
    fn actions_have_resources_and_keys() {
        let latest = Catalog::latest();
        assert!(latest.resource_arns("s3:GetObject").unwrap().contains(&"arn:*:s3:::*/*"));
        assert_eq!(latest.resource_arns("s3:ListAllMyBuckets"), Some(vec![]));
        assert_eq!(latest.resource_arns("sts:AssumeRole"), Some(vec!["arn:*:iam::*:role/*"]));
        assert_eq!(latest.resource_arns("s3:NoSuchAction"), None);
        assert!(latest.carries("s3:ListBucket", "S3:Prefix") && !latest.carries("s3:GetObject", "s3:prefix"));
        assert!(latest.carries("s3:GetObject", "aws:SourceIp") && latest.carries("s3:GetObject", "s3:ExistingObjectTag/team"));
    }

    #[test]
    fn both_forms_of_a_file_are_read_and_others_refused_with_their_place() {
        for text in [
            r#"{"date":"2026-01-02","s3":["GetObject"]}"#,
            r#"{"date":"2026-01-02","s3":{"actions":{"GetObject":{"l":"Read"}}}}"#,
        ] {
            let catalog = Catalog::read(&Source::new("c.json", text)).unwrap();
            assert_eq!((catalog.date.as_str(), catalog.action_count()), ("2026-01-02", 1), "{text}");
        }
        for (text, part) in [
            ("[]", "c.json:1:1: a catalog must be an object"),
            (r#"{"s3":{"x":1}}"#, "c.json:1:7: the service `s3` has no list of actions"),
            (r#"{"s3":["Get*"]}"#, "c.json:1:8: `Get*` is not an action name"),
            (r#"{"s3":[7]}"#, "c.json:1:8: an action name must be a string"),
            ("{}", "c.json:1:1: the catalog lists no action"),
        ] {
            let said = Catalog::read(&Source::new("c.json", text)).unwrap_err().to_string();
            assert!(said.starts_with(part), "{text}: {said}");
        }
    }
}
