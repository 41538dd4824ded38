//! Asserts a search that is empty iff the policy allows no request from a principal that nothing in it pins.
//!
//! What "pinned" means is in `public`. A resource type says which services' actions count. Source: IAM Access
//! Analyzer, CheckNoPublicAccess.

use super::{InternalError, Outcome, Proof, Settings, Verdict, public, unknown_policy};
use crate::glob::Glob;
use crate::policy::Access;
use crate::query::{ActionScope, Query, Unknown};
use crate::witness::{explain, find};
use std::time::Instant;

/// A resource type of CheckNoPublicAccess, with the services whose actions concern it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResourceType {
    /// Its name, such as `AWS::S3::Bucket`.
    pub name: &'static str,
    services: &'static [&'static str],
}

/// All resource types of CheckNoPublicAccess. Of a table bucket AWS counts `s3:*` too: its Terraform validator's own sample
/// (`fixtures/clients/tf/public_access`) expects a FAIL.
pub const RESOURCE_TYPES: [ResourceType; 26] = [
    of("AWS::DynamoDB::Table", &["dynamodb"]),
    of("AWS::DynamoDB::Stream", &["dynamodb"]),
    of("AWS::EFS::FileSystem", &["elasticfilesystem"]),
    of("AWS::OpenSearchService::Domain", &["es"]),
    of("AWS::Kinesis::Stream", &["kinesis"]),
    of("AWS::Kinesis::StreamConsumer", &["kinesis"]),
    of("AWS::KMS::Key", &["kms"]),
    of("AWS::Lambda::Function", &["lambda"]),
    of("AWS::S3::Bucket", &["s3"]),
    of("AWS::S3::AccessPoint", &["s3"]),
    of("AWS::S3Express::DirectoryBucket", &["s3express"]),
    of("AWS::S3::Glacier", &["glacier"]),
    of("AWS::S3Outposts::Bucket", &["s3-outposts", "s3"]),
    of("AWS::S3Outposts::AccessPoint", &["s3-outposts", "s3"]),
    of("AWS::SecretsManager::Secret", &["secretsmanager"]),
    of("AWS::SNS::Topic", &["sns"]),
    of("AWS::SQS::Queue", &["sqs"]),
    of("AWS::IAM::AssumeRolePolicyDocument", &["sts"]),
    of("AWS::S3Tables::TableBucket", &["s3tables", "s3"]),
    of("AWS::ApiGateway::RestApi", &["execute-api", "apigateway"]),
    of("AWS::CodeArtifact::Domain", &["codeartifact"]),
    of("AWS::Backup::BackupVault", &["backup"]),
    of("AWS::CloudTrail::Dashboard", &["cloudtrail"]),
    of("AWS::CloudTrail::EventDataStore", &["cloudtrail"]),
    of("AWS::S3Tables::Table", &["s3tables", "s3"]),
    of("AWS::S3Express::AccessPoint", &["s3express"]),
];

const fn of(name: &'static str, services: &'static [&'static str]) -> ResourceType {
    ResourceType { name, services }
}

impl ResourceType {
    /// A type by its name.
    pub fn parse(name: &str) -> Option<Self> {
        RESOURCE_TYPES.into_iter().find(|of| of.name == name)
    }

    /// The actions that concern it.
    pub(super) fn actions(self) -> Vec<Glob> {
        self.services.iter().map(|service| Glob::parse(&format!("{service}:*"))).collect()
    }
}

/// Whether `policy`, of a resource of this type, allows nothing to the public.
pub fn no_public_access(policy: &Access, resource: ResourceType, settings: &Settings) -> Result<Outcome, InternalError> {
    let started = Instant::now();
    let policy = &*settings.read(policy);
    let search = search(policy, Some(resource));
    let found = unknown_policy::settled(&search, settings)?;
    let mut proof = Proof::since(started, settings, [&found]);
    let words = explain::alone("Public access granted in the following statement");
    let (reasons, open) = explain::reasons(&search, &found, words, settings)?;
    let checked = settings.prove.then_some(found.checked);
    let mut notes: Vec<String> = found.notes.into_iter().chain(open).collect();
    let (verdict, message) = match (found.witness, found.unknown) {
        (Some(witness), _) => {
            let message = "The resource policy grants public access for the given resource type.";
            (Verdict::Fail { reasons, witness: Box::new(witness) }, message.to_owned())
        }
        (None, Some(why)) => {
            let message = format!("Whether the resource policy grants public access is unknown: {why}.");
            (Verdict::Unknown(why), message)
        }
        (None, None) => {
            let concerned = Query { actions: ActionScope::Matching(resource.actions()), ..Query::new(policy, None) };
            let concerned = find(&concerned, settings)?;
            proof.needs_z3 |= concerned.unknown.as_ref().is_some_and(Unknown::is_for_z3);
            if concerned.is_empty() {
                let services = resource.services.join(", ");
                notes.push(format!("the policy allows no action of {services}: is {} its type?", resource.name));
            }
            (Verdict::Pass, "The resource policy does not grant public access for the given resource type.".to_owned())
        }
    };
    Ok(Outcome { check: "no-public-access", verdict, message, proof, checked, notes })
}

/// The search behind it; without a type, all actions count.
pub fn search(policy: &Access, resource: Option<ResourceType>) -> Query<'_> {
    let actions = resource.map_or(ActionScope::All, |resource| ActionScope::Matching(resource.actions()));
    Query { actions, within: Some(public::requests(policy)), ..Query::new(policy, None) }
}
