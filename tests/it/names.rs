//! Names that nobody knows, lists in one text, what a template left: refused or told, in text, JSON and batch alike.

use crate::support::leastwise;
use serde_json::{Value, json};

fn policy(statement: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

fn allow(actions: Value) -> Value {
    policy(json!({"Effect": "Allow", "Action": actions, "Resource": "*"}))
}

/// Runs with these files; `@name` stands for one of them.
fn run(files: &[(&str, &Value)], line: &[&str]) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    for (name, value) in files {
        std::fs::write(folder.path().join(name), format!("{value:#}")).unwrap();
    }
    let path = |word: &&str| match word.strip_prefix('@') {
        Some(name) => folder.path().join(name).display().to_string(),
        None => (*word).to_owned(),
    };
    let words: Vec<String> = line.iter().map(path).collect();
    leastwise(&words.iter().map(String::as_str).collect::<Vec<_>>(), "")
}

fn batch(line: &Value, switches: &[&str]) -> Value {
    let (code, out, err) = leastwise(&[&["batch"], switches].concat(), &format!("{line}\n"));
    assert_eq!(code, 0, "{out}{err}");
    serde_json::from_str(&out).unwrap()
}

fn codes(answer: &Value) -> Vec<&str> {
    answer["warnings"].as_array().into_iter().flatten().map(|one| one["code"].as_str().unwrap()).collect()
}

#[test]
fn commas_and_blanks_in_arguments_make_a_list() {
    let open = allow(json!(["s3:GetObject", "s3:DeleteObject"]));
    let ask = |more: &[&str]| run(&[("p.json", &open)], &[&["access-not-granted", "@p.json"], more].concat()).0;
    assert_eq!(ask(&["--action", "s3:PutObject,s3:GetObject"]), 1);
    assert_eq!(ask(&["--action", "s3:DeleteObject "]), 1);
    assert_eq!(ask(&["--action", "s3:PutObject , s3:PutObjectAcl"]), 0);
    let one = policy(json!({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::acme-data/*"}));
    let ask = |resource: &str| {
        let line = ["access-not-granted", "@p.json", "--action", "s3:DeleteObject", "--resource", resource];
        run(&[("p.json", &one)], &line).0
    };
    assert_eq!(ask("arn:aws:s3:::other/*,arn:aws:s3:::acme-data/*"), 1);
    assert_eq!((ask("arn:aws:s3:::other/*"), ask("acme-data/*"), ask("arn:aws:s3:::other/a,b")), (0, 2, 0));
}

#[test]
fn a_question_about_what_does_not_exist_is_refused_unless_it_is_wanted() {
    let nothing = allow(json!("sqs:SendMessage"));
    for (action, meant) in [
        ("s3:DeleteBuckets", "did you mean s3:DeleteBucket?"),
        ("s3:ListObjectsV2", "did you mean s3:ListBucket?"),
        ("s4:GetObject", "did you mean s3:GetObject?"),
        ("s3:Delte*", "did you mean s3:Delete*?"),
        ("lambda:Invoke", "lambda:InvokeFunction authorizes it"),
    ] {
        let ask = |more: &[&str]| {
            let line = [&["access-not-granted", "@p.json", "--action", action], more].concat();
            run(&[("p.json", &nothing)], &line)
        };
        let (code, out, err) = ask(&[]);
        assert!(code == 2 && out.is_empty() && err.contains(meant) && err.contains("--action:1:1"), "{action}: {err}");
        let (code, out, _) = ask(&["--allow-unknown"]);
        assert!(code == 0 && out.contains("note: "), "{action}: {out}");
        // Of a service that nobody knows the service is named.
        let unknown = if action.starts_with("s4:") { "`s4`" } else { action };
        let (code, out, _) = ask(&["--allow-unknown", "--actions", "catalog", "--format", "json"]);
        let answer: Value = serde_json::from_str(&out).unwrap();
        assert!(code == 0 && answer["notes"][0].as_str().unwrap().contains(unknown), "{out}");
        let line = json!({"id": 1, "check": "access-not-granted", "policy": nothing, "access": [{"actions": [action]}]});
        let answer = batch(&line, &[]);
        let said = answer["error"]["message"].as_str().unwrap();
        assert!(said.contains(meant) && answer["error"]["line"] == 1, "{answer}");
        let at = line.to_string().find(&format!("\"{action}\"")).unwrap();
        assert_eq!(answer["error"]["column"], json!(at + 1), "{answer}");
        assert_eq!(batch(&line, &["--allow-unknown"])["result"], "PASS");
        let mut allowed = line.clone();
        allowed["allowUnknown"] = json!(true);
        assert!(batch(&allowed, &[])["notes"][0].as_str().unwrap().contains(unknown));
    }
    for (member, access) in [
        ("malformed-action", json!([{"actions": ["s3:GetObject,s3:PutObject"]}])),
        ("malformed-action", json!([{"actions": ["s3:GetObject "]}])),
        ("action-without-service", json!([{"actions": ["DeleteBucket"]}])),
        ("not-an-arn", json!([{"resources": ["prod-bucket"]}])),
        ("no-access", json!([{}])),
    ] {
        let answer = batch(&json!({"check": "access-not-granted", "policy": nothing, "access": access}), &[]);
        assert_eq!(answer["error"]["code"], member, "{answer}");
        assert!(
            answer["error"]["column"].is_u64() && answer["error"]["message"].as_str().unwrap().contains("line 1:1:"),
            "{answer}"
        );
    }
}

#[test]
fn unused_permissions_that_do_not_exist_are_refused_unless_they_are_wanted() {
    let original = allow(json!(["s3:GetObject", "s3:PutObject", "s3:ListBucket", "sqs:SendMessage"]));
    for (unused, parts) in [
        (json!([{"serviceNamespace": "s3", "actions": ["ListObjectsV2"]}]), ["API operation", "s3:ListBucket"]),
        (
            json!([{"serviceNamespace": "s3", "actions": ["PutObjekt"]}]),
            ["no action `s3:PutObjekt`", "did you mean s3:PutObject?"],
        ),
        (json!([{"serviceNamespace": "sqss"}]), ["no service `sqss`", "did you mean sqs?"]),
    ] {
        let files = [("p.json", &original), ("u.json", &unused)];
        for line in [&["refine", "@p.json"][..], &["verify", "@p.json", "@p.json"]] {
            let line = [line, &["--unused", "@u.json"]].concat();
            let (code, out, err) = run(&files, &line);
            assert!(
                code == 2 && out.is_empty() && parts.iter().all(|part| err.contains(part)) && err.contains("u.json:"),
                "{err}"
            );
            let (code, _, err) = run(&files, &[&line[..], &["--allow-unknown"]].concat());
            assert!(code == 0 && err.contains("note: "), "{err}");
        }
        let line = json!({"check": "refine", "policy": original, "unused": unused});
        let error = batch(&line, &[])["error"].clone();
        assert!(
            parts.iter().all(|part| error["message"].as_str().unwrap().contains(part)) && error["column"].is_u64(),
            "{error}"
        );
        let mut allowed = line.clone();
        allowed["allowUnknown"] = json!(true);
        let answer = batch(&allowed, &[]);
        assert!(
            answer["result"] == "PASS" && answer["policy"] == original && !answer["notes"].as_array().unwrap().is_empty(),
            "{answer}"
        );
    }
    // What AWS had once is only said: findings are older than catalogs.
    let unused = json!([{"serviceNamespace": "s3", "actions": ["PutObject"]}, {"serviceNamespace": "codestar"}]);
    let answer = batch(&json!({"check": "refine", "policy": original, "unused": unused}), &[]);
    assert!(answer["result"] == "PASS" && answer["notes"][0].as_str().unwrap().contains("`codestar` is retired"), "{answer}");
}

#[test]
fn warnings_of_policies_are_in_every_format_with_their_place() {
    let document = policy(json!({"Effect": "Allow", "Action": "s3:GetObjekt", "Resource": "arn:aws:s3:::${BucketName}/*",
        "Condition": {"StringEquals": {"aws:SourceIpp": "x"}}}));
    let expected = ["unknown-action", "unfilled-placeholder", "unknown-condition-key"];
    for line in [
        &["no-new-access", "@p.json", "@p.json"][..],
        &["equivalent", "@p.json", "@p.json"],
        &["diff", "@p.json", "@p.json"],
        &["access-not-granted", "@p.json", "--action", "s3:GetObject"],
        &["refine", "@p.json", "--unused", "@u.json"],
        &["verify", "@p.json", "@p.json", "--unused", "@u.json"],
    ] {
        let unused = json!([{"serviceNamespace": "sqs"}]);
        let files = [("p.json", &document), ("u.json", &unused)];
        let (_, out, err) = run(&files, &[line, &["--format", "json"]].concat());
        let answer: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
        assert_eq!(codes(&answer)[..3], expected, "{line:?} {answer}");
        let first = &answer["warnings"][0];
        assert!(
            first["file"].as_str().unwrap().ends_with("p.json")
                && first["line"] == 6
                && first["help"] == "did you mean s3:GetObject?",
            "{first}"
        );
        let (_, _, err) = run(&files, line);
        assert!(expected.iter().all(|code| err.contains(code)) && err.contains("p.json:6:"), "{line:?} {err}");
    }
}

/// A place is in the policy's own text, however the line writes the policy, and whatever stands before it.
#[test]
fn warnings_in_batch_stand_in_the_policys_own_text() {
    let named = json!({"Effect": "Allow", "Action": "s3:GetObjekt", "Resource": "*", "Principal": {"AWS": "111122223333"}});
    let plain = allow(json!("s3:GetObjekt"));
    let resource = policy(named);
    let column = |document: &Value| document.to_string().find("\"s3:GetObjekt\"").unwrap() + 1;
    let unused = json!([{"serviceNamespace": "sqs"}]);
    let request =
        json!({"principal": "arn:aws:iam::111122223333:user/a", "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k"});
    let lines = [
        (json!({"check": "no-new-access", "existing": plain, "new": plain}), vec!["existing", "new"], &plain),
        (json!({"check": "equivalent", "a": plain.to_string(), "b": plain}), vec!["a", "b"], &plain),
        (
            json!({"check": "diff", "old": {"identityPolicies": [plain]}, "new": {"identityPolicies": [plain.to_string()]}}),
            vec!["old.identityPolicies[0]", "new.identityPolicies[0]"],
            &plain,
        ),
        (
            json!({"check": "access-not-granted", "policy": plain, "access": [{"actions": ["s3:PutObject"]}], "policyType": "IDENTITY_POLICY"}),
            vec!["policy"],
            &plain,
        ),
        (json!({"check": "no-public-access", "policy": resource, "resourceType": "AWS::S3::Bucket"}), vec!["policy"], &resource),
        (json!({"check": "outside-access", "policy": resource, "trusted": ["111122223333"]}), vec!["policy"], &resource),
        (json!({"check": "refine", "policy": plain, "unused": unused}), vec!["policy"], &plain),
        (
            json!({"check": "verify", "original": plain, "refined": plain.to_string(), "unused": unused}),
            vec!["original", "refined"],
            &plain,
        ),
        (json!({"check": "simulate", "request": request, "identityPolicies": [plain]}), vec!["identityPolicies[0]"], &plain),
    ];
    let mut input = String::new();
    for (line, ..) in &lines {
        for id in ["1", "\"a longer one\""] {
            input.push_str(&format!("{{\"id\":{id},{}\n", &line.to_string()[1..]));
        }
    }
    let (_, out, _) = leastwise(&["batch", "--jobs", "1"], &input);
    let answers: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (answer, (line, files, document)) in answers.iter().zip(lines.iter().flat_map(|line| [line, line])) {
        let found = answer["warnings"].as_array().unwrap_or_else(|| panic!("{line}: {answer}"));
        let own: Vec<&Value> = found.iter().filter(|one| one["code"] == "unknown-action").collect();
        let named: Vec<&str> = own.iter().map(|one| one["file"].as_str().unwrap()).collect();
        assert_eq!(&named, files, "{line}: {answer}");
        for one in own {
            assert_eq!((&one["line"], &one["column"]), (&json!(1), &json!(column(document))), "{line}: {one}");
        }
    }
}

#[test]
fn a_value_that_never_matches_is_told_in_batch() {
    let condition = json!({"NumericLessThan": {"s3:max-keys": "1e2x"}});
    let document = policy(json!({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*", "Condition": condition}));
    let answer = batch(&json!({"check": "equivalent", "a": document, "b": document}), &[]);
    assert_eq!(codes(&answer), ["wrong-value-type", "wrong-value-type"], "{answer}");
}

#[test]
fn a_member_that_is_not_read_is_told_and_a_misspelled_one_refused() {
    let plain = allow(json!("s3:GetObject"));
    let answer = batch(&json!({"check": "equivalent", "a": plain, "b": plain, "expect": "PASS"}), &[]);
    assert!(answer["result"] == "PASS" && codes(&answer) == ["unread-member"] && answer["warnings"][0]["line"] == 1, "{answer}");
    let line = json!({"check": "no-new-access", "existing": plain, "new": plain, "polcyType": "RESOURCE_POLICY"});
    let answer = batch(&line, &[]);
    assert!(answer["error"]["message"].as_str().unwrap().contains("did you mean `policyType`?"), "{answer}");
}

#[test]
fn who_is_trusted_and_what_a_resource_is_are_names_too() {
    let open = policy(json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Principal": "*"}));
    for (trusted, part) in [
        ("1111-2222-3333", "did you mean 111122223333?"),
        ("o_a1b2c3d4e5", "did you mean o-a1b2c3d4e5?"),
        ("x y", "--trusted:1:1"),
    ] {
        let (code, _, err) = run(&[("p.json", &open)], &["outside-access", "@p.json", "--trusted", trusted]);
        assert!(code == 2 && err.contains(part), "{err}");
        let answer = batch(&json!({"check": "outside-access", "policy": open, "trusted": ["111122223333", trusted]}), &[]);
        assert!(answer["error"]["code"] == "unknown-trusted" && answer["error"]["column"].is_u64(), "{answer}");
    }
    let (code, _, err) = run(&[("p.json", &open)], &["no-public-access", "@p.json", "--resource-type", "AWS::S3::Bukket"]);
    assert!(code == 2 && err.contains("did you mean AWS::S3::Bucket?") && err.contains("--resource-type:1:1"), "{err}");
}
