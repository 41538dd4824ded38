//! Which rules are there, and how are their findings worded?

use super::config::Config;
use super::files::Language;
use crate::catalog::nearest;
use crate::diag::{Diagnostic, Finding, Level, Rule, Source, Span, count, rule};
use crate::document::listed;
use crate::json::Value;
use crate::sources::Located;
use crate::sources::located::filled;
use std::collections::BTreeSet;

/// Grants access to everybody.
pub const PUBLIC: &str = "public-access";
/// Grants access to somebody who is not trusted.
pub const OUTSIDE: &str = "outside-access";
/// Grants everything.
pub const ADMINISTRATOR: &str = "administrator";
/// Grants a way to more permissions.
pub const ESCALATION: &str = "privilege-escalation";
/// Grants actions that return credentials.
pub const CREDENTIALS: &str = "credentials-exposure";
/// Grants reading of data.
pub const DATA: &str = "data-exposure";
/// Grants what the configuration calls critical.
pub const CRITICAL: &str = "critical-access";
/// Grants more than a reference policy.
pub const REFERENCE: &str = "exceeds-reference";
/// Has not the permissions boundary that the configuration asks for.
pub const BOUNDARY: &str = "missing-boundary";
/// Has a wildcard in an action.
pub const WILDCARD: &str = "wildcard-action";
/// Grants what it did not grant before.
pub const NEW: &str = "new-access";
/// No longer denies what it did.
pub const LOST: &str = "lost-deny";
/// Was there in the revision that is compared with.
pub const GONE: &str = "gone-policy";
/// Attached by name, and its document is not looked at.
pub const ATTACHED: &str = "unread-attachment";
/// Cannot be read.
pub const UNREADABLE: &str = "unreadable-policy";
/// Is not known before it is deployed.
pub const UNRESOLVED: &str = "unresolved-policy";
/// Names principals where its type has none, or none where it must.
pub const WRONG_TYPE: &str = "wrong-policy-type";
/// A rule stayed open.
pub const UNDECIDED: &str = "undecided";
/// A named file without policies.
pub const EMPTY: &str = "no-policy";
/// An approval that approves nothing or is over, or something of the configuration that is about nothing.
pub const UNUSED: &str = "unused-approval";

/// Approved by the change that is compared with a revision.
pub const NEW_APPROVAL: &str = "new-approval";

/// Files of a language that is not read.
pub const NOT_READ: &str = "not-read";

/// What the answers about a file assume.
pub const ASSUMPTION: &str = "assumption";

/// All rules, with what they weigh.
pub const RULES: [Rule; 23] = [
    rule(PUBLIC, Level::Error, "A resource or trust policy lets in a principal that nothing in it pins."),
    rule(
        OUTSIDE,
        Level::Error,
        "A resource or trust policy lets in somebody from outside the trusted accounts and organizations.",
    ),
    rule(ADMINISTRATOR, Level::Error, "An identity policy allows every action on every resource."),
    rule(
        ESCALATION,
        Level::Error,
        "An identity policy allows actions, on any resource, by which a principal gets more permissions.",
    ),
    rule(CREDENTIALS, Level::Warning, "An identity policy allows actions, on any resource, that return credentials."),
    rule(DATA, Level::Warning, "An identity policy allows actions, on any resource, that read data and secrets."),
    rule(CRITICAL, Level::Error, "A policy grants what the configuration calls critical."),
    rule(REFERENCE, Level::Error, "A policy grants more than its reference policy."),
    rule(BOUNDARY, Level::Error, "A user or a role has not the permissions boundary that the configuration asks for."),
    rule(WILDCARD, Level::Warning, "An Allow statement has a wildcard in an action, where the configuration forbids it."),
    rule(NEW, Level::Error, "A policy grants access that it did not grant in the revision that is compared with."),
    rule(LOST, Level::Warning, "A policy no longer denies what it did in the revision that is compared with."),
    rule(GONE, Level::Note, "A policy of the revision that is compared with is gone, and limited nobody."),
    rule(ATTACHED, Level::Note, "A policy is attached by name, and its document is not looked at."),
    rule(UNREADABLE, Level::Error, "A policy, or a file that should hold one, cannot be read."),
    rule(UNRESOLVED, Level::Warning, "A policy is not known before it is deployed."),
    rule(WRONG_TYPE, Level::Error, "A policy names principals where its type has none, or names none where it must."),
    rule(UNDECIDED, Level::Warning, "Whether a policy breaks a rule was not decided."),
    rule(EMPTY, Level::Warning, "A file that was named holds no policy."),
    rule(UNUSED, Level::Note, "An approval of findings approves none or is over, or the configuration asks something of nobody."),
    rule(NEW_APPROVAL, Level::Note, "The change that is compared with a revision approves findings itself."),
    rule(NOT_READ, Level::Note, "Files in which policies may be written, in a language that is not read."),
    rule(ASSUMPTION, Level::Note, "The answers about the policies of a file assume something of it."),
];

/// Whether a finding is about what a change brings, which nobody can have known before.
pub fn is_growth(finding: &Finding) -> bool {
    let asked = finding.message.strip_prefix(KEEPS_TO);
    match finding.rule.as_str() {
        NEW | LOST | NEW_APPROVAL => true,
        UNDECIDED => asked.is_none_or(|rest| [NEW, LOST].iter().any(|rule| rest.starts_with(rule))),
        _ => false,
    }
}

/// How a finding begins that leaves open whether a policy keeps to a rule.
const KEEPS_TO: &str = "Whether this policy keeps to ";

/// Findings that a change itself approves, at the approval; `of` are these findings.
pub(crate) fn approved_by_change((source, span): (&Source, Span), message: String, of: &[&Finding], config: &Config) -> Finding {
    let one = |finding: &&Finding| {
        let (source, span) = finding.source.place(finding.span);
        let line = source.line_column(span.start).line;
        let subject = if finding.subject.is_empty() { String::new() } else { format!(" {}:", finding.subject) };
        format!("{}[{}] {}:{line}:{subject} {}", finding.level.name(), finding.rule, source.name, finding.message)
    };
    let basis: Vec<String> = of.iter().map(|finding| format!("{} {}", one(finding), finding.basis)).collect();
    let mut notes: Vec<String> = of.iter().take(MOST_PATHS).map(one).collect();
    let more = of.len().saturating_sub(MOST_PATHS);
    notes.extend((more > 0).then(|| format!("and {more} more")));
    let (rule, level, basis) = (NEW_APPROVAL.to_owned(), config.level(NEW_APPROVAL), basis.join("\n"));
    Finding { rule, level, message, notes, basis, span, ..empty(source, config) }
}

/// Whether a rule is known; an error says what could be meant.
pub fn known(name: &str) -> Result<(), String> {
    if RULES.iter().any(|rule| rule.id == name) {
        return Ok(());
    }
    let meant = nearest::first(name, RULES.iter().map(|rule| rule.id)).map(|near| format!(": did you mean {near}?"));
    let all = || format!("; there are {}", RULES.map(|rule| rule.id).join(", "));
    Err(format!("unknown rule `{name}`{}", meant.unwrap_or_else(all)))
}

/// A finding at a place of a policy.
pub(super) fn finding(
    rule: &str,
    message: String,
    located: &Located,
    (source, span): (&Source, Span),
    config: &Config,
) -> Finding {
    Finding {
        rule: rule.to_owned(),
        level: config.level(rule),
        message,
        subject: located.name.clone(),
        source: source.clone(),
        span,
        basis: basis(rule, located, (source, span)),
        witness: None,
        notes: Vec::new(),
        suppressed: None,
    }
}

/// What of a policy a finding rests on. It is the statement that it is about, with whatever could take away from it: the
/// version and the Deny statements; or the whole policy, where several statements together break the rule.
fn basis(rule: &str, located: &Located, (source, span): (&Source, Span)) -> String {
    // More than everything is not allowed by any change.
    if rule == ADMINISTRATOR {
        return String::new();
    }
    let name = |index: usize| located.open.get(index).map_or_else(String::new, |open| format!("<{}>", open.name));
    let is_whole = [ESCALATION, CREDENTIALS, DATA, UNDECIDED].contains(&rule);
    let mut parts = BTreeSet::new();
    for version in &located.versions {
        let all = listed(&version.value);
        let is_here = |one: &&Value| one.span.start <= span.start && span.end <= one.span.end && version.source == *source;
        let is_whole = is_whole || !all.iter().any(|one| is_here(&one));
        let denies = |one: &&Value| one.get("Effect").and_then(Value::as_str) != Some("Allow");
        let rests = all.iter().filter(|one| is_whole || is_here(one) || denies(one)).chain(version.value.get("Version"));
        parts.extend(rests.map(|part| filled(part, &name).to_string()));
    }
    parts.into_iter().collect::<Vec<_>>().join("\n")
}

/// A policy that cannot be read; it is known as it is written.
pub(super) fn unread(located: &Located, found: &Diagnostic, config: &Config) -> Finding {
    let Span { start, end } = located.span;
    let basis = located.source.text.get(start..end).unwrap_or_default().to_owned();
    Finding { basis, ..unreadable(&located.name, &located.source, found, config) }
}

/// A file or a policy that cannot be read.
pub(super) fn unreadable(subject: &str, file: &Source, found: &Diagnostic, config: &Config) -> Finding {
    let open = [crate::sources::terraform::UNKNOWN_AFTER, crate::sources::template::UNRESOLVED];
    let rule = if open.contains(&found.code) { UNRESOLVED } else { UNREADABLE };
    let (source, span) = match &found.source {
        Some(source) => (source.clone(), found.span),
        None => (file.clone(), Span::default()),
    };
    let help = if found.help.is_empty() { Vec::new() } else { vec![found.help.clone()] };
    Finding {
        rule: rule.to_owned(),
        level: config.level(rule),
        message: format!("This cannot be checked: {}.", found.message),
        subject: subject.to_owned(),
        source,
        span,
        basis: String::new(),
        witness: None,
        notes: help,
        suppressed: None,
    }
}

/// What the answers about a file assume.
pub(super) fn assumed(file: &Source, notes: Vec<String>, config: &Config) -> Finding {
    let message = "The answers about this file's policies assume what the notes say.".to_owned();
    Finding { rule: ASSUMPTION.to_owned(), level: config.level(ASSUMPTION), message, notes, ..empty(file, config) }
}

/// The most paths that a finding lists.
const MOST_PATHS: usize = 10;

/// Files of a language that is not read, at the first of them.
pub(super) fn not_read(language: &Language, paths: &[String], config: &Config) -> Finding {
    let (one, many) = (format!("{} file was", language.name), format!("{} files were", language.name));
    let mut notes: Vec<String> = paths.iter().take(MOST_PATHS).cloned().collect();
    let more = paths.len().saturating_sub(MOST_PATHS);
    notes.extend((more > 0).then(|| format!("and {more} more")));
    let first = Source::new(paths.first().map_or("", String::as_str), "");
    let message = format!("{} not read: {}.", count(paths.len(), &one, &many), language.remedy);
    Finding { rule: NOT_READ.to_owned(), level: config.level(NOT_READ), message, notes, ..empty(&first, config) }
}

/// A file that was named and holds no policy.
pub(super) fn empty(file: &Source, config: &Config) -> Finding {
    Finding {
        rule: EMPTY.to_owned(),
        level: config.level(EMPTY),
        message: "The file holds no policy.".to_owned(),
        subject: String::new(),
        source: file.clone(),
        span: Span::default(),
        basis: String::new(),
        witness: None,
        notes: Vec::new(),
        suppressed: None,
    }
}

/// A rule that stayed open.
pub(super) fn undecided(located: &Located, rule: &str, why: &str, config: &Config) -> Finding {
    let message = format!("{KEEPS_TO}{rule} is unknown: {why}.");
    finding(UNDECIDED, message, located, (&located.source, located.span), config)
}
