//! What should take the place of policies with unused permissions? GenerateFindingRecommendation, GetFindingRecommendation.
//!
//! Asked for a finding about unused permissions, proved on the solver's threads as `recommend` proves it, kept until it is
//! asked for again. A recommendation that is not proved is FAILED with its reason, never a policy. Source: Access Analyzer's
//! API reference.

use super::error::{ApiError, Shape};
use super::findings;
use super::page::Page;
use super::{App, now};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most recommendations that are kept.
const MOST: usize = 10_000;

/// One recommendation.
#[derive(Debug, Clone)]
pub(super) struct Made {
    started: String,
    resource: String,
    /// When it was done, and its steps or why there are none.
    done: Option<(String, Result<Value, ApiError>)>,
}

/// Recommendations by the finding's id.
pub(super) type Recommendations = BTreeMap<String, Made>;

/// GenerateFindingRecommendation
pub(super) async fn generate(app: &Arc<App>, analyzer: &str, id: &str) -> Result<Value, ApiError> {
    let finding = findings::find(app, analyzer, id).await?;
    let of = |name: &str| finding.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    if of("findingType") != "UnusedPermission" {
        let message = format!("Only findings about unused permissions have recommendations; this one is {}.", of("findingType"));
        return Err(ApiError::validation(message));
    }
    let resource = of("resource");
    {
        let all = app.recommendations();
        // It would be the same again.
        if all.get(id).is_some_and(|made| made.done.as_ref().is_none_or(|(_, done)| done.is_ok())) {
            return Ok(json!({}));
        }
        if all.len() >= MOST && !all.contains_key(id) {
            return Err(ApiError::new(Shape::Quota, format!("There are {MOST} recommendations already.")));
        }
    }
    let waiting = app.pool.recommendation(&resource)?;
    app.recommendations().insert(id.to_owned(), Made { started: now(), resource, done: None });
    let (app, id) = (app.clone(), id.to_owned());
    tokio::spawn(async move {
        let answer = waiting.answer().await;
        if let Some(made) = app.recommendations().get_mut(&id) {
            made.done = Some((now(), answer));
        }
    });
    Ok(json!({}))
}

/// GetFindingRecommendation
pub(super) async fn get(app: &App, analyzer: &str, id: &str, page: Page) -> Result<Value, ApiError> {
    findings::find(app, analyzer, id).await?;
    let made = app.recommendations().get(id).cloned();
    let made = made.ok_or_else(|| ApiError::new(Shape::NotFound, format!("There is no recommendation for the finding {id}.")))?;
    let mut out = json!({
        "startedAt": made.started,
        "resourceArn": made.resource,
        "recommendationType": "UnusedPermissionRecommendation",
        "status": "IN_PROGRESS",
    });
    let Some((at, done)) = made.done else { return Ok(out) };
    out["completedAt"] = json!(at);
    let failed = |out: &mut Value, code: &str, message: &str| {
        out["status"] = json!("FAILED");
        out["error"] = json!({"code": code, "message": message});
    };
    match done {
        Err(error) => failed(&mut out, error.shape.name(), &error.message),
        Ok(answer) if answer.get("result").and_then(Value::as_str) == Some("UNKNOWN") => {
            let notes: Vec<&str> =
                answer.get("notes").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
            failed(&mut out, "NotProved", &notes.join("; "));
        }
        Ok(answer) => {
            out["status"] = json!("SUCCEEDED");
            let steps = answer.get("recommendedSteps").and_then(Value::as_array).cloned().unwrap_or_default();
            if let (Some(out), Value::Object(paged)) = (out.as_object_mut(), page.of("recommendedSteps", steps)?) {
                out.extend(paged);
                for name in ["result", "proof", "notes"] {
                    out.extend(answer.get(name).map(|value| (name.to_owned(), value.clone())));
                }
            }
        }
    }
    Ok(out)
}
