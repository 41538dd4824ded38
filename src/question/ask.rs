//! Is there a request that one access definition allows, another does not, within a scope?
//!
//! The one search behind every question, and the seam where an engine fits: [`Engine::Auto`] splits the actions into
//! groups and asks Z3 a small query for each; [`Engine::Strings`] asks one whole formula. Whatever an engine finds is
//! replayed by the evaluator (`replay`), tidied, and only then returned.

use super::actions::{self, Group};
use super::closed::closed_world;
use super::confirm::Checked;
use super::realistic::Fit;
use super::replay::{replayed, violates};
use super::worlds::worlds;
use super::{Engine, InternalError, Settings, partitions, realistic, tidy, unreadable, untrusted};
use crate::catalog::{Catalog, KeyBase, Partition};
use crate::diag::Budget;
use crate::diag::deadline::{self, Expired};
use crate::glob::Glob;
use crate::policy::ties::{self, Ties};
use crate::policy::{Access, Policy, Request, ResourcePattern, keys};
use crate::smt::{Formula, Solver};
use crate::solve::{self, Decided, Decider};
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

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
    /// Of these, which do not: those that one of these patterns, in lower case, matches.
    pub except: Vec<Glob>,
    /// Which resources count; `None` for all.
    pub resources: Option<Vec<ResourcePattern>>,
    /// Which requests count: those to which every statement of this policy applies, whatever the action.
    pub within: Option<Policy>,
    /// The statement of `grants` that must apply, if it is one in particular.
    pub by: Option<usize>,
    /// Keys that the policies name and every request carries.
    pub always: Vec<&'static str>,
    /// Keys that the policies name and whose values are all of a type.
    pub typed: Vec<(String, KeyBase)>,
    /// What no request is, of the keys that the policies name.
    pub ties: Option<Ties>,
}

impl<'p> Ask<'p> {
    /// A search over all requests; but for service-linked roles, where a stack has control policies.
    pub fn new(grants: &'p Access, unless: Option<&'p Access>) -> Self {
        let within = within([grants].into_iter().chain(unless));
        let policies = || grants.policies().chain(unless.into_iter().flat_map(Access::policies));
        let (always, typed) = (keys::always(policies()), keys::typed(policies()));
        let ties = ties::ties(policies());
        let (actions, except) = (ActionScope::All, Vec::new());
        Self { grants, unless, actions, except, resources: None, within, by: None, always, typed, ties }
    }

    /// The same search among the requests of one partition.
    fn in_partition(&self, partition: Partition) -> Option<Self> {
        let mut within = partitions::within(partition)?;
        within.statements.extend(self.within.iter().flat_map(|given| given.statements.iter().cloned()));
        Some(Self { within: Some(within), ..self.clone() })
    }
}

/// The requests that count: those that the access definitions are asked about, if they say so; else all but those of
/// service-linked roles, where a stack has control policies.
fn within<'a>(accesses: impl Iterator<Item = &'a Access> + Clone) -> Option<Policy> {
    let mut only = accesses.clone().filter_map(Access::only);
    let Some(first) = only.next() else { return untrusted::not_service_linked(accesses) };
    let mut within = first.clone();
    within.statements.extend(only.flat_map(|other| other.statements.iter().cloned()));
    Some(within)
}

/// What a search found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// A request, replayed and tidied.
    pub witness: Option<Request>,
    /// The numbers of the Allow statements of `grants` that allow some such request, in order.
    pub statements: BTreeSet<usize>,
    /// For each of these a request that it allows.
    pub shown: BTreeMap<usize, Request>,
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
    /// The one of the notes that says that the witness is not a request of today.
    pub doubt: Option<String>,
}

impl Found {
    /// Nothing was found, and the search did not end.
    fn open(expired: &Expired) -> Self {
        Self { unknown: Some(expired.to_string()), ..Self::default() }
    }
}

/// Why something was left open where Z3 was not to be asked.
pub const NEEDS_Z3: &str = "Z3 was not to be asked";

/// Searches; an error is an internal one: a model that does not replay.
///
/// With [`Settings::catalog_actions`] only actions of the catalog count. Else, if [`Settings::realistic`] is set and the
/// witness is none that AWS could receive today, one that it could is looked for, and the lack of one is noted.
///
/// Where the policies have values that no documentation can read, the answer holds whatever they mean ([`super::unreadable`]).
pub fn ask(ask: &Ask<'_>, settings: &Settings) -> Result<Found, InternalError> {
    match unreadable::concerns(ask) {
        true => unreadable::ask(ask, settings, &readable),
        false => readable(ask, settings),
    }
}

/// The same of policies whose values can all be read.
fn readable(ask: &Ask<'_>, settings: &Settings) -> Result<Found, InternalError> {
    let mut found = Found::default();
    match deadline::question(&settings.budget, || answer(ask, settings, &mut found)) {
        Ok(Err(internal)) => return Err(internal),
        Ok(Ok(())) => {}
        // What was found so far stands.
        Err(expired) => _ = found.unknown.get_or_insert_with(|| expired.to_string()),
    }
    if let (Some(why), true) = (&found.unknown, found.witness.is_some()) {
        found.notes.push(format!("more statements may be to blame: {why}"));
    }
    Ok(found)
}

fn answer(ask: &Ask<'_>, settings: &Settings, found: &mut Found) -> Result<(), InternalError> {
    let closed = OnceCell::new();
    let closed = || closed.get_or_init(|| closed_world(ask).unwrap_or_else(|| ask.clone()));
    let started = Instant::now();
    let first = || if settings.catalog_actions { search(closed(), settings) } else { search(ask, settings) };
    *found = deadline::search(first).unwrap_or_else(|expired| Ok(Found::open(&expired)))?;
    let is_doubtful = |witness: &Request| realistic::doubts(witness, Fit::Usual).is_some();
    if let Some(witness) = found.witness.clone().filter(|witness| settings.realistic && is_doubtful(witness)) {
        // A nicer witness may take what is left of the time, or a little more; its search need not be proved.
        let timeout = settings.budget.timeout.saturating_sub(started.elapsed()).max(settings.budget.timeout / 4);
        let budget = Budget { timeout, ..settings.budget };
        let left = Settings { budget, engine: Engine::Auto, prove: false, ..*settings };
        let nicer = || {
            // The same search is not done again.
            let is_closed = settings.catalog_actions || matches!(ask.actions, ActionScope::Listed(_));
            let of_catalog = match is_closed && settings.engine == Engine::Auto {
                true => Found { witness: Some(witness.clone()), ..Found::default() },
                false => search(closed(), &left)?,
            };
            make_realistic(closed(), of_catalog, &witness, found, &left)
        };
        match deadline::finish(nicer) {
            Ok(made) => made?,
            Err(expired) => {
                found.notes.push(format!("a witness as AWS could receive it was not looked for to the end: {expired}"))
            }
        }
    }
    Ok(())
}

impl Found {
    fn doubted(&mut self, doubt: String) {
        self.notes.push(doubt.clone());
        self.doubt = Some(doubt);
    }
}

/// How long worlds may be searched for a nicer witness of a FAIL that is known.
const LONGEST: Duration = Duration::from_secs(1);

/// The most worlds that may be left open before Z3 is asked about no more.
const MOST_OPEN: usize = 8;

/// Another witness for a doubtful one, if AWS could receive any today that shows the same; else a note. `of_catalog` is
/// what was found among the actions that exist.
// Long: one search for a better witness, under one deadline, with a note for every way that it ends.
fn make_realistic(
    closed: &Ask<'_>,
    of_catalog: Found,
    doubtful: &Request,
    found: &mut Found,
    left: &Settings,
) -> Result<(), InternalError> {
    let started = Instant::now();
    found.queries += of_catalog.queries;
    found.decided += of_catalog.decided;
    let of_catalog = match (of_catalog.witness, of_catalog.unknown) {
        (Some(witness), _) => witness,
        (None, Some(_)) => doubtful.clone(),
        (None, None) => {
            found.doubted(format!("only actions that do not exist yet: {}", doubtful.action));
            return Ok(());
        }
    };
    let exists = Catalog::latest().canonical_action(&doubtful.action).is_some();
    let (mut complete, mut open) = (true, 0);
    for fit in [Fit::Usual, Fit::Possible] {
        if let Some(witness) = [&of_catalog, doubtful].into_iter().find(|one| realistic::doubts(one, fit).is_none()) {
            found.witness = Some(witness.clone());
            return Ok(());
        }
        let (worlds, all) = worlds(closed, &of_catalog.action, fit);
        complete &= all;
        // Each with whether it is of one partition only.
        let mut worlds: VecDeque<(Ask<'_>, bool)> = worlds.map(|world| (world, false)).collect();
        while let Some((world, is_of_one)) = worlds.pop_front() {
            let timeout = left.budget.timeout.min(LONGEST).saturating_sub(started.elapsed());
            if timeout.is_zero() {
                complete = false;
                break;
            }
            // What automata leave open is worth a few short looks.
            let budget = Budget { timeout, rlimit: left.budget.rlimit.min(1_000_000), ..left.budget };
            let of_world = search(&world, &Settings { z3: left.z3 && open < MOST_OPEN, budget, ..*left })?;
            open += usize::from(of_world.unknown.is_some());
            found.queries += of_world.queries;
            found.decided += of_world.decided;
            complete &= of_world.unknown.is_none();
            let Some(witness) = of_world.witness else { continue };
            if realistic::doubts(&witness, fit).is_none() {
                found.witness = Some(witness);
                return Ok(());
            }
            if partitions::doubt(&witness).is_some() && !is_of_one {
                let apart = partitions::told_apart(&world, left.matching);
                worlds.extend(apart.into_iter().filter_map(|partition| Some((world.in_partition(partition)?, true))));
            } else {
                complete = false;
            }
        }
    }
    let witness = if exists { doubtful.clone() } else { of_catalog };
    if let Some(doubt) = realistic::doubts(&witness, Fit::Possible) {
        found.doubted(match complete {
            true => format!("AWS could not receive such a request today, as far as the catalog tells: {doubt}"),
            false => format!("no request that AWS could receive today was found for this witness: {doubt}"),
        });
    }
    found.witness = Some(witness);
    Ok(())
}

fn search(ask: &Ask<'_>, settings: &Settings) -> Result<Found, InternalError> {
    let question = solve::Question {
        grants: ask.grants,
        unless: ask.unless,
        resources: ask.resources.as_deref(),
        within: ask.within.as_ref(),
        always: &ask.always,
        never: ask.ties.as_ref(),
    };
    let mut search = Search::new(ask, settings, &question);
    match deadline::at_most(settings.budget.timeout, || run(&mut search)) {
        Ok(ran) => ran?,
        Err(expired) => search.open(&expired.to_string()),
    }
    Ok(search.found)
}

fn run(search: &mut Search<'_, '_>) -> Result<(), InternalError> {
    let (ask, settings) = (search.ask, search.settings);
    match settings.engine {
        Engine::Strings => search.whole()?,
        Engine::Regexes => search.one_formula()?,
        Engine::Auto => match actions::groups(ask, settings.budget.states) {
            Some(groups) => {
                // First what automata decide, of all groups: with a witness at hand Z3 has less to say.
                let mut left = Vec::new();
                for group in &groups {
                    deadline::look();
                    left.extend(search.group(group)?.map(|suspects| (group, suspects)));
                }
                for (group, suspects) in left {
                    if !search.settled(&suspects) {
                        search.ask_z3(group, &suspects)?;
                    }
                }
                if settings.prove && search.found.witness.is_none() && search.found.unknown.is_none() {
                    search.confirm_classes(&groups);
                }
            }
            // Too many classes to split by action: ask it whole.
            None => search.whole()?,
        },
    }
    Ok(())
}

pub(super) struct Search<'a, 'p> {
    pub(super) ask: &'a Ask<'p>,
    pub(super) settings: &'a Settings,
    pub(super) deadline: Instant,
    pub(super) decider: Decider<'a>,
    /// Made when the first query needs it.
    solver: Option<Solver>,
    /// Why Z3's strings are not asked, if they are not; looked for when the first query would be.
    pub(super) too_wild: OnceCell<Option<String>>,
    /// The lemmas that Z3 has confirmed.
    pub(super) lemmas: std::collections::HashSet<Formula>,
    /// Groups about which Z3 may still be asked, once a witness is there.
    pub(super) more_blame: usize,
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
            too_wild: OnceCell::new(),
            lemmas: Default::default(),
            more_blame: 4,
            found: Found::default(),
        }
    }

    pub(super) fn solver(&mut self) -> &mut Solver {
        let (budget, deadline) = (&self.settings.budget, self.deadline);
        self.solver.get_or_insert_with(|| Solver::new(budget, deadline))
    }

    /// Whether every statement of these that could be to blame is known to be.
    pub(super) fn settled(&self, grants: &[usize]) -> bool {
        let counts = |number: &&usize| self.ask.grants.grants(**number) && self.ask.by.is_none_or(|by| by == **number);
        let unsaid = self.ask.grants.grants_without_statement() && self.ask.by.is_none() && self.found.witness.is_none();
        !unsaid && grants.iter().filter(counts).all(|number| self.found.statements.contains(number))
    }

    /// Asks the automata about the actions of one group; the statements that Z3 is to be asked about, if they leave some
    /// open.
    fn group(&mut self, group: &Group) -> Result<Option<Vec<usize>>, InternalError> {
        if self.settled(&group.grants) {
            return Ok(None);
        }
        let actions = solve::Actions { grants: &group.grants, unless: &group.unless, action: &group.action };
        self.found.decided += 1;
        let (ask, matching) = (self.ask, self.settings.matching);
        let replay = |request| replayed(ask, request, matching);
        match self.decider.decide(actions, self.ask.by, &replay) {
            Decided::Empty if self.confirmed() => return Ok(None),
            Decided::Empty => return Ok(Some(group.grants.clone())),
            Decided::Shown(request) => self.note(*request)?,
            Decided::Open => return Ok(Some(group.grants.clone())),
        }
        let mut suspects = Vec::new();
        for number in &group.grants {
            let counts = self.ask.grants.grants(*number) && self.ask.by.is_none_or(|by| by == *number);
            if !counts || self.found.statements.contains(number) {
                continue;
            }
            self.found.decided += 1;
            match self.decider.decide(actions, Some(*number), &replay) {
                Decided::Empty => {}
                Decided::Shown(request) => self.note(*request)?,
                Decided::Open => suspects.push(*number),
            }
        }
        Ok((!suspects.is_empty()).then_some(suspects))
    }

    /// Replays a request and remembers which statements are to blame.
    pub(super) fn note(&mut self, request: Request) -> Result<(), InternalError> {
        let request = self.ask.completed(request);
        let Some(statements) = self.violates(&request) else {
            let shown = crate::policy::request_json::to_json(&request);
            return Err(InternalError(format!("a request that was found does not replay: {shown}")));
        };
        for number in statements {
            self.found.statements.insert(number);
            self.found.shown.entry(number).or_insert_with(|| request.clone());
        }
        if self.found.witness.is_none() {
            self.found.witness = Some(request.clone());
            // What is left undone there is done again by nobody: the witness stays as it is.
            if let Ok(plain) = deadline::attempt(|| tidy::tidy(request, self.ask, &|request| self.violates(request).is_some())) {
                self.found.witness = Some(plain);
            }
        }
        Ok(())
    }

    /// The Allow statements that grant the request, if it is one that is searched for.
    fn violates(&self, request: &Request) -> Option<Vec<usize>> {
        violates(self.ask, request, self.settings.matching)
    }
}
