//! Asserts a search that is empty iff the policy allows none of the listed actions on any of the listed resources.
//!
//! Actions alone mean on any resource, resources alone mean any action. Source: IAM Access Analyzer,
//! CheckAccessNotGranted.

use super::{InternalError, Outcome, Proof, Settings, Verdict, unknown_policy};
use crate::diag::Span;
use crate::glob::Glob;
use crate::policy::{self, ResourcePattern};
use crate::query::{ActionScope, Query};
use crate::witness::explain;
use std::time::Instant;

/// The access that must not be granted. Patterns are written as in a policy; an empty list means any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// Action patterns.
    pub actions: Vec<String>,
    /// Resource patterns.
    pub resources: Vec<String>,
}

/// Whether `policy` grants none of `access`.
pub fn access_not_granted(policy: &policy::Access, access: &Access, settings: &Settings) -> Result<Outcome, InternalError> {
    let started = Instant::now();
    let policy = settings.read(policy);
    let search = search(&policy, access, settings);
    let found = unknown_policy::settled(&search, settings)?;
    let proof = Proof::since(started, settings, [&found]);
    let words = explain::alone("One or more of the listed actions or resources in the statement");
    let (reasons, open) = explain::reasons(&search, &found, words, settings)?;
    let checked = settings.prove.then_some(found.checked);
    let notes = found.notes.into_iter().chain(open).collect();
    let (verdict, message) = match (found.witness, found.unknown) {
        (Some(witness), _) => {
            let message = "The policy document grants access to perform one or more of the listed actions or resources.";
            (Verdict::Fail { reasons, witness: Box::new(witness) }, message.to_owned())
        }
        (None, Some(why)) => {
            let message = format!("Whether the policy document grants the listed access is unknown: {why}.");
            (Verdict::Unknown(why), message)
        }
        (None, None) => {
            let message = "The policy document does not grant access to perform the listed actions or resources.";
            (Verdict::Pass, message.to_owned())
        }
    };
    Ok(Outcome { check: "access-not-granted", verdict, message, proof, checked, notes })
}

/// The search behind it, of a policy that is read as the settings say, as the listed resources are here.
pub fn search<'p>(policy: &'p policy::Access, access: &Access, settings: &Settings) -> Query<'p> {
    let globs: Vec<Glob> = access.actions.iter().map(|action| Glob::parse(action).to_ascii_lowercase()).collect();
    let patterns = access.resources.iter().map(|resource| ResourcePattern::of_resource_policy(resource, Span::default(), false));
    let patterns = patterns.map(|pattern| settings.readings.pattern(pattern));
    Query {
        actions: if globs.is_empty() { ActionScope::All } else { ActionScope::Matching(globs) },
        resources: if access.resources.is_empty() { None } else { Some(patterns.collect()) },
        ..Query::new(policy, None)
    }
}
