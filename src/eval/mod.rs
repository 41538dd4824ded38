//! Does an access definition allow one concrete request?
//!
//! The first of the independent meanings: plain evaluation, statement by statement, over concrete values, and then the
//! rules of the access definition over what applies. An explicit Deny wins; then every gate must be open, else the
//! request is implicitly denied. Every witness that a question reports was replayed here first. Nothing is shared with
//! `encode/` but the IR.
//!
//! Source: IAM User Guide, "How AWS enforcement code logic evaluates requests to allow or deny access".

mod candidates;
mod condition;
pub mod explain;
mod facts;
pub mod missing;
mod principal;
mod resource;
mod text;

use crate::diag::deadline;
use crate::policy::compose::{GateKind, Rule, Through};
use crate::policy::{Access, Condition, PrincipalMatch, ResourcePattern, Statement};
use crate::request::Request;
use rustc_hash::FxHashMap;
use std::cell::RefCell;

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Decision {
    /// It is granted, and nothing denies it.
    Allowed,
    /// Nothing denies it, but something that must allow it does not.
    ImplicitlyDenied,
    /// Some Deny in effect applies.
    ExplicitlyDenied,
}

impl Decision {
    /// AWS's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allowed => "Allowed",
            Self::ImplicitlyDenied => "ImplicitlyDenied",
            Self::ExplicitlyDenied => "ExplicitlyDenied",
        }
    }
}

/// A decision and who made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// The decision.
    pub decision: Decision,
    /// The numbers of the Deny statements in effect, or of the Allow statements that grant the request.
    pub decided_by: Vec<usize>,
    /// Of an implicit deny: what does not allow the request, by name.
    pub not_allowed_by: Vec<String>,
}

/// One request under one access definition. Which statements apply is found out once.
struct Evaluator<'e> {
    access: &'e Access,
    request: &'e Request,
    /// The only statements whose action is known to match; `None` if that is to be looked at.
    among: Option<&'e [usize]>,
    action: String,
    /// Whether a statement matches but for its principal.
    known: RefCell<FxHashMap<usize, bool>>,
}

impl Evaluator<'_> {
    fn holds(&self, rule: &Rule) -> bool {
        match rule {
            Rule::Const(truth) => *truth,
            Rule::Applies(number, through) => self.applies(*number, *through),
            Rule::Fact(fact) => facts::holds(fact, self.request),
            Rule::Not(inner) => !self.holds(inner),
            Rule::All(parts) => parts.iter().all(|part| self.holds(part)),
            Rule::Any(parts) => parts.iter().any(|part| self.holds(part)),
        }
    }

    fn applies(&self, number: usize, through: Through) -> bool {
        if self.among.is_some_and(|among| !among.contains(&number)) {
            return false;
        }
        deadline::check();
        let Some((_, statement)) = self.access.statement(number) else { return false };
        let principal = |principal| principal::applies(principal, self.request, through);
        let named = statement.principal.as_ref().map_or(matches!(through, Through::Any | Through::Anyone), principal);
        named
            && *self.known.borrow_mut().entry(number).or_insert_with(|| {
                (self.among.is_some() || statement.action.applies(&self.action)) && beyond_principal(statement, self.request)
            })
    }

    fn allowed(&self) -> bool {
        let rules = self.access.rules();
        !rules.denies.iter().any(|(_, rule)| self.holds(rule)) && rules.gates.iter().all(|gate| self.holds(&gate.rule))
    }

    fn decision(&self) -> Decision {
        let rules = self.access.rules();
        if rules.denies.iter().any(|(_, rule)| self.holds(rule)) {
            return Decision::ExplicitlyDenied;
        }
        let open = rules.gates.iter().all(|gate| self.holds(&gate.rule));
        if open { Decision::Allowed } else { Decision::ImplicitlyDenied }
    }
}

fn evaluator<'e>(access: &'e Access, request: &'e Request, among: Option<&'e [usize]>) -> Evaluator<'e> {
    Evaluator { access, request, among, action: request.action.to_ascii_lowercase(), known: RefCell::default() }
}

/// Decides one request under one access definition.
pub fn evaluate(access: &Access, request: &Request) -> Evaluation {
    let evaluator = evaluator(access, request, None);
    let rules = access.rules();
    let denies: Vec<usize> = rules.denies.iter().filter(|(_, rule)| evaluator.holds(rule)).map(|(number, _)| *number).collect();
    if !denies.is_empty() {
        return Evaluation { decision: Decision::ExplicitlyDenied, decided_by: denies, not_allowed_by: Vec::new() };
    }
    if evaluator.allowed() {
        let granting = (0..access.len()).filter(|number| access.grants(*number) && evaluator.applies(*number, Through::Any));
        return Evaluation { decision: Decision::Allowed, decided_by: granting.collect(), not_allowed_by: Vec::new() };
    }
    // Who could have granted it matters only if nobody did.
    let granted = rules.gates.iter().filter(|gate| gate.kind == GateKind::Grant).all(|gate| evaluator.holds(&gate.rule));
    let sides = rules.sides.iter().filter(|_| !granted || access.is_alone());
    let closed = rules.gates.iter().chain(sides).filter(|gate| gate.kind != GateKind::Grant && !evaluator.holds(&gate.rule));
    let mut not_allowed_by: Vec<String> = closed.map(|gate| gate.kind.to_string()).collect();
    not_allowed_by.dedup();
    Evaluation { decision: Decision::ImplicitlyDenied, decided_by: Vec::new(), not_allowed_by }
}

/// Whether an access definition allows a request.
pub fn allows(access: &Access, request: &Request) -> bool {
    evaluator(access, request, None).allowed()
}

/// What becomes of a request, without who decided it.
pub fn decision(access: &Access, request: &Request) -> Decision {
    evaluator(access, request, None).decision()
}

/// Whether an access definition allows a request, for a caller that knows to which statements its action belongs.
pub fn allows_among(access: &Access, among: &[usize], request: &Request) -> bool {
    evaluator(access, request, Some(among)).allowed()
}

/// Whether a rule of an access definition holds for a request.
pub fn rule_holds(access: &Access, rule: &Rule, request: &Request) -> bool {
    evaluator(access, request, None).holds(rule)
}

/// Whether a principal list applies to who makes a request.
pub fn names(list: &PrincipalMatch, request: &Request) -> bool {
    principal::applies(list, request, Through::Any)
}

/// Whether a statement applies to a request: principal, action, resource and every condition match.
pub fn applies(statement: &Statement, request: &Request) -> bool {
    statement.action.applies(&request.action.to_ascii_lowercase()) && applies_beyond_action(statement, request)
}

/// Whether principal, resource and every condition of a statement match; for callers that know that its action does.
pub fn applies_beyond_action(statement: &Statement, request: &Request) -> bool {
    statement.principal.as_ref().is_none_or(|principal| principal::applies(principal, request, Through::Any))
        && beyond_principal(statement, request)
}

fn beyond_principal(statement: &Statement, request: &Request) -> bool {
    statement.resource.as_ref().is_none_or(|resource| resource::applies(resource, request))
        && statement.conditions.iter().all(|condition| condition::holds(condition, request))
}

/// Whether one condition holds for a request.
pub fn condition_holds(condition: &Condition, request: &Request) -> bool {
    condition::holds(condition, request)
}

/// Whether one of these resource patterns, written as in a policy without variables, matches a resource.
pub fn resource_matches(patterns: &[ResourcePattern], request: &Request) -> bool {
    patterns.iter().any(|pattern| resource::matches(pattern, request))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Budget, Source};
    use crate::policy::access_json;
    use crate::request::{Context, Principal};

    fn access(text: &str) -> Access {
        let source = Source::new("access", text);
        let value = crate::json::read(&source, &Budget::default()).unwrap();
        access_json::read(&source, &value).unwrap()
    }

    fn request(action: &str, resource: &str, team: &str) -> Request {
        let context = Context::from([("aws:resourcetag/team".to_owned(), vec![team.to_owned()])]);
        Request::new(Principal::Aws("arn:aws:iam::111122223333:user/a".to_owned()), action, resource, context)
    }

    #[test]
    fn what_closes_is_named_and_who_could_have_granted_only_if_nobody_did() {
        let (all, s3) = (
            r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#,
            r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#,
        );
        let closed = |text: &str| {
            // A stack without a policy of the resource: one that is not known could have granted nothing.
            let text = text.replacen("{\"identityPolicies\"", "{\"resourcePolicy\":null,\"identityPolicies\"", 1);
            let evaluation = evaluate(&access(&text), &request("sns:Publish", "*", "red"));
            assert!(evaluation.decided_by.is_empty() && evaluation.decision == Decision::ImplicitlyDenied);
            evaluation.not_allowed_by.join(" ")
        };
        assert_eq!(closed(s3), "policy");
        assert_eq!(
            closed(&format!(
                r#"{{"identityPolicies":[{s3}],"permissionBoundaries":[{all}],"serviceControlPolicies":[[{all}],[{all}]]}}"#
            )),
            "identityPolicies resourcePolicy"
        );
        assert_eq!(
            closed(&format!(r#"{{"identityPolicies":[{all}],"serviceControlPolicies":[[{all}],[{s3}]]}}"#)),
            "serviceControlPolicies[1]"
        );
        assert_eq!(
            closed(&format!(
                r#"{{"identityPolicies":[{s3}],"sessionPolicies":[{all}],"permissionBoundaries":[{s3}],"serviceControlPolicies":[[{s3}]]}}"#
            )),
            "serviceControlPolicies[0] identityPolicies permissionBoundaries[0] resourcePolicy"
        );
    }

    #[test]
    fn parts_of_a_decision_alone() {
        let access = access(
            r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"s3:Get*","Resource":"arn:aws:s3:::b/*",
                "Condition":{"StringEquals":{"aws:ResourceTag/team":"red"}}},
                {"Effect":"Deny","Principal":{"AWS":"999999999999"},"Action":"*","Resource":"*"}]}"#,
        );
        let (_, allow) = access.statement(0).unwrap();
        let (_, other) = access.statement(1).unwrap();
        for (action, resource, team, beyond) in [
            ("s3:GetObject", "arn:aws:s3:::b/k", "red", true),
            ("s3:PutObject", "arn:aws:s3:::b/k", "red", true),
            ("s3:GetObject", "arn:aws:s3:::c/k", "red", false),
            ("s3:GetObject", "arn:aws:s3:::b/k", "blue", false),
        ] {
            let request = request(action, resource, team);
            let all = beyond && action == "s3:GetObject";
            assert_eq!(applies_beyond_action(allow, &request), beyond, "{request:?}");
            assert_eq!(applies(allow, &request), all, "{request:?}");
            assert!(!applies(other, &request) && !applies_beyond_action(other, &request));
            assert_eq!(allows(&access, &request), all, "{request:?}");
            // The caller vouches for the actions of the statements it names, and for no others.
            assert_eq!(allows_among(&access, &[0, 1], &request), beyond, "{request:?}");
            assert!(!allows_among(&access, &[1], &request));
            assert_eq!(condition_holds(&allow.conditions[0], &request), team == "red");
            let patterns = &allow.resource.as_ref().unwrap().patterns;
            assert_eq!(resource_matches(patterns, &request), resource.contains("b/"), "{request:?}");
        }
    }
}
