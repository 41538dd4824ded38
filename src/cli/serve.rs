//! `serve`: the doors of the HTTP server. Arguments in; what a request asks is answered as a line of `batch` is.

use super::args::ServeArgs;
use super::cache::Cache;
use super::line::{self, Run};
use super::{Exit, Trouble};
use crate::server::{self, Answerer, Options};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// `leastwise serve`
pub(crate) fn serve(args: &ServeArgs) -> Result<Exit, Trouble> {
    let workers = args.jobs.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from)).clamp(1, 256);
    crate::smt::limit_memory(super::MEMORY * workers);
    let run = Run {
        settings: args.deciding.settings(),
        cross_check: args.deciding.cross_check,
        remarks: args.remarks,
        explain: args.explaining.explain,
        allow_unknown: false,
        proof: None,
        emit_smt2: None,
        cache: Cache::default(),
    };
    let answer: Answerer = Arc::new(move |text| {
        // A defect that one request shows harms no other.
        catch_unwind(AssertUnwindSafe(|| line::answer(text, 1, &run))).unwrap_or_else(|_| line::failed(1)).text
    });
    let options = Options {
        listen: args.listen,
        workers,
        queue: args.queue,
        most_body: args.max_body,
        connections: args.connections,
        patience: Duration::from_secs(10),
        farewell: Duration::from_secs(30),
        account: args.account_id.clone(),
        region: args.region.clone(),
        log: !args.quiet,
        say: super::say,
    };
    server::serve(options, &answer)?;
    Ok(Exit::Holds)
}
