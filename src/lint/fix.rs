//! Which parts of a policy can go, so that it says the same?
//!
//! What the rules call redundant or dead is cut out of the text, everything else stays as it is written; then the result is
//! looked at again, until nothing is left to cut. Nothing comes out unless the result is proved to be equivalent: it allows
//! the same requests, and its Deny statements, which matter beside other policies too, match the same requests.
//!
//! Invariant: of values that cover each other one stays; in a round at most one value of a list, and one statement of the
//! policy, is cut because of what several others say together.

use super::finding::{Place, Step};
use super::proved::edit::{allowing, document};
use super::request::{PolicyType, ResourceType};
use super::rules::cover::{Glob, covers};
use super::{Origin, Selection, validate_value};
use crate::diag::{Budget, Diagnostic, Source, Span, deadline};
use crate::document::listed;
use crate::json::{self, Value};
use crate::policy::{Access, Policy};
use crate::question::equivalent::equivalent;
use crate::question::{Settings, Verdict};
use std::collections::BTreeSet;

/// A simplified policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixed {
    /// The text.
    pub text: String,
    /// What was cut, as codes with the text.
    pub cut: Vec<(&'static str, String)>,
}

/// Why a policy is not simplified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotFixed {
    /// There is nothing to cut.
    Nothing,
    /// The result could not be proved to be equivalent: why.
    NotProved(String),
    /// The result cannot be read, which is a defect.
    Unreadable(Diagnostic),
}

/// Rounds of cutting.
const MOST_ROUNDS: usize = 100;

/// Codes whose findings can be cut out.
const CUTS: [&str; 6] = [
    "CONDITION_ALWAYS_TRUE",
    "DEAD_STATEMENT",
    "REDUNDANT_ACTION",
    "REDUNDANT_RESOURCE",
    "STATEMENT_COVERED_BY_OTHERS",
    "VALUE_COVERED_BY_OTHERS",
];

/// Simplifies a policy.
///
/// # Errors
///
/// See [`NotFixed`].
pub fn fix(
    source: &Source,
    kind: PolicyType,
    of: Option<ResourceType>,
    selection: &Selection,
    settings: &Settings,
) -> Result<Fixed, NotFixed> {
    let origin = |code: &str| if code.starts_with("REDUNDANT") { Origin::Aws } else { Origin::Leastwise };
    let wanted = CUTS.into_iter().filter(|code| selection.wants(code, origin(code), true));
    let selection = Selection { select: wanted.map(str::to_owned).collect(), ..Selection::default() };
    if selection.select.is_empty() {
        return Err(NotFixed::Nothing);
    }
    let read = |source: &Source| json::read(source, &Budget::default()).map_err(NotFixed::Unreadable);
    let original = read(source)?;
    let (mut now, mut value, mut cut) = (source.clone(), original.clone(), Vec::new());
    for _ in 0..MOST_ROUNDS {
        deadline::check();
        let places = places(&now, &value, kind, of, &selection);
        if places.is_empty() {
            break;
        }
        cut.extend(places.iter().map(|(code, place)| (*code, text(&now, place.span))));
        let doomed: BTreeSet<Span> = places.into_iter().map(|(_, place)| place.span).collect();
        now = Source::new(now.name.clone(), without(&now.text, &value, &doomed));
        value = read(&now)?;
    }
    if cut.is_empty() {
        return Err(NotFixed::Nothing);
    }
    prove(&original, &value, settings).map_err(NotFixed::NotProved)?;
    Ok(Fixed { text: now.text.to_string(), cut })
}

fn text(source: &Source, span: Span) -> String {
    source.text.get(span.start..span.end).unwrap_or("").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What to cut in one round.
fn places(
    source: &Source,
    value: &Value,
    kind: PolicyType,
    of: Option<ResourceType>,
    selection: &Selection,
) -> Vec<(&'static str, Place)> {
    let mut out: Vec<(&'static str, Place)> = Vec::new();
    let mut shared: BTreeSet<Vec<Step>> = BTreeSet::new();
    for finding in validate_value(source, value, kind, of, selection) {
        let is_action = finding.code == "REDUNDANT_ACTION";
        match finding.code {
            "REDUNDANT_ACTION" | "REDUNDANT_RESOURCE" => {
                let kept = widest(source, &finding.locations, is_action);
                let others = finding.locations.into_iter().enumerate().filter(|(at, _)| *at != kept);
                out.extend(others.map(|(_, place)| (finding.code, place)));
            }
            _ => {
                let Some(place) = finding.locations.into_iter().next() else { continue };
                // One cut a list, since another may rest on what was cut.
                let list = place.path.split_last().map(|(_, list)| list.to_vec()).unwrap_or_default();
                if shared.insert(list) {
                    out.push((finding.code, place));
                }
            }
        }
    }
    // A part of what goes anyway is not cut twice.
    let spans: Vec<Span> = out.iter().map(|(_, place)| place.span).collect();
    let is_inside = |span: Span| spans.iter().any(|other| *other != span && other.start <= span.start && span.end <= other.end);
    out.retain(|(_, place)| !is_inside(place.span));
    out
}

/// Which of several values covers the others.
fn widest(source: &Source, places: &[Place], folds: bool) -> usize {
    let glob = |place: &Place| {
        let text = source.text.get(place.span.start + 1..place.span.end.saturating_sub(1)).unwrap_or("");
        Glob::parse(&if folds { text.to_ascii_lowercase() } else { text.to_owned() })
    };
    let globs: Vec<Glob> = places.iter().map(glob).collect();
    globs.iter().position(|outer| globs.iter().all(|inner| covers(outer, inner))).unwrap_or(0)
}

/// The text without these elements and members; a condition or list that would be left empty goes too.
fn without(text: &str, value: &Value, doomed: &BTreeSet<Span>) -> String {
    let mut cuts = Vec::new();
    collect(value, doomed, &mut cuts);
    cuts.sort_unstable();
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for cut in cuts {
        out.push_str(text.get(from..cut.start).unwrap_or(""));
        from = cut.end.max(from);
    }
    out.push_str(text.get(from..).unwrap_or(""));
    out
}

/// The children of a value with their spans, keys included.
fn children(value: &Value) -> Vec<(Span, &Value, Option<Span>)> {
    let members = value.members().unwrap_or_default().iter();
    let members = members.map(|it| (Span::new(it.key_span.start, it.value.span.end), &it.value, Some(it.key_span)));
    let elements = value.elements().unwrap_or_default().iter().map(|it| (it.span, it, None));
    members.chain(elements).collect()
}

/// Whether nothing would be left of a value.
fn is_doomed(child: (Span, &Value, Option<Span>), doomed: &BTreeSet<Span>) -> bool {
    let (span, value, key) = child;
    // Findings about conditions name the key.
    doomed.contains(&value.span) || doomed.contains(&span) || key.is_some_and(|key| doomed.contains(&key)) || {
        let inner = children(value);
        !inner.is_empty() && inner.into_iter().all(|inner| is_doomed(inner, doomed))
    }
}

/// The spans to cut out, with the commas that they leave.
fn collect(value: &Value, doomed: &BTreeSet<Span>, out: &mut Vec<Span>) {
    let all = children(value);
    let gone: Vec<bool> = all.iter().map(|child| is_doomed(*child, doomed)).collect();
    let mut kept_end = None;
    let mut run: Option<usize> = None;
    for ((span, child, _), is_gone) in all.iter().zip(&gone) {
        if *is_gone {
            run.get_or_insert(span.start);
            continue;
        }
        if let Some(start) = run.take() {
            out.push(Span::new(start, span.start));
        }
        kept_end = Some(span.end);
        collect(child, doomed, out);
    }
    if let (Some(start), Some((last, _, _))) = (run, all.last()) {
        out.push(Span::new(kept_end.unwrap_or(start), last.end));
    }
}

/// Proves that two policies say the same, also beside others.
fn prove(before: &Value, after: &Value, settings: &Settings) -> Result<(), String> {
    let access = |value: &Value| -> Result<Access, String> {
        let source = Source::new("policy", value.to_string());
        Policy::read(&source, &Budget::default()).map(Access::from).map_err(|found| found.to_string())
    };
    let denying = |value: &Value| {
        let is_deny = |one: &&Value| one.get("Effect").and_then(Value::as_str) == Some("Deny");
        let denies: Vec<Value> = listed(value).iter().filter(is_deny).map(allowing).collect();
        document(value.get("Version"), &denies)
    };
    for (one, other) in [(before.clone(), after.clone()), (denying(before), denying(after))] {
        let outcome = equivalent(&access(&one)?, &access(&other)?, settings).map_err(|error| error.to_string())?;
        match outcome.verdict {
            Verdict::Pass => {}
            Verdict::Fail { .. } => return Err("the result would allow or deny other requests".to_owned()),
            Verdict::Unknown(why) => return Err(why.to_string()),
        }
    }
    Ok(())
}
