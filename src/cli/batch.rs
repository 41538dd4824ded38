//! `batch`: JSON Lines in, JSON Lines out.
//!
//! One thread reads, as many as there are cores answer, and the main thread writes in input order, each answer as soon as
//! it and all before it are there: a program that writes one line and waits gets its answer. The reader waits while
//! [`MOST_LINES`] or [`MOST_BYTES`] are on their way, so memory does not grow with the number of lines, nor with what a
//! slow line holds up. Every line carries its own answer or error, so the exit code says only whether the run went to the
//! end. What was answered before in the run is not asked again (`ops::line`).

use super::args::BatchArgs;
use super::lines::{Line, Lines};
use super::{Exit, Trouble, out, progress};
use crate::diag::STACK;
use crate::ops::Options;
use crate::ops::line::{self, Answer, Run};
use anyhow::{Context as _, anyhow};
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, BufWriter, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

/// Lines that may be on their way.
const MOST_LINES: usize = 1_024;

/// Bytes of lines that may be on their way.
const MOST_BYTES: usize = 16 << 20;

/// The most worker threads.
const MOST_JOBS: usize = 1_024;

/// `leastwise batch`
pub(crate) fn batch(args: &BatchArgs) -> Result<Exit, Trouble> {
    let file = match args.file.as_deref() {
        None => None,
        Some(path) if path == Path::new("-") => None,
        Some(path) => Some(std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?),
    };
    let cores = || thread::available_parallelism().map_or(1, usize::from);
    let jobs = args.jobs.unwrap_or_else(cores).clamp(1, MOST_JOBS);
    crate::smt::limit_memory(super::MEMORY * jobs);
    let allow_unknown = args.unknowns.allow_unknown;
    let options = Options { remarks: args.remarks, allow_unknown, ..args.asking.options() };
    let most = options.settings.budget.input_bytes;
    let run = Run::new(options);
    let (line_sender, lines) = mpsc::channel();
    let (answer_sender, answers) = mpsc::channel();
    let window = Arc::new(Window::default());
    let reader = {
        let window = window.clone();
        let read = move || match file {
            Some(file) => read(BufReader::new(file), most, &window, &line_sender),
            None => read(io::stdin().lock(), most, &window, &line_sender),
        };
        thread::Builder::new().name("reader".to_owned()).spawn(read).context("cannot start the reading thread")?
    };
    let shared = Arc::new((Mutex::new(lines), run));
    for started in 0..jobs {
        let (shared, answers) = (shared.clone(), answer_sender.clone());
        let work = move || work(&shared.0, &shared.1, &answers);
        match thread::Builder::new().name("worker".to_owned()).stack_size(STACK).spawn(work) {
            Ok(_) => {}
            // Fewer are enough.
            Err(_) if started > 0 => break,
            Err(error) => return Err(Trouble::Other(anyhow::Error::new(error).context("cannot start the worker threads"))),
        }
    }
    drop((shared, answer_sender));
    let disagree = match write(&answers, &window, args.asking.deciding.cross_check) {
        Ok(Written::All { disagree }) => disagree,
        // Nobody reads on, and no line could change the exit code.
        Ok(Written::Unheard) => out::leave(Exit::Holds as u8),
        Err(trouble) => {
            super::errors::troubled(&trouble);
            out::leave(2)
        }
    };
    match reader.join() {
        Ok(read) => read.context("cannot read the input")?,
        Err(_) => return Err(anyhow!("the reading thread failed; please report it").into()),
    }
    if disagree > 0 {
        return Err(
            anyhow!("the engines disagree about {}; please report this", crate::diag::count(disagree, "line", "lines")).into()
        );
    }
    Ok(Exit::Holds)
}

/// A line on its way, with its place among those that are answered.
struct Asked {
    place: usize,
    line: Line,
}

struct Answered {
    place: usize,
    /// Bytes of the line.
    bytes: usize,
    answer: Answer,
}

/// Reads lines as long as somebody answers them.
fn read(input: impl BufRead, most: usize, window: &Window, lines: &Sender<Asked>) -> io::Result<()> {
    for (place, line) in Lines::new(input, most).enumerate() {
        let line = line?;
        window.enter(line.bytes());
        if lines.send(Asked { place, line }).is_err() {
            break;
        }
    }
    Ok(())
}

/// Answers lines until there are no more, or nobody takes the answers.
fn work(lines: &Mutex<Receiver<Asked>>, run: &Run, answers: &Sender<Answered>) {
    loop {
        let asked = lines.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Asked { place, line }) = asked else { return };
        let (number, bytes) = (line.number, line.bytes());
        let answer = match &line.text {
            // A defect that one line shows harms no other.
            Ok(text) => {
                catch_unwind(AssertUnwindSafe(|| line::answer(text, number, run))).unwrap_or_else(|_| line::failed(number))
            }
            Err(message) => line::unreadable(number, message),
        };
        if answers.send(Answered { place, bytes, answer }).is_err() {
            return;
        }
    }
}

/// How the writing ended.
enum Written {
    /// With all answers; so many lines have answers of the engines that differ.
    All { disagree: usize },
    /// The reader of the answers has gone.
    Unheard,
}

/// Writes the answers in order; what is there is flushed before the next one is waited for. Where lines may still change
/// the exit code it goes on after its reader has gone.
fn write(answers: &Receiver<Answered>, window: &Window, to_the_end: bool) -> Result<Written, Trouble> {
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let bar = progress::counter();
    let mut early = BTreeMap::new();
    let (mut next, mut disagree, mut heard) = (0, 0, true);
    loop {
        let answered = match answers.try_recv() {
            Ok(answered) => answered,
            Err(TryRecvError::Disconnected) => break,
            Err(TryRecvError::Empty) => {
                heard = heard && out::heard(out.flush()).context("cannot write the answers")?;
                if !heard && !to_the_end {
                    return Ok(Written::Unheard);
                }
                match answers.recv() {
                    Ok(answered) => answered,
                    Err(mpsc::RecvError) => break,
                }
            }
        };
        early.insert(answered.place, answered);
        while let Some(Answered { bytes, answer, .. }) = early.remove(&next) {
            next += 1;
            window.leave(bytes);
            disagree += usize::from(answer.disagree);
            heard = heard && out::heard(writeln!(out, "{}", answer.text)).context("cannot write the answers")?;
            if !heard && !to_the_end {
                return Ok(Written::Unheard);
            }
            bar.inc(1);
        }
    }
    if heard {
        out::heard(out.flush()).context("cannot write the answers")?;
    }
    bar.finish_and_clear();
    Ok(Written::All { disagree })
}

/// How much is on its way: lines and their bytes.
#[derive(Debug, Default)]
struct Window {
    now: Mutex<(usize, usize)>,
    left: Condvar,
}

impl Window {
    /// Waits until there is room for a line; one alone always has.
    fn enter(&self, bytes: usize) {
        let now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |now: &mut (usize, usize)| !Self::has_room(*now, bytes);
        let mut now = self.left.wait_while(now, full).unwrap_or_else(PoisonError::into_inner);
        *now = (now.0 + 1, now.1 + bytes);
    }

    fn leave(&self, bytes: usize) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *now = (now.0 - 1, now.1 - bytes);
        self.left.notify_one();
    }

    fn has_room((lines, in_use): (usize, usize), bytes: usize) -> bool {
        lines == 0 || (lines < MOST_LINES && in_use + bytes <= MOST_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_on_its_way_than_there_is_room_for() {
        assert!(Window::has_room((0, 0), usize::MAX), "one line always has room");
        assert!(Window::has_room((MOST_LINES - 1, 0), MOST_BYTES));
        assert!(!Window::has_room((MOST_LINES, 0), 0));
        assert!(!Window::has_room((1, MOST_BYTES), 1));
    }

    /// Answers that come in any order go out in theirs, and a line that enters waits for one that has left.
    #[test]
    fn whoever_waits_for_room_goes_on_when_a_line_has_left() {
        let window = Arc::new(Window::default());
        window.enter(MOST_BYTES);
        let (sender, entered) = mpsc::channel();
        let other = window.clone();
        let waiting = thread::spawn(move || {
            other.enter(1);
            sender.send(*other.now.lock().unwrap()).unwrap();
        });
        assert_eq!(entered.try_recv(), Err(TryRecvError::Empty));
        window.leave(MOST_BYTES);
        assert_eq!(entered.recv().unwrap(), (1, 1));
        waiting.join().unwrap();
    }
}
