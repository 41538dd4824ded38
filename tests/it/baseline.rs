//! The baseline of the benchmarks, one formula of regular expressions: slow, but it must mean the same.

use crate::adversarial::versions;
use crate::agreement::{generator, is_typed};
use crate::boundary::Boundary;
use crate::support::{policy, reach, reaching, stack, steps};
use leastwise::diag::Budget;
use leastwise::encode::{self, Form};
use leastwise::eval::{self, Decision};
use leastwise::policy::ArnMatching;
use leastwise::question::no_new_access::no_new_access;
use leastwise::question::{Engine, Settings, Verdict};
use leastwise::smt;
use serde_json::{Value, json};

/// Little work for Z3, counted the same on every machine.
fn budget(rlimit: u32) -> Budget {
    steps(rlimit)
}

fn verdict(old: &Value, new: &Value, settings: &Settings) -> Verdict {
    let read =
        |value: &Value| settings.read_own(if value.get("Statement").is_some() { policy("p", value) } else { stack("p", value) });
    smt::in_fresh_context(|| no_new_access(&read(old), &read(new), settings)).unwrap().verdict
}

fn asked(engine: Engine, matching: ArnMatching) -> Settings {
    Settings { engine, readings: reach(matching), realistic: false, budget: budget(400_000), ..Settings::default() }
}

fn document(list: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": list})
}

/// Both ways round, what the baseline and the automata say: `PF` where the first policy grants all of the second and more.
fn relation(one: &Value, other: &Value, matching: ArnMatching) -> String {
    let [found, automata] = [Engine::Regexes, Engine::Auto].map(|engine| {
        let settings = Settings { budget: budget(20_000_000), ..asked(engine, matching) };
        let word = |old: &Value, new: &Value| match verdict(old, new, &settings) {
            Verdict::Pass => "P".to_owned(),
            Verdict::Fail { reasons, .. } => {
                assert!(!reasons.is_empty());
                "F".to_owned()
            }
            Verdict::Unknown(why) => why.to_string(),
        };
        word(one, other) + &word(other, one)
    });
    assert_eq!(found, automata, "{one} {other}");
    found
}

#[test]
fn small_questions_are_decided_by_the_baseline() {
    let segment = ArnMatching::Segment;
    let on = |resource: &str| document(&json!({"Effect": "Allow", "Action": "s3:Get*", "Resource": resource}));
    for (one, other, expected) in [
        ("arn:aws:s3:::a*", "arn:aws:s3:::ab*", "PF"),
        ("arn:aws:s3:::a", "arn:aws:s3:::a", "PP"),
        ("arn:aws:s3:::*a", "arn:aws:s3:::a*", "FF"),
        // A star of one part does not reach over a colon, one of the last part does.
        ("arn:aws:sns:*:1:x", "arn:aws:sns:a:b:1:x", "FF"),
        ("arn:aws:sns:*:x", "arn:aws:sns:*:*:x", "PF"),
        ("arn:aws:sns:*:*:*", "arn:aws:sns:a:b:c:d", "PF"),
        // No ARN, and neither.
        ("*", "arn:aws:s3:::*", "PF"),
        ("a*", "*", "FP"),
        ("arn:*", "a*", "FP"),
        // A variable ties the resource to the request.
        ("arn:aws:s3:::${aws:username}/*", "arn:aws:s3:::*", "FP"),
        ("arn:aws:s3:::${aws:username}/*", "arn:aws:s3:::${aws:username}/a", "PF"),
    ] {
        assert_eq!(relation(&on(one), &on(other), segment), expected, "{one} {other}");
    }
    // Greedy wildcards reach over colons everywhere.
    let (one, other) = (on("arn:aws:sns:*:1:x"), on("arn:aws:sns:a:b:1:x"));
    assert_eq!(relation(&one, &other, ArnMatching::Greedy), "PF");
    let when = |condition: Value| {
        let statement = json!({"Effect": "Allow", "Action": ["s3:Get*", "s3:Put?"], "Resource": "*", "Condition": condition});
        document(&statement)
    };
    for (one, other, expected) in [
        (json!({"StringLike": {"s3:prefix": ["a*", "b"]}}), json!({"StringEquals": {"s3:prefix": ["ab", "b"]}}), "PF"),
        (json!({"StringEqualsIgnoreCase": {"s3:prefix": "a1"}}), json!({"StringEquals": {"s3:prefix": "A1"}}), "PF"),
        (json!({"StringEqualsIgnoreCase": {"s3:prefix": "1"}}), json!({"StringEquals": {"s3:prefix": "1"}}), "PP"),
        (json!({"StringNotLike": {"s3:prefix": ["a*", "*"]}}), json!({"Null": {"s3:prefix": "true"}}), "PP"),
        (json!({"StringEquals": {"aws:ResourceAccount": "111122223333"}}), json!({}), "FP"),
    ] {
        assert_eq!(relation(&when(one.clone()), &when(other.clone()), segment), expected, "{one} {other}");
    }
    // The key of the resource's account is tied to the text of the resource.
    let owned = |account: &str, resource: &str| {
        let condition = json!({"StringEquals": {"aws:ResourceAccount": account}});
        document(&json!({"Effect": "Allow", "Action": "sns:*", "Resource": resource, "Condition": condition}))
    };
    let (own, foreign) = ("arn:aws:sns:*:111122223333:*", "arn:aws:sns:*:999999999999:*");
    let nothing = document(&json!({"Effect": "Deny", "Action": "*", "Resource": "*"}));
    // Z3 decides neither within reason; what counts is that it says nothing wrong.
    let asked = asked(Engine::Regexes, segment);
    assert_ne!(verdict(&nothing, &owned("111122223333", own), &asked), Verdict::Pass);
    assert!(!matches!(verdict(&nothing, &owned("111122223333", foreign), &asked), Verdict::Fail { .. }));
}

/// The form says of every request what the evaluator says.
#[test]
fn evaluator_and_regular_expressions_agree_on_random_policies_and_requests() {
    let mut generator = generator(11);
    let (mut compared, mut allows) = (0, 0);
    let cases = 100;
    for case in 0..cases {
        let with_principals = case % 2 == 0;
        let written = generator.policy(with_principals);
        let matching = if case % 3 == 0 { ArnMatching::Greedy } else { ArnMatching::Segment };
        let access = reaching(policy("random", &written), matching);
        for _ in 0..3 {
            let request = generator.request(with_principals);
            let evaluated = eval::evaluate(&access, &request).decision == Decision::Allowed;
            let encoded = smt::in_fresh_context(|| encode::allows_in(Form::Regexes, &access, &request, &budget(400_000)));
            if let Ok(Some(allowed)) = encoded {
                (compared, allows) = (compared + 1, allows + usize::from(allowed));
                assert_eq!(allowed, evaluated, "{matching:?}\n{written}\n{request:?}");
            }
        }
    }
    assert!(compared * 10 > cases * 3 * 7 && allows * 20 > compared, "{compared} comparisons, {allows} allowed");
}

/// No verdict of the baseline is another than that of the automata, and no request refutes its PASS.
#[test]
fn the_baseline_decides_nothing_differently() {
    let (mut generator, mut random) = (generator(12), crate::agreement::Random::new(13));
    let (mut passed, mut failed) = (0, 0);
    let cases = 100;
    for case in 0..cases {
        let (old, new) = versions(&mut generator, case);
        let matching = if case % 7 == 0 { ArnMatching::Greedy } else { ArnMatching::Segment };
        let found = verdict(&old, &new, &asked(Engine::Regexes, matching));
        let other = verdict(&old, &new, &Settings { z3: false, ..asked(Engine::Auto, matching) });
        match (&found, &other) {
            (Verdict::Pass, Verdict::Pass | Verdict::Unknown(_)) => passed += 1,
            // A witness has been replayed, or this would be an internal error.
            (Verdict::Fail { .. }, Verdict::Fail { .. } | Verdict::Unknown(_)) => failed += 1,
            (Verdict::Unknown(_), _) => {}
            (found, other) => panic!("baseline {found:?}, automata {other:?}\n{old}\n{new}"),
        }
        if found == Verdict::Pass && old.get("Statement").is_some() {
            let [existing, newer] = [&old, &new].map(|one| reaching(policy("p", one), matching));
            let edges = Boundary::of(&[&old, &new]);
            for _ in 0..200 {
                let request = edges.request(&mut random);
                let adds = eval::allows(&newer, &request) && !eval::allows(&existing, &request);
                assert!(!adds || !is_typed(&request), "{old}\n{new}\n{request:?}");
            }
        }
    }
    eprintln!("{cases} questions: the baseline decided {passed} PASS, {failed} FAIL");
    assert!(passed * 10 > cases && failed * 20 > cases, "{passed} PASS, {failed} FAIL of {cases}");
}
