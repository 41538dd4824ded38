//! Whom does a zone of trust hold, and which requests are from outside it?
//!
//! A zone is a set of accounts and organizations, and of identity providers, services, canonical users and principals by
//! name. A principal is inside if it is one of those or of one of those. A service acts for somebody, so it is judged by the
//! request: inside are those in which a key that says for whom it calls ([`SOURCES`]) names the zone. In the trust policy of
//! a role (actions of `sts`) services that get roles through iam:PassRole are inside too, as only the role's own account
//! passes it ([`passed_services`]).
//!
//! Requests from outside are written as scopes of a search, so that evaluator and encodings need to know nothing new: which
//! actions count, and a statement that applies to the requests.
//!
//! Source: IAM Access Analyzer API Reference, "ExternalAccessDetails" (an external principal can be an AWS service); IAM
//! User Guide, "The confused deputy problem"; Amazon SNS Developer Guide, "aws:SourceAccount versus aws:SourceOwner".

use crate::catalog::passed_services;
use crate::glob::Glob;
use crate::policy::predicate::{self, none_of};
use crate::policy::{Access, BaseOperator, Condition, Policy, PrincipalMatch, PrincipalPattern, Template, Test};
use crate::value::arn;

/// Who is trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Zone {
    accounts: Vec<String>,
    organizations: Vec<String>,
    others: Vec<PrincipalPattern>,
    /// Resources on whose behalf services may call, as ARN patterns.
    sources: Vec<String>,
    /// Whether services that nothing pins are trusted.
    pub trusts_services: bool,
}

/// Requests from outside.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    /// Those to which every statement applies.
    pub(super) within: Policy,
    /// Actions that do not count.
    pub(super) except: Vec<Glob>,
    /// Whether it matters for the actions of trust policies only: what it says of others another scope says too.
    pub(super) trust: bool,
    /// Whether they come from services.
    pub(super) services: bool,
}

/// Keys that say for whom a service calls; the last is the older name of the first, in topic policies.
pub(super) const SOURCES: [&str; 5] =
    ["aws:SourceAccount", "aws:SourceArn", "aws:SourceOrgID", "aws:SourceOrgPaths", "aws:SourceOwner"];

/// The actions of trust policies.
pub(super) const TRUST: &str = "sts:*";

impl Zone {
    /// Adds an account id, an organization id, an ARN, a canonical user id or a domain name; an error says what is wrong.
    pub fn trust(&mut self, text: &str) -> Result<(), String> {
        let canonical = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if arn::is_account(text) {
            self.accounts.push(text.to_owned());
        } else if arn::is_organization(text) {
            self.organizations.push(text.to_owned());
        } else if text.starts_with("o-") && !text.contains('.') {
            return Err(format!("`{text}` is not an organization id: it is o- and 10 to 32 lower-case letters or digits"));
        } else if canonical {
            self.others.push(PrincipalPattern::CanonicalUser(text.to_owned()));
        } else if let Some([_, _, "iam", "", account, "root"]) =
            arn::split(text).filter(|[.., account, _]| arn::is_account(account))
        {
            self.accounts.push(account.to_owned());
        } else if let Some([_, _, service, _, _, rest]) = arn::split(text) {
            let federated = service == "iam" && (rest.starts_with("saml-provider/") || rest.starts_with("oidc-provider/"));
            self.others.push(if federated {
                PrincipalPattern::Federated(Glob::literal(text))
            } else {
                let parts: Vec<Glob> = text.splitn(6, ':').map(Glob::parse).collect();
                let parts: [Glob; 6] = parts.try_into().map_err(|_| format!("`{text}` is no ARN"))?;
                PrincipalPattern::Arn(Box::new(parts))
            });
            self.sources.push(text.to_owned());
        } else if text.contains('.') && !text.contains([' ', '*', '/']) {
            self.others.extend([PrincipalPattern::Federated, PrincipalPattern::Service].map(|of| of(Glob::literal(text))));
        } else {
            return Err(format!(
                "`{text}` is neither an account id (12 digits), an organization id (o-...), an ARN, nor a canonical user id"
            ));
        }
        Ok(())
    }

    /// Every request from outside is of one of these scopes; people's come first. (Of an access definition: the services
    /// that are told apart are those that it tells apart, [`passed`].)
    pub(super) fn outside(&self, access: &Access) -> Vec<Scope> {
        let inside = || self.accounts.iter().map(|id| predicate::account(id)).chain(self.others.iter().cloned());
        let any_service = || PrincipalPattern::Service(Glob::parse("*"));
        let people = none_of(inside().chain([any_service()]).collect(), self.elsewhere());
        let services = |also_inside: Vec<PrincipalPattern>| {
            let mut within = none_of(inside().chain(also_inside).collect(), self.elsewhere());
            let only = none_of(Vec::new(), Vec::new()).statements;
            within.statements.extend(only.into_iter().map(|mut statement| {
                statement.principal = Some(PrincipalMatch::of(false, vec![any_service()]));
                statement
            }));
            within
        };
        let passed = passed(access).into_iter().map(PrincipalPattern::Service).collect();
        vec![
            Scope { within: people, except: Vec::new(), trust: false, services: false },
            Scope { within: services(Vec::new()), except: vec![Glob::parse(TRUST)], trust: false, services: true },
            Scope { within: services(passed), except: Vec::new(), trust: true, services: true },
        ]
    }

    /// The requests of services that get roles through iam:PassRole, and that nothing else makes inside.
    pub(super) fn passed(&self, access: &Access) -> Policy {
        let passed: Vec<PrincipalPattern> = passed(access).into_iter().map(PrincipalPattern::Service).collect();
        let mut policy = none_of(Vec::new(), self.elsewhere());
        let services = PrincipalMatch::of(false, passed);
        policy.statements.iter_mut().for_each(|statement| statement.principal = Some(services.clone()));
        policy
    }

    /// No key names the zone.
    fn elsewhere(&self) -> Vec<Condition> {
        let mut conditions = Vec::new();
        let mut add = |operator, key: &str, values: Vec<String>| {
            if !values.is_empty() {
                conditions.push(predicate::condition(operator, key, &values.iter().map(String::as_str).collect::<Vec<_>>()));
            }
        };
        let paths = || self.organizations.iter().map(|id| format!("{id}/*")).collect::<Vec<_>>();
        let arns = self.accounts.iter().map(|id| format!("arn:*:*:*:{id}:*")).chain(self.sources.iter().cloned()).collect();
        add(BaseOperator::StringNotEquals, "aws:PrincipalOrgID", self.organizations.clone());
        add(BaseOperator::StringNotLike, "aws:PrincipalOrgPaths", paths());
        add(BaseOperator::StringNotEquals, "aws:SourceAccount", self.accounts.clone());
        add(BaseOperator::StringNotEquals, "aws:SourceOwner", self.accounts.clone());
        add(BaseOperator::ArnNotLike, "aws:SourceArn", arns);
        add(BaseOperator::StringNotEquals, "aws:SourceOrgID", self.organizations.clone());
        add(BaseOperator::StringNotLike, "aws:SourceOrgPaths", paths());
        add(BaseOperator::StringNotEquals, "kms:CallerAccount", self.accounts.clone());
        conditions
    }
}

/// The services that get roles through iam:PassRole and that an access definition may tell from any other. What it says of
/// one that no pattern of it matches, but `*`, it says of endlessly many that nobody has heard of: such a service changes no
/// answer, and is left out.
fn passed(access: &Access) -> Vec<Glob> {
    const NAME: &str = "aws:principalservicename";
    let mut named: Vec<Glob> = Vec::new();
    let mut is_known = true;
    for (_, _, statement) in access.statements() {
        for pattern in statement.principal.iter().flat_map(PrincipalMatch::lists).flatten() {
            if let PrincipalPattern::Service(glob) = pattern {
                named.push(glob.clone());
            }
        }
        for condition in &statement.conditions {
            match &condition.test {
                Test::Text(_, templates) if condition.key == NAME => {
                    let globs: Option<Vec<Glob>> = templates.iter().map(Template::as_glob).collect();
                    is_known &= globs.is_some();
                    named.extend(globs.unwrap_or_default());
                }
                Test::Text(..) | Test::Number(..) | Test::Date(..) | Test::Ip(_) | Test::Present | Test::Absent => {}
            }
        }
        let names = |pattern: &Template| pattern.variables().any(|variable| variable.key == NAME);
        let in_resource = statement.resource.iter().flat_map(|resource| &resource.patterns).any(|one| names(&one.whole));
        let in_condition = statement.conditions.iter().any(|condition| match &condition.test {
            Test::Text(_, templates) => templates.iter().any(names),
            Test::Number(..) | Test::Date(..) | Test::Ip(_) | Test::Present | Test::Absent => false,
        });
        is_known &= !in_resource && !in_condition;
    }
    named.retain(|glob| !glob.is_everything());
    // Without case, as some operators compare: to keep one more changes nothing.
    let lower: Vec<Glob> = named.iter().map(Glob::to_ascii_lowercase).collect();
    let is_told = |service: &&Glob| match service.as_literal() {
        Some(name) => lower.iter().any(|glob| glob.matches(&name)),
        None => !lower.is_empty(),
    };
    // The name of a service in a witness where any would do is one that would not do.
    let counts = |service: &&Glob| !is_known || is_told(service) || service.matches("lambda.amazonaws.com");
    passed_services().iter().filter(counts).cloned().collect()
}
