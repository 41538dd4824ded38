//! `explain`: what does a code mean?

use super::args::ExplainArgs;
use super::{Exit, Trouble, print};
use crate::catalog::nearest;
use crate::diag::codes::{self, Code, Example};
use crate::diag::{Diagnostic, Source, Span};

/// `leastwise explain`
pub(crate) fn explain(args: &ExplainArgs) -> Result<Exit, Trouble> {
    let Some(name) = &args.code else {
        let line = |one: &Code| format!("{} {}\n", one.code, one.means);
        print(&codes::all().map(line).collect::<String>())?;
        return Ok(Exit::Holds);
    };
    let code = codes::find(name).ok_or_else(|| {
        let names = || codes::all().map(|one| one.code);
        let meant = nearest::first(name, names()).map(|near| format!("did you mean {near}? "));
        let help = format!("{}`leastwise explain` lists every code", meant.unwrap_or_default());
        let source = Source::new("CODE", name.as_str());
        Diagnostic::error("unknown-code", &source, Span::new(0, name.len()), format!("there is no code `{name}`"), help)
    })?;
    print(&text(code))?;
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
