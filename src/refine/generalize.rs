//! What becomes of one Allow action pattern when some of what it matches is unused?
//!
//! The rule (rebuilt from the published description and checked against a published example):
//! 1. nothing unused under the pattern: it stays as written; nothing used under it: it goes;
//! 2. otherwise the catalog's used names that it matches are covered by shortest safe prefixes ([`crate::glob::trie`]),
//!    each followed by what is left of the pattern after reading the prefix. After `Get*` that is `*`; after an inner or
//!    leading wildcard it is a residual: `*Object` after `Put` is `Put*Object`. So nothing ever widens the pattern.
//!
//! Rules 1 and 2 look at the part after `service:` only; a pattern over several services is first taken apart into what it
//! matches within each ([`within`]). Names compare without case and come out in the catalog's spelling.

use crate::glob::classes::{Domain, Member, classes};
use crate::glob::trie::{Cover, cover};
use crate::glob::{Glob, Token};

/// What becomes of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recut {
    /// Nothing under it is unused: it stays.
    AsWritten,
    /// Nothing under it is used: it goes.
    Gone,
    /// These instead, sorted.
    Replaced(Vec<String>),
}

/// Action names: what a pattern may match.
const NAMES: Domain =
    Domain { start: 0, step: |_, _| Some(1), accepts: |state| state == 1, alphabet: "abcdefghijklmnopqrstuvwxyz0123456789-_." };

/// What of a service's names a whole pattern matches: one glob for each way in which it matches `service:`.
///
/// Mostly one: `Get*` of `s3:Get*`, of `*:Get*` and of `s3*:Get*`. A wildcard before the colon never reaches behind it, as
/// no name has a colon, unless the pattern has none either (IAM refuses all such patterns but `*`).
pub fn within(pattern: &Glob, service: &str) -> Vec<Glob> {
    let mut names = residuals(std::slice::from_ref(pattern), &format!("{service}:"));
    names.retain(|name| !name.tokens().is_empty() && !name.tokens().contains(&Token::Char(':')));
    names
}

/// Re-cuts what a pattern matches of the names of one service.
///
/// `names` are the catalog's names of the service; `unused` the unused ones, in lower case, also such as the catalog
/// does not list.
pub fn recut(patterns: &[Glob], names: &[&str], unused: &[&str]) -> Recut {
    let lower: Vec<Glob> = patterns.iter().map(Glob::to_ascii_lowercase).collect();
    let matches = |name: &str| lower.iter().any(|glob| glob.matches(name));
    let forbidden: Vec<&str> = unused.iter().copied().filter(|name| matches(name)).collect();
    if forbidden.is_empty() {
        return Recut::AsWritten;
    }
    let is_used = |name: &&str| !forbidden.iter().any(|gone| gone.eq_ignore_ascii_case(name));
    let wanted: Vec<&str> = names.iter().copied().filter(|name| matches(&name.to_ascii_lowercase())).filter(is_used).collect();
    let mut out: Vec<String> = Vec::new();
    for piece in cover(&wanted, &forbidden) {
        match piece {
            Cover::Name(name) => out.push(name),
            Cover::Prefix { prefix, .. } => {
                out.extend(residuals(patterns, &prefix).iter().map(|rest| format!("{prefix}{rest}")));
            }
        }
    }
    out.sort_unstable();
    out.dedup();
    drop_contained(&mut out);
    if out.is_empty() { Recut::Gone } else { Recut::Replaced(out) }
}

/// What the patterns may still match after reading the prefix: one glob for each way, contained ones dropped.
pub fn residuals(patterns: &[Glob], prefix: &str) -> Vec<Glob> {
    let globs: Vec<Glob> = patterns.iter().flat_map(|pattern| after(pattern, prefix)).collect();
    let mut kept: Vec<Glob> = Vec::new();
    for (index, glob) in globs.iter().enumerate() {
        let elsewhere = |other: &Glob, at: usize| contains(other, glob) && (!contains(glob, other) || at < index);
        if !globs.iter().enumerate().any(|(at, other)| at != index && elsewhere(other, at)) {
            kept.push(glob.clone());
        }
    }
    kept
}

/// What is left of one pattern from each position that reading the prefix leads to.
fn after(pattern: &Glob, prefix: &str) -> Vec<Glob> {
    let tokens = pattern.tokens();
    let close = |mut positions: Vec<usize>| {
        let mut at = 0;
        while let Some(position) = positions.get(at).copied() {
            if tokens.get(position) == Some(&Token::Many) && !positions.contains(&(position + 1)) {
                positions.push(position + 1);
            }
            at += 1;
        }
        positions.sort_unstable();
        positions
    };
    let mut positions = close(vec![0]);
    for c in prefix.chars() {
        let mut next = Vec::new();
        for position in positions {
            match tokens.get(position) {
                Some(Token::Char(expected)) if expected.eq_ignore_ascii_case(&c) => next.push(position + 1),
                Some(Token::One) => next.push(position + 1),
                Some(Token::Many) => next.push(position),
                Some(Token::Char(_)) | None => {}
            }
        }
        next.sort_unstable();
        next.dedup();
        positions = close(next);
    }
    positions.iter().map(|position| Glob::from_tokens(tokens.iter().skip(*position).copied())).collect()
}

/// Whether everything that `small` matches, `big` matches too, without case; `false` also if it is too hard to tell.
pub fn contains(big: &Glob, small: &Glob) -> bool {
    if apart(big, small) {
        return false;
    }
    let both = [big.to_ascii_lowercase(), small.to_ascii_lowercase()];
    if let Some(text) = both[1].as_literal() {
        return both[0].matches(&text);
    }
    let [big, small] = both;
    let found = classes(&[Member { glob: big, groups: vec![0] }, Member { glob: small, groups: vec![1] }], &NAMES, 20_000);
    found.is_some_and(|found| found.iter().all(|class| class.groups != [1]))
}

/// An action of a service that none of these patterns (in lower case) matches; `None` also if it is too hard to find.
pub fn name_outside(service: &str, patterns: &[&Glob]) -> Option<String> {
    let mut members: Vec<Member> =
        patterns.iter().flat_map(|pattern| within(pattern, service)).map(|glob| Member { glob, groups: vec![0] }).collect();
    members.push(Member { glob: Glob::parse("*"), groups: vec![1] });
    let found = classes(&members, &NAMES, 20_000)?;
    found.iter().find(|class| class.groups == [1]).map(|class| format!("{service}:{}", class.witness))
}

/// Whether the bigger pattern begins with a text that the smaller cannot begin with: most pairs are told so.
fn apart(big: &Glob, small: &Glob) -> bool {
    for (a, b) in big.tokens().iter().zip(small.tokens()) {
        match (a, b) {
            (Token::Char(a), Token::Char(b)) if a.eq_ignore_ascii_case(b) => {}
            (Token::Char(_), _) => return true,
            (Token::One | Token::Many, _) => return false,
        }
    }
    false
}

/// Drops the patterns that another of the list contains.
fn drop_contained(patterns: &mut Vec<String>) {
    let globs: Vec<Glob> = patterns.iter().map(|text| Glob::parse(text)).collect();
    let mut at = 0;
    patterns.retain(|_| {
        let index = at;
        at += 1;
        let Some(glob) = globs.get(index) else { return true };
        let wider = |other: &Glob, place: usize| contains(other, glob) && (!contains(glob, other) || place < index);
        !globs.iter().enumerate().any(|(place, other)| place != index && other.has_wildcard() && wider(other, place))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(pattern: &str, names: &str, unused: &str) -> String {
        let names: Vec<&str> = names.split(' ').collect();
        let lower = unused.to_ascii_lowercase();
        let unused: Vec<&str> = lower.split(' ').filter(|name| !name.is_empty()).collect();
        match recut(&[Glob::parse(pattern)], &names, &unused) {
            Recut::AsWritten => "as written".to_owned(),
            Recut::Gone => "gone".to_owned(),
            Recut::Replaced(patterns) => patterns.join(" "),
        }
    }

    #[test]
    fn the_hard_cases() {
        let names = "GetObject GetObjectAcl PutObject PutObjectAcl DeleteObject ListObjects";
        for (pattern, unused, expected) in [
            ("*", "", "as written"),
            ("Get*", "PutObject", "as written"),
            ("*", "GetObjectAcl", "DeleteObject GetObject ListObjects Put*"),
            ("*Object", "GetObject", "DeleteObject PutObject"),
            ("*Acl", "GetObjectAcl", "PutObjectAcl"),
            ("P*t*", "PutObject", "PutObjectAcl"),
            ("?ut*", "PutObjectAcl", "PutObject"),
            ("GetObject", "GetObject", "gone"),
            ("getobject", "GETOBJECT", "gone"),
            ("get*", "GetObject", "GetObjectAcl"),
            ("Get*", "GetObject GetObjectAcl", "gone"),
            ("*", "ListObjectsV9", "DeleteObject Get* ListObjects Put*"),
            ("Nothing*", "NothingElse", "gone"),
        ] {
            assert_eq!(show(pattern, names, unused), expected, "{pattern} without {unused}");
        }
    }

    #[test]
    fn residuals_never_widen() {
        let show = |pattern: &str, prefix: &str| {
            residuals(&[Glob::parse(pattern)], prefix).iter().map(Glob::to_string).collect::<Vec<_>>()
        };
        assert_eq!(show("Get*", "GetBucket"), ["*"]);
        assert_eq!(show("*Object", "Put"), ["*Object"]);
        assert_eq!(show("*Object", "Obj"), ["*Object", "ect"]);
        assert_eq!(show("?et*", "Get"), ["*"]);
        assert_eq!(show("Get*", "Put"), Vec::<String>::new());
    }

    #[test]
    fn a_pattern_is_taken_apart_by_service() {
        for (pattern, service, expected) in [
            ("s3:Get*", "s3", "Get*"),
            ("S3:Get*", "s3", "Get*"),
            ("*:Get*", "s3", "Get*"),
            ("s3*:Get*", "s3-object-lambda", "Get*"),
            ("s?:*", "s3", "*"),
            ("*", "s3", "*"),
            ("s3*Object", "s3", "*Object"),
            ("kms:*", "s3", ""),
            ("*:", "s3", ""),
        ] {
            let shown: Vec<String> = within(&Glob::parse(pattern), service).iter().map(Glob::to_string).collect();
            assert_eq!(shown.join(" "), expected, "{pattern} within {service}");
        }
    }
}
