//! Which principals of an account can do something, and who outside?
//!
//! One question a principal, action and resource: is some such request of that principal allowed by everything that is known
//! to decide about it? CAN is shown by a request that was replayed, CANNOT is proved, anything else is UNKNOWN with the
//! reason. A policy that is missing or cannot be read is taken to allow everything: what is CANNOT even so is proved.
//!
//! Fast, because accounts repeat themselves: of each policy only the statements that can match the action are kept
//! ([`super::prune`]), principals to whom the same statements apply are one *shape*, and a shape is asked once, about any
//! principal of the account. What is proved so holds for each; what is found is put into each principal's mouth and replayed
//! with its own ARN, tags and ids; where that fails the principal is asked about alone (`decide`).

mod cast;
mod controls;
mod decide;
mod known;
mod outside;
mod report;

pub use report::{Answered, Grant, Line, Summary};

use super::Accounts;
use super::prune::Actions;
use super::resource_control::{Bound, bound};
use crate::diag::Span;
use crate::policy::ResourcePattern;
use crate::question::{InternalError, Settings};
use crate::request::Request;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// What is asked: any of these actions on any of these resources; an empty list of resources is any resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Action patterns, as in a policy.
    pub actions: Vec<String>,
    /// Resource patterns, as in a policy.
    pub resources: Vec<String>,
}

/// CAN, CANNOT or UNKNOWN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Shown by a request that was replayed.
    Can,
    /// Not decided.
    Unknown,
    /// Proved.
    Cannot,
}

impl Verdict {
    /// Its name in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Can => "CAN",
            Self::Unknown => "UNKNOWN",
            Self::Cannot => "CANNOT",
        }
    }
}

/// One action pattern on one resource pattern.
#[derive(Debug)]
struct Question {
    actions: Actions,
    action: String,
    resource: Option<(String, ResourcePattern)>,
}

/// The answer to one question about one principal.
#[derive(Debug, Clone)]
struct Answer {
    verdict: Verdict,
    witness: Option<Request>,
    grants: Vec<Grant>,
    notes: Vec<String>,
}

/// Asks about every principal of the input, and about who outside; the lines are in the order of the ARNs, those of
/// outsiders last.
pub fn who_can(accounts: &Accounts, asked: &Asked, settings: &Settings) -> Result<(Vec<Line>, Summary), InternalError> {
    let started = Instant::now();
    let resources: Vec<Option<(String, ResourcePattern)>> = match asked.resources.as_slice() {
        [] => vec![None],
        texts => {
            let read =
                |text: &String| settings.readings.pattern(ResourcePattern::of_resource_policy(text, Span::default(), false));
            texts.iter().map(|text| Some((text.clone(), read(text)))).collect()
        }
    };
    let mut answers: Vec<Vec<Answer>> = Vec::new();
    let mut questions = Vec::new();
    let mut outsiders = Vec::new();
    let principals = cast::principals(accounts);
    let texts = cast::Texts::of(accounts);
    // What binds resources is the same for all principals of an account, and for all questions.
    let mut bounds: BTreeMap<&str, Bound> = BTreeMap::new();
    for who in &principals {
        bounds.entry(who.account()).or_insert_with_key(|account| bound(accounts, account));
    }
    let unbound = Bound::default();
    for action in &asked.actions {
        let actions = Actions::new(action);
        let pruned = texts.pruned(&actions);
        for resource in &resources {
            let question = Question { actions: actions.clone(), action: action.clone(), resource: resource.clone() };
            let known = known::relevant(accounts, &texts, &pruned, &question);
            let shapes = cast::shapes(accounts, &principals, &texts, &pruned);
            let of_shapes = parallel(shapes.len(), |at| match shapes.get(at) {
                Some(shape) => {
                    let bound = bounds.get(shape.account.as_str()).unwrap_or(&unbound);
                    decide::shape(shape, &principals, &known, &question, accounts, bound, settings)
                }
                None => Ok(Vec::new()),
            })?;
            let mut own: Vec<Option<Answer>> = principals.iter().map(|_| None).collect();
            for (at, answer) in of_shapes.into_iter().flatten() {
                if let Some(slot) = own.get_mut(at) {
                    *slot = Some(answer);
                }
            }
            answers.push(own.into_iter().map(|answer| answer.unwrap_or_else(Answer::left)).collect());
            outsiders.push(outside::who(accounts, &known, &question, settings)?);
            questions.push(question);
        }
    }
    Ok(report::lines(&principals, &questions, answers, outsiders, started))
}

impl Answer {
    fn unknown(why: impl Into<String>) -> Self {
        Self { verdict: Verdict::Unknown, witness: None, grants: Vec::new(), notes: vec![why.into()] }
    }

    /// Of a principal that no shape holds: there is none.
    fn left() -> Self {
        Self::unknown("it was not asked about")
    }
}

/// Runs work on all cores; the results are in the order of the numbers.
fn parallel<R: Send>(count: usize, work: impl Fn(usize) -> Result<R, InternalError> + Sync) -> Result<Vec<R>, InternalError> {
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(count);
    if workers <= 1 {
        return (0..count).map(work).collect();
    }
    let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                // Z3's contexts only grow, and are one a thread.
                crate::smt::in_fresh_context(|| {
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        if at >= count {
                            break;
                        }
                        let result = work(at);
                        if let Ok(mut results) = results.lock() {
                            results.push((at, result));
                        }
                    }
                });
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}
