//! Answers tell all of it, and read well: reasons, what was lifted, witnesses, sentences.

use crate::agreement::generator;
use crate::support::{leastwise, policy, stack};
use leastwise::policy::{Access, Policy};
use leastwise::query::{ActionScope, Query};
use leastwise::question::no_new_access::no_new_access;
use leastwise::question::{Outcome, Reason, Settings, Verdict};
use leastwise::witness::find;
use leastwise::{document::Effect, report};
use serde_json::{Value, json};

fn folder(files: &[(&str, Value)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, value) in files {
        std::fs::write(folder.path().join(name), format!("{value:#}")).unwrap();
    }
    folder
}

/// What a command prints, without the folder of its files and the time it took.
fn said(folder: &tempfile::TempDir, command: &str) -> String {
    let place = format!("{}/", folder.path().display());
    let arguments: Vec<String> = command.split(' ').map(|word| word.replace('@', &place)).collect();
    let (_, out, err) = leastwise(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), "");
    let text = format!("{out}{err}").replace(&place, "");
    text.lines().filter(|line| !line.starts_with("proof: ")).map(|line| format!("{line}\n")).collect()
}

fn statement(more: Value) -> Value {
    let mut out = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"});
    out.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    out
}

fn document(statements: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

#[test]
fn a_reason_points_at_the_action_that_is_to_blame() {
    let (code, out, _) =
        leastwise(&["access-not-granted", "fixtures/published/checks-identity.json", "--action", "s3:DeleteBucket"], "");
    let expected =
        "in the statement with index: 1.\n  --> fixtures/published/checks-identity.json:18:9\n   | \"s3:DeleteBucket\"\n";
    assert!(code == 1 && out.contains(expected), "{out}");
    let old = document(json!([statement(json!({"Action": ["s3:GetObject", "s3:PutObject"]}))]));
    let new = document(json!([statement(json!({"Action": ["s3:GetObject", "s3:DeleteBucket", "s3:PutObject"]}))]));
    let but = document(json!([statement(json!({"NotAction": ["iam:*", "s3:*"]}))]));
    let mut but = but;
    but["Statement"][0].as_object_mut().unwrap().remove("Action");
    let folder = folder(&[("old.json", old), ("new.json", new), ("but.json", but)]);
    let text = said(&folder, "no-new-access @old.json @new.json");
    assert!(text.contains("   | \"s3:DeleteBucket\"\n\nA request"), "{text}");
    let text = said(&folder, "no-new-access @old.json @but.json");
    assert!(text.contains("   | \"NotAction\": [\n"), "{text}");
    let answer: Value = serde_json::from_str(&said(&folder, "no-new-access @old.json @but.json --format json")).unwrap();
    assert_eq!(answer["reasons"][0]["notActions"], json!(["iam:*", "s3:*"]));
}

#[test]
fn everything_new_of_a_statement_is_told_and_counted_where_it_is_much() {
    let accounts: Vec<String> = (0..20).map(|at| format!("1111222233{at:02}")).collect();
    let actions = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"];
    let old = document(json!([statement(json!({"Principal": {"AWS": accounts[0]}, "Action": actions}))]));
    let more = json!({"Principal": {"AWS": accounts}, "Action": actions});
    let new = document(json!([statement(more.clone())]));
    let wider = document(json!([statement(json!({"Principal": {"AWS": accounts[0], "Service": "s3.amazonaws.com"},
        "Action": ["s3:GetObject", "s3:Put*", "s3:DeleteObject", "s3:List*"]}))]));
    let folder = folder(&[("old.json", old), ("new.json", new), ("wider.json", wider)]);
    let answer: Value = serde_json::from_str(&said(&folder, "no-new-access @old.json @new.json --format json")).unwrap();
    let reason = &answer["reasons"][0];
    assert_eq!(reason["actions"], json!(actions));
    let principals = reason["principals"].as_array().unwrap();
    assert!(principals.len() == 19 && !principals.contains(&json!({"AWS": accounts[0]})), "{reason:#}");
    let text = said(&folder, "no-new-access @old.json @new.json");
    assert!(text.contains("\n  actions: s3:GetObject, s3:PutObject, s3:DeleteObject\n  principals: 111122223301, "), "{text}");
    assert!(text.contains("111122223312 and 7 more\n"), "{text}");
    let answer: Value = serde_json::from_str(&said(&folder, "no-new-access @old.json @wider.json --format json")).unwrap();
    let reason = &answer["reasons"][0];
    // The service is new for all of them, the account for some.
    assert_eq!(reason["actions"], json!(["s3:GetObject", "s3:Put*", "s3:DeleteObject", "s3:List*"]));
    assert_eq!(reason["principals"], json!([{"AWS": "111122223300"}, {"Service": "s3.amazonaws.com"}]));
}

#[test]
fn a_deny_a_boundary_and_a_level_that_are_lifted_are_named() {
    let all = document(json!([statement(json!({"Action": "*"}))]));
    let deny = statement(json!({"Sid": "NoDelete", "Effect": "Deny", "Action": "s3:Delete*"}));
    let denied = document(json!([statement(json!({"Action": "*"})), deny]));
    let narrow = document(json!([statement(json!({"Action": "ec2:*"}))]));
    let folder = folder(&[
        ("all.json", all.clone()),
        ("denied.json", denied.clone()),
        ("bounded.json", json!({"identityPolicies": [all], "permissionBoundaries": [narrow]})),
        ("controlled.json", json!({"identityPolicies": [all], "serviceControlPolicies": [[all], [narrow, denied]]})),
        ("free.json", json!({"identityPolicies": [all], "serviceControlPolicies": [[all], [all]]})),
    ]);
    let text = said(&folder, "no-new-access @denied.json @all.json");
    assert!(text.contains("   | \"*\"\n  was denied by Deny statement 1 (NoDelete) of the existing policy\n"), "{text}");
    let answer: Value = serde_json::from_str(&said(&folder, "no-new-access @denied.json @all.json --format json")).unwrap();
    let lifted = &answer["reasons"][0]["lifted"];
    assert_eq!((&lifted[0]["statementIndex"], &lifted[0]["statementId"]), (&json!(1), &json!("NoDelete")), "{lifted}");
    let text = said(&folder, "no-new-access @bounded.json @free.json");
    assert!(text.contains("\n  was not allowed by permissionBoundaries[0] of the existing policy\n"), "{text}");
    let text = said(&folder, "no-new-access @controlled.json @free.json");
    let expected = "\n  was denied by Deny statement 1 (NoDelete) of serviceControlPolicies[1][1] of the existing policy\n";
    assert!(text.contains(expected), "{text}");
    // What denies the same on both sides is not lifted.
    let text = said(&folder, "equivalent @denied.json @all.json");
    assert!(text.contains("\n  is denied by Deny statement 1 (NoDelete) of the first policy\n"), "{text}");
    let text = said(&folder, "no-new-access @denied.json @denied.json");
    assert!(text.starts_with("PASS"), "{text}");
}

#[test]
fn witnesses_read_like_requests() {
    let folder = folder(&[
        ("all.json", document(json!([statement(json!({}))]))),
        (
            "named.json",
            document(json!([statement(json!({"Principal": {"AWS": "arn:aws:iam::111122223333:user/alice"}, "Action": "s3:*"}))])),
        ),
        ("object.json", document(json!([statement(json!({"Resource": "arn:aws:s3:::b/*"}))]))),
    ]);
    let text = said(&folder, "access-not-granted @all.json --action s3:GetObject");
    let expected = "{\n  \"principal\": \"arn:aws:iam::111122223333:role/example\",\n  \"action\": \"s3:GetObject\",\n  \
                    \"resource\": \"arn:aws:s3:::example/example\"\n}\n";
    assert!(text.contains(expected), "{text}");
    let answer: Value =
        serde_json::from_str(&said(&folder, "access-not-granted @all.json --action s3:GetObject --format json")).unwrap();
    assert_eq!(answer["witness"]["context"]["aws:principaltype"], json!("AssumedRole"), "JSON says all");
    let text = said(&folder, "access-not-granted @all.json --action s3:ListBucket");
    assert!(text.contains("\"resource\": \"arn:aws:s3:::example\"\n"), "{text}");
    let text = said(&folder, "access-not-granted @named.json --action s3:ListBucket");
    assert!(text.contains("\"principal\": \"arn:aws:iam::111122223333:user/alice\""), "{text}");
    // A bucket's name has no path.
    let text = said(&folder, "access-not-granted @object.json --action s3:ListBucket");
    assert!(text.starts_with("FAIL") && text.contains("note: AWS could not receive such a request today"), "{text}");
}

#[test]
fn findings_from_outside_are_told_with_their_conditions() {
    let open = statement(json!({"Principal": {"AWS": "999999999999"}, "Action": ["sns:Publish", "s3:GetObject"],
        "Condition": {"StringEquals": {"s3:ExistingObjectTag/public": "yes"}}}));
    let also = statement(json!({"Principal": {"AWS": "888888888888"}, "Action": "s3:ListBucket"}));
    let folder = folder(&[("one.json", document(json!([open]))), ("two.json", document(json!([open, also])))]);
    let text = said(&folder, "outside-access @one.json --trusted 111122223333");
    assert!(text.starts_with("FAIL Access from outside the zone of trust: 1 finding.\n"), "{text}");
    assert!(text.contains("\n  Condition: {\"StringEquals\":{\"s3:ExistingObjectTag/public\":\"yes\"}}\n"), "{text}");
    let text = said(&folder, "outside-access @two.json --trusted 111122223333");
    assert!(text.starts_with("FAIL Access from outside the zone of trust: 2 findings.\n"), "{text}");
}

#[test]
fn numbers_are_said_in_the_right_number() {
    let folder = folder(&[("all.json", document(json!([statement(json!({}))])))]);
    let path = folder.path().join("all.json").display().to_string();
    let (_, out, _) = leastwise(&["no-new-access", &path, &path], "");
    let proof = out.lines().find(|line| line.starts_with("proof: ")).unwrap();
    assert!(proof.contains(", 1 query, ") || proof.contains(" queries, ") && !proof.contains(", 1 queries"), "{proof}");
    let nothing = document(json!([]));
    let text = |old: &Value, new: &Value| {
        let (old, new) = (policy("old", old), policy("new", new));
        let found = leastwise::question::difference::difference(&old, &new, &Settings::default()).unwrap();
        report::difference::text(&found, &old, &new)
    };
    let two = document(json!([statement(json!({})), statement(json!({"Action": "ec2:*"}))]));
    assert!(text(&nothing, &two).starts_with("Access added in 2 regions, none removed.\n"));
    assert!(text(&two, &document(json!([statement(json!({}))]))).starts_with("Access removed in 1 region, none added.\n"));
    assert!(text(&two, &two).starts_with("Both grant the same access.\n"));
}

/// The reasons of a FAIL, with the numbers of their statements, which are all of one policy.
fn reasons(outcome: &Outcome) -> Vec<(usize, &Reason)> {
    let Verdict::Fail { reasons, .. } = &outcome.verdict else { return Vec::new() };
    reasons.iter().map(|reason| (reason.statement_index, reason)).collect()
}

/// Whether the search finds something, and nothing else was open.
fn finds(search: &Query<'_>) -> Option<bool> {
    let found = find(search, &Settings { realistic: false, ..Settings::default() }).unwrap();
    match (found.witness, found.unknown) {
        (Some(_), _) => Some(true),
        (None, None) => Some(false),
        (None, Some(_)) => None,
    }
}

/// Every action pattern, principal and Deny: it is named if and only if there is such a request, as another search says.
#[test]
fn reasons_name_exactly_what_is_to_blame() {
    let mut generator = generator(83);
    let (mut named, mut unnamed, mut lifted, mut kept) = (0, 0, 0, 0);
    for case in 0..200 {
        let with_principals = case % 2 == 0;
        let old = generator.policy(with_principals);
        let mut new = old.clone();
        let statements = new["Statement"].as_array_mut().unwrap();
        let mut another = generator.statement(with_principals);
        let mut old = old.clone();
        let add = |to: &mut Value, element: &str, more: &Value| {
            if let (Some(list), Some(more)) = (to.pointer_mut(element).and_then(Value::as_array_mut), more.as_array()) {
                list.extend(more.iter().cloned());
            }
        };
        match case % 5 {
            // A Deny goes, actions come, principals come, a statement changes, one comes.
            0 => {
                another["Effect"] = json!("Deny");
                old["Statement"].as_array_mut().unwrap().push(another);
            }
            1 => add(&mut statements[0], "/Action", &json!(["s3:Delete*", "sns:Subscribe", "s3:GetObject"])),
            2 => add(&mut statements[0], "/Principal/AWS", &json!(["333333333333", "arn:aws:iam::111122223333:role/x"])),
            3 => statements[0] = another,
            _ => statements.push(another),
        }
        let told = format!("{old}\n{new}");
        let (old_policy, new_policy) = (policy("old", &old), policy("new", &new));
        let outcome = no_new_access(&old_policy, &new_policy, &Settings::default()).unwrap();
        let search = Query::new(&new_policy, Some(&old_policy));
        for (number, reason) in reasons(&outcome) {
            let (_, statement) = new_policy.statement(number).unwrap();
            let written = &new["Statement"][number];
            for pattern in statement.action.patterns().iter().filter(|_| !statement.action.negated) {
                let is = reason.actions.iter().any(|action| action.eq_ignore_ascii_case(&pattern.to_string()));
                let scope = ActionScope::Matching(vec![pattern.clone()]);
                if let Some(expected) = finds(&Query { actions: scope, by: Some(number), ..search.clone() }) {
                    assert_eq!(is, expected, "{pattern} of statement {number}: {reason:?}\n{told}");
                    *(if is { &mut named } else { &mut unnamed }) += 1;
                }
            }
            for (kind, who) in written["Principal"].as_object().into_iter().flatten() {
                let listed = who.as_array().cloned().unwrap_or_else(|| vec![who.clone()]);
                for one in listed {
                    let mut only = new.clone();
                    only["Statement"][number]["Principal"] = json!({kind: one});
                    let only = policy("only", &only);
                    let one = one.as_str().unwrap();
                    let is = reason.principals.iter().any(|(of, who)| of == kind && is_same(who, one));
                    if let Some(expected) = finds(&Query { by: Some(number), ..Query::new(&only, Some(&old_policy)) }) {
                        assert_eq!(is, expected, "{one} of statement {number}: {reason:?}\n{told}");
                        *(if is { &mut named } else { &mut unnamed }) += 1;
                    }
                }
            }
            for (deny, member, statement) in old_policy.statements().filter(|(_, _, one)| one.effect == Effect::Deny) {
                if statement.action.negated {
                    continue;
                }
                let within = Some(Policy { statements: vec![statement.clone()], ..member.policy.clone() });
                let scope = ActionScope::Matching(statement.action.patterns().to_vec());
                let is = reason.lifted.iter().any(|lifted| lifted.statement_index == Some(deny));
                if let Some(expected) = finds(&Query { actions: scope, within, by: Some(number), ..search.clone() }) {
                    assert_eq!(is, expected, "Deny {deny} for statement {number}: {reason:?}\n{told}");
                    *(if is { &mut lifted } else { &mut kept }) += 1;
                }
            }
        }
    }
    assert!(named > 150 && unnamed > 20 && lifted > 8 && kept > 20, "{named} {unnamed} {lifted} {kept}");
}

/// An account by its id or its root ARN is one principal.
fn is_same(shown: &str, written: &str) -> bool {
    // An account is named by its id, and by its root in whatever partition.
    let root = |text: &str| text.strip_suffix(":root").and_then(|own| own.rsplit("::").next()).unwrap_or(text).to_owned();
    shown == written || root(shown) == root(written)
}

#[test]
fn what_a_stack_lifted_is_told_for_stacks_of_all_kinds() {
    let all: Value = document(json!([statement(json!({"Action": "*"}))]));
    let named = document(json!([statement(json!({"Action": "*", "Principal": "*"}))]));
    let narrow = document(json!([statement(json!({"Action": "ec2:*"}))]));
    let narrow_named = document(json!([statement(json!({"Action": "ec2:*", "Principal": "*"}))]));
    let base = json!({"identityPolicies": [all], "resourcePolicy": named});
    let lifted = |member: &str, value: Value| -> Vec<String> {
        let mut old = base.clone();
        old[member] = value;
        let (old, new): (Access, Access) = (stack("old", &old), stack("new", &base));
        let outcome = no_new_access(&old, &new, &Settings::default()).unwrap();
        let all = reasons(&outcome).into_iter().flat_map(|(_, reason)| reason.lifted.iter());
        let mut all: Vec<String> = all.map(|lifted| lifted.description.clone()).collect();
        all.sort();
        all.dedup();
        all
    };
    for (member, value, name) in [
        ("sessionPolicies", json!([narrow]), "sessionPolicies"),
        ("serviceControlPolicies", json!([[narrow]]), "serviceControlPolicies[0]"),
        ("resourceControlPolicies", json!([[narrow_named]]), "resourceControlPolicies[0]"),
        ("endpointPolicies", json!([narrow_named]), "endpointPolicies[0]"),
    ] {
        let expected = format!("was not allowed by {name} of the existing policy");
        assert!(lifted(member, value).contains(&expected), "{member}");
    }
}
