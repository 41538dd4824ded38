//! When does an access definition allow the symbolic request? Its rules, over formulas.

use super::principal::Type;
use super::{Encoder, ResourceShape, Unsupported};
use crate::glob::Glob;
use crate::policy::Access;
use crate::policy::compose::{Fact, Rule, Through};
use crate::request::CLOUDFRONT;
use crate::smt::{Atom, Formula, Text};
use std::collections::HashMap;

/// When an access definition allows the request.
#[derive(Debug, Clone)]
pub struct Allowed {
    /// It is allowed.
    pub formula: Formula,
    /// For each statement that can grant access, that it applies.
    pub grants: Vec<(usize, Formula)>,
}

/// The formulas of one access definition's statements.
struct Statements<'a> {
    access: &'a Access,
    among: &'a [usize],
    open_action: bool,
    /// A statement but for its principal.
    bodies: HashMap<usize, Formula>,
    applies: HashMap<(usize, Through), Formula>,
}

impl Encoder {
    /// The formula of an access definition of whose statements only `among` are about the action at hand. With
    /// `open_action` the action is a variable like any other.
    pub fn allowed(&mut self, access: &Access, among: &[usize], open_action: bool) -> Result<Allowed, Unsupported> {
        let mut statements = Statements { access, among, open_action, bodies: HashMap::new(), applies: HashMap::new() };
        let rules = access.rules();
        let mut parts = Vec::new();
        for gate in &rules.gates {
            parts.push(self.rule(&gate.rule, &mut statements)?);
        }
        let mut denies = Vec::new();
        for (_, rule) in &rules.denies {
            denies.push(self.rule(rule, &mut statements)?);
        }
        parts.push(Formula::or(denies).not());
        let mut grants = Vec::new();
        for number in among.iter().copied().filter(|number| access.grants(*number)) {
            grants.push((number, self.applies(number, Through::Any, &mut statements)?));
        }
        Ok(Allowed { formula: Formula::and(parts), grants })
    }

    fn rule(&mut self, rule: &Rule, statements: &mut Statements<'_>) -> Result<Formula, Unsupported> {
        Ok(match rule {
            Rule::Const(truth) => Formula::from(*truth),
            Rule::Applies(number, through) => self.applies(*number, *through, statements)?,
            Rule::Fact(fact) => self.fact(fact, statements.open_action),
            Rule::Not(inner) => self.rule(inner, statements)?.not(),
            // What is settled by a fact or by the action alone needs no encoding of the rest.
            Rule::All(parts) => {
                let mut out = Vec::new();
                for part in parts {
                    match self.rule(part, statements)? {
                        Formula::False => return Ok(Formula::False),
                        other => out.push(other),
                    }
                }
                Formula::and(out)
            }
            Rule::Any(parts) => {
                let mut out = Vec::new();
                for part in parts {
                    match self.rule(part, statements)? {
                        Formula::True => return Ok(Formula::True),
                        other => out.push(other),
                    }
                }
                Formula::or(out)
            }
        })
    }

    fn applies(&mut self, number: usize, through: Through, statements: &mut Statements<'_>) -> Result<Formula, Unsupported> {
        let Some((member, statement)) = statements.access.statement(number) else { return Ok(Formula::False) };
        if !statements.among.contains(&number) {
            return Ok(Formula::False);
        }
        if let Some(known) = statements.applies.get(&(number, through)) {
            return Ok(known.clone());
        }
        let principal = match &statement.principal {
            Some(principal) => self.principal(principal, through),
            None => Formula::from(matches!(through, Through::Any | Through::Anyone)),
        };
        if principal == Formula::False {
            return Ok(Formula::False);
        }
        let body = match statements.bodies.get(&number) {
            Some(known) => known.clone(),
            None => {
                let action = if statements.open_action { self.action(&statement.action) } else { Formula::True };
                let body = Formula::and([action, self.beyond_principal(&member.policy, statement)?]);
                statements.bodies.insert(number, body.clone());
                body
            }
        };
        let formula = Formula::and([principal, body]);
        statements.applies.insert((number, through), formula.clone());
        Ok(formula)
    }

    fn fact(&mut self, fact: &Fact, open_action: bool) -> Formula {
        use super::principal::Kind;
        match fact {
            Fact::Identity => {
                let of_cloudfront = Formula::equal(&self.account_text(), &Text::constant(CLOUDFRONT));
                Formula::and([self.kind(Kind::Aws), of_cloudfront.not()])
            }
            Fact::User => self.of_type(Type::User),
            Fact::Root => self.of_type(Type::Root),
            Fact::ServiceLinked => {
                let path = Formula::atom(Atom::Prefix(Text::constant("aws-service-role/"), self.name()));
                Formula::and([self.of_type(Type::Role), path])
            }
            Fact::SameAccount => {
                let (known, owner) = self.resource_account();
                let own = self.account_text();
                let same = Formula::and([self.kind(Kind::Aws), Formula::equal(&own, &owner)]);
                Formula::or([known.not(), same])
            }
            Fact::PrincipalOf(account) => {
                let own = self.account_text();
                Formula::and([self.kind(Kind::Aws), Formula::equal(&own, &Text::constant(account))])
            }
            Fact::ResourceOf(account) => {
                let (known, owner) = self.resource_account();
                Formula::and([known, Formula::equal(&owner, &Text::constant(account))])
            }
            Fact::Action(pattern) => {
                let pattern = Glob::parse(pattern);
                match &self.action {
                    _ if open_action => self.action_patterns(&[pattern]),
                    Some(action) => Formula::from(pattern.matches(action)),
                    None => Formula::False,
                }
            }
            Fact::Resource(..) if self.shape == ResourceShape::Other => Formula::False,
            Fact::Resource(service, start) => {
                ["Resource.service", "Resource.id"].into_iter().for_each(|part| self.resource_part(part));
                let service = Formula::equal(&Text::var("Resource.service"), &Text::constant(service));
                Formula::and([service, Formula::atom(Atom::Prefix(Text::constant(start), Text::var("Resource.id")))])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Budget, Source};
    use crate::encode::Encoder;
    use crate::policy::{Statement, access_json};
    use crate::smt::{Answer, Solver, in_fresh_context};

    /// Whether a stack allows some request for an action.
    fn grants(stack: &str, action: &str) -> bool {
        let source = Source::new("stack", stack);
        let value = crate::json::read(&source, &Budget::default()).unwrap();
        let access = Access::from(access_json::stack(&source, &value).unwrap());
        let statements: Vec<&Statement> = access.statements().map(|(_, _, statement)| statement).collect();
        in_fresh_context(|| {
            let encoder = Encoder::new(access.policies(), &statements, ResourceShape::Arn);
            let mut encoder = encoder.about([&access]).for_action(action);
            let all: Vec<usize> = (0..access.len()).collect();
            let allowed = encoder.allowed(&access, &all, false).unwrap().formula;
            let budget = Budget::default();
            let mut solver = Solver::new(&budget, std::time::Instant::now() + budget.timeout);
            solver.assert(&Formula::and([encoder.constraints(), allowed]));
            matches!(solver.check(), Answer::Sat(_))
        })
    }

    #[test]
    fn a_rule_about_an_action_is_about_the_query_s_own() {
        let statement =
            |rest: &str| format!(r#"{{"Version":"2012-10-17","Statement":[{{"Action":"*","Resource":"*",{rest}}}]}}"#);
        let (allow, deny) = (statement(r#""Effect":"Allow""#), statement(r#""Effect":"Deny","Principal":"*""#));
        let stack = format!(r#"{{"identityPolicies":[{allow}],"resourcePolicy":{deny}}}"#);
        // No bucket policy keeps the account's root from taking it away.
        assert_eq!((grants(&stack, "s3:DeleteBucketPolicy"), grants(&stack, "s3:GetObject")), (true, false));
    }
}
