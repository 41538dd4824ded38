//! What questions find in stacks that no statement grants.

use crate::support::stack;
use leastwise::eval;
use leastwise::policy::Principal;
use leastwise::question::no_new_access::no_new_access;
use leastwise::question::{Engine, Settings, Verdict};
use leastwise::smt;
use serde_json::json;

/// An account's root needs no identity policy where none are given: no statement grants, and yet there is access.
#[test]
fn the_root_of_an_account_is_found_where_no_statement_grants() {
    let all = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
    let nobody = stack("nobody", &json!({"identityPolicies": []}));
    let settings = Settings::default();
    for open in ["serviceControlPolicies", "permissionBoundaries", "sessionPolicies"] {
        let policies = if open == "serviceControlPolicies" { json!([[all]]) } else { json!([all]) };
        let new = stack("new", &json!({open: policies}));
        match no_new_access(&nobody, &new, &settings).unwrap().verdict {
            Verdict::Fail { witness, .. } => {
                assert!(eval::allows(&new, &witness, settings.matching));
                let Principal::Aws(arn) = &witness.principal else { panic!("{open}: {witness:?}") };
                assert!(arn.ends_with(":root"), "{open}: {witness:?}");
            }
            other => panic!("{open}: {other:?}"),
        }
        assert!(matches!(no_new_access(&new, &nobody, &settings).unwrap().verdict, Verdict::Pass), "{open}");
    }
}

/// A KMS key and a role to assume trust explicitly: identity policies alone grant nothing of them, other things they do.
#[test]
fn explicit_trust_is_of_the_action_that_is_asked_about() {
    let nobody = stack("nobody", &json!({"identityPolicies": [], "resourcePolicy": null}));
    for engine in [Engine::Auto, Engine::Strings] {
        let settings = Settings { engine, ..Settings::default() };
        for (action, resource, passes) in [
            ("sts:AssumeRole", "arn:aws:iam::111122223333:role/r", true),
            ("kms:Decrypt", "arn:aws:kms:us-east-1:111122223333:key/k", true),
            ("iam:PassRole", "arn:aws:iam::111122223333:role/r", false),
            ("kms:ListAliases", "arn:aws:kms:us-east-1:111122223333:alias/k", false),
        ] {
            let allow = json!({"Statement": {"Effect": "Allow", "Action": action, "Resource": resource}});
            let new = stack("new", &json!({"identityPolicies": [allow], "resourcePolicy": null}));
            let verdict = smt::in_fresh_context(|| no_new_access(&nobody, &new, &settings)).unwrap().verdict;
            match verdict {
                Verdict::Pass => assert!(passes, "{engine:?} {action}"),
                Verdict::Fail { .. } => assert!(!passes, "{engine:?} {action}"),
                Verdict::Unknown(why) => panic!("{engine:?} {action}: {why}"),
            }
        }
    }
}
