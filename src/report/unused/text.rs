//! Findings for people: by entity, then what was read, then what is worth knowing.

use crate::account::findings::{Findings, Service, Unused};
use crate::evidence::Evidence;
use std::fmt::Write as _;

/// Names that are shown of a long list.
const SHOWN: usize = 6;

/// Services that are shown of one entity.
pub(super) const MOST_SERVICES: usize = 20;

pub(super) fn names<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> String {
    let (count, shown) = (names.len(), names.take(SHOWN).collect::<Vec<_>>().join(", "));
    if count > SHOWN { format!("{shown} and {} more", count - SHOWN) } else { shown }
}

pub(super) fn service(service: &Service) -> String {
    let last = service.last.map_or(String::new(), |last| format!(", last used {}", last.day()));
    match &service.actions {
        None => format!("{}: the whole service{last}", service.namespace),
        Some(actions) => format!("{}: {}{last}", service.namespace, names(actions.iter().map(|(name, _)| name.as_str()))),
    }
}

/// The day of a last use.
pub(super) fn last(when: Option<crate::evidence::When>) -> String {
    when.map_or("never".to_owned(), |when| when.day())
}

/// All of it.
pub fn findings(found: &Findings<'_>, evidence: &Evidence) -> String {
    let mut out = String::new();
    let mut before = "";
    for finding in &found.findings {
        if before != finding.entity.arn {
            let _ = writeln!(out, "{}", finding.entity.arn);
            before = &finding.entity.arn;
        }
        let _ = match &finding.unused {
            Unused::Role { last: at } => writeln!(out, "  unused role, last used: {}", last(*at)),
            Unused::AccessKey { key, last: at } => writeln!(out, "  unused access key {key}, last used: {}", last(*at)),
            Unused::Password { last: at } => writeln!(out, "  unused password, last used: {}", last(*at)),
            Unused::Permissions(services) => {
                let more = services.len().saturating_sub(MOST_SERVICES);
                let shown = services.iter().take(MOST_SERVICES);
                let written = shown.clone().try_for_each(|one| writeln!(out, "  unused permissions of {}", service(one)));
                if more > 0 { writeln!(out, "  and of {more} more services (--format json lists them)") } else { written }
            }
            Unused::NotObservable => Ok(()),
        };
        if !finding.not_observable.is_empty() {
            let shown = names(finding.not_observable.iter().copied());
            let _ = writeln!(out, "  not observable, and so never unused: {shown}");
        }
        for note in &finding.notes {
            let _ = writeln!(out, "  note: {note}");
        }
    }
    let _ = writeln!(out, "{}", total(found));
    let excluded: usize = found.excluded.values().sum();
    if excluded > 0 {
        let reasons: Vec<String> = found.excluded.iter().map(|(reason, count)| format!("{count}: {reason}")).collect();
        let _ = writeln!(out, "{excluded} excluded ({})", reasons.join("; "));
    }
    let _ = writeln!(out, "window: {} to {}, {} days", found.window.from, found.window.to, found.window.days);
    out + &read(evidence)
}

/// How many findings of each type there are.
pub fn total(found: &Findings<'_>) -> String {
    let (mut kinds, mut order) = (std::collections::BTreeMap::new(), Vec::new());
    for finding in found.findings.iter().filter(|finding| finding.unused != Unused::NotObservable) {
        *kinds.entry(finding.unused.name()).or_insert(0_usize) += 1;
    }
    order.extend(kinds.iter().map(|(kind, count)| format!("{count} {kind}")));
    let total = if order.is_empty() { "no finding".to_owned() } else { order.join(", ") };
    format!("{total}, in {} users and roles", found.entities)
}

/// What was read, and what became of it.
pub fn read(evidence: &Evidence) -> String {
    let counts = &evidence.counts;
    let of = |map: &std::collections::BTreeMap<&'static str, u64>| {
        let parts: Vec<String> = map.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        if parts.is_empty() { "0".to_owned() } else { format!("{} ({})", map.values().sum::<u64>(), parts.join(", ")) }
    };
    let mut out = format!(
        "evidence: {}, {}: {} mapped, {} unmapped, {} denied, {} duplicate, skipped {}, failed {}\n",
        crate::diag::count(evidence.files.len(), "file", "files"),
        if counts.read == 1 { "1 record".to_owned() } else { format!("{} records", counts.read) },
        counts.mapped,
        counts.unmapped,
        counts.denied,
        counts.duplicate,
        of(&counts.skipped),
        of(&counts.failed),
    );
    for (account, coverage) in &evidence.coverage {
        let data: Vec<&str> = coverage.data_events.iter().map(String::as_str).collect();
        let data = if data.is_empty() { "none".to_owned() } else { data.join(", ") };
        let _ = writeln!(out, "CloudTrail of {account}: {} to {}, data events: {data}", coverage.first, coverage.last);
    }
    out
}
