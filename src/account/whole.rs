//! Does an entity as a whole keep what it used, and get nothing new?
//!
//! Its stack with the new policies in place of the old ones grants nothing that it did not grant before (E1), and every logged
//! call that the old stack allowed the new one allows. A group makes no requests: what is compared are its policies together,
//! and what is replayed is what each of its users did, under the user's own stack with the group's new policies.

use super::observe::known_as;
use super::proved::Proved;
use super::recommend::{Recommendation, Recommender, texts};
use super::replay::{self, Replayed};
use super::{Entity, EntityKind};
use crate::diag::{Diagnostics, deadline};
use crate::policy::{Access, Policy, ResourcePolicy, Stack};
use crate::question::{InternalError, Verdict};

/// Most requests that are replayed of one entity, or of all users of a group together.
const MOST: usize = 2_000;
const MOST_OF_A_GROUP: usize = 20_000;

/// What the check of an entity needs and does not have.
type Missing = Diagnostics;

impl<'a> Recommender<'a, '_> {
    /// Checks an entity as a whole; the reason why it is not proved, if it is not.
    pub(super) fn check(&self, out: &mut Recommendation<'a>) -> Result<Option<String>, InternalError> {
        if out.policies.iter().all(|policy| policy.refined.is_none()) {
            return Ok(None);
        }
        let entity = out.entity;
        let is_group = entity.kind == EntityKind::Group;
        let stacks = if is_group { together(out) } else { self.stacks(entity, out) };
        let (old, new) = match stacks {
            Ok(stacks) => stacks,
            Err(missing) => {
                out.notes.push(format!("its policies as a whole are not compared: {missing}"));
                return Ok(None);
            }
        };
        let outcome = self.options.proving.nothing_new(&old, &new, false)?;
        match &outcome.verdict {
            Verdict::Pass => {}
            Verdict::Fail { .. } => {
                return Err(InternalError(format!("the refined policies of {} add access", entity.arn)));
            }
            Verdict::Unknown(why) => return Ok(Some(format!("whether the stack as a whole adds access is unknown: {why}"))),
        }
        let statement = match is_group {
            true => "no new access: its new policies together grant nothing that its old ones do not",
            false => "no new access: its stack with the new policies grants nothing that it does not grant with the old ones",
        };
        out.whole = Some(Proved::passed("E1", statement.to_owned(), vec![outcome], self.options.proving.keep));
        if !is_group {
            let replayed = self.replay(entity, [&old, &new], MOST)?;
            out.replayed = replayed.count;
            out.notes.extend(replayed.note);
            return Ok(None);
        }
        let mut left = MOST_OF_A_GROUP;
        for user in self.accounts.members_of(entity) {
            deadline::look();
            // What a user lacks, a user's own recommendation says.
            let Ok((old, new)) = self.stacks(user, out) else { continue };
            let replayed = self.replay(user, [&old, &new], left.min(MOST))?;
            out.replayed += replayed.count;
            left = left.saturating_sub(replayed.tried);
            if let Some(note) = replayed.note {
                out.notes.push(format!("{note} of {}", user.arn));
            }
            if left == 0 {
                out.notes.push(format!("no more than {MOST_OF_A_GROUP} logged calls of its users were replayed"));
                break;
            }
        }
        Ok(None)
    }

    /// The stack of a principal before and after what is recommended.
    fn stacks(&self, principal: &Entity, out: &Recommendation<'_>) -> Result<(Access, Access), Missing> {
        let found = self.accounts.principal(&principal.arn)?;
        let mut identity: Vec<Policy> = Vec::new();
        let before = found.stack.identity.iter().flatten();
        for ((_, attached), old) in self.accounts.identity(principal).zip(before) {
            match out.policies.iter().find(|policy| std::ptr::eq(policy.attached, attached)) {
                Some(policy) => identity.extend(read(&texts(policy))?),
                None => identity.push(old.clone()),
            }
        }
        let new = Stack { identity: Some(identity), ..found.stack.clone() };
        Ok((found.stack.into(), new.into()))
    }

    /// What a principal did, under both.
    fn replay(&self, principal: &Entity, stacks: [&Access; 2], most: usize) -> Result<Replayed, InternalError> {
        let activity = known_as(principal).and_then(|who| self.evidence.activity.get(&who));
        let Some(activity) = activity else { return Ok(Replayed::default()) };
        let [old, new] = stacks.map(|stack| self.options.proving.settings.read(stack));
        let replayed = replay::replay(&principal.arn, activity, self.window(), [&old, &new], most);
        match &replayed.lost {
            Some(lost) => {
                Err(InternalError(format!("the refined policies of {} lose a call that was made: {lost}", principal.arn)))
            }
            None => Ok(replayed),
        }
    }
}

/// A group's policies, as if one principal had them alone, before and after.
fn together(out: &Recommendation<'_>) -> Result<(Access, Access), Missing> {
    let stack = |identity| Stack { identity: Some(identity), resource: ResourcePolicy::Unknown, ..Stack::default() };
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for policy in &out.policies {
        let text = policy.attached.text.as_ref().map_err(|missing| Diagnostics::from(missing.clone()))?;
        old.extend(read(&[text])?);
        new.extend(read(&texts(policy))?);
    }
    Ok((stack(old).into(), stack(new).into()))
}

/// What policies mean.
fn read(texts: &[&std::sync::Arc<super::PolicyText>]) -> Result<Vec<Policy>, Missing> {
    texts.iter().map(|text| text.read().map(|lowered| lowered.policy.clone()).map_err(Clone::clone)).collect()
}
