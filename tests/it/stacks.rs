//! What questions find in stacks that no statement grants.

use crate::support::stack;
use leastwise::eval;
use leastwise::policy::Principal;
use leastwise::question::no_new_access::no_new_access;
use leastwise::question::{Settings, Verdict};
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
