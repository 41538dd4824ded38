//! How are connections taken, and how does the server end?
//!
//! HTTP/1.1 by hyper, a bounded number of connections, limits of time for the headers of each request and for a client that
//! takes no answer. On TERM or INT the listener closes, requests that were accepted are answered, idle connections are
//! closed, and after a while the rest is.

use super::patient::Patient;
use super::{App, routes};
use anyhow::Context as _;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// Serves until TERM or INT.
pub(super) async fn until_told(app: Arc<App>) -> anyhow::Result<()> {
    let options = app.options.clone();
    let mut end = Box::pin(signal()?);
    let listener = TcpListener::bind(options.listen).await.with_context(|| format!("cannot listen on {}", options.listen))?;
    (options.say)(&format!("listening on http://{} as account {}\n", listener.local_addr()?, options.account));
    let router = routes::router(app);
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(options.connections));
    loop {
        let taken = tokio::select! {
            () = &mut end => break,
            room = room.clone().acquire_owned() => room,
        };
        let stream = tokio::select! {
            () = &mut end => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, _) = match stream {
            Ok(accepted) => accepted,
            // The system is short of something for a while, or the client has gone already.
            Err(_) => {
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let mut server = hyper::server::conn::http1::Builder::new();
        server.timer(TokioTimer::new()).header_read_timeout(options.patience).max_buf_size(64 << 10);
        let served = server
            .serve_connection(TokioIo::new(Patient::new(stream, options.patience)), TowerToHyperService::new(router.clone()));
        let served = graceful.watch(served);
        tokio::spawn(async move {
            // A client that breaks off harms nobody else.
            let _ = served.await;
            drop(taken);
        });
    }
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = tokio::time::sleep(options.farewell) => (options.say)("some requests were not finished in time\n"),
    }
    Ok(())
}

/// Ends when the process is told to.
fn signal() -> anyhow::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(async move {
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
