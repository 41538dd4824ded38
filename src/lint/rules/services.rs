//! Is the access of AWS services bound to whom they act for?
//!
//! A service acts for every customer; the source keys say for whom. In trust policies most
//! services take the role by `iam:PassRole` and send none, so these checks are not about them.
//!
//! Source: IAM User Guide, "The confused deputy problem"; AWS's checks of the same names.

use crate::document::Effect;
use crate::lint::registry::Emit;
use crate::lint::view::{Condition, Policy, Statement};
use crate::policy::BaseOperator;

/// Keys that say for whom a service acts.
const SOURCE: [&str; 4] = ["aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"];

/// Keys about the principal itself, which a service does not have.
const OF_PRINCIPALS: [&str; 4] = ["aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount", "aws:username"];

fn names_source(one: &Condition<'_>) -> bool {
    use BaseOperator::{ArnEquals, ArnLike, StringEquals, StringEqualsIgnoreCase, StringLike};
    let restricts = one.operator.is_some_and(|operator| {
        !operator.if_exists && matches!(operator.base, ArnEquals | ArnLike | StringEquals | StringEqualsIgnoreCase | StringLike)
    });
    restricts && one.values.iter().all(|value| value.text != "*")
}

fn has_source(statement: &Statement<'_>) -> bool {
    statement.conditions.iter().any(|one| SOURCE.contains(&one.lower.as_str()) && names_source(one))
}

/// Whether AWS's check names the services of a statement.
pub(crate) fn is_told(statement: &Statement<'_>) -> bool {
    !has_source(statement)
}

/// `RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL`, `RECOMMENDED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL`
pub(crate) fn restrict(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for statement in policy.statements.iter().filter(|one| one.effect == Some(Effect::Allow) && !has_source(one)) {
        let instead = statement.conditions.iter().find(|one| one.lower == "aws:referer" && names_source(one));
        for service in statement.principals_of("Service") {
            match (emit.code(), instead) {
                ("RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL", None) => {
                    let details = format!(
                        "`{}` may act here for anybody: say for whom by aws:SourceAccount or aws:SourceArn",
                        service.text
                    );
                    emit.at(&service.at, details);
                }
                ("RECOMMENDED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL", Some(one)) => {
                    let details = format!("`{}` does not say for whom {} acts: use aws:SourceAccount", one.key, service.text);
                    emit.at(&one.key_at, details);
                }
                _ => {}
            }
        }
    }
}

/// `UNSUPPORTED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL`
pub(crate) fn unsupported_key(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    for statement in policy.statements.iter().filter(|one| one.effect == Some(Effect::Allow)) {
        let kinds = statement.principal.iter().flat_map(|principal| &principal.kinds);
        let only_services = kinds.clone().count() > 0 && kinds.into_iter().all(|kind| kind.name == "Service");
        let Some(service) = statement.principals_of("Service").next().filter(|_| only_services) else { continue };
        for one in statement.conditions.iter().filter(|one| OF_PRINCIPALS.contains(&one.lower.as_str())) {
            let needs = one.operator.is_some_and(|it| !it.if_exists && !it.base.is_negated() && it.base != BaseOperator::Null);
            if needs {
                emit.at(&one.key_at, format!("requests of {} never carry `{}`: use a source key", service.text, one.key));
            }
        }
    }
}
