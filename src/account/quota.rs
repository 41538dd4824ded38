//! Does what an entity would have fit IAM's quotas, and where it does not, how is it cut?
//!
//! A refined policy can be longer than the one it comes from: `s3:*` becomes a list. One that outgrows a managed policy
//! becomes several; inline policies that outgrow what an entity may hold become managed ones, the longest first. Identity
//! policies grant and deny together, so statements may stand in any of them, and a long statement is its pieces
//! ([`super::cutting`]). That it is the same access is proved each time, both ways.
//!
//! What cannot be attached is not recommended: more policies than an entity may have, or a statement that cannot be cut (one
//! `NotResource` that is too long alone).
//!
//! Sources: IAM User Guide, "IAM and AWS STS quotas" (6,144 characters a managed policy, 2,048 inline a user, 5,120 a group,
//! 10,240 a role, white space not counted; 10 managed policies attached, up to 20 for users and roles on request).

use super::cutting::{cut, size};
use super::proved::{Proved, Proving};
use super::recommend::{Recommendation, Recommended, after};
use super::refining::Refined;
use super::{EntityKind, PolicyText};
use crate::diag::Source;
use crate::json::Value;
use crate::policy::Stack;
use crate::question::{InternalError, Verdict};
use crate::refine::candidate::MANAGED_POLICY_LIMIT;
use std::sync::Arc;

/// Managed policies that AWS lets be attached to one entity, unless it was asked for more.
pub const ATTACHED: usize = 10;

/// What cannot be recommended, and why.
pub(super) type Refusal = String;

fn size_of(text: &PolicyText) -> usize {
    text.read().map_or_else(|_| size(&text.value().to_string()), |lowered| size(&lowered.document.json.to_string()))
}

/// Characters that an entity's inline policies may have together.
fn inline_limit(kind: EntityKind) -> usize {
    match kind {
        EntityKind::User => 2_048,
        EntityKind::Group => 5_120,
        EntityKind::Role => 10_240,
    }
}

/// How many managed policies a document needs; `None` if it cannot be cut.
pub(super) fn needed(document: &Value) -> Option<usize> {
    if size(&document.to_string()) <= MANAGED_POLICY_LIMIT {
        return Some(1);
    }
    cut(document).map(|parts| parts.len())
}

/// Cuts what does not fit, and proves that it is the same; what cannot be attached stays as it is, with a note.
pub(super) fn fit(out: &mut Recommendation<'_>, most: usize, proving: &Proving) -> Result<Vec<Refusal>, InternalError> {
    let mut refused = Vec::new();
    for policy in &mut out.policies {
        let Some(refined) = policy.refined.clone().filter(|refined| !refined.is_empty) else { continue };
        if policy.attached.arn.is_some() && size_of(&refined.text) > MANAGED_POLICY_LIMIT {
            let why = divide(policy, &refined, proving)?;
            give_up(policy, why, &mut refused);
        }
    }
    move_out(out, proving, &mut refused)?;
    loop {
        let attached = attached(out);
        if attached <= most {
            break;
        }
        // What needs the most goes first; of two that need the same the later one.
        let parts = |policy: &Recommended<'_>| if policy.refined.is_some() { policy.parts.len() } else { 0 };
        let Some(widest) = out.policies.iter_mut().filter(|policy| parts(policy) > 1).max_by_key(|policy| policy.parts.len())
        else {
            break;
        };
        let why = format!(
            "it would need {} managed policies, {attached} of them attached in all; {most} may be: ask AWS for more and give --attachments, or take its services apart by roles",
            widest.parts.len()
        );
        give_up(widest, Some(why), &mut refused);
    }
    Ok(refused)
}

/// Managed policies that an entity would have.
fn attached(out: &Recommendation<'_>) -> usize {
    let of = |policy: &Recommended<'_>| match &policy.refined {
        Some(refined) if refined.is_empty => 0,
        Some(_) if !policy.parts.is_empty() => policy.parts.len(),
        _ => usize::from(policy.attached.arn.is_some()),
    };
    out.policies.iter().map(of).sum()
}

/// Takes a refinement back, if there is a reason.
fn give_up(policy: &mut Recommended<'_>, why: Option<String>, refused: &mut Vec<Refusal>) {
    let Some(why) = why else { return };
    policy.refined = None;
    policy.parts.clear();
    refused.push(format!("{} stays as it is: {why}", policy.attached.label()));
}

/// Makes managed policies of inline ones until the rest fits, the longest first.
fn move_out(out: &mut Recommendation<'_>, proving: &Proving, refused: &mut Vec<Refusal>) -> Result<(), InternalError> {
    let most = inline_limit(out.entity.kind);
    let is_inline = |policy: &Recommended<'_>| policy.attached.arn.is_none() && policy.parts.is_empty();
    let grew = |policy: &&mut Recommended<'_>| {
        let before = policy.attached.text.as_ref().map_or(0, |text| size_of(text));
        policy.refined.as_ref().is_some_and(|refined| !refined.is_empty && size_of(&refined.text) > before)
    };
    loop {
        let inline: usize =
            out.policies.iter().filter(|policy| is_inline(policy)).filter_map(after).map(|text| size_of(text)).sum();
        if inline <= most {
            return Ok(());
        }
        let longest = out.policies.iter_mut().filter(|policy| is_inline(policy)).filter(grew);
        let Some(longest) = longest.max_by_key(|policy| policy.refined.as_ref().map_or(0, |refined| size_of(&refined.text)))
        else {
            // It was too long before anything was changed: an export of another kind of account than AWS keeps.
            return Ok(());
        };
        let Some(refined) = longest.refined.clone() else { return Ok(()) };
        let note = format!(
            "{} becomes a managed policy: inline policies may have {most} characters together, and these would have {inline}",
            longest.attached.name
        );
        match divide(longest, &refined, proving)? {
            None => out.notes.push(note),
            why => give_up(longest, why, refused),
        }
    }
}

/// Makes managed policies of one; the reason why not, if it cannot be.
fn divide(policy: &mut Recommended<'_>, refined: &Refined, proving: &Proving) -> Result<Option<String>, InternalError> {
    let Ok(whole) = refined.text.read() else { return Ok(Some("its refinement cannot be read".to_owned())) };
    let own = size(&whole.document.json.to_string());
    let Some(documents) = cut(&whole.document.json) else {
        return Ok(Some(format!(
            "its refinement has {own} characters, a managed policy may have {MANAGED_POLICY_LIMIT}, and one of its statements cannot be cut"
        )));
    };
    let (mut parts, mut policies) = (Vec::new(), Vec::new());
    for document in documents {
        let source = Source::new("part of a refined policy", document.to_pretty());
        let Ok(value) = crate::json::read(&source, &proving.settings.budget) else {
            return Ok(Some("a part cannot be read".to_owned()));
        };
        let text = Arc::new(PolicyText::new(&source, value));
        match text.read() {
            Ok(lowered) => policies.push(lowered.policy.clone()),
            Err(error) => return Ok(Some(format!("a part cannot be read: {error}"))),
        }
        parts.push(text);
    }
    if parts.len() > 1 {
        let stack = |identity| Stack { identity: Some(identity), ..Stack::default() }.into();
        let (one, many) = (stack(vec![whole.policy.clone()]), stack(policies));
        let mut outcomes = Vec::new();
        for (old, new) in [(&one, &many), (&many, &one)] {
            let outcome = proving.nothing_new(old, new, true)?;
            match &outcome.verdict {
                Verdict::Pass => {}
                Verdict::Fail { .. } => {
                    return Err(InternalError(format!("the parts of {} are another access", policy.attached.label())));
                }
                Verdict::Unknown(why) => return Ok(Some(format!("that its parts are the same access is not proved: {why}"))),
            }
            outcomes.push(outcome);
        }
        let mut refined = refined.clone();
        let statement = format!("the same access: the {} policies that it becomes grant together what it grants", parts.len());
        refined.obligations.push(Proved::passed("S1", statement, outcomes, proving.keep));
        let note = format!(
            "{} becomes {} managed policies: its refinement has {own} characters, and a managed policy may have {MANAGED_POLICY_LIMIT}",
            policy.attached.name,
            parts.len()
        );
        refined.notes.push(note);
        policy.refined = Some(Arc::new(refined));
    }
    policy.parts = parts;
    Ok(None)
}
