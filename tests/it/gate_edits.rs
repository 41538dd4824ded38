//! `check --against` under random edits whose truth is known: roles whose inline policies are swapped, merged, split and renamed, and
//! that get and lose a managed policy, statements and a boundary. Whoever has more than before is told; who has not is left alone.
//!
//! Statements are over single actions on every resource, so what a role may do is a set, computed here without the program.

use crate::gate_against::{change, file, template};
use crate::support::Numbers;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const ACTIONS: [&str; 6] = ["s3:GetObject", "s3:PutObject", "sqs:SendMessage", "sns:Publish", "iam:CreateUser", "kms:Decrypt"];
const NAMES: [&str; 6] = ["u", "v", "w", "x", "y", "z"];
const BOUNDARIES: [Option<&str>; 3] = [None, Some("a"), Some("b")];

impl Numbers {
    fn key<V>(&mut self, of: &BTreeMap<&'static str, V>) -> Option<&'static str> {
        let all: Vec<&'static str> = of.keys().copied().collect();
        (!all.is_empty()).then(|| all[self.below(all.len())])
    }
}

/// Whether it allows, and what.
type Statement = (bool, BTreeSet<&'static str>);

#[derive(Clone, Debug)]
struct Role {
    inline: BTreeMap<&'static str, Vec<Statement>>,
    managed: Vec<Statement>,
    /// By its own list, by that of the policy, or not at all.
    attached: usize,
    boundary: Option<&'static str>,
}

fn statement(numbers: &mut Numbers) -> Statement {
    (numbers.below(4) > 0, (0..=numbers.below(2)).map(|_| ACTIONS[numbers.below(ACTIONS.len())]).collect())
}

fn role(numbers: &mut Numbers) -> Role {
    let mut inline = BTreeMap::new();
    for _ in 0..numbers.below(4) {
        let some = (0..=numbers.below(2)).map(|_| statement(numbers)).collect();
        inline.insert(NAMES[numbers.below(NAMES.len())], some);
    }
    let managed = (0..=numbers.below(2)).map(|_| statement(numbers)).collect();
    Role { inline, managed, attached: numbers.below(3), boundary: BOUNDARIES[numbers.below(3)] }
}

fn edit(role: &mut Role, numbers: &mut Numbers) {
    let (one, other) = (numbers.key(&role.inline), numbers.key(&role.inline));
    let free = NAMES.into_iter().find(|name| !role.inline.contains_key(name));
    match (numbers.below(9), one, other) {
        (0, Some(one), Some(other)) if one != other => {
            // A statement of each goes to the other.
            let (mine, theirs) = (role.inline[one][0].clone(), role.inline[other][0].clone());
            role.inline.get_mut(one).unwrap()[0] = theirs;
            role.inline.get_mut(other).unwrap()[0] = mine;
        }
        (1, Some(one), Some(other)) if one != other => {
            let more = role.inline.remove(other).unwrap();
            role.inline.get_mut(one).unwrap().extend(more);
        }
        (2, Some(one), _) if role.inline[one].len() > 1 && free.is_some() => {
            let last = role.inline.get_mut(one).unwrap().pop().unwrap();
            role.inline.insert(free.unwrap(), vec![last]);
        }
        (3, Some(one), _) if free.is_some() => {
            let all = role.inline.remove(one).unwrap();
            role.inline.insert(free.unwrap(), all);
        }
        (4, ..) => role.attached = numbers.below(3),
        (5, ..) => role.boundary = BOUNDARIES[numbers.below(3)],
        (6, Some(one), _) => role.inline.get_mut(one).unwrap().push(statement(numbers)),
        (7, Some(one), _) if role.inline[one].len() > 1 => _ = role.inline.get_mut(one).unwrap().remove(0),
        (8, ..) => role.managed.push(statement(numbers)),
        _ => {}
    }
}

/// What statements allow, and what they deny.
fn meaning<'s>(all: impl Iterator<Item = &'s Statement>) -> (BTreeSet<&'static str>, BTreeSet<&'static str>) {
    let (mut allowed, mut denied) = (BTreeSet::new(), BTreeSet::new());
    for (allows, actions) in all {
        if *allows { allowed.extend(actions) } else { denied.extend(actions) }
    }
    (allowed.difference(&denied).copied().collect(), denied)
}

impl Role {
    fn means(&self) -> (BTreeSet<&'static str>, BTreeSet<&'static str>) {
        let managed = self.managed.iter().filter(|_| self.attached > 0);
        meaning(self.inline.values().flatten().chain(managed))
    }

    fn written(&self, at: usize) -> [(String, Value); 2] {
        let document = |all: &[Statement]| -> Value {
            let one = |(allows, actions): &Statement| json!({"Effect": if *allows { "Allow" } else { "Deny" }, "Action": actions, "Resource": "*"});
            json!({"Version": "2012-10-17", "Statement": all.iter().map(one).collect::<Vec<_>>()})
        };
        let inline = self.inline.iter().map(|(name, all)| json!({"PolicyName": name, "PolicyDocument": document(all)}));
        let trust = json!({"Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
        let mut own = json!({"AssumeRolePolicyDocument": trust, "Policies": inline.collect::<Vec<_>>()});
        let mut managed = json!({"PolicyDocument": document(&self.managed)});
        match self.attached {
            1 => own["ManagedPolicyArns"] = json!([{"Ref": format!("M{at}")}]),
            2 => managed["Roles"] = json!([{"Ref": format!("R{at}")}]),
            _ => {}
        }
        if let Some(name) = self.boundary {
            own["PermissionsBoundary"] = json!(format!("arn:aws:iam::111122223333:policy/{name}"));
        }
        [
            (format!("R{at}"), json!({"Type": "AWS::IAM::Role", "Properties": own})),
            (format!("M{at}"), json!({"Type": "AWS::IAM::ManagedPolicy", "Properties": managed})),
        ]
    }
}

#[test]
fn whoever_has_more_is_told_and_nobody_else() {
    let (mut told, mut quiet) = (0, 0);
    for seed in 1..=4_u64 {
        let mut numbers = Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let before: Vec<Role> = (0..16).map(|_| role(&mut numbers)).collect();
        let mut after = before.clone();
        for one in &mut after {
            (0..=numbers.below(3)).for_each(|_| edit(one, &mut numbers));
        }
        let text = |all: &[Role]| {
            let all: Vec<(String, Value)> = all.iter().enumerate().flat_map(|(at, one)| one.written(at)).collect();
            let all: Vec<(&str, Value)> = all.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
            vec![file("t.json", &template(&all))]
        };
        let (_, found) = change(&text(&before), &text(&after), true);
        for (at, (was, is)) in before.iter().zip(&after).enumerate() {
            let more = |was: &BTreeSet<&str>, is: &BTreeSet<&str>| !is.is_subset(was);
            let (had, has) = (was.means(), is.means());
            let (gave, gives) = (meaning(was.managed.iter()), meaning(is.managed.iter()));
            let grows = more(&had.0, &has.0) || more(&gave.0, &gives.0) || (was.boundary.is_some() && is.boundary.is_none());
            // What others may grant now, and a boundary that nobody knows.
            let lost = !had.1.is_subset(&has.1) || !gave.1.is_subset(&gives.1);
            let may_grow = lost || (was.boundary != is.boundary && was.boundary.is_some());
            let about = |one: &&Value| {
                let name = one["policy"].as_str().unwrap();
                ["R", "M"].iter().any(|of| name.split('.').next() == Some(&format!("{of}{at}")))
            };
            let rules: Vec<&str> = found.iter().filter(about).map(|one| one["rule"].as_str().unwrap()).collect();
            let counts = rules.iter().any(|rule| ["new-access", "undecided"].contains(rule));
            let is_told = counts || rules.contains(&"lost-deny");
            assert!(!grows || counts, "seed {seed}, R{at}: {was:?} {is:?} {rules:?}");
            assert!(grows || may_grow || !is_told, "seed {seed}, R{at}: {was:?} {is:?} {rules:?}");
            *(if grows { &mut told } else { &mut quiet }) += 1;
        }
    }
    // The edits do both.
    assert!(told > 10 && quiet > 10, "{told} {quiet}");
}
