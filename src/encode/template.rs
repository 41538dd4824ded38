//! When does a text match a template with policy variables?
//!
//! A template without variables is a glob ([`super::text`]). A variable stands for its key's value where the key is
//! present, else for its default, else nothing matches. An ARN that is matched part by part becomes texts of its own, one
//! for each part, wherever wildcards and variables mix; so does a source ARN whose account another key repeats, since the
//! tie of the two speaks of that part ([`super::ties`]).

use super::Encoder;
use super::context::RESOURCE_ACCOUNT;
use super::text::{self, Piece};
use crate::policy::{Part, Template, TextMode};
use crate::request::keys::{SOURCE_ACCOUNT, SOURCE_ARN};
use crate::smt::{Atom, Formula, Regex, Text, literal};
use std::collections::BTreeMap;

/// Policy variables with defaults in one text.
const MOST_DEFAULTS: usize = 6;

/// The variable of a part of an ARN that a slot holds.
pub(super) fn part(slot: &str, index: usize) -> String {
    format!("{slot} part {index}")
}

/// The name of what ties a slot's parts to it.
pub(super) fn parts_of(slot: &str) -> String {
    format!("{slot} parts")
}

/// Five parts without colons, and the rest.
pub(super) fn arn_shape() -> Regex {
    let no_colon = Regex::none_of(&[':']).star();
    let shape = (0..5).flat_map(|_| [no_colon.clone(), Regex::literal(":")]);
    Regex::concat(shape.chain([Regex::AnyText]))
}

impl Encoder {
    pub(super) fn text_test(&mut self, text: &Text, mode: TextMode, template: &Template) -> Result<Formula, String> {
        match mode {
            TextMode::Exact => self.template(text, template),
            TextMode::IgnoreCase => {
                let literal = template.as_literal().ok_or("a policy variable under an operator that ignores case")?;
                Ok(text::ignoring_case(text, &literal, self.form))
            }
            TextMode::Arn => self.arn_test(text, template),
        }
    }

    /// ARN parts one by one. Where the first five parts have no wildcard this is a test of the whole text.
    fn arn_test(&mut self, text: &Text, template: &Template) -> Result<Formula, String> {
        let parts = template.split_colons(6);
        let wild = |part: &Template| part.parts.iter().any(|part| matches!(part, Part::One | Part::Many));
        let first_five = parts.get(..5).unwrap_or(&[]);
        if parts.len() < 6 {
            return self.template(text, template);
        }
        if !first_five.iter().any(wild) {
            let mut out = vec![self.template(text, template)?];
            // A value with a colon would shift the parts behind it.
            for variable in first_five.iter().flat_map(Template::variables) {
                let (is_present, slot) = self.single(&variable.key);
                let shifts = Formula::atom(Atom::Contains(Text::var(&slot), Text::constant(":")));
                out.push(is_present.implies(shifts.not()));
                if variable.default.as_ref().is_some_and(|default| default.contains(':')) {
                    return Err("a policy variable's default that holds a colon, inside an ARN".to_owned());
                }
            }
            return Ok(Formula::and(out));
        }
        let globs: Option<Vec<_>> = parts.iter().map(Template::as_glob).collect();
        if let Some(globs) = globs {
            return Ok(text::matches(text, text::arn_regex(&globs)));
        }
        self.arn_parts(text, &parts)
    }

    /// The six parts of a template for a source ARN whose account another key repeats, if to test them one by one is the
    /// same: so an account in a policy variable is one in the tie ([`super::ties`]).
    pub(super) fn tied_parts(&self, key: &str, mode: TextMode, template: &Template) -> Option<Vec<Template>> {
        let names_variable = template.variables().next().is_some();
        let tied = key == SOURCE_ARN && names_variable && self.slots.contains_key(SOURCE_ACCOUNT);
        let parts = if tied { template.split_colons(6) } else { Vec::new() };
        let first_five = parts.get(..5).filter(|_| parts.len() == 6)?;
        // Neither a wildcard nor a value may reach over a colon.
        let stays = |part: &Part| match part {
            Part::Char(_) => true,
            Part::Variable(variable) => variable.key == RESOURCE_ACCOUNT && variable.default.is_none(),
            Part::One | Part::Many => mode == TextMode::Arn,
        };
        let alike = mode != TextMode::IgnoreCase && first_five.iter().flat_map(|part| &part.parts).all(stays);
        alike.then_some(parts)
    }

    /// Wildcards and variables mixed: the text is cut at its first five colons into texts of their own.
    pub(super) fn arn_parts(&mut self, text: &Text, parts: &[Template]) -> Result<Formula, String> {
        let Text::Var(name) = text else { return Err("an ARN pattern on a text that is not a key's value".to_owned()) };
        let names: Vec<String> = (0..6).map(|index| part(name, index)).collect();
        let is_arn = text::matches(text, arn_shape());
        let joined = names
            .iter()
            .enumerate()
            .flat_map(|(index, name)| [Text::constant(if index > 0 { ":" } else { "" }), Text::var(name)]);
        let tie =
            Formula::and(std::iter::once(Formula::equal(text, &Text::concat(joined))).chain(
                names.iter().take(5).map(|name| Formula::atom(Atom::Contains(Text::var(name), Text::constant(":"))).not()),
            ));
        self.constrain(&parts_of(name), || is_arn.clone().implies(tie));
        let mut out = vec![is_arn];
        for (name, part) in names.iter().zip(parts) {
            out.push(self.template(&Text::var(name), part)?);
        }
        Ok(Formula::and(out))
    }

    /// Replaces the variables by terms: present, the key's value; absent, the default, or no match at all.
    ///
    /// A default makes two cases of all that follows; a variable without one only has to be there, however many there are.
    pub(super) fn resolve(
        &mut self,
        parts: &[Part],
        done: Vec<Piece>,
        finish: &dyn Fn(&[Piece]) -> Result<Formula, String>,
    ) -> Result<Formula, String> {
        let mut done = done;
        let mut rest = parts;
        let mut needed: BTreeMap<&str, Formula> = BTreeMap::new();
        while let Some((part, tail)) = rest.split_first() {
            rest = tail;
            match part {
                Part::Char(c) if *c as u32 > literal::MOST => return Err(format!("the character U+{:X}", *c as u32)),
                Part::Char(c) => done.push(Piece::Char(*c)),
                Part::One => done.push(Piece::One),
                Part::Many => done.push(Piece::Many),
                Part::Variable(variable) => {
                    self.one_family(&variable.key)?;
                    if self.slots.get(&variable.key).is_some_and(|key| key.elements.is_some()) {
                        return Err(format!("the policy variable `{}` of a multivalued key", variable.key));
                    }
                    let (is_present, slot) = self.single(&variable.key);
                    let Some(default) = &variable.default else {
                        needed.insert(&variable.key, is_present);
                        done.push(Piece::Value(Text::var(&slot)));
                        continue;
                    };
                    // Each default doubles the cases.
                    let defaults = rest.iter().filter(|part| matches!(part, Part::Variable(one) if one.default.is_some()));
                    if defaults.count() >= MOST_DEFAULTS {
                        return Err(format!("more than {MOST_DEFAULTS} policy variables with defaults in one text"));
                    }
                    let mut with_value = done.clone();
                    with_value.push(Piece::Value(Text::var(&slot)));
                    let present = Formula::and([is_present.clone(), self.resolve(rest, with_value, finish)?]);
                    done.extend(default.chars().map(Piece::Char));
                    let absent = Formula::and([is_present.not(), self.resolve(rest, done, finish)?]);
                    return Ok(Formula::and(needed.into_values().chain([Formula::or([present, absent])])));
                }
            }
        }
        let matches = finish(&done)?;
        Ok(Formula::and(needed.into_values().chain([matches])))
    }
}
