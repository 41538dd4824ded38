//! The baseline: the question as one formula, asked once, every list of patterns a regular expression.
//!
//! This is what the papers start from, kept to measure against (`benches/corpus.rs`) and compared with the other engines
//! in tests. It does less than they do: of the statements to blame it names those that grant its witness.

use super::formula::{self, violation};
use super::state::Search;
use super::whole::{all, not_asked};
use crate::encode::{Encoder, Form, ResourceShape, Unsupported};
use crate::query::{InternalError, Query, Unknown};
use crate::smt::{Answer, Formula};

/// Says which shape the resource has, where the question is about both.
const IS_ARN: &str = "Resource.is_arn";

/// Asks the whole question as one formula.
pub(super) fn ask(search: &mut Search<'_, '_>) -> Result<(), InternalError> {
    if let Some(why) = not_asked(search) {
        search.found.open(why);
        return Ok(());
    }
    let sides = match sides(search.query) {
        Ok(sides) => sides,
        Err(unsupported) => {
            search.found.open(Unknown::Construct(unsupported.to_string()));
            return Ok(());
        }
    };
    search.found.queries += 1;
    let formula = whole(&sides);
    search.solver().assert(&formula);
    match search.solver().check() {
        Answer::Unsat => {}
        Answer::Unknown(why) => search.found.open(Unknown::limit(why)),
        Answer::Sat(model) => {
            let other = model.bool(IS_ARN) == Some(false);
            let wanted = if other { ResourceShape::Other } else { ResourceShape::Arn };
            let side = sides.iter().find(|side| side.shape == wanted);
            let Some(side) = side else { return Err(InternalError("a model of a shape that was not asked about".into())) };
            let request = side.encoder.decode(&model, &side.encoder.decode_action(&model));
            search.note(request)?;
        }
    }
    Ok(())
}

/// The question about resources of one shape.
struct Side {
    shape: ResourceShape,
    encoder: Encoder,
    violation: Formula,
    constraints: Vec<Formula>,
}

fn sides(query: &Query<'_>) -> Result<Vec<Side>, Unsupported> {
    let all = all(query);
    let mut sides = Vec::new();
    for shape in formula::shapes(query, &all) {
        let mut encoder = formula::encoder(query, &all, shape).in_form(Form::Regexes);
        let violation = violation(query, &mut encoder, &all, true)?.formula;
        let constraints = match encoder.constraints() {
            Formula::And(parts) => parts.to_vec(),
            one => vec![one],
        };
        sides.push(Side { shape, encoder, violation, constraints });
    }
    Ok(sides)
}

/// What is the same for both shapes is said once, which mostly is all but what a text of the shape looks like.
fn whole(sides: &[Side]) -> Formula {
    let [arn, other] = sides else {
        return Formula::and(sides.iter().flat_map(|side| side.constraints.iter().chain([&side.violation]).cloned()));
    };
    let is_arn = Formula::var(IS_ARN);
    let own = |side: &Side, than: &Side| {
        let parts = side.constraints.iter().filter(|part| !than.constraints.contains(part)).cloned();
        Formula::and(parts.collect::<Vec<_>>())
    };
    let shared = arn.constraints.iter().filter(|part| other.constraints.contains(part)).cloned();
    let violation = if arn.violation == other.violation {
        arn.violation.clone()
    } else {
        let ways = [(is_arn.clone(), arn), (is_arn.clone().not(), other)];
        Formula::or(ways.map(|(shaped, side)| Formula::and([shaped, side.violation.clone()])))
    };
    let by_shape = [is_arn.clone().implies(own(arn, other)), is_arn.not().implies(own(other, arn))];
    Formula::and(shared.chain(by_shape).chain([violation]).collect::<Vec<_>>())
}
