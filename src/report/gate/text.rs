//! For people: a line for each finding, its notes and its request indented, and the summary.

use super::{Findings, Place, brief, place};
use crate::diag::{Level, escape};
use anstyle::{AnsiColor, Style};
use std::fmt::Write as _;

fn style(level: Level) -> Style {
    match level {
        Level::Error => AnsiColor::Red.on_default().bold(),
        Level::Warning => AnsiColor::Yellow.on_default().bold(),
        Level::Note => AnsiColor::Cyan.on_default().bold(),
    }
}

/// The findings as text.
pub fn text(findings: &Findings<'_>) -> String {
    let mut out = String::new();
    for finding in findings.all {
        let Place { path, start: (line, column), .. } = place(finding);
        let style = style(finding.level);
        let subject = if finding.subject.is_empty() { String::new() } else { format!("{}: ", escape::text(&finding.subject)) };
        let approved = if finding.suppressed.is_some() { "approved " } else { "" };
        let _ = writeln!(
            out,
            "{}:{line}:{column}: {approved}{style}{}[{}]{style:#} {subject}{}",
            escape::text(&path),
            finding.level.name(),
            escape::text(&finding.rule),
            escape::text(&finding.message)
        );
        if let Some(reason) = &finding.suppressed {
            let _ = writeln!(out, "  approved: {}", escape::text(reason));
            continue;
        }
        if let Some(witness) = &finding.witness {
            let _ = writeln!(out, "  request: {}", escape::text(&brief(witness)));
        }
        for note in &finding.notes {
            let _ = writeln!(out, "  note: {}", escape::text(note));
        }
    }
    let _ = writeln!(out, "{}", findings.summary());
    out
}
