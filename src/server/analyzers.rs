//! Which analyzers are there? CreateAnalyzer, ListAnalyzers, GetAnalyzer, DeleteAnalyzer.
//!
//! An analyzer is a name that clients want before they ask for a preview of access; it analyzes nothing by itself. They are
//! kept in memory, at most [`MOST`] of them.

use super::App;
use super::body::Members;
use super::error::{ApiError, Shape};
use super::page::Page;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The most analyzers that are kept.
const MOST: usize = 1_000;

const TYPES: [&str; 6] = [
    "ACCOUNT",
    "ORGANIZATION",
    "ACCOUNT_UNUSED_ACCESS",
    "ORGANIZATION_UNUSED_ACCESS",
    "ACCOUNT_INTERNAL_ACCESS",
    "ORGANIZATION_INTERNAL_ACCESS",
];

/// Analyzers by name, as AnalyzerSummary.
pub(super) type Analyzers = BTreeMap<String, Value>;

/// CreateAnalyzer
pub(super) fn create(app: &App, body: &[u8]) -> Result<Value, ApiError> {
    let members = Members::read(body)?;
    members.known(&["analyzerName", "type", "archiveRules", "tags", "clientToken", "configuration"])?;
    let name = members.string("analyzerName")?;
    let of = members.one_of("type", &TYPES)?;
    let letters = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if name.len() > 255 || !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') || !name.chars().all(letters) {
        return Err(ApiError::validation("analyzerName must match [A-Za-z_][A-Za-z0-9_.-]* and have 255 characters at most"));
    }
    let arn = format!("arn:aws:access-analyzer:{}:{}:analyzer/{name}", app.options.region, app.options.account);
    let mut all = app.analyzers();
    if all.contains_key(name) {
        return Err(ApiError::new(Shape::Conflict, format!("There is an analyzer {name} already.")));
    }
    if all.len() >= MOST {
        return Err(ApiError::new(Shape::Quota, format!("There are {MOST} analyzers; delete one.")));
    }
    let tags = members.get("tags").cloned().unwrap_or_else(|| json!({}));
    let mut summary = json!({"arn": arn, "name": name, "type": of, "createdAt": super::now(), "status": "ACTIVE", "tags": tags});
    if let (Some(configuration), Some(object)) = (members.get("configuration"), summary.as_object_mut()) {
        object.insert("configuration".to_owned(), configuration.clone());
    }
    all.insert(name.to_owned(), summary);
    Ok(json!({"arn": arn}))
}

/// ListAnalyzers
pub(super) fn list(app: &App, of: Option<&str>, page: Page) -> Result<Value, ApiError> {
    if let Some(of) = of.filter(|of| !TYPES.contains(of)) {
        return Err(ApiError::validation(format!("type is {of:?} and must be one of {}", TYPES.join(", "))));
    }
    let all = app.analyzers();
    let wanted = all.values().filter(|one| of.is_none_or(|of| one.get("type").and_then(Value::as_str) == Some(of)));
    page.of("analyzers", wanted.cloned().collect())
}

/// GetAnalyzer
pub(super) fn get(app: &App, name: &str) -> Result<Value, ApiError> {
    let all = app.analyzers();
    all.get(name).map(|one| json!({"analyzer": one})).ok_or_else(|| none(name))
}

/// DeleteAnalyzer
pub(super) fn delete(app: &App, name: &str) -> Result<Value, ApiError> {
    app.analyzers().remove(name).map(|_| json!({})).ok_or_else(|| none(name))
}

/// Refuses an ARN that is not an analyzer's of this server.
pub(super) fn known(app: &App, arn: &str) -> Result<(), ApiError> {
    let name = arn.rsplit_once(":analyzer/").map_or(arn, |(_, name)| name);
    match app.analyzers().get(name).and_then(|one| one.get("arn")).and_then(Value::as_str) == Some(arn) {
        true => Ok(()),
        false => Err(none(name)),
    }
}

fn none(name: &str) -> ApiError {
    ApiError::new(Shape::NotFound, format!("There is no analyzer {name}."))
}
