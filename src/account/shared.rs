//! What does nobody use of a policy that several entities have?
//!
//! With `--shared` a managed policy is refined once for all that have it: by what none of them uses, where evidence speaks of
//! each. What several did counts together: one use is a use, and only what would be seen of each is observable.

use super::bits::Bits;
use super::findings::{Service, not_observable, services, unused};
use super::granted::Granted;
use super::observe::Observed;
use super::{Accounts, Entity, PolicyText};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is known of the use of one policy.
#[derive(Debug, Clone)]
pub struct SharedUse {
    /// What it grants.
    pub(super) granted: Bits,
    /// What those who have it did.
    pub(super) observed: Observed,
    /// What none of them uses.
    pub unused: Vec<Service>,
    /// What of it nothing shows.
    pub not_observable: Vec<&'static str>,
    /// The most managed policies that one who has it has beside it.
    pub(super) beside: usize,
}

/// The same of each managed policy; one that somebody has of whom no evidence speaks is not among them.
pub(super) fn shared<'a>(
    accounts: &'a Accounts,
    granted: &Granted,
    observed: impl Fn(&Entity) -> Option<Observed>,
) -> BTreeMap<&'a str, Arc<SharedUse>> {
    let mut having: BTreeMap<&'a str, (Vec<&'a Entity>, &'a Arc<PolicyText>)> = BTreeMap::new();
    for entity in accounts.entities.values() {
        for attached in &entity.policies {
            if let (Some(arn), Ok(text)) = (&attached.arn, &attached.text) {
                having.entry(arn).or_insert((Vec::new(), text)).0.push(entity);
            }
        }
    }
    let nobody_uses = |(arn, (entities, text)): (&'a str, (Vec<&'a Entity>, &'a Arc<PolicyText>))| {
        let beside = entities.iter().map(|entity| beside(entity, arn)).max().unwrap_or(0);
        let observed = together(entities.into_iter().map(&observed))?;
        let granted = granted.by(std::iter::once(text));
        let unused = services(&unused(&granted, &observed), &granted, &observed);
        let not_observable = not_observable(&granted, &observed);
        Some((arn, Arc::new(SharedUse { granted, observed, unused, not_observable, beside })))
    };
    having.into_iter().filter_map(nobody_uses).collect()
}

/// How many managed policies an entity has beside one.
pub(super) fn beside(entity: &Entity, arn: &str) -> usize {
    entity.policies.iter().filter(|policy| policy.arn.as_deref().is_some_and(|own| own != arn)).count()
}

/// What several entities did together; nothing is known if nothing is known of one.
pub(super) fn together(each: impl Iterator<Item = Option<Observed>>) -> Option<Observed> {
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
