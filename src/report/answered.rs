//! What does an answer to a question say as findings in files, for the formats that are about files (SARIF, annotations,
//! Markdown, JUnit)?
//!
//! A statement that is to blame is a finding at its place; an UNKNOWN is one too, since it is not a pass; what an answer
//! rests on, and what is odd about the policies, are notes. So a format says no less than the text does.
//!
//! Invariant: an answer has a finding that counts exactly if its exit code is not 0.

use super::gate::Findings;
use super::{Found, Report, Standing};
use crate::check::rules::UNDECIDED;
use crate::diag::{Diagnostic, Finding, Level, Rule, Source, Span, rule};
use crate::glob::Glob;
use crate::query::Reason;
use crate::question::{Outcome, Verdict};
use crate::request::request_json;
use crate::witness::explain::place;

/// What an answer rests on.
const NOTE: &str = "note";

/// What the findings are of: a rule a question, and those of every question.
pub const RULES: [Rule; 7] = [
    rule("no-new-access", Level::Error, "The new policy allows a request that the existing policy does not."),
    rule("access-not-granted", Level::Error, "A policy allows one of the listed actions on one of the listed resources."),
    rule("no-public-access", Level::Error, "A resource's policy lets in a principal that nothing in it pins."),
    rule("outside-access", Level::Error, "A policy lets in somebody from outside the trusted accounts and organizations."),
    rule("equivalent", Level::Error, "One of two policies allows a request that the other does not."),
    rule(UNDECIDED, Level::Warning, "A question was not decided: the answer is UNKNOWN, with the reason."),
    rule(NOTE, Level::Note, "What an answer rests on, or what is worth knowing beside it."),
];

/// The rules of a question.
fn rules(check: &str) -> Vec<Rule> {
    RULES.into_iter().filter(|rule| [check, UNDECIDED, NOTE].contains(&rule.id)).collect()
}

/// An answer as findings.
#[derive(Debug)]
pub struct Answered {
    check: &'static str,
    headline: String,
    all: Vec<Finding>,
    rules: Vec<Rule>,
    files: usize,
}

impl Answered {
    /// The answer of a report about files, of which the first is the one that is asked about; `warnings` are about them.
    pub fn of(report: &Report, warnings: &[Diagnostic], files: &[&str]) -> Self {
        let whole = Source::new(*files.first().unwrap_or(&"-"), "");
        let (check, message, mut all, notes) = match &report.found {
            Found::Verdict { outcome, .. } => {
                (outcome.check, outcome.message.clone(), verdict(outcome, &whole), &outcome.notes[..])
            }
            Found::Outside { access, outside } => {
                let all: Vec<Finding> = outside.findings.iter().filter_map(|one| outsider(access, one)).collect();
                let message = match (all.len(), &outside.unknown) {
                    (0, None) => "Nobody outside the zone of trust gets access.".to_owned(),
                    (0, Some(why)) => format!("Whether somebody outside gets access is unknown: {why}."),
                    (many, _) => {
                        format!("Access from outside the zone of trust: {}.", super::words::count(many, "finding", "findings"))
                    }
                };
                let mut all = all;
                if let Some(why) = &outside.unknown {
                    all.push(undecided("outside-access", &why.to_string(), &whole));
                }
                ("outside-access", message, all, &outside.notes[..])
            }
            _ => ("", String::new(), Vec::new(), &[][..]),
        };
        if !notes.is_empty() {
            let message = "What the answer rests on, and what is worth knowing beside it, is in the notes.".to_owned();
            all.push(Finding { notes: notes.to_vec(), ..bare(NOTE, Level::Note, message, &whole) });
        }
        all.extend(warnings.iter().map(|warning| odd(warning, &whole)));
        let word = match report.standing() {
            Standing::Holds => "PASS",
            Standing::DoesNotHold => "FAIL",
            Standing::Unknown => "UNKNOWN",
        };
        Self { check, headline: format!("{word} {message}"), all, rules: rules(check), files: files.len() }
    }

    /// That a question about files has no answer.
    pub fn open(check: &'static str, why: &str, files: &[&str]) -> Self {
        let whole = Source::new(*files.first().unwrap_or(&"-"), "");
        let all = vec![undecided(check, why, &whole)];
        Self { check, headline: format!("UNKNOWN The answer is unknown: {why}."), all, rules: rules(check), files: files.len() }
    }

    /// For the formats.
    pub fn findings(&self) -> Findings<'_> {
        Findings {
            check: self.check,
            all: &self.all,
            rules: &self.rules,
            files: self.files,
            policies: self.files,
            // An UNKNOWN is no pass: exit code 3.
            fail_on: Level::Warning,
            counted: None,
            headline: Some(&self.headline),
        }
    }
}

fn bare(rule: &str, level: Level, message: String, source: &Source) -> Finding {
    Finding {
        rule: rule.to_owned(),
        level,
        message,
        subject: String::new(),
        source: source.clone(),
        span: Span::default(),
        basis: String::new(),
        witness: None,
        notes: Vec::new(),
        suppressed: None,
    }
}

fn undecided(check: &str, why: &str, source: &Source) -> Finding {
    bare(UNDECIDED, Level::Warning, format!("The answer to {check} is unknown: {why}."), source)
}

fn odd(warning: &Diagnostic, whole: &Source) -> Finding {
    let help = if warning.help.is_empty() { Vec::new() } else { vec![warning.help.clone()] };
    let source = warning.source.as_ref().unwrap_or(whole);
    let span = if warning.source.is_some() { warning.span } else { Span::default() };
    Finding { span, notes: help, ..bare(warning.code, Level::Note, warning.message.clone(), source) }
}

/// The findings of a verdict.
fn verdict(outcome: &Outcome, whole: &Source) -> Vec<Finding> {
    let (reasons, witness) = match &outcome.verdict {
        Verdict::Pass => return Vec::new(),
        Verdict::Unknown(why) => return vec![undecided(outcome.check, &why.to_string(), whole)],
        Verdict::Fail { reasons, witness } => (reasons, witness),
    };
    let shown = Some(request_json::to_json(witness));
    if reasons.is_empty() {
        return vec![Finding { witness: shown, ..bare(outcome.check, Level::Error, outcome.message.clone(), whole) }];
    }
    // The request stands with a statement that names its action.
    let names = |reason: &Reason| {
        let matches = |one: &String| Glob::parse(&one.to_ascii_lowercase()).matches(&witness.action.to_ascii_lowercase());
        reason.actions.iter().any(matches) != reason.not_action
    };
    let with = reasons.iter().position(names).unwrap_or_default();
    let one = |(at, reason): (usize, &Reason)| {
        let mut notes = Vec::new();
        if reason.actions.len() > 1 && !reason.not_action {
            notes.push(format!("actions: {}", reason.actions.join(", ")));
        }
        if reason.principals.len() > 1 {
            let all: Vec<String> = reason.principals.iter().map(|(kind, who)| format!("{kind} {who}")).collect();
            notes.push(format!("principals: {}", all.join(", ")));
        }
        notes.extend(reason.lifted.iter().map(|lifted| lifted.description.clone()));
        Finding {
            subject: reason.policy.clone().unwrap_or_default(),
            span: reason.span,
            basis: String::new(),
            witness: shown.clone().filter(|_| at == with),
            notes,
            ..bare(outcome.check, Level::Error, reason.description.clone(), &reason.source)
        }
    };
    reasons.iter().enumerate().map(one).collect()
}

/// The finding of an entry that lets somebody in.
fn outsider(access: &crate::policy::Access, found: &crate::question::outside_access::Finding) -> Option<Finding> {
    let (member, statement) = access.statement(found.number)?;
    let (kind, who) = &found.principal;
    let what = match (found.is_public, found.service) {
        (true, _) => ", which nothing pins",
        (false, true) => ", a service that nothing pins to who is trusted",
        (false, false) => "",
    };
    let message = format!("Access from outside for {kind} {who}{what}: {}.", found.actions.join(", "));
    Some(Finding {
        subject: if access.is_alone() { String::new() } else { member.name.to_string() },
        span: place(member, statement, &found.witness),
        basis: String::new(),
        witness: Some(request_json::to_json(&found.witness)),
        notes: found.notes.clone(),
        ..bare("outside-access", Level::Error, message, &member.policy.source)
    })
}
