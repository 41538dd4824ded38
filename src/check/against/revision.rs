//! What was there in a git revision?
//!
//! Asked of `git` itself, whatever the number of files by a handful of processes. Paths are relative to the working folder, as
//! reports show them.
//!
//! Source: Git documentation, git-cat-file ("BATCH OUTPUT"), git-diff ("--name-status"), git-ls-tree.

use crate::diag::{Budget, Diagnostic, Source};
use crate::sources;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A revision of a git repository.
#[derive(Debug)]
pub struct Revision {
    commit: String,
}

impl Revision {
    /// The revision of a name; an error if git does not know it.
    pub fn open(name: &str) -> Result<Self, Diagnostic> {
        let help = "run this inside a git repository, and give a branch, tag or commit that it has (fetch it first)";
        let bad = |why: String| Diagnostic::bare("unknown-revision", format!("cannot compare with `{name}`: {why}"), help);
        if name.starts_with('-') {
            return Err(bad("this is not a revision".to_owned()));
        }
        let asked = Command::new("git").args(["rev-parse", "--verify", "--quiet", &format!("{name}^{{commit}}")]).output();
        let asked = asked.map_err(|error| bad(format!("git cannot be run: {error}")))?;
        if !asked.status.success() {
            return Err(bad("git does not know it".to_owned()));
        }
        Ok(Self { commit: String::from_utf8_lossy(&asked.stdout).trim().to_owned() })
    }

    /// The name of the revision in reports.
    pub(super) fn name(&self) -> &str {
        self.commit.get(..12).unwrap_or(&self.commit)
    }

    /// How many folders the working folder is below that of the repository.
    pub(super) fn depth(&self) -> usize {
        prefix().matches('/').count()
    }

    /// All files below these paths; none below a path that the repository does not have.
    pub(super) fn files(&self, paths: &[PathBuf]) -> BTreeSet<String> {
        let mut out = BTreeSet::new();
        for path in paths {
            let shown = crate::diag::shown_path(path);
            let path = if shown.is_empty() { ".".to_owned() } else { format!("./{shown}") };
            let listed = git(&["ls-tree", "-r", "-z", "--name-only", &self.commit, &path]);
            out.extend(listed.iter().flat_map(|all| all.split('\0')).filter(|one| !one.is_empty()).map(str::to_owned));
        }
        out
    }

    /// From where git says that files were renamed, with how much of them is the same: by their paths now.
    pub(super) fn renames(&self) -> BTreeMap<String, (String, String)> {
        let args = ["diff", "-M", "--diff-filter=R", "--name-status", "-z", "--no-relative", "--no-ext-diff", &self.commit, "--"];
        let all = git(&args).unwrap_or_default();
        let (prefix, up) = (prefix(), "../".repeat(self.depth()));
        let from_here = |path: &str| path.strip_prefix(prefix.as_str()).map_or_else(|| format!("{up}{path}"), str::to_owned);
        let mut parts = all.split('\0');
        let mut out = BTreeMap::new();
        while let (Some(how), Some(old), Some(new)) = (parts.next(), parts.next(), parts.next()) {
            let percent = how.trim_start_matches('R').trim_start_matches('0').to_owned();
            out.insert(from_here(new), (from_here(old), percent));
        }
        out
    }

    /// The paths that are not as they were, as far as git has them; submodules by their folders.
    pub(super) fn changed(&self) -> BTreeSet<String> {
        let args = ["diff", "--no-renames", "--name-only", "-z", "--no-relative", "--no-ext-diff", &self.commit, "--"];
        let all = git(&args).unwrap_or_default();
        let (prefix, up) = (prefix(), "../".repeat(self.depth()));
        let from_here = |path: &str| path.strip_prefix(prefix.as_str()).map_or_else(|| format!("{up}{path}"), str::to_owned);
        all.split('\0').filter(|path| !path.is_empty()).map(from_here).collect()
    }

    /// The folders of submodules, in the whole repository.
    pub(super) fn submodules(&self) -> BTreeSet<String> {
        let all = git(&["ls-tree", "-r", "-z", "--full-tree", &self.commit]).unwrap_or_default();
        let (prefix, up) = (prefix(), "../".repeat(self.depth()));
        let from_here = |path: &str| path.strip_prefix(prefix.as_str()).map_or_else(|| format!("{up}{path}"), str::to_owned);
        let links = all.split('\0').filter_map(|line| line.strip_prefix("160000 ")?.split_once('\t'));
        links.map(|(_, path)| from_here(path)).collect()
    }

    /// The files of these paths as they were; `None` of one that was not there. An error is one that cannot be read.
    pub(super) fn read(&self, paths: &[String]) -> Result<Vec<Option<Result<Source, Diagnostic>>>, Diagnostic> {
        let bad = |error: std::io::Error| Diagnostic::bare("unknown-revision", format!("git cannot be run: {error}"), "");
        // A name with a line break cannot be asked for: such a file was not there.
        let asked: Vec<&String> = paths.iter().filter(|path| !path.contains(['\n', '\r'])).collect();
        let mut input = String::new();
        asked.iter().for_each(|path| input += &format!("{}:./{path}\n", self.commit));
        let mut child = Command::new("git")
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(bad)?;
        let stdin = child.stdin.take();
        // Git answers while it reads, so somebody else must write.
        let writer = std::thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(input.as_bytes())));
        let output = child.wait_with_output().map_err(bad)?.stdout;
        // A git that ended before it read everything has answered less, and what is missing was not there.
        drop(writer.join());
        let mut answers = BTreeMap::new();
        let mut rest = output.as_slice();
        for path in asked {
            let Some(end) = rest.iter().position(|byte| *byte == b'\n') else { break };
            let (head, after) = rest.split_at(end);
            let after = after.get(1..).unwrap_or_default();
            let head = String::from_utf8_lossy(head);
            let mut words = head.rsplit(' ');
            let (size, kind) = (words.next().and_then(|size| size.parse::<usize>().ok()), words.next());
            match (kind, size) {
                (Some("blob" | "tree" | "commit" | "tag"), Some(size)) => {
                    let (content, after) = after.split_at(size.min(after.len()));
                    if kind == Some("blob") {
                        answers.insert(path.as_str(), content);
                    }
                    rest = after.get(1..).unwrap_or_default();
                }
                _ => rest = after,
            }
        }
        // A partial clone lacks what it was not asked for: that is not the same as a file that was not there.
        let some_lack = paths.iter().any(|path| !answers.contains_key(path.as_str()));
        let there = if some_lack { self.files(&[PathBuf::new()]) } else { BTreeSet::new() };
        if let Some(path) = paths.iter().find(|path| !answers.contains_key(path.as_str()) && there.contains(*path)) {
            let message = format!("{}:{path} is in the revision, and git does not give what it holds", self.name());
            let help = "fetch the revision whole, or name the file without a line break";
            return Err(Diagnostic::bare("unreadable-input", message, help));
        }
        Ok(paths.iter().map(|path| answers.get(path.as_str()).map(|content| self.source(path, content))).collect())
    }

    /// What a file of the repository was; `None` of one that git does not have, now or in the revision.
    ///
    /// # Errors
    /// git cannot be run.
    pub fn tracked(&self, path: &std::path::Path) -> Result<Option<Option<Source>>, Diagnostic> {
        let shown = crate::diag::shown_path(path);
        let before = self.read(std::slice::from_ref(&shown))?.pop().flatten();
        let is_there = || git(&["ls-files", "--error-unmatch", "--", &shown]).is_some();
        Ok(match before {
            Some(read) => Some(read.ok()),
            None => is_there().then_some(None),
        })
    }

    fn source(&self, path: &str, content: &[u8]) -> Result<Source, Diagnostic> {
        let name = format!("{}:{path}", self.name());
        if content.len() > Budget::default().input_bytes {
            return Err(Diagnostic::bare("input-too-large", format!("{name} is too large to be compared with"), ""));
        }
        let text = sources::decode(&name, content.to_vec())?;
        Ok(Source::new(name, text))
    }
}

/// The path of the working folder in the repository, empty or with a slash at its end.
fn prefix() -> String {
    git(&["rev-parse", "--show-prefix"]).unwrap_or_default().trim_end_matches('\n').to_owned()
}

/// What git says, if it says anything.
fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
