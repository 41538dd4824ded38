//! May any role be passed to any service, or any service-linked role be made?
//!
//! The twelve codes differ in how the action is named (literally, by a wildcard, by what `NotAction` leaves) and how the
//! resource is (a lone `*`, or what `NotResource` leaves). A condition that names the service silences them: AWS's findings
//! for its managed policies have no case where an operator without `IfExists` did not, but for a value that begins with a
//! wildcard.
//!
//! Source: AWS's checks of the same names, and their published results.

use super::cover::{Glob, matches_lower};
use crate::document::Effect;
use crate::lint::finding::Place;
use crate::lint::registry::Emit;
use crate::lint::view::{Policy, Statement, Text};
use crate::policy::BaseOperator;

/// The action, the key that limits it, and how the codes begin.
const KINDS: [(&str, &str, &str); 2] =
    [("iam:passrole", "iam:passedtoservice", "PASS_ROLE_"), ("iam:createservicelinkedrole", "iam:awsservicename", "CREATE_SLR_")];

/// The codes that begin with `PASS_ROLE_` or `CREATE_SLR_`.
pub(crate) fn check(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    let Some((action, key, ending)) =
        KINDS.iter().find_map(|(action, key, start)| Some((*action, *key, emit.code().strip_prefix(start)?)))
    else {
        return;
    };
    for statement in policy.statements.iter().filter(|one| one.effect == Some(Effect::Allow) && !is_limited(one, key)) {
        for (resource, resource_at) in resources(statement) {
            for (named, at) in actions(statement, action) {
                if is_ending(ending, named, resource) {
                    let what =
                        if key == "iam:passedtoservice" { "any role be passed" } else { "any service-linked role be made" };
                    let name = if key == "iam:passedtoservice" { "iam:PassedToService" } else { "iam:AWSServiceName" };
                    let details = format!("this lets {what}: name the resources, and the services by {name}");
                    emit.places(vec![at, resource_at.clone()], details);
                }
            }
        }
    }
}

/// How an action is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    Literally,
    ByWildcard,
    ByNotAction,
}

fn is_ending(ending: &str, named: Named, is_star: bool) -> bool {
    ending
        == match (named, is_star) {
            (Named::Literally, true) => "WITH_STAR_IN_RESOURCE",
            (Named::ByWildcard, true) => "WITH_STAR_IN_ACTION_AND_RESOURCE",
            (Named::ByNotAction, true) => "WITH_STAR_IN_RESOURCE_AND_NOT_ACTION",
            (Named::Literally, false) => "WITH_NOT_RESOURCE",
            (Named::ByWildcard, false) => "WITH_STAR_IN_ACTION_AND_NOT_RESOURCE",
            (Named::ByNotAction, false) => "WITH_NOT_ACTION_AND_NOT_RESOURCE",
        }
}

/// The resources that are all: whether by a lone `*`, and where.
fn resources(statement: &Statement<'_>) -> Vec<(bool, Place)> {
    let star = statement.resources().iter().find(|value| value.text == "*");
    let not = statement.not_resource.iter();
    star.map(|value| (true, value.at.clone())).into_iter().chain(not.map(|element| (false, element.at.clone()))).collect()
}

fn actions(statement: &Statement<'_>, action: &str) -> Vec<(Named, Place)> {
    let named = |value: &Text<'_>| {
        let matches = matches_lower(&Glob::parse(&value.text.to_ascii_lowercase()), action);
        let named = if value.is_wild() { Named::ByWildcard } else { Named::Literally };
        matches.then(|| (named, value.at.clone()))
    };
    let left = statement.not_action.iter().filter(|element| !element.items.iter().any(|value| named(value).is_some()));
    let listed = statement.actions().iter().filter_map(named);
    listed.chain(left.map(|element| (Named::ByNotAction, element.at.clone()))).collect()
}

/// Whether a condition names the service.
fn is_limited(statement: &Statement<'_>, key: &str) -> bool {
    statement.conditions.iter().filter(|one| one.lower == key).any(|one| {
        let Some(operator) = one.operator else { return false };
        let names =
            matches!(operator.base, BaseOperator::StringEquals | BaseOperator::StringEqualsIgnoreCase | BaseOperator::StringLike);
        names && !operator.if_exists && !one.values.iter().any(|value| value.text.starts_with('*'))
    })
}
