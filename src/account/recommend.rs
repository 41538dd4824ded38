//! Which policies would an entity have without what it does not use, and is it proved that nothing else changes?
//!
//! Each policy of a role, a user or a group is refined by what the entity does not use ([`mod@crate::refine`]), with its four
//! obligations proved; a group by what none of its users uses. A managed policy that others share is refined for this entity
//! alone, unless it is asked to be refined once for all that have it. What is not touched stays byte for byte. Over the whole
//! entity two things are checked beside: its new stack grants nothing that the old one did not, and every logged call that
//! the old stack allowed the new one allows too, replayed one by one.
//!
//! Invariant: where anything of that is not proved, the entity's policies stay as they are and the result is UNKNOWN.

use super::bits::{Bits, Universe};
use super::findings::{self, Service, about, services};
use super::granted::Granted;
use super::observe::{Observed, Observer, Window, known_as};
use super::proposal::Proposal;
use super::refining::{self, Attempt, Refined};
use super::{Accounts, Attached, Entity, EntityKind, PolicyText, conditions, quota, replay, resources};
use crate::diag::{Diagnostic, Source};
use crate::document::Document;
use crate::evidence::Evidence;
use crate::json::Value;
use crate::policy::Policy;
use crate::question::Settings;
use crate::question::no_new_access::no_new_access;
use crate::question::{InternalError, Verdict};
use crate::usage::UnusedPermissions;
use rustc_hash::FxHashMap;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What becomes of an Allow with `NotAction`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NotAction {
    /// The shorter of the two.
    #[default]
    Auto,
    /// It stays, and grows by what is unused: exact.
    Keep,
    /// It becomes a list of actions.
    List,
}

/// How recommendations are made.
#[derive(Debug, Clone)]
pub struct Options {
    /// As for findings.
    pub find: findings::Options,
    /// Whether a managed policy is refined once for all that have it.
    pub shared: bool,
    /// Whether resources are narrowed too, to those that were seen.
    pub resources: bool,
    /// Whether conditions are added that keep to what was seen.
    pub conditions: bool,
    /// What becomes of `NotAction`.
    pub not_action: NotAction,
    /// Managed policies that may be attached to one entity.
    pub attachments: usize,
    /// How it is proved.
    pub settings: Settings,
}

/// What became of an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Result {
    /// Refined and proved.
    Proved,
    /// Nothing to remove.
    Unchanged,
    /// Not proved, or not looked at: nothing is recommended.
    Unknown,
    /// Refined and proved, and nothing is left that grants anything.
    Empty,
}

impl Result {
    /// Its name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Proved => "PROVED",
            Self::Unchanged => "UNCHANGED",
            Self::Unknown => "UNKNOWN",
            Self::Empty => "EMPTY",
        }
    }
}

/// One policy of an entity, before and after.
#[derive(Debug, Clone)]
pub struct Recommended<'a> {
    /// As it is attached.
    pub attached: &'a Attached,
    /// Its refinement; `None` if it stays as it is.
    pub refined: Option<Arc<Refined>>,
    /// The managed policies that stand for the refinement where it does not fit into one of its kind.
    pub parts: Vec<Arc<PolicyText>>,
    /// The names of the new policies that stand in its place, where the names of all entities are known (`planned::name`).
    pub names: Vec<String>,
}

/// What is recommended for one entity.
#[derive(Debug, Clone)]
pub struct Recommendation<'a> {
    /// The user, group or role.
    pub entity: &'a Entity,
    /// What became of it.
    pub result: Result,
    /// How many of the catalog's actions it loses.
    pub removed: usize,
    /// Its own policies, in order.
    pub policies: Vec<Recommended<'a>>,
    /// What it does not use.
    pub unused: Vec<Service>,
    /// Granted actions that nothing shows.
    pub not_observable: Vec<&'static str>,
    /// Logged calls that were replayed.
    pub replayed: usize,
    /// Whether managed policies are refined once for all that have them.
    pub shared: bool,
    /// What is worth knowing.
    pub notes: Vec<String>,
}

impl Recommendation<'_> {
    /// What is taken away beyond what is unused, by the policy.
    pub fn proposals(&self) -> impl Iterator<Item = (&str, &Proposal)> {
        let refined = self.policies.iter().filter_map(|policy| Some((policy.attached.label(), policy.refined.as_ref()?)));
        refined.flat_map(|(label, refined)| refined.proposals.iter().map(move |proposal| (label, proposal)))
    }

    /// How many obligations were proved.
    pub fn obligations(&self) -> usize {
        self.policies.iter().filter_map(|policy| policy.refined.as_ref()).map(|refined| refined.obligations.len()).sum()
    }
}

/// Refines policies; the same policy with the same unused permissions once.
pub struct Recommender<'a, 'o> {
    accounts: &'a Accounts,
    evidence: &'o Evidence,
    options: &'o Options,
    observer: Observer<'o>,
    granted: Granted,
    known: Mutex<FxHashMap<(usize, String), Attempt>>,
    /// With `--shared`: what nobody who has a managed policy uses.
    shared: BTreeMap<&'a str, (Bits, Observed)>,
}

impl<'a, 'o> Recommender<'a, 'o> {
    /// Over an account and its evidence.
    pub fn new(accounts: &'a Accounts, evidence: &'o Evidence, options: &'o Options) -> std::result::Result<Self, Diagnostic> {
        let window = findings::window(&options.find, evidence)?;
        let observer = Observer::new(evidence, window, &options.find.data_events);
        let (granted, known) = (Granted::default(), Mutex::default());
        let mut out = Self { accounts, evidence, options, observer, granted, known, shared: BTreeMap::new() };
        if options.shared {
            out.shared = out.shared();
        }
        Ok(out)
    }

    /// The window.
    pub fn window(&self) -> Window {
        self.observer.window()
    }

    /// The entities, in order: users, groups and roles.
    pub fn entities(&self) -> Vec<&'a Entity> {
        self.accounts.entities.values().filter(|entity| !entity.is_service_linked()).collect()
    }

    /// What those who act with an entity's policies did, all together: of a group its users.
    fn observed(&self, entity: &Entity) -> Option<Observed> {
        if entity.kind != EntityKind::Group {
            return self.observer.knows(entity).then(|| self.observer.of(entity));
        }
        together(self.accounts.members_of(entity).map(|user| self.observer.knows(user).then(|| self.observer.of(user))))
    }

    fn shared(&self) -> BTreeMap<&'a str, (Bits, Observed)> {
        let mut having: BTreeMap<&'a str, (Vec<&'a Entity>, &'a Arc<PolicyText>)> = BTreeMap::new();
        for entity in self.accounts.entities.values() {
            for attached in &entity.policies {
                if let (Some(arn), Ok(text)) = (&attached.arn, &attached.text) {
                    having.entry(arn).or_insert((Vec::new(), text)).0.push(entity);
                }
            }
        }
        let nobody_uses = |(arn, (entities, text)): (&'a str, (Vec<&'a Entity>, &'a Arc<PolicyText>))| {
            let observed = together(entities.into_iter().map(|entity| self.observed(entity)))?;
            Some((arn, (self.granted.by(std::iter::once(text)), observed)))
        };
        having.into_iter().filter_map(nobody_uses).collect()
    }

    /// What is recommended for an entity.
    // Long: the life of one recommendation: observe, remove, refine, prove, replay; each step may end it.
    pub fn recommend(&self, entity: &'a Entity) -> std::result::Result<Recommendation<'a>, InternalError> {
        let mut out = Recommendation {
            entity,
            result: Result::Unchanged,
            removed: 0,
            policies: entity
                .policies
                .iter()
                .map(|attached| Recommended { attached, refined: None, parts: Vec::new(), names: Vec::new() })
                .collect(),
            unused: Vec::new(),
            not_observable: Vec::new(),
            replayed: 0,
            shared: self.options.shared,
            notes: about(entity),
        };
        if self.options.find.exclusions.of(entity, "UnusedPermission", self.window().to).is_some() {
            out.notes.push("it is excluded: nothing is recommended".to_owned());
            return Ok(out);
        }
        let Some(observed) = self.observed(entity) else {
            let why = if entity.kind == EntityKind::Group { "of its users, or it has none" } else { "of it" };
            out.notes.push(format!("no evidence speaks {why}: nothing is recommended"));
            return Ok(out);
        };
        let granted = self.granted.to(self.accounts, entity);
        out.not_observable = findings::not_observable(&granted, &observed);
        out.unused = services(&findings::unused(&granted, &observed), &granted, &observed);
        if !observed.unclear.is_empty() {
            let services: Vec<&str> = observed.unclear.iter().map(String::as_str).collect();
            out.notes
                .push(format!("calls of {} lead to no known action: look at them before you apply this", services.join(", ")));
        }
        if entity.kind == EntityKind::Group {
            out.notes.push(format!("it serves {} users: what any of them used stays", self.accounts.members_of(entity).count()));
        }
        let mut unproved = Vec::new();
        for policy in &mut out.policies {
            match self.refined(policy.attached, &granted, &observed) {
                Ok(refined) => policy.refined = refined,
                Err(why) => unproved.push(format!("{}: {why}", policy.attached.label())),
            }
        }
        if unproved.is_empty() {
            self.narrow(&mut out)?;
        }
        let refused = quota::fit(&mut out, self.options.attachments, &self.options.settings)?;
        if let Some(why) = self.check(&mut out)? {
            unproved.push(why);
        }
        let changed = out.policies.iter().any(|policy| policy.refined.is_some());
        // What could be refined and not attached is a note beside what can be, and alone the reason why nothing is recommended.
        if changed || !unproved.is_empty() {
            out.notes.extend(refused)
        } else {
            unproved = refused
        }
        if !unproved.is_empty() {
            out.result = Result::Unknown;
            for policy in &mut out.policies {
                policy.refined = None;
                policy.parts.clear();
            }
            out.notes.append(&mut unproved);
        } else if changed {
            let own_before = self.granted.by(entity.policies.iter().filter_map(|attached| attached.text.as_ref().ok()));
            let left: Vec<Arc<PolicyText>> = out.policies.iter().filter_map(after).cloned().collect();
            // Not by the cache: these texts live no longer than this.
            let own_after = Granted::default().by(left.iter());
            let mut lost = own_before;
            lost.remove(&own_after);
            out.removed = lost.count();
            let grants = |policy: &Recommended<'a>| policy.refined.as_ref().is_none_or(|refined| !refined.is_empty);
            let left = out.policies.iter().any(grants);
            out.result = if left { Result::Proved } else { Result::Empty };
        }
        Ok(out)
    }

    /// One policy refined; `None` if it stays as it is, an error if that is not proved.
    fn refined(&self, attached: &Attached, granted: &Bits, observed: &Observed) -> Attempt {
        let Ok(text) = &attached.text else { return Ok(None) };
        let Ok(lowered) = text.read() else { return Ok(None) };
        let shared = attached.arn.as_deref().filter(|_| self.options.shared).map(|arn| self.shared.get(arn));
        let (granted, observed) = match &shared {
            // Somebody has it of whom no evidence speaks.
            Some(None) => return Ok(None),
            Some(Some((granted, observed))) => (granted, observed),
            None => (granted, observed),
        };
        let own = self.granted.by(std::iter::once(text));
        let mut unused = UnusedPermissions::default();
        let mut key = String::new();
        for service in services(&findings::unused(granted, observed), granted, observed) {
            let range = Universe::latest().service(&service.namespace);
            match service.actions {
                None if range.clone().any(|number| own.contains(number)) => {
                    unused.add_service(&service.namespace);
                    key = key + &service.namespace + ":*\n";
                }
                None => {}
                Some(actions) => {
                    for (name, _) in actions {
                        let action = format!("{}:{name}", service.namespace);
                        let number = Universe::latest().number(&action.to_ascii_lowercase());
                        if number.is_some_and(|number| own.contains(number)) {
                            unused.add_action(&service.namespace, &name);
                            key = key + &action + "\n";
                        }
                    }
                }
            }
        }
        if unused.is_empty() {
            return Ok(None);
        }
        let key = (Arc::as_ptr(text) as usize, key);
        if let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return known.clone();
        }
        let attempt = refining::fitting(&lowered.document, &unused, self.options);
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(key, attempt.clone());
        attempt
    }

    /// Narrows an entity's policies to the resources, and then to the conditions, that were seen.
    fn narrow(&self, out: &mut Recommendation<'a>) -> std::result::Result<(), InternalError> {
        let activity = known_as(out.entity).and_then(|who| self.evidence.activity.get(&who));
        let Some(activity) = activity else { return Ok(()) };
        let on = self.options.resources.then(|| resources::seen(activity, self.window()));
        let under = self.options.conditions.then(|| conditions::seen(activity, self.window()));
        for policy in &mut out.policies {
            if policy.attached.arn.is_some() && self.options.shared {
                continue;
            }
            let by_resources = |old: &Document| on.as_ref().and_then(|seen| resources::narrowed(old, seen));
            let by_conditions = |old: &Document| under.as_ref().and_then(|seen| conditions::narrowed(old, seen));
            for (obligation, narrowed) in [
                (["R1", "resources"], &by_resources as &dyn Fn(&Document) -> Option<(Value, Vec<Proposal>)>),
                (["C1", "conditions"], &by_conditions),
            ] {
                let Some(lowered) = after(policy).and_then(|text| text.read().ok()) else { continue };
                let Some((json, proposals)) = narrowed(&lowered.document) else { continue };
                match self.narrowed(policy, &lowered.policy, &json, obligation)? {
                    Some(mut refined) => {
                        refined.proposals.extend(proposals);
                        policy.refined = Some(Arc::new(refined));
                    }
                    None => out.notes.push(format!(
                        "the {} of {} stay: that fewer of them add nothing is not proved",
                        obligation[1],
                        policy.attached.label()
                    )),
                }
            }
        }
        Ok(())
    }

    /// A policy in its narrowed form; `None` if it is not proved that it adds nothing.
    fn narrowed(
        &self,
        policy: &Recommended<'a>,
        old: &Policy,
        json: &Value,
        [id, what]: [&str; 2],
    ) -> std::result::Result<Option<Refined>, InternalError> {
        let source = Source::new(format!("policy with narrowed {what}"), json.to_pretty());
        let Ok(value) = crate::json::read(&source, &self.options.settings.budget) else { return Ok(None) };
        let text = Arc::new(PolicyText::new(&source, value));
        let Ok(new) = text.read() else { return Ok(None) };
        let settings = Settings { prove: true, ..self.options.settings };
        let outcome = no_new_access(&old.clone().into(), &new.policy.clone().into(), &settings)?;
        if outcome.verdict != Verdict::Pass {
            return Ok(None);
        }
        let none = || Refined {
            text: text.clone(),
            is_empty: false,
            obligations: Vec::new(),
            by_service: false,
            proposals: Vec::new(),
            notes: Vec::new(),
        };
        let mut refined = policy.refined.as_deref().cloned().unwrap_or_else(none);
        refined.text = text.clone();
        let statement = format!("no new access: the policy with narrowed {what} grants nothing that it did not grant without");
        refined.obligations.push((id.to_owned(), statement, outcome.proof.obligations, outcome.proof.milliseconds));
        Ok(Some(refined))
    }

    /// Checks an entity as a whole; the reason why it is not proved, if it is not.
    fn check(&self, out: &mut Recommendation<'a>) -> std::result::Result<Option<String>, InternalError> {
        if out.entity.kind == EntityKind::Group || out.policies.iter().all(|policy| policy.refined.is_none()) {
            return Ok(None);
        }
        let found = match self.accounts.principal(&out.entity.arn) {
            Ok(found) => found,
            Err(missing) => {
                out.notes.push(format!("its stack as a whole is not compared: {missing}"));
                return Ok(None);
            }
        };
        let mut new = found.stack.clone();
        let own = out.policies.len();
        let mut identity = Vec::new();
        for policy in &out.policies {
            for text in texts(policy) {
                match text.read() {
                    Ok(lowered) => identity.push(lowered.policy.clone()),
                    Err(error) => return Ok(Some(error.to_string())),
                }
            }
        }
        identity.extend(found.stack.identity.iter().flatten().skip(own).cloned());
        new.identity = Some(identity);
        let (old, new) = (found.stack.into(), new.into());
        let settings = &self.options.settings;
        let outcome = no_new_access(&old, &new, settings)?;
        match outcome.verdict {
            Verdict::Pass => {}
            Verdict::Fail { .. } => {
                return Err(InternalError(format!("the refined policies of {} add access", out.entity.arn)));
            }
            Verdict::Unknown(why) => return Ok(Some(format!("whether the stack as a whole adds access is unknown: {why}"))),
        }
        let activity = known_as(out.entity).and_then(|who| self.evidence.activity.get(&who));
        let Some(activity) = activity else { return Ok(None) };
        let replayed = replay::replay(&out.entity.arn, activity, self.window(), [&settings.read(&old), &settings.read(&new)]);
        out.replayed = replayed.count;
        if let Some(lost) = replayed.lost {
            return Err(InternalError(format!("the refined policies of {} lose a call that was made: {lost}", out.entity.arn)));
        }
        out.notes.extend(replayed.note);
        Ok(None)
    }
}

/// A policy as it would be; `None` if it would go, or is missing.
pub fn after<'p>(policy: &'p Recommended<'_>) -> Option<&'p Arc<PolicyText>> {
    match &policy.refined {
        Some(refined) => (!refined.is_empty).then_some(&refined.text),
        None => policy.attached.text.as_ref().ok(),
    }
}

/// The same in the parts that it would stand in.
pub fn texts<'p>(policy: &'p Recommended<'_>) -> Vec<&'p Arc<PolicyText>> {
    if policy.parts.is_empty() { after(policy).into_iter().collect() } else { policy.parts.iter().collect() }
}

/// What several entities did together: one use is a use, and only what would be seen of each is observable.
fn together(each: impl Iterator<Item = Option<Observed>>) -> Option<Observed> {
    let mut all: Option<Observed> = None;
    for one in each {
        let one = one?;
        let Some(all) = &mut all else {
            all = Some(one);
            continue;
        };
        all.used.add(&one.used);
        all.observable.keep(&one.observable);
        all.unclear.extend(one.unclear);
        for (number, at) in one.last {
            let last = all.last.entry(number).or_insert(at);
            *last = (*last).max(at);
        }
    }
    all
}
