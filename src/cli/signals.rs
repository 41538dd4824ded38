//! What is left behind when a signal ends the program?
//!
//! No temporary file: while one exists its path is known here, and INT, TERM and HUP first remove it and then end the
//! program as they would have done, so that whoever waits for it sees the signal. Signals are caught from the first
//! file on that is written; one that was ignored when the program began (`nohup`) stays ignored.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tempfile::NamedTempFile;

/// The temporary file that exists now.
static PARTIAL: Mutex<Option<PathBuf>> = Mutex::new(None);

fn partial() -> MutexGuard<'static, Option<PathBuf>> {
    PARTIAL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A temporary file that a signal removes; so does dropping it.
pub(super) struct Guarded(Option<NamedTempFile>);

/// Makes one. While it is made, and while it goes, a signal waits.
pub(super) fn guarded(make: impl FnOnce() -> io::Result<NamedTempFile>) -> io::Result<Guarded> {
    catch();
    let mut current = partial();
    let file = make()?;
    *current = Some(file.path().to_owned());
    Ok(Guarded(Some(file)))
}

impl Guarded {
    pub(super) fn as_file(&self) -> io::Result<&std::fs::File> {
        self.0.as_ref().map(NamedTempFile::as_file).ok_or_else(|| io::Error::other("the temporary file has gone"))
    }

    /// Does the last thing with it.
    pub(super) fn done(mut self, last: impl FnOnce(NamedTempFile) -> io::Result<()>) -> io::Result<()> {
        let mut current = partial();
        *current = None;
        self.0.take().map_or(Ok(()), last)
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if let Some(file) = self.0.take() {
            let mut current = partial();
            *current = None;
            drop(file);
        }
    }
}

#[cfg(not(unix))]
fn catch() {}

/// Starts to wait for signals, once.
#[cfg(unix)]
fn catch() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    static STARTED: std::sync::Once = std::sync::Once::new();
    STARTED.call_once(|| {
        let ignored = ignored();
        let wanted = [SIGHUP, SIGINT, SIGTERM].into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0);
        // Without a waiter a signal ends the program as ever, and may leave the temporary file.
        let Ok(mut signals) = signal_hook::iterator::Signals::new(wanted) else { return };
        std::thread::spawn(move || {
            for signal in signals.forever() {
                let current = partial();
                if let Some(path) = current.as_deref() {
                    let _ = std::fs::remove_file::<&Path>(path);
                }
                // Still locked: nothing new begins.
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
        });
    });
}

/// The set of signals that this process ignores, where the system tells.
#[cfg(unix)]
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::{Child, Command, Stdio};

    /// Set for the process that the test below starts: the folder to write in.
    const FOLDER: &str = "LEASTWISE_TEST_SIGNALS";

    /// Holds a temporary file until its input ends, if it is the process of the test below.
    #[test]
    fn holder() {
        let Some(folder) = std::env::var_os(FOLDER) else { return };
        let file = guarded(|| tempfile::NamedTempFile::new_in(folder)).unwrap();
        println!("\nholding");
        let _ = std::io::stdin().read_line(&mut String::new());
        drop(file);
    }

    fn start(folder: &Path, before: &str) -> Child {
        let script = format!("{before} exec \"$0\" cli::signals::tests::holder --exact --nocapture");
        let mut child = Command::new("sh")
            .args(["-c", &script])
            .arg(std::env::current_exe().unwrap())
            .env(FOLDER, folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.as_mut().unwrap());
        assert!(out.lines().any(|line| line.unwrap() == "holding"));
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), 1);
        child
    }

    fn send(child: &Child, signal: &str) {
        assert!(Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap().success());
    }

    /// Whether this process, and so its children, ignore a signal: as a shell's `nohup` makes them.
    fn is_ignored(number: i32) -> bool {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).map(str::trim);
        mask.and_then(|mask| u64::from_str_radix(mask, 16).ok()).is_some_and(|mask| mask >> (number - 1) & 1 == 1)
    }

    #[test]
    fn a_signal_removes_the_temporary_file_and_ends_the_program_as_ever() {
        for (name, number) in [("TERM", 15), ("INT", 2), ("HUP", 1)] {
            // It would stay ignored, and the wait would never end.
            if is_ignored(number) {
                println!("SKIPPED: {name} is ignored here");
                continue;
            }
            let folder = tempfile::tempdir().unwrap();
            let mut child = start(folder.path(), "");
            // `wait` would close it, and the process would end by itself.
            let _open = child.stdin.take();
            send(&child, name);
            assert_eq!(child.wait().unwrap().signal(), Some(number), "{name}");
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{name}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn an_ignored_signal_stays_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let mut child = start(folder.path(), "trap '' HUP;");
        send(&child, "HUP");
        child.stdin.take().unwrap().write_all(b"\n").unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
}
