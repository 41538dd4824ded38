//! How does the program speak, when nobody may be listening?
//!
//! Data goes to standard output, talk to standard error. A reader that has gone (`| head`) has what it wanted: the exit
//! code stays that of the verdict. Output that is lost any other way (a full disk) is exit code 2. Talk that is lost
//! changes nothing, and nothing here panics, as `println!` and `eprintln!` do.

use super::Trouble;
use crate::diag::escape;
use crate::report::json;
use anyhow::Context as _;
use std::io::{self, Write};

/// Writes data to standard output.
pub(crate) fn print(data: &str) -> Result<(), Trouble> {
    let mut out = anstream::stdout().lock();
    let written = out.write_all(escape::stray(data).as_bytes()).and_then(|()| out.flush());
    Ok(heard(written).map(|_| ()).context("cannot write to standard output")?)
}

/// Writes JSON on a line of standard output.
pub(crate) fn print_json(answer: &impl serde::Serialize) -> Result<(), Trouble> {
    let text = serde_json::to_string(answer).context("cannot write the answer as JSON")?;
    print(&format!("{}\n", escape::json(&text)))
}

/// Answers as JSON Lines.
pub(crate) fn json_lines(answers: &[impl serde::Serialize]) -> String {
    answers.iter().map(|answer| format!("{}\n", escape::json(&json::value(answer).to_string()))).collect()
}

/// Lines of text for people.
pub(crate) fn text_lines(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", escape::text(line))).collect()
}

/// Says something on standard error, if that can be.
pub(crate) fn say(talk: &str) {
    let mut err = anstream::stderr().lock();
    let _ = err.write_all(escape::stray(talk).as_bytes()).and_then(|()| err.flush());
}

/// Whether a reader is still there; only other troubles are errors.
pub(crate) fn heard(written: io::Result<()>) -> io::Result<bool> {
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}

/// Ends the program here and now, while other threads work: nothing is torn down under them.
pub(crate) fn leave(code: u8) -> ! {
    #[cfg(unix)]
    signal_hook::low_level::exit(code.into());
    #[cfg(not(unix))]
    std::process::exit(code.into())
}
