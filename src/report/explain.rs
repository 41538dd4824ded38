//! A witness explained: statement by statement, what matched and what did not, with the source line.

use super::json;
use crate::diag::escape;
use crate::eval::explain::{Explained, Judged, explain, verb};
use crate::policy::Access;
use crate::request::Request;
use anstyle::{AnsiColor, Style};
use std::fmt::Write as _;

const YES: Style = AnsiColor::Green.on_default();
const NO: Style = AnsiColor::Red.on_default();

/// For people: one block a statement; `sides` are the access definitions with what they are called.
pub fn text(sides: &[(&str, &Access)], witness: &Request) -> String {
    let mut out = String::new();
    for (name, access) in sides {
        for explained in explain(access, witness) {
            let Some((member, statement)) = access.statement(explained.number) else { continue };
            let policy = if access.is_alone() { (*name).to_owned() } else { format!("{name} {}", escape::text(&member.name)) };
            let sid = statement.sid.as_ref().map(|sid| format!(" ({})", escape::text(sid))).unwrap_or_default();
            let verdict = if explained.applies() {
                format!("{YES}applies and {}{YES:#}", verb(statement.effect))
            } else {
                format!("{NO}does not apply{NO:#}")
            };
            let _ = writeln!(out, "\n{policy}, statement {}{sid}: {verdict}", statement.index);
            for judged in &explained.elements {
                let (style, mark) = if judged.matched { (YES, "matches") } else { (NO, "does not match") };
                let (source, span) = member.policy.source.place(judged.span);
                let at = source.line_column(span.start);
                let (element, has) = (escape::text(&judged.element), has(judged));
                let _ = writeln!(out, "  {style}{mark}{style:#} {element}{has}");
                let shown = line(&source.text, span.start);
                let (name, shown) = (escape::text(&source.name), escape::text(&shown));
                let _ = writeln!(out, "    {name}:{}:{} | {shown}", at.line, at.column);
            }
        }
    }
    out
}

/// What the request has there.
fn has(judged: &Judged) -> String {
    match judged.values.as_deref() {
        None => String::new(),
        Some([]) => " (absent in the request)".to_owned(),
        Some(values) => format!(" (the request has {})", escape::text(&values.join(", "))),
    }
}

/// The source line around a place, without its indentation, cut where it is long.
fn line(text: &str, at: usize) -> String {
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
    let whole = text.get(start..).unwrap_or("").lines().next().unwrap_or("");
    // Of a minified document the part that counts.
    let from = if whole.chars().count() > 160 { text.get(at..).unwrap_or("").lines().next().unwrap_or("") } else { whole };
    let cut: String = from.trim().chars().take(120).collect();
    cut
}

/// For programs: a list of statements, each with its elements.
pub fn json(sides: &[(&str, &Access)], witness: &Request) -> Vec<json::Explained> {
    let one = |name: &str, access: &Access, explained: Explained| -> Option<json::Explained> {
        let (member, statement) = access.statement(explained.number)?;
        let source = &member.policy.source;
        let element = |judged: &Judged| {
            let at = source.line_column(judged.span.start);
            json::Element {
                element: judged.element.clone(),
                matched: judged.matched,
                line: at.line,
                column: at.column,
                values: judged.values.clone(),
            }
        };
        let elements = explained.elements.iter().map(element).collect();
        let policy = if access.is_alone() { name.to_owned() } else { format!("{name} {}", member.name) };
        Some(json::Explained {
            policy,
            statement_index: statement.index,
            effect: format!("{:?}", statement.effect),
            applies: explained.applies(),
            elements,
        })
    };
    let of_side = |(name, access): &(&str, &Access)| -> Vec<json::Explained> {
        explain(access, witness).into_iter().filter_map(|explained| one(name, access, explained)).collect()
    };
    sides.iter().flat_map(of_side).collect()
}
