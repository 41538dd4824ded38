//! The checks of a policy: CheckNoNewAccess, CheckAccessNotGranted, CheckNoPublicAccess, ValidatePolicy.
//!
//! A request in AWS's shape becomes a line of `batch`, and its answer goes out whole: `result`, `message` and `reasons` as
//! AWS has them, and beside them what clients ignore (witness, notes, proof). What AWS's API takes is taken, within its
//! limits: any string is an action, and one that the catalog does not know is a note. A question that cannot be decided is
//! an error (422), as neither PASS nor FAIL would be true. Source: Access Analyzer's API reference.

use super::App;
use super::body::Members;
use super::error::{ApiError, Shape};
use crate::question::no_public_access::{RESOURCE_TYPES, ResourceType};
use serde_json::{Value, json};

/// The most actions, and the most resources, that one request may list.
const MOST_LISTED: usize = 100;

/// The most characters of a resource.
const LONGEST_RESOURCE: usize = 2_048;

/// CheckNoNewAccess
pub(super) fn no_new_access(body: &[u8]) -> Result<Value, ApiError> {
    let members = Members::read(body)?;
    members.known(&["existingPolicyDocument", "newPolicyDocument", "policyType"])?;
    Ok(json!({
        "check": "no-new-access",
        "existing": members.string("existingPolicyDocument")?,
        "new": members.string("newPolicyDocument")?,
        "policyType": members.one_of("policyType", &["IDENTITY_POLICY", "RESOURCE_POLICY"])?,
    }))
}

/// CheckAccessNotGranted
pub(super) fn access_not_granted(body: &[u8]) -> Result<Value, ApiError> {
    let members = Members::read(body)?;
    members.known(&["policyDocument", "policyType", "access"])?;
    Ok(json!({
        "check": "access-not-granted",
        "policy": members.string("policyDocument")?,
        "policyType": members.one_of("policyType", &["IDENTITY_POLICY", "RESOURCE_POLICY"])?,
        "access": access(&members)?,
        "allowUnknown": true,
    }))
}

/// CheckNoPublicAccess
pub(super) fn no_public_access(body: &[u8]) -> Result<Value, ApiError> {
    let members = Members::read(body)?;
    members.known(&["policyDocument", "resourceType"])?;
    let of = members.string("resourceType")?;
    if ResourceType::parse(of).is_none() {
        let all: Vec<&str> = RESOURCE_TYPES.iter().map(|of| of.name).collect();
        return Err(ApiError::validation(format!("resourceType is {of:?} and must be one of {}", all.join(", "))));
    }
    Ok(json!({"check": "no-public-access", "policy": members.string("policyDocument")?, "resourceType": of}))
}

/// ValidatePolicy
pub(super) async fn validate(app: &App, body: &[u8], page: super::page::Page) -> Result<Value, ApiError> {
    let members = Members::read(body)?;
    let types = ["IDENTITY_POLICY", "RESOURCE_POLICY", "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"];
    let mut line = json!({
        "check": "validate",
        "policy": members.string("policyDocument")?,
        "policyType": members.one_of("policyType", &types)?,
        "awsOnly": true,
        // What a tool prints around a policy is none of AWS's grammar.
        "bare": true,
    });
    members.optional_one_of("locale", &["DE", "EN", "ES", "FR", "IT", "JA", "KO", "PT_BR", "ZH_CN", "ZH_TW"])?;
    if let (Some(of), Some(object)) = (members.optional_string("validatePolicyResourceType")?, line.as_object_mut()) {
        object.insert("resourceType".to_owned(), json!(of));
    }
    members.known(&["policyDocument", "policyType", "locale", "validatePolicyResourceType"])?;
    let answer = app.pool.ask(&line).await?;
    let findings = answer.get("findings").and_then(Value::as_array).cloned().unwrap_or_default();
    page.of("findings", findings)
}

/// The list of accesses: one at most, with what AWS lets it hold.
fn access(members: &Members) -> Result<Value, ApiError> {
    let list = members.get("access").and_then(Value::as_array);
    let list =
        list.ok_or_else(|| ApiError::validation("access must be a list of one object with actions, resources, or both"))?;
    let [one] = list.as_slice() else {
        return Err(ApiError::validation(format!("access must have one element, and has {}", list.len())));
    };
    for (name, most) in [("actions", usize::MAX), ("resources", LONGEST_RESOURCE)] {
        let Some(listed) = one.get(name) else { continue };
        let listed = listed.as_array().ok_or_else(|| ApiError::validation(format!("access.{name} must be a list of strings")))?;
        if listed.len() > MOST_LISTED {
            let message = format!("access.{name} has {} elements, and may have {MOST_LISTED}", listed.len());
            return Err(ApiError::validation(message));
        }
        for text in listed {
            let text = text.as_str().ok_or_else(|| ApiError::validation(format!("access.{name} must be a list of strings")))?;
            if text.chars().count() > most {
                return Err(ApiError::validation(format!("an element of access.{name} is longer than {most} characters")));
            }
            if name == "resources" && text != "*" && !text.starts_with("arn:") {
                return Err(ApiError::validation("Invalid ARN"));
            }
        }
    }
    Ok(Value::Array(list.clone()))
}

/// Asks, and gives a verdict that AWS's model has.
pub(super) async fn verdict(app: &App, line: &Value) -> Result<Value, ApiError> {
    let mut answer = app.pool.ask(line).await?;
    let message = answer.get("message").and_then(Value::as_str).unwrap_or_default();
    if answer.get("result").and_then(Value::as_str) == Some("UNKNOWN") {
        return Err(ApiError::new(Shape::Unprocessable, message));
    }
    if let Some(object) = answer.as_object_mut() {
        object.shift_remove("id");
        object.shift_remove("check");
    }
    Ok(answer)
}
