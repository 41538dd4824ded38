//! Who outside a zone of trust gets which access? As findings, complete.
//!
//! A zone of trust is a set of accounts and organizations (and identity providers or canonical users, by name). A request
//! is from outside unless its principal is of one of those, a principal of a trusted organization, or an AWS service. A
//! service acts for somebody: through an entry that lets everybody in it is from outside if one of the keys that say for
//! whom (`aws:SourceAccount`, `aws:SourceArn`, `aws:SourceOrgID`, `aws:SourceOrgPaths`) is there, the policies name it, and
//! none names the zone. Every Allow statement is asked for each principal it names: is some
//! outside request allowed through it? What is found becomes a finding with a replayed witness; what is not was proved.
//! So the list is complete: an allowed outside request is allowed through some statement and some entry of it.
//!
//! Source: IAM Access Analyzer, external access findings (principal, action, condition, isPublic).

use super::ask::{ActionScope, Ask, Found, ask};
use super::no_public_access;
use super::{InternalError, Proof, Settings, untrusted};
use crate::diag::deadline;
use crate::glob::Glob;
use crate::policy::ties::Keys;
use crate::policy::{Access, BaseOperator, Condition, Policy, PrincipalMatch, PrincipalPattern, Request};
use crate::value::arn;
use std::time::Instant;

/// Who is trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Zone {
    accounts: Vec<String>,
    organizations: Vec<String>,
    others: Vec<PrincipalPattern>,
}

/// One finding: an entry of an Allow statement through which somebody outside gets access.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The statement's number in the access definition.
    pub number: usize,
    /// The entry, as kind and text: `("AWS", "*")`, `("Federated", "accounts.google.com")`.
    pub principal: (&'static str, String),
    /// The statement's action patterns that reach somebody outside, as written; `NotAction` patterns if it has those.
    pub actions: Vec<String>,
    /// Whether nothing pins who can use it.
    pub is_public: bool,
    /// A request that shows it, replayed.
    pub witness: Request,
    /// What is worth knowing about it.
    pub notes: Vec<String>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Outside {
    /// The findings, in the order of the policy.
    pub findings: Vec<Finding>,
    /// Why something was left open, if it was.
    pub unknown: Option<String>,
    /// What it rests on.
    pub proof: Proof,
}

impl Zone {
    /// Adds an account id, an organization id, an ARN, a canonical user id or a domain name; an error says what is wrong.
    pub fn trust(&mut self, text: &str) -> Result<(), String> {
        let canonical = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if arn::is_account(text) {
            self.accounts.push(text.to_owned());
        } else if text.starts_with("o-")
            && text.len() > 2
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        {
            self.organizations.push(text.to_owned());
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
        } else if text.contains('.') && !text.contains([' ', '*', '/']) {
            self.others.push(PrincipalPattern::Federated(Glob::literal(text)));
        } else {
            return Err(format!(
                "`{text}` is neither an account id (12 digits), an organization id (o-...), an ARN, nor a canonical user id"
            ));
        }
        Ok(())
    }

    /// The requests of principals outside, as one statement that applies to them.
    fn outside(&self) -> Policy {
        let mut inside: Vec<PrincipalPattern> = self.accounts.iter().map(|id| untrusted::account(id)).collect();
        inside.extend(self.others.iter().cloned());
        inside.push(PrincipalPattern::Service(Glob::parse("*")));
        untrusted::statement(inside, self.elsewhere())
    }

    /// The requests of services for somebody outside, known by this key.
    fn deputies(&self, key: &str) -> Policy {
        let mut conditions = self.elsewhere();
        conditions.push(untrusted::condition(BaseOperator::Null, key, &["false"]));
        let mut policy = untrusted::statement(Vec::new(), conditions);
        let services = PrincipalMatch::of(false, vec![PrincipalPattern::Service(Glob::parse("*"))]);
        policy.statements.iter_mut().for_each(|statement| statement.principal = Some(services.clone()));
        policy
    }

    /// No key names the zone.
    fn elsewhere(&self) -> Vec<Condition> {
        let mut conditions = Vec::new();
        let mut add = |operator, key: &str, values: Vec<String>| {
            if !values.is_empty() {
                conditions.push(untrusted::condition(operator, key, &values.iter().map(String::as_str).collect::<Vec<_>>()));
            }
        };
        let paths = || self.organizations.iter().map(|id| format!("{id}/*")).collect::<Vec<_>>();
        let arns = self.accounts.iter().map(|id| format!("arn:*:*:*:{id}:*")).collect();
        add(BaseOperator::StringNotEquals, "aws:PrincipalOrgID", self.organizations.clone());
        add(BaseOperator::StringNotLike, "aws:PrincipalOrgPaths", paths());
        add(BaseOperator::StringNotEquals, "aws:SourceAccount", self.accounts.clone());
        add(BaseOperator::ArnNotLike, "aws:SourceArn", arns);
        add(BaseOperator::StringNotEquals, "aws:SourceOrgID", self.organizations.clone());
        add(BaseOperator::StringNotLike, "aws:SourceOrgPaths", paths());
        add(BaseOperator::StringNotEquals, "kms:CallerAccount", self.accounts.clone());
        conditions
    }
}

/// Keys that say for whom a service calls.
const SOURCES: [&str; 4] = ["aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths"];

/// Everybody outside the zone who gets access.
pub fn outside_access(access: &Access, zone: &Zone, settings: &Settings) -> Result<Outside, InternalError> {
    let started = Instant::now();
    let mut all = All::default();
    match deadline::question(&settings.budget, || deadline::search(|| find(access, zone, settings, &mut all))) {
        Ok(Ok(found)) => found?,
        // Findings are whole, and those that were found stand.
        Ok(Err(expired)) | Err(expired) => all.open(Some(&expired.to_string())),
    }
    let All { findings, unknown, asked } = all;
    Ok(Outside { findings, unknown, proof: Proof::since(started, settings, &asked) })
}

/// What was found so far.
#[derive(Default)]
struct All {
    findings: Vec<Finding>,
    unknown: Option<String>,
    asked: Vec<Found>,
}

impl All {
    /// Remembers that something was left open; the first reason stays.
    fn open(&mut self, why: Option<&str>) {
        if self.unknown.is_none() {
            self.unknown = why.map(str::to_owned);
        }
    }
}

fn find(access: &Access, zone: &Zone, settings: &Settings, all: &mut All) -> Result<(), InternalError> {
    // Whoever lets everybody in lets services in that call for others; an entry that names a service trusts it.
    let named = Keys::of_statements(access.statements().map(|(_, _, statement)| statement));
    let sources = SOURCES.into_iter().filter(|key| named.has(key));
    let deputies: Vec<Policy> = sources.map(|key| zone.deputies(key)).collect();
    let outside = zone.outside();
    let (everything, public) = (Ask::new(access, None), no_public_access::search(access, None));
    let service_linked = untrusted::not_service_linked([access]);
    for (number, member, statement) in access.statements().filter(|(number, ..)| access.grants(*number)) {
        // Without principals a policy is attached to identities of the zone itself.
        let Some(principal) = &statement.principal else { continue };
        for (shown, list) in entries(principal) {
            deadline::look();
            let only = |policy: &Policy| {
                let mut policy = policy.clone();
                let mut through = policy.statements.first().cloned();
                through.iter_mut().for_each(|statement| {
                    statement.principal = Some(list.clone());
                    statement.conditions.clear();
                });
                policy.statements.extend(through);
                policy.statements.extend(service_linked.iter().flat_map(|one| one.statements.clone()));
                Some(policy)
            };
            let everybody = list.negated || list.patterns.contains(&PrincipalPattern::Everyone);
            let scopes = std::iter::once(&outside).chain(deputies.iter().filter(|_| everybody));
            let mut first = None;
            for scope in scopes {
                let search = Ask { within: only(scope), by: Some(number), ..everything.clone() };
                let found = ask(&search, settings)?;
                all.open(found.unknown.as_deref());
                // What is open is said of all findings together.
                let notes = if found.unknown.is_none() { found.notes.clone() } else { Vec::new() };
                first = found.witness.clone().map(|witness| (search, witness, notes));
                all.asked.push(found);
                if first.is_some() {
                    break;
                }
            }
            let Some((search, witness, notes)) = first else { continue };
            // Whether there is a witness is all that matters from here on.
            let quick = Settings { realistic: false, ..*settings };
            let public = Ask { within: public.within.as_ref().and_then(only), by: Some(number), ..public.clone() };
            let mut shows = |search: &Ask<'_>| -> Result<bool, InternalError> {
                let found = ask(search, &quick)?;
                if found.witness.is_none() {
                    all.open(found.unknown.as_deref());
                }
                Ok(found.witness.is_some())
            };
            let is_public = shows(&public)?;
            let mut actions = Vec::new();
            for (pattern, span) in statement.action.patterns().iter().zip(statement.action.spans()) {
                let written = member.policy.source.text.get(span.start..span.end).unwrap_or_default();
                let reaches = statement.action.negated || {
                    let one = Ask { actions: ActionScope::Matching(vec![pattern.clone()]), ..search.clone() };
                    shows(&one)?
                };
                if reaches {
                    actions.push(serde_json::from_str(written).unwrap_or_else(|_| pattern.to_string()));
                }
            }
            // What was left half way is no finding.
            deadline::look();
            all.findings.push(Finding { number, principal: shown, actions, is_public, witness, notes });
        }
    }
    Ok(())
}

/// The entries of a principal list, each as shown and as a list of its own.
pub(super) fn entries(principal: &PrincipalMatch) -> Vec<((&'static str, String), PrincipalMatch)> {
    if principal.negated {
        return vec![(("AWS", "*".to_owned()), principal.clone())];
    }
    let shown = |pattern: &PrincipalPattern| match pattern {
        PrincipalPattern::Everyone => ("AWS", "*".to_owned()),
        PrincipalPattern::Account(account) => ("AWS", account.clone()),
        PrincipalPattern::Arn(parts) => ("AWS", parts.iter().map(Glob::to_string).collect::<Vec<_>>().join(":")),
        PrincipalPattern::Service(glob) => ("Service", glob.to_string()),
        PrincipalPattern::Federated(glob) => ("Federated", glob.to_string()),
        PrincipalPattern::CanonicalUser(id) => ("CanonicalUser", id.clone()),
        PrincipalPattern::Nobody(text) => ("AWS", text.clone()),
    };
    let one = |pattern: &PrincipalPattern| PrincipalMatch::of(false, vec![pattern.clone()]);
    principal.patterns.iter().map(|pattern| (shown(pattern), one(pattern))).collect()
}
