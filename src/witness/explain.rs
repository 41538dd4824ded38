//! What of a statement is to blame?
//!
//! A search names the statements that allow what it is after. Of each, this tells every action pattern and every principal
//! through which some such request is allowed (and what was lifted: see `lifted`). Mostly a request that was found already
//! tells, with another action or principal put into it and replayed, once for every group of actions; what none tells is
//! searched for like a violation, so what is not named is proved not to be to blame. Where that stays open or the time is up,
//! a note says so.

use super::find;
use super::unchanged::unchanged;
use crate::catalog::Catalog;
use crate::diag::{Budget, Span, deadline};
use crate::eval;
use crate::glob::Glob;
use crate::policy::access::Member;
use crate::policy::predicate::none_of;
use crate::policy::{Access, PrincipalMatch, Statement};
use crate::query::{ActionScope, InternalError, Query, Reason, SearchResult, Settings};
use crate::request::{DERIVED, Principal, Request};
use crate::search::partition::{self, Group};
use crate::search::{automata_question, guess, replay};
use crate::solve::{Decided, Decider};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Steps that the reasons of one answer may take: the same request has the same reasons on every machine, however busy.
const MOST_STEPS: u64 = 4_000_000;

/// What a search of its own counts for beside the steps that are counted in it: Z3 may be asked.
const A_SEARCH: usize = 100_000;

/// How a question words what is to blame.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words {
    /// What a statement does, up to "statement".
    pub(crate) what: &'static str,
    /// What the other side did, up to "by": "was denied".
    pub(crate) denied: &'static str,
    /// The same of what must allow.
    pub(crate) closed: &'static str,
    /// What the other side is called.
    pub(crate) other: &'static str,
}

/// The words for one policy, which is compared with none.
pub(crate) const fn alone(what: &'static str) -> Words {
    Words { what, denied: "", closed: "", other: "" }
}

/// The reasons for what a search found, and what stayed open about them.
pub(crate) fn reasons(
    search: &Query<'_>,
    found: &SearchResult,
    words: Words,
    settings: &Settings,
) -> Result<(Vec<Reason>, Option<String>), InternalError> {
    if found.witness.is_none() {
        return Ok((Vec::new(), None));
    }
    let question = automata_question(search);
    let decider = Decider::new(&question, settings.budget.states, false);
    let mut telling = Telling {
        search,
        settings,
        decider,
        last_step: deadline::steps() + MOST_STEPS,
        known: HashMap::new(),
        tried: HashSet::new(),
        groups: None,
        open: false,
    };
    let mut out = Vec::new();
    for number in found.statements.iter().copied() {
        let Some((member, statement)) = search.grants.statement(number) else { continue };
        let by = |request: &&Request| telling.violates(request, number);
        let shown: Vec<Request> = found.witness.iter().chain(found.shown.get(&number)).filter(by).cloned().collect();
        let mut reason = plain(search.grants, member, statement, words.what);
        // Nobody looks at the reasons of a question that is only asked to compare.
        if settings.realistic {
            let actions = telling.actions(number, statement, &shown)?;
            reason.not_action = statement.action.negated;
            reason.span = span(member, statement, &actions, shown.first());
            reason.actions = actions.iter().map(|at| written(member, statement, *at)).collect();
            reason.principals = telling.principals(number, statement, &shown)?;
            reason.lifted = telling.lifted(number, &shown, words);
        }
        out.push(reason);
    }
    let note = "more actions and principals of these statements may be to blame".to_owned();
    Ok((out, telling.open.then_some(note)))
}

/// A reason that says which statement it is.
fn plain(access: &Access, member: &Member, statement: &Statement, what: &str) -> Reason {
    let of = if access.is_alone() { String::new() } else { format!(" of {}", member.name) };
    let description = match &statement.sid {
        Some(sid) => format!("{what} with sid: {sid}{of}."),
        None => format!("{what} with index: {}{of}.", statement.index),
    };
    Reason {
        description,
        policy: (!access.is_alone()).then(|| member.name.clone()),
        source: member.policy.source.clone(),
        span: statement.action.spans().first().copied().unwrap_or(statement.span),
        statement_index: statement.index,
        statement_id: statement.sid.clone(),
        actions: Vec::new(),
        not_action: false,
        principals: Vec::new(),
        lifted: Vec::new(),
    }
}

/// An action pattern as it is written.
fn written(member: &Member, statement: &Statement, at: usize) -> String {
    let span = statement.action.spans().get(at).copied().unwrap_or_default();
    let text = member.policy.source.text.get(span.start..span.end).unwrap_or_default();
    let pattern = || statement.action.patterns().get(at).map(Glob::to_string).unwrap_or_default();
    serde_json::from_str(text).unwrap_or_else(|_| pattern())
}

/// The place in a statement to look at for a request that it allows: the pattern that matches its action.
pub(crate) fn place(member: &Member, statement: &Statement, request: &Request) -> Span {
    span(member, statement, &[], Some(request))
}

/// The place to look at: the pattern that matches the action of the request that is shown, else the first that is to
/// blame; of a `NotAction` the element.
fn span(member: &Member, statement: &Statement, actions: &[usize], shown: Option<&Request>) -> Span {
    let spans = statement.action.spans();
    let (Some(first), Some(last)) = (spans.first(), spans.last()) else { return statement.span };
    if statement.action.negated {
        let before = member.policy.source.text.get(statement.span.start..first.start).unwrap_or_default();
        let start = before.rfind("\"NotAction\"").map_or(first.start, |at| statement.span.start + at);
        return Span { start, end: last.end };
    }
    let matching = shown.and_then(|request| {
        let action = request.action.to_ascii_lowercase();
        let exact = |pattern: &Glob| !pattern.has_wildcard() && pattern.matches(&action);
        let patterns = statement.action.patterns();
        patterns.iter().position(exact).or_else(|| patterns.iter().position(|pattern| pattern.matches(&action)))
    });
    let at = matching.or_else(|| actions.first().copied()).unwrap_or(0);
    spans.get(at).copied().unwrap_or(*first)
}

/// A group's statements, and the statement that must allow.
type Asked = (Vec<usize>, Vec<usize>, Vec<usize>, usize);

pub(crate) struct Telling<'a, 'p> {
    pub(crate) search: &'a Query<'p>,
    pub(crate) settings: &'a Settings,
    pub(crate) decider: Decider<'a>,
    /// What [`deadline::steps`] says where no more is asked.
    last_step: u64,
    /// What was asked about groups of actions, and answered.
    known: HashMap<Asked, bool>,
    /// Groups for whose actions the requests at hand do not show it: that says nothing of others.
    tried: HashSet<Asked>,
    /// The groups of the search, if they were looked for.
    pub(crate) groups: Option<Vec<Group>>,
    /// Whether something was left open.
    open: bool,
}

impl Telling<'_, '_> {
    /// Whether a request shows what the search is after, allowed through this statement.
    fn violates(&self, request: &Request, number: usize) -> bool {
        replay::violates(self.search, request).is_some_and(|by| by.contains(&number))
    }

    /// Whether one of these requests still shows it when it is changed so.
    fn shows(&self, shown: &[Request], number: usize, change: impl Fn(&Request) -> Request) -> Option<Request> {
        let replayed = |request| replay::replayed(self.search, request);
        shown.iter().filter_map(|base| replayed(change(base))).find(|request| self.violates(request, number))
    }

    pub(crate) fn is_late(&mut self) -> bool {
        let late = deadline::steps() >= self.last_step;
        self.open |= late;
        late
    }

    /// The places of the action patterns that are to blame; of a `NotAction` all.
    fn actions(&mut self, number: usize, statement: &Statement, shown: &[Request]) -> Result<Vec<usize>, InternalError> {
        let patterns = statement.action.patterns();
        if statement.action.negated {
            return Ok((0..patterns.len()).collect());
        }
        let unchanged = unchanged(self.search.grants, self.search.unless, statement);
        let lower: Vec<String> = shown.iter().map(|request| request.action.to_ascii_lowercase()).collect();
        let mut to_blame: Vec<bool> = Vec::new();
        for pattern in patterns {
            to_blame.push(
                !unchanged.contains(pattern)
                    && (lower.iter().any(|action| pattern.matches(action))
                        || some_actions(pattern).iter().any(|action| self.shows_with(shown, number, action))),
            );
        }
        for (at, pattern) in patterns.iter().enumerate() {
            let is_told = to_blame.get(at).is_some_and(|known| *known);
            if is_told || unchanged.contains(pattern) || self.is_late() {
                continue;
            }
            let action = if pattern.has_wildcard() {
                self.new_action_of(pattern, number)?
            } else {
                let action = pattern.literal_prefix();
                let asked = replay::in_scope(self.search, &action);
                (asked && self.decides(&partition::group_of(self.search, &action), number)?).then_some(action)
            };
            let Some(action) = action.map(|action| action.to_ascii_lowercase()) else { continue };
            // What tells of one pattern tells of all that match the same action.
            for (other, known) in patterns.iter().zip(&mut to_blame) {
                *known |= other.matches(&action);
            }
        }
        Ok(to_blame.iter().enumerate().filter(|(_, known)| **known).map(|(at, _)| at).collect())
    }

    /// An action that a pattern with wildcards matches and that is to blame. Each pattern is asked about alone: telling many
    /// of them apart at once takes more classes than all of them one after the other.
    fn new_action_of(&mut self, pattern: &Glob, number: usize) -> Result<Option<String>, InternalError> {
        let pattern = std::slice::from_ref(pattern);
        let Some(groups) = partition::told_apart_by(self.search, pattern, self.settings.budget.states) else {
            self.open = true;
            return Ok(None);
        };
        let mine = |group: &Group| {
            let action = group.action.to_ascii_lowercase();
            pattern.iter().all(|one| one.matches(&action)) && group.grants.binary_search(&number).is_ok()
        };
        for group in groups.into_iter().filter(mine) {
            if !self.is_late() && self.decides(&group, number)? {
                return Ok(Some(group.action));
            }
        }
        Ok(None)
    }

    /// Whether one of these requests still shows it with another action. What is known of an action holds for all of its
    /// group.
    fn shows_with(&mut self, shown: &[Request], number: usize, action: &str) -> bool {
        if !replay::in_scope(self.search, action) {
            return false;
        }
        let asked = self.asked(&partition::group_of(self.search, action), number);
        if let Some(known) = self.known.get(&asked) {
            return *known;
        }
        if self.tried.contains(&asked) {
            return false;
        }
        let with = |base: &Request| Request::new(base.principal.clone(), action, &base.resource, base.context.clone());
        let shows = self.shows(shown, number, with).is_some();
        if shows {
            self.known.insert(asked, true);
        } else {
            self.tried.insert(asked);
        }
        shows
    }

    fn asked(&self, group: &Group, number: usize) -> Asked {
        (group.grants.clone(), group.unless.clone(), partition::facts(self.search, &group.action), number)
    }

    /// Whether some request for the actions of a group is what the search is after, allowed through this statement.
    fn decides(&mut self, group: &Group, number: usize) -> Result<bool, InternalError> {
        if group.grants.binary_search(&number).is_err() {
            return Ok(false);
        }
        let asked = self.asked(group, number);
        if let Some(known) = self.known.get(&asked) {
            return Ok(*known);
        }
        let search = self.search;
        let replay = |request: Request| {
            let request = replay::replayed(search, request)?;
            replay::violates(search, &request)?.contains(&number).then_some(request)
        };
        let shown = match self.decider.decide(group.actions(), Some(number), &replay) {
            Decided::Empty => false,
            Decided::Shown(_) => true,
            Decided::Open => {
                let scope = ActionScope::Listed(vec![group.action.clone()]);
                self.finds(&Query { actions: scope, by: Some(number), ..search.clone() })?.is_some()
            }
        };
        self.known.insert(asked, shown);
        Ok(shown)
    }

    /// A request of another search, with little effort.
    fn finds(&mut self, search: &Query<'_>) -> Result<Option<Request>, InternalError> {
        deadline::spend(A_SEARCH);
        let timeout = self.settings.budget.timeout / 4;
        let budget = Budget { timeout, rlimit: self.settings.budget.rlimit.min(1_000_000), ..self.settings.budget };
        let found = find(search, &Settings { realistic: false, prove: false, budget, ..*self.settings })?;
        self.open |= found.witness.is_none() && found.unknown.is_some();
        Ok(found.witness)
    }

    /// The principals that are to blame, of a statement that lists some.
    fn principals(
        &mut self,
        number: usize,
        statement: &Statement,
        shown: &[Request],
    ) -> Result<Vec<(&'static str, String)>, InternalError> {
        let Some(principal) = statement.principal.as_ref().filter(|principal| !principal.negated) else { return Ok(Vec::new()) };
        let mut entries = principal.entries();
        if let [(only, _)] = entries.as_slice() {
            return Ok(vec![only.clone()]);
        }
        let mut to_blame: BTreeMap<usize, (&'static str, String)> = BTreeMap::new();
        let mut left: Vec<(usize, PrincipalMatch)> = Vec::new();
        for (at, (name, list)) in entries.drain(..).enumerate() {
            let mut plain = guess::named(&list);
            if plain.is_empty() {
                plain = vec![Principal::Anonymous, Principal::Aws("arn:aws:iam::999999999999:role/example".to_owned())];
            }
            let is = plain.into_iter().any(|principal| {
                let changed = self.shows(shown, number, |base| {
                    let mut context = base.context.clone();
                    context.retain(|key, _| !DERIVED.contains(&key.as_str()));
                    Request::new(principal.clone(), &base.action, &base.resource, context)
                });
                changed.is_some_and(|request| eval::names(&list, &request))
            });
            if !is {
                left.push((at, list));
            }
            to_blame.insert(at, name);
        }
        // Of those that are left one by one, until no request comes through any.
        while !left.is_empty() && !self.is_late() {
            let patterns = left.iter().flat_map(|(_, list)| list.patterns.clone()).collect();
            let Some(witness) = self.finds(&through(self.search, number, PrincipalMatch::of(false, patterns)))? else { break };
            let names = |list: &PrincipalMatch| eval::names(list, &witness);
            let before = left.len();
            left.retain(|(_, list)| !names(list));
            if left.len() == before {
                break;
            }
        }
        left.iter().for_each(|(at, _)| _ = to_blame.remove(at));
        Ok(to_blame.into_values().collect())
    }
}

/// The same search for requests of these principals through this statement.
fn through<'p>(search: &Query<'p>, number: usize, principals: PrincipalMatch) -> Query<'p> {
    let mut within = none_of(Vec::new(), Vec::new());
    within.statements.iter_mut().for_each(|statement| statement.principal = Some(principals.clone()));
    within.statements.extend(search.within.iter().flat_map(|policy| policy.statements.iter().cloned()));
    Query { within: Some(within), by: Some(number), ..search.clone() }
}

/// Some actions of the catalog that a pattern matches; a pattern without wildcards is the action.
fn some_actions(pattern: &Glob) -> Vec<String> {
    let catalog = Catalog::latest();
    if pattern.has_wildcard() {
        return catalog.matching(pattern).take(3).map(|name| name.spelled.to_string()).collect();
    }
    let action = pattern.literal_prefix();
    vec![catalog.canonical_action(&action).map_or_else(|| action.clone(), str::to_owned)]
}
