//! What do policies grant that they did not grant in a git revision?
//!
//! Every file is read as it was ([`revision`]), each policy is compared with the one that it was ([`pairing`], `compare`), those
//! of one user or role with all that it had ([`holders`], [`together`]), and what is gone is told with what that means ([`gone`]). A file that has another path now is the one that git says, or one that
//! is gone with the same text or the same name; a resource that is in another file now is the only one of its name that went.
//! Such a move is told, as it is an assumption of the answers.
//!
//! Invariant: nothing of the revision is dropped in silence: it is compared with, or it is told to be gone.

mod approvals;
mod beside;
mod compare;
mod configuration;
mod gone;
mod holders;
mod pairing;
mod revision;
mod targets;
mod ties;
mod together;
mod unlooked;
mod unread;
mod users;

pub(super) use approvals::judge as approvals;
pub(super) use compare::compare;
pub(super) use configuration::{Allowed, judge as configuration};
pub(super) use holders::At;
pub use revision::Revision;
pub(super) use together::Together;
pub(super) use unlooked::judge as unlooked;

use super::config::Config;
use super::files::{self, File, Held};
use super::{Options, Stopped, rules};
use crate::diag::{Diagnostic, Finding, Source, Span, shown_path};
use crate::sources::attached::Boundary;
use crate::sources::owners::Owner;
use crate::sources::{Located, PolicyType};
use pairing::Was;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A file as it is now.
pub(super) struct Now<'n> {
    pub(super) file: &'n File,
    /// What it holds; `None` if it cannot be read, which is a finding of its own.
    pub(super) held: Option<&'n Held>,
    /// Why it cannot be read, where nothing in it looks like a policy.
    pub(super) unparsed: Option<&'n Diagnostic>,
}

/// A file of the revision.
struct Old {
    path: String,
    source: Source,
    held: Held,
    /// Why it could not be read.
    broken: Option<String>,
}

/// What is as it was although the revision does not have it itself; git is asked where that matters.
struct Unchanged<'r> {
    revision: &'r Revision,
    changed: OnceCell<BTreeSet<String>>,
    submodules: OnceCell<BTreeSet<String>>,
}

impl<'r> Unchanged<'r> {
    fn of(revision: &'r Revision) -> Self {
        Self { revision, changed: OnceCell::new(), submodules: OnceCell::new() }
    }

    fn changed(&self) -> &BTreeSet<String> {
        self.changed.get_or_init(|| self.revision.changed())
    }

    /// Whether a path is in a submodule that is at the commit that it was at, and clean.
    fn is_in_submodule(&self, path: &str) -> bool {
        let all = self.submodules.get_or_init(|| self.revision.submodules());
        let around = |folder: &&String| path.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'));
        all.iter().find(around).is_some_and(|folder| !self.changed().contains(folder))
    }
}

/// What a policy was before.
#[derive(Debug, Clone, Copy)]
pub(super) enum Before<'b> {
    /// This.
    Policy(&'b Located),
    /// Nothing.
    Nothing,
    /// One of several, and nobody can tell which: it is compared with nothing.
    Unsure,
}

/// The revision beside what there is now.
pub(super) struct Compared {
    old: Vec<Old>,
    /// By the numbers of the file and the policy: those of the old file and policy; `None` if it may be one of several.
    was: BTreeMap<(usize, usize), Option<(usize, usize)>>,
    /// The numbers of files, each with that of the one that it was.
    files: BTreeMap<usize, usize>,
    /// Users, roles and groups, each with the one that it was.
    holders: BTreeMap<At, At>,
    /// By the file's number: what it was, if that had another path, and who says so.
    moved: BTreeMap<usize, String>,
    /// Files of the revision that are there and cannot be read any more, which is told.
    failed: BTreeSet<String>,
    name: String,
}

impl Compared {
    /// Reads the revision, and finds what each policy was.
    ///
    /// # Errors
    /// git cannot be run.
    pub(super) fn new(revision: &Revision, now: &[Now<'_>], failed: &[&str], options: &Options) -> Result<Self, Stopped> {
        let mut out = Self {
            old: Vec::new(),
            was: BTreeMap::new(),
            files: BTreeMap::new(),
            holders: BTreeMap::new(),
            moved: BTreeMap::new(),
            failed: failed.iter().map(|path| (*path).to_owned()).collect(),
            name: revision.name().to_owned(),
        };
        let paths: BTreeSet<&str> = now.iter().map(|one| one.file.path.as_str()).collect();
        let there = revision.files(&options.paths);
        let renames = revision.renames();
        let is_named = |path: &String| options.paths.iter().any(|given| shown_path(given) == *path);
        let is_read = |path: &&String| is_named(path) || (files::may_hold(path) && !options.config.excludes(path));
        let from_elsewhere = renames.iter().filter(|(new, _)| paths.contains(new.as_str())).map(|(_, (old, _))| old.clone());
        let mut wanted: BTreeSet<String> = there.iter().filter(is_read).cloned().chain(from_elsewhere).collect();
        wanted.extend(paths.iter().map(|path| (*path).to_owned()));
        let wanted: Vec<String> = wanted.into_iter().collect();
        let texts = revision.read(&wanted)?;
        let read = super::in_parallel(options.jobs, &texts, &|text| match text {
            Some(Ok(source)) => Some(match files::held(source, &options.given) {
                Ok(held) => (source.clone(), held, None),
                Err(found) => {
                    let is_told = files::looks_like_policy(&source.text) || files::is_pointer(&source.text);
                    let broken = is_told.then_some(found.message);
                    (source.clone(), Held::default(), broken)
                }
            }),
            Some(Err(found)) => Some((Source::new("", ""), Held::default(), Some(found.message.clone()))),
            None => None,
        });
        let unchanged = Unchanged::of(revision);
        for (path, one) in wanted.into_iter().zip(read) {
            // What git keeps elsewhere is what it was if git says so.
            let is_elsewhere = match &one {
                None => unchanged.is_in_submodule(&path),
                Some((source, _, broken)) => {
                    (broken.is_some() || files::is_pointer(&source.text)) && !unchanged.changed().contains(&path)
                }
            };
            let here = now.iter().find(|now| now.file.path == path).map(|now| &now.file.source);
            let one = match (is_elsewhere, here) {
                (true, Some(source)) => files::held(source, &options.given).ok().map(|held| (source.clone(), held, None)),
                (true, None) => None,
                (false, _) => one,
            };
            out.old.extend(one.map(|(source, held, broken)| Old { path, source, held, broken }));
        }
        // What became something that cannot be read is told as that.
        let became = renames.iter().filter(|(new, _)| out.failed.contains(*new)).map(|(_, (old, _))| old.clone());
        let became: Vec<String> = became.collect();
        out.failed.extend(became);
        out.pair(now, &renames);
        Ok(out)
    }

    fn pair(&mut self, now: &[Now<'_>], renames: &BTreeMap<String, (String, String)>) {
        let mut files: BTreeMap<usize, usize> = BTreeMap::new();
        for (at, one) in now.iter().enumerate() {
            files.extend(self.old.iter().position(|old| old.path == one.file.path).map(|was| (at, was)));
        }
        let taken = |files: &BTreeMap<usize, usize>, was: usize| files.values().any(|one| *one == was);
        // Only a file that is not there any more can have become another one.
        let is_gone = |old: &Old| !Path::new(&old.path).exists();
        type Same<'s> = &'s dyn Fn(&Now<'_>, &Old) -> Option<String>;
        let by_git: Same<'_> = &|one, old| {
            let (from, percent) = renames.get(&one.file.path)?;
            (*from == old.path).then(|| format!("as git says ({percent} percent of it are the same)"))
        };
        let by_text: Same<'_> = &|one, old| {
            let is_same = old.broken.is_none() && one.file.source.text[..] == old.source.text[..];
            is_same.then(|| "which had the same text".to_owned())
        };
        let by_name: Same<'_> = &|one, old| {
            let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
            (last(&one.file.path) == last(&old.path)).then(|| "which had the same name and is gone".to_owned())
        };
        for same in [by_git, by_text, by_name] {
            let mut found: Vec<(usize, usize, String)> = Vec::new();
            for (at, one) in now.iter().enumerate().filter(|(at, _)| !files.contains_key(at)) {
                let candidates = self.old.iter().enumerate().filter(|(was, old)| !taken(&files, *was) && is_gone(old));
                let mut all = candidates.filter_map(|(was, old)| Some((at, was, same(one, old)?)));
                // Of several with one text any will do; of several with one name none is known.
                let first = all.next();
                found.extend(first.filter(|(_, was, _)| all.next().is_none() || self.is_text_of(*was, one)));
            }
            for (at, was, how) in found {
                if !taken(&files, was) {
                    files.insert(at, was);
                    let path = self.old.get(was).map(|old| old.path.clone()).unwrap_or_default();
                    self.moved.insert(at, format!("its policies are compared with those of {path}, {how}"));
                }
            }
        }
        for (at, one) in now.iter().enumerate() {
            let (Some(held), Some(was)) = (one.held, files.get(&at)) else { continue };
            let Some(old) = self.old.get(*was) else { continue };
            let several = held.documents > 1 || old.held.documents > 1;
            let (new, before): (Vec<&Located>, Vec<&Located>) =
                (held.policies.iter().collect(), old.held.policies.iter().collect());
            for (number, is) in pairing::pair(&new, &before, several).into_iter().enumerate() {
                match is {
                    Was::One(policy) => _ = self.was.insert((at, number), Some((*was, policy))),
                    Was::Unsure => _ = self.was.insert((at, number), None),
                    Was::New => {}
                }
            }
        }
        self.across(now);
        self.holders = holders::pair(now, &self.old, &files);
        self.files = files;
    }

    fn is_text_of(&self, was: usize, one: &Now<'_>) -> bool {
        self.old.get(was).is_some_and(|old| old.source.text[..] == one.file.source.text[..])
    }

    /// Resources that are in another file now: the only one of its name that is new, and the only one that went.
    fn across(&mut self, now: &[Now<'_>]) {
        let name = |of: &Located| (!of.owner.is_empty()).then(|| (of.key.clone(), of.policy_type));
        let mut new: BTreeMap<_, Vec<(usize, usize)>> = BTreeMap::new();
        for (at, one) in now.iter().enumerate() {
            for (number, located) in one.held.iter().flat_map(|held| &held.policies).enumerate() {
                if let Some(name) = name(located).filter(|_| !self.was.contains_key(&(at, number))) {
                    new.entry(name).or_default().push((at, number));
                }
            }
        }
        let mut went: BTreeMap<_, Vec<(usize, usize)>> = BTreeMap::new();
        for ((was, number), located) in self.left() {
            if let Some(name) = name(located) {
                went.entry(name).or_default().push((was, number));
            }
        }
        for (name, new) in new {
            if let ([one], Some([was])) = (new.as_slice(), went.get(&name).map(Vec::as_slice)) {
                self.was.insert(*one, Some(*was));
                let path = self.old.get(was.0).map(|old| old.path.as_str()).unwrap_or_default();
                let told = format!("{} is compared with the one of {path}, where it is gone", name.0);
                self.moved.entry(one.0).and_modify(|all| *all = format!("{all}; {told}")).or_insert(told);
            }
        }
    }

    /// The policies of the revision that nothing is compared with.
    fn left(&self) -> Vec<((usize, usize), &Located)> {
        let used: BTreeSet<(usize, usize)> = self.was.values().copied().flatten().collect();
        let all = self.old.iter().enumerate();
        let all = all.flat_map(|(was, old)| old.held.policies.iter().enumerate().map(move |(at, one)| ((was, at), one)));
        all.filter(|(at, _)| !used.contains(at)).collect()
    }

    /// What a policy was; nothing is asked of one that is compared with all that its holders had.
    pub(super) fn alone(&self, now: &[Now<'_>], file: usize, policy: usize) -> Option<Before<'_>> {
        let held = now.get(file).and_then(|one| one.held);
        let is_left = held.is_some_and(|held| held.policies.get(policy).is_some_and(|one| holders::is_left(held, one)));
        (!is_left).then(|| self.before(file, policy))
    }

    /// What a policy was.
    fn before(&self, file: usize, policy: usize) -> Before<'_> {
        match self.was.get(&(file, policy)) {
            None => Before::Nothing,
            Some(None) => Before::Unsure,
            Some(Some((was, at))) => {
                let old = self.old.get(*was).and_then(|old| old.held.policies.get(*at));
                old.map_or(Before::Nothing, Before::Policy)
            }
        }
    }

    /// What is gone, what became of users and roles, and what was taken for what. `kept` are the users, roles and groups whose
    /// policies together grant no more than they did.
    pub(super) fn findings(&self, now: &[Now<'_>], kept: &BTreeSet<At>, options: &Options) -> Vec<Finding> {
        let config = &options.config;
        let mut out = Vec::new();
        let told = self.moved.iter().filter(|_| config.asks(rules::ASSUMPTION));
        out.extend(told.filter_map(|(at, note)| {
            let one = now.get(*at).filter(|one| one.held.is_some_and(|held| !held.policies.is_empty()))?;
            Some(rules::assumed(&one.file.source, vec![note.clone()], config))
        }));
        let identities = |held: &Held| -> Vec<String> {
            let all = held.identities.iter().flat_map(|one| &one.boundaries);
            all.filter_map(|one| if let Boundary::Policy(arn) = one { Some(arn.clone()) } else { None }).collect()
        };
        let boundaries: Vec<String> =
            now.iter().filter_map(|one| one.held).chain(self.old.iter().map(|old| &old.held)).flat_map(identities).collect();
        let paired: BTreeMap<usize, usize> = self.successors();
        let mut unparsed: BTreeMap<usize, Finding> = BTreeMap::new();
        for ((was, _), located) in self.left() {
            let Some(old) = self.old.get(was) else { continue };
            let at = paired.get(&was).and_then(|at| now.get(*at));
            // A file that cannot be read now is a finding already; a data source only says what others grant.
            let is_broken = at.is_some_and(|at| at.held.is_none()) || (at.is_none() && self.failed.contains(&old.path));
            if is_broken || is_data(&located.owner) {
                continue;
            }
            // It held policies, so it may hold them still.
            if let Some((at, why)) = at.and_then(|at| Some((at, at.unparsed?))) {
                unparsed.entry(was).or_insert_with(|| rules::unreadable("", &at.file.source, why, config));
                continue;
            }
            let mut left: BTreeSet<String> = at.and_then(|at| at.held).map(|held| denied_now(held, located)).unwrap_or_default();
            let mut is_with = self.is_with_its_resource(located, old, at, now);
            // What it limited may have another name now: then what limits that counts.
            let successors = self.newcomers(now, located);
            left.extend(successors.iter().flat_map(|one| gone::denied(one)));
            is_with |= gone::is_open_without(located) && !successors.is_empty();
            let gone = gone::Gone {
                old: located,
                file: at.map_or_else(|| Source::new(old.path.as_str(), ""), |at| at.file.source.clone()),
                with_its_resource: is_with,
                is_kept: self.is_kept((was, located), kept),
                bounded: is_bounded(located, &old.held, &boundaries),
                left: &left,
                is_passed_over: at.is_none() && Path::new(&old.path).exists(),
            };
            out.extend(gone::judge(&gone, config));
        }
        for (at, one) in now.iter().enumerate() {
            let Some(held) = one.held else { continue };
            let before = paired.iter().find(|(_, now)| **now == at).and_then(|(was, _)| self.old.get(*was));
            out.extend(unread::judge(&one.file.source, &held.elsewhere, before.map(|old| old.held.elsewhere.as_slice()), config));
            out.extend(targets::judge(&one.file.source, &held.owners, before.map(|old| old.held.owners.as_slice()), config));
        }
        out.extend(unparsed.into_values().filter(|one| config.asks(&one.rule)));
        out.extend(self.unsure(now, config));
        out.extend(self.users(now, config));
        out.extend(self.broken(now, config));
        out.iter_mut().for_each(|one| one.notes.push(format!("compared with {}", self.name)));
        out
    }

    /// The paths of files that had another one, each with that.
    pub(super) fn moves(&self, now: &[Now<'_>]) -> BTreeMap<String, String> {
        let paths = |(at, was): (&usize, &usize)| {
            let (now, old) = (&now.get(*at)?.file.path, &self.old.get(*was)?.path);
            (now != old).then(|| (now.clone(), old.clone()))
        };
        self.files.iter().filter_map(paths).collect()
    }

    /// What a file said, wherever it stood.
    fn text_before(&self, now: &[Now<'_>], path: &str) -> Option<&str> {
        let at = now.iter().position(|one| one.file.path == path)?;
        let old = self.files.get(&at).and_then(|was| self.old.get(*was))?;
        Some(&old.source.text)
    }

    /// Files of the revision of which nobody knows what they held.
    fn broken(&self, now: &[Now<'_>], config: &Config) -> Vec<Finding> {
        let successors = self.successors();
        let mut out = Vec::new();
        for (was, old) in self.old.iter().enumerate() {
            let at = successors.get(&was).and_then(|at| now.get(*at));
            let is_told = at.is_some_and(|at| at.held.is_none()) || (at.is_none() && self.failed.contains(&old.path));
            let Some(why) = old.broken.as_ref().filter(|_| !is_told && config.asks(rules::NEW)) else { continue };
            let file = at.map_or_else(|| Source::new(old.path.as_str(), ""), |at| at.file.source.clone());
            let message = format!(
                "Whether what {} limited is still limited is unknown: it could not be read in {}: {why}.",
                old.path, self.name
            );
            out.push(holders::said(&file, ("", Span::default()), message, config));
        }
        out
    }

    /// Whether a policy that is gone was one of a user, role or group that has no more than it had.
    fn is_kept(&self, (was, located): (usize, &Located), kept: &BTreeSet<At>) -> bool {
        let Some(held) = self.old.get(was).map(|old| &old.held).filter(|held| holders::is_left(held, located)) else {
            return false;
        };
        let all = holders::of(held, located);
        let is_kept = |holder: usize| self.holders.iter().any(|(at, before)| *before == (was, holder) && kept.contains(at));
        !all.is_empty() && all.into_iter().all(is_kept)
    }

    /// The files of the revision by number, each with the one that it is now.
    fn successors(&self) -> BTreeMap<usize, usize> {
        let mut out: BTreeMap<usize, usize> = self.files.iter().map(|(at, was)| (*was, *at)).collect();
        for ((at, _), was) in &self.was {
            if let Some((was, _)) = was.filter(|_| self.moved.contains_key(at)) {
                out.entry(was).or_insert(*at);
            }
        }
        out
    }

    /// Whether all that a policy belonged to is gone: it is not in its file, and may not be what is new elsewhere.
    fn is_with_its_resource(&self, located: &Located, old: &Old, at: Option<&Now<'_>>, now: &[Now<'_>]) -> bool {
        let find = |id: &str| old.held.owners.iter().find(|owner| owner.id == id);
        let Some(owner) = find(&located.owner) else { return false };
        let appeared = self.appeared(now);
        // A user or role of another name is another one; a bucket or an endpoint may be the same.
        let is_somebody = matches!(located.policy_type, PolicyType::Identity | PolicyType::Trust);
        let is_gone = |owner: &Owner| {
            let is_there = at.and_then(|at| at.held).is_some_and(|held| held.owners.iter().any(|one| one.id == owner.id));
            let may_be = |(of, id): &(&str, &str)| *of == owner.of && (!is_somebody || *id == owner.id);
            !is_there && !appeared.iter().any(may_be)
        };
        if !owner.is_policy() {
            return is_gone(owner);
        }
        let all: Vec<&Owner> = owner.to.iter().filter_map(|id| find(id)).collect();
        !owner.names_others && !all.is_empty() && all.into_iter().all(is_gone)
    }

    /// The types and ids of resources that their files did not make before.
    fn appeared<'n>(&self, now: &'n [Now<'_>]) -> Vec<(&'n str, &'n str)> {
        let mut out = Vec::new();
        for (at, held) in now.iter().enumerate().filter_map(|(at, one)| Some((at, one.held?))) {
            let old = self.files.get(&at).and_then(|was| self.old.get(*was));
            let was =
                |one: &Owner| old.is_some_and(|old| old.held.owners.iter().any(|was| (&was.id, &was.of) == (&one.id, &one.of)));
            out.extend(held.owners.iter().filter(|one| !was(one)).map(|one| (one.of.as_str(), one.id.as_str())));
        }
        out
    }

    /// Policies of the same kind of thing that were nothing before.
    fn newcomers<'n>(&self, now: &'n [Now<'_>], old: &Located) -> Vec<&'n Located> {
        if matches!(old.policy_type, PolicyType::Identity | PolicyType::Trust | PolicyType::Unknown) {
            return Vec::new();
        }
        let kind = |of: &Located| (of.policy_type, of.resource_type);
        let mut out = Vec::new();
        for (at, held) in now.iter().enumerate().filter_map(|(at, one)| Some((at, one.held?))) {
            let new = held.policies.iter().enumerate().filter(|(number, _)| !self.was.contains_key(&(at, *number)));
            out.extend(new.map(|(_, one)| one).filter(|one| kind(one) == kind(old) && one.trouble.is_none()));
        }
        out
    }
}

/// Whether an address of Terraform is a data source's, in whatever module (`module.m["a.b"].data.aws_iam_policy.x`).
fn is_data(address: &str) -> bool {
    let mut rest = address;
    while let Some(after) = rest.strip_prefix("module.") {
        let mut quoted = false;
        let end = after.find(|c| {
            quoted ^= c == '"';
            c == '.' && !quoted
        });
        rest = end.and_then(|end| after.get(end + 1..)).unwrap_or_default();
    }
    rest.starts_with("data.")
}

/// What the policies of the same resource deny now.
fn denied_now(held: &Held, old: &Located) -> BTreeSet<String> {
    let same = |of: &&Located| !of.owner.is_empty() && of.owner == old.owner && of.policy_type == old.policy_type;
    held.policies.iter().filter(same).flat_map(gone::denied).collect()
}

/// Whether somebody is or was bounded by a policy.
fn is_bounded(located: &Located, held: &Held, boundaries: &[String]) -> bool {
    let Some(owner) = held.owners.iter().find(|owner| owner.id == located.owner) else { return false };
    let by_name = owner.policy_name.as_ref().map(|name| format!("/{name}"));
    let by_id = format!("${{{}}}", owner.id);
    let is_it = |arn: &String| by_name.as_ref().is_some_and(|name| arn.ends_with(name)) || arn.contains(&by_id);
    owner.is_policy() && boundaries.iter().any(is_it)
}
