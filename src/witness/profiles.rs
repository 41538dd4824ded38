//! Among which requests could AWS receive one today that shows the same?
//!
//! An action takes resources of some types and carries some condition keys; the catalog knows which. So the actions that
//! exist fall into profiles, alike in both, and what a profile's requests look like is one statement: a resource of these ARNs,
//! none of those keys, ARNs where the catalog types a key so. The search within that statement is as complete as any other:
//! if no profile has a violation, AWS could receive no request today that shows it, as far as the catalog tells.
//!
//! First those that are usual, then those that are possible ([`Fit`]). Only asked where a found witness is doubtful
//! ([`super::plausible`]), which is seldom, and of a limited number of profiles.

use super::plausible::{ACCOUNT, Fit};
use crate::catalog::{Catalog, KeyBase, PARTITIONS};
use crate::diag::Span;
use crate::policy::operator::SetOperator;
use crate::policy::predicate;
use crate::policy::{Access, BaseOperator, Condition, Operator, Policy, ResourceMatch, ResourcePattern, Statement};
use crate::query::{ActionScope, Query};
use crate::request::DERIVED;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};

/// The most profiles that are searched for one witness.
const MOST: usize = 150;

/// The searches of a query about the actions that exist, profile by profile, and whether these are all; that of an action comes first.
pub(super) fn profiles<'p>(closed: &Query<'p>, first: &str, fit: Fit) -> (impl Iterator<Item = Query<'p>>, bool) {
    let actions = if let ActionScope::Listed(actions) = &closed.actions { actions.as_slice() } else { &[] };
    let catalog = Catalog::latest();
    let keys = named(closed);
    let arn = |key: &String| {
        let own = catalog.own_key_type(key).filter(|own| own.base == KeyBase::Arn && !DERIVED.contains(&key.as_str()))?;
        Some((key.clone(), own.multivalued))
    };
    let typed: Vec<(String, bool)> = keys.iter().filter_map(arn).collect();
    // Only keys of an action's own service can be missing, and most policies name none.
    let mut own_keys: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
    for key in &keys {
        own_keys.entry(key.split(':').next().unwrap_or("")).or_default().push(key);
    }
    // Actions of one service that take the same types have the same ARNs: these are written once.
    let mut places: FxHashMap<Shape<'_>, usize> = FxHashMap::default();
    let mut by_alike: BTreeMap<Alike, usize> = BTreeMap::new();
    let mut found: Vec<Vec<String>> = Vec::new();
    for action in actions {
        let prefix = action.split(':').next().unwrap_or("").to_ascii_lowercase();
        let of_service = own_keys.get(prefix.as_str()).into_iter().flatten();
        let left_out: Vec<String> = of_service.filter(|key| !catalog.carries(action, key)).map(|key| (*key).clone()).collect();
        let shape = (prefix, catalog.resource_types(action), catalog.may_lack_resource(action), left_out);
        let place = *places.entry(shape).or_insert_with_key(|(_, _, may_lack, left_out)| {
            let mut arns: Option<Vec<String>> =
                catalog.resource_arns(action).map(|arns| arns.into_iter().map(str::to_owned).collect());
            if let (Some(arns), Fit::Possible, true) = (&mut arns, fit, may_lack) {
                arns.push(EVERYTHING.to_owned());
            }
            *by_alike.entry((arns, left_out.clone())).or_insert_with(|| {
                found.push(Vec::new());
                found.len() - 1
            })
        });
        found.get_mut(place).expect("a place has its actions").push(action.clone());
    }
    let mut taken = |place: usize| std::mem::take(found.get_mut(place).expect("a place has its actions"));
    let mut alike: Vec<(Alike, Vec<String>)> = by_alike.into_iter().map(|(alike, place)| (alike, taken(place))).collect();
    alike.sort_by_key(|(_, actions)| !actions.iter().any(|action| action.eq_ignore_ascii_case(first)));
    let complete = alike.len() <= MOST;
    // Without the list of all actions, which no profile needs.
    let base = Query { actions: ActionScope::All, ..closed.clone() };
    let profile = move |((resources, left_out), actions): (Alike, Vec<String>)| {
        let mut within = statement(resources.as_deref(), &left_out, &typed, fit);
        within.statements.extend(base.within.iter().flat_map(|given| given.statements.iter().cloned()));
        Query { actions: ActionScope::Listed(actions), within: Some(within), ..base.clone() }
    };
    (alike.into_iter().take(MOST).map(profile), complete)
}

/// What tells the ARNs and keys of an action: its service, the types it takes, whether it may lack one, the keys left out.
type Shape<'a> = (String, Option<&'a [String]>, bool, Vec<String>);

/// What the actions of a profile have in common: the ARNs of their resources, and the keys that they do not carry.
type Alike = (Option<Vec<String>>, Vec<String>);

/// The keys that the policies name, in lower case.
fn named(query: &Query<'_>) -> BTreeSet<String> {
    let policies = query.grants.policies().chain(query.unless.into_iter().flat_map(Access::policies)).chain(&query.within);
    policies.flat_map(|policy| &policy.statements).flat_map(Statement::keys).map(str::to_owned).collect()
}

/// The resource `*`, as a pattern that matches nothing else.
const EVERYTHING: &str = "${*}";

/// Statements that all apply to the requests of a profile, and to no others.
fn statement(resources: Option<&[String]>, left_out: &[String], arns: &[(String, bool)], fit: Fit) -> Policy {
    let names = resources.map(names_alone).unwrap_or_default();
    let resources: Vec<String> = match resources {
        None => vec!["*".to_owned()],
        Some([]) => vec![EVERYTHING.to_owned()],
        Some(arns) if fit == Fit::Possible => arns.to_vec(),
        Some(arns) => arns.iter().map(|arn| taken(arn)).collect(),
    };
    let values = PARTITIONS.map(|partition| format!("arn:{}:?*:*:*:?*", partition.name));
    let values = values.each_ref().map(String::as_str);
    let is_arn = |key: &str, set: Option<SetOperator>| {
        condition(Operator { base: BaseOperator::StringLike, set, if_exists: set.is_none() }, key, &values)
    };
    let several = arns.iter().filter(|(_, multivalued)| *multivalued);
    let single = arns.iter().filter(|(_, multivalued)| !multivalued);
    let null = Operator { base: BaseOperator::Null, set: None, if_exists: false };
    let conditions = several
        .map(|(key, _)| is_arn(key, Some(SetOperator::ForAllValues)))
        .chain(left_out.iter().map(|key| condition(null, key, &["true"])))
        .chain(single.map(|(key, _)| is_arn(key, None)));
    let mut within = predicate::statement(None, Some(listed(false, &resources)), conditions.collect());
    if !names.is_empty() {
        within.statements.extend(predicate::statement(None, Some(listed(true, &names)), Vec::new()).statements);
    }
    within
}

fn condition(operator: Operator, key: &str, values: &[&str]) -> Condition {
    Condition::new(operator, key, Span::default(), values, false).0
}

/// These resources, or all others.
fn listed(negated: bool, resources: &[String]) -> ResourceMatch {
    let patterns = resources.iter().map(|text| ResourcePattern::parse(text, Span::default(), true)).collect();
    ResourceMatch { negated, patterns }
}

/// What looks like a resource that is a name alone (of a bucket, a topic, a queue) and has a path, unless it is of another
/// type: an object.
fn names_alone(arns: &[String]) -> Vec<String> {
    let start = |arn: &str| arn.strip_suffix(":*").filter(|start| start.matches(':').count() == 4).map(str::to_owned);
    let starts = arns.iter().filter_map(|arn| start(arn));
    let taken = |start: &String| arns.iter().any(|arn| arn.strip_prefix(start.as_str()).is_some_and(|rest| rest.contains('/')));
    starts.filter(|start| !taken(start)).map(|start| format!("{start}:*/*")).collect()
}

/// A placeholder stands for at least one character, but for the account's.
fn taken(arn: &str) -> String {
    let part = |(at, part): (usize, &str)| if at == ACCOUNT { part.to_owned() } else { part.replace('*', "?*") };
    arn.splitn(6, ':').enumerate().map(part).collect::<Vec<_>>().join(":")
}
