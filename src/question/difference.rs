//! What exactly does one access definition allow that another does not? As a list of disjoint regions, complete.
//!
//! A region is: these actions, by this granting statement, but for what earlier statements of the list grant, what Deny
//! statements deny, and what the other side allows anyway. The actions are cut into groups to which the same statements
//! apply, so over all groups and granting statements the regions are all there is, and no request is in two of them. A
//! region is left out only if it is proved empty. Its actions are written as a least-general set of patterns over the
//! catalog: a wildcard reaches nothing of the catalog that is not in the region.

use super::actions::{self, Group};
use super::ask::{self, ActionScope, Ask};
use super::replay;
use super::{InternalError, Proof, Settings};
use crate::catalog::Catalog;
use crate::diag::Budget;
use crate::document::Effect;
use crate::eval;
use crate::glob::trie::{Cover, cover};
use crate::policy::{Access, Request};
use crate::smt;
use crate::solve::{self, Actions, Decided, Decider};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// A statement that takes something out of a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Except {
    /// Whether it is of the other side: what that side's Allow statements grant anyway, but for its Deny statements.
    pub other: bool,
    /// The statement's number.
    pub number: usize,
}

/// One region of a difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// Patterns over the catalog's actions; actions that do not exist today are written out.
    pub actions: Vec<String>,
    /// Whether an action of it exists today.
    pub exists: bool,
    /// The granting statement's number; `None` for the account's root, which a stack without identity policies lets do
    /// what no statement grants.
    pub statement: Option<usize>,
    /// What is not in it although the statement grants it.
    pub except: Vec<Except>,
    /// A request of the region, replayed; `None` if none was found and none was ruled out.
    pub witness: Option<Request>,
}

/// The whole difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// What the new side allows and the old one does not.
    pub added: Vec<Region>,
    /// What the old side allows and the new one does not.
    pub removed: Vec<Region>,
    /// Why it could not be told, if it could not.
    pub unknown: Option<String>,
    /// What it rests on.
    pub proof: Proof,
}

/// The difference between two access definitions, both ways.
pub fn difference(old: &Access, new: &Access, settings: &Settings) -> Result<Difference, InternalError> {
    let started = Instant::now();
    let mut found = ask::Found::default();
    let mut unknown = None;
    let deadline = started + settings.budget.timeout;
    let mut side = |grants: &Access, unless: &Access| -> Result<Vec<Region>, InternalError> {
        Ok(regions(grants, unless, settings, deadline, &mut found)?.unwrap_or_else(|why| {
            unknown = Some(why);
            Vec::new()
        }))
    };
    let (added, removed) = (side(new, old)?, side(old, new)?);
    let all = || added.iter().chain(&removed);
    // A difference of which nothing is shown is none that is proved.
    if unknown.is_none() && all().next().is_some() && all().all(|region| region.witness.is_none()) {
        unknown = Some("no request was found that shows it, and it was not refuted".to_owned());
    }
    Ok(Difference { added, removed, unknown, proof: Proof::since(started, settings, [&found]) })
}

/// A granting statement, and what is taken out of it.
type Cut = (Option<usize>, Vec<Except>);

/// The groups of actions for which it is cut so, and a request.
type Content = (Vec<Group>, Option<Request>);

fn regions(
    grants: &Access,
    unless: &Access,
    settings: &Settings,
    deadline: Instant,
    found: &mut ask::Found,
) -> Result<Result<Vec<Region>, String>, InternalError> {
    let search = Ask::new(grants, Some(unless));
    let within = search.within.as_ref();
    let question = solve::Question {
        grants,
        unless: Some(unless),
        resources: None,
        within,
        always: &search.always,
        never: search.ties.as_ref(),
    };
    let mut decider = Decider::new(&question, settings.matching, settings.budget.states, false);
    // By statement and what is taken out of it: the groups' actions, and a witness.
    let mut merged: BTreeMap<Cut, Content> = BTreeMap::new();
    let Some(groups) = actions::groups(&search, settings.budget.states) else {
        return Ok(Err(format!("the actions fall into more classes than {} states tell apart", settings.budget.states)));
    };
    for group in groups {
        let actions = Actions { grants: &group.grants, unless: &group.unless, action: &group.action };
        let mut earlier: Vec<usize> = Vec::new();
        let granting = group.grants.iter().copied().filter(|number| grants.grants(*number)).map(Some);
        for number in granting.chain(grants.grants_without_statement().then_some(None)) {
            found.decided += 1;
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Err(format!("the time budget of {:?} is used up", settings.budget.timeout)));
            }
            let shows = |request: &Request| {
                let granted = eval::evaluate(grants, request, settings.matching);
                replay::violates(&search, request, settings.matching).is_some()
                    && number.is_none_or(|number| granted.decided_by.contains(&number))
                    && !granted.decided_by.iter().any(|by| earlier.contains(by))
            };
            let replay = |request: Request| replay::replayed(&search, request, settings.matching).filter(shows);
            let witness = match decider.decide_without(actions, number, &earlier, &replay) {
                Decided::Empty => {
                    earlier.extend(number);
                    continue;
                }
                Decided::Shown(request) => Some(*request),
                Decided::Open => {
                    // What relates attributes, such as policy variables: Z3 may know that there is nothing.
                    let scope = ActionScope::Listed(vec![group.action.clone()]);
                    let one = Ask { actions: scope, by: number, ..search.clone() };
                    let budget = Budget { timeout: left, ..settings.budget };
                    let own = Settings { realistic: false, budget, ..*settings };
                    let more = smt::in_fresh_context(|| ask::ask(&one, &own))?;
                    found.queries += more.queries;
                    if more.witness.is_none() && more.unknown.is_none() {
                        earlier.extend(number);
                        continue;
                    }
                    more.witness.filter(shows)
                }
            };
            let mut except: Vec<Except> = Vec::new();
            let own = group.grants.iter().filter(|other| {
                let deny = grants.statement(**other).is_some_and(|(_, statement)| statement.effect == Effect::Deny);
                deny || earlier.contains(other)
            });
            except.extend(own.map(|other| Except { other: false, number: *other }));
            except.extend(group.unless.iter().map(|other| Except { other: true, number: *other }));
            except.retain(|one| {
                number.is_none_or(|number| decider.overlap(actions, (0, number), (usize::from(one.other), one.number)))
            });
            // A Deny of the other side only matters to what its Allow statements would keep.
            let keeps = |one: &Except| one.other && unless.grants(one.number);
            if !except.iter().any(keeps) {
                except.retain(|one| !one.other);
            }
            let slot = merged.entry((number, except)).or_default();
            slot.0.push(group.clone());
            if slot.1.is_none() {
                slot.1 = witness;
            }
            earlier.extend(number);
        }
    }
    let named: Vec<(Cut, Content)> = merged.into_iter().collect();
    let by_group = catalog_actions(&search, named.iter().flat_map(|(_, (groups, _))| groups));
    let region = |((statement, except), (groups, witness)): (Cut, Content)| {
        let (actions, exists) = patterns(&groups, &by_group);
        Region { actions, exists, statement, except, witness }
    };
    Ok(Ok(named.into_iter().map(region).collect()))
}

type Signature = (Vec<usize>, Vec<usize>);

/// The catalog's actions of each of these groups.
fn catalog_actions<'g>(search: &Ask<'_>, groups: impl Iterator<Item = &'g Group>) -> BTreeMap<Signature, Vec<&'static str>> {
    let wanted: BTreeSet<Signature> = groups.map(|group| (group.grants.clone(), group.unless.clone())).collect();
    let mut out: BTreeMap<Signature, Vec<&'static str>> = BTreeMap::new();
    if wanted.is_empty() {
        return out;
    }
    for name in Catalog::latest().all_names() {
        let name = &*name.spelled;
        let group = actions::group_of(search, name);
        let signature = (group.grants, group.unless);
        if wanted.contains(&signature) {
            out.entry(signature).or_default().push(name);
        }
    }
    out
}

/// The least-general patterns over the catalog for the actions of these groups, and whether there are any.
fn patterns(groups: &[Group], known: &BTreeMap<Signature, Vec<&'static str>>) -> (Vec<String>, bool) {
    let mut wanted: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for group in groups {
        for action in known.get(&(group.grants.clone(), group.unless.clone())).into_iter().flatten() {
            if let Some((service, name)) = action.split_once(':') {
                wanted.entry(service).or_default().push(name);
            }
        }
    }
    if wanted.is_empty() {
        return (groups.iter().map(|group| group.action.clone()).collect(), false);
    }
    let mut out = Vec::new();
    for (service, names) in wanted {
        let of_service = Catalog::latest().service(service);
        let all = of_service.iter().flat_map(|service| service.actions()).map(|action| action.name.as_str());
        let others: Vec<&str> = all.filter(|name| !names.contains(name)).collect();
        let pieces = cover(&names, &others);
        let prefixes: Vec<&String> = pieces
            .iter()
            .filter_map(|piece| if let Cover::Prefix { prefix, .. } = piece { Some(prefix) } else { None })
            .collect();
        for piece in &pieces {
            match piece {
                // `DescribeStack*` reaches `DescribeStacks`, though that is another word.
                Cover::Name(name) if prefixes.iter().any(|prefix| name.starts_with(prefix.as_str())) => {}
                Cover::Name(name) => out.push(format!("{service}:{name}")),
                Cover::Prefix { prefix, .. } => out.push(format!("{service}:{prefix}*")),
            }
        }
    }
    (out, true)
}
