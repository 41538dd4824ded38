//! How do ARNs of a service's resources look, which Regions are there, and which actions can see a resource's tags?
//!
//! Some resources have ARNs of another service (`sts:AssumeRole` takes a role of `iam`), so the formats of a service are
//! looked for in the whole catalog, once.
//!
//! Sources: AWS service reference; the Regions of AWS's SDKs, 2026-10-27, and those that AWS has announced.

use super::{Action, Catalog};
use crate::glob::Glob;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The format of a resource's ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    /// Whether it names a Region.
    pub needs_region: bool,
    /// The account: `None` if it has none, empty if any, else the one.
    pub account: Option<&'static str>,
    /// What follows the account, each placeholder as `*`.
    pub rest: Glob,
}

static REGIONS: &[&str] = &[
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-isoe-west-1",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "me-west-1",
    "mx-central-1",
    "sa-east-1",
    "sa-west-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "us-iso-west-1",
    "us-isob-east-1",
    "us-isob-west-1",
    "us-isof-east-1",
    "us-isof-south-1",
    "us-west-1",
    "us-west-2",
];

/// Whether there is such a Region.
pub fn is_region(name: &str) -> bool {
    REGIONS.binary_search(&name).is_ok()
}

/// The formats of ARNs that name a service, in lower case, in the newest catalog; empty if it lists none.
pub fn formats(service: &str) -> &'static [Format] {
    static ALL: OnceLock<BTreeMap<String, Vec<Format>>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let mut all: BTreeMap<String, Vec<Format>> = BTreeMap::new();
        let resources = Catalog::latest().services().flat_map(|(_, service)| service.resources.values());
        for arn in resources.flat_map(|resource| resource.arn.split(", ")) {
            if let Some((service, format)) = format(arn) {
                let known = all.entry(service).or_default();
                if !known.contains(&format) {
                    known.push(format);
                }
            }
        }
        all
    });
    all.get(service).map_or(&[], Vec::as_slice)
}

impl Catalog {
    /// Whether the catalog lists a condition key, in lower case, with an action itself.
    pub fn lists_key(&self, prefix: &str, name: &str, key: &str) -> bool {
        let action = self.service(prefix).and_then(|service| service.action(name));
        action.is_some_and(|action| action.keys.iter().any(|known| super::key::fits(known, key)))
    }

    /// Whether a request for an action can carry tags of its resource; `None` if the catalog does not know the action.
    pub fn sees_resource_tags(&self, prefix: &str, name: &str) -> Option<bool> {
        let service = self.service(prefix)?;
        let action = service.action(name)?;
        let of_resources = action.resources.iter().filter_map(|of| service.resources.get(of)).flat_map(|of| &of.keys);
        Some(action.keys.iter().chain(of_resources).any(|key| begins(key, "aws:resourcetag/")))
    }
}

impl Action {
    /// Whether a request for it can carry tags that it sets.
    pub fn sees_request_tags(&self) -> bool {
        self.keys.iter().any(|key| begins(key, "aws:requesttag/"))
    }
}

fn begins(key: &str, start: &str) -> bool {
    key.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

fn format(arn: &'static str) -> Option<(String, Format)> {
    // Placeholders hold no colons.
    let mut parts = arn.splitn(6, ':');
    let (_, _, service, region) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let (account, rest) = (parts.next()?, parts.next()?);
    let account = match account {
        "" => None,
        text if text.contains(['$', '*']) => Some(""),
        text => Some(text),
    };
    let rest = Glob::parse(&super::without_placeholders(rest));
    Some((service.to_ascii_lowercase(), Format { needs_region: !region.is_empty(), account, rest }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_sorted() {
        assert!(REGIONS.is_sorted() && is_region("eu-central-1") && !is_region("eu-central-9"));
    }

    #[test]
    fn formats_are_those_of_the_arn_s_service() {
        let buckets = formats("s3");
        assert!(buckets.iter().any(|format| !format.needs_region && format.account.is_none() && format.rest.matches("b")));
        assert!(formats("iam").iter().all(|format| !format.needs_region));
        assert!(formats("elasticloadbalancing").iter().all(|format| format.needs_region));
        assert!(formats("nosuchservice").is_empty());
    }

    #[test]
    fn tags_of_resources_and_requests() {
        let latest = Catalog::latest();
        assert_eq!(latest.sees_resource_tags("logs", "DescribeLogGroups"), Some(false));
        assert_eq!(latest.sees_resource_tags("logs", "CreateLogGroup"), Some(true));
        assert_eq!(latest.sees_resource_tags("logs", "NoSuchAction"), None);
        assert!(latest.service("acm").and_then(|acm| acm.action("RequestCertificate")).is_some_and(Action::sees_request_tags));
    }
}
