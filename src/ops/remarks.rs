//! Would the verdict differ if AWS meant it the other way?
//!
//! Beside a verdict under one reading, the question is asked once more for each other reading that changes something about
//! the policies, with a smaller budget. What both readings decide, and decide differently, becomes a note.

use super::question::Question;
use crate::diag::Budget;
use crate::policy::Access;
use crate::policy::readings::READINGS;
use crate::question::{InternalError, Outcome, Settings, Verdict};
use std::time::Duration;

/// Z3's resource limit for a query about another reading.
const REMARK: u32 = 2_000_000;

/// Adds a note for each reading under which the verdict is another.
pub(super) fn remark(outcome: &mut Outcome, settings: &Settings, asked: &impl Question) -> Result<(), InternalError> {
    if matches!(outcome.verdict, Verdict::Unknown(_)) {
        return Ok(());
    }
    let given: Vec<&Access> = asked.sides().into_iter().map(|(_, access)| &**access).collect();
    let mut others: Vec<(Settings, String)> = Vec::new();
    for reading in READINGS.iter().filter(|reading| given.iter().any(|access| reading.matters(access))) {
        let (readings, named) = reading.turned(settings.readings);
        others.push((Settings { readings, ..*settings }, named));
    }
    for (other, reading) in others {
        // A remark beside the verdict: it may not take longer than verdicts do.
        let budget = Budget { timeout: other.budget.timeout.min(Duration::from_secs(2)), rlimit: REMARK, ..other.budget };
        let quick = Settings { prove: false, realistic: false, budget, ..other };
        let found = asked.ask(&quick)?;
        if disagree(outcome, &found) {
            outcome.notes.push(format!("under {reading} the verdict is {}", word(&found)));
        }
    }
    Ok(())
}

/// Whether both are decided, and differently.
fn disagree(a: &Outcome, b: &Outcome) -> bool {
    let decided = |outcome: &Outcome| !matches!(outcome.verdict, Verdict::Unknown(_));
    decided(a) && decided(b) && word(a) != word(b)
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome.verdict {
        Verdict::Pass => "PASS",
        Verdict::Fail { .. } => "FAIL",
        Verdict::Unknown(_) => "UNKNOWN",
    }
}
