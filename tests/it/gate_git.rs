//! `check --against`: what git has beside plain files. A policy that becomes something which nobody looks at (a link, a file that
//! Git LFS did not fetch, a binary file, a text that is neither JSON nor YAML) is never a pass, whatever it was; one that is as it
//! was is left alone; and a submodule at the commit that it was at brings nothing.

use crate::gate_against::{allow, git, policy, statement};
use std::path::Path;
use std::process::Command;

fn check(folder: &Path, args: &[&str]) -> (i32, String) {
    let ran = Command::new(env!("CARGO_BIN_EXE_leastwise"))
        .current_dir(folder)
        .args(["check", ".", "--select", "new-access,lost-deny,gone-policy,undecided,unreadable-policy,not-read", "--against"])
        .args(args)
        .output()
        .unwrap();
    (ran.status.code().unwrap(), String::from_utf8(ran.stdout).unwrap() + &String::from_utf8(ran.stderr).unwrap())
}

fn commit(folder: &Path) {
    git(folder, &["add", "-A", "-f", "."]);
    git(folder, &["commit", "-q", "--allow-empty", "-m", "x"]);
}

fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "-q"]);
    folder
}

/// What may stand at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thing {
    Nothing,
    Policy,
    Denying,
    Wide,
    Link,
    OtherLink,
    Pointer,
    OtherPointer,
    Binary,
    NoText,
}

const THINGS: [Thing; 10] = [
    Thing::Nothing,
    Thing::Policy,
    Thing::Denying,
    Thing::Wide,
    Thing::Link,
    Thing::OtherLink,
    Thing::Pointer,
    Thing::OtherPointer,
    Thing::Binary,
    Thing::NoText,
];

impl Thing {
    fn put(self, path: &Path) {
        if path.is_symlink() || path.exists() {
            std::fs::remove_file(path).unwrap();
        }
        let pointer = |letter: &str| {
            format!("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 123\n", letter.repeat(64)).into_bytes()
        };
        let bytes = match self {
            Self::Nothing => return,
            Self::Link => return std::os::unix::fs::symlink("elsewhere.txt", path).unwrap(),
            Self::OtherLink => return std::os::unix::fs::symlink("other.txt", path).unwrap(),
            Self::Policy => allow("s3:GetObject").to_string().into_bytes(),
            Self::Denying => policy(&[statement("Allow", "s3:GetObject"), statement("Deny", "iam:*")]).to_string().into_bytes(),
            Self::Wide => allow("s3:*").to_string().into_bytes(),
            Self::Pointer => pointer("a"),
            Self::OtherPointer => pointer("b"),
            Self::Binary => vec![0xff, 0xff, 1, 2, 3],
            Self::NoText => b"\t- : [".to_vec(),
        };
        std::fs::write(path, bytes).unwrap();
    }

    /// What it allows beyond the others, and whether it denies; `None` where nobody sees it.
    fn says(self) -> Option<(usize, bool)> {
        match self {
            Self::Nothing => Some((0, false)),
            Self::Policy => Some((1, false)),
            Self::Denying => Some((1, true)),
            Self::Wide => Some((2, false)),
            // What is no text holds nothing, as far as anybody knows, unless it held something.
            _ => None,
        }
    }
}

#[test]
fn what_nobody_looks_at_is_never_a_pass() {
    for before in THINGS {
        let folder = repository();
        let path = folder.path().join("p.json");
        std::fs::write(folder.path().join("q.json"), allow("sns:Publish").to_string()).unwrap();
        std::fs::write(folder.path().join("elsewhere.txt"), allow("*").to_string()).unwrap();
        before.put(&path);
        commit(folder.path());
        for after in THINGS {
            after.put(&path);
            let (code, said) = check(folder.path(), &["HEAD"]);
            let what = format!("{before:?} to {after:?}: {said}");
            match (before.says(), after.says()) {
                _ if before == after => assert_eq!(code, 0, "{what}"),
                (Some((had, denied)), Some((has, denies))) => {
                    // A Deny less, of what nothing here grants, is a warning; a policy that is gone with its Deny is an error.
                    let grows = has > had || (denied && !denies && has == 0);
                    assert_eq!(code, i32::from(grows), "{what}");
                }
                // Nothing was there, and nothing that could be a policy is.
                (Some((0, false)), None) if after == Thing::NoText => assert_eq!(code, 0, "{what}"),
                (Some(_), None) => assert_ne!(code, 0, "{what}"),
                // All that it grants is new, as far as anybody knows; what it limited is not known.
                (None, Some((has, _))) if has > 0 => assert_ne!(code, 0, "{what}"),
                (None, None) if ![before, after].contains(&Thing::NoText) => assert_ne!(code, 0, "{what}"),
                _ => {}
            }
            // A name for everything that is not looked at.
            let is_unseen = !matches!(after, Thing::NoText) && after.says().is_none();
            assert_eq!(said.contains("not-read"), is_unseen, "{what}");
        }
    }
}

/// A link to a file that is looked at by its own name, and a file that git fetches through a filter, bring nothing.
#[test]
fn links_to_what_is_looked_at_bring_nothing() {
    let folder = repository();
    std::fs::write(folder.path().join("q.json"), allow("sns:Publish").to_string()).unwrap();
    commit(folder.path());
    std::os::unix::fs::symlink("q.json", folder.path().join("p.json")).unwrap();
    assert_eq!(check(folder.path(), &["HEAD"]).0, 0);
    std::fs::remove_file(folder.path().join("q.json")).unwrap();
    assert_eq!(check(folder.path(), &["HEAD"]).0, 3);
    // A link that is as it was, to what nobody looks at and has changed.
    let folder = repository();
    std::os::unix::fs::symlink("d/q.txt", folder.path().join("p.json")).unwrap();
    std::fs::create_dir(folder.path().join("d")).unwrap();
    let target = folder.path().join("d/q.txt");
    std::fs::write(&target, allow("sns:Publish").to_string()).unwrap();
    commit(folder.path());
    assert_eq!(check(folder.path(), &["HEAD"]).0, 0);
    std::fs::write(&target, allow("*").to_string()).unwrap();
    assert_eq!(check(folder.path(), &["HEAD"]).0, 3);
}

#[test]
fn files_that_git_keeps_elsewhere_are_what_they_were() {
    // A filter in place of Git LFS: the repository has a pointer, the folder the file.
    let folder = repository();
    let clean = "printf 'version https://git-lfs.github.com/spec/v1\\noid sha256:'; sha256sum | cut -c1-64; echo size 1";
    git(folder.path(), &["config", "filter.away.clean", clean]);
    git(folder.path(), &["config", "filter.away.smudge", "cat"]);
    std::fs::write(folder.path().join(".gitattributes"), "p.json filter=away\n").unwrap();
    let path = folder.path().join("p.json");
    std::fs::write(&path, allow("s3:GetObject").to_string()).unwrap();
    commit(folder.path());
    let (code, said) = check(folder.path(), &["HEAD"]);
    assert_eq!(code, 0, "{said}");
    std::fs::write(&path, allow("s3:*").to_string()).unwrap();
    assert_eq!(check(folder.path(), &["HEAD"]).0, 1);
    // What it denied is not known.
    std::fs::write(&path, "{}").unwrap();
    let (code, said) = check(folder.path(), &["HEAD"]);
    assert!(code == 3 && said.contains("Git LFS pointer"), "{said}");
}

#[test]
fn a_submodule_brings_nothing_while_it_is_where_it_was() {
    let (other, folder) = (repository(), repository());
    let denying = policy(&[statement("Deny", "iam:*")]).to_string();
    std::fs::write(other.path().join("s.json"), allow("s3:GetObject").to_string()).unwrap();
    std::fs::write(other.path().join("d.json"), denying).unwrap();
    commit(other.path());
    std::fs::write(folder.path().join("p.json"), allow("sns:Publish").to_string()).unwrap();
    let from = other.path().to_str().unwrap();
    git(folder.path(), &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", from, "sub"]);
    commit(folder.path());
    let (code, said) = check(folder.path(), &["HEAD"]);
    assert!(code == 0 && said.contains("3 policies in 3 files"), "{said}");
    // A Deny that is gone there stands in no revision of this repository.
    std::fs::remove_file(folder.path().join("sub/d.json")).unwrap();
    let (code, said) = check(folder.path(), &["HEAD"]);
    assert!(code != 0 && said.contains("submodule"), "{said}");
    // Without its files nobody sees what it holds, which is said.
    git(folder.path(), &["submodule", "--quiet", "deinit", "-f", "sub"]);
    let (code, said) = check(folder.path(), &["HEAD"]);
    assert!(said.contains("1 submodule file was not read"), "{code} {said}");
}

/// Revisions by every name that git has for one; an error for what is none, or was not fetched.
#[test]
fn revisions_are_named_as_git_names_them() {
    let folder = repository();
    let path = folder.path().join("p.json");
    std::fs::write(&path, allow("s3:GetObject").to_string()).unwrap();
    commit(folder.path());
    git(folder.path(), &["tag", "-a", "-m", "x", "first"]);
    git(folder.path(), &["checkout", "-q", "-b", "side"]);
    std::fs::write(folder.path().join("side.json"), allow("sns:Publish").to_string()).unwrap();
    commit(folder.path());
    git(folder.path(), &["checkout", "-q", "-b", "main-line", "first"]);
    std::fs::write(&path, allow("s3:*").to_string()).unwrap();
    commit(folder.path());
    git(folder.path(), &["merge", "-q", "--no-ff", "-m", "m", "side"]);
    let outer = tempfile::tempdir().unwrap();
    let tree = outer.path().join("tree");
    git(folder.path(), &["worktree", "add", "-q", tree.to_str().unwrap(), "-b", "other"]);
    for (revision, expected) in [
        ("HEAD", 0),
        ("HEAD^1", 1),
        ("HEAD~1", 1),
        ("HEAD~2", 1),
        ("HEAD^2", 1),
        ("first", 1),
        ("side", 1),
        ("HEAD~9", 2),
        ("HEAD:p.json", 2),
        ("HEAD^{tree}", 2),
        ("-p", 2),
        ("", 2),
    ] {
        for at in [folder.path(), &tree] {
            let (code, said) = check(at, &[revision]);
            assert_eq!(code, expected, "{revision:?} {said}");
        }
    }
    let shallow = outer.path().join("shallow");
    let from = format!("file://{}", folder.path().display());
    git(folder.path(), &["clone", "-q", "--depth", "1", &from, shallow.to_str().unwrap()]);
    let (code, said) = check(&shallow, &["HEAD~1"]);
    assert!(code == 2 && said.contains("fetch it first"), "{said}");
    // What counts is the work tree, not the index.
    std::fs::write(&path, allow("*").to_string()).unwrap();
    git(folder.path(), &["add", "."]);
    std::fs::write(&path, allow("s3:*").to_string()).unwrap();
    assert_eq!(check(folder.path(), &["HEAD"]).0, 0);
}
