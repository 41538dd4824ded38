//! The principal as one text, so that whatever is asked of it is a regular language.
//!
//! | principal | text |
//! |---|---|
//! | root, user, role, federated user | its ARN, the value of `aws:PrincipalArn` |
//! | role session | its role's ARN, a bar, the session's name |
//! | service, federated identity, canonical user | `service|`, `federated|`, `canonical|` and the name |
//! | without credentials | `anonymous|` |
//!
//! Names have no bar, so the texts are told apart. The keys that follow from the principal (`aws:PrincipalAccount`,
//! `aws:username`, ...) are tests of this text too, so nothing about a principal can contradict itself.

use super::intersect::{Domain, Shape};
use super::language::{Class, Few, NO_BAR, Nfa, PART, SEGMENT, Step, Steps, Test, literal};
use crate::glob::{Glob, Token};
use crate::policy::PrincipalPattern;

/// The steps of a glob whose wildcards run over a class.
pub(super) fn glob(glob: &Glob, wild: Class) -> Steps {
    let step = |token: &Token| match token {
        Token::Char(c) => Step::One(Class::Char(*c)),
        Token::One => Step::One(wild),
        Token::Many => Step::Run(wild),
    };
    glob.tokens().iter().map(step).collect()
}

fn join(parts: impl IntoIterator<Item = Steps>) -> Steps {
    parts.into_iter().flatten().collect()
}

/// With and without a session's name behind it.
fn with_session(steps: Steps) -> [Steps; 2] {
    let session = [Step::One(Class::Char('|')), Step::One(SEGMENT), Step::Run(SEGMENT)];
    let named = steps.iter().copied().chain(session).collect();
    [steps, named]
}

fn test(patterns: impl IntoIterator<Item = Steps>) -> Test {
    Test { patterns: patterns.into_iter().collect() }
}

/// ARNs of this service whose last part starts so.
fn identity(service: &str, rest: &str) -> Steps {
    let rest = rest.strip_suffix('*').map_or_else(|| literal(rest), |start| join([literal(start), vec![Step::Run(Class::Any)]]));
    join([literal("arn:"), vec![Step::Run(PART)], literal(&format!(":{service}::")), vec![Step::Run(PART)], literal(":"), rest])
}

/// An identity of an account.
pub(super) fn aws() -> Test {
    test([join([literal("arn:"), vec![Step::Run(Class::Any)]])])
}

/// An identity of an account of a customer: not CloudFront's own.
pub(super) fn of_customer() -> Test {
    let of = |service: &str| {
        let account = vec![Step::One(Class::Digit), Step::Run(Class::Digit)];
        let start = [literal("arn:"), vec![Step::Run(PART)], literal(&format!(":{service}::"))];
        join(start.into_iter().chain([account, literal(":"), vec![Step::Run(Class::Any)]]))
    };
    test([of("iam"), of("sts")])
}

/// A user.
pub(super) fn user() -> Test {
    test([identity("iam", "user/*")])
}

/// A role, or a session of one.
pub(super) fn role() -> Test {
    test([identity("iam", "role/*")])
}

/// An account's root.
pub(super) fn root() -> Test {
    test([identity("iam", "root")])
}

/// A federated user.
pub(super) fn federated_user() -> Test {
    test([identity("sts", "federated-user/*")])
}

/// A service-linked role.
pub(super) fn service_linked() -> Test {
    test([identity("iam", "role/aws-service-role/*")])
}

/// A principal of this kind whose name matches a glob.
pub(super) fn of_kind(kind: &str, name: &Glob) -> Test {
    test([join([literal(kind), literal("|"), glob(name, Class::Any)])])
}

/// A principal of an account, by a glob over its digits.
pub(super) fn account(id: &Glob) -> Test {
    account_of(glob(id, PART))
}

/// A principal of an account, by the steps of its digits.
pub(super) fn account_of(id: Steps) -> Test {
    // Partition and service, and no region.
    let start = [Step::Run(PART), Step::One(Class::Char(':')), Step::Run(PART), Step::One(Class::Char(':'))];
    let rest = [Step::One(Class::Char(':')), Step::Run(Class::Any)];
    test([join([literal("arn:"), start.to_vec(), literal(":"), id, rest.to_vec()])])
}

/// The own ARN matches six globs, part by part.
pub(super) fn own_arn(parts: &[Glob; 6]) -> Test {
    let [first @ .., last] = parts;
    let first = first.iter().map(|part| join([glob(part, PART), literal(":")]));
    test(with_session(join(first.chain([glob(last, NO_BAR)]))))
}

/// The own ARN as one text matches a glob; wildcards cross colons.
pub(super) fn whole_arn(steps: Steps) -> Test {
    test(with_session(steps))
}

/// The principal is a session that a pattern names by its own ARN; `None` if no pattern of this service can.
pub(super) fn session(parts: &[Glob; 6]) -> Option<Test> {
    let [first, partition, service, region, account, rest] = parts;
    if !first.matches("arn") || !service.matches("sts") || !region.matches("") {
        return None;
    }
    let mut patterns = Vec::new();
    for residual in residuals(rest, "assumed-role/") {
        for (name, session) in around_slash(&residual) {
            let start = || [literal("arn:"), glob(partition, PART), literal(":iam::"), glob(account, PART), literal(":role/")];
            // A role's name may hold a colon (below), but no slash.
            let end = [glob(&name, Class::But(Few::of(&['/', '|']))), literal("|"), glob(&session, SEGMENT)];
            patterns.push(join(start().into_iter().chain(end.clone())));
            let path = vec![Step::Run(NO_BAR), Step::One(Class::Char('/'))];
            patterns.push(join(start().into_iter().chain([path]).chain(end)));
        }
    }
    (!patterns.is_empty()).then(|| test(patterns))
}

/// What is left of a glob after it has read a prefix, in every way.
fn residuals(glob: &Glob, prefix: &str) -> Vec<Glob> {
    let mut ways: Vec<&[Token]> = vec![glob.tokens()];
    for c in prefix.chars() {
        let mut next: Vec<&[Token]> = Vec::new();
        let mut at = 0;
        while let Some(way) = ways.get(at).copied() {
            at += 1;
            match way.split_first() {
                Some((Token::Char(expected), rest)) if *expected == c => next.push(rest),
                Some((Token::One, rest)) => next.push(rest),
                Some((Token::Many, rest)) => {
                    next.push(way);
                    ways.push(rest);
                }
                Some((Token::Char(_), _)) | None => {}
            }
        }
        next.sort_unstable();
        next.dedup();
        ways = next;
    }
    ways.into_iter().map(|tokens| Glob::from_tokens(tokens.iter().copied())).collect()
}

/// The ways in which a glob falls on two texts without slashes and the slash between them.
fn around_slash(glob: &Glob) -> Vec<(Glob, Glob)> {
    let tokens = glob.tokens();
    let slashes = tokens.iter().filter(|token| **token == Token::Char('/')).count();
    let part = |tokens: &[Token]| Glob::from_tokens(tokens.iter().copied());
    let mut out = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let (before, from) = tokens.split_at(at);
        let after = from.get(1..).unwrap_or(&[]);
        match token {
            Token::Char('/') if slashes == 1 => out.push((part(before), part(after))),
            Token::One if slashes == 0 => out.push((part(before), part(after))),
            Token::Many if slashes == 0 => out.push((part(tokens.get(..=at).unwrap_or(&[])), part(from))),
            Token::Char(_) | Token::One | Token::Many => {}
        }
    }
    out
}

/// The last segment of a user's name matches a glob.
pub(super) fn username(name: &Steps) -> Test {
    let start = || [literal("arn:"), vec![Step::Run(PART)], literal(":iam::"), vec![Step::Run(PART)], literal(":user/")];
    let path = vec![Step::Run(PART), Step::One(Class::Char('/'))];
    test([join(start().into_iter().chain([name.clone()])), join(start().into_iter().chain([path, name.clone()]))])
}

/// What an entry of a principal list accepts; the own ARN and the session's own are told apart by the caller.
pub(super) fn entry(pattern: &PrincipalPattern) -> Option<Test> {
    match pattern {
        PrincipalPattern::Everyone | PrincipalPattern::Nobody(_) | PrincipalPattern::Arn(_) => None,
        PrincipalPattern::Account(id) => Some(account(&Glob::literal(id))),
        PrincipalPattern::Service(name) => Some(of_kind("service", name)),
        PrincipalPattern::Federated(id) => Some(of_kind("federated", id)),
        PrincipalPattern::CanonicalUser(id) => Some(of_kind("canonical", &Glob::literal(id))),
    }
}

/// All principals, or the identities of accounts alone.
// Long: one automaton of all principals, edge after edge; split, its states would have to be handed around.
pub(super) fn domain(all: bool) -> Domain {
    let mut moves: Vec<Vec<(Class, u32)>> = vec![Vec::new()];
    let mut accepting = Vec::new();
    let push = |moves: &mut Vec<Vec<(Class, u32)>>| -> u32 {
        moves.push(Vec::new());
        u32::try_from(moves.len() - 1).unwrap_or(u32::MAX)
    };
    let add = |moves: &mut Vec<Vec<(Class, u32)>>, from: u32, class: Class, to: u32| {
        moves.get_mut(from as usize).into_iter().for_each(|own| own.push((class, to)));
    };
    let word = |moves: &mut Vec<Vec<(Class, u32)>>, from: u32, text: &str| -> u32 {
        let mut at = from;
        for c in text.chars() {
            let next = push(moves);
            add(moves, at, Class::Char(c), next);
            at = next;
        }
        at
    };
    let arn = word(&mut moves, 0, "arn:");
    let partition = push(&mut moves);
    add(&mut moves, arn, PART, partition);
    add(&mut moves, partition, PART, partition);
    for service in [":iam::", ":sts::"] {
        let mut digits = word(&mut moves, partition, service);
        if all && service == ":iam::" {
            // CloudFront's origin access identities.
            let start = word(&mut moves, digits, "cloudfront:user/");
            let name = push(&mut moves);
            add(&mut moves, start, SEGMENT, name);
            add(&mut moves, name, SEGMENT, name);
            accepting.push(name);
        }
        for _ in 0..12 {
            let next = push(&mut moves);
            add(&mut moves, digits, Class::Digit, next);
            digits = next;
        }
        if service == ":sts::" {
            let start = word(&mut moves, digits, ":federated-user/");
            let name = push(&mut moves);
            add(&mut moves, start, SEGMENT, name);
            add(&mut moves, name, SEGMENT, name);
            accepting.push(name);
            continue;
        }
        accepting.push(word(&mut moves, digits, ":root"));
        for kind in [":user/", ":role/"] {
            // Segments with slashes between them.
            let start = word(&mut moves, digits, kind);
            let name = push(&mut moves);
            add(&mut moves, start, SEGMENT, name);
            add(&mut moves, name, SEGMENT, name);
            add(&mut moves, name, Class::Char('/'), start);
            accepting.push(name);
            if kind == ":role/" {
                let bar = push(&mut moves);
                add(&mut moves, name, Class::Char('|'), bar);
                // AWS's own roles.
                let own = word(&mut moves, start, crate::request::OWN_ROLE);
                add(&mut moves, own, SEGMENT, name);
                let session = push(&mut moves);
                add(&mut moves, bar, SEGMENT, session);
                add(&mut moves, session, SEGMENT, session);
                accepting.push(session);
            }
        }
    }
    let mut plain: Vec<String> =
        ["role/example", "user/example", "root"].iter().map(|rest| format!("arn:aws:iam::111122223333:{rest}")).collect();
    plain.push("arn:aws:iam::999999999999:role/example".to_owned());
    plain.push("arn:aws:iam::111122223333:role/example|session".to_owned());
    if all {
        for kind in ["service|", "federated|", "canonical|"] {
            let start = word(&mut moves, 0, kind);
            let name = push(&mut moves);
            add(&mut moves, start, Class::Any, name);
            add(&mut moves, name, Class::Any, name);
            accepting.push(name);
        }
        accepting.push(word(&mut moves, 0, "anonymous|"));
        plain.push("anonymous|".to_owned());
        plain.push("service|lambda.amazonaws.com".to_owned());
        plain.push("federated|accounts.google.com".to_owned());
    }
    Domain { shape: Shape::Principal(all), nfa: Some(Nfa::from_moves(moves, &accepting)), plain }
}
