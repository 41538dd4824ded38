//! What may hold policies, is not looked at, and is not what it was?
//!
//! A link, a binary file, a file that Git LFS did not fetch, a submodule: nobody sees what such a thing holds. As long as it is
//! as it was, it grants what it did; one that is new or another one may grant more, and what it limited may be gone. That is
//! undecided, not a pass. A link to a file that is looked at by its own name brings nothing; one that is as it was may lead to something else.
//!
//! Sources: Git documentation, git-diff; Git LFS specification, "The Pointer".

use super::holders::said;
use super::revision::Revision;
use crate::check::Options;
use crate::check::files::{self, Found};
use crate::check::rules::NEW;
use crate::diag::{Finding, Source, Span, shown_path};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The open questions about what is not looked at.
pub(in crate::check) fn judge(revision: &Revision, found: &Found, options: &Options) -> Vec<Finding> {
    if !options.config.asks(NEW) {
        return Vec::new();
    }
    let unseen = found.unread.iter().filter(|(language, _)| language.is_unseen());
    let all: Vec<(&str, &str)> =
        unseen.flat_map(|(language, paths)| paths.iter().map(|path| (language.name, path.as_str()))).collect();
    let submodules = revision.submodules();
    if all.is_empty() && submodules.is_empty() {
        return Vec::new();
    }
    let changed = revision.changed();
    let there = revision.files(&options.paths);
    let seen: BTreeSet<PathBuf> = found.files.iter().filter_map(|file| Path::new(&file.path).canonicalize().ok()).collect();
    let is_seen = |path: &str| Path::new(path).canonicalize().is_ok_and(|target| seen.contains(&target));
    // A link may be what it was, and lead to something else.
    let target = |path: &str| Path::new(path).canonicalize().ok().map(|target| shown_path(&files::plain(&target)));
    let is_changed = |path: &str| changed.contains(path) || target(path).is_some_and(|target| changed.contains(&target));
    let is_new = |path: &str| is_changed(path) || !there.contains(path);
    let mut out = Vec::new();
    let mut say = |path: &str, what: String| {
        let message = format!("Whether there is new access is unknown: {what}, and was not in {}.", revision.name());
        out.push(said(&Source::new(path, ""), ("", Span::default()), message, &options.config));
    };
    for (name, path) in all.iter().filter(|(_, path)| is_new(path) && !is_seen(path) && !submodules.contains(*path)) {
        say(path, format!("this is a {name} file as it is now, which is not looked at"));
    }
    let is_asked = |folder: &String| {
        options
            .paths
            .iter()
            .any(|path| *path == Path::new(".") || Path::new(folder).starts_with(path) || path.starts_with(folder))
    };
    for folder in submodules.iter().filter(|folder| changed.contains(*folder) && is_asked(folder)) {
        say(folder, "this submodule is at the commit, or has the files, that it has now".to_owned());
    }
    out
}
