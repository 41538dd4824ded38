//! What do wildcards cross in API Gateway's `execute-api:/stage/METHOD/path`? Slashes in the path, and no slash before it.
//!
//! The shorthand is the ARN `arn:partition:execute-api:region:account:api-id/stage/METHOD/path` of the API that a policy is
//! attached to. An id has no slash, so what stands behind the first slash of the ARN's last part is what the shorthand's
//! pattern must match, as a whole. All three meanings have to say the same.

use crate::agreement::Random;
use crate::support::{policy, reaching};
use leastwise::diag::Budget;
use leastwise::glob::Glob;
use leastwise::policy::ArnMatching;
use leastwise::question::access_not_granted::{Access, access_not_granted};
use leastwise::question::{Engine, Settings, Verdict};
use leastwise::request::request_json;
use leastwise::{encode, eval, smt};
use serde_json::json;

/// Whether a shorthand names an API's resource, by the documentation.
fn names(path: &str, resource: &str) -> bool {
    let parts: Vec<&str> = resource.splitn(6, ':').collect();
    let [arn, partition, service, _, _, last] = parts.as_slice() else { return false };
    let is_api = *arn == "arn" && !partition.is_empty() && *service == "execute-api";
    is_api && last.split_once('/').is_some_and(|(_, behind)| Glob::parse(path).matches(behind))
}

const PATHS: [&str; 12] = [
    "*",
    "prod",
    "prod/*",
    "prod/GET/pets",
    "prod/*/pets",
    "*/GET/*",
    "prod/GET/pets/*",
    "prod/GET/?",
    "?*",
    "",
    "prod/GET/a:b*",
    "*/prod/*",
];

const ENDS: [&str; 14] = [
    "abc/prod",
    "abc/prod/GET/pets",
    "abc/dev/GET/prod/GET/pets",
    "abc/prod/GET/pets/1/toys",
    "abc/prod/POST/x/pets",
    "abc/prod/GET/a:b/c",
    "abc/prod/GET/",
    "abc/prod/GET/1",
    "abc/",
    "abc",
    "/prod/GET/pets",
    "a:b/prod/GET/1",
    "abc/dev/prod/x",
    "*/prod/GET/1",
];

#[test]
fn every_meaning_reads_the_shorthand_as_the_documentation_has_it() {
    let mut random = Random::new(11);
    let starts = [
        "arn:aws:execute-api:us-east-1:111122223333:",
        "arn:aws-cn:execute-api::111122223333:",
        "arn:aws:s3:::",
        "execute-api:/",
    ];
    let (mut named, mut encoded) = (0, 0);
    for path in PATHS {
        let statement = json!({"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": format!("execute-api:/{path}")});
        let access = policy("p", &json!({"Version": "2012-10-17", "Statement": statement}));
        for start in starts {
            for end in ENDS {
                let resource = format!("{start}{end}");
                let request = json!({"principal": "arn:aws:iam::111122223333:role/r", "action": "execute-api:Invoke", "resource": resource});
                let request = request_json::from_json(&request).unwrap();
                let expected = names(path, &resource);
                named += usize::from(expected);
                for matching in [ArnMatching::Segment, ArnMatching::Greedy] {
                    let access = reaching(access.clone(), matching);
                    let said = eval::allows(&access, &request);
                    assert_eq!(said, expected, "{path} {resource} {matching:?}");
                    if random.chance(8) {
                        let budget = Budget::default();
                        let said = smt::in_fresh_context(|| encode::allows(&access, &request, &budget)).unwrap();
                        assert!(said.is_none_or(|said| said == expected), "{path} {resource} {matching:?}: {said:?}");
                        encoded += usize::from(said.is_some());
                    }
                }
            }
        }
    }
    assert!(named > 40 && encoded > 20, "{named} {encoded}");
}

#[test]
fn a_deny_of_one_stage_does_not_reach_a_path_of_another_that_spells_it() {
    let statement = |effect: &str, resource: &str| json!({"Effect": effect, "Principal": "*", "Action": "execute-api:Invoke", "Resource": resource});
    let both = json!({"Statement": [statement("Allow", "execute-api:/*"), statement("Deny", "execute-api:/prod/*")]});
    let access = policy("p", &both);
    for engine in [Engine::Auto, Engine::Strings] {
        for (end, granted) in [
            ("abc/prod/GET/x", false),
            ("abc/dev/GET/prod/x", true),
            ("abc/prod", true),
            ("*/prod/*", true),
            ("abc/prod/*", false),
        ] {
            let asked = Access {
                actions: vec!["execute-api:Invoke".into()],
                resources: vec![format!("arn:aws:execute-api:us-east-1:111122223333:{end}")],
            };
            let budget = Budget { rlimit: 400_000, ..Budget::default() };
            let settings = Settings { engine, prove: engine == Engine::Auto, budget, ..Settings::default() };
            let verdict = smt::in_fresh_context(|| access_not_granted(&access, &asked, &settings)).unwrap().verdict;
            if engine == Engine::Strings && matches!(verdict, Verdict::Unknown(_)) {
                continue;
            }
            assert_eq!(matches!(verdict, Verdict::Fail { .. }), granted, "{engine:?} {end}: {verdict:?}");
            assert_eq!(verdict == Verdict::Pass, !granted, "{engine:?} {end}: {verdict:?}");
        }
    }
}
