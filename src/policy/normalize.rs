//! From a document to a [`Policy`]: where versions, operators and value types are settled.

use super::condition::Condition;
use super::operator::Operator;
use super::principal::PrincipalMatch;
use super::principal_warnings;
use super::resource::{ResourceMatch, ResourcePattern};
use super::unreadable::never_matches;
use super::{ActionMatch, Policy, Statement, names};
use crate::diag::{Diagnostic, Diagnostics, Span};
use crate::document::{Document, KeyBlock, Statement as Written, Version};
use crate::glob::Glob;

/// The policy that a document means. Errors: operators that do not exist. Warnings: what can never match, and more.
pub fn normalize(document: &Document) -> Result<Policy, Diagnostics> {
    let mut normalizer = Normalizer { document, found: document.warnings.clone() };
    let statements =
        document.statements.iter().enumerate().map(|(index, written)| normalizer.statement(index, written)).collect();
    let found = Diagnostics(normalizer.found);
    if found.has_errors() {
        return Err(found);
    }
    let mut warnings = found.0;
    warnings.extend(names::warnings(document));
    warnings.sort_by_key(|warning| warning.span.start);
    names::at_most(&mut warnings);
    Ok(Policy { source: document.source.clone(), span: document.json.span, statements, warnings })
}

struct Normalizer<'d> {
    document: &'d Document,
    found: Vec<Diagnostic>,
}

impl Normalizer<'_> {
    fn warn(&mut self, code: &'static str, span: Span, message: String, help: &str) {
        self.found.push(Diagnostic::warning(code, &self.document.source, span, message, help));
    }

    fn variables(&self) -> bool {
        self.document.version == Version::V2012
    }

    fn statement(&mut self, index: usize, written: &Written) -> Statement {
        let patterns = written.action.items.iter().map(|item| (Glob::parse(&item.value).into_ascii_lowercase(), item.span));
        let action = ActionMatch::new(written.action.negated, patterns);
        for (item, pattern) in written.action.items.iter().zip(action.patterns()) {
            if !pattern.is_everything() && !item.value.contains(':') {
                let message = format!("the action `{}` has no service prefix", item.value);
                self.warn("action-without-service", item.span, message, "IAM refuses it: write it as service:Name");
            }
        }
        let read = match written.principal {
            Some(_) => ResourcePattern::of_resource_policy,
            None => ResourcePattern::parse,
        };
        let resource = written.resource.as_ref().map(|listed| ResourceMatch {
            negated: listed.negated,
            patterns: listed.items.iter().map(|item| read(&item.value, item.span, self.variables())).collect(),
        });
        for pattern in resource.iter().flat_map(|resource| &resource.patterns) {
            if pattern.parts.is_none() && !pattern.is_everything() {
                let message = format!("the resource `{}` is no ARN of six parts", pattern.text);
                self.warn("short-arn", pattern.span, message, "it is matched as one text; write all six parts of the ARN");
            }
        }
        let principal = written.principal.as_ref().map(PrincipalMatch::new);
        principal_warnings::warn(written, &self.document.source, &mut self.found);
        let mut conditions = Vec::new();
        for block in &written.condition {
            let Some((operator, exact)) = Operator::parse(&block.operator.value) else {
                let message = format!("unknown condition operator `{}`", block.operator.value);
                let help =
                    "use one of the operators of the IAM User Guide, such as StringEquals, ArnLike or ForAnyValue:StringLike";
                self.found.push(Diagnostic::error("unknown-operator", &self.document.source, block.operator.span, message, help));
                continue;
            };
            if !exact {
                let message = format!("the condition operator `{}` is spelled `{operator}`", block.operator.value);
                self.warn("operator-spelling", block.operator.span, message, "it is taken as the documented one");
            }
            conditions.extend(block.keys.iter().map(|key| self.condition(operator, key)));
        }
        Statement {
            index,
            sid: written.sid.as_ref().map(|sid| sid.value.clone()).filter(|sid| !sid.is_empty()),
            span: written.span.span,
            effect: written.effect.value,
            principal,
            action,
            resource,
            conditions,
        }
    }

    fn condition(&mut self, operator: Operator, block: &KeyBlock) -> Condition {
        let values: Vec<&str> = block.values.iter().map(|value| value.value.as_str()).collect();
        let (mut condition, invalid) = Condition::new(operator, &block.key.value, block.key.span, &values, self.variables());
        let help = match never_matches(&condition) {
            true => "it never matches, as no value of the key is what the operator compares",
            false => "no documentation says how AWS reads it: an answer that hangs on it is UNKNOWN",
        };
        for (value, unreadable) in invalid.into_iter().zip(&mut condition.unreadable) {
            let span = block.values.iter().find(|written| written.value == value).map_or(block.key.span, |written| written.span);
            unreadable.span = span;
            let message = format!("the value `{value}` is not what `{operator}` compares");
            self.found.push(Diagnostic::warning("wrong-value-type", &self.document.source, span, message, help));
        }
        condition
    }
}

#[cfg(test)]
mod tests {
    use crate::diag::{Budget, Source};
    use crate::document;

    fn said(condition: &str) -> String {
        let text = format!(
            "{{\"Statement\":{{\"Effect\":\"Allow\",\"Action\":\"s3\",\"Resource\":\"arn:aws:s3\",\"Condition\":{condition}}}}}"
        );
        let document = document::read(&Source::new("p", text), &Budget::default()).unwrap();
        match super::normalize(&document) {
            Ok(policy) => policy.warnings.iter().map(|warning| warning.code).collect::<Vec<_>>().join(" "),
            Err(found) => found.0.iter().map(|found| found.code).collect::<Vec<_>>().join(" "),
        }
    }

    #[test]
    fn what_can_never_match_is_a_warning_and_an_unknown_operator_an_error() {
        assert_eq!(said("{}"), "action-without-service short-arn");
        assert_eq!(said(r#"{"NumericEquals":{"s3:max-keys":["5","x"]}}"#), "action-without-service short-arn wrong-value-type");
        assert_eq!(said(r#"{"stringLike":{"s3:prefix":"x"}}"#), "action-without-service short-arn operator-spelling");
        assert_eq!(said(r#"{"StringIs":{"k":"x"}}"#), "action-without-service short-arn unknown-operator");
    }

    #[test]
    fn warnings_stand_where_the_text_is_and_what_is_fine_has_none() {
        let warned = |text: &str| -> Vec<String> {
            let document = document::read(&Source::new("p", text), &Budget::default()).unwrap();
            let policy = super::normalize(&document).unwrap();
            let shown = |found: &crate::diag::Diagnostic| found.to_string().split(';').next().unwrap_or("").to_owned();
            policy.warnings.iter().map(shown).collect()
        };
        let fine = r#"{"Statement":{"Sid":"","Effect":"Allow","Principal":"*","Action":["*","s3:Get*"],"Resource":["*","arn:aws:s3:::b/*"],
            "Condition":{"StringLike":{"s3:prefix":"x"},"NumericEquals":{"s3:max-keys":"5"}}}}"#;
        assert!(warned(fine).is_empty(), "{:?}", warned(fine));
        let policy = crate::policy::Policy::read(&Source::new("p", fine), &Budget::default()).unwrap();
        assert!(policy.has_principals() && policy.statements[0].sid.is_none());
        let odd = "{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"AROAEXAMPLE\"},\"Action\":\"s3:*\",\"Resource\":\"*\",\n\
                   \"Condition\":{\"NumericEquals\":{\"s3:max-keys\":[\"5\",\"six\"]}}}}";
        let said = warned(odd);
        assert!(said[0].starts_with("p:1:51: the principal `AROAEXAMPLE` names nobody"), "{said:?}");
        assert!(
            said[1].starts_with("p:2:50: the value `six` is not what `NumericEquals` compares") && said.len() == 2,
            "{said:?}"
        );
    }
}
