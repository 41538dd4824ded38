//! What of a file gives access that is not read here?
//!
//! Grants, ACLs, shares, permissions of images and snapshots have no policy; the policies of nested stacks, of SAM's connectors
//! and of macros are made elsewhere. Whoever hears that no policy lets anybody in must hear of them too, and so must whoever
//! compares two revisions where one of them is new or says something else.
//!
//! Sources: AWS CloudFormation, template reference; AWS provider of Terraform (read 2026-11).

use super::choice::When;
use super::template::{self, Given};
use super::{Kind, kind, terraform};
use crate::diag::{Source, Span};
use crate::json::{Member, Value};

/// Something that gives access, or limits it, and is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The resource, by its logical id or address.
    pub subject: String,
    /// What it is, in words: a clause.
    pub what: String,
    /// All that it says, as a text: two that share it give the same.
    pub definition: String,
    /// For which values of a template's parameters it is there.
    pub when: When,
    /// Whether it limits what others give, so that its absence gives more.
    pub limits: bool,
    /// Where it stands.
    pub span: Span,
}

/// A resource type that gives access, and by what.
const TYPES: [(&str, &str); 26] = [
    ("AWS::EC2::VPCEndpointServicePermissions", "a permission of an endpoint service"),
    ("AWS::EKS::AccessEntry", "an access entry of EKS"),
    ("AWS::LakeFormation::Permissions", "Lake Formation"),
    ("AWS::LakeFormation::PrincipalPermissions", "Lake Formation"),
    ("AWS::OpenSearchServerless::AccessPolicy", "an access policy of OpenSearch Serverless"),
    ("AWS::OpenSearchServerless::SecurityPolicy", "a security policy of OpenSearch Serverless"),
    ("AWS::RAM::ResourceShare", "a share of RAM"),
    ("AWS::Redshift::EndpointAuthorization", "an authorization of Redshift"),
    ("AWS::S3::AccessGrant", "a grant of S3 Access Grants"),
    ("aws_ami_launch_permission", "a launch permission of an image"),
    ("aws_eks_access_entry", "an access entry of EKS"),
    ("aws_eks_access_policy_association", "an access policy of EKS"),
    ("aws_kms_grant", "a grant of KMS"),
    ("aws_lakeformation_permissions", "Lake Formation"),
    ("aws_opensearch_authorize_vpc_endpoint_access", "an authorization of OpenSearch"),
    ("aws_cloudformation_stack", "a stack of CloudFormation"),
    ("aws_cloudformation_stack_set", "stacks of CloudFormation"),
    ("aws_opensearchserverless_access_policy", "an access policy of OpenSearch Serverless"),
    ("aws_opensearchserverless_security_policy", "a security policy of OpenSearch Serverless"),
    ("aws_ram_principal_association", "a share of RAM"),
    ("aws_ram_resource_share", "a share of RAM"),
    ("aws_redshift_endpoint_authorization", "an authorization of Redshift"),
    ("aws_s3control_access_grant", "a grant of S3 Access Grants"),
    ("aws_snapshot_create_volume_permission", "a permission of a snapshot"),
    ("aws_vpc_endpoint_service_allowed_principal", "a permission of an endpoint service"),
    ("aws_redshift_data_share_authorization", "an authorization of Redshift"),
];

/// Properties that give access where they have another value than these: type, property, values, by what.
const PROPERTIES: [(&str, &str, &[&str], &str); 9] = [
    ("AWS::S3::Bucket", "AccessControl", &OWNERS, "the ACL"),
    ("aws_s3_bucket", "acl", &OWNERS, "the ACL"),
    ("aws_s3_bucket_acl", "acl", &OWNERS, "the ACL"),
    ("aws_s3_bucket_acl", "access_control_policy", &[], "the ACL"),
    ("aws_s3_bucket", "grant", &[], "the ACL"),
    ("aws_s3_object", "acl", &OWNERS, "the ACL"),
    ("aws_ssm_document", "permissions", &[], "the permissions"),
    ("aws_db_snapshot", "shared_accounts", &[], "the shared accounts"),
    ("aws_db_cluster_snapshot", "shared_accounts", &[], "the shared accounts"),
];

/// ACLs that let in nobody but the owners.
const OWNERS: [&str; 6] =
    ["private", "bucket-owner-full-control", "bucket-owner-read", "Private", "BucketOwnerFullControl", "BucketOwnerRead"];

/// What of a document gives access that is not read.
pub fn beside(source: &Source, document: &Value, given: &Given) -> Vec<Unread> {
    match kind::recognize(document) {
        Some(Kind::Template) => template::unread(source, document, given),
        Some(Kind::Plan | Kind::State) => {
            let resources = terraform::resources(document);
            let each = |one: &terraform::Resource<'_>| {
                let unread = |what| Unread {
                    subject: one.address.clone(),
                    what,
                    definition: one.values.sorted().to_string(),
                    when: When::Known(true),
                    limits: false,
                    span: one.at.span,
                };
                said(&one.address, one.of, Some(one.values)).into_iter().map(unread).collect::<Vec<_>>()
            };
            resources.iter().filter(|one| !one.is_data).flat_map(each).collect()
        }
        Some(Kind::Configuration) => configured(document).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// What of Terraform's configuration as JSON has to do with policies: blocks and expressions make them.
fn configured(document: &Value) -> Option<Unread> {
    let blocks = ["resource", "data"].iter().filter_map(|name| document.get(name)).filter_map(Value::members).flatten();
    let is_one = |one: &&Member| ["iam", "policy", "permission"].iter().any(|word| one.key.contains(word));
    let definitions: Vec<String> = blocks.filter(is_one).map(|one| format!("{} {}", one.key, one.value.sorted())).collect();
    (!definitions.is_empty()).then(|| Unread {
        subject: "configuration".to_owned(),
        what: "policies that Terraform's configuration makes of blocks and expressions are read in a plan alone".to_owned(),
        definition: definitions.join("\n"),
        when: When::Known(true),
        limits: false,
        span: Span::new(document.span.start, document.span.start),
    })
}

/// What a resource gives without a policy, in words.
pub(super) fn said(name: &str, of: &str, properties: Option<&Value>) -> Vec<String> {
    let by_type =
        TYPES.iter().filter(|(own, _)| *own == of).map(|(_, by)| format!("{name} gives access by {by}, which is not read"));
    let by_property = PROPERTIES.iter().filter(|(own, ..)| *own == of).filter_map(|(_, property, harmless, by)| {
        let value = properties?.get(property)?;
        let is_empty = value.kind == crate::json::Kind::Null || value.elements().is_some_and(<[Value]>::is_empty);
        let is_empty = is_empty || value.members().is_some_and(<[_]>::is_empty) || value.as_str() == Some("");
        let is_harmless = value.as_str().is_some_and(|text| harmless.contains(&text));
        let shown = value.as_str().map(|text| format!(" `{text}`")).unwrap_or_default();
        (!is_empty && !is_harmless).then(|| format!("{name} has {by}{shown}, and what that gives is not read"))
    });
    by_type.chain(by_property).collect()
}
