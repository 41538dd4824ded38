//! `refine` and `verify`.

use super::args::{RefineArgs, VerifyArgs};
use super::switches::Format;
use super::{Exit, Trouble, input, print, print_json, progress, save, say};
use crate::catalog::Catalog;
use crate::diag::{Source, escape};
use crate::document::{self, Document};
use crate::question::Settings;
use crate::refine::obligations::{self, Failure, Obligation, Question};
use crate::refine::unused::UnusedActions;
use crate::refine::{self, Error, Outcome};
use crate::report::warnings::in_files;
use crate::report::{json, proof, text};
use crate::usage::UnusedPermissions;
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
    let catalog = input::catalog(&args.catalog.catalog)?;
    let (unused, notes) = input::unused(&args.unused, &catalog, args.unknowns.allow_unknown, args.resource.as_deref())?;
    let settings = args.deciding.settings();
    let spinner = progress::spinner("refining and proving");
    let outcome = refine::refine(&original, &unused, &catalog, &settings)?;
    let mut refinement = match outcome {
        Outcome::Proved(refinement) => refinement,
        Outcome::NotProved(failure) => {
            drop(spinner);
            match args.format {
                Format::Json => {
                    let shown = json::failure(json::Check::Refine, &failure, &catalog, notes);
                    print_json(&shown.beside(warnings))?;
                }
                Format::Text => {
                    let shown = text::failure(&failure);
                    say(&format!("{shown}nothing is printed: the refined policy was not proved\n"));
                }
            }
            return Ok(if failure.unknown { Exit::Unknown } else { Exit::DoesNotHold });
        }
    };
    refinement.notes.splice(0..0, notes);
    let pretty = refinement.policy.to_pretty();
    if args.emit_smt2.is_some() || args.deciding.cross_check {
        let refined = document::read(&Source::new("refined policy", pretty.as_str()), &settings.budget)?;
        if let Some(folder) = &args.emit_smt2 {
            emit(folder, [&original, &refined], &unused, &catalog, &settings)?;
        }
        if args.deciding.cross_check {
            agree(&Ok(Vec::new()), &refine::verify(&original, &refined, &unused, &catalog, &settings.crossed())?)?;
        }
    }
    drop(spinner);
    write_proof(args.proof.as_deref(), &refinement.obligations)?;
    if let Some(path) = &args.output {
        save::write(path, &pretty)?;
    }
    match args.format {
        Format::Json => print_json(&json::refinement(&refinement, &catalog, &settings).beside(warnings))?,
        Format::Text => {
            if args.output.is_none() {
                print(&pretty)?;
            }
            say(&diff(&original.json.to_pretty(), &pretty));
            say(&text::obligations(&refinement.obligations));
            let (name, date) = (escape::text(&catalog.name), escape::text(&catalog.date));
            say(&format!("catalog {name} ({date}), {} actions\n", catalog.action_count()));
            for note in &refinement.notes {
                say(&format!("note: {}\n", escape::text(note)));
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
    let catalog = input::catalog(&args.catalog.catalog)?;
    let (unused, notes) = input::unused(&args.unused, &catalog, args.unknowns.allow_unknown, args.resource.as_deref())?;
    let settings = Settings { realistic: args.showing.realistic, ..args.deciding.settings() };
    if let Some(folder) = &args.emit_smt2 {
        emit(folder, [&original, &refined], &unused, &catalog, &settings)?;
    }
    let spinner = progress::spinner("proving");
    let result = refine::verify(&original, &refined, &unused, &catalog, &settings)?;
    if args.deciding.cross_check {
        agree(&result, &refine::verify(&original, &refined, &unused, &catalog, &settings.crossed())?)?;
    }
    drop(spinner);
    if let Ok(proved) = &result {
        write_proof(args.proof.as_deref(), proved)?;
    }
    if args.format == Format::Text {
        notes.iter().for_each(|note| say(&format!("note: {}\n", escape::text(note))));
    }
    match (result, args.format) {
        (Ok(proved), Format::Json) => print_json(&json::verified(&proved, &catalog, &settings, notes).beside(warnings))?,
        (Ok(proved), Format::Text) => {
            print(&text::obligations(&proved))?;
            print(&format!("{}\n", json::VERIFIED))?;
        }
        (Err(failure), format) => {
            match format {
                Format::Json => {
                    let shown = json::failure(json::Check::Verify, &failure, &catalog, notes);
                    print_json(&shown.beside(warnings))?;
                }
                Format::Text => print(&text::failure(&failure))?,
            }
            return Ok(if failure.unknown { Exit::Unknown } else { Exit::DoesNotHold });
        }
    }
    Ok(Exit::Holds)
}

/// An obligation that one engine proves and the other refutes is an error.
fn agree(a: &Result<Vec<Obligation>, Failure>, b: &Result<Vec<Obligation>, Failure>) -> Result<(), Trouble> {
    let decided = |result: &Result<Vec<Obligation>, Failure>| match result {
        Ok(_) => Some(true),
        Err(failure) => (!failure.unknown).then_some(false),
    };
    match (decided(a), decided(b)) {
        (Some(own), Some(other)) if own != other => {
            Err(anyhow!("the engines disagree about the refined policy; please report it with both policies").into())
        }
        _ => Ok(()),
    }
}

/// Writes what the obligations rest on into a folder, if one is given.
pub(super) fn write_proof(folder: Option<&Path>, proved: &[Obligation]) -> Result<(), Trouble> {
    let Some(folder) = folder else { return Ok(()) };
    let parts: Vec<_> = proved.iter().map(|proved| (proved.id, proved.checked.obligations.as_slice())).collect();
    save::write_all(folder, &proof::files(&parts))
}

/// Writes the obligations as SMT-LIB into a folder.
pub(super) fn emit(
    folder: &Path,
    [original, refined]: [&Document; 2],
    unused: &UnusedPermissions,
    catalog: &Catalog,
    settings: &Settings,
) -> Result<(), Trouble> {
    let question = Question { original, refined, unused: &UnusedActions::new(unused, catalog), catalog };
    let scripts = obligations::scripts(&question, settings).map_err(|error| anyhow!("cannot write the obligations: {error}"))?;
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
