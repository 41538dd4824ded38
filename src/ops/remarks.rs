//! Would the verdict differ if AWS meant it the other way?
//!
//! Beside a verdict under one reading, the question is asked once more for each other reading that changes something about
//! the policies, with a smaller budget. What both readings decide, and decide differently, becomes a note.

use super::question::Question;
use crate::diag::Budget;
use crate::policy::readings::{AnyIfExists, NotPrincipal, Unqualified};
use crate::policy::{Access, ArnMatching, Part, Readings, Template};
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
    if reach_matters(&given) {
        let (matching, name) = match settings.matching {
            ArnMatching::Segment => (ArnMatching::Greedy, "greedy"),
            ArnMatching::Greedy => (ArnMatching::Segment, "segment"),
        };
        others.push((Settings { matching, ..*settings }, format!("--arn-matching {name}")));
    }
    let (not_principal, name) = match settings.readings.not_principal {
        NotPrincipal::Membership => (NotPrincipal::List, "list"),
        NotPrincipal::List => (NotPrincipal::Membership, "membership"),
    };
    let alone = Readings::default();
    if differ(&given, Readings { not_principal: NotPrincipal::List, ..alone }) {
        let readings = Readings { not_principal, ..settings.readings };
        others.push((Settings { readings, ..*settings }, format!("--not-principal {name}")));
    }
    let (unqualified, name) = match settings.readings.unqualified {
        Unqualified::Any => (Unqualified::All, "all"),
        Unqualified::All => (Unqualified::Any, "any"),
    };
    if differ(&given, Readings { unqualified: Unqualified::All, ..alone }) {
        let readings = Readings { unqualified, ..settings.readings };
        others.push((Settings { readings, ..*settings }, format!("--unqualified {name}")));
    }
    let (any_if_exists, name) = match settings.readings.any_if_exists {
        AnyIfExists::Holds => (AnyIfExists::Fails, "fails"),
        AnyIfExists::Fails => (AnyIfExists::Holds, "holds"),
    };
    if differ(&given, Readings { any_if_exists: AnyIfExists::Fails, ..alone }) {
        let readings = Readings { any_if_exists, ..settings.readings };
        others.push((Settings { readings, ..*settings }, format!("--any-if-exists {name}")));
    }
    for (other, reading) in others {
        // A remark beside the verdict: it may not take longer than verdicts do.
        let budget = Budget { timeout: other.budget.timeout.min(Duration::from_secs(2)), rlimit: REMARK, ..other.budget };
        let quick = Settings { prove: false, realistic: false, budget, ..other };
        let found = asked.read_as(quick.readings).ask(&quick)?;
        if disagree(outcome, &found) {
            outcome.notes.push(format!("under {reading} the verdict is {}", word(&found)));
        }
    }
    Ok(())
}

/// Whether some policy reads otherwise so.
fn differ(given: &[&Access], readings: Readings) -> bool {
    given.iter().any(|access| access.read_as(readings).is_some())
}

/// Whether some resource pattern has a wildcard before its last part, so that how far it reaches can matter.
fn reach_matters(given: &[&Access]) -> bool {
    let statements = given.iter().flat_map(|access| access.statements());
    let mut patterns = statements.filter_map(|(_, _, statement)| statement.resource.as_ref()).flat_map(|one| &one.patterns);
    patterns.any(|pattern| {
        let wild = |part: &Template| part.parts.iter().any(|one| matches!(one, Part::One | Part::Many));
        pattern.parts.as_ref().is_some_and(|parts| parts.iter().take(5).any(wild))
    })
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
