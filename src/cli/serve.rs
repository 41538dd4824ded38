//! `serve`: arguments in; what a request asks is answered by `server`.

use super::args::ServeArgs;
use super::{Exit, Trouble};
use crate::ops::Options;
use crate::server;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// `leastwise serve`
pub(crate) fn serve(args: &ServeArgs) -> Result<Exit, Trouble> {
    let workers = args.jobs.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from)).clamp(1, 256);
    crate::smt::limit_memory(super::MEMORY * workers);
    let asked = Options { remarks: args.remarks, explain: args.explaining.explain, ..args.deciding.options() };
    let held = args.holding.read()?;
    let account = args.account_id.clone().or_else(|| held.as_ref()?.account());
    server::serve(server::Options {
        listen: args.listen,
        workers,
        queue: args.queue,
        most_body: args.max_body,
        connections: args.connections,
        patience: Duration::from_secs(10),
        farewell: Duration::from_secs(30),
        account: account.unwrap_or_else(|| "123456789012".to_owned()),
        held: held.map(Arc::new),
        region: args.region.clone(),
        log: !args.quiet,
        say: super::say,
        asked,
    })?;
    Ok(Exit::Holds)
}
