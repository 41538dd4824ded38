//! `batch`: JSON Lines in, JSON Lines out.
//!
//! Lines are read in blocks of a fixed number, answered on all cores, and written in order before the next block is
//! read, so memory does not grow with the number of lines. Every line carries its own answer or error, so the exit code
//! says only whether the run went to the end. What was answered before in the run is not asked again ([`super::cache`]).

use super::args::BatchArgs;
use super::cache::Cache;
use super::line::Run;
use super::{Exit, Trouble, line, progress};
use crate::diag::Budget;
use anyhow::{Context as _, anyhow};
use rayon::prelude::*;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::path::Path;

/// Lines that one worker takes at a time.
const PIECE: usize = 8;

/// Bytes of lines that are read before they are answered.
const MOST_BYTES: usize = 16 << 20;

/// `leastwise batch`
pub(crate) fn batch(args: &BatchArgs) -> Result<Exit, Trouble> {
    let mut input: Box<dyn BufRead> = match args.file.as_deref() {
        None => Box::new(std::io::stdin().lock()),
        Some(path) if path == Path::new("-") => Box::new(std::io::stdin().lock()),
        Some(path) => {
            let file = std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
            Box::new(BufReader::new(file))
        }
    };
    let mut pool = rayon::ThreadPoolBuilder::new();
    if let Some(jobs) = args.jobs {
        pool = pool.num_threads(jobs.clamp(1, 1_024));
    }
    let pool = pool.build().context("cannot start the worker threads")?;
    crate::smt::limit_memory(super::MEMORY * pool.current_num_threads());
    let settings = args.settings();
    let run = Run { settings, cross_check: args.cross_check, remarks: args.remarks, cache: Cache::default() };
    let block = pool.current_num_threads() * PIECE * 32;
    let bar = progress::counter();
    let mut out = std::io::stdout().lock();
    let (mut number, mut disagree) = (0, 0);
    loop {
        let mut lines = Vec::with_capacity(block);
        let mut bytes = 0;
        while lines.len() < block && bytes < MOST_BYTES {
            let Some(text) = next_line(&mut *input, settings.budget.input_bytes).context("cannot read the input")? else { break };
            number += 1;
            bytes += text.as_ref().map_or(0, String::len);
            if text.as_ref().is_ok_and(|text| text.trim().is_empty()) {
                continue;
            }
            lines.push((number, text));
        }
        if lines.is_empty() {
            break;
        }
        let answers: Vec<String> = pool.install(|| {
            lines
                .par_chunks(PIECE)
                .flat_map_iter(|piece| {
                    let answer = |(number, text): &(usize, Result<String, String>)| match text {
                        Ok(text) => line::answer(text, *number, &run),
                        Err(message) => unreadable(*number, message),
                    };
                    piece.iter().map(answer).collect::<Vec<_>>()
                })
                .collect()
        });
        for answer in &answers {
            disagree += usize::from(args.cross_check && answer.contains(&format!("\"code\":\"{}\"", line::DISAGREE)));
            writeln!(out, "{answer}").context("cannot write the answers")?;
        }
        out.flush().context("cannot write the answers")?;
        bar.inc(u64::try_from(answers.len()).unwrap_or(0));
    }
    bar.finish_and_clear();
    if disagree > 0 {
        return Err(anyhow!("the engines disagree about {disagree} lines; please report them").into());
    }
    Ok(Exit::Holds)
}

fn unreadable(number: usize, message: &str) -> String {
    serde_json::json!({"id": null, "error": {"code": "unreadable-line", "message": message, "line": number}}).to_string()
}

/// The next line, `None` at the end; a line that is too long or no UTF-8 is an error of its own and is skipped whole.
fn next_line(input: &mut dyn BufRead, most: usize) -> std::io::Result<Option<Result<String, String>>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let mut limited = (&mut *input).take(limit);
    if limited.read_until(b'\n', &mut bytes)? == 0 {
        return Ok(None);
    }
    if bytes.len() > most && bytes.last() != Some(&b'\n') {
        skip_line(input)?;
        let limit = Budget::default().input_bytes;
        return Ok(Some(Err(format!("the line has more than {limit} bytes"))));
    }
    Ok(Some(String::from_utf8(bytes).map_err(|_| "the line is not UTF-8 text".to_owned())))
}

fn skip_line(input: &mut dyn BufRead) -> std::io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let (used, done) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), false),
        };
        input.consume(used);
        if done {
            return Ok(());
        }
    }
}
