//! Which actions are unused, and which are still in use, by the catalog and the findings together?
//!
//! Findings name actions or whole services. A named action that the catalog does not list counts all the same: the
//! refined policy must not allow it. Everything is compared in lower case.

use super::generalize::within;
use crate::catalog::Catalog;
use crate::glob::{Glob, Token};
use crate::usage::{Unused, UnusedPermissions};
use std::collections::{BTreeMap, BTreeSet};

/// The unused actions of each service.
#[derive(Debug, Clone)]
pub struct UnusedActions {
    services: BTreeMap<String, Service>,
}

#[derive(Debug, Clone, Default)]
struct Service {
    whole: bool,
    /// Names in lower case: those of the findings, and for a whole service those of the catalog too.
    names: BTreeSet<String>,
}

impl UnusedActions {
    /// The unused actions of these findings.
    pub fn new(unused: &UnusedPermissions, catalog: &Catalog) -> Self {
        let mut services: BTreeMap<String, Service> = BTreeMap::new();
        for (namespace, unused) in unused.services() {
            let service = services.entry(namespace.to_ascii_lowercase()).or_default();
            match unused {
                Unused::Actions(names) => service.names.extend(names.iter().map(|name| name.to_ascii_lowercase())),
                Unused::WholeService => {
                    service.whole = true;
                    let listed = catalog.service(namespace).into_iter().flat_map(crate::catalog::Service::actions);
                    service.names.extend(listed.map(|action| action.name.to_ascii_lowercase()));
                }
            }
        }
        Self { services }
    }

    /// Whether nothing is unused.
    pub fn is_empty(&self) -> bool {
        self.services.is_empty()
    }

    /// Whether the whole service is unused.
    pub fn is_whole(&self, service: &str) -> bool {
        self.services.get(service).is_some_and(|service| service.whole)
    }

    /// Whether an action (`service:name` in any case) is unused.
    pub fn contains(&self, action: &str) -> bool {
        let lower = action.to_ascii_lowercase();
        let Some((service, name)) = lower.split_once(':') else { return false };
        self.services.get(service).is_some_and(|service| service.whole || service.names.contains(name))
    }

    /// The unused names of a service, in lower case.
    pub fn names(&self, service: &str) -> impl Iterator<Item = &str> {
        self.services.get(service).into_iter().flat_map(|service| service.names.iter().map(String::as_str))
    }

    /// An unused action that the pattern matches, in lower case; of a service that is unused as a whole perhaps one that
    /// no catalog lists.
    pub fn reached_by(&self, pattern: &Glob) -> Option<String> {
        let lower = pattern.to_ascii_lowercase();
        let literal = lower.literal_prefix();
        let reached = |(prefix, service): (&String, &Service)| {
            let mut actions = service.names.iter().map(|name| format!("{prefix}:{name}"));
            let unlisted = || {
                let name = instance(within(&lower, prefix).first()?);
                service.whole.then(|| format!("{prefix}:{name}"))
            };
            actions.find(|action| lower.matches(action)).or_else(unlisted)
        };
        match literal.split_once(':') {
            Some((service, _)) => self.services.get_key_value(service).and_then(reached),
            None => self.services.iter().find_map(reached),
        }
    }

    /// The services with anything unused.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        self.services.keys().map(String::as_str)
    }

    /// The unused actions as patterns: `service:*` for whole services.
    pub fn globs(&self) -> Vec<Glob> {
        let mut out = Vec::new();
        for (prefix, service) in &self.services {
            if service.whole {
                out.push(Glob::from_tokens(Glob::literal(&format!("{prefix}:")).tokens().iter().copied().chain([Token::Many])));
            } else {
                out.extend(service.names.iter().map(|name| Glob::literal(&format!("{prefix}:{name}"))));
            }
        }
        out
    }
}

/// A text that is not empty and that the glob matches.
fn instance(glob: &Glob) -> String {
    let character = |token: &Token| match token {
        Token::Char(c) => Some(*c),
        Token::One => Some('x'),
        Token::Many => None,
    };
    let text: String = glob.tokens().iter().filter_map(character).collect();
    if text.is_empty() { "x".to_owned() } else { text }
}
