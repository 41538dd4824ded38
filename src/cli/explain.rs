//! `explain`: what does a code mean?

use super::args::ExplainArgs;
use super::{Exit, Trouble, print};
use crate::catalog::nearest;
use crate::diag::codes::{self, Code, Example};
use crate::diag::{Diagnostic, Source, Span};
use crate::ops::named;

/// `leastwise explain`
pub(crate) fn explain(args: &ExplainArgs) -> Result<Exit, Trouble> {
    let Some(name) = &args.code else {
        let line = |one: &Code| format!("{} {}\n", one.code, one.means);
        let findings = named::names().map(|name| format!("{name} (of findings)\n"));
        print(&codes::all().map(line).chain(findings).collect::<String>())?;
        return Ok(Exit::Holds);
    };
    let (code, finding) = (codes::find(name), named::about(name));
    if code.is_none() && finding.is_none() {
        let names = || codes::all().map(|one| one.code).chain(named::names());
        let meant = nearest::first(name, names()).map(|near| format!("did you mean {near}? "));
        let help = format!("{}`leastwise explain` lists every code", meant.unwrap_or_default());
        let source = Source::new("CODE", name.as_str());
        let message = format!("there is no code `{name}`");
        return Err(Diagnostic::error("unknown-code", &source, Span::new(0, name.len()), message, help).into());
    }
    let texts: Vec<String> = code.map(text).into_iter().chain(finding).collect();
    print(&texts.join("\n"))?;
    Ok(Exit::Holds)
}

/// A code for people.
fn text(code: &Code) -> String {
    let kind = if code.is_error { "error" } else { "warning" };
    let (how, example) = match code.example {
        Example::Policy(text) => ("This policy gives it", text),
        Example::Line(text) => ("This line of batch gives it", text),
        Example::Arguments(text) => ("This command gives it", text),
        Example::Words(text) => ("When it comes", text),
    };
    let example = match code.example {
        Example::Arguments(_) => format!("leastwise {example}"),
        _ => example.to_owned(),
    };
    let example: String = example.lines().map(|line| format!("  {line}\n")).collect();
    format!("{} ({kind})\n\n{}\n\nWhat to do: {}\n\n{how}:\n{example}", code.code, code.means, code.remedy)
}
