//! Who outside the accounts of the input gets in, through the policies of their resources?
//!
//! Every Allow of a resource's policy, trust policies among them, is asked for each principal that it names: is some request
//! of somebody outside allowed through it? AWS services are left out: they act for somebody, and `outside-access` tells for
//! whom. Policies of the outsider's own account are not known: it is taken to let its principals do what they are let do here.

use super::super::{Accounts, resource_control};
use super::known::{self, Own, Resource, Resources};
use super::report::Outsider;
use super::{Answer, Grant, Question, Verdict, cast, parallel};
use crate::diag::deadline;
use crate::document::Effect;
use crate::glob::Glob;
use crate::policy::predicate;
use crate::policy::{PrincipalMatch, PrincipalPattern, ResourcePolicy, Stack};
use crate::query::{ActionScope, Query};
use crate::question::reach;
use crate::question::{InternalError, Settings};
use crate::request::Request;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

/// Everybody outside who gets in, by resource.
pub(super) fn who(
    accounts: &Accounts,
    known: &Resources<'_>,
    question: &Question,
    settings: &Settings,
) -> Result<Vec<Outsider>, InternalError> {
    let ids = accounts.ids();
    let open: Vec<&Resource<'_>> = known.all.iter().filter(|resource| may_let_in(&resource.own, &ids)).collect();
    let shown = Mutex::default();
    let found = parallel(open.len(), |at| match open.get(at) {
        Some(resource) => of_resource(accounts, &ids, resource, question, settings, &shown),
        None => Ok(Vec::new()),
    })?;
    Ok(found.into_iter().flatten().collect())
}

/// What showed, through a statement of a policy and one of its entries, that somebody gets in: roles often have the same trust
/// policy, and what shows it of one shows it, replayed, of the next.
type Shown = Mutex<HashMap<(usize, usize, String), Request>>;

/// Whether a policy can name somebody outside.
fn may_let_in(own: &Own, ids: &BTreeSet<&str>) -> bool {
    let Own::Says(policy) = own else { return matches!(own, Own::Broken(_)) };
    let allows = policy.statements.iter().filter(|statement| statement.effect == Effect::Allow);
    allows
        .filter_map(|statement| statement.principal.as_ref())
        .any(|principal| principal.negated || principal.patterns.iter().any(|pattern| is_outside(pattern, ids)))
}

fn is_outside(pattern: &PrincipalPattern, ids: &BTreeSet<&str>) -> bool {
    match pattern {
        PrincipalPattern::Account(id) => !ids.contains(id.as_str()),
        PrincipalPattern::Arn(parts) => {
            let account = parts.get(4).and_then(Glob::as_literal);
            account.is_none_or(|account| !ids.contains(account.as_str()))
        }
        PrincipalPattern::Service(_) | PrincipalPattern::Nobody(_) => false,
        PrincipalPattern::Everyone | PrincipalPattern::Federated(_) | PrincipalPattern::CanonicalUser(_) => true,
    }
}

/// Each entry of a principal list, as it is shown.
fn entries(principal: &PrincipalMatch, ids: &BTreeSet<&str>) -> Vec<(String, PrincipalMatch)> {
    if principal.negated {
        return vec![("*".to_owned(), principal.clone())];
    }
    let shown = |pattern: &PrincipalPattern| match pattern {
        PrincipalPattern::Everyone => "*".to_owned(),
        PrincipalPattern::Account(id) => format!("arn:aws:iam::{id}:root"),
        PrincipalPattern::Arn(parts) => parts.iter().map(Glob::to_string).collect::<Vec<_>>().join(":"),
        PrincipalPattern::Service(glob) | PrincipalPattern::Federated(glob) => glob.to_string(),
        PrincipalPattern::CanonicalUser(text) | PrincipalPattern::Nobody(text) => text.clone(),
    };
    let outside = principal.patterns.iter().filter(|pattern| is_outside(pattern, ids));
    outside.map(|pattern| (shown(pattern), PrincipalMatch::of(false, vec![pattern.clone()]))).collect()
}

// Long: one resource, from its statements to its outsiders; every step uses what was decided before it.
fn of_resource(
    accounts: &Accounts,
    ids: &BTreeSet<&str>,
    resource: &Resource<'_>,
    question: &Question,
    settings: &Settings,
    known: &Shown,
) -> Result<Vec<Outsider>, InternalError> {
    let outsider = |principal: String, answer: Answer| Outsider { principal, resource: resource.arn.to_owned(), answer };
    let policy = match &resource.own {
        Own::Says(policy) => policy,
        Own::Nothing => return Ok(Vec::new()),
        Own::Broken(why) => {
            let why = format!("the policy of `{}` cannot be read: {why}", resource.arn);
            return Ok(vec![outsider("*".to_owned(), Answer::unknown(why.to_string()))]);
        }
    };
    let imposed = accounts.controls.get(resource.owner).map(|controls| resource_control::of_owner(controls, resource.owner));
    let imposed = imposed.unwrap_or_default();
    if let Some(why) = imposed.unread.get(resource.owner) {
        let why = format!("the resource control policies of account {} are not known: {}", resource.owner, cast::first(why));
        return Ok(vec![outsider("*".to_owned(), Answer::unknown(why))]);
    }
    let mut stack = Stack { resource: ResourcePolicy::Given((**policy).clone()), ..Stack::default() };
    // Service control policies of the owner bind nobody outside.
    stack.resource_control = imposed.levels;
    let access = settings.read_own(stack.into());
    let mut inside: Vec<PrincipalPattern> = ids.iter().map(|id| PrincipalPattern::Account((*id).to_owned())).collect();
    inside.push(PrincipalPattern::Service(Glob::parse("*")));
    let about = known::within(known::patterns(resource.arn), false);
    let scope = predicate::statement(Some(PrincipalMatch::of(true, inside)), Some(about), Vec::new());
    let resources = question.resource.as_ref().map(|(_, pattern)| vec![pattern.clone()]);
    let everything =
        Query { actions: ActionScope::Matching(vec![question.actions.glob().clone()]), resources, ..Query::new(&access, None) };
    let mut out = Vec::new();
    for (number, _, statement) in access.statements().filter(|(number, ..)| access.grants(*number)) {
        let Some(principal) = &statement.principal else { continue };
        for (shown, list) in entries(principal, ids) {
            let mut within = scope.clone();
            within.statements.extend(predicate::statement(Some(list), None, Vec::new()).statements);
            within.statements.extend(everything.within.iter().flat_map(|one| one.statements.clone()));
            let search = Query { within: Some(within), by: Some(number), ..everything.clone() };
            let at = (Arc::as_ptr(policy).addr(), number, shown.clone());
            let like = known.lock().ok().and_then(|known| known.get(&at).cloned()).and_then(|like| {
                let mut context = like.context;
                context.remove("aws:resourceaccount");
                let own = Request::new(like.principal, &like.action, resource.arn, context);
                reach::replayed(&search, own)
            });
            let found = match like {
                Some(witness) => Ok(Ok(reach::Reached { witness: Some(witness), ..Default::default() })),
                None => deadline::question(&settings.budget, || reach::reach(&search, settings)),
            };
            let found = match found {
                Ok(found) => found?,
                Err(expired) => {
                    out.push(outsider(shown, Answer::unknown(expired.to_string())));
                    continue;
                }
            };
            match (found.witness, found.unknown) {
                (Some(witness), _) => {
                    if let Ok(mut known) = known.lock() {
                        known.entry(at).or_insert_with(|| witness.clone());
                    }
                    let policy = resource.arn.to_owned();
                    let grant = Grant { policy, statement_index: statement.index, statement_id: statement.sid.clone() };
                    let notes = found.doubt.into_iter().collect();
                    let answer = Answer { verdict: Verdict::Can, witness: Some(witness), grants: vec![grant], notes };
                    out.push(outsider(shown, answer));
                }
                (None, Some(why)) => out.push(outsider(shown, Answer::unknown(why.to_string()))),
                (None, None) => {}
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_outside_is_told_by_the_account() {
        let ids = BTreeSet::from(["111122223333"]);
        let arn = |text: &str| {
            let parts: Vec<Glob> = text.splitn(6, ':').map(Glob::parse).collect();
            PrincipalPattern::Arn(Box::new(parts.try_into().unwrap()))
        };
        for (pattern, outside) in [
            (PrincipalPattern::Everyone, true),
            (PrincipalPattern::Account("111122223333".to_owned()), false),
            (PrincipalPattern::Account("444455556666".to_owned()), true),
            (arn("arn:aws:iam::111122223333:role/r"), false),
            (arn("arn:aws:iam::*:role/r"), true),
            (PrincipalPattern::Service(Glob::parse("lambda.amazonaws.com")), false),
            (PrincipalPattern::Nobody("AROAEXAMPLE".to_owned()), false),
        ] {
            assert_eq!(is_outside(&pattern, &ids), outside, "{pattern:?}");
        }
    }
}
