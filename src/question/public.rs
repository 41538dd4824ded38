//! Which requests come from a principal that nothing in a policy pins?
//!
//! S3 Block Public Access starts from "public" and asks whether access is confined to *fixed* values of principals or of
//! certain condition keys. Asked over all requests that becomes: take away every request that carries a fixed value which
//! the policy itself names (of these keys, or an account, service or identity provider it names); if some request is still
//! allowed, it is one that anybody could have sent, and the policy is public. So a Deny that pins an otherwise public
//! Allow counts, and a wildcard (`vpc-*`) does not pin.
//!
//! What is left is written as one statement, [`requests`], that applies to exactly those requests: a `NotPrincipal` list
//! and negated conditions. So evaluator and encodings need to know nothing new.
//!
//! Decisions: a principal is pinned by its account, whatever its name, as nobody outside the account can be it; one of
//! AWS's own, whose ARN has a word in place of an account (CloudFront's origin access identities), by its whole name. Each
//! address block is judged by itself: /8 or narrower for IPv4, /32 or narrower for IPv6, or private (RFC 1918). An
//! identity provider that many customers share pins only with its claim that tells them apart (`shared_providers`); others
//! pin by the account of their ARN. Of SAML's keys only `saml:doc` pins: the others repeat what the provider asserts.
//! Negations, `IfExists` and `ForAllValues` need no rule: requests without the key are among those that are asked about.
//!
//! Sources: beside [`PINNING`], and there. IAM User Guide, "IAM and AWS STS condition context keys" (`saml:doc`).

use super::shared_providers;
use crate::diag::Span;
use crate::glob::Glob;
use crate::policy::predicate::{account, condition, none_of, not_service_linked};
use crate::policy::{Access, BaseOperator, Condition, Operator, Policy, PrincipalPattern, Template, Test, TextMode};
use crate::request::derived::{ValueForm, form_of};
use crate::value::arn;
use crate::value::ip::{self, IpNet};
use std::collections::{BTreeMap, BTreeSet};

/// Keys whose fixed values pin a request, in lower case, by where AWS says so.
const PINNING: [&str; 18] = [
    // S3 and EFS User Guides, the meaning of "public".
    "aws:principalorgid",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    // IAM Access Analyzer, filter keys of external access.
    "aws:principalorgpaths",
    "kms:calleraccount",
    // IAM User Guide, global condition keys: the account or organization of the same source or endpoint.
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourcevpcarn",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
];

/// A key of two values of which `true` pins (EFS User Guide, the meaning of "public").
const MOUNT_TARGET: &str = "elasticfilesystem:accessedviamounttarget";

/// The canonical user that stands for everybody without credentials (S3 User Guide, "Access control list overview").
const ANONYMOUS: &str = "65a011a29cdf8ec533ec3d1ccaae921c";

/// A pattern that stands for fixed values, and how its key is compared with it.
///
/// The flag says whether they hold constants ([`crate::policy::open`]), which are written as variables.
type Fixed = BTreeMap<(String, BaseOperator, bool), BTreeSet<String>>;

#[derive(Debug, Default)]
struct Named {
    principals: Vec<PrincipalPattern>,
    fixed: Fixed,
    addresses: BTreeSet<IpNet>,
    compares_addresses: bool,
}

/// The requests that carry no fixed value which the access definition names.
pub(super) fn requests(access: &Access) -> Policy {
    let mut named = Named::default();
    for (_, _, statement) in access.statements() {
        statement.principal.iter().flat_map(|principal| &principal.patterns).for_each(|pattern| named.principal(pattern));
        statement.conditions.iter().for_each(|condition| named.condition(condition));
    }
    let mut conditions = Vec::new();
    for ((key, base, constants), values) in &named.fixed {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let operator = Operator { base: *base, set: None, if_exists: false };
        conditions.push(Condition::new(operator, key, Span::default(), &values, *constants).0);
    }
    if named.compares_addresses {
        let private = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].iter().filter_map(|text| ip::parse_block(text));
        let blocks: Vec<String> = named.addresses.iter().copied().chain(private).map(|block| block.to_string()).collect();
        let values: Vec<&str> = blocks.iter().map(String::as_str).collect();
        conditions.push(condition(BaseOperator::NotIpAddress, "aws:sourceip", &values));
    }
    named.principals.dedup();
    let left_out = not_service_linked([access]).into_iter().flat_map(|policy| policy.statements);
    named.principals.extend(left_out.filter_map(|statement| statement.principal).flat_map(|list| list.patterns));
    none_of(named.principals, conditions)
}

impl Named {
    fn principal(&mut self, pattern: &PrincipalPattern) {
        let pins = match pattern {
            PrincipalPattern::Everyone | PrincipalPattern::Nobody(_) => None,
            PrincipalPattern::Account(_) => Some(pattern.clone()),
            PrincipalPattern::Arn(parts) => match account_of(parts.as_ref()) {
                Some(id) => Some(account(&id)),
                None => is_one_of_aws(parts.as_ref()).then(|| pattern.clone()),
            },
            PrincipalPattern::Service(glob) => (!glob.has_wildcard()).then(|| pattern.clone()),
            PrincipalPattern::CanonicalUser(id) => (id != ANONYMOUS).then(|| pattern.clone()),
            PrincipalPattern::Federated(glob) => shared_providers::are_private(glob).then(|| pattern.clone()),
        };
        self.principals.extend(pins);
    }

    fn condition(&mut self, condition: &Condition) {
        let key = condition.key.as_str();
        if key == MOUNT_TARGET {
            // Only who comes through a mount target is known by it, whichever of its two values a policy names.
            self.fix(key, TextMode::IgnoreCase, &Glob::literal("true"), None);
        }
        match &condition.test {
            Test::Ip(blocks) if key == "aws:sourceip" => {
                self.compares_addresses = true;
                self.addresses.extend(blocks.iter().copied().filter(|block| match block {
                    IpNet::V4(block) => block.prefix_len() >= 8,
                    IpNet::V6(block) => block.prefix_len() >= 32,
                }));
            }
            Test::Text(mode, templates) => {
                templates.iter().for_each(|template| self.text(key, *mode, template));
            }
            Test::Ip(_) | Test::Number(..) | Test::Date(..) | Test::Present | Test::Absent => {}
        }
    }

    fn text(&mut self, key: &str, mode: TextMode, template: &Template) {
        // A variable is no fixed value; a constant is one, whichever.
        let filled = template.constants_filled();
        let constant = filled.is_some().then_some(template);
        let template = filled.as_ref().unwrap_or(template);
        let Some(glob) = template.as_glob() else { return };
        let literal = glob.as_literal();
        match form_of(key) {
            Some(ValueForm::Arn) => {
                let parts: Vec<Glob> = template.split_colons(6).iter().filter_map(Template::as_glob).collect();
                match account_of(&parts) {
                    Some(id) => self.principals.push(account(&id)),
                    None if is_one_of_aws(&parts) => self.fix(key, mode, &glob, constant),
                    None => {}
                }
            }
            Some(ValueForm::Account) => {
                self.principals.extend(literal.filter(|id| arn::is_account(id)).map(|id| account(&id)));
            }
            Some(ValueForm::Service) => {
                self.principals.extend(literal.map(|name| PrincipalPattern::Service(Glob::literal(&name))));
            }
            _ if pins(key, &glob) => self.fix(key, mode, &glob, constant),
            _ => {}
        }
    }

    /// Values of this key that match are fixed.
    fn fix(&mut self, key: &str, mode: TextMode, glob: &Glob, constant: Option<&Template>) {
        let literal = glob.as_literal();
        let operator = match (literal.is_some(), mode) {
            (true, TextMode::IgnoreCase) => BaseOperator::StringNotEqualsIgnoreCase,
            (true, TextMode::Exact | TextMode::Arn) => BaseOperator::StringNotEquals,
            (false, TextMode::Arn) => BaseOperator::ArnNotLike,
            (false, TextMode::Exact | TextMode::IgnoreCase) => BaseOperator::StringNotLike,
        };
        let written = constant.map(Template::written).or(literal).unwrap_or_else(|| glob.to_string());
        self.fixed.entry((key.to_owned(), operator, constant.is_some())).or_default().insert(written);
    }
}

/// Whether what the key is compared with names who it is.
fn pins(key: &str, glob: &Glob) -> bool {
    let start = glob.literal_prefix();
    let fixed = match (key, glob.as_literal()) {
        // What every anonymous request has (IAM User Guide, "Variables and tags", principal key values).
        ("aws:userid", Some(value)) => !value.eq_ignore_ascii_case("anonymous"),
        // The account that has the provider, and the provider's name.
        ("saml:doc", _) => start.split_once('/').is_some_and(|(account, _)| arn::is_account(account)),
        (_, Some(_)) => PINNING.contains(&key),
        (_, None) => pins_as_pattern(key, &start),
    };
    // A pattern that also has `*` as a character cannot be written down again.
    let is_plain = !glob.has_wildcard() || !start.contains(['*', '?']);
    is_plain && (fixed || shared_providers::is_pinned(key, glob))
}

/// Whether a pattern with wildcards pins all the same: its fixed part names who it is.
fn pins_as_pattern(key: &str, start: &str) -> bool {
    match key {
        // o-organization/r-root/...
        "aws:principalorgpaths" | "aws:sourceorgpaths" | "aws:vpceorgpaths" => start.contains('/'),
        // The account is fixed, the access point's name may be anything.
        "s3:dataaccesspointarn" => start.split(':').nth(4).is_some_and(arn::is_account) && start.contains(":accesspoint/"),
        _ => false,
    }
}

/// The account of an ARN pattern, if it is fixed.
fn account_of(parts: &[Glob]) -> Option<String> {
    parts.get(4).filter(|_| parts.len() == 6).and_then(Glob::as_literal).filter(|id| arn::is_account(id))
}

/// Whether an ARN pattern names one identity that AWS keeps under a word in place of an account id.
fn is_one_of_aws(parts: &[Glob]) -> bool {
    let literal = |at: usize| parts.get(at).and_then(Glob::as_literal);
    literal(4).is_some_and(|word| !word.is_empty() && !arn::is_account(&word)) && literal(5).is_some()
}
