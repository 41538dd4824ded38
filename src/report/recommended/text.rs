//! Recommendations for people: a line an entity with what becomes of its policies, then their sum.

use crate::account::recommend::{Recommendation, Result};
use crate::diag::count;
use std::fmt::Write as _;

/// All of them.
pub fn text(all: &[Recommendation<'_>]) -> String {
    all.iter().map(one).collect::<String>() + &total(all)
}

fn one(one: &Recommendation<'_>) -> String {
    let mut out = format!("{}: {}", one.entity.arn, one.result.name());
    if one.removed > 0 {
        let (fewer, proved) = (fewer(one.removed), count(one.obligations(), "obligation", "obligations"));
        let _ = write!(out, ", {fewer}, {proved} proved");
    }
    if one.replayed > 0 {
        let _ = write!(out, ", {} replayed", count(one.replayed, "logged request", "logged requests"));
    }
    out.push('\n');
    for policy in &one.policies {
        let became = match &policy.refined {
            None => continue,
            Some(refined) if refined.is_empty => "goes".to_owned(),
            Some(_) if policy.parts.len() > 1 => format!("becomes {} managed policies", policy.parts.len()),
            Some(_) if policy.parts.len() == 1 => "becomes a managed policy".to_owned(),
            Some(_) => "is refined".to_owned(),
        };
        let _ = writeln!(out, "  {} {became}", policy.attached.label());
    }
    one.notes.iter().for_each(|note| _ = writeln!(out, "  note: {note}"));
    one.proposals().for_each(|(policy, proposal)| _ = writeln!(out, "  note: {policy}: {proposal}"));
    out
}

fn total(all: &[Recommendation<'_>]) -> String {
    let of = |result: Result| all.iter().filter(|one| one.result == result).count();
    format!(
        "{}: {} proved, {} empty, {} unchanged, {} unknown; {}, {} proved\n",
        count(all.len(), "entity", "entities"),
        of(Result::Proved),
        of(Result::Empty),
        of(Result::Unchanged),
        of(Result::Unknown),
        fewer(all.iter().map(|one| one.removed).sum()),
        count(all.iter().map(Recommendation::obligations).sum(), "obligation", "obligations"),
    )
}

fn fewer(actions: usize) -> String {
    format!("{} fewer", count(actions, "action", "actions"))
}
