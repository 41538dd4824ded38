//! A listing as GitHub's workflow commands, which annotate the changed files of a pull request.
//!
//! Source: GitHub Docs, "Workflow commands for GitHub Actions" (error, warning and notice messages; what is escaped).

use super::listing::{Level, Listing};

/// A line a finding.
pub fn github(listing: &Listing) -> String {
    let mut out = String::new();
    for item in &listing.items {
        let command = match item.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "notice",
        };
        let (start, end) = item.region(item.span());
        // GitHub takes columns only of a place on one line.
        let columns = match start.line == end.line {
            true => format!(",col={},endColumn={}", start.column, end.column),
            false => String::new(),
        };
        let (file, title, message) = (property(&item.uri()), property(item.rule), data(&item.message));
        out.push_str(&format!(
            "::{command} file={file},line={},endLine={}{columns},title={title}::{message}\n",
            start.line, end.line
        ));
    }
    out
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::listing::Item;
    use super::*;
    use crate::diag::{Source, Span};

    #[test]
    fn what_would_end_a_command_is_escaped() {
        let item = Item {
            rule: "R",
            level: Level::Note,
            kind: "SUGGESTION",
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
