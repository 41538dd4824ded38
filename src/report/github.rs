//! A listing as GitHub's workflow commands, which annotate the changed files of a pull request.
//!
//! Source: GitHub Docs, "Workflow commands for GitHub Actions" (error, warning and notice messages; what is escaped).

use super::listing::{Item, Listing};
use crate::diag::Level;

/// A line a finding.
pub fn github(listing: &Listing) -> String {
    let line = |item: &Item| {
        let (start, end) = item.region(item.span());
        let place = [(start.line, start.column), (end.line, end.column)];
        annotation(item.level, &item.uri(), place, item.rule, &item.message)
    };
    listing.items.iter().map(line).collect()
}

/// One finding in a file, from one line and column to another, as a line.
pub(super) fn annotation(level: Level, file: &str, [start, end]: [(usize, usize); 2], title: &str, message: &str) -> String {
    let command = if level == Level::Note { "notice" } else { level.name() };
    // GitHub takes columns only of a place on one line.
    let columns = if start.0 == end.0 { format!(",col={},endColumn={}", start.1, end.1) } else { String::new() };
    let (file, title, message) = (property(file), property(title), data(message));
    format!("::{command} file={file},line={},endLine={}{columns},title={title}::{message}\n", start.0, end.0)
}

/// A message, escaped.
pub(super) fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Source, Span};
    use crate::lint::FindingType;

    #[test]
    fn what_would_end_a_command_is_escaped() {
        let item = Item {
            rule: "R",
            level: Level::Note,
            of: FindingType::Suggestion,
            message: "50%\n::error::x".into(),
            link: String::new(),
            origin: "aws",
            source: Source::new("a,b:c.json", "{}"),
            spans: vec![Span::new(0, 2)],
        };
        let shown = github(&Listing { items: vec![item] });
        assert_eq!(shown, "::notice file=a%2Cb%3Ac.json,line=1,endLine=1,col=1,endColumn=3,title=R::50%25%0A::error::x\n");
    }
}
