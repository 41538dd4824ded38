//! Which witness would a person believe? One that AWS could receive today, if any shows the same.
//!
//! Asked only where the witness at hand is doubtful ([`super::plausible`]). First among the actions that exist, then among
//! the requests of one action profile after the other ([`super::profiles`]).

use super::partitions;
use super::plain;
use super::plausible::{self, Fit};
use super::profiles::profiles;
use crate::catalog::Catalog;
use crate::diag::Budget;
use crate::query::{ActionScope, Engine, InternalError, Query, SearchResult, Settings};
use crate::request::Request;
use std::collections::VecDeque;

/// Whether AWS could not receive a request today, as far as the catalog tells.
pub(super) fn is_doubtful(witness: &Request) -> bool {
    plausible::doubts(witness, Fit::Usual).is_some()
}

/// Puts a witness that AWS could receive in place of a doubtful one, or a note that there is none. `closed` is the query
/// among the actions that exist, `left` what the settings leave of time.
pub(super) fn improve(
    query: &Query<'_>,
    closed: &Query<'_>,
    doubtful: &Request,
    found: &mut SearchResult,
    settings: &Settings,
    left: &Settings,
) -> Result<(), InternalError> {
    // A search that shows a request of an action that exists need not be done again among these.
    let is_closed = settings.catalog_actions || matches!(query.actions, ActionScope::Listed(_));
    let exists = Catalog::latest().canonical_action(&doubtful.action).is_some();
    let of_catalog = match exists || is_closed && settings.engine == Engine::Auto {
        true => SearchResult { witness: Some(doubtful.clone()), ..SearchResult::default() },
        false => plain(closed, left)?,
    };
    among_profiles(closed, of_catalog, doubtful, found, left)
}

/// What may be done to search profiles for a nicer witness of a FAIL that is known, as [`SearchResult::work`] counts: by
/// steps, since the same question has the same witness on every machine, however busy.
const MOST_WORK: usize = 20_000_000;

/// What a profile costs beside its search, in the same measure.
const PROFILE: usize = 20_000;

/// The most profiles that may be left open before Z3 is asked about no more.
const MOST_OPEN: usize = 8;

/// Another witness for a doubtful one, if AWS could receive any today that shows the same; else a note. `of_catalog` is
/// what was found among the actions that exist.
// Long: one search for a better witness, under one deadline, with a note for every way that it ends.
fn among_profiles(
    closed: &Query<'_>,
    of_catalog: SearchResult,
    doubtful: &Request,
    found: &mut SearchResult,
    left: &Settings,
) -> Result<(), InternalError> {
    let mut most_work = MOST_WORK.min(left.budget.work);
    found.count(&of_catalog);
    let of_catalog = match (of_catalog.witness, of_catalog.unknown) {
        (Some(witness), _) => witness,
        (None, Some(_)) => doubtful.clone(),
        (None, None) => {
            found.doubted(format!("only actions that do not exist yet: {}", doubtful.action));
            return Ok(());
        }
    };
    let exists = Catalog::latest().canonical_action(&doubtful.action).is_some();
    let (mut complete, mut open) = (true, 0);
    for fit in [Fit::Usual, Fit::Possible] {
        if let Some(witness) = [&of_catalog, doubtful].into_iter().find(|one| plausible::doubts(one, fit).is_none()) {
            found.witness = Some(witness.clone());
            return Ok(());
        }
        let (profiles_of_fit, all) = profiles(closed, &of_catalog.action, fit);
        complete &= all;
        // Each with whether it is of one partition only.
        let mut profiles_left: VecDeque<(Query<'_>, bool)> = profiles_of_fit.map(|profile| (profile, false)).collect();
        while let Some((profile, is_of_one)) = profiles_left.pop_front() {
            if most_work == 0 {
                complete = false;
                break;
            }
            // What automata leave open is worth a few short looks.
            let budget = Budget { work: most_work, rlimit: left.budget.rlimit.min(1_000_000), ..left.budget };
            let of_profile = plain(&profile, &Settings { z3: left.z3 && open < MOST_OPEN, budget, ..*left })?;
            most_work = most_work.saturating_sub(of_profile.work + PROFILE);
            open += usize::from(of_profile.unknown.is_some());
            found.count(&of_profile);
            complete &= of_profile.unknown.is_none();
            let Some(witness) = of_profile.witness else { continue };
            if plausible::doubts(&witness, fit).is_none() {
                found.witness = Some(witness);
                return Ok(());
            }
            if partitions::doubt(&witness).is_some() && !is_of_one {
                let apart = partitions::told_apart(&profile);
                profiles_left.extend(
                    apart.into_iter().filter_map(|partition| Some((partitions::in_partition(&profile, partition)?, true))),
                );
            } else {
                complete = false;
            }
        }
    }
    let witness = if exists { doubtful.clone() } else { of_catalog };
    if let Some(doubt) = plausible::doubts(&witness, Fit::Possible) {
        found.doubted(match complete {
            true => format!("AWS could not receive such a request today, as far as the catalog tells: {doubt}"),
            false => format!("no request that AWS could receive today was found for this witness: {doubt}"),
        });
    }
    found.witness = Some(witness);
    Ok(())
}
