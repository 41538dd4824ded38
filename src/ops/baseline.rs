//! Which findings does a baseline know, and which of them since this change only?
//!
//! A baseline is a list of fingerprints of findings that somebody has taken note of. It stands in the repository as a rule, so
//! whoever changes a policy can add what comes of it in the same change. So in a comparison with a revision, what a change
//! brings is known by the revision's baseline alone; another finding that the change adds is hidden, and told.
//!
//! Invariant: a finding of growth that the revision's baseline does not know counts, whatever the baseline says now.

use super::check::Request;
use crate::check::config::Config;
use crate::check::rules::{self, NEW_APPROVAL};
use crate::check::{Checked, against::Revision, files};
use crate::diag::{Budget, Diagnostic, Finding, Source, Span, count, shown_path};
use crate::json::Value;
use crate::report::gate;
use std::collections::BTreeSet;
use std::path::Path;

/// The fingerprints that a baseline lists.
///
/// # Errors
/// The document is not a baseline.
pub fn fingerprints(source: &Source, value: &Value) -> Result<Vec<String>, Diagnostic> {
    let bad = |span: Span, message| Diagnostic::error("bad-baseline", source, span, message, "write one with --write-baseline");
    let list = value.get("fingerprints").and_then(Value::elements);
    let list = list.ok_or_else(|| bad(value.span, "this is not a baseline: it has no `fingerprints`"))?;
    let print =
        |one: &Value| one.as_str().map(str::to_owned).ok_or_else(|| bad(one.span, "this is not the fingerprint of a finding"));
    list.iter().map(print).collect()
}

/// Marks the findings that the baseline knows, and says what the change adds to it.
pub(super) fn apply(checked: &mut Checked, request: &Request, config: &Config, ignored: &[String]) -> Result<(), Diagnostic> {
    let known: BTreeSet<&str> = request.baseline.iter().map(String::as_str).collect();
    if known.is_empty() {
        return Ok(());
    }
    let path = request.baseline_path.as_deref().map(files::plain);
    let before = match (&request.against, &path) {
        (Some(revision), Some(path)) => known_before(&Revision::open(revision)?, path)?,
        _ => None,
    };
    let mut added: Vec<usize> = Vec::new();
    for (at, finding) in checked.findings.iter_mut().enumerate().filter(|(_, finding)| finding.suppressed.is_none()) {
        let now = gate::fingerprint(finding);
        // What moved with its file is known by where it stood.
        let before_it = checked.moved.get(&finding.source.place(finding.span).0.name.to_string());
        let before_it = before_it.map(|path| gate::fingerprint_at(finding, path));
        let Some(print) = std::iter::once(now).chain(before_it).find(|print| known.contains(print.as_str())) else { continue };
        let is_added = before.as_ref().is_some_and(|before| !before.contains(&print));
        if is_added && rules::is_growth(finding) {
            let note = "the change itself adds this to the baseline: it counts all the same, and `[[allow]]` approves it";
            finding.notes.push(note.to_owned());
            continue;
        }
        finding.suppressed = Some("it is in the baseline".to_owned());
        added.extend(is_added.then_some(at));
    }
    if let Some(path) = path.filter(|_| !added.is_empty() && !ignored.iter().any(|rule| rule == NEW_APPROVAL)) {
        let of: Vec<&Finding> = added.iter().filter_map(|at| checked.findings.get(*at)).collect();
        let told = told(&path, &of, config);
        checked.findings.push(told);
    }
    Ok(())
}

/// The findings that the change adds, at the first of them in the baseline.
fn told(path: &Path, of: &[&Finding], config: &Config) -> Finding {
    let shown = shown_path(path);
    let source = files::read(path, &shown).unwrap_or_else(|_| Source::new(shown.as_str(), ""));
    let places = of.iter().filter_map(|finding| {
        let print = gate::fingerprint(finding);
        source.text.find(&print).map(|at| Span::new(at, at + print.len()))
    });
    let span = places.min_by_key(|span| span.start).unwrap_or_default();
    let message = format!("The change itself adds {} to the baseline.", count(of.len(), "finding", "findings"));
    rules::approved_by_change((&source, span), message, of, config)
}

/// What the baseline of the revision knew; `None` where the baseline is not part of the repository, so not of the change.
fn known_before(revision: &Revision, path: &Path) -> Result<Option<BTreeSet<String>>, Diagnostic> {
    let Some(before) = revision.tracked(path)? else { return Ok(None) };
    // What nobody can read knew nothing.
    let prints = before.and_then(|source| {
        let value = crate::json::read(&source, &Budget::default()).ok()?;
        fingerprints(&source, &value).ok()
    });
    Ok(Some(prints.unwrap_or_default().into_iter().collect()))
}
