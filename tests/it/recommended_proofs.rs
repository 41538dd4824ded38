//! Whoever doubts a recommendation can ask again: every refinement that `recommend -o` writes is accepted by `verify` with the
//! unused permissions beside it, for each entity alone and with `--shared`; every proof that `--proof` writes is there and is
//! accepted by Z3, file by file; and every refinement and every entity has one.

use crate::odd;
use crate::support::{leastwise_in, root};
use leastwise::catalog::Catalog;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Has Z3's own library read each file of the proofs below a folder, as whoever distrusts this program would.
const Z3: &str = r#"
import ctypes, json, pathlib, sys
z3 = ctypes.CDLL(next(str(path) for path in pathlib.Path("third_party/z3/lib").iterdir() if "libz3" in path.name))
z3.Z3_mk_config.restype = z3.Z3_mk_context.restype = ctypes.c_void_p
z3.Z3_mk_context.argtypes = [ctypes.c_void_p]
z3.Z3_eval_smtlib2_string.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
z3.Z3_eval_smtlib2_string.restype = ctypes.c_char_p
z3.Z3_del_context.argtypes = [ctypes.c_void_p]
seen = {}
for index in sorted(pathlib.Path(sys.argv[1]).rglob("index.json")):
    for one in json.loads(index.read_text())["obligations"]:
        text = (index.parent / one["file"]).read_bytes()
        question = text[text.index(b"\n(set-logic "):]
        if question not in seen:
            context = z3.Z3_mk_context(z3.Z3_mk_config())
            seen[question] = z3.Z3_eval_smtlib2_string(context, question).split()[0].decode()
            z3.Z3_del_context(context)
        if seen[question] != "unsat":
            sys.exit(f"{index.parent / one['file']}: {seen[question]}")
print(len(seen))
"#;

fn json_of(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))).unwrap()
}

/// Every file of a name below a folder.
fn all(folder: &Path, name: &str) -> Vec<PathBuf> {
    let (mut out, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path)
            } else if path.file_name().is_some_and(|own| own == name) {
                out.push(path)
            }
        }
    }
    out.sort();
    out
}

/// Whether some policy of a folder allows anything.
fn allows(folder: &Path) -> bool {
    let files = std::fs::read_dir(folder).into_iter().flatten().map(|file| file.unwrap().path());
    files.into_iter().any(|file| json_of(&file)["Statement"].to_string().contains("\"Allow\""))
}

/// Recommends into `out` and `proof`, and checks all that was written; how many refinements, shared policies and steps of
/// creation there are.
fn check(folder: &Path, more: &[&str]) -> [usize; 3] {
    for part in ["out", "proof"] {
        _ = std::fs::remove_dir_all(folder.join(part));
    }
    let grounds = ["recommend", "--account", "account.json", "--evidence", "logs", "--as-of", "2026-05-01"];
    let asked = [&grounds[..], &["-o", "out", "--proof", "proof", "--format", "json"], more].concat();
    let (code, text, said) = leastwise_in(folder, &asked, "");
    assert_eq!(code, 0, "{said}");
    let changed = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let changed = changed.filter(|line| matches!(line["result"].as_str(), Some("PROVED" | "EMPTY"))).count();
    let (mut asked, mut certified, mut refined, mut entities) = (Vec::new(), BTreeSet::new(), BTreeSet::new(), 0);
    for index in all(&folder.join("out"), "proof.json") {
        let (proof, place) = (json_of(&index), index.parent().unwrap());
        let policies = proof["policies"].as_array().cloned().unwrap_or_else(|| vec![proof.clone()]);
        if proof.get("policies").is_some() {
            entities += 1;
            // Nothing is to be proved of an entity that may do nothing any more.
            let whole = &proof["stack"]["certificates"];
            assert!(whole.is_string() || !allows(&place.join("after")), "{proof}");
            certified.extend(whole.as_str().map(str::to_owned));
        }
        for policy in policies {
            let Some(files) = policy["verify"].as_array() else {
                // It stands for all, in a folder of its own.
                let own = folder.join("out").join(policy["folder"].as_str().unwrap_or_else(|| panic!("{policy}")));
                assert!(own.join("proof.json").is_file() && own.join("unused.json").is_file(), "{policy}");
                continue;
            };
            let [original, new, unused] = [0, 1, 2].map(|at| json_of(&place.join(files[at].as_str().unwrap())));
            asked.push(json!({"id": asked.len(), "check": "verify", "original": original, "refined": new, "unused": unused}));
            let certificates = policy["certificates"].as_str().unwrap_or_else(|| panic!("{policy}")).to_owned();
            refined.insert(certificates.clone());
            certified.insert(certificates.clone());
            // Every obligation that needs a solver has its files.
            let listed = json_of(&folder.join("proof").join(&certificates).join("index.json"));
            let listed = listed["obligations"].to_string();
            for id in policy["obligations"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()) {
                assert!(id != "O4" || listed.contains("\"O4-"), "{certificates}: {id}");
            }
        }
    }
    assert_eq!(entities, changed);
    // `verify` accepts each.
    let lines: Vec<String> = asked.iter().map(ToString::to_string).collect();
    let (_, answers, said) = leastwise_in(folder, &["batch", "-", "--timeout", "600"], &lines.join("\n"));
    let answers: Vec<Value> = answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), asked.len(), "{said}");
    for (answer, asked) in answers.iter().zip(&asked) {
        assert_eq!(answer["result"], "PASS", "{answer} {asked}");
    }
    // The folders of proofs are those that the files name, no more and no fewer.
    let written = all(&folder.join("proof"), "index.json");
    let relative = |path: &PathBuf| path.parent().unwrap().strip_prefix(folder.join("proof")).unwrap().display().to_string();
    assert_eq!(written.iter().map(relative).collect::<BTreeSet<_>>(), certified);
    let done = Command::new("python3").args(["-c", Z3]).arg(folder.join("proof")).current_dir(root()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let checked: usize = String::from_utf8(done.stdout).unwrap().trim().parse().unwrap();
    assert!(checked > 0 || refined.is_empty());
    let created: Vec<(PathBuf, Value)> = all(&folder.join("out"), "steps.json")
        .into_iter()
        .flat_map(|path| {
            let steps = json_of(&path)["recommendedSteps"].as_array().unwrap().clone();
            let made = steps.into_iter().map(|step| step["unusedPermissionsRecommendedStep"].clone());
            made.filter(|step| step["recommendedAction"] == "CREATE_POLICY")
                .map(move |step| (path.clone(), step))
                .collect::<Vec<_>>()
        })
        .collect();
    let shared = all(&folder.join("out"), "policy.json").len();
    assert_eq!(created.iter().filter(|(path, _)| path.parent().unwrap().join("policy.json").is_file()).count(), shared);
    [asked.len(), shared, created.len()]
}

#[test]
fn every_recommendation_can_be_verified_and_has_its_proof() {
    for seed in 0..4 {
        let folder = tempfile::tempdir().unwrap();
        odd::world(seed, 40).write(folder.path(), seed);
        let [refined, shared, _] = check(folder.path(), &[]);
        assert!(refined > 3 && shared == 0, "seed {seed}: {refined}");
        let [refined, shared, created] = check(folder.path(), &["--shared"]);
        // What stands for all is made once; what is an entity's own, for it.
        assert!(shared <= 3 && refined >= shared && created >= shared, "seed {seed}: {refined} {shared} {created}");
    }
}

#[test]
fn what_is_cut_listed_and_narrowed_can_be_verified_too() {
    let folder = tempfile::tempdir().unwrap();
    let resources: Vec<String> =
        (0..40).map(|at| format!("arn:aws:sqs:eu-west-1:111122223333:a-queue-with-a-long-name-{at:040}")).collect();
    let allow = |actions: Value, resources: Value| json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resources}]});
    // Cut in parts, listed, and an entity that loses all.
    let long = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sqs:*", "Resource": resources},
        {"Effect": "Allow", "Action": "sqs:*", "Resource": resources, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}]});
    // All but two services.
    let others = Catalog::latest().prefixes().filter(|prefix| !matches!(*prefix, "sqs" | "sns"));
    let others: Vec<String> = others.map(|prefix| format!("{prefix}:*")).collect();
    let except = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "NotAction": others, "Resource": "*"}]});
    let role = |name: &str, inline: Value, managed: bool| {
        let attached = if managed {
            json!([{"PolicyName": "Long", "PolicyArn": "arn:aws:iam::111122223333:policy/Long"}])
        } else {
            json!([])
        };
        json!({"Path": "/", "RoleName": name, "RoleId": format!("AROA{name}"), "Arn": format!("arn:aws:iam::111122223333:role/{name}"),
            "CreateDate": "2020-01-01T00:00:00Z", "InstanceProfileList": [], "AttachedManagedPolicies": attached,
            "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": inline}],
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}})
    };
    let account = json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [
            role("listed", except, false), role("cut", allow(json!("sqs:PurgeQueue"), json!("*")), true),
            role("cut-too", allow(json!(["sqs:DeleteQueue", "sqs:PurgeQueue"]), json!("*")), true)],
        "Policies": [{"PolicyName": "Long", "Arn": "arn:aws:iam::111122223333:policy/Long", "DefaultVersionId": "v1",
            "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": true, "Document": long}]}]});
    std::fs::write(folder.path().join("account.json"), account.to_string()).unwrap();
    let mut rows = "account,principal,event_category,event_source,event_name,resources,first,last,count\n".to_owned();
    for (role, source, name) in [
        ("listed", "sqs", "CreateQueue"),
        ("listed", "sns", "CreateTopic"),
        ("cut", "sqs", "CreateQueue"),
        ("cut", "sqs", "DeleteQueue"),
        ("cut-too", "sqs", "DeleteQueue"),
        ("cut-too", "sqs", "GetQueueUrl"),
    ] {
        rows += &format!(
            "111122223333,arn:aws:iam::111122223333:role/{role},Management,{source}.amazonaws.com,{name},{},2026-04-01T00:00:00Z,2026-04-02T00:00:00Z,9\n",
            resources[0]
        );
    }
    std::fs::write(folder.path().join("logs"), rows).unwrap();
    check(folder.path(), &["--not-action", "list"]);
    let own = folder.path().join("out/111122223333/role");
    assert!(own.join("listed/listed/own.json").is_file(), "what its list, unrefined, is stands beside");
    assert!(own.join("cut/refined/Long.json").is_file(), "it is cut, and the whole stands beside");
    check(folder.path(), &["--not-action", "auto", "--shared"]);
    let parts = all(&folder.path().join("out/111122223333/policy"), "refined.json").len();
    assert!(parts > 1, "each part stands beside the whole that it is a part of");
    check(folder.path(), &["--not-action", "list", "--resources"]);
    assert!(own.join("cut-too/refined/own.json").is_file(), "it is narrowed, and what it was narrowed from stands beside");
}
