//! What does Access Analyzer say is unused? From ListFindingsV2 and GetFindingV2.
//!
//! Findings that are resolved or archived count for nothing: what they name was used since, or somebody decided that it
//! stays. A summary without `findingDetails` says which kind of access is unused, but no service or action.
//!
//! Source: IAM Access Analyzer API, FindingSummaryV2, FindingDetails, UnusedPermissionDetails.

use super::gather::Gatherer;
use super::{When, Who};
use crate::diag::Diagnostics;
use serde::Deserialize;
use serde_json::Value;

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// The role's or user's ARN.
    pub resource: String,
    /// `UnusedPermission`, `UnusedIAMRole`, ..
    pub kind: String,
    /// The services that are unused in whole (`None`) or in these actions, without the service.
    pub services: Vec<(String, Option<Vec<String>>)>,
    /// When the resource was analyzed.
    pub analyzed: Option<When>,
    /// The file.
    pub file: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    resource: Option<String>,
    finding_type: Option<String>,
    status: Option<String>,
    analyzed_at: Option<Value>,
    #[serde(default)]
    finding_details: Option<Vec<Detail>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    unused_permission_details: Option<Permission>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Permission {
    service_namespace: String,
    actions: Option<Vec<Action>>,
}

#[derive(Deserialize)]
struct Action {
    action: String,
}

/// Reads a document of findings: one, a list, or a page; several may follow one another.
pub(super) fn read(name: &str, text: &str, gatherer: &mut Gatherer) -> Result<(), Diagnostics> {
    for document in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        match document {
            Ok(document) => any(name, document, gatherer)?,
            Err(error) => {
                gatherer.counts.fail("not JSON");
                let message = format!("{name}:{}:{}: {error}", error.line(), error.column());
                return gatherer.trouble("bad-record", message, "the rest of the file is left out");
            }
        }
    }
    Ok(())
}

fn any(name: &str, value: Value, gatherer: &mut Gatherer) -> Result<(), Diagnostics> {
    match value {
        Value::Array(elements) => elements.into_iter().try_for_each(|one| any(name, one, gatherer)),
        Value::Object(mut members) if members.contains_key("findings") => {
            members.remove("findings").map_or(Ok(()), |inner| any(name, inner, gatherer))
        }
        Value::Object(mut members) if members.contains_key("finding") => {
            members.remove("finding").map_or(Ok(()), |inner| any(name, inner, gatherer))
        }
        one => {
            gatherer.counts.read += 1;
            match serde_json::from_value::<Finding>(one) {
                Ok(found) => {
                    finding(name, found, gatherer);
                    Ok(())
                }
                Err(error) => {
                    gatherer.counts.fail("not a finding");
                    gatherer.trouble("bad-record", format!("{name}: a finding cannot be read: {error}"), "it is left out")
                }
            }
        }
    }
}

fn finding(name: &str, found: Finding, gatherer: &mut Gatherer) {
    let analyzed = found.analyzed_at.and_then(|at| When::parse(at.as_str().map_or(at.to_string(), str::to_owned).as_str()));
    let kind = found.finding_type.unwrap_or_default();
    if !kind.starts_with("Unused") {
        return gatherer.counts.skip("a finding about something else than unused access");
    }
    if found.status.as_deref().is_some_and(|status| status != "ACTIVE") {
        return gatherer.counts.skip("a finding that is resolved or archived");
    }
    let Some(resource) = found.resource.filter(|arn| Who::of_arn(arn).is_some()) else {
        return gatherer.counts.skip("a finding that names no role or user");
    };
    analyzed.into_iter().for_each(|at| gatherer.reach(at));
    let details = found.finding_details.into_iter().flatten().filter_map(|detail| detail.unused_permission_details);
    let services = details.map(|details| {
        let bare = |action: Action| match action.action.split_once(':') {
            Some((_, name)) => name.to_owned(),
            None => action.action,
        };
        (details.service_namespace, details.actions.map(|actions| actions.into_iter().map(bare).collect()))
    });
    let services = services.collect();
    gatherer.counts.mapped += 1;
    gatherer.evidence.findings.push(Listed { resource, kind, services, analyzed, file: name.to_owned() });
}
