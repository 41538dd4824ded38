//! Who does the solver's work, and how much of it may wait?
//!
//! Z3 blocks and keeps a context a thread, so questions go to threads of their own, through a queue that is bounded: what
//! does not fit is refused at once, and the client comes back. A question whose client has gone is not asked any more. When
//! the pool is dropped, what was accepted is still answered.

use super::error::{ApiError, Shape};
use crate::diag::STACK;
use crate::report::json::OUT_OF_BUDGET;
use serde_json::Value;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use tokio::sync::oneshot;

/// What the threads are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Question {
    /// A line of `batch`.
    Line(String),
    /// What should take the place of the policies of an entity, by its ARN.
    Recommendation(String),
}

/// Answers one question by a line of JSON; that of a line of `batch` is a line of `batch`.
pub(super) type Answerer = Arc<dyn Fn(&Question) -> String + Send + Sync>;

struct Job {
    question: Question,
    reply: oneshot::Sender<String>,
}

/// An answer that will come.
pub(super) struct Waiting(oneshot::Receiver<String>);

impl Waiting {
    /// The answer, once it is there.
    ///
    /// # Errors
    /// The answer is an error.
    pub(super) async fn answer(self) -> Result<Value, ApiError> {
        let line = self.0.await.map_err(|_| defect())?;
        let answer: Value = serde_json::from_str(&line).map_err(|_| defect())?;
        match answer.get("error") {
            None => Ok(answer),
            Some(error) => Err(refused(error)),
        }
    }
}

/// Threads that answer questions.
pub(super) struct Pool {
    jobs: SyncSender<Job>,
}

impl Pool {
    /// Starts `workers` threads; `queue` questions may wait for them.
    pub(super) fn start(workers: usize, queue: usize, answer: &Answerer) -> std::io::Result<Self> {
        let (jobs, waiting) = sync_channel(queue);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..workers {
            let (waiting, answer) = (waiting.clone(), answer.clone());
            thread::Builder::new().name("solver".to_owned()).stack_size(STACK).spawn(move || work(&waiting, &answer))?;
        }
        Ok(Self { jobs })
    }

    /// The answer to one question.
    ///
    /// # Errors
    /// The queue is full, or the answer is an error.
    pub(super) async fn ask(&self, question: &Value) -> Result<Value, ApiError> {
        self.put(Question::Line(question.to_string()))?.answer().await
    }

    /// A recommendation for an entity.
    ///
    /// # Errors
    /// The queue is full.
    pub(super) fn recommendation(&self, arn: &str) -> Result<Waiting, ApiError> {
        self.put(Question::Recommendation(arn.to_owned()))
    }

    fn put(&self, question: Question) -> Result<Waiting, ApiError> {
        let (reply, answer) = oneshot::channel();
        match self.jobs.try_send(Job { question, reply }) {
            Ok(()) => Ok(Waiting(answer)),
            Err(TrySendError::Full(_)) => Err(ApiError::new(Shape::Throttling, "Too many requests are waiting; try again.")),
            Err(TrySendError::Disconnected(_)) => Err(defect()),
        }
    }
}

fn work(waiting: &Mutex<Receiver<Job>>, answer: &Answerer) {
    loop {
        let job = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { question, reply }) = job else { return };
        if !reply.is_closed() {
            // The client may have gone meanwhile.
            let _ = reply.send(answer(&question));
        }
    }
}

fn defect() -> ApiError {
    ApiError::new(Shape::Internal, "The server failed on this request, which is a defect; please report it.")
}

/// The error of a line, as a shape.
fn refused(error: &Value) -> ApiError {
    let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
    let shape = match text("code") {
        "internal-error" | "could-not-run" | "engines-disagree" => Shape::Internal,
        OUT_OF_BUDGET => Shape::Unprocessable,
        "bad-request" | "empty-name" | "malformed-action" | "no-access" | "not-an-arn" | "unknown-action" | "unknown-service" => {
            Shape::Validation
        }
        _ => Shape::InvalidParameter,
    };
    // Places are those of a line that the client did not write.
    let message = text("message");
    let own = message.strip_prefix("line 1:").and_then(|rest| rest.split_once(": ")).map_or(message, |(_, rest)| rest);
    ApiError::new(shape, own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::sync::mpsc;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
    }

    #[test]
    fn what_does_not_fit_into_the_queue_is_refused_and_what_was_accepted_is_answered() {
        let (started, begun) = mpsc::channel();
        let (open, gate) = mpsc::channel::<()>();
        let gate = Mutex::new(gate);
        let started = Mutex::new(started);
        let answer: Answerer = Arc::new(move |question| {
            started.lock().unwrap().send(()).unwrap();
            gate.lock().unwrap().recv().unwrap();
            let Question::Line(line) = question else { unreachable!("only lines are asked") };
            line.clone()
        });
        let pool = Arc::new(Pool::start(1, 1, &answer).unwrap());
        runtime().block_on(async {
            let ask = |number: u64| {
                let pool = pool.clone();
                async move { pool.ask(&json!({"number": number})).await }
            };
            let first = tokio::spawn(ask(1));
            tokio::task::yield_now().await;
            begun.recv().unwrap();
            let second = tokio::spawn(ask(2));
            tokio::task::yield_now().await;
            assert_eq!(ask(3).await.unwrap_err().shape, Shape::Throttling);
            open.send(()).unwrap();
            open.send(()).unwrap();
            assert_eq!(first.await.unwrap().unwrap()["number"], 1);
            assert_eq!(second.await.unwrap().unwrap()["number"], 2);
        });
    }

    #[test]
    fn the_error_of_a_line_becomes_a_shape_without_the_lines_own_place() {
        let answer: Answerer =
            Arc::new(|_| r#"{"error":{"code":"json-syntax","message":"line 1:1:46: this is not JSON","line":1}}"#.to_owned());
        let pool = Pool::start(1, 1, &answer).unwrap();
        let error = runtime().block_on(pool.ask(&json!({}))).unwrap_err();
        assert_eq!(error, ApiError::new(Shape::InvalidParameter, "this is not JSON"));
    }
}
