//! Which request that AWS could receive today shows the same as a witness?
//!
//! A witness is right whatever it looks like: the question is about all texts. But people believe an action that exists,
//! on a resource of a type that the action takes, with condition keys that the action carries and values of their types.
//! So such requests are proposed here; the caller keeps one only if it shows the same when replayed.

use crate::catalog::Catalog;
use crate::glob::{Glob, Token};
use crate::policy::{Request, ResourcePattern};
use crate::solve;

/// Whether AWS could receive a request, as far as the catalog tells: what is wrong with it, in words.
pub(super) fn doubts(request: &Request) -> Option<String> {
    let catalog = Catalog::latest();
    let action = &request.action;
    if catalog.canonical_action(action).is_none() {
        return Some(format!("the action {action} does not exist today"));
    }
    if let Some(key) = request.context.keys().find(|key| !catalog.carries(action, key)) {
        return Some(format!("{action} carries no condition key {key}"));
    }
    if !takes(action, &request.resource) {
        return Some(format!("{action} takes no resource such as {}", request.resource));
    }
    None
}

/// Whether the action takes the resource, as far as the catalog tells.
pub(super) fn takes(action: &str, resource: &str) -> bool {
    match Catalog::latest().resource_arns(action) {
        None => true,
        Some(arns) if arns.is_empty() => resource == "*",
        Some(arns) => arns.iter().any(|arn| by_parts(arn, resource)),
    }
}

fn by_parts(pattern: &str, text: &str) -> bool {
    let (globs, texts): (Vec<&str>, Vec<&str>) = (pattern.splitn(6, ':').collect(), text.splitn(6, ':').collect());
    globs.len() == texts.len() && globs.iter().zip(texts).all(|(glob, text)| Glob::parse(glob).matches(text))
}

/// Resources that the action takes and that one of these patterns matches, plain ones first.
pub(super) fn resources(action: &str, patterns: &[&ResourcePattern]) -> Vec<String> {
    let Some(arns) = Catalog::latest().resource_arns(action) else { return Vec::new() };
    if arns.is_empty() {
        return vec!["*".to_owned()];
    }
    let mut out = Vec::new();
    let everything = ["*"; 6].map(Glob::parse);
    for arn in &arns {
        let parts: Vec<Glob> = arn.splitn(6, ':').map(filled).collect();
        let Ok(own) = <[Glob; 6]>::try_from(parts) else { continue };
        let globs = |pattern: &&ResourcePattern| -> Option<[Glob; 6]> {
            let parts: Option<Vec<Glob>> = pattern.parts.as_ref()?.iter().map(|part| part.as_glob()).collect();
            parts?.try_into().ok()
        };
        for pattern in patterns.iter().take(6).filter_map(globs).chain([everything.clone()]) {
            let usual = ["arn", "aws", "", "us-east-1", "111122223333", "example"];
            let parts: Option<Vec<String>> =
                own.iter().zip(&pattern).zip(usual).map(|((own, pattern), usual)| common(own, pattern, usual)).collect();
            out.extend(parts.map(|parts| parts.join(":")).filter(|text| !out.contains(text)));
        }
    }
    out
}

/// A placeholder stands for at least one character.
fn filled(part: &str) -> Glob {
    Glob::from_tokens(part.chars().flat_map(|c| if c == '*' { vec![Token::One, Token::Many] } else { vec![Token::Char(c)] }))
}

/// A plain text that both globs match.
fn common(own: &Glob, pattern: &Glob, usual: &str) -> Option<String> {
    let plain = |glob: &Glob| -> String {
        let mut out = String::new();
        let mut tokens = glob.tokens().iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                Token::Char(c) => out.push(*c),
                Token::One if tokens.next_if(|next| **next == Token::Many).is_some() => out.push_str("example"),
                Token::One => out.push('x'),
                Token::Many => out.push_str("example"),
            }
        }
        out
    };
    // Beginnings that differ have nothing in common.
    let apart = own.literal_prefix().chars().zip(pattern.literal_prefix().chars()).any(|(a, b)| a != b);
    if apart {
        return None;
    }
    let candidates = [usual.to_owned(), plain(own), plain(pattern)];
    if let Some(text) = candidates.into_iter().find(|text| own.matches(text) && pattern.matches(text)) {
        return Some(text);
    }
    solve::common_text(own, pattern)
}

/// A plain value of a key's type, where the catalog knows it.
pub(super) fn value(key: &str) -> Option<&'static str> {
    Catalog::latest().own_key_type(key)?.base.plain()
}
