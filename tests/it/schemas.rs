//! The JSON Schemas of requests and answers: they are those of the types, and real requests and answers keep to them.

use crate::schema_check::Validator;
use crate::support::{leastwise, root};
use leastwise::ops::{self, schema};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// `LEASTWISE_BLESS=1` writes the schemas anew.
#[test]
fn the_schemas_are_those_of_the_types() {
    for (name, schema) in schema::all() {
        let path = root().join(format!("docs/schema/{name}.json"));
        let text = format!("{:#}\n", schema.as_value());
        if std::env::var_os("LEASTWISE_BLESS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        assert_eq!(
            std::fs::read_to_string(&path).unwrap_or_default(),
            text,
            "{} is old: LEASTWISE_BLESS=1 writes it",
            path.display()
        );
    }
}

/// The schema with every object closed: a member that it does not name is an error here, though not for those who read
/// answers of a later version.
fn closed(schema: &Value) -> Value {
    match schema {
        Value::Array(items) => items.iter().map(closed).collect(),
        Value::Object(members) => {
            let mut out: serde_json::Map<String, Value> =
                members.iter().map(|(key, value)| (key.clone(), closed(value))).collect();
            if members.get("properties").is_some_and(Value::is_object) && !members.contains_key("additionalProperties") {
                out.insert("additionalProperties".to_owned(), json!(false));
            }
            Value::Object(out)
        }
        other => other.clone(),
    }
}

struct Schemas {
    request: Validator,
    answer: Validator,
}

impl Schemas {
    fn new() -> Self {
        let of = |schema: Value| Validator::new(closed(&schema));
        Self { request: of(schema::request().to_value()), answer: of(schema::answer().to_value()) }
    }

    fn answer(&self, of: &str, answer: &Value) {
        let mut answer = answer.clone();
        // Of a line, what its asker wrote.
        answer.as_object_mut().unwrap().shift_remove("id");
        assert_eq!(self.answer.problems(&answer), Vec::<String>::new(), "{of}: {answer:#}");
    }
}

fn statement(more: Value) -> Value {
    let mut out = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"});
    out.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"Version": "2012-10-17", "Statement": [out]})
}

/// Lines of every check with every kind of answer, and what comes out.
fn lines() -> Vec<(Value, &'static str)> {
    let (all, get) = (statement(json!({"Sid": "All"})), statement(json!({"Action": "s3:Get*"})));
    let open = statement(json!({"Principal": {"AWS": "*", "Service": "lambda.amazonaws.com"}, "Resource": "arn:aws:s3:::b/*"}));
    let own = statement(json!({"Principal": {"AWS": "111122223333"}, "Resource": "arn:aws:s3:::b/*"}));
    let but = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
        {"Sid": "No", "Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"}]});
    // Compared as text and as a number.
    let (text, number) = (
        statement(json!({"Condition": {"StringLike": {"k:x": "5*"}}})),
        statement(json!({"Condition": {"NumericEquals": {"k:x": "5"}}})),
    );
    let stack = json!({"identityPolicies": [all], "permissionBoundaries": [get], "serviceControlPolicies": [[all], [but]]});
    let unused = json!([{"serviceNamespace": "s3", "actions": ["GetBucketAcl"]}]);
    let mut lines = Vec::new();
    for (old, new, word) in [
        (&all, &get, "PASS"),
        (&get, &all, "FAIL"),
        (&but, &all, "FAIL"),
        (&all, &but, "FAIL"),
        (&all, &json!({"Statement": 1}), "ERROR"),
    ] {
        lines.push((json!({"check": "no-new-access", "existing": old, "new": new, "policyType": "IDENTITY_POLICY"}), word));
        let word = if word == "PASS" { "FAIL" } else { word };
        lines.push((json!({"check": "equivalent", "a": old, "b": new.to_string()}), word));
        lines.push((json!({"check": "diff", "old": old, "new": new}), word));
    }
    lines.push((json!({"check": "no-new-access", "existing": text, "new": number}), "UNKNOWN"));
    lines.push((json!({"check": "no-new-access", "existing": stack, "new": {"identityPolicies": [all]}}), "FAIL"));
    lines.push((json!({"check": "diff", "old": stack, "new": {"identityPolicies": [all]}}), "FAIL"));
    lines.push((json!({"check": "equivalent", "a": all, "b": all}), "PASS"));
    lines.push((json!({"check": "diff", "old": all, "new": all}), "PASS"));
    for (action, word) in [("s3:PutObject", "PASS"), ("s3:GetObject", "FAIL"), ("s3:NoSuchAction", "ERROR")] {
        lines.push((json!({"check": "access-not-granted", "policy": get, "access": [{"actions": [action]}]}), word));
    }
    let line = json!({"check": "access-not-granted", "policy": get, "access": {"actions": ["s3:Nothing"], "resources": ["*"]},
        "allowUnknown": true});
    lines.push((line, "PASS"));
    for (policy, word) in [(&own, "PASS"), (&open, "FAIL"), (&get, "ERROR")] {
        lines.push((json!({"check": "check-no-public-access", "policy": policy, "resourceType": "AWS::S3::Bucket"}), word));
        lines.push((json!({"check": "outside-access", "policy": policy, "trusted": ["111122223333"]}), word));
    }
    for (unused, word) in [(&unused, "PASS"), (&json!([]), "PASS"), (&json!([{"serviceNamespace": "nothing"}]), "ERROR")] {
        lines.push((json!({"check": "refine", "policy": get, "unused": unused, "catalog": "2024-06"}), word));
    }
    let gone = json!({"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]});
    for (refined, word) in [(&all, "FAIL"), (&gone, "FAIL"), (&json!(7), "ERROR")] {
        lines.push((json!({"check": "verify", "original": get, "refined": refined, "unused": unused}), word));
    }
    lines.push((json!({"check": "verify", "original": get, "refined": get, "unused": []}), "PASS"));
    let request = |action: &str| {
        json!({"principal": "arn:aws:iam::111122223333:user/a", "action": action,
            "resource": {"arn": "arn:aws:s3:::b/k", "accountId": "111122223333"}, "context": {"aws:TagKeys": ["a", "b"], "s3:max-keys": "x"}})
    };
    for (action, word) in
        [("s3:GetObject", "Allowed"), ("s3:DeleteObject", "ExplicitlyDenied"), ("iam:PassRole", "ImplicitlyDenied")]
    {
        lines.push((json!({"check": "simulate", "request": request(action), "identityPolicies": [all, but]}), word));
    }
    lines.push((json!({"check": "simulate", "request": request("s3"), "identityPolicies": [all]}), "ERROR"));
    // What is worth knowing is told: an action that nobody knows, a member that nobody reads.
    lines.push((
        json!({"check": "equivalent", "a": statement(json!({"Action": "s3:Nothing"})), "b": all, "nobody-reads-this": 1}),
        "FAIL",
    ));
    lines.push((json!({"check": "nothing"}), "ERROR"));
    lines
}

#[test]
fn lines_and_their_answers_keep_to_the_schemas() {
    let schemas = Schemas::new();
    for arguments in [&["batch"][..], &["batch", "--explain", "--prove", "z3", "--remarks"]] {
        let (lines, words): (Vec<Value>, Vec<&str>) = lines().into_iter().unzip();
        let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let (code, out, err) = leastwise(arguments, &input);
        let answers: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((code, answers.len()), (0, lines.len()), "{err}");
        let mut seen = BTreeSet::new();
        for ((line, word), answer) in lines.iter().zip(words).zip(&answers) {
            let said = answer["result"].as_str().or(answer["decision"].as_str()).unwrap_or("ERROR");
            assert_eq!(said, word, "{line} {answer}");
            schemas.answer(&line.to_string(), answer);
            // A request that was refused may be any; one that was answered keeps to its schema, but for what nobody reads.
            if said != "ERROR" && line.get("nobody-reads-this").is_none() {
                assert_eq!(schemas.request.problems(line), Vec::<String>::new(), "{line}");
            }
            seen.insert((line["check"].as_str().unwrap().to_owned(), said.to_owned()));
        }
        assert!(seen.len() > 25, "{seen:?}");
    }
}

#[test]
fn answers_of_commands_keep_to_the_schema() {
    let schemas = Schemas::new();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, value: &Value| {
        let path = folder.path().join(name).display().to_string();
        std::fs::write(&path, value.to_string()).unwrap();
        path
    };
    let mut asked = 0;
    for (at, (line, word)) in lines().iter().enumerate() {
        let member = |name: &str| file(&format!("{at}-{name}.json"), &line[name]);
        let check = line["check"].as_str().unwrap();
        let files: Vec<String> = match check {
            "no-new-access" => vec![member("existing"), member("new")],
            "equivalent" => vec![member("a"), member("b")],
            "diff" => vec![member("old"), member("new")],
            "refine" => {
                vec![member("policy"), "--unused".to_owned(), member("unused"), "--catalog".to_owned(), "2024-06".to_owned()]
            }
            "verify" => vec![member("original"), member("refined"), "--unused".to_owned(), member("unused")],
            "check-no-public-access" => vec![member("policy"), "--resource-type".to_owned(), "AWS::S3::Bucket".to_owned()],
            "outside-access" => vec![member("policy"), "--trusted".to_owned(), "111122223333".to_owned()],
            "simulate" => {
                let own = line.as_object().unwrap().iter().filter(|(key, _)| *key != "check");
                vec![file("simulation.json", &own.map(|(key, value)| (key.clone(), value.clone())).collect())]
            }
            _ => continue,
        };
        let arguments: Vec<&str> =
            [check].into_iter().chain(files.iter().map(String::as_str)).chain(["--format", "json"]).collect();
        let (code, out, err) = leastwise(&arguments, "");
        let answer: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{arguments:?} {code} {out}{err}"));
        assert_eq!(answer["result"].as_str().or(answer["decision"].as_str()).unwrap_or("ERROR"), *word, "{answer}");
        schemas.answer(check, &answer);
        asked += 1;
    }
    assert!(asked > 30, "{asked}");
    // What is left before it comes to a verdict, and arguments that do not parse.
    let policy = file("policy.json", &statement(json!({})));
    for (arguments, code) in
        [(&["equivalent", &policy, &policy, "--timeout", "0.0000001"][..], 3), (&["equivalent", &policy][..], 2)]
    {
        let (own, out, _) = leastwise(&[arguments, &["--format", "json"]].concat(), "");
        assert_eq!(own, code, "{out}");
        schemas.answer("", &serde_json::from_str(&out).unwrap());
    }
}

/// Commands over files and folders, by the schema of their answers: every line that they print keeps to it.
const OF_FOLDERS: [(&str, &[&str]); 10] = [
    ("check", &["fixtures/gate", "--as-of", "2026-11-29"]),
    ("check", &["fixtures/gate", "--as-of", "2026-11-29", "--select", "new-access", "--against", "HEAD"]),
    ("check", &["fixtures/gate/policies", "--as-of", "2026-11-29", "--rules", "fixtures/gate/leastwise.toml"]),
    ("findings", &["--account", "fixtures/usage/account.json", "--evidence", "fixtures/usage", "--as-of", "2026-05-02"]),
    (
        "findings",
        &["--account", "fixtures/usage/account.json", "--evidence", "fixtures/usage", "--days", "1", "--fail-on", "none"],
    ),
    ("recommend", &["--account", "fixtures/usage/account.json", "--evidence", "fixtures/usage", "--as-of", "2026-05-02"]),
    ("recommend", &["--account", "fixtures/usage/account.json", "--evidence", "fixtures/usage", "--shared", "--resources"]),
    ("who-can", &["s3:GetObject,iam:PassRole", "--account", "fixtures/accounts/small.json"]),
    ("who-can", &["s3:*", "--resource", "arn:aws:s3:::logs/*", "--account", "fixtures/accounts/small.json"]),
    ("who-can", &["sts:AssumeRole", "--account", "fixtures/accounts/hostile.json"]),
];

#[test]
fn answers_about_folders_keep_to_their_schemas() {
    let mut lines_of: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, [_, answer]) in schema::of_folders() {
        let validator = Validator::new(closed(&answer.to_value()));
        assert!(!validator.problems(&json!({"schema": 1})).is_empty(), "{name} takes anything");
        for (_, arguments) in OF_FOLDERS.iter().filter(|(of, _)| *of == name) {
            let (code, out, err) = leastwise(&[&[name][..], *arguments, &["--format", "json"]].concat(), "");
            assert!(code != 2, "{name} {arguments:?}: {out}{err}");
            for line in out.lines() {
                let line: Value = serde_json::from_str(line).unwrap();
                assert_eq!(validator.problems(&line), Vec::<String>::new(), "{name} {arguments:?}: {line:#}");
                *lines_of.entry(name).or_default() += 1;
            }
        }
        assert!(lines_of.get(name).is_some_and(|lines| *lines > 0), "{name} is not run here");
    }
}

/// Requests in JSON, as a program that uses the library writes them: the schema takes what the type reads, and neither
/// takes a member that nobody reads.
#[test]
fn requests_about_folders_are_read_as_their_schemas_say() {
    fn of<R: serde::de::DeserializeOwned>(request: &Value) -> bool {
        serde_json::from_value::<R>(request.clone()).is_ok()
    }
    let read = |name: &str, request: &Value| match name {
        "check" => of::<ops::check::Request>(request),
        "findings" => of::<ops::findings::Request>(request),
        "recommend" => of::<ops::recommend::Request>(request),
        "report" => of::<ops::report::Request>(request),
        "who-can" => of::<ops::who_can::Request>(request),
        other => panic!("{other} has no request here"),
    };
    let least = json!({"account": "a.json", "evidence": ["logs"]});
    let most = json!({"account": "a.json", "evidence": ["logs"], "days": 30, "asOf": "2026-05-02", "dataEvents": ["s3"],
        "exclude": [{"reason": "r", "name": "x*", "expires": "2027-01-31"}], "strict": true});
    let how = json!({"shared": true, "resources": true, "conditions": true, "notAction": "keep", "attachments": 5});
    let requests = [
        (
            "check",
            json!({"paths": ["."], "asOf": "2026-11-29"}),
            json!({"paths": ["."], "rules": "leastwise.toml", "select": ["public-access"], "ignore": ["new-access"],
                "failOn": "warning", "against": "main", "asOf": "2026-11-29", "accountId": "111122223333", "region": "eu-west-1",
                "parameters": {"A": "b"}, "baseline": ["0123456789abcdef"], "baselinePath": "baseline.json"}),
        ),
        ("findings", json!({"grounds": least}), json!({"grounds": most, "failOn": "credentials"})),
        ("recommend", json!({"grounds": least}), json!({"grounds": most, "how": how})),
        (
            "report",
            json!({"grounds": least}),
            json!({"grounds": most, "command": "leastwise report", "recommend": "leastwise recommend", "baseline": "old.html"}),
        ),
        (
            "who-can",
            json!({"account": "a.json", "actions": ["s3:*"]}),
            json!({"account": "a.json", "actions": ["s3:*"], "resources": ["*"], "allowUnknown": true}),
        ),
    ];
    let schemas =
        schema::all().into_iter().filter_map(|(name, schema)| Some((name.strip_suffix("-request")?.to_owned(), schema)));
    let mut seen = 0;
    for (name, request) in schemas {
        let name = name.as_str();
        seen += 1;
        let request = request.to_value();
        let properties = request["properties"].as_object().unwrap().len();
        let validator = Validator::new(request);
        let (_, least, most) = requests.iter().find(|(of, ..)| *of == name).unwrap_or_else(|| panic!("no request of {name}"));
        for written in [least, most] {
            assert_eq!(validator.problems(written), Vec::<String>::new(), "{name}: {written}");
            assert!(read(name, written), "{name}: {written}");
            let mut more = written.clone();
            more["nobodyReadsThis"] = json!(1);
            assert!(!validator.problems(&more).is_empty() && !read(name, &more), "{name}: {more}");
        }
        assert_eq!(most.as_object().unwrap().len(), properties, "{name}: a request with every member");
    }
    assert_eq!(seen, requests.len());
}

/// The operations answer without a command line, and refuse what no command line would let through.
#[test]
fn operations_over_folders_answer_and_refuse_by_themselves() {
    let settings = leastwise::Settings::default();
    let grounds = |more: Value| {
        let mut out = json!({"account": root().join("fixtures/usage/account.json"), "evidence": [root().join("fixtures/usage")]});
        out.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"grounds": out})
    };
    let findings = |more: Value| -> Result<usize, String> {
        let request: ops::findings::Request = serde_json::from_value(grounds(more)).unwrap();
        let read = request.read().map_err(|failed| failed.to_string())?;
        request.answer(&read).map(|answer| answer.found.findings.len()).map_err(|failed| failed.to_string())
    };
    assert_eq!(findings(json!({"asOf": "2026-05-02"})), Ok(4));
    for (more, part) in [
        (json!({"days": 0}), "a window of 0 days"),
        (json!({"asOf": "soon"}), "`soon` is not a date"),
        (json!({"evidence": []}), "there is no evidence"),
        (json!({"dataEvents": ["s4"]}), "there is no service `s4`"),
        (json!({"exclude": [{"reason": " ", "name": "x"}]}), "has no reason"),
    ] {
        assert!(findings(more.clone()).is_err_and(|said| said.contains(part)), "{more}");
    }
    let check = |more: Value| -> Result<leastwise::Standing, String> {
        let mut request = json!({"paths": [root().join("fixtures/gate")], "asOf": "2026-11-29"});
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let request: ops::check::Request = serde_json::from_value(request).unwrap();
        request.answer(&settings, 2).map(|answer| answer.standing()).map_err(|failed| failed.to_string())
    };
    assert_eq!(check(json!({})), Ok(leastwise::Standing::DoesNotHold));
    for (more, part) in [
        (json!({"asOf": "soon"}), "`soon` is not a date"),
        (json!({"accountId": "1"}), "`1` is not an account id"),
        (json!({"select": ["no-such-rule"]}), "unknown rule `no-such-rule`"),
    ] {
        assert!(check(more.clone()).is_err_and(|said| said.contains(part)), "{more}");
    }
}

/// The validator used here does tell what does not fit.
#[test]
fn what_does_not_fit_is_told() {
    let schemas = Schemas::new();
    for answer in [
        json!({}),
        json!({"schema": 2, "error": {"code": "a", "message": "b"}}),
        json!({"schema": 1, "error": {"code": "a"}}),
        json!({"schema": 1, "error": {"code": "a", "message": "b", "other": 1}}),
    ] {
        assert!(!schemas.answer.problems(&answer).is_empty(), "{answer}");
    }
    assert!(schemas.answer.problems(&json!({"schema": 1, "error": {"code": "a", "message": "b"}})).is_empty());
    for request in [
        json!({"check": "equivalent", "a": "{}"}),
        json!({"check": "nothing"}),
        json!({"check": "refine", "policy": {}, "unused": [], "catalog": "2025"}),
    ] {
        assert!(!schemas.request.problems(&request).is_empty(), "{request}");
    }
}
