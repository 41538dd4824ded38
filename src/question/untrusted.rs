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
//! Decisions: a principal is pinned by its account, whatever its name, as nobody outside the account can be it. Each
//! address block is judged by itself: /8 or narrower for IPv4, /32 or narrower for IPv6, or private (RFC 1918). An
//! identity provider that many customers share (web identity by domain name; GitHub, GitLab, ... as OIDC providers) pins
//! only with its own `aud`, `app_id` or `sub`; others pin by the account of their ARN.
//!
//! Sources: Amazon S3 User Guide, "Blocking public access", The meaning of "public"; Amazon EFS User Guide, the same
//! section (`elasticfilesystem:AccessedViaMountTarget`); IAM User Guide, "Identity-provider controls for shared OIDC
//! providers"; IAM Access Analyzer, filter keys of external access (`kms:CallerAccount`, `lambda:EventSourceToken`).

use crate::diag::{Source, Span};
use crate::document::Effect;
use crate::glob::Glob;
use crate::policy::access::Place;
use crate::policy::{
    Access, ActionMatch, BaseOperator, Condition, Operator, Policy, PrincipalMatch, PrincipalPattern, Statement, Template, Test,
    TextMode,
};
use crate::value::arn;
use crate::value::ip::{self, IpNet};
use std::collections::{BTreeMap, BTreeSet};

/// Keys whose fixed values pin a request, in lower case.
const PINNING: [&str; 20] = [
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpcarn",
    "aws:sourcevpce",
    "aws:userid",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
    "elasticfilesystem:accessedviamounttarget",
    "kms:calleraccount",
    "lambda:eventsourcetoken",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
];

/// Hosts of OIDC providers that many customers share.
const SHARED: [&str; 9] = [
    "token.actions.githubusercontent.com",
    "gitlab.com",
    "app.terraform.io",
    "oidc.codefresh.io",
    "agent.buildkite.com",
    "accounts.google.com",
    "cognito-identity.amazonaws.com",
    "graph.facebook.com",
    "www.amazon.com",
];

/// A pattern that stands for fixed values, and how its key is compared with it.
type Fixed = BTreeMap<(String, BaseOperator), BTreeSet<String>>;

#[derive(Debug, Default)]
struct Named {
    principals: Vec<PrincipalPattern>,
    fixed: Fixed,
    addresses: BTreeSet<IpNet>,
    compares_addresses: bool,
}

/// What a question about stacks with control policies leaves out: service-linked roles, which those do not bind. They are
/// AWS's own, with policies that AWS wrote, so no policy of the stack is theirs.
pub(super) fn not_service_linked<'a>(accesses: impl IntoIterator<Item = &'a Access>) -> Option<Policy> {
    let controls = |access: &Access| {
        let mut places = access.members().iter().map(|member| member.place);
        places.any(|place| matches!(place, Place::ServiceControl(_) | Place::ResourceControl(_)))
    };
    let parts = ["arn", "*", "iam", "", "*", "role/aws-service-role/*"].map(Glob::parse);
    accesses.into_iter().any(controls).then(|| statement(vec![PrincipalPattern::Arn(Box::new(parts))], Vec::new()))
}

/// The requests that carry no fixed value which the access definition names.
pub(super) fn requests(access: &Access) -> Policy {
    let mut named = Named::default();
    for (_, _, statement) in access.statements() {
        statement.principal.iter().flat_map(|principal| &principal.patterns).for_each(|pattern| named.principal(pattern));
        statement.conditions.iter().for_each(|condition| named.condition(condition));
    }
    let mut conditions = Vec::new();
    for ((key, operator), values) in &named.fixed {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        conditions.push(condition(*operator, key, &values));
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
    statement(named.principals, conditions)
}

/// One policy of one statement: who is not among these principals, under these conditions.
pub(super) fn statement(not: Vec<PrincipalPattern>, conditions: Vec<Condition>) -> Policy {
    let statement = Statement {
        index: 0,
        sid: None,
        span: Span::default(),
        effect: Effect::Allow,
        principal: Some(PrincipalMatch { negated: true, patterns: not }),
        action: ActionMatch { negated: true, patterns: Vec::new(), spans: Vec::new() },
        resource: None,
        conditions,
    };
    Policy { source: Source::new("the question", ""), statements: vec![statement], warnings: Vec::new() }
}

/// A negated condition on a key: absent, or none of these.
pub(super) fn condition(base: BaseOperator, key: &str, values: &[&str]) -> Condition {
    Condition::new(Operator { base, set: None, if_exists: false }, key, Span::default(), values, false).0
}

/// Every principal of an account.
pub(super) fn account(id: &str) -> PrincipalPattern {
    PrincipalPattern::Account { partition: Glob::parse("*"), account: id.to_owned() }
}

impl Named {
    fn principal(&mut self, pattern: &PrincipalPattern) {
        let pins = match pattern {
            PrincipalPattern::Everyone | PrincipalPattern::Nobody(_) => None,
            PrincipalPattern::Account { account: id, .. } => Some(account(id)),
            PrincipalPattern::Arn(parts) => account_of(parts.as_ref()).map(|id| account(&id)),
            PrincipalPattern::Service(glob) => (!glob.has_wildcard()).then(|| pattern.clone()),
            PrincipalPattern::CanonicalUser(_) => Some(pattern.clone()),
            PrincipalPattern::Federated(glob) => {
                let parts: Vec<Glob> = glob.to_string().splitn(6, ':').map(Glob::parse).collect();
                let host = glob.to_string().rsplit('/').next().unwrap_or_default().to_owned();
                let is_pinned = account_of(&parts).is_some() && !SHARED.contains(&host.as_str());
                is_pinned.then(|| pattern.clone())
            }
        };
        self.principals.extend(pins);
    }

    fn condition(&mut self, condition: &Condition) {
        let key = condition.key.as_str();
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
        // A variable is no fixed value.
        let Some(glob) = template.as_glob() else { return };
        let literal = glob.as_literal();
        match key {
            "aws:principalarn" => {
                let parts: Vec<Glob> = template.split_colons(6).iter().filter_map(Template::as_glob).collect();
                self.principals.extend(account_of(&parts).map(|id| account(&id)));
            }
            "aws:principalaccount" => {
                self.principals.extend(literal.filter(|id| arn::is_account(id)).map(|id| account(&id)));
            }
            "aws:principalservicename" => {
                self.principals.extend(literal.map(|name| PrincipalPattern::Service(Glob::literal(&name))));
            }
            _ => {
                let pattern = if literal.is_some() { is_pinning(key) } else { pins_as_pattern(key, &glob) };
                if !pattern {
                    return;
                }
                let operator = match (literal.is_some(), mode) {
                    (true, TextMode::IgnoreCase) => BaseOperator::StringNotEqualsIgnoreCase,
                    (true, TextMode::Exact | TextMode::Arn) => BaseOperator::StringNotEquals,
                    (false, TextMode::Arn) => BaseOperator::ArnNotLike,
                    (false, TextMode::Exact | TextMode::IgnoreCase) => BaseOperator::StringNotLike,
                };
                self.fixed.entry((key.to_owned(), operator)).or_default().insert(literal.unwrap_or_else(|| glob.to_string()));
            }
        }
    }
}

/// Whether a fixed value of the key pins.
fn is_pinning(key: &str) -> bool {
    PINNING.contains(&key) || is_claim(key)
}

/// Whether the key is a claim that tells one customer of a shared identity provider from another.
fn is_claim(key: &str) -> bool {
    let Some((host, claim)) = key.rsplit_once(':') else { return false };
    (SHARED.contains(&host) || host == "saml") && ["aud", "app_id", "sub", "user_id"].contains(&claim)
}

/// Whether a pattern with wildcards pins all the same: its fixed part names who it is.
fn pins_as_pattern(key: &str, glob: &Glob) -> bool {
    let start = glob.literal_prefix();
    match key {
        // o-organization/r-root/...
        "aws:principalorgpaths" | "aws:sourceorgpaths" | "aws:vpceorgpaths" => start.contains('/'),
        // The account is fixed, the access point's name may be anything.
        "s3:dataaccesspointarn" => start.split(':').nth(4).is_some_and(arn::is_account) && start.contains(":accesspoint/"),
        // Two whole segments: repo:organization/..., organization:name:...
        _ if key.ends_with(":sub") && is_claim(key) => start.matches([':', '/']).count() >= 2,
        _ => false,
    }
}

/// The account of an ARN pattern, if it is fixed.
fn account_of(parts: &[Glob]) -> Option<String> {
    parts.get(4).filter(|_| parts.len() == 6).and_then(Glob::as_literal).filter(|id| arn::is_account(id))
}
