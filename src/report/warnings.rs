//! What is worth knowing about the policies, beside the answer in JSON.
//!
//! Each warning is `{"code", "message", "help", "file", "line", "column"}`. Of a file, the place is in the file. Of a policy
//! that stands in a line of `batch`, the place is in the policy's own text, and `file` is its name in the line
//! (`existing`, `policy.identityPolicies[0]`): so it depends neither on what else the line holds nor on whether the
//! policy is written as JSON or as a string that holds JSON.

use super::json::{self, Warning};
use crate::diag::{Diagnostic, Source, Span};
use crate::policy::{Access, Policy};
use std::sync::Arc;

/// Warnings with their places as they are.
pub fn in_files<'d>(warnings: impl IntoIterator<Item = &'d Diagnostic>) -> Vec<Warning> {
    warnings.into_iter().map(json::diagnostic).collect()
}

/// Warnings about a policy that stands in a line of `batch`, whatever the line calls it.
#[derive(Debug, Clone)]
pub struct InLine {
    /// The policy's name in a stack; `None` of a policy alone.
    policy: Option<String>,
    /// The warnings, in the policy's own text.
    warnings: Vec<Diagnostic>,
}

impl InLine {
    /// The warnings about an access definition that was read from a line.
    pub fn of(access: &Access, line: &Source) -> Vec<Self> {
        let members = access.members().iter().filter(|member| !member.policy.warnings.is_empty());
        let name = |name: &str| (!access.is_alone()).then(|| name.to_owned());
        members.map(|member| Self { policy: name(&member.name), warnings: own(&member.policy, line) }).collect()
    }

    /// The warnings about a policy that was read from a line.
    pub fn of_policy(policy: &Policy, line: &Source) -> Self {
        Self { policy: None, warnings: own(policy, line) }
    }

    /// As they stand in an answer; `member` is what the line calls the policy, or the stack, unless the line is the stack.
    pub fn json(&self, member: Option<&str>) -> Vec<Warning> {
        let name: Vec<&str> = member.into_iter().chain(self.policy.as_deref()).collect();
        let name: Arc<str> = name.join(".").into();
        let named = |warning: &Diagnostic| {
            let source = warning.source.as_ref().map(|own| own.named(name.clone()));
            json::diagnostic(&Diagnostic { source, ..warning.clone() })
        };
        self.warnings.iter().map(named).collect()
    }
}

/// A policy's warnings, in its own text.
fn own(policy: &Policy, line: &Source) -> Vec<Diagnostic> {
    if !Arc::ptr_eq(&policy.source.text, &line.text) {
        // Written as a string, it has a text of its own all the same.
        let own = Source::new("", &**policy.source.text);
        let placed = |warning: &Diagnostic| match &warning.source {
            Some(source) if Arc::ptr_eq(&source.text, &policy.source.text) => {
                Diagnostic { source: Some(own.clone()), ..warning.clone() }
            }
            _ => warning.clone(),
        };
        return policy.warnings.iter().map(placed).collect();
    }
    let Span { start, end } = policy.span;
    let own = Source::new("", policy.source.text.get(start..end).unwrap_or_default());
    let placed = |warning: &Diagnostic| {
        let span = Span::new(warning.span.start.saturating_sub(start), warning.span.end.saturating_sub(start));
        Diagnostic { source: Some(own.clone()), span, ..warning.clone() }
    };
    policy.warnings.iter().map(placed).collect()
}
