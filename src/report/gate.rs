//! Findings for people and programs: text, JSON, annotations of GitHub, Markdown for a pull request, JUnit.
//!
//! SARIF is in `gate_sarif`. Every format shows every finding, approved ones as such, and the same notes.

use super::github::{annotation, data};
use crate::catalog::Catalog;
use crate::diag::{Finding, Level, Rule, escape};
use crate::policy::request_json;
use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Findings with what a report says of the run.
#[derive(Debug, Clone, Copy)]
pub struct Findings<'f> {
    /// The command that found them.
    pub check: &'static str,
    /// All of them, approved ones too, in order.
    pub all: &'f [Finding],
    /// Rules that findings may be of.
    pub rules: &'f [Rule],
    /// How many files were looked at.
    pub files: usize,
    /// How many policies they hold.
    pub policies: usize,
    /// The level from which findings count.
    pub fail_on: Level,
}

impl Findings<'_> {
    /// Those that are not approved, of one level.
    fn of(&self, level: Level) -> usize {
        self.all.iter().filter(|finding| finding.suppressed.is_none() && finding.level == level).count()
    }

    fn approved(&self) -> usize {
        self.all.iter().filter(|finding| finding.suppressed.is_some()).count()
    }

    /// Whether any finding counts.
    pub fn fails(&self) -> bool {
        self.all.iter().any(|finding| finding.suppressed.is_none() && finding.level >= self.fail_on)
    }

    /// The summary, one line.
    pub fn summary(&self) -> String {
        let word = |many: usize, what: &str| if many == 1 { format!("1 {what}") } else { format!("{many} {what}s") };
        let policies = if self.policies == 1 { "1 policy".to_owned() } else { format!("{} policies", self.policies) };
        let mut found: Vec<String> = [Level::Error, Level::Warning, Level::Note]
            .into_iter()
            .filter(|level| self.of(*level) > 0)
            .map(|level| word(self.of(level), level.name()))
            .collect();
        if self.approved() > 0 {
            found.push(format!("{} approved", self.approved()));
        }
        let found = if found.is_empty() { "no findings".to_owned() } else { found.join(", ") };
        format!("{policies} in {}: {found}", word(self.files, "file"))
    }
}

/// Where a finding starts and ends: path, line and column from 1, and those of its end.
pub(super) struct Place {
    pub(super) path: String,
    pub(super) start: (usize, usize),
    pub(super) end: (usize, usize),
}

pub(super) fn place(finding: &Finding) -> Place {
    let (source, span) = finding.source.place(finding.span);
    let at = |offset: usize| {
        let place = source.line_column(offset);
        (place.line, place.column)
    };
    Place { path: source.name.to_string(), start: at(span.start), end: at(span.end) }
}

fn style(level: Level) -> Style {
    match level {
        Level::Error => AnsiColor::Red.on_default().bold(),
        Level::Warning => AnsiColor::Yellow.on_default().bold(),
        Level::Note => AnsiColor::Cyan.on_default().bold(),
    }
}

/// For people: a line for each finding, its notes and its request indented, and the summary.
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

/// For programs: one object.
pub fn json(findings: &Findings<'_>) -> Value {
    let one = |finding: &Finding| {
        let Place { path, start, end } = place(finding);
        let mut out = json!({
            "rule": finding.rule,
            "level": finding.level.name(),
            "message": finding.message,
            "policy": finding.subject,
            "path": path,
            "span": {"start": {"line": start.0, "column": start.1}, "end": {"line": end.0, "column": end.1}},
            "fingerprint": fingerprint(finding),
        });
        if let Some(object) = out.as_object_mut() {
            let mut put = |key: &str, value: Option<Value>| value.map(|value| object.insert(key.to_owned(), value));
            put("witness", finding.witness.clone());
            put("notes", (!finding.notes.is_empty()).then(|| json!(finding.notes)));
            put("approved", finding.suppressed.as_ref().map(|reason| json!(reason)));
        }
        out
    };
    json!({
        "schema": super::json::SCHEMA,
        "check": findings.check,
        "result": if findings.fails() { "FAIL" } else { "PASS" },
        "findings": findings.all.iter().map(one).collect::<Vec<_>>(),
        "summary": {
            "files": findings.files,
            "policies": findings.policies,
            "errors": findings.of(Level::Error),
            "warnings": findings.of(Level::Warning),
            "notes": findings.of(Level::Note),
            "approved": findings.approved(),
        },
        "proof": super::json::versions(Catalog::LATEST),
    })
}

/// A name of a finding that stays as long as rule, policy and message do, wherever the policy moves in its file: FNV-1a of
/// them, 64 bits, in hexadecimal.
pub fn fingerprint(finding: &Finding) -> String {
    let path = place(finding).path;
    let parts = [finding.rule.as_str(), path.as_str(), finding.subject.as_str(), finding.message.as_str()];
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

/// Annotations of a GitHub workflow, one a line; approved findings are left out, the summary is a notice.
///
/// Source: GitHub Actions, "Workflow commands", and the escapes of its toolkit (`%`, CR, LF; in properties `:` and `,` too).
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

/// A request on one line, without the keys that follow from the rest of it.
fn brief(witness: &Value) -> String {
    let read = request_json::from_json(witness);
    read.map_or_else(|_| witness.clone(), |request| super::text::plain(&request)).to_string()
}

/// The message with what shows it.
fn full(finding: &Finding) -> String {
    let mut out = String::new();
    if !finding.subject.is_empty() {
        let _ = write!(out, "{}: ", finding.subject);
    }
    out.push_str(&finding.message);
    if let Some(witness) = &finding.witness {
        let _ = write!(out, "\nrequest: {}", brief(witness));
    }
    for note in &finding.notes {
        let _ = write!(out, "\nnote: {note}");
    }
    out
}

/// For a comment on a pull request: a table, and the requests below it.
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
            escape::code(&finding.message)
        );
    }
    for finding in open.iter().filter(|finding| finding.witness.is_some() || !finding.notes.is_empty()) {
        let _ = writeln!(out, "\n**{}** {}\n", escape::code(&finding.rule), escape::code(&finding.subject));
        if let Some(witness) = &finding.witness {
            let _ = writeln!(out, "- request: {}", escape::code(&brief(witness)));
        }
        for note in &finding.notes {
            let _ = writeln!(out, "- {}", escape::code(note));
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

/// JUnit's XML: a suite, a case for each finding; those that do not count are skipped, as are approved ones.
pub fn junit(findings: &Findings<'_>) -> String {
    let counts = |finding: &&Finding| finding.suppressed.is_none() && finding.level >= findings.fail_on;
    let failures = findings.all.iter().filter(counts).count();
    let (tests, skipped) = (findings.all.len().max(1), findings.all.len() - failures);
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuites name=\"leastwise\" tests=\"{tests}\" failures=\"{failures}\">\n  <testsuite name=\"leastwise {}\" \
         tests=\"{tests}\" failures=\"{failures}\" skipped=\"{skipped}\">",
        xml(findings.check)
    );
    if findings.all.is_empty() {
        let _ = writeln!(out, "    <testcase name=\"{}\" classname=\"leastwise\"/>", xml(&findings.summary()));
    }
    for finding in findings.all {
        let Place { path, start, .. } = place(finding);
        let name = format!("{} {}", finding.rule, finding.subject);
        let _ = writeln!(out, "    <testcase name=\"{}\" classname=\"{}\">", xml(name.trim_end()), xml(&path));
        let message = format!("{}:{}:{}: {}", path, start.0, start.1, finding.message);
        if counts(&finding) {
            let _ = writeln!(out, "      <failure message=\"{}\">{}</failure>", xml(&message), xml(&full(finding)));
        } else {
            let why = finding.suppressed.as_ref().map(|reason| format!("approved: {reason}"));
            let _ = writeln!(out, "      <skipped message=\"{}\"/>", xml(&why.unwrap_or(message)));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Source, Span};

    fn hostile() -> Finding {
        Finding {
            rule: "public-access".to_owned(),
            level: Level::Error,
            message: "a|b <img> `c`\n::error::x % , ]]>".to_owned(),
            subject: "R:1,x".to_owned(),
            source: Source::new("dir,a/é.json", "é\n  x"),
            span: Span::new(5, 6),
            witness: Some(json!({"action": "s3:GetObject"})),
            notes: vec!["n\u{1b}".to_owned()],
            suppressed: None,
        }
    }

    fn of(all: &[Finding]) -> Findings<'_> {
        Findings { check: "check", all, rules: &[], files: 1, policies: 2, fail_on: Level::Error }
    }

    #[test]
    fn a_hostile_policy_breaks_no_format() {
        let all = [hostile()];
        let github = github(&of(&all));
        assert_eq!(github.lines().count(), 2, "{github}");
        assert!(github.starts_with(
            "::error file=dir%2Ca/é.json,line=2,endLine=2,col=3,endColumn=4,title=leastwise public-access::R:1,x: a|b"
        ));
        assert!(github.contains("%0A::error::x %25 , ]]>%0Arequest: {\"action\":\"s3:GetObject\"}"), "{github}");
        let junit = junit(&of(&all));
        assert!(junit.contains("&lt;img&gt;") && !junit.contains("<img>") && !junit.contains('\u{1b}'), "{junit}");
        assert!(junit.contains("tests=\"1\" failures=\"1\" skipped=\"0\""));
        let markdown = markdown(&of(&all));
        assert!(!markdown.contains("<img>") && markdown.lines().filter(|line| line.starts_with('|')).count() == 3, "{markdown}");
        assert_eq!(text(&of(&all)).lines().count(), 4);
    }

    #[test]
    fn approved_findings_do_not_count_and_stay_visible() {
        let approved = Finding { suppressed: Some("a reason".to_owned()), ..hostile() };
        let all = [approved];
        let findings = of(&all);
        assert!(!findings.fails());
        assert_eq!(findings.summary(), "2 policies in 1 file: 1 approved");
        for shown in [text(&findings), markdown(&findings), junit(&findings), json(&findings).to_string()] {
            assert!(shown.contains("a reason"), "{shown}");
        }
        assert_eq!(github(&findings).lines().count(), 1);
    }

    #[test]
    fn fingerprints_do_not_depend_on_the_place() {
        let moved = Finding { span: Span::new(0, 1), ..hostile() };
        let renamed = Finding { subject: "R2".to_owned(), ..hostile() };
        assert_eq!(fingerprint(&moved), fingerprint(&hostile()));
        assert_ne!(fingerprint(&renamed), fingerprint(&hostile()));
    }
}
