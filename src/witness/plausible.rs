//! Which request that AWS could receive today shows the same as a witness?
//!
//! A witness is right whatever it looks like: the question is about all texts. But people believe an action that exists,
//! on a resource of a type that the action takes, with condition keys that the action carries and values of their types.
//! So such requests are proposed here; the caller keeps one only if it shows the same when replayed.

use super::partitions;
use crate::catalog::{Catalog, KeyBase, Partition};
use crate::glob::{Glob, Token};
use crate::policy::ResourcePattern;
use crate::request::{DERIVED, Principal, Request};
use crate::solve;
use crate::value::arn;

/// How near to what is usual a request must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// The resource names what the catalog's ARN leaves open.
    Usual,
    /// A part of it may be empty (`arn:aws:execute-api:us-east-1:111122223333:abc/prod/GET/`), and the resource may be `*`
    /// where no type is required (`cloudwatch:PutMetricData`).
    Possible,
}

/// Whether AWS could receive a request, as far as the catalog tells: what is wrong with it, in words.
pub(super) fn doubts(request: &Request, fit: Fit) -> Option<String> {
    let catalog = Catalog::latest();
    let action = &request.action;
    if catalog.canonical_action(action).is_none() {
        return Some(format!("the action {action} does not exist today"));
    }
    if let Some(key) = request.context.keys().find(|key| !catalog.carries(action, key)) {
        return Some(format!("{action} carries no condition key {key}"));
    }
    if !takes(action, &request.resource, fit) {
        return Some(format!("{action} takes no resource such as {}", request.resource));
    }
    if let Some(doubt) = partitions::doubt(request) {
        return Some(doubt);
    }
    if let Principal::Aws(own) = &request.principal
        && own.contains(char::is_control)
    {
        return Some(format!("no principal is named {own:?}"));
    }
    let is_arn = |key: &str| catalog.own_key_type(key).is_some_and(|own| own.base == KeyBase::Arn);
    let wrong = |(key, values): (&String, &Vec<String>)| {
        let is_real = |value: &String| arn::split(value).is_some_and(|[_, partition, ..]| Partition::named(partition).is_some());
        let value = values.iter().find(|value| !is_real(value))?;
        (!DERIVED.contains(&key.as_str()) && is_arn(key)).then(|| format!("{value} is not an ARN, as the values of {key} are"))
    };
    request.context.iter().find_map(wrong)
}

/// Whether the action takes the resource, as far as the catalog tells.
pub(super) fn takes(action: &str, resource: &str, fit: Fit) -> bool {
    let catalog = Catalog::latest();
    match catalog.resource_arns(action) {
        None => true,
        Some(_) if resource == "*" && fit == Fit::Possible => catalog.may_lack_resource(action),
        Some(arns) if arns.is_empty() => resource == "*",
        Some(arns) => arns.iter().any(|arn| by_parts(arn, resource, fit)),
    }
}

fn by_parts(pattern: &str, text: &str, fit: Fit) -> bool {
    let (globs, texts): (Vec<&str>, Vec<&str>) = (pattern.splitn(6, ':').collect(), text.splitn(6, ':').collect());
    let may_be_empty = |at: usize| at == ACCOUNT || fit == Fit::Possible;
    let own = globs.iter().enumerate().map(|(at, glob)| if may_be_empty(at) { Glob::parse(glob) } else { filled(glob) });
    // A name alone, of a bucket, a topic, a queue, has no path.
    let is_name = globs.get(5) == Some(&"*") && texts.get(5).is_some_and(|text| text.contains('/'));
    !is_name && globs.len() == texts.len() && own.zip(texts).all(|(glob, text)| glob.matches(text))
}

/// The part of an ARN that names the account: none, in what is AWS's own (`arn:aws:ssm:us-east-1::document/AWS-...`).
pub(super) const ACCOUNT: usize = 4;

/// The ARN patterns of the resources that an action takes, plain ones first: an object of a bucket before one of an access
/// point.
fn plain_first(action: &str) -> Option<Vec<&'static str>> {
    let mut arns = Catalog::latest().resource_arns(action)?;
    arns.sort_by_key(|arn| arn.len());
    Some(arns)
}

/// Whether the resource is of the plainest type that the action takes.
pub(super) fn is_plain(action: &str, resource: &str) -> bool {
    let plainest = plain_first(action).and_then(|arns| arns.into_iter().next());
    plainest.is_none_or(|arn| by_parts(arn, resource, Fit::Usual))
}

/// Resources that the action takes and that one of these patterns matches, plain ones first. Looked for one by one: mostly
/// the first will do, and to find what two patterns have in common is dear.
pub(super) fn resources<'p>(
    action: &str,
    patterns: &'p [&'p ResourcePattern],
    partition: Partition,
) -> impl Iterator<Item = String> + 'p {
    let arns = plain_first(action);
    let none = arns.as_ref().is_some_and(Vec::is_empty).then(|| "*".to_owned());
    let own = |arn: &str| <[Glob; 6]>::try_from(arn.splitn(6, ':').map(filled).collect::<Vec<Glob>>()).ok();
    let types = arns.into_iter().flatten().filter_map(own);
    let globs = |pattern: &&ResourcePattern| -> Option<[Glob; 6]> {
        let parts: Option<Vec<Glob>> = pattern.written_parts()?.iter().map(|part| part.as_glob()).collect();
        parts?.try_into().ok()
    };
    let named = types.flat_map(move |own| {
        let wanted = patterns.iter().take(6).filter_map(globs).chain([["*"; 6].map(Glob::parse)]);
        wanted.filter_map(move |pattern| {
            let usual = ["arn", partition.name, "", partition.region, "111122223333", "example"];
            let parts = own.iter().zip(&pattern).zip(usual).map(|((own, pattern), usual)| common(own, pattern, usual));
            Some(parts.collect::<Option<Vec<String>>>()?.join(":"))
        })
    });
    none.into_iter().chain(named)
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
    if own.begins_apart(pattern) {
        return None;
    }
    let candidates = [usual.to_owned(), plain(own), plain(pattern)];
    if let Some(text) = candidates.into_iter().find(|text| own.matches(text) && pattern.matches(text)) {
        return Some(text);
    }
    // A text without wildcards was among the candidates.
    if own.has_wildcard() && pattern.has_wildcard() { solve::common_text(own, pattern) } else { None }
}

/// A plain value of a key's type, where the catalog knows it.
pub(super) fn value(key: &str) -> Option<&'static str> {
    Catalog::latest().own_key_type(key)?.base.plain()
}
