//! Which findings does the change itself approve?
//!
//! Approvals stand in the repository, so whoever changes a policy can approve what comes of it in the same change. Who may do
//! that is for review: here it is said, at the approval, so that nobody has to look for it. An `[[allow]]` is new if the
//! revision's configuration has none like it. A comment is new if the file had fewer of its text; one that stood beside another
//! line was written about something else, which counts where the finding is about what the change brings.
//!
//! Invariant: neither the configuration nor another approval hides what is said here, only the command itself does.

use super::configuration::Allowed;
use super::{Compared, Now};
use crate::check::Options;
use crate::check::rules::{self, NEW_APPROVAL};
use crate::check::suppress::{By, Given};
use crate::check::values::Places;
use crate::diag::{Finding, Source, Span, count};
use std::collections::{BTreeMap, BTreeSet};

/// How a comment begins that approves something.
const APPROVES: &str = "leastwise:";

/// The findings that nothing but new approvals approve, at these approvals.
pub(in crate::check) fn judge(
    given: &[Given],
    findings: &[Finding],
    (compared, now): (&Compared, &[Now<'_>]),
    allowed: &Allowed,
    options: &Options,
) -> Vec<Finding> {
    if options.ignored.iter().any(|rule| rule == NEW_APPROVAL) {
        return Vec::new();
    }
    let is_new = |one: &Given| match &one.by {
        By::Allow(number) => {
            let allow = options.config.allow.get(*number);
            allow.zip(allowed.as_ref()).is_some_and(|(allow, known)| !known.contains(&allow.identity()))
        }
        By::Comment(source, span) => {
            let is_growth = findings.get(one.finding).is_some_and(rules::is_growth);
            is_new_comment(&source.text, compared.text_before(now, &source.name).unwrap_or_default(), span.start, is_growth)
        }
    };
    let known: BTreeSet<usize> = given.iter().filter(|one| !is_new(one)).map(|one| one.finding).collect();
    let mut by: BTreeMap<(String, usize), (Source, Span, Vec<&Finding>)> = BTreeMap::new();
    for one in given.iter().filter(|one| !known.contains(&one.finding)) {
        let Some(finding) = findings.get(one.finding) else { continue };
        let (source, span) = match &one.by {
            By::Comment(source, span) => (source.clone(), *span),
            By::Allow(number) => {
                let config = &options.config;
                let Some((source, allow)) = config.source.as_ref().zip(config.allow.get(*number)) else { continue };
                (source.clone(), Places::of(source).find_in("allow", *number, &allow.reason))
            }
        };
        by.entry((source.name.to_string(), span.start)).or_insert_with(|| (source, span, Vec::new())).2.push(finding);
    }
    let told = |(source, span, of): (Source, Span, Vec<&Finding>)| {
        let message = format!("The change itself approves {} here.", count(of.len(), "finding", "findings"));
        let mut found = rules::approved_by_change((&source, span), message, &of, &options.config);
        found.notes.push(format!("compared with {}", compared.name));
        found
    };
    by.into_values().map(told).collect()
}

/// Whether a comment that approves is new, or stands beside something else where that counts.
fn is_new_comment(now: &str, before: &str, at: usize, counts_beside: bool) -> bool {
    let (new, old) = (comments(now), comments(before));
    let Some((_, text, beside)) = new.iter().find(|(start, ..)| *start == at) else { return true };
    if old.iter().any(|(_, other, line)| (other, line) == (text, beside)) {
        return false;
    }
    let many = |all: &[(usize, &str, &str)]| all.iter().filter(|(_, other, _)| other == text).count();
    counts_beside || many(&new) > many(&old)
}

/// The comments of a text that approve: where each begins, what it says, and the line that it is about.
fn comments(text: &str) -> Vec<(usize, &str, &str)> {
    let (mut out, mut waiting) = (Vec::new(), Vec::new());
    let mut start = 0;
    for whole in text.split_inclusive('\n') {
        let line = whole.trim_end();
        let (before, comment) = match line.find('#') {
            Some(at) => (line.get(..at).unwrap_or_default().trim(), line.get(at + 1..).map(|rest| (start + at, rest.trim()))),
            None => (line.trim(), None),
        };
        waiting.extend(comment.filter(|(_, text)| text.starts_with(APPROVES)));
        if !before.is_empty() || comment.is_none() {
            out.extend(waiting.drain(..).map(|(at, text)| (at, text, before)));
        }
        start += whole.len();
    }
    out.extend(waiting.into_iter().map(|(at, text)| (at, text, "")));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_known_by_its_text_and_its_line() {
        let is_new =
            |now: &str, before: &str, counts_beside: bool| is_new_comment(now, before, now.find('#').unwrap(), counts_beside);
        let one = "a:\n  # leastwise: allow x: y\n  b: 1\n";
        for (now, before, counts_beside, expected) in [
            (one, one, true, false),
            (one, "", false, true),
            // It went down, and its line with it.
            (one, "z: 1\na:\n  # leastwise: allow x: y\n  b: 1\n", true, false),
            // Beside something else.
            (one, "a:\n  # leastwise: allow x: y\n  b: 2\n", true, true),
            (one, "a:\n  # leastwise: allow x: y\n  b: 2\n", false, false),
            // Another day, another reason.
            (one, "a:\n  # leastwise: allow x until 2027-01-31: y\n  b: 1\n", false, true),
            // A second one of the same text.
            ("# leastwise: allow x: y\nc: 1\n# leastwise: allow x: y\nb: 1\n", one, false, true),
            // On the line itself.
            ("b: 1 # leastwise: allow x: y\n", one, true, false),
            // A comment between.
            ("# leastwise: allow x: y\n# why\nb: 1\n", one, true, false),
        ] {
            assert_eq!(is_new(now, before, counts_beside), expected, "{now} / {before}");
        }
    }
}
