//! Predicates over requests, written as policies: what a question is about, where that is not all requests.
//!
//! So evaluator and encodings need to know nothing new: a request counts if every statement of the predicate applies to it,
//! whatever the action.

use super::access::Place;
use super::{
    Access, ActionMatch, BaseOperator, Condition, Operator, Policy, PrincipalMatch, PrincipalPattern, ResourceMatch, Statement,
};
use crate::diag::{Source, Span};
use crate::document::Effect;
use crate::glob::Glob;

/// What a question about stacks with control policies leaves out: service-linked roles, which those do not bind. They are
/// AWS's own, with policies that AWS wrote, so no policy of the stack is theirs.
pub(crate) fn not_service_linked<'a>(accesses: impl IntoIterator<Item = &'a Access>) -> Option<Policy> {
    let controls = |access: &Access| {
        let mut places = access.members().iter().map(|member| member.place);
        places.any(|place| matches!(place, Place::ServiceControl(_) | Place::ResourceControl(_)))
    };
    let parts = ["arn", "*", "iam", "", "*", "role/aws-service-role/*"].map(Glob::parse);
    accesses.into_iter().any(controls).then(|| none_of(vec![PrincipalPattern::Arn(Box::new(parts))], Vec::new()))
}

/// One policy of one statement: who is not among these principals, under these conditions.
pub(crate) fn none_of(not: Vec<PrincipalPattern>, conditions: Vec<Condition>) -> Policy {
    statement(Some(PrincipalMatch::of(true, not)), None, conditions)
}

/// One policy of one statement about every action.
pub(crate) fn statement(
    principal: Option<PrincipalMatch>,
    resource: Option<ResourceMatch>,
    conditions: Vec<Condition>,
) -> Policy {
    let statement = Statement {
        index: 0,
        sid: None,
        span: Span::default(),
        effect: Effect::Allow,
        principal,
        action: ActionMatch::any(),
        resource,
        conditions,
    };
    Policy { source: Source::new("the question", ""), span: Span::default(), statements: vec![statement], warnings: Vec::new() }
}

/// A negated condition on a key: absent, or none of these.
pub(crate) fn condition(base: BaseOperator, key: &str, values: &[&str]) -> Condition {
    Condition::new(Operator { base, set: None, if_exists: false }, key, Span::default(), values, false).0
}

/// Every principal of an account.
pub(crate) fn account(id: &str) -> PrincipalPattern {
    PrincipalPattern::Account(id.to_owned())
}
