//! `outside-access`: who outside a zone of trust gets in.

use super::args::{Format, OutsideAccessArgs};
use super::check::check_resource_side;
use super::remarks::read_as;
use super::{Exit, Trouble, input, print, progress};
use crate::diag::Diagnostic;
use crate::question::outside_access::{Outside, Zone, outside_access as ask};
use crate::report::warnings::{beside, in_files};
use crate::report::{json, text};

/// A zone of trust from the texts that name it.
pub(crate) fn zone<'t>(trusted: impl IntoIterator<Item = &'t str>) -> Result<Zone, Diagnostic> {
    let mut zone = Zone::default();
    for text in trusted {
        let help = "write an account id, an organization id, an ARN, a canonical user id, or an identity provider's domain";
        zone.trust(text).map_err(|message| Diagnostic::bare("unknown-trusted", message, help))?;
    }
    Ok(zone)
}

/// `leastwise outside-access`
pub(crate) fn outside_access(args: &OutsideAccessArgs) -> Result<Exit, Trouble> {
    let access = input::access(&args.policy)?;
    check_resource_side(&access)?;
    let zone = zone(args.trusted.iter().map(String::as_str))?;
    let spinner = progress::spinner("asking Z3");
    let warnings = in_files(access.warnings());
    let [access] = read_as([&access], args.asking.reading.readings());
    let outside: Outside = ask(&access, &zone, &args.asking.settings())?;
    drop(spinner);
    match args.asking.format {
        Format::Json => print(&format!("{}\n", beside(json::outside(&access, &outside), warnings)))?,
        Format::Text => print(&text::outside(&access, &outside))?,
    }
    Ok(match (outside.findings.is_empty(), outside.unknown) {
        (true, None) => Exit::Holds,
        (true, Some(_)) => Exit::Unknown,
        (false, _) => Exit::DoesNotHold,
    })
}
