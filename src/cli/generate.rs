//! `completions` and `man`: made from the same definition as the help.

use super::args::{Cli, CompletionsArgs};
use super::{Exit, Trouble, print};
use clap::CommandFactory as _;

/// Prints completions for a shell.
pub(crate) fn completions(args: &CompletionsArgs) -> Result<Exit, Trouble> {
    let mut out = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "leastwise", &mut out);
    print(&String::from_utf8_lossy(&out))?;
    Ok(Exit::Holds)
}

/// Prints the manual page.
pub(crate) fn man() -> Result<Exit, Trouble> {
    let mut out = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut out).map_err(|error| Trouble::Other(error.into()))?;
    print(&String::from_utf8_lossy(&out))?;
    Ok(Exit::Holds)
}
