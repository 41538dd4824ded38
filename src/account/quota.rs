//! Does what an entity would have fit IAM's quotas, and where it does not, how is it cut?
//!
//! A refined policy can be longer than the one it comes from: `s3:*` becomes a list. One that outgrows a managed policy
//! becomes several; inline policies that outgrow what an entity may hold become managed ones, the longest first. Identity
//! policies grant and deny together, so statements may stand in any of them, and a statement is its pieces if its actions (or
//! its resources) are dealt out to them, under Allow and Deny alike. That it is the same access is proved each time, both ways.
//!
//! What cannot be attached is not recommended: more policies than an entity may have, or a statement that cannot be cut
//! (one `NotAction` or `NotResource` that is too long alone).
//!
//! Sources: IAM User Guide, "IAM and AWS STS quotas" (6,144 characters a managed policy, 2,048 inline a user, 5,120 a group,
//! 10,240 a role, white space not counted; 10 managed policies attached, up to 20 for users and roles on request).

use super::proved::{Proved, Proving};
use super::recommend::{Recommendation, Recommended, after};
use super::refining::Refined;
use super::{EntityKind, PolicyText};
use crate::diag::Source;
use crate::json::{Kind, Value};
use crate::policy::Stack;
use crate::question::{InternalError, Verdict};
use crate::refine::candidate::MANAGED_POLICY_LIMIT;
use std::sync::Arc;

/// Managed policies that AWS lets be attached to one entity, unless it was asked for more.
pub const ATTACHED: usize = 10;

/// What cannot be recommended, and why.
pub(super) type Refusal = String;

/// Characters that count.
pub(super) fn size(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

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

/// The documents that stand for one, each within the limit; `None` if a statement is too long to be cut.
fn cut(document: &Value) -> Option<Vec<Value>> {
    let Kind::Object(members) = &document.kind else { return None };
    let statements = match &members.iter().find(|member| member.key == "Statement")?.value.kind {
        Kind::Array(statements) => statements.clone(),
        _ => vec![members.iter().find(|member| member.key == "Statement")?.value.clone()],
    };
    let with = |statements: Vec<Value>| {
        let mut out = document.clone();
        if let Kind::Object(members) = &mut out.kind {
            for member in members.iter_mut().filter(|member| member.key == "Statement") {
                member.value.kind = Kind::Array(statements.clone());
            }
        }
        out
    };
    let room = MANAGED_POLICY_LIMIT.checked_sub(size(&with(Vec::new()).to_string()))?;
    let mut parts: Vec<(Vec<Value>, usize)> = vec![(Vec::new(), 0)];
    for statement in &statements {
        for piece in pieces(statement, room)? {
            // One more for the comma.
            let own = size(&piece.to_string()) + 1;
            match parts.iter_mut().find(|(_, used)| used + own <= room) {
                Some((statements, used)) => {
                    *used += own;
                    statements.push(piece);
                }
                None => parts.push((vec![piece], own)),
            }
        }
    }
    let parts = parts.into_iter().filter(|(statements, _)| !statements.is_empty());
    Some(parts.map(|(statements, _)| with(distinct(statements))).collect())
}

/// Sids are unique in a policy: pieces of one statement that meet in a part keep the first one's.
fn distinct(mut statements: Vec<Value>) -> Vec<Value> {
    let mut met = std::collections::BTreeSet::new();
    for statement in &mut statements {
        let Kind::Object(members) = &mut statement.kind else { continue };
        members.retain(|member| member.key != "Sid" || met.insert(member.value.as_str().unwrap_or_default().to_owned()));
    }
    statements
}

/// A statement in pieces that each have room; `None` if that cannot be.
fn pieces(statement: &Value, room: usize) -> Option<Vec<Value>> {
    if size(&statement.to_string()) < room {
        return Some(vec![statement.clone()]);
    }
    // The longer list first; if one entry of it is still too much, the other one is cut as well.
    let length = |key: &str| {
        statement.get(key).and_then(Value::elements).map_or(0, |list| list.iter().map(|one| size(&one.to_string())).sum())
    };
    let (actions, resources): (usize, usize) = (length("Action"), length("Resource"));
    let keys = if actions >= resources { ["Action", "Resource"] } else { ["Resource", "Action"] };
    let key = keys.into_iter().find(|key| statement.get(key).and_then(Value::elements).is_some_and(|list| list.len() > 1))?;
    let list = statement.get(key).and_then(Value::elements)?;
    let with = |part: &[Value]| {
        let mut out = statement.clone();
        if let Kind::Object(members) = &mut out.kind {
            for member in members.iter_mut().filter(|member| member.key == key) {
                member.value.kind = Kind::Array(part.to_vec());
            }
        }
        out
    };
    let around = size(&with(&[]).to_string());
    let (mut out, mut part, mut used): (Vec<Vec<Value>>, Vec<Value>, usize) = (Vec::new(), Vec::new(), around);
    for one in list {
        let own = size(&one.to_string()) + 1;
        if !part.is_empty() && used + own >= room {
            out.push(std::mem::take(&mut part));
            used = around;
        }
        used += own;
        part.push(one.clone());
    }
    out.push(part);
    if out.len() == 1 {
        return None;
    }
    out.iter().map(|part| pieces(&with(part), room)).collect::<Option<Vec<_>>>().map(|all| all.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Budget;
    use proptest::prelude::*;

    fn value(text: &str) -> Value {
        crate::json::read(&Source::new("p", text), &Budget::default()).unwrap()
    }

    #[test]
    fn a_statement_that_is_one_long_list_of_exceptions_cannot_be_cut() {
        let names: Vec<String> = (0..700).map(|at| format!("\"s3:Get{at:08}\"")).collect();
        let text = |key: &str| format!(r#"{{"Statement":[{{"Effect":"Allow","{key}":[{}],"Resource":"*"}}]}}"#, names.join(","));
        assert!(cut(&value(&text("NotAction"))).is_none());
        // 700 names of 17 characters with their quotes and comma: 11,900 of the 12,288 that two policies hold.
        assert_eq!(cut(&value(&text("Action"))).map(|parts| parts.len()), Some(2));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_parts_fit_and_hold_every_action_on_every_resource_once(
            statements in prop::collection::vec((1..600_usize, 1..300_usize, any::<bool>()), 1..5)
        ) {
            let list = |prefix: &str, count: usize| (0..count).map(|at| format!("\"{prefix}{at:05}\"")).collect::<Vec<_>>().join(",");
            let written = statements.iter().enumerate().map(|(at, (actions, resources, deny))| format!(
                r#"{{"Sid":"S{at}","Effect":"{}","Action":[{}],"Resource":[{}]}}"#,
                if *deny { "Deny" } else { "Allow" }, list(&format!("s{at}:A"), *actions), list("arn:aws:s3:::b", *resources),
            ));
            let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, written.collect::<Vec<_>>().join(","));
            let parts = cut(&value(&text)).unwrap();
            let mut met = std::collections::BTreeMap::new();
            for part in &parts {
                prop_assert!(size(&part.to_string()) <= MANAGED_POLICY_LIMIT);
                let mut sids = std::collections::BTreeSet::new();
                for statement in part.get("Statement").unwrap().elements().unwrap() {
                    prop_assert!(statement.get("Sid").is_none_or(|sid| sids.insert(sid.to_string())));
                    let effect = statement.get("Effect").unwrap().to_string();
                    for action in statement.get("Action").unwrap().elements().unwrap() {
                        *met.entry((effect.clone(), action.to_string())).or_insert(0) += statement.get("Resource").unwrap().elements().unwrap().len();
                    }
                }
            }
            prop_assert_eq!(met.len(), statements.iter().map(|(actions, _, _)| actions).sum::<usize>());
            for ((_, action), pairs) in met {
                let at: usize = action[2..3].parse().unwrap();
                prop_assert_eq!(pairs, statements[at].1);
            }
        }
    }
}
