//! Which keys that a request does not give could change what becomes of it?
//!
//! A simulation decides the request as it is given, where an absent key is absent. A real request may carry the key: every
//! request has `aws:RequestedRegion`, say. So the decision is made once more for every combination of a few values
//! (`super::candidates`) of the keys that are missing. A key is told if some combination decides otherwise, and decides
//! as before, or otherwise again, without the key.
//!
//! Too many combinations (`MOST_WORLDS`) are not tried: then every statement that asks for a missing key may apply or not,
//! and if the decision hangs on any of them all of their keys are told. So at worst a key is told too much.
//!
//! Keys that follow from the principal are never missing: what does not follow from it, no request of it has.
//!
//! Source: IAM API Reference, "SimulateCustomPolicy" (`MissingContextValues`), for the idea.

use super::candidates;
use super::{Decision, Evaluator, evaluator};
use crate::policy::compose::{Rule, Through};
use crate::policy::{Access, Statement};
use crate::request::{DERIVED, Request};
use std::collections::{BTreeMap, BTreeSet};

/// The most combinations of values that are tried, and the most statements that are looked at in doing so.
const MOST_WORLDS: usize = 4_096;
const MOST_STATEMENTS: usize = 400_000;

/// A key that is not given and could change the decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The key, as the policies write it.
    pub key: String,
    /// What the request would carry for the decision to be another, this key first; empty if that was not found out.
    pub with: Vec<(String, Vec<String>)>,
    /// The decision then.
    pub then: Option<Decision>,
    /// The numbers of the statements that ask for the key.
    pub asked_by: Vec<usize>,
}

/// The missing keys that could change the decision, in alphabetical order.
pub fn missing(access: &Access, request: &Request) -> Vec<Missing> {
    let among = access.about(&request.action.to_ascii_lowercase());
    let open = open_statements(access, &among, request);
    let mut keys: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (number, statement) in &open {
        for key in statement.keys().filter(|key| is_missing(key, request)).collect::<BTreeSet<_>>() {
            keys.entry(key).or_default().push(*number);
        }
    }
    let mut found = Worlds::new(access, &among, request, &keys, &open).map_or_else(
        || undecided(access, &among, request, &keys),
        |worlds| keys.iter().enumerate().filter_map(|(at, (key, asked_by))| worlds.told(at, key, asked_by)).collect(),
    );
    for one in &mut found {
        one.key = written(&one.key, &open);
        one.with.iter_mut().for_each(|(key, _)| *key = written(key, &open));
    }
    found
}

fn is_missing(key: &str, request: &Request) -> bool {
    !request.context.contains_key(key) && !DERIVED.contains(&key)
}

/// A key as the first condition on it writes it.
fn written(key: &str, statements: &[(usize, &Statement)]) -> String {
    let conditions = statements.iter().flat_map(|(_, statement)| &statement.conditions);
    let mut own = conditions.filter(|condition| condition.key == key);
    own.next().map_or_else(|| key.to_owned(), |condition| condition.key_written.clone())
}

/// The statements that apply or not as missing keys have it.
fn open_statements<'a>(access: &'a Access, among: &[usize], request: &Request) -> Vec<(usize, &'a Statement)> {
    let is_open = |statement: &Statement| {
        let named = |through| statement.principal.as_ref().is_none_or(|list| super::principal::applies(list, request, through));
        statement.keys().any(|key| is_missing(key, request))
            && (named(Through::Any) || named(Through::AnyOrBounded))
            && statement.resource.as_ref().is_none_or(|list| candidates::could_match(list, request))
            && statement.conditions.iter().all(|condition| {
                let mut keys = std::iter::once(condition.key.as_str()).chain(condition.variables().map(|one| one.key.as_str()));
                keys.any(|key| is_missing(key, request)) || super::condition::holds(condition, request)
            })
    };
    let all = among.iter().filter_map(|number| Some((*number, access.statement(*number)?.1)));
    all.filter(|(_, statement)| is_open(statement)).collect()
}

/// The decision of each combination of values, the first key's value changing fastest. Value 0 is none.
struct Worlds {
    keys: Vec<String>,
    values: Vec<Vec<Vec<String>>>,
    decisions: Vec<Decision>,
}

impl Worlds {
    /// `None` if there are too many.
    fn new(
        access: &Access,
        among: &[usize],
        request: &Request,
        keys: &BTreeMap<&str, Vec<usize>>,
        open: &[(usize, &Statement)],
    ) -> Option<Self> {
        let statements: Vec<&Statement> = open.iter().map(|(_, statement)| *statement).collect();
        let values: Vec<Vec<Vec<String>>> = keys.keys().map(|key| candidates::values(key, &statements, request)).collect();
        let count = values
            .iter()
            .try_fold(1usize, |count, own| count.checked_mul(own.len() + 1).filter(|count| *count <= MOST_WORLDS))?;
        if count.saturating_mul(among.len().max(1)) > MOST_STATEMENTS {
            return None;
        }
        let keys: Vec<String> = keys.keys().map(|key| (*key).to_owned()).collect();
        let mut out = Self { keys, values, decisions: Vec::with_capacity(count) };
        for world in 0..count {
            let mut there = request.clone();
            there.context.extend(out.carried(world));
            let decision = evaluator(access, &there, Some(among)).decision();
            out.decisions.push(decision);
        }
        Some(out)
    }

    /// Which value each key has in a world.
    fn choices(&self, mut world: usize) -> Vec<usize> {
        let choose = |own: &Vec<Vec<String>>| {
            let (choice, rest) = (world % (own.len() + 1), world / (own.len() + 1));
            world = rest;
            choice
        };
        self.values.iter().map(choose).collect()
    }

    /// What a world's request carries of the missing keys.
    fn carried(&self, world: usize) -> Vec<(String, Vec<String>)> {
        let chosen = self.choices(world).into_iter().zip(&self.values).zip(&self.keys);
        chosen.filter_map(|((choice, own), key)| Some((key.clone(), own.get(choice.checked_sub(1)?)?.clone()))).collect()
    }

    /// What is told of a key, if some world decides otherwise because of it.
    fn told(&self, at: usize, key: &str, asked_by: &[usize]) -> Option<Missing> {
        let weight: usize = self.values.iter().take(at).map(|own| own.len() + 1).product();
        let base = *self.decisions.first()?;
        let matters = |(world, decision): (usize, &Decision)| {
            let choices = self.choices(world);
            let choice = *choices.get(at)?;
            let without = *self.decisions.get(world - choice * weight)?;
            let present = choices.iter().filter(|choice| **choice > 0).count();
            (choice > 0 && *decision != base && *decision != without).then_some((present, world))
        };
        let (_, world) = self.decisions.iter().enumerate().filter_map(matters).min()?;
        let (mut with, others): (Vec<_>, Vec<_>) = self.carried(world).into_iter().partition(|(own, _)| own == key);
        with.extend(others);
        let then = self.decisions.get(world).copied();
        Some(Missing { key: key.to_owned(), with, then, asked_by: asked_by.to_vec() })
    }
}

/// All missing keys, if the decision hangs on statements that ask for any.
fn undecided(access: &Access, among: &[usize], request: &Request, keys: &BTreeMap<&str, Vec<usize>>) -> Vec<Missing> {
    let evaluator = evaluator(access, request, Some(among));
    let open: BTreeSet<usize> = keys.values().flatten().copied().collect();
    let rules = access.rules();
    let truths = |rules: &mut dyn Iterator<Item = &Rule>| -> Vec<Option<bool>> {
        rules.map(|rule| maybe(&evaluator, rule, &open)).collect()
    };
    let denies = truths(&mut rules.denies.iter().map(|(_, rule)| rule));
    let gates = truths(&mut rules.gates.iter().map(|gate| &gate.rule));
    let denied = denies.contains(&Some(true)) || (!denies.contains(&None) && gates.contains(&Some(false)));
    let allowed = !denies.contains(&None) && !denies.contains(&Some(true)) && gates.iter().all(|gate| *gate == Some(true));
    if denied || allowed {
        return Vec::new();
    }
    let told = |(key, asked_by): (&&str, &Vec<usize>)| Missing {
        key: (*key).to_owned(),
        with: Vec::new(),
        then: None,
        asked_by: asked_by.clone(),
    };
    keys.iter().map(told).collect()
}

/// Whether a rule holds; `None` if that hangs on a statement that is open.
fn maybe(evaluator: &Evaluator<'_>, rule: &Rule, open: &BTreeSet<usize>) -> Option<bool> {
    match rule {
        Rule::Applies(number, _) if open.contains(number) => None,
        Rule::Const(_) | Rule::Applies(..) | Rule::Fact(_) => Some(evaluator.holds(rule)),
        Rule::Not(inner) => maybe(evaluator, inner, open).map(|truth| !truth),
        Rule::All(parts) => {
            let truths: Vec<_> = parts.iter().map(|part| maybe(evaluator, part, open)).collect();
            if truths.contains(&Some(false)) { Some(false) } else { truths.iter().all(Option::is_some).then_some(true) }
        }
        Rule::Any(parts) => {
            let truths: Vec<_> = parts.iter().map(|part| maybe(evaluator, part, open)).collect();
            if truths.contains(&Some(true)) { Some(true) } else { truths.iter().all(Option::is_some).then_some(false) }
        }
    }
}
