//! When does a principal list apply to the symbolic principal, and what follows from it for context keys?
//!
//! An AWS identity is known by `principal.arn`, the value of `aws:PrincipalArn`: a session's is its role's. Where some
//! list names sessions, a role may be a session with a name. The keys that follow from the principal are tied to it, so
//! that no model contradicts itself.

use super::Encoder;
use super::text;
use crate::glob::Glob;
use crate::policy::{PrincipalMatch, PrincipalPattern};
use crate::smt::term::Cmp;
use crate::smt::{Atom, Formula, Int, Regex, Text};
use std::rc::Rc;

pub(super) const KIND: &str = "principal.kind";
pub(super) const ARN: &str = "principal.arn";
pub(super) const SERVICE: &str = "principal.service";
pub(super) const FEDERATED: &str = "principal.federated";
pub(super) const CANONICAL: &str = "principal.canonical";
pub(super) const IS_SESSION: &str = "principal.is_session";
pub(super) const ROLE_NAME: &str = "principal.role_name";
pub(super) const SESSION_NAME: &str = "principal.session_name";

/// The values of `principal.kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Aws = 0,
    Service = 1,
    Federated = 2,
    Canonical = 3,
    Anonymous = 4,
}

const DERIVED: [&str; 6] = [
    "aws:principalarn",
    "aws:principalaccount",
    "aws:username",
    "aws:principaltype",
    "aws:principalisawsservice",
    "aws:principalservicename",
];

/// Whether a key follows from the principal.
pub(super) fn is_derived(key: &str) -> bool {
    DERIVED.contains(&key)
}

/// Whether a list could tell a session from its role.
pub(super) fn names_sessions(principal: &PrincipalMatch) -> bool {
    principal.patterns.iter().any(|pattern| match pattern {
        PrincipalPattern::Arn(parts) => {
            let [_, _, service, _, _, rest] = parts.as_ref();
            service.matches("sts") && !rest.literal_prefix().starts_with("federated-user")
        }
        PrincipalPattern::Everyone
        | PrincipalPattern::Account { .. }
        | PrincipalPattern::Service(_)
        | PrincipalPattern::Federated(_)
        | PrincipalPattern::CanonicalUser(_)
        | PrincipalPattern::Nobody(_) => false,
    })
}

/// Whether a list names AWS identities other than everyone.
pub(super) fn names_arns(principal: &PrincipalMatch) -> bool {
    principal.patterns.iter().any(|pattern| matches!(pattern, PrincipalPattern::Account { .. } | PrincipalPattern::Arn(_)))
}

impl Encoder {
    /// The list, or its complement under `NotPrincipal`, applies.
    pub(super) fn principal(&mut self, principal: &PrincipalMatch) -> Formula {
        let listed = Formula::or(principal.patterns.iter().map(|pattern| self.principal_pattern(pattern)).collect::<Vec<_>>());
        if principal.negated { listed.not() } else { listed }
    }

    /// The principal is of this kind.
    pub(super) fn kind(&mut self, kind: Kind) -> Formula {
        if !self.all_principals {
            return Formula::from(kind == Kind::Aws);
        }
        let variable = || Int::Var(KIND.into());
        self.constrain(KIND, || {
            let at_least = Formula::atom(Atom::Ints(Cmp::GreaterOrEqual, variable(), Int::Const(0)));
            let at_most = Formula::atom(Atom::Ints(Cmp::LessOrEqual, variable(), Int::Const(Kind::Anonymous as i64)));
            Formula::and([at_least, at_most])
        });
        Formula::atom(Atom::Ints(Cmp::Equal, variable(), Int::Const(kind as i64)))
    }

    fn principal_pattern(&mut self, pattern: &PrincipalPattern) -> Formula {
        match pattern {
            PrincipalPattern::Everyone => Formula::True,
            PrincipalPattern::Account { partition, account } => {
                let everything = Glob::parse("*");
                let parts = [
                    Glob::literal("arn"),
                    partition.clone(),
                    everything.clone(),
                    everything.clone(),
                    Glob::literal(account),
                    everything,
                ];
                Formula::and([self.kind(Kind::Aws), self.arn_matches(&parts)])
            }
            PrincipalPattern::Arn(parts) => {
                let own = self.arn_matches(parts.as_ref());
                let matched = if self.sessions { Formula::or([own, self.session_matches(parts)]) } else { own };
                Formula::and([self.kind(Kind::Aws), matched])
            }
            PrincipalPattern::Service(glob) => Formula::and([self.kind(Kind::Service), named(SERVICE, glob)]),
            PrincipalPattern::Federated(glob) => Formula::and([self.kind(Kind::Federated), named(FEDERATED, glob)]),
            PrincipalPattern::CanonicalUser(id) => {
                Formula::and([self.kind(Kind::Canonical), named(CANONICAL, &Glob::literal(id))])
            }
            PrincipalPattern::Nobody(_) => Formula::False,
        }
    }

    /// `principal.arn`, with what its shape is.
    fn arn(&mut self) -> Text {
        self.constrain(ARN, || {
            let no_colon = Regex::none_of(&[':']);
            let account = Regex::OneOf([('0', '9')].into()).times(12);
            let name = || Regex::none_of(&[':', '/']).plus();
            let path = || Regex::concat([name(), Regex::literal("/")]).star();
            let of = |word: &str| Regex::concat([Regex::literal(word), path(), name()]);
            let iam = Regex::union([Regex::literal("root"), of("user/"), of("role/")]);
            let federated = Regex::concat([Regex::literal("federated-user/"), name()]);
            let of_service = |service: &str, rest: Regex| {
                let middle = Regex::literal(&format!(":{service}::"));
                Regex::concat([
                    Regex::literal("arn:"),
                    no_colon.clone().plus(),
                    middle,
                    account.clone(),
                    Regex::literal(":"),
                    rest,
                ])
            };
            text::matches(&Text::var(ARN), Regex::union([of_service("iam", iam), of_service("sts", federated)]))
        });
        Text::var(ARN)
    }

    fn arn_matches(&mut self, parts: &[Glob; 6]) -> Formula {
        let text = self.arn();
        let literal: Option<Vec<String>> = parts.iter().take(5).map(Glob::as_literal).collect();
        match literal {
            // No wildcard before the last colon: a test of the whole text.
            Some(first) => {
                let start = Glob::literal(&format!("{}:", first.join(":")));
                let rest = parts.last().map(Glob::tokens).unwrap_or_default();
                text::glob(&text, &Glob::from_tokens(start.tokens().iter().chain(rest).copied()))
            }
            None => text::matches(&text, text::arn_regex(parts)),
        }
    }

    /// The principal is a session, and this pattern names it by its own ARN.
    fn session_matches(&mut self, parts: &[Glob; 6]) -> Formula {
        let text = self.arn();
        let [first, partition, service, region, account, rest] = parts;
        if !first.matches("arn") || !service.matches("sts") || !region.matches("") {
            return Formula::False;
        }
        self.constrain(IS_SESSION, || {
            let role = || Text::var(ROLE_NAME);
            let everything = Glob::parse("*");
            let is_role = [
                Glob::literal("arn"),
                everything.clone(),
                Glob::literal("iam"),
                Glob::literal(""),
                everything,
                Glob::parse("role/*"),
            ];
            let name = Regex::none_of(&[':', '/']).plus();
            let tie = Formula::and([
                text::matches(&text, text::arn_regex(&is_role)),
                text::matches(&role(), name.clone()),
                text::matches(&Text::var(SESSION_NAME), name),
                Formula::atom(Atom::Suffix(Text::concat([Text::constant("/"), role()]), text.clone())),
            ]);
            Formula::var(IS_SESSION).implies(tie)
        });
        let everything = Glob::parse("*");
        let role =
            [Glob::literal("arn"), partition.clone(), Glob::literal("iam"), Glob::literal(""), account.clone(), everything];
        let own =
            Text::concat([Text::constant("assumed-role/"), Text::var(ROLE_NAME), Text::constant("/"), Text::var(SESSION_NAME)]);
        Formula::and([Formula::var(IS_SESSION), self.arn_matches(&role), text::glob(&own, rest)])
    }

    /// The presence and the slot of a key that follows from the principal.
    pub(super) fn derived(&mut self, key: &str) -> Option<(Formula, String)> {
        match key {
            "aws:principalarn" => {
                self.arn();
                Some((self.kind(Kind::Aws), ARN.to_owned()))
            }
            "aws:principalaccount" => {
                let arn = if self.names_arn { Some(self.arn()) } else { None };
                self.constrain(key, || {
                    let account = Text::var("aws:principalaccount");
                    let digits = text::matches(&account, Regex::OneOf([('0', '9')].into()).times(12));
                    let tie = arn.map(|arn| {
                        let with_colons = Text::concat([Text::constant("::"), account, Text::constant(":")]);
                        Formula::atom(Atom::Contains(arn, with_colons))
                    });
                    Formula::and([digits, tie.unwrap_or(Formula::True)])
                });
                Some((self.kind(Kind::Aws), key.to_owned()))
            }
            "aws:username" => {
                let name = Text::var("aws:username");
                let plain = text::matches(&name, Regex::none_of(&[':', '/']).plus());
                if !self.names_arn {
                    self.constrain(key, || plain);
                    return Some((
                        Formula::and([self.kind(Kind::Aws), Formula::var(&super::context::present(key))]),
                        key.to_owned(),
                    ));
                }
                let arn = self.arn();
                let is_user = Formula::and([self.kind(Kind::Aws), arn_rest(&arn, "iam", "user/*")]);
                self.constrain(key, || {
                    let ends = Formula::atom(Atom::Suffix(Text::concat([Text::constant("/"), name]), arn.clone()));
                    arn_rest(&arn, "iam", "user/*").implies(Formula::and([plain, ends]))
                });
                Some((is_user, key.to_owned()))
            }
            "aws:principaltype" => {
                let arn = self.arn();
                let is_aws = self.kind(Kind::Aws);
                let is_anonymous = self.kind(Kind::Anonymous);
                self.constrain(key, || {
                    let is = |word: &str| Formula::equal(&Text::var("aws:principaltype"), &Text::constant(word));
                    let of = |service: &str, rest: &str, word: &str| arn_rest(&arn, service, rest).implies(is(word));
                    let aws = Formula::and([
                        of("iam", "user/*", "User"),
                        of("iam", "role/*", "AssumedRole"),
                        of("iam", "root", "Account"),
                        of("sts", "federated-user/*", "FederatedUser"),
                    ]);
                    Formula::and([is_aws.clone().implies(aws), is_anonymous.clone().implies(is("Anonymous"))])
                });
                Some((Formula::or([is_aws, is_anonymous]), key.to_owned()))
            }
            "aws:principalisawsservice" => {
                let is_service = self.kind(Kind::Service);
                let is_aws = self.kind(Kind::Aws);
                self.constrain(key, || {
                    let is = |word: &str| Formula::equal(&Text::var("aws:principalisawsservice"), &Text::constant(word));
                    Formula::and([is_service.clone().implies(is("true")), is_aws.clone().implies(is("false"))])
                });
                Some((Formula::or([is_service, is_aws]), key.to_owned()))
            }
            "aws:principalservicename" => Some((self.kind(Kind::Service), SERVICE.to_owned())),
            _ => None,
        }
    }
}

fn named(variable: &str, glob: &Glob) -> Formula {
    text::glob(&Text::var(variable), glob)
}

fn arn_rest(arn: &Text, service: &str, rest: &str) -> Formula {
    let everything = Glob::parse("*");
    let parts =
        [Glob::literal("arn"), everything.clone(), Glob::literal(service), Glob::literal(""), everything, Glob::parse(rest)];
    Formula::atom(Atom::Matches(arn.clone(), Rc::new(text::arn_regex(&parts))))
}
