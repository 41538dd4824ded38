//! Asserts two searches that are both empty iff the two policies allow the same requests.

use super::ask::ask;
use super::{InternalError, Outcome, Proof, Settings, Verdict, no_new_access, reasons};
use crate::policy::Access;
use std::time::Instant;

/// Whether `a` and `b` allow the same requests.
///
/// The reasons of a FAIL are the statements that allow what the other policy does not, those of `b` first.
pub fn equivalent(a: &Access, b: &Access, settings: &Settings) -> Result<Outcome, InternalError> {
    let started = Instant::now();
    let only_b = ask(&no_new_access::search(a, b), settings)?;
    let only_a = ask(&no_new_access::search(b, a), settings)?;
    let proof = Proof::since(started, settings, [&only_b, &only_a]);
    let mut all = reasons(b, only_b.statements, "Access that only the second policy grants in the statement");
    all.extend(reasons(a, only_a.statements, "Access that only the first policy grants in the statement"));
    let checked = settings.prove.then(|| only_b.checked.and(only_a.checked));
    // The witness that AWS could receive, if one of the two is; without the doubt about the other.
    let prefer_a = only_b.doubt.is_some() && only_a.witness.is_some() && only_a.doubt.is_none();
    let left_out = if prefer_a { &only_b.doubt } else { &only_a.doubt };
    let left_out = left_out.clone().filter(|_| only_b.witness.is_some() && only_a.witness.is_some());
    let notes = only_b.notes.into_iter().chain(only_a.notes).filter(|note| Some(note) != left_out.as_ref()).collect();
    let witness = if prefer_a { only_a.witness } else { only_b.witness.or(only_a.witness) };
    let (verdict, message) = match (witness, only_b.unknown.or(only_a.unknown)) {
        (Some(witness), _) => {
            let message = "The policies do not grant the same access.".to_owned();
            (Verdict::Fail { reasons: all, witness: Box::new(witness) }, message)
        }
        (None, Some(why)) => {
            let message = format!("Whether the policies grant the same access is unknown: {why}.");
            (Verdict::Unknown(why), message)
        }
        (None, None) => (Verdict::Pass, "The policies grant the same access.".to_owned()),
    };
    Ok(Outcome { check: "equivalent", verdict, message, proof, checked, notes })
}
