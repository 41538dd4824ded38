//! Can a request be guessed that shows the violation, without a solver?
//!
//! Most violations are plain: fill the wildcards of the statement's resource, give its conditions what they ask for,
//! leave everything else away, and the evaluator agrees. A guess is only a guess until it is replayed, so this can make
//! a FAIL quick and can never make one wrong; what is not guessed goes to the solver.
//!
//! The guesses for an Allow statement, alone and together with each Deny of the other policy (a Deny that went is new
//! access): every resource pattern filled; for each key, the values its conditions name and a few odd ones, one key
//! varied at a time.

use super::partition::Group;
use super::replay;
use crate::document::Effect;
use crate::eval;
use crate::policy::{Access, Condition, Part, PrincipalMatch, PrincipalPattern, ResourcePattern, Statement, Template, Test};
use crate::query::Query;
use crate::request::{Context, DERIVED, Principal, Request};
use crate::value::{arn, date, number};
use crate::wellformed;
use bigdecimal::BigDecimal;

/// The most requests that are tried for one statement.
const MOST: usize = 400;

/// A request that the statement of this number grants and that shows the violation, if one was guessed.
pub(crate) fn guess(query: &Query<'_>, number: usize, group: &Group) -> Option<Request> {
    let (_, allow) = query.grants.statement(number)?;
    let shows = |request: &Request| {
        request.is_consistent()
            && query.could_carry(request)
            && eval::applies_beyond_action(allow, request)
            && eval::allows_among(query.grants, &group.grants, request)
            && !query.unless.is_some_and(|access| eval::allows_among(access, &group.unless, request))
            && replay::counts(query, request)
    };
    // What a stack's other policies ask for is guessed along with the statement's own wishes.
    let pick = |access: &'_ Access, numbers: &[usize], effect: Effect| -> Vec<Statement> {
        let statements = numbers.iter().filter_map(|number| access.statement(*number));
        let of_effect = statements.filter(|(_, statement)| statement.effect == effect);
        of_effect.map(|(_, statement)| statement.clone()).collect()
    };
    let gates: Vec<Statement> = match query.grants.is_alone() {
        true => Vec::new(),
        false => pick(query.grants, &group.grants, Effect::Allow).into_iter().take(8).collect(),
    };
    let within: Vec<&Statement> = query.within.iter().flat_map(|policy| &policy.statements).collect();
    let denies = query.unless.map(|access| pick(access, &group.unless, Effect::Deny)).unwrap_or_default();
    let others: Vec<Statement> = query.unless.map(|access| pick(access, &group.unless, Effect::Allow)).unwrap_or_default();
    let others: Vec<&Statement> = others.iter().chain(&denies).chain(&gates).collect();
    let mut tried = 0;
    for deny in std::iter::once(None).chain(denies.iter().map(Some)) {
        let both: Vec<&Statement> = std::iter::once(allow).chain(deny).collect();
        let wished: Vec<&Statement> = both.iter().chain(&within).copied().collect();
        let contexts = contexts(&wished, &others);
        let named: Vec<&Statement> = both.iter().copied().chain(&gates).collect();
        for principal in principals(&named) {
            for resource in resources(&both, query.resources.as_deref(), &group.action) {
                for context in &contexts {
                    tried += 1;
                    if tried > MOST {
                        return None;
                    }
                    // What follows from the principal is not for the context to say.
                    let own = context.iter().filter(|(key, _)| !DERIVED.contains(&key.as_str()));
                    let own: Context = own.map(|(key, values)| (key.clone(), values.clone())).collect();
                    let base = Request::new(principal.clone(), &group.action, "*", own);
                    let resource = filled(&resource, &base.context);
                    let request = query.completed(Request::new(base.principal, &group.action, &resource, base.context));
                    if shows(&request) {
                        return Some(request);
                    }
                    if let Some(mended) = query.ties.as_ref().map(|_| wellformed::mended(&request)).filter(shows) {
                        return Some(mended);
                    }
                }
            }
        }
    }
    None
}

/// A template with wildcards filled and variables replaced by the context's values.
fn filled(template: &Template, context: &Context) -> String {
    template.filled(|variable| {
        let value = context.get(&variable.key).and_then(|values| values.first());
        value.or(variable.default.as_ref()).map_or("example", String::as_str).to_owned()
    })
}

fn resources(statements: &[&Statement], scope: Option<&[ResourcePattern]>, action: &str) -> Vec<Template> {
    let service = action.split(':').next().unwrap_or("service");
    let plain = |text: &str| Template::parse(text, true, false);
    let mut out = Vec::new();
    let named = statements.iter().filter_map(|statement| statement.resource.as_ref()).filter(|resource| !resource.negated);
    for pattern in scope.into_iter().flatten().chain(named.flat_map(|resource| &resource.patterns)) {
        match pattern.written_parts() {
            Some(written) => {
                let [_, partition, _, _, account, _] = &written;
                // A wildcard alone in a part of the ARN is filled with what usually stands there.
                let usual = |part: &Template, plain: &str| {
                    let everything = part.as_glob().is_some_and(|glob| glob.is_everything());
                    if everything { Template::parse(plain, false, false) } else { part.clone() }
                };
                let mut parts: Vec<Template> = written.to_vec();
                let usual = [(1, usual(partition, "aws")), (4, usual(account, "111122223333"))];
                for (at, part) in usual {
                    parts.get_mut(at).into_iter().for_each(|slot| *slot = part.clone());
                }
                let joined = parts.into_iter().map(|part| part.parts).collect::<Vec<_>>().join(&Part::Char(':'));
                out.push(Template { parts: joined });
            }
            None if !pattern.is_everything() => out.push(pattern.whole.clone()),
            None => {}
        }
    }
    out.push(plain(&format!("arn:aws:{service}:us-east-1:111122223333:example")));
    out.push(Template::parse("*", false, false));
    out.truncate(40);
    out
}

fn principals(statements: &[&Statement]) -> Vec<Principal> {
    let role = |account: &str| Principal::Aws(format!("arn:aws:iam::{account}:role/example"));
    let mut out = vec![role("111122223333")];
    for principal in statements.iter().filter_map(|statement| statement.principal.as_ref()) {
        out.extend(named(principal));
    }
    if statements.iter().any(|statement| statement.principal.is_some()) {
        out.extend([role("999999999999"), Principal::Anonymous]);
    }
    out.truncate(12);
    out
}

/// A principal for each entry of a list.
pub(crate) fn named(principal: &PrincipalMatch) -> Vec<Principal> {
    let mut out = Vec::new();
    for pattern in principal.patterns.iter().filter(|_| !principal.negated) {
        let text = |glob: &crate::glob::Glob| filled(&Template::parse(&glob.to_string(), true, false), &Context::new());
        out.push(match pattern {
            PrincipalPattern::Everyone | PrincipalPattern::Nobody(_) => continue,
            PrincipalPattern::Account(account) => Principal::Aws(format!("arn:aws:iam::{account}:role/example")),
            PrincipalPattern::Arn(parts) => {
                let text = parts.iter().map(text).collect::<Vec<_>>().join(":");
                if arn::split(&text).is_none() {
                    continue;
                }
                Principal::Aws(text)
            }
            PrincipalPattern::Service(name) => Principal::Service(text(name)),
            PrincipalPattern::Federated(id) => Principal::Federated(text(id)),
            PrincipalPattern::CanonicalUser(id) => Principal::CanonicalUser(id.clone()),
        });
    }
    out
}

/// Contexts that satisfy all conditions of these statements, as far as one key at a time tells.
fn contexts(statements: &[&Statement], unless: &[&Statement]) -> Vec<Context> {
    let own: Vec<&Condition> = statements.iter().flat_map(|statement| &statement.conditions).collect();
    let others: Vec<&Condition> = unless.iter().flat_map(|statement| &statement.conditions).collect();
    let mut keys: Vec<&str> = own.iter().chain(&others).map(|condition| condition.key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    let mut choices: Vec<(&str, Vec<Vec<String>>)> = Vec::new();
    for key in keys {
        let of_key = |conditions: &[&Condition]| -> Vec<String> {
            conditions.iter().filter(|condition| condition.key == key).flat_map(|condition| values(condition)).collect()
        };
        let mut proposals: Vec<Vec<String>> = vec![vec![]];
        proposals.extend(of_key(&own).into_iter().chain(["example".to_owned(), "x".to_owned()]).map(|value| vec![value]));
        proposals.extend(of_key(&others).into_iter().map(|value| vec![value]));
        proposals.dedup();
        let holds = |values: &Vec<String>| {
            let context = Context::from([(key.to_owned(), values.clone())]);
            let request = Request { principal: Principal::Anonymous, action: String::new(), resource: String::new(), context };
            let mut mine = own.iter().filter(|condition| condition.key == key);
            // Values with variables are settled by the replay.
            mine.all(|condition| has_variables(condition) || eval::condition_holds(condition, &request))
        };
        proposals.retain(holds);
        choices.push((key, proposals));
    }
    let mut base = Context::new();
    for (key, proposals) in &choices {
        if let Some(values) = proposals.first() {
            base.insert((*key).to_owned(), values.clone());
        }
    }
    let tied = |mut context: Context| {
        // A variable's key needs a value for the condition to match at all.
        for condition in own.iter().filter(|condition| has_variables(condition)) {
            if let Test::Text(_, templates) = &condition.test
                && let Some(template) = templates.first()
            {
                for variable in template.variables() {
                    context.entry(variable.key.clone()).or_insert_with(|| vec!["example".to_owned()]);
                }
                if !condition.negated && !condition.when_absent {
                    let value = filled(template, &context);
                    context.insert(condition.key.clone(), vec![value]);
                }
            }
        }
        context
    };
    let mut out = vec![tied(base.clone())];
    for (key, proposals) in &choices {
        for values in proposals.iter().skip(1).take(24) {
            let mut context = base.clone();
            context.insert((*key).to_owned(), values.clone());
            out.push(tied(context));
        }
    }
    out.dedup();
    out
}

fn has_variables(condition: &Condition) -> bool {
    matches!(&condition.test, Test::Text(_, templates) if templates.iter().any(|template| template.variables().next().is_some()))
}

/// Values that the condition names, or that lie beside them.
fn values(condition: &Condition) -> Vec<String> {
    let around = |bound: &BigDecimal, write: fn(&BigDecimal) -> String| {
        [bound.clone(), bound - BigDecimal::from(1), bound + BigDecimal::from(1)].map(|value| write(&value))
    };
    match &condition.test {
        Test::Text(_, templates) => templates.iter().map(|template| filled(template, &Context::new())).collect(),
        Test::Number(_, bounds) => bounds.iter().flat_map(|bound| around(bound, number::to_text)).collect(),
        Test::Date(_, bounds) => bounds.iter().flat_map(|bound| around(bound, date::to_text)).collect(),
        Test::Ip(blocks) => {
            let named = blocks.iter().map(|block| block.network().to_string());
            named.chain(["192.0.2.1".to_owned(), "2001:db8::1".to_owned()]).collect()
        }
        Test::Present | Test::Absent => vec!["true".to_owned(), "false".to_owned()],
    }
}
