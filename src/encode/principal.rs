//! When does a principal list apply to the symbolic principal, and what follows from it for context keys?
//!
//! An AWS identity is known by its type (root, user, role, federated user), partition, account and name, which make up
//! the value of `aws:PrincipalArn`: a session's is its role's. Where some list names sessions, a role may be a session
//! with a name. ARN patterns fall on these parts, so no query needs the ARN as one text unless a condition compares it
//! without case or a policy variable holds it. The keys that follow from the principal are tied to it, so that no model
//! contradicts itself.

use super::{Encoder, expand, text};
use crate::glob::{Glob, Token};
use crate::policy::compose::Through;
use crate::policy::{Part, PrincipalMatch, PrincipalPattern, Template, TextMode};
use crate::request::{ANONYMOUS, CLOUDFRONT, Derived, OWN_ROLE};
use crate::smt::term::Cmp;
use crate::smt::{Atom, Formula, Int, Regex, Text};

pub(super) const KIND: &str = "Principal.kind";
pub(super) const TYPE: &str = "Principal.type";
pub(super) const PARTITION: &str = "Principal.partition";
pub(super) const ACCOUNT: &str = Derived::Account.key();
pub(super) const NAME: &str = "Principal.name";
pub(super) const ARN: &str = "Principal.arn";
pub(super) const SERVICE: &str = "Principal.service";
pub(super) const FEDERATED: &str = "Principal.federated";
pub(super) const CANONICAL: &str = "Principal.canonical";
pub(super) const IS_SESSION: &str = "Principal.is_session";
pub(super) const ROLE_NAME: &str = "Principal.role_name";
pub(super) const SESSION_NAME: &str = "Principal.session_name";

/// The values of `Principal.kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Aws = 0,
    Service = 1,
    Federated = 2,
    Canonical = 3,
    Anonymous = 4,
}

/// The values of `Principal.type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Root = 0,
    User = 1,
    Role = 2,
    FederatedUser = 3,
}

impl Type {
    pub(super) const ALL: [Self; 4] = [Self::Root, Self::User, Self::Role, Self::FederatedUser];

    /// The ARN's service, and what stands before the name.
    pub(super) fn written(self) -> (&'static str, &'static str) {
        match self {
            Self::Root => ("iam", "root"),
            Self::User => ("iam", "user/"),
            Self::Role => ("iam", "role/"),
            Self::FederatedUser => ("sts", "federated-user/"),
        }
    }
}

/// Whether a key follows from the principal.
pub(super) fn is_derived(key: &str) -> bool {
    Derived::of(key).is_some()
}

/// Whether a list could tell a session from its role.
pub(super) fn names_sessions(principal: &PrincipalMatch) -> bool {
    principal.patterns.iter().any(|pattern| match pattern {
        PrincipalPattern::Arn(parts) => {
            let [_, _, service, _, _, rest] = parts.as_ref();
            service.matches("sts") && !rest.literal_prefix().starts_with("federated-user")
        }
        PrincipalPattern::Everyone
        | PrincipalPattern::Account(_)
        | PrincipalPattern::Service(_)
        | PrincipalPattern::Federated(_)
        | PrincipalPattern::CanonicalUser(_)
        | PrincipalPattern::Nobody(_) => false,
    })
}

/// Whether a list names AWS identities by their names.
pub(super) fn names_names(principal: &PrincipalMatch) -> bool {
    principal.patterns.iter().any(|pattern| matches!(pattern, PrincipalPattern::Arn(_)))
}

impl Encoder {
    /// The list, or its complement under `NotPrincipal`, applies through these entries.
    pub(super) fn principal(&mut self, principal: &PrincipalMatch, through: Through) -> Formula {
        let mut any_of = |wanted: Through| -> Formula {
            let any = |list: &[PrincipalPattern]| {
                Formula::or(list.iter().map(|pattern| self.principal_pattern(pattern, wanted)).collect::<Vec<_>>())
            };
            Formula::and(principal.lists().map(any).collect::<Vec<_>>())
        };
        match through {
            Through::Any if principal.negated => any_of(Through::Any).not(),
            Through::Any => any_of(Through::Any),
            Through::Anyone if principal.negated => any_of(Through::Any).not(),
            Through::Anyone | Through::Account | Through::Role | Through::Own if principal.negated => Formula::False,
            Through::Anyone | Through::Account | Through::Role | Through::Own => any_of(through),
            Through::AnyOrBounded => {
                let listed = any_of(Through::Any);
                let applies = if principal.negated { listed.not() } else { listed };
                let bounded = Formula::or([self.of_type(Type::User), self.of_type(Type::Role)]);
                Formula::or([applies, bounded])
            }
        }
    }

    /// The principal is of this kind.
    pub(super) fn kind(&mut self, kind: Kind) -> Formula {
        if !self.all_principals {
            return Formula::from(kind == Kind::Aws);
        }
        self.constrain(KIND, || between(KIND, Kind::Anonymous as i64));
        Formula::atom(Atom::Ints(Cmp::Equal, Int::Var(KIND.into()), Int::Const(kind as i64)))
    }

    /// The principal is an AWS identity of this type.
    pub(super) fn of_type(&mut self, wanted: Type) -> Formula {
        self.constrain(TYPE, || between(TYPE, Type::FederatedUser as i64));
        let is_type = Formula::atom(Atom::Ints(Cmp::Equal, Int::Var(TYPE.into()), Int::Const(wanted as i64)));
        Formula::and([self.kind(Kind::Aws), is_type])
    }

    fn principal_pattern(&mut self, pattern: &PrincipalPattern, through: Through) -> Formula {
        let counts = |own: Through| through == Through::Any || through == own;
        match pattern {
            PrincipalPattern::Everyone => Formula::from(counts(Through::Anyone)),
            PrincipalPattern::Account(_) if !counts(Through::Account) => Formula::False,
            PrincipalPattern::Account(account) => Formula::and([self.kind(Kind::Aws), self.account(&Glob::literal(account))]),
            PrincipalPattern::Arn(parts) => {
                let six = parts.each_ref().map(template);
                let own = self.own_arn(&six).unwrap_or(Formula::False);
                let session = if self.sessions { self.session_matches(parts) } else { Formula::False };
                let is_role = self.of_type(Type::Role);
                let matched = match through {
                    Through::Any => Formula::or([own, session]),
                    Through::Role => Formula::and([is_role, own, session.not()]),
                    Through::Own => Formula::or([Formula::and([is_role.not(), own]), session]),
                    Through::Anyone | Through::Account | Through::AnyOrBounded => Formula::False,
                };
                Formula::and([self.kind(Kind::Aws), matched])
            }
            PrincipalPattern::Service(_) | PrincipalPattern::Federated(_) | PrincipalPattern::CanonicalUser(_)
                if !counts(Through::Own) =>
            {
                Formula::False
            }
            PrincipalPattern::Service(glob) => Formula::and([self.kind(Kind::Service), self.id(SERVICE, glob)]),
            PrincipalPattern::Federated(glob) => Formula::and([self.kind(Kind::Federated), self.id(FEDERATED, glob)]),
            PrincipalPattern::CanonicalUser(id) => {
                Formula::and([self.kind(Kind::Canonical), self.id(CANONICAL, &Glob::literal(id))])
            }
            PrincipalPattern::Nobody(_) => Formula::False,
        }
    }

    /// The id of a principal without an ARN, never empty, matches a glob.
    fn id(&mut self, variable: &str, glob: &Glob) -> Formula {
        self.constrain(variable, || Formula::equal(&Text::var(variable), &Text::constant("")).not());
        self.named(variable, glob)
    }

    fn partition_text(&mut self) -> Text {
        self.constrain(PARTITION, || text::matches(&Text::var(PARTITION), Regex::none_of(&[':']).plus()));
        Text::var(PARTITION)
    }

    fn partition(&mut self, wanted: &Glob) -> Formula {
        self.partition_text();
        self.named(PARTITION, wanted)
    }

    pub(super) fn account_text(&mut self) -> Text {
        let anonymous = self.kind(Kind::Anonymous);
        let (user, all) = (self.of_type(Type::User), self.all_principals);
        self.constrain(ACCOUNT, || {
            let number = text::matches(&Text::var(ACCOUNT), Regex::OneOf([('0', '9')].into()).times(12));
            let nobody = Formula::equal(&Text::var(ACCOUNT), &Text::constant(ANONYMOUS));
            // Identity policies are of customers' identities.
            let of_cloudfront = Formula::and([user, Formula::equal(&Text::var(ACCOUNT), &Text::constant(CLOUDFRONT))]);
            let of_cloudfront = if all { of_cloudfront } else { Formula::False };
            Formula::and([anonymous.clone().implies(nobody), Formula::or([anonymous, number, of_cloudfront])])
        });
        Text::var(ACCOUNT)
    }

    fn account(&mut self, wanted: &Glob) -> Formula {
        self.account_text();
        self.named(ACCOUNT, wanted)
    }

    fn part(&mut self, variable: &str, wanted: &Template) -> Result<Formula, String> {
        if wanted.as_glob().is_some_and(|glob| glob.is_everything()) {
            return Ok(Formula::True);
        }
        self.template(&Text::var(variable), wanted)
    }

    /// The name behind `user/`, `role/` or `federated-user/`: segments between slashes, for a federated user one.
    pub(super) fn name(&mut self) -> Text {
        let federated = self.of_type(Type::FederatedUser);
        let role = self.of_type(Type::Role);
        self.constrain(NAME, || {
            let segment = || Regex::none_of(&[':', '/']).plus();
            let path = Regex::concat([segment(), Regex::literal("/")]).star();
            let whole = text::matches(&Text::var(NAME), Regex::concat([path, segment()]));
            let slash = Formula::atom(Atom::Contains(Text::var(NAME), Text::constant("/")));
            let path = Regex::concat([role_segment(), Regex::literal("/")]).star();
            let of_role = text::matches(&Text::var(NAME), Regex::concat([path, role_segment()]));
            Formula::and([Formula::or([whole, Formula::and([role, of_role])]), federated.implies(slash.not())])
        });
        Text::var(NAME)
    }

    /// The principal's own ARN (a session's: its role's) matches these six parts.
    pub(super) fn own_arn(&mut self, parts: &[Template; 6]) -> Result<Formula, String> {
        let [first, partition, service, region, account, rest] = parts;
        let constant = |encoder: &mut Self, text: &str, template: &Template| encoder.template(&Text::constant(text), template);
        let fixed = Formula::and([constant(self, "arn", first)?, constant(self, "", region)?]);
        if fixed == Formula::False {
            return Ok(Formula::False);
        }
        let mut types = Vec::new();
        for of in Type::ALL {
            let (own, word) = of.written();
            let mut ways = Vec::new();
            if of == Type::Root {
                ways.push(constant(self, word, rest)?);
            } else {
                for residual in residuals(rest, word)? {
                    if !residual.as_glob().is_some_and(|glob| glob.is_everything()) {
                        self.name();
                    }
                    ways.push(self.part(NAME, &residual)?);
                }
            }
            let matched = Formula::and([constant(self, own, service)?, Formula::or(ways)]);
            if matched != Formula::False {
                types.push(Formula::and([self.of_type(of), matched]));
            }
        }
        if types.is_empty() {
            return Ok(Formula::False);
        }
        self.partition_text();
        self.account_text();
        let (partition, account) = (self.part(PARTITION, partition)?, self.part(ACCOUNT, account)?);
        Ok(Formula::and([fixed, partition, account, Formula::or(types)]))
    }

    /// A part of the principal matches a glob.
    fn named(&self, variable: &str, glob: &Glob) -> Formula {
        if glob.is_everything() { Formula::True } else { text::glob(&Text::var(variable), glob, self.form) }
    }

    /// The principal is a session, and this pattern names it by its own ARN.
    fn session_matches(&mut self, parts: &[Glob; 6]) -> Formula {
        let [first, partition, service, region, account, rest] = parts;
        if !first.matches("arn") || !service.matches("sts") || !region.matches("") {
            return Formula::False;
        }
        let is_role = self.of_type(Type::Role);
        let role_of_name = if self.names_names { Some(self.last_of_name(ROLE_NAME)) } else { None };
        self.constrain(IS_SESSION, || {
            let tie = role_of_name.unwrap_or(Formula::True);
            let role_name = text::matches(&Text::var(ROLE_NAME), role_segment());
            let session_name = text::matches(&Text::var(SESSION_NAME), Regex::none_of(&[':', '/']).plus());
            Formula::var(IS_SESSION).implies(Formula::and([is_role, tie, role_name, session_name]))
        });
        let mut ways = Vec::new();
        for residual in residuals(&template(rest), "assumed-role/").unwrap_or_default() {
            let Some(glob) = residual.as_glob() else { continue };
            for (role, session) in around_slash(&glob) {
                ways.push(Formula::and([self.named(ROLE_NAME, &role), self.named(SESSION_NAME, &session)]));
            }
        }
        let (partition, account) = (self.partition(partition), self.account(account));
        Formula::and([Formula::var(IS_SESSION), partition, account, Formula::or(ways)])
    }

    /// This text is what stands behind the last slash of the name.
    fn last_of_name(&mut self, variable: &str) -> Formula {
        let name = self.name();
        let last = Text::var(variable);
        let behind_slash = Formula::atom(Atom::Suffix(Text::concat([Text::constant("/"), last.clone()]), name.clone()));
        Formula::or([Formula::equal(&name, &last), behind_slash])
    }

    /// The value of `aws:PrincipalArn` passes a test of one template.
    pub(super) fn principal_arn_test(&mut self, mode: TextMode, wanted: &Template) -> Result<Formula, String> {
        let six: Result<[Template; 6], _> = wanted.split_colons(6).try_into();
        if let (TextMode::Arn, Ok(six)) = (mode, &six)
            && let Ok(formula) = self.own_arn(six)
        {
            return Ok(formula);
        }
        if mode != TextMode::IgnoreCase
            && let Some(ways) = expand::expand(wanted)
            && let Ok(ways) = ways.iter().map(|way| self.own_arn(way)).collect::<Result<Vec<_>, _>>()
        {
            return Ok(Formula::or(ways));
        }
        let arn = self.arn_text();
        self.text_test(&arn, mode, wanted)
    }

    /// The ARN as one text.
    fn arn_text(&mut self) -> Text {
        let (account, name) = (self.account_text(), self.name());
        self.partition_text();
        let types: Vec<(Formula, (&str, &str))> = Type::ALL.map(|of| (self.of_type(of), of.written())).into();
        self.constrain(ARN, || {
            let tie = |(is_type, (service, word)): (Formula, (&str, &str))| {
                let middle = Text::constant(&format!(":{service}::"));
                let start = [Text::constant("arn:"), Text::var(PARTITION), middle, account.clone(), Text::constant(":")];
                let named = if word == "root" { None } else { Some(name.clone()) };
                let whole = Text::concat(start.into_iter().chain([Text::constant(word)]).chain(named));
                is_type.implies(Formula::equal(&Text::var(ARN), &whole))
            };
            Formula::and(types.into_iter().map(tie).collect::<Vec<_>>())
        });
        Text::var(ARN)
    }

    /// The presence and the slot of a key that follows from the principal.
    pub(super) fn derived(&mut self, key: &str) -> Option<(Formula, String)> {
        match Derived::of(key)? {
            Derived::Arn => {
                self.arn_text();
                Some((self.kind(Kind::Aws), ARN.to_owned()))
            }
            Derived::Account => {
                self.account_text();
                Some((Formula::or([self.kind(Kind::Aws), self.kind(Kind::Anonymous)]), ACCOUNT.to_owned()))
            }
            Derived::UserName => {
                let is_user = self.of_type(Type::User);
                let tie = if self.names_names { Some(self.last_of_name(key)) } else { None };
                self.constrain(key, || {
                    let plain = text::matches(&Text::var(key), Regex::none_of(&[':', '/']).plus());
                    is_user.clone().implies(Formula::and([plain, tie.unwrap_or(Formula::True)]))
                });
                Some((is_user, key.to_owned()))
            }
            Derived::Type => {
                let words = [
                    (self.of_type(Type::User), "User"),
                    (self.of_type(Type::Role), "AssumedRole"),
                    (self.of_type(Type::Root), "Account"),
                    (self.of_type(Type::FederatedUser), "FederatedUser"),
                    (self.kind(Kind::Anonymous), "Anonymous"),
                ];
                self.constrain(key, || {
                    let is = |word: &str| Formula::equal(&Text::var(key), &Text::constant(word));
                    Formula::and(words.map(|(of, word)| of.implies(is(word))))
                });
                Some((Formula::or([self.kind(Kind::Aws), self.kind(Kind::Anonymous)]), key.to_owned()))
            }
            Derived::IsService => {
                let is_service = self.kind(Kind::Service);
                let is_aws = self.kind(Kind::Aws);
                self.constrain(key, || {
                    let is = |word: &str| Formula::equal(&Text::var(key), &Text::constant(word));
                    Formula::and([is_service.clone().implies(is("true")), is_aws.clone().implies(is("false"))])
                });
                Some((Formula::or([is_service, is_aws]), key.to_owned()))
            }
            Derived::ServiceName => {
                self.id(SERVICE, &Glob::parse("*"));
                Some((self.kind(Kind::Service), SERVICE.to_owned()))
            }
        }
    }
}

/// A role's name or a part of its path: without a colon, but for AWS's own.
fn role_segment() -> Regex {
    let segment = || Regex::none_of(&[':', '/']).plus();
    Regex::union([segment(), Regex::concat([Regex::literal(OWN_ROLE), segment()])])
}

fn between(variable: &str, most: i64) -> Formula {
    let at_least = Formula::atom(Atom::Ints(Cmp::GreaterOrEqual, Int::Var(variable.into()), Int::Const(0)));
    Formula::and([at_least, Formula::atom(Atom::Ints(Cmp::LessOrEqual, Int::Var(variable.into()), Int::Const(most)))])
}

fn template(glob: &Glob) -> Template {
    let part = |token: &Token| match token {
        Token::Char(c) => Part::Char(*c),
        Token::One => Part::One,
        Token::Many => Part::Many,
    };
    Template { parts: glob.tokens().iter().map(part).collect() }
}

/// What is left of a template after it has read a prefix, in every way; an error if a variable stands in the way.
fn residuals(template: &Template, prefix: &str) -> Result<Vec<Template>, String> {
    let mut ways: Vec<&[Part]> = vec![&template.parts];
    for c in prefix.chars() {
        let mut next: Vec<&[Part]> = Vec::new();
        let mut at = 0;
        while let Some(way) = ways.get(at).copied() {
            at += 1;
            match way.split_first() {
                Some((Part::Char(expected), rest)) if *expected == c => next.push(rest),
                Some((Part::One, rest)) => next.push(rest),
                Some((Part::Many, rest)) => {
                    next.push(way);
                    ways.push(rest);
                }
                Some((Part::Variable(variable), _)) => {
                    return Err(format!("the policy variable `{}` before a principal's name", variable.key));
                }
                Some((Part::Char(_), _)) | None => {}
            }
        }
        next.sort_unstable();
        next.dedup();
        ways = next;
    }
    Ok(ways.into_iter().map(|parts| Template { parts: parts.to_vec() }).collect())
}

/// The ways in which a glob falls on two texts without slashes and the slash between them.
fn around_slash(glob: &Glob) -> Vec<(Glob, Glob)> {
    let tokens = glob.tokens();
    let slashes = tokens.iter().filter(|token| **token == Token::Char('/')).count();
    let mut out = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let (before, after) = (tokens.get(..at).unwrap_or(&[]), tokens.get(at + 1..).unwrap_or(&[]));
        let glob = |tokens: Vec<&Token>| Glob::from_tokens(tokens.into_iter().copied());
        match token {
            Token::Char('/') if slashes == 1 => out.push((glob(before.iter().collect()), glob(after.iter().collect()))),
            Token::One if slashes == 0 => out.push((glob(before.iter().collect()), glob(after.iter().collect()))),
            Token::Many if slashes == 0 => {
                out.push((glob(before.iter().chain([token]).collect()), glob([token].into_iter().chain(after).collect())));
            }
            Token::Char(_) | Token::One | Token::Many => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_fall_around_the_slash_in_every_way() {
        let shown = |text: &str| -> String {
            let show = |(role, session): &(Glob, Glob)| format!("{role}|{session}");
            around_slash(&Glob::parse(text)).iter().map(show).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(shown("R/S"), "R|S");
        assert_eq!(shown("R*/S"), "R*|S");
        assert_eq!(shown("*"), "*|*");
        assert_eq!(shown("R*S"), "R*|*S");
        assert_eq!(shown("R?S"), "R|S");
        assert_eq!(shown("R?x/S?"), "R?x|S?");
        assert_eq!(shown("a/b/c"), "");
        let left = |text: &str| -> String {
            let all = residuals(&Template::parse(text, true, true), "role/").unwrap();
            all.iter().map(|left| left.as_glob().unwrap().to_string()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            (left("role/x*"), left("*"), left("r*/x"), left("user/x")),
            ("x*".into(), "*".into(), "x */x".into(), String::new())
        );
        assert!(residuals(&Template::parse("${aws:username}", true, true), "role/").is_err());
    }
}
