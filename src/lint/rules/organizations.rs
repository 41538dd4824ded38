//! Are the policies of Organizations written as Organizations takes them, and do they spare AWS's services?
//!
//! Sources: AWS Organizations User Guide, "SCP syntax", "RCP syntax" and "Services that support RCPs" (2026-09-26); AWS's
//! checks of the same names.

use crate::document::Effect;
use crate::lint::registry::Emit;
use crate::lint::view::{Condition, Policy, Statement};
use crate::policy::BaseOperator;

/// `RCP_SYNTAX_ERROR_PRINCIPAL`
pub(crate) fn rcp_principal(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for statement in &policy.statements {
        if let Some(principal) = &statement.not_principal {
            emit.at(&principal.element.key, "a resource control policy has no NotPrincipal: write \"Principal\": \"*\"");
        }
        if let Some(principal) = &statement.principal
            && principal.element.value.as_str() != Some("*")
        {
            emit.at(&principal.element.at, "a resource control policy is about everybody: write \"Principal\": \"*\"");
        }
    }
}

/// `RCP_SYNTAX_ERROR_ALLOW`
pub(crate) fn rcp_allow(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for statement in policy.statements.iter().filter(|one| one.effect == Some(Effect::Allow)) {
        let is_all = !statement.resources().is_empty() && statement.resources().iter().all(|value| value.text == "*");
        let is_everybody = statement.principal.as_ref().is_some_and(|one| one.element.value.as_str() == Some("*"));
        if !is_all || !is_everybody || statement.has("Condition") {
            emit.at(&statement.at, "Allow of a resource control policy takes Principal * and Resource * and no Condition");
        }
    }
}

/// `RCP_SYNTAX_ERROR_NOTACTION`
pub(crate) fn rcp_not_action(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for element in policy.statements.iter().filter_map(|one| one.not_action.as_ref()) {
        emit.at(&element.key, "a resource control policy has no NotAction: list the actions");
    }
}

/// Services whose resources are bound, 2026-09-26.
static RCP_SERVICES: std::sync::LazyLock<Vec<&str>> = std::sync::LazyLock::new(|| {
    include_str!("../../../data/rcp-services.txt").lines().filter(|line| !line.starts_with('#')).collect()
});

/// `RCP_SYNTAX_ERROR_ACTION`
pub(crate) fn rcp_action(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for statement in &policy.statements {
        for action in statement.actions() {
            let prefix = action.text.split(':').next().unwrap_or("").to_ascii_lowercase();
            if action.text != "*" && !RCP_SERVICES.contains(&prefix.as_str()) {
                emit.at(&action.at, format!("resource control policies do not bind `{prefix}`: remove the action"));
            }
        }
    }
}

/// Keys about the principal.
const PRINCIPAL: [&str; 4] = ["aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount", "aws:principalarn"];

/// Keys about whom a service acts for.
const SOURCE: [&str; 4] = ["aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceaccount", "aws:sourcearn"];

fn is_test(one: &Condition<'_>, key: &str, base: BaseOperator, value: &str) -> bool {
    let is_value = |text: &str| text.eq_ignore_ascii_case(value);
    one.lower == key && one.operator.is_some_and(|it| it.base == base) && one.values.iter().any(|it| is_value(it.text))
}

fn has(statement: &Statement<'_>, keys: &[&str], base: BaseOperator, value: &str) -> bool {
    statement.conditions.iter().any(|one| keys.iter().any(|key| is_test(one, key, base, value)))
}

/// `RCP_MISSING_RELATED_PRINCIPAL_CONDITION_KEY`, `RCP_MISSING_RELATED_SERVICE_PRINCIPAL_CONDITION_KEY`,
/// `RCP_MISSING_SERVICE_CONDITION_KEY_NULL_CHECK`
pub(crate) fn rcp_services(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for statement in policy.statements.iter().filter(|one| one.effect == Some(Effect::Deny)) {
        let is_service = "aws:principalisawsservice";
        let (keys, is_fine, details): (&[&str], bool, &str) = match emit.code() {
            "RCP_MISSING_RELATED_PRINCIPAL_CONDITION_KEY" => (
                &PRINCIPAL,
                has(statement, &[is_service], BaseOperator::Bool, "false"),
                "AWS services have no such key and are denied: add BoolIfExists aws:PrincipalIsAWSService false",
            ),
            "RCP_MISSING_RELATED_SERVICE_PRINCIPAL_CONDITION_KEY" => (
                &SOURCE,
                has(statement, &[is_service], BaseOperator::Bool, "true"),
                "only AWS services have this key, and others are denied: add Bool aws:PrincipalIsAWSService true",
            ),
            _ => (
                &SOURCE,
                has(statement, &["aws:sourceaccount", "aws:sourcearn"], BaseOperator::Null, "false"),
                "services do not always send this key: add Null aws:SourceAccount false",
            ),
        };
        let negated = |one: &&Condition<'_>| one.operator.is_some_and(|operator| operator.base.is_negated());
        if let Some(one) = statement.conditions.iter().filter(negated).find(|one| keys.contains(&one.lower.as_str()))
            && !is_fine
        {
            emit.at(&one.key_at, details);
        }
    }
}

/// `SCP_SYNTAX_ERROR_ACTION_WILDCARD`: of use where policies must do for what Organizations took before September 2025.
pub(crate) fn scp_action_wildcard(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for action in super::actions::all(policy) {
        let body = action.text.strip_suffix('*').unwrap_or(action.text);
        if body.contains(['*', '?']) {
            emit.at(&action.at, format!("`{}` has a wildcard that is not at its end", action.text));
        }
    }
}
