//! What becomes of AWS's PowerUserAccess, an Allow with `NotAction`, of whoever used 40 actions: what a person would apply, which
//! fits into what can be attached, keeps what was used, and says what it still grants although it is unused.

use crate::support::leastwise_in;
use leastwise::account::recommend::{NotAction, Options, Recommendation, Recommender, Result as Outcome, texts};
use leastwise::account::{self, findings, planned};
use leastwise::catalog::{Catalog, operations};
use leastwise::eval;
use leastwise::evidence::{self, When};
use leastwise::policy::{Access, Stack};
use leastwise::request::{Principal, Request};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const ROLE: &str = "arn:aws:iam::111122223333:role/power";

/// PowerUserAccess, v6, as AWS publishes it.
fn power_user() -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"},
        {"Effect": "Allow", "Action": ["account:GetAccountInformation", "account:GetGovCloudAccountInformation", "account:GetPrimaryEmail",
            "account:ListRegions", "iam:CreateServiceLinkedRole", "iam:DeleteServiceLinkedRole", "iam:ListRoles",
            "organizations:DescribeEffectivePolicy", "organizations:DescribeOrganization"], "Resource": "*"}]})
}

/// Four actions of each of ten services, which one operation of the same name shows.
fn used() -> BTreeSet<String> {
    let services = ["ec2", "s3", "lambda", "dynamodb", "sqs", "sns", "cloudformation", "ecs", "ecr", "logs"];
    let of = |service: &str| {
        let is_shown = |name: &&str| {
            let bare = name.split_once(':').map_or("", |(_, bare)| bare);
            operations::actions_of(&format!("{service}.amazonaws.com"), bare).is_some_and(|all| all.len() == 1 && all[0] == *name)
        };
        let names: Vec<&str> = Catalog::latest().names(service).iter().map(|name| &*name.spelled).filter(is_shown).collect();
        let step = names.len() / 4;
        names.into_iter().step_by(step.max(1)).take(4).map(str::to_owned).collect::<Vec<_>>()
    };
    services.into_iter().flat_map(of).collect()
}

fn write(folder: &Path, used: &BTreeSet<String>) {
    let arn = "arn:aws:iam::aws:policy/PowerUserAccess";
    let account = json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [{"Path": "/", "RoleName": "power", "RoleId": "AROA1",
            "Arn": ROLE, "CreateDate": "2020-01-01T00:00:00Z", "InstanceProfileList": [], "RolePolicyList": [],
            "AttachedManagedPolicies": [{"PolicyName": "PowerUserAccess", "PolicyArn": arn}],
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}}],
        "Policies": [{"PolicyName": "PowerUserAccess", "Arn": arn, "DefaultVersionId": "v6",
            "PolicyVersionList": [{"VersionId": "v6", "IsDefaultVersion": true, "Document": power_user()}]}]});
    std::fs::write(folder.join("account.json"), account.to_string()).unwrap();
    let mut usage = "account,principal,event_category,event_source,event_name,resources,first,last,count\n".to_owned();
    for action in used {
        let (service, name) = action.split_once(':').unwrap();
        usage += &format!(
            "111122223333,{ROLE},Management,{service}.amazonaws.com,{name},,2026-02-01T00:00:00Z,2026-04-20T00:00:00Z,3\n"
        );
    }
    std::fs::write(folder.join("usage.csv"), usage).unwrap();
}

fn with(folder: &Path, not_action: NotAction, attachments: usize, look: impl Fn(&Recommendation<'_>, &Access)) {
    let accounts = account::read(&folder.join("account.json")).unwrap();
    let evidence = evidence::read(&[folder.join("usage.csv")], &evidence::Settings::default()).unwrap();
    let find = findings::Options { days: 90, as_of: When::parse_end("2026-05-01"), ..findings::Options::default() };
    let mut options = Options { find, not_action, attachments, ..Options::default() };
    options.proving.settings.budget.timeout = std::time::Duration::from_secs(600);
    let recommender = Recommender::new(&accounts, &evidence, &options).unwrap();
    let entity = &accounts.entities[ROLE];
    let one = recommender.recommend(entity).unwrap();
    let identity = one.policies.iter().flat_map(texts).map(|text| text.read().unwrap().policy.clone()).collect();
    let new: Access = Stack { identity: Some(identity), ..accounts.principal(ROLE).unwrap().stack.clone() }.into();
    look(&one, &new);
}

fn size(value: &Value) -> usize {
    value.to_string().chars().filter(|c| !c.is_whitespace()).count()
}

/// The patterns of each list of the policies that it would have.
fn patterns(one: &Recommendation<'_>) -> BTreeMap<&'static str, usize> {
    let mut out = BTreeMap::new();
    for (_, planned) in planned::planned(one) {
        let document: Value = serde_json::from_str(&planned.text.value().to_string()).unwrap();
        assert!(size(&document) <= 6_144);
        for statement in document["Statement"].as_array().unwrap() {
            for key in ["Action", "NotAction"] {
                *out.entry(key).or_default() += statement[key].as_array().map_or(0, Vec::len);
            }
        }
    }
    out
}

#[test]
fn what_is_left_of_power_user_access_can_be_attached_and_is_proved() {
    let (folder, used) = (tempfile::tempdir().unwrap(), used());
    assert_eq!(used.len(), 40);
    write(folder.path(), &used);
    let mut removed = BTreeMap::new();
    for (not_action, attachments) in [(NotAction::Auto, 3), (NotAction::Auto, 1), (NotAction::Keep, 10)] {
        let context = format!("{not_action:?}, {attachments}");
        let lost = std::cell::Cell::new(0);
        with(folder.path(), not_action, attachments, |one, new| {
            assert_eq!(one.result, Outcome::Proved, "{context}: {:?}", one.notes);
            let refined = one.policies[0].refined.as_ref().unwrap();
            let ids: Vec<&str> = refined.obligations.iter().map(|one| one.id).collect();
            assert!(["O1", "O2", "O3", "O4"].iter().all(|id| ids.contains(id)) && one.whole.is_some(), "{context}: {ids:?}");
            assert!(planned::planned(one).len() <= attachments, "{context}");
            let patterns = patterns(one);
            assert_eq!(one.replayed, 40, "{context}");
            if not_action == NotAction::Auto {
                assert!(
                    ["N1", "N2"].iter().all(|id| ids.contains(id)) && ids.contains(&"S1") == (attachments > 1),
                    "{context}: {ids:?}"
                );
                assert!(patterns["NotAction"] == 0 && patterns["Action"] < 400 * attachments, "{context}: {patterns:?}");
                assert!(one.notes.iter().any(|note| note.contains("no longer actions and services that AWS adds")), "{context}");
            } else {
                assert!(patterns["NotAction"] > 50, "one list of exceptions is what fits: {context}: {patterns:?}");
            }
            assert!(
                one.notes.iter().any(|note| note.contains("unused actions stay, of")) && !refined.kept.is_empty(),
                "{context}: {:?}",
                one.notes
            );
            // What is unused goes, of every service but those that are named; what was used stays, and so does what nothing shows.
            let allowed =
                |action: &str| eval::allows(new, &Request::new(Principal::Aws(ROLE.to_owned()), action, "*", BTreeMap::new()));
            for service in &one.unused {
                let kept = refined.kept.contains(&service.namespace);
                let all = || Catalog::latest().names(&service.namespace).iter().map(|name| name.spelled.to_string()).collect();
                let named = |names: &Vec<(String, Option<When>)>| {
                    names.iter().map(|(name, _)| format!("{}:{name}", service.namespace)).collect::<Vec<_>>()
                };
                for action in service.actions.as_ref().map_or_else(all, named) {
                    assert_eq!(allowed(&action), kept, "{context}: {action}");
                }
            }
            assert!(used.iter().all(|action| allowed(action)), "{context}");
            assert!(one.not_observable.iter().all(|action| allowed(action)), "{context}");
            lost.set(one.removed);
        });
        removed.insert(context, lost.get());
    }
    let of = |name: &str| removed[name];
    // Of some 15,900 that it could lose, and loses with 14 policies.
    assert!(of("Auto, 3") > 6_000, "{removed:?}");
    assert!(of("Auto, 3") > of("Auto, 1") && of("Auto, 1") >= of("Keep, 10"), "{removed:?}");
    // Whoever doubts it asks again, with its files.
    let asked = [
        "recommend",
        "--account",
        "account.json",
        "--evidence",
        "usage.csv",
        "--as-of",
        "2026-05-01",
        "--timeout",
        "600",
        "--attachments",
        "2",
        "-o",
        "out",
    ];
    let (code, _, said) = leastwise_in(folder.path(), &asked, "");
    assert_eq!(code, 0, "{said}");
    let own = folder.path().join("out/111122223333/role/power");
    let proof: Value = serde_json::from_str(&std::fs::read_to_string(own.join("proof.json")).unwrap()).unwrap();
    let files: Vec<&str> = proof["policies"][0]["verify"].as_array().unwrap().iter().map(|file| file.as_str().unwrap()).collect();
    assert_eq!(files[2], "unused/PowerUserAccess.json");
    let (code, text, said) = leastwise_in(&own, &["verify", files[0], files[1], "--unused", files[2], "--timeout", "600"], "");
    assert_eq!(code, 0, "{text} {said}");
}

#[test]
fn another_use_takes_less_from_a_policy_that_is_cut_down_to_what_fits() {
    let (folder, mut used) = (tempfile::tempdir().unwrap(), used());
    let grants = |used: &BTreeSet<String>| {
        write(folder.path(), used);
        let out = std::cell::RefCell::new(BTreeSet::new());
        with(folder.path(), NotAction::Auto, 2, |_, new| {
            let request = |action: &str| Request::new(Principal::Aws(ROLE.to_owned()), action, "*", BTreeMap::new());
            let names = Catalog::latest().prefixes().flat_map(|prefix| Catalog::latest().names(prefix));
            out.borrow_mut().extend(names.map(|name| name.spelled.to_string()).filter(|name| eval::allows(new, &request(name))));
        });
        out.into_inner()
    };
    let before = grants(&used);
    for more in ["kms:CreateKey", "rds:CreateDBInstance", "ec2:RunInstances", "athena:StartQueryExecution"] {
        used.insert(more.to_owned());
    }
    let after = grants(&used);
    assert_eq!(before.difference(&after).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn two_wide_policies_share_what_can_be_attached() {
    let (folder, used) = (tempfile::tempdir().unwrap(), used());
    write(folder.path(), &used);
    let path = folder.path().join("account.json");
    let mut account: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let all = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    account["RoleDetailList"][0]["RolePolicyList"] = json!([{"PolicyName": "all", "PolicyDocument": all}]);
    std::fs::write(&path, account.to_string()).unwrap();
    with(folder.path(), NotAction::Auto, 4, |one, new| {
        assert_eq!(one.result, Outcome::Proved, "{:?}", one.notes);
        assert!(one.policies.iter().all(|policy| policy.refined.is_some()) && one.removed > 3_000, "{:?}", one.notes);
        assert!(planned::planned(one).len() <= 4);
        let request = |action: &str| Request::new(Principal::Aws(ROLE.to_owned()), action, "*", BTreeMap::new());
        assert!(used.iter().all(|action| eval::allows(new, &request(action))));
    });
}
