//! A group's policies serve several users: what any of them used through the group stays for each of them, whatever else they have;
//! nothing is added for any of them; and a group with more logged calls than are replayed says so.

use leastwise::account::recommend::{Options, Recommendation, Recommender, Result as Outcome, texts};
use leastwise::account::{self, Accounts, findings, recommend_all};
use leastwise::eval;
use leastwise::evidence::{self, When};
use leastwise::policy::{Access, Policy, Stack};
use leastwise::request::{Principal, Request};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const ACCOUNT: &str = "111122223333";

fn user(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:user/{name}")
}

fn policy(statements: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// Users of a group, each with an inline policy of its own or none, and the group's policies.
fn account(users: &[(String, Option<Value>)], of_group: &[Value]) -> Value {
    let named = |(at, document): (usize, &Value)| json!({"PolicyName": format!("p{at}"), "PolicyDocument": document});
    let details = |(name, own): &(String, Option<Value>)| {
        json!({"Path": "/", "UserName": name, "UserId": format!("AIDA{name}"), "Arn": user(name), "CreateDate": "2020-01-01T00:00:00Z",
            "GroupList": ["team"], "UserPolicyList": own.iter().enumerate().map(named).collect::<Vec<_>>(), "AttachedManagedPolicies": []})
    };
    json!({"UserDetailList": users.iter().map(details).collect::<Vec<_>>(), "RoleDetailList": [], "Policies": [],
        "GroupDetailList": [{"Path": "/", "GroupName": "team", "GroupId": "AGPA1", "Arn": format!("arn:aws:iam::{ACCOUNT}:group/team"),
            "CreateDate": "2020-01-01T00:00:00Z", "AttachedManagedPolicies": [],
            "GroupPolicyList": of_group.iter().enumerate().map(named).collect::<Vec<_>>()}]})
}

fn with(account: &Value, calls: &[(String, &str, &str, String)], look: impl Fn(&Accounts, &[Recommendation<'_>])) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("account.json"), account.to_string()).unwrap();
    let mut usage = "account,principal,event_category,event_source,event_name,resources,first,last,count\n".to_owned();
    for (who, source, name, resource) in calls {
        usage += &format!(
            "{ACCOUNT},{},Management,{source}.amazonaws.com,{name},{resource},2026-04-01T00:00:00Z,2026-04-02T00:00:00Z,1\n",
            user(who)
        );
    }
    std::fs::write(folder.path().join("usage.csv"), usage).unwrap();
    let accounts = account::read(&folder.path().join("account.json")).unwrap();
    let evidence = evidence::read(&[folder.path().join("usage.csv")], &evidence::Settings::default()).unwrap();
    let find = findings::Options { days: 90, as_of: When::parse_end("2026-05-01"), ..findings::Options::default() };
    let options = Options { find, ..Options::default() };
    let recommender = Recommender::new(&accounts, &evidence, &options).unwrap();
    look(&accounts, &recommend_all::all(&recommender, &recommender.entities()).unwrap());
}

/// A user's stack with the recommendations of these entities applied, and the others as they are.
fn stack(accounts: &Accounts, all: &[Recommendation<'_>], name: &str, applied: impl Fn(&str) -> bool) -> [Access; 2] {
    let entity = &accounts.entities[&user(name)];
    let found = accounts.principal(&entity.arn).unwrap();
    let owners = std::iter::once(&entity.arn).chain(&entity.groups);
    let identity: Vec<Policy> = owners
        .flat_map(|owner| {
            let one = all.iter().find(|one| one.entity.arn == *owner).unwrap();
            let documents: Vec<_> = if applied(owner) {
                one.policies.iter().flat_map(texts).collect()
            } else {
                one.policies.iter().map(|policy| policy.attached.text.as_ref().unwrap()).collect()
            };
            documents.into_iter().map(|text| text.read().unwrap().policy.clone()).collect::<Vec<_>>()
        })
        .collect();
    [found.stack.clone().into(), Stack { identity: Some(identity), ..found.stack }.into()]
}

const ACTIONS: [&str; 7] = [
    "sqs:CreateQueue",
    "sqs:DeleteQueue",
    "sqs:PurgeQueue",
    "sqs:SetQueueAttributes",
    "sns:CreateTopic",
    "sns:DeleteTopic",
    "kms:CreateKey",
];

fn allowed(access: &Access, name: &str, action: &str, resource: &str) -> bool {
    eval::allows(access, &Request::new(Principal::Aws(user(name)), action, resource, BTreeMap::new()))
}

#[test]
fn what_any_user_used_through_a_group_stays_for_all_and_nothing_is_added_for_any() {
    let queue = |name: &str| format!("arn:aws:sqs:eu-west-1:{ACCOUNT}:{name}");
    let allow = |actions: &[&str], resource: &str| json!([{"Effect": "Allow", "Action": actions, "Resource": resource}]);
    let deny = json!([{"Effect": "Deny", "Action": "sqs:DeleteQueue", "Resource": "*"}, {"Effect": "Allow", "Action": "sns:*", "Resource": "*"}]);
    let users = [
        ("alice".to_owned(), None),
        // Has by itself what bob uses, and so may lose it; bob has it through the group alone.
        ("carol".to_owned(), Some(policy(&allow(&["sqs:DeleteQueue", "sqs:PurgeQueue"], "*")))),
        ("bob".to_owned(), None),
        // Uses nothing, and what it may not do it cannot do afterwards.
        ("dave".to_owned(), Some(policy(&deny))),
    ];
    let of_group = [policy(&allow(&["sqs:*"], &queue("team-*"))), policy(&allow(&["sns:*", "sqs:PurgeQueue"], "*"))];
    let calls = [
        ("alice", "sqs", "CreateQueue", queue("team-a")),
        ("bob", "sqs", "DeleteQueue", queue("team-b")),
        ("bob", "sns", "CreateTopic", format!("arn:aws:sns:eu-west-1:{ACCOUNT}:t")),
        ("carol", "sqs", "PurgeQueue", queue("other")),
    ];
    let calls = calls.map(|(who, source, name, resource)| (who.to_owned(), source, name, resource));
    with(&account(&users, &of_group), &calls, |accounts, all| {
        let group = all.iter().find(|one| one.entity.arn.ends_with(":group/team")).unwrap();
        assert_eq!(group.result, Outcome::Proved, "{:?}", group.notes);
        assert!(group.whole.is_some(), "its policies together are compared");
        // Each call of each user that the old stack allows is replayed, with each action that may have authorized it.
        assert!(group.replayed >= 4, "{}", group.replayed);
        assert!(group.removed > 0 && group.notes.iter().any(|note| note.contains("it serves 4 users")), "{:?}", group.notes);
        let everyone = |_: &str| true;
        let only_group = |owner: &str| owner.contains(":group/");
        let only_users = |owner: &str| owner.contains(":user/");
        let ways: [&dyn Fn(&str) -> bool; 3] = [&everyone, &only_group, &only_users];
        for (at, applied) in ways.into_iter().enumerate() {
            for (name, _) in &users {
                let [old, new] = stack(accounts, all, name, applied);
                for (who, source, call, resource) in calls.iter().filter(|(who, ..)| who == name) {
                    let action = format!("{source}:{call}");
                    assert!(
                        allowed(&old, who, &action, resource) && allowed(&new, who, &action, resource),
                        "{at}, {who}: {action} lost"
                    );
                }
                for action in ACTIONS {
                    for resource in
                        ["*".to_owned(), queue("team-a"), queue("other"), format!("arn:aws:sns:eu-west-1:{ACCOUNT}:t")]
                    {
                        let [before, after] = [&old, &new].map(|access| allowed(access, name, action, &resource));
                        assert!(before || !after, "{at}, {name}: {action} on {resource} added");
                    }
                }
            }
        }
        // What nobody used through the group is gone for all.
        for (name, _) in &users {
            let [_, new] = stack(accounts, all, name, everyone);
            for action in ["sqs:SetQueueAttributes", "sns:DeleteTopic"] {
                assert!(!allowed(&new, name, action, &queue("team-a")) && !allowed(&new, name, action, "*"), "{name}: {action}");
            }
        }
    });
}

#[test]
fn a_group_without_evidence_of_each_user_stays() {
    let allow = policy(&json!([{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]));
    let (with_user, without) = (account(&[("alice".to_owned(), None)], std::slice::from_ref(&allow)), account(&[], &[allow]));
    let call = ("alice".to_owned(), "sqs", "CreateQueue", String::new());
    for (account, result) in [(with_user, Outcome::Proved), (without, Outcome::Unchanged)] {
        with(&account, std::slice::from_ref(&call), |_, all| {
            let group = all.iter().find(|one| one.entity.arn.ends_with(":group/team")).unwrap();
            assert_eq!(group.result, result, "{:?}", group.notes);
        });
    }
}

#[test]
fn more_calls_than_are_replayed_are_told() {
    let users: Vec<(String, Option<Value>)> = (0..11).map(|at| (format!("u{at:02}"), None)).collect();
    let allow = policy(&json!([{"Effect": "Allow", "Action": ["sqs:*", "sns:*"], "Resource": "*"}]));
    let mut calls = Vec::new();
    for (name, _) in &users {
        // 64 resources are kept of an event: 2,048 calls, of which 2,000 of one user are replayed.
        for event in
            leastwise::catalog::Catalog::latest().names("sqs").iter().chain(leastwise::catalog::Catalog::latest().names("sns"))
        {
            let (service, bare) = event.spelled.split_once(':').unwrap();
            let shown = leastwise::catalog::operations::actions_of(&format!("{service}.amazonaws.com"), bare).is_some();
            if shown && bare != "PurgeQueue" {
                let source = if service == "sqs" { "sqs" } else { "sns" };
                calls.extend(
                    (0..64).map(|at| (name.clone(), source, bare, format!("arn:aws:{service}:eu-west-1:{ACCOUNT}:x{at}"))),
                );
            }
        }
    }
    with(&account(&users, &[allow]), &calls, |_, all| {
        let group = all.iter().find(|one| one.entity.arn.ends_with(":group/team")).unwrap();
        assert_eq!(group.result, Outcome::Proved, "{:?}", group.notes);
        let said = |text: &str| group.notes.iter().any(|note| note.contains(text));
        assert!(
            said("only the first 2000 logged calls were replayed of") && said("no more than 20000 logged calls"),
            "{:?}",
            group.notes
        );
        // Some of the 20,000 are actions that it does not grant.
        assert!((15_000..=20_000).contains(&group.replayed), "{}", group.replayed);
    });
}
