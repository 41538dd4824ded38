//! `simulate`: one request, or many, under a policy or a stack of policies.

use super::args::{Format, SimulateArgs};
use super::{Exit, Trouble, input, line, print};
use crate::diag::Budget;
use crate::eval::Decision;

/// `leastwise simulate`
pub(crate) fn simulate(args: &SimulateArgs) -> Result<Exit, Trouble> {
    let source = input::source(&args.file)?;
    let value = crate::json::read(&source, &Budget::default())?;
    let simulations = line::simulate(&source, &value, args.reading.matching(), args.reading.readings())?;
    let mut all_allowed = true;
    for simulation in &simulations {
        all_allowed &= simulation.decision == Decision::Allowed;
        let shown = match args.format {
            Format::Json => simulation.json().to_string(),
            Format::Text => {
                let by = simulation.decided_by.iter().map(|(policy, index)| format!("{policy} statement {index}"));
                let by = match simulation.decision {
                    Decision::ImplicitlyDenied => format!("not allowed by {}", simulation.not_allowed_by.join(", ")),
                    Decision::Allowed | Decision::ExplicitlyDenied => format!("by {}", by.collect::<Vec<_>>().join(", ")),
                };
                format!("{} {} {}: {by}", simulation.decision.name(), simulation.action, simulation.resource)
            }
        };
        print(&format!("{shown}\n"))?;
    }
    Ok(if all_allowed { Exit::Holds } else { Exit::DoesNotHold })
}
