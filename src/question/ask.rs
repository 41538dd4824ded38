//! Is there a request that one access definition allows, another does not, within a scope?
//!
//! The one search behind every question, and the seam where an engine fits: [`Engine::Auto`] splits the actions into
//! groups and asks Z3 a small query for each; [`Engine::Strings`] asks one whole formula. Whatever an engine finds is
//! replayed by the evaluator here, tidied, and only then returned.

use super::actions::{self, Group};
use super::{Engine, InternalError, Settings, propose, realistic, tidy};
use crate::catalog::Catalog;
use crate::diag::Budget;
use crate::encode::{Encoder, ResourceShape, Unsupported};
use crate::eval;
use crate::glob::Glob;
use crate::policy::{Access, ActionMatch, ArnMatching, Policy, Request, ResourcePattern, Statement};
use crate::smt::{self, Formula, Solver};
use crate::solve::proof::Obligation;
use crate::solve::{self, Decided, Decider};
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
    /// The access definition that must allow it.
    pub grants: &'p Access,
    /// The one that must not; `None` denies everything.
    pub unless: Option<&'p Access>,
    /// Which actions count.
    pub actions: ActionScope,
    /// Which resources count; `None` for all.
    pub resources: Option<Vec<ResourcePattern>>,
    /// Which requests count: those to which every statement of this policy applies, whatever the action.
    pub within: Option<Policy>,
    /// The statement of `grants` that must apply, if it is one in particular.
    pub by: Option<usize>,
}

impl<'p> Ask<'p> {
    /// A search over all requests.
    pub fn new(grants: &'p Access, unless: Option<&'p Access>) -> Self {
        Self { grants, unless, actions: ActionScope::All, resources: None, within: None, by: None }
    }
}

/// What a search found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// A request, replayed and tidied.
    pub witness: Option<Request>,
    /// The numbers of the Allow statements of `grants` that allow some such request, in order.
    pub statements: BTreeSet<usize>,
    /// Why something was left open, if it was.
    pub unknown: Option<String>,
    /// How many queries Z3 answered.
    pub queries: usize,
    /// How many groups of actions the automata decided.
    pub decided: usize,
    /// What Z3 checked, under [`Settings::prove`].
    pub checked: Checked,
    /// What is worth knowing beside it.
    pub notes: Vec<String>,
}

/// What Z3 checked of the automata's proofs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Checked {
    /// Lemmas about single attributes, equal ones once.
    pub lemmas: usize,
    /// Propositional formulas.
    pub propositional: usize,
    /// Whether Z3 also confirmed that the groups of actions are all; it is an automaton's word otherwise.
    pub classes: bool,
    /// Everything that was checked, `unsat` each.
    pub obligations: Vec<Confirmed>,
}

/// One thing that Z3 refuted, as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmed {
    /// `lemma`, `propositional`, `classes` or `O4`.
    pub kind: &'static str,
    /// What it says, in a sentence.
    pub about: String,
    /// The question as an SMT-LIB 2.6 file.
    pub script: String,
}

impl From<&Obligation> for Confirmed {
    fn from(obligation: &Obligation) -> Self {
        let Obligation { kind, about, formula } = obligation;
        let question = format!("{kind}: {about}. unsat: it is so.");
        let script = smt::smtlib::script(&question, "unsat", std::slice::from_ref(formula));
        Self { kind, about: about.clone(), script }
    }
}

impl Checked {
    /// What was checked in both of two searches.
    pub fn and(mut self, other: Self) -> Self {
        self.lemmas += other.lemmas;
        self.propositional += other.propositional;
        self.classes &= other.classes;
        self.obligations.extend(other.obligations);
        self
    }
}

/// Why something was left open where Z3 was not to be asked.
pub const NEEDS_Z3: &str = "Z3 was not to be asked";

/// Z3's resource limit for the completeness of the groups of actions.
const CLASSES: u32 = 2_000_000;

/// Z3's resource limit for a query about one more statement to blame, once a witness is there.
const MORE_BLAME: u32 = 300_000;

/// Searches; an error is an internal one: a model that does not replay.
///
/// With [`Settings::catalog_actions`] only actions of the catalog count. Else, if the witness's action does not exist and
/// [`Settings::realistic`] is set, one that exists is looked for, and the lack of one is noted.
pub fn ask(ask: &Ask<'_>, settings: &Settings) -> Result<Found, InternalError> {
    if settings.catalog_actions
        && let Some(closed) = closed_world(ask)
    {
        return search(&closed, settings);
    }
    let mut found = search(ask, settings)?;
    let Some(witness) = found.witness.as_ref().filter(|_| settings.realistic) else { return Ok(found) };
    if realistic::doubts(witness).is_some()
        && let Some(closed) = closed_world(ask)
    {
        let exists = Catalog::latest().canonical_action(&witness.action).is_some();
        let real = search(&closed, settings)?;
        found.queries += real.queries;
        found.decided += real.decided;
        match (real.witness, real.unknown) {
            (Some(real), _) if !exists || realistic::doubts(&real).is_none() => found.witness = Some(real),
            (Some(_), _) | (None, Some(_)) => {}
            (None, None) => found.notes.push(format!("only actions that do not exist yet: {}", witness.action)),
        }
    }
    if let (Some(why), true) = (&found.unknown, found.witness.is_some()) {
        found.notes.push(format!("more statements may be to blame: {why}"));
    }
    if let Some(doubt) = found.witness.as_ref().and_then(realistic::doubts)
        && found.notes.is_empty()
    {
        found.notes.push(format!("no request that AWS could receive today was found for this witness: {doubt}"));
    }
    Ok(found)
}

/// The search among the catalog's actions, if it is not one among listed actions anyway.
fn closed_world<'p>(ask: &Ask<'p>) -> Option<Ask<'p>> {
    let scope = match &ask.actions {
        ActionScope::Listed(_) => return None,
        ActionScope::All => None,
        ActionScope::Matching(globs) => Some(globs),
    };
    // Only what is granted at all can be found: the services that the granting statements name, if they name them.
    let mut granting: Vec<&ActionMatch> = Vec::new();
    for (number, _, statement) in ask.grants.statements() {
        if ask.grants.grants(number) && !granting.contains(&&statement.action) {
            granting.push(&statement.action);
        }
    }
    let rules = ask.grants.grants_without_statement();
    let prefixes = |globs: &[Glob]| -> Option<Vec<String>> {
        globs.iter().map(|glob| glob.literal_prefix().split_once(':').map(|(service, _)| service.to_owned())).collect()
    };
    let of = |action: &&ActionMatch| if action.negated { None } else { prefixes(&action.patterns) };
    let services: Option<Vec<Vec<String>>> = if rules { None } else { granting.iter().map(of).collect() };
    let services: Option<BTreeSet<String>> = services.map(|services| services.into_iter().flatten().collect());
    let wanted = |prefix: &str| services.as_ref().is_none_or(|services| services.contains(prefix));
    let mut actions = Vec::new();
    for (lower, name) in Catalog::latest_actions().iter().filter(|(lower, _)| wanted(lower.split(':').next().unwrap_or(""))) {
        let in_scope = scope.is_none_or(|globs| globs.iter().any(|glob| glob.matches(lower)));
        if in_scope && (rules || granting.iter().any(|action| action.applies(lower))) {
            actions.push(name.clone());
        }
    }
    Some(Ask { actions: ActionScope::Listed(actions), ..ask.clone() })
}

fn search(ask: &Ask<'_>, settings: &Settings) -> Result<Found, InternalError> {
    let question = solve::Question {
        grants: ask.grants,
        unless: ask.unless,
        resources: ask.resources.as_deref(),
        within: ask.within.as_ref(),
    };
    let mut search = Search::new(ask, settings, &question);
    match settings.engine {
        Engine::Strings => search.whole()?,
        Engine::Auto => match actions::groups(ask, settings.budget.states) {
            Some(groups) => {
                for group in &groups {
                    search.group(group)?;
                }
                if settings.prove && search.found.witness.is_none() {
                    search.confirm_classes(&groups);
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
    deadline: Instant,
    decider: Decider<'a>,
    /// Made when the first query needs it.
    solver: Option<Solver>,
    /// The lemmas that Z3 has confirmed.
    lemmas: std::collections::HashSet<Formula>,
    /// Groups about which Z3 may still be asked, once a witness is there.
    more_blame: usize,
    pub(super) found: Found,
}

impl<'a, 'p> Search<'a, 'p> {
    fn new(ask: &'a Ask<'p>, settings: &'a Settings, question: &'a solve::Question<'a>) -> Self {
        let deadline = Instant::now() + settings.budget.timeout;
        let decider = Decider::new(question, settings.matching, settings.budget.states, settings.prove);
        Self {
            ask,
            settings,
            deadline,
            decider,
            solver: None,
            lemmas: Default::default(),
            more_blame: 4,
            found: Found::default(),
        }
    }

    fn solver(&mut self) -> &mut Solver {
        let (budget, deadline) = (&self.settings.budget, self.deadline);
        self.solver.get_or_insert_with(|| Solver::new(budget, deadline))
    }

    /// Whether every statement of these that could be to blame is known to be.
    fn settled(&self, grants: &[usize]) -> bool {
        let counts = |number: &&usize| self.ask.grants.grants(**number) && self.ask.by.is_none_or(|by| by == **number);
        let unsaid = self.ask.grants.grants_without_statement() && self.ask.by.is_none() && self.found.witness.is_none();
        !unsaid && grants.iter().filter(counts).all(|number| self.found.statements.contains(number))
    }

    /// Asks the automata about the actions of one group; what they leave open is for Z3.
    fn group(&mut self, group: &Group) -> Result<(), InternalError> {
        if self.settled(&group.grants) {
            return Ok(());
        }
        let actions = solve::Actions { grants: &group.grants, unless: &group.unless, action: &group.action };
        self.found.decided += 1;
        match self.decider.decide(actions, self.ask.by) {
            Decided::Empty if self.confirmed() => return Ok(()),
            Decided::Empty => return self.ask_z3(group),
            Decided::Perhaps(request) if self.violates(&request).is_some() => self.note(*request)?,
            Decided::Perhaps(_) | Decided::Open => return self.ask_z3(group),
        }
        let mut all = true;
        for number in &group.grants {
            let counts = self.ask.grants.grants(*number) && self.ask.by.is_none_or(|by| by == *number);
            if !counts || self.found.statements.contains(number) {
                continue;
            }
            self.found.decided += 1;
            match self.decider.decide(actions, Some(*number)) {
                Decided::Empty => {}
                Decided::Perhaps(request) if self.violates(&request).is_some() => self.note(*request)?,
                Decided::Perhaps(_) | Decided::Open => all = false,
            }
        }
        if all { Ok(()) } else { self.ask_z3(group) }
    }

    /// Whether Z3 confirms what the automata have just refuted, if it is to.
    fn confirmed(&mut self) -> bool {
        if !self.settings.prove {
            return true;
        }
        for obligation in self.decider.obligations() {
            let lemma = obligation.kind == "lemma";
            if lemma && !self.lemmas.insert(obligation.formula.clone()) {
                continue;
            }
            self.found.queries += 1;
            self.solver().push();
            self.solver().assert(&obligation.formula);
            let answer = self.solver().check();
            self.solver().pop();
            if !matches!(answer, smt::Answer::Unsat) {
                self.lemmas.remove(&obligation.formula);
                return false;
            }
            if lemma {
                self.found.checked.lemmas += 1
            } else {
                self.found.checked.propositional += 1
            }
            self.found.checked.obligations.push(Confirmed::from(&obligation));
        }
        true
    }

    /// Whether Z3 confirms that every action is of one of the groups, or of none that is granted anything.
    fn confirm_classes(&mut self, groups: &[Group]) {
        let plain = actions::completeness(self.ask, groups, false);
        let shaped = actions::completeness(self.ask, groups, true);
        let budget = Budget { rlimit: self.settings.budget.rlimit.min(CLASSES), ..self.settings.budget };
        for ((service, plain), (_, shaped)) in plain.into_iter().flatten().zip(shaped.iter().flatten()) {
            let refuted = [&plain, shaped].into_iter().find(|formula| {
                self.found.queries += 1;
                let mut solver = Solver::new(&budget, self.deadline);
                solver.assert(formula);
                **formula == Formula::False || matches!(solver.check(), smt::Answer::Unsat)
            });
            let Some(formula) = refuted else { return };
            let about = format!("every action of {service} is of one of {} groups", groups.len());
            let obligation = Obligation { kind: "classes", about, formula: formula.clone() };
            self.found.checked.obligations.push(Confirmed::from(&obligation));
        }
        self.found.checked.classes = shaped.is_some();
    }

    /// Asks Z3 about the actions of one group: the propositional skeleton, then a guess, then its string theory.
    fn ask_z3(&mut self, group: &Group) -> Result<(), InternalError> {
        if !self.settings.z3 {
            self.open(NEEDS_Z3);
            return Ok(());
        }
        let (mut open, mut unencoded) = (Vec::new(), None);
        for shape in shapes(self.ask, group) {
            let mut encoder = encoder(self.ask, group, self.settings.matching, shape).for_action(&group.action);
            match violation(self.ask, &mut encoder, group, false) {
                Ok(parts) if self.impossible(&[&parts.formula]) => {}
                Ok(parts) => open.push((encoder, parts)),
                // The proof may not depend on what has no encoding.
                Err(unsupported) => {
                    let encoder = self::encoder(self.ask, group, self.settings.matching, shape).for_action(&group.action);
                    let opaque = violation(self.ask, &mut encoder.with_opaque_constructs(), group, false);
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
        for number in &group.grants {
            if self.ask.grants.grants(*number)
                && self.ask.by.is_none_or(|by| by == *number)
                && !self.found.statements.contains(number)
                && let Some(request) = propose::propose(self.ask, *number, group, self.settings.matching)
            {
                self.note(request)?;
            }
        }
        if self.settled(&group.grants) {
            return Ok(());
        }
        if self.found.witness.is_some() {
            // The verdict stands; what is left is whether more statements are to blame.
            if self.more_blame == 0 {
                self.open("not all of them were asked about");
                return Ok(());
            }
            self.more_blame -= 1;
            self.solver().limit(MORE_BLAME);
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
        for (index, formula) in &parts.grants {
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
        self.solver().push();
        formulas.iter().for_each(|formula| self.solver().assert(formula));
        let checked = self.check(encoder, action);
        self.solver().pop();
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
        self.solver().push();
        formulas.iter().for_each(|formula| self.solver().assert(&formula.skeleton(&mut names)));
        let answer = self.solver().check();
        self.solver().pop();
        matches!(answer, smt::Answer::Unsat)
    }

    /// Checks what is asserted; a model is replayed and its statements are noted. Returns whether there was one.
    fn check(&mut self, encoder: &Encoder, action: Option<&str>) -> Result<bool, InternalError> {
        self.found.queries += 1;
        match self.solver().check() {
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
    if !in_scope || !request.is_consistent() || !counts(ask, request, matching) {
        return None;
    }
    let granted = eval::evaluate(ask.grants, request, matching);
    let kept = ask.unless.is_some_and(|access| eval::allows(access, request, matching));
    let by = ask.by.is_none_or(|by| granted.decided_by.contains(&by));
    (granted.decision == eval::Decision::Allowed && !kept && by).then_some(granted.decided_by)
}

/// Whether a request is of the resources and circumstances that count.
pub(super) fn counts(ask: &Ask<'_>, request: &Request, matching: ArnMatching) -> bool {
    let resource_counts = |patterns: &Vec<ResourcePattern>| eval::resource_matches(patterns, request, matching);
    let within =
        |policy: &Policy| policy.statements.iter().all(|statement| eval::applies_beyond_action(statement, request, matching));
    ask.resources.as_ref().is_none_or(resource_counts) && ask.within.as_ref().is_none_or(within)
}

/// The statements that a query about a group is over.
fn statements<'s>(ask: &'s Ask<'_>, group: &Group) -> Vec<&'s Statement> {
    let pick = |access: &'s Access, numbers: &[usize]| -> Vec<&'s Statement> {
        numbers.iter().filter_map(|number| access.statement(*number)).map(|(_, statement)| statement).collect()
    };
    let mut out = pick(ask.grants, &group.grants);
    if let Some(access) = ask.unless {
        out.extend(pick(access, &group.unless));
    }
    out.extend(ask.within.iter().flat_map(|policy| &policy.statements));
    out
}

pub(super) fn encoder(ask: &Ask<'_>, group: &Group, matching: ArnMatching, shape: ResourceShape) -> Encoder {
    let policies: Vec<&Policy> =
        ask.grants.policies().chain(ask.unless.into_iter().flat_map(Access::policies)).chain(&ask.within).collect();
    Encoder::new(policies, &statements(ask, group), matching, shape).about([ask.grants].into_iter().chain(ask.unless))
}

/// The shapes of resources that need a query: if nothing names a resource, one stands for the other.
pub(super) fn shapes(ask: &Ask<'_>, group: &Group) -> Vec<ResourceShape> {
    let statements = statements(ask, group);
    let named = statements.iter().filter_map(|statement| statement.resource.as_ref());
    let mut patterns = named.flat_map(|resource| &resource.patterns).chain(ask.resources.iter().flatten());
    if ask.grants.is_alone() && ask.unless.is_none_or(Access::is_alone) && patterns.all(ResourcePattern::is_everything) {
        vec![ResourceShape::Arn]
    } else {
        vec![ResourceShape::Arn, ResourceShape::Other]
    }
}

/// The formula of a search, and each granting statement's own.
pub(super) struct Violation {
    pub(super) formula: Formula,
    pub(super) grants: Vec<(usize, Formula)>,
}

/// Builds the formula over a group's statements; `whole` leaves the action open and puts the actions into it.
pub(super) fn violation(ask: &Ask<'_>, encoder: &mut Encoder, group: &Group, whole: bool) -> Result<Violation, Unsupported> {
    let granted = encoder.allowed(ask.grants, &group.grants, whole)?;
    let kept = match ask.unless {
        Some(access) => encoder.allowed(access, &group.unless, whole)?.formula,
        None => Formula::False,
    };
    let mut parts = vec![granted.formula, kept.not()];
    if let Some(by) = ask.by {
        parts.push(Formula::or(granted.grants.iter().filter(|(number, _)| *number == by).map(|(_, formula)| formula.clone())));
    }
    match &ask.actions {
        _ if !whole => {}
        ActionScope::All => {}
        ActionScope::Matching(globs) => parts.push(encoder.action_patterns(globs)),
        ActionScope::Listed(actions) => {
            let literals: Vec<Glob> = actions.iter().map(|action| Glob::literal(&action.to_ascii_lowercase())).collect();
            parts.push(encoder.action_patterns(&literals));
        }
    }
    if let Some(patterns) = &ask.resources {
        parts.push(encoder.resources(patterns)?);
    }
    for (policy, statement) in ask.within.iter().flat_map(|policy| policy.statements.iter().map(move |one| (policy, one))) {
        parts.push(encoder.statement(policy, statement)?);
    }
    Ok(Violation { formula: Formula::and(parts), grants: granted.grants })
}
