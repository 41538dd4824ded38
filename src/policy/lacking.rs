//! What does an access definition say of requests without certain keys?
//!
//! Written anew, so that it no longer asks for these keys: a condition on one of them has its answer for an absent key, and
//! a policy variable of one its default, or no match. So the rewritten definition allows a request exactly if the given one
//! allows the same request with these keys taken away. Evaluator and encodings need to know nothing new.

use super::{Access, ActionMatch, Part, Policy, ResourcePattern, Statement, Template, Test};

impl Access {
    /// The same as if no request carried any of these keys, in any case; `None` where a variable's default has a colon,
    /// which would cut an ARN elsewhere.
    pub fn lacking(&self, keys: &[&str]) -> Option<Self> {
        let keys: Vec<String> = keys.iter().map(|key| key.to_ascii_lowercase()).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let keys = keys.as_slice();
        let statements = || self.statements().map(|(_, _, statement)| statement);
        statements().all(|statement| is_plain(statement, keys)).then(|| {
            self.rewritten(|policy| {
                let statements = policy.statements.iter().map(|statement| without(statement, keys)).collect();
                Policy { statements, ..policy.clone() }
            })
        })
    }
}

fn is_plain(statement: &Statement, keys: &[&str]) -> bool {
    let of_resource = statement.resource.iter().flat_map(|resource| &resource.patterns).flat_map(ResourcePattern::variables);
    let of_conditions = statement.conditions.iter().flat_map(|condition| match &condition.test {
        Test::Text(_, templates) => templates.as_slice(),
        Test::Number(..) | Test::Date(..) | Test::Ip(_) | Test::Present | Test::Absent => &[],
    });
    let mut variables = of_resource.chain(of_conditions.flat_map(Template::variables));
    variables.all(|one| !keys.contains(&one.key.as_str()) || one.default.as_ref().is_none_or(|text| !text.contains(':')))
}

fn without(statement: &Statement, keys: &[&str]) -> Statement {
    let mut out = statement.clone();
    let is_lacking = |key: &str| keys.contains(&key);
    if out.conditions.iter().any(|condition| is_lacking(&condition.key) && !condition.when_absent) {
        // It never applies.
        out.action = ActionMatch::new(false, []);
    }
    out.conditions.retain(|condition| !is_lacking(&condition.key));
    for condition in &mut out.conditions {
        if let Test::Text(_, templates) = &mut condition.test {
            *templates = templates.iter().filter_map(|template| filled(template, keys)).collect();
        }
    }
    if let Some(resource) = &mut out.resource {
        resource.patterns = resource.patterns.iter().filter_map(|pattern| pattern_without(pattern, keys)).collect();
    }
    out
}

fn pattern_without(pattern: &ResourcePattern, keys: &[&str]) -> Option<ResourcePattern> {
    let whole = filled(&pattern.whole, keys)?;
    let parts = whole.split_colons(6).try_into().ok();
    Some(ResourcePattern { whole, parts, ..pattern.clone() })
}

/// The template with the defaults of these keys' variables; `None` if one has none, so that nothing matches.
fn filled(template: &Template, keys: &[&str]) -> Option<Template> {
    let mut parts = Vec::new();
    for part in &template.parts {
        match part {
            Part::Variable(variable) if keys.contains(&variable.key.as_str()) => {
                parts.extend(variable.default.as_ref()?.chars().map(Part::Char));
            }
            other => parts.push(other.clone()),
        }
    }
    Some(Template { parts })
}
