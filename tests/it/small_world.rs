//! Every question against brute force: policies over small alphabets, where some few requests stand for all.
//!
//! For each attribute of a request the world has a value of every class that the patterns in play can tell apart, so a
//! policy allows some request at all exactly if it allows one of the world: what brute force over the world says is the
//! right answer, both ways. Of the values that the statements at hand do not tell apart one is kept. Where policy variables
//! relate two attributes the world is not complete: there a PASS must not be refuted by it, and that is all.
//!
//! Who is public or outside is asked in `small_world_outside`.

use crate::agreement::{Random, is_typed};
use crate::support::{policy, steps};
use leastwise::eval;
use leastwise::policy::{Access, Condition, Statement};
use leastwise::question::access_not_granted::{self, access_not_granted};
use leastwise::question::difference::difference;
use leastwise::question::equivalent::equivalent;
use leastwise::question::no_new_access::no_new_access;
use leastwise::question::{Engine, Settings, Verdict};
use leastwise::request::{Context, Principal, Request, keys};
use leastwise::smt;
use leastwise::wellformed::named;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

pub(crate) const OWN: &str = "111122223333";

/// A condition key: what policies compare it with and how, and a value of every class.
struct Key {
    name: &'static str,
    operators: &'static [&'static str],
    compared: &'static [&'static str],
    values: &'static [&'static str],
    /// Whether set operators stand on it.
    sets: bool,
}

const TEXT: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringLike",
    "StringNotLike",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "ArnLike",
    "ArnNotLike",
];
const PLAIN: &[&str] = &["StringEquals", "StringNotEquals", "StringLike", "StringNotLike"];
const NUMBER: &[&str] = &[
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
];
const DATE: &[&str] =
    &["DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals"];

const KEYS: [Key; 9] = [
    Key {
        name: "s3:prefix",
        operators: TEXT,
        compared: &["a", "a*", "*b", "${s3:prefix}", "${aws:username}"],
        values: &["a", "A", "a*", "A*", "*b", "*B", "ab", "ax", "xb", "x", ""],
        sets: false,
    },
    Key { name: "aws:TagKeys", operators: TEXT, compared: &["a", "a*"], values: &["a", "A", "a*", "A*", "ax", "x"], sets: true },
    Key { name: "my:key", operators: PLAIN, compared: &["a", "a*"], values: &["a", "a*", "ax", "x"], sets: true },
    Key { name: "s3:max-keys", operators: NUMBER, compared: &["5", "6"], values: &["4", "5", "5.5", "6", "7"], sets: true },
    Key {
        name: "aws:CurrentTime",
        operators: DATE,
        compared: &["2026-01-01T00:00:00Z", "1798761600"],
        values: &[
            "2025-01-01T00:00:00Z",
            "2026-01-01T00:00:00Z",
            "2026-06-01T00:00:00Z",
            "2027-01-01T00:00:00Z",
            "2028-01-01T00:00:00Z",
        ],
        sets: true,
    },
    Key {
        name: "aws:SourceIp",
        operators: &["IpAddress", "NotIpAddress"],
        compared: &["10.0.0.0/8", "10.1.0.0/16", "2001:db8::/32", "0.0.0.0/0"],
        values: &["10.1.2.3", "10.2.0.0", "203.0.113.1", "2001:db8::1", "::1"],
        sets: true,
    },
    Key {
        name: "aws:MultiFactorAuthPresent",
        operators: &["Bool"],
        compared: &["true", "false"],
        values: &["true", "false"],
        sets: true,
    },
    Key {
        name: "aws:SourceVpc",
        operators: PLAIN,
        compared: &["vpc-1", "vpc-*"],
        values: &["vpc-1", "vpc-*", "vpc-2", "x"],
        sets: false,
    },
    Key {
        name: "aws:SourceAccount",
        operators: PLAIN,
        compared: &[OWN, "999999999999", "9*"],
        values: &[OWN, "999999999999", "955555555555", "555555555555", "9*"],
        sets: false,
    },
];

const ACTIONS: [&str; 9] =
    ["s3:GetObject", "s3:GetX", "s3:Put", "sns:Publish", "sns:X", "sts:AssumeRole", "sts:X", "sx:Y", "x:Y"];
const ACTION_PATTERNS: [&str; 7] = ["*", "s3:*", "s3:get*", "S3:GetObject", "sns:Publish", "sts:AssumeRole", "s*:*"];
const RESOURCES: [&str; 7] = [
    "arn:aws:s3:::b/k",
    "arn:aws:s3:::b/x",
    "arn:aws:s3:::c",
    "arn:aws:sns:us-east-1:111122223333:t",
    "arn:aws:sns:us-east-1:999999999999:t",
    "arn:aws:sns:us-east-1:111122223333:u",
    "*",
];
const RESOURCE_PATTERNS: [&str; 6] =
    ["*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/k", "arn:aws:s3:::*", "arn:aws:sns:*:111122223333:t", "arn:*:sns:*:*:*"];
const ARNS: [&str; 11] = [
    "arn:aws:iam::111122223333:user/a",
    "arn:aws:iam::111122223333:user/x",
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::111122223333:role/r",
    "arn:aws:sts::111122223333:assumed-role/r/s",
    "arn:aws:sts::111122223333:assumed-role/r/z",
    "arn:aws:iam::111122223333:role/z",
    "arn:aws:sts::111122223333:federated-user/f",
    "arn:aws:iam::999999999999:user/a",
    "arn:aws:iam::555555555555:user/a",
    "arn:aws-cn:iam::111122223333:user/a",
];
const SERVICES: [&str; 3] = ["lambda.amazonaws.com", "sqs.amazonaws.com", "other.amazonaws.com"];
const PRINCIPAL_ENTRIES: [(&str, &str); 12] = [
    ("AWS", "*"),
    ("AWS", OWN),
    ("AWS", "arn:aws:iam::999999999999:root"),
    ("AWS", "arn:aws:iam::111122223333:user/a"),
    ("AWS", "arn:aws:iam::111122223333:role/r"),
    ("AWS", "arn:aws:sts::111122223333:assumed-role/r/s"),
    ("Service", "lambda.amazonaws.com"),
    ("Service", "sqs.amazonaws.com"),
    ("Service", "*"),
    ("Federated", "accounts.google.com"),
    ("CanonicalUser", "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"),
    ("AWS", "arn:aws:iam::999999999999:user/a"),
];

pub(crate) fn statement(random: &mut Random, with_principals: bool, used: &[usize]) -> Value {
    let mut out = Map::new();
    let not = |random: &mut Random, name: &str| if random.chance(20) { format!("Not{name}") } else { name.to_owned() };
    out.insert("Effect".to_owned(), json!(if random.chance(65) { "Allow" } else { "Deny" }));
    out.insert(not(random, "Action"), json!(random.some(&ACTION_PATTERNS, 2)));
    out.insert(not(random, "Resource"), json!(random.some(&RESOURCE_PATTERNS, 2)));
    if with_principals {
        let mut map: Map<String, Value> = Map::new();
        for _ in 0..=random.below(2) {
            let (kind, entry) = PRINCIPAL_ENTRIES[random.below(PRINCIPAL_ENTRIES.len())];
            let list = map.entry(kind).or_insert_with(|| json!([])).as_array_mut().unwrap();
            if !list.contains(&json!(entry)) {
                list.push(json!(entry));
            }
        }
        out.insert(not(random, "Principal"), Value::Object(map));
    }
    let mut condition = json!({});
    for _ in 0..random.below(3) {
        let key = &KEYS[used[random.below(used.len())]];
        let (operator, values) = match random.chance(15) {
            true => ("Null".to_owned(), vec![random.pick(&["true", "false"])]),
            false => {
                let set = if key.sets { random.pick(&["", "", "ForAllValues:", "ForAnyValue:"]) } else { "" };
                let if_exists = if random.chance(25) { "IfExists" } else { "" };
                (format!("{set}{}{if_exists}", random.pick(key.operators)), random.some(key.compared, 2))
            }
        };
        condition[operator.as_str()][key.name] = json!(values);
    }
    out.insert("Condition".to_owned(), condition);
    Value::Object(out)
}

pub(crate) fn document(random: &mut Random, with_principals: bool, used: &[usize]) -> Value {
    let statements: Vec<Value> = (0..=random.below(3)).map(|_| statement(random, with_principals, used)).collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// The policy with one statement narrowed, left out or replaced.
pub(crate) fn changed(random: &mut Random, document: &Value, with_principals: bool, used: &[usize]) -> Value {
    let mut out = document.clone();
    let statements = out["Statement"].as_array_mut().unwrap();
    let at = random.below(statements.len());
    match random.below(5) {
        0 => _ = statements.remove(at),
        1 => statements[at] = statement(random, with_principals, used),
        2 => statements.push(statement(random, with_principals, used)),
        3 => statements.reverse(),
        _ => {
            let other = statement(random, with_principals, used);
            for (operator, keys) in other["Condition"].as_object().unwrap() {
                statements[at]["Condition"][operator.as_str()] = keys.clone();
            }
        }
    }
    out
}

/// The requests that stand for all.
pub(crate) struct World {
    pub(crate) requests: Vec<Request>,
    /// Whether they stand for all indeed.
    pub(crate) complete: bool,
}

/// The first of the items of each signature.
fn distinct<T, S: Ord>(items: impl IntoIterator<Item = T>, signature: impl Fn(&T) -> S) -> Vec<T> {
    let mut seen = BTreeSet::new();
    items.into_iter().filter(|item| seen.insert(signature(item))).collect()
}

fn principals(with_principals: bool) -> Vec<Principal> {
    if !with_principals {
        return vec![Principal::Aws(ARNS[0].to_owned())];
    }
    let canonical = PRINCIPAL_ENTRIES[10].1.to_owned();
    let mut out = vec![
        Principal::Anonymous,
        Principal::CanonicalUser(canonical),
        Principal::CanonicalUser("b2".repeat(32)),
        Principal::Federated("accounts.google.com".to_owned()),
        Principal::Federated("arn:aws:iam::999999999999:saml-provider/p".to_owned()),
    ];
    out.extend(ARNS.map(|arn| Principal::Aws(arn.to_owned())));
    out.extend(SERVICES.map(|name| Principal::Service(name.to_owned())));
    out
}

/// What of a key may be in a request: nothing, a value, or values.
fn choices(key: &Key, several: bool) -> Vec<Vec<String>> {
    let text = |value: &&str| (*value).to_owned();
    if !several {
        return std::iter::once(Vec::new()).chain(key.values.iter().map(|value| vec![text(value)])).collect();
    }
    let count = key.values.len();
    let chosen = |bits: usize| (0..count).filter(move |at| bits >> at & 1 == 1);
    (0..1_usize << count).map(|bits| chosen(bits).map(|at| text(&key.values[at])).collect()).collect()
}

/// What the requests of a world are made of.
pub(crate) struct Matter<'m> {
    pub(crate) principals: Vec<Principal>,
    pub(crate) actions: &'m [&'static str],
    pub(crate) resources: &'m [&'static str],
    /// The accounts that may own a resource.
    pub(crate) owners: &'m [Option<&'static str>],
    /// Whether who asks, does what, and where, is told apart though no statement does.
    pub(crate) apart: bool,
}

impl World {
    /// For policies over these keys; the last policy may say what else is to be told apart.
    pub(crate) fn new(policies: &[&Access], used: &[usize], with_principals: bool) -> Self {
        let principals = principals(with_principals);
        let matter = Matter { principals, actions: &ACTIONS, resources: &RESOURCES, owners: &[None], apart: false };
        Self::of(policies, used, matter)
    }

    /// The same, of other matter.
    pub(crate) fn of(policies: &[&Access], used: &[usize], matter: Matter<'_>) -> Self {
        let statements: Vec<_> = policies.iter().flat_map(|access| access.statements().map(|(_, _, one)| one)).collect();
        let all = || policies.iter().flat_map(|access| access.policies());
        let several = named::multivalued(all());
        let complete = !statements.iter().flat_map(|one| one.keys()).any(|key| key == "aws:username");
        let plain = |principal: &Principal, action: &str, resource: &str, context: Context| {
            Request::new(principal.clone(), action, resource, context)
        };
        let who = &principals(false)[0];
        let actions = distinct(matter.actions.iter().copied(), |action| {
            let lower = action.to_ascii_lowercase();
            let service = lower.split(':').next().unwrap_or("").to_owned();
            let own = if matter.apart { lower.clone() } else { service };
            (statements.iter().map(|one| one.action.applies(&lower)).collect::<Vec<_>>(), own)
        });
        let resources = distinct(matter.resources.iter().copied(), |resource| {
            let request = plain(who, "x:Y", resource, Context::new());
            let matches =
                |one: &&Statement| one.resource.as_ref().is_none_or(|list| eval::resource_matches(&list.patterns, &request));
            (statements.iter().map(matches).collect::<Vec<bool>>(), matter.apart.then_some(*resource))
        });
        let principals = distinct(matter.principals, |principal| {
            let request = plain(principal, "x:Y", "*", Context::new());
            let named = |one: &&Statement| one.principal.as_ref().is_some_and(|list| eval::names(list, &request));
            let own = match principal {
                _ if !complete || matter.apart => format!("{principal:?}"),
                Principal::Aws(text) => text.split(':').nth(4).unwrap_or("").to_owned(),
                other => format!("{other:?}"),
            };
            (statements.iter().map(named).collect::<Vec<bool>>(), own)
        });
        let conditions: Vec<&Condition> = statements.iter().flat_map(|one| &one.conditions).collect();
        let of_keys: Vec<Vec<(String, Vec<String>)>> = used
            .iter()
            .map(|at| {
                let key = &KEYS[*at];
                let name = key.name.to_ascii_lowercase();
                let pinning = ["aws:sourceip", "aws:sourcevpc", "aws:sourceaccount"].contains(&name.as_str());
                let mut choices = choices(key, several.contains(&name));
                // What every request has is never absent.
                choices.retain(|values| !values.is_empty() || !keys::ALWAYS.contains(&name.as_str()));
                let kept = distinct(choices, |values| {
                    let context = Context::from([(name.clone(), values.clone())]);
                    let request = plain(who, "x:Y", "*", context);
                    let own = conditions.iter().filter(|condition| condition.key == name);
                    let holds = own.map(|condition| eval::condition_holds(condition, &request)).collect::<Vec<bool>>();
                    (holds, if pinning || !complete { values.clone() } else { Vec::new() })
                });
                kept.into_iter().map(|values| (name.clone(), values)).collect()
            })
            .collect();
        let mut contexts = vec![Context::new()];
        for of_key in &of_keys {
            contexts = contexts
                .iter()
                .flat_map(|context| {
                    of_key.iter().map(|(name, values)| {
                        let mut context = context.clone();
                        context.insert(name.clone(), values.clone());
                        context
                    })
                })
                .collect();
        }
        let always = named::always(all());
        let mut requests = Vec::new();
        for principal in &principals {
            for action in &actions {
                for resource in &resources {
                    for (context, owner) in contexts.iter().flat_map(|one| matter.owners.iter().map(move |owner| (one, owner))) {
                        let mut context = context.clone();
                        if let Some(owner) = owner {
                            context.insert("aws:resourceaccount".to_owned(), vec![(*owner).to_owned()]);
                        }
                        let request = plain(principal, action, resource, context);
                        let for_somebody = request.context.contains_key("aws:sourceaccount");
                        let there_is = !for_somebody || matches!(principal, Principal::Service(_));
                        let has_all = always.iter().all(|key| request.context.contains_key(*key));
                        if there_is && has_all && is_typed(&request) {
                            requests.push(request);
                        }
                    }
                }
            }
        }
        Self { requests, complete }
    }

    pub(crate) fn find(&self, wanted: impl Fn(&Request) -> bool) -> Option<&Request> {
        self.requests.iter().find(|request| wanted(request))
    }
}

pub(crate) fn allows(access: &Access, request: &Request) -> bool {
    eval::allows(access, request)
}

pub(crate) fn settings() -> Settings {
    Settings { budget: steps(2_000_000), realistic: false, ..Settings::default() }
}

/// How often each answer was right, and how often there was none.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) open: usize,
}

impl Seen {
    /// Compares a verdict with brute force.
    pub(crate) fn compare(&mut self, world: &World, verdict: &Verdict, found: Option<&Request>, shown: impl Fn() -> String) {
        match (verdict, found) {
            (Verdict::Unknown(_), _) => self.open += 1,
            (Verdict::Pass, None) => self.passed += 1,
            (Verdict::Fail { .. }, Some(_)) => self.failed += 1,
            (Verdict::Fail { .. }, None) if !world.complete => self.failed += 1,
            (Verdict::Pass, Some(request)) => panic!("PASS, but {request:?}\n{}", shown()),
            (Verdict::Fail { witness, .. }, None) => panic!("FAIL by {witness:?}, which the world does not have\n{}", shown()),
        }
    }
}

pub(crate) fn cases(usual: usize) -> usize {
    std::env::var("LEASTWISE_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

pub(crate) fn seed(usual: u64) -> u64 {
    std::env::var("LEASTWISE_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// One or two keys.
pub(crate) fn used(random: &mut Random, from: &[usize]) -> Vec<usize> {
    let mut out = vec![from[random.below(from.len())], from[random.below(from.len())]];
    out.dedup();
    out
}

#[test]
fn comparisons_and_grants_are_as_brute_force_says() {
    let mut random = Random::new(seed(11));
    let mut seen: [Seen; 4] = Default::default();
    for case in 0..cases(64) {
        let with_principals = case % 2 == 0;
        let used = used(&mut random, &[0, 1, 2, 3, 4, 5, 6, 7]);
        let old = document(&mut random, with_principals, &used);
        let new = match random.chance(75) {
            true => changed(&mut random, &old, with_principals, &used),
            false => document(&mut random, with_principals, &used),
        };
        let asked = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
            "Action": random.pick(&["s3:GetObject", "s3:*", "sns:Publish", "*"]),
            "Resource": random.pick(&["*", "arn:aws:s3:::b/*", "arn:aws:sns:*:*:t"])}]});
        let (a, b, scope) = (policy("old", &old), policy("new", &new), policy("asked", &asked));
        let world = World::new(&[&a, &b, &scope], &used, with_principals);
        let mut settings = settings();
        if case % 25 == 24 {
            settings.engine = Engine::Strings;
            settings.budget.rlimit = 200_000;
        }
        let shown = || format!("old {old}\nnew {new}\nasked {asked}");
        let added = world.find(|request| allows(&b, request) && !allows(&a, request));
        let removed = world.find(|request| allows(&a, request) && !allows(&b, request));
        let fresh = |ask: &(dyn Fn() -> Verdict + Sync)| smt::in_fresh_context(ask);
        let verdict = fresh(&|| no_new_access(&a, &b, &settings).unwrap().verdict);
        if let Verdict::Fail { witness, .. } = &verdict {
            assert!(allows(&b, witness) && !allows(&a, witness), "{witness:?}\n{}", shown());
        }
        seen[0].compare(&world, &verdict, added, shown);
        let verdict = fresh(&|| equivalent(&a, &b, &settings).unwrap().verdict);
        seen[1].compare(&world, &verdict, added.or(removed), shown);
        let (_, _, one) = scope.statements().next().unwrap();
        let text = |name: &str| vec![asked["Statement"][0][name].as_str().unwrap().to_owned()];
        let listed = access_not_granted::Access { actions: text("Action"), resources: text("Resource") };
        let verdict = fresh(&|| access_not_granted(&b, &listed, &settings).unwrap().verdict);
        let granted = world.find(|request| allows(&b, request) && eval::applies(one, request));
        seen[2].compare(&world, &verdict, granted, shown);
        let regions = smt::in_fresh_context(|| difference(&a, &b, &settings).unwrap());
        for (side, found) in [(&regions.added, added), (&regions.removed, removed)] {
            match (side.iter().find_map(|region| region.witness.as_ref()), found) {
                _ if regions.unknown.is_some() => seen[3].open += 1,
                (None, None) if side.is_empty() => seen[3].passed += 1,
                (Some(_), Some(_)) => seen[3].failed += 1,
                (Some(witness), None) => assert!(!world.complete, "a region with {witness:?}\n{}", shown()),
                (None, _) => panic!("{side:?}, but {found:?}\n{}", shown()),
            }
        }
    }
    for seen in &seen {
        assert!(seen.passed * 8 > cases(64) && seen.failed * 8 > cases(64) && seen.open * 8 < cases(64), "{seen:?}");
    }
    println!("{seen:?}");
}
