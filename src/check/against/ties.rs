//! Is a user or role bounded, and are policies attached to it, for the same values of a template's parameters as before?
//!
//! What a condition stands for counts, not its name; each value that a parameter may have counts, not its default alone.

use crate::check::rules::{NEW, UNDECIDED};
use crate::sources::attached::{Boundary, Identity, Tie, Ties};
use crate::sources::choice::{When, can_hold, put};
use std::collections::BTreeMap;

/// What became of one: rules, each with what is said; `is_told` if its boundary is told already, `denied` whether a policy or
/// group of the revision denied something.
pub(super) fn judge(now: &Identity, was: &Identity, is_told: bool, denied: &dyn Fn(&str) -> bool) -> Vec<(&'static str, String)> {
    // A parameter that is new has its default.
    let fixed = new_defaults(&now.parameters, &was.parameters);
    let mut out: Vec<(&'static str, String)> = Vec::new();
    // For the defaults, and for all values; where defaults do not matter these are the same.
    for at in 0..now.ties.len().max(was.ties.len()) {
        let of = |all: &'_ [Ties]| all.get(at).or_else(|| all.last()).cloned();
        let (Some(new), Some(old)) = (of(&now.ties), of(&was.ties)) else { continue };
        if !is_told {
            bounds(&new, &old, &fixed, &mut |rule, message| out.push((rule, message)));
        }
        attached(&new, &old, &fixed, &mut |rule, message| out.push((rule, message)));
        applies(&new, &old, &fixed, denied, &mut |rule, message| out.push((rule, message)));
    }
    out.sort();
    out.dedup();
    out
}

/// The defaults of the parameters that a template did not have.
pub(super) fn new_defaults(
    new: &BTreeMap<String, Option<String>>,
    old: &BTreeMap<String, Option<String>>,
) -> BTreeMap<String, String> {
    let all = new.iter().filter(|(name, _)| !old.contains_key(*name));
    all.filter_map(|(name, default)| Some((name.clone(), default.clone()?))).collect()
}

/// What became of a boundary, for all values of the parameters.
fn bounds(new: &Ties, old: &Ties, fixed: &BTreeMap<String, String>, say: &mut dyn FnMut(&'static str, String)) {
    let shown = |of: &Boundary| if let Boundary::Policy(arn) = of { Boundary::Policy(put(arn, fixed)) } else { of.clone() };
    for now in &new.boundaries {
        let when = now.when.fixed(fixed);
        let mut were = old.boundaries.iter().filter(|was| was.what != Boundary::None);
        let is_other = |was: &&Tie<Boundary>| {
            let is_same = was.what == shown(&now.what) && was.definition == now.definition;
            !is_same && can_hold(&[when.clone(), was.when.clone()])
        };
        if !were.any(|was| is_other(&was)) {
            continue;
        }
        match &now.what {
            Boundary::None => say(NEW, "This has no permissions boundary any more.".to_owned()),
            Boundary::Policy(arn) => say(
                UNDECIDED,
                format!("Whether this has new access is unknown: {arn} bounds it now, which did not where it does now."),
            ),
            Boundary::Unknown(_) => {
                say(UNDECIDED, "Whether this has new access is unknown: its permissions boundary is not known.".to_owned());
            }
        }
    }
}

/// What is attached for some values of the parameters for which it was not.
fn attached(new: &Ties, old: &Ties, fixed: &BTreeMap<String, String>, say: &mut dyn FnMut(&'static str, String)) {
    for now in &new.managed {
        let (what, definition) = (put(&now.what, fixed), put(&now.definition, fixed));
        let were = old.managed.iter().filter(|was| was.what == what && was.definition == definition);
        let mut all: Vec<When> = were.map(|was| was.when.clone().is(false)).collect();
        all.push(now.when.fixed(fixed));
        if can_hold(&all) {
            let message = format!(
                "Whether this grants new access is unknown: the policy {what}, whose document is not in this file, is newly attached."
            );
            say(UNDECIDED, message);
        }
    }
}

/// What applies for other values of the parameters than it did: policies of the template, and membership of groups. One that is
/// new is told by who has it (`holders`).
fn applies(
    new: &Ties,
    old: &Ties,
    fixed: &BTreeMap<String, String>,
    denied: &dyn Fn(&str) -> bool,
    say: &mut dyn FnMut(&'static str, String),
) {
    for (new, old, is_group) in [(&new.own, &old.own, false), (&new.groups, &old.groups, true)] {
        let same = |one: &Tie<String>, was: &Tie<String>| {
            (put(&one.what, fixed), put(&one.definition, fixed)) == (was.what.clone(), was.definition.clone())
        };
        let told = |what: &str, how: &str| {
            let what = if is_group { format!("the membership of {what}") } else { format!("the policy {what}") };
            (UNDECIDED, format!("Whether this grants new access is unknown: {what} {how}."))
        };
        for now in new {
            let is_known = old.iter().any(|was| was.what == put(&now.what, fixed));
            let were = old.iter().filter(|was| same(now, was));
            let mut all: Vec<When> = were.map(|was| was.when.clone().is(false)).collect();
            all.push(now.when.fixed(fixed));
            if is_known && can_hold(&all) {
                let (rule, message) = told(&now.what, "applies for values of the template for which it did not");
                say(rule, message);
            }
        }
        for was in old.iter().filter(|was| denied(&was.what)) {
            let are = new.iter().filter(|now| same(now, was));
            let mut all: Vec<When> = are.map(|now| now.when.fixed(fixed).is(false)).collect();
            let is_left = !all.is_empty();
            all.push(was.when.clone());
            if is_left && can_hold(&all) {
                let (rule, message) = told(&was.what, "denies, and does not apply for values of the template for which it did");
                say(rule, message);
            }
        }
    }
}
