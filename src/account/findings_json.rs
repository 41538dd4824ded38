//! Findings in Access Analyzer's shape, and what they rest on.
//!
//! Source: IAM Access Analyzer API, GetFindingV2, UnusedPermissionDetails, UnusedIamRoleDetails and its siblings.

use super::EntityKind;
use super::findings::{Finding, Findings, Service, Unused};
use super::observe::Window;
use crate::catalog::Catalog;
use crate::evidence::Evidence;
use serde_json::{Map, Value, json};
use std::hash::{Hash as _, Hasher as _};

/// A finding on one line.
pub fn finding(finding: &Finding<'_>, window: Window) -> Value {
    let entity = finding.entity;
    let last = |when: Option<crate::evidence::When>| when.map(|when| when.to_string());
    let details: Vec<Value> = match &finding.unused {
        Unused::Role { last: at } => vec![json!({"unusedIamRoleDetails": without_null(json!({"lastAccessed": last(*at)}))})],
        Unused::AccessKey { key, last: at } => {
            vec![json!({"unusedIamUserAccessKeyDetails": without_null(json!({"accessKeyId": key, "lastAccessed": last(*at)}))})]
        }
        Unused::Password { last: at } => {
            vec![json!({"unusedIamUserPasswordDetails": without_null(json!({"lastAccessed": last(*at)}))})]
        }
        Unused::Permissions(services) => {
            services.iter().map(|service| json!({"unusedPermissionDetails": permission(service)})).collect()
        }
        Unused::NotObservable => Vec::new(),
    };
    let key = if let Unused::AccessKey { key, .. } = &finding.unused { key.as_str() } else { "" };
    let mut out = json!({
        "schema": 1,
        "id": id(&[finding.unused.name(), &entity.arn, key]),
        "findingType": finding.unused.name(),
        "resource": entity.arn,
        "resourceType": if entity.kind == EntityKind::User { "AWS::IAM::User" } else { "AWS::IAM::Role" },
        "resourceOwnerAccount": entity.account,
        "status": "ACTIVE",
        "analyzedAt": window.to.to_string(),
        "numberOfUnusedActions": count(&finding.unused),
        "findingDetails": details,
        "notObservable": finding.not_observable,
        "window": {"from": window.from.to_string(), "to": window.to.to_string(), "days": window.days},
    });
    if !finding.notes.is_empty() {
        out["notes"] = json!(finding.notes);
    }
    if !matches!(finding.unused, Unused::Permissions(_)) {
        out.as_object_mut().map(|members| members.remove("numberOfUnusedActions"));
    }
    out
}

fn count(unused: &Unused) -> usize {
    let Unused::Permissions(services) = unused else { return 0 };
    services.iter().map(|service| service.actions.as_ref().map_or(1, Vec::len)).sum()
}

fn permission(service: &Service) -> Value {
    let mut out = Map::new();
    out.insert("serviceNamespace".to_owned(), json!(service.namespace));
    if let Some(last) = service.last {
        out.insert("lastAccessed".to_owned(), json!(last.to_string()));
    }
    if let Some(actions) = &service.actions {
        let one = |(name, last): &(String, Option<crate::evidence::When>)| {
            without_null(json!({"action": name, "lastAccessed": last.map(|last| last.to_string())}))
        };
        out.insert("actions".to_owned(), actions.iter().map(one).collect());
    }
    Value::Object(out)
}

fn without_null(mut value: Value) -> Value {
    if let Some(members) = value.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    value
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
pub fn evidence(evidence: &Evidence) -> Value {
    let files: Vec<Value> = evidence
        .files
        .iter()
        .filter(|_| evidence.files.len() <= 100)
        .map(|file| json!({"file": file.name, "kind": file.kind, "counts": file.counts}))
        .collect();
    let coverage: Map<String, Value> = evidence
        .coverage
        .iter()
        .map(|(account, coverage)| {
            let shown = json!({
                "first": coverage.first.to_string(),
                "last": coverage.last.to_string(),
                "records": coverage.records,
                "dataEvents": coverage.data_events,
            });
            (account.clone(), shown)
        })
        .collect();
    json!({
        "counts": evidence.counts,
        "files": evidence.files.len(),
        "sources": files,
        "cloudTrail": coverage,
        "diagnostics": evidence.troubles.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// The last line: counts, window and evidence.
pub fn summary(findings: &Findings<'_>, read: &Evidence) -> Value {
    let mut by_type = Map::new();
    for finding in &findings.findings {
        let count = by_type.entry(finding.unused.name()).or_insert(json!(0));
        *count = json!(count.as_u64().unwrap_or(0) + 1);
    }
    json!({
        "schema": 1,
        "id": "summary",
        "findingType": "Summary",
        "resource": "",
        "status": "",
        "findingDetails": [],
        "notObservable": [],
        "summary": {
            "entities": findings.entities,
            "findings": by_type,
            "excluded": findings.excluded,
            "serviceLinkedRoles": findings.service_linked,
            "window": {
                "from": findings.window.from.to_string(),
                "to": findings.window.to.to_string(),
                "days": findings.window.days,
            },
            "evidence": evidence(read),
            "notes": findings.notes,
        },
        "proof": {"tool": concat!("leastwise ", env!("CARGO_PKG_VERSION")), "catalog": Catalog::latest().date},
    })
}
