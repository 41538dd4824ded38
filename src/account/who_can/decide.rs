//! One shape and one question: the answer for each of its principals.
//!
//! First without looking at resources whose policies are known: their policies are taken to consent and to grant nothing
//! alone, like those of all others. Nothing found: no Allow of the principals' own reaches anything, and only a policy that
//! names one of them can let it in. Something found that no such resource is about, and that needs no consent: CAN. Else
//! each resource that matters is asked about with its own policy, and the others, those apart, once more.

use super::super::Accounts;
use super::super::resource_control::Bound;
use super::super::scope::{self, Who};
use super::cast::{self, Member, Shape};
use super::controls;
use super::known::{self, Own, Resources};
use super::{Answer, Grant, Question, Verdict};
use crate::diag::{Span, deadline};
use crate::eval;
use crate::policy::access::Place;
use crate::policy::predicate;
use crate::policy::{
    Access, Condition, Policy, PrincipalMatch, PrincipalPattern, ResourceMatch, ResourcePattern, ResourcePolicy, Stack,
};
use crate::query::{ActionScope, Query};
use crate::question::reach::{self, Reached};
use crate::question::{InternalError, Settings};
use crate::request::Request;
use crate::value::arn;
use std::collections::HashMap;
use std::sync::Arc;

/// Z3's steps for a question about all principals of a shape that each of them can be asked with less to decide.
const BRIEF: u32 = 2_000_000;

/// About which resources a shape is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum About {
    /// All, whatever is known of their policies.
    Any,
    /// Those whose policies are not known.
    Others,
    /// This one, with its policy.
    One(usize),
}

/// What a shape was answered: the access definition, which requests count, and what was found for any of its principals.
struct Asked {
    access: Access,
    resource: Option<ResourceMatch>,
    found: Option<Reached>,
}

struct Asking<'a> {
    principals: &'a [Who<'a>],
    shape: &'a Shape<'a>,
    known: &'a Resources<'a>,
    question: &'a Question,
    accounts: &'a Accounts,
    settings: &'a Settings,
    asked: HashMap<About, Asked>,
    /// What binds the resources that are asked for.
    bound: &'a Bound,
    /// The resources that the shape's own policies are about, once they are looked for.
    about: Option<Vec<usize>>,
}

/// The answers for the principals of a shape, each with its number.
pub(super) fn shape(
    shape: &Shape<'_>,
    principals: &[Who<'_>],
    known: &Resources<'_>,
    question: &Question,
    accounts: &Accounts,
    bound: &Bound,
    settings: &Settings,
) -> Result<Vec<(usize, Answer)>, InternalError> {
    let asked = HashMap::new();
    let mut asking = Asking { principals, shape, known, question, accounts, settings, asked, bound, about: None };
    let mut out = Vec::new();
    for member in &shape.members {
        let Some(who) = principals.get(member.at) else { continue };
        let answer = deadline::question(&settings.budget, || asking.answer(*who, member));
        out.push((member.at, answer.unwrap_or_else(|expired| Ok(Answer::unknown(expired.to_string())))?));
    }
    Ok(out)
}

impl Asking<'_> {
    fn answer(&mut self, who: Who<'_>, member: &Member) -> Result<Answer, InternalError> {
        let first = self.of(who, &About::Any)?;
        let mut unknown = None;
        if let Some(witness) =
            first.witness.as_ref().filter(|witness| !first.needs_consent && self.known_about(witness).is_none())
        {
            return Ok(self.can(witness, &first, &About::Any, member));
        }
        let has_first = first.witness.is_some() || first.unknown.is_some();
        for at in self.candidates(who, has_first) {
            if let Some(Own::Broken(why)) = self.known.all.get(at).map(|resource| &resource.own) {
                let arn = self.known.all.get(at).map_or("", |resource| resource.arn);
                unknown.get_or_insert_with(|| format!("the policy of `{arn}` cannot be read: {why}"));
                continue;
            }
            let found = self.of(who, &About::One(at))?;
            if let Some(witness) = &found.witness {
                return Ok(self.can(witness, &found, &About::One(at), member));
            }
            unknown = unknown.or(found.unknown.map(|why| why.to_string()));
        }
        if has_first {
            let (about, others) = match self.known.all.is_empty() {
                true => (About::Any, first.clone()),
                false => (About::Others, self.of(who, &About::Others)?),
            };
            if let Some(witness) = &others.witness {
                return Ok(self.can(witness, &others, &about, member));
            }
            // What was left open about all together may be closed about each.
            unknown = unknown.or(others.unknown.map(|why| why.to_string()));
        }
        if let Some(why) = unknown {
            return Ok(Answer::unknown(why));
        }
        let mut notes = Vec::new();
        if first.could_be_granted || has_first {
            notes.push(format!("{GRANTED}{}", self.service()));
        }
        Ok(Answer { verdict: Verdict::Cannot, witness: None, grants: Vec::new(), notes })
    }

    fn service(&self) -> String {
        self.question.actions.service().map(|service| format!(" ({service})")).unwrap_or_default()
    }

    /// The known resources that matter to a principal.
    fn candidates(&mut self, who: Who<'_>, reaches: bool) -> Vec<usize> {
        let mut out = self.known.naming(who);
        if reaches {
            let (known, shape) = (self.known, self.shape);
            let everything = shape.is_root || shape.grants_more;
            let about = self.about.get_or_insert_with(|| {
                let granting = if everything { vec![(0, Arc::new(self::everything()))] } else { shape.identity.clone() };
                known.about(&granting, &shape.account)
            });
            out.extend(about.iter().copied());
            out.sort_unstable();
            out.dedup();
        }
        out
    }

    /// The known resource that a request is about.
    fn known_about(&self, request: &Request) -> Option<usize> {
        self.known
            .all
            .iter()
            .position(|one| request.resource.starts_with(one.arn) && eval::resource_matches(&known::patterns(one.arn), request))
    }

    /// What is found for a principal: as for any of its shape, where that holds for it too, or by itself.
    fn of(&mut self, who: Who<'_>, about: &About) -> Result<Reached, InternalError> {
        if !self.asked.contains_key(about) {
            let asked = self.ask_shape(about)?;
            self.asked.insert(about.clone(), asked);
        }
        let Some(asked) = self.asked.get(about) else { return Ok(Reached::default()) };
        let controls = self.accounts.controls_of(who);
        let requests = |access: &Access| {
            let mut scope = scope::requests(who, access, controls, asked.resource.clone());
            scope.statements.iter_mut().for_each(|one| one.conditions.extend(self.owner(about)));
            scope
        };
        let scope = requests(&asked.access);
        let search = Query { within: Some(scope), ..self.search(&asked.access) };
        if let Some(found) = &asked.found {
            match &found.witness {
                None if found.unknown.is_none() => return Ok(found.clone()),
                Some(witness) => {
                    let own = scope::transplanted(who, controls, witness);
                    let own = reach::replayed(&search, own);
                    let consent = |own: &Request| reach::needs_consent(&search, own);
                    if let Some(own) = own.filter(|own| found.needs_consent || !consent(own)) {
                        let granting = reach::shows(&search, &own).unwrap_or_default();
                        return Ok(Reached { witness: Some(own), granting, ..found.clone() });
                    }
                }
                None => {}
            }
        }
        // Variables of its own keys are text for this principal; what is found so is shown by its policies as they stand.
        if let Some(own) = scope::own(who, controls, &asked.access) {
            let within = Some(requests(&own));
            let found = reach::reach(&Query { within, ..self.search(&own) }, self.settings)?;
            let Some(witness) = &found.witness else { return Ok(found) };
            let dressed = scope::dressed(who, controls, witness.clone());
            if let Some(granting) = reach::shows(&search, &dressed) {
                return Ok(Reached { witness: Some(dressed), granting, ..found });
            }
        }
        let mut found = reach::reach(&search, self.settings)?;
        if let Some(witness) = &found.witness {
            let dressed = scope::dressed(who, controls, witness.clone());
            if let Some(granting) = reach::shows(&search, &dressed) {
                (found.witness, found.granting) = (Some(dressed), granting);
            }
        }
        Ok(found)
    }

    fn ask_shape(&self, about: &About) -> Result<Asked, InternalError> {
        let resource = match about {
            About::Any => None,
            About::One(at) => Some(known::within(self.known.patterns(&[*at]), false)),
            About::Others => Some(known::within(self.others(), true)),
        };
        let access = self.settings.read_own(self.stack(about).into());
        // One principal is asked about by itself.
        if self.shape.members.len() < 2 {
            return Ok(Asked { access, resource, found: None });
        }
        let mut scope = predicate::statement(None, resource.clone(), self.owner(about).into_iter().collect());
        let account = PrincipalPattern::Account(self.shape.account.clone());
        scope.statements.iter_mut().for_each(|one| one.principal = Some(PrincipalMatch::of(false, vec![account.clone()])));
        let search = self.search(&access);
        // Where control policies are, a question leaves service-linked roles out by itself.
        if !self.shape.is_service_linked {
            scope.statements.extend(search.within.iter().flat_map(|within| within.statements.clone()));
        }
        // Variables are told apart for each principal: about all of them together Z3 is not asked for long.
        let has_variables = self.shape.members.iter().any(|member| {
            let who = self.principals.get(member.at);
            who.is_some_and(|who| scope::own(*who, self.accounts.controls_of(*who), &access).is_some())
        });
        let mut settings = *self.settings;
        if has_variables {
            settings.budget.rlimit = settings.budget.rlimit.min(BRIEF);
        }
        let found = reach::reach(&Query { within: Some(scope), ..search }, &settings)?;
        Ok(Asked { access, resource, found: Some(found) })
    }

    /// Whose the resource is that a question is about, where its ARN does not say it: a bucket's names no account.
    fn owner(&self, about: &About) -> Option<Condition> {
        let About::One(at) = about else { return None };
        let resource = self.known.all.get(*at)?;
        let named = arn::split(resource.arn).is_some_and(|[_, _, _, _, account, _]| arn::is_account(account));
        (!named && arn::is_account(resource.owner)).then(|| scope::owned_by(resource.owner))
    }

    /// What matches the resources whose policies are known. Roles of the input's accounts are all known.
    fn others(&self) -> Vec<ResourcePattern> {
        let is_role = |arn: &str| arn.split(':').nth(2) == Some("iam");
        let rest: Vec<usize> = self.known.all.iter().enumerate().filter(|(_, one)| !is_role(one.arn)).map(|(at, _)| at).collect();
        let mut out = self.known.patterns(&rest);
        if rest.len() < self.known.all.len() || self.question.actions.service().as_deref() == Some("sts") {
            let roles = |id: &str| ResourcePattern::parse(&format!("arn:*:iam::{id}:role/*"), Span::default(), false);
            out.extend(self.accounts.ids().into_iter().map(roles));
        }
        out
    }

    fn search<'p>(&self, access: &'p Access) -> Query<'p> {
        let resources = self.question.resource.as_ref().map(|(_, pattern)| vec![pattern.clone()]);
        Query {
            actions: ActionScope::Matching(vec![self.question.actions.glob().clone()]),
            resources,
            ..Query::new(access, None)
        }
    }

    fn stack(&self, about: &About) -> Stack {
        let shape = self.shape;
        let empty = || Policy { statements: Vec::new(), ..everything() };
        let mut identity: Vec<Policy> = shape.identity.iter().map(|(_, policy)| (**policy).clone()).collect();
        if shape.grants_more || shape.is_root {
            identity.push(everything());
        }
        let boundaries =
            shape.boundary.as_ref().map(|boundary| vec![boundary.as_ref().map_or_else(empty, |one| (**one).clone())]);
        let resource = match about {
            About::Any | About::Others => ResourcePolicy::Unknown,
            About::One(at) => match self.known.all.get(*at).map(|resource| &resource.own) {
                Some(Own::Says(policy)) => ResourcePolicy::Given((**policy).clone()),
                Some(Own::Nothing | Own::Broken(_)) | None => ResourcePolicy::Absent,
            },
        };
        let stack = Stack { identity: Some(identity), boundaries, resource, ..Stack::default() };
        let stack = controls::with(stack, shape.controls);
        Stack { resource_control: self.bound.levels.clone(), ..stack }
    }

    fn can(&self, witness: &Request, found: &Reached, about: &About, member: &Member) -> Answer {
        if let Some(why) = &member.broken {
            return Answer::unknown(why.clone());
        }
        let owner = witness.resource_account().unwrap_or(&self.shape.account);
        if let Some(why) = self.bound.unread.get(owner) {
            let why = cast::first(why);
            return Answer::unknown(format!("the resource control policies of account {owner} are not known: {why}"));
        }
        let mut grants = Vec::new();
        if let Some(asked) = self.asked.get(about) {
            for number in &found.granting {
                let Some((owner, statement)) = asked.access.statement(*number) else { continue };
                let at = asked.access.members().iter().position(|one| std::ptr::eq(one, owner));
                let policy = match (owner.place, about) {
                    (Place::Resource, About::One(at)) => self.known.all.get(*at).map(|resource| resource.arn.to_owned()),
                    _ => at.and_then(|at| member.labels.get(at)).cloned(),
                };
                let (statement_index, statement_id) = (statement.index, statement.sid.clone());
                grants.push(Grant { policy: policy.unwrap_or_else(|| owner.name.clone()), statement_index, statement_id });
            }
        }
        let mut notes: Vec<String> = found.doubt.iter().cloned().collect();
        if found.needs_consent {
            notes.push(format!("{CONSENT}{}", self.service()));
        }
        Answer { verdict: Verdict::Can, witness: Some(witness.clone()), grants, notes }
    }
}

/// Of a witness that needs the consent of a policy that the input does not hold.
const CONSENT: &str = "the witness needs the consent of the resource's own policy, which the input does not hold";

/// Of what is proved as far as the input goes.
const GRANTED: &str = "policies of resources that the input does not hold are taken to grant nothing by themselves";

/// A policy that allows everything, in place of one that is not known.
fn everything() -> Policy {
    let mut policy = predicate::statement(None, None, Vec::new());
    policy.source = crate::diag::Source::new("a policy that is not known", "");
    policy
}
