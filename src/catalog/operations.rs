//! Which actions does a call authorize itself by, and can a record of the call exist at all?
//!
//! CloudTrail names a service by its endpoint (`monitoring` is cloudwatch) and an operation with the version of its API
//! (`GetFunction20150331v2`); AWS's service reference says which actions authorize an operation. It over-approximates:
//! HeadObject names four. All of them count as used, because a permission that was perhaps used must not be lost.
//!
//! The other way round, a use can be seen only if some operation shows it. No record ever shows `iam:PassRole`, and none
//! shows an action that authorizes no operation. Object- and item-level calls are data events, which a trail leaves out
//! unless it is told otherwise: AWS's own flags say of an action whether management events show it; for services without
//! any such flag a table lists the data events.
//!
//! Sources: see `data/README.md`; IAM User Guide, "Grant permissions to pass a role" (no event, not in last-accessed data).

use super::lines::Lines;
use super::{Action, Catalog, Service};
use crate::glob::Glob;
use rustc_hash::FxHashSet;
use std::sync::OnceLock;

/// Operations that are not authorized by the action of their own name alone.
const OPERATIONS: Lines = Lines(include_str!("../../data/event-actions.txt"));
/// Actions that authorize no operation.
const NO_OPERATION: Lines = Lines(include_str!("../../data/no-operation.txt"));
/// How CloudTrail calls a service.
const SOURCES: Lines = Lines(include_str!("../../data/event-sources.txt"));
/// What the SDKs call a service.
const CLIENTS: Lines = Lines(include_str!("../../data/client-names.txt"));
/// Data events of services without flags, as patterns.
const DATA_EVENTS: &str = include_str!("../../data/data-events.txt");

/// What can show that an action was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Shown {
    /// Management events of CloudTrail.
    Management,
    /// Data events only, which a trail has if it is told to.
    Data,
    /// No record of a call: it authorizes none, or leaves no trace.
    Never,
}

/// The prefixes that a CloudTrail event source (`monitoring.amazonaws.com`) may stand for; none if nobody knows it.
pub fn services_of(source: &str) -> Vec<&'static str> {
    let host = source.strip_suffix(".cn").unwrap_or(source);
    let host = host.strip_suffix(".amazonaws.com").unwrap_or(host);
    let host = host.strip_suffix(".aws").unwrap_or(host);
    let known = |prefix: &str| -> Option<&'static str> { Catalog::latest().services.listed(prefix).map(|(known, _)| &**known) };
    if let Some(listed) = SOURCES.behind(host) {
        return listed.split(' ').filter_map(known).collect();
    }
    if let Some(prefix) = known(&host.to_ascii_lowercase()) {
        return vec![prefix];
    }
    let last = host.rsplit('.').next().unwrap_or(host);
    let client = CLIENTS.behind(host).and_then(known);
    // `sqs.cn-north-1`: a regional endpoint.
    let first = host.split_once('.').filter(|(_, region)| region.split('-').count() > 2).map(|(first, _)| first);
    let first = || services_of(first?).into_iter().next();
    client.or_else(|| known(&last.to_ascii_lowercase())).or_else(first).into_iter().collect()
}

/// The actions that authorize a call, in AWS's spelling, for an event's source and name. Empty if none does; `None` if
/// nobody knows the event.
pub fn actions_of(source: &str, event: &str) -> Option<Vec<&'static str>> {
    let services = services_of(source);
    let mut names = vec![event.to_owned()];
    names.extend(without_version(event).map(str::to_owned));
    // S3 writes the bucket into names where the API has none: DeleteBucketPublicAccessBlock.
    if services.contains(&"s3") {
        names.push(event.replacen("Bucket", "", 1));
    }
    for name in names {
        let found: Vec<Vec<&'static str>> = services.iter().filter_map(|service| by_name(service, &name)).collect();
        if !found.is_empty() {
            let mut all: Vec<&str> = found.into_iter().flatten().collect();
            all.sort_unstable();
            all.dedup();
            return Some(all);
        }
    }
    None
}

fn by_name(service: &str, operation: &str) -> Option<Vec<&'static str>> {
    let own = format!("{service}:{operation}");
    // Where the reference names others, or none, the action of the same name counts as well: it may be an older page.
    let same = Catalog::latest().canonical_action(&own);
    let Some(listed) = OPERATIONS.behind(&own) else { return same.map(|action| vec![action]) };
    Some(listed.split(' ').filter(|action| *action != "-").chain(same).collect())
}

/// The name before `20150331v2` or `2020_05_31`.
fn without_version(event: &str) -> Option<&str> {
    let plain = event.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_' || c == 'v');
    let version = event.get(plain.len()..)?;
    let digits = version.chars().filter(char::is_ascii_digit).count();
    (digits >= 8 && !plain.is_empty()).then_some(plain)
}

/// What can show that an action (`service:Name`, in any case) was used.
pub fn shown(action: &str) -> Shown {
    let lower = action.to_ascii_lowercase();
    let Some((prefix, name)) = lower.split_once(':') else { return Shown::Never };
    let Some(service) = Catalog::latest().service(prefix) else { return Shown::Never };
    let Some(known) = service.action(name) else { return Shown::Never };
    if lower == "iam:passrole" || without_operation(prefix, &lower) {
        return Shown::Never;
    }
    let is_data = if has_flags(service) { !flagged(known) } else { listed_as_data(&lower) };
    if is_data { Shown::Data } else { Shown::Management }
}

fn flagged(action: &Action) -> bool {
    action.last_accessed || action.policy_generation
}

fn has_flags(service: &Service) -> bool {
    service.actions().any(flagged)
}

fn without_operation(prefix: &str, action: &str) -> bool {
    static NONE: OnceLock<FxHashSet<String>> = OnceLock::new();
    let none = NONE.get_or_init(|| NO_OPERATION.0.lines().map(str::to_ascii_lowercase).collect());
    none.contains(action) || none.contains(&format!("{prefix}:*"))
}

fn listed_as_data(action: &str) -> bool {
    static PATTERNS: OnceLock<Vec<Glob>> = OnceLock::new();
    let parse = || DATA_EVENTS.lines().map(|line| Glob::parse(line).to_ascii_lowercase()).collect();
    PATTERNS.get_or_init(parse).iter().any(|pattern| pattern.matches(action))
}

/// Whether AWS's "action last accessed" data tracks an action (`service:Name`, in any case).
pub fn tracked(action: &str) -> bool {
    let known = action.split_once(':').and_then(|(prefix, name)| Catalog::latest().service(prefix)?.action(name));
    known.is_some_and(|action| action.last_accessed) && !action.eq_ignore_ascii_case("iam:PassRole")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_lead_to_the_actions_that_authorize_them() {
        for (source, event, actions) in [
            ("ec2.amazonaws.com", "DescribeInstances", "ec2:DescribeInstances"),
            ("ec2.amazonaws.com.cn", "RunInstances", "ec2:CreateTags ec2:RunInstances iam:PassRole"),
            ("monitoring.amazonaws.com", "PutMetricAlarm", "cloudwatch:PutMetricAlarm cloudwatch:TagResource"),
            ("email.amazonaws.com", "SendEmail", "ses:SendEmail"),
            ("lambda.amazonaws.com", "GetFunction20150331v2", "lambda:GetFunction lambda:ListTags"),
            ("lambda.amazonaws.com", "ListFunctions20150331", "lambda:ListFunctions"),
            ("cloudfront.amazonaws.com", "GetDistribution2020_05_31", "cloudfront:GetDistribution"),
            ("s3.amazonaws.com", "ListBuckets", "s3:ListAllMyBuckets"),
            ("s3.amazonaws.com", "GetBucketPublicAccessBlock", "s3:GetBucketPublicAccessBlock"),
            ("s3.amazonaws.com", "DeleteBucketPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
            ("kms.amazonaws.com", "ReEncrypt", "kms:ReEncryptFrom kms:ReEncryptTo"),
            ("cloudhsm.amazonaws.com", "CreateHapg", ""),
        ] {
            let found = actions_of(source, event).map(|actions| actions.join(" "));
            assert_eq!(found.as_deref(), Some(actions), "{source} {event}");
        }
        for (source, event) in
            [("signin.amazonaws.com", "ConsoleLogin"), ("nothing.amazonaws.com", "Get"), ("s3.amazonaws.com", "Frob")]
        {
            assert_eq!(actions_of(source, event), None, "{source} {event}");
        }
    }

    #[test]
    fn what_can_show_a_use() {
        for (action, expected) in [
            ("ec2:DescribeInstances", Shown::Management),
            ("kms:Decrypt", Shown::Management),
            ("S3:createbucket", Shown::Management),
            ("sns:CreateTopic", Shown::Management),
            ("glue:GetTable", Shown::Management),
            ("s3:GetObject", Shown::Data),
            ("s3:ListBucket", Shown::Data),
            ("dynamodb:GetItem", Shown::Data),
            ("lambda:InvokeFunction", Shown::Data),
            ("sqs:SendMessage", Shown::Data),
            ("sns:Publish", Shown::Data),
            ("sagemaker:InvokeEndpoint", Shown::Data),
            ("iam:PassRole", Shown::Never),
            ("rds-db:connect", Shown::Never),
            ("execute-api:Invoke", Shown::Never),
            ("s3:ReplicateObject", Shown::Never),
            ("s3:NoSuchAction", Shown::Never),
        ] {
            assert_eq!(shown(action), expected, "{action}");
        }
        assert!(tracked("ec2:RunInstances") && !tracked("s3:GetObject") && !tracked("iam:PassRole"));
    }

    #[test]
    fn the_tables_name_services_and_actions_that_there_are() {
        let latest = Catalog::latest();
        for line in DATA_EVENTS.lines() {
            let prefix = line.split(':').next().unwrap();
            assert!(latest.service(prefix).is_some(), "{line}");
        }
        for line in SOURCES.0.lines() {
            let mut words = line.split(' ').skip(1);
            assert!(words.all(|prefix| latest.service(prefix).is_some()), "{line}");
        }
        for line in NO_OPERATION.0.lines() {
            assert!(line.ends_with(":*") || latest.canonical_action(line).is_some(), "{line}");
        }
        assert!(OPERATIONS.0.lines().count() > 3_000);
    }
}
