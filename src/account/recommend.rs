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
use super::fitting::Found;
use super::granted::Granted;
use super::observe::{Observed, Observer, Window, known_as};
use super::proposal::Proposal;
use super::proved::{Proved, Proving};
use super::refining::{self, Attempt, NotRefined, Refined};
use super::shared::{self, SharedUse};
use super::{Accounts, Attached, Entity, EntityKind, PolicyText, conditions, quota, resources};
use crate::diag::{Diagnostic, Source};
use crate::document::Document;
use crate::evidence::Evidence;
use crate::json::Value;
use crate::policy::Policy;
use crate::question::{InternalError, Verdict};
use crate::usage::{Unused, UnusedPermissions};
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
    pub proving: Proving,
}

impl Default for Options {
    fn default() -> Self {
        let (find, not_action, proving) = (findings::Options::default(), NotAction::default(), Proving::default());
        Self { find, shared: false, resources: false, conditions: false, not_action, attachments: quota::ATTACHED, proving }
    }
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
    /// What it is refined by, if that is what all that have it do not use.
    pub by: Option<Arc<SharedUse>>,
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
    /// That its policies as a whole grant nothing new; `None` where that was not compared.
    pub whole: Option<Proved>,
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
    pub(super) accounts: &'a Accounts,
    pub(super) evidence: &'o Evidence,
    pub(super) options: &'o Options,
    observer: Observer<'o>,
    granted: Granted,
    known: Mutex<FxHashMap<(usize, usize, String), Attempt>>,
    /// With `--shared`: what nobody who has a managed policy uses.
    shared: BTreeMap<&'a str, Arc<SharedUse>>,
}

impl<'a, 'o> Recommender<'a, 'o> {
    /// Over an account and its evidence.
    pub fn new(accounts: &'a Accounts, evidence: &'o Evidence, options: &'o Options) -> std::result::Result<Self, Diagnostic> {
        let window = findings::window(&options.find, evidence)?;
        let observer = Observer::new(evidence, window, &options.find.data_events);
        let (granted, known) = (Granted::default(), Mutex::default());
        let mut out = Self { accounts, evidence, options, observer, granted, known, shared: BTreeMap::new() };
        if options.shared {
            out.shared = shared::shared(accounts, &out.granted, |entity| out.observed(entity));
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
        shared::together(self.accounts.members_of(entity).map(|user| self.observer.knows(user).then(|| self.observer.of(user))))
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
                .map(|attached| Recommended { attached, refined: None, parts: Vec::new(), names: Vec::new(), by: None })
                .collect(),
            unused: Vec::new(),
            not_observable: Vec::new(),
            whole: None,
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
            let room = self.room(entity, policy.attached);
            self.refine(policy, room, (&granted, &observed), &mut unproved)?;
        }
        // Several that each fill what may be attached share it.
        let (needed, wide) = self.needed(&out);
        if needed > self.options.attachments && wide.len() > 1 {
            let beside = needed - wide.iter().map(|(_, own)| own).sum::<usize>();
            let share = (self.options.attachments.saturating_sub(beside) / wide.len()).max(1);
            for (at, _) in wide {
                let Some(policy) = out.policies.get_mut(at) else { continue };
                self.refine(policy, share, (&granted, &observed), &mut unproved)?;
            }
        }
        if unproved.is_empty() {
            self.narrow(&mut out)?;
        }
        let refused = quota::fit(&mut out, self.options.attachments, &self.options.proving)?;
        for (label, refined) in out.policies.iter().filter_map(|policy| Some((policy.attached.label(), policy.refined.as_ref()?)))
        {
            out.notes.extend(refined.losses.iter().map(|loss| format!("{label}: {loss}")));
        }
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
            (out.whole, out.replayed) = (None, 0);
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

    /// What all that have a policy do not use, if it is refined for all of them; within it `None` if that is not known.
    fn shared_use(&self, attached: &Attached) -> Option<Option<Arc<SharedUse>>> {
        let arn = attached.arn.as_deref().filter(|_| self.options.shared)?;
        Some(self.shared.get(arn).cloned())
    }

    /// How many managed policies one may become.
    fn room(&self, entity: &Entity, attached: &Attached) -> usize {
        let beside = match self.shared_use(attached) {
            Some(Some(shared)) => shared.beside,
            _ => shared::beside(entity, attached.arn.as_deref().unwrap_or_default()),
        };
        self.options.attachments.saturating_sub(beside).max(1)
    }

    /// How many managed policies an entity would have, and the policies that would become several, each with their number.
    fn needed(&self, out: &Recommendation<'_>) -> (usize, Vec<(usize, usize)>) {
        let (mut all, mut wide) = (0, Vec::new());
        for (at, policy) in out.policies.iter().enumerate() {
            let of = |text: &Arc<PolicyText>| text.read().ok().and_then(|lowered| quota::needed(&lowered.document.json));
            let own = match policy.refined.as_ref().map(|_| after(policy).and_then(of).unwrap_or(0)) {
                Some(own) if own > 1 => {
                    wide.push((at, own));
                    own
                }
                Some(own) => own.min(usize::from(policy.attached.arn.is_some())),
                None => usize::from(policy.attached.arn.is_some()),
            };
            all += own;
        }
        (all, wide)
    }

    /// Refines a policy, or says why that is not proved.
    fn refine(
        &self,
        policy: &mut Recommended<'a>,
        room: usize,
        (granted, observed): (&Bits, &Observed),
        unproved: &mut Vec<String>,
    ) -> std::result::Result<(), InternalError> {
        match self.refined(policy.attached, room, granted, observed) {
            Ok(refined) => {
                policy.refined = refined;
                policy.by = self.shared_use(policy.attached).flatten();
            }
            Err(NotRefined::Open(why)) => unproved.push(format!("{}: {why}", policy.attached.label())),
            Err(NotRefined::Defect(defect)) => return Err(defect),
        }
        Ok(())
    }

    /// One policy refined; `None` if it stays as it is, an error if that is not proved.
    fn refined(&self, attached: &Attached, room: usize, granted: &Bits, observed: &Observed) -> Attempt {
        let Ok(text) = &attached.text else { return Ok(None) };
        let Ok(lowered) = text.read() else { return Ok(None) };
        let shared = self.shared_use(attached);
        let (granted, observed) = match &shared {
            // Somebody has it of whom no evidence speaks.
            Some(None) => return Ok(None),
            Some(Some(shared)) => (&shared.granted, &shared.observed),
            None => (granted, observed),
        };
        let own = self.granted.by(std::iter::once(text));
        let unused = of_policy(&own, granted, observed);
        if unused.is_empty() {
            return Ok(None);
        }
        // Of a service as a whole the name alone, as the names that it has are the catalog's.
        let names = |(service, unused): (&str, &Unused)| match unused {
            Unused::WholeService => format!("{service}:*\n"),
            Unused::Actions(names) => names.iter().map(|name| format!("{service}:{name}\n")).collect(),
        };
        let key = (Arc::as_ptr(text) as usize, room, unused.services().map(names).collect::<String>());
        if let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return known.clone();
        }
        let unknown = Observed { used: Bits::none(), last: FxHashMap::default(), ..observed.clone() };
        let observable = || of_policy(&own, granted, &unknown);
        let found = Found { unused: &unused, observable: &observable };
        let attempt = refining::refined(&lowered.document, found, self.options, room);
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
        [id, what]: [&'static str; 2],
    ) -> std::result::Result<Option<Refined>, InternalError> {
        let source = Source::new(format!("policy with narrowed {what}"), json.to_pretty());
        let proving = &self.options.proving;
        let Ok(value) = crate::json::read(&source, &proving.settings.budget) else { return Ok(None) };
        let text = Arc::new(PolicyText::new(&source, value));
        let Ok(new) = text.read() else { return Ok(None) };
        let outcome = proving.nothing_new(&old.clone().into(), &new.policy.clone().into(), true)?;
        if outcome.verdict != Verdict::Pass {
            return Ok(None);
        }
        let mut refined = match policy.refined.as_deref() {
            Some(refined) => Refined { text: text.clone(), ..refined.clone() },
            None => Refined::narrowed(text.clone()),
        };
        let statement = format!("no new access: the policy with narrowed {what} grants nothing that it did not grant without");
        refined.obligations.push(Proved::passed(id, statement, vec![outcome], proving.keep));
        Ok(Some(refined))
    }
}

/// What of a policy's own actions is unused by whoever is granted all these.
fn of_policy(own: &Bits, granted: &Bits, observed: &Observed) -> UnusedPermissions {
    let universe = Universe::latest();
    let mut out = UnusedPermissions::default();
    for service in services(&findings::unused(granted, observed), granted, observed) {
        match service.actions {
            None if universe.service(&service.namespace).any(|number| own.contains(number)) => {
                out.add_service(&service.namespace)
            }
            None => {}
            Some(actions) => {
                let is_own = |name: &String| {
                    let number = universe.number(&format!("{}:{name}", service.namespace).to_ascii_lowercase());
                    number.is_some_and(|number| own.contains(number))
                };
                let names = actions.iter().map(|(name, _)| name).filter(|name| is_own(name));
                names.for_each(|name| out.add_action(&service.namespace, name));
            }
        }
    }
    out
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
