//! Which actions does a list name, over all texts? For queries that do not fix the action beforehand.
//!
//! An action is `service:name` in lower case: one colon, both sides of printable ASCII without wildcards and not empty.

use super::{Encoder, text};
use crate::glob::Glob;
use crate::policy::ActionMatch;
use crate::smt::{Atom, Formula, Regex, Text};

impl Encoder {
    /// The formula that is true of the actions to which the list applies.
    pub fn action(&mut self, action: &ActionMatch) -> Formula {
        let listed = self.action_patterns(action.patterns());
        if action.negated { listed.not() } else { listed }
    }

    /// The formula that is true of the actions that one of these patterns (in lower case) matches.
    pub fn action_patterns(&mut self, patterns: &[Glob]) -> Formula {
        let variable = Text::var("Action");
        self.constrain("Action", || {
            // Printable ASCII but the colon, the wildcards and capital letters.
            let letter = Regex::OneOf([('!', ')'), ('+', '9'), (';', '>'), ('@', '@'), ('[', '~')].into());
            let expression = Regex::concat([letter.clone().plus(), Regex::literal(":"), letter.plus()]);
            Formula::atom(Atom::Matches(Text::var("Action"), expression.into()))
        });
        text::any(patterns.iter().map(|pattern| text::glob(&variable, pattern, self.form)), self.form)
    }
}
