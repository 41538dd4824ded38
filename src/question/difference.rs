//! What exactly does one access definition allow that another does not? As a list of disjoint regions, complete.
//!
//! A region is: these actions, by this granting statement, for this cause ([`Cause`]) not allowed by the other side. It
//! is what the granting statement applies to, and, if a Deny of the other side is the cause, what that applies to; within
//! what each of some limits allows; except where one of some statements applies. These words are exact: nothing is left
//! away but what a proof says to change nothing. For a policy alone they are all there is to say; of a stack they are
//! under the rules of stacks ([`crate::policy::compose`]), which say for whom a member counts.
//!
//! The actions are cut into groups to which the same statements apply, the requests of a group by the first statement that
//! grants them and by the first cause for which the other side does not allow them. So over all groups, granting
//! statements and causes the regions are all there is, and no request is in two of them. A region is left out only if it
//! is proved empty. Its actions are written as a least-general set of patterns over the catalog: a wildcard reaches
//! nothing of the catalog that is not in the region.

use super::region_actions::{catalog_actions, patterns};
use super::{InternalError, Proof, Settings, unknown_policy};
use crate::catalog::Catalog;
use crate::diag::deadline::Expired;
use crate::diag::{Budget, deadline};
use crate::document::Effect;
use crate::eval;
use crate::policy::compose::Rule;
use crate::policy::unreadable::{Bound, OPAQUE, named};
use crate::policy::{Access, Policy};
use crate::query::{ActionScope, Query, SearchResult, Unknown};
use crate::request::Request;
use crate::search::partition::{self, Group};
use crate::search::{automata_question, replay};
use crate::smt;
use crate::solve::{Decided, Decider, Meeting};
use crate::witness::causes::{self, Because};
use crate::witness::unchanged::is_kept;
use crate::witness::{find, simplify};
use std::collections::BTreeMap;
use std::time::Instant;

pub use crate::witness::causes::Cause;

/// A statement that takes something out of a region: that to which it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Except {
    /// Whether it is of the other side.
    pub other: bool,
    /// The statement's number.
    pub number: usize,
}

/// Something that must allow what is in a region: one of its statements applies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Within {
    /// Whether it is of the other side.
    pub other: bool,
    /// What it is called.
    pub name: String,
    /// Its statements that are about these actions.
    pub statements: Vec<usize>,
}

/// What bounds a region beside its actions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Bounds {
    /// The granting statement's number; `None` for the account's root, which a stack without identity policies lets do
    /// what no statement grants.
    pub statement: Option<usize>,
    /// Why the other side does not allow it. Under [`Cause::Denied`] the region is what that statement applies to.
    pub cause: Cause,
    /// What allows all of it.
    pub within: Vec<Within>,
    /// What is not in it.
    pub except: Vec<Except>,
}

/// One region of a difference.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Region {
    /// Patterns over the catalog's actions; actions that do not exist today are written out.
    pub actions: Vec<String>,
    /// Whether an action of it exists today.
    pub exists: bool,
    /// What bounds it.
    pub bounds: Bounds,
    /// A request of the region, replayed; `None` if none was found and none was ruled out.
    pub witness: Option<Request>,
}

/// The whole difference.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Difference {
    /// What the new side allows and the old one does not.
    pub added: Vec<Region>,
    /// What the old side allows and the new one does not.
    pub removed: Vec<Region>,
    /// Why it could not be told, if it could not.
    pub unknown: Option<Unknown>,
    /// What it rests on.
    pub proof: Proof,
    /// What is worth knowing beside it.
    pub notes: Vec<String>,
}

/// The difference between two access definitions, both ways.
///
/// Where they have values that no documentation can read, conditions with such are opaque, and regions that hang on any are
/// not told.
pub fn difference(old: &Access, new: &Access, settings: &Settings) -> Result<Difference, InternalError> {
    let (old, new) = (&*settings.read(old), &*settings.read(new));
    let opaque = [old, new].map(|access| access.bounded(Bound::Opaque));
    let ([Some(_), _] | [_, Some(_)]) = &opaque else { return readable(old, new, settings) };
    let [one, other] = opaque.each_ref().map(Option::as_ref);
    let mut found = readable(one.unwrap_or(old), other.unwrap_or(new), settings)?;
    // A region without such a key in its witness may still be none of the policies as they stand.
    let replays = |region: &Region, grants: &Access, unless: &Access| {
        let allows = |access: &Access, witness: &Request| eval::allows(access, witness);
        region.witness.as_ref().is_none_or(|witness| allows(grants, witness) && !allows(unless, witness))
    };
    let hangs = found.added.iter().chain(&found.removed).any(|region| format!("{region:?}").contains(OPAQUE))
        || found.added.iter().any(|region| !replays(region, new, old))
        || found.removed.iter().any(|region| !replays(region, old, new));
    if hangs {
        let first = [old, new].into_iter().flat_map(Access::unreadable).next();
        (found.added, found.removed) = (Vec::new(), Vec::new());
        found.unknown = first.map(|(_, policy, _, condition)| Unknown::Unreadable(named(policy, condition)));
        found.notes.clear();
    }
    Ok(found)
}

/// The same of policies whose values can all be read.
fn readable(old: &Access, new: &Access, settings: &Settings) -> Result<Difference, InternalError> {
    let started = Instant::now();
    let mut found = SearchResult::default();
    let mut unknown = None;
    if let Some(why) = unknown_policy::incomparable(old, new) {
        let proof = Proof::since(started, settings, [&found]);
        return Ok(Difference { added: Vec::new(), removed: Vec::new(), unknown: Some(why), proof, notes: Vec::new() });
    }
    let deadline = started + settings.budget.timeout;
    let mut side = |grants: &Access, unless: &Access| -> Result<Vec<Region>, InternalError> {
        Ok(regions(grants, unless, settings, deadline, &mut found)?.unwrap_or_else(|why| {
            unknown = Some(why);
            Vec::new()
        }))
    };
    let sides = || Ok((side(new, old)?, side(old, new)?));
    let (added, removed) = match deadline::question(&settings.budget, || deadline::search(sides)) {
        Ok(Ok(sides)) => sides?,
        Ok(Err(expired)) | Err(expired) => {
            unknown = Some(expired.into());
            (Vec::new(), Vec::new())
        }
    };
    let all = || added.iter().chain(&removed);
    // A difference of which nothing is shown is none that is proved.
    if unknown.is_none() && all().next().is_some() && all().all(|region| region.witness.is_none()) {
        unknown = Some(Unknown::NotShown);
    }
    let notes = match unknown {
        None => owed(old, new, &added, &removed, settings, &mut found)?,
        Some(_) => Vec::new(),
    };
    Ok(Difference { added, removed, unknown, proof: Proof::since(started, settings, [&found]), notes })
}

/// What the answer owes to a policy of the resource that is not known.
fn owed(
    old: &Access,
    new: &Access,
    added: &[Region],
    removed: &[Region],
    settings: &Settings,
    found: &mut SearchResult,
) -> Result<Vec<String>, InternalError> {
    let mut notes = Vec::new();
    if !new.resource_policy_is_unknown() {
        return Ok(notes);
    }
    for (search, regions) in [(Query::new(new, Some(old)), added), (Query::new(old, Some(new)), removed)] {
        let shown = regions.iter().filter_map(|region| region.witness.as_ref());
        let needing = shown.filter(|witness| unknown_policy::needs_consent(&search, witness));
        notes.extend(needing.map(unknown_policy::of_witness));
        if regions.is_empty() {
            notes.extend(unknown_policy::of_pass(&search, settings, found)?);
        }
    }
    notes.sort();
    notes.dedup();
    Ok(notes)
}

/// The groups of actions that are bounded so, and a request.
type Content = (Vec<Group>, Option<Request>);

/// One part of a group: what a statement grants that no earlier one does, by the first cause.
struct Part<'a> {
    group: &'a Group,
    number: Option<usize>,
    earlier: &'a [usize],
    /// The causes before, none of which is there.
    before: &'a [Because],
    because: &'a Because,
}

impl Part<'_> {
    /// Whether a request that shows the violation is of this part.
    fn holds(&self, search: &Query<'_>, request: &Request) -> bool {
        let Some(unless) = search.unless else { return false };
        let granted = eval::evaluate(search.grants, request);
        let is = |because: &Because| eval::rule_holds(unless, &because.rule, request);
        self.number.is_none_or(|number| granted.decided_by.contains(&number))
            && !granted.decided_by.iter().any(|by| self.earlier.contains(by))
            && is(self.because)
            && !self.before.iter().any(is)
    }

    /// What of the other side holds of it, and what does not.
    fn signed(&self) -> Vec<(&Rule, bool)> {
        let before = self.before.iter().map(|because| (&because.rule, false));
        std::iter::once((&self.because.rule, true)).chain(before).collect()
    }
}

// Long: the cutting of a difference, step after step; every step narrows what the next one sees.
fn regions(
    grants: &Access,
    unless: &Access,
    settings: &Settings,
    deadline: Instant,
    found: &mut SearchResult,
) -> Result<Result<Vec<Region>, Unknown>, InternalError> {
    let search = Query::new(grants, Some(unless));
    let question = automata_question(&search);
    let mut decider = Decider::new(&question, settings.budget.states, false);
    let mut causes = causes::causes(unless);
    if grants.is_alone() && unless.is_alone() {
        // What both deny is no difference.
        causes.retain(|because| !matches!(because.cause, Cause::Denied(deny) if is_kept(unless, deny, grants)));
    }
    let mut merged: BTreeMap<Bounds, Content> = BTreeMap::new();
    let Some(groups) = partition::groups(&search, settings.budget.states) else {
        let limit = format!("the actions fall into more classes than {} states tell apart", settings.budget.states);
        return Ok(Err(Unknown::limit(limit)));
    };
    for group in &groups {
        let mut earlier: Vec<usize> = Vec::new();
        let granting = group.grants.iter().copied().filter(|number| grants.grants(*number)).map(Some);
        for number in granting.chain(grants.grants_without_statement().then_some(None)) {
            let mut asked = None;
            for (at, because) in causes.iter().enumerate() {
                // A Deny that is not about these actions is no cause.
                if matches!(because.cause, Cause::Denied(deny) if group.unless.binary_search(&deny).is_err()) {
                    continue;
                }
                found.decided += 1;
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Ok(Err(Expired::Time(settings.budget.timeout).into()));
                }
                let before = causes.get(..at).unwrap_or_default();
                let part = Part { group, number, earlier: &earlier, before, because };
                let Some(witness) = filled(&part, &search, &mut decider, settings, left, found, &mut asked)? else { continue };
                let bounds = bounds(&part, &search, &mut decider);
                let slot = merged.entry(bounds).or_default();
                slot.0.push(group.clone());
                let exists = |request: &Request| Catalog::latest().canonical_action(&request.action).is_some();
                if !slot.1.as_ref().is_some_and(exists) {
                    let shows = |request: &Request| replay::violates(&search, request).is_some() && part.holds(&search, request);
                    let tidied = witness.map(|witness| simplify::simplify(witness, &search, &shows));
                    // Of several groups, a request for an action that exists.
                    slot.1 = tidied.filter(|request| slot.1.is_none() || exists(request)).or(slot.1.take());
                }
            }
            earlier.extend(number);
        }
    }
    let named: Vec<(Bounds, Content)> = merged.into_iter().collect();
    let by_group = catalog_actions(&search, named.iter().flat_map(|(_, (groups, _))| groups));
    let region = |(bounds, (groups, witness)): (Bounds, Content)| {
        let (actions, exists) = patterns(&groups, &by_group);
        // Its words say what exists, if anything does: so must its request.
        let real = |request: &Request| !exists || Catalog::latest().canonical_action(&request.action).is_some();
        Region { witness: witness.filter(real), actions, exists, bounds }
    };
    Ok(Ok(named.into_iter().map(region).collect()))
}

/// Whether there may be a request of a part: one, or none that was found; `None` if there is none. `asked` is what Z3 said
/// of all causes together.
fn filled(
    part: &Part<'_>,
    search: &Query<'_>,
    decider: &mut Decider<'_>,
    settings: &Settings,
    left: std::time::Duration,
    found: &mut SearchResult,
    asked: &mut Option<SearchResult>,
) -> Result<Option<Option<Request>>, InternalError> {
    let group = part.group;
    let shows = |request: &Request| part.holds(search, request);
    let replay = |request: Request| replay::replayed(search, request).filter(shows);
    match decider.decide_part(group.actions(), part.number, part.earlier, &part.signed(), &replay) {
        Decided::Empty => return Ok(None),
        Decided::Shown(request) => return Ok(Some(Some(*request))),
        Decided::Open => {}
    }
    // What relates attributes, such as policy variables: Z3 may know that there is nothing.
    let scope = ActionScope::Listed(vec![group.action.clone()]);
    let budget = Budget { timeout: left, ..settings.budget };
    let own = Settings { realistic: false, budget, ..*settings };
    let one = Query { actions: scope, by: part.number, ..search.clone() };
    let of_all = match asked.take() {
        Some(known) => known,
        None => smt::in_fresh_context(|| find(&one, &own))?,
    };
    found.queries += of_all.queries;
    found.rests_on(&of_all);
    let of_all = &*asked.insert(SearchResult { queries: 0, ..of_all });
    if of_all.witness.is_none() && of_all.unknown.is_none() {
        return Ok(None);
    }
    if let Some(shown) = of_all.witness.clone().filter(shows) {
        return Ok(Some(Some(shown)));
    }
    let (Cause::Denied(deny), Some(unless)) = (&part.because.cause, search.unless) else { return Ok(Some(None)) };
    let Some((member, statement)) = unless.statement(*deny) else { return Ok(Some(None)) };
    let also = || Policy { statements: Vec::new(), ..member.policy.clone() };
    let mut within = search.within.clone();
    within.get_or_insert_with(also).statements.push(statement.clone());
    let of_deny = smt::in_fresh_context(|| find(&Query { within, ..one }, &own))?;
    found.queries += of_deny.queries;
    found.rests_on(&of_deny);
    if of_deny.witness.is_none() && of_deny.unknown.is_none() {
        return Ok(None);
    }
    Ok(Some(of_deny.witness.filter(shows)))
}

/// The most statements that are looked at for what they take out; more are all named, which is as right and longer.
const MOST_PRUNED: usize = 64;

/// The words for a part: what must apply, what must allow, what must not apply; without what changes nothing.
// Long: one region in words: what must apply, what must allow, what must not apply, each from the same parts.
fn bounds(part: &Part<'_>, search: &Query<'_>, decider: &mut Decider<'_>) -> Bounds {
    let Part { group, number, earlier, before, because } = part;
    let actions = group.actions();
    let cause = because.cause.clone();
    let about = |numbers: &[usize], group: &[usize]| -> Vec<usize> {
        numbers.iter().copied().filter(|number| group.binary_search(number).is_ok()).collect()
    };
    // What must allow it: on its own side all limits, on the other those that are no cause.
    let own = causes::limits_of(search.grants).into_iter().map(|(name, statements)| (false, name, statements));
    let others = before.iter().filter_map(|because| match &because.cause {
        Cause::Closed(name) => Some((true, *name, because.openers.clone())),
        Cause::Denied(_) | Cause::NotGranted => None,
    });
    let mut within: Vec<Within> = own
        .chain(others)
        .map(|(other, name, statements)| {
            let statements = about(&statements, if other { &group.unless } else { &group.grants });
            Within { other, name: name.to_string(), statements }
        })
        // What lets nothing through does not bind whom the region is about.
        .filter(|one| !one.statements.is_empty())
        .collect();
    // What must not apply.
    let is_deny =
        |other: &&usize| search.grants.statement(**other).is_some_and(|(_, statement)| statement.effect == Effect::Deny);
    let same = earlier.iter().copied().filter(|one| group.grants.contains(one));
    let same = same.chain(group.grants.iter().filter(is_deny).copied()).map(|number| Except { other: false, number });
    let denied = before.iter().filter_map(|because| match because.cause {
        Cause::Denied(deny) => Some(deny),
        Cause::Closed(_) | Cause::NotGranted => None,
    });
    let closed = because.openers.iter().copied();
    let others: Vec<usize> = about(&denied.chain(closed).collect::<Vec<_>>(), &group.unless);
    let mut except: Vec<Except> = same.chain(others.into_iter().map(|number| Except { other: true, number })).collect();
    let mut all: Vec<(usize, usize)> = number.iter().map(|number| (0, *number)).collect();
    if let Cause::Denied(deny) = cause {
        all.push((1, deny));
    }
    let side = |one: &Except| (usize::from(one.other), one.number);
    let any = |within: &[Within]| -> Vec<Vec<(usize, usize)>> {
        let of = |one: &Within| one.statements.iter().map(|number| (usize::from(one.other), *number)).collect();
        within.iter().map(of).collect()
    };
    if except.len() > MOST_PRUNED {
        return Bounds { statement: *number, cause, within, except };
    }
    // First what does not even meet it, then one by one what takes nothing more out.
    except.retain(|one| decider.meets(actions, &Meeting { all: [&all[..], &[side(one)]].concat(), ..Meeting::default() }));
    let mut at = within.len();
    while at > 0 {
        at -= 1;
        let Some(one) = within.get(at) else { continue };
        let mut others = within.clone();
        others.remove(at);
        let own = one.statements.iter().map(|number| (usize::from(one.other), *number));
        let none = except.iter().map(side).chain(own).collect();
        if !decider.meets(actions, &Meeting { all: all.clone(), any: any(&others), none }) {
            within = others;
        }
    }
    // Of two that take out the same, that of the other side goes.
    let mut at = except.len();
    while at > 0 {
        at -= 1;
        let Some(one) = except.get(at).copied() else { continue };
        let others: Vec<Except> = except.iter().copied().filter(|other| *other != one).collect();
        let meeting =
            Meeting { all: [&all[..], &[side(&one)]].concat(), any: any(&within), none: others.iter().map(side).collect() };
        if !decider.meets(actions, &meeting) {
            except = others;
        }
    }
    Bounds { statement: *number, cause, within, except }
}
