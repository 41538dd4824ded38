//! What is a name that findings print: a rule of `check`, or a code of `validate`?
//!
//! Codes of errors and warnings are in [`crate::diag::codes`]; these names come from the tables of the rules themselves.

use crate::check::rules;
use crate::lint;
use std::fmt::Write;

/// The names that findings print: those of `check`'s rules and `validate`'s codes.
pub fn names() -> impl Iterator<Item = &'static str> {
    rules::RULES.iter().map(|rule| rule.id).chain(lint::RULES.iter().map(|row| row.code))
}

/// What is known about such a name, in any case; `None` if no finding has it.
pub fn about(name: &str) -> Option<String> {
    let mut out = String::new();
    if let Some(rule) = rules::RULES.iter().find(|rule| rule.id.eq_ignore_ascii_case(name)) {
        let level = rule.level.name();
        let _ = write!(
            out,
            "{} (a rule of `check`: {level})\n\n{}\n\nWhat to do: mend the policy, or approve the finding with a reason: docs/check.md.\n",
            rule.id, rule.about
        );
    }
    if let Some(row) = lint::RULES.iter().find(|row| row.code.eq_ignore_ascii_case(name)) {
        let whose = if row.origin == lint::Origin::Aws { "AWS's ValidatePolicy" } else { "Leastwise" };
        let _ = write!(
            out,
            "{} (a code of `validate`: {})\n\nA check of {whose}. The message of the finding says what is wrong; docs/validate.md lists all codes.\n",
            row.code,
            row.kind.name()
        );
    }
    (!out.is_empty()).then_some(out)
}
