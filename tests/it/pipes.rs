//! What becomes of the exit code, and of files, when the streams are closed, full or gone, and `-o` names no plain file.
#![cfg(unix)]

use crate::support::leastwise;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const OLD: &str = r#"{"Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}"#;
const NEW: &str = r#"{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
const UNUSED: &str = r#"[{"serviceNamespace":"s3","actions":["GetBucketAcl"]}]"#;
const SIMULATION: &str = r#"{"request": {"principal": "arn:aws:iam::111122223333:user/a", "action": "s3:GetObject",
    "resource": "arn:aws:s3:::b/k"}, "identityPolicies": [{"Statement": []}]}"#;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, text) in [("old", OLD), ("new", NEW), ("unused", UNUSED), ("simulation", SIMULATION)] {
            fs::write(folder.path(name), text).unwrap();
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(self.0.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// A command in this folder.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
        command.args(arguments).current_dir(self.0.path()).stdin(Stdio::null()).stderr(Stdio::piped());
        command
    }
}

/// A pipe whose reader has gone.
fn gone() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

fn full() -> Option<Stdio> {
    File::options().write(true).open("/dev/full").ok().map(Stdio::from)
}

/// Every command with the exit code of its answer.
const COMMANDS: &[(&[&str], i32)] = &[
    (&["no-new-access", "new", "old"], 0),
    (&["no-new-access", "old", "new"], 1),
    (&["no-new-access", "old", "new", "--format", "json", "--explain"], 1),
    (&["no-new-access", "old", "new", "--timeout", "0.000000001"], 3),
    (&["no-new-access", "old", "missing"], 2),
    (&["access-not-granted", "old", "--action", "s3:GetObject"], 1),
    (&["equivalent", "old", "new"], 1),
    (&["diff", "old", "new"], 1),
    (&["diff", "old", "new", "--format", "markdown"], 1),
    (&["refine", "old", "--unused", "unused"], 0),
    (&["refine", "old", "--unused", "unused", "-o", "refined"], 0),
    (&["verify", "old", "old", "--unused", "unused"], 1),
    (&["simulate", "simulation"], 1),
    (&["nonsense"], 2),
    (&["--help"], 0),
    (&["man"], 0),
];

#[test]
fn a_reader_that_has_gone_changes_no_exit_code() {
    let folder = Folder::new();
    for (arguments, expected) in COMMANDS {
        for (out, err) in [(true, false), (false, true), (true, true)] {
            let stream = |closed| if closed { gone() } else { Stdio::null() };
            let status = folder.command(arguments).stdout(stream(out)).stderr(stream(err)).status().unwrap();
            assert_eq!(status.code(), Some(*expected), "{arguments:?} with closed streams {out} {err}");
        }
        // Closed before the program began.
        let script = "exec \"$0\" \"$@\" >&- 2>&-";
        let program = env!("CARGO_BIN_EXE_leastwise");
        let status = Command::new("sh").args(["-c", script, program]).args(*arguments).current_dir(folder.0.path()).status();
        assert_eq!(status.unwrap().code(), Some(*expected), "{arguments:?} without streams");
    }
}

#[test]
fn lost_talk_changes_no_exit_code_and_lost_data_is_exit_code_2() {
    let folder = Folder::new();
    if full().is_none() {
        eprintln!("SKIPPED lost_talk_...: this system has no /dev/full");
        return;
    }
    for (arguments, expected) in COMMANDS {
        let status = folder.command(arguments).stdout(Stdio::null()).stderr(full().unwrap()).status().unwrap();
        assert_eq!(status.code(), Some(*expected), "{arguments:?} with a full stderr");
        let output = folder.command(arguments).stdout(full().unwrap()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        // With `-o` the data is in the file.
        let expected = if arguments.contains(&"-o") { 0 } else { 2 };
        assert_eq!(output.status.code(), Some(expected), "{arguments:?} with a full stdout: {said}");
        assert!(!said.contains("panicked"), "{arguments:?}: {said}");
        let input_is_bad = arguments.contains(&"missing") || arguments.contains(&"nonsense");
        assert!(expected == 0 || input_is_bad || said.contains("cannot write to standard output"), "{arguments:?}: {said}");
    }
}

/// Runs `refine -o OUT`: exit code and standard error.
fn refine(folder: &Folder, out: &str) -> (Option<i32>, String) {
    let output = folder.command(&["refine", "old", "--unused", "unused", "-o", out]).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

fn expected() -> String {
    let folder = Folder::new();
    let output = folder.command(&["refine", "old", "--unused", "unused"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\"s3:GetObject*\""), "{text}");
    text
}

#[test]
fn links_are_followed_and_modes_kept() {
    let (folder, text) = (Folder::new(), expected());
    fs::create_dir(folder.path("inner")).unwrap();
    fs::write(folder.path("inner/target"), "old").unwrap();
    fs::set_permissions(folder.path("inner/target"), PermissionsExt::from_mode(0o600)).unwrap();
    symlink("inner/target", folder.path("link")).unwrap();
    symlink(folder.path("link"), folder.path("chain")).unwrap();
    assert_eq!(refine(&folder, "chain").0, Some(0));
    assert!(fs::symlink_metadata(folder.path("chain")).unwrap().is_symlink());
    assert!(fs::symlink_metadata(folder.path("link")).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(folder.path("inner/target")).unwrap(), text);
    assert_eq!(fs::metadata(folder.path("inner/target")).unwrap().mode() & 0o7777, 0o600);
    // A link to nothing makes its target.
    symlink("inner/missing", folder.path("dangling")).unwrap();
    assert_eq!(refine(&folder, "dangling").0, Some(0));
    assert!(fs::symlink_metadata(folder.path("dangling")).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(folder.path("inner/missing")).unwrap(), text);
    // A new file has the mode of new files.
    fs::write(folder.path("plain"), "").unwrap();
    let new = fs::metadata(folder.path("inner/missing")).unwrap().mode();
    assert_eq!(new, fs::metadata(folder.path("plain")).unwrap().mode());
    // Both names of one file show it.
    fs::write(folder.path("one"), "a longer text than any policy ".repeat(1_000)).unwrap();
    fs::hard_link(folder.path("one"), folder.path("two")).unwrap();
    assert_eq!(refine(&folder, "two").0, Some(0));
    assert_eq!(fs::read_to_string(folder.path("one")).unwrap(), text);
    // A link in a circle is an error.
    symlink("round", folder.path("round")).unwrap();
    let (code, said) = refine(&folder, "round");
    assert!(code == Some(2) && said.contains("cannot write round"), "{said}");
    let names = folder.names();
    assert!(!names.iter().any(|name| name.contains("partial")), "{names:?}");
}

#[test]
fn what_cannot_be_written_is_refused_and_left_as_it_is() {
    let folder = Folder::new();
    fs::write(folder.path("locked"), "kept").unwrap();
    fs::set_permissions(folder.path("locked"), PermissionsExt::from_mode(0o400)).unwrap();
    symlink("locked", folder.path("link")).unwrap();
    fs::create_dir(folder.path("inner")).unwrap();
    for (out, why) in [("locked", "read-only"), ("link", "read-only"), ("inner", "folder"), ("missing/out", "cannot write")] {
        let (code, said) = refine(&folder, out);
        assert!(code == Some(2) && said.contains(why), "{out}: {code:?} {said}");
    }
    assert_eq!(fs::read_to_string(folder.path("locked")).unwrap(), "kept");
    assert_eq!(folder.names(), ["inner", "link", "locked", "new", "old", "simulation", "unused"]);
}

#[test]
fn devices_and_pipes_are_written_through() {
    let (folder, text) = (Folder::new(), expected());
    assert!(Command::new("mkfifo").arg(folder.path("pipe")).status().unwrap().success());
    let reader = std::thread::spawn({
        let path = folder.path("pipe");
        move || fs::read_to_string(path).unwrap()
    });
    assert_eq!(refine(&folder, "pipe").0, Some(0));
    assert_eq!(reader.join().unwrap(), text);
    assert!(fs::metadata(folder.path("pipe")).unwrap().file_type().is_fifo());
    // Through links, so that a failure of this test harms no device.
    symlink("/dev/null", folder.path("null")).unwrap();
    assert_eq!(refine(&folder, "null").0, Some(0));
    assert!(fs::metadata(folder.path("null")).unwrap().file_type().is_char_device());
    if Path::new("/dev/full").exists() {
        symlink("/dev/full", folder.path("full")).unwrap();
        let (code, said) = refine(&folder, "full");
        assert!(code == Some(2) && said.contains("cannot write full"), "{said}");
        assert!(fs::metadata(folder.path("full")).unwrap().file_type().is_char_device());
    }
    for out in ["/dev/stdout", "-"] {
        let output = folder.command(&["refine", "old", "--unused", "unused", "-o", out]).output().unwrap();
        assert_eq!((output.status.code(), String::from_utf8(output.stdout).unwrap()), (Some(0), text.clone()), "{out}");
        // Appended to what a shell has opened, not put in its place.
        fs::write(folder.path("log"), "before\n").unwrap();
        let log = File::options().append(true).open(folder.path("log")).unwrap();
        let inode = log.metadata().unwrap().ino();
        let status = folder.command(&["refine", "old", "--unused", "unused", "-o", out]).stdout(log).status().unwrap();
        assert_eq!(status.code(), Some(0));
        assert_eq!(fs::read_to_string(folder.path("log")).unwrap(), format!("before\n{text}"), "{out}");
        assert_eq!(fs::metadata(folder.path("log")).unwrap().ino(), inode);
    }
}

#[test]
fn folders_are_written_as_files_are() {
    let folder = Folder::new();
    fs::create_dir(folder.path("proof")).unwrap();
    fs::write(folder.path("elsewhere"), "").unwrap();
    symlink("../elsewhere", folder.path("proof/index.json")).unwrap();
    let (new, old) = (folder.path("new"), folder.path("old"));
    let (proof, smt) = (folder.path("proof"), folder.path("smt"));
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let arguments = [
        "no-new-access".to_owned(),
        text(&new),
        text(&old),
        "--proof".to_owned(),
        text(&proof),
        "--emit-smt2".to_owned(),
        text(&smt),
    ];
    let (code, _, said) = leastwise(&arguments.each_ref().map(String::as_str), "");
    assert_eq!(code, 0, "{said}");
    assert!(fs::read_to_string(folder.path("elsewhere")).unwrap().contains("obligations"));
    for inner in [proof, smt] {
        let names: Vec<_> = fs::read_dir(inner).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(!names.is_empty() && names.iter().all(|name| !name.to_string_lossy().contains("partial")), "{names:?}");
    }
}

/// Asks `batch` line by line, as a program does that waits for each answer before it asks on.
struct Batch {
    child: std::process::Child,
    input: Option<std::process::ChildStdin>,
    answers: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Batch {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_leastwise"))
            .arg("batch")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (input, answers) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()).lines());
        Self { child, input, answers }
    }

    fn write(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    fn answer(&mut self) -> serde_json::Value {
        serde_json::from_str(&self.answers.next().unwrap().unwrap()).unwrap()
    }
}

fn line(id: usize) -> String {
    format!("{{\"id\":{id},\"check\":\"no-new-access\",\"existing\":{OLD},\"new\":{NEW}}}")
}

#[test]
fn whoever_writes_one_line_and_waits_gets_its_answer() {
    for jobs in ["1", "3"] {
        let mut batch = Batch::start(&["--jobs", jobs]);
        for id in 0..20 {
            batch.write(&line(id));
            let answer = batch.answer();
            assert_eq!((&answer["id"], &answer["result"]), (&id.into(), &"FAIL".into()));
        }
        // Several at once, too, and the last without a line break.
        (20..60).for_each(|id| batch.write(&line(id)));
        (20..60).for_each(|id| assert_eq!(batch.answer()["id"], id));
        write!(batch.input.as_mut().unwrap(), "{}", line(60)).unwrap();
        drop(batch.input.take());
        assert_eq!(batch.answer()["id"], 60);
        assert!(batch.answers.next().is_none());
        assert_eq!(batch.child.wait().unwrap().code(), Some(0));
    }
}

/// Its reader goes while its writer waits: the run ends, and no line was wrong.
#[test]
fn batch_ends_when_its_reader_has_gone() {
    let mut batch = Batch::start(&[]);
    batch.write(&line(0));
    assert_eq!(batch.answer()["id"], 0);
    let Batch { mut child, input, answers } = batch;
    drop(answers);
    let mut input = input.unwrap();
    // Until it has noticed; the pipe may take some lines more.
    while writeln!(input, "{}", line(1)).is_ok() {}
    assert_eq!(child.wait().unwrap().code(), Some(0));
    if let Some(full) = full() {
        let folder = Folder::new();
        let mut child = folder.command(&["batch", "-"]).stdin(Stdio::piped()).stdout(full).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        while writeln!(input, "{}", line(1)).is_ok() {}
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8(output.stderr).unwrap().contains("cannot write the answers"));
    }
}

#[test]
fn marks_ids_and_lines_that_cannot_be_read() {
    let mut batch = Batch::start(&[]);
    let input = batch.input.as_mut().unwrap();
    let same = r#""check":"equivalent","a":{"Statement":[]},"b":{"Statement":[]}"#;
    write!(input, "\u{feff}{{\"id\":1000000000000000000000000000001,{same}}}\r\n").unwrap();
    input.write_all(b"{\"id\":\"\xff\"}\n").unwrap();
    writeln!(input, "{{{same},\"id\":\"\\u0041\"}}").unwrap();
    writeln!(input, "{{\"id\":1.0,\"check\":\"equivalent\",\"check\":1}}").unwrap();
    drop(batch.input.take());
    let answers: Vec<String> = batch.answers.map(Result::unwrap).collect();
    assert!(
        answers[0].starts_with(r#"{"id":1000000000000000000000000000001,"schema":1,"check":"equivalent","result":"PASS""#),
        "{answers:?}"
    );
    let error: serde_json::Value = serde_json::from_str(&answers[1]).unwrap();
    assert_eq!((&error["error"]["code"], &error["error"]["line"]), (&"unreadable-line".into(), &2.into()));
    assert!(error["error"]["message"].as_str().unwrap().contains("byte 7 of it"), "{error}");
    assert!(answers[2].starts_with(r#"{"id":"\u0041","schema":1,"check":"equivalent","result":"PASS""#), "{answers:?}");
    assert!(answers[3].starts_with(r#"{"id":1.0,"schema":1,"error":{"code":"duplicate-key""#), "{answers:?}");
    assert_eq!(batch.child.wait().unwrap().code(), Some(0));
}

/// What one engine cannot say was not compared, and that is said.
#[test]
fn a_second_engine_without_an_answer_is_said() {
    // No solver's string holds this character; a request without it shows the difference.
    let with =
        |name: &str| format!(r#"{{"Statement":[{{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/{name}"}}]}}"#);
    let (old, new) = (with("\u{30000}"), with("x"));
    let folder = Folder::new();
    fs::write(folder.path("old"), &old).unwrap();
    fs::write(folder.path("new"), &new).unwrap();
    let output = folder.command(&["no-new-access", "old", "new", "--cross-check", "--format", "json"]).output().unwrap();
    let alone: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut batch = Batch::start(&["--cross-check"]);
    batch.write(&format!("{{\"check\":\"no-new-access\",\"existing\":{old},\"new\":{new}}}"));
    let answer = batch.answer();
    for answer in [&alone, &answer] {
        let notes = answer["notes"].to_string();
        assert!(answer["result"] == "FAIL" && notes.contains("the other engine (z3-strings) gives no answer"), "{answer}");
    }
    let members: Vec<&String> = answer.as_object().unwrap().keys().collect();
    assert_eq!(&members[members.len() - 2..], ["notes", "proof"]);
}
