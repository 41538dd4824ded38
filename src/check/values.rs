//! Can each value of `leastwise.toml` be meant, and where does it stand?
//!
//! A value that no request and no policy can ever have (an account of 11 digits, an ARN of a group as a principal) would make
//! its entry idle in silence, so it is an error. Patterns that merely fit nothing here are notes (`super::idle`).
//!
//! Sources: IAM User Guide, "AWS JSON policy elements: Principal", "IAM ARNs"; AWS Organizations API Reference, "Organization".

use super::config::{Allow, Config, Critical, Required, Trusted};
use super::rules;
use crate::catalog::{Partition, names::Names};
use crate::diag::{Level, Source, Span};
use crate::glob::Glob;
use crate::question::outside_access::Zone;
use crate::value::arn;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Where texts stand in a configuration.
pub(super) struct Places<'t> {
    text: &'t str,
    table: Option<Spanned<DeTable<'t>>>,
}

impl<'t> Places<'t> {
    pub(super) fn of(source: &'t Source) -> Self {
        Self { text: &source.text, table: DeTable::parse(&source.text).ok() }
    }

    /// The first key or value of a section with this text, or of all sections.
    pub(super) fn find(&self, section: &str, text: &str) -> Span {
        let table = self.table.as_ref().map(Spanned::get_ref);
        let own = table.and_then(|all| all.iter().find(|(key, _)| key.get_ref() == section));
        let found = own.and_then(|(key, value)| within(value, text).or_else(|| (text == section).then(|| span(key.span()))));
        let anywhere = || table.and_then(|all| in_table(all, text));
        let written = || {
            let at = self.text.find(text).unwrap_or(0);
            Span::new(at, at + text.len())
        };
        found.or_else(anywhere).unwrap_or_else(written)
    }

    /// The same in one element of a section that is a list of tables.
    pub(super) fn find_in(&self, section: &str, at: usize, text: &str) -> Span {
        let table = self.table.as_ref().map(Spanned::get_ref);
        let own = table.and_then(|all| all.iter().find(|(key, _)| key.get_ref() == section));
        let element = own.and_then(|(_, value)| if let DeValue::Array(all) = value.get_ref() { all.get(at) } else { None });
        element.and_then(|element| within(element, text)).unwrap_or_else(|| self.find(section, text))
    }
}

fn span(range: std::ops::Range<usize>) -> Span {
    Span::new(range.start, range.end)
}

fn within(value: &Spanned<DeValue<'_>>, text: &str) -> Option<Span> {
    match value.get_ref() {
        DeValue::String(own) => (own == text).then(|| span(value.span())),
        DeValue::Array(all) => all.iter().find_map(|one| within(one, text)),
        DeValue::Table(table) => in_table(table, text),
        _ => None,
    }
}

fn in_table(table: &DeTable<'_>, text: &str) -> Option<Span> {
    let named = |key: &Spanned<std::borrow::Cow<'_, str>>| (key.get_ref() == text).then(|| span(key.span()));
    table.iter().find_map(|(key, value)| named(key).or_else(|| within(value, text)))
}

/// What is wrong: the section, the text in it, and why.
pub(super) type Wrong = (&'static str, String, String);

/// The first value that cannot be meant.
pub(super) fn check(config: &Config) -> Result<(), Wrong> {
    let wrong = |section: &'static str, text: &str, why: String| (section, text.to_owned(), why);
    for (section, names) in [("select", &config.select), ("ignore", &config.ignore)] {
        names.iter().try_for_each(|name| rules::known(name).map_err(|why| wrong(section, name, why)))?;
    }
    config.severity.keys().try_for_each(|name| rules::known(name).map_err(|why| wrong("severity", name, why)))?;
    let levels = config.severity.values().map(|level| ("severity", level));
    for (section, level) in levels.chain(config.fail_on.iter().map(|level| ("fail-on", level))) {
        if Level::parse(level).is_none() {
            return Err(wrong(section, level, format!("`{level}` is not a level: write error, warning or note")));
        }
    }
    trusted(&config.trusted).map_err(|(text, why)| wrong("trusted", &text, why))?;
    let approval = |one: &Allow| allow(one).map_err(|(text, why)| wrong("allow", text, why));
    config.allow.iter().try_for_each(approval)?;
    let access = |one: &Critical| critical(one).map_err(|(text, why)| wrong("critical", text, why));
    config.critical.iter().try_for_each(access)?;
    let limits = |one: &Required| boundary(one).map_err(|(text, why)| wrong("boundary", text, why));
    config.boundary.iter().try_for_each(limits)?;
    for (section, pattern) in patterns(config) {
        if pattern.trim().is_empty() {
            return Err(wrong(section, pattern, "an empty pattern fits no path: remove it, or write `*`".to_owned()));
        }
    }
    Ok(())
}

/// Every pattern of paths, with its section. A policy's name may be empty, as that of a whole document is; a path is not.
fn patterns(config: &Config) -> impl Iterator<Item = (&'static str, &str)> {
    let exclude = config.exclude.iter().map(|one| ("exclude", one.as_str()));
    let critical = config.critical.iter().flat_map(|one| &one.paths).map(|one| ("critical", one.as_str()));
    let reference = config.reference.iter().flat_map(|one| &one.paths).map(|one| ("reference", one.as_str()));
    let boundary = config.boundary.iter().flat_map(|one| &one.paths).map(|one| ("boundary", one.as_str()));
    let allow = config.allow.iter().filter_map(|one| one.path.as_ref()).map(|one| ("allow", one.as_str()));
    exclude.chain(critical).chain(reference).chain(boundary).chain(allow)
}

fn trusted(trusted: &Trusted) -> Result<(), (String, String)> {
    let wrong = |text: &String, why: &str| (text.clone(), format!("`{text}` {why}"));
    if let Some(text) = trusted.accounts.iter().find(|text| !arn::is_account(text)) {
        return Err(wrong(text, "is not an account id: write its 12 digits"));
    }
    if let Some(text) = trusted.organizations.iter().find(|text| !arn::is_organization(text)) {
        return Err(wrong(text, "is not an organization id: it is o- and 10 to 32 lower-case letters or digits"));
    }
    let mut zone = Zone::default();
    for text in &trusted.principals {
        let why = zone.trust(text).err().or_else(|| not_principal(text).map(|why| format!("`{text}` {why}")));
        if let Some(why) = why {
            return Err((text.clone(), why));
        }
    }
    Ok(())
}

/// Why no principal and no source of a service's call can have this ARN; `None` of texts that are not ARNs.
fn not_principal(text: &str) -> Option<&'static str> {
    let [_, partition, service, _, account, rest] = arn::split(text)?;
    if !partition.contains('*') && Partition::named(partition).is_none() {
        return Some("names a partition that does not exist: write arn:aws:..");
    }
    let is_open = account.contains(['*', '?']);
    if !account.is_empty() && !is_open && account.bytes().all(|byte| byte.is_ascii_digit()) && !arn::is_account(account) {
        return Some("names an account that does not have 12 digits");
    }
    let kinds: &[&str] = match service {
        "iam" => &["root", "user/", "role/", "saml-provider/", "oidc-provider/", "*"],
        "sts" => &["assumed-role/", "federated-user/", "self", "*"],
        _ => return None,
    };
    if !is_open && !arn::is_account(account) {
        return Some("names no account: write the 12 digits behind the service");
    }
    (!kinds.iter().any(|kind| rest.starts_with(kind))).then_some("is not the ARN of a principal: no request is made by it")
}

fn allow(one: &Allow) -> Result<(), (&str, String)> {
    rules::known(&one.rule).map_err(|why| (one.rule.as_str(), why))?;
    if one.reason.trim().is_empty() {
        return Err((one.rule.as_str(), format!("`{}` is allowed without a reason", one.rule)));
    }
    match one.expires.as_ref().filter(|day| !is_day(day)) {
        Some(day) => Err((day.as_str(), format!("`{day}` is not a day: write it as 2027-01-31"))),
        None => Ok(()),
    }
}

fn critical(one: &Critical) -> Result<(), (&str, String)> {
    if one.actions.is_empty() && one.resources.is_empty() {
        return Err((one.name.as_str(), "it has neither actions nor resources".to_owned()));
    }
    let wrong = one.actions.iter().find_map(|action| Some((action, not_action(action.as_str(), one.allow_unknown)?)));
    if let Some((action, why)) = wrong {
        return Err((action.as_str(), why));
    }
    let wrong = one.resources.iter().find(|text| !is_arn(text.as_str()));
    wrong.map_or(Ok(()), |text| Err((text.as_str(), format!("`{text}` is not an ARN: no policy would ever grant it"))))
}

fn boundary(one: &Required) -> Result<(), (&str, String)> {
    if one.policies.is_empty() {
        return Err(("boundary", "it names no policies: give patterns of their ARNs".to_owned()));
    }
    let wrong = one.policies.iter().find(|text| !is_policy_arn(text));
    wrong.map_or(Ok(()), |text| Err((text.as_str(), format!("`{text}` is not a pattern of ARNs of managed policies"))))
}

/// Whether a text is a pattern of ARNs of managed policies: one that begins with a wildcard may be any.
fn is_policy_arn(text: &str) -> bool {
    if text.starts_with('*') {
        return true;
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let Some([first, _, service, region, account, rest]) = parts.first_chunk::<6>().copied() else {
        // A wildcard may stand for the parts behind it.
        return text.starts_with("arn:") && text.contains('*');
    };
    let is_wild = |part: &str| part.contains(['*', '?', '$']);
    let account = is_wild(account) || account == "aws" || arn::is_account(account);
    let rest = is_wild(rest) || rest.starts_with("policy/");
    first == "arn" && (service == "iam" || is_wild(service)) && (region.is_empty() || is_wild(region)) && account && rest
}

/// Why a text is not an action that a policy could grant.
fn not_action(text: &str, allow_unknown: bool) -> Option<String> {
    if Glob::parse(text).is_everything() {
        return None;
    }
    if !text.contains(':') || text.contains(|c: char| c == ',' || c.is_whitespace() || c.is_control()) {
        return Some(format!("`{text}` is not an action: write it as service:Name"));
    }
    let unknown = Names::default().action(text).filter(|_| !allow_unknown)?;
    let help = if unknown.help.is_empty() { String::new() } else { format!(": {}", unknown.help) };
    Some(format!("{}{help} (`allow-unknown = true` asks about it all the same)", unknown.message))
}

/// Whether a text is a pattern of ARNs, or API Gateway's shorthand for one.
fn is_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let is_whole = parts.len() == 6 || (parts.len() > 1 && parts.last() == Some(&"*"));
    let begins = parts.first().is_some_and(|first| Glob::parse(first).matches("arn"));
    let digits = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let account = parts.get(4).filter(|_| parts.len() == 6).filter(|part| digits(part)).is_none_or(|part| arn::is_account(part));
    Glob::parse(text).is_everything() || (is_whole && begins && account) || text.starts_with("execute-api:/")
}

/// Whether a text is a day as RFC 3339 writes it.
pub fn is_day(text: &str) -> bool {
    crate::value::date::parse(&format!("{text}T00:00:00Z")).is_some() && text.len() == 10
}
