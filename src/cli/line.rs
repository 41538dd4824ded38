//! What does one line of `batch` ask, and what is its answer?

use super::cache::{Cache, Given};
use super::simulate::{self, Simulation};
use super::{id, remarks};
use crate::catalog::Catalog;
use crate::diag::deadline::{self, Expired};
use crate::diag::{Diagnostic, Diagnostics, Source, Span};
use crate::document::Document;
use crate::json::{self as strict, Value};
use crate::policy::access_json::{self, document};
use crate::policy::{Access, normalize};
use crate::question::access_not_granted::{self as not_granted, access_not_granted};
use crate::question::ask::NEEDS_Z3;
use crate::question::difference::difference;
use crate::question::equivalent::equivalent;
use crate::question::no_new_access::no_new_access;
use crate::question::no_public_access::no_public_access;
use crate::question::outside_access::outside_access;
use crate::question::{Engine, InternalError, Settings};
use crate::refine::{self, Outcome};
use crate::report::json;
use crate::report::warnings::{self, InLine};
use crate::smt;
use crate::usage;
use serde_json::json;
use std::cell::RefCell;
use std::sync::Arc;

/// What all lines of a run share.
pub(super) struct Run {
    /// How questions are asked.
    pub(super) settings: Settings,
    /// Whether both engines are asked.
    pub(super) cross_check: bool,
    /// Whether other readings are asked too.
    pub(super) remarks: bool,
    /// What was answered and read before.
    pub(super) cache: Cache,
}

/// Why a line has no answer.
pub(super) enum Failed {
    Input(Diagnostics),
    Internal(InternalError),
    /// What it asks has no verdict that could be unknown.
    Budget(Expired),
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
        let error = json!({"error": {"code": json::OUT_OF_BUDGET, "message": expired.to_string(), "line": number}});
        Answer { text: id::with(&id::of_line(text, None), &error), disagree: false }
    })
}

fn within_budget(text: &str, number: usize, run: &Run) -> Answer {
    let source = Source::new(format!("line {number}"), text);
    let read = strict::read(&source, &run.settings.budget);
    let id = id::of_line(text, read.as_ref().ok());
    let check = read.as_ref().ok().and_then(|value| value.get("check")).and_then(Value::as_str).unwrap_or_default().to_owned();
    let answered = deadline::attempt(|| read.map_err(Failed::from).and_then(|value| answered(&source, &value, run)));
    let answered = answered.unwrap_or_else(|expired| json::out_of_budget(&check, &expired).ok_or(Failed::Budget(expired)));
    let disagree = matches!(answered, Err(Failed::Disagree(_)));
    let error = |code: &str, message: String| json!({"error": {"code": code, "message": message, "line": number}});
    let members = match answered {
        Ok(answer) => answer,
        Err(Failed::Budget(expired)) => error(json::OUT_OF_BUDGET, expired.to_string()),
        Err(Failed::Internal(found)) => error(INTERNAL, found.to_string()),
        Err(Failed::Disagree(answers)) => {
            let message = "the engines disagree; please report it with the whole line";
            let versions = json!({"leastwise": env!("CARGO_PKG_VERSION"), "z3": smt::version()});
            json!({"error": {"code": DISAGREE, "message": message, "line": number, "versions": versions, "answers": *answers}})
        }
        Err(Failed::Input(found)) => error(found.0.first().map_or("bad-input", |first| first.code), found.to_string()),
    };
    Answer { text: id::with(&id, &members), disagree }
}

/// The answer to a line that cannot be read.
pub(super) fn unreadable(number: usize, message: &str) -> Answer {
    let error = json!({"error": {"code": "unreadable-line", "message": message, "line": number}});
    Answer { text: id::with("null", &error), disagree: false }
}

/// The answer to a line on which the program itself fails.
pub(super) fn failed(number: usize) -> Answer {
    let message = "the program failed on this line, which is a defect of it; please report it with the whole line";
    let error = json!({"error": {"code": INTERNAL, "message": message, "line": number}});
    Answer { text: id::with("null", &error), disagree: false }
}

/// Answers what a line asks, unless it was answered before.
fn answered(source: &Source, value: &Value, run: &Run) -> Result<serde_json::Value, Failed> {
    let Run { settings, cross_check, cache, .. } = run;
    let question = without_id(&source.text, value);
    if let Some(known) = cache.answer(&question) {
        return Ok(known);
    }
    let mut answer = with_z3_if_needed(value, run, |settings| self::value(source, value, settings, run))?;
    if *cross_check && let verdict @ ("PASS" | "FAIL") = verdict(&answer) {
        let crossed = settings.crossed();
        let other = smt::in_fresh_context(|| self::value(source, value, &crossed, run))?;
        if !matches!(self::verdict(&other), "PASS" | "FAIL") {
            let why = other.get("message").and_then(serde_json::Value::as_str).unwrap_or_default();
            push_note(&mut answer, &remarks::unanswered(crossed.engine, why));
        } else if self::verdict(&other) != verdict {
            return Err(Failed::Disagree(Box::new([answer, other])));
        }
    }
    cache.keep_answer(question, &answer);
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

/// The code of a defect.
const INTERNAL: &str = "internal-error";

/// The code of a line about which the engines disagree.
const DISAGREE: &str = "engines-disagree";

fn verdict(answer: &serde_json::Value) -> &str {
    answer.get("result").and_then(serde_json::Value::as_str).unwrap_or_default()
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

fn value(source: &Source, value: &Value, settings: &Settings, run: &Run) -> Result<serde_json::Value, Failed> {
    let told: RefCell<Vec<serde_json::Value>> = RefCell::new(Vec::new());
    let tell = |one: &InLine, name: Option<&str>| told.borrow_mut().extend(one.json(name));
    let given = |name: &str| -> Result<Arc<Access>, Diagnostics> {
        let Given { access, warnings } = access_definition(source, value, name, &run.cache)?;
        warnings.iter().for_each(|one| tell(one, Some(name)));
        Ok(access)
    };
    // As read, for questions without remarks.
    let access_definition = |name: &str| -> Result<Arc<Access>, Diagnostics> {
        let access = given(name)?;
        Ok(access.read_as(settings.readings).map_or(access, Arc::new))
    };
    let document = |name: &str| -> Result<Document, Diagnostics> {
        let document = document(source, member(source, value, name)?, name)?;
        tell(&InLine::of_policy(&normalize(&document)?, source), Some(name));
        Ok(document)
    };
    let checks =
        "write no-new-access, access-not-granted, no-public-access, outside-access, equivalent, diff, refine, verify or simulate";
    let check = member(source, value, "check")?;
    let answer: Result<serde_json::Value, Failed> = match check.as_str() {
        Some("no-new-access" | "check-no-new-access") => {
            let (existing, new) = (given("existing")?, given("new")?);
            super::check::check_alike(&existing, &new)?;
            outcome(run, settings, [&existing, &new], &|settings, [existing, new]| no_new_access(existing, new, settings))
        }
        Some("access-not-granted" | "check-access-not-granted") => {
            let policy = given("policy")?;
            let access = self::access(source, member(source, value, "access")?)?;
            check_access(&access)?;
            outcome(run, settings, [&policy], &|settings, [policy]| access_not_granted(policy, &access, settings))
        }
        Some("equivalent") => {
            let (a, b) = (given("a")?, given("b")?);
            super::check::check_alike(&a, &b)?;
            outcome(run, settings, [&a, &b], &|settings, [a, b]| equivalent(a, b, settings))
        }
        Some("diff") => {
            let (old, new) = (access_definition("old")?, access_definition("new")?);
            super::check::check_alike(&old, &new)?;
            Ok(crate::report::regions::json(&difference(&old, &new, settings)?, &old, &new))
        }
        Some("refine") => {
            let original = document("policy")?;
            let unused = usage::from_json_value("unused", &plain(member(source, value, "unused")?))?;
            let catalog = catalog(source, value)?;
            Ok(match refine::refine(&original, &unused, catalog, settings)? {
                Outcome::Proved(refinement) => json::refinement(&refinement, catalog, settings),
                Outcome::NotProved(failure) => json::failure("refine", &failure, catalog),
            })
        }
        Some("verify") => {
            let (original, refined) = (document("original")?, document("refined")?);
            let unused = usage::from_json_value("unused", &plain(member(source, value, "unused")?))?;
            let catalog = catalog(source, value)?;
            Ok(match refine::verify(&original, &refined, &unused, catalog, settings)? {
                Ok(proved) => json::verified(&proved, catalog, settings),
                Err(failure) => json::failure("verify", &failure, catalog),
            })
        }
        Some("simulate") => {
            if let Some(many) = value.get("requests") {
                return Err(bad(source, many.span, "a line decides one request", "write `request`, and a line for each").into());
            }
            let (access, simulations) = simulate::decide(source, value, settings.matching, settings.readings)?;
            InLine::of(&access, source).iter().for_each(|one| tell(one, None));
            Ok(simulations.first().map_or(serde_json::Value::Null, Simulation::json))
        }
        Some("no-public-access" | "check-no-public-access") => {
            let policy = given("policy")?;
            super::check::check_resource_side(&policy)?;
            let of = member(source, value, "resourceType")?;
            let of = super::check::resource_type(of.as_str().unwrap_or_default())
                .map_err(|unknown| bad(source, of.span, unknown.message, &unknown.help))?;
            outcome(run, settings, [&policy], &|settings, [policy]| no_public_access(policy, of, settings))
        }
        Some("outside-access") => {
            let policy = access_definition("policy")?;
            super::check::check_resource_side(&policy)?;
            let trusted = member(source, value, "trusted")?;
            let texts: Option<Vec<&str>> =
                trusted.elements().unwrap_or(std::slice::from_ref(trusted)).iter().map(Value::as_str).collect();
            let texts =
                texts.ok_or_else(|| bad(source, trusted.span, "`trusted` must be a list of strings", "write account ids"))?;
            let zone = super::outside::zone(texts)?;
            Ok(json::outside(&policy, &outside_access(&policy, &zone, settings)?))
        }
        _ => Err(bad(source, check.span, format!("unknown check {check}"), checks).into()),
    };
    Ok(warnings::beside(answer?, told.into_inner()))
}

/// The outcome of a question, with remarks if they are wanted.
fn outcome<const N: usize>(
    run: &Run,
    settings: &Settings,
    given: [&Access; N],
    question: remarks::Question<'_, N>,
) -> Result<serde_json::Value, Failed> {
    let mut outcome = remarks::ask(settings, given, question)?;
    if run.remarks && settings.engine == run.settings.engine {
        remarks::remark(&mut outcome, settings, given, question)?;
    }
    Ok(json::outcome(&outcome))
}

fn member<'v>(source: &Source, value: &'v Value, name: &str) -> Result<&'v Value, Diagnostic> {
    let missing = || bad(source, Span::new(value.span.start, value.span.start), format!("the line has no `{name}`"), "add it");
    value.get(name).ok_or_else(missing)
}

/// The access definition of a member, of the type that the line says.
fn access_definition(source: &Source, value: &Value, name: &str, cache: &Cache) -> Result<Given, Diagnostics> {
    let written = member(source, value, name)?;
    let read = || -> Result<Given, Diagnostics> {
        let access = access_json::read(source, written, name)?;
        let warnings = InLine::of(&access, source).into();
        Ok(Given { access: Arc::new(access), warnings })
    };
    // What may be wrong with its type is told by places in this line.
    if value.get("policyType").is_none()
        && let Some(text) = source.text.get(written.span.start..written.span.end)
    {
        return cache.policy(text, read);
    }
    let given = read()?;
    let said = match value.get("policyType").map(|said| (said.as_str(), said.span)) {
        None | Some((Some("IDENTITY_POLICY"), _)) => super::args::PolicyType::Identity,
        Some((Some("RESOURCE_POLICY"), _)) => super::args::PolicyType::Resource,
        Some((_, span)) => {
            return Err(bad(source, span, "unknown `policyType`", "write IDENTITY_POLICY or RESOURCE_POLICY").into());
        }
    };
    // The default type is only a default: a policy with principals says itself what it is.
    if value.get("policyType").is_some() {
        super::check::check_type(&given.access, Some(said))?;
    }
    Ok(given)
}

fn catalog(source: &Source, value: &Value) -> Result<&'static Catalog, Diagnostic> {
    match value.get("catalog").map(|name| (name.as_str(), name.span)) {
        None | Some((Some("latest"), _)) => Ok(Catalog::latest()),
        Some((Some("2024-06"), _)) => Ok(Catalog::june_2024()),
        Some((_, span)) => Err(bad(source, span, "unknown `catalog`", "write \"latest\" or \"2024-06\"")),
    }
}

/// The access of AWS's API: a list of at most one object, or the object.
pub(super) fn access(source: &Source, value: &Value) -> Result<not_granted::Access, Diagnostic> {
    let help = "write [{\"actions\": [..], \"resources\": [..]}], one object, as AWS's API takes it";
    let object = match value.elements() {
        Some([one]) => one,
        Some(_) => return Err(bad(source, value.span, "`access` must have exactly one element", help)),
        None => value,
    };
    let Some(members) = object.members() else {
        return Err(bad(source, object.span, format!("`access` holds {}, not an object", object.kind_name()), help));
    };
    let mut access = not_granted::Access::default();
    for member in members {
        let list = match member.key.as_str() {
            "actions" => &mut access.actions,
            "resources" => &mut access.resources,
            other => return Err(bad(source, member.key_span, format!("unknown member `{other}` of `access`"), help)),
        };
        for element in member.value.elements().unwrap_or(std::slice::from_ref(&member.value)) {
            let Some(text) = element.as_str() else {
                return Err(bad(source, element.span, format!("expected a string, not {}", element.kind_name()), help));
            };
            list.push(text.to_owned());
        }
    }
    Ok(access)
}

/// Access that means something: actions with a service, at least one entry.
pub(super) fn check_access(access: &not_granted::Access) -> Result<(), Diagnostic> {
    if access.actions.is_empty() && access.resources.is_empty() {
        let help = "give --action, --resource or --access (in batch, `access` with actions or resources)";
        return Err(Diagnostic::bare("no-access", "no access is listed", help));
    }
    for action in &access.actions {
        if action != "*" && !action.contains(':') {
            let help = "write it as service:Name, such as s3:DeleteBucket";
            return Err(Diagnostic::bare("action-without-service", format!("the action `{action}` has no service"), help));
        }
    }
    Ok(())
}
