//! The plain encoding: one whole formula a question, the action a text like any other.
//!
//! This is what a reader can compare with the papers, and what a question falls back to when its actions cannot be split.

use super::formula::{encoder, shapes, violation};
use super::partition::Group;
use super::state::Search;
use super::{beyond, left_open};
use crate::encode::{Encoder, ResourceShape};
use crate::policy::Access;
use crate::query::{InternalError, Query, Unknown};
use crate::smt::Formula;

/// Why Z3 is not asked the query as a whole, if it is not.
pub(super) fn not_asked(search: &Search<'_, '_>) -> Option<Unknown> {
    if !search.settings.z3 {
        return Some(Unknown::NotAsked { at: None });
    }
    beyond::too_wild(search.query).or_else(|| beyond::too_long(search.query))
}

/// Asks one query for each shape of resource.
pub(super) fn ask(search: &mut Search<'_, '_>) -> Result<(), InternalError> {
    if let Some(why) = not_asked(search) {
        search.found.open(why);
        return Ok(());
    }
    let all = all(search.query);
    for shape in shapes(search.query, &all) {
        let mut encoder = encoder(search.query, &all, shape);
        match violation(search.query, &mut encoder, &all, true) {
            Ok(parts) => left_open::query(search, &encoder, parts, None)?,
            Err(unsupported) => search.found.open(Unknown::Construct(unsupported.to_string())),
        }
    }
    Ok(())
}

/// All statements as one group, whose action is open.
pub(super) fn all(query: &Query<'_>) -> Group {
    let numbers = |access: &Access| (0..access.len()).collect();
    Group { grants: numbers(query.grants), unless: query.unless.map(numbers).unwrap_or_default(), action: String::new() }
}

/// The whole question as one formula over both shapes of resource, for a file.
pub(super) fn formula(query: &Query<'_>) -> Result<Vec<Formula>, crate::encode::Unsupported> {
    let all = all(query);
    let shapes = shapes(query, &all);
    let several = shapes.len() > 1;
    let (mut constraints, mut ways) = (Vec::new(), Vec::new());
    for shape in shapes {
        let mut encoder: Encoder = encoder(query, &all, shape);
        let parts = violation(query, &mut encoder, &all, true)?;
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
