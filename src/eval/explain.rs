//! Statement by statement: what matched a request, and what did not?
//!
//! For people who look at a witness and ask why. Every element of every statement is judged on its own, with its place in
//! the source text; nothing here decides anything.

use super::{condition, principal, resource};
use crate::diag::Span;
use crate::document::Effect;
use crate::policy::compose::Through;
use crate::policy::{Access, Statement};
use crate::request::Request;

/// One element of a statement, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// What it is: `Action`, `Resource`, `Principal`, or a condition as `StringEquals aws:SourceVpc`.
    pub element: String,
    /// Whether it matches the request.
    pub matched: bool,
    /// What the request has there, for a condition: the key's values, or nothing if it is absent.
    pub values: Option<Vec<String>>,
    /// Where it stands: what matched, or else the first of what did not.
    pub span: Span,
}

/// One statement, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// Its number in the access definition.
    pub number: usize,
    /// Its elements, in the order principal, action, resource, conditions.
    pub elements: Vec<Judged>,
}

impl Explained {
    /// Whether the whole statement applies.
    pub fn applies(&self) -> bool {
        self.elements.iter().all(|element| element.matched)
    }
}

/// Every statement of an access definition, judged.
pub fn explain(access: &Access, request: &Request) -> Vec<Explained> {
    let judge = |number, statement| Explained { number, elements: elements(statement, request) };
    access.statements().map(|(number, _, statement)| judge(number, statement)).collect()
}

fn elements(statement: &Statement, request: &Request) -> Vec<Judged> {
    let mut out = Vec::new();
    let named = |name: &str, negated: bool| if negated { format!("Not{name}") } else { name.to_owned() };
    let mut add = |element: String, matched: bool, span: Span| out.push(Judged { element, matched, values: None, span });
    if let Some(listed) = &statement.principal {
        add(named("Principal", listed.negated), principal::applies(listed, request, Through::Any), statement.span);
    }
    let action = request.action.to_ascii_lowercase();
    let hit = statement.action.patterns().iter().position(|pattern| pattern.matches(&action)).unwrap_or(0);
    let span = statement.action.spans().get(hit).copied().unwrap_or(statement.span);
    add(named("Action", statement.action.negated), statement.action.applies(&action), span);
    if let Some(listed) = &statement.resource {
        let hit = listed.patterns.iter().find(|pattern| resource::matches(pattern, request));
        let span = hit.or(listed.patterns.first()).map_or(statement.span, |pattern| pattern.span);
        add(named("Resource", listed.negated), resource::applies(listed, request), span);
    }
    for judged in &statement.conditions {
        out.push(Judged {
            element: format!("{} {}", judged.operator, judged.key_written),
            matched: condition::holds(judged, request),
            values: Some(request.context.get(&judged.key).cloned().unwrap_or_default()),
            span: judged.span,
        });
    }
    out
}

/// The word for an effect in sentences: what the statement does if it applies.
pub fn verb(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "allows",
        Effect::Deny => "denies",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Budget, Source};
    use crate::policy::Policy;
    use crate::request::{Context, Principal, Request};

    #[test]
    fn every_element_is_judged_with_its_place() {
        let text = r#"{"Statement":[
            {"Effect":"Allow","Principal":"*","Action":["sns:*","s3:Get*"],"Resource":["x","arn:aws:s3:::b/*"],"Condition":{"StringEquals":{"aws:X":"1"},"Null":{"k":"true"}}},
            {"Effect":"Deny","NotPrincipal":{"AWS":"111122223333"},"NotAction":"s3:*","NotResource":"arn:aws:s3:::c"}]}"#;
        let access: Access = Policy::read(&Source::new("p", text), &Budget::default()).unwrap().into();
        let context = Context::from([("aws:x".to_owned(), vec!["2".to_owned()])]);
        let user = Principal::Aws("arn:aws:iam::111122223333:user/a".to_owned());
        let request = Request::new(user, "S3:GetObject", "arn:aws:s3:::b/k", context);
        let explained = explain(&access, &request);
        assert_eq!(explained.iter().map(|explained| explained.number).collect::<Vec<_>>(), [0, 1]);
        assert!(!explained.iter().any(Explained::applies));
        let shown = |judged: &Judged| {
            let place = text.get(judged.span.start..judged.span.end).unwrap_or("").split('{').next().unwrap_or("");
            (judged.element.clone(), judged.matched, place.to_owned(), judged.values.clone())
        };
        let line = |element: &str, matched: bool, place: &str| (element.to_owned(), matched, place.to_owned(), None);
        let with = |element: &str, matched: bool, place: &str, values: &[&str]| {
            let values = values.iter().map(|value| (*value).to_owned()).collect();
            (element.to_owned(), matched, place.to_owned(), Some(values))
        };
        assert_eq!(
            explained[0].elements.iter().map(shown).collect::<Vec<_>>(),
            [
                line("Principal", true, ""),
                line("Action", true, "\"s3:Get*\""),
                line("Resource", true, "\"arn:aws:s3:::b/*\""),
                with("StringEquals aws:X", false, "\"aws:X\"", &["2"]),
                with("Null k", true, "\"k\"", &[]),
            ]
        );
        assert_eq!(
            explained[1].elements.iter().map(shown).collect::<Vec<_>>(),
            [
                line("NotPrincipal", false, ""),
                line("NotAction", false, "\"s3:*\""),
                line("NotResource", true, "\"arn:aws:s3:::c\""),
            ]
        );
        let matched = Request::new(Principal::Anonymous, "sns:Publish", "*", Context::new());
        assert_eq!(explain(&access, &matched).iter().map(Explained::applies).collect::<Vec<_>>(), [false, true]);
        assert_eq!((verb(Effect::Allow), verb(Effect::Deny)), ("allows", "denies"));
    }
}
