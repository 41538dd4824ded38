//! The plain encoding: one whole formula a question, the action a text like any other.
//!
//! This is what a reader can compare with the papers, and what a question falls back to when its actions cannot be split.

use super::InternalError;
use super::actions::Group;
use super::ask::{Ask, NEEDS_Z3, Search};
use super::formula::{encoder, shapes, violation};
use crate::encode::{Encoder, ResourceShape};
use crate::glob::{Glob, Token};
use crate::policy::{Access, ArnMatching, Condition, Part, Template, Test};
use crate::smt::Formula;

impl Search<'_, '_> {
    /// Why Z3 is not asked the question as a whole, if it is not.
    pub(super) fn not_whole(&self) -> Option<String> {
        if self.settings.z3 { too_wild(self.ask) } else { Some(NEEDS_Z3.to_owned()) }
    }

    /// Asks one query for each shape of resource.
    pub(super) fn whole(&mut self) -> Result<(), InternalError> {
        if let Some(why) = self.not_whole() {
            self.open(&why);
            return Ok(());
        }
        let all = all(self.ask);
        for shape in shapes(self.ask, &all) {
            let mut encoder = encoder(self.ask, &all, self.settings.matching, shape);
            match violation(self.ask, &mut encoder, &all, true) {
                Ok(parts) => self.query(&encoder, parts, None)?,
                Err(unsupported) => self.open(&unsupported.to_string()),
            }
        }
        Ok(())
    }
}

/// Wildcards of one pattern with which Z3 still minds its time limit.
const MOST_WILDCARDS: usize = 100;

/// Why Z3's strings are not asked, if there is a pattern that is too much for them.
pub(super) fn too_wild(ask: &Ask<'_>) -> Option<String> {
    let of_glob = |glob: &Glob| glob.tokens().iter().filter(|token| !matches!(token, Token::Char(_))).count();
    let of_template = |template: &Template| template.parts.iter().filter(|part| matches!(part, Part::One | Part::Many)).count();
    let of_condition = |condition: &Condition| match &condition.test {
        Test::Text(_, templates) => templates.iter().map(of_template).max().unwrap_or(0),
        Test::Present | Test::Absent | Test::Number(..) | Test::Date(..) | Test::Ip(_) => 0,
    };
    let sides = [Some(ask.grants), ask.unless].into_iter().flatten();
    let most = sides.flat_map(Access::statements).map(|(_, _, statement)| {
        let actions = statement.action.patterns().iter().map(of_glob);
        let resources = statement.resource.iter().flat_map(|one| &one.patterns).map(|pattern| of_template(&pattern.whole));
        let conditions = statement.conditions.iter().map(of_condition);
        actions.chain(resources).chain(conditions).max().unwrap_or(0)
    });
    let most = most.max().unwrap_or(0);
    (most > MOST_WILDCARDS).then(|| format!("a pattern has {most} wildcards; Z3 is asked about {MOST_WILDCARDS} at most"))
}

/// All statements as one group, whose action is open.
pub(super) fn all(ask: &Ask<'_>) -> Group {
    let numbers = |access: &Access| (0..access.len()).collect();
    Group { grants: numbers(ask.grants), unless: ask.unless.map(numbers).unwrap_or_default(), action: String::new() }
}

/// The whole question as one formula over both shapes of resource, for a file.
pub(super) fn formula(ask: &Ask<'_>, matching: ArnMatching) -> Result<Vec<Formula>, crate::encode::Unsupported> {
    let all = all(ask);
    let shapes = shapes(ask, &all);
    let several = shapes.len() > 1;
    let (mut constraints, mut ways) = (Vec::new(), Vec::new());
    for shape in shapes {
        let mut encoder: Encoder = encoder(ask, &all, matching, shape);
        let parts = violation(ask, &mut encoder, &all, true)?;
        constraints.push(encoder.constraints());
        let is_arn = Formula::var("Resource.is_arn");
        let shaped = if shape == ResourceShape::Arn { is_arn } else { is_arn.not() };
        ways.push(if several { Formula::and([shaped, parts.formula]) } else { parts.formula });
    }
    // What follows holds of every request, so one shape's constraints do not disturb the other's.
    let mut out: Vec<Formula> = Vec::new();
    for part in constraints {
        let parts = if let Formula::And(parts) = &part { parts.to_vec() } else { vec![part] };
        out.extend(parts.into_iter().filter(|part| *part != Formula::True));
    }
    let mut distinct: Vec<Formula> = Vec::new();
    for part in out {
        if !distinct.contains(&part) {
            distinct.push(part);
        }
    }
    distinct.push(Formula::or(ways));
    Ok(distinct)
}
