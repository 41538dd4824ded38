//! Which policies would an entity have, and by what names?
//!
//! A policy that stays keeps its name and its ARN. One that AWS wrote, or that others share, cannot be changed for one entity:
//! a new one stands in its place, whose name says for whom, so that two entities never write to one name.
//!
//! Source: IAM User Guide, "IAM name requirements" (policy names have at most 128 characters, and are unique without case).

use super::recommend::{Recommendation, Recommended, after};
use super::{Accounts, EntityKind, PolicyText};
use crate::value::arn;
use std::collections::BTreeMap;
use std::hash::{Hash as _, Hasher as _};
use std::sync::Arc;

/// The longest name of a policy.
const LONGEST: usize = 128;

/// A policy that an entity would have.
#[derive(Debug, Clone)]
pub struct Planned<'p> {
    /// Its name.
    pub name: String,
    /// The ARN of a managed policy that stays; a new one has none yet.
    pub arn: Option<&'p str>,
    /// What it stands in place of, if it is new: the ARN of a managed policy, the name of an inline one.
    pub replaces: Option<&'p str>,
    /// Whether its document is another one than before.
    pub changed: bool,
    /// Whether it is a managed policy.
    pub managed: bool,
    /// Whether it is new, and one for all that have what it stands in place of.
    pub shared: bool,
    /// Its document.
    pub text: &'p Arc<PolicyText>,
}

/// Everything that an entity would have of its own, in order, each with the number of the policy that it stands in place of.
/// New policies have names of their own: an account may have a policy of the name of one of AWS's.
pub fn planned<'p>(one: &'p Recommendation<'_>) -> Vec<(usize, Planned<'p>)> {
    let mut out: Vec<(usize, Planned<'p>)> = Vec::new();
    let all = one.policies.iter().enumerate().flat_map(|(at, policy)| of(one, policy).into_iter().map(move |new| (at, new)));
    for (at, mut next) in all {
        let is_new = |planned: &Planned<'_>| planned.managed && planned.arn.is_none();
        let first = next.name.clone();
        let mut number = 1;
        while is_new(&next) && out.iter().any(|(_, other)| is_new(other) && other.name.eq_ignore_ascii_case(&next.name)) {
            number += 1;
            next.name = numbered(&first, number);
        }
        out.push((at, next));
    }
    out
}

/// What becomes of one policy: nothing if it goes, or is missing.
pub fn of<'p>(one: &Recommendation<'_>, policy: &'p Recommended<'_>) -> Vec<Planned<'p>> {
    let attached = policy.attached;
    let is_new = policy.refined.is_some() && (attached.arn.is_some() || !policy.parts.is_empty());
    if !is_new {
        let one = |text| Planned {
            name: attached.name.clone(),
            arn: attached.arn.as_deref(),
            replaces: None,
            changed: policy.refined.is_some(),
            managed: attached.arn.is_some(),
            shared: false,
            text,
        };
        return after(policy).map(one).into_iter().collect();
    }
    let texts: Vec<&Arc<PolicyText>> =
        if policy.parts.is_empty() { after(policy).into_iter().collect() } else { policy.parts.iter().collect() };
    let count = texts.len();
    let named = |(at, text): (usize, &'p Arc<PolicyText>)| {
        let number = if count > 1 { format!("-{}", at + 1) } else { String::new() };
        let name = policy.names.get(at).cloned().unwrap_or_else(|| new_name(one, &attached.name, &number));
        let shared = one.shared && attached.arn.is_some();
        Planned { name, arn: None, replaces: Some(attached.label()), changed: true, managed: true, shared, text }
    };
    texts.into_iter().enumerate().map(named).collect()
}

/// Names the new policies of all entities: no name of an account stands for two documents, nor for a policy that is there
/// already. Names alone could: what stands in place of `Deploy` of AWS and of the account's own `Deploy`, or the second part of
/// a policy of `app` and a policy of `app-2`. With `--shared` one document in place of one policy has one name.
pub fn name(all: &mut [Recommendation<'_>], accounts: &Accounts) {
    let lower = |account: &str, name: &str| (account.to_owned(), name.to_lowercase());
    let there = accounts.managed.keys().filter_map(|arn| {
        let [.., account, rest] = arn::split(arn)?;
        Some((lower(account, rest.rsplit('/').next()?), arn.clone()))
    });
    // What each name stands for.
    let mut taken: BTreeMap<(String, String), String> = there.collect();
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    for one in all {
        let mut names: Vec<Vec<String>> = Vec::new();
        for (at, policy) in one.policies.iter().enumerate() {
            let mut own = Vec::new();
            for (part, new) in of(one, policy).into_iter().filter(|new| new.managed && new.arn.is_none()).enumerate() {
                let account = &one.entity.account;
                let what = if new.shared {
                    format!("{account} {} {}", new.replaces.unwrap_or_default(), new.text.value())
                } else {
                    format!("{} {at} {part}", one.entity.arn)
                };
                let fresh = || {
                    let mut all = (1_usize..).map(|number| numbered(&new.name, number));
                    all.find(|name| !taken.contains_key(&lower(account, name))).unwrap_or_default()
                };
                let name = known.get(&what).cloned().unwrap_or_else(fresh);
                taken.insert(lower(account, &name), what.clone());
                known.insert(what, name.clone());
                own.push(name);
            }
            names.push(own);
        }
        one.policies.iter_mut().zip(names).for_each(|(policy, names)| policy.names = names);
    }
}

/// A name with a number behind it, from the second on.
fn numbered(name: &str, number: usize) -> String {
    if number < 2 {
        return name.to_owned();
    }
    let end = format!("-{number}");
    name.chars().take(LONGEST - end.len()).collect::<String>() + &end
}

fn new_name(one: &Recommendation<'_>, name: &str, number: &str) -> String {
    let kind = match one.entity.kind {
        EntityKind::User => "user",
        EntityKind::Role => "role",
        EntityKind::Group => "group",
    };
    let end = if one.shared { format!("-used{number}") } else { format!("-used-by-{kind}-{}{number}", one.entity.name) };
    let whole = format!("{name}{end}");
    if whole.chars().count() <= LONGEST {
        return whole;
    }
    let mut hasher = rustc_hash::FxHasher::default();
    whole.hash(&mut hasher);
    let end = format!("-{:08x}{number}", hasher.finish() >> 32);
    whole.chars().take(LONGEST - end.len()).collect::<String>() + &end
}
