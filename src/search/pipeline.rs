//! The main flow, from top to bottom: partition by action, automata, Z3 for what is left, replay, certify.
//!
//! The actions are cut into groups to which the same statements apply ([`partition`]). The automata decide each group
//! ([`automata`]); what they leave open, mostly policy variables, goes to Z3 ([`left_open`]). Whatever is found is replayed
//! by the evaluator before it is noted ([`Search::note`]); where nothing is, and a proof is wanted, Z3 confirms what the
//! automata refuted ([`certify`]). The other engines ask the whole query at once ([`whole`], [`baseline`]).
//!
//! Invariants: a witness is a request that was replayed. Nothing found and nothing left open means that there is none.

use super::partition::{self, Group};
use super::replay::replayed;
use super::state::Search;
use super::{baseline, certify, left_open, whole};
use crate::diag::deadline;
use crate::query::{Engine, InternalError, Query, SearchResult, Settings};
use crate::solve::{self, Decided};

/// Searches; an error is an internal one: a request that was found and does not replay.
pub(crate) fn search(query: &Query<'_>, settings: &Settings) -> Result<SearchResult, InternalError> {
    let question = automata_question(query);
    let mut search = Search::new(query, settings, &question);
    match deadline::at_most(settings.budget.timeout, || run(&mut search)) {
        Ok(ran) => ran?,
        // What was found so far stands.
        Err(expired) => search.found.open(expired),
    }
    search.found.work = search.decider.work(settings.budget.work);
    Ok(search.found)
}

fn run(search: &mut Search<'_, '_>) -> Result<(), InternalError> {
    let groups = match search.settings.engine {
        Engine::Strings => None,
        Engine::Regexes => return baseline::ask(search),
        Engine::Auto => partition::groups(search.query, search.settings.budget.states),
    };
    // Too many classes to split by action: ask it whole.
    let Some(groups) = groups else { return whole::ask(search) };
    // First what automata decide, of all groups: with a witness at hand Z3 has less to say.
    let mut left = Vec::new();
    for group in &groups {
        deadline::look();
        left.extend(automata(search, group)?);
    }
    for LeftOpen { group, suspects } in left {
        if !search.is_settled(&suspects) {
            left_open::ask(search, group, &suspects)?;
        }
    }
    if search.settings.prove && search.found.is_empty() {
        certify::confirm_groups(search, &groups);
    }
    Ok(())
}

/// A group that the automata left open, and its statements that Z3 is to be asked about.
struct LeftOpen<'g> {
    group: &'g Group,
    suspects: Vec<usize>,
}

/// Asks the automata about the actions of one group, first as a whole, then for each statement that may be to blame.
fn automata<'g>(search: &mut Search<'_, '_>, group: &'g Group) -> Result<Option<LeftOpen<'g>>, InternalError> {
    if search.is_settled(&group.grants) {
        return Ok(None);
    }
    match decide(search, group, search.query.by)? {
        Told::Empty if certify::confirm_refutation(search) => return Ok(None),
        Told::Empty | Told::Open => return Ok(Some(LeftOpen { group, suspects: group.grants.clone() })),
        Told::Shown => {}
    }
    let mut suspects = Vec::new();
    for number in group.grants.iter().copied() {
        if search.is_suspect(number) && decide(search, group, Some(number))? == Told::Open {
            suspects.push(number);
        }
    }
    Ok((!suspects.is_empty()).then_some(LeftOpen { group, suspects }))
}

/// What the automata say of a group.
#[derive(PartialEq, Eq)]
enum Told {
    /// There is no such request.
    Empty,
    /// There is one; it was replayed and noted.
    Shown,
    /// They cannot tell.
    Open,
}

/// Asks the automata about one group, through one statement if it is said which.
fn decide(search: &mut Search<'_, '_>, group: &Group, by: Option<usize>) -> Result<Told, InternalError> {
    let query = search.query;
    let replay = |request| replayed(query, request);
    search.found.decided += 1;
    Ok(match search.decider.decide(group.actions(), by, &replay) {
        Decided::Empty => Told::Empty,
        Decided::Open => Told::Open,
        Decided::Shown(request) => {
            search.note(*request)?;
            Told::Shown
        }
    })
}

/// A query as the automata take it.
pub(crate) fn automata_question<'q>(query: &'q Query<'_>) -> solve::Question<'q> {
    solve::Question {
        grants: query.grants,
        unless: query.unless,
        resources: query.resources.as_deref(),
        within: query.within.as_ref(),
        always: &query.always,
        several: &query.several,
        never: query.ties.as_ref(),
    }
}
