//! What is asked about: one policy, or a stack of policies of several types?
//!
//! An access definition is a flat list of statements, each with a number of its own, and the rules that say when they
//! allow a request together (see [`super::compose`]). A single policy is the simplest of them. Questions, the evaluator
//! and the encodings see statements and rules only, so whatever they can do for a policy they can do for a stack.
//!
//! An absent member of a stack is not the same as an empty one: without `identityPolicies` nothing is said about them,
//! with an empty list the principal has none. So it is of the resource's policy ([`super::resource_policy`]).

use super::applying::Applying;
use super::compose::{self, Rules};
use super::places::PLACES;
use super::{Assumed, Policy, Readings, ResourcePolicy, Statement};
use crate::diag::deadline;
use crate::document::Effect;
use std::sync::Arc;

/// Where a policy stands in a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// It is the whole access definition.
    Alone,
    /// Attached to the principal, or to a group of it.
    Identity,
    /// A permissions boundary of the principal.
    Boundary,
    /// Passed when the session was made.
    Session,
    /// Attached to the resource.
    Resource,
    /// A service control policy of this level; 0 is the organization's root.
    ServiceControl(usize),
    /// A resource control policy of this level.
    ResourceControl(usize),
    /// The policy of the VPC endpoint that the request goes through.
    Endpoint,
}

/// One policy of an access definition.
#[derive(Debug, Clone)]
pub struct Member {
    /// Where it stands.
    pub place: Place,
    /// Its name in results, such as `identityPolicies[0]`; `policy` if it stands alone.
    pub name: String,
    /// The policy.
    pub policy: Policy,
}

/// The members of a stack as given; `None` where nothing is said.
#[derive(Debug, Clone, Default)]
pub struct Stack {
    /// Identity policies: user and groups, or role.
    pub identity: Option<Vec<Policy>>,
    /// The resource's policy.
    pub resource: ResourcePolicy,
    /// Permissions boundaries: each must allow.
    pub boundaries: Option<Vec<Policy>>,
    /// Session policies: one of them must allow.
    pub session: Option<Vec<Policy>>,
    /// Service control policies, level by level from the root down: one of each level must allow.
    pub service_control: Option<Vec<Vec<Policy>>>,
    /// Resource control policies, level by level.
    pub resource_control: Option<Vec<Vec<Policy>>>,
    /// Policies of the VPC endpoint: each must allow.
    pub endpoint: Option<Vec<Policy>>,
    /// The organization's management account, which neither service nor resource control policies bind.
    pub management_account: Option<String>,
}

/// An access definition: a policy, or a stack of policies.
#[derive(Debug, Clone)]
pub struct Access {
    members: Vec<Member>,
    /// The number of the first statement of each member.
    starts: Vec<usize>,
    /// For each statement, the member it belongs to.
    owners: Vec<usize>,
    /// Which members of a stack were given; `None` of a policy alone.
    given: Option<compose::Given>,
    rules: Rules,
    /// The requests that it is asked about: those to which every statement of this policy applies; `None` for all.
    only: Option<Arc<Policy>>,
    /// The readings that its policies were written anew by.
    readings: Readings,
    /// The action patterns of all statements, filed once they are asked.
    applying: Applying,
}

impl From<Policy> for Access {
    fn from(policy: Policy) -> Self {
        let member = Member { place: Place::Alone, name: Place::Alone.member().to_owned(), policy };
        Self::new(vec![member], None)
    }
}

impl From<Stack> for Access {
    fn from(mut stack: Stack) -> Self {
        let given = compose::Given::of(&stack);
        let mut members = Vec::new();
        for row in &PLACES {
            for (level, policies) in (row.take)(&mut stack).into_iter().enumerate() {
                for (at, policy) in policies.into_iter().enumerate() {
                    members.push(Member { place: (row.place)(level), name: row.name(level, at), policy });
                }
            }
        }
        Self::new(members, Some(given))
    }
}

impl Access {
    fn new(members: Vec<Member>, given: Option<compose::Given>) -> Self {
        let (mut starts, mut owners) = (Vec::new(), Vec::new());
        for (at, member) in members.iter().enumerate() {
            starts.push(owners.len());
            owners.extend(std::iter::repeat_n(at, member.policy.statements.len()));
        }
        let (rules, only, readings, applying) = (Rules::default(), None, Readings::default(), Applying::default());
        let mut access = Self { members, starts, owners, given, rules, only, readings, applying };
        access.rules = match &access.given {
            Some(given) => compose::stack(&access, given),
            None => compose::alone(&access),
        };
        access
    }

    /// The same with every policy written anew.
    pub(super) fn rewritten(&self, rewrite: impl Fn(&Policy) -> Policy) -> Self {
        let members = self.members.iter().map(|member| Member { policy: rewrite(&member.policy), ..member.clone() });
        Self { only: self.only.clone(), readings: self.readings, ..Self::new(members.collect(), self.given.clone()) }
    }

    /// The readings that its policies were written anew by.
    pub(super) fn readings(&self) -> Readings {
        self.readings
    }

    /// The same, written anew by these readings.
    pub(super) fn with_readings(self, readings: Readings) -> Self {
        Self { readings, ..self }
    }

    /// The same, asked about only for requests to which every statement of a policy applies, whatever their action: those
    /// of one principal, say. A question about two access definitions keeps to what both say.
    #[must_use]
    pub fn asked_about(self, only: Policy) -> Self {
        Self { only: Some(Arc::new(only)), ..self }
    }

    /// The same, with its identity policies called so in results, in order.
    #[must_use]
    pub fn with_names(mut self, names: &[String]) -> Self {
        let identity = self.members.iter_mut().filter(|member| member.place == Place::Identity);
        identity.zip(names).for_each(|(member, name)| member.name.clone_from(name));
        self
    }

    /// The requests that it is asked about, if not all.
    pub fn only(&self) -> Option<&Policy> {
        self.only.as_deref()
    }

    /// Whether it is a stack that says nothing of the resource's policy.
    pub fn resource_policy_is_unknown(&self) -> bool {
        self.given.as_ref().is_some_and(|given| given.assumed.is_some())
    }

    /// The same, where the resource's policy that it does not give is taken to do something else; a clone if it is known.
    #[must_use]
    pub fn assuming(&self, assumed: Assumed) -> Self {
        let mut given = self.given.clone();
        if let Some(slot) = given.as_mut().and_then(|given| given.assumed.as_mut()) {
            *slot = assumed;
        }
        Self { only: self.only.clone(), readings: self.readings, ..Self::new(self.members.clone(), given) }
    }

    /// Its policies.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// When its statements allow a request together.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Whether it is one policy and no stack.
    pub fn is_alone(&self) -> bool {
        matches!(self.members.as_slice(), [Member { place: Place::Alone, .. }])
    }

    /// How many statements it has.
    pub fn len(&self) -> usize {
        self.owners.len()
    }

    /// Whether it has no statement.
    pub fn is_empty(&self) -> bool {
        self.owners.is_empty()
    }

    /// A statement by its number, with the policy it stands in.
    pub fn statement(&self, number: usize) -> Option<(&Member, &Statement)> {
        deadline::check();
        let owner = *self.owners.get(number)?;
        let member = self.members.get(owner)?;
        let statement = member.policy.statements.get(number - self.starts.get(owner)?)?;
        Some((member, statement))
    }

    /// All statements with their numbers.
    pub fn statements(&self) -> impl Iterator<Item = (usize, &Member, &Statement)> {
        self.members.iter().zip(&self.starts).flat_map(|(member, start)| {
            member.policy.statements.iter().enumerate().map(move |(at, statement)| {
                deadline::check();
                (start + at, member, statement)
            })
        })
    }

    /// The numbers of the statements that are about an action in lower case, rising.
    pub fn about(&self, action: &str) -> Vec<usize> {
        self.applying.to(self, action)
    }

    /// Whether a stack says something of the principal's side; without that the resource's side is asked alone.
    pub fn has_principal_side(&self) -> bool {
        self.given.as_ref().is_some_and(|given| given.principal_side)
    }

    /// Whether a statement grants access: an Allow of an identity or a resource policy, or of a policy that stands alone.
    pub fn grants(&self, number: usize) -> bool {
        self.statement(number).is_some_and(|(member, statement)| member.place.grants() && statement.effect == Effect::Allow)
    }

    /// Whether it can allow a request that no statement of it grants: an account's root, of a stack without
    /// `identityPolicies`, or through a policy of the resource that is assumed to grant alone.
    pub fn grants_without_statement(&self) -> bool {
        self.rules.needs_no_statement
    }

    /// Its policies alone.
    pub fn policies(&self) -> impl Iterator<Item = &Policy> + Clone {
        self.members.iter().map(|member| &member.policy)
    }

    /// Whether principals other than identities of an account can be allowed anything.
    pub fn has_principals(&self) -> bool {
        self.policies().any(Policy::has_principals)
    }

    /// What is worth knowing about its policies.
    pub fn warnings(&self) -> impl Iterator<Item = &crate::diag::Diagnostic> {
        self.members.iter().flat_map(|member| &member.policy.warnings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Budget, Source};

    fn policy(text: &str) -> Policy {
        Policy::read(&Source::new("p", text), &Budget::default()).unwrap()
    }

    fn allow() -> Policy {
        policy(r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#)
    }

    #[test]
    fn a_root_needs_no_statement_only_where_something_is_said_of_its_side_but_not_of_identity_policies() {
        let needs_none = |stack: Stack| Access::from(stack).grants_without_statement();
        assert!(!needs_none(Stack { identity: Some(vec![allow()]), ..Stack::default() }));
        assert!(!needs_none(Stack { identity: Some(vec![]), boundaries: Some(vec![allow()]), ..Stack::default() }));
        assert!(needs_none(Stack { boundaries: Some(vec![allow()]), ..Stack::default() }));
        assert!(needs_none(Stack { session: Some(vec![allow()]), ..Stack::default() }));
        assert!(needs_none(Stack { service_control: Some(vec![vec![allow()]]), ..Stack::default() }));
        assert!(!needs_none(Stack { resource_control: Some(vec![vec![allow()]]), ..Stack::default() }));
        assert!(!needs_none(Stack { endpoint: Some(vec![allow()]), ..Stack::default() }));
        assert!(!Access::from(allow()).grants_without_statement());
    }

    #[test]
    fn statements_have_numbers_through_all_members_and_only_some_grant() {
        let two = policy(
            r#"{"Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"},{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
        );
        let none = policy(r#"{"Statement":[]}"#);
        let named = policy(r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}"#);
        let access = Access::from(Stack {
            identity: Some(vec![two, none.clone()]),
            resource: ResourcePolicy::Given(named.clone()),
            boundaries: Some(vec![allow()]),
            session: Some(vec![allow()]),
            service_control: Some(vec![vec![allow()], vec![allow()]]),
            resource_control: Some(vec![vec![named.clone()]]),
            endpoint: Some(vec![named.clone()]),
            management_account: None,
        });
        let shown: Vec<String> = access
            .statements()
            .map(|(number, member, statement)| {
                let (owner, same) = access.statement(number).unwrap();
                assert!(std::ptr::eq(owner, member) && std::ptr::eq(same, statement));
                assert_eq!(member.place.has_principals(), statement.principal.is_some());
                let grants = if access.grants(number) { " grants" } else { "" };
                format!("{number} {}{grants}", member.name)
            })
            .collect();
        assert_eq!(
            shown,
            [
                "0 identityPolicies[0]",
                "1 identityPolicies[0] grants",
                "2 resourcePolicy grants",
                "3 permissionBoundaries[0]",
                "4 sessionPolicies[0]",
                "5 serviceControlPolicies[0][0]",
                "6 serviceControlPolicies[1][0]",
                "7 resourceControlPolicies[0][0]",
                "8 endpointPolicies[0]",
            ]
        );
        assert_eq!((access.len(), access.is_empty(), access.is_alone()), (9, false, false));
        assert!(access.statement(9).is_none() && !access.grants(9) && access.has_principals());
        assert_eq!((access.members().len(), access.policies().count()), (9, 9));
        let alone = Access::from(allow());
        assert!(alone.is_alone() && alone.grants(0) && !alone.has_principals() && !alone.is_empty());
        let one = Access::from(Stack { identity: Some(vec![allow()]), ..Stack::default() });
        assert!(!one.is_alone() && !one.has_principals());
        assert!(Access::from(none).is_empty());
        let short = policy(r#"{"Statement":{"Effect":"Allow","Action":"s3","Resource":"arn:aws:s3"}}"#);
        let warned = Access::from(Stack { identity: Some(vec![allow(), short]), ..Stack::default() });
        assert_eq!(warned.warnings().map(|warning| warning.code).collect::<Vec<_>>(), ["action-without-service", "short-arn"]);
    }
}
