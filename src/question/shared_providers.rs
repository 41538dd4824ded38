//! Which OIDC providers are shared by many customers, and which claim of each tells one customer from another?
//!
//! Anybody gets a token from a shared provider, and the audience is mostly the same for all (`sts.amazonaws.com`). So a
//! policy is confined to one customer only by the claim that AWS requires in role trust policies, compared with a value
//! that names a customer. Any other claim of these providers fixes nothing.
//!
//! Sources: IAM User Guide, "Identity-provider controls for shared OIDC providers" (providers and claims); IAM Access
//! Analyzer, filter keys (the claims of the built-in providers); aws-samples/resource-control-policy-examples,
//! "Shared-Issuers" (how subjects start), Pulumi's and Vercel's guides for AWS (their audiences).
//!
//! A provider that is not listed counts as its account's own. Not listed as it cannot be: no claim of Microsoft Sentinel's
//! provider pins, as its control is `sts:RoleSessionName`, which any caller chooses.

use crate::glob::Glob;
use crate::value::arn;

/// A provider by its URL without scheme, its claim that pins, and how the claim's values start before the customer's name.
/// Without such a start, whole values only.
const SHARED: [(&str, &str, &str); 25] = [
    ("accounts.google.com", "aud", ""),
    ("agent.buildkite.com", "sub", "organization:"),
    ("api.pulumi.com/oidc", "aud", ""),
    ("app.terraform.io", "sub", "organization:"),
    ("cognito-identity.amazonaws.com", "aud", ""),
    ("gitlab.com", "sub", "project_path:"),
    ("graph.facebook.com", "app_id", ""),
    ("oidc-configuration.audit-log.githubusercontent.com", "sub", "https://github.com/"),
    ("oidc.codefresh.io", "sub", "account:"),
    ("oidc.op1.openshiftapps.com/2c51blsaqa9gkjt0o9rt11mle8mmropu", "sub", TURBONOMIC),
    ("oidc.op1.openshiftapps.com/2f785sojlpb85i7402pk3qogugim5nfb", "sub", TURBONOMIC),
    ("oidc.vercel.com", "aud", "https://vercel.com/"),
    ("proidc.upbound.io", "sub", "mcp:"),
    ("rh-oidc.s3.us-east-1.amazonaws.com/22ejnvnnturfmt6km08idd0nt4hekbn7", "sub", TURBONOMIC),
    ("rh-oidc.s3.us-east-1.amazonaws.com/23e3sd27sju1hoou6ohfs68vbno607tr", "sub", TURBONOMIC),
    ("rh-oidc.s3.us-east-1.amazonaws.com/23ne21h005qjl3n33d8dui5dlrmv2tmg", "sub", TURBONOMIC),
    ("rh-oidc.s3.us-east-1.amazonaws.com/24jrf12m5dj7ljlfb4ta2frhrcoadm26", "sub", TURBONOMIC),
    ("sandboxes.cloud", "aud", ""),
    ("scalr.io", "sub", "account:"),
    ("sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d", NONE, ""),
    ("studio.datachain.ai/api", "sub", "credentials:"),
    ("token.actions.githubusercontent.com", "sub", "repo:"),
    ("tokens.cloud.shisho.dev", "sub", "job:"),
    ("vstoken.actions.githubusercontent.com", "sub", "repo:"),
    ("www.amazon.com", "app_id", ""),
];

/// IBM Turbonomic, which AWS's page lists without a lasting URL.
const TURBONOMIC: &str = "system:serviceaccount:";

/// No claim.
const NONE: &str = "-";

/// The audience that clients send to AWS, whoever they are.
const COMMON_AUDIENCE: &str = "sts.amazonaws.com";

/// Whether the pattern names providers of one account that only this account's own people get a token or assertion from.
///
/// A SAML provider is set up with the metadata of one identity provider. A wildcard among OIDC providers covers shared ones.
pub(super) fn are_private(pattern: &Glob) -> bool {
    let start = pattern.literal_prefix();
    let Some([_, _, "iam", _, account, name]) = arn::split(&start) else { return false };
    let is_private = match name.split_once('/') {
        Some(("saml-provider", _)) => true,
        Some(("oidc-provider", url)) => !pattern.has_wildcard() && !is_shared(url),
        _ => false,
    };
    arn::is_account(account) && is_private
}

/// Whether many customers share the provider at this URL.
fn is_shared(url: &str) -> bool {
    let url = url.trim_end_matches('/').to_ascii_lowercase();
    SHARED.iter().any(|(shared, ..)| *shared == url)
}

/// Whether a condition key is the claim that pins, and the pattern names one customer.
pub(super) fn is_pinned(key: &str, pattern: &Glob) -> bool {
    let Some((url, claim)) = key.rsplit_once(':') else { return false };
    let url = url.trim_end_matches('/');
    let Some((.., start)) = SHARED.iter().find(|(shared, pins, _)| *shared == url && *pins == claim) else { return false };
    let text = pattern.literal_prefix();
    let Some(rest) = text.strip_prefix(start) else { return false };
    let name = rest.split([':', '/']).next().unwrap_or_default();
    if pattern.has_wildcard() {
        // The name must have ended before the wildcard.
        return !start.is_empty() && !name.is_empty() && name.len() < rest.len();
    }
    !name.is_empty() && text != COMMON_AUDIENCE
}
