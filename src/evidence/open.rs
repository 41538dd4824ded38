//! Which files are there, and how is each read?
//!
//! A folder is read in the order of its names, whatever its depth: an S3-style tree of logs, or exports side by side.
//! CloudTrail's digests and insights are left out. Gzip is unpacked as it is read. A file that was named and is not evidence
//! is a trouble; one that lies in a folder beside evidence is counted in a note.

use super::gather::{Evidence, Gatherer, Settings};
use super::kind::{Kind, recognize};
use super::split::{Piece, Splitter};
use super::{account_details, credentials, findings, last_accessed, organization, reduced, trail};
use crate::diag::{Budget, Diagnostic, Diagnostics, deadline};
use crate::value::base64;
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes by which a file is recognized.
const HEAD: usize = 64 << 10;

/// Folders of CloudTrail that hold no events.
const NO_EVENTS: [&str; 2] = ["CloudTrail-Digest", "CloudTrail-Insight"];

/// The empty file with which Spark says that a folder is whole.
const DONE: &str = "_SUCCESS";

/// Reads evidence from files and folders.
pub fn read(paths: &[PathBuf], settings: &Settings) -> Result<Evidence, Diagnostics> {
    let mut files: Vec<(PathBuf, bool)> = Vec::new();
    for path in paths {
        let is_folder = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?.is_dir();
        if is_folder { walk(path, &mut files)? } else { files.push((path.clone(), true)) }
    }
    files.sort();
    files.dedup_by(|a, b| a.0 == b.0);
    let mut gatherer = Gatherer::new(settings);
    let mut others = Vec::new();
    for (path, named) in &files {
        deadline::check();
        if !one(path, *named, &mut gatherer)? {
            others.push(path.display().to_string());
        }
    }
    let mut evidence = gatherer.finish();
    if !others.is_empty() {
        let shown: Vec<&str> = others.iter().take(3).map(String::as_str).collect();
        let more = if others.len() > 3 { ", .." } else { "" };
        let left =
            crate::diag::count(others.len(), "file is not evidence and was left out", "files are not evidence and were left out");
        evidence.notes.push(format!("{left}: {}{more}", shown.join(", ")));
    }
    Ok(evidence)
}

fn unreadable(path: &Path, error: &io::Error) -> Diagnostics {
    let help = "give the path of a file or a folder of evidence";
    Diagnostic::bare("unreadable-input", format!("cannot read {}: {error}", path.display()), help).into()
}

/// The files of a folder and of those in it.
fn walk(folder: &Path, files: &mut Vec<(PathBuf, bool)>) -> Result<(), Diagnostics> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|error| unreadable(&folder, &error))? {
            let entry = entry.map_err(|error| unreadable(&folder, &error))?;
            let (name, path) = (entry.file_name(), entry.path());
            let is_hidden = name.to_string_lossy().starts_with('.');
            // A link to a folder could lead round in a circle.
            let kind = entry.file_type().map_err(|error| unreadable(&path, &error))?;
            if kind.is_dir() {
                if !is_hidden && !NO_EVENTS.iter().any(|known| name == *known) {
                    folders.push(path);
                }
            } else if !is_hidden && name != DONE {
                files.push((path, false));
            }
        }
    }
    Ok(())
}

/// Reads one file; whether it is evidence.
fn one(path: &Path, named: bool, gatherer: &mut Gatherer) -> Result<bool, Diagnostics> {
    let name = path.display().to_string();
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if named => return Err(unreadable(path, &error)),
        Err(error) => {
            gatherer.trouble("unreadable-input", format!("cannot read {name}: {error}"), "the file is left out")?;
            return Ok(true);
        }
    };
    let mut input = BufReader::with_capacity(64 << 10, file);
    let is_gzip = io::BufRead::fill_buf(&mut input).is_ok_and(|start| start.starts_with(b"\x1f\x8b"));
    let input: Box<dyn Read> = if is_gzip { Box::new(MultiGzDecoder::new(input)) } else { Box::new(input) };
    let mut splitter = Splitter::new(input);
    let kind = match kind_of(&mut splitter) {
        Ok(kind) => kind,
        Err(error) => {
            gatherer.counts.fail("not gzip");
            gatherer.trouble("bad-file", format!("{name}: cannot be unpacked: {error}"), "the file is left out")?;
            gatherer.end_file(&name, "unreadable");
            return Ok(true);
        }
    };
    let Some(kind) = kind else {
        if named {
            let help = "evidence is CloudTrail, last-accessed details, a credential report, Access Analyzer's findings, account details, an organizations access report, or reduced usage";
            gatherer.counts.fail("not evidence");
            gatherer.trouble("not-evidence", format!("{name}: this is not evidence of any known kind"), help)?;
            gatherer.end_file(&name, "unknown");
        }
        return Ok(named);
    };
    let shared: Arc<str> = name.as_str().into();
    match kind {
        Kind::Trail { lines } => records(&shared, splitter, lines, gatherer, trail::record)?,
        Kind::Reduced { csv: false } => {
            let read = |bytes: &[u8], at: &super::Place, gatherer: &mut Gatherer| {
                reduced::read_json(&at.file, at.line, at.record, bytes, gatherer)
            };
            records(&shared, splitter, true, gatherer, read)?;
        }
        Kind::WithEntities => {
            gatherer.counts.fail("without the service");
            let message = format!("{name}: details with entities do not say which service they are about");
            gatherer.trouble("bad-file", message, "give the output of get-service-last-accessed-details")?;
        }
        Kind::Reduced { csv: true }
        | Kind::Credentials
        | Kind::EncodedCredentials
        | Kind::LastAccessed
        | Kind::Organization
        | Kind::AccountDetails
        | Kind::Findings => whole(&shared, splitter, kind, gatherer)?,
    }
    gatherer.end_file(&name, kind.name());
    Ok(true)
}

/// What a file is, by its first bytes; one that breaks off before they tell is an error.
fn kind_of<R: Read>(splitter: &mut Splitter<R>) -> io::Result<Option<Kind>> {
    match splitter.head(HEAD).map(recognize)? {
        Some(kind) => Ok(Some(kind)),
        None => splitter.broken().map_or(Ok(None), Err),
    }
}

/// Reads a file record by record.
fn records<R: Read>(
    file: &Arc<str>,
    mut splitter: Splitter<R>,
    lines: bool,
    gatherer: &mut Gatherer,
    read: impl Fn(&[u8], &super::Place, &mut Gatherer) -> Result<(), Diagnostics>,
) -> Result<(), Diagnostics> {
    if lines {
        splitter.by_lines();
    }
    let broken = |place: String, error: std::io::Error, gatherer: &mut Gatherer| {
        gatherer.counts.fail("the file breaks off");
        let message = format!("{file}{place}: {error}");
        gatherer.trouble("truncated", message, "what stands before is used; get the file again")
    };
    if let Some(error) = splitter.broken() {
        broken(": the file breaks off".to_owned(), error, gatherer)?;
    }
    let mut number = 0;
    loop {
        number += 1;
        deadline::check();
        let piece = match splitter.next_piece() {
            Ok(Some(piece)) => piece,
            Ok(None) => return Ok(()),
            Err(error) => {
                let at = splitter.position();
                let line = splitter.line(at);
                broken(format!(":{line}: the file breaks off before record {number}"), error, gatherer)?;
                continue;
            }
        };
        let (reason, from) = match piece {
            Piece::Record(from, to) => {
                let at = trail::place(file, splitter.line(from), number);
                read(splitter.bytes(from, to), &at, gatherer)?;
                continue;
            }
            Piece::Stray => ("not a record", splitter.position()),
            Piece::Truncated => ("the file breaks off", splitter.position()),
            Piece::TooLong => ("a record is too long", splitter.position()),
        };
        let line = splitter.line(from);
        gatherer.counts.read += 1;
        gatherer.counts.fail(reason);
        gatherer.trouble(
            "bad-record",
            format!("{file}:{line}: record {number}: {reason}"),
            "it is left out; --strict stops at it",
        )?;
    }
}

/// Reads a file that is one document.
fn whole<R: Read>(file: &Arc<str>, splitter: Splitter<R>, kind: Kind, gatherer: &mut Gatherer) -> Result<(), Diagnostics> {
    let most = Budget::default().input_bytes * 4;
    let text = match splitter.whole(most) {
        Ok(Some(bytes)) => String::from_utf8(bytes).map_err(|error| format!("it is not UTF-8: {error}")),
        Ok(None) => Err(format!("it has more than {most} bytes")),
        Err(error) => Err(error.to_string()),
    };
    let text = match text {
        Ok(text) => text,
        Err(error) => {
            gatherer.counts.fail("unreadable");
            return gatherer.trouble("bad-file", format!("{file}: cannot be read: {error}"), "the file is left out");
        }
    };
    match kind {
        Kind::Credentials => credentials::read(file, &text, gatherer),
        Kind::EncodedCredentials => match decoded(&text) {
            Some((report, generated)) => {
                generated.into_iter().for_each(|at| gatherer.reach(at));
                credentials::read(file, &report, gatherer)
            }
            None => {
                gatherer.counts.fail("unreadable");
                gatherer.trouble("bad-file", format!("{file}: `Content` is not a report in base64"), "the file is left out")
            }
        },
        Kind::LastAccessed => last_accessed::read(file, &text, gatherer),
        Kind::Organization => organization::read(file, &text, gatherer),
        Kind::AccountDetails => account_details::read(file, &text, gatherer),
        Kind::Findings => findings::read(file, &text, gatherer),
        Kind::Reduced { .. } => reduced::read_csv(file, text.as_bytes(), gatherer),
        Kind::Trail { .. } | Kind::WithEntities => Ok(()),
    }
}

/// The credential report in the answer of GetCredentialReport, and when it was made.
fn decoded(text: &str) -> Option<(String, Option<super::When>)> {
    let answer: serde_json::Value = serde_json::from_str(text).ok()?;
    let bytes = base64::decode(answer.get("Content")?.as_str()?)?;
    let generated = answer.get("GeneratedTime").and_then(last_accessed::moment);
    Some((String::from_utf8(bytes).ok()?, generated))
}
