//! When did a principal last try which service and which action? From GetServiceLastAccessedDetails.
//!
//! The data counts attempts, not only successes: no attempt is strong evidence, an attempt counts as use. The answer does
//! not say whom it is about: the ARN stands in a member `Arn` (or `resource`, `principal`, `entity`) that whoever exported
//! it has put beside, or in the file's name, or it is the only entity that the data names.
//!
//! Source: IAM API, GetServiceLastAccessedDetails, ServiceLastAccessed, TrackedActionLastAccessed.

use super::gather::Gatherer;
use super::{When, Who};
use crate::diag::Diagnostics;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Report {
    #[serde(
        alias = "arn",
        alias = "EntityArn",
        alias = "entityArn",
        alias = "resource",
        alias = "Resource",
        alias = "principal"
    )]
    #[serde(alias = "Principal", alias = "entity", alias = "Entity", alias = "RoleArn", alias = "UserArn")]
    arn: Option<String>,
    job_status: Option<String>,
    job_completion_date: Option<Value>,
    #[serde(default)]
    services_last_accessed: Vec<Service>,
    #[serde(default)]
    is_truncated: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Service {
    service_namespace: String,
    last_authenticated: Option<Value>,
    last_authenticated_entity: Option<String>,
    tracked_actions_last_accessed: Option<Vec<Action>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Action {
    action_name: String,
    last_accessed_entity: Option<String>,
    last_accessed_time: Option<Value>,
}

pub(super) fn moment(value: &Value) -> Option<When> {
    value.as_str().map_or_else(|| When::parse(&value.to_string()), When::parse)
}

/// The ARN in a file's name, percent-encoded or with `_` in place of `/`.
fn arn_of_name(name: &str) -> Option<String> {
    let file = name.rsplit(['/', '\\']).next()?;
    let mut bytes = Vec::new();
    let mut rest = file.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex =
            (*first == b'%').then(|| tail.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()));
        match hex.flatten() {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    let text = text.strip_suffix(".gz").unwrap_or(&text);
    let text = text.strip_suffix(".json").unwrap_or(text);
    let arn = text.get(text.find("arn:")?..)?;
    Who::of_arn(arn).map(|_| arn.to_owned())
}

/// Reads a document: a report, a list of reports, or an object of reports by ARN; several may follow one another.
pub(super) fn read(name: &str, text: &str, gatherer: &mut Gatherer) -> Result<(), Diagnostics> {
    for document in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        match document {
            Ok(document) => any(name, document, None, gatherer)?,
            Err(error) => {
                gatherer.counts.fail("not JSON");
                let message = format!("{name}:{}:{}: {error}", error.line(), error.column());
                return gatherer.trouble("bad-record", message, "the rest of the file is left out");
            }
        }
    }
    Ok(())
}

fn any(name: &str, value: Value, about: Option<&str>, gatherer: &mut Gatherer) -> Result<(), Diagnostics> {
    match value {
        Value::Array(elements) => elements.into_iter().try_for_each(|one| any(name, one, about, gatherer)),
        Value::Object(members) if members.contains_key("ServicesLastAccessed") => {
            gatherer.counts.read += 1;
            match serde_json::from_value::<Report>(Value::Object(members)) {
                Ok(report) => one(name, report, about, gatherer),
                Err(error) => {
                    gatherer.counts.fail("not last-accessed details");
                    gatherer.trouble("bad-record", format!("{name}: {error}"), "the report is left out")
                }
            }
        }
        Value::Object(members) => {
            members.into_iter().filter(|(_, inner)| inner.is_object() || inner.is_array()).try_for_each(|(key, inner)| {
                let about = Who::of_arn(&key).map(|_| key.as_str());
                any(name, inner, about, gatherer)
            })
        }
        _ => Ok(()),
    }
}

fn one(name: &str, report: Report, about: Option<&str>, gatherer: &mut Gatherer) -> Result<(), Diagnostics> {
    if report.job_status.as_deref().is_some_and(|status| status != "COMPLETED") {
        gatherer.counts.fail("the job is not completed");
        let message = format!("{name}: the report's job is {}", report.job_status.unwrap_or_default());
        return gatherer.trouble("bad-record", message, "ask for the report again when the job is done");
    }
    let entities = || {
        let actions = |service: &Service| {
            let of_actions = service.tracked_actions_last_accessed.iter().flatten();
            of_actions.filter_map(|action| action.last_accessed_entity.clone()).collect::<Vec<_>>()
        };
        let all = report.services_last_accessed.iter();
        let all = all.flat_map(|service| service.last_authenticated_entity.clone().into_iter().chain(actions(service)));
        let known: BTreeSet<Who> = all.filter_map(|arn| Who::of_arn(&arn)).collect();
        (known.len() == 1).then(|| known.into_iter().next()).flatten()
    };
    let said = report.arn.as_deref().or(about).map(str::to_owned).or_else(|| arn_of_name(name));
    let who = match said {
        Some(arn) => Who::of_arn(&arn),
        None => entities(),
    };
    let Some(who) = who else {
        gatherer.counts.fail("whom the report is about is not known");
        let message = format!("{name}: the report does not say which role or user it is about");
        let help = "put a member \"Arn\" with the entity's ARN beside ServicesLastAccessed, or the ARN into the file's name";
        return gatherer.trouble("bad-record", message, help);
    };
    if report.is_truncated == Some(true) {
        gatherer
            .evidence
            .notes
            .push(format!("{name} is one page of several: services on the other pages are not observed by it"));
    }
    let made = report.job_completion_date.as_ref().and_then(moment);
    made.into_iter().for_each(|at| gatherer.reach(at));
    for service in report.services_last_accessed {
        let last = service.last_authenticated.as_ref().and_then(moment);
        let actions = service.tracked_actions_last_accessed.map(|actions| {
            actions
                .iter()
                .map(|action| (action.action_name.to_ascii_lowercase(), action.last_accessed_time.as_ref().and_then(moment)))
                .collect::<Vec<_>>()
        });
        let times = actions.iter().flatten().filter_map(|(_, at)| *at).chain(last);
        times.collect::<Vec<_>>().into_iter().for_each(|at| gatherer.reach(at));
        let person = gatherer.person(&who);
        last.into_iter().for_each(|at| person.seen(at));
        let known = person.services.entry(service.service_namespace.to_ascii_lowercase()).or_default();
        known.service = known.service.max(last);
        known.made = known.made.max(made);
        for (action, at) in actions.into_iter().flatten() {
            let known = known.actions.get_or_insert_default().entry(action).or_default();
            *known = (*known).max(at);
        }
    }
    gatherer.counts.mapped += 1;
    Ok(())
}
