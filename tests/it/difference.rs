//! The regions of a difference: disjoint, complete, and nothing else, on random policies and requests.

use crate::agreement::{dated, generator, is_typed};
use crate::support::{policy, stack};
use leastwise::eval;
use leastwise::glob::Glob;
use leastwise::policy::{Access, Request};
use leastwise::question::Settings;
use leastwise::question::difference::{Region, difference};
use serde_json::json;

/// Whether a request of an action that exists is in a region.
fn contains(region: &Region, grants: &Access, unless: &Access, request: &Request) -> bool {
    let settings = Settings::default();
    let action = request.action.to_ascii_lowercase();
    let applies = |access: &Access, number: usize| {
        access.statement(number).is_some_and(|(_, statement)| eval::applies(statement, request, settings.matching))
    };
    region.actions.iter().any(|pattern| Glob::parse(&pattern.to_ascii_lowercase()).matches(&action))
        && region.statement.is_some_and(|number| applies(grants, number))
        && !region.except.iter().any(|one| !one.other && applies(grants, one.number))
        && !(region.except.iter().any(|one| one.other) && eval::allows(unless, request, settings.matching))
}

#[test]
fn regions_are_disjoint_and_complete() {
    let mut generator = generator(8);
    let (mut inside, mut regions) = (0, 0);
    for case in 0..250 {
        let with_principals = case % 2 == 0;
        let old = generator.policy(with_principals);
        let mut new = old.clone();
        let statements = new["Statement"].as_array_mut().unwrap();
        statements.push(generator.statement(with_principals));
        if case % 3 == 0 {
            statements.swap_remove(0);
        }
        let (old, new) = (policy("old", &old), policy("new", &new));
        let found = difference(&old, &new, &Settings::default()).unwrap();
        assert_eq!(found.unknown, None);
        for (side, grants, unless) in [(&found.added, &new, &old), (&found.removed, &old, &new)] {
            regions += side.len();
            for region in side {
                if let Some(witness) = &region.witness {
                    assert!(eval::allows(grants, witness, Settings::default().matching));
                    assert!(!eval::allows(unless, witness, Settings::default().matching));
                }
            }
            for _ in 0..40 {
                let mut request = dated(generator.request(with_principals));
                if !["s3:GetObject", "s3:getobjectacl", "sns:Publish", "ec2:RunInstances"].contains(&request.action.as_str()) {
                    request.action = "s3:GetObject".to_owned();
                }
                // A key that no set operator names is taken for single-valued.
                if request.context.values().any(|values| values.len() > 1) || !is_typed(&request) {
                    continue;
                }
                let differs = eval::allows(grants, &request, Settings::default().matching)
                    && !eval::allows(unless, &request, Settings::default().matching);
                let holding: Vec<&Region> = side.iter().filter(|region| contains(region, grants, unless, &request)).collect();
                assert_eq!(
                    holding.len(),
                    usize::from(differs),
                    "{request:?}\n{holding:#?}\n{:?}",
                    new.members()[0].policy.source.text
                );
                inside += usize::from(differs);
            }
        }
    }
    assert!(inside > 100 && regions > 200, "{inside} requests in {regions} regions");
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
