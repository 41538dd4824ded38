//! Which rules does one policy break?
//!
//! A rule is a question about the policy. It is asked first of the policy with a sample for every constant of its template:
//! what is found is found for these values, and says so. Where nothing is found it is asked of the policies that stand for
//! all values ([`open::cases`]): only if none of them breaks the rule the policy keeps it. What is found for other values
//! is asked once more with these values, concretely. What stays open is a finding of its own.

use super::config::{Forbidden, is_about};
use super::rules::{self, finding};
use super::sets::Sets;
use super::{Options, against};
use crate::diag::{Budget, Diagnostic, Diagnostics, Finding, Source, Span};
use crate::document;
use crate::document::Effect;
use crate::json::Value;
use crate::policy::{Access, Policy, Request, normalize, open, request_json};
use crate::query::Query;
use crate::query::{InternalError, Settings};
use crate::question::access_not_granted::{self, Access as Asked};
use crate::question::no_public_access;
use crate::question::outside_access::{Zone, outside_access};
use crate::sources::{Located, Open, OpenKind, PolicyType, Version};
use crate::witness::explain::place;
use crate::witness::find;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// The policies that a rule is asked of, as they are under some values.
pub(super) struct Read {
    pub(super) all: Vec<Access>,
    /// The account that they are deployed in, if it is not known.
    account: Option<String>,
}

impl Read {
    fn first(&self) -> Option<&Access> {
        self.all.first()
    }
}

/// What a question found.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) shown: Vec<Shown>,
    pub(super) unknown: Option<String>,
}

/// One violation.
pub(super) struct Shown {
    pub(super) source: Source,
    pub(super) span: Span,
    pub(super) witness: Option<Request>,
    /// What of it the rule's message says.
    pub(super) detail: String,
}

/// A question about policies.
type Question<'q> = &'q dyn Fn(&Read, &Settings) -> Result<Answer, InternalError>;

/// How a question ended.
pub(super) enum Ended {
    Keeps,
    Breaks(Vec<Shown>, Vec<String>),
    Open(String),
}

/// Policies that share their constants, and their readings.
pub(super) struct Subject<'l> {
    pub(super) open: &'l [Open],
    pub(super) documents: Vec<(Source, Value)>,
    pub(super) named: Vec<&'l str>,
    pub(super) values: &'l dyn Fn(&BTreeMap<usize, String>) -> Vec<String>,
    sampled: Read,
    cases: OnceCell<Result<Vec<Read>, String>>,
}

impl<'l> Subject<'l> {
    /// Reads the documents with the samples of their constants.
    pub(super) fn new(
        open: &'l [Open],
        documents: Vec<(Source, Value)>,
        named: Vec<&'l str>,
        values: &'l dyn Fn(&BTreeMap<usize, String>) -> Vec<String>,
    ) -> Result<Self, Diagnostics> {
        let sampled = with(open, &documents, &BTreeMap::new())?;
        Ok(Self { open, documents, named, values, sampled, cases: OnceCell::new() })
    }

    fn cases(&self) -> &Result<Vec<Read>, String> {
        self.cases.get_or_init(|| {
            let values: Vec<&Value> = self.documents.iter().map(|(_, value)| value).collect();
            let cases = open::cases(self.open, &values, &self.named)?;
            let read = |case: open::Case| {
                let pairs = self.documents.iter().zip(case.documents);
                let all = pairs.map(|((source, _), value)| meaning(source, value)).collect::<Result<_, Diagnostics>>()?;
                Ok::<_, Diagnostics>(Read { all, account: case.account })
            };
            cases.into_iter().map(read).collect::<Result<_, _>>().map_err(|found| found.to_string())
        })
    }

    /// Asks a question for all values.
    pub(super) fn ask(&self, settings: &Settings, question: Question<'_>) -> Result<Ended, InternalError> {
        let first = question(&self.sampled, settings)?;
        if !first.shown.is_empty() {
            return Ok(Ended::Breaks(first.shown, (self.values)(&BTreeMap::new())));
        }
        if let Some(why) = first.unknown {
            return Ok(Ended::Open(why));
        }
        let cases = match self.cases() {
            Ok(cases) => cases,
            Err(why) => return Ok(Ended::Open(why.clone())),
        };
        let quick = Settings { realistic: false, ..*settings };
        for case in cases {
            let answer = question(case, &quick)?;
            if let Some(shown) = answer.shown.first() {
                // The values that the request carries, once more as plain texts.
                let context = shown.witness.iter().flat_map(|request| &request.context);
                let given: BTreeMap<usize, String> = context
                    .filter_map(|(key, values)| Some((open::constant_of_key(key)?, values.first()?.clone())))
                    .filter(|(_, value)| !value.contains(['*', '?', '$']))
                    .collect();
                if let Ok(read) = with(self.open, &self.documents, &given) {
                    let again = question(&read, settings)?;
                    if !again.shown.is_empty() {
                        return Ok(Ended::Breaks(again.shown, (self.values)(&given)));
                    }
                }
                return Ok(Ended::Open("it depends on values that the template leaves open".to_owned()));
            }
            if let Some(why) = answer.unknown {
                return Ok(Ended::Open(why));
            }
        }
        Ok(Ended::Keeps)
    }
}

fn with(open: &[Open], documents: &[(Source, Value)], given: &BTreeMap<usize, String>) -> Result<Read, Diagnostics> {
    let all = documents.iter().map(|(source, value)| meaning(source, open::sampled(open, value, given)));
    let account = open.iter().find(|open| open.kind == OpenKind::Account).map(|open| open.sample.clone());
    Ok(Read { all: all.collect::<Result<_, _>>()?, account })
}

fn meaning(source: &Source, value: Value) -> Result<Access, Diagnostics> {
    Ok(normalize(&document::read_value(source, value)?)?.into())
}

/// The answer of one search.
pub(super) fn search(search: &Query<'_>, settings: &Settings) -> Result<Answer, InternalError> {
    let found = find(search, settings)?;
    let Some(witness) = found.witness else {
        return Ok(Answer { shown: Vec::new(), unknown: found.unknown.map(|why| why.to_string()) });
    };
    let statement = found.statements.iter().find_map(|number| search.grants.statement(*number));
    let shown = statement.map(|(member, statement)| Shown {
        source: member.policy.source.clone(),
        span: place(member, statement, &witness),
        witness: Some(witness),
        detail: String::new(),
    });
    Ok(Answer { shown: shown.into_iter().collect(), unknown: None })
}

/// Everything that one policy breaks. `old` is what the revision has under its name, where one is compared with.
pub(super) fn judge(
    located: &Located,
    old: Option<Option<&Located>>,
    path: &str,
    options: &Options,
) -> Result<Vec<Finding>, InternalError> {
    if let Some(trouble) = &located.trouble {
        return Ok(vec![rules::unreadable(&located.name, &located.source, trouble, &options.config)]);
    }
    let mut out: Vec<Finding> = Vec::new();
    for version in &located.versions {
        for found in (Judge { located, version, path, options }).version()? {
            let same = |other: &Finding| (&other.rule, &other.message, other.span) == (&found.rule, &found.message, found.span);
            if !out.iter().any(same) {
                out.push(found);
            }
        }
    }
    if let Some(old) = old.filter(|_| options.config.asks(rules::NEW)) {
        out.extend(against::compare(located, old, options)?);
    }
    Ok(out)
}

struct Judge<'l> {
    located: &'l Located,
    version: &'l Version,
    path: &'l str,
    options: &'l Options,
}

impl Judge<'_> {
    fn version(&self) -> Result<Vec<Finding>, InternalError> {
        let (config, located) = (&self.options.config, self.located);
        let values = |given: &BTreeMap<usize, String>| open::values(located, self.version, given);
        let documents = vec![(self.version.source.clone(), self.version.value.clone())];
        let subject = match Subject::new(&located.open, documents, self.named(), &values) {
            Ok(subject) => subject,
            Err(found) => {
                let read = |one: &Diagnostic| rules::unreadable(&located.name, &located.source, one, config);
                return Ok(found.0.iter().map(read).collect());
            }
        };
        let Some(access) = subject.sampled.first() else { return Ok(Vec::new()) };
        let mut out = Vec::new();
        let kind = match located.policy_type {
            PolicyType::Unknown if access.has_principals() => PolicyType::Resource,
            PolicyType::Unknown => PolicyType::Identity,
            known => known,
        };
        out.extend(self.wrong_type(access, kind));
        match kind {
            PolicyType::Identity => self.identity(&subject, access, &mut out)?,
            PolicyType::Resource | PolicyType::Trust => self.resource(&subject, &mut out)?,
            // They grant nothing.
            PolicyType::ServiceControl | PolicyType::ResourceControl | PolicyType::Endpoint | PolicyType::Unknown => {
                return Ok(out);
            }
        }
        self.configured(&subject, access, &mut out)?;
        Ok(out)
    }

    /// Texts of the configuration whose account ids count.
    fn named(&self) -> Vec<&str> {
        let config = &self.options.config;
        let critical = config.critical.iter().flat_map(|one| &one.resources);
        let references = config.reference.iter().filter_map(|one| one.read.as_ref()).map(|read| &**read.source.text);
        config.trusted.all().chain(critical).map(String::as_str).chain(references).collect()
    }

    /// Asks a rule and words what breaks it.
    fn rule(
        &self,
        subject: &Subject<'_>,
        rule: &str,
        message: &dyn Fn(&Shown) -> String,
        question: Question<'_>,
        out: &mut Vec<Finding>,
    ) -> Result<(), InternalError> {
        let config = &self.options.config;
        if !config.asks(rule) {
            return Ok(());
        }
        match subject.ask(&self.options.settings, question)? {
            Ended::Keeps => {}
            Ended::Breaks(all, values) => {
                for shown in all {
                    out.push(self.found(rule, message(&shown), &shown, &values));
                }
            }
            Ended::Open(why) => out.push(self.open(rule, &why)),
        }
        Ok(())
    }

    fn open(&self, rule: &str, why: &str) -> Finding {
        rules::undecided(self.located, rule, why, &self.options.config)
    }

    fn found(&self, rule: &str, message: String, shown: &Shown, values: &[String]) -> Finding {
        let mut found = finding(rule, message, self.located, (&shown.source, shown.span), &self.options.config);
        found.witness = shown.witness.as_ref().map(request_json::to_json);
        if !values.is_empty() {
            found.notes.push(format!("found where {}", values.join(", ")));
        }
        found
    }

    fn wrong_type(&self, access: &Access, kind: PolicyType) -> Option<Finding> {
        let config = &self.options.config;
        let names = matches!(kind, PolicyType::Resource | PolicyType::Trust | PolicyType::ResourceControl | PolicyType::Endpoint);
        let (_, member, statement) = access.statements().find(|(.., statement)| statement.principal.is_some() != names)?;
        let what = if names { "names no principal" } else { "names principals" };
        let message = format!("A statement of this {} {what}.", kind.name());
        let at = (&member.policy.source, statement.span);
        config.asks(rules::WRONG_TYPE).then(|| finding(rules::WRONG_TYPE, message, self.located, at, config))
    }

    fn resource(&self, subject: &Subject<'_>, out: &mut Vec<Finding>) -> Result<(), InternalError> {
        let config = &self.options.config;
        let may = config.may_be_public(self.path, &self.located.name);
        let before = out.len();
        if !may {
            let message = |_: &Shown| "This policy grants public access.".to_owned();
            let question = |read: &Read, settings: &Settings| match read.first() {
                // Whatever the actions are: what the resource's own service ignores today was meant for everybody all the same.
                Some(access) => search(&no_public_access::search(access, None), settings),
                None => Ok(Answer::default()),
            };
            self.rule(subject, rules::PUBLIC, &message, &question, out)?;
        }
        let own = self.options.given.account.as_ref();
        let asked = config.trusted.all().next().is_some() || own.is_some();
        if !asked || out.len() > before {
            return Ok(());
        }
        let message = |shown: &Shown| format!("This policy grants access to {} from outside.", shown.detail);
        let question = |read: &Read, settings: &Settings| {
            let mut zone = Zone::default();
            let Some(access) = read.first() else { return Ok(Answer::default()) };
            // Whoever is trusted, and the account itself.
            for trusted in config.trusted.all().chain(own).chain(&read.account) {
                // The configuration was read with the same words.
                if let Err(why) = zone.trust(trusted) {
                    return Ok(Answer { shown: Vec::new(), unknown: Some(why) });
                }
            }
            let found = outside_access(access, &zone, settings)?;
            let shown = found.findings.into_iter().filter(|one| !(may && one.is_public)).filter_map(|one| {
                let (member, statement) = access.statement(one.number)?;
                Some(Shown {
                    source: member.policy.source.clone(),
                    span: place(member, statement, &one.witness),
                    witness: Some(one.witness),
                    detail: format!("{} {}", one.principal.0, one.principal.1),
                })
            });
            Ok(Answer { shown: shown.collect(), unknown: found.unknown.map(|why| why.to_string()) })
        };
        self.rule(subject, rules::OUTSIDE, &message, &question, out)
    }

    // Long: the rules about one identity policy, one block a rule.
    fn identity(&self, subject: &Subject<'_>, access: &Access, out: &mut Vec<Finding>) -> Result<(), InternalError> {
        let config = &self.options.config;
        if config.asks(rules::ADMINISTRATOR) && self.is_administrator(access)? {
            let broad = access.statements().find(|(_, _, one)| one.effect == Effect::Allow && is_broad(one));
            let at = broad.map(|(_, member, one)| (member.policy.source.clone(), one.span));
            let (source, span) = at.unwrap_or_else(|| (self.located.source.clone(), self.located.span));
            let shown = Shown { source, span, witness: None, detail: String::new() };
            let message = "This policy allows every action on every resource: proved.".to_owned();
            out.push(self.found(rules::ADMINISTRATOR, message, &shown, &[]));
            return Ok(());
        }
        let sets = Sets::get();
        let mut known: BTreeMap<&str, Ended> = BTreeMap::new();
        let mut granted = |action: &'static str| -> Result<(), InternalError> {
            if known.contains_key(action) {
                return Ok(());
            }
            let lower = action.to_ascii_lowercase();
            let mentions = access.statements().any(|(_, _, one)| one.effect == Effect::Allow && one.action.applies(&lower));
            let asked = Asked { actions: vec![action.to_owned()], resources: sets.anywhere(action) };
            let question = |read: &Read, settings: &Settings| match read.first() {
                Some(access) => search(&access_not_granted::search(access, &asked), settings),
                None => Ok(Answer::default()),
            };
            let ended = if mentions { subject.ask(&self.options.settings, &question)? } else { Ended::Keeps };
            known.insert(action, ended);
            Ok(())
        };
        if config.asks(rules::ESCALATION) {
            sets.escalations.iter().flat_map(|(_, actions)| actions).try_for_each(|action| granted(action))?;
        }
        for (rule, actions) in [(rules::CREDENTIALS, &sets.credentials), (rules::DATA, &sets.data)] {
            if config.asks(rule) {
                actions.iter().try_for_each(|action| granted(action))?;
            }
        }
        let breaks = |action: &&str| matches!(known.get(*action), Some(Ended::Breaks(..)));
        let is_open = |action: &&str| matches!(known.get(*action), Some(Ended::Open(_)));
        let mut say = |rule: &str, what: String, first: Option<&&str>, open: Option<&&str>| match (
            first.and_then(|action| known.get(*action)),
            open.and_then(|action| known.get(*action)),
        ) {
            (Some(Ended::Breaks(shown, values)), _) => {
                out.extend(shown.first().map(|shown| self.found(rule, what, shown, values)));
            }
            (_, Some(Ended::Open(why))) => out.push(self.open(rule, why)),
            _ => {}
        };
        if config.asks(rules::ESCALATION) {
            let ways: Vec<_> = sets.escalations.iter().filter(|(_, actions)| actions.iter().all(&breaks)).collect();
            let could = |actions: &Vec<&str>| actions.iter().all(|one| breaks(one) || is_open(one));
            let open = sets.escalations.iter().filter(|(_, actions)| could(actions)).flat_map(|(_, actions)| actions);
            let shown: Vec<String> = ways.iter().map(|(name, actions)| format!("{name} ({})", actions.join(", "))).collect();
            let what = format!("This policy gives {} to more permissions: {}.", count(ways.len(), "way"), list(&shown));
            say(
                rules::ESCALATION,
                what,
                ways.first().and_then(|(_, actions)| actions.first()),
                open.clone().find(|one| is_open(one)),
            );
        }
        for (rule, actions, does) in
            [(rules::CREDENTIALS, &sets.credentials, "return credentials"), (rules::DATA, &sets.data, "read data or secrets")]
        {
            if config.asks(rule) {
                let all: Vec<String> = actions.iter().filter(|one| breaks(one)).map(|one| (*one).to_owned()).collect();
                let what = format!("This policy allows on any resource what may {does}: {}.", list(&all));
                say(rule, what, actions.iter().find(|one| breaks(one)), actions.iter().find(|one| is_open(one)));
            }
        }
        Ok(())
    }

    /// Whether the policy allows whatever the administrator's policy does.
    fn is_administrator(&self, access: &Access) -> Result<bool, InternalError> {
        if !access.statements().any(|(_, _, one)| one.effect == Effect::Allow && is_broad(one)) {
            return Ok(false);
        }
        let Some(everything) = everything() else { return Ok(false) };
        let settings = Settings { realistic: false, ..self.options.settings };
        let found = find(&Query::new(everything, Some(access)), &settings)?;
        Ok(found.is_empty())
    }

    /// The rules of the configuration.
    fn configured(&self, subject: &Subject<'_>, access: &Access, out: &mut Vec<Finding>) -> Result<(), InternalError> {
        let (config, name) = (&self.options.config, self.located.name.as_str());
        for critical in config.critical.iter().filter(|one| is_about(&one.paths, &one.policies, self.path, name)) {
            let asked = Asked { actions: critical.actions.clone(), resources: critical.resources.clone() };
            let message = |_: &Shown| format!("This policy grants critical access: {}.", critical.name);
            let question = |read: &Read, settings: &Settings| match read.first() {
                Some(access) => search(&access_not_granted::search(access, &asked), settings),
                None => Ok(Answer::default()),
            };
            self.rule(subject, rules::CRITICAL, &message, &question, out)?;
        }
        for reference in config.reference.iter().filter(|one| is_about(&one.paths, &one.policies, self.path, name)) {
            let Some(read) = reference.read.clone() else { continue };
            let most: Access = read.into();
            if most.has_principals() != access.has_principals() {
                continue;
            }
            let shown = reference.policy.display();
            let message = |_: &Shown| format!("This policy grants more than the reference policy {shown}.");
            let question = |read: &Read, settings: &Settings| match read.first() {
                Some(access) => search(&crate::question::no_new_access::search(&most, access), settings),
                None => Ok(Answer::default()),
            };
            self.rule(subject, rules::REFERENCE, &message, &question, out)?;
        }
        if config.wildcards.actions != Forbidden::None && config.asks(rules::WILDCARD) {
            for (_, member, statement) in access.statements().filter(|(_, _, one)| one.effect == Effect::Allow) {
                for (pattern, span) in statement.action.patterns().iter().zip(statement.action.spans()) {
                    let text = pattern.to_string();
                    let broad = text.split(':').nth(1).is_none_or(|name| name.trim_matches('*').is_empty());
                    if pattern.has_wildcard() && (broad || config.wildcards.actions == Forbidden::All) {
                        let message = format!("The action `{text}` has a wildcard.");
                        let at = (&member.policy.source, *span);
                        out.push(finding(rules::WILDCARD, message, self.located, at, config));
                    }
                }
            }
        }
        Ok(())
    }
}

/// Whether a statement may cover every action: finitely many patterns that begin with a letter do not.
fn is_broad(statement: &crate::policy::Statement) -> bool {
    statement.action.negated || statement.action.patterns().iter().any(|pattern| pattern.literal_prefix().is_empty())
}

/// What an administrator may do.
fn everything() -> Option<&'static Access> {
    static EVERYTHING: OnceLock<Option<Access>> = OnceLock::new();
    let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    let read = || Some(Policy::read(&Source::new("AdministratorAccess", text), &Budget::default()).ok()?.into());
    EVERYTHING.get_or_init(read).as_ref()
}

fn count(many: usize, what: &str) -> String {
    if many == 1 { format!("a {what}") } else { format!("{many} {what}s") }
}

/// The first of a list, and how many more there are.
fn list(all: &[String]) -> String {
    const MOST: usize = 5;
    let more = all.len().saturating_sub(MOST);
    let first: BTreeSet<&String> = all.iter().take(MOST).collect();
    let shown = first.into_iter().cloned().collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{shown}, and {more} more") } else { shown }
}
