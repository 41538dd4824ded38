//! Does a condition of a template hold, and what does its name stand for?
//!
//! A condition is known where its definition says so under the answers that are assumed of others: `IsProd` excludes `IsDev`
//! where both compare one parameter. What it stands for is a formula ([`When`]) over the values of parameters, whatever their
//! defaults: two revisions of a template share these, not the names of conditions.

use super::closure::closure;
use super::functions::{as_text, resolve};
use super::scope::Scope;
use crate::json::{Kind, Value};
use crate::sources::choice::{When, can_hold};
use crate::sources::located::is_open;
use std::collections::{BTreeMap, BTreeSet};

/// How deep conditions may refer to each other.
const DEEPEST: usize = 64;

/// How many parts a formula has at most; a condition with more is not looked into.
const MOST_PARTS: usize = 500;

/// How many parts of conditions one policy looks at; what is not known then stays open.
const MOST_LOOKS: usize = 20_000;

impl Scope<'_> {
    /// Whether a condition of the template holds, as far as is known.
    pub(super) fn condition(&self, name: &str, depth: usize) -> Option<bool> {
        let known = self.defined(name, depth);
        if known.is_some() || self.assumed.is_empty() {
            return known;
        }
        let assumed = self.when();
        let with = |answer| can_hold(&[assumed.clone(), self.formula(name, 0).is(answer)]);
        match (with(true), with(false)) {
            (true, false) => Some(true),
            (false, true) => Some(false),
            // What is assumed cannot be, and it is asked about as if it could.
            (true, true) | (false, false) => None,
        }
    }

    fn defined(&self, name: &str, depth: usize) -> Option<bool> {
        if let Some(assumed) = self.assumed.get(name) {
            return Some(*assumed);
        }
        let written = self.sections.conditions?.get(name)?;
        self.looks.set(self.looks.get() + 1);
        if depth > DEEPEST || self.looks.get() > MOST_LOOKS { None } else { self.holds(written, depth + 1) }
    }

    fn holds(&self, value: &Value, depth: usize) -> Option<bool> {
        let [only] = value.members()? else { return None };
        let all = only.value.elements().unwrap_or_default();
        match (only.key.as_str(), all) {
            ("Condition", _) => self.defined(only.value.as_str()?, depth + 1),
            ("Fn::Not", [one]) => self.holds(one, depth + 1).map(|holds| !holds),
            ("Fn::And", all) => self.every(all, true, depth),
            ("Fn::Or", all) => self.every(all, false, depth).map(|none| !none),
            ("Fn::Equals", [a, b]) => {
                let (a, b) = (self.text(a, depth)?, self.text(b, depth)?);
                if a == b {
                    return Some(true);
                }
                (!is_open(&a) && !is_open(&b)).then_some(false)
            }
            _ => None,
        }
    }

    /// Whether all of them answer so.
    fn every(&self, all: &[Value], wanted: bool, depth: usize) -> Option<bool> {
        let mut known = Some(true);
        for one in all {
            match self.holds(one, depth + 1) {
                Some(answer) if answer != wanted => return Some(false),
                Some(_) => {}
                None => known = None,
            }
        }
        known
    }

    /// The text that a part of a comparison gives.
    fn text(&self, value: &Value, depth: usize) -> Option<String> {
        let text = resolve(self, value, depth + 1).ok().flatten().as_ref().and_then(as_text)?;
        Some(self.with_dynamic(&text))
    }

    /// For which values of the parameters all that is assumed holds.
    pub(super) fn when(&self) -> When {
        let all: Vec<When> = self.assumed.iter().map(|(name, answer)| self.formula(name, 0).is(*answer)).collect();
        if all.is_empty() { When::Known(true) } else { When::All(all) }
    }

    /// Which values the parameters that a formula looks at can have.
    pub(super) fn within(&self, when: &When) -> When {
        let mut subjects = BTreeMap::new();
        when.subjects(&mut subjects);
        let allowed = |subject: &str| -> Option<When> {
            let name = subject.strip_prefix("${")?.strip_suffix('}')?;
            let all = self.sections.parameters?.get(name)?.get("AllowedValues")?.elements()?;
            let is = |value: &Value| Some(When::Equals { subject: subject.to_owned(), value: as_text(value)? });
            Some(When::Any(all.iter().map(is).collect::<Option<_>>()?))
        };
        let all: Vec<When> = subjects.keys().filter_map(|subject| allowed(subject)).collect();
        if all.is_empty() { When::Known(true) } else { When::All(all) }
    }

    /// What a condition stands for, whatever the defaults of parameters.
    pub(super) fn formula(&self, name: &str, depth: usize) -> When {
        let known = self.constants.borrow().formulas.get(name).cloned();
        if let Some(known) = known {
            return known;
        }
        let Some(written) = self.sections.conditions.and_then(|all| all.get(name)) else {
            return When::Holds(format!("the condition {name}"));
        };
        let unseen = || When::Holds(closure(self.sections, written));
        let found = if depth > DEEPEST { unseen() } else { self.free().formula_of(written, depth + 1) };
        let found = if found.size() > MOST_PARTS { unseen() } else { found };
        self.constants.borrow_mut().formulas.insert(name.to_owned(), found.clone());
        found
    }

    fn formula_of(&self, value: &Value, depth: usize) -> When {
        let unseen = || When::Holds(closure(self.sections, value));
        let Some([only]) = value.members() else { return unseen() };
        let all = only.value.elements().unwrap_or_default();
        let parts = || all.iter().map(|one| self.formula_of(one, depth + 1)).collect::<Vec<_>>();
        if depth > 2 * DEEPEST {
            return unseen();
        }
        match (only.key.as_str(), all) {
            ("Condition", _) => only.value.as_str().map_or_else(unseen, |name| self.formula(name, depth + 1)),
            ("Fn::Not", [one]) => self.formula_of(one, depth + 1).is(false),
            ("Fn::And", [_, ..]) => When::All(parts()),
            ("Fn::Or", [_, ..]) => When::Any(parts()),
            ("Fn::Equals", [a, b]) => match (self.text(a, depth), self.text(b, depth)) {
                (Some(a), Some(b)) => self.equal(&a, &b),
                _ => unseen(),
            },
            _ => unseen(),
        }
    }

    /// That two texts are one.
    pub(super) fn equal(&self, a: &str, b: &str) -> When {
        if a == b {
            return When::Known(true);
        }
        let (is_a, is_b) = (is_open(a), is_open(b));
        let (a, b) = (self.identity(a), self.identity(b));
        match (is_a, is_b) {
            (false, false) => When::Known(false),
            (true, false) => When::Equals { subject: a, value: b },
            (false, true) => When::Equals { subject: b, value: a },
            (true, true) => When::Holds(BTreeSet::from([a, b]).into_iter().collect::<Vec<_>>().join(" = ")),
        }
    }

    /// A text with each dynamic reference (`{{resolve:ssm:..}}`) as a constant: nobody here knows what it gives.
    pub(super) fn with_dynamic(&self, text: &str) -> String {
        let (mut out, mut rest) = (String::new(), text);
        while let Some((at, end)) = rest.find("{{resolve:").and_then(|at| Some((at, rest.get(at..)?.find("}}")? + at + 2))) {
            let (before, name) = (rest.get(..at).unwrap_or_default(), rest.get(at..end).unwrap_or_default());
            out.push_str(before);
            out.push_str(&self.open(&self.named(name), crate::sources::OpenKind::Any));
            rest = rest.get(end..).unwrap_or_default();
        }
        out + rest
    }

    /// The same in all texts of a value.
    pub(super) fn dynamic(&self, mut value: Value) -> Value {
        match &mut value.kind {
            Kind::String(text) if text.contains("{{resolve:") => *text = self.with_dynamic(text),
            Kind::Array(all) => *all = std::mem::take(all).into_iter().map(|one| self.dynamic(one)).collect(),
            Kind::Object(members) => {
                for member in members {
                    let inner = std::mem::replace(&mut member.value, Value::string(""));
                    member.value = self.dynamic(inner);
                }
            }
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => {}
        }
        value
    }
}
