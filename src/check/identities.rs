//! Is every user and role bounded as the configuration asks, and which attached policies are not looked at?
//!
//! Both are about names, whose documents stand elsewhere: a boundary that is not known, or may be absent under a condition
//! that nobody knows, is a finding. `AdministratorAccess` of AWS is known without its document.

use super::config::{Config, is_about, matches};
use super::rules::{self, ADMINISTRATOR, ATTACHED, BOUNDARY};
use crate::diag::{Finding, Source, Span};
use crate::sources::attached::{Boundary, Identity, Who};

/// What is found of one user or role.
pub(super) fn judge(identity: &Identity, path: &str, config: &Config) -> Vec<Finding> {
    let mut out = Vec::new();
    for required in config.boundary.iter().filter(|one| is_about(&one.paths, &one.identities, path, &identity.name)) {
        // What is asked is asked of users and roles, not of what makes roles in other accounts.
        if !config.asks(BOUNDARY) || identity.who == Who::Set {
            continue;
        }
        let wanted = required.policies.join(" or ");
        let is_met = |arn: &str| required.policies.iter().any(|pattern| matches(pattern, arn));
        let wrong = identity.boundaries.iter().find_map(|boundary| match boundary {
            Boundary::None if identity.boundaries.len() > 1 => {
                Some("has no permissions boundary under some condition".to_owned())
            }
            Boundary::None => Some("has no permissions boundary".to_owned()),
            Boundary::Policy(arn) if is_met(arn) => None,
            Boundary::Policy(arn) => Some(format!("has the permissions boundary {arn}")),
            Boundary::Unknown(why) => Some(format!("has a permissions boundary that is not known: {why}")),
        });
        if let Some(wrong) = wrong {
            out.push(found(BOUNDARY, format!("This {wrong}; the configuration asks for {wanted}."), identity, config));
        }
    }
    let is_administrator = |arn: &&String| arn.starts_with("arn:aws") && arn.ends_with(":iam::aws:policy/AdministratorAccess");
    if let Some(arn) = identity.managed.iter().find(is_administrator).filter(|_| config.asks(ADMINISTRATOR)) {
        let message = format!("The attached policy {arn} allows every action on every resource.");
        out.push(found(ADMINISTRATOR, message, identity, config));
    }
    for arn in identity.managed.iter().filter(|arn| config.asks(ATTACHED) && !is_administrator(arn)) {
        let message = format!("The attached policy {arn} is not looked at: its document is not in this file.");
        out.push(found(ATTACHED, message, identity, config));
    }
    out
}

fn found(rule: &str, message: String, identity: &Identity, config: &Config) -> Finding {
    let (source, span): (Source, Span) = (identity.source.clone(), identity.span);
    let subject = identity.name.clone();
    Finding { rule: rule.to_owned(), level: config.level(rule), message, subject, span, ..rules::empty(&source, config) }
}
