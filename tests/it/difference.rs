//! The regions of a difference: disjoint, complete, and nothing else. They are read back from the JSON output alone.
//!
//! On random policies, on random stacks of the principal's side, and on versions of real policies; by random requests, and
//! proved by Z3's string theory over all requests for an action, with the plain encoding, which took no part in finding
//! them.

use crate::agreement::{dated, generator, is_typed};
use crate::support::{corpus, lines, policy, stack};
use leastwise::diag::Budget;
use leastwise::encode::{Encoder, ResourceShape, Unsupported};
use leastwise::eval;
use leastwise::glob::Glob;
use leastwise::policy::{Access, Policy, Statement};
use leastwise::query::Query;
use leastwise::question::Settings;
use leastwise::question::difference::difference;
use leastwise::report::{difference as report, regions};
use leastwise::request::Request;
use leastwise::smt::{self, Answer, Formula, Solver};
use leastwise::wellformed::Keys;
use serde_json::{Map, Value, json};
use std::time::{Duration, Instant};

/// A region as its JSON says it: statements that match, lists of which one matches, statements that do not.
struct Words {
    actions: Vec<Glob>,
    exist: bool,
    all: Vec<Access>,
    any: Vec<Vec<Access>>,
    none: Vec<Access>,
}

/// A statement by its elements, as a policy of its own.
fn read(written: &Value) -> Access {
    let mut statement: Map<String, Value> = Map::new();
    for (name, value) in written.as_object().unwrap() {
        if name.chars().next().unwrap().is_ascii_uppercase() && name != "Version" {
            statement.insert(name.clone(), value.clone());
        }
    }
    statement.insert("Effect".to_owned(), json!("Allow"));
    let version = written.get("Version").cloned().unwrap_or_else(|| json!("2012-10-17"));
    policy("words", &json!({"Version": version, "Statement": [statement]}))
}

fn words(region: &Value) -> Words {
    let list = |value: &Value| value.as_array().into_iter().flatten().map(read).collect::<Vec<Access>>();
    let actions = region["actions"].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_ascii_lowercase());
    let root = region["by"].get("principal").is_some();
    let by = Some(&region["by"]).filter(|_| !root);
    Words {
        actions: actions.map(|action| Glob::parse(&action)).collect(),
        exist: region["exist"] == json!(true),
        all: by.into_iter().chain(region.get("deniedBy")).map(read).collect(),
        any: region["within"].as_array().into_iter().flatten().map(|one| list(&one["anyOf"])).collect(),
        none: list(&region["except"]),
    }
}

impl Words {
    fn has_action(&self, action: &str) -> bool {
        self.actions.iter().any(|pattern| pattern.matches(&action.to_ascii_lowercase()))
    }

    fn contains(&self, request: &Request) -> bool {
        let matches = |access: &Access| access.statements().all(|(_, _, statement)| eval::applies(statement, request));
        self.has_action(&request.action)
            && self.all.iter().all(matches)
            && self.any.iter().all(|any| any.iter().any(matches))
            && !self.none.iter().any(matches)
    }

    fn statements(&self) -> impl Iterator<Item = &Access> {
        self.all.iter().chain(self.any.iter().flatten()).chain(&self.none)
    }
}

/// One side: its regions, what grants and what does not.
type Side<'a> = (Vec<Words>, &'a Access, &'a Access);

/// Both sides of a difference, if it is known.
fn both<'a>(old: &'a Access, new: &'a Access) -> Result<[Side<'a>; 2], String> {
    // Steps bound it, not the clock.
    let budget = crate::support::steps(400_000);
    let found = difference(old, new, &Settings { budget, ..Settings::default() }).unwrap();
    if let Some(why) = &found.unknown {
        println!("left open: {why}");
        return Err(why.to_string());
    }
    for region in found.added.iter().chain(&found.removed) {
        let is_new = found.added.iter().any(|added| std::ptr::eq(added, region));
        let (grants, unless) = if is_new { (new, old) } else { (old, new) };
        if let Some(witness) = &region.witness {
            assert!(eval::allows(grants, witness), "{witness:?}");
            assert!(!eval::allows(unless, witness), "{witness:?}");
        }
    }
    let shown = leastwise::report::json::value(&regions::json(&found, old, new));
    let side = |name: &str| shown[name].as_array().unwrap().iter().map(words).collect::<Vec<Words>>();
    let of = [(side("added"), new, old), (side("removed"), old, new)];
    for (name, side) in ["added", "removed"].into_iter().zip(&of) {
        for (region, words) in shown[name].as_array().unwrap().iter().zip(&side.0) {
            if let Some(witness) = region.get("witness") {
                let request = leastwise::request::request_json::from_json(witness).unwrap();
                assert!(words.contains(&request), "a region's witness is in it: {region:#}");
            }
        }
    }
    Ok(of)
}

/// What Z3 says of one action: whether the regions are the difference, and disjoint.
#[derive(Debug, Default, Clone, Copy)]
struct Proved {
    proved: usize,
    open: usize,
}

/// Proves for one action that the regions with it are what `grants` allows and `unless` does not, among requests that
/// there can be and that `universe`, if any, allows.
fn prove(side: &Side<'_>, universe: Option<&Access>, action: &str, told: &str) -> Proved {
    let (words, grants, unless) = side;
    let mut out = Proved::default();
    let search = Query::new(grants, Some(unless));
    let regions: Vec<&Words> = words.iter().filter(|words| words.has_action(action)).collect();
    let accesses: Vec<&Access> =
        [*grants, *unless].into_iter().chain(universe).chain(regions.iter().flat_map(|one| one.statements())).collect();
    let of_accesses: Vec<&Statement> = accesses.iter().flat_map(|access| access.statements()).map(|(_, _, one)| one).collect();
    let within = || search.within.iter().flat_map(|policy| policy.statements.iter().map(move |one| (policy, one)));
    let ties: Vec<(&Policy, &Statement)> =
        search.ties.iter().flat_map(|ties| ties.about(Keys::of_statements(of_accesses.iter().copied()))).collect();
    let statements: Vec<&Statement> =
        of_accesses.iter().copied().chain(within().chain(ties.iter().copied()).map(|(_, one)| one)).collect();
    let policies: Vec<&Policy> = accesses
        .iter()
        .flat_map(|access| access.policies())
        .chain(&search.within)
        .chain(search.ties.iter().flat_map(|ties| [&ties.plain, &ties.relating]))
        .collect();
    for shape in [ResourceShape::Arn, ResourceShape::Other] {
        let encoder = Encoder::new(policies.clone(), &statements, shape);
        let mut encoder = encoder.about(accesses.iter().copied()).for_action(action);
        let mut formulas = || -> Result<Vec<Formula>, Unsupported> {
            let mut allowed = |access: &Access| -> Result<Formula, Unsupported> {
                let lower = action.to_ascii_lowercase();
                let about = access.statements().filter(|(_, _, statement)| statement.action.applies(&lower));
                let about: Vec<usize> = about.map(|(number, ..)| number).collect();
                Ok(encoder.allowed(access, &about, false)?.formula)
            };
            let differs = Formula::and([allowed(grants)?, allowed(unless)?.not()]);
            let mut there_can_be = vec![universe.map_or(Ok(Formula::True), &mut allowed)?];
            let mut matches = |access: &Access| -> Result<Formula, Unsupported> {
                let mut parts = Vec::new();
                for (_, member, statement) in access.statements() {
                    let applies = statement.action.applies(&action.to_ascii_lowercase());
                    parts.push(if applies { encoder.statement(&member.policy, statement)? } else { Formula::False });
                }
                Ok(Formula::and(parts))
            };
            let mut each = Vec::new();
            for words in &regions {
                let mut parts: Vec<Formula> = words.all.iter().map(&mut matches).collect::<Result<_, _>>()?;
                for any in &words.any {
                    parts.push(Formula::or(any.iter().map(&mut matches).collect::<Result<Vec<_>, _>>()?));
                }
                for none in &words.none {
                    parts.push(matches(none)?.not());
                }
                each.push(Formula::and(parts));
            }
            for (policy, statement) in within() {
                there_can_be.push(encoder.statement(policy, statement)?);
            }
            let typed = encoder.typed();
            there_can_be.push(typed);
            let present: Vec<Formula> = search.always.iter().map(|key| encoder.present(key)).collect();
            there_can_be.extend(present);
            let there_can_be = Formula::and(there_can_be);
            let mut no_ties = Vec::new();
            for (policy, statement) in &ties {
                no_ties.extend(encoder.statement(policy, statement).map(Formula::not));
            }
            // All of the difference is in some region; every region is of the difference; no two have a request in common.
            let mut asked = vec![Formula::and(
                [differs.clone(), there_can_be.clone(), Formula::or(each.clone()).not(), encoder.ties(false)]
                    .into_iter()
                    .chain(no_ties),
            )];
            for (at, one) in each.iter().enumerate() {
                asked.push(Formula::and([one.clone(), there_can_be.clone(), differs.clone().not()]));
                asked.extend(each.iter().take(at).map(|other| Formula::and([one.clone(), there_can_be.clone(), other.clone()])));
            }
            Ok(asked)
        };
        let Ok(asked) = formulas() else {
            out.open += 1;
            continue;
        };
        for formula in asked {
            let budget = Budget { rlimit: 2_000_000, ..Budget::default() };
            let mut solver = Solver::new(&budget, Instant::now() + Duration::from_secs(600));
            solver.assert(&Formula::and([encoder.constraints(), formula]));
            match solver.check() {
                Answer::Unsat => out.proved += 1,
                Answer::Unknown(_) => out.open += 1,
                Answer::Sat(_) => panic!("{action}: the regions are not the difference\n{told}"),
            }
        }
    }
    out
}

#[test]
fn regions_are_disjoint_and_complete() {
    let mut generator = generator(8);
    let (mut inside, mut regions, mut open) = (0, 0, 0);
    for case in 0..250 {
        let with_principals = case % 2 == 0;
        let old = generator.policy(with_principals);
        let mut new = old.clone();
        let statements = new["Statement"].as_array_mut().unwrap();
        statements.push(generator.statement(with_principals));
        if case % 3 == 0 {
            statements.swap_remove(0);
        }
        let (old_policy, new_policy) = (policy("old", &old), policy("new", &new));
        let sides = match both(&old_policy, &new_policy) {
            Ok(sides) => sides,
            Err(why) => {
                // Nobody can know what such a value means (`unreadable`).
                open += usize::from(!why.contains("no documentation says how AWS reads"));
                continue;
            }
        };
        for (words, grants, unless) in sides {
            regions += words.len();
            for _ in 0..40 {
                let mut request = dated(generator.request(with_principals));
                if !["s3:GetObject", "s3:getobjectacl", "sns:Publish", "ec2:RunInstances"].contains(&request.action.as_str()) {
                    request.action = "s3:GetObject".to_owned();
                }
                // A key that no set operator names is taken for single-valued.
                if request.context.values().any(|values| values.len() > 1) || !is_typed(&request) {
                    continue;
                }
                let differs = eval::allows(grants, &request) && !eval::allows(unless, &request);
                let holding = words.iter().filter(|words| words.exist && words.contains(&request)).count();
                assert_eq!(holding, usize::from(differs), "{request:?}\n{old}\n{new}");
                inside += usize::from(differs);
            }
        }
    }
    assert!(inside > 100 && regions > 200, "{inside} requests in {regions} regions");
    assert!(open <= 5, "{open} of 250 are left open within these steps");
}

/// The first action of each region, and one that is in none.
fn some_actions(words: &[Words]) -> Vec<String> {
    let first = |words: &Words| words.actions.first().map(|glob| glob.literal_prefix());
    let mut out: Vec<String> = words.iter().filter(|words| words.exist).filter_map(first).collect();
    out.retain(|action| action.split_once(':').is_some_and(|(_, name)| !name.is_empty()));
    out.extend(["s3:getobject", "sns:publish"].map(str::to_owned));
    out.sort();
    out.dedup();
    out
}

fn prove_all(old: &Access, new: &Access, universe: Option<&Access>, told: &str) -> Proved {
    smt::in_fresh_context(|| {
        let mut sum = Proved::default();
        let Ok(sides) = both(old, new) else { return Proved { proved: 0, open: 1 } };
        for side in &sides {
            for action in some_actions(&side.0) {
                let one = prove(side, universe, &action, told);
                sum = Proved { proved: sum.proved + one.proved, open: sum.open + one.open };
            }
        }
        sum
    })
}

/// How many random differences are proved to be their regions.
fn cases() -> usize {
    std::env::var("LEASTWISE_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(60)
}

#[test]
fn the_words_of_regions_are_the_difference_proved_by_z3() {
    let mut generator = generator(80);
    let mut sum = Proved::default();
    for case in 0..cases() {
        let with_principals = case % 2 == 0;
        let old = generator.policy(with_principals);
        let mut new = old.clone();
        let statements = new["Statement"].as_array_mut().unwrap();
        match case % 4 {
            // A statement goes, perhaps a Deny; one comes; an Allow becomes a Deny.
            0 => _ = statements.swap_remove(0),
            1 => statements.push(generator.statement(with_principals)),
            2 => statements[0] = generator.statement(with_principals),
            _ => statements[0]["Effect"] = json!(if statements[0]["Effect"] == "Deny" { "Allow" } else { "Deny" }),
        }
        let proved = prove_all(&policy("old", &old), &policy("new", &new), None, &format!("{old}\n{new}"));
        sum = Proved { proved: sum.proved + proved.proved, open: sum.open + proved.open };
    }
    assert!(sum.proved > cases() * 4 && sum.open * 5 < sum.proved, "{sum:?}");
}

#[test]
fn the_words_of_regions_of_stacks_are_the_difference_proved_by_z3() {
    let mut generator = generator(81);
    let mut sum = Proved::default();
    let full = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
    for case in 0..cases() / 2 {
        let mut old = json!({"identityPolicies": [generator.policy(false)]});
        let members = old.as_object_mut().unwrap();
        if case % 2 == 0 {
            members.insert("permissionBoundaries".to_owned(), json!([generator.policy(false)]));
        }
        if case % 3 == 0 {
            members.insert("serviceControlPolicies".to_owned(), json!([[full], [full, generator.policy(false)]]));
        }
        if case % 5 == 0 {
            members.insert("sessionPolicies".to_owned(), json!([generator.policy(false)]));
        }
        let mut new = old.clone();
        let members = new.as_object_mut().unwrap();
        match case % 3 {
            0 => members["identityPolicies"] = json!([full]),
            1 => _ = members.insert("permissionBoundaries".to_owned(), json!([full])),
            _ => _ = members.remove("permissionBoundaries"),
        }
        // Requests about which such stacks have anything to say.
        let (mut of_old, mut of_new) = (old.clone(), new.clone());
        for written in [&mut of_old, &mut of_new] {
            for (name, member) in written.as_object_mut().unwrap() {
                let levels = name == "serviceControlPolicies";
                let open = |list: &Value| list.as_array().unwrap().iter().map(|_| full.clone()).collect::<Vec<_>>();
                *member = if levels { member.as_array().unwrap().iter().map(open).collect() } else { json!(open(member)) };
            }
        }
        let universe = stack("universe", if of_old.as_object().unwrap().len() > 1 { &of_old } else { &of_new });
        let told = format!("{old}\n{new}");
        let proved = prove_all(&stack("old", &old), &stack("new", &new), Some(&universe), &told);
        sum = Proved { proved: sum.proved + proved.proved, open: sum.open + proved.open };
    }
    assert!(sum.proved > cases() && sum.open * 5 < sum.proved, "{sum:?}");
}

#[test]
fn the_words_of_regions_of_real_versions_are_the_difference_proved_by_z3() {
    let Some(folder) = corpus("the_words_of_regions_of_real_versions_are_the_difference_proved_by_z3") else { return };
    let mut sum = Proved::default();
    for line in lines(&folder.join("version-pairs.jsonl.zst")).iter().step_by(53) {
        let told = format!("{} {} {}", line["policy"], line["old_version"], line["new_version"]);
        let proved = prove_all(&policy("old", &line["old"]), &policy("new", &line["new"]), None, &told);
        sum = Proved { proved: sum.proved + proved.proved, open: sum.open + proved.open };
    }
    assert!(sum.proved > 100 && sum.open * 10 < sum.proved, "{sum:?}");
}

/// The regions of a difference in text, without the sentence before them.
fn told(old: &Access, new: &Access) -> String {
    report::text(&difference(old, new, &Settings::default()).unwrap(), old, new)
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

#[test]
fn what_is_lifted_is_named() {
    let all = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    let deny = json!({"Sid": "NoS3", "Effect": "Deny", "Action": "s3:*", "Resource": "*"});
    let old = policy("old", &json!({"Statement": [all, deny]}));
    let new = policy("new", &json!({"Statement": all}));
    let expected = "Access added in 1 region, none removed.\n\n+ s3:*\n    Resource: \"*\"\n    by Allow statement 0\n    \
                    was denied by Deny statement 1 (NoS3) of the old policy\n";
    assert_eq!(plain(&told(&old, &new)), expected);
    let expected = "Access removed in 1 region, none added.\n\n- s3:*\n    Resource: \"*\"\n    by Allow statement 0\n    \
                    is now denied by Deny statement 1 (NoS3) of the new policy\n";
    assert_eq!(plain(&told(&new, &old)), expected);
    // The witness is a request that AWS could receive.
    let witness = difference(&old, &new, &Settings::default()).unwrap().added[0].witness.clone().unwrap();
    assert_eq!(leastwise::catalog::Catalog::latest().canonical_action(&witness.action), Some(witness.action.as_str()));
    let identity = json!({"Statement": all});
    let boundary = json!({"Statement": {"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "*"}});
    let bounded = stack("old", &json!({"identityPolicies": [identity], "permissionBoundaries": [boundary]}));
    let free = stack("new", &json!({"identityPolicies": [identity]}));
    let expected = "Access added in 1 region, none removed.\n\n+ iam:*, sts:*\n    Resource: \"*\"\n    \
                    by Allow statement 0 of identityPolicies[0]\n    \
                    was not allowed by permissionBoundaries[0] of the old stack\n";
    assert_eq!(plain(&told(&bounded, &free)), expected);
    let witness = difference(&bounded, &free, &Settings::default()).unwrap().added[0].witness.clone().unwrap();
    assert_eq!(leastwise::catalog::Catalog::latest().canonical_action(&witness.action), Some(witness.action.as_str()));
}

#[test]
fn everything_is_one_pattern() {
    let nothing = policy("old", &json!({"Statement": []}));
    let all = policy("new", &json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}));
    assert!(plain(&told(&nothing, &all)).contains("\n+ *\n"), "{}", told(&nothing, &all));
}

#[test]
fn actions_are_least_general_and_stacks_are_compared() {
    let identity = json!({"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}});
    let full = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
    let deny = json!({"Statement": {"Effect": "Deny", "Action": "s3:GetBucket*", "Resource": "*"}});
    let old = stack("old", &json!({"identityPolicies": [identity], "serviceControlPolicies": [[full]]}));
    let new = stack("new", &json!({"identityPolicies": [identity], "serviceControlPolicies": [[full, deny]]}));
    let found = difference(&old, &new, &Settings::default()).unwrap();
    assert!(found.added.is_empty());
    let removed: Vec<&str> = found.removed.iter().flat_map(|region| region.actions.iter().map(String::as_str)).collect();
    assert_eq!(removed, ["s3:GetBucket*"]);
    let same = difference(&old, &old, &Settings::default()).unwrap();
    assert!(same.added.is_empty() && same.removed.is_empty());
}
