//! What does one line of `batch` ask, and what is its answer?

use super::asked::Asked;
use super::cache::Cache;
use super::check::emit_smt2;
use super::errors::{COULD_NOT_RUN, INTERNAL};
use super::members::{self, Line};
use super::remarks::{self, read_as};
use super::simulate;
use super::{Trouble, id, save};
use crate::diag::deadline::{self, Expired};
use crate::diag::{Diagnostic, Diagnostics, Source, Span};
use crate::json::{self as strict, Value};
use crate::policy::Access;
use crate::question::ask::{Ask, NEEDS_Z3};
use crate::question::difference::difference;
use crate::question::equivalent::equivalent;
use crate::question::outside_access::outside_access;
use crate::question::{Engine, InternalError, Settings, Verdict};
use crate::question::{access_not_granted as not_granted, no_new_access as no_new, no_public_access as no_public};
use crate::refine::{self, Outcome};
use crate::report::json::{Check, Warning};
use crate::report::warnings::InLine;
use crate::report::{explain, json, proof, regions};
use crate::smt;
use serde_json::json;
use std::path::PathBuf;

/// What all lines of a run share.
pub(super) struct Run {
    /// How questions are asked.
    pub(super) settings: Settings,
    /// Whether both engines are asked.
    pub(super) cross_check: bool,
    /// Whether other readings are asked too.
    pub(super) remarks: bool,
    /// Whether a FAIL is explained.
    pub(super) explain: bool,
    /// Whether names that nobody knows are asked about.
    pub(super) allow_unknown: bool,
    /// Where what a PASS rests on is written, a folder a line.
    pub(super) proof: Option<PathBuf>,
    /// Where questions are written as SMT-LIB, a folder a line.
    pub(super) emit_smt2: Option<PathBuf>,
    /// What was answered and read before.
    pub(super) cache: Cache,
}

/// Why a line has no answer.
pub(super) enum Failed {
    Input(Diagnostics),
    Internal(InternalError),
    /// What it asks has no verdict that could be unknown.
    Budget(Expired),
    /// Something could not be written.
    Other(String),
    /// The engines' answers differ.
    Disagree(Box<[serde_json::Value; 2]>),
}

impl From<Diagnostic> for Failed {
    fn from(found: Diagnostic) -> Self {
        Self::Input(found.into())
    }
}

impl From<Diagnostics> for Failed {
    fn from(found: Diagnostics) -> Self {
        Self::Input(found)
    }
}

impl From<Trouble> for Failed {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Input(found) => Self::Input(found),
            Trouble::Other(error) => Self::Other(format!("{error:#}")),
        }
    }
}

impl From<InternalError> for Failed {
    fn from(error: InternalError) -> Self {
        Self::Internal(error)
    }
}

impl From<refine::Error> for Failed {
    fn from(error: refine::Error) -> Self {
        match error {
            refine::Error::Policy(found) => Self::Input(found),
            refine::Error::Internal(error) => Self::Internal(error),
        }
    }
}

/// The answer to one line.
pub(super) struct Answer {
    /// One line of JSON.
    pub(super) text: String,
    /// Whether the engines' answers differ.
    pub(super) disagree: bool,
}

/// Answers one line; `number` is its place in the input, from 1. What needs Z3 is asked with Z3 contexts of its own, as
/// these only grow.
pub(super) fn answer(text: &str, number: usize, run: &Run) -> Answer {
    deadline::question(&run.settings.budget, || within_budget(text, number, run)).unwrap_or_else(|expired| {
        let error = error(json::OUT_OF_BUDGET, &expired.to_string(), number);
        Answer { text: id::with(&id::of_line(text, None), &error), disagree: false }
    })
}

fn within_budget(text: &str, number: usize, run: &Run) -> Answer {
    let source = Source::new(format!("line {number}"), text);
    let read = strict::read(&source, &run.settings.budget);
    let id = id::of_line(text, read.as_ref().ok());
    let check = read.as_ref().ok().and_then(|value| value.get("check")).and_then(Value::as_str).unwrap_or_default().to_owned();
    let answered = deadline::attempt(|| {
        read.map_err(Failed::from).and_then(|value| {
            // Told by places in the line, which other lines do not share.
            let unread = members::unread(&source, &value)?;
            let unread = unread.iter().map(|one| Warning { file: None, line: Some(number), ..json::diagnostic(one) });
            Ok(with_warnings(answered(&source, &value, number, run)?, unread.collect()))
        })
    });
    let answered = answered.unwrap_or_else(|expired| json::out_of_budget(&check, &expired).ok_or(Failed::Budget(expired)));
    let disagree = matches!(answered, Err(Failed::Disagree(_)));
    let error = |code: &str, message: String| error(code, &message, number);
    let members = match answered {
        Ok(answer) => answer,
        Err(Failed::Budget(expired)) => error(json::OUT_OF_BUDGET, expired.to_string()),
        Err(Failed::Internal(found)) => error(INTERNAL, found.to_string()),
        Err(Failed::Other(message)) => error(COULD_NOT_RUN, message),
        Err(Failed::Disagree(answers)) => {
            let message = "the engines disagree; please report it with the whole line";
            let versions = Some(json!({"leastwise": env!("CARGO_PKG_VERSION"), "z3": smt::version()}));
            let (line, answers) = (Some(number), answers.to_vec());
            json::error(json::Error { line, versions, answers, ..json::Error::bare(DISAGREE, message) })
        }
        Err(Failed::Input(found)) => {
            let first = found.0.first();
            let code = first.map_or("bad-input", |first| first.code);
            // Of a place in a policy that is a string, the message tells.
            let own = first.filter(|first| first.source.as_ref().is_some_and(|one| one.name == source.name));
            let column = own.and_then(Diagnostic::line_column).map(|at| at.column);
            json::error(json::Error { line: Some(number), column, ..json::Error::bare(code, found.to_string()) })
        }
    };
    Answer { text: id::with(&id, &members), disagree }
}

/// An error about a line.
fn error(code: &str, message: &str, number: usize) -> serde_json::Value {
    json::error(json::Error { line: Some(number), ..json::Error::bare(code, message) })
}

/// Answers one line of `batch`, without its end, as the command does that is given nothing else: one line of JSON.
pub fn answer_line(line: &str, settings: &Settings) -> String {
    let run = Run {
        settings: *settings,
        cross_check: false,
        remarks: false,
        explain: false,
        allow_unknown: false,
        proof: None,
        emit_smt2: None,
        cache: Cache::default(),
    };
    answer(line, 1, &run).text
}

/// The answer to a line that cannot be read.
pub(super) fn unreadable(number: usize, message: &str) -> Answer {
    let error = error("unreadable-line", message, number);
    Answer { text: id::with("null", &error), disagree: false }
}

/// The answer to a line on which the program itself fails.
pub(super) fn failed(number: usize) -> Answer {
    let message = "the program failed on this line, which is a defect of it; please report it with the whole line";
    let error = error(INTERNAL, message, number);
    Answer { text: id::with("null", &error), disagree: false }
}

/// Answers what a line asks, unless it was answered before.
fn answered(source: &Source, value: &Value, number: usize, run: &Run) -> Result<serde_json::Value, Failed> {
    let Run { settings, cross_check, cache, .. } = run;
    let question = without_id(&source.text, value);
    // Files are written for each line.
    let keeps = run.proof.is_none() && run.emit_smt2.is_none();
    if let (true, Some(known)) = (keeps, cache.answer(&question)) {
        return Ok(known);
    }
    let line = || Line::new(source, value, number, cache);
    let mut answer = with_z3_if_needed(value, run, |settings| self::value(&line(), settings, run))?;
    if *cross_check && let verdict @ ("PASS" | "FAIL") = verdict(&answer) {
        let crossed = settings.crossed();
        let other = smt::in_fresh_context(|| self::value(&line(), &crossed, run))?;
        if !matches!(self::verdict(&other), "PASS" | "FAIL") {
            let why = other.get("message").and_then(serde_json::Value::as_str).unwrap_or_default();
            push_note(&mut answer, &remarks::unanswered(crossed.engine, why));
        } else if self::verdict(&other) != verdict || others(&answer, &other) {
            return Err(Failed::Disagree(Box::new([answer, other])));
        }
    }
    if keeps {
        cache.keep_answer(question, &answer);
    }
    Ok(answer)
}

/// Adds a note to an answer, before its proof.
fn push_note(answer: &mut serde_json::Value, note: &str) {
    let Some(members) = answer.as_object_mut() else { return };
    if let Some(notes) = members.get_mut("notes").and_then(serde_json::Value::as_array_mut) {
        notes.push(json!(note));
        return;
    }
    let at = members.keys().position(|key| key == "proof").unwrap_or(members.len());
    members.shift_insert(at, "notes".to_owned(), json!([note]));
}

/// The code of a line about which the engines disagree.
const DISAGREE: &str = "engines-disagree";

fn verdict(answer: &serde_json::Value) -> &str {
    answer.get("result").and_then(serde_json::Value::as_str).unwrap_or_default()
}

/// Whether two answers name others from outside.
fn others(a: &serde_json::Value, b: &serde_json::Value) -> bool {
    let shown = |answer: &serde_json::Value| -> Option<Vec<serde_json::Value>> {
        let findings = answer.get("findings")?.as_array()?.iter();
        Some(
            findings
                .map(|one| json!([one.get("statementIndex"), one.get("principal"), one.get("isPublic"), one.get("service")]))
                .collect(),
        )
    };
    shown(a) != shown(b)
}

/// An answer with more warnings, as its last member.
fn with_warnings(mut answer: serde_json::Value, warnings: Vec<Warning>) -> serde_json::Value {
    let Some(members) = answer.as_object_mut().filter(|_| !warnings.is_empty()) else { return answer };
    let known = members.entry("warnings").or_insert_with(|| json!([]));
    if let Some(known) = known.as_array_mut() {
        known.extend(warnings.iter().map(json::value));
    }
    answer
}

/// The line's text but for the value of its `id`.
fn without_id(text: &str, value: &Value) -> String {
    let id = value.get("id").map_or(Span::default(), |id| id.span);
    format!("{}{}", text.get(..id.start).unwrap_or(""), text.get(id.end..).unwrap_or(text))
}

/// Asks without Z3 if that is enough, else with a Z3 context of its own.
fn with_z3_if_needed(
    value: &Value,
    run: &Run,
    ask: impl Fn(&Settings) -> Result<serde_json::Value, Failed> + Send + Sync,
) -> Result<serde_json::Value, Failed> {
    // A refinement is always proved by Z3.
    let proved = matches!(value.get("check").and_then(Value::as_str), Some("refine" | "verify"));
    let Run { settings, remarks, .. } = run;
    if settings.engine == Engine::Auto && !settings.prove && !proved && !remarks {
        let answer = ask(&Settings { z3: false, ..*settings })?;
        if !answer.to_string().contains(NEEDS_Z3) {
            return Ok(answer);
        }
    }
    smt::in_fresh_context(|| ask(settings))
}

pub(super) fn plain(value: &Value) -> serde_json::Value {
    serde_json::from_str(&value.to_string()).unwrap_or(serde_json::Value::Null)
}

pub(super) fn bad(source: &Source, span: Span, message: impl Into<String>, help: &str) -> Diagnostic {
    Diagnostic::error("bad-request", source, span, message, help)
}

/// The answer to a line's question.
fn value(line: &Line<'_>, settings: &Settings, run: &Run) -> Result<serde_json::Value, Failed> {
    let Line { source, value, .. } = *line;
    // With the other engine, only the verdict counts.
    let first = settings.engine == run.settings.engine;
    let emits = first && run.emit_smt2.is_some();
    let emit = |searches: &[(&str, &Ask<'_>)]| -> Result<(), Failed> {
        let folder = run.emit_smt2.as_ref().map(|folder| line.folder(folder));
        Ok(emit_smt2(folder.as_deref(), settings.matching, searches)?)
    };
    let checks = "write no-new-access, access-not-granted, no-public-access, outside-access, equivalent, diff, refine, verify, simulate or validate";
    let check = line.member("check")?;
    let answer: Result<serde_json::Value, Failed> = match check.as_str() {
        Some("no-new-access" | "check-no-new-access") => {
            let (existing, new) = (line.access("existing")?, line.access("new")?);
            super::check::check_alike(&existing, &new)?;
            if emits {
                let [old, newer] = read_as([&*existing, &*new], settings.readings);
                emit(&[("no-new-access.smt2", &no_new::search(&old, &newer))])?;
            }
            let sides = [("new policy", &*new), ("existing policy", &*existing)];
            outcome(line, run, settings, sides, &|settings, [new, existing]| no_new::no_new_access(existing, new, settings))
        }
        Some("access-not-granted" | "check-access-not-granted") => {
            let policy = line.access("policy")?;
            let mut asked = Asked::default();
            asked.add_json(source, line.member("access")?)?;
            let (access, notes) = asked.check(line.allows_unknown(run.allow_unknown)?)?;
            if emits {
                let [read] = read_as([&*policy], settings.readings);
                emit(&[("access-not-granted.smt2", &not_granted::search(&read, &access))])?;
            }
            outcome(line, run, settings, [("policy", &policy)], &|settings, [policy]| {
                let mut outcome = not_granted::access_not_granted(policy, &access, settings)?;
                outcome.notes.extend(notes.iter().cloned());
                Ok(outcome)
            })
        }
        Some("equivalent") => {
            let (a, b) = (line.access("a")?, line.access("b")?);
            super::check::check_alike(&a, &b)?;
            if emits {
                let [one, other] = read_as([&*a, &*b], settings.readings);
                let (only_b, only_a) = (no_new::search(&one, &other), no_new::search(&other, &one));
                emit(&[("only-the-second-grants.smt2", &only_b), ("only-the-first-grants.smt2", &only_a)])?;
            }
            let sides = [("first policy", &*a), ("second policy", &*b)];
            outcome(line, run, settings, sides, &|settings, [a, b]| equivalent(a, b, settings))
        }
        Some("diff") => {
            let (old, new) = (line.access("old")?, line.access("new")?);
            super::check::check_alike(&old, &new)?;
            let [old, new] = read_as([&*old, &*new], settings.readings);
            if emits {
                let (added, removed) = (no_new::search(&old, &new), no_new::search(&new, &old));
                emit(&[("added.smt2", &added), ("removed.smt2", &removed)])?;
            }
            match first {
                true => Ok(json::value(&regions::json(&difference(&old, &new, settings)?, &old, &new))),
                false => Ok(json!({"result": super::difference::other_verdict(&old, &new, settings)?})),
            }
        }
        Some("refine") => {
            line.about_all_actions(settings)?;
            let original = line.document("policy")?;
            let catalog = line.catalog()?;
            let (unused, notes) = line.unused(catalog, run.allow_unknown)?;
            Ok(match refine::refine(&original, &unused, catalog, settings)? {
                Outcome::Proved(mut refinement) => {
                    refinement.notes.splice(0..0, notes);
                    if first {
                        line.write_refinement(run, &original, &refinement, &unused, catalog)?;
                    }
                    json::value(&json::refinement(&refinement, catalog, settings))
                }
                Outcome::NotProved(failure) => json::value(&json::failure(Check::Refine, &failure, catalog, notes)),
            })
        }
        Some("verify") => {
            line.about_all_actions(settings)?;
            let (original, refined) = (line.document("original")?, line.document("refined")?);
            let catalog = line.catalog()?;
            let (unused, notes) = line.unused(catalog, run.allow_unknown)?;
            let result = refine::verify(&original, &refined, &unused, catalog, settings)?;
            if first {
                line.write_obligations(run, [&original, &refined], result.as_deref().ok(), &unused, catalog)?;
            }
            Ok(match result {
                Ok(proved) => json::value(&json::verified(&proved, catalog, settings, notes)),
                Err(failure) => json::value(&json::failure(Check::Verify, &failure, catalog, notes)),
            })
        }
        Some("simulate") => {
            if let Some(many) = value.get("requests") {
                return Err(bad(source, many.span, "a line decides one request", "write `request`, and a line for each").into());
            }
            let (access, simulations) = simulate::decide(source, value, settings.matching, settings.readings)?;
            InLine::of(&access, source).iter().for_each(|one| line.tell(one, None));
            Ok(simulations.first().map_or(serde_json::Value::Null, |one| json::value(&simulate::answer(one))))
        }
        Some("no-public-access" | "check-no-public-access") => {
            let policy = line.access("policy")?;
            super::check::check_resource_side(&policy)?;
            let of = line.member("resourceType")?;
            let of = super::check::resource_type(of.as_str().unwrap_or_default(), (source, of.span))?;
            if emits {
                let [read] = read_as([&*policy], settings.readings);
                emit(&[("no-public-access.smt2", &no_public::search(&read, Some(of)))])?;
            }
            let question = |settings: &Settings, [policy]: [&Access; 1]| no_public::no_public_access(policy, of, settings);
            outcome(line, run, settings, [("policy", &policy)], &question)
        }
        Some("outside-access") => {
            let policy = line.access("policy")?;
            super::check::check_resource_side(&policy)?;
            let zone = line.zone()?;
            let [policy] = read_as([&policy], settings.readings);
            if emits {
                let folder = run.emit_smt2.as_ref().map(|folder| line.folder(folder));
                super::outside::emit(folder.as_deref(), &policy, &zone, settings.matching)?;
            }
            let outside = outside_access(&policy, &zone, settings)?;
            let folder = run.proof.as_ref().filter(|_| first).map(|folder| line.folder(folder));
            super::outside::keep(folder.as_deref(), &outside)?;
            Ok(json::value(&json::outside(&policy, &outside)))
        }
        Some("validate") => Ok(super::validate::line(line, settings)?),
        _ => Err(bad(source, check.span, format!("unknown check {check}"), checks).into()),
    };
    Ok(with_warnings(answer?, line.told()))
}

/// The outcome of a question, with what else the run wants of it.
fn outcome<const N: usize>(
    line: &Line<'_>,
    run: &Run,
    settings: &Settings,
    sides: [(&str, &Access); N],
    question: remarks::Question<'_, N>,
) -> Result<serde_json::Value, Failed> {
    let given = sides.map(|(_, access)| access);
    let mut outcome = remarks::ask(settings, given, question)?;
    if settings.engine != run.settings.engine {
        return Ok(json::value(&json::outcome(&outcome)));
    }
    if run.remarks {
        remarks::remark(&mut outcome, settings, given, question)?;
    }
    if let (Some(folder), Some(checked), Verdict::Pass) = (&run.proof, &outcome.checked, &outcome.verdict) {
        save::write_all(&line.folder(folder), &proof::files(&[(outcome.check, &checked.obligations)]))?;
    }
    let mut shown = json::outcome(&outcome);
    if let (true, Verdict::Fail { witness, .. }) = (run.explain, &outcome.verdict) {
        let read = read_as(given, settings.readings);
        let named: Vec<_> = sides.iter().map(|(name, _)| *name).zip(read.iter().map(AsRef::as_ref)).collect();
        shown.explanation = Some(explain::json(&named, witness, settings.matching));
    }
    Ok(json::value(&shown))
}
