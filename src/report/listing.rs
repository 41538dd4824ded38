//! What do commands that find something in files have in common?
//!
//! A [`Listing`] is findings with their places in the files that the user gave. Each format is a view of one; nothing is
//! decided here. A finding in a policy that was taken out of another file is told at its place in that file.
//!
//! Invariant: a fingerprint does not depend on the line, so that a finding is the same one after lines were added above.

use crate::diag::{self, Level, LineColumn, Source, Span};
use crate::lint::{Finding, FindingType};

/// One finding at its place.
#[derive(Debug, Clone)]
pub struct Item {
    /// The rule's code.
    pub rule: &'static str,
    /// How bad it is.
    pub level: Level,
    /// The type, as `--fail-on` counts it.
    pub of: FindingType,
    /// What is wrong and what to do.
    pub message: String,
    /// Where the rule is described.
    pub link: String,
    /// Whose rule it is.
    pub origin: &'static str,
    /// The file.
    pub source: Source,
    /// Where in it; the first is the main one.
    pub spans: Vec<Span>,
}

/// Findings in the order of files and places.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// The findings.
    pub items: Vec<Item>,
}

impl Listing {
    /// Adds what was found in a policy.
    pub fn add(&mut self, source: &Source, findings: &[Finding]) {
        self.items.extend(findings.iter().map(|finding| {
            let spans: Vec<Span> = finding.locations.iter().map(|place| source.place(place.span).1).collect();
            Item {
                rule: finding.code,
                level: level(finding.kind),
                of: finding.kind,
                message: finding.details.clone(),
                link: finding.link(),
                origin: finding.origin.name(),
                source: source.place(Span::default()).0,
                spans,
            }
        }));
    }

    /// The findings as those of `check` are, for the formats that are the same for both.
    pub fn findings(&self) -> Vec<diag::Finding> {
        let one = |item: &Item| diag::Finding {
            rule: item.rule.to_owned(),
            level: item.level,
            message: item.message.clone(),
            subject: String::new(),
            source: item.source.named(item.uri()),
            span: item.span(),
            basis: String::new(),
            witness: None,
            notes: vec![format!("{}: {}", item.kind(), item.link)],
            suppressed: None,
        };
        self.items.iter().map(one).collect()
    }

    /// How many findings there are of each type, the worst first.
    pub fn counts(&self) -> Vec<(&'static str, usize)> {
        let kinds = ["ERROR", "SECURITY_WARNING", "WARNING", "SUGGESTION"];
        let count = |kind: &str| self.items.iter().filter(|item| item.kind() == kind).count();
        kinds.into_iter().map(|kind| (kind, count(kind))).filter(|(_, count)| *count > 0).collect()
    }
}

fn level(kind: FindingType) -> Level {
    match kind {
        FindingType::Error | FindingType::SecurityWarning => Level::Error,
        FindingType::Warning => Level::Warning,
        FindingType::Suggestion => Level::Note,
    }
}

impl Item {
    /// The type in the words of whoever found it, such as `SECURITY_WARNING`.
    pub fn kind(&self) -> &'static str {
        self.of.name()
    }

    /// Where it starts and ends, lines and columns from 1, columns in characters.
    pub fn region(&self, span: Span) -> (LineColumn, LineColumn) {
        (self.source.line_column(span.start), self.source.line_column(span.end))
    }

    /// The main place.
    pub fn span(&self) -> Span {
        self.spans.first().copied().unwrap_or_default()
    }

    /// The file's path as in URIs: relative to the folder that the program runs in where it is below it, with slashes.
    pub fn uri(&self) -> String {
        let name = self.source.name.replace('\\', "/");
        let folder = std::env::current_dir().map(|folder| folder.display().to_string().replace('\\', "/")).unwrap_or_default();
        let relative = name.strip_prefix(&format!("{folder}/")).unwrap_or(&name);
        relative.strip_prefix("./").unwrap_or(relative).to_owned()
    }

    /// A number that stays the same while the file, the rule and the text at the place do; `nth` tells apart equal ones.
    pub fn fingerprint(&self, nth: usize) -> String {
        let span = self.span();
        let text = self.source.text.get(span.start..span.end).unwrap_or("");
        // White space does not count: a formatter changes it.
        let text: String = text.split_whitespace().collect();
        format!("{:016x}", fnv(&format!("{}\n{}\n{text}\n{nth}", self.rule, self.uri())))
    }
}

/// The FNV-1a hash of a text, 64 bits.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!((fnv(""), fnv("a"), fnv("foobar")), (0xcbf2_9ce4_8422_2325, 0xaf63_dc4c_8601_ec8c, 0x8594_4171_f739_67e8));
    }

    #[test]
    fn a_fingerprint_survives_lines_that_are_added_above() {
        let item = |text: &str| {
            let start = text.find("\"*\"").unwrap();
            let spans = vec![Span::new(start, start + 3)];
            let (message, link) = (String::new(), String::new());
            let source = Source::new("a.json", text);
            Item { rule: "R", level: Level::Note, of: FindingType::Suggestion, message, link, origin: "aws", source, spans }
        };
        assert_eq!(item("[\"*\"]").fingerprint(0), item("[\n\n  \"*\"]").fingerprint(0));
        assert_ne!(item("[\"*\"]").fingerprint(0), item("[\"*\"]").fingerprint(1));
    }
}
