//! Which questions are not put to Z3's string theory, since it might not come back?
//!
//! Z3 minds its limits between steps, and on some formulas one step does not end: a pattern of hundreds of wildcards, or, in
//! a formula that has all of a question, a list of thousands of patterns of one text (its regular expressions are merged pair
//! by pair) and a text of thousands of characters. Such a question is left open, with what is too much for it.
//!
//! Measured with one second to go: 2,500 patterns take four seconds, 5,000 take 17, 10,000 do not end.

use crate::glob::{Glob, Token};
use crate::policy::{Access, Condition, Part, PrincipalPattern, Statement, Template, Test, TextMode};
use crate::query::{ActionScope, Query, Unknown};

/// Wildcards of one pattern with which Z3 still minds its time limit.
const MOST_WILDCARDS: usize = 100;

/// Patterns of one list with which it does where a formula has all of a question.
const MOST_LISTED: usize = 1_000;

/// Characters and variables of one pattern with which it does there. No ARN of AWS's is half as long.
const MOST_CHARACTERS: usize = 5_000;

/// Why Z3's strings are not asked, if there is a pattern that is too much for them.
pub(super) fn too_wild(query: &Query<'_>) -> Option<Unknown> {
    let most = statements(query).map(|statement| {
        let actions = statement.action.patterns().iter().map(wildcards);
        let resources = resources(statement).map(|template| open_parts(template, false));
        let conditions = statement.conditions.iter().flat_map(templates).map(|template| open_parts(template, false));
        actions.chain(resources).chain(conditions).max().unwrap_or(0)
    });
    let most = most.max().unwrap_or(0);
    (most > MOST_WILDCARDS)
        .then(|| Unknown::limit(format!("a pattern has {most} wildcards; Z3 is asked about {MOST_WILDCARDS} at most")))
}

/// Why a question is not asked as a whole, if it has a list or a pattern that is too long for that.
pub(super) fn too_long(query: &Query<'_>) -> Option<Unknown> {
    let is_wild = |template: &&Template| open_parts(template, true) > 0;
    let of_condition = |condition: &Condition| match &condition.test {
        Test::Text(TextMode::IgnoreCase, templates) => templates.len(),
        _ => templates(condition).filter(is_wild).count(),
    };
    let lists = statements(query).map(|statement| {
        let actions = statement.action.patterns().iter().filter(|glob| wildcards(glob) > 0).count();
        let who = statement.principal.iter().flat_map(|list| &list.patterns);
        let principals = who.filter(|pattern| !matches!(pattern, PrincipalPattern::Everyone)).count();
        let conditions = statement.conditions.iter().map(of_condition).max().unwrap_or(0);
        actions.max(principals).max(conditions).max(resources(statement).filter(is_wild).count())
    });
    let scope = match &query.actions {
        ActionScope::Matching(globs) => globs.iter().filter(|glob| wildcards(glob) > 0).count(),
        ActionScope::All | ActionScope::Listed(_) => 0,
    };
    let longest = lists.max().unwrap_or(0).max(scope);
    if longest > MOST_LISTED {
        let limit = format!("a list has {longest} patterns; Z3 is asked about {MOST_LISTED} at once at most");
        return Some(Unknown::limit(limit));
    }
    let all = statements(query).flat_map(|one| resources(one).chain(one.conditions.iter().flat_map(templates)));
    let most = all.map(|template| template.parts.len()).max().unwrap_or(0);
    (most > MOST_CHARACTERS)
        .then(|| Unknown::limit(format!("a pattern has {most} characters; Z3 is asked about {MOST_CHARACTERS} at most")))
}

fn statements<'q>(query: &'q Query<'_>) -> impl Iterator<Item = &'q Statement> {
    let sides = std::iter::once(query.grants).chain(query.unless);
    sides.flat_map(Access::statements).map(|(_, _, statement)| statement)
}

fn resources(statement: &Statement) -> impl Iterator<Item = &Template> {
    statement.resource.iter().flat_map(|one| &one.patterns).map(|pattern| &pattern.whole)
}

fn templates(condition: &Condition) -> impl Iterator<Item = &Template> {
    let templates: &[Template] = if let Test::Text(_, own) = &condition.test { own } else { &[] };
    templates.iter()
}

fn wildcards(glob: &Glob) -> usize {
    glob.tokens().iter().filter(|token| !matches!(token, Token::Char(_))).count()
}

/// How many wildcards a template has, perhaps with its variables.
fn open_parts(template: &Template, with_variables: bool) -> usize {
    let is_open = |part: &&Part| match part {
        Part::One | Part::Many => true,
        Part::Variable(_) => with_variables,
        Part::Char(_) => false,
    };
    template.parts.iter().filter(is_open).count()
}
