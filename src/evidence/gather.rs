//! Everything that the evidence says, gathered from all files.

use super::activity::{Activity, Use};
use super::credentials::Credentials;
use super::findings::Listed;
use super::{Counts, Place, When, Who};
use crate::catalog::operations;
use crate::diag::{Diagnostic, Diagnostics};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How evidence is read.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Stop at the first file or record that cannot be read.
    pub strict: bool,
    /// Services whose data events the logs hold, whether or not there are any; by prefix.
    pub data_events: BTreeSet<String>,
    /// Whose unique ids these are (`AROA..`, `AIDA..`): some records name nothing else.
    pub ids: BTreeMap<String, Who>,
}

/// What the logs of one account cover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// The first record.
    pub first: When,
    /// The last record.
    pub last: When,
    /// How many records.
    pub records: u64,
    /// Services of which there are data events.
    pub data_events: BTreeSet<String>,
    /// Whether there are management events.
    pub management: bool,
    /// The regions of the records, where they say it.
    pub regions: BTreeSet<String>,
}

/// One file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: &'static str,
    /// What became of its records.
    pub counts: Counts,
}

/// What all evidence says.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// The files, sorted by name.
    pub files: Vec<File>,
    /// What became of all records.
    pub counts: Counts,
    /// What each principal did.
    pub activity: BTreeMap<Who, Activity>,
    /// What CloudTrail's logs cover, by account.
    pub coverage: BTreeMap<String, Coverage>,
    /// Passwords and access keys.
    pub credentials: BTreeMap<Who, Credentials>,
    /// Access Analyzer's findings about unused access.
    pub findings: Vec<Listed>,
    /// When an account last used a service, by the organization's access report.
    pub organization: BTreeMap<String, BTreeMap<String, Option<When>>>,
    /// When the newest of these reports about an account was made, if one says so.
    pub organization_made: BTreeMap<String, When>,
    /// The newest moment that any source speaks of.
    pub newest: Option<When>,
    /// What could not be read.
    pub troubles: Vec<Diagnostic>,
    /// What is worth knowing about the evidence.
    pub notes: Vec<String>,
}

/// Event ids that are remembered: some 140 MB.
const MOST_IDS: usize = 6_000_000;

/// Troubles that are told one by one.
const MOST_TROUBLES: usize = 50;

/// An event as CloudTrail names it.
pub(super) struct Event {
    source: Arc<str>,
    name: Arc<str>,
    /// The actions it uses; `None` if nobody knows.
    pub(super) actions: Option<Vec<&'static str>>,
    /// The services its source stands for.
    pub(super) services: Vec<&'static str>,
}

/// Gathers what the readers of the sources find.
pub(super) struct Gatherer {
    pub(super) settings: Settings,
    pub(super) evidence: Evidence,
    /// The counts of the file that is read.
    pub(super) counts: Counts,
    people: FxHashMap<Who, Activity>,
    events: FxHashMap<String, usize>,
    known: Vec<Event>,
    uses: FxHashMap<(Who, usize), Use>,
    ids: FxHashSet<u128>,
    /// Troubles that were not told.
    untold: u64,
    key: String,
}

impl Gatherer {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            settings: settings.clone(),
            evidence: Evidence::default(),
            counts: Counts::default(),
            people: FxHashMap::default(),
            events: FxHashMap::default(),
            known: Vec::new(),
            uses: FxHashMap::default(),
            ids: FxHashSet::default(),
            untold: 0,
            key: String::new(),
        }
    }

    /// Notes a trouble; under `--strict` it ends the reading.
    pub(super) fn trouble(&mut self, code: &'static str, message: String, help: &str) -> Result<(), Diagnostics> {
        let found = Diagnostic::bare(code, message, help);
        if self.settings.strict {
            return Err(found.into());
        }
        if self.evidence.troubles.len() < MOST_TROUBLES {
            self.evidence.troubles.push(found);
        } else {
            self.untold += 1;
        }
        Ok(())
    }

    /// Whether an event was read before; remembers it.
    pub(super) fn again(&mut self, id: u128) -> bool {
        if self.ids.len() >= MOST_IDS {
            return self.ids.contains(&id);
        }
        !self.ids.insert(id)
    }

    /// Whether an event is remembered.
    pub(super) fn has(&self, id: u128) -> bool {
        self.ids.contains(&id)
    }

    /// What CloudTrail's name of an event leads to.
    pub(super) fn event(&mut self, source: &str, name: &str) -> usize {
        self.key.clear();
        self.key.push_str(source);
        self.key.push('\0');
        self.key.push_str(name);
        if let Some(known) = self.events.get(self.key.as_str()) {
            return *known;
        }
        let actions = operations::actions_of(source, name);
        let services = operations::services_of(source);
        self.known.push(Event { source: source.into(), name: name.into(), actions, services });
        self.events.insert(self.key.clone(), self.known.len() - 1);
        self.known.len() - 1
    }

    /// An event by its number.
    pub(super) fn known(&self, event: usize) -> Option<&Event> {
        self.known.get(event)
    }

    /// What one principal did.
    pub(super) fn person(&mut self, who: &Who) -> &mut Activity {
        if !self.people.contains_key(who) {
            self.people.insert(who.clone(), Activity::default());
        }
        self.people.entry(who.clone()).or_default()
    }

    /// The use of an event by a principal.
    pub(super) fn used(&mut self, who: &Who, event: usize, at: When, place: &Place) -> &mut Use {
        self.uses.entry((who.clone(), event)).or_insert_with(|| Use::new(at, place.clone()))
    }

    /// A denied call.
    pub(super) fn denied(&mut self, who: &Who, event: usize, at: When, count: u64) {
        let Some(names) = self.known.get(event).map(|event| (event.source.clone(), event.name.clone())) else { return };
        let entry = self.person(who).denied.entry(names).or_insert((0, at));
        *entry = (entry.0 + count, entry.1.max(at));
    }

    /// A call that leads to no known action.
    pub(super) fn unmapped(&mut self, who: &Who, event: usize, at: When, count: u64) {
        let Some(names) = self.known.get(event).map(|event| (event.source.clone(), event.name.clone())) else { return };
        let entry = self.person(who).unmapped.entry(names).or_insert((0, at));
        *entry = (entry.0 + count, entry.1.max(at));
    }

    /// Notes that an account's logs hold a record.
    pub(super) fn cover(&mut self, account: &str, [first, last]: [When; 2], records: u64, data: bool, event: Option<usize>) {
        if !self.evidence.coverage.contains_key(account) {
            let new =
                Coverage { first, last, records: 0, data_events: BTreeSet::new(), management: false, regions: BTreeSet::new() };
            self.evidence.coverage.insert(account.to_owned(), new);
        }
        let services = event.filter(|_| data).and_then(|event| self.known.get(event)).map(|event| event.services.as_slice());
        let Some(coverage) = self.evidence.coverage.get_mut(account) else { return };
        coverage.first = coverage.first.min(first);
        coverage.last = coverage.last.max(last);
        coverage.records += records;
        coverage.management |= !data;
        for service in services.unwrap_or_default() {
            if !coverage.data_events.contains(*service) {
                coverage.data_events.insert((*service).to_owned());
            }
        }
    }

    /// Notes that an account's logs hold a record of a region.
    pub(super) fn cover_region(&mut self, account: &str, region: &str) {
        if let Some(coverage) = self.evidence.coverage.get_mut(account).filter(|known| !known.regions.contains(region)) {
            coverage.regions.insert(region.to_owned());
        }
    }

    /// Notes how far the evidence reaches.
    pub(super) fn reach(&mut self, at: When) {
        self.evidence.newest = self.evidence.newest.max(Some(at));
    }

    /// Ends a file.
    pub(super) fn end_file(&mut self, name: &str, kind: &'static str) {
        let counts = std::mem::take(&mut self.counts);
        self.evidence.counts.add(&counts);
        self.evidence.files.push(File { name: name.to_owned(), kind, counts });
    }

    /// All of it.
    pub(super) fn finish(mut self) -> Evidence {
        for ((who, event), used) in std::mem::take(&mut self.uses) {
            let Some(names) = self.known.get(event).map(|event| (event.source.clone(), event.name.clone())) else { continue };
            self.people.entry(who).or_default().uses.insert(names, used);
        }
        self.evidence.activity = self.people.into_iter().collect();
        self.evidence.files.sort_by(|a, b| a.name.cmp(&b.name));
        self.evidence.findings.sort();
        if self.ids.len() >= MOST_IDS {
            let note = format!("only {MOST_IDS} event ids were remembered: later duplicates count as records of their own");
            self.evidence.notes.push(note);
        }
        if self.untold > 0 {
            self.evidence.notes.push(format!("{} more records or files could not be read", self.untold));
        }
        self.evidence
    }
}
