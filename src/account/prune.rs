//! What of a policy can matter to a question about some actions?
//!
//! A statement none of whose action patterns can match an action that is asked about applies to no request of the question,
//! so it is left out, exactly; the others keep their numbers. Mostly the document tells before it is given its meaning: of
//! an account's thousands of policies a question reads a few.

use crate::glob::Glob;
use crate::json::Value;
use crate::policy::{ActionMatch, Policy};

/// Which actions are asked about: one pattern, in lower case.
#[derive(Debug, Clone)]
pub struct Actions {
    glob: Glob,
    literal: Option<String>,
    prefix: String,
}

impl Actions {
    /// A pattern as in a policy, in any case.
    pub fn new(pattern: &str) -> Self {
        let glob = Glob::parse(pattern).to_ascii_lowercase();
        Self { literal: glob.as_literal(), prefix: glob.literal_prefix(), glob }
    }

    /// The pattern.
    pub fn glob(&self) -> &Glob {
        &self.glob
    }

    /// The service that all of them are of, if they are of one.
    pub fn service(&self) -> Option<String> {
        self.glob.literal_before(':')
    }

    /// Whether some action that is asked about can match a pattern in lower case. It may say so of one that cannot.
    pub fn may_match(&self, pattern: &Glob) -> bool {
        match &self.literal {
            Some(action) => pattern.matches(action),
            None => {
                let prefix = pattern.literal_prefix();
                if pattern.has_wildcard() { meet(&prefix, &self.prefix) } else { self.glob.matches(&prefix) }
            }
        }
    }

    fn may_apply(&self, action: &ActionMatch) -> bool {
        match (&self.literal, action.negated) {
            (Some(literal), _) => action.applies(literal),
            // What is left of a pattern when others are taken away is seldom nothing.
            (None, true) => true,
            (None, false) => action.patterns().iter().any(|pattern| self.may_match(pattern)),
        }
    }

    /// The statements that can matter; `None` if there are none.
    pub fn of(&self, policy: &Policy) -> Option<Policy> {
        let statements: Vec<_> = policy.statements.iter().filter(|one| self.may_apply(&one.action)).cloned().collect();
        (!statements.is_empty()).then(|| Policy {
            source: policy.source.clone(),
            span: policy.span,
            statements,
            warnings: Vec::new(),
        })
    }

    /// Whether a document, as written, can have such a statement. What is odd about it can: the reader will say what.
    pub fn may_stand_in(&self, document: &Value) -> bool {
        let statements = match document.get("Statement") {
            Some(statement) => statement.items(),
            None => return true,
        };
        statements.iter().any(|statement| {
            let Some(action) = statement.get("Action").filter(|_| statement.get("NotAction").is_none()) else { return true };
            action.items().iter().any(|item| item.as_str().is_none_or(|pattern| self.may_match_text(pattern)))
        })
    }

    /// The same as [`Self::may_match`] for a pattern as written; first by its beginning, which is mostly enough.
    fn may_match_text(&self, pattern: &str) -> bool {
        let prefix = pattern.split(['*', '?']).next().unwrap_or(pattern);
        let own = self.literal.as_deref().unwrap_or(&self.prefix);
        let shorter = prefix.len().min(own.len());
        let alike = prefix.as_bytes().get(..shorter).zip(own.as_bytes().get(..shorter));
        let is_longer = self.literal.is_some() && prefix.len() > own.len();
        alike.is_none_or(|(a, b)| a.eq_ignore_ascii_case(b))
            && !is_longer
            && self.may_match(&Glob::parse(pattern).to_ascii_lowercase())
    }
}

/// Whether a text can start with both.
pub(super) fn meet(a: &str, b: &str) -> bool {
    a.starts_with(b) || b.starts_with(a)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Budget, Source};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_left_out_applies_to_no_action_that_is_asked_about(
            statements in prop::collection::vec((any::<bool>(), prop::collection::vec("[sS]3:[aAb*?]{0,3}|[*]|ec2:[ab*]", 1..4)), 1..5),
            asked in "s3:[ab*?]{1,3}|[*]|s3:a",
            action in "s3:[ab]{1,3}|ec2:[ab]",
        ) {
            let written = |(negated, patterns): &(bool, Vec<String>)| {
                serde_json::json!({"Effect": "Allow", if *negated { "NotAction" } else { "Action" }: patterns, "Resource": "*"})
            };
            let text = serde_json::json!({"Statement": statements.iter().map(written).collect::<Vec<_>>()}).to_string();
            let source = Source::new("p", text);
            let policy = Policy::read(&source, &Budget::default()).unwrap();
            let actions = Actions::new(&asked);
            let kept: Vec<usize> = actions.of(&policy).iter().flat_map(|policy| &policy.statements).map(|one| one.index).collect();
            let value = crate::json::read(&source, &Budget::default()).unwrap();
            if !actions.may_stand_in(&value) {
                prop_assert!(kept.is_empty());
            }
            if actions.glob().matches(&action) {
                for statement in &policy.statements {
                    prop_assert!(kept.contains(&statement.index) || !statement.action.applies(&action), "{}", statement.index);
                }
            }
        }
    }
}
