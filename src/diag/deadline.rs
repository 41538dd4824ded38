//! When must the work at hand end, and how is it left?
//!
//! A question has one deadline, set at its top ([`question`]), and every long loop below asks in passing whether it is
//! over ([`check`], [`spend`]). Where it is, the work is left at once: the stack unwinds to the nearest of the functions
//! here that run work, which returns [`Expired`]. So parsers, evaluators and encoders need no error type for something
//! that they cannot handle anyway; `salsa` cancels queries in the same way. Memory is asked about along with the time.
//!
//! The time falls into phases: a search may take the timeout, its witness is made plain until an eighth more, and all of
//! it, the report included, ends after a quarter more.
//!
//! Invariants: outside [`question`] nothing is ever left. An inner limit never outlasts an outer one. A panic that is not
//! ours goes on. A program that is built with `panic = "abort"` cannot unwind: there a check does nothing, and only who
//! asks [`over`] stops.

use super::Budget;
use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Which limit was hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expired {
    /// This timeout.
    Time(Duration),
    /// So many bytes of memory.
    Memory(usize),
    /// So many steps.
    Steps(u64),
}

impl fmt::Display for Expired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(timeout) => write!(f, "the time budget of {timeout:?} is used up"),
            Self::Memory(bytes) => write!(f, "the memory budget of {} MB is used up", bytes >> 20),
            Self::Steps(steps) => write!(f, "the budget of {steps} steps is used up"),
        }
    }
}

impl std::error::Error for Expired {}

/// What is in force on this thread.
#[derive(Debug, Clone, Copy)]
struct Limits {
    started: Instant,
    /// The timeout that was asked for.
    timeout: Duration,
    /// The end of the phase at hand.
    until: Instant,
    /// Bytes that the process may grow by, and those it had.
    memory: usize,
    before: usize,
    /// What [`steps`] says where the phase ends, and how many steps that were.
    last_step: u64,
    most_steps: u64,
}

thread_local! {
    static LIMITS: Cell<Option<Limits>> = const { Cell::new(None) };
    /// Steps until the clock is looked at again, and how many they were after the last look.
    static STEPS: Cell<u32> = const { Cell::new(0) };
    static GRANTED: Cell<u32> = const { Cell::new(0) };
    /// Steps that this thread had taken at the last look.
    static TAKEN: Cell<u64> = const { Cell::new(0) };
    /// When the memory was last looked at.
    static LOOKED: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// How many steps this thread has taken: the same for the same work on every machine, which a clock never says.
pub fn steps() -> u64 {
    TAKEN.get() + u64::from(GRANTED.get() - STEPS.get())
}

/// How many steps work takes on this thread: what tests bound, where a clock would depend on the machine.
#[cfg(test)]
pub(crate) fn steps_of<R>(work: impl FnOnce() -> R) -> usize {
    let before = steps();
    work();
    usize::try_from(steps() - before).unwrap_or(usize::MAX)
}

/// Questions that are being asked, on all threads: they share the process's memory.
static ASKED: AtomicUsize = AtomicUsize::new(0);

/// Steps between two looks at the clock: a step is worth a microsecond at most, usually much less.
const STEPS_PER_LOOK: u32 = 4_000;

/// How often the memory is looked at, which is a call of the system.
const LOOK_AT_MEMORY: Duration = Duration::from_millis(4);

/// Runs a whole question, report included; within another one, as a part of it.
pub fn question<R>(budget: &Budget, work: impl FnOnce() -> R) -> Result<R, Expired> {
    if LIMITS.get().is_some() {
        return attempt(work);
    }
    let (started, timeout) = (Instant::now(), budget.timeout);
    let until = started + timeout + timeout / 4;
    ASKED.fetch_add(1, Ordering::Relaxed);
    let before = lately_resident();
    let limits = Limits { started, timeout, until, memory: budget.memory, before, last_step: u64::MAX, most_steps: u64::MAX };
    let _restored = Restore(LIMITS.replace(Some(limits)), true);
    attempt(work)
}

/// Runs the search of a question: it ends with the question's timeout.
pub fn search<R>(work: impl FnOnce() -> R) -> Result<R, Expired> {
    phase(|limits| Limits { until: limits.started + limits.timeout, ..limits }, work)
}

/// Runs what makes a witness plain, after the search.
pub fn finish<R>(work: impl FnOnce() -> R) -> Result<R, Expired> {
    phase(|limits| Limits { until: limits.started + limits.timeout + limits.timeout / 8, ..limits }, work)
}

/// Runs work that may take so long at most.
pub fn at_most<R>(longest: Duration, work: impl FnOnce() -> R) -> Result<R, Expired> {
    phase(|limits| Limits { until: Instant::now() + longest, ..limits }, work)
}

/// Runs work that may take so many steps at most.
pub fn at_most_steps<R>(most: u64, work: impl FnOnce() -> R) -> Result<R, Expired> {
    phase(|limits| Limits { last_step: steps().saturating_add(most), most_steps: most, ..limits }, work)
}

/// Runs work within the limits in force, and catches where it is left.
pub fn attempt<R>(work: impl FnOnce() -> R) -> Result<R, Expired> {
    // What was half done is either dropped, or a list of findings, of which each is whole.
    catch_unwind(AssertUnwindSafe(work)).map_err(|thrown| match thrown.downcast::<Expired>() {
        Ok(expired) => *expired,
        Err(panic) => resume_unwind(panic),
    })
}

fn phase<R>(narrowed: impl FnOnce(Limits) -> Limits, work: impl FnOnce() -> R) -> Result<R, Expired> {
    let inner = LIMITS.get().map(|outer| {
        let own = narrowed(outer);
        let sooner = if own.last_step < outer.last_step { own } else { outer };
        Limits { until: outer.until.min(own.until), last_step: sooner.last_step, most_steps: sooner.most_steps, ..outer }
    });
    let _restored = Restore(LIMITS.replace(inner), false);
    // The first step looks.
    grant(0);
    attempt(work)
}

/// Counts the steps since the last look, and lets so many more be taken until the next.
fn grant(next: u32) {
    TAKEN.set(steps());
    GRANTED.set(next);
    STEPS.set(next);
}

/// Puts the outer limits back, also where the stack unwinds.
struct Restore(Option<Limits>, bool);

impl Drop for Restore {
    fn drop(&mut self) {
        LIMITS.set(self.0);
        if self.1 {
            ASKED.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Leaves the work if its time or memory is used up; cheap enough for every turn of a loop.
#[inline]
pub fn check() {
    spend(1);
}

/// The same for a turn that is worth so many steps.
#[inline]
pub fn spend(steps: usize) {
    let few = u32::try_from(steps).unwrap_or(u32::MAX);
    match STEPS.get().checked_sub(few) {
        Some(left) => STEPS.set(left),
        None => {
            TAKEN.set(TAKEN.get().saturating_add(u64::from(few)));
            look();
        }
    }
}

/// The same where a turn is long: the clock is looked at now.
#[cold]
pub fn look() {
    grant(STEPS_PER_LOOK);
    if let Some(expired) = over() {
        leave(expired);
    }
}

/// Leaves the work that is being done, where that can be, for the nearest function that catches it.
fn leave(expired: Expired) {
    if cfg!(panic = "unwind") && !std::thread::panicking() {
        again(expired);
    }
}

/// Goes on leaving the work after it was caught.
pub fn again(expired: Expired) -> ! {
    // Not a panic: no hook is called, no message printed.
    resume_unwind(Box::new(expired))
}

/// Which limit has been hit, if one has.
pub fn over() -> Option<Expired> {
    let limits = LIMITS.get()?;
    if steps() >= limits.last_step {
        return Some(Expired::Steps(limits.most_steps));
    }
    let now = Instant::now();
    if now >= limits.until {
        return Some(Expired::Time(limits.timeout));
    }
    if LOOKED.get().is_some_and(|last| now.duration_since(last) < LOOK_AT_MEMORY) {
        return None;
    }
    LOOKED.set(Some(now));
    // Others may be growing too: together they may take what each may.
    let grown = resident()?.saturating_sub(limits.before);
    (grown / ASKED.load(Ordering::Relaxed).max(1) > limits.memory).then_some(Expired::Memory(limits.memory))
}

/// The time until the end of the phase at hand; `None` if there is no limit.
pub fn left() -> Option<Duration> {
    LIMITS.get().map(|limits| limits.until.saturating_duration_since(Instant::now()))
}

/// The same as [`resident`], or what it was a moment ago: to ask the system takes longer than many a question. 0 where it
/// does not tell.
fn lately_resident() -> usize {
    thread_local! {
        static KNOWN: Cell<Option<(Instant, usize)>> = const { Cell::new(None) };
    }
    let now = Instant::now();
    if let Some((_, bytes)) = KNOWN.get().filter(|(last, _)| now.duration_since(*last) < LOOK_AT_MEMORY) {
        return bytes;
    }
    let bytes = resident().unwrap_or(0);
    KNOWN.set(Some((now, bytes)));
    bytes
}

/// Bytes that the process has in memory, where the system tells.
fn resident() -> Option<usize> {
    memory_stats::memory_stats().map(|stats| stats.physical_mem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forever() {
        loop {
            check();
        }
    }

    const NONE: Budget = Budget { timeout: Duration::ZERO, ..Budget::DEFAULT };

    #[test]
    fn work_is_left_where_its_time_is_over_and_never_without_a_question() {
        (0..10_000).for_each(|_| check());
        assert_eq!(question(&NONE, forever), Err(Expired::Time(Duration::ZERO)));
        assert_eq!((left(), over()), (None, None));
        (0..10_000).for_each(|_| check());
    }

    #[test]
    fn an_inner_limit_ends_its_own_work_alone_and_never_outlasts_the_outer() {
        let hour = Budget { timeout: Duration::from_secs(3_600), ..Budget::default() };
        let inner = question(&hour, || {
            let ended = at_most(Duration::ZERO, forever);
            (0..10_000).for_each(|_| check());
            (ended, search(|| at_most(Duration::from_secs(7_200), left)).unwrap().ok().flatten())
        });
        let (ended, left) = inner.unwrap();
        assert_eq!(ended, Err(Expired::Time(hour.timeout)));
        assert!(left.is_some_and(|left| left <= hour.timeout), "{left:?}");
        // A question within a question is a part of it.
        assert_eq!(question(&NONE, || question(&hour, forever)), Ok(Err(Expired::Time(Duration::ZERO))));
    }

    #[test]
    fn steps_are_a_limit_that_no_clock_moves() {
        let hour = Budget { timeout: Duration::from_secs(3_600), ..Budget::default() };
        let within = |taken: u64, most: u64| {
            let work = || (0..taken).for_each(|_| spend(10));
            question(&hour, || at_most_steps(most, work)).unwrap()
        };
        // It is looked at every so often, never too soon.
        assert_eq!((within(900, 10_000), within(100_000, 10_000)), (Ok(()), Err(Expired::Steps(10_000))));
        assert_eq!(within(100_000, 10_000).unwrap_err().to_string(), "the budget of 10000 steps is used up");
        // An inner limit never outlasts an outer one, and what was left goes on.
        let nested = question(&hour, || {
            let ended = at_most_steps(10_000, || at_most_steps(u64::MAX, forever));
            check();
            ended
        });
        assert_eq!(nested, Ok(Ok(Err(Expired::Steps(10_000)))));
        assert!((1_000_000..1_010_000).contains(&steps_of(|| (0..1_000).for_each(|_| spend(1_000)))));
    }

    #[test]
    fn memory_is_a_limit_too() {
        let budget = Budget { memory: 8 << 20, timeout: Duration::from_secs(3_600), ..Budget::default() };
        let found = question(&budget, || {
            let mut kept: Vec<Vec<u8>> = Vec::new();
            loop {
                kept.push(vec![1; 1 << 20]);
                std::thread::sleep(Duration::from_millis(1));
                spend(1_000);
            }
        });
        if resident().is_some() {
            let found: Result<(), Expired> = found;
            assert_eq!(found.unwrap_err().to_string(), "the memory budget of 8 MB is used up");
        }
    }

    #[test]
    #[should_panic(expected = "a panic of another's")]
    fn a_panic_goes_on() {
        let _ = question(&Budget::default(), || panic!("a panic of another's"));
    }
}
