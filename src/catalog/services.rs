//! Which services does a catalog list, and where is the one of this prefix?
//!
//! Every action of every policy is looked up by its prefix, so a lookup is one hash; what is listed is listed in order.
//!
//! Invariant: the prefixes are sorted and distinct.

use super::Slot;
use rustc_hash::FxHashMap;
use std::borrow::Cow;

/// The services of a catalog by their prefixes, in lower case.
#[derive(Debug, Clone)]
pub(super) struct Services {
    listed: Vec<(Cow<'static, str>, Slot)>,
    places: FxHashMap<Cow<'static, str>, usize>,
}

impl FromIterator<(Cow<'static, str>, Slot)> for Services {
    /// Of two with the same prefix the first one counts.
    fn from_iter<I: IntoIterator<Item = (Cow<'static, str>, Slot)>>(services: I) -> Self {
        let mut listed: Vec<(Cow<'static, str>, Slot)> = services.into_iter().collect();
        listed.sort_by(|one, other| one.0.cmp(&other.0));
        listed.dedup_by(|later, first| later.0 == first.0);
        let places = listed.iter().enumerate().map(|(place, (prefix, _))| (prefix.clone(), place)).collect();
        Self { listed, places }
    }
}

impl Services {
    /// The service of this prefix, with the prefix as it is listed.
    pub(super) fn listed(&self, prefix: &str) -> Option<(&Cow<'static, str>, &Slot)> {
        self.places.get(prefix).and_then(|place| self.listed.get(*place)).map(|(prefix, slot)| (prefix, slot))
    }

    /// The service of this prefix.
    pub(super) fn get(&self, prefix: &str) -> Option<&Slot> {
        self.listed(prefix).map(|(_, slot)| slot)
    }

    /// All of them, sorted by prefix.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Cow<'static, str>, &Slot)> {
        self.listed.iter().map(|(prefix, slot)| (prefix, slot))
    }
}

#[cfg(test)]
mod tests {
    use crate::catalog::Catalog;

    #[test]
    fn each_prefix_finds_its_own_service_and_no_other_text_does() {
        let services = &Catalog::latest().services;
        let prefixes: Vec<&str> = services.iter().map(|(prefix, _)| &**prefix).collect();
        assert!(prefixes.is_sorted_by(|one, other| one < other));
        for (prefix, slot) in services.iter() {
            assert!(std::ptr::eq(services.get(prefix).unwrap(), slot), "{prefix}");
            assert!(services.get(&format!("{prefix}x")).is_none_or(|other| !std::ptr::eq(other, slot)), "{prefix}");
        }
        assert!(services.get("").is_none() && services.get("S3").is_none());
    }
}
