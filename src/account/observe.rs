//! What did an entity use within the window, and which unused action could the evidence have shown?
//!
//! An action is used if some source shows it, within the window or after it. It is observable if some source would have shown
//! it: CloudTrail's management events for actions that an operation shows, data events of services whose data events the logs
//! hold, last-accessed data for the actions that it tracks and for services as a whole, Access Analyzer for what it lists.
//! What was made before the window begins shows uses, and nothing of what was not used in the window. Everything else is *not observable*, never unused. Nothing shows `iam:PassRole`.
//!
//! Every doubt keeps a permission: an attempt counts as use, and so does each action that may have authorized a call.

use super::bits::{Bits, Universe};
use super::{Accounts, Entity, EntityKind};
use crate::catalog::operations::{self, Shown};
use crate::evidence::{Activity, Evidence, Kind, When, Who};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// The time in which use is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Its first second.
    pub from: When,
    /// Its last second.
    pub to: When,
    /// How many days.
    pub days: u32,
}

/// What the evidence says of one entity's actions.
#[derive(Debug, Clone)]
pub struct Observed {
    /// What was used.
    pub used: Bits,
    /// What some source would have shown.
    pub observable: Bits,
    /// When an action was last used, whether within the window or before.
    pub last: FxHashMap<usize, When>,
    /// Services in which something happened that leads to no known action.
    pub unclear: BTreeSet<String>,
}

/// Asks evidence about entities.
#[derive(Debug)]
pub struct Observer<'e> {
    evidence: &'e Evidence,
    window: Window,
    data_events: &'e BTreeSet<String>,
    /// What an account's logs can show.
    by_account: BTreeMap<String, Bits>,
    /// Access Analyzer's findings by entity.
    findings: BTreeMap<Who, Vec<usize>>,
}

/// What can show each action.
fn shown() -> &'static [Shown] {
    static SHOWN: OnceLock<Vec<Shown>> = OnceLock::new();
    SHOWN.get_or_init(|| {
        let universe = Universe::latest();
        (0..universe.len()).filter_map(|number| universe.name(number)).map(|name| operations::shown(&name.lower)).collect()
    })
}

/// What can show an action, by its number.
pub fn shown_by(number: usize) -> Shown {
    shown().get(number).copied().unwrap_or(Shown::Never)
}

/// Whom the evidence knows an entity as; `None` of a group, which does nothing.
pub fn known_as(entity: &Entity) -> Option<Who> {
    let kind = match entity.kind {
        EntityKind::User => Kind::User,
        EntityKind::Role => Kind::Role,
        EntityKind::Group => return None,
    };
    Some(Who::new(&entity.account, kind, &entity.name))
}

/// Whose unique ids the accounts' entities have, as CloudTrail writes them.
pub fn unique_ids(accounts: &Accounts) -> BTreeMap<String, Who> {
    accounts.entities.values().filter_map(|entity| Some((entity.id.clone()?, known_as(entity)?))).collect()
}

impl<'e> Observer<'e> {
    /// Evidence within a window; the logs hold the data events of these services whether or not there are any.
    pub fn new(evidence: &'e Evidence, window: Window, data_events: &'e BTreeSet<String>) -> Self {
        let universe = Universe::latest();
        let mut by_account = BTreeMap::new();
        for (account, coverage) in &evidence.coverage {
            // Logs that end before the window begins show nothing of it.
            if coverage.last < window.from {
                continue;
            }
            let mut bits = Bits::none();
            for (prefix, range) in universe.services() {
                let data = coverage.data_events.contains(prefix) || data_events.contains(prefix);
                let seen = |shown: Shown| match shown {
                    Shown::Management => coverage.management,
                    Shown::Data => data,
                    Shown::Never => false,
                };
                range.filter(|number| seen(shown_by(*number))).for_each(|number| bits.insert(number));
            }
            by_account.insert(account.clone(), bits);
        }
        let mut findings: BTreeMap<Who, Vec<usize>> = BTreeMap::new();
        for (at, finding) in evidence.findings.iter().enumerate() {
            let is_old = finding.analyzed.is_some_and(|at| at < window.from);
            if let Some(who) = Who::of_arn(&finding.resource).filter(|_| !is_old) {
                findings.entry(who).or_default().push(at);
            }
        }
        Self { evidence, window, data_events, by_account, findings }
    }

    /// The window.
    pub fn window(&self) -> Window {
        self.window
    }

    /// The services whose data events were said to be in the logs.
    pub fn data_events(&self) -> &BTreeSet<String> {
        self.data_events
    }

    /// Whether any source speaks about an entity's actions.
    pub fn knows(&self, entity: &Entity) -> bool {
        let Some(who) = known_as(entity) else { return false };
        self.by_account.contains_key(&entity.account)
            || self.findings.contains_key(&who)
            || self.organization_of(entity).is_some()
            || self.evidence.activity.get(&who).is_some_and(|activity| self.has_data(activity))
    }

    /// What the evidence says of an entity's actions.
    pub fn of(&self, entity: &Entity) -> Observed {
        let mut out = Observed {
            used: Bits::none(),
            observable: self.by_account.get(&entity.account).cloned().unwrap_or_else(Bits::none),
            last: FxHashMap::default(),
            unclear: BTreeSet::new(),
        };
        let universe = Universe::latest();
        let Some(who) = known_as(entity) else { return out };
        let nothing = Activity::default();
        let activity = self.evidence.activity.get(&who).unwrap_or(&nothing);
        self.uses(activity, &mut out);
        self.last_accessed(activity, &mut out);
        self.organization(entity, &mut out);
        self.findings(&who, &mut out);
        // RunInstances may pass a role, or not: that it was called shows neither.
        if let Some(number) = universe.number("iam:passrole") {
            let mut never = Bits::none();
            never.insert(number);
            out.observable.remove(&never);
            out.used.remove(&never);
            out.last.remove(&number);
        }
        out
    }

    /// Whether last-accessed data that reaches into the window is of a principal.
    fn has_data(&self, activity: &Activity) -> bool {
        activity.services.values().any(|known| known.made.is_none_or(|at| at >= self.window.from))
    }

    /// What the organization's access report says of an entity's account, if it reaches into the window.
    fn organization_of(&self, entity: &Entity) -> Option<&BTreeMap<String, Option<When>>> {
        let made = self.evidence.organization_made.get(&entity.account);
        self.evidence.organization.get(&entity.account).filter(|_| made.is_none_or(|at| *at >= self.window.from))
    }

    fn note(&self, number: usize, at: When, out: &mut Observed) {
        let last = out.last.entry(number).or_insert(at);
        *last = (*last).max(at);
        if at >= self.window.from {
            out.used.insert(number);
        }
    }

    fn uses(&self, activity: &Activity, out: &mut Observed) {
        let universe = Universe::latest();
        for ((source, name), used) in &activity.uses {
            for action in operations::actions_of(source, name).unwrap_or_default() {
                if let Some(number) = universe.number(&action.to_ascii_lowercase()) {
                    self.note(number, used.last, out);
                }
            }
        }
        for ((source, _), (_, last)) in &activity.unmapped {
            if *last >= self.window.from {
                out.unclear.extend(operations::services_of(source).into_iter().map(str::to_owned));
            }
        }
    }

    fn last_accessed(&self, activity: &Activity, out: &mut Observed) {
        let universe = Universe::latest();
        for (service, known) in &activity.services {
            let is_old = known.made.is_some_and(|at| at < self.window.from);
            if let Some(actions) = &known.actions {
                for (action, last) in actions {
                    let Some(number) = universe.number(&format!("{service}:{action}")) else { continue };
                    if !is_old {
                        out.observable.insert(number);
                    }
                    last.iter().for_each(|at| self.note(number, *at, out));
                }
                let tracked = |number: &usize| universe.name(*number).is_some_and(|name| operations::tracked(&name.lower));
                if !actions.is_empty() && !is_old {
                    universe.service(service).filter(tracked).for_each(|number| out.observable.insert(number));
                }
            }
            if !is_old && known.service.is_none_or(|last| last < self.window.from) {
                whole_service(service, out);
            }
        }
    }

    fn organization(&self, entity: &Entity, out: &mut Observed) {
        for (service, last) in self.organization_of(entity).into_iter().flatten() {
            if last.is_none_or(|last| last < self.window.from) {
                whole_service(service, out);
            }
        }
    }

    fn findings(&self, who: &Who, out: &mut Observed) {
        let universe = Universe::latest();
        let listed = self.findings.get(who).into_iter().flatten().filter_map(|at| self.evidence.findings.get(*at));
        for (service, actions) in listed.flat_map(|finding| &finding.services) {
            let service = service.to_ascii_lowercase();
            match actions {
                None => whole_service(&service, out),
                Some(actions) => {
                    let numbers =
                        actions.iter().filter_map(|name| universe.number(&format!("{service}:{}", name.to_ascii_lowercase())));
                    numbers.for_each(|number| out.observable.insert(number));
                }
            }
        }
    }

    /// When an entity was last seen to do anything, and whether some source would have shown it.
    pub fn last_seen(&self, entity: &Entity) -> (Option<When>, bool) {
        let Some(who) = known_as(entity) else { return (None, false) };
        let activity = self.evidence.activity.get(&who);
        let of_account = match &entity.last_used {
            super::LastUsed::At(at, _) => (Some(When(at.as_second())), true),
            super::LastUsed::Never => (None, true),
            super::LastUsed::Unknown => (None, false),
        };
        let last = activity.and_then(|activity| activity.last_seen).max(of_account.0);
        let listed = self.findings.get(&who).into_iter().flatten().filter_map(|at| self.evidence.findings.get(*at));
        let is_listed = listed.into_iter().any(|finding| finding.kind == "UnusedIAMRole");
        let has_logs = self
            .evidence
            .coverage
            .get(&entity.account)
            .is_some_and(|coverage| coverage.management && coverage.last >= self.window.from);
        let has_data = activity.is_some_and(|activity| activity.role_last_used.is_some() || self.has_data(activity));
        (last, of_account.1 || is_listed || has_logs || has_data)
    }
}

/// Marks a service that nobody tried: all of it would have been shown, but for what authorizes no call.
fn whole_service(service: &str, out: &mut Observed) {
    let numbers = Universe::latest().service(service).filter(|number| shown_by(*number) != Shown::Never);
    numbers.for_each(|number| out.observable.insert(number));
}
