//! `who-can`: each line against the plain question about the whole stack, and against requests evaluated one by one.

use crate::support::{leastwise, root};
use leastwise::account::scope::{self, Who};
use leastwise::account::who_can::{Asked, Line, Verdict, who_can};
use leastwise::account::{self, Accounts};
use leastwise::eval;
use leastwise::policy::Access;
use leastwise::query::{ActionScope, Query};
use leastwise::question::Settings;
use leastwise::report;
use leastwise::request::{Principal, Request};
use leastwise::witness::find;
use serde_json::{Value, json};
use std::path::Path;

const ACCOUNT: &str = "111122223333";

fn read(value: &Value) -> Accounts {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), value.to_string()).unwrap();
    account::read(file.path()).unwrap()
}

fn asked(accounts: &Accounts, actions: &[&str], resources: &[&str]) -> Vec<Line> {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let asked = Asked { actions: owned(actions), resources: owned(resources) };
    who_can(accounts, &asked, &Settings::default()).unwrap().0
}

fn brief(lines: &[Line]) -> Vec<String> {
    let short = |line: &Line| {
        let name = line.principal.rsplit(':').next().unwrap_or("");
        format!("{}{} {name}", if line.outside { "outside " } else { "" }, line.verdict.name())
    };
    lines.iter().map(short).collect()
}

#[test]
fn names_tags_boundaries_groups_and_trust_decide() {
    let text = std::fs::read_to_string(root().join("fixtures/accounts/small.json")).unwrap();
    let accounts = read(&serde_json::from_str(&text).unwrap());
    for (action, resource, expected) in [
        // Its own home only; the other user has everything but what the boundary stops.
        ("s3:GetObject", "arn:aws:s3:::home/alice/*", "CANNOT role/build, CANNOT role/worker, CAN user/alice, CAN user/ops/bob"),
        ("s3:GetObject", "arn:aws:s3:::home/bob/*", "CANNOT role/build, CANNOT role/worker, CANNOT user/alice, CAN user/ops/bob"),
        ("s3:DeleteObject", "*", "CANNOT role/build, CANNOT role/worker, CANNOT user/alice, CANNOT user/ops/bob"),
        // By a tag: alice's own through her group; a session of build may bring it, one of worker may not.
        ("dynamodb:DeleteTable", "*", "CAN role/build, CANNOT role/worker, CAN user/alice, CANNOT user/ops/bob"),
        // The trust policy names alice, and an account outside.
        ("sts:AssumeRole", "*", "CANNOT role/build, CANNOT role/worker, CAN user/alice, CANNOT user/ops/bob, outside CAN root"),
    ] {
        assert_eq!(brief(&asked(&accounts, &[action], &[resource])).join(", "), expected, "{action} {resource}");
    }
    // What a witness carries is the principal's own.
    let lines = asked(&accounts, &["dynamodb:DeleteTable"], &[]);
    let alice = lines.iter().find(|line| line.principal.ends_with("user/alice")).unwrap();
    let witness = alice.witness.as_ref().unwrap();
    assert_eq!(witness.principal, Principal::Aws(alice.principal.clone()));
    assert_eq!(witness.context["aws:principaltag/team"], ["blue"]);
    assert_eq!(witness.context["aws:userid"], ["AIDAEXAMPLEALICE00000"]);
    assert_eq!(
        (alice.grants[0].policy.as_str(), alice.grants[0].statement_id.as_deref()),
        ("arn:aws:iam::111122223333:policy/by-team", Some("Blue"))
    );
    // Several actions are several questions.
    let lines = asked(&accounts, &["s3:GetObject", "s3:DeleteObject"], &[]);
    let bob = lines.iter().find(|line| line.principal.ends_with("bob")).unwrap();
    assert_eq!((bob.verdict, bob.actions.as_slice()), (Verdict::Can, &["s3:GetObject".to_owned()][..]));
    assert_eq!(bob.answers.iter().map(|answer| answer.verdict.name()).collect::<Vec<_>>(), ["CAN", "CANNOT"]);
}

#[test]
fn what_is_missing_is_unknown_unless_nothing_could_help() {
    let text = std::fs::read_to_string(root().join("fixtures/accounts/small.json")).unwrap();
    let mut value: Value = serde_json::from_str(&text).unwrap();
    value["Policies"].as_array_mut().unwrap().retain(|policy| policy["PolicyName"] != "storage");
    let accounts = read(&value);
    let bob = |action: &str| asked(&accounts, &[action], &[]).into_iter().find(|line| line.principal.ends_with("bob")).unwrap();
    assert_eq!(bob("s3:GetObject").verdict, Verdict::Unknown);
    assert!(bob("s3:GetObject").notes[0].contains("policy/storage"), "{:?}", bob("s3:GetObject").notes);
    // Whatever the policy says, the boundary stops it.
    assert_eq!(bob("s3:DeleteObject").verdict, Verdict::Cannot);
    let mut value: Value = serde_json::from_str(&text).unwrap();
    value["Policies"][0]["PolicyVersionList"][0]["Document"]["Statement"][0]["Condition"] = json!({"StringIs": {"k": "v"}});
    let broken = asked(&read(&value), &["s3:GetObject"], &[]).into_iter().find(|line| line.principal.ends_with("bob")).unwrap();
    assert_eq!(broken.verdict, Verdict::Unknown);
    assert!(broken.notes[0].contains("cannot be read"), "{:?}", broken.notes);
}

/// A small generator of numbers: the same accounts everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % 1_000_003).unwrap() % most
    }

    fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

const ACTIONS: [&str; 5] = ["s3:GetObject", "s3:*", "s3:Put*", "*", "sqs:SendMessage"];
const RESOURCES: [&str; 5] =
    ["*", "arn:aws:s3:::a/*", "arn:aws:s3:::b/x", "arn:aws:s3:::${aws:username}/*", "arn:aws:s3:::${aws:PrincipalTag/team}/x"];

fn statement(dice: &mut Dice) -> Value {
    let mut out = json!({"Effect": if dice.below(4) == 0 { "Deny" } else { "Allow" }, "Resource": dice.of(&RESOURCES)});
    let action = dice.of(&ACTIONS);
    out[if dice.below(5) == 0 { "NotAction" } else { "Action" }] = json!(action);
    let (red, arn) = (json!("red"), json!(format!("arn:aws:iam::{ACCOUNT}:*/p0")));
    match dice.below(8) {
        0 => out["Condition"] = json!({"StringEquals": {"aws:PrincipalTag/team": red}}),
        1 => out["Condition"] = json!({"StringNotEquals": {"aws:PrincipalTag/team": red}}),
        2 => out["Condition"] = json!({"ArnLike": {"aws:PrincipalArn": arn}}),
        3 => out["Condition"] = json!({"StringLike": {"aws:userid": "AROAEXAMPLE*"}}),
        _ => {}
    }
    out
}

fn document(dice: &mut Dice) -> Value {
    let statements: Vec<Value> = (0..=dice.below(2)).map(|_| statement(dice)).collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn account(dice: &mut Dice) -> Value {
    let managed: Vec<Value> = (0..4).map(|_| document(dice)).collect();
    let arn = |at: usize| format!("arn:aws:iam::{ACCOUNT}:policy/m{at}");
    let attached = |dice: &mut Dice| {
        let mut numbers: Vec<usize> = (0..dice.below(3)).map(|_| dice.below(4)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        json!(numbers.iter().map(|at| json!({"PolicyName": format!("m{at}"), "PolicyArn": arn(*at)})).collect::<Vec<_>>())
    };
    let tags = |dice: &mut Dice| match dice.below(3) {
        0 => json!([{"Key": "team", "Value": "red"}]),
        1 => json!([{"Key": "Team", "Value": "a"}]),
        _ => json!([]),
    };
    let (mut roles, mut users) = (Vec::new(), Vec::new());
    for at in 0..4 {
        let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": if dice.below(3) == 0 { json!(["sts:AssumeRole", "sts:TagSession"]) } else { json!("sts:AssumeRole") }}]});
        let mut role = json!({"Path": "/", "RoleName": format!("p{at}"), "RoleId": format!("AROAEXAMPLE{at}"),
            "Arn": format!("arn:aws:iam::{ACCOUNT}:role/p{at}"), "AssumeRolePolicyDocument": trust,
            "RolePolicyList": [{"PolicyName": "inline", "PolicyDocument": document(dice)}],
            "AttachedManagedPolicies": attached(dice), "Tags": tags(dice)});
        if dice.below(3) == 0 {
            role["PermissionsBoundary"] = json!({"PermissionsBoundaryArn": arn(dice.below(4))});
        }
        roles.push(role);
        users.push(json!({"Path": "/", "UserName": format!("a{at}"), "UserId": format!("AIDAEXAMPLE{at}"),
            "Arn": format!("arn:aws:iam::{ACCOUNT}:user/a{at}"), "AttachedManagedPolicies": attached(dice), "Tags": tags(dice),
            "GroupList": if dice.below(2) == 0 { json!(["g"]) } else { json!([]) }}));
    }
    let versions = |document: &Value| json!([{"Document": document, "VersionId": "v1", "IsDefaultVersion": true}]);
    let policies: Vec<Value> = managed
        .iter()
        .enumerate()
        .map(|(at, document)| json!({"PolicyName": format!("m{at}"), "Arn": arn(at), "Path": "/", "PolicyVersionList": versions(document)}))
        .collect();
    let group = json!({"Path": "/", "GroupName": "g", "Arn": format!("arn:aws:iam::{ACCOUNT}:group/g"), "AttachedManagedPolicies": attached(dice)});
    json!({"UserDetailList": users, "GroupDetailList": [group], "RoleDetailList": roles, "Policies": policies})
}

/// The plain question: the whole stack, nothing left out or shared, about this principal alone.
fn plain(accounts: &Accounts, arn: &str, action: &str) -> (Access, bool) {
    let found = accounts.principal(arn).unwrap();
    let access = Access::from(found.stack);
    let scope = scope::requests(Who::Entity(found.entity), &access, None, None);
    let glob = leastwise::glob::Glob::parse(action).to_ascii_lowercase();
    let search = Query { actions: ActionScope::Matching(vec![glob]), within: Some(scope), ..Query::new(&access, None) };
    let answer = find(&search, &Settings::default()).unwrap();
    assert!(answer.unknown.is_none() || answer.witness.is_some(), "{arn} {action}: {:?}", answer.unknown);
    let can = answer.witness.is_some();
    (access, can)
}

#[test]
fn every_line_is_what_the_whole_stack_says() {
    let (mut cans, mut cannots) = (0, 0);
    for seed in 1..=10 {
        let mut dice = Dice(seed * 7_919);
        let value = account(&mut dice);
        let accounts = read(&value);
        for action in ["s3:GetObject", "s3:PutObject", "sqs:*"] {
            let lines = asked(&accounts, &[action], &[]);
            assert_eq!(lines.len(), 8);
            for line in &lines {
                let (access, can) = plain(&accounts, &line.principal, action);
                let expected = if can { Verdict::Can } else { Verdict::Cannot };
                assert_eq!(line.verdict, expected, "seed {seed}, {action}, {}\n{value}", line.principal);
                let Some(witness) = &line.witness else {
                    cannots += 1;
                    // Nothing of this principal is allowed, as the evaluator says.
                    for request in requests(&accounts, &line.principal, action) {
                        assert!(!eval::allows(&access, &request), "seed {seed}: {request:?}");
                    }
                    continue;
                };
                cans += 1;
                let evaluation = eval::evaluate(&access, witness);
                assert_eq!(evaluation.decision, eval::Decision::Allowed, "seed {seed}: {witness:?}");
                assert_eq!(witness.principal_arn(), Some(line.principal.as_str()));
                assert!(
                    !line.grants.is_empty() && line.grants.iter().all(|grant| !grant.policy.contains('[')),
                    "{:?}",
                    line.grants
                );
                assert_eq!(line.grants.len(), evaluation.decided_by.len());
            }
        }
    }
    assert!(cans > 40 && cannots > 40, "{cans} {cannots}");
}

/// Some requests of a principal, with its tags and ids.
fn requests(accounts: &Accounts, arn: &str, action: &str) -> Vec<Request> {
    let entity = &accounts.entities[arn];
    let mut out = Vec::new();
    for resource in [
        "arn:aws:s3:::a/x",
        "arn:aws:s3:::b/x",
        "arn:aws:s3:::red/x",
        "arn:aws:s3:::a0/k",
        "arn:aws:sqs:us-east-1:111122223333:q",
    ] {
        let action = action.replace('*', "SendMessage");
        let request = Request::new(Principal::Aws(arn.to_owned()), &action, resource, Default::default());
        out.push(scope::dressed(Who::Entity(entity), None, request));
    }
    out
}

fn write(base: &Path, parts: &str, value: &Value) {
    let path = base.join(parts);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, value.to_string()).unwrap();
}

/// The same account as iam-collect lays it out.
fn collected(base: &Path, value: &Value) {
    let account = format!("aws/aws/accounts/{ACCOUNT}");
    write(base, &format!("{account}/metadata.json"), &json!({"accountId": ACCOUNT}));
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    for (name, kind, inline) in
        [("User", "user", "UserPolicyList"), ("Group", "group", "GroupPolicyList"), ("Role", "role", "RolePolicyList")]
    {
        for detail in list(&value[format!("{name}DetailList")]) {
            let own = detail[format!("{name}Name")].as_str().unwrap();
            let folder = format!("{account}/iam/{kind}/{kind}%2f{own}");
            let boundary = &detail["PermissionsBoundary"]["PermissionsBoundaryArn"];
            let metadata = json!({"arn": detail["Arn"], "name": own, "path": detail["Path"], "id": detail[format!("{name}Id")],
                "permissionBoundary": boundary});
            write(base, &format!("{folder}/metadata.json"), &metadata);
            let arns: Vec<Value> = list(&detail["AttachedManagedPolicies"]).iter().map(|one| one["PolicyArn"].clone()).collect();
            write(base, &format!("{folder}/managed-policies.json"), &json!(arns));
            write(base, &format!("{folder}/inline-policies.json"), &json!(list(&detail[inline])));
            let tags: serde_json::Map<String, Value> =
                list(&detail["Tags"]).iter().map(|tag| (tag["Key"].as_str().unwrap().to_owned(), tag["Value"].clone())).collect();
            write(base, &format!("{folder}/tags.json"), &json!(tags));
            if kind == "role" {
                write(base, &format!("{folder}/trust-policy.json"), &detail["AssumeRolePolicyDocument"]);
            }
            if kind == "user" {
                let groups: Vec<Value> = list(&detail["GroupList"])
                    .iter()
                    .map(|name| json!(format!("arn:aws:iam::{ACCOUNT}:group/{}", name.as_str().unwrap())))
                    .collect();
                write(base, &format!("{folder}/groups.json"), &json!(groups));
            }
        }
    }
    for policy in list(&value["Policies"]) {
        let folder = format!("{account}/iam/policy/policy%2f{}", policy["PolicyName"].as_str().unwrap());
        write(base, &format!("{folder}/metadata.json"), &json!({"arn": policy["Arn"], "defaultVersionId": "v1"}));
        write(base, &format!("{folder}/current-policy.json"), &policy["PolicyVersionList"][0]["Document"]);
    }
}

#[test]
fn both_layouts_of_an_account_give_the_same_answers() {
    for seed in 1..=4 {
        let value = account(&mut Dice(seed * 104_729));
        let folder = tempfile::tempdir().unwrap();
        collected(folder.path(), &value);
        let (one, other) = (read(&value), account::read(folder.path()).unwrap());
        assert!(other.notes.is_empty(), "{:?}", other.notes);
        for action in ["s3:GetObject", "sts:AssumeRole"] {
            let shown = |accounts: &Accounts| {
                let lines = asked(accounts, &[action], &[]);
                let lines = report::who_can::json(&lines, &Default::default());
                lines.iter().map(|line| format!("{}\n", report::json::value(line))).collect::<String>()
            };
            assert_eq!(shown(&one), shown(&other), "seed {seed} {action}");
        }
    }
}

fn allow(action: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})
}

/// A role that may do something on everything.
fn role(path: &str, name: &str, action: &str) -> Value {
    json!({"Path": path, "RoleName": name, "RoleId": format!("AROAEXAMPLE{name}"), "Arn": format!("arn:aws:iam::{ACCOUNT}:role{path}{name}"),
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
        "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": allow(action)}]})
}

/// A service control policy of a unit above the account denies `s3:Get*`; where the policy stands.
fn below_a_control_policy(base: &Path) -> String {
    let organization = "aws/aws/organizations/o-a1b2c3d4e5";
    let full = "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess";
    let own = "arn:aws:organizations::999999999999:policy/o-a1b2c3d4e5/service_control_policy/p-12345678";
    write(base, &format!("{organization}/metadata.json"), &json!({"id": "o-a1b2c3d4e5", "rootAccountId": "999999999999"}));
    write(base, &format!("{organization}/accounts.json"), &json!({ACCOUNT: {"ou": "ou-1", "scps": [full], "rcps": []}}));
    let ous = json!({"r-1": {"scps": [full], "rcps": []}, "ou-1": {"parent": "r-1", "scps": [full, own], "rcps": []}});
    write(base, &format!("{organization}/ous.json"), &ous);
    write(base, &format!("{organization}/scps/p-fullawsaccess/policy.json"), &allow("*"));
    let deny = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:Get*", "Resource": "*"}]});
    let denied = format!("{organization}/scps/p-12345678/policy.json");
    write(base, &denied, &deny);
    denied
}

#[test]
fn control_policies_bind_no_service_linked_role_that_shares_its_policies() {
    let folder = tempfile::tempdir().unwrap();
    let linked = |name: &str| role("/aws-service-role/ec2.amazonaws.com/", name, "s3:*");
    let value = json!({"RoleDetailList": [role("/", "all", "s3:*"), linked("one"), linked("two")]});
    collected(folder.path(), &value);
    below_a_control_policy(folder.path());
    let lines = asked(&account::read(folder.path()).unwrap(), &["s3:GetObject"], &[]);
    let said: Vec<_> = lines.iter().map(|line| (line.principal.rsplit('/').next().unwrap(), line.verdict)).collect();
    assert_eq!(said, [("all", Verdict::Cannot), ("one", Verdict::Can), ("two", Verdict::Can)]);
}

#[test]
fn resource_policies_and_the_organization_decide() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path();
    let role = |name: &str, action: &str| role("/", name, action);
    let value = json!({"RoleDetailList": [role("all", "s3:*"), role("none", "sqs:*"), role("named", "sqs:*")]});
    collected(base, &value);
    let bucket = format!("aws/aws/accounts/{ACCOUNT}/s3/bucket/b");
    write(base, &format!("{bucket}/metadata.json"), &json!({"arn": "arn:aws:s3:::b", "name": "b"}));
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:role/named")}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"},
        {"Sid": "Out", "Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/shared/*"},
        {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*"}]});
    write(base, &format!("{bucket}/policy.json"), &policy);
    let lines = |action: &str, resource: &str| brief(&asked(&account::read(base).unwrap(), &[action], &[resource])).join(", ");
    let object = "arn:aws:s3:::b/*";
    assert_eq!(lines("s3:GetObject", object), "CAN role/all, CAN role/named, CANNOT role/none, outside CAN root");
    assert_eq!(lines("s3:PutObject", object), "CANNOT role/all, CANNOT role/named, CANNOT role/none");
    // Elsewhere the bucket's policy says nothing.
    assert_eq!(lines("s3:PutObject", "*"), "CAN role/all, CANNOT role/named, CANNOT role/none");
    assert_eq!(lines("s3:GetObject", "arn:aws:s3:::c/*"), "CAN role/all, CANNOT role/named, CANNOT role/none");

    let denied = below_a_control_policy(base);
    assert_eq!(lines("s3:GetObject", object), "CANNOT role/all, CANNOT role/named, CANNOT role/none, outside CAN root");
    assert_eq!(lines("s3:ListBucket", "arn:aws:s3:::b"), "CAN role/all, CANNOT role/named, CANNOT role/none");
    // One that is missing leaves the answers open, but for what is proved anyway.
    std::fs::remove_file(base.join(denied)).unwrap();
    assert_eq!(lines("s3:ListBucket", "arn:aws:s3:::b"), "UNKNOWN role/all, CANNOT role/named, CANNOT role/none");
}

/// Resource control policies bind by whose the resource is, not by whose the principal is.
#[test]
fn resource_control_policies_are_those_of_the_resource_s_account() {
    const OTHER: &str = "222233334444";
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path();
    let value = json!({"RoleDetailList": [role("/", "all", "s3:*")]});
    collected(base, &value);
    let metadata = json!({"arn": format!("arn:aws:iam::{OTHER}:role/far"), "name": "far", "path": "/", "id": "AROAEXAMPLEFAR"});
    write(base, &format!("aws/aws/accounts/{OTHER}/iam/role/far/metadata.json"), &metadata);
    let inline = json!([{"PolicyName": "p", "PolicyDocument": allow("s3:*")}]);
    write(base, &format!("aws/aws/accounts/{OTHER}/iam/role/far/inline-policies.json"), &inline);
    for (account, name) in [(ACCOUNT, "near"), (OTHER, "far")] {
        let bucket = format!("aws/aws/accounts/{account}/s3/bucket/{name}");
        write(base, &format!("{bucket}/metadata.json"), &json!({"arn": format!("arn:aws:s3:::{name}"), "name": name}));
        let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": [ACCOUNT, OTHER, "999999999999"]},
            "Action": "s3:*", "Resource": format!("arn:aws:s3:::{name}/*")}]});
        write(base, &format!("{bucket}/policy.json"), &policy);
    }
    let organization = "aws/aws/organizations/o-a1b2c3d4e5";
    let policy = |kind: &str, name: &str| format!("arn:aws:organizations::aws:policy/{kind}/{name}");
    let (full, all, own) = (policy("scp", "p-full"), policy("rcp", "p-all"), policy("rcp", "p-own"));
    let imposed = |rcps: Value| json!({"ou": "r-1", "scps": [full], "rcps": rcps});
    let accounts = json!({ACCOUNT: imposed(json!([all, own])), OTHER: imposed(json!([all]))});
    write(base, &format!("{organization}/metadata.json"), &json!({"id": "o-a1b2c3d4e5", "rootAccountId": "888888888888"}));
    write(base, &format!("{organization}/accounts.json"), &accounts);
    write(base, &format!("{organization}/ous.json"), &json!({"r-1": {"scps": [full], "rcps": [all]}}));
    write(base, &format!("{organization}/scps/p-full/policy.json"), &allow("*"));
    write(base, &format!("{organization}/rcps/p-all/policy.json"), &allow("*"));
    let says = |effect: &str, action: &str| json!({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Principal": "*", "Action": action, "Resource": "*"}]});
    write(base, &format!("{organization}/rcps/p-own/policy.json"), &says("Deny", "s3:Get*"));
    let lines = |resource: &str| brief(&asked(&account::read(base).unwrap(), &["s3:GetObject"], &[resource])).join(", ");
    assert_eq!(lines("arn:aws:s3:::near/*"), "CANNOT role/all, CANNOT role/far");
    assert_eq!(lines("arn:aws:s3:::far/*"), "CAN role/all, CAN role/far, outside CAN root");
    // Of a bucket that nobody knows only what is one's own is bound.
    assert_eq!(lines("arn:aws:s3:::unknown/*"), "CAN role/all, CAN role/far");
    // So a question about one principal keeps to it too.
    let accounts = account::read(base).unwrap();
    let found = accounts.principal(&format!("arn:aws:iam::{ACCOUNT}:role/all")).unwrap();
    let access = Access::from(found.stack);
    for (owner, decision) in [(ACCOUNT, eval::Decision::ExplicitlyDenied), (OTHER, eval::Decision::Allowed)] {
        let context = [("aws:resourceaccount".to_owned(), vec![owner.to_owned()])].into();
        let principal = Principal::Aws(format!("arn:aws:iam::{ACCOUNT}:role/all"));
        let request = Request::new(principal, "s3:GetObject", "arn:aws:s3:::x/y", context);
        assert_eq!(eval::decision(&access, &request), decision, "{owner}");
    }
    // A level that lets through only some requests does so for its own account alone.
    write(base, &format!("{organization}/accounts.json"), &json!({ACCOUNT: imposed(json!([own])), OTHER: imposed(json!([all]))}));
    write(base, &format!("{organization}/rcps/p-own/policy.json"), &says("Allow", "s3:List*"));
    assert_eq!(lines("arn:aws:s3:::near/*"), "CANNOT role/all, CANNOT role/far");
    assert_eq!(lines("arn:aws:s3:::far/*"), "CAN role/all, CAN role/far, outside CAN root");
    // One that is missing leaves open what it could bind.
    std::fs::remove_file(base.join(format!("{organization}/rcps/p-own/policy.json"))).unwrap();
    assert_eq!(lines("arn:aws:s3:::near/*"), "UNKNOWN role/all, UNKNOWN role/far, outside UNKNOWN *");
    assert_eq!(lines("arn:aws:s3:::far/*"), "CAN role/all, CAN role/far, outside CAN root");
}

#[test]
fn the_command_prints_a_line_a_principal_and_a_summary() {
    let (code, out, said) =
        leastwise(&["who-can", "s3:GetObject", "--account", "fixtures/accounts/small.json", "--format", "json"], "");
    assert_eq!((code, said.as_str()), (0, ""));
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 5);
    assert_eq!((&lines[2]["verdict"], &lines[2]["grants"][0]["statementIndex"]), (&json!("CAN"), &json!(0)));
    let summary = &lines[4]["summary"];
    assert_eq!(
        (&summary["principals"], &summary["can"], &summary["cannot"], &summary["unknown"]),
        (&json!(5), &json!(3), &json!(2), &json!(0))
    );
    let (code, _, said) = leastwise(&["who-can", "s3:GetObjekt", "--account", "fixtures/accounts/small.json"], "");
    assert!(code == 2 && said.contains("did you mean s3:GetObject?"), "{said}");
    let (code, _, said) = leastwise(&["who-can", "s3:GetObject", "--account", "fixtures/none.json"], "");
    assert!(code == 2 && said.contains("cannot read fixtures/none.json"), "{said}");
}

#[test]
fn questions_about_a_principal_of_an_account_keep_to_it() {
    let whose = |principal: &str| {
        let arn = format!("arn:aws:iam::{ACCOUNT}:{principal}");
        ["--account".to_owned(), "fixtures/accounts/small.json".to_owned(), "--principal".to_owned(), arn]
    };
    let run = |command: &[&str], principal: &str| {
        let whose = whose(principal);
        let args: Vec<&str> = command.iter().copied().chain(whose.iter().map(String::as_str)).collect();
        leastwise(&args, "")
    };
    // By its name, its tag, its boundary: what another principal could do is no matter.
    for (principal, action, resource, code) in [
        ("user/alice", "s3:GetObject", "arn:aws:s3:::home/alice/*", 1),
        ("user/alice", "s3:GetObject", "arn:aws:s3:::home/bob/*", 0),
        ("user/alice", "dynamodb:DeleteTable", "*", 1),
        ("role/worker", "dynamodb:DeleteTable", "*", 0),
        ("role/build", "dynamodb:DeleteTable", "*", 1),
        ("user/ops/bob", "s3:DeleteObject", "*", 0),
    ] {
        let (found, out, said) = run(&["access-not-granted", "--action", action, "--resource", resource], principal);
        assert_eq!(found, code, "{principal} {action}: {out}{said}");
        assert!(code == 0 || out.contains(principal.rsplit('/').next().unwrap()), "{out}");
    }
    let (_, out, _) = run(&["access-not-granted", "--action", "s3:GetObject"], "user/ops/bob");
    assert!(out.contains(&format!("of arn:aws:iam::{ACCOUNT}:policy/storage.")), "{out}");
    // One request: with her name and tag in it, and the trust policy of the role.
    for (action, resource, decision) in [
        ("s3:GetObject", "arn:aws:s3:::home/alice/k", "Allowed"),
        ("s3:GetObject", "arn:aws:s3:::home/bob/k", "ImplicitlyDenied"),
        ("dynamodb:DeleteTable", "arn:aws:dynamodb:us-east-1:111122223333:table/t", "Allowed"),
        ("sts:AssumeRole", "arn:aws:iam::111122223333:role/build", "Allowed"),
        ("sts:AssumeRole", "arn:aws:iam::111122223333:role/worker", "ImplicitlyDenied"),
    ] {
        let (_, out, said) = run(&["simulate", "--action", action, "--resource", resource], "user/alice");
        assert!(out.starts_with(decision), "{action} {resource}: {out}{said}");
    }
    // A new policy in place of its own: only what this principal gains counts.
    let folder = tempfile::tempdir().unwrap();
    let new = |resource: &str| {
        let path = folder.path().join("new.json");
        let policy =
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}]});
        std::fs::write(&path, policy.to_string()).unwrap();
        path.display().to_string()
    };
    let home = new("arn:aws:s3:::home/alice/*");
    assert_eq!(run(&["no-new-access", &home], "user/alice").0, 0);
    let other = new("arn:aws:s3:::home/*");
    assert_eq!(run(&["no-new-access", &other], "user/alice").0, 1);
    for (principal, part) in
        [("user/alicia", "has no user or role `arn:aws:iam::111122223333:user/alicia`"), ("group/readers", "is a group")]
    {
        let (code, _, said) = run(&["access-not-granted", "--action", "s3:GetObject"], principal);
        assert!(code == 2 && said.contains(part), "{said}");
    }
    let (code, _, said) =
        leastwise(&["access-not-granted", "fixtures/accounts/small.json", "--action", "s3:GetObject", "--principal", "x"], "");
    assert!(code == 2 && said.contains("--account"), "{said}");
}
