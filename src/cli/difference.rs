//! `diff`: the whole difference of access between two versions.

use super::args::{DiffArgs, DiffFormat};
use super::check::emit_smt2;
use super::remarks::read_as;
use super::{Exit, Trouble, input, print, print_json, progress};
use crate::policy::Access;
use crate::question::difference::{Difference, difference};
use crate::question::no_new_access::{no_new_access, search};
use crate::question::{InternalError, Settings, Verdict};
use crate::report::warnings::in_files;
use crate::report::{difference as report, regions};
use anyhow::anyhow;

/// `leastwise diff`
pub(crate) fn diff(args: &DiffArgs) -> Result<Exit, Trouble> {
    let (old, new) = (input::access(&args.old)?, input::access(&args.new)?);
    super::check::check_alike(&old, &new)?;
    let spinner = progress::spinner("comparing");
    let warnings = in_files(old.warnings().chain(new.warnings()));
    let settings = args.deciding.settings();
    let [old, new] = read_as([&old, &new], settings.readings);
    let searches = [("added.smt2", &search(&old, &new)), ("removed.smt2", &search(&new, &old))];
    emit_smt2(args.emit_smt2.as_deref(), settings.matching, &searches)?;
    let found = difference(&old, &new, &settings)?;
    let exit = exit(&found);
    if args.deciding.cross_check && exit != Exit::Unknown {
        let other = other_verdict(&old, &new, &settings.crossed())?;
        if (exit == Exit::Holds && other == "FAIL") || (exit == Exit::DoesNotHold && other == "PASS") {
            return Err(anyhow!("the engines disagree about the difference; please report it with both policies").into());
        }
    }
    drop(spinner);
    match args.format {
        DiffFormat::Json => print_json(&regions::json(&found, &old, &new).beside(warnings))?,
        DiffFormat::Text => print(&report::text(&found, &old, &new))?,
        DiffFormat::Markdown => print(&report::markdown(&found, &old, &new))?,
    }
    Ok(exit)
}

fn exit(found: &Difference) -> Exit {
    match (&found.unknown, found.added.is_empty() && found.removed.is_empty()) {
        (Some(_), _) => Exit::Unknown,
        (None, true) => Exit::Holds,
        (None, false) => Exit::DoesNotHold,
    }
}

/// Whether there is any difference, asked as two questions: PASS if there is none.
pub(super) fn other_verdict(old: &Access, new: &Access, settings: &Settings) -> Result<&'static str, InternalError> {
    let (added, removed) = (no_new_access(old, new, settings)?.verdict, no_new_access(new, old, settings)?.verdict);
    Ok(match (added, removed) {
        (Verdict::Fail { .. }, _) | (_, Verdict::Fail { .. }) => "FAIL",
        (Verdict::Pass, Verdict::Pass) => "PASS",
        (Verdict::Unknown(_), _) | (_, Verdict::Unknown(_)) => "UNKNOWN",
    })
}
