//! Does a text match a template under one request?
//!
//! Variables become their key's value as literal text; an absent key without a default, or a key with several values,
//! leaves the template without a match.

use crate::diag::deadline;
use crate::glob::{Glob, Token};
use crate::policy::{Part, Template, TextMode};
use crate::request::Request;
use crate::value::fold;

/// The template as a glob for this request; `None` if a variable has no single value.
pub(super) fn resolve(template: &Template, request: &Request) -> Option<Glob> {
    let mut tokens = Vec::with_capacity(template.parts.len());
    deadline::spend(1 + template.parts.len() / 32);
    for part in &template.parts {
        match part {
            Part::Char(c) => tokens.push(Token::Char(*c)),
            Part::One => tokens.push(Token::One),
            Part::Many => tokens.push(Token::Many),
            Part::Variable(variable) => {
                let value = match (request.context.get(&variable.key).map(Vec::as_slice), &variable.default) {
                    (Some([one]), _) => one,
                    (None, Some(default)) => default,
                    (Some(_), _) | (None, None) => return None,
                };
                deadline::spend(1 + value.len() / 32);
                tokens.extend(value.chars().map(Token::Char));
            }
        }
    }
    Some(Glob::from_tokens(tokens))
}

/// Whether the text matches the template.
pub(super) fn matches(template: &Template, mode: TextMode, text: &str, request: &Request) -> bool {
    match mode {
        TextMode::Exact => resolve(template, request).is_some_and(|glob| glob.matches(text)),
        TextMode::IgnoreCase => resolve(template, request).is_some_and(|glob| {
            let folded = glob.tokens().iter().map(|token| match token {
                Token::Char(c) => Token::Char(fold::lower(*c)),
                Token::One => Token::One,
                Token::Many => Token::Many,
            });
            Glob::from_tokens(folded).matches(&fold::lower_text(text))
        }),
        TextMode::Arn => by_parts(&template.split_colons(6), text, request)
            .unwrap_or_else(|| resolve(template, request).is_some_and(|glob| glob.matches(text))),
    }
}

/// Part by part, if the template has six parts: `None` otherwise.
pub(super) fn by_parts(parts: &[Template], text: &str, request: &Request) -> Option<bool> {
    if parts.len() != 6 {
        return None;
    }
    let texts: Vec<&str> = text.splitn(6, ':').collect();
    let part_matches = |(part, text): (&Template, &&str)| resolve(part, request).is_some_and(|glob| glob.matches(text));
    Some(texts.len() == 6 && parts.iter().zip(&texts).all(part_matches))
}
