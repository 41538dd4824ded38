//! Which values does a test of a text accept, as steps of an automaton?
//!
//! A template is a language of its key's value, with policy variables as steps of their own. A key that follows from the
//! principal has no value of its own: a test of it is a test of the principal's text ([`super::principal`]).
//!
//! Whether a variable's key is present is not for the steps to say: a variable that still has a default stands for it.

use super::atoms::Atoms;
use super::language::{Class, Letter, NO_BAR, NO_COLON, PART, SEGMENT, Step, Steps, Test};
use super::principal;
use crate::glob::Glob;
use crate::policy::{Part, Template, TextMode};
use crate::request::{ANONYMOUS, CLOUDFRONT, Derived, RESOURCE_ACCOUNT, ValueForm};
use crate::value::fold;

fn both(a: Test, b: Test) -> Test {
    Test { patterns: a.patterns.into_iter().chain(b.patterns).collect() }
}

/// The principals that have a key which follows from them; `None` for other keys.
pub(super) fn derived_presence(key: &str) -> Option<Test> {
    let everything = Glob::parse("*");
    Some(match Derived::of(key)? {
        Derived::Arn => principal::aws(),
        Derived::UserName => principal::user(),
        Derived::Type | Derived::Account => both(principal::aws(), principal::of_kind("anonymous", &everything)),
        Derived::IsService => both(principal::aws(), principal::of_kind("service", &everything)),
        Derived::ServiceName => principal::of_kind("service", &everything),
    })
}

/// The principals whose derived key matches a template; `None` for what is no language of one text.
pub(super) fn derived_test(key: &str, mode: TextMode, template: &Template, atoms: &mut Atoms) -> Option<Test> {
    if template.parts.contains(&Part::Char('|')) {
        return None;
    }
    let all_principals = atoms.all_principals();
    let is_plain = template.variables().next().is_none();
    let whole = value_steps(template, mode, atoms);
    let constants = |all: &[(&str, Test)]| -> Option<Test> {
        let test = is_plain.then(|| Test { patterns: vec![whole.clone()] })?;
        let matching = all.iter().filter(|(word, _)| test.accepts(word)).flat_map(|(_, who)| who.patterns.clone());
        Some(Test { patterns: matching.collect() })
    };
    let everything = Glob::parse("*");
    let anonymous = || principal::of_kind("anonymous", &everything);
    // A name has no slash, an account only digits: such a value matches nobody.
    let holds =
        |told_apart: &dyn Fn(char) -> bool| template.parts.iter().any(|part| matches!(part, Part::Char(c) if told_apart(*c)));
    match Derived::of(key)? {
        Derived::UserName if holds(&|c| c == '/' || c == ':') => Some(Test::default()),
        Derived::Arn => {
            let six: Option<[Template; 6]> = template.split_colons(6).try_into().ok().filter(|_| mode == TextMode::Arn);
            let steps = match six {
                Some(six) => by_parts(&six, PART, NO_BAR, atoms),
                None => steps(template, NO_BAR, mode == TextMode::IgnoreCase, atoms),
            };
            Some(principal::whole_arn(steps))
        }
        Derived::Account if holds(&|c| !c.is_ascii_digit()) => {
            let of_cloudfront = principal::account(&Glob::literal(CLOUDFRONT));
            constants(&[(ANONYMOUS, anonymous()), (CLOUDFRONT, of_cloudfront)])
        }
        // Without credentials the account is a word, which a value may be.
        Derived::Account if mode != TextMode::Arn && !is_plain => {
            let id = steps(template, PART, false, atoms);
            (!all_principals).then(|| principal::account_of(id))
        }
        Derived::Account if mode != TextMode::Arn => {
            let nobody = constants(&[(ANONYMOUS, anonymous())])?;
            Some(both(principal::account(&template.as_glob()?), nobody))
        }
        Derived::UserName if mode != TextMode::Arn => {
            Some(principal::username(&steps(template, SEGMENT, mode == TextMode::IgnoreCase, atoms)))
        }
        Derived::Type => constants(&[
            ("User", principal::user()),
            ("AssumedRole", principal::role()),
            ("Account", principal::root()),
            ("FederatedUser", principal::federated_user()),
            ("Anonymous", anonymous()),
        ]),
        Derived::IsService => constants(&[("true", principal::of_kind("service", &everything)), ("false", principal::aws())]),
        Derived::ServiceName if mode == TextMode::Exact => Some(principal::of_kind("service", &template.as_glob()?)),
        Derived::Account | Derived::UserName | Derived::ServiceName => None,
    }
}

/// The values of a key that follows from the principal; `None` for other keys, and where any text would do.
pub(super) fn own_values(key: &str, all_principals: bool) -> Option<Test> {
    let words = |words: &[&str]| Test { patterns: words.iter().map(|word| super::language::literal(word)).collect() };
    if key == RESOURCE_ACCOUNT {
        return Some(account_ids());
    }
    let derived = Derived::of(key)?;
    Some(match derived {
        Derived::Account if all_principals => both(account_ids(), words(&[ANONYMOUS, CLOUDFRONT])),
        Derived::Account => account_ids(),
        Derived::UserName => Test { patterns: vec![vec![Step::One(SEGMENT), Step::Run(SEGMENT)]] },
        Derived::Type | Derived::IsService => {
            let ValueForm::Word(all) = derived.form() else { return None };
            words(all)
        }
        Derived::Arn => {
            let start = super::language::literal("arn:").into_iter();
            Test { patterns: vec![start.chain([Step::One(PART), Step::Run(NO_BAR)]).collect()] }
        }
        Derived::ServiceName => return None,
    })
}

/// Whether the values of a key are account ids: digits, which are the same in either case.
fn is_account(key: &str, all_principals: bool) -> bool {
    key == super::build::RESOURCE_ACCOUNT || (key == Derived::Account.key() && !all_principals)
}

/// Account ids.
pub(super) fn account_ids() -> Test {
    Test { patterns: vec![vec![Step::One(Class::Digit); 12]] }
}

/// A template of six parts; wildcards of the first five do not reach over the next colon.
pub(super) fn by_parts(parts: &[Template; 6], wild: Class, last_wild: Class, atoms: &mut Atoms) -> Steps {
    let mut out = Vec::with_capacity(parts.iter().map(|part| part.parts.len() + 1).sum());
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            out.push(Step::One(Class::Char(':')));
        }
        out.extend(steps(part, if at == 5 { last_wild } else { wild }, false, atoms));
    }
    out
}

/// No character: of a default that cannot stand where it would.
const NONE: Step = Step::One(Class::Range('1', '0'));

/// The steps of a template.
pub(super) fn steps(template: &Template, wild: Class, fold: bool, atoms: &mut Atoms) -> Steps {
    let mut out: Steps = Vec::with_capacity(template.parts.len());
    for part in &template.parts {
        match part {
            Part::Char(c) if fold && fold::lower(*c) != fold::upper(*c) => {
                out.push(Step::One(Class::Either(fold::lower(*c), fold::upper(*c))));
            }
            Part::Char(c) => out.push(Step::One(Class::Char(*c))),
            Part::One => out.push(Step::One(wild)),
            Part::Many => out.push(Step::Run(wild)),
            Part::Variable(variable) => {
                let folded = fold && !is_account(&variable.key, atoms.all_principals());
                let letter = Letter { variable: atoms.variable(&variable.key), class: wild, folded };
                match &variable.default {
                    None => out.push(Step::Value(letter)),
                    Some(default) => out.extend(super::refute::spelled(letter, default).unwrap_or_else(|| vec![NONE])),
                }
            }
        }
    }
    // Two runs in a row are one.
    out.dedup_by(|a, b| a == b && matches!(a, Step::Run(_)));
    out
}

/// The steps of a condition's template under a mode.
pub(super) fn value_steps(template: &Template, mode: TextMode, atoms: &mut Atoms) -> Steps {
    match mode {
        TextMode::Exact => steps(template, Class::Any, false, atoms),
        TextMode::IgnoreCase => steps(template, Class::Any, true, atoms),
        TextMode::Arn => match <[Template; 6]>::try_from(template.split_colons(6)) {
            Ok(six) => by_parts(&six, NO_COLON, Class::Any, atoms),
            Err(_) => steps(template, Class::Any, false, atoms),
        },
    }
}
