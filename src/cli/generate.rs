//! `completions` and `man`: made from the same definition as the help.

use super::args::{Cli, CompletionsArgs, ManArgs};
use super::{Exit, Trouble, print};
use anyhow::Context as _;
use clap::CommandFactory as _;

/// Prints completions for a shell.
pub(crate) fn completions(args: &CompletionsArgs) -> Result<Exit, Trouble> {
    let mut out = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "leastwise", &mut out);
    print(&String::from_utf8_lossy(&out))?;
    Ok(Exit::Holds)
}

/// Prints the manual page, or writes one for each command into a folder.
pub(crate) fn man(args: &ManArgs) -> Result<Exit, Trouble> {
    if let Some(folder) = &args.directory {
        let written = std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(Cli::command(), folder));
        written.with_context(|| format!("cannot write manual pages into {}", folder.display()))?;
        return Ok(Exit::Holds);
    }
    let mut out = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut out).map_err(|error| Trouble::Other(error.into()))?;
    print(&String::from_utf8_lossy(&out))?;
    Ok(Exit::Holds)
}
