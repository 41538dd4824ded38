//! Which constants of two revisions are the same, and how are two documents asked about where some are not?
//!
//! A constant is the same if it has the name and the definition that it had: a deployment gives the same value. One that is
//! defined otherwise is another one, so what it gives may be new. Where the template says all that it can be (a mapping, the
//! values of a parameter), what did not change is asked about as the same constant, and each value that did as a text.
//!
//! Invariant: together the pairs of documents stand for all values that the constants can have in both revisions.

use crate::json::{Kind, Member, Value};
use crate::policy::open::{numbered, renamed};
use crate::sources::located::{constants, filled, mark};
use crate::sources::{Located, Open};
use std::collections::BTreeSet;

/// How many values that changed are asked about one by one.
const MOST_VALUES: usize = 32;

/// Two documents that share their constants.
pub(super) struct Beside {
    pub(super) open: Vec<Open>,
    pub(super) new: Value,
    pub(super) old: Value,
    /// The constants that are not what they were, whatever both are: what is found may not be so.
    pub(super) names: Vec<String>,
}

/// A constant of the new document with a value that it may have, and one of the old document with its own.
type Put<'v> = (usize, &'v str, Option<(usize, &'v str)>);

/// The documents to ask about, for a new one with these constants and the one that it was.
pub(super) fn besides(open: Vec<Open>, new: &Value, was: &Located, old: &Value) -> Vec<Beside> {
    let (mut used, mut used_now) = (BTreeSet::new(), BTreeSet::new());
    constants(old, &mut used);
    constants(new, &mut used_now);
    // The constants of both that are defined otherwise: the numbers of the old and the new one.
    let other: Vec<(usize, usize)> = used
        .iter()
        .filter_map(|index| {
            let one = was.open.get(*index)?;
            let at = open.iter().position(|now| now.is_named_as(one))?;
            let is_same = open.get(at).is_some_and(|now| now.was(one));
            (!is_same && used_now.contains(&at)).then_some((*index, at))
        })
        .collect();
    let of = |same: &BTreeSet<usize>, values: Option<Put<'_>>| {
        let mut open = open.clone();
        let is_same = |now: &Open, one: &Open| {
            let is_taken = other.iter().any(|(index, _)| same.contains(index) && was.open.get(*index) == Some(one));
            now.is_named_as(one) && (is_taken || now.was(one))
        };
        let numbers = numbered(&used, &mut open, &was.open, &is_same);
        let (mut new, mut old) = (new.clone(), old.clone());
        let mut names: Vec<String> = Vec::new();
        for (index, at) in &other {
            let is_put = values.is_some_and(|(now, _, was)| now == *at && was.is_some());
            if !same.contains(index) && !is_put {
                names.extend(open.get(*at).map(|one| one.name.clone()));
            }
        }
        if let Some((at, value, before)) = values {
            new = with(&new, at, value);
            if let Some((index, value)) = before {
                old = with(&old, index, value);
            }
        }
        Beside { new, old: renamed(&old, &numbers), open, names }
    };
    if other.is_empty() {
        return vec![of(&BTreeSet::new(), None)];
    }
    let (mut same, mut out) = (BTreeSet::new(), Vec::new());
    for (index, at) in &other {
        let (Some(one), Some(now)) = (was.open.get(*index), open.get(*at)) else { continue };
        let changed: Vec<(&String, &String)> = now.may.iter().filter(|(key, is)| one.may.get(*key) != Some(is)).collect();
        if one.may.is_empty() || now.may.is_empty() || one.definition != now.definition || changed.len() > MOST_VALUES {
            continue;
        }
        same.insert(*index);
        for (key, value) in changed {
            let before = one.may.get(key).map(|value| (*index, value.as_str()));
            out.push((*at, value.as_str(), before));
        }
    }
    let mut all: Vec<Beside> = out.into_iter().map(|values| of(&BTreeSet::new(), Some(values))).collect();
    all.push(of(&same, None));
    all
}

/// A document with a text in place of one constant. A permission says a service where policies say an account or ARN.
pub(super) fn with(value: &Value, at: usize, text: &str) -> Value {
    let is_service = text.contains('.') && !text.starts_with("arn:");
    let value = if is_service { of_service(value, &mark(at).to_string()) } else { value.clone() };
    filled(&value, &|index| if index == at { text.to_owned() } else { mark(index).to_string() })
}

/// A document in which a principal that is this constant is a service.
fn of_service(value: &Value, constant: &str) -> Value {
    let kind = match &value.kind {
        Kind::Array(all) => Kind::Array(all.iter().map(|one| of_service(one, constant)).collect()),
        Kind::Object(members) => {
            let of = |one: &Member| {
                let is_it = one.key == "AWS" && one.value.as_str() == Some(constant);
                let key = if is_it { "Service".to_owned() } else { one.key.clone() };
                Member { key, value: of_service(&one.value, constant), ..one.clone() }
            };
            Kind::Object(members.iter().map(of).collect())
        }
        other => other.clone(),
    };
    Value { span: value.span, kind }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Source, Span};
    use crate::sources::{OpenKind, PolicyType};

    #[test]
    fn values_that_changed_are_asked_about_one_by_one() {
        let text = |at: usize| Value::string(format!("b-{}", mark(at)));
        let open = |may: &[(&str, &str)]| Open {
            may: may.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            ..Open::new("M".to_owned(), OpenKind::Generated, "example-m".to_owned())
        };
        let shown = |now: &[(&str, &str)], before: &[(&str, &str)]| {
            let source = Source::new("t", "");
            let mut was =
                Located::known(String::new(), PolicyType::Identity, (&source, Span::default()), source.clone(), text(0));
            was.open = vec![open(before)];
            let all = besides(vec![open(now)], &text(0), &was, &text(0));
            let name = |open: &[Open], value: &Value| {
                filled(value, &|at| format!("<{}>", open[at].name)).as_str().unwrap_or_default().to_owned()
            };
            let one =
                |one: &Beside| format!("{} {} {}", name(&one.open, &one.new), name(&one.open, &one.old), one.names.join(","));
            all.iter().map(one).collect::<Vec<_>>()
        };
        assert_eq!(shown(&[("a", "x")], &[("a", "x")]), ["b-<M> b-<M> "]);
        assert_eq!(shown(&[("a", "x")], &[("a", "x"), ("b", "y")]), ["b-<M> b-<M> "]);
        assert_eq!(shown(&[("a", "y")], &[("a", "x")]), ["b-y b-x ", "b-<M> b-<M> "]);
        assert_eq!(shown(&[("a", "x"), ("b", "y")], &[("a", "x")]), ["b-y b-<M before> M", "b-<M> b-<M> "]);
        assert_eq!(shown(&[("a", "x")], &[]), ["b-<M> b-<M> "]);
        assert_eq!(shown(&[], &[("a", "x")]), ["b-<M> b-<M before> M"]);
    }
}
