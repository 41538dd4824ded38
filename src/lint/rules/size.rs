//! Is the policy too large for where it is attached?
//!
//! IAM does not count blanks; Organizations and resource policies do. The limit for identity policies is that of a role's
//! inline policies: smaller ones got no finding of AWS. AWS's count is one more than the characters that are no blanks.
//!
//! Sources: IAM and AWS STS quotas; Quotas for AWS Organizations (2026-05-15); S3 quotas; AWS's published results.

use crate::lint::registry::Emit;
use crate::lint::request::PolicyType;
use crate::lint::view::Policy;

/// `POLICY_SIZE_EXCEEDS_...`
pub(crate) fn check(policy: &Policy<'_>, emit: &mut Emit<'_>) {
    let text = policy.source.text.get(policy.json.span.start..policy.json.span.end).unwrap_or("");
    let counts_blanks = !matches!(policy.kind, PolicyType::Identity) && !policy.is_trust();
    let size = text.chars().filter(|c| counts_blanks || !c.is_whitespace()).count();
    let (limit, size) = match policy.kind {
        PolicyType::Identity => (10_240, size + 1),
        PolicyType::Resource if policy.is_trust() => (2_048, size),
        PolicyType::Resource => (20_480, size),
        PolicyType::ServiceControl => (10_240, size),
        PolicyType::ResourceControl => (5_120, size),
    };
    if size > limit {
        let counted = if counts_blanks { "with blanks" } else { "without blanks" };
        emit.at(&policy.whole(), format!("the policy has {size} characters {counted}; the limit is {limit}: split it"));
    }
}
