//! For a comment on a pull request: a table, and the requests below it.

use super::{Findings, Place, brief, place};
use crate::diag::{Finding, escape};
use std::fmt::Write as _;

/// The findings as Markdown.
pub fn markdown(findings: &Findings<'_>) -> String {
    let mut out = format!("### Leastwise: {}\n", findings.summary());
    let open: Vec<&Finding> = findings.all.iter().filter(|finding| finding.suppressed.is_none()).collect();
    if !open.is_empty() {
        out.push_str("\n| | Rule | Policy | Finding |\n|---|---|---|---|\n");
    }
    for finding in &open {
        let Place { path, start, .. } = place(finding);
        let at = format!("{path}:{}", start.0);
        let subject = if finding.subject.is_empty() { String::new() } else { format!("{}<br>", escape::code(&finding.subject)) };
        let _ = writeln!(
            out,
            "| {} | {} | {subject}{} | {} |",
            finding.level.name(),
            escape::code(&finding.rule),
            escape::code(&at),
            said(&finding.message)
        );
    }
    for finding in open.iter().filter(|finding| finding.witness.is_some() || !finding.notes.is_empty()) {
        let Place { path, start, .. } = place(finding);
        let of = if finding.subject.is_empty() { format!("{path}:{}", start.0) } else { finding.subject.clone() };
        let _ = writeln!(out, "\n**{}** {}\n", escape::code(&finding.rule), escape::code(&of));
        if let Some(witness) = &finding.witness {
            let _ = writeln!(out, "- request: {}", escape::code(&brief(witness)));
        }
        for note in &finding.notes {
            let _ = writeln!(out, "- {}", said(note));
        }
    }
    let approved: Vec<&Finding> = findings.all.iter().filter(|finding| finding.suppressed.is_some()).collect();
    if !approved.is_empty() {
        out.push_str("\nApproved:\n\n");
    }
    for finding in approved {
        let reason = finding.suppressed.as_deref().unwrap_or_default();
        let line = format!("{} in {} {}: {reason}", finding.rule, place(finding).path, finding.subject);
        let _ = writeln!(out, "- {}", escape::code(&line));
    }
    out
}

/// A sentence as a code span, in which no backtick may stand: names are between quotation marks there.
fn said(sentence: &str) -> String {
    escape::code(&sentence.replace('`', "'"))
}
