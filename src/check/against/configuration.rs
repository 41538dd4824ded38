//! Does the configuration of the change ask for less than that of the revision?
//!
//! The configuration stands in the repository, so whoever changes policies can change it too. What it asks less is a note, rule
//! by rule; a file that it passes over now, and that has become another one, may hold what the gate is there to find: that is
//! undecided. Neither can be hidden by that configuration itself, only by what the command says.

use super::holders::said;
use super::revision::Revision;
use crate::check::config::{Config, Forbidden, NAME};
use crate::check::files::{self, Found};
use crate::check::rules::{self, ASSUMPTION, NEW, RULES, UNDECIDED};
use crate::check::values::Places;
use crate::check::{Options, in_parallel};
use crate::diag::{Diagnostic, Finding, Level, Source, count};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The most paths that a finding lists.
const MOST_PATHS: usize = 10;

/// The approvals of the revision's configuration; `None` where that is not part of the change.
pub(in crate::check) type Allowed = Option<BTreeSet<String>>;

/// What the configuration asks less than it did, and what that of the revision approved.
pub(in crate::check) fn judge(
    revision: &Revision,
    found: &Found,
    options: &Options,
) -> Result<(Vec<Finding>, Allowed), Diagnostic> {
    let now = &options.config;
    let shown = |source: &Source| source.name.to_string();
    let here = now.source.as_ref().map(shown);
    // A configuration that is no part of the repository is no part of the change.
    let Some(old) = before(revision, here.as_deref(), options)? else { return Ok((Vec::new(), None)) };
    let (path, mut old) = match old {
        Old::None => (here.clone(), Config::default()),
        Old::Read(path, config) => (Some(path), *config),
        Old::Broken(path, why) => {
            let source = now.source.clone().unwrap_or_else(|| Source::new(path.as_str(), ""));
            let note = format!("the configuration {path} of {} cannot be read: {why}", revision.name());
            return Ok((told(&source, vec![note], revision, options), Some(BTreeSet::new())));
        }
    };
    let source = now.source.clone().unwrap_or_else(|| Source::new(path.as_deref().unwrap_or(NAME), ""));
    let allowed = old.allow.iter().map(|one| one.identity()).collect();
    // What the command says, it says of both.
    if !options.selected.is_empty() {
        old.select.clone_from(&options.selected);
    }
    old.ignore.extend(options.ignored.iter().cloned());
    let mut notes = weaker(&old, now);
    notes.extend(references(revision, now)?);
    let mut out = told(&source, notes, revision, options);
    out.extend(passed_over(revision, found, &old, &source, options)?);
    Ok((out, Some(allowed)))
}

enum Old {
    None,
    Read(String, Box<Config>),
    Broken(String, String),
}

/// The configuration of the revision; `None` if the one of now is no part of the repository.
fn before(revision: &Revision, here: Option<&str>, options: &Options) -> Result<Option<Old>, Diagnostic> {
    if here.is_some_and(|here| Path::new(here).is_absolute()) {
        return Ok(None);
    }
    // The nearest above the first path, as it is found now; one that the command names is that one.
    let mut candidates: Vec<String> = Vec::new();
    if options.is_configuration_named {
        candidates.extend(here.map(str::to_owned));
    } else {
        let from = options.paths.first().map_or(Path::new("."), PathBuf::as_path);
        let inside = from.ancestors().filter(|one| *one != Path::new(".")).map(|folder| folder.join(NAME));
        candidates.extend(inside.map(|path| crate::diag::shown_path(&path)));
        candidates.extend((1..=revision.depth()).map(|up| format!("{}{NAME}", "../".repeat(up))));
    }
    let texts = revision.read(&candidates)?;
    for (path, text) in candidates.into_iter().zip(texts) {
        let Some(text) = text else { continue };
        return Ok(Some(match text.and_then(|source| Config::parse(&source)) {
            Ok(config) => Old::Read(path, Box::new(config)),
            Err(found) => Old::Broken(path, found.message),
        }));
    }
    Ok(Some(Old::None))
}

fn told(source: &Source, notes: Vec<String>, revision: &Revision, options: &Options) -> Vec<Finding> {
    if notes.is_empty() || !options.says(ASSUMPTION) {
        return Vec::new();
    }
    let mut found = rules::assumed(source, notes, &options.config);
    found.message = format!("The configuration asks for less than in {}.", revision.name());
    found.basis = found.notes.join("\n");
    vec![found]
}

/// What a configuration asks less than another.
fn weaker(old: &Config, new: &Config) -> Vec<String> {
    let mut out = Vec::new();
    let least = |config: &Config| config.fail_on.as_deref().and_then(Level::parse).unwrap_or(Level::Error);
    if least(new) > least(old) {
        out.push(format!("findings count from {} on, and did from {}", least(new).name(), least(old).name()));
    }
    for rule in RULES.iter().filter(|rule| old.asks(rule.id)) {
        if !new.asks(rule.id) {
            out.push(format!("{} is not asked any more", rule.id));
        } else if new.level(rule.id) < old.level(rule.id) {
            out.push(format!(
                "{} is of the level {}, and was of {}",
                rule.id,
                new.level(rule.id).name(),
                old.level(rule.id).name()
            ));
        }
    }
    let mut more = |what: &str, old: &[String], new: &[String]| {
        let added: Vec<&str> = new.iter().filter(|one| !old.contains(one)).map(String::as_str).collect();
        if !added.is_empty() {
            out.push(format!("{what} {}", added.join(", ")));
        }
    };
    more("it passes over", &old.exclude, &new.exclude);
    more("it trusts", &old.trusted.all().cloned().collect::<Vec<_>>(), &new.trusted.all().cloned().collect::<Vec<_>>());
    more("these may be public:", &old.public.allowed, &new.public.allowed);
    let allowed =
        |config: &Config| -> Vec<(String, String)> { config.allow.iter().map(|one| (one.identity(), one.said())).collect() };
    let known: BTreeSet<String> = allowed(old).into_iter().map(|(key, _)| key).collect();
    out.extend(allowed(new).into_iter().filter(|(key, _)| !known.contains(key)).map(|(_, said)| format!("it approves {said}")));
    // What is asked of policies beyond the rules: whatever is not there as it was may ask less.
    let asked = |config: &Config| -> BTreeMap<String, String> {
        let critical = config.critical.iter().map(|one| (format!("{one:?}"), format!("the critical access \"{}\"", one.name)));
        let reference = config.reference.iter().map(|one| {
            let key = format!("{:?} {:?} {:?}", one.policy, one.paths, one.policies);
            (key, format!("the reference policy {}", one.policy.display()))
        });
        let boundary =
            config.boundary.iter().map(|one| (format!("{one:?}"), format!("the boundary {}", one.policies.join(" or "))));
        critical.chain(reference).chain(boundary).collect()
    };
    let now = asked(new);
    out.extend(
        asked(old)
            .into_iter()
            .filter(|(key, _)| !now.contains_key(key))
            .map(|(_, what)| format!("{what} is not asked for as it was")),
    );
    let rank = |config: &Config| match config.wildcards.actions {
        Forbidden::None => 0,
        Forbidden::Service => 1,
        Forbidden::All => 2,
    };
    if rank(new) < rank(old) {
        out.push("it forbids fewer wildcards in actions".to_owned());
    }
    out
}

/// Reference policies that say something else than in the revision.
fn references(revision: &Revision, now: &Config) -> Result<Vec<String>, Diagnostic> {
    let read = |one: &crate::check::config::Reference| one.read.as_ref().map(|policy| policy.source.clone());
    let sources: Vec<Source> = now.reference.iter().filter_map(read).filter(|one| !Path::new(&*one.name).is_absolute()).collect();
    let paths: Vec<String> = sources.iter().map(|one| one.name.to_string()).collect();
    let old = revision.read(&paths)?;
    let changed = sources.iter().zip(old).filter(|(now, old)| matches!(old, Some(Ok(old)) if old.text[..] != now.text[..]));
    Ok(changed.map(|(now, _)| format!("the reference policy {} is not what it was", now.name)).collect())
}

/// Files that are passed over now, were not, and are not what they were.
fn passed_over(
    revision: &Revision,
    found: &Found,
    old: &Config,
    source: &Source,
    options: &Options,
) -> Result<Vec<Finding>, Diagnostic> {
    let is_newly = |path: &&String| options.config.excludes(path) && !old.excludes(path);
    let there: BTreeSet<String> = revision.files(&options.paths).into_iter().filter(|path| files::may_hold(path)).collect();
    let paths: BTreeSet<String> = found.excluded.iter().chain(&there).filter(is_newly).cloned().collect();
    let paths: Vec<String> = paths.into_iter().collect();
    let before = revision.read(&paths)?;
    let pairs: Vec<_> = paths.into_iter().zip(before).collect();
    let holds = |source: &Source| match files::held(source, &options.given) {
        Ok(held) => !held.policies.is_empty() || !held.identities.is_empty(),
        Err(_) => files::looks_like_policy(&source.text),
    };
    let is_told = in_parallel(options.jobs, &pairs, &|(path, before)| {
        let now = if Path::new(path).exists() { Some(files::read(Path::new(path), path)) } else { None };
        match (before, now) {
            (None, None) => false,
            (Some(Ok(old)), Some(Ok(now))) if old.text[..] == now.text[..] => false,
            (old, now) => {
                let any = |one: &Result<Source, Diagnostic>| one.as_ref().map_or(true, &holds);
                old.as_ref().is_some_and(any) || now.as_ref().is_some_and(any)
            }
        }
    });
    let all: Vec<&String> = pairs.iter().zip(is_told).filter(|(_, told)| *told).map(|((path, _), _)| path).collect();
    let mut out = Vec::new();
    for pattern in &options.config.exclude {
        let own: Vec<&String> = all.iter().filter(|path| crate::check::config::matches(pattern, path)).copied().collect();
        if own.is_empty() || !options.says(UNDECIDED) || !options.says(NEW) {
            continue;
        }
        let files = count(own.len(), "file that holds policies and has changed", "files that hold policies and have changed");
        let message = format!(
            "Whether there is new access is unknown: `{pattern}` passes over {files}, which it did not in {}.",
            revision.name()
        );
        let mut found = said(source, ("", Places::of(source).find("exclude", pattern)), message, &options.config);
        found.notes.extend(own.iter().take(MOST_PATHS).map(|path| (*path).clone()));
        let more = own.len().saturating_sub(MOST_PATHS);
        found.notes.extend((more > 0).then(|| format!("and {more} more")));
        found.basis = own.iter().map(|path| path.as_str()).collect::<Vec<_>>().join("\n");
        out.push(found);
    }
    Ok(out)
}
