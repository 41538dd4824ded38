//! Where do CloudFormation's resources have policies, and what do `Ref` and `Fn::GetAtt` give?
//!
//! Two tables of facts. [`POLICIES`]: resource type, path of the property (`[]` for each element), what kind of policy it
//! is, and the resource type that it protects. [`ATTRIBUTES`]: resource type, attribute (`Ref` for the reference itself),
//! the property that names the resource, and what the attribute looks like: `{n}` the name, `{a}` the account, `{r}` the
//! region, `{p}` the partition, `{path}` an IAM path. What is not in the table is a constant of its own.
//!
//! Source: AWS CloudFormation, template reference (properties and return values), read 2026-11.

use crate::sources::PolicyType as P;

/// A property that holds a policy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Holder {
    pub(super) of: &'static str,
    pub(super) path: &'static str,
    pub(super) policy_type: P,
    pub(super) resource_type: Option<&'static str>,
}

const fn holder(of: &'static str, path: &'static str, policy_type: P, resource_type: Option<&'static str>) -> Holder {
    Holder { of, path, policy_type, resource_type }
}

const fn resource(of: &'static str, path: &'static str, resource_type: &'static str) -> Holder {
    holder(of, path, P::Resource, Some(resource_type))
}

const TRUST: Option<&str> = Some("AWS::IAM::AssumeRolePolicyDocument");

pub(super) const POLICIES: [Holder; 65] = [
    holder("AWS::IAM::Policy", "PolicyDocument", P::Identity, None),
    holder("AWS::IAM::RolePolicy", "PolicyDocument", P::Identity, None),
    holder("AWS::IAM::UserPolicy", "PolicyDocument", P::Identity, None),
    holder("AWS::IAM::GroupPolicy", "PolicyDocument", P::Identity, None),
    holder("AWS::IAM::ManagedPolicy", "PolicyDocument", P::Identity, None),
    holder("AWS::IAM::Role", "AssumeRolePolicyDocument", P::Trust, TRUST),
    holder("AWS::IAM::Role", "Policies[].PolicyDocument", P::Identity, None),
    holder("AWS::IAM::User", "Policies[].PolicyDocument", P::Identity, None),
    holder("AWS::IAM::Group", "Policies[].PolicyDocument", P::Identity, None),
    holder("AWS::SSO::PermissionSet", "InlinePolicy", P::Identity, None),
    holder("AWS::Serverless::Function", "AssumeRolePolicyDocument", P::Trust, TRUST),
    holder("AWS::Serverless::Function", "Policies[]", P::Identity, None),
    holder("AWS::Serverless::Function", "Policies", P::Identity, None),
    holder("AWS::Serverless::StateMachine", "Policies[]", P::Identity, None),
    holder("AWS::Serverless::Api", "Auth.ResourcePolicy.CustomStatements[]", P::Resource, Some("AWS::ApiGateway::RestApi")),
    holder("AWS::Serverless::Api", "Auth.ResourcePolicy.CustomStatements", P::Resource, Some("AWS::ApiGateway::RestApi")),
    holder("AWS::IoT::Policy", "PolicyDocument", P::Identity, None),
    holder("AWS::Transfer::User", "Policy", P::Identity, None),
    holder("AWS::EC2::VPCEndpoint", "PolicyDocument", P::Endpoint, None),
    resource("AWS::S3::BucketPolicy", "PolicyDocument", "AWS::S3::Bucket"),
    resource("AWS::S3::AccessPoint", "Policy", "AWS::S3::AccessPoint"),
    resource("AWS::S3::MultiRegionAccessPointPolicy", "Policy", "AWS::S3::AccessPoint"),
    resource("AWS::S3Express::BucketPolicy", "PolicyDocument", "AWS::S3Express::DirectoryBucket"),
    resource("AWS::S3Express::AccessPoint", "Policy", "AWS::S3Express::AccessPoint"),
    resource("AWS::S3Outposts::BucketPolicy", "PolicyDocument", "AWS::S3Outposts::Bucket"),
    resource("AWS::S3Outposts::AccessPoint", "Policy", "AWS::S3Outposts::AccessPoint"),
    holder("AWS::S3ObjectLambda::AccessPointPolicy", "PolicyDocument", P::Resource, None),
    resource("AWS::S3Tables::TableBucketPolicy", "ResourcePolicy", "AWS::S3Tables::TableBucket"),
    resource("AWS::S3Tables::TablePolicy", "ResourcePolicy", "AWS::S3Tables::Table"),
    resource("AWS::SQS::QueuePolicy", "PolicyDocument", "AWS::SQS::Queue"),
    resource("AWS::SQS::QueueInlinePolicy", "PolicyDocument", "AWS::SQS::Queue"),
    resource("AWS::SNS::TopicPolicy", "PolicyDocument", "AWS::SNS::Topic"),
    resource("AWS::SNS::TopicInlinePolicy", "PolicyDocument", "AWS::SNS::Topic"),
    holder("AWS::SNS::Topic", "DataProtectionPolicy", P::Unknown, None),
    resource("AWS::KMS::Key", "KeyPolicy", "AWS::KMS::Key"),
    resource("AWS::KMS::ReplicaKey", "KeyPolicy", "AWS::KMS::Key"),
    resource("AWS::SecretsManager::ResourcePolicy", "ResourcePolicy", "AWS::SecretsManager::Secret"),
    holder("AWS::ECR::Repository", "RepositoryPolicyText", P::Resource, None),
    holder("AWS::ECR::PublicRepository", "RepositoryPolicyText", P::Resource, None),
    holder("AWS::ECR::RegistryPolicy", "PolicyText", P::Resource, None),
    resource("AWS::EFS::FileSystem", "FileSystemPolicy", "AWS::EFS::FileSystem"),
    resource("AWS::OpenSearchService::Domain", "AccessPolicies", "AWS::OpenSearchService::Domain"),
    resource("AWS::Elasticsearch::Domain", "AccessPolicies", "AWS::OpenSearchService::Domain"),
    resource("AWS::ApiGateway::RestApi", "Policy", "AWS::ApiGateway::RestApi"),
    resource("AWS::Backup::BackupVault", "AccessPolicy", "AWS::Backup::BackupVault"),
    resource("AWS::CodeArtifact::Domain", "PermissionsPolicyDocument", "AWS::CodeArtifact::Domain"),
    holder("AWS::CodeArtifact::Repository", "PermissionsPolicyDocument", P::Resource, None),
    resource("AWS::DynamoDB::Table", "ResourcePolicy.PolicyDocument", "AWS::DynamoDB::Table"),
    resource("AWS::DynamoDB::Table", "StreamSpecification.ResourcePolicy.PolicyDocument", "AWS::DynamoDB::Stream"),
    resource("AWS::DynamoDB::GlobalTable", "Replicas[].ResourcePolicy.PolicyDocument", "AWS::DynamoDB::Table"),
    resource("AWS::Kinesis::ResourcePolicy", "ResourcePolicy", "AWS::Kinesis::Stream"),
    holder("AWS::Events::EventBus", "Policy", P::Resource, None),
    holder("AWS::Logs::ResourcePolicy", "PolicyDocument", P::Resource, None),
    holder("AWS::Logs::LogGroup", "ResourcePolicyDocument", P::Resource, None),
    holder("AWS::Logs::Destination", "DestinationPolicy", P::Resource, None),
    holder("AWS::Organizations::ResourcePolicy", "Content", P::Resource, None),
    holder("AWS::Organizations::Policy", "Content", P::ServiceControl, None),
    holder("AWS::VpcLattice::AuthPolicy", "Policy", P::Resource, None),
    holder("AWS::VpcLattice::ResourcePolicy", "Policy", P::Resource, None),
    holder("AWS::MediaStore::Container", "Policy", P::Resource, None),
    holder("AWS::SSMContacts::Contact", "Policy", P::Resource, None),
    holder("AWS::Glue::ResourcePolicy", "PolicyInJson", P::Resource, None),
    resource("AWS::CloudTrail::ResourcePolicy", "ResourcePolicy", "AWS::CloudTrail::EventDataStore"),
    holder("AWS::Lex::ResourcePolicy", "Policy", P::Resource, None),
    holder("AWS::XRay::ResourcePolicy", "PolicyDocument", P::Resource, None),
];

/// What an attribute of a resource looks like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attribute {
    pub(super) of: &'static str,
    pub(super) name: &'static str,
    pub(super) property: &'static str,
    pub(super) form: &'static str,
}

const fn attribute(of: &'static str, name: &'static str, property: &'static str, form: &'static str) -> Attribute {
    Attribute { of, name, property, form }
}

pub(super) const ATTRIBUTES: [Attribute; 46] = [
    attribute("AWS::S3::Bucket", "Ref", "BucketName", "{n}"),
    attribute("AWS::S3::Bucket", "Arn", "BucketName", "arn:{p}:s3:::{n}"),
    attribute("AWS::SQS::Queue", "Arn", "QueueName", "arn:{p}:sqs:{r}:{a}:{n}"),
    attribute("AWS::SQS::Queue", "QueueName", "QueueName", "{n}"),
    attribute("AWS::SNS::Topic", "Ref", "TopicName", "arn:{p}:sns:{r}:{a}:{n}"),
    attribute("AWS::SNS::Topic", "TopicArn", "TopicName", "arn:{p}:sns:{r}:{a}:{n}"),
    attribute("AWS::SNS::Topic", "TopicName", "TopicName", "{n}"),
    attribute("AWS::IAM::Role", "Ref", "RoleName", "{n}"),
    attribute("AWS::IAM::Role", "Arn", "RoleName", "arn:{p}:iam::{a}:role{path}{n}"),
    attribute("AWS::IAM::User", "Ref", "UserName", "{n}"),
    attribute("AWS::IAM::User", "Arn", "UserName", "arn:{p}:iam::{a}:user{path}{n}"),
    attribute("AWS::IAM::Group", "Ref", "GroupName", "{n}"),
    attribute("AWS::IAM::Group", "Arn", "GroupName", "arn:{p}:iam::{a}:group{path}{n}"),
    attribute("AWS::IAM::ManagedPolicy", "Ref", "ManagedPolicyName", "arn:{p}:iam::{a}:policy{path}{n}"),
    attribute("AWS::IAM::InstanceProfile", "Ref", "InstanceProfileName", "{n}"),
    attribute("AWS::IAM::InstanceProfile", "Arn", "InstanceProfileName", "arn:{p}:iam::{a}:instance-profile{path}{n}"),
    attribute("AWS::Lambda::Function", "Ref", "FunctionName", "{n}"),
    attribute("AWS::Lambda::Function", "Arn", "FunctionName", "arn:{p}:lambda:{r}:{a}:function:{n}"),
    attribute("AWS::Serverless::Function", "Ref", "FunctionName", "{n}"),
    attribute("AWS::Serverless::Function", "Arn", "FunctionName", "arn:{p}:lambda:{r}:{a}:function:{n}"),
    attribute("AWS::DynamoDB::Table", "Ref", "TableName", "{n}"),
    attribute("AWS::DynamoDB::Table", "Arn", "TableName", "arn:{p}:dynamodb:{r}:{a}:table/{n}"),
    attribute("AWS::DynamoDB::GlobalTable", "Ref", "TableName", "{n}"),
    attribute("AWS::DynamoDB::GlobalTable", "Arn", "TableName", "arn:{p}:dynamodb:{r}:{a}:table/{n}"),
    attribute("AWS::Serverless::SimpleTable", "Ref", "TableName", "{n}"),
    attribute("AWS::KMS::Key", "Ref", "", "{n}"),
    attribute("AWS::KMS::Key", "KeyId", "", "{n}"),
    attribute("AWS::KMS::Key", "Arn", "", "arn:{p}:kms:{r}:{a}:key/{n}"),
    attribute("AWS::SecretsManager::Secret", "Ref", "", "arn:{p}:secretsmanager:{r}:{a}:secret:{n}"),
    attribute("AWS::SecretsManager::Secret", "Id", "", "arn:{p}:secretsmanager:{r}:{a}:secret:{n}"),
    attribute("AWS::Logs::LogGroup", "Ref", "LogGroupName", "{n}"),
    attribute("AWS::Logs::LogGroup", "Arn", "LogGroupName", "arn:{p}:logs:{r}:{a}:log-group:{n}:*"),
    attribute("AWS::Kinesis::Stream", "Ref", "Name", "{n}"),
    attribute("AWS::Kinesis::Stream", "Arn", "Name", "arn:{p}:kinesis:{r}:{a}:stream/{n}"),
    attribute("AWS::ECR::Repository", "Ref", "RepositoryName", "{n}"),
    attribute("AWS::ECR::Repository", "Arn", "RepositoryName", "arn:{p}:ecr:{r}:{a}:repository/{n}"),
    attribute("AWS::StepFunctions::StateMachine", "Ref", "StateMachineName", "arn:{p}:states:{r}:{a}:stateMachine:{n}"),
    attribute("AWS::StepFunctions::StateMachine", "Arn", "StateMachineName", "arn:{p}:states:{r}:{a}:stateMachine:{n}"),
    attribute("AWS::Events::EventBus", "Ref", "Name", "{n}"),
    attribute("AWS::Events::EventBus", "Arn", "Name", "arn:{p}:events:{r}:{a}:event-bus/{n}"),
    attribute("AWS::Events::Rule", "Arn", "Name", "arn:{p}:events:{r}:{a}:rule/{n}"),
    attribute("AWS::ECS::Cluster", "Ref", "ClusterName", "{n}"),
    attribute("AWS::ECS::Cluster", "Arn", "ClusterName", "arn:{p}:ecs:{r}:{a}:cluster/{n}"),
    attribute("AWS::CodeBuild::Project", "Ref", "Name", "{n}"),
    attribute("AWS::CodeBuild::Project", "Arn", "Name", "arn:{p}:codebuild:{r}:{a}:project/{n}"),
    attribute("AWS::CloudFront::Distribution", "Ref", "", "{n}"),
];

/// The policies of a resource of this type.
pub(super) fn holders(of: &str) -> impl Iterator<Item = &'static Holder> {
    POLICIES.iter().filter(move |holder| holder.of == of)
}

/// What an attribute of a resource of this type looks like.
pub(super) fn form(of: &str, name: &str) -> Option<&'static Attribute> {
    ATTRIBUTES.iter().find(|attribute| attribute.of == of && attribute.name == name)
}

/// The properties that attributes of a resource of this type are made of.
pub(super) fn naming(of: &str) -> impl Iterator<Item = &'static str> {
    let all: std::collections::BTreeSet<&str> = ATTRIBUTES.iter().filter(|one| one.of == of).map(|one| one.property).collect();
    all.into_iter().filter(|name| !name.is_empty()).chain(["Path"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_name_each_thing_once_and_types_that_questions_know() {
        for (at, one) in POLICIES.iter().enumerate() {
            assert!(POLICIES.iter().skip(at + 1).all(|other| (other.of, other.path) != (one.of, one.path)), "{one:?}");
        }
        for (at, one) in ATTRIBUTES.iter().enumerate() {
            assert!(ATTRIBUTES.iter().skip(at + 1).all(|other| (other.of, other.name) != (one.of, one.name)), "{one:?}");
        }
    }
}
