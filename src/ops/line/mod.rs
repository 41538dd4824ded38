//! What does one line of `batch` ask, and what is its answer? The server asks in lines too.
//!
//! A line is read strictly, its operation is found in the table of operations ([`super::OPERATIONS`]), and the report is
//! written as one line of JSON that begins with the line's `id`. What was answered before is not asked again ([`cache`]).
//! Z3 is asked in a context of its own, and only if the automata leave something open.

mod cache;
mod id;
mod members;

pub use members::Line;

use super::{Failed, Options, operation};
use crate::diag::deadline;
use crate::diag::{Diagnostic, Source, Span};
use crate::json::{self as strict, Value};
use crate::question::{Engine, Settings};
use crate::report::json::{self, Place, Warning};
use crate::report::{Report, json::OUT_OF_BUDGET};
use crate::smt;
use cache::Cache;
use serde_json::json;

/// What all lines of a run share: how they are answered, and what was answered and read before.
#[derive(Debug)]
pub struct Run {
    options: Options,
    cache: Cache,
}

impl Run {
    /// A run without a past.
    pub fn new(options: Options) -> Self {
        Self { options, cache: Cache::default() }
    }
}

/// The answer to one line.
#[derive(Debug, Clone)]
pub struct Answer {
    /// One line of JSON.
    pub text: String,
    /// Whether the engines' answers differ.
    pub disagree: bool,
}

/// Answers one line; `number` is its place in the input, from 1. What needs Z3 is asked with Z3 contexts of its own, as
/// these only grow.
pub fn answer(text: &str, number: usize, run: &Run) -> Answer {
    deadline::question(&run.options.settings.budget, || within_budget(text, number, run)).unwrap_or_else(|expired| {
        let error = error(json::OUT_OF_BUDGET, &expired.to_string(), number);
        Answer { text: id::with(&id::of_line(text, None), &error), disagree: false }
    })
}

fn within_budget(text: &str, number: usize, run: &Run) -> Answer {
    let source = Source::new(format!("line {number}"), text);
    let read = strict::read(&source, &run.options.settings.budget);
    let id = id::of_line(text, read.as_ref().ok());
    let check = read.as_ref().ok().and_then(|value| value.get("check")).and_then(Value::as_str).unwrap_or_default().to_owned();
    let answered = deadline::attempt(|| {
        read.map_err(Failed::from).and_then(|value| {
            // Told by places in the line, which other lines do not share.
            let unread = members::unread(&source, &value)?;
            let unread = unread.iter().map(|one| in_line(json::diagnostic(one), number));
            Ok(with_warnings(answered(&source, &value, number, run)?, unread.collect()))
        })
    });
    let (members, disagree) = match answered {
        Ok(Ok(answer)) => (answer, false),
        Ok(Err(failed)) => (refused(&failed, &source, number), matches!(failed, Failed::Disagree(_))),
        Err(expired) => {
            let unknown = json::out_of_budget(&check, &expired);
            (unknown.unwrap_or_else(|| error(OUT_OF_BUDGET, &expired.to_string(), number)), false)
        }
    };
    Answer { text: id::with(&id, &members), disagree }
}

/// Why a line has no report.
fn refused(failed: &Failed, source: &Source, number: usize) -> serde_json::Value {
    match failed {
        Failed::Internal(found) => error(INTERNAL, &found.to_string(), number),
        Failed::Other(message) => error(COULD_NOT_RUN, message, number),
        Failed::Disagree(found) => {
            let message = "the engines disagree; please report it with the whole line";
            let versions = Some(json!({"leastwise": env!("CARGO_PKG_VERSION"), "z3": smt::version()}));
            let (at, answers) = (place(number, None), found.answers.to_vec());
            json::error(json::Error { at, versions, answers, ..json::Error::bare(DISAGREE, message) })
        }
        Failed::Input(found) => {
            let first = found.0.first();
            let code = first.map_or("bad-input", |first| first.code);
            // Of a place in a policy that is a string, the message tells.
            let own = first.filter(|first| first.source.as_ref().is_some_and(|one| one.name == source.name));
            let column = own.and_then(Diagnostic::line_column).map(|at| at.column);
            json::error(json::Error { at: place(number, column), ..json::Error::bare(code, found.to_string()) })
        }
    }
}

/// A place in the input.
fn place(number: usize, column: Option<usize>) -> Place {
    Place { file: None, line: Some(number), column }
}

/// A warning about a line itself.
fn in_line(warning: Warning, number: usize) -> Warning {
    Warning { at: place(number, warning.at.column), ..warning }
}

/// An error about a line.
fn error(code: &str, message: &str, number: usize) -> serde_json::Value {
    json::error(json::Error { at: place(number, None), ..json::Error::bare(code, message) })
}

/// Answers one line of `batch`, without its end, as the command does that is given nothing else: one line of JSON.
pub fn answer_line(line: &str, settings: &Settings) -> String {
    answer(line, 1, &Run::new(Options::new(*settings))).text
}

/// The answer to a line that cannot be read.
pub fn unreadable(number: usize, message: &str) -> Answer {
    let error = error("unreadable-line", message, number);
    Answer { text: id::with("null", &error), disagree: false }
}

/// The answer to a line on which the program itself fails.
pub fn failed(number: usize) -> Answer {
    let message = "the program failed on this line, which is a defect of it; please report it with the whole line";
    let error = error(INTERNAL, message, number);
    Answer { text: id::with("null", &error), disagree: false }
}

/// The code of a defect.
pub const INTERNAL: &str = "internal-error";
/// The code of what went wrong outside the input: a folder that cannot be written.
pub const COULD_NOT_RUN: &str = "could-not-run";
/// The code of a line about which the engines disagree.
const DISAGREE: &str = "engines-disagree";

/// Answers what a line asks, unless it was answered before.
fn answered(source: &Source, value: &Value, number: usize, run: &Run) -> Result<serde_json::Value, Failed> {
    let Run { options, cache } = run;
    let question = without_id(&source.text, value);
    // Files are written for each line.
    let keeps = options.proof.is_none() && options.emit_smt2.is_none();
    if let (true, Some(known)) = (keeps, cache.answer(&question)) {
        return Ok(known);
    }
    let options = options.below(&format!("line-{number}"));
    let answer = with_z3_if_needed(value, &options, |options| report(&Line::new(source, value, cache), options))?;
    if keeps {
        cache.keep_answer(question, &answer);
    }
    Ok(answer)
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
    options: &Options,
    ask: impl Fn(&Options) -> Result<Report, Failed> + Send + Sync,
) -> Result<serde_json::Value, Failed> {
    let check = value.get("check").and_then(Value::as_str).unwrap_or_default();
    let Options { settings, cross_check, remarks, .. } = options;
    let always = operation(check).is_some_and(|operation| operation.always_asks_z3) || settings.prove || *cross_check || *remarks;
    if settings.engine == Engine::Auto && !always {
        let report = ask(&options.with(Settings { z3: false, ..*settings }))?;
        if !report.needs_z3() {
            return Ok(json::report(&report));
        }
    }
    smt::in_fresh_context(|| Ok(json::report(&ask(options)?)))
}

pub(super) fn plain(value: &Value) -> serde_json::Value {
    serde_json::from_str(&value.to_string()).unwrap_or(serde_json::Value::Null)
}

pub(crate) fn bad(source: &Source, span: Span, message: impl Into<String>, help: &str) -> Diagnostic {
    Diagnostic::error("bad-request", source, span, message, help)
}

/// The report of what a line asks.
fn report(line: &Line<'_>, options: &Options) -> Result<Report, Failed> {
    let check = line.member("check")?;
    let Some(operation) = check.as_str().and_then(operation) else {
        let mut names: Vec<&str> = super::OPERATIONS.iter().map(|one| one.name).collect();
        let last = names.pop().unwrap_or_default();
        let help = format!("write {} or {last}", names.join(", "));
        return Err(bad(line.source, check.span, format!("unknown check {check}"), &help).into());
    };
    let report = (operation.of_line)(line, options)?;
    Ok(report.beside(line.told()))
}
