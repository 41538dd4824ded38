//! All entities at once, on all cores, in order.

use super::Entity;
use super::recommend::{Recommendation, Recommender};
use crate::question::InternalError;
use crate::smt;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Entities that one context of Z3 serves: contexts only grow.
const PER_CONTEXT: usize = 64;

type Slot<'a> = Option<Result<Recommendation<'a>, InternalError>>;

/// How many threads work.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// What is recommended for each of these entities, in their order.
pub fn all<'a>(recommender: &Recommender<'a, '_>, entities: &[&'a Entity]) -> Result<Vec<Recommendation<'a>>, InternalError> {
    let threads = threads().min(entities.len().max(1));
    let next = AtomicUsize::new(0);
    let slots: Mutex<Vec<Slot<'a>>> = Mutex::new(entities.iter().map(|_| None).collect());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let from = next.fetch_add(PER_CONTEXT, Ordering::Relaxed);
                    let Some(part) = entities.get(from..entities.len().min(from + PER_CONTEXT)).filter(|part| !part.is_empty())
                    else {
                        return;
                    };
                    let done =
                        smt::in_fresh_context(|| part.iter().map(|entity| recommender.recommend(entity)).collect::<Vec<_>>());
                    let mut slots = slots.lock().unwrap_or_else(PoisonError::into_inner);
                    slots.iter_mut().skip(from).zip(done).for_each(|(slot, done)| *slot = Some(done));
                }
            });
        }
    });
    let slots = slots.into_inner().unwrap_or_else(PoisonError::into_inner);
    slots.into_iter().flatten().collect()
}
