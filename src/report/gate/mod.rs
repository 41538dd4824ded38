//! What is said of findings in files, in each format? One file a format; SARIF is with that of `validate` in
//! [`sarif`](super::sarif). Every format shows every finding, approved ones as such, and the same notes.
//!
//! `check` finds them; answers to questions, `validate` and `findings` become such findings where a format is for findings.

mod github;
mod json;
mod junit;
mod markdown;
mod text;

pub use github::github;
pub use json::{FindingsInFiles, json};
pub use junit::junit;
pub use markdown::markdown;
pub use text::text;

use crate::diag::{Finding, Level, Rule, count};
use crate::report::Standing;
use crate::request::request_json;
use serde_json::Value;
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
    /// Which of them count, in their order, where their level does not say it.
    pub counted: Option<&'f [bool]>,
    /// What is said of the whole, in place of how many policies there are and how many findings.
    pub headline: Option<&'f str>,
}

impl Findings<'_> {
    /// Those that are not approved, of one level.
    fn of(&self, level: Level) -> usize {
        self.all.iter().filter(|finding| finding.suppressed.is_none() && finding.level == level).count()
    }

    fn approved(&self) -> usize {
        self.all.iter().filter(|finding| finding.suppressed.is_some()).count()
    }

    /// All of them, each with whether it counts.
    fn each(&self) -> impl Iterator<Item = (&Finding, bool)> {
        let counts = |at: usize, finding: &Finding| match self.counted {
            Some(counted) => counted.get(at).copied().unwrap_or(true),
            None => finding.level >= self.fail_on,
        };
        self.all.iter().enumerate().map(move |(at, one)| (one, one.suppressed.is_none() && counts(at, one)))
    }

    /// Whether any finding counts.
    pub fn fails(&self) -> bool {
        self.each().any(|(_, counts)| counts)
    }

    /// How the whole stands: not known where nothing counts, but a rule stayed open or a policy is not known yet.
    pub fn standing(&self) -> Standing {
        let open = [crate::check::rules::UNDECIDED, crate::check::rules::UNRESOLVED];
        let is_open = self.all.iter().any(|one| one.suppressed.is_none() && open.contains(&one.rule.as_str()));
        match (self.fails(), is_open) {
            (true, _) => Standing::DoesNotHold,
            (false, true) => Standing::Unknown,
            (false, false) => Standing::Holds,
        }
    }

    /// The verdict.
    pub fn result(&self) -> &'static str {
        match self.standing() {
            Standing::DoesNotHold => "FAIL",
            Standing::Unknown => "UNKNOWN",
            Standing::Holds => "PASS",
        }
    }

    /// The summary, one line.
    pub fn summary(&self) -> String {
        if let Some(headline) = self.headline {
            return headline.to_owned();
        }
        let word = |many: usize, what: &str| count(many, what, &format!("{what}s"));
        let policies = count(self.policies, "policy", "policies");
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

/// A name of a finding that stays as long as rule, policy, message and what the finding rests on do, wherever the policy moves
/// in its file: FNV-1a of them, 64 bits, in hexadecimal.
pub fn fingerprint(finding: &Finding) -> String {
    fingerprint_at(finding, &place(finding).path)
}

/// The name that a finding would have in a file of another path.
pub fn fingerprint_at(finding: &Finding, path: &str) -> String {
    let parts = [finding.rule.as_str(), path, finding.subject.as_str(), finding.message.as_str(), finding.basis.as_str()];
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

/// A request on one line, without the keys that follow from the rest of it.
fn brief(witness: &Value) -> String {
    let read = request_json::from_json(witness);
    read.map_or_else(|_| witness.clone(), |request| crate::report::text::plain(&request)).to_string()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Source, Span};
    use serde_json::json as object;

    fn hostile() -> Finding {
        Finding {
            rule: "public-access".to_owned(),
            level: Level::Error,
            message: "a|b <img> `c`\n::error::x % , ]]>".to_owned(),
            subject: "R:1,x".to_owned(),
            source: Source::new("dir,a/é.json", "é\n  x"),
            span: Span::new(5, 6),
            basis: String::new(),
            witness: Some(object!({"action": "s3:GetObject"})),
            notes: vec!["n\u{1b}".to_owned()],
            suppressed: None,
        }
    }

    fn of(all: &[Finding]) -> Findings<'_> {
        Findings { check: "check", all, rules: &[], files: 1, policies: 2, fail_on: Level::Error, counted: None, headline: None }
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
        assert!(junit.contains("tests=\"1\" failures=\"1\" errors=\"0\" skipped=\"0\""));
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
        for shown in
            [text(&findings), markdown(&findings), junit(&findings), crate::report::json::value(&json(&findings)).to_string()]
        {
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
        let grown = Finding { basis: "another statement".to_owned(), ..hostile() };
        assert_ne!(fingerprint(&grown), fingerprint(&hostile()));
    }
}
