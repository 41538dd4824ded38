//! Which texts of a policy are places that something else fills in?
//!
//! A repository keeps policies as templates: `"Action": "${actions}"` for Terraform's `templatefile`, `{{ role_arn }}` for Ansible,
//! `<ACCOUNT>` for a human. Such a text is no action and no principal, so taken at its word it grants nothing, while what it stands
//! for may grant anything. A text that AWS takes is never one.

use super::config::Config;
use super::rules::{self, finding};
use crate::diag::Finding;
use crate::document::listed;
use crate::json::{Kind, Value};
use crate::sources::located::is_open;
use crate::sources::{Located, Version};

/// The places of a policy that are not filled in.
pub(super) fn unfilled(located: &Located, version: &Version, config: &Config) -> Vec<Finding> {
    let mut out = Vec::new();
    for (name, value) in
        listed(&version.value).iter().flat_map(|one| one.members().unwrap_or_default()).map(|one| (one.key.as_str(), &one.value))
    {
        let (what, is_one): (_, fn(&str) -> bool) = match name {
            "Action" | "NotAction" => ("an action", |text| !is_action(text)),
            "Resource" | "NotResource" => {
                ("a resource", |text| !text.starts_with("arn:") && !text.contains("${") && is_marked(text))
            }
            "Principal" | "NotPrincipal" => ("a principal", is_marked),
            _ => continue,
        };
        let mut found = Vec::new();
        texts(value, &mut found);
        for (text, of) in found.into_iter().filter(|(text, _)| !text.is_empty() && !is_open(text) && is_one(text)) {
            let message =
                format!("`{text}` stands where {what} must: what fills it in is not known, so neither is what it grants.");
            let at = (&version.source, of.span);
            out.push(finding(rules::UNRESOLVED, message, located, at, config));
        }
    }
    out
}

/// The texts of a value.
fn texts<'v>(value: &'v Value, out: &mut Vec<(&'v str, &'v Value)>) {
    match &value.kind {
        Kind::String(text) => out.push((text, value)),
        Kind::Array(all) => all.iter().for_each(|one| texts(one, out)),
        Kind::Object(members) => members.iter().for_each(|one| texts(&one.value, out)),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) => {}
    }
}

/// Whether a text has the form of an action, known or not: a service and a name, or `*` alone.
fn is_action(text: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '*' | '?' | '/' | ' ');
    match text.split_once(':') {
        Some((service, name)) => !service.contains("__") && service.chars().chain(name.chars()).all(is_letter),
        None => text.chars().all(|c| c == '*'),
    }
}

/// Whether a text has what languages of templates, and people, mark a place with that is filled in.
fn is_marked(text: &str) -> bool {
    let has_pair = |start: &str, end: &str| text.split_once(start).is_some_and(|(_, rest)| rest.contains(end));
    [("{{", "}}"), ("${", "}"), ("#{", "}"), ("{%", "%}"), ("<", ">"), ("%(", ")"), ("__", "__"), ("@@", "@@")]
        .iter()
        .any(|(start, end)| has_pair(start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_aws_takes_is_no_placeholder() {
        for text in
            ["*", "**", "s3:*", "s3:Get?bject", "*:*", "elasticloadbalancing-v2:x", "execute-api:Invoke", "new-service:Do"]
        {
            assert!(is_action(text), "{text}");
        }
        for text in ["${actions}", "{{ a }}", "<ACTION>", "__ACTION__", "ACTIONS", "${service}:*", "s3:${verb}", "__S__:*"] {
            assert!(!is_action(text), "{text}");
        }
        for text in ["*", "111122223333", "arn:aws:iam::111122223333:role/a_b", "ec2.amazonaws.com", "AIDAEXAMPLE"] {
            assert!(!is_marked(text), "{text}");
        }
        for text in ["{{ arn }}", "${self:custom.who}", "arn:aws:iam::<ACCOUNT>:root", "__ROLE__"] {
            assert!(is_marked(text), "{text}");
        }
    }
}
