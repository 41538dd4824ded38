//! What does a door say of all its requests alike: how they are decided, what is said beside a verdict, which files are
//! written?
//!
//! Operations write no files by themselves: a door says how (the command line writes a file whole or not at all, and
//! removes it when a signal ends the program).

use super::Failed;
use crate::question::Settings;
use std::path::{Path, PathBuf};

/// Writes named files into a folder, which is made if it is missing; the error is a sentence.
pub type Write = fn(&Path, &[(String, String)]) -> Result<(), String>;

/// What holds for all requests of a door.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// How questions are decided.
    pub settings: Settings,
    /// Whether both engines are asked.
    pub cross_check: bool,
    /// Whether a verdict says that it would be another under another reading.
    pub remarks: bool,
    /// Whether a FAIL is explained.
    pub explain: bool,
    /// Whether names that nobody knows are asked about.
    pub allow_unknown: bool,
    /// Where what a PASS rests on is written.
    pub proof: Option<PathBuf>,
    /// Where questions are written as SMT-LIB.
    pub emit_smt2: Option<PathBuf>,
    /// How files are written.
    pub write: Write,
}

impl Options {
    /// Only a verdict, decided so.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            cross_check: false,
            remarks: false,
            explain: false,
            allow_unknown: false,
            proof: None,
            emit_smt2: None,
            write: |folder, _| Err(format!("nobody writes files into {}", folder.display())),
        }
    }

    /// The same, decided otherwise.
    pub(crate) fn with(&self, settings: Settings) -> Self {
        Self { settings, ..self.clone() }
    }

    /// The same with a folder of its own for the files of one request.
    pub(crate) fn below(&self, folder: &str) -> Self {
        let below = |path: &Option<PathBuf>| path.as_ref().map(|path| path.join(folder));
        Self { proof: below(&self.proof), emit_smt2: below(&self.emit_smt2), ..self.clone() }
    }

    /// Writes what a PASS rests on, if that is wanted.
    pub(crate) fn write_proof(&self, files: impl FnOnce() -> Vec<(String, String)>) -> Result<(), Failed> {
        self.proof.as_ref().map_or(Ok(()), |folder| (self.write)(folder, &files()).map_err(Failed::Other))
    }

    /// Writes questions as SMT-LIB, if that is wanted.
    pub(crate) fn write_smt2(&self, files: impl FnOnce() -> Result<Vec<(String, String)>, Failed>) -> Result<(), Failed> {
        match &self.emit_smt2 {
            None => Ok(()),
            Some(folder) => (self.write)(folder, &files()?).map_err(Failed::Other),
        }
    }
}
