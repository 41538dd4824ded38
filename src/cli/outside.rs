//! `outside-access`: who outside a zone of trust gets in.

use super::args::OutsideAccessArgs;
use super::asked::split;
use super::check::{check_resource_side, emit_smt2};
use super::remarks::read_as;
use super::switches::Format;
use super::{Exit, Trouble, input, print, print_json, progress, save};
use crate::diag::{Diagnostic, Source, Span};
use crate::policy::{Access, ArnMatching};
use crate::question::outside_access::{Outside, Zone, outside_access as ask, searches, without_sources};
use crate::report::warnings::in_files;
use crate::report::{json, proof, text};
use anyhow::anyhow;
use std::path::Path;

/// A zone of trust from the texts that name it, each with its place.
pub(crate) fn zone<'t>(trusted: impl IntoIterator<Item = (&'t str, Source, Span)>) -> Result<Zone, Diagnostic> {
    let mut zone = Zone::default();
    for (text, source, span) in trusted {
        zone.trust(text).map_err(|message| {
            let help = "write an account id, an organization id, an ARN, a canonical user id, or an identity provider's domain";
            let help = meant(text).map_or_else(|| help.to_owned(), |meant| format!("did you mean {meant}? {help}"));
            Diagnostic::error("unknown-trusted", &source, span, message, help)
        })?;
    }
    Ok(zone)
}

/// Who was probably meant: an id that is written with dashes, blanks or capitals.
fn meant(text: &str) -> Option<String> {
    let plain: String = text.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let lower = plain.to_ascii_lowercase();
    let organization = lower.strip_prefix('o').map(|id| format!("o-{id}"));
    [Some(plain), organization].into_iter().flatten().find(|one| one != text && Zone::default().trust(one).is_ok())
}

/// Writes the searches as SMT-LIB into a folder, if one is given.
pub(crate) fn emit(folder: Option<&Path>, access: &Access, zone: &Zone, matching: ArnMatching) -> Result<(), Trouble> {
    if folder.is_none() {
        return Ok(());
    }
    let pinned = without_sources(access, zone);
    let searches = searches(access, pinned.as_ref(), zone);
    let names = ["people-from-outside.smt2", "services.smt2", "services-in-trust-policies.smt2"];
    let named: Vec<_> = names.into_iter().zip(&searches).collect();
    emit_smt2(folder, matching, &named)
}

/// Writes what a PASS rests on into a folder, if one is given.
pub(crate) fn keep(folder: Option<&Path>, outside: &Outside) -> Result<(), Trouble> {
    match (folder, &outside.checked) {
        (Some(folder), Some(checked)) => save::write_all(folder, &proof::files(&[("outside-access", &checked.obligations)])),
        _ => Ok(()),
    }
}

/// Do both answers name the same entries, with all that is said of them but the requests?
pub(crate) fn agree(a: &Outside, b: &Outside) -> bool {
    let shown = |outside: &Outside| -> Vec<_> {
        let all = outside.findings.iter();
        all.map(|finding| {
            (finding.number, finding.principal.clone(), finding.actions.clone(), finding.is_public, finding.service)
        })
        .collect()
    };
    a.unknown.is_some() || b.unknown.is_some() || shown(a) == shown(b)
}

/// `leastwise outside-access`
pub(crate) fn outside_access(args: &OutsideAccessArgs) -> Result<Exit, Trouble> {
    let access = input::access(&args.policy)?;
    check_resource_side(&access)?;
    let trusted = args.trusted.iter().flat_map(|text| split("--trusted", text, |_| true)).collect::<Vec<_>>();
    let mut zone = zone(trusted.iter().map(|entry| (entry.text.as_str(), entry.source.clone(), entry.span)))?;
    zone.trusts_services = args.trust_services;
    let spinner = progress::spinner("asking Z3");
    let warnings = in_files(access.warnings());
    let [access] = read_as([&access], args.deciding.reading.readings());
    let settings = args.settings();
    emit(args.emit_smt2.as_deref(), &access, &zone, settings.matching)?;
    let outside: Outside = ask(&access, &zone, &settings)?;
    if args.deciding.cross_check && !agree(&outside, &ask(&access, &zone, &settings.crossed())?) {
        return Err(anyhow!("the engines disagree about who gets in; please report it with the policy").into());
    }
    drop(spinner);
    keep(args.proving.proof.as_deref(), &outside)?;
    match args.format {
        Format::Json => print_json(&json::outside(&access, &outside).beside(warnings))?,
        Format::Text => print(&text::outside(&access, &outside))?,
    }
    Ok(match (outside.findings.is_empty(), outside.unknown) {
        (true, None) => Exit::Holds,
        (true, Some(_)) => Exit::Unknown,
        (false, _) => Exit::DoesNotHold,
    })
}
