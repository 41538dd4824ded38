//! Which partitions does AWS have?
//!
//! A partition is a group of Regions with an IAM of its own: the second part of every ARN. An account is of one partition,
//! and credentials of one partition reach nothing in another. New ones are rare, so the list is written down, with its day.
//!
//! Sources: AWS General Reference, "Amazon Resource Names (ARNs)"; AWS Fault Isolation Boundaries, "Partitions" (no
//! credentials across them); the partitions and Regions of AWS's SDKs, 2026-10-27.

/// A partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// As in ARNs.
    pub name: &'static str,
    /// One of its Regions.
    pub region: &'static str,
}

/// The partitions of 2026-10-27, the one with most customers first.
pub const PARTITIONS: [Partition; 8] = [
    of("aws", "us-east-1"),
    of("aws-cn", "cn-north-1"),
    of("aws-us-gov", "us-gov-west-1"),
    of("aws-iso", "us-iso-east-1"),
    of("aws-iso-b", "us-isob-east-1"),
    of("aws-iso-e", "eu-isoe-west-1"),
    of("aws-iso-f", "us-isof-south-1"),
    of("aws-eusc", "eusc-de-east-1"),
];

const fn of(name: &'static str, region: &'static str) -> Partition {
    Partition { name, region }
}

impl Partition {
    /// A partition by its name in ARNs.
    pub fn named(name: &str) -> Option<Self> {
        PARTITIONS.into_iter().find(|partition| partition.name == name)
    }
}
