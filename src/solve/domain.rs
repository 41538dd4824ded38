//! Which texts can the value of an attribute be?
//!
//! A resource is an ARN of six parts or something else, an account has twelve digits, a key of a type has that type's
//! texts ([`spelling`]), a multivalued key no empty ones. Each is an automaton that runs along with those of the tests.

use super::intersect::{Domain, Shape};
use super::language::{Class, Few, NO_COLON, Nfa};
use crate::policy::spelling::spelling;
use crate::request::keys::{examples, type_of};

/// The values of a key: of its type, where it has one that is no text.
pub(super) fn of_key(key: &str) -> Domain {
    let plain = examples(key).map(str::to_owned).to_vec();
    let typed = type_of(key).and_then(|own| Some((Shape::Typed(own), Nfa::of_regex(&spelling(own)?)?)));
    match typed {
        Some((shape, nfa)) => Domain { shape, nfa: Some(nfa), plain },
        None => Domain::any(plain),
    }
}

/// ARNs of six parts, and texts that do not start like an ARN.
pub(super) fn resources() -> Domain {
    let mut moves: Vec<Vec<(Class, u32)>> = Vec::new();
    let any = 11;
    // What is not "arn:" so far; from there on anything.
    for (at, c) in "arn:".chars().enumerate() {
        let next = u32::try_from(at + 1).unwrap_or(0);
        moves.push(vec![(Class::Char(c), next), (Class::But(Few::of(&[c])), any)]);
    }
    // partition, service: not empty; region, account: maybe empty; the rest: not empty, anything.
    moves.push(vec![(NO_COLON, 5)]);
    moves.push(vec![(NO_COLON, 5), (Class::Char(':'), 6)]);
    moves.push(vec![(NO_COLON, 7)]);
    moves.push(vec![(NO_COLON, 7), (Class::Char(':'), 8)]);
    moves.push(vec![(NO_COLON, 8), (Class::Char(':'), 9)]);
    moves.push(vec![(NO_COLON, 9), (Class::Char(':'), 10)]);
    moves.push(vec![(Class::Any, 12)]);
    moves.push(vec![(Class::Any, 11)]);
    moves.push(vec![(Class::Any, 12)]);
    let plain = ["arn:aws:s3:::example", "arn:aws:sns:us-east-1:111122223333:example", "*"].map(str::to_owned).to_vec();
    Domain { shape: Shape::Resource, nfa: Some(Nfa::from_moves(moves, &[0, 1, 2, 3, 11, 12])), plain }
}

/// Texts of at least one character.
pub(super) fn not_empty() -> Domain {
    let moves = vec![vec![(Class::Any, 1)], vec![(Class::Any, 1)]];
    Domain { shape: Shape::NotEmpty, nfa: Some(Nfa::from_moves(moves, &[1])), plain: vec!["example".to_owned(), "x".to_owned()] }
}

/// Account ids.
pub(super) fn accounts() -> Domain {
    let mut moves: Vec<Vec<(Class, u32)>> = (1..=12).map(|next| vec![(Class::Digit, next)]).collect();
    moves.push(Vec::new());
    Domain {
        shape: Shape::Account,
        nfa: Some(Nfa::from_moves(moves, &[12])),
        plain: vec!["111122223333".to_owned(), "999999999999".to_owned()],
    }
}
