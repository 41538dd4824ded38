//! Which values does a test of a text accept, as steps of an automaton?
//!
//! A template without variables is a language of its key's value. A key that follows from the principal has no value of
//! its own: a test of it is a test of the principal's text ([`super::principal`]).

use super::build::PRINCIPAL_ACCOUNT;
use super::language::{Class, NO_BAR, NO_COLON, PART, SEGMENT, Step, Steps, Test};
use super::principal;
use crate::glob::Glob;
use crate::policy::request::{ANONYMOUS, CLOUDFRONT};
use crate::policy::{Part, Template, TextMode};
use crate::value::fold;

fn both(a: Test, b: Test) -> Test {
    Test { patterns: a.patterns.into_iter().chain(b.patterns).collect() }
}

/// The principals that have a key which follows from them; `None` for other keys.
pub(super) fn derived_presence(key: &str) -> Option<Test> {
    let everything = Glob::parse("*");
    Some(match key {
        "aws:principalarn" => principal::aws(),
        "aws:username" => principal::user(),
        "aws:principaltype" | PRINCIPAL_ACCOUNT => both(principal::aws(), principal::of_kind("anonymous", &everything)),
        "aws:principalisawsservice" => both(principal::aws(), principal::of_kind("service", &everything)),
        "aws:principalservicename" => principal::of_kind("service", &everything),
        _ => return None,
    })
}

/// The principals whose derived key matches a template; `None` for what is no language of one text.
pub(super) fn derived_test(key: &str, mode: TextMode, template: &Template) -> Option<Test> {
    if template.parts.contains(&Part::Char('|')) {
        return None;
    }
    let constants = |all: &[(&str, Test)]| -> Option<Test> {
        let test = value_steps(template, mode).map(|steps| Test { patterns: vec![steps] })?;
        let matching = all.iter().filter(|(word, _)| test.accepts(word)).flat_map(|(_, who)| who.patterns.clone());
        Some(Test { patterns: matching.collect() })
    };
    let everything = Glob::parse("*");
    let anonymous = || principal::of_kind("anonymous", &everything);
    // A name has no slash, an account only digits: such a value matches nobody.
    let holds =
        |told_apart: &dyn Fn(char) -> bool| template.parts.iter().any(|part| matches!(part, Part::Char(c) if told_apart(*c)));
    match key {
        "aws:username" if holds(&|c| c == '/' || c == ':') => Some(Test::default()),
        "aws:principalarn" => {
            let six: Option<[Template; 6]> = template.split_colons(6).try_into().ok().filter(|_| mode == TextMode::Arn);
            let steps = match six {
                Some(six) => by_parts(&six, PART, NO_BAR)?,
                None => steps(template, NO_BAR, mode == TextMode::IgnoreCase)?,
            };
            Some(principal::whole_arn(steps))
        }
        PRINCIPAL_ACCOUNT if holds(&|c| !c.is_ascii_digit()) => {
            let of_cloudfront = principal::account(&Glob::literal(CLOUDFRONT));
            constants(&[(ANONYMOUS, anonymous()), (CLOUDFRONT, of_cloudfront)])
        }
        PRINCIPAL_ACCOUNT if mode == TextMode::Exact => {
            let nobody = constants(&[(ANONYMOUS, anonymous())])?;
            Some(both(principal::account(&template.as_glob()?), nobody))
        }
        "aws:username" if mode != TextMode::Arn => {
            Some(principal::username(&steps(template, SEGMENT, mode == TextMode::IgnoreCase)?))
        }
        "aws:principaltype" => constants(&[
            ("User", principal::user()),
            ("AssumedRole", principal::role()),
            ("Account", principal::root()),
            ("FederatedUser", principal::federated_user()),
            ("Anonymous", anonymous()),
        ]),
        "aws:principalisawsservice" => {
            constants(&[("true", principal::of_kind("service", &everything)), ("false", principal::aws())])
        }
        "aws:principalservicename" if mode == TextMode::Exact => Some(principal::of_kind("service", &template.as_glob()?)),
        _ => None,
    }
}

/// A template of six parts; wildcards of the first five do not reach over the next colon.
pub(super) fn by_parts(parts: &[Template; 6], wild: Class, last_wild: Class) -> Option<Steps> {
    let mut out = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            out.push(Step::One(Class::Char(':')));
        }
        out.extend(steps(part, if at == 5 { last_wild } else { wild }, false)?);
    }
    Some(out)
}

/// The steps of a template without variables.
pub(super) fn steps(template: &Template, wild: Class, fold: bool) -> Option<Steps> {
    let step = |part: &Part| match part {
        Part::Char(c) if fold && fold::lower(*c) != fold::upper(*c) => {
            Some(Step::One(Class::Either(fold::lower(*c), fold::upper(*c))))
        }
        Part::Char(c) => Some(Step::One(Class::Char(*c))),
        Part::One => Some(Step::One(wild)),
        Part::Many => Some(Step::Run(wild)),
        Part::Variable(_) => None,
    };
    let steps: Option<Steps> = template.parts.iter().map(step).collect();
    // Two runs in a row are one.
    steps.map(|mut steps| {
        steps.dedup_by(|a, b| a == b && matches!(a, Step::Run(_)));
        steps
    })
}

/// The steps of a condition's template under a mode.
pub(super) fn value_steps(template: &Template, mode: TextMode) -> Option<Steps> {
    match mode {
        TextMode::Exact => steps(template, Class::Any, false),
        TextMode::IgnoreCase => steps(template, Class::Any, true),
        TextMode::Arn => match <[Template; 6]>::try_from(template.split_colons(6)) {
            Ok(six) => by_parts(&six, NO_COLON, Class::Any),
            Err(_) => steps(template, Class::Any, false),
        },
    }
}
