//! What is asked of `validate`: a policy's type, and the type of the resource that it is attached to.
//!
//! Source: IAM Access Analyzer API Reference, ValidatePolicy.

/// The type of a policy, as AWS's API names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PolicyType {
    /// Attached to a user, group or role.
    Identity,
    /// Attached to a resource; a role's trust policy too.
    Resource,
    /// A service control policy of Organizations.
    ServiceControl,
    /// A resource control policy of Organizations.
    ResourceControl,
}

impl PolicyType {
    /// All of them, with AWS's names.
    pub const ALL: [(&'static str, Self); 4] = [
        ("IDENTITY_POLICY", Self::Identity),
        ("RESOURCE_POLICY", Self::Resource),
        ("SERVICE_CONTROL_POLICY", Self::ServiceControl),
        ("RESOURCE_CONTROL_POLICY", Self::ResourceControl),
    ];

    /// The type of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, kind)| kind)
    }

    /// AWS's name.
    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

/// The type of a resource that ValidatePolicy has checks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are AWS's own")]
pub enum ResourceType {
    Bucket,
    AccessPoint,
    MultiRegionAccessPoint,
    ObjectLambdaAccessPoint,
    AssumeRolePolicyDocument,
    Table,
}

impl ResourceType {
    /// All of them, with AWS's names.
    pub const ALL: [(&'static str, Self); 6] = [
        ("AWS::S3::Bucket", Self::Bucket),
        ("AWS::S3::AccessPoint", Self::AccessPoint),
        ("AWS::S3::MultiRegionAccessPoint", Self::MultiRegionAccessPoint),
        ("AWS::S3ObjectLambda::AccessPoint", Self::ObjectLambdaAccessPoint),
        ("AWS::IAM::AssumeRolePolicyDocument", Self::AssumeRolePolicyDocument),
        ("AWS::DynamoDB::Table", Self::Table),
    ];

    /// The type of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, kind)| kind)
    }

    /// AWS's name.
    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}
