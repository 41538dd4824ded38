//! Asserts two searches that are both empty iff the two policies allow the same requests.

use super::{InternalError, Outcome, Proof, Settings, Verdict, no_new_access, unknown_policy};
use crate::policy::Access;
use crate::witness::explain;
use std::time::Instant;

const SECOND: &str = "Access that only the second policy grants in the statement";
const FIRST: &str = "Access that only the first policy grants in the statement";

const fn words(what: &'static str, other: &'static str) -> explain::Words {
    explain::Words { what, denied: "is denied", closed: "is not allowed", other }
}

/// Whether `a` and `b` allow the same requests.
///
/// The reasons of a FAIL are the statements that allow what the other policy does not, those of `b` first.
pub fn equivalent(a: &Access, b: &Access, settings: &Settings) -> Result<Outcome, InternalError> {
    let started = Instant::now();
    let (a, b) = (settings.read(a), settings.read(b));
    let (new_in_b, new_in_a) = (no_new_access::search(&a, &b), no_new_access::search(&b, &a));
    let only_b = unknown_policy::settled(&new_in_b, settings)?;
    let only_a = unknown_policy::settled(&new_in_a, settings)?;
    let proof = Proof::since(started, settings, [&only_b, &only_a]);
    // Of a side that has no witness nothing is said beside the other's.
    let shown = only_b.witness.is_some() || only_a.witness.is_some();
    let told = [&only_b, &only_a].into_iter().filter(|side| !shown || side.witness.is_some());
    let mut notes: Vec<String> = told.flat_map(|side| side.notes.iter().cloned()).collect();
    notes.dedup();
    let (mut all, of_b) = explain::reasons(&new_in_b, &only_b, words(SECOND, "the first policy"), settings)?;
    let (of_a, open) = explain::reasons(&new_in_a, &only_a, words(FIRST, "the second policy"), settings)?;
    all.extend(of_a);
    let checked = settings.prove.then(|| only_b.checked.and(only_a.checked));
    // The witness that AWS could receive, if one of the two is; without the doubt about the other.
    let prefer_a = only_b.doubt.is_some() && only_a.witness.is_some() && only_a.doubt.is_none();
    let left_out = if prefer_a { &only_b.doubt } else { &only_a.doubt };
    let left_out = left_out.clone().filter(|_| only_b.witness.is_some() && only_a.witness.is_some());
    let notes = notes.into_iter().chain(of_b.or(open)).filter(|note| Some(note) != left_out.as_ref()).collect();
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
