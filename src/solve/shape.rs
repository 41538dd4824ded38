//! What do the values of an attribute look like, in a formula?
//!
//! Said in regular expressions of their own, not read off the automata (`domain`, `principal`): a lemma with such a shape is
//! judged by Z3 alone.

use super::atoms::Attribute;
use crate::catalog::KeyBase;
use crate::policy::spelling::spelling;
use crate::request::keys::{is_multivalued, type_of};
use crate::smt::{Formula, Regex};

/// What is asked of a text.
pub(super) enum Asks {
    /// It is this one.
    Equals(&'static str),
    /// It matches.
    Matches(Regex),
}

/// Texts that do not start so. Written out, so that the shape of a resource is one regular expression: Z3 refutes some lemmas
/// in 3 ms that take it 2.5 s where this is a negated prefix test beside an expression (measured).
fn starts_otherwise(start: &str) -> Regex {
    let mut out = Regex::union([]);
    for c in start.chars().rev() {
        let other = Regex::concat([Regex::none_of(&[c]), Regex::AnyText]);
        let none = Regex::literal("");
        out = match out {
            Regex::Union(parts) if parts.is_empty() => Regex::union([none, other]),
            longer => Regex::union([none, other, Regex::concat([Regex::literal(&c.to_string()), longer])]),
        };
    }
    out
}

/// What values of an attribute look like.
pub(super) fn shape(attribute: &Attribute, all_principals: bool, ask: &dyn Fn(Asks) -> Formula) -> Formula {
    let literal = Regex::literal;
    let account = || Regex::OneOf([('0', '9')].into()).times(12);
    let matches = |expression: Regex| ask(Asks::Matches(expression));
    match attribute {
        Attribute::Key(key) if &**key == super::build::RESOURCE_ACCOUNT => matches(account()),
        Attribute::Set(key) if is_multivalued(key) => ask(Asks::Equals("")).not(),
        Attribute::Key(key) | Attribute::Set(key) if type_of(key) == Some(KeyBase::Bool) => {
            Formula::or(["true", "false"].map(|truth| ask(Asks::Equals(truth))))
        }
        Attribute::Key(key) | Attribute::Set(key) => type_of(key).and_then(spelling).map_or(Formula::True, matches),
        Attribute::Free => Formula::True,
        Attribute::Resource => {
            let part = || Regex::none_of(&[':']);
            let colon = || literal(":");
            let rest = Regex::concat([Regex::AnyChar, Regex::AnyText]);
            let parts = [part().plus(), colon(), part().plus(), colon(), part().star(), colon(), part().star(), colon(), rest];
            let arn = Regex::concat(std::iter::once(literal("arn:")).chain(parts));
            matches(Regex::union([arn, starts_otherwise("arn:")]))
        }
        Attribute::Principal => {
            let segment = || Regex::none_of(&['/', ':', '|']).plus();
            let path = Regex::concat([segment(), literal("/")]).star();
            let name = || Regex::concat([path.clone(), segment()]);
            let own = || Regex::union([segment(), Regex::concat([literal(crate::request::OWN_ROLE), segment()])]);
            let role = Regex::concat([Regex::concat([own(), literal("/")]).star(), own()]);
            let session = Regex::union([literal(""), Regex::concat([literal("|"), segment()])]);
            let iam = Regex::union([
                literal("root"),
                Regex::concat([literal("user/"), name()]),
                Regex::concat([literal("role/"), role, session]),
            ]);
            let of = |service: &str, rest: Regex| {
                let start = [literal("arn:"), Regex::none_of(&[':', '|']).plus(), literal(service), account(), literal(":")];
                Regex::concat(start.into_iter().chain([rest]))
            };
            let federated = Regex::concat([literal("federated-user/"), segment()]);
            let partition = Regex::none_of(&[':', '|']).plus();
            let of_cloudfront = Regex::concat([literal("arn:"), partition, literal(":iam::cloudfront:user/"), segment()]);
            let of_accounts = [of(":iam::", iam), of(":sts::", federated)];
            if !all_principals {
                return matches(Regex::union(of_accounts));
            }
            let aws = matches(Regex::union(of_accounts.into_iter().chain([of_cloudfront])));
            let kind = |word: &str| matches(Regex::concat([literal(word), Regex::AnyChar, Regex::AnyText]));
            let anonymous = ask(Asks::Equals("anonymous|"));
            Formula::or([aws, kind("service|"), kind("federated|"), kind("canonical|"), anonymous])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::language::Nfa;
    use super::*;

    #[test]
    fn what_starts_otherwise_is_all_else() {
        // `NoneOf` has no automaton there; ranges have.
        fn ranges(expression: &Regex) -> Regex {
            match expression {
                Regex::NoneOf(excluded) => {
                    let others = ('a'..='z').chain([':']).filter(|c| !excluded.contains(c));
                    Regex::OneOf(others.map(|c| (c, c)).collect())
                }
                Regex::Concat(parts) => Regex::Concat(parts.iter().map(ranges).collect()),
                Regex::Union(parts) => Regex::Union(parts.iter().map(ranges).collect()),
                other => other.clone(),
            }
        }
        let nfa = Nfa::of_regex(&ranges(&starts_otherwise("arn:"))).unwrap();
        for text in ["", "a", "ar", "arn", "arn:", "arn:aws", "arx", "b", "arnx:", "aarn:", "rn:", "arm:x"] {
            let (mut states, mut next) = (nfa.start.clone(), Vec::new());
            for c in text.chars() {
                nfa.step(&states, c, &mut next);
                std::mem::swap(&mut states, &mut next);
            }
            assert_eq!(nfa.accepts_at(&states), !text.starts_with("arn:"), "{text}");
        }
    }
}
