//! `check --against`: whatever is changed in the conditions, branches, mappings and defaults of a template, growth for any values
//! of its parameters is found. The truth is what both templates grant, tried for all values.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const VALUES: [&str; 3] = ["a", "b", "c"];
const PARAMETERS: [&str; 2] = ["Env", "Other"];
const ACTIONS: [&str; 3] = ["sqs:SendMessage", "sqs:ReceiveMessage", "sns:Publish"];
const NAMES: [&str; 4] = ["x", "y", "z", "w"];

/// A condition: a comparison of a parameter, or another one turned or put together.
#[derive(Debug, Clone)]
enum Condition {
    Equals(usize, usize),
    Not(Box<Condition>),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    First,
}

/// What stands in the list of statements.
#[derive(Debug, Clone)]
enum Part {
    Allow(usize, usize),
    Deny(usize, usize),
    /// On what a mapping gives for a parameter.
    Mapped(usize, usize),
    If(usize, Box<Part>, Option<Box<Part>>),
}

#[derive(Debug, Clone)]
struct Template {
    conditions: Vec<Condition>,
    own: Option<usize>,
    parts: Vec<Part>,
    mapping: Vec<usize>,
    defaults: Vec<Option<usize>>,
}

fn condition() -> impl Strategy<Value = Condition> {
    let leaf = prop_oneof![4 => (0..2_usize, 0..3_usize).prop_map(|(p, v)| Condition::Equals(p, v)), 1 => Just(Condition::First)];
    leaf.prop_recursive(2, 6, 2, |inner| {
        let two = (inner.clone(), inner.clone());
        prop_oneof![
            inner.prop_map(|one| Condition::Not(Box::new(one))),
            two.clone().prop_map(|(a, b)| Condition::And(Box::new(a), Box::new(b))),
            two.prop_map(|(a, b)| Condition::Or(Box::new(a), Box::new(b))),
        ]
    })
}

fn part() -> impl Strategy<Value = Part> {
    let leaf = prop_oneof![
        5 => (0..3_usize, 0..4_usize).prop_map(|(action, name)| Part::Allow(action, name)),
        1 => (0..3_usize, 0..4_usize).prop_map(|(action, name)| Part::Deny(action, name)),
        2 => (0..3_usize, 0..2_usize).prop_map(|(action, parameter)| Part::Mapped(action, parameter)),
    ];
    leaf.prop_recursive(2, 6, 2, |inner| {
        (0..3_usize, inner.clone(), prop::option::of(inner))
            .prop_map(|(c, then, other)| Part::If(c, Box::new(then), other.map(Box::new)))
    })
}

fn template() -> impl Strategy<Value = Template> {
    let first = (0..2_usize, 0..3_usize).prop_map(|(p, v)| Condition::Equals(p, v));
    let conditions = (first, condition(), condition()).prop_map(|(a, b, c)| vec![a, b, c]);
    let rest = (prop::option::weighted(0.3, 0..3_usize), prop::collection::vec(part(), 1..3));
    let values = (prop::collection::vec(0..3_usize, 3), prop::collection::vec(prop::option::weighted(0.4, 0..3_usize), 2));
    (conditions, rest, values).prop_map(|(conditions, (own, parts), (mapping, defaults))| Template {
        conditions,
        own,
        parts,
        mapping,
        defaults,
    })
}

impl Template {
    fn holds(&self, condition: &Condition, values: &[usize; 2]) -> bool {
        match condition {
            Condition::Equals(parameter, value) => values[*parameter] == *value,
            Condition::Not(one) => !self.holds(one, values),
            Condition::And(a, b) => self.holds(a, values) && self.holds(b, values),
            Condition::Or(a, b) => self.holds(a, values) || self.holds(b, values),
            Condition::First => self.holds(&self.conditions[0], values),
        }
    }

    fn grants(&self, values: &[usize; 2]) -> BTreeSet<(usize, usize)> {
        let (mut allowed, mut denied) = (BTreeSet::new(), BTreeSet::new());
        if self.own.is_none_or(|own| self.holds(&self.conditions[own], values)) {
            for mut part in &self.parts {
                while let Part::If(condition, then, other) = part {
                    part = match (self.holds(&self.conditions[*condition], values), other) {
                        (true, _) => then,
                        (false, Some(other)) => other,
                        (false, None) => break,
                    };
                }
                match part {
                    Part::Allow(action, name) => _ = allowed.insert((*action, *name)),
                    Part::Deny(action, name) => _ = denied.insert((*action, *name)),
                    Part::Mapped(action, parameter) => _ = allowed.insert((*action, self.mapping[values[*parameter]])),
                    Part::If(..) => {}
                }
            }
        }
        allowed.difference(&denied).copied().collect()
    }

    fn json(&self) -> Value {
        let conditions: Map<String, Value> =
            self.conditions.iter().enumerate().map(|(at, one)| (format!("C{at}"), written(one))).collect();
        let parameters: Map<String, Value> = PARAMETERS
            .iter()
            .zip(&self.defaults)
            .map(|(name, default)| {
                let mut one = json!({"Type": "String", "AllowedValues": VALUES});
                default.iter().for_each(|at| one["Default"] = json!(VALUES[*at]));
                ((*name).to_owned(), one)
            })
            .collect();
        let mapping: Map<String, Value> =
            VALUES.iter().zip(&self.mapping).map(|(key, at)| ((*key).to_owned(), json!({"v": NAMES[*at]}))).collect();
        let statements: Vec<Value> = self.parts.iter().map(statement).collect();
        let document = json!({"Version": "2012-10-17", "Statement": statements});
        let mut policy = json!({"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}});
        self.own.iter().for_each(|own| policy["Condition"] = json!(format!("C{own}")));
        json!({"Parameters": parameters, "Mappings": {"M": mapping}, "Conditions": conditions,
               "Resources": {"Q": {"Type": "AWS::SQS::Queue"}, "P": policy}})
    }
}

fn written(condition: &Condition) -> Value {
    match condition {
        Condition::Equals(parameter, value) => json!({"Fn::Equals": [{"Ref": PARAMETERS[*parameter]}, VALUES[*value]]}),
        Condition::Not(one) => json!({"Fn::Not": [written(one)]}),
        Condition::And(a, b) => json!({"Fn::And": [written(a), written(b)]}),
        Condition::Or(a, b) => json!({"Fn::Or": [written(a), written(b)]}),
        Condition::First => json!({"Condition": "C0"}),
    }
}

fn statement(part: &Part) -> Value {
    let arn = |name: &str| format!("arn:aws:sqs:us-east-1:111122223333:{name}");
    match part {
        Part::Allow(action, name) => json!({"Effect": "Allow", "Action": ACTIONS[*action], "Resource": arn(NAMES[*name])}),
        Part::Deny(action, name) => json!({"Effect": "Deny", "Action": ACTIONS[*action], "Resource": arn(NAMES[*name])}),
        Part::Mapped(action, parameter) => {
            let found = json!({"Fn::FindInMap": ["M", {"Ref": PARAMETERS[*parameter]}, "v"]});
            json!({"Effect": "Allow", "Action": ACTIONS[*action], "Resource": {"Fn::Sub": [arn("${V}"), {"V": found}]}})
        }
        Part::If(condition, then, other) => {
            let other = other.as_ref().map_or_else(|| json!({"Ref": "AWS::NoValue"}), |one| statement(one));
            json!({"Fn::If": [format!("C{condition}"), statement(then), other]})
        }
    }
}

/// A template, and the same with one thing of another one, or its first choice turned.
fn edited(number: usize, old: &Template, other: &Template) -> Template {
    let mut new = old.clone();
    match number % 6 {
        0 => new.conditions.clone_from(&other.conditions),
        1 => new.mapping.clone_from(&other.mapping),
        2 => new.defaults.clone_from(&other.defaults),
        3 => new.own = other.own,
        4 => new.parts.clone_from(&other.parts),
        _ => {
            for part in &mut new.parts {
                if let Part::If(_, then, Some(otherwise)) = part {
                    std::mem::swap(then, otherwise);
                }
            }
        }
    }
    new
}

fn git(folder: &Path, args: &[&str]) {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"];
    assert!(Command::new("git").current_dir(folder).args(identity).args(args).output().unwrap().status.success(), "{args:?}");
}

#[test]
fn no_change_of_a_template_hides_growth() {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[11; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut draw = || template().new_tree(&mut runner).unwrap().current();
    let cases: Vec<(Template, Template)> = (0..120)
        .map(|number| {
            let (old, other) = (draw(), draw());
            let new = edited(number, &old, &other);
            (old, new)
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let write = |at: usize, of: &Template| {
        std::fs::write(folder.path().join(format!("t{at}.json")), format!("{:#}\n", of.json())).unwrap()
    };
    cases.iter().enumerate().for_each(|(at, (old, _))| write(at, old));
    git(folder.path(), &["init", "-q"]);
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "-q", "-m", "before"]);
    cases.iter().enumerate().for_each(|(at, (_, new))| write(at, new));
    let ran = Command::new(env!("CARGO_BIN_EXE_leastwise"))
        .current_dir(folder.path())
        .args(["check", ".", "--against", "HEAD", "--format", "json", "--select", "new-access,undecided,unresolved-policy"])
        .output()
        .unwrap();
    let said: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let found: BTreeSet<&str> = said["findings"].as_array().unwrap().iter().map(|one| one["path"].as_str().unwrap()).collect();
    let (mut grown, mut kept, mut passed) = (0, 0, 0);
    for (at, (old, new)) in cases.iter().enumerate() {
        let all = (0..3).flat_map(|a| (0..3).map(move |b| [a, b]));
        let grows = all.clone().any(|values| !new.grants(&values).is_subset(&old.grants(&values)));
        let is_found = found.contains(format!("t{at}.json").as_str());
        assert!(is_found || !grows, "{:#}\n{:#}", old.json(), new.json());
        grown += usize::from(grows);
        kept += usize::from(!grows);
        passed += usize::from(!grows && !is_found);
    }
    // Whatever does not grow mostly passes, so the findings say something.
    assert!(grown > 20 && kept > 40 && passed * 10 > kept * 8, "{grown} {kept} {passed}");
}
