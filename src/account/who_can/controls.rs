//! What an organization imposes on a principal, on a stack. What it imposes on resources is said in
//! [`super::super::resource_control`].

use super::super::{Attached, Controls};
use super::cast;
use crate::policy::{Policy, Stack};

/// What of the service control policies is missing or cannot be read, if something is.
pub(super) fn broken(controls: &Controls) -> Option<String> {
    let mut all = controls.service_control.iter().flatten().flatten();
    all.find_map(|attached| match &attached.text {
        Err(missing) => Some(missing.message.clone()),
        Ok(text) => {
            let why = text.read().err()?;
            Some(format!("the policy `{}` cannot be read: {}", attached.label(), cast::first(why)))
        }
    })
}

/// The stack with the service control policies. A level of which one cannot be read is taken to allow everything: the answer
/// is [`broken`] then, unless nothing is allowed even so.
pub(super) fn with(mut stack: Stack, controls: Option<&Controls>) -> Stack {
    let Some(controls) = controls else { return stack };
    let read = |attached: &Attached| -> Option<Policy> {
        attached.text.as_ref().ok().and_then(|text| text.read().ok()).map(|lowered| lowered.policy.clone())
    };
    let levels = controls.service_control.as_ref();
    stack.service_control = levels.map(|levels| levels.iter().filter_map(|level| level.iter().map(read).collect()).collect());
    stack.management_account = controls.management_account.clone();
    stack
}
