//! Random refinements of policies of several statements: each is proved, is over the catalog exactly the original minus
//! the unused actions, statement by statement, and what is changed of it afterwards is refused.
//!
//! The expectation is plain matching of every action of the catalog; nothing of the refinement's own code is in it.

use crate::agreement::Random;
use crate::proofs;
use crate::support::policy;
use leastwise::catalog::Catalog;
use leastwise::diag::{Budget, Source};
use leastwise::document::{self, Document};
use leastwise::eval;
use leastwise::glob::Glob;
use leastwise::question::Settings;
use leastwise::refine::{Outcome, refine, verify};
use leastwise::request::{Principal, Request};
use leastwise::smt;
use leastwise::usage::UnusedPermissions;
use rayon::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

const SERVICES: [&str; 7] = ["kms", "sns", "sqs", "s3", "s3-object-lambda", "sts", "dynamodb"];
const SEVERAL: [&str; 7] = ["s*", "s3*", "?qs", "k?s", "s?s", "*ms", "*b"];
const RESOURCES: [&str; 4] = ["*", "arn:aws:s3:::a/*", "arn:aws:kms:us-east-1:111122223333:key/k", "arn:aws:s3:::*"];
const ASKED: [&str; 3] = ["arn:aws:s3:::a/k", "arn:aws:kms:us-east-1:111122223333:key/k", "arn:aws:sns:us-east-1:1:t"];

/// One case: a policy, and what of it is unused.
struct Case {
    catalog: &'static Catalog,
    /// `service:Name` of every action.
    actions: Vec<String>,
    policy: Value,
    unused: UnusedPermissions,
    gone: Vec<Glob>,
}

impl Case {
    /// Those of the services that policies name.
    fn near(&self) -> Vec<String> {
        let own = |action: &&String| action.split_once(':').is_some_and(|(service, _)| SERVICES.contains(&service));
        self.actions.iter().filter(own).cloned().collect()
    }
}

struct Generator {
    random: Random,
    catalog: &'static Catalog,
}

impl Generator {
    fn names(&self, service: &str) -> Vec<String> {
        self.catalog.service(service).unwrap().actions().map(|action| action.name.clone()).collect()
    }

    fn pattern(&mut self) -> String {
        let home = self.random.pick(&SERVICES);
        let names = self.names(home);
        let random = &mut self.random;
        let service = match random.below(20) {
            0 => "*".to_owned(),
            1..=3 => random.pick(&SEVERAL).to_owned(),
            4 => home.to_uppercase(),
            _ => home.to_owned(),
        };
        let name = random.of(&names).to_owned();
        let start: String = name.chars().take(1 + random.below(9)).collect();
        let end: String = name.chars().skip(name.chars().count().saturating_sub(1 + random.below(8))).collect();
        let name = match random.below(20) {
            0..=5 => name,
            6..=10 => format!("{start}*"),
            11 => "*".to_owned(),
            12 | 13 => format!("*{end}"),
            14 | 15 => format!("{start}*{end}"),
            16 => format!("{}?*", start.to_lowercase()),
            17 => format!("*{}*", end.get(..end.len().min(4)).unwrap()),
            18 => format!("?{}*", name.chars().skip(1).take(3).collect::<String>()),
            _ => format!("{start}Nothing{}", if random.chance(50) { "*" } else { "" }),
        };
        if self.random.chance(2) { "*".to_owned() } else { format!("{service}:{name}") }
    }

    fn statement(&mut self, index: usize) -> Value {
        let mut out = Map::new();
        if self.random.chance(20) {
            out.insert("Sid".to_owned(), json!(format!("S{index}")));
        }
        let deny = self.random.chance(15);
        out.insert("Effect".to_owned(), json!(if deny { "Deny" } else { "Allow" }));
        let patterns: Vec<String> = (0..=self.random.below(4)).map(|_| self.pattern()).collect();
        let element = if self.random.chance(12) { "NotAction" } else { "Action" };
        let one = patterns.len() == 1 && self.random.chance(50);
        out.insert(element.to_owned(), if one { json!(patterns[0]) } else { json!(patterns) });
        let resource = if self.random.chance(60) { "*" } else { self.random.pick(&RESOURCES) };
        out.insert("Resource".to_owned(), json!(resource));
        if self.random.chance(10) {
            out.insert("Condition".to_owned(), json!({"StringEquals": {"aws:username": "a"}}));
        }
        Value::Object(out)
    }

    fn case(&mut self) -> Case {
        let services = self.catalog.services();
        let actions: Vec<String> = services
            .flat_map(|(prefix, service)| service.actions().map(move |action| format!("{prefix}:{}", action.name)))
            .collect();
        let mut statements: Vec<Value> = (0..=self.random.below(4)).map(|index| self.statement(index)).collect();
        if self.random.chance(15) {
            let again = statements[self.random.below(statements.len())].clone();
            statements.push(again);
        }
        let policy = json!({"Version": "2012-10-17", "Statement": statements});
        let (mut unused, mut gone) = (UnusedPermissions::default(), Vec::new());
        // Mostly what the policy names; sometimes most of it.
        let named: Vec<Glob> = statements.iter().flat_map(patterns).collect();
        let share = [5, 20, 60, 95][self.random.below(4)];
        for service in SERVICES {
            match self.random.below(12) {
                0..=4 => {}
                5 => {
                    unused.add_service(service);
                    gone.push(Glob::parse(&format!("{service}:*")));
                }
                _ => {
                    for name in self.names(service) {
                        let action = format!("{service}:{name}").to_lowercase();
                        let at_hand = named.iter().any(|glob| glob.matches(&action));
                        if self.random.chance(if at_hand { share } else { 3 }) {
                            unused.add_action(service, &name);
                            gone.push(Glob::parse(&action));
                        }
                    }
                }
            }
        }
        for unlisted in ["s3:GetNothing", "nowhere:Get", "sns:PublishX"] {
            if self.random.chance(10) {
                let (service, name) = unlisted.split_once(':').unwrap();
                unused.add_action(service, name);
                gone.push(Glob::parse(&unlisted.to_lowercase()));
            }
        }
        if self.random.chance(5) {
            unused.add_service("elsewhere");
            gone.push(Glob::parse("elsewhere:*"));
        }
        Case { catalog: self.catalog, actions, policy, unused, gone }
    }

    /// The refined policy with something changed, and what.
    fn mutant(&mut self, refined: &Value, case: &Case) -> Option<(&'static str, Value)> {
        let mut out = refined.clone();
        let statements = out["Statement"].as_array_mut()?;
        let allows: Vec<usize> = (0..statements.len()).filter(|at| statements[*at]["Effect"] == "Allow").collect();
        let at = *allows.get(self.random.below(allows.len().max(1)))?;
        let kind = self.random.below(6);
        if kind == 0 {
            statements.remove(at);
            return Some(("a statement less", out));
        }
        let element = if statements[at].get("Action").is_some() { "Action" } else { "NotAction" };
        let mut list = texts(&statements[at][element]);
        let which = self.random.below(list.len());
        let said = match kind {
            1 => {
                list.remove(which);
                "a pattern less"
            }
            2 => {
                // A shorter prefix; of a literal, a wildcard.
                let (service, name) = list[which].split_once(':')?;
                let head = name.split(['*', '?']).next()?;
                let shorter = head.get(..head.len().checked_sub(1 + self.random.below(head.len().max(1)))?)?;
                let rest = name.get(head.len()..).filter(|rest| rest.starts_with('*')).unwrap_or("*");
                list[which] = format!("{service}:{shorter}{rest}");
                "a shorter prefix"
            }
            3 => {
                list.push(self.random.of(&case.near()).to_owned());
                "an action more"
            }
            4 => {
                // A longer prefix.
                let glob = Glob::parse(&list[which]).to_ascii_lowercase();
                let head = list[which].split(['*', '?']).next()?.len();
                if !glob.has_wildcard() {
                    return None;
                }
                let covered: Vec<String> =
                    case.actions.iter().filter(|action| glob.matches(&action.to_lowercase())).cloned().collect();
                let longer = self.random.of(covered.first().map(|_| covered.as_slice())?).get(..=head)?.to_owned();
                let rest = list[which].get(head..)?.to_owned();
                list[which] = format!("{longer}{rest}");
                "a longer prefix"
            }
            _ => {
                list.push(self.pattern());
                "a pattern more"
            }
        };
        if list.is_empty() {
            statements.remove(at);
        } else {
            statements[at][element] = json!(list);
        }
        Some((said, out))
    }
}

fn texts(list: &Value) -> Vec<String> {
    match list {
        Value::String(one) => vec![one.clone()],
        many => many.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect(),
    }
}

/// The action patterns of a statement, in lower case.
fn patterns(statement: &Value) -> Vec<Glob> {
    let list = statement.get("Action").or_else(|| statement.get("NotAction")).unwrap();
    texts(list).iter().map(|text| Glob::parse(text).to_ascii_lowercase()).collect()
}

/// For each Allow statement that grants anything of the catalog: what, but for these.
fn granted(policy: &Value, actions: &[String], gone: &[Glob]) -> Vec<BTreeSet<String>> {
    let allows = policy["Statement"].as_array().unwrap().iter().filter(|statement| statement["Effect"] == "Allow");
    let sets = allows.map(|statement| {
        let (patterns, negated) = (patterns(statement), statement.get("NotAction").is_some());
        let lower = actions.iter().map(|action| action.to_lowercase());
        lower
            .filter(|action| patterns.iter().any(|pattern| pattern.matches(action)) != negated)
            .filter(|action| !gone.iter().any(|gone| gone.matches(action)))
            .collect::<BTreeSet<String>>()
    });
    sets.filter(|set| !set.is_empty()).collect()
}

/// What counts as the same policy: every statement with its patterns, each once.
fn shape(policy: &Value) -> Vec<(Value, BTreeSet<Glob>)> {
    let of = |statement: &Value| {
        let mut rest = statement.clone();
        let negated = rest.as_object_mut().unwrap().remove("NotAction").is_some();
        rest.as_object_mut().unwrap().remove("Action");
        rest["negated"] = json!(negated);
        (rest, patterns(statement).into_iter().collect())
    };
    policy["Statement"].as_array().unwrap().iter().map(of).collect()
}

fn read(value: &Value) -> Document {
    document::read(&Source::new("random", value.to_string()), &Budget::default()).unwrap_or_else(|found| panic!("{found}"))
}

/// What came of one case: whether anything changed, a statement went, and how many mutants were tried.
#[derive(Default)]
struct Told {
    changed: usize,
    fewer: usize,
    mutants: usize,
}

fn try_case(seed: u64) -> Told {
    let catalog = if seed.is_multiple_of(2) { Catalog::june_2024() } else { Catalog::latest() };
    let mut generator = Generator { random: Random::new(0x7ef1_4e00 + seed), catalog };
    let case = generator.case();
    let settings = Settings { budget: crate::support::steps(Budget::DEFAULT.rlimit), ..Settings::default() };
    let told = |what: &str| format!("seed {seed}, catalog {}: {what}\n{}\n{:?}", case.catalog.name, case.policy, case.unused);
    let original = read(&case.policy);
    let outcome = smt::in_fresh_context(|| refine(&original, &case.unused, catalog, &settings))
        .unwrap_or_else(|error| panic!("{}", told(&error.to_string())));
    let refinement = match outcome {
        Outcome::Proved(refinement) => refinement,
        Outcome::NotProved(failure) => panic!("{}", told(&format!("{failure:?}"))),
    };
    proofs::keep(&format!("random-{seed:05}"), &refinement.obligations);
    let refined: Value = serde_json::from_str(&refinement.policy.to_string()).unwrap();
    // Over the catalog, statement by statement, and as a whole by the evaluator.
    let (before, after) = (granted(&case.policy, &case.actions, &case.gone), granted(&refined, &case.actions, &[]));
    assert!(before == after, "{}", told(&format!("another expansion: {refined}")));
    let (old, new) = (policy("original", &case.policy), policy("refined", &refined));
    let role = || Principal::Aws("arn:aws:iam::111122223333:role/r".to_owned());
    for action in case.near().iter().chain(case.actions.iter().step_by(50)) {
        let is_gone = case.gone.iter().any(|gone| gone.matches(&action.to_lowercase()));
        for resource in ASKED {
            let request = Request::new(role(), action, resource, Default::default());
            let was = eval::allows(&old, &request);
            let is = eval::allows(&new, &request);
            assert!(is == (was && !is_gone), "{}", told(&format!("{action} on {resource}: {refined}")));
        }
    }
    let refused = |refined: &Value| {
        smt::in_fresh_context(|| verify(&original, &read(refined), &case.unused, catalog, &settings))
            .map(Result::err)
            .unwrap_or_else(|error| panic!("{}", told(&error.to_string())))
    };
    if let Some(failure) = refused(&refined) {
        panic!("{}", told(&format!("verify refuses {refined}: {failure:?}")));
    }
    let mut out = Told { changed: usize::from(!refinement.changes.is_empty()), ..Told::default() };
    let count = |policy: &Value| policy["Statement"].as_array().unwrap().len();
    out.fewer = usize::from(count(&refined) < count(&case.policy));
    for _ in 0..3 {
        let Some((what, mutant)) = generator.mutant(&refined, &case) else { continue };
        if shape(&mutant) == shape(&refined) {
            continue;
        }
        out.mutants += 1;
        assert!(refused(&mutant).is_some(), "{}", told(&format!("verify accepts {what}: {mutant}\nbeside {refined}")));
    }
    out
}

#[test]
fn random_policies_are_refined_and_what_is_changed_of_the_result_is_refused() {
    let cases: u64 = std::env::var("LEASTWISE_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let told: Vec<Told> = (0..cases).into_par_iter().map(try_case).collect();
    let sum = |of: &dyn Fn(&Told) -> usize| told.iter().map(of).sum::<usize>();
    let (changed, fewer, mutants) = (sum(&|told| told.changed), sum(&|told| told.fewer), sum(&|told| told.mutants));
    eprintln!("{cases} refinements: {changed} changed something, {fewer} lost a statement; {mutants} mutants refused");
    assert!(changed * 2 > told.len() && fewer * 20 > told.len() && mutants * 2 > 3 * told.len(), "{changed} {fewer} {mutants}");
}

fn statements(list: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": list})
}

/// An Allow statement: `on: actions`, where `!` before the actions stands for NotAction.
fn allow(written: &str) -> Value {
    let (resource, actions) = written.split_once(' ').unwrap();
    let list: Vec<&str> = actions.trim_start_matches('!').split(' ').collect();
    let element = if actions.starts_with('!') { "NotAction" } else { "Action" };
    json!({"Effect": "Allow", element: list, "Resource": resource})
}

fn written(policy: &str) -> Value {
    statements(&policy.split("; ").map(allow).collect())
}

const SMALL: &str = r#"{"x":["GetObject","GetBigObject","PutObject","PutAll"],"y":["Object","ObjectFooObject","PutObject"],
    "z":["GetOne"],"xy":["GetOne","SetOne","Start"]}"#;

fn unused(list: &str) -> UnusedPermissions {
    let mut out = UnusedPermissions::default();
    for action in list.split(' ').filter(|action| !action.is_empty()) {
        match action.split_once(':').unwrap() {
            (service, "*") => out.add_service(service),
            (service, name) => out.add_action(service, name),
        }
    }
    out
}

#[test]
fn the_hard_refinements() {
    let catalog = Catalog::read(&Source::new("small", SMALL)).unwrap();
    for (at, (policy, gone, expected)) in [
        // What goes looks like what stays.
        ("* x:P*; * z:Get*", "x:PutObject x:PutAll", "* z:Get*"),
        ("* x:PutAll; * x:PutAll x:GetObject; * x:GetObject", "x:PutAll", "* x:GetObject; * x:GetObject"),
        // Several services: where nothing is unused, all that the pattern matches.
        ("* *:Get*", "x:GetObject", "* x:GetBigObject xy:Get* z:Get*"),
        ("* x*:*e", "x:GetObject", "* x*:*e"),
        ("* x*:*e", "xy:GetOne", "* xy:SetOne"),
        ("* ?:*t", "x:*", "* y:*t"),
        ("* X*", "xy:SetOne", "* x:* xy:GetOne xy:Start"),
        ("* z:Get* *:Get*", "x:GetObject", "* z:Get* x:GetBigObject xy:Get*"),
        ("* *", "z:*", "* x:* xy:* y:*"),
        // What is left of an inner wildcard.
        ("* x:*Object", "x:PutObject", "* x:Get*Object"),
        ("* y:*Object", "y:PutObject", "* y:Object y:Object*Object"),
        ("* xy:?etO*", "xy:SetOther", "* xy:GetOne xy:SetOne"),
        // NotAction.
        ("* !*:Get*", "x:*", "* !*:Get* x:*"),
        ("* !x:Get* x:Put*", "x:*", "* !x:Get* x:Put* x:*"),
        ("* !x:*", "x:PutAll new:*", "* !x:* new:*"),
    ]
    .into_iter()
    .enumerate()
    {
        let (original, gone) = (read(&written(policy)), unused(gone));
        let outcome = smt::in_fresh_context(|| refine(&original, &gone, &catalog, &Settings::default())).unwrap();
        let Outcome::Proved(refinement) = outcome else { panic!("{policy} without {gone:?}: {outcome:?}") };
        proofs::keep(&format!("hard-{at:02}"), &refinement.obligations);
        let refined: Value = serde_json::from_str(&refinement.policy.to_string()).unwrap();
        assert_eq!(refined, written(expected), "{policy}");
    }
}

#[test]
fn what_means_the_same_but_is_another_policy_fails_o4() {
    let catalog = Catalog::read(&Source::new("small", SMALL)).unwrap();
    for (policy, gone, refined, part) in [
        ("* x:Get*; * x:*", "y:Object", "* x:*", "index 0 of the original is missing: nothing that `x:Get*` matches is unused"),
        ("* x:P*; * x:*", "x:PutAll", "* x:Get* x:PutObject", "index 0 of the original is missing: x:PutObject is in use"),
        ("* x:*; * x:*", "x:PutAll", "* x:Get*; * x:Get* x:PutObject", "index 0 loses x:PutObject"),
        ("* z:*; arn:a x:GetObject; * x:*", "", "* z:*; arn:a x:GetObject x:PutAll; * x:*", "`x:PutAll`"),
        ("* z:*; * x:*", "", "* x:*; * z:*", "index 0 of the original is missing"),
        ("* z:*; * x:*", "", "* z:*; arn:a x:GetObject; * x:*", "index 1 of the refined policy is not a statement"),
        ("* x:*", "x:PutAll", "* x:Get*Object x:PutObject", "`x:Get*Object`"),
        ("* *:Get*", "x:GetObject", "* x:GetBigObject xy:GetO* z:Get*", "`xy:GetO*`"),
        ("* x:*; * !x:PutAll", "x:PutAll", "* x:Get* x:PutObject; * !x:PutAll x:GetObject", "is not an unused action"),
        ("* x:Get* x:GetObject", "", "* x:Get*", "lacks `x:GetObject`"),
    ] {
        let (original, gone, other) = (read(&written(policy)), unused(gone), read(&written(refined)));
        let said = smt::in_fresh_context(|| verify(&original, &other, &gone, &catalog, &Settings::default())).unwrap();
        let failure = said.expect_err(refined);
        assert!(failure.id.name() == "O4" && failure.message.contains(part), "{policy}; {refined}: {failure:?}");
    }
    // A Deny that denies nothing is kept as well, and what only a Deny keeps out goes all the same.
    let deny = json!({"Effect": "Deny", "Action": "x:PutAll", "Resource": "*"});
    let original = read(&statements(&json!([allow("* x:*"), deny])));
    let gone = unused("x:PutAll");
    for (refined, part) in [
        (json!([allow("* x:Get* x:PutObject")]), "only Allow statements"),
        (json!([allow("* x:*"), deny]), "still matches x:PutAll"),
    ] {
        let other = read(&statements(&refined));
        let said = smt::in_fresh_context(|| verify(&original, &other, &gone, &catalog, &Settings::default())).unwrap();
        let failure = said.expect_err(part);
        assert!(failure.id.name() == "O4" && failure.message.contains(part), "{refined}: {failure:?}");
    }
}

/// Alike statements of which any may be missing: the work is no more than statements times statements.
#[test]
fn many_alike_statements_are_aligned_in_no_time() {
    let catalog = Catalog::read(&Source::new("small", SMALL)).unwrap();
    let gone = unused("x:PutAll");
    let rows = |row: &str, count: usize| vec![row; count].join("; ");
    let original = read(&written(&format!("{}; * x:GetObject; {}", rows("* x:PutAll", 150), rows("* x:PutA*", 150))));
    let verify = |refined: &str| {
        let refined = read(&written(refined));
        smt::in_fresh_context(|| verify(&original, &refined, &gone, &catalog, &Settings::default())).unwrap().err()
    };
    assert_eq!(verify("* x:GetObject"), None);
    let failure = verify(&format!("* x:GetObject; {}", rows("* x:GetObject", 99))).unwrap();
    assert!(failure.id.name() == "O4", "{failure:?}");
}
