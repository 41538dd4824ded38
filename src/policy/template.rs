//! What is a text with wildcards and policy variables?
//!
//! `arn:aws:s3:::home/${aws:username}/*` is characters, a variable and a wildcard. A variable stands for its key's value
//! as literal text: a `*` in the value is not a wildcard. `${*}`, `${?}` and `${$}` are the characters themselves.
//! `${key, 'default'}` uses the default when the key is absent. Before version 2012-10-17 nothing is a variable.
//!
//! Source: IAM User Guide, "IAM policy elements: Variables and tags".

use crate::diag::deadline;
use crate::glob::{Glob, Token};

/// A policy variable.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Variable {
    /// The condition key in lower case: key names match without case.
    pub key: String,
    /// The text to use when the key is absent.
    pub default: Option<String>,
}

/// How the keys of constants begin: no key of AWS does.
pub const CONSTANT: &str = "leastwise:";

impl Variable {
    /// Whether it is no key of a request, but a text that is the same for every request and that nobody knows here
    /// ([`super::open`]).
    pub fn is_constant(&self) -> bool {
        self.key.starts_with(CONSTANT)
    }
}

/// One part of a template.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// This character.
    Char(char),
    /// `?`
    One,
    /// `*`
    Many,
    /// `${...}`; apart, so that a character takes little room.
    Variable(Box<Variable>),
}

/// A text with wildcards and variables.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Template {
    /// The parts, in order.
    pub parts: Vec<Part>,
}

impl Template {
    /// Reads a template; without `wildcards`, `*` and `?` are characters; without `variables`, `${...}` is text.
    pub fn parse(text: &str, wildcards: bool, variables: bool) -> Self {
        let mut parts = Vec::with_capacity(text.len());
        let mut rest = text;
        deadline::spend(1 + text.len() / 32);
        // Behind the last brace no variable ends.
        let last_brace = text.rfind('}').filter(|_| variables);
        while let Some(c) = rest.chars().next() {
            if last_brace.is_some_and(|last| text.len() - rest.len() < last)
                && let Some(tail) = rest.strip_prefix("${")
                && let Some((inner, after)) = tail.split_once('}')
            {
                parts.push(variable(inner));
                rest = after;
                continue;
            }
            parts.push(match c {
                '*' if wildcards => Part::Many,
                '?' if wildcards => Part::One,
                other => Part::Char(other),
            });
            rest = rest.get(c.len_utf8()..).unwrap_or("");
        }
        Self { parts }
    }

    /// The glob it is, if it has no variable.
    pub fn as_glob(&self) -> Option<Glob> {
        deadline::spend(1 + self.parts.len() / 32);
        let tokens: Option<Vec<Token>> = self
            .parts
            .iter()
            .map(|part| match part {
                Part::Char(c) => Some(Token::Char(*c)),
                Part::One => Some(Token::One),
                Part::Many => Some(Token::Many),
                Part::Variable(_) => None,
            })
            .collect();
        Some(Glob::from_tokens(tokens?))
    }

    /// The text it is, if it has neither wildcard nor variable.
    pub fn as_literal(&self) -> Option<String> {
        self.as_glob()?.as_literal()
    }

    /// A plain text that it matches: wildcards filled, each variable with what `value` says.
    pub fn filled(&self, mut value: impl FnMut(&Variable) -> String) -> String {
        deadline::spend(1 + self.parts.len() / 32);
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Char(c) => out.push(*c),
                Part::One => out.push('x'),
                Part::Many => out.push_str("example"),
                Part::Variable(variable) => out.push_str(&value(variable)),
            }
        }
        out
    }

    /// The template with a text for each constant; `None` if it has none, or a variable beside them.
    pub fn constants_filled(&self) -> Option<Self> {
        let mut parts = Vec::with_capacity(self.parts.len());
        let mut any = false;
        for part in &self.parts {
            match part {
                Part::Variable(variable) if variable.is_constant() => {
                    any = true;
                    parts.extend(variable.default.iter().flat_map(|text| text.chars()).map(Part::Char));
                }
                Part::Variable(_) => return None,
                other => parts.push(other.clone()),
            }
        }
        any.then_some(Self { parts })
    }

    /// How it is written in a policy of version 2012-10-17; wildcards are wildcards where the operator has them.
    pub fn written(&self) -> String {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Char(c @ ('*' | '?' | '$')) => out.push_str(&format!("${{{c}}}")),
                Part::Char(c) => out.push(*c),
                Part::One => out.push('?'),
                Part::Many => out.push('*'),
                Part::Variable(variable) => out.push_str(&match &**variable {
                    Variable { key, default: None } => format!("${{{key}}}"),
                    Variable { key, default: Some(text) } => format!("${{{key}, '{text}'}}"),
                }),
            }
        }
        out
    }

    /// The variables in it.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.parts.iter().filter_map(|part| if let Part::Variable(variable) = part { Some(&**variable) } else { None })
    }

    /// Cuts at the first `most - 1` colons that are characters of the template (colons in a variable's name are not).
    pub fn split_colons(&self, most: usize) -> Vec<Template> {
        deadline::spend(1 + self.parts.len() / 32);
        let cut = self.parts.splitn(most.max(1), |part| *part == Part::Char(':'));
        cut.map(|parts| Template { parts: parts.to_vec() }).collect()
    }
}

fn variable(inner: &str) -> Part {
    if let "*" | "?" | "$" = inner {
        return Part::Char(inner.chars().next().unwrap_or('$'));
    }
    let (key, default) = match inner.split_once(',') {
        Some((key, default)) => (key, default.trim().strip_prefix('\'').and_then(|text| text.strip_suffix('\''))),
        None => (inner, None),
    };
    Part::Variable(Box::new(Variable { key: key.trim().to_ascii_lowercase(), default: default.map(str::to_owned) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(text: &str, wildcards: bool, variables: bool) -> String {
        let show = |part: &Part| match part {
            Part::Char(c) => c.to_string(),
            Part::One => "<one>".to_owned(),
            Part::Many => "<many>".to_owned(),
            Part::Variable(own) => format!("<{}|{}>", own.key, own.default.as_deref().unwrap_or("-")),
        };
        Template::parse(text, wildcards, variables).parts.iter().map(show).collect()
    }

    #[test]
    fn parts() {
        assert_eq!(show("a${aws:UserName}/*", true, true), "a<aws:username|->/<many>");
        assert_eq!(show("${aws:PrincipalTag/team, 'a b'}?", true, true), "<aws:principaltag/team|a b><one>");
        assert_eq!(show("${*}${?}${$}*", true, true), "*?$<many>");
        assert_eq!(show("${aws:username}*?", false, false), "${aws:username}*?");
        assert_eq!(show("${open", true, true), "${open");
    }

    #[test]
    fn templates_are_written_as_they_are_read() {
        for text in ["a${aws:username}/*", "${leastwise:c0, 'x y'}?${*}${?}${$}{b}", ""] {
            let template = Template::parse(text, true, true);
            assert_eq!(Template::parse(&template.written(), true, true), template, "{text}");
        }
        let filled = |text: &str| Template::parse(text, true, true).constants_filled().map(|template| template.written());
        assert_eq!(filled("a${leastwise:c0, 'b'}*").as_deref(), Some("ab*"));
        assert_eq!((filled("ab"), filled("${leastwise:c0, 'b'}${aws:username}")), (None, None));
    }

    #[test]
    fn colons_in_a_variable_do_not_split() {
        let parts = Template::parse("arn:aws:s3:::${aws:username}:x:y", true, true).split_colons(6);
        assert_eq!(parts.len(), 6);
        assert_eq!(parts[5].parts.len(), 5);
    }

    #[test]
    fn templates_are_filled_and_known_for_what_they_are() {
        let template = Template::parse("a?/*${k}b", true, true);
        assert_eq!(template.filled(|variable| format!("<{}>", variable.key)), "ax/example<k>b");
        assert_eq!(template.variables().map(|variable| variable.key.as_str()).collect::<Vec<_>>(), ["k"]);
        assert_eq!((template.as_glob(), template.as_literal()), (None, None));
        let glob = Template::parse("a*", true, true);
        assert_eq!((glob.as_glob(), glob.as_literal()), (Some(Glob::parse("a*")), None));
        assert_eq!(Template::parse("a*", false, true).as_literal().as_deref(), Some("a*"));
        for (most, cut) in [(1, 1), (3, 3), (4, 4), (9, 4)] {
            assert_eq!(Template::parse("a:b:c:d", true, true).split_colons(most).len(), cut);
        }
    }
}
