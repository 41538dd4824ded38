//! The evaluator and the encoding say the same: of random policies on random requests, and of what questions answer.
//!
//! The generator is seeded and plain; it asserts that it reaches every operator with every qualifier, every principal,
//! every decision, and requests for which keys are absent, single and several.

use crate::support::{policy, reaching, stack, steps};
use leastwise::diag::Budget;
use leastwise::encode;
use leastwise::eval::{self, Decision};
use leastwise::policy::operator::BaseOperator;
use leastwise::policy::{Access, ArnMatching};
use leastwise::question::no_new_access::no_new_access;
use leastwise::question::{Settings, Verdict};
use leastwise::request::{Context, Principal, Request, keys::type_of};
use leastwise::smt;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// A small generator (splitmix64): the same cases everywhere.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, most: usize) -> usize {
        (self.next() % most as u64) as usize
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    /// One of a list that is not empty.
    pub(crate) fn of<'a>(&mut self, from: &'a [String]) -> &'a str {
        &from[self.below(from.len())]
    }

    pub(crate) fn some<'a>(&mut self, from: &[&'a str], most: usize) -> Vec<&'a str> {
        let count = 1 + self.below(most);
        (0..count).map(|_| self.pick(from)).collect()
    }
}

const TEXT_KEYS: [&str; 4] = ["s3:prefix", "aws:ResourceTag/Team", "aws:username", "aws:PrincipalArn"];
const SET_KEYS: [&str; 2] = ["aws:TagKeys", "aws:CalledVia"];
const TEXTS: [&str; 10] =
    ["a", "A", "b", "ab", "a/b", "", "x*", "arn:aws:iam::111122223333:user/a", "arn:aws:iam::111122223333:role/p/r", "é"];
const PATTERNS: [&str; 12] =
    ["a", "A", "a*", "*b", "?", "*", "a?b", "*/*", "ab", "arn:aws:iam::*:role/*", "arn:aws:iam::111122223333:*", "É"];
const VARIABLES: [&str; 5] =
    ["${aws:username}", "a${aws:username}*", "${s3:prefix, 'a'}", "*${aws:username}*b", "${*}${s3:prefix}"];
const NUMBERS: [&str; 8] = ["5", "5.0", "-1", "10", "0.5", "6", "5.25", "many"];
const DATES: [&str; 5] = ["2024-01-01T00:00:00Z", "1704067200", "2025-06-01", "2024-01-01T01:00:00+01:00", "soon"];
const ADDRESSES: [&str; 6] = ["203.0.113.7", "10.1.2.3", "2001:db8::1", "198.51.100.1", "::1", "nowhere"];
const BLOCKS: [&str; 5] = ["203.0.113.0/24", "10.0.0.0/8", "2001:db8::/32", "198.51.100.1", "::/0"];
const RESOURCES: [&str; 9] = [
    "arn:aws:s3:::b/k",
    "arn:aws:s3:::a/a",
    "arn:aws:s3:::b",
    "*",
    "arn:aws:sns:us-east-1:111122223333:t:s",
    "arn:aws:ec2:us-east-1:111122223333:instance/i",
    "other",
    "arn:aws:execute-api:us-east-1:111122223333:abc/prod/GET/x",
    "arn:aws:execute-api:us-east-1:111122223333:abc/dev/GET/prod/x",
];
const RESOURCE_PATTERNS: [&str; 13] = [
    "*",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::*",
    "arn:aws:s3:::${aws:username}/*",
    "arn:aws:*:*:111122223333:*",
    "arn:aws:ec2:*",
    "arn:*:s3:::?",
    "arn:aws:sns:*:t:*",
    "o*",
    "arn:aws:s3",
    "arn:aws:s3:::*/${aws:username}",
    "arn:aws:*:us-east-?:*:*/*",
    "execute-api:/prod/*",
];
const ACTIONS: [&str; 5] = ["s3:GetObject", "s3:getobjectacl", "sns:Publish", "ec2:RunInstances", "s3:Put"];
const ACTION_PATTERNS: [&str; 9] =
    ["*", "s3:*", "S3:Get*", "s3:GetObject", "*:*", "s3:?ut", "sns:Pub*sh", "ec2:*Instances", "s3:*Object*"];
const PRINCIPALS: [&str; 13] = [
    "anonymous",
    "arn:aws:iam::111122223333:user/a",
    "arn:aws:iam::111122223333:user/p/b",
    "arn:aws:iam::111122223333:role/p/r",
    "arn:aws:sts::111122223333:assumed-role/r/s",
    "arn:aws:iam::999999999999:root",
    "arn:aws:sts::111122223333:federated-user/f",
    "service",
    "federated",
    "canonical",
    "arn:aws:iam::999999999999:role/r",
    "arn:aws-cn:iam::111122223333:user/a",
    ORIGIN_ACCESS_IDENTITY,
];
const ORIGIN_ACCESS_IDENTITY: &str = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1";
const AWS_PRINCIPALS: [&str; 11] = [
    "*",
    "111122223333",
    "arn:aws:iam::999999999999:root",
    "arn:aws:iam::111122223333:user/a",
    "arn:aws:iam::111122223333:role/p/r",
    "arn:aws:sts::111122223333:assumed-role/r/s",
    "arn:aws:iam::*:role/*",
    "AROAEXAMPLE",
    "arn:aws:sts::111122223333:assumed-role/r/*",
    "arn:aws-cn:iam::111122223333:root",
    ORIGIN_ACCESS_IDENTITY,
];

pub(crate) struct Generator {
    random: Random,
    operators: BTreeSet<String>,
    conditions: usize,
}

impl Generator {
    fn values(&mut self, base: BaseOperator, key: &mut &'static str) -> Vec<&'static str> {
        use BaseOperator as B;
        let random = &mut self.random;
        match base {
            B::NumericEquals
            | B::NumericNotEquals
            | B::NumericLessThan
            | B::NumericLessThanEquals
            | B::NumericGreaterThan
            | B::NumericGreaterThanEquals => {
                *key = "s3:max-keys";
                random.some(&NUMBERS, 3)
            }
            B::DateEquals
            | B::DateNotEquals
            | B::DateLessThan
            | B::DateLessThanEquals
            | B::DateGreaterThan
            | B::DateGreaterThanEquals => {
                *key = "aws:CurrentTime";
                random.some(&DATES, 2)
            }
            B::IpAddress | B::NotIpAddress => {
                *key = "aws:SourceIp";
                random.some(&BLOCKS, 3)
            }
            B::Bool => {
                *key = "aws:MultiFactorAuthPresent";
                random.some(&["true", "false", "True"], 2)
            }
            B::BinaryEquals => {
                *key = "k:binary";
                random.some(&["QmluYXJ5", "QQ==", "QQ"], 2)
            }
            B::Null => random.some(&["true", "false"], 2),
            B::StringEqualsIgnoreCase | B::StringNotEqualsIgnoreCase => random.some(&PATTERNS, 3),
            B::StringEquals | B::StringNotEquals | B::StringLike | B::StringNotLike => {
                let mut values = random.some(&PATTERNS, 3);
                if random.chance(25) {
                    values.push(random.pick(&VARIABLES));
                }
                values
            }
            B::ArnEquals | B::ArnLike | B::ArnNotEquals | B::ArnNotLike => random.some(&PATTERNS, 3),
        }
    }

    fn condition(&mut self) -> (String, Value) {
        // In turn, so that all are reached.
        let turn = self.conditions;
        self.conditions += 1;
        let all = BaseOperator::ALL.len();
        let (name, base) = BaseOperator::ALL[turn % all];
        let mut key = if self.random.chance(30) { self.random.pick(&SET_KEYS) } else { self.random.pick(&TEXT_KEYS) };
        let values = self.values(base, &mut key);
        let set = ["", "ForAllValues:", "ForAnyValue:"][turn / all % 3];
        let if_exists = base != BaseOperator::Null && turn / (3 * all) % 2 == 1;
        let operator = format!("{set}{name}{}", if if_exists { "IfExists" } else { "" });
        self.operators.insert(operator.clone());
        (operator, json!({ key: values }))
    }

    pub(crate) fn statement(&mut self, with_principals: bool) -> Value {
        let mut out = Map::new();
        let not = |random: &mut Random, name: &str| if random.chance(20) { format!("Not{name}") } else { name.to_owned() };
        out.insert("Effect".to_owned(), json!(if self.random.chance(70) { "Allow" } else { "Deny" }));
        out.insert(not(&mut self.random, "Action"), json!(self.random.some(&ACTION_PATTERNS, 2)));
        out.insert(not(&mut self.random, "Resource"), json!(self.random.some(&RESOURCE_PATTERNS, 2)));
        if with_principals {
            let element = match self.random.below(6) {
                0 => json!("*"),
                1 => json!({"Service": self.random.some(&["lambda.amazonaws.com", "ec2.amazonaws.com"], 2)}),
                2 => json!({"Federated": "accounts.google.com", "CanonicalUser": "0123"}),
                _ => json!({"AWS": self.random.some(&AWS_PRINCIPALS, 3)}),
            };
            out.insert(not(&mut self.random, "Principal"), element);
        }
        let mut condition = Map::new();
        for _ in 0..self.random.below(3) {
            let (operator, keys) = self.condition();
            condition.insert(operator, keys);
        }
        out.insert("Condition".to_owned(), Value::Object(condition));
        Value::Object(out)
    }

    pub(crate) fn policy(&mut self, with_principals: bool) -> Value {
        let statements: Vec<Value> = (0..=self.random.below(3)).map(|_| self.statement(with_principals)).collect();
        let version = if self.random.chance(85) { "2012-10-17" } else { "2008-10-17" };
        json!({"Version": version, "Statement": statements})
    }

    /// One or two statements.
    pub(crate) fn small_policy(&mut self, with_principals: bool) -> Value {
        let statements: Vec<Value> = (0..=self.random.below(2)).map(|_| self.statement(with_principals)).collect();
        json!({"Version": "2012-10-17", "Statement": statements})
    }

    pub(crate) fn request(&mut self, with_principals: bool) -> Request {
        let from = if with_principals { &PRINCIPALS[..] } else { &PRINCIPALS[1..7] };
        let principal = match self.random.pick(from) {
            "anonymous" => Principal::Anonymous,
            "service" => Principal::Service("lambda.amazonaws.com".to_owned()),
            "federated" => Principal::Federated("accounts.google.com".to_owned()),
            "canonical" => Principal::CanonicalUser("0123".to_owned()),
            arn => Principal::Aws(arn.to_owned()),
        };
        let mut context = Context::new();
        let mut add = |random: &mut Random, key: &str, from: &[&str], most: usize| {
            if random.chance(70) {
                let mut values: Vec<String> = random.some(from, most).into_iter().map(str::to_owned).collect();
                values.sort();
                values.dedup();
                context.insert(key.to_ascii_lowercase(), values);
            }
        };
        for key in ["s3:prefix", "aws:ResourceTag/Team"] {
            add(&mut self.random, key, &TEXTS, 1);
        }
        for key in SET_KEYS {
            add(&mut self.random, key, &TEXTS, 3);
        }
        add(&mut self.random, "s3:max-keys", &NUMBERS, 1);
        add(&mut self.random, "aws:CurrentTime", &DATES, 1);
        add(&mut self.random, "aws:SourceIp", &ADDRESSES, 1);
        add(&mut self.random, "aws:MultiFactorAuthPresent", &["true", "false", "TRUE", "perhaps"], 1);
        add(&mut self.random, "k:binary", &["QmluYXJ5", "QQ==", "QQ"], 1);
        let action = self.random.pick(&ACTIONS);
        let resource = self.random.pick(&RESOURCES);
        Request::new(principal, action, resource, context)
    }
}

impl Generator {
    /// A stack with random members; some are left out.
    pub(crate) fn stack(&mut self) -> Value {
        let mut out = Map::new();
        let full = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
        let full_for_all = json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}});
        if self.random.chance(80) {
            let policies: Vec<Value> = (0..self.random.below(3)).map(|_| self.policy(false)).collect();
            out.insert("identityPolicies".to_owned(), json!(policies));
        }
        if self.random.chance(70) {
            out.insert("resourcePolicy".to_owned(), self.policy(true));
        }
        for (name, percent) in [("permissionBoundaries", 40), ("sessionPolicies", 30)] {
            if self.random.chance(percent) {
                let policy = if self.random.chance(40) { full.clone() } else { self.policy(false) };
                out.insert(name.to_owned(), json!([policy]));
            }
        }
        for (name, principals, full) in
            [("serviceControlPolicies", false, &full), ("resourceControlPolicies", true, &full_for_all)]
        {
            if self.random.chance(40) {
                let mut levels = vec![vec![full.clone()]];
                if self.random.chance(60) {
                    levels.push(vec![self.policy(principals)]);
                }
                if self.random.chance(50) {
                    levels[0].push(self.policy(principals));
                }
                out.insert(name.to_owned(), json!(levels));
            }
        }
        if self.random.chance(20) {
            out.insert("endpointPolicies".to_owned(), json!([self.policy(true)]));
        }
        if self.random.chance(10) {
            out.insert("managementAccount".to_owned(), json!("111122223333"));
        }
        if out.is_empty() {
            out.insert("identityPolicies".to_owned(), json!([full]));
        }
        Value::Object(out)
    }

    /// A request as for policies, with what the rules of stacks tell apart.
    pub(crate) fn stack_request(&mut self) -> Request {
        let request = self.request(true);
        let mut context = request.context;
        if self.random.chance(60) {
            let owner = self.random.pick(&["111122223333", "999999999999"]);
            context.entry("aws:resourceaccount".to_owned()).or_insert_with(|| vec![owner.to_owned()]);
        }
        let principal = match request.principal {
            Principal::Aws(_) if self.random.chance(10) => {
                Principal::Aws("arn:aws:iam::111122223333:role/aws-service-role/x/AWSServiceRoleForX".to_owned())
            }
            Principal::Aws(_) if self.random.chance(10) => Principal::Aws("arn:aws:iam::111122223333:root".to_owned()),
            other => other,
        };
        context.retain(|key, _| !key.starts_with("aws:principal") && key != "aws:username");
        let (action, resource) = match self.random.below(8) {
            0 => ("kms:Decrypt", "arn:aws:kms:us-east-1:111122223333:key/k"),
            1 => ("sts:AssumeRole", "arn:aws:iam::111122223333:role/r"),
            2 => ("sts:GetCallerIdentity", "*"),
            _ => (request.action.as_str(), request.resource.as_str()),
        };
        if resource.contains(":111122223333:") {
            context.remove("aws:resourceaccount");
        }
        Request::new(principal, action, resource, context)
    }
}

/// A request is fixed, so Z3 has little to do; what it cannot do in this time is counted as not compared.
fn budget() -> Budget {
    steps(400_000)
}

pub(crate) fn generator(seed: u64) -> Generator {
    Generator { random: Random(seed), operators: BTreeSet::new(), conditions: 0 }
}

/// Whether no key has a value of a wrong type, as requests of questions have none.
pub(crate) fn is_typed(request: &Request) -> bool {
    let typed = |(key, values): (&String, &Vec<String>)| type_of(key).is_none_or(|own| values.iter().all(|one| own.holds(one)));
    request.is_consistent() && request.context.iter().all(typed)
}

/// Every request of a question has a date, if policies ask for it.
pub(crate) fn dated(mut request: Request) -> Request {
    request.context.entry("aws:currenttime".to_owned()).or_insert_with(|| vec!["2024-06-01T00:00:00Z".to_owned()]);
    request
}

#[test]
fn evaluator_and_encoding_agree_on_random_policies_and_requests() {
    let mut generator = generator(1);
    let (mut decisions, mut compared, mut skipped) = (BTreeSet::new(), 0, BTreeSet::new());
    let cases = std::env::var("LEASTWISE_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(300);
    for case in 0..cases {
        let with_principals = case % 2 == 0;
        let written = generator.policy(with_principals);
        let policy: Access = policy("random", &written);
        let requests: Vec<Request> = (0..3).map(|_| generator.request(with_principals)).collect();
        for matching in [ArnMatching::Segment, ArnMatching::Greedy] {
            let policy = reaching(policy.clone(), matching);
            for request in &requests {
                let evaluated = eval::evaluate(&policy, request).decision;
                decisions.insert(evaluated);
                let encoded = smt::in_fresh_context(|| encode::allows(&policy, request, &budget()));
                match encoded {
                    Ok(Some(allowed)) => {
                        compared += 1;
                        assert_eq!(allowed, evaluated == Decision::Allowed, "{matching:?}\n{written}\n{request:?}");
                    }
                    // A single-valued reading of a key that this request gives several values.
                    Ok(None) => _ = skipped.insert("not representable".to_owned()),
                    Err(unsupported) => _ = skipped.insert(unsupported.construct),
                }
            }
        }
    }
    assert_eq!(decisions.len(), 3, "all decisions are reached");
    let every = BaseOperator::ALL.len() * 3 * 2 - 3;
    assert_eq!(generator.operators.len(), every, "every operator with every qualifier is reached");
    assert!(compared * 10 > cases * 6 * 8, "only {compared} of {} comparisons were made; skipped: {skipped:?}", cases * 6);
}

/// A PASS that some request refutes is the worst defect there is.
#[test]
fn no_random_request_refutes_a_pass() {
    let mut generator = generator(2);
    let (mut passed, mut failed) = (0, 0);
    for case in 0..300 {
        let with_principals = case % 3 == 0;
        let old = generator.policy(with_principals);
        // Half of the time the new policy is the old one with a statement changed, so that PASS is reached.
        let new = if generator.random.chance(50) {
            let mut new = old.clone();
            let statements = new["Statement"].as_array_mut().unwrap();
            let at = generator.random.below(statements.len());
            let changed = generator.statement(with_principals);
            let keep = generator.random.chance(50);
            if keep {
                statements[at]["Resource"] = json!("arn:aws:s3:::b/*")
            } else {
                statements[at] = changed
            }
            if statements[at].get("NotResource").is_some() {
                statements[at].as_object_mut().unwrap().remove("NotResource");
            }
            statements[at]["Resource"] = json!("arn:aws:s3:::b/*");
            new
        } else {
            generator.policy(with_principals)
        };
        let (old_policy, new_policy) = (policy("old", &old), policy("new", &new));
        let settings = Settings { budget: steps(1_000_000), ..Settings::default() };
        let outcome = smt::in_fresh_context(|| no_new_access(&old_policy, &new_policy, &settings)).unwrap();
        match outcome.verdict {
            Verdict::Pass => {
                passed += 1;
                for _ in 0..300 {
                    let request = dated(generator.request(with_principals));
                    let new_access = eval::allows(&new_policy, &request) && !eval::allows(&old_policy, &request);
                    // A key that no set operator names is taken for single-valued.
                    assert!(
                        !new_access || !is_typed(&request) || encode::allows(&new_policy, &request, &budget()) == Ok(None),
                        "{old}\n{new}\n{request:?}"
                    );
                }
            }
            Verdict::Fail { .. } => failed += 1,
            Verdict::Unknown(_) => {}
        }
    }
    assert!(passed > 30 && failed > 80, "the generator reaches both: {passed} PASS, {failed} FAIL");
}

#[test]
fn evaluator_and_encoding_agree_on_random_stacks() {
    let mut generator = generator(3);
    let (mut decisions, mut compared) = (BTreeSet::new(), 0);
    let cases: usize = std::env::var("LEASTWISE_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(200);
    for _ in 0..cases {
        let written = generator.stack();
        let access = stack("random", &written);
        for _ in 0..4 {
            let request = generator.stack_request();
            let evaluated = eval::evaluate(&access, &request).decision;
            decisions.insert(evaluated);
            let encoded = smt::in_fresh_context(|| encode::allows(&access, &request, &budget()));
            if let Ok(Some(allowed)) = encoded {
                compared += 1;
                assert_eq!(allowed, evaluated == Decision::Allowed, "{written}\n{request:?}");
            }
        }
    }
    assert_eq!(decisions.len(), 3, "all decisions are reached");
    assert!(compared * 10 > cases * 4 * 7, "only {compared} of {} comparisons were made", cases * 4);
}

/// Laws of evaluation: an Allow never removes access, a Deny never adds any; adding a boundary, a level of service control
/// policies or a resource control policy never adds any; order does not matter.
#[test]
fn stacks_obey_the_laws_of_evaluation() {
    let mut generator = generator(4);
    let (mut allowed, mut changed) = (0, [0; 6]);
    for _ in 0..3_000 {
        let written = generator.stack();
        let access = stack("random", &written);
        let requests: Vec<Request> = (0..6).map(|_| generator.stack_request()).collect();
        let decide = |written: &Value, request: &Request| eval::allows(&stack("changed", written), request);
        let effect = |effect: &str, mut statement: Value| {
            statement["Effect"] = json!(effect);
            statement
        };
        let with = |member: &str, change: &dyn Fn(&mut Vec<Value>)| {
            let mut written = written.clone();
            let list = written.as_object_mut().unwrap().entry(member).or_insert_with(|| json!([]));
            change(list.as_array_mut().unwrap());
            written
        };
        // Nothing was said about identity policies: a member then says something more than its statements.
        let has_identity = written.get("identityPolicies").is_some();
        let policy = |statement: &Value| json!({"Version": "2012-10-17", "Statement": [statement]});
        let (mut plain, mut named) = (generator.statement(false), generator.statement(true));
        plain = effect("Allow", plain);
        named = effect("Deny", named);
        let more = with("identityPolicies", &|list| list.push(policy(&plain)));
        let denied = with("identityPolicies", &|list| list.push(policy(&effect("Deny", plain.clone()))));
        let bounded = with("permissionBoundaries", &|list| list.push(policy(&plain)));
        let controlled = with("serviceControlPolicies", &|list| list.push(json!([policy(&plain)])));
        let resource_controlled = with("resourceControlPolicies", &|list| list.push(json!([policy(&named)])));
        let mut reversed = written.clone();
        for member in reversed.as_object_mut().unwrap().values_mut() {
            for list in [member.pointer_mut("/Statement"), Some(&mut json!([]))].into_iter().flatten() {
                list.as_array_mut().into_iter().for_each(|list| list.reverse());
            }
        }
        for request in &requests {
            let before = eval::allows(&access, request);
            allowed += usize::from(before);
            let after = |written: &Value| decide(written, request);
            let told = |law: &str| format!("{law}: {written}\n{plain}\n{named}\n{request:?}");
            if has_identity {
                assert!(!before || after(&more), "{}", told("an Allow removes no access"));
                assert!(before || !after(&denied), "{}", told("a Deny adds no access"));
                assert!(before || !after(&bounded), "{}", told("a boundary adds no access"));
                assert!(before || !after(&controlled), "{}", told("a service control policy adds no access"));
                for (at, written) in [&more, &denied, &bounded, &controlled].into_iter().enumerate() {
                    changed[at] += usize::from(before != after(written));
                }
            }
            assert!(before || !after(&resource_controlled), "{}", told("a resource control policy adds no access"));
            changed[4] += usize::from(before != after(&resource_controlled));
            assert_eq!(before, after(&reversed), "{}", told("order does not matter"));
            changed[5] += 1;
        }
    }
    assert!(allowed > 500 && changed.iter().all(|count| *count > 20), "the laws are tried: {allowed} {changed:?}");
}

/// Of random stacks: a PASS is refuted by no random request, and every witness replays (or the question is an error).
#[test]
fn no_random_request_refutes_a_pass_about_stacks() {
    let mut generator = generator(5);
    let (mut passed, mut failed) = (0, 0);
    for case in 0..120 {
        let mut old = generator.stack();
        let new = if case % 3 == 0 {
            let mut new = generator.stack();
            // Both say something of the resource's policy, or neither does.
            match (old.get("resourcePolicy").is_some(), new.get("resourcePolicy").is_some()) {
                (true, false) => new["resourcePolicy"] = json!(null),
                (false, true) => old["resourcePolicy"] = json!(null),
                _ => {}
            }
            new
        } else {
            let mut new = old.clone();
            let boundary = generator.policy(false);
            let levels = json!([[boundary]]);
            let object = new.as_object_mut().unwrap();
            object.entry("identityPolicies").or_insert_with(|| json!([]));
            object.insert(
                if case % 3 == 1 { "permissionBoundaries" } else { "serviceControlPolicies" }.to_owned(),
                match case % 3 {
                    1 => json!([boundary]),
                    _ => levels,
                },
            );
            new
        };
        let (old_access, new_access) = (stack("old", &old), stack("new", &new));
        let settings = Settings { budget: steps(1_000_000), ..Settings::default() };
        let outcome = smt::in_fresh_context(|| no_new_access(&old_access, &new_access, &settings));
        let outcome = outcome.unwrap_or_else(|error| panic!("{error}\n{old}\n{new}"));
        match outcome.verdict {
            Verdict::Pass => {
                passed += 1;
                for _ in 0..200 {
                    let request = dated(generator.stack_request());
                    // Questions leave service-linked roles out.
                    if request.principal_arn().is_some_and(|arn| arn.contains("aws-service-role")) {
                        continue;
                    }
                    let new_grant = eval::allows(&new_access, &request) && !eval::allows(&old_access, &request);
                    assert!(
                        !new_grant || !is_typed(&request) || encode::allows(&new_access, &request, &budget()) == Ok(None),
                        "{old}\n{new}\n{request:?}"
                    );
                }
            }
            Verdict::Fail { .. } => failed += 1,
            Verdict::Unknown(_) => {}
        }
    }
    assert!(passed > 20 && failed > 15, "the generator reaches both: {passed} PASS, {failed} FAIL");
}
