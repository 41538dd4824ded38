//! `refine` and `verify`.

use super::args::{RefineArgs, VerifyArgs};
use super::question_args::RefinementArgs;
use super::switches::Format;
use super::{Exit, Trouble, input, print, progress, save, say, show};
use crate::diag::{Diagnostic, escape};
use crate::document::Document;
use crate::ops::Options;
use crate::ops::refine::{Refine, Without};
use crate::ops::verify::Verify;
use crate::question::Settings;
use crate::report::warnings::in_files;
use crate::report::{Found, text};
use std::path::Path;

/// Reads a policy document; what is worth knowing about it goes to standard error too.
fn read(path: &Path, warnings: &mut Vec<Diagnostic>) -> Result<Document, Trouble> {
    let document = input::document(path)?;
    warnings.extend(input::meaning(&document)?.warnings);
    Ok(document)
}

fn without(args: &RefinementArgs) -> Result<Without, Trouble> {
    let catalog = input::catalog(&args.catalog)?;
    let (unused, notes) = input::unused(&args.unused, &catalog, args.unknowns.allow_unknown, args.resource.as_deref())?;
    Ok(Without { unused, notes, catalog })
}

/// `leastwise refine`
pub(crate) fn refine(args: &RefineArgs) -> Result<Exit, Trouble> {
    let mut warnings = Vec::new();
    let original = read(&args.policy, &mut warnings)?;
    let asked = Refine { original, without: without(&args.of)? };
    let spinner = progress::spinner("refining and proving");
    let report = asked.answer(&args.of.options())?.beside(in_files(&warnings));
    drop(spinner);
    let pretty = match &report.found {
        Found::Refined { refinement, .. } => refinement.policy.to_pretty(),
        _ if args.of.format == Format::Json => return show(&report, Format::Json),
        _ => {
            say(&format!("{}nothing is printed: the refined policy was not proved\n", text::report(&report)));
            return Ok(report.standing().into());
        }
    };
    if let Some(path) = &args.output {
        save::write(path, &pretty)?;
    }
    match args.of.format {
        Format::Json => show(&report, Format::Json),
        Format::Text => {
            if args.output.is_none() {
                print(&pretty)?;
            }
            say(&diff(&asked.original.json.to_pretty(), &pretty));
            say(&text::report(&report));
            Ok(report.standing().into())
        }
    }
}

/// `leastwise verify`
pub(crate) fn verify(args: &VerifyArgs) -> Result<Exit, Trouble> {
    let mut warnings = Vec::new();
    let (original, refined) = (read(&args.original, &mut warnings)?, read(&args.refined, &mut warnings)?);
    let asked = Verify { original, refined, without: without(&args.of)? };
    let options = args.of.options();
    let options = Options { settings: Settings { realistic: args.showing.realistic, ..options.settings }, ..options };
    let spinner = progress::spinner("proving");
    let report = asked.answer(&options)?.beside(in_files(&warnings));
    drop(spinner);
    if args.of.format == Format::Text {
        asked.without.notes.iter().for_each(|note| say(&format!("note: {}\n", escape::text(note))));
    }
    show(&report, args.of.format)
}

/// A unified diff with colors.
fn diff(before: &str, after: &str) -> String {
    use anstyle::{AnsiColor, Style};
    let (red, green): (Style, Style) = (AnsiColor::Red.on_default(), AnsiColor::Green.on_default());
    let text = similar::TextDiff::from_lines(before, after);
    let plain = text.unified_diff().context_radius(2).header("original", "refined").to_string();
    let color = |line: &str| match line.chars().next() {
        Some('-') => format!("{red}{line}{red:#}\n"),
        Some('+') => format!("{green}{line}{green:#}\n"),
        _ => format!("{line}\n"),
    };
    plain.lines().map(color).collect()
}
