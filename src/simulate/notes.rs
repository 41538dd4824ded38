//! What does a decision rest on that the request and the policies do not show?

use crate::diag::{Budget, Source};
use crate::eval::{self, Decision};
use crate::policy::access::Place;
use crate::policy::readings::READINGS;
use crate::policy::unreadable;
use crate::policy::{Access, Policy, Readings, ResourcePolicy, Stack};
use crate::request::{Request, keys};
use crate::wellformed;

/// Of a request that AWS never sends.
const CONTRADICTS: &str =
    "the request contradicts itself: a key is given otherwise than it follows from the principal or the resource";

/// What is odd about a request.
pub(super) fn about_request(request: &Request) -> Vec<String> {
    let is_impossible = |statement| eval::applies_beyond_action(statement, request);
    let contradicts = !request.is_consistent() || wellformed::about(request).any(is_impossible);
    let wrong = keys::mistyped(request)
        .map(|(key, value, own)| format!("the value of {key} is {}, \"{value}\" is not: no request carries it", own.noun()));
    let doubled = keys::doubled(request).map(|key| format!("{key} has one value, not several: no request carries these"));
    let odd = super::request::oddities(request);
    contradicts.then(|| CONTRADICTS.to_owned()).into_iter().chain(wrong).chain(doubled).chain(odd).collect()
}

/// A member that a stack does not give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    /// The policy of the resource, which would consent.
    Resource,
    /// Everything on the principal's side, of which nothing would allow.
    Principal,
    /// Identity policies beside other members of the principal's side, which would allow everything.
    Identity,
}

/// The stack with members that it does not give.
pub(super) fn others(stack: &Stack) -> Vec<(Stack, Absent)> {
    let mut out = Vec::new();
    if matches!(stack.resource, ResourcePolicy::Unknown) {
        out.push((stack.clone(), Absent::Resource));
    }
    let resource = match &stack.resource {
        ResourcePolicy::Unknown => ResourcePolicy::Absent,
        given => given.clone(),
    };
    if stack.identity.is_none() {
        let others = stack.boundaries.is_some() || stack.session.is_some() || stack.service_control.is_some();
        let (identity, absent) = match others {
            true => (vec![everything()], Absent::Identity),
            false => (Vec::new(), Absent::Principal),
        };
        out.push((Stack { identity: Some(identity), resource, ..stack.clone() }, absent));
    }
    out
}

/// The same stack for an account's root, if it gives identity policies: none can be attached to a root, which has full access
/// in its account without. Control policies that allow everything keep the principal's side where nothing else is given of it.
pub(super) fn of_root(stack: &Stack) -> Option<Stack> {
    stack.identity.as_ref()?;
    let others = stack.boundaries.is_some() || stack.session.is_some();
    let all = || vec![vec![everything()]];
    let service_control = stack.service_control.clone().or_else(|| (!others).then(all));
    Some(Stack { identity: None, service_control, ..stack.clone() })
}

/// What is said where a root's request comes with identity policies.
pub(super) fn about_root(given: &Access) -> Option<String> {
    let has_identity = given.members().iter().any(|member| member.place == Place::Identity);
    let note = "an account's root has no identity policies and needs none in its account: `identityPolicies` are left out";
    has_identity.then(|| note.to_owned())
}

/// A policy that allows everything.
fn everything() -> Policy {
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    Policy::read(&Source::new("policy", text), &Budget::default()).expect("it is a policy, as a test shows")
}

impl Absent {
    /// What is said of it, if the decision would be `then` were it there.
    pub(super) fn note(self, request: &Request, decision: Decision, then: Decision) -> Option<String> {
        if decision == then {
            return None;
        }
        let last = |start: &str| request.resource.splitn(6, ':').nth(5).is_some_and(|rest| rest.starts_with(start));
        let of = |service: &str| request.resource.split(':').nth(2) == Some(service);
        Some(match self {
            Self::Resource => {
                let (what, why) = if of("kms") && last("key/") {
                    ("key policy", "a KMS key's policy must allow explicitly")
                } else if of("iam") && last("role/") {
                    ("trust policy", "a role's trust policy must allow explicitly")
                } else {
                    ("policy of the resource", "the resource is of another account, whose policy must allow too")
                };
                format!("no {what} is given, which is taken to mean that there is none; {why}: `resourcePolicy` decides")
            }
            Self::Principal => format!(
                "nothing is given of the principal's side, so the resource's side was asked alone; with `identityPolicies` that \
                 allow nothing (`[]`) the decision is {}",
                then.name()
            ),
            Self::Identity => format!(
                "no `identityPolicies` are given, which is taken to mean that there are none; with one that allows it the \
                 decision is {}",
                then.name()
            ),
        })
    }
}

/// A condition that a decision hangs on, because a value of it is not to be read.
pub(super) fn hanging(access: &Access, request: &Request) -> Option<String> {
    let mut all = access.unreadable().filter(|(_, _, statement, condition)| {
        let [least, most] = [false, true].map(|most| {
            let mut read = (*statement).clone();
            read.conditions.iter_mut().for_each(|condition| *condition = condition.at(most));
            eval::applies(&read, request) && eval::condition_holds(&condition.at(most), request)
        });
        least != most
    });
    all.next().map(|(_, policy, _, condition)| unreadable::named(policy, condition))
}

/// What is said where nobody says whose the resource is, and that decides.
pub(super) fn owner(access: &Access, request: &Request, decision: Decision) -> Option<String> {
    let own = request.principal.account().filter(|_| request.resource_account().is_none() && request.resource != "*")?;
    let owned_by = |account: &str| {
        let mut there = request.clone();
        there.context.insert("aws:resourceaccount".to_owned(), vec![account.to_owned()]);
        eval::decision(access, &there)
    };
    let another = if own == "111111111111" { "222222222222" } else { "111111111111" };
    let then = owned_by(another);
    (owned_by(own) == decision && then != decision).then(|| {
        format!(
            "the account of the resource is not given: it is taken to be the principal's; were it another, the decision is {} \
             (`resource.accountId`, --resource-account)",
            then.name()
        )
    })
}

/// What is said of readings of AWS's pages under which the decision is another.
pub(super) fn other_readings(access: &Access, request: &Request, readings: Readings, decision: Decision) -> Vec<String> {
    let told = |(readings, name): (Readings, String)| {
        let read = access.read_as(readings);
        let then = eval::decision(read.as_ref().unwrap_or(access), request);
        (then != decision).then(|| format!("under {name} the decision is {}", then.name()))
    };
    READINGS.iter().map(|reading| reading.turned(readings)).filter_map(told).collect()
}
