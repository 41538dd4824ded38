//! How are findings in files written, whichever command found them?

use super::switches::FindingFormat;
use super::{Trouble, print, print_json, say};
use crate::diag::escape;
use crate::report::gate::{self, Findings};
use crate::report::sarif;
use serde_json::Value;

/// Writes findings to standard output; on standard error stands what came of it, where the format does not say it to people.
pub(crate) fn list(shown: &Findings<'_>, format: FindingFormat) -> Result<(), Trouble> {
    match format {
        FindingFormat::Text => print(&gate::text(shown))?,
        FindingFormat::Json => print_json(&gate::json(shown))?,
        FindingFormat::Sarif => log(&sarif::gate(shown))?,
        FindingFormat::Github => print(&gate::github(shown))?,
        FindingFormat::Markdown => print(&gate::markdown(shown))?,
        FindingFormat::Junit => print(&gate::junit(shown))?,
    }
    if format != FindingFormat::Text {
        say(&format!("{}\n", escape::text(&shown.summary())));
    }
    Ok(())
}

/// Writes a SARIF log.
pub(crate) fn log(log: &Value) -> Result<(), Trouble> {
    print(&format!("{}\n", escape::json(&format!("{log:#}"))))
}
