//! Which policies of a repository break which rules?
//!
//! Files are found ([`files`]), every policy in them is read (`sources/`), every rule is asked of every policy ([`rules`]),
//! as a question of `question/`: each answer is proved, or shown by a replayed request, or a finding of its own that says
//! what stayed open. Policies of templates are asked for all values of what the template leaves open (`judge`).
//! What a configuration says ([`config`]) adds rules and approves findings (`suppress`); [`against`] compares with a git
//! revision.
//!
//! Invariants: no file and no policy is dropped in silence: what cannot be read is a finding. Findings come in the order of
//! files and places, whatever the number of threads.

pub mod against;
mod ask;
pub mod config;
pub mod files;
mod identities;
mod judge;
mod placeholders;
pub mod rules;
mod sets;
mod suppress;
pub mod values;

use crate::diag::{Budget, Diagnostic, Finding, Level, Source, deadline};
use crate::question::{InternalError, Settings};
use crate::sources::Located;
use crate::sources::template::Given;
use config::{Config, matches};
use files::File;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What is checked, and how.
#[derive(Debug)]
pub struct Options {
    /// Files and folders.
    pub paths: Vec<PathBuf>,
    /// What the configuration says.
    pub config: Config,
    /// What is known of templates.
    pub given: Given,
    /// The git revision to compare with.
    pub against: Option<String>,
    /// The day that suppressions are measured by, `2026-11-28`.
    pub today: String,
    /// Whether the command names the configuration.
    pub is_configuration_named: bool,
    /// The only rules that the command asks; all if empty.
    pub selected: Vec<String>,
    /// Rules that the command does not ask.
    pub ignored: Vec<String>,
    /// How each question is decided.
    pub settings: Settings,
    /// How many threads work.
    pub jobs: usize,
}

impl Options {
    /// Whether all that the configuration is about is looked at.
    fn is_whole(&self) -> bool {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        self.paths.iter().any(|path| absolute(&self.config.folder).starts_with(absolute(path)))
    }

    /// Whether the command wants to hear of a rule, whatever the configuration says.
    fn says(&self, rule: &str) -> bool {
        (self.selected.is_empty() || self.selected.iter().any(|one| one == rule)) && !self.ignored.iter().any(|one| one == rule)
    }
}

/// What was found.
#[derive(Debug, Default)]
pub struct Checked {
    /// The findings, approved ones too.
    pub findings: Vec<Finding>,
    /// How many files were read.
    pub files: usize,
    /// How many policies they hold.
    pub policies: usize,
    /// How many files of folders hold no policy.
    pub without: usize,
    /// The paths of files that had another one in the revision that is compared with, each with that.
    pub moved: BTreeMap<String, String>,
}

impl Checked {
    /// The findings that count: not approved, and of this level at least.
    pub fn counted(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.suppressed.is_none() && finding.level >= level).count()
    }
}

/// Why a check could not run.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// Input that cannot be used.
    #[error("{0}")]
    Input(Box<Diagnostic>),
    /// Two meanings disagree.
    #[error(transparent)]
    Internal(#[from] InternalError),
}

impl From<Diagnostic> for Stopped {
    fn from(found: Diagnostic) -> Self {
        Self::Input(Box::new(found))
    }
}

/// Checks every policy in files and folders.
pub fn check(options: &Options) -> Result<Checked, Stopped> {
    let seen = files::find(&options.paths, &options.config)?;
    let revision = options.against.as_deref().map(against::Revision::open).transpose()?;
    let of_configuration = revision.as_ref().map(|revision| against::configuration(revision, &seen, options)).transpose()?;
    let unlooked = revision.as_ref().map(|revision| against::unlooked(revision, &seen, options)).unwrap_or_default();
    let files::Found { files, unread, failed, .. } = seen;
    let loaded = in_parallel(options.jobs, &files, &|file| load(file, options));
    let now: Vec<against::Now<'_>> = loaded.iter().zip(&files).map(|(of, file)| of.beside(file)).collect();
    let unread_now: Vec<&str> = failed.iter().map(|(path, _)| path.as_str()).collect();
    let compared = revision.map(|revision| against::Compared::new(&revision, &now, &unread_now, options)).transpose()?;
    let parameters: BTreeSet<String> = loaded.iter().flat_map(|of| of.held.parameters.iter().cloned()).collect();
    if let Some(unknown) = crate::sources::template::unknown_parameter(&options.given, &parameters) {
        return Err(unknown.into());
    }
    // Policies are asked about one by one: a plan may hold hundreds.
    let all = loaded.iter().zip(&files).enumerate();
    let all = all.flat_map(|(at, (of, file))| {
        of.held.policies.iter().enumerate().map(move |(number, located)| (at, number, file, located))
    });
    let all: Vec<_> = all.collect();
    let judged = in_parallel(options.jobs, &all, &|(at, number, file, located)| {
        judged(file, located, compared.as_ref().and_then(|compared| compared.alone(&now, *at, *number)), options)
    });
    let mut checked = Checked { files: files.len(), policies: all.len(), ..Checked::default() };
    let mut found: Vec<Vec<Finding>> = loaded.iter().map(|of| of.findings.clone()).collect();
    let places = all.iter().map(|(at, number, ..)| (*at, *number));
    let grown = add_judged(places.zip(judged), &mut found)?;
    let kept = match &compared {
        Some(compared) => add_together(&compared.together(&now, &grown), &mut found, options)?,
        None => BTreeSet::new(),
    };
    checked.without = loaded.iter().filter(|of| of.held.policies.is_empty() && of.findings.is_empty()).count();
    for mut of_file in found {
        // By where they stand in the file, whatever text inside it a policy was read from.
        of_file.sort_by_cached_key(|one| (one.source.place(one.span).1.start, one.rule.clone()));
        checked.findings.extend(of_file);
    }
    checked.findings.extend(compared.iter().flat_map(|compared| compared.findings(&now, &kept, options)));
    checked.findings.extend(about_files(&unread, &failed, unlooked, &options.config));
    if options.is_whole() {
        checked.findings.extend(idle(&loaded, &files, &options.config));
    }
    // What a configuration asks less is not hidden by it, and neither is what the change approves.
    let first = checked.findings.len();
    let (weaker, allowed) = of_configuration.unwrap_or_default();
    checked.findings.extend(weaker);
    let kept = first..checked.findings.len();
    let last = approve(&mut checked, compared.as_ref().map(|compared| (compared, now.as_slice())), &allowed, options);
    // What is not asked is not found; what stayed open of a rule that was asked is, unless that is ignored by its own name.
    let mut at = 0..;
    checked.findings.retain(|finding| {
        at.next().is_some_and(|at| kept.contains(&at) || at >= last) || !options.config.ignore.contains(&finding.rule)
    });
    Ok(checked)
}

/// Marks approved findings, and says what is wrong with approvals and which of them the change brings: from the number on that
/// comes back.
fn approve(
    checked: &mut Checked,
    compared: Option<(&against::Compared, &[against::Now<'_>])>,
    allowed: &against::Allowed,
    options: &Options,
) -> usize {
    let (about, given) = suppress::apply(&mut checked.findings, &options.config, &options.today, options.is_whole());
    checked.findings.extend(about);
    let last = checked.findings.len();
    if let Some((compared, now)) = compared {
        let own = against::approvals(&given, &checked.findings, (compared, now), allowed, options);
        checked.findings.extend(own);
        checked.moved = compared.moves(now);
    }
    last
}

/// What is said of files that cannot be read, or are not looked at.
fn about_files(
    unread: &BTreeMap<&'static files::Language, Vec<String>>,
    failed: &[(String, Diagnostic)],
    unlooked: Vec<Finding>,
    config: &Config,
) -> Vec<Finding> {
    let unseen = |(path, why): &(String, Diagnostic)| rules::unreadable("", &Source::new(path.as_str(), ""), why, config);
    let mut out: Vec<Finding> = failed.iter().map(unseen).collect();
    out.extend(unlooked);
    out.extend(unread.iter().map(|(of, paths)| rules::not_read(of, paths, config)));
    out.retain(|one| config.asks(&one.rule));
    out
}

/// What of the configuration is about nothing that was looked at: a pattern that is misspelled asks for nothing.
fn idle(loaded: &[Loaded], files: &[File], config: &Config) -> Vec<Finding> {
    let about = |paths: &[String], names: &[String], of: fn(&Loaded) -> Vec<&str>| {
        let mut each = loaded.iter().zip(files).flat_map(|(held, file)| of(held).into_iter().map(move |name| (&file.path, name)));
        each.any(|(path, name)| config::is_about(paths, names, path, name))
    };
    let policies: fn(&Loaded) -> Vec<&str> = |of| of.held.policies.iter().map(|located| located.name.as_str()).collect();
    let identities: fn(&Loaded) -> Vec<&str> = |of| of.held.identities.iter().map(|one| one.name.as_str()).collect();
    let mut said: Vec<(String, &str)> = Vec::new();
    for one in config.critical.iter().filter(|one| !about(&one.paths, &one.policies, policies)) {
        said.push((
            format!("The critical access \"{}\" is asked of no policy: no path and name fits.", one.name),
            one.name.as_str(),
        ));
    }
    for one in config.reference.iter().filter(|one| !about(&one.paths, &one.policies, policies)) {
        let name = one.policy.to_str().unwrap_or_default();
        said.push((format!("The reference policy {name} is compared with no policy: no path and name fits."), name));
    }
    for one in config.boundary.iter().filter(|one| !about(&one.paths, &one.identities, identities)) {
        let first = one.policies.first().map_or("", String::as_str);
        said.push((format!("The boundary {first} is asked of no user and no role: no path and name fits."), first));
    }
    let mut out: Vec<Finding> = said.into_iter().filter_map(|(message, text)| suppress::idle(config, message, text)).collect();
    // One pattern of several that fits nothing: what it was meant for is not asked. What passes nothing over hides nothing.
    let fits = |pattern: &str, of: fn(&Loaded) -> Vec<&str>| loaded.iter().flat_map(of).any(|name| matches(pattern, name));
    let fits_path = |pattern: &str| files.iter().any(|file| matches(pattern, &file.path));
    let mut patterns: Vec<(&str, &str, bool)> = Vec::new();
    patterns.extend(config.public.allowed.iter().map(|one| ("public", one.as_str(), fits_path(one) || fits(one, policies))));
    let about = config.critical.iter().map(|one| ("critical", &one.paths, &one.policies));
    let about = about.chain(config.reference.iter().map(|one| ("reference", &one.paths, &one.policies)));
    for (section, paths, names) in about {
        patterns.extend(paths.iter().map(|one| (section, one.as_str(), fits_path(one))));
        patterns.extend(names.iter().map(|one| (section, one.as_str(), fits(one, policies))));
    }
    for one in &config.boundary {
        patterns.extend(one.paths.iter().map(|one| ("boundary", one.as_str(), fits_path(one))));
        patterns.extend(one.identities.iter().map(|one| ("boundary", one.as_str(), fits(one, identities))));
    }
    for (section, pattern, _) in patterns.iter().filter(|(.., fits)| !fits) {
        let message = format!("The pattern `{pattern}` of `{section}` fits nothing that was looked at.");
        out.extend(suppress::idle_at(config, message, section, pattern));
    }
    out
}

/// The policies of one file.
#[derive(Default)]
struct Loaded {
    held: files::Held,
    /// Whether it cannot be read, which is among its findings.
    is_broken: bool,
    /// Why it cannot be read, where nothing in it looks like a policy.
    unparsed: Option<Diagnostic>,
    /// What is wrong with the file itself.
    findings: Vec<Finding>,
}

impl Loaded {
    /// As it is compared with a revision.
    fn beside<'n>(&'n self, file: &'n File) -> against::Now<'n> {
        against::Now { file, held: (!self.is_broken).then_some(&self.held), unparsed: self.unparsed.as_ref() }
    }
}

fn load(file: &File, options: &Options) -> Loaded {
    let (config, source) = (&options.config, &file.source);
    let mut out = Loaded::default();
    let held = match files::held(source, &options.given) {
        Ok(held) => held,
        Err(found) if file.is_given || files::looks_like_policy(&source.text) => {
            let basis = source.text.to_string();
            out.findings.push(Finding { basis, ..rules::unreadable("", source, &found, config) });
            out.is_broken = true;
            return out;
        }
        Err(found) => {
            out.unparsed = Some(found);
            return out;
        }
    };
    for identity in &held.identities {
        out.findings.extend(identities::judge(identity, &file.path, config));
    }
    if held.policies.is_empty() && held.identities.is_empty() && file.is_given {
        out.findings.push(rules::empty(source, config));
    }
    let assumed = held.policies.iter().flat_map(|located| {
        let of_values = located.versions.iter().flat_map(|version| crate::policy::open::assumptions(located, version));
        located.notes.iter().cloned().chain(of_values)
    });
    let assumed: BTreeSet<String> = assumed.chain(held.elsewhere.iter().map(|one| one.what.clone())).collect();
    if !assumed.is_empty() && config.asks(rules::ASSUMPTION) {
        out.findings.push(rules::assumed(source, assumed.into_iter().collect(), config));
    }
    out.held = held;
    out
}

/// What is found of one policy, within its time.
fn judged(
    file: &File,
    located: &Located,
    old: Option<against::Before<'_>>,
    options: &Options,
) -> Result<Vec<Finding>, InternalError> {
    let budget = Budget { timeout: options.settings.budget.timeout * 8, ..options.settings.budget };
    let asked = deadline::question(&budget, || judge::judge(located, old, &file.path, options));
    asked.unwrap_or_else(|expired| Ok(vec![rules::undecided(located, "every rule", &expired.to_string(), &options.config)]))
}

/// Adds what is found of each policy to the findings of its file; which of them have grown.
fn add_judged(
    all: impl Iterator<Item = (against::At, Result<Vec<Finding>, InternalError>)>,
    found: &mut [Vec<Finding>],
) -> Result<BTreeSet<against::At>, InternalError> {
    let is_more = |one: &Finding| one.rule == rules::NEW || (one.rule == rules::UNDECIDED && one.message.contains(rules::NEW));
    let mut grown = BTreeSet::new();
    for (place, result) in all {
        let result = result?;
        grown.extend(result.iter().any(is_more).then_some(place));
        if let Some(of_file) = found.get_mut(place.0) {
            of_file.extend(result);
        }
    }
    Ok(grown)
}

/// Adds what is found of all policies of each user, role or group to the findings of its file; who has no more than it had.
fn add_together(
    all: &[(usize, against::Together<'_>)],
    found: &mut [Vec<Finding>],
    options: &Options,
) -> Result<BTreeSet<against::At>, InternalError> {
    let mut kept = BTreeSet::new();
    if !options.config.asks(rules::NEW) && !options.config.asks(rules::LOST) {
        return Ok(kept);
    }
    let judged = in_parallel(options.jobs, all, &|(_, one)| together(one, options));
    for ((at, one), result) in all.iter().zip(judged) {
        let (more, is_kept) = result?;
        kept.extend(is_kept.then_some((*at, one.number())));
        found.get_mut(*at).into_iter().for_each(|of_file| of_file.extend(more.iter().cloned()));
    }
    Ok(kept)
}

/// What is found of all policies of one user, role or group, within their time.
fn together(one: &against::Together<'_>, options: &Options) -> Result<(Vec<Finding>, bool), InternalError> {
    let budget = Budget { timeout: options.settings.budget.timeout * 8, ..options.settings.budget };
    let asked = deadline::question(&budget, || one.judge(options));
    asked.unwrap_or_else(|expired| Ok((vec![one.open(&expired.to_string(), &options.config)], false)))
}

/// The results of some work on each item, in the items' order.
fn in_parallel<I: Sync, R: Send>(jobs: usize, items: &[I], work: &(dyn Fn(&I) -> R + Sync)) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    let worker = || {
        while let Some((at, item)) = {
            let at = next.fetch_add(1, Ordering::Relaxed);
            items.get(at).map(|item| (at, item))
        } {
            let result = work(item);
            done.lock().unwrap_or_else(PoisonError::into_inner).insert(at, result);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..jobs.min(items.len()) {
            scope.spawn(worker);
        }
        worker();
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect()
}
