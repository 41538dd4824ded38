//! The server from outside: AWS's shapes, hostile clients, and a signal in the middle of the work.
//!
//! Spoken by hand over TCP, so that a test can send what no HTTP library would. Waiting has a generous end, which only a
//! server that hangs reaches. Real clients are in `tests/clients`.

use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A server of its own for a test, ended with it.
pub(crate) struct Server {
    child: Child,
    at: SocketAddr,
}

impl Server {
    pub(crate) fn start(more: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_leastwise"))
            .args(["serve", "--listen", "127.0.0.1:0", "--quiet"])
            .args(more)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.as_mut().unwrap());
        let mut first = String::new();
        // Notes about what was read come before.
        while !first.starts_with("listening on ") {
            first.clear();
            assert!(said.read_line(&mut first).unwrap() > 0, "the server did not start");
        }
        let at = first.split_whitespace().nth(2).and_then(|url| url.strip_prefix("http://")).unwrap_or_else(|| panic!("{first}"));
        let at = at.parse().unwrap();
        Self { child, at }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.at).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
        stream
    }

    /// Sends a request and reads the answer to the end of the connection.
    fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        let mut stream = self.connect();
        send(&mut stream, method, path, body);
        Answer::read(&mut stream)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, &body.to_string())
    }

    fn is_well(&self) {
        assert_eq!(self.ask("GET", "/health", "").status, 200);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn send(stream: &mut TcpStream, method: &str, path: &str, body: &str) {
    let head = format!("{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
    // A server that refuses what it has not read yet may close before all was sent.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
}

#[derive(Debug)]
pub(crate) struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn read(stream: &mut TcpStream) -> Self {
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        let all = String::from_utf8_lossy(&all).into_owned();
        let (head, body) = all.split_once("\r\n\r\n").unwrap_or((&all, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Self { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    fn is(&self, status: u16, shape: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert!(self.head.contains(&format!("x-amzn-errortype: {}", shape.to_ascii_lowercase())), "{self:?}");
        assert!(self.json()["message"].is_string(), "{self:?}");
    }
}

fn policy(action: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": [{"Sid": "A", "Effect": "Allow", "Action": action, "Resource": "*"}]})
        .to_string()
}

#[test]
fn a_check_has_awss_shape_and_our_witness() {
    let server = Server::start(&[]);
    let ask = |old: &str, new: &str| {
        let body =
            json!({"existingPolicyDocument": policy(old), "newPolicyDocument": policy(new), "policyType": "IDENTITY_POLICY"});
        server.post("/policy/check-no-new-access", &body).json()
    };
    let failed = ask("s3:GetObject", "s3:*");
    assert_eq!(failed["result"], "FAIL");
    assert_eq!(failed["message"], "The modified permissions grant new access compared to your existing policy.");
    assert_eq!(failed["reasons"][0]["description"], "New access in the statement with sid: A.");
    assert_eq!(failed["reasons"][0]["statementIndex"], 0);
    assert!(failed["witness"]["action"].as_str().unwrap().starts_with("s3:"));
    let passed = ask("s3:*", "s3:GetObject");
    assert_eq!(passed["result"], "PASS");
    assert!(passed.get("reasons").is_none());
}

#[test]
fn what_awss_api_takes_is_taken_and_the_rest_refused_in_its_shapes() {
    let server = Server::start(&[]);
    let ask = |access: Value| {
        let body = json!({"policyDocument": policy("s3:*"), "policyType": "IDENTITY_POLICY", "access": access});
        server.post("/policy/check-access-not-granted", &body)
    };
    let unknown = ask(json!([{"actions": ["nobody:KnowsThis"]}])).json();
    assert_eq!(unknown["result"], "PASS");
    assert!(unknown["notes"][0].as_str().unwrap().contains("nobody"), "{unknown}");
    assert_eq!(ask(json!([{"actions": vec!["s3:GetObject"; 100]}])).status, 200);
    ask(json!([{"actions": vec!["s3:GetObject"; 101]}])).is(400, "ValidationException");
    ask(json!([{"resources": ["example"]}])).is(400, "ValidationException");
    ask(json!([])).is(400, "ValidationException");
    ask(json!([{"actions": ["s3:GetObject"]}, {"actions": ["s3:PutObject"]}])).is(400, "ValidationException");

    server.ask("POST", "/policy/check-no-new-access", "{").is(400, "ValidationException");
    server.post("/policy/check-no-new-access", &json!({"policyType": "IDENTITY_POLICY"})).is(400, "ValidationException");
    let broken = json!({"existingPolicyDocument": "{", "newPolicyDocument": policy("s3:*"), "policyType": "IDENTITY_POLICY"});
    server.post("/policy/check-no-new-access", &broken).is(400, "InvalidParameterException");
    let misspelled = json!({"policyDocument": policy("s3:*"), "resourceType": "AWS::S3::Bucket", "resourcetype": ""});
    server.post("/policy/check-no-public-access", &misspelled).is(400, "ValidationException");
    let no_type = json!({"policyDocument": policy("s3:*"), "resourceType": "AWS::S3::Nothing"});
    server.post("/policy/check-no-public-access", &no_type).is(400, "ValidationException");
    server.ask("GET", "/nowhere", "").is(404, "UnknownOperationException");
    // What the routing itself refuses.
    server.ask("GET", "/analyzer?type=%ff", "").is(400, "ValidationException");
    server.ask("GET", "/analyzer/%ff", "").is(400, "ValidationException");
    let twice = r#"{"policyDocument": "{}", "policyType": "IDENTITY_POLICY", "policyType": "RESOURCE_POLICY"}"#;
    server.ask("POST", "/policy/validation", twice).is(400, "ValidationException");
    server.ask("DELETE", "/health", "").is(405, "UnknownOperationException");
}

/// AWS takes the whole document for the policy, also one that a tool has wrapped.
#[test]
fn a_wrapped_policy_is_validated_as_it_stands() {
    let server = Server::start(&[]);
    let codes = |document: &str| {
        let answer =
            server.post("/policy/validation", &json!({"policyDocument": document, "policyType": "IDENTITY_POLICY"})).json();
        let findings = answer["findings"].as_array().unwrap_or_else(|| panic!("{answer}")).clone();
        findings.iter().map(|one| one["issueCode"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(codes(&policy("s3:GetObject")).is_empty());
    let wrapped = codes(&format!(r#"{{"PolicyDocument": {}}}"#, policy("s3:GetObject")));
    assert_eq!(wrapped, ["MISSING_STATEMENT", "MISSING_VERSION", "INVALID_POLICY_ELEMENT"]);
    assert_eq!(codes("Statement: []"), ["JSON_SYNTAX_ERROR"]);
    assert_eq!(codes(&json!(policy("s3:GetObject")).to_string()), ["DATA_TYPE_MISMATCH"]);
}

/// What clients leave behind does not pile up: the newest is kept, and what is too much is refused.
#[test]
fn what_is_kept_has_a_limit() {
    let server = Server::start(&[]);
    let tags = "v".repeat(1 << 20);
    let create = |name: &str| {
        let body = json!({"analyzerName": name, "type": "ACCOUNT", "tags": {"k": tags}});
        server.ask("PUT", "/analyzer", &body.to_string())
    };
    let arn = create("A0").json()["arn"].clone();
    for number in 1..3 {
        assert_eq!(create(&format!("A{number}")).status, 200);
    }
    create("A3").is(402, "ServiceQuotaExceededException");
    assert_eq!(server.ask("DELETE", "/analyzer/A2", "").status, 200);
    assert_eq!(create("A3").status, 200);
    let preview = || {
        let queue = json!({"sqsQueue": {"queuePolicy": format!("{{{}", " ".repeat(5 << 20))}});
        let body = json!({"analyzerArn": arn, "configurations": {"arn:aws:sqs:us-east-1:111122223333:q": queue}});
        server.ask("PUT", "/access-preview", &body.to_string()).json()["id"].as_str().unwrap().to_owned()
    };
    let (first, second) = (preview(), preview());
    server.ask("GET", &format!("/access-preview/{first}"), "").is(404, "ResourceNotFoundException");
    assert_eq!(server.ask("GET", &format!("/access-preview/{second}"), "").status, 200);
}

#[test]
fn a_preview_says_who_gets_in_from_outside() {
    let server = Server::start(&["--account-id", "111122223333"]);
    server
        .ask("PUT", "/access-preview", &json!({"analyzerArn": "a", "configurations": {}}).to_string())
        .is(404, "ResourceNotFoundException");
    let analyzer = server.ask("PUT", "/analyzer", &json!({"analyzerName": "One", "type": "ACCOUNT"}).to_string()).json();
    let arn = analyzer["arn"].as_str().unwrap();
    server.ask("PUT", "/analyzer", &json!({"analyzerName": "One", "type": "ACCOUNT"}).to_string()).is(409, "ConflictException");
    let trust = |principals: Value| {
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": principals}, "Action": "sts:AssumeRole"}]})
            .to_string()
    };
    let preview = |policy: String| {
        let configurations = json!({"arn:aws:iam::111122223333:role/r": {"iamRole": {"trustPolicy": policy}}});
        let body = json!({"analyzerArn": arn, "configurations": configurations});
        let id = server.ask("PUT", "/access-preview", &body.to_string()).json()["id"].as_str().unwrap().to_owned();
        let shown = server.ask("GET", &format!("/access-preview/{id}?analyzerArn={arn}"), "").json();
        (shown["accessPreview"]["status"].as_str().unwrap().to_owned(), id)
    };
    let (status, id) = preview(trust(json!(["111122223333", "444455556666"])));
    assert_eq!(status, "COMPLETED");
    let found = server.post(&format!("/access-preview/{id}"), &json!({"analyzerArn": arn})).json();
    let found = found["findings"].as_array().unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["principal"], json!({"AWS": "444455556666"}));
    assert_eq!(found[0]["resourceType"], "AWS::IAM::Role");
    // A policy that cannot be read never looks as if nobody got in.
    let (status, id) = preview("{".to_owned());
    assert_eq!(status, "FAILED");
    server.post(&format!("/access-preview/{id}"), &json!({"analyzerArn": arn})).is(409, "ConflictException");
}

/// Findings and recommendations over the account that the server was started with, in AWS's shapes.
#[test]
fn findings_and_recommendations_are_those_of_the_account() {
    let folder = crate::support::root().join("fixtures/usage");
    let (account, evidence) = (folder.join("account.json"), folder.clone());
    let (account, evidence) = (account.to_str().unwrap(), evidence.to_str().unwrap());
    let server = Server::start(&["--account", account, "--evidence", evidence, "--as-of", "2026-05-02"]);
    let analyzers = server.ask("GET", "/analyzer?type=ACCOUNT_UNUSED_ACCESS", "").json();
    let arn = analyzers["analyzers"][0]["arn"].as_str().unwrap();
    assert_eq!(arn, "arn:aws:access-analyzer:us-east-1:111122223333:analyzer/unused-access");
    let listed = server.post("/findingv2", &json!({"analyzerArn": arn})).json();
    let summaries = listed["findings"].as_array().unwrap();
    let of = |one: &Value| format!("{} {}", one["resource"].as_str().unwrap(), one["findingType"].as_str().unwrap());
    assert_eq!(
        summaries.iter().map(of).collect::<Vec<_>>(),
        [
            "arn:aws:iam::111122223333:role/deploy UnusedPermission",
            "arn:aws:iam::111122223333:role/nightly UnusedIAMRole",
            "arn:aws:iam::111122223333:user/bob UnusedIAMUserPassword",
            "arn:aws:iam::111122223333:user/bob UnusedPermission",
        ]
    );
    for one in summaries {
        for required in ["id", "resourceType", "resourceOwnerAccount", "status", "analyzedAt", "createdAt", "updatedAt"] {
            assert!(one[required].is_string(), "{required}: {one}");
        }
        assert!(one.get("findingDetails").is_none(), "{one}");
    }
    let first = server.post("/findingv2", &json!({"analyzerArn": arn, "maxResults": 3})).json();
    let rest = server.post("/findingv2", &json!({"analyzerArn": arn, "maxResults": 3, "nextToken": first["nextToken"]})).json();
    assert_eq!((first["findings"].as_array().unwrap().len(), rest["findings"].as_array().unwrap().len()), (3, 1));
    let filter = json!({"analyzerArn": arn, "filter": {"resource": {"contains": ["user/"]}, "findingType": {"neq": ["UnusedPermission"]}}});
    assert_eq!(server.post("/findingv2", &filter).json()["findings"].as_array().unwrap().len(), 1);
    server.post("/findingv2", &json!({"analyzerArn": arn, "filter": {"colour": {"eq": ["red"]}}})).is(400, "ValidationException");
    server
        .post("/findingv2", &json!({"analyzerArn": "arn:aws:access-analyzer:us-east-1:1:analyzer/x"}))
        .is(404, "ResourceNotFoundException");

    let id = summaries[0]["id"].as_str().unwrap();
    let finding = server.ask("GET", &format!("/findingv2/{id}?analyzerArn={arn}"), "").json();
    assert!(finding["findingDetails"][0]["unusedPermissionDetails"]["serviceNamespace"].is_string(), "{finding}");
    server.ask("GET", &format!("/findingv2/{id}"), "").is(400, "ValidationException");
    server.ask("GET", &format!("/findingv2/none?analyzerArn={arn}"), "").is(404, "ResourceNotFoundException");

    let recommendation = format!("/recommendation/{id}?analyzerArn={arn}");
    server.ask("GET", &recommendation, "").is(404, "ResourceNotFoundException");
    assert_eq!(server.ask("POST", &recommendation, "").status, 200);
    let answer = loop {
        let answer = server.ask("GET", &recommendation, "").json();
        if answer["status"] != "IN_PROGRESS" {
            break answer;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(
        (&answer["status"], &answer["recommendationType"]),
        (&json!("SUCCEEDED"), &json!("UnusedPermissionRecommendation"))
    );
    assert_eq!(answer["resourceArn"], "arn:aws:iam::111122223333:role/deploy");
    let step = &answer["recommendedSteps"][0]["unusedPermissionsRecommendedStep"];
    assert_eq!((&step["recommendedAction"], &step["existingPolicyId"]), (&json!("CREATE_POLICY"), &json!("deploy")));
    let policy: Value = serde_json::from_str(step["recommendedPolicy"].as_str().unwrap()).unwrap();
    assert!(!policy.to_string().contains("TerminateInstances"), "{policy}");
    let role = summaries[1]["id"].as_str().unwrap();
    server.ask("POST", &format!("/recommendation/{role}?analyzerArn={arn}"), "").is(400, "ValidationException");

    let archive = json!({"analyzerArn": arn, "status": "ARCHIVED", "ids": [id]});
    assert_eq!(server.ask("PUT", "/finding", &archive.to_string()).status, 200);
    let counts = server.post("/analyzer/findings/statistics", &json!({"analyzerArn": arn})).json();
    let counts = &counts["findingsStatistics"][0]["unusedAccessFindingsStatistics"];
    assert_eq!((&counts["totalActiveFindings"], &counts["totalArchivedFindings"]), (&json!(3), &json!(1)));
    let other =
        json!({"analyzerName": "a", "type": "ACCOUNT_UNUSED_ACCESS", "configuration": {"unusedAccess": {"unusedAccessAge": 30}}});
    server.ask("PUT", "/analyzer", &other.to_string()).is(400, "ValidationException");
}

/// Who gets in from outside an account: each policy of a resource is asked, and one that cannot be read is never "nobody".
#[test]
fn findings_about_outsiders_are_those_of_the_policies() {
    let folder = tempfile::tempdir().unwrap();
    let role = |name: &str, trust: Value| {
        json!({"Path": "/", "RoleName": name, "RoleId": "AROAEXAMPLE", "Arn": format!("arn:aws:iam::111122223333:role/{name}"),
            "CreateDate": "2020-01-01T00:00:00Z", "AssumeRolePolicyDocument": trust, "RolePolicyList": [], "AttachedManagedPolicies": []})
    };
    let trust = |principal: Value| json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]});
    let roles = [
        role("inside", trust(json!({"AWS": "111122223333"}))),
        role("partner", trust(json!({"AWS": "444455556666"}))),
        role("broken", json!({"Version": "2012-10-17", "Statement": [{"Effect": "Maybe"}]})),
    ];
    let account = json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": roles, "Policies": []});
    let path = folder.path().join("account.json");
    std::fs::write(&path, account.to_string()).unwrap();
    let server = Server::start(&["--account", path.to_str().unwrap()]);
    let analyzers = server.ask("GET", "/analyzer?type=ACCOUNT", "").json();
    let arn = analyzers["analyzers"][0]["arn"].as_str().unwrap();
    let listed = server.post("/findingv2", &json!({"analyzerArn": arn})).json();
    let found: Vec<(&str, bool)> = listed["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["resource"].as_str().unwrap().rsplit('/').next().unwrap(), one["error"].is_string()))
        .collect();
    assert_eq!(found, [("broken", true), ("partner", false)], "{listed}");
    let id = listed["findings"][1]["id"].as_str().unwrap();
    let finding = server.ask("GET", &format!("/findingv2/{id}?analyzerArn={arn}"), "").json();
    let details = &finding["findingDetails"][0]["externalAccessDetails"];
    assert_eq!((&details["principal"], &details["isPublic"]), (&json!({"AWS": "444455556666"}), &json!(false)), "{finding}");
    // Without evidence nothing is known about use, which an empty list would not say.
    let unused =
        server.ask("PUT", "/analyzer", &json!({"analyzerName": "U", "type": "ACCOUNT_UNUSED_ACCESS"}).to_string()).json();
    server.post("/findingv2", &json!({"analyzerArn": unused["arn"]})).is(400, "ValidationException");
}

#[test]
fn sts_says_who_is_asking() {
    let server = Server::start(&["--account-id", "111122223333"]);
    let answer = server.ask("POST", "/", "Action=GetCallerIdentity&Version=2011-06-15");
    assert!(answer.body.contains("<Account>111122223333</Account>"), "{answer:?}");
    server.ask("POST", "/", "Action=AssumeRole&Version=2011-06-15").is(404, "UnknownOperationException");
}

#[test]
fn hostile_clients_get_errors_and_harm_nobody() {
    let server = Server::start(&["--max-body", "100000", "--connections", "64"]);
    server
        .post("/policy/check-no-new-access", &json!({"policyType": "x".repeat(200_000)}))
        .is(413, "RequestEntityTooLargeException");
    let deep = format!("{}{}", "[".repeat(40_000), "]".repeat(40_000));
    server.ask("POST", "/policy/check-no-new-access", &deep).is(400, "ValidationException");
    let deep = json!({"existingPolicyDocument": deep, "newPolicyDocument": "{}", "policyType": "IDENTITY_POLICY"});
    server.post("/policy/check-no-new-access", &deep).is(400, "InvalidParameterException");
    for garbage in ["", "\r\n\r\n", "GET", "\0\0\0\0", "POST / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"]
    {
        let mut stream = server.connect();
        let _ = stream.write_all(garbage.as_bytes());
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let answer = Answer::read(&mut stream);
        assert!(answer.status == 0 || (400..600).contains(&answer.status), "{garbage:?}: {answer:?}");
    }
    // Clients that say nothing, or break off in the middle of a body.
    let idle: Vec<TcpStream> = (0..32).map(|_| server.connect()).collect();
    for _ in 0..32 {
        let mut stream = server.connect();
        let _ = stream.write_all(b"POST /policy/validation HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n{");
    }
    server.is_well();
    drop(idle);
    server.is_well();
}

#[test]
#[cfg(unix)]
fn a_signal_in_the_middle_finishes_what_was_accepted() {
    let mut server = Server::start(&["--jobs", "1"]);
    let body = |number: usize| {
        let old = policy(&format!("s3:Get{number}*"));
        json!({"existingPolicyDocument": old, "newPolicyDocument": policy("s3:*"), "policyType": "IDENTITY_POLICY"}).to_string()
    };
    let mut open: Vec<TcpStream> = (0..20).map(|_| server.connect()).collect();
    for (number, stream) in open.iter_mut().enumerate() {
        send(stream, "POST", "/policy/check-no-new-access", &body(number));
    }
    // The first answer is there: the others were accepted before it, or are being read.
    let first = Answer::read(&mut open[0]);
    assert_eq!(first.json()["result"], "FAIL");
    assert!(Command::new("kill").args(["-s", "TERM", &server.child.id().to_string()]).status().unwrap().success());
    let mut answered = 0;
    for stream in &mut open[1..] {
        let answer = Answer::read(stream);
        // One that was not accepted yet gets no answer; one that was gets a whole one.
        if answer.status != 0 {
            assert_eq!((answer.status, answer.json()["result"].as_str()), (200, Some("FAIL")), "{answer:?}");
            answered += 1;
        }
    }
    assert!(answered > 0);
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}
