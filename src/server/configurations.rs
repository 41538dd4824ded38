//! Which policies does the configuration of a resource hold, and what else lets somebody in?
//!
//! An access preview gives a resource's configuration as a union of AWS's shapes, one a resource type. Most hold policies as
//! text. Grants of a bucket's access control list, and the accounts that a snapshot is shared with, are not policies:
//! what they say is taken as it stands. Sources: Access Analyzer's API reference (Configuration), S3's user guide ("Mapping
//! of ACL permissions and access policy permissions", "Blocking public access").

use super::error::ApiError;
use serde_json::{Value, json};

/// A resource's configuration, read.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Configured {
    /// As in findings.
    pub(super) resource_type: &'static str,
    /// Policies, as text.
    pub(super) policies: Vec<String>,
    /// Access that is not a policy's: principal, whether public, actions.
    pub(super) shares: Vec<Share>,
    /// S3's RestrictPublicBuckets: of a public policy, only services and the account itself keep their access.
    pub(super) restricts_public: bool,
}

/// Access that is granted without a policy.
#[derive(Debug, PartialEq)]
pub(super) struct Share {
    pub(super) principal: Value,
    pub(super) is_public: bool,
    pub(super) actions: Vec<&'static str>,
}

/// Members of the union whose shape is one policy: its name, the policy's member, the resource type.
const PLAIN: [(&str, &str, &str); 8] = [
    ("ecrRepository", "repositoryPolicy", "AWS::ECR::Repository"),
    ("iamRole", "trustPolicy", "AWS::IAM::Role"),
    ("efsFileSystem", "fileSystemPolicy", "AWS::EFS::FileSystem"),
    ("secretsManagerSecret", "secretPolicy", "AWS::SecretsManager::Secret"),
    ("snsTopic", "topicPolicy", "AWS::SNS::Topic"),
    ("sqsQueue", "queuePolicy", "AWS::SQS::Queue"),
    ("dynamodbStream", "streamPolicy", "AWS::DynamoDB::Stream"),
    ("dynamodbTable", "tablePolicy", "AWS::DynamoDB::Table"),
];

/// Reads the configuration of one resource.
pub(super) fn read(configuration: &Value) -> Result<Configured, ApiError> {
    let union = configuration.as_object().filter(|union| union.len() == 1);
    let Some((kind, value)) = union.and_then(|union| union.iter().next()) else {
        return Err(ApiError::validation("a configuration must have exactly one member, such as iamRole or s3Bucket"));
    };
    if let Some((_, policy, resource_type)) = PLAIN.iter().find(|(name, ..)| name == kind) {
        let policies = text(value, policy)?.into_iter().collect();
        return Ok(Configured { resource_type, policies, ..Configured::default() });
    }
    match kind.as_str() {
        "s3Bucket" => bucket(value),
        "s3ExpressDirectoryBucket" => Ok(Configured {
            resource_type: "AWS::S3Express::DirectoryBucket",
            policies: text(value, "bucketPolicy")?.into_iter().collect(),
            ..Configured::default()
        }),
        "kmsKey" => {
            let policies = value.get("keyPolicies").and_then(Value::as_object).into_iter().flatten();
            let policies: Option<Vec<String>> = policies.map(|(_, one)| one.as_str().map(str::to_owned)).collect();
            if value.get("grants").and_then(Value::as_array).is_some_and(|grants| !grants.is_empty()) {
                return Err(ApiError::validation("kmsKey.grants is not served: a grant is not a policy"));
            }
            Ok(Configured {
                resource_type: "AWS::KMS::Key",
                policies: policies.ok_or_else(|| ApiError::validation("kmsKey.keyPolicies must map names to policies"))?,
                ..Configured::default()
            })
        }
        "ebsSnapshot" => {
            let listed = |name: &str| value.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
            let accounts = listed("userIds").into_iter().chain(listed("groups"));
            Ok(Configured {
                resource_type: "AWS::EC2::Snapshot",
                shares: accounts.map(|one| shared(&one, &["ec2:CreateVolume"])).collect::<Result<_, _>>()?,
                ..Configured::default()
            })
        }
        "rdsDbSnapshot" => snapshot(value, "AWS::RDS::DBSnapshot", "rds:RestoreDBInstanceFromDBSnapshot"),
        "rdsDbClusterSnapshot" => snapshot(value, "AWS::RDS::DBClusterSnapshot", "rds:RestoreDBClusterFromSnapshot"),
        other => Err(ApiError::validation(format!("{other:?} is not a configuration that Access Analyzer knows"))),
    }
}

fn text(value: &Value, name: &str) -> Result<Option<String>, ApiError> {
    match value.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(ApiError::validation(format!("{name} must be a policy as text"))),
    }
}

fn bucket(value: &Value) -> Result<Configured, ApiError> {
    let blocks =
        |block: Option<&Value>, name: &str| block.and_then(|block| block.get(name)).and_then(Value::as_bool) == Some(true);
    let block = value.get("bucketPublicAccessBlock");
    let ignores = blocks(block, "ignorePublicAcls");
    let mut shares = Vec::new();
    for grant in value.get("bucketAclGrants").and_then(Value::as_array).into_iter().flatten() {
        let permission = grant.get("permission").and_then(Value::as_str).unwrap_or_default();
        let actions = permitted(permission)
            .ok_or_else(|| ApiError::validation(format!("{permission:?} is not a permission of an access control list")))?;
        let grantee = grant.get("grantee");
        let of = |name: &str| grantee.and_then(|grantee| grantee.get(name)).and_then(Value::as_str);
        match (of("uri"), of("id")) {
            (Some(uri), None) if uri.ends_with("/global/AllUsers") || uri.ends_with("/global/AuthenticatedUsers") => {
                if !ignores {
                    shares.push(Share { principal: json!({"AWS": "*"}), is_public: true, actions });
                }
            }
            (Some(_), None) => {}
            (None, Some(id)) => shares.push(Share { principal: json!({"CanonicalUser": id}), is_public: false, actions }),
            _ => return Err(ApiError::validation("a grantee must have either id or uri")),
        }
    }
    let mut policies: Vec<String> = text(value, "bucketPolicy")?.into_iter().collect();
    for (_, point) in value.get("accessPoints").and_then(Value::as_object).into_iter().flatten() {
        policies.extend(text(point, "accessPointPolicy")?);
    }
    let restricts_public = blocks(block, "restrictPublicBuckets");
    Ok(Configured { resource_type: "AWS::S3::Bucket", policies, shares, restricts_public })
}

/// What a permission of a bucket's access control list lets its grantee do.
fn permitted(permission: &str) -> Option<Vec<&'static str>> {
    const READ: [&str; 3] = ["s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:ListBucketVersions"];
    Some(match permission {
        "READ" => READ.to_vec(),
        "WRITE" => vec!["s3:DeleteObject", "s3:PutObject"],
        "READ_ACP" => vec!["s3:GetBucketAcl"],
        "WRITE_ACP" => vec!["s3:PutBucketAcl"],
        "FULL_CONTROL" => [&["s3:DeleteObject", "s3:GetBucketAcl"], &READ[..], &["s3:PutBucketAcl", "s3:PutObject"]].concat(),
        _ => return None,
    })
}

fn snapshot(value: &Value, resource_type: &'static str, action: &'static str) -> Result<Configured, ApiError> {
    let attributes = value.get("attributes").and_then(Value::as_object).into_iter().flatten();
    let accounts = attributes.flat_map(|(_, one)| one.get("accountIds").and_then(Value::as_array).into_iter().flatten());
    let shares = accounts.map(|one| shared(one, &[action])).collect::<Result<_, _>>()?;
    Ok(Configured { resource_type, shares, ..Configured::default() })
}

/// Sharing with an account, or with `all`.
fn shared(account: &Value, actions: &[&'static str]) -> Result<Share, ApiError> {
    let account = account.as_str().ok_or_else(|| ApiError::validation("an account must be a string"))?;
    let is_public = account == "all";
    let principal = json!({"AWS": if is_public { "*" } else { account }});
    Ok(Share { principal, is_public, actions: actions.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_found_whatever_the_resource() {
        for (kind, policy, resource_type) in PLAIN {
            let read = read(&json!({kind: {policy: "{}"}})).unwrap();
            assert_eq!((read.resource_type, read.policies), (resource_type, vec!["{}".to_owned()]));
        }
        let key = read(&json!({"kmsKey": {"keyPolicies": {"default": "{}"}}})).unwrap();
        assert_eq!(key.policies.len(), 1);
        assert!(read(&json!({"kmsKey": {"grants": [{}]}})).is_err());
        assert!(read(&json!({"s3Bucket": {}, "iamRole": {}})).is_err());
        assert!(read(&json!({"s3bucket": {}})).is_err());
    }

    #[test]
    fn a_public_grant_counts_unless_the_bucket_ignores_it() {
        let everybody = json!({"uri": "http://acs.amazonaws.com/groups/global/AllUsers"});
        let of = |ignore: bool| {
            let grants = json!([{"permission": "READ", "grantee": everybody}, {"permission": "WRITE", "grantee": {"id": "1a"}}]);
            let block = json!({"ignorePublicAcls": ignore, "restrictPublicBuckets": false});
            read(&json!({"s3Bucket": {"bucketAclGrants": grants, "bucketPublicAccessBlock": block}})).unwrap().shares
        };
        assert_eq!(of(false).iter().map(|share| share.is_public).collect::<Vec<_>>(), [true, false]);
        assert_eq!(of(true).iter().map(|share| share.is_public).collect::<Vec<_>>(), [false]);
    }
}
