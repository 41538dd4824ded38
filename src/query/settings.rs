//! How is a query decided, and what may it cost?

use crate::diag::Budget;
use crate::policy::{Access, Readings};
use std::borrow::Cow;

/// How a question is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Engine {
    /// Split by action; automata decide resources, principals and conditions, Z3's string theory what they leave open.
    #[default]
    Auto,
    /// One whole formula for Z3's string theory, the action in it: the plain encoding of the papers.
    Strings,
    /// The same with one regular expression for each list of patterns, asked once: the baseline of the benchmarks. A FAIL
    /// names the statements that grant its witness only.
    Regexes,
}

/// What every question takes beside its policies.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How to decide.
    pub engine: Engine,
    /// How policies are read where AWS's pages allow two readings.
    pub readings: Readings,
    /// What it may cost.
    pub budget: Budget,
    /// Whether only actions of the catalog count: the closed-world question.
    pub catalog_actions: bool,
    /// Whether Z3 checks every lemma that the automata's proof rests on, and the propositional part.
    pub prove: bool,
    /// Whether Z3 may be asked; if not, what the automata leave open is unknown.
    pub z3: bool,
    /// Whether to look for a witness that AWS could receive today, if the first one is none.
    pub realistic: bool,
}

impl Settings {
    /// An access definition as these settings read it: the one place where readings are applied. Every question calls it, and
    /// whoever makes a [`super::Query`] by itself does: the search refuses what is not read so.
    pub fn read<'a>(&self, access: &'a Access) -> Cow<'a, Access> {
        access.read_as(self.readings).map_or(Cow::Borrowed(access), Cow::Owned)
    }

    /// The same of one that nobody else needs.
    #[must_use]
    pub fn read_own(&self, access: Access) -> Access {
        access.read_as(self.readings).unwrap_or(access)
    }

    /// The same question for the other engine, to compare the verdicts; its witness is not shown.
    #[must_use]
    pub fn crossed(&self) -> Self {
        let engine = if self.engine == Engine::Auto { Engine::Strings } else { Engine::Auto };
        Self { engine, prove: false, realistic: false, ..*self }
    }
}

impl Default for Settings {
    fn default() -> Self {
        let (engine, budget) = (Engine::default(), Budget::default());
        let readings = Readings::default();
        Self { engine, readings, budget, catalog_actions: false, prove: false, z3: true, realistic: true }
    }
}

impl Engine {
    /// Its name in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "z3",
            Self::Strings => "z3-strings",
            Self::Regexes => "z3-regexes",
        }
    }
}
