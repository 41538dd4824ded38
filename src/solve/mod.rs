//! Is there a request that one side allows and another does not? Lazy SMT: theory lemmas over a Boolean skeleton, the
//! theories decided by automata.
//!
//! The third of the independent meanings, and the fast one. A request falls into attributes: the resource, the principal,
//! each condition key. What policies ask of one attribute are regular languages (or intervals, or address blocks), so any
//! set of signed tests of it is decided exactly, with a shortest value that shows it (`intersect`). What is left is
//! propositional (`search`). A policy variable relates two attributes: its templates are tests that name it, refuted for
//! all values at once (`letters`, `variables`), and values are looked for that show a violation (`model`). What else
//! relates attributes is left open: a question that is refuted all the same is refuted, and what is found is replayed by
//! the caller.
//!
//! Invariants: [`Decided::Empty`] is said only of formulas that no request satisfies, resting on lemmas about single
//! attributes and propositional reasoning. Nothing of `eval/` or `encode/` is used.

mod atoms;
mod bounds;
mod build;
mod conditions;
mod domain;
mod intersect;
mod known;
mod language;
mod letters;
mod marked;
mod model;
mod owners;
mod principal;
pub mod proof;
mod refute;
mod regular;
mod relation;
mod request;
mod root_id;
mod search;
mod shape;
mod values;
mod variables;

use crate::glob::Glob;
use crate::policy::compose::{Rule, Through};
use crate::policy::{Access, Policy, ResourcePattern};
use crate::query::Obligation;
use crate::request::Request;
use crate::request::keys::USER_ID;
use crate::wellformed::{Keys, Ties, named};
use atoms::Atoms;
use build::{Builder, Side};
use intersect::{Common, Compiled, Domain, Limit};
use language::{Class, Test};
use proof::Refutation;
use search::{Answer, Node, Search};
use std::collections::BTreeSet;

/// A question, for all groups of actions.
#[derive(Debug)]
pub struct Question<'q> {
    /// The access definition that must allow a request.
    pub grants: &'q Access,
    /// The one that must not; `None` denies everything.
    pub unless: Option<&'q Access>,
    /// Which resources count; `None` for all.
    pub resources: Option<&'q [ResourcePattern]>,
    /// Every statement of it must apply, whatever the action.
    pub within: Option<&'q Policy>,
    /// Keys that the policies name and every request carries.
    pub always: &'q [&'static str],
    /// Keys that may carry several values, by what all policies but `within` say of them.
    pub several: &'q BTreeSet<String>,
    /// What requests are not: no statement of it may apply, whatever the action.
    pub never: Option<&'q Ties>,
}

/// A group of actions to which the same statements apply, one of them named.
#[derive(Debug, Clone, Copy)]
pub struct Actions<'a> {
    /// The statements of the granting side that are about them, in order.
    pub grants: &'a [usize],
    /// The statements of the other side, in order.
    pub unless: &'a [usize],
    /// One of them.
    pub action: &'a str,
}

/// How statements meet in a request; each is of the granting (0) or the other side (1), and has a number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meeting {
    /// All of these apply.
    pub all: Vec<(usize, usize)>,
    /// Some of each of these applies.
    pub any: Vec<Vec<(usize, usize)>>,
    /// None of these applies.
    pub none: Vec<(usize, usize)>,
}

/// What was found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decided {
    /// There is no such request.
    Empty,
    /// This one, as the caller replayed it.
    Shown(Box<Request>),
    /// What relates attributes was left open and no guess was right, it took too many steps, or no value could be written
    /// down.
    Open,
}

/// Decides one question, group by group; what was found out about attributes is kept.
#[derive(Debug)]
pub struct Decider<'q> {
    question: &'q Question<'q>,
    builder: Builder,
    /// The last formula that was refuted, with its lemmas, if it is wanted.
    refuted: Option<Refutation>,
    keep_proofs: bool,
    /// What was built for the ties.
    never: Vec<Option<Node>>,
    /// Where the question compares a resource's owner with the id of who asks.
    owner_ids: Vec<root_id::Comparison>,
}

/// A text that both globs match, if there is one.
pub fn common_text(a: &Glob, b: &Glob) -> Option<String> {
    let compiled = |glob: &Glob| Compiled::new(Test { patterns: vec![principal::glob(glob, Class::Any)] });
    let (a, b) = (compiled(a), compiled(b));
    match intersect::common(&Domain::any(Vec::new()), &[&a, &b], &[], &mut Limit::default()) {
        Common::Text(text) => Some(text.to_string()),
        Common::Nothing | Common::TooMany => None,
    }
}

/// Gives a request back, perhaps mended, if it shows what is asked.
pub type Replay<'r> = &'r dyn Fn(Request) -> Option<Request>;

/// Ways in which what relates attributes is assumed to be.
const MOST_GUESSES: usize = 12;

/// Steps of one propositional search.
const MOST_STEPS: usize = 20_000;

/// What such a step is worth in positions that an automaton reads (measured: a microsecond, and ten nanoseconds).
const STEP: usize = 100;

impl<'q> Decider<'q> {
    /// A decider; with `keep_proofs` the last refutation is kept, to be checked by Z3.
    pub fn new(question: &'q Question<'q>, most_states: usize, keep_proofs: bool) -> Self {
        let policies = || question.grants.policies().chain(question.unless.into_iter().flat_map(Access::policies));
        let mut sets = question.several.clone();
        sets.extend(named::multivalued(question.within));
        let all_principals = policies().chain(question.within).any(Policy::has_principals);
        let atoms = Atoms::new(all_principals, most_states);
        let relates_ids = question.never.is_some_and(|ties| Keys::of_statements(&ties.relating.statements).has(USER_ID));
        let statements = policies().chain(question.within).flat_map(|policy| &policy.statements);
        let owner_ids = if relates_ids { root_id::comparisons(statements) } else { Vec::new() };
        let asks_for_owners = !question.grants.is_alone() || question.unless.is_some_and(|access| !access.is_alone());
        let builder = Builder::new(atoms, sets, asks_for_owners);
        Self { question, builder, refuted: None, keep_proofs, never: Vec::new(), owner_ids }
    }

    /// Lets automata read so many positions in all.
    #[must_use]
    pub fn with_work(mut self, most: usize) -> Self {
        self.builder.atoms.limit.work = most;
        self
    }

    /// What was done so far, out of so much: positions that automata read, and propositional steps in such positions. The same
    /// on every machine.
    pub fn work(&self, most: usize) -> usize {
        let atoms = &self.builder.atoms;
        most.saturating_sub(atoms.limit.work) + atoms.steps.saturating_mul(STEP)
    }

    /// What the last [`Decided::Empty`] rests on, for Z3; empty if the formula was plainly false.
    pub fn obligations(&mut self) -> Vec<Obligation> {
        self.refuted.take().map(|refuted| proof::obligations(&mut self.builder.atoms, &refuted)).unwrap_or_default()
    }

    /// Whether some request for these actions shows the violation; `by` names a statement that must grant it. `replay`
    /// gives a request back, perhaps mended, if it is one.
    pub fn decide(&mut self, actions: Actions<'_>, by: Option<usize>, replay: Replay<'_>) -> Decided {
        self.decide_part(actions, by, &[], &[], replay)
    }

    /// Whether statements can meet so in one request for these actions. Said unless it is sure that they cannot.
    pub fn meets(&mut self, actions: Actions<'_>, meeting: &Meeting) -> bool {
        let action = actions.action.to_ascii_lowercase();
        let question = self.question;
        let mut applies = |(side, number): &(usize, usize)| {
            let (access, among) = match (side, question.unless) {
                (0, _) | (_, None) => (question.grants, actions.grants),
                (_, Some(access)) => (access, actions.unless),
            };
            self.builder.applies(*number, Through::Any, Side { number: *side, access, among, action: &action })
        };
        let mut parts: Vec<Node> = meeting.all.iter().map(&mut applies).collect();
        parts.extend(meeting.any.iter().map(|any| Node::or(any.iter().map(&mut applies).collect::<Vec<_>>())));
        parts.extend(meeting.none.iter().map(|one| applies(one).not()));
        let formula = Node::and(parts);
        Search::new(&mut self.builder.atoms, MOST_STEPS).solve(&formula) != Answer::Unsat
    }

    /// As [`Self::decide`], for requests to which none of the statements `not` of the granting side applies, and of the
    /// other side these rules hold or not; without any, that it does not allow them.
    pub fn decide_part(
        &mut self,
        actions: Actions<'_>,
        by: Option<usize>,
        not: &[usize],
        because: &[(&Rule, bool)],
        replay: Replay<'_>,
    ) -> Decided {
        let question = self.question;
        let action = actions.action.to_ascii_lowercase();
        let grants = Side { number: 0, access: question.grants, among: actions.grants, action: &action };
        let mut parts = Vec::new();
        if let Some(number) = by {
            parts.push(self.builder.applies(number, Through::Any, grants));
        }
        for number in not {
            parts.push(self.builder.applies(*number, Through::Any, grants).not());
        }
        parts.push(self.builder.allowed(grants));
        if let Some(patterns) = question.resources {
            parts.push(self.builder.resources(patterns));
        }
        for statement in question.within.into_iter().flat_map(|policy| &policy.statements) {
            parts.push(self.builder.statement(statement));
        }
        if let Some(ties) = question.never {
            parts.extend(self.ties(ties, actions));
        }
        if let Some(access) = question.unless {
            let unless = Side { number: 1, access, among: actions.unless, action: &action };
            if because.is_empty() {
                parts.push(self.builder.allowed(unless).not());
            }
            for (rule, truth) in because {
                let rule = self.builder.rule(rule, unless);
                parts.push(if *truth { rule } else { rule.not() });
            }
        }
        parts.extend(question.always.iter().map(|key| self.builder.carried(key)));
        self.refuted = None;
        parts.extend(self.builder.owned());
        parts.extend(self.builder.owned_by(&parts));
        let formula = Node::and(parts);
        if formula == Node::Const(false) {
            return Decided::Empty;
        }
        let mut search = Search::new(&mut self.builder.atoms, MOST_STEPS);
        let answer = search.solve(&formula);
        let lemmas = std::mem::take(&mut search.lemmas);
        match answer {
            Answer::Unsat => {
                if self.keep_proofs {
                    self.refuted = Some(Refutation { formula, lemmas });
                }
                Decided::Empty
            }
            Answer::TooLong => Decided::Open,
            Answer::Sat(assigned) => self.guess(formula, assigned, actions.action, replay),
        }
    }

    /// What requests are not, as far as the statements about these actions name its keys.
    fn ties(&mut self, ties: &Ties, actions: Actions<'_>) -> Vec<Node> {
        let question = self.question;
        let of = |access: &'q Access, numbers: &[usize]| {
            Keys::of_statements(numbers.iter().filter_map(|number| access.statement(*number)).map(|(_, statement)| statement))
        };
        let mut named = of(question.grants, actions.grants);
        if let Some(access) = question.unless {
            named = named.with(of(access, actions.unless));
        }
        named = named.with(Keys::of_statements(question.within.into_iter().flat_map(|policy| &policy.statements)));
        self.never.resize(ties.plain.statements.len(), None);
        let mut out = Vec::new();
        for number in ties.plain_about(named) {
            let (Some(slot), Some(statement)) = (self.never.get_mut(number), ties.plain.statements.get(number)) else { continue };
            out.push(slot.get_or_insert_with(|| self.builder.statement(statement).not()).clone());
        }
        if named.has(USER_ID) {
            out.extend(self.builder.root_ids(&self.owner_ids));
        }
        out
    }

    /// A request for these signed atoms that replays. If what relates attributes is not as was assumed, it is assumed
    /// otherwise, a few times.
    fn guess(&mut self, mut formula: Node, mut assigned: Vec<(usize, bool)>, action: &str, replay: Replay<'_>) -> Decided {
        for _ in 0..MOST_GUESSES {
            let atoms = &mut self.builder.atoms;
            let has_variables = assigned.iter().any(|(number, _)| atoms.relates(*number));
            for way in model::WAYS.into_iter().take(if has_variables { model::WAYS.len() } else { 1 }) {
                if let Some(shown) = request::request(atoms, &assigned, way, action).and_then(replay) {
                    return Decided::Shown(Box::new(shown));
                }
            }
            let assumed = assigned.iter().filter(|(number, _)| atoms.relates(*number));
            let otherwise: Vec<Node> = assumed.map(|(number, sign)| Node::Literal(*number, !sign)).collect();
            if otherwise.is_empty() {
                break;
            }
            formula = Node::and([formula, Node::or(otherwise)]);
            match Search::new(atoms, MOST_STEPS).solve(&formula) {
                Answer::Sat(next) => assigned = next,
                // Only the assumptions that were tried are refuted, not the question.
                Answer::Unsat | Answer::TooLong => break,
            }
        }
        Decided::Open
    }
}
