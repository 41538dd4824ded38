//! Which resources does a pattern name?
//!
//! A request's resource is an ARN of six parts, or a text that is no ARN (`*` for actions without a resource). A pattern
//! of six parts or more matches an ARN part by part: a wildcard does not cross one of the first five colons, and does
//! cross colons and slashes inside the last part. A pattern with fewer parts (`arn:aws:ec2:*`) is matched as one text,
//! and so is every pattern whose wildcards reach over colons ([`super::readings`]): it has no parts then.
//!
//! In resource policies `execute-api:/stage/METHOD/path` is API Gateway's shorthand, which it turns on save into the ARN
//! with the API's own Region, account and id. A policy alone does not say these, so it stands for those of every API: for any
//! partition, Region and account, and an id, in which there is no slash. What is written behind the first slash is the ARN's as
//! any other: its wildcards cross slashes (`execute-api:/*` is documented as all stages, methods and paths) and colons, under
//! both readings.
//!
//! Sources: API Gateway Developer Guide, "API Gateway resource policy examples" (the shorthand), "Control access for invoking an
//! API" (the ARN, `api-id/stage/METHOD/path`); IAM User Guide, "IAM JSON policy elements: Resource"; measured against AWS's published custom-check samples,
//! which part-by-part matching answers as labelled and whole-text matching does not.

use super::template::{Part, Template, Variable};
use crate::diag::Span;

/// `Resource` or `NotResource`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceMatch {
    /// Whether it is `NotResource`: the complement of the whole list.
    pub negated: bool,
    /// The patterns.
    pub patterns: Vec<ResourcePattern>,
}

/// One resource pattern.
#[derive(Debug, Clone)]
pub struct ResourcePattern {
    /// As written.
    pub text: String,
    /// Where it stands.
    pub span: Span,
    /// The whole pattern.
    pub whole: Template,
    /// Its six parts, if it has that many and is matched part by part.
    pub parts: Option<[Template; 6]>,
    /// Of API Gateway's shorthand: what the ARN's last part holds behind its first slash.
    pub path: Option<Template>,
}

impl PartialEq for ResourcePattern {
    fn eq(&self, other: &Self) -> bool {
        self.whole == other.whole && self.path.is_some() == other.path.is_some() && self.parts.is_some() == other.parts.is_some()
    }
}

impl Eq for ResourcePattern {}

impl ResourcePattern {
    /// Reads a pattern; without `variables`, `${...}` is text.
    pub fn parse(text: &str, span: Span, variables: bool) -> Self {
        let whole = Template::parse(text, true, variables);
        let parts = whole.split_colons(6).try_into().ok();
        Self { text: text.to_owned(), span, whole, parts, path: None }
    }

    /// Reads a pattern of a resource policy, where API Gateway's shorthand stands for an ARN.
    pub fn of_resource_policy(text: &str, span: Span, variables: bool) -> Self {
        match text.strip_prefix("execute-api:/") {
            Some(path) => {
                let full = format!("arn:*:execute-api:*:*:*/{path}");
                let path = Some(Template::parse(path, true, variables));
                Self { text: text.to_owned(), path, ..Self::parse(&full, span, variables) }
            }
            None => Self::parse(text, span, variables),
        }
    }

    /// The policy variables in it.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        // Most patterns have none: their text tells without a look at every part.
        self.text.contains("${").then(|| self.whole.variables()).into_iter().flatten()
    }

    /// Whether it would match others as one text: something before its last part could hold a colon then. The shorthand's does not
    /// under any reading.
    pub fn can_reach(&self) -> bool {
        let is_open = |part: &Template| part.parts.iter().any(|one| !matches!(one, Part::Char(_)));
        self.path.is_none() && self.parts.as_ref().is_some_and(|parts| parts.iter().take(5).any(is_open))
    }

    /// Its six parts as they are written, if it has that many: for what only guesses by them.
    pub fn written_parts(&self) -> Option<[Template; 6]> {
        self.parts.clone().or_else(|| self.whole.split_colons(6).try_into().ok())
    }

    /// Whether it has six parts and is matched as one text all the same.
    pub fn is_one_text(&self) -> bool {
        self.parts.is_none() && self.whole.split_colons(6).len() == 6
    }

    /// The same, matched as one text where that can matter.
    #[must_use]
    pub fn as_one_text(self) -> Self {
        if self.can_reach() { Self { parts: None, ..self } } else { self }
    }

    /// Whether it matches every resource.
    pub fn is_everything(&self) -> bool {
        !self.whole.parts.is_empty() && self.whole.parts.iter().all(|part| *part == Part::Many)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_equal_by_what_they_match_not_by_where_they_stand() {
        let at =
            |start: usize, text: &str, variables: bool| ResourcePattern::parse(text, Span { start, end: start + 1 }, variables);
        assert_eq!(at(0, "arn:aws:s3:::b/*", true), at(7, "arn:aws:s3:::b/*", false));
        assert_eq!(at(0, "${*}", true), at(0, "${*}", true));
        assert_ne!(at(0, "arn:aws:s3:::b/*", true), at(0, "arn:aws:s3:::b/?", true));
        assert_ne!(at(0, "arn:aws:s3:::${aws:username}", true), at(0, "arn:aws:s3:::${aws:username}", false));
        assert!(at(0, "**", true).is_everything() && !at(0, "?*", true).is_everything());
        let shorthand = ResourcePattern::of_resource_policy("execute-api:/prod/GET/*", Span::default(), true);
        assert_eq!(shorthand.whole, at(0, "arn:*:execute-api:*:*:*/prod/GET/*", true).whole);
        assert_ne!(shorthand, at(0, "arn:*:execute-api:*:*:*/prod/GET/*", true), "in an id there is no slash");
        assert_eq!(ResourcePattern::of_resource_policy("execute-api:x/*", Span::default(), true), at(0, "execute-api:x/*", true));
        assert!(at(0, "arn:aws:s3:::a:b", true).parts.is_some() && at(0, "arn:aws:s3", true).parts.is_none());
    }

    #[test]
    fn a_pattern_is_one_text_only_where_that_can_matter() {
        let read = |text: &str| ResourcePattern::of_resource_policy(text, Span::default(), true);
        for text in ["arn:aws:s3:*:*:b", "arn:aws:s3:::b:*", "arn:${aws:username}:s3:::b", "arn:aws:sn?:::t"] {
            let (pattern, one) = (read(text), read(text).as_one_text());
            assert_eq!(
                (pattern.can_reach(), one.is_one_text(), pattern == one),
                (text != "arn:aws:s3:::b:*", pattern.can_reach(), !pattern.can_reach()),
                "{text}"
            );
            assert!(!pattern.is_one_text() && !one.can_reach(), "{text}");
        }
        for text in ["execute-api:/prod/*", "arn:aws:s3*", "*"] {
            assert!(!read(text).can_reach() && !read(text).as_one_text().is_one_text(), "{text}");
        }
    }
}
