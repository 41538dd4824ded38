//! Which policies would an entity have, and by what names?
//!
//! A policy that stays keeps its name and its ARN. One that AWS wrote, or that others share, cannot be changed for one entity:
//! a new one stands in its place, whose name says for whom, so that two entities never write to one name.
//!
//! Source: IAM User Guide, "IAM name requirements" (policy names have at most 128 characters, and are unique without case).

use super::recommend::{Recommendation, Recommended, after};
use super::{EntityKind, PolicyText};
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
    /// Its document.
    pub text: &'p Arc<PolicyText>,
}

/// Everything that an entity would have of its own, in order. New policies have names of their own: an account may have a
/// policy of the name of one of AWS's.
pub fn planned<'p>(one: &'p Recommendation<'_>) -> Vec<Planned<'p>> {
    let mut out: Vec<Planned<'p>> = Vec::new();
    for mut next in one.policies.iter().flat_map(|policy| of(one, policy)) {
        let is_new = |planned: &Planned<'_>| planned.managed && planned.arn.is_none();
        let first = next.name.clone();
        let mut number = 1;
        while is_new(&next) && out.iter().any(|other| is_new(other) && other.name.eq_ignore_ascii_case(&next.name)) {
            number += 1;
            let end = format!("-{number}");
            next.name = first.chars().take(LONGEST - end.len()).collect::<String>() + &end;
        }
        out.push(next);
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
            text,
        };
        return after(policy).map(one).into_iter().collect();
    }
    let texts: Vec<&Arc<PolicyText>> =
        if policy.parts.is_empty() { after(policy).into_iter().collect() } else { policy.parts.iter().collect() };
    let count = texts.len();
    let named = |(at, text): (usize, &'p Arc<PolicyText>)| {
        let number = if count > 1 { format!("-{}", at + 1) } else { String::new() };
        let name = new_name(one, &attached.name, &number);
        Planned { name, arn: None, replaces: Some(attached.label()), changed: true, managed: true, text }
    };
    texts.into_iter().enumerate().map(named).collect()
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
