//! The baseline: the question as one formula, asked once, every list of patterns a regular expression.
//!
//! This is what the papers start from, kept to measure against (`benches/corpus.rs`) and compared with the other engines
//! in tests. It does less than they do: of the statements to blame it names those that grant its witness.

use super::InternalError;
use super::ask::{Ask, Search};
use super::strings::all;
use super::{formula, formula::violation};
use crate::encode::{Encoder, Form, ResourceShape, Unsupported};
use crate::policy::ArnMatching;
use crate::smt::{Answer, Formula};

/// Says which shape the resource has, where the question is about both.
const IS_ARN: &str = "Resource.is_arn";

impl Search<'_, '_> {
    /// Asks the whole question as one formula.
    pub(super) fn one_formula(&mut self) -> Result<(), InternalError> {
        if let Some(why) = self.not_whole() {
            self.open(&why);
            return Ok(());
        }
        let sides = match sides(self.ask, self.settings.matching) {
            Ok(sides) => sides,
            Err(unsupported) => {
                self.open(&unsupported.to_string());
                return Ok(());
            }
        };
        self.found.queries += 1;
        let formula = whole(&sides);
        self.solver().assert(&formula);
        match self.solver().check() {
            Answer::Unsat => {}
            Answer::Unknown(why) => self.open(&why),
            Answer::Sat(model) => {
                let other = model.bool(IS_ARN) == Some(false);
                let wanted = if other { ResourceShape::Other } else { ResourceShape::Arn };
                let side = sides.iter().find(|side| side.shape == wanted);
                let Some(side) = side else { return Err(InternalError("a model of a shape that was not asked about".into())) };
                let request = side.encoder.decode(&model, &side.encoder.decode_action(&model));
                self.note(request)?;
            }
        }
        Ok(())
    }
}

/// The question about resources of one shape.
struct Side {
    shape: ResourceShape,
    encoder: Encoder,
    violation: Formula,
    constraints: Vec<Formula>,
}

fn sides(ask: &Ask<'_>, matching: ArnMatching) -> Result<Vec<Side>, Unsupported> {
    let all = all(ask);
    let mut sides = Vec::new();
    for shape in formula::shapes(ask, &all) {
        let mut encoder = formula::encoder(ask, &all, matching, shape).in_form(Form::Regexes);
        let violation = violation(ask, &mut encoder, &all, true)?.formula;
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
