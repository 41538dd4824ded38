//! What does one line of `batch` ask, and what is its answer?

use crate::catalog::Catalog;
use crate::diag::{Budget, Diagnostic, Diagnostics, Source, Span};
use crate::document;
use crate::eval::{self, Decision};
use crate::json::{self as strict, Kind, Value};
use crate::policy::{ArnMatching, Policy, normalize, request_json};
use crate::question::access_not_granted::{Access, access_not_granted};
use crate::question::equivalent::equivalent;
use crate::question::no_new_access::no_new_access;
use crate::question::{InternalError, Settings};
use crate::refine::{self, Outcome};
use crate::report::json;
use crate::usage;
use serde_json::{Map, json};

/// Why a line has no answer.
pub(super) enum Failed {
    Input(Diagnostics),
    Internal(InternalError),
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

/// Answers one line; `number` is its place in the input, from 1.
pub(super) fn answer(text: &str, number: usize, settings: &Settings) -> String {
    let source = Source::new(format!("line {number}"), text);
    let read = strict::read(&source, &settings.budget);
    let id = read.as_ref().ok().and_then(|value| value.get("id")).map_or(serde_json::Value::Null, plain);
    let answered = read.map_err(Failed::from).and_then(|value| self::value(&source, &value, settings));
    let mut out = Map::new();
    out.insert("id".to_owned(), id);
    match answered {
        Ok(serde_json::Value::Object(members)) => out.extend(members),
        Ok(other) => _ = out.insert("result".to_owned(), other),
        Err(Failed::Internal(error)) => {
            out.insert("error".to_owned(), json!({"code": "internal-error", "message": error.to_string(), "line": number}));
        }
        Err(Failed::Input(found)) => {
            let message = found.to_string();
            let code = found.0.first().map_or("bad-input", |first| first.code);
            out.insert("error".to_owned(), json!({"code": code, "message": message, "line": number}));
        }
    }
    serde_json::Value::Object(out).to_string()
}

fn plain(value: &Value) -> serde_json::Value {
    serde_json::from_str(&value.to_string()).unwrap_or(serde_json::Value::Null)
}

fn bad(source: &Source, span: Span, message: impl Into<String>, help: &str) -> Diagnostic {
    Diagnostic::error("bad-request", source, span, message, help)
}

fn value(source: &Source, value: &Value, settings: &Settings) -> Result<serde_json::Value, Failed> {
    let checks = "write no-new-access, access-not-granted, equivalent, refine, verify or simulate";
    let check = member(source, value, "check")?;
    match check.as_str() {
        Some("no-new-access" | "check-no-new-access") => {
            let (existing, new) = (policy(source, value, "existing")?, policy(source, value, "new")?);
            Ok(json::outcome(&no_new_access(&existing, &new, settings)?))
        }
        Some("access-not-granted" | "check-access-not-granted") => {
            let policy = policy(source, value, "policy")?;
            let access = self::access(source, member(source, value, "access")?)?;
            check_access(&access)?;
            Ok(json::outcome(&access_not_granted(&policy, &access, settings)?))
        }
        Some("equivalent") => {
            let (a, b) = (policy(source, value, "a")?, policy(source, value, "b")?);
            Ok(json::outcome(&equivalent(&a, &b, settings)?))
        }
        Some("refine") => {
            let original = document(source, member(source, value, "policy")?, "policy")?;
            let unused = usage::from_json_value("unused", &plain(member(source, value, "unused")?))?;
            let catalog = catalog(source, value)?;
            Ok(match refine::refine(&original, &unused, catalog, settings)? {
                Outcome::Proved(refinement) => json::refinement(&refinement, catalog, settings),
                Outcome::NotProved(failure) => json::failure("refine", &failure, catalog),
            })
        }
        Some("verify") => {
            let original = document(source, member(source, value, "original")?, "original")?;
            let refined = document(source, member(source, value, "refined")?, "refined")?;
            let unused = usage::from_json_value("unused", &plain(member(source, value, "unused")?))?;
            let catalog = catalog(source, value)?;
            Ok(match refine::verify(&original, &refined, &unused, catalog, settings)? {
                Ok(proved) => json::verified(&proved, catalog, settings),
                Err(failure) => json::failure("verify", &failure, catalog),
            })
        }
        Some("simulate") => {
            let simulations = simulate(source, value, settings.matching)?;
            Ok(simulations.first().map_or(serde_json::Value::Null, Simulation::json))
        }
        Some("no-public-access" | "check-no-public-access") => {
            Err(bad(source, check.span, "the check no-public-access is not there yet", checks).into())
        }
        _ => Err(bad(source, check.span, format!("unknown check {check}"), checks).into()),
    }
}

fn member<'v>(source: &Source, value: &'v Value, name: &str) -> Result<&'v Value, Diagnostic> {
    let missing = || bad(source, Span::new(value.span.start, value.span.start), format!("the line has no `{name}`"), "add it");
    value.get(name).ok_or_else(missing)
}

/// A policy document: an object, or a string that holds JSON.
fn document(source: &Source, value: &Value, name: &str) -> Result<document::Document, Diagnostics> {
    match &value.kind {
        Kind::String(text) => document::read(&Source::new(name, text.as_str()), &Budget::default()),
        _ if value.get("Statement").is_none() && STACK.iter().any(|key| value.get(key).is_some()) => {
            Err(bad(source, value.span, format!("`{name}` is a stack of policies"), "stacks are not there yet: give one policy")
                .into())
        }
        _ => document::read_value(source, value.clone()),
    }
}

const STACK: [&str; 7] = [
    "identityPolicies",
    "resourcePolicy",
    "permissionBoundaries",
    "sessionPolicies",
    "serviceControlPolicies",
    "resourceControlPolicies",
    "endpointPolicies",
];

fn policy(source: &Source, value: &Value, name: &str) -> Result<Policy, Diagnostics> {
    let policy = normalize(&document(source, member(source, value, name)?, name)?)?;
    let said = match value.get("policyType").map(|said| (said.as_str(), said.span)) {
        None | Some((Some("IDENTITY_POLICY"), _)) => super::args::PolicyType::Identity,
        Some((Some("RESOURCE_POLICY"), _)) => super::args::PolicyType::Resource,
        Some((_, span)) => {
            return Err(bad(source, span, "unknown `policyType`", "write IDENTITY_POLICY or RESOURCE_POLICY").into());
        }
    };
    // The default type is only a default: a policy with principals says itself what it is.
    if value.get("policyType").is_some() {
        super::check::check_type(&policy, Some(said))?;
    }
    Ok(policy)
}

fn catalog(source: &Source, value: &Value) -> Result<&'static Catalog, Diagnostic> {
    match value.get("catalog").map(|name| (name.as_str(), name.span)) {
        None | Some((Some("latest"), _)) => Ok(Catalog::latest()),
        Some((Some("2024-06"), _)) => Ok(Catalog::june_2024()),
        Some((_, span)) => Err(bad(source, span, "unknown `catalog`", "write \"latest\" or \"2024-06\"")),
    }
}

/// The access of AWS's API: a list of at most one object, or the object.
pub(super) fn access(source: &Source, value: &Value) -> Result<Access, Diagnostic> {
    let help = "write [{\"actions\": [..], \"resources\": [..]}], one object, as AWS's API takes it";
    let object = match value.elements() {
        Some([one]) => one,
        Some(_) => return Err(bad(source, value.span, "`access` must have exactly one element", help)),
        None => value,
    };
    let Some(members) = object.members() else {
        return Err(bad(source, object.span, format!("`access` holds {}, not an object", object.kind_name()), help));
    };
    let mut access = Access::default();
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
pub(super) fn check_access(access: &Access) -> Result<(), Diagnostic> {
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

/// The decision of one request.
#[derive(Debug, Clone)]
pub(super) struct Simulation {
    pub(super) action: String,
    pub(super) resource: String,
    pub(super) policy: &'static str,
    pub(super) decision: Decision,
    pub(super) decided_by: Vec<usize>,
}

impl Simulation {
    pub(super) fn json(&self) -> serde_json::Value {
        let by: Vec<serde_json::Value> =
            self.decided_by.iter().map(|index| json!({"policy": self.policy, "statementIndex": index})).collect();
        json!({"check": "simulate", "decision": self.decision.name(), "decidedBy": by})
    }
}

/// Decides the request, or the requests, of a simulation.
pub(super) fn simulate(source: &Source, value: &Value, matching: ArnMatching) -> Result<Vec<Simulation>, Diagnostics> {
    let (policy, name) = one_policy(source, value)?;
    let requests: Vec<&Value> = match (value.get("request"), value.get("requests").and_then(Value::elements)) {
        (Some(one), None) => vec![one],
        (None, Some(many)) => many.iter().collect(),
        _ => return Err(bad(source, value.span, "give either `request` or `requests`", "add the request to decide").into()),
    };
    let mut out = Vec::new();
    for written in requests {
        let help = "write {\"principal\": .., \"action\": .., \"resource\": .., \"context\": {..}}";
        let request = request_json::from_json(&plain(written)).map_err(|message| bad(source, written.span, message, help))?;
        let evaluation = eval::evaluate(&policy, &request, matching);
        out.push(Simulation {
            action: request.action,
            resource: request.resource,
            policy: name,
            decision: evaluation.decision,
            decided_by: evaluation.decided_by,
        });
    }
    Ok(out)
}

fn one_policy(source: &Source, value: &Value) -> Result<(Policy, &'static str), Diagnostics> {
    let help = "give one policy in identityPolicies or resourcePolicy: stacks are not there yet";
    if let Some(other) = STACK.iter().skip(2).find(|key| value.get(key).is_some()) {
        return Err(bad(source, value.span, format!("`{other}` is not there yet"), help).into());
    }
    let (written, name) = match (value.get("identityPolicies"), value.get("resourcePolicy")) {
        (Some(list), None) => match list.elements() {
            Some([one]) => (one, "identityPolicies[0]"),
            _ => return Err(bad(source, list.span, "`identityPolicies` must be a list of one policy", help).into()),
        },
        (None, Some(policy)) => (policy, "resourcePolicy"),
        _ => return Err(bad(source, value.span, "give either `identityPolicies` or `resourcePolicy`", help).into()),
    };
    Ok((normalize(&document(source, written, name)?)?, name))
}
