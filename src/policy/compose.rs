//! When do the policies of a stack allow a request together?
//!
//! AWS's flow chart as a propositional formula over "this statement applies" and a few facts about the request, made
//! once and read by the evaluator and by every encoding. A request is allowed iff no Deny in effect applies and every
//! gate is open:
//!
//! - each level of service control policies allows it; they bind identities of an account (also its root), not AWS
//!   services, not requests without credentials, not service-linked roles, not the management account;
//! - each level of resource control policies allows it. `RCPFullAWSAccess` cannot be detached, so a level of Deny
//!   statements only is open. They bind neither service-linked roles (nor the assuming of one), nor resources of the management account,
//!   nor `kms:RetireGrant`;
//! - each endpoint policy allows it;
//! - it is granted: see `granted`.
//!
//! | the resource policy allows, same account, through | identity policies | boundary | session policies |
//! |---|---|---|---|
//! | a user's ARN | not needed | not needed | limit |
//! | a role's ARN | not needed | limits | limit |
//! | the ARN of a role session or federated user; `*`; `NotPrincipal` | not needed | not needed | not needed |
//! | the account | needed | limits | limit |
//!
//! Without a resource policy's Allow, identity policies grant within boundary and session policies, unless the resource
//! is a KMS key or a role to assume: those policies must allow explicitly. Across accounts both sides must allow. AWS
//! services, federated identities before they have a session, canonical users and anonymous requests have no identity
//! side: the resource policy grants alone.
//!
//! A resource policy that is not given is taken to consent where that is needed, and to grant nothing alone:
//! [`super::resource_policy`].
//!
//! A bucket policy's Deny does not keep the root of the bucket's account from reading, putting and deleting that policy.
//!
//! Decisions where the documents are silent: a request whose resource's account is unknown is one within the account; an
//! account's root needs no identity policies where none are given; a stack without any member on the principal's side
//! (identity, boundary, session, service control) asks the resource's side alone, as a question about one resource
//! policy does; a `Deny` with `NotPrincipal` denies every user and role that has a boundary, whatever it lists.
//!
//! Sources: IAM User Guide, "How AWS enforcement code logic evaluates requests to allow or deny access", "Policy
//! evaluation for requests within a single account", "Cross-account policy evaluation logic", "Permissions boundaries
//! for IAM entities", "NotPrincipal"; AWS Organizations User Guide, "SCP evaluation", "Resource control policies"; AWS KMS
//! Developer Guide, "Key policies"; Amazon S3 API Reference, "GetBucketPolicy".

use super::access::{Access, Place, Stack};
use super::resource_policy::{Assumed, ResourcePolicy};
use crate::document::Effect;

/// Through which entries of its principal list a statement applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Through {
    /// Any of them.
    Any,
    /// `*`, or not being listed under `NotPrincipal`.
    Anyone,
    /// The principal's account.
    Account,
    /// The ARN of the role, for a role or a session of it.
    Role,
    /// The principal's own ARN, if it is no role.
    Own,
    /// Any of them, or none if the principal is a user or a role: a `Deny` with `NotPrincipal` under a boundary.
    AnyOrBounded,
}

/// A fact about a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fact {
    /// The principal is an identity of a customer's account: root, user, role, session, federated user.
    Identity,
    /// The principal is an IAM user.
    User,
    /// The principal is an account's root.
    Root,
    /// The principal is a service-linked role, by its path `/aws-service-role/`.
    ServiceLinked,
    /// Principal and resource are of one account, or the resource's account is unknown.
    SameAccount,
    /// The principal is of this account.
    PrincipalOf(String),
    /// The resource is of this account.
    ResourceOf(String),
    /// The action matches this pattern, one of [`ACTIONS_TOLD_APART`].
    Action(&'static str),
    /// The resource is an ARN of this service whose last part starts so.
    Resource(&'static str, &'static str),
}

/// A propositional formula over statements and facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// True or false.
    Const(bool),
    /// The statement of this number applies.
    Applies(usize, Through),
    /// The fact holds.
    Fact(Fact),
    /// It does not hold.
    Not(Box<Rule>),
    /// All hold.
    All(Vec<Rule>),
    /// Some holds.
    Any(Vec<Rule>),
}

/// What must allow a request, or is a side of who grants it. [`std::fmt::Display`] is what it is called in results, whose
/// order is that of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GateKind {
    /// The endpoint policy of this place.
    Endpoint(usize),
    /// Whoever grants: always the last gate.
    Grant,
    /// The identity policies together.
    Identity,
    /// The permissions boundary of this place.
    Boundary(usize),
    /// A policy that stands alone.
    Alone,
    /// This level of resource control policies.
    ResourceControl(usize),
    /// The resource's policy.
    Resource,
    /// This level of service control policies.
    ServiceControl(usize),
    /// The session policies together.
    Session,
}

impl GateKind {
    /// Whether it only lets through what others grant, where it is a side of who grants.
    pub fn is_limit(self) -> bool {
        matches!(self, Self::Boundary(_) | Self::Session)
    }
}

impl std::fmt::Display for GateKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (place, at) = match self {
            Self::Grant => return f.write_str("grant"),
            Self::Alone => (Place::Alone, None),
            Self::Identity => (Place::Identity, None),
            Self::Resource => (Place::Resource, None),
            Self::Session => (Place::Session, None),
            Self::Boundary(at) => (Place::Boundary, Some(at)),
            Self::Endpoint(at) => (Place::Endpoint, Some(at)),
            Self::ServiceControl(level) => (Place::ServiceControl(*level), Some(level)),
            Self::ResourceControl(level) => (Place::ResourceControl(*level), Some(level)),
        };
        f.write_str(place.member())?;
        match at {
            Some(at) => write!(f, "[{at}]"),
            None => Ok(()),
        }
    }
}

/// Something that must allow a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// What it is.
    pub kind: GateKind,
    /// When it allows.
    pub rule: Rule,
}

/// When statements allow a request together: no Deny in effect, and every gate open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// Each Deny statement with when it is in effect.
    pub denies: Vec<(usize, Rule)>,
    /// All must be open.
    pub gates: Vec<Gate>,
    /// What the gate of grants is made of, to name who did not allow a request.
    pub sides: Vec<Gate>,
    /// Whether some request needs no statement that grants it: an account's root without identity policies, or what a
    /// policy of the resource that is not known is assumed to grant alone.
    pub needs_no_statement: bool,
}

/// Actions that the rules of a stack tell apart, as patterns in lower case.
pub const ACTIONS_TOLD_APART: [&str; 5] = [TRUST, RETIRE_GRANT, BUCKET_POLICY[0], BUCKET_POLICY[1], BUCKET_POLICY[2]];

const TRUST: &str = "sts:*";
const RETIRE_GRANT: &str = "kms:retiregrant";
const BUCKET_POLICY: [&str; 3] = ["s3:getbucketpolicy", "s3:putbucketpolicy", "s3:deletebucketpolicy"];

/// Which members of a stack were given.
#[derive(Debug, Clone)]
pub(super) struct Given {
    identity: bool,
    pub(super) principal_side: bool,
    boundaries: usize,
    session: bool,
    service_control: usize,
    resource_control: Vec<bool>,
    endpoint: usize,
    management_account: Option<String>,
    /// What the resource's policy is taken to do, if it is not known.
    pub(super) assumed: Option<Assumed>,
}

impl Given {
    pub(super) fn of(stack: &Stack) -> Self {
        let allows = |policies: &Vec<super::Policy>| {
            policies.iter().flat_map(|policy| &policy.statements).any(|statement| statement.effect == Effect::Allow)
        };
        Self {
            identity: stack.identity.is_some(),
            principal_side: stack.identity.is_some()
                || stack.boundaries.is_some()
                || stack.session.is_some()
                || stack.service_control.is_some(),
            boundaries: stack.boundaries.as_ref().map_or(0, Vec::len),
            session: stack.session.is_some(),
            service_control: stack.service_control.as_ref().map_or(0, Vec::len),
            resource_control: stack.resource_control.iter().flatten().map(allows).collect(),
            endpoint: stack.endpoint.as_ref().map_or(0, Vec::len),
            management_account: stack.management_account.clone(),
            assumed: matches!(stack.resource, ResourcePolicy::Unknown).then_some(Assumed::Consents),
        }
    }
}

fn not(rule: Rule) -> Rule {
    Rule::Not(Box::new(rule))
}

/// An `sts` action about a role whose name, with its path, starts so.
fn assumes_role(role: &'static str) -> Rule {
    Rule::All(vec![Rule::Fact(Fact::Action(TRUST)), Rule::Fact(Fact::Resource("iam", role))])
}

/// The resource's policy must allow explicitly: a KMS key, or a role that an `sts` action is about.
fn explicit_trust() -> Rule {
    Rule::Any(vec![Rule::Fact(Fact::Resource("kms", "key/")), assumes_role("role/")])
}

/// The root of a bucket's account reads or changes its policy.
fn root_on_bucket_policy() -> Rule {
    let actions = BUCKET_POLICY.map(|action| Rule::Fact(Fact::Action(action)));
    Rule::All(vec![Rule::Any(actions.into()), Rule::Fact(Fact::Root), Rule::Fact(Fact::SameAccount)])
}

/// One policy: an Allow applies and no Deny.
pub(super) fn alone(access: &Access) -> Rules {
    let of = |effect: Effect| access.statements().filter(move |(_, _, statement)| statement.effect == effect);
    let denies = of(Effect::Deny).map(|(number, ..)| (number, Rule::Applies(number, Through::Any))).collect();
    let allows = Rule::Any(of(Effect::Allow).map(|(number, ..)| Rule::Applies(number, Through::Any)).collect());
    let gate = Gate { kind: GateKind::Alone, rule: allows };
    Rules { denies, gates: vec![gate.clone()], sides: vec![gate], needs_no_statement: false }
}

/// Some Allow of the policies at this place, through these entries of its principal list.
fn allowed(access: &Access, place: Place, through: Through) -> Rule {
    let at_place =
        access.statements().filter(|(_, member, statement)| member.place == place && statement.effect == Effect::Allow);
    Rule::Any(at_place.map(|(number, ..)| Rule::Applies(number, through)).collect())
}

/// The rules of a stack.
// Long: AWS's flow chart, gate after gate in its order; each gate is a few lines.
pub(super) fn stack(access: &Access, given: &Given) -> Rules {
    let management = |of: fn(String) -> Fact| {
        let fact = given.management_account.clone().map(|account| Rule::Fact(of(account)));
        Rule::Any(fact.into_iter().collect())
    };
    let service_linked = || Rule::Fact(Fact::ServiceLinked);
    let free_of_scp = Rule::Any(vec![not(Rule::Fact(Fact::Identity)), service_linked(), management(Fact::PrincipalOf)]);
    let free_of_rcp = Rule::Any(vec![
        service_linked(),
        management(Fact::ResourceOf),
        Rule::Fact(Fact::Action(RETIRE_GRANT)),
        assumes_role("role/aws-service-role/"),
    ]);
    let mut denies = Vec::new();
    for (number, member, statement) in access.statements().filter(|(_, _, statement)| statement.effect == Effect::Deny) {
        let under_boundary = given.boundaries > 0 && member.place == Place::Resource;
        let negated = statement.principal.as_ref().is_some_and(|principal| principal.negated);
        let through = if under_boundary && negated { Through::AnyOrBounded } else { Through::Any };
        let applies = Rule::Applies(number, through);
        let rule = match member.place {
            Place::ServiceControl(_) => Rule::All(vec![applies, not(free_of_scp.clone())]),
            Place::ResourceControl(_) => Rule::All(vec![applies, not(free_of_rcp.clone())]),
            Place::Identity | Place::Boundary | Place::Session => Rule::All(vec![applies, Rule::Fact(Fact::Identity)]),
            Place::Resource => Rule::All(vec![applies, not(root_on_bucket_policy())]),
            Place::Alone | Place::Endpoint => applies,
        };
        denies.push((number, rule));
    }
    let mut gates = Vec::new();
    for level in 0..given.service_control {
        let rule = Rule::Any(vec![free_of_scp.clone(), allowed(access, Place::ServiceControl(level), Through::Any)]);
        gates.push(Gate { kind: GateKind::ServiceControl(level), rule });
    }
    for (level, _) in given.resource_control.iter().enumerate().filter(|(_, has_allow)| **has_allow) {
        let rule = Rule::Any(vec![free_of_rcp.clone(), allowed(access, Place::ResourceControl(level), Through::Any)]);
        gates.push(Gate { kind: GateKind::ResourceControl(level), rule });
    }
    let each = |place: Place, kind: fn(usize) -> GateKind| -> Vec<Gate> {
        let members = access.members().iter().filter(|member| member.place == place);
        let gate = |(at, member): (usize, &super::access::Member)| {
            let of_member = access
                .statements()
                .filter(|(_, owner, statement)| std::ptr::eq(*owner, member) && statement.effect == Effect::Allow);
            let rule = Rule::Any(of_member.map(|(number, ..)| Rule::Applies(number, Through::Any)).collect());
            Gate { kind: kind(at), rule }
        };
        members.enumerate().map(gate).collect()
    };
    if given.endpoint > 0 {
        gates.extend(each(Place::Endpoint, GateKind::Endpoint));
    }
    let boundaries = each(Place::Boundary, GateKind::Boundary);
    let (grant, sides) = granted(access, given, boundaries);
    if given.assumed == Some(Assumed::DeniesBounded) && given.boundaries > 0 {
        let unbounded = vec![not(Rule::Fact(Fact::Identity)), Rule::Fact(Fact::Root)];
        gates.push(Gate { kind: GateKind::Resource, rule: Rule::Any(unbounded) });
    }
    // The gate of grants is the last.
    gates.push(Gate { kind: GateKind::Grant, rule: grant });
    let root_needs_none = given.principal_side && !given.identity;
    let needs_no_statement = root_needs_none || given.assumed.is_some_and(Assumed::grants_alone);
    Rules { denies, gates, sides, needs_no_statement }
}

/// The gate of grants, and the sides it is made of.
fn granted(access: &Access, given: &Given, boundaries: Vec<Gate>) -> (Rule, Vec<Gate>) {
    // A policy that is not known has no statements: it does what it is assumed to do.
    let by = |through: Through| match given.assumed {
        None => allowed(access, Place::Resource, through),
        Some(assumed) => Rule::Const(assumed.allows(through)),
    };
    let (resource, of_others) = match given.assumed {
        None => (by(Through::Any), by(Through::Any)),
        Some(assumed) => (Rule::Const(assumed != Assumed::Nothing), Rule::Const(assumed.grants_others())),
    };
    if !given.principal_side {
        let side = Gate { kind: GateKind::Resource, rule: of_others.clone() };
        return (of_others, vec![side]);
    }
    let own = allowed(access, Place::Identity, Through::Any);
    let identity = if given.identity { own } else { Rule::Fact(Fact::Root) };
    let boundary = Rule::All(boundaries.iter().map(|gate| gate.rule.clone()).collect());
    let session = if given.session { allowed(access, Place::Session, Through::Any) } else { Rule::Const(true) };
    let within = Rule::All(vec![boundary.clone(), session.clone()]);
    let own_side = Rule::All(vec![identity.clone(), within.clone()]);
    let user_within_session = Rule::Any(vec![not(Rule::Fact(Fact::User)), session.clone()]);
    let same = Rule::All(vec![
        Rule::Fact(Fact::SameAccount),
        Rule::Any(vec![
            Rule::All(vec![not(explicit_trust()), own_side.clone()]),
            by(Through::Anyone),
            Rule::All(vec![by(Through::Own), user_within_session]),
            Rule::All(vec![by(Through::Role), within]),
            Rule::All(vec![by(Through::Account), own_side.clone()]),
        ]),
    ]);
    let across = Rule::All(vec![not(Rule::Fact(Fact::SameAccount)), own_side, resource.clone()]);
    let no_identity = Rule::All(vec![not(Rule::Fact(Fact::Identity)), of_others]);
    let rule = Rule::Any(vec![Rule::All(vec![Rule::Fact(Fact::Identity), Rule::Any(vec![same, across])]), no_identity]);
    let mut sides = vec![Gate { kind: GateKind::Identity, rule: identity }];
    sides.extend(boundaries);
    if given.session {
        sides.push(Gate { kind: GateKind::Session, rule: session });
    }
    sides.push(Gate { kind: GateKind::Resource, rule: resource });
    (rule, sides)
}
