//! What the automata leave open, asked of Z3: the propositional skeleton first, then a guess, then its string theory.

use super::beyond::too_wild;
use super::formula::{self, Violation, encoder, shapes, violation};
use super::guess;
use super::partition::Group;
use super::replay::replayed;
use super::state::Search;
use crate::encode::Encoder;
use crate::policy::{Access, Statement, Template, Test};
use crate::query::{Engine, InternalError, Unknown};
use crate::smt::{self, Formula};
use std::collections::HashMap;

/// Z3's resource limit for a query about one more statement to blame, once a witness is there.
const MORE_BLAME: u32 = 60_000;

/// Asks Z3 about the actions of one group: the propositional skeleton, then a guess, then its string theory.
/// `suspects` are the statements of it that may be to blame, as far as the automata can tell.
// Long: three roads, tried in order, that share what they leave open.
pub(super) fn ask(search: &mut Search<'_, '_>, group: &Group, suspects: &[usize]) -> Result<(), InternalError> {
    if !search.settings.z3 {
        open_about(search, Unknown::NotAsked { at: None }, group, suspects);
        return Ok(());
    }
    let (mut open, mut unencoded) = (Vec::new(), None);
    for shape in shapes(search.query, group) {
        let mut encoder = encoder(search.query, group, shape).for_action(&group.action);
        match violation(search.query, &mut encoder, group, false) {
            Ok(parts) if impossible(search, &[&parts.formula]) => {}
            Ok(parts) => open.push((encoder, parts)),
            // The proof may not depend on what has no encoding.
            Err(unsupported) => {
                let encoder = formula::encoder(search.query, group, shape).for_action(&group.action);
                let opaque = violation(search.query, &mut encoder.with_opaque_constructs(), group, false);
                let proved = opaque.is_ok_and(|parts| impossible(search, &[&parts.formula]));
                if !proved {
                    unencoded.get_or_insert(unsupported);
                }
            }
        }
    }
    if open.is_empty() && unencoded.is_none() {
        return Ok(());
    }
    for number in suspects {
        if search.is_suspect(*number)
            && let Some(request) = guess::guess(search.query, *number, group)
        {
            search.note(request)?;
        }
    }
    if search.is_settled(suspects) {
        return Ok(());
    }
    if let Some(why) = search.too_wild.get_or_init(|| too_wild(search.query)).clone() {
        open_about(search, why, group, suspects);
        return Ok(());
    }
    if search.found.witness.is_some() {
        // The verdict stands; what is left is whether more statements are to blame.
        if search.more_blame == 0 {
            open_about(search, Unknown::limit("not all of them were asked about"), group, suspects);
            return Ok(());
        }
        search.more_blame -= 1;
        search.solver().limit(MORE_BLAME);
    }
    if let Some(unsupported) = unencoded {
        search.found.open(Unknown::Construct(unsupported.to_string()));
    }
    for (encoder, mut parts) in open {
        parts.grants.retain(|(number, _)| suspects.contains(number));
        let before = search.found.unknown.take();
        query(search, &encoder, parts, Some(&group.action))?;
        if let Some(why) = std::mem::replace(&mut search.found.unknown, before) {
            open_about(search, why, group, suspects);
        }
    }
    Ok(())
}

/// Remembers why something was left open about a group, and what it is; the first reason stays.
fn open_about(search: &mut Search<'_, '_>, why: Unknown, group: &Group, suspects: &[usize]) {
    if search.found.unknown.is_none() {
        let why = why.about(|| construct(search, group, suspects));
        search.found.open(why);
    }
}

/// What the automata left open about a group, in words: the first policy variable of its statements and its line, else
/// the first statement that may be to blame.
fn construct(search: &Search<'_, '_>, group: &Group, suspects: &[usize]) -> String {
    let of = |access: &'_ Access, numbers: &[usize]| -> Vec<(String, Option<String>)> {
        let found = numbers.iter().filter_map(|number| access.statement(*number)).map(|(member, statement)| {
            let source = &member.policy.source;
            let place = |at: usize| {
                let at = source.line_column(at);
                format!("{}:{}:{}", source.name, at.line, at.column)
            };
            let named = variable(statement).map(|(what, at)| format!("{what} ({})", place(at)));
            (place(statement.span.start), named)
        });
        found.collect()
    };
    let mut found = of(search.query.grants, suspects);
    if let Some(access) = search.query.unless {
        found.extend(of(access, &group.unless));
    }
    match found.iter().find_map(|(_, named)| named.clone()) {
        Some(named) => named,
        None => found.first().map_or_else(|| "the question".to_owned(), |(place, _)| format!("the statement at {place}")),
    }
}

/// Asks one query, and once more for each Allow statement that is not yet to blame.
pub(super) fn query(
    search: &mut Search<'_, '_>,
    encoder: &Encoder,
    parts: Violation,
    action: Option<&str>,
) -> Result<(), InternalError> {
    let whole = Formula::and([encoder.constraints(), parts.formula.clone()]);
    if parts.formula == Formula::False {
        return Ok(());
    }
    // With a witness at hand only the statements to blame are left to ask about.
    if search.found.witness.is_none() && !check_all(search, &[&whole], encoder, action)? {
        return Ok(());
    }
    for (index, formula) in &parts.grants {
        if !search.found.statements.contains(index) {
            check_all(search, &[&whole, formula], encoder, action)?;
        }
    }
    Ok(())
}

/// Checks these formulas together. Always pushed from an empty solver: Z3 propagates without any limit when a level
/// is opened over assertions that it has searched already (measured: it can hang there).
fn check_all(
    search: &mut Search<'_, '_>,
    formulas: &[&Formula],
    encoder: &Encoder,
    action: Option<&str>,
) -> Result<bool, InternalError> {
    if impossible(search, formulas) {
        return Ok(false);
    }
    search.solver().push();
    formulas.iter().for_each(|formula| search.solver().assert(formula));
    let checked = check(search, encoder, action);
    search.solver().pop();
    checked
}

/// Whether the formulas cannot be true together whatever their atoms mean: the cheap proof, tried first. It is
/// Z3's `unsat` on the propositional skeleton, which the formulas imply.
fn impossible(search: &mut Search<'_, '_>, formulas: &[&Formula]) -> bool {
    if search.settings.engine != Engine::Auto {
        return false;
    }
    let mut names = HashMap::new();
    search.found.queries += 1;
    search.solver().push();
    formulas.iter().for_each(|formula| search.solver().assert(&formula.skeleton(&mut names)));
    let answer = search.solver().check();
    search.solver().pop();
    matches!(answer, smt::Answer::Unsat)
}

/// Checks what is asserted; a model is replayed and its statements are noted. Returns whether there was one.
fn check(search: &mut Search<'_, '_>, encoder: &Encoder, action: Option<&str>) -> Result<bool, InternalError> {
    search.found.queries += 1;
    match search.solver().check() {
        smt::Answer::Unsat => Ok(false),
        smt::Answer::Unknown(why) => {
            search.found.open(Unknown::limit(why));
            Ok(false)
        }
        smt::Answer::Sat(model) => {
            let action = action.map_or_else(|| encoder.decode_action(&model), str::to_owned);
            let request = search.query.completed(encoder.decode(&model, &action));
            if !search.query.is_impossible(&request) {
                search.note(request)?;
                return Ok(true);
            }
            // It breaks a tie that has no encoding: perhaps another request does not.
            let mended = replayed(search.query, request);
            if mended.is_none() {
                search.found.open(Unknown::Contradictory { at: None });
            }
            Ok(mended.map(|request| search.note(request)).transpose()?.is_some())
        }
    }
}

/// A policy variable of a statement, and where it stands.
fn variable(statement: &Statement) -> Option<(String, usize)> {
    let said =
        |template: &Template| template.variables().next().map(|variable| format!("the policy variable `{}`", variable.key));
    let resources = statement.resource.iter().flat_map(|resource| &resource.patterns);
    let of_resource = resources.filter_map(|pattern| Some((said(&pattern.whole)?, pattern.span.start))).next();
    let of_condition = || {
        let named = statement.conditions.iter().filter_map(|condition| match &condition.test {
            Test::Text(_, templates) => Some((templates.iter().find_map(said)?, condition.span.start)),
            Test::Present | Test::Absent | Test::Number(..) | Test::Date(..) | Test::Ip(_) => None,
        });
        let mut named = named;
        named.next()
    };
    of_resource.or_else(of_condition)
}
