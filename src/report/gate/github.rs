//! Annotations of a GitHub workflow, one a line; approved findings are left out, the summary is a notice.
//!
//! Source: GitHub Actions, "Workflow commands", and the escapes of its toolkit (`%`, CR, LF; in properties `:` and `,` too).

use super::{Findings, Place, full, place};
use crate::report::github::{annotation, data};
use std::fmt::Write as _;

/// The findings as annotations.
pub fn github(findings: &Findings<'_>) -> String {
    let mut out = String::new();
    for finding in findings.all.iter().filter(|finding| finding.suppressed.is_none()) {
        let Place { path, start, end } = place(finding);
        let title = format!("leastwise {}", finding.rule);
        out.push_str(&annotation(finding.level, &path, [start, end], &title, &full(finding)));
    }
    let _ = writeln!(out, "::notice title=leastwise::{}", data(&findings.summary()));
    out
}
