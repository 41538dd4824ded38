//! What does the server know of the account that it was given at the start?
//!
//! Unused access is found once, before the first request; who gets in from outside is asked when the first client wants to
//! know. Both are findings in AWS's shape (GetFindingV2), sorted, with ids that are the same at every start. What cannot be
//! said about is never an empty list: a policy that cannot be read or decided is a finding with `error`.

use super::App;
use super::configurations::Configured;
use super::error::{ApiError, Shape};
use super::previews;
use crate::account::PolicyText;
use crate::account::findings::Unused;
use crate::ops::grounds::{Grounds, Read};
use crate::ops::{Failed, findings, recommend};
use crate::question::Settings;
use crate::report::{recommended, unused as unused_access};
use serde_json::{Value, json};

/// The account, and what answers show of it.
#[derive(Debug)]
pub struct Held {
    from: Read,
    /// Findings about unused access; `None` without evidence.
    unused: Option<Vec<Value>>,
    /// The days that unused access was looked for in.
    pub(super) days: u32,
    /// Policies of resources.
    resources: Vec<Resource>,
    /// The accounts that it describes.
    pub(super) accounts: Vec<String>,
    /// What is worth knowing about all findings.
    pub(super) notes: Vec<String>,
}

/// A resource and its own policy.
#[derive(Debug)]
struct Resource {
    arn: String,
    account: String,
    resource_type: &'static str,
    policy: String,
}

impl Held {
    /// An account, with evidence of use if there is some, as both were read.
    ///
    /// # Errors
    /// There is no evidence where some was given, or it gives no window.
    pub fn new(grounds: Grounds, read: Read) -> Result<Self, Failed> {
        let accounts = &read.accounts;
        let (mut resources, mut notes, mut unused, mut days) = (Vec::new(), Vec::new(), None, 0);
        let text = |policy: &PolicyText| policy.value().as_str().map_or_else(|| policy.value().to_string(), str::to_owned);
        for role in accounts.entities.values().filter(|entity| !entity.is_service_linked()) {
            let Some(trust) = &role.trust else { continue };
            let (arn, account, policy) = (role.arn.clone(), role.account.clone(), text(trust));
            resources.push(Resource { arn, account, resource_type: "AWS::IAM::Role", policy });
        }
        for resource in &accounts.resources {
            let Some(policy) = &resource.policy else { continue };
            match resource_type(&resource.arn) {
                Some(resource_type) => {
                    let (arn, account, policy) = (resource.arn.clone(), resource.account.clone(), text(policy));
                    resources.push(Resource { arn, account, resource_type, policy });
                }
                None => notes.push(format!("{} has a policy of a type that the API has no findings about", resource.arn)),
            }
        }
        if !grounds.evidence.is_empty() {
            let found = findings::Request { grounds, fail_on: findings::FailOn::default() }.answer(&read)?.found;
            let shown = found.findings.iter().filter(|one| !matches!(one.unused, Unused::NotObservable));
            unused = Some(shown.map(|one| dated(unused_access::json::finding(one, found.window))).collect());
            days = found.window.days;
            notes.extend(found.notes);
        }
        let ids = accounts.ids().into_iter().map(str::to_owned).collect();
        Ok(Self { from: read, unused, days, resources, accounts: ids, notes })
    }

    /// The account's id; `None` if there are several accounts.
    pub fn account(&self) -> Option<String> {
        self.accounts.first().filter(|_| self.accounts.len() == 1).cloned()
    }

    /// What is recommended for an entity: the steps of GetFindingRecommendation with their proof, or an error.
    pub(super) fn recommend(&self, arn: &str, settings: &Settings) -> Value {
        let error = |code: &str, message: String| json!({"error": {"code": code, "message": message}});
        let found = match self.unused {
            Some(_) => recommend::one(&self.from, arn, settings),
            None => Ok(None),
        };
        match found {
            Ok(None) => error("could-not-run", format!("there is no evidence about {arn}")),
            Ok(Some(one)) => {
                let mut out = recommended::json::steps(&one);
                out["result"] = json!(one.result.name());
                out["notes"] = json!(one.notes);
                out["proof"] = recommended::json::proof(&one, |_| serde_json::Map::new());
                out
            }
            Err(Failed::Input(found)) => error(found.0.first().map_or("could-not-run", |first| first.code), found.to_string()),
            Err(failed) => error("internal-error", failed.to_string()),
        }
    }
}

/// A finding with all times that its shape wants: nothing is known but the moment that was looked at.
fn dated(mut finding: Value) -> Value {
    let at = finding.get("analyzedAt").cloned().unwrap_or(Value::Null);
    if let Some(members) = finding.as_object_mut() {
        members.insert("createdAt".to_owned(), at.clone());
        members.insert("updatedAt".to_owned(), at);
    }
    finding
}

/// The API's name of a resource's type.
fn resource_type(arn: &str) -> Option<&'static str> {
    let mut parts = arn.splitn(6, ':').skip(2);
    let (service, last) = (parts.next()?, parts.nth(2)?);
    Some(match service {
        "s3" if !last.contains('/') && !last.contains(':') => "AWS::S3::Bucket",
        "s3express" if last.starts_with("bucket/") => "AWS::S3Express::DirectoryBucket",
        "sqs" => "AWS::SQS::Queue",
        "sns" => "AWS::SNS::Topic",
        "kms" if last.starts_with("key/") => "AWS::KMS::Key",
        "secretsmanager" => "AWS::SecretsManager::Secret",
        "lambda" if last.starts_with("function:") => "AWS::Lambda::Function",
        "lambda" if last.starts_with("layer:") => "AWS::Lambda::LayerVersion",
        "elasticfilesystem" if last.starts_with("file-system/") => "AWS::EFS::FileSystem",
        "ecr" if last.starts_with("repository/") => "AWS::ECR::Repository",
        "dynamodb" if last.contains("/stream/") => "AWS::DynamoDB::Stream",
        "dynamodb" if last.starts_with("table/") => "AWS::DynamoDB::Table",
        _ => return None,
    })
}

/// The findings of an analyzer of a type.
///
/// # Errors
/// The server was started without what such findings rest on.
pub(super) async fn findings(app: &App, analyzer_type: &str) -> Result<Vec<Value>, ApiError> {
    let refused = |message: &str| ApiError::new(Shape::Validation, message);
    let held = app.options.held.as_ref();
    let held = held.ok_or_else(|| refused("The server was started without --account: it has no findings."))?;
    let is_organization = analyzer_type.starts_with("ORGANIZATION");
    if !is_organization && !held.accounts.contains(&app.options.account) {
        // An empty list would say that there is nothing to find.
        let accounts = held.accounts.join(", ");
        let message = format!("--account describes {accounts}, not {}: ask an analyzer of ORGANIZATION.", app.options.account);
        return Err(refused(&message));
    }
    let all = match analyzer_type {
        "ACCOUNT_UNUSED_ACCESS" | "ORGANIZATION_UNUSED_ACCESS" => {
            let why = "The server was started without --evidence: it has no findings about unused access.";
            held.unused.as_ref().ok_or_else(|| refused(why))?
        }
        "ACCOUNT" | "ORGANIZATION" => {
            let cell = if is_organization { &app.outside_organization } else { &app.outside };
            cell.get_or_try_init(|| outside(app, held, is_organization)).await?
        }
        _ => return Err(refused("Findings about internal access are not served.")),
    };
    let own = |one: &&Value| one.get("resourceOwnerAccount").and_then(Value::as_str) == Some(&app.options.account);
    Ok(match is_organization {
        true => all.clone(),
        false => all.iter().filter(own).cloned().collect(),
    })
}

/// Who gets in from outside the account, or outside all accounts.
async fn outside(app: &App, held: &Held, is_organization: bool) -> Result<Vec<Value>, ApiError> {
    let now = super::now();
    let mut out = Vec::new();
    for one in &held.resources {
        let configured =
            Configured { resource_type: one.resource_type, policies: vec![one.policy.clone()], ..Configured::default() };
        let own = [one.account.clone()];
        let trusted = if is_organization { held.accounts.as_slice() } else { own.as_slice() };
        let details = match previews::of_resource(app, &one.arn, &configured, trusted).await {
            Ok(found) => found.into_iter().map(Ok).collect(),
            Err(error) if matches!(error.shape, Shape::Throttling | Shape::Internal) => return Err(error),
            Err(error) => vec![Err(error.message)],
        };
        for detail in details {
            let mut finding = json!({
                "id": "",
                "findingType": "ExternalAccess",
                "resource": one.arn,
                "resourceType": one.resource_type,
                "resourceOwnerAccount": one.account,
                "status": "ACTIVE",
                "analyzedAt": now,
                "createdAt": now,
                "updatedAt": now,
                "findingDetails": [],
            });
            let shown = match &detail {
                Ok(detail) => {
                    let of = |name: &str| detail.get(name).cloned().unwrap_or(Value::Null);
                    let mut shown = json!({});
                    for name in ["principal", "action", "condition", "isPublic", "sources", "witness"] {
                        if !of(name).is_null() {
                            shown[name] = of(name);
                        }
                    }
                    finding["findingDetails"] = json!([{"externalAccessDetails": shown}]);
                    // The witness is not what tells findings apart.
                    json!([of("principal"), of("action"), of("condition")]).to_string()
                }
                Err(message) => {
                    finding["error"] = json!(message);
                    "error".to_owned()
                }
            };
            finding["id"] = json!(unused_access::json::id(&["ExternalAccess", &one.arn, &shown]));
            out.push(finding);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_has_the_type_that_the_api_names() {
        assert_eq!(resource_type("arn:aws:s3:::b"), Some("AWS::S3::Bucket"));
        assert_eq!(resource_type("arn:aws:s3:eu-west-1:111122223333:accesspoint/a"), None);
        assert_eq!(resource_type("arn:aws:dynamodb:eu-west-1:111122223333:table/t/stream/1"), Some("AWS::DynamoDB::Stream"));
        assert_eq!(resource_type("arn:aws:kms:eu-west-1:111122223333:key/k"), Some("AWS::KMS::Key"));
        assert_eq!(resource_type("nothing"), None);
    }
}
