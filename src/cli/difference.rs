//! `diff`: the whole difference of access between two versions.

use super::args::{DiffArgs, DiffFormat};
use super::switches::Format;
use super::{Exit, Trouble, input, print, progress, show};
use crate::ops::Options;
use crate::ops::diff::Diff;
use crate::report::warnings::in_files;
use crate::report::{Found, difference};
use std::sync::Arc;

/// `leastwise diff`
pub(crate) fn diff(args: &DiffArgs) -> Result<Exit, Trouble> {
    let (old, new) = (Arc::new(input::access(&args.old)?), Arc::new(input::access(&args.new)?));
    let warnings = in_files(old.warnings().chain(new.warnings()));
    let asked = Diff::new(old, new)?;
    let spinner = progress::spinner("comparing");
    let report =
        asked.answer(&Options { emit_smt2: args.emitting.emit_smt2.clone(), ..args.deciding.options() })?.beside(warnings);
    drop(spinner);
    match (args.format, &report.found) {
        (DiffFormat::Json, _) => show(&report, Format::Json),
        (DiffFormat::Markdown, Found::Difference { old, new, difference }) => {
            print(&difference::markdown(difference, old, new))?;
            Ok(report.standing().into())
        }
        (DiffFormat::Text | DiffFormat::Markdown, _) => show(&report, Format::Text),
    }
}
