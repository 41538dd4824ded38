//! Each reading of AWS's pages changes the answer through every door, or the door refuses its switch.
//!
//! The cases are policies that allow something under one reading and nothing under the other, so that every question that
//! can be asked of them has another answer. Sources: IAM User Guide, "IAM JSON policy elements: Resource" (a wildcard at the
//! end of a segment can reach over colons), "AWS JSON policy elements: NotPrincipal" (the account, the user or role and the
//! session are each looked for in the list), "Set operators for multivalued context keys" (a key without a set operator;
//! an absent key).

use crate::serve::Server;
use crate::support::{leastwise, policy};
use leastwise::policy::Readings;
use leastwise::policy::readings::READINGS;
use leastwise::question::no_new_access::no_new_access;
use leastwise::question::{Settings, Verdict};
use leastwise::smt;
use serde_json::{Value, json};
use std::path::Path;

const ALICE: &str = "arn:aws:iam::111122223333:user/alice";
const OUTSIDER: &str = "arn:aws:iam::444455556666:user/Bob";

/// What one reading allows and the other does not.
struct Case {
    flag: &'static str,
    other: &'static str,
    /// Whether the default is the reading that allows something.
    by_default: bool,
    allow: Value,
    deny: Value,
    action: &'static str,
    /// An action that the policy names too, and that nobody uses.
    unused: &'static str,
    /// CloudTrail's name of the event that the action is seen by.
    event: &'static str,
    resource_type: &'static str,
    resource: &'static str,
    /// Keys of a request that is allowed under the one reading only.
    context: Vec<(&'static str, &'static str)>,
}

/// The case of a reading.
fn case(flag: &'static str, other: &'static str) -> Case {
    let s3 = |by_default: bool, allow: Value, deny: Value, context: Vec<(&'static str, &'static str)>| {
        let (action, unused) = ("s3:DeleteBucket", "s3:CreateBucket");
        let (resource_type, resource) = ("AWS::S3::Bucket", "arn:aws:s3:::bucket");
        Case { flag, other, by_default, allow, deny, action, unused, event: "DeleteBucket", resource_type, resource, context }
    };
    let on = |condition: Value| {
        let actions = ["s3:DeleteBucket", "s3:CreateBucket"];
        json!({"Effect": "Allow", "Action": actions, "Resource": "*", "Condition": condition})
    };
    let deny = |condition: Value| json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition});
    match flag {
        // `*` stands for a Region, or for `us-east-1:111122223333`: the account is `function` or not.
        "arn-matching" => Case {
            flag,
            other,
            by_default: false,
            allow: json!({"Effect": "Allow", "Action": ["lambda:DeleteFunction", "lambda:CreateFunction"],
                "Resource": "arn:aws:lambda:*:function:f"}),
            deny: json!({"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:lambda:us-east-1:111122223333:*"}),
            action: "lambda:DeleteFunction",
            unused: "lambda:CreateFunction",
            event: "DeleteFunction20150331",
            resource_type: "AWS::Lambda::Function",
            resource: "arn:aws:lambda:us-east-1:111122223333:function:f",
            context: Vec::new(),
        },
        // The user is listed, and its account is not.
        "not-principal" => {
            let deny = json!({"Effect": "Deny", "NotPrincipal": {"AWS": OUTSIDER}, "Action": "*", "Resource": "*"});
            let actions = ["s3:DeleteBucket", "s3:CreateBucket"];
            s3(true, json!({"Effect": "Allow", "Action": actions, "Resource": "*"}), deny, Vec::new())
        }
        // Two values, one of which matches.
        "unqualified" => s3(
            true,
            on(json!({"StringEquals": {"aws:TagKeys": "a"}})),
            deny(json!({"ForAllValues:StringEquals": {"aws:TagKeys": "a"}})),
            vec![("aws:TagKeys", "a"), ("aws:TagKeys", "b")],
        ),
        // No value at all.
        "any-if-exists" => s3(
            true,
            on(json!({"ForAnyValue:StringEqualsIfExists": {"aws:TagKeys": "a"}})),
            deny(json!({"Null": {"aws:TagKeys": "false"}})),
            Vec::new(),
        ),
        other => panic!("no case of --{other}"),
    }
}

fn cases() -> impl Iterator<Item = Case> {
    READINGS.iter().map(|reading| case(reading.flag, reading.values[1]))
}

impl Case {
    fn document(statements: &[Value]) -> Value {
        json!({"Version": "2012-10-17", "Statement": statements})
    }

    /// As a resource's policy, in which everybody is named.
    fn named(&self) -> Value {
        let with = |statement: &Value| {
            let mut statement = statement.clone();
            if statement.get("NotPrincipal").is_none() {
                statement["Principal"] = json!("*");
            }
            statement
        };
        Self::document(&[with(&self.allow), with(&self.deny)])
    }

    /// The same without what it allows: nothing.
    fn nothing(&self) -> Value {
        Self::document(&self.named()["Statement"].as_array().unwrap()[1..])
    }

    /// Asks with the default and with the other reading; whether something is allowed, each time.
    fn ask(&self, door: &str, allows: impl Fn(&[&str]) -> bool) {
        let switch = format!("--{}", self.flag);
        let found = (allows(&[]), allows(&[&switch, self.other]));
        assert_eq!(found, (self.by_default, !self.by_default), "{door} --{} {}", self.flag, self.other);
    }
}

fn write(folder: &Path, name: &str, value: &Value) -> String {
    let path = folder.join(name);
    std::fs::write(&path, value.to_string()).unwrap();
    path.to_string_lossy().into_owned()
}

/// Whether a command's exit code says that a property does not hold; anything but that it does is an error.
fn fails(command: &[&str], switches: &[&str]) -> bool {
    let (code, out, err) = leastwise(&[command, switches].concat(), "");
    assert!(code == 0 || code == 1, "{command:?} {switches:?} {code}: {out}{err}");
    code == 1
}

#[test]
fn every_question_of_policies() {
    for case in cases() {
        let folder = tempfile::tempdir().unwrap();
        let (all, none) = (write(folder.path(), "p.json", &case.named()), write(folder.path(), "none.json", &case.nothing()));
        for command in [
            &["no-new-access", &none, &all][..],
            &["equivalent", &none, &all],
            &["diff", &none, &all],
            &["access-not-granted", &all, "--action", case.action],
            &["outside-access", &all, "--trusted", "111122223333"],
            // The plain encoding reads alike.
            &["access-not-granted", &all, "--action", case.action, "--engine", "strings"],
        ] {
            case.ask(command[0], |switches| fails(command, switches));
        }
        if case.flag != "not-principal" {
            // A list of whom a Deny spares lets in those whom it names: nobody of them is the public.
            let command = ["no-public-access", &all, "--resource-type", case.resource_type];
            case.ask(command[0], |switches| fails(&command, switches));
        }
        let context: Vec<String> = case.context.iter().map(|(key, value)| format!("--context={key}={value}")).collect();
        let words = ["simulate", &all, "--principal", OUTSIDER, "--action", case.action, "--resource", case.resource];
        let command: Vec<&str> = words.into_iter().chain(context.iter().map(String::as_str)).collect();
        case.ask("simulate", |switches| !fails(&command, switches));
    }
}

/// The answer to a refinement is that it is proved under either reading; which obligations are proved is another matter.
#[test]
fn refinements_are_about_policies_as_they_are_read() {
    for case in cases() {
        let folder = tempfile::tempdir().unwrap();
        let (all, none) = (write(folder.path(), "p.json", &case.named()), write(folder.path(), "none.json", &case.nothing()));
        let (service, name) = case.unused.split_once(':').unwrap();
        let unused = write(folder.path(), "unused.json", &json!([{"serviceNamespace": service, "actions": [name]}]));
        // What grants nothing more breaks only the structure, O4.
        case.ask("verify", |switches| {
            let (code, out, err) = leastwise(&[&["verify", &none, &all, "--unused", &unused], switches].concat(), "");
            assert!(code == 1 && (out.contains("O1") || out.contains("O4")), "{out}{err}");
            !out.contains("O4")
        });
        let asked = |switches: &[&str]| {
            let to = tempfile::tempdir().unwrap();
            let written = to.path().to_string_lossy().into_owned();
            let command = ["refine", &all, "--unused", &unused, "--emit-smt2", &written];
            assert!(!fails(&command, switches), "{switches:?}");
            std::fs::read_to_string(to.path().join("O2.smt2")).unwrap()
        };
        let switch = format!("--{}", case.flag);
        assert_ne!(asked(&[]), asked(&[&switch, case.other]), "refine {switch}");
    }
}

#[test]
fn lines_of_batch_and_requests_of_the_server() {
    for case in cases() {
        let line = json!({"check": "access-not-granted", "policy": case.named(), "access": [{"actions": [case.action]}]});
        case.ask("batch", |switches| {
            let (code, out, err) = leastwise(&[&["batch"], switches].concat(), &line.to_string());
            let answer: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{code} {out}{err}"));
            assert!(answer["result"] == "PASS" || answer["result"] == "FAIL", "{out}");
            answer["result"] == "FAIL"
        });
        let body = json!({"policyDocument": case.named().to_string(), "policyType": "RESOURCE_POLICY",
            "access": [{"actions": [case.action]}]});
        case.ask("serve", |switches| {
            let answer = Server::start(switches).post("/policy/check-access-not-granted", &body).json();
            assert!(answer["result"] == "PASS" || answer["result"] == "FAIL", "{answer}");
            answer["result"] == "FAIL"
        });
    }
}

#[test]
fn rules_of_check() {
    for case in cases() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "policy.json", &case.named());
        std::fs::write(folder.path().join("leastwise.toml"), "[trusted]\naccounts = [\"111122223333\"]\n").unwrap();
        let path = folder.path().to_string_lossy();
        case.ask("check", |switches| fails(&["check", &path, "--select", "outside-access"], switches));
        // It must not exceed one that grants nothing.
        write(folder.path(), "none.json", &case.nothing());
        let rules = "[[reference]]\npolicy = \"none.json\"\npaths = [\"*policy.json\"]\n";
        std::fs::write(folder.path().join("leastwise.toml"), rules).unwrap();
        case.ask("check, reference", |switches| fails(&["check", &path, "--select", "exceeds-reference"], switches));
    }
}

/// An account with a user that has this policy, and a role that trusts by this one.
fn account(own: &Value, trust: &Value) -> Value {
    let user = json!({"Path": "/", "UserName": "alice", "UserId": "AIDAEXAMPLEALICE00000", "Arn": ALICE,
        "CreateDate": "2020-03-09T10:41:45Z", "GroupList": [], "AttachedManagedPolicies": [],
        "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": own}]});
    let role = json!({"Path": "/", "RoleName": "r", "RoleId": "AROAEXAMPLE0000000001", "Arn": "arn:aws:iam::111122223333:role/r",
        "CreateDate": "2020-03-09T10:41:45Z", "AttachedManagedPolicies": [], "RolePolicyList": [], "InstanceProfileList": [],
        "AssumeRolePolicyDocument": trust});
    json!({"UserDetailList": [user], "GroupDetailList": [], "RoleDetailList": [role], "Policies": [], "IsTruncated": false})
}

#[test]
fn principals_of_an_account() {
    let service = json!({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"});
    for case in cases() {
        let folder = tempfile::tempdir().unwrap();
        let (action, account) = match case.flag {
            "not-principal" => {
                let own = json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::111122223333:role/r"});
                let everybody = json!({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"});
                let deny = json!({"Effect": "Deny", "NotPrincipal": {"AWS": ALICE}, "Action": "sts:AssumeRole"});
                ("sts:AssumeRole", account(&Case::document(&[own]), &Case::document(&[everybody, deny])))
            }
            _ => {
                let own = Case::document(&[case.allow.clone(), case.deny.clone()]);
                (case.action, account(&own, &Case::document(std::slice::from_ref(&service))))
            }
        };
        let account = write(folder.path(), "account.json", &account);
        case.ask("who-can", |switches| {
            let command = ["who-can", action, "--account", &account, "--format", "json"];
            let (code, out, err) = leastwise(&[&command, switches].concat(), "");
            assert_eq!(code, 0, "{out}{err}");
            let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            let alice = lines.iter().find(|line| line["principal"] == ALICE).unwrap_or_else(|| panic!("{out}"));
            assert!(alice["verdict"] == "CAN" || alice["verdict"] == "CANNOT", "{out}");
            alice["verdict"] == "CAN"
        });
        if case.flag != "not-principal" {
            // A role's trust policy is not part of what is asked about.
            let whose = ["access-not-granted", "--account", &account, "--principal", ALICE, "--action", action];
            case.ask("access-not-granted --account", |switches| fails(&whose, switches));
        }
    }
}

/// A call of the log is replayed where the policies, as they are read, allow it.
#[test]
fn recommendations() {
    let service = json!({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"});
    for case in cases() {
        let folder = tempfile::tempdir().unwrap();
        let own = Case::document(&[case.allow.clone(), case.deny.clone()]);
        let whole = account(&own, &Case::document(std::slice::from_ref(&service)));
        let account = write(folder.path(), "account.json", &whole);
        let mut keys = json!({});
        for (key, value) in &case.context {
            if keys.get(key).is_none() {
                keys[*key] = json!([]);
            }
            keys[*key].as_array_mut().unwrap().push(json!(value));
        }
        let source = case.action.split(':').next().unwrap();
        let record = json!({
            "eventVersion": "1.11", "eventTime": "2026-04-20T08:00:00Z", "eventSource": format!("{source}.amazonaws.com"),
            "eventName": case.event, "eventID": "00000000-0000-0000-0000-000000000001", "eventCategory": "Management",
            "recipientAccountId": "111122223333", "resources": [{"ARN": case.resource}],
            "userIdentity": {"type": "IAMUser", "arn": ALICE, "accountId": "111122223333", "userName": "alice"},
            "eventContext": {"requestContext": keys, "tagContext": {}},
        });
        let log = write(folder.path(), "log.json", &json!({"Records": [record]}));
        let command = ["recommend", "--account", &account, "--evidence", &log, "--as-of", "2026-05-01", "--format", "json"];
        if case.flag == "not-principal" {
            let (code, out, err) = leastwise(&[&command[..], &["--not-principal", "list"]].concat(), "");
            assert!(code == 2 && format!("{out}{err}").contains("--not-principal"), "{out}{err}");
            continue;
        }
        case.ask("recommend", |switches| {
            let (code, out, err) = leastwise(&[&command[..], switches].concat(), "");
            assert_eq!(code, 0, "{out}{err}");
            let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            let alice = lines.iter().find(|line| line["resource"] == ALICE).unwrap_or_else(|| panic!("{out}"));
            assert!(alice["result"] == "PROVED" && alice["removedActions"] == 1, "{out}");
            alice["replayed"] != json!(0)
        });
    }
}

/// Doors that prove nothing about policies, or nothing that a reading could change.
#[test]
fn other_doors_refuse_the_switches() {
    for reading in &READINGS {
        let switch = format!("--{}", reading.flag);
        for command in [
            &["validate", "p.json"][..],
            &["findings", "--account", "a.json", "--evidence", "e.json"],
            &["report", "--account", "a.json", "-o", "r.html"],
            &["explain", "duplicate-key"],
        ] {
            let (code, _, err) = leastwise(&[command, &[&switch, reading.values[1]]].concat(), "");
            assert!(code == 2 && err.contains("unexpected argument"), "{command:?} {switch}: {err}");
        }
    }
}

/// The library reads by its settings; what is read once stays as it is.
#[test]
fn questions_of_the_library_read_by_their_settings() {
    for (case, reading) in cases().zip(&READINGS) {
        let (readings, _) = reading.turned(Readings::default());
        let (all, none) = (policy("p", &case.named()), policy("none", &case.nothing()));
        let ask = |readings: Readings, all| {
            let settings = Settings { readings, ..Settings::default() };
            matches!(smt::in_fresh_context(|| no_new_access(&none, all, &settings)).unwrap().verdict, Verdict::Fail { .. })
        };
        let found = (ask(Readings::default(), &all), ask(readings, &all));
        assert_eq!(found, (case.by_default, !case.by_default), "--{}", case.flag);
        let read = all.read_as(readings).unwrap();
        assert!(read.read_as(readings).is_none() && read.is_read_as(readings) && !all.is_read_as(readings), "--{}", case.flag);
        assert_eq!(ask(Readings::default(), &read), found.1, "--{}", case.flag);
    }
}
