//! Does everything that was logged still work?
//!
//! Each use within the window becomes requests, one for each action that may have authorized it and each resource that the
//! records name (`*` where they name none), with the condition keys that a record says were evaluated, and with each value
//! that records have of them. What the old stack allows the new one must allow. A request that the old stack does not allow
//! either cannot be replayed so: a record says little of a request's context. It is covered by the proof that no other action
//! was lost.

use super::observe::Window;
use crate::catalog::operations;
use crate::eval;
use crate::evidence::{Activity, Use};
use crate::policy::Access;
use crate::request::{Principal, Request};
use std::collections::BTreeMap;

/// What a replay found.
#[derive(Debug, Clone, Default)]
pub(super) struct Replayed {
    /// Requests that both stacks allow.
    pub(super) count: usize,
    /// How many requests were tried.
    pub(super) tried: usize,
    /// A request that only the old one allows.
    pub(super) lost: Option<String>,
    /// What is worth knowing.
    pub(super) note: Option<String>,
}

/// Replays what a principal did under its old and its new stack: at most so many requests.
pub(super) fn replay(arn: &str, activity: &Activity, window: Window, [old, new]: [&Access; 2], most: usize) -> Replayed {
    let mut out = Replayed::default();
    for ((source, name), used) in activity.uses.iter().filter(|(_, used)| used.last >= window.from) {
        let resources = used.resources.iter().map(String::as_str).chain((used.without_resource > 0).then_some("*"));
        for resource in resources {
            let actions = operations::actions_of(source, name).unwrap_or_default();
            let contexts = contexts(used);
            for (action, context) in actions.iter().flat_map(|action| contexts.iter().map(move |context| (action, context))) {
                if out.tried >= most {
                    out.note = Some(format!("only the first {most} logged calls were replayed"));
                    return out;
                }
                out.tried += 1;
                let request = Request::new(Principal::Aws(arn.to_owned()), action, resource, context.clone());
                if !eval::allows(old, &request) {
                    continue;
                }
                if eval::allows(new, &request) {
                    out.count += 1;
                } else {
                    out.lost = Some(format!("{action} on {resource}, {}:{}", used.place.file, used.place.line));
                    return out;
                }
            }
        }
    }
    out
}

/// The contexts of a use: that of the latest record, and the same with each other value that a key had.
fn contexts(used: &Use) -> Vec<BTreeMap<String, Vec<String>>> {
    let mut out = vec![used.context.clone()];
    for (key, values) in &used.keys {
        for value in values.iter().filter(|value| used.context.get(key).is_none_or(|own| !own.contains(value))) {
            let mut other = used.context.clone();
            other.insert(key.clone(), vec![value.clone()]);
            out.push(other);
        }
    }
    out
}
