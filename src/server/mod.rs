//! `serve`: the Access Analyzer REST API over the same questions that `batch` answers.
//!
//! HTTP in, a line of `batch` to the solver's threads ([`pool`]), an answer in AWS's shape out. Every request has a budget,
//! a limit of its body and a time within which it must have come; connections are bounded too, and so is what is kept. On
//! TERM or INT no new connection is taken, and what was accepted is answered. Everything is kept in memory and forgotten at
//! the end.
//!
//! Source: IAM Access Analyzer API reference, version 2019-11-01 (REST, JSON).

mod analyzers;
mod body;
mod checks;
mod configurations;
mod error;
mod findings;
mod held;
mod listen;
mod page;
mod patient;
mod pool;
mod previews;
mod recommendations;
mod routes;
mod sts;

pub use held::Held;

use crate::ops;
use crate::ops::line::{self, Run};
use pool::Question;
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;

/// How the server runs.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Threads that answer questions.
    pub workers: usize,
    /// Questions that may wait for one of them.
    pub queue: usize,
    /// The most bytes of a body.
    pub most_body: usize,
    /// Connections at once.
    pub connections: usize,
    /// How long a client may take for its headers, then for its body, and to take more of an answer.
    pub patience: Duration,
    /// How long the end waits for what was accepted.
    pub farewell: Duration,
    /// The account that clients are said to be of; the zone of trust of previews.
    pub account: String,
    /// The region of analyzers' ARNs.
    pub region: String,
    /// The account that findings are about.
    pub held: Option<Arc<Held>>,
    /// Whether each request is told.
    pub log: bool,
    /// Says something on standard error.
    pub say: fn(&str),
    /// How questions are answered.
    pub asked: ops::Options,
}

/// What all requests share.
struct App {
    options: Options,
    pool: pool::Pool,
    bodies: body::Limits,
    analyzers: Mutex<analyzers::Analyzers>,
    previews: Mutex<previews::Previews>,
    /// Who gets in from outside an account of its own, and from outside all accounts, once it was asked.
    outside: OnceCell<Vec<Value>>,
    outside_organization: OnceCell<Vec<Value>>,
    /// Ids of findings.
    archived: Mutex<BTreeSet<String>>,
    recommendations: Mutex<recommendations::Recommendations>,
    ids: AtomicU64,
}

impl App {
    fn analyzers(&self) -> MutexGuard<'_, analyzers::Analyzers> {
        self.analyzers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn previews(&self) -> MutexGuard<'_, previews::Previews> {
        self.previews.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn archived(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.archived.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recommendations(&self) -> MutexGuard<'_, recommendations::Recommendations> {
        self.recommendations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An id that this server gave nothing else, of the form of a UUID.
    fn next_id(&self) -> String {
        let number = self.ids.fetch_add(1, Ordering::Relaxed);
        format!("{:08x}-0000-4000-8000-{:012x}", std::process::id(), number)
    }
}

/// The time now, as the API writes times.
fn now() -> String {
    let now = jiff::Timestamp::now();
    format!("{now:.3}")
}

/// Serves until a signal ends it; says on standard error where it listens.
///
/// # Errors
/// The address cannot be listened on, or threads cannot be started.
pub fn serve(options: Options) -> anyhow::Result<()> {
    let (run, settings, held) = (Run::new(options.asked.clone()), options.asked.settings, options.held.clone());
    let answer: pool::Answerer = Arc::new(move |question| {
        let answered = || match (question, &held) {
            (Question::Line(text), _) => line::answer(text, 1, &run).text,
            (Question::Recommendation(arn), Some(held)) => held.recommend(arn, &settings).to_string(),
            (Question::Recommendation(_), None) => line::failed(1).text,
        };
        // A defect that one request shows harms no other.
        catch_unwind(AssertUnwindSafe(answered)).unwrap_or_else(|_| line::failed(1).text)
    });
    let app = App {
        pool: pool::Pool::start(options.workers, options.queue, &answer)?,
        bodies: body::Limits::new(options.most_body, options.patience),
        analyzers: Mutex::new(analyzers::at_start(&options)),
        previews: Mutex::default(),
        outside: OnceCell::new(),
        outside_organization: OnceCell::new(),
        archived: Mutex::default(),
        recommendations: Mutex::default(),
        ids: AtomicU64::new(1),
        options,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(listen::until_told(Arc::new(app)))
}
