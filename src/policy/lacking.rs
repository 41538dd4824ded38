//! What does an access definition say of requests without certain keys, or with known values of them?
//!
//! Written anew, so that it no longer asks for these keys: a condition on one of them has its answer for an absent key, and
//! a policy variable of one its default, or no match. So the rewritten definition allows a request exactly if the given one
//! allows the same request with these keys taken away. Evaluator and encodings need to know nothing new. Where a key's value
//! is known, its policy variables are that text: conditions on the key stay, as a request says which value it has.

use super::{Access, ActionMatch, Part, Policy, ResourcePattern, Statement, Template, Test};
use std::collections::BTreeMap;

/// What is known of keys, in lower case: the one value of each, or that it is absent.
pub type Known = BTreeMap<String, Option<String>>;

impl Access {
    /// The same for requests whose keys are as they are known: no variable of one of them is left. A value with a colon stays
    /// a variable, since it would cut an ARN elsewhere; so does one whose default has a colon.
    pub fn knowing(&self, known: &Known) -> Self {
        let text = |key: &str, default: Option<&str>| match known.get(key) {
            None => Fill::Stays,
            Some(value) => match value.as_deref().or(default) {
                None => Fill::Nothing,
                Some(text) if text.contains(':') => Fill::Stays,
                Some(text) => Fill::Text(text.to_owned()),
            },
        };
        self.rewritten(|policy| {
            let statements = policy.statements.iter().map(|statement| with_variables(statement, &text)).collect();
            Policy { statements, ..policy.clone() }
        })
    }

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

/// What stands for a variable.
enum Fill {
    /// The variable itself.
    Stays,
    /// No text: what has it matches nothing.
    Nothing,
    /// This text.
    Text(String),
}

/// A statement with what stands for each variable, by its key and its default.
fn with_variables(statement: &Statement, text: &impl Fn(&str, Option<&str>) -> Fill) -> Statement {
    let mut out = statement.clone();
    for condition in &mut out.conditions {
        if let Test::Text(_, templates) = &mut condition.test {
            *templates = templates.iter().filter_map(|template| filled(template, text)).collect();
        }
    }
    if let Some(resource) = &mut out.resource {
        resource.patterns = resource.patterns.iter().filter_map(|pattern| pattern_with(pattern, text)).collect();
    }
    out
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
    with_variables(&out, &|key: &str, default: Option<&str>| match (is_lacking(key), default) {
        (false, _) => Fill::Stays,
        (true, None) => Fill::Nothing,
        (true, Some(text)) => Fill::Text(text.to_owned()),
    })
}

fn pattern_with(pattern: &ResourcePattern, text: &impl Fn(&str, Option<&str>) -> Fill) -> Option<ResourcePattern> {
    if pattern.variables().next().is_none() {
        return Some(pattern.clone());
    }
    let whole = filled(&pattern.whole, text)?;
    let path = pattern.path.as_ref().map(|path| filled(path, text));
    let path = path.map_or(Some(None), |path| path.map(Some))?;
    let parts = if pattern.is_one_text() { None } else { whole.split_colons(6).try_into().ok() };
    Some(ResourcePattern { whole, parts, path, ..pattern.clone() })
}

/// The template with what stands for its variables; `None` if for one of them nothing does, so that nothing matches.
fn filled(template: &Template, text: &impl Fn(&str, Option<&str>) -> Fill) -> Option<Template> {
    let mut parts = Vec::new();
    for part in &template.parts {
        let fill = match part {
            Part::Variable(variable) => text(&variable.key, variable.default.as_deref()),
            Part::Char(_) | Part::One | Part::Many => Fill::Stays,
        };
        match fill {
            Fill::Stays => parts.push(part.clone()),
            Fill::Nothing => return None,
            Fill::Text(text) => parts.extend(text.chars().map(Part::Char)),
        }
    }
    Some(Template { parts })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_whose_value_is_known_is_text() {
        let known = Known::from([
            ("aws:principaltag/team".to_owned(), Some("a*".to_owned())),
            ("aws:username".to_owned(), None),
            ("aws:principalarn".to_owned(), Some("arn:aws:iam::1:role/r".to_owned())),
        ]);
        let text = |key: &str, default: Option<&str>| match known.get(key).map(|value| value.as_deref().or(default)) {
            None => Fill::Stays,
            Some(None) => Fill::Nothing,
            Some(Some(text)) if text.contains(':') => Fill::Stays,
            Some(Some(text)) => Fill::Text(text.to_owned()),
        };
        let of = |written: &str| filled(&Template::parse(written, true, true), &text).map(|template| template.written());
        assert_eq!(of("x/${aws:PrincipalTag/team}/*").as_deref(), Some("x/a${*}/*"));
        assert_eq!(of("x/${aws:username}"), None);
        assert_eq!(of("x/${aws:username, 'nobody'}").as_deref(), Some("x/nobody"));
        assert_eq!(of("${aws:PrincipalArn}").as_deref(), Some("${aws:principalarn}"));
        assert_eq!(of("${aws:SourceVpc}").as_deref(), Some("${aws:sourcevpc}"));
    }
}
