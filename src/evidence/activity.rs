//! What does the evidence say about one principal?
//!
//! Uses are kept by event, not by record: the first and the last time, how often, some of the resources, and the place of
//! the latest record. What an event uses is a list of actions, of which all count.

use super::When;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Where a record stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: u64,
    /// The record's number in the file, from 1.
    pub record: u64,
}

/// Most resources that are kept of one principal's use of one event.
pub const MOST_RESOURCES: usize = 64;

/// Most values that are kept of one condition key.
pub const MOST_VALUES: usize = 8;

/// The use of one event by one principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// When first.
    pub first: When,
    /// When last.
    pub last: When,
    /// How often.
    pub count: u64,
    /// On which resources, where records say so; no more than [`MOST_RESOURCES`].
    pub resources: BTreeSet<String>,
    /// How many records named none.
    pub without_resource: u64,
    /// Whether there were more resources than are kept.
    pub more_resources: bool,
    /// The latest record.
    pub place: Place,
    /// The condition keys of the latest record that says how they were evaluated.
    pub context: BTreeMap<String, Vec<String>>,
    /// How many records say so.
    pub with_context: u64,
    /// The keys that each of these records has with one value, with all of them; no key with more than [`MOST_VALUES`].
    pub keys: BTreeMap<String, BTreeSet<String>>,
}

/// When a service, or an action of it, was last tried, by last-accessed data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LastAccessed {
    /// The last attempt in the service; `None` if there was none.
    pub service: Option<When>,
    /// When the data was made, if it says so: it shows nothing of what came later.
    pub made: Option<When>,
    /// Of each tracked action, in lower case without the service; absent if the data is of service level.
    pub actions: Option<BTreeMap<String, Option<When>>>,
}

/// Everything about one principal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Activity {
    /// Uses by event source and name.
    pub uses: BTreeMap<(Arc<str>, Arc<str>), Use>,
    /// Denied calls by event source and name: how many, and the last.
    pub denied: BTreeMap<(Arc<str>, Arc<str>), (u64, When)>,
    /// Calls that lead to no known action: how many, and the last.
    pub unmapped: BTreeMap<(Arc<str>, Arc<str>), (u64, When)>,
    /// Last-accessed data by service.
    pub services: BTreeMap<String, LastAccessed>,
    /// The last sign of life of any kind.
    pub last_seen: Option<When>,
    /// Of a role: when it was last assumed or used by its own account's data; `Some(None)` is never.
    pub role_last_used: Option<Option<When>>,
    /// Last use of each access key, by its id.
    pub keys: BTreeMap<String, When>,
    /// The last sign-in with a password.
    pub signed_in: Option<When>,
}

impl Activity {
    /// Notes a sign of life.
    pub fn seen(&mut self, at: When) {
        self.last_seen = self.last_seen.max(Some(at));
    }
}

impl Use {
    /// The first record of an event.
    pub fn new(at: When, place: Place) -> Self {
        Self {
            first: at,
            last: at,
            count: 0,
            resources: BTreeSet::new(),
            without_resource: 0,
            more_resources: false,
            place,
            context: BTreeMap::new(),
            with_context: 0,
            keys: BTreeMap::new(),
        }
    }

    /// Adds so many records, the last of them at a time and a place.
    pub fn add(&mut self, first: When, last: When, count: u64, place: &Place) {
        self.count += count;
        self.first = self.first.min(first);
        // Of two records of the same second that of the earlier place, so that the order of reading is irrelevant.
        if (last, std::cmp::Reverse(place)) > (self.last, std::cmp::Reverse(&self.place)) {
            self.place = place.clone();
        }
        self.last = self.last.max(last);
    }

    /// Adds the condition keys of one record, in lower case. In which order records come is irrelevant.
    pub fn under(&mut self, context: &BTreeMap<String, Vec<String>>) {
        self.with_context += 1;
        if self.with_context == 1 {
            let single = |(key, values): (&String, &Vec<String>)| match values.as_slice() {
                [one] => Some((key.clone(), BTreeSet::from([one.clone()]))),
                _ => None,
            };
            self.keys = context.iter().filter_map(single).collect();
            return;
        }
        self.keys.retain(|key, known| match context.get(key).map(Vec::as_slice) {
            Some([one]) => {
                known.insert(one.clone());
                known.len() <= MOST_VALUES
            }
            _ => false,
        });
    }

    /// Adds a resource.
    pub fn on(&mut self, resource: &str) {
        if self.resources.contains(resource) {
            return;
        }
        if self.resources.len() < MOST_RESOURCES {
            self.resources.insert(resource.to_owned());
            return;
        }
        self.more_resources = true;
        // The least ones are kept, in whatever order they come.
        if self.resources.last().is_some_and(|last| resource < last.as_str()) {
            self.resources.pop_last();
            self.resources.insert(resource.to_owned());
        }
    }
}
