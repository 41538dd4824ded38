//! What does a policy mean over all requests at once?
//!
//! The second of the independent meanings: a policy becomes a formula over one symbolic request, as Zelkova does it
//! (Backes et al., "Semantic-based Automated Reasoning for AWS Access Policies using SMT", FMCAD 2018). This file and
//! its children are trusted: a PASS is as right as they are, which is why random requests are compared with `eval/`.
//!
//! | of the request | in the formula |
//! |---|---|
//! | action | text `Action` in lower case, `service:name` |
//! | resource, an ARN | texts `Resource.partition`, `.service`, `.region`, `.account` without colons, `.id` with any |
//! | resource, no ARN | text `Resource.text` (`*` for actions without a resource); under [`Form::Regexes`] every resource |
//! | principal | integers `Principal.kind` and `.type`; texts `.partition`, `.name`, `.service`, ..., `aws:principalaccount` |
//! | context key, one value | Boolean `key Present` and a text, real or bit vector |
//! | context key, several values | as many optional elements as there are different tests of one value, at least one |
//!
//! Keys are in lower case and our own names are not, so no policy can name one of ours. The last row is exact, whatever the
//! size of the set: a set enters a formula only as "some element passes test T", so from any set it is enough to keep one
//! element for each test that some element passes.
//!
//! Invariants: a formula holds for an assignment if and only if the evaluator says so of the request it stands for.
//! What cannot be encoded is [`Unsupported`] with its name and line, never left out. Constraints on the variables
//! ([`Encoder::constraints`]) only say what a request is; every request satisfies them.

mod action;
mod context;
mod decode;
mod expand;
pub mod fix;
mod principal;
mod resource;
mod rules;
mod template;
mod text;
mod ties;

pub use rules::Allowed;

use crate::diag::{LineColumn, Span};
use crate::policy::compose::Through;
use crate::policy::{Access, Condition, Policy, ResourcePattern, Statement, Template};
use crate::request::derived::{ValueForm, form_of};
use crate::request::keys::USER_ID;
use crate::smt::{Formula, Text, literal};
use crate::wellformed::named;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A construct that has no encoding (yet).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsupported {
    /// Which construct, in words.
    pub construct: String,
    /// The document it stands in and where.
    pub at: Option<(String, LineColumn)>,
}

impl std::fmt::Display for Unsupported {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.at {
            Some((name, at)) => write!(f, "{} ({name}:{}:{})", self.construct, at.line, at.column),
            None => write!(f, "{}", self.construct),
        }
    }
}

/// How patterns are written in formulas. The meaning is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// Equalities, prefix and suffix tests as far as they reach, regular expressions for the rest; an ARN is its parts.
    #[default]
    Tests,
    /// A list of patterns is one regular expression, and so is a list of resources over the whole text of the resource:
    /// what the papers start from. A baseline for measurements.
    Regexes,
}

/// A text matches a glob.
pub fn matches_glob(text: &Text, glob: &crate::glob::Glob) -> Formula {
    text::glob(text, glob, Form::Tests)
}

/// The same as a regular expression, which is the better form where much is asked of one text and nothing of others.
pub fn in_language(text: &Text, glob: &crate::glob::Glob) -> Formula {
    if glob.is_everything() { Formula::True } else { text::matches(text, text::regex(glob)) }
}

/// How the resource of the symbolic request looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ResourceShape {
    /// An ARN of six parts.
    Arn,
    /// A text that is no ARN; `*` is one.
    Other,
}

/// Whether the encoding allows a request under an access definition: the encoding with the request fixed.
///
/// `Ok(None)` if the query's typing of keys cannot represent the request, or Z3 gave up.
pub fn allows(
    access: &Access,
    request: &crate::request::Request,
    budget: &crate::diag::Budget,
) -> Result<Option<bool>, Unsupported> {
    allows_in(Form::Tests, access, request, budget)
}

/// The same as [`allows`], the patterns written in this form.
pub fn allows_in(
    form: Form,
    access: &Access,
    request: &crate::request::Request,
    budget: &crate::diag::Budget,
) -> Result<Option<bool>, Unsupported> {
    use crate::smt::{Answer, Solver};
    let Some(shape) = fix::shape(request) else { return Ok(None) };
    let statements: Vec<&Statement> = access.statements().map(|(_, _, statement)| statement).collect();
    let mut encoder = Encoder::new(access.policies(), &statements, shape).about([access]).in_form(form);
    encoder.make_room(request);
    // Whoever asks: a question leaves out the kinds of principals that nothing can be granted to.
    encoder.all_principals = true;
    let all: Vec<usize> = (0..access.len()).collect();
    let allowed = encoder.allowed(access, &all, true)?.formula;
    let Some(fixed) = encoder.fixed(request) else { return Ok(None) };
    let mut can_be = Vec::new();
    for formula in [allowed.clone(), allowed.not()] {
        let mut solver = Solver::new(budget, std::time::Instant::now() + budget.timeout);
        solver.assert(&Formula::and([encoder.constraints(), fixed.clone(), formula]));
        can_be.push(match solver.check() {
            Answer::Sat(_) => true,
            Answer::Unsat => false,
            Answer::Unknown(_) => return Ok(None),
        });
    }
    // Neither: the request breaks a constraint, so it is none that the encoding knows.
    Ok(match can_be.as_slice() {
        [true, false] => Some(true),
        [false, true] => Some(false),
        _ => None,
    })
}

/// Builds the formulas of one query: one symbolic request, and some statements over it.
#[derive(Debug)]
pub struct Encoder {
    shape: ResourceShape,
    form: Form,
    /// Whether every kind of principal can make the request, or only identities of an account.
    all_principals: bool,
    slots: BTreeMap<String, context::Key>,
    constraints: Vec<Formula>,
    constrained: BTreeSet<String>,
    sessions: bool,
    /// Whether the query names `principal.name`; if not, a user's name needs no tie to it.
    names_names: bool,
    /// The action of the query in lower case, if it is about one.
    action: Option<String>,
    /// How many cuts of texts there are (see `text`).
    cuts: usize,
    /// Templates with variables that were encoded already, so that equal ones are the same formula.
    templates: HashMap<(Text, Template), Formula>,
    /// Whether what has no encoding becomes a Boolean of its own, for a proof that does not depend on it.
    opaque: bool,
}

impl Encoder {
    /// An encoder for a query about these statements; all statements that will be encoded must be among them.
    pub fn new<'p>(
        policies: impl IntoIterator<Item = &'p Policy> + Clone,
        statements: &[&Statement],
        shape: ResourceShape,
    ) -> Self {
        let sets = named::multivalued(policies.clone());
        let all_principals = policies.into_iter().any(Policy::has_principals);
        let sessions = statements.iter().filter_map(|statement| statement.principal.as_ref()).any(principal::names_sessions);
        let slots = context::plan(statements, &sets);
        // The name of whose id is asked for, too: an id may hold it.
        let names_names = slots.keys().any(|key| form_of(key) == Some(ValueForm::Arn))
            || slots.contains_key(USER_ID)
            || statements.iter().filter_map(|statement| statement.principal.as_ref()).any(principal::names_names);
        Self {
            shape,
            form: Form::default(),
            all_principals,
            slots,
            names_names,
            action: None,
            cuts: 0,
            templates: HashMap::new(),
            opaque: false,
            constraints: Vec::new(),
            constrained: BTreeSet::new(),
            sessions,
        }
    }

    /// The same encoder, but what has no encoding becomes a Boolean of its own: equal constructs the same one.
    ///
    /// Such a formula allows more requests than there are, so only `unsat` means anything.
    #[must_use]
    pub fn with_opaque_constructs(mut self) -> Self {
        self.opaque = true;
        self
    }

    /// The same encoder, the patterns written in this form; before anything is encoded.
    #[must_use]
    pub fn in_form(mut self, form: Form) -> Self {
        self.form = form;
        self
    }

    /// The formula, or under [`Self::with_opaque_constructs`] a Boolean named after the construct.
    fn or_opaque<E>(&self, formula: Result<Formula, E>, construct: impl FnOnce() -> String) -> Result<Formula, E> {
        match formula {
            Err(_) if self.opaque => Ok(Formula::var(&format!("opaque: {}", construct()))),
            other => other,
        }
    }

    /// The same encoder, for queries about these access definitions: a stack's rules look at names.
    #[must_use]
    pub fn about<'a>(mut self, accesses: impl IntoIterator<Item = &'a Access>) -> Self {
        self.names_names |= accesses.into_iter().any(|access| !access.is_alone());
        self
    }

    /// The same encoder, for queries about this action.
    #[must_use]
    pub fn for_action(mut self, action: &str) -> Self {
        self.action = Some(action.to_ascii_lowercase());
        self
    }

    /// The formula that is true of the requests to which a statement applies, but for its action.
    pub fn statement(&mut self, policy: &Policy, statement: &Statement) -> Result<Formula, Unsupported> {
        let principal = match &statement.principal {
            Some(principal) => self.principal(principal, Through::Any),
            None => Formula::True,
        };
        Ok(Formula::and([principal, self.beyond_principal(policy, statement)?]))
    }

    /// The formula that is true of the requests that a statement's resources and conditions match.
    fn beyond_principal(&mut self, policy: &Policy, statement: &Statement) -> Result<Formula, Unsupported> {
        if too_wide(policy, statement.span) {
            let at = Some((policy.source.name.to_string(), policy.source.line_column(statement.span.start)));
            return Err(Unsupported {
                construct: "a character beyond U+2FFFF, which solvers' strings cannot hold".to_owned(),
                at,
            });
        }
        let place = |span: Span| Some((policy.source.name.to_string(), policy.source.line_column(span.start)));
        let resource = match &statement.resource {
            Some(resource) => self
                .resource(resource)
                .map_err(|(construct, span)| Unsupported { construct, at: place(span.unwrap_or(statement.span)) })?,
            None => Formula::True,
        };
        let mut parts = vec![resource];
        for condition in &statement.conditions {
            let Condition { key, when_absent, quantifier, negated, test, .. } = condition;
            let formula = self.condition(condition);
            let formula = self.or_opaque(formula, || format!("{key} {when_absent} {quantifier:?} {negated} {test:?}"));
            parts.push(formula.map_err(|construct| Unsupported { construct, at: place(condition.span) })?);
        }
        Ok(Formula::and(parts))
    }

    /// The formula that is true of the requests whose resource one of these patterns matches.
    pub fn resources(&mut self, patterns: &[ResourcePattern]) -> Result<Formula, Unsupported> {
        if let Some(c) = patterns.iter().find_map(|pattern| literal::too_wide(&pattern.text)) {
            return Err(Unsupported { construct: format!("the character U+{:X}", c as u32), at: None });
        }
        let mut parts = Vec::new();
        for pattern in patterns {
            parts.push(self.resource_pattern(pattern).map_err(|construct| Unsupported { construct, at: None })?);
        }
        Ok(text::any(parts, self.form))
    }

    /// What every request satisfies, for the variables used so far.
    pub fn constraints(&self) -> Formula {
        Formula::and(self.constraints.iter().cloned())
    }

    /// Adds a constraint on a variable, once.
    fn constrain(&mut self, variable: &str, constraint: impl FnOnce() -> Formula) {
        if self.constrained.insert(variable.to_owned()) {
            self.constraints.push(constraint());
        }
    }
}

/// Whether a statement's text holds a character that solvers' strings cannot, written out or as a surrogate escape.
fn too_wide(policy: &Policy, span: Span) -> bool {
    let text = policy.source.text.get(span.start..span.end).unwrap_or(&policy.source.text);
    let escaped = text.match_indices("\\u").any(|(at, _)| {
        let digits = text.get(at + 2..at + 4).unwrap_or("").to_ascii_lowercase();
        matches!(digits.as_str(), "d8" | "d9" | "da" | "db")
    });
    escaped || literal::too_wide(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Budget, Source};

    #[test]
    fn characters_that_no_solver_holds_are_found_however_they_are_written() {
        let wide = |written: &str| {
            let text = format!(
                r#"{{"Statement":[{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{"StringLike":{{"k":"{written}"}}}}}},
                {{"Effect":"Deny","Action":"*","Resource":"*"}}]}}"#
            );
            let policy = Policy::read(&Source::new("p", text), &Budget::default()).unwrap();
            let [first, second] = policy.statements.as_slice() else { return None };
            assert!(!too_wide(&policy, second.span));
            Some(too_wide(&policy, first.span))
        };
        for written in ["\u{30000}", "a\u{10FFFF}", r"\ud880\udc00", r"ab\uDBFF\uDFFF"] {
            assert_eq!(wide(written), Some(true), "{written}");
        }
        for written in ["é", "\u{2FFFF}", r"\u00e9", r"\u20d8", "ud8", ""] {
            assert_eq!(wide(written), Some(false), "{written}");
        }
    }
}
