//! May a service act here for an account that no condition names?
//!
//! AWS's check looks whether a source key stands in the statement, whatever its value. This one asks for a request of the
//! service on behalf of some other account that is allowed, over the whole policy with its Deny statements: an ARN with a
//! wildcard in the account's place is no limit. Statements without a source key are left to AWS's check.
//!
//! Source: IAM User Guide, "The confused deputy problem".

use super::edit::{denying_all, list, object, with, with_condition};
use super::{Answer, within};
use crate::document::Effect;
use crate::json::Value;
use crate::lint::registry::Emit;
use crate::lint::view::{Policy, Statement};

/// An account and an organization that nobody names, unless the policy does.
const STRANGER: (&str, &str) = ("999999999999", "o-zzzzzzzzzz");

/// Denies all requests but those on behalf of a stranger.
fn but_strangers(statement: &Statement<'_>) -> [Value; 3] {
    let all = denying_all(statement.value);
    let (account, organization) = STRANGER;
    let text = |text: &str| Value::string(text);
    // An ARN without an account is a stranger's only where a wildcard leaves open whose it is.
    let is_arn = |key: &str| key == "aws:sourcearn";
    let arns = statement.conditions.iter().filter(|one| is_arn(&one.lower)).flat_map(|one| &one.values);
    let is_open = arns.into_iter().any(|value| value.is_wild());
    let own = [format!("arn:*:*:*:{account}:*")].into_iter().chain(is_open.then(|| "arn:*:*:*::*".to_owned()));
    let present = |statement: Value, key: &str| with_condition(&statement, "Null", key, text("false"));
    [
        with_condition(&all, "StringNotEquals", "aws:SourceAccount", text(account)),
        present(with_condition(&all, "StringNotEquals", "aws:SourceOrgID", text(organization)), "aws:SourceOrgID"),
        present(with_condition(&all, "ArnNotLike", "aws:SourceArn", list(own.map(Value::string))), "aws:SourceArn"),
    ]
}

/// `SERVICE_FOR_ANY_ACCOUNT`
pub(crate) fn check(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    if policy.is_trust() || policy.source.text.contains(STRANGER.0) {
        return;
    }
    within(policy, emit, |prover, emit| {
        let is_deny = |one: &&Statement<'_>| one.effect == Some(Effect::Deny);
        let denies: Vec<Value> = policy.statements.iter().filter(is_deny).map(|one| one.value.clone()).collect();
        for statement in policy.statements.iter().filter(|one| one.effect == Some(Effect::Allow)) {
            if crate::lint::rules::services::is_told(statement) {
                continue;
            }
            for service in statement.principals_of("Service") {
                let alone = object([("Service".to_owned(), Value::string(service.text))]);
                let own = with(statement.value, "Principal", alone);
                let others = denies.iter().cloned().chain(but_strangers(statement));
                let asked: Vec<Value> = [own].into_iter().chain(others).collect();
                if let Answer::No(witness) = prover.included(&asked, &[]) {
                    let details = format!("{} may act here for any account: name yours by aws:SourceAccount", service.text);
                    emit.proved(&service.at, details, witness);
                }
            }
        }
    });
}
