//! Questions about listed actions: which of them count, and that no request among them refutes a PASS.
//!
//! What no action in scope can meet is left out when actions are cut into groups, so a scope that is read too narrowly would
//! be a wrong PASS. Scopes are drawn from patterns that overlap those of the policies in part, wholly and not at all; requests
//! come from the edges of both, and each is asked of the evaluator. Both engines answer.

use crate::agreement::{Random, generator, is_typed};
use crate::boundary::Boundary;
use crate::support::{policy, stack, steps};
use leastwise::eval;
use leastwise::glob::Glob;
use leastwise::policy::Access;
use leastwise::question::access_not_granted::{Access as Listed, access_not_granted};
use leastwise::question::{Engine, Settings, Verdict};
use leastwise::smt;
use serde_json::{Value, json};

const SCOPES: [&str; 14] = [
    "s3:GetObject",
    "S3:getobject",
    "s3:Get*",
    "s3:*Object",
    "*:Get*",
    "s3:?etObject",
    "s*:*",
    "s3:Put*",
    "ec2:*",
    "sns:Publish",
    "iam:PassRole",
    "sts:AssumeRole",
    "kms:*",
    "*",
];

#[test]
fn no_random_request_in_scope_refutes_a_pass() {
    let (mut generator, mut random) = (generator(31), Random::new(32));
    let cases = std::env::var("LEASTWISE_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(400);
    let (mut passed, mut failed, mut asked, mut compared) = (0, 0, 0, 0);
    for case in 0..cases {
        let written = if case % 5 == 4 { generator.stack() } else { generator.small_policy(case % 2 == 0) };
        let access: Access = if case % 5 == 4 { stack("stack", &written) } else { policy("policy", &written) };
        let scope: Vec<String> = random.some(&SCOPES, 3).into_iter().map(str::to_owned).collect();
        let listed = Listed { actions: scope.clone(), resources: Vec::new() };
        let budget = steps(40_000);
        let answer = |engine| {
            let settings = Settings { engine, realistic: false, budget, ..Settings::default() };
            let outcome = smt::in_fresh_context(|| access_not_granted(&access, &listed, &settings));
            outcome.unwrap_or_else(|error| panic!("{error}\n{written}\n{scope:?}")).verdict
        };
        let globs: Vec<Glob> = scope.iter().map(|action| Glob::parse(action).to_ascii_lowercase()).collect();
        let in_scope = |action: &str| globs.iter().any(|glob| glob.matches(&action.to_ascii_lowercase()));
        let found = answer(Engine::Auto);
        match &found {
            Verdict::Pass => {
                passed += 1;
                let named: Value = json!({"Effect": "Allow", "Action": scope, "Resource": "*"});
                let edges = Boundary::of(&[&written, &named]);
                for _ in 0..200 {
                    let request = edges.request(&mut random);
                    // Questions about stacks leave service-linked roles out.
                    let linked = request.principal_arn().is_some_and(|arn| arn.contains("aws-service-role"));
                    if linked || !is_typed(&request) || !in_scope(&request.action) {
                        continue;
                    }
                    asked += 1;
                    let allowed = eval::allows(&access, &request);
                    assert!(!allowed, "{written}\n{scope:?}\n{request:?}");
                }
            }
            Verdict::Fail { witness, .. } => {
                failed += 1;
                assert!(in_scope(&witness.action), "{scope:?} {witness:?}");
                assert!(eval::allows(&access, witness), "{written}\n{witness:?}");
            }
            Verdict::Unknown(_) => {}
        }
        if case % 3 == 0 {
            match (&found, answer(Engine::Strings)) {
                (Verdict::Unknown(_), _) | (_, Verdict::Unknown(_)) => {}
                (Verdict::Pass, Verdict::Pass) | (Verdict::Fail { .. }, Verdict::Fail { .. }) => compared += 1,
                (found, other) => panic!("automata {found:?}, strings {other:?}\n{written}\n{scope:?}"),
            }
        }
    }
    eprintln!("{cases} scopes: {passed} PASS with {asked} requests in scope, {failed} FAIL, {compared} compared with strings");
    assert!(passed * 10 > cases && failed * 10 > cases && asked > 5 * cases && compared * 10 > cases);
}
