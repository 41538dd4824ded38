//! JUnit's XML: a suite, a case for each finding; those that do not count are skipped, as are approved ones.

use super::{Findings, Place, full, place};
use std::fmt::Write as _;

/// The findings as JUnit's XML.
pub fn junit(findings: &Findings<'_>) -> String {
    let failures = findings.each().filter(|(_, counts)| *counts).count();
    let (tests, skipped) = (findings.all.len().max(1), findings.all.len() - failures);
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuites name=\"leastwise\" tests=\"{tests}\" failures=\"{failures}\">\n  <testsuite name=\"leastwise {}\" \
         tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\">",
        xml(findings.check)
    );
    if findings.all.is_empty() {
        let _ = writeln!(out, "    <testcase name=\"{}\" classname=\"leastwise\"/>", xml(&findings.summary()));
    }
    for (finding, counts) in findings.each() {
        let Place { path, start, .. } = place(finding);
        let name = format!("{} {}", finding.rule, finding.subject);
        let _ = writeln!(out, "    <testcase name=\"{}\" classname=\"{}\">", xml(name.trim_end()), xml(&path));
        let message = format!("{}:{}:{}: {}", path, start.0, start.1, finding.message);
        if counts {
            let _ = writeln!(
                out,
                "      <failure type=\"{}\" message=\"{}\">{}</failure>",
                finding.level.name(),
                xml(&message),
                xml(&full(finding))
            );
        } else {
            let why = finding.suppressed.as_ref().map(|reason| format!("approved: {reason}"));
            let _ =
                writeln!(out, "      <skipped message=\"{}\">{}</skipped>", xml(&why.unwrap_or(message)), xml(&full(finding)));
        }
        out.push_str("    </testcase>\n");
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

/// Text of XML; characters that XML 1.0 cannot have are replaced.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push_str(&format!("&#{};", u32::from(c))),
            c if u32::from(c) < 0x20 || matches!(c, '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
