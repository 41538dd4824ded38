//! `check --against`: what a changed configuration asks less, files that cannot be read, paths in every spelling, files that git has
//! though it ignores them, and what a policy that is gone belonged to.

use crate::gate_against::{allow, git, policy, statement, template};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Output};

fn put(folder: &Path, path: &str, text: &[u8]) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// A repository with a commit of these files, which are gone from the folder, and others in their place.
fn repository(before: &[(&str, &str)], after: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    before.iter().for_each(|(path, text)| put(folder.path(), path, text.as_bytes()));
    git(folder.path(), &["init", "-q"]);
    git(folder.path(), &["add", "-f", "."]);
    git(folder.path(), &["commit", "-q", "--allow-empty", "-m", "before"]);
    before.iter().for_each(|(path, _)| std::fs::remove_file(folder.path().join(path)).unwrap());
    after.iter().for_each(|(path, text)| put(folder.path(), path, text.as_bytes()));
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_leastwise")).current_dir(folder).args(["check"]).args(arguments).output().unwrap()
}

/// The exit code, and each finding with its rule, path, message and notes.
fn against(folder: &Path, arguments: &[&str]) -> (i32, Vec<String>) {
    let more = ["--against", "HEAD", "--format", "json"];
    let ran = run(folder, &[arguments, &more].concat());
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    let value: Value = serde_json::from_slice(&ran.stdout).unwrap_or_else(|_| panic!("{said}"));
    let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    let line = |one: &Value| format!("{} {} {} {}", text(one, "rule"), text(one, "path"), text(one, "message"), one["notes"]);
    (ran.status.code().unwrap(), value["findings"].as_array().unwrap().iter().map(line).collect())
}

fn narrow() -> String {
    policy(&[json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"})]).to_string()
}

fn wide() -> String {
    allow("iam:*").to_string()
}

/// A configuration that asks for less says so, and cannot hide that; a file that it passes over is not passed over in silence.
#[test]
fn a_configuration_that_asks_for_less_is_told() {
    let (narrow, wide) = (narrow(), wide());
    let hidden = "exclude = [\"p*\"]\nignore = [\"undecided\", \"assumption\", \"new-access\"]\n";
    for (before, after, configuration, code, told) in [
        (
            "",
            narrow.as_str(),
            "exclude = [\"p*\"]\n",
            3,
            vec!["undecided leastwise.toml", "`p*` passes over 1 file", "it passes over p*"],
        ),
        (&narrow, &wide, "exclude = [\"p*\"]\n", 3, vec!["undecided leastwise.toml", "[\"p.json\"]"]),
        (&narrow, &wide, hidden, 3, vec!["undecided leastwise.toml", "new-access is not asked any more"]),
        (&narrow, &narrow, "exclude = [\"p*\"]\n", 0, vec!["it passes over p*"]),
        (&narrow, &narrow, "[severity]\nnew-access = \"note\"\n", 0, vec!["new-access is of the level note, and was of error"]),
        (
            &narrow,
            &narrow,
            "[[allow]]\nrule = \"administrator\"\npath = \"x\"\nreason = \"why\"\n",
            0,
            vec!["it approves administrator in x: why"],
        ),
        (&narrow, &narrow, "[trusted]\naccounts = [\"111122223333\"]\n", 0, vec!["it trusts 111122223333"]),
        (&narrow, &narrow, "fail-on = \"warning\"\n", 0, vec![]),
    ] {
        let mut old = vec![("q.json", narrow.as_str()), ("leastwise.toml", "")];
        old.extend((!before.is_empty()).then_some(("p.json", before)));
        let folder = repository(&old, &[("q.json", narrow.as_str()), ("p.json", after), ("leastwise.toml", configuration)]);
        let (ended, found) = against(folder.path(), &["."]);
        assert_eq!(ended, code, "{configuration}: {found:#?}");
        let all = found.join("\n");
        assert!(told.iter().all(|part| all.contains(part)), "{configuration}: {found:#?}");
        assert_eq!(all.contains("The configuration asks for less"), !told.is_empty(), "{configuration}: {found:#?}");
        // Only the command itself can leave that out.
        let (_, found) = against(folder.path(), &[".", "--ignore", "assumption,undecided"]);
        assert!(!found.join("\n").contains("leastwise.toml The configuration"), "{found:#?}");
    }
    // One that is gone asked for more.
    let asked = "fail-on = \"note\"\n[[boundary]]\npolicies = [\"arn:aws:iam::*:policy/b\"]\n[wildcards]\nactions = \"all\"\n";
    let folder = repository(&[("p.json", &narrow), ("leastwise.toml", asked)], &[("p.json", &narrow)]);
    let (_, found) = against(folder.path(), &["."]);
    let all = found.join("\n");
    for part in ["from error on, and did from note", "the boundary arn:aws:iam::*:policy/b is not asked", "fewer wildcards"] {
        assert!(all.contains(part), "{found:#?}");
    }
    let most = "[[reference]]\npolicy = \"most.json\"\n";
    let folder =
        repository(&[("most.json", &narrow), ("leastwise.toml", most)], &[("most.json", &wide), ("leastwise.toml", most)]);
    let (_, found) = against(folder.path(), &["."]);
    assert!(found.join("\n").contains("the reference policy most.json is not what it was"), "{found:#?}");
}

/// A file of the revision that nobody can read may have limited somebody; one that cannot be read now is told as that alone.
#[test]
fn files_that_cannot_be_read_are_told() {
    let narrow = narrow();
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "binary.json", b"{\"Statement\": \"\xff\"}");
    put(folder.path(), "broken.json", b"{\"Statement\": [{\"Effect\": \"Deny\",");
    put(folder.path(), "p.json", narrow.as_bytes());
    git(folder.path(), &["init", "-q"]);
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "-q", "-m", "before"]);
    ["binary.json", "broken.json"].iter().for_each(|path| std::fs::remove_file(folder.path().join(path)).unwrap());
    let (code, found) = against(folder.path(), &["."]);
    let told = |path: &str| found.iter().any(|one| one.starts_with(&format!("undecided {path} Whether what {path} limited")));
    assert!(code == 3 && told("binary.json") && told("broken.json"), "{found:#?}");
    // One that has another name now, and cannot be read.
    let broken = &narrow[..narrow.len() - 1];
    let folder = repository(&[("a/p.json", &narrow)], &[("b/p.json", broken)]);
    let (_, found) = against(folder.path(), &["."]);
    assert!(found.len() == 1 && found[0].starts_with("unreadable-policy b/p.json"), "{found:#?}");
}

/// However a path is spelled, the same is found, under the same name.
#[test]
fn a_path_means_the_same_in_every_spelling() {
    let (narrow, wide) = (narrow(), wide());
    let folder = repository(
        &[("x/p.json", &narrow), ("x/q.json", &wide), ("y/z.json", &narrow)],
        &[("x/p.json", &wide), ("x/q.json", &wide), ("y/z.json", &narrow)],
    );
    let plain = against(folder.path(), &["x"]);
    assert!(plain.0 == 1 && plain.1.iter().any(|one| one.starts_with("new-access x/p.json")), "{plain:?}");
    let absolute = folder.path().join("x");
    for spelled in ["x/", "x//", "./x", "x/.", "x/../x", "y/../x", absolute.to_str().unwrap()] {
        assert_eq!(against(folder.path(), &[spelled]), plain, "{spelled}");
    }
    assert_eq!(against(folder.path(), &["x", "./x/p.json", "x//q.json"]).1.len(), plain.1.len());
    let file = against(folder.path(), &["x/p.json"]);
    for spelled in ["./x/p.json", "x//p.json", "y/../x/p.json"] {
        assert_eq!(against(folder.path(), &[spelled]), file, "{spelled}");
    }
    // From another folder of the repository.
    let (code, found) = against(&folder.path().join("y"), &["../x/q.json"]);
    assert!(!found.iter().any(|one| one.starts_with("new-access")), "{code} {found:#?}");
    let (code, found) = against(&folder.path().join("y"), &["../x"]);
    assert!(code == 1 && found.iter().any(|one| one.starts_with("new-access ../x/p.json")), "{found:#?}");
}

/// What git has is looked at, also where it ignores the folder; what it has not and ignores is not.
#[test]
fn files_that_git_has_are_looked_at() {
    let (narrow, wide) = (narrow(), wide());
    let ignored = (".gitignore", "out/\n");
    let folder = repository(&[ignored, ("out/p.json", &narrow)], &[ignored, ("out/p.json", &wide), ("out/other.json", &wide)]);
    let (code, found) = against(folder.path(), &[".", "--select", "new-access,gone-policy"]);
    assert!(code == 1 && found.iter().all(|one| one.starts_with("new-access out/p.json")), "{found:#?}");
}

/// A baseline is written over nothing but a baseline, and says how many findings it has; one of a policy that is not known yet
/// does not approve another.
#[test]
fn a_baseline_replaces_no_other_file_and_approves_no_other_policy() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "p.json", wide().as_bytes());
    let write = |to: &str| run(folder.path(), &["p.json", "--select", "privilege-escalation", "--write-baseline", to]);
    let said = |ran: &Output| String::from_utf8_lossy(&ran.stderr).into_owned();
    let refused = write("p.json");
    assert!(refused.status.code() == Some(2) && said(&refused).contains("is not a baseline"), "{}", said(&refused));
    assert_eq!(std::fs::read_to_string(folder.path().join("p.json")).unwrap(), wide());
    for _ in 0..2 {
        let ran = write("b.json");
        assert!(ran.status.code() == Some(0) && said(&ran).contains("1 finding is the baseline"), "{}", said(&ran));
    }
    let unresolved = |name: &str| {
        template(&[("P", json!({"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": name}}}}}))]).to_string()
    };
    put(folder.path(), "t.json", unresolved("s3://b/one").as_bytes());
    let rest = ["--select", "unresolved-policy", "--fail-on", "warning"];
    let ran = run(folder.path(), &[&["t.json"], &rest[..], &["--write-baseline", "u.json"]].concat());
    assert!(said(&ran).contains("1 finding is"), "{}", said(&ran));
    let known = || run(folder.path(), &[&["t.json"], &rest[..], &["--baseline", "u.json"]].concat()).status.code();
    assert_eq!(known(), Some(0));
    put(folder.path(), "t.json", unresolved("s3://b/two").as_bytes());
    assert_eq!(known(), Some(1));
}

/// A document that names itself is another one under another name, where it is alone in its file too.
#[test]
fn a_document_of_another_name_is_another_one() {
    let document =
        |name: &str| format!("kind: Policy\nmetadata:\n  name: {name}\nspec:\n  policyDocument: '{}'\n", allow("s3:GetObject"));
    for (name, expected) in [("a", 0), ("b", 1)] {
        let folder = repository(&[("p.yaml", &document("a"))], &[("p.yaml", &format!("# moved\n{}", document(name)))]);
        let (code, found) = against(folder.path(), &[".", "--select", "new-access"]);
        assert_eq!(code, expected, "{found:#?}");
    }
    // An `Id` is a remark.
    let with = |id: &str| {
        let mut one = allow("s3:GetObject");
        one["Id"] = json!(id);
        one.to_string()
    };
    let folder = repository(&[("p.json", &with("a"))], &[("p.json", &with("b"))]);
    assert_eq!(against(folder.path(), &[".", "--select", "new-access"]).0, 0);
}

/// "With what it belonged to" is said where all of that is gone: not where it names something else too, and not where it may be in
/// another file or have another name.
#[test]
fn what_a_gone_policy_belonged_to_is_gone_for_sure() {
    let keep = || ("K", json!({"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "k"}}));
    let unit =
        || ("O", json!({"Type": "AWS::Organizations::OrganizationalUnit", "Properties": {"Name": "o", "ParentId": "r-1"}}));
    let deny = || policy(&[statement("Deny", "iam:*")]);
    let control = |targets: Value| {
        (
            "S",
            json!({"Type": "AWS::Organizations::Policy", "Properties": {"Type": "SERVICE_CONTROL_POLICY", "Name": "n", "Content": deny(), "TargetIds": targets}}),
        )
    };
    let bucket = |id: &'static str| (id, json!({"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "b"}}));
    let on = |id: &'static str, bucket: &str| {
        let mut statement = statement("Deny", "s3:*");
        statement["Principal"] = json!("*");
        (
            id,
            json!({"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": {"Ref": bucket}, "PolicyDocument": policy(&[statement])}}),
        )
    };
    let text = |all: &[(&str, Value)]| template(all).to_string();
    let one = |all: &[(&str, Value)]| vec![("t.json".to_owned(), text(all))];
    let two = |a: &[(&str, Value)], b: &[(&str, Value)]| vec![("a.json".to_owned(), text(a)), ("b.json".to_owned(), text(b))];
    let topic = || json!({"Ref": "O"});
    for (what, before, after, code, message) in [
        ("its unit", one(&[unit(), control(json!([topic()])), keep()]), one(&[keep()]), 0, "with what it belonged to"),
        (
            "its unit and the root",
            one(&[unit(), control(json!([topic(), "r-1"])), keep()]),
            one(&[keep()]),
            1,
            "not taken away any more",
        ),
        (
            "a bucket in another file",
            two(&[bucket("B"), on("P", "B"), keep()], &[keep()]),
            two(&[keep()], &[bucket("B"), keep()]),
            1,
            "with it what it denied",
        ),
        (
            "a bucket of another name",
            one(&[bucket("B"), on("P", "B"), keep()]),
            one(&[bucket("C"), keep()]),
            1,
            "with it what it denied",
        ),
        (
            "both of another name",
            one(&[bucket("B"), on("P", "B"), keep()]),
            one(&[bucket("C"), on("Q", "C"), keep()]),
            0,
            "This policy is gone",
        ),
    ] {
        let before: Vec<(&str, &str)> = before.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let after: Vec<(&str, &str)> = after.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let folder = repository(&before, &after);
        let (ended, found) = against(folder.path(), &[".", "--select", "new-access,gone-policy"]);
        assert!(ended == code && found.join("\n").contains(message), "{what}: {ended} {found:#?}");
    }
}

/// Names that look the same in a report, or are no text, are files of their own.
#[cfg(target_os = "linux")]
#[test]
fn files_whose_names_look_alike_are_all_looked_at() {
    use std::os::unix::ffi::OsStrExt as _;
    let names: [&[u8]; 6] = [b"a/b.json", b"a\\b.json", b"\xff.json", b"\xfe.json", "\u{fffd}.json".as_bytes(), b"-x.json"];
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("a")).unwrap();
    for name in names {
        let path = folder.path().join(std::ffi::OsStr::from_bytes(name));
        std::fs::write(path, r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#).unwrap();
    }
    let ran = run(folder.path(), &["."]);
    let said = String::from_utf8(ran.stdout).unwrap();
    assert!(said.contains("6 policies in 6 files: 6 errors"), "{said}");
}
