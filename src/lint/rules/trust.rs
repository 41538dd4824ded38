//! Does a role's trust policy let in whom it means, with the actions that they need?
//!
//! Sources: IAM User Guide, "Create a role for a third-party identity provider"; IAM Roles Anywhere User Guide, "Trust
//! model"; AWS's checks of the same names.

use super::cover::Glob;
use crate::document::Effect;
use crate::lint::finding::Place;
use crate::lint::registry::Emit;
use crate::lint::view::{Condition, Policy, Statement, Text};
use crate::policy::{BaseOperator, operator::SetOperator};

/// GitHub Actions.
const GITHUB: &str = "token.actions.githubusercontent.com";

/// Providers that need no ARN.
const KNOWN: [&str; 4] = ["cognito-identity.amazonaws.com", "accounts.google.com", "graph.facebook.com", "www.amazon.com"];

/// `ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL`, `ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE`,
/// `ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL`
pub(crate) fn elements(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for statement in &policy.statements {
        let (elements, details): (Vec<Place>, &str) = match emit.code() {
            "ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL" => (
                statement.not_principal.iter().map(|one| one.element.key.clone()).collect(),
                "a trust policy has no NotPrincipal: name whom it trusts",
            ),
            "ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE" => (
                statement.resource.iter().chain(&statement.not_resource).map(|one| one.key.clone()).collect(),
                "a trust policy is about its own role: remove the resource",
            ),
            _ => (
                statement
                    .principal
                    .iter()
                    .filter(|one| one.element.value.as_str() == Some("*"))
                    .map(|one| one.element.at.clone())
                    .collect(),
                "a trust policy does not trust everybody by a lone *: name whom it trusts",
            ),
        };
        for at in &elements {
            emit.at(at, details);
        }
    }
}

/// Who a federated principal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Provider<'t> {
    Saml,
    /// Its name without `https://`.
    Oidc(&'t str),
}

fn provider(text: &str) -> Option<Provider<'_>> {
    if let Ok(arn) = crate::lint::arn::parts(text)
        && text.starts_with("arn:")
    {
        let (kind, name) = arn.rest.split_once('/')?;
        return match kind {
            "saml-provider" => Some(Provider::Saml),
            "oidc-provider" => Some(Provider::Oidc(name)),
            _ => None,
        };
    }
    let is_domain = text.contains('.') && text.split('.').all(|label| !label.is_empty() && is_label(label));
    (KNOWN.contains(&text) || is_domain).then_some(Provider::Oidc(text))
}

fn is_label(label: &str) -> bool {
    label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// `INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY`
pub(crate) fn invalid_federated(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for value in policy.statements.iter().flat_map(|one| one.principals_of("Federated").collect::<Vec<_>>()) {
        if provider(value.text).is_none() && !value.is_wild() {
            emit.at(&value.at, format!("`{}` is neither a provider's domain nor its ARN", value.text));
        }
    }
}

/// `MISMATCHED_ACTION_FOR_PRINCIPAL`
pub(crate) fn mismatched_action(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for statement in &policy.statements {
        for action in statement.actions() {
            let lower = action.text.to_ascii_lowercase();
            let wrong = |value: &&Text<'_>| match lower.as_str() {
                "sts:assumerole" => true,
                "sts:assumerolewithwebidentity" => provider(value.text) == Some(Provider::Saml),
                "sts:assumerolewithsaml" => matches!(provider(value.text), Some(Provider::Oidc(_))),
                _ => false,
            };
            let federated: Vec<Place> = statement.principals_of("Federated").filter(wrong).map(|one| one.at.clone()).collect();
            let needs = matches!(lower.as_str(), "sts:assumerolewithwebidentity" | "sts:assumerolewithsaml");
            let others = ["AWS", "Service"].into_iter().flat_map(|kind| statement.principals_of(kind).collect::<Vec<_>>());
            let others: Vec<Place> = others.filter(|_| needs).map(|one| one.at.clone()).collect();
            if !federated.is_empty() || !others.is_empty() {
                let places = [action.at.clone()].into_iter().chain(federated).chain(others).collect();
                emit.places(places, format!("`{}` is not the action by which these principals take a role", action.text));
            }
        }
    }
}

/// `MISSING_ACTION_FOR_ROLES_ANYWHERE_TRUST_POLICY`
pub(crate) fn roles_anywhere(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    const NEEDED: [&str; 3] = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
    for statement in policy.statements.iter().filter(|one| one.effect == Some(Effect::Allow)) {
        if !statement.principals_of("Service").any(|service| service.text == "rolesanywhere.amazonaws.com") {
            continue;
        }
        let globs: Vec<Glob> = statement.actions().iter().map(|action| Glob::parse(&action.text.to_ascii_lowercase())).collect();
        let has = |needed: &str| globs.iter().any(|glob| glob.matches(&needed.to_ascii_lowercase()));
        let missing: Vec<&str> = NEEDED.into_iter().filter(|needed| !has(needed)).collect();
        if let (Some(action), false) = (&statement.action, missing.is_empty()) {
            emit.at(&action.at, format!("IAM Roles Anywhere needs {} too: add it", missing.join(" and ")));
        }
    }
}

/// The OIDC providers that a statement allows, with their places.
fn oidc<'s>(statement: &'s Statement<'_>) -> impl Iterator<Item = (&'s str, &'s Place)> {
    let allowed = (statement.effect == Some(Effect::Allow)).then_some(statement);
    allowed.into_iter().flat_map(|one| one.principals_of("Federated")).filter_map(|value| match provider(value.text)? {
        Provider::Oidc(name) => Some((name, &value.at)),
        Provider::Saml => None,
    })
}

fn has_key(statement: &Statement<'_>, start: &str) -> bool {
    statement.conditions.iter().any(|one| one.lower.starts_with(&start.to_ascii_lowercase()))
}

/// `MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL`, `MISSING_GITHUB_REPO_CONDITION_KEY`
pub(crate) fn missing_key(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for statement in &policy.statements {
        for (name, at) in oidc(statement) {
            let has_any = has_key(statement, &format!("{name}:"));
            let is_github = name == GITHUB;
            if emit.code() == "MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL" && !has_any && !is_github {
                emit.at(at, format!("every identity of {name} may take the role: add a condition on {name}:sub or :aud"));
            }
            let is_bound = has_key(statement, &format!("{GITHUB}:sub"));
            if emit.code() == "MISSING_GITHUB_REPO_CONDITION_KEY" && is_github && !is_bound {
                emit.at(at, format!("every repository of GitHub may take the role: name yours by {GITHUB}:sub"));
            }
        }
    }
}

/// `SPECIFIC_GITHUB_REPO_AND_BRANCH_RECOMMENDED`
pub(crate) fn github_repository(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for statement in policy.statements.iter().filter(|one| oidc(one).any(|(name, _)| name == GITHUB)) {
        let names_branch =
            has_key(statement, &format!("{GITHUB}:ref")) || has_key(statement, &format!("{GITHUB}:job_workflow_ref"));
        for one in statement.conditions.iter().filter(|one| one.lower == format!("{GITHUB}:sub")) {
            for value in one.values.iter().filter(|value| is_open_subject(one, value.text, names_branch)) {
                let details = format!("`{}` lets in more than one branch of one repository: name both", value.text);
                emit.at(&value.at, details);
            }
        }
    }
}

/// Whether a subject has a wildcard before the branch, or in the branch where nothing else names it.
fn is_open_subject(one: &Condition<'_>, text: &str, names_branch: bool) -> bool {
    let is_like = one.operator.is_some_and(|operator| operator.base == BaseOperator::StringLike);
    let repository = text.splitn(3, ':').take(2).collect::<Vec<_>>().join(":");
    is_like && if names_branch { repository.contains(['*', '?']) } else { text.contains(['*', '?']) }
}

/// `FORANYVALUE_WITH_AUDIENCE_CLAIM_TYPE`, `CONFIRM_AUDIENCE_CLAIM_TYPE`
pub(crate) fn audience(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for statement in &policy.statements {
        let names: Vec<&str> = oidc(statement).map(|(name, _)| name).collect();
        let is_audience =
            |one: &&Condition<'_>| names.iter().any(|name| one.lower == format!("{}:aud", name.to_ascii_lowercase()));
        for one in statement.conditions.iter().filter(is_audience) {
            match (emit.code(), one.operator.and_then(|operator| operator.set)) {
                ("FORANYVALUE_WITH_AUDIENCE_CLAIM_TYPE", Some(SetOperator::ForAnyValue)) => {
                    emit.at(&one.key_at, format!("`{}` has one value: leave ForAnyValue out", one.key));
                }
                ("CONFIRM_AUDIENCE_CLAIM_TYPE", Some(SetOperator::ForAllValues)) => {
                    emit.at(
                        &one.key_at,
                        format!("if `{}` has one value, leave ForAllValues out: it holds where the key is absent", one.key),
                    );
                }
                _ => {}
            }
        }
    }
}

/// `REDUNDANT_PRINCIPAL_IN_ROLE_TRUST_POLICY`
pub(crate) fn redundant_principal(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for statement in &policy.statements {
        let all: Vec<&Text<'_>> = statement.principals_of("AWS").collect();
        for session in &all {
            let Some(role) = role_of(session.text) else { continue };
            let is_own =
                |text: &str| text.split(":role/").nth(1).and_then(|path| path.rsplit('/').next()) == Some(role.1.as_str());
            let parent = |one: &&&Text<'_>| account(one.text) == Some(role.0.as_str()) && is_own(one.text);
            if let Some(parent) = all.iter().find(parent) {
                emit.at(&session.at, format!("the role `{}` is trusted with all its sessions: remove this one", parent.text));
            }
        }
    }
}

fn account(text: &str) -> Option<&str> {
    text.split(':').nth(4)
}

/// Account and name of the role of a session's ARN.
fn role_of(text: &str) -> Option<(String, String)> {
    let rest = text.split(":assumed-role/").nth(1)?;
    Some((account(text)?.to_owned(), rest.split('/').next()?.to_owned()))
}
