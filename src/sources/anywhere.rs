//! Which managed policies does a document of any other tool attach?
//!
//! eksctl (`attachPolicyARNs`), kOps (`externalPolicies`), Crossplane (`policyArn`), the controllers of AWS for Kubernetes, Ansible
//! (`managed_policies`) name them by ARN. Whose document stands elsewhere is told, as it is of templates and plans.
//!
//! Sources: eksctl schema; kOps, "IAM roles"; Ansible, amazon.aws.iam_role; Crossplane and ACK, IAM resources.

use super::attached::{Identity, Who};
use crate::diag::Source;
use crate::json::{Kind, Value};
use std::sync::Arc;

/// Members that name managed policies, in small letters without marks.
const NAMES: [&str; 10] = [
    "attachpolicyarn",
    "attachpolicyarns",
    "attachedpolicies",
    "externalpolicies",
    "managedpolicies",
    "managedpolicy",
    "managedpolicyarn",
    "managedpolicyarns",
    "policyarn",
    "policyarns",
];

/// What is attached in a document, by place.
pub(super) fn attached(source: &Source, document: &Value) -> Vec<Identity> {
    // The roles of AWS's own controllers have the plainest name.
    let of_aws = document.get("apiVersion").and_then(Value::as_str).is_some_and(|of| of.starts_with("iam.services.k8s.aws/"));
    let mut out = Vec::new();
    search(source, document, "", of_aws, &mut out);
    out
}

fn search(source: &Source, value: &Value, at: &str, of_aws: bool, out: &mut Vec<Identity>) {
    if value.get("Statement").is_some() {
        return;
    }
    for one in value.members().unwrap_or_default() {
        let dot = if at.is_empty() { "" } else { "." };
        let inner = format!("{at}{dot}{}", one.key);
        let plain: String = one.key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
        let attaches = NAMES.contains(&plain.as_str()) || (of_aws && plain == "policies");
        if !attaches {
            search(source, &one.value, &inner, of_aws, out);
            continue;
        }
        let mut managed = Vec::new();
        arns(&one.value, &mut managed);
        if !managed.is_empty() {
            out.push(Identity {
                name: inner,
                who: Who::Attachment,
                source: source.clone(),
                span: one.value.span,
                boundaries: Vec::new(),
                bounded_by: String::new(),
                managed,
                own: Vec::new(),
                ties: Vec::new(),
                parameters: Arc::default(),
            });
        }
    }
    for (index, one) in value.elements().unwrap_or_default().iter().enumerate() {
        search(source, one, &format!("{at}[{index}]"), of_aws, out);
    }
}

/// The ARNs of managed policies in a value.
fn arns(value: &Value, out: &mut Vec<String>) {
    match &value.kind {
        Kind::String(text) if text.starts_with("arn:") && text.contains(":iam::") && text.contains(":policy/") => {
            out.push(text.clone());
        }
        Kind::Array(all) => all.iter().for_each(|one| arns(one, out)),
        Kind::Object(members) => members.iter().for_each(|one| arns(&one.value, out)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Budget;

    #[test]
    fn what_other_tools_attach_is_found_by_its_arn() {
        let shown = |text: &str| -> Vec<String> {
            let source = Source::new("t", text);
            let value = crate::sources::yaml::read(&source, &Budget::default()).unwrap().remove(0);
            attached(&source, &value).into_iter().map(|one| format!("{} {}", one.name, one.managed.join(","))).collect()
        };
        let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
        assert_eq!(
            shown(&format!("a: [{{iam: {{attachPolicyARNs: [{arn}]}}}}]\n")),
            [format!("a[0].iam.attachPolicyARNs {arn}")]
        );
        assert_eq!(
            shown(&format!("externalPolicies: {{node: [{arn}], master: [{arn}]}}\n")),
            [format!("externalPolicies {arn},{arn}")]
        );
        let role = format!("apiVersion: iam.services.k8s.aws/v1alpha1\nkind: Role\nspec: {{policies: [{arn}]}}\n");
        assert_eq!(shown(&role), [format!("spec.policies {arn}")]);
        assert!(shown(&format!("policies: [{arn}]\nother: {arn}\nmanaged_policies: [Named]\n")).is_empty());
        assert!(shown(&format!("Statement: [{{policyArn: {arn}}}]\n")).is_empty());
    }
}
