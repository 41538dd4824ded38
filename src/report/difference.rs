//! A difference of access, for a terminal and for a pull request.

use super::words::{count, listed};
use crate::diag::escape;
use crate::document::Effect;
use crate::policy::Access;
use crate::question::difference::{Cause, Difference, Except, Region, Within};
use anstyle::{AnsiColor, Style};
use serde_json::{Map, Value};
use std::fmt::Write as _;

const ADDED: Style = AnsiColor::Red.on_default().bold();
const REMOVED: Style = AnsiColor::Green.on_default().bold();

/// How foreign text is written: as it is for programs, escaped for a terminal, in code spans for a pull request.
pub(super) type Write = fn(&str) -> String;

fn escaped(text: &str) -> String {
    escape::text(text).into_owned()
}

/// What is said in one sentence.
pub(super) fn message(difference: &Difference, write: Write) -> String {
    let regions = |number: usize| count(number, "region", "regions");
    match (difference.added.len(), difference.removed.len(), &difference.unknown) {
        (_, _, Some(why)) => format!("The difference is unknown: {}.", write(&why.to_string())),
        (0, 0, None) => "Both grant the same access.".to_owned(),
        (added, 0, None) => format!("Access added in {}, none removed.", regions(added)),
        (0, removed, None) => format!("Access removed in {}, none added.", regions(removed)),
        (added, removed, None) => format!("Access added in {}, removed in {}.", regions(added), regions(removed)),
    }
}

/// The statement as written, by its elements.
pub(super) fn written(access: &Access, number: usize) -> Map<String, Value> {
    let Some((member, statement)) = access.statement(number) else { return Map::new() };
    let text = member.policy.source.text.get(statement.span.start..statement.span.end).unwrap_or_default();
    serde_json::from_str(text).unwrap_or_default()
}

/// One side's list of regions, and how both sides are called.
pub(super) struct Side<'a> {
    /// The side that grants what is in the regions.
    pub(super) grants: &'a Access,
    /// The other one.
    pub(super) unless: &'a Access,
    /// What the other one is called.
    pub(super) other: &'static str,
    regions: &'a [Region],
    write: Write,
}

/// What was added, and what was removed.
fn sides<'a>(difference: &'a Difference, old: &'a Access, new: &'a Access, write: Write) -> [Side<'a>; 2] {
    [
        Side { grants: new, unless: old, other: "old", regions: &difference.added, write },
        Side { grants: old, unless: new, other: "new", regions: &difference.removed, write },
    ]
}

impl Side<'_> {
    /// What a statement is called.
    fn name(&self, access: &Access, number: usize) -> String {
        let Some((member, statement)) = access.statement(number) else { return String::new() };
        let sid = statement.sid.as_ref().map(|sid| format!(" ({})", (self.write)(sid))).unwrap_or_default();
        let of = if access.is_alone() { String::new() } else { format!(" of {}", (self.write)(&member.name)) };
        format!("{:?} statement {}{sid}{of}", statement.effect, statement.index)
    }

    /// What the other side is, in words.
    fn other(&self) -> String {
        format!("the {} {}", self.other, if self.unless.is_alone() { "policy" } else { "stack" })
    }

    /// Who grants a region.
    fn by(&self, region: &Region) -> String {
        let root = || "the account's root, which needs no identity policy".to_owned();
        region.bounds.statement.map_or_else(root, |number| self.name(self.grants, number))
    }

    /// Why the other side does not allow it, if there is more to say than that nothing grants it.
    fn because(&self, region: &Region) -> Option<String> {
        let (added, other) = (self.other == "old", self.other());
        match &region.bounds.cause {
            Cause::NotGranted => None,
            Cause::Denied(deny) => {
                let when = if added { "was denied" } else { "is now denied" };
                Some(format!("{when} by {} of {other}", self.name(self.unless, *deny)))
            }
            Cause::Closed(member) => {
                let when = if added { "was not allowed" } else { "is no longer allowed" };
                Some(format!("{when} by {} of {other}", (self.write)(&member.to_string())))
            }
        }
    }

    fn within(&self, one: &Within) -> String {
        let of = if one.other { format!(" of {}", self.other()) } else { String::new() };
        format!("what {}{of} allows", (self.write)(&one.name))
    }

    fn except(&self, one: &Except) -> String {
        let (access, of) = match one.other {
            true => (self.unless, format!(" of {}", self.other())),
            false => (self.grants, String::new()),
        };
        let verb = match access.statement(one.number).map(|(_, statement)| statement.effect) {
            Some(Effect::Deny) => "denies",
            _ if access.grants(one.number) => "grants",
            _ => "allows",
        };
        format!("what {}{of} {verb}", self.name(access, one.number))
    }

    /// Where a region is, each line in words.
    fn lines(&self, region: &Region) -> Vec<String> {
        let bounds = &region.bounds;
        let within = bounds.within.iter().map(|one| format!("within {}", self.within(one)));
        let except = bounds.except.iter().map(|one| format!("except {}", self.except(one)));
        let by = format!("by {}", self.by(region));
        std::iter::once(by).chain(self.because(region)).chain(within).chain(except).collect()
    }
}

/// Resources, principals and conditions of a region, each as `(element, JSON)`.
fn elements(access: &Access, region: &Region) -> Vec<(&'static str, Value)> {
    let statement = region.bounds.statement.map(|number| written(access, number)).unwrap_or_default();
    let names = ["Principal", "NotPrincipal", "Resource", "NotResource", "Condition"];
    names.into_iter().filter_map(|name| Some((name, statement.get(name)?.clone()))).collect()
}

/// For a terminal.
pub fn text(difference: &Difference, old: &Access, new: &Access) -> String {
    let mut out = format!("{}\n", message(difference, escaped));
    for (side, (style, sign)) in sides(difference, old, new, escaped).iter().zip([(ADDED, "+"), (REMOVED, "-")]) {
        for region in side.regions {
            let future = if region.exists { "" } else { " (does not exist today)" };
            let _ = writeln!(out, "\n{style}{sign} {}{style:#}{future}", escaped(&listed(&region.actions)));
            for (element, value) in elements(side.grants, region) {
                let _ = writeln!(out, "    {element}: {}", escape::json(&value.to_string()));
            }
            for line in side.lines(region) {
                let _ = writeln!(out, "    {line}");
            }
        }
    }
    for note in &difference.notes {
        let _ = writeln!(out, "note: {note}");
    }
    out
}

/// For a pull request. What the policies say stands in code spans, so that it is no Markdown.
pub fn markdown(difference: &Difference, old: &Access, new: &Access) -> String {
    let mut out = format!("### Access difference\n\n{}\n", message(difference, escape::code));
    for (side, title) in sides(difference, old, new, escape::code).iter().zip(["Added", "Removed"]) {
        if side.regions.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n#### {title}\n\n| actions | where | by | bounds |\n|---|---|---|---|");
        for region in side.regions {
            let actions: Vec<String> = region.actions.iter().map(|action| escape::code(action)).collect();
            let place = elements(side.grants, region);
            let place: Vec<String> =
                place.iter().map(|(name, value)| format!("{name} {}", escape::json_code(&value.to_string()))).collect();
            let mut lines = side.lines(region);
            let by = lines.remove(0);
            let by = by.strip_prefix("by ").unwrap_or(&by);
            let _ = writeln!(out, "| {} | {} | {by} | {} |", actions.join(" "), place.join("; "), lines.join("; "));
        }
    }
    for note in &difference.notes {
        let _ = writeln!(out, "\nNote: {note}");
    }
    out
}
