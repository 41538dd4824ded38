//! What the tests share: the corpus, and short ways to make policies.

use leastwise::diag::{Budget, Source};
use leastwise::policy::{Access, ArnMatching, Policy, Readings, access_json};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The corpus folder, or `None` with a visible note that the test is skipped.
pub(crate) fn corpus(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("LEASTWISE_CORPUS").map_or_else(|| root().join("../shared/data"), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED {test}: no corpus at {} (set LEASTWISE_CORPUS)", folder.display());
    None
}

/// The lines of a packed JSON Lines file.
pub(crate) fn lines(path: &Path) -> Vec<serde_json::Value> {
    let packed = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut text = String::new();
    ruzstd::decoding::StreamingDecoder::new(packed.as_slice()).unwrap().read_to_string(&mut text).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A budget of so many of Z3's steps, which are the same on every machine. Time is there for a machine that hangs: whether a
/// test passes must not hang on how busy the machine is.
pub(crate) fn steps(rlimit: u32) -> Budget {
    Budget { timeout: Duration::from_secs(1_800), rlimit, ..Budget::default() }
}

/// The access definition, read so that wildcards in its resources reach so far.
pub(crate) fn reaching(access: Access, arn_matching: ArnMatching) -> Access {
    access.read_as(reach(arn_matching)).unwrap_or(access)
}

/// The readings of which this one is how far wildcards in resources reach.
pub(crate) fn reach(arn_matching: ArnMatching) -> Readings {
    Readings { arn_matching, ..Readings::default() }
}

/// A policy alone.
pub(crate) fn policy(name: &str, value: &serde_json::Value) -> Access {
    Policy::read(&Source::new(name, value.to_string()), &Budget::default()).unwrap_or_else(|found| panic!("{found}")).into()
}

/// A stack of policies.
pub(crate) fn stack(name: &str, value: &serde_json::Value) -> Access {
    try_stack(name, value).unwrap_or_else(|| panic!("{name}: {value}"))
}

/// A stack of policies, if it is one.
pub(crate) fn try_stack(name: &str, value: &serde_json::Value) -> Option<Access> {
    let source = Source::new(name, value.to_string());
    let value = leastwise::json::read(&source, &Budget::default()).ok()?;
    access_json::stack(&source, &value).ok().map(Access::from)
}

/// Runs the program: exit code, standard output, standard error. Colors and paths of the machine stay out.
pub(crate) fn leastwise(args: &[&str], input: &str) -> (i32, String, String) {
    leastwise_in(root(), args, input)
}

/// The same in another folder.
pub(crate) fn leastwise_in(folder: &Path, args: &[&str], input: &str) -> (i32, String, String) {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_leastwise"))
        .args(args)
        .args(crate::proofs::kept_by_program(args))
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || _ = stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Numbers that are the same on every machine (Marsaglia, "Xorshift RNGs", 2003).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % most as u64).unwrap()
    }
}
