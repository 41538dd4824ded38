//! The plain encoding: one whole formula a question, the action a text like any other.
//!
//! This is what a reader can compare with the papers, and what a question falls back to when its actions cannot be split.

use super::InternalError;
use super::ask::{Ask, Search, encoder, shapes, violation};
use crate::encode::{Encoder, ResourceShape};
use crate::policy::{ArnMatching, Statement};
use crate::smt::Formula;

impl Search<'_, '_> {
    /// Asks one query for each shape of resource.
    pub(super) fn whole(&mut self) -> Result<(), InternalError> {
        let (grants, unless) = statements(self.ask);
        for shape in shapes(self.ask, &grants, &unless) {
            let mut encoder = encoder(self.ask, &grants, &unless, self.settings.matching, shape);
            match violation(self.ask, &mut encoder, &grants, &unless, true) {
                Ok(parts) => self.query(&encoder, parts, None)?,
                Err(unsupported) => self.open(&unsupported.to_string()),
            }
        }
        Ok(())
    }
}

fn statements<'p>(ask: &Ask<'p>) -> (Vec<&'p Statement>, Vec<&'p Statement>) {
    let grants = ask.grants.statements.iter().collect();
    let unless = ask.unless.map(|policy| policy.statements.iter().collect()).unwrap_or_default();
    (grants, unless)
}

/// The whole question as one formula over both shapes of resource, for a file.
pub(super) fn formula(ask: &Ask<'_>, matching: ArnMatching) -> Result<Vec<Formula>, crate::encode::Unsupported> {
    let (grants, unless) = statements(ask);
    let shapes = shapes(ask, &grants, &unless);
    let several = shapes.len() > 1;
    let (mut constraints, mut ways) = (Vec::new(), Vec::new());
    for shape in shapes {
        let mut encoder: Encoder = encoder(ask, &grants, &unless, matching, shape);
        let parts = violation(ask, &mut encoder, &grants, &unless, true)?;
        constraints.push(encoder.constraints());
        let is_arn = Formula::var("resource.is_arn");
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
