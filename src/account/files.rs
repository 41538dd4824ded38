//! Reads an account from a file or a folder.
//!
//! A file holds one page of account details, or several: one after another, or in a list, of one account or many. A folder
//! is searched for such files; or it is one that iam-collect wrote, which is told by its layout. Files are taken in the order
//! of their names, and in whatever order they come the account is the same.

use super::gather::Gathered;
use super::part::BAD;
use super::{Accounts, collect, details};
use crate::diag::{Budget, Diagnostic, Diagnostics, Source, Span};
use crate::json::{self, Value};
use crate::sources::{self, Wanted};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// An export of a large account: 5,000 roles are some 50 MB.
const BUDGET: Budget = Budget { input_bytes: 1 << 30, values: 100_000_000, ..Budget::DEFAULT };

/// The most files of a folder.
const MOST_FILES: usize = 200_000;

/// The deepest folder below the one that is given.
const MOST_DEPTH: usize = 32;

/// Reads what a file or folder says of accounts; `-` is standard input.
pub fn read(path: &Path) -> Result<Accounts, Diagnostics> {
    let mut gathered = Gathered::default();
    if !path.is_dir() {
        let source = source(path)?;
        for (source, part, value) in documents(&source)? {
            if !pages(&source, value, &mut gathered)? {
                return Err(unlike(&source, part).into());
            }
        }
        return Ok(gathered.finished());
    }
    let mut files = Vec::new();
    walk(path, 0, &mut files)?;
    if collect::is_layout(&files) {
        collect::read(&files, &mut gathered)?;
        return Ok(gathered.finished());
    }
    let (mut any, mut others) = (false, Vec::new());
    for file in &files {
        let source = source(file)?;
        for (source, part, value) in documents(&source)? {
            if pages(&source, value, &mut gathered)? {
                any = true;
            } else {
                others.push(unlike(&source, part));
            }
        }
    }
    if !any {
        let message = format!("no file of {} holds account details", path.display());
        let help = "give the output of `aws iam get-account-authorization-details`, or the folder that iam-collect wrote";
        return Err(Diagnostic::bare(BAD, message, help).into());
    }
    for mut other in others {
        other.severity = crate::diag::Severity::Warning;
        other.help = "it is left out".to_owned();
        gathered.note(other);
    }
    Ok(gathered.finished())
}

/// JSON documents, each with its place and the text that this is a place of.
pub(super) type Documents = Vec<(Source, Span, Value)>;

/// The JSON documents of a text.
pub(super) fn documents(source: &Source) -> Result<Documents, Diagnostic> {
    let parts = json::parts(source);
    if let [whole] = parts.as_slice() {
        let (source, value) = sources::read(source, &BUDGET, Wanted::Account)?;
        return Ok(vec![(source, *whole, value)]);
    }
    let each = |part: &Span| Ok((source.clone(), *part, json::read_part(source, *part, &BUDGET)?));
    parts.iter().map(each).collect()
}

/// Reads a page, or a list of pages; whether it is one.
fn pages(source: &Source, mut value: Value, gathered: &mut Gathered) -> Result<bool, Diagnostic> {
    if let json::Kind::Array(elements) = &mut value.kind {
        if elements.is_empty() || !elements.iter().all(details::is_page) {
            return Ok(false);
        }
        elements.iter_mut().try_for_each(|element| details::page(source, element, gathered))?;
        return Ok(true);
    }
    let is_page = details::is_page(&value);
    if is_page {
        details::page(source, &mut value, gathered)?;
    }
    Ok(is_page)
}

/// The error for a document that says nothing of an account.
fn unlike(source: &Source, part: Span) -> Diagnostic {
    let text = source.text.get(part.start..part.end).unwrap_or_default();
    let start = part.start + (text.len() - text.trim_start().len());
    let span = Span::new(start, start);
    let known = json::read_part(source, part, &BUDGET).ok().and_then(|value| sources::recognize(&value));
    match known {
        Some(kind) => sources::wrong(source, span, kind, Wanted::Account),
        None => {
            let help = "give the output of `aws iam get-account-authorization-details`, or a folder as iam-collect lays it out";
            Diagnostic::error(BAD, source, span, "this is not the account details of IAM", help)
        }
    }
}

/// The JSON files of a folder and of those below it, in the order of their names.
fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Diagnostic> {
    let trouble = |error: &std::io::Error| {
        Diagnostic::bare("unreadable-input", format!("cannot read {}: {error}", folder.display()), "give a readable folder")
    };
    if depth > MOST_DEPTH {
        let message = format!("{} lies deeper than {MOST_DEPTH} folders", folder.display());
        return Err(Diagnostic::bare("unreadable-input", message, "give the folder that holds the export"));
    }
    let entries = std::fs::read_dir(folder).map_err(|error| trouble(&error))?;
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(|error| trouble(&error))?.path());
    }
    paths.sort();
    for path in paths {
        if path.is_dir() {
            walk(&path, depth + 1, files)?;
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
        if files.len() > MOST_FILES {
            let message = format!("{} holds more than {MOST_FILES} files", folder.display());
            return Err(Diagnostic::bare("unreadable-input", message, "give the folder that holds the export"));
        }
    }
    Ok(())
}

/// A text file, or standard input for `-`.
pub(super) fn source(path: &Path) -> Result<Source, Diagnostic> {
    let name = if path == Path::new("-") { "<stdin>".to_owned() } else { path.display().to_string() };
    let most = u64::try_from(BUDGET.input_bytes).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(most).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes))
    };
    read.map_err(|error| {
        let help = "give the path of a readable file or folder, or - for standard input";
        Diagnostic::bare("unreadable-input", format!("cannot read {name}: {error}"), help)
    })?;
    Ok(Source::new(name.as_str(), sources::decode(&name, bytes)?))
}
