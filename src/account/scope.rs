//! Which requests are those of one principal?
//!
//! A report about a principal asks about that principal: its ARN, its account, its tags, its name and its unique id are in
//! the request. They become one statement that applies to its requests alone ([`requests`]), so that evaluator, automata and
//! encoding give it their meaning each by itself; and values that a witness carries ([`dressed`]).
//!
//! A role's tags are those of the role, unless its trust policy lets a session bring others (`sts:TagSession`): then they are
//! free. What is not known of a principal (its organization, without `organizations`) is free too, and only adds requests.
//!
//! Sources: IAM User Guide, "AWS global condition context keys" (properties of the principal), "Pass session tags in AWS STS".

use super::{Controls, Entity, EntityKind};
use crate::diag::Span;
use crate::document::Effect;
use crate::glob::Glob;
use crate::policy::predicate;
use crate::policy::{
    Access, BaseOperator, Condition, Known, Operator, Policy, PrincipalMatch, PrincipalPattern, ResourceMatch, Statement,
};
use crate::request::keys::USER_ID;
use crate::request::{Derived, Principal, Request};
use crate::value::arn;
use std::collections::BTreeSet;

const TAG: &str = "aws:principaltag/";

/// The keys of a principal that say who it is, beside those that follow from it; a request of another principal has others.
const OWN: [&str; 3] = [USER_ID, "aws:principalorgid", "aws:principalorgpaths"];

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub enum Who<'a> {
    /// A user or role.
    Entity(&'a Entity),
    /// The root of this account, in this partition.
    Root(&'a str, &'a str),
}

impl<'a> Who<'a> {
    /// The account that it is of.
    pub fn account(self) -> &'a str {
        match self {
            Self::Entity(entity) => &entity.account,
            Self::Root(account, _) => account,
        }
    }

    /// Its ARN.
    pub fn arn(&self) -> String {
        match self {
            Self::Entity(entity) => entity.arn.clone(),
            Self::Root(account, partition) => format!("arn:{partition}:iam::{account}:root"),
        }
    }
}

/// Whether a role's sessions may bring tags of their own: some statement of its trust policy allows it, or the trust policy
/// is missing or cannot be read.
pub fn has_free_tags(entity: &Entity) -> bool {
    let Some(trust) = &entity.trust else { return entity.kind == EntityKind::Role };
    let allows = |statement: &Statement| statement.effect == Effect::Allow && statement.action.applies("sts:tagsession");
    trust.read().map_or(true, |lowered| lowered.policy.statements.iter().any(allows))
}

/// The keys that policies name, in lower case.
pub fn named<'a>(policies: impl Iterator<Item = &'a Policy>) -> BTreeSet<String> {
    policies.flat_map(|policy| &policy.statements).flat_map(Statement::keys).map(str::to_ascii_lowercase).collect()
}

/// One policy of one statement that applies to the requests of a principal, as far as the keys that are named tell; with
/// `resource`, to those about what it matches.
pub fn requests(who: Who<'_>, access: &Access, controls: Option<&Controls>, resource: Option<ResourceMatch>) -> Policy {
    let named = named(access.policies());
    let parts = who.arn();
    let parts: Vec<Glob> = parts.splitn(6, ':').map(Glob::literal).collect();
    let pattern = parts.try_into().map_or(PrincipalPattern::Nobody(who.arn()), |parts| PrincipalPattern::Arn(Box::new(parts)));
    let conditions = named.iter().filter_map(|key| condition(who, controls, key)).collect();
    predicate::statement(Some(PrincipalMatch::of(false, vec![pattern])), resource, conditions)
}

/// The one value of a principal's key, or that it is absent (`Some(None)`); `None` where it is free, or follows from nothing
/// that is known.
pub fn fixed(who: Who<'_>, controls: Option<&Controls>, key: &str) -> Option<Option<String>> {
    let is = |value: &str| Some(Some(value.to_owned()));
    let absent = || Some(None);
    if let Some(tag) = key.strip_prefix(TAG) {
        return match who {
            Who::Root(..) => absent(),
            Who::Entity(entity) if has_free_tags(entity) => None,
            Who::Entity(entity) => match entity.tags.iter().find(|(own, _)| own.eq_ignore_ascii_case(tag)) {
                Some((_, value)) => is(value),
                None => absent(),
            },
        };
    }
    if let Some(derived) = Derived::of(key) {
        return Some(derived.value(&Principal::Aws(who.arn())));
    }
    match (key, who) {
        ("aws:principalorgid", _) => controls.and_then(|controls| controls.organization.as_deref()).and_then(is),
        (USER_ID, Who::Root(account, _)) => is(account),
        (USER_ID, Who::Entity(entity)) => match (entity.kind, &entity.id) {
            (EntityKind::User, Some(id)) => is(id),
            (EntityKind::Role | EntityKind::Group, _) | (_, None) => None,
        },
        _ => None,
    }
}

/// A condition that requests about an account's resources meet, whose ARNs do not say whose they are.
pub(super) fn owned_by(account: &str) -> Condition {
    written(BaseOperator::StringEquals, "aws:resourceaccount", account)
}

/// What a key of the principal must be; `None` where it is free or follows from nothing that is known.
fn condition(who: Who<'_>, controls: Option<&Controls>, key: &str) -> Option<Condition> {
    match (fixed(who, controls, key), key, who) {
        (Some(Some(value)), ..) => Some(written(BaseOperator::StringEquals, key, &value)),
        (Some(None), ..) => Some(written(BaseOperator::Null, key, "true")),
        (None, "aws:principalorgpaths", _) => {
            let path = controls.and_then(|controls| controls.path.as_deref())?;
            let mut all = written(BaseOperator::StringEquals, key, path);
            all.quantifier = crate::policy::Quantifier::All;
            Some(all)
        }
        (None, USER_ID, Who::Entity(Entity { kind: EntityKind::Role, id: Some(id), .. })) => {
            Some(written(BaseOperator::StringLike, key, &format!("{id}:*")))
        }
        (None, ..) => None,
    }
}

/// The access definition as it is for this principal: the variables of its own keys are their values.
pub fn own(who: Who<'_>, controls: Option<&Controls>, access: &Access) -> Option<Access> {
    let variables = access.policies().flat_map(|policy| &policy.statements).flat_map(|statement| {
        let of_resource = statement.resource.iter().flat_map(|resource| &resource.patterns).flat_map(|one| one.variables());
        of_resource.chain(statement.conditions.iter().flat_map(Condition::variables))
    });
    let keys: BTreeSet<&str> = variables.map(|variable| variable.key.as_str()).collect();
    let known: Known = keys.into_iter().filter_map(|key| Some((key.to_owned(), fixed(who, controls, key)?))).collect();
    (!known.is_empty()).then(|| access.knowing(&known))
}

fn written(base: BaseOperator, key: &str, value: &str) -> Condition {
    Condition::new(Operator { base, set: None, if_exists: false }, key, Span::default(), &[value], false).0
}

/// A request of somebody else as one of this principal: whoever made it, whatever said so, is this one.
pub fn transplanted(who: Who<'_>, controls: Option<&Controls>, request: &Request) -> Request {
    let mut context = request.context.clone();
    context.retain(|key, _| Derived::of(key).is_none() && !OWN.contains(&key.as_str()) && !key.starts_with(TAG));
    dressed(who, controls, Request::new(Principal::Aws(who.arn()), &request.action, &request.resource, context))
}

/// The request with what is known of the principal and not said yet: tags, unique id, organization.
pub fn dressed(who: Who<'_>, controls: Option<&Controls>, mut request: Request) -> Request {
    let mut add = |key: String, values: Vec<String>| _ = request.context.entry(key).or_insert(values);
    if let Some(Controls { organization, path, .. }) = controls {
        organization.iter().for_each(|id| add("aws:principalorgid".to_owned(), vec![id.clone()]));
        path.iter().for_each(|path| add("aws:principalorgpaths".to_owned(), vec![path.clone()]));
    }
    match who {
        Who::Root(account, _) => add(USER_ID.to_owned(), vec![account.to_owned()]),
        Who::Entity(entity) => {
            for (key, value) in &entity.tags {
                add(format!("{TAG}{}", key.to_ascii_lowercase()), vec![value.clone()]);
            }
            match (entity.kind, &entity.id) {
                (EntityKind::User, Some(id)) => add(USER_ID.to_owned(), vec![id.clone()]),
                (EntityKind::Role, Some(id)) => {
                    let session = session(&request.principal).unwrap_or("session").to_owned();
                    _ = request.context.entry(USER_ID.to_owned()).or_insert_with(|| vec![format!("{id}:{session}")]);
                }
                (EntityKind::Group, _) | (_, None) => {}
            }
        }
    }
    request
}

/// The name of a session, from its ARN.
fn session(principal: &Principal) -> Option<&str> {
    let Principal::Aws(text) = principal else { return None };
    let [_, _, service, _, _, rest] = arn::split(text)?;
    (service == "sts").then(|| rest.strip_prefix("assumed-role/")?.split_once('/').map(|(_, name)| name)).flatten()
}
