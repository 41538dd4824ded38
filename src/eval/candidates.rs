//! Which values of a key are worth trying, to see what statements make of it?
//!
//! For each condition on the key a value that its test names, one on either side of a bound, one in an address block; two
//! that no policy names; and where the key is a policy variable, what stands in the request's own texts in its place. Of
//! values that every condition treats alike the first is enough, unless a variable tells them apart.
//!
//! They are a sample: a value that meets several patterns at once may be missing.

use super::{condition, resource};
use crate::policy::{Condition, Part, ResourceMatch, ResourcePattern, Statement, Template, Test};
use crate::request::{
    Request,
    keys::{examples, is_multivalued, type_of},
};
use crate::value::{date, number};
use bigdecimal::BigDecimal;

/// The most values of one list, or texts of one pattern, that are looked at.
const MOST_VALUES: usize = 24;

/// The values of a key (in lower case) that is absent from the request, each a list as a request has it.
pub(super) fn values(key: &str, statements: &[&Statement], request: &Request) -> Vec<Vec<String>> {
    let conditions: Vec<&Condition> = statements.iter().flat_map(|one| &one.conditions).filter(|one| one.key == key).collect();
    let mut texts: Vec<String> = Vec::new();
    for condition in &conditions {
        texts.extend(of_test(&condition.test, request));
    }
    let as_variable = of_variable(key, statements, request);
    let is_variable = !as_variable.is_empty();
    texts.extend(as_variable);
    texts.extend(examples(key).map(str::to_owned));
    let own = type_of(key);
    texts.retain(|text| own.is_none_or(|own| own.holds(text)) && !text.is_empty());
    let several = is_multivalued(key) || conditions.iter().any(|condition| condition.operator.set.is_some());
    let [_, other] = examples(key);
    let mut lists: Vec<Vec<String>> = texts.iter().map(|text| vec![text.clone()]).collect();
    if several {
        lists.extend(texts.iter().filter(|text| *text != other).map(|text| vec![text.clone(), other.to_owned()]));
    }
    let mut seen = Vec::new();
    lists.retain(|list| {
        let mut there = request.clone();
        there.context.insert(key.to_owned(), list.clone());
        let signs: Vec<bool> = conditions.iter().map(|condition| condition::holds(condition, &there)).collect();
        let tied = is_variable || conditions.iter().any(|one| one.variables().next().is_some());
        let seal = (signs, tied.then(|| list.clone()));
        let new = !seen.contains(&seal);
        if new {
            seen.push(seal);
        }
        new
    });
    // What is as if the key were absent changes nothing, unless a variable says so.
    let absent: Vec<bool> = conditions.iter().map(|condition| condition::holds(condition, request)).collect();
    lists.into_iter().zip(seen).filter(|(_, (signs, tied))| tied.is_some() || *signs != absent).map(|(list, _)| list).collect()
}

/// Whether a resource list could match, whatever the missing keys of its variables are.
pub(super) fn could_match(list: &ResourceMatch, request: &Request) -> bool {
    let is_open = |pattern: &&ResourcePattern| {
        pattern.variables().any(|variable| variable.default.is_none() && !request.context.contains_key(&variable.key))
            || pattern.variables().any(|variable| !request.context.contains_key(&variable.key))
    };
    if list.negated {
        let mut fixed = list.patterns.iter().filter(|pattern| !is_open(pattern));
        return !fixed.any(|pattern| resource::matches(pattern, request));
    }
    list.patterns.iter().any(|pattern| match is_open(&pattern) {
        true => resource::matches(&loosened(pattern, request), request),
        false => resource::matches(pattern, request),
    })
}

/// A pattern with a wildcard for each variable whose key is missing.
fn loosened(pattern: &ResourcePattern, request: &Request) -> ResourcePattern {
    let loosen = |template: &Template| {
        let part = |part: &Part| match part {
            Part::Variable(variable) if !request.context.contains_key(&variable.key) => Part::Many,
            other => other.clone(),
        };
        Template { parts: template.parts.iter().map(part).collect() }
    };
    let parts = pattern.parts.as_ref().map(|parts| parts.each_ref().map(loosen));
    ResourcePattern { whole: loosen(&pattern.whole), parts, ..pattern.clone() }
}

/// Values that a test treats as its own, or as just not.
fn of_test(test: &Test, request: &Request) -> Vec<String> {
    let around = |bounds: &[BigDecimal], text: &dyn Fn(&BigDecimal) -> String| -> Vec<String> {
        let near = |bound: &BigDecimal| [bound - BigDecimal::from(1), bound.clone(), bound + BigDecimal::from(1)];
        bounds.iter().take(MOST_VALUES).flat_map(near).map(|value| text(&value)).collect()
    };
    match test {
        Test::Text(_, templates) => {
            let value = |template: &Template| {
                template.filled(|variable| match request.context.get(&variable.key).map(Vec::as_slice) {
                    Some([one]) => one.clone(),
                    _ => variable.default.clone().unwrap_or_else(|| examples(&variable.key)[0].to_owned()),
                })
            };
            templates.iter().take(MOST_VALUES).map(value).collect()
        }
        Test::Number(_, bounds) => around(bounds, &number::to_text),
        Test::Date(_, bounds) => around(bounds, &date::to_text),
        Test::Ip(blocks) => blocks.iter().take(MOST_VALUES).map(|block| block.addr().to_string()).collect(),
        Test::Present | Test::Absent => Vec::new(),
    }
}

/// Values that make texts of the request match where the key is a policy variable.
fn of_variable(key: &str, statements: &[&Statement], request: &Request) -> Vec<String> {
    let mut out = Vec::new();
    for statement in statements {
        for pattern in statement.resource.iter().flat_map(|list| &list.patterns) {
            let matches = |value: &str| {
                let mut there = request.clone();
                there.context.insert(key.to_owned(), vec![value.to_owned()]);
                resource::matches(&loosened(pattern, &there), &there)
            };
            out.extend(in_place(&pattern.whole, key, &request.resource).into_iter().find(|value| matches(value)));
        }
        for condition in &statement.conditions {
            let Test::Text(_, templates) = &condition.test else { continue };
            let there = request.context.get(&condition.key).into_iter().flatten();
            let pairs = there.flat_map(|text| templates.iter().map(move |template| (text, template)));
            for (text, template) in pairs.take(MOST_VALUES) {
                out.extend(in_place(template, key, text).into_iter().take(MOST_VALUES));
            }
            if condition.variables().any(|variable| variable.key == key) && !request.context.contains_key(&condition.key) {
                out.extend(examples(key).map(str::to_owned));
            }
        }
    }
    out
}

/// The pieces of a text that may stand where a template has the variable: those with the right characters around them.
fn in_place(template: &Template, key: &str, text: &str) -> Vec<String> {
    let at = template.parts.iter().position(|part| matches!(part, Part::Variable(variable) if variable.key == key));
    let (Some(at), true) = (at, text.len() <= 256) else { return Vec::new() };
    let fits = |part: Option<&Part>, there: Option<&char>| match part {
        Some(Part::Char(c)) => there == Some(c),
        Some(Part::One | Part::Many | Part::Variable(_)) => true,
        None => there.is_none(),
    };
    let chars: Vec<char> = text.chars().collect();
    let before = at.checked_sub(1).and_then(|before| template.parts.get(before));
    let starts = (0..chars.len()).filter(|start| fits(before, start.checked_sub(1).and_then(|at| chars.get(at))));
    let pieces = starts.flat_map(|start| {
        let chars = &chars;
        let ends = (start + 1..=chars.len()).filter(move |end| fits(template.parts.get(at + 1), chars.get(*end)));
        ends.filter_map(move |end| Some(chars.get(start..end)?.iter().collect::<String>()))
    });
    pieces.take(4 * MOST_VALUES).collect()
}
