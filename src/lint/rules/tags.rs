//! Does a condition on a resource's tag reach actions whose requests never carry one?
//!
//! One finding a key and service, with each action pattern that reaches such an action. Actions that set tags themselves
//! do not count: AWS's published results have none for them, and none for Null tests.
//!
//! Source: AWS's checks of the same names, and their published results, which this rule reproduces.

use super::cover::Glob;
use crate::document::Effect;
use crate::lint::finding::Place;
use crate::lint::registry::Emit;
use crate::lint::view::{Policy, Statement, Text};
use crate::policy::BaseOperator;
use std::collections::BTreeMap;

/// `ALLOW_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE`, and with DENY and NOTACTION
pub(crate) fn check(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for statement in &policy.statements {
        let (effect, code, not_code) = match statement.effect {
            Some(Effect::Allow) => (
                "allows",
                "ALLOW_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE",
                "ALLOW_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE",
            ),
            Some(Effect::Deny) => (
                "denies",
                "DENY_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE",
                "DENY_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE",
            ),
            None => continue,
        };
        let is_null = |base: BaseOperator| base == BaseOperator::Null;
        let keys = statement
            .conditions
            .iter()
            .filter(|one| one.lower.strip_prefix("aws:resourcetag/").is_some_and(|tag| !tag.is_empty()));
        let mut untagged: Option<BTreeMap<String, Vec<&Text<'_>>>> = None;
        for one in keys.filter(|one| one.operator.is_some_and(|operator| !is_null(operator.base))) {
            if emit.code() == not_code && statement.not_action.is_some() {
                let details = format!("not every service sends `{}`, so this {effect} otherwise than it reads", one.key);
                emit.at(&one.key_at, details);
            }
            if emit.code() != code {
                continue;
            }
            for (service, actions) in untagged.get_or_insert_with(|| self::untagged(policy, statement)).iter() {
                let places: Vec<Place> = actions.iter().map(|action| action.at.clone()).chain([one.key_at.clone()]).collect();
                let details = format!("requests for some of these actions of {service} never carry `{}`", one.key);
                emit.places(places, details);
            }
        }
    }
}

/// By service, the values of `Action` that reach an action without tags of a resource.
fn untagged<'s, 'a>(policy: &Policy<'_>, statement: &'s Statement<'a>) -> BTreeMap<String, Vec<&'s Text<'a>>> {
    let mut out: BTreeMap<String, Vec<&Text<'_>>> = BTreeMap::new();
    for action in statement.actions() {
        let lower = action.text.to_ascii_lowercase();
        let Some((prefix, _)) = lower.split_once(':').filter(|(prefix, _)| !prefix.contains(['*', '?'])) else { continue };
        let glob = Glob::parse(&lower);
        let reaches = policy.catalog.matching(&glob).any(|name| {
            let plain = name.lower.split_once(':').map_or("", |(_, plain)| plain);
            let sets = || policy.catalog.service(prefix).and_then(|it| it.action(plain)).is_some_and(|it| it.sees_request_tags());
            policy.catalog.sees_resource_tags(prefix, plain) == Some(false) && !sets()
        });
        if reaches {
            out.entry(prefix.to_owned()).or_default().push(action);
        }
    }
    out
}
