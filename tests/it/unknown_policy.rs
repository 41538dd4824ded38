//! A policy of the resource that a stack does not give: it consents where that is needed, grants nothing alone, and is said.

use crate::agreement::{Generator, Random, generator};
use crate::support::{leastwise as command, stack};
use leastwise::eval;
use leastwise::policy::Access;
use leastwise::question::access_not_granted::{Access as Listed, access_not_granted};
use leastwise::question::difference::difference;
use leastwise::question::equivalent::equivalent;
use leastwise::question::no_new_access::no_new_access;
use leastwise::question::{Engine, Outcome, Settings, Verdict};
use leastwise::request::Request;
use leastwise::smt;
use serde_json::{Value, json};

fn settings() -> Settings {
    let budget = crate::support::steps(40_000_000);
    Settings { budget, realistic: false, ..Settings::default() }
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome.verdict {
        Verdict::Pass => "PASS",
        Verdict::Fail { .. } => "FAIL",
        Verdict::Unknown(_) => "UNKNOWN",
    }
}

fn allow(action: &str, resource: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]})
}

/// Whether a note speaks of the resource's policy, and of this service.
fn is_noted(notes: &[String], service: &str) -> bool {
    notes.iter().any(|note| note.contains("the resource's own policy, which is not known") && note.contains(service))
}

#[test]
fn it_consents_where_its_consent_is_needed_and_a_note_says_so() {
    let key = "arn:aws:kms:us-east-1:111122223333:key/k";
    let role = "arn:aws:iam::111122223333:role/r";
    for engine in [Engine::Auto, Engine::Strings] {
        let settings = Settings { engine, ..settings() };
        for (action, resource, service) in [("kms:Decrypt", key, "kms"), ("sts:AssumeRole", role, "sts")] {
            let listed = Listed { actions: vec![action.to_owned()], resources: Vec::new() };
            let ask =
                |written: Value| smt::in_fresh_context(|| access_not_granted(&stack("s", &written), &listed, &settings)).unwrap();
            let own = allow(action, resource);
            let unknown = ask(json!({"identityPolicies": [own]}));
            assert_eq!(word(&unknown), "FAIL", "{action}: {:?}", unknown.verdict);
            assert!(is_noted(&unknown.notes, service), "{action}: {:?}", unknown.notes);
            let none = ask(json!({"identityPolicies": [own], "resourcePolicy": null}));
            assert_eq!((word(&none), none.notes), ("PASS", Vec::new()), "{action}");
            // Whatever the policy of the resource says, who may not is denied.
            let denied = json!({"Statement": {"Effect": "Deny", "Action": action, "Resource": "*"}});
            let principal = json!({"Statement": {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*"}});
            let blocked = ask(json!({"identityPolicies": [own, denied], "resourceControlPolicies": [[principal]]}));
            // Resource control policies do not bind the assuming of service-linked roles.
            assert_eq!((word(&blocked), blocked.notes.is_empty()), ("PASS", service == "kms"), "{action}");
        }
    }
    // Of a bucket of one's own no consent is needed: a witness that needs none is shown.
    let listed = Listed { actions: vec!["s3:GetObject".to_owned()], resources: Vec::new() };
    let ask = |written: Value| smt::in_fresh_context(|| access_not_granted(&stack("s", &written), &listed, &settings())).unwrap();
    let own = ask(json!({"identityPolicies": [allow("s3:GetObject", "*")]}));
    assert_eq!((word(&own), own.notes), ("FAIL", Vec::new()));
    // It grants nothing alone, which a PASS rests on.
    let nothing = ask(json!({"identityPolicies": []}));
    assert_eq!(word(&nothing), "PASS");
    assert!(is_noted(&nothing.notes, "s3"), "{:?}", nothing.notes);
}

#[test]
fn in_a_comparison_it_is_the_same_policy_on_both_sides() {
    let kms = allow("kms:*", "*");
    let (all, one) = (json!({"identityPolicies": [kms]}), json!({"identityPolicies": [allow("kms:Decrypt", "*")]}));
    let known = json!({"identityPolicies": [kms], "resourcePolicy": null});
    let compare = |old: &Value, new: &Value| {
        smt::in_fresh_context(|| no_new_access(&stack("old", old), &stack("new", new), &settings())).unwrap()
    };
    let (same, fewer, more) = (compare(&all, &all), compare(&all, &one), compare(&one, &all));
    assert_eq!((word(&same), same.notes), ("PASS", Vec::new()));
    assert_eq!((word(&fewer), fewer.notes), ("PASS", Vec::new()));
    assert_eq!(word(&more), "FAIL");
    for (old, new) in [(&all, &known), (&known, &all)] {
        let outcome = compare(old, new);
        assert_eq!(word(&outcome), "UNKNOWN", "{outcome:?}");
        assert_eq!(word(&equivalent(&stack("a", old), &stack("b", new), &settings()).unwrap()), "UNKNOWN");
        assert!(difference(&stack("a", old), &stack("b", new), &settings()).unwrap().unknown.is_some());
        for line in [
            json!({"check": "no-new-access", "existing": old, "new": new}),
            json!({"check": "equivalent", "a": old, "b": new}),
            json!({"check": "diff", "old": old, "new": new}),
        ] {
            let (_, out, _) = command(&["batch", "-"], &line.to_string());
            assert!(out.contains("\"code\":\"resource-policy-on-one-side\""), "{line}: {out}");
        }
    }
    // A difference says it of the requests that show it.
    let keys = |action: &str| json!({"identityPolicies": [allow(action, "arn:aws:kms:us-east-1:111122223333:key/k")]});
    let shown = difference(&stack("old", &keys("kms:Encrypt")), &stack("new", &keys("kms:Decrypt")), &settings()).unwrap();
    assert_eq!((shown.added.len(), shown.removed.len()), (1, 1));
    assert!(is_noted(&shown.notes, "kms"), "{:?}", shown.notes);
}

#[test]
fn a_simulation_says_where_the_lack_of_it_decided() {
    let identity = allow("*", "*");
    let ask = |action: &str, resource: &str, more: Value| {
        let request = json!({"principal": "arn:aws:iam::111122223333:user/a", "action": action, "resource": resource});
        let mut line = json!({"check": "simulate", "request": request, "identityPolicies": [identity]});
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (_, out, _) = command(&["batch", "-"], &line.to_string());
        let answer: Value = serde_json::from_str(out.trim()).unwrap();
        let noted = answer.get("notes").is_some_and(|notes| notes.to_string().contains("`resourcePolicy` decides"));
        (answer["decision"].as_str().unwrap().to_owned(), noted)
    };
    let denied = |noted: bool| ("ImplicitlyDenied".to_owned(), noted);
    for (action, resource) in [
        ("kms:Decrypt", "arn:aws:kms:us-east-1:111122223333:key/k"),
        ("sts:AssumeRole", "arn:aws:iam::111122223333:role/r"),
        ("sqs:SendMessage", "arn:aws:sqs:us-east-1:999999999999:q"),
    ] {
        assert_eq!(ask(action, resource, json!({})), denied(true), "{action}");
        assert_eq!(ask(action, resource, json!({"resourcePolicy": null})), denied(false), "{action}");
        let boundary = json!({"permissionBoundaries": [allow("s3:*", "*")]});
        assert_eq!(ask(action, resource, boundary), denied(false), "{action}");
    }
    assert_eq!(ask("s3:GetObject", "arn:aws:s3:::b/k", json!({})), ("Allowed".to_owned(), false));
}

/// Random policies of resources for the unknown one: none refutes a PASS without a note, and what a FAIL shows needs a
/// consent only if it says so.
#[test]
fn no_policy_of_the_resource_refutes_a_verdict_without_a_note() {
    let mut generator = generator(41);
    let mut random = Random::new(42);
    let mut counts = [0usize; 4];
    for case in 0..120 {
        let old = without_resource_policy(&mut generator, &mut random);
        let new = match case % 3 {
            0 => without_resource_policy(&mut generator, &mut random),
            _ => changed(&old, &mut generator, &mut random),
        };
        let ask = |old: &Value, new: &Value| {
            let (old, new) = (stack("old", old), stack("new", new));
            smt::in_fresh_context(|| no_new_access(&old, &new, &settings())).unwrap()
        };
        let outcome = ask(&old, &new);
        let noted = outcome.notes.iter().any(|note| note.contains("the resource's own policy, which is not known"));
        match &outcome.verdict {
            Verdict::Unknown(_) => {}
            Verdict::Pass => {
                counts[usize::from(noted)] += 1;
                for _ in 0..4 {
                    let policy = generator.small_policy(true);
                    let given = |written: &Value| with(written, &policy);
                    let known = ask(&given(&old), &given(&new));
                    let refuted = matches!(known.verdict, Verdict::Fail { .. });
                    assert!(noted || !refuted, "{old}\n{new}\n{policy}\n{known:?}");
                }
            }
            Verdict::Fail { witness, .. } => {
                counts[2 + usize::from(noted)] += 1;
                let shows = |policy: &Value| {
                    let allows = |written: &Value| eval_of(&with(written, policy), witness);
                    allows(&new) && !allows(&old)
                };
                if noted {
                    let account = witness.principal.account().unwrap_or_default();
                    let consent =
                        json!({"Statement": {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "*", "Resource": "*"}});
                    assert!(!shows(&Value::Null) && shows(&consent), "{old}\n{new}\n{witness:?}");
                } else {
                    assert!(shows(&Value::Null), "{old}\n{new}\n{witness:?}");
                }
            }
        }
    }
    assert!(counts.iter().all(|count| *count > 3), "all four are reached: {counts:?}");
}

fn eval_of(written: &Value, request: &Request) -> bool {
    let access: Access = stack("s", written);
    eval::allows(&access, request)
}

fn with(written: &Value, policy: &Value) -> Value {
    let mut out = written.clone();
    out["resourcePolicy"] = policy.clone();
    out
}

fn without_resource_policy(generator: &mut Generator, random: &mut Random) -> Value {
    let mut out = generator.stack();
    out.as_object_mut().unwrap().remove("resourcePolicy");
    if out.as_object().unwrap().is_empty() {
        out["identityPolicies"] = json!([]);
    }
    // Of keys and roles, too.
    for (action, resource) in [("kms:*", "arn:aws:kms:*:*:key/*"), ("sts:*", "*")] {
        match out.get_mut("identityPolicies").and_then(Value::as_array_mut) {
            Some(list) if random.chance(50) => list.push(allow(action, resource)),
            _ => {}
        }
    }
    out
}

/// The stack with one member more or fewer.
fn changed(written: &Value, generator: &mut Generator, random: &mut Random) -> Value {
    let mut out = written.clone();
    let member = random.pick(&["identityPolicies", "permissionBoundaries", "sessionPolicies", "serviceControlPolicies"]);
    let object = out.as_object_mut().unwrap();
    if random.chance(40) && object.len() > 1 && member != "identityPolicies" {
        object.remove(member);
        return out;
    }
    let policy = if random.chance(30) { allow("kms:*", "arn:aws:kms:*:*:key/*") } else { generator.small_policy(false) };
    let list = object.entry(member).or_insert_with(|| json!([])).as_array_mut().unwrap();
    if random.chance(30) && !list.is_empty() {
        list.pop();
    } else {
        list.push(if member == "serviceControlPolicies" { json!([policy]) } else { policy });
    }
    out
}
