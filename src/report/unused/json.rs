//! Findings about unused access as JSON Lines: Access Analyzer's shape (GetFindingV2), with what the evidence cannot see and the
//! window beside it, and a summary at the end.

use crate::account::EntityKind;
use crate::account::findings::{Finding, Findings, Service, Unused};
use crate::account::observe::Window;
use crate::catalog::Catalog;
use crate::evidence::{Counts, Evidence, File, When};
use crate::report::json::{Schema, TOOL, value};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::hash::{Hash as _, Hasher as _};

/// One line of an answer to `findings`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum FindingsAnswer {
    /// One finding.
    Finding(Box<FindingAnswer>),
    /// The sum: the last line.
    Summary(Box<SummaryAnswer>),
}

/// A finding about one user or role.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FindingAnswer {
    schema: Schema,
    /// The same for the same finding, whenever it is found.
    id: String,
    /// What is unused; `NotObservable` where there are only permissions that the evidence cannot see.
    finding_type: &'static str,
    /// The ARN of the user or role.
    resource: String,
    /// `AWS::IAM::User` or `AWS::IAM::Role`.
    resource_type: &'static str,
    /// The account's id.
    resource_owner_account: String,
    /// `ACTIVE`.
    status: &'static str,
    /// The end of the window.
    analyzed_at: String,
    /// Of unused permissions: how many actions they are, a whole service counted as one.
    #[serde(skip_serializing_if = "Option::is_none")]
    number_of_unused_actions: Option<usize>,
    finding_details: Vec<Details>,
    /// Granted actions that no given evidence would show.
    not_observable: Vec<&'static str>,
    window: WindowAnswer,
    /// What is worth knowing about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

/// What is unused, by its kind.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[allow(clippy::enum_variant_names, reason = "the names are AWS's own")]
#[serde(rename_all = "camelCase")]
enum Details {
    UnusedIamRoleDetails(Last),
    UnusedIamUserAccessKeyDetails(Key),
    UnusedIamUserPasswordDetails(Last),
    UnusedPermissionDetails(Permission),
}

/// When it was last used.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Last {
    /// Absent if no use is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_accessed: Option<String>,
}

/// An access key.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Key {
    /// Its id, or its number in the credential report.
    access_key_id: String,
    /// Absent if no use is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_accessed: Option<String>,
}

/// Unused permissions of one service.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Permission {
    /// The service's prefix.
    service_namespace: String,
    /// The last use of any; absent if none is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_accessed: Option<String>,
    /// The actions; absent if all of the service is unused.
    #[serde(skip_serializing_if = "Option::is_none")]
    actions: Option<Vec<Action>>,
}

/// An unused action.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Action {
    /// Its name, without the service.
    action: String,
    /// Absent if no use is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_accessed: Option<String>,
}

/// In which time use was looked for.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct WindowAnswer {
    from: String,
    to: String,
    days: u32,
}

/// The line at the end.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SummaryAnswer {
    schema: Schema,
    /// `summary`.
    id: &'static str,
    /// `Summary`.
    finding_type: &'static str,
    /// Empty.
    resource: &'static str,
    /// Empty.
    status: &'static str,
    /// Empty.
    finding_details: Vec<Details>,
    /// Empty.
    not_observable: Vec<String>,
    summary: Counted,
    proof: Made,
}

/// How many findings there are, and what they rest on.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Counted {
    /// Users and roles that were looked at.
    entities: usize,
    /// How many there are of each type, in the order in which they are met.
    #[schemars(with = "BTreeMap<String, usize>")]
    findings: Map<String, Value>,
    /// Findings that were excluded, by reason.
    excluded: BTreeMap<String, usize>,
    /// Roles that services made for themselves: they are left alone.
    service_linked_roles: usize,
    window: WindowAnswer,
    evidence: EvidenceAnswer,
    /// What is worth knowing about all of it.
    notes: Vec<String>,
}

/// What was read, and what became of it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct EvidenceAnswer {
    counts: Counts,
    /// How many files were read.
    files: usize,
    /// Each of them, if they are 100 at most.
    sources: Vec<SourceAnswer>,
    /// What CloudTrail covers, by account.
    cloud_trail: BTreeMap<String, CoverageAnswer>,
    /// What could not be read.
    diagnostics: Vec<String>,
}

/// A file of evidence.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct SourceAnswer {
    /// Its name.
    file: String,
    /// What it is.
    kind: &'static str,
    counts: Counts,
}

/// What CloudTrail covers of an account.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct CoverageAnswer {
    /// The time of the first record.
    first: String,
    /// The time of the last record.
    last: String,
    /// How many records there are.
    records: u64,
    /// Services of which there are data events.
    data_events: Vec<String>,
}

/// What made it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Made {
    /// The program and its version, such as `leastwise 0.1.0`.
    tool: &'static str,
    /// The day that the catalog of actions describes, `YYYY-MM-DD`.
    catalog: String,
}

fn window(window: Window) -> WindowAnswer {
    WindowAnswer { from: window.from.to_string(), to: window.to.to_string(), days: window.days }
}

fn last(when: Option<When>) -> Last {
    Last { last_accessed: when.map(|when| when.to_string()) }
}

/// A finding on one line.
pub fn finding(finding: &Finding<'_>, within: Window) -> Value {
    let entity = finding.entity;
    let finding_details = match &finding.unused {
        Unused::Role { last: at } => vec![Details::UnusedIamRoleDetails(last(*at))],
        Unused::AccessKey { key, last: at } => {
            let Last { last_accessed } = last(*at);
            vec![Details::UnusedIamUserAccessKeyDetails(Key { access_key_id: key.clone(), last_accessed })]
        }
        Unused::Password { last: at } => vec![Details::UnusedIamUserPasswordDetails(last(*at))],
        Unused::Permissions(services) => services.iter().map(permission).map(Details::UnusedPermissionDetails).collect(),
        Unused::NotObservable => Vec::new(),
    };
    let key = if let Unused::AccessKey { key, .. } = &finding.unused { key.as_str() } else { "" };
    let answer = FindingAnswer {
        schema: Schema::THIS,
        id: id(&[finding.unused.name(), &entity.arn, key]),
        finding_type: finding.unused.name(),
        resource: entity.arn.clone(),
        resource_type: match entity.kind {
            EntityKind::User => "AWS::IAM::User",
            EntityKind::Group => "AWS::IAM::Group",
            EntityKind::Role => "AWS::IAM::Role",
        },
        resource_owner_account: entity.account.clone(),
        status: "ACTIVE",
        analyzed_at: within.to.to_string(),
        number_of_unused_actions: Some(count(&finding.unused)),
        finding_details,
        not_observable: finding.not_observable.clone(),
        window: window(within),
        notes: finding.notes.clone(),
    };
    let mut out = value(&answer);
    if let (false, Some(members)) = (matches!(finding.unused, Unused::Permissions(_)), out.as_object_mut()) {
        // The last member takes its place: so members stand since the first version of the form.
        members.swap_remove("numberOfUnusedActions");
    }
    out
}

/// What none of those that have a managed policy uses of it, in the same form.
pub fn of_policy(arn: &str, account: &str, services: Vec<Service>, not_observable: Vec<&'static str>, within: Window) -> Value {
    let finding_details = services.iter().map(permission).map(Details::UnusedPermissionDetails).collect();
    let unused = Unused::Permissions(services);
    value(&FindingAnswer {
        schema: Schema::THIS,
        id: id(&[unused.name(), arn, account]),
        finding_type: unused.name(),
        resource: arn.to_owned(),
        resource_type: "AWS::IAM::ManagedPolicy",
        resource_owner_account: account.to_owned(),
        status: "ACTIVE",
        analyzed_at: within.to.to_string(),
        number_of_unused_actions: Some(count(&unused)),
        finding_details,
        not_observable,
        window: window(within),
        notes: Vec::new(),
    })
}

fn count(unused: &Unused) -> usize {
    let Unused::Permissions(services) = unused else { return 0 };
    services.iter().map(|service| service.actions.as_ref().map_or(1, Vec::len)).sum()
}

fn permission(service: &Service) -> Permission {
    let action = |(name, at): &(String, Option<When>)| {
        let Last { last_accessed } = last(*at);
        Action { action: name.clone(), last_accessed }
    };
    let Last { last_accessed } = last(service.last);
    let actions = service.actions.as_ref().map(|actions| actions.iter().map(action).collect());
    Permission { service_namespace: service.namespace.clone(), last_accessed, actions }
}

/// The same id for the same finding, in the form of a UUID.
pub fn id(parts: &[&str]) -> String {
    let half = |seed: u64| {
        let mut hasher = rustc_hash::FxHasher::default();
        seed.hash(&mut hasher);
        parts.hash(&mut hasher);
        hasher.finish()
    };
    let text = format!("{:016x}{:016x}", half(1), half(2));
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

/// What was read, and what became of it.
fn evidence(evidence: &Evidence) -> EvidenceAnswer {
    let files = evidence.files.iter().filter(|_| evidence.files.len() <= 100);
    let source = |file: &File| SourceAnswer { file: file.name.clone(), kind: file.kind, counts: file.counts.clone() };
    let coverage = evidence.coverage.iter().map(|(account, coverage)| {
        let shown = CoverageAnswer {
            first: coverage.first.to_string(),
            last: coverage.last.to_string(),
            records: coverage.records,
            data_events: coverage.data_events.iter().cloned().collect(),
        };
        (account.clone(), shown)
    });
    EvidenceAnswer {
        counts: evidence.counts.clone(),
        files: evidence.files.len(),
        sources: files.map(source).collect(),
        cloud_trail: coverage.collect(),
        diagnostics: evidence.troubles.iter().map(ToString::to_string).collect(),
    }
}

/// The last line: counts, window and evidence.
fn summary(found: &Findings<'_>, read: &Evidence) -> SummaryAnswer {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for name in found.findings.iter().map(|finding| finding.unused.name()) {
        match counts.iter_mut().find(|(of, _)| *of == name) {
            Some((_, count)) => *count += 1,
            None => counts.push((name, 1)),
        }
    }
    SummaryAnswer {
        schema: Schema::THIS,
        id: "summary",
        finding_type: "Summary",
        resource: "",
        status: "",
        finding_details: Vec::new(),
        not_observable: Vec::new(),
        summary: Counted {
            entities: found.entities,
            findings: counts.into_iter().map(|(name, count)| (name.to_owned(), count.into())).collect(),
            excluded: found.excluded.clone(),
            service_linked_roles: found.service_linked,
            window: window(found.window),
            evidence: evidence(read),
            notes: found.notes.clone(),
        },
        proof: Made { tool: TOOL, catalog: Catalog::latest().date.clone() },
    }
}

/// One line a finding, the summary last.
pub fn lines(found: &Findings<'_>, read: &Evidence) -> Vec<Value> {
    let lines = found.findings.iter().map(|one| finding(one, found.window));
    lines.chain([value(&summary(found, read))]).collect()
}
