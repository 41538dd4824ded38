//! Accounts and logs as they are in the wild: odd names, policies of every form, identities in every spelling, records twice,
//! broken and out of order; with what each principal did.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;

pub(crate) const ACCOUNT: &str = "111122223333";
const OTHER: &str = "444455556666";

/// Event source, event name, the action that it shows.
pub(crate) const SEEN: [(&str, &str, &str); 10] = [
    ("ec2", "TerminateInstances", "ec2:TerminateInstances"),
    ("ec2", "DescribeInstances", "ec2:DescribeInstances"),
    ("s3", "DeleteBucket", "s3:DeleteBucket"),
    ("kms", "Decrypt", "kms:Decrypt"),
    ("kms", "Encrypt", "kms:Encrypt"),
    ("sqs", "DeleteQueue", "sqs:DeleteQueue"),
    ("iam", "DeleteUser", "iam:DeleteUser"),
    ("sns", "DeleteTopic", "sns:DeleteTopic"),
    ("monitoring", "DeleteAlarms", "cloudwatch:DeleteAlarms"),
    ("lambda", "DeleteFunction20150331", "lambda:DeleteFunction"),
];

/// Actions that management events never show.
pub(crate) const UNSEEN: [&str; 4] = ["s3:GetObject", "dynamodb:GetItem", "iam:PassRole", "sns:Publish"];

/// Names that IAM allows, names that differ in case alone from another's path, and some that only a broken export has.
const NAMES: [&str; 10] =
    ["app", "a+b=c,d.e@f-g_h", "Deploy", "x", "..", "we\"ird", "nä me", "<img src=x onerror=alert(1)>", "$(id)`", "App-2"];

pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(2_654_435_761).wrapping_add(12_345))
    }

    pub(crate) fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }

    pub(crate) fn of<'l, T>(&mut self, list: &'l [T]) -> &'l T {
        &list[self.below(list.len())]
    }

    fn some<T: Copy>(&mut self, list: &[T]) -> Vec<T> {
        list.iter().copied().filter(|_| self.below(2) == 0).collect()
    }
}

/// One record, for whom it counts, and which action it shows as used, if any.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) record: Value,
    pub(crate) shows: Option<(String, &'static str)>,
}

#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) account: Value,
    pub(crate) told: Vec<Told>,
    /// ARNs of users and roles, with their unique ids.
    pub(crate) principals: Vec<(String, String)>,
    pub(crate) records: usize,
}

fn statement(random: &mut Random) -> Value {
    let mut actions: Vec<Value> = random.some(&SEEN).into_iter().map(|(_, _, action)| json!(action)).collect();
    actions.extend(random.some(&UNSEEN).into_iter().map(Value::from));
    for pattern in ["kms:*", "ec2:Terminate*", "SQS:delete?ueue", "s3:*Bucket", "sns:*"] {
        if random.below(5) == 0 {
            actions.push(json!(pattern));
        }
    }
    if actions.is_empty() {
        actions.push(json!("ec2:DescribeInstances"));
    }
    let resource = match random.below(6) {
        0 => json!(["arn:aws:s3:::b-${aws:username}/*", "*"]),
        1 => json!(format!("arn:aws:*:*:{ACCOUNT}:*")),
        _ => json!("*"),
    };
    let mut out = json!({"Effect": "Allow", "Action": if actions.len() == 1 { actions[0].clone() } else { json!(actions) }, "Resource": resource});
    match random.below(8) {
        0 => out = json!({"Effect": "Deny", "Action": ["ec2:Stop*", "sqs:DeleteQueue"], "Resource": "arn:aws:sqs:*:*:prod-*"}),
        1 => {
            out = json!({"Effect": "Deny", "NotAction": ["ec2:*", "s3:*", "kms:*", "sqs:*", "sns:*", "iam:*", "lambda:*", "cloudwatch:*"], "Resource": "*"})
        }
        2 => {
            out.as_object_mut().unwrap().remove("Resource");
            out["NotResource"] = json!("arn:aws:s3:::secret/*");
        }
        3 => out["Condition"] = json!({"StringEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}}),
        4 => {
            out["Condition"] =
                json!({"StringLike": {"aws:PrincipalTag/team": "*"}, "BoolIfExists": {"aws:SecureTransport": "true"}})
        }
        _ => {}
    }
    out
}

fn document(random: &mut Random) -> Value {
    let count = 1 + random.below(3);
    let mut statements: Vec<Value> = (0..count).map(|_| statement(random)).collect();
    if random.below(3) == 0 {
        statements[0]["Sid"] = json!("First");
    }
    let mut out = json!({"Version": "2012-10-17", "Statement": statements});
    if count == 1 && random.below(2) == 0 {
        out["Statement"] = statements_alone(&out);
    }
    if random.below(6) == 0 {
        out = json!(out.to_string());
    }
    out
}

fn statements_alone(document: &Value) -> Value {
    document["Statement"][0].clone()
}

/// An account in which policies are attached directly and through groups, and the records of what its principals did.
pub(crate) fn world(seed: u64, records: usize) -> World {
    let mut random = Random::new(seed);
    let shared: Vec<(String, Value)> = (0..3)
        .map(|at| {
            let owner = if at == 0 { "aws" } else { ACCOUNT };
            (format!("arn:aws:iam::{owner}:policy/{}Shared{at}", if at == 2 { "path/" } else { "" }), document(&mut random))
        })
        .collect();
    let attached = |random: &mut Random| -> Vec<Value> {
        let all = random.some(&[0, 1, 2]);
        all.into_iter().map(|at| json!({"PolicyName": format!("Shared{at}"), "PolicyArn": shared[at].0})).collect()
    };
    let inline = |random: &mut Random| -> Vec<Value> {
        (0..random.below(3))
            .map(|at| json!({"PolicyName": (if at == 0 { "p" } else { "Shared1" }), "PolicyDocument": document(random)}))
            .collect()
    };
    let (mut users, mut roles, mut groups, mut principals) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for name in ["team", "Team-2"] {
        groups.push(json!({"Path": "/", "GroupName": name, "GroupId": format!("AGPA{name}"), "Arn": format!("arn:aws:iam::{ACCOUNT}:group/{name}"),
            "CreateDate": "2020-01-01T00:00:00Z", "GroupPolicyList": inline(&mut random), "AttachedManagedPolicies": attached(&mut random)}));
    }
    for (at, name) in NAMES.iter().enumerate() {
        let (path, made) = (*random.of(&["/", "/a/b/", "/App/"]), "2020-01-01T00:00:00Z");
        let policies = (inline(&mut random), attached(&mut random));
        let boundary =
            (random.below(4) == 0).then(|| json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": shared[1].0}));
        let tags =
            json!([{"Key": "team", "Value": "rot ✓"}, {"Key": "keep", "Value": if random.below(3) == 0 { "yes" } else { "no" }}]);
        if at % 2 == 0 {
            let (arn, id) = (format!("arn:aws:iam::{ACCOUNT}:user{path}{name}"), format!("AIDA{at}"));
            users.push(json!({"Path": path, "UserName": name, "UserId": id, "Arn": arn, "CreateDate": made, "Tags": tags,
                "GroupList": random.some(&["team", "Team-2"]), "UserPolicyList": policies.0, "AttachedManagedPolicies": policies.1}));
            boundary.into_iter().for_each(|boundary| users.last_mut().unwrap()["PermissionsBoundary"] = boundary);
            principals.push((arn, id));
        } else {
            let (arn, id) = (format!("arn:aws:iam::{ACCOUNT}:role{path}{name}"), format!("AROA{at}"));
            roles.push(json!({"Path": path, "RoleName": name, "RoleId": id, "Arn": arn, "CreateDate": made, "Tags": tags, "InstanceProfileList": [],
                "RolePolicyList": policies.0, "AttachedManagedPolicies": policies.1,
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}}));
            boundary.into_iter().for_each(|boundary| roles.last_mut().unwrap()["PermissionsBoundary"] = boundary);
            principals.push((arn, id));
        }
    }
    let managed: Vec<Value> = shared
        .iter()
        .map(|(arn, document)| {
            json!({"PolicyName": arn.rsplit('/').next().unwrap(), "Arn": arn, "DefaultVersionId": "v3", "PolicyVersionList": [
                {"VersionId": "v1", "IsDefaultVersion": false, "Document": {"Version": "2012-10-17", "Statement": []}},
                {"VersionId": "v3", "IsDefaultVersion": true, "Document": document}]})
        })
        .collect();
    let account = json!({"UserDetailList": users, "GroupDetailList": groups, "RoleDetailList": roles, "Policies": managed, "IsTruncated": false});
    let mut out = World { account, told: Vec::new(), principals, records: 0 };
    // The logs are the account's from the start: what more records can show is use alone.
    out.told.push(Told { record: plain(&json!({"type": "Root", "accountId": ACCOUNT}), "ec2", "DescribeVpcs", 0), shows: None });
    (0..records).for_each(|_| add(&mut out, &mut random));
    out
}

fn plain(identity: &Value, source: &str, name: &str, number: usize) -> Value {
    json!({"eventVersion": "1.11", "eventTime": "2026-04-10T08:00:00Z", "eventSource": format!("{source}.amazonaws.com"), "eventName": name,
        "eventID": format!("00000000-0000-4000-8000-{number:012}"), "eventCategory": "Management", "managementEvent": true,
        "recipientAccountId": ACCOUNT, "awsRegion": "us-east-1", "userIdentity": identity})
}

/// Whose permissions a record of such an identity is about: one way to write it.
fn identity(random: &mut Random, arn: &str, id: &str) -> Value {
    let name = arn.rsplit('/').next().unwrap();
    let is_user = arn.contains(":user/");
    match (is_user, random.below(5)) {
        (true, 0) => {
            json!({"type": "IAMUser", "arn": arn, "accountId": ACCOUNT, "userName": name, "accessKeyId": "AKIA0000000000000001"})
        }
        (true, 1) => json!({"type": "IAMUser", "accountId": ACCOUNT, "userName": name}),
        (true, 2) => json!({"type": "IAMUser", "principalId": id, "accountId": OTHER}),
        (true, 3) => {
            json!({"type": "FederatedUser", "accountId": ACCOUNT, "arn": format!("arn:aws:sts::{ACCOUNT}:federated-user/f"),
            "sessionContext": {"sessionIssuer": {"type": "IAMUser", "arn": arn}}})
        }
        (true, _) => json!({"TYPE": "iamuser", "ARN": arn, "invokedBy": "cloudformation.amazonaws.com"}),
        (false, 0) => json!({"type": "AssumedRole", "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{name}/s"),
            "sessionContext": {"sessionIssuer": {"type": "Role", "arn": arn}}}),
        (false, 1) => json!({"type": "AssumedRole", "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{name}/s@x.example")}),
        (false, 2) => json!({"type": "AWSAccount", "accountId": OTHER, "principalId": format!("{id}:session")}),
        (false, 3) => json!({"type": "Role", "arn": arn, "onBehalfOf": {"userId": "u"}}),
        (false, _) => json!({"type": "AssumedRole", "principalId": format!("{id}:i-0123"), "accountId": ACCOUNT,
            "sessioncontext": {"sessionissuer": {"type": "Role", "principalid": id}}}),
    }
}

/// Adds a record, or two, of something that a principal did, perhaps.
pub(crate) fn add(world: &mut World, random: &mut Random) {
    let (arn, id) = random.of(&world.principals).clone();
    let (source, name, action) = *random.of(&SEEN);
    world.records += 1;
    let mut record = plain(&identity(random, &arn, &id), source, name, world.records);
    let mut shows = Some((arn, action));
    match random.below(12) {
        0 => {
            (record["errorCode"], shows) =
                (json!(random.of(&["AccessDenied", "Client.UnauthorizedOperation", "x.y#AccessDeniedException"])), None)
        }
        1 => record["errorCode"] = json!("ThrottlingException"),
        2 => (record["eventTime"], shows) = (json!("2025-01-01T08:00:00Z"), None),
        3 => (record["userIdentity"], shows) = (json!({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}), None),
        4 => {
            // Not a UUID, or none: the record tells by all its bytes.
            record["eventID"] = json!("x");
            record["requestID"] = json!(world.records);
        }
        5 => {
            for member in ["eventID", "eventCategory", "managementEvent", "awsRegion", "recipientAccountId"] {
                record.as_object_mut().unwrap().remove(member);
            }
            record["requestID"] = json!(world.records);
        }
        6 => record["resources"] = json!([{"ARN": format!("arn:aws:sqs:eu-west-1:{ACCOUNT}:q")}, {"type": "x"}, null]),
        7 => {
            // Denied first; another record with its id says otherwise.
            let mut denied = record.clone();
            denied["errorCode"] = json!("AccessDenied");
            world.told.push(Told { record: denied, shows: None });
        }
        8 => {
            let mut late = record.clone();
            late["eventID"] = json!(format!("11111111-0000-4000-8000-{:012}", world.records));
            late["addendum"] = json!({"reason": "UPDATED_DATA", "originalEventID": record["eventID"]});
            world.told.push(Told { record: late, shows: shows.clone() });
        }
        9 => world.told.push(Told { record: record.clone(), shows: shows.clone() }),
        10 => (record, shows) = (json!({"eventVersion": "1.11", "eventName": ["odd"], "userIdentity": 7}), None),
        _ => {}
    }
    world.told.push(Told { record, shows });
}

impl World {
    /// What each principal used.
    pub(crate) fn used(&self) -> BTreeMap<String, BTreeSet<&'static str>> {
        let mut out: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
        for (arn, action) in self.told.iter().filter_map(|told| told.shows.clone()) {
            out.entry(arn).or_default().insert(action);
        }
        out
    }

    /// Writes the account and the records, dealt out to files of several spellings, some records to two of them.
    pub(crate) fn write(&self, folder: &Path, order: u64) {
        let mut random = Random::new(order);
        std::fs::write(folder.join("account.json"), self.account.to_string()).unwrap();
        let logs = folder.join("logs/AWSLogs");
        std::fs::create_dir_all(&logs).unwrap();
        let mut files: [Vec<String>; 4] = Default::default();
        for told in &self.told {
            for _ in 0..=usize::from(random.below(4) == 0) {
                let file = &mut files[random.below(4)];
                file.insert(random.below(file.len() + 1), told.record.to_string());
            }
        }
        for (at, lines) in files.iter().enumerate() {
            let path = logs.join(format!("{}.log", random.below(1_000_000) * 4 + at));
            let text = match at % 2 {
                0 => format!("{{\"Records\":[{}]}}", lines.join(",")),
                _ => lines.join("\n"),
            };
            if at < 2 {
                std::fs::write(path, text).unwrap();
                continue;
            }
            let mut out = flate2::write::GzEncoder::new(std::fs::File::create(path).unwrap(), flate2::Compression::fast());
            out.write_all(text.as_bytes()).unwrap();
            out.finish().unwrap();
        }
    }
}
