//! Templates with wildcards and variables, one by one: the encoding says of every text what the evaluator says.

use crate::support::{policy, reaching};
use leastwise::diag::Budget;
use leastwise::policy::{Access, ArnMatching};
use leastwise::request::{Context, Principal, Request};
use leastwise::{encode, eval, smt};
use serde_json::json;

const USER: &str = "arn:aws:iam::111122223333:user/p/a";

/// Compares both meanings on every text under every value of `k:v`; each template must match some and miss some.
fn compare(templates: &[&str], texts: &[&str], values: &[Option<&str>], access: impl Fn(&str) -> Access, matching: ArnMatching) {
    // Little work for Z3, counted the same on every machine.
    let budget = Budget { rlimit: 4_000_000, ..Budget::default() };
    for template in templates {
        let access = reaching(access(template), matching);
        let about_resources = access.statements().any(|(_, _, statement)| statement.conditions.is_empty());
        let (mut matched, mut missed) = (0, 0);
        for text in texts {
            for value in values {
                let mut context = Context::from([("s3:prefix".to_owned(), vec![(*text).to_owned()])]);
                context.extend(value.map(|value| ("k:v".to_owned(), vec![value.to_owned()])));
                let resource = if about_resources { text } else { "arn:aws:s3:::b" };
                let request = Request::new(Principal::Aws(USER.to_owned()), "s3:GetObject", resource, context);
                let evaluated = eval::allows(&access, &request);
                let encoded = smt::in_fresh_context(|| encode::allows(&access, &request, &budget));
                assert_eq!(encoded, Ok(Some(evaluated)), "{template} {text} {value:?}");
                *(if evaluated { &mut matched } else { &mut missed }) += 1;
            }
        }
        assert!(matched > 0 && missed > 0, "{template}: {matched} {missed}");
    }
}

fn on_key(operator: &str, template: &str) -> Access {
    policy(
        "p",
        &json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": {operator: {"s3:prefix": template}}}}),
    )
}

#[test]
fn texts_with_variables() {
    let templates = [
        "${k:v}",
        "x${k:v}",
        "${k:v}x",
        "${k:v}*",
        "*${k:v}",
        "*${k:v}*",
        "x*${k:v}*y",
        "a${k:v}*${k:v}",
        "${k:v}*${k:v}",
        "*${k:v}*b*",
        "a*${k:v}*b*x",
        "*ab*${k:v}*",
        "*aa*${k:v}*a",
        "${k:v, 'd'}*",
        "*${k:v, 'd'}*b*",
        "*${k:v}${*}*",
    ];
    let texts = ["", "a", "b", "ab", "ba", "aab", "aba", "abx", "xa", "xaby", "aaaa", "a*", "d", "db", "xaaby", "axabxbx"];
    compare(
        &templates,
        &texts,
        &[None, Some(""), Some("a"), Some("ab")],
        |template| on_key("StringLike", template),
        ArnMatching::Segment,
    );
}

#[test]
fn arns_with_variables() {
    let templates = [
        "arn:aws:s3:::${k:v}",
        "arn:aws:s3:::${k:v}/*",
        "arn:aws:${k:v}:::b",
        "arn:aws:*:*:*:b",
        "arn:aws:*:*:b",
        "arn:aws:s3:::*${k:v}",
    ];
    let texts = [
        "arn:aws:s3:::b",
        "arn:aws:s3:::s3",
        "arn:aws:s3:::b/k",
        "arn:cn:s3:::b",
        "arn:aws:sns:us-east-1:111122223333:b:s",
        "arn:aws:sns:::b",
        "arn:aws:s3::b",
        "arn:aws:s3:x:y:z:b",
    ];
    let values = [None, Some("b"), Some("s3"), Some("s3:x"), Some("sns")];
    let on_arn = |template: &str| on_key("ArnLike", template);
    compare(&templates, &texts, &values, on_arn, ArnMatching::Segment);
    // Wildcards and variables mixed are hard for Z3.
    let mixed = ["arn:*:s3:::${k:v}", "arn:aws:${k:v}:*:*:*"];
    compare(&mixed, &texts[..4], &values[1..3], on_arn, ArnMatching::Segment);
}

#[test]
fn resources_with_variables_and_wildcards() {
    let on_resource = |template: &str| {
        policy("p", &json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": template}}))
    };
    let texts =
        ["arn:aws:s3:::b", "arn:aws:s3:::b/k", "arn:aws:sns:us-east-1:111122223333:b:s", "arn:aws:sns:us-east-1:111122223333:t"];
    let values = [None, Some("b"), Some("t")];
    let both = [
        "arn:aws:s3:::?",
        "arn:aws:*:b",
        "arn:aws:s*:*:b*",
        "arn:aws:sns:*",
        "arn:*:111122223333:*",
        "arn:?ws:s3:::b",
        "arn:aws:s3???b",
    ];
    for matching in [ArnMatching::Segment, ArnMatching::Greedy] {
        compare(&both, &texts, &values[..1], on_resource, matching);
        // Texts that are no ARNs: part by part, or as one text.
        let others = ["x:aws:s3:::b", "x:y:aws:s3:::b", "other", "x:aws:s3:::b:c"];
        compare(&["*:aws:s3:::b", "*:s3:::b", "?*:*:*:*:*:b*"], &others, &values[..1], on_resource, matching);
    }
    let variable = [
        "arn:aws:s3:::${k:v}",
        "arn:aws:s3:::${k:v}*",
        "arn:aws:sns:*:*:${k:v}",
        "arn:aws:sns:*:*:*${k:v}:s*",
        "arn:*:*:*:*:${k:v, 't'}",
    ];
    compare(&variable, &texts, &values, on_resource, ArnMatching::Segment);
}

/// Each template finds its chunks at places of its own.
#[test]
fn several_templates_at_once() {
    let access = policy(
        "p",
        &json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": {"StringLike": {"k:a": "*${k:v}*b*x*", "k:b": "*${k:v}*c*", "k:c": ["*${k:v}*d*", "*e*${k:v}*"]}}}}),
    );
    let texts = |context: [(&str, &str); 4]| -> Context {
        context.into_iter().map(|(key, value)| (key.to_owned(), vec![value.to_owned()])).collect()
    };
    for (context, expected) in [
        ([("k:v", "a"), ("k:a", "abbx"), ("k:b", "xac"), ("k:c", "yad")], true),
        ([("k:v", "a"), ("k:a", "aabx"), ("k:b", "yyac"), ("k:c", "eea")], true),
        ([("k:v", "a"), ("k:a", "abbx"), ("k:b", "xca"), ("k:c", "yad")], false),
        ([("k:v", "a"), ("k:a", "abbx"), ("k:b", "xac"), ("k:c", "ae")], false),
    ] {
        let request = Request::new(Principal::Aws(USER.to_owned()), "s3:GetObject", "*", texts(context));
        let encoded = smt::in_fresh_context(|| encode::allows(&access, &request, &Budget::default()));
        assert_eq!(eval::allows(&access, &request), expected, "{request:?}");
        assert_eq!(encoded, Ok(Some(expected)), "{request:?}");
    }
}

/// Two keys cut into the parts of ARNs: each is held to its own parts.
#[test]
fn the_parts_of_two_arns_are_their_own() {
    use leastwise::question::no_new_access::no_new_access;
    use leastwise::question::{Engine, Settings, Verdict};
    let arns = json!({"k:a": "arn:aws:sns:*:${aws:username}:x*", "k:b": "arn:aws:sqs:*:${aws:username}:y*"});
    for (key, value, expected) in [("k:a", "nope", true), ("k:b", "nope", true), ("k:b", "arn:aws:sqs:r:u:y", false)] {
        let condition = json!({"ArnLike": arns, "StringEquals": {key: value}});
        let statement = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": condition});
        let document = |statements: Vec<serde_json::Value>| json!({"Version": "2012-10-17", "Statement": statements});
        let (existing, newer) = (policy("old", &document(Vec::new())), policy("new", &document(vec![statement])));
        for engine in [Engine::Auto, Engine::Strings] {
            let settings = Settings { engine, ..Settings::default() };
            let outcome = leastwise::smt::in_fresh_context(|| no_new_access(&existing, &newer, &settings)).unwrap();
            assert_eq!(outcome.verdict == Verdict::Pass, expected, "{engine:?} {key} {value}: {:?}", outcome.verdict);
        }
    }
}
