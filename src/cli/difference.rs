//! `diff`: the whole difference of access between two versions.

use super::args::{DiffArgs, DiffFormat};
use super::remarks::read_as;
use super::{Exit, Trouble, input, print, progress};
use crate::question::difference::difference;
use crate::report::warnings::{beside, in_files};
use crate::report::{difference as report, regions};

/// `leastwise diff`
pub(crate) fn diff(args: &DiffArgs) -> Result<Exit, Trouble> {
    let (old, new) = (input::access(&args.old)?, input::access(&args.new)?);
    super::check::check_alike(&old, &new)?;
    let spinner = progress::spinner("comparing");
    let warnings = in_files(old.warnings().chain(new.warnings()));
    let [old, new] = read_as([&old, &new], args.reading.readings());
    let found = difference(&old, &new, &args.settings())?;
    drop(spinner);
    print(&match args.format {
        DiffFormat::Json => format!("{}\n", beside(regions::json(&found, &old, &new), warnings)),
        DiffFormat::Text => report::text(&found, &old, &new),
        DiffFormat::Markdown => report::markdown(&found, &old, &new),
    })?;
    Ok(match (&found.unknown, found.added.is_empty() && found.removed.is_empty()) {
        (Some(_), _) => Exit::Unknown,
        (None, true) => Exit::Holds,
        (None, false) => Exit::DoesNotHold,
    })
}
