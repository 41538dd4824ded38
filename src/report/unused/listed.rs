//! Findings about unused access as findings in files: each where the account's export describes the user or role.

use super::text::{MOST_SERVICES, last, names, service};
use crate::account::findings::{self, Findings, Unused};
use crate::diag::{Finding, Level, Rule, Source, Span, rule};

/// What all of them rest on.
const NOTE: &str = "note";

/// What the findings are of: a rule a type of finding, named as Access Analyzer names it.
pub const RULES: [Rule; 6] = [
    rule("UnusedIAMRole", Level::Warning, "A role that nobody assumed in the window."),
    rule("UnusedIAMUserAccessKey", Level::Warning, "An access key that made no call in the window."),
    rule("UnusedIAMUserPassword", Level::Warning, "A password that nobody signed in with in the window."),
    rule("UnusedPermission", Level::Warning, "Permissions of a user or role that it did not use in the window."),
    rule("NotObservable", Level::Note, "Permissions whose use the given evidence could not show; they never count as unused."),
    rule(NOTE, Level::Note, "What the findings rest on."),
];

/// A finding for each of an account's.
pub fn findings(found: &Findings<'_>) -> Vec<Finding> {
    let days = found.window.days;
    let one = |finding: &findings::Finding<'_>| {
        let entity = finding.entity;
        let mut notes = Vec::new();
        let message = match &finding.unused {
            Unused::Role { last: at } => format!("Nobody used the role in {days} days; last used: {}.", last(*at)),
            Unused::AccessKey { key, last: at } => {
                format!("Nobody used the access key {key} in {days} days; last used: {}.", last(*at))
            }
            Unused::Password { last: at } => format!("Nobody used the password in {days} days; last used: {}.", last(*at)),
            Unused::Permissions(services) => {
                notes.extend(services.iter().take(MOST_SERVICES).map(service));
                let more = services.len().saturating_sub(MOST_SERVICES);
                notes.extend((more > 0).then(|| format!("{more} more services (--format json lists them)")));
                format!(
                    "Permissions that were not used in {days} days, of {}.",
                    crate::diag::count(services.len(), "service", "services")
                )
            }
            Unused::NotObservable => "The evidence cannot show whether these permissions are used.".to_owned(),
        };
        if !finding.not_observable.is_empty() {
            notes.push(format!("not observable, and so never unused: {}", names(finding.not_observable.iter().copied())));
        }
        notes.extend(finding.notes.iter().cloned());
        let (source, span) = entity.place.clone();
        let level = if finding.unused == Unused::NotObservable { Level::Note } else { Level::Warning };
        let (rule, subject) = (finding.unused.name().to_owned(), entity.arn.clone());
        let basis = String::new();
        Finding { rule, level, message, subject, source, span, basis, witness: None, notes, suppressed: None }
    };
    found.findings.iter().map(one).collect()
}

/// What is worth knowing about all of it, as a finding about the account's file.
pub fn notes(found: &Findings<'_>, account: &str) -> Finding {
    Finding {
        rule: NOTE.to_owned(),
        level: Level::Note,
        message: "What the findings rest on is in the notes.".to_owned(),
        subject: String::new(),
        source: Source::new(account, ""),
        span: Span::default(),
        basis: String::new(),
        witness: None,
        notes: found.notes.clone(),
        suppressed: None,
    }
}
