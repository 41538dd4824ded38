//! Which rules does one policy break?
//!
//! A rule is a question about the policy, asked for all values of its template (`ask`). Each statement that breaks a rule is
//! a finding of its own, so what somebody approved of one hides nothing of another. What stays open is a finding, too.

use super::ask::{Answer, Ended, Question, Read, Shown, Subject, Wanted, open_actions, search};
use super::config::{Forbidden, is_about};
use super::rules::{self, finding};
use super::sets::Sets;
use super::{Options, against, placeholders};
use crate::diag::{Budget, Diagnostic, Finding, Source};
use crate::document::Effect;
use crate::json::Value;
use crate::policy::{Access, Policy, open};
use crate::query::Query;
use crate::query::{InternalError, Settings};
use crate::question::access_not_granted::{self, Access as Asked};
use crate::question::no_public_access;
use crate::question::outside_access::{Zone, outside_access};
use crate::request::request_json;
use crate::sources::located::constants;
use crate::sources::{Located, PolicyType, Version};
use crate::witness::explain::place;
use crate::witness::find;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// Everything that one policy breaks. `old` is what the revision has under its name, where one is compared with.
pub(super) fn judge(
    located: &Located,
    old: Option<against::Before<'_>>,
    path: &str,
    options: &Options,
) -> Result<Vec<Finding>, InternalError> {
    if let Some(trouble) = &located.trouble {
        return Ok(vec![rules::unread(located, trouble, &options.config)]);
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
    if let Some(old) = old.filter(|_| options.config.asks(rules::NEW) || options.config.asks(rules::LOST)) {
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
                let read = |one: &Diagnostic| rules::unread(located, one, config);
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
        if config.asks(rules::UNRESOLVED) {
            out.extend(placeholders::unfilled(located, self.version, config));
        }
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
        let ended = subject.ask(&self.options.settings, Wanted::All, question)?;
        for (shown, values) in &ended.breaks {
            if self.is_planned(shown) {
                // A value that was made up shows nothing of one that the apply gives.
                out.push(self.open(rule, "it depends on what is known only after the apply"));
                continue;
            }
            out.push(self.found(rule, message(shown), shown, values));
        }
        out.extend(ended.open.map(|why| self.open(rule, &why)));
        Ok(())
    }

    /// Whether who is let in by a statement, and under which conditions, is known only after the apply of a plan.
    fn is_planned(&self, shown: &Shown) -> bool {
        let all = self.version.value.get("Statement").and_then(Value::elements).unwrap_or_default();
        let is_open = |one: &Value| {
            let mut found = BTreeSet::new();
            let parts = ["Principal", "Condition"].into_iter().filter_map(|name| one.get(name));
            parts.for_each(|part| constants(part, &mut found));
            !found.is_empty()
        };
        self.located.is_planned && all.iter().any(|one| one.span == shown.statement && is_open(one))
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
        found.notes.extend(self.located.example.clone().filter(|_| found.witness.is_some()));
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
        if !asked {
            return Ok(());
        }
        // Who is public is outside, too: once is enough.
        let may = may || out.iter().skip(before).any(|found| found.rule == rules::PUBLIC);
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
                    statement: statement.span,
                    number: one.number,
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
        // A sample says nothing of an action that is not known.
        let (more, less) = open_actions(&self.version.value);
        let (has_more, has_less) = (!more.is_empty(), !less.is_empty());
        if config.asks(rules::ADMINISTRATOR) && !has_less && self.is_administrator(access)? {
            let broad = access.statements().find(|(_, _, one)| one.effect == Effect::Allow && is_broad(one));
            let at = broad.map(|(_, member, one)| (member.policy.source.clone(), one.span));
            let (source, span) = at.unwrap_or_else(|| (self.located.source.clone(), self.located.span));
            let shown = Shown { source, span, statement: span, number: 0, witness: None, detail: String::new() };
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
            let mentions = has_more
                || has_less
                || access.statements().any(|(_, _, one)| one.effect == Effect::Allow && one.action.applies(&lower));
            let asked = Asked { actions: vec![action.to_owned()], resources: sets.anywhere(action) };
            let question = |read: &Read, settings: &Settings| match read.first() {
                Some(access) => search(&access_not_granted::search(access, &asked, settings), settings),
                None => Ok(Answer::default()),
            };
            let settings = &self.options.settings;
            let ended = if mentions { subject.ask(settings, Wanted::Any, &question)? } else { Ended::default() };
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
        let breaks = |action: &&str| known.get(*action).is_some_and(|ended| !ended.breaks.is_empty());
        let is_open = |action: &&str| known.get(*action).is_some_and(|ended| ended.breaks.is_empty() && ended.open.is_some());
        let mut say = |rule: &str, what: String, first: Option<&&str>, open: Option<&&str>| {
            let ended = |action: Option<&&str>| action.and_then(|action| known.get(*action));
            if let Some((shown, values)) = ended(first).and_then(|ended| ended.breaks.first()) {
                out.push(self.found(rule, what, shown, values));
            }
            if let Some(why) = ended(open).and_then(|ended| ended.open.as_ref()) {
                out.push(self.open(rule, why));
            }
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
        let found = find(&Query::new(everything, Some(&settings.read(access))), &settings)?;
        Ok(found.is_empty())
    }

    /// The rules of the configuration.
    fn configured(&self, subject: &Subject<'_>, access: &Access, out: &mut Vec<Finding>) -> Result<(), InternalError> {
        let (config, name) = (&self.options.config, self.located.name.as_str());
        for critical in config.critical.iter().filter(|one| is_about(&one.paths, &one.policies, self.path, name)) {
            let asked = Asked { actions: critical.actions.clone(), resources: critical.resources.clone() };
            let message = |_: &Shown| format!("This policy grants critical access: {}.", critical.name);
            let question = |read: &Read, settings: &Settings| match read.first() {
                Some(access) => search(&access_not_granted::search(access, &asked, settings), settings),
                None => Ok(Answer::default()),
            };
            self.rule(subject, rules::CRITICAL, &message, &question, out)?;
        }
        for reference in config.reference.iter().filter(|one| is_about(&one.paths, &one.policies, self.path, name)) {
            let Some(read) = reference.read.clone() else { continue };
            let most: Access = self.options.settings.read_own(read.into());
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
