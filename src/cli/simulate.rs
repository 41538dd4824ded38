//! `simulate`: one request, or many, under a policy or a stack of policies.

use super::args::SimulateArgs;
use super::line::{bad, plain};
use super::switches::Format;
use super::{Exit, Trouble, input, print, print_json};
use crate::catalog::Catalog;
use crate::diag::{Diagnostics, Source, escape};
use crate::eval::{self, Decision};
use crate::json::Value;
use crate::policy::{Access, ArnMatching, Readings, ResourcePolicy, access_json, keys, request_json, ties};
use crate::report::json as shown;
use crate::report::warnings::{beside, in_files};
use crate::sources::{STACK_MEMBERS, Wanted, is_stack};
use serde_json::json;

/// `leastwise simulate`
pub(crate) fn simulate(args: &SimulateArgs) -> Result<Exit, Trouble> {
    let (source, value) = input::json(&args.file, Wanted::Simulation)?;
    let (access, simulations) = decide(&source, &value, args.reading.matching(), args.reading.readings())?;
    input::warn(access.warnings());
    let mut all_allowed = true;
    for simulation in &simulations {
        all_allowed &= simulation.decision == Decision::Allowed;
        if args.format == Format::Json {
            print_json(&beside(simulation.json(), in_files(access.warnings())))?;
            continue;
        }
        let by = simulation.decided_by.iter().map(|(policy, index)| format!("{policy} statement {index}"));
        let by = match simulation.decision {
            Decision::ImplicitlyDenied => format!("not allowed by {}", simulation.not_allowed_by.join(", ")),
            Decision::Allowed | Decision::ExplicitlyDenied => format!("by {}", by.collect::<Vec<_>>().join(", ")),
        };
        let shown = format!("{} {} {}: {by}", simulation.decision.name(), simulation.action, simulation.resource);
        print(&format!("{}\n", escape::text(&shown)))?;
        for note in &simulation.notes {
            print(&format!("note: {}\n", escape::text(note)))?;
        }
    }
    Ok(if all_allowed { Exit::Holds } else { Exit::DoesNotHold })
}

/// The decision of one request.
#[derive(Debug, Clone)]
pub(super) struct Simulation {
    pub(super) action: String,
    pub(super) resource: String,
    pub(super) decision: Decision,
    /// The policy, by its name in the stack, and the statement's place in it.
    pub(super) decided_by: Vec<(String, usize)>,
    /// Of an implicit deny: what does not allow it.
    pub(super) not_allowed_by: Vec<String>,
    /// What is odd about the request.
    pub(super) notes: Vec<String>,
}

impl Simulation {
    pub(super) fn json(&self) -> serde_json::Value {
        let by = self.decided_by.iter().map(|(policy, index)| json!({"policy": policy, "statementIndex": index}));
        let by: Vec<serde_json::Value> = by.collect();
        let mut out = json!({"schema": shown::SCHEMA, "check": "simulate", "decision": self.decision.name(), "decidedBy": by});
        if let (false, Some(object)) = (self.not_allowed_by.is_empty(), out.as_object_mut()) {
            object.insert("notAllowedBy".to_owned(), json!(self.not_allowed_by));
        }
        if let (false, Some(object)) = (self.notes.is_empty(), out.as_object_mut()) {
            object.insert("notes".to_owned(), json!(self.notes));
        }
        if let Some(object) = out.as_object_mut() {
            object.insert("proof".to_owned(), shown::versions(Catalog::LATEST));
        }
        out
    }
}

/// Of a request that AWS never sends.
const CONTRADICTS: &str =
    "the request contradicts itself: a key is given otherwise than it follows from the principal or the resource";

/// Of a request that is denied for want of a policy of the resource.
const NO_CONSENT: &str = "the resource's own policy must consent (a KMS key, a role to assume, or a resource of another account), and none is given: \
     `resourcePolicy` decides";

/// Decides the request, or the requests, of a simulation.
pub(super) fn decide(
    source: &Source,
    value: &Value,
    matching: ArnMatching,
    readings: Readings,
) -> Result<(Access, Vec<Simulation>), Diagnostics> {
    let help = "write {\"request\": .., \"identityPolicies\": [..], ..}";
    let known = |key: &str| STACK_MEMBERS.contains(&key) || ["id", "check", "request", "requests"].contains(&key);
    if let Some(unknown) = value.members().unwrap_or(&[]).iter().find(|member| !known(&member.key)) {
        return Err(bad(source, unknown.key_span, format!("unknown member `{}` of a simulation", unknown.key), help).into());
    }
    if !is_stack(value) {
        return Err(bad(source, value.span, "a simulation needs policies", help).into());
    }
    let mut stack = access_json::stack(source, value)?;
    let read = |access: Access| access.read_as(readings).unwrap_or(access);
    // What applies is given: a policy of the resource that is not given is none, which is said where it decides.
    let consenting = matches!(stack.resource, ResourcePolicy::Unknown).then(|| read(stack.clone().into()));
    if consenting.is_some() {
        stack.resource = ResourcePolicy::Absent;
    }
    let access = read(stack.into());
    let requests: Vec<&Value> = match (value.get("request"), value.get("requests").and_then(Value::elements)) {
        (Some(one), None) => vec![one],
        (None, Some(many)) => many.iter().collect(),
        _ => return Err(bad(source, value.span, "give either `request` or `requests`", "add the request to decide").into()),
    };
    let mut out = Vec::new();
    for written in requests {
        let help = "write {\"principal\": .., \"action\": .., \"resource\": .., \"context\": {..}}";
        let request = request_json::from_json(&plain(written)).map_err(|message| bad(source, written.span, message, help))?;
        let evaluation = eval::evaluate(&access, &request, matching);
        let is_impossible = |statement| eval::applies_beyond_action(statement, &request, matching);
        let contradicts = !request.is_consistent() || ties::about(&request).any(is_impossible);
        let wrong = keys::mistyped(&request)
            .map(|(key, value, own)| format!("the value of {key} is {}, \"{value}\" is not: no request carries it", own.noun()));
        let doubled = keys::doubled(&request).map(|key| format!("{key} has one value, not several: no request carries these"));
        let decided = evaluation.decision == Decision::ImplicitlyDenied
            && consenting.as_ref().is_some_and(|access| eval::allows(access, &request, matching));
        let wrong = wrong.chain(doubled).chain(decided.then(|| NO_CONSENT.to_owned()));
        let notes = contradicts.then(|| CONTRADICTS.to_owned()).into_iter().chain(wrong).collect();
        let named = |number: &usize| access.statement(*number).map(|(member, statement)| (member.name.clone(), statement.index));
        out.push(Simulation {
            action: request.action,
            resource: request.resource,
            decision: evaluation.decision,
            decided_by: evaluation.decided_by.iter().filter_map(named).collect(),
            not_allowed_by: evaluation.not_allowed_by,
            notes,
        });
    }
    Ok((access, out))
}
