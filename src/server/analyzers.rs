//! Which analyzers are there? CreateAnalyzer, ListAnalyzers, GetAnalyzer, DeleteAnalyzer.
//!
//! An analyzer is a name that clients want before they ask for a preview of access or for findings. Its type says which
//! findings it has: those about the account given at the start. They are kept in memory, at most [`MOST`] of them.

use super::body::Members;
use super::error::{ApiError, Shape};
use super::page::Page;
use super::{App, Options};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The most analyzers that are kept.
const MOST: usize = 1_000;

/// The most bytes of text that all of them may have.
const MOST_BYTES: usize = 4 << 20;

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

/// The analyzers that are there before any is made: those that have findings.
pub(super) fn at_start(options: &Options) -> Analyzers {
    let Some(held) = &options.held else { return Analyzers::new() };
    let of = |kind: &str| match held.accounts.len() {
        0 | 1 => format!("ACCOUNT{kind}"),
        _ => format!("ORGANIZATION{kind}"),
    };
    let mut all = vec![("external-access", of(""))];
    if held.days > 0 {
        all.push(("unused-access", of("_UNUSED_ACCESS")));
    }
    let tags = json!({});
    all.into_iter().map(|(name, of)| (name.to_owned(), summary(options, name, &of, &tags))).collect()
}

fn summary(options: &Options, name: &str, of: &str, tags: &Value) -> Value {
    let arn = format!("arn:aws:access-analyzer:{}:{}:analyzer/{name}", options.region, options.account);
    let mut out = json!({"arn": arn, "name": name, "type": of, "createdAt": super::now(), "status": "ACTIVE", "tags": tags});
    let days = options.held.as_ref().map(|held| held.days).filter(|days| *days > 0 && of.ends_with("UNUSED_ACCESS"));
    if let Some(days) = days {
        out["configuration"] = json!({"unusedAccess": {"unusedAccessAge": days}});
    }
    out
}

/// Refuses what would give other findings than the server has.
fn same_findings(options: &Options, members: &Members) -> Result<(), ApiError> {
    let Some(held) = &options.held else { return Ok(()) };
    if members.get("archiveRules").and_then(Value::as_array).is_some_and(|rules| !rules.is_empty()) {
        return Err(ApiError::validation("archiveRules is not served: archive findings by UpdateFindings"));
    }
    let Some(unused) = members.get("configuration").and_then(|all| all.get("unusedAccess")) else { return Ok(()) };
    let age = unused.get("unusedAccessAge").and_then(Value::as_u64);
    if age.is_some_and(|age| age != u64::from(held.days)) {
        return Err(ApiError::validation(format!("unusedAccessAge must be {}, which --days sets at the start", held.days)));
    }
    match unused.get("analysisRule").is_none_or(Value::is_null) {
        true => Ok(()),
        false => Err(ApiError::validation("analysisRule is not served: --exclude leaves findings out")),
    }
}

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
    same_findings(&app.options, &members)?;
    let mut all = app.analyzers();
    if all.contains_key(name) {
        return Err(ApiError::new(Shape::Conflict, format!("There is an analyzer {name} already.")));
    }
    if all.len() >= MOST {
        return Err(ApiError::new(Shape::Quota, format!("There are {MOST} analyzers; delete one.")));
    }
    let tags = members.get("tags").cloned().unwrap_or_else(|| json!({}));
    let mut summary = summary(&app.options, name, of, &tags);
    let arn = summary.get("arn").cloned();
    if let (Some(configuration), Some(object)) = (members.get("configuration"), summary.as_object_mut()) {
        object.insert("configuration".to_owned(), configuration.clone());
    }
    let kept: usize = all.values().chain([&summary]).map(|one| one.to_string().len()).sum();
    if kept > MOST_BYTES {
        let message = format!("The tags and configurations of all analyzers may have {MOST_BYTES} bytes; delete one.");
        return Err(ApiError::new(Shape::Quota, message));
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

/// Its type, by its ARN.
///
/// # Errors
/// The ARN is not an analyzer's of this server.
pub(super) fn type_of(app: &App, arn: &str) -> Result<String, ApiError> {
    let name = arn.rsplit_once(":analyzer/").map_or(arn, |(_, name)| name);
    let all = app.analyzers();
    let found = all.get(name).filter(|one| one.get("arn").and_then(Value::as_str) == Some(arn));
    found.and_then(|one| one.get("type")).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| none(name))
}

fn none(name: &str) -> ApiError {
    ApiError::new(Shape::NotFound, format!("There is no analyzer {name}."))
}
