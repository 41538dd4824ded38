//! Is there a request that one policy allows, another does not, within a scope?
//!
//! The one search behind every question, and the seam where an engine fits: [`Engine::Auto`] splits the actions into
//! groups and asks Z3 a small query for each; [`Engine::Strings`] asks one whole formula. Whatever an engine finds is
//! replayed by the evaluator here, tidied, and only then returned.

use super::actions::{self, Group};
use super::{Engine, InternalError, Settings, propose, tidy};
use crate::document::Effect;
use crate::encode::{Encoder, ResourceShape, Unsupported};
use crate::eval;
use crate::glob::Glob;
use crate::policy::{ArnMatching, Policy, Request, ResourcePattern, Statement};
use crate::smt::{self, Formula, Solver};
use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

/// Which actions a question is about.
#[derive(Debug, Clone)]
pub enum ActionScope {
    /// Every action, also those that do not exist.
    All,
    /// The actions that one of these patterns, in lower case, matches.
    Matching(Vec<Glob>),
    /// These actions, in any case.
    Listed(Vec<String>),
}

/// A search: a request that `grants` allows and `unless` does not.
#[derive(Debug, Clone)]
pub struct Ask<'p> {
    /// The policy that must allow it.
    pub grants: &'p Policy,
    /// The policy that must not; `None` denies everything.
    pub unless: Option<&'p Policy>,
    /// Which actions count.
    pub actions: ActionScope,
    /// Which resources count; `None` for all.
    pub resources: Option<Vec<ResourcePattern>>,
}

/// What a search found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// A request, replayed and tidied.
    pub witness: Option<Request>,
    /// The Allow statements of `grants` that allow some such request, in order.
    pub statements: BTreeSet<usize>,
    /// Why something was left open, if it was.
    pub unknown: Option<String>,
    /// How many queries Z3 answered.
    pub queries: usize,
}

/// Whether a statement is an Allow.
pub(super) fn allows(statement: &Statement) -> bool {
    statement.effect == Effect::Allow
}

/// Searches; an error is an internal one: a model that does not replay.
pub fn ask(ask: &Ask<'_>, settings: &Settings) -> Result<Found, InternalError> {
    let mut search = Search::new(ask, settings);
    match settings.engine {
        Engine::Strings => search.whole()?,
        Engine::Auto => match actions::groups(ask, settings.budget.states) {
            Some(groups) => {
                for group in &groups {
                    search.group(group)?;
                }
            }
            // Too many classes to split by action: ask it whole.
            None => search.whole()?,
        },
    }
    Ok(search.found)
}

pub(super) struct Search<'a, 'p> {
    pub(super) ask: &'a Ask<'p>,
    pub(super) settings: &'a Settings,
    pub(super) solver: Solver,
    pub(super) found: Found,
}

impl<'a, 'p> Search<'a, 'p> {
    fn new(ask: &'a Ask<'p>, settings: &'a Settings) -> Self {
        let solver = Solver::new(&settings.budget, Instant::now() + settings.budget.timeout);
        Self { ask, settings, solver, found: Found::default() }
    }

    /// Asks about the actions of one group.
    fn group(&mut self, group: &Group) -> Result<(), InternalError> {
        let grants = pick(self.ask.grants, &group.grants);
        let unless = self.ask.unless.map(|policy| pick(policy, &group.unless)).unwrap_or_default();
        if grants.iter().all(|statement| !allows(statement) || self.found.statements.contains(&statement.index)) {
            return Ok(());
        }
        let (mut open, mut unencoded) = (Vec::new(), None);
        for shape in shapes(self.ask, &grants, &unless) {
            let mut encoder = encoder(self.ask, &grants, &unless, self.settings.matching, shape);
            match violation(self.ask, &mut encoder, &grants, &unless, false) {
                Ok(parts) if self.impossible(&[&parts.formula]) => {}
                Ok(parts) => open.push((encoder, parts)),
                // The proof may not depend on what has no encoding.
                Err(unsupported) => {
                    let encoder = self::encoder(self.ask, &grants, &unless, self.settings.matching, shape);
                    let opaque = violation(self.ask, &mut encoder.with_opaque_constructs(), &grants, &unless, false);
                    let proved = opaque.is_ok_and(|parts| self.impossible(&[&parts.formula]));
                    if !proved {
                        unencoded.get_or_insert(unsupported);
                    }
                }
            }
        }
        if open.is_empty() && unencoded.is_none() {
            return Ok(());
        }
        for allow in grants.iter().filter(|statement| allows(statement)) {
            if !self.found.statements.contains(&allow.index)
                && let Some(request) = propose::propose(self.ask, allow, &grants, &unless, &group.action, self.settings.matching)
            {
                self.note(request)?;
            }
        }
        if grants.iter().all(|statement| !allows(statement) || self.found.statements.contains(&statement.index)) {
            return Ok(());
        }
        if let Some(unsupported) = unencoded {
            self.open(&unsupported.to_string());
        }
        for (encoder, parts) in open {
            self.query(&encoder, parts, Some(&group.action))?;
        }
        Ok(())
    }

    /// Remembers why something was left open; the first reason stays.
    pub(super) fn open(&mut self, why: &str) {
        self.found.unknown.get_or_insert_with(|| why.to_owned());
    }

    /// Asks one query, and once more for each Allow statement that is not yet to blame.
    pub(super) fn query(&mut self, encoder: &Encoder, parts: Violation, action: Option<&str>) -> Result<(), InternalError> {
        let whole = Formula::and([encoder.constraints(), parts.formula.clone()]);
        if parts.formula == Formula::False {
            return Ok(());
        }
        if !self.check_all(&[&whole], encoder, action)? {
            return Ok(());
        }
        for (index, formula) in &parts.allows {
            if !self.found.statements.contains(index) {
                self.check_all(&[&whole, formula], encoder, action)?;
            }
        }
        Ok(())
    }

    /// Checks these formulas together. Always pushed from an empty solver: Z3 propagates without any limit when a level
    /// is opened over assertions that it has searched already (measured: it can hang there).
    fn check_all(&mut self, formulas: &[&Formula], encoder: &Encoder, action: Option<&str>) -> Result<bool, InternalError> {
        if self.impossible(formulas) {
            return Ok(false);
        }
        self.solver.push();
        formulas.iter().for_each(|formula| self.solver.assert(formula));
        let checked = self.check(encoder, action);
        self.solver.pop();
        checked
    }

    /// Whether the formulas cannot be true together whatever their atoms mean: the cheap proof, tried first. It is
    /// Z3's `unsat` on the propositional skeleton, which the formulas imply.
    fn impossible(&mut self, formulas: &[&Formula]) -> bool {
        if self.settings.engine == Engine::Strings {
            return false;
        }
        let mut names = HashMap::new();
        self.found.queries += 1;
        self.solver.push();
        formulas.iter().for_each(|formula| self.solver.assert(&formula.skeleton(&mut names)));
        let answer = self.solver.check();
        self.solver.pop();
        matches!(answer, smt::Answer::Unsat)
    }

    /// Checks what is asserted; a model is replayed and its statements are noted. Returns whether there was one.
    fn check(&mut self, encoder: &Encoder, action: Option<&str>) -> Result<bool, InternalError> {
        self.found.queries += 1;
        match self.solver.check() {
            smt::Answer::Unsat => Ok(false),
            smt::Answer::Unknown(why) => {
                self.open(&why);
                Ok(false)
            }
            smt::Answer::Sat(model) => {
                let action = action.map_or_else(|| encoder.decode_action(&model), str::to_owned);
                let request = encoder.decode(&model, &action);
                self.note(request)?;
                Ok(true)
            }
        }
    }

    /// Replays a request and remembers which statements are to blame.
    fn note(&mut self, request: Request) -> Result<(), InternalError> {
        let Some(statements) = self.violates(&request) else {
            let shown = crate::policy::request_json::to_json(&request);
            return Err(InternalError(format!("a request that was found does not replay: {shown}")));
        };
        self.found.statements.extend(statements);
        if self.found.witness.is_none() {
            let request = tidy::tidy(request, self.ask, &|request| self.violates(request).is_some());
            self.found.witness = Some(request);
        }
        Ok(())
    }

    /// The Allow statements that grant the request, if it is one that is searched for.
    fn violates(&self, request: &Request) -> Option<Vec<usize>> {
        violates(self.ask, request, self.settings.matching)
    }
}

/// The Allow statements of `grants` that allow the request, if `unless` does not and it is within the scope.
pub fn violates(ask: &Ask<'_>, request: &Request, matching: ArnMatching) -> Option<Vec<usize>> {
    let action = request.action.to_ascii_lowercase();
    let in_scope = match &ask.actions {
        ActionScope::All => true,
        ActionScope::Matching(globs) => globs.iter().any(|glob| glob.matches(&action)),
        ActionScope::Listed(actions) => actions.iter().any(|listed| listed.eq_ignore_ascii_case(&action)),
    };
    let resource_counts = |patterns: &Vec<ResourcePattern>| eval::resource_matches(patterns, request, matching);
    if !in_scope || !ask.resources.as_ref().is_none_or(resource_counts) {
        return None;
    }
    let granted = eval::evaluate(ask.grants, request, matching);
    let kept = ask.unless.is_some_and(|policy| eval::allows(policy, request, matching));
    (granted.decision == eval::Decision::Allowed && !kept).then_some(granted.decided_by)
}

fn pick<'p>(policy: &'p Policy, indexes: &[usize]) -> Vec<&'p Statement> {
    indexes.iter().filter_map(|index| policy.statements.get(*index)).collect()
}

pub(super) fn encoder(
    ask: &Ask<'_>,
    grants: &[&Statement],
    unless: &[&Statement],
    matching: ArnMatching,
    shape: ResourceShape,
) -> Encoder {
    let policies: Vec<&Policy> = [Some(ask.grants), ask.unless].into_iter().flatten().collect();
    let statements: Vec<&Statement> = grants.iter().chain(unless).copied().collect();
    Encoder::new(policies, &statements, matching, shape)
}

/// The shapes of resources that need a query: if nothing names a resource, one stands for the other.
pub(super) fn shapes(ask: &Ask<'_>, grants: &[&Statement], unless: &[&Statement]) -> Vec<ResourceShape> {
    let named = grants.iter().chain(unless).filter_map(|statement| statement.resource.as_ref());
    let mut patterns = named.flat_map(|resource| &resource.patterns).chain(ask.resources.iter().flatten());
    if patterns.all(ResourcePattern::is_everything) {
        vec![ResourceShape::Arn]
    } else {
        vec![ResourceShape::Arn, ResourceShape::Other]
    }
}

/// The formula of a search, and each Allow statement's own.
pub(super) struct Violation {
    pub(super) formula: Formula,
    pub(super) allows: Vec<(usize, Formula)>,
}

/// Builds the formula over these statements; `whole` leaves the action open and puts the actions into it.
pub(super) fn violation(
    ask: &Ask<'_>,
    encoder: &mut Encoder,
    grants: &[&Statement],
    unless: &[&Statement],
    whole: bool,
) -> Result<Violation, Unsupported> {
    let mut encode = |policy: &Policy, statements: &[&Statement], effect: Effect| -> Result<Vec<(usize, Formula)>, Unsupported> {
        let mut out = Vec::new();
        for statement in statements.iter().filter(|statement| statement.effect == effect) {
            let action = if whole { encoder.action(&statement.action) } else { Formula::True };
            out.push((statement.index, Formula::and([action, encoder.statement(policy, statement)?])));
        }
        Ok(out)
    };
    let any = |parts: &[(usize, Formula)]| Formula::or(parts.iter().map(|(_, formula)| formula.clone()));
    let allows = encode(ask.grants, grants, Effect::Allow)?;
    let denies = encode(ask.grants, grants, Effect::Deny)?;
    let kept = match ask.unless {
        Some(policy) => {
            let (allows, denies) = (encode(policy, unless, Effect::Allow)?, encode(policy, unless, Effect::Deny)?);
            Formula::and([any(&allows), any(&denies).not()])
        }
        None => Formula::False,
    };
    let scope = match &ask.actions {
        _ if !whole => Formula::True,
        ActionScope::All => Formula::True,
        ActionScope::Matching(globs) => encoder.action_patterns(globs),
        ActionScope::Listed(actions) => {
            let literals: Vec<Glob> = actions.iter().map(|action| Glob::literal(&action.to_ascii_lowercase())).collect();
            encoder.action_patterns(&literals)
        }
    };
    let resources = match &ask.resources {
        Some(patterns) => encoder.resources(patterns)?,
        None => Formula::True,
    };
    let formula = Formula::and([any(&allows), any(&denies).not(), kept.not(), scope, resources]);
    Ok(Violation { formula, allows })
}
