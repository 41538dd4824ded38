//! Results for people. Styles are always written; the stream that prints them drops them where there is no terminal.

use super::listing::Listing;
use super::words::{count, listed};
use super::{Found, Report, difference, explain, findings, json};
use crate::diag::{Diagnostic, Severity, Source, Span, escape};
use crate::eval::Decision;
use crate::policy::Access;
use crate::query::Certificate;
use crate::question::outside_access::Outside;
use crate::question::{Outcome, Proof, Reason, Verdict};
use crate::refine::obligations::{Failure, Obligation, ObligationId};
use crate::request::{Request, keys, request_json};
use crate::simulate::Simulation;
use crate::smt;
use crate::witness::explain::place as place_in;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};
use std::fmt::Write as _;

const PASS: Style = AnsiColor::Green.on_default().bold();
const FAIL: Style = AnsiColor::Red.on_default().bold();
const UNKNOWN: Style = AnsiColor::Yellow.on_default().bold();

/// Any report. Of a refined policy this is its proof: the policy itself is data, and goes where the asker wants it.
pub fn report(report: &Report) -> String {
    match &report.found {
        Found::Verdict { outcome, explained } => {
            let explained = match (&outcome.verdict, explained) {
                (Verdict::Fail { witness, .. }, Some(explained)) => explain::text(&explained.named(), witness),
                _ => String::new(),
            };
            format!("{}{explained}", self::outcome(outcome))
        }
        Found::Outside { access, outside } => self::outside(access, outside),
        Found::Difference { old, new, difference } => difference::text(difference, old, new),
        Found::Refined { refinement, under } => {
            let mut out = obligations(&refinement.obligations);
            let (name, date) = (escape::text(&under.catalog.name), escape::text(&under.catalog.date));
            let actions = count(under.catalog.action_count(), "action", "actions");
            let _ = writeln!(out, "catalog {name} ({date}), {actions}");
            for note in &refinement.notes {
                let _ = writeln!(out, "note: {}", escape::text(note));
            }
            out + if refinement.is_empty { json::EMPTY } else { json::REFINED } + "\n"
        }
        Found::Verified { obligations, .. } => format!("{}{}\n", self::obligations(obligations), json::VERIFIED),
        Found::Unproved { failure, .. } => self::failure(failure),
        Found::Simulated(simulation) => self::simulation(simulation),
        Found::Validated { source, findings, .. } => {
            let mut listing = Listing::default();
            listing.add(source, findings);
            findings::text(&listing)
        }
    }
}

/// What becomes of a request, and who decided it.
fn simulation(simulation: &Simulation) -> String {
    let by = simulation.decided_by.iter().map(|(policy, index)| format!("{policy} statement {index}"));
    let by = match simulation.decision {
        Decision::ImplicitlyDenied => format!("not allowed by {}", simulation.not_allowed_by.join(", ")),
        Decision::Allowed | Decision::ExplicitlyDenied => format!("by {}", by.collect::<Vec<_>>().join(", ")),
    };
    let (decision, by) = match simulation.is_unknown {
        true => ("UNKNOWN", format!("at least {}, {by}", simulation.decision.name())),
        false => (simulation.decision.name(), by),
    };
    let line = format!("{decision} {} {}: {by}", simulation.action, simulation.resource);
    let mut out = format!("{}\n", escape::text(&line));
    for note in &simulation.notes {
        let _ = writeln!(out, "note: {}", escape::text(note));
    }
    out
}

/// A verdict: its word, its sentence, the statements to blame with their source, and the witness.
pub fn outcome(outcome: &Outcome) -> String {
    let (style, word) = match &outcome.verdict {
        Verdict::Pass => (PASS, "PASS"),
        Verdict::Fail { .. } => (FAIL, "FAIL"),
        Verdict::Unknown(_) => (UNKNOWN, "UNKNOWN"),
    };
    let mut out = format!("{style}{word}{style:#} {}\n", escape::text(&outcome.message));
    if let Verdict::Fail { reasons, witness } = &outcome.verdict {
        for reason in reasons {
            let _ = writeln!(out, "\n{}", escape::text(&reason.description));
            out.push_str(&place(&reason.source, reason.span));
            out.push_str(&details(reason));
        }
        let _ = writeln!(out, "\nA request that shows it, replayed:");
        let _ = writeln!(out, "{}", request(witness));
    }
    for note in &outcome.notes {
        let _ = writeln!(out, "note: {}", escape::text(note));
    }
    if let (Some(checked), Verdict::Pass) = (&outcome.checked, &outcome.verdict) {
        let _ = writeln!(out, "checked by Z3: {}", checked_by_z3(checked));
    }
    out.push_str(&proof(&outcome.proof));
    out
}

/// What of a statement is to blame, where it is more than its line shows, and what no longer keeps it away.
fn details(reason: &Reason) -> String {
    let mut out = String::new();
    if reason.actions.len() > 1 && !reason.not_action {
        let _ = writeln!(out, "  actions: {}", escape::text(&listed(&reason.actions)));
    }
    if reason.principals.len() > 1 {
        let who = |(kind, who): &(&str, String)| if *kind == "AWS" { who.clone() } else { format!("{kind} {who}") };
        let _ = writeln!(out, "  principals: {}", escape::text(&listed(&reason.principals.iter().map(who).collect::<Vec<_>>())));
    }
    for lifted in &reason.lifted {
        let _ = writeln!(out, "  {}", escape::text(&lifted.description));
    }
    out
}

fn checked_by_z3(checked: &Certificate) -> String {
    let groups = if checked.classes { "the groups cover every action" } else { "the groups of actions are not checked" };
    let lemmas = count(checked.lemmas, "lemma", "lemmas");
    let formulas = count(checked.propositional, "propositional formula", "propositional formulas");
    format!("{lemmas}, {formulas}; {groups}")
}

fn proof(proof: &Proof) -> String {
    let Proof { engine, obligations, milliseconds, .. } = proof;
    let queries = count(*obligations, "query", "queries");
    format!("proof: {engine}, {queries}, Z3 {}, {milliseconds:.1} ms\n", smt::version())
}

/// A request, without the keys that say nothing: those that follow from its principal and its resource, and those that
/// every request has.
fn request(witness: &Request) -> String {
    escape::json(&serde_json::to_string_pretty(&plain(witness)).unwrap_or_default()).into_owned()
}

/// The same as JSON.
pub(super) fn plain(witness: &Request) -> Value {
    let mut shown = witness.clone();
    let own = Request::new(witness.principal.clone(), "a:b", &witness.resource, Default::default());
    shown.context.retain(|key, values| own.context.get(key) != Some(values) && !keys::says_nothing(key, values));
    let mut shown = request_json::to_json(&shown);
    if let (true, Some(object)) = (shown.get("context").is_some_and(|own| *own == json!({})), shown.as_object_mut()) {
        object.remove("context");
    }
    shown
}

/// The place of a statement with its source line.
fn place(source: &Source, span: Span) -> String {
    let (source, span) = source.place(span);
    let line = source_line(&source.text, span.start, span.end);
    let at = source.line_column(line.start);
    let shown = escape::text(source.text.get(line).unwrap_or(""));
    format!("  --> {}:{}:{}\n   | {shown}\n", escape::text(&source.name), at.line, at.column)
}

/// Who outside gets in: each finding with its statement and witness.
pub fn outside(access: &Access, outside: &Outside) -> String {
    let mut out = String::new();
    let (style, word, message) = match (outside.findings.as_slice(), &outside.unknown) {
        ([], None) => (PASS, "PASS", "Nobody outside the zone of trust gets access.".to_owned()),
        ([], Some(why)) => {
            (UNKNOWN, "UNKNOWN", format!("Whether somebody outside gets access is unknown: {}.", escape::text(&why.to_string())))
        }
        (findings, _) => {
            let findings = count(findings.len(), "finding", "findings");
            (FAIL, "FAIL", format!("Access from outside the zone of trust: {findings}."))
        }
    };
    let _ = writeln!(out, "{style}{word}{style:#} {message}");
    for finding in &outside.findings {
        let (kind, who) = &finding.principal;
        let public = if finding.is_public { ", public" } else { "" };
        let service = if finding.service { ", service" } else { "" };
        let (who, actions) = (escape::text(who), listed(&finding.actions));
        let _ = writeln!(out, "\n{kind} {who}{public}{service}: {}", escape::text(&actions));
        if let Some((member, statement)) = access.statement(finding.number) {
            out.push_str(&place(&member.policy.source, place_in(member, statement, &finding.witness)));
            let text = member.policy.source.text.get(statement.span.start..statement.span.end).unwrap_or_default();
            let written: Value = serde_json::from_str(text).unwrap_or_default();
            if let Some(condition) = written.get("Condition").filter(|condition| **condition != json!({})) {
                let _ = writeln!(out, "  Condition: {}", escape::json(&condition.to_string()));
            }
        }
        let _ = writeln!(out, "{}", request(&finding.witness));
        for note in &finding.notes {
            let _ = writeln!(out, "note: {}", escape::text(note));
        }
    }
    for note in &outside.notes {
        let _ = writeln!(out, "note: {}", escape::text(note));
    }
    if let (Some(why), false) = (&outside.unknown, outside.findings.is_empty()) {
        let _ = writeln!(out, "note: there may be more findings, something is unknown: {}", escape::text(&why.to_string()));
    }
    if let Some(checked) = &outside.checked {
        let _ = writeln!(out, "checked by Z3: {}", checked_by_z3(checked));
    }
    out.push_str(&proof(&outside.proof));
    out
}

/// The part of a span that stands in its first line.
fn source_line(text: &str, start: usize, end: usize) -> std::ops::Range<usize> {
    let line_end = text.get(start..end).and_then(|part| part.find('\n')).map_or(end, |at| start + at);
    // A long line is cut, so that a minified policy does not fill the screen.
    let mut cut = line_end.min(start + 100);
    while !text.is_char_boundary(cut) {
        cut += 1;
    }
    start..cut.max(start)
}

/// The proved obligations, one a line.
pub fn obligations(obligations: &[Obligation]) -> String {
    let mut out = String::new();
    for proved in obligations {
        let how = match proved.id {
            ObligationId::O4 => "Z3: unsat".to_owned(),
            _ => format!("Z3: unsat for {}", checked_by_z3(&proved.checked)),
        };
        let (id, statement) = (proved.id, escape::text(proved.statement));
        let _ = writeln!(out, "{PASS}proved{PASS:#} {id} {statement} ({how}, {:.1} ms)", proved.milliseconds);
    }
    out
}

/// An obligation that was refuted or left open.
pub fn failure(failure: &Failure) -> String {
    let (style, word) = if failure.unknown { (UNKNOWN, "UNKNOWN") } else { (FAIL, "FAIL") };
    let mut out = format!("{style}{word}{style:#} {} {}\n", failure.id, escape::text(&failure.message));
    if let Some(witness) = &failure.witness {
        let _ = writeln!(out, "\nA request that shows it, replayed:\n{}", request(witness));
    }
    out
}

/// A diagnostic with the offending source line.
pub fn diagnostic(diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let (message, help) = (escape::text(&diagnostic.message), escape::text(&diagnostic.help));
    let title = level.primary_title(message).id(diagnostic.code);
    let help = (!help.is_empty()).then(|| Level::HELP.message(help));
    let render = |group| Renderer::styled().render(&[group]).to_string();
    let Some(source) = &diagnostic.source else {
        return match help {
            Some(help) => render(title.element(help)),
            None => render(annotate_snippets::Group::with_title(title)),
        };
    };
    let (source, span) = source.place(diagnostic.span);
    let Some(excerpt) = Excerpt::of(&source, span) else { return escape::text(&diagnostic.to_string()).into_owned() };
    let annotation = AnnotationKind::Primary.span(excerpt.span);
    let snippet = Snippet::source(excerpt.text).line_start(excerpt.line).path(escape::text(&source.name)).annotation(annotation);
    let group = title.element(snippet);
    render(match help {
        Some(help) => group.element(help),
        None => group,
    })
}

/// The lines of a source on which a span stands, as they can be shown.
struct Excerpt {
    text: String,
    /// The first line, from 1.
    line: usize,
    /// The span in `text`.
    span: std::ops::Range<usize>,
}

impl Excerpt {
    /// `None` where the line is long: a document on one line would be printed whole. Such places are told by line and
    /// column alone.
    fn of(source: &Source, span: Span) -> Option<Self> {
        let text = &*source.text;
        let end = span.end.max(span.start).min(text.len());
        let start = span.start.min(end);
        let from = text.get(..start)?.rfind('\n').map_or(0, |at| at + 1);
        let line_length = text.get(from..)?.find('\n').unwrap_or(text.len() - from);
        if line_length > 400 {
            return None;
        }
        let to = text.get(end..)?.find('\n').map_or(text.len(), |at| end + at);
        let shown = |from: usize, to: usize| Some(text.get(from..to)?.split('\n').map(line).collect::<Vec<_>>().join("\n"));
        let (before, inside, after) = (shown(from, start)?, shown(start, end)?, shown(end, to)?);
        let span = before.len()..before.len() + inside.len();
        Some(Self { text: before + &inside + &after, line: source.line_column(from).line, span })
    }
}

/// A source line as it can be shown: with its tabs, without the other half of its break.
fn line(line: &str) -> String {
    let line = line.strip_suffix('\r').unwrap_or(line);
    line.split('\t').map(escape::text).collect::<Vec<_>>().join("\t")
}
