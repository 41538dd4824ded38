//! Are the groups of actions all that there are? As formulas, for Z3 to refute.
//!
//! That every action is of one of the groups is an automaton's word ([`super::partition`]). Written down, its opposite is one
//! small formula a service and pattern: an action of that service that the pattern grants, in scope, and of no group. A
//! service is asked about its own patterns only; all services that no pattern names are one more case. Patterns that begin
//! otherwise than the granting one (`Get*` beside `List*`) match nothing that it does, and are left out beside it.

use super::partition::{Group, matching, told_apart};
use crate::encode;
use crate::glob::{Glob, Token};
use crate::policy::Access;
use crate::query::{ActionScope, Query};
use crate::smt::{Atom, Formula, Regex, Text};
use std::collections::{BTreeMap, BTreeSet};

/// Formulas that are true of actions in scope that are granted something and are of no group: one for each service and
/// pattern that grants, and one for all other services. `unsat` of all says that the groups are all. Without `shaped` more
/// than actions count, which is the easier question. `None` if they cannot be written so.
// Long: one formula, written down in the order in which its proof goes.
pub(super) fn completeness(query: &Query<'_>, groups: &[Group], shaped: bool) -> Option<Vec<(String, Formula)>> {
    if matches!(query.actions, ActionScope::Listed(_)) {
        // Listed actions are looked at one by one.
        return Some(Vec::new());
    }
    let sides = || [Some(query.grants), query.unless].into_iter().flatten();
    let patterns: usize = sides().flat_map(Access::statements).map(|(_, _, one)| one.action.patterns().len()).sum();
    if patterns > MOST_PATTERNS {
        return None;
    }
    let scope: &[Glob] = if let ActionScope::Matching(globs) = &query.actions { globs } else { &[] };
    let told_apart = told_apart(query);
    let halved = |access: &Access| -> Option<Vec<(bool, Halves)>> {
        let each = access.statements().map(|(_, _, one)| Some((one.action.negated, Halves::of(one.action.patterns())?)));
        each.collect()
    };
    let (of_grants, of_unless) = (halved(query.grants)?, query.unless.map(halved).unwrap_or(Some(Vec::new()))?);
    let (of_scope, of_facts) = (Halves::of(scope)?, Halves::of(&told_apart)?);
    let excepted = Halves::of(&query.except)?;
    let of_statements = of_grants.iter().chain(&of_unless).map(|(_, halves)| halves);
    let services: BTreeSet<&str> = of_statements.chain([&of_scope, &of_facts]).flat_map(Halves::services).collect();
    // Lower case, as everywhere; no wildcards, no second colon.
    let letter = || Regex::OneOf([('!', ')'), ('+', '9'), (';', '>'), ('@', '@'), ('[', '~')].into()).plus();
    let is_name = |text: &Text| Formula::atom(Atom::Matches(text.clone(), letter().into()));
    let mut out = Vec::new();
    for service in services.iter().copied().map(Some).chain([None]) {
        let of = service.map_or_else(|| Text::var("service"), Text::constant);
        for case in cases(query, service) {
            // An action that is written out is that action; else any name.
            let literal = case.map(halves).filter(|(own, _)| own.is_some()).and_then(|(_, name)| name.as_literal());
            let name = literal.as_deref().map_or_else(|| Text::var("name"), Text::constant);
            let one = |text: &Text, glob: &Glob| match text {
                Text::Const(text) => Formula::from(glob.matches(text)),
                Text::Var(_) | Text::Concat(_) | Text::Part(..) if glob.is_everything() => Formula::True,
                Text::Var(_) | Text::Concat(_) | Text::Part(..) => encode::in_language(text, glob),
            };
            let half = |(own, rest): &(Option<Glob>, Glob)| match own.as_ref().map(|own| one(&of, own)) {
                None => Formula::True,
                Some(Formula::False) => Formula::False,
                Some(is_service) => Formula::and([is_service, one(&name, rest)]),
            };
            let meets = |glob: &(Option<Glob>, Glob)| case.is_none_or(|case| halves(case).1.may_meet(&glob.1));
            let listed = |halves: &Halves| {
                let about = halves.about(service).filter(|glob| glob.0.is_none() || service.is_none() || meets(glob));
                Formula::or(about.map(half).collect::<Vec<_>>())
            };
            let applies = |(negated, halves): &(bool, Halves)| {
                let any = listed(halves);
                if *negated { any.not() } else { any }
            };
            let grants: Vec<Formula> = of_grants.iter().map(applies).collect();
            let unless: Vec<Formula> = of_unless.iter().map(applies).collect();
            let signed = |formulas: &[Formula], applying: &[usize]| -> Vec<Formula> {
                let sign = |(number, formula): (usize, &Formula)| {
                    if applying.binary_search(&number).is_ok() { formula.clone() } else { formula.clone().not() }
                };
                formulas.iter().enumerate().map(sign).collect()
            };
            let facts: Vec<Formula> = of_facts.all.iter().map(half).collect();
            let in_none = groups.iter().map(|group| {
                let facts = signed(&facts, &matching(&told_apart, &group.action));
                let statements = signed(&grants, &group.grants).into_iter().chain(signed(&unless, &group.unless));
                Formula::and(statements.chain(facts)).not()
            });
            let granted = grants.iter().enumerate().filter(|(number, _)| query.grants.grants(*number));
            let granted = match case {
                Some(glob) => half(&halves(glob)),
                None if query.grants.grants_without_statement() => Formula::True,
                None => Formula::or(granted.map(|(_, formula)| formula.clone()).collect::<Vec<_>>()),
            };
            let in_scope = if scope.is_empty() { Formula::True } else { listed(&of_scope) };
            // Of all patterns: those that begin otherwise than the granting one match none of its actions.
            let in_scope = Formula::and([in_scope, listed(&excepted).not()]);
            let mut shape = if shaped && literal.is_none() { vec![is_name(&name)] } else { Vec::new() };
            if service.is_none() {
                shape.extend(shaped.then(|| is_name(&of)));
                shape.extend(services.iter().map(|known| Formula::equal(&of, &Text::constant(known)).not()));
            }
            let formula = Formula::and(shape.into_iter().chain([granted, in_scope]).chain(in_none));
            let about = case.map_or_else(|| service.unwrap_or("any other service").to_owned(), Glob::to_string);
            out.push((about, formula));
        }
    }
    Some(out)
}

/// The granting patterns that name actions of a service, one by one; `None` stands for all together, where a statement
/// grants what it does not name.
fn cases<'a>(query: &'a Query<'_>, service: Option<&str>) -> Vec<Option<&'a Glob>> {
    let granting = || query.grants.statements().filter(|(number, ..)| query.grants.grants(*number)).map(|(_, _, one)| one);
    if query.grants.grants_without_statement() || granting().any(|statement| statement.action.negated) {
        return vec![None];
    }
    let names = |glob: &Glob| match (halves(glob).0, service) {
        (None, _) => true,
        (Some(own), Some(service)) => own.matches(service),
        (Some(own), None) => own.has_wildcard(),
    };
    let named: BTreeSet<&Glob> =
        granting().flat_map(|statement| statement.action.patterns()).filter(|glob| names(glob)).collect();
    named.into_iter().map(Some).collect()
}

/// Patterns beyond which the groups of actions are an automaton's word: every pattern needs a query over all others.
const MOST_PATTERNS: usize = 600;

/// The service's glob, if a colon ends it, and the name's.
fn halves(glob: &Glob) -> (Option<Glob>, Glob) {
    let Some(at) = glob.tokens().iter().position(|token| *token == Token::Char(':')) else { return (None, glob.clone()) };
    let (service, rest) = glob.tokens().split_at(at);
    (Some(Glob::from_tokens(service.iter().copied())), Glob::from_tokens(rest.iter().skip(1).copied()))
}

/// A list of patterns in halves, filed by the service they name: each service is asked about its own only.
#[derive(Debug, Default)]
struct Halves {
    all: Vec<(Option<Glob>, Glob)>,
    of_service: BTreeMap<String, Vec<usize>>,
    of_several: Vec<usize>,
}

impl Halves {
    /// `None` if a pattern other than `*` has no colon.
    fn of(globs: &[Glob]) -> Option<Self> {
        let mut out = Self::default();
        for (at, glob) in globs.iter().enumerate() {
            let (own, rest) = halves(glob);
            if own.is_none() && !glob.is_everything() {
                return None;
            }
            match own.as_ref().and_then(Glob::as_literal) {
                Some(service) => out.of_service.entry(service).or_default().push(at),
                None => out.of_several.push(at),
            }
            out.all.push((own, rest));
        }
        Some(out)
    }

    fn services(&self) -> impl Iterator<Item = &str> {
        self.of_service.keys().map(String::as_str)
    }

    /// Those that may match an action of this service, in order; all of them for an unnamed service.
    fn about(&self, service: Option<&str>) -> impl Iterator<Item = &(Option<Glob>, Glob)> {
        let mut places: Vec<usize> = match service {
            None => (0..self.all.len()).collect(),
            Some(service) => self.of_service.get(service).into_iter().flatten().chain(&self.of_several).copied().collect(),
        };
        places.sort_unstable();
        places.into_iter().filter_map(|at| self.all.get(at))
    }
}
