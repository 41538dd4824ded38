//! Resources whose own policy is known, and which of them can matter to a principal.
//!
//! A request about such a resource is decided by that policy too. It can be allowed only if an Allow of the principal's own
//! policies is about the resource, or an Allow of the resource's policy names the principal by more than its account; and a
//! role is assumed only if its trust policy lets the principal in. So of thousands of resources few are asked about.

use super::super::scope::Who;
use super::super::{Accounts, Entity, EntityKind};
use super::Question;
use super::cast::{Pruned, Texts};
use crate::diag::Span;
use crate::document::Effect;
use crate::glob::Glob;
use crate::policy::{Policy, PrincipalPattern, ResourceMatch, ResourcePattern, Statement};
use crate::value::arn;
use std::collections::HashMap;
use std::sync::Arc;

/// What the policy of a resource can say about a question.
#[derive(Debug, Clone)]
pub(super) enum Own {
    /// Nothing that can matter.
    Nothing,
    /// This.
    Says(Arc<Policy>),
    /// It cannot be read.
    Broken(String),
}

/// A resource that a question can be about.
#[derive(Debug)]
pub(super) struct Resource<'a> {
    pub(super) arn: &'a str,
    /// The account that owns it, whether its ARN says so or not.
    pub(super) owner: &'a str,
    pub(super) own: Own,
    /// Whether nothing but its own policy lets anybody in: a role, a key.
    pub(super) is_explicit: bool,
}

/// All of them, filed by whom their policies name.
#[derive(Debug, Default)]
pub(super) struct Resources<'a> {
    pub(super) all: Vec<Resource<'a>>,
    /// By a principal's ARN.
    by_arn: HashMap<String, Vec<usize>>,
    /// Those that name somebody otherwise than by one whole ARN, an account or a service.
    by_pattern: Vec<usize>,
}

/// The resources that a question can be about.
pub(super) fn relevant<'a>(accounts: &'a Accounts, texts: &Texts<'_>, pruned: &[Pruned], question: &Question) -> Resources<'a> {
    let own = |text: &super::super::PolicyText| match pruned.get(texts.number(text)) {
        Some(Pruned::Some(policy)) => Own::Says(policy.clone()),
        Some(Pruned::Broken(why)) => Own::Broken(why.clone()),
        Some(Pruned::Nothing) | None => Own::Nothing,
    };
    let mut out = Resources::default();
    let service = question.actions.service();
    if service.as_deref().is_none_or(|service| service == "sts") {
        for role in accounts.entities.values().filter(|entity| entity.kind == EntityKind::Role) {
            let own = role.trust.as_ref().map_or(Own::Nothing, |trust| own(trust));
            out.add(Resource { arn: &role.arn, owner: &role.account, own, is_explicit: true }, question);
        }
    }
    for resource in &accounts.resources {
        let of = arn::split(&resource.arn).map(|[_, _, service, ..]| service);
        if service.as_deref().is_some_and(|service| of != Some(service)) {
            continue;
        }
        let own = resource.policy.as_ref().map_or(Own::Nothing, |policy| own(policy));
        out.add(Resource { arn: &resource.arn, owner: &resource.account, own, is_explicit: of == Some("kms") }, question);
    }
    out
}

impl<'a> Resources<'a> {
    pub(super) fn add(&mut self, resource: Resource<'a>, question: &Question) {
        let asked = question.resource.as_ref().map(|(_, pattern)| pattern);
        if asked.is_some_and(|pattern| !may_meet(pattern, resource.arn)) {
            return;
        }
        let at = self.all.len();
        if let Own::Says(policy) = &resource.own {
            let mut is_pattern = false;
            for statement in allows(policy) {
                let Some(principal) = &statement.principal else { continue };
                is_pattern |= principal.negated;
                for pattern in &principal.patterns {
                    match pattern {
                        PrincipalPattern::Arn(parts) => {
                            let whole: Option<Vec<String>> = parts.iter().map(Glob::as_literal).collect();
                            match whole.filter(|parts| parts.get(2).is_some_and(|service| service == "iam")) {
                                Some(parts) => self.by_arn.entry(parts.join(":")).or_default().push(at),
                                None => is_pattern = true,
                            }
                        }
                        PrincipalPattern::Everyone => is_pattern = true,
                        PrincipalPattern::Account(_)
                        | PrincipalPattern::Service(_)
                        | PrincipalPattern::Federated(_)
                        | PrincipalPattern::CanonicalUser(_)
                        | PrincipalPattern::Nobody(_) => {}
                    }
                }
            }
            if is_pattern {
                self.by_pattern.push(at);
            }
        }
        self.all.push(resource);
    }

    /// The resources whose policies name a principal by more than its account, in order.
    pub(super) fn naming(&self, who: Who<'_>) -> Vec<usize> {
        let mut out = self.by_arn.get(&who.arn()).cloned().unwrap_or_default();
        let names = |at: &&usize| match self.all.get(**at).map(|resource| &resource.own) {
            Some(Own::Says(policy)) => names(policy, who),
            Some(Own::Nothing | Own::Broken(_)) | None => false,
        };
        out.extend(self.by_pattern.iter().filter(names));
        out.sort_unstable();
        out.dedup();
        out
    }

    /// The resources that some of these Allow statements are about, where the resource's policy can consent, in order.
    pub(super) fn about(&self, granting: &[(usize, Arc<Policy>)], account: &str) -> Vec<usize> {
        let patterns: Vec<&Statement> = granting.iter().flat_map(|(_, policy)| allows(policy)).collect();
        let is_about = |resource: &Resource<'_>| {
            patterns.iter().any(|statement| match &statement.resource {
                Some(resources) if !resources.negated => resources.patterns.iter().any(|pattern| may_meet(pattern, resource.arn)),
                Some(_) | None => true,
            })
        };
        let consents = |resource: &Resource<'_>| match &resource.own {
            Own::Broken(_) => true,
            Own::Nothing => !resource.is_explicit && !is_of_other(resource, account),
            Own::Says(policy) => {
                let needed = resource.is_explicit || is_of_other(resource, account);
                !needed || allows(policy).any(|statement| lets_account_in(statement, account))
            }
        };
        let all = self.all.iter().enumerate();
        all.filter(|(_, resource)| consents(resource) && is_about(resource)).map(|(at, _)| at).collect()
    }

    /// A pattern list that matches these resources and what is below them.
    pub(super) fn patterns(&self, some: &[usize]) -> Vec<ResourcePattern> {
        some.iter().filter_map(|at| self.all.get(*at)).flat_map(|resource| patterns(resource.arn)).collect()
    }
}

/// A resource's ARN, and what is below it: a bucket's objects, a function's versions. A role has nothing below it.
pub(super) fn patterns(arn: &str) -> Vec<ResourcePattern> {
    let parse = |text: String| ResourcePattern::parse(&text, Span::default(), false);
    let parts = arn::split(arn);
    if parts.is_some_and(|[_, _, service, ..]| matches!(service, "iam" | "kms")) {
        return vec![parse(arn.to_owned())];
    }
    vec![parse(arn.to_owned()), parse(format!("{arn}/*")), parse(format!("{arn}:*"))]
}

/// Requests about these resources.
pub(super) fn within(some: Vec<ResourcePattern>, negated: bool) -> ResourceMatch {
    ResourceMatch { negated, patterns: some }
}

fn is_of_other(resource: &Resource<'_>, account: &str) -> bool {
    arn::is_account(resource.owner) && resource.owner != account
}

fn allows(policy: &Policy) -> impl Iterator<Item = &Statement> {
    policy.statements.iter().filter(|statement| statement.effect == Effect::Allow)
}

/// Whether an Allow can let principals of an account in, whatever their names; it may say so of one that does not.
fn lets_account_in(statement: &Statement, account: &str) -> bool {
    let Some(principal) = &statement.principal else { return false };
    principal.negated
        || principal.patterns.iter().any(|pattern| match pattern {
            PrincipalPattern::Everyone => true,
            PrincipalPattern::Account(id) => id == account,
            // Whom an ARN names is found by it.
            PrincipalPattern::Arn(_)
            | PrincipalPattern::Service(_)
            | PrincipalPattern::Federated(_)
            | PrincipalPattern::CanonicalUser(_)
            | PrincipalPattern::Nobody(_) => false,
        })
}

/// Whether an Allow can name a principal by more than its account; it may say so of one that does not.
fn names(policy: &Policy, who: Who<'_>) -> bool {
    let own = who.arn();
    let by_parts = |parts: &[Glob; 6]| {
        let texts = arn::split(&own);
        let is_own = texts.is_some_and(|texts| parts.iter().zip(texts).all(|(glob, text)| glob.matches(text)));
        let session = |entity: &Entity| {
            let [.., account, rest] = parts;
            account.matches(&entity.account)
                && super::super::prune::meet(&rest.literal_prefix(), &format!("assumed-role/{}/", entity.name))
        };
        is_own || matches!(who, Who::Entity(entity) if entity.kind == EntityKind::Role && session(entity))
    };
    allows(policy).filter_map(|statement| statement.principal.as_ref()).any(|principal| {
        principal.negated
            || principal.patterns.iter().any(|pattern| match pattern {
                PrincipalPattern::Everyone => true,
                PrincipalPattern::Arn(parts) => by_parts(parts),
                PrincipalPattern::Account(_)
                | PrincipalPattern::Service(_)
                | PrincipalPattern::Federated(_)
                | PrincipalPattern::CanonicalUser(_)
                | PrincipalPattern::Nobody(_) => false,
            })
    })
}

/// Whether a resource pattern can match a resource or what is below it; it may say so of one that does not.
pub(super) fn may_meet(pattern: &ResourcePattern, arn: &str) -> bool {
    let Some(glob) = pattern.whole.as_glob() else { return true };
    let prefix = glob.literal_prefix();
    if glob.has_wildcard() { super::super::prune::meet(&prefix, arn) } else { prefix.starts_with(arn) }
}
