//! Who outside a zone of trust gets which access? As findings, complete.
//!
//! Which requests are from outside says the zone (`super::zone`): those of principals that are not of it, and those of
//! services that nothing pins to it. Every Allow statement is asked for each principal it names: is some outside request
//! allowed through it? What is found becomes a finding with a replayed witness; what is not was proved. So the list is
//! complete: an allowed outside request is allowed through some statement and some entry of it.
//!
//! Where services that nothing pins are trusted, those count that are pinned to somebody outside: a request is allowed, and
//! would not be without the keys that say for whom the service calls.
//!
//! Source: IAM Access Analyzer, external access findings (principal, action, condition, isPublic).

use super::no_public_access;
use super::zone::{SOURCES, Scope, TRUST};
use super::{InternalError, Proof, Settings};
use crate::catalog::PASSED_DATE;
use crate::diag::deadline;
use crate::glob::Glob;
use crate::policy::{Access, Policy, Statement};
use crate::query::{ActionScope, Certificate, Query, SearchResult, Unknown};
use crate::request::{Principal, Request};
use crate::witness;
use std::time::Instant;

pub use super::zone::Zone;

/// One finding: an entry of an Allow statement through which somebody outside gets access.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Finding {
    /// The statement's number in the access definition.
    pub number: usize,
    /// The entry, as kind and text: `("AWS", "*")`, `("Federated", "accounts.google.com")`.
    pub principal: (&'static str, String),
    /// The statement's action patterns that reach somebody outside, as written; `NotAction` patterns if it has those.
    pub actions: Vec<String>,
    /// Whether nothing pins who can use it.
    pub is_public: bool,
    /// Whether only services get in through it, for somebody outside or for nobody that is known.
    pub service: bool,
    /// A request that shows it, replayed.
    pub witness: Request,
    /// What is worth knowing about it.
    pub notes: Vec<String>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Outside {
    /// The findings, in the order of the policy.
    pub findings: Vec<Finding>,
    /// Why something was left open, if it was.
    pub unknown: Option<Unknown>,
    /// What is worth knowing beside the findings.
    pub notes: Vec<String>,
    /// What Z3 checked where nobody gets in, under [`Settings::prove`].
    pub checked: Option<Certificate>,
    /// What it rests on.
    pub proof: Proof,
}

/// Everybody outside the zone who gets access.
pub fn outside_access(access: &Access, zone: &Zone, settings: &Settings) -> Result<Outside, InternalError> {
    let started = Instant::now();
    let access = settings.read(access);
    let mut all = All::default();
    match deadline::question(&settings.budget, || deadline::search(|| find(&access, zone, settings, &mut all))) {
        Ok(Ok(found)) => found?,
        // Findings are whole, and those that were found stand.
        Ok(Err(expired)) | Err(expired) => all.open(Some(expired.into())),
    }
    let All { findings, unknown, notes, asked } = all;
    let mut proof = Proof::since(started, settings, &asked);
    proof.needs_z3 |= unknown.as_ref().is_some_and(Unknown::is_for_z3);
    let passed = findings.is_empty() && unknown.is_none();
    let checked = (settings.prove && passed).then(|| Certificate::together(asked.into_iter().map(|found| found.checked)));
    Ok(Outside { findings, unknown, notes, checked, proof })
}

/// The searches for outside requests, of all statements together: none finds one exactly if nobody outside gets in.
pub fn searches<'a>(access: &'a Access, pinned: Option<&'a Access>, zone: &Zone) -> Vec<Query<'a>> {
    let everything = Query::new(access, None);
    let granting = || access.statements().filter(|(number, ..)| access.grants(*number)).map(|(_, _, statement)| statement);
    let scopes = zone.outside(access).into_iter().filter(|scope| granting().any(|statement| counts(scope, statement)));
    scopes.map(|scope| search(&everything, &scope, pinned, |policy| policy)).collect()
}

/// Whether a scope says something of a statement's actions that no other does.
fn counts(scope: &Scope, statement: &Statement) -> bool {
    let trust = Glob::parse(TRUST);
    !scope.trust || statement.action.negated || statement.action.patterns().iter().any(|one| one.may_meet(&trust))
}

/// The access definition as it is without the keys that say for whom a service calls, if services are trusted without them.
pub fn without_sources(access: &Access, zone: &Zone) -> Option<Access> {
    zone.trusts_services.then(|| access.lacking(&SOURCES)).flatten()
}

/// The search of one scope.
fn search<'a>(everything: &Query<'a>, scope: &Scope, pinned: Option<&'a Access>, within: impl Fn(Policy) -> Policy) -> Query<'a> {
    let mut policy = scope.within.clone();
    policy.statements.extend(everything.within.iter().flat_map(|left_out| left_out.statements.clone()));
    let unless = pinned.filter(|_| scope.services);
    Query { within: Some(within(policy)), except: scope.except.clone(), unless, ..everything.clone() }
}

/// What was found so far.
#[derive(Default)]
struct All {
    findings: Vec<Finding>,
    unknown: Option<Unknown>,
    notes: Vec<String>,
    asked: Vec<SearchResult>,
}

impl All {
    /// Remembers that something was left open; the first reason stays.
    fn open(&mut self, why: Option<Unknown>) {
        self.unknown = self.unknown.take().or(why);
    }

    /// Whether a search finds something; what it leaves open is remembered.
    fn shows(&mut self, search: &Query<'_>, settings: &Settings) -> Result<bool, InternalError> {
        // Whether there is a witness is all that matters.
        let found = witness::find(search, &Settings { realistic: false, ..*settings })?;
        if found.witness.is_none() {
            self.open(found.unknown);
        }
        Ok(found.witness.is_some())
    }
}

fn find(access: &Access, zone: &Zone, settings: &Settings, all: &mut All) -> Result<(), InternalError> {
    let pinned = without_sources(access, zone);
    let scopes = zone.outside(access);
    let (everything, public) = (Query::new(access, None), no_public_access::search(access, None));
    for (number, member, statement) in access.statements().filter(|(number, ..)| access.grants(*number)) {
        // Without principals a policy is attached to identities of the zone itself.
        let Some(principal) = &statement.principal else { continue };
        for (shown, list) in principal.entries() {
            deadline::look();
            let only = |mut policy: Policy| {
                let mut through = policy.statements.first().cloned();
                through.iter_mut().for_each(|statement| {
                    statement.principal = Some(list.clone());
                    statement.conditions.clear();
                });
                policy.statements.extend(through);
                policy
            };
            let of_scope = |scope: &Scope| Query { by: Some(number), ..search(&everything, scope, pinned.as_ref(), only) };
            let searches: Vec<Query<'_>> = scopes.iter().filter(|scope| counts(scope, statement)).map(of_scope).collect();
            let mut first = None;
            for (at, search) in searches.iter().enumerate() {
                let found = witness::find(search, settings)?;
                all.open(found.unknown.clone());
                // What is open is said of all findings together.
                let notes = if found.unknown.is_none() { found.notes.clone() } else { Vec::new() };
                first = found.witness.clone().map(|witness| (at, witness, notes));
                all.asked.push(found);
                if first.is_some() {
                    break;
                }
            }
            let Some((at, witness, mut notes)) = first else { continue };
            notes.extend(of_service(&witness));
            let public = Query { within: public.within.clone().map(only), by: Some(number), ..public.clone() };
            let is_public = all.shows(&public, settings)?;
            let mut actions = Vec::new();
            for (pattern, span) in statement.action.patterns().iter().zip(statement.action.spans()) {
                let written = member.policy.source.text.get(span.start..span.end).unwrap_or_default();
                let mut reaches = statement.action.negated;
                // Scopes before that of the witness have none.
                for search in searches.iter().skip(at) {
                    let one = Query { actions: ActionScope::Matching(vec![pattern.clone()]), ..search.clone() };
                    reaches = reaches || all.shows(&one, settings)?;
                }
                if reaches {
                    actions.push(serde_json::from_str(written).unwrap_or_else(|_| pattern.to_string()));
                }
            }
            // What was left half way is no finding.
            deadline::look();
            let service = matches!(witness.principal, Principal::Service(_));
            all.findings.push(Finding { number, principal: shown, actions, is_public, service, witness, notes });
        }
    }
    rests_on(&everything, zone, settings, all)
}

/// What is worth knowing about a service that gets in.
fn of_service(witness: &Request) -> Option<String> {
    let Principal::Service(name) = &witness.principal else { return None };
    let pins: Vec<&str> = SOURCES.into_iter().filter(|key| witness.context.contains_key(&key.to_ascii_lowercase())).collect();
    let trust = witness.action.split(':').next().is_some_and(|service| service.eq_ignore_ascii_case("sts"));
    let passed = if trust { format!(", and it gets no role through iam:PassRole (as of {PASSED_DATE})") } else { String::new() };
    Some(match pins.as_slice() {
        [] => format!(
            "nothing says for whom {name} calls{passed}: name the zone with aws:SourceAccount, aws:SourceArn, aws:SourceOrgID or \
             aws:SourceOrgPaths"
        ),
        pins => format!("{name} may call for somebody outside: {} is not of the zone", pins.join(", ")),
    })
}

/// What the answer rests on beside the policy: that services only get roles from the role's own account.
fn rests_on(everything: &Query<'_>, zone: &Zone, settings: &Settings, all: &mut All) -> Result<(), InternalError> {
    let scope = Scope { within: zone.passed(everything.grants), except: Vec::new(), trust: true, services: false };
    let actions = ActionScope::Matching(vec![Glob::parse(TRUST)]);
    let passed = Query { actions, ..search(everything, &scope, None, |policy| policy) };
    let found = witness::find(&passed, &Settings { realistic: false, ..*settings })?;
    if let Some(Principal::Service(name)) = found.witness.map(|witness| witness.principal) {
        all.notes.push(format!(
            "{name} counts as inside: it gets roles through iam:PassRole, which does not cross accounts (as of {PASSED_DATE})"
        ));
    }
    if everything.grants.resource_policy_is_unknown() {
        let what = "this rests on the resource's own policy, which is not known: it is taken to let nobody in by itself; give";
        all.notes.push(format!("{what} `resourcePolicy`, or null if there is none"));
    }
    if zone.trusts_services {
        all.notes.push("services count as inside where nothing says for whom they call".to_owned());
    }
    Ok(())
}
