//! Which files are checked, and which policies do they hold?
//!
//! Files that are named are always read; in folders those of JSON and YAML that git does not ignore. A file of a folder
//! without policies is passed over and counted; one that cannot be read counts as an error if it looks like a policy.

use super::config::Config;
use super::shown_path;
use crate::diag::{Budget, Diagnostic, Source};
use crate::sources::attached::Identity;
use crate::sources::template::Given;
use crate::sources::{self, Located};
use std::path::{Path, PathBuf};

/// Endings of files that may hold policies.
const ENDINGS: [&str; 6] = ["json", "yaml", "yml", "template", "tfstate", "tfplan"];

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

/// The files of these paths, sorted; an error for a path that cannot be read.
pub fn find(paths: &[PathBuf], config: &Config) -> Result<Vec<File>, Diagnostic> {
    let mut found: Vec<(PathBuf, bool)> = Vec::new();
    for path in paths {
        if path.is_dir() {
            // Repositories keep things in folders that begin with a dot; git's own is none of them.
            let walk = ignore::WalkBuilder::new(path).hidden(false).filter_entry(|entry| entry.file_name() != ".git").build();
            for entry in walk {
                let entry = entry.map_err(|error| unreadable(path, &error.to_string()))?;
                let is_file = entry.file_type().is_some_and(|of| of.is_file());
                let ending = entry.path().extension().and_then(|ending| ending.to_str()).unwrap_or_default();
                if is_file && ENDINGS.contains(&ending) {
                    found.push((entry.into_path(), false));
                }
            }
        } else {
            found.push((path.clone(), true));
        }
    }
    found.sort();
    found.dedup_by(|a, b| a.0 == b.0);
    let mut out = Vec::new();
    for (path, is_given) in found {
        let shown = shown_path(&path);
        if !is_given && config.excludes(&shown) {
            continue;
        }
        match read(&path, &shown) {
            Ok(source) => out.push(File { path: shown, source, is_given }),
            Err(found) if is_given => return Err(found),
            // A file of a folder that is no text holds no policy.
            Err(_) => {}
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
}

/// What a text holds; an error for one that is neither JSON nor YAML.
pub fn held(source: &Source, given: &Given) -> Result<Held, Diagnostic> {
    let documents = sources::documents(source, &Budget::default())?;
    let parameters = documents.iter().flat_map(|(_, value)| sources::template::parameters(value)).map(str::to_owned).collect();
    let mut out = Held { parameters, ..Held::default() };
    for (source, value) in &documents {
        out.policies.extend(sources::policies(source, value, given));
        out.identities.extend(sources::attached::identities(source, value, given));
    }
    Ok(out)
}

/// Whether a text that cannot be read was meant to hold policies.
pub fn looks_like_policy(text: &str) -> bool {
    let has = |word: &str| text.contains(word);
    (has("Statement") && has("Effect")) || has("AWSTemplateFormatVersion") || (has("Resources") && has("AWS::"))
}
