//! The plain encoding: one whole formula a question, the action a text like any other.
//!
//! This is what a reader can compare with the papers, and what a question falls back to when its actions cannot be split.

use super::InternalError;
use super::actions::Group;
use super::ask::{Ask, Search};
use super::formula::{encoder, shapes, violation};
use crate::encode::{Encoder, ResourceShape};
use crate::policy::{Access, ArnMatching};
use crate::smt::Formula;

impl Search<'_, '_> {
    /// Asks one query for each shape of resource.
    pub(super) fn whole(&mut self) -> Result<(), InternalError> {
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

/// All statements as one group, whose action is open.
fn all(ask: &Ask<'_>) -> Group {
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
