//! What is said where a command could not run: on standard error for people, and under `--format json` on standard output
//! as one object too, whatever the command is and also of arguments that do not parse.

use super::args::Cli;
use super::{Exit, Trouble, print, print_json, say};
use crate::diag::escape;
use crate::ops::line::{COULD_NOT_RUN, INTERNAL};
use crate::question::InternalError;
use crate::report::json::Error;
use crate::report::{json, text};
use clap::Parser as _;
use std::ffi::OsString;
use std::process::ExitCode;

/// Help, or what is wrong with the arguments.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    // Told of the arguments as they can be shown, the parser has the same to say.
    let shown = std::env::args_os().map(|one| escape::text(&one.to_string_lossy()).into_owned());
    let shown = Cli::try_parse_from(shown).err();
    let rendered = shown.as_ref().unwrap_or(error).render();
    let styled = rendered.ansi().to_string();
    if !error.use_stderr() {
        return print(&styled).map_or_else(|trouble| troubled(&trouble), |()| ExitCode::SUCCESS);
    }
    if is_json_wanted(std::env::args_os()) {
        let plain = rendered.to_string();
        let (message, help) = plain.trim_start_matches("error: ").split_once("\n\n").unwrap_or((&plain, ""));
        let help: Vec<&str> = help.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let error =
            Error { code: USAGE.to_owned(), message: message.trim().to_owned(), help: Some(help.join("; ")), ..Error::default() };
        answer(&json::error(error));
    }
    say(&styled);
    ExitCode::from(2)
}

/// Says why the program could not run.
pub(super) fn troubled(trouble: &Trouble) -> ExitCode {
    let wanted = is_json_wanted(std::env::args_os());
    match trouble {
        Trouble::Input(found) => {
            if wanted {
                answer(&json::errors(found));
            }
            found.0.iter().for_each(|diagnostic| say(&format!("{}\n", text::diagnostic(diagnostic))));
        }
        Trouble::Other(error) => {
            if wanted {
                let code = if error.is::<InternalError>() { INTERNAL } else { COULD_NOT_RUN };
                answer(&json::error(Error::bare(code, format!("{error:#}"))));
            }
            say(&format!("error: {}\n", escape::text(&format!("{error:#}"))));
        }
    }
    ExitCode::from(2)
}

/// Says that a command without verdicts was not done within its limits.
pub(super) fn out_of_budget(why: &str, json: bool) -> Result<Exit, Trouble> {
    match json {
        true => print_json(&json::error(Error::bare(json::OUT_OF_BUDGET, why)))?,
        false => print(&format!("UNKNOWN: {why}\n"))?,
    }
    Ok(Exit::Unknown)
}

/// The code of arguments that do not parse.
const USAGE: &str = "usage";
/// Prints an error; where even that cannot be, standard error has it too.
fn answer(error: &serde_json::Value) {
    let _ = print_json(error);
}

/// Whether the arguments ask for JSON; they may be such as do not parse.
fn is_json_wanted(arguments: impl Iterator<Item = OsString>) -> bool {
    let mut wanted = false;
    let mut arguments = arguments.skip(1).take_while(|one| one != "--").peekable();
    while let Some(one) = arguments.next() {
        if one == "--format" {
            wanted = arguments.peek().is_some_and(|format| format == "json");
        } else if let Some(format) = one.to_str().and_then(|one| one.strip_prefix("--format=")) {
            wanted = format == "json";
        }
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_wanted_if_the_last_format_before_the_dashes_says_so() {
        for (arguments, wanted) in [
            ("diff a b --format json", true),
            ("diff --format=json a b", true),
            ("--format json --format text", false),
            ("diff a --format", false),
            ("diff -- --format json", false),
            ("diff json", false),
        ] {
            let arguments = std::iter::once("leastwise").chain(arguments.split(' ')).map(OsString::from);
            assert_eq!(is_json_wanted(arguments), wanted);
        }
    }
}
