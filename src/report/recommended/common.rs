//! The files of a new policy that stands for all that have the old one (`--shared`): it and the old one, what none of them
//! uses, the proof's index, the step that makes it, and Terraform and CloudFormation with all its attachments.

use super::entity::{pretty, written};
use super::infrastructure;
use super::json::{create, steps_of};
use super::layout::{Common, Layout, is_plain};
use crate::account::observe::Window;
use crate::account::recommend::Recommended;
use crate::account::refining::Refined;
use crate::catalog::Catalog;
use crate::report::unused;
use crate::smt;
use serde_json::{Value, json};

impl Layout<'_> {
    /// The files of all such policies, with their paths below the output folder.
    pub fn shared(&self, window: Window) -> Vec<(String, String)> {
        self.common.values().flat_map(|common| self.files_of(common, window)).collect()
    }

    fn files_of(&self, common: &Common<'_>, window: Window) -> Vec<(String, String)> {
        let Common { account, folder, planned, policy, having } = common;
        let mut out = Vec::new();
        let mut add = |path: &str, text: String| out.push((format!("{folder}/{path}"), text));
        add("policy.json", written(planned.text));
        let [terraform, cloudformation] = infrastructure::shared(account, &planned.name, planned.text, having);
        add("main.tf.json", pretty(&terraform));
        add("cloudformation.json", pretty(&cloudformation));
        let arn = policy.attached.label();
        add("steps.json", pretty(&steps_of(arn, vec![create(planned, arn)])));
        let (Some(refined), Some(by)) = (&policy.refined, &policy.by) else { return out };
        if let Ok(text) = &policy.attached.text {
            add("before.json", written(text));
        }
        if let Some(listed) = &refined.listed {
            add("listed.json", written(listed));
        }
        if let Some(refinement) = refined.refinement.as_ref().filter(|_| !is_plain(policy, refined)) {
            add("refined.json", written(refinement));
        }
        let services = by.unused.iter().filter(|service| !refined.kept.contains(&service.namespace)).cloned();
        let finding = unused::json::of_policy(arn, account, services.collect(), by.not_observable.clone(), window);
        add("unused.json", pretty(&finding));
        add("proof.json", pretty(&self.proof_of(common, policy, refined)));
        out
    }

    fn proof_of(&self, common: &Common<'_>, policy: &Recommended<'_>, refined: &Refined) -> Value {
        let original = if refined.listed.is_some() { "listed.json" } else { "before.json" };
        let refinement = if is_plain(policy, refined) { "policy.json" } else { "refined.json" };
        let mut out = json!({
            "policy": policy.attached.label(),
            "verify": [original, refinement, "unused.json"],
            "obligations": super::json::obligations(refined),
            "notes": super::json::notes(refined),
            "z3": smt::version(),
            "catalog": Catalog::latest().date,
        });
        if let Some(folder) = self.certified(common) {
            out["certificates"] = json!(folder);
        }
        out
    }

    /// Where the certificates of such a policy stand: of one that is cut in parts with the first of them.
    pub(super) fn certified(&self, common: &Common<'_>) -> Option<&str> {
        let refined = common.policy.refined.as_ref()?;
        refined.obligations.iter().any(|one| !one.checked.is_empty()).then_some(())?;
        let of_one = |other: &&Common<'_>| other.account == common.account && other.planned.replaces == common.planned.replaces;
        self.common.values().find(of_one).map(|first| first.folder.as_str())
    }
}
