//! What the automata leave open, asked of Z3: the propositional skeleton first, then a guess, then its string theory.

use super::actions::Group;
use super::ask::{NEEDS_Z3, Search};
use super::formula::{Violation, encoder, shapes, violation};
use super::replay::replayed;
use super::strings::too_wild;
use super::{Engine, InternalError, formula, propose};
use crate::encode::Encoder;
use crate::policy::{Access, Statement, Template, Test};
use crate::smt::{self, Formula};
use std::collections::HashMap;

/// Z3's resource limit for a query about one more statement to blame, once a witness is there.
const MORE_BLAME: u32 = 60_000;

impl Search<'_, '_> {
    /// Asks Z3 about the actions of one group: the propositional skeleton, then a guess, then its string theory.
    /// `suspects` are the statements of it that may be to blame, as far as the automata can tell.
    // Long: three roads, tried in order, that share what they leave open.
    pub(super) fn ask_z3(&mut self, group: &Group, suspects: &[usize]) -> Result<(), InternalError> {
        if !self.settings.z3 {
            self.open_about(NEEDS_Z3, group, suspects);
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
                    let encoder = formula::encoder(self.ask, group, self.settings.matching, shape).for_action(&group.action);
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
        for number in suspects {
            if self.ask.grants.grants(*number)
                && self.ask.by.is_none_or(|by| by == *number)
                && !self.found.statements.contains(number)
                && let Some(request) = propose::propose(self.ask, *number, group, self.settings.matching)
            {
                self.note(request)?;
            }
        }
        if self.settled(suspects) {
            return Ok(());
        }
        if let Some(why) = self.too_wild.get_or_init(|| too_wild(self.ask)).clone() {
            self.open_about(&why, group, suspects);
            return Ok(());
        }
        if self.found.witness.is_some() {
            // The verdict stands; what is left is whether more statements are to blame.
            if self.more_blame == 0 {
                self.open_about("not all of them were asked about", group, suspects);
                return Ok(());
            }
            self.more_blame -= 1;
            self.solver().limit(MORE_BLAME);
        }
        if let Some(unsupported) = unencoded {
            self.open(&unsupported.to_string());
        }
        for (encoder, mut parts) in open {
            parts.grants.retain(|(number, _)| suspects.contains(number));
            let before = self.found.unknown.take();
            self.query(&encoder, parts, Some(&group.action))?;
            if let Some(why) = std::mem::replace(&mut self.found.unknown, before) {
                self.open_about(&why, group, suspects);
            }
        }
        Ok(())
    }

    /// Remembers why something was left open about a group, and what it is.
    fn open_about(&mut self, why: &str, group: &Group, suspects: &[usize]) {
        if self.found.unknown.is_none() {
            self.open(&format!("{why}: {}", self.construct(group, suspects)));
        }
    }

    /// What the automata left open about a group, in words: the first policy variable of its statements and its line, else
    /// the first statement that may be to blame.
    fn construct(&self, group: &Group, suspects: &[usize]) -> String {
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
        let mut found = of(self.ask.grants, suspects);
        if let Some(access) = self.ask.unless {
            found.extend(of(access, &group.unless));
        }
        match found.iter().find_map(|(_, named)| named.clone()) {
            Some(named) => named,
            None => found.first().map_or_else(|| "the question".to_owned(), |(place, _)| format!("the statement at {place}")),
        }
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
        // With a witness at hand only the statements to blame are left to ask about.
        if self.found.witness.is_none() && !self.check_all(&[&whole], encoder, action)? {
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
        if self.settings.engine != Engine::Auto {
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
                let request = self.ask.completed(encoder.decode(&model, &action));
                if !self.ask.is_impossible(&request, self.settings.matching) {
                    self.note(request)?;
                    return Ok(true);
                }
                // It breaks a tie that has no encoding: perhaps another request does not.
                let mended = replayed(self.ask, request, self.settings.matching);
                if mended.is_none() {
                    self.open("only requests that contradict themselves were found");
                }
                Ok(mended.map(|request| self.note(request)).transpose()?.is_some())
            }
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
