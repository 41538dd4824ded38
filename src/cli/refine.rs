//! `refine` and `verify`.

use super::args::{Format, RefineArgs, VerifyArgs};
use super::{Exit, Trouble, input, print, progress, save, say};
use crate::diag::Source;
use crate::document::{self, Document};
use crate::question::Settings;
use crate::refine::obligations::{self, Obligation, Question};
use crate::refine::unused::UnusedActions;
use crate::refine::{self, Error, Outcome};
use crate::report::warnings::{beside, in_files};
use crate::report::{json, proof, text};
use anyhow::anyhow;
use std::path::Path;

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        match error {
            Error::Policy(found) => Self::Input(found),
            Error::Internal(error) => Self::Other(error.into()),
        }
    }
}

/// `leastwise refine`
pub(crate) fn refine(args: &RefineArgs) -> Result<Exit, Trouble> {
    let original = input::document(&args.policy)?;
    let warnings = in_files(&input::meaning(&original)?.warnings);
    let (unused, catalog) = (input::unused(&args.unused)?, input::catalog(&args.catalog.catalog)?);
    let settings = args.asking.settings();
    let spinner = progress::spinner("refining and proving");
    let outcome = refine::refine(&original, &unused, &catalog, &settings)?;
    drop(spinner);
    let refinement = match outcome {
        Outcome::Proved(refinement) => refinement,
        Outcome::NotProved(failure) => {
            match args.asking.format {
                Format::Json => print(&format!("{}\n", beside(json::failure("refine", &failure, &catalog), warnings)))?,
                Format::Text => {
                    let shown = text::failure(&failure);
                    say(&format!("{shown}nothing is printed: the refined policy was not proved\n"));
                }
            }
            return Ok(if failure.unknown { Exit::Unknown } else { Exit::DoesNotHold });
        }
    };
    let pretty = refinement.policy.to_pretty();
    if let Some(folder) = &args.emit_smt2 {
        let refined = document::read(&Source::new("refined policy", pretty.as_str()), &settings.budget)?;
        let unused = UnusedActions::new(&unused, &catalog);
        emit(folder, &Question { original: &original, refined: &refined, unused: &unused, catalog: &catalog }, &settings)?;
    }
    write_proof(args.asking.proof.as_deref(), &refinement.obligations)?;
    if let Some(path) = &args.output {
        save::write(path, &pretty)?;
    }
    match args.asking.format {
        Format::Json => print(&format!("{}\n", beside(json::refinement(&refinement, &catalog, &settings), warnings)))?,
        Format::Text => {
            if args.output.is_none() {
                print(&pretty)?;
            }
            say(&diff(&original.json.to_pretty(), &pretty));
            say(&text::obligations(&refinement.obligations));
            say(&format!("catalog {} ({}), {} actions\n", catalog.name, catalog.date, catalog.action_count()));
            for note in &refinement.notes {
                say(&format!("note: {note}\n"));
            }
            say(&format!("{}\n", if refinement.is_empty { json::EMPTY } else { json::REFINED }));
        }
    }
    Ok(Exit::Holds)
}

/// `leastwise verify`
pub(crate) fn verify(args: &VerifyArgs) -> Result<Exit, Trouble> {
    let (original, refined): (Document, Document) = (input::document(&args.original)?, input::document(&args.refined)?);
    let policies = [input::meaning(&original)?, input::meaning(&refined)?];
    let warnings = in_files(policies.iter().flat_map(|policy| &policy.warnings));
    let (unused, catalog) = (input::unused(&args.unused)?, input::catalog(&args.catalog.catalog)?);
    let settings = args.asking.settings();
    if let Some(folder) = &args.emit_smt2 {
        let unused = UnusedActions::new(&unused, &catalog);
        emit(folder, &Question { original: &original, refined: &refined, unused: &unused, catalog: &catalog }, &settings)?;
    }
    let spinner = progress::spinner("proving");
    let result = refine::verify(&original, &refined, &unused, &catalog, &settings)?;
    drop(spinner);
    if let Ok(proved) = &result {
        write_proof(args.asking.proof.as_deref(), proved)?;
    }
    match (result, args.asking.format) {
        (Ok(proved), Format::Json) => print(&format!("{}\n", beside(json::verified(&proved, &catalog, &settings), warnings)))?,
        (Ok(proved), Format::Text) => {
            print(&text::obligations(&proved))?;
            print(&format!("{}\n", json::VERIFIED))?;
        }
        (Err(failure), format) => {
            match format {
                Format::Json => print(&format!("{}\n", beside(json::failure("verify", &failure, &catalog), warnings)))?,
                Format::Text => print(&text::failure(&failure))?,
            }
            return Ok(if failure.unknown { Exit::Unknown } else { Exit::DoesNotHold });
        }
    }
    Ok(Exit::Holds)
}

fn write_proof(folder: Option<&Path>, proved: &[Obligation]) -> Result<(), Trouble> {
    let Some(folder) = folder else { return Ok(()) };
    let parts: Vec<_> = proved.iter().map(|proved| (proved.id, proved.checked.obligations.as_slice())).collect();
    save::write_all(folder, &proof::files(&parts))
}

fn emit(folder: &Path, question: &Question<'_>, settings: &Settings) -> Result<(), Trouble> {
    let scripts = obligations::scripts(question, settings).map_err(|error| anyhow!("cannot write the obligations: {error}"))?;
    save::write_all(folder, &scripts)
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
