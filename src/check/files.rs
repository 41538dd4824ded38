//! Which files are checked, and which policies do they hold?
//!
//! Files that are named are always read; in folders those of JSON and YAML that git does not ignore. A file of a folder
//! without policies is passed over and counted; one that cannot be read counts as an error if it looks like a policy, or if
//! nobody can see whether it does. Links and binary files are told.
//! Sources of languages that hold policies and are not read here ([`LANGUAGES`]) are counted too: `check` says so.

use super::config::Config;
use crate::diag::{Budget, Diagnostic, Source, shown_path};
use crate::json::Value;
use crate::sources::attached::Identity;
use crate::sources::holders::Holder;
use crate::sources::lasting::PLACED;
use crate::sources::owners::Owner;
use crate::sources::template::Given;
use crate::sources::{self, Located};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Endings of files that may hold policies.
const ENDINGS: [&str; 6] = ["json", "yaml", "yml", "template", "tfstate", "tfplan"];

/// Whether a file of a folder may hold policies, by its path.
pub fn may_hold(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending.to_ascii_lowercase().as_str()))
}

/// A language that is not read, though policies are written in it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Language {
    endings: &'static [&'static str],
    /// What one such file is called.
    pub name: &'static str,
    /// What to give in its place.
    pub remedy: &'static str,
}

/// Languages whose files are counted, not read.
pub static LANGUAGES: [Language; 3] = [
    Language {
        endings: &["tf", "tofu"],
        name: "Terraform source",
        remedy: "give the output of `terraform show -json` of a plan, which has the policies as they will be",
    },
    Language {
        endings: &["hcl"],
        name: "HCL source",
        remedy: "give the output of `terraform show -json` of the plan that it leads to",
    },
    Language { endings: &["bicep"], name: "Bicep source", remedy: "give the JSON that `bicep build` makes of it" },
];

/// Links to files that may hold policies.
static LINKED: Language = Language { endings: &[], name: "linked", remedy: "name the files that the links lead to" };

/// Files with such an ending that are no text.
static BINARY: Language = Language { endings: &[], name: "binary", remedy: "save them as UTF-8 if they hold policies" };

/// What was found in the paths that were given.
#[derive(Debug, Default)]
pub struct Found {
    /// The files, sorted.
    pub files: Vec<File>,
    /// The paths of files that are not read, by language or why.
    pub unread: BTreeMap<&'static Language, Vec<String>>,
    /// Files of folders that could not be read, though they may hold policies: the paths, and why.
    pub failed: Vec<(String, Diagnostic)>,
}

/// A file that was read.
#[derive(Debug)]
pub struct File {
    /// Its path, as reports show it.
    pub path: String,
    /// Its text.
    pub source: Source,
    /// Whether it was named, not found in a folder.
    pub is_given: bool,
}

/// The files of these paths; an error for a path that cannot be read.
pub fn find(paths: &[PathBuf], config: &Config) -> Result<Found, Diagnostic> {
    let mut found: Vec<(PathBuf, bool)> = Vec::new();
    let mut unread: BTreeSet<(&'static Language, PathBuf)> = BTreeSet::new();
    for path in paths {
        if path.is_dir() {
            // Repositories keep things in folders that begin with a dot; git's own is none of them.
            let walk = ignore::WalkBuilder::new(path)
                .hidden(false)
                .ignore(false)
                .filter_entry(|entry| entry.file_name() != ".git")
                .build();
            for entry in walk {
                let entry = entry.map_err(|error| unreadable(path, &error.to_string()))?;
                let is_file = entry.file_type().is_some_and(|of| of.is_file());
                let ending = entry.path().extension().and_then(|ending| ending.to_str()).unwrap_or_default();
                let ending = ending.to_ascii_lowercase();
                let ending = ending.as_str();
                if is_file && ENDINGS.contains(&ending) {
                    found.push((entry.into_path(), false));
                } else if entry.path_is_symlink() && ENDINGS.contains(&ending) {
                    unread.insert((&LINKED, entry.into_path()));
                } else if is_file && let Some(of) = LANGUAGES.iter().find(|of| of.endings.contains(&ending)) {
                    unread.insert((of, entry.into_path()));
                }
            }
        } else {
            found.push((path.clone(), true));
        }
    }
    found.sort();
    found.dedup_by(|a, b| a.0 == b.0);
    let mut out = Found::default();
    for (of, path) in unread {
        let shown = shown_path(&path);
        if !config.excludes(&shown) {
            out.unread.entry(of).or_default().push(shown);
        }
    }
    for (path, is_given) in found {
        let shown = shown_path(&path);
        if !is_given && config.excludes(&shown) {
            continue;
        }
        match read(&path, &shown) {
            Ok(source) => out.files.push(File { path: shown, source, is_given }),
            Err(found) if is_given => return Err(found),
            Err(found) if found.message.contains("is not UTF-8 text") => out.unread.entry(&BINARY).or_default().push(shown),
            Err(found) => out.failed.push((shown, found)),
        }
    }
    Ok(out)
}

fn unreadable(path: &Path, why: &str) -> Diagnostic {
    let message = format!("cannot read {}: {why}", path.display());
    Diagnostic::bare("unreadable-input", message, "give the path of a readable file or folder")
}

fn read(path: &Path, shown: &str) -> Result<Source, Diagnostic> {
    use std::io::Read as _;
    let limit = Budget::default().input_bytes;
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(most).read_to_end(&mut bytes))
        .map_err(|error| unreadable(path, &error.to_string()))?;
    if bytes.len() > limit {
        return Err(unreadable(path, &format!("it has more than {limit} bytes")));
    }
    Ok(Source::new(shown, sources::decode(shown, bytes)?))
}

/// What a file holds.
#[derive(Debug, Default)]
pub struct Held {
    /// Its policies.
    pub policies: Vec<Located>,
    /// Its users and roles.
    pub identities: Vec<Identity>,
    /// The parameters of its templates.
    pub parameters: Vec<String>,
    /// The resources that it makes.
    pub owners: Vec<Owner>,
    /// Who has which of its policies, with the document that says so, as policies have it.
    pub holders: Vec<(String, Holder)>,
    /// How many documents it is.
    pub documents: usize,
    /// What of it stands elsewhere, in words.
    pub elsewhere: Vec<String>,
}

/// What a text holds; an error for one that is neither JSON nor YAML.
pub fn held(source: &Source, given: &Given) -> Result<Held, Diagnostic> {
    let documents = sources::documents(source, &Budget::default())?;
    let parameters = documents.iter().flat_map(|(_, value)| sources::template::parameters(value)).map(str::to_owned).collect();
    let mut out = Held { parameters, ..Held::default() };
    out.documents = documents.len();
    for (number, (source, value)) in documents.iter().enumerate() {
        let mut policies = sources::policies(source, value, given);
        // The documents of one text are told apart by their numbers: a policy is compared with the one of its name.
        for located in policies.iter_mut().filter(|_| number > 0) {
            let dot = if located.name.is_empty() || located.name.starts_with('[') { "" } else { "." };
            located.name = format!("[{number}]{dot}{}", located.name);
        }
        // One that names itself is known by that, wherever in the file it stands.
        let metadata = value.get("metadata").and_then(|of| of.get("name")).and_then(Value::as_str);
        let own = metadata.or_else(|| value.get("Id").and_then(Value::as_str)).filter(|own| !own.starts_with('#'));
        let kind = value.get("kind").and_then(Value::as_str).map(|kind| format!("{kind} ")).unwrap_or_default();
        let document = own.map_or_else(|| format!("{PLACED}{number}]"), |own| format!("[{kind}{own}]"));
        policies.iter_mut().for_each(|located| located.document.clone_from(&document));
        out.policies.append(&mut policies);
        out.owners.extend(sources::owners::owners(value));
        let identities = sources::attached::identities(source, value, given);
        let holders = sources::holders::holders(value, &identities);
        out.holders.extend(holders.into_iter().map(|holder| (document.clone(), holder)));
        out.identities.extend(identities);
        out.elsewhere.extend(sources::beside::beside(value));
        if sources::recognize(value) == Some(sources::Kind::Template) {
            out.elsewhere.extend(sources::template::nested(value));
        }
    }
    Ok(out)
}

/// Whether a text that cannot be read was meant to hold policies.
pub fn looks_like_policy(text: &str) -> bool {
    let has = |word: &str| text.contains(word);
    (has("Statement") && has("Effect")) || has("AWSTemplateFormatVersion") || (has("Resources") && has("AWS::"))
}
