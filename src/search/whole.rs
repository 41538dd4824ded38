//! The plain encoding: one whole formula a question, the action a text like any other.
//!
//! This is what a reader can compare with the papers, and what a question falls back to when its actions cannot be split.

use super::formula::{encoder, shapes, violation};
use super::left_open;
use super::partition::Group;
use super::state::Search;
use crate::encode::{Encoder, ResourceShape};
use crate::glob::{Glob, Token};
use crate::policy::{Access, ArnMatching, Condition, Part, Template, Test};
use crate::query::{InternalError, Query, Unknown};
use crate::smt::Formula;

/// Why Z3 is not asked the query as a whole, if it is not.
pub(super) fn not_asked(search: &Search<'_, '_>) -> Option<Unknown> {
    if search.settings.z3 { too_wild(search.query) } else { Some(Unknown::NotAsked { at: None }) }
}

/// Asks one query for each shape of resource.
pub(super) fn ask(search: &mut Search<'_, '_>) -> Result<(), InternalError> {
    if let Some(why) = not_asked(search) {
        search.found.open(why);
        return Ok(());
    }
    let all = all(search.query);
    for shape in shapes(search.query, &all) {
        let mut encoder = encoder(search.query, &all, search.settings.matching, shape);
        match violation(search.query, &mut encoder, &all, true) {
            Ok(parts) => left_open::query(search, &encoder, parts, None)?,
            Err(unsupported) => search.found.open(Unknown::Construct(unsupported.to_string())),
        }
    }
    Ok(())
}

/// Wildcards of one pattern with which Z3 still minds its time limit.
const MOST_WILDCARDS: usize = 100;

/// Why Z3's strings are not asked, if there is a pattern that is too much for them.
pub(super) fn too_wild(query: &Query<'_>) -> Option<Unknown> {
    let of_glob = |glob: &Glob| glob.tokens().iter().filter(|token| !matches!(token, Token::Char(_))).count();
    let of_template = |template: &Template| template.parts.iter().filter(|part| matches!(part, Part::One | Part::Many)).count();
    let of_condition = |condition: &Condition| match &condition.test {
        Test::Text(_, templates) => templates.iter().map(of_template).max().unwrap_or(0),
        Test::Present | Test::Absent | Test::Number(..) | Test::Date(..) | Test::Ip(_) => 0,
    };
    let sides = [Some(query.grants), query.unless].into_iter().flatten();
    let most = sides.flat_map(Access::statements).map(|(_, _, statement)| {
        let actions = statement.action.patterns().iter().map(of_glob);
        let resources = statement.resource.iter().flat_map(|one| &one.patterns).map(|pattern| of_template(&pattern.whole));
        let conditions = statement.conditions.iter().map(of_condition);
        actions.chain(resources).chain(conditions).max().unwrap_or(0)
    });
    let most = most.max().unwrap_or(0);
    (most > MOST_WILDCARDS)
        .then(|| Unknown::limit(format!("a pattern has {most} wildcards; Z3 is asked about {MOST_WILDCARDS} at most")))
}

/// All statements as one group, whose action is open.
pub(super) fn all(query: &Query<'_>) -> Group {
    let numbers = |access: &Access| (0..access.len()).collect();
    Group { grants: numbers(query.grants), unless: query.unless.map(numbers).unwrap_or_default(), action: String::new() }
}

/// The whole question as one formula over both shapes of resource, for a file.
pub(super) fn formula(query: &Query<'_>, matching: ArnMatching) -> Result<Vec<Formula>, crate::encode::Unsupported> {
    let all = all(query);
    let shapes = shapes(query, &all);
    let several = shapes.len() > 1;
    let (mut constraints, mut ways) = (Vec::new(), Vec::new());
    for shape in shapes {
        let mut encoder: Encoder = encoder(query, &all, matching, shape);
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
