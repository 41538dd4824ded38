//! What comes after a search: its witness made plain and plausible, and what is to blame explained. May ask the search again.
//!
//! A search's witness is right but may be ugly: keys that do not matter, characters that nobody types ([`simplify`]), an
//! action that does not exist ([`plausible`], [`profiles`], [`partitions`]). Whatever is proposed instead is kept only if it
//! shows the same when it is replayed. [`explain`], [`causes`], [`lifted`] and [`unchanged`] tell which parts of which
//! statements are to blame.

pub(crate) mod causes;
pub(crate) mod explain;
mod improve;
pub(crate) mod lifted;
mod partitions;
mod plausible;
mod profiles;
pub(crate) mod simplify;
pub(crate) mod unchanged;
mod usual_values;

use crate::diag::Budget;
use crate::diag::deadline;
use crate::query::{Engine, InternalError, Query, SearchResult, Settings};
use crate::search::replay::violates;
use crate::search::{catalog_scope, search, unreadable};
use std::cell::OnceCell;
use std::time::Instant;

/// Searches, and makes what is found plain; an error is an internal one: a model that does not replay.
///
/// With [`Settings::catalog_actions`] only actions of the catalog count. Else, if [`Settings::realistic`] is set and the
/// witness is not one that AWS could receive today, one that it could is looked for, and the lack of one is noted.
///
/// Where the policies have values that no documentation can read, the answer holds whatever they mean.
///
/// Policies that are not read as the settings say are a defect of whoever asks.
pub fn find(query: &Query<'_>, settings: &Settings) -> Result<SearchResult, InternalError> {
    if !query.sides().all(|access| access.is_read_as(settings.readings)) {
        return Err(InternalError("a policy was searched that is not read as the settings say".to_owned()));
    }
    match unreadable::concerns(query) {
        true => unreadable::ask(query, settings, &readable),
        false => readable(query, settings),
    }
}

/// The same of policies whose values can all be read.
fn readable(query: &Query<'_>, settings: &Settings) -> Result<SearchResult, InternalError> {
    let mut found = SearchResult::default();
    match deadline::question(&settings.budget, || answer(query, settings, &mut found)) {
        Ok(Err(internal)) => return Err(internal),
        Ok(Ok(())) => {}
        // What was found so far stands.
        Err(expired) => found.open(expired),
    }
    if let (Some(why), true) = (&found.unknown, found.witness.is_some()) {
        found.notes.push(format!("more statements may be to blame: {why}"));
    }
    Ok(found)
}

fn answer(query: &Query<'_>, settings: &Settings, found: &mut SearchResult) -> Result<(), InternalError> {
    let closed = OnceCell::new();
    let closed = || closed.get_or_init(|| catalog_scope::in_catalog(query).unwrap_or_else(|| query.clone()));
    let started = Instant::now();
    let asked = if settings.catalog_actions { closed() } else { query };
    *found = deadline::search(|| search(asked, settings)).unwrap_or_else(|expired| Ok(SearchResult::left_open(expired)))?;
    // Whatever is left undone here, the witness stands.
    if let Err(expired) = deadline::finish(|| simplified(asked, found)) {
        if settings.realistic {
            found.doubted(format!("the witness was not made plain to the end: {expired}"));
        }
        return Ok(());
    }
    let Some(witness) = found.witness.clone().filter(|witness| settings.realistic && improve::is_doubtful(witness)) else {
        note_odd_values(settings, found);
        return Ok(());
    };
    // A nicer witness may take what is left of the time, or a little more; its search need not be proved.
    let timeout = settings.budget.timeout.saturating_sub(started.elapsed()).max(settings.budget.timeout / 4);
    let budget = Budget { timeout, ..settings.budget };
    let left = Settings { budget, engine: Engine::Auto, prove: false, ..*settings };
    let nicer = || improve::improve(query, closed(), &witness, found, settings, &left);
    match deadline::finish(nicer) {
        Ok(made) => made?,
        Err(expired) => {
            found.doubted(format!("a witness as AWS could receive it was not looked for to the end: {expired}"));
        }
    }
    note_odd_values(settings, found);
    Ok(())
}

/// Says of a witness that is shown which of its values no request carries, where nothing else is said of it.
fn note_odd_values(settings: &Settings, found: &mut SearchResult) {
    if !settings.realistic || found.doubt.is_some() {
        return;
    }
    if let Some(doubt) = found.witness.as_ref().and_then(usual_values::doubt) {
        found.doubted(format!("no request that AWS could receive today was found for this witness: {doubt}"));
    }
}

/// Makes the witness plain, if there is one.
fn simplified(query: &Query<'_>, found: &mut SearchResult) {
    if let Some(witness) = &found.witness {
        let shows = |request: &_| violates(query, request).is_some();
        found.witness = Some(simplify::simplify(witness.clone(), query, &shows));
    }
}

/// Searches, with a plain witness.
fn plain(query: &Query<'_>, settings: &Settings) -> Result<SearchResult, InternalError> {
    let mut found = search(query, settings)?;
    simplified(query, &mut found);
    Ok(found)
}
