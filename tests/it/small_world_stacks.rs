//! Stacks against brute force over a small world (see `small_world`).
//!
//! What the rules of stacks tell apart is in the world: kinds of principals and their accounts, the account that owns the
//! resource or none that is known, the actions and resources that have rules of their own.

use crate::agreement::Random;
use crate::small_world::{Matter, OWN, Seen, World, allows, cases, document, seed, settings, statement, used};
use crate::support::try_stack;
use leastwise::eval;
use leastwise::policy::Access;
use leastwise::policy::access::Place;
use leastwise::question::access_not_granted::{self, access_not_granted};
use leastwise::question::no_new_access::no_new_access;
use leastwise::question::outside_access::{Zone, outside_access};
use leastwise::question::{Verdict, unknown_policy};
use leastwise::request::{Principal, Request};
use leastwise::smt;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

const ACTIONS: [&str; 12] = [
    "sns:X",
    "sts:X",
    "sx:Y",
    "x:Y",
    "s3:GetObject",
    "s3:GetX",
    "s3:Put",
    "s3:GetBucketPolicy",
    "sns:Publish",
    "sts:AssumeRole",
    "kms:Decrypt",
    "kms:RetireGrant",
];
const RESOURCES: [&str; 9] = [
    "arn:aws:s3:::b/k",
    "arn:aws:s3:::b/x",
    "arn:aws:s3:::c",
    "arn:aws:sns:us-east-1:111122223333:t",
    "arn:aws:sns:us-east-1:999999999999:t",
    "arn:aws:kms:us-east-1:111122223333:key/k",
    "arn:aws:iam::111122223333:role/r",
    "arn:aws:iam::111122223333:role/aws-service-role/x/r",
    "*",
];
const OWNERS: [Option<&str>; 3] = [None, Some(OWN), Some("999999999999")];

fn matter() -> Matter<'static> {
    let aws = [
        "arn:aws:iam::111122223333:user/a",
        "arn:aws:iam::111122223333:user/x",
        "arn:aws:iam::111122223333:root",
        "arn:aws:iam::111122223333:role/r",
        "arn:aws:sts::111122223333:assumed-role/r/s",
        "arn:aws:sts::111122223333:federated-user/f",
        "arn:aws:iam::999999999999:user/a",
        "arn:aws:iam::999999999999:root",
        "arn:aws:iam::555555555555:role/z",
    ];
    let mut principals: Vec<Principal> = aws.map(|arn| Principal::Aws(arn.to_owned())).to_vec();
    principals.extend([Principal::Anonymous, Principal::Federated("accounts.google.com".to_owned())]);
    principals.extend(
        ["lambda.amazonaws.com", "sqs.amazonaws.com", "other.amazonaws.com"].map(|name| Principal::Service(name.to_owned())),
    );
    Matter { principals, actions: &ACTIONS, resources: &RESOURCES, owners: &OWNERS, apart: true }
}

fn everything(principal: bool) -> Value {
    let mut out = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    if principal {
        out["Principal"] = json!("*");
    }
    json!({"Version": "2012-10-17", "Statement": [out]})
}

/// Keys of the small world that these tests use.
const KEYS: [usize; 4] = [2, 5, 6, 8];

fn stack(random: &mut Random, used: &[usize]) -> Value {
    let mut out = Map::new();
    let some = |random: &mut Random, principal: bool| match random.chance(35) {
        true => everything(principal),
        false => document(random, principal, used),
    };
    if random.chance(70) {
        out.insert("identityPolicies".to_owned(), json!([some(random, false)]));
    }
    match random.below(10) {
        0 => _ = out.insert("resourcePolicy".to_owned(), json!(null)),
        1 => {}
        _ => _ = out.insert("resourcePolicy".to_owned(), some(random, true)),
    }
    for (name, percent, principal, levels) in [
        ("permissionBoundaries", 30, false, false),
        ("sessionPolicies", 20, false, false),
        ("serviceControlPolicies", 30, false, true),
        ("resourceControlPolicies", 30, true, true),
        ("endpointPolicies", 15, true, false),
    ] {
        if random.chance(percent) {
            let policy = some(random, principal);
            let listed = if levels { json!([[everything(principal), policy]]) } else { json!([policy]) };
            out.insert(name.to_owned(), listed);
        }
    }
    if random.chance(10) {
        out.insert("managementAccount".to_owned(), json!(OWN));
    }
    if out.values().all(Value::is_null) {
        out.insert("identityPolicies".to_owned(), json!([everything(false)]));
    }
    Value::Object(out)
}

/// The stack with one of its policies changed.
fn changed(random: &mut Random, stack: &Value, used: &[usize]) -> Value {
    let mut out = stack.clone();
    let mut places = Vec::new();
    for (name, value) in stack.as_object().unwrap() {
        let found = ["", "/0", "/0/0", "/0/1"].map(|tail| format!("/{name}{tail}"));
        places.extend(found.into_iter().filter(|place| stack.pointer(place).is_some_and(|one| one.get("Statement").is_some())));
        let _ = value;
    }
    if let Some(place) = (!places.is_empty()).then(|| places.swap_remove(random.below(places.len()))) {
        let policy = out.pointer_mut(&place).unwrap();
        let principal = place.contains("resource") || place.contains("endpoint");
        match random.below(3) {
            0 => policy["Statement"].as_array_mut().unwrap().push(statement(random, principal, used)),
            1 => policy["Statement"].as_array_mut().unwrap().truncate(1),
            _ => *policy = document(random, principal, used),
        }
    }
    out
}

#[test]
fn stacks_are_as_brute_force_says() {
    let mut random = Random::new(seed(21));
    let mut seen: [Seen; 2] = Default::default();
    for _ in 0..cases(30) {
        let used = [KEYS[random.below(KEYS.len())]];
        let (old, new) = {
            let old = stack(&mut random, &used);
            let new = if random.chance(70) { changed(&mut random, &old, &used) } else { stack(&mut random, &used) };
            (old, new)
        };
        let (Some(a), Some(b)) = (try_stack("old", &old), try_stack("new", &new)) else { continue };
        let scope = json!({"Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "kms:*"], "Resource": "*"}]});
        let scope = crate::support::policy("scope", &scope);
        let world = World::of(&[&a, &b, &scope], &used, matter());
        let shown = || format!("old {old}\nnew {new}");
        if unknown_policy::incomparable(&a, &b).is_none() {
            let verdict = smt::in_fresh_context(|| no_new_access(&a, &b, &settings())).unwrap().verdict;
            if let Verdict::Fail { witness, .. } = &verdict {
                assert!(allows(&b, witness) && !allows(&a, witness), "{witness:?}\n{}", shown());
            }
            let found = world.find(|request| allows(&b, request) && !allows(&a, request));
            seen[0].compare(&world, &verdict, found, shown);
        }
        let (_, _, asked) = scope.statements().next().unwrap();
        let listed =
            access_not_granted::Access { actions: vec!["s3:GetObject".to_owned(), "kms:*".to_owned()], resources: Vec::new() };
        let verdict = smt::in_fresh_context(|| access_not_granted(&b, &listed, &settings())).unwrap().verdict;
        let found = world.find(|request| eval::applies(asked, request) && allows(&b, request));
        seen[1].compare(&world, &verdict, found, shown);
    }
    println!("{seen:?}");
    for seen in &seen {
        assert!(seen.passed * 10 > cases(30) && seen.failed * 10 > cases(30) && seen.open * 5 < cases(30), "{seen:?}");
    }
}

/// Whether a request is from outside a zone of one account.
fn is_outside(request: &Request) -> bool {
    let own = request.context.get("aws:sourceaccount").and_then(|values| values.first()).is_some_and(|value| value == OWN);
    match &request.principal {
        Principal::Aws(_) => request.principal.account() != Some(OWN),
        Principal::Service(name) => !(own || request.action.starts_with("sts:") && name == "lambda.amazonaws.com"),
        Principal::Anonymous | Principal::Federated(_) | Principal::CanonicalUser(_) => true,
    }
}

/// The statements and kinds of entries through which brute force gets in.
fn by_force(access: &Access, world: &World) -> BTreeSet<usize> {
    let outside: Vec<&Request> = world.requests.iter().filter(|one| is_outside(one) && allows(access, one)).collect();
    let named = access.statements().filter(|(number, _, one)| access.grants(*number) && one.principal.is_some());
    let gets_in = named.filter(|(_, _, one)| outside.iter().any(|request| eval::applies(one, request)));
    gets_in.map(|(number, ..)| number).collect()
}

#[test]
fn findings_of_stacks_are_those_of_brute_force() {
    let mut random = Random::new(seed(22));
    let (mut with, mut without, mut open) = (0, 0, 0);
    for _ in 0..cases(60) {
        let used = used(&mut random, &[1, 3, 8, 8]);
        let written = stack(&mut random, &used[..1]);
        let Some(access) = try_stack("stack", &written) else { continue };
        if !access.members().iter().any(|member| member.place == Place::Resource) {
            continue;
        }
        let world = World::of(&[&access], &used[..1], matter());
        let mut zone = Zone::default();
        zone.trust(OWN).unwrap();
        let outside = smt::in_fresh_context(|| outside_access(&access, &zone, &settings())).unwrap();
        if outside.unknown.is_some() {
            open += 1;
            continue;
        }
        for finding in &outside.findings {
            assert!(allows(&access, &finding.witness) && is_outside(&finding.witness), "{:?}\n{written}", finding.witness);
        }
        let found: BTreeSet<usize> = outside.findings.iter().map(|finding| finding.number).collect();
        assert_eq!(found, by_force(&access, &world), "{written}\n{:?}", outside.findings);
        if found.is_empty() { without += 1 } else { with += 1 }
    }
    println!("{with} with findings, {without} without, {open} open");
    assert!(with * 8 > cases(60) && without * 8 > cases(60) && open * 5 < cases(60), "{with} {without} {open}");
}
