//! Who would get in from outside? CreateAccessPreview, GetAccessPreview, ListAccessPreviewFindings.
//!
//! Each policy of a configuration is asked `outside-access` with the server's account as the zone of trust, and what lets
//! somebody in becomes a finding in AWS's shape, with the witness beside it. A policy that cannot be read, or a question
//! that cannot be decided, makes the preview FAILED: it never looks as if nobody got in. At most [`MOST`] previews of at
//! most [`MOST_BYTES`] are kept; the oldest goes first.

use super::App;
use super::analyzers;
use super::body::Members;
use super::configurations::{self, Configured};
use super::error::{ApiError, Shape};
use super::page::Page;
use serde_json::{Value, json};
use std::collections::VecDeque;

/// The most previews that are kept.
const MOST: usize = 200;

/// The most bytes of text of all previews but the newest.
const MOST_BYTES: usize = 8 << 20;

/// The most resources of one preview.
const MOST_RESOURCES: usize = 100;

/// A preview with its findings.
#[derive(Debug, Clone)]
pub(super) struct Preview {
    id: String,
    shown: Value,
    findings: Vec<Value>,
    /// Bytes of its text.
    bytes: usize,
}

/// Previews, oldest first.
pub(super) type Previews = VecDeque<Preview>;

/// CreateAccessPreview
pub(super) async fn create(app: &App, body: &[u8]) -> Result<Value, ApiError> {
    let members = Members::read(body)?;
    members.known(&["analyzerArn", "configurations", "clientToken"])?;
    let analyzer = members.string("analyzerArn")?;
    analyzers::type_of(app, analyzer)?;
    let configurations = members.get("configurations").and_then(Value::as_object);
    let configurations = configurations
        .filter(|all| (1..=MOST_RESOURCES).contains(&all.len()))
        .ok_or_else(|| ApiError::validation(format!("configurations must map 1 to {MOST_RESOURCES} resource ARNs to theirs")))?;
    let id = app.next_id();
    let created = super::now();
    let (mut findings, mut failed) = (Vec::new(), None);
    for (resource, configuration) in configurations {
        let configured = configurations::read(configuration)?;
        match of_resource(app, resource, &configured, std::slice::from_ref(&app.options.account)).await {
            Ok(found) => findings.extend(found),
            Err(error) if matches!(error.shape, Shape::Throttling | Shape::Internal) => return Err(error),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    for finding in &mut findings {
        if let Some(object) = finding.as_object_mut() {
            object.insert("id".to_owned(), json!(app.next_id()));
            object.insert("createdAt".to_owned(), json!(created));
        }
    }
    let mut shown = json!({
        "id": id,
        "analyzerArn": analyzer,
        "configurations": configurations,
        "createdAt": created,
        "status": if failed.is_some() { "FAILED" } else { "COMPLETED" },
    });
    if let (Some(error), Some(object)) = (&failed, shown.as_object_mut()) {
        object.insert("statusReason".to_owned(), json!({"code": "INVALID_CONFIGURATION", "message": error.message}));
        findings.clear();
    }
    let bytes = shown.to_string().len() + findings.iter().map(|one| one.to_string().len()).sum::<usize>();
    let mut all = app.previews();
    while all.len() >= MOST || all.iter().map(|one| one.bytes).sum::<usize>() + bytes > MOST_BYTES {
        if all.pop_front().is_none() {
            break;
        }
    }
    all.push_back(Preview { id: id.clone(), shown, findings, bytes });
    Ok(json!({"id": id}))
}

/// GetAccessPreview
pub(super) fn get(app: &App, id: &str) -> Result<Value, ApiError> {
    Ok(json!({"accessPreview": find(app, id)?.shown}))
}

/// ListAccessPreviewFindings
pub(super) fn findings(app: &App, id: &str, body: &[u8]) -> Result<Value, ApiError> {
    let members = Members::read(body)?;
    members.known(&["analyzerArn", "filter", "nextToken", "maxResults"])?;
    if members.get("filter").and_then(Value::as_object).is_some_and(|filter| !filter.is_empty()) {
        return Err(ApiError::validation("filter is not served"));
    }
    let most = members.get("maxResults").map(Value::to_string);
    let page = Page::new(most.as_deref(), members.optional_string("nextToken")?)?;
    let preview = find(app, id)?;
    if preview.shown.get("status").and_then(Value::as_str) == Some("FAILED") {
        return Err(ApiError::new(Shape::Conflict, "The access preview failed: its statusReason says why."));
    }
    page.of("findings", preview.findings)
}

fn find(app: &App, id: &str) -> Result<Preview, ApiError> {
    let all = app.previews();
    let found = all.iter().find(|one| one.id == id).cloned();
    found.ok_or_else(|| ApiError::new(Shape::NotFound, format!("There is no access preview {id}.")))
}

/// Findings, or why there is no answer.
type Found = Result<Vec<Value>, ApiError>;

/// Findings about one resource: who but the trusted accounts gets in.
///
/// # Errors
/// A policy cannot be read, or the question not be decided.
pub(super) async fn of_resource(app: &App, resource: &str, configured: &Configured, trusted: &[String]) -> Found {
    let finding = |principal: &Value, is_public: &Value, actions: &Value, condition: &Value, kind: &str| {
        let mut out = json!({
            "principal": principal,
            "action": actions,
            "condition": condition,
            "resource": resource,
            "isPublic": is_public,
            "resourceType": configured.resource_type,
            "changeType": "NEW",
            "status": "ACTIVE",
            "resourceOwnerAccount": app.options.account,
        });
        // AWS has source types for policies and buckets only.
        if let (true, Some(object)) = (kind == "POLICY" || configured.resource_type == "AWS::S3::Bucket", out.as_object_mut()) {
            object.insert("sources".to_owned(), json!([{"type": kind}]));
        }
        out
    };
    let mut found: Vec<Value> = Vec::new();
    for share in &configured.shares {
        if share.principal.get("AWS").and_then(Value::as_str).is_some_and(|id| trusted.iter().any(|one| one == id)) {
            continue;
        }
        found.push(finding(&share.principal, &json!(share.is_public), &json!(share.actions), &json!({}), "BUCKET_ACL"));
    }
    for policy in &configured.policies {
        let question = json!({
            "check": "outside-access",
            "policy": policy,
            "policyType": "RESOURCE_POLICY",
            "trusted": trusted,
        });
        let answer = app.pool.ask(&question).await?;
        if answer.get("result").and_then(Value::as_str) == Some("UNKNOWN") {
            let message = answer.get("message").and_then(Value::as_str).unwrap_or_default();
            return Err(ApiError::new(Shape::Unprocessable, message));
        }
        let all: Vec<&Value> = answer.get("findings").and_then(Value::as_array).into_iter().flatten().collect();
        let is_public = |one: &Value| one.get("isPublic").and_then(Value::as_bool) == Some(true);
        let restricted = configured.restricts_public && all.iter().any(|one| is_public(one));
        for one in all {
            let null = Value::Null;
            let of = |name: &str| one.get(name).unwrap_or(&null);
            let service = of("principal").get("Service").is_some();
            if restricted && !service {
                continue;
            }
            let condition = flat(of("condition"));
            let mut shown = finding(of("principal"), of("isPublic"), of("action"), &condition, "POLICY");
            if let Some(object) = shown.as_object_mut() {
                object.insert("witness".to_owned(), of("witness").clone());
            }
            found.push(shown);
        }
    }
    Ok(found)
}

/// A condition as AWS shows it: each key with its values as one text.
fn flat(condition: &Value) -> Value {
    let texts = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => {
            list.iter().map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned)).collect::<Vec<_>>().join(",")
        }
        other => other.to_string(),
    };
    let object = condition.as_object().into_iter().flatten();
    Value::Object(object.map(|(key, value)| (key.clone(), Value::String(texts(value)))).collect())
}
