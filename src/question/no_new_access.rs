//! Asserts a search that is empty iff the new policy allows no request that the existing policy does not allow.
//!
//! Source: IAM Access Analyzer, CheckNoNewAccess.

use super::{InternalError, Outcome, Proof, Settings, Verdict, unknown_policy};
use crate::policy::Access;
use crate::query::Query;
use crate::witness::explain;
use std::time::Instant;

const WORDS: explain::Words = explain::Words {
    what: "New access in the statement",
    denied: "was denied",
    closed: "was not allowed",
    other: "the existing policy",
};

/// Whether `new` grants nothing that `existing` does not.
///
/// A FAIL names every statement of `new` that grants something new, where AWS names one.
pub fn no_new_access(existing: &Access, new: &Access, settings: &Settings) -> Result<Outcome, InternalError> {
    let started = Instant::now();
    let (existing, new) = (settings.read(existing), settings.read(new));
    let search = search(&existing, &new);
    let found = unknown_policy::settled(&search, settings)?;
    let proof = Proof::since(started, settings, [&found]);
    let (reasons, open) = explain::reasons(&search, &found, WORDS, settings)?;
    let checked = settings.prove.then_some(found.checked);
    let notes = found.notes.into_iter().chain(open).collect();
    let (verdict, message) = match (found.witness, found.unknown) {
        (Some(witness), _) => {
            let message = "The modified permissions grant new access compared to your existing policy.";
            (Verdict::Fail { reasons, witness: Box::new(witness) }, message.to_owned())
        }
        (None, Some(why)) => {
            let message = format!("Whether the modified permissions grant new access is unknown: {why}.");
            (Verdict::Unknown(why), message)
        }
        (None, None) => {
            let message = "The modified permissions do not grant new access compared to your existing policy.";
            (Verdict::Pass, message.to_owned())
        }
    };
    Ok(Outcome { check: "no-new-access", verdict, message, proof, checked, notes })
}

/// The search behind it.
pub fn search<'p>(existing: &'p Access, new: &'p Access) -> Query<'p> {
    Query::new(new, Some(existing))
}
