//! What does it mean that a policy of the revision is gone?
//!
//! One that only granted takes away what it granted: a note. One that limited others lets them do more: a Deny, a control
//! policy, a policy that bounded somebody, or one whose absence means that everybody may (of an endpoint, an API, a file system,
//! a key). That is new access, unless what it limited is gone as well.
//!
//! Sources: IAM User Guide, "Policy evaluation logic"; Amazon VPC User Guide, "Control access to VPC endpoints"; Amazon API
//! Gateway Developer Guide, "Control access to a REST API with API Gateway resource policies"; Amazon EFS User Guide, "Using
//! IAM to control file system data access" (default policy); AWS KMS Developer Guide, "Default key policy".

use super::compare::denies;
use crate::check::config::Config;
use crate::check::rules::{self, GONE, NEW};
use crate::diag::{Finding, Source};
use crate::document;
use crate::json::Value;
use crate::sources::located::filled;
use crate::sources::{Located, Open, PolicyType};
use std::collections::BTreeSet;

/// Resource types that everybody may use who gets there, or more than before, if they have no policy.
const OPEN_WITHOUT: [&str; 3] = ["AWS::ApiGateway::RestApi", "AWS::EFS::FileSystem", "AWS::KMS::Key"];

/// Whether more may be done with what a policy belongs to if it has none.
pub(super) fn is_open_without(of: &Located) -> bool {
    of.policy_type == PolicyType::Endpoint || of.resource_type.is_some_and(|one| OPEN_WITHOUT.contains(&one))
}

/// What is known of a policy that is gone.
pub(super) struct Gone<'o> {
    pub(super) old: &'o Located,
    /// The file that it was in, as it is now; empty if it is gone too.
    pub(super) file: Source,
    /// Whether the resource that it belonged to, or all that it was attached to, is gone too.
    pub(super) with_its_resource: bool,
    /// Whether a user or a role was bounded by it.
    pub(super) bounded: bool,
    /// Whether it was one of the policies of somebody who has no more than before by all of them.
    pub(super) is_kept: bool,
    /// The Deny statements of the policies that its resource has now.
    pub(super) left: &'o BTreeSet<String>,
    /// Whether the file is there and is not looked at any more.
    pub(super) is_passed_over: bool,
}

/// The Deny statements of a policy, as texts that can be compared.
pub(super) fn denied(of: &Located) -> BTreeSet<String> {
    of.versions.iter().flat_map(|version| denied_in(&version.value, &of.open)).collect()
}

/// The Deny statements of a document, as texts that can be compared.
pub(super) fn denied_in(document: &Value, open: &[Open]) -> BTreeSet<String> {
    let name = |index: usize| format!("<{}>", open.get(index).map_or("", |open| open.name.as_str()));
    let plain = |one: &Value| {
        let mut one = filled(one, &name).sorted();
        if let crate::json::Kind::Object(members) = &mut one.kind {
            members.retain(|member| member.key != "Sid");
        }
        one.to_string()
    };
    document::listed(document).iter().filter(|one| denies(one)).map(plain).collect()
}

/// The finding about a policy that is gone.
pub(super) fn judge(gone: &Gone<'_>, config: &Config) -> Option<Finding> {
    let old = gone.old;
    let limit = if gone.is_passed_over || gone.with_its_resource || gone.is_kept { None } else { limit(gone) };
    let (rule, message) = match limit {
        Some(lost) => (NEW, lost),
        None if gone.is_passed_over => (GONE, "This policy is in a file that is not looked at any more.".to_owned()),
        None if gone.is_kept => (GONE, "This policy is gone, and who had it has nothing more than before.".to_owned()),
        None if gone.with_its_resource => (GONE, "This policy is gone, with what it belonged to.".to_owned()),
        None => (GONE, "This policy is gone, and with it what it granted.".to_owned()),
    };
    if !config.asks(rule) {
        return None;
    }
    let mut found = rules::empty(&gone.file, config);
    let at = old.source.line_column(old.span.start);
    (found.rule, found.level, found.message) = (rule.to_owned(), config.level(rule), message);
    found.subject.clone_from(&old.name);
    found.basis = super::pairing::content(old).unwrap_or_default();
    found.notes.push(format!("it stood in {}:{}:{}", old.source.name, at.line, at.column));
    let is_open = matches!(old.policy_type, PolicyType::Identity | PolicyType::Unknown);
    if rule == GONE && is_open && !gone.with_its_resource && !gone.is_passed_over && !gone.is_kept {
        found.notes.push("where it bounded somebody, or was a control policy, that limit is gone too".to_owned());
    }
    if old.trouble.is_some() {
        found.notes.push("it could not be read then: what it said is not known".to_owned());
    }
    Some(found)
}

/// What it limited, in words; `None` of one that only granted.
fn limit(gone: &Gone<'_>) -> Option<String> {
    let old = gone.old;
    let lost = match old.policy_type {
        PolicyType::ServiceControl => "This service control policy is gone: what it took away is not taken away any more.",
        PolicyType::ResourceControl => "This resource control policy is gone: what it took away is not taken away any more.",
        PolicyType::Endpoint => "This endpoint policy is gone: whatever it kept from the endpoint passes it now.",
        _ if gone.bounded => "This policy is gone, and users or roles were bounded by it.",
        _ if is_open_without(old) => "This policy is gone: without one, its resource may be open to more than it let in.",
        _ if old.trouble.is_some() => return None,
        _ if denied(old).is_subset(gone.left) => return None,
        _ => "This policy is gone, and with it what it denied.",
    };
    Some(lost.to_owned())
}
