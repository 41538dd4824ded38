//! What does a search hold while it runs? The query, what was found so far, and the tools that are made when first needed.
//!
//! Nothing is found but through [`Search::note`], which replays it first.

use super::replay::violates;
use crate::query::{InternalError, Query, SearchResult, Settings, Unknown};
use crate::request::{Request, request_json};
use crate::smt::{Formula, Solver};
use crate::solve::{self, Decider};
use std::cell::OnceCell;
use std::collections::HashSet;
use std::time::Instant;

/// Groups about which Z3 may still be asked, once a witness is there.
const MOST_BLAMED_LATE: usize = 4;

/// A search that runs.
pub(super) struct Search<'a, 'p> {
    pub(super) query: &'a Query<'p>,
    pub(super) settings: &'a Settings,
    pub(super) decider: Decider<'a>,
    deadline: Instant,
    /// Made when the first query needs it.
    solver: Option<Solver>,
    /// Why Z3's strings are not asked, if they are not; looked for when the first query would be.
    pub(super) too_wild: OnceCell<Option<Unknown>>,
    /// The lemmas that Z3 has confirmed.
    pub(super) lemmas: HashSet<Formula>,
    /// Groups about which Z3 may still be asked, once a witness is there.
    pub(super) more_blame: usize,
    pub(super) found: SearchResult,
}

impl<'a, 'p> Search<'a, 'p> {
    pub(super) fn new(query: &'a Query<'p>, settings: &'a Settings, question: &'a solve::Question<'a>) -> Self {
        let decider = Decider::new(question, settings.budget.states, settings.prove);
        Self {
            query,
            settings,
            decider: decider.with_work(settings.budget.work),
            deadline: Instant::now() + settings.budget.timeout,
            solver: None,
            too_wild: OnceCell::new(),
            lemmas: HashSet::new(),
            more_blame: MOST_BLAMED_LATE,
            found: SearchResult::default(),
        }
    }

    pub(super) fn solver(&mut self) -> &mut Solver {
        let (budget, deadline) = (&self.settings.budget, self.deadline);
        self.solver.get_or_insert_with(|| Solver::new(budget, deadline))
    }

    /// Whether a statement could be to blame and is not yet known to be.
    pub(super) fn is_suspect(&self, number: usize) -> bool {
        self.query.grants.grants(number)
            && self.query.by.is_none_or(|by| by == number)
            && !self.found.statements.contains(&number)
    }

    /// Whether every statement of these that could be to blame is known to be.
    pub(super) fn is_settled(&self, grants: &[usize]) -> bool {
        let unsaid = self.query.grants.grants_without_statement() && self.query.by.is_none() && self.found.witness.is_none();
        !unsaid && !grants.iter().any(|number| self.is_suspect(*number))
    }

    /// Replays a request and remembers which statements are to blame.
    pub(super) fn note(&mut self, request: Request) -> Result<(), InternalError> {
        let request = self.query.completed(request);
        let Some(statements) = violates(self.query, &request) else {
            let shown = request_json::to_json(&request);
            return Err(InternalError(format!("a request that was found does not replay: {shown}")));
        };
        for number in statements {
            self.found.statements.insert(number);
            self.found.shown.entry(number).or_insert_with(|| request.clone());
        }
        self.found.witness.get_or_insert(request);
        Ok(())
    }
}
