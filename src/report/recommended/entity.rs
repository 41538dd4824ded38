//! The files of one entity: policies before and after, the steps, what was removed, the proof's index, Terraform and
//! CloudFormation.
//!
//! Whoever doubts a recommendation can ask again with nothing but these files: `verify` in the proof's index names, of each
//! policy, the original, the refinement and the unused permissions that `leastwise verify` takes. What a policy becomes is
//! not always its refinement: one that is too long is cut, `--resources` and `--conditions` narrow it; then the refinement
//! stands beside. Of an Allow with `NotAction` that became a list of actions that list, unrefined, is the original.

use super::infrastructure::{cloudformation, terraform};
use super::json::{proof, steps};
use super::layout::{Layout, Place, is_changed};
use crate::account::PolicyText;
use crate::account::findings::{Finding, Service, Unused};
use crate::account::observe::Window;
use crate::account::recommend::Recommendation;
use crate::account::refining::Refined;
use crate::report::unused;
use serde_json::{Map, Value, json};

impl<'r> Layout<'r> {
    /// The files of the entity with this number, with their paths below the output folder. None if nothing changes.
    pub fn files(&self, number: usize, window: Window) -> Vec<(String, String)> {
        let Some((one, folder)) = self.all.get(number).zip(self.folders.get(number)) else { return Vec::new() };
        if !is_changed(one) {
            return Vec::new();
        }
        let places = self.places(one);
        let mut out = Vec::new();
        let mut add = |path: &str, text: String| out.push((format!("{folder}/{path}"), text));
        for place in &places {
            if let Ok(text) = &place.policy.attached.text {
                add(&format!("before/{}.json", place.stem), written(text));
            }
            for (planned, path) in &place.after {
                add(path, written(planned.text));
            }
            // What stands for all stands with its proof in a folder of its own.
            let Some(refined) = place.policy.refined.as_ref().filter(|_| place.policy.by.is_none()) else { continue };
            if let Some(listed) = &refined.listed {
                add(&listed_path(place), written(listed));
            }
            if let Some(refinement) = refined.refinement.as_ref().filter(|_| !place.is_plain()) {
                add(&refined_path(place), written(refinement));
            }
        }
        add("steps.json", pretty(&self.steps(one)));
        add("unused.json", pretty(&removed(one, window, one.unused.clone())));
        for place in places.iter().filter(|place| place.policy.by.is_none()) {
            let Some(refined) = place.policy.refined.as_ref().filter(|refined| !refined.kept.is_empty()) else { continue };
            let services = one.unused.iter().filter(|service| !refined.kept.contains(&service.namespace)).cloned();
            add(&unused_path(place, refined), pretty(&removed(one, window, services.collect())));
        }
        let own: Vec<_> = places.iter().map(|place| self.place(place, folder, &one.entity.account)).collect();
        let mut index = proof(one, |at| own.get(at).cloned().unwrap_or_default());
        if let Some(whole) = one.whole.as_ref().filter(|whole| !whole.checked.is_empty()) {
            index["stack"]["certificates"] = json!(format!("{folder}/stack"));
            index["stack"]["checked"] = json!(whole.checked.len());
        }
        add("proof.json", pretty(&index));
        add("main.tf.json", pretty(&terraform(one)));
        if let Some(template) = cloudformation(one) {
            add("cloudformation.json", pretty(&template));
        }
        out
    }

    /// What is to be done, and which of the new policies are then to be attached.
    fn steps(&self, one: &Recommendation<'_>) -> Value {
        let mut out = steps(one);
        let attached = |(_, planned): (usize, crate::account::planned::Planned<'_>)| {
            let is_new = planned.managed && planned.arn.is_none();
            let of_all = self.common.get(&(one.entity.account.clone(), planned.name.clone())).filter(|_| planned.shared);
            let mut attached = json!({"policyName": planned.name});
            of_all.iter().for_each(|common| attached["folder"] = json!(common.folder));
            is_new.then_some(attached)
        };
        out["attachments"] = crate::account::planned::planned(one).into_iter().filter_map(attached).collect();
        out
    }

    /// What the proof's index says of the files of one policy.
    fn place(&self, place: &Place<'_>, folder: &str, account: &str) -> Map<String, Value> {
        let mut out = Map::new();
        let Some(refined) = &place.policy.refined else { return out };
        let before = format!("before/{}.json", place.stem);
        let after: Vec<&String> = place.after.iter().map(|(_, path)| path).collect();
        out.insert("before".to_owned(), json!(before));
        out.insert("after".to_owned(), json!(after));
        if place.policy.by.is_some() {
            let first = place.after.first().and_then(|(planned, _)| self.common.get(&(account.to_owned(), planned.name.clone())));
            out.insert("folder".to_owned(), json!(first.map(|common| &common.folder)));
            out.insert("unused".to_owned(), json!(first.map(|common| format!("{}/unused.json", common.folder))));
            return out;
        }
        let original = if refined.listed.is_some() { listed_path(place) } else { before };
        let refinement = match after.first().filter(|_| place.is_plain()) {
            Some(path) => (*path).clone(),
            None => refined_path(place),
        };
        let unused = unused_path(place, refined);
        out.insert("unused".to_owned(), json!(unused));
        if refined.refinement.is_some() {
            out.insert("verify".to_owned(), json!([original, refinement, unused]));
        }
        if refined.obligations.iter().any(|one| !one.checked.is_empty()) {
            out.insert("certificates".to_owned(), json!(format!("{folder}/policies/{}", place.stem)));
        }
        out
    }
}

fn listed_path(place: &Place<'_>) -> String {
    format!("listed/{}.json", place.stem)
}

/// What a policy was refined by: all that is unused, or what of it could go.
fn unused_path(place: &Place<'_>, refined: &Refined) -> String {
    if refined.kept.is_empty() { "unused.json".to_owned() } else { format!("unused/{}.json", place.stem) }
}

fn refined_path(place: &Place<'_>) -> String {
    format!("refined/{}.json", place.stem)
}

/// For people, with a newline at the end.
pub(super) fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).map_or_else(|_| value.to_string(), |text| text + "\n")
}

/// A policy as it stands in the export, byte for byte; one that stands there as a text is printed anew.
pub(super) fn written(text: &PolicyText) -> String {
    let (source, span) = (text.source(), text.span());
    match (text.value().as_str(), source.text.get(span.start..span.end)) {
        (None, Some(raw)) => format!("{raw}\n"),
        _ => text.read().map_or_else(|_| text.value().to_pretty(), |lowered| lowered.document.json.to_pretty()),
    }
}

/// The findings that a refinement removes: what `refine --unused` and `verify --unused` take.
fn removed(one: &Recommendation<'_>, window: Window, services: Vec<Service>) -> Value {
    let finding = Finding {
        entity: one.entity,
        unused: Unused::Permissions(services),
        not_observable: one.not_observable.clone(),
        notes: Vec::new(),
    };
    unused::json::finding(&finding, window)
}
