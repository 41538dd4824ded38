//! Which files are checked, and which policies do they hold?
//!
//! Files that are named are always read; in folders those of JSON and YAML that git does not ignore, or has all the same. A file of a folder
//! without policies is passed over and counted; one that cannot be read counts as an error if it looks like a policy, or if
//! nobody can see whether it does. Links, binary files, what Git LFS did not fetch and submodules without files are told.
//! Sources of languages that hold policies and are not read here ([`LANGUAGES`]) are counted too: `check` says so.

use super::config::Config;
use crate::diag::{Budget, Diagnostic, Source, Span, shown_path};
use crate::json::Value;
use crate::sources::attached::Identity;
use crate::sources::beside::Unread;
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

/// Files that something fills in before they are policies or templates: those of them are counted that have statements.
static FILLED_IN: Language = Language {
    endings: &[
        "tpl",
        "tftpl",
        "tmpl",
        "j2",
        "jinja",
        "jinja2",
        "erb",
        "gotmpl",
        "mustache",
        "hbs",
        "ejs",
        "jsonnet",
        "libsonnet",
        "cue",
    ],
    name: "filled-in",
    remedy: "give what becomes of them",
};

/// Configurations of the Serverless Framework as programs.
static PROGRAM: Language = Language {
    endings: &["ts", "js", "mjs", "cjs"],
    name: "Serverless Framework program",
    remedy: "give the template that `serverless package` makes (`.serverless/*.json`)",
};

/// Links to files that may hold policies.
static LINKED: Language = Language { endings: &[], name: "linked", remedy: "name the files that the links lead to" };

/// Files with such an ending that are no text.
static BINARY: Language = Language { endings: &[], name: "binary", remedy: "save them as UTF-8 if they hold policies" };

/// What git keeps elsewhere, where that was not fetched.
static POINTER: Language =
    Language { endings: &[], name: "Git LFS pointer", remedy: "fetch what they stand for with `git lfs pull`" };

/// Submodules without their files.
static SUBMODULE: Language =
    Language { endings: &[], name: "submodule", remedy: "fetch its files with `git submodule update --init`" };

impl Language {
    /// Whether its files may hold policies whatever they are, as nobody can see what they hold.
    pub fn is_unseen(&self) -> bool {
        self.endings.is_empty()
    }
}

/// Whether a text stands for a file that git keeps elsewhere. Source: Git LFS specification, "The Pointer".
pub fn is_pointer(text: &str) -> bool {
    text.starts_with("version https://git-lfs.github.com/spec/")
}

/// What was found in the paths that were given.
#[derive(Debug, Default)]
pub struct Found {
    /// The files, sorted.
    pub files: Vec<File>,
    /// The paths of files that are not read, by language or why.
    pub unread: BTreeMap<&'static Language, Vec<String>>,
    /// Files of folders that could not be read, though they may hold policies: the paths, and why.
    pub failed: Vec<(String, Diagnostic)>,
    /// Files of folders that the configuration passes over, though they may hold policies.
    pub excluded: Vec<String>,
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
            for entry in entries(path)? {
                let Ok(of) = std::fs::symlink_metadata(&entry) else { continue };
                let ending = entry.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
                let ending = ending.as_str();
                let whole = entry.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_ascii_lowercase();
                if of.is_file() && ENDINGS.contains(&ending) {
                    // Terraform's sources as JSON have policies, and expressions in place of others.
                    let is_source = whole.ends_with(".tf.json") || whole.ends_with(".tofu.json");
                    unread.extend(is_source.then(|| (&LANGUAGES[0], entry.clone())));
                    found.push((entry, false));
                } else if of.is_dir() && entry != *path && !entry.join(".git").exists() {
                    unread.insert((&SUBMODULE, entry));
                } else if of.is_symlink() && ENDINGS.contains(&ending) {
                    unread.insert((&LINKED, entry));
                } else if of.is_file() {
                    unread.extend(language(&entry, ending, &whole).map(|of| (of, entry)));
                }
            }
        } else {
            found.push((path.clone(), true));
        }
    }
    // One that is named and stands in a folder is named.
    found.sort_by_key(|(path, is_given)| (shown_path(path), !is_given));
    // Two names that cannot be told apart in a report are two files all the same.
    let plain = |path: &Path| path.strip_prefix(".").map_or_else(|_| path.to_owned(), Path::to_owned);
    found.dedup_by(|(one, _), (other, _)| plain(one) == plain(other));
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
            out.excluded.push(shown);
            continue;
        }
        match read(&path, &shown) {
            Ok(source) if !is_given && is_pointer(&source.text) => out.unread.entry(&POINTER).or_default().push(shown),
            Ok(source) => out.files.push(File { path: shown, source, is_given }),
            Err(found) if is_given => return Err(found),
            Err(found) if found.message.contains("is not UTF-8 text") => out.unread.entry(&BINARY).or_default().push(shown),
            Err(found) => out.failed.push((shown, found)),
        }
    }
    Ok(out)
}

/// The language of a file that is not read, though policies may be written in it.
fn language(path: &Path, ending: &str, whole: &str) -> Option<&'static Language> {
    let is_program = PROGRAM.endings.iter().any(|ending| whole == format!("serverless.{ending}"));
    let is_filled_in = || FILLED_IN.endings.contains(&ending) && has_statements(path);
    LANGUAGES
        .iter()
        .find(|of| of.endings.contains(&ending))
        .or_else(|| is_program.then_some(&PROGRAM))
        .or_else(|| is_filled_in().then_some(&FILLED_IN))
}

/// Whether a file has something that reads like statements.
fn has_statements(path: &Path) -> bool {
    let text = read(path, "").map(|source| source.text.to_string()).unwrap_or_default();
    looks_like_policy(&text) || ["Effect", "Action", "Allow"].iter().all(|word| text.contains(word))
}

/// The files and links below a folder that git does not ignore, or has though it ignores their folder.
fn entries(folder: &Path) -> Result<BTreeSet<PathBuf>, Diagnostic> {
    // Repositories keep things in folders that begin with a dot; git's own is none of them.
    let walk =
        ignore::WalkBuilder::new(folder).hidden(false).ignore(false).filter_entry(|entry| entry.file_name() != ".git").build();
    let mut out = BTreeSet::new();
    for entry in walk {
        let entry = entry.map_err(|error| unreadable(folder, &error.to_string()))?;
        if entry.file_type().is_none_or(|of| !of.is_dir()) {
            out.insert(entry.into_path());
        }
    }
    // What git lists and is a folder is a submodule.
    let listed = std::process::Command::new("git").arg("-C").arg(folder).args(["ls-files", "-z"]).output();
    let listed = listed.ok().filter(|listed| listed.status.success()).map(|listed| listed.stdout).unwrap_or_default();
    out.extend(listed.split(|byte| *byte == 0).filter(|path| !path.is_empty()).map(|path| folder.join(named(path))));
    Ok(out)
}

/// The path of a file by its name in git.
#[cfg(unix)]
fn named(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

/// The path of a file by its name in git.
#[cfg(not(unix))]
fn named(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

/// A path in its plainest form: relative to the working folder, without `.`, `..` and `//`; of a link to a folder the folder.
/// One of which nothing is known stays as it is.
pub fn plain(path: &Path) -> PathBuf {
    let Ok(here) = std::env::current_dir().and_then(|here| here.canonicalize()) else { return path.to_owned() };
    let whole = match (path.is_dir(), path.parent(), path.file_name()) {
        (true, ..) => path.canonicalize().ok(),
        (false, Some(parent), Some(name)) => {
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            parent.canonicalize().ok().map(|parent| parent.join(name))
        }
        _ => None,
    };
    let Some(whole) = whole else { return path.to_owned() };
    if whole == here {
        return PathBuf::from(".");
    }
    if let Ok(inside) = whole.strip_prefix(&here) {
        return inside.to_owned();
    }
    // Elsewhere in the same repository.
    let top = here.ancestors().find(|folder| folder.join(".git").exists());
    let common = here.ancestors().find(|folder| whole.starts_with(folder));
    match (top, common) {
        (Some(top), Some(common)) if common.starts_with(top) => {
            let up = here.strip_prefix(common).map_or(0, |rest| rest.components().count());
            let rest = whole.strip_prefix(common).map(Path::to_owned).unwrap_or_default();
            std::iter::repeat_n(Path::new(".."), up).collect::<PathBuf>().join(rest)
        }
        _ => path.to_owned(),
    }
}

fn unreadable(path: &Path, why: &str) -> Diagnostic {
    let message = format!("cannot read {}: {why}", path.display());
    Diagnostic::bare("unreadable-input", message, "give the path of a readable file or folder")
}

/// The text of a file, under the name that reports have for it; an error for one that has more bytes than an input may, as what
/// is no file may have no end.
pub(crate) fn read(path: &Path, shown: &str) -> Result<Source, Diagnostic> {
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

/// How the name of a document begins that is a thing of its own.
pub(super) const NAMED: &str = "[:";

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
    /// What of it gives access that is not read.
    pub elsewhere: Vec<Unread>,
}

/// What a text holds; an error for one that is neither JSON nor YAML.
pub fn held(source: &Source, given: &Given) -> Result<Held, Diagnostic> {
    if is_pointer(&source.text) {
        let message = "this is a Git LFS pointer, not the file itself";
        return Err(Diagnostic::error(sources::WRONG_DOCUMENT, source, Span::new(0, 0), message, POINTER.remedy));
    }
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
        // One that names itself is known by that, wherever in the file it stands. An `Id` tells documents of one file apart; a
        // document of another `metadata.name` is another one, also where it is the only one of its file.
        let metadata = value.get("metadata").and_then(|of| of.get("name")).and_then(Value::as_str);
        let kind = value.get("kind").and_then(Value::as_str).map(|kind| format!("{kind} ")).unwrap_or_default();
        let id = value.get("Id").and_then(Value::as_str).filter(|own| !own.starts_with(['#', ':']));
        let document = match (metadata, id) {
            (Some(own), _) => format!("{NAMED}{kind}{own}]"),
            (None, Some(own)) => format!("[{own}]"),
            (None, None) => format!("{PLACED}{number}]"),
        };
        policies.iter_mut().for_each(|located| located.document.clone_from(&document));
        out.policies.append(&mut policies);
        out.owners.extend(sources::owners::owners(value));
        let identities = sources::attached::identities(source, value, given);
        let holders = sources::holders::holders(value, &identities);
        out.holders.extend(holders.into_iter().map(|holder| (document.clone(), holder)));
        out.identities.extend(identities);
        out.elsewhere.extend(sources::beside::beside(source, value, given));
    }
    Ok(out)
}

/// Whether a text that cannot be read was meant to hold policies.
pub fn looks_like_policy(text: &str) -> bool {
    let has = |word: &str| text.contains(word);
    (has("Statement") && has("Effect")) || has("AWSTemplateFormatVersion") || (has("Resources") && has("AWS::"))
}
